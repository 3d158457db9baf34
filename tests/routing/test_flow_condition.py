"""Conditions of call flows are evaluated with the rights of their author.

Evaluated as superuser, they would reveal every secret of the database, character by character.
"""

from itertools import product

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import CUSTOMER, TOKEN, TOKEN_B, TelephonyCase

AGENTS = "user_ids.telephony_agent_ids"
ACCOUNT = f"{AGENTS}.number_ids.account_id"
EVERYBODY = "user_ids.group_ids.user_ids"
SECRETS = {
    f"{ACCOUNT}.auth_token": TOKEN,
    f"{ACCOUNT}.api_key_secret": "secret-of-a" * 3,
    f"{ACCOUNT}.account_sid": "AC" + "a" * 32,
    "user_id.telephony_agent_ids.number_ids.account_id.auth_token": TOKEN,
    f"{EVERYBODY}.telephony_agent_ids.number_ids.account_id.auth_token": TOKEN_B,
    f"{EVERYBODY}.telephony_agent_ids.company_id.telephony_account_ids.auth_token": TOKEN_B,
    f"{AGENTS}.identity": "u_",
    f"{AGENTS}.phone_number": "+32",
    "user_ids.totp_secret": "x",
    "user_id.totp_secret": "x",
    "user_ids.password": "x",
    "user_id.password": "x",
    "create_uid.password": "x",
    "message_ids.body": "x",
    "bank_ids.acc_number": "x",
}


@tagged("post_install", "-at_install")
class TestFlowCondition(TelephonyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.max.group_ids += cls.env.ref("sales_team.group_sale_salesman_all_leads")
        cls.partner.user_id = cls.ana
        cls.ana.partner_id.phone = CUSTOMER.replace("123456", "123457")
        cls.step = cls.env["telephony.flow.step"].create(
            {
                "flow_id": cls.flow.id,
                "sequence": -1,
                "name": "Who",
                "kind": "condition",
                "next_step_id": cls.no_answer_step.id,
                "else_step_id": cls.closed_step.id,
            }
        )

    def write_condition(self, domain, model="res.partner", user=None):
        """Write a condition as a user, as the form does."""
        step = self.as_user(user or self.max, "telephony.flow.step").browse(self.step.id)
        step.write({"condition_model": model, "condition_domain": str(domain)})
        self.env.flush_all()

    def assert_refused(self, domain, model="res.partner", text="not allowed|not valid"):
        with self.assertRaisesRegex(UserError, text), mute_logger("odoo.domains"):
            self.write_condition(domain, model)

    def make_call(self):
        return (
            self.env["telephony.call"]
            .sudo()
            .create(
                {
                    "account_id": self.account.id,
                    "direction": "incoming",
                    "partner_id": self.partner.id,
                    "lead_id": self.lead.id,
                }
            )
        )

    def run_step(self):
        """Return the exit of the step for the customer, and the call's timeline."""
        call = self.make_call()
        exit_name = self.step.sudo()._enter_condition(call)
        return exit_name, call.timeline

    # === REFUSED CONDITIONS === #

    def test_secret_behind_a_path_is_refused(self):
        """No path of a condition leads to a secret, with any operator."""
        for (path, secret), operator in product(
            SECRETS.items(), ("=", "like", "=like", "ilike", ">=", "!=", "not like", "in")
        ):
            value = [secret] if operator == "in" else secret
            with self.subTest(path=path, operator=operator):
                self.assert_refused([(path, operator, value)], text="cannot be used")

    def test_secret_in_a_part_of_a_condition_is_refused(self):
        """Neither a nested nor a negated part leads to a secret."""
        for path, operator in product(SECRETS, ("any", "not any")):
            first, rest = path.split(".", 1)
            with self.subTest(path=path, operator=operator):
                self.assert_refused([(first, operator, [(rest, "like", "a%")])])
                self.assert_refused(
                    [
                        "|",
                        ("name", "=", "x"),
                        "!",
                        (
                            "parent_id",
                            "any",
                            [
                                (first, operator, [(rest, ">=", "a")]),
                            ],
                        ),
                    ]
                )
        self.assert_refused([("user_ids", "any!", [("password", "!=", False)])])

    def test_secret_of_an_opportunity_is_refused(self):
        for path in (
            "user_id.password",
            "user_id.totp_secret",
            "user_id.partner_id.name",
            "partner_id.user_ids.password",
            "telephony_call_ids.note",
            "company_id.telephony_account_ids.auth_token",
            "user_id.email",
            "team_id.member_ids.password",
            "message_ids.body",
        ):
            with self.subTest(path):
                self.assert_refused([(path, "like", "a%")], "crm.lead", text="cannot be used")

    def test_name_of_a_record_outside_the_list_is_refused(self):
        """A condition that ends at a relation would compare the name of that record."""
        for path in ("bank_ids", "message_ids", "user_ids.telephony_agent_ids"):
            for operator, value in (("ilike", "BE71"), ("=", 1), ("in", [1]), ("!=", False)):
                with self.subTest(path=path, operator=operator):
                    self.assert_refused([(path, operator, value)], text="cannot be used")

    def test_what_the_writer_may_not_read_is_refused(self):
        """An author without CRM rights cannot use opportunities in a condition."""
        partners = self.as_user(self.max, "res.partner")
        self.assertFalse(partners._has_field_access(partners._fields["signup_type"], "read"))
        self.assert_refused([("signup_type", "=", "reset")], text="cannot be used")
        other = self._make_user("mia", "crm_telephony.group_manager")
        with self.assertRaisesRegex(UserError, "cannot be used"):
            self.write_condition([("name", "=", "A big order")], "crm.lead", other)

    def test_nonsense_is_refused_with_a_sentence(self):
        """A condition nested a thousand deep breaks no call and no request."""
        deep = [("name", "=", "x")]
        for _level in range(60):
            deep = [("parent_id", "any", deep)]
        wide = ["&", "|"] * 200 + [("id", "=", 1)] * 401
        for domain in (
            "[" * 1000 + "]" * 1000,
            "(" * 1000 + ")" * 1000,
            "-" * 1900 + "1",
            "['!'" * 400,
            "[",
            "1",
            "None",
            "{}",
            "[1]",
            "[('name',)]",
            "[[1, '=', 2]]",
            "['&']",
            "__import__('os')",
            "[('name', '=', name)]",
            "[('nothing', '=', 1)]",
            "[('name.x', '=', 1)]",
            deep,
            wide,
            "['!', " * 100 + "('id', '=', 1)" + "]" * 100,
            [("id", "=", 1)] * 51,
            ["!"] * 250 + [("parent_id", "any", deep)],
        ):
            with self.subTest(str(domain)[:40]):
                self.assert_refused(domain)

    def test_deepest_condition_that_is_allowed_is_evaluated(self):
        deep = [("name", "!=", "x")]
        for _level in range(40):
            deep = [("child_ids", "not any", deep)]
        self.write_condition(deep)
        self.assertIn(self.run_step()[0], ("yes", "no"))

    # === CONDITIONS THAT STILL WORK === #

    def test_common_conditions_are_evaluated(self):
        tag = self.env["res.partner.category"].create({"name": "VIP"})
        self.partner.category_id = tag
        crm_tag = self.env["crm.tag"].create({"name": "Urgent"})
        self.lead.write({"tag_ids": [Command.set(crm_tag.ids)], "expected_revenue": 5000})
        stage = self.lead.stage_id
        for model, domain in (
            ("res.partner", [("country_id.code", "=", "BE")]),
            ("res.partner", [("country_id", "=", self.belgium.id)]),
            ("res.partner", [("category_id", "in", tag.ids)]),
            ("res.partner", [("category_id.name", "ilike", "vip")]),
            ("res.partner", [("category_id", "ilike", "vip")]),
            ("res.partner", [("user_id.name", "=", self.ana.name)]),
            ("res.partner", [("user_id", "=", self.ana.id)]),
            ("res.partner", [("company_id.name", "=", "Alpha")]),
            ("res.partner", ["|", ("name", "=", "x"), ("name", "ilike", "zoe")]),
            ("res.partner", [("opportunity_ids", "any", [("name", "ilike", "big")])]),
            ("res.partner", [("create_date", ">", "2020-01-01")]),
            ("crm.lead", [("stage_id", "=", stage.id)]),
            ("crm.lead", [("stage_id.name", "=", stage.name)]),
            ("crm.lead", [("expected_revenue", ">=", 5000)]),
            ("crm.lead", [("tag_ids.name", "=", "Urgent")]),
            ("crm.lead", [("user_id.name", "=", self.ana.name)]),
            ("crm.lead", [("partner_id.country_id.code", "=", "BE")]),
        ):
            with self.subTest(domain=domain):
                self.write_condition(domain, model)
                exit_name, trace = self.run_step()
                self.assertEqual(exit_name, "yes", trace)
                self.assertFalse(self.step._get_problems())

    # === RIGHTS OF THE AUTHOR === #

    def test_writer_is_kept(self):
        """The author of the condition is kept apart from other writers, and cannot be chosen."""
        self.write_condition([("name", "ilike", "zoe")])
        self.assertEqual(self.step.condition_user_id, self.max)
        other = self._make_user("mia", "crm_telephony.group_manager")
        own = self.as_user(other, "telephony.flow.step").browse(self.step.id)
        own.name = "Changed"
        self.assertEqual(self.step.condition_user_id, self.max)
        with self.assertRaises(UserError):
            own.condition_user_id = self.env.ref("base.user_admin")
        self.write_condition([("name", "ilike", "zo")], user=other)
        self.assertEqual(self.step.condition_user_id, other)

    def test_condition_of_a_writer_without_access_is_not_met(self):
        self.write_condition([("name", "ilike", "zoe")])
        self.assertEqual(self.run_step()[0], "yes")
        for change in (
            {"active": False},
            {"company_ids": [Command.set(self.company_b.ids)], "company_id": self.company_b.id},
        ):
            with self.subTest(change=change), self.env.cr.savepoint() as savepoint:
                self.max.write(change)
                exit_name, trace = self.run_step()
                self.assertEqual(exit_name, "no")
                self.assertIn("no longer has access to Alpha", trace)
                self.assertIn("no longer has access to Alpha", self.flow.problem_html)
                savepoint.rollback()
        self.env.invalidate_all()
        self.assertEqual(self.run_step()[0], "yes")

    def test_condition_about_what_the_writer_may_not_read_any_more_is_not_met(self):
        self.write_condition([("name", "ilike", "big")], "crm.lead")
        self.assertEqual(self.run_step()[0], "yes")
        self.max.group_ids -= self.env.ref("sales_team.group_sale_salesman_all_leads")
        exit_name, trace = self.run_step()
        self.assertEqual(exit_name, "no")
        self.assertIn("is not allowed to read the fields it uses", trace)
        self.assertIn("is not allowed to read the fields it uses", self.flow.problem_html)

    def test_contact_that_the_writer_may_not_read_does_not_meet_the_condition(self):
        self.write_condition([("name", "ilike", "zoe")])
        call = self.make_call()
        # The contact moves after the call has found it.
        self.partner.company_id = self.company_b
        exit_name, trace = self.step.sudo()._enter_condition(call), call.timeline
        self.assertEqual(exit_name, "no")
        self.assertIn("cannot be read", trace)

    def test_simulation_is_no_oracle(self):
        """A simulation reveals nothing about a record its user may not read."""
        self.write_condition([("name", "ilike", "big")], "crm.lead")
        blind = self._make_user("mia", "crm_telephony.group_manager")
        for user, text in ((self.max, "condition met"), (blind, "cannot be read")):
            with self.subTest(user.login):
                simulation = self.as_user(user, "telephony.flow.simulation")
                with self.shared_cursor():
                    parts = simulation.try_flow(self.flow.id, {"caller": CUSTOMER})
                self.assertIn(text, str(parts))
