from odoo import models

from .telephony_document import HangUp, Say

# Messages up to this many seconds hold nothing but the hanging up.
EMPTY_SECONDS = 2


class TelephonyCall(models.Model):
    """Callers who leave a message, and callers whom nobody answered."""

    _inherit = "telephony.call"

    def _apply_recorded(self, event):
        """A recording of this call is ready, or there is nothing in it."""
        kind = "voicemail" if self.step_id.kind == "voicemail" else "conversation"
        empty = event.status == "failed" or kind == "voicemail" and event.duration <= EMPTY_SECONDS
        recording = self.env["telephony.recording"].create({
            "call_id": self.id,
            "account_id": self.account_id.id,
            "kind": kind,
            "provider_recording_id": event.data["recording_id"],
            "duration": event.duration,
            "recorded_at": event.at,
            "state": "failed" if empty else "pending",
        })
        if empty:
            self.account_id._after_commit(recording, "_send_delete_request")
            return None
        if kind == "voicemail" and not self.answered_at:
            self.outcome = "voicemail"
            self._update_log()
            if self.state == "ended":
                self._settle_callbacks()
        self.account_id._after_commit(recording, "_send_fetch_request")
        return None

    def _on_recording_stored(self, recording):
        """Tell those whom a message is for that they can hear it."""
        if recording.kind != "voicemail":
            return
        for user in self.recipient_ids:
            [payload] = self.with_env(user._telephony_env(self.company_id))._to_client()
            user._bus_send("telephony/voicemail_received", {
                "call": payload, "recording_id": recording.id, "duration": recording.duration,
            })

    def _get_thanks(self):
        """Say good-bye to a caller who has left a message."""
        flow = self.flow_id
        text = self.with_context(lang=flow.language).env._("Thank you for your message. Good-bye.")
        return [Say(text, flow._get_speech_language()), HangUp()]

    def _tell_missed(self):
        """Tell those who should have answered that a caller has gone."""
        for call in self.filtered(
            lambda call: call.direction == "incoming" and not call.answered_at
        ):
            users = call.recipient_ids | call.offer_ids.agent_id.user_id
            if not users:
                users = call.flow_id.step_ids.agent_ids.user_id
            for user in users:
                [payload] = call.with_env(user._telephony_env(call.company_id))._to_client()
                user._bus_send("telephony/call_missed", payload)

    def _get_voicemail(self):
        """Return the caller's message, if there is one to hear."""
        return self.recording_ids.filtered(
            lambda recording: recording.kind == "voicemail" and recording.state == "stored"
        )[:1]

    def action_view_recordings(self):
        """Show the recordings of a call."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_telephony.telephony_recording_action"
        )
        return {**action, "domain": [("call_id", "=", self.id)],
                "context": {"create": False}, "name": self.display_name,
                "views": [(False, "list"), (False, "form")]}
