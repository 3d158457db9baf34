"""Forged webhooks are cheap to refuse; genuine webhooks come through."""

from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator
from werkzeug.formparser import FormDataParser
from werkzeug.wrappers import Request

from odoo import fields
from odoo.tests import tagged
from odoo.tools import file_open, mute_logger

from odoo.addons.crm_telephony.models.account.telephony_account_health import TelephonyAccount
from odoo.addons.crm_telephony.providers.twilio import signature

from ..common import BASE_URL, REFUSED, TOKEN, TelephonyHttpCase, leg_sid

PATH = "/telephony/twilio/status"
FORM = "application/x-www-form-urlencoded"
# It has the form of a signature, but is not one.
FORGED = "A" * 27 + "="
NEW_URL = "https://phone.example.test"


@tagged("post_install", "-at_install")
class TestRefusal(TelephonyHttpCase):
    """A forged request is refused cheaply, whatever its body contains."""

    def setUp(self):
        super().setUp()
        self.sid = self.account.sudo().account_sid
        self.read_bytes = []
        read, parse_form = Request.get_data, signature.parse_form

        def remember(request, *args, **kwargs):
            body = read(request, *args, **kwargs)
            self.read_bytes.append(len(body))
            return body

        self.startPatcher(patch.object(Request, "get_data", remember))
        self.parsed = self.startPatcher(
            patch.object(signature, "parse_form", side_effect=parse_form)
        )
        # Odoo's general form reader has no limit that would help.
        self.general_reader = self.startPatcher(patch.object(FormDataParser, "parse"))

    def send(self, body, signature=FORGED, path=PATH, **headers):
        with self.assertLogs(REFUSED, "WARNING"):
            response = self.url_open(
                path,
                data=body,
                method="POST",
                headers={
                    "Content-Type": FORM,
                    **({"X-Twilio-Signature": signature} if signature is not None else {}),
                    **headers,
                },
            )
        self.assertEqual(response.status_code, 403)
        self.general_reader.assert_not_called()

    def test_request_that_cannot_be_twilios_is_refused_unread(self):
        small = urlencode({"AccountSid": self.sid}).encode()
        large = small + b"&a=" + b"b" * signature.MAX_BODY
        for reason, kwargs in {
            "no signature": {"body": small, "signature": None},
            "empty signature": {"body": small, "signature": ""},
            "long signature": {"body": small, "signature": FORGED * 100},
            "two signatures": {"body": small, "signature": f"{FORGED},{FORGED}"},
            "no Base64": {"body": small, "signature": "?" * 28},
            "large": {"body": large},
            "without a length": {"body": iter([small])},
            "JSON": {"body": small, "Content-Type": "application/json"},
            "multipart": {"body": small, "Content-Type": "multipart/form-data; boundary=x"},
            "long address": {"body": small, "path": f"{PATH}?a={'b' * signature.MAX_PATH}"},
        }.items():
            with self.subTest(reason):
                self.send(**kwargs)
                self.assertFalse(self.read_bytes)
                self.parsed.assert_not_called()

    def test_forged_request_of_a_known_account_is_read_once_and_within_limits(self):
        start = urlencode({"AccountSid": self.sid}).encode()
        room = signature.MAX_BODY - len(start)
        for body in (
            start,
            start + b"&a=" + b"%ff" * (room // 3 - 1),
            start + b"&a=" + b"b" * (room - 3),
            start + b"&%x=" * (room // 4),
            start + b"&" * room,
        ):
            with self.subTest(body[40:50]):
                self.read_bytes.clear()
                self.parsed.reset_mock()
                self.send(body)
                self.assertEqual(self.read_bytes, [len(body)])
                self.parsed.assert_called_once()

    def test_signed_request_is_read_once_for_proof_and_handler(self):
        """The handler acts on exactly the fields that were signed."""
        call, _verbs = self.call_in()
        self.parsed.reset_mock()
        self.tell_leg(call, call.provider_call_id, "completed", 9)
        self.parsed.assert_called_once()
        self.general_reader.assert_not_called()
        self.assertEqual(call.state, "ended")

    def test_many_fields_are_refused_though_signed(self):
        form = {"AccountSid": self.sid, **{f"f{n}": "" for n in range(signature.MAX_FIELDS)}}
        self.send(
            urlencode(form).encode(),
            RequestValidator(TOKEN).compute_signature(BASE_URL + PATH, form),
        )

    def test_refusals_of_a_known_account_are_remembered_once_a_minute(self):
        """Refused webhooks are recorded with one write per minute at most."""
        account = self.account.sudo()
        body = urlencode({"AccountSid": self.sid}).encode()
        unknown = urlencode({"AccountSid": "AC" + "f" * 32}).encode()
        for kwargs in ({"body": unknown}, {"body": body, "signature": None}, {"body": b"a=%"}):
            self.send(**kwargs)
            account.invalidate_recordset()
            self.assertFalse(account.last_refused_at)
        self.assertEqual(self.env["telephony.account"]._get_account_health(), "pass")
        for ago, is_written in ((None, True), (30, False), (90, True)):
            moment = ago and fields.Datetime.now() - timedelta(seconds=ago)
            account.last_refused_at = moment
            self.env.flush_all()
            self.send(body)
            account.invalidate_recordset()
            self.assertEqual((account.last_refused_at or None) != moment, is_written, ago)
        self.assertEqual(self.env["telephony.account"]._get_account_health(), "warn")
        self.assertFalse(self.account_b.sudo().last_refused_at)

    def test_refusal_is_forgotten_after_an_hour(self):
        self.account.sudo().last_refused_at = fields.Datetime.now() - timedelta(minutes=61)
        self.assertEqual(self.env["telephony.account"]._get_account_health(), "pass")

    def test_refusal_in_the_same_minute_reads_no_more_than_the_account(self):
        self.account.sudo().last_refused_at = fields.Datetime.now()
        self.env.flush_all()
        with patch.object(TelephonyAccount, "_remember_refusal"):
            before = self.env.cr.sql_log_count
            self.send(urlencode({"AccountSid": self.sid}).encode())
        self.assertLess(self.env.cr.sql_log_count - before, 10)


@tagged("post_install", "-at_install")
class TestAddress(TelephonyHttpCase):
    """A changed address of the database does not break webhooks."""

    def setUp(self):
        super().setUp()
        accounts = self.env["telephony.account"].sudo().search([])
        (accounts - self.account - self.account_b).active = False
        self.account.write({"connected_base_url": BASE_URL, "webhook_base_url": False})
        self.parameters = self.env["ir.config_parameter"].sudo()
        self.parameters.set_param("web.base.url", BASE_URL)

    def post_signed_at(self, base_url):
        """Send a webhook signed for a given address and return the status."""
        form = {"AccountSid": self.account.sudo().account_sid, "CallSid": leg_sid(7)}
        return self.url_open(
            PATH,
            data=form,
            headers={
                "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(
                    base_url + PATH, form
                ),
            },
        ).status_code

    def get_health(self):
        return self.env["telephony.account"]._get_account_health()

    def test_changed_address_of_the_database_breaks_nothing(self):
        self.assertEqual((self.post_signed_at(BASE_URL), self.get_health()), (200, "pass"))
        self.parameters.set_param("web.base.url", "http://127.0.0.1:8069")
        self.assertEqual((self.post_signed_at(BASE_URL), self.get_health()), (200, "warn"))
        # The next URL for Twilio begins with the address it knows, and the call goes on.
        self.go_online(self.agent_ana)
        call, [enqueue] = self.call_in()
        self.assertTrue(enqueue.get("waitUrl").startswith(BASE_URL))
        self.wait(call)

    def test_running_calls_go_on_after_connect_with_another_address(self):
        self.account.write({"webhook_base_url": NEW_URL})
        vals = {"connected_base_url": NEW_URL, "former_base_url": BASE_URL}
        with mute_logger("odoo.addons.crm_telephony.models.account.telephony_account_setup"):
            self.account._save_connection(vals, [])
        self.assertEqual(self.get_health(), "pass")
        for url in (BASE_URL, NEW_URL):
            self.assertEqual(self.post_signed_at(url), 200)
        with mute_logger(REFUSED):
            self.assertEqual(self.post_signed_at("https://evil.example"), 403)

    def test_webhooks_are_accepted_with_both_auth_tokens(self):
        """Between two moments Twilio signs with one token, then with the other."""
        form = {"AccountSid": self.account.sudo().account_sid, "CallSid": leg_sid(7)}

        def post(token):
            signature = RequestValidator(token).compute_signature(BASE_URL + PATH, form)
            return self.url_open(
                PATH, data=form, headers={"X-Twilio-Signature": signature}
            ).status_code

        with mute_logger(REFUSED):
            self.assertEqual((post(TOKEN), post("next" * 8)), (200, 403))
            self.account.sudo().secondary_auth_token = "next" * 8
            self.assertEqual((post(TOKEN), post("next" * 8), post("other" * 8)), (200, 200, 403))

    def test_another_account_forgets_the_address(self):
        self.account.write({"account_sid": "AC" + "9" * 32})
        self.assertFalse(self.account.connected_base_url)
        self.assertFalse(self.account.former_base_url)

    def test_copy_of_the_database_knows_no_address(self):
        self.env.flush_all()
        with file_open("crm_telephony/data/neutralize.sql") as file:
            self.env.cr.execute(file.read())
        self.env.invalidate_all()
        self.assertEqual(self.account._get_signed_base_urls(), ["https://neutralized.invalid"])
