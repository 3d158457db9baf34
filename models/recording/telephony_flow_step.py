from odoo import fields, models

from ..res_company import RECORDING_MODES

# Kinds of steps in which a conversation begins.
RECORDED_KINDS = ("ring", "queue")
MARKS = {"off": "fa-microphone-slash", "agent": "fa-circle-o", "always": "fa-circle"}


class TelephonyFlowStep(models.Model):
    """The recording of the conversations that begin in a step.

    The call keeps the mode of the step: a transfer does not change it.
    """

    _inherit = "telephony.flow.step"

    recording_mode = fields.Selection(
        RECORDING_MODES,
        "Record Calls",
        help="Applies to the conversations that begin in this step, and continues to apply after "
        "a transfer. Leave empty to use the setting of the number.",
    )

    def _enter(self, call):
        mode = self._get_step_recording_mode()
        if call.recording_mode != mode:
            call.recording_mode = mode
        result = super()._enter(call)
        if mode and not isinstance(result, str):
            call._add_timeline(f"step_recording_{mode}", step=self.name)
        return result

    def _get_step_recording_mode(self):
        """Return the mode that this step sets; False to leave it to the number."""
        return self.kind in RECORDED_KINDS and self.recording_mode

    def _get_marks(self):
        mode = self._get_step_recording_mode()
        if not mode:
            return super()._get_marks()
        texts = {
            "off": self.env._("Calls are not recorded"),
            "agent": self.env._("The phone user decides whether to record"),
            "always": self.env._("Calls are always recorded"),
        }
        return [*super()._get_marks(), {"icon": MARKS[mode], "text": texts[mode]}]
