"""The diagnosis page: faults are found and repaired."""

from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import BASE_URL, LOGGER, TelephonyCase
from ..twilio_rest import SID, TOKEN, number, secrets_of
from .test_admin_account import NEXT_TOKEN, SETUP, AdminWorld, capture_log


class DiagnosisWorld(AdminWorld):
    """A connected account whose diagnosis page is opened."""

    def setUp(self):
        super().setUp()
        self.twilio.add(number("1", "+3225550190"))
        self.admin_account = self.connect()
        self.admin_number = self.admin_account.number_ids
        # What the first connection gives the administrator is not diagnosed here.
        self.admin_number.agent_ids.unlink()
        self.admin_number.flow_id = self.env["telephony.flow"].create(
            {
                "name": "Gamma",
                "company_id": self.company_c.id,
                "language": "en_US",
            }
        )
        accounts = self.registry["telephony.account"]
        self.ping = None
        self.startPatcher(
            patch.object(
                accounts,
                "_ask_own_server",
                lambda account, question: self.ping or (200, account._answer_ping(question)),
            )
        )
        self.signed = (200, "")
        self.startPatcher(
            patch.object(accounts, "_post_signed_webhook", lambda account: self.signed)
        )
        self.sound = (200, "audio/wav", True)
        self.startPatcher(patch.object(accounts, "_fetch_own_sound", lambda account: self.sound))
        self.sdk = (200, True)
        self.startPatcher(
            patch.object(
                self.admin_account._get_provider(),
                "ask_program",
                lambda url, deadline: self.asked.append(url) or self.sdk,
                create=True,
            )
        )
        self.asked = []

    def diagnose(self):
        """Check everything; return the page."""
        action = self.admin_account.action_diagnose()
        return self.as_adam(action["res_model"]).browse(action["res_id"])

    def find(self, check, state):
        """Check everything, expect exactly one matching line and return it."""
        line = self.diagnose().line_ids.filtered(lambda line: line.check == check)
        self.assertEqual((len(line), line[:1].state), (1, state), line.mapped("sentence"))
        return line

    def repair(self, line):
        """Press the line's button and return the action that follows."""
        with mute_logger(SETUP):
            return line.action_repair()


@tagged("-at_install", "post_install")
class TestDiagnosis(DiagnosisWorld, TelephonyCase):
    def test_everything_works_is_all_green(self):
        diagnosis = self.diagnose()
        self.assertEqual(
            {line.check: line.state for line in diagnosis.line_ids},
            dict.fromkeys(
                [
                    "credentials",
                    "key",
                    "application",
                    "number",
                    "country",
                    "risk",
                    "balance",
                    "plan",
                    "clock",
                    "address",
                    "reachability",
                    "signature",
                    "sound",
                    "sdk",
                    "refusal",
                ],
                "ok",
            ),
        )
        self.assertEqual((diagnosis.error_count, diagnosis.warning_count), (0, 0))
        self.assertFalse(any(diagnosis.line_ids.mapped("repair")))

    def test_sound_of_a_type_that_twilio_does_not_play(self):
        """A proxy that delivers `.wav` without a type would end every incoming call."""
        self.sound = (200, "application/octet-stream", False)
        line = self.find("sound", "error")
        self.assertIn("“application/octet-stream”, which Twilio does not play", line.sentence)
        self.sound = (404, "text/html", False)
        self.assertIn("responds with error 404", self.find("sound", "error").sentence)
        self.sound = ("timeout", "", False)
        self.find("sound", "warning")

    def test_missing_voice_sdk_is_named(self):
        """An incomplete installation connects, but its browsers cannot call."""
        self.find("sdk", "ok")
        file = f"{BASE_URL}/crm_telephony/static/lib/twilio-voice-sdk/twilio.min.js"
        self.assertEqual(self.asked, [file])
        self.sdk = (404, False)
        sentence = self.find("sdk", "error").sentence
        self.assertIn(f"the file {file} is missing. Install the release", sentence)
        self.sdk = (200, False)
        self.assertIn("does not deliver the Voice SDK", self.find("sdk", "error").sentence)
        self.sdk = ("timeout", False)
        self.find("sdk", "warning")
        self.sdk = (503, False)
        self.assertIn("error 503", self.find("sdk", "error").sentence)
        self.admin_account.voice_sdk_url = "https://cdn.example.com/sdk.js"
        self.diagnose()
        self.assertEqual(self.asked[-1], "https://cdn.example.com/sdk.js")

    def test_missing_voice_sdk_is_named_after_connecting(self):
        self.sdk = (404, False)
        params = self.admin_account.action_connect()["params"]
        self.assertEqual((params["type"], params["sticky"]), ("warning", True))
        self.assertIn("The account is connected.", params["message"])
        self.assertIn("twilio.min.js is missing", params["message"])
        for unknown in ("timeout", "unreachable", 200):
            self.sdk = (unknown, True)
            self.assertEqual(self.admin_account.action_connect()["params"]["type"], "success")

    def test_what_is_broken_comes_first(self):
        self.twilio.balance = "3.00"
        self.twilio.applications.clear()
        self.assertEqual(self.diagnose().line_ids.mapped("state")[:3], ["error", "warning", "ok"])

    def test_wrong_token_hides_what_cannot_be_known(self):
        self.twilio.token = "changed"
        diagnosis = self.diagnose()
        self.assertEqual(
            diagnosis.line_ids.mapped("check"),
            ["credentials", "address", "reachability", "signature", "sound", "sdk", "refusal"],
        )
        action = self.repair(diagnosis.line_ids[0])
        self.assertEqual(action["res_model"], "telephony.account.credentials")

    def test_two_tokens_are_fine_until_one_is_promoted(self):
        account_sudo = self.admin_account.sudo()
        account_sudo.secondary_auth_token = self.twilio.secondary_token = NEXT_TOKEN
        self.assertIn("still uses the old auth token", self.find("token", "ok").sentence)
        self.twilio.token, self.twilio.secondary_token = NEXT_TOKEN, None
        line = self.find("token", "warning")
        self.assertIn("Twilio uses the new auth token now", line.sentence)
        self.repair(line)
        self.assertEqual(account_sudo.auth_token, NEXT_TOKEN)
        self.assertFalse(account_sudo.secondary_auth_token)
        self.assertFalse(self.diagnose().line_ids.filtered(lambda line: line.check == "token"))

    def test_secondary_token_that_twilio_deleted_is_dropped(self):
        account_sudo = self.admin_account.sudo()
        account_sudo.secondary_auth_token = NEXT_TOKEN
        self.repair(self.find("token", "warning"))
        self.assertEqual(account_sudo.auth_token, TOKEN)
        self.assertFalse(account_sudo.secondary_auth_token)

    def test_missing_token_is_red(self):
        self.admin_account.sudo().auth_token = False
        self.assertEqual(self.find("credentials", "error").repair, "credentials")

    def test_deleted_key_is_replaced(self):
        self.twilio.keys.clear()
        line = self.find("key", "error")
        action = self.repair(line)
        self.assertEqual(action["context"]["active_ids"], line.diagnosis_id.ids)
        self.find("key", "ok")

    def test_key_with_a_wrong_secret_is_replaced(self):
        self.admin_account.sudo().api_key_secret = "forgotten"
        self.repair(self.find("key", "error"))
        self.find("key", "ok")

    def test_application_with_another_address_is_rewritten(self):
        [application] = self.twilio.applications.values()
        application["voice_url"] = "https://old.example/telephony/twilio/client"
        self.repair(self.find("application", "error"))
        self.assertEqual(
            next(iter(self.twilio.applications.values()))["voice_url"],
            f"{BASE_URL}/telephony/twilio/client",
        )
        self.find("application", "ok")

    def test_number_with_another_address_is_rewritten(self):
        for change in (
            {"voice_url": "https://old.example"},
            {"status_callback": ""},
            {"voice_fallback_url": ""},
            {"trunk_sid": "TK" + "1" * 32},
        ):
            with self.subTest(change=change):
                self.twilio.numbers["PN" + "1" * 32].update(change)
                self.repair(self.find("number", "error"))
                self.find("number", "ok")

    def test_number_that_left_the_account_is_archived(self):
        self.twilio.numbers.clear()
        self.repair(self.find("number", "error"))
        self.assertFalse(self.admin_number.active)
        self.assertEqual(self.find("number", "warning").repair, "buy")

    def test_number_without_a_flow_is_pointed_out(self):
        self.admin_number.flow_id = False
        action = self.repair(self.find("number", "warning"))
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("telephony.number", self.admin_number.id)
        )

    def test_number_never_connected_is_pointed_out(self):
        self.admin_number.sudo().is_connected = False
        self.repair(self.find("number", "warning"))
        self.assertTrue(self.admin_number.is_connected)

    def test_closed_own_country_is_red_and_contacts_country_is_yellow(self):
        self.env["res.partner"].create(
            [
                {"name": f"P{index}", "phone": "+33612345678", "country_id": self.france.id}
                for index in range(200)
            ]
        )
        self.twilio.closed_countries = {"FR"}
        self.assertIn("France", self.find("country", "warning").sentence)
        self.twilio.closed_countries = {"BE"}
        self.assertIn("Belgium", self.find("country", "error").sentence)

    def test_balance_turns_yellow_then_red(self):
        self.twilio.balance = "9.99"
        self.assertIn("9.99 USD", self.find("balance", "warning").sentence)
        self.twilio.balance = "-0.01"
        # A company that pays invoices is always there.
        self.assertIn("sends you invoices", self.find("balance", "warning").sentence)
        self.twilio.status = "suspended"
        self.assertIn("has suspended", self.find("balance", "error").sentence)

    def test_subaccount_has_no_balance_of_its_own(self):
        self.twilio.owner = "AC" + "9" * 32
        self.assertIn("parent account pays", self.find("balance", "ok").sentence)
        action = self.admin_account.action_show_balance()
        self.assertIn("parent account pays", action["params"]["message"])

    def test_open_high_risk_groups_are_named(self):
        self.twilio.risks["HighRiskTollfraudNumbersEnabled"] = ["BE", "FR", "LV", "CU", "ES", "DE"]
        sentence = self.find("risk", "warning").sentence
        self.assertIn("toll fraud", sentence)
        self.assertIn("and 1 more", sentence)
        self.twilio.risks["HighRiskSpecialNumbersEnabled"] = ["BE"]
        sentences = self.diagnose().line_ids.filtered(lambda line: line.check == "risk")
        self.assertIn("premium-rate numbers, can be called", sentences[0].sentence)
        self.assertIn("Belgium", sentences[0].sentence)

    def test_number_for_messages_only_is_named_where_it_is_used(self):
        self.twilio.numbers["PN" + "1" * 32]["capabilities"] = {"voice": False, "sms": True}
        self.assertIn("for messages only", self.find("number", "warning").sentence)
        self.admin_number.flow_id = False
        self.find("number", "ok")

    @mute_logger(f"{LOGGER}.models.account.telephony_number")
    def test_lost_registration_of_an_emergency_address_is_an_error(self):
        number_sudo = self.admin_number.sudo()
        values = self.twilio.numbers["PN" + "1" * 32]
        number_sudo.number = values["phone_number"] = "+12025550100"
        number_sudo.emergency_address_state = values["emergency_address_status"] = "registered"
        number_sudo.write({"emergency_enabled": True, "emergency_address": "350 Fifth Avenue"})
        self.find("emergency", "ok")
        values["emergency_address_status"] = "unregistered"
        line = self.find("emergency", "error")
        self.assertIn("not registered at Twilio any more", line.sentence)
        self.assertEqual(self.repair(line)["res_id"], number_sudo.id)

    def test_clock_more_than_a_minute_wrong_is_red(self):
        for offset, state in ((-90, "error"), (-30, "ok"), (30, "ok"), (90, "error")):
            self.twilio.clock_offset = offset
            self.find("clock", state)
        self.twilio.clock_offset = -4000
        self.assertRegex(self.find("clock", "error").sentence, r"off by 4,00\d seconds")

    def test_address_has_to_be_public_and_encrypted(self):
        self.admin_account.sudo().connected_base_url = False
        for address, state in (
            ("https://crm.example.com", "ok"),
            ("http://crm.example.com", "error"),
            ("https://localhost:8069", "error"),
            ("https://127.0.0.2", "error"),
            ("https://server", "error"),
            ("https://my_server.example.com", "error"),
        ):
            with self.subTest(address=address):
                self.admin_account.webhook_base_url = address
                self.find("address", state)

    def test_address_changed_after_connect_is_pointed_out_and_connect_repairs_it(self):
        """After a change of address calls continue, and administrators are warned."""
        new = "https://phone.example.com"
        self.admin_account.webhook_base_url = new
        line = self.find("address", "warning")
        self.assertEqual(
            line.sentence,
            (f"Twilio still uses {BASE_URL}. The public address is now {new}. Connect again."),
        )
        self.repair(line)
        self.find("address", "ok")
        self.find("application", "ok")
        self.find("number", "ok")
        self.assertEqual(self.admin_account.connected_base_url, new)
        self.assertEqual(self.admin_account.sudo().former_base_url, BASE_URL)
        for kind in (self.twilio.applications, self.twilio.numbers):
            [values] = kind.values()
            self.assertTrue(values["voice_url"].startswith(new))

    def test_address_changed_to_a_private_one_is_not_told_to_twilio(self):
        """A login under another host name does not change the address of the webhooks."""
        self.admin_account.webhook_base_url = False
        self.env["ir.config_parameter"].sudo().set_param("web.base.url", "http://localhost:8069")
        line = self.find("address", "warning")
        self.assertEqual(line.repair, "account")
        self.assertIn("http://localhost:8069", line.sentence)
        self.find("application", "ok")
        self.find("number", "ok")

    def test_refused_requests_are_pointed_out_with_their_cause(self):
        """Refused webhooks have a diagnosis line of their own."""
        self.admin_account.sudo().last_refused_at = fields.Datetime.now()
        self.assertIn("did not come from Twilio", self.find("refusal", "warning").sentence)
        self.signed = (403, "")
        self.assertIn("proxy", self.find("refusal", "error").sentence)
        self.signed = (200, "")
        self.twilio.token = "changed"
        self.assertEqual(self.find("refusal", "error").repair, "credentials")
        self.twilio.token = TOKEN
        self.admin_account.webhook_base_url = "https://phone.example.com"
        self.repair(self.find("refusal", "error"))
        self.find("refusal", "ok")

    def test_custom_phone_forbidden_by_later_rules_is_pointed_out_with_its_user(self):
        """A custom phone that was forbidden later is reported and does not ring."""
        self.company_c.telephony_country_policy = "all"
        agent = self.env["telephony.agent"].create(
            {
                "user_id": self.adam.id,
                "company_id": self.company_c.id,
                "call_via": "phone",
                "phone_number": "+33612345678",
            }
        )
        self.find("phone", "ok")
        self.company_c.telephony_country_policy = "own"
        line = self.find("phone", "error")
        self.assertIn(self.adam.name, line.sentence)
        self.assertNotIn("+33", line.sentence)
        action = self.repair(line)
        self.assertEqual(action["res_model"], "telephony.agent")
        self.assertEqual(self.env["telephony.agent"].search(action["domain"]), agent)
        agent.call_via = "browser"
        self.find("phone", "warning")
        self.company_c.telephony_country_policy = "all"
        self.find("phone", "ok")

    def test_private_address_is_only_a_warning_beside_a_stand_in(self):
        self.admin_account.sudo().write(
            {
                "webhook_base_url": "http://localhost:8069",
                "api_base_url": "http://localhost:8090",
                "auth_token": TOKEN,
                "connected_base_url": False,
            }
        )
        self.find("address", "warning")

    def test_wrong_server_behind_the_address_is_noticed(self):
        for answer, state, words in (
            ((200, "someone else"), "error", "Another server"),
            ((404, ""), "error", "error 404"),
            ((302, ""), "error", "redirects"),
            (("certificate", ""), "error", "certificate"),
            (("unreachable", ""), "error", "No server answers"),
            (("timeout", ""), "warning", "single worker"),
        ):
            with self.subTest(answer=answer):
                self.ping = answer
                self.assertIn(words, self.find("reachability", state).sentence)

    def test_signature_broken_by_a_proxy_is_red(self):
        self.signed = (403, "")
        self.assertIn("proxy", self.find("signature", "error").sentence)

    def test_twilio_failing_in_between_is_one_red_line(self):
        self.twilio.failures["GET Balance"] = (500, 20500)
        self.find("balance", "error")

    def test_checking_again_replaces_the_lines(self):
        diagnosis = self.diagnose()
        count = len(diagnosis.line_ids)
        self.twilio.balance = "1"
        diagnosis.action_check_again()
        self.assertEqual(diagnosis.line_ids[0].check, "balance")
        self.assertEqual(len(diagnosis.line_ids), count)

    def test_without_account_the_settings_open(self):
        self.admin_account.sudo().unlink()
        action = self.as_adam("telephony.diagnosis").action_open()
        self.assertEqual(action["res_model"], "res.config.settings")

    def test_log_shows_no_secret(self):
        self.twilio.keys.clear()
        with capture_log() as lines:
            diagnosis = self.diagnose()
            diagnosis.line_ids.filtered(lambda line: line.check == "key").action_repair()
            diagnosis.action_check_again()
        [[sid, key]] = self.twilio.keys.items()
        log = "\n".join(lines)
        self.assertIn("changed by user", log)
        for secret in secrets_of(SID, TOKEN, sid, key["secret"]):
            self.assertNotIn(secret, log)
