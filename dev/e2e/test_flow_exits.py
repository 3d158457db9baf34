"""Every exit of every kind of step, taken by callers of the emulator, without browsers."""

from harness.emulator import CUSTOMER
from harness.polling import until


def _say(name, words):
    return {"name": name, "kind": "message", "message": words}


class Callers:
    """Callers one after the other, each in a flow of its own."""

    def __init__(self, world, arrange, customers):
        self.world, self.arrange, self.customers = world, arrange, customers

    def call(self, name, *steps):
        """Place a call and wait until the flow has begun.

        :param str name: of the contact.
        :param dict steps: as for `Arrangement.flow`.
        :return: the caller's telephone.
        """
        self.arrange.flow(*steps)
        person = self.customers(name)
        telephone = self.world.emulator.calls_us(person.number)
        until(
            lambda: self.world.server.find_calls(self.world.admin, person.number),
            f"the call of {name} is known",
        )
        return telephone


def _calendar(rpc, name, is_open):
    calendar_id = rpc.create("resource.calendar", name=name, tz="Europe/Brussels")
    found = rpc.call("resource.calendar.attendance", "search", [("calendar_id", "=", calendar_id)])
    rpc.call("resource.calendar.attendance", "unlink", found)
    for day in range(7 if is_open else 0):
        rpc.create(
            "resource.calendar.attendance",
            calendar_id=calendar_id,
            name="All day",
            dayofweek=str(day),
            hour_from=0,
            hour_to=24,
            day_period="morning",
        )
    return calendar_id


def _member(arrange, numbers, name):
    """Return an online agent with a telephone that is never answered."""
    rpc = arrange.phone_user(name)
    number, _written = numbers()
    member = arrange.agent(rpc, call_via="phone", phone_number=number)
    rpc.call("telephony.agent", "set_status", "online")
    return member


def _queue(arrange, member, **values):
    return arrange.rpc.create(
        "telephony.queue", name="Exits", agent_ids=[(6, 0, [member])], **values
    )


def test_exits_that_need_no_time(world, arrange, customers, numbers):
    """Z03 Z29: hours, condition, key, none available, full, another flow, message, rejection."""
    rpc, callers = world.admin, Callers(world, arrange, customers)
    offline = arrange.agent(arrange.phone_user("Olga"))
    heard = {}
    for is_open in (True, False):
        heard[
            callers.call(
                f"Hours {is_open}",
                {
                    "name": "Hours",
                    "kind": "hours",
                    "calendar_id": _calendar(rpc, "Hours", is_open),
                    "next_step_id": "Open",
                    "else_step_id": "Closed",
                },
                _say("Open", "We are open."),
                _say("Closed", "We are closed."),
            )
        ] = "We are open." if is_open else "We are closed."
    for name in ("Vera Known", "Wim Stranger"):
        heard[
            callers.call(
                name,
                {
                    "name": "Who",
                    "kind": "condition",
                    "condition_model": "res.partner",
                    "condition_domain": "[('name', '=', 'Vera Known')]",
                    "next_step_id": "Yes",
                    "else_step_id": "No",
                },
                _say("Yes", "We know you."),
                _say("No", "Who are you?"),
            )
        ] = "We know you." if name == "Vera Known" else "Who are you?"
    heard[
        callers.call(
            "Ring",
            {
                "name": "Ring",
                "kind": "ring",
                "agent_ids": [(6, 0, [offline])],
                "not_available_step_id": "Nobody",
            },
            _say("Nobody", "Nobody is there to ring."),
        )
    ] = "Nobody is there to ring."
    heard[
        callers.call(
            "Queue",
            {
                "name": "Queue",
                "kind": "queue",
                "queue_id": _queue(arrange, offline),
                "not_available_step_id": "Nobody",
            },
            _say("Nobody", "Nobody is there in the queue."),
        )
    ] = "Nobody is there in the queue."
    other = rpc.create(
        "telephony.flow", name="Other", step_ids=[(0, 0, _say("There", "You are in another flow."))]
    )
    heard[callers.call("Flow", {"name": "Go", "kind": "flow", "target_flow_id": other})] = (
        "You are in another flow."
    )
    heard[
        callers.call(
            "Voicemail",
            {
                "name": "Message",
                "kind": "voicemail",
                "agent_ids": [(6, 0, [offline])],
                "message": "Please leave a message.",
            },
        )
    ] = "Please leave a message."
    rejected = callers.call("Reject", {"name": "No", "kind": "reject"})
    menu = callers.call(
        "Menu",
        {
            "name": "Menu",
            "kind": "menu",
            "message": "Press one.",
            "repeat": 1,
            "key_ids": [(0, 0, {"key": "1", "label": "One"})],
            "no_answer_step_id": "None",
        },
        _say("One", "You pressed one."),
        _say("None", "You pressed nothing."),
    )
    for telephone, words in heard.items():
        telephone.hears_words(words)
    rejected.is_released()
    assert rejected.leg["status"] == "no-answer" and not rejected.leg["hears"]["text"]
    menu.hears_words("You pressed nothing.")


def test_exits_that_take_time(world, arrange, customers, numbers):
    """Z29: a key, no answer, a full queue, too long a wait, a forwarded call, busy or not."""
    callers = Callers(world, arrange, customers)
    rung, waited_for = (_member(arrange, numbers, name) for name in ("Rosa", "Stan"))
    (busy, _written), (free, _written) = numbers(), numbers()
    ids = arrange.flow(
        {"name": "Menu", "kind": "menu", "message": "Press one.", "repeat": 2},
        _say("One", "You pressed one."),
    )
    world.admin.create(
        "telephony.flow.key", step_id=ids["Menu"], key="1", label="One", target_step_id=ids["One"]
    )
    menu = world.emulator.calls_us(customers("Menu").number)
    menu.hears_words("Press one.")
    menu.press("9")  # leads nowhere: asked again

    def asked_again():
        return sum(step["verb"] == "Gather" for step in menu.leg["trail"]) == 2

    until(asked_again, "the question comes again")
    menu.press("1")
    ring = callers.call(
        "Ring",
        {
            "name": "Ring",
            "kind": "ring",
            "agent_ids": [(6, 0, [rung])],
            "ring_seconds": 5,
            "no_answer_step_id": "Late",
        },
        _say("Late", "Nobody answers."),
    )
    queue = _queue(arrange, waited_for, max_callers=1, max_wait=10)
    steps = (
        {
            "name": "Queue",
            "kind": "queue",
            "queue_id": queue,
            "no_answer_step_id": "Late",
            "full_step_id": "Full",
        },
        _say("Late", "You have waited long enough."),
        _say("Full", "The queue is full."),
    )
    waiting, too_many = callers.call("First", *steps), callers.call("Second", *steps)
    forwards = [
        callers.call(
            "Forward",
            {
                "name": "Forward",
                "kind": "forward",
                "forward_number": number,
                "no_answer_step_id": "Late",
            },
            _say("Late", "Nobody answers there."),
        )
        for number in (busy, free)
    ]
    world.emulator.rings(busy).reject("busy")
    world.emulator.rings(free).answer()
    menu.hears_words("You pressed one.")
    ring.hears_words("Nobody answers.")
    too_many.hears_words("The queue is full.")
    forwards[0].hears_words("Nobody answers there.")
    forwards[1].hears(CUSTOMER)
    waiting.hears_words("You have waited long enough.")
