"""Recordings: sound kept from calls, and their events for the application."""

import numpy as np

from .clock import now, rfc2822
from .defaults import API_VERSION
from .media import wav
from .media.audio import RATE, SILENCE
from .sids import new_sid


class Recording:
    """One recording."""

    def __init__(self, emulator, source, call_sid=None, conference_sid=None):
        self.sid, self.source = new_sid("RE"), source
        self.call_sid, self.conference_sid = call_sid, conference_sid
        self.created = self.updated = self.start = now()
        self.status, self.channels, self.file, self.samples = "in-progress", 1, None, 0
        self.mixed = None
        self.callback = (None, "POST", frozenset())
        account = f"{emulator.public_url}/{API_VERSION}/Accounts/{emulator.config.account_sid}"
        self.url = f"{account}/Recordings/{self.sid}"
        self.stop, self.pause = None, "silence"
        #: Number of samples so far.
        self.length = lambda: self.samples

    @property
    def duration(self):
        """Return whole seconds, rounded up."""
        return -(-self.samples // RATE)


class _Tap:
    """Collects the voices of legs, each in its own channel, synchronized by the engine's beat."""

    def __init__(self, legs):
        self.tracks = {leg: [] for leg in legs}
        self.listeners = {}
        self.paused = False
        for leg in legs:
            listener = self.listeners[leg] = self._listener(self.tracks[leg])
            leg.taps.append(listener)

    def _listener(self, track):
        return lambda said, heard: None if self.paused else track.append(said)

    def take(self):
        """Stop and return one array for each leg."""
        for leg, listener in self.listeners.items():
            if listener in leg.taps:
                leg.taps.remove(listener)
        return [np.concatenate(t) if t else np.zeros(0, np.int16) for t in self.tracks.values()]


class Recorder:
    """Makes recordings and keeps them in the store."""

    def __init__(self, emulator):
        self.emulator = emulator

    def begin(self, leg, source, url, method="POST", events=frozenset({"completed"})):
        """Start a recording of one leg; the caller delivers the sound to ``finish``."""
        recording = Recording(self.emulator, source, leg.sid)
        recording.callback = (url, method, events)
        self.emulator.store.recordings[recording.sid] = recording
        self._report(recording, "in-progress")
        return recording

    def record_call(self, leg, url, method, events, dual=False):
        """Record a leg's voice and its mix until it ends or the recording is stopped."""
        recording = self.begin(leg, "StartCallRecordingAPI", url, method, events)
        said, heard = [], []

        def tap(one, two):
            # A pause is silence of the same length, unless it is to be skipped.
            if recording.status != "paused" or recording.pause == "silence":
                said.append(SILENCE if recording.status == "paused" else one)
                heard.append(SILENCE if recording.status == "paused" else two)

        def stop():
            if tap in leg.taps:
                leg.taps.remove(tap)
            tracks = [np.concatenate(t) if t else np.zeros(0, np.int16) for t in (said, heard)]
            self.finish(recording, *(tracks if dual else [_mix(tracks)]))

        leg.taps.append(tap)
        recording.stop, recording.length = stop, lambda: sum(frame.size for frame in said)
        self.emulator.spawn(self._stop_when(leg.ended.wait(), recording))
        return recording

    def record_bridge(self, one, two, dual, url, method):
        """Record two connected legs until they part; channel 1 is the first."""
        recording = self.begin(one, "DialVerb", url, method)
        tap = _Tap((one, two))
        bridge = one.bridge

        def stop():
            tracks = tap.take()
            self.finish(recording, *(tracks if dual else [_mix(tracks)]))

        recording.stop = stop
        bridge.done.add_done_callback(lambda _done: self._end(recording))
        return recording

    def record_conference(self, conference, url, method):
        """Record a whole conference, mixed, unless it is being recorded already."""
        if getattr(conference, "recording", None):
            return conference.recording
        recording = conference.recording = Recording(
            self.emulator, "Conference", conference_sid=conference.sid
        )
        recording.callback = (url, method, frozenset({"completed"}))
        self.emulator.store.recordings[recording.sid] = recording
        frames = []
        listener = _Observer(conference, frames)
        self.emulator.engine.add(listener)

        def stop():
            self.emulator.engine.remove(listener)
            sound = np.concatenate(frames) if frames else np.zeros(0, np.int16)
            self.finish(recording, sound)

        recording.stop = stop
        conference.on_end.append(lambda: self._end(recording))
        return recording

    async def _stop_when(self, event, recording):
        await event
        self._end(recording)

    def _end(self, recording):
        if recording.status in ("in-progress", "paused"):
            recording.stop()

    def finish(self, recording, *tracks, absent=False):
        """Close a recording with its sound (one array for each channel)."""
        recording.updated = now()
        recording.status = "absent" if absent else "completed"
        recording.channels = len(tracks)
        recording.samples = max(track.size for track in tracks)
        recording.file = None if absent else wav.encode(*tracks)
        recording.mixed = None if absent else wav.encode(_mix(tracks))
        self._report(recording, recording.status)

    def _report(self, recording, event):
        url, method, events = recording.callback
        if url and event in events:
            self.emulator.callback(
                url,
                {
                    "AccountSid": self.emulator.config.account_sid,
                    "CallSid": recording.call_sid,
                    "ConferenceSid": recording.conference_sid,
                    "RecordingSid": recording.sid,
                    "RecordingUrl": recording.url,
                    "RecordingStatus": event,
                    "RecordingDuration": recording.duration if event == "completed" else None,
                    "RecordingChannels": recording.channels,
                    "RecordingSource": recording.source,
                    "RecordingStartTime": rfc2822(recording.start),
                    "ErrorCode": 0,
                    "RecordingTrack": "both",
                },
                method,
                kind="recording",
            )


class _Observer:
    """A silent party of the engine that keeps a conference's whole mix."""

    def __init__(self, conference, frames):
        self.conference, self.frames, self.said = conference, frames, None

    def speak(self):
        """Return no sound."""
        return

    def mix(self):
        """Return the sum of all voices."""
        conference = self.conference
        return conference.mixer.read(self, conference.participants, conference.emulator.engine.tick)

    def listen(self, frame):
        """Keep a frame."""
        self.frames.append(frame)


def _mix(tracks):
    length = max(track.size for track in tracks)
    total = np.zeros(length, np.int32)
    for track in tracks:
        total[: track.size] += track
    return np.clip(total, -32768, 32767).astype(np.int16)
