"""Incoming calls: the card, the conversation, and unanswered calls."""

from playwright.sync_api import expect

from harness.emulator import CUSTOMER
from harness.pages import Softphone, chatter, go_to_app, open_record
from harness.polling import until

SORRY = "All our colleagues are busy"


def test_incoming_call_from_a_contact(world, agent, customers):
    """Z01 Z17 Z19 Z21: the card, sound both ways, the bar over other apps, the note, the end."""
    customer = customers("Sofie Baert", company="Baert & Sons")
    world.admin.create(
        "crm.lead", name="A reception desk", type="opportunity", partner_id=customer.id
    )
    admin = agent("admin").ready()
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    card = phone.rings("Sofie Baert")
    expect(card).to_contain_text("Baert & Sons")
    expect(card).to_contain_text(f"+32 {customer.number[3:6]}")
    expect(card).to_contain_text("A reception desk")
    telephone.in_queue()
    until(phone.plays_ring, "the ring is heard")

    phone.accept()
    assert telephone.in_conference()
    phone.is_talking()
    expect(phone.card).to_have_count(0)
    until(lambda: not phone.plays_ring(), "the ring stops")
    telephone.hears(admin.hz)
    admin.hears(CUSTOMER)

    phone.minimize()
    expect(phone.bar).to_contain_text("Sofie Baert")
    phone.timer_runs()
    go_to_app(admin, "Discuss")
    expect(phone.bar).to_contain_text("Sofie Baert")
    phone.restore()
    phone.write_note("Wants oak, not steel.")
    until(lambda: phone.seconds() >= 2, "two seconds of conversation")

    telephone.hang_up()
    assert phone.has_ended("answered") == "The call has ended."
    expect(phone.note).to_have_value("Wants oak, not steel.")
    phone.note.fill("Wants oak, not steel. Send the offer on Monday.")
    phone.done()
    until(
        lambda: (
            world.server.find_calls(world.admin, customer.number)[0]["note"]
            == "Wants oak, not steel. Send the offer on Monday."
        ),
        "the note is saved",
    )
    call = world.server.ended_call(world.admin, customer.number)
    assert call["direction"] == "incoming" and call["outcome"] == "answered"
    assert call["ended_by"] == "customer" and call["duration"] >= 2
    assert call["user_id"][0] == admin.rpc.uid
    page = open_record(admin, "crm.lead", call["lead_id"][0])
    expect(chatter(page).first).to_contain_text("Incoming call from +32 471")
    expect(chatter(page).first).to_contain_text("Send the offer on Monday.")


def test_unknown_and_hidden_callers(world, agent, numbers):
    """Z17: a stranger is shown by number, a hidden caller as such; neither hides the buttons."""
    admin = agent("admin").ready()
    phone = Softphone(admin)
    number, _written = numbers()
    for caller, shown in ((number, f"+32 {number[3:6]}"), ("anonymous", "Hidden number")):
        telephone = world.emulator.calls_us(caller)
        expect(phone.rings().locator(".o_telephony_name")).to_contain_text(shown)
        telephone.hang_up()
        phone.is_idle()
        until(lambda: admin.state() == "available", "the agent is free again")


def test_the_caller_gives_up(world, agent, customers):
    """Z30: the card disappears with the caller, and the call is listed as missed."""
    customer = customers("Thea Mertens")
    admin = agent("admin").ready()
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Thea Mertens")
    until(phone.plays_ring, "the ring is heard")
    telephone.hang_up()
    phone.is_idle()
    until(lambda: not phone.plays_ring(), "the ring stops")
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] == "missed" and not call["answered_at"] and not call["user_id"]
    admin.open("/odoo/telephony-calls", wait=".o_list_view")
    admin.page.locator(".o_searchview_facet .o_facet_remove").first.click()
    row = admin.page.locator(".o_data_row", has_text="Thea Mertens")
    expect(row).to_contain_text("Missed")


def test_the_caller_leaves_on_the_way_to_the_agent(world, agent, customers, arrange):
    """Z20 Z30: the agent has accepted, and sees a missed call instead of a dead conversation."""
    company = world.admin.ref("base.main_company")
    arrange.write("res.company", company, telephony_announce_incoming=True)
    arrange.write("telephony.number", arrange.number_id(), recording_mode="always")
    customer = customers("Tine Nys")
    admin = agent("admin").ready()
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Tine Nys")
    phone.accept()
    telephone.hears_words("This call is recorded.")
    telephone.hang_up()
    assert phone.has_ended("missed") == "The caller hung up."
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] == "missed" and not call["answered_at"] and call["duration"] == 0
    until(lambda: not world.emulator.live(), "no leg is left")
    phone.done()
    until(lambda: admin.state() == "available", "the agent is free again")
    row = phone.open().show_recent().filter(has_text="Tine Nys")
    expect(row).to_contain_text("Missed")


def test_nobody_is_online(world, agent, customers):
    """Z02 Z03: after going offline on the screen, the caller hears why, and the call is logged."""
    customer = customers("Ugo Peters")
    admin = agent("admin").ready()
    phone = Softphone(admin).open()
    expect(phone.status).to_have_attribute("aria-checked", "true")
    expect(phone.systray).to_have_attribute("data-presence", "available")
    phone.status.click()
    expect(phone.status).to_have_attribute("aria-checked", "false")
    expect(phone.systray).to_have_attribute("data-presence", "offline")

    telephone = world.emulator.calls_us(customer.number)
    telephone.hears_words(SORRY)
    telephone.is_released()
    expect(phone.card).to_have_count(0)
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] == "missed" and not call["answered_at"]
    assert "no one is available" in call["timeline"]

    phone.status.click()
    expect(phone.systray).to_have_attribute("data-presence", "available")
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Ugo Peters")
    telephone.hang_up()
    phone.is_idle()


def test_decline_by_the_only_agent(world, agent, customers):
    """Z03: when the only agent declines, the caller hears the message at once."""
    customer = customers("Veerle Smets")
    admin = agent("admin").ready()
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Veerle Smets")
    phone.decline_button.click()
    phone.is_idle()
    telephone.hears_words(SORRY, timeout=8)
    telephone.is_released()
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] == "missed" and not call["user_id"]


def test_the_second_number_is_ours_too(world, agent, customers):
    """Z17: the card shows the called number."""
    customer = customers("Wout Jacobs")
    admin = agent("admin").ready()
    [row] = world.admin.search(
        "telephony.number", [("number", "=", "+3225550101")], ["name", "number"]
    )
    telephone = world.emulator.calls_us(customer.number, to=row["number"])
    card = Softphone(admin).rings("Wout Jacobs")
    expect(card).to_contain_text(row["name"] or "+32 2 555 01 01")
    telephone.hang_up()
    Softphone(admin).is_idle()
