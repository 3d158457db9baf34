"""Telephone keys as RTP events (RFC 4733), which the WebRTC library does not know."""

from aiortc.codecs import CODECS
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtcrtpreceiver import RTCRtpReceiver

MIME = "audio/telephone-event"
DIGITS = "0123456789*#ABCD"
_CODEC = RTCRtpCodecParameters(mimeType=MIME, clockRate=8000, channels=1, payloadType=101)
_handle_rtp_packet = RTCRtpReceiver._handle_rtp_packet


async def _handle(self, packet, arrival_time_ms):
    codec = self._RTCRtpReceiver__codecs.get(packet.payload_type)
    if codec is None or codec.mimeType != MIME:
        return await _handle_rtp_packet(self, packet, arrival_time_ms)
    listener = getattr(self, "on_event", None)
    if listener and len(packet.payload) >= 4:
        listener(packet.payload[0], packet.timestamp)
    return None


def enable(wanted=True):
    """Offer telephone events in every new session, or stop offering them."""
    RTCRtpReceiver._handle_rtp_packet = _handle
    CODECS["audio"][:] = [codec for codec in CODECS["audio"] if codec.mimeType != MIME]
    if wanted:
        CODECS["audio"].append(_CODEC)


def watch(receiver, on_digit):
    """Call ``on_digit(digit)`` once for each key that arrives at ``receiver``."""
    seen = set()

    def event(code, timestamp):
        if code < len(DIGITS) and timestamp not in seen:
            seen.add(timestamp)
            on_digit(DIGITS[code])

    receiver.on_event = event
