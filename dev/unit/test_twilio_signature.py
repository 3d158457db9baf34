"""The proof that a request comes from Twilio, against published vectors."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from providers.twilio.signature import (
    MAX_BODY,
    MAX_FIELDS,
    is_signed,
    may_be_signed,
    parse_form,
)
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

TOKEN = "12345"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
REPEATED = MultiDict(
    [
        ("Sid", "CA123"),
        ("SidAccount", "AC123"),
        ("Digits", "5678"),
        ("Digits", "1234"),
        ("Digits", "1234"),
    ]
)
OWN_URL = "https://crm.example/telephony/voice/inbound?db=prod"
OWN_FORM = {
    "From": "+3227123456",
    "FromCity": "",
    "CallerName": "Zoë & Søn",
    "To": "+3228080808",
    "CallSid": "CA" + "0" * 32,
}
OWN_SIGNATURE = "wFhW+qsUjz9Q4oVAa5bThkupPtM="


@pytest.mark.parametrize(
    ("url", "form", "signature"),
    [
        (URL, FORM, SIGNATURE),
        # Signed with the port, requested without it.
        (URL, FORM, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        # Signed without the port, requested with one.
        ("https://mycompany.com:1234/myapp.php?foo=1&bar=2", FORM, SIGNATURE),
        ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", FORM, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        ("http://mycompany.com/myapp.php?foo=1&bar=2", FORM, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        ("http://mycompany.com/myapp.php?foo=1&bar=2", FORM, "OyGYPqTF6ztdbRNCvuQO/oPvqQ4="),
        (URL, REPEATED, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        (OWN_URL, OWN_FORM, OWN_SIGNATURE),
        ("https://crm.example/x", {}, "wDZ6UpsUrbT97tnPMxwDiZkJRnQ="),
    ],
)
def test_published_vector_is_accepted(url, form, signature):
    assert is_signed([TOKEN], [url], MultiDict(form), signature)


NEGATIVES = {
    "a changed value": (TOKEN, OWN_URL, {**OWN_FORM, "From": "+3227123457"}, OWN_SIGNATURE),
    "a changed name": (
        TOKEN,
        OWN_URL,
        {**{k: v for k, v in OWN_FORM.items() if k != "To"}, "to": "+3228080808"},
        OWN_SIGNATURE,
    ),
    "a dropped empty value": (
        TOKEN,
        OWN_URL,
        {k: v for k, v in OWN_FORM.items() if v},
        OWN_SIGNATURE,
    ),
    "the query among the fields": (TOKEN, OWN_URL, {**OWN_FORM, "db": "prod"}, OWN_SIGNATURE),
    "another query": (TOKEN, OWN_URL.replace("prod", "test"), OWN_FORM, OWN_SIGNATURE),
    "another path": (TOKEN, OWN_URL.replace("inbound", "outbound"), OWN_FORM, OWN_SIGNATURE),
    "another host": (TOKEN, OWN_URL.replace("crm.", "erp."), OWN_FORM, OWN_SIGNATURE),
    "another scheme": (TOKEN, OWN_URL.replace("https", "http"), OWN_FORM, OWN_SIGNATURE),
    "an added field": (TOKEN, OWN_URL, {**OWN_FORM, "Digits": "1"}, OWN_SIGNATURE),
    "another account's token": ("54321", OWN_URL, OWN_FORM, OWN_SIGNATURE),
    "an empty signature": (TOKEN, OWN_URL, OWN_FORM, ""),
    "no signature": (TOKEN, OWN_URL, OWN_FORM, None),
    "a changed signature": (TOKEN, OWN_URL, OWN_FORM, OWN_SIGNATURE.replace("w", "x", 1)),
    "a shortened signature": (TOKEN, OWN_URL, OWN_FORM, OWN_SIGNATURE[:-1]),
    "a signature that is no ASCII": (TOKEN, OWN_URL, OWN_FORM, "é" * 28),
    "an account without a token": (
        "",
        OWN_URL,
        OWN_FORM,
        RequestValidator("").compute_signature(OWN_URL, OWN_FORM),
    ),
    "an account whose token is not set": (None, OWN_URL, OWN_FORM, OWN_SIGNATURE),
}


@pytest.mark.parametrize("reason", NEGATIVES)
def test_wrong_request_is_refused(reason):
    token, url, form, signature = NEGATIVES[reason]
    assert is_signed([token], [url], MultiDict(form), signature) is False


def test_signature_depends_on_every_byte_of_every_value():
    for name, value in OWN_FORM.items():
        for position in range(len(value)):
            changed = value[:position] + chr(ord(value[position]) ^ 1) + value[position + 1 :]
            form = MultiDict({**OWN_FORM, name: changed})
            assert not is_signed([TOKEN], [OWN_URL], form, OWN_SIGNATURE)


def test_fragment_is_no_part_of_the_signature():
    # Twilio never sends it, so an address with one can only be ours.
    assert not is_signed([TOKEN], [OWN_URL + "#rc=3"], MultiDict(OWN_FORM), OWN_SIGNATURE)


def test_one_of_several_addresses_is_enough():
    form = MultiDict(OWN_FORM)
    assert is_signed([TOKEN], ["https://old.example/x", OWN_URL], form, OWN_SIGNATURE)
    assert is_signed([TOKEN], [OWN_URL, "https://old.example/x"], form, OWN_SIGNATURE)
    assert not is_signed([TOKEN], [], form, OWN_SIGNATURE)


@pytest.mark.parametrize(
    "tokens", [[TOKEN, "next"], ["next", TOKEN], [None, TOKEN], [TOKEN, False]]
)
def test_one_of_two_auth_tokens_is_enough(tokens):
    assert is_signed(tokens, [OWN_URL], MultiDict(OWN_FORM), OWN_SIGNATURE)
    assert not is_signed(["last", "next"], [OWN_URL], MultiDict(OWN_FORM), OWN_SIGNATURE)
    assert not is_signed([None, False], [OWN_URL], MultiDict(OWN_FORM), OWN_SIGNATURE)


FORM_TYPE = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("signature", "path", "mimetype", "length"),
    [
        (None, "/x", FORM_TYPE, 10),
        ("", "/x", FORM_TYPE, 10),
        (OWN_SIGNATURE + "\n", "/x", FORM_TYPE, 10),
        (OWN_SIGNATURE[:-1], "/x", FORM_TYPE, 10),
        ("=" * 28, "/x", FORM_TYPE, 10),
        ("é" * 27 + "=", "/x", FORM_TYPE, 10),
        (OWN_SIGNATURE, "/x?" + "a" * 8192, FORM_TYPE, 10),
        (OWN_SIGNATURE, "/x", "", 10),
        (OWN_SIGNATURE, "/x", "multipart/form-data", 10),
        (OWN_SIGNATURE, "/x", "application/json", 10),
        (OWN_SIGNATURE, "/x", FORM_TYPE, None),
        (OWN_SIGNATURE, "/x", FORM_TYPE, MAX_BODY + 1),
    ],
)
def test_what_twilio_never_sends_is_refused_unread(signature, path, mimetype, length):
    """These requests are refused without reading the body."""
    assert not may_be_signed(signature, path, mimetype, length)
    assert may_be_signed(OWN_SIGNATURE, "/x", FORM_TYPE, MAX_BODY)


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.text())))
def test_form_is_read_as_the_standard_library_reads_it(fields):
    fields = [
        (name.encode("utf-8", "replace").decode(), value.encode("utf-8", "replace").decode())
        for name, value in fields
    ]
    body = urlencode(fields).encode()
    assert parse_form(body) == parse_qsl(body.decode(), keep_blank_values=True)


@pytest.mark.parametrize(
    "body",
    [b"", b"&&a&b=&=c&", b"a=b=c+%2b%3D==d", b"a=%0D%0A+\r\n=\n%0a+", b"a==20=\n", b"\tx=\xc3\xa9"],
)
def test_odd_form_is_read_as_the_standard_library_reads_it(body):
    assert parse_form(body) == parse_qsl(body.decode(), keep_blank_values=True)


@pytest.mark.parametrize(
    "body",
    [
        b"&" * MAX_FIELDS,
        b"a=%",
        b"a=%4",
        b"a=%zz",
        b"%x=",
        b"a=%FF",
        b"a=\xff",
        b"a=%ED%A0%80",
    ],
)
def test_form_that_twilio_cannot_have_sent_is_refused(body):
    assert parse_form(body) is None
