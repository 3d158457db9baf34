from odoo import fields, models


class ResUsersSettings(models.Model):
    _inherit = "res.users.settings"

    telephony_is_set_up = fields.Boolean(
        "Telephone Is Set Up",
        help="The user has gone through the steps of the first use, or has skipped them.",
    )
