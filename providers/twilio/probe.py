"""Requests to our own public address, as Twilio would make them."""

import time

import requests
from twilio.request_validator import RequestValidator

# Seconds. A single worker cannot answer itself, so the wait must be short; the requests to Twilio
# need time too.
TIMEOUT = 2


def _send(method, url, deadline=None, **values):
    """Send a request. Redirects are not followed, as with Twilio's own requests.

    :param float deadline: moment (`time.monotonic`) at which it must end, or None
    :return: HTTP status or `timeout`, `certificate`, `unreachable`; the beginning of the answer
    :rtype: tuple(int | str, str)
    """
    left = TIMEOUT if deadline is None else min(TIMEOUT, deadline - time.monotonic())
    # The limit holds for connecting and for the answer, one after the other.
    limit = max(left, 0.1) / 2
    try:
        response = requests.request(method, url, timeout=limit, allow_redirects=False, **values)
    except requests.exceptions.Timeout:
        return "timeout", ""
    except requests.exceptions.SSLError:
        return "certificate", ""
    except requests.exceptions.RequestException:
        return "unreachable", ""
    return response.status_code, response.text[:200]


def ask(url, deadline=None):
    """Return a text from our own public address.

    :param str url: URL with its query
    :param float deadline: see `_send`
    :return: see `_send`
    :rtype: tuple(int | str, str)
    """
    return _send("GET", url, deadline)


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
    return _send("POST", url, deadline, data=form, headers={"X-Twilio-Signature": signature})
