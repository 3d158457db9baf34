import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...tools.printable import printable
from ..gate import find_waiting

# Consecutive unanswered offers after which an agent is set offline.
MISSED_OFFERS = 2
# Rights that an agent's page reloads when an administrator changes them.
RIGHT_FIELDS = {"allow_caller_id", "number_ids", "active"}


class TelephonyAgent(models.Model):
    """An agent: one user who can make and receive calls in one company.

    The model is separate from `res.users`, so that a status change or a heartbeat never locks the
    user.
    """

    _name = "telephony.agent"
    _inherit = ["telephony.revision.mixin", "telephony.guard.mixin"]
    _description = "Phone User"
    _order = "sequence, user_id"
    _rec_name = "user_id"
    # Fields that the user's own pages show.
    _shown_fields = frozenset(
        {
            "call_via",
            "call_waiting",
            "default_number_id",
            "number_ids",
            "phone_number",
            "press_to_accept",
            "status",
            "wrap_up_call_id",
            "wrap_up_extended",
            "wrap_up_started_at",
            "wrap_up_until",
        }
    )

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
    # Private to colleagues: the user receives it through `_to_client` and the preferences.
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
    # The state is derived from other tables, so its changes are not counted.
    revision = fields.Integer(readonly=True, copy=False)
    # Time of the last reservation. Updating it makes concurrent reservations collide.
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
        # A custom phone that has become forbidden can still be deselected, but not selected.
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
        """Return the agents whose custom phone must not be called under the current rules."""
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
        is_archiving = vals.get("active") is False
        # sudo: telephony.agent - the right to archive an agent includes ending the agent's work
        agents_sudo = self.sudo()
        if is_archiving:
            self.check_access("write")
            agents_sudo._clear_wrap_up()
            agents_sudo.write({"status": "offline", "status_since": fields.Datetime.now()})
        if "status" in vals:
            # A supervisor who sets an agent offline is named after the change, see `set_offline`.
            vals = {"offline_by_id": False, **vals}
        if vals.get("phone_number"):
            vals = dict(vals)
            self._write_out_number(vals, self.company_id[:1])
        result = super().write(vals)
        if RIGHT_FIELDS & vals.keys():
            for agent in self:
                agent.user_id._bus_send("telephony/rights_changed", {})
        if is_archiving:
            agents_sudo._drop_without_right(self.user_id)
        return result

    def _write_out_number(self, vals, company):
        """Convert the number in `vals` to international format.

        An invalid number is kept unchanged; the constraint refuses it.
        """
        number = vals.get("phone_number")
        if number:
            vals["phone_number"] = (
                self.env["telephony.call"]._normalize(number, company.country_id) or number
            )

    def _grant_right(self):
        group = self.env.ref("crm_telephony.group_user")
        missing = self.user_id.filtered(lambda user: group not in user.all_group_ids)
        # sudo: res.users - the right to add an agent includes granting this group
        missing.sudo().write({"group_ids": [fields.Command.link(group.id)]})

    # === BUSINESS METHODS === #

    def _set_status(self, status):
        """Set the agents online or offline, and notify all browsers of their users."""
        for agent in self.filtered(lambda agent: agent.status != status):
            agent.write({"status": status, "status_since": fields.Datetime.now()})
            if status == "online":
                # Offers missed before say nothing about whether the agent answers now.
                agent.missed_offers = 0
            agent._notify_change()
            if status == "online":
                agent._offer_waiting_calls()

    def _notify_change(self):
        # Invalidate all records together, so that their states are computed in one query.
        self.invalidate_recordset(["state"])
        for agent in self:
            agent._notify_state(agent.state)

    def _notify_ringing(self):
        """Notify the pages of agents who were available until this transaction made them an offer.

        Their states are known, and are not read again.
        """
        for agent in self:
            agent._notify_state("ringing")
        self.invalidate_recordset(["state"])

    def _notify_state(self, state):
        """Send this agent, in a known state, to its user and the supervisors."""
        self.user_id._bus_send("telephony/agent_updated", self._to_client(state))
        # Colleague lists refresh by themselves.
        self.env["bus.bus"]._sendone(
            (self.company_id, "telephony_supervisors"),
            "telephony/agent_state",
            {"id": self.id, "state": state},
        )

    def _get_numbers(self):
        """Return the numbers of connected accounts that this agent may call from."""
        return self.number_ids.filtered(
            lambda number: number.active and number.account_id.state == "connected"
        ).sorted()

    def _get_default_number(self):
        numbers = self._get_numbers()
        return self.default_number_id if self.default_number_id in numbers else numbers[:1]

    def _offer_waiting_calls(self):
        """Offer waiting callers to agents who have just become available."""
        self.env["telephony.call"].flush_model(["queue_id", "state", "step_id", "user_id"])
        self.env["telephony.queue"].flush_model(["agent_ids"])
        self.env["telephony.flow.step"].flush_model(["agent_ids"])
        if not find_waiting(self.env.cr, self.ids):
            return
        queues = self.env["telephony.queue"].search([("agent_ids", "in", self.ids)])
        # An empty queue costs one lookup in a small index.
        queues._get_waiting().queue_id._dispatch()
        for call in self.env["telephony.call"]._get_waiting_in_steps(self):
            call._ring_next()

    def _has_own_phone(self):
        """Return whether this agent is rung on a custom phone, with or without a browser."""
        self.ensure_one()
        # sudo: telephony.agent - only whether a number is set, not the number itself
        return self.call_via == "phone" and bool(self.sudo().phone_number)

    def _count_missed_offer(self):
        """Count a missed offer, and set the agent offline after two in a row."""
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
        """Set an agent offline because the custom phone must not be called, and notify the reason.

        :param str reason: the reason, as a whole sentence
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
        """Return the verified caller IDs that the administrator allows this agent to show.

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
        """Return the caller ID that a call shows. A single one is used without asking.

        :param int caller_id_id: the user's choice, or None
        :raise UserError: this agent cannot use the caller ID, or several are available and none was
            chosen
        :return: the caller ID; an empty recordset means that the agent's number is shown
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
