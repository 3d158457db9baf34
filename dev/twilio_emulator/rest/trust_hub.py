"""Customer profiles (``trusthub.twilio.com/v1/CustomerProfiles`` on this host).

https://www.twilio.com/docs/trust-hub/trusthub-rest-api/customer-profiles
"""

from .common import answer, not_found, whole_list

BASE = "/v1/CustomerProfiles"
#: Policies of primary profiles. That of individuals is not published: any other one.
POLICIES = {
    "business": "RN6433641899984f951173ef1738c3bdd0",
    "individual": "RN" + "1" * 32,
}


class CustomerProfiles:
    """Routes of the resource: the one profile that the setting ``profile`` names."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        router.add_get(BASE, self.list)
        router.add_get(BASE + "/{sid}", self.fetch)

    def _profiles(self):
        kind = self.emulator.settings.profile
        if kind not in POLICIES:
            return []
        sid = "BU" + "e" * 32
        url = f"{self.emulator.public_url}{BASE}/{sid}"
        parts = ("entity_assignments", "evaluations", "channel_endpoint_assignment")
        return [
            {
                "sid": sid,
                "account_sid": self.emulator.config.account_sid,
                "policy_sid": POLICIES[kind],
                "friendly_name": f"{kind.capitalize()} profile",
                "status": "twilio-approved",
                "valid_until": None,
                "email": "profile@example.com",
                "status_callback": None,
                "date_created": "2026-03-01T09:00:00Z",
                "date_updated": "2026-03-02T09:00:00Z",
                "url": url,
                "links": {part: f"{url}/{part}" for part in parts},
                "errors": None,
            }
        ]

    async def list(self, request):
        """List the profiles."""
        query = request.query
        found = [
            profile
            for profile in self._profiles()
            if query.get("Status") in (None, "", profile["status"])
            and query.get("PolicySid") in (None, "", profile["policy_sid"])
            and query.get("FriendlyName") in (None, "", profile["friendly_name"])
        ]
        url = self.emulator.public_url + BASE
        return whole_list(url, "results", found)

    async def fetch(self, request):
        """Show one profile."""
        for profile in self._profiles():
            if profile["sid"] == request.match_info["sid"]:
                return answer(profile)
        raise not_found(request)
