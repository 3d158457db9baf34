"""Requests to our own public address, as Twilio would make them."""

import time

import pytest
import requests
from providers.twilio import probe

URL = "https://crm.example/telephony/sound/ringback_tone.wav"


def answer_with(monkeypatch, status=200, kind=None, error=None):
    """Answer every request; return the list of requests."""
    sent = []

    def request(method, url, **values):
        sent.append((method, url, values))
        if error:
            raise error
        response = requests.Response()
        response.status_code, response._content = status, b"RIFF"
        if kind is not None:
            response.headers["Content-Type"] = kind
        return response

    monkeypatch.setattr(requests, "request", request)
    return sent


@pytest.mark.parametrize(
    ("kind", "is_playable"),
    [
        ("audio/wav", True),
        ("Audio/MPEG; charset=binary", True),
        ("audio/x-wav", True),
        # nginx without the type of `.wav`, and Python 3.14.
        ("application/octet-stream", False),
        ("audio/vnd.wave", False),
        (None, False),
    ],
)
def test_type_of_a_sound_decides(monkeypatch, kind, is_playable):
    """https://www.twilio.com/docs/api/errors/12300"""
    answer_with(monkeypatch, kind=kind)
    expected = (kind or "").partition(";")[0].lower()
    assert probe.ask_sound(URL) == (200, expected, is_playable)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (requests.exceptions.ReadTimeout(), "timeout"),
        (requests.exceptions.SSLError(), "certificate"),
        (requests.exceptions.ConnectionError(), "unreachable"),
    ],
)
def test_sound_that_cannot_be_fetched(monkeypatch, error, status):
    answer_with(monkeypatch, error=error)
    assert probe.ask_sound(URL, time.monotonic() + 1) == (status, "", False)


def test_redirects_are_not_followed(monkeypatch):
    """https://www.twilio.com/docs/api/errors/11216"""
    sent = answer_with(monkeypatch, status=301, kind="text/html")
    assert probe.ask(URL) == (301, "RIFF")
    assert probe.post_signed(URL, "AC" + "0" * 32, "secret")[0] == 301
    assert [values["allow_redirects"] for _method, _url, values in sent] == [False, False]
