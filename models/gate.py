"""The gate: requests and jobs that may change a call wait here for those that are changing it.

The rule: before anything is read that a decision depends on, a transaction locks what it may
change, in one order: names of legs without a call yet, calls by id, agents by id. It waits for the
transactions that hold these locks, and then begins with a snapshot that is younger than their
commits. So it changes rows that no concurrent transaction of the telephone changes, and PostgreSQL
has no reason to abort it.

Odoo runs at `REPEATABLE READ`: the first statement takes the snapshot, even if it waits for a lock.
A lock of the transaction would therefore be obtained too late. So the wait is for a lock of the
*session*, which survives the rollback that gives up the old snapshot. The first statement of the
next transaction turns it into a lock of the transaction, which PostgreSQL releases with the commit
or rollback, whatever happens. A session holds a lock only during the wait, and none afterwards.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS

A transaction that has already written cannot begin anew and does not enter. Rows are still locked
before they are changed, and a lost race is still repeated (`run_again_at_once`): for that
transaction, for users who edit records in forms, and for locks that took too long.
"""

import functools
import logging
import re
from contextlib import suppress

import psycopg2
from psycopg2.errors import LockNotAvailable

from odoo.tools import SQL

from ..tools.transfer_states import OPEN_STATES
from .arguments import is_id

_logger = logging.getLogger(__name__)

# First halves of the keys, in the order in which they are locked. The second half is an id, or the
# hash of a leg's identifier.
NAME, CALL, AGENT = 1886153569, 1886153570, 1886153571
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Maximum time (ms) to wait for one lock. The provider waits 15 s for an answer.
WAIT_MS = 5000
# Maximum number of locks of one transaction.
MOST_KEYS = 100
# Maximum number of attempts to lock what was found while waiting.
TURNS = 3
# Waiting callers that may be offered to an agent who becomes available.
NEXT_CALLERS = 3


def door(routes=False):
    """Mark a remote method that changes the call of its `uuid`, or the user's own agent.

    :param bool routes: whether the method may offer calls to agents, or make an agent available
    """

    def decorate(method):
        method._telephony_door = {"routes": routes}
        return method

    return decorate


def get_door(model, name):
    """Return the keywords of `door` for a method of a model's class; None without such a mark."""
    for parent in model.__mro__ if isinstance(name, str) else ():
        found = getattr(parent.__dict__.get(name), "_telephony_door", None)
        if found:
            return found
    return None


def get_call_names(env, model_name, method_name, args, kwargs):
    """Return what a remote method call may change, see `find_keys`.

    The arguments are not checked yet; whatever is no name of a call or agent is ignored.

    :return: keywords; None when the method changes no call
    :rtype: dict | None
    """
    model = env.registry.get(model_name)
    names = model and get_door(model, method_name)
    if not names:
        return None
    args = args if isinstance(args, list) else []
    values = [*args, *(kwargs.values() if isinstance(kwargs, dict) else ())]
    targets = [
        value.get("id")
        for value in values
        if isinstance(value, dict) and value.get("type") == "agent"
    ]
    if model_name == "telephony.agent" and args and isinstance(args[0], list):
        targets += args[0]
    return {
        **names,
        "user_id": env.uid,
        "uuid": next((one for one in values if isinstance(one, str) and UUID.fullmatch(one)), ""),
        "agent_ids": [target for target in targets if is_id(target)],
    }


def enter(env, **names):
    """Wait until no other transaction changes the named calls, and begin a fresh transaction.

    :param env: environment of a transaction that has not written yet
    :param names: see `find_keys`
    :return: whether the calls are locked
    :rtype: bool
    """
    cr = env.cr
    if cr.readonly or _has_begun(cr):
        return False
    find = functools.partial(find_keys, cr, **names)
    keys, found = set(), find()
    for _turn in range(TURNS):
        # What was decided while this transaction was waiting may name further calls or agents.
        if found <= keys:
            return bool(keys)
        keys |= found
        if not _lock(env, sorted(keys)):
            return False
        found = find()
    return found <= keys


def enter_with(records):
    """Enter the gate with calls, or with records of calls such as legs; see `enter`."""
    calls = records
    if records._name != "telephony.call":
        calls = records.call_id if "call_id" in records._fields else records.browse()
    return bool(calls) and enter(records.env, call_ids=calls.ids, routes=True)


def _has_begun(cr):
    """Return whether this transaction has written, or will do so at its commit."""
    if cr.precommit or cr.postcommit or any(cr.transaction.field_dirty.values()):
        return True
    cr.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
    return cr.fetchone()[0]


def _lock(env, keys):
    """Lock keys in their order for a fresh transaction.

    :param list keys: pairs of integers
    :return: whether all were locked; then a fresh transaction has begun
    :rtype: bool
    """
    cr = env.cr
    try:
        # The locks of an earlier turn are released first, so that the order remains one order.
        _begin_anew(env)
        cr.execute(
            SQL(
                "SET LOCAL lock_timeout = %s; %s",
                WAIT_MS,
                _call("pg_advisory_lock", keys),
            ),
            log_exceptions=False,
        )
        _begin_anew(env)
        cr.execute(
            SQL("%s; %s", _call("pg_advisory_xact_lock", keys), _call("pg_advisory_unlock", keys))
        )
    except LockNotAvailable:
        _logger.info("A lock took longer than %s ms; rows are locked one by one", WAIT_MS)
        _release(env)
        return False
    except BaseException:
        _release(env)
        raise
    return True


def _call(function, keys):
    # PostgreSQL evaluates the expressions of a SELECT list from left to right.
    return SQL(
        "SELECT %s",
        SQL(", ").join(SQL("%s(%s, %s)", SQL(function), *key) for key in keys),
    )


def _begin_anew(env):
    env.cr.rollback()
    env.transaction.reset()


def _release(env):
    """Release the session's locks of an interrupted wait.

    A connection that cannot release them is closed, which does: none may reach the pool.
    """
    cr = env.cr
    try:
        _begin_anew(env)
        cr.execute(
            SQL(
                """SELECT pg_advisory_unlock(classid::int, objid::int)
                     FROM pg_locks
                    WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
                      AND objsubid = 2 AND classid IN %s""",
                (NAME, CALL, AGENT),
            )
        )
        _begin_anew(env)
    except psycopg2.Error:
        with suppress(psycopg2.Error):
            cr.connection.close()
        raise


# The calls that a request names, and the other calls of the user who sends it.
_NAMED = """
WITH me AS (
    SELECT user_id AS id FROM telephony_agent WHERE identity = %(identity)s
    UNION SELECT %(user)s
), named AS (
    SELECT id FROM telephony_call WHERE uuid = %(uuid)s OR id IN %(calls)s
    UNION SELECT call_id FROM telephony_call_leg
           WHERE account_id = %(account)s AND provider_leg_id IN %(legs)s
    UNION SELECT call_id FROM telephony_call_leg
           WHERE account_id = %(account)s AND id = %(leg)s
    UNION SELECT call_id FROM telephony_recording WHERE id = %(recording)s
    UNION SELECT id FROM telephony_call WHERE state != 'ended' AND user_id IN (SELECT id FROM me)
    UNION SELECT offer.call_id FROM telephony_offer AS offer
            JOIN telephony_agent AS agent ON agent.id = offer.agent_id
           WHERE offer.state = 'offered'
             AND (agent.user_id IN (SELECT id FROM me) OR agent.id IN %(agents)s)
)"""
# Their agents; the callers whom these agents may take next; the free agents who may be rung. Agents
# who are busy are not rung, so that many callers who wait for them do not wait for each other.
_ROUTED = """
, owner AS (
    SELECT agent_id AS id FROM telephony_offer
     WHERE state = 'offered' AND call_id IN (SELECT id FROM named)
    UNION SELECT agent_id FROM telephony_transfer
           WHERE state IN %(open)s AND agent_id IS NOT NULL
             AND call_id IN (SELECT id FROM named)
    UNION SELECT agent.id FROM telephony_agent AS agent
            JOIN telephony_call AS call
              ON call.user_id = agent.user_id AND call.company_id = agent.company_id
           WHERE call.id IN (SELECT id FROM named)
    UNION SELECT id FROM telephony_agent
           WHERE user_id IN (SELECT id FROM me) OR id IN %(agents)s
), waiting AS (
    (SELECT call.id FROM telephony_call AS call
      WHERE call.state = 'queued' AND call.user_id IS NULL AND call.queue_id IN (
            SELECT telephony_queue_id FROM telephony_agent_telephony_queue_rel
             WHERE telephony_agent_id IN (SELECT id FROM owner))
      ORDER BY call.started_at, call.id LIMIT %(next)s)
    UNION ALL
    (SELECT call.id FROM telephony_call AS call
      WHERE call.state = 'routing' AND call.user_id IS NULL AND call.step_id IN (
            SELECT telephony_flow_step_id FROM telephony_agent_telephony_flow_step_rel
             WHERE telephony_agent_id IN (SELECT id FROM owner))
      ORDER BY call.started_at, call.id LIMIT %(next)s)
), step AS (
    SELECT step.id, step.queue_id FROM telephony_flow_step AS step
      JOIN telephony_call AS call ON call.step_id = step.id
     WHERE call.state != 'ended'
       AND (call.id IN (SELECT id FROM named) OR call.id IN (SELECT id FROM waiting))
    UNION SELECT step.id, step.queue_id FROM telephony_flow_step AS step
            JOIN telephony_number AS number ON number.flow_id = step.flow_id
           WHERE number.account_id = %(account)s AND number.number = %(number)s
    UNION SELECT NULL, call.queue_id FROM telephony_call AS call
           WHERE call.id IN (SELECT id FROM waiting)
)
SELECT %(call_key)s, id FROM waiting
UNION SELECT %(agent_key)s, id FROM owner
UNION SELECT %(agent_key)s, agent.id FROM telephony_agent AS agent
       WHERE agent.id IN (
             SELECT telephony_agent_id FROM telephony_agent_telephony_flow_step_rel
              WHERE telephony_flow_step_id IN (SELECT id FROM step)
             UNION SELECT telephony_agent_id FROM telephony_agent_telephony_queue_rel
                    WHERE telephony_queue_id IN (SELECT queue_id FROM step))
         AND agent.status = 'online'
         AND NOT EXISTS (SELECT FROM telephony_call AS call
                          WHERE call.user_id = agent.user_id AND call.state != 'ended')
         AND NOT EXISTS (SELECT FROM telephony_offer AS offer
                          WHERE offer.agent_id = agent.id AND offer.state = 'offered'
                            AND offer.expires_at > now() AT TIME ZONE 'utc')
UNION """
_CALLS = """
SELECT %(call_key)s, id FROM named
UNION SELECT %(name_key)s, hashtext(name) & 2147483647 FROM unnest(%(names)s::text[]) AS name
       WHERE NOT EXISTS (SELECT FROM telephony_call_leg
                          WHERE account_id = %(account)s AND provider_leg_id = name)"""


def find_keys(
    cr,
    account_id=0,
    uuid="",
    call_ids=(),
    legs=(),
    leg_id=0,
    recording_id=0,
    user_id=0,
    identity="",
    agent_ids=(),
    number="",
    routes=False,
):
    """Return the keys of the calls and agents that a request may change.

    :param cr: cursor
    :param int account_id: account that sent the request; 0 if a page did
    :param str uuid: the call
    :param call_ids: further calls
    :param legs: the provider's identifiers of legs; a name is locked as long as no call has the leg
    :param int leg_id: a leg
    :param int recording_id: a recording
    :param int user_id: the user whose page sent the request
    :param str identity: the provider's name of that user's browser
    :param agent_ids: further agents
    :param str number: our number that was called, for a new call
    :param bool routes: whether callers may be offered to agents: then these agents are locked, and
        the callers who wait for them
    :return: pairs of integers
    :rtype: set(tuple)
    """
    legs = [leg for leg in legs if leg]
    cr.execute(
        f"{_NAMED}{_ROUTED if routes else ''}{_CALLS}",
        {
            "account": account_id,
            "uuid": uuid or None,
            "calls": tuple(call_ids) or (0,),
            "legs": tuple(legs) or (None,),
            "names": legs,
            "leg": leg_id,
            "recording": recording_id,
            "user": user_id,
            "identity": identity or None,
            "agents": tuple(agent_ids) or (0,),
            "number": number or None,
            "open": OPEN_STATES,
            "next": NEXT_CALLERS,
            "name_key": NAME,
            "call_key": CALL,
            "agent_key": AGENT,
        },
    )
    keys = {key for key in cr.fetchall() if key[1]}
    if len(keys) > MOST_KEYS:
        # Each lock takes a place in a table of fixed size, which all sessions share.
        keys = {key for key in keys if key[0] != AGENT}
    return keys if len(keys) <= MOST_KEYS else set()
