"""The unmodified Voice SDK in a real browser: calls, sound, keys, lost connections."""

import time

import jwt
import numpy as np
import pytest_asyncio
from aiohttp import web
from playwright.async_api import async_playwright

from twilio_emulator.media import tones, wav

from .test_conference import near, room
from .world import MOBILE, SALES, World, until

FLAGS = [
    "--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic",
    "--allow-loopback-in-peer-connection",
]


class Stage:
    """A world with an agent's browser in it."""

    def __init__(self, world, page):
        self.world, self.page = world, page

    async def open(self, identity="agent", ttl=600, params=None, **options):
        """Make application and key, and open a Device with a token of theirs."""
        rest = self.world.client
        application = await self.world.rest(
            rest.applications.create, friendly_name="test",
            voice_url=self.world.app.url + "/client",
            status_callback=self.world.app.url + "/client_status",
        )
        key = await self.world.rest(rest.new_keys.create, friendly_name="test")
        now = int(time.time())
        token = jwt.encode({
            "jti": "%s-%d" % (key.sid, now), "iss": key.sid, "nbf": now - 60, "exp": now + ttl,
            "sub": self.world.config.account_sid, "grants": {
                "identity": identity, "voice": {
                    "incoming": {"allow": True},
                    "outgoing": {"application_sid": application.sid, "params": params or {}},
                },
            },
        }, key.secret, algorithm="HS256", headers={"cty": "twilio-fpa;v=1"})
        await self.page.evaluate("([t, o]) => open(t, o)", [token, options])
        return token

    async def connect(self, **params):
        """Let the agent call; return the leg's identifier."""
        await self.page.evaluate("(p) => connect(p)", params)
        await self.event("accept")
        calls = await self.world.get("calls?live=1")
        return next(c["sid"] for c in calls if c["kind"] == "client")

    async def event(self, name, seconds=10):
        """Wait until the page saw an event."""

        async def seen():
            return name in await self.page.evaluate("events")

        try:
            await until(seen, seconds)
        except AssertionError as error:
            raise AssertionError(await self.page.evaluate("events")) from error

    async def until_hears(self, hz):
        """Wait until the browser's strongest frequency is ``hz``."""
        last = None

        async def heard():
            nonlocal last
            last = await self.page.evaluate("hears()")
            return near(last, hz, 12)

        try:
            await until(heard)
        except AssertionError as error:
            raise AssertionError("the browser hears %s Hz" % last) from error


@pytest_asyncio.fixture
async def stage(sdk_path, tmp_path):
    """A browser whose microphone gives 550 Hz."""
    world = await World(
        time_scale=10.0, loopback=True, sdk_path=sdk_path
    ).start()
    microphone = tmp_path / "microphone.wav"
    microphone.write_bytes(wav.encode(np.tile(tones.tone((550,), 1.0), 10)))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[*FLAGS, "--use-file-for-fake-audio-capture=%s" % microphone],
        )
        page = await browser.new_page()
        await page.goto(world.base + "/test-page")
        yield Stage(world, page)
        await browser.close()
    await world.stop()
    faults = [e for e in world.emulator.logs.errors if e["code"] == 0]
    assert not faults, faults


async def test_agent_and_customer_hear_each_other_mute_and_send_keys(stage):
    world = stage.world
    await stage.open()
    world.app.answers["/client"] = room("c-1", participantLabel="agent-1")
    agent = await stage.connect(uuid="c-1")
    hit = world.app.at("/client")[0]
    assert hit.form["uuid"] == "c-1" and hit.form["From"] == "client:agent"
    await world.post("settings", {"tone": 900})
    customer = await world.rest(
        world.client.conferences("c-1").participants.create, from_=SALES, to=MOBILE,
        early_media=True, end_conference_on_exit=True, label="customer",
    )
    await world.until_status(customer.call_sid, "ringing")
    await stage.until_hears(425)
    await world.post("calls/%s/answer" % customer.call_sid)
    await world.until_call(customer.call_sid, lambda c: near(c["hears"]["peak_hz"], 550))
    await stage.until_hears(900)
    await stage.page.evaluate("call.mute(true)")
    await world.until_call(customer.call_sid, lambda c: c["hears"]["peak_hz"] == 0)
    await stage.page.evaluate("call.mute(false)")
    await world.until_call(customer.call_sid, lambda c: near(c["hears"]["peak_hz"], 550))
    await stage.page.evaluate("call.sendDigits('12#')")
    await world.until_call(customer.call_sid, lambda c: c["digits_received"] == "12#")
    await world.post("calls/%s/hangup" % customer.call_sid)
    await stage.event("disconnect")
    assert (await world.until_status(agent, "completed"))["status"] == "completed"
    ended = await until(lambda: world.app.at("/client_status"))
    assert ended[0].form["CallStatus"] == "completed"
