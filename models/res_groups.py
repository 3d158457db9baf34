from odoo import models


class ResGroups(models.Model):
    _inherit = "res.groups"

    def write(self, vals):
        result = super().write(vals)
        if {"user_ids", "implied_ids"} & vals.keys():
            # sudo: telephony.agent - who cannot call any more cannot be reached
            self.env["telephony.agent"].sudo()._drop_without_right()
        return result
