"""Every method open to browsers, found by introspection, is tried by all roles with foreign data.

A new method is tested without a change here, as long as the names of its parameters are
known; an unknown parameter gets an unexpected value.
"""

import inspect
import json
from itertools import product

from odoo import fields
from odoo.exceptions import AccessError
from odoo.service.model import get_public_method
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..common import CUSTOMER, TelephonyCase, leg_sid

ADDON = "odoo.addons.crm_telephony"
#: Methods of Odoo's own, which this addon extends: their rights are Odoo's, see `test_access`.
EXTENDED = {
    "create",
    "write",
    "unlink",
    "copy",
    "read",
    "name_search",
    "get_values",
    "set_values",
    "default_get",
    "fields_get",
    "get_view",
    "get_views",
    "onchange",
    "session_info",
}
#: Words that only records of the first company contain.
CONFIDENTIAL = (
    "secret note",
    "Zoe Peeters",
    "A big order",
    CUSTOMER,
    "470 12 34 56",
    "secret recording",
)
#: Answers that need no right, because they contain no data.
HARMLESS = {
    ("crm.lead", "action_view_telephony_calls"),
    ("res.partner", "action_view_telephony_calls"),
}
#: Methods whose answer repeats the number that the user has typed, and no other.
REPEATING = {("telephony.test.call", "start")}
MUTED = ("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule", "odoo.sql_db")


class EveryMethodCase(TelephonyCase):
    """Finds the public methods, and calls them as a browser does."""

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
                    "state": "in_progress",
                    "user_id": cls.bob.id,
                    "customer_number": CUSTOMER,
                    "number_id": cls.number.id,
                    "note": "secret note",
                    "partner_id": cls.partner.id,
                    "lead_id": cls.lead.id,
                    "provider_call_id": leg_sid(70),
                    "provider_conference_id": "CF" + "7" * 32,
                    "answered_at": fields.Datetime.now(),
                    "leg_ids": [
                        (
                            0,
                            0,
                            {
                                "account_id": cls.account.id,
                                "role": "customer",
                                "label": "customer",
                                "provider_leg_id": leg_sid(70),
                                "status": "in_progress",
                            },
                        ),
                        (
                            0,
                            0,
                            {
                                "account_id": cls.account.id,
                                "role": "agent",
                                "label": "agent-1",
                                "user_id": cls.bob.id,
                                "provider_leg_id": leg_sid(71),
                                "status": "in_progress",
                            },
                        ),
                    ],
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
                    "state": "stored",
                }
            )
        )
        cls.caller_id = (
            cls.env["telephony.caller.id"]
            .sudo()
            .create(
                {
                    "account_id": cls.account.id,
                    "agent_id": cls.agent_bob.id,
                    "name": "Bob's",
                    "number": "+32470777777",
                    "state": "verified",
                }
            )
        )
        cls.env.flush_all()

    def get_methods(self):
        """Return model, name and signature of every public method that this addon adds."""
        for model in sorted(self.env):
            records = self.env[model]
            names = {
                name
                for base in type(records).__mro__
                if base.__module__.startswith(ADDON)
                for name, value in vars(base).items()
                if inspect.isfunction(value) and not name.startswith("_")
            }
            for name in sorted(names - EXTENDED):
                try:
                    method = get_public_method(records, name)
                except AccessError:
                    continue
                parameters = list(inspect.signature(method).parameters.values())
                yield model, name, [p for p in parameters if p.name != "self"]

    def get_target(self, model):
        """Return a record of the first company, on which the method is called."""
        return {
            "telephony.call": self.call,
            "telephony.account": self.account,
            "telephony.number": self.number,
            "telephony.agent": self.agent_bob,
            "telephony.flow": self.flow,
            "telephony.flow.step": self.ring,
            "telephony.recording": self.recording,
            "telephony.caller.id": self.caller_id,
            "res.partner": self.partner,
            "crm.lead": self.lead,
        }.get(model) or self.env[model].sudo().search([], limit=1)

    def get_value(self, parameter, variant):
        """Return an argument of an attacker.

        :param int variant: 0: data of the first company; 1: nonsense
        """
        known = {
            "uuid": self.call.uuid,
            "number": CUSTOMER,
            "caller_id_id": self.caller_id.id,
            "res_model": "crm.lead",
            "res_id": self.lead.id,
            "request_uuid": "x" * 36,
            "override_reason": "because",
            "on_hold": True,
            "note": "overwritten",
            "term": "zoe",
            "limit": 1000,
            "kind": "task",
            "status": "online",
            "client_uuid": "page-of-eve",
            "echo": "word",
            "name": "Eve's",
            "extension": "1",
            "delay": 1,
            "shared": True,
            "account": self.account,
            "digits": "1",
            "mode": "blind",
            "target": {"type": "agent", "id": self.agent_ana.id},
            "values": {
                "note": "overwritten",
                "disposition_id": False,
                "date": "2026-12-01",
                "summary": "Evil",
                "user_id": self.ana.id,
                "call_via": "phone",
                "phone_number": "+33199009911",
                "default_number_id": self.number.id,
                "agent_id": self.agent_bob.id,
                "id": self.call.id,
            },
        }
        if variant == 0 and parameter.name in known:
            return known[parameter.name]
        if variant == 0 and parameter.name.endswith("_id"):
            return self.call.id
        return {"values": {"%": [None]}, "uuid": "%"}.get(parameter.name, {"x": "' OR 1=1 --"})

    def snapshot(self, where):
        """Return the rows of some tables, as texts, by table."""
        self.env.flush_all()
        result = {}
        for table, condition in where.items():
            self.env.cr.execute(
                SQL(
                    "SELECT t::text FROM %s t WHERE %s ORDER BY 1", SQL.identifier(table), condition
                )
            )
            result[table] = self.env.cr.fetchall()
        return result

    def get_tables(self):
        """Return the rows that must not change: all data of the first company."""
        company, account = self.company_a.id, self.account.id
        result = {
            "crm_lead": SQL("id = %s", self.lead.id),
            "res_partner": SQL("id = %s", self.partner.id),
            "mail_activity": SQL("res_id = %s", self.lead.id),
        }
        for model in self.env.values():
            if not model._name.startswith("telephony.") or model._transient or not model._auto:
                continue
            stored = {name for name, field in model._fields.items() if field.store}
            for name, value in (
                ("company_id", company),
                ("account_id", account),
                ("call_id", self.call.id),
                ("agent_id", self.agent_bob.id),
            ):
                if name in stored and model._fields[name].type == "many2one":
                    result[model._table] = SQL("%s = %s", SQL.identifier(name), value)
                    break
        return result

    def attempt(self, user, model, name, parameters, variant):
        """Call a method as a browser does; return the visible answer as text."""
        records = self.as_user(user, model)
        arguments = [
            self.get_value(parameter, variant)
            for parameter in parameters
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ]
        arguments = [
            argument.with_env(records.env) if hasattr(argument, "_name") else argument
            for argument in arguments
        ]
        is_model_method = getattr(getattr(type(records), name), "_api_model", False)
        if not is_model_method:
            records = records.browse(self.get_target(model).ids)
        self.env.cr.execute("SAVEPOINT attempt")
        try:
            result = getattr(records, name)(*arguments)
            self.env.flush_all()
            return str(result) if hasattr(result, "_name") else json.dumps(result, default=str)
        except Exception as error:  # noqa: BLE001 - Odoo answers any error with an error
            # Odoo rolls back a method that fails.
            self.env.cr.execute("ROLLBACK TO SAVEPOINT attempt")
            self.env.invalidate_all()
            return f"refused: {type(error).__name__}"

    def undo(self):
        self.env.cr.execute("ROLLBACK TO SAVEPOINT attempt")
        self.env.invalidate_all()
        self.env.cr.cache.clear()
        self.queued_requests.clear()
        self.notifications.clear()


@tagged("post_install", "-at_install")
class TestEveryMethod(EveryMethodCase):
    share_size = 45

    def test_methods_are_found(self):
        """The search finds known methods; an empty search would prove nothing."""
        found = {(model, name) for model, name, _parameters in self.get_methods()}
        self.assertGreater(len(found), 40)
        self.assertLessEqual(
            {
                ("telephony.call", "accept"),
                ("telephony.call", "dial"),
                ("telephony.agent", "softphone_snapshot"),
                ("telephony.account", "action_connect"),
                ("telephony.caller.id", "remove"),
                ("telephony.number", "action_connect"),
            },
            found,
        )
        self.assertGreater(len(self.get_tables()), 12)

    @mute_logger(*MUTED)
    def test_who_has_no_telephone_can_do_nothing(self):
        """Portal users, colleagues without the right and the public are refused without effect."""
        tables = {
            **self.get_tables(),
            "telephony_agent": SQL("TRUE"),
            "telephony_call": SQL("TRUE"),
        }
        before = self.snapshot(tables)
        for (model, name, parameters), user, variant in product(
            list(self.get_methods()), (self.pia, self.ian, self.public), (0, 1)
        ):
            with self.subTest(method=f"{model}.{name}", user=user.login, variant=variant):
                answer = self.attempt(user, model, name, parameters, variant)
                if (model, name) not in HARMLESS:
                    self.assertRegex(answer, r"^(refused: |(false|null|\[\]|\{\})$)")
                self.assertEqual(self.snapshot(tables), before)
                self.assertFalse(self.queued_requests + self.provider.requests)
                self.undo()

    @mute_logger(*MUTED)
    def test_another_company_reaches_nothing(self):
        """An administrator of another company with every identifier sees and changes nothing."""
        self.eva.group_ids += self.env.ref("crm_telephony.group_supervisor")
        tables = self.get_tables()
        before = self.snapshot(tables)
        for (model, name, parameters), variant in product(list(self.get_methods()), (0, 1)):
            with self.subTest(method=f"{model}.{name}", variant=variant):
                answer = self.attempt(self.eva, model, name, parameters, variant)
                self.assertEqual(self.snapshot(tables), before)
                if (model, name) in REPEATING:
                    answer = answer.replace("+32 470 12 34 56", "")
                for words in CONFIDENTIAL:
                    self.assertNotIn(words, answer)
                for queued_model, ids, _method, _arguments in self.queued_requests:
                    if queued_model == "telephony.call":
                        self.assertNotIn(self.call.id, ids)
                self.assertFalse([r for r in self.provider.requests if leg_sid(70) in str(r)])
                self.undo()

    @mute_logger(*MUTED)
    def test_colleagues_call_is_not_touched(self):
        """An agent who knows the identifier of a colleague's call cannot affect it."""
        tables = {
            table: condition
            for table, condition in self.get_tables().items()
            if table
            in (
                "telephony_call",
                "telephony_call_leg",
                "telephony_recording",
                "telephony_caller_id",
                "crm_lead",
                "res_partner",
                "telephony_number",
                "telephony_account",
                "telephony_flow",
                "mail_activity",
            )
        }
        tables["telephony_call"] = SQL("id = %s", self.call.id)
        before = self.snapshot(tables)
        for (model, name, parameters), variant in product(list(self.get_methods()), (0, 1)):
            with self.subTest(method=f"{model}.{name}", variant=variant):
                answer = self.attempt(self.cleo, model, name, parameters, variant)
                after = self.snapshot(tables)
                after["telephony_caller_id"] = [
                    row
                    for row in after["telephony_caller_id"]
                    if row in before["telephony_caller_id"]
                ]
                self.assertEqual(after, before)
                self.assertNotIn("secret note", answer)
                for queued_model, ids, _method, _arguments in self.queued_requests:
                    if queued_model == "telephony.call":
                        self.assertNotIn(self.call.id, ids)
                self.undo()
