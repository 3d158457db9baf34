"""The Voice SDK's signalling ("pstream" 1.6) over a WebSocket at ``/signal``."""

import asyncio
import json
import logging
import time
from urllib.parse import parse_qsl, urlencode

from aiohttp import WSMsgType, web

from .applications import start_application_call
from .browser import Browser, RungBrowser
from .defaults import API_VERSION
from .limits import Refusal
from .sids import new_sid
from .tokens import TokenRefused, verify

_logger = logging.getLogger(__name__)
VERSION = "1.6"


class Connection:
    """One WebSocket of one browser tab."""

    def __init__(self, emulator, socket, transport):
        self.emulator, self.socket, self._transport = emulator, socket, transport
        self.claims, self.identity, self.refused = None, None, None
        self.calls = {}

    @property
    def closed(self):
        """Return whether the connection is closed."""
        return self.socket.closed

    async def send(self, type_, **payload):
        """Send one message."""
        try:
            await self.socket.send_str(
                json.dumps({"type": type_, "version": VERSION, "payload": payload})
            )
        except (ConnectionError, RuntimeError):
            _logger.info("A message could not be sent: the browser is gone")

    def cut(self):
        """Break the connection silently, as a lost network does."""
        self._transport.abort()

    def call(self, payload):
        """Return the browser party of a message, or None."""
        return self.calls.get(payload.get("callsid"))

    async def handle(self, message):
        """Carry out one message of the browser."""
        handler = getattr(self, "on_" + str(message.get("type")), None)
        if handler is None:
            self.emulator.logs.error(0, "Unknown signalling message", message=message)
            return
        await handler(message.get("payload") or {})

    async def on_listen(self, payload):
        """Authenticate the browser by its token."""
        config = self.emulator.config
        try:
            claims = verify(
                payload.get("token"), self.emulator.store.keys, config.account_sid, config.region
            )
        except TokenRefused as error:
            self.refused = error
            self.emulator.logs.error(error.code, error.message)
            await self.send("error", error={"code": error.code, "message": error.message})
            return
        self.claims, self.refused = claims, None
        self.identity = claims["grants"]["identity"]
        await self.send(
            "connected",
            edge="emulator",
            region="US_EAST_VIRGINIA",
            home=config.region,
            token={"identity": self.identity, "ttl": int(claims["exp"] - time.time())},
        )

    def expired(self):
        """Return (code, message) if the token is missing or expired, else None."""
        if self.claims is None:
            return 31204, "Registration before the token was validated"
        if self.claims["exp"] <= time.time():
            return 31205, "JWT token expired"
        return None

    async def on_register(self, payload):
        """Register or unregister the browser for incoming calls."""
        problem = self.expired()
        if problem:
            await self.send("error", error={"code": problem[0], "message": problem[1]})
            return
        wanted = (payload.get("media") or {}).get("audio")
        allowed = (self.claims["grants"]["voice"].get("incoming") or {}).get("allow")
        tabs = self.emulator.signalling.registered.setdefault(self.identity, [])
        if wanted and allowed:
            if self not in tabs:
                tabs.append(self)
            await self.send("ready")
        else:
            if self in tabs:
                tabs.remove(self)
            await self.send("offline")

    async def on_invite(self, payload):
        """Start a call of the browser, or resume one."""
        if payload.get("reconnect"):
            await self._reconnect(payload)
            return
        problem = self.expired()
        if problem:
            await self.send(
                "hangup",
                callsid=payload["callsid"],
                error={"code": problem[0], "message": problem[1]},
            )
            return
        params = dict(parse_qsl((payload.get("twilio") or {}).get("params", ""), True))
        browser = Browser(self.emulator, self, payload["callsid"], payload["sdp"])
        refusal = (31002, "The application of the token does not exist")
        try:
            leg = start_application_call(self.emulator, self.claims["grants"], params, browser)
        except Refusal:
            if self.emulator.settings.limit_signal == "hangup":
                await self.send("ringing", callsid=new_sid("CA"))
                await browser.peer.close()
                await self.send("hangup", callsid=payload["callsid"])
                return
            # Which code the SDK gets is not documented: the one that says least.
            leg, refusal = None, (31005, "Error sent from gateway in HANGUP")
        if leg is None:
            await browser.peer.close()
            await self.send(
                "hangup",
                callsid=payload["callsid"],
                error={"code": refusal[0], "message": refusal[1]},
            )
            return
        self.calls[leg.sid] = self.calls[browser.temporary_sid] = browser
        await self.send("ringing", callsid=leg.sid)

    async def _reconnect(self, payload):
        token = payload["reconnect"]
        for leg in self.emulator.legs.values():
            browser = getattr(leg.endpoint, "winner", None) or leg.endpoint
            if getattr(browser, "reconnect_token", None) == token and not leg.over:
                self.calls[leg.sid] = self.calls[payload["callsid"]] = browser
                await browser.take_over(self, payload.get("sdp"))
                return
        await self.send(
            "hangup",
            callsid=payload["callsid"],
            error={
                "code": 31005,
                "message": "The call is over",
            },
        )

    async def invite(self, rung, browser, sdp):
        """Ring this tab."""
        leg = rung.leg
        self.calls[leg.sid] = browser
        browser.rung = rung
        await self.send(
            "invite",
            callsid=leg.sid,
            sdp=sdp,
            reconnect=browser.reconnect_token,
            parameters={
                "CallSid": leg.sid,
                "From": leg.from_,
                "To": leg.to,
                "AccountSid": leg.account_sid,
                "ApiVersion": API_VERSION,
                "Params": urlencode(rung.params),
            },
        )

    async def on_answer(self, payload):
        """Connect a ringing call that the browser accepts."""
        browser = self.call(payload)
        if browser:
            await browser.rung.accepted(browser, payload["sdp"])

    async def on_reject(self, payload):
        """Refuse a ringing call."""
        browser = self.call(payload)
        if browser:
            await browser.rung.rejected(browser)

    async def on_hangup(self, payload):
        """Hang up for the browser."""
        browser = self.call(payload)
        if browser and not browser.leg.over:
            browser.leg.endpoint.silent_end = True
            browser.leg.hang_up()

    async def on_reinvite(self, payload):
        """Restart ICE for the browser."""
        browser = self.call(payload)
        if browser:
            await browser.reinvite(payload["sdp"])

    async def on_dtmf(self, payload):
        """Press keys of a browser that cannot send them as RTP events; ``w`` is a pause."""
        browser = self.call(payload)
        for digit in payload.get("dtmf", "") if browser else "":
            if digit != "w":
                browser.leg.press(digit)

    async def on_message(self, payload):
        """Pass a message of the page to the application."""
        await self.send(
            "ack",
            acktype="message",
            callsid=payload["callsid"],
            voiceeventsid=payload["voiceeventsid"],
        )

    def lost(self):
        """Keep calls alive for a while after the WebSocket is gone."""
        for tabs in self.emulator.signalling.registered.values():
            if self in tabs:
                tabs.remove(self)
        for browser in set(self.calls.values()):
            if not browser.leg.over:
                self.emulator.spawn(self._end_later(browser), "signalling lost")

    async def _end_later(self, browser):
        await self.emulator.clock.sleep(self.emulator.settings.signalling_loss)
        if browser.connection is self and not browser.leg.over:
            browser.leg.hang_up()


class Signalling:
    """All browsers.

    ``registered`` maps an identity to the connections of its tabs.
    """

    def __init__(self, emulator):
        self.emulator, self.registered, self.connections = emulator, {}, set()

    def endpoint(self, identity, params):
        """Return the party for a leg that rings an identity."""
        return RungBrowser(self.emulator, identity, params)

    async def handler(self, request):
        """Serve one WebSocket."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = Connection(self.emulator, socket, request.transport)
        self.connections.add(connection)
        beat = self.emulator.spawn(self._heartbeat(socket), "heartbeat")
        try:
            async for frame in socket:
                if frame.type != WSMsgType.TEXT:
                    break
                if frame.data.strip():
                    self.emulator.spawn(
                        connection.handle(json.loads(frame.data)), "signalling message"
                    )
        finally:
            beat.cancel()
            self.connections.discard(connection)
            connection.lost()
        return socket

    async def _heartbeat(self, socket):
        while not socket.closed:
            await asyncio.sleep(self.emulator.settings.heartbeat)
            await socket.send_str("\n")

    async def send_message(self, leg, content):
        """Send a message of the application to a page and return its identifier."""
        sid = new_sid("KX")
        browser = getattr(leg.endpoint, "winner", None) or leg.endpoint
        await browser.send(
            "message",
            content=content,
            contenttype="application/json",
            messagetype="user-defined-message",
            voiceeventsid=sid,
        )
        return sid

    async def close(self):
        """Close all connections."""
        for connection in tuple(self.connections):
            await connection.socket.close()
