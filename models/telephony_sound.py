"""What can be learnt from a sound file, in plain Python: its length, channels and shape."""

import io
import wave
from array import array
from dataclasses import dataclass

# Bars of a waveform.
BARS = 160
# Samples looked at for one bar; of a long recording every so many are skipped.
SAMPLES = 4000


@dataclass(frozen=True)
class Sound:
    """A sound file.

    :param float seconds: how long it lasts
    :param int channels: 1, or 2: the customer and the other side
    :param list peaks: a list for each channel, `BARS` numbers from 0 (silence) to 100
    """

    seconds: float
    channels: int
    peaks: list

    @property
    def is_silent(self):
        """Whether nothing at all is heard."""
        return not any(map(any, self.peaks))


def read_sound(data):
    """Look into a sound file.

    :param bytes data: the file
    :return: what it holds, or None when it is no WAV file of 16 bit
    :rtype: Sound | None
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, rate, count = file.getnchannels(), file.getframerate(), file.getnframes()
            if file.getsampwidth() != 2 or not rate:
                return None
            samples = array("h")
            samples.frombytes(file.readframes(count))
    except (wave.Error, EOFError, ValueError):
        return None
    count = len(samples) // channels
    return Sound(
        count / rate, channels,
        [_get_peaks(samples[channel::channels], count) for channel in range(channels)],
    )  # fmt: skip


def _get_peaks(samples, count):
    bars = []
    for bar in range(BARS):
        start, end = bar * count // BARS, (bar + 1) * count // BARS
        part = samples[start:end:max(1, (end - start) // SAMPLES)]
        bars.append(round(max(map(abs, part), default=0) / 327.68))
    return bars
