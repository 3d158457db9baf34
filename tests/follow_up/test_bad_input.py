"""What reality throws at a call: odd notes, deleted records, erased calls, another company."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import CALLER_LEG
from .test_follow_up import PLAN, EndedCalls

NOTES = {
    "markup": "<script>alert(1)</script> <b>bold</b> & \"quotes\" 'too'",
    "emoji": "👩‍👩‍👧 wants 🪑🪑",
    "right to left": "שלום \u202eevil\u202c",
    "lines": "one\r\n\n\ttwo\x0b",
    "longest": "ä" * 20_000,
}


@tagged("post_install", "-at_install")
class TestBadInput(EndedCalls):
    def test_notes_are_kept_as_typed(self):
        """Z19: markup, emoji, right-to-left marks and 20,000 letters are text, nothing else."""
        call = self.call_of_ana()
        ana = self.as_user(self.ana)
        for name, note in NOTES.items():
            with self.subTest(name):
                ana.save_note(call.uuid, note)
                self.assertEqual(call.note, note)
                self.assertEqual(ana.get_part(call.uuid)["note"], note)
                self.assertNotIn("<script>", call.message_id.body)
                self.assertNotIn("<b>", call.message_id.body)
                # The list of calls finds it.
                self.assertIn(call.id, ana.search([("note", "ilike", note[:9])]).ids)
        for note in ("a\0b", "\ud800"):
            with self.assertRaisesRegex(UserError, "not valid"):
                ana.save_note(call.uuid, note)
        self.assertEqual(call.note, NOTES["longest"])

    def test_too_long_notes_are_refused_everywhere(self):
        """Z19: softphone, form and dialog give the same reason."""
        call = self.call_of_ana()
        ana = self.as_user(self.ana)
        long = "x" * 100_000
        for save in (
            lambda: ana.save_note(call.uuid, long),
            lambda: ana.wrap_up(call.uuid, {"note": long, "done": True}),
            lambda: ana.browse(call.id).write({"note": long}),
        ):
            with self.assertRaisesRegex(UserError, "at most 20,000 characters"):
                save()
        self.assertFalse(call.note)

    def test_limit_in_a_refusal_is_written_as_the_reader_groups_digits(self):
        self.env["res.lang"]._activate_lang("de_DE")
        call = self.call_of_ana()
        reader = self.as_user(self.ana).with_context(lang="de_DE")
        with self.assertRaisesRegex(UserError, r"20\.000"):
            reader.save_note(call.uuid, "x" * 100_000)

    def test_records_deleted_during_the_call_leave_it_usable(self):
        """Z27 Z28: note, result, follow-up and Done work without contact and opportunity."""
        call = self.talk()
        self.assertTrue(call.lead_id and call.partner_id)
        self.lead.unlink()
        self.partner.unlink()
        ana = self.as_user(self.ana)
        self.assertFalse(call.lead_id or call.partner_id)
        ana.save_note(call.uuid, "Wants oak.")
        self.tell_leg(call, CALLER_LEG, "completed")
        part = ana.get_part(call.uuid)
        self.assertEqual((part["state"], part["record"]), ("ended", False))
        self.assertEqual(part["customer"]["number"], call.customer_number)
        planned = ana.schedule_follow_up(call.uuid, "call", PLAN)
        self.assertEqual(planned["record"]["model"], "telephony.call")
        solved = self.env.ref("crm_telephony.disposition_solved")
        ana.wrap_up(call.uuid, {"disposition_id": solved.id, "done": True})
        self.assertEqual((call.note, call.disposition_id), ("Wants oak.", solved))

    def test_records_deleted_after_the_call_leave_the_end_window_usable(self):
        """Z28: the note of a deleted record is gone; the call keeps the summary."""
        call = self.call_of_ana()
        lead, partner = self.lead.id, self.partner.id
        self.lead.unlink()
        ana = self.as_user(self.ana)
        ana.save_note(call.uuid, "Wants oak.")
        self.assertIn("Wants oak.", str(self.partner.message_ids[0].body))
        with self.assertRaisesRegex(UserError, "no longer exists"):
            ana.link_record(call.uuid, "crm.lead", lead)
        self.partner.unlink()
        ana.save_note(call.uuid, "Wants teak.")
        with self.assertRaisesRegex(UserError, "no longer exists"):
            ana.link_record(call.uuid, "res.partner", partner)
        self.assertEqual(call.note, "Wants teak.")
        ana.wrap_up(call.uuid, {"done": True})

    def test_due_call_deleted_during_its_call_leaves_it_usable(self):
        """Z28: an activity that somebody deletes or marks as done meanwhile is no error."""
        due = self.partner.activity_schedule(
            "mail.mail_activity_data_call", user_id=self.ana.id, summary="Ask about the desks"
        )
        call = self.dial(activity_id=due.id)
        self.assertEqual(call.activity_id, due)
        due.unlink()
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        self.tell_leg(call, self.customer(call).provider_leg_id, "in-progress")
        ana = self.as_user(self.ana)
        ana.wrap_up(call.uuid, {"note": "Wants oak."})
        self.end(call)
        self.assertFalse(call.activity_id)
        ana.schedule_follow_up(call.uuid, "call", PLAN)
        ana.wrap_up(call.uuid, {"done": True})
        self.assertEqual((call.note, call.partner_id), ("Wants oak.", self.partner))

    def test_anonymized_call_takes_no_note(self):
        """A page that still shows the end window cannot bring back what was erased."""
        call = self.call_of_ana()
        ana = self.as_user(self.ana)
        purpose = self.env.ref("crm_telephony.purpose_support")
        ana.wrap_up(call.uuid, {"done": True})
        call._anonymize()
        for change in (
            lambda: ana.save_note(call.uuid, "Zoe wants oak."),
            lambda: ana.wrap_up(call.uuid, {"note": "Zoe wants oak."}),
            lambda: ana.wrap_up(call.uuid, {"purpose_id": purpose.id}),
            lambda: ana.link_record(call.uuid, "res.partner", self.partner.id),
        ):
            with self.assertRaisesRegex(UserError, "anonymized"):
                change()
        self.assertFalse(call.note or call.partner_id or call.purpose_id)
        # An unchanged note, as of the field that loses the focus, is no error to the user.
        self.assertTrue(ana.wrap_up(call.uuid, {"done": True}))

    def test_deleted_call_ends_its_wrap_up(self):
        """The agent of a deleted call is available again, and the end window can be closed."""
        self.company_a.telephony_wrap_up_seconds = 120
        self.company_a.telephony_disposition_required = True
        call = self.call_of_ana()
        uuid = call.uuid
        self.assertEqual(self.agent_ana.wrap_up_call_id, call)
        self.as_user(self.max).browse(call.id).unlink()
        self.assertFalse(self.agent_ana.wrap_up_call_id)
        self.assertEqual(self.agent_ana.state, "available")
        self.assertEqual(self.notified(self.ana, "wrap_up_ended")[-1]["uuid"], uuid)
        self.assertFalse(self.notified(self.ana, "agent_updated")[-1]["wrap_up"])
        with self.assertRaises(AccessError):
            self.as_user(self.ana).save_note(uuid, "Too late")

    def test_running_call_is_not_deleted(self):
        """Without its row, the conversation would go on unseen, and be paid for."""
        call = self.talk()
        with self.assertRaisesRegex(UserError, "after it has ended"):
            self.as_user(self.max).browse(call.id).unlink()

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_page_of_another_company_says_that_it_is_not_its_call(self):
        """A tab with another company neither shows nor changes the call; the first tab does."""
        self.ana.company_ids += self.company_b
        call = self.talk()
        other = self.as_user(self.ana).with_context(allowed_company_ids=self.company_b.ids)
        for method, *args in (
            ("save_note", "x"),
            ("get_part",),
            ("wrap_up", {}),
            ("get_dispositions",),
            ("get_classification",),
            ("get_card",),
            ("find_records",),
            ("link_record", "res.partner", self.partner.id),
            ("schedule_follow_up", "call", PLAN),
        ):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(other, method)(call.uuid, *args)
        self.assertEqual(other.recent_calls()["calls"], [])
        self.assertEqual(call.state, "in_progress")
        both = (self.company_b | self.company_a).ids
        for companies in (both, self.company_a.ids):
            ana = self.as_user(self.ana).with_context(allowed_company_ids=companies)
            ana.save_note(call.uuid, f"{companies}")
            self.assertEqual(call.note, f"{companies}")
        # Whatever the page shows, its user can hang up.
        self.assertEqual(other.hang_up(call.uuid)["state"], "ended")
        self.assertEqual(call.state, "ended")
        with self.assertRaises(AccessError):
            other.browse(call.id).write({"note": "x"})
        self.assertEqual(other.recent_calls()["calls"], [])
        [row] = self.as_user(self.ana).recent_calls()["calls"]
        self.assertEqual(row["uuid"], call.uuid)
