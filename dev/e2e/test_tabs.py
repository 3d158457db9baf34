"""One agent with several tabs, and one at an unused computer."""

from playwright.sync_api import expect

from harness.emulator import CUSTOMER
from harness.pages import Softphone
from harness.polling import stays, until


def test_two_tabs_are_one_telephone(world, agent, customers):
    """Z01 Z18 Z20 Z21: both tabs show the call, one rings, one has the sound, both can act."""
    customer = customers("Elena Vos")
    admin = agent("admin").ready()
    first = Softphone(admin)
    second = Softphone(admin, admin.new_tab("/odoo/contacts"))
    telephone = world.emulator.calls_us(customer.number)
    first.rings("Elena Vos")
    second.rings("Elena Vos")
    until(lambda: first.plays_ring() or second.plays_ring(), "one tab rings")
    stays(lambda: not (first.plays_ring() and second.plays_ring()), "only one tab rings", 1)

    first.accept().is_talking()
    second.is_ringing_no_more()
    telephone.hears(admin.hz)
    assert len(world.emulator.agent_legs()) == 1
    second.open()
    expect(second.call).to_have_attribute("data-voice", "connected")
    expect(second.call.locator(".o_telephony_name")).to_have_text("Elena Vos")
    assert second.page.evaluate("e2e.connections()") == 0

    second.mute.click()
    expect(first.mute).to_have_attribute("aria-pressed", "true")
    telephone.hears_silence()
    second.mute.click()
    expect(first.mute).to_have_attribute("aria-pressed", "false")
    telephone.hears(admin.hz)
    admin.hears(CUSTOMER)

    second.hang_up()
    second.has_ended("answered")
    first.has_ended("answered")
    telephone.is_released()
    assert world.server.ended_call(world.admin, customer.number)["ended_by"] == "agent"


def test_status_and_end_reach_every_tab(world, agent, customers):
    """Z02: going offline in one tab is shown in the other; so is a call made in the other."""
    customer = customers("Femke Raes")
    admin = agent("admin").ready()
    first = Softphone(admin).open()
    second = Softphone(admin, admin.new_tab("/odoo/contacts")).open()
    first.status.click()
    expect(second.status).to_have_attribute("aria-checked", "false")
    second.status.click()
    expect(first.status).to_have_attribute("aria-checked", "true")
    second.type_number(customer.written).call_button.click()
    telephone = world.emulator.rings(customer.number).answer()
    second.is_talking()
    expect(first.call).to_have_attribute("data-state", "in_progress")
    telephone.hang_up()
    second.has_ended("answered")
    expect(first.call).to_have_count(0)


def test_a_fresh_browser_shows_the_present_only(world, agent, customers):
    """Z21: an unused browser does not replay the calls of the last minute."""
    customer = customers("Greet Bogaert")
    admin = agent("admin").ready()
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Greet Bogaert")
    phone.accept().is_talking()
    telephone.hang_up()
    phone.has_ended("answered")
    admin.page.close()

    elsewhere = agent("admin", fresh=True)
    elsewhere.open()
    other = Softphone(elsewhere)
    expect(other.systray).to_have_attribute("data-presence", "available")
    stays(
        lambda: (
            not (other.card.count() or other.call.count() or other.ended.count())
            and other.systray.get_attribute("data-presence") == "available"
        ),
        "nothing of the past is shown",
        3,
    )
