from odoo import models

# Fields whose change may remove the right to telephone.
RIGHT_FIELDS = {"user_ids", "all_user_ids", "implied_ids", "implied_by_ids"}


class ResGroups(models.Model):
    _inherit = "res.groups"

    def write(self, vals):
        result = super().write(vals)
        if RIGHT_FIELDS & vals.keys():
            self._drop_telephony_right()
        return result

    def unlink(self):
        result = super().unlink()
        self._drop_telephony_right()
        return result

    def _drop_telephony_right(self):
        # sudo: telephony.agent - a user without the right must not be rung
        self.env["telephony.agent"].sudo()._drop_without_right()
