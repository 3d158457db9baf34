"""The states of calls and legs, tried in every order."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from providers.base import CallEvent
from tools.call_states import (
    CALL_STATES,
    CALL_TRANSITIONS,
    LEG_END_REASONS,
    LEG_RANK,
    call_target,
    is_legal,
    leg_changes,
    outcome_of,
)

START = datetime(2026, 3, 2, 9, 0, 0)

LEGAL = {
    ("new", "routing"),
    ("new", "ringing"),
    ("new", "in_progress"),
    ("new", "ended"),
    ("routing", "queued"),
    ("routing", "ringing"),
    ("routing", "in_progress"),
    ("routing", "ended"),
    ("queued", "routing"),
    ("queued", "ringing"),
    ("queued", "in_progress"),
    ("queued", "ended"),
    ("ringing", "routing"),
    ("ringing", "queued"),
    ("ringing", "in_progress"),
    ("ringing", "ended"),
    ("in_progress", "routing"),
    ("in_progress", "queued"),
    ("in_progress", "ringing"),
    ("in_progress", "ended"),
}


@dataclass
class Leg:
    """A leg as the database keeps it."""

    status: str = "new"
    event_sequence: int = -1
    initiated_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    is_answer_reported: bool = False
    ended_at: datetime | None = None
    end_reason: str = ""

    def tell(self, event):
        """Apply an event as the model does and return the changes."""
        changes = leg_changes(vars(self), event)
        for name, value in changes.items():
            setattr(self, name, value)
        return changes


def leg_event(status, sequence, seconds, reason="", duration=None):
    return CallEvent(
        "leg",
        status=status,
        sequence=sequence,
        reason=reason,
        duration=duration,
        at=START + timedelta(seconds=seconds),
    )


INITIATED = leg_event("initiated", 0, 0)
RINGING = leg_event("ringing", 1, 1)
ANSWERED = leg_event("in_progress", 2, 9)
STORIES = {
    "answered": [INITIATED, RINGING, ANSWERED, leg_event("ended", 3, 40, "completed", 31)],
    # The agent hangs up while the telephone rings.
    "agent hangs up": [INITIATED, RINGING, leg_event("ended", 2, 6, "completed", 0)],
    "busy": [INITIATED, RINGING, leg_event("ended", 2, 3, "busy", 0)],
    "busy at once": [INITIATED, leg_event("ended", 1, 1, "busy", 0)],
    "no answer": [INITIATED, RINGING, leg_event("ended", 2, 31, "no_answer", 0)],
    "canceled": [INITIATED, RINGING, leg_event("ended", 2, 6, "canceled", 0)],
    "failed": [INITIATED, leg_event("ended", 1, 1, "failed", 0)],
}


def play(events):
    leg = Leg()
    for event in events:
        leg.tell(event)
    return leg


@pytest.mark.parametrize(("state", "target"), list(product(CALL_STATES, CALL_STATES)))
def test_every_pair_of_states_is_legal_or_not(state, target):
    """Z30: only legal changes happen; `ended` is never left, and no state leads to itself."""
    assert is_legal(state, target) == ((state, target) in LEGAL)


def test_every_state_is_in_the_table():
    assert set(CALL_TRANSITIONS) == set(CALL_STATES)
    assert set().union(*CALL_TRANSITIONS.values()) == set(CALL_STATES) - {"new"}
    assert not CALL_TRANSITIONS["ended"]


@pytest.mark.parametrize("story", STORIES)
def test_leg_in_every_order_with_every_repeat_ends_the_same(story):
    """Z20: unordered and repeated webhooks leave the same leg behind."""
    events = STORIES[story]
    expected = play(events)
    assert expected.status == "ended"
    assert expected.event_sequence == events[-1].sequence
    tried = 0
    for repeat in [None, *events]:
        for order in permutations([*events, repeat] if repeat else events):
            assert play(order) == expected
            tried += 1
    assert tried > len(events)


def test_answered_leg_keeps_the_told_moment_of_the_answer():
    # The duration is rounded, so the answer derived from it differs from the reported one.
    end = leg_event("ended", 3, 40, "completed", 30)
    for order in permutations([INITIATED, RINGING, ANSWERED, end]):
        assert play(order).answered_at == ANSWERED.at


def test_answer_lost_derives_it_from_the_duration():
    leg = play([INITIATED, RINGING, leg_event("ended", 3, 40, "completed", 30)])
    assert leg.answered_at == START + timedelta(seconds=10)


@pytest.mark.parametrize("reason", ["busy", "no_answer", "failed", "canceled"])
def test_leg_that_was_never_answered_has_no_answer(reason):
    leg = play([INITIATED, leg_event("ended", 1, 9, reason, 0)])
    assert leg.answered_at is None
    assert leg.end_reason == reason


def test_end_without_reason_is_completed():
    assert play([leg_event("ended", 1, 9)]).end_reason == "completed"


def test_repeat_teaches_nothing():
    for events in STORIES.values():
        leg = play(events)
        for event in events:
            assert leg.tell(event) == {}


EVENTS = st.builds(
    leg_event,
    status=st.sampled_from(list(LEG_RANK)),
    sequence=st.integers(-1, 20),
    seconds=st.integers(0, 5000),
    reason=st.sampled_from(["", *LEG_END_REASONS]),
    duration=st.none() | st.integers(0, 5000),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENTS, max_size=8))
def test_status_and_sequence_only_go_up(events):
    leg = Leg()
    for event in events:
        rank, sequence = LEG_RANK[leg.status], leg.event_sequence
        leg.tell(event)
        assert LEG_RANK[leg.status] >= max(rank, LEG_RANK[event.status])
        assert leg.event_sequence == max(sequence, event.sequence)
        assert (leg.status == "ended") == bool(leg.ended_at)


@pytest.mark.parametrize("status", LEG_RANK)
@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
@pytest.mark.parametrize("role", ["agent", "consulted", "supervisor"])
def test_only_the_customer_moves_the_call(direction, role, status):
    assert call_target(direction, role, status) is None


@pytest.mark.parametrize(
    ("direction", "status", "target"),
    [
        ("incoming", "new", None),
        ("incoming", "initiated", None),
        ("incoming", "ringing", None),
        # Our own waiting room answers an incoming call.
        ("incoming", "in_progress", None),
        ("incoming", "ended", "ended"),
        ("outgoing", "new", None),
        ("outgoing", "initiated", None),
        ("outgoing", "ringing", "ringing"),
        ("outgoing", "in_progress", "in_progress"),
        ("outgoing", "ended", "ended"),
    ],
)
def test_customers_leg_moves_the_call(direction, status, target):
    assert call_target(direction, "customer", status) == target


REASONS = ["", *LEG_END_REASONS]
ENDERS = ["", "agent", "customer", "system"]
ENDS = list(product(CALL_STATES, REASONS, ENDERS))


@pytest.mark.parametrize(
    ("direction", "state", "reason", "ended_by"),
    list(product(["incoming", "outgoing"], CALL_STATES, REASONS, ENDERS)),
)
def test_a_call_with_talk_was_answered(direction, state, reason, ended_by):
    assert outcome_of(direction, state, True, reason, ended_by) == "answered"


@pytest.mark.parametrize(("state", "reason", "ended_by"), ENDS)
def test_outcome_of_an_incoming_call_without_talk(state, reason, ended_by):
    """Z30: an unanswered call is missed, or abandoned in the queue, or failed."""
    if reason == "failed" or ended_by == "system":
        expected = "failed"
    elif state == "queued":
        expected = "abandoned"
    else:
        expected = "missed"
    assert outcome_of("incoming", state, False, reason, ended_by) == expected


@pytest.mark.parametrize(("state", "reason", "ended_by"), ENDS)
def test_outcome_of_an_outgoing_call_without_talk(state, reason, ended_by):
    """Z30: the outcome of an outgoing call gives the reason of its failure."""
    expected = {
        "": "failed",
        "completed": "canceled",
        "busy": "busy",
        "no_answer": "no_answer",
        "failed": "failed",
        "canceled": "canceled",
    }[reason]
    if ended_by == "agent":
        expected = "canceled"
    assert outcome_of("outgoing", state, False, reason, ended_by) == expected
