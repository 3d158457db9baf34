"""Outgoing calls. More than 600 lines, because each one passes the rules before anything rings."""

import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ...providers.base import CallEvent, ProviderError
from ...providers.voice_response import Gather, HangUp, Play
from ...tools.phone_number import (
    IMPOSSIBLE,
    NO_COUNTRY,
    PERSONAL,
    PREMIUM,
    SHARED_COST,
    UNLISTED,
    classify,
    get_digits,
    get_extension,
    get_region,
    is_emergency,
)
from ...tools.printable import printable
from ..arguments import check_arguments
from ..gate import door
from .after_commit import after_commit, run_later
from .telephony_call import SPARE_SECONDS
from .telephony_call_event import TEST

_logger = logging.getLogger(__name__)

# Seconds the customer's telephone rings.
RING_SECONDS = 30


class TelephonyRuleError(UserError):
    """A rule forbids a call, but the user may make it with a reason.

    The web client recognizes the error by its name, and asks for the reason.
    """


# Seconds for a leg to report when the answer to the request that dials it was lost.
REPORT_SECONDS = 10

# Seconds an agent's own telephone rings; most mailboxes answer later than that.
PHONE_SECONDS = 20

# Maximum custom phones that a call rings at the same time.
# https://www.twilio.com/docs/glossary/what-is-calls-per-second-cps
MOST_PHONES = 5

# Seconds to press the confirmation key.
KEY_SECONDS = 8

# Seconds after which the own telephone of an agent is connected, or has ended: the provider rings
# five seconds longer than asked, and speaks the question.
CONFIRM_SECONDS = PHONE_SECONDS + KEY_SECONDS + 17

# Seconds of music while a browser measures its connection, once a second.
TEST_SECONDS = 10


class TelephonyCall(models.Model):
    """Outgoing calls, the numbers that may be called, and the agent's own leg of every call."""

    _inherit = "telephony.call"

    activity_id = fields.Many2one(
        "mail.activity",
        "Due Activity",
        readonly=True,
        ondelete="set null",
        copy=False,
        index="btree_not_null",
        help="The due activity this call was made for.",
    )
    # The agent sends it: the greeting of an office exchange says when.
    extension = fields.Char(
        readonly=True, help="Keys that reach the customer behind an office exchange."
    )
    override_reason = fields.Char(
        readonly=True,
        help="Why an administrator called despite a rule.",
    )
    blacklist_reason = fields.Char(
        readonly=True,
        help="Why the user called a number that is on the phone blacklist.",
    )

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
        number_id=None,
    ):
        """Prepare a call to a customer; the browser then connects with the call's identifier.

        The number is stored here, so that the browser cannot make the provider dial another one.

        :param str number: number as typed, or as in the record
        :param int caller_id_id: verified caller ID that the user chose, if any
        :param str res_model: model of the record from which the call is made
        :param int res_id: identifier of that record
        :param str request_uuid: identifier that is the same for every repetition of one click
        :param str override_reason: reason to call a blacklisted number; from an administrator, also
            to override a rule
        :param int activity_id: due call of this call; a conversation completes it
        :param int number_id: company's number that the user chose to show, if any
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
        customer_number, sender_sudo, exception = self._decide_dialed(
            agent_sudo, number, record, (caller_id_id, number_id), override_reason
        )
        blacklist_reason = self._check_blacklist(customer_number, override_reason)
        self._lock_with_calls_of(agent_sudo)
        released_sudo = agent_sudo._reserve()
        # sudo: telephony.call - agents have no write access to calls; every value is decided here
        call_sudo = self.sudo().create(
            {
                **self._prepare_outgoing_values(
                    agent_sudo, customer_number, sender_sudo, record, request_uuid
                ),
                "extension": get_extension(number, get_region(customer_number)) or False,
                "is_sender_chosen": bool(caller_id_id or number_id),
                "override_reason": exception or False,
                "blacklist_reason": blacklist_reason or False,
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

    def _decide_dialed(self, agent, number, record, choice, override_reason):
        """Return the number to dial and what the customer sees.

        :param agent: calling agent, as superuser
        :param str number: number as typed
        :param record: record from which the call is made, or None
        :param tuple choice: identifiers of the caller ID and of the company's number that the user
            chose to show, or None
        :raise UserError: the number cannot or must not be called
        :return: the number; our number and the caller ID (or none); the override reason (or none)
        :rtype: tuple
        """
        emergency_number = agent._get_emergency_number(number)
        if emergency_number:
            # An administrator has registered the address. Such a call shows only that number; rules
            # do not block it, and it is never recorded (see `_get_recording_ban`).
            _logger.warning("User %s calls an emergency service.", self.env.uid)
            return get_digits(number), (emergency_number, self.env["telephony.caller.id"]), ""
        self._check_emergency(number, agent._get_emergency_numbers())
        customer_number = self._normalize_dialed(number, record)
        sender = agent._choose_sender(customer_number, *choice)
        return (
            customer_number,
            sender,
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

    @api.model
    def _get_dialed_activity(self, activity_id):
        """Return the due activity that a call is made for, if the user may complete it."""
        activity = self.env["mail.activity"]
        if activity_id:
            activity = activity.browse(activity_id).exists()
        is_due = activity.active and activity.activity_category == "phonecall"
        return activity if is_due and activity.has_access("write") else activity.browse()

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

    def _prepare_outgoing_values(self, agent, customer_number, sender, record, request_uuid):
        number, caller_id = sender
        partner, lead = self._associate(record, customer_number, agent.company_id)
        return {
            "account_id": number.account_id.id,
            "request_uuid": request_uuid or False,
            "direction": "outgoing",
            "from_number": caller_id.number or number.number,
            "to_number": customer_number,
            "customer_number": customer_number,
            "number_id": number.id,
            "caller_id_id": caller_id.id,
            "user_id": agent.user_id.id,
            "via": agent.call_via,
            "partner_id": partner.id,
            "lead_id": lead.id,
            **self.env["telephony.linked.model"]._prepare_outgoing(record, agent.company_id),
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

    @api.model
    def _associate(self, record, number, company):
        """Return the contact and the lead of an outgoing call.

        These are the given record, else the only open opportunity of the number, else its contact.

        :param record: the record from which the call is made, or None
        :param str number: E.164
        :return: the contact and the lead, each possibly empty
        """
        partner = self.env["res.partner"]
        lead = self.env["crm.lead"]
        if record is not None:
            if record._name == "crm.lead":
                lead = record
                partner = record.partner_id
            elif record._name == "res.partner":
                partner = record
            elif record._name in ("telephony.call", "telephony.callback"):
                partner, lead = record.partner_id, record.lead_id
            elif "partner_id" in record._fields:
                partner = record.partner_id
        # A contact of another company may be called, but the call is not linked to it.
        partner = partner.filtered(lambda found: self._is_of_company(found, company))
        lead = lead.filtered(lambda found: self._is_of_company(found, company))
        if not partner and not lead:
            # sudo: res.partner - the owner of a number does not depend on who dials it
            partner = self.env["res.partner"].sudo()._telephony_find(number, company)[:1]
        if not lead:
            lead = self.env["crm.lead"]._telephony_find(partner, number, company)
        return partner, lead

    @api.model
    def _is_of_company(self, record, company):
        """Return whether a call of a company may be linked to a record.

        :param record: a record, possibly empty, such as a contact or an opportunity
        :param company: the company of the call
        :rtype: bool
        """
        # sudo: res.partner, crm.lead, … - only the company is compared
        record_sudo = record.sudo()
        if "company_id" not in record._fields:
            return True
        return (
            record_sudo.filtered_domain(record_sudo._check_company_domain(company)) == record_sudo
        )

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
        if voice_request.is_test:
            return self._get_connection_test(account, agent, voice_request.leg_id)
        call = self.search(
            [("uuid", "=", voice_request.call_uuid), ("account_id", "=", account.id)]
        )
        end = None
        if agent and call:
            # A report about this leg that arrives meanwhile waits for this row.
            _event, end = self.env["telephony.call.event"]._record_first(
                account, voice_request.leg_id, call
            )
        if not call:
            # The page hears a standard sentence in the same way.
            playbacks = self.env["telephony.sentence.playback"]
            return playbacks._play(account, agent, voice_request) or call._refuse_browser()
        if not agent._is_entitled():
            return call._refuse_browser()
        if end:
            return call._refuse_browser("it has already left")
        return call._admit(agent, voice_request.leg_id)

    @api.model
    def _get_connection_test(self, account, agent, leg_id):
        """Return what a browser hears that tests its connection: music, which needs no call.

        The browser measures the network meanwhile. Nothing that the agent says is recorded.

        :param account: account of the connection
        :param agent: the agent who tests; empty if the identity is unknown
        :param str leg_id: the provider's id of the connection
        :return: a voice response
        :rtype: list
        """
        if not agent._is_entitled():
            return self._refuse_browser("only phone users may test their connection")
        # The report about the end of this leg names no call of ours.
        self.env["telephony.call.event"]._record_once(account, f"{leg_id}:voice", TEST)
        return [Play(account._get_sound_url(f"hold_music/{TEST_SECONDS}")), HangUp()]

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
        leg = self._add_browser_leg(agent, provider_leg_id, "agent")
        self._on_agent_connected()
        return leg

    def _add_browser_leg(self, agent, provider_leg_id, role, **values):
        """Return a new leg: that of a browser that is connected.

        :param str role: one of `tools.call_phases.ROLES`
        :param values: more values of the leg
        """
        now = fields.Datetime.now()
        return self.env["telephony.call.leg"].create(
            {
                "call_id": self.id,
                "account_id": self.account_id.id,
                "role": role,
                "user_id": agent.user_id.id,
                "label": self._get_label(role),
                "provider_leg_id": provider_leg_id,
                "status": "in_progress",
                "initiated_at": now,
                "answered_at": now,
                **values,
            }
        )

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
            "time_limit": self._get_time_limit(),
            "ends_conference": True,
            "status_url": url("status", call=self.uuid, leg=leg.id),
            "conference_url": url("conference", call=self.uuid),
        }
        try:
            return self._on_dial_done, (client.add_participant(self.uuid, values),)
        except ProviderError as error:
            if not error.unknown:
                _logger.warning("%s: the customer could not be called: %s", self.uuid, error.label)
                return self._on_dial_failed, (self.account_id._explain(error), error.kind)
            # The response was lost, and a repeated request would ring the customer twice.
            provider_leg_id = self._find_dialed(leg)
            if provider_leg_id:
                return self._on_dial_done, (provider_leg_id,)
            _logger.warning("%s: the answer to the call was lost: %s", self.uuid, error.label)
            return self._on_dial_unknown, ()

    def _find_dialed(self, leg):
        """Return the provider's identifier of a leg whose creation was not confirmed, or empty."""
        try:
            return self.account_id._get_client().find_participant(self.uuid, leg.label)
        except ProviderError:
            return ""

    def _on_dial_unknown(self):
        """Wait for a first report of the customer's leg, which may ring although no answer came."""
        if self.state != "ended" and not self._get_customer_leg().provider_leg_id:
            run_later(self, "_check_unknown_dial", REPORT_SECONDS)

    def _check_unknown_dial(self):
        """Look for the customer's leg if it has not reported."""
        if self.state != "ended" and not self._get_customer_leg().provider_leg_id:
            self._send_dial_check_request()

    @after_commit("leg_ids.initiated_at", repaired_by="_reconcile_missing_sid")
    def _send_dial_check_request(self):
        """Find the customer's leg in the conference.

        :return: the method that records the result
        """
        leg = self._get_customer_leg()
        if self.state == "ended" or leg.provider_leg_id:
            return None
        provider_leg_id = self._find_dialed(leg)
        if provider_leg_id:
            return self._on_dial_done, (provider_leg_id,)
        _logger.warning("%s: the customer could not be called: no leg was found", self.uuid)
        lost = ProviderError("No leg was found.", "unknown")
        return self._on_dial_failed, (self.account_id._explain(lost), lost.kind)

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
        if kind == "unknown" and leg.provider_leg_id:
            return  # it has reported meanwhile
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

    # ---------------------------------------------------------
    # NUMBERS THAT MAY BE CALLED
    # ---------------------------------------------------------

    # Rules on permitted calls. They are checked before anything rings.

    def _is_emergency(self):
        """Return whether the called party is an emergency service. Note: `self.ensure_one()`"""
        self.ensure_one()
        return is_emergency(self.customer_number, self.company_id.country_id.code) or bool(
            self.number_id and self.number_id._reaches_emergency(self.customer_number)
        )

    def _check_emergency(self, typed, numbers=None):
        """Refuse emergency numbers, which must be called from a telephone at a known address.

        :param str typed: number as typed
        :param numbers: numbers of ours with which other emergency services can be called
        :raise UserError: the number is an emergency number
        """
        if is_emergency(typed, self.env.company.country_id.code):
            raise UserError(self._get_emergency_refusal(numbers))

    def _get_emergency_refusal(self, numbers=None):
        if numbers:
            return self.env._(
                "With your number, only the emergency services of this country can be called: "
                "%(country)s. Use another phone.",
                country=numbers._get_country_names({get_region(n.number) for n in numbers}),
            )
        return self.env._(
            "Emergency numbers cannot be called from here because your location would be "
            "unknown. Use another phone."
        )

    # === GATE === #

    @api.model
    def _get_forbidden_destination(
        self, company, number, reason="", emergency_number=None, is_verification=False
    ):
        """Return why a company must not call a number; empty when it may.

        The one decision for every leg, however it begins. It is made when a number is entered and
        again when the leg is sent, because rules change.

        :param company: company whose rules apply
        :param str number: E.164, or the digits of an emergency service
        :param str reason: administrator's reason to override the company's rules
        :param emergency_number: our number for the call, if emergency services may be dialed with
            it
        :param bool is_verification: whether the call verifies a caller ID
        :return: a whole sentence, or an empty text
        :rtype: str
        """
        # sudo: res.company - the rules are not confidential
        company_sudo = company.sudo()
        reaches = emergency_number and emergency_number._reaches_emergency(number)
        if reaches or is_emergency(number, company_sudo.country_id.code):
            prepared = emergency_number and emergency_number.filtered("emergency_enabled")
            return "" if reaches and prepared else self._get_emergency_refusal(prepared)
        # sudo: telephony.number - the company's own numbers
        if (
            self.env["telephony.number"]
            .sudo()
            .search_count([("number", "=", number), ("company_id", "=", company.id)], limit=1)
        ):
            return self.env._("This is a number of your own company.")
        destination = classify(number)
        if destination.kind == IMPOSSIBLE:
            return self.env._("This number does not exist. Check it and try again.")
        if reason:
            return ""
        return self._get_forbidden_country(company_sudo, destination) or (
            self._get_forbidden_kind(company_sudo, destination.kind, is_verification)
        )

    def _get_forbidden_country(self, company, destination):
        policy = company.telephony_country_policy
        if policy == "all":
            return ""
        countries = company.country_id if policy == "own" else company.telephony_country_ids
        if not countries:
            return (
                self.env._(
                    "Calls to other numbers are blocked because your company has no country. Ask "
                    "your administrator to set the company's country, or to select the allowed "
                    "countries in the Telephony settings."
                )
                if policy == "own"
                else self.env._(
                    "No country is allowed. Ask your administrator to select the allowed countries "
                    "in the Telephony settings."
                )
            )
        if destination.regions & set(countries.mapped("code")):
            return ""
        country = self.env["res.country"].search(
            [("code", "in", list(destination.regions))], limit=1
        )
        return self.env._(
            "Your company does not allow calls to %(country)s.",
            country=country.name or self.env._("this destination"),
        )

    def _get_forbidden_kind(self, company, kind, is_verification):
        if company.telephony_block_premium:
            if kind == PREMIUM:
                return self.env._("Your company does not allow calls to premium-rate numbers.")
            if kind == PERSONAL:
                return self.env._(
                    "Your company does not allow calls to personal numbers, which cost extra."
                )
            if kind == NO_COUNTRY:
                return self.env._(
                    "Your company does not allow calls to satellite and international service "
                    "numbers."
                )
        if kind == SHARED_COST and not company.telephony_allow_shared_cost and not is_verification:
            return self.env._("Your company does not allow calls to shared-cost numbers.")
        if kind == UNLISTED and not company.telephony_allow_unlisted:
            return self.env._(
                "This number is not in any known number range. Check it, or ask your "
                "administrator to allow unlisted numbers."
            )
        return ""

    # === CALLS OF PHONE USERS === #

    def _get_broken_rule(self, agent, number):
        """Return the company's rule that forbids a call; empty when the call is allowed.

        :param agent: calling agent
        :param str number: E.164
        :rtype: str
        """
        return self._get_forbidden_destination(agent.company_id, number) or (
            self.env["telephony.dialed.leg"]._get_limit_reached(agent.company_id, agent.user_id)
        )

    def _check_rules(self, agent, number, override_reason):
        """Refuse a call that a rule forbids, unless an administrator gives a reason.

        :raise UserError: a rule forbids it
        :raise TelephonyRuleError: a rule forbids it, but a reason overrides the rule
        :return: the reason to store with the call, or an empty text
        :rtype: str
        """
        # Prohibitions that no reason overrides.
        sentence = self._get_forbidden_destination(agent.company_id, number, reason="any")
        if sentence:
            raise UserError(sentence)
        sentence = self._get_broken_rule(agent, number)
        if not sentence:
            return ""
        if not self.env.user.has_group("crm_telephony.group_manager"):
            raise UserError(sentence)
        reason = (override_reason or "").strip()
        if not reason:
            raise TelephonyRuleError(
                self.env._(
                    "%(rule)s As an administrator, you can still call if you enter a reason.",
                    rule=sentence,
                )
            )
        return reason

    @api.model
    def _check_blacklist(self, number, reason):
        """Ask for a reason before a number of Odoo's phone blacklist is called.

        :param str number: E.164
        :param str reason: the user's reason, if it was asked for
        :raise TelephonyRuleError: the number is on the list, and there is no reason
        :return: the reason to store with the call, or an empty text
        :rtype: str
        """
        # sudo: phone.blacklist - users who may call a number may know that it is on the list
        entry_sudo = self.env["phone.blacklist"].sudo().search([("number", "=", number)], limit=1)
        if not entry_sudo:
            return ""
        reason = (reason or "").strip()
        if not reason:
            raise TelephonyRuleError(
                self.env._(
                    "%(number)s has been on the phone blacklist since %(date)s: the customer does "
                    "not want to be contacted. You can still call if you enter a reason, such as "
                    "the customer's own request.",
                    number=self._format_number(number),
                    date=format_date(self.env, entry_sudo.write_date),
                )
            )
        return reason

    # ---------------------------------------------------------
    # CUSTOM PHONES
    # ---------------------------------------------------------

    # Calls of agents who use a telephone of their own in place of the browser.

    # === RINGING AN AGENT'S OWN TELEPHONE === #

    def _ring_own_phone(self, agent):
        """Ring the agent first; the customer is dialed once the agent has confirmed."""
        self._add_phone_leg(agent)
        self._add_timeline("phone_ringing", name=agent.user_id.name)

    def _ring_phones(self, offers):
        """Ring offers at the telephones of the agents who chose this, the first ones only.

        The provider starts one call a second, so a later telephone would hardly ring in time. The
        other agents are rung in their browsers.
        """
        own = offers.filtered(lambda offer: offer.agent_id._has_own_phone())
        for offer in own[:MOST_PHONES]:
            self._add_phone_leg(offer.agent_id, offer)

    def _add_phone_leg(self, agent, offer=None):
        """Ring the custom phone of an agent: for an offer, or for a call that is the agent's.

        :param agent: agent with a custom phone
        :param offer: the offer that rings there, if any
        """
        asked = bool(offer) and offer.transfer_id._is_consultation()
        transfer = offer.transfer_id if offer else self._get_transfer()
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
                "transfer_id": transfer.id,
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
                    "time_limit": self._get_time_limit() + SPARE_SECONDS,
                    "url": url("agent_phone", call=self.uuid, leg=leg.id),
                    "fallback_url": url("fallback", call=self.uuid, leg=leg.id),
                    "status_url": url("status", call=self.uuid, leg=leg.id),
                }
            )
        except ProviderError as error:
            _logger.warning("%s: the agent's telephone was not called: %s", self.uuid, error.label)
            if error.unknown:
                # The response was lost: the leg's first event, or the reconciliation, shows whether
                # it rings.
                return None
            return self._on_ring_failed, (leg_id, self.account_id._explain(error), error.kind)
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

    def _on_ring_failed(self, leg_id, sentence="", kind="refused"):
        """Record that the provider refused to dial a telephone.

        :param str sentence: the reason
        :param str kind: a key of `ERROR_KINDS`
        """
        if kind == "calls_limit":
            leg = self.leg_ids.filtered(lambda leg: leg.id == leg_id)
            leg.refusal = sentence
            self._on_line_missing(leg)
        self._apply_event(
            CallEvent(
                "leg", leg_id=leg_id, status="ended", reason="failed", at=fields.Datetime.now()
            )
        )

    def _on_line_missing(self, leg):
        """React to a telephone that the account could not carry besides its other calls."""

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
        lang = self._get_lang_of(agent)
        transfer = leg.offer_id.transfer_id
        values = {"name": self.with_context(lang=lang).customer_display}
        if transfer and transfer.state != "returning":
            code = "phone_transfer"
            values["user"] = transfer.user_id.name
        elif self.queue_callback_id and not self.answered_at:
            code = "phone_queue_callback"
        elif leg.offer_id or self.claimed_at:
            code = "phone_offer"
        else:
            code = "phone_call"
        url = self.account_id._get_webhook_url("agent_phone", call=self.uuid, leg=leg.id)
        return [Gather((self._say(lang, code, **values),), KEY_SECONDS, url), HangUp()]

    def _confirm_phone(self, leg, agent):
        """Connect an agent's telephone on which the key was pressed. Other packages add the reasons
        for which it rings.

        :return: a voice response
        :rtype: list
        """
        if self.state == "ended":
            return self._refuse_phone(agent, "caller_hung_up")
        leg.is_confirmed = True
        self._on_agent_connected()
        return [self._get_join(leg, ends_conference=False)]

    def _answer_guest(self, leg):
        """Connect an external number that has answered.

        :return: a voice response
        :rtype: list
        """
        return [HangUp()]

    def _refuse_phone(self, agent, code):
        return [self._say(self._get_lang_of(agent), code), HangUp()]

    def _get_lang_of(self, agent):
        """Return the language in which an agent's telephone speaks.

        :rtype: str
        """
        return self.account_id._get_spoken_lang(agent.user_id.lang)

    # === FROM THE STATE === #

    def _on_phone_refused(self, leg):
        """React to an agent's telephone that ended without the key being pressed.

        :return: the state the call should be in, or None
        """
        if self.state == "ended" or leg.offer_id or self._get_agent_legs()._is_alive():
            return None
        reasons = {
            "busy": self.env._("Your phone is busy. The customer was not called."),
            "failed": self.env._("Your phone cannot be reached. The customer was not called."),
        }
        self.write(
            {
                "ended_by": "agent",
                "failure_reason": leg.refusal
                or reasons.get(
                    leg.end_reason,
                    self.env._("You did not answer your phone. The customer was not called."),
                ),
            }
        )
        return "ended"
