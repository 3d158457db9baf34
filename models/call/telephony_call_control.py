from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...providers.base import CallEvent, ProviderError
from ..arguments import check_arguments
from ..gate import door
from .after_commit import after_commit

NOTE_LENGTH = 20000


class TelephonyCall(models.Model):
    """Actions of an agent on a call: accept, decline, hang up, hold, note."""

    _inherit = "telephony.call"

    hold_wanted = fields.Boolean(
        "Hold Requested",
        readonly=True,
        copy=False,
        help="Whether the customer should be on hold. The actual state is on the call leg.",
    )

    # === RPC === #

    @api.model
    @door(routes=True)
    @check_arguments
    def accept(self, uuid):
        """Accept a call that rings at the current user. The first agent wins.

        An ongoing call of the user is held.

        :param str uuid: the call
        :raise UserError: the user is in another call that cannot be put on hold
        :return: `accepted`, and the `call` or the `message` with the reason of a refusal
        :rtype: dict
        """
        call_sudo = self._find_sudo(uuid)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        if call_sudo._is_taken_by(agent_sudo):
            return call_sudo._to_accepted()
        if agent_sudo not in call_sudo.offer_ids.agent_id:
            raise AccessError(self.env._("This call is not ringing for you."))
        if call_sudo.state == "ended":
            return call_sudo._to_refused(self.env._("The caller hung up."))
        offer_sudo = call_sudo._get_open_offers().filtered(
            lambda offer: offer.agent_id == agent_sudo
        )
        if not offer_sudo and call_sudo._has_stopped_ringing(agent_sudo):
            return call_sudo._to_refused(self.env._("This call is no longer ringing for you."))
        return call_sudo._take(agent_sudo, offer_sudo, holds_other=True)

    @api.model
    @door(routes=True)
    @check_arguments
    def decline(self, uuid):
        """Decline a call that rings at the current user, or return one that could not connect.

        The call keeps ringing at other agents; without any, the caller continues at once.

        :param str uuid: the call
        """
        call_sudo = self._find_sudo(uuid)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        # A caller who was picked up from a queue may never have rung here.
        is_mine = bool(call_sudo.claimed_at) and call_sudo.user_id == self.env.user
        if not call_sudo or not (is_mine or agent_sudo in call_sudo.offer_ids.agent_id):
            raise AccessError(self.env._("This call is not ringing for you."))
        if call_sudo.state == "ended":
            return True
        if call_sudo._leave_as_guest(self.env.user):
            return True
        if is_mine:
            has_talked = call_sudo.state == "in_progress"
            if not call_sudo._get_agent_legs()._is_alive() and not has_talked:
                call_sudo._release_claim()
            return True
        mine = call_sudo._get_open_offers().filtered(lambda offer: offer.agent_id == agent_sudo)
        if mine:
            call_sudo._lock()
            call_sudo._add_timeline("agent_declined", name=self.env.user.name)
            mine._close("declined", "declined")
            agent_sudo.missed_offers = 0
            call_sudo._advance_if_unoffered()
            agent_sudo._offer_waiting_calls()
        return True

    @api.model
    @door(routes=True, ends=True)
    @check_arguments
    def hang_up(self, uuid):
        """End a call of the current user for all parties; a consulted agent only leaves it.

        A user who lost the right to telephone during the call can still end it. Such a user
        receives no further data of it.

        :param str uuid: the call
        :raise AccessError: the call belongs to another user
        :return: see `_to_client`
        :rtype: dict
        """
        user = self.env.user
        # sudo: telephony.call - the current user's own, as checked right here
        call_sudo = self.sudo().search([("uuid", "=", uuid or "")])
        if call_sudo and call_sudo._leave_as_guest(user):
            return call_sudo._to_left(user)
        if not call_sudo or call_sudo.user_id != user:
            raise AccessError(self.env._("This is not your call."))
        if call_sudo.state != "ended":
            call_sudo._lock()
            call_sudo._apply_event(
                CallEvent("hung_up", at=fields.Datetime.now(), data={"by": "agent"})
            )
        if not user._filter_phone_users(call_sudo.company_id):
            return call_sudo._to_left(user)
        return call_sudo._to_client_for_me()

    @api.model
    @door()
    @check_arguments
    def set_hold(self, uuid, on_hold):
        """Put the customer on hold with music, or resume.

        :param str uuid: the call
        :param bool on_hold: requested state
        :raise UserError: there is no customer to put on hold
        :return: see `_to_client`
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        if call_sudo.state != "in_progress" or not call_sudo.provider_conference_id:
            raise UserError(self.env._("Only a call in progress can be put on hold."))
        if call_sudo.held_at:
            raise UserError(self.env._("The customer is on hold. Resume the call first."))
        transfer_sudo = call_sudo._get_transfer()
        if transfer_sudo.mode == "warm" and transfer_sudo.state != "conference":
            raise UserError(
                self.env._(
                    "The customer is on hold during your consultation. Merge the calls or cancel "
                    "the consultation first."
                )
            )
        call_sudo._lock()
        call_sudo._want_hold(bool(on_hold))
        return call_sudo._to_client_for_me()

    @api.model
    @door()
    @check_arguments
    def save_note(self, uuid, note):
        """Save the note that the user writes about a call, during or after it.

        :param str uuid: the call
        :param str note: plain text, 20,000 characters at most
        """
        call_sudo = self._get_mine_sudo(uuid)
        note = (note or "")[:NOTE_LENGTH]
        if (call_sudo.note or "") != note:
            call_sudo.note = note
            call_sudo._on_note_changed()
        return True

    # === HOOKS === #

    def _leave_as_guest(self, user):
        """Make a user leave this call who is only its guest.

        :return: whether the user was a guest
        :rtype: bool
        """
        return False

    def _on_note_changed(self):
        """React to a new summary of this call."""

    # === LOOKUP === #

    @api.model
    def _find_sudo(self, uuid):
        """Return a call of a company in which the current user is an agent, as superuser."""
        companies = self.env["telephony.agent"]._get_my_companies()
        # sudo: telephony.call - each caller of this method checks the owner of the call
        return self.sudo().search([("uuid", "=", uuid or ""), ("company_id", "in", companies.ids)])

    @api.model
    def _get_mine_sudo(self, uuid):
        """Return a call of the current user, as superuser.

        :raise AccessError: the call belongs to another user, or does not exist
        """
        call_sudo = self._find_sudo(uuid)
        self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        if not call_sudo or call_sudo.user_id != self.env.user:
            raise AccessError(self.env._("This is not your call."))
        return call_sudo

    # === BUSINESS METHODS === #

    def _is_taken_by(self, agent):
        """Return whether an agent is in this ongoing call already, as after a repeated click."""
        return bool(self) and self.user_id == agent.user_id and self.state != "ended"

    def _has_stopped_ringing(self, _agent):
        """Return whether the call left an agent at whom it rang, without being answered."""
        return not self.user_id

    def _take(self, agent, offer=None, holds_other=False):
        """Give this call to an agent who accepts it in the browser. The first agent wins.

        Other calls stop ringing at the agent, and are offered elsewhere.

        :param agent: as superuser
        :param offer: the agent's open offer, if the call rings there
        :param bool holds_other: whether an ongoing call of the agent is put on hold
        :raise UserError: the agent is in another call
        :return: see `accept`
        :rtype: dict
        """
        self._lock_with_calls_of(agent)
        released = self.browse()
        if not self.user_id:
            released = agent._reserve(self, holds_other)
        if not self._claim(agent):
            return self._to_refused(
                self.env._(
                    "This call was already answered by %(name)s.",
                    name=self.user_id.name or self.env._("someone else"),
                )
            )
        if holds_other:
            self._hold_other_calls()
        released._advance_if_unoffered()
        agent._notify_change()
        return self._to_accepted()

    def _to_accepted(self):
        return {"accepted": True, "call": self._to_client_for_me()}

    def _to_refused(self, message):
        return {"accepted": False, "message": message}

    # === REQUESTS TO THE PROVIDER, AFTER COMMIT === #

    @after_commit("state", repaired_by="_send_end_leg_request")
    def _send_end_request(self):
        """Hang up every leg that may still be connected."""
        for leg in self.leg_ids.filtered("provider_leg_id"):
            if leg._is_alive() and not leg.is_leaving:
                self._send("end_leg", leg.provider_leg_id)

    def _want_hold(self, on_hold):
        """Request hold for the customer, or the end of it.

        :param bool on_hold: requested state
        """
        self.hold_wanted = on_hold
        self._move_customer(self._send_hold_request)

    @after_commit("hold_wanted", missing=("_is_hold_state_wrong",))
    def _send_hold_request(self, is_repeated=False):
        """Send the requested hold state of the customer's leg to the provider.

        The provider's event sets the flag.

        :return: the method that records the result
        """
        leg = self._get_customer_leg()
        if leg.status != "in_progress" or self.state != "in_progress":
            return None
        error = self._try(
            "hold_participant",
            self.provider_conference_id,
            leg.provider_leg_id,
            self.hold_wanted,
            self.account_id._get_webhook_url("wait", call=self.uuid, hold=1),
        )
        is_refused = error and not (error.unknown or error.retryable)
        return (self._on_hold_failed, ()) if is_refused else None

    def _on_hold_failed(self):
        """React to a refused hold request: the button shows the true state.

        For a customer who must not hear a consultation, the request is repeated.
        """
        if not self._get_transfer()._is_consultation():
            self.hold_wanted = self._get_customer_leg().on_hold
            self._notify_participants()

    def _fetch_leg_status(self, leg):
        """Request the status of a leg from the provider.

        :return: the resulting event, or None when the provider could not be reached
        :rtype: CallEvent | None
        """
        try:
            return self.account_id._get_client().fetch_leg(leg.provider_leg_id)
        except ProviderError as error:
            if not error.gone:
                return None
            return CallEvent(
                "leg",
                provider_leg_id=leg.provider_leg_id,
                status="ended",
                reason="failed",
                at=fields.Datetime.now(),
            )
