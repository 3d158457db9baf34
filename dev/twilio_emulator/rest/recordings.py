"""Recordings and their sound files."""

import asyncio

from aiohttp import web

from ..clock import now, rfc2822
from ..defaults import API_VERSION
from ..media import wav
from .common import ACCOUNT, ApiError, Form, answer, created, gone, matches_dates, not_found, page
from .common import uri as address

#: Addresses of the running recording.
CURRENT = "Twilio.CURRENT"


def serialize(emulator, recording, *, of_call=False):
    """Return a recording as Twilio shows it.

    :param bool of_call: in the form of a call's sub-resource.
    """
    data = {
        "sid": recording.sid,
        "account_sid": emulator.config.account_sid,
        "api_version": API_VERSION,
        "call_sid": recording.call_sid,
        "conference_sid": recording.conference_sid,
        "date_created": rfc2822(recording.created),
        "date_updated": rfc2822(recording.updated),
        "start_time": rfc2822(recording.start),
        "duration": str(recording.duration) if recording.file else "-1",
        "price": None,
        "price_unit": "USD",
        "status": recording.status,
        "channels": recording.channels,
        "source": recording.source,
        "error_code": None,
        "encryption_details": None,
    }
    if of_call:
        return {
            **data,
            "track": "both",
            "uri": address(emulator, "Calls", recording.call_sid, "Recordings", recording.sid),
        }
    return {
        **data,
        "media_url": recording.url,
        "uri": address(emulator, "Recordings", recording.sid),
        "subresource_uris": {},
    }


class Recordings:
    """Routes of the resource, also below calls."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        base = ACCOUNT + "/Recordings"
        router.add_get(base + ".json", self.list)
        router.add_get(base + "/{sid}.json", self.fetch)
        router.add_delete(base + "/{sid}.json", self.delete)
        router.add_get(base + "/{sid}.{kind:wav|mp3}", self.media)
        router.add_get(base + "/{sid}", self.media)
        below = ACCOUNT + "/Calls/{call}/Recordings"
        router.add_get(below + ".json", self.list)
        router.add_post(below + ".json", self.create)
        router.add_get(below + "/{sid}.json", self.fetch)
        router.add_post(below + "/{sid}.json", self.update)
        router.add_delete(below + "/{sid}.json", self.delete)

    def _all(self, request):
        call = request.match_info.get("call") or request.query.get("CallSid")
        return [r for r in self.emulator.store.recordings.values() if call in (None, r.call_sid)]

    def recording(self, request):
        """Return the recording of a request.

        :raise ApiError: 404.
        """
        sid, found = request.match_info["sid"], self._all(request)
        if sid == CURRENT:
            found = [r for r in found if r.status in ("in-progress", "paused")]
        else:
            found = [r for r in found if r.sid == sid]
        if not found:
            raise not_found(request)
        return found[-1]

    def _show(self, request, recording):
        return serialize(self.emulator, recording, of_call="call" in request.match_info)

    async def list(self, request):
        """List recordings, newest first."""
        query = request.query
        return page(
            request,
            "recordings",
            [
                self._show(request, r)
                for r in reversed(self._all(request))
                if query.get("ConferenceSid") in (None, "", r.conference_sid)
                and matches_dates(query, "DateCreated", r.created)
            ],
        )

    async def fetch(self, request):
        """Show one recording."""
        return answer(self._show(request, self.recording(request)))

    async def create(self, request):
        """Start recording a call."""
        leg, form = self.emulator.legs.get(request.match_info["call"]), Form(await request.post())
        if leg is None:
            raise not_found(request)
        if not leg.talking:
            raise ApiError(400, 21220, "The call is not in progress: it cannot be recorded.")
        lag = self.emulator.clock.real(self.emulator.settings.recording_lag)
        if (now() - leg.answered_at).total_seconds() < lag:
            raise ApiError(
                400, 21220, f"Requested resource {leg.sid} is not eligible for recording"
            )
        running = [r for r in self._all(request) if r.status in ("in-progress", "paused")]
        if running:
            return created(self._show(request, running[0]))
        url, method, events = form.callback("RecordingStatusCallback") or (None, "POST", ())
        recording = self.emulator.recorder.record_call(
            leg, url, method, events, form.text("RecordingChannels") == "dual"
        )
        return created(self._show(request, recording))

    async def update(self, request):
        """Pause, resume or stop."""
        recording, form = self.recording(request), Form(await request.post())
        status = form.need("Status")
        if recording.status not in ("in-progress", "paused"):
            raise ApiError(400, 21220, "The recording is over.")
        if status == "stopped":
            recording.stop()
        else:
            recording.status = status
            recording.pause = form.text("PauseBehavior") or "silence"
        shown = self._show(request, recording)
        if status == "stopped":
            shown["status"] = "stopped"
        return answer(shown)

    async def delete(self, request):
        """Delete a recording."""
        del self.emulator.store.recordings[self.recording(request).sid]
        return gone()

    async def media(self, request):
        """Send the sound file."""
        recording = self.recording(request)
        if recording.file is None:
            raise not_found(request)
        both = request.query.get("RequestedChannels") == "2"
        if both and recording.channels < 2:
            raise ApiError(400, 16113, "A mono recording has no second channel.")
        mp3 = request.match_info.get("kind") == "mp3"
        if mp3 and self.emulator.settings.mp3_channels < 2:
            both = False
        body = recording.file if both else recording.mixed
        if mp3:
            body = await asyncio.to_thread(wav.as_mp3, body)
            return web.Response(body=body, content_type="audio/mpeg")
        return web.Response(body=body, content_type="audio/x-wav")
