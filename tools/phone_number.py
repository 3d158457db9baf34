"""Classification of phone numbers, in plain Python on the `phonenumbers` package.

https://github.com/google/libphonenumber/blob/master/FAQ.md
"""

import functools
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo
from phonenumbers.phonenumberutil import region_codes_for_country_code
from phonenumbers.timezone import time_zones_for_number

# Kinds of numbers.
ORDINARY = "ordinary"
SHARED_COST = "shared_cost"
PREMIUM = "premium"
PERSONAL = "personal"
# Satellite telephones, international premium services and networks of no country.
NO_COUNTRY = "no_country"
# The numbering plans do not list the number, but its length is possible.
UNLISTED = "unlisted"
# The number cannot exist.
IMPOSSIBLE = "impossible"

KINDS = {
    PhoneNumberType.PREMIUM_RATE: PREMIUM,
    PhoneNumberType.SHARED_COST: SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER: PERSONAL,
}
# Kinds of numbers that belong to no area and to no mobile network.
OUTSIDE_AREAS = (
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.UAN,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.VOIP,
)
# The package classifies these as premium, although they cost the caller a few pence:
# https://www.ofcom.org.uk/phones-and-broadband/phone-numbers
SHARED_COST_PREFIXES = ("+44843", "+44844", "+44845")
# Length of the shortest possible number: a country code of one digit, and three digits.
SHORTEST = 5
FULL_WIDTH_PLUS = "\N{FULLWIDTH PLUS SIGN}"


@dataclass(frozen=True)
class Destination:
    """Destination of a number.

    :param str kind: one of the kinds above
    :param frozenset regions: codes of the countries in which it is used, as `BE`; a freephone
        number of North America belongs to several
    """

    kind: str
    regions: frozenset = frozenset()


def plain_number(typed):
    """Return a typed number as an English keyboard writes it.

    Keyboards write digits in the script of their language, and a number that is copied from a page
    brings invisible marks of the writing direction along.

    :param str typed: number as typed
    :return: the text with digits from 0 to 9, a common plus sign, and without invisible characters
    :rtype: str
    """
    visible = (char for char in typed or "" if unicodedata.category(char) != "Cf")
    plain = "".join(str(unicodedata.digit(char, char)) for char in visible)
    return plain.replace(FULL_WIDTH_PLUS, "+").strip()


def get_digits(typed):
    """Return the digits of a typed number, from 0 to 9.

    :param str typed: number as typed, in any script
    :rtype: str
    """
    return "".join(char for char in plain_number(typed) if char.isdigit())


def get_extension(typed, region):
    """Return the extension behind a typed number, as `5` in `+32 2 555 01 00 ext. 5`.

    :param str typed: number as typed
    :param str region: country whose national notation applies, as `BE`, or empty
    :return: the digits, or an empty text
    :rtype: str
    """
    try:
        return phonenumbers.parse(plain_number(typed), region or None).extension or ""
    except phonenumbers.NumberParseException:
        return ""


def is_emergency(typed, region):
    """Return whether typed digits would call an emergency service.

    :param str typed: digits as typed, in national notation
    :param str region: country code of the caller, as `BE`, or empty
    :rtype: bool
    """
    digits = get_digits(typed)
    # 112 and 911 are answered, or forwarded, nearly everywhere.
    return digits in {"112", "911", "999"} or bool(
        digits and region and shortnumberinfo.is_emergency_number(digits, region)
    )


def is_emergency_in(typed, region):
    """Return whether typed digits are an emergency number of a country itself.

    :param str typed: digits as typed, in national notation
    :param str region: code of the country, as `FR`
    :rtype: bool
    """
    digits = get_digits(typed)
    return bool(digits and shortnumberinfo.is_emergency_number(digits, region))


def get_region(number):
    """Return the country of a number, as `BE`; empty when it has none, or several.

    :param str number: E.164
    :rtype: str
    """
    parsed = _parse(number or "")
    region = parsed and phonenumbers.region_code_for_number(parsed)
    return region if region and region != "001" else ""


def is_outside_areas(number):
    """Return whether a number belongs to a whole country: toll-free, or a national number.

    :param str number: E.164
    :rtype: bool
    """
    parsed = _parse(number or "")
    return bool(parsed) and phonenumbers.number_type(parsed) in OUTSIDE_AREAS


@functools.lru_cache(maxsize=4096)
def classify(number):
    """Return the destination of a number.

    Exchanges ignore superfluous digits, so a number counts as the most expensive number that it
    begins with. The exception is a number that is a freephone number as a whole.

    :param str number: E.164
    :rtype: Destination
    """
    parsed = _parse(number)
    if not parsed or not phonenumbers.is_possible_number(parsed):
        # A premium number remains one, whatever digits follow.
        is_premium = PREMIUM in _get_kinds_of_prefixes(number or "")
        return Destination(PREMIUM if is_premium else IMPOSSIBLE)
    codes = region_codes_for_country_code(parsed.country_code)
    if codes == ("001",):
        return Destination(NO_COUNTRY)
    regions = frozenset(
        region for region in codes if phonenumbers.is_valid_number_for_region(parsed, region)
    ) or frozenset(filter(None, [phonenumbers.region_code_for_number(parsed)]))
    if phonenumbers.number_type(parsed) == PhoneNumberType.TOLL_FREE:
        # The numbering plan assigns the whole number to a freephone service, so no digit is
        # superfluous.
        return Destination(ORDINARY, regions)
    prefixes = _get_kinds_of_prefixes(number)
    kind = _get_kind(number, parsed)
    if kind == PREMIUM or PREMIUM in prefixes:
        kind = PREMIUM
    elif kind == UNLISTED:
        kind = next((kind for kind in (SHARED_COST, PERSONAL) if kind in prefixes), UNLISTED)
    return Destination(kind, regions)


def _parse(number):
    try:
        return phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None


def _get_kind(number, parsed):
    number_type = phonenumbers.number_type(parsed)
    if number_type == PhoneNumberType.UNKNOWN:
        return UNLISTED
    if number.startswith(SHARED_COST_PREFIXES):
        return SHARED_COST
    return KINDS.get(number_type, ORDINARY)


def _get_kinds_of_prefixes(number):
    """Return the kinds of all shorter numbers that a number begins with."""
    prefixes = [number[:length] for length in range(SHORTEST, len(number))]
    return {_get_kind(prefix, parsed) for prefix in prefixes if (parsed := _parse(prefix))}


def to_possible_e164(written):
    """Return a number with country code in E.164, assigned or not.

    :param str written: number as typed
    :return: E.164, or an empty text for an impossible number
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
    """Return the time zone in which a number is used.

    :param str number: E.164, or empty
    :return: name of the time zone, as `Europe/Brussels`; empty when the area has several
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
