"""The verb Record: keep the party's voice until silence, a key or the limit."""

import asyncio

import numpy as np

from ..media import tones
from ..media.audio import FRAME_SECONDS
from .interpreter import Interpreter

#: Level (root mean square) below which a frame counts as silence.
QUIET = 100.0


class _Take:
    """Frames of one recording and the length of the present silence."""

    def __init__(self):
        self.frames, self.quiet, self.spoken = [], 0.0, False

    def __call__(self, said, heard):
        self.frames.append(said)
        if np.sqrt(np.mean(said.astype(np.float64) ** 2)) < QUIET:
            self.quiet += FRAME_SECONDS
        else:
            self.quiet, self.spoken = 0.0, True

    @property
    def sound(self):
        """Return the samples so far."""
        return np.concatenate(self.frames) if self.frames else np.zeros(0, np.int16)


@Interpreter.verb("Record")
async def record(run, verb):
    """Record the party, then ask ``action`` (or the present address) what follows."""
    leg, emulator = run.leg, run.emulator
    await leg.answer()
    if verb.flag("playBeep", True):
        await run.channel.play(tones.BEEP, "beep")
    take, keys = _Take(), asyncio.Queue()
    leg.key_listener = keys.put_nowait
    leg.taps.append(take)
    callback = verb.get("recordingStatusCallback")
    recording = emulator.recorder.begin(
        leg,
        "RecordVerb",
        run.absolute(callback) if callback else None,
        verb.get("recordingStatusCallbackMethod", "POST").upper(),
        frozenset((verb.get("recordingStatusCallbackEvent") or "completed").split()),
    )
    try:
        digits = await _until_end(emulator, verb, take, keys)
    except asyncio.CancelledError:
        _stop(leg, take)
        emulator.recorder.finish(recording, take.sound)
        if leg.over:
            emulator.spawn(run.request_later(verb, _params(recording, "hangup")))
        raise
    _stop(leg, take)
    emulator.recorder.finish(recording, take.sound, absent=not take.spoken)
    if take.spoken:
        raise run.jump(verb, params=_params(recording, digits))


def _stop(leg, take):
    if take in leg.taps:
        leg.taps.remove(take)
    leg.key_listener = None


def _params(recording, digits):
    return {
        "RecordingUrl": recording.url,
        "RecordingSid": recording.sid,
        "RecordingDuration": recording.duration,
        "Digits": digits or None,
    }


async def _until_end(emulator, verb, take, keys):
    """Return the finishing key, or "" after silence or the limit."""
    finish = verb.get("finishOnKey", "1234567890*#")
    timeout = emulator.clock.real(verb.number("timeout", 5))
    longest = emulator.clock.real(verb.number("maxLength", 3600))
    while take.quiet < timeout and len(take.frames) * FRAME_SECONDS < longest:
        try:
            key = await asyncio.wait_for(keys.get(), FRAME_SECONDS)
        except asyncio.TimeoutError:
            continue
        if key in finish:
            return key
    return ""
