"""The first week of a new account: few calls at once, and a trial."""

import pytest
from playwright.sync_api import expect

from harness.emulator import CUSTOMER, OVER, SALES
from harness.looks import picture
from harness.pages import Softphone
from harness.polling import until
from test_transfer import Transfers

LIMIT = "and each conversation takes two. Wait until another call has ended."
PROMPT = "You have a trial account"


@pytest.fixture
def plan(world, arrange):
    """Return a function that gives the account other settings, which Odoo learns by connecting."""
    [account] = world.admin.call("telephony.account", "search", [])[:1]

    def connect():
        return world.admin.call("telephony.account", "action_connect", [account])

    def change(**settings):
        world.emulator.post("settings", **settings)
        # Refusals are what these stories are about.
        world.emulator.expected_errors += ["10004", "16021", "21219", "573005"]
        return connect()["params"]["message"]

    yield change
    world.emulator.post("settings", trial=False, profile="business", concurrency=None)
    connect()


def is_refused(world, number):
    """Call a number of ours and return the emulator's reason to refuse the caller."""
    answer = world.emulator.http.post(
        f"{world.emulator.url}/emulator/calls", json={"from": number, "to": SALES}
    )
    assert answer.status_code == 409, answer.text
    return answer.json()["error"]


def test_second_caller_at_a_limit_of_two(world, agent, customers, plan):
    """The administrator reads what is possible; the second caller hears the busy tone.

    A colleague who calls out at the limit reads why that fails.
    """
    assert "one conversation" in plan(profile="none")
    first, second = customers("Ada Claes"), customers("Bram Dubois")
    admin, demo = agent("admin").ready(), agent("demo")
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(first.number)
    phone.rings("Ada Claes")
    phone.accept().is_talking()
    telephone.hears(admin.hz)
    assert "10004" in is_refused(world, second.number)
    other = Softphone(demo.ready())
    other.dial(second.number)
    expect(other.error).to_contain_text(LIMIT)
    picture(demo.page, "outgoing-at-the-limit")
    demo.rpc.call("telephony.agent", "set_status", "offline")
    phone.is_talking()
    phone.hang_up().has_ended("answered")
    phone.done()
    telephone.is_released()
    until(lambda: not world.emulator.live(), "all legs have ended")
    telephone = world.emulator.calls_us(second.number)
    phone.rings("Bram Dubois")
    phone.accept().is_talking()
    telephone.hang_up()
    phone.has_ended("answered")
    phone.done()
    admin.open("/odoo/telephony-fix-it", wait=".o_form_view")
    row = admin.page.locator(".o_data_row", has_text="Calls at Once")
    expect(row).to_contain_text("one conversation without transfer or monitoring")
    expect(row.get_by_role("button", name="Open the Trust Hub")).to_be_visible()
    picture(admin.page, "fix-it-without-a-profile")


def test_caller_waits_for_a_line(world, agent, customers, plan):
    """The agent who accepts at the limit reads why; the caller waits and is connected later."""
    plan(profile="individual")
    first, second = customers("Cato Evrard"), customers("Daan Franck")
    admin, demo = agent("admin").ready(), agent("demo")
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(first.number)
    phone.rings("Cato Evrard")
    phone.accept().is_talking()
    other = Softphone(demo.ready())
    waiting = world.emulator.calls_us(second.number)
    other.rings("Daan Franck")
    other.accept_button.click()
    expect(other.error).to_contain_text(LIMIT)
    picture(demo.page, "limit-of-calls")
    other.is_idle()
    waiting.in_queue()
    until(lambda: demo.state() == "available", "the agent is free again")
    phone.hang_up().has_ended("answered")
    phone.done()
    telephone.is_released()
    other.rings("Daan Franck")
    other.accept().is_talking()
    waiting.hears(demo.hz)
    demo.hears(CUSTOMER)
    other.hang_up().has_ended("answered")
    waiting.is_released()
    call = world.server.ended_call(world.admin, second.number)
    assert call["outcome"] == "answered" and call["user_id"][0] == demo.rpc.uid


def test_two_callers_hold_both_lines(world, agent, customers, arrange, plan):
    """No agent can be connected with either, so the last caller gives way to the first."""
    plan(profile="none")
    first, second = customers("Ingrid Kerkhofs"), customers("Joris Leemans")
    admin, demo = agent("admin").ready(), agent("demo").ready()
    members = [arrange.agent(admin.rpc), arrange.agent(demo.rpc)]
    arrange.flow(
        {
            "name": "One by one",
            "kind": "ring",
            "agent_ids": [(6, 0, members)],
            "ring_strategy": "longest_idle",
            "not_available_step_id": "Later",
        },
        {"name": "Later", "kind": "message", "message": "Please call again in some minutes."},
    )
    phones = {who: Softphone(who) for who in (admin, demo)}
    telephone = world.emulator.calls_us(first.number)
    ringing = until(
        lambda: next((p for p in phones.values() if p.card.count()), None), "one of them rings"
    )
    other = next(phone for phone in phones.values() if phone is not ringing)
    late = world.emulator.calls_us(second.number)
    other.rings("Joris Leemans")
    ringing.accept_button.click()
    expect(ringing.error).to_contain_text(LIMIT)
    late.hears_words("Please call again in some minutes.", timeout=40)
    late.is_released()
    ringing.rings("Ingrid Kerkhofs")
    ringing.accept().is_talking()
    telephone.hears(ringing.agent.hz)
    telephone.hang_up()
    ringing.has_ended("answered")


def test_transfer_at_the_limit(world, agent, customers, plan):
    """A consultation is a third call and is refused with its reason; handing over works."""
    plan(profile="none")
    customer = customers("Elke Goris")
    admin, demo = agent("admin").ready(), agent("demo")
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Elke Goris")
    phone.accept().is_talking()
    telephone.hears(admin.hz)
    other = Softphone(demo.ready())
    name = demo.rpc.call("res.users", "read", [demo.rpc.uid], ["name"])[0]["name"]
    transfers = Transfers(phone)
    transfers.choose(name, name)
    transfers.press("ask_first")
    other.rings("Elke Goris")
    other.accept_button.click()
    expect(other.error).to_contain_text(LIMIT)
    phone.says("cannot carry more calls at once")
    picture(admin.page, "consultation-at-the-limit")
    telephone.hears(admin.hz)
    other.is_idle()

    transfers.choose(name, name)
    transfers.press("transfer_now")
    other.rings("Elke Goris")
    other.accept().is_talking()
    telephone.hears(demo.hz)
    other.hang_up().has_ended("answered")
    telephone.is_released()


def test_incoming_call_of_a_trial(world, agent, customers, plan):
    """Only a verified caller gets through, after a key; the softphone presses its own key."""
    assert "trial account" in plan(trial=True)
    customer = customers("Femke Hendrickx")
    admin = agent("admin").ready()
    phone = Softphone(admin)
    assert "573005" in is_refused(world, customer.number)
    world.emulator.post("verified", number=customer.number)
    telephone = world.emulator.calls_us(customer.number)
    telephone.hears_words(PROMPT)
    telephone.press("1")
    phone.rings("Femke Hendrickx")
    phone.accept().is_talking()
    telephone.hears(admin.hz)
    admin.hears(CUSTOMER)
    telephone.hang_up()
    phone.has_ended("answered")


def test_outgoing_call_of_a_trial(world, agent, customers, plan):
    """An unverified number is refused in words; a verified one is connected after its key."""
    plan(trial=True)
    customer = customers("Gust Ibens")
    admin = agent("admin").ready()
    phone = Softphone(admin)
    phone.dial(customer.number)
    assert "calls verified numbers only" in phone.has_ended("failed")
    picture(admin.page, "trial-unverified")
    phone.done()
    world.emulator.post("verified", number=customer.number)
    phone.dial(customer.number)
    telephone = world.emulator.rings(customer.number).answer()
    telephone.hears_words(PROMPT)
    telephone.press("1")
    phone.is_talking()
    telephone.hears(admin.hz)
    admin.hears(CUSTOMER)
    phone.hang_up().has_ended("answered")
    telephone.is_released()


def test_trial_is_shown_on_the_account(world, agent, plan):
    """The account's form says what a trial means, as long as it is one."""
    plan(trial=True)
    [account] = world.admin.call("telephony.account", "search", [])[:1]
    admin = agent("admin")
    admin.open(f"/odoo/telephony.account/{account}", wait=".o_form_view")
    banner = admin.page.locator(".alert-warning", has_text="This is a Twilio trial account")
    expect(banner).to_be_visible()
    picture(admin.page, "trial-account")
    plan(trial=False)
    admin.open(f"/odoo/telephony.account/{account}", wait=".o_form_view")
    expect(banner).to_have_count(0)


def test_custom_phones_ring_one_after_the_other(
    world, agent, sessions, customers, numbers, arrange
):
    """The second custom phone waits for its turn; it does not ring any more after the answer."""
    customer = customers("Hilde Jacobs")
    first, second = numbers()[0], numbers()[0]
    members = [
        arrange.agent(sessions[login], call_via="phone", phone_number=number)
        for login, number in (("admin", first), ("demo", second))
    ]
    arrange.flow({"name": "Phones", "kind": "ring", "agent_ids": [(6, 0, members)]})
    for rpc in sessions.values():
        rpc.call("telephony.agent", "set_status", "online")
    # So slow that the second one has its turn after the answer, also on a busy machine.
    world.emulator.post("settings", cps=0.01)
    telephone = world.emulator.calls_us(customer.number)

    def legs():
        return {leg["to"]: leg for leg in world.emulator.live(kind="pstn")}

    until(lambda: {first, second} <= set(legs()), "both calls are requested")
    ringing = until(
        lambda: [
            leg["to"]
            for leg in legs().values()
            if leg["to"] != SALES and leg["status"] == "ringing"
        ],
        "one of them rings",
    )
    assert len(ringing) == 1
    [late] = {first, second} - set(ringing)
    late = legs()[late]["sid"]
    phone = world.emulator.rings(ringing[0]).answer()
    phone.hears_words("Press 1")
    phone.press("1")
    telephone.hears(CUSTOMER)
    until(lambda: world.emulator.get(f"calls/{late}")["status"] in OVER, "the other is ended")
    assert not world.emulator.get(f"calls/{late}")["trail"]
    telephone.hang_up()
    phone.is_released()
