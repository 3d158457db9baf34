"""An administrator's first day: from an empty database to a conversation, all by mouse."""

from playwright.sync_api import expect

from harness.emulator import CUSTOMER, SALES, SALES_WRITTEN, SUPPORT, SUPPORT_WRITTEN
from harness.looks import barriers, misfits, picture
from harness.odoo_server import EmptyServer
from harness.pages import Softphone
from harness.people_pages import enter_credentials, open_menu, open_settings, press
from harness.polling import until
from harness.server_fixtures import server_fixtures

# The emulator's well-known development account (dev/twilio_emulator/defaults.py).
ACCOUNT_SID, AUTH_TOKEN = "AC" + "e" * 32, "e" * 32
NO_FLOW = "Callers hear that no one is available"


def _prepare(rpc):
    """Give the company its country; everything else is set up by mouse."""
    company = rpc.ref("base.main_company")
    rpc.call("res.company", "write", [company], {"country_id": rpc.ref("base.be")})


emulator, server, admin, sessions, profiles = server_fixtures(
    EmptyServer, ["admin"], log="e2e-emulator-empty", prepare=_prepare
)


def _choose(field, text):
    """Choose a record by typing its name."""
    field.locator("input").fill(text)
    field.page.locator(".o-autocomplete--dropdown-item", has_text=text).first.click()


def _save(page):
    page.locator(".o_form_button_save").click()
    expect(page.locator(".o_form_button_save").locator("visible=true")).to_have_count(0)


def _connect(person, world):
    """Enter the credentials, unless the account is connected already."""
    person.open("/odoo/settings?debug=1", wait=".settings_tab")
    page = open_settings(person)
    state = page.locator("[name=telephony_state]")
    if state.filter(has_text="Connected").count():
        return page
    _fill_in_credentials(page, world)
    page = open_settings(person)
    expect(state).to_have_text("Connected")
    expect(page.locator("[name=telephony_number_count]")).to_have_text("2")
    return page


def _fill_in_credentials(page, world):
    """Connect the account, in the settings."""
    enter_credentials(
        page,
        "Connect",
        account_sid=ACCOUNT_SID,
        auth_token=AUTH_TOKEN,
        webhook_base_url=f"http://127.0.0.1:{world.server.http_port}",
        api_base_url=world.emulator.url,
        voice_gateway=f"localhost:{world.emulator.port}",
        voice_sdk_url=f"http://localhost:{world.emulator.port}/sdk/twilio.js",
    )
    expect(page.locator(".modal")).to_have_count(0)


# Counts the clicks of the person; the page is never loaded anew between them.
_COUNT_CLICKS = """
window.personClicks = 0;
addEventListener("click", (ev) => { if (ev.isTrusted) { window.personClicks++; } }, true);
"""


def test_from_nothing_to_the_first_calls(world, agent, numbers):
    """Z01 Z29: credentials, then a call out and a call in; each click is counted.

    The first connection assigns the numbers and creates a call flow, and the open page learns it
    without a reload.
    """
    person = agent("admin", first_use=True)
    page = person.open("/odoo/telephony-board?debug=1")
    phone = Softphone(person).open()
    for place in (phone.window, page.locator(".o_telephony_board")):
        expect(place.locator(".o_telephony_get_started_line[data-done=false]")).to_have_count(5)
    phone.systray.click()
    page.evaluate(_COUNT_CLICKS)

    open_menu(page, "Configuration", "Settings")
    page.locator("#telephony_account").wait_for()
    _fill_in_credentials(page, world)
    assert AUTH_TOKEN not in page.content()
    phone.says("You can make calls with 2 numbers.")
    # Nothing is left to do.
    expect(page.locator(".o_telephony_get_started")).to_have_count(0)
    phone.open()
    page.locator(".o_telephony_set_up_skip").click()

    number, _written = numbers()
    phone.dial(number)
    outgoing_clicks = page.evaluate("personClicks")
    telephone = world.emulator.rings(number)
    telephone.answer()
    phone.is_talking()
    telephone.hears(person.hz)
    person.hears(CUSTOMER)
    clicks_of_the_call = page.evaluate("personClicks")
    phone.hang_up().has_ended("answered")
    phone.done()
    telephone.is_released()
    assert outgoing_clicks <= 8

    skipped = page.evaluate("personClicks") - clicks_of_the_call
    expect(phone.status).to_have_attribute("aria-checked", "false")
    phone.status.click()
    expect(phone.systray).to_have_attribute("data-presence", "available")
    number, _written = numbers()
    telephone = world.emulator.calls_us(number)
    phone.rings()
    phone.accept().is_talking()
    incoming_clicks = page.evaluate("personClicks") - skipped
    telephone.hears(person.hz)
    person.hears(CUSTOMER)
    phone.hang_up().has_ended("answered")
    phone.done()
    telephone.is_released()
    assert world.server.ended_call(world.admin, number)["outcome"] == "answered"
    assert incoming_clicks <= 10


def test_numbers_and_flows_by_mouse(world, agent, numbers):
    """Z01 Z29: a number, its phone user and its call flow are chosen on forms.

    The open page of the phone user learns at once that calls are possible.
    """
    person = agent("admin")
    page = _connect(person, world)
    own = world.admin.search("telephony.number", [], ["id"])
    world.admin.call(
        "telephony.number", "write", [n["id"] for n in own], {"agent_ids": [(5,)], "flow_id": False}
    )
    phone = Softphone(person).open()
    line = page.locator(".o_telephony_blocked .o_telephony_get_started_line[data-name=me]")
    expect(line).to_have_attribute("data-done", "false")

    press(page, "Call Flows", "#telephony_flows")
    page.locator(".o_list_button_add").click()
    page.locator(".o_field_widget[name=name] input").first.fill("Ring all")
    page.locator(".o_telephony_flow_template[data-template=ring]").click()
    expect(page.locator(".o_telephony_flow_node[data-kind=ring]")).to_be_visible()

    page = open_settings(person)
    phone.open()
    expect(page.locator(".o_telephony_blocked")).to_be_visible()
    press(page, "Numbers", "#telephony_numbers")
    page.locator(".o_data_row", has_text=SALES_WRITTEN).locator("td[name=number_display]").click()
    expect(page.locator(".alert", has_text=NO_FLOW)).to_be_visible()
    _choose(page.locator(".o_field_widget[name=flow_id]"), "Ring all")
    expect(page.locator(".alert", has_text=NO_FLOW)).to_be_hidden()
    _choose(page.locator(".o_field_widget[name=agent_ids]"), "admin")
    _save(page)
    expect(page.locator(".o_telephony_blocked")).to_have_count(0)
    number, _written = numbers()
    phone.dial(number)
    world.emulator.rings(number)
    phone.hang_up()


def test_call_me_now_proves_the_whole_way(world, agent, numbers):
    """Z29: the administrator's own phone rings, is busy, then plays music and takes a key."""
    person = agent("admin")
    page = _connect(person, world)
    number, written = numbers()
    page.locator(".o_telephony_call_me_widget").click()
    progress = page.locator(".o_telephony_call_me_progress")
    page.locator(".o_telephony_call_me_number").fill(written)
    # Enter does what the button does, which the next frame enables.
    expect(page.locator(".o_telephony_call_me_start")).to_be_enabled()
    page.keyboard.press("Enter")
    telephone = world.emulator.rings(number)
    expect(progress).to_have_attribute("data-state", "ringing")
    telephone.reject("busy")
    expect(progress).to_have_attribute("data-state", "failed")
    expect(page.locator(".o_telephony_call_me_sentence")).to_contain_text("Your phone is busy")

    before = world.admin.call("telephony.call", "search_count", [])
    page.locator(".o_telephony_call_me_again").click()
    telephone = world.emulator.rings(number)
    assert telephone.leg["from"] in (SALES, SUPPORT)
    telephone.answer()
    expect(progress).to_have_attribute("data-state", "answered")
    telephone.hears_words("This is your telephone in Odoo.")
    telephone.hears_words("press 1")
    telephone.press("1")
    expect(progress).to_have_attribute("data-state", "done")
    expect(page.locator(".o_telephony_call_me_step[data-state=done]")).to_have_count(4)
    telephone.hears_words("Everything works.")
    telephone.is_released()
    page.locator(".o_telephony_call_me_close").click()
    assert world.admin.call("telephony.call", "search_count", []) == before


def _lines(page, text):
    return page.locator(".o_field_widget[name=line_ids] .o_data_row", has_text=text)


def test_fix_it_repairs_a_number(world, agent):
    """Z29: everything is checked; a number that points elsewhere is red until a click."""
    person = agent("admin")
    page = _connect(person, world)
    press(page, "Fix It", "#telephony_diagnosis")
    for check in (
        "Credentials",
        "API Key",
        "Application",
        "Reachability",
        "Signature",
        "Balance",
        "Clock",
    ):
        expect(_lines(page, check).first.locator("td[name=state]")).to_contain_text("Good")
    expect(_lines(page, "Error")).to_have_count(0)

    [row] = [n for n in _own_numbers(world) if n["phone_number"] == SUPPORT]
    _point(world, row, VoiceUrl="https://elsewhere.example.com/voice")
    press(page, "Check Again", ".o_form_view")
    broken = _lines(page, "Error")
    expect(broken).to_have_count(1)
    expect(broken).to_contain_text(SUPPORT_WRITTEN)
    expect(broken).to_contain_text("points to another address")
    press(page, "Receive Calls Here", ".o_field_widget[name=line_ids] .o_data_row:first-child")
    expect(broken).to_have_count(0)
    [row] = [n for n in _own_numbers(world) if n["phone_number"] == SUPPORT]
    assert row["voice_url"].startswith(f"http://127.0.0.1:{world.server.http_port}/telephony/")


def _own_numbers(world):
    answer = world.emulator.http.get(
        f"{world.emulator.url}/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers.json",
        auth=(ACCOUNT_SID, AUTH_TOKEN),
        timeout=30,
    )
    return answer.json()["incoming_phone_numbers"]


def test_buying_and_releasing_a_number(world, agent):
    """Z29: search, price, purchase after a question; release after a warning."""
    person = agent("admin")
    page = _connect(person, world)
    press(page, "Buy a Number", "#telephony_numbers")
    expect(page.locator(".modal .o_field_widget[name=country_id] input")).to_have_value("Belgium")
    press(page, "Search", ".modal")
    offer = page.locator(".modal .o_data_row").first
    expect(offer.locator("td[name=price_display]")).to_have_text("1.15 USD a month")
    offer_text = offer.locator("[name=number_display]").first.inner_text()
    bought = "".join(c for c in offer_text if c in "+0123456789")
    press(page, "Buy", ".modal .o_data_row:first-child")
    question = page.locator(".modal:has-text('charges your account')")
    expect(question.locator("[name=number_display]")).to_have_text(offer_text)
    expect(question.locator("[name=price_display]")).to_have_text("1.15 USD a month")
    assert barriers(page, ".modal-content") == []
    picture(page, "buy-a-number")
    press(page, "Back", ".modal:has-text('charges your account')")
    press(page, "Buy", ".modal .o_data_row:first-child")
    press(page, "Buy", ".modal:has-text('charges your account')")
    shown = page.locator(".o_form_view .o_field_widget[name=number_display]")
    expect(shown).to_contain_text(bought)
    expect(page.locator(".alert", has_text=NO_FLOW)).to_be_visible()
    picture(page, "bought-number")
    [row] = [n for n in _own_numbers(world) if n["phone_number"] == bought]
    assert "/telephony/twilio/voice" in row["voice_url"]

    press(page, "Release Number", ".o_form_statusbar")
    expect(page.locator(".modal")).to_contain_text("This cannot be undone.")
    press(page, "Release Permanently", ".modal")
    until(lambda: bought not in [n["phone_number"] for n in _own_numbers(world)], "it is released")
    [number] = world.admin.search(
        "telephony.number", [("number", "=", bought), ("active", "=", False)], ["is_connected"]
    )
    assert not number["is_connected"]


def test_uninstalling_hands_the_numbers_back(world, agent):
    """The window of Odoo names what leads here; one click more, and Twilio is as it was before."""
    person = agent("admin")
    page = _connect(person, world)
    [row] = [n for n in _own_numbers(world) if n["phone_number"] == SUPPORT]
    elsewhere = "https://elsewhere.example.com/voice"
    _point(world, row, VoiceUrl=elsewhere, VoiceMethod="GET")
    press(page, "Fix It", "#telephony_diagnosis")
    press(page, "Receive Calls Here", ".o_field_widget[name=line_ids] .o_data_row:first-child")
    expect(_lines(page, "Error")).to_have_count(0)

    [app] = world.admin.search("ir.module.module", [("name", "=", "crm_telephony")], ["id"])
    page = person.open(f"/odoo/apps/{app['id']}", wait=".o_form_view")
    press(page, "Uninstall", ".o_form_view")
    note = page.locator(".modal [name=telephony_links]").first
    expect(note).to_contain_text(SUPPORT)
    expect(note).to_contain_text("TwiML Application")
    picture(page, "uninstall")
    press(page, "Disconnect and Hand Back", ".modal [name=telephony_links]")
    window = page.locator(".modal").last
    expect(window).to_contain_text(f"Calls go to {elsewhere} again.")
    assert not misfits(page, ".modal")
    picture(page, "disconnect")
    press(page, "Disconnect and Hand Back", ".modal-footer >> nth=-1")
    Softphone(person).says("The account is disconnected.")
    rows = {n["phone_number"]: n for n in _own_numbers(world)}
    assert (rows[SUPPORT]["voice_url"], rows[SUPPORT]["voice_method"]) == (elsewhere, "GET")
    assert not rows[SALES]["voice_url"]
    [account] = world.admin.search("telephony.account", [], ["state", "has_auth_token"])
    assert (account["state"], account["has_auth_token"]) == ("draft", False)


def _point(world, row, **values):
    """Change a number at Twilio."""
    answer = world.emulator.http.post(
        f"{world.emulator.url}/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers/"
        f"{row['sid']}.json",
        data=values,
        auth=(ACCOUNT_SID, AUTH_TOKEN),
        timeout=30,
    )
    assert answer.ok
