"""Requests to our own public address, as Twilio would make them."""

import requests
from twilio.request_validator import RequestValidator

# Seconds. A server with a single worker cannot answer itself; it must not wait long for that.
TIMEOUT = 5


def _send(method, url, **values):
    """Send a request. Redirections are not followed, because Twilio's are not either.

    :return: HTTP status or `timeout`, `certificate`, `nobody`; the beginning of the answer
    :rtype: tuple(int | str, str)
    """
    try:
        response = requests.request(
            method, url, timeout=TIMEOUT, allow_redirects=False, **values
        )
    except requests.exceptions.Timeout:
        return "timeout", ""
    except requests.exceptions.SSLError:
        return "certificate", ""
    except requests.exceptions.RequestException:
        return "nobody", ""
    return response.status_code, response.text[:200]


def ask(url):
    """Fetch a text from our own public address.

    :param str url: address with its query
    :return: see `_send`
    :rtype: tuple(int | str, str)
    """
    return _send("GET", url)


def post_signed(url, account_sid, auth_token):
    """Send a signed callback about no call to our own public address.

    Without a status it means nothing, so nothing is written.

    :param str url: address of a webhook
    :return: see `_send`
    :rtype: tuple(int | str, str)
    """
    form = {"AccountSid": account_sid, "CallSid": "CA" + "0" * 32}
    signature = RequestValidator(auth_token).compute_signature(url, form)
    return _send("POST", url, data=form, headers={"X-Twilio-Signature": signature})
