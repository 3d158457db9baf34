"""Requests of the softphone besides the models' own methods."""

from odoo.exceptions import UserError
from odoo.http import Controller, request, route

from odoo.addons.crm_telephony.models.arguments import is_id


class Softphone(Controller):
    @route("/telephony/token", type="jsonrpc", auth="user", readonly=False)
    def token(self, company_id=None):
        """Return the data with which the current user's browser connects to the provider.

        :param int company_id: company of the telephone on the page
        """
        agent_sudo = self._get_agent(company_id)
        account_sudo = agent_sudo._get_account()
        if not account_sudo:
            raise UserError(
                request.env._(
                    "Telephony is not connected to Twilio yet. Ask your phone administrator."
                )
            )
        return account_sudo._make_browser_access(agent_sudo.identity)

    @route("/telephony/limit", type="jsonrpc", auth="user", readonly=True)
    def limit(self, company_id=None):
        """Return why the provider refused the current user's browser, if too many calls are why.

        :param int company_id: company of the telephone on the page
        :return: a whole sentence, or False
        """
        account_sudo = self._get_agent(company_id)._get_account()
        is_reached = account_sudo and account_sudo._is_at_limit()
        return account_sudo._explain_limit(request.env) if is_reached else False

    def _get_agent(self, company_id):
        agents = request.env["telephony.agent"]
        if is_id(company_id):
            agents = agents.with_context(allowed_company_ids=[company_id])
        return agents._ensure_own_agent()
