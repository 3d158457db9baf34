"""Thousands of damaged requests on every webhook are refused without a trace, or answered politely.

`TELEPHONY_MUTATIONS` is their number (1,000 when not set), `TELEPHONY_SEED` chooses others. Each
request meets the same world, because its changes are rolled back.
"""

import base64
import hashlib
import hmac
import logging
import os
import random
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from lxml import etree

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.crm_telephony.tools.call_states import is_legal

from ..common import (
    BASE_URL,
    CUSTOMER,
    LOGGER,
    QUEUE,
    ROOM,
    TOKEN,
    TOKEN_B,
    TelephonyHttpCase,
    leg_sid,
)

COUNT = int(os.environ.get("TELEPHONY_MUTATIONS") or 1000)
SEED = int(os.environ.get("TELEPHONY_SEED") or 19)
REPORTS = {"status", "conference", "recording", "caller_id", "call_me_status"}
VERBS = {
    "Say",
    "Play",
    "Pause",
    "Dial",
    "Enqueue",
    "Gather",
    "Hangup",
    "Leave",
    "Record",
    "Redirect",
    "Reject",
}
#: Values that a stranger may put into a field.
GARBAGE = (
    "",
    " ",
    "\0",
    "CA\0" + "1" * 30,
    "9" * 2000,
    "☎" * 40,
    "' OR 1=1 --",
    "%00%ff",
    "-1",
    "1e9",
    "<Say>hi</Say>",
    "]]><Dial>+33899000000</Dial>",
    "&amp;",
    "\r\nX-Evil: 1",
    "../../etc/passwd",
    "None",
    "True",
    "[]",
    "{}",
    "null",
    "\U0001f600",
    "e\u0301",
    "\u202egnp.exe",
    "client:u_",
    "sip:me@example.com",
    "+",
    "00",
    "+266696687",
    "completed",
    "in-progress",
    "queued",
    "leave",
    "redirected",
    "1",
    "#",
    "Mon, 99 Foo 2026",
    "2147483648",
    "٣",
    "a" * 64,
    "http://169.254.169.254/latest/meta-data",
    "javascript:alert(1)",
)


class _Log(logging.Handler):
    """Collects log lines as they would be printed."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        text = record.getMessage()
        if record.exc_info:
            text += logging.Formatter().formatException(record.exc_info)
        self.lines.append((record.levelname, record.name, text))


@contextmanager
def captured_log():
    """Capture all log lines that the server writes during these requests."""
    handler, loggers = _Log(), []
    for name in (LOGGER, "odoo.http", "odoo.sql_db", "odoo.service.model", "werkzeug"):
        logger = logging.getLogger(name)
        loggers.append((logger, logger.propagate, logger.handlers, logger.level))
        logger.propagate, logger.handlers = False, [handler]
        logger.setLevel(logging.INFO)
    try:
        yield handler.lines
    finally:
        for logger, propagate, handlers, level in loggers:
            logger.propagate, logger.handlers = propagate, handlers
            logger.setLevel(level)


def sign(secret, address, fields):
    """Compute Twilio's signature by its description, apart from the library the addon uses.

    :param str secret: auth token of the account
    :param str address: whole address
    :param list fields: pairs of name and value
    """
    values = {}
    for name, value in fields:
        values.setdefault(name, set()).add(value)
    text = address + "".join(
        name + value for name in sorted(values) for value in sorted(values[name])
    )
    digest = hmac.new(secret.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha1)
    return base64.b64encode(digest.digest()).decode()


class Damage:
    """Changes requests at random, always in the same way for the same seed."""

    def __init__(self, seed, others):
        self.random, self.others = random.Random(seed), others

    def value(self, value):
        """Return another value in place of one."""
        draw = self.random
        kind = draw.randrange(6)
        if kind == 0 and value:
            place = draw.randrange(len(value))
            return value[:place] + chr(draw.randrange(32, 1200)) + value[place + 1 :]
        if kind == 1:
            return value[: draw.randrange(len(value) + 1)]
        if kind == 2:
            return value.swapcase() + draw.choice(("", " ", "0"))
        if kind == 3:
            return draw.choice(self.others)
        return draw.choice(GARBAGE)

    def fields(self, fields):
        """Damage some fields: change, drop, repeat, add or exchange them."""
        draw, fields = self.random, list(fields)
        for _turn in range(draw.choice((1, 1, 2, 4, 12))):
            place = draw.randrange(len(fields)) if fields else 0
            kind = draw.randrange(8)
            if not fields or kind == 0:
                fields.append(
                    (
                        draw.choice(("X", "call", "leg", "Digits", "From", "é", "")),
                        draw.choice(GARBAGE),
                    )
                )
            elif kind == 1:
                del fields[place]
            elif kind == 2:
                fields.append((fields[place][0], self.value(fields[place][1])))
            elif kind == 3:
                other = draw.randrange(len(fields))
                (a, x), (b, y) = fields[place], fields[other]
                fields[place], fields[other] = (a, y), (b, x)
            else:
                fields[place] = (fields[place][0], self.value(fields[place][1]))
        return fields


@tagged("post_install", "-at_install")
class TestMutatedWebhooks(TelephonyHttpCase):
    """Strangers who know our addresses may send any request."""

    share_size = 50

    def setUp(self):
        super().setUp()
        self.go_online(self.agent_bob)
        self.running = self.talk(
            self.call_in_and_wait(sid=leg_sid(11))[0], self.agent_bob, self.bob
        )
        self.go_online(self.agent_ana)
        self.ringing, _verbs = self.call_in_and_wait(sid=leg_sid(10))
        self.ended, _verbs = self.call_in(sid=leg_sid(12))
        self.tell_leg(self.ended, leg_sid(12), "completed", CallDuration="0")
        self.foreign = (
            self.env["telephony.call"]
            .sudo()
            .create(
                {
                    "account_id": self.account_b.id,
                    "direction": "incoming",
                    "state": "ringing",
                    "provider_call_id": leg_sid(13),
                    "customer_number": CUSTOMER,
                    "leg_ids": [
                        (
                            0,
                            0,
                            {
                                "account_id": self.account_b.id,
                                "role": "customer",
                                "label": "customer",
                                "provider_leg_id": leg_sid(13),
                                "status": "in_progress",
                            },
                        )
                    ],
                }
            )
        )
        self.calls = self.ringing | self.running | self.ended
        self.env.flush_all()
        self.queued_requests.clear()
        self.provider.requests.clear()
        self.sid = self.account.sudo().account_sid
        self.secrets = [TOKEN, TOKEN_B, "secret-of-a" * 3, "secret-of-b" * 3, CUSTOMER]
        self.tables = self.get_tables()

    def get_routes(self):
        """Return the last part of the path of every webhook, as Odoo knows them."""
        return sorted(
            {
                str(rule.rule).rsplit("/", 1)[1]
                for rule in self.env["ir.http"].routing_map().iter_rules()
                if rule.endpoint.routing.get("auth") == "twilio"
            }
        )

    def get_tables(self):
        """Return the tables in which a webhook could leave something."""
        names = {
            model._table
            for model in self.env.values()
            if model._auto
            and not model._abstract
            and not model._transient
            and model._name.startswith("telephony.")
        }
        return sorted(
            names
            | {
                "res_users",
                "res_partner",
                "crm_lead",
                "mail_message",
                "ir_attachment",
                "mail_activity",
                "ir_config_parameter",
            }
        )

    def get_requests(self):
        """Return real requests: the last part of the path, the query, the fields."""
        result = []
        for route in self.get_routes():
            for call in self.calls:
                leg = self.customer(call)
                query = (
                    []
                    if route in ("voice", "client", "fallback")
                    else [("call", call.uuid), ("leg", str(leg.id))]
                )
                if route == "wait":
                    query.append(("hold", "1"))
                agent = self.agent_bob.sudo().identity
                result.append(
                    (
                        route,
                        query,
                        [
                            ("AccountSid", self.sid),
                            ("ApiVersion", "2010-04-01"),
                            ("CallSid", leg.provider_leg_id if route != "voice" else leg_sid(90)),
                            ("From", f"client:{agent}" if route == "client" else CUSTOMER),
                            ("To", self.number.number),
                            ("Direction", "inbound"),
                            ("uuid", call.uuid),
                            ("CallStatus", "in-progress"),
                            ("SequenceNumber", "3"),
                            ("FromCity", ""),
                            ("Timestamp", "Mon, 02 Mar 2026 10:00:07 +0000"),
                            ("CallDuration", "3"),
                            ("QueueResult", "leave"),
                            ("QueueSid", QUEUE),
                            ("QueueTime", "3"),
                            ("ConferenceSid", ROOM),
                            ("FriendlyName", call.uuid),
                            ("StatusCallbackEvent", "participant-hold"),
                            ("ParticipantLabel", "customer"),
                            ("RecordingSid", "RE" + "4" * 32),
                            ("RecordingStatus", "completed"),
                            ("RecordingDuration", "9"),
                            ("Digits", "1"),
                            ("DialCallStatus", "busy"),
                            ("VerificationStatus", "success"),
                            ("ErrorCode", "11200"),
                        ],
                    )
                )
        return result

    def fingerprint(self):
        """Return the contents of the tables, by table."""
        self.env.cr.execute(
            SQL(" UNION ALL ").join(
                SQL(
                    "SELECT %s, md5(coalesce(string_agg(t::text, '|' ORDER BY id), '')) FROM %s t",
                    table,
                    SQL.identifier(table),
                )
                for table in self.tables
            )
        )
        return dict(self.env.cr.fetchall())

    def send(self, path, fields, signature, **headers):
        response = self.url_open(
            path,
            data=urlencode(fields, errors="surrogatepass").encode(),
            method="POST",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                **(
                    {"X-Twilio-Signature": signature.encode("utf-8", "replace")}
                    if signature is not None
                    else {}
                ),
                **headers,
            },
            allow_redirects=False,
        )
        self.env.invalidate_all()
        return response

    @contextmanager
    def undone(self):
        """Run a request and undo its changes."""
        self.env.cr.execute("SAVEPOINT before_request")
        try:
            yield
        finally:
            self.env.cr.execute("ROLLBACK TO SAVEPOINT before_request")
            self.env.invalidate_all()
            self.queued_requests.clear()
            self.notifications.clear()

    def get_path(self, route, query):
        text = "&".join(f"{quote(name)}={quote(value)}" for name, value in query)
        return f"/telephony/twilio/{route}" + (f"?{text}" if text else "")

    def assert_silent(self, lines):
        """Check that the log contains no secret and no whole number of a customer."""
        # The web server's own line repeats the address, into which the damage writes anything.
        text = "\n".join(line for _level, name, line in lines if name != "werkzeug")
        for secret in self.secrets:
            self.assertNotIn(secret, text)

    # === WITHOUT A VALID SIGNATURE === #

    def forge(self, damage, request):
        """Return a request that differs from the signed one: path, fields, signature."""
        route, query, fields = request
        path, draw = self.get_path(route, query), damage.random
        signature = sign(TOKEN, BASE_URL + path, fields)
        kind = draw.randrange(8)
        if kind == 0:
            signature = draw.choice(
                (
                    None,
                    "",
                    "é☎",
                    "=" * 28,
                    signature[:-2],
                    signature * 2,
                    signature.lower(),
                    "A" * 5000,
                )
            )
        elif kind == 1:
            signature = sign(
                draw.choice((TOKEN_B, "", TOKEN[:-1], "None")), BASE_URL + path, fields
            )
        elif kind == 2:
            query = damage.fields(query or [("call", self.ringing.uuid)])
            path = self.get_path(route, query)
        elif kind == 3:
            path = self.get_path(draw.choice(self.get_routes()), query) + "&x=1"
        else:
            fields = damage.fields(fields)
        return path, fields, signature

    def is_signed(self, path, fields, signature):
        return signature == sign(TOKEN, BASE_URL + path, fields) and (
            next((value for name, value in fields if name == "AccountSid"), "") == self.sid
        )

    def test_forged_requests_leave_no_trace(self):
        """B.9: a request without the secret is refused and changes nothing."""
        requests = self.get_requests()
        damage = Damage(
            SEED, [value for _route, _query, fields in requests for _name, value in fields]
        )
        # The time of a refusal is stored once a minute; see `test_edge`.
        self.env.cr.execute("UPDATE telephony_account SET last_refused_at = '2100-01-01'")
        before = self.fingerprint()
        with captured_log() as lines:
            for number in range(COUNT * 6 // 10):
                path, fields, signature = self.forge(damage, damage.random.choice(requests))
                if self.is_signed(path, fields, signature):
                    continue
                response = self.send(path, fields, signature)
                context = f"request {number} of seed {SEED}: {path} {fields} {signature!r}"
                self.assertIn(response.status_code, (400, 403, 404), context)
                self.assertNotIn("Response>", response.text, context)
                if number % 50 == 0:
                    self.assertEqual(self.fingerprint(), before, context)
            self.assertFalse(self.queued_requests + self.provider.requests)
        self.assertEqual(self.fingerprint(), before)
        self.assertFalse([line for line in lines if line[0] in ("ERROR", "CRITICAL")])
        self.assert_silent(lines)

    # === SIGNED, BUT DAMAGED === #

    def assert_answered(self, route, response, context):
        """Check the answer: known TwiML verbs for a question, an empty text for a report."""
        self.assertEqual(response.status_code, 200, context)
        if route in REPORTS:
            self.assertEqual(response.text, "", context)
            return
        self.assertIn("text/xml", response.headers["Content-Type"], context)
        root = etree.fromstring(response.content)
        self.assertEqual(root.tag, "Response", context)
        self.assertLessEqual({verb.tag for verb in root}, VERBS, context)
        self.assertFalse(root.xpath("//Dial/Number"), context)

    def assert_sane(self, before, states, context):
        """Check that configuration and foreign calls are unchanged, and state changes legal."""
        after = self.fingerprint()
        changed = {table for table in after if after[table] != before[table]}
        self.assertLessEqual(changed, self.may_change, context)
        foreign = self.foreign.sudo()
        self.assertEqual((foreign.state, foreign.leg_ids.status), ("ringing", "in_progress"))
        for call, state in states.items():
            self.assertTrue(call.state == state or is_legal(state, call.state), context)
        for model, ids, _method, _arguments in self.queued_requests:
            if model == "telephony.call":
                self.assertNotIn(foreign.id, ids, context)

    may_change = {
        "telephony_call",
        "telephony_call_leg",
        "telephony_call_event",
        "telephony_call_timeline",
        "telephony_offer",
        "telephony_agent",
        "telephony_recording",
        "mail_message",
        "ir_attachment",
        "telephony_callback",
        "telephony_queue_callback",
        "mail_activity",
    }

    def test_damaged_requests_are_answered(self):
        """B.8: the provider's own requests, damaged, always get an answer that it understands."""
        requests = self.get_requests()
        damage = Damage(
            SEED + 1,
            [
                *(value for _route, _query, fields in requests for _name, value in fields),
                self.foreign.uuid,
                leg_sid(13),
                self.account_b.sudo().account_sid,
                self.number_b.number,
                f"client:{self.agent_eva.sudo().identity}",
            ],
        )
        before = self.fingerprint()
        states = {call: call.state for call in self.calls}
        with captured_log() as lines:
            for number in range(COUNT - COUNT * 6 // 10):
                route, query, fields = damage.random.choice(requests)
                if query and damage.random.random() < 0.4:
                    query = damage.fields(query)
                # The account must be the one that signs.
                fields = [("AccountSid", self.sid), *damage.fields(fields[1:])]
                path = self.get_path(route, query)
                context = f"request {number} of seed {SEED}: {path} {fields}"
                with self.undone():
                    response = self.send(path, fields, sign(TOKEN, BASE_URL + path, fields))
                    self.assert_answered(route, response, context)
                    self.assert_sane(before, states, context)
        failed = [
            line
            for line in lines
            if line[0] in ("ERROR", "CRITICAL") and "could not use an answer" not in line[2]
        ]
        self.assertFalse(failed, failed[:2])
        self.assert_silent(lines)
