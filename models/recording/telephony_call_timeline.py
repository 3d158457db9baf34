"""Sentences of recordings in the timeline of a call."""

from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS = {
    "recording_started": _lt("%(name)s started recording."),
    "step_recording_off": _lt("Recording: off, as set in “%(step)s”."),
    "step_recording_agent": _lt("Recording: the phone user decides, as set in “%(step)s”."),
    "step_recording_always": _lt("Recording: always, as set in “%(step)s”."),
    "not_recorded": _lt("Not recorded: %(reason)s"),
    # Written by older releases.
    "recording_failed": _lt("The recording could not be started. Try again."),
    "recording_not_started": _lt("The recording could not be started. %(reason)s"),
    "recording_delayed": _lt("The recording has not started yet and is tried again. %(reason)s"),
    "recording_never_started": _lt(
        "The call was not recorded: Twilio did not start the recording before the call ended."
    ),
    "recording_resumed": _lt("%(name)s resumed the recording."),
    "recording_paused": _lt("%(name)s paused the recording."),
    "recording_stopped": _lt("%(name)s stopped the recording."),
}


class TelephonyCallTimeline(models.Model):
    _inherit = "telephony.call.timeline"

    @api.model
    def _get_texts(self):
        return {**super()._get_texts(), **TEXTS}
