"""Calls are anonymized in time; a caller can be erased, here and at Twilio."""

import logging
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..common import CUSTOMER, LOGGER, TOKEN_B, TelephonyHttpCase, leg_sid

OTHER = "+32470999888"
NOTE = "Zoe said that she is ill."
# Texts of a call that are ours, or describe the technique: no person.
TECHNICAL = {
    "telephony_call.goodbye",
    "telephony_call.request_uuid",
    "telephony_call.uuid",
    "telephony_call_leg.end_reason",
    "telephony_call_leg.failure_code",
    "telephony_call_leg.label",
    "telephony_call_leg.left_reason",
    "telephony_call_leg.price_currency",
    # With it the provider's copy is deleted afterwards.
    "telephony_recording.provider_recording_id",
}
WIZARD = f"{LOGGER}.wizard.telephony_erasure"


@tagged("post_install", "-at_install")
class TestPrivacy(TelephonyHttpCase):
    """Old calls are anonymized, and a caller can be erased."""

    def setUp(self):
        super().setUp()
        self.env["telephony.call"].search([("customer_number", "in", (CUSTOMER, OTHER))]).unlink()
        self.last = 300
        # Other tests, and the demonstration data, have left rows about the same number.
        self.env.cr.execute(
            """SELECT 'mail_activity', coalesce(max(id), 0) FROM mail_activity UNION ALL
               SELECT 'mail_message', coalesce(max(id), 0) FROM mail_message UNION ALL
               SELECT 'telephony_callback', coalesce(max(id), 0) FROM telephony_callback"""
        )
        self.older = dict(self.env.cr.fetchall())

    def make_call(self, number=CUSTOMER, **kwargs):
        """Return an ended call of a caller and Ana, with a note and a recording."""
        self.last += 2
        call, _verbs = self.call_in(from_=number, sid=leg_sid(self.last), **kwargs)
        self.tell_leg(call, call.provider_call_id, "completed", 9)
        recording = self.env["telephony.recording"].create(
            {
                "call_id": call.id,
                "account_id": call.account_id.id,
                "kind": "voicemail",
                "provider_recording_id": f"RE{self.last:032x}",
                "state": "stored",
                "recorded_at": call.started_at,
            }
        )
        recording.attachment_id = self.env["ir.attachment"].create(
            {
                "name": "x.wav",
                "raw": b"sound",
                "res_model": recording._name,
                "res_id": recording.id,
                "res_field": "attachment_id",
            }
        )
        call.note = NOTE
        call._update_log()
        # The bus of the tests only collects messages.
        self.env.cr.execute(
            "INSERT INTO bus_bus (channel, message) VALUES ('x', %s)",
            (f'{{"uuid": "{call.uuid}", "number": "{number}"}}',),
        )
        self.env.flush_all()
        self.assertEqual(call.state, "ended")
        return call

    def find_everywhere(self, *texts):
        """Return the columns of the telephone, the chatter and the bus that contain a text."""
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT table_name, column_name FROM information_schema.columns
             WHERE (table_name LIKE 'telephony%'
                    OR table_name IN ('bus_bus', 'mail_activity', 'mail_message'))
               AND data_type IN ('character varying', 'text', 'jsonb') AND table_schema = 'public'
        """)
        found = set()
        for table, column in self.env.cr.fetchall():
            self.env.cr.execute(
                SQL(
                    "SELECT 1 FROM %s WHERE %s::text LIKE ANY(%s) AND id > %s LIMIT 1",
                    SQL.identifier(table),
                    SQL.identifier(column),
                    [f"%{text}%" for text in texts],
                    self.older.get(table, 0),
                )
            )
            if self.env.cr.fetchone():
                found.add(f"{table}.{column}")
        return found

    def erase(self, record, user=None):
        """Press the button of the action as a user and return the window."""
        wizards = self.as_user(user or self.max, "telephony.erasure").with_context(
            active_model=record._name, active_id=record.id, active_ids=record.ids
        )
        wizard = wizards.create({})
        with self.assertLogs(WIZARD, logging.INFO) as log:
            wizard.action_erase()
        self.assertNotIn(record.display_name, "".join(log.output))
        self.env.invalidate_all()
        return wizard

    def test_erased_contact_is_found_nowhere_and_figures_stay(self):
        call = self.make_call()
        self.assertTrue(call.callback_id and call.message_id and call.event_ids)
        figures = call.read(["started_at", "ended_at", "outcome", "wait_duration", "number_id"])
        callback, message = call.callback_id, call.message_id
        activity, attachment = callback.activity_id, call.recording_ids.attachment_id
        before = self.find_everywhere(CUSTOMER, NOTE)
        self.assertLessEqual(
            {
                "telephony_call.customer_number",
                "telephony_call.note",
                "telephony_call_leg.number",
                "telephony_callback.customer_number",
                "bus_bus.message",
            },
            before,
        )
        self.assertTrue(self.partner.phone_sanitized)
        wizard = self.erase(self.partner)
        self.assertIn("1 calls, 1 recordings and 1 callbacks", wizard.result)
        self.assertFalse(
            self.find_everywhere(
                CUSTOMER, NOTE, "+32 470 12 34 56", self.partner.name, leg_sid(self.last)
            )
        )
        self.assertEqual(call.read(list(figures[0])), figures)
        self.assertFalse(call.partner_id | callback.partner_id)
        for records in (message, activity, attachment, call.event_ids):
            self.assertFalse(records.exists())
        self.assertEqual((callback.state, callback.customer_display), ("canceled", "Anonymized"))
        self.assertEqual((call.customer_display, call.anonymized_by_id), ("Anonymized", self.max))
        self.assertTrue(call.anonymized_at)
        # Twilio's copy is deleted, too, and the line proves it.
        self.run_after_commit()
        self.assertEqual(len(self.provider.sent("delete_recording")), 1)
        self.assertTrue(call.recording_ids.deleted_at_provider)
        self.assertEqual(call.recording_ids.deleted_by_id, self.max)

    def fill_texts(self, call, text):
        """Write a text into every column of a call, and of the rows that belong to it.

        :return: the columns
        :rtype: set
        """
        self.env.flush_all()
        filled = set()
        for model in self.env.values():
            if not model._auto or not model._name.startswith("telephony.") or model._transient:
                continue
            link = "id" if model == call.browse() else "call_id"
            if link == "call_id" and not (link in model._fields and model._fields[link].store):
                continue
            for field in model._fields.values():
                column = f"{model._table}.{field.name}"
                if not field.store or field.type not in ("char", "text", "html", "json"):
                    continue
                if column in TECHNICAL:
                    continue
                # Some columns are unique.
                value = SQL("%s || id", f"{text} ")
                self.env.cr.execute(
                    SQL(
                        "UPDATE %s SET %s = %s WHERE %s = %s",
                        SQL.identifier(model._table),
                        SQL.identifier(field.name),
                        SQL("to_jsonb(%s)", value) if field.type == "json" else value,
                        SQL.identifier(link),
                        call.id,
                    )
                )
                if self.env.cr.rowcount:
                    filled.add(column)
        self.env.invalidate_all()
        return filled

    def test_no_text_of_an_anonymized_call_remains(self):
        """Every text of a call may describe its customer; a new field must be decided about."""
        call = self.make_transferred_call()
        self.env["mail.activity"].create(
            {
                "res_model_id": self.env["ir.model"]._get_id("crm.lead"),
                "res_id": self.lead.id,
                "user_id": self.ana.id,
                "telephony_call_id": call.id,
                "feedback": "a secret word",
            }
        )
        filled = self.fill_texts(call, "a secret word")
        self.assertLessEqual({"telephony_call.note", "telephony_call_leg.refusal"}, filled)
        call._anonymize()
        self.assertFalse(self.find_everywhere("a secret word"))

    def test_caller_who_is_no_contact_is_erased_by_a_call_or_a_callback(self):
        for name in ("call", "callback"):
            with self.subTest(name):
                calls = [self.make_call(OTHER), self.make_call(OTHER)]
                record = calls[0] if name == "call" else calls[0].callback_id
                self.erase(record)
                self.assertFalse(self.find_everywhere(OTHER))
                with self.assertRaises(UserError):
                    self.erase(record)

    def test_number_that_was_asked_in_calls_with_others_is_erased(self):
        call = self.make_call()
        self.env["telephony.transfer"].create(
            {
                "call_id": call.id,
                "user_id": self.ana.id,
                "mode": "blind",
                "kind": "number",
                "number": OTHER,
                "state": "done",
            }
        )
        call.leg_ids[0].copy(
            {
                "role": "consulted",
                "label": "c",
                "number": OTHER,
                "provider_leg_id": False,
            }
        )
        call._add_timeline("text", text="Ana transferred the call to +32 470 99 98 88.")
        call._add_timeline("text", text="Ana leaves.")
        self.erase(self.make_call(OTHER))
        self.assertFalse(self.find_everywhere(OTHER, "470 99 98 88"))
        self.assertIn("Ana leaves.", call.timeline)
        self.assertEqual(call.customer_number, CUSTOMER)

    def test_number_to_which_a_call_was_transferred_leaves_its_log_note_and_the_bus(self):
        """The log note of another customer's call names who had the customer, in order."""
        call = self.make_transferred_call()
        self.assertIn("470 99 98 88", call.message_id.body)
        self.env.cr.execute(
            "INSERT INTO bus_bus (channel, message) VALUES ('x', %s)",
            (f'{{"uuid": "{call.uuid}", "transfer_path": "Ana 0:01 → +32 470 99 98 88"}}',),
        )
        self.erase(self.make_call(OTHER))
        self.assertFalse(self.find_everywhere(OTHER, "470 99 98 88"))
        self.assertIn("Ana", call.message_id.body)

    def test_numbers_of_verifications_are_erased(self):
        """A number that was typed elsewhere is forgotten: after the hour of the limits, at once."""
        ledger = self.env["telephony.dialed.leg"]
        old, new = (ledger._count(self.company_a, self.ana, "verification", OTHER) for _row in "ab")
        old.dialed_at -= timedelta(hours=2)
        self.erase(self.make_call(OTHER))
        self.assertEqual((old.number, new.number), (False, OTHER))

    def test_number_in_a_running_call_with_another_customer_stays_and_is_named(self):
        """A third party who is being called must not lose the number in between."""
        running, _verbs = self.call_in(sid=leg_sid(700))
        running.leg_ids[0].copy(
            {"role": "consulted", "label": "c", "number": OTHER, "provider_leg_id": False}
        )
        wizard = self.erase(self.make_call(OTHER))
        self.assertIn("in progress", wizard.result)
        self.assertIn(OTHER, running.leg_ids.mapped("number"))

    def make_transferred_call(self):
        """Return an ended call of a customer whom Ana has transferred to another caller."""
        call = self.make_call()
        moment = call.started_at
        call.write({"user_id": False, "answered_at": moment, "outcome": "answered"})
        self.env["telephony.transfer"].create(
            {
                "call_id": call.id,
                "user_id": self.ana.id,
                "mode": "blind",
                "kind": "number",
                "number": OTHER,
                "state": "done",
                "ended_at": moment,
            }
        )
        call._update_log()
        return call

    def test_other_callers_companies_and_shared_numbers_are_untouched(self):
        twin = self.partner.copy({"name": "Yves", "phone": self.partner.phone})
        others = self.make_call(OTHER)
        twins = self.make_call()
        twins.partner_id = twin
        self.last += 2
        self.ask(
            "voice",
            {
                "AccountSid": self.account_b.sudo().account_sid,
                "CallSid": leg_sid(self.last),
                "From": CUSTOMER,
                "To": self.number_b.number,
                "CallStatus": "ringing",
            },
            sign=TOKEN_B,
        )
        foreign = self.env["telephony.call"].search([("provider_call_id", "=", leg_sid(self.last))])
        self.assertEqual(foreign.company_id, self.company_b)
        before = [call.read() for call in (others, twins, foreign)]
        own = self.make_call()
        own.partner_id = self.partner
        self.erase(self.partner)
        self.assertTrue(own.anonymized_at)
        self.assertEqual([call.read() for call in (others, twins, foreign)], before)

    def test_running_and_held_calls_stay_and_are_named(self):
        held = self.make_call()
        held.recording_ids.legal_hold = True
        running, _verbs = self.call_in(sid=leg_sid(700))
        wizard = self.erase(self.partner)
        self.assertIn("legal hold", wizard.result)
        self.assertIn("in progress", wizard.result)
        self.assertEqual((held.note, held.recording_ids.state), (NOTE, "stored"))
        self.assertEqual((running.customer_number, running.state), (CUSTOMER, "routing"))

    def test_blocked_number_stays_and_is_named(self):
        call = self.make_call()
        blocked = self.env["telephony.blocked.number"].create(
            {
                "number": CUSTOMER,
                "company_id": self.company_a.id,
            }
        )
        self.assertIn("remains blocked", self.erase(call).result)
        self.assertEqual(blocked.number, CUSTOMER)

    def test_only_an_administrator_erases_and_sees_own_windows(self):
        call = self.make_call()
        for user in (self.ana, self.sue, self.ian, self.eva):
            with (
                self.subTest(user.login),
                self.assertRaises(AccessError),
                mute_logger(
                    "odoo.addons.base.models.ir_model",
                    "odoo.addons.base.models.ir_access",
                    "odoo.addons.base.models.ir_rule",
                ),
            ):
                self.as_user(user, "telephony.erasure").with_context(
                    active_model="telephony.call", active_id=call.id
                ).create({}).action_erase()
        wizard = self.erase(call)
        self.assertFalse(
            self.as_user(self.eva, "telephony.erasure").search([("id", "=", wizard.id)])
        )

    def run_job(self):
        with mute_logger(f"{LOGGER}.models.call.telephony_call"):
            self.env.ref("crm_telephony.ir_cron_anonymize").sudo().method_direct_trigger()
        self.env.invalidate_all()

    def test_old_calls_are_anonymized_by_the_job(self):
        old, held, new = self.make_call(), self.make_call(), self.make_call(OTHER)
        held.recording_ids.legal_hold = True
        for call in (old, held):
            call.started_at -= timedelta(days=31)
        old.callback_id.last_at -= timedelta(days=31)
        callback, figures = old.callback_id, old.read(["ended_at", "outcome", "user_id"])
        self.run_job()
        self.assertEqual(old.customer_number, CUSTOMER)
        self.company_a.telephony_call_days = 30
        self.run_job()
        self.assertTrue(old.anonymized_at)
        self.assertFalse(old.anonymized_by_id or old.partner_id or old.event_ids)
        self.assertFalse(old.note or old.timeline or old.customer_number or old.leg_ids.number)
        self.assertEqual((callback.state, callback.customer_number), ("canceled", ""))
        self.assertEqual(old.read(list(figures[0])), figures)
        self.assertEqual(old.recording_ids.state, "deleted")
        self.assertEqual((held.note, new.note), (NOTE, NOTE))
        moment = old.anonymized_at - timedelta(days=1)
        old.anonymized_at = moment
        self.run_job()
        self.assertEqual(old.anonymized_at, moment)

    def test_negative_number_of_days_is_refused(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.company_a.telephony_call_days = -1
            self.env.flush_all()

    def test_call_that_is_wrapped_up_waits(self):
        call = self.make_call()
        self.agent_ana.write(
            {
                "wrap_up_call_id": call.id,
                "wrap_up_started_at": fields.Datetime.now(),
                "wrap_up_until": fields.Datetime.now() + timedelta(minutes=1),
            }
        )
        self.assertIn("in wrap-up", self.erase(call).result)
        self.assertEqual(call.note, NOTE)
