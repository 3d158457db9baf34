"""Public methods answer wrong arguments with a sentence and reveal no foreign data."""

import inspect
from itertools import product
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..common import CUSTOMER, leg_sid
from .test_security_rpc import MUTED, EveryMethodCase

#: Beyond the range of a column of identifiers, and beyond any number of the database.
HUGE = (2**31, 2**63)


@tagged("post_install", "-at_install")
class TestArguments(EveryMethodCase):
    """Each argument in turn has a wrong type; the method refuses it with a sentence."""

    share_size = 25

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        calls = cls.env["telephony.call"].sudo()
        values = {
            "account_id": cls.account.id,
            "direction": "incoming",
            "state": "ended",
            "outcome": "missed",
            "customer_number": CUSTOMER,
            "number_id": cls.number.id,
        }
        cls.own, cls.nobodys = calls.create(
            [
                {
                    **values,
                    "user_id": cls.cleo.id,
                    "partner_id": cls.partner.id,
                    "leg_ids": [
                        (
                            0,
                            0,
                            {
                                "account_id": cls.account.id,
                                "role": "agent",
                                "label": "agent-1",
                                "user_id": cls.cleo.id,
                                "provider_leg_id": leg_sid(72),
                                "status": "ended",
                            },
                        ),
                    ],
                },
                {**values, "note": "secret note of nobody"},
            ]
        )
        cls.agent_cleo.allow_caller_id = True
        cls.env.flush_all()

    def get_methods(self):
        """Return the methods that take arguments from a browser."""
        return [
            (model, name, parameters)
            for model, name, parameters in super().get_methods()
            if model.startswith("telephony.") and parameters
        ]

    def get_right_value(self, parameter):
        known = {
            "uuid": self.own.uuid,
            "caller_id_id": None,
            "res_id": self.partner.id,
            "res_model": "res.partner",
            "partner_id": self.partner.id,
            "activity_id": None,
            "wanted": "recording",
            "days": 7,
            "provider_leg_id": leg_sid(72),
            "report": {},
            "known": {"calls": {self.own.uuid: 0}, "offers": []},
            "issue": "silence",
            "mode": "blind",
            "values": {"note": "mine", "date": "2026-12-01", "summary": "Mine"},
        }
        if parameter.name in known:
            return known[parameter.name]
        return self.get_value(parameter, 0)

    def get_wrong_values(self, name, right):
        """Return values of other types than the argument of this name."""
        ours = right if isinstance(right, str | int) else self.own.id
        yield from (
            [ours, self.call.uuid, self.nobodys.uuid],
            [self.call.id, ours],
            [[]],
            {"x": 1},
            {"uuid": self.call.uuid},
            1.5,
            *HUGE,
            -HUGE[0],
        )
        yield from (True, None, -1, "%", "a\0b", "\ud800")
        if name in ("values", "target"):
            for key in (
                "note",
                "disposition_id",
                "extend",
                "done",
                "date",
                "summary",
                "user_id",
                "call_via",
                "phone_number",
                "default_number_id",
                "press_to_accept",
                "call_waiting",
                "type",
                "id",
                "number",
                "reason",
            ):
                for value in (
                    [self.call.id, self.nobodys.id],
                    {"x": 1},
                    True,
                    HUGE[1],
                    "x",
                ):
                    yield {**(right or {}), key: value}

    def call_with(self, user, model, name, arguments, **context):
        """Call a method as a browser does; return the answer, or the error."""
        records = self.as_user(user, model).with_context(**context)
        if not getattr(getattr(type(records), name), "_api_model", False):
            records = records.browse(self.get_target(model).ids)
        self.env.cr.execute("SAVEPOINT attempt")
        try:
            result = getattr(records, name)(**arguments)
            self.env.flush_all()
            return result
        except Exception as error:  # noqa: BLE001 - every error is inspected
            self.env.cr.execute("ROLLBACK TO SAVEPOINT attempt")
            self.env.invalidate_all()
            return error

    def test_every_method_with_arguments_checks_them(self):
        """Every method with arguments is tested, also a new one."""
        for model, name, _parameters in self.get_methods():
            with self.subTest(method=f"{model}.{name}"):
                self.assertTrue(getattr(type(self.env[model]), name).checks_arguments)

    def setUp(self):
        super().setUp()
        self.provider.answers["start_verification"] = ("123456", leg_sid(73))
        # It counts in a transaction of its own, which does not see the companies of this test.
        self.startPatcher(
            patch.object(
                self.registry["telephony.dialed.leg"],
                "_count_verification",
                lambda ledger, company, number: "",
            )
        )

    @mute_logger(*MUTED)
    def test_arguments_of_wrong_types_are_refused_in_a_sentence(self):
        """Wrong types give a sentence and never a record of others."""
        tables = {"telephony_call": SQL("id IN %s", (self.call.id, self.nobodys.id))}
        before = self.snapshot(tables)
        for model, name, parameters in self.get_methods():
            right = {
                parameter.name: self.get_right_value(parameter)
                for parameter in parameters
                if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
            }
            for wrong, right_value in right.items():
                for value in self.get_wrong_values(wrong, right_value):
                    with self.subTest(method=f"{model}.{name}", argument=wrong, value=value):
                        answer = self.call_with(self.cleo, model, name, {**right, wrong: value})
                        if isinstance(answer, Exception):
                            self.assertIsInstance(answer, UserError)
                            self.assertRegex(str(answer), r"\w \w.*[.:?]")
                        else:
                            self.assertEqual(self.snapshot(tables), before)
                        self.assertNotIn("secret note", str(answer))
                        self.undo()

    @mute_logger(*MUTED)
    def test_archived_phone_user_of_one_of_two_companies_reaches_nothing_there(self):
        """The right is checked with the company of the call, whatever the page shows."""
        dora = self._make_user("dora", "crm_telephony.group_supervisor", self.company_b)
        dora.company_ids = [(4, self.company_a.id)]
        agents = self.env["telephony.agent"].create(
            [
                {"user_id": dora.id, "company_id": company.id}
                for company in (self.company_a, self.company_b)
            ]
        )
        calls = self.call | self.nobodys
        # Arguments that a method might take for her own call, or for one that rings at her.
        calls[0].user_id = dora
        calls[1].write(
            {
                "state": "ringing",
                "outcome": False,
                "offer_ids": [
                    (
                        0,
                        0,
                        {
                            "agent_id": agents[0].id,
                            "expires_at": "2100-01-01 00:00:00",
                        },
                    )
                ],
            }
        )
        agents[0].active = False
        tables = {"telephony_call": SQL("id IN %s", tuple(calls.ids))}
        self.env.flush_all()
        before = self.snapshot(tables)
        companies = {"allowed_company_ids": (self.company_b | self.company_a).ids}
        for (model, name, parameters), call in product(self.get_methods(), calls):
            if name == "hang_up" or not any(param.name == "uuid" for param in parameters):
                continue
            arguments = {
                param.name: self.get_right_value(param)
                for param in parameters
                if param.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
            }
            with self.subTest(method=f"{model}.{name}", call=call.state):
                answer = self.call_with(
                    dora, model, name, {**arguments, "uuid": call.uuid}, **companies
                )
                self.assertNotIn("secret note", str(answer))
                self.assertNotIn("Zoe Peeters", str(answer))
                self.assertEqual(self.snapshot(tables), before)
                self.undo()

    @mute_logger(*MUTED)
    def test_methods_of_one_record_called_with_none_or_several_answer_with_a_sentence(self):
        """A call on none or several records is refused in a sentence."""
        admin = self.cleo
        admin.group_ids += self.env.ref("crm_telephony.group_manager") | self.env.ref(
            "base.group_system"
        )
        self.startPatcher(
            patch.object(
                self.registry["telephony.account"],
                "_get_admin",
                side_effect=UserError("Twilio could not be reached."),
            )
        )
        for model, name, parameters in EveryMethodCase.get_methods(self):
            records = self.as_user(admin, model)
            if getattr(getattr(type(records), name), "_api_model", False):
                continue
            arguments = {
                parameter.name: self.get_right_value(parameter)
                for parameter in parameters
                if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
            }
            known = self.get_target(model).ids or [1]
            for ids in ([], [*known, known[0] + 1]):
                with self.subTest(method=f"{model}.{name}", ids=ids):
                    self.env.cr.execute("SAVEPOINT attempt")
                    try:
                        getattr(records.browse(ids), name)(**arguments)
                    except UserError as error:
                        self.assertIn(" ", str(error))
                    finally:
                        self.env.cr.execute("ROLLBACK TO SAVEPOINT attempt")
                        self.env.invalidate_all(flush=False)
                        self.undo()

    def test_list_of_own_and_foreign_calls_is_refused(self):
        """Reproduction of the finding: the owners of “my call and an unowned one” are only me."""
        calls = self.as_user(self.cleo)
        for method, arguments in (
            ("wrap_up", ({},)),
            ("cancel_transfer", ()),
            ("check_transfer", ()),
            ("schedule_follow_up", ("task", {"date": "2026-12-01"})),
            ("save_note", ("mine",)),
        ):
            for uuid in ([self.own.uuid, self.nobodys.uuid], True, {"x": self.nobodys.uuid}):
                with (
                    self.subTest(method=method, uuid=uuid),
                    self.assertRaisesRegex(UserError, "not valid"),
                ):
                    getattr(calls, method)(uuid, *arguments)
        self.assertEqual(self.nobodys.note, "secret note of nobody")
