"""Transfers of a conversation: blind, after a consultation, and three-way calls.

Blind transfers go to a colleague, a queue or a number.

The agent who transfers is released at once: the agent's legs are *released* (hung up and no longer
counted) and `user_id` is cleared. The customer moves from the conference to the provider's queue,
the waiting room of every call. From there the call is handled like that of any waiting caller. A
colleague gets an offer, and a queue offers its callers in order of arrival. An external number is
called, and joins the conference when it answers. The first who connects gets the customer out of
the waiting room. The responses of the waiting room are the timer, so that a lost webhook leaves no
caller behind.

A call that is not answered *returns* as an offer to the agent who transferred it. If that agent
does not answer either, or is in another call, the transfer fails. The customer then goes to the
front of the original queue, or takes the exit `not_available` of the flow.

Consultations and three-way calls: the agent stays the user of the call. *Warm*: the customer is on
hold with music, and cannot hear or be heard by the other two. *Conference*: the customer is not on
hold. A consulted colleague gets an offer; an external number is called into the conference. Both
join with a leg of the role `consulted`. From there the agent can
* *complete*: the agent's legs are released, and the consulted colleague becomes the call's user;
  before an answer, this is a blind transfer;
* *merge*: the customer comes off hold, and all three talk;
* *cancel*: the consulted leg ends, and the agent is back with the customer.

If the consulted party declines, never connects or hangs up, the agent is back with the customer. If
the customer hangs up, the call ends for all. If the agent's browser is lost, the customer keeps
hearing music and the colleague waits. The colleague gets the customer if the agent does not rejoin
in time.

Three timers check the deadlines: the response with the customer's music, the agent's own page
(`check_transfer`), and the reconciliation.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...providers.base import CallEvent, ProviderError
from ...providers.voice_response import Leave, Play, Redirect
from ...tools.call_states import CONNECT_SECONDS
from ...tools.transfer_states import THERE_STATES, state_when_gone, state_when_there
from ..arguments import check_arguments
from ..call.after_commit import after_commit
from ..call.telephony_call import REJOIN_SECONDS
from ..call.telephony_call_outgoing import RING_SECONDS
from ..gate import door
from ..routing.telephony_offer import REMINDER_SECONDS

# Seconds for which a transferred or returned call rings at an agent.
OFFER_SECONDS = 20
# Seconds for an external number: 20 to ring, 5 added by the provider, the rest for late webhooks.
NUMBER_SECONDS = 32
MODES = ("blind", "warm", "conference")
# Seconds of music between two checks of the deadlines.
LOOK_SECONDS = 5
CONTACTS = 5
# Characters that a typed phone number may contain.
NUMBER_CHARACTERS = set("0123456789+()-./ \u00a0")

# Minimum digits of a typed number to call.
SHORTEST_NUMBER = 3


class TelephonyCall(models.Model):
    """Transfers of a conversation."""

    _inherit = "telephony.call"

    # === RPC === #

    @api.model
    @door(routes=True)
    @check_arguments
    def transfer(self, uuid, target, mode):
        """Transfer a call of the current user, or add another party to it.

        :param str uuid: the call
        :param dict target: `type` is `agent`, `queue` or `number`, with `id`, or `number` as typed;
            an administrator may add the `reason` to call a number that a rule forbids
        :param str mode: `blind`: hand the call over at once; `warm`: consult first, while the
            customer hears music; `conference`: start a three-way call
        :raise UserError: the call cannot be transferred, or the target cannot take it
        :return: see `_to_client`
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        call_sudo._lock()
        if mode not in MODES:
            raise UserError(
                self.env._("Invalid transfer mode: choose Blind, Consultation or Three-way.")
            )
        call_sudo._check_transferable()
        values = self._resolve_target(call_sudo, target or {})
        if mode != "blind" and values["kind"] == "queue":
            raise UserError(
                self.env._("You cannot consult a queue. Transfer the call to it instead.")
            )
        call_sudo._apply_event(
            CallEvent(
                "transferred",
                at=fields.Datetime.now(),
                data={**values, "mode": mode, "user_id": self.env.uid},
            )
        )
        if call_sudo.user_id != self.env.user:
            return call_sudo._to_passed_on()
        return call_sudo._to_client_for_me()

    def _check_transferable(self):
        if self.state != "in_progress" or not self._get_customer_leg()._is_connected():
            raise UserError(self.env._("Only a call in progress can be transferred."))
        if self.held_at:
            raise UserError(self.env._("The customer is on hold. Resume the call first."))
        if self._get_transfer():
            raise UserError(self.env._("A consultation is already in progress. Cancel it first."))

    # === TARGETS === #

    @api.model
    def _resolve_target(self, call, target):
        """Return the values of the chosen target after checking that it is reachable.

        :param call: the call, as superuser
        :param dict target: see `transfer`
        :raise UserError: the target does not exist, or cannot take the call
        :return: `kind`, and `agent_id`, `queue_id` or `number` with `override_reason`
        :rtype: dict
        """
        kind = target.get("type")
        if kind == "number":
            number = self._normalize_dialed(str(target.get("number") or "").strip(), None)
            agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call.company_id)
            reason = self._check_rules(agent_sudo, number, target.get("reason"))
            if not call.number_id:
                raise UserError(
                    self.env._("This call has no company number to call an external number with.")
                )
            return {"kind": kind, "number": number, "override_reason": reason or False}
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

    # === EVENT HANDLERS === #

    def _apply_transferred(self, event):
        """Create the transfer, and start it or its consultation.

        :return: the resulting state of the call, or None
        """
        data = event.data
        transfer = self.env["telephony.transfer"].create(
            {
                "call_id": self.id,
                "started_at": event.at,
                **data,
            }
        )
        if data["mode"] != "blind":
            return self._begin_consultation(transfer)
        self._add_timeline("transferred", name=transfer.user_id.name, target=transfer.target_name)
        self._release_agent(
            self.env._("The call was transferred to %(target)s.", target=transfer.target_name)
        )
        return self._ring_transfer(transfer)

    def _ring_transfer(self, transfer):
        """Move the customer to the waiting room, and ring the target.

        :return: the resulting state of the call, or None
        """
        self._wait_again()
        self._on_interruption_changed()
        if transfer.kind == "queue":
            self.write(
                {
                    "queue_id": transfer.queue_id.id,
                    "queued_at": fields.Datetime.now(),
                    "announced_at": False,
                }
            )
            self._apply_event(CallEvent("queued", at=fields.Datetime.now()))
            transfer.queue_id._dispatch()
            return None
        if transfer.kind == "agent":
            self._offer_to(transfer.agent_id, OFFER_SECONDS)
            return None
        self._add_guest_leg(transfer)
        return "ringing"

    def _to_passed_on(self):
        """Return the call as seen by its former user, with a message about the target.

        The bus sends the same data, and either may arrive first.
        """
        target = self.transfer_ids.sorted("id")[-1:].target_name
        return {
            **self._to_left(self.env.user),
            "message": self.env._("The call was transferred to %(target)s.", target=target),
        }

    def _add_guest_leg(self, transfer):
        """Call an external number, which joins the conference when it answers."""
        transfer.expires_at = fields.Datetime.now() + timedelta(seconds=NUMBER_SECONDS)
        leg = self.env["telephony.call.leg"].create(
            {
                "call_id": self.id,
                "account_id": self.account_id.id,
                "role": "consulted",
                "transfer_id": transfer.id,
                "label": self._get_label("consulted"),
                "number": transfer.number,
                "is_confirmed": False,
                "initiated_at": fields.Datetime.now(),
            }
        )
        self._add_timeline("ringing", names=transfer.target_name)
        if transfer.mode == "blind":
            self._send_ring_request(leg.id)
        else:
            self._send_guest_request(leg.id)

    def _get_phase_facts(self):
        return {**super()._get_phase_facts(), "transfer": self._get_transfer()._get_phase_fact()}

    # === PARTICIPANTS === #

    def _waits_in_queue(self):
        transfer = self._get_transfer()
        if transfer.mode == "blind":
            return transfer.kind == "queue" and transfer.state == "ringing"
        return super()._waits_in_queue()

    def _apply_offered(self, event):
        # In a queue the caller keeps waiting while the call is offered.
        return None if self._waits_in_queue() else super()._apply_offered(event)

    # === WAIT FOR THE TARGET === #

    def _wait_while_transferring(self, voice_request, now, is_first):
        transfer = self._get_transfer()
        if self._waits_in_queue():
            return self._wait_in_queue(now, is_first)
        offers = self._expire_offers(now)
        if offers:
            return self._get_offer_ringback(offers, now, is_first)
        if self._get_ringing_guest():
            seconds = self._seconds_until(transfer.expires_at, now)
            if seconds > 0:
                return self._get_ringback(seconds)
            self._drop_guest(self._get_ringing_guest())
        if self._return_to_sender():
            return self._get_offer_ringback(self._get_open_offers(), now, is_first)
        return [Leave()]

    def _wait_while_returning(self, voice_request, now, is_first):
        return self._wait_while_transferring(voice_request, now, is_first)

    def _next_while_transferring(self, voice_request):
        if self._get_open_offers() or self._get_ringing_guest():
            return self._get_enqueue_response()
        if self._waits_in_queue() and self._may_wait_on():
            return self._get_enqueue_response()
        if self._return_to_sender():
            return self._get_enqueue_response()
        return self._fail_transfer()

    def _next_while_returning(self, voice_request):
        return self._next_while_transferring(voice_request)

    def _refuse_while_transferring(self):
        self._get_open_offers()._close("withdrawn", "withdrawn")
        self._release_consulted()
        return self._fail_transfer()

    def _refuse_while_returning(self):
        return self._refuse_while_transferring()

    def _drop_guest(self, leg):
        """Stop ringing an external number whose time is up."""
        leg.is_released = True
        if leg.provider_leg_id:
            self._send_end_leg_request(leg.id)
        leg._advance(CallEvent("leg", status="ended", reason="no_answer", at=fields.Datetime.now()))

    def _advance_if_unoffered(self):
        for call in self:
            if not call._advance_transfer():
                super(TelephonyCall, call)._advance_if_unoffered()

    def _offer_again(self):
        if not self._advance_transfer():
            super()._offer_again()

    def _advance_transfer(self):
        """Continue a transfer after its target declined or did not connect.

        :return: whether a transfer is open
        :rtype: bool
        """
        transfer = self._get_transfer()
        if not transfer:
            return False
        if transfer._is_consultation():
            self._check_consultation(fields.Datetime.now())
        elif self._waits_in_queue():
            transfer.queue_id._dispatch()
        elif not (
            self._get_open_offers()
            or self._get_ringing_guest()
            or self.user_id
            or self._return_to_sender()
        ):
            self._send_leave_queue_request()
        return True

    def _return_to_sender(self):
        """Return an unanswered call to the agent who transferred it.

        :return: whether it rings there now
        :rtype: bool
        """
        transfer = self._get_transfer()
        agent = transfer._get_agent_of_user()._get_available()
        if not agent or not transfer._move_to("returning"):
            return False
        self._add_timeline("transfer_returned", name=agent.user_id.name)
        self._offer_to(agent, OFFER_SECONDS)
        return True

    def _fail_transfer(self):
        """Send the customer of a failed transfer to the original queue or the flow's exit.

        :return: a voice response
        :rtype: list
        """
        transfer = self._get_transfer()
        transfer._move_to("lost")
        self._add_timeline("transfer_lost", target=transfer.target_name, name=transfer.user_id.name)
        self._end_talk(transfer.started_at)
        step = self.step_id
        if not step:
            return self._end_with_apology()
        if step.kind == "queue":
            result = step._enter(self)
            return self._run_flow(result) if isinstance(result, str) else result
        return self._run_flow("not_available")

    def _on_in_progress(self):
        """Complete the transfer, because its target has the customer."""
        super()._on_in_progress()
        transfer = self._get_transfer()
        if transfer.mode == "blind":
            transfer._move_to("returned" if transfer.state == "returning" else "done")
            self._add_timeline("transfer_done", name=self.user_id.name or transfer.target_name)
            self._on_interruption_changed()

    # ---------------------------------------------------------
    # CONSULTATIONS AND THREE-WAY CALLS
    # ---------------------------------------------------------

    # Consultations and three-way calls during a conversation.

    # === RPC === #

    @api.model
    @door(routes=True)
    @check_arguments
    def complete_transfer(self, uuid):
        """Complete the transfer: the user leaves, the consulted party keeps the customer.

        :param str uuid: a call of the current user
        :raise UserError: no consultation is in progress, or the consulted party has not answered
        :return: see `_to_client`, as seen by a user who has left
        :rtype: dict
        """
        call_sudo, transfer_sudo = self._lock_consultation_sudo(uuid)
        if transfer_sudo.state in ("talking", "conference"):
            call_sudo._apply_event(CallEvent("handed_over", at=fields.Datetime.now()))
        else:
            call_sudo._make_blind(transfer_sudo)
        return call_sudo._to_passed_on()

    @api.model
    @door(routes=True)
    @check_arguments
    def merge_transfer(self, uuid):
        """Turn the consultation into a three-way call with the customer.

        :param str uuid: a call of the current user
        :raise UserError: the consulted party has not answered
        :return: see `_to_client`
        :rtype: dict
        """
        call_sudo, transfer_sudo = self._lock_consultation_sudo(uuid)
        if transfer_sudo.state not in ("talking", "conference"):
            raise UserError(
                self.env._("%(name)s has not answered yet.", name=transfer_sudo.target_name)
            )
        if transfer_sudo._move_to("conference"):
            call_sudo._add_timeline(
                "three_way", name=self.env.user.name, target=transfer_sudo.target_name
            )
            call_sudo._take_off_hold()
            call_sudo._notify()
        return call_sudo._to_client_for_me()

    @api.model
    @door(routes=True)
    @check_arguments
    def cancel_transfer(self, uuid):
        """Cancel the consultation and return to the customer.

        :param str uuid: a call of the current user
        :return: see `_to_client`
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        call_sudo._lock()
        if call_sudo._get_transfer()._is_consultation():
            call_sudo._end_consultation("canceled")
        return call_sudo._to_client_for_me()

    @api.model
    @door(routes=True)
    @check_arguments
    def check_transfer(self, uuid):
        """Check the deadlines of the consultation, as the page does when one is due.

        :param str uuid: a call of the current user
        :return: see `_to_client`
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        call_sudo._lock()
        call_sudo._check_consultation(fields.Datetime.now())
        return call_sudo._to_client_for_me()

    @api.model
    def _lock_consultation_sudo(self, uuid):
        call_sudo = self._get_mine_sudo(uuid)
        call_sudo._lock()
        transfer_sudo = call_sudo._get_transfer()
        if not transfer_sudo._is_consultation():
            raise UserError(self.env._("There is no consultation in progress."))
        return call_sudo, transfer_sudo

    # === CONSULTATION === #

    def _begin_consultation(self, transfer):
        """Call the consulted party.

        The customer hears music, or keeps talking if a third party is added.
        """
        if transfer.mode == "warm":
            self._add_timeline("consulted", name=transfer.user_id.name, target=transfer.target_name)
            self._want_hold(True)
        else:
            self._add_timeline(
                "party_added", name=transfer.user_id.name, target=transfer.target_name
            )
        if transfer.kind == "number":
            self._add_guest_leg(transfer)
        else:
            expires_at = fields.Datetime.now() + timedelta(seconds=OFFER_SECONDS)
            transfer.expires_at = expires_at
            offer = self.env["telephony.offer"].create(
                {
                    "call_id": self.id,
                    "agent_id": transfer.agent_id.id,
                    "transfer_id": transfer.id,
                    "expires_at": expires_at,
                }
            )
            offer._notify_made()
            self._ring_phones(offer)
        self._notify()

    def _is_taken_by(self, agent):
        return super()._is_taken_by(agent) or self._get_consulted_agent() == agent

    def _has_stopped_ringing(self, agent):
        return super()._has_stopped_ringing(agent) or self._was_consulted(agent)

    def _take(self, agent, offer=None, holds_other=False):
        is_consultation = offer and offer.transfer_id._is_consultation()
        if is_consultation and self._accept_consultation(agent, offer):
            return self._to_accepted()
        return super()._take(agent, offer, holds_other)

    def _accept_consultation(self, agent, offer, leg=None):
        """Accept a consultation for a colleague.

        :param agent: the colleague's agent
        :param offer: the offer that rings there
        :param leg: the leg of the colleague's custom phone, if accepted there
        :return: whether the colleague joins the consultation
        :rtype: bool
        """
        self._lock_with_calls_of(agent)
        transfer = offer.transfer_id
        if offer.state != "offered" or not transfer._is_consultation():
            return False
        released = agent._reserve(self)
        if leg:
            leg.is_confirmed = True
        transfer._move_to("joining")
        transfer.expires_at = fields.Datetime.now() + timedelta(seconds=CONNECT_SECONDS)
        offer._close("accepted", "accepted", winner=agent.user_id, notify=False)
        agent.missed_offers = 0
        released._advance_if_unoffered()
        agent._notify_change()
        self._notify()
        if leg:
            self._on_consulted_connected(leg)
        return True

    def _confirm_phone(self, leg, agent):
        if self.state == "ended" or leg.role != "consulted":
            return super()._confirm_phone(leg, agent)
        if not self._accept_consultation(agent, leg.offer_id, leg):
            env = self.with_context(lang=agent.user_id.lang).env
            return self._refuse_phone(agent, env._("This call was already answered."))
        return [self._get_join(leg, ends_conference=False)]

    def _get_consulted_agent(self):
        """Return the agent who is consulted in this call, or an empty recordset."""
        transfer = self._get_transfer()
        there = transfer._is_consultation() and transfer.state in THERE_STATES
        return transfer.agent_id if there else self.env["telephony.agent"]

    def _get_role_of(self, agent):
        return "consulted" if self._get_consulted_agent() == agent else super()._get_role_of(agent)

    def _admit_consulted(self, agent, provider_leg_id):
        return self._admit_party(agent, provider_leg_id, self._add_consulted_leg)

    def _add_consulted_leg(self, agent, provider_leg_id):
        """Add the leg of a consulted colleague's browser."""
        now = fields.Datetime.now()
        leg = self.env["telephony.call.leg"].create(
            {
                "call_id": self.id,
                "account_id": self.account_id.id,
                "role": "consulted",
                "user_id": agent.user_id.id,
                "transfer_id": self._get_transfer().id,
                "label": self._get_label("consulted"),
                "provider_leg_id": provider_leg_id,
                "status": "in_progress",
                "initiated_at": now,
                "answered_at": now,
            }
        )
        self._on_consulted_connected(leg)
        return leg

    def _answer_guest(self, leg):
        """Connect an external number that has answered to the conference.

        :return: a voice response
        :rtype: list
        """
        leg.is_confirmed = True
        self._on_consulted_connected(leg)
        return [self._get_join(leg, ends_conference=False)]

    def _on_consulted_connected(self, leg):
        """Update the transfer after the consulted party has connected."""
        transfer = self._get_transfer()
        if leg.transfer_id != transfer or leg.is_released or not transfer:
            return
        if transfer.mode == "blind":
            # The customer is waiting, and the conference is ready.
            self._move_customer(self._send_connect_request)
        elif transfer._move_to(state_when_there(transfer.mode)):
            self._add_timeline("party_joined", target=transfer.target_name)
        self._notify()

    # === RESULT OF THE CONSULTATION === #

    def _on_consulted_moved(self, leg, _event):
        """Update the call after the leg of a consulted party has changed.

        :return: the resulting state of the call, or None
        """
        if leg.is_released or self.state == "ended":
            return None
        if leg.status == "ended":
            return self._on_consulted_left(leg)
        if leg.status == "in_progress" and not leg.user_id and not leg.is_confirmed:
            leg.is_confirmed = True
            self._on_consulted_connected(leg)
        self._notify()
        return None

    def _on_consulted_left(self, leg):
        """Update the call after a consulted party has hung up or could not be reached.

        :return: the resulting state of the call, or None
        """
        transfer = leg.transfer_id
        if not transfer._is_open():
            # The external party to whom the customer was transferred has hung up.
            is_last = not self._is_other_party_connected() and self.state == "in_progress"
            self.ended_by = self.ended_by or (is_last and "agent")
            return "ended" if is_last else None
        if transfer.kind == "agent" and not leg.is_confirmed:
            self._on_phone_refused(leg)
        elif transfer.mode != "blind":
            self._end_consultation(state_when_gone(transfer.state), leg.end_reason)
        elif self.state != "in_progress":
            self._advance_transfer()
        return None

    def _end_consultation(self, state, reason=""):
        """End the consultation, and return the agent to the customer.

        :param str state: the resulting state of the transfer: `canceled`, `failed` or `left`
        :param str reason: why the consulted leg ended, one of `LEG_END_REASONS`
        """
        transfer = self._get_transfer()
        agent = self._get_consulted_agent()
        code, values = self._explain_consultation(transfer, state, reason)
        mode, was_conference = transfer.mode, transfer.state == "conference"
        if not transfer._move_to(state):
            return
        self.offer_ids.filtered(lambda offer: offer.transfer_id == transfer)._close(
            "withdrawn", "canceled"
        )
        self._release_consulted()
        self._add_timeline(code, **values)
        if mode == "warm" and not was_conference:
            self._take_off_hold()
        if state != "canceled":
            message = self.env["telephony.call.timeline"]._render(code, values)
            self.user_id._bus_send(
                "telephony/transfer_ended", {"uuid": self.uuid, "message": message}
            )
        self._notify_left(
            agent,
            self.env._("%(name)s returned to the customer.", name=self.user_id.name)
            if state == "canceled"
            else False,
        )
        self._notify()

    def _explain_consultation(self, transfer, state, reason):
        """Return how a consultation ended, as code and values of the timeline.

        :rtype: tuple(str, dict)
        """
        values = {"name": transfer.target_name}
        refusals = (
            self._get_consulted_legs()
            .filtered(lambda leg: leg.transfer_id == transfer and leg.refusal)
            .mapped("refusal")
        )
        if refusals and state == "failed":
            return "consultation_not_called", {**values, "reason": refusals[0]}
        if state in ("canceled", "left"):
            return f"consultation_{state}", values
        codes = {"busy": "consultation_busy", "failed": "consultation_unreachable"}
        return codes.get(reason, "consultation_not_answered"), values

    def _release_consulted(self):
        """Release the legs of consulted parties."""
        for leg in self._get_consulted_legs().filtered(lambda leg: leg._is_alive()):
            leg.is_released = True
            if leg.provider_leg_id:
                self._send_end_leg_request(leg.id)

    def _notify_left(self, agent, message):
        """Notify a consulted colleague of the end, and offer the next waiting call."""
        for user in agent.user_id:
            user._bus_send("telephony/call_left", {**self._to_left(user), "message": message})
        agent._notify_change()
        agent._offer_waiting_calls()

    def _leave_consultation(self):
        """End the consultation because the consulted colleague hangs up."""
        self._lock()
        if self._get_consulted_agent().user_id == self.env.user:
            self._end_consultation(state_when_gone(self._get_transfer().state))

    def _take_off_hold(self):
        self._want_hold(False)

    def _make_blind(self, transfer):
        """Turn an unanswered consultation into a blind transfer that keeps ringing."""
        if transfer.state == "joining":
            raise UserError(
                self.env._(
                    "%(name)s is connecting. Please wait a moment.", name=transfer.target_name
                )
            )
        if transfer.kind == "number":
            # The number rings inside the conference, and the conference ends when the customer
            # leaves it.
            raise UserError(self.env._("%(name)s has not answered yet.", name=transfer.target_name))
        transfer.mode = "blind"
        self._add_timeline("transferred", name=transfer.user_id.name, target=transfer.target_name)
        self._release_agent(
            self.env._("The call was transferred to %(target)s.", target=transfer.target_name)
        )
        self._wait_again()
        # A custom phone that already rings was called as `consulted`; it is the agent's leg from
        # now on.
        self._get_consulted_legs().filtered(
            lambda leg: leg.transfer_id == transfer and leg.user_id and leg._is_alive()
        ).role = "agent"
        self._apply_event(CallEvent("offered", at=fields.Datetime.now()))
        self._get_open_offers()._notify_made()

    # === HANDOVER === #

    def _apply_handed_over(self, event):
        """Hand the customer over to the consulted party."""
        transfer = self._get_transfer()
        legs = self._get_consulted_legs().filtered(
            lambda leg: leg.transfer_id == transfer and leg._is_connected()
        )
        if transfer.state not in ("talking", "conference") or not legs:
            return
        was_on_hold = transfer.state == "talking" and transfer.mode == "warm"
        transfer._move_to("done")
        self._add_timeline("handed_over", name=transfer.user_id.name, target=transfer.target_name)
        if was_on_hold:
            self._take_off_hold()
        self._release_agent(
            self.env._("The call was transferred to %(target)s.", target=transfer.target_name)
        )
        if transfer.agent_id:
            legs.role = "agent"
            self.write(
                {
                    "user_id": transfer.agent_id.user_id.id,
                    "via": "phone" if legs[:1].number else "browser",
                    "claimed_at": event.at,
                }
            )
            transfer.agent_id._notify_change()
        self._notify()

    # === DEADLINES === #

    def _is_consultation_due(self, _now):
        return self._get_transfer()._is_consultation()

    def _on_consultation_due(self, now):
        self._check_consultation(now)

    def _check_consultation(self, now):
        """Apply the deadlines of a consultation.

        :param datetime now: the current time
        """
        transfer = self._get_transfer()
        if self.state != "in_progress" or not transfer._is_consultation():
            return
        if transfer.state in ("talking", "conference"):
            self._check_lost_agent(now)
        elif self._is_unanswered(transfer, now):
            self._end_consultation("failed")

    def _is_unanswered(self, transfer, now):
        """Return whether the target of a consultation can no longer answer or connect."""
        if transfer.state == "ringing":
            self._expire_offers(now)
            if transfer.kind == "agent" and not self._get_open_offers():
                return True
        return bool(transfer.expires_at) and transfer.expires_at <= now

    def _check_lost_agent(self, now):
        """Hand the customer over to the consulted party if the agent did not reconnect."""
        is_late = self.deadline_at and self.deadline_at <= now
        if is_late and not self._get_agent_legs()._is_alive():
            self._add_timeline("agent_given_up", name=self.user_id.name)
            self._apply_event(CallEvent("handed_over", at=now))

    def _keep_consultation(self):
        """Keep an answered consultation after the agent's audio was lost; cancel any other.

        :return: whether another party is connected, so that the customer need not wait
        :rtype: bool
        """
        transfer = self._get_transfer()
        if not transfer._is_consultation():
            return False
        if transfer.state not in ("talking", "conference"):
            self._end_consultation("canceled")
            return False
        self.deadline_at = fields.Datetime.now() + timedelta(seconds=REJOIN_SECONDS)
        self._add_timeline("agent_lost_in_consultation", name=self.user_id.name)
        self._notify()
        return True

    def _advance_hold(self):
        now = fields.Datetime.now()
        self._check_consultation(now)
        if not self._get_transfer()._is_consultation():
            return super()._advance_hold()
        seconds, offers = LOOK_SECONDS, self._get_open_offers()
        if offers and offers._get_age(now) < REMINDER_SECONDS:
            seconds = REMINDER_SECONDS
        else:
            offers._notify_ringing()
        url = self.account_id._get_webhook_url("wait", call=self.uuid, hold=1)
        return [Play(self._get_music_url(seconds)), Redirect(url)]

    # === FOR THE CLIENT === #

    def _get_participants(self):
        return super()._get_participants() | self._get_consulted_agent().user_id

    def _is_consulting(self, user):
        """Return whether a user is the consulted colleague of this ongoing call."""
        return self.state != "ended" and self._get_consulted_agent().user_id == user

    def _get_legs_for(self, user):
        if not self._is_consulting(user):
            return super()._get_legs_for(user)
        return self._get_consulted_legs().filtered(
            lambda leg: leg.user_id == user and not leg.is_released
        )

    def _to_client_one(self, env):
        data = super()._to_client_one(env)
        transfer = self._get_transfer()
        data["transfer"] = transfer._to_client(env.user) if transfer else False
        data["transfer_path"] = self._get_transfer_path()
        if self._is_consulting(env.user):
            # A consulted colleague is in the call, but it is not that agent's call.
            data["role"] = "consulted"
            leg = self._get_legs_for(env.user)[-1:]
            data["via"] = "phone" if leg.number else "browser"
        return data

    # === REQUESTS TO THE PROVIDER, AFTER COMMIT === #

    @after_commit("leg_ids.initiated_at", repaired_by="_reconcile_missing_sid")
    def _send_guest_request(self, leg_id):
        """Call an external number into the running conference.

        :return: the `_on_…` method to run and its arguments, or None
        """
        leg = self.leg_ids.filtered(lambda leg: leg.id == leg_id)
        if leg.provider_leg_id or not self._is_wanted(leg):
            return None
        refusal = leg._get_refusal()
        if refusal:
            return self._on_ring_refused, (leg_id, refusal)
        url = self.account_id._get_webhook_url
        client = self.account_id._get_client()
        try:
            provider_leg_id = client.add_participant(
                self.uuid,
                {
                    "from": self.number_id.number,
                    "to": leg.number,
                    "label": leg.label,
                    "timeout": RING_SECONDS - 5,
                    "ends_conference": False,
                    "status_url": url("status", call=self.uuid, leg=leg.id),
                    "conference_url": url("conference", call=self.uuid),
                },
            )
        except ProviderError as error:
            if error.unknown:
                # The response was lost: the first status report of the leg contains its id.
                return None
            return self._on_ring_failed, (leg_id,)
        return self._on_ring_done, (leg_id, provider_leg_id)

    # === HOOKS === #

    def _leave_as_guest(self, user):
        if self._get_consulted_agent().user_id != user:
            return super()._leave_as_guest(user)
        self._leave_consultation()
        return True

    def _on_agents_lost(self):
        if not self._keep_consultation():
            super()._on_agents_lost()

    def _get_conclusions(self):
        return [self._end_transfer, *super()._get_conclusions()]

    def _end_transfer(self):
        transfer = self._get_transfer()
        agent = self._get_consulted_agent()
        consulted = self._get_consulted_legs()
        if transfer:
            transfer._move_to("canceled")
        self._drop_phone_legs(consulted)
        if consulted._is_alive() and self.ended_by == "customer" and self.answered_at:
            # The conference ends when the customer leaves, but invited legs keep ringing.
            self._send_end_request()
        self._notify_left(agent, self.env._("The call has ended."))

    # ---------------------------------------------------------
    # TARGETS AND PATH
    # ---------------------------------------------------------

    # The possible targets of a transfer, and the path of a transferred call.

    @api.model
    @check_arguments
    def transfer_targets(self, uuid, term=""):
        """Return the possible targets for a transfer of the current user's call.

        Available colleagues come first, then queues, then unavailable colleagues with the reason. A
        typed number and matching contacts follow.

        :param str uuid: a call of the current user
        :param str term: part of a name, or a number
        :return: dictionaries with `type`, `id` or `number`, `name`, `detail`, `state`, `waiting`,
            and `reason` why it is unavailable, or False
        :rtype: list(dict)
        """
        call_sudo = self._get_mine_sudo(uuid)
        term = (term or "").strip()
        colleagues = call_sudo._get_colleague_targets(term, self.env)
        return [
            *[line for line in colleagues if not line["reason"]],
            *call_sudo._get_queue_targets(term, self.env),
            *[line for line in colleagues if line["reason"]],
            *self._get_number_targets(term),
        ]

    def _get_colleague_targets(self, term, env):
        agents = self.env["telephony.agent"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("user_id", "!=", env.uid),
                *([("user_id.name", "ilike", term)] if term else []),
            ]
        )
        lines = [
            {
                "type": "agent",
                "id": agent.id,
                "name": agent.user_id.name,
                "user_id": agent.user_id.id,
                "state": agent.state,
                "detail": False,
                "reason": agent.with_env(env(su=True))._get_reason_not_to_transfer(env.user)
                or False,
            }
            for agent in agents
        ]
        return sorted(lines, key=lambda line: line["name"].lower())

    def _get_queue_targets(self, term, env):
        queues = self.env["telephony.queue"].search(
            [
                ("company_id", "=", self.company_id.id),
                *([("name", "ilike", term)] if term else []),
            ]
        )
        lines = [
            {
                "type": "queue",
                "id": queue.id,
                "name": queue.name,
                "detail": False,
                "waiting": queue.waiting_count,
                "reason": queue.with_env(env(su=True))._get_reason_not_to_transfer(env.user)
                or False,
            }
            for queue in queues
        ]
        return sorted(lines, key=lambda line: bool(line["reason"]))

    @api.model
    def _get_number_targets(self, term):
        digits = sum(char.isdigit() for char in term)
        if digits >= SHORTEST_NUMBER and set(term) <= NUMBER_CHARACTERS:
            return [self._get_typed_number(term)]
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
        line = {"type": "number", "number": term, "name": term, "detail": False, "reason": False}
        try:
            normalized = self._normalize_dialed(term, None)
        except UserError as error:
            return {**line, "reason": str(error)}
        return {
            **line,
            "name": self._format_number(normalized),
            # Only rules without override: an administrator may give a reason for the others.
            "reason": self._get_forbidden_destination(self.env.company, normalized, reason="any")
            or False,
        }

    def _was_consulted(self, agent):
        """Return whether an agent was consulted in this call, rather than offered the call."""
        last = self.offer_ids.filtered(lambda offer: offer.agent_id == agent)[:1]
        return last.transfer_id.mode in ("warm", "conference")

    # === TRANSFER PATH === #

    def _to_live(self):
        transfer = self._get_transfer()
        return {
            **super()._to_live(),
            # The open transfer or three-way call.
            "transfer": bool(transfer)
            and {"mode": transfer.mode, "state": transfer.state, "name": transfer.target_name},
        }

    def _get_served_by(self):
        """Return who had the customer, in order, and since when.

        :return: pairs of a name and a time
        :rtype: list(tuple)
        """
        done = self.transfer_ids.filtered(lambda transfer: transfer.state == "done")
        names = [transfer.user_id.name for transfer in done]
        last = self.user_id.name or done[-1:].target_name
        moments = [self.answered_at, *done.mapped("ended_at")]
        return list(zip([*names, last], moments, strict=True)) if self.answered_at else []

    def _get_transfer_path(self):
        """Return the path of a transferred call, such as `Sales 3:10 → Ana 4:02 → Bob`.

        :return: the path, or False if one agent had the call all the time
        :rtype: str | bool
        """
        served = self._get_served_by()
        if len(served) < 2:
            return False
        first = self.queue_id.name or self.flow_id.name or self.number_id.name or ""
        steps = [(first, self.started_at), *served]
        ends = [moment for _name, moment in steps[1:]] + [self.ended_at]
        parts = []
        for (name, start), end in zip(steps, ends, strict=True):
            seconds = max(0, int((end - start).total_seconds())) if end else 0
            parts.append(f"{name} {seconds // 60}:{seconds % 60:02d}" if end else name)
        return " → ".join(parts)

    # === PRIVACY === #

    def _anonymize(self, user=None):
        self.transfer_ids.write({"number": False, "override_reason": False})
        super()._anonymize(user)

    def _forget_number(self, number):
        self.transfer_ids.filtered(lambda transfer: transfer.number == number).number = False
        super()._forget_number(number)
