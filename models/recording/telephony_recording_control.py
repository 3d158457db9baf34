import logging
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...providers.base import ProviderError
from ..call.after_commit import after_commit, run_later
from .telephony_recording import LIVE

_logger = logging.getLogger(__name__)

# Seconds before each quick repetition of a refused start. Then the job repeats it while the call
# lives. Twilio refuses now and then to record a call that was just answered.
START_DELAYS = (0.3, 0.6, 1.2, 2.4)
# Seconds between two repetitions by the job.
START_INTERVAL = 60
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
            return self._on_start_failed, self._explain_twice(
                lambda row: row.env._("The call ended before recording started.")
            )
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
            may_succeed = error.gone or error.unknown or error.retryable
            is_expected = may_succeed and self.tries < len(START_DELAYS)
            _logger.log(
                logging.INFO if is_expected else logging.WARNING,
                "%s: the recording was not started: %s",
                self.call_id.uuid,
                error.label,
            )
            on_refused = self._on_start_refused if may_succeed else self._on_start_failed
            return on_refused, self._explain_twice(partial(type(self)._explain_start, error=error))
        return self._on_start_done, (sid,)

    def _explain_twice(self, explain):
        """Return a reason for the row and for the timeline, which shows it in any language.

        :param explain: function of this recording that returns the sentence
        :rtype: tuple(str, dict(str, str))
        """
        return explain(self), self.env["telephony.call.timeline"]._get_in_languages(self, explain)

    def _explain_start(self, error):
        if error.gone or error.kind == "busy":
            return self.env._("Twilio is not ready to record this call yet.")
        return self._explain(error)

    def _on_start_refused(self, sentence, reason):
        """Try again soon; if that does not help, show it and try again while the call lives.

        :param str sentence: the reason
        :param dict reason: the reason in each language, for the timeline
        """
        if self.state != "starting":
            return
        tries = self.tries + 1
        if tries <= len(START_DELAYS):
            self.write({"tries": tries})
            run_later(self, "_start_again", START_DELAYS[tries - 1])
            return
        moment = fields.Datetime.now() + timedelta(seconds=START_INTERVAL)
        problem = self.env._("The recording has not started yet. %(reason)s", reason=sentence)
        self.write({"tries": tries, "problem": problem, "next_try_at": moment})
        self._wake_job(moment)
        if tries == len(START_DELAYS) + 1:
            self.call_id._add_timeline("recording_delayed", reason=reason)
            self.call_id._notify_participants()

    def _start_again(self):
        for recording in self:
            recording._send_start_request(True)

    def _get_known_ids(self):
        return [sid for sid in self.call_id.recording_ids.mapped("provider_recording_id") if sid]

    def _on_start_done(self, provider_recording_id):
        """Save the provider's id of the recording, and apply changes made meanwhile."""
        known = self.provider_recording_id
        if not known and provider_recording_id in self._get_known_ids():
            self._on_start_failed(
                *self._explain_twice(
                    lambda row: row.env._("Another recording is still in progress.")
                )
            )
            return
        # Also accept the late response of a start that was given up.
        if self.state == "starting" or (self.state == "failed" and not known):
            self.write(
                {
                    "provider_recording_id": known or provider_recording_id,
                    "state": "recording",
                    "problem": False,
                    "tries": 0,
                }
            )
            self.call_id._notify_participants()
        self._sync()

    def _on_start_failed(self, sentence, reason):
        """Give the recording up.

        :param str sentence: the reason
        :param dict reason: the reason in each language, for the timeline
        """
        if self.state == "starting":
            self.write({"state": "failed", "problem": sentence})
            self.call_id._add_timeline("recording_not_started", reason=reason)
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
                self.env._("This call must be recorded. You can only pause the recording.")
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
            was_refused = self.state == "starting" and self.tries
            sentence = (
                self.env._("Twilio did not start the recording before the call ended.")
                if was_refused
                else self.env._("Nothing was recorded.")
            )
            self.write({"state": "failed", "problem": sentence})
            if was_refused:
                self.call_id._add_timeline("recording_never_started")
