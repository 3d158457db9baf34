from odoo import fields, models


class TelephonyCallPurpose(models.Model):
    """A purpose: why the call took place, such as *support* or *appointment*."""

    _name = "telephony.call.purpose"
    _inherit = ["telephony.choice.mixin"]
    _description = "Call Purpose"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
