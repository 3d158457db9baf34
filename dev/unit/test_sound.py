"""Properties read from a sound file."""

import io
import tracemalloc
import wave
from array import array

import pytest
from tools.wav import BARS, PART, Loop
from tools.wav import read_sound as read_file


def make(*channels, rate=8000, width=2):
    """Return a WAV file; each channel is a list of samples."""
    samples = array("h", (value for frame in zip(*channels, strict=True) for value in frame))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((len(channels), width, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return out.getvalue()


def read_sound(data):
    return read_file(io.BytesIO(data))


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


def test_a_file_that_contradicts_itself():
    """A file whose parts exceed the whole gives no waveform, and no error."""
    data = bytearray(make([7] * 8000))
    data[4:8] = (100).to_bytes(4, "little")
    assert read_sound(bytes(data)) is None


def test_other_formats_are_left_alone():
    assert read_sound(make([0] * 10, width=1)) is None


def test_a_file_that_says_too_much():
    """A file still being written, or cut off, counts with its existing part."""
    data = bytearray(make([3277] * 16000))
    data[40:44] = (0xFFFFFF00).to_bytes(4, "little")
    sound = read_sound(bytes(data))
    assert sound.seconds == pytest.approx(2, abs=0.01)
    assert sound.peaks[0][: BARS - 1] == [10] * (BARS - 1)


def test_a_long_file_is_not_loaded(tmp_path):
    """A recording of half an hour in two channels (58 MB) needs little memory."""
    path = tmp_path / "long.wav"
    part = array("h", [3277, 0] * 8000 * 60).tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        for _minute in range(30):
            file.writeframes(part)
    del part
    tracemalloc.start()
    with open(path, "rb") as file:
        sound = read_file(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (sound.seconds, sound.peaks) == (1800.0, [[10] * BARS, [0] * BARS])
    assert peak < 10_000_000


@pytest.mark.parametrize("seconds", [1, 7, 60])
def test_music_is_repeated_until_its_time_is_over(seconds):
    frames = array("h", range(20000)).tobytes()
    loop = Loop(io.BytesIO(make(range(20000))), seconds)
    parts = list(loop.play())
    data = b"".join(parts)
    assert len(data) == loop.size
    with wave.open(io.BytesIO(data)) as sound:
        assert sound.getnframes() == 8000 * seconds
        heard = sound.readframes(8000 * seconds)
    assert heard == (frames * (8000 * seconds // 20000 + 1))[: len(heard)]
    assert max(map(len, parts)) <= 2 * PART


def test_music_without_any_sound_ends():
    """Music whose header announces missing sound still ends."""
    data = bytearray(make([]))
    data[40:44] = (16000).to_bytes(4, "little")
    loop = Loop(io.BytesIO(bytes(data)), 2)
    assert sum(map(len, loop.play())) == loop.size
