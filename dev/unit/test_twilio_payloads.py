"""Published bodies of Twilio's webhooks, REST answers and signatures, through our reading.

Each body gives what we need, or is refused for the reason that its test names. The files of
`payloads/` name the source of each body; telephone numbers and secrets are masked.
"""

import json
import re
from pathlib import Path

import pytest
from providers.base import ATTESTATIONS, LEG_FAILURES, ProviderError
from providers.twilio import doors, events
from providers.twilio.admin import TwilioAdmin
from providers.twilio.signature import is_signed, parse_form
from tools.call_states import LEG_END_REASONS, LEG_RANK
from werkzeug.datastructures import MultiDict

from test_twilio_client import ACCOUNT, CALL, ROOM, TOKEN, provider

__all__ = ["provider"]
FOLDER = Path(__file__).parent / "payloads"
SID = re.compile(r"[A-Za-z0-9]{2,64}")
# What is published of webhooks that ask for a voice response -> the path of ours that gets them.
VOICE = {
    "incoming": "voice",
    "client": "client",
    "gather": "step",
    "dial_action": "step",
    "record_action": "step",
    "outgoing_voice": "agent_phone",
    "queue": "wait",
    "fallback": "fallback",
}


def load(name):
    """Return the published entries of a file, each with an identifier for the test's report."""
    entries = json.loads((FOLDER / f"{name}.json").read_text())
    return [pytest.param(entry, id=f"{name}-{index}") for index, entry in enumerate(entries)]


def get_form(entry):
    return doors.without_zeros(MultiDict(entry["params"]))


@pytest.mark.parametrize("name", VOICE)
def test_every_file_is_read(name):
    assert load(name)


@pytest.mark.parametrize(
    ("name", "entry"),
    [pytest.param(name, param.values[0], id=param.id) for name in VOICE for param in load(name)],
)
def test_voice_webhook_gives_a_request(name, entry):
    params = entry["params"]
    form = get_form(entry)
    request = events.parse_voice_request(form, {})
    assert request.leg_id == params.get("CallSid", "")
    assert request.called == params.get("To", "")
    assert doors.get_names(VOICE[name], MultiDict(), form)["legs"] == [request.leg_id]
    if name == "client":
        assert request.caller == ""
        assert f"client:{request.identity}" == params["From"]
    elif entry.get("withheld"):
        assert request.caller == ""
    elif "From" in params and not params["From"].startswith("client:"):
        hidden = {"+266696687", "+17378742833"}
        assert request.caller == ("" if params["From"] in hidden else params["From"])
    assert request.error_code == params.get("ErrorCode", "")
    assert request.digits == params.get("Digits", "")
    assert request.attestation in ("", *ATTESTATIONS)
    assert bool(request.attestation) == ("StirVerstat" in params)
    assert request.caller_country == params.get("FromCountry", "").replace("no value", "")
    assert request.diverted_from == params.get("ForwardedFrom", "")[: events.NAME_LENGTH]


def test_withheld_callers_are_published_in_every_spelling():
    withheld = [param for param in load("incoming") if param.values[0].get("withheld")]
    assert len(withheld) == 7


@pytest.mark.parametrize("entry", load("queue"))
def test_end_of_a_queue_has_a_known_result(entry):
    result = entry["params"].get("QueueResult")
    request = events.parse_voice_request(get_form(entry))
    expected = events.QUEUE_RESULTS[result] if result else ""
    assert request.queue_result == expected


@pytest.mark.parametrize("entry", load("dial_action"))
def test_end_of_a_dial_has_a_known_result(entry):
    params, request = entry["params"], events.parse_voice_request(get_form(entry))
    assert request.dial_result in LEG_END_REASONS
    assert request.dial_result.replace("_", "-") == params["DialCallStatus"]
    seconds = params.get("DialCallDuration")
    assert request.dial_seconds == (None if seconds is None else int(seconds))


def test_dial_that_met_nobody_was_not_answered():
    """The called party did not press the key of a screening, for instance."""
    params = {"CallSid": CALL, "DialCallStatus": "completed", "DialBridged": "false"}
    assert events.parse_voice_request(params).dial_result == "no_answer"
    assert events.parse_voice_request({**params, "DialBridged": "true"}).dial_result == "completed"


@pytest.mark.parametrize("entry", load("status"))
def test_status_webhook_gives_an_event(entry):
    params, event = entry["params"], events.parse_leg_event(get_form(entry))
    if not SID.fullmatch(params.get("CallSid", "")):
        # Its publisher took the identifier out: without one, no leg can be meant.
        assert event is None
        return
    assert event.provider_leg_id == params["CallSid"]
    assert event.status in LEG_RANK
    assert (event.status == "ended") == (event.reason in LEG_END_REASONS)
    if event.status == "ended" and "CallDuration" in params:
        assert event.duration == int(params["CallDuration"])
    failure = event.data.get("failure")
    assert not failure or failure in LEG_FAILURES
    if params.get("ErrorCode"):
        assert event.data == {"failure": "network", "failure_code": params["ErrorCode"]}


@pytest.mark.parametrize("entry", load("conference"))
def test_conference_webhook_gives_an_event_about_a_party(entry):
    params, event = entry["params"], events.parse_conference_event(get_form(entry))
    kind = events.CONFERENCE_KIND.get(params["StatusCallbackEvent"])
    sids = [params.get("CallSid", ""), params.get("ConferenceSid", "")]
    if not kind or not all(map(SID.fullmatch, sids)):
        # No join, leave or hold, or its publisher changed the identifiers.
        assert event is None
        return
    assert (event.kind, [event.provider_leg_id, event.conference_id]) == (kind, sids)


@pytest.mark.parametrize("entry", load("recording"))
def test_recording_webhook_gives_an_event(entry):
    params, event = entry["params"], events.parse_recording_event(get_form(entry))
    sids = [params.get("RecordingSid", ""), params.get("CallSid", "")]
    if not all(map(SID.fullmatch, sids)):
        # Recordings of conferences have no leg; we record legs only.
        assert event is None
        return
    assert [event.data["recording_id"], event.provider_leg_id] == sids
    assert event.kind == ("recording" if params["RecordingStatus"] == "in-progress" else "recorded")


@pytest.mark.parametrize("entry", load("verification"))
def test_verification_webhook_gives_a_result(entry):
    params, result = entry["params"], events.parse_verification(get_form(entry))
    if "VerificationStatus" not in params and params["CallStatus"] == "ringing":
        assert result is None
        return
    assert result["provider_leg_id"] == params["CallSid"]
    expected = {"success": "verified", "failed": "failed", None: "waiting"}
    assert result["state"] == expected[params.get("VerificationStatus")]


# Published signatures that we refuse -> why that costs nothing.
REFUSED_SIGNATURES = {
    "an apostrophe in the query": "signed as %27, which twilio-node alone tries; ours have none"
}


@pytest.mark.parametrize("entry", load("signatures"))
def test_published_signature_is_judged_as_published(entry):
    form = MultiDict()
    for name, value in entry["params"].items():
        form.setlist(name, value if isinstance(value, list) else [value])
    verdict = is_signed([entry["token"]], [entry["url"]], form, entry["signature"])
    assert verdict is (entry["valid"] and entry["note"] not in REFUSED_SIGNATURES)


def make_admin(provider, *answers):
    provider.answers = list(answers)
    return TwilioAdmin(ACCOUNT, ACCOUNT, TOKEN)


def read_error(admin, body):
    with pytest.raises(ProviderError) as raised:
        admin.end_leg(CALL)
    assert raised.value.code == body["code"]


def read_code(admin, body):
    code, leg_id = admin.start_verification("+14155550000", "name", "", 0, "https://crm.example")
    assert (code, leg_id) == (str(body["validation_code"]), body["call_sid"])
    assert len(code) == 6


def read_call(admin, body):
    event = admin.fetch_leg(CALL)
    assert (event.provider_leg_id, event.status in LEG_RANK) == (body["sid"], True)


def read_calls(admin, body):
    sids = [event.provider_leg_id for event in admin.list_living_legs()]
    assert sids == list(dict.fromkeys(call["sid"] for call in body["calls"]))


def read_participant(admin, body):
    values = {
        "from": "+3225550100",
        "to": "+32470123456",
        "label": "customer",
        "timeout": 30,
        "time_limit": 7200,
        "status_url": "https://crm.example",
        "conference_url": "https://crm.example",
        "ends_conference": True,
    }
    assert admin.add_participant("room", values) == body["call_sid"]


def read_participants(admin, body):
    rooms = {"conferences": [{"sid": ROOM}], "next_page_uri": None}
    admin._client.http_client.session.get_adapter("").answers.insert(0, (200, rooms))
    found = admin.list_room("room")
    assert found == {party["call_sid"]: party["hold"] for party in body["participants"]}


def read_conferences(admin, body):
    assert isinstance(admin.find_participant("room", "customer"), str)


def read_number_list(admin, body):
    found = [number["sid"] for number in admin.list_numbers()]
    assert found == [number["sid"] for number in body["incoming_phone_numbers"]]


def read_caller_id(admin, body):
    found = body["outgoing_caller_ids"]
    assert admin.find_caller_id("+14155550000") == (found[0]["sid"] if found else "")


def read_recordings(admin, body):
    assert isinstance(admin.find_recording(CALL, []), str)


def read_recording(admin, body):
    assert admin.start_recording(CALL, "https://crm.example") == body["sid"]


def read_application(admin, body):
    assert set(admin.fetch_application("AP" + "1" * 32)) == {
        "voice_url",
        "fallback_url",
        "status_url",
    }


def read_account(admin, body):
    assert admin.fetch_account_name() == body["friendly_name"]


def read_balance(admin, body):
    # The account is asked first whether it has one.
    admin._client.http_client.session.get_adapter("").answers.insert(0, (200, {"sid": ACCOUNT}))
    amount, currency = admin.fetch_balance()
    assert (str(amount), currency) == (str(float(body["balance"])), body["currency"])


# Kind of answer -> how we read it. The kinds of the second table are never requested.
READERS = {
    "error": read_error,
    "validation": read_code,
    "call": read_call,
    "calls": read_calls,
    "participant": read_participant,
    "participants": read_participants,
    "conferences": read_conferences,
    "incoming_phone_numbers": read_number_list,
    "outgoing_caller_ids": read_caller_id,
    "recordings": read_recordings,
    "recording": read_recording,
    "application": read_application,
    "account": read_account,
    "balance": read_balance,
}
UNREAD = {
    "accounts": "only our own account is read",
    "caller_id": "caller IDs are searched in the list",
    "conference": "conferences are searched in the list",
    "member": "only whether moving a member succeeds matters",
    "number": "numbers are read from the list",
    "queue": "queues are named, not read",
    "queue_members": "queues are named, not read",
    "queues": "queues are named, not read",
}


@pytest.mark.parametrize("entry", load("rest"))
def test_answer_of_the_rest_api_is_read(entry, provider):
    resource, body = entry["resource"], entry["params"]
    if resource in UNREAD:
        assert resource not in READERS
        return
    answers = [(int(entry["status"]), body)]
    if isinstance(body.get(resource), list):
        # There is no further page; what is requested after this list is empty.
        after = "participants" if resource == "conferences" else resource
        body = {**body, "next_page_uri": None}
        answers = [(200, body)] + [(200, {after: [], "next_page_uri": None})] * 10
    READERS[resource](make_admin(provider, *answers), body)


def test_validation_code_without_its_leading_zero_has_six_digits(provider):
    admin = make_admin(provider, (200, {"validation_code": 31628, "call_sid": CALL}))
    assert admin.start_verification("+14155550000", "name", "", 0, "x") == ("031628", CALL)


@pytest.mark.parametrize(
    ("word", "attestation"),
    [
        ("TN-Validation-Passed-A", "verified"),
        ("TN-Validation-Passed-A-Diverted", "verified"),
        ("TN-Validation-Passed-A-Passthrough", "verified"),
        ("TN-Validation-Passed-B", "unverified"),
        ("TN-Validation-Passed-C-Diverted", "unverified"),
        ("TN-Validation-Passed", "unverified"),
        ("No-TN-Validation", "unverified"),
        ("TN-Validation-Failed", "failed"),
        ("TN-Validation-Failed-A", "failed"),
        ("TN-Validation-Failed-C", "failed"),
        ("", ""),
        (None, ""),
        ("TN-Validation-Passed-A<b>", ""),
    ],
)
def test_attestation_is_one_of_three(word, attestation):
    assert events.parse_attestation(word) == attestation


@pytest.mark.parametrize(
    ("params", "failure"),
    [
        ({"SipResponseCode": "404"}, {"failure": "number_unknown", "failure_code": "SIP 404"}),
        ({"SipResponseCode": "603"}, {"failure": "declined", "failure_code": "SIP 603"}),
        ({"SipResponseCode": "499"}, {"failure": "", "failure_code": "SIP 499"}),
        (
            {"SipResponseCode": "403", "ErrorCode": "13225"},
            {"failure": "forbidden", "failure_code": "13225"},
        ),
        ({"SipResponseCode": "200"}, {}),
        ({"SipResponseCode": "487", "ErrorCode": ""}, {}),
        ({"SipResponseCode": "[FILTERED]"}, {}),
        ({}, {}),
    ],
)
def test_failure_of_a_leg_is_named(params, failure):
    event = events.parse_leg_event({"CallSid": CALL, "CallStatus": "failed", **params})
    assert event.data == failure
    running = events.parse_leg_event({"CallSid": CALL, "CallStatus": "ringing", **params})
    assert running.data == {}


def test_what_the_caller_chose_is_short_and_printable():
    request = events.parse_voice_request(
        {
            "CallSid": CALL,
            "CallerName": "Zoë\n\x1b[31m <b>\u202e" + "x" * 500,
            "FromCity": "\0\t ",
            "FromCountry": "be",
            "ForwardedFrom": "+" + "4" * 500,
            "StirVerstat": "TN-" * 1000,
        }
    )
    assert request.caller_name.startswith("Zoë [31m <b> x")
    assert len(request.caller_name) == len(request.diverted_from) == events.NAME_LENGTH
    assert (request.caller_city, request.caller_country) == ("", "")
    assert request.attestation == ""


def test_forms_of_the_payloads_survive_the_wire():
    """What is posted is what is read, also names and accents of all scripts."""
    from urllib.parse import urlencode

    for name in ("incoming", "status", "conference"):
        for param in load(name):
            params = param.values[0]["params"]
            assert dict(parse_form(urlencode(params).encode())) == params
