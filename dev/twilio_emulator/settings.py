"""Behavior that the control API may change while the emulator runs."""

from dataclasses import asdict, dataclass, fields

from .limits import PROFILES
from .unknown import OPPOSITES, other_reaction

#: What people do at their telephones, and how fast the emulator's own parts are.
LABORATORY = frozenset(
    {"answer_delay", "auto_answer", "code_seconds", "heartbeat", "surprising", "tone"}
)


@dataclass
class Settings:
    """Settings with their units, and the page that each follows (but those in `LABORATORY`).

    :param auto_answer: seconds after which a ringing telephone answers by itself, None = never.
    :param cps: maximum calls per second started through REST, 0 = no limit.
        https://www.twilio.com/docs/glossary/cps
    :param signalling_loss: seconds that a browser's leg survives without signalling connection.
        https://www.twilio.com/docs/voice/sdks/javascript/twiliodevice (maxCallSignalingTimeoutMs)
    :param tone: default frequency (Hz) of a telephone's voice, 0 = silence.
    :param heartbeat: seconds between two heartbeats to a browser.
    :param rfc4733: whether browsers may send keys as RTP events.
        https://www.rfc-editor.org/rfc/rfc4733
    :param price_lag: seconds after the end of a leg until its price is known.
        https://www.twilio.com/docs/voice/api/call-resource#call-properties
    :param balance: balance of the account in dollars; negative for one that pays by invoice.
        https://www.twilio.com/docs/usage/api/balance
    :param status: ``active``, ``suspended`` or ``closed``.
        https://www.twilio.com/docs/iam/api/account
    :param subaccount: whether another account owns this one and pays for it.
        https://www.twilio.com/docs/iam/api/subaccounts
    :param needs_address: whether numbers on offer require an address in their country.
        https://www.twilio.com/docs/phone-numbers/regulatory
    :param answer_delay: seconds between ``initiated`` and ``ringing`` of an outgoing leg.
    :param code_seconds: seconds that the verifying call of a caller ID waits for the code.
    :param surprising: whether Twilio's unknown reactions are the opposite of the defaults, see
        ``unknown.py``.
    :param wait_failure: what an unusable wait document leads to: ``error`` (the queue's result) or
        ``fallback`` (the call's fallback address).
        https://www.twilio.com/docs/voice/twiml/enqueue
    :param ringing_listed: participants are listed while they ring.
        https://www.twilio.com/docs/voice/api/conference-participant-resource
    :param early_join: ``participant-join`` is sent when the leg rings with early media.
        https://www.twilio.com/docs/voice/twiml/conference
    :param empty_application: ``accepted`` or ``refused``: a number's update with an address, and
        ``VoiceApplicationSid`` and ``TrunkSid`` empty.
        https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
    :param conference_keys: keys that a participant presses reach the others.
        https://www.twilio.com/docs/voice/twiml/conference
    :param mp3_channels: channels of an MP3 file that is requested with two.
        https://www.twilio.com/docs/voice/api/recording
    :param names_on_update: a conference's name stands for its SID when a participant is changed.
        https://www.twilio.com/docs/voice/api/conference-participant-resource
    :param emergency_activation: ``refused`` or ``accepted``: switching emergency calls on for a
        number of a country that Twilio does not name.
        https://www.twilio.com/docs/voice/tutorials/emergency-calling-for-programmable-voice
    :param keys_survive_promotion: API keys remain valid when an auth token is promoted.
        https://www.twilio.com/docs/iam/api/authtoken
    :param limit_signal: what a browser gets whose call exceeds the account's limit: ``error`` or
        ``hangup`` (after it rang). https://www.twilio.com/docs/api/errors/10004 names the API only.
    :param trial_browser_prompt: browsers of a trial account hear its prompt, too.
        https://www.twilio.com/docs/usage/trials/try-out-voice
    :param concurrency: calls (legs) at once; None = what ``trial`` and ``profile`` allow.
        https://support.twilio.com/hc/en-us/articles/223180028
    :param trial: whether this is a trial account. https://www.twilio.com/docs/usage/trials
    :param profile: approved primary customer profile: ``business``, ``individual`` or ``none``.
        https://www.twilio.com/docs/trust-hub/trusthub-rest-api/console-create-a-primary-customer-profile
    :param lean_side_requests: whether requests for hold and announcement documents lack
        ``AccountSid``. Twilio documents its parameters for webhooks of a call, not for these:
        https://www.twilio.com/docs/voice/twiml#request-parameters
    :param unlisted_language: a `<Say>` in an unlisted language is ``silent`` or ``spoken``.
        https://www.twilio.com/docs/voice/twiml/say
    :param recording_lag: seconds after the answer during which a leg cannot be recorded (21220):
        https://www.twilio.com/docs/api/errors/21220
    :param read_lag: seconds by which GET requests about calls are behind: a new call is 404 and in
        no list, a changed one has its former status. The resource is eventually consistent:
        https://www.twilio.com/docs/voice/api/call-resource
    :param ended_while_ringing: final status of a ringing outgoing leg that ``Status=completed``
        ends. Documented is ``canceled`` for a canceled call only; ``completed`` is the harder one:
        https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource
    """

    auto_answer: float | None = None
    cps: float = 1.0
    signalling_loss: float = 30.0
    tone: float = 440.0
    heartbeat: float = 5.0
    rfc4733: bool = True
    answer_delay: float = 0.1
    code_seconds: float = 30.0
    price_lag: float = 60.0
    surprising: bool = False
    wait_failure: str = "error"
    ringing_listed: bool = True
    early_join: bool = False
    empty_application: str = "accepted"
    conference_keys: bool = True
    mp3_channels: int = 1
    names_on_update: bool = False
    emergency_activation: str = "refused"
    keys_survive_promotion: bool = True
    limit_signal: str = "error"
    trial_browser_prompt: bool = True
    concurrency: int | None = None
    trial: bool = False
    profile: str = "business"
    balance: float = 100.0
    status: str = "active"
    subaccount: bool = False
    needs_address: bool = False
    lean_side_requests: bool = True
    unlisted_language: str = "silent"
    recording_lag: float = 0.5
    read_lag: float = 0.0
    ended_while_ringing: str = "completed"

    def update(self, values):
        """Change some settings.

        :param dict values: setting name -> value.
        :raise ValueError: for an unknown name or profile.
        """
        unknown = set(values) - {field.name for field in fields(self)}
        if unknown:
            raise ValueError("Unknown setting: {}".format(", ".join(sorted(unknown))))
        if "surprising" in values:
            for name in OPPOSITES:
                default = getattr(type(self), name)
                surprise = other_reaction(name, default)
                setattr(self, name, surprise if values["surprising"] else default)
        if values.get("profile", self.profile) not in PROFILES:
            raise ValueError("profile must be one of {}".format(", ".join(PROFILES)))
        for name, value in values.items():
            setattr(self, name, value)

    def as_dict(self):
        """Return all settings as a plain dictionary."""
        return asdict(self)
