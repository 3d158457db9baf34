from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, MissingError, UserError

# States of a recording in progress at the provider.
LIVE = ("starting", "recording", "paused")


class TelephonyRecording(models.Model):
    """The audio of a call: a caller's voicemail, or a conversation.

    The audio is fetched from the provider and stored as an attachment of this record.
    `/telephony/recording/<id>` streams it after a check of the access rights. The record remains
    when the audio is deleted: it proves when that happened, here and at the provider.
    """

    _name = "telephony.recording"
    _inherit = ["telephony.revision.mixin", "telephony.guard.mixin"]
    _description = "Call Recording"
    _order = "recorded_at desc, id desc"
    _rec_name = "call_id"
    # Fields that a page shows as part of the call.
    _shown_fields = frozenset({"problem", "state", "wanted"})

    call_id = fields.Many2one(
        "telephony.call",
        "Phone Call",
        required=True,
        ondelete="cascade",
        index=True,
        immutable=True,
    )
    account_id = fields.Many2one(
        "telephony.account", required=True, ondelete="cascade", immutable=True
    )
    company_id = fields.Many2one(related="call_id.company_id", store=True, index=True)
    kind = fields.Selection(
        [("voicemail", "Voicemail"), ("conversation", "Phone Call")], string="Type", required=True
    )
    provider_recording_id = fields.Char("Twilio SID", readonly=True)
    state = fields.Selection(
        [
            ("starting", "Starting"),
            ("recording", "Recording"),
            ("paused", "Paused"),
            ("pending", "Processing"),
            ("stored", "Ready"),
            ("failed", "Not Available"),
            ("deleted", "Deleted"),
        ],
        required=True,
        default="pending",
        readonly=True,
    )
    wanted = fields.Selection(
        [("recording", "Recording"), ("paused", "Paused"), ("stopped", "Stopped")],
        "Requested State",
        required=True,
        default="recording",
        readonly=True,
        help="State requested by the phone user. The state reported by Twilio may differ.",
    )
    problem = fields.Char(readonly=True)
    # Part of the revision of the call, see `telephony.call._get_revision`.
    revision = fields.Integer(readonly=True, copy=False, default=1)
    # The number of failed attempts, and the time of the next one.
    tries = fields.Integer("Attempts", readonly=True)
    next_try_at = fields.Datetime(
        "Next Attempt At", readonly=True, required=True, default=fields.Datetime.now
    )
    duration = fields.Integer("Duration (Seconds)", readonly=True)
    channels = fields.Integer(readonly=True, default=1)
    peaks = fields.Json("Waveform", readonly=True)
    recorded_at = fields.Datetime(required=True, readonly=True)
    attachment_id = fields.Many2one(
        "ir.attachment", readonly=True, ondelete="set null", groups=fields.NO_ACCESS
    )
    keep_until = fields.Datetime(
        compute="_compute_keep_until",
        help="When the recording is deleted, here and at Twilio. Empty if it is kept.",
    )
    legal_hold = fields.Boolean(
        readonly=True, help="Under legal hold: cannot be deleted, manually or automatically."
    )
    legal_hold_by_id = fields.Many2one("res.users", "Held By", readonly=True, ondelete="restrict")
    legal_hold_at = fields.Datetime("Held Since", readonly=True)
    deleted_at = fields.Datetime("Deleted On", readonly=True)
    # Empty if the retention has deleted it. Users who deleted one by hand can only be archived.
    deleted_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    deleted_at_provider = fields.Datetime("Deleted at Twilio", readonly=True)
    access_ids = fields.One2many("telephony.recording.access", "recording_id", "Listened To By")
    is_new = fields.Boolean("New", compute="_compute_is_new", search="_search_is_new")
    is_undeleted = fields.Boolean(
        "Still at Twilio",
        compute="_compute_is_undeleted",
        search="_search_is_undeleted",
        help="The recording should be deleted at Twilio, but still exists there.",
    )
    url = fields.Char("Play", compute="_compute_url")
    customer_display = fields.Char(related="call_id.customer_display")
    customer_number = fields.Char(related="call_id.customer_number")
    number_display = fields.Char(related="call_id.number_display")
    number_id = fields.Many2one(related="call_id.number_id")
    user_id = fields.Many2one(related="call_id.user_id")
    note = fields.Text(related="call_id.note")
    callback_id = fields.Many2one(related="call_id.callback_id")
    callback_state = fields.Selection(related="call_id.callback_id.state", string="Called Back")

    _provider_recording_unique = models.Constraint(
        "UNIQUE (account_id, provider_recording_id)", "This recording already exists."
    )
    _one_live = models.UniqueIndex(
        "(call_id) WHERE kind = 'conversation' AND state IN ('starting', 'recording', 'paused')"
    )
    _next_try_index = models.Index(
        "(next_try_at) WHERE state = 'pending' OR deleted_at_provider IS NULL"
    )

    # === COMPUTE METHODS === #

    @api.depends("access_ids")
    def _compute_is_new(self):
        for recording in self:
            recording.is_new = not recording.access_ids

    def _search_is_new(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = set(value)
        if wanted == {True, False}:
            return fields.Domain.TRUE
        return fields.Domain("access_ids", "=" if True in wanted else "!=", False)

    @api.depends("state", "deleted_at_provider")
    def _compute_is_undeleted(self):
        for recording in self:
            recording.is_undeleted = recording._is_to_delete_at_provider()

    def _search_is_undeleted(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = set(value)
        if wanted == {True, False}:
            return fields.Domain.TRUE
        # sudo: res.company - the setting of each company is not secret
        domain = self.sudo()._get_undeleted_domain()
        return domain if True in wanted else ~domain

    @api.depends("state")
    def _compute_url(self):
        for recording in self:
            recording.url = (
                f"/telephony/recording/{recording.id}" if recording.state == "stored" else False
            )

    @api.depends("recorded_at", "legal_hold", "state", "company_id.telephony_recording_days")
    def _compute_keep_until(self):
        for recording in self:
            # sudo: res.company - the retention period is not secret
            days = recording.company_id.sudo().telephony_recording_days
            is_kept = recording.legal_hold or recording.state == "deleted" or days <= 0
            recording.keep_until = (
                False if is_kept else recording.recorded_at + timedelta(days=days)
            )

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_except_kept(self):
        for recording in self:
            if recording.legal_hold:
                raise UserError(self.env._("A recording under legal hold cannot be deleted."))
            if recording.provider_recording_id and not recording.deleted_at_provider:
                raise UserError(
                    self.env._(
                        "This recording still exists at Twilio. Delete its audio first. You can "
                        "remove the record once Twilio has deleted its copy."
                    )
                )

    def unlink(self):
        # sudo: ir.attachment - the audio is deleted with its recording
        attachments_sudo = self.sudo().attachment_id
        # sudo: telephony.call - the call keeps the revisions counted so far, so that the sum never
        # falls
        for recording_sudo in self.sudo():
            recording_sudo.call_id.revision += recording_sudo.revision + 1
        result = super().unlink()
        attachments_sudo.exists().unlink()
        return result

    # === ACTIONS === #

    def action_hold(self):
        """Put recordings under legal hold, which excludes them from the retention."""
        self._set_legal_hold(True)

    def action_release(self):
        """Release recordings from legal hold, so that the retention applies again."""
        self._set_legal_hold(False)

    def action_delete_sound(self):
        """Delete the audio of recordings, here and at the provider; the records remain as proof.

        :raise UserError: a recording is under legal hold, or still in progress
        """
        self._check_group("crm_telephony.group_manager")
        if any(self.mapped("legal_hold")):
            raise UserError(self.env._("A recording under legal hold cannot be deleted."))
        if any(recording.state in LIVE for recording in self):
            raise UserError(self.env._("The call is still being recorded."))
        # sudo: telephony.recording - administrators of the telephone may read and delete recordings
        self.sudo()._delete_sound(self.env.user)

    def _check_group(self, group):
        self.check_access("read")
        if not self.env.user.has_group(group):
            raise AccessError(self.env._("You are not allowed to do this with recordings."))

    def _set_legal_hold(self, is_held):
        self._check_group("crm_telephony.group_supervisor")
        # sudo: telephony.recording - supervisors may read it; no other field is written
        for recording_sudo in self.sudo():
            if recording_sudo.state == "deleted":
                raise UserError(self.env._("This recording has been deleted."))
            recording_sudo.write(
                {
                    "legal_hold": is_held,
                    "legal_hold_by_id": self.env.user.id if is_held else False,
                    "legal_hold_at": fields.Datetime.now() if is_held else False,
                }
            )

    # === BUSINESS METHODS === #

    def _open_for_listening(self, is_heard=True):
        """Check that the current user may hear this recording, and log the access.

        :param bool is_heard: False if only data about the audio is requested, not the audio itself
        :return: the attachment with the audio, as superuser
        :raise AccessError: the user may not hear the recording
        :raise MissingError: the recording does not exist, or has no audio yet
        """
        self.check_access("read")
        # sudo: telephony.recording - access was checked above; the attachment is its audio
        recording_sudo = self.exists().sudo()
        if not recording_sudo.attachment_id:
            raise MissingError(self.env._("This recording is not available."))
        if is_heard:
            recording_sudo.access_ids._note(recording_sudo, self.env.user)
        return recording_sudo.attachment_id

    def _is_live(self):
        """Return whether one of these recordings is in progress."""
        return any(recording.state in LIVE for recording in self)
