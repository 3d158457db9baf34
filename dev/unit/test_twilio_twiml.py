"""Voice responses in Twilio's language, compared as trees and checked against its schema."""

import pytest
from lxml import etree
from providers import voice_response as verbs
from providers.twilio.twiml import RENDERERS, render

# https://www.twilio.com/docs/voice/twiml, the verbs and attributes this addon may use.
ALLOWED = {
    "Response": set(),
    "Say": {"language", "loop", "voice"},
    "Play": {"loop", "digits"},
    "Pause": {"length"},
    "Dial": {
        "action",
        "answerOnBridge",
        "callerId",
        "hangupOnStar",
        "method",
        "record",
        "recordingStatusCallback",
        "recordingStatusCallbackEvent",
        "recordingStatusCallbackMethod",
        "timeLimit",
        "timeout",
        "trim",
    },
    "Conference": {
        "beep",
        "coach",
        "endConferenceOnExit",
        "eventCallbackUrl",
        "jitterBufferSize",
        "maxParticipants",
        "muted",
        "participantLabel",
        "record",
        "recordingStatusCallback",
        "recordingStatusCallbackEvent",
        "recordingStatusCallbackMethod",
        "region",
        "startConferenceOnEnter",
        "statusCallback",
        "statusCallbackEvent",
        "statusCallbackMethod",
        "trim",
        "waitMethod",
        "waitUrl",
    },
    "Number": {"url", "method", "statusCallback", "statusCallbackEvent", "statusCallbackMethod"},
    "Enqueue": {"action", "maxQueueSize", "method", "waitUrl", "waitUrlMethod", "workflowSid"},
    "Leave": set(),
    "Hangup": set(),
    "Reject": {"reason"},
    "Redirect": {"method"},
    "Gather": {
        "action",
        "actionOnEmptyResult",
        "bargeIn",
        "finishOnKey",
        "input",
        "method",
        "numDigits",
        "timeout",
    },
    "Record": {
        "action",
        "finishOnKey",
        "maxLength",
        "method",
        "playBeep",
        "recordingStatusCallback",
        "recordingStatusCallbackEvent",
        "recordingStatusCallbackMethod",
        "timeout",
        "trim",
    },
}
CONFERENCE_EVENTS = {
    "start",
    "end",
    "join",
    "leave",
    "mute",
    "hold",
    "modify",
    "speaker",
    "announcement",
}
BASE = "https://crm.example/telephony/twilio"
CALL = "0f8fad5b-d9cb-469f-a165-70867728950e"

RESPONSES = {
    "say": (
        [verbs.Say("Good day & <welcome>", "fr-BE")],
        '<Say language="fr-BE">Good day &amp; &lt;welcome&gt;</Say>',
    ),
    "play": ([verbs.Play(f"{BASE}/a.wav", 3)], f'<Play loop="3">{BASE}/a.wav</Play>'),
    "play for ever": ([verbs.Play(f"{BASE}/a.wav", 0)], f'<Play loop="0">{BASE}/a.wav</Play>'),
    "pause": ([verbs.Pause(2)], '<Pause length="2"/>'),
    "join": (
        [verbs.Conference(CALL, "customer", True, f"{BASE}/conference?call={CALL}")],
        f"""<Dial><Conference beep="false" endConferenceOnExit="true" jitterBufferSize="small"
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
        [verbs.Conference(CALL, "supervisor-1", False, f"{BASE}/conference", coach="CA1")],
        f"""<Dial><Conference beep="false" coach="CA1" endConferenceOnExit="false"
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
        [verbs.Dial("+32470123456", "+3225550100", 25, f"{BASE}/step?call={CALL}")],
        f"""<Dial action="{BASE}/step?call={CALL}" answerOnBridge="true" callerId="+3225550100"
             method="POST" timeLimit="14400" timeout="25"><Number>+32470123456</Number></Dial>""",
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
        f"""<Gather action="{BASE}/agent_phone?call={CALL}" input="dtmf" method="POST"
             numDigits="1" timeout="8"><Say language="en-US">Press 1.</Say></Gather><Hangup/>""",
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


@pytest.mark.parametrize("name", RESPONSES)
def test_only_known_verbs_and_attributes_are_used(name):
    for node in etree.fromstring(render(RESPONSES[name][0]).encode()).iter():
        assert node.tag in ALLOWED
        assert set(node.attrib) <= ALLOWED[node.tag]
        if node.tag == "Conference":
            assert set(node.get("statusCallbackEvent").split()) <= CONFERENCE_EVENTS


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
    assert say.get("language").split() in (["Good", "day"], [text])


def test_text_keeps_what_xml_allows():
    text = "Zoë \u4f60\u597d \U0001f600 &#11; <b>"
    root = etree.fromstring(render([verbs.Say(text)]).encode())
    assert root[0].text == text
