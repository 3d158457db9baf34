"""Documents for one participant of a conference only: hold, wait, announcement."""

import asyncio
import time

from ..media import tones
from .interpreter import Interpreter, Stop
from .parser import TwimlError
from .schema import ANNOUNCE_VERBS, HOLD_VERBS

#: Seconds between two requests for documents that end at once.
MIN_ROUND = 0.5
#: https://www.twilio.com/docs/api/errors/13238
INVALID_VERB = 13238


def start_side_script(participant, url, method="POST", *, repeat=True, is_lean=False):
    """Play a document to one participant repeatedly until it is stopped.

    :param str url: TwiML or sound file; None plays the default music, "" is silence.
    :param bool is_lean: whether the request may lack the account, see `lean_side_requests`.
    """
    participant.stop_side_script()
    if url is None:
        participant.hold_channel.start(tones.MUSIC, "music", loop=True)
    elif url:
        emulator = participant.leg.emulator
        participant.side_script = emulator.spawn(
            _play(participant, url, method, repeat, is_lean), "wait of " + participant.leg.sid
        )


def wait_starter(url, method="POST"):
    """Return a function that plays the wait document to one participant."""
    return lambda participant: start_side_script(participant, url, method)


async def _play(participant, url, method, repeat, is_lean):
    conference, emulator = participant.conference, participant.leg.emulator
    extra = {"ConferenceSid": conference.sid, "FriendlyName": conference.name}
    if is_lean and emulator.settings.lean_side_requests:
        extra["AccountSid"] = None
    verbs = HOLD_VERBS if repeat else ANNOUNCE_VERBS
    while True:
        started = time.monotonic()
        run = Interpreter(
            participant.leg, participant.hold_channel, verbs, extra, forbidden=INVALID_VERB
        )
        try:
            await run.run(url, method)
        except (Stop, TwimlError) as error:
            if isinstance(error, TwimlError):
                participant.leg.error_code = error.code
                emulator.logs.error(
                    error.code, str(error), url=run.url, call_sid=participant.leg.sid
                )
            return
        if not repeat:
            return
        await asyncio.sleep(max(0.0, MIN_ROUND - (time.monotonic() - started)))
