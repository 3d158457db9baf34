"""The clock of all sound: every 20 ms each party gives a frame and gets its mix.

One loop serves the whole emulator: all parties stay in step, and mixers need no buffers between
them. It sleeps while there is no call.
"""

import asyncio
import logging

from .audio import FRAME_SECONDS, SILENCE

_logger = logging.getLogger(__name__)
#: Seconds the loop may fall behind before it gives up catching up.
MAX_LATE = 0.2


class Engine:
    """Moves frames between the parties of all calls.

    A party is any object with ``said`` (the last frame), ``speak()`` (returns a frame or None) and
    ``listen(frame)``, and with ``mix()`` that returns the frame it should hear now.
    """

    def __init__(self):
        self.parties = []
        self.tick = 0
        self._wake = asyncio.Event()
        self._task = None

    def start(self):
        """Start the loop in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="media engine")

    async def close(self):
        """Stop the loop."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def add(self, party):
        """Add a party."""
        self.parties.append(party)
        self._wake.set()

    def remove(self, party):
        """Remove a party."""
        if party in self.parties:
            self.parties.remove(party)
        if not self.parties:
            self._wake.clear()

    async def _run(self):
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            due = loop.time()
            while self.parties:
                self._beat()
                due += FRAME_SECONDS
                late = loop.time() - due
                if late > MAX_LATE:
                    due = loop.time()
                await asyncio.sleep(max(0.0, -late))

    def _beat(self):
        self.tick += 1
        parties = tuple(self.parties)
        for party in parties:
            self._safely(party, self._take)
        for party in parties:
            self._safely(party, self._give)

    @staticmethod
    def _take(party):
        frame = party.speak()
        party.said = SILENCE if frame is None else frame

    @staticmethod
    def _give(party):
        party.listen(party.mix())

    def _safely(self, party, step):
        """Run a party's function; a broken party must not silence the others."""
        try:
            step(party)
        except Exception:
            _logger.exception("A party cannot take part any longer")
            self.remove(party)
