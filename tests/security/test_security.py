"""Attacks by strangers, callers and colleagues, one promise per test (see SECURITY.md)."""

import json
import threading
import time
from itertools import product
from unittest.mock import patch

import jwt
from lxml import etree, html

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_telephony.providers.base import VoiceRequest

from ..common import AGENT_LEG, CUSTOMER, TOKEN, TelephonyCase, TelephonyHttpCase, leg_sid

ADDON = "odoo.addons.crm_telephony"
SECRETS = (TOKEN, "secret-of-a")
EVIL = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
EVIL_TWIML = "]]></Say><Dial>+33899123456</Dial><Say>"


@tagged("post_install", "-at_install")
class TestToken(TelephonyHttpCase):
    """The access token, the only credential that a browser gets."""

    def get_access(self, user):
        self.authenticate(user.login, user.login)
        return self.make_jsonrpc_request("/telephony/token", {})

    def test_scope(self):
        """A token permits calls of our own application, for an hour, and nothing else."""
        access = self.get_access(self.ana)
        secret = self.account.sudo().api_key_secret
        claims = jwt.decode(access["token"], secret, algorithms=["HS256"])
        self.assertEqual(set(claims["grants"]), {"identity", "voice"})
        voice = claims["grants"]["voice"]
        self.assertEqual(voice["outgoing"], {"application_sid": "AP" + "a" * 32})
        self.assertFalse(voice.get("incoming", {}).get("allow"))
        self.assertLessEqual(claims["exp"] - time.time(), 3600)
        for name in (*SECRETS, secret):
            self.assertNotIn(name, json.dumps(access))

    def test_identity_is_opaque(self):
        """An identity can be neither guessed nor traced to its user."""
        identities = [
            agent.sudo().identity
            for agent in (self.agent_ana, self.agent_bob, self.agent_cleo, self.agent_eva)
        ]
        self.assertEqual(len(set(identities)), 4)
        for identity in identities:
            self.assertRegex(identity, r"^u_[0-9a-f]{32}$")
        self.assertEqual(self.get_access(self.ana)["identity"], identities[0])

    def test_token_does_not_outlive_the_right(self):
        """A former agent is refused, although the token is still valid."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).accept(call.uuid)
        group = self.env.ref("crm_telephony.group_user")
        for change, back in (
            ({"group_ids": [Command.unlink(group.id)]}, {"group_ids": [Command.link(group.id)]}),
            ({"active": False}, {"active": True}),
        ):
            self.ana.write(change)
            with self.subTest(change):
                self.assertEqual(self.names(self.connect_browser(call, self.agent_ana)), ["Hangup"])
            self.ana.write(back)
        self.agent_ana.active = False
        self.assertEqual(self.names(self.connect_browser(call, self.agent_ana)), ["Hangup"])
        self.agent_ana.active = True
        self.assertEqual(self.names(self.connect_browser(call, self.agent_ana)), ["Dial"])

    def test_browser_cannot_name_what_is_dialed(self):
        """The number to dial comes from our row, whatever a browser sends."""
        call = self.dial()
        verbs = self.ask(
            "client",
            {
                "CallSid": AGENT_LEG,
                "From": f"client:{self.agent_ana.sudo().identity}",
                "To": "+33899123456",
                "uuid": call.uuid,
                "number": "+33899123456",
                "PhoneNumber": "+33899123456",
                "Direction": "inbound",
            },
        )
        self.run_after_commit()
        self.assertNotIn("33899123456", str(self.provider.requests))
        [[_room, values]] = self.provider.sent("add_participant")
        self.assertEqual((values["to"], self.names(verbs)), (CUSTOMER, ["Dial"]))

    def test_colleagues_identity_does_not_open_a_call(self):
        """The identity and the call must belong together."""
        call = self.dial()
        for agent in (self.agent_bob, self.agent_eva):
            self.assertEqual(self.names(self.connect_browser(call, agent)), ["Hangup"])
        self.assertFalse(self.queued_requests and self.customer(call).initiated_at)


@tagged("post_install", "-at_install")
class TestRoutes(TelephonyHttpCase):
    """All routes of the addon, as Odoo knows them."""

    def get_rules(self):
        thread = threading.current_thread()
        with patch.object(thread, "dbname", self.env.cr.dbname, create=True):
            rules = self.env["ir.http"].routing_map().iter_rules()
        return [rule for rule in rules if str(rule.rule).startswith("/telephony")]

    def test_only_the_signed_ones_are_without_csrf_protection(self):
        """CSRF: every route that accepts forms is protected, or signed by Twilio."""
        rules = self.get_rules()
        self.assertGreater(len(rules), 12)
        for rule in rules:
            routing = rule.endpoint.routing
            with self.subTest(rule.rule):
                if routing["type"] == "jsonrpc":
                    self.assertEqual(routing["auth"], "user")
                elif routing["auth"] != "twilio":
                    methods = set(routing.get("methods") or ("GET", "POST"))
                    self.assertTrue(routing.get("csrf", True) or not methods & {"POST"})
                else:
                    self.assertEqual(routing["methods"], ["POST"])
                    self.assertFalse(routing["save_session"])

    def test_form_of_another_site_gets_no_token(self):
        """CSRF: a form of another page sends the cookie, and gets nothing."""
        self.authenticate(self.ana.login, self.ana.login)
        with mute_logger("odoo.http"):
            for headers, data in (
                ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=b"),
                ({"Content-Type": "text/plain"}, b'{"jsonrpc": "2.0", "params": {}}'),
                ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--"),
            ):
                response = self.url_open("/telephony/token", data=data, headers=headers)
                self.assertNotIn("eyJ", response.text)

    def test_public_addresses_hold_nothing(self):
        """Routes without login return our own music, and answers without information."""
        public = {
            str(rule.rule)
            for rule in self.get_rules()
            if rule.endpoint.routing["auth"] in ("public", "none")
        }
        self.assertLessEqual(
            public,
            {
                "/telephony/twilio/ping",
                "/telephony/health",
                "/telephony/sound/<string:name>.wav",
                "/telephony/sound/hold_music/<int:seconds>.wav",
                "/telephony/sound/<int:attachment_id>/<string:token>",
                "/telephony/sound/<int:attachment_id>/<string:token>/<int:seconds>.wav",
            },
        )

    def test_music_needs_its_token(self):
        """An attachment of another kind cannot be fetched as music."""
        sound = self.env["telephony.sound"].create(
            {
                "name": "Hello",
                "kind": "url",
                "url": "https://sounds.example.com/hello.mp3",
                "company_id": self.company_a.id,
            }
        )
        for record in (self.partner, sound):
            secret = self.env["ir.attachment"].create(
                {
                    "name": "x.wav",
                    "raw": b"RIFF",
                    "res_model": record._name,
                    "res_id": record.id,
                    "access_token": "known",
                }
            )
            for token in ("known", "x", "False", "None"):
                for end in ("", "/5.wav"):
                    response = self.url_open(f"/telephony/sound/{secret.id}/{token}{end}")
                    self.assertEqual(response.status_code, 404)


@tagged("post_install", "-at_install")
class TestRecordings(TelephonyHttpCase):
    """Recordings are heard with permission only, and fetched from Twilio only."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.call = (
            cls.env["telephony.call"]
            .sudo()
            .create(
                {
                    "account_id": cls.account.id,
                    "direction": "incoming",
                    "state": "ended",
                    "outcome": "answered",
                    "user_id": cls.bob.id,
                    "customer_number": CUSTOMER,
                }
            )
        )
        cls.recording = (
            cls.env["telephony.recording"]
            .sudo()
            .create(
                {
                    "call_id": cls.call.id,
                    "account_id": cls.account.id,
                    "kind": "conversation",
                    "provider_recording_id": "RE" + "1" * 32,
                    "recorded_at": "2026-01-01 10:00:00",
                }
            )
        )
        cls.recording._on_fetch_done(b"RIFF0000WAVEfmt secret words")

    def test_address_of_a_recording(self):
        """An address alone opens neither our route nor the attachment."""
        attachment = self.recording.attachment_id
        self.assertFalse(attachment.public or attachment.access_token)
        paths = (
            f"/telephony/recording/{self.recording.id}",
            f"/web/content/{attachment.id}",
            f"/web/content/telephony.recording/{self.recording.id}/attachment_id",
            f"/web/content/{attachment.id}?access_token=False",
        )
        for user in (None, self.pia, self.ian, self.cleo, self.eva):
            self.authenticate(*((user.login, user.login) if user else (None, None)))
            for path in paths:
                with (
                    self.subTest(user=user and user.login, path=path),
                    mute_logger(
                        "odoo.addons.base.models.ir_rule",
                        "odoo.http",
                        "odoo.addons.base.models.ir_model",
                    ),
                ):
                    self.assertNotIn(b"secret words", self.url_open(path).content)
        self.authenticate(self.sue.login, self.sue.login)
        response = self.url_open(f"/telephony/recording/{self.recording.id}")
        self.assertIn(b"secret words", response.content)
        self.assertEqual(self.recording.access_ids.user_id, self.sue)

    def test_providers_address_is_never_followed(self):
        """SSRF: the sound is read by its identifier from the account's own server."""
        call, _verbs = self.call_in(sid=leg_sid(4))
        for url in ("http://169.254.169.254/latest", "file:///etc/passwd", "http://localhost:5432"):
            self.post_webhook(
                "recording",
                {
                    "CallSid": leg_sid(4),
                    "RecordingSid": "RE" + "2" * 32,
                    "RecordingUrl": url,
                    "RecordingStatus": "completed",
                    "RecordingDuration": "9",
                },
                {"call": call.uuid},
            )
        self.provider.answers["fetch_recording"] = b"RIFF0000WAVEfmt sound"
        self.run_job("telephony.recording", "_cron_fetch")
        [[sid, *others]] = self.provider.sent("fetch_recording")
        self.assertEqual(sid, "RE" + "2" * 32)
        self.assertNotIn("http", str(others))

    def test_identifiers_are_no_paths(self):
        """SSRF: an identifier that contains a path is refused."""
        call, _verbs = self.call_in(sid=leg_sid(4))
        for sid in ("RE1/../../Accounts", "http://evil", "RE%2f..", "RE1?x=1", "RE1#"):
            self.post_webhook(
                "recording",
                {
                    "CallSid": leg_sid(4),
                    "RecordingSid": sid,
                    "RecordingStatus": "completed",
                },
                {"call": call.uuid},
            )
        self.run_job("telephony.recording", "_cron_fetch")
        self.assertFalse(self.provider.sent("fetch_recording"))


@tagged("post_install", "-at_install")
class TestAddresses(TelephonyCase):
    """SSRF: only a system administrator chooses the servers that Odoo contacts."""

    def test_addresses_of_the_account(self):
        """Every field of the account that determines hosts is closed to all other users."""
        names = [
            name
            for name, field in self.account._fields.items()
            if field.type == "char" and ("url" in name or name in ("edge", "voice_gateway"))
        ]
        self.assertGreaterEqual(len(names), 5)
        for name, user in product(names, (self.max, self.sue, self.cleo, self.ian)):
            account = self.as_user(user, "telephony.account").browse(self.account.id)
            with (
                self.subTest(field=name, user=user.login),
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_model"),
            ):
                account.write({name: "http://169.254.169.254"})

    def test_other_kinds_of_addresses(self):
        for name, address in product(
            ("webhook_base_url", "api_base_url"),
            ("file:///etc/passwd", "gopher://x", "javascript:alert(1)", "//x", "ftp://x", "x"),
        ):
            with self.subTest(field=name, address=address), self.assertRaises(ValidationError):
                self.account.sudo().write({name: address})

    def test_no_field_of_others_is_an_address(self):
        """The server never fetches an address typed by agents or their administrators."""
        for model in self.env.values():
            if not model._name.startswith("telephony.") or model._transient:
                continue
            typed = {
                name
                for name, field in model._fields.items()
                if "url" in name and field.store and not field.readonly and not field.groups
            }
            # Twilio and the browser fetch the web address of a sound.
            self.assertEqual(typed, {"url"} if model._name == "telephony.sound" else set())


@tagged("post_install", "-at_install")
class TestScripts(TelephonyCase):
    """XSS: texts of callers and colleagues are shown, never executed."""

    def make_evil_world(self):
        self.partner.name = self.lead.name = EVIL
        self.lead.contact_name = EVIL
        self.number.name = EVIL
        self.ana.name = EVIL
        disposition = self.env["telephony.disposition"].create(
            {
                "name": EVIL,
                "company_id": self.company_a.id,
            }
        )
        call = self.dial()
        calls = self.as_user(self.ana)
        calls.save_note(call.uuid, EVIL + "\n" + EVIL)
        calls.hang_up(call.uuid)
        calls.wrap_up(call.uuid, {"disposition_id": disposition.id})
        return call

    def assert_harmless(self, markup, allowed):
        for element in html.fragment_fromstring(str(markup), create_parent="div").iterdescendants():
            self.assertIn(element.tag, allowed)
            names = {"class", "role", "title", "aria-label"}
            if element.tag == "a":
                # A link to a record names it by model and id.
                self.assertEqual(element.attrib["href"], "#")
                names = {"href", "data-oe-model", "data-oe-id"}
            self.assertLessEqual(set(element.attrib), names)

    def test_chatter(self):
        """The line of a call contains text in paragraphs, and an icon."""
        call = self.make_evil_world()
        body = call.message_id.body
        self.assertIn("&lt;script&gt;", str(body))
        self.assert_harmless(body, {"p", "i", "br", "span", "a"})

    def test_what_was_there_is_not_believed_either(self):
        """A crafted icon or class cannot come from a name."""
        self.partner.name = "%s %(number)s <p class='x'>"
        call = self.dial()
        self.as_user(self.ana).hang_up(call.uuid)
        self.assert_harmless(call.message_id.body, {"p", "i", "a"})

    def test_messages_of_the_bus_are_plain(self):
        """Bus messages are data: text as it was typed, without markup of ours."""
        call = self.make_evil_world()
        for payload in (call._to_client_for_me(), call._to_live()):
            self.assertNotIn("&lt;", json.dumps(payload))
            self.assertNotIn("<p", json.dumps(payload).replace(EVIL, ""))

    def test_caller_chooses_the_number_only(self):
        """A caller's own words in place of a number become neither a number nor markup."""
        calls = self.env["telephony.call"].sudo()
        for number, caller in enumerate((EVIL, "<b>1</b>", "=HYPERLINK(1)", "'; DROP TABLE", "☎")):
            calls._process_incoming(
                self.account,
                VoiceRequest(
                    leg_id=leg_sid(200 + number), caller=caller, called=self.number.number
                ),
            )
            call = calls.search([("provider_call_id", "=", leg_sid(200 + number))])
            self.assertFalse(call.customer_number)
            self.assertNotIn("<", call.display_name)

    def test_follow_up(self):
        """An activity is shown as HTML: typed text stays text."""
        call = self.make_evil_world()
        result = self.as_user(self.ana).schedule_follow_up(
            call.uuid,
            "task",
            {
                "date": "2026-12-01",
                "summary": EVIL,
                "note": EVIL,
            },
        )
        activity = self.env["mail.activity"].sudo().browse(result["activity_id"])
        self.assertNotIn(
            "onerror",
            etree.tostring(
                html.fragment_fromstring(str(activity.note or "<p/>"), create_parent="div"),
                encoding="unicode",
            ).replace("&lt;img src=x onerror", ""),
        )
        self.assertNotIn("<script", str(activity.note))


@tagged("post_install", "-at_install")
class TestDocuments(TelephonyHttpCase):
    """TwiML: names and prompts are spoken, they never become instructions."""

    def assert_spoken(self, verbs):
        tags = {element.tag for verb in verbs for element in verb.iter()}
        self.assertNotIn("Dial", tags)
        self.assertNotIn("Number", tags)

    def test_prompts(self):
        """An administrator's text becomes one Say, whatever it contains."""
        for kind in ("message", "menu", "voicemail"):
            self.ring.write({"kind": kind, "message": EVIL_TWIML})
            _call, verbs = self.call_in(sid=leg_sid(300 + len(kind)))
            self.assert_spoken(verbs)
            says = [element for verb in verbs for element in verb.iter("Say")]
            self.assertEqual([say.text for say in says], [EVIL_TWIML])

    def test_announcement_of_a_queue(self):
        queue = self.env["telephony.queue"].create(
            {
                "name": EVIL_TWIML,
                "company_id": self.company_a.id,
                "announcement": EVIL_TWIML,
                "agent_ids": [Command.set(self.agent_ana.ids)],
            }
        )
        self.ring.write({"kind": "queue", "queue_id": queue.id, "name": EVIL_TWIML})
        self.go_online(self.agent_ana)
        call, verbs = self.call_in_and_wait()
        self.assertEqual(call.state, "queued")
        self.assert_spoken(verbs)

    def test_name_of_the_agent_on_the_custom_phone(self):
        """A name spoken on an agent's custom phone stays text."""
        self.partner.name = self.ana.name = EVIL_TWIML
        self.agent_ana.write({"call_via": "phone", "phone_number": "+32470555555"})
        call = self.dial()
        self.run_after_commit()
        leg = call.leg_ids.filtered(lambda leg: leg.role == "agent")
        verbs = self.ask(
            "agent_phone",
            {"CallSid": leg.provider_leg_id or leg_sid(77)},
            {"call": call.uuid, "leg": str(leg.id)},
        )
        self.assert_spoken(verbs)

    def test_forwarding_goes_to_numbers_only(self):
        """A SIP address, browser or application is refused in place of a number."""
        for number in (
            "sip:x@evil.com",
            "client:u_1",
            "<Number>",
            "app:AP1",
            "+32470123456;ext=1,",
            "+3247012345612345678",
            "0",
        ):
            with self.subTest(number), self.assertRaises(UserError):
                self.ring.write({"kind": "forward", "forward_number": number})

    def test_dialing_goes_to_numbers_only(self):
        for number in (
            "sip:x@evil.com",
            "client:u_1",
            "app:AP1",
            "queue:waiting-1",
            EVIL,
            "%s",
            "\0",
            "a" * 5000,
        ):
            with self.subTest(number), self.assertRaises(UserError):
                self.dial(number=number)


@tagged("post_install", "-at_install")
class TestLimits(TelephonyCase):
    """Limits of frequency and size."""

    def test_calls_per_hour(self):
        self.company_a.telephony_calls_per_hour = 2
        for _turn in range(2):
            call = self.dial()
            self.as_user(self.ana).hang_up(call.uuid)
        with self.assertRaisesRegex(UserError, "company's limit"):
            self.dial()

    def test_verification_calls_per_hour(self):
        """A user cannot use Twilio to ring a stranger's telephone repeatedly."""
        self.registry_enter_test_mode()
        self.agent_ana.allow_caller_id = True
        self.provider.answers["start_verification"] = ("123456", leg_sid(1))
        caller_ids = self.as_user(self.ana, "telephony.caller.id")
        with self.assertRaisesRegex(UserError, "within an hour"):
            for _turn in range(10):
                caller_ids.start_verification("+32470999888", "Mine")
        self.assertLessEqual(len(self.provider.sent("start_verification")), 5)

    def test_searching_contacts_is_no_export(self):
        """A search returns fifty contacts at most, whatever limit is requested."""
        self.env["res.partner"].create(
            [{"name": f"Searched {number}", "phone": f"+3247{number:07d}"} for number in range(60)]
        )
        calls = self.as_user(self.ana)
        for limit in (100000, 0, None, -1, False):
            with self.subTest(limit=limit):
                self.assertLessEqual(len(calls.search_contacts("Searched", limit)), 50)

    def test_long_texts_are_refused(self):
        """A note that is cut without a word would seem to be saved."""
        call = self.dial()
        self.as_user(self.ana).save_note(call.uuid, "x" * 20000)
        for length in (20001, 100_000, 1_000_000):
            with self.assertRaisesRegex(UserError, "at most 20,000 characters"):
                self.as_user(self.ana).save_note(call.uuid, "y" * length)
        self.assertEqual(call.note, "x" * 20000)

    def test_identifiers_of_pages_are_bounded(self):
        agents = self.as_user(self.ana, "telephony.agent")
        for identifier in ("", "x", "x" * 65, None, "x" * 100000):
            with self.subTest(len(identifier or "")), self.assertRaises(UserError):
                agents.renew_lease(identifier)


@tagged("post_install", "-at_install")
class TestSecretsStayHere(TelephonyHttpCase):
    """A browser never loads a secret."""

    def test_session_and_pages(self):
        """The session's data, the start page and the answers to the softphone have no secret."""
        self.max.group_ids += self.env.ref("base.group_system")
        for user in (self.ana, self.max):
            self.authenticate(user.login, user.login)
            answers = [
                self.make_jsonrpc_request("/web/session/get_session_info", {}),
                self.make_jsonrpc_request(
                    "/web/dataset/call_kw/ir.http/lazy_session_info",
                    {
                        "model": "ir.http",
                        "method": "lazy_session_info",
                        "args": [],
                        "kwargs": {},
                    },
                ),
                self.as_user(user, "telephony.agent").softphone_snapshot()
                if user == self.ana
                else {},
                self.url_open("/odoo").text,
            ]
            for answer, secret in product(answers, SECRETS):
                self.assertNotIn(secret, str(answer))
            self.assertNotIn(self.agent_bob.sudo().identity, str(answers))

    def test_no_secret_is_tracked(self):
        """Neither messages about the account nor tracked values contain a secret."""
        self.account.sudo().auth_token = "n" * 32
        self.env.flush_all()
        for model in ("mail.message", "mail.tracking.value", "ir.logging"):
            records = self.env[model].sudo().search([], order="id desc", limit=50)
            self.assertNotIn("n" * 32, str(records.read()))

    def test_copy_of_an_account_has_none(self):
        copy = self.account.sudo().copy({"account_sid": "AC" + "d" * 32})
        self.assertFalse(copy.auth_token or copy.api_key_secret or copy.twiml_app_sid)
