"""Handset pages: telephones with a user interface, by WebSocket and WebRTC."""

import json
import logging

from aiohttp import WSMsgType, web

from .limits import Refusal
from .media.tones import Oscillator
from .media.webrtc import WebRtcPeer

_logger = logging.getLogger(__name__)


class Handset:
    """One open handset page.

    :param emulator: the emulator of the page.
    :param socket: its WebSocket.
    """

    def __init__(self, emulator, socket):
        self.emulator, self.socket = emulator, socket
        self.peer, self.telephone, self.ringing = None, None, []
        self.voice, self.number = Oscillator(0), "+32470123456"

    @property
    def busy(self):
        """Return whether the handset is in a call."""
        return self.telephone is not None

    async def notify(self, event, **details):
        """Send an event to the page."""
        if not self.socket.closed:
            await self.socket.send_str(json.dumps({"event": event, **details}))

    def speak(self):
        """Return the user's voice: the chosen tone, else the microphone."""
        if self.voice.hz:
            return self.voice.read()
        return self.peer.read() if self.peer else None

    def listen(self, frame):
        """Send a frame to the user."""
        if self.peer:
            self.peer.write(frame)

    def release(self, telephone):
        """Free the handset after its call."""
        if self.telephone is telephone:
            self.telephone = None
            peer, self.peer = self.peer, None
            if peer:
                self.emulator.spawn(peer.close(), "handset sound")
            for other in self.emulator.handsets.waiting:
                self.emulator.spawn(self.emulator.handsets.offer(self, other), "handset ring")

    async def handle(self, message):
        """Carry out one message of the page."""
        handler = getattr(self, "on_" + str(message.get("action")), None)
        if handler is None:
            await self.notify("error", message="Unknown action")
            return
        await handler(message)

    async def _connect(self, sdp):
        if not sdp:
            return
        self.peer = WebRtcPeer()
        await self.notify("sdp", sdp=await self.peer.answer(sdp))

    async def on_hello(self, message):
        """Register the page, send it the company's numbers and allow it to ring."""
        self.number = message.get("number") or self.number
        await self.notify(
            "numbers",
            own=self.number,
            numbers=[
                {"number": n["phone_number"], "name": n["friendly_name"]}
                for n in self.emulator.store.numbers.values()
            ],
        )
        for telephone in self.emulator.handsets.waiting:
            await self.emulator.handsets.offer(self, telephone)

    async def on_voice(self, message):
        """Speak a tone (Hz), or the microphone with 0."""
        self.voice.hz = float(message.get("hz") or 0)

    async def on_dial(self, message):
        """Call one of the company's numbers."""
        if self.busy:
            return
        self.number = message.get("from") or self.number
        try:
            leg = self.emulator.call_in(self.number, message.get("to"), handset=self)
        except LookupError:
            await self.notify("error", message="The company does not have this number.")
            return
        except Refusal as refusal:
            await self.notify("error", message=f"Busy. Twilio refused the call ({refusal}).")
            return
        self.telephone = leg.endpoint
        await self._connect(message.get("sdp"))
        await self.notify("calling", sid=leg.sid, to=leg.to)

    async def on_answer(self, message):
        """Answer a call that rings here."""
        telephone = next((t for t in self.ringing if t.leg.sid == message.get("sid")), None)
        if telephone is None or self.busy:
            return
        self.telephone, telephone.handset = telephone, self
        await self._connect(message.get("sdp"))
        if telephone.pick_up():
            self.emulator.handsets.stop_ringing(telephone, self)
            await self.notify("answered", sid=telephone.leg.sid)
        else:
            self.release(telephone)

    async def on_refuse(self, message):
        """Refuse a call that rings here."""
        for telephone in tuple(self.ringing):
            if telephone.leg.sid == message.get("sid"):
                telephone.refuse()

    async def on_keys(self, message):
        """Press keys."""
        if self.telephone:
            self.telephone.press(str(message.get("digits", "")))

    async def on_hangup(self, message):
        """Hang up."""
        if self.telephone:
            self.telephone.leg.hang_up()


class Handsets:
    """All open pages and ringing telephones.

    A free page rings for every outgoing call; without a page the call just rings.
    """

    def __init__(self, emulator):
        self.emulator, self.pages, self.waiting = emulator, [], []

    def ring(self, telephone):
        """Show a ringing telephone on every free page."""
        self.waiting.append(telephone)
        for page in self.pages:
            self.emulator.spawn(self.offer(page, telephone), "handset ring")

    async def offer(self, page, telephone):
        """Ring one page."""
        if not page.busy and telephone not in page.ringing:
            page.ringing.append(telephone)
            leg = telephone.leg
            await page.notify("ringing", sid=leg.sid, caller=leg.from_, to=leg.to)

    def stop_ringing(self, telephone, but=None):
        """Remove a telephone that stopped ringing."""
        if telephone in self.waiting:
            self.waiting.remove(telephone)
        outcome = telephone.leg.outcome
        answered = outcome.done() and outcome.result() == "answered"
        for page in self.pages:
            if telephone in page.ringing:
                page.ringing.remove(telephone)
                if page is not but:
                    self.emulator.spawn(
                        page.notify("stopped", sid=telephone.leg.sid, answered=answered),
                        "handset quiet",
                    )

    async def handler(self, request):
        """Serve one page's WebSocket."""
        socket = web.WebSocketResponse(heartbeat=20)
        await socket.prepare(request)
        page = Handset(self.emulator, socket)
        self.pages.append(page)
        try:
            async for frame in socket:
                if frame.type != WSMsgType.TEXT:
                    break
                await page.handle(json.loads(frame.data))
        finally:
            self.pages.remove(page)
            if page.telephone:
                page.telephone.leg.hang_up()
        return socket

    async def close(self):
        """Close all pages."""
        for page in tuple(self.pages):
            await page.socket.close()
