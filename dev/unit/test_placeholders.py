"""Placeholders of the texts that administrators write: whatever they contain, a call goes on."""

import pytest
from tools.placeholders import fill, find_mistaken, find_placeholders

NAMES = ("position", "name")


@pytest.mark.parametrize(
    ("text", "mistaken"),
    [
        ("", []),
        ("%(position)s and %(name)s", []),
        ("100 %, 50% off, %%, a%b", []),
        ("(position)s", []),
        ("%(place)s", ["%(place)s"]),
        ("%(position)d", ["%(position)d"]),
        ("%(position)", ["%(position)"]),
        ("%(", ["%("]),
        ("%s %d %s", ["%s", "%d"]),
        ("{} {name} {{object.name}}", ["{}", "{name}", "{object.name}"]),
        ("%%(name)s", []),
    ],
)
def test_parts_that_would_be_read_out_are_found(text, mistaken):
    assert find_mistaken(text, NAMES) == mistaken


def test_placeholders_are_found_once_and_in_order():
    assert find_placeholders("%(b)s %(a)s %(b)s %(c)d") == ["b", "a"]


def test_values_are_texts_and_not_filled_again():
    values = {"position": 3, "name": "%(position)s <b>"}
    assert fill("%(name)s, %(position)s: 5 %", values) == "%(position)s <b>, 3: 5 %"


def test_missing_value_is_an_error_of_the_program():
    with pytest.raises(KeyError):
        fill("%(other)s", {})
