"""Declined calls, and callers who arrive while the agents ring for another caller."""

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.models.routing.telephony_call import MUSIC_SECONDS

from ..common import TelephonyHttpCase, leg_sid
from ..routing.test_queue import QueueStories


@tagged("post_install", "-at_install")
class TestDeclinedInQueue(QueueStories):
    def ringing_at(self, call):
        """Return the agents at whom a call rings now."""
        return call._get_open_offers().agent_id

    def test_declined_by_the_only_free_member_rings_again_after_half_a_minute(self):
        """Friction 1: a declined call rings again after half a minute, not after 0.13 seconds."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).decline(call.uuid)
        for seconds in (0, 10, 15):
            self.let_time_pass(seconds)
            verbs = self.wait(call)
            self.assertFalse(self.ringing_at(call))
            self.assertEqual(self.names(verbs)[-1], "Play")
        # The caller's next request comes after one piece of music, which is not cut shorter.
        self.assertLessEqual(self.heard_seconds(verbs[-1:]), MUSIC_SECONDS)
        self.let_time_pass(MUSIC_SECONDS + 1)
        self.wait(call)
        self.assertEqual(self.ringing_at(call), self.agent_ana)

    def test_declined_call_rings_at_all_others_first(self):
        """Friction 1: a declined call first rings at the others, even if they were idle for
        less."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).decline(call.uuid)
        self.let_time_pass(40)
        self.go_online(self.agent_bob)
        self.agent_ana.status_since = "2026-01-01 09:00:00"
        self.wait(call)
        self.assertEqual(self.ringing_at(call), self.agent_bob)
        self.as_user(self.bob).decline(call.uuid)
        self.assertEqual(self.ringing_at(call), self.agent_ana)

    def test_declined_call_of_a_ring_all_queue_rings_at_the_others(self):
        self.queue.ring_strategy = "parallel"
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).decline(call.uuid)
        self.let_time_pass(21)
        self.wait(call)
        self.assertEqual(self.ringing_at(call), self.agent_bob)

    def test_whoever_declines_gets_the_next_caller(self):
        """The first caller stays with the other agents; the second one is offered at once."""
        self.go_online(self.agent_ana)
        first, second = self.call_in_number(1), self.call_in_number(2)
        self.as_user(self.ana).decline(first.uuid)
        self.assertFalse(self.ringing_at(first))
        self.assertEqual(self.ringing_at(second), self.agent_ana)

    def test_three_callers_and_two_members_make_two_conversations(self):
        """Friction 14: all members ring for the first caller. The second one is offered at once to
        those who have not answered.
        """
        self.queue.ring_strategy = "parallel"
        self.go_online(self.agent_ana, self.agent_bob)
        calls = [self.call_in_number(index) for index in (1, 2, 3)]
        self.assertEqual(self.ringing_at(calls[0]), self.agent_ana | self.agent_bob)
        self.talk(calls[0])
        self.assertEqual(self.ringing_at(calls[1]), self.agent_bob)
        self.talk(calls[1], self.agent_bob, self.bob, leg_sid(51))
        self.assertEqual([call.state for call in calls], ["in_progress", "in_progress", "queued"])


@tagged("post_install", "-at_install")
class TestRingingForAnother(TelephonyHttpCase):
    def call_number(self, index):
        return self.call_in(sid=leg_sid(index), from_=f"+3247055550{index}")

    def test_three_callers_and_two_agents_make_two_conversations(self):
        """Friction 14: a caller does not hear that all are busy while an agent becomes free."""
        self.go_online(self.agent_ana, self.agent_bob)
        (self.agent_ana | self.agent_bob).call_waiting = False
        first, _verbs = self.call_number(1)
        waiting = []
        for index in (2, 3):
            call, [enqueue] = self.call_number(index)
            self.assertEqual(enqueue.tag, "Enqueue")
            [ringback] = self.wait(call)
            self.assertIn("ringback.wav", ringback.text)
            waiting.append(call)
        second, third = waiting
        self.talk(first)
        self.assertEqual(second._get_open_offers().agent_id, self.agent_bob)
        self.talk(second, self.agent_bob, self.bob, leg_sid(51))
        # Both agents are in a call, so no other ringing can free one of them.
        [leave] = self.wait(third)
        self.assertEqual(leave.tag, "Leave")
        say, _hang_up = self.step(third)
        self.assertEqual(say.text, "We are closed.")

    def test_waiting_for_another_ringing_lasts_no_longer_than_one(self):
        """Friction 14: the wait for another ringing is limited, however many callers come."""
        self.go_online(self.agent_ana)
        self.ring.agent_ids = [Command.set(self.agent_ana.ids)]
        self.call_number(1)
        second, _verbs = self.call_number(2)
        self.wait(second)
        second.step_entered_at = "2026-01-01 10:00:00"
        [leave] = self.wait(second)
        self.assertEqual(leave.tag, "Leave")
        self.assertEqual(self.step(second)[0].text, "We are closed.")

    def test_next_caller_rings_when_the_first_one_hangs_up(self):
        """Friction 14: a caller who hangs up frees the agents for the next one."""
        self.go_online(self.agent_ana, self.agent_bob)
        first, _verbs = self.call_number(1)
        second, _verbs = self.call_number(2)
        self.wait(second)
        self.tell_leg(first, leg_sid(1), "completed")
        self.assertEqual(second._get_open_offers().agent_id, self.agent_ana | self.agent_bob)
        self.assertEqual(second.state, "ringing")

    def test_step_that_comes_back_to_itself_asks_nobody_again_at_once(self):
        """Friction 1: a flow that rings the same team again skips the agent who declined."""
        self.ring.no_answer_step_id = self.no_answer_step
        again = self.ring.copy(
            {
                "name": "Again",
                "sequence": 9,
                "no_answer_step_id": self.no_answer_step.id,
                "not_available_step_id": self.closed_step.id,
            }
        )
        self.ring.no_answer_step_id = again
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).decline(call.uuid)
        self.let_time_pass(21)
        self.wait(call)
        self.step(call)
        self.assertEqual(call.step_id, again)
        self.assertEqual(call._get_open_offers().agent_id, self.agent_bob)
