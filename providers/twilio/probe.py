"""Requests to our own public address, as Twilio would make them."""

import time

import requests
from twilio.request_validator import RequestValidator

# Seconds. A single worker cannot answer itself, so the wait must be short; the requests to Twilio
# need time too.
TIMEOUT = 2
# Content types that `<Play>` accepts.
# https://www.twilio.com/docs/voice/twiml/play#supported-audio-file-types
PLAYABLE = {
    *("audio/mpeg", "audio/wav", "audio/wave", "audio/x-wav", "audio/ulaw"),
    *("audio/aiff", "audio/x-aifc", "audio/x-aiff", "audio/gsm", "audio/x-gsm"),
}


# Content types that browsers run as a program.
# https://html.spec.whatwg.org/multipage/scripting.html#javascript-mime-type
RUNNABLE = {
    *("text/javascript", "application/javascript", "application/x-javascript"),
    *("text/ecmascript", "application/ecmascript"),
}
# Bytes that are read of an answer.
BEGINNING = 800


def _send(method, url, deadline=None, **values):
    """Send a request. Redirects are not followed: Twilio would follow them without parameters.

    https://www.twilio.com/docs/api/errors/11216

    :param float deadline: moment (`time.monotonic`) at which it must end, or None
    :return: HTTP status or `timeout`, `certificate`, `unreachable`; the beginning of the answer;
        its content type
    :rtype: tuple(int | str, str, str)
    """
    left = TIMEOUT if deadline is None else min(TIMEOUT, deadline - time.monotonic())
    # The limit holds for connecting and for the answer, one after the other.
    limit = max(left, 0.1) / 2
    try:
        with requests.request(
            method, url, timeout=limit, allow_redirects=False, stream=True, **values
        ) as response:
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            beginning = b""
            if kind not in PLAYABLE:
                beginning = next(response.iter_content(BEGINNING), b"")
    except requests.exceptions.Timeout:
        return "timeout", "", ""
    except requests.exceptions.SSLError:
        return "certificate", "", ""
    except requests.exceptions.RequestException:
        return "unreachable", "", ""
    return response.status_code, beginning.decode("utf-8", "replace")[:200], kind


def ask_sound(url, deadline=None):
    """Request a sound from our own public address, as Twilio would for a `<Play>`.

    :param str url: URL of a sound
    :param float deadline: see `_send`
    :return: see `_send`; the content type, and whether Twilio plays it
    :rtype: tuple(int | str, str, bool)
    """
    status, _text, kind = _send("GET", url, deadline)
    return status, kind, kind in PLAYABLE


def ask_program(url, deadline=None):
    """Request the beginning of a program from our own public address, as a browser would.

    :param str url: URL of a JavaScript file
    :param float deadline: see `_send`
    :return: see `_send`, and whether a browser runs the answer
    :rtype: tuple(int | str, bool)
    """
    status, text, kind = _send("GET", url, deadline)
    return status, kind in RUNNABLE and bool(text.strip())


def ask(url, deadline=None):
    """Return a text from our own public address.

    :param str url: URL with its query
    :param float deadline: see `_send`
    :return: see `_send`
    :rtype: tuple(int | str, str)
    """
    return _send("GET", url, deadline)[:2]


def post_signed(url, account_sid, auth_token, deadline=None):
    """Send a signed webhook that names no call to our own public address.

    Without a status it has no effect, so nothing is written.

    :param str url: URL of a webhook
    :param float deadline: see `_send`
    :return: see `_send`
    :rtype: tuple(int | str, str)
    """
    form = {"AccountSid": account_sid, "CallSid": "CA" + "0" * 32}
    signature = RequestValidator(auth_token).compute_signature(url, form)
    headers = {"X-Twilio-Signature": signature}
    return _send("POST", url, deadline, data=form, headers=headers)[:2]
