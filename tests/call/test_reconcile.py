"""Reconciliation: silent legs are checked at the provider, and none costs money in vain."""

import logging
from unittest.mock import patch

from psycopg2.errors import LockNotAvailable

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import CallEvent, ProviderError, VoiceRequest
from odoo.addons.crm_telephony.providers.voice_response import Leave

from ..common import AGENT_LEG, CALLER_LEG, LOGGER, QUEUE, ROOM, TelephonyCase, leg_sid

CUSTOMER_LEG = leg_sid(1001)


@tagged("post_install", "-at_install")
class TestReconcile(TelephonyCase):
    def setUp(self):
        super().setUp()
        # The rows are those of the test's transaction.
        self.startPatcher(
            patch.object(
                self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: float("inf")
            )
        )

    def reconcile(self, seconds=61):
        """Advance the time, run the cron, and send its requests."""
        self.let_time_pass(seconds)
        self.env["telephony.call"].sudo()._cron_reconcile()
        self.run_after_commit()
        self.env.invalidate_all()

    def write_now(self):
        """Set the write date of all legs to now instead of the start of the test's transaction."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE telephony_call_leg SET write_date = clock_timestamp() AT TIME ZONE 'UTC'"
        )
        self.env.invalidate_all()

    def make_outgoing(self):
        """Return an outgoing call whose customer's telephone rings."""
        call = self.dial()
        self.env["telephony.call"].sudo()._process_browser(
            self.account,
            VoiceRequest(
                leg_id=AGENT_LEG, call_uuid=call.uuid, identity=self.agent_ana.sudo().identity
            ),
        )
        self.run_after_commit()
        self.provider.legs[AGENT_LEG] = {"CallStatus": "in-progress"}
        self.provider.requests.clear()
        self.assertEqual(self.customer(call).provider_leg_id, CUSTOMER_LEG)
        return call

    def make_incoming(self):
        """Return an incoming call that rings."""
        self.go_online(self.agent_ana)
        self.env["telephony.call"].sudo()._process_incoming(
            self.account,
            VoiceRequest(leg_id=CALLER_LEG, caller="+32470123456", called=self.number.number),
        )
        return self.env["telephony.call"].search([("provider_call_id", "=", CALLER_LEG)])

    def enqueue(self, **values):
        """Return an incoming call that waits in a queue and rings there at an agent."""
        queue = self.env["telephony.queue"].create(
            {
                "name": "Line",
                "company_id": self.company_a.id,
                "agent_ids": [Command.set(self.agent_ana.ids)],
                **values,
            }
        )
        self.ring.write({"kind": "queue", "queue_id": queue.id})
        call = self.make_incoming()
        call._process_wait(VoiceRequest(queue_id=QUEUE))
        self.provider.legs[CALLER_LEG] = {"CallStatus": "in-progress"}
        return call

    def test_caller_leaves_a_queue_without_limit_after_an_hour(self):
        call = self.enqueue(limit_wait=False)
        self.agent_ana._set_status("offline")
        call._get_open_offers()._close("withdrawn", "canceled")
        now = fields.Datetime.now()
        call.queued_at = fields.Datetime.subtract(now, minutes=59)
        self.assertTrue(call._may_wait_on())
        call.queued_at = fields.Datetime.subtract(now, minutes=61)
        self.assertFalse(call._may_wait_on())
        self.assertEqual(call._wait_in_queue(now, False), [Leave()])

    def test_conference_whose_events_were_lost_is_found_by_its_name(self):
        """Hold, announcements and monitoring need the conference, which its first event names."""
        call = self.make_outgoing()
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "in-progress"}
        # The first run finds the answer, whose report was lost as well.
        self.reconcile()
        self.assertEqual((call.state, call.provider_conference_id), ("in_progress", False))
        self.reconcile()
        self.assertEqual(call.provider_conference_id, ROOM)
        self.assertEqual(self.provider.sent("find_conference"), [[call.uuid]])
        self.reconcile()
        self.assertEqual(len(self.provider.sent("find_conference")), 1)

    def test_hold_before_the_conference_is_known_names_its_identifier(self):
        """Only the creation of a participant accepts a conference's name."""
        call = self.make_outgoing()
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "in-progress"}
        self.reconcile()
        self.assertFalse(call.provider_conference_id)
        self.as_user(self.ana).set_hold(call.uuid, True)
        self.run_after_commit()
        [request] = self.provider.sent("hold_participant")
        self.assertEqual(request[:3], [ROOM, CUSTOMER_LEG, True])

    def test_claim_whose_wait_request_was_lost_is_taken_back(self):
        """Phases: the time to connect also ends when no webhook of the caller asks for it."""
        call = self.make_incoming()
        call._process_wait(VoiceRequest(queue_id=QUEUE))
        self.provider.legs[CALLER_LEG] = {"CallStatus": "in-progress"}
        self.as_user(self.ana).accept(call.uuid)
        self.assertEqual(call._get_phase().name, "claimed")
        self.reconcile(22)
        self.assertEqual(call._get_phase().name, "offering")
        self.assertEqual(
            self.notified(self.ana, "call_left")[-1]["message"],
            "Connecting took too long. The caller is waiting again.",
        )

    def test_offer_in_a_queue_whose_wait_request_was_lost_expires(self):
        """Phases: an agent does not ring for ever because the queue lost a webhook."""
        call = self.enqueue()
        self.assertEqual(call.offer_ids.mapped("state"), ["offered"])
        self.reconcile(61)
        self.assertEqual(call._get_phase().name, "waiting")
        self.assertIn("expired", call.offer_ids.mapped("state"))

    def test_wait_in_a_queue_whose_wait_request_was_lost_ends(self):
        """Phases: the maximum wait also ends when no webhook of the caller asks for it."""
        call = self.enqueue(limit_wait=True, max_wait=60)
        self.agent_ana._set_status("offline")
        call.queued_at = fields.Datetime.subtract(call.queued_at, seconds=70)
        self.reconcile(70)
        self.assertFalse(call._get_open_offers())
        [[queue, leg, url]] = self.provider.sent("move_from_queue")
        self.assertEqual((queue, leg), (QUEUE, CALLER_LEG))
        self.assertIn("/step", url)

    def test_young_calls_are_left_alone(self):
        """A new call is left alone: its webhooks and its browser are on their way."""
        call = self.make_outgoing()
        del self.provider.legs[AGENT_LEG]
        self.write_now()
        self.reconcile(8)
        self.assertEqual(self.provider.requests, [("list_living_legs",)])
        self.assertEqual(set(call.leg_ids.mapped("status")), {"new", "in_progress"})
        waiting = self.dial(self.bob)
        self.write_now()
        self.reconcile(20)
        self.assertEqual(waiting.state, "new")

    def test_lost_events_are_made_up_for(self):
        """Z30: the answer and the end are read from the provider when their events were lost."""
        call = self.make_outgoing()
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "in-progress"}
        self.reconcile()
        self.assertEqual(call.state, "in_progress")
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "completed", "CallDuration": "20"}
        self.provider.legs[AGENT_LEG] = {"CallStatus": "completed", "CallDuration": "30"}
        self.reconcile()
        self.assertEqual((call.state, call.outcome), ("ended", "answered"))
        self.assertEqual(set(call.leg_ids.mapped("status")), {"ended"})

    def test_busy_that_nobody_told(self):
        call = self.make_outgoing()
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "busy"}
        self.reconcile()
        self.assertEqual((call.state, call.outcome), ("ended", "busy"))
        self.assertIn([AGENT_LEG], self.provider.sent("end_leg"))

    def test_running_call_goes_on(self):
        """Z22: a long conversation is not a silent one."""
        call = self.make_outgoing()
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "in-progress"}
        for _minute in range(3):
            self.reconcile()
        self.assertEqual(call.state, "in_progress")
        self.assertFalse(self.provider.sent("end_leg"))

    def test_running_calls_cost_one_question(self):
        """Z22: each account needs one request to the provider, however many calls run."""
        self.make_outgoing()
        self.make_incoming()
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "ringing"}
        self.provider.legs[CALLER_LEG] = {"CallStatus": "in-progress"}
        self.reconcile()
        self.provider.requests.clear()
        for _look in range(3):
            self.reconcile(20)
        self.assertEqual(self.provider.requests, [("list_living_legs",)] * 3)

    def test_legs_that_are_not_listed_are_asked_about_singly(self):
        """The list names live legs; the outcome of the others is requested singly."""
        call = self.make_outgoing()
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "no-answer"}
        self.reconcile(16)
        self.assertEqual(self.provider.sent("fetch_leg"), [[CUSTOMER_LEG]])
        self.assertEqual((call.state, call.outcome), ("ended", "no_answer"))

    def test_legs_of_other_programs_are_left_alone(self):
        self.make_outgoing()
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "ringing"}
        self.provider.legs[leg_sid(777)] = {"CallStatus": "in-progress"}
        self.reconcile()
        self.assertFalse(self.provider.sent("end_leg"))

    def test_leg_that_lives_though_it_was_said_to_be_over(self):
        """Z20: a leg that outlives its reported end does not cost money unnoticed."""
        call = self.make_outgoing()
        self.customer(call)._advance(
            CallEvent("leg", status="ended", reason="failed", at=fields.Datetime.now())
        )
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "in-progress"}
        self.let_time_pass(16)
        with self.assert_log("models.call.telephony_call_reconcile", "WARNING", "lives"):
            self.reconcile(0)
        self.assertIn([CUSTOMER_LEG], self.provider.sent("end_leg"))

    def test_leg_that_was_let_go_and_stayed(self):
        """The request to hang up a party was lost; the call goes on without that party."""
        call = self.make_outgoing()
        agent = call.leg_ids.filtered(lambda leg: leg.role == "agent")
        agent.is_released = True
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "in-progress"}
        self.reconcile()
        self.assertEqual(self.provider.sent("end_leg"), [[AGENT_LEG]])

    def test_customer_who_was_left_alone(self):
        """The agent did not return, and the request to redirect the customer was lost."""
        self.make_outgoing()
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "in-progress"}
        self.reconcile()
        self.provider.legs[AGENT_LEG] = {"CallStatus": "completed"}
        self.provider.failures["redirect_leg"] = [ProviderError("Down")]
        with self.assert_log("models.call.telephony_call", "WARNING", "redirect_leg"):
            self.reconcile()
        self.reconcile(14)
        self.assertEqual(len(self.provider.sent("redirect_leg")), 1)
        self.reconcile(2)
        self.assertEqual(
            [leg for leg, _url in self.provider.sent("redirect_leg")], [CUSTOMER_LEG] * 2
        )

    def test_caller_who_waits_though_somebody_is_there(self):
        """The request to take the caller out of the queue was lost."""
        call = self.make_incoming()
        self.customer(call).provider_queue_id = "QU1"
        self.as_user(self.ana).accept(call.uuid)
        self.env["telephony.call"].sudo()._process_browser(
            self.account,
            VoiceRequest(
                leg_id=AGENT_LEG, call_uuid=call.uuid, identity=self.agent_ana.sudo().identity
            ),
        )
        self.queued_requests.clear()
        for sid in (CALLER_LEG, AGENT_LEG):
            self.provider.legs[sid] = {"CallStatus": "in-progress"}
        self.reconcile(16)
        self.assertEqual(len(self.provider.sent("move_from_queue")), 1)

    def test_call_the_provider_does_not_know_any_more(self):
        """Z30: a call that the provider no longer knows is ended, once it was asked twice."""
        call = self.make_outgoing()
        self.reconcile()
        self.assertEqual(call.state, "new")
        self.reconcile(21)
        self.assertEqual((call.state, call.outcome), ("ended", "failed"))
        self.assertEqual(
            set(call.leg_ids.filtered(lambda leg: leg.role == "customer").mapped("status")),
            {"ended"},
        )
        self.assertNotEqual(self.agent_ana.state, "in_call")

    def test_incoming_call_the_provider_does_not_know_any_more(self):
        call = self.make_incoming()
        self.reconcile()
        self.assertNotEqual(call.state, "ended")
        self.reconcile(21)
        self.assertEqual(call.state, "ended")
        self.assertTrue(self.notified(self.ana, "offer_closed"))

    def test_call_that_was_missing_once_continues(self):
        """The provider's lists are late; a leg that it knows again was never gone.

        https://www.twilio.com/docs/voice/api/call-resource
        """
        call = self.make_outgoing()
        self.reconcile()
        self.assertTrue(self.customer(call).missed_at)
        for sid in (CUSTOMER_LEG, AGENT_LEG):
            self.provider.legs[sid] = {"CallStatus": "in-progress"}
        self.reconcile()
        self.assertFalse(self.customer(call).missed_at)
        self.provider.legs.clear()
        self.reconcile()
        self.assertNotEqual(call.state, "ended")

    def test_two_answers_within_20_seconds_are_one(self):
        leg = self.customer(self.make_outgoing())
        missing = CallEvent("leg", status="ended", data={"is_missing": True})
        self.assertFalse(leg._note_answer(missing))
        for seconds, is_gone in ((10, False), (21, True)):
            leg.missed_at = fields.Datetime.subtract(fields.Datetime.now(), seconds=seconds)
            self.assertEqual(leg._note_answer(missing), is_gone)

    def test_call_whose_conference_lists_it_continues(self):
        """Its 404 is a lie of the provider's late lists."""
        call = self.make_outgoing()
        self.provider.room = {CUSTOMER_LEG: False, AGENT_LEG: False}
        for _minute in range(3):
            self.reconcile()
        self.assertNotEqual(call.state, "ended")
        self.assertFalse(self.customer(call).missed_at)

    def test_provider_that_cannot_be_asked_changes_nothing(self):
        """Z30: an unreachable provider changes no call."""
        call = self.make_outgoing()
        self.provider.failures["list_living_legs"] = [ProviderError("Down", "unreachable")]
        self.reconcile()
        self.assertFalse(self.provider.sent("fetch_leg"))
        self.assertEqual(call.state, "new")
        self.provider.failures["fetch_leg"] = [ProviderError("Down", "unreachable")] * 9
        self.reconcile()
        self.assertTrue(self.provider.sent("fetch_leg"))
        self.assertEqual(call.state, "new")
        self.assertEqual(self.customer(call).status, "new")

    def test_leg_that_outlives_its_call_is_hung_up(self):
        """Z20: a leg that would continue to cost money is ended."""
        call = self.make_outgoing()
        self.as_user(self.ana).hang_up(call.uuid)
        self.queued_requests.clear()
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "in-progress"}
        self.reconcile()
        self.reconcile()
        self.assertIn([AGENT_LEG], self.provider.sent("end_leg"))
        self.assertIn([CUSTOMER_LEG], self.provider.sent("end_leg"))
        self.assertEqual(call.outcome, "canceled")

    def test_lost_answer_of_the_provider_is_found_later(self):
        """Z16: the customer was called, but neither the answer nor a webhook arrived."""
        self.provider.failures["add_participant"] = [ProviderError("Time-out", "unknown")]
        call = self.dial()
        self.env["telephony.call"].sudo()._process_browser(
            self.account,
            VoiceRequest(
                leg_id=AGENT_LEG, call_uuid=call.uuid, identity=self.agent_ana.sudo().identity
            ),
        )
        with self.assert_log(
            "models.call.telephony_call_outgoing", "WARNING", "the answer to the call was lost"
        ):
            self.run_after_commit()
        self.assertEqual(call.state, "new")
        self.as_user(self.ana).hang_up(call.uuid)
        self.run_after_commit()
        self.provider.answers["find_participant"] = CUSTOMER_LEG
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "ringing"}
        self.provider.legs[AGENT_LEG] = {"CallStatus": "completed"}
        self.reconcile()
        self.assertIn([CUSTOMER_LEG], self.provider.sent("end_leg"))

    def test_leg_that_never_was(self):
        """A leg unknown to the provider is closed."""
        self.provider.failures["add_participant"] = [ProviderError("Time-out", "unknown")]
        call = self.dial()
        self.env["telephony.call"].sudo()._process_browser(
            self.account,
            VoiceRequest(
                leg_id=AGENT_LEG, call_uuid=call.uuid, identity=self.agent_ana.sudo().identity
            ),
        )
        with self.assert_log(
            "models.call.telephony_call_outgoing", "WARNING", "the answer to the call was lost"
        ):
            self.run_after_commit()
        self.reconcile()
        self.assertEqual(self.customer(call).status, "ended")
        self.assertEqual(call.state, "ended")

    def test_call_that_was_never_connected(self):
        """Z16: the page was closed before its browser connected."""
        call = self.dial()
        self.reconcile()
        self.assertEqual((call.state, call.outcome, call.ended_by), ("ended", "failed", "system"))
        self.assertTrue(call.failure_reason)

    def test_offers_of_a_waiting_room_that_stopped_asking(self):
        """Z17: offers end when the provider's requests from the waiting room stop."""
        call = self.make_incoming()
        self.provider.legs[CALLER_LEG] = {"CallStatus": "in-progress"}
        self.reconcile()
        self.assertEqual(set(call.offer_ids.mapped("state")), {"expired"})

    def test_one_bad_call_does_not_stop_the_others(self):
        """Z30: a failure in one call does not stop the reconciliation of the others."""
        self.make_incoming()
        outgoing = self.dial(self.bob)
        self.let_time_pass(61)
        original = type(self.env["telephony.call"])._reconcile
        seen = []

        def reconcile(call, news):
            seen.append(call)
            if call != outgoing:
                raise ZeroDivisionError
            return original(call, news)

        self.patch(self.registry["telephony.call"], "_reconcile", reconcile)
        with self.assertLogs("odoo.addons.crm_telephony", "ERROR"):
            self.env["telephony.call"].sudo()._cron_reconcile()
        self.assertEqual(len(seen), 2)
        self.assertEqual(outgoing.state, "ended")

    def test_call_that_is_being_changed_is_reconciled_at_the_next_run(self):
        incoming, outgoing = self.make_incoming(), self.dial(self.bob)
        original = type(self.env["telephony.call"])._reconcile

        def reconcile(call, news):
            if call == incoming:
                raise LockNotAvailable
            return original(call, news)

        with (
            patch.object(self.registry["telephony.call"], "_reconcile", reconcile),
            self.assertLogs(LOGGER, logging.INFO) as log,
        ):
            self.reconcile()
        self.assertIn(f"{incoming.uuid}: is being changed", " ".join(log.output))
        self.assertEqual({record.levelno for record in log.records}, {logging.INFO})
        self.assertNotEqual(incoming.state, "ended")
        self.assertEqual(outgoing.state, "ended")
        # The provider does not know the caller's leg, which counts the second time.
        self.reconcile()
        self.reconcile(21)
        self.assertEqual(incoming.state, "ended")

    def test_news_that_came_while_the_provider_was_asked(self):
        """Z30: an older answer does not undo a newer webhook."""
        call = self.make_outgoing()
        leg = self.customer(call)
        self.provider.legs[CUSTOMER_LEG] = {"CallStatus": "ringing"}
        self.let_time_pass(61)
        news = call._ask_provider({})
        leg._advance(CallEvent("leg", status="in_progress", at=fields.Datetime.now()))
        call._reconcile(news)
        self.assertEqual(leg.status, "in_progress")
        self.assertNotEqual(call.state, "ended")

    def test_leg_whose_birth_was_told_while_the_provider_was_asked(self):
        call = self.make_outgoing()
        leg = self.customer(call)
        leg.provider_leg_id = False
        news = {leg: ""}
        leg.provider_leg_id = CUSTOMER_LEG
        call._reconcile(news)
        self.assertNotEqual(leg.status, "ended")

    def test_account_that_fails_does_not_stop_the_others(self):
        self.make_outgoing()
        with (
            patch.object(
                self.registry["telephony.account"], "_list_living", side_effect=ZeroDivisionError
            ),
            self.assertLogs("odoo.addons.crm_telephony", "ERROR"),
            patch.object(self.env.cr, "rollback"),
        ):
            self.reconcile()

    def test_account_without_a_secret_is_not_asked(self):
        self.make_outgoing()
        self.account.sudo().auth_token = False
        self.reconcile()
        self.assertFalse(self.provider.requests)

    def test_cron_is_there(self):
        cron = self.env.ref("crm_telephony.ir_cron_reconcile")
        self.assertTrue(cron.active)
        self.assertEqual((cron.interval_number, cron.interval_type), (1, "minutes"))
        self.assertEqual(cron.model_id.model, "telephony.call")


@tagged("post_install", "-at_install")
class TestNudge(TelephonyCase):
    """Open pages trigger the reconciliation between two runs of the job."""

    def setUp(self):
        super().setUp()
        self.job = self.env.ref("crm_telephony.ir_cron_reconcile").sudo()
        self.triggers = self.env["ir.cron.trigger"].sudo()
        self.triggers.search([("cron_id", "=", self.job.id)]).unlink()
        self.env["telephony.call"].sudo().search([("state", "!=", "ended")]).unlink()
        self.set_last_look(None)

    def set_last_look(self, seconds):
        self.job.lastcall = seconds is not None and fields.Datetime.subtract(
            fields.Datetime.now(), seconds=seconds
        )
        self.env.flush_all()

    def nudge(self):
        """Send a page's heartbeat and return how often the job was triggered so far."""
        self.as_user(self.ana, "telephony.agent").renew_lease("page-of-ana")
        return self.triggers.search_count([("cron_id", "=", self.job.id)])

    def test_nobody_is_on_the_telephone(self):
        self.assertEqual(self.nudge(), 0)

    def test_job_that_has_just_run(self):
        self.dial(self.bob)
        # Not 19: the second may change meanwhile.
        self.set_last_look(15)
        self.assertEqual(self.nudge(), 0)
        self.set_last_look(21)
        self.assertEqual(self.nudge(), 1)

    def test_many_pages_wake_it_once(self):
        self.dial(self.bob)
        self.assertEqual([self.nudge(), self.nudge()], [1, 1])

    def test_job_that_was_killed_is_woken_again(self):
        """The job is triggered again after its worker was killed.

        A restarted server does not look for pending triggers before a minute is over.
        """
        self.dial(self.bob)
        self.assertEqual(self.nudge(), 1)
        trigger = self.triggers.search([("cron_id", "=", self.job.id)])
        trigger.call_at = fields.Datetime.subtract(fields.Datetime.now(), seconds=15)
        self.assertEqual(self.nudge(), 1)
        trigger.call_at = fields.Datetime.subtract(fields.Datetime.now(), seconds=21)
        self.assertEqual([self.nudge(), self.nudge()], [2, 2])
