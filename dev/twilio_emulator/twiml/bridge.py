"""Two parties connected by Dial, without a conference."""

import asyncio

from ..legs import Leg
from ..limits import Refusal
from ..line import telephone_for
from ..media import tones
from ..media.audio import SILENCE
from ..outgoing import place
from .interpreter import Interpreter, Stop
from .parser import TwimlError


class Bridge:
    """Connects two legs until one of them leaves."""

    def __init__(self, one, two):
        self.legs = (one, two)
        self.done = asyncio.get_running_loop().create_future()
        self.ended_by = None
        for leg in self.legs:
            leg.channel.stop()
            leg.bridge, leg.source = self, self

    def other(self, leg):
        """Return the leg at the other end."""
        return self.legs[1] if leg is self.legs[0] else self.legs[0]

    def read(self, leg):
        """Return the frame that a leg hears now."""
        other = self.other(leg)
        return other.said if other.talking else SILENCE

    def pass_key(self, leg, digit):
        """Send a key to the other party."""
        self.other(leg).receive(digit)

    def end(self, leg=None):
        """Disconnect the two legs."""
        if not self.done.done():
            self.ended_by = leg
            for each in self.legs:
                each.bridge, each.source = None, each.channel
            self.done.set_result(leg)


async def dial_parties(run, verb, nouns):
    """Ring numbers (and browsers) together; connect the first that answers.

    :return dict: the parameters for ``action``.
    """
    leg, emulator = run.leg, run.emulator
    if not verb.flag("answerOnBridge"):
        await leg.answer()
    groups = [[noun] for noun in nouns] if verb.flag("sequential") else [nouns]
    status, child = "no-answer", None
    leg.channel.start(tones.RINGING, "ringing", loop=True)
    for group in groups:
        status, child = await _ring(run, verb, group)
        if child:
            break
    leg.channel.stop()
    if not child:
        return {"DialCallStatus": status, "DialBridged": "false"}
    try:
        await leg.answer()
        bridge = Bridge(leg, child)
        recording = None
        if verb.get("record", "do-not-record").startswith(("record-from", "true")):
            recording = emulator.recorder.record_bridge(
                leg,
                child,
                verb.get("record").endswith("dual"),
                run.absolute(verb.get("recordingStatusCallback"))
                if verb.get("recordingStatusCallback")
                else None,
                verb.get("recordingStatusCallbackMethod", "POST"),
            )
        limit = verb.number("timeLimit", 14400)
        await asyncio.wait({bridge.done}, timeout=emulator.clock.real(limit))
        bridge.end()
    finally:
        child.hang_up()
    result = {
        "DialCallStatus": "completed",
        "DialCallSid": child.sid,
        "DialBridged": "true",
        "DialCallDuration": child.duration,
    }
    if recording:
        result["RecordingUrl"] = recording.url
    return result


async def _ring(run, verb, nouns):
    """Ring one group; return (status, the leg that answered or None)."""
    nouns, children = list(nouns), []
    for noun in tuple(nouns):
        try:
            children.append(_child(run, verb, noun))
        except Refusal as refusal:
            run.leg.error_code = refusal.code
            nouns.remove(noun)
    if not children:
        return "failed", None
    timeout = verb.number("timeout", 30)
    waits = {
        asyncio.ensure_future(_answered(run, child, noun, timeout)): child
        for child, noun in zip(children, nouns, strict=True)
    }
    winner, pending = None, set(waits)
    try:
        while pending and winner is None:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            winner = next((waits[task] for task in done if task.result()), None)
    finally:
        for task, child in waits.items():
            if child is not winner:
                task.cancel()
                child.hang_up("canceled")
    status = children[-1].status if winner is None else "completed"
    return status, winner


def _child(run, verb, noun):
    leg, emulator = run.leg, run.emulator
    emulator.limits.check_concurrency()
    from_ = verb.get("callerId") or leg.from_
    events = frozenset((noun.get("statusCallbackEvent") or "completed").split())
    callbacks = []
    if noun.get("statusCallback"):
        method = noun.get("statusCallbackMethod", "POST").upper()
        callbacks.append((run.absolute(noun.get("statusCallback")), method, events))
    if noun.name == "Number":
        number = noun.text.replace(" ", "")
        shown = emulator.store.may_call_from(from_) or from_ == leg.from_
        if leg.kind == "client" and not emulator.store.may_call_from(from_):
            shown = False
        if not shown:
            raise TwimlError(13214, f"Dial: invalid callerId {from_}")
        emulator.limits.check_called(number)
        return Leg(
            emulator,
            "outbound-dial",
            from_,
            number,
            telephone_for(emulator, number),
            parent=leg,
            callbacks=callbacks,
        )
    identity = next((c.text for c in noun.children if c.name == "Identity"), noun.text)
    params = {c.get("name"): c.get("value", "") for c in noun.children if c.name == "Parameter"}
    return Leg(
        emulator,
        "outbound-dial",
        from_,
        "client:" + identity,
        emulator.signalling.endpoint(identity, params),
        parent=leg,
        callbacks=callbacks,
    )


async def _answered(run, child, noun, timeout):
    if noun.name == "Number" and run.emulator.permissions.forbidden(child.to):
        # https://www.twilio.com/docs/api/errors/32224
        run.emulator.logs.error(32224, f"Calls to {child.to} are blocked", call_sid=run.leg.sid)
        child.hang_up("failed")
        return False
    if not await place(child, timeout, send=noun.get("sendDigits")):
        return False
    if not await child.emulator.limits.pass_prompt(child):
        return False
    if noun.get("url"):
        screen = Interpreter(child)
        try:
            await screen.run(run.absolute(noun.get("url")), noun.get("method", "POST").upper())
        except (Stop, TwimlError):
            child.hang_up()
    return child.talking


async def dial_queue(run, verb, noun):
    """Connect with the first caller of a queue, waiting for one if it is empty.

    :return dict: the parameters for ``action``.
    """
    leg, emulator = run.leg, run.emulator
    await leg.answer()
    queue = emulator.queues.by_name(noun.text)
    member = queue.find("Front")
    if member is None:
        return {"DialCallStatus": "completed"}
    caller = member.leg
    done = asyncio.get_running_loop().create_future()
    result = "bridged"
    member.on_left = None
    queue.remove(member, "bridging-in-process")
    member.bridged.set_result(done)
    try:
        if noun.get("url"):
            screen = Interpreter(
                caller,
                allowed={"Say", "Play", "Pause", "Redirect"},
                extra={
                    "QueueSid": queue.sid,
                    "QueueTime": member.wait,
                    "DequeingCallSid": leg.sid,
                },
            )
            await screen.run(run.absolute(noun.get("url")), noun.get("method", "POST").upper())
        bridge = Bridge(leg, caller)
        await asyncio.wait({bridge.done})
    except (Stop, TwimlError):
        result = "error"
    finally:
        if leg.bridge:
            leg.bridge.end(leg)
        if not done.done():
            done.set_result(result)
    return {
        "DialCallStatus": "completed",
        "DialCallSid": caller.sid,
        "DialCallDuration": leg.duration,
        "DialBridged": "true",
    }
