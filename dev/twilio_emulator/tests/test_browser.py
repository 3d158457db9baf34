"""The unmodified Voice SDK in a real browser: calls, sound, keys, lost connections."""

import time

import jwt
import pytest
import pytest_asyncio

from twilio_emulator.media import tones, wav

from .test_conference import near, room
from .world import MOBILE, SALES, World, until


class Stage:
    """A world with an agent's browser."""

    def __init__(self, world, page):
        self.world, self.page = world, page

    async def open(self, identity="agent", ttl=600, params=None, **options):
        """Create application and key, and open a Device with their token."""
        rest = self.world.client
        application = await self.world.rest(
            rest.applications.create,
            friendly_name="test",
            voice_url=self.world.app.url + "/client",
            status_callback=self.world.app.url + "/client_status",
        )
        key = await self.world.rest(rest.new_keys.create, friendly_name="test")
        now = int(time.time())
        token = jwt.encode(
            {
                "jti": f"{key.sid}-{now}",
                "iss": key.sid,
                "nbf": now - 60,
                "exp": now + ttl,
                "sub": self.world.config.account_sid,
                "grants": {
                    "identity": identity,
                    "voice": {
                        "incoming": {"allow": True},
                        "outgoing": {"application_sid": application.sid, "params": params or {}},
                    },
                },
            },
            key.secret,
            algorithm="HS256",
            headers={"cty": "twilio-fpa;v=1"},
        )
        await self.page.evaluate("([t, o]) => open(t, o)", [token, options])
        return token

    async def connect(self, **params):
        """Call from the agent's browser and return the leg's identifier."""
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
            raise AssertionError(f"the browser hears {last} Hz") from error


@pytest_asyncio.fixture
async def stage(sdk_path, chromium):
    """Return a world with a fresh page in the browser."""
    world = await World(time_scale=10.0, loopback=True, sdk_path=sdk_path).start()
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(world.base + "/test-page")
    yield Stage(world, page)
    await context.close()
    await world.stop()
    faults = [e for e in world.emulator.logs.errors if e["code"] == 0]
    assert not faults, faults


@pytest.mark.parametrize("rfc4733", [True, False])
async def test_agent_and_customer_hear_each_other_mute_and_send_keys(stage, rfc4733):
    """Keys travel as RTP events, or by signalling to a browser that cannot send these."""
    world = stage.world
    await world.post("settings", {"rfc4733": rfc4733})
    await stage.open()
    world.app.answers["/client"] = room("c-1", participantLabel="agent-1")
    agent = await stage.connect(uuid="c-1")
    hit = world.app.at("/client")[0]
    assert hit.form["uuid"] == "c-1" and hit.form["From"] == "client:agent"
    await world.post("settings", {"tone": 900})
    customer = await world.rest(
        world.client.conferences("c-1").participants.create,
        from_=SALES,
        to=MOBILE,
        early_media=True,
        end_conference_on_exit=True,
        label="customer",
    )
    await world.until_status(customer.call_sid, "ringing")
    await stage.until_hears(425)
    await world.post(f"calls/{customer.call_sid}/answer")
    await world.until_call(customer.call_sid, lambda c: near(c["hears"]["peak_hz"], 550))
    await stage.until_hears(900)
    await stage.page.evaluate("call.mute(true)")
    await world.until_call(customer.call_sid, lambda c: c["hears"]["peak_hz"] == 0)
    await stage.page.evaluate("call.mute(false)")
    await world.until_call(customer.call_sid, lambda c: near(c["hears"]["peak_hz"], 550))
    await stage.page.evaluate("call.sendDigits('12#')")
    await world.until_call(customer.call_sid, lambda c: c["digits_received"] == "12#")
    await world.post(f"calls/{customer.call_sid}/hangup")
    await stage.event("disconnect")
    assert (await world.until_status(agent, "completed"))["status"] == "completed"
    ended = await until(lambda: world.app.at("/client_status"))
    assert ended[0].form["CallStatus"] == "completed"


async def test_waiting_caller_is_taken_by_the_agent(stage):
    world = stage.world
    await world.answer_with(SALES, '<Enqueue waitUrl="wait" action="step">line</Enqueue>')
    world.app.answers["/wait"] = '<Play loop="3">ringback.wav</Play><Pause length="20"/>'
    world.app.answers["/ringback.wav"] = wav.encode(tones.tone((425,), 2.0))
    customer = await world.dial_in(tone=900)
    await world.until_call(customer, lambda c: near(c["hears"]["peak_hz"], 425))
    await stage.open()
    world.app.answers["/client"] = room("c-2", participantLabel="agent-1")
    world.app.answers["/join"] = room("c-2", endConferenceOnExit="true")
    agent = await stage.connect(uuid="c-2")
    queue = (await world.rest(world.client.queues.list))[0]
    await world.rest(
        world.client.queues(queue.sid).members(customer).update,
        url=world.app.url + "/join",
        method="POST",
    )
    await stage.until_hears(900)
    await world.until_call(customer, lambda c: near(c["hears"]["peak_hz"], 550))
    await world.rest(
        world.client.conferences((await world.call(agent))["conference"]["sid"])
        .participants(customer)
        .update,
        hold=True,
        hold_url=world.app.url + "/wait",
    )
    await stage.until_hears(0)
    await world.until_call(customer, lambda c: near(c["hears"]["peak_hz"], 425))
    await stage.page.evaluate("call.disconnect()")
    await world.until_status(agent, "completed")
    assert (await world.call(customer))["status"] == "in-progress"


async def test_reload_ends_the_agents_leg_only(stage):
    world = stage.world
    await stage.open()
    world.app.answers["/client"] = room("c-3")
    agent = await stage.connect(uuid="c-3")
    await world.answer_with(SALES, room("c-3"))
    customer = await world.dial_in(tone=900)
    await stage.until_hears(900)
    await stage.page.reload()
    await world.until_status(agent, "completed")
    assert (await world.call(customer))["status"] == "in-progress"
    await stage.open()
    again = await stage.connect(uuid="c-3")
    assert again != agent
    await stage.until_hears(900)


async def test_sound_goes_on_while_signalling_comes_back(stage):
    world = stage.world
    await stage.open()
    world.app.answers["/client"] = room("c-4")
    agent = await stage.connect(uuid="c-4")
    await world.answer_with(SALES, room("c-4"))
    customer = await world.dial_in(tone=900)
    await stage.until_hears(900)
    await world.post("signalling/drop")
    await stage.event("reconnecting")
    await stage.event("reconnected")
    await stage.until_hears(900)
    await world.until_call(customer, lambda c: near(c["hears"]["peak_hz"], 550))
    assert (await world.call(agent))["status"] == "in-progress"
    await stage.page.evaluate("call.disconnect()")
    await world.until_status(agent, "completed")


async def test_device_is_rung_and_accepts(stage):
    world = stage.world
    await stage.open("ana")
    await stage.page.evaluate("device.register()")
    await stage.event("registered")
    await world.answer_with(
        SALES,
        (
            '<Dial answerOnBridge="true"><Client><Identity>ana</Identity>'
            '<Parameter name="name" value="Azure &amp; Co"/></Client></Dial>'
        ),
    )
    customer = await world.dial_in(tone=900)
    await stage.page.wait_for_function("call?.customParameters.get('name') === 'Azure & Co'")
    await stage.page.evaluate("call.accept()")
    await stage.event("accept")
    await stage.until_hears(900)
    await world.until_call(customer, lambda c: near(c["hears"]["peak_hz"], 550))
    await stage.page.evaluate("call.disconnect()")
    await world.until_status(customer, "completed")


async def test_expired_token_is_an_error_of_the_device(stage):
    await stage.open(ttl=-5)
    await stage.page.evaluate("void device.register().catch(() => {})")
    await stage.event("device error 20104")


async def test_refused_call_tells_its_code(stage):
    await stage.open()
    stage.world.app.answers["/client"] = "<Reject reason='busy'/>"
    await stage.page.evaluate("(p) => connect(p)", {})
    await stage.event("call error 31486")
    await stage.event("disconnect")
