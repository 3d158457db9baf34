"""What has to be changed when the tables are those of 19.0.1.1.0."""

from odoo import SUPERUSER_ID, api
from odoo.tools import sql

#: The rule for a phone user's calls as the first release installed it.
OLD_RULE = (
    "['|', '|', ('user_id', '=', user.id), ('recipient_ids', 'in', user.id), "
    "'&', ('user_id', '=', False), ('offer_ids.agent_id.user_id', '=', user.id)]"
)
#: The same one, with the calls that somebody has passed on.
NEW_RULE = OLD_RULE.replace("['|', ", "['|', '|', ('transfer_ids.user_id', '=', user.id), ", 1)


def migrate(cr, version):
    """Keep recordings safe, and let people see the calls they pass on.

    :param cr: cursor of the upgrade
    :param str version: installed before it
    """
    # A file that belongs to a field which nobody may read is reached by its own route only,
    # where it is written down who listened.
    cr.execute("""
        UPDATE ir_attachment AS file SET res_field = 'attachment_id'
          FROM telephony_recording AS recording
         WHERE recording.attachment_id = file.id AND file.res_field IS NULL
    """)
    if sql.column_exists(cr, "telephony_recording", "deleted_at_carrier"):
        # The day stands for the tick: the last thing that happened to these recordings.
        cr.execute("""
            UPDATE telephony_recording SET deleted_at_provider = write_date
             WHERE deleted_at_carrier AND deleted_at_provider IS NULL
        """)
        cr.execute("ALTER TABLE telephony_recording DROP COLUMN deleted_at_carrier")
    _extend_rule(api.Environment(cr, SUPERUSER_ID, {}))


def _extend_rule(env):
    """Change the rule that an upgrade leaves alone, unless somebody has changed it already."""
    rule = env.ref("crm_telephony.telephony_call_rule_own", raise_if_not_found=False)
    if rule and "".join((rule.domain_force or "").split()) == "".join(OLD_RULE.split()):
        rule.domain_force = NEW_RULE
