"""Requests to our own public address, as Twilio would make them."""

import requests
from twilio.request_validator import RequestValidator

# Seconds. A server with a single worker cannot answer itself; it must not wait long for that.
TIMEOUT = 5


def ask(url):
    """Fetch a text from our own public address. Redirections are not followed.

    :param str url: address with its query
    :return: HTTP status, and the first 200 characters of the answer
    :rtype: tuple(int, str)
    :raise requests.exceptions.RequestException: nobody answered
    """
    response = requests.get(url, timeout=TIMEOUT, allow_redirects=False)
    return response.status_code, response.text[:200]


def post_signed(url, account_sid, auth_token):
    """Send a signed callback about no call to our own public address.

    Without a status it means nothing, so nothing is written.

    :param str url: address of a webhook
    :return: HTTP status
    :rtype: int
    :raise requests.exceptions.RequestException: nobody answered
    """
    form = {"AccountSid": account_sid, "CallSid": "CA" + "0" * 32}
    signature = RequestValidator(auth_token).compute_signature(url, form)
    return requests.post(
        url,
        data=form,
        headers={"X-Twilio-Signature": signature},
        timeout=TIMEOUT,
        allow_redirects=False,
    ).status_code
