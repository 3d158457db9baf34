"""Each setting of the emulator follows a page, and has a test."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from twilio_emulator.settings import LABORATORY, Settings

NAMES = [field.name for field in fields(Settings)]
TESTS = {
    path.name: path.read_text()
    for path in Path(__file__).parent.glob("test_*.py")
    if path.name != Path(__file__).name
}


def describe(name):
    """Return a setting's paragraph in the docstring."""
    paragraphs = re.split(r"^\s*:param ", Settings.__doc__, flags=re.M)
    return next((text for text in paragraphs if text.startswith(f"{name}:")), "")


@pytest.mark.parametrize("name", NAMES)
def test_setting_names_the_page_that_it_follows(name):
    text = describe(name)
    assert text, "the docstring does not describe it"
    assert ("https://" in text) is (name not in LABORATORY), text


@pytest.mark.parametrize("name", NAMES)
def test_setting_is_changed_by_a_test(name):
    changed = re.compile(rf"""["']{name}["']:|\b{name}=|settings\.{name} = |\[["']{name}["']\]""")
    listed = re.compile(rf"""^.*parametrize.*["']{name}["']""", re.M)
    assert any(changed.search(text) or listed.search(text) for text in TESTS.values())


def test_nothing_is_excused_that_is_no_setting():
    assert set(NAMES) >= LABORATORY
