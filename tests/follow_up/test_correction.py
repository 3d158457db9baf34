"""Corrections of a call in its form: who may make them, what may be corrected, and what follows."""

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..common import CUSTOMER, TelephonyHttpCase

CORRECTABLE = {"note", "disposition_id", "partner_id", "lead_id", "purpose_id", "tag_ids"}
# Fields of the chatter and the activities, which have access rules of their own.
OF_CHATTER = ("message_", "activity_", "my_activity_", "website_message_", "rating_")


@tagged("post_install", "-at_install")
class TestCorrection(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.call = self.make_call()

    def make_call(self, **values):
        return self.env["telephony.call"].create(
            {
                "account_id": self.account.id,
                "direction": "outgoing",
                "state": "ended",
                "outcome": "answered",
                "answered_at": fields.Datetime.now(),
                "ended_at": fields.Datetime.now(),
                "duration": 42,
                "user_id": self.ana.id,
                "customer_number": CUSTOMER,
                "partner_id": self.partner.id,
                "is_logged": True,
                **values,
            }
        )

    def as_seen_by(self, user):
        return self.as_user(user).browse(self.call.id)

    def test_agent_corrects_the_own_call_and_the_chatter_follows(self):
        """Z19 Z30: summary, result, purpose, tags and links are corrected in the form."""
        self.call._post_log()
        purpose = self.env.ref("crm_telephony.purpose_support")
        tag = self.env["telephony.call.tag"].create({"name": "Oak"})
        disposition = self.env.ref("crm_telephony.disposition_solved")
        other = self.partner.copy({"name": "Yan Maes"})
        moment = self.call.message_id.date = fields.Datetime.from_string("2026-01-05 10:00:00")
        call = self.as_seen_by(self.ana)
        with Form(call) as form:
            form.note = "Wants oak."
            form.disposition_id = disposition
            form.purpose_id = purpose
            form.tag_ids.add(tag)
            form.partner_id = other
        self.env.flush_all()
        self.assertEqual(call.note, "Wants oak.")
        self.assertEqual(call.sudo().tag_ids, tag)
        log = self.call.message_id
        self.assertEqual((log.model, log.res_id, log.date), ("res.partner", other.id, moment))
        for text in ("Wants oak.", purpose.name, disposition.name):
            self.assertIn(text, log.body)
        self.assertFalse(self.partner.message_ids.filtered(lambda one: "Outgoing call" in one.body))
        self.assertTrue(self.notified(self.ana, "call_updated"))

    def test_correction_is_tracked_and_the_work_of_the_system_is_not(self):
        # Nothing of the transaction that creates a call is tracked.
        self.env.cr.flush()
        self.call.write({"note": "by the system", "partner_id": False})
        self.as_seen_by(self.ana).write({"note": "by Ana"})
        self.env.cr.flush()
        [message] = self.call.message_ids
        self.assertEqual(message.author_id, self.ana.partner_id)
        [change] = message.sudo().tracking_value_ids
        self.assertEqual(
            (change.old_value_text, change.new_value_text), ("by the system", "by Ana")
        )

    def test_completed_activity_follows(self):
        activity = self.lead.activity_schedule(
            "mail.mail_activity_data_call", user_id=self.ana.id, summary="Call Zoe"
        )
        self.call.activity_id = activity
        self.call._complete_activity(activity)
        self.as_seen_by(self.ana).write({"note": "She ordered."})
        self.assertIn("She ordered.", activity.feedback)

    def test_only_who_talked_and_supervisors_correct(self):
        for user in (self.ana, self.sue, self.max):
            with self.subTest(user.login):
                self.as_seen_by(user).write({"note": user.name})
                self.assertEqual(self.call.note, user.name)
                self.assertTrue(self.as_seen_by(user).is_correctable)
        # Bob has handed the call over, so he may read it.
        self.env["telephony.transfer"].create(
            {
                "call_id": self.call.id,
                "user_id": self.bob.id,
                "kind": "agent",
                "agent_id": self.agent_ana.id,
                "mode": "blind",
                "state": "done",
            }
        )
        self.assertEqual(self.as_seen_by(self.bob).note, self.max.name)
        self.assertFalse(self.as_seen_by(self.bob).is_correctable)
        for user in (self.bob, self.cleo, self.ian, self.eva, self.pia, self.public):
            with (
                self.subTest(user.login),
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model"),
            ):
                self.as_seen_by(user).write({"note": "mine"})
        self.assertEqual(self.call.note, self.max.name)

    def test_no_other_field_is_written_by_users(self):
        """Each stored field is tried, also by an administrator, and beside an allowed one."""
        call = self.as_seen_by(self.max)
        for name, field in call._fields.items():
            if name in CORRECTABLE or name.startswith(OF_CHATTER) or not field.store:
                continue
            if name in ("id", "create_uid", "create_date", "write_uid", "write_date"):
                continue  # ignored by the ORM itself
            value = [] if field.type in ("one2many", "many2many") else self.call[name]
            value = value.id if field.type == "many2one" else value
            for values in ({name: value}, {"note": "x", name: value}):
                with (
                    self.subTest(name),
                    self.assertRaises(AccessError),
                    mute_logger("odoo.addons.base.models.ir_model"),
                ):
                    call.write(values)
        self.assertFalse(self.call.note)
        with self.assertRaises(AccessError):
            self.as_user(self.ana).create({"account_id": self.account.id, "direction": "incoming"})
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
            self.as_seen_by(self.ana).unlink()

    def test_running_and_anonymized_calls_are_left_alone(self):
        self.call.state = "in_progress"
        with self.assertRaisesRegex(UserError, "after it has ended"):
            self.as_seen_by(self.ana).write({"note": "x"})
        self.call.write({"state": "ended", "anonymized_at": fields.Datetime.now()})
        with self.assertRaisesRegex(UserError, "anonymized"):
            self.as_seen_by(self.ana).write({"note": "x"})

    def test_call_is_linked_to_readable_records_of_its_company_only(self):
        foreign = self.env["res.partner"].create(
            {"name": "Beta's", "company_id": self.company_b.id}
        )
        secret = self.env["crm.lead"].create(
            {"name": "Of the boss", "user_id": self.max.id, "company_id": self.company_a.id}
        )
        hidden = self.env["res.partner"].create({"name": "Hidden", "function": "secret"})
        self.env["ir.rule"].create(
            {
                "name": "No secrets",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": "[('function', '!=', 'secret')]",
            }
        )
        self.cleo.group_ids |= self.env.ref("sales_team.group_sale_salesman")
        self.call.user_id = self.cleo
        for values in (
            {"partner_id": foreign.id},
            {"partner_id": hidden.id},
            {"lead_id": secret.id},
            {"lead_id": 2**30},
        ):
            with (
                self.subTest(values=values),
                self.assertRaises(UserError),
                mute_logger("odoo.addons.base.models.ir_rule"),
            ):
                self.as_seen_by(self.cleo).write(values)
        self.assertEqual(self.call.partner_id, self.partner)
        self.assertFalse(self.call.lead_id)

    def test_opportunity_brings_its_contact(self):
        self.call.partner_id = False
        self.as_seen_by(self.ana).write({"lead_id": self.lead.id})
        self.assertEqual(self.call.partner_id, self.partner)

    def test_result_fits_the_call(self):
        self.call.write({"answered_at": False, "outcome": "no_answer"})
        answered_only = self.env.ref("crm_telephony.disposition_interested")
        with self.assertRaisesRegex(UserError, "cannot be used"):
            self.as_seen_by(self.ana).write({"disposition_id": answered_only.id})
        self.call.write({"answered_at": fields.Datetime.now(), "outcome": "answered"})
        self.as_seen_by(self.ana).write({"disposition_id": answered_only.id})
        self.company_a.telephony_disposition_required = True
        with self.assertRaisesRegex(UserError, "requires one"):
            self.as_seen_by(self.ana).write({"disposition_id": False})

    def test_purpose_and_tag_of_another_company_are_refused(self):
        for model, name in (("telephony.call.purpose", "purpose_id"), ("telephony.call.tag", "")):
            foreign = self.env[model].create({"name": "Beta", "company_id": self.company_b.id})
            value = foreign.id if name else [Command.link(foreign.id)]
            with self.subTest(model), self.assertRaises(UserError):
                self.as_seen_by(self.ana).write({name or "tag_ids": value})
            self.assertNotIn(foreign, self.as_user(self.ana, model).search([]))

    def test_readers_plan_activities_and_others_do_not(self):
        """A call has activities and a chatter, for everybody who may read it."""
        self.as_seen_by(self.ana).activity_schedule(
            "mail.mail_activity_data_todo", summary="Send the offer", user_id=self.ana.id
        )
        self.as_seen_by(self.ana).message_post(body="Who is this?")
        self.assertEqual(self.call.activity_ids.summary, "Send the offer")
        with (
            self.assertRaises(AccessError),
            mute_logger("odoo.addons.base.models.ir_rule"),
        ):
            self.as_seen_by(self.cleo).message_post(body="Let me in")

    def test_erasure_includes_chatter_and_activities(self):
        call = self.as_seen_by(self.ana)
        call.write({"note": "She is ill."})
        call.message_post(body="Zoe is ill.")
        call.activity_schedule("mail.mail_activity_data_todo", summary="Ask Zoe")
        done = call.activity_schedule("mail.mail_activity_data_todo", summary="Zoe!")
        done.action_feedback(feedback="Zoe is well.")
        self.env.cr.flush()
        self.call._anonymize()
        self.assertFalse(self.call.message_ids)
        self.assertFalse(self.call.with_context(active_test=False).activity_ids)

    def test_webhooks_write_no_message(self):
        """A call from its first ring to its end leaves its chatter empty."""
        context = dict(self.env.context)
        context.pop("tracking_disable")
        self.env = self.env(context=context)
        call = self.talk()
        self.tell_leg(call, call._get_customer_leg().provider_leg_id, "completed")
        self.assertEqual(call.state, "ended")
        self.env.cr.flush()
        self.assertFalse(call.message_ids)
        self.assertFalse(call.message_follower_ids)

    def test_own_fields_are_written_by_those_who_correct(self):
        """A field that a customer has added is an ordinary field."""
        self.env["ir.model.fields"].create(
            {
                "name": "x_budget",
                "model_id": self.env["ir.model"]._get_id("telephony.call"),
                "ttype": "integer",
                "field_description": "Budget",
            }
        )
        self.as_seen_by(self.ana).write({"x_budget": 500})
        self.assertEqual(self.call.x_budget, 500)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            self.as_seen_by(self.cleo).write({"x_budget": 1})

    def test_calls_are_found_by_name_and_by_number_written_in_any_way(self):
        calls = self.as_user(self.ana)
        numbers = ("0470 12 34 56", "+32 470 12 34 56", "0470/12.34.56", "0032 (0)470", "470123")
        for text in ("zoe", "Peeters", *numbers, "٠٤٧٠ ١٢ ٣٤", "\u200e+32 470 12"):
            with self.subTest(text):
                self.assertIn(self.call.id, calls.search([("display_name", "ilike", text)]).ids)
                self.assertIn(self.call.id, [found for found, _name in calls.name_search(text)])
        for text in ("0471", "0471 12 34 56", "Zo 0470"):
            self.assertNotIn(self.call.id, calls.search([("display_name", "ilike", text)]).ids)
        # A company in another country finds the number as its own callers write it, too.
        self.company_a.country_id = self.env.ref("base.us")
        self.assertIn(self.call.id, calls.search([("display_name", "ilike", "0470 12 34 56")]).ids)
