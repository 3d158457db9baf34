"""Generators of tones: a speaking party, ringing, keys, beeps."""

import numpy as np

from .audio import FRAME, RATE, samples

LEVEL = 0.3
KEYS = {
    "1": (697, 1209),
    "2": (697, 1336),
    "3": (697, 1477),
    "A": (697, 1633),
    "4": (770, 1209),
    "5": (770, 1336),
    "6": (770, 1477),
    "B": (770, 1633),
    "7": (852, 1209),
    "8": (852, 1336),
    "9": (852, 1477),
    "C": (852, 1633),
    "*": (941, 1209),
    "0": (941, 1336),
    "#": (941, 1477),
    "D": (941, 1633),
}


def tone(frequencies, duration, level=LEVEL):
    """Return a sum of sines.

    :param frequencies: iterable of frequencies in Hz.
    :param float duration: seconds.
    :param float level: share of full scale, split over the frequencies.
    """
    t = np.arange(samples(duration)) / RATE
    wave = sum(np.sin(2 * np.pi * hz * t) for hz in frequencies) / max(1, len(frequencies))
    return (wave * level * 32767).astype(np.int16)


def silence(duration):
    """Return ``duration`` seconds of silence."""
    return np.zeros(samples(duration), np.int16)


def key(digit):
    """Return the sound of a telephone key, 160 ms."""
    return tone(KEYS[digit], 0.16)


#: One period of the European ringing tone: 425 Hz, 1 s on, 3 s off.
RINGING = np.concatenate([tone((425,), 1.0, 0.2), silence(3.0)])
BEEP = tone((1000,), 0.5)
#: Music for waiting callers when the application has none: a slow broken chord.
MUSIC = np.concatenate([tone((hz,), 0.4, 0.12) for hz in (262, 330, 392, 523, 392, 330)])


class Oscillator:
    """An endless sine with continuous phase.

    :param float hz: frequency, 0 = silence. May be changed at any time.
    """

    def __init__(self, hz, level=LEVEL):
        self.hz, self.level, self._phase = float(hz or 0), level, 0.0

    def read(self):
        """Return the next frame, or None when silent."""
        if not self.hz:
            return None
        step = 2 * np.pi * self.hz / RATE
        phase = self._phase + step * np.arange(FRAME)
        self._phase = float((self._phase + step * FRAME) % (2 * np.pi))
        return (np.sin(phase) * self.level * 32767).astype(np.int16)
