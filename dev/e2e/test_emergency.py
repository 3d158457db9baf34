"""Emergency calls: refused until the address of the number is registered."""

from playwright.sync_api import expect

from harness.emulator import CUSTOMER, SALES
from harness.pages import Softphone
from harness.people_pages import open_menu

EMERGENCY = "112"
SENTENCE = (
    "Emergency numbers cannot be called from here because your location would be unknown. Use "
    "another phone."
)
ADDRESS = "Chaussée de Namur 40, 1367 Grand-Rosière, Belgium"


def test_refused_by_default(world, agent):
    """Z16 Z29: without an address nothing rings, and the sentence explains what to do."""
    demo = agent("demo")
    demo.open()
    phone = Softphone(demo).open().type_number("1-1-2")
    phone.call_button.click()
    expect(phone.error).to_have_text(SENTENCE)
    phone.is_idle()
    assert not world.emulator.live()
    assert not world.server.find_calls(world.admin, EMERGENCY)


def test_with_a_registered_number(world, agent, arrange):
    """Z16 Z29: after the registration, an emergency call has no questions and no recording.

    The company records every call and allows calls to France only: neither matters here.
    """
    company = world.admin.ref("base.main_company")
    number_id = arrange.number_id(SALES)
    arrange.write("telephony.number", number_id, emergency_enabled=False, emergency_address=False)
    arrange.write(
        "res.company",
        company,
        telephony_recording_mode="always",
        telephony_country_policy="listed",
        telephony_country_ids=[world.admin.ref("base.fr")],
    )
    _register(agent("admin"))

    demo = agent("demo")
    demo.open()
    phone = Softphone(demo).dial(EMERGENCY)
    expect(demo.page.locator(".modal")).to_have_count(0)
    telephone = world.emulator.rings(EMERGENCY)
    assert telephone.leg["from"] == SALES
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


def _register(admin):
    """Register the address of the number *Sales* on the screen, as an administrator."""
    page = admin.open("/odoo/telephony-calls", wait=".o_list_view")
    open_menu(page, "Configuration", "Numbers")
    page.locator(".o_data_row", has_text=SALES).first.click()
    box = page.locator(".o_field_widget[name=emergency_enabled] input")
    expect(box).not_to_be_checked()
    box.check()
    page.locator(".o_form_button_save").click()
    expect(page.locator(".o_field_invalid[name=emergency_address]")).to_be_visible()
    page.locator("[name=emergency_address] textarea").fill(ADDRESS)
    page.locator(".o_form_button_save").click()
    expect(page.locator("[name=emergency_changed_by_id]")).to_contain_text("Mitchell Admin")
