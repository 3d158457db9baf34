from odoo import fields, models


class TelephonyDisposition(models.Model):
    """A disposition: the agent's result of a call, such as *interested* or *wrong number*."""

    _name = "telephony.disposition"
    _inherit = ["telephony.guard.mixin"]
    _description = "Call Result"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    connected_only = fields.Boolean(
        "Answered Calls Only", help="Not available for calls that were not answered."
    )
    company_id = fields.Many2one(
        "res.company", immutable=True, help="Leave empty to use it in all companies."
    )
