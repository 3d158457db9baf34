"""What Twilio allows in each kind of document, with the pages that say so.

The table is written after Twilio's documentation, not after the renderer that it judges. Every
document of every test is checked (`check_document`).
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

from lxml import etree

DOCS = "https://www.twilio.com/docs/"
# Bytes of the largest document: https://www.twilio.com/docs/api/errors/11750
LARGEST = 64 * 1024
# https://www.twilio.com/docs/api/errors/13521
MAX_CHARACTERS, MAX_ENCODED = 3000, 4500

BOOLEAN, NUMBER, POST = re.compile("true|false"), re.compile("[0-9]+"), re.compile("POST")
URL = re.compile(r"https?://[^\s<>\"]+")
E164 = re.compile(r"\+[1-9][0-9]{3,14}")
SID = re.compile("CA[0-9a-zA-Z]{32}")


@dataclass(frozen=True)
class Kind:
    """A kind of document.

    :param str page: the page that says so
    :param frozenset verbs: verbs of the document
    """

    page: str
    verbs: frozenset


@dataclass(frozen=True)
class Element:
    """A verb or noun.

    :param str page: the page that says so
    :param dict attributes: its attributes and their values; only those that this addon needs
    :param frozenset children: the elements inside
    :param text: pattern of its text; None: it has no text
    """

    page: str
    attributes: dict
    children: frozenset = frozenset()
    text: re.Pattern | None = None


def _words(*words):
    pattern = "|".join(words)
    return re.compile(f"({pattern})( ({pattern}))*")


VOICE = frozenset(
    {
        *("Say", "Play", "Pause", "Gather", "Record", "Dial", "Enqueue", "Redirect", "Reject"),
        "Hangup",
    }
)
KINDS = {
    # A call's own document, also that of an answered telephone (screening).
    "voice": Kind("voice/twiml#twiml-verbs", VOICE),
    # The document of a caller in a queue, the only one with `<Leave>`.
    "wait": Kind(
        "voice/twiml/enqueue#attributes-wait-url",
        frozenset({"Say", "Play", "Pause", "Gather", "Redirect", "Leave", "Hangup"}),
    ),
    "hold": Kind("api/errors/13238", frozenset({"Say", "Play", "Pause", "Redirect"})),
    "announce": Kind(
        "voice/api/conference-resource#update-a-conference-resource", frozenset({"Say", "Play"})
    ),
}
ELEMENTS = {
    "Say": Element(
        "voice/twiml/say",
        {
            "language": re.compile(r"[a-z]{2,3}-[A-Z]{2}"),
            "voice": re.compile(r"man|woman|(Polly|Google)\..+"),
            "loop": NUMBER,
        },
        text=re.compile(r".*\S.*", re.DOTALL),
    ),
    # A sound, or keys.
    "Play": Element(
        "voice/twiml/play",
        {"loop": NUMBER, "digits": re.compile("[0-9*#]+")},
        text=re.compile(f"({URL.pattern})?"),
    ),
    "Pause": Element("voice/twiml/pause", {"length": re.compile("[1-9][0-9]*")}),
    "Gather": Element(
        "voice/twiml/gather",
        {
            "input": re.compile("dtmf"),
            "numDigits": NUMBER,
            "timeout": NUMBER,
            "finishOnKey": re.compile("[0-9*#]?"),
            "action": URL,
            "method": POST,
        },
        frozenset({"Say", "Play", "Pause"}),
    ),
    "Record": Element(
        "voice/twiml/record",
        {
            "action": URL,
            "method": POST,
            "maxLength": NUMBER,
            "timeout": NUMBER,
            "finishOnKey": re.compile("[0-9*#]*"),
            "playBeep": BOOLEAN,
            "trim": re.compile("trim-silence|do-not-trim"),
            "recordingStatusCallback": URL,
            "recordingStatusCallbackMethod": POST,
            "recordingStatusCallbackEvent": _words("in-progress", "completed", "absent"),
        },
    ),
    "Dial": Element(
        "voice/twiml/dial",
        {
            "callerId": E164,
            "timeout": NUMBER,
            "timeLimit": NUMBER,
            "action": URL,
            "method": POST,
            "answerOnBridge": BOOLEAN,
        },
        frozenset({"Number", "Conference"}),
    ),
    "Number": Element("voice/twiml/number", {}, text=E164),
    "Conference": Element(
        "voice/twiml/conference",
        {
            # https://www.twilio.com/docs/voice/twiml/conference#participantlabel
            "participantLabel": re.compile(r"(?!CA[0-9a-f]{32}$)[^/]{1,128}"),
            "beep": re.compile("true|false|onEnter|onExit"),
            "muted": BOOLEAN,
            "coach": SID,
            "startConferenceOnEnter": BOOLEAN,
            "endConferenceOnExit": BOOLEAN,
            "jitterBufferSize": re.compile("off|small|medium|large"),
            "waitUrl": re.compile(""),
            "statusCallback": URL,
            "statusCallbackMethod": POST,
            "statusCallbackEvent": _words("start", "end", "join", "leave", "mute", "hold"),
        },
        text=re.compile(r"\S{1,128}"),
    ),
    "Enqueue": Element(
        "voice/twiml/enqueue",
        {"waitUrl": URL, "waitUrlMethod": POST, "action": URL, "method": POST},
        text=re.compile(r"\S{1,64}"),
    ),
    "Redirect": Element("voice/twiml/redirect", {"method": POST}, text=URL),
    "Reject": Element("voice/twiml/reject", {"reason": re.compile("rejected|busy")}),
    "Leave": Element("voice/twiml/leave", {}),
    "Hangup": Element("voice/twiml/hangup", {}),
}


def get_kind(path):
    """Return the kind of document that a webhook asks for.

    :param str path: path and query of its URL
    :rtype: str
    """
    route, _mark, query = path.partition("?")
    name = route.rsplit("/", 1)[-1]
    if name == "wait":
        return "hold" if "hold=" in query else "wait"
    return "announce" if name in ("announce", "keys") else "voice"


def check_document(xml, kind):
    """Return why Twilio would refuse a document, or not do what it says.

    :param bytes xml: the document
    :param str kind: a key of `KINDS`
    :return: the reasons; empty if there is none
    :rtype: list(str)
    """
    if len(xml) > LARGEST:
        return [f"the document has {len(xml)} bytes"]
    root = etree.fromstring(xml)
    if root.tag != "Response" or root.attrib:
        return [f"the root is {root.tag} with {dict(root.attrib)}"]
    problems = [
        f"{kind}: {verb.tag} is not allowed, see {DOCS}{KINDS[kind].page}"
        for verb in root
        if verb.tag not in KINDS[kind].verbs
    ]
    for verb in root:
        problems += _check_element(verb)
    return problems


def _check_element(node):
    element = ELEMENTS.get(node.tag)
    if element is None:
        return [f"{node.tag} is unknown"]
    page = f"see {DOCS}{element.page}"
    problems = [
        f"{node.tag}.{name} cannot be {value!r}, {page}"
        for name, value in node.attrib.items()
        if name not in element.attributes or not element.attributes[name].fullmatch(value)
    ]
    text = node.text or ""
    if not (element.text.fullmatch(text) if element.text else not text.strip()):
        problems.append(f"{node.tag} cannot contain the text {text!r}, {page}")
    if node.tag == "Say" and (len(text) > MAX_CHARACTERS or len(quote(text)) > MAX_ENCODED):
        problems.append(f"Say has a text of {len(text)} characters, {page}")
    for child in node:
        if child.tag not in element.children:
            problems.append(f"{node.tag} cannot contain {child.tag}, {page}")
        problems += _check_element(child)
    return problems
