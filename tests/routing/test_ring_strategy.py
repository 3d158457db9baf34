"""Ring strategies of ring steps and queues: longest idle, round robin, as listed."""

from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import VoiceRequest

from ..common import AGENT_LEG, CUSTOMER, TelephonyCase, TelephonyHttpCase, leg_sid


@tagged("post_install", "-at_install")
class TestRingOrder(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.ring.agent_ids |= self.agent_cleo
        self.go_online(self.agent_ana, self.agent_bob, self.agent_cleo)

    def idle_since(self, agent, minutes, last_call=None):
        """Put an agent online with a last call that ended some minutes ago."""
        now = fields.Datetime.now()
        agent.status_since = now - timedelta(minutes=minutes)
        agent.last_call_at = last_call and now - timedelta(minutes=last_call)

    def rung(self, index):
        """Call our number and return the agents at whom it rings."""
        call, _verbs = self.call_in(sid=leg_sid(index), from_=f"+3247055550{index}")
        return call, call.offer_ids.filtered(lambda offer: offer.state == "offered").agent_id

    def give_up(self, call):
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="1")

    def test_longest_idle_counts_from_the_last_conversation_or_from_going_online(self):
        """Z29: an old call gives no advantage to an agent who came online a moment ago."""
        self.ring.ring_strategy = "longest_idle"
        self.idle_since(self.agent_ana, 5, last_call=600)
        self.idle_since(self.agent_bob, 300, last_call=20)
        self.idle_since(self.agent_cleo, 300, last_call=10)
        call, agent = self.rung(1)
        self.assertEqual(agent, self.agent_bob)
        self.let_time_pass(20)
        self.wait(call)
        self.assertEqual(call.offer_ids[0].agent_id, self.agent_cleo)
        self.let_time_pass(20)
        self.wait(call)
        self.assertEqual(call.offer_ids[0].agent_id, self.agent_ana)
        self.let_time_pass(20)
        [leave] = self.wait(call)
        self.assertEqual(leave.tag, "Leave")

    def test_answering_sends_to_the_end(self):
        """Z29: an agent who has spoken with a caller is rung after the others."""
        self.ring.ring_strategy = "longest_idle"
        for minutes, agent in ((30, self.agent_ana), (20, self.agent_bob), (10, self.agent_cleo)):
            self.idle_since(agent, minutes)
        call, agent = self.rung(1)
        self.assertEqual(agent, self.agent_ana)
        self.wait(call)
        self.talk(call)
        self.as_user(self.ana).hang_up(call.uuid)
        self.assertEqual(
            list(self.ring.agent_ids._get_available()),
            [
                self.agent_bob,
                self.agent_cleo,
                self.agent_ana,
            ],
        )

    def test_being_busy_without_answering_keeps_the_place(self):
        """Z29: neither a declined call nor an unanswered outgoing call costs the place."""
        self.ring.ring_strategy = "longest_idle"
        self.idle_since(self.agent_ana, 30)
        self.idle_since(self.agent_bob, 20)
        self.idle_since(self.agent_cleo, 10)
        call, agent = self.rung(1)
        self.assertEqual(agent, self.agent_ana)
        self.as_user(self.ana).decline(call.uuid)
        self.give_up(call)
        out = self.dial()
        self.assertEqual(self.rung(2)[1], self.agent_bob)
        self.as_user(self.ana).hang_up(out.uuid)
        self.assertEqual(self.rung(3)[1], self.agent_ana)

    def test_a_claim_that_came_to_nothing_keeps_the_place(self):
        """Z29: an accepted call that was never connected does not count as answered."""
        self.ring.ring_strategy = "longest_idle"
        self.idle_since(self.agent_ana, 30)
        self.idle_since(self.agent_bob, 20)
        self.idle_since(self.agent_cleo, 10)
        call, _agent = self.rung(1)
        self.as_user(self.ana).accept(call.uuid)
        self.give_up(call)
        self.assertEqual(self.rung(2)[1], self.agent_ana)

    def test_in_turns(self):
        """Z29: each call begins with the next agent in the list, which is repeated."""
        self.ring.ring_strategy = "round_robin"
        names = []
        for index in range(1, 6):
            call, agent = self.rung(index)
            names.append(agent.user_id.name)
            self.give_up(call)
        self.assertEqual(names, ["Ana", "Bob", "Cleo", "Ana", "Bob"])

    def test_in_turns_goes_on_within_a_call_and_leaves_out_the_absent(self):
        """Z29: an unanswered call rings at the next agent; offline agents are skipped."""
        self.ring.ring_strategy = "round_robin"
        self.agent_bob.status = "offline"
        call, agent = self.rung(1)
        self.assertEqual(agent, self.agent_ana)
        self.let_time_pass(20)
        self.wait(call)
        self.assertEqual(call.offer_ids[0].agent_id, self.agent_cleo)
        self.let_time_pass(20)
        self.assertEqual(self.wait(call)[0].tag, "Leave")
        self.give_up(call)
        self.agent_bob.status = "online"
        # Cleo was the last one.
        self.assertEqual(self.rung(2)[1], self.agent_ana)
        self.assertEqual(self.rung(3)[1], self.agent_bob)

    def test_in_turns_after_the_last_one_has_left_the_group(self):
        """Z29: the list may change between two calls."""
        self.ring.ring_strategy = "round_robin"
        self.ring.last_agent_id = self.agent_cleo
        self.ring.agent_ids -= self.agent_cleo
        self.assertEqual(self.rung(1)[1], self.agent_ana)

    def test_as_listed(self):
        """Z29: the step follows the order of the list of agents, which can be dragged."""
        self.ring.ring_strategy = "sequential"
        self.agent_cleo.sequence, self.agent_ana.sequence = 1, 20
        self.env.invalidate_all()
        call, agent = self.rung(1)
        self.assertEqual(agent, self.agent_cleo)
        self.as_user(self.cleo).decline(call.uuid)
        self.assertEqual(call.offer_ids.sorted("id")[-1].agent_id, self.agent_bob)

    def test_salesperson_first_then_everybody(self):
        """Z29: after the salesperson the others ring, and then the flow continues."""
        self.ring.owner_first = True
        call, _verbs = self.call_in()
        self.assertEqual(call.offer_ids.agent_id, self.agent_ana)
        self.let_time_pass(20)
        self.wait(call)
        open_offers = call.offer_ids.filtered(lambda offer: offer.state == "offered")
        self.assertEqual(open_offers.agent_id, self.agent_bob | self.agent_cleo)
        self.let_time_pass(20)
        self.assertEqual(self.wait(call)[0].tag, "Leave")

    def test_queue_in_turns(self):
        """Z29: a queue has the same ring strategies as a ring step."""
        queue = self.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": self.company_a.id,
                "ring_strategy": "round_robin",
                "agent_ids": [Command.set((self.agent_ana | self.agent_bob | self.agent_cleo).ids)],
            }
        )
        self.ring.write({"kind": "queue", "queue_id": queue.id})
        names = []
        for index in range(1, 5):
            call, agent = self.rung(index)
            names.append(agent.user_id.name)
            self.give_up(call)
        self.assertEqual(names, ["Ana", "Bob", "Cleo", "Ana"])


@tagged("post_install", "-at_install")
class TestTurnsOfTwoServers(TelephonyCase):
    def test_both_rows_are_changed(self):
        """Z29: a choice and an offer change rows, so that two servers cannot choose alike."""
        self.ring.ring_strategy = "round_robin"
        self.go_online(self.agent_ana, self.agent_bob)
        self.agent_ana.reserved_at = self.agent_bob.reserved_at = False
        self.env["telephony.call"].sudo()._process_incoming(
            self.account,
            VoiceRequest(leg_id=AGENT_LEG, caller=CUSTOMER, called=self.number.number),
        )
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT last_agent_id FROM telephony_flow_step WHERE id = %s", [self.ring.id]
        )
        self.assertEqual(self.env.cr.fetchone(), (self.agent_ana.id,))
        self.assertTrue(self.agent_ana.reserved_at)
        self.assertFalse(self.agent_bob.reserved_at)
