"""Calls at once, trial accounts, customer profiles.

The addresses in the tests are the pages of Twilio that they follow.
"""

import pytest

from .test_conference import room
from .test_signalling import credentials, phone, token
from .world import MOBILE, SALES, until

#: https://support.twilio.com/hc/en-us/articles/223180028
ALLOWED = [
    ({}, None),
    ({"profile": "individual"}, 3),
    ({"profile": "none"}, 2),
    ({"trial": True}, 5),
    ({"concurrency": 2}, 2),
]


async def settle(world, **settings):
    """Change settings of the emulator."""
    await world.post("settings", settings, 200)


async def talk(world, count):
    """Make a number of incoming calls that last."""
    await world.answer_with(SALES, '<Pause length="600"/>')
    return [await world.dial_in(f"+3247000000{i}") for i in range(count)]


async def verify(world, *numbers):
    """Make numbers verified caller IDs of the account."""
    for number in numbers:
        await world.post("verified", {"number": number}, 200)


def codes(world):
    """Return the codes of the log of errors."""
    return [entry["code"] for entry in world.emulator.logs.errors]


def call_out(world, to=MOBILE):
    """Return what makes an outgoing call, for `rest` and `refused`."""
    return world.client.calls.create, {"from_": SALES, "to": to, "url": world.app.url + "/go"}


# --- calls at once -----------------------------------------------------------------------------


@pytest.mark.parametrize(("settings", "limit"), ALLOWED)
async def test_limit_follows_from_the_state_of_the_account(world, settings, limit):
    await settle(world, **settings)
    assert world.emulator.limits.concurrency == limit


async def test_call_beyond_the_limit_is_refused(world):
    # https://www.twilio.com/docs/api/errors/10004
    await settle(world, concurrency=2)
    first, _second = await talk(world, 2)
    function, values = call_out(world)
    assert await world.refused(function, **values) == (429, 10004)
    await world.post(f"calls/{first}/hangup")
    await world.rest(function, **values)


async def test_participant_beyond_the_limit_is_refused(world):
    # https://www.twilio.com/docs/api/errors/16021
    await settle(world, concurrency=2)
    await talk(world, 2)
    create = world.client.conferences("room").participants.create
    assert await world.refused(create, from_=SALES, to=MOBILE) == (429, 16021)


async def test_caller_beyond_the_limit_is_refused_before_any_webhook(world):
    # https://www.twilio.com/docs/api/errors/10004
    await settle(world, concurrency=2)
    await talk(world, 2)
    await until(lambda: len(world.app.at("/voice")) == 2)
    refused = await world.post("calls", {"from": MOBILE, "to": SALES}, 409)
    assert refused["error"].startswith("10004")
    assert len(world.app.at("/voice")) == 2 and 10004 in codes(world)


async def test_browser_beyond_the_limit_is_refused_without_a_reason(world):
    # https://support.twilio.com/hc/en-us/articles/223180028 counts calls of the Voice SDK too
    await settle(world, concurrency=2)
    await talk(world, 2)
    key, app = await credentials(world)
    async with phone(world) as ana:
        await ana.listen(token(world, key, app))
        await ana.receive("connected")
        await ana.send("invite", callsid="TJ1", sdp="v=0", twilio={"params": "uuid=c"})
        assert (await ana.receive("hangup"))["error"]["code"] == 31005
    assert not world.app.at("/client")
    refused = await world.post("browsers", {"token": token(world, key, app), "params": {}}, 409)
    assert refused["error"].startswith("10004")


async def test_dial_of_a_number_at_the_limit_falls_through(world):
    # https://www.twilio.com/docs/api/errors/10004
    await settle(world, concurrency=1)
    await world.answer_with(SALES, f'<Dial action="next">{MOBILE}</Dial>')
    await world.dial_in("+32470333444")
    [hit] = await until(lambda: world.app.at("/next"))
    assert hit.form["DialCallStatus"] == "failed" and 10004 in codes(world)


async def test_dial_of_a_conference_above_the_limit_falls_through(world):
    # https://www.twilio.com/docs/api/errors/16021
    await world.answer_with(
        SALES, "<Pause length='5'/>" + room().replace("<Dial>", '<Dial action="next">')
    )
    await world.dial_in()
    await settle(world, concurrency=0)
    [hit] = await until(lambda: world.app.at("/next"))
    assert hit.form["DialCallStatus"] == "failed" and 16021 in codes(world)


async def test_unknown_profile_is_refused(world):
    await world.post("settings", {"profile": "gold"}, 400)


# --- trial -------------------------------------------------------------------------------------


async def test_account_of_a_trial_says_so(world):
    # https://www.twilio.com/docs/iam/api/account
    account = world.client.api.v2010.accounts(world.config.account_sid)
    assert (await world.rest(account.fetch)).type == "Full"
    await settle(world, trial=True)
    assert (await world.rest(account.fetch)).type == "Trial"


async def test_caller_of_a_trial_hears_the_prompt_and_presses_a_key(world):
    # https://www.twilio.com/docs/usage/trials/try-out-voice
    await settle(world, trial=True)
    await verify(world, MOBILE)
    await world.answer_with(SALES, '<Pause length="60"/>')
    sid = await world.dial_in()
    await world.until_call(sid, lambda c: (c["hears"]["text"] or "").startswith("You have a trial"))
    assert not world.app.at("/voice")
    await world.post(f"calls/{sid}/digits", {"digits": "5"})
    await until(lambda: world.app.at("/voice"))


async def test_browser_of_a_trial_presses_a_key_too(world):
    # https://github.com/twilio/voice-quickstart-ios/issues/509
    await settle(world, trial=True)
    key, app = await credentials(world)
    world.app.answers["/client"] = room()
    body = {"token": token(world, key, app), "params": {}}
    sid = (await world.post("browsers", body, 201))["sid"]
    await world.until_status(sid, "in-progress")
    assert not world.app.at("/client")
    await world.post(f"calls/{sid}/digits", {"digits": "1"})
    await until(lambda: world.app.at("/client"))


async def test_called_party_of_a_trial_presses_a_key_before_it_joins(world):
    # Not documented for parties without TwiML: the harder reaction.
    await settle(world, trial=True, auto_answer=0)
    await verify(world, MOBILE)
    create = world.client.conferences("room").participants.create
    sid = (await world.rest(create, from_=SALES, to=MOBILE)).call_sid
    await world.until_status(sid, "in-progress")
    assert not (await world.call(sid))["conference"]["joined"]
    await world.post(f"calls/{sid}/digits", {"digits": "1"})
    await world.until_call(sid, lambda c: c["conference"]["joined"])


async def test_call_of_a_trial_ends_without_a_key(world):
    await settle(world, trial=True)
    await verify(world, MOBILE)
    await world.answer_with(SALES, '<Pause length="60"/>')
    await world.until_status(await world.dial_in(), "completed", 15)
    assert not world.app.at("/voice")


async def test_unverified_number_is_not_called(world):
    # https://www.twilio.com/docs/api/errors/21219
    await settle(world, trial=True)
    function, values = call_out(world)
    assert await world.refused(function, **values) == (400, 21219)
    await verify(world, MOBILE)
    await world.rest(function, **values)


async def test_unverified_number_is_not_dialed(world):
    # https://www.twilio.com/docs/api/errors/21219
    await settle(world, trial=True)
    await verify(world, "+32470333444")
    await world.answer_with(SALES, f'<Dial action="next">{MOBILE}</Dial>')
    sid = await world.dial_in("+32470333444")
    await world.until_status(sid, "in-progress")
    await world.post(f"calls/{sid}/digits", {"digits": "1"})
    [hit] = await until(lambda: world.app.at("/next"))
    assert hit.form["DialCallStatus"] == "failed" and 21219 in codes(world)


async def test_unverified_caller_is_refused(world):
    # https://www.twilio.com/docs/api/errors/573005
    await settle(world, trial=True)
    await world.answer_with(SALES, "<Pause/>")
    refused = await world.post("calls", {"from": MOBILE, "to": SALES}, 409)
    assert refused["error"].startswith("573005") and not world.app.at("/voice")


async def test_call_of_a_trial_ends_after_ten_minutes(world, monkeypatch):
    # https://www.twilio.com/docs/api/errors/13805
    monkeypatch.setattr("twilio_emulator.limits.TRIAL_SECONDS", 5)
    await settle(world, trial=True)
    await verify(world, MOBILE)
    await world.answer_with(SALES, '<Pause length="600"/>')
    sid = await world.dial_in()
    await world.until_status(sid, "in-progress")
    await world.post(f"calls/{sid}/digits", {"digits": "1"})
    await world.until_status(sid, "completed")
    assert 13805 in codes(world)


async def test_trial_has_one_number(world):
    # https://www.twilio.com/docs/api/errors/21404
    await settle(world, trial=True)
    buy = world.client.incoming_phone_numbers.create
    assert await world.refused(buy, phone_number="+3225550999") == (400, 21404)


# --- customer profile --------------------------------------------------------------------------


async def test_number_of_north_america_needs_a_profile(world):
    # https://www.twilio.com/docs/errors/21216
    await settle(world, profile="none")
    function, values = call_out(world, "+12025550123")
    assert await world.refused(function, **values) == (400, 21216)
    await settle(world, profile="individual")
    await world.rest(function, **values)


@pytest.mark.parametrize(
    ("profile", "policies"),
    [
        ("business", ["RN6433641899984f951173ef1738c3bdd0"]),
        ("individual", ["RN" + "1" * 32]),
        ("none", []),
    ],
)
async def test_approved_profile_is_listed(world, profile, policies):
    # https://www.twilio.com/docs/trust-hub/trusthub-rest-api/customer-profiles
    await settle(world, profile=profile)
    profiles = world.client.trusthub.v1.customer_profiles
    found = await world.rest(profiles.list, status="twilio-approved")
    assert [each.policy_sid for each in found] == policies
    assert await world.rest(profiles.list, status="draft") == []
    for each in found:
        assert (await world.rest(profiles(each.sid).fetch)).status == "twilio-approved"


# --- calls per second --------------------------------------------------------------------------


async def test_telephone_that_waits_for_its_turn_can_be_ended_before_it_rings(world):
    # https://www.twilio.com/docs/glossary/what-is-calls-per-second-cps: excess calls are queued
    await settle(world, cps=0.1, answer_delay=0)
    function, values = call_out(world)
    sids = [(await world.rest(function, **values)).sid for _number in range(3)]
    await world.until_status(sids[1], "ringing")
    await world.rest(world.client.calls(sids[2]).update, status="completed")
    await world.until_status(sids[2], world.emulator.settings.ended_while_ringing)
    assert not world.emulator.legs[sids[2]].answered.is_set()
