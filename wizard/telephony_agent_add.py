from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools.misc import formatLang

from ..models.arguments import check_one


class TelephonyAgentAdd(models.TransientModel):
    """Dialog that makes several users phone users, with their numbers and the calls they answer.

    It grants nothing but the group *Phone User*, as the form of a phone user does, and changes
    numbers, call flows and queues with the rights of its own user.
    """

    _name = "telephony.agent.add"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Add Phone Users"

    company_id = fields.Many2one(
        "res.company", required=True, ondelete="cascade", default=lambda self: self.env.company
    )
    user_ids = fields.Many2many(
        "res.users",
        string="Users",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    number_ids = fields.Many2many(
        "telephony.number",
        string="Numbers",
        compute="_compute_choices",
        store=True,
        readonly=False,
        domain="[('company_id', '=', company_id)]",
        help="Numbers these users can use for outgoing calls.",
    )
    step_ids = fields.Many2many(
        "telephony.flow.step",
        string="Ring Steps",
        compute="_compute_choices",
        store=True,
        readonly=False,
        domain="[('company_id', '=', company_id), ('kind', '=', 'ring')]",
        help="Steps of call flows that ring these users, too.",
    )
    queue_ids = fields.Many2many(
        "telephony.queue",
        string="Queues",
        compute="_compute_choices",
        store=True,
        readonly=False,
        domain="[('company_id', '=', company_id)]",
        help="Queues whose callers are offered to these users, too.",
    )
    has_numbers = fields.Boolean(compute="_compute_is_possible")
    has_steps = fields.Boolean(compute="_compute_is_possible")
    has_queues = fields.Boolean(compute="_compute_is_possible")

    # === COMPUTE METHODS === #

    @api.depends("company_id")
    def _compute_choices(self):
        """Choose the only number, ring step and queue of the company."""
        for wizard in self:
            for name in ("number_ids", "step_ids", "queue_ids"):
                found = wizard._find_choices(name, limit=2)
                wizard[name] = found if len(found) == 1 else found.browse()

    @api.depends("company_id")
    def _compute_is_possible(self):
        for wizard in self:
            wizard.has_numbers = bool(wizard._find_choices("number_ids"))
            wizard.has_steps = bool(wizard._find_choices("step_ids"))
            wizard.has_queues = bool(wizard._find_choices("queue_ids"))

    def _find_choices(self, name, limit=1):
        model = self.env[self._fields[name].comodel_name]
        domain = [("company_id", "=", self.company_id.id)]
        if name == "step_ids":
            domain += [("kind", "=", "ring"), ("flow_id.active", "=", True)]
        return model.search(domain, limit=limit)

    # === ACTIONS === #

    @check_one
    def action_add(self):
        """Make the chosen users phone users.

        One who is a phone user already gets the numbers and calls; one who was archived is
        restored.

        :raise UserError: no user is chosen, one cannot be a phone user of the company, or a number,
            step or queue belongs to another company
        :return: the action that closes the dialog, with the result in a sentence
        :rtype: dict
        """
        # An archived user is named, not left out.
        users = self.with_context(active_test=False).user_ids
        self._check_users(users)
        self._check_choices()
        agents = self._find_agents(users)
        agents.filtered(lambda agent: not agent.active).write({"active": True})
        missing = users - agents.user_id
        agents |= agents.create(
            [{"user_id": user.id, "company_id": self.company_id.id} for user in missing]
        )
        links = [Command.link(agent_id) for agent_id in agents.ids]
        for records in (self.number_ids, self.step_ids, self.queue_ids):
            records.write({"agent_ids": links})
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self._get_result(agents),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # === HELPERS === #

    def _find_agents(self, users):
        """Return the agents of users in the company, archived ones included."""
        return (
            self.env["telephony.agent"]
            .with_context(active_test=False)
            .search([("user_id", "in", users.ids), ("company_id", "=", self.company_id.id)])
        )

    def _check_users(self, users):
        if not users:
            raise UserError(self.env._("Choose at least one user."))
        # sudo: res.users - the companies of users whom the current user may read
        wrong = users.filtered(
            lambda user: (
                not user.active
                or user.share
                or self.company_id not in user.sudo().with_context(active_test=False).company_ids
            )
        )
        if wrong:
            raise UserError(
                self.env._(
                    "These users cannot be phone users of %(company)s: %(users)s. Only active "
                    "internal users with access to this company can be phone users.",
                    company=self.company_id.name,
                    users=", ".join(wrong.mapped("name")),
                )
            )

    def _check_choices(self):
        chosen = [*self.number_ids, *self.step_ids, *self.queue_ids]
        foreign = [record for record in chosen if record.company_id != self.company_id]
        if foreign:
            raise UserError(
                self.env._(
                    "“%(name)s” belongs to another company. Choose again.",
                    name=foreign[0].display_name,
                )
            )

    def _get_result(self, agents):
        if len(agents) == 1:
            return self.env._("%(name)s is a phone user now.", name=agents.user_id.name)
        return self.env._(
            "%(count)s users are phone users now.",
            count=formatLang(self.env, len(agents), digits=0),
        )
