"""A fake Twilio: answers the `twilio` package from a dictionary, for administration tests."""

import json
import re
from base64 import b64encode
from email.utils import formatdate
from time import time
from unittest.mock import patch

from requests.exceptions import ConnectionError as NoConnection
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

from odoo.addons.crm_telephony.providers.twilio.admin import BUSINESS_POLICY

SID = "AC" + "c" * 32
TOKEN = "d" * 32
KEY_SECRET = "secret-of-the-new-key"


def number(last, e164, **values):
    """Return a number as Twilio shows it.

    :param str last: one hexadecimal digit, for its SID
    """
    return {
        "sid": "PN" + last * 32,
        "phone_number": e164,
        "friendly_name": e164,
        "voice_url": "",
        "voice_fallback_url": "",
        "status_callback": "",
        "voice_application_sid": "",
        "trunk_sid": None,
        **values,
    }


class FakeTwilio:
    """State of one account and its received requests.

    `failures` maps `METHOD path-regex` to (status, code), `lost` (carried out, but the answer is
    lost) or `down`; each is used up once.
    """

    def __init__(self, sid=SID, token=TOKEN):
        self.sid, self.token = sid, token
        self.type, self.owner, self.policies = "Full", None, [BUSINESS_POLICY]
        # The second auth token, which is accepted too.
        self.secondary_token = None
        self.requests = []
        self.failures = {}
        self.numbers = {}
        self.applications = {}
        self.keys = {}
        self.offers = []
        self.balance = "50.00"
        self.status = "active"
        # Countries whose high-risk numbers are open, by parameter of the search.
        self.risks = {}
        # Whether numbers need a bundle, and the account's bundles and addresses.
        self.needs_bundle, self.bundles, self.addresses = False, [], []
        self.closed_countries = set()
        self.prices = None
        self.clock_offset = 0
        # Seconds that each answer takes, and seconds passed so far; no test really waits.
        self.latency = self.clock = 0

    def patch(self):
        """Return the patcher that replaces the network by this Twilio."""
        return patch.object(TwilioHttpClient, "request", self._make_request())

    def add(self, *numbers):
        """Give the account numbers (see `number`)."""
        self.numbers.update({values["sid"]: values for values in numbers})

    def sent(self, method, pattern):
        """Return the forms of the requests to a path, in order."""
        return [
            data
            for verb, path, data in self.requests
            if verb == method and re.search(pattern, path)
        ]

    def _make_request(self):
        def request(client, method, url, params=None, data=None, auth=None, **kwargs):
            host, _slash, path = url.partition("://")[2].partition("/")
            self.requests.append((method, f"{host}/{path}", {**(params or {}), **(data or {})}))
            self.clock += self.latency
            status, body = self._answer(method, host, "/" + path, data or {}, params or {}, auth)
            headers = {"Date": formatdate(time() + self.clock_offset, usegmt=True)}
            return Response(status, json.dumps(body), headers)

        return request

    def _answer(self, method, host, path, data, params, auth):
        failure = next(
            (
                self.failures.pop(key)
                for key in list(self.failures)
                if key.split()[0] == method and re.search(key.split()[1], host + path)
            ),
            None,
        )
        if failure == "down":
            raise NoConnection("No route to host")
        if isinstance(failure, tuple):
            return failure[0], {"code": failure[1], "message": "No.", "status": failure[0]}
        result = self._route(method, host, path, data, auth)
        if failure == "lost":
            raise NoConnection("Connection aborted")
        return result

    def _route(self, method, host, path, data, auth):
        secrets = {(sid, key["secret"]) for sid, key in self.keys.items()}
        secrets |= {(self.sid, self.token), (self.sid, self.secondary_token)}
        if not auth or not auth[1] or auth not in secrets:
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}
        for verb, pattern, handler in (
            ("GET", rf"/Accounts/{self.sid}.json$", self._account),
            ("GET", r"/Balance.json$", self._balance),
            ("GET", r"/v1/CustomerProfiles$", self._list_profiles),
            ("POST", r"/Keys.json$", self._create_key),
            ("GET", r"/Keys.json$", self._list_keys),
            ("POST", r"/Applications(?:/(AP\w+))?.json$", self._save_application),
            ("GET", r"/Applications/(AP\w+).json$", self._fetch_application),
            ("DELETE", r"/Applications/(AP\w+).json$", self._delete_application),
            ("GET", r"/Applications.json$", self._list_applications),
            ("GET", r"/IncomingPhoneNumbers.json$", self._list_numbers),
            ("POST", r"/IncomingPhoneNumbers.json$", self._buy),
            ("POST", r"/IncomingPhoneNumbers/(PN\w+).json$", self._save_number),
            ("DELETE", r"/IncomingPhoneNumbers/(PN\w+).json$", self._release),
            ("GET", r"/AvailablePhoneNumbers/BE/(\w+).json$", self._offer),
            ("GET", r"/IncomingPhoneNumbers/(PN\w+).json$", self._fetch_number),
            ("DELETE", r"/Keys/(SK\w+).json$", self._delete_key),
            ("GET", r"/v1/DialingPermissions/Countries/(\w+)$", self._permission),
            ("GET", r"/v1/DialingPermissions/Countries$", self._list_risks),
            ("GET", r"/v2/RegulatoryCompliance/Regulations$", self._list_regulations),
            ("GET", r"/v2/RegulatoryCompliance/Bundles$", self._list_bundles),
            ("GET", r"/Addresses.json$", self._list_addresses),
            ("GET", r"/v1/PhoneNumbers/Countries/(\w+)$", self._price),
        ):
            match = re.search(pattern, path)
            if verb == method and match:
                return handler(data, *match.groups())
        return self._missing()

    def _missing(self):
        return 404, {"code": 20404, "message": "Not found.", "status": 404}

    def _account(self, data):
        return 200, {
            "sid": self.sid,
            "friendly_name": "Alpha",
            "type": self.type,
            "owner_account_sid": self.owner or self.sid,
            "status": self.status,
        }

    def _list_profiles(self, data):
        results = [{"sid": "BU" + "1" * 32, "policy_sid": policy} for policy in self.policies]
        meta = {"key": "results", "next_page_url": None}
        return 200, {"results": results, "meta": meta}

    def _balance(self, data):
        return 200, {"balance": self.balance, "currency": "USD"}

    def _create_key(self, data):
        sid = "SK" + f"{len(self.keys) + 1:032x}"
        self.keys[sid] = {
            "sid": sid,
            "secret": KEY_SECRET + sid,
            "name": data["FriendlyName"],
            "date_created": formatdate(time() + self.clock_offset, usegmt=True),
        }
        return 201, self.keys[sid]

    def _list_keys(self, data):
        keys = [
            {"sid": sid, "friendly_name": key["name"], "date_created": key["date_created"]}
            for sid, key in self.keys.items()
        ]
        return 200, {"keys": keys, "next_page_uri": None}

    def _save_application(self, data, sid):
        if sid and sid not in self.applications:
            return self._missing()
        sid = sid or "AP" + f"{len(self.applications) + 1:032x}"
        self.applications[sid] = self._read_form(data)
        return 200, {"sid": sid, **self.applications[sid]}

    def _fetch_application(self, data, sid):
        if sid not in self.applications:
            return self._missing()
        return 200, {"sid": sid, **self.applications[sid]}

    def _delete_application(self, data, sid):
        return (204, {}) if self.applications.pop(sid, None) else self._missing()

    def _list_applications(self, data):
        applications = [{"sid": sid, **values} for sid, values in self.applications.items()]
        return 200, {"applications": applications, "next_page_uri": None}

    def _list_numbers(self, data):
        numbers = list(self.numbers.values())
        return 200, {"incoming_phone_numbers": numbers, "next_page_uri": None}

    def _read_form(self, data):
        names = {
            "VoiceUrl": "voice_url",
            "VoiceMethod": "voice_method",
            "VoiceFallbackUrl": "voice_fallback_url",
            "StatusCallback": "status_callback",
            "VoiceApplicationSid": "voice_application_sid",
            "TrunkSid": "trunk_sid",
        }
        return {names[key]: value for key, value in data.items() if key in names}

    def _fetch_number(self, data, sid):
        return (200, self.numbers[sid]) if sid in self.numbers else self._missing()

    def _delete_key(self, data, sid):
        return (204, {}) if self.keys.pop(sid, None) else self._missing()

    def _list_risks(self, data):
        [name] = [name for name in self.requests[-1][2] if name.startswith("HighRisk")]
        countries = [{"iso_code": code} for code in self.risks.get(name, ())]
        return 200, {"content": countries, "meta": {"key": "content"}}

    def _list_regulations(self, data):
        found = [{"sid": "RN" + "1" * 32}] if self.needs_bundle else []
        return 200, {"results": found, "meta": {"key": "results"}}

    def _list_bundles(self, data):
        return 200, {"results": self.bundles, "meta": {"key": "results"}}

    def _list_addresses(self, data):
        return 200, {"addresses": self.addresses, "next_page_uri": None}

    def _buy(self, data):
        bought = number("f", data["PhoneNumber"], **self._read_form(data))
        self.add(bought)
        return 201, bought

    def _save_number(self, data, sid):
        if sid not in self.numbers:
            return self._missing()
        self.numbers[sid].update(self._read_form(data))
        return 200, self.numbers[sid]

    def _release(self, data, sid):
        return (204, {}) if self.numbers.pop(sid, None) else self._missing()

    def _offer(self, data, kind):
        if kind == "Mobile":
            return self._missing()
        return 200, {"available_phone_numbers": self.offers, "next_page_uri": None}

    def _permission(self, data, country):
        allowed = country not in self.closed_countries
        return 200, {"iso_code": country, "low_risk_numbers_enabled": allowed}

    def _price(self, data, country):
        if not self.prices:
            return self._missing()
        return 200, {"price_unit": "usd", "phone_number_prices": self.prices}


def secrets_of(*secrets):
    """Return secrets in the forms of a log: plain, and as a header carries them.

    :param secrets: account or key SID and secret, one after the other
    :rtype: list(str)
    """
    pairs = zip(secrets[::2], secrets[1::2], strict=True)
    return [
        text
        for sid, secret in pairs
        for text in (secret, b64encode(f"{sid}:{secret}".encode()).decode())
    ]
