"""Verbs that play or redirect: Say Play Pause Redirect Reject Hangup Leave."""

from ..media import tones
from .interpreter import Interpreter, Jump, LeaveQueue, Stop
from .schema import UNSUPPORTED, find_speech_problem

#: Repetitions that stand for “until stopped” (loop="0").
ENDLESS = 1000


def _loops(verb):
    count = int(verb.number("loop", 1))
    return ENDLESS if count == 0 else count


@Interpreter.verb("Say")
async def say(run, verb):
    """Speak a text."""
    await run.leg.answer()
    problem = find_speech_problem(verb)
    if problem:
        code, message = problem
        run.emulator.logs.error(code, message, url=run.url, call_sid=run.leg.sid)
        if code != UNSUPPORTED or run.emulator.settings.unlisted_language == "silent":
            return
    sound = run.emulator.speech(verb.text)
    if sound.size:
        for _time in range(_loops(verb)):
            await run.channel.play(sound, verb.text)


@Interpreter.verb("Play")
async def play(run, verb):
    """Play a sound file, or keys."""
    await run.leg.answer()
    if verb.get("digits"):
        await send_digits(run.leg, run.channel, verb.get("digits"))
        return
    address = run.absolute(verb.text)
    sound = await run.emulator.sounds.fetch(address, run.leg.sid)
    if sound.size:
        for _time in range(_loops(verb)):
            await run.channel.play(sound, address)


async def send_digits(leg, channel, digits):
    """Send keys to a party; ``w`` waits half a second."""
    for digit in digits:
        if digit in tones.KEYS:
            leg.receive(digit)
            await channel.play(tones.key(digit), "key " + digit)
        else:
            await leg.emulator.clock.sleep(0.5)


@Interpreter.verb("Pause")
async def pause(run, verb):
    """Wait in silence. As a first verb it does not answer the call."""
    await run.emulator.clock.sleep(verb.number("length", 1))


@Interpreter.verb("Redirect")
async def redirect(run, verb):
    """Continue at another address."""
    raise Jump(run.absolute(verb.text), (verb.get("method") or "POST").upper())


@Interpreter.verb("Reject")
async def reject(run, verb):
    """Refuse a call that is not answered yet."""
    raise Stop("busy" if verb.get("reason") == "busy" else "no-answer")


@Interpreter.verb("Hangup")
async def hangup(run, verb):
    """End the call."""
    raise Stop


@Interpreter.verb("Leave")
async def leave(run, verb):
    """Leave the queue in which the call waits."""
    raise LeaveQueue
