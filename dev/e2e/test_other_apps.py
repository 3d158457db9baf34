"""Calls of records of apps that the addon does not depend on, on a database that has one."""

from playwright.sync_api import expect

from harness.looks import picture
from harness.odoo_server import AppsServer
from harness.pages import Softphone, chatter, open_record
from harness.server_fixtures import server_fixtures

#: Wide enough for all buttons at the top of a form.
WIDE = {"width": 1720, "height": 900}


emulator, server, admin, sessions, profiles = server_fixtures(
    lambda port: AppsServer(port, "sale"), ["demo"], log="e2e-emulator-apps", viewport=WIDE
)


def counter(page):
    """Return the number on the button that shows a record's calls."""
    return page.locator(".oe_stat_button:has(.fa-phone) .o_stat_value")


def shows_call(page, text, count=1):
    """Wait until a form shows a number of calls, in its chatter and on its button."""
    expect(chatter(page).filter(has_text=text)).to_have_count(count)
    expect(counter(page)).to_have_text(str(count))


def plan(page, summary):
    """Plan a follow-up task in the end window."""
    page.locator(".o_telephony_follow_up_task").click()
    page.locator(".o_telephony_follow_up_summary").fill(summary)
    page.locator(".o_telephony_follow_up_save").click()
    expect(page.locator(".o_telephony_follow_up_save")).to_have_count(0)


def link(page, model):
    """Link the ended call to another record of the customer."""
    page.locator(".o_telephony_link_change").click()
    page.locator(f".o_telephony_link_record[data-model='{model}']").click()
    expect(page.locator(".o_telephony_link_record")).to_have_count(0)


def make_order(world, customer, demo):
    """Return the identifier of a quotation of an agent for a customer."""
    return world.admin.create("sale.order", partner_id=customer.id, user_id=demo.rpc.uid)


def test_call_from_an_order_is_counted_there(world, agent, customers):
    """Z15 Z30: *Call* on the form of an order; the call is linked to it and counted at once."""
    customer = customers("Wim Aerts")
    demo = agent("demo").ready()
    order = make_order(world, customer, demo)
    page = open_record(demo, "sale.order", order)
    expect(counter(page)).to_have_text("0")
    button = page.locator(".o_form_view .o_telephony_call_back")
    expect(button).to_have_attribute("title", f"Call {customer.written}")
    button.click()
    telephone = world.emulator.rings(customer.number).answer()
    phone = Softphone(demo).is_talking()
    telephone.hears(demo.hz)
    phone.write_note("Wants oak")
    phone.hang_up().has_ended("answered")
    telephone.is_released()
    shows_call(page, "Outgoing call to")
    expect(chatter(page).filter(has_text="Wants oak")).to_have_count(1)
    plan(page, "Send the offer")
    expect(page.locator(".o-mail-Activity", has_text="Send the offer")).to_have_count(1)
    picture(page, "call-from-an-order")
    call = world.server.ended_call(world.admin, customer.number)
    [call] = world.admin.call("telephony.call", "read", [call["id"]], ["res_model", "res_id"])
    assert (call["res_model"], call["res_id"]) == ("sale.order", order)
    phone.done()


def test_forms_of_contact_opportunity_and_order_follow_one_call(world, agent, customers):
    """Z28 Z30: each of three tabs shows the call and its own follow-up without a reload."""
    customer = customers("Xenia Bogaert")
    demo = agent("demo").ready()
    order = make_order(world, customer, demo)
    lead = world.admin.create(
        "crm.lead",
        name="Twelve desks",
        type="opportunity",
        partner_id=customer.id,
        user_id=demo.rpc.uid,
    )
    contact_form = open_record(demo, "res.partner", customer.id)
    lead_form = demo.new_tab(f"/odoo/crm/{lead}")
    order_form = demo.new_tab(f"/odoo/sale.order/{order}")
    forms = (contact_form, lead_form, order_form)
    for form in forms:
        expect(counter(form)).to_have_text("0")
    telephone = world.emulator.calls_us(customer.number)
    phone = Softphone(demo)
    phone.rings("Xenia Bogaert")
    phone.accept().is_talking()
    telephone.hang_up()
    phone.has_ended("answered")
    incoming = "Incoming call from"
    shows_call(contact_form, incoming)
    shows_call(lead_form, incoming)
    shows_call(order_form, incoming, 0)
    plan(contact_form, "Ask about oak")
    expect(lead_form.locator(".o-mail-Activity", has_text="Ask about oak")).to_have_count(1)

    link(contact_form, "res.partner")
    shows_call(lead_form, incoming, 0)
    plan(contact_form, "Check the address")
    expect(contact_form.locator(".o-mail-Activity", has_text="Check the address")).to_have_count(1)

    link(contact_form, "sale.order")
    shows_call(order_form, incoming)
    plan(contact_form, "Confirm the order")
    expect(order_form.locator(".o-mail-Activity", has_text="Confirm the order")).to_have_count(1)

    # The opportunity is added on the form of the call.
    call = world.server.ended_call(world.admin, customer.number)
    demo.rpc.call("telephony.call", "write", [call["id"]], {"lead_id": lead})
    for form in forms:
        shows_call(form, incoming)
        expect(form.locator(".o-mail-Activity")).to_have_count(1)
    picture(order_form, "order-after-the-call")
    phone.done()
