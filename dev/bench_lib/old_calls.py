"""Past calls by the million, as the telephone would have left them.

A few are written by the ORM, one of each kind, and then copied by SQL with all their records.
Each copy is some minutes older, of another contact, and has identifiers of its own.
"""

import time
from datetime import timedelta

import database
from bench_lib import contacts, databases
from bench_lib.world import RINGING, World, make_sid
from places import say

#: Courses of calls: direction, outcome, and reported statuses of the customer's and agent's legs.
_KINDS = (
    ("incoming", "answered", ("completed", "completed")),
    ("incoming", "missed", ("completed", "no_answer")),
    ("outgoing", "answered", ("completed", "completed")),
    ("outgoing", "no_answer", ("no_answer", "completed")),
)
_TABLES = ("telephony_call", "telephony_call_leg", "telephony_call_event", "telephony_offer")
_WORDS = ("initiated", "ringing", "completed")
_MINUTES_BETWEEN = 3

# Columns that differ from those of the copied call.
_POSITION = "(round - 1) * %(kinds)s + model.id - %(first)s"
_SID = "'CA' || md5(left(one.{column}, 34) || round) || substr(one.{column}, 35)"
_NUMBER = (
    "CASE one.{column} WHEN model.customer_number THEN person.phone_sanitized ELSE one.{column} END"
)
_COLUMNS = {
    "id": "%(base)s + row_number() OVER () - 1",
    "call_id": f"%(calls)s + {_POSITION}",
    "uuid": "gen_random_uuid()",
    "partner_id": "person.id",
    **dict.fromkeys(("provider_call_id", "provider_leg_id", "key"), _SID),
    **dict.fromkeys(("customer_number", "from_number", "to_number", "number"), _NUMBER),
}
_MOMENT = f"one.{{column}} - round * interval '{_MINUTES_BETWEEN} minutes'"
_COPY = f"""
    INSERT INTO {{table}} ({{columns}})
    SELECT {{values}}
      FROM generate_series(1, %(rounds)s) AS round
     CROSS JOIN telephony_call AS model
      JOIN {{table}} AS one ON one.{{link}} = model.id
      JOIN res_partner AS person
        ON person.id = %(contacts)s + ({_POSITION}) %% %(count)s
     WHERE model.id BETWEEN %(first)s AND %(first)s + %(kinds)s - 1
"""


def ensure(setting):
    """Create the database with few contacts and many calls, or update it to the measured code.

    :param setting: the run, see `bench_lib.setting`.
    :return tuple: its name, and the result of `databases.ensure` for the database without calls,
    with the last identifier of the `calls`.
    """
    (source, first), rounds = setting.small, setting.options.calls // len(_KINDS)

    def make(name):
        # No connection may be open to a database that is being copied, or renamed.
        setting.registries.forget(source)
        database.copy(source, name)
        with setting.registries.cursor(name) as cursor:
            here = World(setting.registries.environment(cursor))
            here.build()
            models = _write_models(here)
        setting.registries.forget(name)
        return {**first, "calls": _fill(name, models, rounds, first["contacts"], setting.few)}

    return databases.keep(
        f"{source}_calls_{rounds * len(_KINDS)}", make, setting.code, setting.options.fresh
    )


def _write_models(here):
    """Write one call of each kind. Return the first identifier of them."""
    number = here.env["telephony.number"].search([("number", "=", RINGING)])
    person = here.env["res.partner"].search([("phone_sanitized", "!=", False)], limit=1)
    calls = here.env["telephony.call"].create(
        [_model_of_call(here, number, person, *kind) for kind in _KINDS]
    )
    assert calls.ids == list(range(calls[0].id, calls[0].id + len(calls)))
    return calls[0].id


def _model_of_call(here, number, person, direction, outcome, end_reasons):
    began = here.env.cr.now().replace(microsecond=0) - timedelta(minutes=10)
    answered = began + timedelta(seconds=12) if outcome == "answered" else False
    ended = began + timedelta(minutes=4 if answered else 1)
    customer, agent = person.phone_sanitized, number.agent_ids[0]
    ours = (number.number, customer) if direction == "outgoing" else (customer, number.number)
    common = {"account_id": here.account.id}
    parties = (
        {"role": "customer", "label": "customer", "number": customer},
        {"role": "agent", "label": "agent-1", "user_id": agent.user_id.id},
    )
    sids = [make_sid() for _party in parties]
    values = {
        **common,
        "direction": direction,
        "state": "ended",
        "outcome": outcome,
        "provider_call_id": sids[0],
        "from_number": ours[0],
        "to_number": ours[1],
        "customer_number": customer,
        "number_id": number.id,
        "partner_id": person.id,
        "user_id": bool(answered or direction == "outgoing") and agent.user_id.id,
        "started_at": began,
        "answered_at": answered,
        "ended_at": ended,
        "duration": answered and (ended - answered).seconds,
        "ended_by": "customer",
        "timeline_ids": [
            (
                0,
                0,
                {"at": began, "code": "call_received", "values": {"number": number.display_name}},
            )
        ],
        "leg_ids": [
            (
                0,
                0,
                {
                    **common,
                    **party,
                    "provider_leg_id": sid,
                    "status": "ended",
                    "event_sequence": len(_WORDS) - 1,
                    "end_reason": reason,
                    "initiated_at": began,
                    "ringing_at": began,
                    "answered_at": answered,
                    "ended_at": ended,
                },
            )
            for party, sid, reason in zip(parties, sids, end_reasons, strict=True)
        ],
        "event_ids": [
            (0, 0, {**common, "key": f"{sid}:{word}", "kind": "leg", "happened_at": ended})
            for sid in sids
            for word in _WORDS
        ],
    }
    if direction == "incoming":
        values["offer_ids"] = [
            (
                0,
                0,
                {
                    "agent_id": agent.id,
                    "state": "accepted" if answered else "expired",
                    "offered_at": began,
                    "expires_at": began + timedelta(seconds=20),
                },
            )
        ]
    return values


def _fill(name, first, rounds, first_contact, contact_count):
    """Copy the calls of each kind. Return the last identifier of the calls."""
    started = time.monotonic()
    parameters = {
        "first": first,
        "kinds": len(_KINDS),
        "rounds": rounds,
        "contacts": first_contact,
        "count": contact_count,
    }
    with contacts.filling(name, *_TABLES) as cursor:
        for table in _TABLES:
            link = "id" if table == "telephony_call" else "call_id"
            cursor.execute(
                f"SELECT count(*) FROM {table} WHERE {link} BETWEEN %s AND %s",
                [first, first + len(_KINDS) - 1],
            )
            [models] = cursor.fetchone()
            base = contacts.fill_table(
                cursor, table, _copy_query(cursor, table, link), models * rounds, parameters
            )
            parameters.setdefault("calls", base)
    say(f"{rounds * len(_KINDS)} calls are in '{name}' ({time.monotonic() - started:.0f} s)")
    return parameters["calls"] + rounds * len(_KINDS) - 1


def _copy_query(cursor, table, link):
    cursor.execute(
        """SELECT attname, atttypid = 'timestamp'::regtype FROM pg_attribute
            WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped""",
        [table],
    )
    values = {}
    for column, is_moment in cursor.fetchall():
        value = _MOMENT if is_moment else _COLUMNS.get(column, "one.{column}")
        values[column] = value.format(column=column)
    if link == "id":
        values["id"] = f"%(base)s + {_POSITION}"
    return _COPY.format(
        table=table, link=link, columns=", ".join(values), values=", ".join(values.values())
    )
