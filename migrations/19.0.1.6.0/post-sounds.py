"""From 19.0.1.6.0 on, the sounds of steps and queues are in the audio library."""

from odoo import SUPERUSER_ID, api
from odoo.tools import sql

#: Table, former field with the file, its name, present field with the sound, and the sound's name.
FORMER = (
    (
        "telephony_flow_step",
        "audio",
        "audio_name",
        "sound_id",
        "(SELECT name FROM telephony_flow WHERE id = record.flow_id) || ' › ' || record.name",
    ),
    ("telephony_queue", "music", "music_name", "music_sound_id", "record.name"),
)


def migrate(cr, version):
    """Create a sound for each file of a step or a queue; the file itself and its token are kept.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    for table, field, name_field, sound_field, name in FORMER:
        file_name = f"record.{name_field}" if sql.column_exists(cr, table, name_field) else "NULL"
        cr.execute(
            f"""SELECT file.id, record.id, record.company_id, {name}, {file_name}
                  FROM ir_attachment AS file JOIN {table} AS record ON record.id = file.res_id
                 WHERE file.res_model = %s AND file.res_field = %s
                 ORDER BY file.id""",
            [table.replace("_", "."), field],
        )
        for attachment_id, record_id, *values in cr.fetchall():
            cr.execute(
                """INSERT INTO telephony_sound
                               (company_id, name, content_name, kind, active, create_uid,
                                write_uid, create_date, write_date)
                        VALUES (%s, %s, %s, 'file', TRUE, %s, %s, now() AT TIME ZONE 'UTC',
                                now() AT TIME ZONE 'UTC')
                     RETURNING id""",
                [*values, SUPERUSER_ID, SUPERUSER_ID],
            )
            [sound_id] = cr.fetchone()
            cr.execute(
                "UPDATE ir_attachment SET res_model = 'telephony.sound', res_field = 'content',"
                " res_id = %s WHERE id = %s",
                [sound_id, attachment_id],
            )
            cr.execute(
                f"UPDATE {table} SET {sound_field} = %s WHERE id = %s", [sound_id, record_id]
            )
    env.invalidate_all()
    sounds = env["telephony.sound"].with_context(active_test=False).search([])
    for field in ("seconds", "can_be_cut"):
        env.add_to_compute(sounds._fields[field], sounds)
    sounds.flush_recordset()
