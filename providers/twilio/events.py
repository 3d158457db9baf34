"""Conversion of Twilio's webhooks into `VoiceRequest` and `CallEvent`.

https://www.twilio.com/docs/voice/api/call-resource#statuscallback
https://www.twilio.com/docs/voice/twiml/conference#statuscallback
"""

import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from ..base import CallEvent, VoiceRequest

# https://www.twilio.com/docs/voice/api/call-resource#call-status-values
LEG_STATUS = {
    "queued": ("new", ""),
    "initiated": ("initiated", ""),
    "ringing": ("ringing", ""),
    "in-progress": ("in_progress", ""),
    "answered": ("in_progress", ""),
    "completed": ("ended", "completed"),
    "busy": ("ended", "busy"),
    "no-answer": ("ended", "no_answer"),
    "failed": ("ended", "failed"),
    "canceled": ("ended", "canceled"),
}

CONFERENCE_KIND = {
    "participant-join": "join",
    "participant-leave": "leave",
    "participant-hold": "hold",
    "participant-unhold": "unhold",
}

# Why a leg is out of the queue. A moved one was moved by a request of ours.
# https://www.twilio.com/docs/voice/twiml/enqueue#attributes-action
QUEUE_RESULTS = {
    "leave": "left",
    "redirected": "moved",
    "redirected-from-bridged": "moved",
    "bridged": "moved",
    "bridging-in-process": "moved",
    # The queue is full, or could not be created.
    "queue-full": "refused",
    # What the caller was to hear in it could not be used, or something else failed.
    "error": "failed",
    "system-error": "failed",
    "hangup": "hung_up",
}
# https://www.twilio.com/docs/api/errors: a wrong content type, and Play and Gather that fail.
SOUND_ERRORS = {"12300", "13325", "13420"}
# Twilio's name of a browser: this, and our identity of the agent.
BROWSER = "client:"

# What Twilio writes in place of a withheld number: a word, or the word on a telephone's keypad.
# https://www.twilio.com/docs/voice/twiml#twilios-request-to-your-application
HIDDEN_WORDS = (
    "anonymous",
    "blocked",
    "private",
    "restricted",
    "unavailable",
    "unknown",
)
KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
HIDDEN = {
    "",
    *HIDDEN_WORDS,
    *(
        prefix + word.translate(KEYPAD)
        for word in HIDDEN_WORDS
        # RESTRICTED has ten digits, as a number of North America.
        for prefix in ("", "+", "1", "+1")
    ),
}
# Whether the caller's carrier vouches for the number: only level A does.
# https://www.twilio.com/docs/voice/trusted-calling-with-shakenstir
ATTESTATION = re.compile(r"TN-Validation-(Passed|Failed)(?:-([ABC]))?(?:-[A-Za-z]+)*")
COUNTRY = re.compile(r"[A-Z]{2}")
# Maximum length of a caller's name or place.
NAME_LENGTH = 60

# Twilio's identifiers: `CA…`, `CF…`, `RE…`.
SID = re.compile(r"[A-Za-z0-9]{2,64}")
# Our own names of conferences and participants.
NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
REASON = re.compile(r"[a-z_]{1,64}")


def parse_moment(text):
    """Return the time in Twilio's RFC 2822 text or in a `datetime`.

    :return: UTC, naive, whole seconds; the current time for a missing or invalid value
    :rtype: datetime
    """
    now = datetime.now(timezone.utc)
    try:
        moment = text if isinstance(text, datetime) else parsedate_to_datetime(text or "")
        if not 2000 < moment.year < 2100:
            moment = now
    except (TypeError, ValueError, OverflowError, IndexError):
        moment = now
    if moment.tzinfo:
        moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return moment.replace(microsecond=0)


def parse_number(text):
    """Return an integer parameter as a number; None if it is missing, invalid or too large.

    :rtype: int | None
    """
    text = str("" if text is None else text)
    return int(text) if text.isdecimal() and len(text) <= 9 else None


def parse_sid(text):
    """Return an identifier of Twilio; an empty text for any other value.

    :rtype: str
    """
    return text if SID.fullmatch(text or "") else ""


def parse_caller(text):
    """Return the caller's number or address; empty if it is withheld.

    :rtype: str
    """
    text = text or ""
    return "" if text.strip().lower() in HIDDEN else text


def parse_name(text):
    """Return a name that the caller's side chose, on one line and of limited length.

    :rtype: str
    """
    text = "".join(char if char.isprintable() else " " for char in text or "")
    return " ".join(text.split())[:NAME_LENGTH].strip()


def parse_dial_result(params):
    """Return how the leg of a `Dial` ended. A completed leg that was not bridged was not answered.

    https://www.twilio.com/docs/voice/twiml/dial#action

    :return: one of `LEG_END_REASONS`, or empty
    :rtype: str
    """
    _status, result = LEG_STATUS.get(params.get("DialCallStatus"), ("", ""))
    return "no_answer" if result == "completed" and params.get("DialBridged") == "false" else result


def parse_attestation(text):
    """Return whether the caller's number was verified.

    :return: `verified`, `unverified`, `failed`; empty if it was not reported
    :rtype: str
    """
    if text == "No-TN-Validation":
        return "unverified"
    found = ATTESTATION.fullmatch(text or "")
    if not found:
        return ""
    if found[1] == "Failed":
        return "failed"
    return "verified" if found[2] == "A" else "unverified"


# Fields that Twilio posts with the result of one verb, or with the first webhook of a browser, and
# not after a `Redirect`. A webhook that is repeated carries them in its signed URL.
ONCE = (
    "DialBridged",
    "DialCallDuration",
    "DialCallStatus",
    "Digits",
    "ErrorCode",
    "QueueResult",
    "QueueSid",
    "uuid",
)


def parse_voice_request(params, query=None):
    """Return a webhook that asks for TwiML.

    https://www.twilio.com/docs/voice/twiml#request-parameters

    :param dict params: parameters that Twilio posted
    :param dict query: parameters of the signed URL, which are our own
    :rtype: VoiceRequest
    """
    query = query or {}
    params = {**{name: query[name] for name in ONCE if name in query}, **params}
    caller = params.get("From") or ""
    is_browser = caller.startswith(BROWSER)
    code = params.get("ErrorCode") or ""
    country = params.get("FromCountry") or ""
    return VoiceRequest(
        leg_id=parse_sid(params.get("CallSid")),
        caller="" if is_browser else parse_caller(caller),
        called=params.get("To") or "",
        identity=caller.removeprefix(BROWSER) if is_browser else "",
        call_uuid=params.get("uuid") or "",
        is_test=is_browser and params.get("test") == "1",
        step_id=parse_number(query.get("at")),
        digits=params.get("Digits") or "",
        queue_id=parse_sid(params.get("QueueSid")),
        queue_result=QUEUE_RESULTS.get(params.get("QueueResult"), ""),
        dial_result=parse_dial_result(params),
        # Twilio's codes have five digits; other values are dropped.
        error_code=code if parse_number(code) and len(code) <= 6 else "",
        is_sound_error=is_sound_error(code, params.get("ErrorUrl") or ""),
        dial_seconds=parse_number(params.get("DialCallDuration")),
        caller_name=parse_name(params.get("CallerName")),
        caller_city=parse_name(params.get("FromCity")),
        caller_country=country if COUNTRY.fullmatch(country) else "",
        diverted_from=parse_name(params.get("ForwardedFrom") or params.get("CalledVia")),
        attestation=parse_attestation(params.get("StirVerstat")),
    )


def is_sound_error(code, url):
    """Return whether a sound may be the reason why Twilio could not use our last document.

    :param str code: Twilio's error
    :param str url: URL that Twilio names with it: of the document, or of the sound
    :rtype: bool
    """
    return bool(code) and (code in SOUND_ERRORS or (bool(url) and "/telephony/twilio/" not in url))


# Why a leg failed, by the response code of the called network (SIP), and by Twilio's own code.
# https://www.twilio.com/docs/voice/api/call-resource#statuscallback
# https://www.twilio.com/docs/api/errors
SIP_FAILURES = {
    403: "forbidden",
    404: "number_unknown",
    408: "unreachable",
    410: "number_unknown",
    480: "unreachable",
    484: "number_unknown",
    500: "network",
    502: "network",
    503: "network",
    504: "network",
    603: "declined",
    604: "number_unknown",
    607: "unwanted",
    608: "unwanted",
}
CODE_FAILURES = {
    13223: "number_unknown",
    13224: "number_unknown",
    13225: "forbidden",
    13227: "forbidden",
    21211: "number_unknown",
    21215: "forbidden",
    21217: "number_unknown",
    32011: "network",
    32205: "forbidden",
    32224: "forbidden",
}
# Responses that the end of a leg expresses already: answered, busy, canceled.
SIP_EXPECTED = {200, 486, 487}


def parse_failure(params):
    """Return why a leg failed.

    :param dict params: parameters that Twilio posted at the end of the leg
    :return: `failure`, a key of `LEG_FAILURES` or empty; `failure_code`, the code as Twilio names
        it. Empty if nothing was reported
    :rtype: dict(str, str)
    """
    code = parse_number(params.get("ErrorCode"))
    sip = parse_number(params.get("SipResponseCode"))
    if code:
        return {"failure": CODE_FAILURES.get(code, ""), "failure_code": str(code)}
    if sip and sip not in SIP_EXPECTED and sip < 1000:
        return {"failure": SIP_FAILURES.get(sip, ""), "failure_code": f"SIP {sip}"}
    return {}


# https://www.twilio.com/docs/voice/twiml/record#attributes-recording-status-callback
RECORDING_STATUS = {
    "in-progress": ("recording", "recording"),
    "completed": ("recorded", "pending"),
    "absent": ("recorded", "failed"),
    "failed": ("recorded", "failed"),
}
RECORDING_KIND = {"RecordVerb": "voicemail", "StartCallRecordingAPI": "conversation"}


def parse_recording_event(params):
    """Return the event of a recording webhook.

    :param dict params: parameters that Twilio posted
    :return: the event, `recording` at the start, `recorded` at the end; its `status` is a state of
        `telephony.recording`; None when nothing has changed
    :rtype: CallEvent | None
    """
    kind, status = RECORDING_STATUS.get(params.get("RecordingStatus"), ("", ""))
    if not (kind and parse_sid(params.get("RecordingSid")) and parse_sid(params.get("CallSid"))):
        return None
    return CallEvent(
        kind=kind,
        key=f"{params['RecordingSid']}:{params['RecordingStatus']}",
        provider_leg_id=params["CallSid"],
        status=status,
        at=parse_moment(params.get("RecordingStartTime")),
        duration=parse_number(params.get("RecordingDuration")) or 0,
        data={
            "recording_id": params["RecordingSid"],
            "kind": RECORDING_KIND.get(params.get("RecordingSource"), ""),
        },
    )


def parse_verification(params):
    """Return the result in a webhook about the verification of a caller ID.

    :param dict params: parameters that Twilio posted
    :return: `provider_leg_id`, `state`, `failure`, `provider_caller_id`; None when nothing has
        changed
    :rtype: dict | None
    """
    leg_id, verdict = params.get("CallSid"), params.get("VerificationStatus")
    status = params.get("CallStatus")
    if not parse_sid(leg_id):
        return None
    result = {"provider_leg_id": leg_id, "failure": False, "provider_caller_id": False}
    if verdict == "success":
        sid = parse_sid(params.get("OutgoingCallerIdSid")) or False
        return {**result, "state": "verified", "provider_caller_id": sid}
    if verdict == "failed":
        unanswered = status in ("no-answer", "busy", "failed", "canceled")
        return {**result, "state": "failed", "failure": "no_answer" if unanswered else "code"}
    if status == "in-progress":
        return {**result, "state": "waiting"}
    return None


def parse_leg_event(params):
    """Return the event of a leg's status webhook.

    :param dict params: parameters that Twilio posted
    :return: the event, or None when the status is unknown
    :rtype: CallEvent | None
    """
    status, reason = LEG_STATUS.get(params.get("CallStatus"), (None, ""))
    if not status or not parse_sid(params.get("CallSid")):
        return None
    sequence = parse_number(params.get("SequenceNumber"))
    return CallEvent(
        kind="leg",
        # The final webhook of a number or of an application has no sequence number.
        key=f"{params['CallSid']}:{params['CallStatus']}",
        provider_leg_id=params["CallSid"],
        status=status,
        reason=reason,
        sequence=-1 if sequence is None else sequence,
        at=parse_moment(params.get("Timestamp")),
        duration=parse_number(params.get("CallDuration")) if status == "ended" else None,
        data=parse_failure(params) if status == "ended" else {},
    )


def parse_conference_event(params):
    """Return the event of a conference webhook.

    :param dict params: parameters that Twilio posted
    :return: the event, or None when it is not about a participant
    :rtype: CallEvent | None
    """
    kind = CONFERENCE_KIND.get(params.get("StatusCallbackEvent"))
    if not (kind and parse_sid(params.get("CallSid")) and parse_sid(params.get("ConferenceSid"))):
        return None
    sequence = parse_number(params.get("SequenceNumber"))
    return CallEvent(
        kind=kind,
        key=f"{params['ConferenceSid']}:{sequence}:{kind}:{params['CallSid']}",
        provider_leg_id=params["CallSid"],
        sequence=-1 if sequence is None else sequence,
        at=parse_moment(params.get("Timestamp")),
        conference_id=params["ConferenceSid"],
        data={
            name: params[word]
            for name, word, pattern in (
                ("conference", "FriendlyName", NAME),
                ("label", "ParticipantLabel", NAME),
                # https://www.twilio.com/docs/voice/twiml/conference#statuscallback
                ("reason", "ReasonParticipantLeft", REASON),
            )
            if pattern.fullmatch(params.get(word) or "")
        },
    )
