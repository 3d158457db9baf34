"""The boundary between the addon and a provider.

A provider is a `Provider` with its two clients; its package registers it (`register_provider`),
and the field `provider` of `telephony.account` chooses it. Requests arrive as a `VoiceRequest` or a
`CallEvent`, and leave through a client. Failures are `ProviderError`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime

# Whether the number of a caller is the caller's own.
ATTESTATIONS = ("verified", "unverified", "failed")
# Why a leg failed, as far as the provider reports it.
LEG_FAILURES = ("number_unknown", "unreachable", "declined", "unwanted", "forbidden", "network")


@dataclass(frozen=True)
class VoiceRequest:
    """A request of the provider for the next voice response of a leg.

    :param str leg_id: the provider's identifier of the leg; empty if it is missing or invalid
    :param str caller: number or address of the caller; empty for a browser
    :param str called: number that was called
    :param str identity: identity of the browser that calls; empty for a telephone
    :param str call_uuid: our identifier of the call, as the browser names it
    :param bool is_test: whether the browser only tests its connection
    :param int step_id: our identifier of the step that the voice response belongs to, if the
        request names it
    :param str digits: keys that the party pressed
    :param str queue_id: the provider's identifier of the queue in which the leg waits
    :param str queue_result: why the leg is out of the queue: `left`, `moved` by another request,
        `refused` by the queue, `failed` in it, `hung_up`; empty if it comes from elsewhere
    :param str dial_result: how the leg of a `Dial` ended, one of `LEG_END_REASONS`
    :param str error_code: the provider's code if it could not use our last voice response
    :param bool is_sound_error: whether a sound may be the reason for that
    :param int dial_seconds: seconds for which the leg of a `Dial` was connected, if reported
    :param str caller_name: name that the telephone network has for the caller. It is chosen by the
        caller's side, as are city and country, and proves nothing
    :param str caller_city: city of the caller's number
    :param str caller_country: country of the caller's number, two letters
    :param str diverted_from: number that was dialed, if another carrier diverted the call to us
    :param str attestation: whether the caller's carrier vouches for the number, one of
        `ATTESTATIONS`; empty if this was not reported
    """

    leg_id: str = ""
    caller: str = ""
    called: str = ""
    identity: str = ""
    call_uuid: str = ""
    is_test: bool = False
    step_id: int | None = None
    digits: str = ""
    queue_id: str = ""
    queue_result: str = ""
    dial_result: str = ""
    error_code: str = ""
    is_sound_error: bool = False
    dial_seconds: int | None = None
    caller_name: str = ""
    caller_city: str = ""
    caller_country: str = ""
    diverted_from: str = ""
    attestation: str = ""


@dataclass(frozen=True)
class CallEvent:
    """An event of a call, reported by the provider or caused by a user.

    :param str kind: kind of the event, handled by `_apply_<kind>` of the call: `leg`, `join`,
        `leave`, `hold`, `unhold`, `recording`, `recorded` are the provider's; `routed`, `offered`,
        `queued`, `joined`, `hung_up`, `transferred`, `handed_over`, `failed` are ours
    :param str key: same key for every delivery of one provider event; empty for our own events
    :param str provider_leg_id: the provider's identifier of the leg, if the event is about one
    :param int leg_id: our own identifier of the leg, if the provider returned it
    :param str status: for `leg`: the status, a key of `LEG_RANK`
    :param str reason: for a leg that ended: one of `LEG_END_REASONS`; for `failed`: the reason
    :param int sequence: position of this event among the leg's events at the provider, or -1
    :param datetime at: time of the event (UTC, naive, seconds)
    :param int duration: seconds the leg was connected, known only at its end
    :param str conference_id: the provider's identifier of the conference
    :param dict data: further data of the kind. Of a leg that ended: `failure`, one of
        `LEG_FAILURES` or empty, and `failure_code`, the provider's; of `leave`: its `reason`
    """

    kind: str
    key: str = ""
    provider_leg_id: str = ""
    leg_id: int = 0
    status: str = ""
    reason: str = ""
    sequence: int = -1
    at: datetime | None = None
    duration: int | None = None
    conference_id: str = ""
    data: dict = field(default_factory=dict)


@dataclass(frozen=True)
class EmergencyRule:
    """Emergency calls with the numbers of a country.

    :param bool needs_address: whether the provider must know the address of a number
    :param str test_number: number that tests the registered address, or empty
    """

    needs_address: bool
    test_number: str = ""


# What went wrong with a request -> whether it certainly was not carried out and may succeed later.
ERROR_KINDS = {
    # There was no answer of the provider.
    "late": True,  # not sent, because its time budget was used up
    "paused": True,  # not sent, because the provider has not answered lately
    "unreachable": True,  # no connection
    "unknown": False,  # the response was lost: the request may have been carried out
    # The provider refused the request.
    "rate_limited": True,  # too many requests
    "unavailable": True,  # temporarily out of service
    "busy": True,  # another request is changing the object
    "not_found": False,  # the object of the request does not exist any more
    "unauthorized": False,  # wrong credentials
    "forbidden": False,  # the account may not do this
    "account_inactive": False,  # suspended or closed, usually for lack of funds
    "account_limit": False,  # the type of account does not include more of this
    "calls_limit": False,  # the account carries no further call at the same time
    "profile_required": False,  # the account must prove its identity before this call
    "number_unverified": False,  # a trial account calls verified numbers only
    "caller_unverified": False,  # a trial account accepts calls of verified numbers only
    "trial_feature": False,  # a trial account does not include this
    "trial_over": False,  # a trial account's call has reached its maximum duration
    "address_required": False,  # the number needs a validated address
    "identity_required": False,  # the country needs proof of identity
    "number_invalid": False,  # the number cannot be called
    "destination_closed": False,  # the account does not call this country or kind of number
    "number_unavailable": False,  # the number is not for sale any more
    "number_taken": False,  # another account has just bought the number
    "area_empty": False,  # no numbers for sale in this area
    "caller_id_unknown": False,  # the number to show is neither bought nor verified
    "already_verified": False,  # the caller ID is verified for this account
    "verified_elsewhere": False,  # the caller ID is verified for another account
    "refused": False,  # any other reason
}
# Kinds of errors without an answer of the provider.
UNANSWERED_KINDS = ("late", "paused", "unreachable", "unknown")


class ProviderError(Exception):
    """A request to the provider failed.

    :param str message: a sentence for the log, without secrets and full numbers
    :param str kind: what went wrong, a key of `ERROR_KINDS`; all decisions depend on it alone
    :param code: the provider's own name of the error; for the log and the administrator only
    """

    def __init__(self, message, kind="refused", code=""):
        super().__init__(message)
        if kind not in ERROR_KINDS:
            raise ValueError(f"{kind!r} is no kind of ProviderError")
        self.kind = kind
        self.code = code

    @property
    def label(self):
        """The kind and the provider's own code, for the log."""
        return f"{self.kind} {self.code}".strip()

    @property
    def retryable(self):
        """Whether the request was certainly not carried out, and may succeed later."""
        return ERROR_KINDS[self.kind]

    @property
    def gone(self):
        """Whether the object of the request does not exist any more."""
        return self.kind == "not_found"

    @property
    def unknown(self):
        """Whether the response was lost, so that the request may have been carried out."""
        return self.kind == "unknown"


class ProviderClient(ABC):
    """Requests about the calls of one account. Each method sends its requests at once.

    Each method may raise a `ProviderError`.
    """

    # === LEGS === #

    @abstractmethod
    def redirect_leg(self, leg_id, url):
        """Interrupt a leg and redirect it to a URL.

        :param str url: URL of the next voice response
        """

    @abstractmethod
    def end_leg(self, leg_id):
        """Hang up a leg in any state."""

    @abstractmethod
    def fetch_leg(self, leg_id):
        """Return the status of a leg.

        :return: the event of an equivalent status webhook, or None for an unknown status
        :rtype: CallEvent | None
        """

    @abstractmethod
    def list_living_legs(self):
        """Return all living legs, including those of other programs that use the account.

        :return: the event of an equivalent status webhook for each leg
        :rtype: list(CallEvent)
        """

    @abstractmethod
    def list_prices(self, since, until):
        """Return the prices of the legs that began in a period, as far as they are known.

        :param datetime since: beginning of the period (UTC, naive)
        :param datetime until: end of the period (UTC, naive)
        :return: the provider's identifier of a leg -> price, and its currency (ISO 4217)
        :rtype: dict(str, tuple(float, str))
        """

    # === CONFERENCES AND QUEUES === #

    @abstractmethod
    def add_participant(self, conference, values):
        """Dial a party into a conference.

        :param str conference: name of the conference, which is created if missing
        :param dict values: `from`, `to` (E.164), `label`, `timeout` (seconds), `time_limit`
            (seconds after which the provider ends the leg, even if we crash), `status_url`,
            `conference_url`, `ends_conference`
        :return: the provider's identifier of the new leg
        :rtype: str
        """

    @abstractmethod
    def find_participant(self, conference, label):
        """Return the leg of a party by its label, for a lost response to `add_participant`.

        :return: the provider's identifier of the leg, or an empty text
        :rtype: str
        """

    @abstractmethod
    def find_conference(self, conference):
        """Return the identifier of a running conference whose first event was lost.

        Only new participants may be added under the name of a conference.

        :param str conference: name of the conference
        :return: the provider's identifier, or an empty text
        :rtype: str
        """

    @abstractmethod
    def list_room(self, conference):
        """Return the participants of a conference, and whether they are on hold.

        :param str conference: name of the conference
        :return: the provider's identifier of each leg -> whether it is on hold
        :rtype: dict
        """

    @abstractmethod
    def hold_participant(self, conference, leg_id, on_hold, hold_url):
        """Put a participant on hold, or resume.

        :param str conference: the provider's identifier of the conference
        :param str hold_url: URL of the hold music
        """

    @abstractmethod
    def set_participant_sound(self, conference, leg_id, muted, coach):
        """Set who hears a participant, in one request, so that no other party hears it in between.

        :param str conference: the provider's identifier of the conference
        :param bool muted: whether no party hears it
        :param str coach: identifier of the only leg that hears it; empty: all parties hear it
        """

    @abstractmethod
    def move_from_queue(self, queue_id, leg_id, url):
        """Move a caller out of a queue.

        :param str url: URL of the next voice response
        """

    @abstractmethod
    def announce(self, conference_id, url):
        """Play an announcement to all participants of a conference.

        :param str conference_id: the provider's identifier of the conference
        :param str url: URL of the announcement
        """

    @abstractmethod
    def announce_to(self, conference, leg_id, url):
        """Play an announcement to one participant of a conference only.

        :param str conference: the provider's identifier of the conference
        :param str url: URL of the announcement
        """

    # === TELEPHONES AND CALLER IDS === #

    @abstractmethod
    def call_phone(self, values):
        """Dial a telephone that gets its voice response from a URL.

        :param dict values: `from`, `to` (E.164), `timeout` and `time_limit` (seconds, see
            `add_participant`), `url`, `status_url`
        :return: the provider's identifier of the leg
        :rtype: str
        """

    @abstractmethod
    def start_verification(self, number, name, extension, delay, status_url):
        """Call a number whose owner types a code, which makes it a caller ID.

        :param str number: E.164
        :param str extension: digits to dial after the call is answered, or empty
        :param int delay: seconds until the call
        :return: the six digits, and the provider's identifier of the call
        :rtype: tuple(str, str)
        """

    @abstractmethod
    def find_caller_id(self, number):
        """Return the identifier of a verified caller ID.

        :param str number: E.164
        :return: the identifier, or an empty text
        :rtype: str
        """

    # === RECORDINGS === #

    @abstractmethod
    def start_recording(self, leg_id, callback_url):
        """Record a participant's voice and the audio that it hears, in separate channels.

        :param str leg_id: identifier of a connected leg
        :param str callback_url: URL of the webhook for start and end
        :return: the provider's identifier of the recording
        :rtype: str
        """

    @abstractmethod
    def find_recording(self, leg_id, known):
        """Return a recording of a conversation whose identifier was lost.

        :param str leg_id: the provider's identifier of the leg
        :param list known: identifiers to leave out
        :return: identifier of the recording, or an empty text
        :rtype: str
        """

    @abstractmethod
    def set_recording_status(self, leg_id, recording_id, status):
        """Pause, resume or stop a recording; a paused one records silence.

        :param str leg_id: the provider's identifier of the leg
        :param str recording_id: the provider's identifier of the recording
        :param str status: `recording`, `paused` or `stopped`
        """

    @abstractmethod
    def delete_recording(self, recording_id):
        """Delete a recording at the provider.

        :param str recording_id: the provider's identifier of the recording
        """

    @abstractmethod
    def fetch_recording(self, recording_id, channels=1):
        """Return the content of a recording, a WAV file, in parts.

        :param str recording_id: the provider's identifier of the recording
        :param int channels: 2: both channels of a conversation; otherwise they are mixed
        :return: parts of the file in order
        :rtype: Iterator(bytes)
        :raise ProviderError: the recording does not exist (yet), or the request failed
        """


class ProviderAdmin(ProviderClient):
    """Administration of one account: credentials, numbers, balance, permissions.

    Addresses are dictionaries with `voice_url`, `fallback_url` and `status_url`.
    """

    @abstractmethod
    def fetch_account_name(self):
        """Return the name of the account; a refusal shows invalid credentials.

        :rtype: str
        """

    @abstractmethod
    def fetch_plan(self):
        """Return what limits the account's calls.

        :return: `trial` or `full`; and the approved customer profile, `business`, `individual` or
            `none`, or an empty text if it is unknown
        :rtype: tuple(str, str)
        """

    @abstractmethod
    def create_api_key(self, name):
        """Create an API key, which signs the access tokens of browsers.

        :param str name: name at the provider
        :return: identifier and secret; the provider returns the secret only this once
        :rtype: tuple(str, str)
        """

    @abstractmethod
    def has_api_key(self, sid):
        """Return whether the account still has an API key.

        :param str sid: identifier of the key
        :rtype: bool
        """

    @abstractmethod
    def delete_api_key(self, sid):
        """Delete an API key. A key that does not exist is no error.

        :param str sid: identifier of the key
        """

    @abstractmethod
    def get_clock_difference(self):
        """Return how far this server's clock is ahead of the provider's, from the last answer.

        :return: seconds, or None before the first answer
        :rtype: float | None
        """

    @abstractmethod
    def save_application(self, sid, name, addresses):
        """Create or update the application that browsers call.

        A repeated call, after a lost response, creates no second one.

        :param str sid: identifier of the existing application, or empty
        :return: identifier of the application
        :rtype: str
        """

    @abstractmethod
    def fetch_application(self, sid):
        """Return the addresses of the application.

        :param str sid: identifier of the application
        :rtype: dict
        """

    @abstractmethod
    def delete_application(self, sid):
        """Delete an application. An application that does not exist is no error.

        :param str sid: identifier of the application
        """

    @abstractmethod
    def list_numbers(self):
        """Return the numbers of the account.

        :return: dictionaries with `sid`, `number` (E.164), `name`, the addresses, `is_overridden`
            (an application or a trunk takes the calls, or they arrive as GET), `overrides` (the
            settings to clear), `settings` (what `save_number` replaces, for `restore_number`),
            `is_unused` (no address), `has_voice` (it can make and receive calls),
            `emergency_address_state` (see `telephony.number`), `emergency_active`
        :rtype: list(dict)
        """

    @abstractmethod
    def fetch_number(self, sid):
        """Return a number of the account, see `list_numbers`.

        :param str sid: identifier of the number
        :rtype: dict
        """

    @abstractmethod
    def save_number(self, sid, addresses, overrides=()):
        """Write the addresses of a number's webhooks.

        :param str sid: identifier of the number
        :param overrides: settings to clear, see `list_numbers`
        """

    @abstractmethod
    def restore_number(self, sid, settings):
        """Write the settings that a number had before `save_number`.

        A number that is already released is no error.

        :param str sid: identifier of the number
        :param dict settings: see `list_numbers`; empty ones clear the addresses
        """

    @abstractmethod
    def search_numbers(self, country, kind, contains="", limit=20):
        """Search for numbers to buy.

        :param str country: ISO 3166 code of two letters
        :param str kind: `local`, `mobile` or `toll_free`
        :param str contains: digits or letters; `*` matches any one digit
        :return: dictionaries with `number`, `locality`, `region`, `needs_address`
        :rtype: list(dict)
        """

    @abstractmethod
    def fetch_prices(self, country):
        """Return the monthly prices of a country's numbers.

        :param str country: ISO 3166 code of two letters
        :return: amount and currency code by kind; empty when the provider gives none
        :rtype: dict(str, tuple(float, str))
        """

    @abstractmethod
    def fetch_proofs(self, country, kind):
        """Return what the numbers of a country and kind require, and what the account has of it.

        :param str country: ISO 3166 code of two letters
        :param str kind: `local`, `mobile` or `toll_free`
        :return: `needs_bundle` (a proof of identity), and `bundles` and `addresses`: identifier ->
            name of those that are approved
        :rtype: dict
        """

    @abstractmethod
    def buy_number(self, number, addresses, bundle_sid="", address_sid=""):
        """Buy a number that already points to us.

        A repeated call, after a lost response, buys it only once.

        :param str number: E.164
        :param str bundle_sid: identifier of a proof of identity, see `fetch_proofs`
        :param str address_sid: identifier of an address, see `fetch_proofs`
        :return: see `list_numbers`
        :rtype: dict
        """

    @abstractmethod
    def release_number(self, sid):
        """Release a number. A number that is already released is no error.

        :param str sid: identifier of the number
        """

    @abstractmethod
    def fetch_balance(self):
        """Return the account's balance.

        :return: amount and currency code; None for an account that another one pays for
        :rtype: tuple(float, str) | None
        """

    @abstractmethod
    def is_suspended(self):
        """Return whether the provider has stopped the account, usually for lack of funds.

        :rtype: bool
        """

    @abstractmethod
    def list_risks(self):
        """Return the countries whose most expensive numbers may be called.

        :return: codes of the countries by kind: `special` (premium and service numbers),
            `toll_fraud` (ranges used for fraud)
        :rtype: dict(str, list(str))
        """

    @abstractmethod
    def may_call_country(self, country):
        """Return whether ordinary numbers of a country may be called.

        :param str country: ISO 3166 code of two letters
        :rtype: bool
        """


class Provider(ABC):
    """What the addon needs of a provider besides the two clients; it keeps no state."""

    @abstractmethod
    def make_client(self, account_id, username, password, **options):
        """Return the client of an account for calls.

        :param str account_id: the provider's identifier of the account
        :param str username: the account's, or a key's
        :param str password: the secret of the username
        :param options: `second_password` (tried if the first one is refused), `base_url` (a
            server that replaces the provider's),
            `deadline` (moment of `time.monotonic` at which the last request must end)
        :rtype: ProviderClient
        """

    @abstractmethod
    def make_admin(self, account_id, username, password, **options):
        """Return the client of an account for its administration, see `make_client`.

        :rtype: ProviderAdmin
        """

    # === BROWSERS === #

    @abstractmethod
    def make_token(self, account_id, key_id, key_secret, identity, application_id):
        """Return the token with which a browser may call our application, and nothing else.

        :param str identity: opaque, letters, digits and underscores
        :return: the signed token, and the seconds for which it is valid
        :rtype: tuple(str, int)
        """

    # === WEBHOOKS === #

    @abstractmethod
    def is_signed(self, secrets, urls, form, signature):
        """Return whether a webhook's signature is valid, in time independent of the secrets.

        :param list(str) secrets: the account's secrets, of which one suffices; may be empty texts
        :param list(str) urls: public URLs configured at the provider, with their query
        :param MultiDict form: the posted fields only, with empty values kept
        :param str signature: signature of the request
        :rtype: bool
        """

    @abstractmethod
    def parse_voice_request(self, params, query=None):
        """Return a webhook that asks for a voice response.

        :param dict params: parameters that the provider posted
        :param dict query: parameters of the signed URL, which are our own
        :rtype: VoiceRequest
        """

    @abstractmethod
    def parse_leg_event(self, params):
        """Return the event of a leg's status webhook, or None when nothing has changed.

        :param dict params: parameters that the provider posted
        :rtype: CallEvent | None
        """

    @abstractmethod
    def parse_conference_event(self, params):
        """Return the event of a conference's webhook, see `parse_leg_event`."""

    @abstractmethod
    def parse_recording_event(self, params):
        """Return the event of a recording's webhook, see `parse_leg_event`."""

    @abstractmethod
    def parse_verification(self, params):
        """Return the result in a webhook about the verification of a caller ID.

        :param dict params: parameters that the provider posted
        :return: `provider_leg_id`, `state`, `failure`, `provider_caller_id`; None when nothing has
            changed
        :rtype: dict | None
        """

    @abstractmethod
    def render(self, response):
        """Return a voice response in the provider's language.

        :param list response: instructions, see `voice_response`
        :rtype: str
        """

    # === EMERGENCY CALLS === #

    @abstractmethod
    def get_emergency_rules(self):
        """Return the countries from whose numbers emergency services can be called.

        Only the emergency numbers of the same country can be called.

        :return: code of the country, as `FR` -> its rule
        :rtype: dict(str, EmergencyRule)
        """

    @abstractmethod
    def get_guideline_url(self, country):
        """Return the page about the rules for calls in a country.

        :param str country: ISO 3166 code of two letters
        :rtype: str
        """

    @abstractmethod
    def get_call_target(self, settings):
        """Return where the calls to a number with some settings go.

        :param dict settings: see `ProviderAdmin.list_numbers`; may be empty
        :return: a URL, or the provider's identifier of what takes the calls; empty without a target
        :rtype: str
        """

    @abstractmethod
    def find_voice(self, language):
        """Return the voice that speaks texts in a language, as the provider names it.

        :param str language: language and region, as in `es-AR`
        :return: name of the voice, or of the language for its standard voice; empty without one
        :rtype: str
        """

    # === DIAGNOSIS === #

    @abstractmethod
    def explain(self, kind):
        """Return the explanation of an error for an administrator.

        :param str kind: a key of `ERROR_KINDS`
        :return: a text to translate, or None when there is no better one than the provider's own
        """

    @abstractmethod
    def get_error_url(self, code):
        """Return the page on which the provider explains an error.

        :param code: see `ProviderError`
        :return: a URL, or an empty text
        :rtype: str
        """

    @abstractmethod
    def ask(self, url, deadline=None):
        """Request a text from our own public address, as the provider would.

        :param str url: URL with its query
        :param float deadline: moment (`time.monotonic`) at which it must end, or None
        :return: HTTP status or `timeout`, `certificate`, `unreachable`; the beginning of the answer
        :rtype: tuple(int | str, str)
        """

    @abstractmethod
    def ask_sound(self, url, deadline=None):
        """Request a sound from our own public address, as the provider would.

        :param str url: URL of a sound
        :param float deadline: see `ask`
        :return: see `ask`; the content type, and whether the provider plays it
        :rtype: tuple(int | str, str, bool)
        """

    @abstractmethod
    def ask_program(self, url, deadline=None):
        """Request the beginning of a JavaScript file, as a browser would.

        :param str url: URL of the file
        :param float deadline: see `ask`
        :return: see `ask`, and whether a browser runs the answer
        :rtype: tuple(int | str, bool)
        """

    @abstractmethod
    def post_signed(self, url, account_id, secret, deadline=None):
        """Send a signed webhook that has no effect to our own public address, see `ask`.

        :param str account_id: the provider's identifier of the account
        :param str secret: the account's secret
        """


_providers = {}


def register_provider(name, provider):
    """Register a provider.

    :param str name: value of the field `provider` of `telephony.account`
    :param Provider provider: the provider
    :return: the provider that had this name, or None
    """
    former = _providers.get(name)
    _providers[name] = provider
    return former


def get_provider(name):
    """Return a registered provider.

    :param str name: value of the field `provider` of `telephony.account`
    :rtype: Provider
    """
    return _providers[name]
