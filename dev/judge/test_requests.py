"""Every request of the addon, judged by a validator that is independent of the emulator's."""

import inspect
import io
import json
import re
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from providers.base import ProviderAdmin, ProviderClient, ProviderError
from providers.twilio import client as client_module
from providers.twilio.admin import TwilioAdmin
from providers.twilio.breaker import breakers
from requests.adapters import BaseAdapter

ACCOUNT = "AC" + "a" * 32
ADDRESSES = {
    name: f"https://crm.example/{name}" for name in ("voice_url", "fallback_url", "status_url")
}
#: Values of the dictionary `values`, for all methods that have one.
VALUES = {
    "from": "+3225550100",
    "to": "+32470123456",
    "label": "customer",
    "timeout": 30,
    "time_limit": 7200,
    "ends_conference": True,
    "url": "https://crm.example/phone",
    "status_url": "https://crm.example/status?leg=5",
    "conference_url": "https://crm.example/conference?call=u",
    "fallback_url": "https://crm.example/fallback",
}
#: Parameter of a method -> its values, each of which is tried.
ARGUMENTS = {
    "address_sid": ["", "AD" + "a" * 32],
    "addresses": [ADDRESSES],
    "bundle_sid": ["", "BU" + "a" * 32],
    "callback_url": ["https://crm.example/recording"],
    "channels": [1, 2],
    "coach": ["", "CA" + "b" * 32],
    "contains": ["", "25*"],
    "country": ["BE"],
    "delay": [0, 5],
    "extension": ["", "12"],
    "hold_url": ["https://crm.example/hold"],
    "kind": ["local", "mobile", "toll_free"],
    "known": [[]],
    "label": ["customer"],
    "leg_id": ["CA" + "a" * 32],
    "limit": [20],
    "muted": [True, False],
    "name": ["Odoo crm"],
    "number": ["+3225550100"],
    "on_hold": [True, False],
    "overrides": [(), ("voice_application_sid",), ("trunk_sid",)],
    "queue_id": ["QU" + "a" * 32],
    "recording_id": ["RE" + "a" * 32],
    "settings": [
        {},
        {**ADDRESSES, "voice_method": "GET", "voice_application_sid": "AP" + "b" * 32},
        {"trunk_sid": "TK" + "b" * 32},
    ],
    "since": [datetime(2026, 1, 1)],
    "status": ["recording", "paused", "stopped"],
    "status_url": ["https://crm.example/verified"],
    "until": [datetime(2026, 1, 2)],
    "url": ["https://crm.example/next"],
    "values": [VALUES],
}
#: Parameters whose value depends on the method: (method or "", parameter) -> values.
SPECIAL = {
    ("has_api_key", "sid"): ["SK" + "a" * 32],
    ("save_application", "sid"): ["", "AP" + "a" * 32],
    ("fetch_application", "sid"): ["AP" + "a" * 32],
    ("fetch_number", "sid"): ["PN" + "a" * 32],
    ("save_number", "sid"): ["PN" + "a" * 32],
    ("release_number", "sid"): ["PN" + "a" * 32],
    ("restore_number", "sid"): ["PN" + "a" * 32],
    ("delete_application", "sid"): ["AP" + "a" * 32],
    ("delete_api_key", "sid"): ["SK" + "a" * 32],
    ("add_participant", "conference"): ["1b4e28ba-2fa1-11d2-883f-0016d3cca427"],
    ("find_participant", "conference"): ["1b4e28ba-2fa1-11d2-883f-0016d3cca427"],
    ("list_room", "conference"): ["1b4e28ba-2fa1-11d2-883f-0016d3cca427"],
    ("", "conference"): ["CF" + "a" * 32],
    ("", "conference_id"): ["CF" + "a" * 32],
}
#: Methods that send no request.
SILENT = {"get_clock_difference"}
#: False refusals: (method, path, place and text) -> reason.
FALSE = {
    r"post .*/(Participants|Calls|Recordings)\.json body\.\w+Event .* must be array": (
        "Prism reads one value of a repeated parameter; repeating it is Twilio's documented form: "
        "https://www.twilio.com/docs/voice/api/call-resource#statuscallbackevent"
    ),
    r"get .*/Recordings/RE\w+\.wav address The route .*": (
        "The sound of a recording is documented, but not a part of the OpenAPI document: "
        "https://www.twilio.com/docs/voice/api/recording#fetch-a-recording-media-file"
    ),
    r'post .*/Participants\.json body\.WaitUrl .* format "uri"': (
        "Prism wants an address; an empty text is the documented way to play nothing: "
        "https://www.twilio.com/docs/voice/api/conference-participant-resource"
    ),
    r"post .*/IncomingPhoneNumbers/PN\w+\.json body\.(VoiceApplicationSid|TrunkSid) .*": (
        "An empty value clears a property, whatever its pattern is; `dev/live` asks it: "
        "https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource"
    ),
    r"post .*/PN\w+\.json body\.(Voice(Fallback)?Url|StatusCallback) \(empty\) .*": (
        "An empty address clears it, as above: the number is handed back without one."
    ),
}


class Court(BaseAdapter):
    """Answers each request with the example of Twilio's document, and keeps the violations."""

    def __init__(self, judge):
        super().__init__()
        self.judge, self.asked, self.violations, self.false = judge, [], [], set()

    def send(self, request, **kwargs):
        verdict = self.judge.ask(request)
        path = urlsplit(request.url).path
        self.asked.append((request.method, path))
        form = dict(parse_qsl(request.body or "", keep_blank_values=True))
        for violation in verdict["violations"]:
            place = violation["place"]
            if form.get(place.removeprefix("body.")) == "":
                place += " (empty)"
            line = f"{request.method.lower()} {path} {place} {violation['text']}"
            known = [pattern for pattern in FALSE if re.fullmatch(pattern, line)]
            self.false.update(known)
            if not known:
                self.violations.append(line)
        data = verdict["data"]
        if isinstance(data, dict):
            # The example of a list names a next page, which would be asked for without end.
            data = {n: None if n == "next_page_uri" else v for n, v in data.items()}
            (data.get("meta") or {}).update(next_page_url=None)
        response = requests.Response()
        response.status_code = verdict["status"]
        response._content = json.dumps(data).encode()
        response.raw = io.BytesIO(response._content)
        response.request, response.url = request, request.url
        return response

    def close(self):
        """Do nothing: the judge is asked by several tests."""


@pytest.fixture
def court(judge, monkeypatch):
    """Bring every request before the judge."""
    court = Court(judge)
    breakers.clear()
    monkeypatch.setattr(requests.Session, "get_adapter", lambda session, url: court)
    monkeypatch.setattr(client_module.time, "sleep", lambda seconds: None)
    return court


def methods():
    """Return the names of all methods that a client must have."""
    return sorted(ProviderClient.__abstractmethods__ | ProviderAdmin.__abstractmethods__)


def argument_sets(name):
    """Return the arguments with which a method is tried: each value of each parameter once."""
    parameters = [
        p for p in inspect.signature(getattr(ProviderAdmin, name)).parameters if p != "self"
    ]
    choices = {}
    for parameter in parameters:
        values = SPECIAL.get((name, parameter)) or SPECIAL.get(("", parameter))
        choices[parameter] = values or ARGUMENTS.get(parameter)
        assert choices[parameter], f"{name}({parameter}): no value is known, see ARGUMENTS"
    count = max(map(len, choices.values()), default=1)
    return [{n: v[i % len(v)] for n, v in choices.items()} for i in range(count)]


@pytest.mark.parametrize("name", [name for name in methods() if name not in SILENT])
def test_requests_are_as_twilio_documents_them(court, name):
    for arguments in argument_sets(name):
        admin = TwilioAdmin(ACCOUNT, ACCOUNT, "t" * 32)
        try:
            result = getattr(admin, name)(**arguments)
            if inspect.isgenerator(result):
                list(result)
        except ProviderError:
            assert court.asked, "no request was sent"
    assert court.asked
    assert not court.violations, "\n".join(court.violations)


def test_known_false_refusals_still_occur(court):
    """A newer judge, or another request, makes an exception superfluous."""
    admin = TwilioAdmin(ACCOUNT, ACCOUNT, "t" * 32)
    admin.call_phone(VALUES)
    admin.add_participant("room", VALUES)
    with pytest.raises(ProviderError):
        list(admin.fetch_recording("RE" + "a" * 32))
    admin.save_number("PN" + "a" * 32, ADDRESSES, ["voice_application_sid"])
    admin.restore_number("PN" + "a" * 32, {})
    assert court.false == set(FALSE)


@pytest.mark.parametrize(
    ("method", "path", "form", "place"),
    [
        ("POST", "Calls.json", {"From": "+3225550100"}, "body"),
        ("POST", "Calls.json", {"From": "a", "To": "b", "Timeout": "soon"}, "body.Timeout"),
        ("POST", "Calls.json", {"From": "a", "To": "b", "Colour": "red"}, "body.Colour"),
        ("GET", "Conferences.json?Name=x", None, "query.Name"),
        ("GET", "Telephones.json", None, "address"),
        (
            "POST",
            "Conferences/a-name/Participants/CA1.json",
            {"Hold": "true"},
            "path.conferencesid",
        ),
    ],
)
def test_judge_finds_mistakes(judge, method, path, form, place):
    url = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/{path}"
    request = requests.Request(method, url, data=form, auth=("a", "b")).prepare()
    assert place in {violation["place"] for violation in judge.ask(request)["violations"]}
