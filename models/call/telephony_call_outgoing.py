import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...providers.base import CallEvent, ProviderError
from ...providers.voice_response import HangUp
from ...tools.printable import printable
from ..arguments import check_arguments
from ..gate import door
from .after_commit import after_commit

_logger = logging.getLogger(__name__)

# Seconds the customer's telephone rings.
RING_SECONDS = 30


class TelephonyCall(models.Model):
    """Outgoing calls, and the agent's own leg of every call."""

    _inherit = "telephony.call"

    @api.model
    @door(routes=True)
    @check_arguments
    def dial(
        self,
        number,
        caller_id_id=None,
        res_model=None,
        res_id=None,
        request_uuid=None,
        override_reason=None,
        activity_id=None,
    ):
        """Prepare a call to a customer; the browser then connects with the call's identifier.

        The number is stored here, so that the browser cannot make the provider dial another one.

        :param str number: number as typed, or as in the record
        :param int caller_id_id: verified caller ID that the user chose, if any
        :param str res_model: model of the record from which the call is made
        :param int res_id: identifier of that record
        :param str request_uuid: identifier that is the same for every repetition of one click
        :param str override_reason: administrator's reason to override a rule
        :param int activity_id: due call of this call; a conversation completes it
        :raise UserError: the user may not call, is in a call, or the number is invalid
        :return: see `_to_client`
        :rtype: dict
        """
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent()
        if request_uuid:
            call_sudo = self._find_request(agent_sudo, request_uuid)
            if call_sudo:
                return call_sudo._to_client_for_me()
        reason = agent_sudo._get_reason_not_to_call()
        if reason:
            raise UserError(reason)
        number = str(number or "").strip()
        activity = self._get_dialed_activity(activity_id)
        record = self._get_dialed_record(res_model or activity.res_model, res_id or activity.res_id)
        customer_number, caller_id_sudo, exception = self._decide_dialed(
            agent_sudo, number, record, caller_id_id, override_reason
        )
        self._lock_with_calls_of(agent_sudo)
        released_sudo = agent_sudo._reserve()
        # sudo: telephony.call - agents have no write access to calls; every value is decided here
        call_sudo = self.sudo().create(
            {
                **self._prepare_outgoing_values(agent_sudo, customer_number, record, request_uuid),
                **(
                    {"caller_id_id": caller_id_sudo.id, "from_number": caller_id_sudo.number}
                    if caller_id_sudo
                    else {}
                ),
                "override_reason": exception or False,
                "activity_id": activity.id,
            }
        )
        call_sudo._add_timeline("call_started", name=self.env.user.name)
        agent_sudo.missed_offers = 0
        if agent_sudo.call_via == "phone":
            call_sudo._ring_own_phone(agent_sudo)
        released_sudo._advance_if_unoffered()
        call_sudo._notify()
        agent_sudo._notify_change()
        return call_sudo._to_client_for_me()

    def _decide_dialed(self, agent, number, record, caller_id_id, override_reason):
        """Return the number to dial and the caller ID to show.

        :param agent: calling agent, as superuser
        :param str number: number as typed
        :param record: record from which the call is made, or None
        :raise UserError: the number cannot or must not be called
        :return: the number, the caller ID (or none), the override reason (or none)
        :rtype: tuple
        """
        customer_number = self._normalize_dialed(number, record)
        caller_id = agent._choose_caller_id(caller_id_id)
        return (
            customer_number,
            caller_id,
            self._check_rules(agent, customer_number, override_reason),
        )

    def _find_request(self, agent_sudo, request_uuid):
        """Return the call that an earlier delivery of the same click created, as superuser."""
        # sudo: telephony.call - the user's own call
        return self.sudo().search(
            [("user_id", "=", agent_sudo.user_id.id), ("request_uuid", "=", request_uuid)]
        )

    def _get_dialed_record(self, res_model, res_id):
        """Return the record from which a call is made, if the user may read it."""
        if not res_model or not res_id or res_model not in self.env:
            return None
        if self.env[res_model]._abstract:
            return None
        record = self.env[res_model].browse(res_id).exists()
        return record if record and record.has_access("read") else None

    def _normalize_dialed(self, number, record):
        """Return a dialed number in E.164, read with the record's country, then the company's.

        :raise UserError: the number is invalid
        """
        self._check_emergency(number)
        countries = self.env.company.country_id
        if record is not None and hasattr(record, "_phone_get_country"):
            countries = record._phone_get_country().get(record.id) or countries
        normalized = self._normalize(number, countries) or self._normalize(
            number, self.env.company.country_id
        )
        if not number:
            raise UserError(self.env._("Enter a number to call."))
        if not normalized:
            raise UserError(
                self.env._(
                    "“%(number)s” cannot be called. Check the number, or enter it with its country "
                    "code, e.g. +32470123456.",
                    number=printable(number),
                )
            )
        return normalized

    def _get_number_to_call_from(self, agent, customer_number):
        """Return the number of ours with which a call is made."""
        return agent._get_default_number()

    def _prepare_outgoing_values(self, agent, customer_number, record, request_uuid):
        number = self._get_number_to_call_from(agent, customer_number)
        partner, lead = self._associate(record, customer_number, agent.company_id)
        return {
            "account_id": number.account_id.id,
            "request_uuid": request_uuid or False,
            "direction": "outgoing",
            "from_number": number.number,
            "to_number": customer_number,
            "customer_number": customer_number,
            "number_id": number.id,
            "user_id": agent.user_id.id,
            "via": agent.call_via,
            "partner_id": partner.id,
            "lead_id": lead.id,
            "leg_ids": [
                fields.Command.create(
                    {
                        "account_id": number.account_id.id,
                        "role": "customer",
                        "label": "customer",
                        "number": customer_number,
                    }
                )
            ],
        }

    # === FROM THE WEBHOOK OF THE BROWSER'S LEG === #

    def _process_browser(self, account, voice_request):
        """Admit an agent's browser to the conference of a call that the agent may join.

        :param account: account of the connection
        :param VoiceRequest voice_request: request of the provider. A browser sends the identity
            and the call, so they only serve to find records and are never dialed
        :return: a voice response
        :rtype: list
        """
        agent = self.env["telephony.agent"].search(
            [
                ("identity", "=", voice_request.identity),
                ("company_id", "=", account.company_id.id),
            ]
        )
        call = self.search(
            [("uuid", "=", voice_request.call_uuid), ("account_id", "=", account.id)]
        )
        if agent and call:
            # A report about this leg that arrives meanwhile waits for this row.
            self.env["telephony.call.event"]._record_once(
                account, f"{voice_request.leg_id}:voice", "voice", call=call
            )
        if not call or not agent._is_entitled():
            return call._refuse_browser()
        return call._admit(agent, voice_request.leg_id)

    def _admit(self, agent, provider_leg_id):
        """Admit an agent's browser if the phase admits its role; `_admit_<role>` does it.

        :param agent: agent whose browser connects, with the right to telephone
        :param str provider_leg_id: the provider's id of the connection
        :return: a voice response
        :rtype: list
        """
        phase, role = self._get_phase(), self._get_role_of(agent)
        if role not in phase.admits:
            return self._refuse_browser(f"{role} while {phase.name}")
        return getattr(self, f"_admit_{role}")(agent, provider_leg_id)

    def _get_role_of(self, agent):
        """Return the role in which an agent's browser connects to this call.

        :return: one of `tools.call_phases.ROLES`, or `stranger` if the agent has no part in this
            call
        :rtype: str
        """
        return "agent" if self.user_id == agent.user_id else "stranger"

    def _admit_agent(self, agent, provider_leg_id):
        return self._admit_party(agent, provider_leg_id, self._add_agent_leg)

    def _admit_party(self, agent, provider_leg_id, add_leg):
        """Admit the browser of a party to the conference. A repeated request gets the same answer.

        :param add_leg: method that adds the party's leg
        """
        leg = self.leg_ids.filtered(lambda leg: leg.provider_leg_id == provider_leg_id)
        if leg.is_released:
            return self._refuse_browser("another browser has replaced it")
        if not leg:
            self._lock()
            self._release_legs_of(agent.user_id)
            if self._is_leg_of_another_call(provider_leg_id):
                _logger.warning("%s: a leg of another call was refused", self.uuid)
                return [HangUp()]
            leg = add_leg(agent, provider_leg_id)
        return [self._get_join(leg, ends_conference=False)]

    def _is_leg_of_another_call(self, provider_leg_id):
        """Return whether a connection is a leg already, although not of this call."""
        legs = self.env["telephony.call.leg"]
        return bool(
            legs.search_count(
                [
                    ("account_id", "=", self.account_id.id),
                    ("provider_leg_id", "=", provider_leg_id),
                ],
                limit=1,
            )
        )

    def _refuse_browser(self, reason="the user may not join the call"):
        _logger.info("%s: the browser's connection was refused: %s", self.uuid or "unknown", reason)
        return [HangUp()]

    def _release_legs_of(self, user):
        """End a user's older legs of this call, which a newer browser of the user replaces.

        The page was reloaded, or another page has taken over the call. An agent joins a call with
        one leg only, and one leg is paid.
        """
        roles = ("agent", "consulted")
        self._release_legs(
            self.leg_ids.filtered(
                lambda leg: (
                    leg.user_id == user
                    and leg.role in roles
                    and not leg.is_released
                    and leg._is_alive()
                )
            )
        )

    def _add_agent_leg(self, agent, provider_leg_id):
        """Add the leg of the agent's browser."""
        now = fields.Datetime.now()
        leg = self.env["telephony.call.leg"].create(
            {
                "call_id": self.id,
                "account_id": self.account_id.id,
                "role": "agent",
                "user_id": agent.user_id.id,
                "label": self._get_label("agent"),
                "provider_leg_id": provider_leg_id,
                "status": "in_progress",
                "initiated_at": now,
                "answered_at": now,
            }
        )
        self._on_agent_connected()
        return leg

    def _get_sender_refusal(self, leg):
        """Return why our number or caller ID must no longer be used for a leg.

        :param leg: leg to dial
        :return: a whole sentence, or an empty text
        :rtype: str
        """
        number = self.number_id
        if not number.active or number.company_id != self.company_id:
            return self.env._(
                "The number for outgoing calls no longer belongs to your company. Choose "
                "another one."
            )
        if (
            self.direction != "outgoing"
            or self.queue_callback_id
            or leg.transfer_id
            or leg.offer_id
        ):
            # The number belongs to the company, not to the agent.
            return ""
        agent = self.user_id._get_telephony_agents(self.company_id)
        if number not in agent._get_numbers():
            return self.env._(
                "The number for outgoing calls is no longer assigned to you. Choose another one."
            )
        if self.caller_id_id and self.caller_id_id not in agent._get_caller_ids():
            return self.env._("The caller ID is no longer available. Choose another one.")
        return ""

    # === REQUESTS TO THE PROVIDER, AFTER COMMIT === #

    @after_commit("leg_ids.initiated_at", repaired_by="_reconcile_missing_sid")
    def _send_dial_request(self):
        """Dial the customer into the conference.

        :return: the method that records the result
        """
        leg = self._get_customer_leg()
        if self.state == "ended" or leg.provider_leg_id:
            return None
        refusal = leg._get_refusal()
        if refusal:
            return self._on_dial_failed, (refusal,)
        client = self.account_id._get_client()
        url = self.account_id._get_webhook_url
        values = {
            "from": self.from_number,
            "to": leg.number,
            "label": leg.label,
            "timeout": RING_SECONDS,
            "ends_conference": True,
            "status_url": url("status", call=self.uuid, leg=leg.id),
            "conference_url": url("conference", call=self.uuid),
        }
        try:
            try:
                provider_leg_id = client.add_participant(self.uuid, values)
            except ProviderError as error:
                if not error.unknown:
                    raise
                # The response was lost, and a repeated request would ring the customer twice.
                provider_leg_id = client.find_participant(self.uuid, leg.label)
                if not provider_leg_id:
                    raise
        except ProviderError as error:
            _logger.warning("%s: the customer could not be called: %s", self.uuid, error.label)
            return self._on_dial_failed, (self.account_id._explain(error), error.kind)
        return self._on_dial_done, (provider_leg_id,)

    def _on_dial_done(self, provider_leg_id):
        leg = self._get_customer_leg()
        if not leg.provider_leg_id:
            leg.provider_leg_id = provider_leg_id
        if self.state == "ended":
            # The agent hung up while the request was in progress.
            self._send_end_request()

    def _on_dial_failed(self, sentence, kind="refused"):
        now = fields.Datetime.now()
        leg = self._get_customer_leg()
        if kind != "unknown":
            leg._advance(CallEvent("leg", status="ended", reason="failed", at=now))
        # Otherwise the customer's telephone may ring all the same: the leg's first event, or the
        # reconciliation, ends it.
        if kind == "caller_id_unknown" and self.caller_id_id:
            self.caller_id_id._set_state("lost")
            sentence = self.env._(
                "The caller ID %(number)s is no longer verified at Twilio. Choose another one, "
                "or verify it again.",
                number=self._format_number(self.caller_id_id.number),
            )
        self._apply_event(CallEvent("failed", reason=sentence, at=now, data={"by": "system"}))
