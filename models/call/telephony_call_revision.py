from odoo import fields, models


class TelephonyCall(models.Model):
    _inherit = "telephony.call"

    # Fields that `_to_client` and `_to_live` show. Without the note: the page that edits it is
    # always ahead of any payload.
    _shown_fields = frozenset(
        {
            "answered_at",
            "queue_callback_id",
            "caller_id_id",
            "deadline_at",
            "customer_number",
            "disposition_id",
            "duration",
            "ended_at",
            "failure_reason",
            "lead_id",
            "number_id",
            "outcome",
            "held_at",
            "partner_id",
            "queue_id",
            "recording_announced_at",
            "state",
            "user_id",
            "via",
        }
    )

    # One transaction at a time writes a call's row, so revisions follow the order of commits.
    revision = fields.Integer(readonly=True, copy=False)

    def _get_revision(self):
        """Return the age of this call's payload. Note: `self.ensure_one()`

        A recording counts its own changes. Events of the recording and of the call arrive together,
        and would conflict on the call's row.

        :rtype: int
        """
        self.ensure_one()
        return self.revision + sum(self.recording_ids.mapped("revision"))
