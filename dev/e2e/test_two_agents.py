"""Two agents, one caller: both ring, one wins, and the other ringing ends."""

from playwright.sync_api import expect

from harness.emulator import CUSTOMER
from harness.pages import Softphone
from harness.polling import stays, until

# Resolves with the time (ms) at which the incoming card disappeared.
_GONE = """() => new Promise((resolve) => {
    const look = () => document.querySelector(".o_telephony_incoming")
        ? requestAnimationFrame(look) : resolve(Date.now());
    look();
})"""
# Clicks at a given time, unless a faster page has removed the button; resolves with the time at
# which it really happened.
_CLICK_AT = """(moment) => new Promise((resolve) => setTimeout(() => {
    document.querySelector(".o_telephony_accept")?.click();
    resolve(Date.now());
}, moment - Date.now()))"""
_START = "(name) => { window.e2e[name] = (%s)(window.e2e.argument); }"


def _begin(page, name, script, argument=None):
    """Start a script in a page without waiting for it; `_result` waits."""
    page.evaluate("(argument) => { window.e2e.argument = argument; }", argument)
    page.evaluate(_START % script, name)


def _result(page, name):
    return page.evaluate("(name) => window.e2e[name]", name)


def _both(agent):
    admin, demo = agent("admin").ready(), agent("demo").ready()
    return admin, demo, Softphone(admin), Softphone(demo)


def test_both_ring_and_one_wins(world, agent, customers):
    """Z01 Z17 Z20: both see the caller; one accepts, the other's card disappears in a second."""
    admin, demo, first, second = _both(agent)
    delays = []
    for turn in range(3):  # a busy machine may be slow once
        customer = customers(f"Xena Goossens {turn}")
        telephone = world.emulator.calls_us(customer.number)
        first.rings(customer.name)
        second.rings(customer.name)
        second.dismiss_notices()
        _begin(demo.page, "gone", _GONE)
        clicked = admin.page.evaluate(_CLICK_AT, 0)
        delays.append(_result(demo.page, "gone") - clicked)
        second.says("This call was already answered by Mitchell Admin.")
        if delays[-1] < 1000:
            break
        first.is_talking().hang_up().has_ended("answered")
        first.done()
        until(lambda: admin.state() == demo.state() == "available", "both are free again")
    assert min(delays) < 1000, f"{delays} ms"
    until(lambda: not second.plays_ring(), "the loser's ring stops")
    first.is_talking()
    telephone.hears(admin.hz)
    admin.hears(CUSTOMER)
    assert len(world.emulator.agent_legs()) == 1
    until(lambda: demo.state() == "available", "the loser is free")
    first.hang_up().has_ended("answered")
    telephone.is_released()
    assert world.server.ended_call(world.admin, customer.number)["user_id"][0] == admin.rpc.uid


def test_both_click_in_the_same_moment(world, agent, customers):
    """Z17: of two simultaneous accepts, one gets the call and the other learns who has it."""
    admin, demo, first, second = _both(agent)
    for turn in range(3):
        customer = customers(f"Yves Wouters {turn}")
        telephone = world.emulator.calls_us(customer.number)
        first.rings(customer.name)
        second.rings(customer.name)
        moment = admin.page.evaluate("Date.now() + 400")
        for person in (admin, demo):
            _begin(person.page, "clicked", _CLICK_AT, moment)
        telephone.in_conference()
        until(lambda: first.call.count() + second.call.count() == 1, "exactly one has the call")
        winner, loser = (first, second) if first.call.count() else (second, first)
        winner.is_talking()
        telephone.hears(winner.agent.hz)
        loser.is_idle()
        loser.says("This call was already answered by")
        assert len(world.emulator.agent_legs()) == 1
        winner.hang_up().has_ended("answered")
        winner.done()
        call = world.server.ended_call(world.admin, customer.number)
        assert call["user_id"][0] == winner.agent.rpc.uid
        for person in (admin, demo):
            until(lambda p=person: p.state() == "available", "both are free again")
        loser.dismiss_notices()
        expect(loser.notice).to_have_count(0)


def test_declining_leaves_it_ringing_at_the_other(world, agent, customers):
    """Z17: a decline affects only one agent; after the last decline the caller hears a message."""
    customer = customers("Zita Leclercq")
    _admin, _demo, first, second = _both(agent)
    telephone = world.emulator.calls_us(customer.number)
    first.rings("Zita Leclercq")
    second.rings("Zita Leclercq")
    second.decline_button.click()
    expect(second.card).to_have_count(0)
    stays(first.card.is_visible, "it goes on ringing at the other", 1.5)
    assert telephone.leg["queue"]
    first.decline_button.click()
    telephone.hears_words("All our colleagues are busy", timeout=8)
    telephone.is_released()
    first.is_idle()
    assert world.server.ended_call(world.admin, customer.number)["outcome"] == "missed"


def test_a_second_caller_waits_for_the_free_agent(world, agent, customers):
    """Z17: an agent in a call is not rung; a second caller rings at the free colleague only."""
    one, two = customers("Anke Desmet"), customers("Bram Segers")
    admin, demo, first, second = _both(agent)
    telephone = world.emulator.calls_us(one.number)
    first.rings("Anke Desmet")
    first.accept().is_talking()
    expect(second.card).to_have_count(0)
    other = world.emulator.calls_us(two.number, tone=1300)
    second.rings("Bram Segers")
    assert not first.card.count()
    second.accept().is_talking()
    telephone.hears(admin.hz)
    other.hears(demo.hz)
    admin.hears(CUSTOMER)
    demo.hears(1300)
    first.hang_up().has_ended("answered")
    telephone.is_released()
    assert not other.over
    other.hang_up()
    second.has_ended("answered")
