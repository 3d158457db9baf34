from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...providers.base import ProviderError

# Minutes without a run of the job, or an answer of the provider, that count as a fault.
LATE_MINUTES = 10
# Minutes for which a refused request causes a warning, and seconds between two recorded ones.
REFUSAL_MINUTES = 60
REFUSAL_SECONDS = 60


class TelephonyAccount(models.Model):
    """Answer for a monitoring program: whether calls are possible, and whether jobs run."""

    _inherit = "telephony.account"

    asked_at = fields.Datetime(
        "Last Check",
        readonly=True,
        copy=False,
        help="When Twilio last reported the active calls.",
    )

    last_refused_at = fields.Datetime(
        "Last Refusal",
        readonly=True,
        copy=False,
        help="When a request for this account was last refused because of an invalid signature.",
    )

    def _remember_refusal(self):
        """Record that a request was refused, whether from Twilio or forged.

        Outsiders must not cause many writes: a sender who knows the account's SID causes one write
        a minute, in a transaction of its own.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        now = fields.Datetime.now()
        recent = now - timedelta(seconds=REFUSAL_SECONDS)
        if self.last_refused_at and self.last_refused_at > recent:
            return
        registry, account_id = self.env.registry, self.id

        def write():
            with registry.cursor() as cr:
                # A row that is being written is skipped: the next refusal is recorded instead.
                cr.execute(
                    SQL(
                        """UPDATE telephony_account SET last_refused_at = %s WHERE id IN (
                           SELECT id FROM telephony_account
                            WHERE id = %s AND (last_refused_at IS NULL OR last_refused_at < %s)
                              FOR NO KEY UPDATE SKIP LOCKED
                       )""",
                        now,
                        account_id,
                        recent,
                    )
                )

        # A refused request is rolled back, so the record is written after the rollback.
        self.env.cr.postrollback.add(write)

    def _was_refused_lately(self):
        """Return whether a request that named this account was refused within the last hour."""
        self.ensure_one()
        late = fields.Datetime.now() - timedelta(minutes=REFUSAL_MINUTES)
        return bool(self.last_refused_at and self.last_refused_at > late)

    def _is_address_outdated(self):
        """Return whether Twilio knows a public address other than the configured one."""
        self.ensure_one()
        return self._get_base_url() != self._get_configured_base_url()

    def _list_living(self):
        """Return all living legs from the provider.

        Note: `self.ensure_one()`

        :return: the provider's SID -> an event with the leg's status; None when the provider could
            not be reached
        :rtype: dict | None
        """
        self.ensure_one()
        if not self.has_auth_token:
            return None
        try:
            events = self._get_client().list_living_legs()
        except ProviderError:
            return None
        return {event.provider_leg_id: event for event in events}

    @api.model
    def _get_health(self):
        """Return the state of what customers would otherwise notice first. No request is sent.

        :return: `status` (`pass`, `warn` or `fail`), and the same for each entry of `checks`
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
        # sudo: telephony.account - only whether a connected one exists
        accounts_sudo = self.sudo().search([("active", "=", True)])
        if not accounts_sudo:
            return "warn"
        working = all(
            account.state == "connected"
            and account.has_auth_token
            and not account._is_address_outdated()
            and not account._was_refused_lately()
            for account in accounts_sudo
        )
        return "pass" if working else "warn"

    @api.model
    def _get_jobs_health(self, late):
        """Return the state of the jobs; without the reconciliation, lost legs cost money."""
        # sudo: ir.cron - only whether the job runs
        job_sudo = self.env.ref("crm_telephony.ir_cron_reconcile").sudo()
        return "pass" if job_sudo.active and job_sudo.nextcall > late else "fail"

    @api.model
    def _get_calls_health(self, late):
        # sudo: telephony.call.leg - only whether there is any
        forgotten = (
            self.env["telephony.call.leg"]
            .sudo()
            .search_count(
                [
                    ("status", "!=", "ended"),
                    ("create_date", "<", late),
                    "|",
                    ("account_id.asked_at", "=", False),
                    ("account_id.asked_at", "<", late),
                ],
                limit=1,
            )
        )
        return "warn" if forgotten else "pass"
