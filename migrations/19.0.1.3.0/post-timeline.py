"""From 19.0.1.3.0 on, the timeline of a call consists of rows, which readers see in their language.

Before, it was one text with a line for each step: the time (UTC), and a sentence in the language of
the user or webhook that wrote it.
"""

from odoo.tools import SQL, sql

# The time of a line is relative to the day of the line before. The first line is as old as its
# call; a call that kept a place in a queue began before it. The clocks of two servers may differ
# by seconds, which is no midnight. A line without a time continues the text of a line before.
COPY = r"""
    WITH line AS (
        SELECT call.id AS call_id, place, coalesce(part.found[2], written.line) AS text,
               date_trunc('second', least(call.create_date, call.started_at)) AS began,
               part.found[1]::time AS clock
          FROM telephony_call AS call
         CROSS JOIN LATERAL regexp_split_to_table(call.timeline, '\n')
               WITH ORDINALITY AS written(line, place)
          LEFT JOIN LATERAL regexp_match(
                   written.line, '^((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d) (.*)$'
               ) AS part(found) ON TRUE
         WHERE written.line ~ '\S'
    ), timed AS (
        SELECT *, max(place) FILTER (WHERE clock IS NOT NULL)
                  OVER (PARTITION BY call_id ORDER BY place) AS timed_by
          FROM line
    ), filled AS (
        SELECT *, coalesce(
                   first_value(clock) OVER (PARTITION BY call_id, timed_by ORDER BY place),
                   began::time
               ) AS known
          FROM timed
    ), counted AS (
        SELECT *, CASE WHEN lag(known, 1, began::time) OVER (PARTITION BY call_id ORDER BY place)
                            - known > interval '1 minute'
                       THEN 1 ELSE 0 END AS midnight
          FROM filled
    )
    INSERT INTO telephony_call_timeline (call_id, at, code, values)
    SELECT call_id,
           began::date + known
               + sum(midnight) OVER (PARTITION BY call_id ORDER BY place) * interval '1 day',
           'text', jsonb_build_object('text', text)
      FROM counted ORDER BY call_id, place
"""


def migrate(cr, version):
    """Copy each line of the old text into a row, and remove the text.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    if sql.column_exists(cr, "telephony_call", "timeline"):
        cr.execute(SQL(COPY))
        cr.execute("ALTER TABLE telephony_call DROP COLUMN timeline")
