from datetime import timedelta

from odoo import api, fields, models

from .providers.base import ProviderError

# Minutes after which a job that did not run, or a carrier that did not answer, is a fault.
LATE_MINUTES = 10


class TelephonyAccount(models.Model):
    """What a monitoring program asks: can somebody call, and is anybody looking after calls?"""

    _inherit = "telephony.account"

    asked_at = fields.Datetime(
        "Last Look", readonly=True, copy=False,
        help="When the carrier last told who is on the telephone.",
    )

    def _list_living(self):
        """Ask the carrier for all legs that are alive.

        Note: `self.ensure_one()`

        :return: the carrier's identifier -> an event with the leg's status; None when the carrier
            could not be asked
        :rtype: dict | None
        """
        self.ensure_one()
        if not self.has_auth_token:
            return None
        try:
            answers = self._get_client().list_living_legs()
        except ProviderError:
            return None
        events = map(self._parse_leg_event, answers)
        return {event.provider_leg_id: event for event in events if event}

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
        forgotten = self.env["telephony.call.leg"].sudo().search_count([
            ("status", "!=", "ended"), ("create_date", "<", late),
            "|", ("account_id.asked_at", "=", False), ("account_id.asked_at", "<", late),
        ], limit=1)  # fmt: skip
        return "warn" if forgotten else "pass"
