"""Reactions that no document settles: each possible one, by its setting."""

import io
import re

import aiohttp
import av
import pytest

from twilio_emulator.settings import Settings
from twilio_emulator.unknown import OPPOSITES

from .test_conference import people, two_in_a_room
from .test_recording import record
from .test_signalling import credentials, phone, token
from .world import MOBILE, SALES, until


@pytest.mark.parametrize("name", OPPOSITES)
def test_default_is_one_of_the_possible_reactions(name):
    assert getattr(Settings(), name) in OPPOSITES[name]
    assert re.search(rf":param {name}:.*?https://", Settings.__doc__, re.S), "no page is named"


async def test_surprising_changes_each_and_the_contrary_restores_it(world):
    plain = await world.get("settings")
    changed = await world.post("settings", {"surprising": True})
    assert {n for n in plain if plain[n] != changed[n]} == {*OPPOSITES, "surprising"}
    assert await world.post("settings", {"surprising": False}) == plain


async def failing_wait(world):
    """Return a caller in a queue whose wait document is unusable."""
    await world.answer_with(
        SALES,
        '<Enqueue waitUrl="wait" action="left">line</Enqueue>',
        voice_fallback_url=world.app.url + "/fallback",
    )
    world.app.answers["/wait"] = (500, "", "text/plain")
    return await world.dial_in()


async def test_failing_wait_document_ends_the_queue(world):
    await failing_wait(world)
    [hit] = await until(lambda: world.app.at("/left"))
    assert hit.form["QueueResult"] == "error"
    assert not world.app.at("/fallback")


async def test_failing_wait_document_leads_to_the_fallback(world):
    await world.post("settings", {"wait_failure": "fallback"})
    await failing_wait(world)
    [hit] = await until(lambda: world.app.at("/fallback"))
    assert hit.form["ErrorCode"] == "11200"
    assert not world.app.at("/left")


async def ringing_participant(world):
    """Return the conference's name and the leg of a customer that rings there."""
    participant = await world.rest(
        world.client.conferences("ringing").participants.create,
        from_=SALES,
        to=MOBILE,
        conference_status_callback=world.app.url + "/conference",
        conference_status_callback_event=["join"],
    )
    await world.until_status(participant.call_sid, "ringing")
    return participant.call_sid


async def test_ringing_participant_is_listed_and_joins_when_answered(world):
    sid = await ringing_participant(world)
    found = await world.rest((await people(world, "ringing")).list)
    assert [p.call_sid for p in found] == [sid]
    assert not world.app.at("/conference")
    await world.post(f"calls/{sid}/answer")
    await until(lambda: world.app.at("/conference"))


async def test_ringing_participant_is_hidden_and_joins_at_once(world):
    await world.post("settings", {"ringing_listed": False, "early_join": True})
    sid = await ringing_participant(world)
    assert not await world.rest((await people(world, "ringing")).list)
    await until(lambda: world.app.at("/conference"))
    await world.post(f"calls/{sid}/answer")
    await world.until_call(sid, lambda c: c["conference"]["joined"])
    assert len(world.app.at("/conference")) == 1


async def test_empty_application_beside_an_address(world):
    record = world.emulator.store.number(SALES)
    update = world.client.incoming_phone_numbers(record["sid"]).update
    values = {"voice_application_sid": "", "trunk_sid": "", "voice_url": world.app.url + "/v"}
    await world.rest(update, **values)
    await world.post("settings", {"empty_application": "refused"})
    assert await world.refused(update, **values) == (400, 20001)


@pytest.mark.parametrize("reach", [True, False])
async def test_keys_in_a_conference(world, reach):
    await world.post("settings", {"conference_keys": reach})
    first, second = await two_in_a_room(world)
    await world.post(f"calls/{first}/digits", {"digits": "5"})
    assert (await world.call(first))["digits_pressed"] == "5"
    assert (await world.call(second))["digits_received"] == ("5" if reach else "")


@pytest.mark.parametrize("channels", [1, 2])
async def test_mp3_with_two_requested_channels(world, channels):
    await world.post("settings", {"mp3_channels": channels, "recording_lag": 0})
    first, _second = await two_in_a_room(world)
    recording = await record(world, first, recording_channels="dual")
    await until(lambda: world.emulator.store.recordings[recording.sid].length() > 4000)
    await world.post(f"calls/{first}/hangup")
    await until(lambda: world.emulator.store.recordings[recording.sid].file)
    account = f"{world.base}/2010-04-01/Accounts/{world.config.account_sid}"
    url = f"{account}/Recordings/{recording.sid}.mp3?RequestedChannels=2"
    headers = {"Authorization": world.authorization}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert answer.content_type == "audio/mpeg"
        with av.open(io.BytesIO(await answer.read())) as sound:
            assert sound.format.name == "mp3"
            assert sound.streams.audio[0].channels == channels


async def test_emergency_calls_of_a_number_of_another_country(world):
    record = world.emulator.store.number(SALES)
    update = world.client.incoming_phone_numbers(record["sid"]).update
    assert await world.refused(update, emergency_status="Active") == (400, 20001)
    await world.post("settings", {"emergency_activation": "accepted"})
    await world.rest(update, emergency_status="Active")


@pytest.mark.parametrize("survive", [True, False])
async def test_keys_after_the_promotion_of_a_token(world, survive):
    await world.post("settings", {"keys_survive_promotion": survive})
    await world.rest(world.client.new_keys.create, friendly_name="x")
    await world.post("auth_token/secondary")
    await world.post("auth_token/promote")
    assert bool(world.emulator.store.keys) == survive


@pytest.mark.parametrize("reaction", ["silent", "spoken"])
async def test_text_in_a_language_that_is_not_listed(world, reaction):
    await world.post("settings", {"unlisted_language": reaction})
    await world.answer_with(SALES, '<Say language="hr-HR">Dobar dan</Say><Redirect>next</Redirect>')
    world.app.answers["/next"] = '<Pause length="600"/>'
    sid = await world.dial_in()
    if reaction == "spoken":
        await world.until_call(sid, lambda c: c["hears"]["text"] == "Dobar dan")
    await until(lambda: world.app.at("/next"))
    assert world.emulator.logs.errors[-1]["code"] == 13511


@pytest.mark.parametrize("signal", ["error", "hangup"])
async def test_browser_beyond_the_limit(world, signal):
    await world.post("settings", {"concurrency": 1, "limit_signal": signal})
    key, app = await credentials(world)
    await world.answer_with(SALES, '<Pause length="600"/>')
    await world.dial_in()
    async with phone(world) as ana:
        await ana.listen(token(world, key, app))
        await ana.receive("connected")
        await ana.send("invite", callsid="TJ1", sdp="v=0", twilio={"params": ""})
        if signal == "hangup":
            await ana.receive("ringing")
        assert ("error" in await ana.receive("hangup")) == (signal == "error")


@pytest.mark.parametrize("prompt", [True, False])
async def test_browser_of_a_trial_account(world, prompt):
    await world.post("settings", {"trial": True, "trial_browser_prompt": prompt})
    key, app = await credentials(world)
    world.app.answers["/client"] = "<Say>Hello</Say><Pause/>"
    sid = (await world.post("browsers", {"token": token(world, key, app), "params": {}}, 201))[
        "sid"
    ]
    if prompt:
        await world.until_call(sid, lambda c: "trial account" in (c["hears"]["text"] or ""))
        assert not world.app.at("/client")
        await world.post(f"calls/{sid}/digits", {"digits": "1"})
    await until(lambda: world.app.at("/client"))


async def test_name_of_a_conference_when_a_participant_is_changed(world):
    first, _second = await two_in_a_room(world)
    update = world.client.conferences("room").participants(first).update
    status, _code = await world.refused(update, muted=True)
    assert status in (400, 404)
    await world.post("settings", {"names_on_update": True})
    await world.rest(update, muted=True)
    assert (await world.call(first))["conference"]["muted"]
