"""Voice geographic permissions (``voice.twilio.com/v1`` on this host)."""

from ..permissions import COUNTRIES, SPECIAL
from .common import answer, not_found, whole_list

BASE = "/v1/DialingPermissions/Countries"


class DialingPermissions:
    """Routes of the resource."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        router.add_get(BASE, self.list)
        router.add_get(BASE + "/{country}", self.fetch)
        router.add_get(BASE + "/{country}/HighRiskSpecialPrefixes", self.prefixes)

    def serialize(self, code):
        """Return a country as Twilio shows it."""
        prefix, name, continent = COUNTRIES[code]
        url = self.emulator.public_url + BASE + "/" + code
        return {
            "iso_code": code,
            "name": name,
            "continent": continent,
            "country_codes": ["+" + prefix],
            "low_risk_numbers_enabled": code not in self.emulator.permissions.closed,
            "high_risk_special_numbers_enabled": code in self.emulator.permissions.special,
            "high_risk_tollfraud_numbers_enabled": code in self.emulator.permissions.tollfraud,
            "url": url,
            "links": {"highrisk_special_prefixes": url + "/HighRiskSpecialPrefixes"},
        }

    async def list(self, request):
        """List the countries."""
        query = request.query
        filters = {
            "low_risk_numbers_enabled": query.get("LowRiskNumbersEnabled"),
            "high_risk_special_numbers_enabled": query.get("HighRiskSpecialNumbersEnabled"),
            "high_risk_tollfraud_numbers_enabled": query.get("HighRiskTollfraudNumbersEnabled"),
        }
        found = [
            country
            for country in map(self.serialize, COUNTRIES)
            if query.get("IsoCode") in (None, "", country["iso_code"])
            and query.get("Continent") in (None, "", country["continent"])
            and all(
                enabled in (None, "", str(country[name]).lower())
                for name, enabled in filters.items()
            )
        ]
        url = self.emulator.public_url + BASE
        return whole_list(url, "content", found)

    async def prefixes(self, request):
        """List the prefixes of a country's high-risk special numbers."""
        code = request.match_info["country"].upper()
        if code not in COUNTRIES:
            raise not_found(request)
        url = self.emulator.public_url + BASE + f"/{code}/HighRiskSpecialPrefixes"
        return whole_list(
            url, "content", [{"prefix": prefix[1:]} for prefix in SPECIAL.get(code, ())]
        )

    async def fetch(self, request):
        """Show one country."""
        code = request.match_info["country"].upper()
        if code not in COUNTRIES:
            raise not_found(request)
        return answer(self.serialize(code))
