"""Holding a customer, keeping the note, and planning the follow-up."""

import contextlib
from datetime import date, timedelta

from playwright.sync_api import Error, expect

from harness.emulator import CUSTOMER
from harness.pages import Softphone
from harness.polling import until

MUSIC = "hold_music"


def _activities(world, model, record_id):
    """Return the open activities of a record, the newest last."""
    return world.admin.call(
        "mail.activity",
        "search_read",
        [("res_model", "=", model), ("res_id", "=", record_id)],
        ["summary", "date_deadline", "user_id", "activity_type_id"],
        order="id",
    )


def _kill(page):
    """Kill the process of a page, as when memory runs out."""
    # The killed page cannot answer.
    with contextlib.suppress(Error):
        page.goto("chrome://crash")


def test_hold_and_resume(world, agent, customers):
    """Z18: on hold the customer hears music and the agent silence; then both hear each other."""
    customer = customers("Hilde Smet")
    demo = agent("demo")
    demo.open()
    phone = Softphone(demo).dial(customer.written)
    telephone = world.emulator.rings(customer.number).answer()
    phone.is_talking()
    telephone.hears(demo.hz)
    hold = demo.page.locator(".o_telephony_hold")
    hold.click()
    expect(hold).to_have_attribute("aria-pressed", "true")
    telephone.hears_words(MUSIC)

    def agent_is_gone():
        peaks = telephone.leg["hears"]["peaks"]
        assert peaks, "the music is heard"
        assert all(abs(peak - demo.hz) > 12 for peak in peaks), peaks
        return True

    until(agent_is_gone, "the customer does not hear the agent")
    until(lambda: abs(demo.heard() - CUSTOMER) > 12, "the agent does not hear the customer")

    hold.press("Enter")
    expect(hold).to_have_attribute("aria-pressed", "false")
    telephone.hears(demo.hz)
    demo.hears(CUSTOMER)
    phone.hang_up().has_ended("answered")
    telephone.is_released()


def test_what_is_to_be_done_next(world, agent, customers):
    """Z19 Z20 Z27 Z28: disposition, follow-up call and task go to the opportunity automatically."""
    customer = customers("Inge Claes")
    demo = agent("demo").ready()
    lead_id = world.admin.create(
        "crm.lead",
        name="Twelve desks",
        type="opportunity",
        partner_id=customer.id,
        user_id=demo.rpc.uid,
    )
    phone = Softphone(demo)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Inge Claes")
    phone.accept().is_talking()
    telephone.hang_up()
    phone.has_ended("answered")
    page = demo.page
    expect(page.locator(".o_telephony_record_link")).to_contain_text("Twelve desks")

    page.locator(".o_telephony_follow_up_call").click()
    summary = page.locator(".o_telephony_follow_up_summary")
    expect(summary).to_be_focused()
    summary.fill("Ask whether oak is fine")
    page.locator(".o_telephony_follow_up_quick", has_text="In 2 days").click()
    page.locator(".o_telephony_follow_up_save").click()
    expect(page.locator(".o_telephony_follow_up_saved")).to_contain_text("Twelve desks")
    page.locator(".o_telephony_follow_up_task").press("Enter")
    expect(summary).to_be_focused()
    page.keyboard.type("Send the offer")
    page.keyboard.press("Enter")
    expect(page.locator(".o_telephony_follow_up_saved")).to_have_count(2)

    call, task = _activities(world, "crm.lead", lead_id)
    assert call["summary"] == "Ask whether oak is fine" and task["summary"] == "Send the offer"
    assert call["activity_type_id"][0] == world.admin.ref("mail.mail_activity_data_call")
    assert task["activity_type_id"][0] == world.admin.ref("mail.mail_activity_data_todo")
    days = [date.fromisoformat(row["date_deadline"]) - date.today() for row in (call, task)]
    # The agent's day is not always the one of this program.
    assert abs(days[0] - timedelta(days=2)) <= timedelta(days=1)
    assert days[0] - days[1] == timedelta(days=1)
    assert {row["user_id"][0] for row in (call, task)} == {demo.rpc.uid}
    phone.done()


def test_next_steps_of_a_contact_without_an_opportunity(world, agent, customers):
    """Z27 Z28: a follow-up of a call with a contact belongs to the contact."""
    customer = customers("Jan Wouters")
    demo = agent("demo")
    demo.open()
    phone = Softphone(demo).dial(customer.written)
    world.emulator.rings(customer.number).reject("busy")
    phone.has_ended("busy")
    demo.page.locator(".o_telephony_follow_up_call").click()
    demo.page.locator(".o_telephony_follow_up_save").click()
    expect(demo.page.locator(".o_telephony_follow_up_saved")).to_contain_text("Jan Wouters")
    [activity] = _activities(world, "res.partner", customer.id)
    assert activity["activity_type_id"][0] == world.admin.ref("mail.mail_activity_data_call")
    phone.done()


def test_the_note_survives_a_crash(world, agent, customers):
    """Z19 Z21: the note is restored after the page was killed during a call."""
    world.emulator.post("settings", signalling_loss=1)  # s until a silent browser's leg ends
    customer = customers("Karel Mertens")
    demo = agent("demo").ready()
    phone = Softphone(demo)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Karel Mertens")
    phone.accept().is_talking()
    phone.write_note("Wants a quotation for")
    crashed = demo.page
    with crashed.expect_event("crash"):
        _kill(crashed)
    telephone.in_queue()
    telephone.hears_words(MUSIC)
    crashed.close()

    demo.open()
    phone = Softphone(demo)
    phone.rejoin_button.click()  # it is shown without a click
    phone.is_talking()
    expect(phone.note).to_have_value("Wants a quotation for")
    telephone.hears(demo.hz)
    phone.note.press("End")
    phone.note.press_sequentially(" ten desks")
    phone.hang_up().has_ended("answered")
    until(
        lambda: (
            world.server.find_calls(world.admin, customer.number)[0]["note"]
            == "Wants a quotation for ten desks"
        ),
        "the whole note is saved",
    )
    phone.done()
