"""What the tests do with a database: install, upgrade, ask, and compare it with itself."""

import re
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import database  # noqa: E402
import places  # noqa: E402

#: What an uninstallation must leave as it was: everything that has a name in the database.
_NAMES = """
    SELECT 'column', table_name || '.' || column_name FROM information_schema.columns
     WHERE table_schema = 'public'
    UNION SELECT 'index', indexname FROM pg_indexes WHERE schemaname = 'public'
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
#: Rows of other addons that speak of a model, and the column that names it.
_SPEAKERS = {
    "ir_attachment": "res_model",
    "mail_message": "model",
    "mail_followers": "res_model",
    "mail_activity": "res_model",
    "ir_model_fields": "relation",
    "ir_act_window": "res_model",
}


def addons_path(folder):
    """Return Odoo's addons path with a folder in place of the repository."""
    configured = re.search(r"^addons_path = (.*)$", places.CONF.read_text(), re.M)[1]
    others = [path for path in configured.split(",") if path != str(places.ADDONS)]
    return ",".join([*others, str(folder)])


def unpack(archive, folder):
    """Unpack an archive; return the addons path with it."""
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    return addons_path(folder)


@contextmanager
def new_database(name):
    """Make a database with contacts and leads, without the addon; remove it in the end."""
    with database.building():
        database.copy(database.ensure_base(), name)
    try:
        yield Life(name)
    finally:
        database.drop(name)


class Life:
    """What happens to one database.

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
        """Run Odoo with some options; it must say nothing worse than INFO."""
        database.run_odoo(self.name, *arguments, log=log, addons_path=path)
        assert database.log_problems(log) == []

    def shell(self, script, *, log, path):
        """Run a script in Odoo's shell; Odoo must say nothing worse than INFO."""
        database.run_shell(self.name, script, log=log, addons_path=path)
        assert database.log_problems(log) == []

    def uninstall(self, *, log, path):
        """Uninstall the addon the way the Apps screen does it."""
        self.shell(
            'env["ir.module.module"].search([("name", "=", "crm_telephony")])'
            ".button_immediate_uninstall()",
            log=log, path=path,
        )  # fmt: skip

    def add_records(self, *, log, path):
        """Write a little of everything that people keep."""
        self.shell((HERE / "records.py").read_text(encoding="utf-8"), log=log, path=path)

    def state(self):
        """Return what Odoo thinks of the addon, as "installed"."""
        return self.one("SELECT state FROM ir_module_module WHERE name = 'crm_telephony'")

    def names(self):
        """Return everything that has a name, as a set of pairs."""
        return set(self.all(_NAMES))

    def leftovers(self):
        """Return the rows of other addons that still speak of models of this one."""
        return {
            table: count
            for table, column in _SPEAKERS.items()
            if (count := self.one(
                f"SELECT count(*) FROM {table} WHERE {column} LIKE 'telephony.%'"  # noqa: S608
            ))
        }  # fmt: skip
