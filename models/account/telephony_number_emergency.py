import logging

from odoo import api, fields, models
from odoo.exceptions import ValidationError

_logger = logging.getLogger(__name__)


class TelephonyNumber(models.Model):
    """Permission to call emergency services with a number.

    https://www.twilio.com/docs/voice/tutorials/emergency-calling-for-programmable-voice
    """

    _inherit = "telephony.number"

    emergency_enabled = fields.Boolean(
        "Emergency Calls",
        copy=False,
        help="Phone users with this number can call emergency services with it, regardless of "
        "the calling rules.",
    )
    emergency_address = fields.Text(
        "Registered Address",
        copy=False,
        help="Address registered at Twilio for this number. Help is sent to this address.",
    )
    emergency_changed_by_id = fields.Many2one(
        "res.users", "Changed By", readonly=True, copy=False, ondelete="set null"
    )
    emergency_changed_at = fields.Datetime("Changed On", readonly=True, copy=False)

    @api.constrains("emergency_enabled", "emergency_address")
    def _check_emergency_address(self):
        for number in self:
            if number.emergency_enabled and not (number.emergency_address or "").strip():
                raise ValidationError(
                    self.env._(
                        "Enter the address registered at Twilio for this number. Help is sent to "
                        "this address."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        numbers = super().create(vals_list)
        numbers.filtered("emergency_enabled")._note_emergency_decision()
        return numbers

    def write(self, vals):
        result = super().write(vals)
        if {"emergency_enabled", "emergency_address"} & vals.keys():
            self._note_emergency_decision()
        return result

    def _note_emergency_decision(self):
        """Record the user who decided on emergency calls with these numbers."""
        # sudo: telephony.number - users have no write access to these two fields
        self.sudo().write(
            {
                "emergency_changed_by_id": self.env.uid,
                "emergency_changed_at": fields.Datetime.now(),
            }
        )
        for number in self:
            _logger.warning(
                "User %s decides on emergency calls with number %s: %s.",
                self.env.uid,
                number.id,
                number.emergency_enabled,
            )
