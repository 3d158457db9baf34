"""The auth token is replaced at Twilio: no call, no webhook and no recording is lost."""

import pytest
from playwright.sync_api import expect

from harness.emulator import CUSTOMER
from harness.pages import Softphone
from harness.people_pages import enter_credentials, open_settings, press
from harness.polling import until

# The emulator's well-known development account (dev/twilio_emulator/defaults.py).
AUTH_TOKEN = "e" * 32
_RESTORE = """
env["telephony.account"].search([("company_id", "=", env.ref("base.main_company").id)]).write(
    {{"auth_token": "{token}", "secondary_auth_token": False}}
)
env.cr.commit()
"""


@pytest.fixture
def old_token(world):
    """Restore the token that all other stories use."""
    yield
    world.emulator.post("auth_token/secondary", auth_token=AUTH_TOKEN)
    world.emulator.post("auth_token/promote")
    world.server.shell(_RESTORE.format(token=AUTH_TOKEN))


def _enter_secondary(person, token):
    """Enter a secondary token on the screen, which asks for the password first."""
    person.open("/odoo/settings", wait=".settings_tab")
    page = open_settings(person)
    enter_credentials(page, "Change Credentials", secondary_auth_token=token)
    Softphone(person).says("The account is connected.")
    return page


def _stored(world, number):
    [call] = world.admin.search("telephony.call", [("customer_number", "=", number)], ["id"])
    return world.admin.search(
        "telephony.recording", [("call_id", "=", call["id"]), ("state", "=", "stored")], ["id"]
    )


def test_token_promoted_during_a_conversation(world, agent, customers, numbers, arrange, old_token):
    """Z18 Z29: the hang-up, the recording and the next call work with the new token."""
    token = world.emulator.post("auth_token/secondary")["auth_token"]
    admin = agent("admin")
    page = _enter_secondary(admin, token)
    assert token not in page.content()
    arrange.write("telephony.number", arrange.number_id(), recording_mode="always")
    customer = customers("Paul Peeters")
    demo = agent("demo").ready()
    phone = Softphone(demo).dial(customer.number)
    telephone = world.emulator.rings(customer.number).answer()
    phone.is_talking()
    recording = world.emulator.recording_of(telephone)
    until(lambda: recording()["length"] > 1, "a second is recorded")

    world.emulator.post("auth_token/promote")
    # Each request is refused with the old token first.
    world.emulator.expected_errors.append("20003")
    phone.hang_up().has_ended("answered")
    telephone.is_released()
    assert world.server.ended_call(world.admin, customer.number)["outcome"] == "answered"
    until(lambda: _stored(world, customer.number), "the recording is stored in Odoo")
    phone.done()

    number, _written = numbers()
    caller = world.emulator.calls_us(number)
    phone.rings()
    phone.accept().is_talking()
    caller.hears(demo.hz)
    demo.hears(CUSTOMER)
    phone.hang_up().has_ended("answered")
    caller.is_released()

    page = open_settings(admin)
    press(page, "Fix It", "#telephony_diagnosis")
    line = page.locator(".o_field_widget[name=line_ids] .o_data_row", has_text="Auth Tokens")
    expect(line).to_contain_text("Twilio uses the new auth token now")
    press(page, "Drop the Refused Token", ".o_field_widget[name=line_ids]")
    expect(line).to_have_count(0)
    expect(page.locator(".o_data_row", has_text="Credentials")).to_contain_text("Good")
