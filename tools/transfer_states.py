"""The states of a transfer, in plain Python.

A transfer is one attempt to bring somebody else into a conversation: to hand it over at once
(*blind*), to ask somebody first while the customer hears music (*warm*), or to talk as three
(*conference*). As with calls, a state is never left backwards, and a closed one is never left at
all: then an event may come twice, late or in any order.
"""

OPEN_STATES = ("ringing", "joining", "talking", "conference", "returning")
CLOSED_STATES = ("done", "canceled", "failed", "left", "returned", "lost")
# Somebody asked is (nearly) there: that person is in a call.
THERE_STATES = ("joining", "talking", "conference")

TRANSFER_TRANSITIONS = {
    # Nobody has answered yet.
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
    # A colleague has accepted, the browser connects.
    "joining": {"talking", "conference", "done", "canceled", "failed"},
    # The two talk, the customer hears music.
    "talking": {"conference", "done", "canceled", "left"},
    # All three talk.
    "conference": {"done", "canceled", "left"},
    # Nobody took the call: it is offered to the one who gave it away.
    "returning": {"returned", "canceled", "lost"},
    **{state: set() for state in CLOSED_STATES},
}


def is_legal_transfer(state, target):
    """Tell whether a transfer may go from one state to another.

    :param str state: where it is
    :param str target: where it would go
    :return: False for an illegal move *and* for a move to the state it is in already
    :rtype: bool
    """
    return target in TRANSFER_TRANSITIONS[state]


def state_when_there(mode):
    """Tell what a transfer becomes when the person who was asked is in the room.

    :param str mode: `blind`, `warm` or `conference`
    :rtype: str
    """
    return {"blind": "done", "warm": "talking", "conference": "conference"}[mode]


def state_when_gone(state):
    """Tell what a transfer becomes when the person who was asked leaves, or never comes.

    :param str state: where it is
    :return: the new state, or the same when that person's leaving says nothing any more
    :rtype: str
    """
    return {
        "ringing": "failed",
        "joining": "failed",
        "talking": "left",
        "conference": "left",
    }.get(state, state)
