"""Twilio's side of a webhook: the signed request, and the time until the answer."""

import base64
import hashlib
import hmac
import http.client
import time
import urllib.parse
from email.utils import formatdate

AUTH_TOKEN = "b" * 32
ACCOUNT_SID = "AC" + "b" * 32
BASE_URL = "https://crm.example.com"
VOICE, STATUS = "/telephony/twilio/voice", "/telephony/twilio/status"


class WrongAnswer(Exception):
    """The server's answer is wrong."""


def signature(url, form):
    """Return Twilio's signature of a request.

    :param str url: the whole address, as configured.
    :param dict form: posted fields.
    """
    text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return base64.b64encode(
        hmac.new(AUTH_TOKEN.encode(), text.encode(), hashlib.sha1).digest()
    ).decode()


class Client:
    """One connection, kept as long as the server keeps it."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.sent = 0

    def post(self, database, path, form, expected):
        """Post a signed form.

        :param str database: destination.
        :param str path: path and query.
        :param dict form: posted fields.
        :param str expected: a text that the answer contains.
        :return float: seconds until the whole answer was read.
        :raise WrongAnswer: for any other answer.
        """
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": signature(BASE_URL + path, form),
            "X-Odoo-Database": database,
        }
        body = urllib.parse.urlencode(form)
        started = time.perf_counter()
        self.connection.request("POST", path, body, headers)
        response = self.connection.getresponse()
        content = response.read().decode()
        seconds = time.perf_counter() - started
        self.sent += 1
        if response.status != 200 or expected not in content:
            raise WrongAnswer(f"{path}: {response.status} {content[:500]}")
        return seconds


def incoming_call(sid, caller, number):
    """Return Twilio's fields of an incoming call: all of them, although we read few."""
    place = {"City": "", "State": "", "Zip": "", "Country": "BE"}
    return {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "CallSid": sid,
        "CallStatus": "ringing",
        "CallToken": "t" * 200,
        "Direction": "inbound",
        "From": caller,
        "Caller": caller,
        "To": number,
        "Called": number,
        "StirVerstat": "TN-Validation-Passed-A",
        **{
            f"{party}{key}": value
            for party in ("From", "Caller", "To", "Called")
            for key, value in place.items()
        },
    }


def call_status(sid, status, sequence, caller, number, direction):
    """Return Twilio's fields of a changed leg.

    :param str status: Twilio's word.
    :param int sequence: position of this event among the leg's.
    :param str direction: `inbound` or `outbound-api`.
    """
    form = {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "CallSid": sid,
        "CallStatus": status,
        "CallbackSource": "call-progress-events",
        "Direction": direction,
        "From": caller,
        "Caller": caller,
        "To": number,
        "Called": number,
        "FromCountry": "BE",
        "ToCountry": "BE",
        "SequenceNumber": str(sequence),
        "Timestamp": formatdate(usegmt=True),
    }
    if status == "completed":
        form.update(CallDuration="12", Duration="1")
    return form


def message_status(sid, status, number):
    """Return Twilio's fields of a text message's progress."""
    return {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "From": "+3225550100",
        "MessageSid": sid,
        "MessageStatus": status,
        "SmsSid": sid,
        "SmsStatus": status,
        "To": number,
        "RawDlrDoneDate": "2601011200",
    }
