"""Emergency calls: refused until an administrator allows them with a number that can make them."""

import pytest
from playwright.sync_api import expect

from harness.emulator import CUSTOMER, SALES_WRITTEN
from harness.pages import Softphone
from harness.people_pages import open_menu, press

EMERGENCY = "911"
# Of the range for examples.
AMERICAN, AMERICAN_WRITTEN = "+12025550100", "+1 202-555-0100"
SENTENCE = (
    "Emergency numbers cannot be called from here because your location would be unknown. Use "
    "another phone."
)
ADDRESS = "350 Fifth Avenue, New York, NY 10118"


def test_refused_by_default(world, agent):
    """Z16 Z29: without an address nothing rings, and the sentence explains what to do."""
    demo = agent("demo")
    demo.open()
    phone = Softphone(demo).open().type_number("1-1-2")
    phone.call_button.click()
    expect(phone.error).to_have_text(SENTENCE)
    phone.is_idle()
    assert not world.emulator.live()
    assert not world.server.find_calls(world.admin, "112")


@pytest.fixture
def american(world):
    """Give the account a number of the United States, which no other story sees."""
    world.emulator.post("numbers", phone_number=AMERICAN, emergency_address_status="unregistered")
    world.admin.call("telephony.number", "action_synchronize", [])
    [number_id] = world.admin.call("telephony.number", "search", [("number", "=", AMERICAN)])
    yield number_id
    wizard = world.admin.create("telephony.number.release", number_id=number_id)
    world.admin.call("telephony.number.release", "action_release", [wizard])


def test_with_a_registered_number(world, agent, arrange, american):
    """Z16 Z29: after the registration, an emergency call has no questions and no recording.

    The company records every call and allows calls to France only: neither matters here. Its own
    numbers are Belgian, and Twilio connects no emergency calls from Belgium.
    """
    company = world.admin.ref("base.main_company")
    arrange.write("telephony.number", american, emergency_enabled=False, emergency_address=False)
    arrange.write(
        "res.company",
        company,
        telephony_recording_mode="always",
        telephony_country_policy="listed",
        telephony_country_ids=[world.admin.ref("base.fr")],
    )
    demo = agent("demo")
    number_ids = [arrange.number_id(), american]
    arrange.agent(demo.rpc, number_ids=[(6, 0, number_ids)])
    _register(agent("admin"), world)

    demo.open()
    phone = Softphone(demo).open().type_number("999")
    phone.call_button.click()
    expect(phone.error).to_contain_text("only the emergency services of this country")
    phone.type_number(EMERGENCY)
    phone.call_button.click()
    expect(demo.page.locator(".modal")).to_have_count(0)
    telephone = world.emulator.rings(EMERGENCY)
    assert telephone.leg["from"] == AMERICAN
    telephone.answer()
    phone.is_talking()
    telephone.hears(demo.hz)
    demo.hears(CUSTOMER)
    expect(demo.page.locator(".o_telephony_record")).to_be_disabled()
    recorded = [r for r in world.emulator.get("recordings") if r["call_sid"] == telephone.sid]
    assert not recorded, "nobody may record an emergency"
    phone.hang_up().has_ended("answered")
    call = world.server.find_calls(world.admin, EMERGENCY)[0]
    found = world.admin.search("telephony.recording", [("call_id", "=", call["id"])], ["id"])
    assert not found


def _open_number(page, written):
    """Open a number from the list of numbers."""
    row = page.locator(".o_data_row", has_text=written).first
    row.locator("td[name=number_display]").click()


def _register(admin, world):
    """Allow emergency calls with the American number on the screen, as an administrator."""
    page = admin.open("/odoo/telephony-calls", wait=".o_list_view")
    open_menu(page, "Configuration", "Numbers")
    _open_number(page, SALES_WRITTEN)
    note = page.locator("[name=emergency_note]")
    expect(note).to_contain_text("no emergency calls from numbers of this country (Belgium)")
    box = page.locator(".o_field_widget[name=emergency_enabled] input")
    expect(box).to_be_disabled()
    # Only a number that allows emergency calls warns.
    expect(page.locator(".alert-warning [name=emergency_note]")).to_have_count(0)

    open_menu(page, "Configuration", "Numbers")
    _open_number(page, AMERICAN_WRITTEN)
    expect(note).to_contain_text("Call 933 to test it")
    expect(page.locator("[name=emergency_address_state]")).to_have_text("Not Registered")
    box.check()
    expect(page.locator(".alert-warning [name=emergency_note]")).to_be_visible()
    page.locator("[name=emergency_address] textarea").fill(ADDRESS)
    page.locator(".o_form_button_save").click()
    expect(page.locator(".modal")).to_contain_text("has not registered an emergency address")
    page.locator(".modal .btn-primary").click()
    page.locator(".o_form_button_cancel").click()

    world.emulator.post("numbers", phone_number=AMERICAN, emergency_address_status="registered")
    open_menu(page, "Configuration", "Numbers")
    press(page, "Synchronize", ".o_control_panel")
    # Until then, the form would show what the database held before.
    expect(page.locator(".o_notification")).to_contain_text("The numbers are up to date.")
    _open_number(page, AMERICAN_WRITTEN)
    expect(page.locator("[name=emergency_address_state]")).to_have_text("Registered")
    box.check()
    page.locator(".o_form_button_save").click()
    expect(page.locator(".o_field_invalid[name=emergency_address]")).to_be_visible()
    page.locator("[name=emergency_address] textarea").fill(ADDRESS)
    page.locator(".o_form_button_save").click()
    expect(page.locator("[name=emergency_changed_by_id]")).to_contain_text("Mitchell Admin")
