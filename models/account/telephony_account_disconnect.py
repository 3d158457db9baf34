import logging

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import formatLang

from ...providers.base import ProviderError
from ..arguments import check_one

_logger = logging.getLogger(__name__)

# Numbers that lead here, as far as this database knows.
LINKED = Domain("is_connected", "=", True) & Domain("provider_number_id", "!=", False)


class TelephonyAccount(models.Model):
    """The end of a connection: what leads here at the provider, and handing it back."""

    _inherit = "telephony.account"

    # === ACTIONS === #

    @check_one
    def action_open_disconnect(self):
        """Open the confirmation, with everything at Twilio that leads here.

        :raise UserError: Twilio refused, or could not be reached
        """
        self.check_access("write")
        return self.env["telephony.account.disconnect"].action_open(self)

    # === BUSINESS METHODS === #

    def _list_numbers_to_hand_back(self, client):
        """Return the numbers of the account whose calls or reports lead here.

        :param ProviderAdmin client: client of this account
        :return: see `ProviderAdmin.list_numbers`; with `restored`, the settings that the number
            gets back
        :rtype: list(dict)
        """
        own = self._get_own_beginnings()
        # sudo: telephony.number - data of Twilio about an account that the user may change
        known = {
            number.number: number.former_settings or {}
            for number in self.sudo().with_context(active_test=False).number_ids
        }
        numbers = []
        for values in client.list_numbers():
            urls = (values[name] for name in ("voice_url", "fallback_url", "status_url"))
            if not any(url.startswith(own) for url in urls):
                continue
            # Another application or trunk has taken the number since, and keeps it.
            values["restored"] = (
                self._get_foreign_settings(values["settings"])
                if values["overrides"]
                else self._get_foreign_settings(known.get(values["number"], {}))
            )
            numbers.append(values)
        return numbers

    def _list_links(self):
        """Return what leads here at the provider. No row is changed.

        :return: the numbers, see `_list_numbers_to_hand_back`; whether the application exists;
            whether the API key exists
        :rtype: tuple(list(dict), bool, bool)
        :raise UserError: Twilio refused, or could not be reached
        """
        self.ensure_one()
        # sudo: telephony.account - identifiers of our objects at Twilio
        account_sudo = self.sudo()
        with self._explained():
            client = self._get_admin()
            numbers = self._list_numbers_to_hand_back(client)
            has_application = self._has_application(client, account_sudo.twiml_app_sid)
            has_key = bool(account_sudo.api_key_sid) and client.has_api_key(
                account_sudo.api_key_sid
            )
        return numbers, has_application, has_key

    def _has_application(self, client, sid):
        if not sid:
            return False
        try:
            client.fetch_application(sid)
        except ProviderError as error:
            if not error.gone:
                raise
            return False
        return True

    def _hand_back(self):
        """Hand back everything that leads here at the provider, and forget the credentials.

        All requests precede the first row. A request that fails leaves the rest for the next click,
        which finds at Twilio what is left.

        :return: the numbers that were handed back, and those of them whose former settings Twilio
            refused, so that they have no address
        :rtype: tuple(list(str), list(str))
        :raise UserError: Twilio refused, or could not be reached; or calls are running
        """
        self.ensure_one()
        self._check_no_calls()
        # sudo: telephony.account - identifiers of our objects at Twilio
        account_sudo = self.sudo()
        with self._explained():
            client = self._get_admin()
            numbers = self._list_numbers_to_hand_back(client)
            cleared = [values["number"] for values in numbers if not self._restore(client, values)]
            if account_sudo.twiml_app_sid:
                client.delete_application(account_sudo.twiml_app_sid)
            if account_sudo.api_key_sid:
                client.delete_api_key(account_sudo.api_key_sid)
        self._save_disconnection()
        return [values["number"] for values in numbers], cleared

    def _restore(self, client, values):
        """Restore a number, or clear its addresses if Twilio refuses the former ones.

        :param dict values: see `_list_numbers_to_hand_back`
        :return: whether the former settings were restored
        :rtype: bool
        """
        try:
            client.restore_number(values["sid"], values["restored"])
        except ProviderError as error:
            if error.kind != "refused" or not values["restored"]:
                raise
            # The former application may be deleted.
            client.restore_number(values["sid"], {})
            return False
        return True

    def _check_no_calls(self):
        # sudo: telephony.call - only their number
        count = (
            self.env["telephony.call"]
            .sudo()
            .search_count([("account_id", "=", self.id), ("state", "!=", "ended")])
        )
        if count:
            raise UserError(
                self.env._(
                    "Calls are in progress (%(count)s). Wait until they have ended, then "
                    "disconnect.",
                    count=formatLang(self.env, count, digits=0),
                )
            )

    def _save_disconnection(self):
        # sudo: telephony.number - the user may disconnect their account, and Twilio has done so
        self.sudo().with_context(active_test=False).number_ids._write_changed(
            {"is_connected": False, "former_settings": False}
        )
        # sudo: telephony.account - secrets are only cleared here
        self.sudo()._forget_credentials()
        self._notify_agents()
        _logger.info("Telephony account %s: disconnected by user %s", self.id, self.env.uid)

    # === UNINSTALLATION === #

    def _get_linked(self):
        """Return the accounts of all companies that still have something at the provider."""
        # sudo: telephony.account - what an uninstallation leaves behind concerns all companies
        accounts_sudo = self.sudo().with_context(active_test=False)
        return accounts_sudo.search(
            Domain("twiml_app_sid", "!=", False)
            | Domain("api_key_sid", "!=", False)
            | Domain("number_ids", "any", LINKED)
        )

    def _get_links(self):
        """Return the names of what leads here at the provider, as far as this database knows.

        :rtype: list(str)
        """
        self.ensure_one()
        # sudo: telephony.account - identifiers of our objects at Twilio
        account_sudo = self.sudo().with_context(active_test=False)
        return [
            *account_sudo.number_ids.filtered_domain(LINKED).mapped("provider_number_id"),
            *filter(None, (account_sudo.twiml_app_sid, account_sudo.api_key_sid)),
        ]

    def _get_link_names(self):
        """Return what leads here at Twilio as an administrator reads it, see `_get_links`.

        :rtype: list(str)
        """
        self.ensure_one()
        # sudo: telephony.account - only system administrators uninstall
        account_sudo = self.sudo().with_context(active_test=False)
        names = account_sudo.number_ids.filtered_domain(LINKED).mapped("number")
        if account_sudo.twiml_app_sid:
            names.append(self.env._("TwiML Application"))
        if account_sudo.api_key_sid:
            names.append(self.env._("API Key"))
        return names

    def _log_links(self):
        """Log what still leads here, before the addon is uninstalled. No request is sent."""
        for account_sudo in self._get_linked():
            _logger.warning(
                "Telephony account %s is uninstalled, but at Twilio these still lead to %s: %s. "
                "Change the numbers, and delete the application (AP…) and the API key (SK…) in "
                "the Twilio Console.",
                account_sudo.id,
                account_sudo._get_base_url(),
                ", ".join(account_sudo._get_links()),
            )
