from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..arguments import check_arguments
from ..call.after_commit import after_commit
from ..gate import door
from ..res_company import RECORDING_MODES
from .telephony_recording import LIVE

# Voicemails up to this many seconds contain nothing but the hang-up.
EMPTY_SECONDS = 2


class TelephonyCall(models.Model):
    """The recording of conversations: permission, control and announcement.

    The provider records the customer's leg. Nothing here waits for it: see
    `telephony_recording_control.py`.
    """

    _inherit = "telephony.call"

    recording_announced_at = fields.Datetime(readonly=True)
    is_announcement_played = fields.Boolean(
        "Announcement Played",
        readonly=True,
        copy=False,
        help="Whether Twilio has played the recording announcement.",
    )

    recording_mode = fields.Selection(
        RECORDING_MODES,
        "Recording Set by Step",
        readonly=True,
        copy=False,
        help="Whether the step of the call flow in which the conversation began has it recorded. "
        "Empty: the setting of the number applies.",
    )

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_recordings(self):
        """Delete the recordings with their call. A recording that must be kept keeps the call."""
        # sudo: telephony.recording - the right to delete a call includes its recordings
        self.sudo().recording_ids.unlink()

    # === RPC === #

    @api.model
    @door()
    @check_arguments
    def set_recording(self, uuid, wanted):
        """Start, pause, resume or stop the recording of a conversation of the current user.

        :param str uuid: the call
        :param str wanted: `recording`, `paused` or `stopped`
        :raise UserError: this call may not be recorded, or its recording is mandatory
        :return: see `_to_client`
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        if wanted not in ("recording", "paused", "stopped"):
            raise UserError(
                self.env._(
                    "Invalid action: a recording can be started, paused, resumed or stopped."
                )
            )
        recording_sudo = call_sudo._get_live_recording()
        if recording_sudo:
            recording_sudo._change(wanted)
        elif wanted == "recording":
            call_sudo._start_wanted_recording()
        else:
            raise UserError(self.env._("This call is not being recorded."))
        return call_sudo._to_client_for_me()

    def _start_wanted_recording(self):
        if self._get_recording_mode() == "off":
            raise UserError(self.env._("Recording is disabled for this call."))
        reason = self._get_reason_not_to_record()
        if reason:
            raise UserError(reason)
        if self.state != "in_progress":
            raise UserError(self.env._("Only a call in progress can be recorded."))
        self.env["telephony.recording"]._start(self)
        self._notify_participants()
        self._add_timeline("recording_started", name=self.env.user.name)

    def _to_recent(self, env):
        """Add the voicemail, if the user may hear it."""
        voicemail = self.recording_ids.filtered(
            lambda recording: recording.kind == "voicemail" and recording.state == "stored"
        )[:1].with_env(env)
        if not voicemail or not voicemail.has_access("read"):
            return super()._to_recent(env)
        return {
            **super()._to_recent(env),
            "voicemail": {
                "id": voicemail.id,
                "url": voicemail.url,
                "duration": voicemail.duration,
                "peaks": voicemail.peaks or [],
                "is_new": voicemail.is_new,
            },
        }

    # === PERMISSION TO RECORD === #

    def _get_recording_mode(self):
        """Return `off`, `agent` or `always`: the mode of the step, the number or the company."""
        # sudo: res.company - the recording mode is not secret
        return (
            self.recording_mode
            or self.number_id.recording_mode
            or self.company_id.sudo().telephony_recording_mode
            or "off"
        )

    def _get_recording_ban(self):
        """Return why this conversation must never be recorded; empty if it may be."""
        if (self.partner_id | self.lead_id.partner_id)._telephony_must_not_be_recorded():
            return self.env._("Calls with this contact must not be recorded.")
        if self._is_emergency():
            return self.env._("Calls to emergency services are never recorded.")
        return ""

    def _get_reason_not_to_record(self):
        """Return why a recording cannot start now; empty if it can."""
        return self._get_recording_ban() or self.account_id._get_recording_problem()

    def _is_interrupted(self):
        """Return whether the conversation pauses: the customer is on hold or waits for a party."""
        waits = self.deadline_at or self._get_transfer().mode == "blind"
        return self._get_customer_leg().on_hold or bool(self.answered_at and waits)

    def _get_live_recording(self):
        return self.recording_ids.filtered(
            lambda recording: recording.kind == "conversation" and recording.state in LIVE
        )[:1]

    # === START AND END === #

    def _on_in_progress(self):
        super()._on_in_progress()
        if self._get_recording_mode() != "always" or self._get_live_recording():
            return
        if self._get_reason_not_to_record():
            reason = self.env["telephony.call.timeline"]._get_in_languages(
                self, lambda call: call._get_reason_not_to_record()
            )
            self._add_timeline("not_recorded", reason=reason)
        else:
            self.env["telephony.recording"]._start(self)

    def _get_reactions(self):
        return [*super()._get_reactions(), self._sync_recording]

    def _on_interruption_changed(self):
        super()._on_interruption_changed()
        self._sync_recording()

    def _on_customer_joined(self):
        super()._on_customer_joined()
        self._play_recording_announcement()
        if self.recording_announced_at:
            self._notify_participants()

    def _sync_recording(self):
        """Pause or resume the recording when the conversation is interrupted or resumed."""
        self._get_live_recording()._sync()

    def _end_talk(self, moment=None):
        super()._end_talk(moment)
        recording = self._get_live_recording()
        recording.wanted = "stopped"
        recording._sync()

    def _get_follow_ups(self):
        return [*super()._get_follow_ups(), self._find_refused_recording]

    def _find_refused_recording(self):
        """Find a recording whose start was refused, or else show that the call was not recorded."""
        recording = self._get_live_recording()
        if recording.state == "starting" and recording.tries:
            recording._send_find_request()

    # === ANNOUNCEMENT === #

    def _is_announced(self):
        """Return whether the company requires an announcement before the recording."""
        company = self.company_id.sudo()  # sudo: res.company - a setting
        return (
            company.telephony_announce_incoming
            if self.direction == "incoming"
            else company.telephony_announce_outgoing
        )

    def _make_join_announcement(self):
        """Return the announcement before the conversation; empty without a recording.

        :return: a voice response
        :rtype: list
        """
        if (
            self.recording_announced_at
            or self._get_recording_mode() != "always"
            or not self._is_announced()
            or self._get_reason_not_to_record()
        ):
            return super()._make_join_announcement()
        self.write(
            {"recording_announced_at": fields.Datetime.now(), "is_announcement_played": True}
        )
        return self._get_recording_announcement()

    def _get_arrival_deadline(self):
        """Add the announcement, which is played before the caller joins the conference."""
        deadline = super()._get_arrival_deadline()
        if not self.recording_announced_at:
            return deadline
        seconds = sum(step.seconds for step in self._get_recording_announcement())
        return deadline + timedelta(seconds=seconds)

    def _doubt_sounds(self):
        is_doubted = super()._doubt_sounds()
        if is_doubted and self._get_phase().place == "conference":
            # The customer joins again, and has not heard the announcement.
            self.write({"recording_announced_at": False, "is_announcement_played": False})
        return is_doubted

    def _play_recording_announcement(self):
        """Announce the recording once to all parties of the conversation."""
        if (
            self._is_announced()
            and not self.recording_announced_at
            and self.provider_conference_id
            and self._get_live_recording()
        ):
            self.recording_announced_at = fields.Datetime.now()
            self._send_announce_request()

    def _get_recording_announcement(self):
        """Return the announcement, in the language of the number's flow or of the company.

        :return: a voice response
        :rtype: list
        """
        return [self._say(self._get_flow_language(), "recorded")]

    @after_commit("recording_announced_at", missing=("_is_announcement_missing",))
    def _send_announce_request(self, is_repeated=False):
        """Have the provider play the announcement to all parties of the conversation.

        :return: the `_on_…` method to run and its arguments, or None
        """
        if self.state != "in_progress" or self.is_announcement_played:
            return None
        conference = self._fetch_conference()
        is_played = conference and self._send(
            "announce",
            conference,
            self.account_id._get_webhook_url("announce", call=self.uuid),
        )
        return (self._on_announce_done, ()) if is_played else None

    def _on_announce_done(self):
        self.is_announcement_played = True

    # === FROM THE WEBHOOKS === #

    def _apply_recording(self, event):
        """Process the start of a recording at the provider."""
        self._find_recording(event)._on_start_done(event.data["recording_id"])

    def _apply_recorded(self, event):
        """Process the end of a recording, which may be empty."""
        recording = self._find_recording(event)
        if recording:
            recording._finish(event)
        else:
            self._add_message(event)

    def _find_recording(self, event):
        """Return the recording of an event, by the provider's id or by our own."""
        sid, row_id = event.data["recording_id"], event.data.get("row_id")
        known = self.recording_ids.filtered(lambda row: row.provider_recording_id == sid)
        return known or self.recording_ids.filtered(
            lambda row: row.id == row_id and not row.provider_recording_id
        )

    # === FOR THE CLIENT === #

    def _to_client_one(self, env):
        # A call that only rings has no buttons yet.
        is_shown = self.state == "in_progress" or (self.user_id and self.state != "ended")
        return {
            **super()._to_client_one(env),
            "recording": bool(is_shown) and self._get_recording_data(),
        }

    def _get_recording_data(self):
        """Return the recording data of a running call for the softphone.

        Before the conversation, its button has its place already.

        :rtype: dict
        """
        recording = self._get_live_recording()
        mode = self._get_recording_mode()
        newest = self.recording_ids.filtered(lambda row: row.kind == "conversation").sorted("id")[
            -1:
        ]
        reason = "" if recording or mode == "off" else self._get_reason_not_to_record()
        return {
            "mode": mode,
            "state": recording.state or "off",
            "wanted": recording.wanted or False,
            "interrupted": self._is_interrupted(),
            "announcing": bool(
                self.recording_announced_at and not self._get_customer_leg().joined_at
            ),
            "reason": reason or False,
            "problem": (recording or newest).problem or False,
        }

    # ---------------------------------------------------------
    # VOICEMAILS
    # ---------------------------------------------------------

    # Voicemails, and the notification of their recipients.

    def _add_message(self, event):
        """Save a voicemail that a caller has left.

        :param CallEvent event: `recorded`, of a recording that no request has started
        """
        kind = event.data.get("kind") or (
            "voicemail" if self.step_id.kind == "voicemail" else "conversation"
        )
        empty = kind == "voicemail" and event.duration <= EMPTY_SECONDS
        recording = self.env["telephony.recording"].create(
            {
                "call_id": self.id,
                "account_id": self.account_id.id,
                "kind": kind,
                "recorded_at": event.at,
            }
        )
        recording._finish(replace(event, status="failed") if empty else event)
        if kind == "voicemail" and recording.state == "pending" and not self.answered_at:
            self._set_outcome("voicemail")

    def _on_recording_stored(self, recording):
        """Notify the recipients of a voicemail. Other packages may show the recording."""
        if recording.kind != "voicemail":
            return
        for user in self.recipient_ids._filter_phone_users(self.company_id):
            [payload] = self.with_env(user._telephony_env(self.company_id))._to_client()
            user._bus_send(
                "telephony/voicemail_received",
                {
                    "call": payload,
                    "recording_id": recording.id,
                    "duration": recording.duration,
                },
            )

    def _say_thanks(self):
        """Return the goodbye to a caller who has left a voicemail."""
        return self._say_goodbye("thanks")

    # === PRIVACY === #

    def _get_on_legal_hold(self):
        """Return the calls with a recording under legal hold, which must not be anonymized."""
        return (
            self.env["telephony.recording"]
            .search([("call_id", "in", self.ids), ("legal_hold", "=", True)])
            .call_id
        )

    def _anonymize(self, user=None):
        self.recording_ids.filtered(lambda recording: recording.state != "deleted")._delete_sound(
            user
        )
        super()._anonymize(user)
