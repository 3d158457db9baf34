"""One leg of a call, which Twilio names a Call."""

import asyncio
import logging

from .clock import now, rfc2822, seconds_between
from .defaults import API_VERSION
from .media.audio import SILENCE
from .media.channel import Channel
from .media.meter import Meter
from .permissions import country_of
from .sids import new_sid

_logger = logging.getLogger(__name__)

#: Statuses of a leg that is over.
OVER = ("completed", "busy", "no-answer", "canceled", "failed")
#: Event name of a status callback for each status.
EVENTS = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}


def standard_params(leg):
    """Return the parameters of every request about a leg."""
    params = {
        "AccountSid": leg.account_sid,
        "ApiVersion": API_VERSION,
        "CallSid": leg.sid,
        "CallStatus": leg.status,
        "Called": leg.to,
        "Caller": leg.from_,
        "Direction": leg.direction,
        "From": leg.from_,
        "To": leg.to,
        "ParentCallSid": leg.parent_sid,
        "ForwardedFrom": leg.forwarded_from,
    }
    if leg.kind == "pstn":
        for who, number in (("From", leg.from_), ("To", leg.to)):
            place = dict.fromkeys(("City", "State", "Zip"), "") | {"Country": country_of(number)}
            for name in (who, "Caller" if who == "From" else "Called"):
                params.update({name + part: value for part, value in place.items()})
    params.update(leg.network)
    return params


def number_callbacks(target):
    """Return the status callbacks of a call to a number or application: its end only."""
    if not target["status_callback"]:
        return []
    return [(target["status_callback"], target["status_callback_method"], {"completed"})]


class Leg:
    """One party's connection.

    :param emulator: the emulator of the leg.
    :param str direction: ``inbound``, ``outbound-api`` or ``outbound-dial``.
    :param endpoint: the party at the other end (see ``party.Telephone``, ``signalling.Browser``).
    :param list callbacks: pairs (address, method, set of event names) for status callbacks.
    """

    def __init__(self, emulator, direction, from_, to, endpoint, *, parent=None, callbacks=()):
        self.emulator, self.direction, self.endpoint = emulator, direction, endpoint
        self.sid, self.account_sid = new_sid("CA"), emulator.config.account_sid
        self.parent_sid = parent.sid if parent else None
        self.from_, self.to, self.kind = from_, to, endpoint.kind
        self.status = "ringing" if direction == "inbound" else "queued"
        self.statuses = [(now(), self.status)]
        self.callbacks = list(callbacks)
        self.network, self.failure = {}, {}
        self.first_params, self.forwarded_from, self.phone_number_sid = {}, None, None
        self.created, self.started, self.answered_at, self.ended_at = now(), None, None, None
        self.sequence = 0
        self.error_code = self.closing = None
        self.trail, self.digits_pressed, self.digits_received = [], "", ""
        self.channel = Channel()
        self.source = self.channel
        self.said, self.says, self.hears = SILENCE, Meter(), Meter()
        self.taps = []
        self.key_listener = None
        self.participant = self.member = self.bridge = None
        self.outcome = asyncio.get_running_loop().create_future()
        self.answered, self.ended = asyncio.Event(), asyncio.Event()
        self._program = None
        endpoint.leg = self
        emulator.legs[self.sid] = self
        emulator.engine.add(self)

    @property
    def over(self):
        """Return whether the leg has ended."""
        return self.status in OVER

    @property
    def talking(self):
        """Return whether the leg is answered and has not ended."""
        return self.status == "in-progress"

    @property
    def duration(self):
        """Return whole seconds since the answer, until the end if it has ended."""
        return seconds_between(self.answered_at, self.ended_at or now())

    # --- sound ---------------------------------------------------------------------------------

    def speak(self):
        """Return the party's present frame or None."""
        frame = self.endpoint.speak() if self.talking else None
        self.says.add(SILENCE if frame is None else frame)
        return frame

    def mix(self):
        """Return the frame that the party should hear now."""
        return self.source.read(self)

    def listen(self, frame):
        """Send one frame to the party."""
        self.hears.add(frame)
        self.endpoint.listen(frame)
        for tap in tuple(self.taps):
            tap(self.said, frame)

    # --- keys ----------------------------------------------------------------------------------

    def press(self, digit):
        """Pass a pressed key to a waiting verb, else to the parties that hear this one."""
        self.digits_pressed += digit
        if self.key_listener:
            self.key_listener(digit)
        elif self.participant:
            self.participant.conference.pass_key(self.participant, digit)
        elif self.bridge:
            self.bridge.pass_key(self, digit)

    def receive(self, digit):
        """Pass a key pressed by another party to this party."""
        self.digits_received += digit
        self.endpoint.receive(digit)

    # --- life ----------------------------------------------------------------------------------

    def run(self, program):
        """Run a coroutine as the leg's program; its end hangs up."""
        self._program = self.emulator.spawn(self._guard(program), "program of " + self.sid)

    async def _guard(self, program):
        try:
            await program
        except asyncio.CancelledError:
            raise
        except Exception as error:
            _logger.exception("%s: the program failed", self.sid)
            self.emulator.logs.error(0, f"Emulator fault: {error!r}", call_sid=self.sid)
        if self._program is asyncio.current_task():
            self.hang_up()

    def redirect(self, program):
        """Replace the leg's program (a REST update), after leaving conference or queue."""
        old, self._program = self._program, None
        self.detach("participant_updated_via_api", "redirected")
        if old:
            old.cancel()
        self.run(self._after(old, program))

    async def _after(self, old, program):
        if old:
            await asyncio.wait({old})
        await program

    def detach(self, reason_left, queue_result):
        """Leave conference, queue and bridge."""
        if self.participant:
            self.participant.conference.remove(self.participant, reason_left)
        if self.member:
            self.member.queue.remove(self.member, queue_result)
        if self.bridge:
            self.bridge.end(self)
        self.channel.stop()
        self.source, self.key_listener = self.channel, None

    async def answer(self):
        """Answer an incoming leg whose TwiML reached a verb that needs the line."""
        if self.status == "ringing" and self.direction == "inbound":
            self.set_status("in-progress")
            await self.endpoint.answered()

    def set_status(self, status):
        """Change the status and notify the application."""
        if self.over or status == self.status:
            return
        self.status = status
        self.statuses.append((now(), status))
        if status == "initiated":
            self.started = now()
        elif status == "in-progress":
            self.answered_at = now()
            self.started = self.started or self.created
            self.answered.set()
        if status in OVER:
            self._close()
        self._report(EVENTS.get(status, "completed"))

    def hang_up(self, status="completed", *, is_final=False):
        """End the leg.

        :param str status: final status; of an answered leg always ``completed``.
        :param bool is_final: report ``completed`` of a leg that was never answered, too.
        """
        if self.over:
            return
        if self.talking:
            status = "completed"
        elif status == "completed" and not is_final:
            status = "no-answer" if self.direction == "inbound" else "canceled"
        self.closing = status
        self.detach("participant_hung_up", "hangup")
        self.set_status(status)
        program, self._program = self._program, None
        if program and program is not asyncio.current_task():
            program.cancel()

    def _close(self):
        self.ended_at = now()
        self.emulator.engine.remove(self)
        self.says.clear()
        self.hears.clear()
        if not self.outcome.done():
            self.outcome.set_result(self.status)
        self.ended.set()
        self.emulator.spawn(self.endpoint.hung_up(), "end of " + self.sid)

    def _report(self, event):
        params = standard_params(self)
        params.update(
            Timestamp=rfc2822(now()),
            CallbackSource="call-progress-events",
            SequenceNumber=self.sequence,
        )
        if event == "completed":
            params.update(
                CallDuration=self.duration if self.answered_at else 0,
                Duration=-(-self.duration // 60) if self.answered_at else 0,
            )
            if self.kind == "pstn" and self.direction != "inbound":
                params["SipResponseCode"] = {
                    "busy": 486,
                    "no-answer": 487,
                    "canceled": 487,
                    "failed": 404,
                }.get(self.status, 200)
                params.update(self.failure)
        sent = False
        for url, method, events in self.callbacks:
            if url and event in events:
                sent = True
                self.emulator.callback(url, dict(params), method, kind="status")
        self.sequence += sent
