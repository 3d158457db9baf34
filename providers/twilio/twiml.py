"""Voice responses in Twilio's language.

https://www.twilio.com/docs/voice/twiml
"""

import re
from urllib.parse import quote
from xml.etree import ElementTree

from twilio.twiml.voice_response import Dial, Enqueue, Gather, VoiceResponse

from .. import voice_response as verbs
from .client import CONFERENCE_EVENTS
from .voices import DEFAULT, find_voice

# Characters that XML does not allow: control characters, halves of surrogate pairs and two
# non-characters. One of them makes the whole answer invalid, which is error 12100.
# https://www.w3.org/TR/xml/#charsets
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# Longest text of one `<Say>`: in characters, and as it is sent to the speech service, URL-encoded.
# https://www.twilio.com/docs/api/errors/13521
MAX_CHARACTERS, MAX_ENCODED = 3000, 4500
# Where a text is split, if possible: after a sentence, else after a word.
SENTENCE, WORD = re.compile(r"(?<=[.!?]\s)|(?<=[。！？।])"), re.compile(r"(?<=\s)")


def _render_say(response, step):
    language, voice = find_voice(step.language) or (DEFAULT, None)
    for text in split_speech(step.text):
        response.say(text, language=language, voice=voice)


def _fits(text):
    return len(text) <= MAX_CHARACTERS and len(quote(text)) <= MAX_ENCODED


def split_speech(text):
    """Return a text in parts that Twilio speaks, each as long as possible.

    :param str text: text of any length
    :rtype: list(str)
    """
    # Halves of surrogate pairs cannot be encoded.
    text = NOT_IN_XML.sub(" ", text).strip()
    if not text:
        return []
    return _join(text, SENTENCE, WORD)


def _join(text, *separators):
    if _fits(text):
        return [text]
    if not separators:
        return [*_join(text[: len(text) // 2]), *_join(text[len(text) // 2 :])]
    parts = []
    for piece in separators[0].split(text):
        if parts and _fits(parts[-1] + piece):
            parts[-1] += piece
        else:
            parts += _join(piece, *separators[1:])
    return [part.strip() for part in parts if part.strip()]


def _render_play(response, step):
    response.play(step.url, loop=step.loop)


def _render_send_keys(response, step):
    response.play(digits=step.keys)


def _render_pause(response, step):
    response.pause(length=step.seconds)


def _render_conference(response, step):
    dial = Dial(time_limit=step.time_limit)
    dial.conference(
        step.conference,
        participant_label=step.label,
        beep="false",
        start_conference_on_enter=True,
        end_conference_on_exit=step.ends_conference,
        jitter_buffer_size="small",
        wait_url="",
        status_callback=step.events_url,
        status_callback_method="POST",
        status_callback_event=" ".join(CONFERENCE_EVENTS),
        muted=step.muted or None,
        coach=step.coach or None,
    )
    response.append(dial)


def _render_enqueue(response, step):
    response.append(
        Enqueue(
            step.queue,
            wait_url=step.wait_url,
            wait_url_method="POST",
            action=step.next_url,
            method="POST",
        )
    )


def _render_record(response, step):
    response.record(
        action=step.next_url,
        method="POST",
        max_length=step.max_seconds,
        timeout=10,
        finish_on_key="#",
        play_beep=True,
        trim="do-not-trim",
        recording_status_callback=step.recording_url,
        recording_status_callback_method="POST",
        recording_status_callback_event="completed absent",
    )


def _render_gather(response, step):
    gather = Gather(
        input="dtmf",
        num_digits=1,
        # By default, `#` ends a Gather without being a key of it.
        finish_on_key="",
        timeout=step.seconds,
        action=step.next_url,
        method="POST",
    )
    for instruction in step.prompt:
        RENDERERS[type(instruction)](gather, instruction)
    response.append(gather)


def _render_redirect(response, step):
    response.redirect(step.url, method="POST")


def _render_dial(response, step):
    dial = Dial(
        caller_id=step.caller_id,
        timeout=step.timeout,
        time_limit=step.time_limit,
        action=step.next_url,
        method="POST",
        answer_on_bridge=True,
    )
    dial.number(step.number)
    response.append(dial)


def _render_leave(response, step):
    response.leave()


def _render_hang_up(response, step):
    response.hangup()


def _render_reject(response, step):
    response.reject(reason="busy" if step.busy else "rejected")


RENDERERS = {
    verbs.Say: _render_say,
    verbs.Play: _render_play,
    verbs.SendKeys: _render_send_keys,
    verbs.Pause: _render_pause,
    verbs.Conference: _render_conference,
    verbs.Enqueue: _render_enqueue,
    verbs.Record: _render_record,
    verbs.Gather: _render_gather,
    verbs.Redirect: _render_redirect,
    verbs.Dial: _render_dial,
    verbs.Leave: _render_leave,
    verbs.HangUp: _render_hang_up,
    verbs.Reject: _render_reject,
}


def render(instructions):
    """Return a voice response as TwiML.

    :param list instructions: instructions of `voice_response`
    :return: XML
    :rtype: str
    """
    response = VoiceResponse()
    for step in instructions:
        RENDERERS[type(step)](response, step)
    root = response.xml()
    for element in root.iter():
        if element.text:
            element.text = NOT_IN_XML.sub(" ", element.text)
        for name, value in element.items():
            element.set(name, NOT_IN_XML.sub(" ", value))
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'
