"""The age of what a page is told about a call.

Messages of the bus may be lost, come late or overtake each other, and so may the answers of
requests. Each change of a call that a page would show raises its revision, in the transaction of
the change. Of two payloads of one call, the one with the lower revision is older.
"""

from odoo import fields, models

#: What `_to_client` and `_to_live` show of a call, as the fields that are written. Not the note:
#: the page that writes it knows better than any payload what it says.
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

    # The row of a call is written by one transaction at a time, so the number follows the order
    # of the commits.
    revision = fields.Integer(readonly=True, copy=False)

    def write(self, vals):
        result = super().write(vals)
        if not CALL_FIELDS.isdisjoint(vals):
            self._raise_revision()
        return result

    def _raise_revision(self):
        """Count a change that a page would show."""
        # sudo: telephony.call - a counter of ours, whoever changes what it counts
        for call_sudo in self.sudo():
            call_sudo.revision += 1

    def _get_revision(self):
        """Return the age of what a page is shown of this call. Note: `self.ensure_one()`

        A recording counts its own changes: the provider reports on it at the same moment as on the
        call, and its transactions would fail on the row of the call.

        :rtype: int
        """
        self.ensure_one()
        return self.revision + sum(self.recording_ids.mapped("revision"))
