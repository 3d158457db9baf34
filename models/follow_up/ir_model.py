from odoo import models
from odoo.tools import sql


class IrModel(models.Model):
    """Models that are uninstalled: a new record could get the identifier of a lost one."""

    _inherit = "ir.model"

    def unlink(self):
        """Unlink the calls from the records of these models."""
        names = self.mapped("model")
        # The addon's own models go with its uninstallation.
        if "telephony.call" not in names and sql.table_exists(self.env.cr, "telephony_call"):
            self.env["telephony.linked.model"]._unlink_calls(names)
        return super().unlink()
