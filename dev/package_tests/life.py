"""Operations on a test database: install, upgrade, query, and compare it with itself."""

import re
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import database  # noqa: E402
import places  # noqa: E402

#: Data that an uninstallation must not change: everything with a name in the database.
_NAMES = """
    SELECT 'column', table_name || '.' || column_name FROM information_schema.columns
     WHERE table_schema = 'public'
    UNION SELECT 'index', indexname FROM pg_indexes WHERE schemaname = 'public'
       -- Odoo indexes a table of links both ways, named after the side that it meets first.
       AND EXISTS (SELECT 1 FROM information_schema.columns
                    WHERE table_name = tablename AND column_name = 'id')
    UNION SELECT 'constraint', conrelid::regclass::text || '.' || conname FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace
    UNION SELECT 'sequence', sequencename FROM pg_sequences WHERE schemaname = 'public'
    UNION SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION SELECT 'model', model FROM ir_model
    UNION SELECT 'field', model || '.' || name FROM ir_model_fields
    UNION SELECT 'xml id', module || '.' || name FROM ir_model_data
    UNION SELECT 'view', name || ' ' || key FROM ir_ui_view
    UNION SELECT 'cron', cron_name FROM ir_cron
    UNION SELECT 'action', type || ' ' || name::text FROM ir_actions
    UNION SELECT 'parameter', key FROM ir_config_parameter
    UNION SELECT 'rule', name FROM ir_rule
    UNION SELECT 'access', name FROM ir_model_access
    UNION SELECT 'group', name::text FROM res_groups
    UNION SELECT 'privilege', name::text FROM res_groups_privilege
    UNION SELECT 'menu', name::text FROM ir_ui_menu
    UNION SELECT 'filter', name FROM ir_filters
    UNION SELECT 'asset', name FROM ir_asset
    UNION SELECT 'tag', name::text FROM res_partner_category
    UNION SELECT 'subtype', name::text FROM mail_message_subtype
    UNION SELECT 'activity type', name::text FROM mail_activity_type
"""
#: Rows of other addons that refer to a model, and the column that names it.
_SPEAKERS = {
    "ir_attachment": "res_model",
    "mail_message": "model",
    "mail_followers": "res_model",
    "mail_activity": "res_model",
    "ir_model_fields": "relation",
    "ir_act_window": "res_model",
}

#: The fields of the addon that are columns or tables of links.
_FIELDS = """
    SELECT field.model, field.name, field.ttype, field.relation_table, field.column1, field.column2
      FROM ir_model_fields AS field
      JOIN ir_model AS model ON model.id = field.model_id AND NOT model.transient
     WHERE field.store AND field.ttype != 'one2many'
       AND EXISTS (SELECT 1 FROM pg_tables WHERE tablename = replace(field.model, '.', '_'))
       AND EXISTS (SELECT 1 FROM ir_model_data AS data
                    WHERE data.module = 'crm_telephony' AND data.model = 'ir.model.fields'
                      AND data.res_id = field.id)
"""


def addons_path(folder):
    """Return Odoo's addons path with a folder in place of the repository."""
    configured = re.search(r"^addons_path = (.*)$", places.CONF.read_text(), re.M)[1]
    others = [path for path in configured.split(",") if path != str(places.ADDONS)]
    return ",".join([*others, str(folder)])


def unpack(archive, folder):
    """Unpack an archive and return the addons path with it."""
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    return addons_path(folder)


@contextmanager
def new_database(name):
    """Create a database with contacts and leads, without the addon; remove it in the end."""
    with database.building():
        database.copy(database.ensure_base(), name)
    try:
        yield Life(name)
    finally:
        database.drop(name)


class Life:
    """The life of one database.

    :param str name: of the database.
    """

    def __init__(self, name):
        self.name = name

    def all(self, statement, *parameters):
        """Return the rows of a query."""
        return database.execute(statement, *parameters, database=self.name)

    def one(self, statement, *parameters):
        """Return the first value of a query."""
        return self.all(statement, *parameters)[0][0]

    def odoo(self, *arguments, log, path):
        """Run Odoo with some options; its log must contain nothing worse than INFO."""
        database.run_odoo(self.name, *arguments, log=log, addons_path=path)
        assert database.log_problems(log) == []

    def shell(self, script, *, log, path):
        """Run a script in Odoo's shell; the log must contain nothing worse than INFO."""
        database.run_shell(self.name, script, log=log, addons_path=path)
        assert database.log_problems(log) == []

    def uninstall(self, *, log, path):
        """Uninstall the addon the way the Apps screen does it."""
        self.shell(
            'env["ir.module.module"].search([("name", "=", "crm_telephony")])'
            ".button_immediate_uninstall()",
            log=log,
            path=path,
        )

    def add_records(self, *others, log, path):
        """Write one record of every kind that users keep.

        :param Path others: scripts that run after the usual one.
        """
        scripts = [HERE / "records.py", *others]
        self.shell(
            "\n\n".join(script.read_text(encoding="utf-8") for script in scripts),
            log=log,
            path=path,
        )

    def state(self):
        """Return Odoo's state of the addon, as "installed"."""
        return self.one("SELECT state FROM ir_module_module WHERE name = 'crm_telephony'")

    def names(self):
        """Return everything with a name, as a set of pairs."""
        return set(self.all(_NAMES))

    def values(self):
        """Return the contents of the addon's fields: identifiers and values by name of the field.

        :return dict: `{"telephony.call.note": {1: "Wants desks."}}`, without empty values.
        """
        found, rows = {}, {}
        for model, name, kind, relation, own, other in self.all(_FIELDS):
            if kind == "many2many":
                links = self.all(
                    f"SELECT {own}, array_agg({other} ORDER BY {other}) FROM {relation}"
                    f" GROUP BY {own}"
                )
                found[f"{model}.{name}"] = dict(links)
                continue
            if kind == "binary":
                found[f"{model}.{name}"] = dict(
                    self.all(
                        "SELECT res_id, checksum FROM ir_attachment"
                        " WHERE res_model = %s AND res_field = %s",
                        model,
                        name,
                    )
                )
                continue
            if model not in rows:
                rows[model] = self.rows(model)
            found[f"{model}.{name}"] = {
                row["id"]: row[name] for row in rows[model] if row.get(name) is not None
            }
        return found

    def rows(self, model):
        """Return the rows of a model's table as dictionaries."""
        table = model.replace(".", "_")
        return [row for [row] in self.all(f"SELECT to_jsonb(kept) FROM {table} AS kept")]

    def identifiers(self):
        """Return the records of the addon's XML ids: `{"group_user": ("res.groups", 7)}`."""
        return {
            name: (model, record)
            for name, model, record in self.all(
                "SELECT name, model, res_id FROM ir_model_data WHERE module = 'crm_telephony'"
            )
        }

    def speakers(self):
        """Return the names of the addon's models to which rows of other addons refer."""
        return {
            model
            for table, column in _SPEAKERS.items()
            for [model] in self.all(
                f"SELECT DISTINCT {column} FROM {table} WHERE {column} LIKE 'telephony.%'"
            )
        }

    def leftovers(self):
        """Return the rows of other addons that still refer to models of this one."""
        return {
            table: count
            for table, column in _SPEAKERS.items()
            if (
                count := self.one(f"SELECT count(*) FROM {table} WHERE {column} LIKE 'telephony.%'")
            )
        }
