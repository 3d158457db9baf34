import logging
from datetime import timedelta

from odoo import _, api, fields, models
from odoo.fields import Domain

from .providers.base import ProviderError
from .telephony_recording import LIVE
from .telephony_sound import read_sound

_logger = logging.getLogger(__name__)

# Hours after which a recording that the carrier does not know is given up.
GIVE_UP_HOURS = 24
# Minutes between two tries at most.
LONGEST_WAIT = 360
# Seconds without news after which the carrier is asked about a recording.
SILENT_SECONDS = 60
BATCH = 20


class TelephonyRecording(models.Model):
    """The life of a recording after the call: fetched, stored, deleted. What fails is repeated."""

    _inherit = "telephony.recording"

    # === FETCHING === #

    def _send_fetch_request(self):
        """Fetch the sound from the carrier.

        :return: what has to be written about it
        """
        if self.state != "pending":
            return None
        if self.kind == "conversation" and self.call_id._get_recording_ban():
            return "_discard", (self.call_id._get_recording_ban(),)
        try:
            sound = self.account_id._get_client().fetch_recording(
                self.provider_recording_id, 2 if self.kind == "conversation" else 1
            )
        except ProviderError as error:
            _logger.info("%s: the recording cannot be read yet, code %s",
                         self.call_id.uuid, error.code)
            return "_process_not_fetched", (error.gone, self._explain(error))
        return "_process_fetched", (sound,)

    def _process_fetched(self, sound):
        """Store the sound; the carrier's copy is deleted only when ours can be read back."""
        if self.state != "pending":
            return
        attachment = self.env["ir.attachment"].create({
            "name": f"recording-{self.id}.wav",
            "raw": sound,
            "mimetype": "audio/wav",
            "res_model": self._name,
            "res_id": self.id,
            # Nobody may read this field: the file is reached by its own route only.
            "res_field": "attachment_id",
        })
        self.env.flush_all()
        attachment.invalidate_recordset()
        if attachment.raw != sound:
            attachment.unlink()
            _logger.error("%s: a recording could not be stored", self.call_id.uuid)
            self._note_failure(_("The recording cannot be stored here. Check the free space."))
            return
        info = read_sound(sound)
        self.write({
            "attachment_id": attachment.id, "state": "stored", "problem": False, "tries": 0,
            "next_try_at": fields.Datetime.now(),
        })
        if info:
            self.write({
                "channels": info.channels, "peaks": info.peaks,
                "duration": self.duration or int(info.seconds + 0.999),
                "problem": _("Nothing can be heard in it.") if info.is_silent else False,
            })
        self.call_id._on_recording_stored(self)
        if self._is_to_delete_at_carrier():
            self.account_id._after_commit(self, "_send_delete_request")

    def _process_not_fetched(self, is_gone, sentence):
        limit = fields.Datetime.now() - timedelta(hours=GIVE_UP_HOURS)
        if is_gone and self.recorded_at < limit:
            self.write({"state": "failed", "problem": _("Twilio does not have it any more.")})
        else:
            self._note_failure(sentence)

    def _note_failure(self, sentence):
        """Remember what failed, and try it again later."""
        tries = self.tries + 1
        moment = self._get_next_try(tries)
        self.write({"tries": tries, "problem": sentence, "next_try_at": moment})
        cron = self.env.ref("crm_telephony.ir_cron_fetch_recordings", raise_if_not_found=False)
        if cron:
            cron._trigger(moment)

    def _explain(self, error):
        """Say what a failed request means, for a person."""
        if error.unknown or not error.code:
            return _("Twilio did not answer.")
        return self.account_id._explain(error)

    @api.model
    def _get_next_try(self, tries):
        return fields.Datetime.now() + timedelta(minutes=min(2 ** min(tries, 10), LONGEST_WAIT))

    # === DELETING === #

    def _discard(self, sentence):
        """Keep nothing of a recording, here or at the carrier, and say why."""
        self._delete_sound()
        self.write({"state": "failed", "problem": sentence})

    def _delete_sound(self, user=None):
        """Delete the sound of these recordings, here and at the carrier.

        :param user: who wants it; nobody for the retention
        """
        for recording in self:
            recording.attachment_id.unlink()
            recording.write({
                "state": "deleted",
                "peaks": False,
                "problem": False,
                "tries": 0,
                "next_try_at": fields.Datetime.now(),
                "deleted_at": fields.Datetime.now(),
                "deleted_by_id": user.id if user else False,
            })
            recording.call_id._update_log()
            if recording._is_to_delete_at_carrier():
                recording.account_id._after_commit(recording, "_send_delete_request")

    def _is_to_delete_at_carrier(self):
        if not self.provider_recording_id or self.deleted_at_provider:
            return False
        # sudo: res.company - a setting
        is_fetched = self.state == "stored" and self.company_id.sudo().telephony_delete_at_carrier
        return self.state in ("deleted", "failed") or is_fetched

    def _send_delete_request(self):
        """Delete the carrier's copy; it is proven by the answer that it is gone.

        :return: what has to be written about it
        """
        if not self._is_to_delete_at_carrier():
            return None
        try:
            self.account_id._get_client().delete_recording(self.provider_recording_id)
        except ProviderError as error:
            if not error.gone:
                _logger.warning("%s: the carrier's recording was not deleted, code %s",
                                self.call_id.uuid, error.code)
                return "_note_failure", (
                    _("Twilio has not deleted its copy yet: %(reason)s",
                      reason=self._explain(error)),
                )
        return "_process_deleted", ()

    def _process_deleted(self):
        values = {"deleted_at_provider": fields.Datetime.now(), "tries": 0}
        if self.tries:
            values["problem"] = False
        self.write(values)

    # === CRON === #

    @api.model
    def _get_undeleted_domain(self):
        """Return the domain of the recordings that should be gone at the carrier, and are not."""
        keepers = self.env["res.company"].search([("telephony_delete_at_carrier", "=", False)])
        gone = Domain("state", "in", ("deleted", "failed"))
        stored = Domain("state", "=", "stored") & Domain("company_id", "not in", keepers.ids)
        return (
            Domain("provider_recording_id", "!=", False)
            & Domain("deleted_at_provider", "=", False) & (gone | stored)
        )

    @api.model
    def _cron_fetch(self):
        """Repeat what has failed: fetching, deleting at the carrier, pausing, starting."""
        now = fields.Datetime.now()
        due = Domain("next_try_at", "<=", now)
        pending = Domain("state", "=", "pending") & Domain("provider_recording_id", "!=", False)
        for domain, request in (
            (pending, "_send_fetch_request"),
            (self._get_undeleted_domain(), "_send_delete_request"),
        ):
            for recording in self.search(domain & due, limit=BATCH, order="next_try_at"):
                recording.account_id._after_commit(recording, request)
        for recording in self.search([
            ("state", "in", LIVE), ("write_date", "<", now - timedelta(seconds=SILENT_SECONDS)),
        ], limit=BATCH):
            if recording.call_id.state == "ended":
                recording.account_id._after_commit(recording, "_send_find_request")
            elif recording.state == "starting":
                recording.account_id._after_commit(recording, "_send_start_request", True)
            else:
                recording._sync()

    @api.model
    def _cron_delete(self):
        """Delete what is older than its company wants to keep, except under legal hold."""
        for company in self.env["res.company"].search([("telephony_recording_days", ">", 0)]):
            limit = fields.Datetime.now() - timedelta(days=company.telephony_recording_days)
            domain = [
                ("company_id", "=", company.id),
                ("state", "in", ("pending", "stored")),
                ("legal_hold", "=", False),
                ("recorded_at", "<", limit),
            ]
            while recordings := self.search(domain, limit=BATCH, order="recorded_at"):
                recordings._delete_sound()
                if not self.env["ir.cron"]._commit_progress(len(recordings)):
                    return
