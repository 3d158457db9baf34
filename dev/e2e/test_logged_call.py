"""A call made elsewhere is logged by hand, and corrected: by keyboard, by mouse, with odd texts."""

import re

import pytest
from playwright.sync_api import expect

from harness.looks import picture
from harness.pages import open_record

TOO_LONG = "x" * 100_000
LONGEST = "ä" * 20_000


@pytest.fixture
def dialog(world, agent, customers):
    """Return the dialog *Log a Call*, opened from the calls of a contact."""
    customer = customers("Lies Aerts")
    page = open_record(agent("demo").ready(), "res.partner", customer.id)
    page.locator("button[name=action_view_telephony_calls]").click()
    page.locator(".o_control_panel button", has_text="Log a Call").first.click()
    expect(page.locator(".modal [name=partner_id] input")).to_have_value(re.compile("Lies Aerts$"))
    return page.locator(".modal")


def _log(world, dialog):
    """Log the call, and return it."""
    before = world.admin.call("telephony.call", "search", [("is_logged", "=", True)])
    dialog.locator("button[name=action_log]").click()
    expect(dialog).to_have_count(0)
    [call] = world.admin.call(
        "telephony.call",
        "search_read",
        [("is_logged", "=", True), ("id", "not in", before)],
        ["duration", "note", "customer_number", "partner_id"],
    )
    return call


def test_talk_time_by_keyboard(world, dialog):
    """Z30: the dialog begins with the talk time; Tab selects it, and goes on to what follows."""
    page, minutes = dialog.page, dialog.locator("[name=minutes] input")
    expect(minutes).to_be_focused()
    expect(minutes).to_have_value("")
    expect(minutes).to_have_attribute("placeholder", "e.g. 4:30")
    picture(page, "log-a-call")
    page.keyboard.type("3:15")
    page.keyboard.press("Tab")
    expect(dialog.locator("[name=partner_id] input")).to_be_focused()
    expect(minutes).to_have_value("03:15")
    page.keyboard.press("Shift+Tab")
    expect(minutes).to_be_focused()
    page.keyboard.type("4:30")
    page.keyboard.press("Tab")
    expect(minutes).to_have_value("04:30")
    assert _log(world, dialog)["duration"] == 270


def test_talk_time_by_mouse(world, dialog):
    """Z30: a click replaces the talk time, whether or not the field has the focus."""
    page, minutes = dialog.page, dialog.locator("[name=minutes] input")
    expect(minutes).to_be_focused()
    minutes.click()
    page.keyboard.type("3:15")
    dialog.locator("[name=note] textarea").click()
    expect(minutes).to_have_value("03:15")
    minutes.click()
    page.keyboard.type("2:45")
    minutes.click()
    page.keyboard.type("4:30")
    dialog.locator("[name=note] textarea").click()
    expect(minutes).to_have_value("04:30")
    assert _log(world, dialog)["duration"] == 270


def test_summary_of_100_kilobytes_is_refused_and_kept(world, dialog):
    """Z19: dialog and form say how long a summary may be, and keep what was written."""
    page, note = dialog.page, dialog.locator("[name=note] textarea")
    refusal = page.locator(".modal", has_text="A summary has at most 20,000 characters.")
    page.keyboard.type("4:30")
    number = dialog.locator("[name=number] input")
    written = number.input_value()
    number.fill(f"0032 (0){written[1:].replace(' ', '/')}")
    note.fill(TOO_LONG)
    dialog.locator("button[name=action_log]").click()
    expect(refusal).to_be_visible()
    picture(page, "log-a-call-too-long")
    refusal.locator(".modal-footer button").first.click()
    expect(refusal).to_have_count(0)
    assert note.input_value() == TOO_LONG
    expect(dialog.locator("[name=minutes] input")).to_have_value("04:30")
    note.fill(LONGEST)
    call = _log(world, dialog)
    assert (call["duration"], call["note"]) == (270, LONGEST)
    assert call["customer_number"] == "+32" + written[1:].replace(" ", "")

    page = open_record(world.agents[0], "telephony.call", call["id"])
    note, save = page.locator("[name=note] textarea"), page.locator(".o_form_button_save")
    note.fill(TOO_LONG)
    save.click()
    expect(refusal).to_be_visible()
    picture(page, "correction-too-long")
    refusal.locator(".modal-footer button").first.click()
    expect(refusal).to_have_count(0)
    assert note.input_value() == TOO_LONG
    note.fill("Wants oak.")
    save.click()
    expect(save).not_to_be_visible()
    [call] = world.admin.call("telephony.call", "read", [call["id"]], ["note"])
    assert call["note"] == "Wants oak."
