"""Nothing stays open: whatever was lost, the record becomes true, and nobody is left alone."""

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.models.providers.twilio.client import TIME_LIMIT

from .common import CALLER_LEG, TelephonyHttpCase, leg_sid


@tagged("post_install", "-at_install")
class TestGivenUp(TelephonyHttpCase):
    """The phone user vanished and did not come back; the customer goes on without that person."""

    def lose_agent(self):
        """Let a conversation of 60 seconds lose its phone user, and the customer wait in vain."""
        call = self.talk()
        self.let_time_pass(60)
        self.tell_leg(call, leg_sid(50), "completed", CallDuration="60")
        self.run_after_commit()
        self.step(call)
        self.wait(call)
        self.let_time_pass(30)
        self.assertEqual(self.names(self.wait(call)), ["Leave"])
        return call

    def leave_message(self):
        """Let the exit of the step be a voicemail, and the customer reach it."""
        self.closed_step.write({"kind": "voicemail", "message": False, "max_seconds": 60,
                                "agent_ids": [Command.set(self.agent_bob.ids)]})
        call = self.lose_agent()
        self.assertIn("Record", self.names(self.step(call)))
        return call

    def test_customer_leaves_a_message_agent_is_free(self):
        """House 4.2: the call was `in_progress` with a phone user who was not there."""
        call = self.leave_message()
        self.assertEqual((call.state, call.user_id), ("routing", self.env["res.users"]))
        self.agent_ana.invalidate_recordset(["state"])
        self.assertEqual(self.agent_ana.state, "available")
        self.assertEqual(set(call._get_agent_legs().mapped("status")), set())
        self.assertEqual(self.told(self.ana, "call_left")[-1]["message"],
                         "The customer did not wait any longer for your connection.")

    def test_customer_leaves_a_message_live_lists_forget_the_call(self):
        call = self.leave_message()
        self.assertNotIn(call.uuid, [row["uuid"] for row in self.as_user(self.ana).live_calls()])
        lines = [payload for _channel, kind, payload in self.notifications
                 if kind == "telephony/live_updated" and payload["uuid"] == call.uuid]  # fmt: skip
        self.assertEqual((lines[-1]["list"], lines[-1]["user"]), (False, False))

    def test_customer_leaves_a_message_record_keeps_the_talk(self):
        call = self.leave_message()
        self.let_time_pass(40)
        self.tell_leg(call, CALLER_LEG, "completed", CallDuration="140")
        self.assertEqual((call.state, call.outcome, call.user_id), ("ended", "answered", self.ana))
        self.assertAlmostEqual(call.duration, 60, delta=2)
        self.agent_ana.invalidate_recordset(["state"])
        self.assertEqual(self.agent_ana.state, "available")

    def test_colleague_takes_the_customer_and_the_call_is_theirs(self):
        """The exit rings at somebody else, who speaks with the customer from then on."""
        self.closed_step.write({
            "kind": "ring", "agent_ids": [Command.set(self.agent_bob.ids)], "timeout": 20,
        })
        call = self.lose_agent()
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        self.assertEqual((call.state, call.user_id), ("ringing", self.env["res.users"]))
        self.as_user(self.bob).accept(call.uuid)
        self.connect_browser(call, self.agent_bob, sid=leg_sid(60))
        self.run_after_commit()
        self.ask("join", {"CallSid": CALLER_LEG}, {"call": call.uuid})
        self.assertEqual((call.state, call.user_id), ("in_progress", self.bob))

    def test_page_that_comes_back_too_late_is_refused(self):
        call = self.leave_message()
        [verb] = self.connect_browser(call, self.agent_ana, sid=leg_sid(51))
        self.assertEqual(verb.tag, "Hangup")
        self.assertEqual(call.state, "routing")

    def test_outgoing_customer_hears_the_apology_and_agent_is_free(self):
        """A call that we made has no flow: the customer hears why, and nobody is in the call."""
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        customer = self.customer(call)
        self.tell_leg(call, customer.provider_leg_id, "in-progress", leg=customer)
        self.tell_leg(call, leg_sid(50), "completed", CallDuration="9")
        self.run_after_commit()
        self.step(call)
        self.let_time_pass(31)
        self.assertEqual(self.names(self.step(call)), ["Say", "Hangup"])
        self.assertEqual((call.state, call.user_id), ("routing", self.env["res.users"]))

    def test_full_queue_keeps_the_customer_for_an_agent_who_comes_back(self):
        """The carrier's queue refuses the customer of a phone user whose connection was lost."""
        call = self.talk()
        self.tell_leg(call, leg_sid(50), "completed", CallDuration="60")
        self.run_after_commit()
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        for _turn in range(2):
            self.assertEqual(
                self.names(self.step(call, QueueResult="queue-full")), ["Play", "Redirect"]
            )
        self.assertEqual((call.state, call.user_id), ("in_progress", self.ana))
        self.let_time_pass(31)
        self.step(call, QueueResult="queue-full")
        self.assertEqual((call.state, call.user_id), ("routing", self.env["res.users"]))

    def test_full_queue_never_leaves_an_outgoing_call_in_progress(self):
        """A call that we made has no step: it was `in_progress` for ever after the apology."""
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        customer = self.customer(call)
        self.tell_leg(call, customer.provider_leg_id, "in-progress", leg=customer)
        self.tell_leg(call, leg_sid(50), "completed", CallDuration="9")
        self.let_time_pass(31)
        self.assertEqual(
            self.names(self.step(call, QueueResult="queue-full")), ["Say", "Hangup"]
        )
        self.assertEqual((call.state, call.user_id), ("routing", self.env["res.users"]))


@tagged("post_install", "-at_install")
class TestTimeLimit(TelephonyHttpCase):
    def test_forwarded_leg_ends_by_itself(self):
        self.ring.write({"kind": "forward", "forward_number": "+3225550199"})
        _call, [dial] = self.call_in()
        self.assertEqual(dial.get("timeLimit"), str(TIME_LIMIT))
