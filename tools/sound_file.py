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
# Kilobits a second, and thousands of samples a second, of MPEG audio, layer III; 0: not used.
KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
KILOHERTZ = (44.1, 48, 32)


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


def get_seconds(content):
    """Return the length of a sound that every provider plays.

    :param bytes content: the file
    :return: seconds; 0 for any other file
    :rtype: float
    """
    kind = get_type(content)
    if kind == WAV:
        parts = dict(_read_parts(content))
        return parts.get(b"data", 0) / (parts[b"rate"] or 1)
    return sum(_read_frames(content)) if kind == MP3 else 0.0


def _is_plain(content):
    """Return whether the samples of a WAV file are PCM or µ-law."""
    for name, value in _read_parts(content):
        if name == b"fmt ":
            kind, bits = value
            return bits in PLAYABLE.get(kind, ())
    return False


def _read_parts(content):
    """Yield the format (kind, bits) and `rate` (bytes a second) of a WAV file, and its sizes."""
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        if name == b"fmt " and at + 24 <= len(content):
            kind, rate, bits = struct.unpack_from("<H6xI2xH", content, at + 8)
            yield name, (kind, bits)
            yield b"rate", rate
        else:
            yield name, min(size, len(content) - at - 8)
        at += 8 + size + size % 2


def _read_frames(content):
    """Yield the seconds of each frame of an MP3 file, after the tag at its beginning."""
    at = 0
    if content[:3] == b"ID3" and len(content) > 10:
        # Each of the four bytes of the size has seven bits.
        at = 10 + sum(
            byte << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True)
        )
    while at + 4 <= len(content):
        frame = _read_frame(content[at : at + 4])
        if not frame:
            # The stream begins, or goes on, behind something else.
            at = content.find(b"\xff", at + 1)
            if at < 0:
                return
            continue
        size, seconds = frame
        yield seconds
        at += size


def _read_frame(header):
    """Return the size and the seconds of a frame of MPEG audio, layer III; None if it is none."""
    first, second, third = header[:3]
    version, rate_index, bits_index = second >> 3 & 3, third >> 2 & 3, third >> 4
    if first != 0xFF or second & 0xE6 != 0xE2 or version == 1 or rate_index == 3:
        return None
    kbits = (KBITS_1 if version == 3 else KBITS_2)[bits_index]
    if not kbits:
        return None
    rate = round(KILOHERTZ[rate_index] * 1000) >> {3: 0, 2: 1, 0: 2}[version]
    samples = 1152 if version == 3 else 576
    return samples * kbits * 125 // rate + (third >> 1 & 1), samples / rate


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
