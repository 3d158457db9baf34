"""Remove links into other companies or flows, which older versions allowed."""

import logging

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL, sql

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    """Remove every link to a record of another company; the linked record is not changed.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    env.flush_all()
    # Business hours are required, so the company's own ones replace them.
    cr.execute(
        """UPDATE telephony_flow_step AS step SET calendar_id = company.resource_calendar_id
             FROM res_company AS company, resource_calendar AS calendar
            WHERE step.company_id = company.id AND step.calendar_id = calendar.id
              AND calendar.company_id != company.id"""
    )
    _log(cr.rowcount, "telephony.flow.step.calendar_id")
    for name in sorted(env.registry):
        model = env[name]
        if name.startswith("telephony.") and model._auto and not model._abstract:
            for field in model._fields.values():
                _clear_field(cr, model, field)
    _clear_exits(cr)
    env.invalidate_all(flush=False)


def _clear_field(cr, model, field):
    """Remove the links of one field to records of another company."""
    if field.type not in ("many2one", "many2many") or not field.check_company:
        return
    comodel = model.env[field.comodel_name]
    if field.required or not sql.column_exists(cr, comodel._table, "company_id"):
        return
    # Calls of a contact that has moved to another company remain part of its history.
    if not field.comodel_name.startswith("telephony.") and field.name != "calendar_id":
        return
    names = {
        "own": SQL.identifier(model._table),
        "other": SQL.identifier(comodel._table),
    }
    if field.type == "many2one":
        cr.execute(
            SQL(
                """UPDATE %(own)s AS own SET %(column)s = NULL FROM %(other)s AS other
                WHERE own.%(column)s = other.id AND other.company_id != own.company_id""",
                column=SQL.identifier(field.name),
                **names,
            )
        )
    else:
        cr.execute(
            SQL(
                """DELETE FROM %(relation)s AS link USING %(own)s AS own, %(other)s AS other
                WHERE link.%(one)s = own.id AND link.%(many)s = other.id
                  AND other.company_id != own.company_id""",
                relation=SQL.identifier(field.relation),
                one=SQL.identifier(field.column1),
                many=SQL.identifier(field.column2),
                **names,
            )
        )
    _log(cr.rowcount, f"{model._name}.{field.name}")


def _clear_exits(cr):
    """Remove the exits of steps and the keys of menus that lead into another flow."""
    for name in ("next", "else", "no_answer", "full", "not_available"):
        column = f"{name}_step_id"
        cr.execute(
            SQL(
                """UPDATE telephony_flow_step AS own SET %(column)s = NULL
                 FROM telephony_flow_step AS other
                WHERE own.%(column)s = other.id AND other.flow_id != own.flow_id""",
                column=SQL.identifier(column),
            )
        )
        _log(cr.rowcount, f"telephony.flow.step.{column}")
    cr.execute(
        """UPDATE telephony_flow_key AS key SET target_step_id = NULL
             FROM telephony_flow_step AS own, telephony_flow_step AS other
            WHERE key.step_id = own.id AND key.target_step_id = other.id
              AND other.flow_id != own.flow_id"""
    )
    _log(cr.rowcount, "telephony.flow.key.target_step_id")


def _log(count, field):
    if count:
        _logger.info("%s: %s links to another company or flow were removed", field, count)
