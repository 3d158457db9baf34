"""Customers at ordinary telephones."""

import logging

from .media import tones
from .media.audio import FRAME
from .media.tones import Oscillator

_logger = logging.getLogger(__name__)


class Telephone:
    """A telephone on the public network, which speaks a tone or is replaced by a handset page.

    :param emulator: the emulator of the telephone.
    :param str number: E.164, or the text shown by the caller instead.
    :param tone: Hz of its voice, 0 = silence, None = as the settings say.
    """

    kind = "pstn"

    def __init__(self, emulator, number, tone=None):
        self.emulator, self.number, self.leg = emulator, number, None
        hz = emulator.settings.tone if tone is None else tone
        self.voice = Oscillator(hz)
        self.handset = None
        self._keys = []

    def speak(self):
        """Return the next spoken frame; a pressed key sounds over the voice."""
        if self._keys:
            frame, self._keys[0] = self._keys[0][:FRAME], self._keys[0][FRAME:]
            if not self._keys[0].size:
                self._keys.pop(0)
            return frame
        return self.handset.speak() if self.handset else self.voice.read()

    def listen(self, frame):
        """Record one heard frame."""
        if self.handset:
            self.handset.listen(frame)

    def press(self, digits):
        """Press keys; ``w`` is an inaudible pause.

        :param str digits: 0–9 * # A–D.
        """
        for digit in digits.upper():
            if digit in tones.KEYS:
                self._keys.append(tones.key(digit))
                self.leg.press(digit)

    def receive(self, digit):
        """Do nothing: the leg shows the received keys."""

    async def ring(self):
        """Start to ring until the control API, a handset page or the settings answer."""
        self.emulator.handsets.ring(self)
        delay = self.emulator.settings.auto_answer
        if delay is not None:
            self.emulator.spawn(self._answer_later(delay), "automatic answer")
        return True

    async def _answer_later(self, delay):
        await self.emulator.clock.sleep(delay)
        self.pick_up()

    def pick_up(self):
        """Answer a ringing telephone and return whether it was ringing."""
        return self._decide("answered")

    def refuse(self, status="busy"):
        """Refuse a ringing telephone and return whether it was ringing."""
        return self._decide(status)

    def _decide(self, outcome):
        if self.leg.over or self.leg.outcome.done() or self.leg.status != "ringing":
            return False
        self.leg.outcome.set_result(outcome)
        self.emulator.handsets.stop_ringing(self, self.handset)
        return True

    async def answered(self):
        """Start the conversation after Twilio answered this telephone's call."""
        if self.handset:
            await self.handset.notify("answered")

    async def hung_up(self):
        """End the call at this telephone."""
        if self.handset:
            await self.handset.notify("ended", status=self.leg.status)
            self.handset.release(self)
        self.emulator.handsets.stop_ringing(self)


class Earpiece(Telephone):
    """A browser without sound: the leg that the Voice SDK would make."""

    kind = "client"
