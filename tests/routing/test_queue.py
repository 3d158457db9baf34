"""Queues: waiting callers, picking up, and the live lists."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.models.routing.telephony_call import MUSIC_SECONDS

from ..common import AGENT_LEG, TelephonyHttpCase, leg_sid


class QueueStories(TelephonyHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.queue = cls.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": cls.company_a.id,
                "agent_ids": [Command.set((cls.agent_ana | cls.agent_bob).ids)],
                "announcement": "Please hold the line.",
                "max_callers": 3,
                "max_wait": 120,
            }
        )
        cls.ring.write(
            {
                "kind": "queue",
                "queue_id": cls.queue.id,
                "full_step_id": cls.no_answer_step.id,
            }
        )

    def call_in_number(self, index):
        return self.call_in(sid=leg_sid(index), from_=f"+3247055550{index}")[0]

    def occupy(self, *users):
        """Give each of these users a running conversation."""
        self.env["telephony.call"].create(
            [
                {
                    "account_id": self.account.id,
                    "direction": "outgoing",
                    "state": "in_progress",
                    "user_id": user.id,
                    "answered_at": fields.Datetime.now(),
                }
                for user in users
            ]
        )

    def live(self, channel_user=None):
        channel = ("res.company", self.company_a.id)
        return [
            payload
            for target, kind, payload in self.notifications
            if target == channel and kind == "telephony/live_updated"
        ]


@tagged("post_install", "-at_install")
class TestQueue(QueueStories):
    def test_nobody_logged_in_takes_the_exit(self):
        """Z24: without any logged-in member, the caller does not wait."""
        _call, [say, _hang_up] = self.call_in()
        self.assertEqual(say.text, "We are closed.")

    def test_caller_waits_with_announcement_and_music_of_exact_length(self):
        """Z24: the waiting caller hears the announcement, the place in the queue, and music."""
        self.go_online(self.agent_ana)
        self.occupy(self.ana)
        call, _verbs = self.call_in()
        self.assertEqual(call.state, "queued")
        [say, play] = self.wait(call)
        self.assertEqual(say.text, "Please hold the line. You are number 1 in the queue.")
        self.assertIn("/telephony/sound/hold_music/", play.text)
        seconds = int(play.text.rsplit("/", 1)[1].removesuffix(".wav"))
        self.assertEqual(seconds, self.queue.announcement_interval)

    def test_new_caller_enters_with_those_who_were_never_offered(self):
        """A process died when its agents were free and the waiting callers not yet offered."""
        self.go_online(self.agent_ana, self.agent_bob)
        self.occupy(self.ana, self.bob)
        first, second = (self.call_in_number(index) for index in (1, 2))
        self.assertEqual(set((first | second).mapped("state")), {"queued"})
        self.env.cr.execute("UPDATE telephony_call SET state = 'ended' WHERE user_id IS NOT NULL")
        self.env.invalidate_all()
        third = self.call_in_number(3)
        self.assertEqual((first | second).mapped("offer_ids.state"), ["offered", "offered"])
        self.assertFalse(third.offer_ids)

    def test_end_of_a_conversation_enters_with_the_first_caller_who_rings_nowhere(self):
        """Callers who ring at others, or were declined, stand before in a queue."""
        self.queue.write({"max_callers": 20, "ring_seconds": 60})
        self.go_online(self.agent_ana)
        talking = self.talk()
        self.agent_bob._set_status("offline")
        waiting = self.env["telephony.call"].union(
            *(
                self.call_in(sid=leg_sid(100 + index), from_=f"+32470555{100 + index}")[0]
                for index in range(13)
            )
        )
        self.assertEqual(set(waiting.mapped("state")), {"queued"})
        now = fields.Datetime.now()
        self.env["telephony.offer"].create(
            [
                {
                    "call_id": call.id,
                    "agent_id": self.agent_bob.id,
                    "expires_at": now + timedelta(seconds=50),
                }
                for call in waiting[:12]
            ]
        )
        self.env.flush_all()
        self.tell_leg(talking, talking.provider_call_id, "completed")
        self.assertEqual(waiting[12].offer_ids.agent_id, self.agent_ana)

    def test_music_is_not_cut_into_small_pieces(self):
        """Each piece is a file of its own, with a gap: the end of a wrap-up does not cut it."""
        self.go_online(self.agent_ana, self.agent_bob)
        self.occupy(self.ana)
        call, _verbs = self.call_in()
        wrap_up = fields.Datetime.now() + timedelta(seconds=3)
        self.agent_bob.write({"wrap_up_call_id": call.id, "wrap_up_until": wrap_up})
        call.offer_ids._close("withdrawn", "withdrawn")
        *_announcement, play = self.wait(call)
        self.assertGreaterEqual(self.heard_seconds([play]), MUSIC_SECONDS)

    def test_ringing_at_a_member_sounds_like_ringing(self):
        """A caller hears ringing, not “all are in a call”, while a free member is rung."""
        self.go_online(self.agent_ana)
        call, [_enqueue] = self.call_in()
        self.assertEqual(call.offer_ids.state, "offered")
        first, second = self.hear_ringing(call)
        self.assertIn("ringback_tone.wav", first[0].text)
        self.assertIn("ringback.wav", second[1].text)
        seconds = self.heard_seconds([*first, *second])
        self.assertAlmostEqual(seconds, self.queue.ring_seconds, delta=2)
        self.let_time_pass(20)
        self.agent_ana.status = "offline"
        [say, _music] = self.wait(call)
        self.assertEqual(say.text, "Please hold the line. You are number 1 in the queue.")

    def test_long_ringing_is_looked_at_again_and_again(self):
        """A ringing of two minutes is checked repeatedly, because it may be declined early."""
        self.queue.ring_seconds = 120
        self.go_online(self.agent_ana)
        call, [_enqueue] = self.call_in()
        _first, second = self.hear_ringing(call)
        self.assertTrue(0 < self.heard_seconds(second) <= 20)

    def test_callback_key_counts_while_it_rings(self):
        """Z24: the key of the queue callback works from the first second on."""
        self.queue.callback_key = "1"
        self.go_online(self.agent_ana)
        call, [gather] = self.call_in_and_wait()
        self.assertEqual((gather.tag, gather[0].tag), ("Gather", "Play"))
        self.assertIn("ringback_tone.wav", gather[0].text)
        self.wait(call, Digits="1")
        self.assertTrue(call.queue_callback_requested)

    def test_offered_to_the_longest_idle_member_only(self):
        """Z24: one offer for a call at a time, to the member who has been idle longest."""
        self.agent_ana.status_since = fields.Datetime.now() - timedelta(minutes=5)
        self.agent_bob.status_since = fields.Datetime.now() - timedelta(minutes=50)
        self.go_online(self.agent_ana, self.agent_bob)
        call = self.call_in_number(1)
        self.assertEqual(call.offer_ids.agent_id, self.agent_bob)
        second = self.call_in_number(2)
        self.assertEqual(second.offer_ids.agent_id, self.agent_ana)
        third = self.call_in_number(3)
        self.assertFalse(third.offer_ids)

    def test_full_queue_takes_the_exit(self):
        """Z29: callers above the queue's limit take the exit."""
        self.go_online(self.agent_ana)
        for index in (1, 2, 3):
            self.call_in_number(index)
        _call, [say, _hang_up] = self.call_in(sid=leg_sid(4), from_="+32470555509")
        self.assertEqual(say.text, "Everybody is busy.")

    def test_longest_wait_takes_the_exit(self):
        """Z29: after the maximum wait the flow continues."""
        self.go_online(self.agent_ana)
        call = self.call_in_number(1)
        call.queued_at -= timedelta(seconds=121)
        self.let_time_pass(200)
        [leave] = self.wait(call)
        self.assertEqual(leave.tag, "Leave")
        [say, _hang_up] = self.step(call)
        self.assertEqual(say.text, "Everybody is busy.")

    def test_free_agent_gets_the_next_caller(self):
        """Z24: an agent who ends a call is offered the longest waiting caller."""
        self.go_online(self.agent_ana)
        first, second = self.call_in_number(1), self.call_in_number(2)
        self.assertFalse(second.offer_ids)
        self.talk(first)
        self.as_user(self.ana).hang_up(first.uuid)
        self.assertEqual(second.offer_ids.agent_id, self.agent_ana)
        self.assertEqual(self.notified(self.ana, "offer_made")[-1]["call"]["uuid"], second.uuid)

    def test_pick_up_takes_the_chosen_caller(self):
        """Z25: the third caller is taken out of the queue; the others keep their places."""
        self.go_online(self.agent_ana)
        calls = [self.call_in_number(index) for index in (1, 2, 3)]
        self.go_online(self.agent_cleo)
        answer = self.as_user(self.cleo).pick_up(calls[2].uuid)
        self.assertTrue(answer["accepted"])
        self.assertEqual(calls[2].user_id, self.cleo)
        waiting = self.as_user(self.ana).queued_calls()
        self.assertEqual([row["uuid"] for row in waiting], [calls[0].uuid, calls[1].uuid])
        self.talk(calls[2], self.agent_cleo, self.cleo)
        [live] = self.as_user(self.bob).live_calls()
        self.assertEqual((live["uuid"], live["user"]["name"]), (calls[2].uuid, "Cleo"))

    def test_pick_up_by_somebody_in_a_call_is_refused(self):
        """Z26: only a user without a call may pick up."""
        self.go_online(self.agent_ana, self.agent_bob)
        first, second = self.call_in_number(1), self.call_in_number(2)
        agent = first.offer_ids.agent_id
        self.talk(first, agent, agent.user_id)
        with self.assertRaisesRegex(UserError, "already in a call"):
            self.as_user(agent.user_id).pick_up(second.uuid)
        self.assertFalse(second.user_id)

    def test_pick_up_while_offline_is_refused(self):
        """Z26: an offline agent learns why picking up is refused."""
        self.go_online(self.agent_ana)
        call = self.call_in_number(1)
        with self.assertRaisesRegex(UserError, "offline"):
            self.as_user(self.cleo).pick_up(call.uuid)

    def test_second_pick_up_learns_who_won(self):
        """Z25: the loser learns who has the caller."""
        self.go_online(self.agent_ana)
        call = self.call_in_number(1)
        self.go_online(self.agent_bob, self.agent_cleo)
        self.as_user(self.cleo).pick_up(call.uuid)
        answer = self.as_user(self.bob).pick_up(call.uuid)
        self.assertEqual(
            answer,
            {
                "accepted": False,
                "message": "This call was already answered by Cleo.",
            },
        )

    def test_pick_up_of_a_caller_who_is_gone(self):
        """Z25: the caller hung up meanwhile, and the call is logged as abandoned."""
        self.go_online(self.agent_ana)
        call = self.call_in_number(1)
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="9")
        self.assertEqual((call.state, call.outcome), ("ended", "abandoned"))
        answer = self.as_user(self.ana).pick_up(call.uuid)
        self.assertEqual(answer["message"], "The caller hung up.")

    def test_pick_up_of_a_caller_who_rings_elsewhere_is_refused(self):
        """Issue 14: an agent in a call cannot pick up a caller who left the queue for a step."""
        self.ring.no_answer_step_id = self.env["telephony.flow.step"].create(
            {
                "flow_id": self.flow.id,
                "sequence": 9,
                "name": "Cleo",
                "kind": "ring",
                "agent_ids": [Command.set(self.agent_cleo.ids)],
                "ring_seconds": 20,
            }
        )
        self.go_online(self.agent_ana, self.agent_cleo)
        self.occupy(self.ana)
        call = self.call_in_number(1)
        call.queued_at -= timedelta(seconds=121)
        self.wait(call)
        self.step(call)
        self.assertEqual((call.state, call.offer_ids.agent_id), ("ringing", self.agent_cleo))
        answer = self.as_user(self.ana).pick_up(call.uuid)
        self.assertEqual(answer.get("message"), "This caller is no longer in the queue.")
        self.assertFalse(call.user_id)

    def test_picking_up_stops_other_offers_of_the_agent(self):
        """Z25: other calls that rang at the agent ring elsewhere."""
        self.go_online(self.agent_ana, self.agent_bob)
        first, second = self.call_in_number(1), self.call_in_number(2)
        agent = first.offer_ids.agent_id
        self.as_user(agent.user_id).pick_up(second.uuid)
        self.assertNotIn(
            "offered",
            first.offer_ids.filtered(lambda offer: offer.agent_id == agent).mapped("state"),
        )

    def test_agent_who_does_not_come_gives_the_place_back(self):
        """Z25: when the agent's leg is late, the caller keeps the place."""
        self.go_online(self.agent_ana)
        first, second = self.call_in_number(1), self.call_in_number(2)
        self.as_user(self.ana).accept(first.uuid)
        self.let_time_pass(16)
        self.wait(first)
        self.assertFalse(first.user_id)
        waiting = self.as_user(self.ana).queued_calls()
        self.assertEqual([row["uuid"] for row in waiting], [first.uuid, second.uuid])

    def test_live_lists_are_told_to_the_company(self):
        """Z22 Z24: every change is announced to the agents of the company only."""
        self.go_online(self.agent_ana)
        call = self.call_in_number(1)
        self.assertEqual(self.live()[-1]["list"], "queue")
        self.talk(call)
        self.assertEqual(self.live()[-1]["list"], "conversation")
        self.as_user(self.ana).hang_up(call.uuid)
        self.assertFalse(self.live()[-1]["list"])
        other = ("res.company", self.company_b.id)
        self.assertNotIn(other, [target for target, _kind, _payload in self.notifications])
        self.assertEqual(self.as_user(self.eva).live_calls(), [])
        self.assertEqual(self.as_user(self.eva).queued_calls(), [])

    def test_live_lists_hear_of_what_they_show_only(self):
        """No message repeats the last one, because every page of the company receives it."""
        self.go_online(self.agent_ana)
        call = self.call_in_number(1)
        self.talk(call)
        self.tell_leg(call, AGENT_LEG, "in-progress")
        self.tell_room(call, AGENT_LEG, "participant-join", 1)
        self.tell_room(call, call.provider_call_id, "participant-join", 2)
        self.tell_room(call, call.provider_call_id, "participant-hold", 3)
        self.tell_room(call, call.provider_call_id, "participant-unhold", 4)
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="9")
        self.tell_leg(call, AGENT_LEG, "completed", CallDuration="9")
        told = [(row["list"], bool(row["user"]), row["on_hold"]) for row in self.live()]
        self.assertEqual(
            told,
            [
                ("queue", False, False),
                (False, True, False),
                ("conversation", True, False),
                ("conversation", True, True),
                ("conversation", True, False),
                (False, True, False),
            ],
        )

    def test_live_lists_are_for_phone_users(self):
        """Z22: other users receive no live lists."""
        for user in (self.ian, self.pia):
            for method in ("live_calls", "queued_calls"):
                with self.assertRaises(AccessError):
                    getattr(self.as_user(user), method)()

    def test_foreign_call_cannot_be_picked_up(self):
        """Z25: a call of another company, or one that does not wait, is refused."""
        self.go_online(self.agent_ana)
        call = self.call_in_number(1)
        with self.assertRaises(AccessError):
            self.as_user(self.eva).pick_up(call.uuid)
        with self.assertRaises(AccessError):
            self.as_user(self.ana).pick_up("no-such-call")

    def test_music_is_cut_to_length(self):
        """Z24: the music lasts exactly until the next decision."""
        response = self.url_open("/telephony/sound/hold_music/7.wav")
        self.assertEqual(response.status_code, 200)
        # 8 kHz, 16 bits, and a header.
        self.assertAlmostEqual(len(response.content), 7 * 16000, delta=200)
