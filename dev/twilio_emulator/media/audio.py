"""The one sound format used inside the emulator, and small arithmetic on it."""

import numpy as np

RATE = 8000
FRAME = 160
FRAME_SECONDS = FRAME / RATE
SILENCE = np.zeros(FRAME, np.int16)
SILENCE.setflags(write=False)


def clip(total):
    """Return a sum of samples (int32) as int16, limited to what 16 bits can hold."""
    return np.clip(total, -32768, 32767).astype(np.int16)


def seconds(count):
    """Return how long ``count`` samples last, in seconds."""
    return count / RATE


def samples(duration):
    """Return how many samples ``duration`` seconds have."""
    return max(0, round(duration * RATE))
