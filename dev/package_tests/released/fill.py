"""A row in every table of an old release, and a value in every column. Run by `odoo shell`.

It runs after `records.py` and uses the names of the releases in this folder, which never change.
"""

import json
from datetime import datetime

from odoo.tools import SQL, sql

MOMENT = datetime(2026, 11, 20, 9)
NUMBER = "+32470111222"
#: Value for an empty column, by the type of its field.
SAMPLES = {
    "char": "kept",
    "text": "kept",
    "html": "<p>kept</p>",
    "integer": 7,
    "float": 0.5,
    "monetary": 0.5,
    "boolean": True,
    "datetime": MOMENT,
    "date": MOMENT.date(),
}


def main(env):
    """Add the rows, then fill the empty columns."""
    call = env["telephony.call"].search([("note", "=", "Wants desks.")])
    agent = env["telephony.agent"].search([("phone_number", "=", "+32470999999")])
    queue = env["telephony.queue"].search([("name", "=", "Kept")])
    add_steps(env)
    for model, values in get_rows(call, agent, queue).items():
        if model in env:
            env[model].create(values)
    env.flush_all()
    for name in sorted(env.registry):
        model = env[name]
        if (
            name.startswith("telephony.")
            and model._auto
            and not (model._transient or model._abstract)
        ):
            fill(model)
    env.cr.commit()


def add_steps(env):
    """Add a condition to the flow."""
    flow = env["telephony.flow"].search([("name", "=", "Kept")])
    env["telephony.flow.step"].create(
        {
            "flow_id": flow.id,
            "name": "Condition",
            "kind": "condition",
            "condition_model": "res.partner",
            "condition_domain": "[('name', '=', 'Kept Caller')]",
        }
    )


def get_rows(call, agent, queue):
    """Return the rows to add, as values by model."""
    own = {"call_id": call.id}
    account = {"account_id": call.account_id.id}
    return {
        "telephony.transfer": {
            **own,
            "user_id": agent.user_id.id,
            "mode": "warm",
            "kind": "queue",
            "agent_id": agent.id,
            "queue_id": queue.id,
            "number": NUMBER,
            "state": "lost",
            "started_at": MOMENT,
            "ended_at": MOMENT,
        },
        "telephony.offer": {
            **own,
            "agent_id": agent.id,
            "state": "accepted",
            "expires_at": MOMENT,
        },
        "telephony.call.event": {
            **own,
            **account,
            "key": "kept",
            "kind": "leg",
            "happened_at": MOMENT,
        },
        "telephony.call.quality": {
            **own,
            "leg_id": call.leg_ids[-1:].id,
            "user_id": agent.user_id.id,
            "silent_microphone": 1,
        },
        "telephony.callback": [
            {
                "company_id": call.company_id.id,
                "customer_number": number,
                "kind": kind,
                "state": state,
                "number_id": call.number_id.id,
                "first_at": MOMENT,
                "last_at": MOMENT,
                "due_at": MOMENT,
                "member_ids": agent.user_id.ids,
            }
            for number, kind, state in (
                (NUMBER, "requested", "paid"),
                ("+32470111223", "voicemail", "open"),
            )
        ],
        "telephony.caller.id": [
            {**account, "name": state, "number": number, "agent_id": agent.id, "state": state}
            for number, state in ((NUMBER, "waiting"), ("+32470111223", "verified"))
        ],
        "telephony.blocked.number": {"number": "+32470111224", "reason": "Kept"},
        "telephony.agent.lease": {
            "agent_id": agent.id,
            "client_uuid": "kept-page",
            "expires_at": MOMENT,
        },
    }


def fill(model):
    """Give each empty column a value, where no constraint forbids it."""
    for field in model._fields.values():
        if not field.store or field.name in ("id", "write_date", "write_uid"):
            continue
        if field.type == "many2many":
            link(model, field)
        elif field.type == "binary" and field.attachment:
            attach(model, field)
        elif field.column_type and sql.column_exists(model.env.cr, model._table, field.name):
            put(model, field)


def link(model, field):
    """Link the first record with the first one of the other table."""
    one, other = (
        records.with_context(active_test=False).search([], order="id", limit=1)
        for records in (model, model.env[field.comodel_name])
    )
    if one and other and not one[field.name]:
        one[field.name] = other
        model.env.flush_all()


def attach(model, field):
    """Store a file for the first record; no field reads its content."""
    record = model.with_context(active_test=False).search([], order="id", limit=1)
    model.env["ir.attachment"].create(
        {
            "name": field.name,
            "raw": b"kept",
            "res_model": model._name,
            "res_field": field.name,
            "res_id": record.id,
        }
    )


def put(model, field):
    """Write a sample into the first row, if no row has a value."""
    cr = model.env.cr
    names = {"table": SQL.identifier(model._table), "column": SQL.identifier(field.name)}
    cr.execute(SQL("SELECT 1 FROM %(table)s WHERE %(column)s IS NOT NULL LIMIT 1", **names))
    if not cr.rowcount:
        cr.execute("SAVEPOINT sample")
        try:
            cr.execute(
                SQL(
                    "UPDATE %(table)s SET %(column)s = %(value)s"
                    " WHERE id = (SELECT min(id) FROM %(table)s)",
                    **names,
                    value=get_sample(model, field),
                )
            )
        except Exception:  # noqa: BLE001 - the test names the columns that must be filled
            cr.execute("ROLLBACK TO SAVEPOINT sample")


def get_sample(model, field):
    """Return a value for a column."""
    if field.type == "many2one":
        first = (
            model.env[field.comodel_name]
            .with_context(active_test=False)
            .search([], order="id", limit=1)
        )
        return first.id or None
    if field.type == "selection":
        return field.get_values(model.env)[0]
    if field.type == "json":
        return json.dumps([0, 1])
    sample = SAMPLES[field.type]
    return json.dumps({"en_US": sample}) if field.translate else sample


main(env)  # noqa: F821  # given by the shell
