"""At the account's limit of calls: the caller waits for a line instead of being lost."""

from odoo.tests import tagged

from odoo.addons.crm_telephony.models.routing.telephony_call import (
    LINE_SECONDS,
    LINE_WAIT_SECONDS,
)
from odoo.addons.crm_telephony.providers.base import ProviderError

from ..common import CUSTOMER, TelephonyHttpCase, leg_sid

MOBILE = "+32470111222"
REASON = "Your Twilio account carries only 3 calls at once, and each conversation takes two."
LIMIT = ProviderError("Call concurrency limit exceeded", "calls_limit", 10004)


class LineWorld(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.account.write({"plan": "full", "customer_profile": "individual"})

    def fill(self):
        """Let Ana talk, and another customer wait: three calls, which is the limit."""
        self.talking = self.talk()
        self.tell_leg(self.talking, self.talking.provider_call_id, "in-progress", 1)
        waiting, _verbs = self.call_in_and_wait(from_="+32470999888", sid=leg_sid(2))
        self.assertTrue(self.account._is_at_limit())
        return waiting

    def free(self):
        """End Ana's conversation."""
        self.tell_leg(self.talking, self.talking.provider_call_id, "completed", 2, CallDuration="9")
        for leg in self.talking.leg_ids.filtered(lambda leg: leg.status != "ended"):
            self.tell_leg(self.talking, leg.provider_leg_id, "completed", 3, CallDuration="9")
        self.assertFalse(self.account._is_at_limit())

    def refuse(self, call):
        """Accept a call as Bob, whose browser the provider refuses."""
        self.as_user(self.bob).accept(call.uuid)
        self.as_user(self.bob).decline(call.uuid)


@tagged("post_install", "-at_install")
class TestLine(LineWorld):
    def test_caller_of_a_ring_step_waits_and_the_agent_reads_why(self):
        call = self.fill()
        self.refuse(call)
        self.assertFalse(call.user_id or call.offer_ids.filtered(lambda o: o.state == "offered"))
        left = self.notified(self.bob, "call_left")[-1]
        self.assertTrue(left["message"].startswith(f"The caller is waiting again. {REASON}"))
        self.assertEqual(self.heard_seconds(self.wait(call)), LINE_SECONDS)
        self.let_time_pass(LINE_SECONDS + 1)
        self.assertEqual(self.heard_seconds(self.wait(call)), LINE_SECONDS)
        self.assertEqual(call.step_id, self.ring)
        self.assertIn("cannot carry more calls", " ".join(call.timeline_ids.mapped("text")))

    def test_call_rings_again_as_soon_as_a_line_is_free(self):
        call = self.fill()
        self.refuse(call)
        self.let_time_pass(LINE_SECONDS + 1)
        self.wait(call)
        self.free()
        self.wait(call)
        self.assertIn(self.agent_bob, call._get_open_offers().agent_id)
        self.assertTrue(self.as_user(self.bob).accept(call.uuid)["accepted"])
        self.assertFalse(call.line_wanted_at)

    def test_ring_step_does_not_wait_for_ever(self):
        call = self.fill()
        self.refuse(call)
        self.let_time_pass(LINE_WAIT_SECONDS)
        [leave] = self.wait(call)
        self.assertEqual(leave.tag, "Leave")
        self.step(call)
        self.assertEqual(call.step_id, self.no_answer_step)

    def test_caller_in_a_queue_keeps_the_place(self):
        queue = self.env["telephony.queue"].create(
            {"name": "Line", "company_id": self.company_a.id, "agent_ids": self.agent_bob.ids}
        )
        self.ring.write({"kind": "queue", "queue_id": queue.id})
        self.talking = self.talk_in_queue(queue)
        call, _verbs = self.call_in_and_wait(from_="+32470999888", sid=leg_sid(2))
        self.assertTrue(self.account._is_at_limit())
        self.refuse(call)
        self.wait(call)
        self.assertEqual((call.state, call.queue_id), ("queued", queue))
        self.assertFalse(call._get_open_offers())
        self.free()
        self.let_time_pass(LINE_SECONDS + 1)
        self.wait(call)
        self.assertEqual(call._get_open_offers().agent_id, self.agent_bob)

    def talk_in_queue(self, queue):
        """Let Ana talk with a caller of the queue, whose only other member is Bob."""
        queue.agent_ids |= self.agent_ana
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.talk(call)
        self.tell_leg(call, call.provider_call_id, "in-progress", 1)
        queue.agent_ids -= self.agent_ana
        self.go_online(self.agent_bob)
        return call

    def fill_with_callers(self):
        """Let two callers hold both lines, of whom an agent could be connected to none."""
        self.account.customer_profile = "none"
        self.go_online(self.agent_ana, self.agent_bob)
        first, _verbs = self.call_in_and_wait()
        self.let_time_pass(1)
        second, _verbs = self.call_in_and_wait(from_="+32470999888", sid=leg_sid(2))
        self.refuse(first)
        return first, second

    def test_last_caller_gives_way_when_callers_hold_all_lines(self):
        first, second = self.fill_with_callers()
        self.assertEqual(self.heard_seconds(self.wait(first)), LINE_SECONDS)
        [leave] = self.wait(second)
        self.assertEqual(leave.tag, "Leave")
        [say, _hang_up] = self.step(second)
        self.assertEqual(say.text, "We are closed.")
        self.assertIn("occupied all calls", " ".join(second.timeline_ids.mapped("text")))
        self.tell_leg(second, second.provider_call_id, "completed", 2, CallDuration="9")
        self.let_time_pass(LINE_SECONDS + 1)
        self.wait(first)
        self.assertTrue(first._get_open_offers())

    def test_last_caller_of_a_queue_leaves_as_if_it_was_full(self):
        queue = self.env["telephony.queue"].create(
            {
                "name": "Line",
                "company_id": self.company_a.id,
                "agent_ids": (self.agent_ana | self.agent_bob).ids,
                "ring_strategy": "parallel",
            }
        )
        self.ring.write(
            {"kind": "queue", "queue_id": queue.id, "full_step_id": self.no_answer_step.id}
        )
        _first, second = self.fill_with_callers()
        [leave] = self.wait(second)
        self.assertEqual(leave.tag, "Leave")
        self.assertFalse(second._get_open_offers())
        [say, _hang_up] = self.step(second)
        self.assertEqual(say.text, "Everybody is busy.")

    def test_no_caller_gives_way_before_an_agent_was_refused(self):
        self.account.customer_profile = "none"
        self.go_online(self.agent_ana, self.agent_bob)
        self.call_in_and_wait()
        second, _verbs = self.call_in_and_wait(from_="+32470999888", sid=leg_sid(2))
        self.assertFalse(second._must_give_way())

    def test_no_caller_gives_way_to_a_conversation(self):
        call = self.fill()
        self.refuse(call)
        self.assertFalse(call._must_give_way())

    def test_reconciliation_leaves_the_waiting_caller_alone(self):
        call = self.fill()
        self.refuse(call)
        self.let_time_pass(120)
        self.wait(call)
        self.queued_requests.clear()
        self.assertFalse(call._is_unoffered(call.env.cr.now()))

    def test_more_calls_than_allowed_show_that_there_is_no_limit(self):
        call = self.fill()
        self.call_in(from_="+32470999777", sid=leg_sid(3))
        self.assertFalse(self.account._is_at_limit())
        self.refuse(call)
        self.assertFalse(call.line_wanted_at)

    def test_unlimited_account_is_never_at_its_limit(self):
        self.account.customer_profile = "business"
        self.talk()
        self.assertFalse(self.account._is_at_limit())

    def test_page_learns_why_its_browser_was_refused(self):
        self.fill()
        self.authenticate("tel_bob", "tel_bob")
        self.assertTrue(self.make_jsonrpc_request("/telephony/limit", {}).startswith(REASON))
        self.free()
        self.assertIs(self.make_jsonrpc_request("/telephony/limit", {}), False)

    def test_page_knows_about_limit_and_trial(self):
        access = self.account._make_browser_access("u")
        self.assertEqual((access["is_limited"], access["is_trial"]), (True, False))
        self.account.plan = "trial"
        self.assertTrue(self.account._make_browser_access("u")["is_trial"])

    def test_agent_of_a_trial_has_a_minute_to_connect(self):
        self.go_online(self.agent_ana)
        self.account.plan = "trial"
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).accept(call.uuid)
        self.assertSeconds(call.deadline_at, 60)

    def test_colleague_of_a_consultation_cannot_be_connected(self):
        self.account.customer_profile = "none"
        call = self.talk()
        self.tell_leg(call, call.provider_call_id, "in-progress", 1)
        target = {"type": "agent", "id": self.agent_bob.id}
        self.as_user(self.ana).transfer(call.uuid, target, "warm")
        self.as_user(self.bob).accept(call.uuid)
        self.as_user(self.bob).decline(call.uuid)
        [ended] = self.notified(self.ana, "transfer_ended")
        self.assertIn("could not be connected, because the Twilio account", ended["message"])

    def test_refused_number_of_a_consultation_says_why(self):
        call = self.talk()
        self.provider.failures["add_participant"] = [LIMIT]
        target = {"type": "number", "number": "+32470222333"}
        self.as_user(self.ana).transfer(call.uuid, target, "warm")
        self.run_after_commit()
        [ended] = self.notified(self.ana, "transfer_ended")
        self.assertIn("cannot carry another call at the same time", ended["message"])

    def test_refused_outgoing_call_says_why(self):
        self.go_online(self.agent_ana)
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.provider.failures["add_participant"] = [LIMIT]
        with self.assertLogs("odoo.addons.crm_telephony", "WARNING"):
            self.run_after_commit()
        self.assertEqual(call.state, "ended")
        self.assertIn("cannot carry another call at the same time", call.failure_reason)


@tagged("post_install", "-at_install")
class TestLineOfCustomPhone(LineWorld):
    def setUp(self):
        super().setUp()
        self.agent_ana.write({"call_via": "phone", "phone_number": MOBILE, "status": "online"})
        self.provider.failures["call_phone"] = [LIMIT]

    def ring_refused(self):
        """Return a call whose agent's telephone the provider refused to ring."""
        call, _verbs = self.call_in()
        with self.assertLogs("odoo.addons.crm_telephony", "WARNING"):
            self.run_after_commit()
        return call

    def test_refused_telephone_lets_the_caller_wait(self):
        call = self.ring_refused()
        self.assertEqual(call.offer_ids.state, "withdrawn")
        self.assertEqual(self.agent_ana.status, "online")
        self.assertFalse(self.provider.sent("move_from_queue"))
        self.assertEqual(self.heard_seconds(self.wait(call)), LINE_SECONDS)
        self.let_time_pass(LINE_SECONDS + 1)
        self.wait(call)
        self.run_after_commit()
        self.assertEqual(len(self.provider.sent("call_phone")), 2)
        self.assertEqual(call._get_open_offers().agent_id, self.agent_ana)

    def test_own_call_says_why(self):
        call = self.dial(self.ana, CUSTOMER)
        with self.assertLogs("odoo.addons.crm_telephony", "WARNING"):
            self.run_after_commit()
        self.assertEqual(call.state, "ended")
        self.assertIn("cannot carry another call at the same time", call.failure_reason)


@tagged("post_install", "-at_install")
class TestManyCustomPhones(TelephonyHttpCase):
    """Custom phones ring one after the other, so only the first five of a step do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        users = cls._create_users(
            [
                cls._get_user_values(f"phone{index}", "crm_telephony.group_user", None, {})
                for index in range(7)
            ]
        )
        cls.crowd = cls.env["telephony.agent"].create(
            [
                {
                    "user_id": user.id,
                    "company_id": cls.company_a.id,
                    "call_via": "phone",
                    "phone_number": f"+3247022000{index}",
                    "status": "online",
                }
                for index, user in enumerate(users)
            ]
        )
        cls.ring.agent_ids = cls.crowd

    def test_five_ring_and_the_rest_only_in_the_browser(self):
        self.go_online(self.crowd[6])
        call, _verbs = self.call_in()
        self.run_after_commit()
        self.assertEqual(len(self.provider.sent("call_phone")), 5)
        # The sixth telephone would ring too late, and its agent has no open page.
        self.assertEqual(len(call.offer_ids), 6)
        self.assertIn(self.crowd[6], call.offer_ids.agent_id)

    def test_flow_check_says_so(self):
        self.assertIn("of 7 custom phones, only 5 ring", self.problems())
        self.ring.agent_ids = self.crowd[:3]
        self.assertIn("3 custom phones ring one after the other", self.problems())
        self.ring.ring_strategy = "longest_idle"
        self.assertNotIn("custom phones", self.problems())

    def problems(self):
        """Return the problems of the flow as one text."""
        return " ".join(self.flow._get_problems())
