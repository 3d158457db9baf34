"""Wrap-up: when it begins, when it ends, and which calls wait for its end."""

from functools import partial
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import CUSTOMER, TelephonyHttpCase, leg_sid

PAGE = "page-00000001"


class WrapUps(TelephonyHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_a.telephony_wrap_up_seconds = 60
        cls.interested = cls.env.ref("crm_telephony.disposition_interested")

    def end(self, call, user=None):
        """End a call as its user and return it."""
        self.as_user(user or self.ana).hang_up(call.uuid)
        self.run_after_commit()
        return call

    def talk_to(self, call):
        """Connect Ana with a caller."""
        self.as_user(self.ana).accept(call.uuid)
        self.connect_browser(call, self.agent_ana, leg_sid(100 + call.id))
        self.run_after_commit()
        self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        self.assertEqual(call.state, "in_progress")
        return call

    def wrap_up_of_ana(self, index=1):
        """Return a call after its conversation, with Ana in wrap-up."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait(sid=leg_sid(index))
        self.end(self.talk_to(call))
        self.assertState("wrap_up")
        return call

    def run_cron(self):
        # The rows are those of the test's transaction.
        with patch.object(self.registry["ir.cron"], "_commit_progress"):
            self.env["telephony.agent"]._cron_end_wrap_ups()

    def wrap_up(self, call, **values):
        return self.as_user(self.ana).wrap_up(call.uuid, values)

    def assertState(self, state, agent=None):
        agent = agent or self.agent_ana
        agent.invalidate_recordset(["state"])
        self.assertEqual(agent.state, state)

    def agents(self, user=None):
        return self.as_user(user or self.ana, "telephony.agent")


@tagged("post_install", "-at_install")
class TestWrapUpTime(WrapUps):
    def test_nothing_rings_until_its_end(self):
        """Z27: an agent in wrap-up is not available to callers, although online."""
        call = self.wrap_up_of_ana()
        data = self.notified(self.ana, "agent_updated")[-1]
        self.assertEqual((data["state"], data["wrap_up"]["uuid"]), ("wrap_up", call.uuid))
        self.assertSeconds(fields.Datetime.to_datetime(data["wrap_up"]["until"]), 60)
        second, _verbs = self.call_in(sid=leg_sid(2))
        self.assertFalse(second.offer_ids)
        self.let_time_pass(61)
        self.assertState("available")
        third, _verbs = self.call_in(sid=leg_sid(3))
        self.assertEqual(third.offer_ids.agent_id, self.agent_ana)

    def test_done_gives_the_waiting_caller(self):
        """Z24 Z27: a queued caller rings when the agent is done, not before."""
        self.make_queue()
        self.go_online(self.agent_ana)
        first, second = self.call_in()[0], self.call_in(sid=leg_sid(2))[0]
        self.end(self.talk_to(first))
        self.assertFalse(second.offer_ids)
        answer = self.wrap_up(first, note="Wants oak", disposition_id=self.interested.id, done=True)
        self.assertEqual(
            (answer["note"], answer["disposition"]["name"]),
            (
                "Wants oak",
                "Interested",
            ),
        )
        # The waiting caller rings already.
        self.assertEqual((answer["agent"]["state"], answer["agent"]["wrap_up"]), ("ringing", False))
        self.assertEqual(second.offer_ids.agent_id, self.agent_ana)
        [ended] = self.notified(self.ana, "wrap_up_ended")
        self.assertEqual((ended["uuid"], ended["reason"]), (first.uuid, "done"))
        # A repeated click changes nothing.
        self.wrap_up(first, done=True)
        self.assertEqual(len(self.notified(self.ana, "wrap_up_ended")), 1)

    def make_queue(self):
        queue = self.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": self.company_a.id,
                "max_wait": 600,
                "agent_ids": [Command.set(self.agent_ana.ids)],
                "announcement_interval": 300,
            }
        )
        self.ring.write({"kind": "queue", "queue_id": queue.id})

    def test_the_page_says_that_the_time_is_over(self):
        """Z24: the waiting caller rings after the page's countdown; an early report has no
        effect."""
        self.make_queue()
        self.go_online(self.agent_ana)
        first, second = self.call_in()[0], self.call_in(sid=leg_sid(2))[0]
        self.end(self.talk_to(first))
        self.assertEqual(self.agents().check_wrap_up()["wrap_up"]["uuid"], first.uuid)
        self.assertFalse(second.offer_ids)
        self.let_time_pass(61)
        self.assertFalse(self.agents().check_wrap_up()["wrap_up"])
        self.assertEqual(second.offer_ids.agent_id, self.agent_ana)
        self.assertEqual(self.notified(self.ana, "wrap_up_ended")[-1]["reason"], "timer")

    def test_the_waiting_caller_asks_when_the_time_is_over(self):
        """Z24: without any page, the music lasts until the member is free, and the call rings."""
        self.make_queue()
        self.agent_ana.write({"call_via": "phone", "phone_number": "+32475111222"})
        self.go_online(self.agent_ana)
        first, second = self.call_in()[0], self.call_in(sid=leg_sid(2))[0]
        self.end(self.talk_to(first))
        *_, play = self.wait(second)
        seconds = int(play.text.rsplit("/", 1)[1].removesuffix(".wav"))
        self.assertAlmostEqual(seconds, 60, delta=2)
        self.let_time_pass(61)
        self.wait(second)
        self.assertEqual(second.offer_ids.agent_id, self.agent_ana)

    def test_the_cron_and_the_heartbeat_end_it(self):
        """Z24: the job and the page's heartbeat end the wrap-up."""
        cron = self.env.ref("crm_telephony.ir_cron_end_wrap_ups")
        heartbeat = partial(self.agents().renew_lease, PAGE)
        for index, notice in enumerate((self.run_cron, heartbeat), start=1):
            call = self.wrap_up_of_ana(index)
            notice()
            self.assertEqual(self.agent_ana.wrap_up_call_id, call)
            planned = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
            self.assertIn(self.agent_ana.wrap_up_until, planned.mapped("call_at"))
            self.let_time_pass(61)
            notice()
            self.assertFalse(self.agent_ana.wrap_up_call_id)
            self.assertEqual(self.notified(self.ana, "agent_updated")[-1]["wrap_up"], False)

    def test_extend_once(self):
        """Z27: wrap-up can be extended once by the same time, and not after its end."""
        call = self.wrap_up_of_ana()
        self.let_time_pass(50)
        answer = self.wrap_up(call, extend=True)["agent"]["wrap_up"]
        self.assertSeconds(fields.Datetime.to_datetime(answer["until"]), 70)
        self.assertEqual(answer["extension"], 0)
        with self.assertRaisesRegex(UserError, "only once"):
            self.wrap_up(call, extend=True)
        self.let_time_pass(65)
        self.assertState("wrap_up")
        self.let_time_pass(10)
        self.assertState("available")
        self.wrap_up(call, done=True)
        with self.assertRaisesRegex(UserError, "already over"):
            self.wrap_up(call, extend=True)

    def test_a_result_that_is_required_beats_the_time(self):
        """Z27: without a required disposition the agent stays in wrap-up and learns why."""
        self.company_a.telephony_disposition_required = True
        call = self.wrap_up_of_ana()
        with self.assertRaisesRegex(UserError, "requires one after every call"):
            self.wrap_up(call, done=True, note="Lost?")
        self.let_time_pass(3600)
        self.assertState("wrap_up")
        self.assertTrue(self.agents().check_wrap_up()["wrap_up"]["is_disposition_missing"])
        self.run_cron()
        self.assertState("wrap_up")
        # The time is over: the disposition alone ends it, and cannot be removed afterwards.
        answer = self.wrap_up(call, disposition_id=self.interested.id)
        self.assertFalse(answer["agent"]["wrap_up"])
        self.assertState("available")
        with self.assertRaises(UserError):
            self.wrap_up(call, disposition_id=False)
        self.assertEqual(call.disposition_id, self.interested)

    def test_a_result_in_time_leaves_the_rest_of_the_time(self):
        """Z27: after an early disposition the rest of the minute is left for the summary."""
        self.company_a.telephony_disposition_required = True
        call = self.wrap_up_of_ana()
        answer = self.wrap_up(call, disposition_id=self.interested.id)
        self.assertFalse(answer["agent"]["wrap_up"]["is_disposition_missing"])
        self.wrap_up(call, done=True)
        self.assertState("available")

    def test_nobody_waits_for_a_result_that_does_not_exist(self):
        """Z27: a company without dispositions requires none; one that does needs no minutes."""
        self.company_a.write(
            {
                "telephony_disposition_required": True,
                "telephony_wrap_up_seconds": 0,
            }
        )
        self.wrap_up_of_ana()
        self.assertEqual(self.agents().check_wrap_up()["wrap_up"]["extension"], 0)
        self.env["telephony.disposition"].search([]).active = False
        self.assertState("available")

    def test_archived_result_in_the_context_does_not_prolong_it(self):
        """Issue 14: the state and the payload follow one rule, whatever a page's context shows."""
        self.company_a.telephony_disposition_required = True
        self.wrap_up_of_ana()
        self.env["telephony.disposition"].search([]).active = False
        self.let_time_pass(3600)
        agents = self.agents().with_context(active_test=False)
        data = agents.softphone_snapshot()["agent"]
        self.assertEqual((data["state"], data["wrap_up"]), ("available", False))

    def test_no_wrap_up(self):
        """Z27: no wrap-up follows an unanswered call, or in a company without it."""
        self.go_online(self.agent_ana)
        self.end(self.dial())
        self.assertState("available")
        missed, _verbs = self.call_in_and_wait()
        self.tell_leg(missed, missed.provider_call_id, "completed")
        self.assertState("available")
        self.company_a.telephony_wrap_up_seconds = 0
        call, _verbs = self.call_in_and_wait(sid=leg_sid(2))
        self.end(self.talk_to(call))
        self.assertState("available")
        for wrong in (-1, 3601):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.company_a.telephony_wrap_up_seconds = wrong
                self.env.flush_all()

    def test_the_next_call_ends_it(self):
        """Z15 Z25: wrap-up never blocks dialing or picking up a caller."""
        call = self.wrap_up_of_ana()
        next_call = self.dial()
        self.assertFalse(self.agent_ana.wrap_up_call_id)
        self.end(next_call)
        self.assertState("available")
        # The typed text is kept with its own call all the same.
        self.wrap_up(call, note="Typed during the next call")
        self.assertEqual(call.note, "Typed during the next call")
        self.make_queue()
        waiting = self.call_in(sid=leg_sid(7))[0]
        self.end(self.talk_to(waiting))
        self.assertState("wrap_up")
        other = self.call_in(sid=leg_sid(8))[0]
        self.assertTrue(self.as_user(self.ana).pick_up(other.uuid)["accepted"])
        self.assertState("in_call")
        self.assertFalse(self.agent_ana.wrap_up_call_id)

    def test_a_refused_call_does_not_end_it(self):
        """Z15: a refused next call leaves the wrap-up unchanged."""
        call = self.wrap_up_of_ana()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.dial(number="112")
        self.assertEqual(self.agent_ana.wrap_up_call_id, call)

    def test_offline_comes_first(self):
        """Z02: an agent who goes offline is offline, and returns in time to the wrap-up."""
        call = self.wrap_up_of_ana()
        self.agents().set_status("offline")
        self.assertState("offline")
        self.agents().set_status("online")
        self.assertState("wrap_up")
        self.agent_ana.active = False
        self.assertFalse(self.agent_ana.wrap_up_call_id)
        self.assertEqual(call.state, "ended")


@tagged("post_install", "-at_install")
class TestWrapUpOfOthers(WrapUps):
    def end_of_others(self, user):
        return self.agents(user).browse(self.agent_ana.id).end_wrap_up()

    def test_a_supervisor_ends_it(self):
        """Z29: a supervisor ends the wrap-up without a disposition; the agent learns who did."""
        self.company_a.telephony_disposition_required = True
        call = self.wrap_up_of_ana()
        self.assertTrue(self.end_of_others(self.sue))
        self.assertState("available")
        ended = self.notified(self.ana, "wrap_up_ended")[-1]
        self.assertEqual(ended["reason"], "supervisor")
        self.assertIn("Sue ended your wrap-up", ended["message"])
        self.assertIn("Sue ended the wrap-up of Ana", call.timeline)
        told = len(self.notifications)
        self.end_of_others(self.sue)
        self.assertEqual(len(self.notifications), told)

    def test_only_supervisors_of_the_company(self):
        """Z29: neither colleagues nor other companies end it or read its call."""
        call = self.wrap_up_of_ana()
        for user in (self.ana, self.bob, self.eva, self.ian, self.pia, self.public):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.end_of_others(user)
        with self.assertRaises(AccessError):
            self.as_user(self.bob, "telephony.agent").browse(self.agent_ana.id).read(
                ["wrap_up_call_id"]
            )
        self.assertEqual(self.agent_ana.wrap_up_call_id, call)
        for user in (self.ian, self.pia):
            with self.assertRaises(AccessError):
                self.agents(user).check_wrap_up()
        self.agents(self.bob).check_wrap_up()
        with self.assertRaises(AccessError):
            self.as_user(self.bob).wrap_up(call.uuid, {"done": True})
        self.assertEqual(self.agent_ana.wrap_up_call_id, call)
        self.end_of_others(self.max)
        self.assertFalse(self.agent_ana.wrap_up_call_id)

    def test_it_cannot_be_written(self):
        """Z29: an agent's wrap-up time cannot be written by RPC."""
        for user in (self.ana, self.sue):
            with self.assertRaises(AccessError):
                self.as_user(user, "telephony.agent").browse(self.agent_ana.id).write(
                    {"wrap_up_until": fields.Datetime.now()}
                )


@tagged("post_install", "-at_install")
class TestWrapUpEvents(WrapUps):
    def test_custom_phone(self):
        """Z06: an agent with a custom phone has wrap-up, too."""
        self.agent_ana.write(
            {
                "call_via": "phone",
                "phone_number": "+32475111222",
                "status": "online",
                "press_to_accept": False,
            }
        )
        call, _verbs = self.call_in()
        self.run_after_commit()
        leg = call._get_agent_legs()
        self.ask(
            "agent_phone",
            {"CallSid": leg.provider_leg_id},
            {
                "call": call.uuid,
                "leg": leg.id,
            },
        )
        self.run_after_commit()
        self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        self.tell_room(call, call.provider_call_id, "participant-join", 1)
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="9")
        self.assertState("wrap_up")

    def test_late_and_repeated_reports_begin_no_second_one(self):
        """Z30: after late or repeated end reports the wrap-up stays ended."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.talk_to(call)
        agent_leg = call._get_agent_legs().provider_leg_id
        self.end(call)
        self.wrap_up(call, done=True)
        for sid in (call.provider_call_id, agent_leg):
            for _time in range(2):
                self.tell_leg(call, sid, "completed", CallDuration="9")
        self.tell_room(call, call.provider_call_id, "participant-leave", 9)
        self.assertFalse(self.agent_ana.wrap_up_call_id)
        self.assertState("available")

    def dialed(self):
        """Return an answered outgoing call whose answer was not reported before Ana hangs up."""
        self.go_online(self.agent_ana)
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        self.end(call)
        self.assertFalse(call.answered_at)
        self.assertState("available")
        return call

    def tell_answer(self, call):
        customer = self.customer(call)
        # The answer comes before it, however slow the test is.
        call.ended_at = fields.Datetime.add(fields.Datetime.now(), minutes=1)
        self.tell_leg(call, customer.provider_leg_id, "in-progress", 2, customer)

    def test_a_conversation_that_is_told_late(self):
        """Z27 Z30: an answer reported late still begins the wrap-up."""
        call = self.dialed()
        self.tell_answer(call)
        self.assertEqual(call.outcome, "answered")
        self.assertEqual(self.agent_ana.wrap_up_call_id, call)
        self.assertEqual(self.notified(self.ana, "agent_updated")[-1]["state"], "wrap_up")

    def test_a_conversation_that_is_told_too_late(self):
        """Z27: a late report does not disturb an agent who is in the next call or its wrap-up."""
        call = self.dialed()
        other = self.dial(number="+32470999888")
        self.tell_answer(call)
        self.assertFalse(self.agent_ana.wrap_up_call_id)
        self.assertState("in_call")
        self.end(other)

    def test_one_of_two_calls_ends(self):
        """Z20: the wrap-up belongs to the last conversation, not to the first that ends."""
        self.go_online(self.agent_ana)
        first, _verbs = self.call_in_and_wait()
        self.talk_to(first)
        second = (
            self.env["telephony.call"]
            .sudo()
            .create(
                {
                    "account_id": self.account.id,
                    "direction": "outgoing",
                    "state": "in_progress",
                    "user_id": self.ana.id,
                    "customer_number": CUSTOMER,
                    "answered_at": fields.Datetime.now(),
                }
            )
        )
        self.end(first)
        self.assertFalse(self.agent_ana.wrap_up_call_id)
        self.end(second)
        self.assertEqual(self.agent_ana.wrap_up_call_id, second)
