"""The account's resources that are not calls: numbers, applications, keys, caller IDs …"""

import secrets

from . import defaults
from .clock import now
from .sids import new_sid


class Record(dict):
    """One resource: its properties in Twilio's words, plus the two dates."""

    def __init__(self, sid, **values):
        moment = now()
        super().__init__(sid=sid, date_created=moment, date_updated=moment, **values)

    def touch(self, **values):
        """Change properties and the date of the last change."""
        self.update(values, date_updated=now())


def voice_urls(**values):
    """Return the address properties that numbers and applications share."""
    return {
        "voice_url": "",
        "voice_method": "POST",
        "voice_fallback_url": "",
        "voice_fallback_method": "POST",
        "status_callback": "",
        "status_callback_method": "POST",
        "voice_caller_id_lookup": False,
        "sms_url": "",
        "sms_method": "POST",
        "sms_fallback_url": "",
        "sms_fallback_method": "POST",
        **values,
    }


class Store:
    """Tables of resources by identifier, in memory only."""

    def __init__(self, config):
        self.config = config
        self.clear()

    def clear(self):
        """Restore a fresh account with the configured numbers."""
        self.numbers, self.applications, self.keys = {}, {}, {}
        self.caller_ids, self.messages, self.recordings = {}, {}, {}
        self.permissions, self.bundles, self.addresses = {}, {}, {}
        self.add_proof("bundles")
        self.add_proof("addresses")
        self.auth_token, self.secondary_token = self.config.auth_token, None
        for number in self.config.numbers:
            self.add_number(number, friendly_name=defaults.NUMBER_NAMES.get(number, number))

    def add_secondary_token(self, token=None):
        """Create the account's second auth token, which REST accepts at once.

        https://www.twilio.com/docs/iam/api/secondary_authtoken

        :param token: its text, None = a random one.
        """
        self.secondary_token = token or secrets.token_hex(16)
        return self.secondary_token

    def promote_token(self):
        """Replace the auth token by the second one; the old one is refused from now on.

        https://www.twilio.com/docs/iam/api/authtoken
        """
        self.auth_token, self.secondary_token = self.secondary_token, None

    def secrets_of(self, username):
        """Return the secrets that REST accepts from an account's or key's SID."""
        if username == self.config.account_sid:
            return [token for token in (self.auth_token, self.secondary_token) if token]
        return [self.keys[username]["secret"]] if username in self.keys else []

    def add_number(self, phone_number, **values):
        """Add a telephone number to the account and return its record."""
        record = Record(
            new_sid("PN"),
            **voice_urls(
                phone_number=phone_number,
                voice_application_sid="",
                sms_application_sid="",
                trunk_sid=None,
                emergency_status="Active",
                emergency_address_sid=None,
                emergency_address_status="unregistered",
                capabilities={"voice": True, "sms": True, "mms": False, "fax": False},
                **{"friendly_name": phone_number, **values},
            ),
        )
        self.numbers[record["sid"]] = record
        return record

    def add_proof(self, kind, **values):
        """Add what numbers require: one of the ``bundles``, or of the ``addresses``.

        :param values: in place of those of an approved bundle for Belgian local numbers, or of an
            address in Belgium.
        """
        if kind == "bundles":
            record = Record(
                new_sid("BU"),
                **{
                    "friendly_name": "Belgium: local",
                    "status": "twilio-approved",
                    "iso_country": "BE",
                    "number_type": "local",
                    **values,
                },
            )
        else:
            record = Record(
                new_sid("AD"),
                **{
                    "customer_name": "Example",
                    "street": "Main Street 1",
                    "city": "Brussels",
                    "postal_code": "1000",
                    "iso_country": "BE",
                    **values,
                },
            )
        getattr(self, kind)[record["sid"]] = record
        return record

    def number(self, phone_number):
        """Return the record of an own number (E.164), or None."""
        return next((n for n in self.numbers.values() if n["phone_number"] == phone_number), None)

    def caller_id(self, phone_number):
        """Return the record of a verified caller ID, or None."""
        return next(
            (c for c in self.caller_ids.values() if c["phone_number"] == phone_number), None
        )

    def add_caller_id(self, phone_number, name=""):
        """Add a verified caller ID and return its record."""
        record = Record(
            new_sid("PN"), phone_number=phone_number, friendly_name=name or phone_number
        )
        self.caller_ids[record["sid"]] = record
        return record

    def may_call_from(self, phone_number):
        """Return whether calls may show this number."""
        number = self.number(phone_number)
        return bool((number and number["capabilities"]["voice"]) or self.caller_id(phone_number))

    def voice_target(self, number):
        """Return the record whose voice addresses apply to an own number."""
        application = self.applications.get(number["voice_application_sid"])
        return application or number
