"""A leg whose end is reported before its first webhook: no call stays open, and no one is rung."""

from datetime import timedelta
from itertools import permutations
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..common import AGENT_LEG, CALLER_LEG, CUSTOMER, TOKEN_B, TelephonyHttpCase, leg_sid


@tagged("post_install", "-at_install")
class TestEarlyEnd(TelephonyHttpCase):
    def tell_end(self, sid=CALLER_LEG, status="completed", sign=True, **params):
        """Report the end of a leg to the address of a number, which names no call."""
        response = self.post_webhook(
            "status", {"CallSid": sid, "CallStatus": status, **params}, sign=sign
        )
        self.assertEqual((response.status_code, response.text), (200, ""))

    def find_events(self, sid=CALLER_LEG):
        return self.env["telephony.call.event"].search([("key", "=like", f"{sid}:%")])

    def read_record(self, call):
        """Return what remains of a missed call, whatever the order of its webhooks."""
        self.env.flush_all()
        self.env.invalidate_all()
        names = ["state", "outcome", "ended_by", "partner_id", "lead_id", "flow_id", "duration"]
        leg = self.customer(call)
        return (
            call.read(names, load=None)[0] | {"id": None},
            (leg.status, leg.end_reason, len(call.leg_ids)),
            len(call.message_id),
            [(owed.customer_number, owed.state) for owed in call.callback_id],
            call.offer_ids.filtered(lambda offer: offer.state == "offered").ids,
        )

    def test_caller_who_left_before_the_first_webhook_rings_at_no_one(self):
        """Z30: the call is missed at once, with its callback, and is not left to the jobs."""
        self.go_online(self.agent_ana)
        self.tell_end()
        call, verbs = self.call_in()
        self.assertEqual([verb.tag for verb in verbs], ["Hangup"])
        self.assertEqual((call.state, call.outcome), ("ended", "missed"))
        self.assertEqual(call.partner_id, self.partner)
        self.assertTrue(call.message_id)
        self.assertFalse(call.offer_ids)
        self.assertFalse(self.notified(self.ana, "offer_made"))
        self.assertEqual(self.customer(call).status, "ended")

    def test_every_order_gives_the_same_record(self):
        """The end before the first webhook, after it, twice, and the first webhook twice."""
        self.go_online(self.agent_ana)
        acts = {"voice": self.call_in, "end": self.tell_end}
        records = {}
        for order in sorted(set(permutations(["voice", "voice", "end", "end"]))):
            with self.env.cr.savepoint() as savepoint:
                for act in order:
                    acts[act]()
                calls = self.env["telephony.call"].search([("provider_call_id", "=", CALLER_LEG)])
                self.assertEqual(len(calls), 1)
                records[order] = self.read_record(calls)
                savepoint.rollback()
            self.env.invalidate_all()
        reference = records.pop(("voice", "voice", "end", "end"))
        self.assertEqual(reference[0]["outcome"], "missed")
        self.assertEqual(len(records), 5)
        for order, record in records.items():
            self.assertEqual(record, reference, order)

    def test_failure_is_kept(self):
        self.tell_end(status="failed")
        call, _verbs = self.call_in()
        self.assertEqual((call.state, call.outcome), ("ended", "failed"))

    def test_blocked_caller_stays_blocked(self):
        self.env["telephony.blocked.number"].create(
            {"number": CUSTOMER, "company_id": self.company_a.id}
        )
        self.tell_end()
        call, _verbs = self.call_in()
        self.assertEqual((call.state, call.outcome), ("ended", "blocked"))

    def test_first_webhook_that_fails(self):
        """Z30: the call is kept as failed, although its end came first."""
        self.tell_end()
        calls = self.registry["telephony.call"]
        for name in ("_process_incoming", "_prepare_incoming_values"):
            with (
                self.subTest(name),
                self.env.cr.savepoint() as savepoint,
                patch.object(calls, name, side_effect=ValueError("broken addon")),
                self.assertLogs("odoo.addons.crm_telephony", "ERROR"),
            ):
                call, verbs = self.call_in()
                self.assertEqual(verbs[-1].tag, "Hangup")
                self.assertEqual((call.state, call.outcome), ("ended", "failed"))
                self.assertEqual(self.customer(call).status, "ended")
                savepoint.rollback()
            self.env.invalidate_all()

    def test_browser_that_left_is_not_admitted(self):
        """Z05: the call does not believe that its agent is connected."""
        call = self.dial(self.ana)
        self.tell_end(AGENT_LEG)
        for _repeat in range(2):
            answer = self.connect_browser(call, self.agent_ana)
            self.assertEqual([verb.tag for verb in answer], ["Hangup"])
        self.assertFalse(call.leg_ids.filtered(lambda leg: leg.role == "agent"))

    def test_end_of_a_test_or_of_a_verification_is_no_call(self):
        """Its first webhook makes no call, before or after the end."""
        count = self.env["telephony.call"].search_count([])
        self.tell_end(AGENT_LEG)
        answer = self.ask(
            "client",
            {
                "CallSid": AGENT_LEG,
                "From": f"client:{self.agent_ana.sudo().identity}",
                "To": "",
                "test": "1",
            },
        )
        self.assertEqual([verb.tag for verb in answer], ["Play", "Hangup"])
        self.tell_end(AGENT_LEG)
        # The verification of a caller ID asks for no voice response of ours.
        self.tell_end(leg_sid(4401), status="no-answer")
        self.tell_end(leg_sid(4401), status="no-answer")
        self.assertEqual(len(self.find_events(leg_sid(4401))), 1)
        self.assertEqual(self.env["telephony.call"].search_count([]), count)

    def test_event_without_a_call_is_kept_for_a_day_only(self):
        """A first webhook finds the end for a day; if it never comes, no row stays for months."""
        self.tell_end()
        self.tell_end(leg_sid(4401), status="no-answer")
        call, _verbs = self.call_in()
        events = self.env["telephony.call.event"]
        for days, is_kept in ((0.9, True), (1.1, False)):
            moment = fields.Datetime.now() - timedelta(days=days)
            self.find_events().happened_at = moment
            self.find_events(leg_sid(4401)).happened_at = moment
            self.env.flush_all()
            events._gc_old()
            self.env.invalidate_all()
            self.assertEqual(bool(self.find_events(leg_sid(4401))), is_kept)
            self.assertEqual(self.find_events().call_id, call)
        self.find_events().happened_at = fields.Datetime.now() - timedelta(days=61)
        self.env.flush_all()
        events._gc_old()
        self.assertFalse(self.find_events())

    def test_end_of_another_account_ends_nothing(self):
        # sudo: the test's own account
        self.tell_end(sign=TOKEN_B, AccountSid=self.account_b.sudo().account_sid)
        call, _verbs = self.call_in()
        self.assertNotEqual(call.state, "ended")

    def test_only_the_end_is_kept(self):
        """A report of a leg of ours, or of another status, says nothing about a first webhook."""
        with self.assert_log("models.call", "WARNING", "unknown leg"):
            self.tell_end(status="in-progress")
        with self.assert_log("models.call", "WARNING", "unknown leg"):
            self.post_webhook(
                "status", {"CallSid": CALLER_LEG, "CallStatus": "completed"}, {"leg": "999999"}
            )
        self.assertFalse(self.find_events())
        call, _verbs = self.call_in()
        self.assertNotEqual(call.state, "ended")

    def test_end_of_a_refused_browser_is_no_surprise(self):
        """An agent accepts when the caller has just hung up: the log of ordinary use is clean."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in()
        self.tell_end()
        answer = self.connect_browser(call, self.agent_ana)
        self.assertEqual([verb.tag for verb in answer], ["Hangup"])
        with self.assertNoLogs("odoo.addons.crm_telephony", "WARNING"):
            self.tell_end(AGENT_LEG, "no-answer")
        self.assertEqual((call.state, call.outcome), ("ended", "missed"))
