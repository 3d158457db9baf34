import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ...providers.base import UNANSWERED_KINDS, ProviderError
from ...tools.wav import read_sound
from ..call.after_commit import after_commit
from .ir_attachment import ArrivingFile
from .telephony_recording import LIVE

_logger = logging.getLogger(__name__)

# Hours after which a recording unknown to the provider is given up.
GIVE_UP_HOURS = 24
# Maximum minutes between two attempts.
LONGEST_WAIT = 360
# Seconds without a report after which the provider is asked about a recording.
SILENT_SECONDS = 60
# Number of recordings that are deleted in one transaction.
BATCH = 20
# Maximum bytes of a recording if attachments are not stored in the file system.
MEMORY_LIMIT = 100 * 1024 * 1024


class TelephonyRecording(models.Model):
    """The recording after the call: fetching, storing and deleting, each retried on failure."""

    _inherit = "telephony.recording"

    # === FETCHING === #

    @after_commit("state", repaired_by="_cron_fetch")
    def _send_fetch_request(self):
        """Fetch the audio from the provider into a file.

        Only the scheduled job has enough time for this.

        :return: the `_on_…` method to run and its arguments, or None
        """
        if self.state != "pending":
            return None
        if self.kind == "conversation" and self.call_id._get_recording_ban():
            return self._discard, (self.call_id._get_recording_ban(),)
        file = ArrivingFile(self.env["ir.attachment"]._filestore())
        try:
            for part in self.account_id._get_client().fetch_recording(
                self.provider_recording_id, 2 if self.kind == "conversation" else 1
            ):
                file.add(part)
            file.finish()
        except ProviderError as error:
            _logger.info("%s: the recording cannot be read yet: %s", self.call_id.uuid, error.label)
            if error.kind == "paused":
                # No request was sent, so this is no failed attempt of the recording.
                return None
            return self._on_fetch_failed, (error.gone, self._explain(error))
        except OSError:
            return self._on_store_failed, ()
        return self._on_fetch_done, (file,)

    def _on_fetch_done(self, file):
        """Store the audio.

        The provider's copy is deleted only if the stored one can be read back.

        :param ArrivingFile file: the audio
        """
        if self.state != "pending":
            return
        attachments = self.env["ir.attachment"]
        if attachments._storage() != "file":
            # Other storages of Odoo take the content from memory.
            if len(file) > MEMORY_LIMIT:
                self._note_failure(
                    self.env._(
                        "The recording is too large for the database. Configure Odoo to store "
                        "attachments in the file system."
                    )
                )
                return
            file = file.get_bytes()
        attachment = attachments.create(
            {
                "name": f"recording-{self.id}.wav",
                "raw": file,
                "mimetype": "audio/wav",
                "res_model": self._name,
                "res_id": self.id,
                # No user may read this field, so the file is only served by its own route.
                "res_field": "attachment_id",
            }
        )
        self.env.flush_all()
        attachment.invalidate_recordset()
        if not file or not attachment._is_readable():
            attachment.unlink()
            self._on_store_failed()
            return
        with attachment._open_content() as content:
            info = read_sound(content)
        self.write(
            {
                "attachment_id": attachment.id,
                "state": "stored",
                "problem": False,
                "tries": 0,
                "next_try_at": fields.Datetime.now(),
            }
        )
        if info:
            self.write(
                {
                    "channels": info.channels,
                    "peaks": info.peaks,
                    "duration": self.duration or int(info.seconds + 0.999),
                    "problem": self.env._("The recording is silent.") if info.is_silent else False,
                }
            )
        self.call_id._on_recording_stored(self)
        if self._is_to_delete_at_provider():
            self._send_delete_request()

    def _on_store_failed(self):
        _logger.error("%s: a recording could not be stored", self.call_id.uuid)
        self._note_failure(self.env._("The recording cannot be stored. Check the free disk space."))

    def _on_fetch_failed(self, is_gone, sentence):
        limit = fields.Datetime.now() - timedelta(hours=GIVE_UP_HOURS)
        if is_gone and self.recorded_at < limit:
            self.write(
                {
                    "state": "failed",
                    "problem": self.env._("The recording no longer exists at Twilio."),
                }
            )
        else:
            self._note_failure(sentence)

    def _note_failure(self, sentence):
        """Save the error, and schedule another attempt."""
        tries = self.tries + 1
        moment = self._get_next_try(tries)
        self.write({"tries": tries, "problem": sentence, "next_try_at": moment})
        self._wake_job(moment)

    @api.model
    def _wake_job(self, moment=None):
        """Trigger the job for recordings, at once or at the given time."""
        cron = self.env.ref("crm_telephony.ir_cron_fetch_recordings", raise_if_not_found=False)
        if cron:
            cron._trigger(moment)

    def _explain(self, error):
        """Return the user-facing description of a failed request."""
        if error.kind in UNANSWERED_KINDS:
            return self.env._("Twilio did not respond.")
        return self.account_id._explain(error)

    @api.model
    def _get_next_try(self, tries):
        return fields.Datetime.now() + timedelta(minutes=min(2 ** min(tries, 10), LONGEST_WAIT))

    # === DELETING === #

    def _discard(self, sentence):
        """Delete a recording here and at the provider, and save the reason."""
        self._delete_sound()
        self.write({"state": "failed", "problem": sentence})

    def _delete_sound(self, user=None):
        """Delete the audio of these recordings, here and at the provider.

        :param user: the user who requests it; None for the retention
        """
        for recording in self:
            recording.attachment_id.unlink()
            recording.write(
                {
                    "state": "deleted",
                    "peaks": False,
                    "problem": False,
                    "tries": 0,
                    "next_try_at": fields.Datetime.now(),
                    "deleted_at": fields.Datetime.now(),
                    "deleted_by_id": user.id if user else False,
                }
            )
            recording.call_id._update_log()
            if recording._is_to_delete_at_provider():
                recording._send_delete_request()

    def _is_to_delete_at_provider(self):
        if not self.provider_recording_id or self.deleted_at_provider:
            return False
        # sudo: res.company - a setting
        is_fetched = self.state == "stored" and self.company_id.sudo().telephony_delete_at_provider
        return self.state in ("deleted", "failed") or is_fetched

    @after_commit("_is_to_delete_at_provider", repaired_by="_cron_fetch")
    def _send_delete_request(self):
        """Delete the provider's copy; the response proves that it is gone.

        :return: the `_on_…` method to run and its arguments, or None
        """
        if not self._is_to_delete_at_provider():
            return None
        try:
            self.account_id._get_client().delete_recording(self.provider_recording_id)
        except ProviderError as error:
            if not error.gone:
                _logger.warning(
                    "%s: the provider's recording was not deleted: %s",
                    self.call_id.uuid,
                    error.label,
                )
                return self._note_failure, (
                    self.env._(
                        "Twilio has not deleted its copy yet: %(reason)s",
                        reason=self._explain(error),
                    ),
                )
        return self._on_delete_done, ()

    def _on_delete_done(self):
        values = {"deleted_at_provider": fields.Datetime.now(), "tries": 0}
        if self.tries:
            values["problem"] = False
        self.write(values)

    # === CRON === #

    @api.model
    def _get_undeleted_domain(self):
        """Return the domain of the recordings that still have to be deleted at the provider."""
        keepers = self.env["res.company"].search([("telephony_delete_at_provider", "=", False)])
        gone = Domain("state", "in", ("deleted", "failed"))
        stored = Domain("state", "=", "stored") & Domain("company_id", "not in", keepers.ids)
        return (
            Domain("provider_recording_id", "!=", False)
            & Domain("deleted_at_provider", "=", False)
            & (gone | stored)
        )

    @api.model
    def _cron_fetch(self):
        """Run the due steps: start, pause, stop, find, fetch, and delete at the provider."""
        silent = fields.Datetime.now() - timedelta(seconds=SILENT_SECONDS)
        pending = Domain("state", "=", "pending") & Domain("provider_recording_id", "!=", False)
        live = Domain("state", "in", LIVE) & Domain("write_date", "<", silent)
        for recording in self._each_that_is_due(live):
            if recording.call_id.state == "ended":
                recording._send_find_request()
            elif recording.state == "starting":
                recording._send_start_request(True)
            else:
                recording._sync()
        for recording in self._each_that_is_due(pending):
            recording._send_fetch_request()
        for recording in self._each_that_is_due(self._get_undeleted_domain()):
            recording._send_delete_request()

    @api.model
    def _each_that_is_due(self, domain):
        """Yield the due recordings, the longest waiting first, until the time of the job is up.

        The step of each one is committed, and sent, before the next one is searched.
        """
        due = domain & Domain("next_try_at", "<=", fields.Datetime.now())
        while recording := self.search(due, limit=1, order="next_try_at, id"):
            # If this recording kills the process, the others come first next time.
            recording.next_try_at = self._get_next_try(recording.tries + 1)
            yield recording
            time_left = self.env["ir.cron"]._commit_progress(1)
            self.env.invalidate_all()
            if not time_left:
                if remaining := self.search_count(due):
                    # The job continues soon, after other jobs have run.
                    self.env["ir.cron"]._commit_progress(remaining=remaining)
                return

    @api.model
    def _cron_delete(self):
        """Delete recordings older than the retention of their company, except under legal hold."""
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
                    self.env["ir.cron"]._commit_progress(remaining=self.search_count(domain))
                    return
