"""What the telephone network says about a call: the caller, the verification, why it failed."""

from odoo.fields import Command
from odoo.tests import tagged

from ..common import CALLER_LEG, CUSTOMER, TelephonyHttpCase, leg_sid

STRANGER = "+14164605555"
NETWORK = {
    "FromCity": "TORONTO",
    "FromCountry": "CA",
    "CallerName": "ACME <b>LTD</b>\n",
    "ForwardedFrom": "+3225550199",
    "StirVerstat": "TN-Validation-Passed-A",
}


@tagged("post_install", "-at_install")
class TestNetwork(TelephonyHttpCase):
    """https://www.twilio.com/docs/voice/twiml#request-parameters"""

    def offer(self, **params):
        """Ring Ana; return the call and its payload for her page."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in(**params)
        self.wait(call)
        return call, self.notified(self.ana, "offer_made")[-1]["call"]

    def test_unknown_caller_has_a_place_and_a_name(self):
        call, data = self.offer(from_=STRANGER, **NETWORK)
        self.assertEqual(
            data["customer"]["network"],
            {
                "name": "ACME <b>LTD</b>",
                "city": "Toronto",
                "country": "Canada",
                "country_id": self.env.ref("base.ca").id,
            },
        )
        self.assertEqual(
            (data["attestation"], data["diverted_from"]), ("verified", "+32 2 555 01 99")
        )
        self.assertEqual(call.diverted_from, "+3225550199")
        self.assertIn("Diverted from +32 2 555 01 99.", call.timeline)
        self.assertIn("is verified by the caller's carrier", call.timeline)

    def test_known_caller_is_described_by_the_contact(self):
        _call, data = self.offer(**NETWORK)
        self.assertEqual(data["customer"]["name"], "Zoe Peeters")
        self.assertFalse(data["customer"]["network"])
        self.assertEqual(data["attestation"], "verified")

    def test_call_without_any_of_it_shows_nothing(self):
        call, data = self.offer(from_=STRANGER, FromCity="", FromCountry="", CallerName="")
        self.assertFalse(data["customer"]["network"])
        self.assertFalse(data["attestation"] or data["diverted_from"])
        self.assertNotIn("Diverted", call.timeline)

    def test_forged_values_are_dropped(self):
        call, data = self.offer(
            from_=STRANGER,
            FromCountry="<script>",
            FromCity="\x00\x1b",
            ForwardedFrom="javascript:alert(1)",
            StirVerstat="TN-Validation-Passed-A'; DROP",
        )
        self.assertFalse(data["customer"]["network"])
        self.assertFalse(call.diverted_from or call.attestation or call.caller_city)

    def test_log_names_the_dialed_number_and_a_failed_verification(self):
        call, _data = self.offer(**{**NETWORK, "StirVerstat": "TN-Validation-Failed-C"})
        self.tell_leg(call, CALLER_LEG, "completed")
        body = call.message_id.body
        self.assertIn("diverted from +32 2 555 01 99", body)
        self.assertIn("number verification failed", body)

    def test_anonymized_call_keeps_none_of_it(self):
        call, _data = self.offer(from_=STRANGER, **NETWORK)
        self.tell_leg(call, CALLER_LEG, "completed")
        call.sudo()._anonymize()
        self.assertFalse(
            call.caller_name or call.caller_city or call.caller_country_id or call.diverted_from
        )

    def test_every_spelling_of_a_hidden_number_is_nobody(self):
        """https://support.twilio.com/hc/en-us/articles/223179988"""
        for index, word in enumerate(("+17378742833", "+8656696", "+2562533", "Restricted"), 1):
            with self.subTest(word):
                call, _verbs = self.call_in(from_=word, sid=leg_sid(index))
                self.assertFalse(call.customer_number or call.partner_id or call.from_number)

    def test_callback_key_is_not_offered_to_a_forged_number(self):
        queue = self.env["telephony.queue"].create(
            {
                "name": "Line",
                "company_id": self.company_a.id,
                "agent_ids": [Command.set(self.agent_ana.ids)],
                "callback_key": "1",
            }
        )
        self.ring.write({"kind": "queue", "queue_id": queue.id})
        self.go_online(self.agent_ana)
        for index, (word, is_offered) in enumerate(
            (("TN-Validation-Failed-A", False), ("TN-Validation-Passed-C", True), ("", True)), 1
        ):
            with self.subTest(word):
                call, _verbs = self.call_in(sid=leg_sid(index), StirVerstat=word)
                self.assertEqual(call._may_request_queue_callback(), is_offered)

    def forward(self, **values):
        self.ring.write({"kind": "forward", "forward_number": "+3225550199", **values})
        return self.call_in()

    def test_forward_shows_the_companys_number_or_the_callers(self):
        """https://www.twilio.com/docs/voice/twiml/dial#callerid"""
        _call, [dial] = self.forward()
        self.assertEqual(dial.get("callerId"), self.number.number)
        self.ring.shows_caller = True
        _call, [dial] = self.call_in(sid=leg_sid(2))
        self.assertEqual(dial.get("callerId"), CUSTOMER)
        _call, [dial] = self.call_in(sid=leg_sid(3), from_="anonymous")
        self.assertEqual(dial.get("callerId"), self.number.number)

    def test_forward_that_met_nobody_was_not_answered(self):
        """https://www.twilio.com/docs/voice/twiml/dial#action"""
        call, [dial] = self.forward(no_answer_step_id=self.no_answer_step.id)
        self.ask(
            dial.get("action"),
            {"CallSid": CALLER_LEG, "DialCallStatus": "completed", "DialBridged": "false"},
        )
        self.assertNotEqual(call.outcome, "answered")
        self.assertIn("no answer", call.timeline)

    def test_forward_tells_how_long_they_talked(self):
        call, [dial] = self.forward()
        self.ask(
            dial.get("action"),
            {
                "CallSid": CALLER_LEG,
                "DialCallStatus": "completed",
                "DialBridged": "true",
                "DialCallDuration": "65",
            },
        )
        self.assertEqual(call.outcome, "answered")
        self.assertIn("1:05 of talk time", call.timeline)

    def test_reason_for_leaving_the_conference_is_kept(self):
        """https://www.twilio.com/docs/voice/twiml/conference#statuscallback"""
        call = self.talk()
        self.tell_room(
            call, CALLER_LEG, "participant-leave", 5, ReasonParticipantLeft="participant_hung_up"
        )
        self.assertEqual(self.customer(call).left_reason, "participant_hung_up")


@tagged("post_install", "-at_install")
class TestFailure(TelephonyHttpCase):
    """https://www.twilio.com/docs/voice/api/call-resource#statuscallback"""

    def fail(self, status, **params):
        """Dial a customer whose leg ends with a status."""
        call = self.dial()
        self.connect_browser(call, self.agent_ana, leg_sid(call.id + 1_000_000))
        self.run_after_commit()
        leg = self.customer(call)
        self.tell_leg(call, leg.provider_leg_id, status, 1, leg, CallDuration="0", **params)
        self.assertEqual(call.state, "ended")
        return call

    def test_reason_is_given_in_words(self):
        for status, params, words in (
            ("failed", {"SipResponseCode": "404"}, "not in service"),
            ("failed", {"SipResponseCode": "480"}, "cannot be reached right now"),
            ("busy", {"SipResponseCode": "603"}, "The call was declined."),
            ("failed", {"SipResponseCode": "608"}, "blocked the call as unwanted"),
            ("failed", {"ErrorCode": "13227", "SipResponseCode": "403"}, "does not permit calls"),
            ("failed", {"SipResponseCode": "503"}, "did not connect the call"),
            ("failed", {"SipResponseCode": "499"}, "(code SIP 499)"),
            ("failed", {"ErrorCode": "32999"}, "(code 32999)"),
            ("failed", {}, "The call failed. Check the number and try again."),
            ("busy", {"SipResponseCode": "486"}, "The line is busy."),
            ("no-answer", {"SipResponseCode": "487"}, "No answer."),
            ("no-answer", {"SipResponseCode": "433"}, "No answer."),
        ):
            with self.subTest(status=status, params=params):
                call = self.fail(status, **params)
                self.assertIn(words, call._get_end_message())
                self.assertEqual(
                    self.notified(self.ana, "call_updated")[-1]["end_message"],
                    call._get_end_message(),
                )
                code = self.customer(call).failure_code
                self.assertEqual("The customer was not reached" in call.timeline, bool(code))
                self.assertEqual(bool(call.failure_message), bool(code))

    def test_completed_without_an_answer_is_no_conversation(self):
        """A ringing leg that the REST interface ended may be reported as completed, 0 seconds."""
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        leg = self.customer(call)
        self.tell_leg(call, leg.provider_leg_id, "ringing", 1, leg)
        self.as_user(self.ana).hang_up(call.uuid)
        self.tell_leg(call, leg.provider_leg_id, "completed", 2, leg, CallDuration="0")
        self.assertEqual((call.outcome, call.answered_at, call.duration), ("canceled", False, 0))
