from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.arguments import check_one


class TelephonyNumberRelease(models.TransientModel):
    """Confirmation before a number is released."""

    _name = "telephony.number.release"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Release Phone Number"

    number_id = fields.Many2one(
        "telephony.number", required=True, ondelete="cascade", readonly=True
    )
    number_display = fields.Char(
        related="number_id.display_name", string="Number to Release", related_sudo=False
    )
    call_count = fields.Integer("Calls in the Last 30 Days", compute="_compute_usage")
    agent_count = fields.Integer("Phone Users Using It", compute="_compute_usage")

    @api.depends("number_id")
    def _compute_usage(self):
        since = fields.Datetime.subtract(fields.Datetime.now(), days=30)
        for wizard in self:
            wizard.agent_count = len(wizard.number_id.agent_ids)
            wizard.call_count = self.env["telephony.call"].search_count(
                [("number_id", "=", wizard.number_id.id), ("create_date", ">=", since)]
            )

    @check_one
    def action_release(self):
        """Release the number."""
        number = self.number_id
        if not number.provider_number_id:
            raise UserError(self.env._("This number is no longer in the Twilio account."))
        return number._release()
