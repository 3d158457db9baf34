"""Participants of conferences."""

from ..clock import rfc2822
from ..conference import LabelTaken
from ..legs import Leg
from ..outgoing import DEFAULT_DURATION, DEFAULT_TIMEOUT, participant_program
from ..twiml.side import start_side_script, wait_starter
from .calls import endpoint_for
from .common import ACCOUNT, ApiError, Form, answer, created, gone, not_found, page
from .common import uri as address
from .conferences import find_conference
from .dialing import check_from, check_limits, check_to

STATUS = {
    "queued": "queued",
    "initiated": "connecting",
    "ringing": "ringing",
    "in-progress": "connected",
    "failed": "failed",
}


def serialize(participant):
    """Return a participant as Twilio shows it."""
    leg, conference = participant.leg, participant.conference
    return {
        "account_sid": leg.account_sid,
        "call_sid": leg.sid,
        "label": participant.label,
        "call_sid_to_coach": participant.coach_sid,
        "coaching": participant.coaching,
        "conference_sid": conference.sid,
        "date_created": rfc2822(participant.created),
        "date_updated": rfc2822(participant.updated),
        "muted": participant.muted,
        "end_conference_on_exit": participant.end_on_exit,
        "hold": participant.hold,
        "start_conference_on_enter": participant.start_on_enter,
        "status": STATUS.get(leg.status, "complete"),
        "queue_time": None,
        "uri": address(leg.emulator, "Conferences", conference.sid, "Participants", leg.sid),
    }


class Participants:
    """Routes of the resource."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        base = ACCOUNT + "/Conferences/{conference}/Participants"
        router.add_post(base + ".json", self.create)
        router.add_get(base + ".json", self.list)
        router.add_get(base + "/{key}.json", self.fetch)
        router.add_post(base + "/{key}.json", self.update)
        router.add_delete(base + "/{key}.json", self.delete)

    def participant(self, request):
        """Return the participant of a request, by call identifier or label.

        :raise ApiError: 404 also for one that has left.
        """
        conference, _new = find_conference(self.emulator, request)
        participant = conference.find(request.match_info["key"])
        if participant is None:
            raise not_found(request)
        return participant

    def _listed(self, participant):
        return participant.joined or self.emulator.settings.ringing_listed

    async def create(self, request):
        """Call a party into a conference."""
        form, emulator = Form(await request.post()), self.emulator
        to, from_ = form.need("To"), form.need("From", 21213)
        check_from(emulator, from_)
        check_to(emulator, to, from_)
        check_limits(emulator, to, 16021)
        conference, new = find_conference(emulator, request, create=True)
        if new:
            conference.callback = form.callback("ConferenceStatusCallback", ("start", "end"))
        callback = form.callback("StatusCallback")
        coach = form.text("CallSidToCoach") if form.flag("Coaching") else None
        if coach and not conference.find(coach):
            raise ApiError(400, 13240, f"Nobody to coach: {coach}")
        leg = Leg(
            emulator,
            "outbound-api",
            form.text("CallerId") or from_,
            to,
            endpoint_for(emulator, to),
            callbacks=[callback] if callback else [],
        )
        try:
            participant = conference.add(
                leg,
                label=form.text("Label"),
                muted=form.flag("Muted", False),
                start=form.flag("StartConferenceOnEnter", True),
                end=form.flag("EndConferenceOnExit", False),
                coach=coach,
                early_media=form.flag("EarlyMedia", True),
                beep=form.text("Beep", "true") in ("true", "onEnter"),
            )
        except LabelTaken as taken:
            leg.callbacks = []
            leg.hang_up("failed")
            del emulator.legs[leg.sid]
            raise ApiError(400, 16026, f"Participant Label {taken} is already in use") from taken
        wait = wait_starter(form.text("WaitUrl"), (form.text("WaitMethod") or "POST").upper())
        leg.run(
            participant_program(
                leg,
                participant,
                wait,
                timeout=form.number("Timeout", DEFAULT_TIMEOUT),
                duration=form.number("TimeLimit", DEFAULT_DURATION),
            )
        )
        if form.flag("Record"):
            url, method, events = form.callback("RecordingStatusCallback") or (None, "POST", ())
            emulator.recorder.record_call(
                leg, url, method, events, form.text("RecordingChannels") == "dual"
            )
        if form.text("ConferenceRecord") in ("true", "record-from-start"):
            url, method, _events = form.callback("ConferenceRecordingStatusCallback") or (
                None,
                "POST",
                (),
            )
            emulator.recorder.record_conference(conference, url, method)
        return created(serialize(participant))

    async def list(self, request):
        """List the participants of a conference."""
        conference, _new = find_conference(self.emulator, request)
        wanted = {
            name: request.query[name].lower() == "true"
            for name in ("Muted", "Hold", "Coaching")
            if name in request.query
        }
        found = [
            serialize(p)
            for p in conference.participants
            if self._listed(p)
            and all(getattr(p, name.lower()) == value for name, value in wanted.items())
        ]
        return page(request, "participants", found)

    async def fetch(self, request):
        """Show one participant."""
        return answer(serialize(self.participant(request)))

    async def update(self, request):
        """Hold, mute, coach or announce."""
        participant, form = self.participant(request), Form(await request.post())
        conference = participant.conference
        if form.flag("Coaching") and not conference.find(form.text("CallSidToCoach")):
            # A refused request changes nothing, above all not which parties are heard.
            raise ApiError(400, 13240, "Nobody to coach: {}".format(form.text("CallSidToCoach")))
        if form.flag("EndConferenceOnExit") is not None and not participant.hold:
            # As at Twilio: the change is silently ignored while the participant is on hold.
            participant.end_on_exit = form.flag("EndConferenceOnExit")
            conference.report("participant-modify", participant)
        if form.flag("Hold") is not None:
            self._hold(participant, form)
        if form.flag("Muted") is not None and form.flag("Muted") != participant.muted:
            participant.muted = form.flag("Muted")
            event = "participant-mute" if participant.muted else "participant-unmute"
            conference.report(event, participant)
        if form.flag("Coaching") is not None:
            self._coach(participant, form)
        if form.text("AnnounceUrl") and not participant.hold:
            start_side_script(
                participant,
                form.text("AnnounceUrl"),
                (form.text("AnnounceMethod") or "POST").upper(),
                repeat=False,
                is_lean=True,
            )
        participant.updated = conference.updated
        return answer(serialize(participant))

    def _hold(self, participant, form):
        hold, before = form.flag("Hold"), participant.hold
        participant.hold = hold
        if hold and (not before or form.text("HoldUrl")):
            method = (form.text("HoldMethod") or "GET").upper()
            start_side_script(participant, form.text("HoldUrl"), method, is_lean=True)
        elif not hold:
            participant.stop_side_script()
        if hold != before:
            event = "participant-hold" if hold else "participant-unhold"
            participant.conference.report(event, participant)

    def _coach(self, participant, form):
        participant.coach_sid = form.text("CallSidToCoach") if form.flag("Coaching") else None
        participant.conference.report("participant-modify", participant)

    async def delete(self, request):
        """Remove a participant from the conference."""
        participant = self.participant(request)
        participant.conference.remove(participant, "participant_updated_via_api")
        return gone()
