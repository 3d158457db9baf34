from odoo.tools import SQL

from . import controllers, models, wizard


def uninstall_hook(env):
    """Remove the indexes that this addon has given to contacts: the table is not its own.

    :param env: an environment of the superuser
    """
    for name in (
        "res_partner__phone_sanitized_index",
        "res_partner_telephony_name_trgm",
        "res_partner_telephony_ideographs",
    ):
        env.cr.execute(SQL("DROP INDEX IF EXISTS %s", SQL.identifier(name)))
