"""Sounds at https addresses: certificates are checked, as Twilio does."""

from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web

from twilio_emulator.authority import Authority
from twilio_emulator.media import tones, wav

from .conftest import OPENAPI
from .world import SALES, World, open_socket, until

HOST = "sounds.example.com"


@asynccontextmanager
async def serving(context):
    """Run a web server with a sound, and return its port."""

    async def hello(request):
        return web.Response(body=wav.encode(tones.tone((900,), 3.0)), content_type="audio/wav")

    application = web.Application()
    application.router.add_get("/hello.wav", hello)
    runner, listener = web.AppRunner(application), open_socket()
    await runner.setup()
    await web.SockSite(runner, listener, ssl_context=context).start()
    yield listener.getsockname()[1]
    await runner.cleanup()


@asynccontextmanager
async def calling(ca_path, context):
    """Return a world in which a caller is played the sound, and the call."""
    hosts = {HOST: "127.0.0.1"}
    world = World(time_scale=10.0, loopback=True, openapi_dir=OPENAPI, ca_path=ca_path, hosts=hosts)
    await world.start()
    async with serving(context) as port:
        url = f"https://{HOST}:{port}/hello.wav"
        world.app.answers["/fallback"] = "<Say>sorry</Say>"
        await world.answer_with(
            SALES, f"<Play>{url}</Play>", voice_fallback_url=world.app.url + "/fallback"
        )
        yield world, await world.dial_in(), url
    await world.stop()


async def test_trusted_certificate(tmp_path):
    authority = Authority(tmp_path)
    async with calling(authority.path, authority.make_context(HOST)) as (world, sid, _url):
        await world.until_call(sid, lambda call: abs(call["hears"]["peak_hz"] - 900) < 12)
        assert not world.app.at("/fallback")
        assert not world.emulator.logs.errors


@pytest.mark.parametrize(
    ("case", "code"),
    [("unknown", "11237"), ("other name", "11235"), ("expired", "11236"), ("no tls", "11220")],
)
async def test_refused_certificate(tmp_path, case, code):
    """https://www.twilio.com/docs/api/errors/11235"""
    authority = Authority(tmp_path)
    context = {
        "unknown": authority.make_context(HOST),
        "other name": authority.make_context("other.example.com"),
        "expired": authority.make_context(HOST, -timedelta(hours=1)),
        "no tls": None,
    }[case]
    trusted = None if case == "unknown" else authority.path
    async with calling(trusted, context) as (world, _sid, url):
        [hit] = await until(lambda: world.app.at("/fallback"))
        assert (hit.form["ErrorCode"], hit.form["ErrorUrl"]) == (code, url)
