"""What limits the calls of an account: a trial, and the customer profile."""

from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.twilio.admin import SECONDARY_POLICY

from ..common import TelephonyCase
from .test_admin_diagnosis import DiagnosisWorld

INDIVIDUAL_POLICY = "RN" + "1" * 32
TRUST_HUB = "https://console.twilio.com/us1/account/trust-hub/customer-profiles"


@tagged("-at_install", "post_install")
class TestPlan(DiagnosisWorld, TelephonyCase):
    """The checks of the account's plan, on the page and when it is connected."""

    def expect_plan(self, state, words, repair):
        """Check the line of the plan: its state, a part of its sentence, and its button."""
        line = self.find("plan", state)
        self.assertIn(words, line.sentence)
        self.assertEqual(line.repair, repair)
        return line

    def test_business_profile_is_unlimited(self):
        self.expect_plan("ok", "not limited", False)
        self.assertEqual(self.admin_account.plan, "full")
        self.assertEqual(self.admin_account.customer_profile, "business")
        self.assertIsNone(self.admin_account._get_calls_at_once())

    def test_account_without_a_profile_has_one_conversation(self):
        self.twilio.policies = []
        line = self.expect_plan("warning", "one conversation", "profile")
        self.assertIn("+1", line.sentence)
        self.assertEqual(self.admin_account._get_calls_at_once(), 2)
        self.assertEqual(self.repair(line)["url"], TRUST_HUB)

    def test_individual_profile_has_one_conversation_with_a_transfer(self):
        self.twilio.policies = [INDIVIDUAL_POLICY]
        self.expect_plan("warning", "three calls at once", "profile")
        self.assertEqual(self.admin_account._get_calls_at_once(), 3)

    def test_profile_of_a_customer_is_not_the_accounts_own(self):
        self.twilio.policies = [SECONDARY_POLICY]
        self.expect_plan("warning", "No customer profile is approved", "profile")

    def test_only_approved_profiles_are_asked_for(self):
        self.diagnose()
        self.assertEqual(
            self.twilio.sent("GET", "trusthub.twilio.com/v1/CustomerProfiles")[-1]["Status"],
            "twilio-approved",
        )

    def test_trial_is_explained(self):
        self.twilio.type = "Trial"
        line = self.expect_plan("warning", "trial account", "upgrade")
        self.assertIn("two conversations", line.sentence)
        self.assertEqual(self.admin_account.plan, "trial")
        self.assertEqual(self.admin_account._get_calls_at_once(), 5)
        self.assertIn("console.twilio.com", self.repair(line)["url"])

    def test_upgrade_is_noticed_by_the_next_check(self):
        self.twilio.type = "Trial"
        self.diagnose()
        self.twilio.type = "Full"
        self.expect_plan("ok", "not limited", False)
        self.assertEqual(self.admin_account.plan, "full")

    def test_profile_of_a_subaccount_is_unknown(self):
        self.twilio.owner = "AC" + "9" * 32
        self.expect_plan("warning", "This is a subaccount", "profile")
        self.assertFalse(self.admin_account.customer_profile)
        self.assertIsNone(self.admin_account._get_calls_at_once())

    def test_unanswered_question_leaves_the_rest(self):
        self.twilio.failures["GET trusthub.twilio.com"] = (403, 20008)
        line = self.find("plan", "error")
        self.assertIn("20008", line.sentence)

    def test_connecting_says_what_is_limited(self):
        self.twilio.type = "Trial"
        shown = self.admin_account.action_connect()["params"]
        self.assertIn("The account is connected. This is a Twilio trial account.", shown["message"])
        self.assertEqual((shown["type"], shown["sticky"]), ("warning", True))
        self.assertEqual(self.admin_account.plan, "trial")

    def test_connecting_works_without_the_trust_hub(self):
        self.twilio.failures["GET trusthub.twilio.com"] = (403, 20008)
        message = self.admin_account.action_connect()["params"]["message"]
        self.assertIn("The account is connected.", message)
        self.assertEqual(self.admin_account.state, "connected")

    def test_another_account_begins_anew(self):
        self.twilio.type = "Trial"
        self.diagnose()
        self.admin_account.account_sid = "AC" + "8" * 32
        self.assertFalse(self.admin_account.plan)
