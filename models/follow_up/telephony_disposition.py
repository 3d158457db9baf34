from odoo import fields, models


class TelephonyDisposition(models.Model):
    """A disposition: the agent's result of a call, such as *interested* or *wrong number*."""

    _name = "telephony.disposition"
    _inherit = ["telephony.choice.mixin"]
    _description = "Call Result"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    connected_only = fields.Boolean(
        "Answered Calls Only", help="Not available for calls that were not answered."
    )
