"""Fifty agents pick up the same caller, over two Odoo servers with one database."""

import pytest
import requests
from twilio.request_validator import RequestValidator

from harness.crowd import all_at_once, make_crowd
from harness.emulator import SALES
from harness.odoo_server import TwinServer
from harness.polling import until

COUNT = 50
# The emulator's well-known development account, as in dev/lib/seed.py.
ACCOUNT_SID, AUTH_TOKEN = "AC" + "e" * 32, "e" * 32


@pytest.fixture(scope="module")
def twin(server):
    """Run a second server beside the first one."""
    twin = TwinServer(server)
    twin.start()
    yield twin
    twin.stop()


@pytest.fixture(scope="module")
def racers(server, twin, admin):
    """Return fifty agents, half of them at each server; they are removed afterwards."""
    racers = make_crowd(server.database, COUNT, [server.url, twin.url])
    yield racers
    agents = [racer.agent for racer in racers]
    admin.call("telephony.agent", "write", agents, {"active": False})


def _tell(server, url, path, **form):
    """Send a request as the provider to one of the servers and return the answer."""
    form["AccountSid"] = ACCOUNT_SID
    # The signature covers the public address, which is the first server's.
    signature = RequestValidator(AUTH_TOKEN).compute_signature(
        f"http://127.0.0.1:{server.http_port}{path}", form
    )
    return requests.post(
        url + path, data=form, headers={"X-Twilio-Signature": signature}, timeout=60
    ).text


def _connect(server, racer, uuid):
    """Connect a browser."""
    return _tell(
        server,
        racer.url,
        "/telephony/twilio/client",
        CallSid=f"CA{racer.user:032x}",
        To="",
        uuid=uuid,
        From=f"client:{racer.identity}",
        Direction="inbound",
        CallStatus="ringing",
    )


def test_fifty_pick_up_one_caller(world, twin, racers, customers, arrange):
    """Z25 Z26: one agent has the caller, 49 read the winner's name, and one conference exists."""
    rpc, caller = world.admin, customers("Wilma Jonckheere")
    queue_id = rpc.create(
        "telephony.queue", name="Race", agent_ids=[(6, 0, [racers[0].agent])], ring_seconds=120
    )
    arrange.flow({"name": "Line", "kind": "queue", "queue_id": queue_id})
    telephone = world.emulator.calls_us(caller.number)
    telephone.in_queue()
    start = twin.program.size()
    [row] = until(lambda: rpc.call("telephony.call", "queued_calls"), "the caller waits")
    answers = all_at_once(racers, lambda racer: racer.call("pick_up", row["uuid"]))

    assert not [answer["error"]["data"]["debug"] for answer in answers if "error" in answer]
    results = [answer["result"] for answer in answers]
    [winner] = [racer for racer, result in zip(racers, results, strict=True) if result["accepted"]]
    said = [result["message"] for result in results if not result["accepted"]]
    assert said == [f"This call was already answered by {winner.name}."] * (COUNT - 1)
    [call] = world.server.find_calls(rpc, caller.number)
    assert call["user_id"] == [winner.user, winner.name]
    assert call["timeline"].count(" answered.") == 1

    # All browsers connect all the same; one is let in.
    documents = all_at_once(racers, lambda racer: _connect(world.server, racer, row["uuid"]))
    joined = [racer for racer, text in zip(racers, documents, strict=True) if "<Conference" in text]
    assert joined == [winner]
    assert telephone.in_conference() == row["uuid"]
    rooms = [
        leg["conference"]["friendly_name"] for leg in world.emulator.live() if leg["conference"]
    ]
    assert rooms == [row["uuid"]]
    until(
        lambda: world.server.find_calls(rpc, caller.number)[0]["state"] == "in_progress",
        "they speak",
    )
    assert "error" not in winner.call("hang_up", row["uuid"])
    telephone.is_released()
    assert world.server.ended_call(rpc, caller.number)["outcome"] == "answered"
    assert not twin.problems(start)


def test_callers_at_once_ring_at_different_people(world, twin, racers, numbers, arrange):
    """Z29: with round robin over two servers, every agent is rung exactly once."""
    rpc = world.admin
    states = rpc.search(
        "telephony.agent", [("id", "in", [racer.agent for racer in racers])], ["state"]
    )
    # Agents may still be in the wrap-up of an earlier call.
    free = {state["id"] for state in states if state["state"] == "available"}
    people = [racer for racer in racers if racer.agent in free][:4]
    arrange.flow(
        {
            "name": "Turns",
            "kind": "ring",
            "ring_strategy": "round_robin",
            "ring_seconds": 120,
            "agent_ids": [(6, 0, [person.agent for person in people])],
        }
    )
    callers = {person: numbers()[0] for person in people}

    def call(person):
        return _tell(
            world.server,
            person.url,
            "/telephony/twilio/voice",
            To=SALES,
            CallSid=f"CA{person.user:031x}f",
            From=callers[person],
            CallStatus="ringing",
        )

    documents = all_at_once(people, call)
    assert all("<Enqueue" in document for document in documents), documents
    calls = rpc.search("telephony.call", [("customer_number", "in", list(callers.values()))], [])
    offers = rpc.search(
        "telephony.offer",
        [
            ("call_id", "in", [found["id"] for found in calls]),
        ],
        ["agent_id", "state"],
    )
    assert {offer["state"] for offer in offers} == {"offered"}
    assert sorted(offer["agent_id"][0] for offer in offers) == sorted(
        person.agent for person in people
    )
    for person in people:
        _tell(
            world.server,
            person.url,
            "/telephony/twilio/status",
            CallStatus="completed",
            CallSid=f"CA{person.user:031x}f",
            CallDuration="1",
        )
