"""Measures a party's sound: level and strongest frequencies of the last half second."""

import numpy as np

from .audio import FRAME, RATE

WINDOW = RATE // 2
#: Root-mean-square level (16 bit samples) below which sound counts as silence.
QUIET = 20.0
_HANN = np.hanning(WINDOW)


class Meter:
    """A ring of half a second; the arithmetic is done only on request."""

    def __init__(self):
        self._ring = np.zeros(WINDOW, np.int16)
        self._at = 0

    def add(self, frame):
        """Add one frame of 20 ms."""
        self._ring[self._at : self._at + FRAME] = frame
        self._at = (self._at + FRAME) % WINDOW

    def clear(self):
        """Clear the measured sound: silence from now on."""
        self._ring[:] = 0

    def reading(self, count=3):
        """Return the measure.

        :param int count: maximum number of distinct frequencies.
        :return dict: ``rms`` (0–32767), ``peak_hz`` (0 in silence), ``peaks`` (Hz, strongest
        first).
        """
        window = np.roll(self._ring, -self._at).astype(np.float64)
        rms = float(np.sqrt(np.mean(window**2)))
        if rms < QUIET:
            return {"rms": round(rms, 1), "peak_hz": 0.0, "peaks": []}
        spectrum = np.abs(np.fft.rfft(window * _HANN))
        peaks = _peaks(spectrum, count)
        return {"rms": round(rms, 1), "peak_hz": peaks[0] if peaks else 0.0, "peaks": peaks}


def _peaks(spectrum, count, share=0.1, apart=30.0):
    """Return the strongest local maxima at least ``apart`` Hz from each other."""
    bin_hz = RATE / WINDOW
    inner = spectrum[1:-1]
    places = np.nonzero((inner >= spectrum[:-2]) & (inner > spectrum[2:]))[0] + 1
    found = []
    limit = spectrum.max() * share
    for place in places[np.argsort(spectrum[places])[::-1]]:
        if spectrum[place] < limit or len(found) == count:
            break
        hz = round(float(place * bin_hz), 1)
        if all(abs(hz - other) >= apart for other in found):
            found.append(hz)
    return found
