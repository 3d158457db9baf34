"""Consultation during a conversation, and three-way calls."""

from itertools import permutations

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import file_path

from odoo.addons.crm_telephony.providers.base import ProviderError

from ..common import AGENT_LEG, CALLER_LEG, ROOM, leg_sid
from .test_transfer import BOB_LEG, OUTSIDE, TransferStories


class ConsultStories(TransferStories):
    def begin(self):
        call = super().begin()
        self.tell_room(call, AGENT_LEG, "participant-join", 1)
        self.tell_room(call, CALLER_LEG, "participant-join", 2)
        return call

    def ask_bob(self, mode="warm"):
        """Consult Bob as Ana, and connect him."""
        call = self.begin()
        self.transfer(call, mode)
        self.rpc(self.bob, "accept", call)
        self.connect_browser(call, self.agent_bob, sid=BOB_LEG)
        self.tell_room(call, BOB_LEG, "participant-join", 5)
        self.run_after_commit()
        self.env.invalidate_all()
        return call

    def ask_number(self, mode="warm", answered=True):
        call = self.begin()
        self.transfer(call, mode, {"type": "number", "number": OUTSIDE})
        leg = self.guest(call)
        if answered:
            self.tell_leg(call, leg.provider_leg_id, "in-progress", 2, leg=leg)
        return call, leg

    def guest(self, call):
        return call.leg_ids.filtered(lambda leg: leg.number == OUTSIDE)

    def bob_leg(self, call):
        return call.leg_ids.filtered(lambda leg: leg.provider_leg_id == BOB_LEG)

    def holds(self):
        """Return the hold requests about the customer, in order."""
        return [args[2] for args in self.provider.sent("hold_participant")]


@tagged("post_install", "-at_install")
class TestWarm(ConsultStories):
    def test_the_customer_hears_music_and_the_colleague_is_asked(self):
        """The customer is held first; then the colleague gets an offer marked as consultation."""
        call = self.begin()
        call.note = "Wants a refund."
        data = self.transfer(call, "warm")
        self.assertEqual(self.holds(), [True])
        self.assertEqual((call.state, call.user_id), ("in_progress", self.ana))
        self.assertEqual(
            (data["transfer"]["state"], data["transfer"]["target"]), ("ringing", "Bob")
        )
        self.assertTrue(data["transfer"]["is_mine"])
        offer = self.last(self.bob, "offer_made")
        self.assertEqual(
            offer["transfer"], {"kind": "warm", "name": "Ana", "note": "Wants a refund."}
        )
        self.assertEqual(self.agent_bob.state, "ringing")

    def test_the_colleague_joins_as_consulted(self):
        """The colleague is in the conference without the customer, and busy for all others."""
        call = self.ask_bob()
        leg = self.bob_leg(call)
        self.assertEqual((leg.role, leg.label), ("consulted", "consulted-1"))
        self.assertEqual((call.user_id, call.transfer_ids.state), (self.ana, "talking"))
        self.assertEqual(self.agent_bob.state, "in_call")
        data = self.last(self.bob, "call_updated")
        self.assertEqual((data["role"], data["agent_connected"]), ("consulted", True))
        self.assertEqual(self.last(self.ana, "call_updated")["role"], "agent")
        snapshot = self.as_user(self.bob, "telephony.agent").softphone_snapshot()
        self.assertEqual([c["uuid"] for c in snapshot["calls"]], [call.uuid])
        with self.assertRaisesRegex(UserError, "already in a call"):
            self.agent_bob._reserve()
        # Accepting again, as after a lost answer, changes nothing.
        self.assertTrue(self.rpc(self.bob, "accept", call)["accepted"])
        self.assertEqual(len(call.leg_ids), 3)

    def test_complete(self):
        """The agent leaves, the customer comes off hold, the colleague has the call."""
        call = self.ask_bob()
        data = self.rpc(self.ana, "complete_transfer", call)
        self.assertTrue(data["has_left"])
        self.assertEqual((call.state, call.user_id), ("in_progress", self.bob))
        self.assertEqual(self.bob_leg(call).role, "agent")
        self.assertEqual(self.holds(), [True, False])
        self.assertIn([AGENT_LEG], self.provider.sent("end_leg"))
        self.assertEqual(self.agent_ana.state, "available")
        self.assertEqual(self.agent_bob.state, "in_call")
        self.tell_leg(call, AGENT_LEG, "completed")
        self.run_after_commit()
        self.assertEqual((call.state, call.user_id), ("in_progress", self.bob))
        self.assertFalse(self.provider.sent("redirect_leg"))
        data = self.last(self.bob, "call_updated")
        self.assertEqual((data["role"], data["transfer"]), ("agent", False))
        self.assertTrue(data["transfer_path"].endswith("→ Bob"))
        self.as_user(self.bob).save_note(call.uuid, "Refund promised.")
        self.rpc(self.bob, "hang_up", call)
        self.assertEqual((call.state, call.outcome), ("ended", "answered"))

    def test_complete_before_the_answer_is_a_transfer_at_once(self):
        """The transfer goes on ringing at the colleague; unanswered, it comes back."""
        call = self.begin()
        self.transfer(call, "warm")
        self.rpc(self.ana, "complete_transfer", call)
        self.assertEqual((call.state, call.user_id), ("ringing", self.env["res.users"]))
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        self.wait(call)
        self.arrive(call, self.bob, self.agent_bob)
        self.assertEqual((call.state, call.user_id), ("in_progress", self.bob))
        self.assertEqual(call.transfer_ids.state, "done")

    def test_merge(self):
        """The customer comes off hold, all three talk, and the agent may still leave."""
        call = self.ask_bob()
        self.rpc(self.ana, "merge_transfer", call)
        self.assertEqual(self.holds(), [True, False])
        self.assertEqual(call.transfer_ids.state, "conference")
        [row] = self.as_user(self.cleo).live_calls()
        self.assertEqual(row["transfer"]["state"], "conference")
        self.rpc(self.ana, "merge_transfer", call)
        self.assertEqual(self.holds(), [True, False])
        self.rpc(self.ana, "complete_transfer", call)
        self.assertEqual(self.holds(), [True, False])
        self.assertEqual(call.user_id, self.bob)

    def test_merging_needs_somebody(self):
        """A three-way call needs the colleague's answer; until then the customer stays on hold."""
        call = self.begin()
        self.transfer(call, "warm")
        with self.assertRaisesRegex(UserError, "has not answered yet"):
            self.rpc(self.ana, "merge_transfer", call)
        with self.assertRaisesRegex(UserError, "on hold during your consultation"):
            self.as_user(self.ana).set_hold(call.uuid, False)
        with self.assertRaisesRegex(UserError, "already in progress"):
            self.transfer(call, "warm", {"type": "agent", "id": self.agent_cleo.id})
        with self.assertRaisesRegex(UserError, "cannot consult a queue"):
            self.rpc(self.ana, "cancel_transfer", call)
            queue = self.env["telephony.queue"].create(
                {
                    "name": "Support",
                    "company_id": self.company_a.id,
                    "agent_ids": [Command.set(self.agent_bob.ids)],
                }
            )
            self.transfer(call, "warm", {"type": "queue", "id": queue.id})

    def test_cancel(self):
        """The colleague's leg ends, and the customer is back."""
        call = self.ask_bob()
        data = self.rpc(self.ana, "cancel_transfer", call)
        self.assertFalse(data["transfer"])
        self.assertEqual(self.holds(), [True, False])
        self.assertIn([BOB_LEG], self.provider.sent("end_leg"))
        self.assertEqual(self.agent_bob.state, "available")
        self.assertIn("returned to the customer", self.last(self.bob, "call_left")["message"])
        self.tell_leg(call, BOB_LEG, "completed")
        self.assertEqual((call.state, call.user_id), ("in_progress", self.ana))
        self.assertEqual(call.transfer_ids.state, "canceled")

    def test_cancel_while_it_rings(self):
        """The ringing stops."""
        call = self.begin()
        self.transfer(call, "warm")
        self.rpc(self.ana, "cancel_transfer", call)
        self.assertEqual(self.holds(), [True, False])
        self.assertEqual(call.offer_ids[:1].state, "withdrawn")
        self.assertEqual(self.last(self.bob, "offer_closed")["uuid"], call.uuid)
        answer = self.rpc(self.bob, "accept", call)
        self.assertFalse(answer["accepted"])
        self.assertIn("no longer ringing for you", answer["message"])
        self.assertEqual(call.user_id, self.ana)

    def test_the_colleague_hangs_up(self):
        """The agent is back with the customer automatically, and is notified."""
        for method in ("hang_up", "decline"):
            with self.subTest(method=method), self.env.cr.savepoint() as savepoint:
                call = self.ask_bob()
                self.rpc(self.bob, method, call)
                self.assertEqual(self.holds()[-2:], [True, False])
                self.assertEqual(call.transfer_ids.state, "left")
                self.assertIn("Bob has hung up", self.last(self.ana, "transfer_ended")["message"])
                self.assertEqual((call.state, call.user_id), ("in_progress", self.ana))
                self.assertEqual(self.agent_bob.state, "available")
                savepoint.rollback()
                self.env.invalidate_all()

    def test_the_colleagues_leg_ends_in_every_order(self):
        """Late, repeated or unordered webhooks bring the agent back to the customer once."""
        call = self.ask_bob()
        events = [
            lambda: self.tell_leg(call, BOB_LEG, "completed", CallDuration="5"),
            lambda: self.tell_leg(call, BOB_LEG, "in-progress"),
            lambda: self.tell_room(call, BOB_LEG, "participant-leave", 6),
            lambda: self.tell_leg(call, BOB_LEG, "completed", CallDuration="5"),
        ]
        for order in permutations(events):
            with self.env.cr.savepoint() as savepoint:
                del self.provider.requests[:]
                for event in order:
                    event()
                self.run_after_commit()
                self.assertEqual(self.holds(), [False])
                self.assertEqual(call.transfer_ids.state, "left")
                self.assertEqual((call.state, call.user_id), ("in_progress", self.ana))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_the_colleague_declines(self):
        """The agent is back with the customer at once."""
        call = self.begin()
        self.transfer(call, "warm")
        self.rpc(self.bob, "decline", call)
        self.assertEqual(self.holds(), [True, False])
        self.assertIn("Bob did not answer", self.last(self.ana, "transfer_ended")["message"])
        self.assertEqual(call.transfer_ids.state, "failed")

    def test_the_colleague_does_not_answer(self):
        """Each of the three timers brings the agent back to the customer."""
        clocks = {
            "page": lambda call: self.rpc(self.ana, "check_transfer", call),
            "music": lambda call: self.ask(
                "wait",
                {"CallSid": CALLER_LEG},
                {
                    "call": call.uuid,
                    "hold": 1,
                },
            ),
            "cron": lambda call: call._reconcile(call._ask_provider({})),
        }
        for name, look in clocks.items():
            with self.subTest(clock=name), self.env.cr.savepoint() as savepoint:
                self.provider.legs = {
                    sid: {"CallStatus": "in-progress"} for sid in (CALLER_LEG, AGENT_LEG)
                }
                call = self.begin()
                self.transfer(call, "warm")
                look(call)
                self.assertEqual(call.transfer_ids.state, "ringing")
                call.offer_ids.expires_at = "2026-01-01 00:00:00"
                look(call)
                self.run_after_commit()
                self.assertEqual(call.transfer_ids.state, "failed")
                self.assertEqual(self.holds()[-1], False)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_the_music_of_the_hold_is_short_while_somebody_is_asked(self):
        """The end of the music is the moment to check deadlines; without them it has no end."""
        call = self.begin()
        query = {"call": call.uuid, "hold": 1}
        [play] = self.ask("wait", {"CallSid": CALLER_LEG}, query)
        self.assertEqual(play.get("loop"), "0")
        self.transfer(call, "warm")
        [play, redirect] = self.ask("wait", {"CallSid": CALLER_LEG}, query)
        self.assertIn("/hold_music/", play.text)
        self.assertIn(f"call={call.uuid}", redirect.text)

    def test_the_colleague_accepts_and_does_not_come(self):
        """The agent is back with the customer."""
        call = self.begin()
        self.transfer(call, "warm")
        self.rpc(self.bob, "accept", call)
        self.assertEqual(call.transfer_ids.state, "joining")
        with self.assertRaisesRegex(UserError, "is connecting"):
            self.rpc(self.ana, "complete_transfer", call)
        call.transfer_ids.expires_at = "2026-01-01 00:00:00"
        self.rpc(self.ana, "check_transfer", call)
        self.assertEqual(call.transfer_ids.state, "failed")
        self.assertEqual(self.agent_bob.state, "available")

    def test_the_customer_hangs_up(self):
        """The call ends for both, and both are notified."""
        call = self.ask_bob()
        self.tell_leg(call, CALLER_LEG, "completed", CallDuration="30")
        self.run_after_commit()
        self.assertEqual(
            (call.state, call.outcome, call.ended_by), ("ended", "answered", "customer")
        )
        self.assertIn([BOB_LEG], self.provider.sent("end_leg"))
        self.assertEqual(self.last(self.ana, "call_updated")["state"], "ended")
        self.assertEqual(self.last(self.bob, "call_left")["message"], "The call has ended.")
        self.assertEqual((self.agent_ana.state, self.agent_bob.state), ("available", "available"))

    def test_who_leaves_a_three_way_call_documents_the_own_part(self):
        """Z27: a colleague who was added and left has a note and a result of the own part."""
        call = self.ask_bob()
        call.note = "Wants a refund."
        self.rpc(self.ana, "merge_transfer", call)
        part = self.rpc(self.bob, "hang_up", call)["part"]
        self.assertEqual((call.state, call.user_id), ("in_progress", self.ana))
        self.assertEqual((part["state"], part["is_part"]), ("ended", True))
        self.assertEqual((part["note"], part["user"]["id"]), ("", self.bob.id))
        self.assertEqual(part["end_message"], "You left the three-way call.")
        self.assertEqual(self.last(self.bob, "call_left")["part"]["user"]["id"], self.bob.id)
        wrong = self.env.ref("crm_telephony.disposition_wrong_number")
        bob = self.as_user(self.bob)
        bob.wrap_up(call.uuid, {"note": "Explained the terms.", "disposition_id": wrong.id})
        self.assertEqual((call.note, call.disposition_id.id), ("Wants a refund.", False))
        self.rpc(self.ana, "hang_up", call)
        for text in ("Wants a refund.", f"Bob · {wrong.name} · Explained the terms."):
            self.assertIn(text, str(call.message_id.body))
        # The own part is opened again, from the list of recent calls and from the call's form.
        [row] = bob.recent_calls()["calls"]
        self.assertEqual((row["part"]["note"], row["note"]), ("Explained the terms.", call.note))
        self.assertEqual(bob.get_part(call.uuid)["end_message"], "The call has ended.")
        self.assertTrue(bob.browse(call.id).has_own_part)
        self.assertEqual(bob.browse(call.id).timeline_ids[:1].call_id.id, call.id)
        [row] = self.as_user(self.ana).recent_calls()["calls"]
        self.assertFalse(row["part"] or self.as_user(self.ana).browse(call.id).has_own_part)
        with self.assertRaises(AccessError):
            bob.wrap_up(call.uuid, {"purpose_id": False})
        with self.assertRaises(AccessError):
            self.as_user(self.cleo).get_part(call.uuid)
        call._anonymize()
        self.assertFalse(call.transfer_ids.note)

    def test_upgrade_extends_the_rules_once_and_keeps_those_of_users(self):
        """The rules of version 19.0.1.5.0 become those of a new database."""
        path = file_path("crm_telephony/migrations/19.0.1.6.0/post-three_way.py")
        script = load_script(path, "post-three_way")
        names = {"telephony_call_rule_own": "", "telephony_call_timeline_rule_own": "call_id."}
        rules = {self.env.ref(f"crm_telephony.{name}"): names[name] for name in names}
        new = {rule: "".join(rule.domain_force.split()) for rule in rules}
        for rule, prefix in rules.items():
            rule.domain_force = script.OLD_RULE.format(prefix)
        for _run in range(2):
            script.migrate(self.env.cr, "19.0.1.5.0")
            for rule, domain in new.items():
                self.assertEqual("".join(rule.domain_force.split()), domain)
        for rule in rules:
            rule.domain_force = "[('id', '!=', 0)]"
        script.migrate(self.env.cr, "19.0.1.5.0")
        self.assertEqual({rule.domain_force for rule in rules}, {"[('id', '!=', 0)]"})

    def test_only_a_three_way_call_leaves_a_part(self):
        """A colleague who was only consulted has not talked with the customer."""
        call = self.ask_bob()
        self.assertFalse(self.rpc(self.bob, "hang_up", call)["part"])
        with self.assertRaises(AccessError):
            self.as_user(self.bob).get_part(call.uuid)
        self.assertNotIn(call, self.as_user(self.bob).search([("is_mine", "=", True)]))

    def test_the_end_for_all_three_leaves_a_part(self):
        """The added colleague documents the call whichever of the three ends it."""
        call = self.ask_bob()
        self.rpc(self.ana, "merge_transfer", call)
        self.rpc(self.ana, "hang_up", call)
        part = self.last(self.bob, "call_left")["part"]
        self.assertEqual(part["end_message"], "The call has ended.")
        self.assertEqual(self.as_user(self.bob).get_part(call.uuid)["user"]["id"], self.bob.id)

    def test_the_agent_hangs_up_for_all(self):
        """The button ends the call for all three, as it says."""
        call = self.ask_bob()
        self.rpc(self.ana, "hang_up", call)
        self.assertEqual((call.state, call.ended_by), ("ended", "agent"))
        for sid in (CALLER_LEG, BOB_LEG, AGENT_LEG):
            self.assertIn([sid], self.provider.sent("end_leg"))

    def test_the_agents_browser_vanishes_and_comes_back(self):
        """The colleague waits, the customer hears music; after the reload all continues."""
        call = self.ask_bob()
        self.tell_leg(call, AGENT_LEG, "completed")
        self.run_after_commit()
        self.assertFalse(self.provider.sent("redirect_leg"))
        told = self.last(self.ana, "call_updated")
        self.assertEqual((told["phase"], told["agent_connected"]), ("consulting", False))
        [dial] = self.connect_browser(call, self.agent_ana, sid=leg_sid(70))
        self.assertEqual(dial.tag, "Dial")
        self.let_time_pass(40)
        self.rpc(self.ana, "check_transfer", call)
        self.assertEqual((call.user_id, call.transfer_ids.state), (self.ana, "talking"))

    def test_the_agents_browser_vanishes_for_good(self):
        """The customer is not lost: the colleague gets the call."""
        call = self.ask_bob()
        self.tell_leg(call, AGENT_LEG, "completed")
        self.let_time_pass(31)
        self.ask("wait", {"CallSid": CALLER_LEG}, {"call": call.uuid, "hold": 1})
        self.run_after_commit()
        self.env.invalidate_all()
        self.assertEqual((call.state, call.user_id), ("in_progress", self.bob))
        self.assertEqual(self.holds(), [True, False])

    def test_the_agents_browser_vanishes_while_it_rings(self):
        """The consultation is withdrawn; the customer waits as after any lost connection."""
        call = self.begin()
        self.transfer(call, "warm")
        self.tell_leg(call, AGENT_LEG, "completed")
        self.run_after_commit()
        self.assertEqual(call.transfer_ids.state, "canceled")
        self.assertEqual(len(self.provider.sent("redirect_leg")), 1)
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])

    def test_only_the_colleague_who_was_asked_may_enter(self):
        """Entering requires an identity and a claim, as for every browser."""
        call = self.ask_bob()
        [hang_up] = self.connect_browser(call, self.agent_cleo, sid=leg_sid(77))
        self.assertEqual(hang_up.tag, "Hangup")
        self.rpc(self.ana, "cancel_transfer", call)
        [hang_up] = self.connect_browser(call, self.agent_bob, sid=leg_sid(78))
        self.assertEqual(hang_up.tag, "Hangup")

    def test_a_colleague_with_a_custom_phone(self):
        """Z06: a consultation on a custom phone needs the key; without it, it is unanswered."""
        self.agent_bob.write({"call_via": "phone", "phone_number": "+32470111222"})
        for key in ("1", ""):
            with self.subTest(key=key), self.env.cr.savepoint() as savepoint:
                call = self.begin()
                self.transfer(call, "warm")
                leg = call.leg_ids.filtered(lambda leg: leg.role == "consulted")
                sid, query = leg.provider_leg_id, {"call": call.uuid, "leg": leg.id}
                [gather, _rest] = self.ask("agent_phone", {"CallSid": sid}, query)
                self.assertIn("Ana is transferring a call", gather[0].text)
                if key:
                    [dial] = self.ask("agent_phone", {"CallSid": sid, "Digits": key}, query)
                    self.assertEqual(dial.tag, "Dial")
                    self.assertEqual(call.transfer_ids.state, "talking")
                    self.rpc(self.ana, "complete_transfer", call)
                    self.assertEqual((call.user_id, call.via), (self.bob, "phone"))
                else:
                    self.agent_bob.lease_ids.unlink()
                    self.tell_leg(call, sid, "completed", 4, leg=leg, CallDuration="9")
                    self.assertEqual(call.transfer_ids.state, "failed")
                savepoint.rollback()
                self.env.invalidate_all()

    def test_notices_are_in_the_language_of_their_reader(self):
        """Who ends a consultation does not choose the language of the other user's notice."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.bob.lang = "zh_CN"
        self.rpc(self.ana, "cancel_transfer", self.ask_bob())
        message = self.last(self.bob, "call_left")["message"]
        self.assertIn("Ana", message)
        self.assertNotIn("returned to the customer", message)

    def test_notice_of_a_colleague_who_leaves_is_in_the_language_of_the_agent(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.ana.lang = "zh_CN"
        self.rpc(self.bob, "hang_up", self.ask_bob())
        message = self.last(self.ana, "transfer_ended")["message"]
        self.assertIn("Bob", message)
        self.assertNotIn("You are with the customer", message)


@tagged("post_install", "-at_install")
class TestNumber(ConsultStories):
    def test_a_number_is_called_into_the_conference(self):
        """An outside number is called from our number; the conference survives its leaving."""
        call, leg = self.ask_number(answered=False)
        [room, values] = self.provider.sent("add_participant")[-1]
        self.assertEqual(room, call.uuid)
        self.assertEqual(
            (values["to"], values["from"], values["ends_conference"]),
            (OUTSIDE, self.number.number, False),
        )
        self.tell_leg(call, leg.provider_leg_id, "ringing", 1, leg=leg)
        self.assertEqual(call.transfer_ids.state, "ringing")
        self.tell_leg(call, leg.provider_leg_id, "in-progress", 2, leg=leg)
        self.assertEqual(call.transfer_ids.state, "talking")

    def test_complete_to_a_number(self):
        """The customer talks with the number; when it hangs up, the call ends."""
        call, leg = self.ask_number()
        self.rpc(self.ana, "complete_transfer", call)
        self.assertEqual((call.state, call.user_id), ("in_progress", self.env["res.users"]))
        self.assertEqual(self.agent_ana.state, "available")
        self.tell_leg(call, AGENT_LEG, "completed")
        self.assertEqual(call.state, "in_progress")
        self.tell_leg(call, leg.provider_leg_id, "completed", 3, leg=leg, CallDuration="30")
        self.run_after_commit()
        self.assertEqual((call.state, call.outcome), ("ended", "answered"))

    def test_busy_unanswered_and_unknown(self):
        """The agent is back with the customer, with the reason."""
        for status, words in (
            ("busy", "is busy"),
            ("no-answer", "did not answer"),
            ("failed", "cannot be reached"),
        ):
            with self.subTest(status=status), self.env.cr.savepoint() as savepoint:
                call, leg = self.ask_number(answered=False)
                self.tell_leg(call, leg.provider_leg_id, status, 3, leg=leg)
                self.run_after_commit()
                self.assertEqual(self.holds()[-1], False)
                self.assertIn(words, self.last(self.ana, "transfer_ended")["message"])
                savepoint.rollback()
                self.env.invalidate_all()

    def test_the_provider_refuses(self):
        """The agent is back with the customer, without a call to the number."""
        call = self.begin()
        self.provider.failures["add_participant"] = [ProviderError("no", "number_invalid")]
        self.transfer(call, "warm", {"type": "number", "number": OUTSIDE})
        self.assertEqual(call.transfer_ids.state, "failed")
        self.assertEqual(self.holds(), [True, False])

    def test_a_lost_answer_of_the_provider(self):
        """The first webhook names the leg, and the call continues."""
        call = self.begin()
        self.provider.failures["add_participant"] = [ProviderError("lost", "unknown")]
        self.transfer(call, "warm", {"type": "number", "number": OUTSIDE})
        leg = self.guest(call)
        self.assertFalse(leg.provider_leg_id)
        self.tell_leg(call, leg_sid(90), "in-progress", 2, leg=leg)
        self.assertEqual((leg.provider_leg_id, call.transfer_ids.state), (leg_sid(90), "talking"))

    def test_canceled_while_the_request_is_under_way(self):
        """A telephone that rings after the cancellation is hung up."""
        call = self.begin()
        self.as_user(self.ana).transfer(call.uuid, {"type": "number", "number": OUTSIDE}, "warm")
        requests, self.queued_requests = self.queued_requests, []
        self.as_user(self.ana).cancel_transfer(call.uuid)
        leg = self.guest(call)
        call._on_ring_done(leg.id, leg_sid(91))
        self.run_after_commit()
        self.assertIn([leg_sid(91)], self.provider.sent("end_leg"))
        self.queued_requests = requests
        self.run_after_commit()
        self.assertFalse(self.provider.sent("add_participant"))


@tagged("post_install", "-at_install")
class TestThird(ConsultStories):
    def test_nobody_is_on_hold(self):
        """A third party joins without hold, and all talk at once."""
        call = self.ask_bob("conference")
        self.assertEqual(self.holds(), [])
        self.assertEqual(call.transfer_ids.state, "conference")
        self.assertEqual(call.user_id, self.ana)

    def test_the_third_leaves_or_is_removed(self):
        """The other two continue when the third one leaves or is removed."""
        for method, user, state in (
            ("hang_up", self.bob, "left"),
            ("cancel_transfer", self.ana, "canceled"),
        ):
            with self.subTest(method=method), self.env.cr.savepoint() as savepoint:
                call = self.ask_bob("conference")
                self.rpc(user, method, call)
                self.assertEqual(call.transfer_ids.state, state)
                self.assertEqual((call.state, call.user_id), ("in_progress", self.ana))
                self.assertIn([BOB_LEG], self.provider.sent("end_leg"))
                self.assertEqual(self.holds(), [])
                savepoint.rollback()
                self.env.invalidate_all()

    def test_the_agent_leaves_the_two_others(self):
        """The transfer is completed, and the others stay."""
        call, leg = self.ask_number("conference")
        self.rpc(self.ana, "complete_transfer", call)
        self.assertEqual(call.state, "in_progress")
        self.tell_leg(call, AGENT_LEG, "completed")
        self.run_after_commit()
        self.assertFalse(self.provider.sent("redirect_leg"))
        self.tell_leg(call, CALLER_LEG, "completed", CallDuration="30")
        self.run_after_commit()
        self.assertEqual(call.state, "ended")
        self.assertIn([leg.provider_leg_id], self.provider.sent("end_leg"))

    def test_a_lost_browser_among_three(self):
        """The other two continue; if the agent does not return, the colleague has the call."""
        call = self.ask_bob("conference")
        self.tell_leg(call, AGENT_LEG, "completed")
        self.run_after_commit()
        self.assertFalse(self.provider.sent("redirect_leg"))
        self.let_time_pass(31)
        self.provider.legs = {sid: {"CallStatus": "in-progress"} for sid in (CALLER_LEG, BOB_LEG)}
        call._reconcile(call._ask_provider({}))
        self.assertEqual(call.user_id, self.bob)
        self.assertEqual(call.provider_conference_id, ROOM)
