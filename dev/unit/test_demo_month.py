"""The plan of the demonstration's month, at unusual moments."""

import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytz

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demo"))
from month import Month

BRUSSELS, HONOLULU = pytz.timezone("Europe/Brussels"), pytz.timezone("Pacific/Honolulu")
SALES, SUPPORT = [0, 1], [0, 1, 2, 3, 4, 5]


def make(now, zone=BRUSSELS):
    return Month(now, zone, SALES, SUPPORT, 20, SALES)


@pytest.mark.parametrize("zone", [BRUSSELS, HONOLULU, pytz.utc])
@pytest.mark.parametrize("step", range(0, 24 * 60 * 8, 397))
def test_no_call_is_in_the_future(zone, step):
    """At any minute of a week, also around the change to winter time."""
    now = datetime(2026, 10, 20) + timedelta(minutes=step)
    calls = make(now, zone).calls
    assert 100 <= len(calls) <= 220
    assert max(call.ended_at for call in calls) < now
    assert min(call.started_at for call in calls) > now - timedelta(days=32)


@pytest.mark.parametrize(
    "now",
    [
        # In Brussels: noon, a Sunday night, an early morning, and shortly after midnight.
        datetime(2026, 11, 25, 11, 30),
        datetime(2026, 11, 22, 22, 10),
        datetime(2026, 11, 26, 6, 15),
        datetime(2026, 11, 26, 23, 40),
    ],
)
def test_today_has_a_call_of_each_kind_that_the_board_counts(now):
    midnight = BRUSSELS.normalize(pytz.utc.localize(now).astimezone(BRUSSELS)).replace(
        hour=0, minute=0, second=0
    )
    today = midnight.astimezone(pytz.utc).replace(tzinfo=None)
    outcomes = Counter(
        call.outcome
        for call in make(now).calls
        if call.direction == "incoming" and call.started_at >= today
    )
    for outcome in ("answered", "missed", "abandoned", "voicemail"):
        assert outcomes[outcome], outcome


def test_calls_of_past_days_are_in_working_hours():
    now = datetime(2026, 11, 25, 14, 30)
    for call in make(now).calls:
        if call.started_at.date() < now.date():
            # In winter, Brussels is one hour ahead.
            assert call.started_at.weekday() < 5
            assert 8 <= call.started_at.hour < 17


def test_no_agent_has_two_calls_at_once():
    free_at = {}
    for call in make(datetime(2026, 11, 25, 14, 30)).calls:
        for agent in {call.agent, call.transferred_to} - {None}:
            assert call.started_at >= free_at.get(agent, call.started_at)
            free_at[agent] = call.ended_at


def test_same_moment_gives_the_same_month():
    now = datetime(2026, 11, 25, 14, 30)
    assert make(now).calls == make(now).calls
