"""Agents with a custom phone."""

from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import ProviderError

from ..common import CUSTOMER, TelephonyHttpCase, leg_sid

MOBILE = "+32470111222"
PHONE_LEG = leg_sid(1001)


class PhoneStories(TelephonyHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent_ana.write({"call_via": "phone", "phone_number": MOBILE})

    def phone_leg(self, call):
        return call.leg_ids.filtered(lambda leg: leg.role == "agent" and leg.number == MOBILE)

    def ask_phone(self, call, digits=None, sid=PHONE_LEG):
        leg = self.phone_leg(call)
        return self.ask(
            "agent_phone",
            {
                "CallSid": sid,
                **({"Digits": digits} if digits else {}),
            },
            {"call": call.uuid, "leg": leg.id},
        )


@tagged("post_install", "-at_install")
class TestPhoneOut(PhoneStories):
    def start(self):
        call = self.dial(self.ana)
        self.run_after_commit()
        return call

    def test_the_users_phone_rings_first(self):
        """Z06: our number calls the user's telephone; the customer is not called yet."""
        call = self.start()
        [[values]] = self.provider.sent("call_phone")
        self.assertEqual((values["to"], values["from"]), (MOBILE, self.number.number))
        # The phone user hears our apology, not Twilio's, when Odoo fails.
        self.assertIn(f"/telephony/twilio/fallback?call={call.uuid}", values["fallback_url"])
        self.assertFalse(self.provider.sent("add_participant"))
        self.assertEqual((call.via, call.state), ("phone", "new"))

    def test_pressing_1_calls_the_customer(self):
        """Z06: the customer's telephone rings only after the user answers and presses 1."""
        call = self.start()
        [gather, hang_up] = self.ask_phone(call)
        self.assertEqual((gather.tag, hang_up.tag), ("Gather", "Hangup"))
        self.assertIn("Press 1 to call", gather[0].text)
        self.run_after_commit()
        self.assertFalse(self.provider.sent("add_participant"))
        [dial] = self.ask_phone(call, "1")
        self.assertEqual((dial.tag, dial[0].text), ("Dial", call.uuid))
        self.run_after_commit()
        [[_room, values]] = self.provider.sent("add_participant")
        self.assertEqual(values["to"], CUSTOMER)
        self.tell_leg(call, leg_sid(1002), "in-progress", 2, leg=self.customer(call))
        self.assertEqual(call.state, "in_progress")

    def test_a_mailbox_that_answers_presses_nothing(self):
        """Z06: a mailbox presses no key, so the customer is never called."""
        call = self.start()
        self.ask_phone(call)
        self.tell_leg(call, PHONE_LEG, "completed", 3, CallDuration="12")
        self.run_after_commit()
        self.assertEqual((call.state, call.outcome), ("ended", "canceled"))
        self.assertFalse(self.provider.sent("add_participant"))

    def test_busy_or_unanswered_phone_ends_the_call_with_its_reason(self):
        """Z06: the user sees the reason, and the customer is never called."""
        for status, text in (
            ("busy", "is busy"),
            ("no-answer", "did not answer"),
            ("failed", "cannot be reached"),
        ):
            with self.subTest(status=status):
                call = self.start()
                sid = self.phone_leg(call).provider_leg_id
                self.tell_leg(call, sid, status, 2)
                self.assertEqual(call.state, "ended")
                [data] = self.notified(self.ana, "call_updated")[-1:]
                self.assertIn(text, data["end_message"])
                self.assertFalse(self.provider.sent("add_participant"))

    def test_the_request_to_ring_fails(self):
        """Z06: when Twilio refuses, the call ends with a sentence."""
        self.provider.failures["call_phone"] = [ProviderError("no", "number_invalid")]
        with self.assert_log("models.call.telephony_call_outgoing", "WARNING", "was not called"):
            call = self.start()
        self.assertEqual(call.state, "ended")
        self.assertIn("cannot be reached", call.failure_reason)

    def test_key_not_wanted(self):
        """Z06: a user without key confirmation is connected at once."""
        self.agent_ana.press_to_accept = False
        call = self.start()
        [dial] = self.ask_phone(call)
        self.assertEqual(dial.tag, "Dial")

    def test_hanging_up_before_answering_stops_the_ringing(self):
        """Z20: a hang-up on the screen stops the ringing of the custom phone."""
        call = self.start()
        self.as_user(self.ana).hang_up(call.uuid)
        self.run_after_commit()
        self.assertIn([PHONE_LEG], self.provider.sent("end_leg"))
        self.assertEqual(self.names(self.ask_phone(call, "1")), ["Say", "Hangup"])

    def test_another_leg_cannot_pretend_to_be_the_phone(self):
        """Z06: the route of the custom phone serves only the leg that was called."""
        call = self.start()
        [hang_up] = self.ask_phone(call, "1", sid=leg_sid(77))
        self.assertEqual(hang_up.tag, "Hangup")
        [hang_up] = self.ask(
            "agent_phone",
            {"CallSid": PHONE_LEG, "Digits": "1"},
            {
                "call": call.uuid,
                "leg": self.customer(call).id,
            },
        )
        self.assertEqual(hang_up.tag, "Hangup")


@tagged("post_install", "-at_install")
class TestPhoneIn(PhoneStories):
    def ring_in(self, *others):
        self.agent_ana.status = "online"
        self.go_online(*others) if others else self.env.flush_all()
        call, _verbs = self.call_in()
        self.run_after_commit()
        return call

    def test_reachable_without_a_browser(self):
        """Z06: an online agent with a custom phone is reachable without an open page."""
        call = self.ring_in()
        self.assertEqual(call.offer_ids.agent_id, self.agent_ana)
        [[values]] = self.provider.sent("call_phone")
        self.assertEqual((values["to"], values["from"]), (MOBILE, self.number.number))

    def test_pressing_1_takes_the_call(self):
        """Z06: the caller's name is spoken, and the key accepts and connects the call."""
        call = self.ring_in()
        self.wait(call)
        [gather, _hang_up] = self.ask_phone(call)
        self.assertIn("Call from Zoe Peeters", gather[0].text)
        [dial] = self.ask_phone(call, "1")
        self.assertEqual(dial.tag, "Dial")
        self.assertEqual((call.user_id, call.via), (self.ana, "phone"))
        self.run_after_commit()
        self.assertTrue(self.provider.sent("move_from_queue"))
        self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        self.assertEqual(call.state, "in_progress")

    def test_accepting_in_a_browser_stops_the_phone(self):
        """Z06: accepting in one place stops the ringing in the other."""
        call = self.ring_in(self.agent_ana)
        self.wait(call)
        self.assertTrue(self.as_user(self.ana).accept(call.uuid)["accepted"])
        self.run_after_commit()
        self.assertIn([PHONE_LEG], self.provider.sent("end_leg"))
        verbs = self.ask_phone(call, "1")
        self.assertNotIn("Dial", self.names(verbs))

    def test_a_colleague_was_faster(self):
        """Z06: an agent who presses too late hears so."""
        call = self.ring_in(self.agent_bob)
        self.wait(call)
        self.as_user(self.bob).accept(call.uuid)
        verbs = self.ask_phone(call, "1")
        self.assertEqual(verbs[0].text, "This call was already answered.")
        self.run_after_commit()
        self.assertIn([PHONE_LEG], self.provider.sent("end_leg"))

    def test_unanswered_phone_lets_the_caller_go_on(self):
        """Z06: the caller goes on at once when no other agent rings."""
        call = self.ring_in()
        self.wait(call)
        self.tell_leg(call, PHONE_LEG, "no-answer", 2)
        self.run_after_commit()
        self.assertEqual(call.offer_ids.state, "expired")
        [[_queue, _leg, url]] = self.provider.sent("move_from_queue")
        self.assertIn("/step?", url)

    def test_caller_gives_up_while_the_phone_rings(self):
        """Z06: the telephone stops ringing when the caller has hung up."""
        call = self.ring_in()
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="5")
        self.run_after_commit()
        self.assertIn([PHONE_LEG], self.provider.sent("end_leg"))
