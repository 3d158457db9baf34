import logging

from odoo import fields, models

from ...providers.base import CallEvent, ProviderError
from ...providers.voice_response import Gather, HangUp, Say
from ...tools.language import to_language_tag
from .after_commit import after_commit

_logger = logging.getLogger(__name__)

# Seconds an agent's own telephone rings; most mailboxes answer later than that.
PHONE_SECONDS = 20
# Seconds to press the confirmation key.
KEY_SECONDS = 8


class TelephonyCall(models.Model):
    """Calls of agents who use a telephone of their own in place of the browser."""

    _inherit = "telephony.call"

    # === RINGING AN AGENT'S OWN TELEPHONE === #

    def _ring_own_phone(self, agent):
        """Ring the agent first; the customer is dialed once the agent has confirmed."""
        self._add_phone_leg(agent)
        self._add_timeline("phone_ringing", name=agent.user_id.name)

    def _ring_phones(self, offers):
        """Ring offers at the telephones of the agents who chose this."""
        for offer in offers:
            if offer.agent_id._has_own_phone():
                self._add_phone_leg(offer.agent_id, offer)

    def _add_phone_leg(self, agent, offer=None):
        asked = bool(offer) and offer.transfer_id._is_consultation()
        role = "consulted" if asked else "agent"
        # An agent's own outgoing call was checked before; at the limit, an offer rings at other
        # agents.
        refusal = offer and self.env["telephony.dialed.leg"]._get_limit_reached(
            self.company_id, agent.user_id
        )
        leg = self.env["telephony.call.leg"].create(
            {
                "call_id": self.id,
                "account_id": self.account_id.id,
                "role": role,
                "user_id": agent.user_id.id,
                "offer_id": offer.id if offer else False,
                "transfer_id": offer.transfer_id.id if offer else False,
                "label": self._get_label(role),
                "number": agent.phone_number,
                "refusal": refusal or False,
                "is_confirmed": False,
                # The provider should know the leg from now on.
                "initiated_at": fields.Datetime.now(),
            }
        )
        self._send_ring_request(leg.id)

    @after_commit("leg_ids.initiated_at", repaired_by="_reconcile_missing_sid")
    def _send_ring_request(self, leg_id):
        """Dial an agent's telephone.

        :return: the method that records the result
        """
        leg = self.leg_ids.filtered(lambda leg: leg.id == leg_id)
        if leg.provider_leg_id or not self._is_wanted(leg):
            return None
        refusal = leg._get_refusal()
        if refusal:
            return self._on_ring_refused, (leg_id, refusal)
        url = self.account_id._get_webhook_url
        try:
            provider_leg_id = self.account_id._get_client().call_phone(
                {
                    # The agent sees our number for every customer.
                    "from": self.number_id.number,
                    "to": leg.number,
                    "timeout": PHONE_SECONDS,
                    "url": url("agent_phone", call=self.uuid, leg=leg.id),
                    "status_url": url("status", call=self.uuid, leg=leg.id),
                }
            )
        except ProviderError as error:
            _logger.warning("%s: the agent's telephone was not called: %s", self.uuid, error.label)
            if error.unknown:
                # The response was lost: the leg's first event, or the reconciliation, shows whether
                # it rings.
                return None
            return self._on_ring_failed, (leg_id,)
        return self._on_ring_done, (leg_id, provider_leg_id)

    def _on_ring_done(self, leg_id, provider_leg_id):
        leg = self.leg_ids.filtered(lambda leg: leg.id == leg_id)
        if not leg.provider_leg_id:
            leg.provider_leg_id = provider_leg_id
        if not self._is_wanted(leg):
            self._drop_phone_legs(leg)

    def _on_ring_refused(self, leg_id, refusal):
        """Record that a telephone is not dialed because a rule now forbids it."""
        leg = self.leg_ids.filtered(lambda leg: leg.id == leg_id)
        reason = self.env["telephony.call.timeline"]._get_in_languages(
            leg, lambda leg: leg._get_refusal() or refusal
        )
        leg.refusal = refusal
        self._add_timeline(
            "phone_not_called",
            name=leg.user_id.name or self._format_number(leg.number),
            reason=reason,
        )
        self._on_ring_failed(leg_id)

    def _on_ring_failed(self, leg_id):
        self._apply_event(
            CallEvent(
                "leg", leg_id=leg_id, status="ended", reason="failed", at=fields.Datetime.now()
            )
        )

    def _is_wanted(self, leg):
        """Return whether a telephone still has a reason to ring."""
        if self.state == "ended" or leg.is_released:
            return False
        if leg.role == "consulted" and not leg.user_id:
            return leg.transfer_id == self._get_transfer()
        return leg.offer_id.state == "offered" if leg.offer_id else not leg.is_confirmed

    def _drop_phone_legs(self, legs):
        """Stop telephones that ring in vain; confirmed legs continue."""
        for leg in legs.filtered(lambda leg: not leg.is_confirmed and leg._is_alive()):
            if leg.provider_leg_id:
                leg.call_id._send_end_leg_request(leg.id)

    @after_commit("leg_ids.is_released, leg_ids.is_leaving", leg_missing="_is_unwanted")
    def _send_end_leg_request(self, leg_id):
        """Hang up one leg."""
        leg = self.leg_ids.filtered(lambda leg: leg.id == leg_id)
        if leg.provider_leg_id:
            self._send("end_leg", leg.provider_leg_id)

    # === FROM THE WEBHOOKS === #

    def _process_phone(self, leg_id, voice_request):
        """Prompt the answering party of an agent's telephone for the key, and continue from there.

        Note: `self.ensure_one()`

        :param int leg_id: leg of the telephone
        :param VoiceRequest voice_request: request of the provider
        :return: a voice response
        :rtype: list
        """
        self.ensure_one()
        # Events of the legs and a click on the page arrive at the same moment: see `_lock`.
        self._lock()
        leg = self.leg_ids.filtered(
            lambda leg: leg.id == leg_id and leg.role in ("agent", "consulted")
        )
        if not leg or (leg.provider_leg_id and leg.provider_leg_id != voice_request.leg_id):
            return [HangUp()]
        if not leg.provider_leg_id:
            leg.provider_leg_id = voice_request.leg_id
        agent = leg.user_id._get_telephony_agents(self.company_id)
        # A leg that requests a voice response is connected, even if its event has not arrived yet.
        if leg._advance(CallEvent("leg", status="in_progress", at=fields.Datetime.now())):
            self._notify_participants()
        if leg.is_released or leg.status == "ended" or (not leg.user_id and self.state == "ended"):
            return [HangUp()]
        if not leg.user_id:
            return self._answer_guest(leg)
        if leg.is_confirmed:
            return [self._get_join(leg, ends_conference=False)]
        if not agent._is_entitled():
            _logger.info("%s: a telephone without the right to answer was refused", self.uuid)
            return [HangUp()]
        if voice_request.digits == "1" or not agent.press_to_accept:
            return self._confirm_phone(leg, agent)
        return self._ask_phone(leg, agent)

    def _ask_phone(self, leg, agent):
        lang = agent.user_id.lang or "en_US"
        call = self.with_context(lang=lang)
        transfer = leg.offer_id.transfer_id
        if transfer and transfer.state != "returning":
            text = call.env._(
                "%(user)s is transferring a call with %(name)s to you. Press 1 to accept.",
                user=transfer.user_id.name,
                name=call.customer_display,
            )
        elif self.queue_callback_id and not self.answered_at:
            text = call.env._(
                "%(name)s requested a callback. Press 1 to call now.", name=call.customer_display
            )
        elif leg.offer_id:
            text = call.env._("Call from %(name)s. Press 1 to accept.", name=call.customer_display)
        else:
            text = call.env._("Press 1 to call %(name)s.", name=call.customer_display)
        language = to_language_tag(lang)
        url = self.account_id._get_webhook_url("agent_phone", call=self.uuid, leg=leg.id)
        return [Gather((Say(text, language),), KEY_SECONDS, url), HangUp()]

    def _confirm_phone(self, leg, agent):
        # A refusal is spoken in the voice of the agent's language.
        env = self.with_context(lang=agent.user_id.lang).env
        if self.state == "ended":
            return self._refuse_phone(agent, env._("The caller hung up."))
        if leg.role == "consulted":
            if not self._accept_consultation(agent, leg.offer_id, leg):
                return self._refuse_phone(agent, env._("This call was already answered."))
            return [self._get_join(leg, ends_conference=False)]
        if leg.offer_id:
            if (self.user_id and self.user_id != agent.user_id) or not leg._is_offered():
                return self._refuse_phone(agent, env._("This call was already answered."))
            if not self._claim(agent, leg):
                return self._refuse_phone(agent, env._("This call was already answered."))
            agent._notify_change()
        leg.is_confirmed = True
        self._on_agent_connected()
        return [self._get_join(leg, ends_conference=False)]

    def _refuse_phone(self, agent, text):
        language = to_language_tag(agent.user_id.lang)
        return [Say(text, language), HangUp()]

    # === FROM THE STATE === #

    def _on_phone_refused(self, leg):
        """React to an agent's telephone that ended without the key being pressed.

        :return: the state the call should be in, or None
        """
        if self.state == "ended":
            return None
        if not leg.offer_id:
            if self._get_agent_legs()._is_alive():
                return None
            self.write(
                {
                    "ended_by": "agent",
                    "failure_reason": leg.refusal
                    or {
                        "busy": self.env._("Your phone is busy. The customer was not called."),
                        "failed": self.env._(
                            "Your phone cannot be reached. The customer was not called."
                        ),
                    }.get(
                        leg.end_reason,
                        self.env._("You did not answer your phone. The customer was not called."),
                    ),
                }
            )
            return "ended"
        if leg.offer_id.state == "offered" and not leg.offer_id.agent_id.lease_ids._is_open():
            if leg.refusal:
                # Otherwise the same telephone would be selected again at once.
                leg.offer_id.agent_id._set_offline_because(leg.refusal)
                leg.offer_id._close("withdrawn", "withdrawn")
            else:
                self._add_timeline("phone_not_answered", name=leg.user_id.name)
                leg.offer_id._close("expired", "expired")
            self._advance_if_unoffered()
        return None

    def _advance_if_unoffered(self):
        """Offer the call to the next agents, or advance the caller, when it rings at no agent."""
        for call in self:
            if call._advance_transfer():
                continue
            if call.state == "queued":
                call.queue_id._dispatch()
            elif not call._get_open_offers() and not call.user_id and not call._ring_next():
                call._send_leave_queue_request()
