"""The first connection of an account: the administrator can call at once."""

from odoo.tests import tagged

from ..common import TelephonyCase
from ..twilio_rest import number
from .test_admin_account import AdminWorld


@tagged("-at_install", "post_install")
class TestFirstConnection(AdminWorld, TelephonyCase):
    def connect_with(self, *numbers):
        """Connect the company without account; return the notification's text."""
        for values in numbers:
            self.twilio.add(values)
        self.confirm_identity()
        with self.assertLogs("odoo.addons.crm_telephony"):
            action = self.open_credentials().action_connect()
        return action["params"]["message"]

    def get_numbers(self):
        return self.as_adam("telephony.account")._get_of_company(self.company_c).number_ids

    def test_administrator_can_call_and_is_called_at_once(self):
        message = self.connect_with(number("1", "+3225550190"))
        self.assertIn("You can make calls with ", message)
        self.assertIn("in the new call flow “Ring everyone”", message)
        own = self.get_numbers()
        self.assertEqual(
            (own.agent_ids.user_id, own.agent_ids.company_id), (self.adam, self.company_c)
        )
        snapshot = self.as_adam("telephony.agent").softphone_snapshot()
        self.assertTrue(snapshot["can_call"], snapshot["cannot_call_reason"])
        first = own.flow_id.step_ids.filtered(lambda step: step.kind == "ring")
        self.assertEqual(first.agent_ids, own.agent_ids)
        self.assertFalse(own.flow_id._get_problems())

    def test_administrator_reads_what_to_do(self):
        """Who may connect the account and assign numbers is not sent to an administrator."""

        def reason(user):
            agents = self.env(
                user=user.id, su=False, context={"allowed_company_ids": self.company_c.ids}
            )["telephony.agent"]
            return agents.softphone_snapshot()["cannot_call_reason"]

        self.ana.company_ids |= self.company_c
        self.assertIn("Click “Connect” under Telephony > Configuration", reason(self.adam))
        self.assertIn("Ask your administrator, Adam.", reason(self.ana))
        self.connect_with(number("1", "+3225550190"))
        self.get_numbers().agent_ids = False
        self.assertIn("Add yourself to the phone users", reason(self.adam))
        self.assertIn("assigned to you. Ask your administrator, Adam.", reason(self.ana))

    def test_several_numbers_are_counted(self):
        message = self.connect_with(number("1", "+3225550190"), number("2", "+3225550191"))
        self.assertIn("You can make calls with 2 numbers.", message)
        self.assertEqual(len(self.get_numbers().flow_id), 1)

    def test_number_that_is_used_elsewhere_is_left_alone(self):
        message = self.connect_with(
            number("1", "+3225550190", voice_url="https://other.example.com/voice")
        )
        self.assertNotIn("You can make calls", message)
        self.assertFalse(self.get_numbers().agent_ids)
        self.assertFalse(self.get_numbers().flow_id)

    def test_existing_flow_is_not_chosen_for_the_administrator(self):
        self.env["telephony.flow"].create({"name": "Mine", "company_id": self.company_c.id})
        message = self.connect_with(number("1", "+3225550190"))
        self.assertIn("You can make calls with ", message)
        self.assertNotIn("call flow", message)
        self.assertFalse(self.get_numbers().flow_id)

    def test_system_administrator_without_a_telephone_stays_without(self):
        self.adam.group_ids -= self.env.ref("crm_telephony.group_manager")
        self.assertNotIn("You can make calls", self.connect_with(number("1", "+3225550190")))
        self.assertFalse(self.env["telephony.agent"].search([("user_id", "=", self.adam.id)]))

    def test_connecting_again_keeps_what_an_administrator_chose(self):
        self.connect_with(number("1", "+3225550190"))
        own = self.get_numbers()
        own.write({"agent_ids": False, "flow_id": False})
        with self.assertLogs("odoo.addons.crm_telephony"):
            message = own.account_id.action_connect()["params"]["message"]
        self.assertNotIn("You can make calls", message)
        self.assertFalse(own.agent_ids | own.flow_id.step_ids.agent_ids)
