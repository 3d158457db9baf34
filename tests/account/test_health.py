"""The health page: monitoring programs get details, outsiders get one word."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..common import TOKEN, TelephonyHttpCase


@tagged("post_install", "-at_install")
class TestHealth(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.job = self.env.ref("crm_telephony.ir_cron_reconcile").sudo()
        self.job.write({"active": True, "nextcall": fields.Datetime.now()})
        # The data of the demonstration would disturb these tests.
        accounts = self.env["telephony.account"].sudo().search([])
        (accounts - self.account - self.account_b).active = False

    def ask_health(self):
        response = self.url_open("/telephony/health")
        self.assertIn("no-store", response.headers["Cache-Control"])
        return response.status_code, response.json()

    def test_all_is_well(self):
        """Outsiders get one word and nothing else."""
        self.assertEqual(self.ask_health(), (200, {"status": "pass"}))

    def test_nobody_looks_after_calls(self):
        """A missing job is a failure, because forgotten legs would continue to cost money."""
        for values in (
            {"nextcall": fields.Datetime.now() - timedelta(minutes=11)},
            {"active": False},
        ):
            self.job.write(values)
            self.assertEqual(self.ask_health(), (503, {"status": "fail"}))

    def test_account_that_is_not_connected(self):
        """An unconnected account is a warning: the server works, but some users cannot call."""
        self.account.state = "draft"
        self.assertEqual(self.ask_health(), (200, {"status": "warn"}))

    def test_no_account_at_all(self):
        (self.account | self.account_b).active = False
        self.assertEqual(self.ask_health(), (200, {"status": "warn"}))

    def test_leg_that_was_forgotten(self):
        """A live leg that the job has not checked is a failure."""
        self.dial()
        self.assertEqual(self.ask_health(), (200, {"status": "pass"}))
        self.let_time_pass(700)
        self.assertEqual(self.ask_health(), (200, {"status": "warn"}))

    def test_only_an_administrator_learns_why(self):
        self.account.state = "draft"
        for user in (self.ian, self.cleo, self.sue):
            self.authenticate(user.login, user.login)
            self.assertEqual(self.ask_health()[1], {"status": "warn"})
        self.authenticate(self.max.login, self.max.login)
        _status, told = self.ask_health()
        self.assertEqual(
            told,
            {
                "status": "warn",
                "checks": {"account": "warn", "jobs": "pass", "calls": "pass"},
            },
        )
        self.assertNotIn(TOKEN, str(told))
