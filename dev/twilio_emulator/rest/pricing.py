"""Monthly prices of numbers (``pricing.twilio.com/v1/PhoneNumbers`` on this host).

https://www.twilio.com/docs/phone-numbers/pricing
"""

from ..permissions import COUNTRIES
from .common import answer, not_found
from .numbers import PREFIXES

BASE = "/v1/PhoneNumbers/Countries"
#: Kind: monthly price. Twilio writes amounts as texts, and this kind with a space.
PRICES = {"local": "1.15", "mobile": "6.00", "toll free": "2.15"}


class PhoneNumberPrices:
    """Routes of the resource."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        router.add_get(BASE + "/{country}", self.fetch)

    async def fetch(self, request):
        """Show the prices of one country, for the countries whose numbers are on offer."""
        code = request.match_info["country"].upper()
        if code not in PREFIXES:
            raise not_found(request)
        return answer(
            {
                "country": COUNTRIES[code][1],
                "iso_country": code,
                "price_unit": "USD",
                "phone_number_prices": [
                    {"number_type": kind, "base_price": price, "current_price": price}
                    for kind, price in PRICES.items()
                ],
                "url": f"{self.emulator.public_url}{BASE}/{code}",
            }
        )
