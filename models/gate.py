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
transaction, for users who edit records in forms, for locks that took too long, and for teams with
more free agents than a transaction may lock (`MOST_KEYS`).

No wait is endless, because each blocks a worker: a request waits at the gate for `WAIT_MS`, with
all its repetitions. Without its locks it goes on, but waits for a row for `ROW_MS` at most. Then it
is `Busy`, and its sender is asked to come again.
"""

import functools
import logging
import re
import time
import zlib
from contextlib import suppress

import psycopg2
from psycopg2.errors import DeadlockDetected, QueryCanceled

from odoo.sql_db import Cursor
from odoo.tools import SQL

from ..tools.transfer_states import OPEN_STATES
from .arguments import is_id

_logger = logging.getLogger(__name__)

# First halves of the keys, in the order in which they are locked. The second half is an id, or the
# hash of a leg's identifier.
NAME, CALL, AGENT = 1886153569, 1886153570, 1886153571
FUNCTIONS = {
    "pg_advisory_lock": SQL("pg_advisory_lock"),
    "pg_advisory_unlock": SQL("pg_advisory_unlock"),
    "pg_advisory_xact_lock": SQL("pg_advisory_xact_lock"),
    "pg_try_advisory_lock": SQL("pg_try_advisory_lock"),
}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Maximum time (ms) that a request waits for the locks, with all its repetitions; and that a
# transaction with locks waits for a row that one outside the gate holds.
WAIT_MS = 5000
# Maximum time (ms) that a transaction without the locks waits for a row. Both times together must
# be less than the 15 s for which the provider waits for an answer.
ROW_MS = 2000
# Maximum number of locks of one transaction.
MOST_KEYS = 100
# Maximum number of attempts to lock what was found while waiting.
TURNS = 3
# Seconds. An agent whose offer expires within them may be free when a transaction that enters now
# decides: it waits for its locks first.
SOON = 2
# Least number of waiting callers that may be offered to agents who become available.
NEXT_CALLERS = 10
# Methods that a form calls, and keywords of `door`. Archiving an agent withdraws the calls that
# ring there.
FORM_METHODS = {
    "telephony.agent": (
        {"action_archive", "action_unarchive", "unlink", "web_save", "write"},
        {"routes": True, "ends": False},
    ),
    "telephony.call": ({"web_save", "write"}, {"routes": False, "ends": False}),
}
# Key under which a transaction keeps what it has entered with.
INSIDE = "crm_telephony.inside"
# Key under which a transaction notes that it has entered with the locks of some calls.
ENTERED = "crm_telephony.entered"
# Key under which a transaction notes that it has waited for too long, and goes on without locks.
LATE = "crm_telephony.late"
# Key under which a transaction notes that it begins again after a failure.
ATTEMPT = "crm_telephony.attempt"
# Key under which a transaction keeps the calls that it has created.
CREATED = "crm_telephony.created"


def door(routes=False, ends=False):
    """Mark a remote method that changes the call of its `uuid`, or the user's own agent.

    :param bool routes: whether the method may offer calls to agents, or make an agent available
    :param bool ends: whether the call itself is not offered any more
    """

    def decorate(method):
        method._telephony_door = {"routes": routes, "ends": ends}
        return method

    return decorate


def get_door(model, name):
    """Return the keywords of `door` for a method of a model's class; None without such a mark."""
    methods, keywords = FORM_METHODS.get(model._name, ((), None))
    if isinstance(name, str) and name in methods:
        return dict(keywords)
    for parent in model.__mro__ if isinstance(name, str) else ():
        found = getattr(parent.__dict__.get(name), "_telephony_door", None)
        if found:
            return found
    return None


def get_call_names(env, model_name, method_name, args, kwargs):
    """Return what a remote method call may change, see `find_keys`.

    The arguments are not checked yet; whatever is no name of a call or agent is ignored.

    :return: keywords; None when the method changes no call, or the user may not telephone
    :rtype: dict | None
    """
    model = env.registry.get(model_name)
    names = model and get_door(model, method_name)
    if not names or not env.user.has_group("crm_telephony.group_user"):
        return None
    args = args if isinstance(args, list) else []
    values = [*args, *(kwargs.values() if isinstance(kwargs, dict) else ())]
    targets = {"agent": [], "queue": []}
    for value in values:
        if isinstance(value, dict) and value.get("type") in ("agent", "queue"):
            targets[value["type"]].append(value.get("id"))
    ids = args[0] if args and isinstance(args[0], list) else []
    if model_name == "telephony.agent":
        targets["agent"] += ids
    is_form = model_name in FORM_METHODS and method_name in FORM_METHODS[model_name][0]
    return {
        **names,
        "user_id": env.uid,
        "company_ids": env.user._get_company_ids(),
        "uuid": next((one for one in values if isinstance(one, str) and UUID.fullmatch(one)), ""),
        "form_call_ids": [one for one in ids if is_id(one)][:MOST_KEYS]
        if is_form and model_name == "telephony.call"
        else [],
        "agent_ids": [target for target in targets["agent"] if is_id(target)][:MOST_KEYS],
        "queue_ids": [target for target in targets["queue"] if is_id(target)][:MOST_KEYS],
    }


def get_deadline():
    """Return the moment (`time.monotonic`) until which a request that arrives now may wait."""
    return time.monotonic() + WAIT_MS / 1000


def enter(env, commits=False, deadline=None, has_read_only=False, **names):
    """Wait until no other transaction changes the named calls, and begin a fresh transaction.

    :param env: environment of a transaction that has not written yet
    :param bool commits: whether what the transaction has written may be committed first. The
        cursors of tests share one transaction and cannot commit
    :param float deadline: see `get_deadline`; None for a job, whose wait begins now
    :param bool has_read_only: whether the transaction is known to have written nothing, so that the
        database need not be asked
    :param names: see `find_keys`
    :return: whether the calls are locked
    :rtype: bool
    """
    cr = env.cr
    if cr.readonly:
        return False
    deadline = deadline or get_deadline()
    find = functools.partial(find_keys, cr, **names)
    is_fresh = has_read_only and isinstance(cr, Cursor)
    if _has_pending(cr) or not (is_fresh or _has_read_only(cr)):
        if not isinstance(cr, Cursor):
            # No other transaction can wait for the one that all cursors of a test share.
            _note_entered(cr, find())
            return False
        if not commits:
            return False
        _commit(cr)
    keys, found = set(), find()
    for turn in range(TURNS):
        keys |= found
        if not keys:
            return False
        is_stale = _lock(env, sorted(keys), deadline)
        if is_stale is None:
            _pass_late(cr)
            return False
        # What was decided after the first look may name further calls or agents.
        found = find() if is_stale else keys
        if found <= keys or turn == TURNS - 1:
            break
        # All locks are given up for the larger set, so that the order remains one order.
        _begin_anew(env)
    _note_entered(cr, keys)
    return True


def begin_again(env):
    """Undo what this transaction has done, and lock again what it had locked."""
    cr = env.cr
    keys = set(cr.postrollback.data.get(INSIDE, ()))
    _begin_anew(env)
    if keys and isinstance(cr, Cursor) and _lock(env, sorted(keys), get_deadline()) is None:
        _pass_late(cr)
        return
    if keys:
        _note_entered(cr, keys)


def begin_attempt(cr):
    """Note that any failure of this transaction leads to `begin_again`: no savepoint is needed."""
    cr.postrollback.data[ATTEMPT] = True


def is_attempt(cr):
    """Return whether any failure of this transaction leads to `begin_again`."""
    return ATTEMPT in cr.postrollback.data


def enter_with(records):
    """Enter the gate with calls, with records of calls such as legs, with verifications or tests.

    :return: see `enter`
    """
    if records._name in ("telephony.caller.id", "telephony.test.call"):
        # Their webhooks name a leg that belongs to no call.
        legs = [leg for leg in records.mapped("provider_leg_id") if leg]
        return bool(legs) and enter(records.env, account_id=records[:1].account_id.id, legs=legs)
    calls = records
    if records._name != "telephony.call":
        calls = records.call_id if "call_id" in records._fields else records.browse()
    return bool(calls) and enter(records.env, call_ids=calls.ids, routes=True)


def _has_pending(cr):
    """Return whether this transaction will write at its commit."""
    return bool(cr.precommit or cr.postcommit or any(cr.transaction.field_dirty.values()))


def _has_read_only(cr):
    """Return whether this transaction has written nothing."""
    cr.execute("SELECT pg_current_xact_id_if_assigned() IS NULL")
    return cr.fetchone()[0]


def _commit(cursor):
    """Commit what a transaction has written; otherwise beginning anew would lose it."""
    cursor.commit()


def _pass_late(cr):
    cr.execute(SQL("SET LOCAL lock_timeout = %s", ROW_MS))
    cr.postrollback.data[LATE] = True


def _keep_inside(cr, keys):
    # The data of these callbacks lasts as long as the transaction.
    cr.postrollback.data.setdefault(INSIDE, set()).update(keys)


def _note_entered(cr, keys):
    _keep_inside(cr, keys)
    cr.postrollback.data[ENTERED] = True


def add_created(calls):
    """Count new calls as inside: no other transaction can see them."""
    _keep_inside(calls.env.cr, ((CALL, call) for call in calls.ids))
    calls.env.cr.postrollback.data.setdefault(CREATED, set()).update(calls.ids)


def get_created(cr):
    """Return the ids of the calls that this transaction has created."""
    return cr.postrollback.data.get(CREATED, set())


def choose_inside(calls):
    """Return those of some calls that this transaction may change.

    Callers wait whom it could not foresee when it entered. They are offered by their own requests.
    A transaction without any locks relies on those of rows, and gets all.
    """
    data = calls.env.cr.postrollback.data
    if LATE in data or ENTERED not in data:
        return calls
    return calls.filtered(lambda call: (CALL, call.id) in data.get(INSIDE, ()))


def assert_inside(calls):
    """Report calls that this transaction changes although it has not entered with them.

    Only logged, because the locks of rows still keep the calls correct. Tests look for the line.
    """
    data = calls.env.cr.postrollback.data
    if LATE in data:
        return  # it has entered, and waited for as long as it may
    inside = data.get(INSIDE, ())
    for call in calls:
        if (CALL, call.id) not in inside:
            _logger.debug("%s: changed outside the gate", call.uuid, stack_info=True)


def _lock(env, keys, deadline):
    """Lock keys in their order, and begin a fresh transaction that holds the locks.

    :param list keys: pairs of integers
    :param float deadline: see `get_deadline`
    :return: whether another transaction has written since the last snapshot; None if other
        transactions held the locks for too long
    :rtype: bool | None
    """
    cr = env.cr
    try:
        cr.execute(SQL("%s, pg_current_snapshot()::text", _call("pg_try_advisory_lock", keys)))
        *granted, seen = cr.fetchone()
        if not all(granted):
            taken = [key for key, is_granted in zip(keys, granted, strict=True) if is_granted]
            if taken:
                cr.execute(_call("pg_advisory_unlock", taken))
            patience = int((deadline - time.monotonic()) * 1000)
            if patience <= 0:
                raise QueryCanceled
            # The time limit is that of all locks together, unlike `lock_timeout`.
            cr.execute(SQL("SET LOCAL statement_timeout = %s", patience))
            cr.execute(_call("pg_advisory_lock", keys), log_exceptions=False)
        _begin_anew(env)
        cr.execute(
            SQL(
                "%s; %s, set_config('lock_timeout', %s, true), pg_current_snapshot()::text",
                _call("pg_advisory_xact_lock", keys),
                _call("pg_advisory_unlock", keys),
                str(WAIT_MS),
            )
        )
    except (QueryCanceled, DeadlockDetected) as error:
        _logger.info("The gate is passed without locks of calls: %s", type(error).__name__)
        _release(env)
        return None
    except BaseException:
        _release(env)
        raise
    return cr.fetchone()[-1] != seen


def _call(function, keys):
    """Return a query that calls a function of `FUNCTIONS` with each key, in order."""
    # PostgreSQL evaluates the expressions of a SELECT list from left to right.
    return SQL(
        "SELECT %s",
        SQL(", ").join(SQL("%s(%s, %s)", FUNCTIONS[function], *key) for key in keys),
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


def find_keys(
    cr,
    account_id=0,
    uuid="",
    call_ids=(),
    form_call_ids=(),
    legs=(),
    leg_id=0,
    recording_id=0,
    user_id=0,
    identity="",
    agent_ids=(),
    queue_ids=(),
    number="",
    company_ids=None,
    routes=False,
    ends=False,
):
    """Return the keys of the calls and agents that a request may change.

    A name that is not of the sender's account or companies names nothing: no tenant can make the
    calls of another one wait.

    :param cr: cursor
    :param int account_id: account that sent the request; 0 if a page did
    :param str uuid: the call
    :param call_ids: further calls, which the sender is known to be entitled to
    :param form_call_ids: further calls that a form names
    :param legs: the provider's identifiers of legs; a name is locked as long as no call has the leg
    :param int leg_id: a leg
    :param int recording_id: a recording
    :param int user_id: the user whose page sent the request
    :param str identity: the provider's name of that user's browser
    :param agent_ids: further agents
    :param queue_ids: queues whose members may be rung
    :param str number: our number that was called, for a new call
    :param company_ids: companies of the user whose page sent the request
    :param bool routes: whether callers may be offered to agents: then these agents are locked, and
        the callers who wait for them
    :param bool ends: whether the named calls end, so that only their agents are needed
    :return: pairs of integers
    :rtype: set(tuple)
    """
    is_near = _get_scope(account_id, company_ids)
    mine = SQL("FALSE")
    if agent_ids:
        mine = SQL("agent.id IN %s AND %s", tuple(agent_ids), is_near("agent"))
    if user_id:
        mine = SQL("agent.user_id = %s OR %s", user_id, mine)
    elif identity:
        mine = SQL("agent.identity = %s AND %s OR %s", identity, is_near("agent"), mine)
    is_mine = bool(user_id or identity or agent_ids)
    names = {leg: None for leg in legs if leg}
    if names:
        cr.execute(
            SQL(
                """SELECT provider_leg_id, call_id FROM telephony_call_leg
                    WHERE account_id = %s AND provider_leg_id IN %s""",
                account_id,
                tuple(names),
            )
        )
        names.update(cr.fetchall())
    calls = {*call_ids, *filter(None, names.values())}
    if form_call_ids:
        calls |= _select(
            cr,
            [
                SQL(
                    "SELECT call.id FROM telephony_call AS call WHERE call.id IN %s AND %s",
                    tuple(form_call_ids),
                    is_near("call"),
                )
            ],
        )
    calls |= _find_calls(cr, is_near("call"), calls, uuid, leg_id, recording_id, is_mine and mine)
    keys = {
        (NAME, zlib.crc32(name.encode()) >> 1) for name, call_id in names.items() if not call_id
    }
    if routes:
        agents = _find_agents(cr, calls, is_mine and mine)
        waiting = find_waiting(cr, agents)
        rung = waiting if ends else calls | waiting
        candidates = _find_candidates(cr, rung, account_id, number, queue_ids, is_near("queue"))
        # A caller whom no process has offered yet is offered to them before the one that arrives.
        calls |= waiting | find_waiting(cr, candidates - agents)
        agents |= candidates
        if len(keys) + len(calls) + len(agents) <= MOST_KEYS:
            # Each lock takes a place in a table of fixed size, which all sessions share.
            keys |= {(AGENT, agent) for agent in agents}
    return keys | {(CALL, call) for call in sorted(calls)[:MOST_KEYS]}


def _get_scope(account_id, company_ids):
    """Return the function that makes the SQL condition that a row is the sender's.

    :param int account_id: account that sent the request, or 0
    :param company_ids: companies of the user who sent it; None for our own jobs
    """

    def is_near(alias):
        table = SQL.identifier(alias)
        if account_id and alias == "call":
            return SQL("%s.account_id = %s", table, account_id)
        if account_id:
            return SQL(
                "%s.company_id = (SELECT company_id FROM telephony_account WHERE id = %s)",
                table,
                account_id,
            )
        if company_ids is None:
            return SQL("TRUE")
        return SQL("%s.company_id = ANY(%s)", table, list(company_ids))

    return is_near


def _find_calls(cr, is_near, calls, uuid, leg_id, recording_id, mine):
    """Return the named calls, and the ongoing and ringing calls of the agents in `mine`.

    A conversation ends the attempts to call the same customer back, so they are returned, too.

    :param SQL is_near: condition that a named call is the sender's
    :param calls: calls that are named in another way
    """
    named = []
    if uuid:
        named.append(SQL("call.uuid = %s", uuid))
    if leg_id:
        named.append(
            SQL("call.id = (SELECT call_id FROM telephony_call_leg WHERE id = %s)", leg_id)
        )
    if recording_id:
        named.append(
            SQL("call.id = (SELECT call_id FROM telephony_recording WHERE id = %s)", recording_id)
        )
    parts = [
        SQL("SELECT call.id FROM telephony_call AS call WHERE %s AND %s", name, is_near)
        for name in named
    ]
    if calls:
        named.append(SQL("call.id IN %s", tuple(calls)))
    if named:
        parts.append(
            SQL(
                """SELECT attempt.id FROM telephony_call AS call
                     JOIN telephony_queue_callback AS promise
                       ON promise.company_id = call.company_id
                      AND promise.customer_number = call.customer_number
                      AND promise.state IN ('requested', 'open')
                     JOIN telephony_call AS attempt ON attempt.queue_callback_id = promise.id
                    WHERE attempt.state != 'ended' AND (%s) AND %s""",
                SQL(" OR ").join(named),
                is_near,
            )
        )
    if mine:
        parts.append(
            SQL(
                """SELECT call.id FROM telephony_call AS call
                     JOIN telephony_agent AS agent ON agent.user_id = call.user_id
                    WHERE call.state != 'ended' AND (%s)""",
                mine,
            )
        )
        parts.append(
            SQL(
                """SELECT offer.call_id FROM telephony_offer AS offer
                     JOIN telephony_agent AS agent ON agent.id = offer.agent_id
                    WHERE offer.state = 'offered' AND (%s)""",
                mine,
            )
        )
    return _select(cr, parts)


def _find_agents(cr, calls, mine):
    """Return the agents of calls: those who ring, talk, or are asked; and those in `mine`."""
    parts = [SQL("SELECT agent.id FROM telephony_agent AS agent WHERE %s", mine)] if mine else []
    if calls:
        ids = tuple(calls)
        parts += (
            SQL(
                """SELECT agent_id FROM telephony_offer
                    WHERE state = 'offered' AND call_id IN %s""",
                ids,
            ),
            SQL(
                """SELECT agent_id FROM telephony_transfer
                    WHERE state IN %s AND agent_id IS NOT NULL AND call_id IN %s""",
                OPEN_STATES,
                ids,
            ),
            SQL(
                """SELECT agent.id FROM telephony_call AS call
                     JOIN telephony_agent AS agent
                       ON agent.user_id = call.user_id AND agent.company_id = call.company_id
                    WHERE call.id IN %s""",
                ids,
            ),
        )
    return _select(cr, parts)


def find_waiting(cr, agents):
    """Return the callers who are next when these agents become available.

    A caller who rings at another agent is none of them, unless that offer expires soon.
    """
    if not agents:
        return set()
    ids, most = tuple(agents), max(NEXT_CALLERS, len(agents))
    is_unoffered = SQL(
        """user_id IS NULL AND NOT EXISTS (
               SELECT FROM telephony_offer
                WHERE call_id = telephony_call.id AND state = 'offered'
                  AND expires_at > now() AT TIME ZONE 'utc' + %s * interval '1 s')""",
        SOON,
    )
    return _select(
        cr,
        (
            SQL(
                """(SELECT id FROM telephony_call
                     WHERE state = 'queued' AND %s AND queue_id IN (
                           SELECT telephony_queue_id FROM telephony_agent_telephony_queue_rel
                            WHERE telephony_agent_id IN %s)
                     ORDER BY started_at, id LIMIT %s)""",
                is_unoffered,
                ids,
                most,
            ),
            SQL(
                """(SELECT id FROM telephony_call
                     WHERE state = 'routing' AND %s AND step_id IN (
                           SELECT telephony_flow_step_id
                             FROM telephony_agent_telephony_flow_step_rel
                            WHERE telephony_agent_id IN %s)
                     ORDER BY started_at, id LIMIT %s)""",
                is_unoffered,
                ids,
                most,
            ),
        ),
    )


def _find_candidates(cr, calls, account_id, number, queue_ids, is_near):
    """Return the agents who may be rung by calls in their step, a number, or queues.

    Agents are free if their offer expires soon. Agents in a call are rung only by a step none of
    whose agents is free (call waiting): otherwise callers who wait for them would wait for each
    other here.
    """
    parts = []
    if calls:
        parts.append(
            SQL(
                """SELECT step.id, coalesce(step.queue_id, call.queue_id) AS queue_id
                     FROM telephony_call AS call
                     LEFT JOIN telephony_flow_step AS step ON step.id = call.step_id
                    WHERE call.state != 'ended' AND call.id IN %s""",
                tuple(calls),
            )
        )
    if number:
        parts.append(
            SQL(
                """SELECT step.id, step.queue_id FROM telephony_flow_step AS step
                     JOIN telephony_number AS number ON number.flow_id = step.flow_id
                    WHERE number.account_id = %s AND number.number = %s""",
                account_id,
                number,
            )
        )
    if queue_ids:
        parts.append(
            SQL(
                """SELECT NULL::int AS id, queue.id AS queue_id FROM telephony_queue AS queue
                    WHERE queue.id IN %s AND %s""",
                tuple(queue_ids),
                is_near,
            )
        )
    if not parts:
        return set()
    return _select(
        cr,
        [
            SQL(
                """WITH step AS (%s), member AS (
                       SELECT telephony_flow_step_id AS step_id, telephony_agent_id AS agent_id
                         FROM telephony_agent_telephony_flow_step_rel
                        WHERE telephony_flow_step_id IN (SELECT id FROM step)
                       UNION ALL
                       SELECT NULL, telephony_agent_id
                         FROM telephony_agent_telephony_queue_rel
                        WHERE telephony_queue_id IN (SELECT queue_id FROM step)
                   ), candidate AS (
                       SELECT member.step_id, agent.id,
                              EXISTS (
                                  SELECT FROM telephony_call
                                   WHERE user_id = agent.user_id AND state != 'ended') AS is_busy,
                              agent.call_waiting,
                              agent.call_via = 'phone'
                                  AND agent.phone_number IS NOT NULL AS has_own_phone,
                              EXISTS (
                                  SELECT FROM telephony_agent_lease
                                   WHERE agent_id = agent.id
                                     AND expires_at > now() AT TIME ZONE 'utc') AS has_page,
                              agent.wrap_up_call_id
                         FROM member
                         JOIN telephony_agent AS agent ON agent.id = member.agent_id
                        WHERE agent.status = 'online'
                          AND NOT EXISTS (
                              SELECT FROM telephony_offer
                               WHERE agent_id = agent.id AND state = 'offered'
                                 AND expires_at
                                     > now() AT TIME ZONE 'utc' + %s * interval '1 s'))
                   SELECT id FROM candidate WHERE NOT is_busy
                    UNION
                   SELECT id FROM candidate
                    WHERE is_busy AND call_waiting AND has_page AND NOT has_own_phone
                      AND step_id NOT IN (
                          SELECT step_id FROM candidate
                           WHERE step_id IS NOT NULL AND NOT is_busy AND wrap_up_call_id IS NULL
                             AND (has_page OR has_own_phone))""",
                SQL(" UNION ").join(parts),
                SOON,
            )
        ],
    )


def _select(cr, parts):
    """Return the ids that any of some queries finds."""
    if not parts:
        return set()
    cr.execute(SQL(" UNION ").join(parts))
    return {row[0] for row in cr.fetchall()}
