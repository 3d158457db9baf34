from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

# Fields whose change may remove the right to telephone.
RIGHT_FIELDS = {"active", "group_ids", "role", "company_ids", "company_id"}
# Field of this form: field of the agent.
PREFERENCES = {
    "telephony_call_via": "call_via",
    "telephony_phone_number": "phone_number",
    "telephony_press_to_accept": "press_to_accept",
    "telephony_default_number_id": "default_number_id",
    "telephony_call_waiting": "call_waiting",
}


class ResUsers(models.Model):
    """Telephone preferences of a user, for the current company.

    The values are stored in `telephony.agent`. Users see and change only their own: a private
    telephone number is not visible to colleagues.
    """

    _inherit = "res.users"

    telephony_agent_ids = fields.One2many("telephony.agent", "user_id", "Phone User")
    telephony_is_phone_user = fields.Boolean(
        compute="_compute_telephony_preferences", compute_sudo=True
    )
    telephony_call_via = fields.Selection(
        [("browser", "Browser"), ("phone", "Custom Phone")],
        "Make Calls via",
        compute="_compute_telephony_preferences",
        compute_sudo=True,
        readonly=False,
    )
    telephony_phone_number = fields.Char(
        "Custom Phone Number",
        compute="_compute_telephony_preferences",
        compute_sudo=True,
        readonly=False,
    )
    telephony_press_to_accept = fields.Boolean(
        "Press 1 to Accept",
        compute="_compute_telephony_preferences",
        compute_sudo=True,
        readonly=False,
        help="The custom phone must be confirmed by pressing 1, so that its voicemail never "
        "answers customers.",
    )
    telephony_call_waiting = fields.Boolean(
        "Call Waiting",
        compute="_compute_telephony_preferences",
        compute_sudo=True,
        readonly=False,
        help="During a call, shows a second call without ringing when no one else is available. "
        "Answering it puts the first customer on hold.",
    )
    telephony_default_number_id = fields.Many2one(
        "telephony.number",
        "Number for Outgoing Calls",
        compute="_compute_telephony_preferences",
        compute_sudo=True,
        readonly=False,
    )
    telephony_number_ids = fields.Many2many(
        "telephony.number", compute="_compute_telephony_preferences", compute_sudo=True
    )

    @property
    def SELF_READABLE_FIELDS(self):
        return [
            *super().SELF_READABLE_FIELDS,
            "telephony_is_phone_user",
            "telephony_number_ids",
            *PREFERENCES,
        ]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return [*super().SELF_WRITEABLE_FIELDS, *PREFERENCES]

    # === COMPUTE METHODS === #

    @api.depends(*(f"telephony_agent_ids.{name}" for name in PREFERENCES.values()))
    @api.depends_context("uid", "company")
    def _compute_telephony_preferences(self):
        # sudo: telephony.agent - the current user's own row only
        agents_sudo = self.env["telephony.agent"].sudo()
        for user in self:
            agent_sudo = agents_sudo
            user.telephony_is_phone_user = user == self.env.user and agents_sudo._may_telephone(
                user, self.env.company
            )
            if user.telephony_is_phone_user:
                agent_sudo = agents_sudo._find_of(user, self.env.company)
            user.telephony_call_via = agent_sudo.call_via or "browser"
            user.telephony_phone_number = agent_sudo.phone_number
            user.telephony_press_to_accept = agent_sudo.press_to_accept if agent_sudo else True
            user.telephony_call_waiting = agent_sudo.call_waiting if agent_sudo else True
            user.telephony_number_ids = agent_sudo._get_numbers()
            user.telephony_default_number_id = agent_sudo._get_default_number()

    # === CRUD METHODS === #

    def _telephony_env(self, company):
        """Return the environment of this user's own browser for a company's calls.

        Webhooks and timers have no language and no companies of their own. Their notifications are
        written in the user's language and with the user's rights.

        :param company: the company of the call
        :raise AccessError: the user does not work for this company
        """
        self.ensure_one()
        # sudo: res.users - the server may read the companies of a user. Whether each is archived
        # does not matter here, and would be a query of their rows.
        if company not in self.sudo().with_context(active_test=False).company_ids:
            raise AccessError(self.env._("This call belongs to a company you have no access to."))
        return self.env(
            user=self.id,
            su=False,
            context={
                **self.env.context,
                "lang": self.lang,
                "tz": self.tz,
                "allowed_company_ids": company.ids,
            },
        )

    def _filter_phone_users(self, company):
        """Return those of these users who are agents of a company now.

        Only they are notified of its calls.

        :param company: company of the calls
        """
        if not self:
            return self
        self.env.cr.execute(
            SQL(
                "SELECT person.id FROM res_users AS person WHERE person.id = ANY(%s) AND %s",
                self.ids,
                self.env["telephony.agent"]._get_right(SQL("person.id"), SQL("%s", company.id)),
            )
        )
        allowed = {user for [user] in self.env.cr.fetchall()}
        return self.filtered(lambda user: user.id in allowed)

    def _get_telephony_agents(self, company):
        """Return the agents of these users in a company.

        :param company: `res.company`
        """
        return self.telephony_agent_ids.filtered(lambda agent: agent.company_id == company)

    def _notify_telephony_activities(self):
        """Notify the users' softphones to reload their lists of due calls."""
        for user in self:
            user._bus_send("telephony/activities_changed", {})

    @api.model_create_multi
    def create(self, vals_list):
        users = super().create(vals_list)
        # sudo: telephony.agent - the list of phone users follows their rights
        self.env["telephony.agent"].sudo()._add_missing(users)
        return users

    def write(self, vals):
        # Not an inverse: it could not distinguish submitted values from empty ones.
        preferences = {
            PREFERENCES[name]: value for name, value in vals.items() if name in PREFERENCES
        }
        if preferences:
            if any(user != self.env.user for user in self):
                raise AccessError(self.env._("You can only change your own phone settings."))
            self.env["telephony.agent"].save_preferences(preferences)
            vals = {name: value for name, value in vals.items() if name not in PREFERENCES}
        if not RIGHT_FIELDS & vals.keys():
            return super().write(vals)
        # sudo: telephony.agent - the list of phone users follows their rights
        agents_sudo = self.env["telephony.agent"].sudo()
        with agents_sudo._following_rights(self):
            result = super().write(vals)
        # sudo: telephony.agent - only to notify their pages
        self.sudo().telephony_agent_ids._notify_rights()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_reachable(self):
        # sudo: telephony.agent - the rows are deleted with the user, and must not be rung any more
        self.sudo().telephony_agent_ids._force_offline()
