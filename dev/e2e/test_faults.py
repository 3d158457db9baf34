"""A faulty network between provider and Odoo: the record is right all the same."""

import pytest
from playwright.sync_api import expect

from harness.emulator import CUSTOMER
from harness.pages import Softphone
from harness.polling import until

UNTIDY = [
    {"kind": "duplicate", "seconds": 1.5},
    {"kind": "shuffle", "seconds": 1.5},
    {"kind": "delay", "seconds": 0.4, "probability": 0.5},
]


#: A refusal, and an answer that is lost, late, or an error although the request was carried out.
TROUBLE = {"429": {}, "lost": {}, "slow": {"seconds": 7}, "503_done": {}}


@pytest.mark.parametrize("kind", TROUBLE)
def test_rest_trouble_when_the_customer_is_called(world, agent, customers, kind):
    """Z16 Z20: after refusals, an outage or a lost answer the customer rings exactly once."""
    customer = customers(f"Customer {kind}")
    admin = agent("admin")
    admin.open()
    world.emulator.post(
        "faults", kind=kind, path="Participants", method="POST", count=1, **TROUBLE[kind]
    )
    phone = Softphone(admin).dial(customer.written)
    telephone = world.emulator.rings(customer.number)
    telephone.answer()
    phone.is_talking()
    telephone.hears(admin.hz)
    admin.hears(CUSTOMER)
    legs = [leg for leg in world.emulator.get("calls") if leg["to"] == customer.number]
    assert len(legs) == 1
    phone.hang_up().has_ended("answered")
    telephone.is_released()
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] == "answered"


def test_call_without_the_first_events_of_its_conference_can_be_held(world, agent, customers):
    """Both joins, which name the conference, are lost: it is found by its name."""
    customer = customers("Hugo Wouters")
    admin = agent("admin").ready()
    world.emulator.post("faults", kind="drop", path="/conference", count=2)
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Hugo Wouters")
    phone.accept().is_talking()
    telephone.hears(admin.hz)
    phone.call.locator(".o_telephony_hold").click()
    until(lambda: _get_hold(telephone) is True, "the customer is on hold")
    expect(phone.call.locator(".o_telephony_state")).to_have_text("On hold")
    phone.call.locator(".o_telephony_hold").click()
    until(lambda: _get_hold(telephone) is False, "the customer is back")
    telephone.hears(admin.hz)
    phone.hang_up().has_ended("answered")
    telephone.is_released()


def _get_hold(telephone):
    conference = telephone.leg["conference"]
    return conference and conference["hold"]


def test_failed_call_says_why(world, agent, customers):
    """The network's code becomes a sentence in the end view and in the form of the call."""
    customer = customers("Ivo Claes")
    admin = agent("admin")
    admin.open()
    world.emulator.post(
        "refusals", **{customer.number: {"status": "failed", "SipResponseCode": 404}}
    )
    phone = Softphone(admin).dial(customer.written)
    assert "not in service" in phone.has_ended("failed")
    call = world.server.ended_call(world.admin, customer.number)
    [read] = world.admin.search("telephony.call", [("id", "=", call["id"])], ["failure_message"])
    assert "not in service" in read["failure_message"]


def test_the_provider_does_not_answer_at_all(world, agent, customers):
    """Z16: a lasting outage is explained in words, and the call is recorded as failed."""
    customer = customers("Marc Janssens")
    admin = agent("admin")
    admin.open()
    world.emulator.post("faults", kind="5xx", path="Participants", method="POST")
    phone = Softphone(admin).dial(customer.written)
    assert len(phone.has_ended("failed")) > 10
    assert not phone.ended.get_by_text("Traceback").count()
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] == "failed" and call["failure_reason"]
    world.emulator.post("faults")
    until(lambda: not world.emulator.agent_legs(), "the agent's leg is released")


def test_untidy_events_of_an_outgoing_call(world, agent, customers):
    """Z20 Z30: every webhook twice, late and in disorder gives the same record."""
    customer = customers("Nele Smet")
    admin = agent("admin")
    admin.open()
    world.emulator.post("faults", faults=UNTIDY)
    phone = Softphone(admin).dial(customer.written)
    telephone = world.emulator.rings(customer.number).answer()
    phone.is_talking()
    telephone.hears(admin.hz)
    until(lambda: phone.seconds() >= 2, "two seconds of conversation")
    telephone.hang_up()
    phone.has_ended("answered")
    _check_final(world, customer, "outgoing", "customer")


def test_untidy_events_of_an_incoming_call(world, agent, customers):
    """Z20 Z30: the same promise for an incoming call."""
    customer = customers("Oona Bauwens")
    admin = agent("admin").ready()
    world.emulator.post("faults", faults=UNTIDY)
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Oona Bauwens")
    phone.accept().is_talking()
    telephone.hears(admin.hz)
    until(lambda: phone.seconds() >= 2, "two seconds of conversation")
    phone.hang_up().has_ended("answered")
    telephone.is_released()
    _check_final(world, customer, "incoming", "agent")


def _check_final(world, customer, direction, ended_by):
    call = world.server.ended_call(world.admin, customer.number)

    def all_told():
        legs = world.server.legs(world.admin, call)
        assert [leg["status"] for leg in legs] == ["ended"] * 2, legs
        return legs

    legs = until(all_told, "both legs have ended")
    [call] = world.server.find_calls(world.admin, customer.number)
    assert call["direction"] == direction and call["outcome"] == "answered"
    assert call["state"] == "ended" and call["ended_by"] == ended_by
    assert 1 <= call["duration"] <= 30
    assert call["started_at"] <= call["answered_at"] <= call["ended_at"]
    assert all(leg["ended_at"] for leg in legs)
    messages = world.admin.search(
        "mail.message",
        [("model", "=", "res.partner"), ("res_id", "=", customer.id), ("body", "ilike", "call")],
        ["body"],
    )
    assert len(messages) == 1, "one line in the chatter"
    expect(Softphone(world.agents[0]).call).to_have_count(0)
