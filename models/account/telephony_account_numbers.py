import logging
import re
from contextlib import suppress

from odoo import api, models
from odoo.exceptions import UserError

from ...providers.base import ProviderError
from ..arguments import check_one

_logger = logging.getLogger(__name__)

# A number with such a URL reaches no public server, so it counts as unused.
OWN_MACHINE = re.compile(r"^https?://(localhost|127\.0\.0\.1|\[::1\])([:/]|$)")


class TelephonyAccount(models.Model):
    """The numbers of an account: synchronized, connected, bought."""

    _inherit = "telephony.account"

    # === ACTIONS === #

    def action_synchronize_numbers(self):
        """Synchronize the account's numbers, and write the webhook URLs of those used here.

        :raise UserError: Twilio refused, or could not be reached
        """
        # Every user may call a public method; users who see the account may synchronize it.
        self.check_access("read")
        for account in self:
            with account._explained():
                client = account._get_admin()
                numbers = account._read_numbers(client)
            account._write_numbers(numbers)
        return self._notify(self.env._("The numbers are up to date."))

    @check_one
    def action_search_numbers(self):
        """Open the search for a number to buy."""
        return self.env["telephony.number.search"].action_open(self)

    # === BUSINESS METHODS === #

    def _read_numbers(self, client, base_url=None):
        """Return the account's numbers, and write the URLs of those used here at Twilio.

        A number in use elsewhere is not changed: it points to another address and was never
        connected here. No row is changed.

        :param str base_url: see `_get_webhook_url`
        :return: see `ProviderAdmin.list_numbers`; with `is_connected`
        :rtype: list(dict)
        """
        known = {
            number.number: number for number in self.with_context(active_test=False).number_ids
        }
        addresses = self._get_addresses("voice", base_url)
        own = self._get_own_beginnings()
        numbers = client.list_numbers()
        for values in numbers:
            number = known.get(values["number"])
            is_free = (
                values["is_unused"]
                or values["voice_url"].startswith(own)
                or OWN_MACHINE.match(values["voice_url"])
            )
            values["is_connected"] = bool(
                values["has_voice"]
                and (number.active and (number.is_connected or is_free) if number else is_free)
            )
            # A correct number costs no request, so with many numbers the next click continues an
            # interrupted one.
            if values["is_connected"] and self._leads_elsewhere(values, addresses):
                values.update(self._get_former_settings(values))
                client.save_number(values["sid"], addresses, values["overrides"])
        return numbers

    def _get_own_beginnings(self):
        """Return how the URLs begin that lead to this database.

        :rtype: tuple(str)
        """
        return tuple(f"{url}/" for url in self._get_signed_base_urls())

    def _get_former_settings(self, values):
        """Return what the record of a number keeps before its settings are replaced.

        A number that leads here already has no other settings, so those known remain.

        :param dict values: see `ProviderAdmin.list_numbers`
        :return: `former_settings`, or nothing
        :rtype: dict
        """
        if values["voice_url"].startswith(self._get_own_beginnings()) and not values["overrides"]:
            return {}
        return {"former_settings": self._get_foreign_settings(values["settings"])}

    def _get_foreign_settings(self, settings):
        """Return the settings of a number without the URLs that lead to this database.

        :param dict settings: see `ProviderAdmin.list_numbers`
        :rtype: dict
        """
        own = self._get_own_beginnings()
        return {
            name: "" if (value or "").startswith(own) else value for name, value in settings.items()
        }

    @api.model
    def _leads_elsewhere(self, values, addresses):
        """Return whether Twilio would send a number's requests to another address, or to none.

        :param dict values: see `ProviderAdmin.list_numbers`
        :param dict addresses: see `_get_addresses`
        :rtype: bool
        """
        return values["is_overridden"] or any(
            values[name] != address for name, address in addresses.items()
        )

    def _write_numbers(self, numbers):
        """Create or update the records of the account's numbers.

        :param list numbers: see `_read_numbers`
        :return: the records
        """
        # sudo: telephony.number - data of Twilio about an account that the user may use
        listed = self.env["telephony.number"].sudo()
        known = {
            number.number: number
            for number in self.sudo().with_context(active_test=False).number_ids
        }
        for values in numbers:
            vals = {
                "provider_number_id": values["sid"],
                "is_connected": values["is_connected"],
                **self._get_facts_of_number(values),
            }
            if "former_settings" in values:
                vals["former_settings"] = values["former_settings"]
            number = known.pop(values["number"], None)
            if number:
                number._write_changed(vals)
            else:
                number = listed.create(
                    {
                        "account_id": self.id,
                        "number": values["number"],
                        "name": values["name"] or values["number"],
                        **vals,
                    }
                )
            listed |= number
        for number in known.values():
            number._write_changed({"provider_number_id": False, "is_connected": False})
        return listed

    @api.model
    def _get_facts_of_number(self, values):
        """Return what a number's record keeps of its state at the provider.

        :param dict values: see `ProviderAdmin.list_numbers`
        :rtype: dict
        """
        return {
            name: values[name]
            for name in ("has_voice", "emergency_address_state", "emergency_active")
        }

    def _connect_number(self, number):
        """Connect a number, so that its calls arrive here instead of at any previous address.

        :param number: number of this account
        :raise UserError: Twilio refused, or could not be reached
        """
        self.ensure_one()
        with self._explained():
            client = self._get_admin()
            values = client.fetch_number(number.provider_number_id)
            if not values["has_voice"]:
                raise UserError(
                    self.env._(
                        "%(number)s cannot make or receive calls: Twilio offers it for messages "
                        "only.",
                        number=number.display_name,
                    )
                )
            former = self._get_former_settings(values)
            client.save_number(values["sid"], self._get_addresses("voice"), values["overrides"])
        number._write_changed({"is_connected": True, **former, **self._get_facts_of_number(values)})

    def _search_numbers(self, country, kind, contains):
        """Search for numbers to buy.

        :param str country: ISO 3166 code of two letters
        :param str kind: `local`, `mobile` or `toll_free`
        :param str contains: digits, or empty
        :return: see `ProviderAdmin`: `search_numbers`, `fetch_prices` and `fetch_proofs`
        :rtype: tuple(list, dict, dict)
        :raise UserError: Twilio refused, or could not be reached
        """
        self.ensure_one()
        with self._explained():
            client = self._get_admin()
            found = client.search_numbers(country, kind, contains)
            if not found:
                return found, {}, {}
            prices, proofs = client.fetch_prices(country), {}
            # Without them, a refusal of the purchase still says what is missing.
            with suppress(ProviderError):
                proofs = client.fetch_proofs(country, kind)
            return found, prices, proofs

    def _buy_number(self, number, bundle_sid="", address_sid=""):
        """Buy a number, connect it and list it here.

        :param str number: E.164
        :param str bundle_sid: identifier of the proof of identity, or empty
        :param str address_sid: identifier of the address, or empty
        :return: the new record
        :raise UserError: Twilio refused, or could not be reached
        """
        self.ensure_one()
        with self._explained():
            values = self._get_admin().buy_number(
                number, self._get_addresses("voice"), bundle_sid, address_sid
            )
        # sudo: telephony.number - the SID of the number that the user has just bought
        record = (
            self.sudo()
            .with_context(active_test=False)
            .number_ids.filtered(lambda known: known.number == number)
        )
        vals = {
            "provider_number_id": values["sid"],
            "is_connected": True,
            "active": True,
            **self._get_facts_of_number(values),
        }
        if record:
            record.write(vals)
        else:
            record = record.create(
                {
                    "account_id": self.id,
                    "number": number,
                    "name": number,
                    **vals,
                }
            )
        record = record.sudo(False)
        _logger.info("Telephony account %s: a number was bought by user %s", self.id, self.env.uid)
        return record

    def _release_number(self, number):
        """Release a number at Twilio, and archive it here.

        :param number: number of this account
        :raise UserError: Twilio refused, or could not be reached
        """
        self.ensure_one()
        with self._explained():
            self._get_admin().release_number(number.provider_number_id)
        # sudo: telephony.number - the user may release it, and Twilio has done so
        number.sudo().write(
            {
                "active": False,
                "is_connected": False,
                "provider_number_id": False,
            }
        )
        _logger.info(
            "Telephony account %s: number %s was released by user %s",
            self.id,
            number.id,
            self.env.uid,
        )
