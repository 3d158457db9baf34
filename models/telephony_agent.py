import secrets
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, UserError, ValidationError
from odoo.tools import SQL, mute_logger

from .telephony_agent_lease import LEASE_SECONDS
from .telephony_call_state import CONNECT_SECONDS
from .telephony_transfer_state import THERE_STATES

# Unanswered calls in a row after which an agent is set offline.
MISSED_OFFERS = 2


class TelephonyAgent(models.Model):
    """A phone user: one person in one company.

    It is a table of its own beside `res.users`, so that a change of status or a heartbeat never
    locks the user.
    """

    _name = "telephony.agent"
    _description = "Phone User"
    _order = "sequence, user_id"
    _rec_name = "user_id"
    _check_company_auto = True

    user_id = fields.Many2one("res.users", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        index=True,
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
    )
    status_since = fields.Datetime(readonly=True, default=fields.Datetime.now)
    call_via = fields.Selection(
        [("browser", "Browser"), ("phone", "Custom Phone")],
        "Make Calls via",
        required=True,
        default="browser",
    )
    phone_number = fields.Char("Custom Phone Number")
    press_to_accept = fields.Boolean(
        "Press 1 to Accept",
        default=True,
        help="Whoever answers the custom phone presses 1 first, so that its mailbox never speaks "
        "with a customer.",
    )
    missed_offers = fields.Integer(
        readonly=True, copy=False, help="Calls in a row that rang here and were not answered."
    )
    default_number_id = fields.Many2one(
        "telephony.number", check_company=True, ondelete="set null"
    )
    number_ids = fields.Many2many(
        "telephony.number",
        string="Numbers",
        check_company=True,
        help="The numbers this user may call out with.",
    )
    allow_caller_id = fields.Boolean(
        "Allow Adding Custom Outgoing Caller ID",
        help="The user may verify other numbers and show them to the people who are called, in "
        "place of the number really used.",
    )
    identity = fields.Char(
        readonly=True, copy=False, groups="base.group_system",
        default=lambda self: f"u_{secrets.token_hex(16)}",
        help="The opaque name under which the carrier knows this user's browsers.",
    )
    last_call_at = fields.Datetime(
        readonly=True, copy=False, help="When this user's last conversation ended."
    )
    # When a call was last given to this user; changed so that two who give one at once collide.
    reserved_at = fields.Datetime(readonly=True, copy=False)
    caller_id_ids = fields.One2many("telephony.caller.id", "agent_id", "Caller IDs")
    lease_ids = fields.One2many("telephony.agent.lease", "agent_id")
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

    @api.constrains("call_via", "phone_number")
    def _check_phone_number(self):
        for agent in self:
            if agent.call_via == "phone" and not agent.phone_number:
                raise ValidationError(_("Enter the phone number to use."))
            if agent.phone_number and not self.env["telephony.call"]._normalize(
                agent.phone_number, agent.company_id.country_id
            ):
                raise ValidationError(_(
                    "“%(number)s” is not a telephone number. Write it with its country code, as "
                    "+32470123456.",
                    number=agent.phone_number,
                ))

    # === COMPUTE METHODS === #

    @api.depends_context("uid")
    def _compute_state(self):
        facts = self._get_facts()
        for agent in self:
            in_call, ringing, reachable, wrapping_up = facts.get(
                agent._origin.id, (False, False, False, False)
            )
            if in_call:
                agent.state = "in_call"
            elif agent.status == "offline":
                agent.state = "offline"
            elif not reachable and not agent._has_own_phone():
                agent.state = "unreachable"
            elif wrapping_up:
                agent.state = "wrap_up"
            else:
                agent.state = "ringing" if ringing else "available"

    def _get_facts(self):
        """Look up what these agents' states follow from; in one query, because a caller waits.

        :return: identifier -> has a running call, is being rung, has an open browser, wraps up
        :rtype: dict
        """
        if not self.ids:
            return {}
        self.flush_model(["user_id", "wrap_up_call_id", "wrap_up_until"])
        self.env["telephony.call"].flush_model(["user_id", "state", "disposition_id"])
        self.env["telephony.disposition"].flush_model(["active", "company_id"])
        self.env["res.company"].flush_model(["telephony_disposition_required"])
        self.env["telephony.offer"].flush_model(["agent_id", "state", "expires_at"])
        self.env["telephony.transfer"].flush_model(["agent_id", "mode", "state"])
        self.env["telephony.agent.lease"].flush_model(["agent_id", "expires_at"])
        self.env["telephony.call.leg"].flush_model(
            ["user_id", "role", "status", "leaving", "provider_leg_id", "initiated_at"]
        )
        now = fields.Datetime.now()
        self.env.cr.execute(SQL(
            """SELECT agent.id,
                      EXISTS (SELECT 1 FROM telephony_call AS call
                               WHERE call.user_id = agent.user_id AND call.state != 'ended')
                      OR EXISTS (SELECT 1 FROM telephony_call_leg AS leg
                                  WHERE leg.user_id = agent.user_id AND leg.role = 'supervisor'
                                    AND leg.status != 'ended' AND leg.leaving IS NOT TRUE AND (
                                        leg.provider_leg_id IS NOT NULL
                                        OR leg.initiated_at > %(connected_since)s))
                      OR EXISTS (SELECT 1 FROM telephony_transfer AS transfer
                                  WHERE transfer.agent_id = agent.id
                                    AND transfer.mode != 'blind'
                                    AND transfer.state IN %(there)s),
                      EXISTS (SELECT 1 FROM telephony_offer AS offer
                               WHERE offer.agent_id = agent.id AND offer.state = 'offered'
                                 AND offer.expires_at > %(now)s),
                      EXISTS (SELECT 1 FROM telephony_agent_lease AS lease
                               WHERE lease.agent_id = agent.id AND lease.expires_at > %(now)s),
                      EXISTS (SELECT 1 FROM telephony_call AS past
                                JOIN res_company AS company ON company.id = agent.company_id
                               WHERE past.id = agent.wrap_up_call_id
                                 AND (agent.wrap_up_until > %(now)s
                                   -- A result that has to be given beats the time.
                                   OR company.telephony_disposition_required
                                  AND past.disposition_id IS NULL
                                  AND EXISTS (SELECT 1 FROM telephony_disposition AS choice
                                               WHERE choice.active
                                                 AND (choice.company_id IS NULL
                                                   OR choice.company_id = company.id))))
                 FROM telephony_agent AS agent
                WHERE agent.id IN %(ids)s""",
            now=now, ids=tuple(self.ids), there=THERE_STATES,
            connected_since=now - timedelta(seconds=CONNECT_SECONDS),
        ))
        return {agent_id: found for agent_id, *found in self.env.cr.fetchall()}

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            # Nobody chooses an identity.
            vals.pop("identity", None)
            company = self.env["res.company"].browse(vals.get("company_id")) or self.env.company
            self._write_out_number(vals, company)
        agents = super().create(vals_list)
        agents._grant_right()
        return agents

    def write(self, vals):
        if vals.get("active") is False:
            self._clear_wrap_up()
            vals = {**vals, "status": "offline", "status_since": fields.Datetime.now()}
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

    # === RPC: THE CURRENT USER'S OWN TELEPHONE === #

    @api.model
    def _get_mine(self):
        """Return the current user's row in the current company, making it when it is missing.

        :raise AccessError: the user is no phone user
        :return: the row, as superuser
        """
        if not self.env.user.has_group("crm_telephony.group_user"):
            raise AccessError(_("You are not a phone user. Ask your phone administrator."))
        # sudo: telephony.agent - only ever the current user's own row
        agents_sudo = self.sudo()
        agent_sudo = agents_sudo._find_of(self.env.user, self.env.company)
        if agent_sudo and not agent_sudo.active:
            raise AccessError(_("You are not a phone user. Ask your phone administrator."))
        if not agent_sudo:
            try:
                with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                    agent_sudo = agents_sudo.create({
                        "user_id": self.env.uid, "company_id": self.env.company.id
                    })
            except IntegrityError as error:
                # Another page has just done the same: read its row on a fresh snapshot.
                raise ConcurrencyError("The phone user was just made.") from error
        return agent_sudo

    @api.model
    def softphone_snapshot(self):
        """Return everything the softphone shows, as it is now.

        :return: see `_to_client`, `telephony.call._to_client`, `telephony.offer._to_client`
        :rtype: dict
        """
        agent_sudo = self._get_mine()
        calls = self.env["telephony.call"]
        reason = agent_sudo._get_reason_not_to_call()
        country = self.env.company.country_id
        return {
            # sudo: bus.bus - a counter; messages up to it are older than this answer
            "bus_id": self.env["bus.bus"].sudo()._bus_last_id(),
            "agent": agent_sudo._to_client(),
            "can_call": not reason,
            "cannot_call_reason": reason or False,
            "numbers": agent_sudo._get_numbers()._to_client(),
            "caller_ids": agent_sudo._get_caller_ids()._to_client(),
            "allow_caller_id": agent_sudo.allow_caller_id,
            "my_caller_ids": agent_sudo.caller_id_ids._to_client()
            if agent_sudo.allow_caller_id else [],
            "country": {"code": country.code or False, "phone_code": country.phone_code or 0},
            "calls": calls._get_running_of(self.env.user)._to_client(),
            "offers": agent_sudo._get_open_offers()._to_client(),
            "recent": calls._get_recent_of(self.env.user)._to_client(),
            "client_lease_seconds": LEASE_SECONDS,
            "is_supervisor": self.env.user.has_group("crm_telephony.group_supervisor"),
        }

    @api.model
    def set_status(self, status):
        """Go online or offline. A running call goes on.

        :param str status: `online` or `offline`
        :rtype: dict
        """
        if status not in ("online", "offline"):
            raise UserError(_("The status is either online or offline."))
        agent_sudo = self._get_mine()
        agent_sudo._set_status(status)
        return agent_sudo._to_client()

    @api.model
    def save_preferences(self, values):
        """Change how the current user makes calls.

        :param dict values: of `call_via`, `phone_number`, `default_number_id`,
            `press_to_accept`, `call_waiting`
        :raise ValidationError: the custom phone number is missing or wrong
        :rtype: dict
        """
        agent_sudo = self._get_mine()
        allowed = {
            "call_via", "phone_number", "default_number_id", "press_to_accept", "call_waiting",
        }
        vals = {name: value for name, value in values.items() if name in allowed}
        if vals.get("default_number_id") and vals["default_number_id"] not in (
            agent_sudo._get_numbers().ids
        ):
            raise UserError(_("This number is not assigned to you."))
        agent_sudo.write(vals)
        agent_sudo._notify_change()
        return agent_sudo._to_client()

    @api.model
    def renew_lease(self, client_uuid, echo=None):
        """Prove that this browser is alive, and that the bus reaches it.

        :param str client_uuid: identifier the page gave itself
        :param str echo: the word of the last `telephony/lease` message the page received
        :return: `expires_at`, `status`, `reachable`, `now` (the server's clock)
        :rtype: dict
        """
        agent_sudo = self._get_mine()
        if not 8 <= len(client_uuid or "") <= 64:
            raise UserError(_("The page has no valid identifier. Reload it."))
        was_unreachable = agent_sudo.state == "unreachable"
        expires_at = agent_sudo.lease_ids._renew(agent_sudo, client_uuid, echo)
        agent_sudo.invalidate_recordset(["state", "lease_ids"])
        agent_sudo._finish_wrap_up()
        if was_unreachable:
            agent_sudo._notify_change()
            agent_sudo._find_work()
        self.env["telephony.call"]._nudge_reconciliation()
        return {
            "expires_at": fields.Datetime.to_string(expires_at),
            "status": agent_sudo.status,
            "reachable": expires_at > fields.Datetime.now(),
            "now": fields.Datetime.to_string(fields.Datetime.now()),
        }

    @api.model
    def release_lease(self, client_uuid):
        """Tell that this browser is being closed.

        :param str client_uuid: identifier the page gave itself
        """
        agent_sudo = self._get_mine()
        agent_sudo.lease_ids._release(agent_sudo, client_uuid)
        return True

    # === BUSINESS METHODS === #

    def _set_status(self, status):
        """Go online or offline, and tell every browser of the user."""
        for agent in self.filtered(lambda agent: agent.status != status):
            agent.write({"status": status, "status_since": fields.Datetime.now()})
            agent._notify_change()
            if status == "online":
                agent._find_work()

    def _notify_change(self):
        # All at once, so that the states of all of them are one query.
        self.invalidate_recordset(["state"])
        supervisors = self and self.env.ref("crm_telephony.group_supervisor")
        for agent in self:
            agent.user_id._bus_send("telephony/agent_updated", agent._to_client())
            # Lists of colleagues follow by themselves.
            supervisors._bus_send(
                "telephony/agent_state", {"id": agent.id, "state": agent.state}
            )

    def _to_client(self):
        """Return what the user's own softphone shows of the user. Note: `self.ensure_one()`"""
        self.ensure_one()
        calls = self.env["telephony.call"]
        return {
            "id": self.id,
            # The bus tells it to the person, whatever company a page shows.
            "company_id": self.company_id.id,
            "status": self.status,
            "call_via": self.call_via,
            "phone_number": self.phone_number or False,
            "phone_number_display": calls._format_number(self.phone_number) or False,
            "phone_country_code": calls._get_region(self.phone_number) or False,
            "press_to_accept": self.press_to_accept,
            "call_waiting": self.call_waiting,
            "default_number_id": self._get_default_number().id,
            "state": self.state,
            "wrap_up": self._wrap_up_to_client(),
        }

    def _get_numbers(self):
        """Return the numbers this agent may call out with, of a connected account."""
        return self.number_ids.filtered(
            lambda number: number.active and number.account_id.state == "connected"
        ).sorted()

    def _get_default_number(self):
        numbers = self._get_numbers()
        return self.default_number_id if self.default_number_id in numbers else numbers[:1]

    def _get_reason_not_to_pick_up(self):
        """Say why this agent cannot take a caller out of a queue; nothing when it can.

        :rtype: str
        """
        self.ensure_one()
        return {
            "in_call": _("You are already in a call."),
            "offline": _("You are offline. Go online to pick up a caller."),
            "unreachable": _("Your browser does not receive calls at the moment. Reload the page."),
        }.get(self.state, "")

    def _get_reason_not_to_transfer(self, user):
        """Say why this colleague cannot be given a call; nothing when that is possible.

        :param user: who wants to transfer
        :rtype: str
        """
        self.ensure_one()
        name = self.user_id.name
        if self.user_id == user:
            return _("This is yourself.")
        if self.state == "available":
            return ""
        return {
            "offline": _("%(name)s is offline.", name=name),
            "unreachable": _("%(name)s cannot be reached at the moment.", name=name),
            "ringing": _("%(name)s is being called by somebody else.", name=name),
            "in_call": _("%(name)s is in a call.", name=name),
            "wrap_up": _("%(name)s is still busy with the last call.", name=name),
        }.get(self.state, _("%(name)s cannot take a call at the moment.", name=name))

    def _find_work(self):
        """Let waiting callers ring at agents who have just become free."""
        queues = self.env["telephony.queue"].search([("agent_ids", "in", self.ids)])
        # A queue in which nobody waits costs one look into a small index.
        queues._get_waiting().queue_id._dispatch()

    def _has_own_phone(self):
        """Tell whether this agent is rung on a telephone, with or without a browser."""
        self.ensure_one()
        return self.call_via == "phone" and bool(self.phone_number)

    def _count_missed_offer(self):
        """After two calls in a row that nobody answered, nobody is there: go offline."""
        for agent in self:
            agent.missed_offers += 1
            if agent.missed_offers >= MISSED_OFFERS and agent.status == "online":
                agent._set_status("offline")
                agent.missed_offers = 0
                lang_env = agent.with_context(lang=agent.user_id.lang).env
                agent.user_id._bus_send("telephony/set_offline", {"message": lang_env._(
                    "You did not answer %(count)s calls in a row, so you are offline now. "
                    "Go online again when you are back.",
                    count=MISSED_OFFERS,
                )})

    def _get_caller_ids(self):
        """Return the caller IDs this agent may show: verified, and allowed by the administrator.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        caller_ids = self.env["telephony.caller.id"]
        if not self.allow_caller_id:
            return caller_ids
        return caller_ids.search([
            ("company_id", "=", self.company_id.id),
            ("account_id.state", "=", "connected"),
            ("state", "=", "verified"),
            ("agent_id", "in", (self.id, False)),
        ])

    def _choose_caller_id(self, caller_id_id):
        """Decide which caller ID a call shows. The only one is used without asking.

        :param int caller_id_id: what the user chose, or None
        :raise UserError: it cannot be used by this agent, or there are several to choose from
        :return: a caller ID, or nothing: then the agent's number is shown
        """
        usable = self._get_caller_ids()
        if not caller_id_id:
            if len(usable) > 1:
                raise UserError(_("Choose the caller ID that the customer sees."))
            return usable
        chosen = usable.filtered(lambda record: record.id == caller_id_id)
        if not chosen:
            raise UserError(_("This caller ID cannot be used. Choose another one."))
        return chosen

    def _get_account(self):
        """Return the connected account of the agent's company. Note: `self.ensure_one()`"""
        self.ensure_one()
        return self.env["telephony.account"].search([
            ("company_id", "=", self.company_id.id), ("state", "=", "connected")
        ], limit=1)

    def _get_reason_not_to_call(self):
        """Say why this agent cannot call out at all; nothing when it can.

        :rtype: str
        """
        self.ensure_one()
        if not self._get_account():
            return _("The telephone is not connected to Twilio yet. "
                     "Ask your phone administrator.")
        if not self._get_numbers():
            return _("No phone number is assigned to you. Ask your phone administrator.")
        return ""

    def _get_available(self):
        """Keep those who can answer a call now, the longest idle first.

        Idle since: the end of the last conversation, or having gone online after it. A call that
        was not answered, or a conversation that never began, leaves everybody in place.
        """
        # The state hangs on rows of other tables, which this transaction may have changed.
        self.invalidate_recordset(["state"])
        return self.filtered(lambda agent: agent.state == "available").sorted(
            lambda agent: (
                max(agent.last_call_at or agent.status_since, agent.status_since),
                agent.sequence, agent.id,
            )
        )

    def _get_reachable(self):
        """Keep those whom an open page shows calls."""
        facts = self._get_facts()
        return self.filtered(lambda agent: facts[agent.id][2])

    def _get_open_offers(self):
        return self.env["telephony.offer"].search([
            ("agent_id", "in", self.ids),
            ("state", "=", "offered"),
            ("expires_at", ">", fields.Datetime.now()),
        ])

    def _mark_reserved(self):
        """Change the rows of those who are about to be given a call.

        Whoever does the same at once fails to serialize and is tried again on a fresh snapshot,
        where the first one's call is seen.
        """
        self.flush_recordset()
        # A write of the same second would change nothing, and two would not meet.
        self.env.cr.execute(SQL(
            "UPDATE telephony_agent SET reserved_at = clock_timestamp() AT TIME ZONE 'utc' "
            "WHERE id IN %s", tuple(self.ids),
        ))
        self.invalidate_recordset(["reserved_at"])

    def _is_consulted(self):
        """Tell whether a colleague has asked this agent into a call."""
        return bool(self.env["telephony.transfer"].search_count([
            ("agent_id", "=", self.id), ("mode", "!=", "blind"), ("state", "in", THERE_STATES)
        ], limit=1))

    def _reserve(self, call=None, puts_aside=False):
        """Make sure that nobody else gives this agent a call in the same moment.

        Other calls stop ringing at the agent; the caller of this method lets them go on elsewhere
        (`_leave_queue_if_alone`) once the agent has the call.

        Note: `self.ensure_one()`

        :param call: the call that the agent is about to take, which may go on ringing
        :param bool puts_aside: whether a running conversation is put on hold for it
        :raise UserError: the agent is in a call
        :return: the calls that have stopped ringing here
        """
        self.ensure_one()
        self._mark_reserved()
        self._check_free(puts_aside)
        if self.env["telephony.call.leg"]._get_monitoring_of(self.user_id):
            raise UserError(_("You are listening to a conversation. Leave it first."))
        self._clear_wrap_up()
        others = self._get_open_offers().filtered(lambda offer: offer.call_id != call)
        others._close("withdrawn", "withdrawn")
        return others.call_id
