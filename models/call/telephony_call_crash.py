import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

from ...providers.base import CallEvent
from ...providers.voice_response import HangUp
from ..gate import add_created, begin_again, begin_attempt

_logger = logging.getLogger(__name__)


def _get_columns(model, values):
    return {
        name: model._fields[name].convert_to_column(value, model, validate=False)
        for name, value in values.items()
    }


def insert_row(model, values):
    """Insert a row without the overrides of other modules.

    :param model: model of the row
    :param dict values: values of stored fields; other required fields get their defaults
    :return: the new record
    """
    required = [name for name, field in model._fields.items() if field.store and field.required]
    now = fields.Datetime.now()
    columns = _get_columns(
        model,
        {
            **model.default_get(required),
            "create_date": now,
            "write_date": now,
            **values,
        },
    )
    model.env.cr.execute(
        SQL(
            "INSERT INTO %s (%s) VALUES (%s) RETURNING id",
            SQL.identifier(model._table),
            SQL(", ").join(SQL.identifier(name) for name in columns),
            SQL(", ").join(SQL("%s", value) for value in columns.values()),
        )
    )
    return model.browse(model.env.cr.fetchone()[0])


def update_row(record, values):
    """Update a row without the overrides of other modules.

    :param record: one record
    :param dict values: values of stored fields
    """
    columns = _get_columns(record, {**values, "write_date": fields.Datetime.now()})
    record.env.cr.execute(
        SQL(
            "UPDATE %s SET %s WHERE id = %s",
            SQL.identifier(record._table),
            SQL(", ").join(
                SQL("%s = %s", SQL.identifier(name), value) for name, value in columns.items()
            ),
            record.id,
        )
    )
    record.invalidate_recordset(flush=False)


class TelephonyCall(models.Model):
    """Preservation of a call whose handling fails: the call, its reason and its callback.

    The failing code may belong to any extension of these models, and may fail again. So each
    attempt to keep a call runs less code than the one before; the last one is plain SQL.
    """

    _inherit = "telephony.call"

    # === FROM THE WEBHOOKS === #

    @api.model
    def _process_crash(self, account, voice_request):
        """End a call whose handling failed. The customer hears an apology and is owed a callback.

        :param account: the account of the call
        :param VoiceRequest voice_request: request of the provider
        :return: a voice response
        :rtype: list
        """
        provider_leg_id = voice_request.leg_id
        leg = (
            self.env["telephony.call.leg"].search(
                [("account_id", "=", account.id), ("provider_leg_id", "=", provider_leg_id)]
            )
            if provider_leg_id
            else self.env["telephony.call.leg"]
        )
        number = self.env["telephony.number"].search(
            [("account_id", "=", account.id), ("number", "=", voice_request.called)], limit=1
        )
        lang = self._get_crash_language(account, leg, number)
        if leg:
            if leg.role == "customer":
                self._isolate(provider_leg_id, leg.call_id._fail, voice_request.error_code)
        elif provider_leg_id and number and not voice_request.identity:
            self._keep_crashed(account, number, voice_request)
        return [self.env["telephony.speech"]._say(account, lang, "error"), HangUp()]

    @api.model
    def _get_crash_language(self, account, leg, number):
        """Return the language of the apology, which is the listener's."""
        flow = leg.call_id.flow_id or leg.call_id.number_id.flow_id or number.flow_id
        if leg.user_id:
            return leg.user_id.lang
        return flow.language or account.company_id.partner_id.lang

    # === CALLS ROLLED BACK === #

    @api.model
    def _keep_crashed(self, account, number, voice_request):
        """Record and end a call whose first webhook failed."""
        label = voice_request.leg_id
        call = self._isolate(label, self._take_in, account, number, voice_request)
        if call is None:
            call = self._isolate(label, self._insert_incoming, account, number, voice_request)
        if call:
            self._isolate(label, call._fail, voice_request.error_code)
        elif call is None:
            _logger.error("%s: the call could not be kept", label)

    @api.model
    def _insert_incoming(self, account, number, voice_request):
        """Insert a call as `_take_in` does, without the overrides of other modules.

        :return: the call, or an empty recordset when it is already known
        """
        event, end = self.env["telephony.call.event"]._record_first(account, voice_request.leg_id)
        if not event:
            return self.browse()
        caller, now = voice_request.caller, fields.Datetime.now()
        # Other notations would need more code than is wise here.
        caller = caller if caller[:1] == "+" and caller[1:].isdecimal() else False
        call = insert_row(
            self,
            {
                "account_id": account.id,
                "company_id": account.company_id.id,
                "provider_call_id": voice_request.leg_id,
                "direction": "incoming",
                "state": "routing",
                "from_number": voice_request.caller or False,
                "to_number": number.number,
                "customer_number": caller,
                "number_id": number.id,
                "flow_id": number.flow_id.id,
                "started_at": now,
            },
        )
        leg = insert_row(
            self.env["telephony.call.leg"],
            {
                "call_id": call.id,
                "account_id": account.id,
                "role": "customer",
                "label": "customer",
                "number": caller,
                "provider_leg_id": voice_request.leg_id,
                "status": "in_progress",
                "initiated_at": now,
                "ringing_at": now,
            },
        )
        event.call_id = call
        if end:
            leg._advance_alone(end)
        self._isolate(voice_request.leg_id, call._insert_association)
        add_created(call)
        return call

    def _insert_association(self):
        """Write the caller's contact and lead, where the callback is planned."""
        partner = self.env["res.partner"]._telephony_find(self.customer_number, self.company_id)[:1]
        lead = self.env["crm.lead"]._telephony_find(partner, self.customer_number, self.company_id)
        update_row(self, {"partner_id": partner.id, "lead_id": lead.id})

    # === EXISTING CALLS === #

    def _fail(self, error_code=""):
        """End this call because of a failure that is already logged.

        Note: `self.ensure_one()`

        :param str error_code: the provider's code if it could not use a voice response
        """
        self.ensure_one()
        if self.state == "ended":
            return
        env = self.with_context(lang=self.company_id._telephony_get_lang()).env
        if error_code:
            reason = env._(
                "Twilio could not reach Odoo or process its response (error %(code)s).",
                code=error_code,
            )
        else:
            reason = env._("The call ended because of an unexpected error.")
        # The leg plays the apology and then hangs up by itself.
        update_row(self._get_customer_leg(), {"is_leaving": True})
        self._apply_event(
            CallEvent("failed", reason=reason, at=fields.Datetime.now(), data={"by": "system"})
        )

    def _end_alone(self, values):
        """End this call after a failed end: each part runs on its own.

        Note: `self.ensure_one()`

        :param dict values: values written at the end
        """
        self.ensure_one()
        update_row(self, {**values, "revision": self.revision + 1})
        for conclude in (
            *self._get_reactions(),
            *self._get_conclusions(),
            self._notify,
        ):
            self._isolate(self.uuid, conclude)

    # === FAILING REPORTS === #

    @api.model
    def _process_report(self, account, event):
        """Apply a report about a leg, which is all that its transaction does; see `_handle_report`.

        A failure begins the transaction again, so the usual report needs no savepoint.

        :param account: account that sent the report
        :param CallEvent event: event of kind `leg`
        """
        call = self._record_event(account, event)
        if not call:
            return
        uuid = call.uuid
        try:
            begin_attempt(self.env.cr)
            call._apply_event(event)
            self.env.cr.flush()
        except (OperationalError, ConcurrencyError):
            raise
        except Exception:
            _logger.exception("%s: a report failed and is applied part by part", uuid)
            begin_again(self.env)
            # Meanwhile, a repetition of the report may have been applied.
            for found in self._record_event(account, event):
                found._handle_leg_report_alone(event)

    def _handle_report(self, event):
        """Apply a report of the provider even if another addon's code fails on it.

        The provider does not repeat the report of a leg. Without this, the reconciliation would
        fail in the same way, and the call would never end here.

        Note: `self.ensure_one()`

        :param CallEvent event: event to apply
        """
        self.ensure_one()
        uuid = self.uuid
        try:
            with self.env.cr.savepoint():
                self._apply_event(event)
        except (OperationalError, ConcurrencyError):
            raise
        except Exception:
            if event.kind != "leg":
                raise
            _logger.exception("%s: a report failed and is applied part by part", uuid)
            self._handle_leg_report_alone(event)

    def _handle_leg_report_alone(self, event):
        """Apply a report about a leg after a failure: each part runs on its own.

        Note: `self.ensure_one()`

        :param CallEvent event: event of kind `leg`
        """
        self.ensure_one()
        leg = self._match_leg(event)
        if not leg or not leg._advance_alone(event):
            return
        target = self._isolate(self.uuid, self._leg_moved, leg, event)
        if leg.role == "customer" and leg.status == "ended":
            target = "ended"
        if target:
            self._isolate(self.uuid, self._move_to, target, event)

    # === HELPERS === #

    @api.model
    def _isolate(self, label, method, *args):
        """Run a method whose failure must not undo earlier work.

        :param str label: name of the call in the log
        :raise psycopg2.OperationalError: a race was lost; the request is retried
        :raise ConcurrencyError: likewise, detected by our own code
        :return: the method's result, or None when it failed
        """
        try:
            with self.env.cr.savepoint():
                return method(*args)
        except (OperationalError, ConcurrencyError):
            raise
        except Exception:
            _logger.exception("%s: %s failed", label, method.__name__)
            return None
