"""Availability: the switch, the lease of a page, and calls without an available agent."""

import contextlib
import re

import pytest
from playwright.sync_api import expect

import database
from harness.emulator import CUSTOMER
from harness.pages import Softphone
from harness.polling import stays, until

SORRY = "Nobody of the story can come to the telephone"
# Remembers the states of the softphone: a short one must not depend on the moment of a look.
REMEMBER = """() => {
    window.shown = [];
    const look = () => {
        const icon = document.querySelector(".o_telephony_systray");
        const warning = document.querySelector(".o_telephony_unreachable");
        window.shown.push([icon?.dataset.presence, warning?.textContent || ""]);
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { attributes: true, childList: true, subtree: true });
}"""
# Counts, in every page, how often a ring begins and a desktop notification is shown.
COUNTERS = """(() => {
    window.counted = { rings: 0, notifications: 0 };
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function (...args) {
        window.counted.rings += this.src.includes("/ring.wav") ? 1 : 0;
        return play.apply(this, args);
    };
    window.Notification = class extends EventTarget {
        static permission = "granted";
        static requestPermission = async () => "granted";
        constructor() {
            super();
            window.counted.notifications++;
        }
        close() {}
    };
    // As when the person looks at another program.
    Object.defineProperty(document, "hidden", { get: () => true });
})();"""


def _ring(agent_id, *otherwise, **values):
    """Return the steps of a flow that rings one agent first."""
    first = {"name": "Desk", "kind": "ring", "agent_ids": [(6, 0, [agent_id])], **values}
    if otherwise:
        first.setdefault("not_available_step_id", otherwise[0]["name"])
        first.setdefault("no_answer_step_id", otherwise[0]["name"])
    return [first, *otherwise]


def _message():
    return {"name": "Sorry", "kind": "message", "message": SORRY}


def test_both_switches_say_the_same(world, agent):
    """Z01 Z02: the switch in the softphone and the icon in the bar always agree, also in words."""
    demo = agent("demo").ready()
    phone = Softphone(demo).open()
    expect(phone.status).to_have_text("Online")
    # Missed calls of other stories may follow.
    expect(phone.systray).to_have_attribute("aria-label", re.compile("^Phone: online"))
    phone.status.click()
    expect(phone.status).to_have_text("Offline")
    expect(phone.systray).to_have_attribute("aria-label", re.compile("^Phone: offline"))
    expect(phone.systray).to_have_attribute("data-presence", "offline")
    assert demo.state() == "offline"
    demo.page.reload()
    expect(phone.systray).to_have_attribute("data-presence", "offline")
    phone.open().status.click()
    expect(phone.systray).to_have_attribute("data-presence", "available")
    until(lambda: demo.state() == "available", "the server knows")


@pytest.mark.parametrize(
    ("step", "outcome", "story"),
    [
        (_message(), "missed", "message played"),
        ({"name": "No", "kind": "reject"}, "missed", "call rejected"),
    ],
    ids=["message", "reject"],
)
def test_offline_with_a_message_or_a_rejection(
    world, agent, customers, arrange, step, outcome, story
):
    """Z03 Z29 Z30: callers of an offline agent get a message, or a rejection that costs nothing."""
    customer = customers("Karel Dujardin")
    demo = agent("demo").ready()
    desk = arrange.agent(demo.rpc)
    arrange.flow(*_ring(desk, step))
    phone = Softphone(demo).open()
    phone.status.click()
    expect(phone.systray).to_have_attribute("data-presence", "offline")

    telephone = world.emulator.calls_us(customer.number)
    if step["kind"] == "message":
        telephone.hears_words(SORRY)
    telephone.is_released()
    if step["kind"] == "reject":
        assert [step["verb"] for step in telephone.leg["trail"]] == ["Reject"]
        assert telephone.leg["status"] != "completed" and not telephone.leg["duration"]
    phone.says("Missed call from Karel Dujardin")
    expect(phone.card).to_have_count(0)
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] == outcome and not call["answered_at"] and not call["user_id"]
    assert "no one is available" in call["timeline"] and story in call["timeline"]


def test_two_unanswered_calls_set_an_agent_offline(world, agent, customers, arrange):
    """Z02 Z03: two unanswered calls in a row set an agent offline, with a notice; one does not."""
    demo = agent("demo").ready()
    arrange.flow(*_ring(arrange.agent(demo.rpc), _message(), ring_seconds=5))
    phone = Softphone(demo).open()
    for turn, presence in enumerate(("available", "offline")):
        customer = customers(f"Patient Caller {turn}")
        telephone = world.emulator.calls_us(customer.number)
        phone.rings(customer.name)
        telephone.hears_words(SORRY)
        telephone.is_released()
        phone.is_ringing_no_more()
        expect(phone.systray).to_have_attribute("data-presence", presence)
        assert world.server.ended_call(world.admin, customer.number)["outcome"] == "missed"
    phone.says("You missed 2 calls in a row and were set offline.")
    expect(phone.status).to_have_text("Offline")
    phone.status.click()
    expect(phone.systray).to_have_attribute("data-presence", "available")
    telephone = world.emulator.calls_us(customers("Third Caller").number)
    phone.rings("Third Caller")
    telephone.hang_up()
    phone.is_idle()


def test_offline_in_a_call_does_not_end_it(world, agent, customers, arrange):
    """Z02 Z20: an agent who goes offline finishes the conversation, and is not called after it."""
    customer, other = customers("Lies Verbeke"), customers("Bert Maas")
    demo = agent("demo").ready()
    arrange.flow(*_ring(arrange.agent(demo.rpc), _message()))
    phone = Softphone(demo)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Lies Verbeke")
    phone.accept().is_talking()
    phone.status.click()
    expect(phone.status).to_have_attribute("aria-checked", "false")
    expect(phone.systray).to_have_attribute("data-presence", "in_call")
    telephone.hears(demo.hz)
    demo.hears(CUSTOMER)
    phone.hang_up().has_ended("answered")
    telephone.is_released()
    expect(phone.systray).to_have_attribute("data-presence", "offline")
    second = world.emulator.calls_us(other.number)
    second.hears_words(SORRY)
    second.is_released()
    expect(phone.card).to_have_count(0)


def test_logging_out_is_going_offline(world, agent, customers, arrange):
    """Z02 Z03: after logging out by mouse, the agent is not rung."""
    customer = customers("Ria Stevens")
    demo = agent("demo", rpc=world.server.rpc("demo"), fresh=True)
    arrange.flow(*_ring(arrange.agent(demo.rpc), _message()))
    demo.ready()
    page = demo.page
    demo.expect_error("Failed to load resource|Session Expired|SessionExpired")
    page.locator(".o_user_menu button").first.click()
    page.get_by_role("menuitem", name="Log out").click()
    page.wait_for_selector(".oe_login_form")
    [row] = world.admin.search(
        "telephony.agent", [("id", "=", arrange.agent_id(demo.rpc))], ["status", "state"]
    )
    assert row["status"] == row["state"] == "offline"
    telephone = world.emulator.calls_us(customer.number)
    telephone.hears_words(SORRY)
    telephone.is_released()
    assert (
        "no one is available" in world.server.ended_call(world.admin, customer.number)["timeline"]
    )


@contextlib.contextmanager
def _asleep(page):
    """Stop everything in a tab, as a freezing browser does; then wake it."""
    devtools = page.context.new_cdp_session(page)
    paused = []
    devtools.on("Debugger.paused", lambda event: paused.append(event))
    devtools.send("Debugger.enable")
    page.evaluate("setTimeout(() => {}, 200)")  # the next task that would run
    devtools.send("Debugger.pause")
    until(lambda: devtools.send("Browser.getVersion") and paused, "the tab sleeps")
    yield
    devtools.send("Debugger.disable")
    # A headless browser freezes no tab, so this one cannot detect waking by itself.
    page.evaluate("document.dispatchEvent(new Event('resume'))")


def test_a_frozen_page_is_not_rung(world, agent, customers, arrange):
    """Z02 Z03: routing skips a frozen page; after waking, the page reports it and recovers."""
    asleep, awake = customers("Mia Cools"), customers("Jan Smit")
    demo = agent("demo", fresh=True).ready()
    desk = arrange.agent(demo.rpc)
    arrange.flow(*_ring(desk, _message()))
    phone = Softphone(demo).open()
    demo.page.evaluate(REMEMBER)
    with _asleep(demo.page):
        # A lease ends 100 s after its last renewal; the bus messages in between were not read.
        database.execute(
            "UPDATE telephony_agent_lease SET expires_at = now() AT TIME ZONE 'UTC'"
            " - interval '1 minute', challenge = 'unread' WHERE agent_id = %s",
            desk,
            database=world.server.database,
        )
        assert demo.state() == "unreachable"
        telephone = world.emulator.calls_us(asleep.number)
        telephone.hears_words(SORRY)
        telephone.is_released()
        call = world.server.ended_call(world.admin, asleep.number)
        assert "no one is available" in call["timeline"] and call["outcome"] == "missed"
    warning = demo.page.locator(".o_telephony_unreachable")
    until(
        lambda: [
            words
            for presence, words in demo.page.evaluate("shown")
            if presence == "unreachable" and "You cannot receive calls" in words
        ],
        "the page reports it",
    )
    expect(warning).to_have_count(0)
    expect(phone.systray).to_have_attribute("data-presence", "available")
    assert demo.state() == "available"
    telephone = world.emulator.calls_us(awake.number)
    phone.rings("Jan Smit")
    telephone.hang_up()
    phone.is_idle()


def test_two_tabs_ring_once(world, agent, customers, arrange):
    """Z17 Z21: one ring and one desktop notification, however many tabs are open."""
    customer = customers("Nele Pauwels")
    demo = agent("demo", fresh=True)
    demo.context.add_init_script(script=COUNTERS)
    demo.expect_error("Push API")  # Odoo's own: notifications seem to be allowed
    arrange.flow(*_ring(arrange.agent(demo.rpc), _message()))
    demo.ready()
    first, second = Softphone(demo), Softphone(demo, demo.new_tab("/odoo/contacts"))
    telephone = world.emulator.calls_us(customer.number)
    first.rings("Nele Pauwels")
    second.rings("Nele Pauwels")

    def counted(name):
        return sum(tab.page.evaluate(f"counted.{name}") for tab in (first, second))

    for name in ("rings", "notifications"):
        until(lambda name=name: counted(name) == 1, f"one of {name}")
    stays(lambda: counted("rings") == counted("notifications") == 1, "nothing comes twice", 1.5)
    telephone.hang_up()
    first.is_ringing_no_more()
    second.is_ringing_no_more()
