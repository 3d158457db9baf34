from odoo import fields, models

from ..models.arguments import check_one


class TelephonyCallbackCancel(models.TransientModel):
    """Dialog for the reason to cancel a callback."""

    _name = "telephony.callback.cancel"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Do Not Call Back"

    callback_id = fields.Many2one("telephony.callback", required=True, ondelete="cascade")
    customer_display = fields.Char(related="callback_id.customer_display", related_sudo=False)
    reason = fields.Char(required=True)

    @check_one
    def action_confirm(self):
        """Cancel the callback."""
        self.callback_id.check_access("read")
        self.callback_id._cancel(self.reason)
        return {"type": "ir.actions.act_window_close"}
