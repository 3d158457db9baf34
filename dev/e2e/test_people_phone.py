"""Calls through a custom phone in place of the browser."""

import pytest
from playwright.sync_api import expect

from harness.emulator import CUSTOMER, SALES
from harness.pages import Softphone
from harness.people_pages import Preferences, press
from harness.polling import stays, until
from test_queue import make_queue

#: Hz of the agent's own telephone.
MINE = 1300


@pytest.fixture
def own_phone(arrange, sessions, numbers):
    """Return the number of a telephone, and restore the preferences afterwards."""
    arrange.agent(sessions["demo"], call_via="browser", phone_number=False, press_to_accept=True)
    return numbers()


def _saved(world, demo):
    [row] = world.admin.search(
        "telephony.agent", [("user_id", "=", demo.rpc.uid)], ["call_via", "phone_number"]
    )
    return row["call_via"], row["phone_number"]


def _use(demo, own_phone):
    """Switch to the custom phone without the screen."""
    number, _written = own_phone
    demo.rpc.call(
        "telephony.agent", "save_preferences", {"call_via": "phone", "phone_number": number}
    )
    return number


def test_the_number_is_asked_for_and_checked(world, agent, own_phone, numbers):
    """Z04 Z06 Z07: missing, wrong and right numbers, on the panel and in My Preferences."""
    number, written = own_phone
    demo = agent("demo")
    demo.open()
    preferences = Preferences(Softphone(demo)).open()
    expect(preferences.via_browser).to_be_checked()
    preferences.via_phone.check()
    expect(demo.page.locator("#o_telephony_phone_number_help")).to_have_text(
        "Enter the phone number to use."
    )
    assert _saved(world, demo) == ("browser", False)
    preferences.type_number("12 34")
    expect(preferences.error).to_contain_text("“12 34” is not a valid phone number.")
    expect(preferences.number).to_have_attribute("aria-invalid", "true")
    assert _saved(world, demo) == ("browser", False)
    preferences.type_number(written)
    expect(preferences.saved).to_contain_text("Saved")
    expect(preferences.error).to_have_count(0)
    assert _saved(world, demo) == ("phone", number)
    expect(demo.page.locator(".o_telephony_custom_phone .o_telephony_flag")).to_be_visible()

    demo.page.locator(".o_user_menu button").first.click()
    demo.page.get_by_role("menuitem", name="My Preferences").click()
    form = demo.page.locator(".o_form_view", has=demo.page.locator("[name=telephony_call_via]"))
    field = form.locator(".o_field_widget[name=telephony_phone_number] input")
    expect(field).to_have_value(number)
    other, _written = numbers()
    field.fill(other)
    with demo.page.expect_event("domcontentloaded"):  # Odoo reloads the page by itself
        press(demo.page, "Update Preferences", ".modal")
    assert _saved(world, demo) == ("phone", other)
    demo.open()
    preferences.open()
    expect(preferences.via_phone).to_be_checked()
    until(
        lambda: preferences.number.input_value().replace(" ", "") == other,
        "the panel shows what the form has saved",
    )
    preferences.via_browser.check()
    expect(preferences.saved).to_contain_text("Saved")
    assert _saved(world, demo)[0] == "browser"


def test_calling_out_through_the_own_phone(world, agent, customers, own_phone):
    """Z06: the custom phone rings first, then the customer's; they hear each other."""
    customer = customers("Olga Simons")
    demo = agent("demo")
    number = _use(demo, own_phone)
    demo.open()
    phone = Softphone(demo).dial(customer.written)
    mine = world.emulator.rings(number)
    assert mine.leg["from"] == SALES, "the user sees the company's number"
    mine_state = demo.page.locator(".o_telephony_leg_phone")
    customer_state = demo.page.locator(".o_telephony_leg_customer")
    expect(mine_state).to_contain_text("Your phone is ringing")
    expect(customer_state).to_contain_text("The customer is called once you answer.")
    world.emulator.post(f"calls/{mine.sid}/answer", tone=MINE)
    mine.hears_words("Press 1 to call Brabant Office Supplies, Olga Simons.")
    expect(mine_state).to_contain_text("Press 1 on your phone.")
    assert not world.emulator.live(to=customer.number), "the customer waits for the key"

    mine.press("1")
    telephone = world.emulator.rings(customer.number)
    expect(customer_state).to_contain_text("The customer's phone is ringing")
    telephone.answer()
    expect(customer_state).to_contain_text("The customer is connected.")
    expect(mine_state).to_contain_text("Your phone is connected.")
    telephone.hears(MINE)
    mine.hears(CUSTOMER)
    assert not world.emulator.agent_legs(), "the browser has no sound of its own"
    phone.hang_up().has_ended("answered")
    telephone.is_released()
    mine.is_released()
    call = world.server.ended_call(world.admin, customer.number)
    assert call["direction"] == "outgoing" and call["user_id"][0] == demo.rpc.uid


@pytest.mark.parametrize(
    ("reaction", "words"),
    [
        ("busy", "Your phone is busy. The customer was not called."),
        ("no-answer", "You did not answer your phone. The customer was not called."),
        ("no key", "You did not answer your phone. The customer was not called."),
    ],
)
def test_nobody_at_the_own_phone(world, agent, customers, own_phone, reaction, words):
    """Z06: without a confirmed answer at the custom phone, the customer is never called."""
    customer = customers("Paul Devos")
    demo = agent("demo")
    number = _use(demo, own_phone)
    demo.open()
    phone = Softphone(demo).dial(customer.written)
    mine = world.emulator.rings(number)
    if reaction == "no key":
        mine.answer()
        mine.hears_words("Press 1 to call")
        mine.hang_up()
    else:
        mine.reject(reaction)
    assert phone.has_ended() == words
    assert not [leg for leg in world.emulator.get("calls") if leg["to"] == customer.number]
    call = world.server.ended_call(world.admin, customer.number)
    assert not call["answered_at"] and call["failure_reason"] == words


def _incoming(world, agent, arrange, customer, own_phone):
    """Ring a browser and a telephone with one incoming call."""
    demo = agent("demo")
    number = _use(demo, own_phone)
    arrange.flow(
        {
            "name": "Desk",
            "kind": "ring",
            "agent_ids": [(6, 0, [arrange.agent_id(demo.rpc)])],
        }
    )
    demo.ready()
    phone = Softphone(demo)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings(customer.name)
    mine = world.emulator.rings(number)
    assert mine.leg["from"] == SALES
    return demo, phone, telephone, mine


def test_accepting_on_the_own_phone(world, agent, customers, arrange, own_phone):
    """Z06 Z17: the custom phone rings together with the browser, and key 1 takes the call."""
    customer = customers("Quinten Bos")
    _demo, phone, telephone, mine = _incoming(world, agent, arrange, customer, own_phone)
    world.emulator.post(f"calls/{mine.sid}/answer", tone=MINE)
    mine.hears_words("Call from Brabant Office Supplies, Quinten Bos. Press 1 to accept.")
    stays(lambda: phone.card.is_visible(), "an answer without the key takes nothing", 0.5)
    mine.press("1")
    phone.is_ringing_no_more()
    telephone.hears(MINE)
    mine.hears(CUSTOMER)
    expect(phone.call).to_have_attribute("data-state", "in_progress")
    assert not world.emulator.agent_legs()
    phone.hang_up().has_ended("answered")
    telephone.is_released()
    mine.is_released()
    assert world.server.ended_call(world.admin, customer.number)["outcome"] == "answered"


def test_accepting_in_the_page(world, agent, customers, arrange, own_phone):
    """Z06 Z17: accepting in the page claims the call, and the custom phone carries the sound."""
    customer = customers("Roos Timmers")
    _demo, phone, telephone, mine = _incoming(world, agent, arrange, customer, own_phone)
    phone.accept()
    mine_state = phone.page.locator(".o_telephony_leg_phone")
    expect(mine_state).to_contain_text("Your phone is ringing")
    expect(phone.page.locator(".o_telephony_leg_customer")).to_have_text("The customer is waiting.")
    world.emulator.post(f"calls/{mine.sid}/answer", tone=MINE)
    mine.hears_words("Press 1 to accept.")
    mine.press("1")
    telephone.hears(MINE)
    mine.hears(CUSTOMER)
    assert not world.emulator.agent_legs(), "the browser has no sound of its own"
    phone.hang_up().has_ended("answered")
    telephone.is_released()
    mine.is_released()


def test_picking_up_a_waiting_caller(world, agent, customers, arrange, own_phone):
    """Z06 Z18 Z25 Z26: one click goes online and answers on the custom phone; mute and keys."""
    customer = customers("Tom Wuyts")
    carla = agent("carla", rpc=arrange.phone_user("Carla")).ready()
    queue = make_queue(world, "Own phones", [arrange.agent(carla.rpc)])
    arrange.flow({"name": "Wait", "kind": "queue", "queue_id": queue})
    demo = agent("demo")
    number = _use(demo, own_phone)
    demo.rpc.call("telephony.agent", "set_status", "offline")
    demo.open()
    phone = Softphone(demo).open()
    telephone = world.emulator.calls_us(customer.number)
    phone.page.locator(".o_telephony_tab_queue").click()
    row = phone.page.locator(".o_telephony_queue_row", has_text=customer.name)
    answer = row.get_by_role("button", name=f"Go online and answer {customer.name}")
    answer.focus()
    phone.page.keyboard.press("Enter")
    mine = world.emulator.rings(number)
    expect(phone.page.locator(".o_telephony_leg_phone")).to_contain_text("Your phone is ringing")
    assert demo.rpc.call("telephony.agent", "softphone_snapshot")["agent"]["status"] == "online"
    mine.reject("busy")
    phone.says("Your phone is busy. The caller is waiting again.")

    phone.page.locator(".o_telephony_tab_queue").click()
    row.locator(".o_telephony_row_answer").click()
    mine = world.emulator.rings(number)
    world.emulator.post(f"calls/{mine.sid}/answer", tone=MINE)
    mine.hears_words("Press 1 to accept.")
    mine.press("1")
    telephone.hears(MINE)
    mine.hears(CUSTOMER)
    assert not world.emulator.agent_legs(), "the browser has no sound of its own"

    mute = phone.page.locator(".o_telephony_call .o_telephony_mute")
    mute.click()
    expect(mute).to_have_attribute("aria-pressed", "true")
    telephone.hears_silence()
    mine.hears(CUSTOMER)
    mute.click()
    telephone.hears(MINE)
    phone.page.locator(".o_telephony_keypad_toggle").click()
    phone.press("42#")
    until(lambda: telephone.leg["digits_received"] == "42#", "the customer receives the keys")
    assert not mine.leg["digits_received"], "only the customer receives them"
    phone.hang_up().has_ended("answered")
    telephone.is_released()


def test_reachable_without_a_browser(world, agent, customers, arrange, own_phone, sessions):
    """Z02 Z06: with a custom phone, being online needs no open page."""
    customer = customers("Stef Wuyts")
    demo = sessions["demo"]
    number, _written = own_phone
    demo.call("telephony.agent", "save_preferences", {"call_via": "phone", "phone_number": number})
    demo.call("telephony.agent", "set_status", "online")
    arrange.flow(
        {
            "name": "Desk",
            "kind": "ring",
            "agent_ids": [(6, 0, [arrange.agent_id(demo)])],
        }
    )
    telephone = world.emulator.calls_us(customer.number)
    mine = world.emulator.rings(number)
    world.emulator.post(f"calls/{mine.sid}/answer", tone=MINE)
    mine.hears_words("Press 1 to accept")
    mine.press("1")
    telephone.hears(MINE)
    mine.hears(CUSTOMER)
    mine.hang_up()
    telephone.hang_up()
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] == "answered" and call["user_id"][0] == demo.uid
