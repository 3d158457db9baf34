"""The Voice SDK's signalling, spoken by hand: tokens, order of messages, lost connections."""

import contextlib
import json
import time

import aiohttp
import jwt
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

from twilio_emulator.tokens import TokenRefused, verify

from .test_conference import room
from .world import SALES


class Phone:
    """A client of the protocol without a browser."""

    def __init__(self, socket):
        self.socket, self.beats = socket, 0

    async def send(self, type_, **payload):
        """Send one message."""
        await self.socket.send_json({"type": type_, "version": "1.6", "payload": payload})

    async def receive(self, type_):
        """Return the payload of the next message, which must be of this type."""
        while True:
            frame = await self.socket.receive(timeout=5)
            assert frame.type == aiohttp.WSMsgType.TEXT, frame
            if frame.data == "\n":
                self.beats += 1
                continue
            message = json.loads(frame.data)
            assert (message["type"], message["version"]) == (type_, "1.6"), message
            return message["payload"]

    async def listen(self, token):
        """Authenticate."""
        await self.send("listen", token=token, browserinfo={}, reconnectTimeout=0)


@contextlib.asynccontextmanager
async def phone(world):
    """Open a connection."""
    async with world.session.ws_connect(world.base + "/signal") as socket:
        yield Phone(socket)


async def credentials(world, application="/client"):
    """Return key and application for tokens."""
    app = await world.rest(
        world.client.applications.create, friendly_name="x", voice_url=world.app.url + application
    )
    return await world.rest(world.client.new_keys.create, friendly_name="x"), app


def token(world, key, app, *, ttl=600, header=(), incoming=True, **claims):
    """Return a signed token."""
    payload = {
        "jti": key.sid + "-1",
        "iss": key.sid,
        "sub": world.config.account_sid,
        "exp": int(time.time()) + ttl,
        "grants": {
            "identity": "ana",
            "voice": {
                "incoming": {"allow": incoming},
                "outgoing": {"application_sid": app.sid},
            },
        },
        **claims,
    }
    headers = {"cty": "twilio-fpa;v=1", **dict(header)}
    return jwt.encode(payload, key.secret, algorithm="HS256", headers=headers)


async def test_good_token_connects_and_registers(world):
    key, app = await credentials(world)
    async with phone(world) as ana:
        await ana.listen(token(world, key, app))
        connected = await ana.receive("connected")
        assert connected["token"]["identity"] == "ana" and 590 < connected["token"]["ttl"] <= 600
        await ana.send("register", media={"audio": True})
        await ana.receive("ready")
        await ana.send("register", media={"audio": False})
        await ana.receive("offline")


async def test_token_without_region_is_for_the_united_states(world):
    key, app = await credentials(world)
    keys, sid = world.emulator.store.keys, world.config.account_sid
    assert verify(token(world, key, app), keys, sid, "us1")
    assert verify(token(world, key, app, header={"twr": "ie1"}), keys, sid, "ie1")
    with pytest.raises(TokenRefused):
        verify(token(world, key, app), keys, sid, "ie1")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ttl": -5}, 31205),
        ({"iss": "SK" + "0" * 32}, 31204),
        ({"sub": "AC" + "0" * 32}, 31204),
        ({"header": {"cty": "jwt"}}, 31204),
        ({"header": {"twr": "ie1"}}, 31204),
        ({"grants": {"identity": "ana"}}, 31204),
        ({"ttl": 200000}, 31207),
    ],
)
async def test_bad_tokens_are_refused(world, change, code):
    key, app = await credentials(world)
    async with phone(world) as ana:
        await ana.listen(token(world, key, app, **change))
        assert (await ana.receive("error"))["error"]["code"] == code


async def test_token_signed_with_the_account_secret_is_refused(world):
    key, app = await credentials(world)
    key.secret = world.config.auth_token
    async with phone(world) as ana:
        await ana.listen(token(world, key, app))
        assert (await ana.receive("error"))["error"]["code"] == 31204


async def test_registration_before_the_token_is_refused(world):
    async with phone(world) as ana:
        await ana.send("register", media={"audio": True})
        assert (await ana.receive("error"))["error"]["code"] == 31204


async def test_heartbeat(world):
    key, app = await credentials(world)
    await world.post("settings", {"heartbeat": 0.05})
    async with phone(world) as ana:
        frame = await ana.socket.receive(timeout=5)
        assert frame.data == "\n"
        await ana.socket.send_str("\n")
        await ana.listen(token(world, key, app))
        await ana.receive("connected")


class Media:
    """The sound of a client."""

    def __init__(self):
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pc.addTrack(AudioStreamTrack())

    async def offer(self):
        """Return our offer."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def accept(self, sdp):
        """Apply the answer."""
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))


async def call(world, ana, media, **params):
    """Call from the client and return (leg's identifier, answer)."""
    query = "&".join("{}={}".format(*pair) for pair in params.items())
    await ana.send("invite", callsid="TJ1", sdp=await media.offer(), twilio={"params": query})
    ringing = await ana.receive("ringing")
    answer = await ana.receive("answer")
    assert answer["callsid"] == ringing["callsid"]
    await media.accept(answer["sdp"])
    return answer["callsid"], answer


@contextlib.asynccontextmanager
async def in_a_call(world):
    """Return a client in a conference: (phone, identifier, answer, token)."""
    key, app = await credentials(world)
    world.app.answers["/client"] = room("r")
    secret = token(world, key, app)
    media = Media()
    async with phone(world) as ana:
        await ana.listen(secret)
        await ana.receive("connected")
        sid, answer = await call(world, ana, media, uuid="u-1", From="client:boss")
        yield ana, sid, answer, secret
    await media.pc.close()


async def test_client_cannot_choose_its_identity(world):
    async with in_a_call(world):
        form = world.app.at("/client")[0].form
        assert (form["From"], form["uuid"], form["CallStatus"]) == ("client:ana", "u-1", "ringing")
        assert form["ApplicationSid"].startswith("AP")


async def test_answer_has_addresses_and_telephone_events(world):
    async with in_a_call(world) as (_ana, _sid, answer, _token):
        assert "a=candidate" in answer["sdp"] and "telephone-event/8000" in answer["sdp"]
        assert " 127.0.0.1 " in answer["sdp"]


async def test_hang_up_by_either_side(world):
    async with in_a_call(world) as (ana, sid, _answer, _token):
        await ana.send("hangup", callsid="TJ1")
        assert (await world.until_status(sid, "completed"))["error_code"] is None
    async with in_a_call(world) as (ana, sid, _answer, _token):
        await world.rest(world.client.calls(sid).update, status="completed")
        assert (await ana.receive("hangup"))["callsid"] == sid


async def test_keys_by_message(world):
    async with in_a_call(world) as (ana, sid, _answer, _token):
        await ana.send("dtmf", callsid=sid, dtmf="1w2")
        await world.until_call(sid, lambda c: c["digits_pressed"] == "12")


async def test_lost_connection_can_come_back(world):
    async with in_a_call(world) as (ana, sid, answer, secret):
        await world.post("signalling/drop", {"identity": "ana"})
        frame = await ana.socket.receive(timeout=5)
        assert frame.type in (
            aiohttp.WSMsgType.CLOSED,
            aiohttp.WSMsgType.CLOSE,
            aiohttp.WSMsgType.ERROR,
        )
        async with phone(world) as again:
            await again.listen(secret)
            await again.receive("connected")
            await again.send(
                "invite", callsid=sid, sdp=None, reconnect=answer["reconnect"], twilio={}
            )
            back = await again.receive("answer")
            assert back["callsid"] == sid and back["reconnect"] != answer["reconnect"]
            assert (await world.call(sid))["status"] == "in-progress"
            await again.send("hangup", callsid=sid)
            await world.until_status(sid, "completed")


async def test_lost_connection_ends_the_call_after_a_while(world):
    await world.post("settings", {"signalling_loss": 2})
    async with in_a_call(world) as (_ana, sid, _answer, _token):
        await world.post("signalling/drop")
        await world.until_status(sid, "completed")


async def test_call_without_application_is_refused(world):
    key, app = await credentials(world)
    await world.rest(world.client.applications(app.sid).delete)
    media = Media()
    async with phone(world) as ana:
        await ana.listen(token(world, key, app))
        await ana.receive("connected")
        await ana.send("invite", callsid="TJ1", sdp=await media.offer(), twilio={"params": ""})
        assert (await ana.receive("hangup"))["error"]["code"] == 31002
    await media.pc.close()


async def test_rejected_call_ends_with_a_code(world):
    key, app = await credentials(world)
    world.app.answers["/client"] = "<Reject reason='busy'/>"
    media = Media()
    async with phone(world) as ana:
        await ana.listen(token(world, key, app))
        await ana.receive("connected")
        await ana.send("invite", callsid="TJ1", sdp=await media.offer(), twilio={"params": ""})
        await ana.receive("ringing")
        assert (await ana.receive("hangup"))["error"]["code"] == 31486
    await media.pc.close()


async def test_dialed_client_rings_every_tab_and_the_first_wins(world):
    key, app = await credentials(world)
    await world.answer_with(
        SALES,
        (
            '<Dial answerOnBridge="true"><Client><Identity>ana</Identity>'
            '<Parameter name="n" value="1&amp;2"/></Client></Dial>'
        ),
    )
    async with phone(world) as one, phone(world) as two:
        for tab in (one, two):
            await tab.listen(token(world, key, app))
            await tab.receive("connected")
            await tab.send("register", media={"audio": True})
            await tab.receive("ready")
        sid = await world.dial_in()
        invites = [await tab.receive("invite") for tab in (one, two)]
        assert invites[0]["parameters"]["Params"] == "n=1%262"
        assert (await world.call(sid))["status"] == "ringing"
        media = Media()
        await media.pc.setRemoteDescription(RTCSessionDescription(invites[0]["sdp"], "offer"))
        await media.pc.setLocalDescription(await media.pc.createAnswer())
        await one.send("answer", callsid=invites[0]["callsid"], sdp=media.pc.localDescription.sdp)
        assert (await two.receive("cancel"))["callsid"] == invites[1]["callsid"]
        await world.until_call(sid, lambda c: c["bridged_with"] == invites[0]["callsid"])
        await one.send("hangup", callsid=invites[0]["callsid"])
        await world.until_status(sid, "completed")
        await media.pc.close()


async def test_message_of_the_application_reaches_the_page(world):
    async with in_a_call(world) as (ana, sid, _answer, _token):
        sent = await world.rest(
            world.client.calls(sid).user_defined_messages.create, content='{"a":1}'
        )
        got = await ana.receive("message")
        assert (got["content"], got["voiceeventsid"]) == ('{"a":1}', sent.sid)
        await ana.send("message", callsid=sid, content="x", voiceeventsid="KX1")
        assert (await ana.receive("ack"))["voiceeventsid"] == "KX1"


async def test_browser_without_sound_calls_its_application(world):
    """The control API makes the leg of a browser, exactly as its token allows."""
    key, app = await credentials(world)
    world.app.answers["/client"] = "<Dial><Conference>room</Conference></Dial>"
    answer = await world.post(
        "browsers", {"token": token(world, key, app), "params": {"uuid": "u", "From": "x"}}, 201
    )
    leg = await world.until_status(answer["sid"], "in-progress")
    assert (leg["kind"], leg["from"]) == ("client", "client:ana")
    [hit] = world.app.at("/client")
    assert (hit.form["uuid"], hit.form["From"]) == ("u", "client:ana")
    await world.post("calls/{}/hangup".format(answer["sid"]))
    await world.until_status(answer["sid"], "completed")
    await world.post("browsers", {"token": token(world, key, app, ttl=-1)}, 400)
    await world.post("browsers", {"token": "x"}, 400)
