from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

USER = "crm_telephony.group_user"
SUPERVISOR = "crm_telephony.group_supervisor"


class TelephonyAgent(models.Model):
    """The right of a user to use the telephone in a company, and the effects of losing it.

    The right requires an active user who is in the group and works for the company. It also
    requires that the user is not archived there as an agent. `_get_right` is the only place that
    decides this, on every use. It reads the rows instead of this process's cache: websockets live
    in a process that learns of changes late.
    """

    _inherit = "telephony.agent"

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_reachable(self):
        # sudo: telephony.agent - the right to delete an agent includes ending the agent's work
        self.sudo()._force_offline()

    # === ACCESS RIGHT === #

    @api.model
    def _get_right(self, user, company, group=USER):
        """Return the SQL condition that a user has the right to telephone in a company.

        :param SQL user: the id of the user
        :param SQL company: the id of the company
        :param str group: the required group
        :rtype: SQL
        """
        self.flush_model(["user_id", "company_id", "active"])
        return SQL(
            # The alias of this subquery must not occur in `user` or `company`.
            """(%(membership)s
                AND NOT EXISTS (
                   SELECT FROM telephony_agent AS right_agent
                    WHERE right_agent.user_id = %(user)s AND right_agent.company_id = %(company)s
                      AND NOT right_agent.active))""",
            membership=self._get_membership(user, company, group),
            user=user,
            company=company,
        )

    @api.model
    def _get_membership(self, user, company, group=USER):
        """Return the SQL condition that an active user is in a group and works for a company.

        :param SQL user: the id of the user
        :param SQL company: the id of the company
        :param str group: the group
        :rtype: SQL
        """
        self.env["res.users"].flush_model(["active", "company_ids", "group_ids"])
        self.env["res.groups"].flush_model(["implied_ids"])
        return SQL(
            # The aliases of this subquery must not occur in `user` or `company`.
            """EXISTS (
                   SELECT FROM res_users AS right_user
                     JOIN res_company_users_rel AS right_company
                          ON right_company.user_id = right_user.id
                     JOIN res_groups_users_rel AS right_group ON right_group.uid = right_user.id
                    WHERE right_user.id = %(user)s AND right_user.active
                      AND right_company.cid = %(company)s
                      AND right_group.gid IN (
                          WITH RECURSIVE right_granting(id) AS (
                              SELECT %(group)s::int
                               UNION
                              SELECT implied.gid FROM res_groups_implied_rel AS implied
                                JOIN right_granting ON right_granting.id = implied.hid)
                          SELECT id FROM right_granting))""",
            user=user,
            company=company,
            # None while the addon is being uninstalled: no user has the right then.
            group=self.env["ir.model.data"]._xmlid_to_res_id(group) or None,
        )

    @api.model
    def _get_companies_of(self, user, group=USER):
        """Return the companies in which a user may currently telephone.

        :param user: the user
        :param str group: the required group
        """
        self.env.cr.execute(
            SQL(
                "SELECT place.cid FROM res_company_users_rel AS place "
                "WHERE place.user_id = %s AND %s ORDER BY 1",
                user.id,
                self._get_right(SQL("place.user_id"), SQL("place.cid"), group),
            )
        )
        return self.env["res.company"].browse(company for [company] in self.env.cr.fetchall())

    @api.model
    def _get_my_companies(self):
        """Return the companies selected in the page in which the current user may telephone."""
        return self.env.companies & self._get_companies_of(self.env.user)

    @api.model
    def _may_telephone(self, user, company):
        """Return whether a user may currently telephone in a company.

        :param user: the user
        :param company: the company
        """
        return company in self._get_companies_of(user)

    @api.model
    def _check_right(self, company):
        """Check that the current user may telephone in a company.

        :raise AccessError: the user has no right, or lost it
        """
        if not self._may_telephone(self.env.user, company):
            raise AccessError(self.env._("You are not a phone user. Ask your phone administrator."))

    def _is_entitled(self):
        """Return whether these agents may still call. An access token outlives the right to it."""
        return bool(self) and all(
            self._may_telephone(agent.user_id, agent.company_id) for agent in self
        )

    @api.model
    def _find_of(self, user, company):
        """Return the agent of a user in a company, archived or not.

        :param user: the user
        :param company: the company
        """
        found = self.with_context(active_test=False).search(
            [("user_id", "=", user.id), ("company_id", "=", company.id)], limit=1
        )
        # Drop `active_test=False`, so that archived numbers and caller IDs stay hidden.
        return self.browse(found.id)

    def _notify_rights(self):
        """Make the open pages of these agents read again with what they may call."""
        # sudo: telephony.agent - an empty message to its user
        for user in self.sudo().user_id:
            user._bus_send("telephony/rights_changed", {})

    # === LOSS OF THE ACCESS RIGHT === #

    def _force_offline(self):
        """Set these agents offline, delete their leases, and reroute their ringing calls."""
        offers = self._get_open_offers()
        # Lock order: calls are locked before agents.
        offers.call_id._lock()
        offers._close("withdrawn", "withdrawn", notify=False)
        self._set_status("offline")
        self.lease_ids.unlink()
        offers.call_id._advance_if_unoffered()

    @api.model
    def _drop_without_right(self, users=None):
        """End offers and monitoring of users who have lost the right to telephone.

        A conversation of their own continues until it is hung up: an administrator's change must
        not cut off a customer.

        :param users: the users whose rights changed; None checks all users
        """
        self.flush_model(["status"])
        self.env["telephony.agent.lease"].flush_model(["agent_id"])
        self.env["telephony.offer"].flush_model(["agent_id", "state"])
        self.env["telephony.call"].flush_model(["company_id"])
        self.env["telephony.call.leg"].flush_model(
            ["call_id", "is_leaving", "role", "status", "user_id"]
        )
        person = SQL("agent.user_id")
        self.env.cr.execute(
            SQL(
                """SELECT agent.id FROM telephony_agent AS agent
                WHERE %s AND NOT %s
                  AND (agent.status = 'online'
                       OR EXISTS (SELECT FROM telephony_agent_lease AS lease
                                   WHERE lease.agent_id = agent.id)
                       OR EXISTS (SELECT FROM telephony_offer AS offer
                                   WHERE offer.agent_id = agent.id AND offer.state = 'offered'))
                ORDER BY agent.id""",
                self._get_user_condition(person, users),
                self._get_right(person, SQL("agent.company_id")),
            )
        )
        agents = self.browse(agent for [agent] in self.env.cr.fetchall())
        agents._force_offline()
        agents._notify_rights()
        person = SQL("leg.user_id")
        self.env.cr.execute(
            SQL(
                """SELECT leg.id FROM telephony_call_leg AS leg
                 JOIN telephony_call AS call ON call.id = leg.call_id
                WHERE %s AND NOT %s
                  AND leg.role = 'supervisor' AND leg.status != 'ended'
                  AND leg.is_leaving IS NOT TRUE
                ORDER BY leg.id""",
                self._get_user_condition(person, users),
                self._get_right(person, SQL("call.company_id"), SUPERVISOR),
            )
        )
        legs = self.env["telephony.call.leg"].browse(leg for [leg] in self.env.cr.fetchall())
        legs.call_id._release_supervisors(legs)

    @api.model
    def _get_user_condition(self, person, users):
        return SQL("TRUE") if users is None else SQL("%s = ANY(%s)", person, users.ids)

    @api.autovacuum
    def _drop_forgotten(self):
        """Check all users once a day, because rights may change without any method being called."""
        self._drop_without_right()
        self._follow_members()
