"""The party behind a leg that is a browser with the Voice SDK."""

import secrets

from .media.webrtc import WebRtcPeer


class Browser:
    """One call of one browser.

    :param Connection connection: the signalling connection; replaced after a reconnect.
    :param str temporary_sid: the SDK's identifier until it knows the real one.
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
        """End the leg after a while, as without signalling."""
        peer = self.peer
        await self.emulator.clock.sleep(self.emulator.settings.signalling_loss)
        if peer is self.peer and not self.leg.over:
            self.leg.hang_up()

    def speak(self):
        """Return a frame from the microphone."""
        return self.peer.read()

    def listen(self, frame):
        """Send a frame to the browser."""
        self.peer.write(frame)

    def receive(self, digit):
        """Do nothing: a browser only hears keys."""

    async def send(self, type_, **payload):
        """Send a message about this call if the signalling connection exists."""
        if self.connection and not self.connection.closed:
            await self.connection.send(type_, callsid=self.leg.sid, **payload)

    async def answered(self):
        """Report to the browser that Twilio answered its call."""
        sdp = await self.peer.answer(self.sdp)
        await self.send("answer", sdp=sdp, reconnect=self.reconnect_token)

    async def hung_up(self):
        """End the call, and notify the browser unless it hung up itself."""
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
        """Continue after signalling returned, or on another Device with a new description."""
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

    :param str identity: called identity.
    :param dict params: custom parameters for the browser.
    """

    kind = "client"

    def __init__(self, emulator, identity, params):
        self.emulator, self.identity, self.params, self.leg = emulator, identity, params, None
        self.tabs, self.winner, self.silent_end = [], None, False

    async def ring(self):
        """Invite every registered tab and return whether there was one."""
        for connection in tuple(self.emulator.signalling.registered.get(self.identity, ())):
            tab = Browser(self.emulator, connection)
            tab.leg = self.leg
            self.tabs.append(tab)
            await connection.invite(self, tab, await tab.peer.offer())
        return bool(self.tabs)

    async def accepted(self, tab, sdp):
        """Connect the accepting tab and cancel the others."""
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
        """Make the whole identity busy after one tab's refusal."""
        if not self.winner and not self.leg.outcome.done():
            self.tabs.remove(tab)
            await tab.peer.close()
            self.leg.outcome.set_result("busy")

    def speak(self):
        """Return a frame from the microphone of the accepting tab."""
        return self.winner.speak() if self.winner else None

    def listen(self, frame):
        """Send a frame to the accepting tab."""
        if self.winner:
            self.winner.listen(frame)

    def receive(self, digit):
        """Do nothing: a browser only hears keys."""

    async def answered(self):
        """Do nothing: the browser itself answered."""

    async def hung_up(self):
        """End the call in every tab."""
        for tab in (self.winner,) if self.winner else self.tabs:
            tab.silent_end = self.silent_end
            await tab.hung_up()
