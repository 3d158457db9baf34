from odoo import fields, models


class TelephonyCallPurpose(models.Model):
    """A purpose: why the call took place, such as *support* or *appointment*."""

    _name = "telephony.call.purpose"
    _inherit = ["telephony.guard.mixin"]
    _description = "Call Purpose"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", immutable=True, help="Leave empty to use it in all companies."
    )
