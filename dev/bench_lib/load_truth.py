"""Required contents of the database after the load, according to the emulator's own journal."""

import json
from collections import Counter

import database
from bench_lib.stage import NAME, SUPPORT

_CALLS = """
SELECT provider_call_id, state, outcome, duration, user_id FROM telephony_call
 WHERE direction = 'incoming'
"""
_LEGS = "SELECT provider_leg_id, status FROM telephony_call_leg WHERE provider_leg_id IS NOT NULL"
_OPEN = "SELECT count(*) FROM telephony_offer WHERE state = 'offered'"
#: Permitted difference between the dates of database and emulator, in seconds.
TOLERANCE = 3


def read_journal(path):
    """Return the webhooks of the emulator's journal, in the order of their answers."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def event_keys(journal):
    """Return the identifiers of all reports with news, as the database stores them."""
    keys = set()
    for entry in journal:
        form = entry["params"]
        if entry["kind"] == "status":
            keys.add(f"{form['CallSid']}:{form['CallStatus']}")
        elif entry["kind"] == "conference" and form.get("StatusCallbackEvent") in (
            "participant-join",
            "participant-leave",
        ):
            keys.add(f"{form['ConferenceSid']}:{form['SequenceNumber']}:")
    return keys


def refused_browsers(journal):
    """Return the legs of refused browsers, which are not stored.

    Their call had ended, or had another agent, when they arrived.
    """
    return {
        entry["params"]["CallSid"]
        for entry in journal
        if entry["url"].endswith("/client") and "<Hangup" in (entry["body"] or "")
    }


def lost_events(journal):
    """Return the answered reports that are missing in the database."""
    refused = refused_browsers(journal)
    known = {
        key for [key] in database.execute("SELECT key FROM telephony_call_event", database=NAME)
    }
    starts = {":".join(key.split(":")[:2]) + ":" for key in known}
    return sorted(
        key
        for key in event_keys(journal)
        if key not in known and key not in starts and key.split(":")[0] not in refused
    )


def failed_webhooks(journal):
    """Return the failures of webhooks with their number."""
    wrong = Counter(
        f"{entry['kind']} {entry['status']} {entry['message'].split(' response')[0][:60]}"
        for entry in journal
        if entry["error"]
    )
    return [f"{count} webhooks failed: {text}" for text, count in wrong.items()]


def wrong_calls(legs, journal):
    """Compare every call with the emulator's data of its customer.

    :param list legs: of the emulator, all of them over.
    :return list: sentences about differences.
    """
    rows = {row[0]: row[1:] for row in database.execute(_CALLS, database=NAME)}
    joined = {
        entry["params"].get("CallSid")
        for entry in journal
        if entry["params"].get("StatusCallbackEvent") == "participant-join"
    }
    customers = {
        leg["sid"]: leg for leg in legs if leg["direction"] == "inbound" and leg["kind"] == "pstn"
    }
    problems = [f"the call {sid} is not in the database" for sid in customers if sid not in rows]
    problems += [f"nobody made the call {sid}" for sid in rows if sid not in customers]
    for sid, leg in customers.items():
        if sid in rows:
            problems += _wrong_call(leg, sid in joined, *rows[sid])
    status = dict(database.execute(_LEGS, database=NAME))
    problems += [
        f"leg {leg['sid']} is {leg['status']} there and {status.get(leg['sid'])} here"
        for leg in legs
        if leg["sid"] in status and status[leg["sid"]] != "ended"
    ]
    [[offers]] = database.execute(_OPEN, database=NAME)
    if offers:
        problems.append(f"{offers} offers still ring")
    return problems


def _wrong_call(leg, joined, state, outcome, duration, user_id):
    if state != "ended":
        yield f"{leg['sid']} is over and said to be {state}"
    elif leg["to"] == SUPPORT and joined != (outcome == "answered"):
        yield f"{leg['sid']} {'spoke' if joined else 'spoke to nobody'}, and is {outcome}"
    elif joined and not user_id:
        yield f"{leg['sid']} was answered by nobody"
    elif duration is not None and duration > leg["duration"] + TOLERANCE:
        yield f"{leg['sid']} lasted {leg['duration']} s and is said to have lasted {duration} s"
