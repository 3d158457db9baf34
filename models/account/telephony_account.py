import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ...providers.base import get_provider
from ...tools.language import to_language_tag
from ...tools.printable import printable
from ..call.after_commit import WEBHOOK_ROOT, get_deadline

ACCOUNT_SID = re.compile(r"AC[A-Za-z0-9]{32}")
# Parameter of a webhook's URL: our identifier of the account.
ACCOUNT_ID = "account"
DEFAULT_SDK_URL = "/crm_telephony/static/lib/twilio-voice-sdk/twilio.min.js"


class TelephonyAccount(models.Model):
    """A company's account at a provider: credentials, addresses, and every request.

    Only this model knows the provider (see `providers/base.py`); other models send and read through
    it.
    """

    _name = "telephony.account"
    _inherit = ["telephony.guard.mixin"]
    _description = "Telephony Account"

    name = fields.Char(required=True, default="Twilio")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        immutable=True,
        default=lambda self: self.env.company,
    )
    state = fields.Selection(
        [("draft", "Not Connected"), ("connected", "Connected")],
        default="draft",
        required=True,
        readonly=True,
    )
    provider = fields.Selection(
        [("twilio", "Twilio")],
        default="twilio",
        required=True,
        immutable=True,
        help="The telephone company that carries the calls of this account.",
    )
    account_sid = fields.Char("Account SID", required=True, groups="base.group_system")
    # Only `_save_credentials` writes the secrets; they never leave the server.
    auth_token = fields.Char(groups=fields.NO_ACCESS, copy=False)
    # Twilio's next auth token: from one moment on, only this one signs and is accepted.
    # https://www.twilio.com/docs/iam/api/secondary_authtoken
    secondary_auth_token = fields.Char(groups=fields.NO_ACCESS, copy=False)
    api_key_sid = fields.Char("API Key", readonly=True, copy=False, groups="base.group_system")
    api_key_secret = fields.Char("API Key Secret", groups=fields.NO_ACCESS, copy=False)
    twiml_app_sid = fields.Char(
        "TwiML Application", readonly=True, copy=False, groups="base.group_system"
    )
    webhook_base_url = fields.Char(
        "Public Address",
        groups="base.group_system",
        help="Address at which Twilio can reach this database, e.g. https://crm.example.com. "
        "Leave empty to use the database's base URL.",
    )
    connected_base_url = fields.Char(
        "Connected Address",
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Public address sent to Twilio at the last connection. Twilio keeps using it even "
        "if the database address changes.",
    )
    # Calls that began before a change of the address continue at their first one.
    former_base_url = fields.Char(
        "Previous Address", readonly=True, copy=False, groups="base.group_system"
    )
    # https://www.twilio.com/docs/global-infrastructure/edge-locations
    edge = fields.Char(
        groups="base.group_system",
        help="Location of Twilio to which browsers connect, e.g. dublin. Leave empty to use the "
        "nearest one.",
    )
    api_base_url = fields.Char(
        "API Base URL",
        groups="base.group_system",
        help="Alternative base URL of the Twilio API, for development only.",
    )
    voice_gateway = fields.Char(
        groups="base.group_system",
        help="Alternative host and port of the Twilio voice gateway, for development only.",
    )
    voice_sdk_url = fields.Char(
        "Voice SDK URL",
        groups="base.group_system",
        help="Alternative URL of the Twilio Voice SDK, for development only.",
    )
    number_ids = fields.One2many("telephony.number", "account_id", "Numbers")

    _account_sid_unique = models.Constraint(
        "UNIQUE (account_sid)", "This Twilio account is already set up in this database."
    )

    @api.constrains("account_sid")
    def _check_account_sid(self):
        for account in self:
            if not ACCOUNT_SID.fullmatch(account.account_sid or ""):
                raise ValidationError(
                    self.env._(
                        "The account SID must start with “AC”, followed by 32 letters and digits."
                    )
                )

    @api.constrains("webhook_base_url", "api_base_url")
    def _check_addresses(self):
        for account in self:
            for address in (account.webhook_base_url, account.api_base_url):
                if address and not address.startswith(("https://", "http://")):
                    raise ValidationError(
                        self.env._(
                            "The address “%(address)s” must start with https://.",
                            address=printable(address, 100),
                        )
                    )

    # === OUTGOING: REQUESTS TO THE PROVIDER === #

    def _get_provider(self):
        """Return the provider of this account. Note: `self.ensure_one()`

        :rtype: Provider
        """
        self.ensure_one()
        return get_provider(self.provider)

    def _get_client_options(self):
        """Return where the requests of this account are sent, and until when."""
        # sudo: telephony.account - addresses, not secrets
        account_sudo = self.sudo()
        return {
            "base_url": account_sudo.api_base_url,
            "deadline": self._get_deadline(),
        }

    def _get_client(self):
        """Return the client of this account for calls.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        # sudo: telephony.account - the credentials stay on the server
        account = self.sudo()
        return self._get_provider().make_client(
            account.account_sid,
            account.account_sid,
            account.auth_token,
            second_password=account.secondary_auth_token,
            **self._get_client_options(),
        )

    @api.model
    def _get_deadline(self):
        """Return when the requests of this click must end, see `get_deadline`."""
        return get_deadline()

    def _get_webhook_url(self, route, *, base_url=None, **query):
        """Return the public URL of a webhook.

        :param str route: last part of the path
        :param str base_url: URL to use in place of the public address that Twilio knows
        :param query: parameters of the webhook, protected by the signature
        :rtype: str
        """
        if "call" in query:
            # Twilio does not document that each request beside a conversation names its account.
            query[ACCOUNT_ID] = self.id
        url = (base_url or self._get_base_url()) + WEBHOOK_ROOT + route
        return url + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")

    def _get_configured_base_url(self):
        """Return the public address that Twilio receives with the next *Connect*."""
        # sudo: telephony.account - an address, not a secret
        return (self.sudo().webhook_base_url or self.get_base_url()).rstrip("/")

    def _get_base_url(self):
        """Return the public address that Twilio knows.

        The database's own address changes when an administrator logs in under another host name.
        The address that Twilio received does not change, so all URLs begin with it.
        """
        # sudo: telephony.account - an address, not a secret
        return self.sudo().connected_base_url or self._get_configured_base_url()

    def _get_signed_base_urls(self):
        """Return all base URLs that Twilio may have signed, without duplicates."""
        # sudo: telephony.account - addresses, not secrets
        former = self.sudo().former_base_url
        urls = (self._get_base_url(), former, self._get_configured_base_url())
        return list(dict.fromkeys(filter(None, urls)))

    def _get_sound_url(self, name):
        """Return the public URL of one of the addon's sounds, see `controllers/sound.py`."""
        return f"{self._get_base_url()}/telephony/sound/{name}.wav"

    def _get_spoken_lang(self, lang):
        """Return the language in which our own sentences are spoken: English without a voice.

        :param str lang: code of the wanted language, or empty
        :rtype: str
        """
        lang = lang or "en_US"
        return lang if self._get_provider().find_voice(to_language_tag(lang)) else "en_US"

    def _render(self, response):
        """Return a voice response (see `voice_response`) in the provider's language."""
        return self._get_provider().render(response)

    def _get_sdk_url(self):
        """Return the URL of the Voice SDK, which browsers load from the address that they use."""
        # sudo: telephony.account - an address, not a secret
        return self.sudo().voice_sdk_url or DEFAULT_SDK_URL

    def _make_browser_access(self, identity):
        """Return the data that a browser needs to connect to the provider.

        :param str identity: opaque identity of the agent
        :raise UserError: the account is not connected
        :rtype: dict
        """
        # sudo: telephony.account - the secret signs the token and stays on the server
        account = self.sudo()
        if not (account.api_key_secret and account.twiml_app_sid):
            raise UserError(
                self.env._(
                    "Telephony is not connected to Twilio yet. Ask your phone administrator."
                )
            )
        token, ttl = self._get_provider().make_token(
            account.account_sid,
            account.api_key_sid,
            account.api_key_secret,
            identity,
            account.twiml_app_sid,
        )
        return {
            "token": token,
            "ttl": ttl,
            "identity": identity,
            "sdk_url": self._get_sdk_url(),
            "gateway": account.voice_gateway or False,
            "edge": account.edge or False,
            "is_trial": account.plan == "trial",
            "is_limited": bool(account._get_calls_at_once()),
            "insights": account.company_id.telephony_share_insights,
        }

    # === INCOMING: WEBHOOKS === #

    @api.model
    def _find_signed(self, account_id, account_sid, path, form, given_signature):
        """Return the account that signed a request.

        :param str account_id: our identifier of the account in the URL; empty without one
        :param str account_sid: SID of the account in the posted fields; empty without one
        :param str path: raw path and query of the request
        :param form: the posted fields
        :param str given_signature: signature of the request
        :return: the account (empty when unknown), and whether the signature is valid
        :rtype: tuple(telephony.account, bool)
        """
        # Only well-formed names are searched, because the endpoint is public.
        domain = Domain.TRUE
        if account_sid or not account_id:
            if not ACCOUNT_SID.fullmatch(account_sid or ""):
                return self.browse(), False
            domain &= Domain("account_sid", "=", account_sid)
        if account_id:
            if not re.fullmatch(r"[0-9]{1,9}", account_id):
                return self.browse(), False
            domain &= Domain("id", "=", int(account_id))
        if not given_signature:
            return self.browse(), False
        account = self.search_fetch(domain, limit=1)
        return account, bool(account) and account._get_provider().is_signed(
            [account.auth_token, account.secondary_auth_token],
            [base_url + path for base_url in account._get_signed_base_urls()],
            form,
            given_signature,
        )

    def _parse_voice_request(self, params, query=None):
        return self._get_provider().parse_voice_request(params, query)

    def _parse_leg_event(self, params):
        return self._get_provider().parse_leg_event(params)

    def _parse_conference_event(self, params):
        return self._get_provider().parse_conference_event(params)

    def _parse_recording_event(self, params):
        return self._get_provider().parse_recording_event(params)

    def _parse_verification(self, params):
        return self._get_provider().parse_verification(params)
