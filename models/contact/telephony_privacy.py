import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

BATCH = 100
# The fields in which provider reports and users describe a person, by table.
CALL_FIELDS = (
    "customer_number",
    "from_number",
    "to_number",
    "note",
    "failure_reason",
    "override_reason",
    "partner_id",
    "lead_id",
    "message_id",
    "provider_call_id",
    "provider_conference_id",
    "caller_id_id",
)
LEG_FIELDS = (
    "number",
    "refusal",
    "provider_leg_id",
    "provider_queue_id",
    "provider_sound",
    "hold_conference_id",
)


class TelephonyCall(models.Model):
    """Anonymization: only the figures of a call remain."""

    _inherit = "telephony.call"

    anonymized_at = fields.Datetime("Anonymized On", readonly=True, copy=False)
    anonymized_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        ondelete="set null",
        help="Empty if the call was anonymized by the company's retention period.",
    )

    _to_anonymize_index = models.Index(
        "(started_at) WHERE state = 'ended' AND anonymized_at IS NULL"
    )

    @api.depends("anonymized_at")
    def _compute_customer_display(self):
        super()._compute_customer_display()
        for call in self.filtered("anonymized_at"):
            call.customer_display = self.env._("Anonymized")

    def _get_held_back(self):
        """Return the calls that must not be anonymized, by reason.

        :return: calls that are ongoing or in wrap-up, calls with a recording under legal hold
        :rtype: tuple(telephony.call, telephony.call)
        """
        # sudo: telephony.agent - only whether the call is in wrap-up
        wrapped_up = (
            self.env["telephony.agent"]
            .sudo()
            .search([("wrap_up_call_id", "in", self.ids)])
            .wrap_up_call_id
        )
        running = self.filtered(lambda call: call.state != "ended" or call in wrapped_up)
        held = (
            self.env["telephony.recording"]
            .search([("call_id", "in", self.ids), ("legal_hold", "=", True)])
            .call_id
        )
        return running, held - running

    def _anonymize(self, user=None):
        """Remove the identity of the customer from these calls, here and at the provider.

        The figures remain: times, durations, outcome and agent. Recordings are deleted. The calls
        must have ended, without a recording under legal hold.

        :param user: the user who requests it; None for the retention
        """
        self._cancel_queue_callbacks()
        self._drop_notifications()
        self.message_id.unlink()
        self.recording_ids.filtered(lambda recording: recording.state != "deleted")._delete_sound(
            user
        )
        self.event_ids.unlink()
        self.timeline_ids.unlink()
        self._forget_feedback()
        self.leg_ids.write(dict.fromkeys(LEG_FIELDS, False))
        self.transfer_ids.write({"number": False, "override_reason": False})
        self.write(
            {
                **dict.fromkeys(CALL_FIELDS, False),
                "anonymized_at": fields.Datetime.now(),
                "anonymized_by_id": user.id if user else False,
            }
        )

    def _drop_notifications(self):
        """Delete the bus messages about these calls."""
        if not self:
            return
        patterns = [f"%{uuid}%" for uuid in self.mapped("uuid")]
        self.env.cr.execute(SQL("DELETE FROM bus_bus WHERE message LIKE ANY(%s)", patterns))

    def _forget_feedback(self):
        """Remove the feedback of these calls from the activities that they completed."""
        activities = (
            self.env["mail.activity"]
            .with_context(active_test=False)
            .search([("telephony_call_id", "in", self.ids)])
        )
        activities.telephony_message_id.unlink()
        activities.feedback = False

    def _forget_number(self, number):
        """Remove a number from other customers' calls, where it was a transfer target.

        :param str number: E.164
        """
        self.leg_ids.filtered(lambda leg: leg.number == number).number = False
        self.transfer_ids.filtered(lambda transfer: transfer.number == number).number = False
        written = (number, self._format_number(number))
        self.timeline_ids.filtered(lambda row: any(text in row.text for text in written)).unlink()
        # The log note and the messages to the pages name who had the customer.
        self._update_log()
        self._drop_notifications()

    @api.model
    def _cron_anonymize(self):
        """Anonymize calls older than the retention of their company, except under legal hold."""
        for company in self.env["res.company"].search([("telephony_call_days", ">", 0)]):
            limit = fields.Datetime.now() - timedelta(days=company.telephony_call_days)
            self.env["telephony.callback"]._anonymize_older(company, limit)
            domain = Domain(
                [
                    ("company_id", "=", company.id),
                    ("state", "=", "ended"),
                    ("anonymized_at", "=", False),
                    ("started_at", "<", limit),
                    ("recording_ids", "not any", [("legal_hold", "=", True)]),
                ]
            )
            while calls := self.search(domain, limit=BATCH, order="started_at"):
                calls._anonymize()
                _logger.info("%s calls of company %s were anonymized", len(calls), company.id)
                if not self.env["ir.cron"]._commit_progress(len(calls)):
                    return


class TelephonyCallback(models.Model):
    """Anonymization: only the figures of a callback remain."""

    _inherit = "telephony.callback"

    anonymized_at = fields.Datetime("Anonymized On", readonly=True, copy=False)

    @api.depends("anonymized_at")
    def _compute_customer_display(self):
        super()._compute_customer_display()
        for callback in self.filtered("anonymized_at"):
            callback.customer_display = self.env._("Anonymized")

    def _anonymize(self, reason):
        """Cancel open callbacks, and remove the identity of their callers.

        :param str reason: why the caller is not called back
        """
        self._cancel(reason)
        # Done activities are archived. Their feedback names the caller.
        self.activity_id.unlink()
        self.write(
            {
                "customer_number": "",
                "partner_id": False,
                "lead_id": False,
                "anonymized_at": fields.Datetime.now(),
            }
        )
        self.filtered(lambda callback: callback.cancel_reason != reason).cancel_reason = False

    @api.model
    def _anonymize_older(self, company, limit):
        """Anonymize the callbacks whose last call is older than the company's retention."""
        self.search(
            [
                ("company_id", "=", company.id),
                ("anonymized_at", "=", False),
                ("last_at", "<", limit),
            ]
        )._anonymize(self.env._("The retention period for calls has expired."))
