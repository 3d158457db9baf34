from random import randint

from odoo import fields, models


class TelephonyCallTag(models.Model):
    """A tag of calls, for searches and reports."""

    _name = "telephony.call.tag"
    _inherit = ["telephony.guard.mixin"]
    _description = "Call Tag"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    color = fields.Integer(default=lambda self: randint(1, 11))
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", immutable=True, help="Leave empty to use it in all companies."
    )
