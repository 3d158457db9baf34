"""Arithmetic of a bridge: each party hears the others, but not itself."""

import numpy as np

from .audio import FRAME, SILENCE, clip


class Mixer:
    """Mix-minus with whispering.

    A voice is any object with ``said`` (frame), ``open`` (contributes to all listeners) and
    ``whispers_to`` (None, or the only listener). The first reader of a beat computes its sum.
    """

    def __init__(self):
        self._tick = None
        self._total = np.zeros(FRAME, np.int32)
        self._voices = ()

    def read(self, listener, voices, tick):
        """Return the frame for ``listener``.

        :param listener: one of ``voices`` or any other object.
        :param voices: all voices of the bridge.
        :param int tick: number of the beat.
        """
        if tick != self._tick:
            self._sum(tuple(voices), tick)
        total = self._total
        extra = [v.said for v in self._voices if v.whispers_to is listener]
        if listener in self._voices and listener.open:
            total = total - listener.said
        for frame in extra:
            total = total + frame
        return clip(total) if total.any() else SILENCE

    def _sum(self, voices, tick):
        self._tick, self._voices = tick, voices
        self._total = np.zeros(FRAME, np.int32)
        for voice in voices:
            if voice.open:
                self._total += voice.said
