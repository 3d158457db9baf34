"""Transfers. More than 600 lines, because blind ones and consultations turn into each other."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...providers.base import CallEvent
from ...tools.phone_number import get_digits, plain_number
from ...tools.transfer_states import (
    OPEN_STATES,
    THERE_STATES,
    is_legal_transfer,
    state_when_gone,
    state_when_there,
)
from ..call.telephony_call import REJOIN_SECONDS
from ..gate import assert_inside

_logger = logging.getLogger(__name__)

# Seconds for which a transferred or returned call rings at an agent.
OFFER_SECONDS = 20
# Seconds for an external number: 20 to ring, 5 added by the provider, the rest for late webhooks.
NUMBER_SECONDS = 32
# Contacts that the list of targets shows.
CONTACTS = 5
# Characters that a typed phone number may contain.
NUMBER_CHARACTERS = set("0123456789+()-./ \u00a0")
# Minimum digits of a typed number to call.
SHORTEST_NUMBER = 3


class TelephonyTransfer(models.Model):
    """One attempt to bring another party into a conversation.

    It stores the user, the target and the result. Only `_apply_event` changes the call itself.
    """

    _name = "telephony.transfer"
    _inherit = ["telephony.revision.mixin", "telephony.guard.mixin"]
    _description = "Call Transfer"
    _order = "id"
    _rec_name = "target_name"
    _rec_names_search = ["number", "agent_id.user_id.name", "queue_id.name"]
    # Fields that a page shows as part of the call.
    _shown_fields = frozenset({"expires_at", "mode", "state"})

    call_id = fields.Many2one(
        "telephony.call", required=True, ondelete="cascade", index=True, immutable=True
    )
    user_id = fields.Many2one(
        "res.users", "Transferred by", required=True, ondelete="restrict", index=True
    )
    mode = fields.Selection(
        [("blind", "Blind"), ("warm", "Consultation"), ("conference", "Three-Way Call")],
        required=True,
        readonly=True,
    )
    kind = fields.Selection(
        [("agent", "Phone User"), ("queue", "Queue"), ("number", "Number")],
        "Target Type",
        required=True,
        readonly=True,
    )
    agent_id = fields.Many2one(
        "telephony.agent",
        string="Phone User",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    queue_id = fields.Many2one("telephony.queue", readonly=True, ondelete="set null")
    number = fields.Char(readonly=True, help="With country code.")
    override_reason = fields.Char(
        readonly=True,
        help="Why an administrator called this number despite a rule.",
    )
    blacklist_reason = fields.Char(
        readonly=True,
        help="Why the user called this number although it is on the phone blacklist.",
    )
    state = fields.Selection(
        [
            ("ringing", "Ringing"),
            ("joining", "Accepted"),
            ("talking", "Consulting"),
            ("conference", "Three-Way"),
            ("returning", "Returning"),
            ("done", "Completed"),
            ("canceled", "Canceled"),
            ("failed", "Not Answered"),
            ("left", "Left"),
            ("returned", "Returned"),
            ("lost", "Unanswered"),
        ],
        required=True,
        default="ringing",
        readonly=True,
    )
    started_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    # Deadline for the target to answer, or to connect after accepting.
    expires_at = fields.Datetime(readonly=True)
    ended_at = fields.Datetime(readonly=True)
    target_name = fields.Char("To", compute="_compute_target_name")
    # Agents talk with the customer in a three-way call without ever being the user of the call.
    left_user_id = fields.Many2one(
        "res.users",
        "Left By",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The phone user who was added to the conversation, and left it.",
    )
    note = fields.Text(
        "Summary",
        readonly=True,
        help="Written by the phone user who handed the call over, or left the three-way call.",
    )

    _open_unique = models.UniqueIndex(
        f"(call_id) WHERE state IN {OPEN_STATES}", "This call is already being transferred."
    )
    _agent_index = models.Index(f"(agent_id) WHERE state IN {OPEN_STATES}")

    # === COMPUTE METHODS === #

    def _compute_target_name(self):
        for transfer in self:
            # sudo: telephony.transfer - the right to read a transfer includes its target
            transfer_sudo = transfer.sudo()
            transfer.target_name = {
                "agent": transfer_sudo.agent_id.user_id.name,
                "queue": transfer_sudo.queue_id.name,
                "number": self.env["telephony.call"]._format_number(transfer_sudo.number),
            }[transfer_sudo.kind] or self.env._("Someone")

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        transfers = super().create(vals_list)
        transfers._get_shown()._raise_revision()
        return transfers

    # === BUSINESS METHODS === #

    def _get_shown(self):
        return self.call_id

    def _is_open(self):
        return bool(self) and self.state in OPEN_STATES

    def _get_phase_fact(self):
        """Return what this open transfer means for the phase of its call, see `CallFacts`."""
        if not self:
            return ""
        if self.mode == "blind" or self.state == "returning":
            return "returning" if self.state == "returning" else "blind"
        return "conference" if self.state == "conference" else "consultation"

    def _is_consultation(self):
        """Return whether the agent stays in the call during this transfer."""
        return self._is_open() and self.mode in ("warm", "conference")

    def _move_to(self, state):
        """Change the state as the state table allows. Note: `self.ensure_one()`

        :param str state: the new state
        :return: whether the state changed
        :rtype: bool
        """
        self.ensure_one()
        assert_inside(self.call_id)
        if not is_legal_transfer(self.state, state):
            _logger.info(
                "%s: a transfer cannot change from %s to %s",
                self.call_id.uuid,
                self.state,
                state,
            )
            return False
        values = {"state": state}
        if self.state == "conference" and state != "done":
            values["left_user_id"] = self.agent_id.user_id.id
        if state not in OPEN_STATES:
            values["ended_at"] = fields.Datetime.now()
        if state not in ("ringing", "joining"):
            values["expires_at"] = False
        self.write(values)
        return True

    def _get_agent_of_user(self):
        """Return the agent who started this transfer."""
        return self.user_id._get_telephony_agents(self.call_id.company_id).filtered("active")

    def _get_consulted_agent(self):
        """Return the agent who is consulted, from the acceptance on; else an empty recordset."""
        is_there = self._is_consultation() and self.state in THERE_STATES
        return self.agent_id if is_there else self.env["telephony.agent"]

    def _get_legs(self):
        """Return the legs of the party that this transfer brings into the call."""
        return self.call_id._get_consulted_legs().filtered(lambda leg: leg.transfer_id == self)

    # === TARGETS === #

    @api.model
    def _resolve_target(self, call, target):
        """Return the values of the chosen target after checking that it is reachable.

        :param call: the call, as superuser
        :param dict target: see `telephony.call.transfer`
        :raise UserError: the target does not exist, or cannot take the call
        :raise TelephonyRuleError: the number may be called only with a reason
        :return: `kind`, and `agent_id`, `queue_id` or `number` with its reasons
        :rtype: dict
        """
        calls = self.env["telephony.call"]
        kind = target.get("type")
        if kind == "number":
            number = calls._normalize_dialed(str(target.get("number") or "").strip(), None)
            agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call.company_id)
            given = target.get("reason")
            reason = calls._check_rules(agent_sudo, number, given)
            if not call.number_id:
                raise UserError(
                    self.env._("This call has no company number to call an external number with.")
                )
            return {
                "kind": kind,
                "number": number,
                "override_reason": reason or False,
                "blacklist_reason": calls._check_blacklist(number, given) or False,
            }
        model = {"agent": "telephony.agent", "queue": "telephony.queue"}.get(kind)
        target_id = target.get("id")
        if not model or not isinstance(target_id, int):
            raise UserError(self.env._("Choose who to transfer the call to."))
        # sudo: telephony.agent, telephony.queue - limited to the company of the call
        record_sudo = (
            self.env[model]
            .sudo()
            .search([("id", "=", target_id), ("company_id", "=", call.company_id.id)])
        )
        if not record_sudo:
            raise UserError(self.env._("Choose who to transfer the call to."))
        reason = record_sudo._get_reason_not_to_transfer(self.env.user)
        if reason:
            raise UserError(reason)
        return {"kind": kind, f"{kind}_id": record_sudo.id}

    @api.model
    def _get_targets(self, call, term):
        """Return the possible targets for a transfer, see `telephony.call.transfer_targets`.

        :param call: the call, as superuser
        :param str term: part of a name, or a number; possibly empty
        :rtype: list(dict)
        """
        colleagues = self._get_colleague_targets(call.company_id, term)
        return [
            *[line for line in colleagues if not line["reason"]],
            *self._get_queue_targets(call.company_id, term),
            *[line for line in colleagues if line["reason"]],
            *self._get_number_targets(term),
        ]

    @api.model
    def _get_colleague_targets(self, company, term):
        # sudo: telephony.agent - every agent may see the names and states of the colleagues
        agents_sudo = (
            self.env["telephony.agent"]
            .sudo()
            .search(
                [
                    ("company_id", "=", company.id),
                    ("user_id", "!=", self.env.uid),
                    *([("user_id.name", "ilike", term)] if term else []),
                ]
            )
        )
        lines = [
            {
                "type": "agent",
                "id": agent_sudo.id,
                "name": agent_sudo.user_id.name,
                "user_id": agent_sudo.user_id.id,
                "state": agent_sudo.state,
                "detail": False,
                "reason": agent_sudo._get_reason_not_to_transfer(self.env.user) or False,
            }
            for agent_sudo in agents_sudo
        ]
        return sorted(lines, key=lambda line: line["name"].lower())

    @api.model
    def _get_queue_targets(self, company, term):
        # sudo: telephony.queue - every agent may transfer a call to a queue of the company
        queues_sudo = (
            self.env["telephony.queue"]
            .sudo()
            .search(
                [
                    ("company_id", "=", company.id),
                    *([("name", "ilike", term)] if term else []),
                ]
            )
        )
        lines = [
            {
                "type": "queue",
                "id": queue_sudo.id,
                "name": queue_sudo.name,
                "detail": False,
                "waiting": queue_sudo.waiting_count,
                "reason": queue_sudo._get_reason_not_to_transfer(self.env.user) or False,
            }
            for queue_sudo in queues_sudo
        ]
        return sorted(lines, key=lambda line: bool(line["reason"]))

    @api.model
    def _get_number_targets(self, term):
        number = plain_number(term)
        if len(get_digits(number)) >= SHORTEST_NUMBER and set(number) <= NUMBER_CHARACTERS:
            return [self._get_typed_number(number)]
        if not term:
            return []
        return [
            {
                "type": "number",
                "number": contact["number"],
                "name": contact["name"],
                "detail": contact["number_display"],
                "reason": False,
            }
            for contact in self.env["res.partner"]._telephony_search(term, CONTACTS)
            if contact.get("number")
        ]

    @api.model
    def _get_typed_number(self, term):
        calls = self.env["telephony.call"]
        line = {"type": "number", "number": term, "name": term, "detail": False, "reason": False}
        try:
            normalized = calls._normalize_dialed(term, None)
        except UserError as error:
            return {**line, "reason": str(error)}
        return {
            **line,
            "name": calls._format_number(normalized),
            # Only rules without override: an administrator may give a reason for the others.
            "reason": calls._get_forbidden_destination(self.env.company, normalized, reason="any")
            or False,
        }

    # === BLIND TRANSFERS === #

    def _ring(self):
        """Move the customer to the waiting room, and ring the target.

        :return: the resulting state of the call, or None
        """
        call = self.call_id
        call._wait_again()
        call._on_interruption_changed()
        if self.kind == "queue":
            call.write(
                {
                    "queue_id": self.queue_id.id,
                    "queued_at": fields.Datetime.now(),
                    "announced_at": False,
                }
            )
            call._apply_event(CallEvent("queued", at=fields.Datetime.now()))
            self.queue_id._dispatch()
            return None
        if self.kind == "agent":
            call.env["telephony.offer"]._make(call, self.agent_id, OFFER_SECONDS)
            return None
        self._add_guest_leg()
        return "ringing"

    def _advance(self):
        """Continue this transfer after its target declined or did not connect.

        :return: whether this transfer is open
        :rtype: bool
        """
        if not self._is_open():
            return False
        call = self.call_id
        if self._is_consultation():
            self._check_deadlines(fields.Datetime.now())
        elif call._waits_in_queue():
            self.queue_id._dispatch()
        elif not (call._is_ringing() or call.user_id or self._return()):
            call._send_leave_queue_request()
        return True

    def _return(self):
        """Return an unanswered call to the agent who transferred it.

        :return: whether it rings there now
        :rtype: bool
        """
        agent = self._get_agent_of_user()._get_available()
        if not agent or not self._move_to("returning"):
            return False
        self.call_id._add_timeline("transfer_returned", name=agent.user_id.name)
        self.env["telephony.offer"]._make(self.call_id, agent, OFFER_SECONDS)
        return True

    def _fail(self):
        """Send the customer to the original queue, or to the exit of the flow.

        :return: a voice response
        :rtype: list
        """
        call = self.call_id
        self._move_to("lost")
        call._add_timeline("transfer_lost", target=self.target_name, name=self.user_id.name)
        call._end_talk(self.started_at)
        step = call.step_id
        if not step:
            return call._end_with_apology()
        if step.kind == "queue":
            result = step._enter(call)
            return call._run_flow(result) if isinstance(result, str) else result
        return call._run_flow("not_available")

    # === EXTERNAL NUMBERS === #

    def _add_guest_leg(self):
        """Call an external number, which joins the conference when it answers."""
        call = self.call_id
        self.expires_at = fields.Datetime.now() + timedelta(seconds=NUMBER_SECONDS)
        leg = self.env["telephony.call.leg"].create(
            {
                "call_id": call.id,
                "account_id": call.account_id.id,
                "role": "consulted",
                "transfer_id": self.id,
                "label": call._get_label("consulted"),
                "number": self.number,
                "is_confirmed": False,
                "initiated_at": fields.Datetime.now(),
            }
        )
        call._add_timeline("ringing", names=self.target_name)
        if self.mode == "blind":
            call._send_ring_request(leg.id)
        else:
            call._send_guest_request(leg.id)

    def _drop_guest(self):
        """Stop ringing an external number whose time is up."""
        for leg in self.call_id._get_ringing_guest():
            self.call_id._release_legs(leg)
            leg._advance(
                CallEvent("leg", status="ended", reason="no_answer", at=fields.Datetime.now())
            )

    # === CONSULTATIONS === #

    def _begin_consultation(self):
        """Call the consulted party.

        The customer hears music, or keeps talking if a third party is added.
        """
        call = self.call_id
        if self.mode == "warm":
            call._add_timeline("consulted", name=self.user_id.name, target=self.target_name)
            call._want_hold(True)
        else:
            call._add_timeline("party_added", name=self.user_id.name, target=self.target_name)
        if self.kind == "number":
            self._add_guest_leg()
        else:
            expires_at = fields.Datetime.now() + timedelta(seconds=OFFER_SECONDS)
            self.expires_at = expires_at
            offer = self.env["telephony.offer"].create(
                {
                    "call_id": call.id,
                    "agent_id": self.agent_id.id,
                    "transfer_id": self.id,
                    "expires_at": expires_at,
                }
            )
            offer._notify_made()
            call._ring_phones(offer)
        call._notify()

    def _accept(self, offer, leg=None):
        """Accept the consultation for the colleague at whom it rings.

        :param offer: the offer that rings there
        :param leg: the leg of the colleague's custom phone, if accepted there
        :return: whether the colleague joins the consultation
        :rtype: bool
        """
        call, agent = self.call_id, offer.agent_id
        call._lock_with_calls_of(agent)
        if offer.state != "offered" or not self._is_consultation():
            return False
        released = agent._reserve(call)
        if leg:
            leg.is_confirmed = True
        self._move_to("joining")
        self.expires_at = fields.Datetime.now() + timedelta(
            seconds=call.account_id._get_connect_seconds()
        )
        offer._close("accepted", "accepted", winner=agent.user_id, notify=False)
        agent.missed_offers = 0
        released._advance_if_unoffered()
        agent._notify_change()
        call._notify()
        if leg:
            self._on_party_connected(leg)
        return True

    def _on_party_connected(self, leg):
        """Continue after the party has connected. A leg of an earlier transfer changes nothing.

        :param leg: the leg of the party
        """
        call = self.call_id
        if leg.transfer_id != self or leg.is_released or not self._is_open():
            return
        if self.mode == "blind":
            # The customer is waiting, and the conference is ready.
            call._move_customer(call._send_connect_request)
        elif self._move_to(state_when_there(self.mode)):
            call._add_timeline("party_joined", target=self.target_name)
        call._notify()

    def _on_party_left(self, leg):
        """Continue after the party has hung up or could not be reached.

        :param leg: the leg of the party
        :return: the resulting state of the call, or None
        """
        call = self.call_id
        if not self._is_open():
            # The external party to whom the customer was transferred has hung up.
            is_last = not call._is_other_party_connected() and call.state == "in_progress"
            call.ended_by = call.ended_by or (is_last and "agent")
            return "ended" if is_last else None
        if self.kind == "agent" and not leg.is_confirmed:
            call._on_phone_refused(leg)
        elif self.mode != "blind":
            self._end_consultation(state_when_gone(self.state), leg.end_reason)
        elif call.state != "in_progress":
            self._advance()
        return None

    def _end_consultation(self, state, reason=""):
        """End the consultation, and return the agent to the customer.

        :param str state: the resulting state: `canceled`, `failed` or `left`
        :param str reason: why the consulted leg ended, one of `LEG_END_REASONS`
        """
        call, agent = self.call_id, self._get_consulted_agent()
        code, values = self._explain_end(state, reason)
        hears_music = self.mode == "warm" and self.state != "conference"
        if not self._move_to(state):
            return
        call.offer_ids.filtered(lambda offer: offer.transfer_id == self)._close(
            "withdrawn", "canceled"
        )
        call._release_legs(call._get_consulted_legs().filtered(lambda leg: leg._is_alive()))
        call._add_timeline(code, **values)
        if hears_music:
            call._want_hold(False)
        if state != "canceled":
            user = call.user_id
            timeline = self.env["telephony.call.timeline"].with_context(lang=user.lang)
            user._bus_send(
                "telephony/transfer_ended",
                {"uuid": call.uuid, "message": timeline._render(code, values)},
            )
        self._notify_guest_left(agent, self._explain_return if state == "canceled" else None)
        call._notify()

    def _explain_end(self, state, reason):
        """Return how a consultation ended, as code and values of the timeline.

        :rtype: tuple(str, dict)
        """
        values = {"name": self.target_name}
        refusals = self._get_legs().filtered("refusal").mapped("refusal")
        if refusals and state == "failed":
            return "consultation_not_called", {**values, "reason": refusals[0]}
        if state in ("canceled", "left"):
            return f"consultation_{state}", values
        if self.state == "joining" and self.call_id.account_id._is_at_limit():
            return "consultation_no_line", values
        codes = {"busy": "consultation_busy", "failed": "consultation_unreachable"}
        return codes.get(reason, "consultation_not_answered"), values

    def _notify_guest_left(self, agent, explain=None):
        """Notify a consulted colleague of the end, and offer the next waiting call.

        :param explain: function of an environment that returns the reason as a whole sentence
        """
        self.call_id._notify_left(agent.user_id, explain)
        agent._notify_change()
        agent._offer_waiting_calls()

    def _explain_return(self, env):
        return env._("%(name)s returned to the customer.", name=self.call_id.user_id.name)

    def _explain_handover(self, env):
        return env._("The call was transferred to %(target)s.", target=self.target_name)

    def _explain_part(self, data):
        """Return a whole sentence about the end of an agent's part of the call.

        :param dict data: the payload of the call
        """
        if self._is_handed_over():
            return self._explain_handover(self.env)
        return data["end_message"] or self.env._("You left the three-way call.")

    def _is_handed_over(self):
        """Return whether the customer was handed over, or is being handed over."""
        return self.mode == "blind" or self.state == "done"

    def _get_part_user(self):
        """Return the user who documents an own part of the call, if it has one.

        It is the agent who handed the customer over, or a colleague who left a three-way call.
        """
        return self.user_id if self._is_handed_over() else self.left_user_id

    def _keep_note(self):
        """Keep the note of the agent who hands over; the next agent continues that of the call."""
        self.note = self.call_id.note

    def _get_part_texts(self):
        """Return what the agent of this part of the call says about it, besides the note."""
        return [self._get_part_user().name]

    def _to_part(self, data):
        """Return the payload of the call for the end window of the agent of this part.

        Note: `self.ensure_one()`

        :param dict data: the payload of the call
        """
        self.ensure_one()
        user = self._get_part_user()
        return {
            **data,
            "state": "ended",
            "phase": "ended",
            "outcome": data["outcome"] or "answered",
            "end_message": self._explain_part(data),
            "is_part": True,
            "user": {"id": user.id, "name": user.name},
            "note": self.note or "",
            "transfer": False,
            "role": "agent",
        }

    def _make_blind(self):
        """Turn an unanswered consultation into a blind transfer that keeps ringing."""
        call = self.call_id
        if self.state == "joining":
            raise UserError(
                self.env._("%(name)s is connecting. Please wait a moment.", name=self.target_name)
            )
        if self.kind == "number":
            # The number rings inside the conference, and the conference ends when the customer
            # leaves it.
            raise UserError(self.env._("%(name)s has not answered yet.", name=self.target_name))
        self.mode = "blind"
        self._keep_note()
        call._add_timeline("transferred", name=self.user_id.name, target=self.target_name)
        call._release_agent(self._explain_handover)
        call._wait_again()
        # A custom phone that already rings was called as `consulted`; it is the agent's leg from
        # now on.
        self._get_legs().filtered(lambda leg: leg.user_id and leg._is_alive()).role = "agent"
        call._apply_event(CallEvent("offered", at=fields.Datetime.now()))
        call._get_open_offers()._notify_made()

    def _check_deadlines(self, now):
        """Apply the deadlines of a consultation.

        :param datetime now: the current time
        """
        call = self.call_id
        if call.state != "in_progress" or not self._is_consultation():
            return
        if self.state not in ("talking", "conference"):
            if self._is_unanswered(now):
                self._end_consultation("failed")
            return
        # The consulted party keeps the customer if the agent did not reconnect.
        is_late = call.deadline_at and call.deadline_at <= now
        if is_late and not call._get_agent_legs()._is_alive():
            call._add_timeline("agent_given_up", name=call.user_id.name)
            call._apply_event(CallEvent("handed_over", at=now))

    def _is_unanswered(self, now):
        """Return whether the target of a consultation can no longer answer or connect."""
        if self.state == "ringing":
            self.call_id._get_open_offers()._expire(now)
            if self.kind == "agent" and not self.call_id._get_open_offers():
                return True
        return bool(self.expires_at) and self.expires_at <= now

    def _keep_without_agent(self):
        """Keep an answered consultation after the agent's audio was lost; cancel any other.

        :return: whether another party is connected, so that the customer need not wait
        :rtype: bool
        """
        if not self._is_consultation():
            return False
        if self.state not in ("talking", "conference"):
            self._end_consultation("canceled")
            return False
        call = self.call_id
        call.deadline_at = fields.Datetime.now() + timedelta(seconds=REJOIN_SECONDS)
        call._add_timeline("agent_lost_in_consultation", name=call.user_id.name)
        call._notify()
        return True

    # === DATA FOR THE WEB CLIENT === #

    def _to_client(self, user):
        """Return the data of this transfer for the softphone.

        :param user: the user who sees it
        :rtype: dict
        """
        self.ensure_one()
        to_text = fields.Datetime.to_string
        return {
            "id": self.id,
            "mode": self.mode,
            "kind": self.kind,
            "state": self.state,
            "target": self.target_name,
            "by": {"id": self.user_id.id, "name": self.user_id.name},
            "is_mine": self.user_id == user,
            "expires_at": to_text(self.expires_at) or False,
        }
