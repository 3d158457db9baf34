"""Own numbers and numbers that can be bought."""

from ..defaults import API_VERSION
from .common import ACCOUNT, ApiError, Form, answer, created, dates, gone, not_found, page
from .common import uri as address
from .dialing import E164, EMERGENCY
from .regulations import check_proofs

#: Form field -> property, for all writable properties.
FIELDS = {
    "FriendlyName": "friendly_name",
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "VoiceFallbackUrl": "voice_fallback_url",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallback": "status_callback",
    "StatusCallbackMethod": "status_callback_method",
    "VoiceCallerIdLookup": "voice_caller_id_lookup",
    "VoiceApplicationSid": "voice_application_sid",
    "SmsApplicationSid": "sms_application_sid",
    "SmsUrl": "sms_url",
    "SmsMethod": "sms_method",
    "SmsFallbackUrl": "sms_fallback_url",
    "SmsFallbackMethod": "sms_fallback_method",
    "TrunkSid": "trunk_sid",
    "EmergencyStatus": "emergency_status",
}
KINDS = {"Local": "00", "Mobile": "47", "TollFree": "80"}
#: Dialing prefix by country for numbers on offer.
PREFIXES = {"BE": "+32", "US": "+1", "GB": "+44", "FR": "+33", "DE": "+49", "NL": "+31"}
CAPABILITIES = {"voice": True, "SMS": True, "MMS": False}


def values_of(form, fields):
    """Return the properties that a form sets."""
    values = {name: form.text(field) for field, name in fields.items() if field in form}
    if "voice_caller_id_lookup" in values:
        values["voice_caller_id_lookup"] = form.flag("VoiceCallerIdLookup")
    return values


class Numbers:
    """Routes of both resources."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        base = ACCOUNT + "/IncomingPhoneNumbers"
        for part in ("", "/Local", "/Mobile", "/TollFree"):
            router.add_get(base + part + ".json", self.list)
            router.add_post(base + part + ".json", self.buy)
        router.add_get(base + "/{sid}.json", self.fetch)
        router.add_post(base + "/{sid}.json", self.update)
        router.add_delete(base + "/{sid}.json", self.release)
        offered = ACCOUNT + "/AvailablePhoneNumbers"
        router.add_get(offered + ".json", self.countries)
        router.add_get(offered + "/{country}.json", self.country)
        router.add_get(offered + "/{country}/{kind}.json", self.available)

    def serialize(self, record):
        """Return an own number as Twilio shows it."""
        emulator = self.emulator
        shown = {k: v for k, v in record.items() if not k.startswith("date_")}
        for name in ("voice_application_sid", "sms_application_sid", "trunk_sid"):
            shown[name] = shown[name] or None
        return {
            **shown,
            **dates(record),
            "account_sid": emulator.config.account_sid,
            "api_version": API_VERSION,
            "address_sid": None,
            "address_requirements": "none",
            "beta": False,
            "identity_sid": None,
            "bundle_sid": None,
            "origin": "twilio",
            "voice_receive_mode": "voice",
            "status": "in-use",
            "type": "local",
            "uri": address(emulator, "IncomingPhoneNumbers", record["sid"]),
            "subresource_uris": {
                "assigned_add_ons": address(
                    emulator, "IncomingPhoneNumbers", record["sid"], "AssignedAddOns"
                )
            },
        }

    def number(self, request):
        """Return the record of a request.

        :raise ApiError: 404.
        """
        record = self.emulator.store.numbers.get(request.match_info["sid"])
        if record is None:
            raise not_found(request)
        return record

    async def list(self, request):
        """List own numbers; ``PhoneNumber`` may be a part."""
        query, found = request.query, self.emulator.store.numbers.values()
        part = query.get("PhoneNumber", "").replace("*", "")
        name = query.get("FriendlyName")
        return page(
            request,
            "incoming_phone_numbers",
            [
                self.serialize(n)
                for n in found
                if part in n["phone_number"] and name in (None, "", n["friendly_name"])
            ],
        )

    async def buy(self, request):
        """Buy a number."""
        form, store = Form(await request.post()), self.emulator.store
        number = form.text("PhoneNumber") or self._any(form)
        if not E164.match(number) or number == "+15005550001":
            raise ApiError(400, 21421, f"PhoneNumber is invalid: {number}")
        if number == "+15005550000" or store.number(number):
            raise ApiError(400, 21422, f"PhoneNumber is not available: {number}")
        if self.emulator.settings.trial and store.numbers:
            raise ApiError(400, 21404, "Trial accounts are limited to one phone number")
        country = next((c for c, p in PREFIXES.items() if number.startswith(p)), "")
        kind = next(
            (
                k
                for k, start in KINDS.items()
                if number.startswith(PREFIXES.get(country, "") + start)
            ),
            "Local",
        )
        check_proofs(self.emulator, country, kind, form)
        values = values_of(form, FIELDS)
        return created(self.serialize(store.add_number(number, **values)))

    def _any(self, form):
        area = form.text("AreaCode")
        if not area:
            raise ApiError(400, 21400, "PhoneNumber or AreaCode is required")
        if area == "533":
            raise ApiError(400, 21452, "No phone numbers found in area code 533")
        return next(
            number
            for number in (f"+1{area}5550{i:03}" for i in range(1000))
            if not self.emulator.store.number(number)
        )

    async def fetch(self, request):
        """Show one own number."""
        return answer(self.serialize(self.number(request)))

    async def update(self, request):
        """Change addresses or name of an own number."""
        record, form = self.number(request), Form(await request.post())
        if self.emulator.settings.empty_application == "refused":
            self._check_cleared(record, form)
        if form.text("EmergencyStatus") == "Active":
            self._check_emergency(record)
        record.touch(**values_of(form, FIELDS))
        return answer(self.serialize(record))

    def _check_cleared(self, record, form):
        """Refuse to clear what is not set: its type is a SID, and an empty text is none.

        https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource

        :raise ApiError: 400.
        """
        for name in ("VoiceApplicationSid", "TrunkSid"):
            if form.text(name) == "" and not record[FIELDS[name]]:
                raise ApiError(400, 20001, f"Invalid parameter: {name}")

    def _check_emergency(self, record):
        number = record["phone_number"]
        is_offered = number.startswith(tuple(f"+{prefix}" for prefix in EMERGENCY))
        if not is_offered and self.emulator.settings.emergency_activation == "refused":
            raise ApiError(400, 20001, f"Emergency calls are not available for {number}")

    async def release(self, request):
        """Release a number."""
        del self.emulator.store.numbers[self.number(request)["sid"]]
        return gone()

    # --- numbers on offer ----------------------------------------------------------------------

    def _country(self, code):
        emulator = self.emulator
        kinds = {"local": "Local", "mobile": "Mobile", "toll_free": "TollFree"}
        return {
            "country_code": code,
            "country": code,
            "beta": False,
            "uri": address(emulator, "AvailablePhoneNumbers", code),
            "subresource_uris": {
                name: address(emulator, "AvailablePhoneNumbers", code, kind)
                for name, kind in kinds.items()
            },
        }

    async def countries(self, request):
        """List the countries."""
        return page(request, "countries", [self._country(code) for code in PREFIXES])

    async def country(self, request):
        """Show one country."""
        code = request.match_info["country"]
        if code not in PREFIXES:
            raise not_found(request)
        return answer(self._country(code))

    async def available(self, request):
        """List numbers on offer."""
        code, kind = request.match_info["country"], request.match_info["kind"]
        if code not in PREFIXES or kind not in KINDS:
            raise not_found(request)
        query = request.query
        wanted = query.get("Contains", "")
        if "*" in wanted.strip("*") or not (not wanted or 2 <= len(wanted) <= 16):
            # https://www.twilio.com/docs/phone-numbers/api/availablephonenumberlocal-resource
            raise ApiError(400, 21400, f"Invalid pattern: {wanted}")
        part = wanted.replace("*", "").replace("+", "")
        start = PREFIXES[code] + (query.get("AreaCode") or KINDS[kind])
        offered = [f"{start}555{i:04}" for i in range(100, 10000, 7)]
        free = [n for n in offered if part in n and not self.emulator.store.number(n)]
        return page(
            request,
            "available_phone_numbers",
            [
                {
                    "friendly_name": n,
                    "phone_number": n,
                    "lata": None,
                    "locality": None,
                    "rate_center": None,
                    "latitude": None,
                    "longitude": None,
                    "region": None,
                    "postal_code": None,
                    "iso_country": code,
                    "address_requirements": (
                        "local" if self.emulator.settings.needs_address else "none"
                    ),
                    "beta": False,
                    "capabilities": CAPABILITIES,
                }
                for n in free[: int(query.get("PageSize", 30))]
            ],
        )
