"""Queue callbacks: the request by a key, the place in the queue, the call and its retries."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..common import QUEUE, leg_sid
from ..routing.test_queue import QueueStories

CUSTOMER_LEG, FIRST_LEG = leg_sid(1001), leg_sid(51)
NUMBER = "+32470555501"


class QueueCallbackStories(QueueStories):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.queue.callback_key = "1"
        cls.queue.agent_ids = cls.agent_ana

    def setUp(self):
        super().setUp()
        self.go_online(self.agent_ana)

    def press(self, call, digit="1"):
        return self.wait(call, Digits=digit)

    def hang_up(self, call):
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="30")

    def get_queue_callbacks(self):
        # The demonstration data of another company contains some, too.
        return (
            self.env["telephony.call"]
            .sudo()
            .search([("queue_callback_id", "!=", False), ("company_id", "=", self.company_a.id)])
        )

    def occupy(self):
        """Connect Ana with another caller."""
        return self.talk(self.call_in_number(9))

    def request_queue_callback(self, index=1):
        """Return the queue callback of a caller who requested it and hung up."""
        call = self.call_in_number(index)
        self.wait(call)
        self.press(call)
        self.hang_up(call)
        return self.get_queue_callbacks().filtered(
            lambda queue_callback: queue_callback.queue_callback_id.origin_id == call
        )

    def accept_queue_callback(self, queue_callback, sid=CUSTOMER_LEG, agent_sid=FIRST_LEG):
        """Accept as Ana; her browser connects, and the customer's telephone is called."""
        self.provider.answers["add_participant"] = sid
        answer = self.as_user(self.ana).accept(queue_callback.uuid)
        self.assertTrue(answer["accepted"])
        self.connect_browser(queue_callback, self.agent_ana, agent_sid)
        self.run_after_commit()
        return answer

    def nobody_answers(self, queue_callback, index, status="no-answer"):
        sid = leg_sid(1000 + index)
        self.accept_queue_callback(queue_callback, sid, leg_sid(50 + index))
        self.tell_leg(
            queue_callback,
            sid,
            status,
            sequence=3,
            leg=self.customer(queue_callback),
            CallDuration="0",
        )
        return self.get_queue_callbacks().filtered(lambda other: other.state == "queued")

    def collect_registered(self):
        """Return a list that collects the calls whose callback is registered for agents."""
        registered = []

        def register(call):
            registered.append(call)

        self.patch(self.registry["telephony.call"], "_register_callback", register)
        return registered

    def due(self, queue_callback):
        queue_callback.queue_callback_id.retry_at = fields.Datetime.now()
        self.env["telephony.call"].sudo()._cron_dispatch_queue_callbacks()


@tagged("post_install", "-at_install")
class TestRequestingAQueueCallback(QueueCallbackStories):
    def test_offered_with_the_announcement_and_at_any_moment(self):
        """Z24: the announcement names the key, which works during the music, too."""
        self.occupy()
        call = self.call_in_number(1)
        [gather] = self.wait(call)
        self.assertEqual(
            (gather.tag, gather.get("numDigits"), gather.get("timeout")), ("Gather", "1", "1")
        )
        self.assertEqual(self.names(gather), ["Say", "Play"])
        self.assertEqual(
            gather[0].text,
            "Please hold the line. You are number 1 in the queue. To be called "
            "back without losing your place in the queue, press 1.",
        )
        # Together with the second of listening it is as long as without a key.
        self.assertIn("/hold_music/29.wav", gather[1].text)
        [gather] = self.wait(call)
        self.assertEqual(self.names(gather), ["Play"])
        self.assertIn("/telephony/twilio/wait?", gather.get("action"))

    def test_key_is_confirmed_and_the_caller_released(self):
        """Z24: the caller hears a confirmation and is released; a repetition is answered alike."""
        self.occupy()
        call = self.call_in_number(1)
        [gather] = self.wait(call)
        press = {"CallSid": call.provider_call_id, "Digits": "1", "QueueSid": QUEUE}
        first = self.ask(gather.get("action"), press)
        again = self.ask(gather.get("action"), press)
        for verbs in (first, again):
            self.assertEqual(self.names(verbs), ["Say", "Hangup"])
            self.assertIn("We will call you back", verbs[0].text)
        self.assertEqual(call.timeline.count("requested a callback"), 1)
        self.assertEqual(call.state, "queued")

    def test_other_keys_change_nothing(self):
        """Z24: a wrong key, or any key in a queue without queue callbacks, is not a request."""
        self.occupy()
        call = self.call_in_number(1)
        self.assertEqual(self.names(self.press(call, "2")), ["Gather"])
        self.queue.callback_key = False
        self.assertEqual(self.names(self.press(call, "1")), ["Play"])
        self.assertFalse(call.queue_callback_requested)

    def test_not_offered_to_those_who_cannot_be_called(self):
        """Z24: hidden, expensive and forbidden numbers get no offer of a queue callback."""
        self.occupy()
        company = self.company_a
        company.telephony_block_premium = True
        for index, number in enumerate(("anonymous", "+3290012345", "+33612345678"), 1):
            with self.subTest(number):
                if index == 3:
                    company.telephony_country_policy = "own"
                call, _verbs = self.call_in(sid=leg_sid(index), from_=number)
                self.assertNotIn("Gather", self.names(self.wait(call)))
                self.press(call)
                self.assertFalse(call.queue_callback_requested)
                self.hang_up(call)
                self.assertEqual(call.outcome, "abandoned")
        self.assertFalse(self.get_queue_callbacks())

    def test_said_in_the_language_of_the_flow(self):
        """Z24: the confirmation is spoken with the voice of the flow's language."""
        self.env["res.lang"]._activate_lang("fr_FR")
        self.flow.language = "fr_FR"
        self.occupy()
        call = self.call_in_number(1)
        [say, _hang_up] = self.press(call)
        self.assertEqual(say.get("language"), "fr-FR")

    def test_rings_nowhere_while_the_promise_is_spoken(self):
        """Z24: the offer of the waiting caller is withdrawn, and the caller is not called yet."""
        call = self.call_in_number(1)
        self.assertEqual(call.offer_ids.state, "offered")
        self.press(call)
        self.assertEqual(call.offer_ids.state, "withdrawn")
        self.queue._dispatch()
        self.assertEqual(len(call.offer_ids), 1)
        self.assertFalse(self.get_queue_callbacks())
        self.hang_up(call)
        self.assertEqual(self.get_queue_callbacks().offer_ids.agent_id, self.agent_ana)

    def test_is_not_abandoned_and_not_missed(self):
        """Z30: the caller's own call has an outcome of its own and is not reported as missed."""
        self.occupy()
        queue_callback = self.request_queue_callback()
        call = queue_callback.queue_callback_id.origin_id
        self.assertEqual((call.state, call.outcome), ("ended", "queue_callback"))
        self.assertFalse(self.notified(self.ana, "call_missed"))
        self.assertEqual(
            (
                queue_callback.direction,
                queue_callback.state,
                queue_callback.from_number,
                queue_callback.customer_number,
            ),
            ("outgoing", "queued", self.number.number, NUMBER),
        )
        self.assertFalse(queue_callback.leg_ids)

    def test_asking_again_keeps_one_place(self):
        """Z24: a caller who requests twice is called once."""
        self.occupy()
        queue_callback = self.request_queue_callback()
        again, _verbs = self.call_in(sid=leg_sid(2), from_=NUMBER)
        self.press(again)
        self.hang_up(again)
        self.assertEqual(again.outcome, "queue_callback")
        self.assertEqual(self.get_queue_callbacks(), queue_callback)

    def test_end_that_comes_before_the_key_and_twice(self):
        """Z24: webhooks in any order create one queue callback or none."""
        self.occupy()
        call = self.call_in_number(1)
        self.hang_up(call)
        self.press(call)
        self.assertEqual(call.outcome, "abandoned")
        self.assertFalse(self.get_queue_callbacks())
        queue_callback = self.request_queue_callback(2)
        self.hang_up(queue_callback.queue_callback_id.origin_id)
        self.tell_leg(queue_callback.queue_callback_id.origin_id, leg_sid(2), "in-progress")
        self.assertEqual(self.get_queue_callbacks(), queue_callback)


@tagged("post_install", "-at_install")
class TestCallingBack(QueueCallbackStories):
    def test_keeps_the_place_between_others(self):
        """Z24: a queue callback keeps its place between two waiting callers."""
        other = self.occupy()
        first = self.call_in_number(1)
        second = self.call_in_number(2)
        third = self.call_in_number(3)
        for seconds, call in ((90, first), (60, second), (30, third)):
            call.started_at = fields.Datetime.now() - timedelta(seconds=seconds)
        self.press(second)
        self.hang_up(second)
        queue_callback = self.get_queue_callbacks()
        rows = self.as_user(self.ana).queued_calls()
        self.assertEqual(
            [row["uuid"] for row in rows], [first.uuid, queue_callback.uuid, third.uuid]
        )
        self.assertEqual([row["is_queue_callback"] for row in rows], [False, True, False])
        self.assertEqual(rows[1]["started_at"], fields.Datetime.to_string(second.started_at))
        self.assertIn("number 3", self.wait(third)[0][0].text)
        self.hang_up(first)
        self.as_user(self.ana).hang_up(other.uuid)
        self.assertEqual(queue_callback.offer_ids.agent_id, self.agent_ana)
        self.assertFalse(third.offer_ids)

    def test_turn_comes_and_the_customer_is_dialed(self):
        """Z24: the agent accepts it like a call; then our number calls the caller's."""
        other = self.occupy()
        queue_callback = self.request_queue_callback()
        self.assertFalse(queue_callback.offer_ids)
        self.as_user(self.ana).hang_up(other.uuid)
        offer = self.notified(self.ana, "offer_made")[-1]
        self.assertEqual(
            (offer["call"]["uuid"], offer["call"]["is_queue_callback"]), (queue_callback.uuid, True)
        )
        answer = self.accept_queue_callback(queue_callback)
        self.assertEqual(answer["call"]["customer"]["number"], NUMBER)
        [[room, values]] = self.provider.sent("add_participant")
        self.assertEqual(
            (room, values["from"], values["to"]), (queue_callback.uuid, self.number.number, NUMBER)
        )
        self.assertEqual(self.as_user(self.ana).queued_calls(), [])
        leg = self.customer(queue_callback)
        self.tell_leg(queue_callback, CUSTOMER_LEG, "ringing", sequence=1, leg=leg)
        self.assertEqual(queue_callback.state, "ringing")
        self.tell_leg(queue_callback, CUSTOMER_LEG, "in-progress", sequence=2, leg=leg)
        self.assertEqual((queue_callback.state, queue_callback.user_id), ("in_progress", self.ana))
        self.as_user(self.ana).hang_up(queue_callback.uuid)
        self.assertEqual((queue_callback.state, queue_callback.outcome), ("ended", "answered"))
        self.assertEqual(self.get_queue_callbacks(), queue_callback)
        self.assertTrue(queue_callback.message_id or not queue_callback.partner_id)

    def test_picked_up_from_the_list(self):
        """Z25: any free agent may call back at once, regardless of the order."""
        self.occupy()
        queue_callback = self.request_queue_callback()
        self.go_online(self.agent_cleo)
        self.assertTrue(self.as_user(self.cleo).pick_up(queue_callback.uuid)["accepted"])
        self.connect_browser(queue_callback, self.agent_cleo, leg_sid(70))
        self.run_after_commit()
        self.assertEqual(len(self.provider.sent("add_participant")), 1)
        self.go_online(self.agent_bob)
        answer = self.as_user(self.bob).pick_up(queue_callback.uuid)
        self.assertEqual(answer["message"], "This call was already answered by Cleo.")

    def test_through_a_custom_phone(self):
        """Z06: the custom phone announces the queue callback, and 1 calls the customer."""
        self.agent_ana.write({"phone_number": "+32470111111", "call_via": "phone"})
        self.provider.answers["call_phone"] = leg_sid(60)
        call = self.call_in_number(1)
        self.press(call)
        self.run_after_commit()
        self.hang_up(call)
        self.provider.answers["call_phone"] = leg_sid(61)
        self.run_after_commit()
        queue_callback = self.get_queue_callbacks()
        leg = queue_callback.leg_ids
        query = {"call": queue_callback.uuid, "leg": leg.id}
        [gather, _hang_up] = self.ask("agent_phone", {"CallSid": leg_sid(61)}, query)
        self.assertIn("requested a callback. Press 1", gather[0].text)
        [dial] = self.ask("agent_phone", {"CallSid": leg_sid(61), "Digits": "1"}, query)
        self.assertEqual(dial.tag, "Dial")
        self.provider.answers["add_participant"] = CUSTOMER_LEG
        self.run_after_commit()
        self.assertEqual(self.provider.sent("add_participant")[0][1]["to"], NUMBER)
        self.assertEqual((queue_callback.user_id, queue_callback.via), (self.ana, "phone"))

    def test_custom_phone_that_nobody_answers_keeps_the_place(self):
        """Z06: after an unanswered custom phone, the queue callback goes to the next agent."""
        self.agent_ana.write({"phone_number": "+32470111111", "call_via": "phone"})
        self.agent_ana.lease_ids.unlink()
        self.agent_ana.status = "offline"
        self.go_online(self.agent_cleo)
        self.queue.agent_ids |= self.agent_cleo
        call = self.call_in_number(1)
        self.press(call)
        self.agent_cleo.status = "offline"
        self.agent_ana.status = "online"
        self.provider.answers["call_phone"] = leg_sid(61)
        self.hang_up(call)
        self.run_after_commit()
        queue_callback = self.get_queue_callbacks()
        self.tell_leg(
            queue_callback, leg_sid(61), "no-answer", leg=queue_callback.leg_ids, CallDuration="0"
        )
        self.assertEqual(queue_callback.state, "queued")
        self.assertFalse(queue_callback.user_id)

    def test_declined_it_stays(self):
        """Z24: after a decline, the queue callback is left to the other agents."""
        queue_callback = self.request_queue_callback()
        self.as_user(self.ana).decline(queue_callback.uuid)
        self.assertEqual(
            (queue_callback.state, queue_callback.offer_ids[0].state), ("queued", "declined")
        )

    def test_agent_who_does_not_come_gives_the_place_back(self):
        """Z24: no caller in the line requests the next decision, so a job makes it."""
        queue_callback = self.request_queue_callback()
        started = queue_callback.started_at
        self.as_user(self.ana).accept(queue_callback.uuid)
        self.let_time_pass(16)
        self.env["telephony.call"].sudo()._cron_dispatch_queue_callbacks()
        self.assertFalse(queue_callback.user_id)
        self.assertEqual(queue_callback.started_at, started - timedelta(seconds=16))
        self.assertEqual(queue_callback.state, "queued")
        # Given back by the agent's own browser, too.
        self.as_user(self.ana).pick_up(queue_callback.uuid)
        self.as_user(self.ana).decline(queue_callback.uuid)
        self.assertFalse(queue_callback.user_id)

    def test_unanswered_offer_ends(self):
        """Z24: an unanswered offer ends and is made again."""
        queue_callback = self.request_queue_callback()
        self.let_time_pass(21)
        self.env["telephony.call"].sudo()._cron_dispatch_queue_callbacks()
        self.assertEqual(
            queue_callback.offer_ids.sorted("id").mapped("state"), ["expired", "offered"]
        )

    def test_reconciliation_leaves_a_queue_callback_alone(self):
        """Z24: a waiting queue callback is unknown to the provider and not asked about."""
        self.occupy()
        queue_callback = self.request_queue_callback()
        self.let_time_pass(3600)
        queue_callback._reconcile(queue_callback._ask_provider({}))
        self.assertEqual(queue_callback.state, "queued")


@tagged("post_install", "-at_install")
class TestTries(QueueCallbackStories):
    def test_called_three_times_then_left_to_people(self):
        """Z24: an unanswered or busy queue callback is retried twice, then left to agents."""
        queue_callback = self.request_queue_callback()
        registered = self.collect_registered()
        first = queue_callback.queue_callback_id.origin_id
        for index, status in ((1, "no-answer"), (2, "busy")):
            following = self.nobody_answers(queue_callback, index, status)
            self.assertEqual(queue_callback.outcome, status.replace("-", "_"))
            self.assertEqual(
                (following.queue_callback_id.origin_id, following.queue_callback_id.attempt_count),
                (first, index + 1),
            )
            self.assertSeconds(following.queue_callback_id.retry_at, 600)
            self.queue._dispatch()
            self.assertFalse(following.offer_ids)
            self.agent_ana._clear_wrap_up()
            self.due(following)
            self.assertEqual(following.offer_ids.agent_id, self.agent_ana)
            queue_callback = following
        self.assertFalse(registered)
        self.assertFalse(self.nobody_answers(queue_callback, 3))
        self.assertEqual(registered, [first])

    def test_what_was_not_reached_is_owed(self):
        """Z24: the callback is that of the caller's own call; a canceled place is not an
        attempt."""
        queue_callback = self.request_queue_callback()
        self.assertFalse(
            self.env["telephony.callback"].search(
                [
                    ("customer_number", "=", NUMBER),
                ]
            )
        )
        self.nobody_answers(queue_callback, 1, "failed")
        callback = self.env["telephony.callback"].search([("customer_number", "=", NUMBER)])
        self.assertEqual((callback.kind, callback.state), ("queue_callback", "open"))

    def test_hung_up_by_the_phone_user_before_an_answer(self):
        """Z24: an attempt canceled by the agent counts, and is repeated."""
        queue_callback = self.request_queue_callback()
        self.accept_queue_callback(queue_callback)
        self.as_user(self.ana).hang_up(queue_callback.uuid)
        self.assertEqual(queue_callback.outcome, "canceled")
        following = self.get_queue_callbacks() - queue_callback
        self.assertEqual(
            (following.state, following.queue_callback_id.attempt_count), ("queued", 2)
        )

    def test_number_that_cannot_be_called(self):
        """Z24: a number that cannot be called is left to agents without a retry."""
        registered = self.collect_registered()
        queue_callback = self.request_queue_callback()
        self.assertFalse(self.nobody_answers(queue_callback, 1, "failed"))
        self.assertEqual(
            (queue_callback.outcome, registered),
            ("failed", [queue_callback.queue_callback_id.origin_id]),
        )

    def test_spoken_with_meanwhile(self):
        """Z24: a customer who was answered meanwhile is not called back any more."""
        other = self.occupy()
        queue_callback = self.request_queue_callback()
        again, _verbs = self.call_in(sid=leg_sid(5), from_=NUMBER)
        self.as_user(self.ana).hang_up(other.uuid)
        self.agent_ana._clear_wrap_up()
        self.as_user(self.ana).pick_up(again.uuid)
        self.connect_browser(again, self.agent_ana, leg_sid(55))
        self.ask("join", {"CallSid": leg_sid(5)}, {"call": again.uuid})
        self.assertEqual(again.state, "in_progress")
        self.assertEqual(
            (queue_callback.state, queue_callback.outcome, queue_callback.ended_by),
            ("ended", "canceled", "system"),
        )
        self.assertIn("spoken with the customer in the meantime", queue_callback.timeline)
        self.assertFalse(self.get_queue_callbacks() - queue_callback)
        self.assertFalse(queue_callback.message_id)

    def test_answer_that_is_told_late(self):
        """Z24: an answer reported after the end of the call prevents the next attempt."""
        queue_callback = self.request_queue_callback()
        following = self.nobody_answers(queue_callback, 1)
        self.tell_leg(
            queue_callback,
            leg_sid(1001),
            "in-progress",
            sequence=2,
            leg=self.customer(queue_callback),
            Timestamp="Mon, 02 Jan 2006 15:04:05 +0000",
        )
        self.assertEqual(queue_callback.outcome, "answered")
        self.assertEqual((following.state, following.outcome), ("ended", "canceled"))

    def test_expires_after_a_day(self):
        """Z24: after a day the queue callback expires and is left to agents."""
        registered = self.collect_registered()
        self.occupy()
        queue_callback = self.request_queue_callback()
        queue_callback.queue_callback_id.expires_at -= timedelta(hours=25)
        self.env["telephony.call"].sudo()._cron_dispatch_queue_callbacks()
        self.assertEqual((queue_callback.state, queue_callback.outcome), ("ended", "canceled"))
        self.assertEqual(registered, [queue_callback.queue_callback_id.origin_id])

    def test_queue_that_is_gone(self):
        """Z24: without its queue, a queue callback ends; the callback stays."""
        self.occupy()
        queue_callback = self.request_queue_callback()
        queue_callback.queue_id = False
        self.env["telephony.call"].sudo()._cron_dispatch_queue_callbacks()
        self.assertEqual(queue_callback.state, "ended")


@tagged("post_install", "-at_install")
class TestSimulatedQueueCallback(QueueCallbackStories):
    def test_simulation_presses_the_key(self):
        """Z29: the simulator knows the key of a queue, and creates no real queue callback."""
        self.occupy()
        for keys, end in (
            ("1", "The caller hears: We will call you back"),
            ("2", "The caller waits."),
            ("", "The caller waits."),
        ):
            story = self.simulate_call(self.flow, NUMBER, fields.Datetime.now(), keys)
            self.assertTrue(story[-1].startswith(end), story)
        self.assertFalse(self.get_queue_callbacks())
