from odoo import api, models

# Fields whose change may grant or remove the right to telephone.
RIGHT_FIELDS = {"user_ids", "all_user_ids", "implied_ids", "implied_by_ids"}


class ResGroups(models.Model):
    _inherit = "res.groups"

    @api.model_create_multi
    def create(self, vals_list):
        groups = super().create(vals_list)
        # sudo: telephony.agent - the list of phone users follows their rights
        self.env["telephony.agent"].sudo()._add_missing()
        return groups

    def write(self, vals):
        if not RIGHT_FIELDS & vals.keys():
            return super().write(vals)
        # sudo: telephony.agent - the list of phone users follows their rights
        with self.env["telephony.agent"].sudo()._following_rights():
            return super().write(vals)

    def unlink(self):
        # sudo: telephony.agent - the list of phone users follows their rights
        with self.env["telephony.agent"].sudo()._following_rights():
            return super().unlink()
