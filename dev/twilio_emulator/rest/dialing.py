"""Rules for called numbers and shown numbers."""

import re

from ..limits import Refusal
from .common import ApiError

E164 = re.compile(r"^\+[1-9]\d{6,14}$")
#: Emergency numbers by dialing prefix, with Twilio's own test of them. A number of two digits is
#: dialed with its prefix only.
#: https://www.twilio.com/docs/voice/tutorials/emergency-calling-for-programmable-voice
EMERGENCY = {
    "1": {"911", "933", "112"},
    "33": {"112"},
    "39": {"112", "113", "115", "118"},
    "43": {"112", "122", "133", "144"},
    "44": {"112", "999"},
    "49": {"110", "112"},
    "60": {"112", "999"},
    "61": {"000", "106", "112"},
    "63": {"112", "117", "911"},
    "64": {"111"},
    "66": {"191", "199"},
    "353": {"112", "999"},
}
WITH_PREFIX = {"+3315", "+3317", "+3318"}
#: Prefixes of the countries in which the address of a number is registered.
REGISTERED = {"1", "44"}
SERVICES = set().union(*EMERGENCY.values(), WITH_PREFIX)


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


def check_emergency(emulator, number, from_):
    """Refuse an emergency number that is not one of the shown number's own country.

    Where Twilio registers addresses, a number without one is refused, too: Twilio would charge 75
    dollars, or may do so.

    :raise ApiError: 400.
    """
    prefix = next((p for p in EMERGENCY if from_.startswith("+" + p)), None)
    own = EMERGENCY.get(prefix, set()) | {n for n in WITH_PREFIX if n.startswith(f"+{prefix}")}
    if number not in own:
        raise ApiError(400, 21217, f"{number} is no emergency number of the country of {from_}")
    record = emulator.store.number(from_)
    if prefix in REGISTERED and (not record or record["emergency_address_status"] != "registered"):
        raise ApiError(400, 21217, f"{from_} has no registered emergency address")


def check_to(emulator, number, from_=""):
    """Refuse a number that is impossible, or in a country that may not be called.

    :param str from_: number to show, which decides about emergency numbers.
    :raise ApiError: 400.
    """
    if number in SERVICES:
        check_emergency(emulator, number, from_)
        return
    if number.startswith("client:"):
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
