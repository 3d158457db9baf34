"""The verb Dial: join a conference, call numbers, take a caller out of a queue."""

import asyncio

from ..conference import LabelTaken
from ..limits import Refusal
from ..outgoing import DEFAULT_DURATION
from .bridge import dial_parties, dial_queue
from .interpreter import Interpreter
from .parser import TwimlError, Verb
from .side import wait_starter


@Interpreter.verb("Dial")
async def dial(run, verb):
    """Connect the party; the address in ``action`` decides what follows."""
    nouns = verb.children or ([Verb("Number", {}, verb.text)] if verb.text else [])
    if not nouns:
        raise TwimlError(13221, "Dial without anybody to call")
    first = nouns[0]
    try:
        if first.name == "Conference":
            result = await dial_conference(run, verb, first)
        elif first.name == "Queue":
            result = await dial_queue(run, verb, first)
        else:
            result = await dial_parties(run, verb, nouns[:10])
    except asyncio.CancelledError:
        if run.leg.over and verb.get("action"):
            run.emulator.spawn(run.request_later(verb, {"DialCallStatus": "completed"}))
        raise
    if verb.get("action"):
        raise run.jump(verb, params=result)


async def dial_conference(run, verb, noun):
    """Join a conference and stay until it is left; return the parameters for ``action``."""
    leg, emulator = run.leg, run.emulator
    await leg.answer()
    try:
        emulator.limits.check_concurrency(16021, more=0)
    except Refusal:
        leg.error_code = 16021
        return {"DialCallStatus": "failed"}
    coach = noun.get("coach") or None
    conference = emulator.conferences.enter(noun.text, _callback(run, noun))
    if coach and not conference.find(coach):
        emulator.logs.error(13240, f"Nobody to coach: {coach}", call_sid=leg.sid)
        return {"DialCallStatus": "failed"}
    try:
        participant = conference.add(
            leg,
            label=noun.get("participantLabel"),
            muted=noun.flag("muted"),
            start=noun.flag("startConferenceOnEnter", True),
            end=noun.flag("endConferenceOnExit"),
            coach=coach,
            beep=noun.get("beep", "true").lower() in ("true", "onenter"),
        )
    except LabelTaken as taken:
        leg.error_code = 16025
        emulator.logs.error(16025, f"Label in use: {taken}", call_sid=leg.sid)
        return {"DialCallStatus": "failed"}
    try:
        wait_url = noun.get("waitUrl")
        if wait_url:
            wait_url = run.absolute(wait_url)
        if noun.get("record") in ("record-from-start", "true"):
            emulator.recorder.record_conference(
                conference,
                _address(run, noun, "recordingStatusCallback"),
                noun.get("recordingStatusCallbackMethod", "POST"),
            )
        conference.join(participant, wait_starter(wait_url, noun.get("waitMethod", "POST")))
        # https://www.twilio.com/docs/voice/twiml/dial#timelimit
        limit = emulator.clock.real(verb.number("timeLimit", DEFAULT_DURATION))
        await asyncio.wait({participant.done}, timeout=limit)
    finally:
        conference.remove(participant, "participant_hung_up")
    return {"DialCallStatus": "answered"}


def _address(run, noun, name):
    return run.absolute(noun.get(name)) if noun.get(name) else None


def _callback(run, noun):
    url = _address(run, noun, "statusCallback")
    if not url:
        return None
    events = frozenset((noun.get("statusCallbackEvent") or "start end").split())
    return url, noun.get("statusCallbackMethod", "POST").upper(), events
