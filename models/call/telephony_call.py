"""The call: states, phases, parties and payloads. Long, because every state moves the parties."""

import logging
import uuid as uuidlib
from datetime import timedelta

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from odoo.addons.phone_validation.tools import phone_validation

from ...providers.base import ProviderError
from ...providers.voice_response import Conference
from ...tools.call_phases import CallFacts, phase_of
from ...tools.call_states import (
    CALL_STATES,
    LEG_END_REASONS,
    call_target,
    is_legal,
    outcome_of,
)
from ...tools.phone_number import (
    get_region,
    get_timezone,
    plain_number,
    to_possible_e164,
)
from ...tools.transfer_states import THERE_STATES
from ..gate import add_created, assert_inside, get_created, is_attempt
from .after_commit import after_commit
from .telephony_call_event import TEST

_logger = logging.getLogger(__name__)

# Longest duration (s) of a call to an emergency service: the provider's maximum.
EMERGENCY_SECONDS = 24 * 3600
# Seconds by which the other parties may outlast a customer at the longest duration of a call: the
# customer leaves first, which ends the call for all.
SPARE_SECONDS = 60
# Seconds a caller waits for a lost agent to rejoin.
REJOIN_SECONDS = 30
# Seconds within which the provider usually reports that a caller has joined the conference.
ARRIVAL_SECONDS = 3
RECENT_COUNT = 20
# Outcomes of unanswered incoming calls.
UNANSWERED_OUTCOMES = ("missed", "abandoned", "voicemail", "declined", "failed", "queue_callback")


ANONYMIZED_AT_ONCE = 100
# The fields in which provider reports and users describe a person.
FIELDS_OF_PERSON = (
    "customer_number",
    "extension",
    "from_number",
    "to_number",
    "note",
    "failure_reason",
    "blacklist_reason",
    "override_reason",
    "partner_id",
    "lead_id",
    "res_model",
    "res_id",
    "message_id",
    "provider_call_id",
    "provider_conference_id",
    "caller_id_id",
    "caller_name",
    "caller_city",
    "caller_country_id",
    "diverted_from",
    "attestation",
)
LEG_FIELDS_OF_PERSON = (
    "number",
    "refusal",
    "provider_leg_id",
    "provider_queue_id",
    "provider_sound",
    "hold_conference_id",
)


class TelephonyCall(models.Model):
    """A conversation, from its first ring to its end.

    The provider owns the audio, this table owns the call. Only `_apply_event` writes its state; the
    other fields describe the parties, the times and the reasons.
    """

    _name = "telephony.call"
    _inherit = [
        "telephony.revision.mixin",
        "telephony.guard.mixin",
        "telephony.number.search.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _description = "Call"
    _order = "started_at desc, id desc"
    _rec_name = "display_name"
    # Readers of a call may write in its chatter and plan activities.
    _mail_post_access = "read"
    _rec_names_search = ["customer_number", "partner_id.name", "uuid"]
    # Fields that `_to_client` and `_to_live` show, or that determine the phase. Without the note:
    # the page that edits it is always ahead of any payload.
    _shown_fields = frozenset(
        {
            "answered_at",
            "queue_callback_id",
            "caller_id_id",
            "deadline_at",
            "customer_number",
            "disposition_id",
            "duration",
            "ended_at",
            "failure_reason",
            "lead_id",
            "number_id",
            "outcome",
            "held_at",
            "partner_id",
            "queue_id",
            "recording_announced_at",
            "res_id",
            "state",
            "step_id",
            "user_id",
            "via",
        }
    )

    # Fields that users may correct after the call, see `_check_correction`.
    _correctable_fields = frozenset()

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
    is_sender_chosen = fields.Boolean(
        "Sender Chosen",
        readonly=True,
        help="Whether the phone user chose for this call what the customer sees.",
    )
    shown_as = fields.Char(
        compute="_compute_shown_as", help="The number that the customer saw as the caller."
    )
    partner_id = fields.Many2one(
        "res.partner", "Contact", ondelete="set null", index="btree_not_null", check_company=True
    )
    lead_id = fields.Many2one(
        "crm.lead", "Opportunity", ondelete="set null", index="btree_not_null", check_company=True
    )
    # A record of another model than contacts and opportunities, see `telephony.linked.model`.
    res_model = fields.Char("Model of the Linked Record", readonly=True, copy=False)
    res_id = fields.Many2oneReference(
        "Linked Record", model_field="res_model", readonly=True, copy=False
    )
    linked_record = fields.Reference(
        "_get_linked_selection", "About", compute="_compute_linked_record"
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
    # Steps since the caller last waited; the limit ends a flow that runs in circles.
    step_count = fields.Integer(readonly=True, copy=False)
    started_at = fields.Datetime(
        required=True, readonly=True, default=fields.Datetime.now, index=True
    )
    claimed_at = fields.Datetime(readonly=True)
    # Deadline for the agent to connect, or to reconnect.
    deadline_at = fields.Datetime("Deadline", readonly=True)
    answered_at = fields.Datetime(readonly=True)
    ended_at = fields.Datetime(readonly=True)
    duration = fields.Integer("Talk Time (Seconds)", readonly=True, aggregator="sum")
    wait_duration = fields.Integer("Wait Time (Seconds)", readonly=True, aggregator="avg")
    note = fields.Text("Summary")
    message_id = fields.Many2one("mail.message", readonly=True, ondelete="set null")
    # One transaction at a time writes a call's row, so revisions follow the order of commits.
    revision = fields.Integer(readonly=True, copy=False)
    leg_ids = fields.One2many("telephony.call.leg", "call_id", "Call Legs", readonly=True)
    offer_ids = fields.One2many("telephony.offer", "call_id", "Offers", readonly=True)
    transfer_ids = fields.One2many("telephony.transfer", "call_id", "Transfers", readonly=True)
    recording_ids = fields.One2many("telephony.recording", "call_id", "Recordings", readonly=True)
    event_ids = fields.One2many(
        "telephony.call.event",
        "call_id",
        "Events",
        readonly=True,
        groups="crm_telephony.group_manager",
    )
    timeline_ids = fields.One2many(
        "telephony.call.timeline", "call_id", "Timeline Rows", readonly=True
    )
    # The right to read a call includes its timeline.
    timeline = fields.Text(compute="_compute_timeline", compute_sudo=True)
    anonymized_at = fields.Datetime("Anonymized On", readonly=True, copy=False)
    anonymized_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        ondelete="set null",
        help="Empty if the call was anonymized by the company's retention period.",
    )
    # What the telephone network says about an incoming call. The caller's side chooses it.
    caller_name = fields.Char(
        readonly=True, help="As shown by the caller's phone network. Not verified."
    )
    caller_city = fields.Char(readonly=True)
    caller_country_id = fields.Many2one("res.country", readonly=True)
    diverted_from = fields.Char(
        readonly=True, help="The number that was dialed, if it was diverted to the company's."
    )
    attestation = fields.Selection(
        [
            ("verified", "Verified"),
            ("unverified", "Not verified"),
            ("failed", "Verification failed"),
        ],
        "Number Verification",
        readonly=True,
        help="Whether the caller's carrier confirms that the caller may use this number "
        "(SHAKEN/STIR). Carriers in the United States, Canada and France take part.",
    )
    failure_message = fields.Char(
        "Failure", compute="_compute_failure_message", help="Why the customer was not reached."
    )
    customer_display = fields.Char("Contact or Number", compute="_compute_customer_display")
    number_display = fields.Char("Phone", compute="_compute_number_display")
    diverted_display = fields.Char("Diverted From (Formatted)", compute="_compute_number_display")
    duration_display = fields.Char("Duration", compute="_compute_duration_display")
    is_mine = fields.Boolean(
        "Mine or Missed",
        compute="_compute_is_mine",
        search="_search_is_mine",
        help="The current user had, handed over, or missed this call.",
    )
    matching_partner_ids = fields.Many2many(
        "res.partner",
        string="Matching Contacts",
        compute="_compute_matching_partner_ids",
        compute_sudo=True,
        groups=fields.NO_ACCESS,
    )

    _uuid_unique = models.Constraint("UNIQUE (uuid)", "The UUID of a call must be unique.")
    _request_unique = models.UniqueIndex("(user_id, request_uuid) WHERE request_uuid IS NOT NULL")
    _provider_call_unique = models.UniqueIndex(
        "(account_id, provider_call_id) WHERE provider_call_id IS NOT NULL"
    )
    _linked_index = models.Index("(res_model, res_id) WHERE res_id IS NOT NULL")
    _running_index = models.Index("(user_id) WHERE state != 'ended'")
    _to_anonymize_index = models.Index(
        "(started_at) WHERE state = 'ended' AND anonymized_at IS NULL"
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "customer_number", "anonymized_at")
    def _compute_customer_display(self):
        for call in self:
            # sudo: telephony.call - a reader of the call may read the customer's name
            call.customer_display = (
                call.sudo().partner_id.display_name
                or self._format_number(call.customer_number)
                or (call.anonymized_at and self.env._("Anonymized"))
                or self.env._("Hidden number")
            )

    @api.depends("customer_number", "diverted_from")
    def _compute_number_display(self):
        for call in self:
            call.number_display = self._format_number(call.customer_number)
            call.diverted_display = self._format_number(call.diverted_from)

    @api.depends("direction", "from_number")
    def _compute_shown_as(self):
        for call in self:
            is_ours = call.direction == "outgoing"
            call.shown_as = is_ours and self._format_number(call.from_number)

    @api.model
    def _get_linked_selection(self):
        linked = self.env["telephony.linked.model"]
        return [(name, linked._get_label(name)) for name in linked._get_others()]

    @api.depends("res_model", "res_id")
    @api.depends_context("uid")
    def _compute_linked_record(self):
        for call in self:
            record = call._get_linked_record()
            is_shown = record is not None and record.has_access("read")
            call.linked_record = record if is_shown else False

    @api.depends("customer_display", "direction")
    def _compute_display_name(self):
        for call in self:
            pattern = (
                self.env._("Call from %(name)s")
                if call.direction == "incoming"
                else self.env._("Call to %(name)s")
            )
            call.display_name = pattern % {"name": call.customer_display}

    @api.depends("leg_ids.failure", "leg_ids.failure_code", "outcome")
    @api.depends_context("lang")
    def _compute_failure_message(self):
        for call in self:
            # sudo: telephony.call - a reader of the call may read why it failed
            customer_sudo = call.sudo()._get_customer_leg()
            is_failed = customer_sudo and call.outcome != "answered"
            call.failure_message = is_failed and customer_sudo._get_failure_message()

    @api.depends("duration")
    def _compute_duration_display(self):
        for call in self:
            minutes, seconds = divmod(call.duration or 0, 60)
            hours, minutes = divmod(minutes, 60)
            call.duration_display = (
                f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
            )

    @api.depends("user_id", "state", "recipient_ids", "offer_ids", "transfer_ids")
    @api.depends_context("uid")
    def _compute_is_mine(self):
        mine = self.search([("id", "in", self.ids), ("is_mine", "=", True)])
        for call in self:
            call.is_mine = call in mine

    def _search_is_mine(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        return self._get_mine_domain(self.env.user)

    @api.depends("customer_number", "company_id")
    def _compute_matching_partner_ids(self):
        for call in self:
            call.matching_partner_ids = self.env["res.partner"]._telephony_find_all(
                call.customer_number, call.company_id
            )

    @api.depends("timeline_ids.text")
    @api.depends_context("lang", "tz")
    def _compute_timeline(self):
        for call in self:
            call.timeline = "".join(
                f"{fields.Datetime.context_timestamp(call, row.at):%H:%M:%S} {row.text}\n"
                for row in call.timeline_ids
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        calls = super(TelephonyCall, self._untracked()).create(vals_list).with_env(self.env)
        add_created(calls)
        return calls

    def write(self, vals):
        corrected = not self.env.su and self._correctable_fields.intersection(vals)
        if not corrected:
            return super(TelephonyCall, self._untracked()).write(vals)
        vals = self._check_correction(vals)
        result = super().write(vals)
        # sudo: telephony.call - what follows from a correction that has just been checked
        self.sudo()._on_corrected(corrected)
        return result

    def _untracked(self):
        """Return these calls in a context in which the chatter tracks users' changes only.

        The system writes a call several times a second. Nobody follows these changes in the
        chatter, and the caller would wait for the messages.
        """
        if not self.env.su or self.env.context.get("tracking_disable"):
            return self
        return self.with_context(tracking_disable=True)

    # === NUMBERS === #

    @api.model
    def _normalize(self, number, country):
        """Return a typed number in E.164.

        :param str number: number as written
        :param country: country whose national notation applies (`res.country`)
        :return: the number, or an empty text when it is invalid
        :rtype: str
        """
        written = plain_number(str(number or ""))
        try:
            return phone_validation.phone_format(
                written, country.code or None, country.phone_code or None, force_format="E164"
            )
        except UserError:
            # Metadata lags behind newly assigned ranges, so any possible number in international
            # format is accepted.
            return to_possible_e164(written)

    @api.model
    def _format_number(self, number):
        """Return an E.164 number in readable form, as `+32 470 12 34 56`."""
        if not number:
            return ""
        return phone_validation.phone_format(
            number, None, None, force_format="INTERNATIONAL", raise_exception=False
        )

    # === FROM THE WEBHOOKS === #

    def _take_in(self, account, number, voice_request):
        """Create the call record.

        :param account: the account that received the call
        :param number: the number that was called
        :param VoiceRequest voice_request: request of the provider
        :return: the call; an empty recordset if it exists already
        """
        event, end = self.env["telephony.call.event"]._record_first(account, voice_request.leg_id)
        if not event:
            return self.browse()
        caller = self._get_caller(account, voice_request)
        partners = self.env["res.partner"]._telephony_find_all(caller, account.company_id)
        partner = partners._telephony_choose(account.company_id)[:1]
        call = self.create(
            self._prepare_incoming_values(account, number, voice_request, caller, partner)
        )
        # The agents' cards show them, and need not find them again. An assignment would compute the
        # value that it replaces.
        self._fields["matching_partner_ids"]._update_cache(call, partners._ids)
        event.call_id = call
        if end:
            call._get_customer_leg()._advance(end)
        return call

    def _get_caller(self, account, voice_request):
        """Return the caller's number in E.164, empty if it is withheld."""
        caller = voice_request.caller
        # A number with a country code needs no default country, so the company's one is not read.
        country = account.company_id.country_id if caller[:1] != "+" else self.env["res.country"]
        return self._normalize(caller, country)

    def _prepare_incoming_values(self, account, number, voice_request, caller, partner):
        now = fields.Datetime.now()
        company = account.company_id
        lead = self.env["crm.lead"]._telephony_find(partner, caller, company)
        linked = self.env["telephony.linked.model"]._prepare_incoming(
            partner, lead, caller, company
        )
        return {
            "account_id": account.id,
            "provider_call_id": voice_request.leg_id,
            "direction": "incoming",
            "from_number": voice_request.caller or False,
            "to_number": number.number,
            "customer_number": caller or False,
            "number_id": number.id,
            "flow_id": number.flow_id.id,
            "partner_id": partner.id,
            "lead_id": lead.id,
            "started_at": now,
            **linked,
            **self._prepare_network_values(voice_request),
            "leg_ids": [
                fields.Command.create(
                    {
                        "account_id": account.id,
                        "role": "customer",
                        "label": "customer",
                        "number": caller or False,
                        "provider_leg_id": voice_request.leg_id,
                        "status": "in_progress",
                        "initiated_at": now,
                        "ringing_at": now,
                    }
                )
            ],
        }

    @api.model
    def _prepare_network_values(self, voice_request):
        """Return what the telephone network says about an incoming call, as field values."""
        country = self.env["res.country"]
        if voice_request.caller_country:
            country = country.search([("code", "=", voice_request.caller_country)], limit=1)
        values = {
            "caller_name": voice_request.caller_name,
            "caller_city": voice_request.caller_city.title(),
            "caller_country_id": country.id,
            "diverted_from": voice_request.diverted_from
            and self._normalize(voice_request.diverted_from, self.env["res.country"]),
            "attestation": voice_request.attestation,
        }
        return {name: value for name, value in values.items() if value}

    @api.model
    def _process_event(self, account, event):
        """Apply an event of the provider once.

        :param account: account that sent the event
        :param CallEvent event: event to apply
        """
        call = self._record_event(account, event)
        if call:
            call._handle_report(event)

    @api.model
    def _record_event(self, account, event):
        """Record an event of the provider, and lock its call.

        :param account: account that sent the event
        :param CallEvent event: the event
        :return: the call; an empty recordset if the event is unknown or was applied before
        """
        events = self.env["telephony.call.event"]
        leg = self.env["telephony.call.leg"]._match(account, event)
        if not leg:
            # A caller who hangs up at once can overtake the call's first webhook.
            first = f"{event.provider_leg_id}:voice"
            if event.kind == "leg" and event.status == "ended" and not event.leg_id:
                if events._keep_end(account, event):
                    _logger.info("The end of a leg is kept for its first webhook: %s", event.key)
                    return self.browse()
            else:
                events._wait_for(account, first)
            kind = events._get_kind(account, first)
            if kind == TEST:
                _logger.info("The test of a browser's connection is over: %s", event.key)
            elif kind in LEG_END_REASONS:
                _logger.info("The leg has ended before its first webhook: %s", event.key)
            elif kind:
                _logger.info("A browser that was refused has left: %s", event.key)
            else:
                # It is not recorded, so that it can be delivered again once the leg is known.
                _logger.warning("An event names an unknown leg: %s", event.key)
            return self.browse()
        # Events of one call arrive together. Lock first, so that a lost race costs no work.
        leg.call_id._lock()
        if not events._record_once(account, event.key, event.kind, event.at, leg.call_id):
            _logger.info("An event was delivered again: %s", event.key)
            return self.browse()
        return leg.call_id

    # === PHASE === #

    def _get_phase(self):
        """Return what this call really is now, see `tools.call_phases`.

        Note: `self.ensure_one()`

        :rtype: Phase
        """
        self.ensure_one()
        return phase_of(CallFacts(**self._get_phase_facts()))

    def _get_phase_facts(self):
        """Return the facts that determine the phase. Each package adds its own with `super()`.

        :return: the fields of `CallFacts`
        :rtype: dict
        """
        return {
            "state": self.state,
            "direction": self.direction,
            "is_answered": bool(self.answered_at),
            "is_connected": self._is_other_party_connected(),
            "is_held": bool(self.held_at),
            "is_claimed": bool(self.user_id),
        }

    # === STATE TRANSITIONS === #

    def _apply_event(self, event):
        """Apply an event to this call. The only writer of its state.

        Note: `self.ensure_one()`

        :param CallEvent event: event to apply
        :return: whether the call's state changed
        :rtype: bool
        """
        self.ensure_one()
        assert_inside(self)
        target = getattr(self, f"_apply_{event.kind}")(event)
        if not target:
            return False
        return self._move_to(target, event)

    def _move_to(self, target, event):
        if target == self.state:
            _logger.info("%s: %s repeated, state unchanged", self.uuid, target)
            return False
        if not is_legal(self.state, target):
            # A late event of an ended call is expected; any other impossible transition is not.
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
        for react in self._get_reactions():
            react()
        hook = getattr(self, f"_on_{self.state}", None)
        if hook:
            hook()
        self._notify()

    def _end(self, values):
        """End this call even if a part of the end fails: an ended call must not continue here.

        :param dict values: values written at the end
        """
        if is_attempt(self.env.cr):
            self._enter_state(values)
            return
        uuid = self.uuid
        self.env.flush_all()
        try:
            with self.env.cr.savepoint():
                self._enter_state(values)
        except (OperationalError, ConcurrencyError):
            raise
        except Exception:
            _logger.exception("%s: the end failed and is written part by part", uuid)
            self._end_alone(values)

    def _get_end_values(self, event):
        customer = self._get_customer_leg()
        answered_at = self.answered_at or (
            (self.direction == "outgoing" and customer.answered_at) or False
        )
        ended_by = self.ended_by or event.data.get("by") or "customer"
        state = self.state
        if ended_by == "customer" and self._has_left_before_talk(event):
            state, answered_at = self._get_state_before_talk(), False
        # The provider's clock differs from ours; a caller may also leave before the first webhook.
        ended_at = max(event.at, answered_at or self.started_at)
        duration = int((ended_at - answered_at).total_seconds()) if answered_at else 0
        reason = event.reason if event.kind == "failed" else self.failure_reason
        if event.kind == "leg" and duration >= self._get_time_limit() - 1:
            reason = reason or self._get_time_limit_message()
        return {
            "ended_at": ended_at,
            "answered_at": answered_at,
            "ended_by": ended_by,
            "deadline_at": False,
            "held_at": False,
            "failure_reason": reason,
            # Time after the conversation, as in a voicemail, is not talk time.
            "duration": duration if state == "in_progress" else self.duration or duration,
            "wait_duration": max(
                0, int(((answered_at or ended_at) - self.started_at).total_seconds())
            ),
            "outcome": self.outcome
            or outcome_of(
                self.direction, state, bool(answered_at), customer.end_reason or "", ended_by
            ),
        }

    def _has_left_before_talk(self, event):
        """Return whether the caller hung up before being connected to the agent.

        The call counts as answered once the response that connects the caller is sent, because the
        report that the caller has joined may be late or lost. If the call ends right after that
        response and no such report has arrived, the caller never joined. If the report arrives
        later, `_apply_join` corrects the outcome.

        :param CallEvent event: the event that ends this call
        :rtype: bool
        """
        return bool(
            self.direction == "incoming"
            and self.state == "in_progress"
            and not self._get_customer_leg().joined_at
            and event.at < self._get_arrival_deadline()
        )

    def _get_arrival_deadline(self):
        """Return when the caller has joined the conference, even if no report says so.

        :rtype: datetime
        """
        return self.answered_at + timedelta(seconds=ARRIVAL_SECONDS)

    def _get_state_before_talk(self):
        """Return the state in which an incoming call waited for its agent."""
        return "ringing"

    # === EVENT HANDLERS: RETURN THE NEXT STATE === #

    def _apply_leg(self, event):
        leg = self._match_leg(event)
        if not leg:
            return None
        moved = leg._advance(event)
        if self.state == "ended":
            self._on_late_leg(leg)
        return self._leg_moved(leg, event) if moved else None

    def _leg_moved(self, leg, event):
        """Return the state that the new status of a leg requires.

        Each role of a leg has a method `_on_<role>_moved`.

        :return: the required state, or None
        """
        return getattr(self, f"_on_{leg.role}_moved")(leg, event)

    def _on_customer_moved(self, leg, _event):
        if leg.status == "ended" and leg.failure_code and not self.answered_at:
            reason = self.env["telephony.call.timeline"]._get_in_languages(
                leg, lambda leg: leg._get_failure_message()
            )
            self._add_timeline("customer_not_reached", reason=reason)
        return None if leg.is_released else call_target(self.direction, leg.role, leg.status)

    def _on_agent_moved(self, leg, event):
        if leg.is_released:
            return None
        if leg.status == "ended":
            return self._on_agent_left(event) if leg.is_confirmed else self._on_phone_refused(leg)
        self._notify_participants()
        return None

    def _on_late_leg(self, leg):
        """Update this ended call from an event that arrives late."""
        answered_at = leg.answered_at
        if (
            leg.role == "customer"
            and self.direction == "outgoing"
            and answered_at
            and (answered_at < self.ended_at and answered_at != self.answered_at)
        ):
            self._answer_late(answered_at)
        if leg._is_alive() and leg.provider_leg_id:
            # The leg was dialed while the call ended; no agent is left to talk to.
            self._send_end_request()

    def _answer_late(self, answered_at):
        """Record in this ended call that the parties talked, which an event proves only now.

        :param datetime answered_at: since when (UTC)
        """
        is_news = not self.answered_at
        self.write(
            {
                "answered_at": answered_at,
                "outcome": "answered",
                "duration": max(0, int((self.ended_at - answered_at).total_seconds())),
                "wait_duration": max(0, int((answered_at - self.started_at).total_seconds())),
            }
        )
        self._on_late_answer(is_news)
        self._notify()

    def _apply_join(self, event):
        leg = self._match_leg(event)
        # Write the leg before the call, as every other event does; the opposite lock order can
        # deadlock.
        if leg and (not leg.joined_at or leg.joined_at > event.at):
            leg.joined_at = event.at
            leg._write_first()
        self._save_conference(event.conference_id)
        if leg.role == "customer":
            if self.state == "ended" and self.outcome in ("missed", "abandoned"):
                self._answer_late(event.at)
            self._on_customer_joined()

    def _save_conference(self, conference_id):
        """Save the provider's identifier of the conference if it is new."""
        if conference_id and self.provider_conference_id != conference_id:
            self.provider_conference_id = conference_id

    def _apply_leave(self, event):
        leg = self._match_leg(event)
        if leg and (not leg.left_at or leg.left_at < event.at):
            leg.left_at = event.at
            leg.left_reason = event.data.get("reason") or leg.left_reason
            leg._write_first()

    def _apply_hold(self, event):
        self._update_hold(event, True)

    def _apply_unhold(self, event):
        self._update_hold(event, False)

    def _update_hold(self, event, on_hold):
        leg = self._match_leg(event)
        if not self.provider_conference_id:
            # The event of the first participant was lost.
            self._save_conference(event.conference_id)
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
            self._on_interruption_changed()
            self._notify()

    def _apply_routed(self, event):
        return "routing"

    def _apply_offered(self, event):
        return "ringing"

    def _apply_joined(self, event):
        return "in_progress"

    def _apply_hung_up(self, event):
        self.ended_by = self.ended_by or event.data["by"]
        return "ended"

    def _apply_failed(self, event):
        return "ended"

    def _on_agent_left(self, event):
        """Return the state that the end of an agent's leg requires.

        :return: the required state, or None
        """
        if self.state == "ended" or self._get_agent_legs()._is_alive():
            return None
        customer = self._get_customer_leg()
        if not customer._is_alive():
            return None
        if self.direction == "outgoing" and customer.status != "in_progress":
            # No agent is left for the customer whose telephone rings.
            self.ended_by = "agent"
            return "ended"
        if self.state == "in_progress":
            self._on_agents_lost()
        return None

    # === LOCKS AND LEGS === #

    def _lock(self):
        """Lock these calls and their legs.

        Lock order: legs by id, then calls by id, as for every event; any other order can deadlock.
        """
        # No other transaction sees a call that this one has created.
        ids = tuple(set(self.ids) - get_created(self.env.cr))
        if not ids:
            return
        assert_inside(self)
        # A concurrent transaction fails to serialize and is retried. FOR NO KEY UPDATE still allows
        # rows that refer to these, such as the record of an event. A lost race is expected and not
        # logged.
        self.env.cr.execute(
            SQL(
                """WITH leg AS (SELECT id FROM telephony_call_leg WHERE call_id IN %(ids)s
                               ORDER BY id FOR NO KEY UPDATE)
             SELECT id FROM telephony_call
              WHERE id IN %(ids)s AND (SELECT count(*) FROM leg) >= 0
              ORDER BY id FOR NO KEY UPDATE""",
                ids=ids,
            ),
            log_exceptions=False,
        )

    def _get_customer_leg(self):
        return self.leg_ids.filtered(lambda leg: leg.role == "customer")[:1]

    def _match_leg(self, event):
        """Return the leg that an event of this call names, if any; see `_match`."""
        # The call's legs are loaded anyway, which usually saves a search.
        legs = self.leg_ids.filtered(
            lambda leg: leg.provider_leg_id and leg.provider_leg_id == event.provider_leg_id
        )
        return legs or self.env["telephony.call.leg"]._match(self.account_id, event)

    def _get_agent_legs(self):
        return self.leg_ids.filtered(lambda leg: leg.role == "agent" and not leg.is_released)

    def _get_transfer(self):
        """Return the open transfer, or an empty recordset."""
        return self.transfer_ids.filtered(lambda transfer: transfer._is_open())[:1]

    def _get_consulted_legs(self):
        return self.leg_ids.filtered(lambda leg: leg.role == "consulted")

    def _get_ringing_guest(self):
        """Return the legs of the external number that the open transfer rings."""
        return self._get_consulted_legs().filtered(
            lambda leg: leg._is_alive() and leg.transfer_id == self._get_transfer()
        )

    def _is_ringing(self):
        """Return whether the call rings at an agent, or at the external number of a transfer."""
        return bool(self._get_open_offers() or self._get_ringing_guest())

    def _get_open_offers(self):
        return self.offer_ids.filtered(lambda offer: offer.state == "offered")

    def _is_other_party_connected(self):
        """Return whether another party is in the conference with whom the customer can talk."""
        return (self._get_agent_legs() | self._get_consulted_legs())._is_connected()

    def _get_label(self, role):
        """Return a conference label that no leg of this call has used."""
        return f"{role}-{sum(leg.label.startswith(role) for leg in self.leg_ids) + 1}"

    def _get_join(self, leg, ends_conference, muted=False, coach=""):
        return Conference(
            self.uuid,
            leg.label,
            ends_conference,
            self.account_id._get_webhook_url("conference", call=self.uuid),
            muted,
            coach,
            self._get_time_limit() + (0 if ends_conference else SPARE_SECONDS),
        )

    def _get_time_limit(self):
        """Return the longest duration of a conversation, in seconds.

        The provider ends each leg after it. A leg that we have lost, because this server does not
        run, would cost money until then.
        https://www.twilio.com/docs/voice/twiml/dial#timelimit

        :rtype: int
        """
        if self.direction == "outgoing" and self._is_emergency():
            return EMERGENCY_SECONDS
        # sudo: res.company - the rules are not confidential
        return self.company_id.sudo().telephony_longest_call * 60

    def _get_time_limit_message(self):
        """Return the sentence that explains the end of a call by `_get_time_limit`."""
        return self.env._(
            "The call was ended because it reached your company's limit of %(minutes)s minutes.",
            minutes=formatLang(self.env, self._get_time_limit() // 60, digits=0),
        )

    @api.model
    def _flush_assigned(self):
        """Write the pending changes by which calls occupy agents, or cease to.

        The row of a call without an agent says nothing about agents, and is written later, once.
        """
        dirty = self.env.transaction.field_dirty
        changed = self.browse(dirty.get(self._fields["user_id"], ()))
        moved = self.browse(dirty.get(self._fields["state"], ())).filtered("user_id")
        if changed or moved:
            self.flush_model(["user_id", "state"])

    # === TIMELINE === #

    def _add_timeline(self, code, **values):
        """Add a row to the timeline of this call.

        Note: `self.ensure_one()`

        :param str code: a key of `telephony.call.timeline._get_texts`
        :param values: the values of its sentence: texts, numbers, and sentences in several
            languages, see `_get_in_languages`
        """
        self.ensure_one()
        self.env["telephony.call.timeline"].create(
            {"call_id": self.id, "code": code, "values": values}
        )

    # === HOOKS === #

    def _get_reactions(self):
        """Return the methods that react to a new state, in order.

        Note: they are methods and not one hook, so that `_end_alone` can isolate them.

        :rtype: list
        """
        return []

    def _on_in_progress(self):
        """React to the moment at which both parties can talk."""

    def _on_agent_connected(self):
        """Dial the customer, or connect the waiting customer, now that the agent is connected."""
        customer = self._get_customer_leg()
        self.deadline_at = False
        if self.direction == "outgoing" and customer.status == "new" and not customer.initiated_at:
            customer.initiated_at = fields.Datetime.now()
            self._send_dial_request()
        else:
            self._move_customer(self._send_connect_request)
        self._on_interruption_changed()
        self._notify_participants()

    def _on_customer_joined(self):
        """React to the customer's arrival in the conference."""

    def _say(self, lang, code, **values):
        """Return a standard sentence, see `telephony.speech`.

        :param str lang: code of the wanted language, or empty
        :param str code: a key of `telephony.speech._get_sentences`
        :param values: values of its placeholders
        :rtype: Say or Play
        """
        return self.env["telephony.speech"]._say(self.account_id, lang, code, **values)

    def _make_join_announcement(self):
        """Return what the customer hears before the conversation.

        :return: a voice response
        :rtype: list
        """
        return []

    def _on_interruption_changed(self):
        """React to the beginning or the end of an interruption, such as a hold."""

    def _on_agents_lost(self):
        """React to the loss of the last agent's leg while the customer is connected."""

    def _advance_if_unoffered(self):
        """Offer these calls to the next agents, or advance their callers, if they ring nowhere."""

    def _on_late_answer(self, is_news):
        """React to the proof, received after the end, that the parties talked.

        :param bool is_news: whether this call was recorded as not answered
        """

    def _set_outcome(self, outcome):
        """Set the outcome of this call, which may have ended already.

        :param str outcome: a value of `outcome`
        """
        self.outcome = outcome
        if self.state == "ended":
            self._on_late_outcome()

    def _on_late_outcome(self):
        """React to an outcome that became known after the end."""

    def _check_correction(self, vals):
        """Check that the current user may correct these calls in this way.

        :param dict vals: the values to write
        :raise AccessError: a call is not the user's own
        :raise UserError: a call has not ended or was anonymized, or a value does not fit it
        :return: the values to write, with those that follow from them
        :rtype: dict
        """
        return vals

    def _on_corrected(self, names):
        """React to a correction by a user.

        :param set names: the corrected fields
        """

    def _on_ended(self):
        for conclude in self._get_conclusions():
            conclude()

    def _get_conclusions(self):
        """Return the methods that conclude an ended call, in order.

        :rtype: list
        """
        return [self._end_offers, self._end_legs, *self._get_follow_ups(), self._free_agents]

    def _get_follow_ups(self):
        """Return the methods that follow an ended call up before its agents are free, in order.

        :rtype: list
        """
        return []

    def _end_offers(self):
        # `_free_agents` notifies the agents of their states.
        self.offer_ids._close("withdrawn", "canceled", notify=False)

    def _end_legs(self):
        self._drop_phone_legs(self._get_agent_legs())
        # A customer who leaves the room ends it for all; one who never joined leaves the others
        # there.
        has_joined = self._get_customer_leg().joined_at
        if (self.ended_by != "customer" or not has_joined) and self.leg_ids._is_alive():
            self._send_end_request()

    def _get_agent(self):
        """Return the agent of this call, or an empty recordset."""
        return self.user_id._get_telephony_agents(self.company_id)

    def _free_agents(self):
        """Free the agents of this call, and the agents it rang, for the next caller."""
        agents = self.offer_ids.agent_id | self._get_agent()
        if self.answered_at:
            # An agent who has talked moves to the end of the ring order.
            self._get_agent().last_call_at = fields.Datetime.now()
        agents._notify_change()
        agents._offer_waiting_calls()

    def _notify(self):
        """Notify all pages that show this call of its current state."""
        self._notify_participants()

    def _get_participants(self):
        """Return the users who take part in this call and see it in the softphone."""
        return self.user_id

    def _notify_participants(self):
        """Notify the participants of the current state of this call.

        Sufficient for changes that the live lists do not show; those reach every page of the
        company.
        """
        for call in self:
            for user in call._get_participants()._filter_phone_users(call.company_id):
                [payload] = call.with_env(user._telephony_env(call.company_id))._to_client()
                user._bus_send("telephony/call_updated", payload)

    # === MOVES OF THE PARTIES === #

    def _move_customer(self, send_request, **values):
        """Have the provider move the customer's leg, and save the time.

        :param send_request: a `_send_…_request` method of this call
        :param values: the new values of the leg
        """
        customer = self._get_customer_leg()
        customer.write({**values, "moved_at": fields.Datetime.now()})
        customer._write_first()
        send_request()

    def _wait_again(self):
        """Move the customer from the conference to the waiting room."""
        # Leaving the conference ends the hold; its status report may arrive late.
        self._move_customer(self._send_wait_request, on_hold=False, provider_queue_id=False)
        self.hold_wanted = False

    def _release_agent_legs(self):
        """Release the legs of the agent, so that their end does not affect the call."""
        self._release_legs(self._get_agent_legs())

    def _release_legs(self, legs):
        """Hang up legs of this call, so that their end does not affect the call."""
        for leg in legs:
            leg.is_released = True
            if leg._is_alive() and leg.provider_leg_id:
                self._send_end_leg_request(leg.id)

    def _release_agent(self, explain):
        """Release the call's user: end the legs, notify the page, and offer the next call.

        :param explain: see `_notify_left`
        """
        user = self.user_id
        self._release_agent_legs()
        self.write({"user_id": False, "claimed_at": False, "deadline_at": False})
        self._notify_left(user, explain)
        agents = user._get_telephony_agents(self.company_id)
        # The agent was just in a call, so the idle time starts again.
        agents.last_call_at = fields.Datetime.now()
        agents._notify_change()
        agents._offer_waiting_calls()

    def _notify_left(self, users, explain=None):
        """Notify users that they are no longer in this call, each in their language.

        :param users: the users
        :param explain: function of an environment that returns the reason as a whole sentence
        """
        for user in users:
            env = user._telephony_env(self.company_id)
            message = explain(env) if explain else False
            user._bus_send("telephony/call_left", {**self._to_left(user), "message": message})

    def _end_talk(self, moment=None):
        """End the conversation, while the customer's call continues without an agent.

        The talk time so far is saved.

        :param datetime moment: when the last agent left; now if unknown
        """
        if self.answered_at:
            moment = max(moment or fields.Datetime.now(), self.answered_at)
            self.duration = int((moment - self.answered_at).total_seconds())

    def _to_left(self, user):
        """Return the call as seen by a user who is no longer in it.

        A user who may no longer telephone only receives that the call is over.
        """
        if not user._filter_phone_users(self.company_id):
            return {"uuid": self.uuid, "has_left": True}
        env = user._telephony_env(self.company_id)
        return {**self.with_env(env)._to_client()[0], "has_left": True}

    # === REQUESTS TO THE PROVIDER, AFTER COMMIT === #

    @after_commit("_get_wanted_place", missing=("_is_missing_in_room",))
    def _send_connect_request(self, is_repeated=False):
        """Move the caller out of the queue into the conference.

        :param bool is_repeated: whether an earlier request may be lost: the caller is not in the
            conference, and perhaps not in the queue
        """
        leg = self._get_customer_leg()
        url = self.account_id._get_webhook_url("join", call=self.uuid)
        is_gone = not leg.provider_queue_id
        if leg.status == "ended" or (is_gone and not is_repeated):
            # Not in the queue yet: the first wait request of the queue moves the caller on.
            return
        if not is_gone:
            error = self._try("move_from_queue", leg.provider_queue_id, leg.provider_leg_id, url)
            is_gone = bool(error) and error.gone
        if is_gone and is_repeated and self._get_wanted_place() == "conference":
            self._try("redirect_leg", leg.provider_leg_id, url)

    @after_commit("_get_wanted_place", missing=("_is_missing_in_queue",))
    def _send_wait_request(self, is_repeated=False):
        """Redirect the customer to the waiting room, unless another party has connected.

        :param bool is_repeated: whether an earlier request was lost or refused
        :return: the `_on_…` method to run and its arguments, or None
        """
        if self._get_wanted_place() != "queue":
            return None
        error = self._try(
            "redirect_leg",
            self._get_customer_leg().provider_leg_id,
            self.account_id._get_webhook_url("step", call=self.uuid),
        )
        is_refused = error and not (error.gone or error.unknown or error.retryable)
        return (self._on_wait_failed, ()) if is_repeated and is_refused else None

    def _on_wait_failed(self):
        """End the call, because the provider refused to move a customer who is alone."""
        self._lock()
        if self._get_wanted_place() == "queue":
            self._end_by_system(
                self.env._("Twilio refused to move the caller, who was alone on the call.")
            )

    def _send(self, method_name, *args):
        """Send one request, and ignore that its subject may be gone meanwhile.

        :return: whether the provider carried it out
        :rtype: bool
        """
        return not self._try(method_name, *args)

    def _try(self, method_name, *args):
        """Send one request, and return its error.

        :return: the error; None when the provider carried the request out
        :rtype: ProviderError | None
        """
        try:
            getattr(self.account_id._get_client(), method_name)(*args)
        except ProviderError as error:
            level = logging.INFO if error.gone else logging.WARNING
            _logger.log(level, "%s: %s failed: %s", self.uuid, method_name, error.label)
            return error
        return None

    # ---------------------------------------------------------
    # PAYLOADS OF THE WEB CLIENT
    # ---------------------------------------------------------

    # Payloads of calls for the web client.

    def _get_revision(self):
        """Return the age of this call's payload. Note: `self.ensure_one()`

        A recording counts its own changes. Events of the recording and of the call arrive together,
        and would conflict on the call's row.

        :rtype: int
        """
        self.ensure_one()
        return self.revision + sum(self.recording_ids.mapped("revision"))

    def _to_client(self):
        """Return the payloads of these calls for the softphone, in the user's language.

        Readers of the call see the customer's number and name. Other data of a record is included
        only if the user may read it.

        :rtype: list(dict)
        """
        # sudo: telephony.call - every caller of this method has checked the recipient
        return [
            call_sudo._to_client_one(call_sudo.env.user._telephony_env(call_sudo.company_id))
            for call_sudo in self.sudo()
        ]

    def _to_client_for_me(self):
        """Return the payload of one call for the current user. Note: `self.ensure_one()`"""
        return self.with_user(self.env.user)._to_client()[0]

    def _to_client_one(self, env):
        """Return the payload of one call. Other packages add their keys.

        :param env: the recipient's own, which applies its access rights
        :rtype: dict
        """
        user = env.user
        customer = self._get_customer_leg()
        legs = self._get_legs_for(user)
        to_text = fields.Datetime.to_string
        return {
            "uuid": self.uuid,
            "id": self.id,
            "revision": self._get_revision(),
            # The bus delivers to the user, whichever company the page shows.
            "company_id": self.company_id.id,
            "direction": self.direction,
            "state": self.state,
            "phase": self._get_phase().name,
            "outcome": self.outcome or False,
            "end_message": self._get_end_message(),
            "customer": self._get_customer_data(env),
            "extension": self.extension or False,
            "our_number": {
                "id": self.number_id.id,
                "number": self.number_id.number or False,
                "number_display": self._format_number(self.number_id.number),
                "name": self.number_id.name or False,
            },
            "caller_id": {
                "id": self.caller_id_id.id,
                "name": self.caller_id_id.name,
                "number_display": self._format_number(self.caller_id_id.number),
            }
            if self.caller_id_id
            else False,
            "record": self._get_record_data(env),
            "other_records": self._get_other_records(env),
            "user": {"id": self.user_id.id, "name": self.user_id.name} if self.user_id else False,
            "created_at": to_text(self.started_at),
            "answered_at": to_text(self.answered_at) or False,
            "ended_at": to_text(self.ended_at) or False,
            "duration": self.duration,
            "customer_state": customer.status or "new",
            "on_hold": customer.on_hold or bool(self.held_at),
            "on_hold_since": to_text(
                self.held_at or (customer.on_hold and customer.hold_at) or None
            )
            or False,
            "role": "agent",
            "via": self.via or "browser",
            "agent_state": legs[-1:].status or "new",
            "agent_connected": self.state != "ended" and legs._is_connected(),
            "muted": legs[-1:].muted,
            "diverted_from": self._format_number(self.diverted_from) or False,
            "attestation": self.attestation or False,
            "note": self.note or "",
        }

    def _get_legs_for(self, _user):
        """Return the legs of the party whose connection a user's page shows."""
        return self._get_agent_legs()

    def _get_customer_data(self, env):
        partner = self.partner_id
        readable = bool(partner) and partner.with_env(env).has_access("read")
        linked = None if partner else self._get_linked_record()
        return {
            "number": self.customer_number or False,
            "number_display": self._format_number(self.customer_number)
            or self.env._("Hidden number"),
            "name": partner.name
            or partner.display_name
            or self.lead_id.contact_name
            or self.lead_id.partner_name
            or self._get_linked_name(linked, env)
            or False,
            "company_name": partner.commercial_company_name or self.lead_id.partner_name or False,
            "partner_id": partner.id if readable else False,
            "country_code": get_region(self.customer_number) or False,
            "timezone": get_timezone(self.customer_number) or False,
            # The caller's side chooses these: they only help with an unknown caller.
            "network": not partner and not self.lead_id and self._get_network_data(),
            "avatar_url": f"/web/image/res.partner/{partner.id}/avatar_128" if readable else False,
        }

    def _get_linked_name(self, record, env):
        """Return how a record calls a customer who is no contact; empty if it is not readable.

        :param record: the record of another model, or None
        :param env: the recipient's own, which applies its access rights
        """
        if record is None or not record.with_env(env).has_access("read"):
            return ""
        return self.env["telephony.linked.model"]._get_customer_name(record) or record.display_name

    def _get_network_data(self):
        """Return what the telephone network says about the caller, or False."""
        if not (self.caller_name or self.caller_city or self.caller_country_id):
            return False
        return {
            "name": self.caller_name or False,
            "city": self.caller_city or False,
            "country": self.caller_country_id.name or False,
            "country_id": self.caller_country_id.id,
        }

    def _get_linked_records(self):
        """Return the records that this call is about, the most specific one first.

        Each one has a log note in its chatter. The softphone shows the first one that the user may
        read, and plans follow-ups there. Other addons put their records in front.

        :rtype: list
        """
        records = [record for record in (self.lead_id, self.partner_id) if record]
        linked = self._get_linked_record()
        return records if linked is None else [linked, *records]

    def _get_linked_record(self):
        """Return the record of another model than contacts and opportunities, or None."""
        if not self.res_id:
            return None
        return self.env["telephony.linked.model"]._get_record(self.res_model, self.res_id)

    def _get_record_data(self, env):
        for record in self._get_linked_records():
            if record.with_env(env).has_access("read"):
                data = {"model": record._name, "id": record.id, "name": record.display_name}
                if record._name == self.res_model:
                    data |= self.env["telephony.linked.model"].with_env(env)._get_kind(record)
                return data
        return False

    def _get_other_records(self, env):
        """Return which records the call changes besides its `record` and its contact.

        :param env: the recipient's own, which applies its access rights
        :return: dictionaries with `model` and `id`; of an order with an opportunity, for example
        :rtype: list(dict)
        """
        return [
            {"model": record._name, "id": record.id}
            for record in self._get_linked_records()[1:]
            if record._name != "res.partner" and record.with_env(env).has_access("read")
        ]

    def _get_end_message(self):
        """Return a whole sentence for the agent about how the call ended."""
        if self.state != "ended":
            return False
        if self.failure_reason:
            return self.failure_reason
        return self._get_customer_failure() or {
            "answered": self.env._("The call has ended."),
            "missed": self.env._("The caller hung up."),
            "abandoned": self.env._("The caller hung up."),
            "voicemail": self.env._("The caller left a voicemail."),
            "busy": self.env._("The line is busy."),
            "no_answer": self.env._("No answer."),
            "declined": self.env._("The call was declined."),
            "canceled": self.env._("The call was canceled."),
            "blocked": self.env._("The call was blocked."),
            "queue_callback": self.env._("The caller requested a callback."),
            "failed": self.env._("The call failed. Check the number and try again."),
        }.get(self.outcome, self.env._("The call has ended."))

    def _get_customer_failure(self):
        """Return why the customer was not reached, if the outcome says it less well; or empty."""
        if self.direction != "outgoing" or self.outcome not in ("failed", "busy", "no_answer"):
            return ""
        customer = self._get_customer_leg()
        # Without a sentence of its own, a code explains only what the outcome does not.
        is_telling = customer.failure or self.outcome == "failed"
        return customer._get_failure_message() if customer and is_telling else ""

    @api.model
    def _get_running_of(self, user):
        # sudo: telephony.call - the user's own calls
        return self.with_env(self.env(su=False)).browse(
            self.sudo()
            .search(
                [
                    "|",
                    ("user_id", "=", user.id),
                    (
                        "transfer_ids",
                        "any",
                        [
                            ("agent_id.user_id", "=", user.id),
                            ("mode", "!=", "blind"),
                            ("state", "in", THERE_STATES),
                        ],
                    ),
                    ("state", "!=", "ended"),
                    ("company_id", "in", self.env["telephony.agent"]._get_my_companies().ids),
                ]
            )
            .ids
        )

    @api.model
    def _get_recent_of(self, user):
        # sudo: telephony.call - the user's own calls, and calls that rang at the user
        return self.browse(
            self.sudo().search(self._get_recent_domain(user), limit=RECENT_COUNT).ids
        )

    @api.model
    def _get_recent_domain(self, user):
        """Return the domain of the ended calls that a user had, transferred or missed."""
        companies = self.env["telephony.agent"]._get_my_companies()
        return (
            self._get_mine_domain(user)
            & Domain("state", "=", "ended")
            & Domain("company_id", "in", companies.ids)
        )

    @api.model
    def _get_mine_domain(self, user):
        """Return the domain of the calls that a user had, transferred or missed.

        Users may not read offers and transfers, hence `any!`. The access rules apply to the calls.

        :rtype: Domain
        """
        return (
            Domain("user_id", "=", user.id)
            | Domain(
                "transfer_ids",
                "any!",
                ["|", ("user_id", "=", user.id), ("left_user_id", "=", user.id)],
            )
            | Domain("recipient_ids", "in", user.ids)
            | Domain("user_id", "=", False)
            & Domain("offer_ids", "any!", [("agent_id.user_id", "=", user.id)])
        )

    @api.model
    def _get_recent_page(self, kind, before, limit):
        """Return the rows of a page of the current user's recent calls, the latest first.

        :param str kind: `all`, `missed` or `voicemail`
        :param tuple before: date and identifier of the last call of the page before, or None
        :param int limit: number of rows
        :return: see `_to_recent`; and whether there are more
        :rtype: tuple(list(dict), bool)
        """
        domain = self._get_recent_domain(self.env.user)
        if kind == "missed":
            domain &= Domain("direction", "=", "incoming") & Domain(
                "outcome", "in", UNANSWERED_OUTCOMES
            )
        elif kind == "voicemail":
            domain &= Domain("outcome", "=", "voicemail")
        if before:
            date, last_id = before
            domain &= Domain("started_at", "<", date) | (
                Domain("started_at", "=", date) & Domain("id", "<", last_id)
            )
        # sudo: telephony.call - the user's own calls, and those that the user missed
        calls_sudo = self.sudo().search(domain, limit=limit + 1)
        return [
            call_sudo._to_recent(call_sudo.env.user._telephony_env(call_sudo.company_id))
            for call_sudo in calls_sudo[:limit]
        ], len(calls_sudo) > limit

    def _to_recent(self, env):
        """Return the row of one call in the list of recent calls. Other packages add their keys.

        :param env: the recipient's own, which applies its access rights
        :rtype: dict
        """
        outcomes = dict(self._fields["outcome"]._description_selection(env))
        return {
            **self._to_client_one(env),
            "outcome_display": outcomes.get(self.outcome) or False,
            "voicemail": False,
            "callback": False,
        }

    @api.model
    def _get_changes_of(self, user, known, is_whole=False):
        """Return the changes to a user's calls since a page last loaded them.

        :param user: the current user
        :param dict known: uuid -> revision of the running calls that the page shows
        :param bool is_whole: also return the running calls whose revision is current
        :return: `calls` that run or have ended, with changes that the page does not show (see
            `_to_client`); and `left`: `uuid` and `revision` of calls that are no longer the user's
        :rtype: dict
        """
        # sudo: telephony.call - the revisions of the user's own calls
        running_sudo = self._get_running_of(user).sudo()
        changed = running_sudo.filtered(
            lambda call: is_whole or known.get(call.uuid) != call._get_revision()
        )
        missing = known.keys() - set(running_sudo.mapped("uuid"))
        others_sudo = ended_sudo = self.sudo().browse()
        if missing:
            # sudo: telephony.call - of another user's call, only the revision is returned
            others_sudo = self.sudo().search(
                [
                    ("uuid", "in", list(missing)),
                    ("company_id", "in", self.env["telephony.agent"]._get_my_companies().ids),
                ]
            )
            ended_sudo = others_sudo.filtered_domain(self._get_recent_domain(user))
        revisions = {call.uuid: call._get_revision() for call in others_sudo - ended_sudo}
        return {
            "calls": self.browse((changed | ended_sudo).ids)._to_client(),
            "left": [
                # A deleted call has no revision.
                {"uuid": uuid, "revision": revisions.get(uuid, False)}
                for uuid in sorted(missing - set(ended_sudo.mapped("uuid")))
            ],
        }

    # ---------------------------------------------------------
    # PRIVACY
    # ---------------------------------------------------------

    def _get_unfinished(self):
        """Return the calls that their agents still have to deal with."""
        return self.filtered(lambda call: call.state != "ended")

    def _anonymize(self, user=None):
        """Remove the identity of the customer from these calls, here and at the provider.

        The figures remain: times, durations, outcome and agent. Each package removes what it has
        added to the calls. The calls must have ended, without a recording under legal hold.

        :param user: the user who requests it; None for the retention
        """
        self._drop_notifications()
        self._drop_chatter()
        self.event_ids.unlink()
        self.timeline_ids.unlink()
        self.leg_ids.write(dict.fromkeys(LEG_FIELDS_OF_PERSON, False))
        self.write(
            {
                **dict.fromkeys(FIELDS_OF_PERSON, False),
                "anonymized_at": fields.Datetime.now(),
                "anonymized_by_id": user.id if user else False,
            }
        )

    def _drop_chatter(self):
        """Delete what users have written in the chatter of these calls, and their activities."""
        of_calls = [("res_id", "in", self.ids)]
        # Done activities are archived.
        self.env["mail.activity"].with_context(active_test=False).search(
            [("res_model", "=", self._name), *of_calls]
        ).unlink()
        self.env["mail.message"].search([("model", "=", self._name), *of_calls]).unlink()

    def _drop_notifications(self):
        """Delete the bus messages about these calls."""
        if not self:
            return
        patterns = [f"%{uuid}%" for uuid in self.mapped("uuid")]
        self.env.cr.execute(SQL("DELETE FROM bus_bus WHERE message LIKE ANY(%s)", patterns))

    def _forget_number(self, number):
        """Remove a number from other customers' calls, where it was a transfer target.

        :param str number: E.164
        """
        self.leg_ids.filtered(lambda leg: leg.number == number).number = False
        written = (number, self._format_number(number))
        self.timeline_ids.filtered(lambda row: any(text in row.text for text in written)).unlink()
        # The messages to the pages name who had the customer.
        self._drop_notifications()

    @api.model
    def _cron_anonymize(self):
        """Anonymize calls older than the retention of their company, except under legal hold."""
        for company in self.env["res.company"].search([("telephony_call_days", ">", 0)]):
            limit = fields.Datetime.now() - timedelta(days=company.telephony_call_days)
            if not self._anonymize_older(company, limit):
                return

    @api.model
    def _anonymize_older(self, company, limit):
        """Anonymize the calls of a company that began before a moment.

        :return: whether time is left for further companies
        :rtype: bool
        """
        domain = Domain(
            [
                ("company_id", "=", company.id),
                ("state", "=", "ended"),
                ("anonymized_at", "=", False),
                ("started_at", "<", limit),
                ("recording_ids", "not any", [("legal_hold", "=", True)]),
            ]
        )
        while calls := self.search(domain, limit=ANONYMIZED_AT_ONCE, order="started_at"):
            calls._anonymize()
            _logger.info("%s calls of company %s were anonymized", len(calls), company.id)
            if not self.env["ir.cron"]._commit_progress(len(calls)):
                return False
        return True
