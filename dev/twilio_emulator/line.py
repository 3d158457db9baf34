"""A call from one of the account's legs to one of the account's own numbers: two legs, one line."""

import asyncio

from .legs import Leg, number_callbacks
from .limits import Refusal
from .media.audio import SILENCE
from .party import Telephone


class LineEnd:
    """One end of the line; its leg hears the voice of the other end's leg.

    :param emulator: the emulator of the line.
    :param other: the existing end, None for the first.
    """

    kind = "pstn"

    def __init__(self, emulator, other=None):
        self.emulator, self.other, self.leg = emulator, other, None
        self._heard = SILENCE
        if other:
            other.other = self

    def speak(self):
        """Return the last frame that the other end heard."""
        return self.other._heard if self.other else None

    def listen(self, frame):
        """Carry one frame to the other end."""
        self._heard = frame

    def receive(self, digit):
        """Carry a key to the other end."""
        if self.other and self.other.leg:
            self.other.leg.press(digit)

    async def ring(self):
        """Run the call from the number's voice address, as for any caller."""
        store = self.emulator.store
        number = store.number(self.leg.to)
        if number is None:
            return False
        try:
            self.emulator.limits.check_concurrency()
        except Refusal:
            self.leg.outcome.set_result("busy")
            return True
        target = store.voice_target(number)
        far = Leg(
            self.emulator,
            "inbound",
            self.leg.from_,
            self.leg.to,
            LineEnd(self.emulator, self),
            callbacks=number_callbacks(target),
        )
        far.phone_number_sid = number["sid"]
        self.emulator.start_inbound(far, target)
        self.emulator.spawn(self._follow(far), "line to an own number")
        return True

    async def _follow(self, far):
        """Copy the called leg's progress to the calling one."""
        answered = asyncio.ensure_future(far.answered.wait())
        ended = asyncio.ensure_future(far.ended.wait())
        try:
            await asyncio.wait({answered, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answered.cancel()
            ended.cancel()
        if not self.leg.outcome.done():
            self.leg.outcome.set_result(far.status if far.over else "answered")

    async def answered(self):
        """Do nothing: the other end follows this leg."""

    async def hung_up(self):
        """Cut the line at both ends."""
        if self.other and self.other.leg and not self.other.leg.over:
            self.other.leg.hang_up()


def telephone_for(emulator, number):
    """Return the party of a number: an own number's voice address, or a customer's telephone."""
    return LineEnd(emulator) if emulator.store.number(number) else Telephone(emulator, number)
