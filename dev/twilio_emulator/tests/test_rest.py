"""The REST API as the ``twilio`` package sees it, checked against Twilio's own document."""

from datetime import timedelta

import pytest
from aiohttp import encode_basic_auth
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.request_validator import RequestValidator

from .test_conference import room
from .world import MOBILE, SALES, SUPPORT, World, until


def login(user, password):
    """Return the header of a basic authentication."""
    return {"Authorization": encode_basic_auth(user, password)}


CF = "CF" + "0" * 32


async def test_account_and_secret_are_checked(world):
    url = f"{world.base}/2010-04-01/Accounts/{world.config.account_sid}/Calls.json"
    for headers in (None, login(world.config.account_sid, "wrong"), login("SK" + "0" * 32, "x")):
        async with world.session.get(url, headers=headers) as reply:
            assert reply.status == 401
            assert (await reply.json())["code"] == 20003
    key = await world.rest(world.client.new_keys.create, friendly_name="k")
    async with world.session.get(url, headers=login(key.sid, key.secret)) as reply:
        assert reply.status == 200
    other = url.replace("eee/Calls", "eef/Calls")
    owner = login(world.config.account_sid, world.config.auth_token)
    async with world.session.get(other, headers=owner) as reply:
        assert reply.status == 401


@pytest.mark.parametrize(
    ("region", "host", "status"),
    [
        ("us1", "api.twilio.com", 200),
        ("us1", "api.dublin.us1.twilio.com", 200),
        ("us1", "api.dublin.ie1.twilio.com", 401),
        ("ie1", "api.dublin.ie1.twilio.com", 404),
        ("ie1", "api.twilio.com", 401),
    ],
)
async def test_each_region_has_its_own_secrets(region, host, status):
    """In ie1, there are no verified caller IDs."""
    world = await World(region=region).start()
    try:
        path = f"/2010-04-01/Accounts/{world.config.account_sid}/OutgoingCallerIds.json"
        headers = login(world.config.account_sid, world.config.auth_token)
        url = world.base + path
        async with world.session.get(url, headers={**headers, "Host": host}) as reply:
            assert reply.status == status
    finally:
        await world.stop()


async def test_second_auth_token_is_accepted_and_replaces_the_first_when_promoted(world):
    """https://www.twilio.com/docs/iam/api/secondary_authtoken"""
    url = f"{world.base}/2010-04-01/Accounts/{world.config.account_sid}/Calls.json"

    async def statuses(*tokens):
        found = []
        for token in tokens:
            headers = login(world.config.account_sid, token)
            async with world.session.get(url, headers=headers) as reply:
                found.append(reply.status)
        return found

    old = world.config.auth_token
    await world.post("auth_token/promote", status=409)
    new = (await world.post("auth_token/secondary", status=200))["auth_token"]
    assert await statuses(old, new) == [200, 200]
    await world.answer_with(SALES, "<Hangup/>")
    await world.until_status(await world.dial_in(), "no-answer")
    await world.post("auth_token/promote", status=200)
    assert await statuses(old, new) == [401, 200]
    await world.until_status(await world.dial_in(), "no-answer")
    first, last = world.app.at("/voice")[0], world.app.at("/voice")[-1]
    for hit, token in ((first, old), (last, new)):
        judge = RequestValidator(token)
        assert judge.validate(hit.url, hit.form, hit.headers["X-Twilio-Signature"])


async def test_applications_can_be_made_changed_and_deleted(world):
    made = await world.rest(
        world.client.applications.create, friendly_name="a", voice_url="http://x/"
    )
    await world.rest(world.client.applications(made.sid).update, voice_url="http://y/")
    found = await world.rest(world.client.applications.list, friendly_name="a")
    assert [a.voice_url for a in found] == ["http://y/"]
    assert await world.rest(world.client.applications(made.sid).delete)
    assert await world.refused(world.client.applications(made.sid).fetch) == (404, 20404)


async def test_keys_show_their_secret_once(world):
    key = await world.rest(world.client.new_keys.create, friendly_name="k")
    assert key.secret and key.sid.startswith("SK")
    listed = await world.rest(world.client.keys.list)
    assert [k.friendly_name for k in listed] == ["k"]
    await world.rest(world.client.keys(key.sid).delete)
    assert await world.rest(world.client.keys.list) == []


async def test_numbers_are_listed_changed_bought_and_released(world):
    numbers = world.client.incoming_phone_numbers
    sales = (await world.rest(numbers.list, phone_number=SALES))[0]
    assert (sales.friendly_name, sales.capabilities["voice"]) == ("Sales", True)
    await world.rest(
        numbers(sales.sid).update,
        voice_url="http://x/voice",
        status_callback="http://x/status",
        voice_fallback_url="http://x/fallback",
    )
    assert (await world.rest(numbers(sales.sid).fetch)).voice_url == "http://x/voice"
    offered = await world.rest(
        world.client.available_phone_numbers("BE").local.list, limit=3, voice_enabled=True
    )
    [bundle] = world.emulator.store.bundles
    bought = await world.rest(
        numbers.create, phone_number=offered[0].phone_number, bundle_sid=bundle
    )
    assert len(await world.rest(numbers.list)) == 3
    assert await world.refused(numbers.create, phone_number=offered[0].phone_number) == (400, 21422)
    await world.rest(numbers(bought.sid).delete)
    assert {n.phone_number for n in await world.rest(numbers.list)} == {SALES, SUPPORT}


async def test_empty_parameter_clears_a_property(world):
    application = await world.rest(world.client.applications.create, friendly_name="a")
    numbers = world.client.incoming_phone_numbers
    sid = world.emulator.store.number(SALES)["sid"]
    number = await world.rest(
        numbers(sid).update, voice_application_sid=application.sid, voice_url="http://x/"
    )
    assert number.voice_application_sid == application.sid
    number = await world.rest(numbers(sid).update, voice_application_sid="", voice_url="")
    assert (number.voice_application_sid, number.trunk_sid, number.voice_url) == (None, None, "")
    # An empty text is no SID: perhaps nothing that is not set can be cleared.
    await world.post("settings", {"empty_application": "refused"})
    assert await world.refused(numbers(sid).update, trunk_sid="") == (400, 20001)


async def test_pages_are_followed(world):
    for number in range(7):
        await world.rest(world.client.queues.create, friendly_name=f"q{number}")
    queues = await world.rest(world.client.queues.list, page_size=3)
    assert [q.friendly_name for q in queues] == [f"q{n}" for n in range(7)]


async def test_calls_are_listed_by_number_and_status(world):
    await world.answer_with(SALES, "<Pause length='600'/><Say>x</Say>")
    first, second = await world.dial_in(), await world.dial_in("+32470333444")
    await world.post(f"calls/{first}/hangup")
    await world.until_status(first, "no-answer")
    calls = world.client.calls
    assert [c.sid for c in await world.rest(calls.list)] == [second, first]
    assert [c.sid for c in await world.rest(calls.list, status="ringing")] == [second]
    assert [c.sid for c in await world.rest(calls.list, from_=MOBILE)] == [first]
    assert (await world.rest(calls(first).fetch)).status == "no-answer"
    assert await world.refused(calls(first).update, status="completed") == (400, 21220)


async def test_living_calls_are_listed_whatever_they_do(world):
    """A call that is being set up is queued, as the resource itself says."""
    await world.post("settings", {"cps": 0.01})
    sids = [
        (
            await world.rest(world.client.calls.create, to=MOBILE, from_=SALES, twiml="<Response/>")
        ).sid
        for _call in range(6)
    ]
    listed = {}
    for status in ("queued", "ringing", "in-progress"):
        for call in await world.rest(
            world.client.calls.list, status=status, page_size=1000, limit=5000
        ):
            listed[call.sid] = call.status
    assert set(listed) == set(sids)
    assert "queued" in listed.values()


async def test_wrong_requests_are_refused_with_twilios_codes(world):
    calls, people = world.client.calls, world.client.conferences("room").participants
    url = "http://127.0.0.1:9/none"
    assert await world.refused(calls.create, to=MOBILE, from_="+32470000000", url=url) == (
        400,
        21210,
    )
    assert await world.refused(calls.create, to="12", from_=SALES, url=url) == (400, 21217)
    assert await world.refused(calls.create, to=MOBILE, from_=SALES) == (400, 21205)
    assert await world.refused(people.create, to="+5355555555", from_=SALES) == (400, 21215)
    gone = world.client.conferences(CF).participants("CA" + "0" * 32)
    assert await world.refused(gone.update, muted=True) == (404, 20404)
    assert await world.refused(world.client.calls("CA" + "0" * 32).fetch) == (404, 20404)
    assert await world.refused(
        world.client.messages.create, to=MOBILE, from_="+32470000000", body="x"
    ) == (400, 21606)


async def test_unknown_parameters_are_refused_and_logged(world):
    base = f"{world.base}/2010-04-01/Accounts/{world.config.account_sid}"
    owner = login(world.config.account_sid, world.config.auth_token)
    form = {"To": MOBILE, "From": SALES, "Url": "http://x/", "NoSuchThing": "1"}
    async with world.session.post(base + "/Calls.json", data=form, headers=owner) as reply:
        assert reply.status == 400
        assert "NoSuchThing" in (await reply.json())["message"]
    bad = {"To": MOBILE, "From": SALES, "Url": "http://x/", "Timeout": "abc"}
    async with world.session.post(base + "/Calls.json", data=bad, headers=owner) as reply:
        assert (reply.status, (await reply.json())["code"]) == (400, 20001)
    async with world.session.get(base + "/Calls.json?Colour=red", headers=owner) as reply:
        assert reply.status == 400
    errors = [e["message"] for e in await world.get("errors")]
    assert len(errors) == 3 and "NoSuchThing" in errors[0]
    log = await world.get("requests")
    assert log[0]["params"]["NoSuchThing"] == ["1"] and log[0]["status"] == 400


async def test_repeated_parameters_are_accepted(world):
    call = await world.rest(
        world.client.calls.create,
        to=MOBILE,
        from_=SALES,
        url="http://127.0.0.1:9/",
        status_callback=world.app.url + "/status",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    await world.until_status(call.sid, "ringing")
    assert (await world.get("requests"))[0]["params"]["StatusCallbackEvent"] == [
        "initiated",
        "ringing",
        "answered",
        "completed",
    ]


async def test_participants_and_conferences_are_shown(world):
    await world.answer_with(SALES, room("r", participantLabel="one"))
    sid = await world.dial_in()
    await world.until_call(sid, lambda c: c["conference"] and c["conference"]["joined"])
    conference = (await world.rest(world.client.conferences.list, friendly_name="r"))[0]
    people = world.client.conferences(conference.sid).participants
    listed = await world.rest(people.list)
    assert [(p.call_sid, p.label, p.status) for p in listed] == [(sid, "one", "connected")]
    assert (await world.rest(people("one").fetch)).call_sid == sid
    ended = await world.rest(world.client.conferences(conference.sid).update, status="completed")
    assert (ended.status, ended.reason_conference_ended) == (
        "completed",
        "conference-ended-via-api",
    )


async def test_balance_messages_and_countries(world):
    assert (await world.rest(world.client.balance.fetch)).currency == "USD"
    sent = await world.rest(world.client.messages.create, to=MOBILE, from_=SALES, body="Hello")
    assert (await world.rest(world.client.messages(sent.sid).fetch)).status == "delivered"
    countries = await world.rest(world.client.voice.v1.dialing_permissions.countries.list)
    closed = [c.iso_code for c in countries if not c.low_risk_numbers_enabled]
    assert closed == ["CU", "KP"]


@pytest.mark.parametrize(
    ("from_", "address", "reached", "refused"),
    [
        (SALES, "unregistered", [], ["112", "999", "911"]),
        ("+33142345678", "unregistered", ["112", "+3315"], ["15", "110", "911"]),
        ("+4930123456", "unregistered", ["110", "112"], ["999", "+3315"]),
        ("+12025550100", "registered", ["911", "933"], ["999", "110"]),
        ("+12025550100", "unregistered", [], ["911", "933"]),
        ("+442079460100", "pending-registration", [], ["999"]),
        ("+442079460100", "registered", ["999", "112"], ["911"]),
    ],
)
async def test_emergency_services_of_the_own_country_only(world, from_, address, reached, refused):
    """Where Twilio registers addresses, the number needs one."""
    await world.post(
        "numbers", {"phone_number": from_, "emergency_address_status": address}, status=201
    )
    create, url = world.client.calls.create, "http://127.0.0.1:9/none"
    for number in reached:
        call = await world.rest(create, to=number, from_=from_, url=url)
        assert (call.to, call.status) == (number, "queued")
    for number in refused:
        assert await world.refused(create, to=number, from_=from_, url=url) == (400, 21217)


async def test_number_for_messages_only_cannot_call(world):
    """https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource"""
    capabilities = {"voice": False, "sms": True, "mms": False, "fax": False}
    await world.post("numbers", {"phone_number": SUPPORT, "capabilities": capabilities}, status=201)
    assert await world.refused(
        world.client.calls.create, to=MOBILE, from_=SUPPORT, url="http://x/"
    ) == (400, 21210)
    await world.post("numbers", {"phone_number": SUPPORT, "nonsense": 1}, status=400)


async def test_names_have_64_characters_at_most(world):
    for create in (world.client.applications.create, world.client.new_keys.create):
        assert await world.rest(create, friendly_name="x" * 64)
        assert await world.refused(create, friendly_name="x" * 65) == (400, 70001)


async def test_subaccount_has_no_balance(world):
    account = world.client.api.v2010.accounts(world.config.account_sid)
    assert (await world.rest(account.fetch)).owner_account_sid == world.config.account_sid
    await world.post("settings", {"subaccount": True, "balance": -5, "status": "suspended"})
    found = await world.rest(account.fetch)
    assert found.owner_account_sid != world.config.account_sid and found.status == "suspended"
    assert await world.refused(world.client.balance.fetch) == (404, 20404)
    await world.post("settings", {"subaccount": False})
    assert (await world.rest(world.client.balance.fetch)).balance == "-5.00"


async def test_high_risk_numbers_are_closed_until_their_group_is_open(world):
    countries, url = world.client.voice.v1.dialing_permissions.countries, "http://x/"
    premium = {"to": "+3290312345", "from_": SALES, "url": url}
    assert await world.refused(world.client.calls.create, **premium) == (400, 21215)
    assert await world.rest(countries.list, high_risk_special_numbers_enabled=True) == []
    await world.post("permissions", {"special": ["BE"], "tollfraud": ["ES"]}, status=200)
    [belgium] = await world.rest(countries.list, high_risk_special_numbers_enabled=True)
    [spain] = await world.rest(countries.list, high_risk_tollfraud_numbers_enabled=True)
    assert (belgium.iso_code, spain.iso_code) == ("BE", "ES")
    assert await world.rest(world.client.calls.create, **premium)
    prefixes = await world.rest(countries("BE").highrisk_special_prefixes.list)
    assert [p.prefix for p in prefixes] == ["3290"]
    await world.post("permissions", {"open": []}, status=400)


async def test_number_needs_an_approved_bundle_of_its_country_and_kind(world):
    rules, create = (
        world.client.numbers.v2.regulatory_compliance,
        world.client.incoming_phone_numbers.create,
    )
    assert await world.rest(rules.regulations.list, iso_country="BE", number_type="local")
    assert not await world.rest(rules.regulations.list, iso_country="US", number_type="local")
    approved = {"iso_country": "BE", "number_type": "local", "status": "twilio-approved"}
    [bundle] = await world.rest(rules.bundles.list, **approved)
    assert await world.refused(create, phone_number="+3200555100") == (400, 21649)
    other = {"phone_number": "+3247555100", "bundle_sid": bundle.sid}
    assert await world.refused(create, **other) == (400, 21650)
    assert await world.rest(create, phone_number="+3200555100", bundle_sid=bundle.sid)
    assert await world.rest(create, phone_number="+1005550100")
    await world.post("proofs", {"bundles": [{"status": "pending-review"}]})
    assert not await world.rest(rules.bundles.list, **approved)
    [pending] = world.emulator.store.bundles
    again = {"phone_number": "+3200555107", "bundle_sid": pending}
    assert await world.refused(create, **again) == (400, 21650)


async def test_number_may_need_an_address(world):
    create = world.client.incoming_phone_numbers.create
    await world.post("settings", {"needs_address": True})
    [offer, *_more] = await world.rest(world.client.available_phone_numbers("US").local.list)
    assert offer.address_requirements == "local"
    assert await world.refused(create, phone_number=offer.phone_number) == (400, 21631)
    [address] = await world.rest(world.client.addresses.list, iso_country="BE")
    assert not await world.rest(world.client.addresses.list, iso_country="US")
    assert await world.rest(create, phone_number=offer.phone_number, address_sid=address.sid)


async def test_pattern_has_a_star_at_its_ends_only(world):
    offers = world.client.available_phone_numbers("BE").local.list
    assert await world.rest(offers, contains="*555*")
    for pattern in ("5*5", "5", "5" * 17):
        with pytest.raises(TwilioException, match="Unable to fetch page"):
            await world.rest(offers, contains=pattern)


async def test_call_that_began_yesterday_is_listed_since_then(world):
    """Twilio compares with the day on which a call began."""
    await world.answer_with(SALES, "<Say>x</Say><Pause length='600'/>")
    sid = await world.dial_in()
    await world.until_status(sid, "in-progress")
    leg, calls = world.emulator.legs[sid], world.client.calls.list
    leg.started -= timedelta(days=1)
    day = leg.started.date()
    for since, found in ((day, [sid]), (day + timedelta(days=1), [])):
        listed = await world.rest(calls, status="in-progress", start_time_after=since)
        assert [call.sid for call in listed] == found


async def test_prices_of_numbers(world):
    """Prices come by country and kind, as texts; a country without numbers has none."""
    countries = world.client.pricing.v1.phone_numbers.countries
    prices = await world.rest(countries("BE").fetch)
    assert prices.iso_country == "BE"
    assert {p["number_type"]: p["current_price"] for p in prices.phone_number_prices} == {
        "local": "1.15",
        "mobile": "6.00",
        "toll free": "2.15",
    }
    with pytest.raises(TwilioRestException) as missing:
        await world.rest(countries("ZZ").fetch)
    assert missing.value.status == 404


async def test_new_call_is_unknown_for_a_while(world):
    """The resource is eventually consistent: https://www.twilio.com/docs/voice/api/call-resource"""
    await world.post("settings", {"read_lag": 10})
    calls = world.client.calls
    made = await world.rest(calls.create, to=MOBILE, from_=SALES, twiml="<Response/>")
    assert await world.refused(calls(made.sid).fetch) == (404, 20404)
    assert await world.rest(calls.list) == []

    async def is_known():
        return [call.sid for call in await world.rest(calls.list)] == [made.sid]

    await until(is_known)
    assert (await world.rest(calls(made.sid).fetch)).sid == made.sid


async def test_final_status_of_a_ringing_call_that_is_completed_is_a_setting(world):
    """https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource"""
    calls = world.client.calls
    for status in ("completed", "canceled"):
        await world.post("settings", {"ended_while_ringing": status})
        made = await world.rest(calls.create, to=MOBILE, from_=SALES, twiml="<Response/>")
        await world.until_status(made.sid, "ringing")
        ended = await world.rest(calls(made.sid).update, status="completed")
        assert (ended.status, ended.duration) == (status, "0")


async def test_only_the_creation_of_a_participant_accepts_a_conferences_name(world):
    """https://www.twilio.com/docs/voice/api/conference-participant-resource"""
    people = world.client.conferences("room").participants
    made = await world.rest(people.create, to=MOBILE, from_=SALES, label="customer")
    # Twilio's own document, if it is checked first, allows no name either.
    refusals = ((404, 20404), (400, 20001))
    assert await world.refused(people(made.call_sid).update, muted=True) in refusals
    assert await world.refused(people("customer").fetch) in refusals
    people = world.client.conferences(made.conference_sid).participants
    assert [party.call_sid for party in await world.rest(people.list)] == [made.call_sid]
