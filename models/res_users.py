from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    telephony_agent_ids = fields.One2many("telephony.agent", "user_id", "Phone User")

    def write(self, vals):
        result = super().write(vals)
        if vals.get("active") is False:
            # sudo: telephony.agent - who cannot log in cannot be reached
            self.sudo().telephony_agent_ids._set_status("offline")
        return result
