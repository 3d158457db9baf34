"""Calls that come in, through the webhooks as the carrier sends them."""

from .common import BASE_URL, CUSTOMER, QUEUE, TelephonyHttpCase, leg_sid

from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestIncoming(TelephonyHttpCase):
    def test_everybody_rings_at_once(self):
        """Z17: a call rings at all available phone users, with the caller's business card."""
        self.go_online(self.agent_ana, self.agent_bob)
        call, [enqueue] = self.call_in()
        self.assertEqual(enqueue.tag, "Enqueue")
        self.assertEqual(enqueue.get("waitUrl"), f"{BASE_URL}/telephony/twilio/wait?call={call.uuid}")
        self.assertEqual(enqueue.get("action"), f"{BASE_URL}/telephony/twilio/step?call={call.uuid}")
        # A name at the carrier holds nothing personal.
        self.assertNotIn("470", enqueue.text)
        self.assertEqual(call.state, "ringing")
        self.assertEqual(call.offer_ids.agent_id, self.agent_ana | self.agent_bob)
        self.assertEqual(set(call.offer_ids.mapped("state")), {"offered"})
        for user in (self.ana, self.bob):
            [offer] = self.told(user, "offer_made")
            self.assertEqual(offer["call"]["uuid"], call.uuid)
            self.assertEqual(offer["call"]["customer"]["name"], "Zoe Peeters")
            self.assertEqual(offer["call"]["customer"]["number"], CUSTOMER)
            self.assertEqual(offer["call"]["customer"]["country_code"], "BE")
            self.assertEqual(
                offer["call"]["card"]["opportunities"],
                [{"id": self.lead.id, "name": "A big order",
                  "stage": self.lead.stage_id.name or False}],
            )
            self.assertFalse(offer["call"]["card"]["last_call"])
        self.assertFalse(self.told(self.cleo))
