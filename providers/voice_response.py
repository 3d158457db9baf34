"""Instructions for a leg, independent of the provider.

A *voice response* is a list of these instructions. The call and its flow create them; the provider
renders them in its own language (`providers/twilio/twiml.py`).
"""

from dataclasses import dataclass
from unicodedata import east_asian_width

# Seconds in which a slow voice speaks one character: a syllable in Chinese, a sound elsewhere.
SYLLABLE_SECONDS = 0.3
SOUND_SECONDS = 0.1


@dataclass(frozen=True)
class Say:
    """Speak a text.

    :param str text: a whole sentence
    :param str language: language and region, as in `en-US`
    """

    text: str
    language: str = "en-US"

    @property
    def seconds(self):
        """Return an estimate of the time to speak the text, rather too long than too short.

        :rtype: float
        """
        return sum(
            SYLLABLE_SECONDS if east_asian_width(character) in "WF" else SOUND_SECONDS
            for character in self.text
        )


@dataclass(frozen=True)
class Play:
    """Play a sound.

    :param str url: public URL of the sound
    :param int loop: number of repetitions; 0 means for ever
    :param str name: name of the sound in the audio library, or empty
    :param float seconds: length of the sound, or 0 if it is unknown
    """

    url: str
    loop: int = 1
    name: str = ""
    seconds: float = 0


@dataclass(frozen=True)
class SendKeys:
    """Send keys of a telephone to the party, as its own menu expects them.

    :param str keys: digits, `*` and `#`
    """

    keys: str


@dataclass(frozen=True)
class Pause:
    """Pause.

    :param int seconds: length of the silence
    """

    seconds: int


@dataclass(frozen=True)
class Conference:
    """Join the conference of the call.

    :param str conference: name of the conference
    :param str label: name of this participant, unique in the conference
    :param bool ends_conference: whether the conference ends when this participant leaves
    :param str events_url: URL of the webhook for events of the conference
    :param bool muted: whether no other participant hears this one
    :param str coach: the provider's identifier of the only leg that hears this one, or empty
    :param int time_limit: seconds after which the participant leaves, even if we crash
    """

    conference: str
    label: str
    ends_conference: bool
    events_url: str
    muted: bool = False
    coach: str = ""
    time_limit: int | None = None


@dataclass(frozen=True)
class Enqueue:
    """Wait in a queue of the provider.

    :param str queue: name of the queue
    :param str wait_url: URL of the voice response during the wait
    :param str next_url: URL of the voice response after the queue
    """

    queue: str
    wait_url: str
    next_url: str


@dataclass(frozen=True)
class Leave:
    """Leave the queue; its `next_url` gives the next voice response."""


@dataclass(frozen=True)
class Record:
    """Record the caller's message after a beep.

    :param int max_seconds: maximum length of the message
    :param str next_url: URL of the voice response after the message
    :param str recording_url: URL of the webhook for the finished recording
    """

    max_seconds: int
    next_url: str
    recording_url: str


@dataclass(frozen=True)
class Gather:
    """Wait for one key of the party's telephone.

    :param tuple prompt: instructions played meanwhile: `Say`, `Play`, `Pause`
    :param int seconds: time to wait after the prompt
    :param str next_url: URL of the webhook that receives the key
    """

    prompt: tuple
    seconds: int
    next_url: str


@dataclass(frozen=True)
class Redirect:
    """Continue with the voice response of a URL.

    :param str url: URL of the voice response
    """

    url: str


@dataclass(frozen=True)
class Dial:
    """Connect the caller to an outside number.

    :param str number: number to dial, in E.164
    :param str caller_id: number to show, in E.164
    :param int timeout: seconds for which it rings
    :param str next_url: URL of the voice response afterwards
    :param int time_limit: seconds after which the connection ends, even if we crash
    """

    number: str
    caller_id: str
    timeout: int
    next_url: str
    time_limit: int | None = None


@dataclass(frozen=True)
class HangUp:
    """End this leg."""


@dataclass(frozen=True)
class Reject:
    """Reject the call before it is answered, at no cost to the caller.

    :param bool busy: whether the caller hears the busy tone
    """

    busy: bool = False
