"""After a call: its disposition, its record, its follow-up; and calls given back."""

from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import AGENT_LEG, TelephonyHttpCase, leg_sid

STRANGER = "+32470999888"
PLAN = {"date": "2030-03-14", "summary": "Ask about the desks"}


class EndedCalls(TelephonyHttpCase):
    def end(self, call, user=None):
        """End a call as its user and return it."""
        self.as_user(user or self.ana).hang_up(call.uuid)
        self.run_after_commit()
        self.assertEqual(call.state, "ended")
        return call

    def call_of_ana(self, index=1, **kwargs):
        """Return an ended conversation of Ana with the caller of a number."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait(sid=leg_sid(index), **kwargs)
        self.as_user(self.ana).accept(call.uuid)
        self.connect_browser(call, self.agent_ana, leg_sid(100 + index))
        self.run_after_commit()
        self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        self.assertEqual(call.state, "in_progress")
        return self.end(call)

    def activities(self, record):
        return self.env["mail.activity"].search(
            [
                ("res_model", "=", record._name),
                ("res_id", "=", record.id),
            ]
        )

    def lines(self, call, record):
        """Return the lines about a call in the chatter of a record."""
        return record.message_ids.filtered(
            lambda message: "Incoming call from" in message.body and message == call.message_id
        )


@tagged("post_install", "-at_install")
class TestFollowUp(EndedCalls):
    def test_follow_up_goes_to_the_lead(self):
        """Z27 Z28: a follow-up call is an activity on the opportunity, for the calling user."""
        call = self.call_of_ana()
        self.assertEqual(call.lead_id, self.lead)
        before = len(self.notified(self.ana, "call_updated"))
        answer = self.as_user(self.ana).schedule_follow_up(call.uuid, "call", PLAN)
        # Other tabs, in which the opportunity is open, show the activity.
        self.assertEqual(len(self.notified(self.ana, "call_updated")), before + 1)
        activity = self.activities(self.lead)
        self.assertEqual(
            answer,
            {
                "activity_id": activity.id,
                "record": {"model": "crm.lead", "id": self.lead.id, "name": "A big order"},
            },
        )
        self.assertEqual(activity.activity_type_id, self.env.ref("mail.mail_activity_data_call"))
        self.assertEqual(activity.date_deadline, fields.Date.to_date("2030-03-14"))
        self.assertEqual(activity.summary, "Ask about the desks")
        self.assertEqual(activity.user_id, self.ana)
        self.assertFalse(self.activities(self.partner))

    def test_without_a_lead_it_goes_to_the_contact(self):
        """Z27 Z28: a follow-up task for a colleague is planned on the contact."""
        self.lead.action_set_lost()
        call = self.call_of_ana()
        self.assertEqual((call.lead_id, call.partner_id), (self.lead.browse(), self.partner))
        values = {**PLAN, "user_id": self.bob.id}
        answer = self.as_user(self.ana).schedule_follow_up(call.uuid, "task", values)
        self.assertEqual(answer["record"]["model"], "res.partner")
        activity = self.activities(self.partner)
        self.assertEqual(activity.activity_type_id, self.env.ref("mail.mail_activity_data_todo"))
        self.assertEqual(activity.user_id, self.bob)

    def test_a_lead_that_may_not_be_read_is_passed_over(self):
        """Z28: an agent without rights on leads plans it on the contact."""
        self.ring.agent_ids = [Command.set(self.agent_cleo.ids)]
        self.go_online(self.agent_cleo)
        call, _verbs = self.call_in_and_wait()
        self.end(self.talk(call, self.agent_cleo, self.cleo), self.cleo)
        self.assertEqual(call.lead_id, self.lead)
        answer = self.as_user(self.cleo).schedule_follow_up(call.uuid, "call", PLAN)
        self.assertEqual(answer["record"]["model"], "res.partner")

    def test_wrong_wishes_are_refused_in_words(self):
        """Z27: a missing or invalid date or hour and an unknown kind are refused."""
        call = self.call_of_ana()
        schedule = self.as_user(self.ana).schedule_follow_up
        for values in ({}, {"date": False}, {"date": "tomorrow"}, {"date": "2030-02-31"}):
            with self.assertRaisesRegex(UserError, "date"):
                schedule(call.uuid, "call", values)
        for start in ("noon", "2030-03-12 08:00:00", "2030-03-16 08:00:00"):
            with self.assertRaisesRegex(UserError, "date"):
                schedule(call.uuid, "call", {**PLAN, "start": start})
        for wrong in ({"date": [2030]}, {"user_id": "bob"}, {"start": 8}, {"alarm_id": "soon"}):
            with self.assertRaisesRegex(UserError, "not valid"):
                schedule(call.uuid, "call", {**PLAN, **wrong})
        for user_id in (self.pia.id, self.eva.id, -1):
            with self.assertRaisesRegex(UserError, "cannot be assigned"):
                schedule(call.uuid, "task", {**PLAN, "user_id": user_id})
        with self.assertRaisesRegex(UserError, "a call or a task"):
            schedule(call.uuid, "meeting", PLAN)
        self.assertFalse(self.activities(self.lead))

    # === HOUR AND REMINDER === #

    def plan_at(self, start, kind="call", index=1, **values):
        """Plan a follow-up of Ana's call at an hour and return its activity."""
        call = self.call_of_ana(index)
        plan = {**PLAN, "date": start.date().isoformat(), "start": str(start), **values}
        answer = self.as_user(self.ana).schedule_follow_up(call.uuid, kind, plan)
        self.env.invalidate_all()
        return self.env["mail.activity"].browse(answer["activity_id"])

    def test_hour_and_reminder_stand_in_the_calendar(self):
        """Z27: with an hour, the activity has a calendar event of its user, with the reminder."""
        alarm = self.env.ref("calendar.alarm_notif_1")
        mails = self.env["mail.mail"].sudo().search_count([])
        start = datetime(2030, 3, 14, 13, 30)
        activity = self.plan_at(start, alarm_id=alarm.id, user_id=self.bob.id)
        event = activity.calendar_event_id
        self.assertEqual((event.start, event.alarm_ids), (start, alarm))
        self.assertEqual((event.user_id, event.partner_ids), (self.bob, self.bob.partner_id))
        self.assertEqual((event.res_model, event.res_id), ("crm.lead", self.lead.id))
        self.assertEqual(event.name, "Ask about the desks")
        self.assertEqual(activity.date_deadline, fields.Date.to_date("2030-03-14"))
        self.assertEqual((activity.user_id, activity.summary), (self.bob, "Ask about the desks"))
        self.assertEqual(self.activities(self.lead), activity, "the calendar plans none of its own")
        # The message about the assignment; the calendar sends no invitation.
        self.assertEqual(self.env["mail.mail"].sudo().search_count([]), mails + 1)
        [row] = self.as_user(self.bob).due_calls()
        self.assertEqual(row["start"], "2030-03-14 13:30:00")

    def test_local_date_of_an_hour(self):
        """Z27: the activity is due on the user's day, whatever the day in UTC."""
        self.ana.tz = "Asia/Tokyo"
        activity = self.plan_at(datetime(2030, 3, 14, 23, 0), kind="task", date="2030-03-15")
        self.assertEqual(activity.date_deadline, fields.Date.to_date("2030-03-15"))
        self.assertEqual(activity.calendar_event_id.start, datetime(2030, 3, 14, 23, 0))
        self.assertFalse(activity.calendar_event_id.alarm_ids)

    def test_call_that_took_place_reminds_nobody(self):
        """Z27: an activity done before its hour takes its event out of the calendar."""
        activity = self.plan_at(fields.Datetime.now() + timedelta(days=2))
        event = activity.calendar_event_id
        mine = self.as_user(self.ana, "mail.activity")
        mine.browse(activity.id).action_feedback("Reached")
        self.assertFalse(event.active)
        past = self.plan_at(fields.Datetime.now() - timedelta(hours=1), index=2)
        mine.browse(past.id).action_feedback("Reached")
        self.assertTrue(past.calendar_event_id.active)

    # === UNKNOWN AND HIDDEN CALLERS === #

    def test_unknown_caller_becomes_a_contact_in_the_same_step(self):
        """Z27 Z28: contact, link and follow-up of an unknown caller are one request."""
        call = self.call_of_ana(from_=STRANGER)
        plan = {**PLAN, "res_model": "res.partner", "name": " Olga Nowak "}
        answer = self.as_user(self.ana).schedule_follow_up(call.uuid, "call", plan)
        partner = call.partner_id
        self.assertEqual(
            answer["record"],
            {
                "model": "res.partner",
                "id": partner.id,
                "name": "Olga Nowak",
            },
        )
        self.assertEqual(partner.phone_sanitized, STRANGER)
        self.assertEqual(self.activities(partner).id, answer["activity_id"])
        self.assertTrue(self.lines(call, partner))
        with self.assertRaisesRegex(UserError, "already"):
            self.as_user(self.ana).schedule_follow_up(call.uuid, "call", plan)
        self.assertEqual(len(self.activities(partner)), 1)

    def test_unknown_caller_becomes_a_lead_in_the_same_step(self):
        """Z27 Z28: without a name, the number names the lead."""
        call = self.call_of_ana(from_=STRANGER)
        plan = {**PLAN, "res_model": "crm.lead", "name": ""}
        self.as_user(self.ana).schedule_follow_up(call.uuid, "task", plan)
        self.assertEqual(call.lead_id.name, "Call with +32 470 99 98 88")
        self.assertEqual(call.lead_id.phone_sanitized, STRANGER)
        self.assertEqual(call.lead_id.company_id, self.company_a)
        self.assertTrue(self.activities(call.lead_id))

    def test_customer_is_saved_with_the_users_rights(self):
        """Z28: who may not create a lead cannot do it through a call; nor another model."""
        self.ring.agent_ids = [Command.set(self.agent_cleo.ids)]
        self.go_online(self.agent_cleo)
        call, _verbs = self.call_in_and_wait(from_=STRANGER)
        self.end(self.talk(call, self.agent_cleo, self.cleo), self.cleo)
        schedule = self.as_user(self.cleo).schedule_follow_up
        with self.assertRaises(AccessError):
            schedule(call.uuid, "call", {**PLAN, "res_model": "crm.lead", "name": "Olga"})
        with self.assertRaisesRegex(UserError, "a contact or a lead"):
            schedule(call.uuid, "call", {**PLAN, "res_model": "res.users", "name": "Olga"})
        self.assertFalse(call.partner_id | call.lead_id.partner_id)

    def test_follow_up_of_a_hidden_caller_is_on_the_call(self):
        """Z27: after every call, a follow-up can be planned; without a record, on the call."""
        call = self.call_of_ana(from_="anonymous")
        with self.assertRaisesRegex(UserError, "hidden"):
            self.as_user(self.ana).schedule_follow_up(
                call.uuid, "call", {**PLAN, "res_model": "res.partner", "name": "Olga"}
            )
        answer = self.as_user(self.ana).schedule_follow_up(call.uuid, "call", PLAN)
        self.assertEqual(answer["record"]["model"], "telephony.call")
        self.assertEqual(answer["record"]["id"], call.id)
        self.assertEqual(self.activities(call).id, answer["activity_id"])
        [row] = self.as_user(self.ana).due_calls()
        self.assertEqual((row["name"], row["number"]), ("Hidden number", False))
        with self.assertRaisesRegex(UserError, "cannot be assigned"):
            self.as_user(self.ana).schedule_follow_up(
                call.uuid, "call", {**PLAN, "user_id": self.ian.id}
            )

    def test_follow_up_of_an_unsaved_caller_can_be_called(self):
        """Z27: the due call of an unknown caller has the number of the call."""
        call = self.call_of_ana(from_=STRANGER)
        self.as_user(self.ana).schedule_follow_up(call.uuid, "call", PLAN)
        [row] = self.as_user(self.ana).due_calls()
        self.assertEqual((row["number"], row["reason"]), (STRANGER, False))

    def test_only_whose_call_it_is(self):
        """Z27: a user cannot report on another user's call."""
        call = self.call_of_ana()
        for user in (self.bob, self.sue, self.max, self.eva, self.ian, self.pia):
            calls = self.as_user(user)
            for method, *args in (
                ("wrap_up", {"note": "x"}),
                ("get_dispositions",),
                ("get_classification",),
                ("get_part",),
                ("schedule_follow_up", "call", PLAN),
                ("find_records",),
                ("link_record", "res.partner", self.partner.id),
            ):
                with self.assertRaises(AccessError):
                    getattr(calls, method)(call.uuid, *args)
        for uuid in ("", False, "no-such-call"):
            with self.assertRaises(AccessError):
                self.as_user(self.ana).wrap_up(uuid, {"note": "x"})


@tagged("post_install", "-at_install")
class TestWrapUp(EndedCalls):
    def setUp(self):
        super().setUp()
        self.interested = self.env.ref("crm_telephony.disposition_interested")
        self.wrong_number = self.env.ref("crm_telephony.disposition_wrong_number")

    def test_result_and_note_are_kept_and_stand_in_the_chatter(self):
        """Z19 Z27: the line in the chatter shows disposition and summary."""
        call = self.call_of_ana()
        answer = self.as_user(self.ana).wrap_up(
            call.uuid, {"disposition_id": self.interested.id, "note": "Oak, not steel"}
        )
        self.assertEqual(answer["disposition"]["name"], "Interested")
        self.assertEqual(answer["note"], "Oak, not steel")
        self.assertIn("Interested", call.message_id.body)
        self.assertIn("Oak, not steel", call.message_id.body)
        answer = self.as_user(self.ana).wrap_up(call.uuid, {"disposition_id": False})
        self.assertFalse(answer["disposition"])
        self.assertNotIn("Interested", call.message_id.body)
        self.assertEqual(call.note, "Oak, not steel")

    def test_results_fit_the_call(self):
        """Z27: “interested” needs a conversation; another company's dispositions are unknown."""
        foreign = self.env["telephony.disposition"].create(
            {
                "name": "Elsewhere",
                "company_id": self.company_b.id,
            }
        )
        spoken = self.call_of_ana()
        names = {row["name"] for row in self.as_user(self.ana).get_dispositions(spoken.uuid)}
        self.assertLessEqual({"Interested", "Wrong number"}, names)
        self.assertNotIn("Elsewhere", names)
        silent = self.dial()
        self.end(silent)
        rows = self.as_user(self.ana).get_dispositions(silent.uuid)
        self.assertNotIn("Interested", [row["name"] for row in rows])
        for wrong in (self.interested.id, foreign.id, -1):
            with self.assertRaisesRegex(UserError, "cannot be used for this call"):
                self.as_user(self.ana).wrap_up(silent.uuid, {"disposition_id": wrong})
        self.as_user(self.ana).wrap_up(silent.uuid, {"disposition_id": self.wrong_number.id})
        self.assertEqual(silent.disposition_id, self.wrong_number)

    def test_purpose_and_tags_are_chosen_in_the_end_window(self):
        """Z19: purpose and tags stand in the chatter's line and on the call."""
        Tag = self.env["telephony.call.tag"]
        oak, old, foreign = Tag.create(
            [
                {"name": "Oak"},
                {"name": "Old", "active": False},
                {"name": "Elsewhere", "company_id": self.company_b.id},
            ]
        )
        call = self.call_of_ana()
        ana = self.as_user(self.ana)
        choices = ana.get_classification(call.uuid)
        names = {tag["name"] for tag in choices["tags"]}
        self.assertIn("Oak", names)
        self.assertFalse(names & {"Old", "Elsewhere"})
        self.assertEqual((choices["purpose_id"], choices["tag_ids"]), (False, []))
        purpose = choices["purposes"][0]
        ana.wrap_up(call.uuid, {"purpose_id": purpose["id"]})
        ana.wrap_up(call.uuid, {"tag_ids": [oak.id]})
        self.assertEqual((call.purpose_id.id, call.tag_ids), (purpose["id"], oak))
        self.assertIn(purpose["name"], call.message_id.body)
        for wrong in (
            {"purpose_id": -1},
            {"tag_ids": [oak.id, foreign.id]},
            {"tag_ids": [old.id]},
        ):
            with self.subTest(wrong), self.assertRaisesRegex(UserError, "purpose or tag"):
                ana.wrap_up(call.uuid, wrong)
        for wrong in ({"tag_ids": "all"}, {"tag_ids": [True]}, {"purpose_id": oak.ids}):
            with self.subTest(wrong), self.assertRaisesRegex(UserError, "not valid"):
                ana.wrap_up(call.uuid, wrong)
        # What is archived later stays, and can be taken away.
        oak.active = False
        self.assertEqual(ana.get_classification(call.uuid)["tag_ids"], oak.ids)
        ana.wrap_up(call.uuid, {"tag_ids": [], "purpose_id": False})
        self.assertFalse(call.tag_ids or call.purpose_id)


@tagged("post_install", "-at_install")
class TestLink(EndedCalls):
    def test_the_line_in_the_chatter_moves(self):
        """Z28: the line moves with its call to another opportunity or a contact."""
        call = self.call_of_ana()
        self.assertTrue(self.lines(call, self.lead))
        other = self.lead.copy({"name": "Another order", "partner_id": False})
        answer = self.as_user(self.ana).link_record(call.uuid, "crm.lead", other.id)
        self.assertEqual(answer["record"]["id"], other.id)
        self.assertFalse(self.lines(call, self.lead))
        self.assertTrue(self.lines(call, other))
        self.assertEqual(call.partner_id, self.partner)
        answer = self.as_user(self.ana).link_record(call.uuid, "res.partner", self.partner.id)
        self.assertEqual(answer["record"]["model"], "res.partner")
        self.assertFalse(call.lead_id)
        self.assertTrue(self.lines(call, self.partner))

    def test_only_records_that_exist_and_may_be_read(self):
        """Z28: a call is linked only to an existing, readable record of a suitable model."""
        call = self.call_of_ana()
        link = self.as_user(self.ana).link_record
        hidden = self.lead.copy(
            {
                "company_id": self.company_b.id,
                "user_id": False,
                "partner_id": False,
            }
        )
        with self.assertRaises(AccessError):
            link(call.uuid, "crm.lead", hidden.id)
        with self.assertRaisesRegex(UserError, "kind of record"):
            link(call.uuid, "res.users", self.bob.id)
        gone = self.lead.copy()
        gone_id = gone.id
        gone.unlink()
        with self.assertRaisesRegex(UserError, "no longer exists"):
            link(call.uuid, "crm.lead", gone_id)
        self.assertEqual(call.lead_id, self.lead)

    def test_records_to_choose_from(self):
        """Z28: records with the number come first; a search finds others of the company."""
        twin = self.partner.copy({"name": "Zoe's colleague", "phone": self.partner.phone})
        self.partner.copy({"name": "Zoe in France", "company_id": self.company_b.id})
        call = self.call_of_ana()
        find = self.as_user(self.ana).find_records
        found = {(row["model"], row["id"]) for row in find(call.uuid)}
        self.assertLessEqual(
            {
                ("res.partner", self.partner.id),
                ("res.partner", twin.id),
                ("crm.lead", self.lead.id),
            },
            found,
        )
        [lead] = [row for row in find(call.uuid, "big order") if row["id"] == self.lead.id]
        self.assertEqual((lead["model"], lead["id"]), ("crm.lead", self.lead.id))
        names = [row["name"] for row in find(call.uuid, "Zoe")]
        self.assertNotIn("Zoe in France", names)
        hidden = self.call_of_ana(from_="anonymous", index=3)
        self.assertEqual(find(hidden.uuid), [])

    def test_a_phone_user_without_leads_is_offered_none(self):
        """Z28: unreadable records are not offered."""
        self.ring.agent_ids = [Command.set(self.agent_cleo.ids)]
        self.go_online(self.agent_cleo)
        call, _verbs = self.call_in_and_wait()
        self.end(self.talk(call, self.agent_cleo, self.cleo), self.cleo)
        models = {row["model"] for row in self.as_user(self.cleo).find_records(call.uuid)}
        self.assertEqual(models, {"res.partner"})

    def make_for(self, user, call, model="res.partner", **values):
        return (
            self.as_user(user, model)
            .with_context(telephony_call=call.uuid)
            .create(
                {
                    "name": "New",
                    "phone": STRANGER,
                    **values,
                }
            )
        )

    def test_record_made_for_an_unknown_customer_gets_the_call(self):
        """Z28: a contact or lead created from the call is linked to it."""
        first = self.call_of_ana(from_=STRANGER)
        second = self.call_of_ana(from_=STRANGER, index=2)
        partner = self.make_for(self.ana, first)
        self.assertEqual(first.partner_id, partner)
        self.assertTrue(self.lines(first, partner))
        self.assertEqual(self.notified(self.ana, "call_updated")[-1]["record"]["id"], partner.id)
        lead = self.make_for(self.ana, second, "crm.lead", partner_id=partner.id)
        self.assertEqual((second.lead_id, second.partner_id), (lead, partner))
        # The form continues to pass the call for the next record.
        self.make_for(self.ana, first)
        self.assertEqual(first.partner_id, partner)

    def test_record_made_while_it_rings(self):
        """Z17 Z28: from the card of an unknown caller, the rung agent creates the contact."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait(from_=STRANGER)
        partner = self.make_for(self.ana, call)
        self.assertEqual(call.partner_id, partner)

    def test_record_made_for_somebody_elses_call_changes_nothing(self):
        """Z28: the link applies only to a user's own call, and only to agents."""
        call = self.call_of_ana(from_=STRANGER)
        maker = self.env.ref("base.group_partner_manager")
        for user in (self.bob, self.max, self.ian):
            user.group_ids = [Command.link(maker.id)]
            self.make_for(user, call)
        self.assertFalse(call.partner_id)


@tagged("post_install", "-at_install")
class TestGiveBack(EndedCalls):
    def setUp(self):
        super().setUp()
        self.queue = self.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": self.company_a.id,
                "agent_ids": [Command.set(self.agent_bob.ids)],
            }
        )
        self.ring.write({"kind": "queue", "queue_id": self.queue.id})

    def test_a_caller_picked_up_without_a_microphone_keeps_the_place(self):
        """Z25: an agent who cannot connect gives the caller back, who keeps the place."""
        self.go_online(self.agent_bob, self.agent_cleo)
        call, _verbs = self.call_in()
        waiting_since = call.started_at
        self.assertTrue(self.as_user(self.cleo).pick_up(call.uuid)["accepted"])
        self.as_user(self.cleo).decline(call.uuid)
        self.assertEqual((call.state, call.user_id), ("queued", self.cleo.browse()))
        [row] = self.as_user(self.bob).queued_calls()
        self.assertEqual(row["uuid"], call.uuid)
        self.assertEqual(row["started_at"], fields.Datetime.to_string(waiting_since))
        self.assertEqual(row["company_id"], self.company_a.id)
        self.assertEqual(row["our_number_display"], "+32 2 555 01 80")

    def test_an_outgoing_call_is_not_given_back(self):
        """Z20: only incoming calls can be declined."""
        call = self.dial()
        with self.assertRaises(AccessError):
            self.as_user(self.ana).decline(call.uuid)
        self.assertEqual(call.user_id, self.ana)
        self.connect_browser(call, self.agent_ana, AGENT_LEG)
        self.end(call)
