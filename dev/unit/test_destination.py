"""Kinds of numbers to call. A number with extra cost never counts as ordinary."""

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType
from tools.phone_number import (
    IMPOSSIBLE,
    NO_COUNTRY,
    ORDINARY,
    PERSONAL,
    PREMIUM,
    SHARED_COST,
    UNLISTED,
    classify,
)


def write(number):
    """Return the number in E.164."""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize(
    ("number", "kind", "region"),
    [
        ("+32470123456", ORDINARY, "BE"),
        ("+3225550100", ORDINARY, "BE"),
        ("+33612345678", ORDINARY, "FR"),
        ("+8801812345678", ORDINARY, "BD"),
        ("+886912345678", ORDINARY, "TW"),
        ("+14155552671", ORDINARY, "US"),
        # A freephone number of North America is used in all its countries.
        ("+18005551234", ORDINARY, "CA"),
        # A Caribbean number does not belong to the United States.
        ("+18095551234", ORDINARY, "DO"),
        ("+3290512345", PREMIUM, "BE"),
        ("+19005551234", PREMIUM, "US"),
        ("+448711234567", PREMIUM, "GB"),
        ("+864001234567", SHARED_COST, "CN"),
        ("+491801234567", SHARED_COST, "DE"),
        ("+448451234567", SHARED_COST, "GB"),
        ("+33826123456", SHARED_COST, "FR"),
        ("+447012345678", PERSONAL, "GB"),
        ("+3278123456", UNLISTED, "BE"),
    ],
)
def test_listed_number_has_kind_and_country(number, kind, region):
    found = classify(number)
    assert (found.kind, region in found.regions) == (kind, True)
    assert number != "+18095551234" or "US" not in found.regions


@pytest.mark.parametrize(
    "number",
    [
        "+32905123456",
        "+32905123456789",
        "+49900112345600",
        "+499001234560000",
        "+3989912345678",
        "+3586001234567",
        "+190055512345",
    ],
)
def test_premium_number_with_more_digits_stays_premium(number):
    """A number with extra digits keeps its kind, because exchanges ignore them."""
    assert classify(number).kind == PREMIUM


def test_shared_cost_number_with_more_digits_stays_one():
    assert classify("+49180123456789").kind == SHARED_COST


@pytest.mark.parametrize(
    "number",
    [
        "+881612345678",
        "+870773111632",
        "+882161234567",
        "+883510012345",
        "+979123456789",
        "+979012345678",
        "+80012345678",
        "+80812345678",
        "+878101234567890",
    ],
)
def test_number_of_no_country(number):
    """Satellite numbers and international services are refused."""
    assert classify(number) == classify(number).__class__(NO_COUNTRY)


@pytest.mark.parametrize("number", ["", None, "abc", "112", "+999123", "+32", "+871612345678"])
def test_text_that_is_no_number_is_impossible(number):
    assert classify(number).kind == IMPOSSIBLE


@pytest.mark.parametrize("number_type", [PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE])
def test_ordinary_numbers_of_all_countries_are_ordinary(number_type):
    """No rule about expensive numbers forbids a country's ordinary telephones."""
    odd = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number_for_type(region, number_type)
        if example:
            found = classify(write(example))
            if found.kind != ORDINARY or region not in found.regions:
                odd.append((region, found))
    assert not odd


def test_freephone_numbers_of_all_countries_are_ordinary():
    """Andorra's freephone numbers are free, although shorter premium numbers begin alike."""
    odd = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number_for_type(region, PhoneNumberType.TOLL_FREE)
        if example:
            found = classify(write(example))
            if found.kind != ORDINARY or region not in found.regions:
                odd.append((region, found))
    assert not odd


@pytest.mark.parametrize("number", ["+376180012", "+3761800123", "+376180012345", "+376180112345"])
def test_premium_number_with_digits_of_no_freephone_number_stays_premium(number):
    assert classify(number).kind == PREMIUM


def test_premium_numbers_of_all_countries_are_premium():
    odd = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number_for_type(region, PhoneNumberType.PREMIUM_RATE)
        if example:
            number = write(example)
            odd += [
                longer
                for longer in (number, f"{number}0", f"{number}123")
                if classify(longer).kind != PREMIUM and not number.startswith("+448")
            ]
    assert not odd
