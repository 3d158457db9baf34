"""Uploaded sound files: whether a provider plays them, and their conversion, in plain Python."""

import importlib
import io
import struct
import wave

MP3, WAV = "audio/mpeg", "audio/wav"
# Formats of samples in a WAV file, with the sizes (bits) that every telephone network plays.
PLAYABLE = {1: (8, 16), 7: (8,)}  # PCM, µ-law
# Readers of the optional library, for the usual sound files. Playlists, which name other files, are
# not among them.
READERS = "wav,w64,mp3,ogg,flac,mov,matroska,webm,aac,aiff,caf,amr,au"
# The sound of a telephone.
RATE = 8000
# Longest sound that is converted, in seconds.
LONGEST = 900


def get_type(content):
    """Return the content type of a sound that every provider plays.

    :param bytes content: the file
    :return: the type; empty for any other file
    :rtype: str
    """
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return WAV if _is_plain(content) else ""
    is_frame = len(content) > 1 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2
    return MP3 if is_frame or content[:3] == b"ID3" else ""


def _is_plain(content):
    """Return whether the samples of a WAV file are PCM or µ-law."""
    at = 12
    while at + 24 <= len(content):
        name, size = content[at : at + 4], struct.unpack_from("<I", content, at + 4)[0]
        if name == b"fmt ":
            kind, bits = struct.unpack_from("<H12xH", content, at + 8)
            return bits in PLAYABLE.get(kind, ())
        at += 8 + size + size % 2
    return False


def convert(content):
    """Return a sound file as WAV, in the quality of a telephone.

    The library `av` is optional: only this function uses it.

    :param bytes content: a file of any usual kind
    :return: the WAV file; empty if the file cannot be read, or the library is not installed
    :rtype: bytes
    """
    try:
        av = importlib.import_module("av")
    except ImportError:
        return b""
    out, size = io.BytesIO(), 0
    options = {"format_whitelist": READERS, "protocol_whitelist": "none"}
    try:
        with (
            av.open(io.BytesIO(content), options=options) as source,
            wave.open(out, "wb") as target,
        ):
            target.setparams((1, 2, RATE, 0, "NONE", ""))
            for part in _resample(av, source):
                size += part.samples
                if size > LONGEST * RATE:
                    return b""
                target.writeframesraw(bytes(part.planes[0])[: part.samples * 2])
    except (av.FFmpegError, IndexError, ValueError):
        return b""
    return out.getvalue() if size else b""


def _resample(av, source):
    """Yield the parts of a sound, in the quality of a telephone."""
    resampler = av.AudioResampler("s16", "mono", RATE)
    for frame in source.decode(audio=0):
        yield from resampler.resample(frame)
    yield from resampler.resample(None)
