from random import randint

from odoo import fields, models


class TelephonyCallTag(models.Model):
    """A tag of calls, for searches and reports."""

    _name = "telephony.call.tag"
    _inherit = ["telephony.choice.mixin"]
    _description = "Call Tag"
    _order = "name, id"

    color = fields.Integer(default=lambda self: randint(1, 11))
