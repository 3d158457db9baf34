"""Blind transfers to a colleague, a queue or a number, and their return to the sender."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import ProviderError

from ..common import AGENT_LEG, CALLER_LEG, QUEUE, TelephonyHttpCase, leg_sid

OUTSIDE = "+32475998877"
BOB_LEG = leg_sid(60)
PHONE_LEG = leg_sid(1001)


class TransferStories(TelephonyHttpCase):
    """Ana talks with a customer, Bob and Cleo are available."""

    def begin(self):
        self.go_online(self.agent_cleo)
        return self.talk()

    def transfer(self, call, mode="blind", target=None, user=None):
        target = target or {"type": "agent", "id": self.agent_bob.id}
        data = self.as_user(user or self.ana).transfer(call.uuid, target, mode)
        self.run_after_commit()
        self.env.invalidate_all()
        return data

    def rpc(self, user, method, call):
        result = getattr(self.as_user(user), method)(call.uuid)
        self.run_after_commit()
        self.env.invalidate_all()
        return result

    def last(self, user, kind):
        return self.notified(user, kind)[-1]

    def arrive(self, call, user, agent, sid=BOB_LEG):
        """Answer as a colleague, and bring the customer in."""
        self.assertTrue(self.rpc(user, "accept", call)["accepted"])
        self.connect_browser(call, agent, sid=sid)
        self.run_after_commit()
        verbs = self.ask("join", {"CallSid": CALLER_LEG}, {"call": call.uuid})
        self.env.invalidate_all()
        return verbs

    def agent_leg(self, call):
        return call.leg_ids.filtered(lambda leg: leg.provider_leg_id == AGENT_LEG)


@tagged("post_install", "-at_install")
class TestBlind(TransferStories):
    def test_the_agent_is_released_at_once_and_the_colleague_rings(self):
        """A blind transfer rings at the colleague and frees the agent."""
        call = self.begin()
        call.note = "Wants a refund."
        data = self.transfer(call)
        self.assertTrue(data["has_left"])
        self.assertEqual(data["message"], "The call was transferred to Bob.")
        self.assertEqual((call.state, call.user_id), ("ringing", self.env["res.users"]))
        self.assertIn([AGENT_LEG], self.provider.sent("end_leg"))
        [customer, url] = self.provider.sent("redirect_leg")[-1]
        self.assertEqual(customer, CALLER_LEG)
        self.assertIn(f"/step?call={call.uuid}", url)
        self.assertEqual(self.agent_ana.state, "available")
        self.assertIn("transferred to Bob", self.last(self.ana, "call_left")["message"])
        offer = self.last(self.bob, "offer_made")
        self.assertEqual(
            offer["transfer"], {"kind": "blind", "name": "Ana", "note": "Wants a refund."}
        )
        self.assertEqual(offer["call"]["record"]["id"], self.lead.id)
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        self.assertAlmostEqual(self.hear_whole_ringing(call), 20, delta=2)

    def test_accepting_makes_it_the_colleagues_call(self):
        """The call keeps note and record, and names both users."""
        call = self.begin()
        self.transfer(call)
        self.step(call)
        self.wait(call)
        [dial] = self.arrive(call, self.bob, self.agent_bob)
        self.assertEqual((dial.tag, dial[0].text), ("Dial", call.uuid))
        self.assertEqual((call.state, call.user_id), ("in_progress", self.bob))
        self.assertEqual(call.transfer_ids.state, "done")
        self.assertIn(
            [QUEUE, CALLER_LEG], [args[:2] for args in self.provider.sent("move_from_queue")]
        )
        data = self.last(self.bob, "call_updated")
        self.assertIn("Ana 0:0", data["transfer_path"])
        self.assertTrue(data["transfer_path"].endswith("→ Bob"))
        # The late end of the released leg has no effect any more.
        self.tell_leg(call, AGENT_LEG, "completed")
        self.assertEqual((call.state, call.user_id), ("in_progress", self.bob))
        self.rpc(self.bob, "hang_up", call)
        self.assertEqual((call.state, call.outcome), ("ended", "answered"))
        self.assertIn("Ana", str(call.message_id.body))
        self.assertIn("Bob", str(call.message_id.body))

    def test_who_hands_over_documents_the_own_part(self):
        """Z27: note, result and follow-up of two agents of a call do not overwrite each other."""
        call = self.begin()
        self.as_user(self.ana).save_note(call.uuid, "Wants a refund.")
        part = self.transfer(call)["part"]
        self.assertTrue(self.last(self.ana, "call_left")["part"]["is_part"])
        self.assertEqual((part["state"], part["note"]), ("ended", "Wants a refund."))
        self.assertEqual(part["user"]["id"], self.ana.id)
        self.assertEqual(part["end_message"], "The call was transferred to Bob.")
        self.step(call)
        self.arrive(call, self.bob, self.agent_bob)
        interested = self.env.ref("crm_telephony.disposition_interested")
        wrong = self.env.ref("crm_telephony.disposition_wrong_number")
        self.as_user(self.bob).save_note(call.uuid, "Refunded.")
        ana = self.as_user(self.ana)
        answer = ana.wrap_up(
            call.uuid, {"note": "Was angry.", "disposition_id": wrong.id, "done": True}
        )
        self.assertEqual((answer["note"], answer["is_part"]), ("Was angry.", True))
        self.assertEqual(answer["disposition"]["id"], wrong.id)
        self.assertEqual(answer["agent"]["id"], self.agent_ana.id)
        ana.schedule_follow_up(call.uuid, "task", {"date": "2030-03-14", "summary": "Apologize"})
        self.assertEqual(self.lead.activity_ids.summary, "Apologize")
        self.rpc(self.bob, "hang_up", call)
        self.as_user(self.bob).wrap_up(call.uuid, {"disposition_id": interested.id})
        self.assertEqual((call.note, call.disposition_id), ("Refunded.", interested))
        [transfer] = call.transfer_ids
        self.assertEqual((transfer.note, transfer.disposition_id), ("Was angry.", wrong))
        for text in ("Refunded.", "Was angry.", wrong.name, interested.name):
            self.assertIn(text, str(call.message_id.body))
        ana.save_note(call.uuid, "Was very angry.")
        self.assertIn("Was very angry.", str(call.message_id.body))
        self.assertEqual(call.note, "Refunded.")

    def test_who_hands_over_changes_nothing_of_the_next_agent(self):
        """Z28: the own part includes neither the link of the call nor its control."""
        call = self.begin()
        self.transfer(call)
        self.step(call)
        self.arrive(call, self.bob, self.agent_bob)
        ana = self.as_user(self.ana)
        with self.assertRaisesRegex(AccessError, "last phone user"):
            ana.link_record(call.uuid, "res.partner", self.partner.id)
        for method, *args in (("set_hold", True), ("transfer_targets",), ("cancel_transfer",)):
            with self.assertRaises(AccessError):
                getattr(ana, method)(call.uuid, *args)
        for user in (self.cleo, self.sue, self.eva):
            with self.assertRaises(AccessError):
                self.as_user(user).wrap_up(call.uuid, {"note": "Mine!"})

    def test_returned_call_has_one_note_again(self):
        """Z27: a call that returns to its sender is the sender's own call again."""
        call = self.begin()
        self.transfer(call)
        self.as_user(self.ana).save_note(call.uuid, "Bob will know.")
        self.rpc(self.bob, "decline", call)
        self.step(call)
        self.arrive(call, self.ana, self.agent_ana, sid=leg_sid(61))
        self.assertEqual(call.user_id, self.ana)
        self.as_user(self.ana).save_note(call.uuid, "Bob is away.")
        self.assertEqual(call.note, "Bob is away.")
        self.assertEqual(call.transfer_ids.note, "Bob will know.")

    def test_full_queue_while_the_colleague_connects_keeps_the_colleague(self):
        """Phases: a transfer that a colleague has accepted does not fail in Twilio's full queue."""
        call = self.begin()
        self.transfer(call)
        self.rpc(self.bob, "accept", call)
        *_sounds, redirect = self.step(call, QueueResult="queue-full")
        self.assertEqual((redirect.tag, call.user_id), ("Redirect", self.bob))
        self.assertEqual(call.transfer_ids.state, "ringing")
        self.connect_browser(call, self.agent_bob, sid=BOB_LEG)
        [dial] = self.ask(redirect.text, {"CallSid": CALLER_LEG})
        self.assertEqual(dial.tag, "Dial")
        self.assertEqual((call.state, call.transfer_ids.state), ("in_progress", "done"))

    def test_full_queue_while_it_rings_fails_the_transfer(self):
        """Phases: a customer who cannot wait takes the exit for no available agent."""
        call = self.begin()
        self.transfer(call)
        [say, _hang_up] = self.step(call, QueueResult="queue-full")
        self.assertEqual(say.text, "We are closed.")
        self.assertEqual(call.transfer_ids.state, "lost")
        self.assertEqual(set(call.offer_ids.mapped("state")) - {"accepted"}, {"withdrawn"})

    def test_unanswered_comes_back(self):
        """An unanswered transfer returns to the sender."""
        call = self.begin()
        self.transfer(call)
        self.step(call)
        self.wait(call)
        self.let_time_pass(21)
        self.assertAlmostEqual(self.hear_whole_ringing(call), 20, delta=2)
        offer = self.last(self.ana, "offer_made")
        self.assertEqual(offer["transfer"]["kind"], "returned")
        self.assertEqual(offer["transfer"]["name"], "Bob")
        self.arrive(call, self.ana, self.agent_ana, sid=leg_sid(61))
        self.assertEqual((call.state, call.user_id), ("in_progress", self.ana))
        self.assertEqual(call.transfer_ids.state, "returned")
        self.assertFalse(self.last(self.ana, "call_updated")["transfer_path"])

    def test_declined_comes_back_at_once(self):
        """A declined transfer returns at once."""
        call = self.begin()
        self.transfer(call)
        self.step(call)
        self.rpc(self.bob, "decline", call)
        self.assertEqual(self.last(self.ana, "offer_made")["transfer"]["kind"], "returned")
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])

    def test_nobody_left_takes_the_flows_exit(self):
        """A declined transfer of an offline sender continues in the flow."""
        call = self.begin()
        self.transfer(call)
        self.step(call)
        self.wait(call)
        self.agent_ana._set_status("offline")
        self.rpc(self.bob, "decline", call)
        self.assertTrue(self.provider.sent("move_from_queue"))
        [say, _hang_up] = self.step(call)
        self.assertEqual(say.text, "We are closed.")
        self.assertEqual(call.transfer_ids.state, "lost")
        self.assertIn("Neither Bob nor Ana", call.timeline)

    def test_declined_twice_takes_the_flows_exit(self):
        """A transfer returns only once."""
        call = self.begin()
        self.transfer(call)
        self.step(call)
        self.rpc(self.bob, "decline", call)
        self.rpc(self.ana, "decline", call)
        [say, _hang_up] = self.step(call)
        self.assertEqual(say.text, "We are closed.")

    def test_a_colleague_who_accepts_and_does_not_come(self):
        """A transfer that was accepted but never connected returns."""
        call = self.begin()
        self.transfer(call)
        self.step(call)
        self.rpc(self.bob, "accept", call)
        self.let_time_pass(16)
        self.wait(call)
        self.assertEqual(self.last(self.ana, "offer_made")["transfer"]["kind"], "returned")

    def test_the_customer_hangs_up_while_it_rings(self):
        """A customer who hangs up ends the transfer; the call stays answered."""
        call = self.begin()
        self.transfer(call)
        self.tell_leg(call, CALLER_LEG, "completed", CallDuration="20")
        self.assertEqual((call.state, call.outcome), ("ended", "answered"))
        self.assertEqual(self.last(self.bob, "offer_closed")["reason"], "canceled")
        self.assertEqual(call.transfer_ids.state, "canceled")
        self.assertEqual(self.agent_bob.state, "available")

    def test_a_call_on_hold_is_transferred(self):
        """A transfer from hold ends the hold."""
        call = self.begin()
        self.tell_room(call, CALLER_LEG, "participant-hold", 9)
        self.transfer(call)
        self.assertFalse(self.customer(call).on_hold)
        self.step(call)
        self.wait(call)
        self.arrive(call, self.bob, self.agent_bob)
        self.tell_room(call, CALLER_LEG, "participant-hold", 3, ConferenceSid="CF" + "9" * 32)
        self.assertTrue(self.customer(call).on_hold)

    def test_an_outgoing_call_is_transferred_too(self):
        """Outgoing calls can be transferred, too."""
        self.go_online(self.agent_ana, self.agent_bob)
        call = self.dial(self.ana)
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        self.tell_leg(call, leg_sid(1001), "in-progress", 2, leg=self.customer(call))
        self.transfer(call)
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        self.wait(call, CallSid=leg_sid(1001))
        self.arrive(call, self.bob, self.agent_bob)
        self.assertEqual((call.state, call.user_id), ("in_progress", self.bob))

    def test_to_a_colleague_with_a_custom_phone(self):
        """Z06: a custom phone rings, and names the sender."""
        self.agent_bob.write({"call_via": "phone", "phone_number": "+32470111222"})
        call = self.begin()
        self.transfer(call)
        self.step(call)
        self.wait(call)
        leg = call.leg_ids.filtered("offer_id").filtered(lambda leg: leg.user_id == self.bob)[-1:]
        query = {"call": call.uuid, "leg": leg.id}
        [gather, _hang_up] = self.ask("agent_phone", {"CallSid": leg.provider_leg_id}, query)
        self.assertIn("Ana is transferring a call", gather[0].text)
        [dial] = self.ask("agent_phone", {"CallSid": leg.provider_leg_id, "Digits": "1"}, query)
        self.assertEqual(dial.tag, "Dial")
        self.run_after_commit()
        self.ask("join", {"CallSid": CALLER_LEG}, {"call": call.uuid})
        self.assertEqual((call.state, call.user_id, call.via), ("in_progress", self.bob, "phone"))

    def test_the_recording_pauses_while_nobody_has_the_customer(self):
        """Waiting is not recorded; the next conversation is."""
        call = self.begin()
        self.assertFalse(call._is_interrupted())
        self.transfer(call)
        self.assertTrue(call._is_interrupted())
        self.step(call)
        self.wait(call)
        self.arrive(call, self.bob, self.agent_bob)
        self.assertFalse(call._is_interrupted())

    def test_live_list_shows_what_goes_on(self):
        """Z22: a call in transfer stays on the list of conversations."""
        call = self.begin()
        self.transfer(call)
        [row] = self.as_user(self.cleo).live_calls()
        self.assertEqual((row["list"], row["phase"]), ("conversation", "transferring"))
        self.assertEqual(row["transfer"], {"mode": "blind", "state": "ringing", "name": "Bob"})
        self.step(call)
        self.wait(call)
        self.rpc(self.bob, "accept", call)
        [row] = self.as_user(self.cleo).live_calls()
        self.assertEqual((row["list"], row["phase"]), ("conversation", "claimed"))


@tagged("post_install", "-at_install")
class TestBlindElsewhere(TransferStories):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.queue = cls.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": cls.company_a.id,
                "agent_ids": [Command.set(cls.agent_bob.ids)],
                "max_wait": 60,
            }
        )

    def to_queue(self):
        return {"type": "queue", "id": self.queue.id}

    def to_number(self):
        return {"type": "number", "number": "0475 99 88 77"}

    def guest(self, call):
        return call.leg_ids.filtered(lambda leg: leg.number == OUTSIDE)

    def test_to_a_queue(self):
        """Z24: the customer waits in the queue, with the original time of arrival."""
        call = self.begin()
        self.transfer(call, target=self.to_queue())
        self.assertEqual((call.state, call.queue_id), ("queued", self.queue))
        self.assertEqual(self.last(self.bob, "offer_made")["transfer"]["kind"], "blind")
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        self.assertEqual(self.wait(call)[0].tag, "Play")
        self.arrive(call, self.bob, self.agent_bob)
        self.assertEqual((call.state, call.user_id), ("in_progress", self.bob))
        self.assertEqual(call.transfer_ids.state, "done")

    def test_to_a_queue_whose_longest_wait_is_over(self):
        """A transfer to a queue that is not answered returns to the sender."""
        call = self.begin()
        self.transfer(call, target=self.to_queue())
        self.step(call)
        self.agent_bob._set_status("offline")
        self.let_time_pass(21)
        call.queued_at = "2026-01-01 00:00:00"
        [leave] = self.wait(call)
        self.assertEqual(leave.tag, "Leave")
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        self.assertEqual(self.last(self.ana, "offer_made")["transfer"]["kind"], "returned")
        self.assertEqual(call.state, "ringing")

    def test_an_empty_queue_is_refused(self):
        """A queue without available members cannot be chosen."""
        call = self.begin()
        self.agent_bob._set_status("offline")
        with self.assertRaisesRegex(UserError, "No one is available"):
            self.transfer(call, target=self.to_queue())
        self.assertEqual((call.state, call.user_id), ("in_progress", self.ana))

    def test_to_a_number(self):
        """An outside number is called from our number, and gets the customer."""
        call = self.begin()
        self.transfer(call, target=self.to_number())
        [values] = self.provider.sent("call_phone")[-1]
        self.assertEqual((values["to"], values["from"]), (OUTSIDE, self.number.number))
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        self.assertGreater(self.heard_seconds(self.wait(call)), 20)
        leg = self.guest(call)
        [dial] = self.ask(
            "agent_phone", {"CallSid": leg.provider_leg_id}, {"call": call.uuid, "leg": leg.id}
        )
        self.assertEqual((dial.tag, dial[0].text), ("Dial", call.uuid))
        self.run_after_commit()
        [dial] = self.ask("join", {"CallSid": CALLER_LEG}, {"call": call.uuid})
        self.assertEqual(dial.tag, "Dial")
        self.assertEqual((call.state, call.user_id), ("in_progress", self.env["res.users"]))
        self.assertEqual(call.transfer_ids.state, "done")
        self.tell_leg(call, leg.provider_leg_id, "completed", 4, leg=leg, CallDuration="9")
        self.run_after_commit()
        self.assertEqual((call.state, call.outcome), ("ended", "answered"))
        self.assertIn([CALLER_LEG], self.provider.sent("end_leg"))
        body = str(call.message_id.body)
        self.assertIn("Ana", body)
        self.assertIn("+32 475 99 88 77", body)

    def test_a_number_that_does_not_answer_comes_back(self):
        """A transfer to a number that fails returns to the sender."""
        for status in ("busy", "no-answer", "failed"):
            with self.subTest(status=status), self.env.cr.savepoint() as savepoint:
                call = self.begin()
                self.transfer(call, target=self.to_number())
                self.step(call)
                leg = self.guest(call)
                self.tell_leg(call, leg.provider_leg_id, status, 3, leg=leg)
                self.assertEqual(self.last(self.ana, "offer_made")["transfer"]["kind"], "returned")
                self.assertEqual(self.names(self.step(call)), ["Enqueue"])
                self.tell_leg(call, leg.provider_leg_id, status, 3, leg=leg)
                self.assertEqual(len(call._get_open_offers()), 1)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_number_whose_events_are_lost_comes_back(self):
        """The wait document ends an unanswered transfer."""
        call = self.begin()
        self.transfer(call, target=self.to_number())
        self.step(call)
        self.wait(call)
        call.transfer_ids.expires_at = "2026-01-01 00:00:00"
        self.wait(call)
        self.run_after_commit()
        self.assertEqual(self.last(self.ana, "offer_made")["transfer"]["kind"], "returned")
        self.assertIn([self.guest(call).provider_leg_id], self.provider.sent("end_leg"))

    def test_the_provider_refuses_to_call_the_number(self):
        """A refused request returns the call at once."""
        call = self.begin()
        self.provider.failures["call_phone"] = [ProviderError("no", "number_invalid")]
        with self.assert_log("models.call.telephony_call_outgoing", "WARNING", "was not called"):
            self.transfer(call, target=self.to_number())
        self.assertEqual(self.last(self.ana, "offer_made")["transfer"]["kind"], "returned")


@tagged("post_install", "-at_install")
class TestTargets(TransferStories):
    def test_who_can_answer_comes_first_and_others_say_why(self):
        """Available colleagues come first, then queues, then others with the reason."""
        queue = self.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": self.company_a.id,
                "agent_ids": [Command.set(self.agent_bob.ids)],
            }
        )
        call = self.begin()
        self.agent_cleo._set_status("offline")
        (self.sue | self.max).telephony_agent_ids.active = False
        lines = self.as_user(self.ana).transfer_targets(call.uuid)
        self.assertEqual(
            [(line["type"], line["name"]) for line in lines],
            [("agent", "Bob"), ("queue", "Support"), ("agent", "Cleo")],
        )
        self.assertEqual([line["reason"] for line in lines], [False, False, "Cleo is offline."])
        self.assertEqual(lines[1]["waiting"], 0)
        self.assertEqual(queue.id, lines[1]["id"])
        names = [line["name"] for line in self.as_user(self.ana).transfer_targets(call.uuid, "cl")]
        self.assertEqual(names, ["Cleo"])

    def test_a_typed_number_is_checked_as_one_that_is_dialed(self):
        """Numbers are checked by the same rules as in a call."""
        call = self.begin()
        for typed in ("0475 99 88 77", "٠٤٧٥ ٩٩ ٨٨ ٧٧", "\u200e+32475998877"):
            with self.subTest(typed):
                [line] = self.as_user(self.ana).transfer_targets(call.uuid, typed)
                self.assertEqual((line["type"], line["name"]), ("number", "+32 475 99 88 77"))
                self.assertFalse(line["reason"])
        [line] = self.as_user(self.ana).transfer_targets(call.uuid, "112")
        self.assertIn("Emergency", line["reason"])
        [line] = self.as_user(self.ana).transfer_targets(call.uuid, "1234")
        self.assertIn("cannot be called", line["reason"])

    def test_contacts_are_found_by_name(self):
        """Numbers of contacts are offered only if the user may read the contact."""
        call = self.begin()
        [line] = self.as_user(self.ana).transfer_targets(call.uuid, "Zoe Pee")
        self.assertEqual((line["type"], line["name"]), ("number", "Zoe Peeters"))

    def test_refusals_are_sentences_and_change_nothing(self):
        """Wrong targets, wrong modes and foreign calls are refused."""
        call = self.begin()
        agent = {"type": "agent", "id": self.agent_cleo.id}
        self.agent_cleo._set_status("offline")
        for target, words in (
            (agent, "is offline"),
            ({"type": "agent", "id": self.agent_ana.id}, "yourself"),
            ({"type": "agent", "id": self.agent_eva.id}, "Choose"),
            ({"type": "agent", "id": "1"}, "not valid"),
            ({"type": "thing", "id": 1}, "Choose"),
            ({"type": "number", "number": "112"}, "Emergency"),
            ({"type": "number", "number": self.number.number}, "your own company"),
            ({"type": "queue"}, "Choose"),
        ):
            with self.subTest(target=target), self.assertRaisesRegex(UserError, words):
                self.transfer(call, target=target)
        with self.assertRaisesRegex(UserError, "Invalid transfer mode"):
            self.transfer(call, mode="magic")
        with self.assertRaises(AccessError):
            self.transfer(call, user=self.bob)
        for method in (
            "complete_transfer",
            "cancel_transfer",
            "merge_transfer",
            "check_transfer",
            "transfer_targets",
        ):
            with self.subTest(method=method), self.assertRaises(AccessError):
                self.rpc(self.bob, method, call)
        self.assertEqual((call.state, call.user_id), ("in_progress", self.ana))
        self.assertFalse(call.transfer_ids)

    def test_only_a_conversation_can_be_transferred(self):
        """A ringing call cannot be transferred."""
        self.go_online(self.agent_ana, self.agent_bob)
        call = self.dial(self.ana)
        with self.assertRaisesRegex(UserError, "a call in progress"):
            self.transfer(call)

    def test_a_forbidden_destination_needs_the_administrators_reason(self):
        """The rules of the company apply to transfers."""
        call = self.begin()
        self.company_a.write(
            {
                "telephony_country_policy": "listed",
                "telephony_country_ids": [Command.set(self.france.ids)],
            }
        )
        target = {"type": "number", "number": OUTSIDE}
        with self.assertRaisesRegex(UserError, "does not allow calls"):
            self.transfer(call, target=target)
