"""Voice responses in Twilio's language, compared as trees and checked against its schema."""

import ast
import importlib.util
import re
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from lxml import etree
from providers import voice_response as verbs
from providers.twilio.twiml import RENDERERS, render, split_speech
from providers.twilio.voices import find_voice

ROOT = Path(__file__).resolve().parents[2]
# The tests of the addon are a package of Odoo, so their table is loaded by its path.
_spec = importlib.util.spec_from_file_location("twiml_table", ROOT / "tests/twiml_table.py")
table = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = table
_spec.loader.exec_module(table)

BASE = "https://crm.example/telephony/twilio"
COACH = "CA" + "1" * 32
CALL = "0f8fad5b-d9cb-469f-a165-70867728950e"

RESPONSES = {
    "say": (
        [verbs.Say("Good day & <welcome>", "fr-BE")],
        '<Say language="fr-BE">Good day &amp; &lt;welcome&gt;</Say>',
    ),
    "play": ([verbs.Play(f"{BASE}/a.wav", 3)], f'<Play loop="3">{BASE}/a.wav</Play>'),
    "send keys": ([verbs.SendKeys("12#")], '<Play digits="12#"/>'),
    "play for ever": ([verbs.Play(f"{BASE}/a.wav", 0)], f'<Play loop="0">{BASE}/a.wav</Play>'),
    "pause": ([verbs.Pause(2)], '<Pause length="2"/>'),
    "join": (
        [
            verbs.Conference(
                CALL, "customer", True, f"{BASE}/conference?call={CALL}", False, "", 7200
            )
        ],
        f"""<Dial timeLimit="7200"><Conference beep="false" endConferenceOnExit="true"
             jitterBufferSize="small"
             participantLabel="customer" startConferenceOnEnter="true"
             statusCallback="{BASE}/conference?call={CALL}"
             statusCallbackEvent="join leave hold" statusCallbackMethod="POST"
             waitUrl="">{CALL}</Conference></Dial>""",
    ),
    "join as a supervisor who listens": (
        [verbs.Conference(CALL, "supervisor-1", False, f"{BASE}/conference", muted=True)],
        f"""<Dial><Conference beep="false" endConferenceOnExit="false" jitterBufferSize="small"
             muted="true" participantLabel="supervisor-1" startConferenceOnEnter="true"
             statusCallback="{BASE}/conference"
             statusCallbackEvent="join leave hold" statusCallbackMethod="POST"
             waitUrl="">{CALL}</Conference></Dial>""",
    ),
    "join as a supervisor who whispers": (
        [verbs.Conference(CALL, "supervisor-1", False, f"{BASE}/conference", coach=COACH)],
        f"""<Dial><Conference beep="false" coach="{COACH}" endConferenceOnExit="false"
             jitterBufferSize="small"
             participantLabel="supervisor-1" startConferenceOnEnter="true"
             statusCallback="{BASE}/conference"
             statusCallbackEvent="join leave hold" statusCallbackMethod="POST"
             waitUrl="">{CALL}</Conference></Dial>""",
    ),
    "wait": (
        [verbs.Enqueue("waiting-7", f"{BASE}/wait?call={CALL}", f"{BASE}/step?call={CALL}")],
        f"""<Enqueue action="{BASE}/step?call={CALL}" method="POST"
             waitUrl="{BASE}/wait?call={CALL}" waitUrlMethod="POST">waiting-7</Enqueue>""",
    ),
    "redirect": (
        [verbs.Redirect(f"{BASE}/step?call={CALL}")],
        f'<Redirect method="POST">{BASE}/step?call={CALL}</Redirect>',
    ),
    "forward": (
        [verbs.Dial("+32470123456", "+3225550100", 25, f"{BASE}/step?call={CALL}", 7200)],
        f"""<Dial action="{BASE}/step?call={CALL}" answerOnBridge="true" callerId="+3225550100"
             method="POST" timeLimit="7200" timeout="25"><Number>+32470123456</Number></Dial>""",
    ),
    "leave": ([verbs.Leave()], "<Leave/>"),
    "hang up": ([verbs.HangUp()], "<Hangup/>"),
    "reject": ([verbs.Reject()], '<Reject reason="rejected"/>'),
    "reject as busy": ([verbs.Reject(busy=True)], '<Reject reason="busy"/>'),
    "record": (
        [verbs.Record(120, f"{BASE}/step?call={CALL}", f"{BASE}/recording?call={CALL}")],
        f"""<Record action="{BASE}/step?call={CALL}" finishOnKey="#" maxLength="120"
             method="POST" playBeep="true" recordingStatusCallback="{BASE}/recording?call={CALL}"
             recordingStatusCallbackEvent="completed absent"
             recordingStatusCallbackMethod="POST" timeout="10" trim="do-not-trim"/>""",
    ),
    "ask for a key": (
        [
            verbs.Gather((verbs.Say("Press 1."),), 8, f"{BASE}/agent_phone?call={CALL}"),
            verbs.HangUp(),
        ],
        f"""<Gather action="{BASE}/agent_phone?call={CALL}" finishOnKey="" input="dtmf"
             method="POST" numDigits="1" timeout="8"><Say language="en-US">Press 1.</Say>
             </Gather><Hangup/>""",
    ),
    "nothing": ([], ""),
}


def as_tree(xml):
    """Convert XML to nested tuples, independent of the order of attributes and of white space."""

    def convert(node):
        return (
            node.tag,
            sorted(node.attrib.items()),
            (node.text or "").strip(),
            [convert(child) for child in node],
        )

    return convert(etree.fromstring(xml.encode()))


@pytest.mark.parametrize("name", RESPONSES)
def test_document_is_rendered(name):
    response, expected = RESPONSES[name]
    assert as_tree(render(response)) == as_tree(f"<Response>{expected}</Response>")


def allow(steps):
    """Return the kinds of documents in which all instructions of a response are allowed."""
    names = {node.tag for node in etree.fromstring(render(steps).encode())}
    return [kind for kind, row in table.KINDS.items() if names <= row.verbs]


@pytest.mark.parametrize("name", RESPONSES)
def test_document_is_one_that_twilio_accepts(name):
    steps = RESPONSES[name][0]
    kinds = allow(steps)
    assert kinds
    for kind in kinds:
        assert table.check_document(render(steps).encode(), kind) == []


@pytest.mark.parametrize(
    ("kind", "xml"),
    [
        ("hold", "<Hangup/>"),
        ("hold", "<Leave/>"),
        ("announce", "<Pause length='1'/>"),
        ("voice", "<Leave/>"),
        ("wait", "<Enqueue>x</Enqueue>"),
        ("voice", "<Shout>x</Shout>"),
        ("voice", "<Say/>"),
        ("voice", "<Say language='fr'>Bonjour</Say>"),
        ("voice", "<Say colour='red'>x</Say>"),
        ("voice", f"<Say>{'x' * 3001}</Say>"),
        ("voice", "<Play>sound.wav</Play>"),
        ("voice", "<Pause length='0'/>"),
        ("voice", "<Gather><Hangup/></Gather>"),
        ("voice", "<Dial><Conference participantLabel='a/b'>x</Conference></Dial>"),
        ("voice", f"<Dial><Conference participantLabel='CA{'0' * 32}'>x</Conference></Dial>"),
    ],
)
def test_table_refuses_what_twilio_refuses(kind, xml):
    problems = table.check_document(f"<Response>{xml}</Response>".encode(), kind)
    assert problems


def test_every_element_of_the_table_has_a_page():
    assert all(re.fullmatch(r"[a-z]+/[\w/#-]+", row.page) for row in table.ELEMENTS.values())
    assert {name for row in table.KINDS.values() for name in row.verbs} <= set(table.ELEMENTS)


def test_every_instruction_is_rendered_and_tried():
    instructions = {
        kind
        for kind in vars(verbs).values()
        if isinstance(kind, type) and kind.__module__ == verbs.__name__
    }
    assert set(RENDERERS) == instructions
    assert {type(step) for steps, _xml in RESPONSES.values() for step in steps} == instructions


def test_document_is_in_utf8_and_keeps_the_order():
    xml = render([verbs.Say("Zoë"), verbs.Pause(1), verbs.HangUp()])
    assert xml.startswith('<?xml version="1.0" encoding="UTF-8"?>')
    root = etree.fromstring(xml.encode())
    assert [node.tag for node in root] == ["Say", "Pause", "Hangup"]
    assert root[0].text == "Zoë"


# All control characters, the ends of the surrogates and the noncharacters.
NO_CHARACTERS = [*map(chr, range(32)), "\x7f", "\ud800", "\udbff", "\udfff", "\ufffe", "\uffff"]


@pytest.mark.parametrize("character", NO_CHARACTERS, ids=lambda character: f"{ord(character):x}")
def test_text_with_a_character_that_xml_forbids_is_well_formed(character):
    """Control characters in texts do not make TwiML invalid (error 12100)."""
    text = f"Good{character}day"
    response = [
        verbs.Gather((verbs.Say(text, text), verbs.Play(text)), 5, text),
        verbs.Redirect(text),
        verbs.Conference(text, text, True, text, coach=text),
        verbs.Dial(text, text, 20, text),
    ]
    root = etree.fromstring(render(response).encode())
    [say] = root.iter("Say")
    assert say.text.split() in (["Good", "day"], [text])
    assert root[0].get("action").split() in (["Good", "day"], [text])


def test_text_keeps_what_xml_allows():
    text = "Zoë \u4f60\u597d \U0001f600 &#11; <b>"
    root = etree.fromstring(render([verbs.Say(text)]).encode())
    assert root[0].text == text


# === SPEECH === #

# https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages
SPOKEN = {
    "en-US": "en-US",
    "fr-BE": "fr-BE",
    "fr-CH": "fr-FR",
    "de-CH": "de-DE",
    "es-419": "es-MX",
    "es-AR": "es-MX",
    "es-ES": "es-ES",
    "ar-001": "ar-XA",
    "pt-AO": "pt-PT",
    "ko-KP": "ko-KR",
    "sr": "sr-RS",
    "tl-PH": "fil-PH",
    "lt-LT": "lt-LT",
    "zh-TW": "zh-TW",
}
# Odoo's languages without a voice at Twilio.
MUTE = (
    "az-AZ be-BY bs-BA et-EE fa-IR hr-HR ka-GE kab-DZ km-KH lb-LU lo-LA mk-MK mn-MN my-MM sl-SI "
    "sq-AL sw"
)


@pytest.mark.parametrize("language", SPOKEN)
def test_language_is_spoken_with_a_voice_that_twilio_has(language):
    [say] = etree.fromstring(render([verbs.Say("Hello", language)]).encode())
    assert say.get("language") == SPOKEN[language]
    assert bool(say.get("voice")) == (language == "lt-LT")


@pytest.mark.parametrize("language", MUTE.split())
def test_language_without_a_voice_is_known_and_never_sent(language):
    assert find_voice(language) is None
    [say] = etree.fromstring(render([verbs.Say("Hello", language)]).encode())
    assert say.get("language") == "en-US"


@pytest.mark.parametrize(
    "text",
    [
        "One sentence. " * 600,
        "\u4f60\u597d\uff0c\u6b22\u8fce\u3002" * 300,
        "\u4f60" * 2000,
        "Добрый день! " * 200,
        "x" * 9001,
        "\U0001f600" * 1000,
    ],
)
def test_long_text_is_spoken_in_parts(text):
    """https://www.twilio.com/docs/api/errors/13521"""
    parts = [say.text for say in etree.fromstring(render([verbs.Say(text)]).encode())]
    assert len(parts) > 1
    assert all(len(part) <= 3000 and len(quote(part)) <= 4500 for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_text_is_split_after_a_sentence():
    sentence = "This is a sentence of forty characters. "
    parts = split_speech(sentence * 200)
    assert all(part.endswith(".") for part in parts)


def test_empty_text_says_nothing():
    """https://www.twilio.com/docs/api/errors/13520"""
    for text in ("", "  ", "\x00"):
        assert len(etree.fromstring(render([verbs.Say(text)]).encode())) == 0


# === DOCUMENTS BESIDE A CONVERSATION === #

# The functions that return hold music and announcements, also after a failure.
BESIDE = {
    "_advance_hold": "hold",
    "_get_harmless": "hold",
    "_get_keys": "announce",
}
NAMES = {"HangUp": "Hangup", "SendKeys": "Play"}


def find_instructions():
    """Yield the name of each function above, and an instruction that it makes."""
    for folder in ("models", "controllers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef) and node.name in BESIDE:
                    for part in ast.walk(node):
                        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
                            yield node.name, part.func.id


def test_documents_beside_a_conversation_have_only_allowed_verbs():
    """https://www.twilio.com/docs/api/errors/13238"""
    kinds = {kind.__name__ for kind in RENDERERS}
    found = {(function, name) for function, name in find_instructions() if name in kinds}
    assert {function for function, _name in found} == set(BESIDE)
    for function, name in found:
        assert NAMES.get(name, name) in table.KINDS[BESIDE[function]].verbs, (function, name)
