"""Requests to the application: signed, with retries, time limits and a log."""

import asyncio
import base64
import hashlib
import hmac
import secrets
import socket
import ssl
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urldefrag, urlencode, urljoin, urlsplit

import aiohttp
from yarl import URL

from .clock import now

#: Hard limit (s) of one request including all retries.
LIMIT = 15.0
#: Answers that lead to another address, and how many of them are followed.
REDIRECTS, MAX_REDIRECTS = (301, 302, 303, 307, 308), 10
#: https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/#error-codes
_EXPIRED, _MISMATCH = 10, 62
_RETRYABLE = {"ct", "rt", "4xx", "5xx"}


def signature(auth_token, url, params=()):
    """Return the value of ``X-Twilio-Signature``.

    :param str auth_token: the account's secret.
    :param str url: the address as requested, without fragment.
    :param params: form parameters as pairs; empty for a GET request.
    """
    names = {}
    for name, value in params:
        names.setdefault(name, set()).add(value)
    text = url + "".join(name + value for name in sorted(names) for value in sorted(names[name]))
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


@dataclass
class Answer:
    """The result of a request.

    :param int status: HTTP status, 0 without an answer.
    :param int error: Twilio's error code, 0 on success.
    """

    url: str
    status: int = 0
    body: bytes = b""
    content_type: str = ""
    error: int = 0
    message: str = ""
    headers: dict = field(default_factory=dict)

    @property
    def ok(self):
        """Return whether the application answered with success."""
        return not self.error


@dataclass(frozen=True)
class Policy:
    """Retries and time-outs in the fragment of an address (``#rc=3&rp=5xx``)."""

    retries: int = 1
    reasons: frozenset = frozenset({"ct"})
    connect: float = 5.0
    read: float = LIMIT
    total: float = LIMIT

    @classmethod
    def of(cls, fragment):
        """Return the policy of a fragment, with defaults for missing values."""
        values = dict(parse_qsl(fragment))
        reasons = set(values.get("rp", "ct").split(","))
        return cls(
            retries=min(5, int(values.get("rc", 1))),
            reasons=frozenset(_RETRYABLE if "all" in reasons else reasons & _RETRYABLE),
            connect=int(values.get("ct", 5000)) / 1000,
            read=int(values.get("rt", LIMIT * 1000)) / 1000,
            total=min(LIMIT, int(values.get("tt", LIMIT * 1000)) / 1000),
        )


class _Resolver(aiohttp.ThreadedResolver):
    """Finds the addresses of some hosts without DNS."""

    def __init__(self, hosts):
        super().__init__()
        self.hosts = hosts

    async def resolve(self, host, port=0, family=socket.AF_INET):
        found = await super().resolve(self.hosts.get(host, host), port, family)
        return [{**entry, "hostname": host} for entry in found]


def _describe_tls(error):
    """Return Twilio's error for a connection whose certificate was refused.

    https://www.twilio.com/docs/api/errors/11235
    """
    reason = getattr(error.certificate_error, "verify_code", None)
    codes = {_EXPIRED: 11236, _MISMATCH: 11235}
    return codes.get(reason, 11237), f"Certificate invalid: {error.certificate_error}"


class WebhookClient:
    """Sends requests to the application.

    :param get_token: returns the secret for the signature of a request.
    :param Logs logs: log for every attempt.
    :param ca_path: see `Config`.
    :param dict hosts: see `Config`.
    """

    def __init__(self, get_token, logs, ca_path=None, hosts=None):
        self.get_token, self.logs = get_token, logs
        self.ca_path, self.hosts = ca_path, hosts or {}
        self._session = None

    async def start(self):
        """Open the connection pool in the running event loop."""
        trust = ssl.create_default_context()
        if self.ca_path:
            trust.load_verify_locations(self.ca_path)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust, resolver=_Resolver(self.hosts)),
            headers={"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self):
        """Close all connections."""
        if self._session:
            await self._session.close()

    async def request(self, url, params, method="POST", *, kind="webhook", token=None):
        """Send a request to the application.

        :param dict params: parameters by name.
        :param str kind: name in the log (twiml, status, conference …).
        :param str token: idempotency token, a fresh one by default.
        :return Answer: also for every failure of the other side, without an exception.
        """
        clean, fragment = urldefrag(url)
        policy = Policy.of(fragment)
        pairs = [(name, str(value)) for name, value in params.items() if value is not None]
        token = token or secrets.token_hex(16)
        if method == "GET" and pairs:
            clean += ("&" if urlsplit(clean).query else "?") + urlencode(pairs)
        deadline = time.monotonic() + policy.total
        for attempt in range(policy.retries + 1):
            left = deadline - time.monotonic()
            answer, reason = await self._attempt(clean, pairs, method, policy, left, token)
            self._note(answer, pairs, method, kind, attempt, token)
            if reason not in policy.reasons or deadline <= time.monotonic():
                break
        return answer

    async def _attempt(self, url, pairs, method, policy, left, token):
        """Send one request and follow its redirects: as GET, without the parameters, signed anew.

        https://www.twilio.com/docs/api/errors/11216
        """
        deadline = time.monotonic() + left
        for _redirect in range(MAX_REDIRECTS):
            left = deadline - time.monotonic()
            answer, reason = await self._send(url, pairs, method, policy, left, token)
            target = answer.headers.get("Location")
            if answer.error or answer.status not in REDIRECTS or not target:
                return answer, reason
            url, pairs, method = urljoin(url, target), [], "GET"
        answer.error, answer.message = 11215, f"Too many redirects from {url}"
        return answer, None

    async def _send(self, url, pairs, method, policy, left, token):
        started = time.monotonic()
        signed = () if method == "GET" else pairs
        headers = {
            "X-Twilio-Signature": signature(self.get_token(), url, signed),
            "I-Twilio-Idempotency-Token": token,
        }
        timeout = aiohttp.ClientTimeout(
            total=max(0.01, left), sock_connect=policy.connect, sock_read=policy.read
        )
        data = None
        if method != "GET":
            data = urlencode(pairs).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        answer, reason = Answer(url), None
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                data=data,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                answer.status = response.status
                answer.body = await response.read()
                answer.content_type = response.content_type or ""
                answer.headers = dict(response.headers)
                if response.status >= 400:
                    reason = "5xx" if response.status >= 500 else "4xx"
                    answer.error = 11200
                    answer.message = f"Got HTTP {response.status} response to {url}"
        except aiohttp.ClientConnectorCertificateError as error:
            answer.error, answer.message = _describe_tls(error)
        except aiohttp.ClientConnectorSSLError as error:
            answer.error, answer.message = 11220, f"TLS handshake failed: {error}"
        except aiohttp.ConnectionTimeoutError as error:
            answer.error, answer.message, reason = 11205, f"Connect time-out: {error}", "ct"
        except (asyncio.TimeoutError, aiohttp.ServerTimeoutError) as error:
            answer.error, answer.message, reason = 11200, f"Time-out: {error}", "rt"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            answer.error, answer.message, reason = 11205, f"No connection: {error}", "ct"
        answer.headers["duration"] = round(time.monotonic() - started, 4)
        return answer, reason

    def _note(self, answer, pairs, method, kind, attempt, token):
        params = dict(pairs)
        self.logs.webhook(
            {
                "at": now().isoformat(),
                "kind": kind,
                "method": method,
                "url": answer.url,
                "params": params,
                "attempt": attempt,
                "token": token,
                "status": answer.status,
                "duration": answer.headers["duration"],
                "error": answer.error,
                "message": answer.message,
                "content_type": answer.content_type,
                "body": answer.body[:20000].decode("utf-8", "replace"),
            }
        )
        if answer.error:
            self.logs.error(
                answer.error, answer.message, url=answer.url, call_sid=params.get("CallSid")
            )
