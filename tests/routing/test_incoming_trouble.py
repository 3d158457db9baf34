"""Incoming calls with trouble: vanishing callers and agents, and failures of Odoo."""

import time

from odoo.tests import tagged

from ..common import AGENT_LEG, BASE_URL, QUEUE, TelephonyHttpCase, leg_sid


@tagged("post_install", "-at_install")
class TestIncomingTrouble(TelephonyHttpCase):
    def test_caller_gives_up(self):
        """Z30: the caller hangs up while it rings: the call is missed, and the ringing ends."""
        self.go_online(self.agent_ana, self.agent_bob)
        started = time.monotonic()
        call, _verbs = self.call_in_and_wait()
        self.let_time_pass(7)
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="7")
        passed = time.monotonic() - started
        self.assertEqual((call.state, call.outcome, call.ended_by), ("ended", "missed", "customer"))
        self.assertEqual((call.duration, call.user_id.id), (0, False))
        self.assertAlmostEqual(call.wait_duration, 7, delta=1 + passed)
        self.assertEqual(set(call.offer_ids.mapped("state")), {"withdrawn"})
        for user in (self.ana, self.bob):
            [closed] = self.notified(user, "offer_closed")
            self.assertEqual(
                (closed["reason"], closed["message"]), ("canceled", "The caller hung up.")
            )
        self.run_after_commit()
        self.assertFalse(self.provider.requests)
        # Both see the missed call in their list.
        for user in (self.ana, self.bob):
            recent = self.as_user(user, "telephony.agent").softphone_snapshot()["recent"]
            self.assertEqual([data["uuid"] for data in recent], [call.uuid])
        # Requests that cross the end are answered.
        self.assertEqual(self.names(self.wait(call)), ["Leave"])
        self.assertEqual(self.names(self.step(call, QueueResult="hangup")), ["Hangup"])
        self.assertEqual(self.names(self.step(call)), ["Hangup"])

    def test_caller_gives_up_while_the_agent_connects(self):
        """Z20: an agent who is alone in the conference is released, too."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).accept(call.uuid)
        self.connect_browser(call, self.agent_ana)
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="5")
        self.assertEqual((call.state, call.outcome), ("ended", "missed"))
        self.run_after_commit()
        # The conference does not end by itself: the caller was never in it.
        self.assertIn([leg_sid(50)], self.provider.sent("end_leg"))
        self.assertEqual(self.notified(self.ana, "call_updated")[-1]["state"], "ended")

    def hang_up_on_the_way(self):
        """Let the caller hang up after the response that leads into the conference."""
        call = self.talk()
        self.customer(call).joined_at = False
        self.tell_room(call, AGENT_LEG, "participant-join", 1)
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="5")
        return call

    def test_caller_gives_up_on_the_way_to_the_agent(self):
        """Z20, Z30: nobody spoke: the call is missed, and the agent is not left alone."""
        call = self.hang_up_on_the_way()
        self.assertEqual(
            (call.state, call.outcome, call.answered_at, call.duration),
            ("ended", "missed", False, 0),
        )
        self.assertEqual(call.callback_id.state, "open")
        self.run_after_commit()
        self.assertIn([AGENT_LEG], self.provider.sent("end_leg"))
        self.assertNotEqual(self.agent_ana.state, "in_call")

    def announce(self, text=None):
        """Announce the recording to callers, in the standard words or those of the company."""
        self.number.recording_mode = "always"
        self.company_a.telephony_announce_incoming = True
        if text:
            self.env["telephony.sentence"].create(
                {
                    "company_id": self.company_a.id,
                    "lang": "en_US",
                    "code": "recorded",
                    "place": "recording",
                    "text": text,
                }
            )

    def hang_up_after(self, seconds):
        """Let the caller hang up after a time without a report of the arrival."""
        call = self.talk()
        self.customer(call).joined_at = False
        self.let_time_pass(seconds)
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="20")
        return call

    def test_caller_gives_up_during_the_announcement_of_the_recording(self):
        """The caller joins the conference after the announcement."""
        self.announce()
        call = self.hang_up_after(4)
        self.assertEqual((call.state, call.outcome, call.duration), ("ended", "missed", 0))
        self.assertEqual(call.callback_id.state, "open")

    def test_caller_gives_up_during_a_long_announcement(self):
        self.announce("Calls are recorded to train our agents. If you do not agree, tell us now.")
        self.assertEqual(self.hang_up_after(8).outcome, "missed")

    def test_caller_gives_up_during_a_chinese_announcement(self):
        self.announce("为了提高服务质量，本次通话将被录音。如不同意请告知。")
        self.assertEqual(self.hang_up_after(8).outcome, "missed")

    def test_announced_conversation_without_a_report_of_arrival_is_answered(self):
        self.announce()
        call = self.hang_up_after(10)
        self.assertEqual((call.state, call.outcome), ("ended", "answered"))

    def test_late_arrival_proves_the_conversation(self):
        """The report of the caller's arrival in the conference may come after the end."""
        call = self.hang_up_on_the_way()
        self.tell_room(call, call.provider_call_id, "participant-join", 2)
        self.assertEqual((call.state, call.outcome), ("ended", "answered"))
        self.assertTrue(call.answered_at)
        self.assertNotEqual(call.callback_id.state, "open")

    def test_conversation_without_a_report_of_arrival_is_answered(self):
        """The report of the caller's arrival in the conference may be lost."""
        call = self.hang_up_after(10)
        self.assertEqual((call.state, call.outcome), ("ended", "answered"))
        self.run_after_commit()
        self.assertIn([AGENT_LEG], self.provider.sent("end_leg"))

    def test_agent_does_not_come(self):
        """Z17: an accept without a connection is undone, and the call rings again."""
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).accept(call.uuid)
        self.let_time_pass(15)
        self.assertAlmostEqual(self.hear_whole_ringing(call), 20, delta=1)
        self.assertFalse(call.user_id)
        self.assertFalse(call.deadline_at)
        self.assertEqual(call.state, "ringing")
        self.assertEqual(len(self.notified(self.bob, "offer_made")), 2)
        self.assertEqual(len(self.notified(self.ana, "offer_made")), 2)
        message = self.notified(self.ana, "call_left")[-1]
        self.assertIn("took too long", message["message"])
        # Too late now.
        [hangup] = self.connect_browser(call, self.agent_ana)
        self.assertEqual(hangup.tag, "Hangup")
        # A colleague may take it.
        self.assertTrue(self.as_user(self.bob).accept(call.uuid)["accepted"])

    def test_agents_who_never_come_do_not_ring_for_ever(self):
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        turns = 0
        while call._get_open_offers():
            self.as_user(self.ana).accept(call.uuid)
            self.let_time_pass(15)
            verbs = self.wait(call)
            turns += 1
            self.assertLess(turns, 5)
        self.assertEqual(self.names(verbs), ["Leave"])
        self.assertEqual(self.step(call)[0].text, "Everybody is busy.")

    def test_agent_gives_back_what_could_not_be_connected(self):
        """Z17: an accepted call without a microphone goes back to the others."""
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).accept(call.uuid)
        self.as_user(self.ana).decline(call.uuid)
        self.assertFalse(call.user_id)
        self.assertEqual(len(self.notified(self.bob, "offer_made")), 2)

    def test_agent_vanishes_and_rejoins(self):
        """Z21: a reload during a call: the caller hears music, then both speak again."""
        call = self.talk()
        self.provider.requests.clear()
        self.tell_leg(call, leg_sid(50), "completed", CallDuration="9")
        self.assertEqual(call.state, "in_progress")
        update = self.notified(self.ana, "call_updated")[-1]
        self.assertEqual((update["agent_connected"], update["phase"]), (False, "agent_lost"))
        snapshot = self.as_user(self.ana, "telephony.agent").softphone_snapshot()
        self.assertEqual(snapshot["calls"][0]["phase"], "agent_lost")
        self.run_after_commit()
        self.assertEqual(
            self.provider.sent("redirect_leg"),
            [[call.provider_call_id, self.url_of("step", call)]],
        )
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        verbs = self.wait(call)
        self.assertIn("hold_music", verbs[0].text)
        self.assertAlmostEqual(self.heard_seconds(verbs), 30, delta=1)
        [dial] = self.connect_browser(call, self.agent_ana, leg_sid(51))
        self.assertEqual(dial[0].get("participantLabel"), "agent-2")
        self.run_after_commit()
        self.assertEqual(
            self.provider.sent("move_from_queue")[0][:2], [QUEUE, call.provider_call_id]
        )
        answered_at = call.answered_at
        [dial] = self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        self.assertEqual(dial[0].get("participantLabel"), "customer")
        self.assertEqual((call.state, call.answered_at), ("in_progress", answered_at))
        self.assertEqual(self.notified(self.ana, "call_updated")[-1]["phase"], "talking")

    def test_agent_vanishes_and_does_not_come_back(self):
        """Z21: after half a minute the flow takes the caller, and the call stays answered."""
        call = self.talk()
        self.let_time_pass(60)
        self.tell_leg(call, leg_sid(50), "completed", CallDuration="60")
        self.run_after_commit()
        self.step(call)
        self.wait(call)
        self.let_time_pass(30)
        self.assertEqual(self.names(self.wait(call)), ["Leave"])
        say, hangup = self.step(call)
        self.assertEqual((say.text, hangup.tag), ("We are closed.", "Hangup"))
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="99")
        self.assertEqual((call.state, call.outcome, call.user_id), ("ended", "answered", self.ana))

    def test_customer_hangs_up(self):
        """Z20: the call ends when the customer hangs up."""
        call = self.talk()
        self.let_time_pass(42)
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="50")
        self.assertEqual(
            (call.state, call.outcome, call.ended_by), ("ended", "answered", "customer")
        )
        self.assertAlmostEqual(call.duration, 42, delta=1)
        update = self.notified(self.ana, "call_updated")[-1]
        self.assertEqual((update["state"], update["end_message"]), ("ended", "The call has ended."))
        self.assertNotEqual(self.agent_ana.state, "in_call")

    def test_agent_hangs_up(self):
        """Z20: one click releases both."""
        call = self.talk()
        self.provider.requests.clear()
        data = self.as_user(self.ana).hang_up(call.uuid)
        self.assertEqual((data["state"], data["outcome"]), ("ended", "answered"))
        self.assertEqual(call.ended_by, "agent")
        self.run_after_commit()
        self.assertEqual(
            sorted(self.provider.sent("end_leg")), sorted([[call.provider_call_id], [leg_sid(50)]])
        )
        ended_at = call.ended_at
        self.tell_leg(call, leg_sid(50), "completed", CallDuration="9")
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="9")
        again = self.as_user(self.ana).hang_up(call.uuid)
        self.assertEqual(
            (again["state"], call.ended_at, call.ended_by), ("ended", ended_at, "agent")
        )
        self.assertEqual(set(call.leg_ids.mapped("status")), {"ended"})
        self.assertEqual(self.names(self.step(call)), ["Hangup"])

    def test_hold_and_resume(self):
        """Z18: the customer hears music on hold; the screen follows the provider."""
        call = self.talk()
        self.tell_room(call, call.provider_call_id, "participant-join", 2)
        self.provider.requests.clear()
        self.as_user(self.ana).set_hold(call.uuid, True)
        self.assertFalse(self.customer(call).on_hold)
        self.run_after_commit()
        [[room, leg, on_hold, url]] = self.provider.sent("hold_participant")
        self.assertEqual((room, leg, on_hold), (call.provider_conference_id, leg_sid(1), True))
        [play] = self.ask(url, {"CallSid": leg_sid(1)})
        self.assertIn("hold_music.wav", play.text)
        self.assertEqual(play.get("loop"), "0")
        self.tell_room(call, leg_sid(1), "participant-hold", 5)
        self.assertTrue(self.notified(self.ana, "call_updated")[-1]["on_hold"])
        self.as_user(self.ana).set_hold(call.uuid, False)
        self.run_after_commit()
        self.tell_room(call, leg_sid(1), "participant-unhold", 6)
        self.assertFalse(self.notified(self.ana, "call_updated")[-1]["on_hold"])
        # An older report that comes late does not change it.
        self.tell_room(call, leg_sid(1), "participant-hold", 4)
        self.assertFalse(self.customer(call).on_hold)

    # === FAILURES OF ODOO === #

    def test_failure_of_ours_is_spoken(self):
        """Z17: after a failure the caller hears an apology, and the call is kept."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in()
        calls = self.registry["telephony.call"]

        def fail(*args, **kwargs):
            raise ZeroDivisionError

        self.patch(calls, "_process_wait", fail)
        with self.assert_log("controllers.twilio_webhook", "ERROR", "wait failed"):
            say, hangup = self.wait(call)
        self.assertIn("sorry", say.text)
        self.assertEqual(hangup.tag, "Hangup")
        self.assertEqual((call.state, call.outcome, call.ended_by), ("ended", "failed", "system"))
        self.assertTrue(call.failure_reason)
        self.assertEqual(self.notified(self.ana, "offer_closed")[0]["reason"], "canceled")

    def test_fallback(self):
        """When the provider cannot use an answer, the call ends politely."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in()
        with self.assert_log("controllers.twilio_webhook", "ERROR", "12100"):
            verbs = self.ask(
                "fallback",
                {"CallSid": call.provider_call_id, "ErrorCode": "12100", "ErrorUrl": BASE_URL},
            )
        self.assertEqual(self.names(verbs), ["Say", "Hangup"])
        self.assertEqual((call.state, call.outcome), ("ended", "failed"))
