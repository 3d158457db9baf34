from dataclasses import replace

from odoo import models

from ...providers.voice_response import HangUp, Say

# Voicemails up to this many seconds contain nothing but the hang-up.
EMPTY_SECONDS = 2


class TelephonyCall(models.Model):
    """Voicemails, and the notification of their recipients."""

    _inherit = "telephony.call"

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
            self.outcome = "voicemail"
            self._update_log()
            if self.state == "ended":
                self._update_callbacks()

    def _on_recording_stored(self, recording):
        """Notify the recipients of a voicemail, or add the player to a conversation's log note."""
        if recording.kind != "voicemail":
            self._update_log()
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

    def _get_thanks(self):
        """Return the goodbye to a caller who has left a voicemail."""
        flow = self.flow_id
        text = self.with_context(lang=flow.language).env._("Thank you for your message. Goodbye.")
        return [Say(text, flow._get_speech_language()), HangUp()]
