"""The fifteen reactions of Twilio that no document settles, each asked by one call or request."""

import io
import time
import wave
from dataclasses import dataclass
from http import HTTPStatus

import phonenumbers
import requests
from twilio.base.exceptions import TwilioException, TwilioRestException

from .live import RINGING
from .phones import NotAsked

#: Countries in whose numbers Twilio offers emergency calls.
#: https://www.twilio.com/docs/voice/tutorials/emergency-calling-for-programmable-voice
EMERGENCY_COUNTRIES = frozenset(
    ("US", "CA", "GB", "AU", "IE", "FR", "DE", "AT", "MY", "TH", "PH", "NZ", "IT")
)
#: Seconds after which a new call counts as missing in the list of calls.
LATE = 1.0
#: Most calls at once that look for the account's limit.
MOST_CALLS = 6
SENTENCE = "This sentence is long enough to hear whether it is spoken, and in which language."


@dataclass(frozen=True)
class Question:
    """One question.

    :param str title: the question in words.
    :param str how: what the program does, with the expected cost.
    :param str documented: what Twilio's documents say, with the address.
    :param dict outcomes: outcome -> settings of the emulator that correspond to it.
    :param ask: function ``(live) -> outcome``.
    """

    number: int
    key: str
    title: str
    how: str
    documented: str
    outcomes: dict
    ask: object
    is_call: bool = True


def ask_side_requests(live):
    sid, room = live.join_room()
    live.reply(hold="<Say>Hold</Say>", announce="<Say>Announcement</Say>")
    participant = live.client.conferences(room).participants(sid)
    participant.update(hold=True, hold_url=live.url("hold"), hold_method="POST")
    hold = live.need("hold")
    participant.update(hold=False)
    live.client.conferences(room).update(announce_url=live.url("announce"), announce_method="POST")
    found = {"hold": "AccountSid" in hold.form, "announce": None}
    found["announce"] = "AccountSid" in live.need("announce").form
    if len(set(found.values())) == 1:
        return "with account" if found["hold"] else "without account"
    return "hold {hold}, announce {announce}".format(
        **{name: "with account" if here else "without" for name, here in found.items()}
    )


def ask_ringing_end(live):
    sid = live.ring()
    live.phone.let_ring(sid)
    live.client.calls(sid).update(status="completed")
    return live.need("status", lambda f: f["CallStatus"] not in RINGING).form["CallStatus"]


def ask_bad_sound(live):
    live.file("sound", _silence(1.0), "application/octet-stream")
    queue = live.account.must_remove("queue", live.room)
    addresses = f'waitUrl="{live.url("wait")}" action="{live.url("left")}"'
    live.reply(
        start=f"<Enqueue {addresses}>{queue}</Enqueue>",
        wait=f"<Play>{live.url('sound')}</Play><Redirect>{live.url('played')}</Redirect>",
        played=f'<Pause length="2"/><Redirect>{live.url("played")}</Redirect>',
        left="<Hangup/>",
        fallback="<Hangup/>",
    )
    live.talk(fallback_url=live.url("fallback"))
    what = live.first("left", "fallback", "played")
    if what == "left":
        result = live.seen("left")[0].form.get("QueueResult")
        return "queue result error" if result == "error" else f"queue result {result}"
    return {"fallback": "fallback", "played": "goes on", None: "nothing follows"}[what]


def ask_unlisted_language(live):
    live.reply(
        start=f'<Say language="en-US">{SENTENCE}</Say><Redirect>{live.url("first")}</Redirect>',
        first=f'<Say language="es-AR">{SENTENCE}</Say><Redirect>{live.url("second")}</Redirect>',
        second=f'<Say language="hr-HR">{SENTENCE}</Say><Redirect>{live.url("third")}</Redirect>',
        third="<Hangup/>",
        fallback="<Hangup/>",
    )
    live.talk(fallback_url=live.url("fallback"))
    usual = live.need("first").at - live.need("start").at
    found = []
    for name, following in (("first", "second"), ("second", "third")):
        hit = live.wait(following, seconds=live.phone.patience)
        if hit is None:
            found.append("ends the call")
            break
        spent = hit.at - live.seen(name)[0].at
        found.append("is silent" if spent < usual / 3 else "is spoken")
    if len(set(found)) == 1:
        return found[0]
    return "es-AR {}, hr-HR {}".format(*found)


def ask_trial(live):
    index = live.browser.call("<Say>Trial</Say>")
    if live.listener.wait("client", seconds=live.phone.settle):
        return "no prompt"
    live.browser.until(index, "accept", "error", seconds=live.phone.patience)
    live.browser.press(index, "1")
    if live.listener.wait("client", seconds=live.phone.patience):
        return "prompt"
    return "never reaches the application"


def ask_ringing_participant(live):
    sid = live._until_ringing(live.ring_in_room(early_media=True))
    early = live.wait("conference", lambda f: f["StatusCallbackEvent"] == "participant-join")
    rooms = live.client.conferences.list(friendly_name=live.room, limit=5)
    listed = any(
        party.call_sid == sid
        for room in rooms
        for party in live.client.conferences(room.sid).participants.list(limit=20)
    )
    live.answer(sid)
    live.joined(sid)
    return "{}, {}".format(
        "listed" if listed else "not listed",
        "joins when it rings" if early else "joins when it is answered",
    )


def ask_empty_application(live):
    wanted = live.url("number")
    try:
        number = live.account.point_number(
            voice_application_sid="", trunk_sid="", voice_url=wanted, voice_method="POST"
        )
    except TwilioRestException as error:
        live.note = f"Twilio answered {error.status}, code {error.code}."
        return "refused"
    return "accepted" if number.voice_url == wanted else "accepted, but the address is not set"


def ask_keys(live):
    live.reply(
        ivr=f'<Gather input="dtmf" numDigits="1" timeout="30" action="{live.url("keys")}">'
        f'<Pause length="1"/></Gather><Redirect>{live.url("none")}</Redirect>',
        keys="<Hangup/>",
        none="<Hangup/>",
    )
    live.account.point_number(voice_url=live.url("ivr"), voice_method="POST")
    index = live.browser.call(f'<Dial><Conference beep="false">{live.room}</Conference></Dial>')
    live.browser.until(index, "accept", "error", seconds=live.phone.patience)
    sid = live.ring_in_room(to=live.account.number)
    live.need("ivr")
    live.need("status", lambda f: f["CallSid"] == sid and f["CallStatus"] == "in-progress")
    for _attempt in range(3):
        live.browser.press(index, "5")
        if live.wait("keys", seconds=live.phone.settle):
            break
    what = live.first("keys", "none")
    if what == "keys":
        digits = live.seen("keys")[0].form.get("Digits")
        return "reach the other side" if digits == "5" else "reach the other side as other keys"
    return "are lost"


def ask_list_lag(live):
    live.reply(start='<Pause length="60"/>')
    sid = live.ring()
    answered = live.answer(sid).at
    deadline = answered + live.phone.patience
    while time.monotonic() < deadline:
        if any(c.sid == sid for c in live.client.calls.list(status="in-progress", limit=50)):
            lag = time.monotonic() - answered
            live.note = f"The call was in the list after {lag:.1f} s."
            return "at once" if lag < LATE else "late"
        time.sleep(0.1)
    return "missing"


def ask_recording_lag(live):
    live.reply(start='<Pause length="60"/>')
    sid = live.ring()
    live.answer(sid)
    for attempt in range(40):
        try:
            recording = live.client.calls(sid).recordings.create(
                recording_channels="dual",
                recording_status_callback=live.url("recording"),
                recording_status_callback_event=["in-progress", "completed", "absent"],
            )
        except TwilioRestException as error:
            if error.code != 21220:
                raise
            live.note = f"Twilio refused {attempt + 1} attempts, 0.1 s apart."
            time.sleep(0.1)
            continue
        live.account.must_remove("recording", recording.sid)
        return "refused at first" if attempt else "accepted at once"
    return "never accepted"


def ask_mp3(live):
    live.reply(start='<Pause length="3"/><Hangup/>')
    live.talk(
        record=True,
        recording_channels="dual",
        recording_status_callback=live.url("recording"),
        recording_status_callback_event=["in-progress", "completed", "absent"],
    )
    form = live.need("recording", lambda f: f["RecordingStatus"] != "in-progress").form
    sid = live.account.must_remove("recording", form["RecordingSid"])
    url = f"https://api.twilio.com/2010-04-01/Accounts/{live.account.sid}/Recordings/{sid}.mp3"
    if live.account.base:
        url = live.account.base + "/" + url.split("/", 3)[3]
    for _attempt in range(20):
        answer = requests.get(
            url,
            params={"RequestedChannels": 2},
            auth=(live.account.sid, live.account.auth_token),
            timeout=20,
        )
        if answer.status_code != 404:
            break
        time.sleep(0.5)
    if answer.status_code != 200:
        live.note = f"Twilio answered {answer.status_code}."
        return "refused"
    return {1: "one channel", 2: "two channels"}.get(mp3_channels(answer.content), "no MP3")


def ask_limit(live):
    live.reply(start='<Pause length="600"/>')
    live.talk()
    for count in range(2, MOST_CALLS + 1):
        index = live.browser.call('<Say>Limit</Say><Pause length="600"/>')
        events = live.browser.until(
            index, "accept", "error", "disconnect", "cancel", seconds=live.phone.patience
        )
        if "accept" in events:
            continue
        # An error may follow the end.
        time.sleep(live.phone.settle)
        events = live.browser.events(index)
        live.note = f"Call {count} of the account got: {', '.join(events)}."
        return "error" if any(e.startswith("error") for e in events) else "hangs up without error"
    raise NotAsked(f"The account has no limit below {MOST_CALLS} calls at once.")


def ask_emergency(live):
    number = phonenumbers.parse(live.account.number)
    if phonenumbers.region_code_for_number(number) in EMERGENCY_COUNTRIES:
        raise NotAsked("Twilio documents emergency calls for numbers of this country.")
    before = live.client.incoming_phone_numbers(live.account.number_sid).fetch()
    if str(before.emergency_status).lower().endswith("inactive"):
        live.account.must_remove("number", live.account.number_sid, emergency_status="Inactive")
    try:
        live.client.incoming_phone_numbers(live.account.number_sid).update(
            emergency_status="Active"
        )
    except TwilioRestException as error:
        live.note = f"Twilio answered {error.status}, code {error.code}."
        return "refused"
    return "accepted"


def ask_promotion(live):
    key = live.client.new_keys.create(friendly_name="crm_telephony live")
    live.account.must_remove("key", key.sid)
    before, token = live.account.auth_token, live.phone.promote_token()
    live.account.use(token)
    try:
        live.account.client.api.v2010.accounts(live.account.sid).fetch()
    except TwilioRestException as error:
        live.account.use(before)
        raise NotAsked("Twilio does not accept the new auth token.") from error
    live.listener.auth_tokens.append(token)
    try:
        live.account.client_of(key.sid, key.secret).calls.list(limit=1)
    except TwilioException as error:
        # A failing list is not a TwilioRestException.
        if error.args[-1].status_code != HTTPStatus.UNAUTHORIZED:
            raise
        return "keys die"
    return "keys survive"


def ask_name_on_update(live):
    sid, _room = live.join_room()
    try:
        live.client.conferences(live.room).participants(sid).update(muted=True)
    except TwilioRestException as error:
        live.note = f"Twilio answered {error.status}, code {error.code}."
        return "refused"
    return "accepted"


def _silence(seconds):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(int(16000 * seconds)))
    return out.getvalue()


def mp3_channels(content):
    """Return the number of channels of an MP3 file, or None if it is not one."""
    start = 0
    if content[:3] == b"ID3" and len(content) > 10:
        size = 0
        for byte in content[6:10]:
            size = size << 7 | byte & 0x7F
        start = 10 + size
    for index in range(start, min(len(content) - 3, start + 4096)):
        if content[index] == 0xFF and content[index + 1] & 0xE6 in (0xE2, 0xE6):
            return 1 if content[index + 3] >> 6 == 3 else 2
    return None


QUESTIONS = (
    Question(
        1,
        "side",
        "Do the requests for hold and announcement documents name the account?",
        "One call of about 15 seconds: your phone is put on hold, then hears an announcement.",
        "The pages name HoldUrl and AnnounceUrl, not their parameters: "
        "https://www.twilio.com/docs/voice/api/conference-participant-resource",
        {
            "with account": {"lean_side_requests": False},
            "without account": {"lean_side_requests": True},
        },
        ask_side_requests,
    ),
    Question(
        2,
        "ringing-end",
        "Which final status has a ringing call that Status=completed ends?",
        "One call of about 5 seconds that you do not answer.",
        "canceled is documented for Status=canceled: "
        "https://www.twilio.com/docs/voice/api/call-resource",
        {
            "canceled": {"ended_while_ringing": "canceled"},
            "completed": {"ended_while_ringing": "completed"},
        },
        ask_ringing_end,
    ),
    Question(
        3,
        "bad-sound",
        "What follows a sound of the wrong type in a wait document?",
        "One call of about 10 seconds.",
        "The type is refused (12300), the reaction is not named: "
        "https://www.twilio.com/docs/api/errors/12300",
        {
            "queue result error": {"wait_failure": "error"},
            "fallback": {"wait_failure": "fallback"},
        },
        ask_bad_sound,
    ),
    Question(
        4,
        "language",
        "What happens to <Say> in a language that Twilio does not list?",
        "One call of about 20 seconds: please listen.",
        "“May result in an error”: https://www.twilio.com/docs/voice/twiml/say",
        {
            "is silent": {"unlisted_language": "silent"},
            "is spoken": {"unlisted_language": "spoken"},
        },
        ask_unlisted_language,
    ),
    Question(
        5,
        "trial",
        "Does a browser hear a trial account's prompt before its first document?",
        "One call of about 15 seconds from a browser that this program starts.",
        "The prompt is documented for calls, not for browsers: "
        "https://www.twilio.com/docs/usage/trials/try-out-voice",
        {
            "prompt": {"trial_browser_prompt": True},
            "no prompt": {"trial_browser_prompt": False},
        },
        ask_trial,
    ),
    Question(
        6,
        "ringing-participant",
        "Is a ringing participant listed, and when is participant-join sent?",
        "One call of about 15 seconds.",
        "The status ringing exists: "
        "https://www.twilio.com/docs/voice/api/conference-participant-resource",
        {
            f"{listed}, {join}": {"ringing_listed": listed == "listed", "early_join": early}
            for listed in ("listed", "not listed")
            for join, early in (
                ("joins when it rings", True),
                ("joins when it is answered", False),
            )
        },
        ask_ringing_participant,
    ),
    Question(
        7,
        "empty-application",
        "May a number's address be set together with an empty application and trunk?",
        "One request; the number's addresses are restored at the end.",
        "Each overrides the address: "
        "https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource",
        {
            "accepted": {"empty_application": "accepted"},
            "refused": {"empty_application": "refused"},
        },
        ask_empty_application,
        is_call=False,
    ),
    Question(
        8,
        "keys",
        "Do keys of a browser reach a machine through the conference?",
        "Two calls of about 20 seconds: a browser, and the number calling itself.",
        "Not documented: https://www.twilio.com/docs/voice/twiml/conference",
        {
            "reach the other side": {"conference_keys": True},
            "are lost": {"conference_keys": False},
        },
        ask_keys,
    ),
    Question(
        9,
        "list-lag",
        "How soon is a call in the list of calls?",
        "One call of about 10 seconds.",
        "Eventually consistent: https://www.twilio.com/docs/voice/api/call-resource",
        {"at once": {"read_lag": 0.0}, "late": {"read_lag": 3.0}},
        ask_list_lag,
    ),
    Question(
        10,
        "recording-lag",
        "Is a recording refused just after the answer?",
        "One call of about 10 seconds.",
        "“Not eligible for recording”: https://www.twilio.com/docs/api/errors/21220",
        {
            "refused at first": {"recording_lag": 0.5},
            "accepted at once": {"recording_lag": 0.0},
        },
        ask_recording_lag,
    ),
    Question(
        11,
        "mp3",
        "Has an MP3 file two channels when two are requested?",
        "One call of about 10 seconds, recorded; the recording is deleted at the end.",
        "Documented for WAV: https://www.twilio.com/docs/voice/api/recording",
        {"one channel": {"mp3_channels": 1}, "two channels": {"mp3_channels": 2}},
        ask_mp3,
    ),
    Question(
        12,
        "limit",
        "What does a browser get when the account's limit of calls is reached?",
        f"Up to {MOST_CALLS} calls at once of about 20 seconds, until one is refused.",
        "10004 is documented for the API: https://www.twilio.com/docs/api/errors/10004",
        {
            "error": {"limit_signal": "error"},
            "hangs up without error": {"limit_signal": "hangup"},
        },
        ask_limit,
    ),
    Question(
        13,
        "emergency",
        "Can emergency calls be switched on for a number of a country that Twilio does not name?",
        "One request that is undone at the end. No emergency number is called: that is an offence.",
        "Countries: "
        "https://www.twilio.com/docs/voice/tutorials/emergency-calling-for-programmable-voice",
        {
            "refused": {"emergency_activation": "refused"},
            "accepted": {"emergency_activation": "accepted"},
        },
        ask_emergency,
        is_call=False,
    ),
    Question(
        14,
        "promotion",
        "Do API keys survive the promotion of a second auth token?",
        "One request. The account's auth token is replaced: all programs need the new one.",
        "Twilio's pages contradict each other: https://www.twilio.com/docs/iam/api/authtoken",
        {
            "keys survive": {"keys_survive_promotion": True},
            "keys die": {"keys_survive_promotion": False},
        },
        ask_promotion,
        is_call=False,
    ),
    Question(
        15,
        "name-on-update",
        "Is a participant changed under the conference's name?",
        "One call of about 10 seconds.",
        "Only the creation names it: "
        "https://www.twilio.com/docs/voice/api/conference-participant-resource",
        {"refused": {"names_on_update": False}, "accepted": {"names_on_update": True}},
        ask_name_on_update,
    ),
)
