"""Reading of documents, and each verb."""

import numpy as np
import pytest
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from twilio_emulator.media import tones, wav
from twilio_emulator.twiml.parser import TwimlError, parse

from .test_conference import near
from .world import MOBILE, SALES, SUPPORT, until


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<Response><Say>x</Response>", 12100),
        ("", 12100),
        ("<Respond/>", 12100),
        ("<Response><Shout>x</Shout></Response>", 12200),
        ("<Response><Say colour='red'>x</Say></Response>", 12200),
        ("<Response><Dial><Say>x</Say></Dial></Response>", 12200),
        ("<Response><Pause length='long'/></Response>", 12200),
        ("<Response>text</Response>", 12200),
        ("<Response><Dial><Conference beep='loud'>x</Conference></Dial></Response>", 12200),
    ],
)
def test_bad_documents_are_refused(text, code):
    with pytest.raises(TwimlError) as caught:
        parse(text)
    assert caught.value.code == code


def test_documents_of_the_twilio_package_are_read():
    response = VoiceResponse()
    gather = Gather(input="dtmf", num_digits=1, timeout=8, action="/confirmed")
    gather.say("Press 1", language="en-GB")
    response.append(gather)
    dial = Dial(action="/done", answer_on_bridge=True, timeout=20, caller_id="+3225550100")
    dial.conference(
        "uuid",
        beep="false",
        start_conference_on_enter=True,
        end_conference_on_exit=False,
        participant_label="agent-1",
        jitter_buffer_size="small",
        wait_url="",
        status_callback="/c",
        status_callback_event="start end join leave mute hold modify",
    )
    response.append(dial)
    response.enqueue("line", wait_url="/wait", action="/step")
    response.record(
        max_length=60,
        play_beep=True,
        recording_status_callback="/r",
        recording_status_callback_event="completed absent",
        trim="do-not-trim",
    )
    verbs = parse(str(response))
    assert [verb.name for verb in verbs] == ["Gather", "Dial", "Enqueue", "Record"]
    assert verbs[1].children[0].get("participantLabel") == "agent-1"


async def test_say_is_heard_and_shown(world):
    await world.answer_with(SALES, "<Say>%s</Say>" % ("Good afternoon. " * 20))
    sid = await world.dial_in()
    call = await world.until_call(sid, lambda c: c["hears"]["rms"] > 100)
    assert call["hears"]["text"].startswith("Good afternoon") and call["status"] == "in-progress"
    assert call["trail"][0]["verb"] == "Say"


async def test_file_is_fetched_once_played_in_a_loop_and_heard(world):
    await world.answer_with(SALES, '<Play loop="3">sound.wav?v=1</Play><Play>sound.wav?v=1</Play>')
    world.app.answers["/sound.wav"] = wav.encode(tones.tone((1200,), 0.3))
    sid = await world.dial_in()
    call = await world.until_call(sid, lambda c: near(c["hears"]["peak_hz"], 1200))
    assert call["hears"]["text"].endswith("/sound.wav?v=1")
    await world.until_status(sid, "completed")
    assert len(world.app.at("/sound.wav")) == 1


async def test_missing_file_is_logged_and_the_document_ends(world):
    await world.answer_with(SALES, "<Play>gone.wav</Play><Say>next</Say>")
    world.app.answers["/gone.wav"] = (404, "", "text/plain")
    sid = await world.dial_in()
    call = await world.until_status(sid, "completed")
    assert [step["verb"] for step in call["trail"]] == ["Play"]
    assert 11200 in [e["code"] for e in await world.get("errors")]


@pytest.mark.parametrize(("reason", "status"), [("rejected", "no-answer"), ("busy", "busy")])
async def test_rejected_call_is_never_answered(world, reason, status):
    await world.answer_with(SALES, f"<Reject reason='{reason}'/>")
    sid = await world.dial_in()
    assert (await world.until_status(sid, status))["duration"] == 0


async def test_pause_does_not_answer(world):
    await world.answer_with(SALES, "<Pause length='600'/>")
    sid = await world.dial_in()
    call = await world.until_call(sid, lambda c: c["trail"])
    assert call["status"] == "ringing"


async def test_gather_takes_keys_and_interrupts_the_prompt(world):
    await world.answer_with(
        SALES,
        '<Gather numDigits="2" action="keys"><Say>%s</Say></Gather>' % ("Press something. " * 60),
    )
    world.app.answers["/keys"] = "<Hangup/>"
    sid = await world.dial_in()
    await world.until_call(sid, lambda c: (c["hears"]["text"] or "").startswith("Press"))
    await world.post(f"calls/{sid}/digits", {"digits": "42"}, 200)
    await world.until_status(sid, "completed")
    assert world.app.at("/keys")[0].form["Digits"] == "42"


async def test_gather_ends_with_the_finishing_key(world):
    await world.answer_with(SALES, '<Gather action="keys" timeout="600"/>')
    world.app.answers["/keys"] = "<Hangup/>"
    sid = await world.dial_in()
    await world.until_status(sid, "in-progress")
    await world.post(f"calls/{sid}/digits", {"digits": "123#"}, 200)
    hits = await until(lambda: world.app.at("/keys"))
    assert (hits[0].form["Digits"], hits[0].form["FinishedOnKey"]) == ("123", "#")


async def test_gather_without_keys_goes_on(world):
    await world.answer_with(SALES, '<Gather action="keys" timeout="2"/><Say>Nothing</Say>')
    sid = await world.dial_in()
    call = await world.until_status(sid, "completed")
    assert not world.app.at("/keys") and call["trail"][-1]["verb"] == "Say"


async def test_record_keeps_what_the_party_says(world):
    await world.answer_with(
        SALES,
        (
            '<Record action="done" maxLength="60" finishOnKey="#" timeout="600" playBeep="false" '
            'recordingStatusCallback="recorded"/>'
        ),
    )
    world.app.answers["/done"] = "<Hangup/>"
    sid = await world.dial_in(tone=770)
    await world.until_call(sid, lambda c: near(c["says"]["peak_hz"], 770))
    leg = world.emulator.legs[sid]
    await until(lambda: len(leg.taps) and len(leg.taps[0].frames) > 30)
    await world.post(f"calls/{sid}/digits", {"digits": "#"}, 200)
    await world.until_status(sid, "completed")
    done = world.app.at("/done")[0].form
    told = (await until(lambda: world.app.at("/recorded")))[0].form
    assert told["RecordingStatus"] == "completed" and told["RecordingSource"] == "RecordVerb"
    assert told["RecordingSid"] == done["RecordingSid"] and done["Digits"] == "#"
    recording = await world.rest(world.client.recordings(done["RecordingSid"]).fetch)
    assert (recording.status, recording.call_sid) == ("completed", sid)
    async with world.session.get(done["RecordingUrl"] + ".wav") as reply:
        assert reply.status == 401
    headers = {"Authorization": world.authorization}
    async with world.session.get(done["RecordingUrl"] + ".wav", headers=headers) as reply:
        sound = wav.decode(await reply.read())
    assert near(float(abs(np.fft.rfft(sound[:4000])).argmax() * 2), 770)


async def test_hang_up_while_recording_keeps_the_message(world):
    await world.answer_with(
        SALES,
        (
            '<Record action="done" playBeep="false" timeout="600" '
            'recordingStatusCallback="recorded"/>'
        ),
    )
    sid = await world.dial_in()
    leg = world.emulator.legs
    await until(lambda: leg[sid].taps and len(leg[sid].taps[0].frames) > 5)
    await world.post(f"calls/{sid}/hangup")
    told = (await until(lambda: world.app.at("/recorded")))[0].form
    assert told["RecordingStatus"] == "completed" and int(told["RecordingDuration"]) >= 1
    done = (await until(lambda: world.app.at("/done")))[0].form
    assert done["Digits"] == "hangup" and done["CallStatus"] == "completed"


async def test_silence_is_not_recorded(world):
    await world.answer_with(
        SALES,
        (
            '<Record action="done" playBeep="false" timeout="3" recordingStatusCallback="recorded" '
            'recordingStatusCallbackEvent="completed absent"/><Say>Nothing</Say>'
        ),
    )
    sid = await world.dial_in(tone=0)
    call = await world.until_status(sid, "completed")
    assert call["trail"][-1]["text"] == "Nothing" and not world.app.at("/done")
    told = (await until(lambda: world.app.at("/recorded")))[0].form
    assert told["RecordingStatus"] == "absent"


async def test_number_is_dialed_bridged_and_reported(world):
    await world.answer_with(
        SALES,
        (
            f'<Dial action="done" callerId="{SALES}" timeout="20"><Number statusCallback="leg" '
            f'statusCallbackEvent="initiated ringing answered completed">{MOBILE}</Number></Dial>'
        ),
    )
    world.app.answers["/done"] = "<Hangup/>"
    sid = await world.dial_in("+32470333444", tone=440)
    await world.until_call(sid, lambda c: near(c["hears"]["peak_hz"], 425))
    child = await until(
        lambda: next((leg for leg in world.emulator.legs.values() if leg.parent_sid == sid), None)
    )
    await world.until_status(child.sid, "ringing")
    await world.post(f"calls/{child.sid}/answer", {"tone": 900}, 200)
    await world.until_call(sid, lambda c: near(c["hears"]["peak_hz"], 900))
    await world.until_call(child.sid, lambda c: near(c["hears"]["peak_hz"], 440))
    await world.post(f"calls/{child.sid}/digits", {"digits": "5"})
    await world.until_call(sid, lambda c: c["digits_received"] == "5")
    await world.post(f"calls/{child.sid}/hangup")
    await world.until_status(sid, "completed")
    done = world.app.at("/done")[0].form
    assert (done["DialCallStatus"], done["DialCallSid"]) == ("completed", child.sid)
    await until(lambda: len(world.app.at("/leg")) == 4)
    assert {h.form["ParentCallSid"] for h in world.app.at("/leg")} == {sid}


@pytest.mark.parametrize("status", ["busy", "no-answer"])
async def test_dialed_number_that_does_not_answer(world, status):
    await world.post("refusals", {MOBILE: status})
    await world.answer_with(
        SALES, (f'<Dial action="done" answerOnBridge="true"><Number>{MOBILE}</Number></Dial>')
    )
    world.app.answers["/done"] = "<Reject/>"
    sid = await world.dial_in("+32470333444")
    await world.until_status(sid, "no-answer")
    assert world.app.at("/done")[0].form["DialCallStatus"] == status


async def test_ringing_ends_after_the_time_out_and_five_seconds(world):
    await world.answer_with(
        SALES, f'<Dial action="done" timeout="5"><Number>{MOBILE}</Number></Dial>'
    )
    world.app.answers["/done"] = "<Hangup/>"
    sid = await world.dial_in("+32470333444")
    await world.until_status(sid, "completed")
    child = next(leg for leg in world.emulator.legs.values() if leg.parent_sid == sid)
    rang = (child.ended_at - child.started).total_seconds() * world.config.time_scale
    assert child.status == "no-answer" and 10 <= rang < 40


async def test_first_in_the_queue_is_bridged(world):
    await world.answer_with(SALES, '<Enqueue waitUrl="" action="left">line</Enqueue>')
    customer = await world.dial_in(tone=440)
    await world.until_call(customer, lambda c: c["queue"])
    world.app.answers["/voice"] = '<Dial><Queue url="whisper">line</Queue></Dial>'
    world.app.answers["/whisper"] = "<Say>You are next</Say>"
    world.app.answers["/left"] = "<Hangup/>"
    agent = await world.dial_in("+32470333444", tone=900)
    await world.until_call(agent, lambda c: near(c["hears"]["peak_hz"], 440))
    await world.until_call(customer, lambda c: near(c["hears"]["peak_hz"], 900))
    assert not world.app.at("/left")
    assert world.app.at("/whisper")[0].form["DequeingCallSid"] == agent
    await world.post(f"calls/{agent}/hangup")
    hits = await until(lambda: world.app.at("/left"))
    assert hits[0].form["QueueResult"] == "bridged"
    await world.until_status(customer, "completed")


async def test_own_number_is_called_like_any_other(world):
    world.emulator.store.number(SUPPORT).touch(voice_url=world.app.url + "/support")
    world.app.answers["/support"] = '<Gather numDigits="1" action="key"/>'
    world.app.answers["/key"] = "<Hangup/>"
    await world.answer_with(SALES, f"<Dial><Number>{SUPPORT}</Number></Dial><Say>over</Say>")
    caller = await world.dial_in(tone=440)
    await until(lambda: len(world.emulator.legs) == 3)
    _first, near_end, far_end = world.emulator.legs
    await world.until_call(far_end, lambda c: near(c["says"]["peak_hz"], 440))
    assert (await world.call(far_end))["direction"] == "inbound"
    assert (await world.call(near_end))["parent"] == caller
    await world.post(f"calls/{caller}/digits", {"digits": "5"}, 200)
    assert (await until(lambda: world.app.at("/key")))[0].form["Digits"] == "5"
    await world.until_status(near_end, "completed")
    await world.until_status(caller, "completed")
    assert (await world.call(caller))["trail"][-1]["text"] == "over"
