"""Outgoing calls: pace, ringing, time-outs, and joining a conference on answer."""

import asyncio

from .twiml.interpreter import Interpreter
from .twiml.verbs_basic import send_digits

#: Seconds that Twilio adds to a requested time-out.
GRACE = 5
#: Limits and default (s) of the ringing time.
MIN_TIMEOUT, MAX_TIMEOUT, DEFAULT_TIMEOUT = 5, 600, 60
#: Longest and usual duration (s) of a call: a day, and four hours.
MAX_DURATION, DEFAULT_DURATION = 86400, 14400


class Pace:
    """Limits the rate of calls started through REST."""

    def __init__(self, emulator):
        self._emulator, self._next = emulator, 0.0

    async def turn(self):
        """Wait until one more call may start."""
        rate = self._emulator.settings.cps
        if not rate:
            return
        loop = asyncio.get_running_loop()
        due = max(self._next, loop.time())
        self._next = due + self._emulator.clock.real(1 / rate)
        await asyncio.sleep(due - loop.time())


async def place(
    leg,
    timeout=DEFAULT_TIMEOUT,
    *,
    paced=False,
    send=None,
    duration=DEFAULT_DURATION,
    on_ringing=None,
):
    """Ring the party of an outgoing leg.

    :param float timeout: maximum seconds of ringing; Twilio adds five.
    :param float duration: seconds after the answer when the leg is hung up.
    :param bool paced: whether the call counts against the calls per second.
    :param str send: keys to send after the answer.
    :param on_ringing: function that is called when the party rings, or None.
    :return bool: True when answered; otherwise the leg has ended with its reason as status.
    """
    emulator = leg.emulator
    if paced:
        await emulator.pace.turn()
    if leg.over:
        return False
    leg.set_status("initiated")
    await emulator.clock.sleep(emulator.settings.answer_delay)
    if leg.over:
        return False
    if emulator.refusals.get(leg.to):
        status, leg.failure = emulator.refusals[leg.to]
        leg.hang_up(status)
        return False
    leg.set_status("ringing")
    if not await leg.endpoint.ring():
        leg.hang_up("no-answer")
        return False
    if on_ringing:
        on_ringing()
    limit = min(MAX_TIMEOUT, max(MIN_TIMEOUT, timeout)) + GRACE
    try:
        outcome = await asyncio.wait_for(asyncio.shield(leg.outcome), emulator.clock.real(limit))
    except asyncio.TimeoutError:
        outcome = "no-answer"
    if outcome == "answered" and not leg.over:
        leg.set_status("in-progress")
        limit = emulator.clock.real(min(MAX_DURATION, max(1, duration)))
        asyncio.get_running_loop().call_later(limit, leg.hang_up)
        emulator.limits.limit_duration(leg)
        if send:
            await send_digits(leg, leg.channel, send)
        return True
    leg.hang_up(outcome)
    return False


async def call_program(leg, url, method, *, twiml=None, fallback=None, **options):
    """Run a leg made by ``POST Calls``: ring, then follow TwiML."""
    if await place(leg, paced=True, **options) and await leg.emulator.limits.pass_prompt(leg):
        run = Interpreter(leg, fallback=fallback)
        await (run.run_text(twiml) if twiml else run.run_call(url, method))


async def participant_program(leg, participant, wait, **options):
    """Run a leg made by ``POST Participants``: ring, then join the conference."""
    ring = participant.announce_early if leg.emulator.settings.early_join else None
    if not await place(leg, paced=True, on_ringing=ring, **options):
        return
    if await leg.emulator.limits.pass_prompt(leg) and not participant.done.done():
        participant.conference.join(participant, wait)
        await participant.done
        leg.hang_up()
