"""Sound files in plain Python: length, channels and waveform, and music of an exact length.

A recording may last for hours, so only a part of it is in memory at once.
"""

import io
import os
import wave
from array import array
from dataclasses import dataclass

# Bars of a waveform.
BARS = 160
# Samples read per bar; in a long recording, samples in between are skipped.
SAMPLES = 4000
# Frames sent at a time.
PART = 16384


@dataclass(frozen=True)
class Sound:
    """A sound file.

    :param float seconds: length of the sound
    :param int channels: 1; or 2: the customer and the other side
    :param list peaks: one list per channel, `BARS` numbers from 0 (silence) to 100
    """

    seconds: float
    channels: int
    peaks: list

    @property
    def is_silent(self):
        """Return whether the sound is silent throughout."""
        return not any(map(any, self.peaks))


def read_sound(file):
    """Return the properties of a sound file.

    :param file: file, open for reading bytes
    :return: the sound, or None when the file is no 16-bit WAV
    :rtype: Sound | None
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    try:
        with wave.open(file) as sound:
            channels, rate = sound.getnchannels(), sound.getframerate()
            if sound.getsampwidth() != 2 or not rate:
                return None
            # A truncated file, or one that was still being written, is shorter than its header
            # states.
            count = min(sound.getnframes(), size // (2 * channels))
            bars = [_get_peaks(sound, channels, bar, count) for bar in range(BARS)]
    except (wave.Error, EOFError, ValueError, RuntimeError):
        return None
    return Sound(count / rate, channels, [list(peaks) for peaks in zip(*bars, strict=True)])


def get_seconds(content):
    """Return the length of a WAV file of any sample format.

    :param bytes content: the file
    :return: seconds; 0 when it is no WAV file
    :rtype: float
    """
    try:
        with wave.open(io.BytesIO(content)) as sound:
            return sound.getnframes() / sound.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError):
        return 0.0


def _get_peaks(sound, channels, bar, count):
    """Return the peak of one bar in each channel."""
    start, end = bar * count // BARS, (bar + 1) * count // BARS
    step = max(1, (end - start) // SAMPLES)
    sound.setpos(start)
    frames = sound.readframes(end - start)
    samples = array("h")
    samples.frombytes(frames[: len(frames) // 2 * 2])
    return [
        round(max(map(abs, samples[channel :: channels * step]), default=0) / 327.68)
        for channel in range(channels)
    ]


class Loop:
    """A sound, repeated from its beginning to an exact length.

    :param file: WAV file, open for reading bytes
    :param int seconds: length of the result
    """

    def __init__(self, file, seconds):
        self._sound = wave.open(file)  # noqa: SIM115 - the caller closes it
        params = self._sound.getparams()
        self._left = params.framerate * seconds
        self._frame_size = params.sampwidth * params.nchannels
        header = io.BytesIO()
        with wave.open(header, "wb") as sound:
            sound.setparams(params._replace(nframes=self._left))
            sound.writeframesraw(b"")
            self._header = header.getvalue()
        #: Size of the result in bytes.
        self.size = len(self._header) + self._left * self._frame_size

    def play(self):
        """Yield the parts of the result."""
        yield self._header
        while self._left:
            part = self._sound.readframes(min(PART, self._left))
            if not part and not self._sound.tell():
                part = bytes(min(PART, self._left) * self._frame_size)  # the file is empty
            if part:
                self._left -= len(part) // self._frame_size
                yield part
            else:
                self._sound.rewind()
