import logging
import uuid as uuidlib

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import SQL

from odoo.addons.phone_validation.tools import phone_validation

from ...tools.call_states import CALL_STATES, call_target, is_legal, outcome_of
from ...tools.phone_number import to_possible_e164

_logger = logging.getLogger(__name__)

# Seconds a caller waits for an agent who vanished.
REJOIN_SECONDS = 30
# What the provider writes instead of a caller's number when the caller hides it. +266696687 is
# “anonymous” typed on a telephone's keys.
ANONYMOUS = {
    "",
    "anonymous",
    "restricted",
    "unavailable",
    "unknown",
    "private",
    "+266696687",
    "266696687",
    "+86282452253",
    "+2562533",
}


class TelephonyCall(models.Model):
    """A conversation, from its first ring to its end.

    The provider owns the sound, this table owns the call. Its state is written by `_apply_event`
    only; everything else on it describes who, when and why.
    """

    _name = "telephony.call"
    _inherit = ["telephony.guard.mixin"]
    _description = "Call"
    _order = "started_at desc, id desc"
    _rec_name = "display_name"
    _rec_names_search = ["customer_number", "partner_id.name", "uuid"]

    uuid = fields.Char(
        "UUID", required=True, readonly=True, copy=False, default=lambda self: str(uuidlib.uuid4())
    )
    request_uuid = fields.Char("Request UUID", readonly=True, copy=False)
    account_id = fields.Many2one(
        "telephony.account",
        required=True,
        ondelete="restrict",
        index=True,
        readonly=True,
        immutable=True,
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    provider_call_id = fields.Char("Twilio Call SID", readonly=True, copy=False)
    provider_conference_id = fields.Char("Twilio Conference SID", readonly=True, copy=False)
    direction = fields.Selection(
        [("incoming", "Incoming"), ("outgoing", "Outgoing")], required=True, readonly=True
    )
    state = fields.Selection(
        [(state, state.replace("_", " ").title()) for state in CALL_STATES],
        required=True,
        default="new",
        readonly=True,
        index=True,
    )
    outcome = fields.Selection(
        [
            ("answered", "Answered"),
            ("missed", "Missed"),
            ("abandoned", "Abandoned"),
            ("voicemail", "Voicemail"),
            ("busy", "Busy"),
            ("no_answer", "No Answer"),
            ("declined", "Declined"),
            ("canceled", "Canceled"),
            ("blocked", "Blocked"),
            ("queue_callback", "Callback Requested"),
            ("failed", "Failed"),
        ],
        readonly=True,
    )
    ended_by = fields.Selection(
        [("agent", "Phone User"), ("customer", "Customer"), ("system", "System")], readonly=True
    )
    failure_reason = fields.Char(readonly=True)
    from_number = fields.Char("From", readonly=True)
    to_number = fields.Char("To", readonly=True)
    customer_number = fields.Char("Number", readonly=True, index="btree_not_null")
    number_id = fields.Many2one(
        "telephony.number",
        "Company Number",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
    )
    caller_id_id = fields.Many2one(
        "telephony.caller.id",
        string="Caller ID",
        readonly=True,
        ondelete="set null",
        check_company=True,
    )
    partner_id = fields.Many2one(
        "res.partner", "Contact", ondelete="set null", index="btree_not_null", check_company=True
    )
    lead_id = fields.Many2one(
        "crm.lead", "Opportunity", ondelete="set null", index="btree_not_null", check_company=True
    )
    user_id = fields.Many2one(
        "res.users", "Phone User", readonly=True, ondelete="set null", index="btree_not_null"
    )
    via = fields.Selection(
        [("browser", "Browser"), ("phone", "Custom Phone")], readonly=True, default="browser"
    )
    recipient_ids = fields.Many2many(
        "res.users",
        string="Voicemail For",
        readonly=True,
        help="Users who can listen to the caller's voicemail.",
    )
    flow_id = fields.Many2one(
        "telephony.flow", readonly=True, ondelete="set null", check_company=True
    )
    step_id = fields.Many2one(
        "telephony.flow.step", readonly=True, ondelete="set null", check_company=True
    )
    menu_count = fields.Integer(readonly=True)
    step_entered_at = fields.Datetime(readonly=True)
    # Steps since the caller last waited: a flow that goes in circles comes to an end.
    step_count = fields.Integer(readonly=True, copy=False)
    trace = fields.Text("Timeline", readonly=True)
    started_at = fields.Datetime(
        required=True, readonly=True, default=fields.Datetime.now, index=True
    )
    claimed_at = fields.Datetime(readonly=True)
    # Until when the one who took the call, or lost it, has to be there.
    deadline_at = fields.Datetime(readonly=True)
    answered_at = fields.Datetime(readonly=True)
    ended_at = fields.Datetime(readonly=True)
    duration = fields.Integer("Talk Time (Seconds)", readonly=True, aggregator="sum")
    wait_duration = fields.Integer("Wait Time (Seconds)", readonly=True, aggregator="avg")
    note = fields.Text("Summary")
    message_id = fields.Many2one("mail.message", readonly=True, ondelete="set null")
    leg_ids = fields.One2many("telephony.call.leg", "call_id", "Call Legs", readonly=True)
    offer_ids = fields.One2many("telephony.offer", "call_id", "Offers", readonly=True)
    recording_ids = fields.One2many("telephony.recording", "call_id", "Recordings", readonly=True)
    event_ids = fields.One2many(
        "telephony.call.event",
        "call_id",
        "Events",
        readonly=True,
        groups="crm_telephony.group_manager",
    )
    customer_display = fields.Char("Contact or Number", compute="_compute_customer_display")
    duration_display = fields.Char("Duration", compute="_compute_duration_display")

    _uuid_unique = models.Constraint("UNIQUE (uuid)", "The UUID of a call must be unique.")
    _request_unique = models.UniqueIndex("(user_id, request_uuid) WHERE request_uuid IS NOT NULL")
    _provider_call_unique = models.UniqueIndex(
        "(account_id, provider_call_id) WHERE provider_call_id IS NOT NULL"
    )
    _running_index = models.Index("(user_id) WHERE state != 'ended'")

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "customer_number")
    def _compute_customer_display(self):
        for call in self:
            # sudo: telephony.call - whoever sees the call sees who it is with
            call.customer_display = (
                call.sudo().partner_id.display_name
                or self._format_number(call.customer_number)
                or self.env._("Hidden number")
            )

    @api.depends("customer_display", "direction")
    def _compute_display_name(self):
        for call in self:
            pattern = (
                self.env._("Call from %(name)s")
                if call.direction == "incoming"
                else self.env._("Call to %(name)s")
            )
            call.display_name = pattern % {"name": call.customer_display}

    @api.depends("duration")
    def _compute_duration_display(self):
        for call in self:
            minutes, seconds = divmod(call.duration or 0, 60)
            hours, minutes = divmod(minutes, 60)
            call.duration_display = (
                f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
            )

    # === NUMBERS === #

    @api.model
    def _normalize(self, number, country):
        """Turn what somebody typed into E.164.

        :param str number: as written
        :param country: the country whose national writing is meant (`res.country`)
        :return: the number, or an empty text when it is none
        :rtype: str
        """
        written = str(number or "").strip()
        try:
            return phone_validation.phone_format(
                written, country.code or None, country.phone_code or None, force_format="E164"
            )
        except UserError:
            # Ranges are opened faster than lists of them: a possible number is good enough, if
            # it is written with its country code.
            return to_possible_e164(written)

    @api.model
    def _format_number(self, number):
        """Write an E.164 number for people, as `+32 470 12 34 56`."""
        if not number:
            return ""
        return phone_validation.phone_format(
            number, None, None, force_format="INTERNATIONAL", raise_exception=False
        )

    # === FROM THE WEBHOOKS === #

    @api.model
    def _process_event(self, account, event):
        """Apply a callback of the provider, once.

        :param account: who told it
        :param CallEvent event: what happened
        """
        events = self.env["telephony.call.event"]
        leg = self.env["telephony.call.leg"]._find(account, event)
        if not leg:
            # Who hangs up at once may be faster than the answer to the call's first question.
            events._wait_for(account, f"{event.provider_leg_id}:voice")
            # It is not kept, so that it can be told again once the leg is known.
            _logger.warning("A callback about an unknown leg: %s", event.key)
            return
        # Several callbacks of one call come at once. Who loses finds it out before the work.
        leg.call_id._lock()
        if not events._record_once(account, event.key, event.kind, event.at, leg.call_id):
            _logger.info("A callback came again: %s", event.key)
            return
        leg.call_id._apply_report(event)

    # === THE ONE WRITER OF THE STATE === #

    def _apply_event(self, event):
        """Let something that happened change this call. The only writer of its state.

        Note: `self.ensure_one()`

        :param CallEvent event: what happened
        :return: whether the call's state changed
        :rtype: bool
        """
        self.ensure_one()
        target = getattr(self, f"_apply_{event.kind}")(event)
        if not target:
            return False
        return self._move_to(target, event)

    def _move_to(self, target, event):
        if target == self.state:
            _logger.info("%s: %s again, nothing changes", self.uuid, target)
            return False
        if not is_legal(self.state, target):
            # A late event of a call that is over is expected; anything else is worth knowing.
            level = logging.INFO if self.state == "ended" else logging.WARNING
            _logger.log(
                level,
                "%s: from %s to %s is not possible (%s)",
                self.uuid,
                self.state,
                target,
                event.kind,
            )
            return False
        values = {"state": target}
        if target == "in_progress" and not self.answered_at:
            values.update(answered_at=event.at, deadline_at=False)
        _logger.info("%s: %s -> %s (%s)", self.uuid, self.state, target, event.kind)
        if target == "ended":
            self._end({**values, **self._get_end_values(event)})
        else:
            self._enter_state(values)
        return True

    def _enter_state(self, values):
        self.write(values)
        if self.state != "in_progress":
            # There is no conversation any more that somebody could listen to.
            self._release_supervisors()
        self._sync_recording()
        hook = getattr(self, f"_on_{self.state}", None)
        if hook:
            hook()
        self._notify()

    def _end(self, values):
        """End this call, whatever fails meanwhile: a call that is over must not go on here.

        :param dict values: what the end writes
        """
        uuid = self.uuid
        self.env.flush_all()
        try:
            with self.env.cr.savepoint():
                self._enter_state(values)
        except (OperationalError, ConcurrencyError):
            raise
        except Exception:
            _logger.exception("%s: the end failed, and is written part by part", uuid)
            self._end_alone(values)

    def _get_end_values(self, event):
        customer = self._get_customer_leg()
        answered_at = self.answered_at or (
            (self.direction == "outgoing" and customer.answered_at) or False
        )
        # The provider's clock is not ours, and a caller can be gone before we hear of the call.
        ended_at = max(event.at, answered_at or self.started_at)
        ended_by = self.ended_by or event.data.get("by") or "customer"
        duration = int((ended_at - answered_at).total_seconds()) if answered_at else 0
        return {
            "ended_at": ended_at,
            "answered_at": answered_at,
            "ended_by": ended_by,
            "deadline_at": False,
            "held_at": False,
            "failure_reason": event.reason if event.kind == "failed" else self.failure_reason,
            # What a customer does after the conversation, leaving a message say, is no talk.
            "duration": duration if self.state == "in_progress" else self.duration or duration,
            "wait_duration": max(
                0, int(((answered_at or ended_at) - self.started_at).total_seconds())
            ),
            "outcome": self.outcome
            or outcome_of(
                self.direction, self.state, bool(answered_at), customer.end_reason or "", ended_by
            ),
        }

    # === WHAT EACH EVENT MEANS: RETURN THE STATE THE CALL SHOULD BE IN === #

    def _apply_leg(self, event):
        leg = self._get_leg(event)
        if not leg:
            return None
        moved = leg._advance(event)
        if self.state == "ended":
            self._on_late_leg(leg)
        return self._leg_moved(leg, event) if moved else None

    def _leg_moved(self, leg, event):
        """Decide what the new status of a leg means for this call.

        :return: the state the call should be in, or None
        """
        if leg.role == "supervisor":
            self._on_supervisor_moved(leg)
        if leg.role == "agent":
            self._sync_supervisors()
        if leg.role == "consulted":
            return self._on_consulted_moved(leg)
        if leg.is_released:
            return None
        if leg.role == "agent" and leg.status == "ended":
            return self._on_agent_left(event) if leg.is_confirmed else self._on_phone_refused(leg)
        if leg.role == "agent":
            self._notify_participants()
        return call_target(self.direction, leg.role, leg.status)

    def _on_late_leg(self, leg):
        """Learn from an event that comes after the end of the call."""
        answered_at = leg.answered_at
        if (
            leg.role == "customer"
            and self.direction == "outgoing"
            and answered_at
            and (answered_at < self.ended_at and answered_at != self.answered_at)
        ):
            # Now it is known that they spoke, and since when.
            is_news = not self.answered_at
            self.write(
                {
                    "answered_at": answered_at,
                    "outcome": "answered",
                    "duration": int((self.ended_at - answered_at).total_seconds()),
                    "wait_duration": max(0, int((answered_at - self.started_at).total_seconds())),
                }
            )
            self._update_log()
            if is_news:
                self._begin_late_wrap_up()
            self._update_callbacks()
            self._notify()
        if leg._is_alive() and leg.provider_leg_id:
            # It was called while the call ended: nobody is there to speak with.
            self.account_id._after_commit(self, "_send_end_request")

    def _apply_join(self, event):
        leg = self._get_leg(event)
        # The leg's row before the call's, as for every other event: whoever locks them the other
        # way round waits for somebody who waits for him.
        if leg and (not leg.joined_at or leg.joined_at > event.at):
            leg.joined_at = event.at
            leg._write_first()
        if event.conference_id and self.provider_conference_id != event.conference_id:
            self.provider_conference_id = event.conference_id
        if leg.role == "customer":
            self._announce_recording()
            if self.recording_announced_at:
                self._notify_participants()

    def _apply_leave(self, event):
        leg = self._get_leg(event)
        if leg and (not leg.left_at or leg.left_at < event.at):
            leg.left_at = event.at
            leg._write_first()

    def _apply_hold(self, event):
        self._update_hold(event, True)

    def _apply_unhold(self, event):
        self._update_hold(event, False)

    def _update_hold(self, event, on_hold):
        leg = self._get_leg(event)
        if leg and leg._is_newer_hold(event):
            leg.write(
                {
                    "on_hold": on_hold,
                    "hold_sequence": event.sequence,
                    "hold_conference_id": event.conference_id or False,
                    "hold_at": event.at,
                }
            )
            leg._write_first()
            self._sync_recording()
            self._notify()

    def _apply_routed(self, event):
        return "routing"

    def _apply_offered(self, event):
        # In a queue the caller goes on waiting, whoever it is offered to.
        return None if self._waits_in_queue() else "ringing"

    def _apply_joined(self, event):
        return "in_progress"

    def _apply_hung_up(self, event):
        self.ended_by = self.ended_by or event.data["by"]
        return "ended"

    def _apply_failed(self, event):
        return "ended"

    def _on_agent_left(self, event):
        """Decide what the end of an agent's leg means for the call.

        :return: the state the call should be in, or None
        """
        if self.state == "ended" or self._get_agent_legs()._is_alive():
            return None
        customer = self._get_customer_leg()
        if not customer._is_alive():
            return None
        if self.direction == "outgoing" and customer.status != "in_progress":
            # Nobody is there to speak with the customer whose telephone rings.
            self.ended_by = "agent"
            return "ended"
        if self.state == "in_progress" and not self._keep_consultation():
            self._await_rejoin()
        return None

    # === WHO TAKES PART === #

    def _lock(self):
        """Let nobody else change these calls, or who takes part in them, at the same time.

        The legs' rows come before the calls', as in every callback: whoever locks them the other
        way round waits for somebody who waits for him. So does whoever locks two calls after each
        other, in another order than by their ids.
        """
        if not self:
            return
        # A second one fails to serialize, and is tried again on what the first one left. Rows that
        # refer to these, as a callback's entry in the diary does, may be written meanwhile. That a
        # race is lost here is expected, and no error for the log.
        self.env.cr.execute(
            SQL(
                """WITH leg AS (SELECT id FROM telephony_call_leg WHERE call_id IN %(ids)s
                               ORDER BY id FOR NO KEY UPDATE)
             SELECT id FROM telephony_call
              WHERE id IN %(ids)s AND (SELECT count(*) FROM leg) >= 0
              ORDER BY id FOR NO KEY UPDATE""",
                ids=tuple(self.ids),
            ),
            log_exceptions=False,
        )

    def _get_customer_leg(self):
        return self.leg_ids.filtered(lambda leg: leg.role == "customer")[:1]

    def _get_leg(self, event):
        """Return the leg an event of this call is about, or nothing."""
        # The call's legs are needed anyway: usually nothing is searched for.
        legs = self.leg_ids.filtered(
            lambda leg: leg.provider_leg_id and leg.provider_leg_id == event.provider_leg_id
        )
        return legs or self.env["telephony.call.leg"]._find(self.account_id, event)

    def _get_agent_legs(self):
        return self.leg_ids.filtered(lambda leg: leg.role == "agent" and not leg.is_released)

    # === HOOKS === #

    def _on_in_progress(self):
        """Both can speak with each other."""

    def _on_ended(self):
        for conclude in self._get_conclusions():
            conclude()

    def _get_conclusions(self):
        """Return the methods that draw the conclusions from the end of this call, in order.

        :rtype: list
        """
        return [
            self._end_offers,
            self._end_legs,
            self._post_log,
            self._update_callbacks,
            self._notify_missed,
            self._begin_wrap_up,
            self._free_agents,
        ]

    def _end_offers(self):
        # Their states are told by `_free_agents`.
        self.offer_ids._close("withdrawn", "canceled", notify=False)

    def _end_legs(self):
        self._drop_phone_legs(self._get_agent_legs())
        # A customer who leaves the room ends it for all; who never was in it leaves the others.
        if (self.ended_by != "customer" or not self.answered_at) and self.leg_ids._is_alive():
            self.account_id._after_commit(self, "_send_end_request")

    def _get_agent(self):
        """Return the agent who has this call, or nothing."""
        return self.user_id._get_telephony_agents(self.company_id)

    def _free_agents(self):
        """Those who were in this call, or rung by it, are free for the next caller."""
        agents = self.offer_ids.agent_id | self._get_agent()
        if self.answered_at:
            # Whoever has spoken stands at the end of the line.
            self._get_agent().last_call_at = fields.Datetime.now()
        agents._notify_change()
        agents._offer_waiting_calls()

    def _add_trace(self, sentence):
        """Add a sentence to the story of how this call was handled."""
        now = fields.Datetime.now().strftime("%H:%M:%S")
        self.trace = f"{self.trace or ''}{now} {sentence}\n"

    def _notify(self):
        """Tell those who are in the call, and the live lists, what it looks like now."""
        self._notify_live()
        self._notify_participants()

    def _notify_participants(self):
        """Tell those who are in the call what it looks like now.

        Enough for what the live lists do not show: they reach every page of the company.
        """
        for call in self:
            users = call.user_id | call._get_consulted_agent().user_id
            for user in users._filter_phone_users(call.company_id):
                [payload] = call.with_env(user._telephony_env(call.company_id))._to_client()
                user._bus_send("telephony/call_updated", payload)
