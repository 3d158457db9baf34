"""Conferences: participants, mixing, and events for the application."""

import asyncio

from .clock import now, rfc2822
from .defaults import API_VERSION
from .media import tones
from .media.audio import SILENCE
from .media.channel import Channel
from .media.mixer import Mixer
from .sids import new_sid

EVENT_GROUPS = {
    "conference-start": "start",
    "conference-end": "end",
    "participant-join": "join",
    "participant-leave": "leave",
    "participant-mute": "mute",
    "participant-unmute": "mute",
    "participant-hold": "hold",
    "participant-unhold": "hold",
    "participant-modify": "modify",
}


class LabelTaken(ValueError):
    """Another participant of the conference has this label (error 16025, over REST 16026)."""


class Participant:
    """One leg's place in a conference.

    ``done`` is a future whose result is the reason of the participant's leaving.
    """

    def __init__(
        self,
        conference,
        leg,
        *,
        label=None,
        muted=False,
        start=True,
        end=False,
        coach=None,
        early_media=False,
        beep=True,
    ):
        self.conference, self.leg, self.label = conference, leg, label or None
        self.muted, self.hold = muted, False
        self.start_on_enter, self.end_on_exit, self.beep = start, end, beep
        self.coach_sid, self.early_media = coach, early_media
        self.joined = self.announced = False
        self.created = self.updated = now()
        self.hold_channel = Channel()
        self.side_script = None
        self.done = asyncio.get_running_loop().create_future()
        self._ringing = Channel()

    @property
    def coaching(self):
        """Return whether only one other participant hears this one."""
        return self.coach_sid is not None

    @property
    def said(self):
        """Return this participant's present frame for the others."""
        if not self.joined:
            return self._ringing_frame()
        return self.leg.said

    @property
    def open(self):
        """Return whether all participants hear this one."""
        if not self.joined:
            return self.early_media and self.leg.status == "ringing"
        started = self.conference.status == "in-progress"
        return started and not (self.muted or self.hold or self.coaching)

    @property
    def whispers_to(self):
        """Return the only participant that hears this one, or None."""
        if not self.joined or not self.coaching or self.muted or self.hold:
            return None
        return self.conference.find(self.coach_sid)

    def _ringing_frame(self):
        if self._frame_tick != self.leg.emulator.engine.tick:
            self._frame_tick = self.leg.emulator.engine.tick
            if self._ringing.text is None:
                self._ringing.start(tones.RINGING, "ringing", loop=True)
            self._frame = self._ringing.read()
        return self._frame

    _frame_tick, _frame = None, SILENCE

    def announce_early(self):
        """Report that the participant joined while its leg only rings with early media."""
        if self.early_media and not self.done.done():
            self.announced = True
            self.conference.report("participant-join", self)

    def stop_side_script(self):
        """End the hold or wait document of this participant."""
        task, self.side_script = self.side_script, None
        if task:
            task.cancel()
        self.hold_channel.stop()


class Conference:
    """One conference.

    :param emulator: the emulator of the conference.
    :param str name: friendly name.
    :param callback: (address, method, set of groups), as given by the *first* participant.
    """

    def __init__(self, emulator, name, callback=None):
        self.emulator, self.name, self.callback = emulator, name, callback
        self.sid, self.status = new_sid("CF"), "init"
        self.created = self.updated = now()
        self.participants, self.left = [], []
        self.mixer, self.sequence = Mixer(), 0
        self.recording, self.on_end = None, []
        self.reason_ended = self.call_sid_ending = None

    @property
    def over(self):
        """Return whether the conference has ended."""
        return self.status == "completed"

    def find(self, key):
        """Return the participant with this call identifier or label, or None."""
        return next((p for p in self.participants if key and key in (p.leg.sid, p.label)), None)

    def add(self, leg, **options):
        """Reserve a place; the participant joins when its leg is answered.

        :raise LabelTaken: if the label is in use.
        """
        label = options.get("label")
        if label and self.find(label):
            raise LabelTaken(label)
        participant = Participant(self, leg, **options)
        self.participants.append(participant)
        leg.participant = participant
        return participant

    def join(self, participant, wait=None):
        """Admit the participant after its leg was answered.

        :param wait: callable that starts the wait document for one participant, or None.
        """
        participant.joined = True
        participant.leg.source = self
        if not participant.announced:
            self.report("participant-join", participant)
        inside = [p for p in self.participants if p.joined]
        if self.status == "init" and len(inside) > 1 and any(p.start_on_enter for p in inside):
            self.status = "in-progress"
            self.report("conference-start")
            for other in inside:
                if not other.hold:
                    other.stop_side_script()
        elif self.status == "init" and wait:
            wait(participant)
        if participant.beep and self.status == "in-progress":
            for other in inside:
                if other is not participant and other.side_script is None:
                    other.hold_channel.start(tones.BEEP, "beep")

    def read(self, leg):
        """Return the frame that a leg hears now."""
        participant = leg.participant
        if participant is None:
            return SILENCE
        if participant.hold:
            return participant.hold_channel.read()
        mix = self.mixer.read(participant, self.participants, self.emulator.engine.tick)
        if participant.hold_channel.text is not None:
            heard = mix.astype("int32") + participant.hold_channel.read()
            return heard.clip(-32768, 32767).astype("int16")
        return mix

    def remove(self, participant, reason):
        """Remove a participant, and end the conference if its leaving requires that."""
        if participant not in self.participants:
            return
        self._let_go(participant, reason)
        if participant.end_on_exit and participant.joined and not self.over:
            self.call_sid_ending = participant.leg.sid
            self.end(
                "participant-with-end-conference-on-exit-left",
                "moderator_ended_conference",
                participant,
            )
        elif not self.participants and not self.over:
            self.call_sid_ending = participant.leg.sid
            self.end("last-participant-left", "participant_hung_up", participant)

    def end(self, reason, reason_left, by=None):
        """End the conference for all participants.

        :param str reason: of the end.
        :param str reason_left: reported reason of each remaining participant's leaving.
        """
        if self.over:
            return
        self.status, self.reason_ended, self.updated = "completed", reason, now()
        for participant in tuple(self.participants):
            self._let_go(participant, reason_left)
        extra = {"ReasonConferenceEnded": reason}
        if by:
            extra.update(
                CallSidEndingConference=by.leg.sid, ParticipantLabelEndingConference=by.label
            )
        self.report("conference-end", **extra)
        for follow in self.on_end:
            follow()

    def _let_go(self, participant, reason):
        self.participants.remove(participant)
        self.left.append(participant)
        participant.stop_side_script()
        leg = participant.leg
        leg.participant, leg.source = None, leg.channel
        if not participant.joined:
            reason = "participant_add_failed"
        self.report(
            "participant-leave",
            participant,
            ReasonParticipantLeft=reason,
            ParticipantCallStatus=leg.closing or leg.status,
        )
        if not participant.done.done():
            participant.done.set_result(reason)

    def pass_key(self, sender, digit):
        """Send a key pressed by a participant to the others."""
        if not self.emulator.settings.conference_keys:
            return
        for other in self.participants:
            heard = sender.open or sender.whispers_to is other
            if other is not sender and heard and other.joined and not other.hold:
                other.leg.receive(digit)

    def report(self, event, participant=None, **extra):
        """Send an event to the application."""
        self.updated = now()
        self.sequence += 1
        if not self.callback or EVENT_GROUPS[event] not in self.callback[2]:
            return
        params = {
            "AccountSid": self.emulator.config.account_sid,
            "ApiVersion": API_VERSION,
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "StatusCallbackEvent": event,
            "SequenceNumber": self.sequence,
            "Timestamp": rfc2822(now()),
        }
        if participant:
            params.update(
                CallSid=participant.leg.sid,
                ParticipantLabel=participant.label,
                Muted=_word(participant.muted),
                Hold=_word(participant.hold),
                Coaching=_word(participant.coaching),
                CallSidToCoach=participant.coach_sid,
                EndConferenceOnExit=_word(participant.end_on_exit),
                StartConferenceOnEnter=_word(participant.start_on_enter),
            )
        params.update(extra)
        self.emulator.callback(self.callback[0], params, self.callback[1], kind="conference")


def _word(value):
    return "true" if value else "false"


class Conferences:
    """All conferences, running and past."""

    def __init__(self, emulator):
        self.emulator, self.all = emulator, {}

    def running(self, name):
        """Return the running conference with this name, or None."""
        return next((c for c in self.all.values() if c.name == name and not c.over), None)

    def find(self, key):
        """Return a conference by identifier, or a running one by name."""
        return self.all.get(key) or self.running(key)

    def enter(self, name, callback=None):
        """Return the running conference with this name; a new one keeps ``callback``."""
        conference = self.running(name)
        if conference is None:
            conference = Conference(self.emulator, name, callback)
            self.all[conference.sid] = conference
        return conference
