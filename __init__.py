from odoo.exceptions import UserError
from odoo.tools import SQL

# Odoo names an addon after its folder. Under another name, the installation would fail at a view.
if __name__.startswith("odoo.addons.") and __name__ != "odoo.addons.crm_telephony":
    # Without translation: the translations are those of an addon with the right name.
    explanation = (
        'The folder of the addon Telephony must be named "crm_telephony". Rename the folder '
        f'"{__name__.removeprefix("odoo.addons.")}", restart Odoo, and update the list of apps.'
    )
    raise UserError(explanation)

from . import controllers, demo, models, wizard


def uninstall_hook(env):
    """Remove what would remain in tables that are not this addon's, such as indexes of contacts.

    Also log what still leads here at Twilio, which is not asked now.

    :param env: an environment of the superuser
    """
    env["telephony.account"]._log_links()
    # Odoo deletes the records of the addon's files, such as results of calls, before the tables.
    for table, constraint in (
        ("telephony_call", "telephony_call_disposition_id_fkey"),
        ("telephony_number", "telephony_number_flow_id_fkey"),
    ):
        env.cr.execute(
            SQL(
                "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s",
                SQL.identifier(table),
                SQL.identifier(constraint),
            )
        )
    for name in (
        "res_partner__phone_sanitized_index",
        "res_partner_telephony_name_trgm",
        "res_partner_telephony_ideographs",
    ):
        env.cr.execute(SQL("DROP INDEX IF EXISTS %s", SQL.identifier(name)))
    # Mixins of other addons have given names to what they added to these models, and Odoo deletes
    # only the names of the uninstalled addon.
    env.cr.execute(
        SQL(
            """DELETE FROM ir_model_data
                WHERE module != 'crm_telephony'
                  AND (model = 'ir.model.inherit'
                       AND starts_with(name, 'model_inherit__telephony_')
                    OR model = 'ir.model.fields.selection'
                       AND starts_with(name, 'selection__telephony_'))"""
        )
    )
