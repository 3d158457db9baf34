"""The party behind a leg that is a browser with the Voice SDK."""

import secrets

from .media.webrtc import WebRtcPeer


class Browser:
    """One call of one browser.

    :param Connection connection: the signalling connection; replaced after a reconnect.
    :param str temporary_sid: the identifier the SDK uses until it knows the real one.
    """

    kind = "client"

    def __init__(self, emulator, connection=None, temporary_sid=None, sdp=None):
        self.emulator, self.connection, self.leg = emulator, connection, None
        self.temporary_sid, self.sdp = temporary_sid, sdp
        self.reconnect_token = secrets.token_urlsafe(32)
        self.peer = self.new_peer()
        self.silent_end = False

    def new_peer(self):
        """Return a fresh media connection for this party."""
        return WebRtcPeer(on_digit=self._pressed, on_lost=self._lost)

    def _pressed(self, digit):
        self.leg.press(digit)

    def _lost(self):
        self.emulator.spawn(self._give_up(), "media lost")

    async def _give_up(self):
        """Without media the leg ends like without signalling: after a while."""
        peer = self.peer
        await self.emulator.clock.sleep(self.emulator.settings.signalling_loss)
        if peer is self.peer and not self.leg.over:
            self.leg.hang_up()

    def speak(self):
        """Return what the microphone gave."""
        return self.peer.read()

    def listen(self, frame):
        """Let the browser hear a frame."""
        self.peer.write(frame)

    def receive(self, digit):
        """Nothing to do: a browser only hears keys."""

    async def send(self, type_, **payload):
        """Send a message about this call, if the signalling connection is there."""
        if self.connection and not self.connection.closed:
            await self.connection.send(type_, callsid=self.leg.sid, **payload)

    async def answered(self):
        """Twilio answered the browser's call."""
        sdp = await self.peer.answer(self.sdp)
        await self.send("answer", sdp=sdp, reconnect=self.reconnect_token)

    async def hung_up(self):
        """The call is over: tell the browser unless it did it itself."""
        if not self.silent_end:
            if self.leg.answered_at is None and self.leg.direction != "inbound":
                await self.send("cancel")
            elif self.leg.answered_at is None:
                code, message = REFUSALS.get(self.leg.status, REFUSALS["failed"])
                await self.send("hangup", error={"code": code, "message": message})
            else:
                await self.send("hangup")
        await self.peer.close()

    async def take_over(self, connection, sdp):
        """Signalling came back, or another Device takes the call (then with a new description)."""
        self.connection = connection
        self.reconnect_token = secrets.token_urlsafe(32)
        if sdp == self.sdp or (self.leg.talking and sdp is None):
            return await self.send("answer", reconnect=self.reconnect_token)
        old, self.peer, self.sdp = self.peer, self.new_peer(), sdp
        await old.close()
        answer = await self.peer.answer(sdp)
        await self.send("answer", sdp=answer, reconnect=self.reconnect_token)
        return None

    async def reinvite(self, sdp):
        """Restart ICE."""
        self.sdp = sdp
        await self.send("answer", sdp=await self.peer.answer(sdp))


REFUSALS = {
    "busy": (31486, "Busy"),
    "no-answer": (31480, "No answer"),
    "canceled": (31487, "Canceled"),
    "failed": (31005, "Error sent from gateway in HANGUP"),
}


class RungBrowser:
    """The party behind a leg that rings browsers: every tab of one identity, first wins.

    :param str identity: who is called.
    :param dict params: custom parameters for the browser.
    """

    kind = "client"

    def __init__(self, emulator, identity, params):
        self.emulator, self.identity, self.params, self.leg = emulator, identity, params, None
        self.tabs, self.winner, self.silent_end = [], None, False

    async def ring(self):
        """Invite every registered tab; return whether there was one."""
        for connection in tuple(self.emulator.signalling.registered.get(self.identity, ())):
            tab = Browser(self.emulator, connection)
            tab.leg = self.leg
            self.tabs.append(tab)
            await connection.invite(self, tab, await tab.peer.offer())
        return bool(self.tabs)

    async def accepted(self, tab, sdp):
        """A tab accepts; the others are told."""
        if self.winner or self.leg.over or self.leg.outcome.done():
            return
        self.winner = tab
        await tab.peer.accept(sdp)
        self.leg.outcome.set_result("answered")
        for other in self.tabs:
            if other is not tab:
                await other.send("cancel")
                await other.peer.close()

    async def rejected(self, tab):
        """A tab refuses: the whole identity is busy."""
        if not self.winner and not self.leg.outcome.done():
            self.tabs.remove(tab)
            await tab.peer.close()
            self.leg.outcome.set_result("busy")

    def speak(self):
        """Return what the microphone of the tab that accepted gave."""
        return self.winner.speak() if self.winner else None

    def listen(self, frame):
        """Let the tab that accepted hear a frame."""
        if self.winner:
            self.winner.listen(frame)

    def receive(self, digit):
        """Nothing to do: a browser only hears keys."""

    async def answered(self):
        """Nothing to do: the browser itself answered."""

    async def hung_up(self):
        """The call is over."""
        for tab in (self.winner,) if self.winner else self.tabs:
            tab.silent_end = self.silent_end
            await tab.hung_up()
