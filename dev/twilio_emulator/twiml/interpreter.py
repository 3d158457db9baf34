"""Executes TwiML for one leg, document after document."""

import asyncio
from urllib.parse import urldefrag, urljoin
from xml.sax.saxutils import escape

from ..clock import now
from ..legs import standard_params
from .parser import TwimlError, parse

APOLOGY = "We are sorry, an application error has occurred. Goodbye."
#: Content types that Twilio accepts for TwiML.
XML_TYPES = ("text/xml", "application/xml", "text/html", "")
#: Maximum documents of one leg without a pause; more is an endless redirect.
MAX_STEPS = 500


class Jump(Exception):
    """Continue with another document."""

    def __init__(self, url, method="POST", params=None):
        super().__init__(url)
        self.url, self.method, self.params = url, method, params or {}


class Stop(Exception):
    """End the call."""

    def __init__(self, status="completed"):
        super().__init__(status)
        self.status = status


class LeaveQueue(Exception):
    """The verb Leave."""


class Interpreter:
    """Runs documents.

    :param Leg leg: the party.
    :param channel: output of the sound; the leg's own by default.
    :param allowed: names of the permitted verbs, None = all.
    :param dict extra: parameters added to every request.
    :param int forbidden: Twilio's code for a verb that is not permitted.
    """

    VERBS = {}

    def __init__(self, leg, channel=None, allowed=None, extra=None, fallback=None, forbidden=12200):
        self.leg, self.emulator = leg, leg.emulator
        self.channel = channel or leg.channel
        self.allowed, self.extra, self.fallback = allowed, extra or {}, fallback
        self.forbidden = forbidden
        self.url, self.method = None, "POST"

    @classmethod
    def verb(cls, name):
        """Register a coroutine function ``(interpreter, verb)`` for a verb (decorator)."""

        def register(function):
            cls.VERBS[name] = function
            return function

        return register

    def absolute(self, address):
        """Return an address relative to the present document as an absolute one."""
        return urljoin(self.url or "", address or "") or self.url

    def jump(self, verb, name="action", params=None, method="method"):
        """Return the Jump of an attribute."""
        return Jump(self.absolute(verb.get(name)), (verb.get(method) or "POST").upper(), params)

    def params(self, more=None):
        """Return the parameters of the next request."""
        return {**standard_params(self.leg), **self.extra, **(more or {})}

    async def run_call(self, url, method="POST", params=None):
        """Run the leg from an address until the call is over, as a leg's program."""
        try:
            await self.run(url, method, params)
        except Stop as stop:
            self.leg.hang_up(stop.status)
        except TwimlError as error:
            await self._apologize(error)
        else:
            self.leg.hang_up()

    async def run_text(self, text):
        """Run the leg from a document given as text, as a leg's program."""
        try:
            await self._follow(Jump(None), parse(text))
        except Stop as stop:
            self.leg.hang_up(stop.status)
        except TwimlError as error:
            await self._apologize(error)
        else:
            self.leg.hang_up()

    async def run(self, url, method="POST", params=None):
        """Run from an address until a document ends.

        :raise Stop, LeaveQueue: as the documents require.
        :raise TwimlError: if a document is unavailable or unusable.
        """
        await self._follow(Jump(url, method, params))

    async def _follow(self, jump, verbs=None):
        for _step in range(MAX_STEPS):
            try:
                if verbs is None:
                    verbs = await self.fetch(jump)
                await self._execute_all(verbs)
                return
            except Jump as following:
                jump, verbs = following, None
        raise TwimlError(12400, "Too many redirects")

    async def _execute_all(self, verbs):
        """Execute a document; after a failure, continue at the fallback address once.

        https://www.twilio.com/docs/usage/security/availability-reliability
        """
        try:
            for verb in verbs:
                await self.execute(verb)
        except TwimlError as error:
            self.fall_back(error)

    async def execute(self, verb):
        """Execute one verb.

        :raise TwimlError: if the verb is not permitted here.
        """
        function = self.VERBS.get(verb.name)
        if function is None or (self.allowed is not None and verb.name not in self.allowed):
            raise TwimlError(self.forbidden, f"{verb.name} cannot be used here")
        self.leg.trail.append(
            {
                "at": now().isoformat(),
                "verb": verb.name,
                "attributes": verb.attributes,
                "text": verb.text,
                "children": [
                    {"verb": c.name, "attributes": c.attributes, "text": c.text}
                    for c in verb.children
                ],
                "url": self.url,
            }
        )
        await function(self, verb)

    async def fetch(self, jump):
        """Return the verbs at an address; after a failure, try the fallback address once.

        :raise TwimlError: if there is no usable document.
        """
        try:
            return await self._fetch(jump.url, jump.method, jump.params)
        except TwimlError as error:
            fallback, self.fallback = self.fallback, None
            if not fallback or not fallback[0]:
                raise
            more = {**jump.params, "ErrorCode": error.code, "ErrorUrl": jump.url}
            return await self._fetch(fallback[0], fallback[1], more)

    def fall_back(self, error):
        """Continue at the fallback address after the failure of a verb.

        :raise Jump: to the fallback address.
        :raise TwimlError: the failure itself, if there is no fallback address.
        """
        fallback, self.fallback = self.fallback, None
        if not fallback or not fallback[0]:
            raise error
        raise Jump(*fallback, {"ErrorCode": error.code, "ErrorUrl": error.url or self.url})

    async def _fetch(self, url, method, params):
        if not url:
            raise TwimlError(11100, "There is no address to ask")
        answer = await self.emulator.webhooks.request(
            url, self.params(params), method, kind="twiml"
        )
        self.url, self.method = urldefrag(url)[0], method
        if not answer.ok:
            raise TwimlError(answer.error, answer.message)
        if answer.status == 204:
            return []
        if answer.content_type.startswith("audio/"):
            return parse(b"<Response><Play>%s</Play></Response>" % _escape(self.url))
        if answer.content_type == "text/plain":
            return parse(b"<Response><Say>%s</Say></Response>" % _escape(answer.body.decode()))
        if answer.content_type not in XML_TYPES:
            self._complain(12300, f"Invalid Content-Type: {answer.content_type}", url)
        try:
            return parse(answer.body)
        except TwimlError as error:
            self._complain(error.code, str(error), url)

    def _complain(self, code, message, url):
        self.emulator.logs.error(code, message, url=url, call_sid=self.leg.sid)
        for entry in reversed(self.emulator.logs.webhooks):
            if entry["url"].startswith(urldefrag(url)[0]) and not entry["error"]:
                entry.update(error=code, message=message)
                break
        raise TwimlError(code, message)

    async def _apologize(self, error):
        self.leg.error_code = error.code
        self.emulator.logs.error(error.code, str(error), url=self.url, call_sid=self.leg.sid)
        await self.leg.answer()
        await self.channel.play(self.emulator.speech(APOLOGY), APOLOGY)
        self.leg.hang_up()

    async def request_later(self, verb, params, name="action", method="method"):
        """Notify the application about the end of a verb without using its answer."""
        await asyncio.sleep(0)
        jump = self.jump(verb, name, params, method)
        await self.emulator.webhooks.request(
            jump.url, self.params(params), jump.method, kind="action"
        )


def _escape(text):
    return escape(text).encode()
