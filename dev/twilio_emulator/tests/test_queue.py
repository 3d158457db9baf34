"""Queues: waiting, taking out, leaving, and events for the application."""

from .test_conference import near, room
from .world import SALES, until

ENQUEUE = '<Enqueue waitUrl="wait" action="step?x=1">line</Enqueue>'


async def waiting(world, wait='<Pause length="60"/>'):
    """Return a caller who waits in the queue ``line``."""
    await world.answer_with(SALES, ENQUEUE)
    world.app.answers["/wait"] = wait
    sid = await world.dial_in()
    await world.until_call(sid, lambda c: c["queue"])
    await until(lambda: world.app.at("/wait"))
    return sid


async def the_queue(world):
    """Return the REST resource of the queue."""
    return (await world.rest(world.client.queues.list))[0]


async def test_member_is_taken_out_to_a_conference(world):
    sid = await waiting(world)
    hit = world.app.at("/wait")[0]
    assert (hit.form["QueuePosition"], hit.form["CallStatus"]) == ("1", "in-progress")
    queue = await the_queue(world)
    assert (queue.friendly_name, queue.current_size) == ("line", 1)
    world.app.answers["/join"] = room("r")
    member = world.client.queues(queue.sid).members(sid)
    await world.rest(member.update, url=world.app.url + "/join", method="POST")
    await world.until_call(sid, lambda c: c["conference"] and c["conference"]["joined"])
    told = await until(lambda: world.app.at("/step"))
    assert told[0].form["QueueResult"] == "redirected" and told[0].query == {"x": "1"}
    assert await world.refused(member.update, url=world.app.url + "/join") == (404, 20404)
    other = await world.dial_in("+32470333444", tone=900)
    world.app.answers["/wait"] = "<Pause/>"
    await world.rest(world.client.calls(other).update, url=world.app.url + "/join")
    await world.until_call(sid, lambda c: near(c["hears"]["peak_hz"], 900))


async def test_wait_document_is_asked_again_until_it_says_leave(world):
    world.app.answers["/step"] = "<Say>nobody</Say><Hangup/>"
    asked = []
    sid = await waiting(
        world, lambda hit: asked.append(hit) or ("<Pause/>" if len(asked) < 3 else "<Leave/>")
    )
    await world.until_status(sid, "completed")
    assert len(asked) == 3
    assert world.app.at("/step")[0].form["QueueResult"] == "leave"


async def test_caller_gives_up_while_waiting(world):
    sid = await waiting(world)
    await world.post(f"calls/{sid}/hangup")
    told = await until(lambda: world.app.at("/step"))
    assert (told[0].form["QueueResult"], told[0].form["CallStatus"]) == ("hangup", "completed")
    assert (await the_queue(world)).current_size == 0


async def test_full_queue_is_reported(world):
    await world.rest(world.client.queues.create, friendly_name="line", max_size=1)
    await waiting(world)
    world.app.answers["/step"] = "<Hangup/>"
    second = await world.dial_in("+32470333444")
    await world.until_status(second, "completed")
    assert world.app.at("/step")[0].form["QueueResult"] == "queue-full"
