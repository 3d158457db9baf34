"""A stand-in for a speaking voice: espeak-ng if installed, else syllables of tones."""

import shutil
import subprocess

import numpy as np

from . import tones, wav

#: Spoken seconds per character.
PER_CHARACTER = 0.06
#: Frequencies (Hz) of the syllables, far from the tones of the tests.
SYLLABLES = (610, 730, 670)
_PROGRAM = shutil.which("espeak-ng")


def speak(text, scale=1.0, program=_PROGRAM):
    """Return the sound of ``text``.

    :param str text: spoken text.
    :param float scale: 2.0 = twice as fast.
    :param program: path of espeak-ng, None = tones.
    """
    text = " ".join(text.split())
    if not text:
        return tones.silence(0)
    if program:
        try:
            done = subprocess.run(
                [program, "--stdout", "-s", str(int(175 * min(scale, 2.5))), text],
                capture_output=True,
                timeout=5,
                check=True,
            )
            return wav.decode(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError):
            pass
    length = max(0.3, len(text) * PER_CHARACTER) / scale
    syllable = 0.18 / scale
    parts = []
    while sum(part.size for part in parts) < length * 8000:
        hz = SYLLABLES[len(parts) // 2 % len(SYLLABLES)]
        parts += [tones.tone((hz,), syllable, 0.2), tones.silence(syllable / 4)]
    return np.concatenate(parts)
