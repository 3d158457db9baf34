import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...providers.base import ProviderError
from ..call.after_commit import after_commit
from .telephony_recording import LIVE

_logger = logging.getLogger(__name__)

# Number of attempts to change a recording before the agent is notified of the failure.
TRIES = 3


class TelephonyRecording(models.Model):
    """A recording in progress: the wanted state is sent until the provider has applied it.

    Each request reads the wanted state when it is sent. Its response is compared with the wanted
    state when it arrives. So the last change wins, whatever the order in which requests are carried
    out.
    """

    _inherit = "telephony.recording"

    def _get_wanted_state(self):
        """Return the state this recording should have; empty if it ends by itself."""
        call = self.call_id
        if call.state == "ended":
            return ""
        if self.wanted == "stopped" or call.state != "in_progress" or call._get_recording_ban():
            return "stopped"
        return "paused" if self.wanted == "paused" or call._is_interrupted() else "recording"

    def _sync(self):
        """Send the wanted state to the provider if it differs from the current one."""
        for recording in self.filtered("provider_recording_id"):
            wanted = recording._get_wanted_state()
            if recording.state in LIVE and wanted and wanted != recording.state:
                recording._send_status_request()

    # === START === #

    @api.model
    def _start(self, call):
        """Start the recording of a conversation, and announce it.

        :param call: the call
        """
        recording = self.create(
            {
                "call_id": call.id,
                "account_id": call.account_id.id,
                "kind": "conversation",
                "state": "starting",
                "recorded_at": fields.Datetime.now(),
            }
        )
        recording._send_start_request()
        if call._get_customer_leg().joined_at:
            call._play_recording_announcement()

    @after_commit("state", repaired_by="_cron_fetch")
    def _send_start_request(self, is_repeated=False):
        """Start recording the customer's leg.

        :param bool is_repeated: whether an earlier request may have been carried out
        :return: the `_on_…` method to run and its arguments, or None
        """
        if self.state != "starting" or self.provider_recording_id:
            return None
        if self._get_wanted_state() in ("", "stopped"):
            return self._on_start_failed, (self.env._("The call ended before recording started."),)
        client = self.account_id._get_client()
        leg_id = self.call_id._get_customer_leg().provider_leg_id
        url = self.account_id._get_webhook_url(
            "recording", call=self.call_id.uuid, recording=self.id
        )
        try:
            sid = client.find_recording(leg_id, self._get_known_ids()) if is_repeated else ""
            try:
                sid = sid or client.start_recording(leg_id, url)
            except ProviderError as error:
                if not error.unknown:
                    raise
                # The response was lost, but the recording may have started.
                sid = client.find_recording(leg_id, self._get_known_ids())
                if not sid:
                    raise
        except ProviderError as error:
            _logger.warning("%s: the recording was not started: %s", self.call_id.uuid, error.label)
            return self._on_start_failed, (self._explain(error),)
        return self._on_start_done, (sid,)

    def _get_known_ids(self):
        return [sid for sid in self.call_id.recording_ids.mapped("provider_recording_id") if sid]

    def _on_start_done(self, provider_recording_id):
        """Save the provider's id of the recording, and apply changes made meanwhile."""
        known = self.provider_recording_id
        if not known and provider_recording_id in self._get_known_ids():
            self._on_start_failed(self.env._("Another recording is still in progress."))
            return
        # Also accept the late response of a start that was given up.
        if self.state == "starting" or (self.state == "failed" and not known):
            self.write(
                {
                    "provider_recording_id": known or provider_recording_id,
                    "state": "recording",
                    "problem": False,
                }
            )
            self.call_id._notify_participants()
        self._sync()

    def _on_start_failed(self, sentence):
        if self.state == "starting":
            self.write({"state": "failed", "problem": sentence})
            self.call_id._add_timeline("recording_failed")
            self.call_id._notify_participants()

    # === PAUSE, RESUME, STOP === #

    def _change(self, wanted):
        """Change the requested state of this recording on behalf of the current user.

        :param str wanted: `recording`, `paused` or `stopped`
        :raise UserError: the recording is mandatory
        """
        call = self.call_id
        if wanted == "stopped" and call._get_recording_mode() == "always":
            raise UserError(
                self.env._(
                    "Every call of this number is recorded. You can only pause the recording."
                )
            )
        if self.wanted == wanted:
            return
        self.write({"wanted": wanted})
        code = "recording_resumed" if wanted == "recording" else f"recording_{wanted}"
        call._add_timeline(code, name=self.env.user.name)
        self._sync()
        call._notify_participants()

    @after_commit("_get_wanted_state", repaired_by="_cron_fetch")
    def _send_status_request(self, attempt=1):
        """Pause, resume or stop the recording, according to the wanted state.

        :return: the `_on_…` method to run and its arguments, or None
        """
        wanted = self._get_wanted_state()
        if self.state not in LIVE or not wanted or wanted == self.state:
            return None
        leg_id = self.call_id._get_customer_leg().provider_leg_id
        try:
            self.account_id._get_client().set_recording_status(
                leg_id, self.provider_recording_id, wanted
            )
        except ProviderError as error:
            if error.gone:
                # The recording has ended: its webhook or the cron reports the result.
                return None
            _logger.warning("%s: the recording did not change: %s", self.call_id.uuid, error.label)
            return self._on_status_failed, (wanted, attempt)
        return self._on_status_done, (wanted,)

    def _on_status_done(self, state):
        if self.state not in LIVE:
            return
        # The provider prepares a stopped recording; its webhook usually arrives before this.
        self.write(
            {
                "state": "pending" if state == "stopped" else state,
                "problem": False,
                "next_try_at": self._get_next_try(1),
            }
        )
        self.call_id._notify_participants()
        self._sync()

    def _on_status_failed(self, wanted, attempt):
        if attempt < TRIES:
            self._send_status_request(attempt + 1)
            return
        self.problem = {
            "paused": self.env._(
                "Twilio did not pause the recording. The call is still being recorded."
            ),
            "recording": self.env._("Twilio did not resume the recording."),
        }.get(
            wanted,
            self.env._("Twilio did not stop the recording. The call is still being recorded."),
        )
        self.call_id._notify_participants()

    # === END === #

    def _finish(self, event):
        """Process the end of the recording at the provider; an empty one is discarded.

        :param CallEvent event: `recorded`
        """
        if self.state in ("stored", "deleted"):
            return
        self.write(
            {
                "provider_recording_id": event.data["recording_id"],
                "duration": event.duration,
                "state": "pending",
                "problem": False,
                "tries": 0,
                "next_try_at": fields.Datetime.now(),
            }
        )
        empty = event.status == "failed" or (self.kind == "conversation" and not event.duration)
        if empty:
            self._discard(self.env._("Nothing was recorded."))
        elif self.kind == "conversation" and self.call_id._get_recording_ban():
            self._discard(self.call_id._get_recording_ban())
        else:
            self._wake_job()
        self.call_id._notify_participants()

    @after_commit("state", repaired_by="_cron_fetch")
    def _send_find_request(self):
        """Find the recording of an ended call whose start or end was not reported.

        :return: the `_on_…` method to run and its arguments, or None
        """
        if self.state not in LIVE:
            return None
        sid = self.provider_recording_id
        if not sid:
            leg_id = self.call_id._get_customer_leg().provider_leg_id
            try:
                sid = self.account_id._get_client().find_recording(leg_id, self._get_known_ids())
            except ProviderError:
                return None
        return self._on_find_done, (sid,)

    def _on_find_done(self, provider_recording_id):
        if self.state not in LIVE:
            return
        if provider_recording_id:
            self.write(
                {
                    "provider_recording_id": provider_recording_id,
                    "state": "pending",
                    "next_try_at": fields.Datetime.now(),
                }
            )
            self._wake_job()
        else:
            self.write({"state": "failed", "problem": self.env._("Nothing was recorded.")})
