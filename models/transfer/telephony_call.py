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

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...providers.base import CallEvent, ProviderError
from ...providers.voice_response import Leave, Play, Redirect
from ...tools.transfer_states import state_when_gone
from ..arguments import check_arguments
from ..call.after_commit import after_commit
from ..call.telephony_call import SPARE_SECONDS
from ..call.telephony_call_outgoing import RING_SECONDS
from ..gate import door
from ..routing.telephony_offer import REMINDER_SECONDS

MODES = ("blind", "warm", "conference")
# Seconds of music between two checks of the deadlines.
LOOK_SECONDS = 10


class TelephonyCall(models.Model):
    """Transfers of a conversation."""

    _inherit = "telephony.call"

    has_own_part = fields.Boolean(
        compute="_compute_has_own_part",
        help="Whether the current user left the call to others, and has a summary of it.",
    )

    # === COMPUTE METHODS === #

    @api.depends("user_id", "transfer_ids.state")
    @api.depends_context("uid")
    def _compute_has_own_part(self):
        for call in self:
            # sudo: telephony.call - only whether the current user has a part of the call
            call_sudo = call.sudo()
            part_sudo = call_sudo._get_part_of(self.env.user)
            call.has_own_part = bool(part_sudo) and part_sudo != call_sudo

    # === RPC === #

    @api.model
    @door(routes=True)
    @check_arguments
    def transfer(self, uuid, target, mode):
        """Transfer a call of the current user, or add another party to it.

        :param str uuid: the call
        :param dict target: `type` is `agent`, `queue` or `number`, with `id`, or `number` as typed;
            the `reason` to call a blacklisted number is added, or by an administrator to override
            a rule
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
        values = self.env["telephony.transfer"]._resolve_target(call_sudo, target or {})
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
            return transfer._begin_consultation()
        transfer._keep_note()
        self._add_timeline("transferred", name=transfer.user_id.name, target=transfer.target_name)
        self._release_agent(transfer._explain_handover)
        return transfer._ring()

    def _to_passed_on(self):
        """Return the call as seen by its former user, with a message about the target.

        The bus sends the same data, and either may arrive first.
        """
        target = self.transfer_ids.sorted("id")[-1:].target_name
        return {
            **self._to_left(self.env.user),
            "message": self.env._("The call was transferred to %(target)s.", target=target),
        }

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
        offers = self._get_open_offers()._expire(now)
        if offers:
            return self._get_offer_ringback(offers, now, is_first)
        if self._get_ringing_guest():
            seconds = self._seconds_until(transfer.expires_at, now)
            if seconds > 0:
                return self._get_ringback(seconds)
            transfer._drop_guest()
        if transfer._return():
            return self._get_offer_ringback(self._get_open_offers(), now, is_first)
        return [Leave()]

    def _wait_while_returning(self, voice_request, now, is_first):
        return self._wait_while_transferring(voice_request, now, is_first)

    def _next_while_transferring(self, voice_request):
        transfer = self._get_transfer()
        may_wait_on = self._waits_in_queue() and self._may_wait_on()
        if self._is_ringing() or may_wait_on or transfer._return():
            return self._get_enqueue_response()
        return transfer._fail()

    def _next_while_returning(self, voice_request):
        return self._next_while_transferring(voice_request)

    def _refuse_while_transferring(self):
        self._get_open_offers()._close("withdrawn", "withdrawn")
        self._release_legs(self._get_consulted_legs().filtered(lambda leg: leg._is_alive()))
        return self._get_transfer()._fail()

    def _refuse_while_returning(self):
        return self._refuse_while_transferring()

    def _advance_if_unoffered(self):
        for call in self:
            if not call._get_transfer()._advance():
                super(TelephonyCall, call)._advance_if_unoffered()

    def _offer_again(self):
        if not self._get_transfer()._advance():
            super()._offer_again()

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
        call_sudo, transfer_sudo = self._get_consultation_sudo(uuid)
        if transfer_sudo.state in ("talking", "conference"):
            call_sudo._apply_event(CallEvent("handed_over", at=fields.Datetime.now()))
        else:
            transfer_sudo._make_blind()
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
        call_sudo, transfer_sudo = self._get_consultation_sudo(uuid)
        if transfer_sudo.state not in ("talking", "conference"):
            raise UserError(
                self.env._("%(name)s has not answered yet.", name=transfer_sudo.target_name)
            )
        if transfer_sudo._move_to("conference"):
            call_sudo._add_timeline(
                "three_way", name=self.env.user.name, target=transfer_sudo.target_name
            )
            call_sudo._want_hold(False)
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
        transfer_sudo = call_sudo._get_transfer()
        if transfer_sudo._is_consultation():
            transfer_sudo._end_consultation("canceled")
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
        call_sudo._get_transfer()._check_deadlines(fields.Datetime.now())
        return call_sudo._to_client_for_me()

    # === CONSULTATION === #

    @api.model
    def _get_consultation_sudo(self, uuid):
        """Return a call of the current user, locked, and its consultation, as superuser.

        :raise UserError: no consultation is in progress
        """
        call_sudo = self._get_mine_sudo(uuid)
        call_sudo._lock()
        transfer_sudo = call_sudo._get_transfer()
        if not transfer_sudo._is_consultation():
            raise UserError(self.env._("There is no consultation in progress."))
        return call_sudo, transfer_sudo

    def _is_taken_by(self, agent):
        return super()._is_taken_by(agent) or self._get_consulted_agent() == agent

    def _has_stopped_ringing(self, agent):
        return super()._has_stopped_ringing(agent) or self._was_consulted(agent)

    def _take(self, agent, offer=None, holds_other=False):
        transfer = offer.transfer_id if offer else self.env["telephony.transfer"]
        if transfer._is_consultation() and transfer._accept(offer):
            return self._to_accepted()
        return super()._take(agent, offer, holds_other)

    def _confirm_phone(self, leg, agent):
        if self.state == "ended" or leg.role != "consulted":
            return super()._confirm_phone(leg, agent)
        if not leg.offer_id.transfer_id._accept(leg.offer_id, leg):
            return self._refuse_phone(agent, "already_answered")
        return [self._get_join(leg, ends_conference=False)]

    def _get_consulted_agent(self):
        """Return the agent who is consulted in this call, or an empty recordset."""
        return self._get_transfer()._get_consulted_agent()

    def _get_role_of(self, agent):
        return "consulted" if self._get_consulted_agent() == agent else super()._get_role_of(agent)

    def _admit_consulted(self, agent, provider_leg_id):
        return self._admit_party(agent, provider_leg_id, self._add_consulted_leg)

    def _add_consulted_leg(self, agent, provider_leg_id):
        """Add the leg of a consulted colleague's browser."""
        leg = self._add_browser_leg(
            agent, provider_leg_id, "consulted", transfer_id=self._get_transfer().id
        )
        leg.transfer_id._on_party_connected(leg)
        return leg

    def _answer_guest(self, leg):
        """Connect an external number that has answered to the conference.

        :return: a voice response
        :rtype: list
        """
        leg.is_confirmed = True
        leg.transfer_id._on_party_connected(leg)
        return [self._get_join(leg, ends_conference=False)]

    # === RESULT OF THE CONSULTATION === #

    def _on_consulted_moved(self, leg, _event):
        """Update the call after the leg of a consulted party has changed.

        :return: the resulting state of the call, or None
        """
        if leg.is_released or self.state == "ended":
            return None
        if leg.status == "ended":
            return leg.transfer_id._on_party_left(leg)
        if leg.status == "in_progress" and not leg.user_id and not leg.is_confirmed:
            leg.is_confirmed = True
            leg.transfer_id._on_party_connected(leg)
        self._notify()
        return None

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
        transfer._keep_note()
        self._add_timeline("handed_over", name=transfer.user_id.name, target=transfer.target_name)
        if was_on_hold:
            self._want_hold(False)
        self._release_agent(transfer._explain_handover)
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

    def _get_part_of(self, user):
        return (
            super()._get_part_of(user)
            or self.transfer_ids.filtered(
                lambda transfer: transfer._get_part_user() == user
            ).sorted("id")[-1:]
        )

    def _to_part(self, part):
        data = super()._to_part(part)
        return data if part == self else part._to_part(data)

    def _to_left(self, user):
        data = super()._to_left(user)
        if "state" in data:
            data["part"] = self._to_part_of(user, data)
        return data

    def _to_recent(self, env):
        """Add the user's own part of a call that another agent had last."""
        data = super()._to_recent(env)
        return {**data, "part": self._to_part_of(env.user, data)}

    def _to_part_of(self, user, data):
        """Return the payload of a user's own part of this call, or False if there is none.

        :param user: the user
        :param dict data: the payload of the call
        """
        part = self._get_part_of(user)
        if not part or part == self:
            return False
        env = user._telephony_env(self.company_id)
        # sudo: telephony.transfer - the user's own part, and nothing else of the transfer
        return part.with_env(env).sudo()._to_part(data)

    # === DEADLINES === #

    def _is_consultation_due(self, _now):
        return self._get_transfer()._is_consultation()

    def _on_consultation_due(self, now):
        self._get_transfer()._check_deadlines(now)

    def _advance_hold(self):
        now = fields.Datetime.now()
        self._get_transfer()._check_deadlines(now)
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
                    "time_limit": self._get_time_limit() + SPARE_SECONDS,
                    "ends_conference": False,
                    "status_url": url("status", call=self.uuid, leg=leg.id),
                    "conference_url": url("conference", call=self.uuid),
                },
            )
        except ProviderError as error:
            if error.unknown:
                # The response was lost: the first status report of the leg contains its id.
                return None
            return self._on_ring_failed, (leg_id, self.account_id._explain(error), error.kind)
        return self._on_ring_done, (leg_id, provider_leg_id)

    # === HOOKS === #

    def _leave_as_guest(self, user):
        if self._get_consulted_agent().user_id != user:
            return super()._leave_as_guest(user)
        self._lock()
        # Another event may have ended it while the lock was awaited.
        if self._get_consulted_agent().user_id == user:
            transfer = self._get_transfer()
            transfer._end_consultation(state_when_gone(transfer.state))
        return True

    def _on_agents_lost(self):
        if not self._get_transfer()._keep_without_agent():
            super()._on_agents_lost()

    def _get_conclusions(self):
        return [self._end_transfer, *super()._get_conclusions()]

    def _end_transfer(self):
        transfer, consulted = self._get_transfer(), self._get_consulted_legs()
        agent = transfer._get_consulted_agent()
        if transfer:
            transfer._move_to("canceled")
        self._drop_phone_legs(consulted)
        if consulted._is_alive() and self.ended_by == "customer" and self.answered_at:
            # The conference ends when the customer leaves, but invited legs keep ringing.
            self._send_end_request()
        transfer._notify_guest_left(agent, lambda env: env._("The call has ended."))

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
        return self.env["telephony.transfer"]._get_targets(call_sudo, (term or "").strip())

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
        self.transfer_ids.write(
            {"number": False, "override_reason": False, "blacklist_reason": False, "note": False}
        )
        super()._anonymize(user)

    def _forget_number(self, number):
        self.transfer_ids.filtered(lambda transfer: transfer.number == number).number = False
        super()._forget_number(number)
