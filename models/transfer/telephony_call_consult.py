"""Consultations before a transfer, and three-way calls.

The agent stays the user of the call. *Warm*: the customer is on hold with music, and cannot hear or
be heard by the other two. *Conference*: the customer is not on hold. A consulted colleague gets an
offer; an external number is called into the conference. Both join with a leg of the role
`consulted`. From there the agent can
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
from ...providers.voice_response import Play, Redirect
from ...tools.call_states import CONNECT_SECONDS
from ...tools.transfer_states import THERE_STATES, state_when_gone, state_when_there
from ..arguments import check_arguments
from ..call.after_commit import after_commit
from ..call.telephony_call import REJOIN_SECONDS
from ..call.telephony_call_outgoing import RING_SECONDS
from ..gate import door
from ..routing.telephony_offer import REMINDER_SECONDS
from .telephony_call_transfer import OFFER_SECONDS

# Seconds of music between two checks of the deadlines.
LOOK_SECONDS = 5


class TelephonyCall(models.Model):
    """Consultations and three-way calls during a conversation."""

    _inherit = "telephony.call"

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
        self._sync_supervisors()
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
