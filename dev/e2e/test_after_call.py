"""Holding a customer, keeping the note, and planning the follow-up."""

import contextlib
from datetime import date, timedelta

import pytest
from playwright.sync_api import Error, expect

from harness.emulator import CUSTOMER
from harness.looks import barriers, misfits, picture
from harness.pages import Softphone, chatter, open_record
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


def _talk_and_end(world, phone, number):
    """Have a short conversation with a caller, which the caller ends."""
    telephone = world.emulator.calls_us(number)
    phone.rings()
    phone.accept().is_talking()
    telephone.hang_up()
    phone.has_ended("answered")


def _calls(world, number):
    return world.admin.search(
        "telephony.call",
        [("customer_number", "=", number)],
        ["partner_id", "lead_id"],
    )


def test_follow_up_at_an_hour(world, agent, customers):
    """Z27: a follow-up call with hour and reminder stands in the agent's calendar."""
    customer = customers("Lotte Maes")
    demo = agent("demo").ready()
    phone = Softphone(demo)
    _talk_and_end(world, phone, customer.number)
    page = demo.page
    page.locator(".o_telephony_follow_up_call").click()
    page.locator(".o_telephony_follow_up_quick", has_text="Next week").click()
    page.locator(".o_telephony_follow_up_time").fill("10:45")
    alarm = page.locator(".o_telephony_follow_up_alarm")
    expect(alarm.locator("option:checked")).to_have_text("15 minutes before")
    picture(page, "follow-up-hour")
    page.locator(".o_telephony_follow_up_save").click()
    expect(page.locator(".o_telephony_follow_up_saved")).to_contain_text("10:45")
    [activity] = _activities(world, "res.partner", customer.id)
    [event] = world.admin.search(
        "calendar.event",
        [("activity_ids", "in", [activity["id"]])],
        ["user_id", "alarm_ids", "res_id", "start"],
    )
    assert event["user_id"][0] == demo.rpc.uid and event["res_id"] == customer.id
    assert event["alarm_ids"] == [world.admin.ref("calendar.alarm_notif_1")]
    phone.done()


@pytest.mark.parametrize("model", ["res.partner", "crm.lead"])
def test_unknown_caller_is_saved_with_the_follow_up(world, agent, numbers, model):
    """Z27 Z28: an unknown caller becomes a contact or a lead in the same step."""
    number, _written = numbers()
    demo = agent("demo").ready()
    phone = Softphone(demo)
    _talk_and_end(world, phone, number)
    page = demo.page
    page.locator(".o_telephony_follow_up_task").click()
    page.locator(".o_telephony_follow_up_model").select_option(model)
    page.locator(".o_telephony_follow_up_name").fill("Marieke Jans")
    picture(page, f"follow-up-unknown-{model}")
    assert not barriers(page, ".o_telephony_softphone")
    page.locator(".o_telephony_follow_up_save").click()
    expect(page.locator(".o_telephony_follow_up_saved")).to_contain_text("Marieke Jans")
    expect(page.locator(".o_telephony_record_link")).to_contain_text("Marieke Jans")
    [call] = _calls(world, number)
    linked = call["partner_id" if model == "res.partner" else "lead_id"]
    assert linked and len(_activities(world, model, linked[0])) == 1
    phone.done()


def test_follow_up_of_a_hidden_caller(world, agent):
    """Z27: after the call of a hidden number, too, a follow-up is planned: on the call."""
    demo = agent("demo").ready()
    phone = Softphone(demo)
    _talk_and_end(world, phone, "anonymous")
    page = demo.page
    uuid = phone.ended.get_attribute("data-uuid")
    page.locator(".o_telephony_follow_up_task").click()
    page.locator(".o_telephony_follow_up_summary").fill("Ask the neighbour who this was")
    page.locator(".o_telephony_follow_up_save").click()
    saved = page.locator(".o_telephony_follow_up_saved")
    expect(saved).to_contain_text("Hidden number")
    [call] = world.admin.search("telephony.call", [("uuid", "=", uuid)], ["id"])
    [activity] = _activities(world, "telephony.call", call["id"])
    assert activity["summary"] == "Ask the neighbour who this was"
    page.locator(".o_telephony_follow_up_open").click()
    expect(page.locator(".o_form_view")).to_contain_text("Ask the neighbour who this was")
    phone.done()


def test_open_record_is_true_after_the_call(world, agent, customers):
    """Z28 Z30: the open form shows log, follow-up and count without a reload; edits stay."""
    customer = customers("Mieke Thys")
    demo = agent("demo").ready()
    lead_id = world.admin.create(
        "crm.lead",
        name="Nine desks",
        type="opportunity",
        partner_id=customer.id,
        user_id=demo.rpc.uid,
    )
    missed = world.emulator.calls_us(customer.number)
    phone = Softphone(demo)
    phone.rings("Mieke Thys")
    missed.hang_up()
    phone.is_idle()
    until(lambda: _activities(world, "crm.lead", lead_id), "the callback has an activity")
    page = open_record(demo, "crm.lead", lead_id)
    activities = page.locator(".o-mail-Activity")
    counter = page.locator("button[name=action_view_telephony_calls] .o_stat_value")
    expect(activities).to_have_count(1)
    expect(counter).to_have_text("1")

    page.locator(".o_form_view .o_telephony_phone_call").click()
    telephone = world.emulator.rings(customer.number).answer()
    phone.is_talking()
    telephone.hang_up()
    phone.has_ended("answered")
    expect(counter).to_have_text("2")
    expect(activities).to_have_count(0)
    expect(chatter(page).filter(has_text="Outgoing call to")).to_have_count(1)
    phone.write_note("Wants oak")
    expect(chatter(page).filter(has_text="Wants oak")).to_have_count(1)
    page.locator(".o_telephony_follow_up_task").click()
    page.locator(".o_telephony_follow_up_summary").fill("Send the offer")
    page.locator(".o_telephony_follow_up_save").click()
    expect(activities.filter(has_text="Send the offer")).to_have_count(1)
    phone.done()

    # What the agent has typed is kept.
    name = page.locator(".o_field_widget[name=name] textarea, .o_field_widget[name=name] input")
    name.fill("Ten desks")
    page.locator(".o_form_view .o_telephony_phone_call").click()
    telephone = world.emulator.rings(customer.number).answer()
    phone.is_talking()
    telephone.hang_up()
    phone.has_ended("answered")
    expect(counter).to_have_text("3")
    expect(chatter(page).filter(has_text="Outgoing call to")).to_have_count(2)
    expect(name).to_have_value("Ten desks")
    phone.done()
    page.locator(".o_form_button_save").click()
    until(
        lambda: world.admin.call("crm.lead", "read", [lead_id], ["name"])[0]["name"] == "Ten desks",
        "the name is saved",
    )
    # The contact's own chatter has the calls, too.
    page = open_record(demo, "res.partner", customer.id)
    expect(chatter(page).filter(has_text="Outgoing call to")).to_have_count(2)


IN_VIEW = """(selector) => {
    const box = document.querySelector(selector).getBoundingClientRect();
    const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
    const top = document.elementFromPoint(x, y);
    return box.top >= 0 && box.bottom <= innerHeight && top !== null
        && document.querySelector(selector).contains(top);
}"""


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900), (390, 844)])
def test_end_window_needs_no_scrolling(world, agent, customers, arrange, width, height):
    """Z19 Z20 Z27: summary, follow-up, result and Done are in view at once, in wrap-up, too."""
    customer = customers("Nele Wouters")
    company = world.admin.ref("base.main_company")
    arrange.write("res.company", company, telephony_wrap_up_seconds=120)
    demo = agent("demo", viewport={"width": width, "height": height}).ready()
    phone = Softphone(demo)
    _talk_and_end(world, phone, customer.number)
    page = demo.page
    expect(page.locator(".o_telephony_disposition")).to_be_visible()
    expect(page.locator(".o_telephony_wrap_up")).to_be_visible()
    phone.dismiss_notices()
    picture(page, f"end-window-{width}")
    names = (
        *("note", "follow_up_call", "follow_up_task", "disposition", "done", "wrap_up"),
        "classification_toggle",
    )
    cut = [name for name in names if not page.evaluate(IN_VIEW, f".o_telephony_{name}")]
    assert not cut, f"not in view: {cut}"
    # Purpose and tags are folded, and saved with one click each.
    page.locator(".o_telephony_classification_toggle").click()
    page.locator(".o_telephony_purpose").select_option(label="Support")
    expect(page.locator(".o_telephony_classification .o_telephony_saved .fa-check")).to_be_visible()
    picture(page, f"end-window-purpose-{width}")
    found = misfits(page, ".o_telephony_softphone") + barriers(page, ".o_telephony_softphone")
    assert not found, found
    call = world.server.ended_call(world.admin, customer.number)
    [call] = world.admin.call("telephony.call", "read", [call["id"]], ["purpose_id"])
    assert call["purpose_id"][1] == "Support"
    page.locator(".o_telephony_classification_toggle").click()
    page.locator(".o_telephony_follow_up_call").click()
    expect(page.locator(".o_telephony_follow_up_summary")).to_be_focused()
    picture(page, f"end-window-follow-up-{width}")
    for name in ("follow_up_save", "done"):
        assert page.evaluate(IN_VIEW, f".o_telephony_{name}"), name
    found = misfits(page, ".o_telephony_softphone") + barriers(page, ".o_telephony_softphone")
    assert not found, found
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
