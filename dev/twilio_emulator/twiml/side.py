"""Documents for one participant of a conference only: hold, wait, announcement."""

import asyncio
import time

from ..media import tones
from .interpreter import Interpreter, Stop
from .parser import TwimlError
from .schema import HOLD_VERBS

#: Seconds between two requests for documents that end at once.
MIN_ROUND = 0.5


def start_side_script(participant, url, method="POST", *, repeat=True):
    """Play a document to one participant repeatedly until it is stopped.

    :param str url: TwiML or sound file; None plays the default music, "" is silence.
    """
    participant.stop_side_script()
    if url is None:
        participant.hold_channel.start(tones.MUSIC, "music", loop=True)
    elif url:
        emulator = participant.leg.emulator
        participant.side_script = emulator.spawn(
            _play(participant, url, method, repeat), "wait of " + participant.leg.sid
        )


def wait_starter(url, method="POST"):
    """Return a function that plays the wait document to one participant."""
    return lambda participant: start_side_script(participant, url, method)


async def _play(participant, url, method, repeat):
    conference = participant.conference
    extra = {"ConferenceSid": conference.sid, "FriendlyName": conference.name}
    while True:
        started = time.monotonic()
        run = Interpreter(participant.leg, participant.hold_channel, HOLD_VERBS, extra)
        try:
            await run.run(url, method)
        except (Stop, TwimlError) as error:
            if isinstance(error, TwimlError):
                participant.leg.error_code = error.code
            return
        if not repeat:
            return
        await asyncio.sleep(max(0.0, MIN_ROUND - (time.monotonic() - started)))
