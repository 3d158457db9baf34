"""Caller IDs: permission, verification and choice; and the rules about destinations."""

from unittest.mock import patch

from werkzeug.datastructures import MultiDict

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.models import gate
from odoo.addons.crm_telephony.providers.base import ProviderError
from odoo.addons.crm_telephony.providers.twilio.doors import get_names

from ..common import CUSTOMER, TelephonyHttpCase, leg_sid

MOBILE = "+32471222333"
CODE_LEG = leg_sid(900)


class CallerIdWorld(TelephonyHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent_ana.allow_caller_id = True
        cls.CallerId = cls.env["telephony.caller.id"]

    def setUp(self):
        super().setUp()
        self.provider.answers["start_verification"] = ("123456", CODE_LEG)

    def verify(self, number=MOBILE, user=None, **kwargs):
        answer = self.as_user(user or self.ana, "telephony.caller.id").start_verification(
            number, "My mobile", **kwargs
        )
        return self.CallerId.browse(answer["id"]), answer

    def make(self, number=MOBILE, agent=None, state="verified", **values):
        return self.CallerId.create(
            {
                "name": number,
                "number": number,
                "account_id": self.account.id,
                "agent_id": (agent or self.agent_ana).id,
                "state": state,
                **values,
            }
        )

    def tell(self, status=None, **params):
        response = self.post_webhook(
            "caller_id",
            {
                "CallSid": CODE_LEG,
                "To": MOBILE,
                **({"VerificationStatus": status} if status else {}),
                **params,
            },
        )
        self.assertEqual(response.status_code, 200)


@tagged("post_install", "-at_install")
class TestVerification(CallerIdWorld):
    def test_reports_and_questions_wait_for_each_other(self):
        """The webhook of a verification and the question of a page change one row."""
        record = self.make(state="calling", provider_leg_id=CODE_LEG)
        with patch.object(gate, "enter") as enter:
            gate.enter_with(record)
        names = get_names("caller_id", MultiDict(), MultiDict({"CallSid": CODE_LEG}))
        keys = gate.find_keys(self.env.cr, account_id=self.account.id, **names)
        self.assertEqual({key for key, _id in keys}, {gate.NAME})
        self.assertEqual(gate.find_keys(self.env.cr, **enter.call_args.kwargs), keys)

    def test_another_try_waits_for_the_report_of_the_one_before(self):
        """They change one row; nothing has been requested from the provider yet."""
        self.verify()
        waits = []

        def wait(records):
            waits.append((records.provider_leg_id, len(self.provider.requests)))

        module = "odoo.addons.crm_telephony.models.account.telephony_caller_id"
        with patch(f"{module}.enter_with", wait):
            sent = len(self.provider.requests)
            self.verify()
        self.assertEqual(waits, [(CODE_LEG, sent)])

    def test_only_with_permission(self):
        """Z08 Z10: no user can add caller IDs until the administrator allows it."""
        self.assertFalse(self.agent_bob.allow_caller_id)
        with self.assertRaisesRegex(AccessError, "not allowed to add caller IDs"):
            self.verify(user=self.bob)
        self.assertFalse(self.provider.requests)

    def test_code_is_shown_and_kept_nowhere(self):
        """Z11: only the answer to the owner contains the code; no record or message stores it."""
        record, answer = self.verify(extension="12", delay=5)
        self.assertEqual((answer["code"], record.state), ("123456", "calling"))
        [args] = self.provider.sent("start_verification")
        self.assertEqual(args[:4], [MOBILE, "My mobile", "12", 5])
        self.env.flush_all()
        self.env.cr.execute("SELECT to_jsonb(t)::text FROM telephony_caller_id t")
        self.assertFalse([row for (row,) in self.env.cr.fetchall() if "123456" in row])
        self.assertNotIn("123456", str(self.notifications))

    def test_page_follows_to_the_end(self):
        """Z11: the page shows the code, then the verification, as the bus reports it."""
        record, _answer = self.verify()
        self.tell(CallStatus="in-progress")
        self.assertEqual(record.state, "waiting")
        self.tell("success", OutgoingCallerIdSid="PN" + "5" * 32)
        self.assertEqual((record.state, record.provider_caller_id), ("verified", "PN" + "5" * 32))
        states = [payload["state"] for payload in self.notified(self.ana, "caller_id_updated")]
        self.assertEqual(states, ["calling", "waiting", "verified"])

    def test_failures_in_words(self):
        """Z11: a wrong code and an unanswered call are reported differently."""
        record, _answer = self.verify()
        self.tell("failed", CallStatus="completed")
        self.assertEqual((record.state, record.failure), ("failed", "code"))
        self.assertIn("not entered correctly", record._to_client()[0]["message"])
        self.verify()
        self.tell("failed", CallStatus="no-answer")
        self.assertEqual((record.state, record.failure), ("failed", "no_answer"))
        self.assertIn("No one answered", record._to_client()[0]["message"])

    def test_verified_is_never_lost_to_a_late_message(self):
        """Z12: a verified caller ID stays verified, whatever arrives late or twice."""
        record, _answer = self.verify()
        self.tell("success")
        self.tell("failed", CallStatus="completed")
        self.tell(CallStatus="in-progress")
        self.assertEqual(record.state, "verified")

    def test_expired_after_five_minutes(self):
        """Z11: a verification expires when the code is not typed."""
        record, _answer = self.verify()
        self.provider.legs[CODE_LEG] = {"CallStatus": "in-progress"}
        for minutes, state in ((4, "waiting"), (2, "expired")):
            self.let_time_pass(60 * minutes)
            self.as_user(self.ana, "telephony.caller.id").check_verification(record.id)
            self.run_after_commit()
            self.assertEqual(record.state, state)

    def test_verified_in_the_last_second_though_the_message_was_lost_is_not_expired(self):
        """Expiry is confirmed with Twilio, and not derived from the clock alone."""
        record, _answer = self.verify()
        self.provider.answers["find_caller_id"] = "PN" + "6" * 32
        self.let_time_pass(400)
        self.as_user(self.ana, "telephony.caller.id").check_verification(record.id)
        self.run_after_commit()
        self.assertEqual(record.state, "verified")

    def test_lost_message_is_asked_for(self):
        """Z11: when Twilio's message is lost, the page asks and Twilio confirms."""
        record, _answer = self.verify()
        self.provider.answers["find_caller_id"] = "PN" + "6" * 32
        self.as_user(self.ana, "telephony.caller.id").check_verification(record.id)
        self.run_after_commit()
        self.assertEqual(record.state, "verified")

    def verified_already(self):
        """Make Twilio answer that the number is verified already."""
        self.provider.failures["start_verification"] = [ProviderError("known", "already_verified")]

    def test_owner_has_a_removed_number_back_without_a_code(self):
        """Z12: error 21450 counts as success for the user who typed the code before."""
        record = self.make()
        self.as_user(self.ana, "telephony.caller.id").remove(record.id)
        self.verified_already()
        again, answer = self.verify()
        self.assertEqual(
            (again, answer["code"], record.state, record.active), (record, False, "verified", True)
        )

    def test_number_verified_by_a_colleague_cannot_be_claimed(self):
        """Error 21450 does not verify a caller ID: it does not show who typed the code."""
        self.make(agent=self.agent_bob)
        for state in (None, "failed", "expired", "lost"):
            with self.subTest(state), self.env.cr.savepoint() as savepoint:
                if state:
                    self.make(state=state)
                self.env.flush_all()
                self.verified_already()
                with self.assertRaisesRegex(UserError, "not by you"):
                    self.verify()
                savepoint.rollback()
                self.env.invalidate_all()
        self.assertFalse(self.agent_ana._get_caller_ids())

    def test_number_verified_elsewhere_is_the_administrators_decision(self):
        """An administrator can add a verified number, also for everyone."""
        self.env["telephony.agent"].create(
            {
                "user_id": self.max.id,
                "company_id": self.company_a.id,
                "allow_caller_id": True,
            }
        )
        self.make(agent=self.agent_bob)
        self.env.flush_all()
        self.verified_already()
        record, answer = self.verify(user=self.max, shared=True)
        self.assertEqual(
            (answer["code"], record.state, record.agent_id.id), (False, "verified", False)
        )
        self.assertIn(record, self.agent_ana._get_caller_ids())

    def test_number_a_colleague_has_verified_meanwhile_is_not_mine(self):
        """A caller ID that exists at Twilio does not prove who verified it."""
        record, _answer = self.verify()
        self.make(agent=self.agent_bob)
        self.provider.answers["find_caller_id"] = "PN" + "6" * 32
        self.as_user(self.ana, "telephony.caller.id").check_verification(record.id)
        self.run_after_commit()
        self.assertEqual((record.state, record.failure), ("failed", "other"))
        self.assertIn("by another user", record._to_client()[0]["message"])

    def test_number_is_verified_by_one_at_a_time(self):
        """Two users cannot verify the same number at the same time."""
        self.agent_bob.allow_caller_id = True
        record, _answer = self.verify()
        with self.assertRaisesRegex(UserError, "Another user is verifying"):
            self.verify(user=self.bob)
        record.state = "expired"
        self.verify(user=self.bob)

    def test_odd_values_are_made_harmless_before_the_telephone_rings(self):
        """A verification call counts although a later error rolls the request back."""
        record, _answer = self.verify(delay=10**9, extension="1x" + "2" * 99)
        self.assertLess((record.expires_at - fields.Datetime.now()).total_seconds(), 400)
        caller_ids = self.as_user(self.ana, "telephony.caller.id")
        answer = caller_ids.start_verification("+32471222334", "a\nb\x0b" + "c" * 99)
        [first, second] = self.provider.sent("start_verification")
        self.assertEqual((first[2], first[3]), ("1" + "2" * 31, 60))
        self.assertEqual(second[1], "ab" + "c" * 62)
        self.assertEqual(self.CallerId.browse(answer["id"]).name, second[1])
        for name, delay in (("a\0b", 0), ("a", 10**12), ("a", "soon"), ("a", float("inf"))):
            with self.subTest(name=name, delay=delay), self.assertRaises(UserError):
                caller_ids.start_verification("+32471222335", name, None, delay)
        self.assertEqual(len(self.provider.sent("start_verification")), 2)

    def test_verifications_of_a_user_are_limited(self):
        """A user can have only a limited number of phone numbers called for verification."""
        with self.assertRaisesRegex(UserError, "10 verification calls"):
            for index in range(40):
                self.verify(f"+3247122{index:04d}")
        self.assertEqual(len(self.provider.sent("start_verification")), 10)

    def test_forbidden_destinations_are_not_called_for_a_code(self):
        """The rules about destinations apply to verification calls."""
        self.company_a.telephony_country_policy = "own"
        with self.assertRaisesRegex(UserError, "does not allow calls to Somalia"):
            self.verify("+252612345678")
        self.assertFalse(self.provider.requests)

    def test_hotlines_may_be_caller_ids(self):
        """Finding D2: a hotline may be a caller ID, even where it must not be called."""
        self.company_a.telephony_allow_shared_cost = False
        for number in ("+864001234567", "+491801234567", "+448451234567", "+33826123456"):
            with self.subTest(number):
                self.assertEqual(self.verify(number)[0].state, "calling")

    def test_three_attempts_an_hour(self):
        """Z11: a number is called three times an hour at most."""
        for _attempt in range(3):
            self.verify()
        with self.assertRaisesRegex(UserError, "3 times"):
            self.verify()
        self.assertEqual(len(self.provider.sent("start_verification")), 3)

    def test_numbers_that_cannot_be_caller_ids(self):
        """Z10 Z12: emergency, premium, national and own numbers are refused."""
        for number, text in (
            ("112", "Emergency"),
            ("0471 22 23 33", "country code"),
            ("+32", "country code"),
            ("", "country code"),
            ("+32 903 12 345", "cannot be used as a caller ID"),
            (self.number.number, "belongs to your company"),
        ):
            with self.subTest(number=number), self.assertRaisesRegex(UserError, text):
                self.verify(number)
        self.assertFalse(self.provider.requests)

    def test_others_caller_ids_are_untouchable(self):
        """Z12: another user's verification cannot be followed, changed or removed."""
        record, _answer = self.verify()
        self.agent_bob.allow_caller_id = True
        for user in (self.bob, self.eva, self.sue):
            for method in ("check_verification", "remove"):
                with self.assertRaises(AccessError):
                    getattr(self.as_user(user, "telephony.caller.id"), method)(record.id)
        self.assertFalse(self.as_user(self.bob, "telephony.caller.id").search([]))
        with self.assertRaises(AccessError):
            self.as_user(self.ana, "telephony.caller.id").browse(record.id).state = "verified"

    def test_shared_ones_are_the_administrators(self):
        """Z12: only an administrator adds a caller ID for all users."""
        with self.assertRaises(AccessError):
            self.verify(shared=True)


@tagged("post_install", "-at_install")
class TestChoice(CallerIdWorld):
    def test_one_is_used_silently(self):
        """Z09 Z13: a single caller ID is used without asking."""
        record = self.make()
        call = self.dial(self.ana)
        self.assertEqual((call.caller_id_id, call.from_number), (record, MOBILE))
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        [[_room, values]] = self.provider.sent("add_participant")
        self.assertEqual(values["from"], MOBILE)

    def test_several_must_be_chosen_from(self):
        """Z13: with several, the user chooses for each call; the last one is preselected."""
        first, second = self.make(), self.make("+32471222444")
        with self.assertRaisesRegex(UserError, "Choose the caller ID"):
            self.dial(self.ana)
        call = self.dial(self.ana, caller_id_id=second.id)
        self.assertEqual(call.from_number, second.number)
        self.as_user(self.ana).hang_up(call.uuid)
        choices = self.as_user(self.ana, "telephony.caller.id").get_choices(CUSTOMER)
        self.assertEqual({choice["id"] for choice in choices["choices"]}, {first.id, second.id})
        self.assertEqual(choices["preselected_id"], second.id)

    def add_number(self, number="+3225550777", **values):
        added = self.number.copy({"number": number, "name": "Hotline", **values})
        self.agent_ana.number_ids |= added
        return added

    def end(self, call):
        self.as_user(self.ana).hang_up(call.uuid)
        return call

    def test_company_number_can_be_chosen_instead(self):
        """Z13, F06: there is a way back to the company's number; the log says what was shown."""
        record, other = self.make(), self.add_number()
        call = self.end(self.dial(self.ana, number_id=other.id))
        self.assertEqual(
            (call.number_id, call.from_number, call.caller_id_id), (other, other.number, record[:0])
        )
        self.assertEqual(call.shown_as, "+32 2 555 07 77")
        shown = self.end(self.dial(self.ana, "+32470999111"))
        self.assertEqual((shown.caller_id_id, shown.shown_as), (record, "+32 471 22 23 33"))
        incoming, _verbs = self.call_in()
        self.assertFalse(incoming.shown_as)

    def test_choice_is_remembered_for_the_customer(self):
        """F06: the next call to the same customer shows what was chosen; other calls do not."""
        record, other = self.make(), self.add_number()
        self.end(self.dial(self.ana))
        self.end(self.dial(self.ana, number_id=other.id))
        choices = self.as_user(self.ana, "telephony.caller.id").get_choices(CUSTOMER)
        self.assertEqual(
            (choices["preselected_id"], choices["preselected_number_id"]), (False, other.id)
        )
        self.assertEqual({one["id"] for one in choices["numbers"]}, {self.number.id, other.id})
        again = self.end(self.dial(self.ana))
        self.assertEqual(again.from_number, other.number)
        self.assertEqual(self.end(self.dial(self.ana, "+32470999111")).from_number, MOBILE)
        self.assertEqual(self.end(self.dial(self.ana, caller_id_id=record.id)).from_number, MOBILE)
        self.assertEqual(self.dial(self.ana).from_number, MOBILE)

    def test_a_remembered_number_that_is_not_mine_any_more(self):
        """F06: what was chosen once is checked at every use."""
        other = self.add_number()
        self.end(self.dial(self.ana, number_id=other.id))
        get_choices = self.as_user(self.ana, "telephony.caller.id").get_choices
        for loss in (
            lambda: other.write({"active": False}),
            lambda: other.write({"has_voice": False}),
            lambda: self.agent_ana.write({"number_ids": [Command.unlink(other.id)]}),
        ):
            with self.subTest(loss), self.env.cr.savepoint() as savepoint:
                loss()
                choices = get_choices(CUSTOMER)
                self.assertEqual(choices["preselected_number_id"], self.number.id)
                self.assertEqual(self.dial(self.ana).from_number, self.number.number)
                savepoint.rollback()

    def test_a_remembered_caller_id_that_is_not_mine_any_more(self):
        """F06: a caller ID that was revoked, lost, removed, or given away is not shown again."""
        record = self.make()
        self.end(self.dial(self.ana, caller_id_id=record.id))
        get_choices = self.as_user(self.ana, "telephony.caller.id").get_choices
        self.assertEqual(get_choices(CUSTOMER)["preselected_id"], record.id)
        for loss in (
            lambda: self.agent_ana.write({"allow_caller_id": False}),
            lambda: record.write({"state": "lost"}),
            lambda: record.write({"active": False}),
            lambda: record.write({"agent_id": self.agent_bob.id}),
        ):
            with self.subTest(loss), self.env.cr.savepoint() as savepoint:
                loss()
                choices = get_choices(CUSTOMER)
                self.assertEqual(
                    (choices["preselected_id"], choices["preselected_number_id"]),
                    (False, self.number.id),
                )
                self.assertEqual(self.dial(self.ana).from_number, self.number.number)
                savepoint.rollback()

    def test_others_choices_are_not_mine(self):
        other = self.add_number()
        self.end(self.dial(self.ana, number_id=other.id))
        self.agent_bob.number_ids |= other
        self.assertEqual(self.dial(self.bob).from_number, self.number.number)

    def test_number_of_others_cannot_be_chosen(self):
        """Z12: neither a number of another company nor one that is not assigned is shown."""
        foreign = self.add_number()
        self.agent_ana.number_ids -= foreign
        for number_id in (foreign.id, self.number_b.id, 999999):
            with self.subTest(number_id), self.assertRaisesRegex(UserError, "not assigned to you"):
                self.dial(self.ana, number_id=number_id)

    def test_preference_for_the_company_number(self):
        """The preference has an effect: customers see the number although a caller ID exists."""
        self.make()
        self.make("+32471222444")
        agents = self.as_user(self.ana, "telephony.agent")
        data = agents.save_preferences({"default_number_id": self.number.id})
        self.assertTrue(data["shows_number"])
        self.assertEqual(self.end(self.dial(self.ana)).from_number, self.number.number)
        choices = self.as_user(self.ana, "telephony.caller.id").get_choices("+32470999111")
        self.assertEqual(choices["preselected_number_id"], self.number.id)
        agents.save_preferences({"shows_number": False})
        with self.assertRaisesRegex(UserError, "Choose the caller ID"):
            self.dial(self.ana)

    def test_forged_choices_are_refused(self):
        """Z12: the server refuses unverified, lost, foreign and archived caller IDs."""
        self.agent_bob.allow_caller_id = True
        forged = [
            self.make("+32471000001", state="waiting"),
            self.make("+32471000002", state="lost"),
            self.make("+32471000003", agent=self.agent_bob),
            self.make("+32471000004", active=False),
        ]
        for record in forged:
            with self.subTest(number=record.number), self.assertRaisesRegex(UserError, "cannot"):
                self.dial(self.ana, caller_id_id=record.id)
        with self.assertRaisesRegex(UserError, "cannot"):
            self.dial(self.ana, caller_id_id=999999)

    def test_permission_withdrawn(self):
        """Z08: without permission a caller ID is hidden and unusable; the history keeps it."""
        record = self.make()
        self.as_user(self.ana).hang_up(self.dial(self.ana).uuid)
        self.agent_ana.allow_caller_id = False
        snapshot = self.as_user(self.ana, "telephony.agent").softphone_snapshot()
        self.assertEqual((snapshot["caller_ids"], snapshot["my_caller_ids"]), ([], []))
        with self.assertRaisesRegex(UserError, "cannot"):
            self.dial(self.ana, caller_id_id=record.id)
        calls = self.env["telephony.call"].search([("caller_id_id", "=", record.id)])
        self.assertEqual(calls.mapped("from_number"), [MOBILE])

    def test_caller_ids_of_a_user_are_announced_to_the_page(self):
        """An administrator renames, takes away or shares a caller ID, and the page is open."""
        mine = self.make()
        shared = self.make("+32471222444", agent=self.agent_ana.browse())
        self.agent_bob.allow_caller_id = False
        for record in (mine, shared):
            for act in (
                lambda record: record.write({"name": "Renamed"}),
                lambda record: record.write({"active": False}),
                lambda record: record.write({"active": True}),
                lambda record: record._set_state("lost"),
                lambda record: record.write({"agent_id": self.agent_bob.id}),
                lambda record: record.write({"agent_id": False}),
                lambda record: record.unlink(),
            ):
                with self.subTest(record.number):
                    self.notifications.clear()
                    act(record)
                    self.assertTrue(
                        self.notified(self.ana, "rights_changed")
                        or self.notified(self.ana, "caller_id_updated")
                    )
                    self.assertFalse(self.notified(self.max, "rights_changed"))
                    self.assertFalse(self.notified(self.cleo, "rights_changed"))
        record = self.make()
        self.notifications.clear()
        record.write({"provider_caller_id": "PN1"})
        self.assertFalse(self.notified(self.ana, "rights_changed"), "no page shows this")

    def test_removed_at_twilio(self):
        """Z12: this refusal marks a caller ID as lost; no other number replaces it."""
        record = self.make()
        self.provider.failures["add_participant"] = [ProviderError("unknown", "caller_id_unknown")]
        call = self.dial(self.ana)
        self.connect_browser(call, self.agent_ana)
        with self.assert_log("models.call.telephony_call_outgoing", "WARNING", "caller_id_unknown"):
            self.run_after_commit()
        self.assertEqual((record.state, call.state), ("lost", "ended"))
        self.assertIn("no longer verified", call.failure_reason)


@tagged("post_install", "-at_install")
class TestRules(CallerIdWorld):
    def test_emergency_numbers(self):
        """Z16: emergency numbers are refused, with advice what to do instead."""
        for number in ("112", "911", "100"):
            with self.subTest(number=number), self.assertRaisesRegex(UserError, "Emergency"):
                self.dial(self.ana, number)

    def test_premium_numbers(self):
        """Z16: premium numbers are refused, unless the company allows them."""
        with self.assertRaisesRegex(UserError, "premium"):
            self.dial(self.ana, "+32 903 12 345")
        self.company_a.telephony_block_premium = False
        self.assertEqual(self.dial(self.ana, "+32 903 12 345").customer_number, "+3290312345")

    def test_countries(self):
        """Z16: only the countries that the company allows can be called."""
        self.company_a.write(
            {
                "telephony_country_policy": "listed",
                "telephony_country_ids": [Command.set(self.belgium.ids)],
            }
        )
        with self.assertRaisesRegex(UserError, "France"):
            self.dial(self.ana, "+33 6 12 34 56 78")
        self.assertTrue(self.dial(self.ana))

    def test_burst(self):
        """Z16: more calls in an hour than the company allows are refused as suspected fraud."""
        self.company_a.telephony_calls_per_hour = 2
        for _call in range(2):
            self.as_user(self.ana).hang_up(self.dial(self.ana).uuid)
        with self.assertRaisesRegex(UserError, "limit of 2 calls per hour"):
            self.dial(self.ana)

    def test_administrator_needs_a_reason_which_is_kept(self):
        """Z16: an administrator can override a rule with a reason, which is kept."""
        self.env["telephony.agent"].create(
            {
                "user_id": self.max.id,
                "company_id": self.company_a.id,
                "number_ids": [Command.set(self.number.ids)],
            }
        )
        with self.assertRaisesRegex(UserError, "if you enter a reason"):
            self.dial(self.max, "+32 903 12 345")
        call = self.dial(self.max, "+32 903 12 345", override_reason="The customer's hotline")
        self.assertEqual(call.override_reason, "The customer's hotline")
        with self.assertRaisesRegex(UserError, "premium"):
            self.dial(self.ana, "+32 903 12 345", override_reason="I want to")
