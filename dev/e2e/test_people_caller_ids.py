"""Calling with a caller ID: permission, verification, choice, and removal."""

import pytest
from playwright.sync_api import expect

import database
from harness.emulator import SALES
from harness.pages import Softphone
from harness.people_pages import Preferences, open_settings, press
from harness.polling import until

HINT = (
    "Calls back to a caller ID go to that number's own carrier, not to Odoo, unless you forward it "
    "to one of your numbers here or port it to Twilio."
)
# A separate text: not a part of a longer word, nor of the fraction of a second.
ALONE = "(^|[^0-9a-zA-Z.])%s([^0-9a-zA-Z]|$)"


@pytest.fixture
def allowed(world, arrange, sessions):
    """Permit caller IDs for Marc Demo, without those of other stories."""
    _forget(arrange.rpc)
    # The verification calls of all stories exceed a user's limit per hour.
    database.execute("DELETE FROM telephony_dialed_leg", database=world.server.database)
    arrange.agent(sessions["demo"], allow_caller_id=True)
    yield
    # The calls of the story are still ending. A deletion would change them, and lose a race to
    # their last events, or make these lose.
    found = arrange.rpc.call("telephony.caller.id", "search", [])
    arrange.rpc.call("telephony.caller.id", "write", found, {"active": False})


def _forget(rpc):
    found = rpc.call("telephony.caller.id", "search", [("active", "in", [True, False])])
    rpc.call("telephony.caller.id", "unlink", found)


def _verify(world, rpc, number, name):
    """Verify a number without the screen and return the caller ID."""
    begun = rpc.call("telephony.caller.id", "start_verification", number, name)
    world.emulator.rings(number).answer().press(begun["code"])

    def verified():
        state = rpc.call("telephony.caller.id", "check_verification", begun["id"])["state"]
        assert state == "verified", state
        return True

    until(verified, f"{number} is verified")
    return begun["id"]


def _where_is(name, text):
    """Return the tables of a database that contain a text."""
    tables = database.execute(
        "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND reltuples <> 0"
        " AND relnamespace = 'public'::regnamespace",
        database=name,
    )
    query = " UNION ALL ".join(
        f"SELECT '{one}' WHERE EXISTS (SELECT 1 FROM {one} AS t WHERE t::text ~ '{ALONE % text}')"
        for [one] in tables
    )
    return database.execute(query, database=name)


def test_permission_code_and_silent_use(world, agent, customers, arrange, numbers, sessions):
    """Z08 Z09 Z10 Z11 Z14: the administrator's tick, the call, the six digits, the first use."""
    _forget(world.admin)
    desk = arrange.agent(sessions["demo"], allow_caller_id=False)
    customer, (number, _written) = customers("Sara Nijs"), numbers()
    demo = agent("demo")
    demo.open()
    preferences = Preferences(Softphone(demo)).open()
    expect(preferences.caller_ids).to_have_count(0)

    admin = agent("admin")
    page = open_settings(admin)
    press(page, "Phone Users", "#telephony_agents")
    page.locator(".o_data_row", has_text="Marc Demo").locator("td[name=state]").click()
    box = page.locator(".o_field_widget[name=allow_caller_id] input")
    expect(box).not_to_be_checked()
    page.locator("label", has_text="Allow Adding Custom Outgoing Caller ID").click()
    expect(box).to_be_checked()
    page.locator(".o_form_button_save").click()
    until(
        lambda: world.admin.search("telephony.agent", [("id", "=", desk)], ["allow_caller_id"])[0][
            "allow_caller_id"
        ],
        "the permission is saved",
    )

    expect(preferences.caller_ids).to_be_visible()  # without a reload
    expect(preferences.caller_ids).to_contain_text(HINT)
    expect(preferences.page.locator(".o_telephony_new_caller_id")).to_have_text("New caller ID")
    preferences.new_caller_id(number, "My mobile")
    code = preferences.code()
    telephone = world.emulator.rings(number)
    preferences.says("calling", "We are calling +32 471")
    telephone.answer()
    preferences.says("waiting", "Enter the code on the phone.")
    assert preferences.code() == code
    telephone.press(code)
    preferences.says("verified", "is verified.")
    expect(preferences.page.locator(".o_telephony_code_digit")).to_have_count(0)
    telephone.is_released()
    assert _where_is(world.server.database, number.removeprefix("+")), "the search finds texts"
    assert not _where_is(world.server.database, code)
    assert code not in world.server.program.read(0)
    preferences.page.locator(".o_telephony_verification_done").click()
    row = preferences.caller_ids.locator(".o_telephony_caller_id_row")
    expect(row).to_contain_text("My mobile")
    preferences.leave()

    phone = Softphone(demo)
    expect(demo.page.locator(".o_telephony_shown_number")).to_contain_text("+32 471")
    phone.dial(customer.written)
    assert world.emulator.rings(customer.number).leg["from"] == number
    assert not demo.page.locator(".o_telephony_chooser").count()
    phone.hang_up().has_ended("canceled")


@pytest.mark.parametrize(
    ("reaction", "state", "words"),
    [
        ("wrong code", "failed", "The code was not entered correctly. Call again?"),
        ("no-answer", "failed", "No one answered at +32 471"),
        ("too late", "expired", "The code has expired. Call again?"),
    ],
)
def test_a_verification_that_fails(world, agent, allowed, numbers, reaction, state, words):
    """Z11 Z12: the page shows the failure without a reload, and calls again at a click."""
    number, _written = numbers()
    # The call ends by itself if no code is typed, and then the verification has failed. It must not
    # end before the page has learned, on a slow machine too, that the code has expired.
    world.emulator.post("settings", code_seconds=600)
    demo = agent("demo")
    demo.open()
    preferences = Preferences(Softphone(demo)).open().new_caller_id(number, "Home")
    code = preferences.code()
    telephone = world.emulator.rings(number)
    if reaction == "wrong code":
        telephone.answer().press(f"{(int(code) + 1) % 1_000_000:06d}")
    elif reaction == "no-answer":
        telephone.reject("no-answer")
    else:
        telephone.answer()
        preferences.says("waiting", "Enter the code")
        database.execute(
            "UPDATE telephony_caller_id SET expires_at = expires_at - interval '6 minutes'"
            " WHERE number = %s",
            number,
            database=world.server.database,
        )
    preferences.says(state, words)
    expect(preferences.page.locator(".o_telephony_code_digit")).to_have_count(0)
    assert not demo.rpc.call("telephony.agent", "softphone_snapshot")["caller_ids"]
    if reaction == "too late":
        telephone.hang_up()
        telephone.is_released()

    preferences.page.locator(".o_telephony_retry").click()
    code = preferences.code()
    world.emulator.rings(number).answer().press(code)
    preferences.says("verified", "is verified.")


def test_numbers_that_cannot_be_a_caller_id(world, agent, allowed):
    """Z10 Z12: without country code, premium, emergency, or our own: refused at the field."""
    demo = agent("demo")
    demo.open()
    preferences = Preferences(Softphone(demo)).open()
    for number, words in (
        ("0471 12 34 56", "Enter the number with its country code"),
        ("+32 903 12 345", "Numbers of this type cannot be used as a caller ID."),
        ("112", "Emergency numbers cannot be called"),
        (SALES, "belongs to your company and needs no verification"),
    ):
        if preferences.page.locator(".o_telephony_new_caller_id").count():
            preferences.new_caller_id(number, "Bad")
        else:
            preferences.page.locator(".o_telephony_caller_id_number").fill(number)
            preferences.page.locator(".o_telephony_verify").click()
        expect(preferences.error).to_contain_text(words)
    assert not world.emulator.live()


def test_verified_before(world, agent, allowed, numbers):
    """Z12: a number that Twilio knows as verified needs no second call."""
    number, _written = numbers()
    demo = agent("demo")
    _verify(world, demo.rpc, number, "Office")
    demo.open()
    preferences = Preferences(Softphone(demo)).open()
    row = preferences.caller_ids.locator(".o_telephony_caller_id_row")
    row.locator(".o_telephony_remove_caller_id").click()
    demo.page.locator(".modal").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    calls = len(world.emulator.get("calls"))
    preferences.new_caller_id(number, "Office again")
    preferences.says("verified", "is verified.")
    assert len(world.emulator.get("calls")) == calls, "nobody was called"
    world.emulator.expected_errors.append("21450")


def _options(page):
    return page.locator(".o_telephony_chooser_option")


def test_several_caller_ids_are_asked_for(world, agent, allowed, customers, numbers):
    """Z09 Z13 Z14: chosen at each call, also by keyboard; the contact's last one is marked."""
    customer, other = customers("Tine Aerts"), customers("Ulrike Bos")
    (first, _written), (second, _written) = numbers(), numbers()
    demo = agent("demo")
    _verify(world, demo.rpc, first, "A mobile")
    _verify(world, demo.rpc, second, "B office")
    demo.open()
    phone = Softphone(demo).open()
    page = demo.page

    def ask(number):
        phone.type_number(number).call_button.click()
        expect(_options(page).and_(page.locator("[data-kind=caller_id]"))).to_have_count(2)
        expect(page.locator(".modal")).to_contain_text(HINT)

    def ends(shown, target):
        assert world.emulator.rings(target.number).leg["from"] == shown
        phone.hang_up().has_ended("canceled")
        phone.done()

    ask(customer.written)
    page.keyboard.press("Escape")
    expect(_options(page)).to_have_count(0)
    assert not world.emulator.live(), "a question without an answer is no call"

    ask(customer.written)
    expect(page.locator(".o_telephony_preselected")).to_contain_text("A mobile")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    ends(second, customer)

    ask(customer.written)
    expect(page.locator(".o_telephony_preselected")).to_contain_text("B office")
    expect(page.locator(".o_telephony_preselected")).to_be_focused()
    page.keyboard.press("Enter")
    ends(second, customer)

    ask(other.written)
    _options(page).filter(has_text="A mobile").click()
    ends(first, other)


def test_the_keypad_changes_what_the_customer_sees(world, agent, allowed, customers, numbers):
    """Z09 Z13 F06: back to the company's number with one click, kept for this customer only."""
    customer, other = customers("Wim Aerts"), customers("Xenia Bos")
    number, _written = numbers()
    demo = agent("demo")
    _verify(world, demo.rpc, number, "My mobile")
    demo.open()
    phone = Softphone(demo).open()
    line = demo.page.locator(".o_telephony_shown_number")
    mine, ours = "+32 471", "+32 2 555 01 00"

    def calls(target, shown):
        phone.call_button.click()
        assert world.emulator.rings(target.number).leg["from"] == shown
        phone.hang_up().has_ended("canceled")
        phone.done()

    phone.type_number(customer.written)
    expect(line).to_contain_text(mine)
    line.focus()
    demo.page.keyboard.press("Enter")
    choice = demo.page.locator(".o_telephony_sender", has_text=ours)
    expect(demo.page.locator(".o_telephony_sender_menu")).to_contain_text(HINT)
    choice.click()
    expect(line).to_contain_text(ours)
    calls(customer, SALES)
    phone.type_number(other.written)
    expect(line).to_contain_text(mine)
    calls(other, number)
    phone.type_number(customer.written)
    expect(line).to_contain_text(ours)  # without a click
    calls(customer, SALES)
    shown = world.admin.search(
        "telephony.call", [("customer_number", "=", customer.number)], ["shown_as"]
    )
    assert [call["shown_as"] for call in shown] == [ours, ours]


def test_what_a_client_sends_is_checked(world, agent, allowed, arrange, customers, numbers):
    """Z12 Z13: an unverified, foreign or withdrawn caller ID is refused in any request."""
    customer = customers("Vic Leys")
    (mine, _written), (foreign, _written), (open_one, _written) = numbers(), numbers(), numbers()
    demo, carla = agent("demo"), arrange.phone_user("Carla")
    arrange.agent(carla, allow_caller_id=True)
    own_id = _verify(world, demo.rpc, mine, "Mine")
    foreign_id = _verify(world, carla, foreign, "Carla's")
    open_id = demo.rpc.call("telephony.caller.id", "start_verification", open_one, "Not yet")["id"]
    world.emulator.rings(open_one).reject("busy")

    def forge(caller_id):
        with pytest.raises(RuntimeError) as refused:
            demo.rpc.call("telephony.call", "dial", customer.number, caller_id_id=caller_id)
        assert "UserError" in str(refused.value) or "AccessError" in str(refused.value)

    for caller_id in (foreign_id, open_id, 999_999_999):
        forge(caller_id)

    demo.open()
    preferences = Preferences(Softphone(demo)).open()
    expect(preferences.caller_ids).to_contain_text("Mine")
    arrange.agent(demo.rpc, allow_caller_id=False)
    expect(preferences.caller_ids).to_have_count(0)
    forge(own_id)
    assert not world.server.find_calls(world.admin, customer.number)
    [kept] = world.admin.search("telephony.caller.id", [("id", "=", own_id)], ["state"])
    assert kept["state"] == "verified", "the history is kept"

    preferences.leave()
    phone = Softphone(demo).dial(customer.written)
    assert world.emulator.rings(customer.number).leg["from"] == SALES
    phone.hang_up().has_ended("canceled")
