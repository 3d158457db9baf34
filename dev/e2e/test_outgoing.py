"""Outgoing calls: from the dial pad and from records, with sound at both ends."""

from playwright.sync_api import expect

from harness.emulator import CUSTOMER
from harness.pages import Softphone, chatter, go_to_app, open_record
from harness.polling import stays, until


def test_dial_pad_call_with_sound_mute_and_digits(world, agent, customers):
    """Z01 Z05 Z16 Z18 Z20 Z30: dial, hear each other, mute, press keys, hang up; the record."""
    customer = customers("Nora Dubois")
    admin = agent("admin")
    admin.open()
    phone = Softphone(admin).open()
    phone.press("0")
    phone.press(customer.written.replace(" ", "")[1:])
    phone.call_button.click()
    expect(phone.call.locator(".o_telephony_name")).to_have_text("Nora Dubois")
    telephone = world.emulator.rings(customer.number)
    expect(phone.call).to_contain_text("Ringing")
    telephone.answer()
    phone.is_talking()

    telephone.hears(admin.hz)
    admin.hears(CUSTOMER)

    phone.mute.click()
    expect(phone.mute).to_have_attribute("aria-pressed", "true")
    telephone.hears_silence()
    admin.hears(CUSTOMER)  # mute is for the customer's ear only
    phone.mute.click()
    telephone.hears(admin.hz)

    admin.page.locator(".o_telephony_keypad_toggle").click()
    phone.press("4711*#")
    telephone.received("4711*#")
    admin.page.locator(".o_telephony_keypad_toggle").click()
    until(lambda: phone.seconds() >= 2, "the conversation lasts two seconds")

    phone.hang_up()
    assert phone.has_ended("answered") == "The call has ended."
    telephone.is_released()
    call = world.server.ended_call(world.admin, customer.number)
    assert call["direction"] == "outgoing" and call["outcome"] == "answered"
    assert call["ended_by"] == "agent" and call["duration"] >= 2
    assert call["user_id"][0] == admin.rpc.uid and call["partner_id"][0] == customer.id
    until(
        lambda: {leg["status"] for leg in world.server.legs(world.admin, call)} == {"ended"},
        "both legs have ended",
    )
    phone.done()
    expect(phone.show_recent().first).to_contain_text("Nora Dubois")

    page = open_record(admin, "res.partner", customer.id)
    expect(chatter(page).first).to_contain_text("Outgoing call to +32 471")
    expect(chatter(page).first).to_contain_text("Answered")
    page.locator("button[name=action_view_telephony_calls]").click()
    row = page.locator(".o_list_view .o_data_row", has_text="Nora Dubois")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Answered")
    expect(row).to_contain_text("Outgoing")


def test_an_extension_is_dialed_after_the_answer(world, agent, numbers):
    """Z16 Z18: the number is dialed without its extension, which the agent sends by one click."""
    number, written = numbers()
    phone = Softphone(agent("admin").ready()).dial(f"{written} ext. 42")
    telephone = world.emulator.rings(number)
    extension = phone.call.locator(".o_telephony_extension")
    expect(extension).to_have_text("Dial extension 42")
    expect(extension).to_be_disabled()
    telephone.answer()
    phone.is_talking()
    extension.click()
    telephone.received("42")
    phone.hang_up().has_ended("answered")


def test_name_search_and_pasted_number(world, agent, customers):
    """Z16: the dial pad finds a contact by name and takes a pasted number in national writing."""
    customer = customers("Wilhelmina Quist")
    admin = agent("admin")
    admin.open()
    phone = Softphone(admin).open()
    phone.input.press_sequentially("Wilhelmina Q", delay=20)
    hit = admin.page.locator("[role=option]", has_text="Wilhelmina Quist")
    hit.click()
    phone.call_button.click()
    world.emulator.rings(customer.number)
    phone.hang_up()
    phone.has_ended("canceled")
    phone.done()

    number = customer.number
    phone.type_number(f"  (+32) {number[3:6]}-{number[6:8]}.{number[8:]} ")
    phone.input.press("Enter")
    telephone = world.emulator.rings(customer.number)
    phone.hang_up()
    phone.has_ended("canceled")
    telephone.is_released()


def test_call_from_a_contact_form(world, agent, customers):
    """Z15 Z20: one click on the phone field of a form calls; the customer hangs up."""
    customer = customers("Otto Claes")
    admin = agent("admin")
    admin.open()
    page = open_record(admin, "res.partner", customer.id)
    phone = Softphone(admin)
    page.locator(".o_field_widget[name=phone] .o_telephony_phone_call").first.click()
    telephone = world.emulator.rings(customer.number).answer()
    phone.is_talking()
    telephone.hears(admin.hz)
    admin.hears(CUSTOMER)
    telephone.hang_up()
    assert phone.has_ended("answered") == "The call has ended."
    expect(phone.ended.locator(".o_telephony_name")).to_have_text("Otto Claes")
    call = world.server.ended_call(world.admin, customer.number)
    assert call["ended_by"] == "customer" and call["partner_id"][0] == customer.id


def test_call_from_list_and_kanban_of_contacts(world, agent, customers):
    """Z15: the phone icon works in lists and kanban cards, and does not open the record."""
    customer = customers("Philippa Maes")
    admin = agent("admin")
    phone = None
    for view in ("list", "kanban"):
        admin.open(f"/odoo/contacts?view_type={view}", wait=f".o_{view}_view")
        phone = phone or Softphone(admin)
        search = admin.page.locator(".o_searchview_input")
        search.fill("Philippa Maes")
        search.press("Enter")
        record = admin.page.locator(".o_data_row, .o_kanban_record", has_text="Philippa Maes")
        expect(record).to_have_count(1)
        record.locator(".o_telephony_phone_call").click()
        world.emulator.rings(customer.number)
        expect(admin.page.locator(f".o_{view}_view")).to_be_visible()
        phone.hang_up()
        phone.has_ended("canceled")
        phone.done()
    until(lambda: len(world.server.find_calls(world.admin, customer.number)) == 2, "two calls")


def test_call_from_an_opportunity(world, agent, customers):
    """Z15 Z30: a call from an opportunity belongs to it, and leaves a line in its chatter."""
    customer = customers("Quentin Aerts")
    lead = world.admin.create(
        "crm.lead",
        name="Forty chairs",
        type="opportunity",
        partner_id=customer.id,
        phone=customer.written,
    )
    admin = agent("admin")
    page = open_record(admin, "crm.lead", lead)
    phone = Softphone(admin)
    page.locator(".o_field_widget[name=phone] .o_telephony_phone_call").first.click()
    telephone = world.emulator.rings(customer.number).answer()
    phone.is_talking()
    until(lambda: phone.seconds() >= 1, "a second of conversation")
    telephone.hang_up()
    phone.has_ended("answered")
    call = world.server.ended_call(world.admin, customer.number)
    assert call["lead_id"][0] == lead and call["duration"] >= 1
    page = open_record(admin, "crm.lead", lead)
    expect(chatter(page).first).to_contain_text("Outgoing call to +32 471")
    expect(page.locator("button[name=action_view_telephony_calls]")).to_contain_text("1")


def test_busy_no_answer_and_unreachable(world, agent, customers):
    """Z16 Z30: the outcome at the customer's telephone is explained in words and recorded."""
    admin = agent("admin")
    admin.open()
    phone = Softphone(admin)
    for status, outcome, words in (
        ("busy", "busy", "The line is busy."),
        ("no-answer", "no_answer", "No answer."),
        ("failed", "failed", "This number is not in service. Check the number and try again."),
    ):
        customer = customers(f"Customer {status}")
        phone.dial(customer.written)
        world.emulator.rings(customer.number).reject(status)
        assert phone.has_ended(outcome) == words
        phone.done()
        call = world.server.ended_call(world.admin, customer.number)
        assert call["outcome"] == outcome and not call["answered_at"] and not call["duration"]


def test_numbers_that_cannot_be_called(world, agent, customers):
    """Z16: an impossible number and the company's own number are refused in words."""
    admin = agent("admin")
    admin.open()
    phone = Softphone(admin).open()
    for number, words in (
        ("12", "cannot be called"),
        ("+3225550100", "This is a number of your own company."),
    ):
        phone.type_number(number).call_button.click()
        expect(phone.error).to_contain_text(words)
        phone.is_idle()
    assert not world.emulator.live()


def test_the_window_survives_navigation(world, agent, customers):
    """Z21: the window becomes a bar with name and timer and stays over other apps."""
    customer = customers("Rosa Willems")
    admin = agent("admin")
    admin.open()
    phone = Softphone(admin).dial(customer.written)
    telephone = world.emulator.rings(customer.number).answer()
    phone.is_talking().minimize()
    expect(phone.bar).to_contain_text("Rosa Willems")
    phone.timer_runs()
    go_to_app(admin, "Discuss")
    expect(phone.bar).to_contain_text("Rosa Willems")
    phone.timer_runs()
    telephone.hears(admin.hz)
    phone.restore()
    stays(lambda: not telephone.over, "the call goes on", 0.5)
    phone.hang_up()
    phone.has_ended("answered")
