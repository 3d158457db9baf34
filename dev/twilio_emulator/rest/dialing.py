"""Rules for called numbers and shown numbers."""

import re

from ..limits import Refusal
from .common import ApiError

E164 = re.compile(r"^\+[1-9]\d{6,14}$")
#: Emergency services, and Twilio's own test of them.
#: https://www.twilio.com/docs/voice/tutorials/emergency-calling-for-programmable-voice
EMERGENCY = {"911", "933", "112", "999"}


def check_from(emulator, number):
    """Refuse a caller ID that is neither an own nor a verified number.

    :raise ApiError: 400.
    """
    if number.startswith("client:"):
        return
    if not E164.match(number):
        raise ApiError(400, 21212, f"The 'From' number {number} is not a valid phone number")
    if not emulator.store.may_call_from(number):
        raise ApiError(
            400,
            21210,
            f"The source phone number provided, {number}, is not yet verified for your "
            "account. You may only make calls from phone numbers that you've verified or "
            "purchased from Twilio.",
        )


def check_to(emulator, number):
    """Refuse a number that is impossible, or in a country that may not be called.

    :raise ApiError: 400.
    """
    if number.startswith("client:") or number in EMERGENCY:
        return
    if not E164.match(number):
        raise ApiError(400, 21217, f"Phone number {number} does not appear to be valid")
    if emulator.permissions.forbidden(number):
        raise ApiError(
            400,
            21215,
            f"Account not authorized to call {number}. Perhaps you need to enable some "
            "international permissions.",
        )


def check_limits(emulator, number, code=10004):
    """Refuse a call that the account's state does not allow.

    The HTTP status of 10004 is not documented. 429 is the harder one: it is Twilio's answer to too
    many requests as well, which may be repeated.

    :param int code: Twilio's code for too many calls at once.
    :raise ApiError: 400, or 429 for too many calls at once.
    """
    try:
        emulator.limits.check_called(number)
        emulator.limits.check_concurrency(code)
    except Refusal as refusal:
        status = 429 if refusal.code == code else 400
        raise ApiError(status, refusal.code, refusal.message) from refusal
