"""From 19.0.1.3.0 on, a queue callback is a row, and each attempt is a call that refers to it.

Before, each attempt referred to the call in which the caller requested it.
"""

from odoo.tools import SQL, sql

# Two calls of one number that ended at once could both be called back. The older one is kept, with
# the attempts of both.
PROMISES = """
    WITH attempt AS (
        SELECT call.*, origin.company_id AS place_company, origin.customer_number AS place_number,
               bool_or(call.state != 'ended' AND call.answered_at IS NULL)
                   OVER (PARTITION BY origin.id) AS is_open
          FROM telephony_call AS call
          JOIN telephony_call AS origin ON origin.id = call.callback_of_id
    ), kept AS (
        SELECT *, CASE WHEN is_open AND place_number IS NOT NULL
                       THEN min(callback_of_id)
                            OVER (PARTITION BY place_company, place_number, is_open)
                       ELSE callback_of_id END AS kept_id
          FROM attempt
    ), created AS (
        INSERT INTO telephony_queue_callback (
               origin_id, company_id, customer_number, state, requested_at, expires_at,
               attempt_count, retry_at, closed_at, create_date, write_date)
        SELECT kept_id, min(place_company), min(place_number),
               CASE WHEN bool_or(is_open) THEN 'open'
                    WHEN bool_or(kept.answered_at IS NOT NULL) THEN 'done'
                    WHEN (array_agg(kept.ended_by ORDER BY kept.id DESC))[1] = 'system'
                     AND (array_agg(kept.outcome ORDER BY kept.id DESC))[1] = 'canceled'
                    THEN 'canceled' ELSE 'failed' END,
               min(coalesce(origin.ended_at, origin.started_at)),
               min(coalesce(origin.queued_at, origin.started_at)) + interval '24 hours',
               greatest(max(kept.callback_attempt), 1),
               max(kept.callback_at) FILTER (WHERE kept.state = 'queued'),
               CASE WHEN NOT bool_or(is_open) THEN max(kept.ended_at) END,
               min(kept.create_date), min(kept.create_date)
          FROM kept JOIN telephony_call AS origin ON origin.id = kept_id
         GROUP BY kept_id
     RETURNING id, origin_id
    )
    UPDATE telephony_call AS call SET queue_callback_id = created.id
      FROM kept JOIN created ON created.origin_id = kept.kept_id
     WHERE call.id = kept.id
"""


def migrate(cr, version):
    """Write a row for each queue callback, and connect its attempts with it.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    if sql.column_exists(cr, "telephony_call", "callback_of_id"):
        cr.execute(SQL(PROMISES))
