"""The page disappears during a call: by a reload, and for good."""

from playwright.sync_api import expect

from harness.emulator import CUSTOMER
from harness.pages import Softphone
from harness.polling import until

MUSIC = "hold_music"


def test_reload_during_an_incoming_call(world, agent, customers):
    """Z21: during a reload the customer hears music; the page rejoins automatically, with sound."""
    customer = customers("Amelie Thijs")
    admin = agent("admin").ready()
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Amelie Thijs")
    phone.accept().is_talking()
    telephone.hears(admin.hz)
    [before] = world.emulator.agent_legs()

    admin.page.evaluate("location.reload()")
    telephone.in_queue()
    telephone.hears_words(MUSIC)
    assert not telephone.over
    phone.is_talking()
    expect(phone.call.locator(".o_telephony_name")).to_have_text("Amelie Thijs")
    telephone.in_conference()
    [after] = world.emulator.agent_legs()
    assert after["sid"] != before["sid"]
    telephone.hears(admin.hz)
    admin.hears(CUSTOMER)

    phone.hang_up().has_ended("answered")
    telephone.is_released()
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] == "answered" and call["ended_by"] == "agent"
    roles = [leg["role"] for leg in world.server.legs(world.admin, call)]
    assert sorted(roles) == ["agent", "agent", "customer"]


def test_reload_during_an_outgoing_call(world, agent, customers):
    """Z21: the same promise for an outgoing call, twice in a row."""
    customer = customers("Basil Nijs")
    admin = agent("admin")
    admin.open()
    phone = Softphone(admin).dial(customer.written)
    telephone = world.emulator.rings(customer.number).answer()
    phone.is_talking()
    telephone.hears(admin.hz)
    for _turn in range(2):
        [before] = world.emulator.agent_legs()
        admin.page.evaluate("location.reload()")
        telephone.in_queue()
        until(
            lambda sid=before["sid"]: [
                leg for leg in world.emulator.agent_legs() if leg["sid"] != sid
            ],
            "the page is back",
        )
        phone.is_talking()
        telephone.hears(admin.hz)
        admin.hears(CUSTOMER)
    telephone.hang_up()
    phone.has_ended("answered")
    assert world.server.ended_call(world.admin, customer.number)["ended_by"] == "customer"


def test_reload_while_it_rings(world, agent, customers):
    """Z17 Z21: a ringing call is still there after a reload, and can be accepted."""
    customer = customers("Celine Roels")
    admin = agent("admin").ready()
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Celine Roels")
    admin.page.reload(wait_until="commit")
    phone.rings("Celine Roels")
    phone.accept().is_talking()
    telephone.hears(admin.hz)
    telephone.hang_up()
    phone.has_ended("answered")


def test_the_tab_is_closed_for_good(world, agent, customers):
    """Z20 Z21: without a rejoin the customer hears music, then a message, and is released."""
    customer = customers("Dorien Claeys")
    admin = agent("admin").ready()
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Dorien Claeys")
    phone.accept().is_talking()
    telephone.hears(admin.hz)
    admin.page.close()
    telephone.in_queue()
    telephone.hears_words(MUSIC)
    assert not telephone.over
    telephone.is_released(timeout=75)
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] == "answered" and call["answered_at"]
    assert "did not reconnect" in call["timeline"]
    until(
        lambda: {leg["status"] for leg in world.server.legs(world.admin, call)} == {"ended"},
        "all legs have ended",
    )
    until(lambda: admin.state() != "in_call", "the agent is free")
