"""One browser's sound: a WebRTC peer that gives and takes frames of 20 ms."""

import asyncio
import fractions
import logging
import re
from collections import deque

import aioice.ice
import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from . import rfc4733
from .audio import FRAME, RATE

_logger = logging.getLogger(__name__)
_TIME_BASE = fractions.Fraction(1, RATE)
#: Frames collected before the first is played, and maximum length of the buffer.
PREFILL, MOST = 2, 10
_host_addresses = aioice.ice.get_host_addresses
#: A line of SDP with an address of this machine: what precedes the address, and what follows it.
_CANDIDATE = re.compile(r"^(a=candidate:)(\S+)( 1 udp \d+ )\S+( \d+ typ host)\r\n", re.M)
_announced = []


def announce(address):
    """Offer another address with the ports of this machine's own ones.

    A container has an address that browsers on another machine cannot reach, while its UDP ports
    are published under the same numbers.

    :param str address: IPv4 address, or None.
    """
    _announced[:] = [address] if address else []


def with_announced(sdp):
    """Return an offer or answer (SDP text) with the announced address besides our own."""
    for address in _announced:
        line = rf"\g<0>\g<1>\g<2>a\g<3>{address}\g<4>\r\n"
        sdp = _CANDIDATE.sub(line, sdp)
    return sdp


def use_loopback(wanted):
    """Offer 127.0.0.1 too: always when ``wanted``, else only on a machine without other address."""

    def addresses(use_ipv4, use_ipv6):
        found = _host_addresses(use_ipv4, use_ipv6)
        return [*found, "127.0.0.1"] if wanted or not found else found

    aioice.ice.get_host_addresses = addresses


class _Speaker(MediaStreamTrack):
    """The track for the browser, paced by the engine that adds its frames."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self._frames, self._pts = asyncio.Queue(maxsize=MOST), 0

    def put(self, frame):
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(frame)

    async def recv(self):
        pcm = await self._frames.get()
        if self.readyState != "live":
            raise MediaStreamError
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), "s16", "mono")
        frame.pts, frame.sample_rate, frame.time_base = self._pts, RATE, _TIME_BASE
        self._pts += pcm.size
        return frame


class WebRtcPeer:
    """A peer connection with one audio line.

    :param on_digit: called with each key that arrives as an RTP event.
    :param on_lost: called once when the media connection is gone for good.
    """

    def __init__(self, on_digit=None, on_lost=None):
        self._on_digit, self._on_lost = on_digit, on_lost
        self._speaker = _Speaker()
        self._heard = deque()
        self._filling = True
        self._tasks = set()
        self.closed = False
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pc.addTrack(self._speaker)
        self.pc.on("track", self._on_track)
        self.pc.on("connectionstatechange", self._on_state)

    async def answer(self, sdp):
        """Return our answer to a browser's offer (SDP text, with all our addresses)."""
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        self._watch()
        return with_announced(self.pc.localDescription.sdp)

    async def offer(self):
        """Return our offer (SDP text)."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return with_announced(self.pc.localDescription.sdp)

    async def accept(self, sdp):
        """Apply the browser's answer to our offer."""
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        self._watch()

    def read(self):
        """Return the browser's next frame, None for silence."""
        if self._filling and len(self._heard) < PREFILL:
            return None
        self._filling = not self._heard
        while len(self._heard) > MOST:
            self._heard.popleft()
        return self._heard.popleft() if self._heard else None

    def write(self, frame):
        """Send one frame to the browser."""
        if self.pc.connectionState == "connected":
            self._speaker.put(frame)

    async def close(self):
        """End the connection."""
        if not self.closed:
            self.closed = True
            self._speaker.stop()
            for task in self._tasks:
                task.cancel()
            await self.pc.close()

    def _watch(self):
        if self._on_digit:
            for receiver in self.pc.getReceivers():
                rfc4733.watch(receiver, self._on_digit)

    def _on_track(self, track):
        task = asyncio.create_task(self._pump(track), name="browser sound")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pump(self, track):
        resampler = av.AudioResampler("s16", "mono", RATE)
        rest = np.zeros(0, np.int16)
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            for part in resampler.resample(frame):
                rest = np.concatenate([rest, part.to_ndarray().reshape(-1)])
            while rest.size >= FRAME:
                self._heard.append(rest[:FRAME])
                rest = rest[FRAME:]

    def _on_state(self):
        if self.pc.connectionState in ("failed", "closed") and not self.closed and self._on_lost:
            _logger.info("The media connection is %s", self.pc.connectionState)
            self._on_lost()
