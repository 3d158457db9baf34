"""Sound through the published ports of a container, whose own address a browser cannot reach."""

import asyncio
import re

import aioice.ice
import pytest
import pytest_asyncio
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from twilio_emulator.media import webrtc

from .world import until

#: The container's address, and that of the machine which publishes its ports.
INSIDE, OUTSIDE = "127.0.0.3", "127.0.0.1"
CANDIDATE = re.compile(r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host\r\n", re.MULTILINE)


class Back(asyncio.DatagramProtocol):
    """The way from the container back to one sender."""

    def __init__(self, published, address):
        self.published, self.address = published, address

    def datagram_received(self, data, _address):
        self.published.transport.sendto(data, self.address)


class Published(asyncio.DatagramProtocol):
    """A published port: each sender has a socket of its own towards the container, as by NAT."""

    def __init__(self, port):
        self.port, self.ways = port, {}

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        asyncio.get_running_loop().create_task(self.forward(data, address))

    async def forward(self, data, address):
        if address not in self.ways:
            opening = asyncio.get_running_loop().create_datagram_endpoint(
                lambda: Back(self, address), remote_addr=(INSIDE, self.port)
            )
            self.ways[address] = asyncio.ensure_future(opening)
        way, _protocol = await self.ways[address]
        way.sendto(data)

    async def close(self):
        self.transport.close()
        for opening in self.ways.values():
            (await opening)[0].close()


@pytest_asyncio.fixture
async def publish(monkeypatch):
    """Return a function that publishes the ports of an offer or answer.

    It returns this text without the addresses that a browser cannot reach.
    """
    opened, own = [], aioice.ice.get_host_addresses
    webrtc.announce(OUTSIDE)

    async def open_ports(sdp):
        found = CANDIDATE.findall(sdp)
        assert {address for address, _port in found} == {INSIDE, OUTSIDE}
        for port in {int(port) for _address, port in found}:
            _transport, published = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda port=port: Published(port), (OUTSIDE, port)
            )
            opened.append(published)
        return CANDIDATE.sub(lambda line: line[0] if line[1] == OUTSIDE else "", sdp)

    yield open_ports
    webrtc.announce(None)
    aioice.ice.get_host_addresses = own
    for published in opened:
        await published.close()


def use_address(address):
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [address]


@pytest.mark.parametrize("caller", ["browser", "emulator"])
async def test_browser_outside_reaches_a_container(publish, caller):
    browser = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    browser.addTransceiver("audio")
    peer = webrtc.WebRtcPeer()
    try:
        if caller == "browser":
            use_address(OUTSIDE)
            await browser.setLocalDescription(await browser.createOffer())
            use_address(INSIDE)
            answer = await publish(await peer.answer(browser.localDescription.sdp))
            await browser.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        else:
            use_address(INSIDE)
            offer = await publish(await peer.offer())
            use_address(OUTSIDE)
            await browser.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await browser.setLocalDescription(await browser.createAnswer())
            await peer.accept(browser.localDescription.sdp)
        states = (browser, peer.pc)
        await until(lambda: all(pc.connectionState == "connected" for pc in states), 10)
    finally:
        await peer.close()
        await browser.close()


def test_no_address_is_added_without_the_option():
    sdp = "a=candidate:1 1 udp 2130706431 10.0.0.2 40000 typ host\r\n"
    assert webrtc.with_announced(sdp) == sdp
