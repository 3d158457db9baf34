"""Requests to the application: signature, retries, fallback, time limit, faults."""

import asyncio

import pytest
import requests
from twilio.request_validator import RequestValidator

from twilio_emulator.faults import Faults
from twilio_emulator.webhooks import Policy, signature

from .world import MOBILE, SALES, SUPPORT, until

FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
HOOK = "mycompany.com%s/myapp.php?foo=1&bar=2"


@pytest.mark.parametrize(
    ("url", "form", "expected"),
    [
        ("https://" + HOOK % "", FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://" + HOOK % ":443", FORM, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://" + HOOK % ":1234", FORM, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        ("http://" + HOOK % ":80", FORM, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        ("http://" + HOOK % "", FORM, "OyGYPqTF6ztdbRNCvuQO/oPvqQ4="),
        (
            "https://crm.example/telephony/voice/inbound?db=prod",
            {
                "From": "+3227123456",
                "FromCity": "",
                "CallerName": "Zoë & Søn",
                "To": "+3228080808",
                "CallSid": "CA" + "0" * 32,
            },
            "wFhW+qsUjz9Q4oVAa5bThkupPtM=",
        ),
        ("https://crm.example/x", {}, "wDZ6UpsUrbT97tnPMxwDiZkJRnQ="),
    ],
)
def test_signature_is_twilios(url, form, expected):
    assert signature("12345", url, list(form.items())) == expected


def test_signature_of_repeated_values():
    pairs = [
        ("Sid", "CA123"),
        ("SidAccount", "AC123"),
        ("Digits", "5678"),
        ("Digits", "1234"),
        ("Digits", "1234"),
    ]
    assert signature("12345", "https://" + HOOK % "", pairs) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


def test_policy_of_an_address():
    policy = Policy.of("rc=3&rp=ct,5xx&ct=2000&tt=60000")
    assert (policy.retries, policy.connect, policy.total) == (3, 2.0, 15.0)
    assert policy.reasons == {"ct", "5xx"}
    assert Policy.of("") == Policy()


async def test_requests_of_a_call_carry_a_valid_signature(world):
    await world.answer_with(SALES, "<Redirect method='GET'>next?a=1&amp;b=%20x</Redirect>")
    world.app.answers["/next"] = "<Hangup/>"
    sid = await world.dial_in()
    await world.until_status(sid, "no-answer")
    judge = RequestValidator(world.config.auth_token)
    post, get = world.app.at("/voice")[0], world.app.at("/next")[0]
    assert judge.validate(post.url, post.form, post.headers["X-Twilio-Signature"])
    assert judge.validate(get.url, {}, get.headers["X-Twilio-Signature"])
    assert post.form["FromCity"] == "" and post.form["CallStatus"] == "ringing"
    assert post.form["Direction"] == "inbound" and get.query["b"] == " x"
    forged = {**post.form, "To": "+1"}
    assert not judge.validate(post.url, forged, post.headers["X-Twilio-Signature"])


async def test_fallback_is_asked_with_the_error(world):
    await world.answer_with(SALES, "", voice_fallback_url=world.app.url + "/fallback")
    world.app.answers["/voice"] = (500, "no", "text/plain")
    world.app.answers["/fallback"] = "<Say>sorry</Say>"
    sid = await world.dial_in()
    await world.until_status(sid, "completed")
    hit = world.app.at("/fallback")[0]
    assert hit.form["ErrorCode"] == "11200" and hit.form["ErrorUrl"].endswith("/voice")
    log = await world.get("webhooks")
    assert [(w["status"], w["error"]) for w in log] == [(500, 11200), (200, 0)]


async def test_call_without_usable_answer_hears_an_apology_and_ends(world):
    await world.answer_with(SALES, "<Nonsense/>")
    sid = await world.dial_in()
    await world.until_call(sid, lambda c: "error" in (c["hears"]["text"] or ""))
    call = await world.until_status(sid, "completed")
    assert call["error_code"] == 12200
    assert (await world.get("webhooks"))[0]["error"] == 12200


async def test_lost_connection_is_tried_once_more_with_the_same_token(world):
    world.emulator.store.number(SALES).touch(voice_url="http://127.0.0.1:9/voice")
    sid = await world.dial_in()
    await world.until_status(sid, "completed")
    log = await world.get("webhooks")
    assert [(w["attempt"], w["status"], w["error"]) for w in log] == [(0, 0, 11205), (1, 0, 11205)]
    assert len({w["token"] for w in log}) == 1


async def test_retries_asked_for_in_the_address(world):
    replies = iter([(503, "", "text/plain"), (503, "", "text/plain"), "<Hangup/>"])
    world.app.answers["/voice"] = lambda hit: next(replies)
    world.emulator.store.number(SALES).touch(voice_url=world.app.url + "/voice#rc=3&rp=5xx")
    sid = await world.dial_in()
    await world.until_status(sid, "no-answer")
    hits = world.app.at("/voice")
    assert len(hits) == 3
    assert len({hit.headers["I-Twilio-Idempotency-Token"] for hit in hits}) == 1
    assert RequestValidator(world.config.auth_token).validate(
        hits[0].url, hits[0].form, hits[0].headers["X-Twilio-Signature"]
    )


async def test_slow_answer_is_given_up(world):
    never = asyncio.Event()

    async def slow(hit):
        await never.wait()

    world.app.answers["/voice"] = slow
    world.emulator.store.number(SALES).touch(voice_url=world.app.url + "/voice#tt=200")
    sid = await world.dial_in()
    await world.until_status(sid, "completed")
    assert (await world.get("webhooks"))[0]["error"] == 11200
    never.set()


async def outgoing(world, **more):
    """Place a call with all callbacks and return the leg's identifier."""
    world.app.answers["/go"] = "<Pause length='600'/>"
    call = await world.rest(
        world.client.calls.create,
        to=MOBILE,
        from_=SALES,
        url=world.app.url + "/go",
        status_callback=world.app.url + "/status",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        **more,
    )
    return call.sid


async def test_status_callbacks_in_order_with_their_numbers(world):
    sid = await outgoing(world)
    await world.until_status(sid, "ringing")
    await world.post(f"calls/{sid}/answer")
    await world.until_status(sid, "in-progress")
    await world.post(f"calls/{sid}/hangup")
    hits = await until(lambda: len(world.app.at("/status")) == 4 and world.app.at("/status"))
    told = {hit.form["SequenceNumber"]: hit.form for hit in hits}
    assert [told[str(n)]["CallStatus"] for n in range(4)] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert int(told["3"]["CallDuration"]) < 10 and "CallDuration" not in told["2"]
    assert told["0"]["CallbackSource"] == "call-progress-events"
    assert told["0"]["Timestamp"].endswith("+0000") and told["0"]["Direction"] == "outbound-api"


async def test_callbacks_can_be_doubled_and_dropped(world):
    await world.post(
        "faults",
        {
            "faults": [
                {"kind": "drop", "path": "status", "count": 1},
                {"kind": "duplicate", "path": "status", "count": 1, "seconds": 0.05},
            ]
        },
    )
    sid = await outgoing(world)
    await world.until_status(sid, "ringing")
    await world.post(f"calls/{sid}/reject")
    await until(lambda: len(world.app.at("/status")) == 3)
    hits = world.app.at("/status")
    ringing = [hit for hit in hits if hit.form["CallStatus"] == "ringing"]
    assert len(ringing) == 2
    assert len({hit.headers["I-Twilio-Idempotency-Token"] for hit in ringing}) == 1
    assert [h.form["CallStatus"] for h in hits if h not in ringing] == ["busy"]


async def test_callbacks_can_be_delayed(world):
    await world.post("faults", {"kind": "delay", "path": "status", "count": 1, "seconds": 0.4})
    sid = await outgoing(world)
    await world.until_status(sid, "ringing")
    await until(lambda: len(world.app.at("/status")) == 2)
    assert [h.form["CallStatus"] for h in world.app.at("/status")] == ["ringing", "initiated"]


async def test_rest_faults(world):
    balance = world.client.balance.fetch
    await world.post(
        "faults",
        {
            "faults": [
                {"kind": "429", "count": 1},
                {"kind": "5xx", "path": "Balance", "count": 1},
            ]
        },
    )
    assert await world.refused(balance) == (429, 20429)
    assert await world.refused(balance) == (503, 20503)
    assert (await world.rest(balance)).balance == "100.00"
    await world.post("faults", {"kind": "wrong"}, 400)


async def test_rest_request_can_hang(world):
    await world.post("faults", {"kind": "timeout", "path": "Queues", "count": 1, "seconds": 0.3})
    assert await world.refused(world.client.queues.create, friendly_name="q") == (504, 20504)
    assert await world.rest(world.client.queues.list) == []
    assert (await world.get("requests"))[0]["duration"] >= 0.3


def test_faults_apply_by_kind_path_count_and_chance():
    faults = Faults()
    faults.set([{"kind": "shuffle", "path": "status", "seconds": 2}])
    delays = [faults.deliveries("status", "http://x")[0][0] for _time in range(50)]
    assert len(set(delays)) == 50
    assert 0 <= min(delays) < max(delays) <= 2
    assert [delay for delay, _token in faults.deliveries("conference", "http://x")] == [0.0]
    faults.set([{"kind": "429", "path": "Calls", "method": "POST", "count": 2}])
    assert faults.rest("/Calls.json", "GET") is None
    assert [bool(faults.rest("/Calls.json", "POST")) for _time in range(3)] == [True, True, False]
    faults.set([{"kind": "drop", "probability": 0.5}])
    dropped = sum(not faults.deliveries("status", "x") for _time in range(400))
    assert 150 < dropped < 250


async def test_lost_answer_was_carried_out(world):
    await world.post("faults", {"kind": "lost", "method": "POST", "count": 1})
    with pytest.raises(requests.exceptions.ConnectionError):
        await world.rest(world.client.queues.create, friendly_name="q")
    assert [q.friendly_name for q in await world.rest(world.client.queues.list)] == ["q"]
    assert (await world.get("requests"))[0]["fault"] == "lost"


async def test_reset_forgets_everything(world):
    sid = await outgoing(world)
    await world.until_status(sid, "ringing")
    await world.post("settings", {"tone": 1})
    await world.post("reset")
    assert await world.get("calls") == [] and await world.get("requests") == []
    assert (await world.get("settings"))["tone"] == 440
    assert (await world.get("health"))["ready"]


async def test_rest_request_is_carried_out_although_its_answer_is_late_or_an_error(world):
    """Only 429 promises that nothing happened: https://www.twilio.com/docs/api/errors/20429"""
    create = world.client.queues.create
    await world.post("faults", {"kind": "slow", "path": "Queues", "count": 1, "seconds": 0.3})
    assert (await world.rest(create, friendly_name="late")).friendly_name == "late"
    assert (await world.get("requests"))[-1]["duration"] >= 0.3
    await world.post("faults", {"kind": "503_done", "path": "Queues", "count": 1})
    assert await world.refused(create, friendly_name="done") == (503, 20503)
    names = [queue.friendly_name for queue in await world.rest(world.client.queues.list)]
    assert sorted(names) == ["done", "late"]


async def test_incoming_call_carries_what_the_network_says(world):
    """https://www.twilio.com/docs/voice/twiml#request-parameters"""
    await world.answer_with(SALES, "<Redirect>/again</Redirect>")
    world.app.answers["/again"] = "<Pause/>"
    network = {"FromCity": "GENT", "CallerName": "ACME", "ForwardedFrom": SUPPORT}
    body = {"network": {**network, "StirVerstat": "TN-Validation-Passed-A"}}
    sid = await world.dial_in(**body)
    await until(lambda: world.app.at("/again"))
    first, second = world.app.at("/voice")[0].form, world.app.at("/again")[0].form
    assert first["StirVerstat"] == "TN-Validation-Passed-A" and first["CallToken"]
    assert "StirVerstat" not in second and "CallToken" not in second
    for form in (first, second):
        assert network.items() <= form.items()
        assert (form["CallSid"], form["FromCountry"], form["ToCountry"]) == (sid, "BE", "BE")
    await world.post("calls", {"from": MOBILE, "to": SALES, "network": {"Digits": "1"}}, 400)


async def test_failed_call_reports_its_codes(world):
    """https://www.twilio.com/docs/voice/api/call-resource#statuscallback"""
    failure = {"status": "failed", "SipResponseCode": 404, "ErrorCode": 13224}
    await world.post("refusals", {MOBILE: failure})
    await world.rest(
        world.client.calls.create,
        to=MOBILE,
        from_=SALES,
        twiml="<Response/>",
        status_callback=world.app.url + "/status",
        status_callback_event=["completed"],
    )
    await until(lambda: world.app.at("/status"))
    form = world.app.at("/status")[0].form
    assert (form["CallStatus"], form["SipResponseCode"], form["ErrorCode"]) == (
        "failed",
        "404",
        "13224",
    )
    await world.post("refusals", {MOBILE: {"status": "lost"}}, 400)
