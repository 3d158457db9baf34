"""The rules about destinations: one decision, made at the entry of a number and at each call.

Findings 1, 6, 7 and 21 of the security review.
"""

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import CallEvent

from ..common import CUSTOMER, TelephonyCase, TelephonyHttpCase, leg_sid

MOBILE = "+32470111222"
OUTSIDE = "+32475909090"
PREMIUM = "+3290312345"
# Numbers that the default rules forbid to every agent.
FORBIDDEN = (
    PREMIUM,
    "+32905123456",
    "+49900112345600",
    "+881612345678",
    "+870773111632",
    "+979123456789",
    "+447012345678",
    "+252612345678",
    "+33612345678",
    "+3278123456",
)


class DestinationWorld:
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The setting of a new company.
        cls.company_a.telephony_country_policy = "own"

    def forbid(self):
        """Change the company's rules so that Belgium cannot be called any more."""
        self.company_a.write(
            {
                "telephony_country_policy": "listed",
                "telephony_country_ids": [Command.set(self.france.ids)],
            }
        )
        self.env.flush_all()


@tagged("post_install", "-at_install")
class TestGate(DestinationWorld, TelephonyCase):
    def refusal(self, number, **kwargs):
        return self.env["telephony.call"]._get_forbidden_destination(
            self.company_a, number, **kwargs
        )

    def test_new_company_allows_its_own_country_only(self):
        company = self.env["res.company"].create(
            {
                "name": "Gamma",
                "country_id": self.france.id,
            }
        )
        calls = self.env["telephony.call"]
        self.assertFalse(calls._get_forbidden_destination(company, "+33612345678"))
        self.assertIn("Belgium", calls._get_forbidden_destination(company, CUSTOMER))

    def test_company_without_a_country_is_told_what_to_do(self):
        self.company_a.country_id = False
        self.assertIn("set the company's country", self.refusal(CUSTOMER))
        self.company_a.telephony_country_policy = "all"
        self.assertFalse(self.refusal(CUSTOMER))

    def test_listed_countries_without_any_allow_none(self):
        self.company_a.telephony_country_policy = "listed"
        self.assertIn("select the allowed countries", self.refusal(CUSTOMER))

    def test_expensive_numbers_are_refused_in_all_countries(self):
        """Numbers with extra digits, satellite and personal numbers are refused."""
        self.company_a.telephony_country_policy = "all"
        for number in FORBIDDEN[:7]:
            with self.subTest(number):
                self.assertTrue(self.refusal(number))
        self.company_a.telephony_block_premium = False
        for number in FORBIDDEN[:7]:
            with self.subTest(number):
                self.assertFalse(self.refusal(number))

    def test_satellites_belong_to_no_country(self):
        self.company_a.telephony_block_premium = False
        self.assertIn("this destination", self.refusal("+881612345678"))

    def test_unlisted_numbers_need_the_administrators_setting(self):
        self.assertIn("not in any known number range", self.refusal("+3278123456"))
        self.company_a.telephony_allow_unlisted = True
        self.assertFalse(self.refusal("+3278123456"))

    def test_hotlines_have_a_setting_of_their_own(self):
        """Finding D2: a hotline is not a premium number, but has a setting of its own."""
        self.company_a.telephony_country_policy = "all"
        for number in ("+864001234567", "+491801234567", "+448451234567", "+33826123456"):
            with self.subTest(number):
                self.company_a.telephony_allow_shared_cost = True
                self.assertFalse(self.refusal(number))
                self.company_a.telephony_allow_shared_cost = False
                self.assertIn("shared-cost", self.refusal(number))
                self.assertFalse(self.refusal(number, is_verification=True))

    def test_no_reason_opens_own_and_emergency_numbers(self):
        self.assertFalse(self.refusal(PREMIUM, reason="The supplier's only line"))
        for number in (self.number.number, "112", "", "nonsense"):
            with self.subTest(number):
                self.assertTrue(self.refusal(number, reason="The supplier's only line"))

    def test_numbers_of_another_company_are_callable(self):
        """Numbers of one company do not block those of another."""
        self.company_a.telephony_country_policy = "all"
        self.assertEqual(
            self.dial(number=self.number_b.number).customer_number, self.number_b.number
        )
        with self.assertRaisesRegex(UserError, "your own company"):
            self.dial(user=self.bob, number=self.number.number)
        self.agent_ana.allow_caller_id = True
        caller_ids = self.as_user(self.ana, "telephony.caller.id")
        self.assertEqual(caller_ids._check_number(self.number_b.number), self.number_b.number)

    def test_settings_show_what_the_company_has(self):
        settings = self.env["res.config.settings"].with_company(self.company_a).create({})
        settings.write(
            {
                "telephony_country_policy": "listed",
                "telephony_country_ids": [Command.set(self.belgium.ids)],
            }
        )
        settings.execute()
        self.assertEqual(self.company_a.telephony_country_policy, "listed")
        self.assertEqual(self.company_a.telephony_country_ids, self.belgium)


@tagged("post_install", "-at_install")
class TestConfigured(DestinationWorld, TelephonyCase):
    """The rules apply when a number is entered."""

    def test_custom_phone_follows_the_rules(self):
        """A forbidden number cannot be saved as a custom phone."""
        self.env.flush_all()
        for number in (*FORBIDDEN, self.number.number, "112"):
            for write in (
                lambda number: self.as_user(self.ana, "telephony.agent").save_preferences(
                    {"call_via": "phone", "phone_number": number, "press_to_accept": False}
                ),
                lambda number: (
                    self.as_user(self.ana, "res.users")
                    .browse(self.ana.id)
                    .write({"telephony_call_via": "phone", "telephony_phone_number": number})
                ),
                lambda number: (
                    self.as_user(self.max, "telephony.agent")
                    .browse(self.agent_ana.id)
                    .write({"phone_number": number})
                ),
            ):
                with self.subTest(number), self.assertRaises(ValidationError):
                    write(number)
        self.assertFalse(self.agent_ana.phone_number)
        self.as_user(self.ana, "telephony.agent").save_preferences(
            {"call_via": "phone", "phone_number": MOBILE}
        )
        self.assertEqual(self.agent_ana.phone_number, MOBILE)

    def test_dial_refuses_forbidden_numbers(self):
        """Dialing refuses forbidden numbers."""
        for number in FORBIDDEN:
            with self.subTest(number), self.assertRaises(UserError):
                self.dial(number=number)

    def test_forward_step_follows_the_rules(self):
        """A step forwards neither to an own number nor to a forbidden one."""
        for number in (*FORBIDDEN, self.number.number):
            with self.subTest(number), self.assertRaises(ValidationError):
                self.ring.write({"kind": "forward", "forward_number": number})

    def test_problem_of_a_forward_step_is_named(self):
        """A flow shows a number that was forbidden after it was entered."""
        self.ring.write({"kind": "forward", "forward_number": OUTSIDE})
        self.assertNotIn("cannot forward", self.flow.problem_html or "")
        self.forbid()
        self.flow.invalidate_recordset()
        self.assertIn("does not allow calls to Belgium", self.flow.problem_html)


@tagged("post_install", "-at_install")
class TestSent(DestinationWorld, TelephonyHttpCase):
    """The rules apply again when the leg is called."""

    def assertNothingCalled(self):
        for name in ("add_participant", "call_phone"):
            self.assertFalse(self.provider.sent(name))

    def test_rules_change_before_the_customer_is_called(self):
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.forbid()
        self.run_after_commit()
        self.assertNothingCalled()
        self.assertEqual(
            (call.state, call.leg_ids.filtered(lambda leg: leg.role == "customer").status),
            ("ended", "ended"),
        )
        self.assertIn("does not allow calls to Belgium", call.failure_reason)

    def test_number_is_taken_away_before_the_customer_is_called(self):
        """The assignment of a caller ID is checked again before the customer is called."""
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.agent_ana.number_ids = False
        self.run_after_commit()
        self.assertNothingCalled()
        self.assertEqual(call.state, "ended")
        self.assertIn("no longer assigned to you", call.failure_reason)

    def test_caller_id_is_taken_away_before_the_customer_is_called(self):
        self.agent_ana.allow_caller_id = True
        self.env["telephony.caller.id"].create(
            {
                "name": "Mine",
                "number": MOBILE,
                "account_id": self.account.id,
                "agent_id": self.agent_ana.id,
                "state": "verified",
            }
        )
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.agent_ana.allow_caller_id = False
        self.run_after_commit()
        self.assertNothingCalled()
        self.assertIn("caller ID is no longer available", call.failure_reason)

    def test_administrators_reason_counts_when_it_is_called(self):
        self.env["telephony.agent"].create(
            {
                "user_id": self.max.id,
                "company_id": self.company_a.id,
                "number_ids": [Command.set(self.number.ids)],
            }
        )
        call = self.dial(self.max, PREMIUM, override_reason="The supplier's only line")
        self.connect_browser(call, self.max.telephony_agent_ids)
        self.run_after_commit()
        self.assertEqual(len(self.provider.sent("add_participant")), 1)

    def test_reason_of_a_transfer_counts_when_it_is_called(self):
        """The transfer keeps the reason, which counts only for its own number."""
        self.ana.group_ids += self.env.ref("crm_telephony.group_manager")
        self.forbid()
        call = self.talk()
        target = {"type": "number", "number": OUTSIDE}
        with self.assertRaisesRegex(UserError, "if you enter a reason"):
            self.as_user(self.ana).transfer(call.uuid, target, "warm")
        self.as_user(self.ana).transfer(
            call.uuid, {**target, "reason": "The customer asks for it"}, "warm"
        )
        self.run_after_commit()
        self.assertEqual(call.transfer_ids.override_reason, "The customer asks for it")
        [[_room, values]] = self.provider.sent("add_participant")
        self.assertEqual(values["to"], OUTSIDE)

    def test_own_phone_is_not_rung_for_a_call_out(self):
        """The rules are checked again when a leg is sent."""
        self.agent_ana.write({"call_via": "phone", "phone_number": MOBILE})
        call = self.dial()
        self.forbid()
        self.run_after_commit()
        self.assertNothingCalled()
        self.assertEqual(call.state, "ended")
        self.assertIn("does not allow calls to Belgium", call.failure_reason)
        self.assertEqual(self.agent_ana.state, "offline")

    def test_own_phone_is_not_rung_for_an_offer_and_the_browser_is(self):
        """An incoming call does not ring a forbidden custom phone."""
        self.agent_ana.write({"call_via": "phone", "phone_number": MOBILE})
        self.go_online(self.agent_ana)
        self.forbid()
        call, _verbs = self.call_in()
        self.run_after_commit()
        self.assertNothingCalled()
        self.assertIn("The phone of Ana was not called.", call.timeline)
        self.assertEqual(call.offer_ids.state, "offered")
        self.assertTrue(self.as_user(self.ana).accept(call.uuid)["accepted"])

    def test_own_phone_without_a_browser_frees_the_caller(self):
        self.agent_ana.write({"call_via": "phone", "phone_number": MOBILE, "status": "online"})
        self.forbid()
        call, _verbs = self.call_in()
        self.run_after_commit()
        self.assertNothingCalled()
        self.assertEqual(call.offer_ids.mapped("state"), ["withdrawn"])
        # The same telephone is not chosen again for the next caller.
        self.assertEqual(self.agent_ana.status, "offline")
        [told] = self.notified(self.ana, "set_offline")
        self.assertIn("cannot be called, so you were set offline", told["message"])
        self.assertIn("does not allow calls to Belgium", told["message"])

    def test_guest_of_a_consultation_is_not_called(self):
        for mode in ("warm", "blind"):
            with self.subTest(mode), self.env.cr.savepoint() as savepoint:
                self.go_online(self.agent_ana)
                call = self.talk()
                self.as_user(self.ana).transfer(
                    call.uuid, {"type": "number", "number": OUTSIDE}, mode
                )
                self.forbid()
                self.run_after_commit()
                self.assertNothingCalled()
                self.assertNotEqual(call.transfer_ids.state, "ringing")
                self.assertIn("does not allow calls to Belgium", call.timeline)
                if mode == "warm":
                    [told] = self.notified(self.ana, "transfer_ended")
                    self.assertIn("does not allow calls to Belgium", told["message"])
                savepoint.rollback()
                self.env.invalidate_all()
                self.queued_requests.clear()

    def test_forward_step_leads_on_when_its_number_is_forbidden_now(self):
        """A forward step is left when its number was forbidden meanwhile."""
        self.ring.write({"kind": "forward", "forward_number": OUTSIDE})
        self.forbid()
        call, verbs = self.call_in()
        self.assertEqual([verb.tag for verb in verbs], ["Say", "Hangup"])
        self.assertEqual(verbs[0].text, "Everybody is busy.")
        self.assertIn("not forwarded", call.timeline)

    def test_flow_that_forwards_to_itself_makes_one_leg_at_most(self):
        """A flow that forwards to itself makes one leg at most."""
        self.ring.write({"kind": "forward", "forward_number": OUTSIDE})
        # The number changes its owner later, or that telephone forwards to ours.
        for number in (self.number.number, OUTSIDE):
            with self.subTest(number), self.env.cr.savepoint() as savepoint:
                self.env.cr.execute(
                    "UPDATE telephony_flow_step SET forward_number = %s WHERE id = %s",
                    (number, self.ring.id),
                )
                self.env.invalidate_all()
                forwarded, from_ = 0, CUSTOMER
                for index in range(1, 6):
                    _call, verbs = self.call_in(from_=from_, sid=leg_sid(index))
                    if "Dial" not in self.names(verbs):
                        break
                    forwarded += 1
                    # The provider calls the number, which shows ours and leads back to it.
                    from_ = self.number.number
                self.assertLessEqual(forwarded, 1)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_two_companies_that_forward_to_each_other_stop(self):
        self.company_a.telephony_country_policy = "all"
        self.ring.write({"kind": "forward", "forward_number": self.number_b.number})
        call, verbs = self.call_in()
        self.assertEqual(self.names(verbs), ["Dial"])
        # The call arrives at the other company, showing our number, and goes on to anywhere.
        other = self.env["telephony.call"].create(
            {
                "account_id": self.account_b.id,
                "direction": "incoming",
                "customer_number": self.number.number,
                "number_id": self.number_b.id,
            }
        )
        flow = self.env["telephony.flow"].create(
            {
                "name": "Back",
                "company_id": self.company_b.id,
                "language": "en_US",
            }
        )
        step = self.env["telephony.flow.step"].create(
            {
                "flow_id": flow.id,
                "name": "Back",
                "kind": "forward",
                "forward_number": OUTSIDE,
            }
        )
        self.assertEqual(step._enter(other), "no_answer")
        self.assertIn("already forwarded", other.timeline)
        self.assertEqual(call.state, "routing")

    def test_an_outsider_cannot_make_us_call_back_expensive_numbers(self):
        """Queue callbacks dial ordinary numbers only, whatever the company allows."""
        self.company_a.write(
            {
                "telephony_country_policy": "all",
                "telephony_allow_unlisted": True,
                "telephony_block_premium": False,
            }
        )
        queue = self.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": self.company_a.id,
                "callback_key": "*",
                "agent_ids": [Command.set(self.agent_ana.ids)],
            }
        )
        for number in (
            "+881612345678",
            "+4990011234500",
            "+3278123456",
            "+491801234567",
            self.number.number,
        ):
            with self.subTest(number):
                call = self.env["telephony.call"].create(
                    {
                        "account_id": self.account.id,
                        "direction": "incoming",
                        "queue_id": queue.id,
                        "customer_number": number,
                        "number_id": self.number.id,
                    }
                )
                self.assertFalse(call._may_request_queue_callback())
                call.customer_number = CUSTOMER
                self.assertTrue(call._may_request_queue_callback())


@tagged("post_install", "-at_install")
class TestLedger(TelephonyHttpCase):
    """Every dialed leg counts for the hourly limit, whatever its origin."""

    def get_kinds(self, user=None):
        rows = self.env["telephony.dialed.leg"].search(
            [("user_id", "=", user.id if user else False), ("company_id", "=", self.company_a.id)],
            order="id",
        )
        return rows.mapped("kind")

    def test_call_through_the_own_phone_is_two_legs(self):
        self.dial(self.bob)
        self.assertEqual(self.get_kinds(self.bob), ["call"])
        self.agent_ana.write({"call_via": "phone", "phone_number": MOBILE})
        self.dial()
        self.assertEqual(self.get_kinds(self.ana), ["call", "phone"])

    def test_transfers_count_for_the_limit(self):
        """Numbers that are added to a conversation count for the limit."""
        self.company_a.telephony_calls_per_hour = 2
        call = self.talk()
        with self.assertRaisesRegex(UserError, "company's limit"):
            for index in range(12):
                self.as_user(self.ana).transfer(
                    call.uuid, {"type": "number", "number": f"+3247590{index:04d}"}, "conference"
                )
                self.run_after_commit()
                self.as_user(self.ana).cancel_transfer(call.uuid)
                self.run_after_commit()
        self.assertEqual(len(self.provider.sent("add_participant")), 2)
        self.assertEqual(self.get_kinds(self.ana), ["guest", "guest"])
        self.as_user(self.ana).hang_up(call.uuid)
        with self.assertRaisesRegex(UserError, "company's limit"):
            self.dial()
        self.let_time_pass(3601)
        self.assertTrue(self.dial())

    def test_offers_ring_the_own_phone_up_to_the_limit_only(self):
        """Custom phones that are rung count for the limit; the browser still rings."""
        self.company_a.telephony_calls_per_hour = 2
        self.agent_ana.write({"call_via": "phone", "phone_number": MOBILE})
        self.go_online(self.agent_ana)
        for index in range(1, 5):
            call, _verbs = self.call_in(sid=leg_sid(index))
            self.run_after_commit()
            self.assertEqual(call.offer_ids.state, "offered")
            self.tell_leg(call, call.provider_call_id, "completed", CallDuration="0")
            self.run_after_commit()
        self.assertEqual(len(self.provider.sent("call_phone")), 2)
        self.assertEqual(self.get_kinds(self.ana), ["phone", "phone"])
        self.assertIn("The phone of Ana was not called. You have reached", call.timeline)

    def test_callback_counts_and_is_owed_at_the_limit(self):
        self.company_a.telephony_calls_per_hour = 1
        queue = self.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": self.company_a.id,
                "callback_key": "1",
                "agent_ids": [Command.set(self.agent_ana.ids)],
            }
        )
        for number, refused in ((CUSTOMER, False), (OUTSIDE, True)):
            origin = self.env["telephony.call"].create(
                {
                    "account_id": self.account.id,
                    "direction": "incoming",
                    "queue_id": queue.id,
                    "customer_number": number,
                    "number_id": self.number.id,
                    "state": "ended",
                    "queued_at": "2026-01-01 00:00:00",
                }
            )
            promise = self.env["telephony.queue.callback"]._request(origin)
            promise._begin()
            queue_callback = promise.call_ids
            queue_callback.user_id = self.ana
            queue_callback._on_agent_connected()
            self.run_after_commit()
            self.assertEqual(queue_callback.state == "ended", refused)
            if not refused:
                queue_callback._apply_event(
                    CallEvent("hung_up", at=queue_callback.started_at, data={"by": "agent"})
                )
        self.assertEqual(self.get_kinds(self.ana), ["queue_callback"])
        self.assertEqual(len(self.provider.sent("add_participant")), 1)
        self.assertIn("company's limit", queue_callback.failure_reason)
        self.assertTrue(self.env["telephony.callback"].search([("call_ids", "in", origin.ids)]))

    def test_forwarded_calls_and_verifications_are_in_the_ledger(self):
        self.ring.write({"kind": "forward", "forward_number": OUTSIDE})
        self.call_in()
        self.assertEqual(self.get_kinds(), ["forward"])
        self.agent_ana.allow_caller_id = True
        self.provider.answers["start_verification"] = ("123456", leg_sid(1))
        caller_ids = self.as_user(self.ana, "telephony.caller.id")
        caller_ids.start_verification(MOBILE, "Mine")
        self.assertEqual(self.get_kinds(self.ana), ["verification"])
        self.company_a.telephony_calls_per_hour = 1
        with self.assertRaisesRegex(UserError, "company's limit"):
            caller_ids.start_verification(OUTSIDE, "Mine, too")

    def test_callers_and_browsers_are_not_dialed(self):
        call = self.talk()
        self.assertEqual(call.state, "in_progress")
        self.assertFalse(self.get_kinds() + self.get_kinds(self.ana))

    def test_old_rows_are_deleted(self):
        ledger = self.env["telephony.dialed.leg"]
        self.dial()
        self.let_time_pass(6 * 86400)
        ledger._gc_old()
        self.assertEqual(self.get_kinds(self.ana), ["call"])
        self.let_time_pass(2 * 86400)
        ledger._gc_old()
        self.assertFalse(self.get_kinds(self.ana))
