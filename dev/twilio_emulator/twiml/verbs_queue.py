"""The verb Enqueue: wait in a queue until the caller is taken out."""

import asyncio
import time

from ..media import tones
from .interpreter import Interpreter, LeaveQueue, Stop
from .parser import TwimlError
from .schema import WAIT_VERBS

#: Seconds between two requests for wait documents that end at once.
MIN_WAIT = 0.5


@Interpreter.verb("Enqueue")
async def enqueue(run, verb):
    """Put the caller into a queue and play the wait document there."""
    leg = run.leg
    await leg.answer()
    queue = run.emulator.queues.by_name(verb.text)
    if queue.full or len(queue.members) >= int(verb.number("maxQueueSize", queue.max_size)):
        _leave(run, verb, queue.sid, "queue-full", 0)
        return
    member = queue.add(leg)
    # After a hang-up or a REST update the application is only notified; otherwise it decides.
    member.on_left = lambda result, wait, average: _tell(run, verb, queue, result, wait)
    waiting = asyncio.ensure_future(_wait(run, verb, member))
    taken = asyncio.ensure_future(member.bridged)
    try:
        await asyncio.wait({waiting, taken}, return_when=asyncio.FIRST_COMPLETED)
        waited = member.wait
        if taken.done():
            waiting.cancel()
            result = await taken.result()
        else:
            member.on_left = None
            result = waiting.result()
            queue.remove(member, result)
            if result == "error" and run.emulator.settings.wait_failure == "fallback":
                run.fall_back(member.failure)
            if result == "hangup":
                run.emulator.spawn(run.request_later(verb, _params(queue.sid, result, waited)))
                raise Stop
        _leave(run, verb, queue.sid, result, waited)
    finally:
        waiting.cancel()
        taken.cancel()
        run.channel.stop()


def _params(queue_sid, result, waited):
    return {"QueueSid": queue_sid, "QueueResult": result, "QueueTime": waited}


def _leave(run, verb, queue_sid, result, waited):
    if verb.get("action"):
        raise run.jump(verb, params=_params(queue_sid, result, waited))


def _tell(run, verb, queue, result, waited):
    if verb.get("action") and result in ("hangup", "redirected"):
        run.emulator.spawn(run.request_later(verb, _params(queue.sid, result, waited)))


async def _wait(run, verb, member):
    """Play the wait document repeatedly and return the queue result."""
    queue, address = member.queue, verb.get("waitUrl")
    if address is None:
        run.channel.start(tones.MUSIC, "music", loop=True)
        await asyncio.Event().wait()
    if address == "":
        await asyncio.Event().wait()
    url = run.absolute(address)
    while True:
        started = time.monotonic()
        inner = Interpreter(run.leg, run.channel, WAIT_VERBS)
        inner.params = lambda more=None, inner=inner: {
            **Interpreter.params(inner, more),
            "QueuePosition": member.position,
            "QueueSid": queue.sid,
            "QueueTime": member.wait,
            "AvgQueueTime": queue.average_wait,
            "CurrentQueueSize": len(queue.members),
            "MaxQueueSize": queue.max_size,
        }
        try:
            await inner.run(url, (verb.get("waitUrlMethod") or "POST").upper())
        except LeaveQueue:
            return "leave"
        except Stop:
            return "hangup"
        except TwimlError as error:
            run.leg.error_code, member.failure = error.code, error
            return "error"
        spent = time.monotonic() - started
        await asyncio.sleep(max(0.0, MIN_WAIT - spent))
