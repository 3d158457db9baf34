"""Disconnecting an account hands back what leads here, and an uninstallation names it."""

import logging

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_telephony import uninstall_hook

from ..common import BASE_URL, LOGGER, TelephonyCase
from ..twilio_rest import KEY_SECRET, TOKEN, number
from .test_admin_account import AdminWorld

OLD = "https://pbx.example.com"
DISCONNECT = f"{LOGGER}.models.account.telephony_account_disconnect"
FREE, TAKEN, TRUNK = "+3225550101", "+3225550102", "+3225550103"


@tagged("-at_install", "post_install")
class TestDisconnect(AdminWorld, TelephonyCase):
    def setUp(self):
        super().setUp()
        self.twilio.add(
            number("1", FREE),
            number(
                "2",
                TAKEN,
                voice_url=f"{OLD}/voice",
                voice_method="GET",
                voice_fallback_url=f"{OLD}/fallback",
                status_callback=f"{OLD}/status",
            ),
            number("3", TRUNK, trunk_sid="TK" + "3" * 32),
        )
        self.admin_account = self.connect()
        self.free, self.taken, self.trunk = (
            self.admin_account.number_ids.filtered(lambda one, e164=e164: one.number == e164)
            for e164 in (FREE, TAKEN, TRUNK)
        )
        (self.taken | self.trunk).action_connect()

    def at_twilio(self, last):
        """Return a number as Twilio has it now."""
        return self.twilio.numbers["PN" + last * 32]

    def open(self):
        """Click *Disconnect*; return the window."""
        action = self.admin_account.action_open_disconnect()
        return self.as_adam(action["res_model"]).browse(action["res_id"])

    def disconnect(self):
        """Disconnect, and return the notification."""
        with self.assertLogs(DISCONNECT, logging.INFO):
            return self.open().action_disconnect()["params"]["message"]

    def test_numbers_get_back_what_they_had(self):
        for last in "123":
            self.assertEqual(
                self.at_twilio(last)["voice_url"], f"{BASE_URL}/telephony/twilio/voice"
            )
        self.assertFalse(self.at_twilio("3")["trunk_sid"])
        message = self.disconnect()
        self.assertIn("Numbers handed back: 3.", message)
        self.assertFalse(self.at_twilio("1")["voice_url"])
        taken = self.at_twilio("2")
        self.assertEqual(
            (taken["voice_url"], taken["voice_fallback_url"], taken["status_callback"]),
            (f"{OLD}/voice", f"{OLD}/fallback", f"{OLD}/status"),
        )
        self.assertEqual(taken["voice_method"], "GET")
        self.assertEqual(self.at_twilio("3")["trunk_sid"], "TK" + "3" * 32)

    def test_former_settings_survive_connecting_again(self):
        """An address of this database is nothing that a number gets back."""
        self.admin_account.webhook_base_url = "https://new.example.test"
        self.admin_account.action_connect()
        self.admin_account.action_connect()
        self.assertTrue(self.at_twilio("2")["voice_url"].startswith("https://new.example.test/"))
        self.disconnect()
        self.assertEqual(self.at_twilio("2")["voice_url"], f"{OLD}/voice")
        self.assertFalse(self.at_twilio("1")["voice_url"])

    def test_number_taken_by_others_since_is_left_alone(self):
        self.at_twilio("2")["voice_url"] = "https://other.example.com/voice"
        self.at_twilio("2").update(voice_fallback_url="", status_callback="")
        self.at_twilio("1")["trunk_sid"] = "TK" + "9" * 32
        self.disconnect()
        self.assertEqual(self.at_twilio("2")["voice_url"], "https://other.example.com/voice")
        # Its calls go to the new trunk, but the reports came here.
        self.assertEqual(self.at_twilio("1")["trunk_sid"], "TK" + "9" * 32)
        self.assertFalse(self.at_twilio("1")["status_callback"])

    def test_application_key_and_credentials_are_gone(self):
        self.assertTrue(self.twilio.applications and self.twilio.keys)
        self.disconnect()
        self.assertFalse(self.twilio.applications)
        self.assertFalse(self.twilio.keys)
        account = self.admin_account.sudo()
        self.assertEqual(account.state, "draft")
        for name in ("auth_token", "api_key_sid", "api_key_secret", "twiml_app_sid"):
            self.assertFalse(account[name], name)
        self.assertFalse(any(account.number_ids.mapped("is_connected")))
        self.assertEqual(len(account.number_ids), 3, "the numbers are kept")

    def test_window_names_everything_and_where_it_goes(self):
        wizard = self.open()
        lines = {line.name: line.sentence for line in wizard.line_ids}
        self.assertEqual(lines[TAKEN], f"Calls go to {OLD}/voice again.")
        self.assertEqual(lines[TRUNK], f"Calls go to {'TK' + '3' * 32} again.")
        self.assertIn("no longer answered", lines[FREE])
        self.assertEqual(len(lines), 5, "with the application and the key")
        self.assertFalse(self.twilio.sent("DELETE", ""), "nothing is changed yet")
        self.assertNotIn(TOKEN, str(wizard.read()) + str(wizard.line_ids.read()))
        self.assertNotIn(KEY_SECRET, str(wizard.read()) + str(wizard.line_ids.read()))

    def test_failure_in_the_middle_is_said_and_the_next_click_goes_on(self):
        for request in (
            f"POST IncomingPhoneNumbers/PN{'2' * 32}",
            "DELETE Applications",
            "DELETE Keys",
        ):
            with self.subTest(request):
                wizard = self.open()
                # Once more, because a request that was not carried out is repeated.
                self.twilio.failures = {request: (500, 20500)}
                with self.assertRaises(UserError):
                    wizard.action_disconnect()
                self.assertEqual(self.admin_account.state, "connected")
                self.assertTrue(self.admin_account.has_auth_token)
        self.disconnect()
        self.assertEqual(self.at_twilio("2")["voice_url"], f"{OLD}/voice")
        self.assertFalse(self.twilio.applications or self.twilio.keys)

    def test_twilio_out_of_reach_opens_no_window(self):
        # A request that never left is repeated.
        names = ("IncomingPhoneNumbers.json", "PhoneNumbers.json", "Numbers.json", "json")
        self.twilio.failures = {f"GET {name}": "down" for name in names}
        with self.assertRaisesRegex(UserError, "could not be reached"):
            self.admin_account.action_open_disconnect()

    def test_refused_former_settings_leave_the_number_without_an_address(self):
        """The former trunk was deleted meanwhile; the number does not keep leading here."""
        self.twilio.failures = {f"POST IncomingPhoneNumbers/PN{'3' * 32}": (400, 21000)}
        self.assertIn(f"refused the former settings of {TRUNK}", self.disconnect())
        self.assertFalse(self.at_twilio("3")["voice_url"])
        self.assertEqual(self.admin_account.state, "draft")

    def test_objects_that_are_gone_are_no_error(self):
        self.twilio.applications.clear()
        self.twilio.keys.clear()
        self.twilio.numbers.clear()
        wizard = self.open()
        self.assertFalse(wizard.line_ids)
        with self.assertLogs(DISCONNECT, logging.INFO):
            wizard.action_disconnect()
        self.assertEqual(self.admin_account.state, "draft")

    def test_running_call_is_not_cut_off(self):
        wizard = self.open()
        call = self.env["telephony.call"].create(
            {
                "account_id": self.admin_account.id,
                "direction": "incoming",
                "state": "in_progress",
                "number_id": self.free.id,
            }
        )
        with self.assertRaisesRegex(UserError, "Calls are in progress"):
            wizard.action_disconnect()
        self.assertTrue(self.twilio.keys)
        call.state = "ended"
        with self.assertLogs(DISCONNECT, logging.INFO):
            wizard.action_disconnect()

    def test_only_system_administrators_disconnect(self):
        wizard = self.open()
        for user in (self.max, self.sue, self.ana, self.ian):
            user.company_ids |= self.company_c
            env = self.env(
                user=user.id, su=False, context={"allowed_company_ids": self.company_c.ids}
            )
            with self.subTest(user.login), mute_logger("odoo.addons.base.models.ir_model"):
                with self.assertRaises(AccessError):
                    self.admin_account.with_env(env).action_open_disconnect()
                with self.assertRaises(AccessError):
                    wizard.with_env(env).action_disconnect()
        self.assertTrue(self.twilio.keys)

    def test_connecting_again_works(self):
        self.disconnect()
        account = self.connect()
        self.assertEqual(account, self.admin_account)
        self.assertEqual(account.state, "connected")
        self.assertTrue(self.free.is_connected, "a number without an address is taken again")
        self.assertFalse(self.taken.is_connected, "it is in use elsewhere again")

    # === UNINSTALLATION === #

    def open_uninstallation(self, name="crm_telephony"):
        """Return the window before the uninstallation of an app."""
        module = self.env["ir.module.module"].search([("name", "=", name)])
        return self.as_adam("base.module.uninstall").create({"module_ids": [(6, 0, module.ids)]})

    def test_uninstallation_names_what_leads_here(self):
        wizard = self.open_uninstallation()
        for name in (FREE, TAKEN, "TwiML Application", "API Key", "Gamma"):
            self.assertIn(name, wizard.telephony_links)
        self.assertIn(self.admin_account, wizard.telephony_account_ids.sudo(False))
        view = self.env.ref("base.view_base_module_uninstall")._get_combined_arch()
        # The first values of the page are those of the fields in the view.
        spec = {name: {} for name in view.xpath("./*/@name | ./div[@name]/field/@name")}
        page = self.as_adam("base.module.uninstall").with_context(
            default_module_ids=wizard.module_ids.ids
        )
        spec = {name: {} for name in spec if name in page._fields}
        values = page.onchange({}, [], spec)["value"]
        self.assertEqual(values["telephony_links"], wizard.telephony_links)
        self.assertTrue(view.xpath("//button[@name='action_telephony_disconnect']"))
        requests = len(self.twilio.requests)
        wizard.read()
        self.assertEqual(len(self.twilio.requests), requests, "Twilio is not asked")

    def test_uninstallation_offers_to_disconnect(self):
        (self.account | self.account_b).sudo()._forget_credentials()
        wizard = self.open_uninstallation()
        action = wizard.action_telephony_disconnect()
        self.assertEqual(action["res_model"], "telephony.account.disconnect")
        with self.assertLogs(DISCONNECT, logging.INFO):
            self.as_adam(action["res_model"]).browse(action["res_id"]).action_disconnect()
        self.assertFalse(self.open_uninstallation().telephony_links)

    def test_uninstallation_of_another_app_says_nothing(self):
        self.assertFalse(self.open_uninstallation("crm_iap_mine").telephony_links)

    def test_uninstallation_logs_what_leads_here(self):
        (self.account | self.account_b).sudo()._forget_credentials()
        requests = len(self.twilio.requests)
        with self.assertLogs(DISCONNECT, logging.WARNING) as log:
            self.run_hook()
        [line] = log.output
        for sid in ("PN" + "1" * 32, "PN" + "2" * 32, *self.twilio.applications, *self.twilio.keys):
            self.assertIn(sid, line)
        self.assertIn(BASE_URL, line)
        self.assertNotIn(FREE, line)
        self.assertEqual(len(self.twilio.requests), requests, "Twilio is not asked")
        self.disconnect()
        with self.assertNoLogs(DISCONNECT, logging.WARNING):
            self.run_hook()

    def run_hook(self):
        """Run the hook of the uninstallation, and keep its indexes."""
        with self.env.cr.savepoint() as savepoint:
            uninstall_hook(self.env(user=1, su=True))
            savepoint.rollback()
