import logging
import re
from contextlib import contextmanager
from functools import partial
from urllib.parse import urljoin

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.http import request
from odoo.tools.translate import get_translation

from odoo.addons.base.models.res_users import check_identity

from ...providers.base import ProviderError
from ...tools.printable import printable
from ..arguments import check_one

_logger = logging.getLogger(__name__)

SECRETS = ("auth_token", "secondary_auth_token", "api_key_secret")
# A change of account or server clears the secrets, which must not be sent to the new one.
SECRET_BOUND = ("account_sid", "api_base_url")


class TelephonyAccount(models.Model):
    """Setup of an account: credentials, connection, numbers, balance.

    Every method sends all its requests before it writes a row. So no lock is held while the
    provider answers. The requests of a click share its time budget (`_get_deadline`) and may be
    interrupted after any of them: the same click then continues.
    """

    _inherit = "telephony.account"

    has_auth_token = fields.Boolean(compute="_compute_has_auth_token", compute_sudo=True)
    has_secondary_token = fields.Boolean(compute="_compute_has_auth_token", compute_sudo=True)

    @api.constrains("edge")
    def _check_edge(self):
        # The value becomes part of the host name to which a browser sends its token.
        for account in self:
            if account.edge and not re.fullmatch(r"[a-z0-9-]{2,30}", account.edge):
                raise ValidationError(
                    self.env._(
                        "“%(value)s” is not a valid edge. Use lowercase letters and digits, e.g. "
                        "dublin.",
                        value=printable(account.edge),
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("auth_token", "secondary_auth_token")
    def _compute_has_auth_token(self):
        for account in self:
            account.has_auth_token = bool(account.auth_token)
            account.has_secondary_token = bool(account.secondary_auth_token)

    # === CRUD METHODS === #

    def write(self, vals):
        states = {account: (account.state, account.active) for account in self}
        bound = [name for name in SECRET_BOUND if name in vals]
        if bound and "auth_token" not in vals:
            moved = self.filtered(
                lambda account: any((account[name] or "") != (vals[name] or "") for name in bound)
            )
            # sudo: telephony.account - secrets are only cleared here
            moved.sudo()._forget_credentials()
        result = super().write(vals)
        self.filtered(
            lambda account: states[account] != (account.state, account.active)
        )._notify_agents()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_notify_agents(self):
        self._notify_agents()

    def _notify_agents(self):
        """Make the open pages of the companies' agents read again whether they may call."""
        # sudo: telephony.agent - only to notify their pages
        agents_sudo = self.env["telephony.agent"].sudo()
        if self:
            agents_sudo.search([("company_id", "in", self.company_id.ids)])._notify_rights()

    def _forget_credentials(self):
        super().write(
            {
                **dict.fromkeys(
                    (
                        *SECRETS,
                        "api_key_sid",
                        "twiml_app_sid",
                        "connected_base_url",
                        "former_base_url",
                    ),
                    False,
                ),
                "state": "draft",
            }
        )

    def _save_credentials(self, vals):
        """Write secrets, and log the user who did it.

        :param dict vals: values to write; secrets among them are never logged
        """
        # sudo: telephony.account - secrets are written only through this method
        self.sudo().write(vals)
        for account in self:
            _logger.info(
                "Telephony account %s: %s changed by user %s from %s",
                account.id,
                ", ".join(sorted(vals)),
                self.env.uid,
                request.httprequest.remote_addr if request else "the server",
            )

    # === ACTIONS === #

    @check_one
    def action_connect(self):
        """Check the credentials, and send the addresses of this Odoo to Twilio.

        :raise UserError: Twilio refused, or could not be reached
        """
        # Every user may call a public method; only this check protects the requests to Twilio.
        self.check_access("write")
        connection = self._send_connection_request()
        problem = self._explain_voice_sdk(*self._fetch_voice_sdk())
        return self._notify_connected(self._save_connection(*connection), problem)

    @check_one
    def action_show_balance(self):
        """Show the account's balance, as reported by Twilio."""
        self.check_access("write")
        with self._explained():
            balance = self._get_admin().fetch_balance()
        if not balance:
            return self._notify(self._get_subaccount_sentence(), reload=False)
        amount, currency = balance
        return self._notify(
            self.env._(
                "Balance of the Twilio account: %(amount).2f %(currency)s",
                amount=amount,
                currency=currency,
            ),
            reload=False,
        )

    def _get_subaccount_sentence(self):
        return self.env._(
            "This is a Twilio subaccount, which has no balance of its own: its parent account pays."
        )

    @check_identity
    @partial(check_one, or_none=True)
    def action_open_credentials(self):
        """Open the window for the secrets, which requires the password.

        The company may have no account yet.
        """
        return self.env["telephony.account.credentials"].action_open(self)

    @check_one
    def action_diagnose(self):
        """Check everything between this Odoo and Twilio."""
        return self.env["telephony.diagnosis"].action_open(self)

    # === BUSINESS METHODS === #

    @api.model
    def _get_of_company(self, company):
        """Return the account of a company, preferably a connected one.

        :param company: company of the account
        """
        accounts = self.search([("company_id", "=", company.id)])
        return accounts.sorted(lambda account: account.state != "connected")[:1]

    def _get_admin(self, **credentials):
        """Return the administration client of the account.

        :param credentials: `username` and `password` in place of the account's own
        :raise UserError: there is no auth token
        :rtype: ProviderAdmin
        """
        self.ensure_one()
        # sudo: telephony.account - the credentials stay on the server
        account = self.sudo()
        username = credentials.get("username") or account.account_sid
        password = credentials.get("password")
        second_password = None if password else account.secondary_auth_token
        password = password or account.auth_token
        if not password:
            raise UserError(self.env._("Enter the auth token of the Twilio account first."))
        return self._get_provider().make_admin(
            account.account_sid,
            username,
            password,
            second_password=second_password,
            **self._get_client_options(),
        )

    def _get_addresses(self, kind, base_url=None):
        """Return the URLs for Twilio's webhooks.

        :param str kind: `voice` of a number, `client` of the application
        :param str base_url: see `_get_webhook_url`
        :rtype: dict
        """
        return {
            "voice_url": self._get_webhook_url(kind, base_url=base_url),
            "fallback_url": self._get_webhook_url("fallback", base_url=base_url),
            "status_url": self._get_webhook_url("status", base_url=base_url),
        }

    def _send_connection_request(self, auth_token=None, secondary_token=None):
        """Check the credentials, and send the addresses of this Odoo to Twilio. No row is changed.

        :param str auth_token: new token, in place of the stored ones
        :param str secondary_token: token that Twilio uses from some moment on, in place of the
            stored one
        :return: values for the account, and its numbers (see `_read_numbers`)
        :rtype: tuple(dict, list)
        :raise UserError: Twilio refused, or could not be reached
        """
        self.ensure_one()
        name = f"Odoo {self.env.cr.dbname}"
        base_url = self._get_configured_base_url()
        with self._explained():
            typed = [token for token in (auth_token, secondary_token) if token]
            for token in typed or [None]:
                client = self._get_admin(password=token)
                client.fetch_account_name()
            # sudo: telephony.account - the identifier of our application at Twilio
            vals = {
                "twiml_app_sid": client.save_application(
                    self.sudo().twiml_app_sid, name, self._get_addresses("client", base_url)
                )
            }
            numbers = self._read_numbers(client, base_url)
            vals.update(self._read_plan(client))
            if not self._has_working_key(client):
                # Last, because Twilio returns the secret only once.
                vals["api_key_sid"], vals["api_key_secret"] = client.create_api_key(name)
        if auth_token:
            vals["auth_token"] = auth_token
        if auth_token or secondary_token:
            vals["secondary_auth_token"] = secondary_token or False
        if self._get_base_url() != base_url:
            vals["former_base_url"] = self._get_base_url()
        vals["connected_base_url"] = base_url
        return vals, numbers

    def _save_connection(self, vals, numbers):
        """Write the result of `_send_connection_request`.

        :return: what the first connection has set up, see `_set_up_first_calls`
        :rtype: list(str)
        """
        # An account that was connected before is the administrator's own work.
        is_first = not self.number_ids and self.state == "draft"
        # Connecting has repaired the cause of earlier refusals.
        self._save_credentials({**vals, "state": "connected", "last_refused_at": False})
        self._write_numbers(numbers)
        return self._set_up_first_calls() if is_first else []

    def _has_working_key(self, client):
        # sudo: telephony.account - only whether a key exists
        account_sudo = self.sudo()
        return bool(
            account_sudo.api_key_secret
            and account_sudo.api_key_sid
            and client.has_api_key(account_sudo.api_key_sid)
        )

    def _make_new_key(self):
        """Replace the API key that signs the access tokens of browsers.

        :raise UserError: Twilio refused, or could not be reached
        """
        self.ensure_one()
        with self._explained():
            sid, secret = self._get_admin().create_api_key(f"Odoo {self.env.cr.dbname}")
        self._save_credentials({"api_key_sid": sid, "api_key_secret": secret})

    def _find_accepted_tokens(self):
        """Return those of the two auth tokens that Twilio accepts.

        :rtype: list(str)
        :raise ProviderError: Twilio could not be reached
        """
        self.ensure_one()
        # sudo: telephony.account - the tokens are tested and stay on the server
        account_sudo = self.sudo()
        accepted = []
        for token in filter(None, (account_sudo.auth_token, account_sudo.secondary_auth_token)):
            try:
                self._get_admin(password=token).fetch_account_name()
            except ProviderError as error:
                if error.kind != "unauthorized":
                    raise
            else:
                accepted.append(token)
        return accepted

    def _drop_refused_token(self):
        """Keep the only auth token that Twilio accepts.

        :raise UserError: Twilio could not be reached
        """
        with self._explained():
            accepted = self._find_accepted_tokens()
        if len(accepted) == 1:
            self._save_credentials({"auth_token": accepted[0], "secondary_auth_token": False})

    # === PUBLIC ADDRESS === #

    def _ask_own_server(self, question):
        """Send a question to the public address that only this database can answer.

        :return: HTTP status or the reason of its absence, and the answer
        :rtype: tuple(int | str, str)
        """
        return self._get_provider().ask(
            self._get_webhook_url("ping", question=question), self._get_deadline()
        )

    def _fetch_own_sound(self):
        """Request a sound from the public address, as Twilio would.

        :return: HTTP status or the reason of its absence, the content type, and whether Twilio
            plays it
        :rtype: tuple(int | str, str, bool)
        """
        return self._get_provider().ask_sound(
            self._get_sound_url("ringback_tone"), self._get_deadline()
        )

    def _fetch_voice_sdk(self):
        """Request the Voice SDK from the configured public address, as a browser would.

        :return: the URL, HTTP status or the reason of its absence, and whether a browser runs it
        :rtype: tuple(str, int | str, bool)
        """
        url = urljoin(f"{self._get_configured_base_url()}/", self._get_sdk_url())
        return url, *self._get_provider().ask_program(url, self._get_deadline())

    def _explain_voice_sdk(self, url, status, is_program):
        """Return why browsers cannot load the Voice SDK; None if they can or it is unknown.

        The parameters are the result of `_fetch_voice_sdk`.

        :rtype: str | None
        """
        if status == 404:
            return self.env._(
                "No one can make calls from the browser: the file %(url)s is missing. Install the "
                "release of this app or a complete clone of its repository.",
                url=url,
            )
        if status == 200 and not is_program:
            return self.env._(
                "No one can make calls from the browser: %(url)s does not deliver the Voice SDK. "
                "Configure the proxy in front of Odoo to forward the files of "
                "/crm_telephony/static/ unchanged.",
                url=url,
            )
        return None

    def _post_signed_webhook(self):
        """Send a signed webhook, as Twilio would, to the public address.

        :return: HTTP status or the reason of its absence, and the answer
        :rtype: tuple(int | str, str)
        """
        # sudo: telephony.account - the secret signs the request and stays on the server
        account_sudo = self.sudo()
        return self._get_provider().post_signed(
            self._get_webhook_url("status"),
            account_sudo.account_sid,
            account_sudo.auth_token,
            self._get_deadline(),
        )

    # === FAILURES === #

    @contextmanager
    def _explained(self):
        """Raise a failed request as a readable error: `with account._explained(): …`"""
        try:
            yield
        except ProviderError as error:
            if error.unknown:
                raise UserError(
                    self.env._(
                        "Twilio's response was lost, so the request may or may not have been "
                        "processed. Synchronize the numbers before you try again."
                    )
                ) from error
            raise UserError(self._explain(error)) from error

    def _explain(self, error):
        """Return a sentence that explains a failed request to the user.

        :param ProviderError error: error of the request
        :rtype: str
        """
        if error.kind == "late":
            return self.env._(
                "Twilio responds too slowly, so the operation was interrupted. Completed steps "
                "are not lost. Click again to continue."
            )
        sentence = self._get_provider().explain(error.kind)
        if sentence:
            return get_translation("crm_telephony", self.env.lang or "en_US", sentence, ())
        if error.unknown:
            return self.env._("Twilio did not respond in time, but may have processed the request.")
        if error.retryable:
            return self.env._("Twilio could not be reached. Try again in a moment.")
        url = self._get_provider().get_error_url(error.code)
        if url:
            return self.env._(
                "Twilio refused the request: %(message)s (error %(code)s, see %(url)s).",
                message=str(error),
                code=error.code,
                url=url,
            )
        return self.env._(
            "Twilio refused the request: %(message)s (error %(code)s).",
            message=str(error),
            code=error.code,
        )

    def _notify(self, message, reload=True):
        params = {"type": "success", "message": message}
        if reload:
            params["next"] = {"type": "ir.actions.client", "tag": "soft_reload"}
        return {"type": "ir.actions.client", "tag": "display_notification", "params": params}
