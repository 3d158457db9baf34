"""Rename the jobs, which an upgrade does not overwrite, if a user has not renamed them."""

from odoo.tools import SQL

# External identifier: name up to 19.0.1.2.0, and name from 19.0.1.3.0 on.
NAMES = {
    "ir_cron_reconcile": (
        "Telephony: ask the carrier about silent calls",
        "Telephony: reconcile calls with Twilio",
    ),
    "ir_cron_fetch_recordings": (
        "Telephony: fetch recordings from the carrier",
        "Telephony: fetch recordings from Twilio",
    ),
    "ir_cron_end_wrap_ups": (
        "Telephony: end wrap-ups that are over",
        "Telephony: end expired wrap-ups",
    ),
    "ir_cron_delete_recordings": (
        "Telephony: delete recordings that are older than they may be",
        "Telephony: delete expired recordings",
    ),
    "ir_cron_queue_callbacks": (
        "Telephony: call back those who kept their place in a queue",
        "Telephony: run queue callbacks",
    ),
    "ir_cron_anonymize": (
        "Telephony: anonymize calls that are older than they may be",
        "Telephony: anonymize expired calls",
    ),
}


def migrate(cr, version):
    """Rename the jobs.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    for identifier, (old, new) in NAMES.items():
        cr.execute(
            SQL(
                """WITH job AS (
                       UPDATE ir_cron SET cron_name = %(new)s FROM ir_model_data AS data
                        WHERE data.module = 'crm_telephony' AND data.name = %(identifier)s
                          AND data.model = 'ir.cron' AND data.res_id = ir_cron.id
                          AND ir_cron.cron_name = %(old)s
                    RETURNING ir_cron.ir_actions_server_id AS action_id
                   )
                   UPDATE ir_act_server
                      SET name = jsonb_set(name, '{en_US}', to_jsonb(%(new)s::text))
                     FROM job WHERE ir_act_server.id = job.action_id""",
                identifier=identifier,
                old=old,
                new=new,
            )
        )
