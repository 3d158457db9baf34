"""Text messages: kept, never delivered."""

from ..clock import rfc2822
from ..defaults import API_VERSION
from ..sids import new_sid
from ..store import Record
from .common import ACCOUNT, ApiError, Form, answer, created, dates, gone, not_found, page
from .common import uri as address
from .dialing import E164

#: Numbers that refuse messages, as Twilio's test numbers do.
REFUSED = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}


class Messages:
    """Routes of the resource."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        base = ACCOUNT + "/Messages"
        router.add_post(base + ".json", self.create)
        router.add_get(base + ".json", self.list)
        router.add_get(base + "/{sid}.json", self.fetch)
        router.add_delete(base + "/{sid}.json", self.delete)

    def serialize(self, record):
        """Return a message as Twilio shows it."""
        emulator = self.emulator
        shown = {k: v for k, v in record.items() if not k.startswith("date_")}
        return {
            **shown,
            **dates(record),
            "date_sent": rfc2822(record["date_created"]),
            "account_sid": emulator.config.account_sid,
            "api_version": API_VERSION,
            "num_segments": "1",
            "num_media": "0",
            "direction": "outbound-api",
            "price": None,
            "price_unit": "USD",
            "error_code": None,
            "error_message": None,
            "uri": address(emulator, "Messages", record["sid"]),
            "subresource_uris": {
                "media": address(emulator, "Messages", record["sid"], "Media"),
            },
        }

    def record(self, request):
        """Return the record of a request.

        :raise ApiError: 404.
        """
        record = self.emulator.store.messages.get(request.match_info["sid"])
        if record is None:
            raise not_found(request)
        return record

    async def create(self, request):
        """Accept a message and report it as delivered."""
        form, store = Form(await request.post()), self.emulator.store
        to, body = form.need("To", 21604), form.text("Body")
        if not E164.match(to) or to in REFUSED:
            raise ApiError(400, REFUSED.get(to, 21211), f"The 'To' number {to} cannot be used")
        if not body:
            raise ApiError(400, 21602, "Message body is required.")
        service = form.text("MessagingServiceSid")
        if not service and not store.number(form.need("From", 21603)):
            raise ApiError(400, 21606, "The 'From' phone number provided is not yours.")
        record = Record(
            new_sid("SM"),
            to=to,
            body=body,
            status="queued",
            messaging_service_sid=service,
            **{"from": form.text("From")},
        )
        store.messages[record["sid"]] = record
        shown = self.serialize(record)
        self._deliver(record, form.text("StatusCallback"))
        return created(shown)

    def _deliver(self, record, url):
        for status in ("sent", "delivered"):
            record.touch(status=status)
            if url:
                self.emulator.callback(
                    url,
                    {
                        "AccountSid": self.emulator.config.account_sid,
                        "ApiVersion": API_VERSION,
                        "MessageSid": record["sid"],
                        "SmsSid": record["sid"],
                        "To": record["to"],
                        "From": record["from"],
                        "MessageStatus": status,
                        "SmsStatus": status,
                    },
                    kind="message",
                )

    async def list(self, request):
        """List messages, newest first."""
        query = request.query
        return page(
            request,
            "messages",
            [
                self.serialize(m)
                for m in reversed(self.emulator.store.messages.values())
                if query.get("To") in (None, "", m["to"])
                and query.get("From") in (None, "", m["from"])
            ],
        )

    async def fetch(self, request):
        """Show one message."""
        return answer(self.serialize(self.record(request)))

    async def delete(self, request):
        """Delete a message."""
        del self.emulator.store.messages[self.record(request)["sid"]]
        return gone()
