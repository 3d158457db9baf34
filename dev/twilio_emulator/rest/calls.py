"""Calls."""

from datetime import timedelta

from ..clock import now, rfc2822, seconds_between
from ..defaults import API_VERSION
from ..legs import Leg
from ..line import telephone_for
from ..outgoing import DEFAULT_DURATION, DEFAULT_TIMEOUT, call_program
from ..twiml.interpreter import Interpreter
from .common import ACCOUNT, ApiError, Form, answer, created, gone, matches_dates, not_found, page
from .common import uri as address
from .dialing import check_from, check_limits, check_to

SUBRESOURCES = {
    "notifications": "Notifications",
    "recordings": "Recordings",
    "payments": "Payments",
    "events": "Events",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_messages": "UserDefinedMessages",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
}
#: Invented prices of a minute, in US dollars.
MINUTE_PRICES = {"inbound": 0.0085, "outbound-api": 0.014, "outbound-dial": 0.014, "client": 0.004}


def shown_status(leg, lag=0.0):
    """Return a leg's status in the words of the resource, which has no "initiated".

    :param float lag: seconds by which the answer is behind.
    :return: None for a leg that did not exist then.
    """
    moment = now() - timedelta(seconds=leg.emulator.clock.real(lag))
    status = leg.status
    if lag:
        status = next((word for at, word in reversed(leg.statuses) if at <= moment), None)
    return "queued" if status == "initiated" else status


def price(leg):
    """Return the price of a leg, a negative amount, or None while it is not known."""
    if not leg.over or not leg.answered_at:
        return None
    if seconds_between(leg.ended_at, now()) < leg.emulator.settings.price_lag:
        return None
    minute = MINUTE_PRICES.get(leg.direction if leg.kind == "pstn" else leg.kind, 0)
    return f"{-minute * -(-leg.duration // 60):.5f}"


def serialize(leg, lag=0.0):
    """Return a call as Twilio shows it.

    :param float lag: see `shown_status`.
    """
    emulator = leg.emulator
    return {
        "sid": leg.sid,
        "account_sid": leg.account_sid,
        "parent_call_sid": leg.parent_sid,
        "date_created": rfc2822(leg.created),
        "date_updated": rfc2822(leg.ended_at or leg.created),
        "to": leg.to,
        "to_formatted": leg.to,
        "from": leg.from_,
        "from_formatted": leg.from_,
        "phone_number_sid": leg.phone_number_sid,
        "status": shown_status(leg, lag),
        "start_time": rfc2822(leg.started),
        "end_time": rfc2822(leg.ended_at),
        "duration": str(leg.duration)
        if leg.over and leg.answered_at
        else ("0" if leg.over else None),
        "price": price(leg),
        "price_unit": "USD",
        "direction": leg.direction,
        "answered_by": None,
        "api_version": API_VERSION,
        "forwarded_from": leg.forwarded_from,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "trunk_sid": None,
        "uri": address(emulator, "Calls", leg.sid),
        "subresource_uris": {
            name: address(emulator, "Calls", leg.sid, part) for name, part in SUBRESOURCES.items()
        },
    }


def endpoint_for(emulator, to):
    """Return the party to ring for ``to`` (E.164 number or ``client:identity``)."""
    if to.startswith("client:"):
        identity, _mark, query = to[7:].partition("?")
        params = dict(part.partition("=")[::2] for part in query.split("&") if part)
        return emulator.signalling.endpoint(identity, params)
    return telephone_for(emulator, to)


class Calls:
    """Routes of the resource."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        base = ACCOUNT + "/Calls"
        router.add_post(base + ".json", self.create)
        router.add_get(base + ".json", self.list)
        router.add_get(base + "/{sid}.json", self.fetch)
        router.add_post(base + "/{sid}.json", self.update)
        router.add_delete(base + "/{sid}.json", self.delete)
        router.add_post(base + "/{sid}/UserDefinedMessages.json", self.message)

    def leg(self, request):
        """Return the leg of a request.

        :raise ApiError: 404.
        """
        leg = self.emulator.legs.get(request.match_info["sid"])
        if leg is None:
            raise not_found(request)
        return leg

    async def create(self, request):
        """Create an outgoing call."""
        form, emulator = Form(await request.post()), self.emulator
        to, from_ = form.need("To"), form.need("From", 21213)
        check_from(emulator, from_)
        check_to(emulator, to, from_)
        url, method = form.text("Url"), (form.text("Method") or "POST").upper()
        fallback = (form.text("FallbackUrl"), (form.text("FallbackMethod") or "POST").upper())
        application = emulator.store.applications.get(form.text("ApplicationSid"))
        if application:
            url, method = application["voice_url"], application["voice_method"]
        if not url and not form.text("Twiml"):
            raise ApiError(400, 21205, "Url parameter is required.")
        check_limits(emulator, to)
        callback = form.callback("StatusCallback")
        leg = Leg(
            emulator,
            "outbound-api",
            form.text("CallerId") or from_,
            to,
            endpoint_for(emulator, to),
            callbacks=[callback] if callback else [],
        )
        leg.run(
            call_program(
                leg,
                url,
                method,
                twiml=form.text("Twiml"),
                fallback=fallback,
                timeout=form.number("Timeout", DEFAULT_TIMEOUT),
                duration=form.number("TimeLimit", DEFAULT_DURATION),
                send=form.text("SendDigits"),
            )
        )
        if form.flag("Record"):
            url, method, events = form.callback("RecordingStatusCallback") or (None, "POST", ())
            emulator.recorder.record_call(
                leg, url, method, events, form.text("RecordingChannels") == "dual"
            )
        return created(serialize(leg))

    async def list(self, request):
        """List calls, newest first."""
        query, lag = request.query, self.emulator.settings.read_lag

        def wanted(leg):
            pairs = (
                ("To", leg.to),
                ("From", leg.from_),
                ("Status", shown_status(leg, lag)),
                ("ParentCallSid", leg.parent_sid),
            )
            if shown_status(leg, lag) is None:
                return False
            return all(query.get(name) in (None, "", value) for name, value in pairs) and (
                matches_dates(query, "StartTime", leg.started or leg.created)
                and matches_dates(query, "EndTime", leg.ended_at)
            )

        legs = [serialize(leg, lag) for leg in reversed(self.emulator.legs.values()) if wanted(leg)]
        return page(request, "calls", legs)

    async def fetch(self, request):
        """Show one call."""
        leg, lag = self.leg(request), self.emulator.settings.read_lag
        if shown_status(leg, lag) is None:
            raise not_found(request)
        return answer(serialize(leg, lag))

    async def update(self, request):
        """End or redirect a call."""
        leg, form = self.leg(request), Form(await request.post())
        status = form.text("Status")
        if leg.over:
            raise ApiError(400, 21220, "Call is not in-progress. Cannot redirect.")
        if form.text("StatusCallback"):
            leg.callbacks = [form.callback("StatusCallback")]
        if status == "canceled" and leg.talking:
            raise ApiError(400, 21220, "Call is in-progress. Cannot cancel.")
        if status in ("completed", "canceled"):
            if status == "completed" and not leg.talking and leg.direction != "inbound":
                status = self.emulator.settings.ended_while_ringing
                leg.hang_up(status, is_final=True)
            else:
                leg.hang_up("canceled" if leg.direction != "inbound" else "completed")
        elif form.text("Url") or form.text("Twiml"):
            if not leg.talking and leg.direction != "inbound":
                raise ApiError(400, 21220, "Call is not in-progress. Cannot redirect.")
            fallback = (form.text("FallbackUrl"), (form.text("FallbackMethod") or "POST").upper())
            run = Interpreter(leg, fallback=fallback)
            leg.redirect(
                run.run_text(form.text("Twiml"))
                if form.text("Twiml")
                else run.run_call(form.text("Url"), (form.text("Method") or "POST").upper())
            )
        return answer(serialize(leg))

    async def delete(self, request):
        """Delete the record of an ended call."""
        leg = self.leg(request)
        if not leg.over:
            raise ApiError(400, 20409, "The call is still in progress")
        del self.emulator.legs[leg.sid]
        return gone()

    async def message(self, request):
        """Send a message to the browser of a call."""
        leg, form = self.leg(request), Form(await request.post())
        if leg.kind != "client" or not leg.talking:
            raise ApiError(400, 21220, "The call is not a browser's call in progress")
        sid = await self.emulator.signalling.send_message(leg, form.need("Content"))
        return created(
            {
                "account_sid": leg.account_sid,
                "call_sid": leg.sid,
                "sid": sid,
                "date_created": rfc2822(leg.created),
            }
        )
