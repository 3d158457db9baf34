"""Callbacks: one per unanswered caller, with one activity, completed by any conversation."""

from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import CUSTOMER, TelephonyHttpCase, leg_sid

STRANGER = "+32470999888"


class Callbacks(TelephonyHttpCase):
    """Callers who were not answered."""

    def miss(self, index=1, from_=CUSTOMER, to=None):
        """Return a missed call."""
        call, _verbs = self.call_in(from_=from_, sid=leg_sid(index), to=to)
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="4")
        self.assertEqual(call.state, "ended")
        return call

    def speak_in(self, index=20):
        """Receive a call of the customer, answer it and hang up."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait(sid=leg_sid(index))
        self.as_user(self.ana).accept(call.uuid)
        self.connect_browser(call, self.agent_ana, leg_sid(100 + index))
        self.run_after_commit()
        self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        self.as_user(self.ana).hang_up(call.uuid)
        return call

    def call_out(self, answered=True, number=CUSTOMER, **kwargs):
        """Call the customer as Ana and end the call."""
        call = self.dial(number=number, **kwargs)
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        customer = self.customer(call)
        sid = customer.provider_leg_id
        if answered:
            self.tell_leg(call, sid, "in-progress", 2, customer)
            self.tell_leg(call, sid, "completed", 3, customer, CallDuration="4")
        else:
            self.tell_leg(call, sid, "no-answer", 3, customer)
        self.assertEqual(call.outcome, "answered" if answered else "no_answer")
        return call

    def callbacks(self, **values):
        domain = [(name, "=", value) for name, value in values.items()]
        return self.env["telephony.callback"].search(
            [("company_id", "=", self.company_a.id), *domain]
        )

    def activities(self, record):
        return (
            self.env["mail.activity"]
            .with_context(active_test=False)
            .search(
                [
                    ("res_model", "=", record._name),
                    ("res_id", "=", record.id),
                ]
            )
        )


@tagged("post_install", "-at_install")
class TestRegistering(Callbacks):
    def test_two_missed_calls_are_one_callback_with_one_activity(self):
        """Z29 Z30: two missed calls give one callback, ×2, with the time of the last call."""
        first, second = self.miss(1), self.miss(2)
        callback = self.callbacks()
        self.assertEqual(len(callback), 1)
        self.assertEqual((callback.count, callback.state, callback.kind), (2, "open", "missed"))
        self.assertEqual(callback.call_ids, first | second)
        self.assertEqual((callback.user_id, callback.lead_id), (self.ana, self.lead))
        activity = self.activities(self.lead)
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity, callback.activity_id)
        self.assertEqual(activity.activity_type_id, self.env.ref("mail.mail_activity_data_call"))
        self.assertEqual(activity.user_id, self.ana)
        self.assertIn("×2", activity.summary)
        self.assertFalse(self.activities(self.partner))

    def test_another_number_of_ours_is_another_callback(self):
        """Z29: a caller of sales and support has two callbacks; one conversation completes both."""
        support = self.number.copy({"name": "Support", "number": "+3225550181"})
        self.miss(1)
        self.miss(2, to=support.number)
        self.assertEqual(self.callbacks().number_id, self.number | support)
        self.speak_in()
        self.assertEqual(self.callbacks().mapped("state"), ["done", "done"])

    def test_hidden_and_blocked_callers_are_owed_nothing(self):
        """Z29: hidden and blocked callers get no callback, because they cannot be called."""
        self.miss(1, from_="anonymous")
        self.env["telephony.blocked.number"].create(
            {
                "number": STRANGER,
                "company_id": self.company_a.id,
            }
        )
        call, _verbs = self.call_in(from_=STRANGER, sid=leg_sid(2))
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="0")
        self.assertEqual(call.outcome, "blocked")
        self.assertFalse(self.callbacks())

    def test_blocking_a_caller_cancels_the_callback(self):
        self.miss(1, from_=STRANGER)
        self.env["telephony.blocked.number"].create(
            {
                "number": STRANGER,
                "company_id": self.company_a.id,
            }
        )
        callback = self.callbacks()
        self.assertEqual(
            (callback.state, callback.cancel_reason), ("canceled", "The number was blocked.")
        )

    def test_a_stranger_is_a_callback_without_activity(self):
        """Z29: a stranger has no record for an activity; the list shows the callback."""
        self.miss(1, from_=STRANGER)
        callback = self.callbacks()
        self.assertEqual((callback.count, callback.activity_id.id), (1, False))
        self.assertEqual(callback.customer_display, "+32 470 99 98 88")
        self.assertTrue(callback.user_id)

    def test_a_stronger_kind_of_the_same_call_changes_the_kind_only(self):
        """Z29: a voicemail or a queue callback of the same call does not count as another call."""
        call = self.miss(1)
        register_call = self.env["telephony.callback"]._register_call
        for kind, expected in (
            ("voicemail", "voicemail"),
            ("missed", "voicemail"),
            ("queue_callback", "queue_callback"),
            ("abandoned", "queue_callback"),
        ):
            self.assertEqual(register_call(call, kind), self.callbacks())
            self.assertEqual((self.callbacks().kind, self.callbacks().count), (expected, 1))

    def test_a_call_asked_for_while_waiting_is_owed_before_the_end(self):
        """Z24: a queue callback is registered before the caller hangs up."""
        call, _verbs = self.call_in()
        self.env["telephony.callback"]._register_call(call, "queue_callback")
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="4")
        self.assertEqual((self.callbacks().kind, self.callbacks().count), ("queue_callback", 1))

    def test_due_by_the_hours_of_the_flow(self):
        """Z29: due in two working hours, over the night; in the flow's or the company's hours."""
        calendar = self.make_hours(9, 17, days=range(5), tz="Europe/Brussels")
        self.env["telephony.flow.step"].create(
            {
                "flow_id": self.flow.id,
                "sequence": 9,
                "name": "Hours",
                "kind": "hours",
                "calendar_id": calendar.id,
            }
        )
        call = self.miss(1)
        # Friday, 16:30 in Brussels: half an hour is left, and Monday begins at 9.
        call.ended_at = datetime(2026, 11, 20, 15, 30)
        due = self.env["telephony.callback"]._get_due(call)
        self.assertEqual(due, datetime(2026, 11, 23, 9, 30))

    def test_without_the_owner_the_one_with_the_fewest_is_responsible(self):
        """Z29: without an owner, the agent with the fewest callbacks is responsible."""
        for index, number in enumerate(("+32470999801", "+32470999802", "+32470999803"), 1):
            self.miss(index, from_=number)
        load = [len(self.callbacks(user_id=user.id)) for user in (self.ana, self.bob)]
        self.assertEqual(sorted(load), [1, 2])
        self.assertEqual(self.callbacks().member_ids, self.ana | self.bob)
        self.assertFalse(self.callbacks(user_id=self.cleo.id))

    def test_nobody_responsible_is_everybodys(self):
        """Z29: a callback of a flow without agents is visible to every agent."""
        self.number.flow_id = False
        self.miss(1, from_=STRANGER)
        callback = self.callbacks()
        self.assertFalse(callback.user_id)
        self.assertTrue(self.as_user(self.cleo, "telephony.callback").search([]) & callback)
        self.as_user(self.cleo, "telephony.callback").browse(callback.id).action_take()
        self.assertEqual(callback.user_id, self.cleo)


@tagged("post_install", "-at_install")
class TestResolving(Callbacks):
    def test_calling_back_resolves_it_and_completes_the_activity(self):
        """Z28: the activity is done, with the outcome of the call as feedback."""
        self.miss(1)
        callback, activity = self.callbacks(), self.activities(self.lead)
        call = self.call_out()
        self.assertEqual((callback.state, callback.done_call_id), ("done", call))
        self.assertEqual((callback.on_time_percent, callback.response_seconds < 60), (100, True))
        self.assertFalse(activity.active)
        self.assertIn("Answered", activity.feedback)

    def test_the_caller_who_calls_again_resolves_it(self):
        """Z29: any conversation completes the callback, in either direction."""
        self.miss(1)
        call = self.speak_in()
        self.assertEqual((self.callbacks().state, self.callbacks().done_call_id), ("done", call))

    def test_what_is_said_after_the_call_comes_into_the_feedback(self):
        """Z27: the feedback contains disposition and summary, also when they are added later."""
        self.miss(1)
        call = self.call_out()
        activity = self.activities(self.lead)
        result = self.env["telephony.disposition"].create({"name": "Keen"})
        self.as_user(self.ana).wrap_up(
            call.uuid, {"disposition_id": result.id, "note": "Wants oak\n<b>now</b>"}
        )
        self.assertEqual(activity.feedback.split("\n")[1:], ["Wants oak", "<b>now</b>"])
        self.assertIn("Keen", activity.feedback)
        [message] = self.lead.message_ids.filtered("mail_activity_type_id")
        self.assertIn("Keen", message.body)
        self.assertIn("&lt;b&gt;now", message.body)
        self.assertEqual(message.author_id, self.ana.partner_id)

    def test_an_attempt_is_noted_and_the_callback_stays(self):
        """Z28: an unanswered attempt is logged, and the callback stays open."""
        self.miss(1)
        self.call_out(answered=False)
        callback = self.callbacks()
        self.assertEqual((callback.state, callback.attempt_count), ("open", 1))
        self.assertTrue(callback.activity_id.active)
        self.assertIn("No Answer", callback.activity_id.note)

    def test_a_conversation_that_is_reported_late_does_not_resolve_what_came_after_it(self):
        """Z29: a late report of an older conversation leaves a newer callback open."""
        earlier = self.miss(1)
        talk = self.speak_in(2)
        self.assertEqual(self.callbacks().state, "done")
        self.miss(3)
        open_callback = self.callbacks(state="open")
        open_callback.last_at = fields.Datetime.now() + timedelta(minutes=5)
        self.assertFalse(self.env["telephony.callback"]._resolve(talk))
        self.assertEqual(open_callback.state, "open")
        # The end is reported after a conversation with the caller: no callback is needed.
        open_callback.last_at = fields.Datetime.now()
        open_callback._cancel("Enough")
        earlier.callback_id = False
        talk.ended_at = earlier.ended_at + timedelta(seconds=60)
        self.assertFalse(self.env["telephony.callback"]._register_call(earlier, "missed"))
        self.assertFalse(self.callbacks(state="open"))

    def test_an_answer_outside_that_is_told_late_takes_the_callback_back(self):
        """Z29: an answer of the forwarded call, reported after the end, withdraws the callback."""
        self.ring.write({"kind": "forward", "forward_number": "+3225559999"})
        call = self.miss(1)
        self.assertEqual(len(self.callbacks(state="open")), 1)
        self.step(call, DialCallStatus="completed")
        self.assertEqual(call.outcome, "answered")
        self.assertFalse(self.callbacks())
        self.assertFalse(self.activities(self.lead))

    def test_after_a_conversation_the_next_missed_call_is_a_new_callback(self):
        self.miss(1)
        self.call_out()
        with patch.object(fields.Datetime, "now", lambda *args: datetime(2035, 1, 1)):
            self.miss(2)
        self.assertEqual(self.callbacks().mapped("state"), ["open", "done"])

    def test_doing_the_activity_by_hand_cancels_with_its_feedback(self):
        self.miss(1)
        callback = self.callbacks()
        activity = self.as_user(self.ana, "mail.activity").browse(callback.activity_id.id)
        activity.action_feedback("Wrote an e-mail")
        self.assertEqual((callback.state, callback.cancel_reason), ("canceled", "Wrote an e-mail"))

    def test_canceling_needs_a_reason_and_removes_the_activity(self):
        self.miss(1)
        callback = self.callbacks()
        mine = self.as_user(self.ana, "telephony.callback").browse(callback.id)
        action = mine.action_open_cancel()
        wizard = (
            self.as_user(self.ana, action["res_model"])
            .with_context(**action["context"])
            .create({"reason": "Spam"})
        )
        wizard.action_confirm()
        self.assertEqual((callback.state, callback.cancel_reason), ("canceled", "Spam"))
        self.assertFalse(self.activities(self.lead))

    def test_performance_counts_only_what_can_be_judged(self):
        """Z30: an open callback that is not due yet counts neither as on time nor as late."""
        now = fields.Datetime.now()
        hour = timedelta(hours=1)
        base = {
            "company_id": self.company_a.id,
            "number_id": self.number.id,
            "kind": "missed",
            "user_id": self.cleo.id,
            "first_at": now - 5 * hour,
            "last_at": now - 5 * hour,
        }
        self.env["telephony.callback"].create(
            [
                {
                    **base,
                    "customer_number": "+3247000001",
                    "due_at": now - 3 * hour,
                    "state": "done",
                    "done_at": now - 4 * hour,
                },
                {
                    **base,
                    "customer_number": "+3247000002",
                    "due_at": now - 3 * hour,
                    "state": "done",
                    "done_at": now - 2 * hour,
                },
                {**base, "customer_number": "+3247000003", "due_at": now - 3 * hour},
                {**base, "customer_number": "+3247000004", "due_at": now + hour},
            ]
        )
        [(kept, seconds)] = self.env["telephony.callback"]._read_group(
            [("user_id", "=", self.cleo.id)], [], ["on_time_percent:avg", "response_seconds:avg"]
        )
        self.assertAlmostEqual(kept, 100 / 3, 3)
        self.assertEqual(seconds, 2 * 3600)


@tagged("post_install", "-at_install")
class TestCallbackRights(Callbacks):
    def test_who_sees_what(self):
        """Z30: agents see their own and those offered to them; supervisors the company's."""
        self.ring.agent_ids = [Command.set(self.agent_bob.ids)]
        self.miss(1)
        callback = self.callbacks()
        self.assertEqual((callback.user_id, callback.member_ids), (self.ana, self.bob))
        for user, allowed in (
            (self.ana, True),
            (self.bob, True),
            (self.cleo, False),
            (self.sue, True),
            (self.max, True),
            (self.ian, False),
            (self.pia, False),
            (self.eva, False),
        ):
            with self.subTest(user=user.name):
                records = self.as_user(user, "telephony.callback").browse(callback.id)
                self.assertEqual(records.has_access("read"), allowed)
                if not allowed:
                    for act in ("action_take", "action_open_cancel"):
                        with self.assertRaises(AccessError):
                            getattr(records, act)()

    def test_supervisors_change_the_responsible_one_only(self):
        self.miss(1)
        callback = self.callbacks()
        for_sue = self.as_user(self.sue, "telephony.callback").browse(callback.id)
        for_sue.user_id = self.bob
        self.assertEqual(callback.activity_id.user_id, self.bob)
        for values in ({"state": "done"}, {"count": 9}, {"user_id": self.ana.id, "kind": "missed"}):
            with self.assertRaises(AccessError):
                for_sue.write(values)
        with self.assertRaises(AccessError):
            self.as_user(self.ana, "telephony.callback").browse(callback.id).write({"user_id": 1})

    def test_two_companies_have_callbacks_of_their_own(self):
        """Z29: a customer missed by two companies has a callback in each."""
        self.miss(1)
        other = self.env["telephony.call"].create(
            {
                "account_id": self.account_b.id,
                "direction": "incoming",
                "state": "ended",
                "outcome": "missed",
                "customer_number": CUSTOMER,
                "number_id": self.number_b.id,
                "ended_at": fields.Datetime.now(),
            }
        )
        other._update_callbacks()
        self.assertEqual(other.callback_id.company_id, self.company_b)
        self.speak_in()
        self.assertEqual(self.callbacks().state, "done")
        self.assertEqual(other.callback_id.state, "open")


@tagged("post_install", "-at_install")
class TestDueCall(Callbacks):
    def plan(self, record, user=None, **values):
        return record.activity_schedule(
            "mail.mail_activity_data_call", user_id=(user or self.ana).id, **values
        )

    def test_a_call_from_an_activity_completes_it(self):
        """Z28: a call from the due call completes its activity and belongs to its record."""
        activity = self.plan(self.partner, summary="Ask about oak")
        call = self.call_out(activity_id=activity.id)
        self.assertEqual((call.activity_id, call.partner_id), (activity, self.partner))
        self.assertFalse(activity.active)
        self.assertEqual(activity.telephony_call_id, call)

    def test_nobody_answers_and_it_stays(self):
        """Z28: after an unanswered call the activity stays, with the attempt logged."""
        activity = self.plan(self.partner, note="<p>Be kind</p>")
        self.call_out(answered=False, activity_id=activity.id)
        self.assertTrue(activity.active)
        self.assertIn("Be kind", activity.note)
        self.assertIn("No Answer", activity.note)

    def test_other_activities_are_left_alone(self):
        """Z28: tasks, done activities, hidden records of others and nonsense are left alone."""
        task = self.partner.activity_schedule("mail.mail_activity_data_todo", user_id=self.ana.id)
        done = self.plan(self.partner)
        done.action_feedback()
        for value in (task.id, done.id, 10**8):
            with self.subTest(value=value):
                call = self.dial(activity_id=value)
                self.assertFalse(call.activity_id)
                self.as_user(self.ana).hang_up(call.uuid)
        for value in (2**40, "1", True):
            with self.subTest(value=value), self.assertRaisesRegex(UserError, "not valid"):
                self.dial(activity_id=value)
        self.assertTrue(task.active)

    def due(self, user=None):
        return self.as_user(user or self.ana).due_calls()

    def test_due_calls_in_order_with_numbers(self):
        """Z28: overdue first, then today, then later; without tasks and other users' activities."""
        today = fields.Date.today()
        later = self.plan(self.partner, date_deadline=today + timedelta(days=3))
        overdue = self.plan(self.lead, date_deadline=today - timedelta(days=1), summary="Oak")
        self.plan(self.partner, self.bob)
        self.partner.activity_schedule("mail.mail_activity_data_todo", user_id=self.ana.id)
        self.miss(1, from_=STRANGER)
        self.callbacks().write({"user_id": self.ana.id})
        rows = self.due()
        self.assertEqual(
            [(row["activity_id"], row["state"]) for row in rows if row["activity_id"]],
            [(overdue.id, "overdue"), (later.id, "planned")],
        )
        [stranger] = [row for row in rows if not row["activity_id"]]
        self.assertEqual(
            (stranger["callback_id"], stranger["number"], stranger["name"]),
            (self.callbacks().id, STRANGER, "+32 470 99 98 88"),
        )
        first = rows[0]
        self.assertEqual(
            first["record"],
            {
                "model": "crm.lead",
                "id": self.lead.id,
                "name": "A big order",
            },
        )
        self.assertEqual(
            (first["name"], first["number_display"], first["summary"], first["reason"]),
            ("Zoe Peeters", "+32 470 12 34 56", "Oak", False),
        )

    def test_today_is_the_users(self):
        """Z28: “today” is the user's, as on the islands where it is tomorrow already."""
        now = datetime(2026, 6, 10, 11, 30)
        self.plan(self.partner, date_deadline=date(2026, 6, 10))
        with freeze_time(now):
            for tz, state, is_today in (
                ("Europe/Brussels", "today", True),
                ("Pacific/Auckland", "today", True),
                ("Pacific/Kiritimati", "overdue", False),
            ):
                with self.subTest(tz):
                    self.ana.tz = tz
                    self.env.invalidate_all()
                    [row] = self.due()
                    self.assertEqual((row["state"], row["is_today"]), (state, is_today))

    def test_a_due_call_without_number_or_right_says_why(self):
        """Z28: an unreadable record and a contact without a number come with the reason."""
        nobody = self.env["res.partner"].create({"name": "No Phone"})
        self.plan(nobody)
        foreign = self.env["res.partner"].create(
            {
                "name": "Far",
                "phone": "+33155500177",
                "company_id": self.company_b.id,
            }
        )
        self.env["mail.activity"].sudo().create(
            {
                "res_model_id": self.env["ir.model"]._get_id("res.partner"),
                "res_id": foreign.id,
                "activity_type_id": self.env.ref("mail.mail_activity_data_call").id,
                "user_id": self.ana.id,
            }
        )
        rows = self.due()
        self.assertEqual([row["number"] for row in rows], [False, False])
        self.assertTrue(all(row["reason"] for row in rows))
        self.assertEqual([bool(row["record"]) for row in rows], [True, False])

    def test_a_due_call_that_was_tried_says_when(self):
        """Z28: tried due calls come after untried ones."""
        activity = self.plan(self.partner)
        self.assertFalse(self.due()[0]["tried_at"])
        call = self.call_out(answered=False, activity_id=activity.id)
        self.assertEqual(self.due()[0]["tried_at"], fields.Datetime.to_string(call.started_at))

    def test_changes_are_told_to_the_one_responsible(self):
        """Z28: the responsible agent's list is updated by itself."""
        self.miss(1)
        self.assertTrue(self.notified(self.ana, "activities_changed"))
        self.notifications.clear()
        self.callbacks().write({"user_id": self.bob.id})
        self.assertTrue(self.notified(self.ana, "activities_changed"))
        self.assertTrue(self.notified(self.bob, "activities_changed"))

    def test_due_calls_are_for_phone_users(self):
        for user in (self.ian, self.pia, self.public):
            with self.assertRaises(AccessError):
                self.due(user)
