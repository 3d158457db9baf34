from odoo import api, models
from odoo.fields import Domain

# What a page of the phone user has to read again, because an administrator changed it.
CLIENT_FIELDS = {"allow_caller_id", "number_ids", "active"}


class TelephonyAgent(models.Model):
    """Who is a phone user, and what happens to somebody who is none any more."""

    _inherit = "telephony.agent"

    def write(self, vals):
        result = super().write(vals)
        if CLIENT_FIELDS & vals.keys():
            for agent in self:
                agent.user_id._bus_send("telephony/rights_changed", {})
        return result

    @api.model
    def _may_be_phone_user(self):
        return self.env.user.has_group("crm_telephony.group_user")

    def _is_phone_user(self):
        """Tell whether this agent may still call: an access token outlives the right to it.

        Note: `self.ensure_one()`
        """
        user = self.user_id
        return user.active and user.has_group("crm_telephony.group_user")

    @api.model
    def _find_of(self, user, company):
        """Return a user's row in a company, archived or not.

        :param user: the user
        :param company: the company
        """
        found = self.with_context(active_test=False).search([
            ("user_id", "=", user.id), ("company_id", "=", company.id)
        ], limit=1)
        # What is done with the row must not see archived numbers and caller IDs.
        return self.browse(found.id)

    def _leave(self):
        """Nobody is there any more: go offline, and stop counting on any open browser."""
        self._set_status("offline")
        self.lease_ids.unlink()

    @api.model
    def _drop_without_right(self, users=None):
        """Set those offline who may not log in or may not call any more.

        :param users: whose right has changed; None: somebody's
        """
        domain = Domain("status", "=", "online")
        if users is not None:
            domain &= Domain("user_id", "in", users.ids)
        group = self.env.ref("crm_telephony.group_user", raise_if_not_found=False)
        self.search(domain).filtered(
            lambda agent: not agent.user_id.active or group not in agent.user_id.all_group_ids
        )._leave()
