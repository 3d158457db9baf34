from datetime import timedelta

from odoo import fields, models


class TelephonyRecordingAccess(models.Model):
    """Log of the users who heard a recording.

    It is evidence: a user with an entry can only be archived.
    """

    _name = "telephony.recording.access"
    _inherit = ["telephony.guard.mixin"]
    _description = "Recording Access Log"
    _order = "id desc"
    _rec_name = "user_id"

    recording_id = fields.Many2one(
        "telephony.recording", required=True, ondelete="cascade", index=True, immutable=True
    )
    user_id = fields.Many2one("res.users", required=True, ondelete="restrict", immutable=True)
    heard_at = fields.Datetime("Listened At", required=True, default=fields.Datetime.now)
    last_range_at = fields.Datetime("Last Listened At", required=True, default=fields.Datetime.now)

    def _note(self, recording, user):
        """Log that a user listens to a recording.

        A player requests ranges of the audio, again after each seek. All requests within the
        recording's length plus one minute after the last range count as one access.
        """
        now = fields.Datetime.now()
        since = now - timedelta(seconds=60 + recording.duration)
        access = self.search(
            [
                ("recording_id", "=", recording.id),
                ("user_id", "=", user.id),
                ("last_range_at", ">", since),
            ],
            limit=1,
        )
        if not access:
            self.create({"recording_id": recording.id, "user_id": user.id})
        elif access.last_range_at < now - timedelta(seconds=5):
            access.last_range_at = now
