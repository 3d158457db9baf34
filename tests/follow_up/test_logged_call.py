"""Calls logged by hand: values, rights, and how they are counted."""

from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..common import CUSTOMER, TelephonyCase


@tagged("post_install", "-at_install")
class TestLoggedCall(TelephonyCase):
    def log(self, user=None, **values):
        """Log a call as a user, and return it."""
        before = self.env["telephony.call"].search([])
        values = {
            "partner_id": self.partner.id,
            "started_at": fields.Datetime.now() - timedelta(hours=1),
            "minutes": 4.5,
            **values,
        }
        self.as_user(user or self.ana, "telephony.call.log").create(values).action_log()
        return self.env["telephony.call"].search([]) - before

    def test_call_is_logged_with_all_that_was_said(self):
        """Z30: a call made on another telephone is in the log, marked as logged by hand."""
        disposition = self.env.ref("crm_telephony.disposition_interested")
        purpose = self.env.ref("crm_telephony.purpose_sales")
        call = self.log(
            lead_id=self.lead.id,
            note="Met at the fair.",
            disposition_id=disposition.id,
            purpose_id=purpose.id,
        )
        self.assertEqual(
            (call.direction, call.state, call.outcome, call.duration, call.is_logged),
            ("outgoing", "ended", "answered", 270, True),
        )
        self.assertEqual(call.ended_at - call.answered_at, timedelta(seconds=270))
        self.assertEqual((call.user_id, call.company_id), (self.ana, self.company_a))
        self.assertEqual(call.customer_number, CUSTOMER)
        self.assertEqual((call.partner_id, call.lead_id), (self.partner, self.lead))
        self.assertEqual((call.disposition_id, call.purpose_id), (disposition, purpose))
        self.assertIn("Met at the fair.", call.message_id.body)
        self.assertIn("logged by hand", call.message_id.body)
        self.assertEqual(call.message_id.model, "crm.lead")
        self.assertFalse(call.leg_ids)
        # Her pages show it at once.
        self.assertIn(call.uuid, [data["uuid"] for data in self.notified(self.ana, "call_updated")])

    def test_form_proposes_the_number_of_the_record(self):
        logs = self.as_user(self.ana, "telephony.call.log")
        lead = self.lead.with_env(logs.env)
        form = Form(logs.with_context(**lead.action_view_telephony_calls()["context"]))
        self.assertEqual((form.lead_id, form.partner_id), (lead, lead.partner_id))
        self.assertEqual(form.number, self.partner.phone)
        partner = self.partner.with_env(logs.env)
        form = Form(logs.with_context(**partner.action_view_telephony_calls()["context"]))
        self.assertEqual((form.partner_id, form.number), (partner, partner.phone))

    def test_call_can_be_logged_from_list_and_cards(self):
        """A phone shows cards instead of the list, so both have the button."""
        action = self.env.ref("crm_telephony.telephony_call_log_action")
        calls = self.as_user(self.ana)
        for kind in ("list", "kanban"):
            arch = etree.fromstring(calls.get_view(view_type=kind)["arch"])
            self.assertEqual(
                arch.xpath("/*/header/button[@display='always']/@name"), [str(action.id)], kind
            )

    def test_call_that_has_just_ended_needs_no_other_date(self):
        logs = self.as_user(self.ana, "telephony.call.log")
        form = Form(logs)
        form.partner_id = self.partner.with_env(logs.env)
        form.minutes = 4.5
        form.save().action_log()
        logged = self.env["telephony.call"].search([("is_logged", "=", True)])
        self.assertEqual(logged.duration, 270)

    def test_date_returns_when_a_talk_time_is_corrected(self):
        """A slip (430 for 4:30) moves the date by hours, but only until it is corrected."""
        logs = self.as_user(self.ana, "telephony.call.log")
        form = Form(logs)
        opened = form.started_at
        form.minutes = 430
        self.assertSeconds(form.started_at, -430 * 60)
        form.minutes = 4.5
        self.assertSeconds(form.started_at, -270)
        form.minutes = 0
        self.assertEqual(form.started_at, opened)
        yesterday = opened - timedelta(days=1)
        form.started_at = yesterday
        form.minutes = 430
        self.assertEqual(form.started_at, yesterday)
        form.minutes = 4.5
        self.assertEqual(form.started_at, yesterday)

    def test_impossible_values_are_refused_in_sentences(self):
        now = fields.Datetime.now()
        for values, message in (
            ({"started_at": now + timedelta(hours=1)}, "must be over"),
            ({"started_at": now - timedelta(minutes=2)}, "must be over"),
            ({"minutes": 0}, "how long"),
            ({"minutes": -1}, "how long"),
            ({"minutes": 25 * 60, "started_at": now - timedelta(days=3)}, "how long"),
            ({"number": "12"}, "is not a phone number"),
            ({"number": "+32470123456" * 9_000}, "is not a phone number"),
            ({"note": "x" * 100_000}, "at most 20,000 characters"),
            ({"number": False, "partner_id": False}, "Enter the number"),
            ({"outgoing_outcome": False}, "outcome"),
        ):
            with (
                self.subTest(message),
                self.assertRaisesRegex(UserError, message),
                self.env.cr.savepoint(),
            ):
                self.log(**values)
        self.assertFalse(self.env["telephony.call"].search([("is_logged", "=", True)]))
        self.assertEqual(self.log(note="ä" * 20_000).note, "ä" * 20_000)

    def test_unanswered_call_has_no_talk_time(self):
        call = self.log(outgoing_outcome="busy")
        self.assertEqual((call.outcome, call.duration, call.answered_at), ("busy", 0, False))
        call = self.log(direction="incoming", incoming_outcome="missed")
        self.assertEqual((call.direction, call.outcome), ("incoming", "missed"))

    def test_only_phone_users_log_and_only_with_what_they_may_read(self):
        secret = self.env["crm.lead"].create(
            {"name": "Of the boss", "user_id": self.max.id, "company_id": self.company_a.id}
        )
        self.cleo.group_ids |= self.env.ref("sales_team.group_sale_salesman")
        foreign = self.env["res.partner"].create({"name": "B", "company_id": self.company_b.id})
        for user, values in (
            (self.ian, {}),
            (self.pia, {}),
            (self.cleo, {"lead_id": secret.id}),
            (self.cleo, {"partner_id": foreign.id, "number": CUSTOMER}),
            (self.cleo, {"company_id": self.company_b.id}),
        ):
            with (
                self.subTest(user=user.login, values=values),
                self.assertRaises(UserError),
                mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model"),
            ):
                self.log(user, **values)

    def test_dialog_of_another_user_is_closed(self):
        log = self.as_user(self.ana, "telephony.call.log").create({"partner_id": self.partner.id})
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            self.as_user(self.bob, "telephony.call.log").browse(log.id).action_log()

    def test_company_without_account_cannot_log(self):
        self.account.unlink()
        with self.assertRaisesRegex(UserError, "Connect a Twilio account"):
            self.log()

    def test_required_result_is_required(self):
        self.company_a.telephony_disposition_required = True
        with self.assertRaisesRegex(UserError, "requires one"):
            self.log()

    def test_logged_call_counts_but_not_as_wait(self):
        """Z30: reports count it, with its talk time; nobody has waited."""
        call = self.log(direction="incoming")
        row = self.env["telephony.call.report"].search([("call_id", "=", call.id)])
        self.assertEqual((row.call_count, row.talk_minutes, row.is_logged), (1, 4.5, True))
        [(wait, count)] = self.env["telephony.call.report"]._read_group(
            [("call_id", "=", call.id)], [], ["wait_seconds:avg", "call_count:sum"]
        )
        self.assertEqual((wait or 0, count), (0, 1))
        [(waits,)] = self.env["telephony.call.report"]._read_group(
            [("call_id", "=", call.id)], [], ["wait_seconds:count"]
        )
        self.assertEqual(waits, 0)

    def test_conversation_elsewhere_resolves_the_callback(self):
        missed = self.env["telephony.call"].create(
            {
                "account_id": self.account.id,
                "direction": "incoming",
                "state": "ended",
                "outcome": "missed",
                "number_id": self.number.id,
                "customer_number": CUSTOMER,
                "started_at": fields.Datetime.now() - timedelta(hours=2),
                "ended_at": fields.Datetime.now() - timedelta(hours=2),
            }
        )
        callback = self.env["telephony.callback"]._register_call(missed, "missed")
        self.log(outgoing_outcome="no_answer")
        self.assertEqual(callback.state, "open")
        call = self.log()
        self.assertEqual((callback.state, callback.done_call_id), ("done", call))
