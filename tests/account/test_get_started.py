"""The first hour: what is left to do, and who may do it."""

from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import CUSTOMER, TelephonyCase
from ..twilio_rest import number
from .test_admin_account import AdminWorld


@tagged("-at_install", "post_install")
class TestGetStarted(AdminWorld, TelephonyCase):
    def ask(self, user=None, company=None):
        """Return the answer of `get_started` and its lines by name."""
        accounts = self.env(
            user=(user or self.adam).id,
            su=False,
            context={"allowed_company_ids": (company or self.company_c).ids, "lang": "en_US"},
        )["telephony.account"]
        answer = accounts.get_started()
        return answer, {line["name"]: line for line in answer["lines"]}

    def get_done(self, **kwargs):
        return [line["name"] for line in self.ask(**kwargs)[0]["lines"] if line["is_done"]]

    def act(self, name, user=None, company=None):
        accounts = self.env(
            user=(user or self.adam).id,
            su=False,
            context={"allowed_company_ids": (company or self.company_c).ids, "lang": "en_US"},
        )["telephony.account"]
        return accounts.action_get_started(name)

    def connect(self, *numbers):
        """Connect the company; the first connection assigns numbers and creates a call flow."""
        for values in numbers:
            self.twilio.add(values)
        self.confirm_identity()
        with self.assertLogs("odoo.addons.crm_telephony"):
            return self.open_credentials().action_connect()

    def get_account(self):
        return self.env["telephony.account"].sudo()._get_of_company(self.company_c)

    def test_nothing_is_done_in_a_new_company_and_only_connect_has_a_button(self):
        answer, lines = self.ask()
        self.assertEqual(list(lines), ["account", "address", "number", "me", "flow"])
        self.assertFalse([line for line in lines.values() if line["is_done"]])
        self.assertFalse(answer["is_done"] or answer["can_test"])
        buttons = {name: line["button"] for name, line in lines.items() if line["button"]}
        self.assertEqual(buttons, {"account": "Connect"})
        self.confirm_identity()
        self.assertEqual(self.act("account")["res_model"], "telephony.account.credentials")

    def test_first_connection_does_all_but_the_proof_of_the_address(self):
        self.connect(number("1", "+3225550190"))
        self.assertEqual(self.get_done(), ["account", "number", "me", "flow"])
        answer, lines = self.ask()
        self.assertTrue(answer["can_test"])
        self.assertEqual(lines["address"]["button"], "Fix It")
        self.get_account()._save_reached()
        self.assertTrue(self.ask()[0]["is_done"])
        snapshot = self.as_adam("telephony.agent").softphone_snapshot()
        self.assertTrue(snapshot["is_started"])

    def test_connection_is_checked_at_once_and_faults_are_shown(self):
        """The check runs in a request of its own, and opens *Fix It* only if it is needed."""
        action = self.connect(number("1", "+3225550190"))
        after = self.env["ir.actions.actions"]._for_xml_id(
            "crm_telephony.telephony_diagnosis_action_after_connection"
        )
        self.assertEqual(action["params"]["next"]["id"], after["id"])
        diagnoses = self.as_adam("telephony.diagnosis")
        ok = {"check": "reachability", "state": "ok", "sentence": "It works."}
        signed = {"check": "signature", "state": "ok", "sentence": "It works."}
        bad = {"check": "clock", "state": "error", "sentence": "It is wrong."}
        warning = {"check": "balance", "state": "warning", "sentence": "It is low."}
        for lines, tag, is_reached in (
            ([bad], None, False),
            ([ok, bad], None, False),
            ([ok, signed, warning], "soft_reload", True),
        ):
            with patch.object(
                self.registry["telephony.account"], "_diagnose", lambda _self, found=lines: found
            ):
                action = diagnoses.action_open_after_connection()
            self.assertEqual(action.get("tag"), tag)
            self.assertEqual(self.get_account()._is_reached(), is_reached)

    def test_address_that_changed_is_to_be_proven_again(self):
        self.connect(number("1", "+3225550190"))
        account = self.get_account()
        account._save_reached()
        account.webhook_base_url = "https://other.example.test"
        self.assertNotIn("address", self.get_done())
        self.assertIn("has changed", self.ask()[1]["address"]["sentence"])

    def test_answered_incoming_call_ends_it_for_good(self):
        """What is changed afterwards is an administrator's decision."""
        self.connect(number("1", "+3225550190"))
        account = self.get_account()
        calls = self.env["telephony.call"].sudo()
        values = {
            "account_id": account.id,
            "state": "ended",
            "customer_number": CUSTOMER,
            "number_id": account.number_ids.id,
        }
        calls.create({**values, "direction": "incoming"})
        calls.create({**values, "direction": "outgoing", "answered_at": "2026-01-01 10:00:00"})
        self.assertFalse(self.ask()[0]["is_done"])
        calls.create({**values, "direction": "incoming", "answered_at": "2026-01-01 10:00:00"})
        self.assertTrue(self.ask()[0]["is_done"])
        account.number_ids.flow_id = False
        self.assertTrue(self.ask()[0]["is_done"])
        # Without an account nothing works, whatever worked before.
        account.state = "draft"
        self.assertFalse(self.ask()[0]["is_done"])

    def test_buttons_assign_the_number_and_create_the_flow(self):
        self.connect(number("1", "+3225550190"), number("2", "+3225550191"))
        own = self.get_account().number_ids
        flow = own.flow_id
        own.write({"flow_id": False, "agent_ids": False})
        flow.unlink()
        self.assertFalse(self.as_adam("telephony.agent").softphone_snapshot()["is_started"])
        self.assertEqual(self.ask()[1]["flow"]["button"], "Ring Everyone")
        self.assertFalse(self.act("me"))
        self.assertEqual(own.agent_ids.user_id, self.adam)
        self.assertFalse(self.act("flow"))
        self.assertEqual(own.flow_id.mapped("name"), ["Ring everyone"])
        # A second click finds nothing to do.
        self.assertFalse(self.act("flow") or self.act("me"))
        self.assertEqual(len(own.flow_id), 1)

    def test_number_of_a_colleague_is_shared_only_if_no_other_is_left(self):
        self.connect(number("1", "+3225550190"), number("2", "+3225550191"))
        first, second = self.get_account().number_ids
        agent = first.agent_ids
        colleague = self.env["telephony.agent"].create(
            {
                "user_id": self._make_user("cora", "crm_telephony.group_user", self.company_c).id,
                "company_id": self.company_c.id,
            }
        )
        (first | second).agent_ids = [Command.set(colleague.ids)]
        self.act("me")
        self.assertEqual(first.agent_ids & second.agent_ids, colleague | agent)
        second.agent_ids = False
        first.agent_ids = colleague
        self.act("me")
        self.assertEqual((first.agent_ids, second.agent_ids), (colleague, agent))

    def test_existing_flow_is_chosen_by_the_administrator(self):
        self.connect(number("1", "+3225550190"))
        self.get_account().number_ids.flow_id = False
        self.assertEqual(self.ask()[1]["flow"]["button"], "Choose a Call Flow")
        self.assertEqual(self.act("flow")["res_model"], "telephony.number")

    def test_who_may_not_do_it_reads_whom_to_ask(self):
        """A phone user gets no button, no address and no right; an administrator has a name."""
        self.ana.company_ids |= self.company_c
        answer, lines = self.ask(user=self.ana)
        self.assertFalse([line for line in lines.values() if line["button"]])
        administrators = self.env["res.users"].search(
            [
                ("all_group_ids", "in", self.env.ref("base.group_system").ids),
                ("company_ids", "in", self.company_c.ids),
            ]
        )
        self.assertTrue(any(name in answer["ask"] for name in administrators.mapped("name")))
        for name in lines:
            self.assertFalse(self.act(name, user=self.ana))
        reason = self.env(
            user=self.ana.id, su=False, context={"allowed_company_ids": self.company_c.ids}
        )["telephony.agent"].softphone_snapshot()
        self.assertIn(answer["ask"], reason["cannot_call_reason"])
        self.assertTrue(reason["is_started"])

    def test_secrets_and_addresses_stay_with_system_administrators(self):
        self.connect(number("1", "+3225550190"))
        account = self.get_account()
        account.webhook_base_url = account.connected_base_url = "http://localhost:8069"
        self.ana.company_ids |= self.company_c
        self.assertIn("localhost", self.ask()[1]["address"]["sentence"])
        answer, _lines = self.ask(user=self.ana)
        for secret in ("localhost", account.account_sid, account.auth_token):
            self.assertNotIn(secret, str(answer))

    def test_others_learn_nothing(self):
        for user in (self.ian, self.pia, self.public):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.ask(user=user, company=user.company_id)
        # An unknown line does nothing.
        self.assertFalse(self.act("everything"))
