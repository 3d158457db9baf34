"""Proofs that numbers require: bundles (``numbers.twilio.com/v2`` on this host) and addresses.

https://www.twilio.com/docs/phone-numbers/regulatory/api/bundles
https://www.twilio.com/docs/phone-numbers/api/address
"""

from ..defaults import API_VERSION
from .common import ACCOUNT, ApiError, page, whole_list

BASE = "/v2/RegulatoryCompliance"
#: Countries on offer whose numbers need no bundle.
FREE = {"US"}
#: Kind of a number, as in an address of REST -> as in a regulation.
TYPES = {"Local": "local", "Mobile": "mobile", "TollFree": "toll-free"}


def check_proofs(emulator, country, kind, form):
    """Refuse a purchase without the approved bundle of the country and kind.

    https://www.twilio.com/docs/api/errors/21649 and …/21650, 21631 for the address

    :raise ApiError: 400.
    """
    store = emulator.store
    if country not in FREE:
        sid = form.text("BundleSid")
        if not sid:
            raise ApiError(400, 21649, "Bundle required")
        bundle = store.bundles.get(sid)
        if (
            not bundle
            or bundle["status"] != "twilio-approved"
            or (bundle["iso_country"], bundle["number_type"]) != (country, TYPES[kind])
        ):
            raise ApiError(400, 21650, "The bundle is not approved for this number")
    if emulator.settings.needs_address and form.text("AddressSid") not in store.addresses:
        raise ApiError(400, 21631, "Phone Number Requires an Address but the AddressSid is empty")


class Regulations:
    """Routes of the resources."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        router.add_get(BASE + "/Regulations", self.regulations)
        router.add_get(BASE + "/Bundles", self.bundles)
        router.add_get(ACCOUNT + "/Addresses.json", self.addresses)

    def _list(self, path, items):
        url = self.emulator.public_url + BASE + path
        return whole_list(url, "results", items)

    async def regulations(self, request):
        """List what the numbers of a country and kind require."""
        country, kind = request.query.get("IsoCountry"), request.query.get("NumberType")
        found = [] if country in FREE else [("RN" + "1" * 32, "business")]
        return self._list(
            "/Regulations",
            [
                {
                    "sid": sid,
                    "friendly_name": f"{country}: {kind} - {who}",
                    "iso_country": country,
                    "number_type": kind,
                    "end_user_type": who,
                    "requirements": {},
                    "url": f"{self.emulator.public_url}{BASE}/Regulations/{sid}",
                }
                for sid, who in found
            ],
        )

    async def bundles(self, request):
        """List the account's bundles."""
        wanted = {
            name: request.query.get(parameter)
            for name, parameter in (
                ("status", "Status"),
                ("iso_country", "IsoCountry"),
                ("number_type", "NumberType"),
            )
        }
        return self._list(
            "/Bundles",
            [
                {
                    "sid": bundle["sid"],
                    "account_sid": self.emulator.config.account_sid,
                    "regulation_sid": "RN" + "1" * 32,
                    "friendly_name": bundle["friendly_name"],
                    "status": bundle["status"],
                    "valid_until": None,
                    "email": "proofs@example.com",
                    "status_callback": None,
                    "date_created": bundle["date_created"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "date_updated": bundle["date_updated"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "url": f"{self.emulator.public_url}{BASE}/Bundles/{bundle['sid']}",
                    "links": {},
                }
                for bundle in self.emulator.store.bundles.values()
                if all(value in (None, "", bundle[name]) for name, value in wanted.items())
            ],
        )

    async def addresses(self, request):
        """List the account's addresses."""
        country, sid = request.query.get("IsoCountry"), self.emulator.config.account_sid
        return page(
            request,
            "addresses",
            [
                {
                    "sid": address["sid"],
                    "account_sid": sid,
                    "friendly_name": address["customer_name"],
                    "customer_name": address["customer_name"],
                    "street": address["street"],
                    "street_secondary": None,
                    "city": address["city"],
                    "region": "",
                    "postal_code": address["postal_code"],
                    "iso_country": address["iso_country"],
                    "emergency_enabled": False,
                    "validated": True,
                    "verified": True,
                    "date_created": None,
                    "date_updated": None,
                    "uri": f"/{API_VERSION}/Accounts/{sid}/Addresses/{address['sid']}.json",
                }
                for address in self.emulator.store.addresses.values()
                if country in (None, "", address["iso_country"])
            ],
        )
