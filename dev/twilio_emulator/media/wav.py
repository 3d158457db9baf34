"""Reading any audio file, writing WAV and MP3."""

import io
import wave

import av
import numpy as np

from .audio import RATE


def decode(data):
    """Return the sound of a WAV, MP3 or similar file as int16 samples at 8 kHz.

    :param bytes data: the file.
    :raise ValueError: if it contains no readable sound.
    """
    resampler = av.AudioResampler("s16", "mono", RATE)
    parts = []
    try:
        with av.open(io.BytesIO(data)) as container:
            for frame in container.decode(audio=0):
                parts += [f.to_ndarray().reshape(-1) for f in resampler.resample(frame)]
            parts += [f.to_ndarray().reshape(-1) for f in resampler.resample(None)]
    except (av.error.FFmpegError, IndexError) as error:
        raise ValueError(f"not a sound file: {error}") from error
    return np.concatenate(parts).astype(np.int16) if parts else np.zeros(0, np.int16)


#: Kinds of samples in a WAV file that a telephone network plays: PCM and µ-law.
PLAYABLE_SAMPLES = (b"\x01\x00", b"\x07\x00")


def decode_playable(data):
    """Return the sound of a file that Twilio plays: MP3, AIFF, GSM, or WAV with PCM or µ-law.

    :raise ValueError: it is another kind of file.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        start = data.find(b"fmt ", 12, 4096)
        if start < 0 or data[start + 8 : start + 10] not in PLAYABLE_SAMPLES:
            raise ValueError("a WAV file with compressed samples")
    elif data[:4] in (b"OggS", b"fLaC", b"\x1aE\xdf\xa3") or data[4:8] == b"ftyp":
        raise ValueError("a sound file of another kind than MP3 or WAV")
    return decode(data)


def encode(*channels):
    """Return a WAV file (8 kHz, 16 bit) with one or two channels of int16 samples."""
    length = max((c.size for c in channels), default=0)
    table = np.zeros((length, len(channels)), "<i2")
    for index, channel in enumerate(channels):
        table[: channel.size, index] = channel
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(table.tobytes())
    return out.getvalue()


def as_mp3(file):
    """Return a WAV file of this module as an MP3 file with as many channels."""
    with wave.open(io.BytesIO(file)) as source:
        layout = "stereo" if source.getnchannels() == 2 else "mono"
        samples = np.frombuffer(source.readframes(source.getnframes()), "<i2")
    out = io.BytesIO()
    with av.open(out, "w", "mp3") as container:
        stream = container.add_stream("libmp3lame", RATE, layout=layout)
        if samples.size:
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", layout)
            frame.rate = RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()
