"""Missing rights, blocked microphones, and late loading."""

import pytest
from playwright.sync_api import expect

from harness.pages import Softphone, open_record
from harness.polling import until

MICROPHONE = "The microphone is blocked for this page."


@pytest.fixture(scope="session")
def clerk(admin, server):
    """Return the session of a salesperson who is not an agent."""
    admin.create(
        "res.users",
        name="Clara Clerk",
        login="clerk",
        password="clerk",
        group_ids=[
            (
                6,
                0,
                [
                    admin.ref("base.group_user"),
                    admin.ref("sales_team.group_sale_salesman_all_leads"),
                ],
            )
        ],
    )
    return server.rpc("clerk")


def test_without_the_right_there_is_no_telephone(world, agent, customers, clerk):
    """Z01: no icon, no call buttons, plain telephone links, and no request to the server."""
    customer = customers("Hugo Lambert")
    person = agent("clerk", rpc=clerk, hz=550, first_use=True)
    page = open_record(person, "res.partner", customer.id)
    link = page.locator(".o_field_widget[name=phone] a[href^='tel:']").first
    expect(link).to_have_attribute("href", f"tel:{customer.written.replace(' ', '')}")
    expect(page.locator(".o_telephony_phone_call")).to_have_count(0)
    expect(page.locator(".o_telephony_systray")).to_have_count(0)
    expect(page.locator("button[name=action_view_telephony_calls]")).to_have_count(0)
    asked = [url for url in person.requested if "telephony." in url or "/telephony/" in url]
    assert not [url for url in asked if "call_kw" in url or "token" in url], asked
    # Nor is the softphone loaded, which would show its icon a little later.
    assert not [url for url in person.requested if "assets_softphone" in url]


def test_blocked_microphone_when_calling(world, agent, customers):
    """Z05: without a microphone nothing is dialed, and the sentence explains what to do."""
    customer = customers("Ingrid Pauwels")
    admin = agent("admin", hz=0)
    admin.open()
    phone = Softphone(admin).open()
    phone.type_number(customer.written).call_button.click()
    expect(phone.error).to_contain_text(MICROPHONE)
    phone.is_idle()
    assert not world.server.find_calls(world.admin, customer.number)


def test_blocked_microphone_when_called(world, agent, customers):
    """Z05 Z17: an accepted call without a microphone is given back, and rings again."""
    customer = customers("Joris Devos")
    admin = agent("admin", hz=0).ready()
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Joris Devos")
    phone.accept_button.click()
    expect(phone.error).to_contain_text(MICROPHONE)
    assert not telephone.over
    phone.rings("Joris Devos")
    call = world.server.find_calls(world.admin, customer.number)[0]
    assert call["state"] != "ended" and not call["user_id"]
    phone.decline_button.click()
    telephone.is_released()
    assert world.server.ended_call(world.admin, customer.number)["outcome"] == "missed"


def test_the_voice_sdk_is_fetched_with_the_first_call(world, agent, customers):
    """Z05: a page that makes no call loads neither the Voice SDK nor a token."""
    customer = customers("Karen Maes")
    admin = agent("admin", fresh=True)
    admin.open()
    phone = Softphone(admin).open()
    expect(phone.call_button).to_be_visible()

    def fetched(part):
        return [url for url in admin.requested if part in url]

    sdk = world.admin.search("telephony.account", [], ["voice_sdk_url"])[0]["voice_sdk_url"]
    assert not fetched(sdk) and not fetched("/telephony/token")
    for count in (1, 2):
        phone.type_number(customer.written).call_button.click()
        world.emulator.rings(customer.number)
        phone.hang_up().has_ended("canceled")
        phone.done()
        assert len(fetched(sdk)) == 1, "the SDK stays"
        assert len(fetched("/telephony/token")) == count, "a token for every call"


def test_lost_signalling_in_a_call(world, agent, customers):
    """Z20: the connection to the provider breaks and returns; the call and its sound continue."""
    customer = customers("Lieve Hermans")
    admin = agent("admin")
    admin.open()
    phone = Softphone(admin).dial(customer.written)
    telephone = world.emulator.rings(customer.number).answer()
    phone.is_talking()
    telephone.hears(admin.hz)
    assert world.emulator.post("signalling/drop")["cut"] == 1
    until(world.emulator.agent_legs, "the leg survives")
    phone.is_talking()
    telephone.hears(admin.hz)
    phone.hang_up().has_ended("answered")
    telephone.is_released()
