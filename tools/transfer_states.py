"""States of a transfer, in plain Python.

A transfer is one attempt to bring another party into a conversation. *Blind* hands the call over at
once. *Warm* starts with a consultation, during which the customer hears music. In a *conference*,
the three parties talk. As with calls, a state never moves backwards, and a closed state is final.
So an event may arrive twice, late or in any order.
"""

OPEN_STATES = ("ringing", "joining", "talking", "conference", "returning")
CLOSED_STATES = ("done", "canceled", "failed", "left", "returned", "lost")
# States in which the target has accepted, so that it is in a call.
THERE_STATES = ("joining", "talking", "conference")

TRANSFER_TRANSITIONS = {
    # The target has not answered yet.
    "ringing": {
        "joining",
        "talking",
        "conference",
        "returning",
        "done",
        "canceled",
        "failed",
        "lost",
    },
    # A colleague has accepted, and the browser connects.
    "joining": {"talking", "conference", "done", "canceled", "failed"},
    # Agent and target talk; the customer hears music.
    "talking": {"conference", "done", "canceled", "left"},
    # All three parties talk.
    "conference": {"done", "canceled", "left"},
    # The target did not answer: the call is offered to the agent who transferred it.
    "returning": {"returned", "canceled", "lost"},
    **{state: set() for state in CLOSED_STATES},
}


def is_legal_transfer(state, target):
    """Return whether a transfer may move from one state to another.

    :param str state: current state
    :param str target: next state
    :return: False for an illegal move *and* for a move to the current state
    :rtype: bool
    """
    return target in TRANSFER_TRANSITIONS[state]


def state_when_there(mode):
    """Return the state of a transfer after its target has joined the conference.

    :param str mode: `blind`, `warm` or `conference`
    :rtype: str
    """
    return {"blind": "done", "warm": "talking", "conference": "conference"}[mode]


def state_when_gone(state):
    """Return the state of a transfer after its target has left, or has failed to join.

    :param str state: current state
    :return: the new state, or the same when the target's leaving changes nothing any more
    :rtype: str
    """
    return {
        "ringing": "failed",
        "joining": "failed",
        "talking": "left",
        "conference": "left",
    }.get(state, state)
