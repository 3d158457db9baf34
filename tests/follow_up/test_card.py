"""The customer's card: several contacts, local time, route, and open activities."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_telephony.tools.phone_number import get_timezone

from ..common import CUSTOMER, TelephonyHttpCase, leg_sid


@tagged("post_install", "-at_install")
class TestCard(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.twin = self.env["res.partner"].create(
            {
                "name": "Yann Peeters",
                "phone": CUSTOMER,
                "company_id": self.company_a.id,
            }
        )
        self.go_online(self.agent_ana, self.agent_bob)

    def offered(self, user=None):
        return self.notified(user or self.ana, "offer_made")[-1]["call"]

    def spoke(self, partner, days, **values):
        self.env["telephony.call"].create(
            {
                "account_id": self.account.id,
                "direction": "incoming",
                "state": "ended",
                "outcome": "answered",
                "user_id": self.bob.id,
                "customer_number": CUSTOMER,
                "partner_id": partner.id,
                "started_at": fields.Datetime.now() - timedelta(days=days),
                **values,
            }
        )

    def test_several_contacts_the_last_one_spoken_with_first(self):
        """Z17: the last contacted one is preselected, and the others can be chosen."""
        self.spoke(self.partner, 1)
        self.spoke(self.twin, 9)
        call, _verbs = self.call_in()
        self.assertEqual(call.partner_id, self.partner)
        names = [match["name"] for match in self.offered()["card"]["matches"]]
        self.assertEqual(names, ["Zoe Peeters", "Yann Peeters"])
        self.spoke(self.twin, 0)
        other, _verbs = self.call_in(sid=leg_sid(2))
        self.assertEqual(other.partner_id, self.twin)

    def test_choosing_while_it_rings_and_afterwards(self):
        """Z17: first any agent it rings at may choose, then the agent of the call."""
        self.spoke(self.twin, 1)
        call, _verbs = self.call_in_and_wait()
        answer = self.as_user(self.ana).choose_contact(call.uuid, self.partner.id)
        self.assertEqual((call.partner_id, call.lead_id), (self.partner, self.lead))
        self.assertEqual(answer["call"]["customer"]["name"], "Zoe Peeters")
        self.assertEqual(answer["card"]["opportunities"][0]["name"], "A big order")
        self.talk(call)
        with self.assertRaises(AccessError):
            self.as_user(self.bob).choose_contact(call.uuid, self.twin.id)
        self.as_user(self.ana).choose_contact(call.uuid, self.twin.id)
        self.assertEqual((call.partner_id, call.lead_id), (self.twin, self.env["crm.lead"]))
        told = self.notified(self.ana, "call_updated")[-1]
        self.assertEqual(told["customer"]["name"], self.twin.name)

    def test_what_may_not_be_chosen(self):
        """Only a contact with exactly this number, readable by the user, can be chosen."""
        call, _verbs = self.call_in_and_wait()
        before = call.partner_id
        stranger = self.env["res.partner"].create({"name": "X", "phone": "+32470999999"})
        foreign = self.env["res.partner"].create(
            {
                "name": "Y",
                "phone": CUSTOMER,
                "company_id": self.company_b.id,
            }
        )
        for partner_id in (stranger.id, foreign.id, 0, False, "1"):
            with self.subTest(partner_id=partner_id), self.assertRaises(UserError):
                self.as_user(self.ana).choose_contact(call.uuid, partner_id)
        for user in (self.cleo, self.sue, self.ian, self.pia, self.eva):
            for method, arguments in (("choose_contact", (self.twin.id,)), ("get_card", ())):
                with (
                    self.subTest(user=user.login, method=method),
                    self.assertRaises(AccessError),
                    mute_logger("odoo.addons.base.models.ir_model"),
                ):
                    getattr(self.as_user(user), method)(call.uuid, *arguments)
        self.assertEqual(call.partner_id, before)

    def test_open_activities_the_user_may_read(self):
        """Z17: activities of the contact and its opportunities, the most urgent first."""
        today = fields.Date.today()
        self.spoke(self.partner, 1)
        self.partner.activity_schedule(
            "mail.mail_activity_data_call",
            today + timedelta(days=2),
            "Ask for the order",
            user_id=self.ana.id,
        )
        self.lead.activity_schedule(
            "mail.mail_activity_data_todo",
            today - timedelta(days=1),
            "Send the offer",
            user_id=self.ana.id,
        )
        self.call_in()
        activities = self.offered()["card"]["activities"]
        self.assertEqual([a["name"] for a in activities], ["Send the offer", "Ask for the order"])
        self.assertEqual(activities[0]["record"]["model"], "crm.lead")
        self.ring.agent_ids |= self.agent_cleo
        self.go_online(self.agent_cleo)
        self.call_in(sid=leg_sid(2), from_=CUSTOMER)
        names = [a["name"] for a in self.offered(self.cleo)["card"]["activities"]]
        self.assertNotIn("Send the offer", names, "Cleo may not read opportunities")

    def test_route_so_far(self):
        """Z17: the card shows the steps of the call flow before the telephone rings."""
        call, _verbs = self.call_in_and_wait()
        route = self.as_user(self.ana).get_card(call.uuid)["route"]
        self.assertIn("Call to", route[0])
        self.assertIn("Ringing", route[-1])
        self.assertFalse(any(line[:2].isdigit() for line in route))

    def test_route_is_in_the_language_of_each_agent(self):
        """F19: a Chinese agent reads a Chinese card, whatever the language of the webhook."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.bob.lang = "zh_CN"
        self.call_in()
        self.assertIn("Ringing", self.offered()["card"]["route"][-1])
        for line in self.offered(self.bob)["card"]["route"]:
            self.assertRegex(line, r"[\u4e00-\u9fff]")

    def test_number_of_no_country_has_no_flag(self):
        """F35: satellite and international numbers have no country, whose flag would be missing."""
        satellite = "+881612345678"
        for number, sid, code in ((CUSTOMER, 1, "BE"), (satellite, 2, False)):
            call, _verbs = self.call_in(sid=leg_sid(sid), from_=number)
            self.assertEqual(call._get_customer_data(self.env)["country_code"], code)
        self.partner.phone = satellite
        [row] = self.partner._telephony_to_client()
        self.assertFalse(row["country_code"])

    def test_card_of_an_outgoing_call(self):
        """Z17: an outgoing call has a card, too."""
        self.spoke(self.partner, 3)
        call = self.dial(self.ana, CUSTOMER, res_model="res.partner", res_id=self.partner.id)
        card = self.as_user(self.ana).get_card(call.uuid)
        self.assertEqual(card["last_call"]["user_name"], "Bob")
        self.assertEqual(card["last_call"]["direction"], "incoming")
        self.assertEqual(card["opportunities"][0]["name"], "A big order")
        self.assertEqual(card["route"], [])

    def test_last_call_that_nobody_answered_names_no_user(self):
        """Z17: who called the customer in vain did not talk with the customer."""
        self.spoke(self.partner, 3, direction="outgoing", outcome="no_answer")
        self.call_in()
        card = self.offered()["card"]["last_call"]
        self.assertEqual((card["user_name"], card["end_message"]), (False, "No answer."))

    def test_local_time_of_the_customer(self):
        """Z17: the local time of the number's region; none where several time zones differ."""
        for number, zone in {
            CUSTOMER: "Europe/Brussels",
            "+12125551234": "America/New_York",
            "+18005551234": "",
            "": "",
            "+999": "",
            "+88312345678": "",
        }.items():
            self.assertEqual(get_timezone(number), zone, number)
        call, _verbs = self.call_in(from_="+12125551234")
        self.assertEqual(self.offered()["customer"]["timezone"], "America/New_York")
        hidden, _verbs = self.call_in(from_="anonymous", sid=leg_sid(2))
        self.assertFalse((call | hidden).partner_id)
        card = self.env["telephony.call"].with_user(self.ana).browse(hidden.id)
        self.assertFalse(card._to_client()[0]["customer"]["timezone"])
        self.assertEqual(card._get_card()["matches"], [], "a hidden caller is nobody")
