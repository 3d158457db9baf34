"""Incoming calls, through the webhooks as the provider sends them."""

from odoo import fields
from odoo.tests import tagged

from ..common import CUSTOMER, QUEUE, TelephonyHttpCase, leg_sid


@tagged("post_install", "-at_install")
class TestIncoming(TelephonyHttpCase):
    def test_everybody_rings_at_once(self):
        """Z17: a call rings at all available agents, with the caller's card."""
        self.go_online(self.agent_ana, self.agent_bob)
        call, [enqueue] = self.call_in()
        self.assertEqual(enqueue.tag, "Enqueue")
        self.assertEqual(enqueue.get("waitUrl"), self.url_of("wait", call))
        self.assertEqual(enqueue.get("action"), self.url_of("step", call))
        # A name at the provider contains no personal data.
        self.assertNotIn("470", enqueue.text)
        self.assertEqual(call.state, "ringing")
        self.assertEqual(call.offer_ids.agent_id, self.agent_ana | self.agent_bob)
        self.assertEqual(set(call.offer_ids.mapped("state")), {"offered"})
        for user in (self.ana, self.bob):
            [offer] = self.notified(user, "offer_made")
            self.assertEqual(offer["call"]["uuid"], call.uuid)
            self.assertEqual(offer["call"]["customer"]["name"], "Zoe Peeters")
            self.assertEqual(offer["call"]["customer"]["number"], CUSTOMER)
            self.assertEqual(offer["call"]["customer"]["country_code"], "BE")
            self.assertEqual(
                offer["call"]["card"]["opportunities"],
                [
                    {
                        "id": self.lead.id,
                        "name": "A big order",
                        "stage": self.lead.stage_id.name or False,
                    }
                ],
            )
            self.assertFalse(offer["call"]["card"]["last_call"])
        self.assertFalse(self.notified(self.cleo))

    # === RINGING === #

    def test_known_caller_with_several_opportunities_is_linked_to_the_contact_only(self):
        """Z17: the card shows the last call; of several opportunities none is guessed."""
        self.lead.copy({"name": "Another order"})
        self.go_online(self.agent_ana)
        first, _verbs = self.call_in_and_wait()
        self.tell_leg(first, first.provider_call_id, "completed", CallDuration="4")
        call, _verbs = self.call_in(sid=leg_sid(2))
        self.assertEqual(call.partner_id, self.partner)
        self.assertFalse(call.lead_id)
        card = self.notified(self.ana, "offer_made")[-1]["call"]["card"]
        self.assertEqual(card["last_call"]["end_message"], "The caller hung up.")
        self.assertEqual(len(card["opportunities"]), 2)

    def test_hidden_caller_is_nobody(self):
        """Z17: a caller without a number has a card, too."""
        self.go_online(self.agent_ana)
        for index, word in enumerate(("anonymous", "+266696687", "", "Restricted"), 1):
            call, [enqueue] = self.call_in(from_=word, sid=leg_sid(index))
            self.assertEqual(enqueue.tag, "Enqueue")
            self.assertFalse(call.customer_number)
            self.assertFalse(call.partner_id)
            customer = self.notified(self.ana, "offer_made")[-1]["call"]["customer"]
            self.assertFalse(customer["number"])
            self.assertEqual(customer["number_display"], "Hidden number")
            self.tell_leg(call, leg_sid(index), "completed")

    def test_one_after_the_other(self):
        """Z17: in order, the next agent rings when the previous one does not answer."""
        self.ring.ring_strategy = "longest_idle"
        self.go_online(self.agent_ana, self.agent_bob)
        self.agent_ana.status_since = "2026-01-01 10:00:00"
        self.agent_bob.status_since = "2026-01-01 09:00:00"
        call, [_enqueue] = self.call_in()
        # The longest idle first.
        self.assertEqual(call.offer_ids.agent_id, self.agent_bob)
        self.assertFalse(self.notified(self.ana, "offer_made"))
        self.assertAlmostEqual(self.hear_whole_ringing(call), 20, delta=1)
        self.let_time_pass(20)
        self.assertAlmostEqual(self.hear_whole_ringing(call), 20, delta=1)
        self.assertEqual(len(self.notified(self.ana, "offer_made")), 1)
        [closed] = self.notified(self.bob, "offer_closed")
        self.assertEqual((closed["uuid"], closed["reason"]), (call.uuid, "expired"))
        self.let_time_pass(20)
        [leave] = self.wait(call)
        self.assertEqual(leave.tag, "Leave")
        self.assertEqual(self.names(self.step(call)), ["Say", "Hangup"])
        self.assertEqual(call.offer_ids.mapped("agent_id"), self.agent_ana | self.agent_bob)
        self.assertEqual(set(call.offer_ids.mapped("state")), {"expired"})

    def test_declining_in_order_rings_the_next_one(self):
        """Z17: an agent who declines does not end the call for the others."""
        self.ring.ring_strategy = "sequential"
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).decline(call.uuid)
        self.run_after_commit()
        self.assertEqual(len(self.notified(self.bob, "offer_made")), 1)
        self.assertEqual(call.state, "ringing")
        # In both cases, the waiting room comes next.
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        self.assertAlmostEqual(self.hear_whole_ringing(call), 20, delta=1)
        self.as_user(self.bob).decline(call.uuid)
        self.run_after_commit()
        self.assertEqual(self.step(call)[0].text, "Everybody is busy.")

    def test_waiting_lasts_until_the_next_decision(self):
        """Z17: the voice response is the timer: it ends when the ringing ends."""
        self.go_online(self.agent_ana)
        call, [_enqueue] = self.call_in()
        self.assertAlmostEqual(self.hear_whole_ringing(call), 20, delta=1)
        for left in (19, 16, 12, 8, 5, 3):
            call.offer_ids.expires_at = fields.Datetime.add(fields.Datetime.now(), seconds=left)
            heard = self.heard_seconds(self.wait(call))
            self.assertGreaterEqual(heard, 1)
            self.assertLessEqual(heard, left)
            self.assertAlmostEqual(heard, left, delta=2)
        self.let_time_pass(3)
        self.assertEqual(self.names(self.wait(call)), ["Leave"])

    def test_nobody_answers(self):
        """Z03: after the time of the step, the caller hears the message of its exit."""
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        self.let_time_pass(20)
        self.assertEqual(self.names(self.wait(call)), ["Leave"])
        say, hangup = self.step(call)
        self.assertEqual((say.text, say.get("language")), ("Everybody is busy.", "en-US"))
        self.assertEqual(hangup.tag, "Hangup")
        self.assertEqual(set(call.offer_ids.mapped("state")), {"expired"})
        for user in (self.ana, self.bob):
            [closed] = self.notified(user, "offer_closed")
            self.assertEqual(closed["reason"], "expired")
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="25")
        self.assertEqual((call.state, call.outcome), ("ended", "missed"))

    def test_nobody_is_available(self):
        """Z03: with all agents offline the caller does not wait."""
        for agent in (self.agent_ana, self.agent_bob):
            self.assertNotEqual(agent.state, "available")
        call, [say, hangup] = self.call_in()
        self.assertEqual((say.text, hangup.tag), ("We are closed.", "Hangup"))
        self.assertFalse(call.offer_ids)
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="3")
        self.assertEqual((call.state, call.outcome, call.duration), ("ended", "missed", 0))

    def test_online_without_an_open_page_is_not_available(self):
        """Z02: the status alone does not make an agent reachable."""
        self.agent_ana.status = "online"
        _call, [say, _hangup] = self.call_in()
        self.assertEqual(say.text, "We are closed.")

    def test_number_without_a_flow(self):
        """Z03: callers of a number without a flow hear a polite message."""
        self.number.flow_id = False
        call, [say, hangup] = self.call_in()
        self.assertIn("No one is available", say.text)
        self.assertEqual(hangup.tag, "Hangup")
        self.assertEqual(call.state, "routing")

    def test_exit_without_a_step(self):
        self.ring.not_available_step_id = False
        _call, [say, hangup] = self.call_in()
        self.assertIn("No one is available", say.text)
        self.assertEqual(hangup.tag, "Hangup")

    def test_flow_that_runs_in_a_circle_ends(self):
        self.env["telephony.flow.step"].create(
            {
                "flow_id": self.flow.id,
                "name": "Again",
                "kind": "ring",
                "agent_ids": self.agent_cleo.ids,
                "not_available_step_id": self.ring.id,
            }
        )
        self.ring.not_available_step_id = self.flow.step_ids[-1]
        _call, [say, hangup] = self.call_in()
        self.assertEqual((say.tag, hangup.tag), ("Say", "Hangup"))

    def test_foreign_number_is_refused(self):
        """A call to a number that is not ours is not answered."""
        with self.assert_log("models.routing.telephony_call", "WARNING", "not listed"):
            call, [reject] = self.call_in(to="+3225559999")
        self.assertEqual(reject.tag, "Reject")
        self.assertFalse(call)

    def test_the_provider_asks_twice(self):
        """A repeated first request changes nothing and gets the same answer."""
        self.go_online(self.agent_ana)
        call, first = self.call_in()
        again, second = self.call_in()
        self.assertEqual(call, again)
        self.assertEqual([verb.attrib for verb in first], [verb.attrib for verb in second])
        self.assertEqual(len(call.offer_ids), 1)
        self.assertEqual(len(self.notified(self.ana, "offer_made")), 1)

    # === ACCEPTING === #

    def test_accept_connects_both(self):
        """Z17: the agent's browser enters the conference, then the caller is redirected there."""
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        result = self.as_user(self.ana).accept(call.uuid)
        self.assertTrue(result["accepted"])
        self.assertEqual(result["call"]["uuid"], call.uuid)
        self.assertEqual(call.user_id, self.ana)
        [closed] = self.notified(self.bob, "offer_closed")
        self.assertEqual(
            (closed["reason"], closed["by"], closed["by_me"]), ("accepted", "Ana", False)
        )
        self.assertEqual(closed["message"], "This call was already answered by Ana.")
        [closed] = self.notified(self.ana, "offer_closed")
        self.assertEqual((closed["reason"], closed["by_me"]), ("accepted", True))
        # Meanwhile the caller hears ringback, until the agent's deadline.
        self.assertAlmostEqual(self.heard_seconds(self.wait(call)), 15, delta=1)
        [dial] = self.connect_browser(call, self.agent_ana)
        [room] = dial
        self.assertEqual(room.text, call.uuid)
        self.assertEqual(room.get("participantLabel"), "agent-1")
        # The agent never ends the conference by leaving.
        self.assertEqual(room.get("endConferenceOnExit"), "false")
        self.run_after_commit()
        self.assertEqual(
            self.provider.sent("move_from_queue"),
            [[QUEUE, call.provider_call_id, self.url_of("join", call)]],
        )
        [dial] = self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        [room] = dial
        self.assertEqual((room.text, room.get("participantLabel")), (call.uuid, "customer"))
        self.assertEqual(room.get("endConferenceOnExit"), "true")
        self.assertEqual(call.state, "in_progress")
        self.assertSeconds(call.answered_at, 0)
        update = self.notified(self.ana, "call_updated")[-1]
        self.assertEqual(
            (update["state"], update["agent_connected"], update["phase"]),
            ("in_progress", True, "talking"),
        )

    def test_the_browser_is_faster_than_the_click(self):
        """Z17: the page sends both at once; the first one takes the call, once."""
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        [room] = self.connect_browser(call, self.agent_ana)[0]
        self.assertEqual(room.text, call.uuid)
        self.assertEqual(call.user_id, self.ana)
        [closed] = self.notified(self.bob, "offer_closed")
        self.assertEqual((closed["reason"], closed["by"]), ("accepted", "Ana"))
        self.run_after_commit()
        self.assertEqual(len(self.provider.sent("move_from_queue")), 1)
        self.assertTrue(self.as_user(self.ana).accept(call.uuid)["accepted"])
        self.assertFalse(self.as_user(self.bob).accept(call.uuid)["accepted"])
        # The colleague's browser, a hundredth of a second later.
        [verb] = self.connect_browser(call, self.agent_bob, leg_sid(61))
        self.assertEqual(verb.tag, "Hangup")
        self.assertEqual(len(call._get_agent_legs()), 1)

    def test_a_browser_that_nobody_rings_at_takes_nothing(self):
        """Z17: a browser without an open offer, or of a former agent, takes no call."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        refused = [self.connect_browser(call, self.agent_bob)]
        self.ana.group_ids -= self.env.ref("crm_telephony.group_user")
        refused.append(self.connect_browser(call, self.agent_ana))
        self.ana.group_ids += self.env.ref("crm_telephony.group_user")
        self.as_user(self.ana).decline(call.uuid)
        refused.append(self.connect_browser(call, self.agent_ana))
        self.assertEqual([verb.tag for [verb] in refused], ["Hangup"] * 3)
        self.assertFalse(call.user_id)

    def test_agent_before_the_caller_is_in_the_queue(self):
        """Z17: an accept that is faster than the queue loses no caller."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in()
        self.as_user(self.ana).accept(call.uuid)
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        self.assertFalse(self.provider.requests)
        self.assertEqual(self.names(self.wait(call)), ["Leave"])
        self.assertEqual(self.names(self.step(call)), ["Dial"])
        self.assertEqual(call.state, "in_progress")

    def test_second_accept_loses(self):
        """Z17: the first one wins; the loser learns who it was."""
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).accept(call.uuid)
        result = self.as_user(self.bob).accept(call.uuid)
        self.assertEqual(
            result, {"accepted": False, "message": "This call was already answered by Ana."}
        )
        self.assertEqual(call.user_id, self.ana)
        # A repeated accept of the winner is answered alike.
        self.assertTrue(self.as_user(self.ana).accept(call.uuid)["accepted"])
        self.assertEqual(len(self.notified(self.ana, "offer_closed")), 1)

    def test_accept_after_the_caller_has_gone(self):
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.tell_leg(call, call.provider_call_id, "completed")
        self.assertEqual(
            self.as_user(self.ana).accept(call.uuid),
            {"accepted": False, "message": "The caller hung up."},
        )

    def test_accept_after_the_offer_has_ended(self):
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).decline(call.uuid)
        result = self.as_user(self.ana).accept(call.uuid)
        self.assertFalse(result["accepted"])
        self.assertEqual(result["message"], "This call is no longer ringing for you.")

    def test_agent_in_a_call_is_not_rung(self):
        """Z17: an agent in a call is not rung."""
        self.talk()
        self.assertEqual(self.agent_ana.state, "in_call")
        other, _verbs = self.call_in(sid=leg_sid(2))
        self.assertEqual(other.offer_ids.agent_id, self.agent_bob)

    def test_three_at_once_wait_for_what_the_first_one_leaves(self):
        """F14: while all agents ring for the first caller, the others are not refused."""
        self.go_online(self.agent_ana, self.agent_bob)
        first, _verbs = self.call_in()
        self.wait(first)
        others = self.env["telephony.call"]
        for number in (2, 3):
            call, verbs = self.call_in(sid=leg_sid(number), from_=f"+3247055500{number}")
            self.assertFalse({"Say", "Hangup", "Record"} & set(self.names(verbs)), number)
            self.assertEqual(call._get_phase().name, "awaiting_agents")
            others |= call
        self.as_user(self.ana).accept(first.uuid)
        ringing = others.filtered(lambda call: call._is_ringing())
        self.assertEqual(ringing.offer_ids.agent_id, self.agent_bob)
        self.assertNotIn("ended", others.mapped("state"))

    def test_declined_by_all_goes_on_at_once(self):
        """Z17: the caller does not wait for the end of the ringing when all have declined."""
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).decline(call.uuid)
        self.run_after_commit()
        self.assertFalse(self.provider.requests)
        self.assertFalse(self.notified(self.bob, "offer_closed"))
        self.as_user(self.bob).decline(call.uuid)
        self.run_after_commit()
        self.assertEqual(
            self.provider.sent("move_from_queue"),
            [[QUEUE, call.provider_call_id, self.url_of("step", call)]],
        )
        # The queue's own request leads nowhere; the address named in our request leads on.
        [redirect] = self.step(call, QueueResult="redirected")
        self.assertEqual(redirect.tag, "Redirect")
        self.assertEqual(
            self.ask(redirect.text, {"CallSid": call.provider_call_id})[0].text,
            "Everybody is busy.",
        )
        self.assertEqual(set(call.offer_ids.mapped("state")), {"declined"})
