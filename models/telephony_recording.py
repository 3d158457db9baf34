import logging
from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import MissingError

from .providers.base import ProviderError

_logger = logging.getLogger(__name__)

# Hours after which a recording that cannot be read is given up.
GIVE_UP_HOURS = 24


class TelephonyRecording(models.Model):
    """The sound of a call: a caller's message, or a conversation.

    The sound is fetched from the carrier, kept as an attachment of this record, and streamed by
    `/telephony/recording/<id>` after a check of the access rights; the carrier's copy is deleted.
    """

    _name = "telephony.recording"
    _description = "Call Recording"
    _order = "recorded_at desc, id desc"
    _rec_name = "call_id"

    call_id = fields.Many2one("telephony.call", required=True, ondelete="cascade", index=True)
    account_id = fields.Many2one("telephony.account", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="call_id.company_id", store=True, index=True)
    kind = fields.Selection(
        [("voicemail", "Voicemail"), ("conversation", "Conversation")], required=True
    )
    provider_recording_id = fields.Char(required=True, readonly=True)
    state = fields.Selection(
        [
            ("pending", "On Its Way"),
            ("stored", "Ready"),
            ("failed", "Not Available"),
        ],
        required=True,
        default="pending",
        readonly=True,
    )
    deleted_at_carrier = fields.Boolean(readonly=True)
    duration = fields.Integer("Seconds", readonly=True)
    recorded_at = fields.Datetime(required=True, readonly=True)
    attachment_id = fields.Many2one("ir.attachment", readonly=True, ondelete="set null")
    listening_ids = fields.One2many("telephony.recording.listening", "recording_id", "Heard By")
    is_new = fields.Boolean("New", compute="_compute_is_new", search="_search_is_new")
    url = fields.Char("Listen", compute="_compute_url")
    customer_display = fields.Char(related="call_id.customer_display")
    customer_number = fields.Char(related="call_id.customer_number")
    number_id = fields.Many2one(related="call_id.number_id")
    note = fields.Text(related="call_id.note")
    callback_id = fields.Many2one(related="call_id.callback_id")
    callback_state = fields.Selection(related="call_id.callback_id.state", string="Called Back")

    _provider_recording_unique = models.Constraint(
        "UNIQUE (account_id, provider_recording_id)", "This recording is known already."
    )
    _pending_index = models.Index("(recorded_at) WHERE state = 'pending'")

    # === COMPUTE METHODS === #

    @api.depends("listening_ids")
    def _compute_is_new(self):
        for recording in self:
            recording.is_new = not recording.listening_ids

    def _search_is_new(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = set(value)
        if wanted == {True, False}:
            return fields.Domain.TRUE
        return fields.Domain("listening_ids", "=" if True in wanted else "!=", False)

    @api.depends("state")
    def _compute_url(self):
        for recording in self:
            recording.url = (
                f"/telephony/recording/{recording.id}" if recording.state == "stored" else False
            )

    # === BUSINESS METHODS === #

    def _open_for_listening(self):
        """Check that the current user may hear this recording, and write down that it happens.

        :return: the attachment with the sound, as superuser
        :raise AccessError: the user may not hear it
        :raise MissingError: there is no such recording, or no sound yet
        """
        self.check_access("read")
        # sudo: telephony.recording - the right to hear was checked; the attachment is its sound
        recording_sudo = self.exists().sudo()
        if not recording_sudo.attachment_id:
            raise MissingError(_("This recording is not available."))
        recording_sudo.listening_ids._note(recording_sudo, self.env.user)
        return recording_sudo.attachment_id

    def _send_fetch_request(self):
        """Fetch the sound from the carrier.

        :return: what has to be written about it
        """
        if self.state != "pending":
            return None
        try:
            sound = self.account_id._get_client().fetch_recording(self.provider_recording_id)
        except ProviderError as error:
            _logger.info("%s: the recording cannot be read yet, code %s",
                         self.call_id.uuid, error.code)
            return "_process_not_fetched", ()
        return "_process_fetched", (sound,)

    def _process_fetched(self, sound):
        if self.state != "pending":
            return
        self.attachment_id = self.env["ir.attachment"].create({
            "name": f"recording-{self.id}.wav",
            "raw": sound,
            "mimetype": "audio/wav",
            "res_model": self._name,
            "res_id": self.id,
        })
        self.state = "stored"
        self.call_id._on_recording_stored(self)
        self.account_id._after_commit(self, "_send_delete_request")

    def _process_not_fetched(self):
        if self.recorded_at < fields.Datetime.now() - timedelta(hours=GIVE_UP_HOURS):
            self.state = "failed"

    def _send_delete_request(self):
        """Delete the carrier's copy, once ours is safe.

        :return: what has to be written about it
        """
        try:
            self.account_id._get_client().delete_recording(self.provider_recording_id)
        except ProviderError as error:
            if not error.gone:
                _logger.warning("%s: the carrier's recording was not deleted, code %s",
                                self.call_id.uuid, error.code)
                return None
        return "write", ({"deleted_at_carrier": True},)

    @api.model
    def _cron_fetch(self):
        """Fetch the recordings that could not be fetched, delete those that were not deleted."""
        limit = fields.Datetime.now() - timedelta(minutes=1)
        pending = self.search([("state", "=", "pending"), ("write_date", "<", limit)], limit=50)
        undeleted = self.search([
            ("state", "=", "stored"), ("deleted_at_carrier", "=", False),
            ("write_date", "<", limit),
        ], limit=50)
        for recording in pending:
            recording.account_id._after_commit(recording, "_send_fetch_request")
        for recording in undeleted:
            recording.account_id._after_commit(recording, "_send_delete_request")


class TelephonyRecordingListening(models.Model):
    """Who heard a recording, and when."""

    _name = "telephony.recording.listening"
    _description = "Recording Listened To"
    _order = "id desc"
    _rec_name = "user_id"

    recording_id = fields.Many2one("telephony.recording", required=True, ondelete="cascade",
                                   index=True)
    user_id = fields.Many2one("res.users", required=True, ondelete="cascade")
    heard_at = fields.Datetime(required=True, default=fields.Datetime.now)

    def _note(self, recording, user):
        """Write down that somebody listens; the parts a player asks for count once a minute."""
        since = fields.Datetime.now() - timedelta(minutes=1)
        if not self.search_count([
            ("recording_id", "=", recording.id), ("user_id", "=", user.id),
            ("heard_at", ">", since),
        ], limit=1):
            self.create({"recording_id": recording.id, "user_id": user.id})
