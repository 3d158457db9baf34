"""Applications and API keys."""

import secrets

from ..defaults import API_VERSION
from ..sids import new_sid
from ..store import Record, voice_urls
from .common import ACCOUNT, Form, answer, check_name, created, dates, gone, not_found, page
from .common import uri as address
from .numbers import values_of

FIELDS = {
    "FriendlyName": "friendly_name",
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "VoiceFallbackUrl": "voice_fallback_url",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallback": "status_callback",
    "StatusCallbackMethod": "status_callback_method",
    "VoiceCallerIdLookup": "voice_caller_id_lookup",
    "SmsUrl": "sms_url",
    "SmsMethod": "sms_method",
    "SmsFallbackUrl": "sms_fallback_url",
    "SmsFallbackMethod": "sms_fallback_method",
    "SmsStatusCallback": "sms_status_callback",
    "MessageStatusCallback": "message_status_callback",
}


class Applications:
    """Routes of the resource."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        base = ACCOUNT + "/Applications"
        router.add_post(base + ".json", self.create)
        router.add_get(base + ".json", self.list)
        router.add_get(base + "/{sid}.json", self.fetch)
        router.add_post(base + "/{sid}.json", self.update)
        router.add_delete(base + "/{sid}.json", self.delete)

    def serialize(self, record):
        """Return an application as Twilio shows it."""
        shown = {k: v for k, v in record.items() if not k.startswith("date_")}
        return {
            **shown,
            **dates(record),
            "account_sid": self.emulator.config.account_sid,
            "api_version": API_VERSION,
            "public_application_connect_enabled": False,
            "uri": address(self.emulator, "Applications", record["sid"]),
        }

    def record(self, request):
        """Return the record of a request.

        :raise ApiError: 404.
        """
        record = self.emulator.store.applications.get(request.match_info["sid"])
        if record is None:
            raise not_found(request)
        return record

    async def create(self, request):
        """Create an application."""
        form = Form(await request.post())
        check_name(form)
        record = Record(
            new_sid("AP"),
            **voice_urls(
                **{
                    "friendly_name": "",
                    "sms_status_callback": "",
                    "message_status_callback": "",
                    **values_of(form, FIELDS),
                }
            ),
        )
        self.emulator.store.applications[record["sid"]] = record
        return created(self.serialize(record))

    async def list(self, request):
        """List applications."""
        name = request.query.get("FriendlyName")
        return page(
            request,
            "applications",
            [
                self.serialize(a)
                for a in self.emulator.store.applications.values()
                if name in (None, "", a["friendly_name"])
            ],
        )

    async def fetch(self, request):
        """Show one application."""
        return answer(self.serialize(self.record(request)))

    async def update(self, request):
        """Change an application."""
        record, form = self.record(request), Form(await request.post())
        check_name(form)
        record.touch(**values_of(form, FIELDS))
        return answer(self.serialize(record))

    async def delete(self, request):
        """Delete an application."""
        del self.emulator.store.applications[self.record(request)["sid"]]
        return gone()


class Keys:
    """API keys; the secret is shown once and signs access tokens."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        base = ACCOUNT + "/Keys"
        router.add_post(base + ".json", self.create)
        router.add_get(base + ".json", self.list)
        router.add_get(base + "/{sid}.json", self.fetch)
        router.add_post(base + "/{sid}.json", self.update)
        router.add_delete(base + "/{sid}.json", self.delete)

    def serialize(self, record):
        """Return a key without its secret."""
        return {"sid": record["sid"], "friendly_name": record["friendly_name"], **dates(record)}

    def record(self, request):
        """Return the record of a request.

        :raise ApiError: 404.
        """
        record = self.emulator.store.keys.get(request.match_info["sid"])
        if record is None:
            raise not_found(request)
        return record

    async def create(self, request):
        """Create a key and show its secret."""
        form = Form(await request.post())
        check_name(form)
        record = Record(
            new_sid("SK"),
            friendly_name=form.text("FriendlyName") or "",
            secret=secrets.token_urlsafe(24),
        )
        self.emulator.store.keys[record["sid"]] = record
        return created({**self.serialize(record), "secret": record["secret"]})

    async def list(self, request):
        """List keys."""
        keys = [self.serialize(key) for key in self.emulator.store.keys.values()]
        return page(request, "keys", keys)

    async def fetch(self, request):
        """Show one key."""
        return answer(self.serialize(self.record(request)))

    async def update(self, request):
        """Rename a key."""
        record, form = self.record(request), Form(await request.post())
        check_name(form)
        record.touch(friendly_name=form.text("FriendlyName") or record["friendly_name"])
        return answer(self.serialize(record))

    async def delete(self, request):
        """Delete a key, which invalidates its tokens."""
        del self.emulator.store.keys[self.record(request)["sid"]]
        return gone()
