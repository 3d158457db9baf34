"""The states of a call and of its legs, in plain Python.

Nothing here knows Odoo, the database or the provider, so that the rules can be tried in every
order of events in a blink. `telephony.call._apply_event` is the only user of these functions.

A leg is one party's connection; its status only moves up in rank. A call is the conversation; its
state follows the table `CALL_TRANSITIONS`, and `ended` is never left.
"""

from datetime import timedelta

# Seconds an agent has, after taking a call, to be in the conference.
CONNECT_SECONDS = 15

CALL_STATES = ("new", "routing", "queued", "ringing", "in_progress", "ended")

CALL_TRANSITIONS = {
    "new": {"routing", "ringing", "in_progress", "ended"},
    "routing": {"queued", "ringing", "in_progress", "ended"},
    "queued": {"routing", "ringing", "in_progress", "ended"},
    "ringing": {"routing", "queued", "in_progress", "ended"},
    # An agent who vanished and did not come back: the caller goes on through the flow.
    "in_progress": {"routing", "queued", "ringing", "ended"},
    "ended": set(),
}

LEG_RANK = {"new": 0, "initiated": 1, "ringing": 2, "in_progress": 3, "ended": 4}

# Why a leg ended, in our words (see providers/twilio/events.py for the provider's).
LEG_END_REASONS = ("completed", "busy", "no_answer", "failed", "canceled")


def is_legal(state, target):
    """Tell whether a call may go from one state to another.

    :param str state: where it is
    :param str target: where it would go
    :return: False for an illegal move *and* for a move to the state it is in already
    :rtype: bool
    """
    return target in CALL_TRANSITIONS[state]


def leg_changes(leg, event):
    """Compute what an event changes on a leg. A status only moves up; a late event fills dates.

    :param dict leg: `status`, `event_sequence`, `initiated_at`, `ringing_at`, `answered_at`,
        `ended_at`, `is_answer_reported` (the provider told the moment of the answer), `end_reason`
    :param CallEvent event: of kind `leg`
    :return: the values to write, empty when the event teaches nothing
    :rtype: dict
    """
    changes = {}
    moment_field = {
        "initiated": "initiated_at",
        "ringing": "ringing_at",
        "in_progress": "answered_at",
        "ended": "ended_at",
    }.get(event.status)
    if event.status == "in_progress":
        # The provider's own word on the answer beats the one derived from the duration.
        if not leg["is_answer_reported"]:
            changes.update(is_answer_reported=True, answered_at=event.at)
    elif moment_field and not leg[moment_field]:
        changes[moment_field] = event.at
    if event.status == "ended":
        if not leg["end_reason"]:
            changes["end_reason"] = event.reason or "completed"
        answered_at = changes.get("answered_at") or leg["answered_at"]
        # A leg can be connected and last less than a second.
        if not answered_at and event.duration is not None and event.reason == "completed":
            changes["answered_at"] = event.at - timedelta(seconds=event.duration)
    if LEG_RANK[event.status] > LEG_RANK[leg["status"]]:
        changes["status"] = event.status
    if event.sequence > leg["event_sequence"]:
        changes["event_sequence"] = event.sequence
    return changes


def call_target(direction, role, status):
    """Tell where a call belongs after one of its legs reached a status.

    :param str direction: `incoming` or `outgoing`
    :param str role: the leg's role
    :param str status: the leg's status, a key of `LEG_RANK`
    :return: the call's state, or None when the leg's status says nothing about it
    :rtype: str | None
    """
    if role != "customer":
        return None
    if status == "ended":
        return "ended"
    if direction == "outgoing":
        return {"ringing": "ringing", "in_progress": "in_progress"}.get(status)
    # The leg of an incoming call is answered by our waiting room: it says nothing.
    return None


def outcome_of(direction, state, answered, reason, ended_by):
    """Tell why a call ended.

    :param str direction: `incoming` or `outgoing`
    :param str state: the state it ends from
    :param bool answered: both parties could talk
    :param str reason: why the customer's leg ended, one of `LEG_END_REASONS`, or empty
    :param str ended_by: `agent`, `customer`, `system` or empty
    :return: one of the call's outcomes
    :rtype: str
    """
    if answered:
        return "answered"
    if direction == "incoming":
        if reason == "failed" or ended_by == "system":
            return "failed"
        return "abandoned" if state == "queued" else "missed"
    if ended_by == "agent":
        return "canceled"
    return {
        "busy": "busy",
        "no_answer": "no_answer",
        "canceled": "canceled",
        "completed": "canceled",
    }.get(reason, "failed")
