"""What the softphone asks besides the models' own methods."""

from odoo import _
from odoo.exceptions import UserError
from odoo.http import Controller, request, route


class Softphone(Controller):
    @route("/telephony/token", type="jsonrpc", auth="user", readonly=False)
    def token(self):
        """Give the current user's browser what it needs to reach the carrier."""
        agent_sudo = request.env["telephony.agent"]._get_mine()
        account_sudo = agent_sudo._get_account()
        if not account_sudo:
            raise UserError(_("The telephone is not connected to Twilio yet. "
                              "Ask your phone administrator."))
        return account_sudo._make_browser_access(agent_sudo.identity)
