"""Invariants of every moment, and of the quiet afterwards."""

OVER = "ended"

#: Calls that have not ended.
RUNNING = """
SELECT c.id, c.uuid, c.state, c.direction, c.user_id,
       (SELECT provider_leg_id FROM telephony_call_leg l
         WHERE l.call_id = c.id AND l.role = 'customer' LIMIT 1) AS customer
  FROM telephony_call c WHERE c.state != 'ended'
"""
#: An agent in two conversations. One may be held while a second one is answered, but then its
#: conference contains no leg of the agent.
IN_TWO_CALLS = """
SELECT l.user_id, array_agg(DISTINCT c.uuid) AS uuids
  FROM telephony_call_leg l JOIN telephony_call c ON c.id = l.call_id
 WHERE c.state != 'ended' AND l.user_id IS NOT NULL AND l.role IN ('agent', 'consulted')
   AND l.status = 'in_progress' AND l.is_confirmed AND l.is_released IS NOT TRUE
 GROUP BY l.user_id HAVING count(DISTINCT c.id) > 1
"""
#: Required values of an ended call.
INCOMPLETE = """
SELECT uuid, state, outcome, started_at, answered_at, ended_at, duration, wait_duration
  FROM telephony_call
 WHERE state = 'ended' AND (
       outcome IS NULL OR ended_at IS NULL OR duration IS NULL OR wait_duration IS NULL
       OR duration < 0 OR wait_duration < 0 OR ended_at < started_at
       OR (outcome = 'answered' AND direction = 'outgoing' AND answered_at IS NULL)
       -- A customer may have gone on alone after the conversation.
       OR (answered_at IS NOT NULL
           AND duration - extract(epoch FROM ended_at - answered_at) > 1)
 )
"""
LEGS = """
SELECT l.provider_leg_id AS sid, l.status, l.role, c.uuid, c.state
  FROM telephony_call_leg l JOIN telephony_call c ON c.id = l.call_id
"""
OPEN_OFFERS = """
SELECT o.id, c.uuid FROM telephony_offer o JOIN telephony_call c ON c.id = o.call_id
 WHERE o.state = 'offered' AND c.state = 'ended'
"""
#: Conversations that lack their agent: neither held for another call nor awaiting a rejoin.
SPEAKING = """
SELECT c.uuid, c.user_id,
       (SELECT array_agg(l.provider_leg_id) FROM telephony_call_leg l
         WHERE l.call_id = c.id AND l.role IN ('agent', 'consulted')
           AND l.is_released IS NOT TRUE) AS legs
  FROM telephony_call c
 WHERE c.state = 'in_progress' AND c.held_at IS NULL
   AND (c.deadline_at IS NULL OR c.deadline_at < now() AT TIME ZONE 'UTC')
"""
#: Whether the reconciliation is enabled and has run to its end since a time.
RECONCILED = """
SELECT 1 FROM ir_cron JOIN ir_model_data AS data
       ON data.model = 'ir.cron' AND data.res_id = ir_cron.id
 WHERE data.module = 'crm_telephony' AND data.name = 'ir_cron_reconcile' AND ir_cron.active
   AND ir_cron.lastcall >= %s
"""


def always(database, emulator):
    """Return sentences about faults that can never be right, whatever is under way."""
    problems = [
        f"{row['user_id']} speaks in two calls: {row['uuids']}"
        for row in database.execute(IN_TWO_CALLS)
    ]
    problems += [f"an ended call is incomplete: {row}" for row in database.execute(INCOMPLETE)]
    uuids = {row["uuid"] for row in database.execute("SELECT uuid FROM telephony_call")}
    names = [c["friendly_name"] for c in emulator.get("conferences") if c["status"] != "completed"]
    problems += [f"two conferences are called {name}" for name in names if names.count(name) > 1]
    problems += [f"a conference belongs to no call: {name}" for name in set(names) - uuids]
    return problems


def in_the_end(database, emulator):
    """Return sentences about differences between database and telephone network."""
    live = {leg["sid"]: leg for leg in emulator.get("calls?live=1")}
    legs = {row["sid"]: row for row in database.execute(LEGS) if row["sid"]}
    problems = []
    for sid, leg in live.items():
        known = legs.get(sid)
        if not known:
            problems.append(f"a leg is alive that no call knows: {leg['from']} -> {leg['to']}")
        elif known["state"] == OVER:
            problems.append(f"a leg outlives its call: {known}")
        elif known["status"] == OVER:
            problems.append(f"a leg is alive and said to be over: {known}")
    problems += [
        f"a leg is over and said to be alive: {row}"
        for sid, row in legs.items()
        if row["status"] != OVER and sid not in live
    ]
    problems += [
        f"a call runs without its customer: {row}"
        for row in database.execute(RUNNING)
        if row["customer"] not in live
    ]
    problems += [f"an offer of an ended call rings: {row}" for row in database.execute(OPEN_OFFERS)]
    problems += [
        f"an agent is in a conversation without being there: {row}"
        for row in database.execute(SPEAKING)
        if not live.keys() & set(row["legs"] or ())
    ]
    problems += alone(emulator, live, legs)
    return problems + queue_differs(database, emulator, legs)


def alone(emulator, live, legs):
    """Return the parties that are alone in a conference."""
    rooms = [
        [sid for sid in room["participants"] if sid in live]
        for room in emulator.get("conferences")
        if room["status"] != "completed"
    ]
    return [f"alone in a conference: {legs.get(room[0])}" for room in rooms if len(room) == 1]


def queue_differs(database, emulator, legs):
    """Return the callers who wait either at the provider only or on our lists only."""
    there = {sid for queue in emulator.get("queues") for sid in queue["members"]}
    here = {
        row["customer"]
        for row in database.execute(RUNNING)
        if row["state"] in ("queued", "ringing") and row["direction"] == "incoming"
    }
    return [
        f"who waits is not on the list: {legs.get(sid)}"
        for sid in there
        if sid not in here and legs.get(sid, {}).get("state") != "in_progress"
    ] + [f"who is on the list does not wait: {legs.get(sid)}" for sid in here - there]
