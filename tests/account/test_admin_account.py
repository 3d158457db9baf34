"""Connecting the account, and keeping its secrets on the server."""

import logging
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.http import _request_stack
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_telephony.models.call.after_commit import DEADLINE

from ..common import BASE_URL, LOGGER, TelephonyCase, TelephonyHttpCase
from ..twilio_rest import KEY_SECRET, SID, TOKEN, FakeTwilio, number, secrets_of

NEXT_TOKEN = "f" * 32
SETUP = f"{LOGGER}.models.account.telephony_account_setup"
DENIED = "odoo.models", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_access"


@contextmanager
def capture_log():
    """Collect every line that any logger writes, at every level but the database's own.

    :return: the lines
    :rtype: list(str)
    """
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(f"{record.name} {record.getMessage()}")
    loggers = [
        logging.getLogger(name)
        for name in (
            "",
            "odoo",
            "odoo.addons.crm_telephony",
            SETUP,
            "twilio",
            "twilio.http_client",
            "urllib3",
        )
    ]
    levels = [logger.level for logger in loggers]
    queries = logging.getLogger("odoo.sql_db")
    quiet, queries.disabled = queries.disabled, True
    try:
        for logger in loggers:
            logger.setLevel(logging.DEBUG)
        loggers[0].addHandler(handler)
        yield lines
    finally:
        loggers[0].removeHandler(handler)
        queries.disabled = quiet
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class AdminWorld:
    """A system administrator and a Twilio account that is not connected yet."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.adam = cls._make_user("adam", "base.group_system,crm_telephony.group_manager")
        cls.company_c = cls.env["res.company"].create(
            {
                "name": "Gamma",
                "country_id": cls.belgium.id,
            }
        )
        cls.adam.company_ids |= cls.company_c

    def setUp(self):
        super().setUp()
        self.twilio = FakeTwilio()
        self.startPatcher(self.twilio.patch())

    def as_adam(self, model, company=None):
        """Return a model as the administrator's browser calls it, in the company without account.

        :param company: another company
        """
        company = company or self.company_c
        return self.env(
            user=self.adam.id,
            su=False,
            context={
                "allowed_company_ids": company.ids,
                "lang": "en_US",
            },
        )[model]

    def confirm_identity(self):
        """Mark the password as confirmed a moment ago."""
        request = SimpleNamespace(
            session={"identity-check-last": 2**40},
            env=self.env,
            db=self.env.cr.dbname,
            httprequest=SimpleNamespace(
                remote_addr="192.0.2.7",
                path="/web/dataset/call_button",
                # A test clicks several times within this one request.
                environ={DEADLINE: float("inf")},
            ),
        )
        _request_stack.push(request)
        self.addCleanup(_request_stack.pop)

    def open_credentials(self, company=None, **values):
        """Open the credentials window, fill it in and return it."""
        account = self.as_adam("telephony.account", company)._get_of_company(
            company or self.company_c
        )
        action = account.action_open_credentials()
        wizard = self.as_adam(action["res_model"], company).browse(action["res_id"])
        wizard.write(
            {
                "account_sid": SID,
                "auth_token": TOKEN,
                "webhook_base_url": BASE_URL,
                **values,
            }
        )
        return wizard

    def connect(self):
        """Connect the company without account; return the account."""
        self.confirm_identity()
        with self.assertLogs(SETUP, logging.INFO):
            self.open_credentials().action_connect()
        return self.as_adam("telephony.account")._get_of_company(self.company_c)


@tagged("-at_install", "post_install")
class TestAccount(AdminWorld, TelephonyCase):
    def test_secret_read_by_system_administrator_is_refused(self):
        account = self.as_adam("telephony.account", self.company_a).browse(self.account.id)
        self.assertTrue(account.has_auth_token)
        for secret in ("auth_token", "secondary_auth_token", "api_key_secret"):
            for attempt in (
                lambda name=secret: account.read([name]),
                lambda name=secret: account.web_read({name: {}}),
                lambda name=secret: account.export_data([name]),
                lambda name=secret: account.search([(name, "like", "t%")]),
                lambda name=secret: account.search_read([], [name]),
                lambda name=secret: account.search([], order=name),
                lambda name=secret: account.formatted_read_group([], [name]),
                lambda name=secret: account.write({name: "x"}),
                lambda name=secret: account.copy({name: "x"}),
                lambda name=secret: account.number_ids.search([(f"account_id.{name}", "!=", 1)]),
            ):
                with mute_logger(*DENIED), self.assertRaises(AccessError):
                    attempt()
            self.assertNotIn(secret, account.fields_get())
            self.assertNotIn(secret, account.read()[0])

    def test_opening_the_window_without_password_asks_for_it(self):
        self.confirm_identity()
        _request_stack().session.clear()
        action = self.as_adam("telephony.account").action_open_credentials()
        self.assertEqual(action["res_model"], "res.users.identitycheck")
        self.assertFalse(self.twilio.requests)

    def test_secret_that_is_not_accepted_is_wiped_at_once(self):
        """A rejected auth token is wiped although the error rolls the request back."""
        self.confirm_identity()
        wizard = self.open_credentials(auth_token="wrong")
        self.env.flush_all()
        self.assertTrue(wizard.sudo().secret)
        self.registry_enter_test_mode()
        self.http_request_allow_all = True
        try:
            wizard.action_connect()
        except UserError:
            self.env.invalidate_all(flush=False)
        else:
            self.fail("A wrong token was accepted")
        self.assertFalse(wizard.sudo().secret)

    def test_connecting_without_password_sends_nothing(self):
        self.confirm_identity()
        wizard = self.open_credentials()
        _request_stack().session.clear()
        action = wizard.action_connect()
        self.assertEqual(action["res_model"], "res.users.identitycheck")
        self.assertFalse(self.twilio.requests)

    def test_connect_makes_account_key_application_and_numbers(self):
        self.twilio.add(number("1", "+3225550190"))
        account = self.connect()
        account_sudo = account.sudo()
        self.assertEqual(account.state, "connected")
        self.assertEqual(account_sudo.auth_token, TOKEN)
        self.assertIn(account_sudo.api_key_sid, self.twilio.keys)
        self.assertTrue(account_sudo.api_key_secret.startswith(KEY_SECRET))
        [application] = self.twilio.applications.values()
        self.assertEqual(application["voice_url"], f"{BASE_URL}/telephony/twilio/client")
        self.assertEqual(account.number_ids.mapped("number"), ["+3225550190"])
        self.assertTrue(account.number_ids.is_connected)
        [values] = self.twilio.numbers.values()
        self.assertEqual(values["voice_url"], f"{BASE_URL}/telephony/twilio/voice")
        self.assertEqual(values["voice_fallback_url"], f"{BASE_URL}/telephony/twilio/fallback")
        self.assertEqual(values["status_callback"], f"{BASE_URL}/telephony/twilio/status")

    def test_typed_secret_is_readable_nowhere_and_wiped(self):
        self.confirm_identity()
        wizard = self.open_credentials()
        self.assertFalse(wizard.auth_token)
        with mute_logger(*DENIED), self.assertRaises(AccessError):
            wizard.read(["secret"])
        self.assertEqual(wizard.sudo().secret, TOKEN)
        with self.assertLogs(SETUP, logging.INFO):
            wizard.action_connect()
        self.assertFalse(wizard.sudo().secret)

    def enter_secondary(self, token, **values):
        """Enter a secondary auth token in the credentials window."""
        self.confirm_identity()
        with mute_logger(SETUP):
            wizard = self.open_credentials(secondary_auth_token=token, **values)
            wizard.action_connect()
        return wizard

    def test_secondary_token_is_stored_beside_the_first(self):
        account_sudo = self.connect().sudo()
        self.twilio.secondary_token = NEXT_TOKEN
        wizard = self.enter_secondary(NEXT_TOKEN, auth_token=False)
        self.assertFalse(wizard.secondary_auth_token or wizard.sudo().secondary_secret)
        self.assertEqual(
            (account_sudo.auth_token, account_sudo.secondary_auth_token), (TOKEN, NEXT_TOKEN)
        )
        self.assertTrue(account_sudo.has_secondary_token)

    def test_refused_secondary_token_is_not_kept(self):
        account_sudo = self.connect().sudo()
        with self.assertRaisesRegex(UserError, "refused the credentials"):
            self.enter_secondary(NEXT_TOKEN, auth_token=False)
        self.assertFalse(account_sudo.secondary_auth_token)

    def test_secondary_token_alone_is_not_enough_for_another_account(self):
        self.connect()
        with self.assertRaisesRegex(UserError, "Enter the auth token"):
            self.enter_secondary(NEXT_TOKEN, auth_token=False, account_sid="AC" + "9" * 32)

    def test_promoted_token_works_at_once(self):
        """The old token is refused from one moment on; requests go on with the secondary one."""
        account = self.connect()
        self.twilio.secondary_token = NEXT_TOKEN
        self.enter_secondary(NEXT_TOKEN, auth_token=False)
        self.twilio.token, self.twilio.secondary_token = NEXT_TOKEN, None
        # The client of calls tries the second one if the first one is refused.
        with patch.object(type(account._get_provider()), "make_client") as make_client:
            account._get_client()
        self.assertEqual(make_client.call_args.kwargs["second_password"], NEXT_TOKEN)
        with mute_logger(SETUP):
            account.action_connect()
        account.action_show_balance()

    def test_new_token_forgets_the_secondary_one(self):
        account_sudo = self.connect().sudo()
        account_sudo.secondary_auth_token = NEXT_TOKEN
        self.connect()
        self.assertFalse(account_sudo.secondary_auth_token)

    def test_wrong_token_is_explained_and_not_kept(self):
        self.confirm_identity()
        wizard = self.open_credentials(auth_token="wrong")
        with self.assertRaisesRegex(UserError, "refused the credentials"):
            wizard.action_connect()
        self.assertFalse(self.as_adam("telephony.account")._get_of_company(self.company_c))

    def test_wrong_account_sid_is_refused_before_any_request(self):
        self.confirm_identity()
        wizard = self.open_credentials(account_sid="AC123")
        with self.assertRaises(ValidationError):
            wizard.action_connect()
        self.assertFalse(self.twilio.requests)

    def test_connecting_again_keeps_what_works(self):
        account = self.connect()
        key, application = account.api_key_sid, account.twiml_app_sid
        with self.assertLogs(SETUP, logging.INFO):
            account.action_connect()
        self.assertEqual((account.api_key_sid, account.twiml_app_sid), (key, application))
        self.assertEqual(len(self.twilio.keys), 1)

    def test_connecting_again_replaces_what_was_deleted_at_twilio(self):
        account = self.connect()
        self.twilio.keys.clear()
        self.twilio.applications.clear()
        with self.assertLogs(SETUP, logging.INFO):
            account.action_connect()
        self.assertIn(account.api_key_sid, self.twilio.keys)
        self.assertIn(account.twiml_app_sid, self.twilio.applications)

    def test_failure_while_connecting_keeps_no_half_connection(self):
        self.twilio.failures["POST /Keys"] = (500, 20500)
        self.confirm_identity()
        wizard = self.open_credentials()
        with self.assertRaisesRegex(UserError, "was lost"):
            wizard.action_connect()
        self.assertFalse(self.as_adam("telephony.account")._get_of_company(self.company_c))

    def test_another_account_or_server_forgets_the_secrets(self):
        for change in (
            {"account_sid": "AC" + "9" * 32},
            {"api_base_url": "https://elsewhere.example"},
        ):
            account = self.connect()
            account.write(change)
            self.assertFalse(account.has_auth_token)
            self.assertFalse(account.sudo().api_key_secret)
            self.assertEqual(account.state, "draft")
            account.write({"account_sid": SID, "api_base_url": False})

    def test_edge_that_would_change_the_host_is_refused(self):
        for value in ("evil.example/", "a@evil", "x?", "IE1", "ie1:80", "ie1#", "ie1/../"):
            with self.subTest(value), self.assertRaises(ValidationError):
                self.account.edge = value

    def test_edge_is_for_browsers_alone(self):
        """The access names it; requests and tokens of the account do not change with it."""
        account = self.connect()
        account.edge = "dublin"
        self.assertEqual(account._make_browser_access("u_1")["edge"], "dublin")
        account.action_show_balance()
        self.assertTrue(self.twilio.requests[-1][1].startswith("api.twilio.com/"))

    def test_number_that_others_use_is_left_alone(self):
        elsewhere = "https://other.example/telephony/twilio/voice"
        self.twilio.add(
            number("1", "+3225550190", voice_url=elsewhere),
            number("2", "+3225550191", voice_url="https://demo.twilio.com/welcome/voice/"),
            number("3", "+3225550192", voice_application_sid="AP" + "5" * 32),
            number("4", "+3225550193", voice_url="http://localhost:8069/telephony/twilio/voice"),
        )
        account = self.connect()
        connected = account.number_ids.filtered("is_connected")
        self.assertEqual(len(account.number_ids), 4)
        self.assertEqual(set(connected.mapped("number")), {"+3225550191", "+3225550193"})
        self.assertEqual(self.twilio.numbers["PN" + "1" * 32]["voice_url"], elsewhere)
        taken = account.number_ids.filtered(lambda n: n.number == "+3225550190")
        taken.action_connect()
        self.assertTrue(taken.is_connected)
        self.assertIn(BASE_URL, self.twilio.numbers["PN" + "1" * 32]["voice_url"])

    def test_number_for_messages_only_is_listed_but_never_used(self):
        self.twilio.add(
            number("1", "+3225550190", capabilities={"voice": False, "sms": True}),
            number("2", "+3225550191", capabilities={"voice": True}),
        )
        account = self.connect()
        silent, other = account.number_ids.sorted("number")
        self.assertEqual((silent.has_voice, silent.is_connected), (False, False))
        self.assertEqual((other.has_voice, other.is_connected), (True, True))
        self.assertFalse(self.twilio.sent("POST", "IncomingPhoneNumbers/PN1"))
        with self.assertRaisesRegex(UserError, "for messages only"):
            silent.action_connect()
        # The first connection assigns only the numbers that can call.
        agent = other.agent_ids
        self.assertEqual((agent.user_id, agent.number_ids), (self.adam, other))
        agent.write({"number_ids": [Command.link(silent.id)], "default_number_id": silent.id})
        self.assertEqual((agent._get_numbers(), agent._get_default_number()), (other, other))

    def test_only_what_overrides_the_addresses_is_cleared(self):
        self.twilio.add(number("1", "+3225550190", voice_application_sid="AP" + "5" * 32))
        self.connect().number_ids.action_connect()
        [form] = self.twilio.sent("POST", "IncomingPhoneNumbers/PN1")
        self.assertEqual(form["VoiceApplicationSid"], "")
        self.assertNotIn("TrunkSid", form)

    def test_key_whose_secret_was_lost_does_not_remain(self):
        self.confirm_identity()
        self.twilio.failures["POST /Keys"] = "lost"
        with self.assertRaisesRegex(UserError, "was lost"):
            self.open_credentials().action_connect()
        self.connect()
        self.assertEqual(len(self.twilio.keys), 1)

    def test_synchronizing_follows_what_happened_at_twilio(self):
        self.twilio.add(number("1", "+3225550190"), number("2", "+3225550191"))
        account = self.connect()
        first, second = account.number_ids.sorted("number")
        del self.twilio.numbers["PN" + "1" * 32]
        second.active = False
        self.twilio.numbers["PN" + "2" * 32]["voice_url"] = "https://other.example"
        account.action_synchronize_numbers()
        self.assertFalse(first.is_connected)
        self.assertFalse(first.provider_number_id)
        self.assertFalse(second.is_connected)
        self.assertEqual(self.twilio.numbers["PN" + "2" * 32]["voice_url"], "https://other.example")
        self.assertEqual(account.with_context(active_test=False).number_ids, first | second)

    def test_every_request_goes_to_the_server_that_stands_in(self):
        account = self.connect()
        account.sudo().write({"api_base_url": "http://127.0.0.1:9", "auth_token": TOKEN})
        self.twilio.offers = [{"phone_number": "+3225550199"}]
        self.twilio.requests.clear()
        account._search_numbers("BE", "local", "")
        account._get_admin().may_call_country("BE")
        account.action_show_balance()
        self.assertEqual(len(self.twilio.requests), 7)
        for _method, path, _form in self.twilio.requests:
            self.assertTrue(path.startswith("127.0.0.1:9/"), path)

    def test_roles_below_system_administrator_cannot_open_anything(self):
        for user in (self.ana, self.sue, self.max, self.ian, self.pia):
            for model in (
                "telephony.account.credentials",
                "telephony.number.search",
                "telephony.number.search.line",
                "telephony.number.search.proof",
                "telephony.number.release",
                "telephony.diagnosis",
                "telephony.diagnosis.line",
            ):
                with self.subTest(user=user.login, model=model):
                    for operation in ("read", "write", "create", "unlink"):
                        self.assertFalse(self.as_user(user, model).has_access(operation))
            account = self.as_user(user, "telephony.account").browse(self.account.id)
            for name in ("account_sid", "api_key_sid", "twiml_app_sid", "webhook_base_url"):
                with mute_logger(*DENIED), self.assertRaises(AccessError):
                    account.read([name])
            with mute_logger(*DENIED), self.assertRaises(AccessError):
                account.write({"name": "Mine"})

    def test_manager_synchronizes_but_neither_buys_nor_releases(self):
        self.twilio.sid, self.twilio.token = "AC" + "a" * 32, "t" * 32
        self.twilio.add(number("1", self.number.number))
        number_as_max = self.as_user(self.max, "telephony.number").browse(self.number.id)
        number_as_max.action_synchronize()
        self.assertTrue(self.number.is_connected)
        with mute_logger(*DENIED), self.assertRaises(AccessError):
            number_as_max._release()
        with mute_logger(*DENIED), self.assertRaises(AccessError):
            number_as_max.action_search()
        self.assertFalse(self.twilio.sent("DELETE", "."))

    def test_account_of_another_company_is_out_of_reach(self):
        account = self.as_adam("telephony.account").browse(self.account_b.id)
        with mute_logger(*DENIED), self.assertRaises(AccessError):
            account.read(["name"])

    def test_log_of_the_whole_path_shows_no_secret_and_no_number(self):
        self.twilio.add(number("1", "+3225550190"))
        self.twilio.offers = [{"phone_number": "+3225550199", "address_requirements": "none"}]
        self.confirm_identity()
        with capture_log() as lines:
            self.open_credentials(auth_token="wrong-token")
            wizard = self.open_credentials()
            wizard.action_connect()
            account = self.as_adam("telephony.account")._get_of_company(self.company_c)
            account.action_connect()
            account._make_new_key()
            account._search_numbers("BE", "local", "99")
            bought = account._buy_number("+3225550199")
            account._diagnose_credentials()
            account._release_number(bought)
            account.action_show_balance()
        keys = [text for sid, key in self.twilio.keys.items() for text in (sid, key["secret"])]
        log = "\n".join(lines)
        self.assertEqual(len(self.twilio.keys), 2)
        self.assertIn("changed by user", log)
        self.assertIn("192.0.2.7", log)
        self.assertIn("was bought by user", log)
        for secret in (*secrets_of(SID, TOKEN, *keys), "wrong-token", "3225550199", "3225550190"):
            self.assertNotIn(secret, log)


@tagged("-at_install", "post_install")
class TestSettings(AdminWorld, TelephonyHttpCase):
    def call(self, model, method, *args, **kwargs):
        """Call a method as the web client does."""
        context = {"allowed_company_ids": self.company_c.ids, **kwargs.pop("context", {})}
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {
                "model": model,
                "method": method,
                "args": list(args),
                "kwargs": {**kwargs, "context": context},
            },
        )

    def test_settings_lead_to_a_connected_account(self):
        """Z29: the settings lead to a connected account."""
        self.twilio.add(number("1", "+3225550190"))
        self.adam.password = "adam-knows-it"
        self.authenticate(self.adam.login, "adam-knows-it")
        [settings] = self.call(
            "res.config.settings",
            "web_save",
            [],
            {
                "telephony_account_sid": SID,
                "telephony_webhook_base_url": BASE_URL,
            },
            specification={"telephony_state": {}},
        )
        self.call("res.config.settings", "set_values", [settings["id"]])
        action = self.call("res.config.settings", "action_telephony_credentials", [settings["id"]])
        self.assertEqual(action["res_model"], "res.users.identitycheck")
        action = self.call(
            action["res_model"],
            "run_check",
            [action["res_id"]],
            context={"password": "adam-knows-it"},
        )
        self.assertEqual(action["res_model"], "telephony.account.credentials")
        [wizard] = self.call(
            action["res_model"],
            "web_save",
            [action["res_id"]],
            {"auth_token": TOKEN},
            specification={"account_sid": {}, "auth_token": {}, "webhook_base_url": {}},
        )
        self.assertEqual(
            wizard,
            {
                "id": action["res_id"],
                "account_sid": SID,
                "auth_token": False,
                "webhook_base_url": BASE_URL,
            },
        )
        with self.assertLogs(SETUP, logging.INFO):
            self.call(action["res_model"], "action_connect", [wizard["id"]])
        values = self.call(
            "res.config.settings",
            "onchange",
            [],
            {},
            [],
            {
                "telephony_account_sid": {},
                "telephony_state": {},
                "telephony_api_key_sid": {},
                "telephony_has_auth_token": {},
                "telephony_number_count": {},
            },
        )["value"]
        self.assertEqual(values["telephony_account_sid"], SID)
        self.assertEqual(values["telephony_state"], "connected")
        self.assertTrue(values["telephony_has_auth_token"])
        self.assertEqual(values["telephony_number_count"], 1)

    def test_settings_saved_with_an_empty_account_forget_nothing(self):
        settings = self.as_adam("res.config.settings", self.company_a).create(
            {
                "telephony_account_sid": "",
            }
        )
        settings.set_values()
        self.assertTrue(self.account.has_auth_token)
        self.assertEqual(self.account.account_sid, "AC" + "a" * 32)

    def test_ping_answers_as_only_this_database_can(self):
        response = self.url_open("/telephony/twilio/ping?question=who+are+you")
        self.assertEqual(response.text, self.account._answer_ping("who are you"))
        self.assertNotEqual(response.text, self.account._answer_ping("who else"))
        self.assertNotIn("Set-Cookie", response.headers)

    def test_signed_webhook_about_no_call_is_accepted_and_writes_nothing(self):
        events = self.env["telephony.call.event"].search_count([])
        with self.assertLogs(f"{LOGGER}.models.ir_http", "WARNING"):
            refused = self.post_webhook("status", {"CallSid": "CA" + "0" * 32}, sign="wrong")
        accepted = self.post_webhook("status", {"CallSid": "CA" + "0" * 32})
        self.assertEqual((refused.status_code, accepted.status_code), (403, 200))
        self.assertEqual(self.env["telephony.call.event"].search_count([]), events)
