"""Permitted verbs, attributes, values and children of a TwiML voice document."""

import re
from dataclasses import dataclass
from urllib.parse import quote

_BOOL = re.compile(r"^(true|false)$", re.I)
_INT = re.compile(r"^-?\d+$")
_METHOD = re.compile(r"^(GET|POST)$", re.I)
_ANY = re.compile(r"^.*$", re.S)
_BEEP = re.compile(r"^(true|false|onEnter|onExit)$", re.I)
_NUMBER = re.compile(r"^\d+(\.\d+)?$")


def _words(*allowed):
    return re.compile(r"^(%s)( (%s))*$" % (("|".join(allowed),) * 2))


def _one(*allowed):
    return re.compile(r"^({})$".format("|".join(map(re.escape, allowed))))


@dataclass(frozen=True)
class Rule:
    """Permitted content of one element.

    :param dict attributes: name -> pattern of the value.
    :param frozenset children: names of the elements inside.
    :param bool text: whether it contains text.
    """

    attributes: dict
    children: frozenset = frozenset()
    text: bool = False


_CALL_EVENTS = _words("initiated", "ringing", "answered", "completed")
_RECORDING_EVENTS = _words("in-progress", "completed", "absent")
_RECORD = {
    "recordingStatusCallback": _ANY,
    "recordingStatusCallbackMethod": _METHOD,
    "recordingStatusCallbackEvent": _RECORDING_EVENTS,
    "trim": _one("trim-silence", "do-not-trim"),
}
_NOUN = {
    "url": _ANY,
    "method": _METHOD,
    "statusCallback": _ANY,
    "statusCallbackMethod": _METHOD,
    "statusCallbackEvent": _CALL_EVENTS,
    "byoc": _ANY,
    "machineDetection": _ANY,
}
_SSML = frozenset(
    {
        "break",
        "emphasis",
        "lang",
        "p",
        "phoneme",
        "prosody",
        "s",
        "say-as",
        "sub",
        "w",
    }
)
_SPEECH = {"voice": _ANY, "language": _ANY, "loop": _INT}

RULES = {
    "Response": Rule(
        {},
        frozenset(
            {
                "Say",
                "Play",
                "Pause",
                "Gather",
                "Record",
                "Dial",
                "Enqueue",
                "Leave",
                "Redirect",
                "Reject",
                "Hangup",
            }
        ),
    ),
    "Say": Rule(_SPEECH, _SSML, text=True),
    "Play": Rule({"loop": _INT, "digits": re.compile(r"^[0-9A-Dw*#]*$")}, text=True),
    "Pause": Rule({"length": _NUMBER}),
    "Redirect": Rule({"method": _METHOD}, text=True),
    "Reject": Rule({"reason": _one("rejected", "busy")}),
    "Hangup": Rule({}, frozenset({"Parameter"})),
    "Leave": Rule({}),
    "Gather": Rule(
        {
            "input": _words("dtmf", "speech"),
            "action": _ANY,
            "method": _METHOD,
            "timeout": _ANY,
            "finishOnKey": re.compile(r"^[0-9*#]?$"),
            "numDigits": _INT,
            "actionOnEmptyResult": _BOOL,
            "language": _ANY,
            "speechTimeout": _ANY,
            "hints": _ANY,
            "speechModel": _ANY,
            "enhanced": _BOOL,
            "profanityFilter": _BOOL,
            "bargeIn": _BOOL,
            "partialResultCallback": _ANY,
            "partialResultCallbackMethod": _METHOD,
            "maxSpeechTime": _INT,
            "dtmfDetection": _ANY,
            "debug": _BOOL,
        },
        frozenset({"Say", "Play", "Pause"}),
    ),
    "Record": Rule(
        {
            "action": _ANY,
            "method": _METHOD,
            "timeout": _INT,
            "finishOnKey": _ANY,
            "maxLength": _INT,
            "playBeep": _BOOL,
            "transcribe": _BOOL,
            "transcribeCallback": _ANY,
            "recordingTrack": _ANY,
            **_RECORD,
        }
    ),
    "Dial": Rule(
        {
            "action": _ANY,
            "method": _METHOD,
            "timeout": _INT,
            "hangupOnStar": _BOOL,
            "timeLimit": _INT,
            "callerId": _ANY,
            "answerOnBridge": _BOOL,
            "ringTone": _ANY,
            "sequential": _BOOL,
            "referUrl": _ANY,
            "referMethod": _METHOD,
            "recordingTrack": _one("both", "inbound", "outbound"),
            "record": _one(
                "do-not-record",
                "record-from-answer",
                "record-from-ringing",
                "record-from-answer-dual",
                "record-from-ringing-dual",
                "true",
                "false",
            ),
            **_RECORD,
        },
        frozenset({"Number", "Client", "Queue", "Conference"}),
        text=True,
    ),
    "Number": Rule({"sendDigits": _ANY, "phoneNumberSid": _ANY, **_NOUN}, text=True),
    "Client": Rule(_NOUN, frozenset({"Identity", "Parameter"}), text=True),
    "Identity": Rule({}, text=True),
    "Parameter": Rule({"name": _ANY, "value": _ANY}),
    "Queue": Rule(
        {
            "url": _ANY,
            "method": _METHOD,
            "reservationSid": _ANY,
            "postWorkActivitySid": _ANY,
        },
        text=True,
    ),
    "Conference": Rule(
        {
            "muted": _BOOL,
            "beep": _BEEP,
            "startConferenceOnEnter": _BOOL,
            "endConferenceOnExit": _BOOL,
            "waitUrl": _ANY,
            "waitMethod": _METHOD,
            "maxParticipants": _INT,
            "record": _one(
                "do-not-record",
                "record-from-start",
                "true",
                "false",
            ),
            "region": _ANY,
            "coach": _ANY,
            "participantLabel": re.compile(r"^.{1,128}$"),
            "jitterBufferSize": _one("off", "small", "medium", "large"),
            "eventCallbackUrl": _ANY,
            "statusCallback": _ANY,
            "statusCallbackMethod": _METHOD,
            "statusCallbackEvent": _words(
                "start",
                "end",
                "join",
                "leave",
                "mute",
                "hold",
                "modify",
                "speaker",
                "announcement",
            ),
            **_RECORD,
        },
        text=True,
    ),
    "Enqueue": Rule(
        {
            "action": _ANY,
            "method": _METHOD,
            "waitUrl": _ANY,
            "waitUrlMethod": _METHOD,
            "maxQueueSize": _INT,
            "workflowSid": _ANY,
        },
        frozenset({"Task"}),
        text=True,
    ),
    "Task": Rule({"priority": _INT, "timeout": _INT}, text=True),
}

#: Permitted verbs of the documents that do not belong to a call's own program.
#: https://www.twilio.com/docs/voice/twiml/enqueue#attributes-wait-url
WAIT_VERBS = frozenset({"Say", "Play", "Pause", "Gather", "Redirect", "Leave", "Hangup"})
#: https://www.twilio.com/docs/api/errors/13238
HOLD_VERBS = frozenset({"Say", "Play", "Pause", "Redirect"})
#: https://www.twilio.com/docs/voice/api/conference-resource#update-a-conference-resource
ANNOUNCE_VERBS = frozenset({"Say", "Play"})

#: Languages of `<Say>`: those of Twilio's own package for TypeScript, version 6.3.1.
#: https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages
SAY_LANGUAGES = frozenset(
    """
    af-ZA am-ET ar-AE ar-XA arb bg-BG bn-IN ca-ES cmn-CN cmn-TW cs-CZ cy-GB da-DK de-AT
    de-DE el-GR en-AU en-CA en-GB en-GB-WLS en-IE en-IN en-NZ en-US en-ZA es-ES es-MX
    es-US fi-FI fil-PH fr-CA fr-FR fr-BE gu-IN he-IL hi-IN hu-HU id-ID is-IS it-IT ja-JP
    kn-IN ko-KR lv-LV ml-IN mr-IN ms-MY nb-NO nl-BE nl-NL pa-IN pl-PL pt-BR pt-PT ro-RO
    ru-RU sk-SK sr-RS sv-SE ta-IN te-IN th-TH tr-TR uk-UA vi-VN yue-HK zh-CN zh-HK zh-TW
    """.split()  # noqa: SIM905
)
#: Beginnings of the names of voices.
VENDORS = ("Polly.", "Google.")
#: Languages without a default voice; a voice must be named.
VOICE_LANGUAGES = frozenset({"eu-ES", "gl-ES", "lt-LT"})
#: Longest text of one `<Say>` as it is sent to the speech service, URL-encoded.
#: https://www.twilio.com/docs/api/errors/13521
MAX_SPEECH = 4500
#: Characters of one `<Say>` with any voice.
#: https://www.twilio.com/docs/voice/twiml/say#limits-and-considerations
MAX_CHARACTERS = 3000
#: A language or voice that does not exist.
#: https://www.twilio.com/docs/api/errors/13511
UNSUPPORTED = 13511


def find_speech_problem(verb):
    """Return why a `<Say>` is not spoken: a code of Twilio's debugger and a text; None if it is.

    What Twilio does with an unlisted language is not documented beyond "may result in an error and
    `<Say>` instruction failure", so nothing is spoken.

    :param Verb verb: the element.
    """
    language, voice = verb.get("language") or "en-US", verb.get("voice") or ""
    if not verb.text:
        return 13520, "Say: the text is empty"
    if len(quote(verb.text)) > MAX_SPEECH or len(verb.text) > MAX_CHARACTERS:
        return 13521, "Say: the text is too long"
    if voice.startswith("Google.") and not voice.startswith(f"Google.{language}-"):
        return UNSUPPORTED, f"Say: the voice {voice} does not speak {language}"
    if voice and voice not in ("man", "woman", "alice") and not voice.startswith(VENDORS):
        return UNSUPPORTED, f"Say: there is no voice {voice}"
    if language in VOICE_LANGUAGES and voice.startswith("Google."):
        return None
    if language not in SAY_LANGUAGES:
        return UNSUPPORTED, f"Say: the language {language} is not supported"
    return None
