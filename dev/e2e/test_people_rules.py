"""A company's rules about destinations, and an administrator's exception."""

import pytest
from playwright.sync_api import expect

from harness.pages import Softphone

PREMIUM, WRITTEN = "+3290312345", "0903 12 345"
RULE = "Your company does not allow calls to premium-rate numbers."


def test_a_rule_stops_a_phone_user(world, agent):
    """Z16 Z29: a premium number is refused with its sentence, before anything rings."""
    demo = agent("demo")
    demo.open()
    phone = Softphone(demo).open().type_number(WRITTEN)
    phone.call_button.click()
    expect(phone.error).to_have_text(RULE)
    phone.is_idle()
    assert not world.emulator.live()
    assert not world.server.find_calls(world.admin, PREMIUM)
    with pytest.raises(RuntimeError, match="premium-rate numbers"):
        demo.rpc.call("telephony.call", "dial", PREMIUM, override_reason="Because I want to.")


def test_a_manager_gives_a_reason(world, agent):
    """Z16 Z29: an administrator calls all the same, and the reason is kept with the call.

    The Twilio account may call premium-rate numbers of Belgium, which is not so by default.
    """
    world.emulator.post("permissions", special=["BE"])
    admin = agent("admin")
    admin.open()
    phone = Softphone(admin).open().type_number(WRITTEN)
    phone.call_button.click()
    question = admin.page.locator(".modal")
    expect(question).to_contain_text(RULE)
    expect(question.locator(".o_telephony_call_anyway")).to_be_disabled()
    assert not world.emulator.live()
    question.locator(".o_telephony_reason").fill("The supplier's only line")
    question.locator(".o_telephony_call_anyway").click()
    world.emulator.rings(PREMIUM)
    phone.hang_up().has_ended("canceled")
    [call] = world.admin.search(
        "telephony.call", [("customer_number", "=", PREMIUM)], ["override_reason", "user_id"]
    )
    assert call["override_reason"] == "The supplier's only line"
    assert call["user_id"][0] == admin.rpc.uid
