"""Agents with a custom phone."""

import time
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import ProviderError

from ..common import CALLER_LEG, CUSTOMER, TelephonyHttpCase, leg_sid
from ..routing.test_queue import QueueStories

MOBILE = "+32470111222"
PHONE_LEG = leg_sid(1001)


class PhoneStories(TelephonyHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent_ana.write({"call_via": "phone", "phone_number": MOBILE})

    def phone_leg(self, call):
        return call.leg_ids.filtered(lambda leg: leg.role == "agent" and leg.number == MOBILE)

    def ask_phone(self, call, digits=None, sid=PHONE_LEG, leg=None):
        leg = leg or self.phone_leg(call)
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
    def ring_in(self, *others, sid=CALLER_LEG):
        self.agent_ana.status = "online"
        self.go_online(*others) if others else self.env.flush_all()
        call, _verbs = self.call_in(sid=sid)
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

    def accept_in_page(self, *others, sid=CALLER_LEG):
        call = self.ring_in(self.agent_ana, *others, sid=sid)
        self.wait(call)
        answer = self.as_user(self.ana).accept(call.uuid)
        self.assertTrue(answer["accepted"])
        self.assertEqual((answer["call"]["via"], answer["call"]["phase"]), ("phone", "claimed"))
        self.run_after_commit()
        return call

    def test_accepting_in_the_page_claims_the_call_for_the_phone(self):
        """Z06: the telephone keeps ringing, and key 1 connects the caller there."""
        call = self.accept_in_page(self.agent_bob)
        self.assertEqual((call.user_id, call.via), (self.ana, "phone"))
        self.assertEqual(len(self.provider.sent("call_phone")), 1)
        self.assertNotIn([PHONE_LEG], self.provider.sent("end_leg"))
        [closed] = self.notified(self.bob, "offer_closed")
        self.assertEqual(closed["reason"], "accepted")
        [gather, _hang_up] = self.ask_phone(call)
        self.assertIn("Call from Zoe Peeters", gather[0].text)
        [dial] = self.ask_phone(call, "1")
        self.assertEqual((dial.tag, dial[0].text), ("Dial", call.uuid))
        self.run_after_commit()
        self.assertTrue(self.provider.sent("move_from_queue"))
        self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        self.assertEqual((call.state, call._get_phase().name), ("in_progress", "talking"))

    def test_phone_that_does_not_connect_gives_the_caller_back(self):
        """Z06: the caller waits on and rings again, and the user reads why."""
        for index, (status, sentence) in enumerate(
            (
                ("busy", "Your phone is busy. The caller is waiting again."),
                ("failed", "Your phone cannot be reached. The caller is waiting again."),
                ("no-answer", "You did not answer your phone. The caller is waiting again."),
            )
        ):
            with self.subTest(status=status):
                call = self.accept_in_page(sid=leg_sid(index))
                leg = self.phone_leg(call)[-1:]
                self.tell_leg(call, leg.provider_leg_id, status, 2)
                self.run_after_commit()
                self.assertEqual((call.user_id, call.claimed_at), (self.env["res.users"], False))
                self.assertNotEqual(call.state, "ended")
                self.assertEqual(self.notified(self.ana, "call_left")[-1]["message"], sentence)
                self.assertTrue(call._is_ringing())
                self.tell_leg(call, call.provider_call_id, "completed", CallDuration="5")

    def test_giving_an_accepted_call_back(self):
        """Z06: hanging up in the page before the phone is answered keeps the caller waiting."""
        call = self.accept_in_page(self.agent_bob)
        self.as_user(self.ana).decline(call.uuid)
        self.run_after_commit()
        self.assertIn([PHONE_LEG], self.provider.sent("end_leg"))
        self.assertEqual(self.ask_phone(call, "1")[0].tag, "Hangup")
        self.assertFalse(call.user_id)
        self.assertNotEqual(call.state, "ended")
        [left] = self.notified(self.ana, "call_left")
        self.assertEqual(left["message"], "The caller is waiting again.")
        self.assertEqual(call._get_open_offers().agent_id, self.agent_bob)

    def test_a_key_pressed_too_late_connects_nobody(self):
        """Z06: after its deadline the claim is over, and the telephone with it."""
        call = self.accept_in_page()
        self.ask_phone(call)
        call.deadline_at = fields.Datetime.now() - timedelta(seconds=1)
        self.wait(call)
        self.assertFalse(call.user_id)
        self.assertEqual(
            self.ask_phone(call, "1", PHONE_LEG, self.phone_leg(call)[:1])[0].tag, "Hangup"
        )
        self.run_after_commit()
        self.assertIn([PHONE_LEG], self.provider.sent("end_leg"))

    def test_talking_is_not_given_back(self):
        """Z06: `decline` changes nothing once the telephone is connected."""
        call = self.accept_in_page()
        self.ask_phone(call, "1")
        self.as_user(self.ana).decline(call.uuid)
        self.run_after_commit()
        self.assertEqual(call.user_id, self.ana)
        self.assertNotIn([PHONE_LEG], self.provider.sent("end_leg"))

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


@tagged("post_install", "-at_install")
class TestPhoneFromQueue(PhoneStories, QueueStories):
    def setUp(self):
        super().setUp()
        # Ana is in no queue; Bob has a conversation, so the callers wait.
        self.queue.agent_ids = self.agent_bob
        self.go_online(self.agent_bob)
        self.occupy(self.bob)
        self.call = self.call_in_number(1)
        self.wait(self.call)

    def test_picked_up_caller_is_connected_to_the_phone(self):
        """Z06 Z25: picking up rings the custom phone, which connects the caller after key 1."""
        self.agent_ana.status = "online"
        answer = self.as_user(self.ana).pick_up(self.call.uuid)
        self.assertEqual((answer["accepted"], answer["call"]["via"]), (True, "phone"))
        self.run_after_commit()
        [[values]] = self.provider.sent("call_phone")
        self.assertEqual((values["to"], values["from"]), (MOBILE, self.number.number))
        self.assertFalse(self.as_user(self.ana).queued_calls())
        [gather, _hang_up] = self.ask_phone(self.call)
        self.assertIn("Press 1 to accept", gather[0].text)
        [dial] = self.ask_phone(self.call, "1")
        self.assertEqual(dial.tag, "Dial")
        self.ask("join", {"CallSid": self.call.provider_call_id}, {"call": self.call.uuid})
        self.assertEqual((self.call.state, self.call.user_id), ("in_progress", self.ana))

    def test_unanswered_phone_keeps_the_place_in_the_queue(self):
        """Z06 Z25: the caller never left the queue, and is listed again."""
        self.agent_ana.status = "online"
        self.as_user(self.ana).pick_up(self.call.uuid)
        self.run_after_commit()
        self.tell_leg(self.call, PHONE_LEG, "no-answer", 2)
        [row] = self.as_user(self.ana).queued_calls()
        self.assertEqual(row["uuid"], self.call.uuid)
        self.assertEqual((self.call.state, self.agent_ana.state), ("queued", "available"))

    def test_rule_that_forbids_the_phone_gives_the_caller_back(self):
        """Z06: the rules about numbers apply to a phone that rings for a picked-up caller."""
        self.agent_ana.status = "online"
        self.as_user(self.ana).pick_up(self.call.uuid)
        self.company_a.telephony_country_policy = "listed"
        self.company_a.telephony_country_ids = self.env.ref("base.fr")
        self.run_after_commit()
        self.assertFalse(self.provider.sent("call_phone"))
        self.assertFalse(self.call.user_id)
        [left] = self.notified(self.ana, "call_left")
        self.assertIn("does not allow calls to Belgium", left["message"])

    def test_offline_user_goes_online_with_the_call(self):
        """Z25 Z26: one click goes online and answers; no other caller is offered first."""
        other = self.call_in_number(2)
        self.queue.agent_ids |= self.agent_ana
        calls = self.as_user(self.ana)
        with self.assertRaisesRegex(UserError, "You are offline"):
            calls.pick_up(other.uuid)
        self.assertTrue(calls.pick_up(other.uuid, go_online=True)["accepted"])
        self.assertEqual((self.agent_ana.status, other.user_id), ("online", self.ana))
        self.assertFalse(
            self.call.offer_ids.filtered(lambda offer: offer.agent_id == self.agent_ana)
        )
        with self.assertRaisesRegex(UserError, "already in a call"):
            calls.pick_up(self.call.uuid, go_online=True)

    def test_offline_user_who_comes_too_late_stays_offline(self):
        """Z26: going online is a part of the answer, and not done without it."""
        self.go_online(self.agent_cleo)
        self.as_user(self.cleo).pick_up(self.call.uuid)
        answer = self.as_user(self.ana).pick_up(self.call.uuid, go_online=True)
        self.assertEqual(answer["message"], "This call was already answered by Cleo.")
        self.assertEqual(self.agent_ana.status, "offline")

    def test_offline_user_in_a_call_cannot_pick_up(self):
        """Z26: going online does not get around the rule that the user is in no call."""
        self.occupy(self.ana)
        with self.assertRaisesRegex(UserError, "already in a call"):
            self.as_user(self.ana).pick_up(self.call.uuid, go_online=True)
        self.assertFalse(self.call.user_id)


@tagged("post_install", "-at_install")
class TestPhoneSound(PhoneStories):
    def talk_on_phone(self):
        call = self.dial(self.ana)
        self.run_after_commit()
        self.ask_phone(call, "1")
        self.run_after_commit()
        customer = self.customer(call)
        self.tell_leg(call, customer.provider_leg_id, "in-progress", 2, leg=customer)
        self.assertEqual(call._get_phase().name, "talking")
        return call

    def test_mute_is_one_request_for_the_own_leg(self):
        """Z18: the customer no longer hears the custom phone; the page shows it."""
        call = self.talk_on_phone()
        for muted in (True, False):
            data = self.as_user(self.ana).set_mute(call.uuid, muted)
            self.assertEqual(data["muted"], muted)
            # A page that is loaded again shows the same.
            snapshot = self.as_user(self.ana, "telephony.agent").softphone_snapshot()
            self.assertEqual([one["muted"] for one in snapshot["calls"]], [muted])
            self.run_after_commit()
            [_room, leg, sent, _coach] = self.provider.sent("set_participant_sound")[-1]
            self.assertEqual((leg, sent), (PHONE_LEG, muted))
            self.assertEqual(self.phone_leg(call).provider_muted, muted)

    def test_repeated_click_sends_nothing(self):
        call = self.talk_on_phone()
        self.as_user(self.ana).set_mute(call.uuid, True)
        self.as_user(self.ana).set_mute(call.uuid, True)
        self.run_after_commit()
        self.assertEqual(len(self.provider.sent("set_participant_sound")), 1)

    def test_refused_mute_is_not_shown(self):
        """Z18: the page never shows a mute that the provider has refused."""
        call = self.talk_on_phone()
        self.provider.failures["set_participant_sound"] = [ProviderError("no", "number_invalid")]
        self.as_user(self.ana).set_mute(call.uuid, True)
        with self.assert_log("models.call.telephony_call", "WARNING", "failed"):
            self.run_after_commit()
        self.assertFalse(self.notified(self.ana, "call_updated")[-1]["muted"])

    def test_keys_reach_the_customer_only(self):
        """Z18: the keys are announced to the customer's leg, and stand in no address."""
        call = self.talk_on_phone()
        self.as_user(self.ana).send_keys(call.uuid, "12#")
        [[room, leg, url]] = self.provider.sent("announce_to")
        self.assertEqual((bool(room), leg), (True, self.customer(call).provider_leg_id))
        token = parse_qs(urlsplit(url).query)["keys"][0]
        self.assertNotIn("12#", token)
        [play] = self.ask("keys", {"CallSid": leg}, {"call": call.uuid, "keys": token})
        self.assertEqual((play.tag, play.get("digits")), ("Play", "12#"))

    def test_forged_and_old_keys_are_not_sent(self):
        call = self.talk_on_phone()
        self.as_user(self.ana).send_keys(call.uuid, "1")
        [[_room, leg, url]] = self.provider.sent("announce_to")
        token = parse_qs(urlsplit(url).query)["keys"][0]
        with patch("time.time", return_value=time.time() + 60):
            self.assertEqual(call._get_keys(token), [])
        for forged in ("", "12#", token[:-4] + "AAA=", "é"):
            self.assertFalse(
                self.ask("keys", {"CallSid": leg}, {"call": call.uuid, "keys": forged})
            )

    def test_only_the_user_on_a_custom_phone(self):
        """Z18: neither a colleague nor a user in the browser mutes or sends keys."""
        call = self.talk_on_phone()
        for user in (self.bob, self.sue, self.max):
            with self.assertRaises(AccessError):
                self.as_user(user).set_mute(call.uuid, True)
            with self.assertRaises(AccessError):
                self.as_user(user).send_keys(call.uuid, "1")
        for keys in ("", "12 34", "1w2", "１", "1" * 33):
            with self.assertRaises(UserError):
                self.as_user(self.ana).send_keys(call.uuid, keys)
        self.as_user(self.ana).hang_up(call.uuid)
        with self.assertRaisesRegex(UserError, "Your phone is not connected"):
            self.tell_leg(call, PHONE_LEG, "completed", 5)
            self.as_user(self.ana).set_mute(call.uuid, True)
        self.assertFalse(self.provider.sent("announce_to"))
