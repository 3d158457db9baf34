"""Parsing of Twilio's webhooks."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from providers.base import CallEvent, VoiceRequest
from providers.twilio import events
from tools.call_states import LEG_END_REASONS, LEG_RANK

CALL = "CA" + "1" * 32
ROOM = "CF" + "2" * 32
RECORDING = "RE" + "3" * 32
MOMENT = "Mon, 02 Mar 2026 10:00:07 +0100"
AT = datetime(2026, 3, 2, 9, 0, 7)


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("queued", "new", ""),
        ("initiated", "initiated", ""),
        ("ringing", "ringing", ""),
        ("in-progress", "in_progress", ""),
        ("answered", "in_progress", ""),
        ("completed", "ended", "completed"),
        ("busy", "ended", "busy"),
        ("no-answer", "ended", "no_answer"),
        ("failed", "ended", "failed"),
        ("canceled", "ended", "canceled"),
    ],
)
def test_leg_status_is_translated(word, status, reason):
    event = events.parse_leg_event(
        {
            "CallSid": CALL,
            "CallStatus": word,
            "SequenceNumber": "2",
            "Timestamp": MOMENT,
            "CallDuration": "31",
        }
    )
    assert event == CallEvent(
        "leg",
        key=f"{CALL}:{word}",
        provider_leg_id=CALL,
        status=status,
        reason=reason,
        sequence=2,
        at=AT,
        duration=31 if status == "ended" else None,
    )
    assert event.status in LEG_RANK
    assert event.reason in ("", *LEG_END_REASONS)


def test_callback_of_a_number_has_no_sequence():
    event = events.parse_leg_event({"CallSid": CALL, "CallStatus": "completed"})
    assert event.sequence == -1
    assert event.duration is None
    assert abs(datetime.now(timezone.utc).replace(tzinfo=None) - event.at) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"CallSid": CALL},
        {"CallStatus": "completed"},
        {"CallSid": "", "CallStatus": "completed"},
        {"CallSid": CALL, "CallStatus": "sleeping"},
    ],
)
def test_leg_callback_that_says_nothing_is_none(params):
    assert events.parse_leg_event(params) is None


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("participant-join", "join"),
        ("participant-leave", "leave"),
        ("participant-hold", "hold"),
        ("participant-unhold", "unhold"),
    ],
)
def test_conference_event_is_translated(word, kind):
    event = events.parse_conference_event(
        {
            "ConferenceSid": ROOM,
            "CallSid": CALL,
            "StatusCallbackEvent": word,
            "SequenceNumber": "4",
            "Timestamp": MOMENT,
        }
    )
    assert event.kind == kind
    assert event.key == f"{ROOM}:4:{kind}:{CALL}"
    assert (event.provider_leg_id, event.conference_id) == (CALL, ROOM)
    assert (event.sequence, event.at) == (4, AT)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"StatusCallbackEvent": "conference-start", "ConferenceSid": ROOM},
        {"StatusCallbackEvent": "conference-end", "ConferenceSid": ROOM, "CallSid": CALL},
        {"StatusCallbackEvent": "participant-join", "ConferenceSid": ROOM},
        {"StatusCallbackEvent": "participant-join", "CallSid": CALL},
    ],
)
def test_conference_callback_that_concerns_no_party_is_none(params):
    assert events.parse_conference_event(params) is None


@pytest.mark.parametrize(
    "moment",
    [
        "",
        None,
        "yesterday",
        "0",
        "2026-03-02",
        "Mon, 99 Mar 2026 10:00:07 +0100",
        "\0",
        "Wed, 01 Jan 1000 00:00:00 +0500",
        "Fri, 31 Dec 9999 23:59:59 -0500",
        "Mon, 02 Mar 2026 10:00:07 +99999999999",
    ],
)
def test_unreadable_moment_is_now(moment):
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    assert abs(events.parse_moment(moment) - now) < timedelta(seconds=5)


def test_moment_is_utc_without_zone_and_microseconds():
    moment = datetime(2026, 3, 2, 10, 0, 7, 123, timezone(timedelta(hours=1)))
    assert events.parse_moment(moment) == AT
    assert events.parse_moment(MOMENT) == AT
    assert events.parse_moment("Mon, 02 Mar 2026 09:00:07 GMT") == AT


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("31", 31),
        (31, 31),
        ("", None),
        (None, None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("9" * 5000, None),
        ("99999999999", None),
        (" 3", None),
        ("3\0", None),
    ],
)
def test_number(text, number):
    """A number outside the range of every column counts as missing."""
    assert events.parse_number(text) == number


@pytest.mark.parametrize(
    ("status", "kind", "state"),
    [
        ("in-progress", "recording", "recording"),
        ("completed", "recorded", "pending"),
        ("absent", "recorded", "failed"),
        ("failed", "recorded", "failed"),
    ],
)
def test_recording(status, kind, state):
    event = events.parse_recording_event(
        {
            "RecordingSid": RECORDING,
            "CallSid": CALL,
            "RecordingStatus": status,
            "RecordingDuration": "12",
            "RecordingSource": "StartCallRecordingAPI",
        }
    )
    assert (event.kind, event.status, event.duration) == (kind, state, 12)
    assert event.key == f"{RECORDING}:{status}"
    assert event.data == {"recording_id": RECORDING, "kind": "conversation"}


def test_recording_in_an_unknown_state():
    params = {"RecordingSid": RECORDING, "CallSid": CALL, "RecordingStatus": "processing"}
    assert events.parse_recording_event(params) is None


GARBAGE = st.text(max_size=60) | st.sampled_from(
    [
        CALL,
        ROOM,
        RECORDING,
        "completed",
        "in-progress",
        "participant-join",
        "participant-hold",
        "9" * 30,
        "9" * 5000,
        "-1",
        MOMENT,
        "Wed, 01 Jan 1000 00:00:00 +0500",
        "\0",
        "\ud800",
        "",
    ]
)
NAMES = [
    "CallSid",
    "CallStatus",
    "SequenceNumber",
    "Timestamp",
    "CallDuration",
    "ConferenceSid",
    "StatusCallbackEvent",
    "RecordingSid",
    "RecordingStatus",
    "RecordingDuration",
    "RecordingStartTime",
    "RecordingSource",
]


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), GARBAGE))
@example({"CallSid": CALL, "CallStatus": "completed", "CallDuration": "9" * 5000})
@example({"CallSid": CALL, "CallStatus": "completed", "Timestamp": "0" * 3000})
def test_garbage_never_raises(params):
    for parse in (
        events.parse_leg_event,
        events.parse_conference_event,
        events.parse_recording_event,
    ):
        event = parse(params)
        if event is not None:
            assert isinstance(event, CallEvent)
            assert event.provider_leg_id
            # Range of a column of PostgreSQL.
            assert -1 <= event.sequence < 2**31
            assert 0 <= (event.duration or 0) < 2**31
            assert 2000 < event.at.year < 2100
            assert "\0" not in event.key + event.provider_leg_id + event.conference_id
            event.key.encode()


def test_voice_request_of_a_caller():
    request = events.parse_voice_request({"CallSid": "CA1", "From": "+32470123456", "To": "+322"})
    assert request == VoiceRequest(leg_id="CA1", caller="+32470123456", called="+322")


def test_voice_request_of_a_browser_names_identity_and_call():
    params = {"CallSid": "CA1", "From": "client:agent_7", "To": "", "uuid": "u-1"}
    request = events.parse_voice_request(params)
    assert (request.caller, request.identity, request.call_uuid) == ("", "agent_7", "u-1")


def test_voice_request_after_a_menu_names_key_and_step():
    request = events.parse_voice_request({"CallSid": "CA1", "Digits": "5"}, {"at": "12"})
    assert (request.digits, request.step_id) == ("5", 12)
    assert events.parse_voice_request({"CallSid": "CA1"}).step_id is None


@pytest.mark.parametrize(
    ("code", "url", "is_sound_error"),
    [
        ("13420", "https://crm.example.test/telephony/twilio/voice", True),
        ("12300", "", True),
        ("11200", "https://sounds.example.com/hello.mp3", True),
        ("11200", "https://crm.example.test/telephony/sound/1/x", True),
        ("11200", "https://crm.example.test/telephony/twilio/voice", False),
        ("12100", None, False),
        (None, "https://sounds.example.com/hello.mp3", False),
    ],
)
def test_error_may_be_that_of_a_sound(code, url, is_sound_error):
    params = {"CallSid": "CA1", "ErrorCode": code, "ErrorUrl": url}
    assert events.parse_voice_request(params).is_sound_error is is_sound_error


@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("leave", "left"),
        ("redirected", "moved"),
        ("bridging-in-process", "moved"),
        ("queue-full", "refused"),
        ("error", "failed"),
        ("system-error", "failed"),
        ("hangup", "hung_up"),
        ("news", ""),
        (None, ""),
    ],
)
def test_voice_request_after_a_queue(word, result):
    request = events.parse_voice_request({"CallSid": "CA1", "QueueResult": word})
    assert request.queue_result == result


@pytest.mark.parametrize(
    ("word", "result"),
    [("completed", "completed"), ("no-answer", "no_answer"), ("busy", "busy"), ("x", "")],
)
def test_voice_request_after_a_dial(word, result):
    assert events.parse_voice_request({"DialCallStatus": word}).dial_result == result


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"CallSid": "'; DROP"}, "leg_id"),
        ({"QueueSid": "<b>"}, "queue_id"),
        ({"ErrorCode": "1" * 9}, "error_code"),
        ({"ErrorCode": "12x"}, "error_code"),
    ],
)
def test_voice_request_drops_what_twilio_never_sends(params, name):
    assert getattr(events.parse_voice_request(params), name) == ""
