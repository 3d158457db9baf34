"""The types of the web client name the keys of the payloads that `docs/rpc.md` lists."""

import re
from pathlib import Path

import pytest
from tools.call_phases import PHASES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "rpc.md").read_text(encoding="utf-8")
TYPES = (ROOT / "static/src/@types/telephony.d.ts").read_text(encoding="utf-8")


def get_page_keys(payload):
    """Return the keys of a payload on the page, without those of its parts in brackets."""
    row = re.search(rf"^\| {payload} \| `[^`]+` \| (.+) \|$", PAGE, re.MULTILINE)[1]
    return set(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", row)))


def get_type_keys(name):
    body = re.search(rf"^interface {name} \{{\n(.*?)^\}}", TYPES, re.MULTILINE | re.DOTALL)[1]
    return set(re.findall(r"^    (\w+)\??[:(]", body, re.MULTILINE))


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ("Call", "CallData"),
        ("Offer", "OfferData"),
        ("Card", "CardData"),
        ("Agent", "AgentData"),
        ("Live row", "LiveRowData"),
        ("Caller ID", "CallerIdData"),
    ],
)
def test_type_has_the_keys_of_its_payload(payload, name):
    assert get_type_keys(name) == get_page_keys(payload)


def test_web_client_knows_each_phase():
    """The types and the constants of the web client name the phases of the table."""
    names = [phase.name for phase in PHASES]
    [body] = re.findall(r"^type CallPhase =(.*?);", TYPES, re.MULTILINE | re.DOTALL)
    assert sorted(re.findall(r'"(\w+)"', body)) == sorted(names)
    constants = (ROOT / "static/src/core/call_phases.js").read_text(encoding="utf-8")
    [body] = re.findall(r"CallPhase = Object.freeze\(\{(.*?)\}\)", constants, re.DOTALL)
    pairs = re.findall(r'(\w+): "(\w+)"', body)
    assert sorted(pairs) == sorted((name.upper(), name) for name in names)
