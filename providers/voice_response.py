"""What a party hears and does next, in our own words.

A *voice response* is a list of these instructions. The call and its flow make them; the provider
turns them into its own language (`providers/twilio/twiml.py`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Say:
    """Speak a text.

    :param str text: a whole sentence
    :param str language: language and region, as in `en-US`
    """

    text: str
    language: str = "en-US"


@dataclass(frozen=True)
class Play:
    """Play a sound.

    :param str url: public address of the sound
    :param int loop: how many times; 0 means for ever
    """

    url: str
    loop: int = 1


@dataclass(frozen=True)
class Pause:
    """Be silent.

    :param int seconds: for how long
    """

    seconds: int


@dataclass(frozen=True)
class Conference:
    """Enter the conference of the call.

    :param str conference: name of the conference
    :param str label: name of this party in it, unique in the conference
    :param bool ends_conference: the conference ends when this party leaves
    :param str events_url: address that is told of what happens in the conference
    :param bool muted: nobody hears this party
    :param str coach: the provider's identifier of the only leg that hears this party, or empty
    """

    conference: str
    label: str
    ends_conference: bool
    events_url: str
    muted: bool = False
    coach: str = ""


@dataclass(frozen=True)
class Enqueue:
    """Wait in a queue of the provider.

    :param str queue: name of the queue
    :param str wait_url: address that says what the caller hears meanwhile
    :param str next_url: address that says what comes after the queue
    """

    queue: str
    wait_url: str
    next_url: str


@dataclass(frozen=True)
class Leave:
    """Leave the queue; what comes next is asked at its `next_url`."""


@dataclass(frozen=True)
class Record:
    """Record what the party says, after a beep.

    :param int max_seconds: the longest message
    :param str next_url: address that says what comes after the message
    :param str recording_url: address that is told when the recording is ready
    """

    max_seconds: int
    next_url: str
    recording_url: str


@dataclass(frozen=True)
class Gather:
    """Wait for one key of the party's telephone.

    :param tuple prompt: instructions that are heard meanwhile: `Say`, `Play`, `Pause`
    :param int seconds: how long to wait after the prompt
    :param str next_url: address that is told the key
    """

    prompt: tuple
    seconds: int
    next_url: str


@dataclass(frozen=True)
class Redirect:
    """Ask an address what comes next.

    :param str url: the address
    """

    url: str


@dataclass(frozen=True)
class Dial:
    """Connect the caller with somebody outside.

    :param str number: E.164, who is called
    :param str caller_id: E.164, what is shown there
    :param int timeout: seconds it rings
    :param str next_url: address that says what comes after
    """

    number: str
    caller_id: str
    timeout: int
    next_url: str


@dataclass(frozen=True)
class HangUp:
    """End this leg."""


@dataclass(frozen=True)
class Reject:
    """Refuse the call before it is answered; the caller pays nothing.

    :param bool busy: the caller hears the busy tone
    """

    busy: bool = False
