from odoo import api, fields, models

from ..models.arguments import check_one


class BaseModuleUninstall(models.TransientModel):
    """The window before an uninstallation also names what still leads here at Twilio."""

    _inherit = "base.module.uninstall"

    telephony_account_ids = fields.Many2many(
        "telephony.account", compute="_compute_telephony_account_ids", compute_sudo=True
    )
    telephony_links = fields.Text(
        "Still Leads Here at Twilio", compute="_compute_telephony_account_ids", compute_sudo=True
    )

    @api.depends("module_ids")
    def _compute_telephony_account_ids(self):
        for wizard in self:
            # The companies that the page shows do not matter: the app is uninstalled for all.
            accounts = self.env["telephony.account"]
            if "crm_telephony" in wizard._get_modules().mapped("name"):
                accounts = accounts._get_linked()
            wizard.telephony_account_ids = accounts
            wizard.telephony_links = "\n".join(
                self.env._(
                    "%(account)s (%(company)s): %(links)s",
                    account=account.name,
                    company=account.company_id.name,
                    links=", ".join(account._get_link_names()),
                )
                for account in accounts
            )

    @check_one
    def action_telephony_disconnect(self):
        """Open the confirmation to disconnect the account; with several ones, their list."""
        accounts = self.telephony_account_ids.sudo(False)
        if len(accounts) == 1:
            return accounts.action_open_disconnect()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "crm_telephony.telephony_account_action"
            ),
            "domain": [("id", "in", accounts.ids)],
            "context": {"active_test": False},
        }
