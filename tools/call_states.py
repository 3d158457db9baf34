"""States of a call and of its legs, in plain Python.

This module knows neither Odoo, the database nor the provider. So tests can try the rules quickly in
every order of events. Only `telephony.call._apply_event` uses these functions.

A leg is one party's connection; its status only moves up in rank. A call is the conversation; its
state follows the table `CALL_TRANSITIONS`, and `ended` is final.
"""

from datetime import timedelta

# Seconds an agent has, after accepting a call, to join the conference.
CONNECT_SECONDS = 15

CALL_STATES = ("new", "routing", "queued", "ringing", "in_progress", "ended")

CALL_TRANSITIONS = {
    "new": {"routing", "ringing", "in_progress", "ended"},
    "routing": {"queued", "ringing", "in_progress", "ended"},
    "queued": {"routing", "ringing", "in_progress", "ended"},
    "ringing": {"routing", "queued", "in_progress", "ended"},
    # A lost agent did not rejoin: the caller continues in the flow.
    "in_progress": {"routing", "queued", "ringing", "ended"},
    "ended": set(),
}

LEG_RANK = {"new": 0, "initiated": 1, "ringing": 2, "in_progress": 3, "ended": 4}

# Reasons for the end of a leg, in our terms (for the provider's see providers/twilio/events.py).
LEG_END_REASONS = ("completed", "busy", "no_answer", "failed", "canceled")


def is_legal(state, target):
    """Return whether a call may move from one state to another.

    :param str state: current state
    :param str target: next state
    :return: False for an illegal move *and* for a move to the current state
    :rtype: bool
    """
    return target in CALL_TRANSITIONS[state]


def leg_changes(leg, event):
    """Return the changes of an event to a leg. A status only moves up; a late event fills dates.

    :param dict leg: `status`, `event_sequence`, `initiated_at`, `ringing_at`, `answered_at`,
        `ended_at`, `is_answer_reported` (the provider sent the time of the answer), `end_reason`,
        `failure_code` (why it failed)
    :param CallEvent event: of kind `leg`
    :return: the values to write, empty when the event contains nothing new
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
        # The answer time from the provider takes precedence over the one derived from the duration.
        if not leg["is_answer_reported"]:
            changes.update(is_answer_reported=True, answered_at=event.at)
    elif moment_field and not leg[moment_field]:
        changes[moment_field] = event.at
    if event.status == "ended":
        if not leg["end_reason"]:
            changes["end_reason"] = event.reason or "completed"
        if event.data.get("failure_code") and not leg.get("failure_code"):
            changes["failure_code"] = event.data["failure_code"]
            changes["failure"] = event.data.get("failure") or False
        answered_at = changes.get("answered_at") or leg["answered_at"]
        # A ringing leg that was ended may be reported as completed, after 0 seconds.
        if not answered_at and event.duration and event.reason == "completed":
            changes["answered_at"] = event.at - timedelta(seconds=event.duration)
    if LEG_RANK[event.status] > LEG_RANK[leg["status"]]:
        changes["status"] = event.status
    if event.sequence > leg["event_sequence"]:
        changes["event_sequence"] = event.sequence
    return changes


def call_target(direction, role, status):
    """Return the state of a call after one of its legs has reached a status.

    :param str direction: `incoming` or `outgoing`
    :param str role: the leg's role
    :param str status: the leg's status, a key of `LEG_RANK`
    :return: the call's state, or None when the leg's status does not determine it
    :rtype: str | None
    """
    if role != "customer":
        return None
    if status == "ended":
        return "ended"
    if direction == "outgoing":
        return {"ringing": "ringing", "in_progress": "in_progress"}.get(status)
    # Our waiting room answers the leg of an incoming call, so its status means nothing.
    return None


def outcome_of(direction, state, answered, reason, ended_by):
    """Return the outcome of a call that ends.

    :param str direction: `incoming` or `outgoing`
    :param str state: state before the end
    :param bool answered: whether both parties could talk
    :param str reason: reason for the end of the customer's leg, one of `LEG_END_REASONS`, or empty
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
