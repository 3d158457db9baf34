"""The emulator's internal sound format, and arithmetic on it."""

import numpy as np

RATE = 8000
FRAME = 160
FRAME_SECONDS = FRAME / RATE
SILENCE = np.zeros(FRAME, np.int16)
SILENCE.setflags(write=False)


def clip(total):
    """Return a sum of samples (int32) as int16, limited to the range of 16 bits."""
    return np.clip(total, -32768, 32767).astype(np.int16)


def seconds(count):
    """Return the length of ``count`` samples in seconds."""
    return count / RATE


def samples(duration):
    """Return the number of samples in ``duration`` seconds."""
    return max(0, round(duration * RATE))
