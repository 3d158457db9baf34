"""Requests to Twilio's REST API, through the `twilio` package.

https://www.twilio.com/docs/voice/api
"""

import contextlib
import json
import logging
import random
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3 import Timeout

from ..base import ProviderClient, ProviderError
from .breaker import breakers
from .emergency import to_dialed
from .errors import get_kind
from .legs import LegRequests
from .recordings import RecordingRequests

# Seconds for a connection, in which three attempts fit, and for an answer.
CONNECT_TIMEOUT, TIMEOUT = 4, 5
# Seconds for the answer to a request that calls a telephone: a late answer is worth the wait, since
# the telephone rings.
CALL_TIMEOUT = 15
# Time budget (s) of a request that changes something, with its retries: a user may wait for it.
BUDGET = 6
# Seconds that must remain until a client's deadline for another request.
LEAST = 1
# Seconds after which idle connections are closed; number of connections kept.
IDLE, POOL = 20, 10
# Seconds before each retry of a request that was certainly not carried out. Up to half of them is
# added at random, because all servers are refused at the same moment.
RETRY_DELAYS = (0.3, 1.0)
# Bytes of a recording that are read at a time.
PART = 1 << 16
# Twilio refuses longer names.
NAME_LENGTH = 64
# Digits of the code that verifies a caller ID.
CODE_LENGTH = 6
LEG_EVENTS = ["initiated", "ringing", "answered", "completed"]
CONFERENCE_EVENTS = ["join", "leave", "hold"]


# The package would log URLs and parameters, which contain telephone numbers.
_silent = logging.getLogger(f"{__name__}.silent")
_silent.setLevel(logging.CRITICAL)


class _Connections(HTTPAdapter):
    """Connections of this process to Twilio; a new one takes two round trips before its request.

    The other end may have closed a connection that was idle for long, so that a request over it is
    lost.
    """

    used_at = 0.0

    def send(self, *args, **kwargs):
        if time.monotonic() - self.used_at > IDLE:
            self.close()
        try:
            return super().send(*args, **kwargs)
        finally:
            self.used_at = time.monotonic()


_connections = _Connections(pool_maxsize=POOL)


class _HttpClient(TwilioHttpClient):
    """HTTP client that sends every request to another server if the account names one."""

    def __init__(self, base_url=None, deadline=None, second_password=None):
        super().__init__(logger=_silent)
        self.session.mount("https://", _connections)
        self.session.mount("http://", _connections)
        self.base = urlsplit(base_url) if base_url else None
        # Secret to use after the first one was refused; replaced by that one if it is accepted.
        self.second_password = second_password
        self.is_first_refused = False
        # Seconds by which this server's clock was ahead of Twilio's at the last answer.
        self.clock_difference = None
        # Deadline of all requests, and deadline of the current request if it changes something.
        self.last_moment = float("inf") if deadline is None else deadline
        self.deadline = self.last_moment
        # Seconds to wait for the current answer.
        self.read_timeout = TIMEOUT

    def get_address(self, url):
        """Return the URL, with the server that replaces Twilio's if there is one."""
        if not self.base:
            return url
        return urlunsplit((self.base.scheme, self.base.netloc, *urlsplit(url)[2:]))

    def request(self, method, url, *args, **kwargs):
        # A long list takes several requests, for which a job waits.
        end = self.last_moment if method.upper() == "GET" else self.deadline
        left = max(end - time.monotonic(), 0.1)
        self.timeout = Timeout(
            total=None if left == float("inf") else left,
            connect=CONNECT_TIMEOUT,
            read=self.read_timeout,
        )
        response = self._send(method, self.get_address(url), *args, **kwargs)
        self._compare_clocks(response.headers or {})
        return response

    def _send(self, method, url, *args, auth=None, **kwargs):
        """Send a request, with the second secret after the first one was refused.

        The account's auth token may be replaced at any moment. A refused request was not carried
        out, so it is repeated safely.
        https://www.twilio.com/docs/iam/api/secondary_authtoken
        """
        response = None
        for password in self.get_passwords(auth and auth[1]):
            auth = auth and (auth[0], password)
            response = super().request(method, url, *args, auth=auth, **kwargs)
            if response.status_code != 401:
                self.is_first_refused = password == self.second_password
                break
        return response

    def get_passwords(self, first):
        """Return the secrets to try, in order: the one that was accepted last comes first."""
        passwords = [first, self.second_password] if self.second_password else [first]
        return passwords[::-1] if self.is_first_refused else passwords

    def _compare_clocks(self, headers):
        with contextlib.suppress(TypeError, ValueError):
            moment = parsedate_to_datetime(headers.get("Date"))
            self.clock_difference = time.time() - moment.timestamp()


def _as_refusal(message, status, code):
    return ProviderError(message, get_kind(status, code), code or status)


def _as_provider_error(error):
    if isinstance(error, TwilioRestException):
        return _as_refusal(error.msg, error.status, error.code)
    if isinstance(error, TwilioException) and len(error.args) > 1:
        # A failing list: the package raises its message with the whole response.
        response = error.args[1]
        body = {}
        with contextlib.suppress(ValueError):
            body = json.loads(response.text)
        return _as_refusal(
            body.get("message") or error.args[0], response.status_code, body.get("code")
        )
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ConnectionError):
        # A connection that broke after the request was sent raises ConnectionError too.
        sent = "Connection aborted" in str(error) or "RemoteDisconnected" in str(error)
        return ProviderError("Twilio cannot be reached.", "unknown" if sent else "unreachable")
    return ProviderError("Twilio did not answer in time.", "unknown")


class TwilioClient(LegRequests, RecordingRequests, ProviderClient):
    """Client of one Twilio account.

    :param str account_sid: `AC…`
    :param str username: account SID, or an API key's SID
    :param str password: the secret of that SID
    :param str second_password: another secret of that SID, tried if the first one is refused
    :param str base_url: URL of a server that replaces Twilio's
    :param float deadline: moment (`time.monotonic`) at which the last request must end; None
        without a limit
    """

    def __init__(
        self,
        account_sid,
        username,
        password,
        second_password=None,
        base_url=None,
        deadline=None,
    ):
        self._client = Client(
            username,
            password,
            account_sid,
            http_client=_HttpClient(base_url, deadline, second_password),
        )

        self._breaker = breakers[account_sid, base_url or ""]

    def _call(self, function, *args, **kwargs):
        """Call a function of the `twilio` package, with retries if the request was not carried out.

        :param function: bound method to call
        :return: result of the function
        :raise ProviderError: the request failed
        """
        return self._request(lambda: function(*args, **kwargs))

    def _create(self, function, seconds=TIMEOUT, **values):
        """Call a function that creates what rings or costs money; it must not happen twice.

        Twilio documents of 429 alone that nothing was carried out, so 503 is a lost response.
        https://www.twilio.com/docs/api/errors/20429

        :param function: bound method to call
        :param int seconds: time to wait for the answer
        :param values: arguments of the function
        :return: result of the function
        :raise ProviderError: the request failed
        """
        http = self._client.http_client
        http.read_timeout = seconds
        try:
            return self._request(
                lambda: function(**values), budget=seconds + 1, doubtful=("unavailable",)
            )
        except ProviderError as error:
            if error.kind != "unavailable":
                raise
            raise ProviderError(str(error), "unknown", error.code) from error
        finally:
            http.read_timeout = TIMEOUT

    def _request(self, send, budget=BUDGET, doubtful=()):
        """Send a request within a time budget, with retries.

        :param send: function that sends it
        :param int budget: seconds for all attempts
        :param doubtful: kinds of errors after which it may have been carried out all the same
        """
        http = self._client.http_client
        http.deadline = min(time.monotonic() + budget, http.last_moment)
        with self._guard():
            for delay in (*RETRY_DELAYS, None):
                try:
                    return send()
                except (TwilioException, requests.exceptions.RequestException) as error:
                    if delay is None or not self._may_repeat(error, delay, doubtful):
                        raise
                    time.sleep(delay + random.uniform(0, delay / 2))
        raise AssertionError("unreachable")

    def _may_repeat(self, error, delay, doubtful):
        # A connection timeout includes several attempts already, and has used up its time.
        is_slow = isinstance(error, requests.exceptions.ConnectTimeout)
        left = self._client.http_client.deadline - time.monotonic() - delay * 1.5
        failure = _as_provider_error(error)
        is_safe = failure.retryable and failure.kind not in doubtful
        return is_safe and not is_slow and left > 1

    @contextlib.contextmanager
    def _guard(self):
        """Admit a request only if there is time for it and the provider has answered lately.

        The breaker records whether the provider answers.

        :raise ProviderError: the request failed, or was not sent
        """
        if self._client.http_client.last_moment - time.monotonic() < LEAST:
            raise ProviderError("There is no time left to ask Twilio.", "late")
        if not self._breaker.allows():
            raise ProviderError("Twilio cannot be reached.", "paused")
        try:
            yield
        except (TwilioException, requests.exceptions.RequestException) as error:
            self._breaker.note(isinstance(error, TwilioException))
            raise _as_provider_error(error) from error
        self._breaker.note(True)

    def add_participant(self, conference, values):
        participant = self._create(
            self._client.conferences(conference).participants.create,
            CALL_TIMEOUT,
            from_=values["from"],
            to=to_dialed(values["to"], values["from"]),
            label=values["label"],
            timeout=values["timeout"],
            time_limit=values["time_limit"],
            early_media=True,
            beep="false",
            # Without this, a customer who answers first hears Twilio's music.
            wait_url="",
            start_conference_on_enter=True,
            end_conference_on_exit=values["ends_conference"],
            jitter_buffer_size="small",
            status_callback=values["status_url"],
            status_callback_method="POST",
            status_callback_event=LEG_EVENTS,
            conference_status_callback=values["conference_url"],
            conference_status_callback_method="POST",
            conference_status_callback_event=CONFERENCE_EVENTS,
        )
        return participant.call_sid

    def find_participant(self, conference, label):
        rooms = self._call(self._client.conferences.list, friendly_name=conference, limit=5)
        for room in rooms:
            parties = self._call(self._client.conferences(room.sid).participants.list, limit=20)
            for party in parties:
                if party.label == label:
                    return party.call_sid
        return ""

    def find_conference(self, conference):
        return next((room.sid for room in self._list_rooms(conference)), "")

    def _list_rooms(self, conference):
        return self._call(
            self._client.conferences.list, friendly_name=conference, status="in-progress", limit=5
        )

    def list_room(self, conference):
        found = {}
        for room in self._list_rooms(conference):
            for party in self._call(self._client.conferences(room.sid).participants.list, limit=20):
                found[party.call_sid] = bool(party.hold)
        return found

    def hold_participant(self, conference, leg_id, on_hold, hold_url):
        values = {"hold": on_hold}
        if on_hold:
            values.update(hold_url=hold_url, hold_method="POST")
        self._call(self._client.conferences(conference).participants(leg_id).update, **values)

    def set_participant_sound(self, conference, leg_id, muted, coach):
        """Set who hears a participant, in one request, so that no other party hears it in between.

        https://www.twilio.com/docs/voice/api/conference-participant-resource

        :param str conference: the conference's SID
        :param bool muted: whether no party hears it
        :param str coach: SID of the only leg that hears it; empty: all parties hear it
        """
        values = {"muted": muted, "coaching": bool(coach)}
        if coach:
            values["call_sid_to_coach"] = coach
        self._call(self._client.conferences(conference).participants(leg_id).update, **values)

    def announce_to(self, conference, leg_id, url):
        self._call(
            self._client.conferences(conference).participants(leg_id).update,
            announce_url=url,
            announce_method="POST",
        )

    def move_from_queue(self, queue_id, leg_id, url):
        self._call(self._client.queues(queue_id).members(leg_id).update, url=url, method="POST")

    def call_phone(self, values):
        return self._create(
            self._client.calls.create,
            CALL_TIMEOUT,
            from_=values["from"],
            to=values["to"],
            timeout=values["timeout"],
            time_limit=values["time_limit"],
            url=values["url"],
            method="POST",
            fallback_url=values["fallback_url"],
            fallback_method="POST",
            status_callback=values["status_url"],
            status_callback_method="POST",
            status_callback_event=LEG_EVENTS,
        ).sid

    def start_verification(self, number, name, extension, delay, status_url):
        """Call a number whose owner types a code, which makes it a caller ID.

        https://www.twilio.com/docs/voice/api/outgoing-caller-ids

        :param str number: E.164
        :param str extension: digits to dial after the call is answered, or empty
        :param int delay: seconds until the call
        :return: the six digits, and the provider's identifier of the call
        :rtype: tuple(str, str)
        """
        request = self._create(
            self._client.validation_requests.create,
            CALL_TIMEOUT,
            phone_number=number,
            friendly_name=name[:NAME_LENGTH],
            call_delay=delay,
            extension=extension or None,
            status_callback=status_url,
            status_callback_method="POST",
        )
        # A number has no leading zeros.
        return str(request.validation_code).zfill(CODE_LENGTH), request.call_sid

    def find_caller_id(self, number):
        found = self._call(self._client.outgoing_caller_ids.list, phone_number=number, limit=1)
        return found[0].sid if found else ""

    def fetch_recording(self, recording_id, channels=1):
        client = self._client
        # The package itself reads no audio; it knows the host.
        url = client.http_client.get_address(
            client.get_hostname(
                f"https://api.twilio.com/2010-04-01/Accounts/{client.account_sid}"
                f"/Recordings/{recording_id}.wav"
                + ("?RequestedChannels=2" if channels == 2 else "")
            )
        )
        username, first = client.auth
        for password in client.http_client.get_passwords(first):
            with (
                self._guard(),
                client.http_client.session.get(
                    url,
                    auth=(username, password),
                    timeout=(CONNECT_TIMEOUT, TIMEOUT * 4),
                    stream=True,
                    headers={"Accept-Encoding": "identity"},
                ) as response,
            ):
                status = response.status_code
                left = int(response.headers.get("Content-Length") or 0)
                if status == 200:
                    for part in response.iter_content(PART):
                        left -= len(part)
                        yield part
            if status != 401:
                break
        if status != 200:
            raise _as_refusal("The recording cannot be read.", status, None)
        if left > 0:
            # Not every version of the underlying package detects a connection that ended too early.
            raise ProviderError("The recording did not arrive completely.", "unknown")
