from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    telephony_country_ids = fields.Many2many(
        "res.country",
        "telephony_company_country_rel",
        string="Countries That May Be Called",
        help="Empty: every country.",
    )
    telephony_block_premium = fields.Boolean("Block Premium Numbers", default=True)
    telephony_calls_per_hour = fields.Integer(
        "Calls per User and Hour",
        default=100,
        help="More outgoing calls than this look like fraud and are refused. 0: no limit.",
    )
