from contextlib import contextmanager

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class TelephonyAgent(models.Model):
    """The list of phone users: it follows the group, wherever that is granted or withdrawn."""

    _inherit = "telephony.agent"

    is_automatic = fields.Boolean(
        "Added Automatically",
        readonly=True,
        copy=False,
        help="Added together with the right, and not changed by an administrator since.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Create agents. One that was added automatically is changed instead.

        So a program that grants the group, and then creates the agent, needs no other order.
        """
        taken = [self._take_over(vals) for vals in vals_list]
        created = iter(
            super().create(
                [vals for vals, agent in zip(vals_list, taken, strict=True) if not agent]
            )
        )
        return self.concat(*(agent or next(created) for agent in taken))

    def write(self, vals):
        if not self.env.su:
            # sudo: telephony.agent - the mark is the addon's own; `write` checks the access
            automatic_sudo = self.sudo().filtered("is_automatic")
            result = super().write(vals)
            automatic_sudo.is_automatic = False
            return result
        return super().write(vals)

    def _take_over(self, vals):
        """Apply the values of a new agent to the one that was added automatically.

        :param dict vals: values of the new agent
        :return: the changed agent; empty if there is none
        """
        if vals.get("is_automatic"):
            return self.browse()
        company_id = vals.get("company_id") or self.env.company.id
        # sudo: telephony.agent - found as superuser, and changed with the user's own rights
        agent_sudo = self.sudo().search(
            [
                ("user_id", "=", vals.get("user_id")),
                ("company_id", "=", company_id),
                ("is_automatic", "=", True),
            ],
            limit=1,
        )
        agent = agent_sudo.sudo(self.env.su)
        if agent:
            self.check_access("create")
            agent.write(vals)
            agent_sudo.is_automatic = False
        return agent

    # === BUSINESS METHODS === #

    @contextmanager
    def _following_rights(self, users=None):
        """Add those who gain the right in this context to the list, and archive those who lose it.

        An agent who was archived earlier is restored: the right was granted anew.

        :param users: the users whose rights may change; None for all users
        """
        before = self._get_members(users)
        yield
        after = self._get_members(users)
        self._drop_without_right(users)
        self._find_members(before - after).write({"active": False})
        self._find_members(after - before, is_active=False).write({"active": True})
        self._add_missing(users)

    @api.model
    def _follow_members(self):
        """Add and archive agents after changes that no method was called for."""
        members = self._get_members()
        listed = self.search(Domain.TRUE)
        listed.filtered(lambda agent: (agent.user_id.id, agent.company_id.id) not in members).write(
            {"active": False}
        )
        self._add_missing()

    @api.model
    def _get_members(self, users=None):
        """Return who is in the group, and works for which company.

        :param users: the users to look for; None for all users
        :return: pairs of the ids of a user and a company
        :rtype: set(tuple)
        """
        user = SQL("place.user_id")
        self.env.cr.execute(
            SQL(
                "SELECT place.user_id, place.cid FROM res_company_users_rel AS place "
                "WHERE %s AND %s",
                self._get_user_condition(user, users),
                self._get_membership(user, SQL("place.cid")),
            )
        )
        return set(self.env.cr.fetchall())

    @api.model
    def _find_members(self, pairs, is_active=True):
        """Return the agents of some users and companies.

        :param set pairs: pairs of the ids of a user and a company
        :param bool is_active: whether to return those in the list, or the archived ones
        """
        if not pairs:
            return self.browse()
        agents = self.with_context(active_test=False).search(
            [("user_id", "in", [user for user, _company in pairs]), ("active", "=", is_active)]
        )
        found = agents.filtered(lambda agent: (agent.user_id.id, agent.company_id.id) in pairs)
        # Drop `active_test=False`, so that archived numbers and caller IDs stay hidden.
        return self.browse(found.ids)

    @api.model
    def _add_missing(self, users=None):
        """Create the agents of users with the right in their own company, and in those that call.

        :param users: the users to look for; None for all users
        """
        self.env["telephony.account"].flush_model(["company_id"])
        user, company = SQL("place.user_id"), SQL("place.cid")
        self.flush_model(["user_id", "company_id"])
        self.env["res.users"].flush_model(["company_id"])
        self.env.cr.execute(
            SQL(
                """SELECT place.user_id, place.cid FROM res_company_users_rel AS place
                     JOIN res_users AS person ON person.id = place.user_id
                    WHERE %(condition)s AND %(membership)s
                      AND (person.company_id = place.cid
                           OR EXISTS (SELECT FROM telephony_account AS account
                                       WHERE account.company_id = place.cid))
                      AND NOT EXISTS (SELECT FROM telephony_agent AS agent
                                       WHERE agent.user_id = place.user_id
                                         AND agent.company_id = place.cid)
                 ORDER BY 1, 2""",
                condition=self._get_user_condition(user, users),
                membership=self._get_membership(user, company),
            )
        )
        missing = self.env.cr.fetchall()
        if missing:
            self.create(
                [
                    {"user_id": user_id, "company_id": company_id, "is_automatic": True}
                    for user_id, company_id in missing
                ]
            )
