"""Wrap-up: nothing rings during it, and the waiting caller rings after it."""

import pytest
from playwright.sync_api import expect

from harness import looks
from harness.pages import Softphone, open_record
from harness.polling import stays, until


@pytest.fixture
def demo(world, agent, arrange):
    """Return Demo's browser: the only member of a queue, with a wrap-up longer than the story."""
    demo = agent("demo").ready()
    member = arrange.agent_id(demo.rpc)
    queue = world.admin.create("telephony.queue", name="Wrap-up", agent_ids=[(6, 0, [member])])
    arrange.flow({"name": "Wait", "kind": "queue", "queue_id": queue})
    let_wrap_up(world, arrange, 150)
    return demo


def let_wrap_up(world, arrange, seconds):
    """Set the company's wrap-up."""
    company = world.admin.ref("base.main_company")
    arrange.write("res.company", company, telephony_wrap_up_seconds=seconds)


def test_the_waiting_caller_rings_after_the_wrap_up(world, agent, customers, arrange, demo):
    """Z24 Z27: nothing rings until a supervisor, the agent or the time ends the wrap-up.

    A reload changes nothing.
    """
    names = ("Wout Claes", "Wies Claes", "Wim Claes")
    callers = [customers(name) for name in names]
    phone = Softphone(demo)
    left = demo.page.locator(".o_telephony_wrap_up")
    first = world.emulator.calls_us(callers[0].number)
    phone.rings("Wout Claes")
    phone.accept().is_talking()
    second = world.emulator.calls_us(callers[1].number)
    second.in_queue()
    phone.hang_up().has_ended("answered")
    first.is_released()
    expect(left).to_be_visible()
    expect(phone.systray).to_have_attribute("data-presence", "wrap_up")
    looks.picture(demo.page, "wrap-up")
    assert not looks.barriers(demo.page, ".o_telephony_softphone")
    # A supervisor sees and ends it; meanwhile a reload has changed nothing.
    admin = agent("admin")
    admin.open()
    form = open_record(admin, "telephony.agent", arrange.agent_id(demo.rpc))
    expect(form.locator(".o_telephony_agent_state")).to_have_attribute("data-state", "wrap_up")
    demo.go(demo.page, "/odoo/contacts", ".o_data_row, .o_kanban_record")
    expect(left).to_be_visible()
    stays(lambda: not phone.card.count(), "nothing rings", 1.5)
    form.locator("button[name=end_wrap_up]").click()
    phone.says("Mitchell Admin ended your wrap-up")
    phone.rings("Wies Claes")
    expect(form.locator(".o_telephony_agent_state")).to_have_attribute("data-state", "ringing")
    # The agent ends the wrap-up.
    phone.accept().is_talking()
    third = world.emulator.calls_us(callers[2].number)
    third.in_queue()
    phone.hang_up().has_ended("answered")
    expect(left).to_be_visible()
    phone.dismiss_notices()
    phone.done()
    phone.rings("Wim Claes")
    # The time is over.
    let_wrap_up(world, arrange, 5)
    phone.accept().is_talking()
    third.hang_up()
    phone.has_ended("answered")
    expect(demo.page.locator(".o_telephony_wrap_up_over")).to_be_visible()
    until(lambda: demo.state() == "available", "the wrap-up ends by itself")
    phone.done()
