"""Administration of a Twilio account: credentials, numbers, balance, permissions.

https://www.twilio.com/docs/iam/api
https://www.twilio.com/docs/phone-numbers/api
"""

from contextlib import suppress
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

from ..base import ProviderAdmin, ProviderError
from .client import NAME_LENGTH, TwilioClient
from .emergency import ADDRESS_STATES

# Kinds of numbers, keyed by Twilio's name in the price list.
# https://www.twilio.com/docs/phone-numbers/pricing
PRICE_KINDS = {"local": "local", "mobile": "mobile", "toll free": "toll_free"}
# Host to which Twilio itself points a number that is not configured, with http or https.
DEMO_HOST = "demo.twilio.com"
# Settings of a number that override its addresses.
OVERRIDES = ("voice_application_sid", "trunk_sid")
# Groups of expensive numbers, and their names in the search for countries.
RISKS = {
    "special": "high_risk_special_numbers_enabled",
    "toll_fraud": "high_risk_tollfraud_numbers_enabled",
}
# Our kinds of numbers, and Twilio's in its regulations.
REGULATED_KINDS = {"local": "local", "mobile": "mobile", "toll_free": "toll-free"}
# Policy of the primary customer profile of a business; that of individuals is not published. The
# secondary profile belongs to a customer of the account.
# https://www.twilio.com/docs/trust-hub/trusthub-rest-api/customer-profiles
BUSINESS_POLICY = "RN6433641899984f951173ef1738c3bdd0"
SECONDARY_POLICY = "RNdfbf3fae0e1107f8aded0e7cead80bf5"
# Largest page size of a list, because each page is a request.
PAGE = 1000
# Seconds by which two clocks may differ after they were compared.
MARGIN = 5
# Bundles and addresses to choose from.
PROOFS = 50


def _read_addresses(resource):
    return {
        "voice_url": resource.voice_url or "",
        "fallback_url": resource.voice_fallback_url or "",
        "status_url": resource.status_callback or "",
    }


def _read_settings(number):
    return {
        **_read_addresses(number),
        "voice_method": number.voice_method,
        "fallback_method": number.voice_fallback_method,
        "status_method": number.status_callback_method,
        **{name: getattr(number, name) or "" for name in OVERRIDES},
    }


def get_call_target(settings):
    """Return where the calls to a number go; a trunk precedes an application, and both the URL.

    https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource

    :param dict settings: see `_read_settings`
    :rtype: str
    """
    names = (*reversed(OVERRIDES), "voice_url")
    return next((settings[name] for name in names if settings.get(name)), "")


def _read_number(number):
    overrides = [name for name in OVERRIDES if getattr(number, name)]
    return {
        "sid": number.sid,
        "number": number.phone_number,
        "name": number.friendly_name,
        **_read_addresses(number),
        # Either setting overrides the URLs, and our webhooks answer no GET.
        "overrides": overrides,
        "settings": _read_settings(number),
        "is_overridden": bool(overrides)
        or "GET"
        in (number.voice_method, number.voice_fallback_method, number.status_callback_method),
        "is_unused": not overrides
        and (not number.voice_url or urlsplit(number.voice_url).hostname == DEMO_HOST),
        "has_voice": (number.capabilities or {}).get("voice", True),
        "emergency_address_state": ADDRESS_STATES.get(number.emergency_address_status, False),
        "emergency_active": number.emergency_status == "Active",
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
        """Create an API key. If the response is lost, the key is deleted: its secret is lost too.

        :return: identifier and secret
        :rtype: tuple(str, str)
        """
        name = name[:NAME_LENGTH]
        # By Twilio's clock.
        ahead = self.get_clock_difference() or 0
        started = datetime.now(timezone.utc) - timedelta(seconds=ahead + MARGIN)
        try:
            key = self._create(self._client.new_keys.create, friendly_name=name)
        except ProviderError as error:
            if error.unknown:
                # If this fails too, the key remains unused, and the first error is raised.
                with suppress(ProviderError):
                    self._delete_keys(name, started)
            raise
        return key.sid, key.secret

    def delete_api_key(self, sid):
        self._delete(self._client.keys(sid))

    def _delete(self, resource):
        try:
            self._call(resource.delete)
        except ProviderError as error:
            if not error.gone:
                raise

    def _delete_keys(self, name, started):
        for key in self._call(self._client.keys.list):
            if key.friendly_name == name and key.date_created > started:
                self._call(self._client.keys(key.sid).delete)

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
        name = name[:NAME_LENGTH]
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

    def delete_application(self, sid):
        self._delete(self._client.applications(sid))

    # === NUMBERS === #

    def list_numbers(self):
        found = self._call(self._client.incoming_phone_numbers.list, page_size=PAGE)
        return [_read_number(number) for number in found]

    def fetch_number(self, sid):
        return _read_number(self._call(self._client.incoming_phone_numbers(sid).fetch))

    def save_number(self, sid, addresses, overrides=()):
        self._call(
            self._client.incoming_phone_numbers(sid).update,
            **dict.fromkeys(overrides, ""),
            **_write_addresses(addresses),
        )

    def restore_number(self, sid, settings):
        values = {
            "voice_url": settings.get("voice_url", ""),
            "voice_method": settings.get("voice_method") or "POST",
            "voice_fallback_url": settings.get("fallback_url", ""),
            "voice_fallback_method": settings.get("fallback_method") or "POST",
            "status_callback": settings.get("status_url", ""),
            "status_callback_method": settings.get("status_method") or "POST",
            **{name: settings[name] for name in OVERRIDES if settings.get(name)},
        }
        try:
            self._call(self._client.incoming_phone_numbers(sid).update, **values)
        except ProviderError as error:
            if not error.gone:
                raise

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

    def fetch_proofs(self, country, kind):
        """Return the approved bundles and the addresses of the account for a kind of number.

        https://www.twilio.com/docs/phone-numbers/regulatory/api/bundles
        """
        rules = self._client.numbers.v2.regulatory_compliance
        search = {"iso_country": country, "number_type": REGULATED_KINDS[kind]}
        needs_bundle = bool(self._call(rules.regulations.list, limit=1, **search))
        bundles = (
            self._call(rules.bundles.list, status="twilio-approved", limit=PROOFS, **search)
            if needs_bundle
            else []
        )
        addresses = self._call(self._client.addresses.list, iso_country=country, limit=PROOFS)
        return {
            "needs_bundle": needs_bundle,
            "bundles": {bundle.sid: bundle.friendly_name or bundle.sid for bundle in bundles},
            "addresses": {
                address.sid: ", ".join(
                    filter(None, (address.customer_name, address.street, address.city))
                )
                for address in addresses
            },
        }

    def buy_number(self, number, addresses, bundle_sid="", address_sid=""):
        """Buy a number that already points to us.

        The request has no idempotency key. After a lost response, or if the number is reported
        as taken, the account's own numbers show whether it was bought.

        :param str number: E.164
        :param str bundle_sid: `BU…`, or empty
        :param str address_sid: `AD…`, or empty
        :return: see `list_numbers`
        :rtype: dict
        """
        try:
            return _read_number(
                self._create(
                    self._client.incoming_phone_numbers.create,
                    phone_number=number,
                    **({"bundle_sid": bundle_sid} if bundle_sid else {}),
                    **({"address_sid": address_sid} if address_sid else {}),
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
        self._delete(self._client.incoming_phone_numbers(sid))

    # === BALANCE AND PERMISSIONS === #

    def _fetch_account(self):
        return self._call(self._client.api.v2010.accounts(self._client.account_sid).fetch)

    def fetch_balance(self):
        account = self._fetch_account()
        if account.owner_account_sid not in (None, account.sid):
            # Only the parent of a subaccount has a balance.
            # https://www.twilio.com/docs/iam/api/subaccounts
            return None
        balance = self._call(self._client.api.v2010.account.balance.fetch)
        return float(balance.balance), (balance.currency or "").upper()

    def is_suspended(self):
        return str(self._fetch_account().status) in ("suspended", "closed")

    def list_risks(self):
        """Return the countries with an open high-risk group.

        https://www.twilio.com/docs/voice/api/dialing-permissions-resources
        """
        countries = self._client.voice.v1.dialing_permissions.countries
        return {
            kind: [
                country.iso_code
                for country in self._call(countries.list, page_size=PAGE, **{name: True})
            ]
            for kind, name in RISKS.items()
        }

    def may_call_country(self, country):
        countries = self._client.voice.v1.dialing_permissions.countries
        return bool(self._call(countries(country).fetch).low_risk_numbers_enabled)
