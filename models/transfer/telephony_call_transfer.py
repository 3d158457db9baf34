"""Blind transfers of a conversation to a colleague, a queue or a number.

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

Consultations and three-way calls are in `telephony_call_consult.py`.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...providers.base import CallEvent
from ...providers.voice_response import Leave
from ..arguments import check_arguments
from ..gate import door

# Seconds for which a transferred or returned call rings at an agent.
OFFER_SECONDS = 20
# Seconds for an external number: 20 to ring, 5 added by the provider, the rest for late webhooks.
NUMBER_SECONDS = 32
MODES = ("blind", "warm", "conference")


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
        # The conference ends when the customer leaves it.
        self._release_supervisors()
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

    def _release_agent(self, message):
        """Release the call's user: end the legs, notify the page, and offer the next call.

        :param str message: the reason that the page shows, as a whole sentence
        """
        user = self.user_id
        self._release_agent_legs()
        self.write({"user_id": False, "claimed_at": False, "deadline_at": False})
        user._bus_send("telephony/call_left", {**self._to_left(user), "message": message})
        agents = user._get_telephony_agents(self.company_id)
        # The agent was just in a call, so the idle time starts again.
        agents.last_call_at = fields.Datetime.now()
        agents._notify_change()
        agents._offer_waiting_calls()

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
        """Return whether this call waits for a member of its queue."""
        transfer = self._get_transfer()
        if transfer.mode == "blind":
            return transfer.kind == "queue" and transfer.state == "ringing"
        is_queue_callback = bool(self.queue_callback_id) and not self.answered_at
        return is_queue_callback or self.step_id.kind == "queue"

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

    def _get_ringing_guest(self):
        return self._get_consulted_legs().filtered(
            lambda leg: leg._is_alive() and leg.transfer_id == self._get_transfer()
        )

    def _drop_guest(self, leg):
        """Stop ringing an external number whose time is up."""
        leg.is_released = True
        if leg.provider_leg_id:
            self._send_end_leg_request(leg.id)
        leg._advance(CallEvent("leg", status="ended", reason="no_answer", at=fields.Datetime.now()))

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
        self._end_recording()
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
