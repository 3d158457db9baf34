"""The control API, by which a test plays every party except Odoo."""

import json

from aiohttp import web

from .applications import start_application_call
from .limits import Refusal
from .media.audio import RATE
from .party import Earpiece, Telephone
from .tokens import TokenRefused, verify

REFUSALS = ("busy", "no-answer", "failed")
#: https://www.twilio.com/docs/voice/twiml#twilios-request-to-your-application
NETWORK = (
    "CallerName",
    "CalledVia",
    "ForwardedFrom",
    "FromCity",
    "FromCountry",
    "FromState",
    "FromZip",
    "StirVerstat",
)


def describe(leg):
    """Return all data of a leg."""
    participant, member = leg.participant, leg.member
    hears, says = leg.hears.reading(), leg.says.reading()
    playing = leg.channel.text
    if participant and participant.hold_channel.text:
        playing = participant.hold_channel.text
    hears["text"] = playing
    return {
        "sid": leg.sid,
        "parent": leg.parent_sid,
        "direction": leg.direction,
        "from": leg.from_,
        "to": leg.to,
        "status": leg.status,
        "kind": leg.kind,
        "created": leg.created.isoformat(),
        "ended": leg.ended_at.isoformat() if leg.ended_at else None,
        "duration": leg.duration,
        "error_code": leg.error_code,
        "conference": participant
        and {
            "friendly_name": participant.conference.name,
            "sid": participant.conference.sid,
            "status": participant.conference.status,
            "label": participant.label,
            "muted": participant.muted,
            "hold": participant.hold,
            "coaching": participant.coaching,
            "joined": participant.joined,
            "end_conference_on_exit": participant.end_on_exit,
        },
        "queue": member
        and {
            "sid": member.queue.sid,
            "name": member.queue.name,
            "position": member.position,
        },
        "bridged_with": leg.bridge.other(leg).sid if leg.bridge else None,
        "hears": hears,
        "says": says,
        "digits_pressed": leg.digits_pressed,
        "digits_received": leg.digits_received,
        "trail": leg.trail,
    }


class Control:
    """Routes below ``/emulator``. Answers are JSON; errors are ``{"error": text}``."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        router.add_get("/emulator/health", self.health)
        router.add_get("/emulator/calls", self.calls)
        router.add_post("/emulator/calls", self.call)
        router.add_get("/emulator/calls/{sid}", self.one)
        for action in ("answer", "reject", "hangup", "digits", "tone"):
            router.add_post("/emulator/calls/{sid}/" + action, getattr(self, action))
        router.add_post("/emulator/numbers", self.number)
        router.add_get("/emulator/permissions", self.permissions)
        router.add_post("/emulator/permissions", self.change_permissions)
        router.add_post("/emulator/proofs", self.change_proofs)
        router.add_post("/emulator/browsers", self.browser)
        router.add_get("/emulator/conferences", self.conferences)
        router.add_get("/emulator/queues", self.queues)
        router.add_get("/emulator/recordings", self.recordings)
        for name in ("webhooks", "requests", "errors"):
            router.add_get("/emulator/" + name, self._log(name))
        router.add_get("/emulator/settings", self.settings)
        router.add_post("/emulator/settings", self.change_settings)
        router.add_get("/emulator/faults", self.faults)
        router.add_post("/emulator/faults", self.change_faults)
        router.add_post("/emulator/refusals", self.refusals)
        router.add_post("/emulator/verified", self.verified)
        router.add_post("/emulator/signalling/drop", self.drop_signalling)
        router.add_post("/emulator/auth_token/secondary", self.add_token)
        router.add_post("/emulator/auth_token/promote", self.promote_token)
        router.add_post("/emulator/reset", self.reset)

    async def health(self, request):
        """Report that the emulator is ready."""
        config = self.emulator.config
        return web.json_response(
            {
                "ready": True,
                "account_sid": config.account_sid,
                "numbers": [n["phone_number"] for n in self.emulator.store.numbers.values()],
                "validates": self.emulator.specification is not None,
                "time_scale": config.time_scale,
            }
        )

    async def calls(self, request):
        """List all legs, oldest first; ``?live=1`` leaves out those that are over."""
        live = request.query.get("live") in ("1", "true")
        return web.json_response(
            [describe(leg) for leg in self.emulator.legs.values() if not (live and leg.over)]
        )

    async def call(self, request):
        """Call one of our numbers: ``{"from", "to", "tone"?, "network"?}`` → ``{"sid"}``.

        ``network`` is what the telephone network adds to the request, of `NETWORK`.
        """
        body = await _body(request)
        network = body.get("network") or {}
        if set(network) - set(NETWORK):
            raise _error(400, "network may contain {}".format(", ".join(NETWORK)))
        try:
            leg = self.emulator.call_in(body["from"], body["to"], body.get("tone"), None, network)
        except KeyError as missing:
            raise _error(400, f"{missing} is missing") from missing
        except LookupError as error:
            raise _error(404, f"The account does not have the number {error}") from error
        except Refusal as refusal:
            raise _error(409, str(refusal)) from refusal
        return web.json_response({"sid": leg.sid}, status=201)

    async def browser(self, request):
        """Connect a browser, without sound: ``{"token", "params"}`` → ``{"sid"}``."""
        body, config = await _body(request), self.emulator.config
        try:
            claims = verify(
                body.get("token"), self.emulator.store.keys, config.account_sid, config.region
            )
        except TokenRefused as error:
            raise _error(400, f"{error.code}: {error.message}") from error
        party = Earpiece(self.emulator, "client:" + claims["grants"]["identity"], 0)
        params = dict(body.get("params") or {})
        try:
            leg = start_application_call(self.emulator, claims["grants"], params, party)
        except Refusal as refusal:
            raise _error(409, str(refusal)) from refusal
        if leg is None:
            raise _error(404, "The application of the token does not exist")
        return web.json_response({"sid": leg.sid}, status=201)

    async def number(self, request):
        """Add or change a number: ``{"phone_number", …}``, with properties in Twilio's words."""
        body, store = await _body(request), self.emulator.store
        number = body.pop("phone_number", None)
        if not number:
            raise _error(400, "phone_number is missing")
        record = store.number(number) or store.add_number(number)
        if set(body) - set(record):
            raise _error(400, "Unknown property: {}".format(", ".join(set(body) - set(record))))
        record.touch(**body)
        return web.json_response({"sid": record["sid"]}, status=201)

    async def permissions(self, request):
        """Show which countries and groups of numbers may be called."""
        return web.json_response(self.emulator.permissions.as_dict())

    async def change_permissions(self, request):
        """Replace some lists: ``{"closed", "special", "tollfraud"}`` of country codes."""
        try:
            self.emulator.permissions.set(await _body(request))
        except ValueError as error:
            raise _error(400, str(error)) from error
        return await self.permissions(request)

    async def change_proofs(self, request):
        """Replace the account's proofs: ``{"bundles": [{…}], "addresses": [{…}]}``."""
        body, store = await _body(request), self.emulator.store
        for kind in ("bundles", "addresses"):
            if kind in body:
                getattr(store, kind).clear()
                for values in body[kind]:
                    store.add_proof(kind, **values)
        return web.json_response({kind: list(getattr(store, kind)) for kind in body})

    def leg(self, request):
        """Return the leg of a request (404 if there is none)."""
        leg = self.emulator.legs.get(request.match_info["sid"])
        if leg is None:
            raise _error(404, "There is no such call")
        return leg

    def telephone(self, request):
        """Return the telephone of a request (409 if the leg is not one)."""
        leg = self.leg(request)
        if not isinstance(leg.endpoint, Telephone):
            raise _error(409, "This party is not a telephone")
        return leg.endpoint

    async def one(self, request):
        """Show one leg."""
        return web.json_response(describe(self.leg(request)))

    async def answer(self, request):
        """Answer a ringing telephone; ``{"tone": Hz}`` changes its tone."""
        telephone, body = self.telephone(request), await _body(request)
        if "tone" in body:
            telephone.voice.hz = float(body["tone"] or 0)
        if not telephone.pick_up():
            raise _error(409, f"The call does not ring ({telephone.leg.status})")
        return _done()

    async def reject(self, request):
        """Refuse a ringing telephone; ``{"status": "busy" | "no-answer" | "failed"}``."""
        telephone, body = self.telephone(request), await _body(request)
        status = body.get("status", "busy")
        if status not in REFUSALS:
            raise _error(400, "status must be one of {}".format(", ".join(REFUSALS)))
        if not telephone.refuse(status):
            raise _error(409, f"The call does not ring ({telephone.leg.status})")
        return _done()

    async def hangup(self, request):
        """Hang up; harmless when the call is over."""
        leg = self.leg(request)
        if leg.status == "ringing" and leg.direction != "inbound":
            self.telephone(request).refuse("busy")
        else:
            leg.hang_up()
        return _done()

    async def digits(self, request):
        """Press keys: ``{"digits": "12#"}``."""
        telephone, body = self.telephone(request), await _body(request)
        if not telephone.leg.talking:
            raise _error(409, f"The call is not in progress ({telephone.leg.status})")
        telephone.press(str(body.get("digits", "")))
        return _done()

    async def tone(self, request):
        """Change the spoken tone: ``{"tone": Hz}``, 0 = silence."""
        telephone, body = self.telephone(request), await _body(request)
        telephone.voice.hz = float(body.get("tone") or 0)
        return _done()

    async def conferences(self, request):
        """List all conferences."""
        return web.json_response(
            [
                {
                    "sid": c.sid,
                    "friendly_name": c.name,
                    "status": c.status,
                    "reason_ended": c.reason_ended,
                    "participants": [p.leg.sid for p in c.participants],
                }
                for c in self.emulator.conferences.all.values()
            ]
        )

    async def recordings(self, request):
        """List all recordings that were not deleted, with the seconds recorded so far."""
        return web.json_response(
            [
                {
                    "sid": r.sid,
                    "call_sid": r.call_sid,
                    "status": r.status,
                    "source": r.source,
                    "channels": r.channels,
                    "length": r.length() / RATE,
                }
                for r in self.emulator.store.recordings.values()
            ]
        )

    async def queues(self, request):
        """List all queues."""
        return web.json_response(
            [
                {
                    "sid": q.sid,
                    "name": q.name,
                    "members": [m.leg.sid for m in q.members],
                }
                for q in self.emulator.queues.all.values()
            ]
        )

    def _log(self, name):
        async def show(request):
            return web.json_response(list(getattr(self.emulator.logs, name)))

        show.__doc__ = f"Show the log of {name}."
        return show

    async def settings(self, request):
        """Show the settings."""
        return web.json_response(self.emulator.settings.as_dict())

    async def change_settings(self, request):
        """Change some settings."""
        try:
            self.emulator.settings.update(await _body(request))
        except ValueError as error:
            raise _error(400, str(error)) from error
        self.emulator.apply_settings()
        return await self.settings(request)

    async def faults(self, request):
        """Show the active faults."""
        return web.json_response(self.emulator.faults.as_list())

    async def change_faults(self, request):
        """Replace all faults: ``{"faults": [...]}`` or one fault alone; ``{}`` removes all."""
        body = await _body(request)
        rules = body.get("faults", [body] if body else [])
        try:
            self.emulator.faults.set(rules)
        except (ValueError, TypeError) as error:
            raise _error(400, str(error)) from error
        return await self.faults(request)

    async def refusals(self, request):
        """Set numbers that cannot be reached: ``{"+32…": "busy" | "no-answer" | "failed"}``.

        ``{"+32…": {"status", "SipResponseCode"?, "ErrorCode"?}}`` also sets what the last status
        callback reports. https://www.twilio.com/docs/voice/api/call-resource#statuscallback
        """
        body = await _body(request)
        refusals = {}
        for number, value in body.items():
            details = dict(value) if isinstance(value, dict) else {"status": value}
            status = details.pop("status", None)
            if status not in REFUSALS or set(details) - {"SipResponseCode", "ErrorCode"}:
                raise _error(400, "values must be among {}".format(", ".join(REFUSALS)))
            refusals[number] = (status, details)
        self.emulator.refusals = refusals
        return web.json_response(body)

    async def verified(self, request):
        """Make a number a verified caller ID without its call: ``{"number"}``."""
        number = (await _body(request)).get("number")
        if not number:
            raise _error(400, "number is missing")
        self.emulator.store.add_caller_id(number)
        return _done()

    async def drop_signalling(self, request):
        """Cut the signalling connections of all browsers, or of ``{"identity"}``."""
        body = await _body(request)
        cut = 0
        for connection in tuple(self.emulator.signalling.connections):
            if body.get("identity") in (None, connection.identity):
                connection.cut()
                cut += 1
        return web.json_response({"cut": cut})

    async def add_token(self, request):
        """Create the account's second auth token: ``{"auth_token"?}`` → ``{"auth_token"}``."""
        token = (await _body(request)).get("auth_token")
        return web.json_response({"auth_token": self.emulator.store.add_secondary_token(token)})

    async def promote_token(self, request):
        """Replace the auth token by the second one (409 if there is none)."""
        if not self.emulator.store.secondary_token:
            raise _error(409, "There is no second auth token")
        self.emulator.store.promote_token()
        if not self.emulator.settings.keys_survive_promotion:
            self.emulator.store.keys.clear()
        return _done()

    async def reset(self, request):
        """Restore the state after the start."""
        await self.emulator.reset()
        return _done()


async def _body(request):
    if not request.can_read_body:
        return {}
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError as error:
        raise _error(400, "The body is not JSON") from error
    if not isinstance(body, dict):
        raise _error(400, "The body is not an object")
    return body


def _error(status, text):
    kind = {400: web.HTTPBadRequest, 404: web.HTTPNotFound, 409: web.HTTPConflict}[status]
    return kind(text=json.dumps({"error": text}), content_type="application/json")


def _done():
    return web.json_response({"done": True})
