"""The Voice SDK still has what the client uses although Twilio does not document it.

A new version of the SDK that lost one of these would fail silently: calls would connect later, or
the development server would not be reached.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "static/lib/twilio-voice-sdk/twilio.min.js"
DEVICE = ROOT / "static/src/voice/voice_device.js"


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("_setupStream", r"\.prototype\._setupStream\s*="),
        ("publishEvents", r"_options\.publishEvents"),
        ("chunderw", r"_options\.chunderw"),
    ],
)
def test_sdk_has_what_the_client_uses(name, pattern):
    assert name in DEVICE.read_text()
    assert re.search(pattern, SDK.read_text())
