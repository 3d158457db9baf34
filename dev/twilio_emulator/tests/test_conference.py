"""Conferences: sound, events, hold, mute, coaching, ends."""

from twilio_emulator.media import tones, wav
from twilio_emulator.media.meter import Meter

from .world import MOBILE, SALES, SUPPORT, until

OPTIONS = 'beep="false" startConferenceOnEnter="true" waitUrl=""'


def room(name="room", **attributes):
    """Return TwiML that joins a conference."""
    more = " ".join('{}="{}"'.format(*pair) for pair in attributes.items())
    return f"<Dial><Conference {OPTIONS} {more}>{name}</Conference></Dial>"


def near(hz, wanted, apart=6):
    """Return whether two frequencies are the same."""
    return abs(hz - wanted) <= apart


def heard(call):
    """Return the frequencies a party hears, lowest first, to the nearest 10 Hz."""
    return sorted(round(hz, -1) for hz in call["hears"]["peaks"])


async def two_in_a_room(world, **attributes):
    """Return the two identifiers of callers (440 Hz, 900 Hz) that talk to each other."""
    await world.answer_with(SALES, room(**attributes))
    first = await world.dial_in(tone=440)
    await world.until_status(first, "in-progress")
    second = await world.dial_in("+32470333444", tone=900)
    await world.until_call(first, lambda c: near(c["hears"]["peak_hz"], 900))
    return first, second


async def test_two_callers_hear_each_other_and_not_themselves(world):
    first, second = await two_in_a_room(world)
    one = await world.until_call(first, lambda c: heard(c) == [900])
    two = await world.until_call(second, lambda c: heard(c) == [440])
    assert near(two["says"]["peak_hz"], 900)
    assert one["conference"]["friendly_name"] == "room"
    third = await world.dial_in("+32470555666", tone=0)
    await world.until_call(third, lambda c: heard(c) == [440, 900])


async def people(world, name="room"):
    """Return the REST collection of a running conference's participants."""
    conference = (await world.rest(world.client.conferences.list, friendly_name=name))[0]
    return world.client.conferences(conference.sid).participants


def events(world):
    """Return the application's conference events, in order."""
    hits = sorted(world.app.at("/conference"), key=lambda h: int(h.form["SequenceNumber"]))
    return [hit.form for hit in hits]


CALLBACK = {
    "statusCallback": "conference",
    "statusCallbackEvent": "start end join leave mute hold modify",
}


async def test_events_of_a_conference(world):
    first, second = await two_in_a_room(world, **CALLBACK)
    await world.post(f"calls/{second}/hangup")
    await world.post(f"calls/{first}/hangup")
    await until(lambda: len(events(world)) == 6)
    told = [(e["StatusCallbackEvent"], e.get("CallSid")) for e in events(world)]
    assert told == [
        ("participant-join", first),
        ("participant-join", second),
        ("conference-start", None),
        ("participant-leave", second),
        ("participant-leave", first),
        ("conference-end", None),
    ]
    last = events(world)[-1]
    assert last["ReasonConferenceEnded"] == "last-participant-left"
    assert last["CallSidEndingConference"] == first
    assert events(world)[3]["ReasonParticipantLeft"] == "participant_hung_up"
    assert events(world)[3]["ParticipantCallStatus"] == "completed"


async def test_only_the_first_participants_callback_counts(world):
    await world.answer_with(SALES, room(statusCallback="conference", statusCallbackEvent="join"))
    first = await world.dial_in()
    await world.until_call(first, lambda c: c["conference"] and c["conference"]["joined"])
    world.app.answers["/voice"] = room(statusCallback="other", statusCallbackEvent="join")
    await world.dial_in("+32470333444")
    await until(lambda: len(world.app.at("/conference")) == 2)
    assert not world.app.at("/other")


async def test_end_conference_on_exit_lets_everybody_go(world):
    first, second = await two_in_a_room(world, **CALLBACK)
    world.app.answers["/voice"] = room(endConferenceOnExit="true")
    third = await world.dial_in("+32470555666")
    await world.until_call(third, lambda c: c["conference"] and c["conference"]["joined"])
    await world.post(f"calls/{third}/hangup")
    await world.until_status(first, "completed")
    await world.until_status(second, "completed")
    await until(lambda: events(world)[-1]["StatusCallbackEvent"] == "conference-end")
    end = events(world)[-1]
    assert end["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert end["CallSidEndingConference"] == third


async def test_change_of_end_on_exit_is_ignored_on_hold(world):
    _first, second = await two_in_a_room(world)
    person = (await people(world))(second)
    held = await world.rest(person.update, hold=True)
    assert held.hold
    assert not (await world.rest(person.update, end_conference_on_exit=True)).end_conference_on_exit
    await world.rest(person.update, hold=False)
    assert (await world.rest(person.update, end_conference_on_exit=True)).end_conference_on_exit


async def test_held_party_hears_the_hold_document_and_is_not_heard(world):
    first, second = await two_in_a_room(world, **CALLBACK)
    person = (await people(world))(second)
    world.app.answers["/hold"] = '<Play loop="0">music.wav</Play>'
    world.app.answers["/music.wav"] = wav.encode(tones.tone((1500,), 0.5))
    await world.rest(person.update, hold=True, hold_url=world.app.url + "/hold")
    await world.until_call(second, lambda c: heard(c) == [1500])
    held = await world.until_call(first, lambda c: c["hears"]["peak_hz"] == 0)
    assert not held["conference"]["hold"]
    assert world.app.at("/hold")[0].method == "GET"
    await world.rest(person.update, hold=False)
    await world.until_call(second, lambda c: near(c["hears"]["peak_hz"], 440))
    await world.until_call(first, lambda c: near(c["hears"]["peak_hz"], 900))
    await until(lambda: events(world)[-1]["StatusCallbackEvent"] == "participant-unhold")
    assert events(world)[-2]["Hold"] == "true"


async def test_muted_party_is_not_heard(world):
    first, second = await two_in_a_room(world, **CALLBACK)
    person = (await people(world))(second)
    await world.rest(person.update, muted=True)
    await world.until_call(first, lambda c: c["hears"]["peak_hz"] == 0)
    await world.post(f"calls/{second}/digits", {"digits": "1"})
    await world.rest(person.update, muted=False)
    await world.until_call(first, lambda c: near(c["hears"]["peak_hz"], 900))
    assert (await world.call(first))["digits_received"] == ""
    assert events(world)[-1]["StatusCallbackEvent"] == "participant-unmute"


async def test_coach_is_heard_by_one_only(world):
    first, second = await two_in_a_room(world)
    people_ = await people(world)
    await world.post("settings", {"tone": 1700})
    coach = await world.rest(
        people_.create, from_=SALES, to=MOBILE, coaching=True, call_sid_to_coach=first
    )
    await world.until_status(coach.call_sid, "ringing")
    await world.post(f"calls/{coach.call_sid}/answer")
    await world.until_call(first, lambda c: heard(c) == [900, 1700])
    await world.until_call(coach.call_sid, lambda c: heard(c) == [440, 900])
    await world.until_call(second, lambda c: heard(c) == [440])
    await world.rest(people_(coach.call_sid).update, coaching=False)
    await world.until_call(second, lambda c: heard(c) == [440, 1700])
    wrong = "CA" + "0" * 32
    assert await world.refused(
        people_(coach.call_sid).update, coaching=True, call_sid_to_coach=wrong
    ) == (400, 13240)


async def test_supervisor_of_a_document_is_muted_then_coaches_then_takes_part(world):
    first, second = await two_in_a_room(world)
    world.app.answers["/voice"] = room(muted="true")
    third = await world.dial_in("+32470555666", tone=1700)
    await world.until_call(third, lambda c: heard(c) == [440, 900])
    assert heard(await world.until_call(first, lambda c: heard(c) == [900])) == [900]
    supervisor = (await people(world))(third)
    wrong = "CA" + "0" * 32
    assert await world.refused(
        supervisor.update, muted=False, coaching=True, call_sid_to_coach=wrong
    ) == (400, 13240)
    assert (await world.rest(supervisor.fetch)).muted
    await world.rest(supervisor.update, muted=False, coaching=True, call_sid_to_coach=first)
    await world.until_call(first, lambda c: heard(c) == [900, 1700])
    await world.until_call(second, lambda c: heard(c) == [440])
    await world.rest(supervisor.update, muted=False, coaching=False)
    await world.until_call(second, lambda c: heard(c) == [440, 1700])
    await world.rest(supervisor.update, muted=True, coaching=False)
    await world.until_call(second, lambda c: heard(c) == [440])
    await world.until_call(first, lambda c: heard(c) == [900])


async def test_document_names_whom_to_coach(world):
    first, second = await two_in_a_room(world)
    world.app.answers["/voice"] = room(coach=first)
    third = await world.dial_in("+32470555666", tone=1700)
    await world.until_call(first, lambda c: heard(c) == [900, 1700])
    await world.until_call(third, lambda c: heard(c) == [440, 900])
    assert heard(await world.call(second)) == [440]
    await world.post(f"calls/{first}/hangup")
    await world.until_status(first, "completed")
    await world.until_call(second, lambda c: heard(c) == [])
    world.app.answers["/voice"] = room(coach="CA" + "0" * 32)
    fourth = await world.dial_in("+32470777888")
    await world.until_status(fourth, "completed")
    assert world.emulator.logs.errors[-1]["code"] == 13240


async def test_label_must_be_unique(world):
    await world.answer_with(SALES, room(participantLabel="agent"))
    first = await world.dial_in()
    await world.until_call(first, lambda c: c["conference"] and c["conference"]["joined"])
    second = await world.dial_in("+32470333444")
    call = await world.until_status(second, "completed")
    assert call["error_code"] == 16025
    create = (await people(world)).create
    assert await world.refused(create, from_=SALES, to=MOBILE, label="agent") == (400, 16026)
    assert len(await world.get("calls")) == 2


async def test_participant_rings_joins_and_ends_with_the_conference(world):
    await world.answer_with(SALES, room(**CALLBACK))
    agent = await world.dial_in()
    await world.until_call(agent, lambda c: c["conference"] and c["conference"]["joined"])
    person = await world.rest(
        (await people(world)).create,
        from_=SUPPORT,
        to="+32470333444",
        label="customer",
        end_conference_on_exit=True,
        status_callback=world.app.url + "/leg",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    assert person.status in ("queued", "connecting", "ringing")
    await world.until_call(agent, lambda c: near(c["hears"]["peak_hz"], 425))
    assert not any(e.get("CallSid") == person.call_sid for e in events(world))
    await world.post(f"calls/{person.call_sid}/answer", {"tone": 900}, 200)
    await world.until_call(agent, lambda c: near(c["hears"]["peak_hz"], 900))
    fetched = await world.rest((await people(world))("customer").fetch)
    assert (fetched.status, fetched.call_sid) == ("connected", person.call_sid)
    await world.post(f"calls/{person.call_sid}/hangup")
    await world.until_status(agent, "completed")
    await until(lambda: len(world.app.at("/leg")) == 4)


async def test_participant_that_does_not_answer_leaves(world):
    await world.answer_with(SALES, room(**CALLBACK))
    agent = await world.dial_in()
    await world.until_call(agent, lambda c: c["conference"] and c["conference"]["joined"])
    collection = await people(world)
    person = await world.rest(
        collection.create, from_=SALES, to="+32470333444", end_conference_on_exit=True
    )
    await world.until_status(person.call_sid, "ringing")
    await world.post(f"calls/{person.call_sid}/reject")
    await world.until_status(person.call_sid, "busy")
    await until(lambda: events(world)[-1]["StatusCallbackEvent"] == "participant-leave")
    assert events(world)[-1]["ReasonParticipantLeft"] == "participant_add_failed"
    assert events(world)[-1]["ParticipantCallStatus"] == "busy"
    assert (await world.call(agent))["status"] == "in-progress"
    assert await world.refused(collection(person.call_sid).fetch) == (404, 20404)


async def test_removed_participant_goes_on_with_its_document(world):
    first, second = await two_in_a_room(world)
    world.app.answers["/voice"] = ""
    collection = await people(world)
    await world.rest(collection(second).delete)
    await world.until_status(second, "completed")
    assert (await world.call(first))["status"] == "in-progress"
    assert await world.refused(collection(second).update, muted=True) == (404, 20404)


async def test_redirected_party_leaves_and_can_come_back(world):
    first, second = await two_in_a_room(world, **CALLBACK)
    world.app.answers["/park"] = '<Enqueue waitUrl="">parked</Enqueue>'
    await world.rest(world.client.calls(second).update, url=world.app.url + "/park")
    await world.until_call(second, lambda c: c["queue"])
    await until(lambda: events(world)[-1]["StatusCallbackEvent"] == "participant-leave")
    assert events(world)[-1]["ReasonParticipantLeft"] == "participant_updated_via_api"
    await world.rest(world.client.calls(second).update, url=world.app.url + "/voice")
    await world.until_call(first, lambda c: near(c["hears"]["peak_hz"], 900))
    assert (await world.call(first))["conference"]["sid"] == (await world.call(second))[
        "conference"
    ]["sid"]


async def test_waiting_participant_hears_the_wait_document(world):
    await world.answer_with(
        SALES,
        (
            '<Dial><Conference beep="false" waitUrl="wait" startConferenceOnEnter="false">room'
            "</Conference></Dial>"
        ),
    )
    world.app.answers["/wait"] = '<Play loop="0">music.wav</Play>'
    world.app.answers["/music.wav"] = wav.encode(tones.tone((1500,), 0.5))
    first = await world.dial_in()
    await world.until_call(first, lambda c: near(c["hears"]["peak_hz"], 1500))
    second = await world.dial_in("+32470333444", tone=900)
    await world.until_call(second, lambda c: near(c["hears"]["peak_hz"], 1500))
    assert (await world.call(first))["conference"]["status"] == "init"
    world.app.answers["/voice"] = room("room")
    third = await world.dial_in("+32470555666", tone=0)
    await world.until_call(third, lambda c: heard(c) == [440, 900])
    await world.until_call(first, lambda c: heard(c) == [900])


async def test_recorded_conference_has_everybody(world):
    first, second = await two_in_a_room(
        world, record="record-from-start", recordingStatusCallback="recorded"
    )
    observer = world.emulator.conferences.running("room").recording
    await until(lambda: observer.status == "in-progress")
    await world.until_call(second, lambda c: c["duration"] >= 2)
    await world.post(f"calls/{first}/hangup")
    await world.post(f"calls/{second}/hangup")
    told = (await until(lambda: world.app.at("/recorded")))[0].form
    assert told["RecordingSource"] == "Conference"
    sound = wav.decode(world.emulator.store.recordings[told["RecordingSid"]].file)
    meter = Meter()
    for frame in sound[-6400:-2400].reshape(-1, 160):
        meter.add(frame)
    assert sorted(round(hz, -1) for hz in meter.reading()["peaks"]) == [440, 900]


async def test_time_limit_of_dial_ends_the_stay_in_a_conference(world):
    """https://www.twilio.com/docs/voice/twiml/dial#timelimit"""
    conference = f"<Conference {OPTIONS}>room</Conference>"
    await world.answer_with(SALES, f'<Dial timeLimit="3">{conference}</Dial>')
    sid = await world.dial_in()
    await world.until_call(sid, lambda call: call["conference"])
    await world.until_status(sid, "completed")
