"""Searching, buying and releasing numbers."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import BASE_URL, TelephonyCase
from .test_admin_account import AdminWorld

FREE = "+3225550199"


@tagged("-at_install", "post_install")
class TestNumbers(AdminWorld, TelephonyCase):
    def setUp(self):
        super().setUp()
        self.twilio.offers = [
            {
                "phone_number": FREE,
                "locality": "Brussels",
                "region": "",
                "address_requirements": "none",
            },
            {
                "phone_number": "+3225550198",
                "locality": None,
                "region": None,
                "address_requirements": "local",
            },
        ]
        self.admin_account = self.connect()

    def search_numbers(self, **values):
        """Search for numbers in Belgium and return the window."""
        action = self.admin_account.action_search_numbers()
        wizard = self.as_adam(action["res_model"]).browse(action["res_id"])
        wizard.write({"country_id": self.belgium.id, **values})
        wizard.action_search()
        return wizard

    def buy(self):
        """Buy the first number offered and return it."""
        action = self.search_numbers().line_ids[0].action_buy()
        return self.as_adam(action["res_model"]).browse(action["res_id"])

    def test_search_shows_place_and_unknown_price(self):
        first, second = self.search_numbers(contains="+32 (99)").line_ids
        self.assertEqual((first.number, first.place), (FREE, "Brussels"))
        self.assertEqual(first.price_display, "Unknown price")
        self.assertFalse(first.needs_address)
        self.assertTrue(second.needs_address)
        [query] = self.twilio.sent("GET", "AvailablePhoneNumbers/BE/Local")
        self.assertEqual(query["Contains"], "3299")

    def test_search_shows_the_price_of_the_kind(self):
        self.twilio.prices = [
            {"number_type": "mobile", "current_price": "9.00"},
            {"number_type": "local", "current_price": "1.25"},
            {"number_type": "national", "current_price": "7.00"},
        ]
        self.assertEqual(self.search_numbers().line_ids[0].price_display, "1.25 USD a month")
        self.assertTrue(self.twilio.sent("GET", "^pricing.twilio.com/v1/"))

    def test_search_for_a_kind_the_country_does_not_have_finds_nothing(self):
        wizard = self.search_numbers(kind="mobile")
        self.assertTrue(wizard.is_searched)
        self.assertFalse(wizard.line_ids)

    def test_bundle_and_address_are_chosen_and_sent(self):
        self.twilio.needs_bundle = True
        self.twilio.bundles = [{"sid": "BU1", "friendly_name": "Belgium: local"}]
        self.twilio.addresses = [
            {"sid": f"AD{n}", "customer_name": "Gamma", "street": f"Main {n}", "city": "Brussels"}
            for n in (1, 2)
        ]
        self.twilio.offers[0]["address_requirements"] = "any"
        wizard = self.search_numbers()
        self.assertFalse(wizard.missing_proof)
        self.assertEqual(wizard.bundle_id.name, "Belgium: local")
        [query] = self.twilio.sent("GET", "RegulatoryCompliance/Bundles")
        self.assertEqual(
            (query["Status"], query["IsoCountry"], query["NumberType"]),
            ("twilio-approved", "BE", "local"),
        )
        with self.assertRaisesRegex(UserError, "Choose the address"):
            wizard.line_ids[0].action_buy()
        wizard.address_id = wizard.proof_ids.filtered(lambda proof: proof.sid == "AD2")
        self.assertEqual(wizard.address_id.name, "Gamma, Main 2, Brussels")
        wizard.line_ids[0].action_buy()
        [form] = self.twilio.sent("POST", "IncomingPhoneNumbers.json")
        self.assertEqual((form["BundleSid"], form["AddressSid"]), ("BU1", "AD2"))

    def test_missing_proof_is_said_before_the_purchase(self):
        self.twilio.needs_bundle = True
        wizard = self.search_numbers()
        self.assertIn("(Belgium) requires a regulatory bundle", wizard.missing_proof)
        with self.assertRaisesRegex(UserError, "requires a regulatory bundle"):
            wizard.line_ids[0].action_buy()
        self.twilio.needs_bundle = False
        wizard.action_search()
        self.assertIn("has none in this country (Belgium)", wizard.missing_proof)
        wizard.line_ids[0].action_buy()
        with self.assertRaisesRegex(UserError, "that need an address"):
            wizard.line_ids[1].action_buy()
        self.assertEqual(len(self.twilio.sent("POST", "IncomingPhoneNumbers.json")), 1)

    def test_search_works_without_the_list_of_proofs(self):
        """The list is a preview of Twilio; a refusal of the purchase still says what is missing."""
        self.twilio.failures["GET RegulatoryCompliance"] = (403, 20403)
        self.assertEqual(len(self.search_numbers().line_ids), 2)

    def test_pattern_that_twilio_refuses_is_explained_before(self):
        for contains, sentence in (("5*5", "before or after the digits"), ("5" * 17, "16 digits")):
            with self.subTest(contains), self.assertRaisesRegex(UserError, sentence):
                self.search_numbers(contains=contains)
        self.search_numbers(contains="*55*")
        self.assertEqual(
            [query["Contains"] for query in self.twilio.sent("GET", "AvailablePhoneNumbers")],
            ["*55*"],
        )

    def test_search_for_one_digit_is_refused(self):
        with self.assertRaisesRegex(UserError, "at least two digits"):
            self.search_numbers(contains="5")

    def test_bought_number_is_connected_and_listed(self):
        bought = self.buy()
        self.assertEqual((bought.number, bought.account_id), (FREE, self.admin_account))
        self.assertTrue(bought.is_connected)
        [form] = self.twilio.sent("POST", "IncomingPhoneNumbers.json")
        self.assertEqual(form["VoiceUrl"], f"{BASE_URL}/telephony/twilio/voice")
        self.assertEqual(form["StatusCallback"], f"{BASE_URL}/telephony/twilio/status")

    def test_lost_answer_does_not_buy_twice(self):
        self.twilio.failures["POST IncomingPhoneNumbers.json"] = "lost"
        bought = self.buy()
        self.assertTrue(bought.is_connected)
        self.assertEqual(len(self.twilio.sent("POST", "IncomingPhoneNumbers.json")), 1)

    def test_number_bought_by_a_request_that_ran_before_is_taken_over(self):
        self.buy().unlink()
        self.twilio.failures["POST IncomingPhoneNumbers.json"] = (400, 21422)
        self.assertEqual(self.buy().number, FREE)

    def test_refused_purchase_is_explained_and_lists_nothing(self):
        for code, sentence in (
            (21422, "has just been bought by someone else"),
            (21631, "requires a validated address"),
            (21615, "requires a validated address"),
            (21649, "regulatory bundle"),
            (20005, "balance is used up"),
            (21404, "trial account"),
            (20003, "refused the credentials"),
            (29999, "error 29999, see https://www.twilio.com/docs/api/errors/29999"),
        ):
            with self.subTest(code=code):
                self.twilio.failures["POST IncomingPhoneNumbers.json"] = (400, code)
                with self.assertRaisesRegex(UserError, sentence):
                    self.buy()
                self.assertFalse(self.admin_account.number_ids)

    def test_twilio_out_of_reach_is_said(self):
        for _attempt in range(3):
            self.twilio.failures[f"GET AvailablePhoneNumbers{'.' * _attempt}"] = "down"
        with self.assertRaisesRegex(UserError, "could not be reached"):
            self.search_numbers()

    def test_released_number_is_archived_with_its_history(self):
        bought = self.buy()
        wizard = self.as_adam("telephony.number.release").create({"number_id": bought.id})
        wizard.action_release()
        self.assertTrue(bought.exists())
        self.assertFalse(bought.active or bought.is_connected or bought.provider_number_id)
        self.assertFalse(self.twilio.numbers)
        with self.assertRaisesRegex(UserError, "no longer in the Twilio account"):
            wizard.action_release()

    def test_number_gone_already_can_be_released(self):
        bought = self.buy()
        self.twilio.numbers.clear()
        bought._release()
        self.assertFalse(bought.active)

    def test_failed_release_changes_nothing(self):
        bought = self.buy()
        self.twilio.failures["DELETE IncomingPhoneNumbers"] = (500, 20500)
        with self.assertRaises(UserError):
            bought._release()
        self.assertTrue(bought.active)
        self.assertTrue(bought.is_connected)

    def test_number_bought_again_is_taken_out_of_the_archive(self):
        bought = self.buy()
        bought._release()
        again = self.buy()
        self.assertEqual(again, bought)
        self.assertTrue(again.active)

    def test_rules_for_toll_free_and_national_numbers_are_linked(self):
        """Some countries refuse them as a caller ID."""
        for e164, country in (
            ("+3280012345", "be"),
            ("+3278150000", "be"),
            ("+18005550199", "us"),
            ("+3225550100", None),
            ("+32470123456", None),
        ):
            self.number.number = e164
            with self.subTest(e164):
                url = country and f"https://www.twilio.com/en-us/guidelines/{country}/voice"
                self.assertEqual(self.number.guideline_url, url or False)

    def test_phone_user_may_add_caller_ids_only_when_allowed(self):
        """Z08: an agent adds caller IDs only with permission."""
        agent = self.as_user(self.max, "telephony.agent").browse(self.agent_ana.id)
        self.assertFalse(agent.allow_caller_id)
        agent.allow_caller_id = True
        self.assertTrue(self.agent_ana.allow_caller_id)
