"""What is learnt from a sound file."""

import io
import wave
from array import array

import pytest
from addon_models.telephony_sound import BARS, read_sound


def make(*channels, rate=8000, width=2):
    """Return a WAV file; each channel is a list of samples."""
    samples = array("h", (value for frame in zip(*channels, strict=True) for value in frame))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((len(channels), width, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return out.getvalue()


def test_each_channel_has_its_shape():
    half = [0] * 8000
    loud, quiet = [32767, -32768] * 4000, [3277, -3277] * 4000
    sound = read_sound(make(half + loud, quiet + half))
    assert (sound.seconds, sound.channels, sound.is_silent) == (2.0, 2, False)
    assert sound.peaks == [[0] * 80 + [100] * 80, [10] * 80 + [0] * 80]


def test_a_long_recording_is_looked_at_in_parts():
    sound = read_sound(make([1000] * 1_000_000))
    assert sound.peaks == [[3] * BARS]


def test_silence_and_nothing():
    assert read_sound(make([0] * 4000)).is_silent
    empty = read_sound(make([]))
    assert (empty.seconds, empty.peaks) == (0.0, [[0] * BARS])


@pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFF0000WAVEfmt xx", b"\0" * 100, b"ID3"])
def test_what_is_no_sound(data):
    assert read_sound(data) is None


def test_other_formats_are_left_alone():
    assert read_sound(make([0] * 10, width=1)) is None
