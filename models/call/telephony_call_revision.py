"""Age of the payloads of a call.

Bus messages and RPC answers may be lost, arrive late or overtake each other. A change that pages
show raises the call's revision, in the transaction of the change. Of two payloads of one call, the
one with the lower revision is older.
"""

from odoo import fields, models

#: Fields that `_to_client` and `_to_live` show, as they are written. Without the note: the page
#: that edits it is always ahead of any payload.
CALL_FIELDS = frozenset(
    {
        "answered_at",
        "queue_callback_of_id",
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


class TelephonyCall(models.Model):
    _inherit = "telephony.call"

    # One transaction at a time writes a call's row, so revisions follow the order of commits.
    revision = fields.Integer(readonly=True, copy=False)

    def write(self, vals):
        result = super().write(vals)
        if not CALL_FIELDS.isdisjoint(vals):
            self._raise_revision()
        return result

    def _raise_revision(self):
        """Count a change that a page shows."""
        # sudo: telephony.call - a counter of ours, whichever user changes the call
        for call_sudo in self.sudo():
            call_sudo.revision += 1

    def _get_revision(self):
        """Return the age of this call's payload. Note: `self.ensure_one()`

        A recording counts its own changes. Events of the recording and of the call arrive together,
        and would conflict on the call's row.

        :rtype: int
        """
        self.ensure_one()
        return self.revision + sum(self.recording_ids.mapped("revision"))
