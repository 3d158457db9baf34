"""The verb Gather: collect keys while a sound plays."""

import asyncio

from ..sounds import INVALID_PLAY
from .interpreter import Interpreter
from .parser import TwimlError


@Interpreter.verb("Gather")
async def gather(run, verb):
    """Collect keys until their number is reached, the finishing key, or a time without keys."""
    leg = run.leg
    await leg.answer()
    keys = asyncio.Queue()
    leg.key_listener = keys.put_nowait
    prompt = asyncio.ensure_future(_prompt(run, verb))
    try:
        digits, finished = await _collect(run, verb, keys, prompt)
        if prompt.done() and not prompt.cancelled() and prompt.exception():
            raise prompt.exception()
    finally:
        prompt.cancel()
        run.channel.stop()
        leg.key_listener = None
    if digits or finished or verb.flag("actionOnEmptyResult"):
        raise run.jump(
            verb,
            params={
                "Digits": digits,
                "msg": "Gather End",
                "FinishedOnKey": finished or None,
            },
        )


async def _prompt(run, verb):
    for child in verb.children:
        try:
            await run.execute(child)
        except TwimlError as error:
            if error.code != INVALID_PLAY:
                raise
            # https://www.twilio.com/docs/api/errors/13325
            raise TwimlError(13325, f"Gather: {error}") from error


async def _collect(run, verb, keys, prompt):
    wanted = int(verb.number("numDigits", 0))
    finish = verb.get("finishOnKey", "#")
    timeout = run.emulator.clock.real(verb.number("timeout", 5))
    if wanted < 0 or timeout < 0:
        raise TwimlError(12200, "Gather with a negative number")
    digits = ""
    while True:
        key = asyncio.ensure_future(keys.get())
        try:
            if not digits and not prompt.done():
                await asyncio.wait({key, prompt}, return_when=asyncio.FIRST_COMPLETED)
            if not key.done():
                await asyncio.wait({key}, timeout=timeout)
            if not key.done():
                return digits, ""
        finally:
            key.cancel()
        prompt.cancel()
        run.channel.stop()
        if key.result() == finish and finish:
            return digits, finish
        digits += key.result()
        if wanted and len(digits) >= wanted:
            return digits, ""
