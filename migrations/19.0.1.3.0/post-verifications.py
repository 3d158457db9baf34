"""The reconciliation looks after verifications of caller IDs from 19.0.1.3.0 on."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Remove the job that ended verifications, which no upgrade would remove by itself.

    :param cr: cursor of the upgrade
    :param str version: installed before it
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    job = env.ref("crm_telephony.ir_cron_expire_verifications", raise_if_not_found=False)
    if job:
        # A job leaves the action that it runs behind.
        action = job.ir_actions_server_id
        job.unlink()
        action.unlink()
