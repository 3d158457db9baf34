"""The world of a test: an emulator, an application that answers it, and a REST client."""

import asyncio
import socket
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from twilio_emulator.app import EMULATOR, build
from twilio_emulator.config import Config

PAGE = Path(__file__).parent / "page.html"
SALES, SUPPORT, MOBILE = "+3225550100", "+3225550101", "+32470111222"


async def test_page(request):
    """Serve the page that loads the Voice SDK."""
    return web.FileResponse(PAGE)


def open_socket():
    """Return a socket on a port that no other program can take before the server listens."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


def address(sock):
    """Return the base address of the server on a socket of `open_socket`."""
    return f"http://127.0.0.1:{sock.getsockname()[1]}"


async def until(condition, seconds=10.0, step=0.02):
    """Wait until ``condition()`` (may be a coroutine function) returns a true value.

    :return: the true value.
    :raise AssertionError: after ``seconds``.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {seconds} s: {condition}")
        await asyncio.sleep(step)


class Redirected(TwilioHttpClient):
    """Redirects requests for Twilio's hosts to the emulator."""

    def __init__(self, base):
        super().__init__()
        self.base = base

    def request(self, method, url, *args, **kwargs):
        path = url.split("/", 3)[3]
        return super().request(method, f"{self.base}/{path}", *args, **kwargs)


@dataclass
class Hit:
    """One request to the application."""

    path: str
    method: str
    query: dict
    form: dict
    headers: dict
    url: str


@dataclass
class Application:
    """A small web application: fixed answers by path, and a list of received requests."""

    listener: socket.socket = field(default_factory=open_socket)
    answers: dict = field(default_factory=dict)
    hits: list = field(default_factory=list)

    @property
    def url(self):
        """Return the base address."""
        return address(self.listener)

    async def handle(self, request):
        """Answer one request from ``answers``: text, callable(hit), or (status, text, type).

        The callable may return a ``web.Response`` for anything else.
        """
        form = await request.post()
        hit = Hit(
            request.path,
            request.method,
            dict(request.query),
            dict(form),
            dict(request.headers),
            self.url + request.raw_path,
        )
        self.hits.append(hit)
        reply = self.answers.get(request.path, "")
        if callable(reply):
            reply = reply(hit)
        if asyncio.iscoroutine(reply):
            reply = await reply
        if isinstance(reply, bytes):
            return web.Response(body=reply, content_type="audio/x-wav")
        if isinstance(reply, web.Response):
            return reply
        if isinstance(reply, tuple):
            return web.Response(status=reply[0], text=reply[1], content_type=reply[2])
        text = f"<Response>{reply}</Response>"
        return web.Response(text=text, content_type="text/xml")

    def at(self, path):
        """Return the requests to a path."""
        return [hit for hit in self.hits if hit.path == path]


class World:
    """Emulator, application and clients of one test."""

    def __init__(self, **options):
        self.listener = open_socket()
        self.config = Config(port=self.listener.getsockname()[1], **options)
        self.app = Application()
        self._runners = []

    @property
    def base(self):
        """Return the address of the emulator."""
        return address(self.listener)

    @property
    def authorization(self):
        """Return the header of a basic authentication as the account."""
        return aiohttp.encode_basic_auth(self.config.account_sid, self.config.auth_token)

    async def start(self):
        """Start both servers."""
        built = build(self.config)
        self.emulator = built[EMULATOR]
        # From the emulator's own origin: Chromium does not allow a page of unknown origin to reach
        # an address of this machine.
        built.router.add_get("/test-page", test_page)
        fake = web.Application()
        fake.router.add_route("*", "/{tail:.*}", self.app.handle)
        for app, sock in ((built, self.listener), (fake, self.app.listener)):
            runner = web.AppRunner(app, shutdown_timeout=0.5)
            await runner.setup()
            await web.SockSite(runner, sock).start()
            self._runners.append(runner)
        self.session = aiohttp.ClientSession()
        self.client = Client(
            self.config.account_sid, self.config.auth_token, http_client=Redirected(self.base)
        )
        self.emulator.settings.cps = 0
        return self

    async def stop(self):
        """Stop everything."""
        await self.session.close()
        for runner in self._runners:
            await runner.cleanup()

    # --- control API ---------------------------------------------------------------------------

    async def post(self, path, body=None, status=None):
        """Send a POST request to the control API and return the answer."""
        async with self.session.post(self.base + "/emulator/" + path, json=body or {}) as reply:
            assert status is None or reply.status == status, (reply.status, await reply.text())
            return await reply.json()

    async def get(self, path):
        """Send a GET request to the control API and return the answer."""
        async with self.session.get(self.base + "/emulator/" + path) as reply:
            return await reply.json()

    async def call(self, sid):
        """Return one leg as the control API shows it."""
        return await self.get("calls/" + sid)

    async def dial_in(self, from_=MOBILE, to=SALES, **more):
        """Call a number and return the leg's identifier."""
        return (await self.post("calls", {"from": from_, "to": to, **more}, 201))["sid"]

    async def until_call(self, sid, test, seconds=10.0):
        """Wait until a leg passes ``test(description)`` and return the description."""

        async def look():
            call = await self.call(sid)
            return call if test(call) else None

        try:
            return await until(look, seconds)
        except AssertionError as error:
            raise AssertionError("call is %r" % await self.call(sid)) from error

    async def until_status(self, sid, status, seconds=10.0):
        """Wait for a status of a leg."""
        return await self.until_call(sid, lambda call: call["status"] == status, seconds)

    # --- REST ----------------------------------------------------------------------------------

    async def rest(self, function, *args, **kwargs):
        """Run a call of the ``twilio`` package in a thread."""
        return await asyncio.to_thread(lambda: function(*args, **kwargs))

    async def refused(self, function, *args, **kwargs):
        """Run a call that must be refused and return (HTTP status, code)."""
        try:
            result = await self.rest(function, *args, **kwargs)
        except TwilioRestException as error:
            return error.status, error.code
        raise AssertionError(f"accepted: {result!r}")

    async def answer_with(self, number, twiml, **more):
        """Answer calls to ``number`` with a document of the application."""
        self.app.answers["/voice"] = twiml
        record = self.emulator.store.number(number)
        record.touch(voice_url=self.app.url + "/voice", **more)
