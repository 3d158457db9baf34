from datetime import timedelta

from odoo import api, fields, models

# Minutes after which a job that did not run, or a leg nobody asked about, is a fault.
LATE_MINUTES = 10


class TelephonyAccount(models.Model):
    """What a monitoring program asks: can somebody call, and is anybody looking after calls?"""

    _inherit = "telephony.account"

    @api.model
    def _get_health(self):
        """Look at what would otherwise be noticed by customers first. Nobody else is asked.

        :return: `status` (`pass`, `warn` or `fail`), and the same for each of the `checks`
        :rtype: dict
        """
        late = fields.Datetime.now() - timedelta(minutes=LATE_MINUTES)
        checks = {
            "account": self._get_account_health(),
            "jobs": self._get_jobs_health(late),
            "calls": self._get_calls_health(late),
        }
        worst = max(checks.values(), key=("pass", "warn", "fail").index)
        return {"status": worst, "checks": checks}

    @api.model
    def _get_account_health(self):
        # sudo: telephony.account - only whether there is one that works
        accounts_sudo = self.sudo().search([("active", "=", True)])
        if not accounts_sudo:
            return "warn"
        working = all(
            account.state == "connected" and account.has_auth_token for account in accounts_sudo
        )
        return "pass" if working else "warn"

    @api.model
    def _get_jobs_health(self, late):
        """Without the reconciliation, legs may go on being paid."""
        # sudo: ir.cron - only whether it runs
        job_sudo = self.env.ref("crm_telephony.ir_cron_reconcile").sudo()
        return "pass" if job_sudo.active and job_sudo.nextcall > late else "fail"

    @api.model
    def _get_calls_health(self, late):
        # sudo: telephony.call.leg - only whether there are any
        forgotten = self.env["telephony.call.leg"].sudo().search_count(
            [("status", "!=", "ended"), ("write_date", "<", late)], limit=1
        )
        return "warn" if forgotten else "pass"
