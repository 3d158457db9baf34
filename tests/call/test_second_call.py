"""A second call during a conversation: shown quietly, answered by holding the first one."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import AGENT_LEG, QUEUE, TelephonyHttpCase, leg_sid

SECOND = leg_sid(2)
SECOND_AGENT_LEG = leg_sid(51)
THIRD_AGENT_LEG = leg_sid(52)


class SecondCalls(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        # No other agent is there.
        self.ring.agent_ids = self.agent_ana
        self.first = self.talk()
        self.tell_room(self.first, self.first.provider_call_id, "participant-join", 1)
        self.provider.requests.clear()
        self.notifications.clear()

    def second(self):
        """Return a second call that rings."""
        call, _verbs = self.call_in_and_wait(sid=SECOND, from_="+32470999888")
        return call

    def accept(self, call):
        result = self.as_user(self.ana).accept(call.uuid)
        self.assertTrue(result["accepted"])
        self.env.invalidate_all()
        return result["call"]

    def answered(self):
        """Answer the second call, so that the first one is held."""
        call = self.second()
        self.accept(call)
        self.connect_browser(call, self.agent_ana, SECOND_AGENT_LEG)
        self.run_after_commit()
        self.ask("join", {"CallSid": SECOND}, {"call": call.uuid})
        self.tell_room(call, SECOND, "participant-join", 0)
        self.assertEqual(call.state, "in_progress")
        return call

    def music(self, call):
        """Return the seconds of music that a customer hears now."""
        return self.heard_seconds(self.wait(call))

    def resume(self, call):
        data = self.as_user(self.ana).resume(call.uuid)
        self.env.invalidate_all()
        return data


@tagged("post_install", "-at_install")
class TestSecondCall(SecondCalls):
    def test_it_is_offered_to_one_who_speaks_when_nobody_is_free(self):
        """Only that agent is offered the call, and stays *in a call*."""
        call = self.second()
        self.assertEqual(call.state, "ringing")
        self.assertEqual(call.offer_ids.agent_id, self.agent_ana)
        self.assertEqual(self.agent_ana.state, "in_call")
        [offer] = self.notified(self.ana, "offer_made")
        self.assertEqual(offer["call"]["uuid"], call.uuid)

    def test_a_browser_that_is_faster_than_the_click_waits_for_it(self):
        """Z17: a browser that connects early does not hold the first call."""
        call = self.second()
        [verb] = self.connect_browser(call, self.agent_ana, SECOND_AGENT_LEG)
        self.assertEqual(verb.tag, "Hangup")
        self.assertFalse(call.user_id)
        self.assertFalse(self.first.held_at)

    def test_a_free_colleague_comes_first(self):
        """Z17: an agent in a call is not disturbed while a colleague is free."""
        self.ring.agent_ids = self.agent_ana | self.agent_bob
        call = self.second()
        self.assertEqual(call.offer_ids.agent_id, self.agent_bob)

    def test_in_order_it_comes_to_the_one_who_speaks_last(self):
        self.ring.write(
            {
                "agent_ids": (self.agent_ana | self.agent_bob).ids,
                "ring_strategy": "sequential",
            }
        )
        call = self.second()
        self.assertEqual(call.offer_ids.agent_id, self.agent_bob)
        self.as_user(self.bob).decline(call.uuid)
        self.assertEqual(
            call.offer_ids.filtered(lambda offer: offer.state == "offered").agent_id,
            self.agent_ana,
        )

    def test_answering_puts_the_first_one_on_hold(self):
        """One click holds the first call and answers the second one."""
        call = self.second()
        data = self.accept(call)
        self.assertEqual((data["uuid"], data["phase"]), (call.uuid, "claimed"))
        self.assertTrue(self.first.held_at)
        self.assertEqual((self.first.state, self.first.user_id), ("in_progress", self.ana))
        [told] = [
            payload
            for payload in self.notified(self.ana, "call_updated")
            if payload["uuid"] == self.first.uuid
        ][-1:]
        self.assertEqual(told["phase"], "held")
        self.assertTrue(told["on_hold"] and told["on_hold_since"])
        self.run_after_commit()
        step = self.url_of("step", self.first)
        self.assertEqual(self.provider.sent("redirect_leg"), [[self.first.provider_call_id, step]])
        self.assertEqual(self.provider.sent("end_leg"), [[AGENT_LEG]])
        # The end of the leg is not a lost connection.
        self.tell_leg(self.first, AGENT_LEG, "completed", 3)
        self.run_after_commit()
        self.assertEqual(len(self.provider.sent("redirect_leg")), 1)
        self.assertEqual(self.step(self.first)[0].tag, "Enqueue")
        self.assertEqual(self.music(self.first), 60)
        live = self.as_user(self.bob).live_calls()
        self.assertTrue(next(row for row in live if row["uuid"] == self.first.uuid)["on_hold"])

    def test_it_waits_as_long_as_the_page_is_there(self):
        """A held customer keeps waiting while the agent can be reached."""
        self.answered()
        for _minute in range(5):
            self.let_time_pass(60)
            self.assertEqual(self.music(self.first), 60)
            self.assertTrue(self.first.held_at)
        self.agent_ana.lease_ids.unlink()
        self.let_time_pass(60)
        self.assertAlmostEqual(self.music(self.first), 30, delta=1)  # seconds begin at any moment
        self.assertFalse(self.first.held_at)
        self.let_time_pass(60)
        self.assertEqual(self.wait(self.first)[0].tag, "Leave")
        self.assertEqual(self.step(self.first)[0].text, "We are closed.")

    def test_taking_back_swaps_the_two(self):
        """Two calls can be swapped repeatedly; one of them is connected at most."""
        second = self.answered()
        self.provider.requests.clear()
        data = self.resume(self.first)
        self.assertEqual(data["phase"], "agent_lost")
        self.assertTrue(second.held_at)
        self.assertFalse(self.first.held_at)
        self.run_after_commit()
        self.assertEqual([args[0] for args in self.provider.sent("redirect_leg")], [SECOND])
        self.wait(self.first)
        self.connect_browser(self.first, self.agent_ana, THIRD_AGENT_LEG)
        self.run_after_commit()
        self.assertEqual(
            [args[:2] for args in self.provider.sent("move_from_queue")],
            [[QUEUE, self.first.provider_call_id]],
        )
        self.ask("join", {"CallSid": self.first.provider_call_id}, {"call": self.first.uuid})
        self.assertFalse(self.first.deadline_at)
        self.assertEqual(self.resume(second)["phase"], "agent_lost")
        self.assertTrue(self.first.held_at)

    def test_taking_back_again_changes_nothing(self):
        """A repeated click, or a click on a second page, changes nothing."""
        self.answered()
        self.resume(self.first)
        self.assertEqual(self.resume(self.first)["phase"], "agent_lost")
        self.assertFalse(self.first.held_at)

    def test_the_second_ends_and_the_first_waits_on(self):
        """After the second call, a click resumes the first one, without a deadline."""
        second = self.answered()
        self.tell_leg(second, SECOND, "completed", CallDuration="9")
        self.assertEqual((second.state, second.outcome), ("ended", "answered"))
        self.assertTrue(self.first.held_at)
        self.assertEqual(self.agent_ana.state, "in_call")
        self.assertFalse(self.agent_ana.wrap_up_call_id)
        with self.assertRaisesRegex(UserError, "customer is on hold"):
            self.as_user(self.ana).dial("+32470555666")
        self.assertEqual(self.resume(self.first)["phase"], "agent_lost")

    def test_both_results_are_asked_for(self):
        """Z27: both conversations need a disposition, though the second ended first."""
        self.company_a.telephony_disposition_required = True
        result = self.env["telephony.disposition"].search([], limit=1)
        second = self.answered()
        self.tell_leg(second, SECOND, "completed", CallDuration="9")
        self.tell_leg(self.first, self.first.provider_call_id, "completed", CallDuration="60")
        self.assertEqual(self.agent_ana.wrap_up_call_id, self.first)
        calls = self.as_user(self.ana)
        done = {"disposition_id": result.id, "done": True}
        agent = calls.wrap_up(self.first.uuid, done)["agent"]
        self.assertEqual(agent["wrap_up"]["uuid"], second.uuid)
        self.assertTrue(agent["wrap_up"]["is_disposition_missing"])
        self.assertEqual(self.agent_ana.state, "wrap_up")
        with self.assertRaisesRegex(UserError, "requires one after every"):
            calls.wrap_up(second.uuid, {"done": True})
        agent = calls.wrap_up(second.uuid, {"disposition_id": result.id})["agent"]
        self.assertFalse(agent["wrap_up"])
        self.assertEqual(self.agent_ana.state, "available")

    def test_the_result_of_the_second_alone_is_asked_for(self):
        """Z27: the first disposition was given while its call was held."""
        self.company_a.write(
            {
                "telephony_disposition_required": True,
                "telephony_wrap_up_seconds": 0,
            }
        )
        self.first.disposition_id = self.env["telephony.disposition"].search([], limit=1)
        second = self.answered()
        self.tell_leg(second, SECOND, "completed", CallDuration="9")
        self.tell_leg(self.first, self.first.provider_call_id, "completed", CallDuration="60")
        self.assertEqual(self.agent_ana.wrap_up_call_id, second)
        self.as_user(self.sue, "telephony.agent").browse(self.agent_ana.id).end_wrap_up()
        self.assertFalse(self.agent_ana.wrap_up_call_id)

    def test_a_call_that_rings_on_is_answered_beside_the_one_on_hold(self):
        self.tell_leg(self.answered(), SECOND, "completed", CallDuration="9")
        third, _verbs = self.call_in_and_wait(sid=leg_sid(3), from_="+32470777666")
        self.assertEqual(third.offer_ids.agent_id, self.agent_ana)
        self.accept(third)
        self.assertTrue(self.first.held_at)
        self.assertFalse(third.held_at)

    def test_the_one_on_hold_hangs_up(self):
        """Z20: the hang-up of the held customer leaves the other conversation unaffected."""
        second = self.answered()
        self.tell_leg(self.first, self.first.provider_call_id, "completed", CallDuration="60")
        self.assertEqual((self.first.state, self.first.outcome), ("ended", "answered"))
        self.assertFalse(self.first.held_at)
        self.assertEqual(second.state, "in_progress")

    def test_the_one_on_hold_is_hung_up(self):
        second = self.answered()
        self.assertEqual(self.as_user(self.ana).hang_up(self.first.uuid)["state"], "ended")
        self.run_after_commit()
        self.assertIn([self.first.provider_call_id], self.provider.sent("end_leg"))
        self.assertEqual(second.state, "in_progress")

    def test_a_second_call_that_cannot_be_connected(self):
        """The second caller goes on; the held call still waits, and can be resumed."""
        second = self.second()
        self.accept(second)
        self.let_time_pass(30)
        self.wait(second)
        self.assertFalse(second.user_id)
        self.assertTrue(self.first.held_at)
        self.assertEqual(self.resume(self.first)["phase"], "agent_lost")


@tagged("post_install", "-at_install")
class TestNoSecondCall(SecondCalls):
    def test_who_does_not_want_it(self):
        """Second calls are a preference of each user."""
        self.as_user(self.ana, "telephony.agent").save_preferences({"call_waiting": False})
        _call, verbs = self.call_in(sid=SECOND)
        self.assertEqual(verbs[0].text, "We are closed.")

    def test_no_third_call(self):
        self.answered()
        third, verbs = self.call_in(sid=leg_sid(3))
        self.assertFalse(third.offer_ids)
        self.assertEqual(verbs[0].text, "We are closed.")

    def test_not_while_another_one_rings_there(self):
        self.second()
        third, _verbs = self.call_in(sid=leg_sid(3))
        self.assertFalse(third.offer_ids)

    def test_not_offline_nor_without_a_page(self):
        for spoil in (
            lambda: self.agent_ana._set_status("offline"),
            self.agent_ana.lease_ids.unlink,
        ):
            spoil()
            self.assertFalse(self.agent_ana._get_interruptible())
            self.go_online(self.agent_ana)

    def test_not_while_the_sound_is_lost(self):
        """An agent who lost the connection rejoins the customer first."""
        self.tell_leg(self.first, AGENT_LEG, "completed", 3)
        self.assertFalse(self.agent_ana._get_interruptible())

    def test_not_at_a_telephone(self):
        """Z06: a telephone has its own way to show a second call."""
        self.first.via = "phone"
        self.assertFalse(self.agent_ana._get_interruptible())

    def test_not_while_somebody_else_is_asked(self):
        self.go_online(self.agent_cleo)
        self.as_user(self.ana).transfer(
            self.first.uuid, {"type": "agent", "id": self.agent_cleo.id}, "warm"
        )
        self.assertFalse(self.agent_ana._get_interruptible())
        self.assertFalse(self.agent_cleo._get_interruptible())

    def test_a_call_that_cannot_be_held_stays(self):
        """The second call rings on, and a sentence explains what to do."""
        second = self.second()
        self.go_online(self.agent_cleo)
        self.as_user(self.ana).transfer(
            self.first.uuid, {"type": "agent", "id": self.agent_cleo.id}, "warm"
        )
        with self.assertRaisesRegex(UserError, "cannot be put on hold right now"):
            self.as_user(self.ana).accept(second.uuid)
        self.assertFalse(second.user_id)
        self.assertFalse(self.first.held_at)

    def test_two_quiet_ones_in_a_row_do_not_set_offline(self):
        """Z02: an agent in a call has not ignored the offer."""
        for number in (2, 3, 4):
            call, _verbs = self.call_in_and_wait(sid=leg_sid(number))
            self.let_time_pass(25)
            self.wait(call)
            self.assertEqual(call.offer_ids.state, "expired")
            self.tell_leg(call, leg_sid(number), "completed")
        self.assertEqual(self.agent_ana.status, "online")

    def test_what_cannot_be_done_with_a_call_on_hold(self):
        self.answered()
        mine = self.as_user(self.ana)
        for act in (
            lambda: mine.set_hold(self.first.uuid, False),
            lambda: mine.transfer(
                self.first.uuid, {"type": "agent", "id": self.agent_cleo.id}, "blind"
            ),
        ):
            with self.assertRaisesRegex(UserError, "Resume the call first"):
                act()
        with self.assertRaisesRegex(UserError, "already in a call"):
            mine.dial("+32470555666")
        # A page without an offer is not connected, either.
        [verb] = self.connect_browser(self.first, self.agent_ana, THIRD_AGENT_LEG)
        self.assertEqual(verb.tag, "Hangup")

    def test_nobody_takes_back_the_call_of_somebody_else(self):
        self.answered()
        for user in (self.bob, self.sue, self.eva):
            with self.assertRaises(AccessError):
                self.as_user(user).resume(self.first.uuid)
        self.assertTrue(self.first.held_at)
