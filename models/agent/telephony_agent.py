"""Agents. More than 600 lines: who they are, whether they are available, and their reservation."""

import secrets
from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.call_states import CONNECT_SECONDS
from ...tools.printable import printable
from ...tools.transfer_states import THERE_STATES
from ..gate import find_waiting

# Consecutive unanswered offers after which an agent is set offline.
MISSED_OFFERS = 2
# Rights that an agent's page reloads when an administrator changes them.
RIGHT_FIELDS = {"allow_caller_id", "number_ids", "active"}


class Facts(NamedTuple):
    """What an agent's state depends on outside the agent's own row."""

    #: has an ongoing call, monitors one or is consulted in one
    is_in_call: bool = False
    #: has an open offer
    is_ringing: bool = False
    #: has an open page that receives calls
    is_reachable: bool = False
    #: may telephone in the company
    has_right: bool = False


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
            "shows_number",
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
    phone_display = fields.Char(
        "Custom Phone", compute="_compute_phone_display", groups="crm_telephony.group_manager"
    )
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
    shows_number = fields.Boolean(
        "Show Company Number",
        help="Whether customers see the number for outgoing calls although the user has a caller "
        "ID.",
    )
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
            ("unreachable", "Disconnected"),
            ("available", "Available"),
            ("ringing", "Ringing"),
            ("in_call", "In a Call"),
            ("wrap_up", "Wrap-up"),
        ],
        compute="_compute_state",
        compute_sudo=True,
    )
    call_waiting = fields.Boolean(
        default=True,
        help="During a call, shows a second call without ringing when no one else is available. "
        "Answering it puts the first customer on hold.",
    )

    _user_company_unique = models.Constraint(
        "UNIQUE (user_id, company_id)", "This user is already a phone user of this company."
    )
    _identity_unique = models.UniqueIndex("(identity) WHERE identity IS NOT NULL")

    @api.constrains("user_id", "company_id", "active")
    def _check_user(self):
        for agent in self.filtered("active"):
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
        # A user's own page creates a missing agent itself, and does not wait for news of it.
        agents.filtered(lambda agent: agent.user_id != self.env.user)._notify_rights()
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
        if vals.get("active"):
            self._grant_right()
        if RIGHT_FIELDS & vals.keys():
            self._notify_rights()
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
        if not self:
            return
        group = self.env.ref("crm_telephony.group_user")
        missing = self.user_id.filtered(lambda user: group not in user.all_group_ids)
        if missing:
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
            lambda number: (
                number.active and number.has_voice and number.account_id.state == "connected"
            )
        ).sorted()

    def _get_default_number(self):
        numbers = self._get_numbers()
        return self.default_number_id if self.default_number_id in numbers else numbers[:1]

    def _offer_waiting_calls(self):
        """Offer waiting callers to agents who have just become available."""
        self.env["telephony.call"].flush_model(["queue_id", "state", "step_id", "user_id"])
        self.env["telephony.queue"].flush_model(["agent_ids"])
        self.env["telephony.flow.step"].flush_model(["agent_ids"])
        self.env["telephony.offer"].flush_model(["call_id", "expires_at", "state"])
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

    def _choose_sender(self, customer_number, caller_id_id=None, number_id=None):
        """Return what the customer of an outgoing call sees. Note: `self.ensure_one()`

        Without a choice it is what the user last chose for this customer, else the number for
        outgoing calls if the user prefers it, else the only caller ID.

        :param str customer_number: E.164
        :param int caller_id_id: the caller ID that the user chose, if any
        :param int number_id: the company's number that the user chose, if any
        :raise UserError: this agent cannot use the choice, or several caller IDs are available and
            none was chosen
        :return: the company's number of the call, and the caller ID that is shown in its place
            (empty: none)
        :rtype: tuple
        """
        self.ensure_one()
        number, usable = self._get_default_number(), self._get_caller_ids()
        if caller_id_id:
            chosen = usable.filtered(lambda record: record.id == caller_id_id)
            if not chosen:
                raise UserError(self.env._("This caller ID cannot be used. Choose another one."))
            return number, chosen
        if number_id:
            chosen = self._get_numbers().filtered(lambda record: record.id == number_id)
            if not chosen:
                raise UserError(
                    self.env._("This number is not assigned to you. Choose another one.")
                )
            return chosen, usable.browse()
        if len(usable) > 1 and not self.shows_number:
            raise UserError(self.env._("Choose the caller ID to show to the customer."))
        last_number, last_caller_id = self._get_last_sender(customer_number, usable)
        if last_number or last_caller_id:
            return last_number or number, last_caller_id
        return number, usable.browse() if self.shows_number else usable

    def _get_last_sender(self, customer_number, usable):
        """Return what this agent last chose to show to a customer, if it can still be used.

        :param str customer_number: E.164, or empty
        :param usable: the caller IDs that this agent may show
        :return: the company's number and the caller ID; one of them, or both, are empty
        :rtype: tuple
        """
        numbers = self._get_numbers()
        # sudo: telephony.call - the user's own calls
        calls_sudo = self.env["telephony.call"].sudo()
        if customer_number and len(numbers) + len(usable) > 1:
            was_number_chosen = Domain(
                [
                    ("is_sender_chosen", "=", True),
                    ("caller_id_id", "=", False),
                    ("number_id", "in", numbers.ids),
                ]
            )
            calls_sudo = calls_sudo.search(
                Domain("user_id", "=", self.user_id.id)
                & Domain("direction", "=", "outgoing")
                & Domain("customer_number", "=", customer_number)
                & (Domain("caller_id_id", "in", usable.ids) | was_number_chosen),
                limit=1,
            )
        caller_id = usable & calls_sudo.caller_id_id
        number = numbers & calls_sudo.number_id
        return number.browse() if caller_id else number, caller_id

    def _get_account(self):
        """Return the connected account of the agent's company. Note: `self.ensure_one()`"""
        self.ensure_one()
        return self.env["telephony.account"].search(
            [("company_id", "=", self.company_id.id), ("state", "=", "connected")], limit=1
        )

    # ---------------------------------------------------------
    # STATE
    # ---------------------------------------------------------

    # The availability of an agent, and the reservation of an agent for a call.

    # === COMPUTE METHODS === #

    @api.depends("phone_number")
    def _compute_phone_display(self):
        for agent in self:
            agent.phone_display = self.env["telephony.call"]._format_number(agent.phone_number)

    @api.depends_context("uid", "telephony_agent_state")
    def _compute_state(self):
        pretended = self.env.context.get("telephony_agent_state")
        if pretended and self.env.su:
            # The simulation of a call flow: its transaction is rolled back.
            self.state = pretended
            return
        facts_of = self._get_facts()
        for agent in self:
            facts = facts_of.get(agent._origin.id, Facts())
            if facts.is_in_call:
                agent.state = "in_call"
            elif agent.status == "offline" or not facts.has_right:
                agent.state = "offline"
            elif not facts.is_reachable and not agent._has_own_phone():
                agent.state = "unreachable"
            elif agent._is_wrapping_up():
                agent.state = "wrap_up"
            else:
                agent.state = "ringing" if facts.is_ringing else "available"

    def _get_facts(self):
        """Return the facts behind the states of these agents, in one query because a caller waits.

        :rtype: dict(int, Facts)
        """
        if not self.ids:
            return {}
        self.flush_model(["user_id"])
        self.env["telephony.call"]._flush_assigned()
        self.env["telephony.offer"].flush_model(["agent_id", "state", "expires_at"])
        self.env["telephony.transfer"].flush_model(["agent_id", "mode", "state"])
        self.env["telephony.agent.lease"].flush_model(["agent_id", "expires_at"])
        self.env["telephony.call.leg"].flush_model(
            ["user_id", "role", "status", "is_leaving", "provider_leg_id", "initiated_at"]
        )
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """SELECT agent.id,
                      EXISTS (SELECT 1 FROM telephony_call AS call
                               WHERE call.user_id = agent.user_id AND call.state != 'ended')
                      OR EXISTS (SELECT 1 FROM telephony_call_leg AS leg
                                  WHERE leg.user_id = agent.user_id AND leg.role = 'supervisor'
                                    AND leg.status != 'ended' AND leg.is_leaving IS NOT TRUE AND (
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
                      %(right)s
                 FROM telephony_agent AS agent
                WHERE agent.id IN %(ids)s""",
                now=now,
                ids=tuple(self.ids),
                there=THERE_STATES,
                right=self._get_right(SQL("agent.user_id"), SQL("agent.company_id")),
                connected_since=now - timedelta(seconds=CONNECT_SECONDS),
            )
        )
        return {agent_id: Facts(*found) for agent_id, *found in self.env.cr.fetchall()}

    # === BUSINESS METHODS === #

    def _get_available(self):
        """Return the agents who can answer a call now, the longest idle first.

        An agent is idle since the end of the last conversation, or since going online after it. An
        unanswered call or a conversation that never began does not change the order.
        """
        # The state depends on rows of other tables, which this transaction may have changed.
        self.invalidate_recordset(["state"])
        return self.filtered(lambda agent: agent.state == "available").sorted(
            lambda agent: (
                max(agent.last_call_at or agent.status_since, agent.status_since),
                agent.sequence,
                agent.id,
            )
        )

    def _get_current_states(self):
        """Return the current states of these agents.

        :rtype: list(str)
        """
        # The state depends on rows of other tables, which this transaction may have changed.
        self.invalidate_recordset(["state"])
        return self.mapped("state")

    def _get_reachable(self):
        """Return the agents who have an open page that can show calls."""
        facts_of = self._get_facts()
        return self.filtered(
            lambda agent: facts_of[agent.id].is_reachable and facts_of[agent.id].has_right
        )

    def _get_open_offers(self):
        return self.env["telephony.offer"].search(
            [
                ("agent_id", "in", self.ids),
                ("state", "=", "offered"),
                ("expires_at", ">", fields.Datetime.now()),
            ]
        )

    def _mark_reserved(self):
        """Update the rows of agents who are about to be given a call.

        A concurrent reservation fails to serialize and is retried. The retry sees the first call in
        its fresh snapshot.
        """
        if not self:
            return
        self.flush_recordset()
        # Rows are locked in the order of their ids, so that two reservations of several agents
        # cannot deadlock. A write within the same second would change nothing, and the two would
        # not collide.
        self.env.cr.execute(
            SQL(
                """WITH agent AS (SELECT id FROM telephony_agent WHERE id IN %(ids)s ORDER BY id
                                 FOR NO KEY UPDATE)
             UPDATE telephony_agent SET reserved_at = clock_timestamp() AT TIME ZONE 'utc'
              WHERE id IN (SELECT id FROM agent)""",
                ids=tuple(self.ids),
            ),
            log_exceptions=False,
        )
        self.invalidate_recordset(["reserved_at"])

    def _is_consulted(self):
        """Return whether a colleague consults this agent in a call."""
        return bool(
            self.env["telephony.transfer"].search_count(
                [
                    ("agent_id", "=", self.id),
                    ("mode", "!=", "blind"),
                    ("state", "in", THERE_STATES),
                ],
                limit=1,
            )
        )

    def _reserve(self, call=None, holds_other=False):
        """Reserve this agent, so that no concurrent transaction gives the agent another call.

        Other calls stop ringing at the agent. The caller of this method routes them elsewhere
        (`_advance_if_unoffered`) after the agent has the call.

        Note: `self.ensure_one()`

        :param call: the call that the agent is about to take; it may keep ringing
        :param bool holds_other: whether the ongoing call is put on hold for it
        :raise UserError: the agent is in a call
        :return: the calls that stopped ringing at this agent
        """
        self.ensure_one()
        self._mark_reserved()
        self._check_free(holds_other)
        if self.env["telephony.call.leg"]._get_monitoring_of(self.user_id):
            raise UserError(self.env._("You are monitoring a call. Leave it first."))
        self._clear_wrap_up()
        others = self._get_open_offers().filtered(lambda offer: offer.call_id != call)
        others._close("withdrawn", "withdrawn")
        return others.call_id

    # ---------------------------------------------------------
    # CALL WAITING
    # ---------------------------------------------------------

    # Call waiting: a second call for an agent in a call, offered only when no agent is free.

    def _get_interruptible(self):
        """Return the agents who can put their ongoing call on hold for another one.

        This requires the browser: a telephone has its own way to show a second call. An agent has
        at most one ongoing call and one more offer.
        """
        candidates = self.filtered(
            lambda agent: (
                agent.call_waiting and agent.status == "online" and not agent._has_own_phone()
            )
        )
        facts_of = candidates._get_facts()
        return candidates.filtered(lambda agent: agent._is_interruptible(facts_of[agent.id]))

    def _is_interruptible(self, facts):
        self.ensure_one()
        if not (facts.is_in_call and facts.is_reachable and facts.has_right) or facts.is_ringing:
            return False
        calls = self.env["telephony.call"]._get_ongoing_of(self.user_id)
        return (
            len(calls) == 1
            and calls.company_id == self.company_id
            and calls._can_be_held()
            # An agent who lost the audio rejoins that customer first.
            and bool(calls.held_at or not calls.deadline_at)
            and not self._is_with_colleagues()
        )

    def _is_with_colleagues(self):
        """Return whether this agent takes part in a colleague's call."""
        self.ensure_one()
        return bool(
            self._is_consulted() or self.env["telephony.call.leg"]._get_monitoring_of(self.user_id)
        )

    def _check_free(self, holds_other=False):
        """Check that this agent can be given another call. Note: `self.ensure_one()`

        :param bool holds_other: whether the ongoing call would be put on hold
        :raise UserError: the ongoing call of the agent cannot be put on hold for this one
        """
        self.ensure_one()
        calls = self.env["telephony.call"]._get_ongoing_of(self.user_id)
        speaking = calls.filtered(lambda call: not call.held_at)
        if self._is_consulted() or (speaking and not holds_other):
            raise UserError(self.env._("You are already in a call."))
        if calls and not holds_other:
            raise UserError(self.env._("A customer is on hold. Resume or end that call first."))
        if speaking and len(calls) > 1:
            raise UserError(
                self.env._(
                    "You already have an active call and a call on hold. End one of them first."
                )
            )
        if speaking and not speaking._can_be_held():
            raise UserError(
                self.env._(
                    "Your current call cannot be put on hold right now. End it, or finish the "
                    "transfer or consultation first."
                )
            )

    # ---------------------------------------------------------
    # EMERGENCY CALLS
    # ---------------------------------------------------------

    def _get_emergency_numbers(self):
        """Return the numbers from which this agent may call emergency services."""
        return self._get_numbers().filtered("emergency_enabled")

    def _get_emergency_number(self, typed):
        """Return the company's number from which this agent may call an emergency service.

        Note: `self.ensure_one()`

        :param str typed: the number that the agent typed
        :return: the number; empty when `typed` is no emergency service, or no number is allowed for
            it
        """
        self.ensure_one()
        allowed = self._get_emergency_numbers().filtered(
            lambda number: number._reaches_emergency(typed)
        )
        default = self._get_default_number()
        return default if default in allowed else allowed[:1]
