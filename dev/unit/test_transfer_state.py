"""The states of a transfer: closed ones are never left, and any order of events ends the same."""

from itertools import permutations

import pytest
from tools.transfer_states import (
    CLOSED_STATES,
    OPEN_STATES,
    TRANSFER_TRANSITIONS,
    is_legal_transfer,
    state_when_gone,
    state_when_there,
)


def play(start, wishes):
    """Apply events to the table, as the model does."""
    state = start
    for wish in wishes:
        target = wish(state) if callable(wish) else wish
        if is_legal_transfer(state, target):
            state = target
    return state


def test_every_state_is_in_the_table():
    assert set(TRANSFER_TRANSITIONS) == {*OPEN_STATES, *CLOSED_STATES}
    assert not set(OPEN_STATES) & set(CLOSED_STATES)


@pytest.mark.parametrize("state", CLOSED_STATES)
def test_a_closed_state_is_never_left(state):
    assert not any(is_legal_transfer(state, target) for target in TRANSFER_TRANSITIONS)


@pytest.mark.parametrize("state", OPEN_STATES)
def test_nothing_goes_to_itself_or_back_to_ringing(state):
    assert not is_legal_transfer(state, state)
    assert not is_legal_transfer(state, "ringing")


@pytest.mark.parametrize("mode", ["warm", "conference"])
def test_the_end_of_a_leg_that_came_twice_is_told_once(mode):
    """A party who hangs up has left; the repeated event changes nothing."""
    wishes = ["joining", state_when_there(mode), state_when_gone, state_when_gone]
    assert play("ringing", wishes) == "left"


@pytest.mark.parametrize("mode", ["warm", "conference"])
def test_whatever_the_order_it_is_closed_once(mode):
    """An end that overtakes the answer closes the transfer; the answer does not reopen it."""
    for order in permutations([state_when_there(mode), state_when_gone, "canceled"]):
        state = play("ringing", order)
        assert state in ("failed", "left", "canceled")


def test_completing_and_hanging_up_in_the_same_moment():
    """The first act wins, the second changes nothing."""
    assert play("talking", ["done", state_when_gone]) == "done"
    assert play("talking", [state_when_gone, "done"]) == "left"


def test_a_blind_transfer_comes_back_once():
    assert play("ringing", ["returning", "returned"]) == "returned"
    assert play("ringing", ["returning", "returning", "lost"]) == "lost"
    assert play("ringing", ["done", "returning"]) == "done"
