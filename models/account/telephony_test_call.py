import logging
from datetime import timedelta
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...providers.base import ProviderError
from ...providers.voice_response import Gather, HangUp, Play
from ...tools.printable import printable
from ..arguments import check_arguments
from ..call.after_commit import after_commit
from ..gate import door

_logger = logging.getLogger(__name__)

# Seconds after which a test without its key has failed, and Twilio ends its call.
EXPIRES_SECONDS = 60
# Seconds the telephone rings; most mailboxes answer later than that.
RING_SECONDS = 25
# Seconds without news after which Twilio is asked for the state.
QUIET_SECONDS = 8
# Seconds of music, and to press the key.
MUSIC_SECONDS, KEY_SECONDS = 4, 10
KEY = "1"
# A state never follows one with a higher or equal rank.
RANK = {"calling": 0, "ringing": 1, "answered": 2, "done": 3, "failed": 3, "canceled": 3}
OVER = ("done", "failed", "canceled")


class TelephonyTestCall(models.TransientModel):
    """*Call Me Now*: a call to an administrator's own telephone, which proves that calls work.

    It takes the way of every call: credentials, the number shown, signed webhooks, sound, and keys.
    It is no `telephony.call`, so that lists and figures contain conversations with customers only.
    """

    _name = "telephony.test.call"
    _inherit = ["telephony.guard.mixin"]
    _description = "Test Call"
    _rec_name = "uuid"

    uuid = fields.Char(required=True, readonly=True, default=lambda self: str(uuid4()), index=True)
    account_id = fields.Many2one(
        "telephony.account", required=True, readonly=True, ondelete="cascade", immutable=True
    )
    company_id = fields.Many2one(related="account_id.company_id")
    user_id = fields.Many2one("res.users", required=True, readonly=True, ondelete="cascade")
    number = fields.Char(required=True, readonly=True)
    number_id = fields.Many2one(
        "telephony.number", "Shown Number", required=True, readonly=True, ondelete="cascade"
    )
    state = fields.Selection(
        [
            ("calling", "Calling"),
            ("ringing", "Ringing"),
            ("answered", "Answered"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("canceled", "Canceled"),
        ],
        required=True,
        readonly=True,
        default="calling",
    )
    message = fields.Char("Reason", readonly=True)
    provider_leg_id = fields.Char("Twilio Call SID", readonly=True, copy=False)
    expires_at = fields.Datetime(required=True, readonly=True)

    # === RPC === #

    @api.model
    def prepare(self):
        """Return what the window *Call Me Now* shows when it opens.

        :return: `number`: the number last used by the current user, or `False`; `test`: the test
            call that is in progress, see `_to_client`, or `False`
        :rtype: dict
        :raise AccessError: the user may not make test calls
        """
        agent_sudo = self._get_tester()
        ongoing_sudo = self._get_ongoing()
        return {
            "number": ongoing_sudo.number
            or agent_sudo.phone_number
            or self.env.user.partner_id.phone
            or False,
            "test": bool(ongoing_sudo) and ongoing_sudo._to_client(),
        }

    @api.model
    @door()
    @check_arguments
    def start(self, number):
        """Call the current user's own telephone. A second click returns the first one's call.

        :param str number: number with country code, or in the notation of the company's country
        :raise AccessError: the user may not make test calls
        :raise UserError: the number is invalid or must not be called
        :return: see `_to_client`
        :rtype: dict
        """
        agent_sudo = self._get_tester()
        ongoing_sudo = self._get_ongoing()
        if ongoing_sudo:
            return ongoing_sudo._to_client()
        e164 = self._normalize_number(number)
        account_sudo = agent_sudo._get_account()
        number_sudo = agent_sudo._get_default_number() or account_sudo._get_voice_numbers()[:1]
        if not number_sudo:
            raise UserError(agent_sudo._get_reason_not_to_call())
        values = {
            "account_id": number_sudo.account_id.id,
            "user_id": self.env.uid,
            "number": e164,
            "number_id": number_sudo.id,
            "expires_at": fields.Datetime.now() + timedelta(seconds=EXPIRES_SECONDS),
        }
        # sudo: telephony.test.call - users have no write access; every value is decided here
        tests_sudo = self.sudo()
        refusal = tests_sudo.new(values)._get_refusal() or (
            self.env["telephony.dialed.leg"]._get_limit_reached(self.env.company, self.env.user)
        )
        if refusal:
            raise UserError(refusal)
        test_sudo = tests_sudo.create(values)
        self.env["telephony.dialed.leg"]._count(self.env.company, self.env.user, "test")
        if not agent_sudo.phone_number:
            # The next test and the preferences begin with this number.
            agent_sudo.phone_number = e164
            agent_sudo._notify_change()
        test_sudo._send_test_call_request()
        return test_sudo._to_client()

    @api.model
    @check_arguments
    def check(self, uuid):
        """Return a test call of the current user; if its news may be lost, Twilio is asked.

        :param str uuid: test call
        :raise AccessError: it is not the user's
        :return: see `_to_client`
        :rtype: dict
        """
        test_sudo = self._get_own(uuid)
        if not test_sudo._is_over() and test_sudo._is_quiet():
            test_sudo._send_test_check_request()
        return test_sudo._to_client()

    @api.model
    @check_arguments
    def hang_up(self, uuid):
        """End a test call of the current user.

        :param str uuid: test call
        :raise AccessError: it is not the user's
        :return: see `_to_client`
        :rtype: dict
        """
        test_sudo = self._get_own(uuid)
        if not test_sudo._is_over():
            test_sudo._move("canceled")
            test_sudo._send_test_end_request()
        return test_sudo._to_client()

    # === CHECKS === #

    @api.model
    def _get_tester(self):
        """Return the current user's agent, as superuser.

        :raise AccessError: the user may not make test calls
        """
        if not self.env.user.has_group("crm_telephony.group_manager"):
            raise AccessError(self.env._("Only an administrator of Telephony can make test calls."))
        return self.env["telephony.agent"]._ensure_own_agent()

    @api.model
    def _get_ongoing(self):
        # sudo: telephony.test.call - the current user's own
        return self.sudo().search(
            [
                ("user_id", "=", self.env.uid),
                ("account_id.company_id", "=", self.env.company.id),
                ("state", "not in", OVER),
                ("expires_at", ">", fields.Datetime.now()),
            ],
            order="id desc",
            limit=1,
        )

    @api.model
    def _get_own(self, uuid):
        # sudo: telephony.test.call - the current user's own
        test_sudo = self.sudo().search([("uuid", "=", uuid or ""), ("user_id", "=", self.env.uid)])
        if not test_sudo:
            raise AccessError(self.env._("This is not your test call."))
        return test_sudo

    @api.model
    def _normalize_number(self, number):
        """Return a typed number in E.164.

        :raise UserError: it is an emergency number, or invalid
        """
        calls = self.env["telephony.call"]
        calls._check_emergency(number)
        e164 = calls._normalize(number, self.env.company.country_id)
        if not e164:
            raise UserError(
                self.env._(
                    "“%(number)s” is not a valid phone number. Enter it with its country code, "
                    "e.g. +32470123456.",
                    number=printable(number or ""),
                )
            )
        return e164

    def _get_refusal(self):
        """Return why the telephone must not be called now; empty when it may be.

        It is asked before the row is kept, and again before the request, because rules change.

        :return: a whole sentence, or an empty text
        :rtype: str
        """
        self.ensure_one()
        if not self.user_id._filter_phone_users(self.account_id.company_id):
            return self.env._("%(name)s is no longer a phone user.", name=self.user_id.name)
        if self.number_id not in self.account_id._get_voice_numbers():
            return self.env._(
                "The number for outgoing calls no longer belongs to your company. Choose "
                "another one."
            )
        return self.env["telephony.call"]._get_forbidden_destination(
            self.account_id.company_id, self.number
        )

    # === STATE === #

    def _is_over(self):
        return self.state in OVER

    def _is_expired(self):
        return self.expires_at < fields.Datetime.now()

    def _is_quiet(self):
        """Return whether nothing was heard of the call for a while."""
        limit = fields.Datetime.now() - timedelta(seconds=QUIET_SECONDS)
        return self._is_expired() or self.write_date < limit

    def _with_lang(self):
        """Return this record in the language of its user, who reads the reason."""
        return self.with_context(lang=self.user_id.lang)

    def _move(self, state, message=""):
        """Change the state, unless it is known already or the test is over.

        :param str state: a key of `RANK`
        :param str message: reason, as a whole sentence in the language of the user
        """
        self.ensure_one()
        if RANK[state] <= RANK[self.state]:
            return
        self.write({"state": state, "message": message or False})
        _logger.info("Test call %s: %s", self.uuid, state)
        self._notify()

    def _fail(self, reason):
        """End the test with a sentence that explains the status of its call.

        :param str reason: one of `LEG_END_REASONS`
        """
        env = self._with_lang().env
        if self.state == "answered":
            message = env._(
                "Your phone was answered, but the key 1 was not pressed. If you heard no music, or "
                "the key had no effect, click Fix It."
            )
        elif reason == "completed" and self.account_id.plan == "trial":
            message = env._(
                "The call ended before Odoo was heard. With a trial account, first press any key "
                "when Twilio asks for it."
            )
        else:
            message = {
                "busy": env._("Your phone is busy, or you declined the call. Try again."),
                "no_answer": env._("Your phone was not answered. Try again."),
                "canceled": env._("The call ended before your phone was answered. Try again."),
                "completed": env._(
                    "Your phone was called, but Twilio did not reach Odoo. Click Fix It to check "
                    "the public address."
                ),
            }.get(reason, env._("Your phone cannot be reached. Check the number and try again."))
        self._move("failed", message)

    # === FROM THE WEBHOOKS === #

    @api.model
    def _process_request(self, account, uuid, voice_request):
        """Return what the telephone hears: a greeting, music, and the thanks after the key.

        :param account: account of the request
        :param str uuid: test call that the signed URL names
        :param VoiceRequest voice_request: request of the provider
        :return: a voice response
        :rtype: list
        """
        test = self._match(account, uuid, voice_request.leg_id)
        if not test or test._is_over():
            return [HangUp()]
        if test._is_expired():
            test._fail("no_answer")
            return [HangUp()]
        if voice_request.error_code and not test._doubt_sounds(voice_request):
            test._move(
                "failed",
                test._with_lang().env._(
                    "Twilio could not play the answer of Odoo (error %(code)s). Click Fix It.",
                    code=voice_request.error_code,
                ),
            )
            return [HangUp()]
        if test.state != "answered":
            test._move("answered")
            # The sentences, the music and the key take a while.
            test.expires_at = fields.Datetime.now() + timedelta(seconds=EXPIRES_SECONDS)
            account._save_reached()
        if voice_request.digits == KEY:
            test._move("done")
            return [test._say("test_thanks"), HangUp()]
        return [
            Gather(
                (
                    test._say("test_greeting"),
                    Play(account._get_sound_url(f"hold_music/{MUSIC_SECONDS}")),
                    test._say("test_key"),
                ),
                KEY_SECONDS,
                account._get_webhook_url("call_me", test=test.uuid),
            ),
            HangUp(),
        ]

    @api.model
    def _process_status(self, account, uuid, event):
        """Apply a status of the call. It may come twice, late, or not at all.

        :param account: account of the request
        :param str uuid: test call that the signed URL names
        :param CallEvent event: event of the leg
        """
        test = self._match(account, uuid, event.provider_leg_id)
        if test:
            test._note_status(event)

    @api.model
    def _match(self, account, uuid, provider_leg_id):
        """Return the test call of a webhook, and save the provider's identifier if it is new."""
        test = self.search([("uuid", "=", uuid), ("account_id", "=", account.id)])
        if not test or not provider_leg_id:
            return self.browse()
        if not test.provider_leg_id:
            test.provider_leg_id = provider_leg_id
        return test.filtered(lambda test: test.provider_leg_id == provider_leg_id)

    def _note_status(self, event):
        if event.status == "ringing":
            self._move("ringing")
        elif event.status == "ended" and not self._is_over():
            # A leg explains the codes of the called network; this one is not stored.
            leg = self._with_lang().env["telephony.call.leg"].new(event.data)
            sentence = event.reason == "failed" and leg._get_failure_message()
            if sentence:
                self._move("failed", sentence)
            else:
                self._fail(event.reason)

    def _say(self, code):
        """Return a standard sentence in the language of the company."""
        return self.env["telephony.speech"]._say(self.account_id, self._get_language(), code)

    def _doubt_sounds(self, voice_request):
        """Return whether the sentences are spoken now, because a sound could not be played."""
        company, lang = self.account_id.company_id, self._get_language()
        return voice_request.is_sound_error and self.env["telephony.speech"]._doubt(
            company, lang, ["phone"]
        )

    def _get_language(self):
        return self.account_id.company_id.partner_id.lang or self.user_id.lang

    # === REQUESTS TO THE PROVIDER, AFTER COMMIT === #

    @after_commit("state, expires_at", repaired_by="_reconcile")
    def _send_test_call_request(self):
        """Call the telephone.

        :return: the method that records the result
        """
        if self._is_over() or self.provider_leg_id:
            return None
        refusal = self._with_lang()._get_refusal()
        if refusal:
            return self._on_test_refused, (refusal,)
        account = self.account_id
        url = account._get_webhook_url("call_me", test=self.uuid)
        try:
            provider_leg_id = account._get_client().call_phone(
                {
                    "from": self.number_id.number,
                    "to": self.number,
                    "timeout": RING_SECONDS,
                    "time_limit": EXPIRES_SECONDS,
                    "url": url,
                    "fallback_url": url,
                    "status_url": account._get_webhook_url("call_me_status", test=self.uuid),
                }
            )
        except ProviderError as error:
            _logger.warning("Test call %s: %s", self.uuid, error.label)
            if error.unknown:
                # It may ring all the same: its reports, or the time limit, decide.
                return None
            return self._on_test_refused, (self._with_lang().account_id._explain(error),)
        return self._on_test_call_done, (provider_leg_id,)

    def _on_test_call_done(self, provider_leg_id):
        if not self.provider_leg_id:
            self.provider_leg_id = provider_leg_id
        if self._is_over():
            # The user closed the window while the request was in progress.
            self._send_test_end_request()

    def _on_test_refused(self, sentence):
        self._move("failed", sentence)

    @after_commit("state, expires_at", repaired_by="_reconcile")
    def _send_test_check_request(self):
        """Ask Twilio for the status, in case its reports were lost.

        :return: the method that records the result
        """
        event = None
        if self.provider_leg_id:
            try:
                event = self.account_id._get_client().fetch_leg(self.provider_leg_id)
            except ProviderError as error:
                _logger.info("Test call %s: the status is unknown: %s", self.uuid, error.label)
        return self._on_test_checked, (event,)

    def _on_test_checked(self, event):
        if event:
            self._note_status(event)
        if not self._is_over() and self._is_expired():
            if self.provider_leg_id:
                self._fail("no_answer")
                self._send_test_end_request()
            else:
                env = self._with_lang().env
                self._move("failed", env._("Twilio did not respond within a minute. Click Fix It."))

    @after_commit("state", repaired_by="_reconcile")
    def _send_test_end_request(self):
        """Hang up."""
        if self.provider_leg_id:
            try:
                self.account_id._get_client().end_leg(self.provider_leg_id)
            except ProviderError as error:
                # Twilio ends it after its time limit.
                _logger.info("Test call %s: not ended: %s", self.uuid, error.label)

    # === RECONCILIATION === #

    @api.model
    def _reconcile(self):
        """Close the test calls whose time is over, even if no page shows them any more."""
        overdue = self.search(
            [("state", "not in", OVER), ("expires_at", "<", fields.Datetime.now())]
        )
        for test in overdue:
            test._send_test_check_request()

    # === TO THE CLIENT === #

    def _notify(self):
        [payload] = [test._to_client() for test in self]
        self.user_id._bus_send("telephony/call_me_updated", payload)

    def _to_client(self):
        """Return the payload of this test call for the web client. Note: `self.ensure_one()`

        :rtype: dict
        """
        self.ensure_one()
        calls = self.env["telephony.call"]
        return {
            "uuid": self.uuid,
            "company_id": self.account_id.company_id.id,
            "state": self.state,
            "number_display": calls._format_number(self.number),
            "shown_number_display": calls._format_number(self.number_id.number),
            "message": self.message or False,
        }
