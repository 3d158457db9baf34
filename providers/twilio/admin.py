"""Administration of a Twilio account: credentials, numbers, balance, permissions.

https://www.twilio.com/docs/iam/api
https://www.twilio.com/docs/phone-numbers/api
"""

from contextlib import suppress

from ..base import ProviderAdmin, ProviderError
from .client import TwilioClient

# Kinds of numbers, keyed by Twilio's name in the price list.
# https://www.twilio.com/docs/phone-numbers/pricing
PRICE_KINDS = {"local": "local", "mobile": "mobile", "toll free": "toll_free"}
# Address to which Twilio itself points a number that is not configured.
DEMO_ADDRESS = "https://demo.twilio.com/"
# Policy of the primary customer profile of a business; that of individuals is not published. The
# secondary profile belongs to a customer of the account.
# https://www.twilio.com/docs/trust-hub/trusthub-rest-api/customer-profiles
BUSINESS_POLICY = "RN6433641899984f951173ef1738c3bdd0"
SECONDARY_POLICY = "RNdfbf3fae0e1107f8aded0e7cead80bf5"
# Largest page size of a list, because each page is a request.
PAGE = 1000


def _read_addresses(resource):
    return {
        "voice_url": resource.voice_url or "",
        "fallback_url": resource.voice_fallback_url or "",
        "status_url": resource.status_callback or "",
    }


def _read_number(number):
    return {
        "sid": number.sid,
        "number": number.phone_number,
        "name": number.friendly_name,
        **_read_addresses(number),
        # Either setting overrides the URLs, and our webhooks answer no GET.
        "is_overridden": bool(number.voice_application_sid or number.trunk_sid)
        or "GET"
        in (number.voice_method, number.voice_fallback_method, number.status_callback_method),
        "is_unused": not number.trunk_sid
        and not number.voice_application_sid
        and (not number.voice_url or number.voice_url.startswith(DEMO_ADDRESS)),
    }


def _write_addresses(addresses):
    return {
        "voice_url": addresses["voice_url"],
        "voice_method": "POST",
        "voice_fallback_url": addresses["fallback_url"],
        "voice_fallback_method": "POST",
        "status_callback": addresses["status_url"],
        "status_callback_method": "POST",
    }


class TwilioAdmin(TwilioClient, ProviderAdmin):
    """Administration of an account."""

    # === CREDENTIALS === #

    def fetch_account_name(self):
        api = self._client.api.v2010
        return self._call(api.accounts(self._client.account_sid).fetch).friendly_name

    def fetch_plan(self):
        """Return what limits the account's calls.

        The primary profile belongs to the main account, so that of a subaccount is unknown.
        https://www.twilio.com/docs/trust-hub/trusthub-rest-api/console-create-a-primary-customer-profile
        """
        api = self._client.api.v2010
        account = self._call(api.accounts(self._client.account_sid).fetch)
        if account.type == "Trial":
            return "trial", ""
        if account.owner_account_sid not in (None, account.sid):
            return "full", ""
        profiles = self._call(
            self._client.trusthub.v1.customer_profiles.list,
            status="twilio-approved",
            page_size=PAGE,
        )
        policies = {profile.policy_sid for profile in profiles} - {SECONDARY_POLICY}
        if BUSINESS_POLICY in policies:
            return "full", "business"
        return "full", "individual" if policies else "none"

    def create_api_key(self, name):
        key = self._call(self._client.new_keys.create, friendly_name=name)
        return key.sid, key.secret

    def has_api_key(self, sid):
        return any(key.sid == sid for key in self._call(self._client.keys.list))

    def get_clock_difference(self):
        return self._client.http_client.clock_difference

    # === APPLICATION === #

    def save_application(self, sid, name, addresses):
        """Create or update the TwiML application that browsers call.

        An application whose creation was interrupted, or whose response was lost, is found by its
        name and addresses. So a repeated call creates no second one.

        :param str sid: `AP…` of the existing application, or empty
        :return: SID of the application
        :rtype: str
        """
        values = {"friendly_name": name, **_write_addresses(addresses)}
        if sid:
            try:
                return self._call(self._client.applications(sid).update, **values).sid
            except ProviderError as error:
                if not error.gone:
                    raise
        for application in self._call(
            self._client.applications.list, friendly_name=name, page_size=PAGE
        ):
            if _read_addresses(application) == addresses:
                return application.sid
        return self._call(self._client.applications.create, **values).sid

    def fetch_application(self, sid):
        return _read_addresses(self._call(self._client.applications(sid).fetch))

    # === NUMBERS === #

    def list_numbers(self):
        found = self._call(self._client.incoming_phone_numbers.list, page_size=PAGE)
        return [_read_number(number) for number in found]

    def save_number(self, sid, addresses):
        self._call(
            self._client.incoming_phone_numbers(sid).update,
            voice_application_sid="",
            trunk_sid="",
            **_write_addresses(addresses),
        )

    def search_numbers(self, country, kind, contains="", limit=20):
        offers = getattr(self._client.available_phone_numbers(country), kind)
        values = {"contains": contains} if contains else {}
        try:
            found = self._call(offers.list, voice_enabled=True, limit=limit, **values)
        except ProviderError as error:
            if error.gone:
                # Twilio has no numbers of this kind in this country.
                return []
            raise
        return [
            {
                "number": number.phone_number,
                "locality": number.locality or "",
                "region": number.region or "",
                "needs_address": (number.address_requirements or "none") != "none",
            }
            for number in found
        ]

    def fetch_prices(self, country):
        try:
            prices = self._call(self._client.pricing.v1.phone_numbers.countries(country).fetch)
        except ProviderError:
            return {}
        currency = (prices.price_unit or "").upper()
        return {
            PRICE_KINDS[price["number_type"]]: (float(price["current_price"]), currency)
            for price in prices.phone_number_prices or []
            if price.get("number_type") in PRICE_KINDS and price.get("current_price")
        }

    def buy_number(self, number, addresses):
        """Buy a number that already points to us.

        The request has no idempotency key. After a lost response, or if the number is reported
        as taken, the account's own numbers show whether it was bought.

        :param str number: E.164
        :return: see `list_numbers`
        :rtype: dict
        """
        try:
            return _read_number(
                self._call(
                    self._client.incoming_phone_numbers.create,
                    phone_number=number,
                    **_write_addresses(addresses),
                )
            )
        except ProviderError as error:
            if not error.unknown and error.kind != "number_taken":
                raise
            # If this request fails too, the first error is raised.
            with suppress(ProviderError):
                for known in self.list_numbers():
                    if known["number"] == number:
                        return known
            raise

    def release_number(self, sid):
        try:
            self._call(self._client.incoming_phone_numbers(sid).delete)
        except ProviderError as error:
            if not error.gone:
                raise

    # === BALANCE AND PERMISSIONS === #

    def fetch_balance(self):
        balance = self._call(self._client.api.v2010.account.balance.fetch)
        return float(balance.balance), (balance.currency or "").upper()

    def may_call_country(self, country):
        countries = self._client.voice.v1.dialing_permissions.countries
        return bool(self._call(countries(country).fetch).low_risk_numbers_enabled)
