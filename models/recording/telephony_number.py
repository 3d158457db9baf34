from odoo import models


class TelephonyNumber(models.Model):
    """The recording mode of the calls with a number."""

    _inherit = "telephony.number"

    def _get_recording_mode(self):
        """Return `off`, `agent` or `always`. Note: `self.ensure_one()`"""
        self.ensure_one()
        # sudo: res.company - the recording mode is not secret
        company_sudo = self.company_id.sudo()
        return self.recording_mode or company_sudo.telephony_recording_mode or "off"

    def _to_client(self):
        # The softphone shows the recording button before the server has confirmed a call.
        return [
            {**data, "recording_mode": number._get_recording_mode()}
            for data, number in zip(super()._to_client(), self, strict=True)
        ]
