"""Requests to our own public address, as Twilio would make them."""

import io
import time

import pytest
import requests
from providers.twilio import probe

URL = "https://crm.example/telephony/sound/ringback_tone.wav"


def answer_with(monkeypatch, status=200, kind=None, error=None, content=b"RIFF"):
    """Answer every request; return the list of requests."""
    sent = []

    def request(method, url, **values):
        sent.append((method, url, values))
        if error:
            raise error
        response = requests.Response()
        response.status_code, response.raw = status, io.BytesIO(content)
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


@pytest.mark.parametrize(
    ("status", "kind", "content", "is_program"),
    [
        (200, "text/javascript; charset=utf-8", b"(function(root){" + b" " * 300_000, True),
        (200, "application/javascript", b"(function(root){", True),
        # A page of a proxy, which browsers do not run.
        (200, "text/html", b"<!DOCTYPE html>", False),
        (200, "application/octet-stream", b"(function(root){", False),
        # A pointer to large file storage, or an interrupted copy.
        (200, "text/javascript", b"", False),
        (404, "text/html", b"<!DOCTYPE html>", False),
    ],
)
def test_program_that_browsers_run(monkeypatch, status, kind, content, is_program):
    sent = answer_with(monkeypatch, status, kind, content=content)
    assert probe.ask_program(URL) == (status, is_program)
    assert sent[0][2]["stream"]


def test_only_the_beginning_is_read(monkeypatch):
    """The SDK is 300 KB, and a click has little time."""

    class Body(io.BytesIO):
        bytes_read = 0

        def read(self, size=-1):
            found = super().read(size)
            Body.bytes_read += len(found)
            return found

    monkeypatch.setattr(io, "BytesIO", Body)
    answer_with(monkeypatch, kind="text/javascript", content=b"(function(root){" + b" " * 300_000)
    assert probe.ask_program(URL) == (200, True)
    assert Body.bytes_read == probe.BEGINNING
