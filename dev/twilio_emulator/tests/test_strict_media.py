"""What Twilio refuses to play, to speak, to record and to ask, each with its documentation."""

import io

import av
import numpy as np
import pytest
from aiohttp import web
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from twilio_emulator.media import tones, wav
from twilio_emulator.permissions import COUNTRIES
from twilio_emulator.twiml.schema import MAX_CHARACTERS, MAX_SPEECH

from .test_conference import near, two_in_a_room
from .world import MOBILE, SALES, until

SOUND = wav.encode(tones.tone((1200,), 0.3))


def codes(world):
    """Return the codes of the logged errors."""
    return [entry["code"] for entry in world.emulator.logs.errors]


def make_ogg():
    """Return a short sound as Opus in Ogg, as telephones record messages."""
    out = io.BytesIO()
    with av.open(out, "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=48000)
        samples = (np.sin(np.arange(48000) * 0.05) * 8000).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = 48000
        resampler = av.AudioResampler(
            stream.format.name, stream.layout.name, 48000, stream.frame_size or 960
        )
        for part in resampler.resample(frame):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["application/octet-stream", "audio/vnd.wave", "text/plain"])
async def test_sound_of_another_content_type_ends_the_document(world, kind):
    """https://www.twilio.com/docs/api/errors/12300 and https://www.twilio.com/docs/api/errors/13420"""
    world.app.answers["/sound.wav"] = lambda hit: web.Response(body=SOUND, content_type=kind)
    await world.answer_with(SALES, "<Play>sound.wav</Play><Say>After it.</Say>")
    sid = await world.dial_in()
    call = await world.until_status(sid, "completed")
    assert {12300, 13420} <= set(codes(world))
    assert [step["verb"] for step in call["trail"]] == ["Play"]


@pytest.mark.parametrize("kind", ["audio/mpeg", "audio/wav", "audio/x-wav"])
async def test_sound_of_a_listed_content_type_is_played(world, kind):
    """https://www.twilio.com/docs/voice/twiml/play#supported-audio-file-types"""
    world.app.answers["/sound.wav"] = lambda hit: web.Response(body=SOUND, content_type=kind)
    await world.answer_with(SALES, '<Play loop="20">sound.wav</Play>')
    sid = await world.dial_in()
    await world.until_call(sid, lambda c: near(c["hears"]["peak_hz"], 1200))
    assert not codes(world)


async def test_sound_in_ogg_is_refused_and_in_a_gather_too(world):
    """https://www.twilio.com/docs/api/errors/13325"""
    ogg = make_ogg()
    assert wav.decode(ogg).size
    world.app.answers["/sound.ogg"] = lambda hit: web.Response(body=ogg, content_type="audio/mpeg")
    await world.answer_with(SALES, '<Gather timeout="1"><Play>sound.ogg</Play></Gather>')
    await world.until_status(await world.dial_in(), "completed")
    assert 12300 in codes(world) and 13325 in codes(world)


@pytest.mark.parametrize(
    ("attributes", "text", "code"),
    [
        ('language="hr-HR"', "Dobar dan.", 13511),
        ('language="es-AR"', "Buenos dias.", 13511),
        ('language="lt-LT"', "Laba diena.", 13511),
        ('language="fr-FR" voice="Google.lt-LT-Standard-B"', "Bonjour.", 13511),
        ('voice="Nobody"', "Hello.", 13511),
        ("", "", 13520),
        ("", "x" * (MAX_CHARACTERS + 1), 13521),
        ("", "\u4f60" * (MAX_SPEECH // 9 + 1), 13521),
    ],
)
async def test_text_that_is_not_spoken(world, attributes, text, code):
    """https://www.twilio.com/docs/voice/twiml/say and /docs/api/errors/13511, 13520, 13521"""
    await world.answer_with(SALES, f"<Say {attributes}>{text}</Say>")
    await world.until_status(await world.dial_in(), "completed")
    assert codes(world) == [code]


@pytest.mark.parametrize(
    "attributes",
    [
        'language="es-MX"',
        'language="fr-BE" voice="woman"',
        'language="lt-LT" voice="Google.lt-LT-Standard-B"',
        'language="en-GB" voice="Polly.Amy"',
    ],
)
async def test_text_that_is_spoken(world, attributes):
    """https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages"""
    await world.answer_with(SALES, f"<Say {attributes}>{'Good afternoon. ' * 20}</Say>")
    sid = await world.dial_in()
    await world.until_call(sid, lambda c: (c["hears"]["text"] or "").startswith("Good afternoon"))
    assert not codes(world)


async def test_hold_document_may_not_hang_up(world):
    """https://www.twilio.com/docs/api/errors/13238"""
    _first, second = await two_in_a_room(world)
    world.app.answers["/hold"] = "<Say>Sorry.</Say><Hangup/>"
    [room] = world.emulator.conferences.all.values()
    party = world.client.conferences(room.sid).participants(second)
    await world.rest(party.update, hold=True, hold_url=world.app.url + "/hold", hold_method="POST")
    await until(lambda: 13238 in codes(world))
    assert (await world.call(second))["status"] == "in-progress"
    assert len(room.participants) == 2


async def test_announcement_may_only_speak_and_play(world):
    """https://www.twilio.com/docs/voice/api/conference-resource#update-a-conference-resource"""
    await two_in_a_room(world)
    world.app.answers["/announce"] = "<Pause/><Say>Recorded.</Say>"
    [room] = world.emulator.conferences.all.values()
    await world.rest(
        world.client.conferences(room.sid).update,
        announce_url=world.app.url + "/announce",
        announce_method="POST",
    )
    await until(lambda: 13238 in codes(world))


async def test_announced_keys_reach_one_participant(world):
    """https://www.twilio.com/docs/voice/twiml/play#attributes-digits"""
    first, second = await two_in_a_room(world)
    world.app.answers["/keys"] = '<Play digits="4#"/>'
    [room] = world.emulator.conferences.all.values()
    await world.rest(
        world.client.conferences(room.sid).participants(second).update,
        announce_url=world.app.url + "/keys",
        announce_method="POST",
    )
    await world.until_call(second, lambda leg: leg["digits_received"] == "4#")
    assert not (await world.call(first))["digits_received"]
    [hit] = world.app.at("/keys")
    assert "AccountSid" not in hit.form


@pytest.mark.parametrize("is_lean", [True, False])
async def test_side_requests_may_lack_the_account(world, is_lean):
    """https://www.twilio.com/docs/voice/twiml#request-parameters lists no such request."""
    assert world.emulator.settings.lean_side_requests
    world.emulator.settings.lean_side_requests = is_lean
    _first, second = await two_in_a_room(world)
    world.app.answers.update({"/hold": "<Pause length='9'/>", "/announce": "<Say>Recorded.</Say>"})
    [room] = world.emulator.conferences.all.values()
    resource = world.client.conferences(room.sid)
    await world.rest(
        resource.update, announce_url=world.app.url + "/announce", announce_method="POST"
    )
    [announced] = await until(lambda: world.app.at("/announce")[:1])
    await world.rest(
        resource.participants(second).update,
        hold=True,
        hold_url=world.app.url + "/hold",
        hold_method="POST",
    )
    [held] = await until(lambda: world.app.at("/hold")[:1])
    for hit in (announced, held):
        assert ("AccountSid" not in hit.form) == is_lean
        assert hit.form["CallSid"] and hit.form["ConferenceSid"] == room.sid


async def test_call_is_not_recorded_at_once(world):
    """https://www.twilio.com/docs/api/errors/21220"""
    world.emulator.settings.recording_lag = 5
    _first, second = await two_in_a_room(world)
    create = world.client.calls(second).recordings.create
    assert await world.refused(create) == (400, 21220)

    async def is_started():
        try:
            return await world.rest(create)
        except TwilioRestException:
            return None

    assert (await until(is_started)).sid.startswith("RE")


async def test_redirect_is_followed_as_get_and_signed_anew(world):
    """https://www.twilio.com/docs/api/errors/11216"""
    world.app.answers["/moved"] = "<Reject/>"
    await world.answer_with(SALES, "")
    world.app.answers["/voice"] = lambda hit: web.Response(
        status=307, headers={"Location": "/moved?a=1"}
    )
    await world.dial_in()
    [hit] = await until(lambda: world.app.at("/moved"))
    assert (hit.method, hit.form, hit.query) == ("GET", {}, {"a": "1"})
    validator = RequestValidator(world.config.auth_token)
    assert validator.validate(hit.url, {}, hit.headers["X-Twilio-Signature"])


async def test_forward_to_a_closed_country_fails(world):
    """https://www.twilio.com/docs/api/errors/32224"""
    number = "+" + COUNTRIES["CU"][0] + "51234567"
    dial = f'<Dial callerId="{SALES}" action="/after"><Number>{number}</Number></Dial>'
    await world.answer_with(SALES, dial)
    await world.dial_in(from_=MOBILE)
    [hit] = await until(lambda: world.app.at("/after"))
    assert hit.form["DialCallStatus"] == "failed" and 32224 in codes(world)


async def test_join_without_the_leg_to_coach_goes_on_with_the_next_verb(world):
    """https://www.twilio.com/docs/api/errors/13240"""
    await two_in_a_room(world)
    coach = "CA" + "0" * 32
    world.app.answers["/voice"] = (
        f'<Dial><Conference coach="{coach}">room</Conference></Dial><Redirect>/next</Redirect>'
    )
    await world.dial_in(from_="+32470999888")
    await until(lambda: world.app.at("/next"))
    assert 13240 in codes(world)


async def test_missing_sound_leads_to_the_fallback(world):
    """https://www.twilio.com/docs/usage/security/availability-reliability"""
    document = "<Play>none.wav</Play><Say>After it.</Say>"
    await world.answer_with(SALES, document, voice_fallback_url=world.app.url + "/fallback")
    world.app.answers["/none.wav"] = (404, "", "text/plain")
    world.app.answers["/fallback"] = "<Say>sorry</Say>"
    call = await world.until_status(await world.dial_in(), "completed")
    [hit] = world.app.at("/fallback")
    assert hit.form["ErrorCode"] == "11200"
    assert hit.form["ErrorUrl"] == world.app.url + "/none.wav"
    assert [(step["verb"], step["text"]) for step in call["trail"][1:]] == [("Say", "sorry")]


async def test_missing_sound_takes_a_caller_out_of_the_queue(world):
    await world.answer_with(SALES, '<Enqueue waitUrl="wait" action="left">line</Enqueue>')
    world.app.answers["/wait"] = "<Play>none.wav</Play>"
    world.app.answers["/none.wav"] = (404, "", "text/plain")
    await world.dial_in()
    [hit] = await until(lambda: world.app.at("/left"))
    assert hit.form["QueueResult"] == "error"
