import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...providers.base import ProviderError
from ...tools.phone_number import (
    NO_COUNTRY,
    PERSONAL,
    PREMIUM,
    classify,
    get_region,
    plain_number,
)
from ..arguments import check_arguments
from ..call.after_commit import after_commit
from ..call.telephony_call_reconcile import SETTLED_SECONDS
from ..gate import enter_with

_logger = logging.getLogger(__name__)

EXPIRES_MINUTES = 5
NAME_LENGTH = 64
EXTENSION_LENGTH = 32
EXTENSION_KEYS = frozenset("0123456789*#w")
# Maximum delay (s) of Twilio's call.
MAX_DELAY = 60
PENDING = ("calling", "waiting")
# Fields that decide which caller IDs a page shows, and how. `_notify` announces the state.
SHOWN_FIELDS = {"active", "agent_id", "name"}


class TelephonyCallerId(models.Model):
    """A number of another carrier that customers see in place of ours.

    It is usable after its owner has typed a code on it (`state` is `verified`). Only agents with
    the administrator's permission may use it.
    """

    _name = "telephony.caller.id"
    _inherit = ["telephony.guard.mixin"]
    _description = "Caller ID"
    _order = "name, id"
    _rec_names_search = ["name", "number"]

    name = fields.Char(required=True, size=NAME_LENGTH)
    active = fields.Boolean(default=True)
    number = fields.Char(required=True, readonly=True)
    number_display = fields.Char("Phone", compute="_compute_display_name")
    account_id = fields.Many2one(
        "telephony.account",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
        immutable=True,
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    agent_id = fields.Many2one(
        "telephony.agent",
        "Belongs To",
        readonly=True,
        ondelete="cascade",
        check_company=True,
        index=True,
        help="Leave empty to share this caller ID with everyone who can use caller IDs.",
    )
    state = fields.Selection(
        [
            ("calling", "Calling"),
            ("waiting", "Waiting for the Code"),
            ("verified", "Verified"),
            ("failed", "Failed"),
            ("expired", "Expired"),
            ("lost", "Lost"),
        ],
        required=True,
        default="calling",
        readonly=True,
    )
    failure = fields.Selection(
        [("code", "Wrong Code"), ("no_answer", "No Answer"), ("other", "Verified by Another")],
        readonly=True,
    )
    provider_caller_id = fields.Char("Twilio SID", readonly=True, copy=False)
    provider_leg_id = fields.Char(
        "Twilio Call SID", readonly=True, copy=False, index="btree_not_null"
    )
    expires_at = fields.Datetime(readonly=True)

    _number_unique = models.UniqueIndex(
        "(account_id, number, COALESCE(agent_id, 0))", "This caller ID already exists."
    )

    @api.depends("name", "number")
    def _compute_display_name(self):
        for record in self:
            record.number_display = self.env["telephony.call"]._format_number(record.number)
            record.display_name = f"{record.name} ({record.number_display})"

    # === CRUD METHODS === #

    def write(self, vals):
        is_shown = bool(SHOWN_FIELDS & vals.keys())
        agents = self._get_agents() if is_shown else self.env["telephony.agent"]
        result = super().write(vals)
        if is_shown:
            (agents | self._get_agents())._notify_rights()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_notify_agents(self):
        self._get_agents()._notify_rights()

    # === RPC === #

    @api.model
    @check_arguments
    def start_verification(self, number, name, extension=None, delay=None, shared=False):
        """Start Twilio's verification call to a number; the current user is shown the code now.

        The code is returned by this method and stored nowhere.

        :param str number: number with country code
        :param str name: name of the caller ID in lists
        :param str extension: digits to dial after the call is answered by an office exchange
        :param int delay: seconds until the call, 0 to 60
        :param bool shared: whether all agents may use it; reserved to administrators
        :raise UserError: the number cannot be a caller ID, or has had too many attempts
        :return: `id`, `code` (six digits; False when none is needed), `state`
        :rtype: dict
        """
        agent_sudo = self._get_allowed_agent()
        if shared and not self._is_manager():
            raise AccessError(self.env._("Only an administrator can add a shared caller ID."))
        account_sudo = agent_sudo._get_account()
        if not account_sudo:
            raise UserError(agent_sudo._get_reason_not_to_call())
        # All checks that may fail run here, before a telephone rings.
        e164 = self._check_number(number or "")
        name, extension, delay = self._clean(name or e164, extension, delay)
        owner = agent_sudo.browse() if shared else agent_sudo
        record_sudo = self._prepare_verification(account_sudo, e164, owner)
        # The only request inside a transaction, because its answer is the code itself. It precedes
        # every write, so that no other transaction waits for Twilio.
        code, provider_leg_id = record_sudo._request_verification(
            account_sudo, e164, name or e164, extension, delay
        )
        values = {
            "name": name or e164,
            "active": True,
            "failure": False,
            "state": "verified" if code is False else "calling",
            "provider_leg_id": provider_leg_id,
            "expires_at": fields.Datetime.now() + timedelta(minutes=EXPIRES_MINUTES, seconds=delay),
        }
        if record_sudo:
            record_sudo.write(values)
        else:
            identity = {"account_id": account_sudo.id, "number": e164, "agent_id": owner.id}
            record_sudo = record_sudo.create({**values, **identity})
        record_sudo._notify()
        return {"id": record_sudo.id, "code": code, "state": record_sudo.state}

    @api.model
    @check_arguments
    def check_verification(self, caller_id_id):
        """Update a verification from Twilio, in case Twilio's own message was lost.

        :param int caller_id_id: caller ID of the current user
        :return: see `_to_client`
        :rtype: dict
        """
        record_sudo = self._get_own_sudo(caller_id_id)
        if record_sudo.state in PENDING:
            record_sudo._send_check_request()
        return record_sudo._to_client()[0]

    @api.model
    @check_arguments
    def remove(self, caller_id_id):
        """Remove a caller ID from the current user's list; calls made with it keep it.

        :param int caller_id_id: caller ID of the current user
        """
        self._get_own_sudo(caller_id_id).active = False
        return True

    @api.model
    @check_arguments
    def get_choices(self, number=None):
        """Return what the current user may show to a customer, and what is preselected.

        :param str number: customer's number, as typed or E.164
        :return: `choices`, the caller IDs (see `_to_client`), and `numbers`, the company's numbers;
            `preselected_id` of a caller ID or `preselected_number_id`
        :rtype: dict
        """
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent()
        usable_sudo, numbers_sudo = agent_sudo._get_caller_ids(), agent_sudo._get_numbers()
        emergency_sudo = agent_sudo._get_emergency_number(number)
        if emergency_sudo:
            # Only the number with the registered address is shown.
            usable_sudo, numbers_sudo = usable_sudo.browse(), emergency_sudo
        number = self.env["telephony.call"]._normalize(number, self.env.company.country_id)
        last_number_sudo, last_caller_id_sudo = agent_sudo._get_last_sender(number, usable_sudo)
        shown_sudo = numbers_sudo & last_number_sudo
        if not shown_sudo and not last_caller_id_sudo:
            if agent_sudo.shows_number or not usable_sudo:
                shown_sudo = numbers_sudo & agent_sudo._get_default_number() or numbers_sudo[:1]
            else:
                last_caller_id_sudo = usable_sudo[:1]
        return {
            "choices": usable_sudo._to_client(),
            "numbers": numbers_sudo._to_client(),
            "preselected_id": last_caller_id_sudo.id,
            "preselected_number_id": shown_sudo.id,
        }

    # === VERIFICATION === #

    @api.model
    def _prepare_verification(self, account, number, owner):
        """Return the row of a number that may be verified now.

        :param account: account in which the number is verified, as superuser
        :param str number: E.164
        :param owner: agent who may use the number; empty: all agents
        :raise UserError: the number is verified already, or being verified by another user
        :return: the row of an earlier verification, as superuser; empty if there is none
        """
        # sudo: telephony.caller.id - the current user's own, or an administrator's
        rows_sudo = self.sudo().with_context(active_test=False)
        identity = [
            ("account_id", "=", account.id),
            ("number", "=", number),
            ("agent_id", "=", owner.id),
        ]
        record_sudo = rows_sudo.search(identity)
        # The report of an earlier call arrives at this moment, too: neither loses a race.
        if enter_with(record_sudo):
            record_sudo = rows_sudo.search(identity)
        if record_sudo.active and record_sudo.state == "verified":
            raise UserError(self.env._("This caller ID is already verified."))
        if self._get_rivals(account, number, owner)._is_pending():
            raise UserError(
                self.env._("Another user is verifying this number. Try again in a few minutes.")
            )
        if record_sudo:
            # A concurrent result of an earlier call must restart this request now. A restart after
            # the call would dial the telephone twice.
            self.env.cr.execute(
                SQL("SELECT id FROM telephony_caller_id WHERE id = %s FOR UPDATE", record_sudo.id)
            )
        return record_sudo

    def _request_verification(self, account, number, name, extension, delay):
        """Request the verification call of a number, which has no row before its first one.

        :raise UserError: the number must not be called, has had too many attempts, or is not the
            user's; or the request failed
        :return: the code, and the provider's id of the call; both False if the number is verified
        :rtype: tuple
        """
        # Whatever makes a telephone ring asks the gate and writes the ledger itself.
        number = self._check_number(number)
        ledger = self.env["telephony.dialed.leg"]
        refusal = ledger._get_limit_reached(account.company_id, self.env.user) or (
            ledger._count_verification(account.company_id, number)
        )
        if refusal:
            raise UserError(refusal)
        try:
            return account._get_client().start_verification(
                number, name, extension, delay, account._get_webhook_url("caller_id")
            )
        except ProviderError as error:
            if error.kind != "already_verified":
                raise UserError(account._explain(error)) from error
            # Twilio does not report who typed the code. So only a user who did it before gets the
            # number back without a code.
            if self.state != "verified" and not self._is_manager():
                raise UserError(
                    self.env._(
                        "This number is already verified at Twilio, but not by you. Ask your phone "
                        "administrator to share it with everyone."
                    )
                ) from error
            return False, False

    # === CHECKS === #

    @api.model
    def _is_manager(self):
        return self.env.user.has_group("crm_telephony.group_manager")

    @api.model
    def _get_allowed_agent(self):
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent()
        if not agent_sudo.allow_caller_id:
            raise AccessError(
                self.env._(
                    "You are not allowed to add caller IDs. Ask your phone administrator to "
                    "allow it."
                )
            )
        return agent_sudo

    @api.model
    def _get_own_sudo(self, caller_id_id):
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent()
        # sudo: telephony.caller.id - the owner is checked here
        record_sudo = self.sudo().browse(caller_id_id).exists()
        shared = record_sudo and not record_sudo.agent_id and self._is_manager()
        if (
            not record_sudo
            or record_sudo.company_id != agent_sudo.company_id
            or not (shared or record_sudo.agent_id == agent_sudo)
        ):
            raise AccessError(self.env._("This is not your caller ID."))
        return record_sudo

    @api.model
    def _check_number(self, number):
        """Return the number in E.164.

        :raise UserError: the number cannot be a caller ID
        """
        company = self.env.company
        calls = self.env["telephony.call"]
        calls._check_emergency(number)
        written = plain_number(number)
        e164 = calls._normalize(written, self.env["res.country"]) if written[:1] == "+" else ""
        if not e164:
            raise UserError(
                self.env._("Enter the number with its country code, e.g. +32470123456.")
            )
        if classify(e164).kind in (PREMIUM, PERSONAL, NO_COUNTRY):
            raise UserError(self.env._("Numbers of this type cannot be used as a caller ID."))
        # sudo: telephony.number - the company's own numbers
        if (
            self.env["telephony.number"]
            .sudo()
            .search_count([("number", "=", e164), ("company_id", "=", company.id)], limit=1)
        ):
            raise UserError(
                self.env._(
                    "This number belongs to your company and needs no verification. Choose it as "
                    "your number for outgoing calls."
                )
            )
        # The number is dialed as well.
        sentence = calls._get_forbidden_destination(company, e164, is_verification=True)
        if sentence:
            raise UserError(sentence)
        return e164

    @api.model
    def _clean(self, name, extension, delay):
        """Return name, extension and delay of a verification in the form that Twilio accepts.

        :rtype: tuple(str, str, int)
        """
        name = "".join(char for char in name if char.isprintable()).strip()[:NAME_LENGTH]
        extension = "".join(char for char in extension or "" if char in EXTENSION_KEYS)
        return name, extension[:EXTENSION_LENGTH], min(max(delay or 0, 0), MAX_DELAY)

    @api.model
    def _get_rivals(self, account, number, owner):
        """Return the same number in the lists of other users, archived ones too, as superuser.

        :param account: account in which the number is verified
        :param str number: E.164
        :param owner: user whose row is left out; empty: the row that all agents share
        """
        # sudo: telephony.caller.id - only whether other users have the number
        return (
            self.sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("account_id", "=", account.id),
                    ("number", "=", number),
                    ("agent_id", "!=", owner.id),
                ]
            )
        )

    def _is_pending(self):
        """Return whether one of these verifications still waits for its code."""
        now = fields.Datetime.now()
        return any(
            record.state in PENDING and record.expires_at and record.expires_at > now
            for record in self
        )

    # === FROM THE PROVIDER === #

    @api.model
    def _process_result(self, account, result):
        """Apply Twilio's result of a verification. A result may arrive twice, or late.

        :param account: account that sent the result
        :param dict result: `provider_leg_id`, `state`, `failure`, `provider_caller_id`
        """
        record = self.with_context(active_test=False).search(
            [
                ("account_id", "=", account.id),
                ("provider_leg_id", "=", result["provider_leg_id"] or ""),
            ],
            limit=1,
        )
        if record:
            record._set_state(result["state"], result["failure"], result["provider_caller_id"])

    def _set_state(self, state, failure=False, provider_caller_id=False):
        """Update the state of a verification. A late result does not undo a verified state."""
        self.ensure_one()
        if (self.state == "verified" and state != "lost") or self.state == state:
            return
        if self.state not in PENDING and state in PENDING:
            return
        self.write(
            {
                "state": state,
                "failure": failure,
                "provider_caller_id": provider_caller_id or self.provider_caller_id,
            }
        )
        _logger.info("Caller ID %s: %s", self.id, state)
        self._notify()

    @after_commit("state, expires_at", repaired_by="_reconcile")
    def _send_check_request(self):
        """Update a verification from Twilio. It expires only if Twilio reports nothing better.

        :return: the method that records the result
        """
        news = self._ask_provider()
        is_over = self.expires_at and self.expires_at < fields.Datetime.now()
        if is_over and (not news or news[0] in PENDING):
            news = ("expired",)
        return (self._set_state, news) if news else None

    def _ask_provider(self):
        """Return the state of a verification at Twilio, from its caller IDs or from its call.

        :return: arguments of `_set_state`; None when the state is unknown
        :rtype: tuple | None
        """
        client = self.account_id._get_client()
        try:
            provider_caller_id = client.find_caller_id(self.number)
            rivals = self._get_rivals(self.account_id, self.number, self.agent_id)
            if provider_caller_id and "verified" in rivals.mapped("state"):
                return "failed", "other"
            # While the number is being verified for others too, only the message about this call
            # counts.
            if provider_caller_id and not rivals._is_pending():
                return "verified", False, provider_caller_id
            event = client.fetch_leg(self.provider_leg_id)
        except ProviderError as error:
            _logger.info("Caller ID %s: verification unknown: %s", self.id, error.label)
            return None
        if not event or event.status not in ("in_progress", "ended"):
            return None
        if event.status == "in_progress":
            return ("waiting",)
        return "failed", "code" if event.reason == "completed" else "no_answer"

    # === RECONCILIATION === #

    @api.model
    def _get_watched(self):
        """Return the verifications without a final result, removed ones too."""
        return self.with_context(active_test=False).search([("state", "in", PENDING)])

    @api.model
    def _reconcile(self):
        """Request updates of the verifications without recent news."""
        limit = fields.Datetime.now() - timedelta(seconds=SETTLED_SECONDS)
        for record in self._get_watched():
            if record.write_date < limit:
                record._send_check_request()

    # === TO THE CLIENT === #

    def _notify(self):
        """Announce the state of these verifications to the pages that show them."""
        for record in self.filtered("agent_id"):
            user = record.agent_id.user_id
            [payload] = record.with_context(lang=user.lang)._to_client()
            user._bus_send("telephony/caller_id_updated", payload)
        self.filtered(lambda record: not record.agent_id)._get_agents()._notify_rights()

    def _get_agents(self):
        """Return the agents whose pages show these caller IDs: the owners, or all for shared ones.

        :return: the agents, as superuser
        """
        # sudo: telephony.agent - only to notify their pages, which read what they may read
        records_sudo = self.sudo()
        shared_sudo = records_sudo.filtered(lambda record: not record.agent_id)
        return records_sudo.agent_id | records_sudo.agent_id.search(
            [("allow_caller_id", "=", True), ("company_id", "in", shared_sudo.company_id.ids)]
        )

    def _to_client(self):
        """Return the payloads of these caller IDs for the softphone.

        :rtype: list(dict)
        """
        calls = self.env["telephony.call"]
        return [
            {
                "id": record.id,
                "name": record.name,
                "number": record.number,
                "number_display": calls._format_number(record.number),
                "country_code": get_region(record.number) or False,
                "expires_at": fields.Datetime.to_string(record.expires_at) or False,
                "failure": record.failure,
                "shared": not record.agent_id,
                "state": record.state,
                "message": record._get_message(),
            }
            for record in self
        ]

    def _get_message(self):
        number = self.env["telephony.call"]._format_number(self.number)
        if self.state == "failed" and self.failure == "no_answer":
            return self.env._("No one answered at %(number)s.", number=number)
        if self.state == "failed" and self.failure == "other":
            return self.env._(
                "%(number)s was verified by another user. Ask your phone administrator to "
                "share it with everyone.",
                number=number,
            )
        return {
            "calling": self.env._("We are calling %(number)s.", number=number),
            "waiting": self.env._("Enter the code on the phone."),
            "verified": self.env._("%(number)s is verified.", number=number),
            "failed": self.env._("The code was not entered correctly. Call again?"),
            "expired": self.env._("The code has expired. Call again?"),
            "lost": self.env._("%(number)s is no longer verified at Twilio.", number=number),
        }[self.state]
