"""Update the tables before 19.0.1.1.0 adds its columns and constraints.

Databases that followed the development between the two versions have some of them already.
"""

from odoo.tools import sql


def migrate(cr, version):
    """Preserve the meaning of the data stored before 19.0.1.1.0.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    if not sql.column_exists(cr, "telephony_queue", "limit_callers"):
        _separate_limits_of_queues(cr)
    if not sql.column_exists(cr, "telephony_recording_listening", "last_part_at"):
        # Filled here, because the default would be the time of the upgrade.
        cr.execute("ALTER TABLE telephony_recording_listening ADD COLUMN last_part_at timestamp")
        cr.execute("UPDATE telephony_recording_listening SET last_part_at = heard_at")
    # A menu now repeats one to ten times; there was no limit before.
    cr.execute(
        "UPDATE telephony_flow_step SET repeat = least(greatest(coalesce(repeat, 2), 1), 10) "
        "WHERE kind = 'menu'"
    )


def _separate_limits_of_queues(cr):
    """Replace the limit 0, which meant no limit, by a checkbox and a limit of at least 1."""
    cr.execute("""
        ALTER TABLE telephony_queue
          ADD COLUMN limit_callers boolean,
          ADD COLUMN limit_wait boolean
    """)
    cr.execute("""
        UPDATE telephony_queue
           SET limit_callers = coalesce(max_callers, 0) > 0,
               limit_wait = coalesce(max_wait, 0) > 0,
               max_callers = coalesce(nullif(max_callers, 0), 10),
               max_wait = coalesce(nullif(max_wait, 0), 300),
               service_level_seconds = greatest(coalesce(service_level_seconds, 20), 0)
    """)
