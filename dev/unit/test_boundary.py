"""The words of a provider stay in `providers/`; the code is read, not run.

Above it, a request of Twilio is a `VoiceRequest` or a `CallEvent`, and an error is a
`ProviderError` with a kind in words.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from providers.base import ERROR_KINDS, ProviderError
from providers.twilio.errors import CODES, SENTENCES, get_kind

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("models", "controllers", "wizard", "tools")
# https://www.twilio.com/docs/api/errors: the numbers of Twilio's errors have five digits.
ERROR_NUMBER = re.compile(r"(?<![\w.+])[1-9][0-9]{4}(?![\w.])")
# Numbers of five digits that are no errors: path -> the numbers.
OWN_NUMBERS = {
    "models/call/telephony_call_control.py": {"20000"},  # the length of a note
    "models/call/telephony_call_quality.py": {"60000", "86400"},  # limits of measured values
    "controllers/sound.py": {"86400"},  # seconds for which a sound is cached
    "tools/wav.py": {"16384"},  # bytes of a part
}
# The parameters of Twilio's webhooks. Those of one word are only looked for where a program reads a
# parameter, and in the notation of a docstring.
# https://www.twilio.com/docs/voice/twiml#request-parameters
PARAMETERS = {
    *("AccountSid", "CallSid", "CallStatus", "CallDuration", "ParentCallSid", "CallToken"),
    *("ConferenceSid", "FriendlyName", "ParticipantLabel", "StatusCallbackEvent"),
    *("DialCallSid", "DialCallStatus", "DialCallDuration", "SequenceNumber", "CallbackSource"),
    *("QueueSid", "QueueResult", "QueueTime", "QueuePosition", "FinishedOnKey"),
    *("RecordingSid", "RecordingStatus", "RecordingUrl", "RecordingDuration", "RecordingSource"),
    *("OutgoingCallerIdSid", "VerificationStatus", "ErrorCode", "ErrorUrl", "ForwardedFrom"),
    *("CalledVia", "CallerName", "FromCity", "FromCountry", "StirVerstat", "DialBridged"),
    *("SipResponseCode", "ReasonParticipantLeft"),
}
WORDS = {"From", "To", "Digits", "Direction", "Caller", "Called", "Timestamp"}
WORD = "|".join(sorted(WORDS))
PARAMETER = re.compile(
    rf"\b({'|'.join(sorted(PARAMETERS))})\b"
    rf"|\[[\"'](?:{WORD})[\"']\]|\.(?:get|pop)\([\"'](?:{WORD})[\"']"
    rf"|[\"'](?:{WORD})[\"']:|`(?:{WORD})`"
)


@cache
def get_sources():
    """Return the path (relative) and the text of each file above `providers/`."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return [(path.relative_to(ROOT).as_posix(), path.read_text()) for path in paths]


def find_error_numbers(path, text):
    """Yield each line of a file that contains a number which may be an error of Twilio."""
    own = OWN_NUMBERS.get(path, set())
    for number, line in enumerate(text.splitlines(), 1):
        if set(ERROR_NUMBER.findall(line)) - own:
            yield f"{path}:{number}: {line.strip()}"


def test_no_error_number_of_twilio_appears_above_providers():
    found = [line for source in get_sources() for line in find_error_numbers(*source)]
    assert found == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("UNKNOWN = 21210", True),
        ("if error.code in (401, 20003):", True),
        ("# https://www.twilio.com/docs/api/errors/13238", True),
        ('help="E.g. +32470123456"', False),
        ("uuid = 'a21210b'", False),
    ],
)
def test_the_check_finds_error_numbers(line, is_found):
    assert bool(list(find_error_numbers("models/x.py", line))) == is_found


def test_no_parameter_of_twilio_appears_above_providers():
    found = [
        f"{path}:{number}: {line.strip()}"
        for path, text in get_sources()
        for number, line in enumerate(text.splitlines(), 1)
        if PARAMETER.search(line)
    ]
    assert found == []


def test_the_check_knows_every_parameter_that_providers_read():
    source = "".join(path.read_text() for path in (ROOT / "providers/twilio").glob("*.py"))
    read = set(re.findall(r"params(?:\.get\(|\[)[\"']([A-Z]\w+)[\"']", source))
    assert read - PARAMETERS - WORDS == {"RecordingStartTime"}


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ('params["CallSid"]', True),
        ('form.get("From")', True),
        ('{"To": number}', True),
        (":param dict params: `Digits` if a key was pressed", True),
        ('from_number = fields.Char("From")', False),
        ('("condition", "Caller Condition")', False),
        ("voice_request.called", False),
    ],
)
def test_the_check_finds_parameters(line, is_found):
    assert bool(PARAMETER.search(line)) == is_found


def test_an_error_is_compared_by_its_kind_only():
    found = [
        f"{path}: {line.strip()}"
        for path, text in get_sources()
        for line in text.splitlines()
        if re.search(r"error\.code\s*(==|!=|in\b|not in\b)|(not|if|and|or) error\.code\b", line)
    ]
    assert found == []


def test_every_number_that_twilio_explains_has_a_kind_in_words():
    assert set(CODES.values()) <= set(ERROR_KINDS)
    assert set(SENTENCES) <= set(ERROR_KINDS)


def test_every_refusal_of_twilio_has_a_sentence():
    """What is gone needs none, a verified number is a success, and the others are repeated."""
    assert set(CODES.values()) - set(SENTENCES) == {
        *("not_found", "already_verified"),
        *("busy", "unknown"),
    }


def test_an_error_of_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="21210"):
        ProviderError("No.", 21210)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 21210, "caller_id_unknown"),
        (400, 21211, "number_invalid"),
        (400, 21215, "destination_closed"),
        (400, 21450, "already_verified"),
        (400, 21220, "not_found"),  # the call is over
        (401, 20003, "unauthorized"),
        (401, None, "unauthorized"),
        (404, 20404, "not_found"),
        (429, 20429, "rate_limited"),
        (500, 20500, "unknown"),
        (503, 20503, "unavailable"),
        (400, 99999, "refused"),
        (400, None, "refused"),
    ],
)
def test_a_refusal_of_twilio_gets_its_kind(status, code, kind):
    assert get_kind(status, code) == kind


@pytest.mark.parametrize("kind", sorted(ERROR_KINDS))
def test_an_error_is_at_most_one_of_repeatable_gone_and_unknown(kind):
    error = ProviderError("No.", kind)
    assert sum((error.retryable, error.gone, error.unknown)) <= 1
