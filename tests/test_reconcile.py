"""The safety net: silent legs are asked about, and nothing is paid for in vain."""

from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.crm_telephony.models.providers.base import ProviderError
from odoo.addons.crm_telephony.models.telephony_call_state import CallEvent

from .common import AGENT_LEG, CALLER_LEG, TelephonyCase, leg_sid

CUSTOMER_LEG = leg_sid(1001)


@tagged("post_install", "-at_install")
class TestReconcile(TelephonyCase):
    def setUp(self):
        super().setUp()
        # The rows are those of the test's transaction.
        self.startPatcher(patch.object(
            self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: float("inf")
        ))

    def reconcile(self, seconds=61):
        """Let some time pass, run the cron, and send what it asks for."""
        self.let_time_pass(seconds)
        self.env["telephony.call"].sudo()._cron_reconcile()
        self.run_after_commit()
        self.env.invalidate_all()

    def make_outgoing(self):
        """An outgoing call whose customer's telephone rings."""
        call = self.dial()
        self.env["telephony.call"].sudo()._process_browser(self.account, {
            "CallSid": AGENT_LEG, "uuid": call.uuid,
            "From": f"client:{self.agent_ana.sudo().identity}",
        })  # fmt: skip
        self.run_after_commit()
        self.carrier.legs[AGENT_LEG] = {"CallStatus": "in-progress"}
        self.carrier.requests.clear()
        self.assertEqual(self.customer(call).provider_leg_id, CUSTOMER_LEG)
        return call

    def make_incoming(self):
        """An incoming call that rings."""
        self.go_online(self.agent_ana)
        self.env["telephony.call"].sudo()._process_incoming(self.account, {
            "CallSid": CALLER_LEG, "From": "+32470123456", "To": self.number.number
        })  # fmt: skip
        return self.env["telephony.call"].search([("provider_call_id", "=", CALLER_LEG)])

    def test_young_calls_are_left_alone(self):
        """Nobody is asked about a call that has just begun."""
        self.make_outgoing()
        self.reconcile(30)
        self.assertFalse(self.carrier.requests)

    def test_lost_callbacks_are_made_up_for(self):
        """Z30: the answer and the end that nobody told are read at the carrier."""
        call = self.make_outgoing()
        self.carrier.legs[CUSTOMER_LEG] = {"CallStatus": "in-progress"}
        self.reconcile()
        self.assertEqual(call.state, "in_progress")
        self.carrier.legs[CUSTOMER_LEG] = {"CallStatus": "completed", "CallDuration": "20"}
        self.carrier.legs[AGENT_LEG] = {"CallStatus": "completed", "CallDuration": "30"}
        self.reconcile()
        self.assertEqual((call.state, call.outcome), ("ended", "answered"))
        self.assertEqual(set(call.leg_ids.mapped("status")), {"ended"})

    def test_busy_that_nobody_told(self):
        call = self.make_outgoing()
        self.carrier.legs[CUSTOMER_LEG] = {"CallStatus": "busy"}
        self.reconcile()
        self.assertEqual((call.state, call.outcome), ("ended", "busy"))
        self.assertIn([AGENT_LEG], self.carrier.sent("end_leg"))

    def test_running_call_goes_on(self):
        """Z22: a long conversation is no silent one."""
        call = self.make_outgoing()
        self.carrier.legs[CUSTOMER_LEG] = {"CallStatus": "in-progress"}
        for _minute in range(3):
            self.reconcile()
        self.assertEqual(call.state, "in_progress")
        self.assertFalse(self.carrier.sent("end_leg"))

    def test_leg_that_was_asked_about_is_left_alone_for_a_while(self):
        self.make_outgoing()
        self.carrier.legs[CUSTOMER_LEG] = {"CallStatus": "ringing"}
        self.let_time_pass(600)
        self.reconcile(0)
        asked = len(self.carrier.sent("fetch_leg"))
        self.env.cr.execute("UPDATE telephony_call_leg SET write_date = now() WHERE write_date > "
                            "now() - interval '60 seconds'")
        self.env["telephony.call"].sudo()._cron_reconcile()
        self.assertEqual(len(self.carrier.sent("fetch_leg")), asked)

    def test_call_the_carrier_does_not_know_any_more(self):
        """Z30: what is gone at the carrier is over here too."""
        call = self.make_outgoing()
        self.reconcile()
        self.assertEqual((call.state, call.outcome), ("ended", "failed"))
        self.assertEqual(set(call.leg_ids.filtered(
            lambda leg: leg.role == "customer").mapped("status")), {"ended"})
        self.assertNotEqual(self.agent_ana.state, "in_call")

    def test_incoming_call_the_carrier_does_not_know_any_more(self):
        call = self.make_incoming()
        self.reconcile()
        self.assertEqual(call.state, "ended")
        self.assertEqual(set(call.offer_ids.mapped("state")), {"withdrawn"})
        self.assertTrue(self.told(self.ana, "offer_closed"))

    def test_carrier_that_cannot_be_asked_changes_nothing(self):
        """Z30: no news is no news."""
        call = self.make_outgoing()
        self.carrier.failures["fetch_leg"] = [ProviderError("Down", retryable=True)] * 9
        self.reconcile()
        self.assertEqual(call.state, "new")
        self.assertEqual(self.customer(call).status, "new")

    def test_leg_that_outlives_its_call_is_hung_up(self):
        """Z20: a leg that would go on being paid is ended."""
        call = self.make_outgoing()
        self.as_user(self.ana).hang_up(call.uuid)
        self.queued_requests.clear()
        self.carrier.legs[CUSTOMER_LEG] = {"CallStatus": "in-progress"}
        self.reconcile()
        self.reconcile()
        self.assertIn([AGENT_LEG], self.carrier.sent("end_leg"))
        self.assertIn([CUSTOMER_LEG], self.carrier.sent("end_leg"))
        self.assertEqual(call.outcome, "canceled")

    def test_lost_answer_of_the_carrier_is_found_later(self):
        """Z16: the customer was called, but neither the answer nor a callback arrived."""
        self.carrier.failures["add_participant"] = [ProviderError("Time-out", unknown=True)]
        call = self.dial()
        self.env["telephony.call"].sudo()._process_browser(self.account, {
            "CallSid": AGENT_LEG, "uuid": call.uuid,
            "From": f"client:{self.agent_ana.sudo().identity}",
        })  # fmt: skip
        with self.assert_log("models.telephony_call_outgoing", "WARNING", "could not be called"):
            self.run_after_commit()
        self.assertEqual(call.state, "ended")
        self.carrier.answers["find_participant"] = CUSTOMER_LEG
        self.carrier.legs[CUSTOMER_LEG] = {"CallStatus": "ringing"}
        self.carrier.legs[AGENT_LEG] = {"CallStatus": "completed"}
        self.reconcile()
        self.assertIn([CUSTOMER_LEG], self.carrier.sent("end_leg"))

    def test_leg_that_never_was(self):
        """A leg the carrier has never heard of is closed."""
        self.carrier.failures["add_participant"] = [ProviderError("Time-out", unknown=True)]
        call = self.dial()
        self.env["telephony.call"].sudo()._process_browser(self.account, {
            "CallSid": AGENT_LEG, "uuid": call.uuid,
            "From": f"client:{self.agent_ana.sudo().identity}",
        })  # fmt: skip
        with self.assert_log("models.telephony_call_outgoing", "WARNING", "could not be called"):
            self.run_after_commit()
        self.reconcile()
        self.assertEqual(self.customer(call).status, "ended")

    def test_call_that_was_never_connected(self):
        """Z16: the page was closed before its browser connected."""
        call = self.dial()
        self.reconcile()
        self.assertEqual((call.state, call.outcome, call.ended_by), ("ended", "failed", "system"))
        self.assertTrue(call.failure_reason)

    def test_offers_of_a_waiting_room_that_stopped_asking(self):
        """Z17: nothing rings for ever when the carrier's questions stay away."""
        call = self.make_incoming()
        self.carrier.legs[CALLER_LEG] = {"CallStatus": "in-progress"}
        self.reconcile()
        self.assertEqual(set(call.offer_ids.mapped("state")), {"expired"})

    def test_one_bad_call_does_not_stop_the_others(self):
        """Z30: a failure in one call leaves the net up for the rest."""
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

    def test_news_that_came_while_the_carrier_was_asked(self):
        """Z30: what a callback told meanwhile is not undone by an older answer."""
        call = self.make_outgoing()
        leg = self.customer(call)
        self.carrier.legs[CUSTOMER_LEG] = {"CallStatus": "ringing"}
        self.let_time_pass(61)
        news = call._ask_carrier()
        leg._advance(CallEvent("leg", status="in_progress", at=fields.Datetime.now()))
        call._reconcile(news)
        self.assertEqual(leg.status, "in_progress")
        self.assertNotEqual(call.state, "ended")

    def test_leg_whose_birth_was_told_while_the_carrier_was_asked(self):
        call = self.make_outgoing()
        leg = self.customer(call)
        leg.provider_leg_id = False
        news = {leg: ""}
        leg.provider_leg_id = CUSTOMER_LEG
        call._reconcile(news)
        self.assertNotEqual(leg.status, "ended")

    def test_cron_is_there(self):
        cron = self.env.ref("crm_telephony.ir_cron_reconcile")
        self.assertTrue(cron.active)
        self.assertEqual((cron.interval_number, cron.interval_type), (1, "minutes"))
        self.assertEqual(cron.model_id.model, "telephony.call")
