"""Update the data after the tables of 19.0.1.1.0 were created."""

from odoo import SUPERUSER_ID, api
from odoo.tools import sql

#: The record rule for an agent's own calls, as installed by the first release.
OLD_RULE = (
    "['|', '|', ('user_id', '=', user.id), ('recipient_ids', 'in', user.id), "
    "'&', ('user_id', '=', False), ('offer_ids.agent_id.user_id', '=', user.id)]"
)
#: The same rule, with the calls that the agent has transferred.
NEW_RULE = OLD_RULE.replace("['|', ", "['|', '|', ('transfer_ids.user_id', '=', user.id), ", 1)


def migrate(cr, version):
    """Protect recordings, and give users access to the calls that they transfer.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    # A file of a field that no user may read is only served by its own route, which logs the
    # access.
    cr.execute("""
        UPDATE ir_attachment AS file SET res_field = 'attachment_id'
          FROM telephony_recording AS recording
         WHERE recording.attachment_id = file.id AND file.res_field IS NULL
    """)
    if sql.column_exists(cr, "telephony_recording", "deleted_at_carrier"):
        # The date replaces the checkbox: the last change of these recordings.
        cr.execute("""
            UPDATE telephony_recording SET deleted_at_provider = write_date
             WHERE deleted_at_carrier AND deleted_at_provider IS NULL
        """)
        cr.execute("ALTER TABLE telephony_recording DROP COLUMN deleted_at_carrier")
    _extend_rule(api.Environment(cr, SUPERUSER_ID, {}))


def _extend_rule(env):
    """Update the record rule, which an upgrade leaves alone, unless a user has changed it."""
    rule = env.ref("crm_telephony.telephony_call_rule_own", raise_if_not_found=False)
    if rule and "".join((rule.domain_force or "").split()) == "".join(OLD_RULE.split()):
        rule.domain_force = NEW_RULE
