"""The world of the tests: two companies, their agents, numbers, contacts, and a fake provider.

The fake provider only records its requests. No test ever leaves the machine.
"""

import inspect
import json
import logging
from contextlib import contextmanager, nullcontext
from unittest.mock import patch
from urllib.parse import urlencode

from lxml import etree
from passlib.context import CryptContext
from twilio.request_validator import RequestValidator

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Command
from odoo.http import request
from odoo.tests import HttpCase, TransactionCase
from odoo.tools import SQL

from odoo.addons.crm_telephony.models import gate
from odoo.addons.crm_telephony.models.call import after_commit
from odoo.addons.crm_telephony.providers.base import (
    ProviderClient,
    ProviderError,
    register_provider,
)
from odoo.addons.crm_telephony.providers.twilio.events import parse_leg_event
from odoo.addons.crm_telephony.providers.twilio.legs import LIVING
from odoo.addons.crm_telephony.providers.twilio.provider import TwilioProvider

from .twiml_table import check_document, get_kind

BASE_URL = "https://crm.example.test"
CUSTOMER = "+32470123456"
TOKEN = "t" * 32
TOKEN_B = "b" * 32
ROOM = "CF" + "7" * 32
QUEUE = "QU" + "8" * 32
LOGGER = "odoo.addons.crm_telephony"
REFUSED = f"{LOGGER}.models.ir_http"
# Caches of Odoo that depend on rows of Odoo's set-up only; each write of such a row clears them.
LASTING_CACHES = {"assets", "groups", "routing", "templates"}
# What `World` replaces, so that a test sends requests when it wants to.
register_request = after_commit.register


def leg_sid(number):
    """Return an identifier in the provider's form for legs.

    :param int number: index of the leg
    """
    return f"CA{number:032x}"


CALLER_LEG = leg_sid(1)
AGENT_LEG = leg_sid(50)


def _make_request(name):
    """Return a method that records a request; unusual arguments are a mistake.

    :param str name: method of `ProviderClient`
    """
    signature = inspect.signature(getattr(ProviderClient, name))

    def request(self, *args, **kwargs):
        signature.bind(self, *args, **kwargs)
        return self._receive(name, *args)

    return request


_Requests = type(
    "_Requests",
    (ProviderClient,),
    {name: _make_request(name) for name in ProviderClient.__abstractmethods__},
)


class FakeProvider(_Requests):
    """A client that records every request and carries none out.

    `failures` maps a method's name to a list of errors, one for each coming request (`None`: no
    error); `answers` maps a method's name to its result.
    """

    def __init__(self):
        self.requests = []
        self.failures = {}
        self.answers = {}
        self.legs = {}
        self.room = {}
        self._last = 1000

    def _receive(self, name, *args):
        self.requests.append((name, *args))
        error = (self.failures.get(name) or [None]).pop(0)
        if error:
            raise error
        if name == "fetch_recording":
            sound = self.answers[name]
            return [sound] if isinstance(sound, bytes) else sound  # it arrives in parts
        if name in self.answers:
            return self.answers[name]
        return self._get_default_answer(name, args)

    def _get_default_answer(self, name, args):
        if name in ("add_participant", "call_phone"):
            self._last += 1
            return leg_sid(self._last)
        if name in ("find_participant", "find_recording"):
            return ""
        if name == "find_conference":
            return ROOM
        if name == "start_recording":
            self._last += 1
            return f"RE{self._last:032x}"
        if name == "list_prices":
            return {}
        if name == "list_room":
            return dict(self.room)
        if name == "list_living_legs":
            return [
                parse_leg_event({"CallSid": sid, **leg})
                for sid, leg in self.legs.items()
                if leg["CallStatus"] in LIVING
            ]
        if name == "fetch_leg":
            if args[0] not in self.legs:
                raise ProviderError("Not found.", "not_found", 20404)
            return parse_leg_event({"CallSid": args[0], **self.legs[args[0]]})
        return None

    def sent(self, name):
        """Return the arguments of the requests with a name, in order."""
        return [args for method, *args in self.requests if method == name]


class FakeCarrier(TwilioProvider):
    """A provider whose client is a `FakeProvider`; its webhooks look like Twilio's."""

    def __init__(self, client):
        self.client = client

    def make_client(self, *args, **kwargs):
        return self.client


def use_provider(test, client):
    """Register a provider for the time of a test.

    :param FakeProvider client: client of all accounts
    """
    former = register_provider("twilio", FakeCarrier(client))
    test.addCleanup(register_provider, "twilio", former)


class _Complaints(logging.Handler):
    """Collects Odoo's warnings, except those that a test expects with `assertLogs`."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        if record.name.startswith(("odoo", "py.warnings")):
            self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


class _Outside(logging.Handler):
    """Collects what a web request changes outside the gate, see `gate.assert_inside`.

    The transaction of a test itself has already written, and cannot enter.
    """

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        if request and "outside the gate" in record.msg:
            self.lines.append(f"{record.getMessage()}\n{record.stack_info}")


class World:
    """The records of every test; mixed into a test case.

    Each class makes them in its transaction. `dev/test` saves that time: it calls `make_for_all`
    once in a database of its own.
    """

    # Attribute -> model and ids, of records that are in the database already.
    _made = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls._made:
            cls._set_context(*cls._made["company_a"][1], *cls._made["company_b"][1])
            for name, (model, ids) in cls._made.items():
                setattr(cls, name, cls.env[model].browse(ids))
            return
        cls._make_world()
        cls.env.flush_all()

    @classmethod
    def make_for_all(cls, cr):
        """Make the records of all classes of this process; the caller commits them.

        :param cr: cursor of a database that is only used for these tests
        """
        maker = type("Maker", (World,), {"env": api.Environment(cr, SUPERUSER_ID, {})})
        quick = CryptContext(["pbkdf2_sha512"], pbkdf2_sha512__rounds=1)
        users = type(maker.env["res.users"])
        with patch.object(users, "_crypt_context", lambda _users: quick):
            maker._make_world()
            maker.env.flush_all()
        World._made = {
            name: (value._name, value.ids)
            for name, value in vars(maker).items()
            if isinstance(value, models.BaseModel)
        }

    @classmethod
    def _make_world(cls):
        cls._make_companies()
        cls._make_users()
        cls._make_telephony()
        cls._make_contacts()

    @classmethod
    def _make_companies(cls):
        cls.belgium = cls.env.ref("base.be")
        cls.france = cls.env.ref("base.fr")
        cls.company_a, cls.company_b = cls.env["res.company"].create(
            [
                # Agents are free at once after a call, except in tests of the wrap-up.
                {
                    "name": name,
                    "country_id": country.id,
                    "telephony_wrap_up_seconds": 0,
                    # The rules about countries have tests of their own.
                    "telephony_country_policy": "all",
                }
                for name, country in (("Alpha", cls.belgium), ("Beta", cls.france))
            ]
        )
        cls._set_context(cls.company_a.id, cls.company_b.id)

    @classmethod
    def _set_context(cls, *company_ids):
        cls.env = cls.env(
            context={
                **cls.env.context,
                "tracking_disable": True,
                "mail_create_nolog": True,
                "allowed_company_ids": list(company_ids),
            }
        )

    @classmethod
    def _make_user(cls, login, groups, company=None, **values):
        return cls._create_users([cls._get_user_values(login, groups, company, values)])

    @classmethod
    def _create_users(cls, values_list):
        # Without the invitation by e-mail.
        users = cls.env["res.users"].with_context(no_reset_password=True).create(values_list)
        return users.with_env(cls.env)

    @classmethod
    def _get_user_values(cls, login, groups, company=None, values=()):
        company = company or cls.company_a
        return {
            "login": f"tel_{login}",
            "password": f"tel_{login}",
            "name": login.title(),
            "email": "t.t@example.com",
            "company_id": company.id,
            "company_ids": [Command.set(company.ids)],
            "group_ids": [Command.set([cls.env.ref(name).id for name in groups.split(",")])],
            **dict(values),
        }

    @classmethod
    def _make_users(cls):
        seller = "crm_telephony.group_user,sales_team.group_sale_salesman_all_leads"
        people = (
            ("ana", seller),
            ("bob", seller),
            ("cleo", "crm_telephony.group_user"),
            ("sue", "crm_telephony.group_supervisor"),
            ("max", "crm_telephony.group_manager"),
            ("ian", "base.group_user"),
            ("pia", "base.group_portal"),
            ("eva", "crm_telephony.group_manager", cls.company_b),
        )
        # All at once: eight times one user costs four times as many queries.
        users = cls._create_users([cls._get_user_values(*person) for person in people])
        # Each alone, so that reading one of them does not read the others.
        for (login, *_rest), user_id in zip(people, users.ids, strict=True):
            setattr(cls, login, users.browse(user_id))
        cls.public = cls.env.ref("base.public_user")

    @classmethod
    def _make_account(cls, letter, token, company):
        return cls.env["telephony.account"].create(
            {
                "name": f"Account {letter}",
                "company_id": company.id,
                "account_sid": "AC" + letter * 32,
                "auth_token": token,
                "api_key_sid": "SK" + letter * 32,
                "api_key_secret": f"secret-of-{letter}" * 3,
                "twiml_app_sid": "AP" + letter * 32,
                "webhook_base_url": BASE_URL,
                "state": "connected",
            }
        )

    @classmethod
    def _make_telephony(cls):
        cls.account = cls._make_account("a", TOKEN, cls.company_a)
        cls.account_b = cls._make_account("b", TOKEN_B, cls.company_b)
        agents = cls.env["telephony.agent"].create(
            [
                {"user_id": user.id, "company_id": user.company_id.id}
                for user in (cls.ana, cls.bob, cls.cleo, cls.eva)
            ]
        )
        cls.agent_ana, cls.agent_bob, cls.agent_cleo, cls.agent_eva = agents
        cls.flow = cls.env["telephony.flow"].create(
            {
                "name": "Sales",
                "company_id": cls.company_a.id,
                "language": "en_US",
            }
        )
        cls.ring, cls.no_answer_step, cls.closed_step = cls.env["telephony.flow.step"].create(
            [
                {
                    "flow_id": cls.flow.id,
                    "sequence": 1,
                    "name": "Sellers",
                    "kind": "ring",
                    "agent_ids": [Command.set((cls.agent_ana | cls.agent_bob).ids)],
                    "ring_seconds": 20,
                },
                {
                    "flow_id": cls.flow.id,
                    "sequence": 2,
                    "name": "Later",
                    "kind": "message",
                    "message": "Everybody is busy.",
                },
                {
                    "flow_id": cls.flow.id,
                    "sequence": 3,
                    "name": "Closed",
                    "kind": "message",
                    "message": "We are closed.",
                },
            ]
        )
        cls.ring.write(
            {
                "no_answer_step_id": cls.no_answer_step.id,
                "not_available_step_id": cls.closed_step.id,
            }
        )
        cls.number, cls.number_b = cls.env["telephony.number"].create(
            [
                {
                    "name": "Sales",
                    "number": "+3225550180",
                    "account_id": cls.account.id,
                    "flow_id": cls.flow.id,
                },
                {"name": "Ventes", "number": "+33155500180", "account_id": cls.account_b.id},
            ]
        )
        (cls.agent_ana | cls.agent_bob).number_ids = cls.number
        cls.agent_eva.number_ids = cls.number_b

    @classmethod
    def _make_contacts(cls):
        # The demonstration data contains a contact with this number, too.
        others = cls.env["res.partner"].with_context(allowed_company_ids=[]).sudo()
        others.search([("phone_sanitized", "=", CUSTOMER)]).phone = False
        cls.partner = cls.env["res.partner"].create(
            {
                "name": "Zoe Peeters",
                "phone": "0470 12 34 56",
                "country_id": cls.belgium.id,
                "company_id": cls.company_a.id,
            }
        )
        cls.lead = cls.env["crm.lead"].create(
            {
                "name": "A big order",
                "type": "opportunity",
                "partner_id": cls.partner.id,
                "company_id": cls.company_a.id,
                "user_id": cls.ana.id,
                "team_id": False,
            }
        )

    def setUp(self):
        known = dict(self.registry.cache_sequences)
        # Odoo clears all caches after each test, and computes every route and every group anew.
        with patch.object(self.registry, "clear_all_caches", lambda: self._clear_caches(known)):
            super().setUp()
        complaints = _Complaints()
        logging.getLogger().addHandler(complaints)
        self.addCleanup(lambda: self.assertEqual(complaints.lines, []))
        self.addCleanup(logging.getLogger().removeHandler, complaints)
        self._watch_gate()
        self.provider = FakeProvider()
        self.queued_requests = []
        self.notifications = []
        use_provider(self, self.provider)
        self.startPatcher(patch.object(after_commit, "register", self._collect_request))
        self.startPatcher(
            patch.object(self.registry["bus.bus"], "_sendone", self._collect_notification)
        )

    def _clear_caches(self, known):
        """Clear Odoo's caches after a test, except lasting ones that it did not invalidate.

        :param dict known: number of the last invalidation of each cache before the test
        """
        registry = self.registry
        names = registry.cache_invalidated | {
            name
            for name, number in registry.cache_sequences.items()
            if name not in LASTING_CACHES or number != known[name]
        }
        registry.clear_cache(*names)
        registry.cache_invalidated.difference_update(LASTING_CACHES)

    def _watch_gate(self):
        """Let each web request of this test enter the gate before it changes a call."""
        outside, logger = _Outside(), logging.getLogger(gate.__name__)
        level = logger.level
        logger.setLevel(logging.DEBUG)
        logger.addHandler(outside)
        self.addCleanup(lambda: self.assertEqual(outside.lines, []))
        self.addCleanup(logger.removeHandler, outside)
        self.addCleanup(logger.setLevel, level)

    # === COLLECTED DATA === #

    def _collect_request(self, records, name, *args):
        self.queued_requests.append((records._name, records.ids, name, args))

    def _collect_notification(self, channel, notification_type, message):
        # As it arrives in the browser; a record or a date in it is a mistake.
        message = json.loads(json.dumps(message))
        record, *_rest = channel if isinstance(channel, tuple) else (channel,)
        self.notifications.append(((record._name, record.id), notification_type, message))

    def run_after_commit(self):
        """Send the requests that wait for the end of the transaction and write their results."""
        while self.queued_requests:
            model, ids, name, args = self.queued_requests.pop(0)
            records = self.env[model].sudo().browse(ids)
            result = after_commit.send(records, name, *args)
            if result:
                after_commit.save_result(records, result)
        self.env.flush_all()

    def run_job(self, model, method_name):
        """Run a job and send its requests."""
        endless = patch.object(
            self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: float("inf")
        )
        with endless:
            getattr(self.env[model], method_name)()
        self.run_after_commit()

    def notified(self, user, notification_type=None):
        """Return a user's bus messages: payloads of one type, or pairs of type and payload."""
        channel = ("res.partner", user.partner_id.id)
        messages = [
            (kind, payload) for target, kind, payload in self.notifications if target == channel
        ]
        if notification_type is None:
            return messages
        kind = f"telephony/{notification_type}"
        return [payload for name, payload in messages if name == kind]

    @classmethod
    def make_hours(cls, hour_from, hour_to, *, days=range(7), tz="UTC"):
        """Return a calendar with the same hours on each of the days, 0 for Monday."""
        days_of_week = (
            Command.create(
                {
                    "name": str(day),
                    "dayofweek": str(day),
                    "day_period": "morning",
                    "hour_from": hour_from,
                    "hour_to": hour_to,
                }
            )
            for day in days
        )
        return cls.env["resource.calendar"].create(
            {
                "name": "Hours",
                "company_id": cls.company_a.id,
                "tz": tz,
                "attendance_ids": [Command.clear(), *days_of_week],
            }
        )

    # === ACTS === #

    @contextmanager
    def shared_cursor(self):
        """Make cursors opened in this block use the test's connection and see what it wrote."""
        self.env.flush_all()
        with nullcontext() if self._registry_patched else self.enter_registry_test_mode():
            yield

    def simulate_call(self, flow, caller, moment, keys=""):
        """Return the story of a simulated call through a flow, sentence by sentence."""
        simulation = self.env["telephony.flow.simulation"]
        with self.shared_cursor():
            parts = simulation._simulate(flow.id, caller, moment, keys)
        return [sentence for part in parts for sentence in part["sentences"]]

    def as_user(self, user, model="telephony.call"):
        """Return a model as a user's own browser calls it."""
        company = user.company_id
        return self.env(
            user=user.id,
            su=False,
            context={
                "allowed_company_ids": company.ids,
                "lang": user.lang,
                "tz": user.tz,
            },
        )[model]

    def go_online(self, *agents):
        """Make agents reachable: online, with an open page."""
        for agent in agents:
            agent.status = "online"
            self.env["telephony.agent.lease"]._renew(agent, f"page-of-{agent.id}")
        self.env.flush_all()
        self.env.invalidate_all()

    def let_time_pass(self, seconds):
        """Move every deadline and time of all calls into the past, without waiting."""
        self.env.flush_all()
        for table, columns in {
            "telephony_call": (
                "started_at",
                "claimed_at",
                "deadline_at",
                "answered_at",
                "step_entered_at",
                "line_wanted_at",
                "recording_announced_at",
                "write_date",
            ),
            "telephony_call_leg": (
                "initiated_at",
                "ringing_at",
                "answered_at",
                "ended_at",
                "create_date",
                "write_date",
                "moved_at",
                "missed_at",
            ),
            "telephony_recording": ("write_date",),
            "telephony_offer": (
                "expires_at",
                "offered_at",
                "closed_at",
                "create_date",
                "write_date",
            ),
            "telephony_agent": ("wrap_up_started_at", "wrap_up_until"),
            "telephony_dialed_leg": ("dialed_at",),
            "telephony_caller_id": ("expires_at", "write_date"),
        }.items():
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET %s",
                    SQL.identifier(table),
                    SQL(", ").join(
                        SQL(
                            "%s = %s - %s * interval '1 second'",
                            SQL.identifier(column),
                            SQL.identifier(column),
                            seconds,
                        )
                        for column in columns
                        if self._has_column(table, column)
                    ),
                )
            )
        self.env.invalidate_all()

    def _has_column(self, table, column):
        model = table.replace("telephony_call_leg", "telephony.call.leg").replace("_", ".")
        return column in self.env[model]._fields

    def dial(self, user=None, number=CUSTOMER, **kwargs):
        """Dial as a user and return the call as superuser."""
        data = self.as_user(user or self.ana).dial(number, **kwargs)
        return self.env["telephony.call"].sudo().browse(data["id"])

    def customer(self, call):
        """Return the customer's leg of a call."""
        return call.leg_ids.filtered(lambda leg: leg.role == "customer")

    def url_of(self, route, call, **query):
        """Return the address of a webhook of a call, which names its account."""
        query = {"call": call.uuid, **query, "account": call.account_id.id}
        return f"{BASE_URL}/telephony/twilio/{route}?{urlencode(query)}"

    @contextmanager
    def assert_log(self, module, level, text):
        """Expect a line of one of the addon's loggers, and keep it out of the log."""
        with self.assertLogs(f"{LOGGER}.{module}", level) as captured:
            yield
        self.assertTrue(
            any(text in line for line in captured.output), f"“{text}” is not in {captured.output}"
        )

    def assertSeconds(self, moment, seconds, tolerance=2):
        """Check that a time is a number of seconds from now."""
        self.assertAlmostEqual(
            (moment - fields.Datetime.now()).total_seconds(), seconds, delta=tolerance
        )


class TelephonyCase(World, TransactionCase):
    """Tests without HTTP requests."""


class TelephonyHttpCase(World, HttpCase):
    """Tests through the webhooks, as the provider calls them."""

    def post_webhook(self, route, params=None, query=None, sign=True, body=None, **kwargs):
        """Send a webhook as the provider does.

        :param str route: last part of the path, or a whole address from a voice response
        :param dict params: fields; `AccountSid` is added; None: without this field
        :param dict query: parameters of our own in the address
        :param sign: True; False: no signature; a text: the secret to sign with
        :param bytes body: sent in place of the fields, signed as if there were none
        :return: the answer
        """
        path = (
            route.removeprefix(BASE_URL)
            if route.startswith(BASE_URL)
            else f"/telephony/twilio/{route}" + (f"?{urlencode(query)}" if query else "")
        )
        # sudo: the test's own account
        form = {"AccountSid": self.account.sudo().account_sid, **(params or {})}
        form = {name: value for name, value in form.items() if value is not None}
        headers = {**kwargs.pop("headers", {})}
        if sign:
            validator = RequestValidator(TOKEN if sign is True else sign)
            headers["X-Twilio-Signature"] = validator.compute_signature(
                BASE_URL + path, {} if body is not None else form
            )
        response = self.url_open(
            path,
            data=form if body is None else body,
            headers=headers,
            allow_redirects=False,
            method="POST",
            **kwargs,
        )
        self.env.invalidate_all()
        if response.status_code == 200 and "xml" in response.headers.get("Content-Type", ""):
            self.assertFalse(check_document(response.content, get_kind(path)), response.text)
        return response

    def ask(self, route, params=None, query=None, **kwargs):
        """Send a webhook and read the TwiML of its answer.

        :return: the verbs, as elements
        :rtype: list
        """
        return self.read(self.post_webhook(route, params, query, **kwargs))

    def read(self, response):
        """Return the verbs of a TwiML text; anything else is a failure."""
        self.assertEqual(response.status_code, 200, response.text[:300])
        self.assertIn("text/xml", response.headers["Content-Type"])
        root = etree.fromstring(response.content)
        self.assertEqual(root.tag, "Response")
        return list(root)

    def names(self, verbs):
        """Return the names of verbs."""
        return [verb.tag for verb in verbs]

    def heard_seconds(self, verbs):
        """Return the length of a voice response of sounds and silence."""
        seconds = 0
        for verb in verbs:
            if verb.tag == "Pause":
                seconds += int(verb.get("length"))
            else:
                self.assertEqual(verb.tag, "Play")
                # The music is cut to the length in its name.
                name = verb.text.rsplit("/", 1)[1].removesuffix(".wav")
                length = {"ringback": 5, "ringback_tone": 1}.get(name) or int(name)
                seconds += length * int(verb.get("loop", 1))
        return seconds

    # === STORIES === #

    def call_in(self, from_=CUSTOMER, to=None, sid=CALLER_LEG, **params):
        """Call our number; return the call and the first voice response."""
        verbs = self.ask(
            "voice",
            {
                "CallSid": sid,
                "From": from_,
                "To": to or self.number.number,
                "CallStatus": "ringing",
                "Direction": "inbound",
                **params,
            },
        )
        call = self.env["telephony.call"].search([("provider_call_id", "=", sid)])
        return call, verbs

    def call_in_and_wait(self, **kwargs):
        """Call our number and fetch the first voice response of the waiting room."""
        call, [enqueue] = self.call_in(**kwargs)
        self.assertEqual(enqueue.tag, "Enqueue")
        return call, self.wait(call)

    def wait(self, call, **params):
        """Request the next voice response of a waiting caller."""
        return self.ask(
            "wait",
            {
                "CallSid": call.provider_call_id or self.customer(call).provider_leg_id,
                "QueueSid": QUEUE,
                "QueueTime": "1",
                **params,
            },
            {"call": call.uuid},
        )

    def hear_ringing(self, call):
        """Hear a call ring at an agent. A reminder of the offer divides the voice response.

        :return: both responses, as elements
        :rtype: tuple(list, list)
        """
        first = self.wait(call)
        self.let_time_pass(2)
        return first, self.wait(call)

    def hear_whole_ringing(self, call):
        """Return the seconds for which a caller hears an offer ring that was just made.

        It may also be made by the request, after another one has expired.
        """
        now = fields.Datetime.now()
        for offer in call._get_open_offers().filtered(lambda offer: offer.expires_at > now)[:1]:
            # What a slow computer has lost since then is given back.
            self.let_time_pass(-(now - offer.offered_at).total_seconds())
        return sum(map(self.heard_seconds, self.hear_ringing(call)))

    def step(self, call, **params):
        """Request the voice response after the waiting room."""
        return self.ask(
            "step",
            {
                "CallSid": self.customer(call).provider_leg_id,
                "QueueResult": "leave",
                **params,
            },
            {"call": call.uuid},
        )

    def connect_browser(self, call, agent, sid=AGENT_LEG):
        """Connect an agent's browser and return the answer."""
        return self.ask(
            "client",
            {
                "CallSid": sid,
                "From": f"client:{agent.sudo().identity}",
                "To": "",
                "uuid": call.uuid,
                "Direction": "inbound",
                "CallStatus": "ringing",
            },
        )

    def tell_leg(self, call, sid, status, sequence=None, leg=None, **params):
        """Report on a leg as the provider does."""
        if sequence is not None:
            params["SequenceNumber"] = str(sequence)
        query = {"call": call.uuid, **({"leg": leg.id} if leg else {})}
        response = self.post_webhook(
            "status", {"CallSid": sid, "CallStatus": status, **params}, query
        )
        self.assertEqual((response.status_code, response.text), (200, ""))

    def tell_room(self, call, sid, event, sequence, **params):
        """Report on a conference as the provider does."""
        response = self.post_webhook(
            "conference",
            {
                "ConferenceSid": ROOM,
                "FriendlyName": call.uuid,
                "CallSid": sid,
                "StatusCallbackEvent": event,
                "SequenceNumber": str(sequence),
                **params,
            },
            {"call": call.uuid},
        )
        self.assertEqual((response.status_code, response.text), (200, ""))

    def talk(self, call=None, agent=None, user=None, sid=AGENT_LEG):
        """Bring an incoming call to the point where both speak."""
        agent, user = agent or self.agent_ana, user or self.ana
        if call is None:
            self.go_online(self.agent_ana, self.agent_bob)
            call, _verbs = self.call_in_and_wait()
        self.as_user(user).accept(call.uuid)
        self.connect_browser(call, agent, sid)
        self.run_after_commit()
        self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        self.tell_room(call, call.provider_call_id, "participant-join", 0)
        self.assertEqual(call.state, "in_progress")
        return call
