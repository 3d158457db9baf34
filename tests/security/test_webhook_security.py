"""Every webhook requires a valid signature, and survives any content."""

from unittest.mock import patch
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_telephony.models import gate
from odoo.addons.crm_telephony.providers.twilio.provider import TwilioProvider

from ..common import (
    BASE_URL,
    CUSTOMER,
    LOGGER,
    REFUSED,
    ROOM,
    TOKEN,
    TOKEN_B,
    TelephonyHttpCase,
    leg_sid,
)

FORM = "application/x-www-form-urlencoded"
QUESTIONS = (
    *("voice", "client", "wait", "step", "join", "announce", "keys", "agent_phone", "call_me"),
    "fallback",
)
REPORTS = ("status", "conference", "recording", "caller_id", "call_me_status")
CONTROLLER = f"{LOGGER}.controllers.twilio_webhook"
CALLS = f"{LOGGER}.models.call.telephony_call"
INCOMING = f"{LOGGER}.models.routing.telephony_call"
TABLES = ("telephony.call", "telephony.call.leg", "telephony.call.event", "telephony.offer")


@tagged("post_install", "-at_install")
class TestWebhookSecurity(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.go_online(self.agent_ana)
        self.call, _verbs = self.call_in(sid=leg_sid(1))
        self.assertTrue(self.call)

    def get_params(self, **changes):
        """Return the fields of a request that every route understands."""
        return {
            "CallSid": leg_sid(2),
            "From": CUSTOMER,
            "To": self.number.number,
            "CallStatus": "completed",
            "SequenceNumber": "3",
            "QueueResult": "leave",
            "ConferenceSid": ROOM,
            "StatusCallbackEvent": "participant-join",
            "uuid": self.call.uuid,
            **changes,
        }

    def count(self):
        self.env.flush_all()
        return [
            (
                self.env[table].search_count([]),
                self.env[table].search([]).mapped("write_date")
                if self.env[table]._log_access
                else 0,
            )
            for table in TABLES
        ]

    def forget_kept_ends(self, leg_id):
        """Remove what an account keeps of the end of a leg that it does not know: a row of its own.

        See `_keep_end`.
        """
        rows = self.env["telephony.call.event"].search(
            [("account_id", "=", self.account_b.id), ("call_id", "=", False)]
        )
        self.assertLessEqual(set(rows.mapped("key")), {f"{leg_id}:voice"})
        rows.unlink()

    def assert_refused(self, response, before):
        self.assertEqual(response.status_code, 403)
        self.assertNotIn("Response>", response.text)
        self.assertNotIn("Traceback", response.text)
        self.assertEqual(self.count(), before)
        self.assertFalse(self.queued_requests)

    def test_every_route_is_tried(self):
        """Every route is tested, also a new one."""
        routes = {
            str(rule.rule).rsplit("/", 1)[1]
            for rule in self.env["ir.http"].routing_map().iter_rules()
            if str(rule.rule).startswith("/telephony/twilio/")
        }
        # `ping` is a request of our own, without effect; see its test.
        self.assertEqual(routes, {*QUESTIONS, *REPORTS, "ping"})

    def test_wrong_requests_are_refused(self):
        """A request that is unsigned, forged or of no account gets 403 and writes nothing."""
        sid_b = self.account_b.sudo().account_sid
        before = self.count()
        signed = {"AccountSid": self.account.sudo().account_sid, **self.get_params()}
        for route in (*QUESTIONS, *REPORTS):
            query = {"call": self.call.uuid}
            for reason, kwargs in {
                "unsigned": {"sign": False},
                "empty signature": {"sign": False, "headers": {"X-Twilio-Signature": ""}},
                "wrong secret": {"sign": "x" * 32},
                "secret of another account": {"sign": TOKEN_B},
                "account of another secret": {"params": self.get_params(AccountSid=sid_b)},
                "no account": {"params": self.get_params(AccountSid="")},
                "unknown account": {"params": self.get_params(AccountSid="AC" + "f" * 32)},
                "odd account": {"params": self.get_params(AccountSid="%")},
                "other bytes than signed": {"body": urlencode(signed).encode()},
                "odd signature": {"sign": False, "headers": {"X-Twilio-Signature": "é☎" * 9}},
            }.items():
                kwargs.setdefault("params", self.get_params())
                if "headers" in kwargs:
                    kwargs["headers"] = {
                        name: value.encode() for name, value in kwargs["headers"].items()
                    }
                with self.subTest(route=route, reason=reason), self.assertLogs(REFUSED, "WARNING"):
                    self.assert_refused(self.post_webhook(route, query=query, **kwargs), before)

    def test_refused_request_reaches_no_lock_and_no_parser_and_leaves_no_content_in_the_log(self):
        """Whatever the path, method and content type: neither the gate nor the provider sees it."""
        reached, before, marker = [], self.count(), "a-word-of-the-sender"
        for owner, name in (
            (gate, "enter"),
            (gate, "find_keys"),
            (TwilioProvider, "parse_voice_request"),
            (TwilioProvider, "parse_leg_event"),
            (TwilioProvider, "parse_conference_event"),
            (TwilioProvider, "parse_recording_event"),
            (TwilioProvider, "parse_verification"),
        ):
            self.startPatcher(
                patch.object(owner, name, lambda *args, _name=name, **kw: reached.append(_name))
            )
        form = urlencode({"AccountSid": self.account.sudo().account_sid, "Digits": marker})
        form += f"&CallSid={leg_sid(1)}&CallSid={leg_sid(2)}&CallStatus=completed"
        paths = [
            f"{start}{route}{end}"
            for start in ("/telephony/twilio/", "//telephony/twilio//", "/en/telephony/twilio/./")
            for route in ("status", "wait", "%73tatus")
            for end in ("", "/", f"?call={self.call.uuid}&call=x", f"/..;/?hold={marker}")
        ]
        requests = [("POST", path, FORM, form) for path in paths]
        requests += [
            (method, "/telephony/twilio/status", kind, body)
            for method in ("POST", "PUT", "PATCH", "DELETE", "GET", "HEAD", "OPTIONS")
            for kind, body in (
                (FORM, form),
                (FORM, "x=" + marker * 50_000),
                ("application/json", f'{{"params": {{"CallSid": "{marker}"}}}}'),
                ("multipart/form-data; boundary=b", f"--b\r\n\r\n{marker}\r\n--b--"),
                ("text/plain", form),
            )
        ]
        signature = "QUFBQUFBQUFBQUFBQUFBQUFBQUE="
        with self.assertLogs(level="INFO") as log:
            for method, path, kind, body in requests:
                headers = {"Content-Type": kind, "X-Twilio-Signature": signature}
                response = self.url_open(
                    path, body, headers=headers, allow_redirects=False, method=method
                )
                with self.subTest(method=method, path=path, kind=kind, size=len(body)):
                    self.assertNotIn(response.status_code, (200, 500))
        self.assertEqual((reached, self.count()), ([], before))
        own = [line for line in log.output if "werkzeug" not in line]
        self.assertNotIn(marker, "\n".join(own))

    def test_signature_of_another_address_is_refused(self):
        """A signature is valid for one address and one set of fields."""
        before = self.count()
        with patch.object(self, "url_open") as url_open:
            self.post_webhook("wait", self.get_params(), {"call": self.call.uuid})
        request = url_open.call_args.kwargs
        for path in (
            "/telephony/twilio/step?call=" + self.call.uuid,
            "/telephony/twilio/wait?call=" + self.call.uuid + "&hold=1",
            "/telephony/twilio/wait",
        ):
            with self.subTest(path), mute_logger(REFUSED):
                response = self.url_open(path, **request)
                self.assertIn(response.status_code, (403, 404, 405))
                self.assertEqual(self.count(), before)

    def test_get_is_not_allowed(self):
        """A browser that follows a link to a webhook has no effect."""
        for route in (*QUESTIONS, *REPORTS):
            with self.subTest(route):
                response = self.url_open(f"/telephony/twilio/{route}", method="GET")
                self.assertEqual(response.status_code, 405)

    def test_account_without_a_token_lets_nobody_in(self):
        """An account that is not set up, or was neutralized, has no webhooks."""
        self.account.sudo().auth_token = False
        self.env.flush_all()
        before = self.count()
        for secret in ("None", "False", "neutralized", " "):
            with self.subTest(secret), self.assertLogs(REFUSED, "WARNING"):
                self.assert_refused(
                    self.post_webhook("voice", self.get_params(), sign=secret), before
                )

    def test_archived_account_lets_nobody_in(self):
        self.account.active = False
        before = self.count()
        with self.assertLogs(REFUSED, "WARNING"):
            self.assert_refused(self.post_webhook("voice", self.get_params()), before)

    def test_call_of_another_account_is_not_touched(self):
        """A signed request of one company cannot reach the calls of another."""
        before = self.count()
        params = {
            **self.get_params(),
            "AccountSid": self.account_b.sudo().account_sid,
            "CallSid": self.call.provider_call_id,
        }
        for route in ("wait", "step", "join", "agent_phone", "client"):
            with self.subTest(route):
                verbs = self.ask(route, params, {"call": self.call.uuid}, sign=TOKEN_B)
                self.assertEqual(self.names(verbs), ["Hangup"])
        leg = self.call.leg_ids
        with mute_logger(CALLS):
            for query in ({}, {"leg": leg.id}, {"call": self.call.uuid, "leg": leg.id}):
                for route in REPORTS:
                    response = self.post_webhook(route, params, query, sign=TOKEN_B)
                    self.assertEqual((response.status_code, response.text), (200, ""))
        self.forget_kept_ends(params["CallSid"])
        self.assertEqual(self.count(), before)
        self.assertEqual(self.call.state, "ringing")

    @mute_logger(CALLS)
    def test_new_leg_of_another_account_is_not_claimed(self):
        """A leg without an identifier yet takes one from its own account only."""
        leg = self.call.leg_ids.copy({"role": "consulted", "label": "c", "provider_leg_id": False})
        self.env.flush_all()
        before = self.count()
        params = {
            **self.get_params(FriendlyName=self.call.uuid, ParticipantLabel=leg.label),
            "AccountSid": self.account_b.sudo().account_sid,
        }
        for route in ("status", "conference", "recording"):
            for query in ({}, {"leg": leg.id}, {"call": self.call.uuid, "leg": leg.id}):
                with self.subTest(route=route, query=query):
                    self.post_webhook(route, params, query, sign=TOKEN_B)
                    self.forget_kept_ends(params["CallSid"])
                    self.assertEqual(self.count(), before)
                    self.assertFalse(leg.provider_leg_id)
        # The same report of the own account is believed.
        self.post_webhook("conference", params | {"AccountSid": self.account.sudo().account_sid})
        self.assertEqual(leg.provider_leg_id, params["CallSid"])

    def test_browser_enters_no_call_of_another_account_with_the_same_user(self):
        """A user of two companies has a browser identity in each; none opens the other's calls."""
        self.ana.company_ids = [Command.link(self.company_b.id)]
        agent = self.env["telephony.agent"].create(
            {"user_id": self.ana.id, "company_id": self.company_b.id}
        )
        self.as_user(self.ana).accept(self.call.uuid)
        self.env.flush_all()
        params = self.get_params(From=f"client:{agent.sudo().identity}")
        params["AccountSid"] = self.account_b.sudo().account_sid
        [verb] = self.ask("client", params, sign=TOKEN_B)
        self.assertEqual(verb.tag, "Hangup")
        self.assertEqual(self.call.leg_ids.mapped("role"), ["customer"])
        [verb] = self.connect_browser(self.call, self.agent_ana)
        self.assertEqual(verb.tag, "Dial")

    def assert_answered(self, route, response):
        """Check that a question gets TwiML, and a report an empty answer."""
        if route in QUESTIONS:
            self.read(response)
        else:
            self.assertEqual((response.status_code, response.text), (200, ""))

    @mute_logger(CONTROLLER, CALLS, INCOMING)
    def test_missing_field(self):
        """A request without one field, or without all of them, is answered."""
        full = self.get_params()
        for route in (*QUESTIONS, *REPORTS):
            for missing in (*full, None):
                params = {k: v for k, v in full.items() if missing and k != missing}
                with self.subTest(route=route, missing=missing):
                    query = {"call": self.call.uuid} if missing else {}
                    self.assert_answered(route, self.post_webhook(route, params, query))

    @mute_logger(CONTROLLER, CALLS, INCOMING, "odoo.sql_db")
    def test_garbage(self):
        """Zero bytes, huge values and other alphabets never give an error page."""
        garbage = {
            "zero": "CA\0" + "1" * 30,
            "huge": "9" * 2000,
            "other": "☎" * 50,
            "sql": "' OR 1=1 --",
            "percent": "%00%ff",
            "minus": "-1",
            "lone": "\x7f\x01",
        }
        full = self.get_params(
            CallDuration="3",
            Timestamp="Mon, 02 Mar 2026 10:00:07 +0000",
            Digits="1",
            RecordingSid="RE1",
            RecordingStatus="completed",
            RecordingDuration="3",
            FriendlyName="x",
            ParticipantLabel="customer",
            DialCallStatus="busy",
            VerificationStatus="success",
            QueueSid="QU1",
        )
        for route in (*QUESTIONS, *REPORTS):
            for name, value in garbage.items():
                with self.subTest(route=route, name=name, fields="all"):
                    self.assert_answered(
                        route,
                        self.post_webhook(
                            route,
                            dict.fromkeys(full, value),
                            {"call": value[:200], "leg": value[:200]},
                        ),
                    )
            for field in (
                "CallSid",
                "From",
                "To",
                "uuid",
                "QueueSid",
                "ConferenceSid",
                "FriendlyName",
                "RecordingSid",
                "OutgoingCallerIdSid",
            ):
                with self.subTest(route=route, field=field):
                    self.assert_answered(
                        route,
                        self.post_webhook(
                            route, {**full, field: garbage["zero"]}, {"call": self.call.uuid}
                        ),
                    )
        self.assertTrue(self.call.exists())

    def test_bytes_that_are_no_form(self):
        """Bodies of another content type are refused."""
        before = self.count()
        for route in (*QUESTIONS, *REPORTS):
            for kind, body in (
                ("application/json", b'{"AccountSid": "AC1"}'),
                ("application/x-www-form-urlencoded", b"AccountSid=%FF%FE&\xff\xfe=\x00"),
                ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data"),
                ("text/xml", b"<a/>"),
                ("", b"\x00\xff" * 100),
            ):
                with self.subTest(route=route, kind=kind), mute_logger(REFUSED):
                    response = self.post_webhook(route, body=body, headers={"Content-Type": kind})
                    self.assertGreaterEqual(response.status_code, 400)
                    self.assertLess(response.status_code, 500)
                    self.assertEqual(self.count(), before)

    def test_repeated_fields_are_signed_as_one(self):
        """The form is checked as Twilio signs it, not as a dictionary."""
        sid = self.account.sudo().account_sid
        path = "/telephony/twilio/status"
        form = [
            ("AccountSid", sid),
            ("CallSid", leg_sid(1)),
            ("CallStatus", "ringing"),
            ("X", "2"),
            ("X", "1"),
            ("X", "1"),
            ("Empty", ""),
        ]
        signature = RequestValidator(TOKEN).compute_signature(BASE_URL + path, MultiDict(form))
        response = self.url_open(path, data=form, headers={"X-Twilio-Signature": signature})
        self.assertEqual(response.status_code, 200)

    def test_answers_are_not_cached_and_set_no_cookie(self):
        """The provider has no session, so answers set no cookie and are not cached."""
        response = self.post_webhook("voice", self.get_params())
        self.assertEqual(response.status_code, 200)
        self.assertEqual(
            response.headers["Content-Type"].replace(" ", "").lower(), "text/xml;charset=utf-8"
        )

    def test_ping_teaches_nothing(self):
        """The unsigned address that proves its owner contains no secret."""
        response = self.url_open("/telephony/twilio/ping?question=" + "x" * 500)
        self.assertEqual(response.status_code, 200)
        self.assertNotIn(self.account.sudo().auth_token, response.text)
