"""A channel plays one sound after the other to its listener."""

import asyncio

import numpy as np

from .audio import FRAME, RATE, SILENCE


def use_clock(enabled):
    """Choose whether sounds end by the clock, because no media engine reads them.

    :param bool enabled: for all channels of this process.
    """
    Channel.by_clock = enabled


class Channel:
    """The sound of a TwiML document. The media engine reads one frame every 20 ms."""

    by_clock = False

    def __init__(self):
        self.text = None
        self._sound, self._at, self._loop, self._done = None, 0, False, None

    def read(self, leg=None):
        """Return the next frame (silence between sounds)."""
        if self._sound is None or not self._sound.size:
            self._finish()
            return SILENCE
        frame = self._sound[self._at : self._at + FRAME]
        self._at += FRAME
        if self._at >= self._sound.size:
            if self._loop:
                self._at %= self._sound.size
            else:
                self._finish()
            if frame.size < FRAME:
                frame = np.concatenate([frame, SILENCE[: FRAME - frame.size]])
        return frame

    async def play(self, sound, text=None):
        """Play ``sound`` (int16, 8 kHz) to its end.

        :param str text: text for the control API while it plays.
        """
        self.start(sound, text)
        done = self._done = asyncio.get_running_loop().create_future()
        try:
            if self.by_clock:
                await asyncio.wait({done}, timeout=sound.size / RATE)
            else:
                await done
        finally:
            if self._done is done:
                self.stop()

    def start(self, sound, text=None, loop=False):
        """Start a sound without waiting for its end."""
        self.stop()
        self._sound, self._at, self._loop, self.text = sound, 0, loop, text

    def stop(self):
        """Stop the present sound."""
        self._finish()

    def _finish(self):
        done, self._done = self._done, None
        self._sound, self.text, self._loop = None, None, False
        if done is not None and not done.done():
            done.set_result(None)
