import base64
import hashlib
import logging
import re
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import formatLang

from ...providers.base import CallEvent, ProviderError
from ...providers.voice_response import SendKeys
from ..arguments import check_arguments
from ..gate import door
from .after_commit import after_commit
from .telephony_call import REJOIN_SECONDS
from .telephony_call_quality import ISSUES

_logger = logging.getLogger(__name__)

NOTE_LENGTH = 20000
SEARCH_LIMIT = 50
# Keys of a telephone that one request may send.
KEYS = "[0-9*#]{1,32}"
# Seconds for the provider to fetch them.
KEYS_SECONDS = 30
# Interval (s) at which we check that the agent of a held call can still be reached.
HELD_CHECK_SECONDS = 60


class TelephonyCall(models.Model):
    """Actions of an agent on a call: hang up, hold, resume, note."""

    _inherit = "telephony.call"

    hold_wanted = fields.Boolean(
        "Hold Requested",
        readonly=True,
        copy=False,
        help="Whether the customer should be on hold. The actual state is on the call leg.",
    )

    quality_ids = fields.One2many(
        "telephony.call.quality",
        "call_id",
        "Call Quality",
        readonly=True,
        groups="crm_telephony.group_supervisor",
    )
    held_at = fields.Datetime(readonly=True, copy=False)

    # === RPC === #

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
        if call_sudo.state != "in_progress":
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
    def set_mute(self, uuid, muted):
        """Mute the custom phone on which the current user talks, or unmute it.

        A browser mutes its own microphone.

        :param str uuid: the call
        :param bool muted: requested state
        :raise UserError: the user does not talk on a custom phone
        :return: see `_to_client`
        :rtype: dict
        """
        leg_sudo = self._get_own_phone_sudo(uuid)
        call_sudo = leg_sudo.call_id
        call_sudo._lock()
        if leg_sudo.muted != bool(muted):
            leg_sudo.muted = bool(muted)
            call_sudo._send_mute_request(leg_sudo.id)
            call_sudo._notify_participants()
        return call_sudo._to_client_for_me()

    @api.model
    @check_arguments
    def send_keys(self, uuid, keys):
        """Send keys to the customer, for a user who talks on a custom phone.

        A browser sends its keys itself. The request is part of this call because it writes nothing
        here, and because keys that come late would reach another menu: they are not sent again.

        :param str uuid: the call
        :param str keys: digits, `*` and `#`
        :raise UserError: the user does not talk on a custom phone, or the keys could not be sent
        """
        call_sudo = self._get_own_phone_sudo(uuid).call_id
        leg_sudo = call_sudo._get_customer_leg()
        if not re.fullmatch(KEYS, keys or ""):
            raise UserError(self.env._("Only digits, * and # can be sent."))
        conference = leg_sudo._is_connected() and call_sudo._fetch_conference()
        if not conference or leg_sudo.on_hold:
            raise UserError(self.env._("The customer is not connected."))
        # Encrypted, because they may be a password, and addresses are logged.
        token = call_sudo._get_key_cipher().encrypt(keys.encode()).decode()
        url = call_sudo.account_id._get_webhook_url("keys", call=call_sudo.uuid, keys=token)
        error = call_sudo._try("announce_to", conference, leg_sudo.provider_leg_id, url)
        if error:
            raise UserError(call_sudo.account_id._explain(error))
        return True

    @api.model
    @door()
    @check_arguments
    def save_note(self, uuid, note):
        """Save the note that the user writes about a call, during or after it.

        :param str uuid: the call
        :param str note: plain text, 20,000 characters at most
        :raise UserError: the note is longer, or the call was anonymized
        """
        call_sudo, part_sudo = self._get_part_sudo(uuid)
        note = note or ""
        call_sudo._check_note(note)
        call_sudo._check_not_anonymized()
        if (part_sudo.note or "") != note:
            part_sudo.note = note
            call_sudo._on_note_changed()
        return True

    @api.model
    @check_arguments
    def get_part(self, uuid):
        """Return what the end window shows of a call that the user has, or has left to others.

        :param str uuid: the call
        :return: see `_to_client`
        :rtype: dict
        """
        call_sudo, part_sudo = self._get_part_sudo(uuid)
        return call_sudo._to_part(part_sudo)

    @api.model
    @check_arguments
    def search_contacts(self, term, limit=8):
        """Search contacts that can be called, by name or number.

        :param str term: part of a name or of a number
        :param int limit: 50 at most
        :rtype: list(dict)
        """
        self.env["telephony.agent"]._ensure_own_agent()
        # The browser's value is untrusted: an invalid limit must not disable the limit.
        limit = min(max(limit, 1), SEARCH_LIMIT) if isinstance(limit, int) else SEARCH_LIMIT
        return self.env["res.partner"]._telephony_search(term, limit)

    @api.model
    @check_arguments
    def recent_calls(self, kind="all", date=None, res_id=None, limit=20):
        """Return a page of the calls that the current user had, handed over or missed.

        Unanswered calls to the user's queues and call flows count as missed, too.

        :param str kind: `all`, `missed` or `voicemail`
        :param str date: `created_at` of the last call of the page before
        :param int res_id: `id` of that call
        :param int limit: 50 at most
        :return: `calls`, the latest first, see `_to_recent`; and `has_more`
        :rtype: dict
        """
        self.env["telephony.agent"]._ensure_own_agent()
        limit = min(max(limit, 1), SEARCH_LIMIT) if isinstance(limit, int) else SEARCH_LIMIT
        try:
            before = (fields.Datetime.to_datetime(date), res_id or 0) if date else None
        except ValueError:
            before = None
        calls, has_more = self._get_recent_page(kind, before, limit)
        return {"calls": calls, "has_more": has_more}

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

    @api.model
    def _get_own_phone_sudo(self, uuid):
        """Return the leg of the custom phone on which the current user talks, as superuser.

        :raise AccessError: the user is not in this call
        :raise UserError: the user does not talk on a custom phone
        """
        legs_sudo = self._get_my_legs_sudo(uuid)
        if not legs_sudo:
            raise AccessError(self.env._("This is not your call."))
        phones_sudo = legs_sudo.filtered(lambda leg: leg._is_own_phone())
        if not phones_sudo:
            raise UserError(self.env._("Your phone is not connected to this call."))
        return phones_sudo[-1:]

    @api.model
    def _get_part_sudo(self, uuid):
        """Return a call that the current user has or has left to others, to document it.

        :raise AccessError: the user neither has nor had the call, or it does not exist
        :return: the call, and the record with the user's own `note` and `disposition_id`, both as
            superuser
        :rtype: tuple
        """
        call_sudo = self._find_sudo(uuid)
        self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        part_sudo = call_sudo._get_part_of(self.env.user)
        if not part_sudo:
            raise AccessError(self.env._("This is not your call."))
        return call_sudo, part_sudo

    # === BUSINESS METHODS === #

    def _check_note(self, note):
        """Check the length of a note: cut without a word, it would seem to be saved.

        :param str note: the note
        :raise UserError: it is too long
        """
        if len(note) > NOTE_LENGTH:
            raise UserError(
                self.env._(
                    "A summary has at most %(count)s characters.",
                    count=formatLang(self.env, NOTE_LENGTH, digits=0),
                )
            )

    def _check_not_anonymized(self):
        """Check that none of these calls was anonymized, because notes name people.

        :raise UserError: one of them was anonymized
        """
        if any(call.anonymized_at for call in self):
            raise UserError(self.env._("This call was anonymized and can no longer be edited."))

    def _get_part_of(self, user):
        """Return the record with a user's own note and result of this call, or an empty one.

        The last agent of a call owns its note and its result.
        """
        return self if self and self.user_id == user else self.browse()

    def _to_part(self, _part):
        """Return the payload of an ended call, or of the current user's part in it.

        The argument is what `_get_part_sudo` returns.
        """
        return self._to_client_for_me()

    # === FROM THE WEBHOOKS === #

    def _get_keys(self, token):
        """Return the response that sends keys to the customer.

        :param str token: the encrypted keys, as in the signed address
        :return: a voice response
        :rtype: list
        """
        try:
            keys = self._get_key_cipher().decrypt(token.encode(), ttl=KEYS_SECONDS)
        except InvalidToken:
            return []
        return [SendKeys(keys.decode())]

    @api.model
    def _get_key_cipher(self):
        # sudo: ir.config_parameter - the secret of this database
        secret = self.env["ir.config_parameter"].sudo().get_param("database.secret")
        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"keys {secret}".encode()).digest()))

    # === REQUESTS TO THE PROVIDER, AFTER COMMIT === #

    @after_commit("leg_ids.muted", leg_missing="_is_mute_wrong")
    def _send_mute_request(self, leg_id):
        """Send the requested mute state of a custom phone to the provider.

        :return: the method that records the result
        """
        leg = self.leg_ids.filtered(lambda leg: leg.id == leg_id)
        if not leg._is_own_phone():
            return None
        conference = self._fetch_conference()
        if not conference:
            return None
        muted = leg.muted
        error = self._try("set_participant_sound", conference, leg.provider_leg_id, muted, "")
        if not error:
            return self._on_mute_done, (leg_id, muted)
        is_refused = not (error.unknown or error.retryable)
        return (self._on_mute_failed, (leg_id,)) if is_refused else None

    def _on_mute_done(self, leg_id, muted):
        leg = self.leg_ids.filtered(lambda leg: leg.id == leg_id)
        leg.provider_muted = muted

    def _on_mute_failed(self, leg_id):
        """Show the true state of a telephone whose mute request was refused."""
        leg = self.leg_ids.filtered(lambda leg: leg.id == leg_id)
        leg.muted = leg.provider_muted
        self._notify_participants()

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
        conference = self._fetch_conference()
        if not conference:
            return None
        error = self._try(
            "hold_participant",
            conference,
            leg.provider_leg_id,
            self.hold_wanted,
            self.account_id._get_webhook_url("wait", call=self.uuid, hold=1),
        )
        is_refused = error and not (error.unknown or error.retryable)
        return (self._on_hold_failed, ()) if is_refused else None

    def _fetch_conference(self):
        """Return the provider's identifier of the conference.

        The event that names it may be lost; then it is found by its name.

        :rtype: str
        """
        if self.provider_conference_id:
            return self.provider_conference_id
        try:
            return self.account_id._get_client().find_conference(self.uuid)
        except ProviderError as error:
            _logger.warning("%s: the conference was not found: %s", self.uuid, error.label)
            return ""

    def _on_hold_failed(self):
        """React to a refused hold request: the button shows the true state.

        For a customer who must not hear a consultation, the request is repeated.
        """
        if not self._get_transfer()._is_consultation():
            self.hold_wanted = self._get_customer_leg().on_hold
            self._notify_participants()

    def _fetch_leg_status(self, leg):
        """Request the status of a leg from the provider.

        :return: the resulting event, or None when the provider could not be reached. An event with
            `is_missing` only says that the provider does not know the leg
        :rtype: CallEvent | None
        """
        try:
            return self.account_id._get_client().fetch_leg(leg.provider_leg_id)
        except ProviderError as error:
            if not error.gone:
                return None
        room = self._list_participants()
        if room is None or leg.provider_leg_id in room:
            return None
        return CallEvent(
            "leg",
            provider_leg_id=leg.provider_leg_id,
            status="ended",
            reason="failed",
            at=fields.Datetime.now(),
            data={"is_missing": True},
        )

    # ---------------------------------------------------------
    # HELD CALLS
    # ---------------------------------------------------------

    # A call that is held while its agent is in another one.
    #
    # The customer leaves the conference for the waiting room and hears music. The agent's leg ends;
    # resuming the call creates a new one. So an agent is never connected twice.

    # === RPC === #

    @api.model
    @door(routes=True)
    @check_arguments
    def resume(self, uuid):
        """Resume a held call; the ongoing call is held in its place.

        :param str uuid: the call
        :raise AccessError: the call belongs to another user
        :raise UserError: the ongoing call cannot be put on hold now
        :return: see `_to_client`; the browser has to rejoin
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        ongoing_sudo = self._lock_with_calls_of(agent_sudo)
        # Two pages that resume or accept calls at the same moment serialize on this row.
        agent_sudo._mark_reserved()
        if call_sudo.state != "in_progress" or not call_sudo.held_at:
            return call_sudo._to_client_for_me()
        for other_sudo in (ongoing_sudo - call_sudo).filtered(lambda call: not call.held_at):
            if not other_sudo._can_be_held():
                raise UserError(
                    self.env._(
                        "Your current call cannot be put on hold right now. End it, or finish the "
                        "transfer or consultation first."
                    )
                )
            other_sudo._hold_for_other_call()
        call_sudo._leave_held()
        call_sudo._add_timeline("call_resumed", name=self.env.user.name)
        call_sudo._notify()
        return call_sudo._to_client_for_me()

    # === BUSINESS METHODS === #

    @api.model
    def _get_ongoing_of(self, user):
        """Return the ongoing calls of a user in any company, as superuser."""
        # sudo: telephony.call - only to decide whether the user can have another call
        return self.sudo().search([("user_id", "=", user.id), ("state", "!=", "ended")])

    def _lock_with_calls_of(self, agent):
        """Lock these calls, the agent's ongoing calls, and the calls that ring at the agent.

        Calls are locked before offers and before the agent's row, as everywhere. So two agents who
        pick up each other's ringing calls cannot deadlock.

        :return: the agent's ongoing calls
        """
        ongoing = self._get_ongoing_of(agent.user_id)
        (self | ongoing | agent._get_open_offers().call_id)._lock()
        return ongoing

    def _can_be_held(self):
        """Return whether the customer can wait on hold while the agent is in another call.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        return bool(self.held_at) or (
            self.state == "in_progress"
            and self.via != "phone"
            and self._get_customer_leg()._is_connected()
            and not self._get_transfer()
        )

    def _hold_for_other_call(self):
        """Put the customer on hold with music until the call is resumed.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        now = fields.Datetime.now()
        # The customer hears music before the agent's leg ends.
        self._wait_again()
        self._release_agent_legs()
        self.write(
            {
                "held_at": now,
                "deadline_at": now + timedelta(seconds=HELD_CHECK_SECONDS),
            }
        )
        self._add_timeline("held_for_other_call", name=self.user_id.name)
        self._on_interruption_changed()
        self._notify()

    def _hold_other_calls(self):
        """Hold the previous call of this call's agent.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        others = self._get_ongoing_of(self.user_id) - self
        for other in others.filtered(lambda call: not call.held_at):
            other._hold_for_other_call()

    def _leave_held(self):
        """End the held state: the agent has some seconds to rejoin."""
        self.write(
            {
                "held_at": False,
                "deadline_at": fields.Datetime.now() + timedelta(seconds=REJOIN_SECONDS),
            }
        )

    def _advance_held_call(self, now):
        """Keep the customer on hold as long as the agent can be reached.

        :param datetime now: current time (UTC) of the transaction
        """
        if not self.held_at:
            return
        if self._get_agent()._get_reachable():
            self.deadline_at = now + timedelta(seconds=HELD_CHECK_SECONDS)
            return
        self._add_timeline("agent_lost", name=self.user_id.name)
        self._leave_held()
        self._notify()

    # ---------------------------------------------------------
    # AUDIO QUALITY
    # ---------------------------------------------------------

    @api.model
    @check_arguments
    def save_quality(self, uuid, provider_leg_id, report):
        """Save the audio quality of the current user's own browser leg.

        :param str uuid: the call
        :param str provider_leg_id: the provider's identifier of the browser's leg
        :param dict report: see `telephony.call.quality`; implausible values are dropped
        :raise AccessError: the leg belongs to another user, or does not exist
        :return: whether the user is to be asked about the quality
        :rtype: bool
        """
        leg_sudo = self._get_my_legs_sudo(uuid).filtered(
            lambda leg: leg.provider_leg_id and leg.provider_leg_id == provider_leg_id
        )
        if not leg_sudo:
            raise AccessError(self.env._("This is not your call."))
        qualities_sudo = leg_sudo.env["telephony.call.quality"]
        quality_sudo = qualities_sudo._add(leg_sudo, qualities_sudo._read_report(report))
        return bool(quality_sudo.bad and not quality_sudo.issue and leg_sudo.role == "agent")

    @api.model
    @check_arguments
    def rate_quality(self, uuid, issue):
        """Save the current user's rating of a call with bad audio.

        :param str uuid: the call
        :param str issue: one of `ISSUES`
        :raise UserError: there is nothing to rate
        """
        legs_sudo = self._get_my_legs_sudo(uuid)
        quality_sudo = legs_sudo.call_id.quality_ids.filtered(
            lambda row: row.leg_id in legs_sudo and row.bad
        )[:1]
        if not quality_sudo:
            raise UserError(self.env._("This call does not ask for a quality rating."))
        if issue not in dict(ISSUES):
            raise UserError(self.env._("Choose one of the listed answers."))
        quality_sudo.issue = issue
        return True

    @api.model
    def _get_my_legs_sudo(self, uuid):
        """Return the current user's own legs of a call, as superuser."""
        self.env["telephony.agent"]._ensure_own_agent()
        return self._find_sudo(uuid).leg_ids.filtered(lambda leg: leg.user_id == self.env.user)
