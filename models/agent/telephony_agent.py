import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...tools.printable import printable

# Unanswered calls in a row after which an agent is set offline.
MISSED_OFFERS = 2


class TelephonyAgent(models.Model):
    """A phone user: one person in one company.

    It is a table of its own beside `res.users`, so that a change of status or a heartbeat never
    locks the user.
    """

    _name = "telephony.agent"
    _inherit = ["telephony.guard.mixin"]
    _description = "Phone User"
    _order = "sequence, user_id"
    _rec_name = "user_id"

    user_id = fields.Many2one(
        "res.users", required=True, ondelete="cascade", index=True, immutable=True
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        index=True,
        immutable=True,
        default=lambda self: self.env.company,
    )
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    image_128 = fields.Image(related="user_id.image_128")
    status = fields.Selection(
        [("online", "Online"), ("offline", "Offline")],
        required=True,
        default="offline",
        readonly=True,
        copy=False,
    )
    status_since = fields.Datetime(readonly=True, copy=False, default=fields.Datetime.now)
    call_via = fields.Selection(
        [("browser", "Browser"), ("phone", "Custom Phone")],
        "Make Calls via",
        required=True,
        default="browser",
    )
    # The user's own number comes by `_to_client` and the preferences; it is private to colleagues.
    phone_number = fields.Char("Custom Phone Number", groups="crm_telephony.group_manager")
    press_to_accept = fields.Boolean(
        "Press 1 to Accept",
        default=True,
        help="The custom phone must be confirmed by pressing 1, so that its voicemail never "
        "answers customers.",
    )
    missed_offers = fields.Integer(
        readonly=True,
        copy=False,
        help="Number of consecutive calls that rang for this user and were not answered.",
    )
    default_number_id = fields.Many2one("telephony.number", check_company=True, ondelete="set null")
    number_ids = fields.Many2many(
        "telephony.number",
        string="Numbers",
        check_company=True,
        help="Numbers this user can use for outgoing calls.",
    )
    allow_caller_id = fields.Boolean(
        "Allow Adding Custom Outgoing Caller ID",
        help="The user can verify other phone numbers and use them as caller ID instead of the "
        "company's number.",
    )
    identity = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        default=lambda self: f"u_{secrets.token_hex(16)}",
        help="Opaque identity of this user's browsers at Twilio.",
    )
    last_call_at = fields.Datetime(
        readonly=True, copy=False, help="When this user's last call ended."
    )
    # When a call was last given to this user; changed so that two who give one at once collide.
    reserved_at = fields.Datetime(readonly=True, copy=False)
    caller_id_ids = fields.One2many("telephony.caller.id", "agent_id", "Caller IDs")
    lease_ids = fields.One2many(
        "telephony.agent.lease",
        "agent_id",
        string="Browser Leases",
        groups="crm_telephony.group_manager",
    )
    state = fields.Selection(
        [
            ("offline", "Offline"),
            ("unreachable", "Unreachable"),
            ("available", "Available"),
            ("ringing", "Ringing"),
            ("in_call", "In a Call"),
            ("wrap_up", "Wrap-up"),
        ],
        compute="_compute_state",
        compute_sudo=True,
    )

    _user_company_unique = models.Constraint(
        "UNIQUE (user_id, company_id)", "This user is already a phone user of this company."
    )
    _identity_unique = models.UniqueIndex("(identity) WHERE identity IS NOT NULL")

    @api.constrains("user_id", "company_id")
    def _check_user(self):
        for agent in self:
            user = agent.user_id
            if not user.active or user.share or agent.company_id not in user.company_ids:
                raise ValidationError(
                    self.env._(
                        "%(user)s cannot be a phone user of %(company)s. Only active internal "
                        "users with access to this company can be phone users.",
                        user=user.name,
                        company=agent.company_id.name,
                    )
                )

    @api.constrains("call_via")
    def _check_call_via(self):
        # Leaving a phone that is forbidden by now stays possible; choosing it does not.
        self.filtered(lambda agent: agent.call_via == "phone")._check_phone_number()

    @api.constrains("phone_number")
    def _check_phone_number(self):
        for agent in self:
            if not agent.phone_number:
                if agent.call_via == "phone":
                    raise ValidationError(self.env._("Enter the phone number to use."))
                continue
            number = self.env["telephony.call"]._normalize(
                agent.phone_number, agent.company_id.country_id
            )
            if not number:
                raise ValidationError(
                    self.env._(
                        "“%(number)s” is not a valid phone number. Enter it with its country code, "
                        "e.g. +32470123456.",
                        number=printable(agent.phone_number),
                    )
                )
            sentence = self.env["telephony.call"]._get_forbidden_destination(
                agent.company_id, number
            )
            if sentence:
                raise ValidationError(
                    self.env._(
                        "This number cannot be used as a custom phone. %(reason)s", reason=sentence
                    )
                )

    def _filter_forbidden_phone(self):
        """Return the agents whose custom phone must not be called, by the rules of now."""
        calls = self.env["telephony.call"]
        return self.filtered(
            lambda agent: (
                agent.phone_number
                and calls._get_forbidden_destination(agent.company_id, agent.phone_number)
            )
        )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            company = self.env["res.company"].browse(vals.get("company_id")) or self.env.company
            self._write_out_number(vals, company)
        agents = super().create(vals_list)
        agents._grant_right()
        return agents

    def write(self, vals):
        if vals.get("active") is False:
            # sudo: telephony.agent - whoever may archive a phone user ends the work there
            agents_sudo = self.sudo()
            self.check_access("write")
            agents_sudo._clear_wrap_up()
            agents_sudo.write({"status": "offline", "status_since": fields.Datetime.now()})
        if vals.get("phone_number"):
            vals = dict(vals)
            self._write_out_number(vals, self.company_id[:1])
        return super().write(vals)

    def _write_out_number(self, vals, company):
        """Keep a number with its country code; one that is none stays as it is, to be refused."""
        number = vals.get("phone_number")
        if number:
            vals["phone_number"] = (
                self.env["telephony.call"]._normalize(number, company.country_id) or number
            )

    def _grant_right(self):
        group = self.env.ref("crm_telephony.group_user")
        missing = self.user_id.filtered(lambda user: group not in user.all_group_ids)
        # sudo: res.users - whoever may add a phone user may give this one right
        missing.sudo().write({"group_ids": [fields.Command.link(group.id)]})

    # === BUSINESS METHODS === #

    def _set_status(self, status):
        """Go online or offline, and tell every browser of the user."""
        for agent in self.filtered(lambda agent: agent.status != status):
            agent.write({"status": status, "status_since": fields.Datetime.now()})
            if status == "online":
                # What rang before says nothing about whether the agent answers now.
                agent.missed_offers = 0
            agent._notify_change()
            if status == "online":
                agent._offer_waiting_calls()

    def _notify_change(self):
        # All at once, so that the states of all of them are one query.
        self.invalidate_recordset(["state"])
        for agent in self:
            agent.user_id._bus_send("telephony/agent_updated", agent._to_client())
            # Lists of colleagues follow by themselves.
            self.env["bus.bus"]._sendone(
                (agent.company_id, "telephony_supervisors"),
                "telephony/agent_state",
                {"id": agent.id, "state": agent.state},
            )

    def _get_numbers(self):
        """Return the numbers this agent may call out with, of a connected account."""
        return self.number_ids.filtered(
            lambda number: number.active and number.account_id.state == "connected"
        ).sorted()

    def _get_default_number(self):
        numbers = self._get_numbers()
        return self.default_number_id if self.default_number_id in numbers else numbers[:1]

    def _offer_waiting_calls(self):
        """Offer waiting callers to agents who have just become free."""
        queues = self.env["telephony.queue"].search([("agent_ids", "in", self.ids)])
        # A queue in which nobody waits costs one look into a small index.
        queues._get_waiting().queue_id._dispatch()
        for call in self.env["telephony.call"]._get_waiting_in_steps(self):
            call._ring_next()

    def _has_own_phone(self):
        """Tell whether this agent is rung on a telephone, with or without a browser."""
        self.ensure_one()
        # sudo: telephony.agent - whether there is a telephone, and not its number
        return self.call_via == "phone" and bool(self.sudo().phone_number)

    def _count_missed_offer(self):
        """After two calls in a row that nobody answered, nobody is there: go offline."""
        for agent in self:
            agent.missed_offers += 1
            if agent.missed_offers >= MISSED_OFFERS and agent.status == "online":
                agent._set_status("offline")
                agent.missed_offers = 0
                lang_env = agent.with_context(lang=agent.user_id.lang).env
                agent.user_id._bus_send(
                    "telephony/set_offline",
                    {
                        "message": lang_env._(
                            "You missed %(count)s calls in a row and were set offline. Go back "
                            "online when you can take calls.",
                            count=MISSED_OFFERS,
                        )
                    },
                )

    def _set_offline_because(self, reason):
        """Set an agent offline whose telephone must not be called, and say why.

        :param str reason: a whole sentence
        """
        self._set_status("offline")
        for agent in self:
            env = agent.with_context(lang=agent.user_id.lang).env
            agent.user_id._bus_send(
                "telephony/set_offline",
                {
                    "message": env._(
                        "Your phone cannot be called, so you were set offline. %(reason)s",
                        reason=reason,
                    )
                },
            )

    def _get_caller_ids(self):
        """Return the caller IDs this agent may show: verified, and allowed by the administrator.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        caller_ids = self.env["telephony.caller.id"]
        if not self.allow_caller_id:
            return caller_ids
        return caller_ids.search(
            [
                ("company_id", "=", self.company_id.id),
                ("account_id.state", "=", "connected"),
                ("state", "=", "verified"),
                ("agent_id", "in", (self.id, False)),
            ]
        )

    def _choose_caller_id(self, caller_id_id):
        """Decide which caller ID a call shows. The only one is used without asking.

        :param int caller_id_id: what the user chose, or None
        :raise UserError: it cannot be used by this agent, or there are several to choose from
        :return: a caller ID, or nothing: then the agent's number is shown
        """
        usable = self._get_caller_ids()
        if not caller_id_id:
            if len(usable) > 1:
                raise UserError(self.env._("Choose the caller ID to show to the customer."))
            return usable
        chosen = usable.filtered(lambda record: record.id == caller_id_id)
        if not chosen:
            raise UserError(self.env._("This caller ID cannot be used. Choose another one."))
        return chosen

    def _get_account(self):
        """Return the connected account of the agent's company. Note: `self.ensure_one()`"""
        self.ensure_one()
        return self.env["telephony.account"].search(
            [("company_id", "=", self.company_id.id), ("state", "=", "connected")], limit=1
        )
