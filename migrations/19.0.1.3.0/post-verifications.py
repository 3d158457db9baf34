"""From 19.0.1.3.0 on, the reconciliation checks the verifications of caller IDs."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Remove the job that ended verifications, which an upgrade does not remove.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    job = env.ref("crm_telephony.ir_cron_expire_verifications", raise_if_not_found=False)
    if job:
        # Deleting a job does not delete the action that it runs.
        action = job.ir_actions_server_id
        job.unlink()
        action.unlink()
