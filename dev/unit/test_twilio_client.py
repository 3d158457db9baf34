"""Requests to Twilio, caught before they leave the machine."""

import io
import json
from base64 import b64decode
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
from providers.base import UNANSWERED_KINDS, ProviderError
from providers.twilio import client as client_module
from providers.twilio.admin import BUSINESS_POLICY, SECONDARY_POLICY, TwilioAdmin
from providers.twilio.breaker import LIMIT, PAUSE, breakers
from providers.twilio.client import TwilioClient
from providers.twilio.errors import explain, get_url
from requests.adapters import BaseAdapter, HTTPAdapter

ACCOUNT = "AC" + "a" * 32
CALL = "CA" + "1" * 32
ROOM = "CF" + "2" * 32
QUEUE = "QU" + "3" * 32
TOKEN = "t" * 32
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
ADDRESSES = {
    "voice_url": "https://crm.example/v",
    "fallback_url": "https://crm.example/f",
    "status_url": "https://crm.example/s",
}
PARTICIPANT = {
    "from": "+3225550100",
    "to": "+32470123456",
    "label": "customer",
    "timeout": 30,
    "time_limit": 7200,
    "status_url": "https://crm.example/status?leg=5",
    "ends_conference": True,
    "conference_url": "https://crm.example/conference?call=u",
}


PHONE = {**PARTICIPANT, "url": "https://crm.example/p", "fallback_url": "https://crm.example/f"}


class Provider(BaseAdapter):
    """Answers requests from a list, and records them."""

    def __init__(self):
        super().__init__()
        self.answers = []
        self.requests = []

    def send(self, request, **kwargs):
        self.requests.append((request, kwargs))
        answer = self.answers.pop(0) if self.answers else (200, {})
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        response = requests.Response()
        response.status_code = status
        response._content = json.dumps(body).encode()
        response.raw = io.BytesIO(response._content)
        response.request = request
        response.url = request.url
        return response

    def close(self):
        pass

    @property
    def paths(self):
        return [urlsplit(request.url).path for request, _kwargs in self.requests]

    def form(self, index=-1):
        return parse_qsl(self.requests[index][0].body or "", keep_blank_values=True)


@pytest.fixture
def provider(monkeypatch):
    """Replace the network, without waits between tries."""
    provider = Provider()
    breakers.clear()
    monkeypatch.setattr(requests.Session, "get_adapter", lambda session, url: provider)
    provider.waits = []
    monkeypatch.setattr(client_module.time, "sleep", provider.waits.append)
    return provider


@pytest.fixture
def client(provider):
    return TwilioClient(ACCOUNT, ACCOUNT, TOKEN)


@pytest.fixture
def admin(provider):
    return TwilioAdmin(ACCOUNT, ACCOUNT, TOKEN)


def refused(status, code=None, message="No."):
    return status, {"code": code, "message": message, "status": status, "more_info": ""}


def test_connections_are_kept_for_the_next_request_and_not_for_long(monkeypatch):
    """A new connection takes two round trips; one that was idle may be gone at the other end."""
    others = TwilioClient(ACCOUNT, ACCOUNT, TOKEN), TwilioClient("AC" + "b" * 32, "SK", TOKEN)
    kept = {one._client.http_client.session.get_adapter("https://api.twilio.com") for one in others}
    assert kept == {client_module._connections}
    connections, closed, now = client_module._Connections(), [], [1000.0]
    monkeypatch.setattr(HTTPAdapter, "send", lambda adapter, request: request)
    monkeypatch.setattr(HTTPAdapter, "close", lambda adapter: closed.append(now[0]))
    monkeypatch.setattr(client_module.time, "monotonic", lambda: now[0])
    for seconds in (0, 5, client_module.IDLE, client_module.IDLE + 1):
        now[0] += seconds
        assert connections.send("request") == "request"
    assert closed == [1000.0, now[0]]


def test_participant_names_every_event_separately(client, provider):
    """Z16: one joined value is a known mistake: the status would stay at “initiated”."""
    provider.answers = [(201, {"call_sid": CALL})]
    assert client.add_participant("room", PARTICIPANT) == CALL
    form = provider.form()
    assert [v for k, v in form if k == "StatusCallbackEvent"] == [
        "initiated",
        "ringing",
        "answered",
        "completed",
    ]
    assert [v for k, v in form if k == "ConferenceStatusCallbackEvent"] == ["join", "leave", "hold"]
    assert {k: v for k, v in form if not k.endswith("CallbackEvent")} == {
        "From": "+3225550100",
        "To": "+32470123456",
        "Label": "customer",
        "Timeout": "30",
        "TimeLimit": "7200",
        "EarlyMedia": "true",
        "Beep": "false",
        # Twilio's default is its own music.
        "WaitUrl": "",
        "StartConferenceOnEnter": "true",
        "EndConferenceOnExit": "true",
        "JitterBufferSize": "small",
        "StatusCallback": "https://crm.example/status?leg=5",
        "StatusCallbackMethod": "POST",
        "ConferenceStatusCallback": "https://crm.example/conference?call=u",
        "ConferenceStatusCallbackMethod": "POST",
    }
    assert provider.paths == [f"{ROOT}/Conferences/room/Participants.json"]


def test_requests_are_authorised_and_limited_in_time(client, provider):
    client.end_leg(CALL)
    request, kwargs = provider.requests[0]
    assert request.headers["Authorization"] == requests.auth._basic_auth_str(ACCOUNT, TOKEN)
    limit = kwargs["timeout"]
    assert (limit.connect_timeout, limit.total) == (4, pytest.approx(6, abs=1))
    assert urlsplit(request.url).netloc == "api.twilio.com"


def test_end_leg(client, provider):
    """Z20: a leg is ended in every state."""
    client.end_leg(CALL)
    assert provider.paths == [f"{ROOT}/Calls/{CALL}.json"]
    assert provider.form() == [("Status", "completed")]


def test_redirect_leg(client, provider):
    client.redirect_leg(CALL, "https://crm.example/step?call=u")
    assert provider.paths == [f"{ROOT}/Calls/{CALL}.json"]
    assert dict(provider.form()) == {"Url": "https://crm.example/step?call=u", "Method": "POST"}


def test_move_from_queue(client, provider):
    """Z17: the caller is taken out of the queue by name, not by position."""
    client.move_from_queue(QUEUE, CALL, "https://crm.example/join?call=u")
    assert provider.paths == [f"{ROOT}/Queues/{QUEUE}/Members/{CALL}.json"]
    assert dict(provider.form()) == {"Url": "https://crm.example/join?call=u", "Method": "POST"}


def test_hold_and_resume(client, provider):
    """Z18: on hold, the customer hears the document at our address."""
    client.hold_participant(ROOM, CALL, True, "https://crm.example/wait?hold=1")
    assert provider.paths == [f"{ROOT}/Conferences/{ROOM}/Participants/{CALL}.json"]
    assert dict(provider.form()) == {
        "Hold": "true",
        "HoldUrl": "https://crm.example/wait?hold=1",
        "HoldMethod": "POST",
    }
    client.hold_participant(ROOM, CALL, False, "https://crm.example/wait?hold=1")
    assert dict(provider.form()) == {"Hold": "false"}


def test_who_hears_a_supervisor(client, provider):
    client.set_participant_sound(ROOM, CALL, False, "CA" + "9" * 32)
    assert provider.paths == [f"{ROOT}/Conferences/{ROOM}/Participants/{CALL}.json"]
    assert dict(provider.form()) == {
        "Muted": "false",
        "Coaching": "true",
        "CallSidToCoach": "CA" + "9" * 32,
    }
    client.set_participant_sound(ROOM, CALL, True, "")
    assert dict(provider.form()) == {"Muted": "true", "Coaching": "false"}


def test_fetch_leg_is_the_event_of_an_equivalent_webhook(client, provider):
    provider.answers = [
        (
            200,
            {
                "sid": CALL,
                "status": "completed",
                "duration": "31",
                "start_time": "Mon, 02 Mar 2026 09:00:00 +0000",
                "end_time": "Mon, 02 Mar 2026 09:00:31 +0000",
            },
        )
    ]
    event = client.fetch_leg(CALL)
    assert (event.provider_leg_id, event.status, event.reason, event.duration) == (
        CALL,
        "ended",
        "completed",
        31,
    )
    assert event.at.isoformat() == "2026-03-02T09:00:31"


def test_living_legs_are_asked_for_by_status(client, provider):
    """Statuses come in the order of a leg's life, so that no leg slips through between requests."""
    call = {"sid": CALL, "duration": None, "start_time": None, "end_time": None}
    provider.answers = [
        (200, {"calls": [{**call, "status": "queued"}]}),
        (200, {"calls": [{**call, "status": "ringing"}]}),
        (200, {"calls": [{**call, "sid": "CA" + "9" * 32, "status": "in-progress"}]}),
    ]
    legs = {event.provider_leg_id: event.status for event in client.list_living_legs()}
    assert legs == {CALL: "ringing", "CA" + "9" * 32: "in_progress"}
    queries = [parse_qs(urlsplit(request.url).query) for request, _kwargs in provider.requests]
    assert [query["Status"] for query in queries] == [["queued"], ["ringing"], ["in-progress"]]
    assert {query["PageSize"][0] for query in queries} == {"1000"}


def test_prices_of_a_period_are_positive_amounts(client, provider):
    """A price that is not known yet is null, and one that is free is 0."""
    call = {"duration": "31", "start_time": None, "end_time": None, "status": "completed"}
    provider.answers = [
        (
            200,
            {
                "calls": [
                    {**call, "sid": "CA1", "price": "-0.01700", "price_unit": "USD"},
                    {**call, "sid": "CA2", "price": None, "price_unit": "USD"},
                    {**call, "sid": "CA3", "price": "0.00000", "price_unit": "EUR"},
                ]
            },
        )
    ]
    prices = client.list_prices(datetime(2026, 3, 2, 9), datetime(2026, 3, 3, 9))
    assert prices == {"CA1": (0.017, "USD"), "CA3": (0, "EUR")}
    query = parse_qs(urlsplit(provider.requests[0][0].url).query)
    assert query["StartTime>"] == ["2026-03-02T09:00:00Z"]
    assert query["StartTime<"] == ["2026-03-03T09:00:00Z"]


def test_find_participant_by_label(client, provider):
    provider.answers = [
        (200, {"conferences": [{"sid": ROOM}]}),
        (
            200,
            {
                "participants": [
                    {"call_sid": "CA" + "9" * 32, "label": "agent-1"},
                    {"call_sid": CALL, "label": "customer"},
                ]
            },
        ),
    ]
    assert client.find_participant("room", "customer") == CALL
    assert parse_qs(urlsplit(provider.requests[0][0].url).query)["FriendlyName"] == ["room"]


def test_find_participant_who_is_not_there(client, provider):
    provider.answers = [(200, {"conferences": []})]
    assert client.find_participant("room", "customer") == ""


def assert_addresses(form):
    assert form["VoiceUrl"] == ADDRESSES["voice_url"]
    assert form["VoiceFallbackUrl"] == ADDRESSES["fallback_url"]
    assert form["StatusCallback"] == ADDRESSES["status_url"]
    assert form["VoiceMethod"] == "POST"


def test_application_is_created_then_updated(admin, provider):
    other = {"sid": "AP0", "voice_url": "https://staging.example/v"}
    provider.answers = [
        (200, {"applications": [other]}),
        (201, {"sid": "AP1"}),
        (200, {"sid": "AP1"}),
    ]
    assert admin.save_application("", "Odoo", ADDRESSES) == "AP1"
    assert admin.save_application("AP1", "Odoo", ADDRESSES) == "AP1"
    assert provider.paths == [
        f"{ROOT}/Applications.json",
        f"{ROOT}/Applications.json",
        f"{ROOT}/Applications/AP1.json",
    ]
    for index in (1, 2):
        assert_addresses(dict(provider.form(index)))


def test_application_whose_creation_was_interrupted_is_found(admin, provider):
    """A repeated click creates no second application."""
    provider.answers = [
        (
            200,
            {
                "applications": [
                    {
                        "sid": "AP1",
                        "voice_url": ADDRESSES["voice_url"],
                        "voice_fallback_url": ADDRESSES["fallback_url"],
                        "status_callback": ADDRESSES["status_url"],
                    }
                ]
            },
        )
    ]
    assert admin.save_application("", "Odoo", ADDRESSES) == "AP1"
    assert [request.method for request, _kwargs in provider.requests] == ["GET"]


def test_application_that_was_deleted_is_made_again(admin, provider):
    provider.answers = [refused(404, 20404), (200, {"applications": []}), (201, {"sid": "AP2"})]
    assert admin.save_application("AP1", "Odoo", ADDRESSES) == "AP2"


def test_application_that_cannot_be_updated_is_not_doubled(admin, provider):
    """Only an application that is gone is created again."""
    provider.answers = [refused(401, 20003)]
    with pytest.raises(ProviderError):
        admin.save_application("AP1", "Odoo", ADDRESSES)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("overrides", [(), ("voice_application_sid",), ("trunk_sid",)])
def test_number_belongs_to_no_application_any_more(admin, provider, overrides):
    """With an application, Twilio would ignore the addresses; what is not set is not sent."""
    provider.answers = [
        (200, {"sid": "PN1", "capabilities": {}, **dict.fromkeys(overrides, "XX1")})
    ]
    values = admin.fetch_number("PN1")
    assert (values["overrides"], values["is_overridden"]) == ([*overrides], bool(overrides))
    admin.save_number("PN1", ADDRESSES, values["overrides"])
    form = dict(provider.form())
    assert {name for name, value in form.items() if not value} == {
        {"voice_application_sid": "VoiceApplicationSid", "trunk_sid": "TrunkSid"}[name]
        for name in overrides
    }
    assert_addresses(form)


@pytest.mark.parametrize(
    ("url", "is_unused"),
    [
        ("", True),
        ("https://demo.twilio.com/welcome/voice/", True),
        # As old numbers have it.
        ("http://demo.twilio.com/docs/voice.xml", True),
        ("https://demo.twilio.com.example.com/", False),
        ("https://crm.example/v", False),
    ],
)
def test_number_that_points_to_twilios_own_example_is_unused(admin, provider, url, is_unused):
    provider.answers = [(200, {"sid": "PN1", "voice_url": url})]
    assert admin.fetch_number("PN1")["is_unused"] == is_unused


def test_number_of_twilio_says_what_it_can_do(admin, provider):
    provider.answers = [
        (
            200,
            {
                "sid": "PN1",
                "capabilities": {"voice": False, "sms": True},
                "emergency_status": "Active",
                "emergency_address_status": "pending-registration",
            },
        ),
        (200, {"sid": "PN2", "capabilities": {"voice": True}}),
    ]
    names = ("has_voice", "emergency_active", "emergency_address_state")
    for expected in ((False, True, "pending"), (True, False, False)):
        values = admin.fetch_number("PN1")
        assert tuple(values[name] for name in names) == expected


def test_key_whose_secret_was_lost_is_deleted(admin, provider):
    """Its secret cannot be asked for; a second key would remain beside it for ever."""
    lost = requests.exceptions.ReadTimeout()
    now = format_datetime(datetime.now(timezone.utc))
    keys = [
        {"sid": "SK1", "friendly_name": "Odoo", "date_created": "Mon, 02 Mar 2026 09:00:00 +0000"},
        {"sid": "SK2", "friendly_name": "Other", "date_created": now},
        {"sid": "SK3", "friendly_name": "Odoo", "date_created": now},
    ]
    provider.answers = [lost, (200, {"keys": keys}), (204, {})]
    with pytest.raises(ProviderError) as caught:
        admin.create_api_key("Odoo")
    assert caught.value.unknown
    [deleted] = [r.url for r, _kwargs in provider.requests if r.method == "DELETE"]
    assert deleted.endswith("/Keys/SK3.json")


def test_names_have_64_characters_at_most(admin, client, provider):
    """https://www.twilio.com/docs/api/errors/70001"""
    name = "Odoo " + "d" * 63
    provider.answers = [
        (201, {"sid": "SK1", "secret": "s"}),
        (200, {"applications": []}),
        (201, {"sid": "AP1"}),
        (200, {"validation_code": "123456", "call_sid": CALL}),
    ]
    admin.create_api_key(name)
    admin.save_application("", name, ADDRESSES)
    client.start_verification("+32470123456", name, "", 0, "https://crm.example/s")
    forms = [dict(provider.form(index)) for index in range(4)]
    assert [form["FriendlyName"] for form in forms if form] == [name[:64]] * 3


def test_emergency_number_of_two_digits_is_dialed_with_the_country(client, provider):
    for to, from_, dialed in (
        ("15", "+33142345678", "+3315"),
        ("112", "+33142345678", "112"),
        ("911", "+12025550100", "911"),
        ("+32470123456", "+33142345678", "+32470123456"),
    ):
        client.add_participant("room", {**PARTICIPANT, "to": to, "from": from_})
        assert dict(provider.form())["To"] == dialed


def test_subaccount_has_no_balance_of_its_own(admin, provider):
    provider.answers = [(200, {"sid": ACCOUNT, "owner_account_sid": "AC" + "9" * 32})]
    assert admin.fetch_balance() is None
    assert len(provider.requests) == 1
    provider.answers = [
        (200, {"sid": ACCOUNT, "owner_account_sid": ACCOUNT}),
        (200, {"balance": "-3.5", "currency": "usd"}),
    ]
    assert admin.fetch_balance() == (-3.5, "USD")


def test_living_legs_are_searched_by_day(client, provider):
    """A search without dates is slow in large accounts; a leg that is not dialed has no date."""
    provider.answers = [(200, {"calls": []})] * 3
    client.list_living_legs()
    queries = [parse_qs(urlsplit(request.url).query) for request, _kwargs in provider.requests]
    days = {query["Status"][0]: query.get("StartTime>") for query in queries}
    assert (days["queued"], days["ringing"]) == (None, None)
    [since] = days["in-progress"]
    passed = datetime.now(timezone.utc) - datetime.fromisoformat(since)
    assert timedelta(days=2) <= passed < timedelta(days=3)


def test_codes_of_errors_have_a_page(provider):
    assert get_url(21404) == "https://www.twilio.com/docs/api/errors/21404"
    assert (get_url(404), get_url(""), get_url(None)) == ("", "", "")


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        (None, f"https://api.twilio.com{ROOT}/Calls/{CALL}.json"),
        ("http://127.0.0.1:8090", f"http://127.0.0.1:8090{ROOT}/Calls/{CALL}.json"),
        ("http://127.0.0.1:8090/", f"http://127.0.0.1:8090{ROOT}/Calls/{CALL}.json"),
    ],
)
def test_another_server_stands_in(provider, base_url, expected):
    TwilioClient(ACCOUNT, ACCOUNT, TOKEN, base_url=base_url).end_leg(CALL)
    assert provider.requests[0][0].url == expected


def used(provider):
    """Return the secrets of the requests, in order."""
    credentials = [request.headers["Authorization"] for request, _kwargs in provider.requests]
    return [b64decode(text.split()[1]).decode().split(":")[1] for text in credentials]


def test_second_secret_is_used_after_the_first_was_refused(provider):
    client = TwilioClient(ACCOUNT, ACCOUNT, TOKEN, second_password="next")
    provider.answers = [refused(401, 20003), (200, {}), (200, {}), refused(401, 20003)]
    client.end_leg(CALL)
    client.end_leg(CALL)
    client.end_leg(CALL)
    assert used(provider) == [TOKEN, "next", "next", "next", TOKEN]
    assert not provider.waits


def test_both_secrets_refused_is_a_refusal(provider):
    provider.answers = [refused(401, 20003)] * 2
    with pytest.raises(ProviderError) as caught:
        TwilioClient(ACCOUNT, ACCOUNT, TOKEN, second_password="next").end_leg(CALL)
    assert caught.value.kind == "unauthorized"
    assert used(provider) == [TOKEN, "next"]


def test_recording_is_read_with_the_second_secret(provider):
    provider.answers = [refused(401, 20003), (200, "sound")]
    client = TwilioClient(ACCOUNT, ACCOUNT, TOKEN, second_password="next")
    assert b"".join(client.fetch_recording("RE1")) == b'"sound"'
    assert used(provider) == [TOKEN, "next"]


def test_too_many_requests_is_tried_again(client, provider):
    provider.answers = [refused(429, 20429), refused(429, 20429), (201, {"call_sid": CALL})]
    assert client.add_participant("room", PARTICIPANT) == CALL
    assert len(provider.requests) == 3
    # Servers that were refused together do not come back together.
    for wait, delay in zip(provider.waits, client_module.RETRY_DELAYS, strict=True):
        assert delay <= wait <= delay * 1.5


def test_too_many_requests_for_ever_is_given_up(client, provider):
    provider.answers = [refused(429, 20429)] * 10
    with pytest.raises(ProviderError) as caught:
        client.end_leg(CALL)
    assert len(provider.requests) == 1 + len(client_module.RETRY_DELAYS)
    assert caught.value.retryable
    assert caught.value.kind == "rate_limited"


@pytest.mark.parametrize(
    ("answer", "flags"),
    [
        (refused(404, 20404), {"gone"}),
        (refused(400, 21211), set()),
        (refused(401, 20003), set()),
        (refused(500, 20500), {"unknown"}),
        (requests.exceptions.ReadTimeout("read timed out"), {"unknown"}),
        (
            requests.exceptions.ConnectionError("('Connection aborted.', RemoteDisconnected())"),
            {"unknown"},
        ),
    ],
)
def test_request_that_may_have_been_carried_out_is_not_repeated(client, provider, answer, flags):
    provider.answers = [answer]
    with pytest.raises(ProviderError) as caught:
        client.add_participant("room", PARTICIPANT)
    assert len(provider.requests) == 1
    assert {n for n in ("gone", "unknown", "retryable") if getattr(caught.value, n)} == flags


@pytest.mark.parametrize(
    "create",
    [
        lambda admin: admin.add_participant("room", PARTICIPANT),
        lambda admin: admin.call_phone(PHONE),
        lambda admin: admin.start_verification("+3225550100", "n", "", 0, "https://crm.example"),
        lambda admin: admin.create_api_key("Odoo"),
    ],
)
def test_unavailable_service_may_have_created_something(admin, provider, create):
    """Twilio promises of 429 alone that nothing was carried out, so 503 is not repeated."""
    provider.answers = [refused(503, 20503)]
    with pytest.raises(ProviderError) as caught:
        create(admin)
    assert [request.method for request, _kwargs in provider.requests].count("POST") == 1
    assert caught.value.unknown and not caught.value.retryable


def test_number_bought_with_an_unavailable_service_is_looked_up(admin, provider):
    bought = {"sid": "PN1", "phone_number": "+3225550100"}
    provider.answers = [refused(503, 20503), (200, {"incoming_phone_numbers": [bought]})]
    assert admin.buy_number("+3225550100", ADDRESSES)["sid"] == "PN1"
    assert [request.method for request, _kwargs in provider.requests] == ["POST", "GET"]


def test_label_in_use_means_that_the_party_was_dialed(client, provider):
    """https://www.twilio.com/docs/api/errors/16026"""
    provider.answers = [refused(400, 16026)]
    with pytest.raises(ProviderError) as caught:
        client.add_participant("room", PARTICIPANT)
    assert (caught.value.kind, caught.value.code) == ("unknown", 16026)


def test_request_that_calls_a_telephone_waits_longer_for_its_answer(client, provider):
    client.add_participant("room", PARTICIPANT)
    client.call_phone(PHONE)
    client.end_leg(CALL)
    limits = [kwargs["timeout"] for _request, kwargs in provider.requests]
    assert [limit._read for limit in limits] == [15, 15, 5]
    assert [round(limit.total) for limit in limits] == [16, 16, 6]


SWALLOWED = requests.exceptions.ConnectTimeout("connect timed out")
LOST = requests.exceptions.ReadTimeout("read timed out")


@pytest.mark.parametrize(
    ("error", "count"),
    [
        # A connection is attempted three times by the library.
        (SWALLOWED, 1),
        (requests.exceptions.ConnectionError("Name or service not known"), 3),
    ],
)
def test_request_that_never_left_is_tried_again(client, provider, error, count):
    provider.answers = [error, error, error]
    with pytest.raises(ProviderError) as caught:
        client.end_leg(CALL)
    assert len(provider.requests) == count
    assert caught.value.kind == "unreachable"
    assert caught.value.retryable


def test_request_is_repeated_only_in_its_time(client, provider, monkeypatch):
    """A request and its repetitions share one time limit."""
    now = [1000.0]
    monkeypatch.setattr(client_module.time, "monotonic", lambda: now[0])
    original = Provider.send

    def send(self, *args, **kwargs):
        limits.append(kwargs["timeout"].total)
        now[0] += 4.5
        return original(self, *args, **kwargs)

    limits = []
    monkeypatch.setattr(Provider, "send", send)
    provider.answers = [refused(429, 20429)] * 3
    with pytest.raises(ProviderError):
        client.end_leg(CALL)
    assert limits == [6.0, 1.5]


def test_requests_of_a_click_share_one_time(provider, monkeypatch):
    """The requests of a chain share one time limit."""
    now, limits = [1000.0], []
    monkeypatch.setattr(client_module.time, "monotonic", lambda: now[0])
    original = Provider.send

    def send(self, *args, **kwargs):
        limits.append(kwargs["timeout"].total)
        now[0] += 2.5
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Provider, "send", send)
    admin = TwilioAdmin(ACCOUNT, ACCOUNT, TOKEN, deadline=1006.0)
    provider.answers = [(200, {"incoming_phone_numbers": []}), (200, {"sid": "PN1"})]
    admin.list_numbers()
    admin.save_number("PN1", ADDRESSES)
    assert limits == [6.0, 3.5]
    # A second is left: the last request may take no more than that.
    admin.save_number("PN1", ADDRESSES)
    assert limits[2:] == [1.0]
    with pytest.raises(ProviderError) as caught:
        admin.save_number("PN1", ADDRESSES)
    assert caught.value.kind == "late"
    assert not caught.value.unknown
    assert len(limits) == 3
    # The provider is not at fault.
    now[0] += 1000
    TwilioClient(ACCOUNT, ACCOUNT, TOKEN).end_leg(CALL)


def test_number_whose_purchase_may_be_carried_out_is_not_said_to_be_late(provider, monkeypatch):
    """When the time ends with the request, it is unknown whether the number was bought."""
    now = [1000.0]
    monkeypatch.setattr(client_module.time, "monotonic", lambda: now[0])
    original = Provider.send

    def send(self, *args, **kwargs):
        now[0] += 5.5
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Provider, "send", send)
    provider.answers = [LOST]
    admin = TwilioAdmin(ACCOUNT, ACCOUNT, TOKEN, deadline=1006.0)
    with pytest.raises(ProviderError) as caught:
        admin.buy_number("+3225550100", ADDRESSES)
    assert (caught.value.unknown, caught.value.kind == "late") == (True, False)


@pytest.mark.parametrize("error", [SWALLOWED, LOST])
def test_provider_that_does_not_answer_is_left_alone(client, provider, error, monkeypatch):
    """After failed requests the next ones fail at once; later one request probes."""
    now = [1000.0]
    monkeypatch.setattr(client_module.time, "monotonic", lambda: now[0])

    def fails(paused):
        with pytest.raises(ProviderError) as caught:
            client.end_leg(CALL)
        assert (caught.value.kind == "paused") == paused
        assert caught.value.kind in UNANSWERED_KINDS

    provider.answers = [error] * LIMIT
    for _request in range(LIMIT):
        fails(paused=False)
    for _request in range(100):
        fails(paused=True)
    assert len(provider.requests) == LIMIT
    # The probe fails, and further requests still fail at once.
    now[0] += PAUSE
    provider.answers = [error]
    fails(paused=False)
    fails(paused=True)
    # The next one is answered.
    now[0] += PAUSE
    client.end_leg(CALL)
    client.end_leg(CALL)
    assert len(provider.requests) == LIMIT + 3


def test_only_one_asks_whether_the_provider_is_back(client, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(client_module.time, "monotonic", lambda: now[0])
    breaker = breakers["probe"]
    for _request in range(LIMIT):
        breaker.note(answered=False)
    now[0] += PAUSE
    assert [breaker.allows() for _request in range(3)] == [True, False, False]


def test_refusals_are_answers_and_accounts_do_not_share_their_luck(client, provider):
    provider.answers = [refused(500, 20500), refused(401, 20003)] * LIMIT
    for _request in range(2 * LIMIT):
        with pytest.raises(ProviderError):
            client.end_leg(CALL)
    provider.answers = [LOST] * LIMIT
    for _request in range(LIMIT):
        with pytest.raises(ProviderError):
            client.end_leg(CALL)
    other = "AC" + "b" * 32
    TwilioClient(other, other, TOKEN).end_leg(CALL)


def test_error_of_an_answer_that_is_no_json(client, provider, monkeypatch):
    """A page from a proxy gives an unknown outcome instead of a traceback."""
    original = Provider.send

    def send(self, request, **kwargs):
        response = original(self, request, **kwargs)
        response.status_code = 502
        response._content = b"<html>Bad gateway</html>"
        return response

    monkeypatch.setattr(Provider, "send", send)
    with pytest.raises(ProviderError) as caught:
        client.end_leg(CALL)
    assert caught.value.unknown


def test_error_holds_no_secret(client, provider):
    provider.answers = [refused(400, 21211, "The 'To' number is not valid.")]
    with pytest.raises(ProviderError) as caught:
        client.add_participant("room", PARTICIPANT)
    assert TOKEN not in str(caught.value)
    assert (caught.value.kind, caught.value.code) == ("number_invalid", 21211)


RECORDING = "RE" + "4" * 32
RECORDINGS = f"{ROOT}/Calls/{CALL}/Recordings"


def test_recording_is_started_in_two_channels(client, provider):
    """Z29: the customer's leg is recorded, because a conference would mix the voices."""
    provider.answers = [(201, {"sid": RECORDING})]
    assert client.start_recording(CALL, "https://crm.example/recording?call=u") == RECORDING
    assert provider.paths == [f"{RECORDINGS}.json"]
    assert provider.form() == [
        ("RecordingStatusCallbackEvent", "in-progress"),
        ("RecordingStatusCallbackEvent", "completed"),
        ("RecordingStatusCallbackEvent", "absent"),
        ("RecordingStatusCallback", "https://crm.example/recording?call=u"),
        ("RecordingStatusCallbackMethod", "POST"),
        ("RecordingChannels", "dual"),
        ("RecordingTrack", "both"),
    ]


@pytest.mark.parametrize(
    ("wanted", "form"),
    [
        ("paused", [("Status", "paused"), ("PauseBehavior", "silence")]),
        ("recording", [("Status", "in-progress")]),
        ("stopped", [("Status", "stopped")]),
    ],
)
def test_recording_is_paused_resumed_stopped(client, provider, wanted, form):
    provider.answers = [(200, {"sid": RECORDING, "status": "paused"})]
    client.set_recording_status(CALL, RECORDING, wanted)
    assert provider.paths == [f"{RECORDINGS}/{RECORDING}.json"]
    assert provider.form() == form


def test_recording_that_was_never_told_is_found(client, provider):
    """After a lost answer, the newest unknown recording of a conversation is found."""
    rows = [
        {"sid": "RE" + "1" * 32, "source": "RecordVerb"},
        {"sid": RECORDING, "source": "StartCallRecordingAPI"},
    ]
    provider.answers = [(200, {"recordings": rows, "next_page_uri": None})] * 2
    assert client.find_recording(CALL, []) == RECORDING
    assert client.find_recording(CALL, [RECORDING]) == ""


def test_both_channels_have_to_be_asked_for(client, provider):
    """Otherwise Twilio mixes the channels of a download."""
    list(client.fetch_recording(RECORDING, 2))
    list(client.fetch_recording(RECORDING))
    first, second = (request.url for request, _kwargs in provider.requests)
    assert first.endswith(f"/Recordings/{RECORDING}.wav?RequestedChannels=2")
    assert second.endswith(f"/Recordings/{RECORDING}.wav")


@pytest.mark.parametrize("answer", [(404, {}), LOST])
def test_recording_that_cannot_be_read(client, provider, answer):
    provider.answers = [answer]
    with pytest.raises(ProviderError) as caught:
        list(client.fetch_recording(RECORDING))
    assert caught.value.gone == (answer != LOST)


def test_recording_is_read_in_parts(client, provider, monkeypatch):
    """An hour in two channels is 115 MB: no worker may hold it at once."""
    provider.answers = [(200, "s" * 150_000)]
    monkeypatch.setattr(requests.Response, "content", property(pytest.fail))
    parts = [len(part) for part in client.fetch_recording(RECORDING)]
    assert sum(parts) == 150_002  # the test's answer is JSON
    assert len(parts) > 2 and max(parts) <= 1 << 16


def test_recording_that_is_cut_off_is_not_complete(client, provider, monkeypatch):
    """A broken download must be detected, because Twilio's copy is deleted afterwards."""
    original = Provider.send

    def send(self, request, **kwargs):
        assert kwargs["stream"]
        response = original(self, request, **kwargs)
        response.headers["Content-Length"] = "1000"
        return response

    monkeypatch.setattr(Provider, "send", send)
    parts = client.fetch_recording(RECORDING)
    assert next(parts) == b"{}"
    with pytest.raises(ProviderError) as caught:
        next(parts)
    assert caught.value.unknown


def test_announcement_is_for_the_whole_conference(client, provider):
    client.announce(ROOM, "https://crm.example/announce?call=u")
    assert provider.paths == [f"{ROOT}/Conferences/{ROOM}.json"]
    assert set(provider.form()) == {
        ("AnnounceUrl", "https://crm.example/announce?call=u"),
        ("AnnounceMethod", "POST"),
    }


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        # The HTTP status of the first two is not documented; 429 would be repeated otherwise.
        (429, 10004, "calls_limit"),
        (429, 16021, "calls_limit"),
        (400, 10004, "calls_limit"),
        (400, 10002, "trial_feature"),
        (400, 13805, "trial_over"),
        (400, 21216, "profile_required"),
        (400, 21219, "number_unverified"),
        (400, 31429, "rate_limited"),
        (400, 573005, "caller_unverified"),
    ],
)
def test_limits_of_a_new_account_have_a_sentence(client, provider, status, code, kind):
    """https://www.twilio.com/docs/api/errors: each is asked once and explained."""
    provider.answers = [refused(status, code)] * (1 if kind != "rate_limited" else 3)
    with pytest.raises(ProviderError) as caught:
        client.add_participant("room", PARTICIPANT)
    assert (caught.value.kind, caught.value.code) == (kind, code)
    assert explain(kind).endswith(".")
    assert not provider.answers


@pytest.mark.parametrize(
    ("account", "policies", "plan"),
    [
        ({"type": "Trial"}, None, ("trial", "")),
        ({"type": "Full"}, [BUSINESS_POLICY, SECONDARY_POLICY], ("full", "business")),
        ({"type": "Full"}, ["RN" + "1" * 32], ("full", "individual")),
        ({"type": "Full"}, [SECONDARY_POLICY], ("full", "none")),
        ({"type": "Full"}, [], ("full", "none")),
        ({"type": "Full", "owner_account_sid": "AC" + "b" * 32}, None, ("full", "")),
    ],
)
def test_plan_is_read_from_the_account_and_its_profiles(admin, provider, account, policies, plan):
    """https://www.twilio.com/docs/trust-hub/trusthub-rest-api/customer-profiles"""
    provider.answers = [(200, {"sid": ACCOUNT, "owner_account_sid": ACCOUNT, **account})]
    if policies is not None:
        results = [{"sid": "BU1", "policy_sid": policy} for policy in policies]
        provider.answers.append((200, {"results": results, "meta": {"key": "results"}}))
    assert admin.fetch_plan() == plan
    assert not provider.answers
    if policies is not None:
        url = urlsplit(provider.requests[-1][0].url)
        assert (url.hostname, url.path) == ("trusthub.twilio.com", "/v1/CustomerProfiles")
        assert parse_qs(url.query)["Status"] == ["twilio-approved"]
