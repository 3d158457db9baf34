"""Uploaded sounds: those that a telephone plays as they are, and the others."""

import importlib
import io
import wave

import av
import numpy as np
import pytest
from tools import sound_file
from tools.sound_file import MP3, WAV, convert, get_seconds, get_type


def encode(container, codec, seconds=1):
    """Return a sound of 440 Hz in any format."""
    out, rate = io.BytesIO(), 48000
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate)
        samples = np.sin(np.arange(rate * seconds) * 2 * np.pi * 440 / rate) * 9000
        frame = av.AudioFrame.from_ndarray(
            samples.astype(np.int16).reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            stream.format.name, stream.layout.name, rate, stream.frame_size or 1024
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return out.getvalue()


# https://www.twilio.com/docs/voice/twiml/play#supported-audio-file-types
@pytest.mark.parametrize(
    ("container", "codec", "kind"),
    [
        ("mp3", "libmp3lame", MP3),
        ("wav", "pcm_s16le", WAV),
        ("wav", "pcm_u8", WAV),
        ("wav", "pcm_mulaw", WAV),
        ("wav", "pcm_s24le", ""),
        ("wav", "adpcm_ms", ""),
        ("ogg", "libopus", ""),
        ("mp4", "aac", ""),
        ("flac", "flac", ""),
    ],
)
def test_every_usual_sound_is_played_or_converted(container, codec, kind):
    content = encode(container, codec)
    assert get_type(content) == kind
    converted = convert(content)
    assert get_type(converted) == WAV
    with wave.open(io.BytesIO(converted)) as file:
        assert file.getparams()[:3] == (1, 2, 8000)
        assert 0.95 < file.getnframes() / 8000 < 1.1
        samples = np.frombuffer(file.readframes(8000), np.int16).astype(float)
    spectrum = np.abs(np.fft.rfft(samples))
    assert abs(np.argmax(spectrum) * 8000 / samples.size - 440) < 5


def test_mp3_without_a_tag_is_known_by_its_frame():
    assert get_type(b"\xff\xfb\x90\x64" + bytes(100)) == MP3
    # Layer 2, and the beginning of a text in UTF-16.
    assert not get_type(b"\xff\xfd\x90\x64" + bytes(100))
    assert not get_type(b"\xff\xfea\x00")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"RIFF0000WAVE",
        b"RIFF0000WAVEfmt ",
        b"no sound" * 100,
        # A playlist would make the server open other files.
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
    ],
)
def test_what_is_no_sound_is_refused(content):
    assert get_type(content) == ""
    assert convert(content) == b""


def test_too_long_a_sound_is_not_converted(monkeypatch):
    monkeypatch.setattr(sound_file, "LONGEST", 1)
    assert convert(encode("ogg", "libopus", seconds=1))
    assert convert(encode("ogg", "libopus", seconds=2)) == b""


def test_without_the_library_nothing_is_converted(monkeypatch):
    def refuse(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    assert convert(encode("ogg", "libopus")) == b""


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp3", "libmp3lame"), ("wav", "pcm_s16le"), ("wav", "pcm_u8"), ("wav", "pcm_mulaw")],
)
def test_length_is_that_of_what_is_played(container, codec):
    assert get_seconds(encode(container, codec, seconds=3)) == pytest.approx(3, abs=0.15)


def test_length_of_what_is_no_sound_is_zero():
    whole = encode("mp3", "libmp3lame")
    for content in (b"", b"RIFF", b"no sound", encode("ogg", "libopus")):
        assert get_seconds(content) == 0
    for size in range(0, 60, 7):
        # The beginning of a file, as after an upload that was cut off.
        assert 0 <= get_seconds(whole[:size]) < 1
    # A size in a header that the file does not have.
    assert get_seconds(encode("wav", "pcm_s16le")[:9_600]) < 0.11
