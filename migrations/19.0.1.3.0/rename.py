"""Functions to rename fields, values, models and constraints, and all references to them.

Each function is repeatable: names that are new already are left alone.
"""

from odoo.tools import SQL, sql

MODULE = "crm_telephony"
# Tables of other modules with a text column that contains a model name.
SPEAKERS = (
    ("ir_attachment", "res_model"),
    ("mail_message", "model"),
    ("mail_activity", "res_model"),
    ("mail_followers", "res_model"),
    ("mail_template", "model"),
    ("ir_act_window", "res_model"),
    ("ir_act_server", "model_name"),
    ("ir_ui_view", "model"),
    ("ir_filters", "model_id"),
    ("ir_exports", "resource"),
    ("ir_model_data", "model"),
)
# Text columns with domains and contexts, and the model that they apply to.
EXPRESSIONS = (
    ("ir_filters", "model_id", ("domain", "context", "sort")),
    ("ir_act_window", "res_model", ("domain", "context")),
    (
        "base_automation",
        "(SELECT model FROM ir_model WHERE ir_model.id = base_automation.model_id)",
        ("filter_domain", "filter_pre_domain"),
    ),
    (
        "ir_act_server",
        "(SELECT model FROM ir_model WHERE ir_model.id = ir_act_server.model_id)",
        ("update_path",),
    ),
    (
        "ir_rule",
        "(SELECT model FROM ir_model WHERE ir_model.id = ir_rule.model_id)",
        ("domain_force",),
    ),
    ("ir_embedded_actions", "parent_res_model", ("domain", "context")),
    (
        "ir_exports_line",
        "(SELECT resource FROM ir_exports WHERE ir_exports.id = ir_exports_line.export_id)",
        ("name",),
    ),
)
CODE = (
    (
        "ir_act_server",
        "(SELECT model FROM ir_model WHERE ir_model.id = ir_act_server.model_id)",
        ("code",),
    ),
)


def rename_field(cr, model, old, new):
    """Rename a field of one model: its column and all references.

    :param cr: database cursor of the upgrade
    :param str model: the model name, as it is before `rename_model`
    :param str old: the old name of the field
    :param str new: the new name of the field
    """
    table = model.replace(".", "_")
    if _has_column(cr, table, old) and not _has_column(cr, table, new):
        sql.rename_column(cr, table, old, new)
    # Odoo uses two underscores in the name of an index, and one in that of a foreign key.
    for joint in ("_", "__"):
        _rename_relations(cr, table, f"{table}{joint}{old}_", f"{table}{joint}{new}_")
    cr.execute(
        """UPDATE ir_model_fields AS field SET name = %(new)s
            WHERE model = %(model)s AND name = %(old)s AND NOT EXISTS (
                  SELECT FROM ir_model_fields AS other
                   WHERE other.model = field.model AND other.name = %(new)s)""",
        {"model": model, "old": old, "new": new},
    )
    rename_xmlids(cr, f"field_{table}__{old}", f"field_{table}__{new}", whole=True)
    rename_xmlids(cr, f"selection__{table}__{old}__", f"selection__{table}__{new}__")
    _replace_in_expressions(cr, model, rf"(^|[^[:alnum:]_.]){old}([^[:alnum:]_]|$)", rf"\1{new}\2")
    _replace_in_expressions(
        cr,
        model,
        rf"""(['"]|(?:^|[^[:alnum:]_.])records?\.){old}([^[:alnum:]_]|$)""",
        rf"\1{new}\2",
        CODE,
    )
    # In a path from another model, the field follows a field whose comodel is this model only.
    cr.execute(
        """SELECT name FROM ir_model_fields WHERE relation IS NOT NULL
            GROUP BY name HAVING bool_and(relation = %s)""",
        (model,),
    )
    for [link] in cr.fetchall():
        _replace_in_expressions(
            cr,
            None,
            rf"(^|[^[:alnum:]_])({link}\.){old}([^[:alnum:]_]|$)",
            rf"\1\2{new}\3",
            EXPRESSIONS + CODE,
        )


def rename_value(cr, model, field, old, new):
    """Rename a value of a selection field, in the rows and in all references.

    :param cr: database cursor of the upgrade
    :param str model: the model name
    :param str field: the field name, as it is after `rename_field`
    :param str old: the old value
    :param str new: the new value
    """
    table = model.replace(".", "_")
    if _has_column(cr, table, field):
        cr.execute(
            SQL(
                "UPDATE %(table)s SET %(field)s = %(new)s WHERE %(field)s = %(old)s",
                table=SQL.identifier(table),
                field=SQL.identifier(field),
                old=old,
                new=new,
            )
        )
    cr.execute(
        """UPDATE ir_model_fields_selection AS selection SET value = %(new)s
             FROM ir_model_fields AS field
            WHERE field.id = selection.field_id AND field.model = %(model)s
              AND field.name = %(field)s AND selection.value = %(old)s AND NOT EXISTS (
                  SELECT FROM ir_model_fields_selection AS other
                   WHERE other.field_id = field.id AND other.value = %(new)s)""",
        {"model": model, "field": field, "old": old, "new": new},
    )
    prefix = f"selection__{table}__{field}__"
    rename_xmlids(cr, f"{prefix}{old}", f"{prefix}{new}", whole=True)
    cr.execute(
        """UPDATE ir_default AS kept SET json_value = %(new)s FROM ir_model_fields AS field
            WHERE field.id = kept.field_id AND field.model = %(model)s
              AND field.name = %(field)s AND kept.json_value = %(old)s""",
        {"model": model, "field": field, "old": f'"{old}"', "new": f'"{new}"'},
    )
    # A value is renamed only where the same text contains the field before it.
    _replace_in_expressions(
        cr, model, rf"""(['"]{field}['"][^()]*['"]){old}(['"])""", rf"\1{new}\2"
    )


def rename_model(cr, old, new):
    """Rename a model: its table and all references. An abstract model has no table.

    :param cr: database cursor of the upgrade
    :param str old: the old name of the model
    :param str new: the new name of the model
    """
    old_table, new_table = old.replace(".", "_"), new.replace(".", "_")
    if sql.table_exists(cr, old_table) and not sql.table_exists(cr, new_table):
        cr.execute(
            SQL(
                "ALTER TABLE %s RENAME TO %s",
                SQL.identifier(old_table),
                SQL.identifier(new_table),
            )
        )
        cr.execute(
            SQL(
                "ALTER SEQUENCE IF EXISTS %s RENAME TO %s",
                SQL.identifier(f"{old_table}_id_seq"),
                SQL.identifier(f"{new_table}_id_seq"),
            )
        )
    _rename_relations(cr, new_table, f"{old_table}_", f"{new_table}_")
    names = {"old": old, "new": new}
    cr.execute("UPDATE ir_model SET model = %(new)s WHERE model = %(old)s", names)
    cr.execute("UPDATE ir_model_fields SET model = %(new)s WHERE model = %(old)s", names)
    cr.execute("UPDATE ir_model_fields SET relation = %(new)s WHERE relation = %(old)s", names)
    for table, column in SPEAKERS:
        if sql.column_exists(cr, table, column):
            cr.execute(
                SQL(
                    "UPDATE %(table)s SET %(column)s = %(new)s WHERE %(column)s = %(old)s",
                    table=SQL.identifier(table),
                    column=SQL.identifier(column),
                    **names,
                )
            )
    for prefix in ("model_", "field_", "selection__", "constraint_", "access_", ""):
        rename_xmlids(cr, f"{prefix}{old_table}_", f"{prefix}{new_table}_")
    rename_xmlids(cr, f"model_{old_table}", f"model_{new_table}", whole=True)


def rename_constraint(cr, model, old, new):
    """Rename a constraint or an index that a model declares.

    :param cr: database cursor of the upgrade
    :param str model: the model name
    :param str old: the old name of the attribute, without its underscore
    :param str new: the new name of the attribute
    """
    table = model.replace(".", "_")
    _rename_relations(cr, table, f"{table}_{old}", f"{table}_{new}", whole=True)
    rename_xmlids(cr, f"constraint_{table}_{old}", f"constraint_{table}_{new}", whole=True)


def rename_xmlids(cr, old, new, whole=False):
    """Rename external identifiers of this module.

    :param cr: database cursor of the upgrade
    :param str old: the old identifier, or its beginning
    :param str new: the new identifier, or its beginning
    :param bool whole: whether `old` is the whole identifier
    """
    cr.execute(
        """UPDATE ir_model_data AS data SET name = %(new)s || substr(name, %(length)s + 1)
            WHERE module = %(module)s AND left(name, %(length)s) = %(old)s
              AND (NOT %(whole)s OR name = %(old)s) AND NOT EXISTS (
                  SELECT FROM ir_model_data AS other WHERE other.module = data.module
                     AND other.name = %(new)s || substr(data.name, %(length)s + 1))""",
        {"module": MODULE, "old": old, "new": new, "length": len(old), "whole": whole},
    )


def _rename_relations(cr, table, old, new, whole=False):
    """Rename the constraints and indexes of a table whose names begin with `old`."""
    kept = {"table": table, "old": old, "length": len(old), "whole": whole}
    cr.execute(
        """SELECT conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
            WHERE relname = %(table)s AND relnamespace = current_schema::regnamespace
              AND left(conname, %(length)s) = %(old)s AND (NOT %(whole)s OR conname = %(old)s)""",
        kept,
    )
    for [name] in cr.fetchall():
        cr.execute(
            SQL(
                "ALTER TABLE %s RENAME CONSTRAINT %s TO %s",
                SQL.identifier(table),
                SQL.identifier(name),
                SQL.identifier(new + name[len(old) :]),
            )
        )
        cr.execute(
            "UPDATE ir_model_constraint SET name = %s WHERE name = %s",
            (new + name[len(old) :], name),
        )
    # The index of a key or a unique constraint was renamed with it.
    cr.execute(
        """SELECT indexname FROM pg_indexes
            WHERE tablename = %(table)s AND schemaname = current_schema
              AND left(indexname, %(length)s) = %(old)s
              AND (NOT %(whole)s OR indexname = %(old)s)""",
        kept,
    )
    for [name] in cr.fetchall():
        cr.execute(
            SQL(
                "ALTER INDEX %s RENAME TO %s",
                SQL.identifier(name),
                SQL.identifier(new + name[len(old) :]),
            )
        )
        cr.execute(
            "UPDATE ir_model_constraint SET name = %s WHERE name = %s",
            (new + name[len(old) :], name),
        )


def _has_column(cr, table, column):
    """Return whether a table has a column; False for the view of a report."""
    is_table = sql.table_kind(cr, table) == sql.TableKind.Regular
    return is_table and sql.column_exists(cr, table, column)


def _replace_in_expressions(cr, model, pattern, replacement, expressions=EXPRESSIONS):
    """Replace a pattern in domains and contexts of one model, or of all models."""
    for table, owner, columns in expressions:
        for column in columns:
            if sql.column_exists(cr, table, column):
                cr.execute(
                    SQL(
                        """UPDATE %(table)s
                              SET %(column)s = regexp_replace(%(column)s, %(pattern)s, %(to)s, 'g')
                            WHERE (%(model)s IS NULL OR %(owner)s = %(model)s)
                              AND %(column)s ~ %(pattern)s""",
                        table=SQL.identifier(table),
                        column=SQL.identifier(column),
                        owner=SQL(owner),
                        model=model,
                        pattern=pattern,
                        to=replacement,
                    )
                )
