"""A colleague becomes a phone user while working in Odoo, and tries the telephone."""

from playwright.sync_api import expect

from harness.emulator import SALES, SALES_WRITTEN
from harness.looks import misfits, picture
from harness.pages import Softphone
from harness.people_pages import press


def test_new_phone_users_get_the_telephone_without_a_reload(world, agent, arrange):
    """Two users are added at once; one tests microphone and connection, and goes online.

    The test of the connection is the Voice SDK's own preflight against the provider.
    """
    users = {name: arrange.user(name, "base.group_user") for name in ("Nina", "Oskar")}
    nina = agent("nina", rpc=users["Nina"], first_use=True, fresh=True)
    page = nina.open("/odoo/discuss", wait=".o_main_navbar")
    expect(page.locator(".o_telephony_systray")).to_have_count(0)

    admin = agent("admin")
    desk = admin.open("/odoo/action-crm_telephony.telephony_agent_action")
    press(desk, "Add Phone Users", ".o_control_panel")
    for name in users:
        field = desk.locator(".modal .o_field_widget[name=user_ids]")
        field.locator("input").fill(name)
        desk.locator(".o-autocomplete--dropdown-item", has_text=name).first.click()
    field = desk.locator(".modal .o_field_widget[name=number_ids]")
    field.locator("input").fill(SALES)
    desk.locator(".o-autocomplete--dropdown-item", has_text=SALES_WRITTEN).first.click()
    picture(desk, "add-phone-users")
    press(desk, "Add", ".modal footer")
    expect(desk.locator(".o_notification")).to_contain_text("2 users are phone users now.")
    for name in users:
        expect(desk.locator(".o_data_row", has_text=name)).to_contain_text(SALES_WRITTEN)

    phone = Softphone(nina).open()
    set_up = page.locator(".o_telephony_set_up")
    expect(set_up).to_have_attribute("data-step", "microphone")
    page.locator(".o_telephony_set_up_allow, .o_telephony_set_up_done").first.click()
    page.locator(".o_telephony_set_up_next.btn-primary").click()
    page.locator(".o_telephony_set_up_record").click()
    page.locator(".o_telephony_set_up_next.btn-primary").click()
    calls = world.admin.call("telephony.call", "search_count", [])
    page.locator(".o_telephony_run_test").click()
    expect(page.locator(".o_telephony_advice")).to_have_attribute("data-grade", "good")
    expect(page.locator("[data-measure=rtt] dd")).to_contain_text("ms")
    picture(page, "connection-test")
    assert misfits(page, ".o_telephony_softphone") == []
    page.locator(".o_telephony_set_up_online").click()
    expect(set_up).to_have_count(0)
    expect(phone.systray).to_have_attribute("data-presence", "available")
    assert world.admin.call("telephony.call", "search_count", []) == calls

    # The right goes as it came.
    world.admin.call(
        "res.users",
        "write",
        [users["Nina"].uid],
        {"group_ids": [(3, world.admin.ref("crm_telephony.group_user"))]},
    )
    expect(phone.systray).to_have_count(0)
    expect(phone.window).to_have_count(0)
