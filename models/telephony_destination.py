"""What kind of number somebody wants to call, in plain Python on the `phonenumbers` package.

https://github.com/google/libphonenumber/blob/master/FAQ.md
"""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo
from phonenumbers.timezone import time_zones_for_number

EXPENSIVE = {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}


def is_emergency(typed, region):
    """Tell whether what was typed calls an emergency service.

    :param str typed: as typed, in national writing
    :param str region: country code of the one who calls, as `BE`, or empty
    :rtype: bool
    """
    digits = "".join(char for char in typed or "" if char.isdigit())
    # 112 and 911 are answered, or forwarded, nearly everywhere.
    return digits in {"112", "911", "999"} or bool(
        digits and region and shortnumberinfo.is_emergency_number(digits, region)
    )


def classify(number):
    """Tell the country and the kind of a number.

    :param str number: E.164
    :return: country code, as `BE` or empty for a number of no country; and whether a minute of it
        costs more than of an ordinary number
    :rtype: tuple(str, bool)
    """
    parsed = phonenumbers.parse(number, None)
    region = phonenumbers.region_code_for_number(parsed) or ""
    return ("" if region == "001" else region), phonenumbers.number_type(parsed) in EXPENSIVE


def to_possible_e164(written):
    """Read a number written with its country code, whether or not its range is listed yet.

    :param str written: as typed
    :return: E.164, or an empty text when no telephone can have this number
    :rtype: str
    """
    if not written.startswith("+"):
        return ""
    try:
        parsed = phonenumbers.parse(written, None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def get_timezone(number):
    """Tell the time zone in which a number is used.

    :param str number: E.164, or empty
    :return: its name, as `Europe/Brussels`; empty when the clocks differ within its area
    :rtype: str
    """
    if not number:
        return ""
    try:
        zones = time_zones_for_number(phonenumbers.parse(number, None))
        now = datetime.now()
        offsets = {ZoneInfo(name).utcoffset(now) for name in zones}
    except (phonenumbers.NumberParseException, ZoneInfoNotFoundError, ValueError):
        return ""
    return zones[0] if len(offsets) == 1 and zones[0] != "Etc/Unknown" else ""
