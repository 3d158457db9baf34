"""A working month of a small company's telephone, in plain Python.

The same moment and people always give the same month: the seed is fixed.
"""

import heapq
import itertools
import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import pytz

SEED = 19
DAYS = 30
OPENING, CLOSING = time(9), time(17, 45)
# Calls of a past working day, at least and at most.
CALLS_A_DAY = (5, 7)
# Minutes before the end of a day's calls in which no new one begins.
LAST_MINUTES = 6
# Fewer minutes of today have no calls.
SHORTEST_TODAY = 20
# Minutes of today's calls if they cannot be within the working hours.
LONGEST_EVENING = 240
# Direction, outcome, whether the caller waits in the queue, and how often it happens.
KINDS = (
    ("incoming", "answered", False, 22),
    ("incoming", "answered", True, 26),
    ("incoming", "missed", False, 5),
    ("incoming", "voicemail", False, 5),
    ("incoming", "abandoned", True, 6),
    ("incoming", "queue_callback", True, 1),
    ("outgoing", "answered", False, 24),
    ("outgoing", "no_answer", False, 5),
    ("outgoing", "busy", False, 2),
    ("outgoing", "canceled", False, 2),
    ("outgoing", "failed", False, 1),
)
# The calls of today, so that every figure of the board has some: indexes of `KINDS`.
TODAY = (1, 0, 6, 4, 1, 2, 1, 6, 3, 1, 0, 7, 1, 5, 1, 6)
UNANSWERED = ("missed", "abandoned", "voicemail")
# Seconds of a voicemail and of a recorded conversation: those of the sounds.
VOICEMAIL_SECONDS, RECORDED_SECONDS = 5, 4
RING_SECONDS = 20
MESSAGE_SECONDS = 6


@dataclass
class Call:
    """One planned call. Agents and callers are positions in the lists of their names."""

    number: int
    started_at: datetime
    direction: str
    outcome: str
    is_queued: bool
    caller: int
    # The agent who talked to the customer first, and the agents at whom the call rang.
    agent: int | None = None
    rung: tuple = ()
    wait: int = 0
    talk: int = 0
    # Seconds between an unanswered ring and the end.
    rest: int = 0
    position: int = 1
    transferred_to: int | None = None
    # Seconds of the conversation before the transfer, and of the consultation.
    transferred_after: int = 0
    consulted: int = 0
    is_blind: bool = False
    is_recorded: bool = False
    is_heard: bool = False
    # The call that this one answers.
    answers: "Call | None" = None
    subject: int = 0
    trouble: str = ""

    @property
    def answered_at(self):
        """Return when the conversation began, or None."""
        is_answered = self.outcome == "answered"
        return self.started_at + timedelta(seconds=self.wait) if is_answered else None

    @property
    def ended_at(self):
        return self.started_at + timedelta(seconds=self.wait + self.talk + self.rest)


class Month:
    """The calls of the last 30 days.

    :param datetime now: the present moment (UTC, naive); no call is later
    :param tzinfo zone: time zone of the working hours, of `pytz`
    :param list sales: agents whom calls without a queue ring, by position
    :param list support: agents of the queue, by position
    :param int callers: the number of callers; the first ones call most often
    :param givers: agents who transfer calls
    """

    def __init__(self, now, zone, sales, support, callers, givers):
        self.now, self.zone, self.callers = now.replace(microsecond=0), zone, callers
        self.sales, self.support, self.givers = sales, support, givers
        self.agents = sorted({*sales, *support})
        self.calls = []
        self._random = random.Random(SEED)
        self._free_at = dict.fromkeys(self.agents, datetime.min)
        self._order = itertools.count()
        self._planned = []
        self._transfers = itertools.cycle((False, False, True))
        self._recordings = itertools.cycle((False,) * 9 + (True,))
        self._make()

    def _make(self):
        windows = self._get_windows()
        for start, end in windows[:-1]:
            kinds = self._random.choices(
                KINDS, [weight for *_kind, weight in KINDS], k=self._random.randint(*CALLS_A_DAY)
            )
            self._plan_day(start, end, kinds)
        start, end = windows[-1]
        if end - start >= timedelta(minutes=SHORTEST_TODAY):
            self._plan_day(start, end, [KINDS[index] for index in TODAY])
        while self._planned:
            started_at, _order, end, kind, answered = heapq.heappop(self._planned)
            self._hold_call(started_at, end, kind, answered)
        self.calls.sort(key=lambda call: (call.started_at, call.number))

    # === DAYS === #

    def _get_windows(self):
        """Return beginning and end of the calls of each working day, the last one today."""
        local = pytz.utc.localize(self.now).astimezone(self.zone)
        past = (local.date() - timedelta(days=days) for days in range(DAYS, 0, -1))
        return [
            *(self._get_hours(day) for day in past if day.weekday() < 5),
            self._get_today(local.date()),
        ]

    def _get_hours(self, day):
        return tuple(self._to_utc(datetime.combine(day, clock)) for clock in (OPENING, CLOSING))

    def _get_today(self, day):
        """Return the hours of today: on weekends, or too early, those before the present moment."""
        opening, closing = self._get_hours(day)
        shortest = timedelta(minutes=LONGEST_EVENING / 2)
        if day.weekday() < 5 and self.now - opening >= shortest:
            return opening, min(closing, self.now)
        midnight = self._to_utc(datetime.combine(day, time()))
        return max(midnight, self.now - timedelta(minutes=LONGEST_EVENING)), self.now

    def _to_utc(self, local):
        return self.zone.localize(local).astimezone(pytz.utc).replace(tzinfo=None)

    def _plan_day(self, start, end, kinds):
        seconds = int((end - start).total_seconds()) - 60 * LAST_MINUTES
        moments = sorted(self._random.sample(range(seconds), len(kinds)))
        for moment, kind in zip(moments, kinds, strict=True):
            self._plan(start + timedelta(seconds=moment), end, kind)

    def _plan(self, started_at, end, kind, answered=None):
        heapq.heappush(self._planned, (started_at, next(self._order), end, kind, answered))

    # === CALLS === #

    def _hold_call(self, started_at, end, kind, answered):
        direction, outcome, is_queued, _weight = kind
        caller = self._choose_caller(outcome in UNANSWERED)
        call = Call(len(self.calls), started_at, direction, outcome, is_queued, caller)
        if answered:
            call.caller, call.answers = answered.caller, answered
        left = int((end - started_at).total_seconds()) - 60
        if direction == "outgoing":
            is_held = self._call_out(call, left)
        else:
            is_held = self._call_in(call, left)
        if is_held:
            self.calls.append(call)
            self._follow_up(call, end)

    def _choose_caller(self, is_any):
        # The first ones are the best customers.
        if is_any:
            return self._random.randrange(self.callers)
        return min(self.callers - 1, int(self._random.expovariate(4 / self.callers)))

    def _get_free(self, agents, moment):
        free = [agent for agent in agents if self._free_at[agent] <= moment]
        self._random.shuffle(free)
        return free

    def _call_out(self, call, left):
        free = self._get_free(self.agents, call.started_at)
        if not free:
            return False
        call.agent = free[0]
        call.wait = self._random.randint(5, 18)
        if call.outcome == "answered":
            self._talk(call, left)
        elif call.outcome == "no_answer":
            call.wait = 30
        elif call.outcome == "failed":
            call.wait = 3
        self._free_at[call.agent] = call.ended_at + timedelta(seconds=30)
        return True

    def _call_in(self, call, left):
        free = self._get_free(self.support if call.is_queued else self.sales, call.started_at)
        if call.is_queued:
            # The queue rings one agent after another.
            free = free[:1]
            call.position = self._random.choice((1, 1, 1, 2, 2, 3))
        if not free:
            return False
        call.rung = tuple(sorted(free))
        if call.outcome == "answered":
            call.agent = free[0]
            is_late = self._random.random() < 0.2
            call.wait = self._random.randint(22, 55) if is_late else self._random.randint(4, 17)
            call.wait = min(call.wait, 55 if call.is_queued else RING_SECONDS - 2)
            self._talk(call, left)
            self._free_at[call.agent] = call.ended_at + timedelta(seconds=30)
        elif call.is_queued:
            call.wait = self._random.randint(15, 110)
        else:
            call.wait = RING_SECONDS
            call.rest = MESSAGE_SECONDS
            if call.outcome == "voicemail":
                call.rest += VOICEMAIL_SECONDS
                call.is_recorded = True
                call.is_heard = self._random.random() < 0.6
        return True

    def _talk(self, call, left):
        """Plan the conversation of a call, which ends before `left` seconds have passed."""
        longest = max(20, left - call.wait)
        call.talk = min(int(self._random.triangular(35, 960, 190)), longest)
        call.subject = self._random.randrange(1000)
        call.trouble = self._random.choices(
            ("", "bad_network", "silent_microphone", "nothing_heard"), (92, 5, 2, 1)
        )[0]
        is_transferred, call.is_recorded = next(self._transfers), next(self._recordings)
        call.is_heard = call.is_recorded and self._random.random() < 0.5
        if is_transferred and call.direction == "incoming" and call.talk > 120:
            self._transfer(call)

    def _transfer(self, call):
        if call.agent not in self.givers:
            return
        others = self._get_free((a for a in self.agents if a != call.agent), call.started_at)
        if others:
            call.transferred_to = others[0]
            call.is_blind = self._random.random() < 0.4
            call.transferred_after = call.talk // 3
            call.consulted = 12 if call.is_blind else self._random.randint(20, 35)
            self._free_at[others[0]] = call.ended_at + timedelta(seconds=30)

    def _follow_up(self, call, end):
        """Plan the call that answers this one, if it was not answered."""
        if call.direction == "outgoing":
            if call.answers and call.outcome == "no_answer":
                again = call.ended_at + timedelta(minutes=self._random.randint(15, 40))
                self._plan_answer(call.answers, again, end, "answered")
            return
        if call.outcome == "queue_callback":
            soon = call.ended_at + timedelta(minutes=self._random.randint(2, 9))
            self._plan_answer(call, soon, end, "answered")
        elif call.outcome in UNANSWERED and self._random.random() < 0.6:
            later = call.ended_at + timedelta(minutes=self._random.randint(8, 150))
            outcome = "no_answer" if self._random.random() < 0.25 else "answered"
            self._plan_answer(call, later, end, outcome)

    def _plan_answer(self, call, moment, end, outcome):
        if moment < end - timedelta(minutes=LAST_MINUTES):
            self._plan(moment, end, ("outgoing", outcome, False, 0), call)
