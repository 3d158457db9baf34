"""The report of calls and the dashboard: their figures and access rights."""

from datetime import datetime, timedelta

from freezegun import freeze_time
from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..agent.test_board import Figures


@tagged("post_install", "-at_install")
class TestCallReport(Figures):
    def report(self, user=None, **context):
        self.env.flush_all()
        return self.as_user(user or self.sue, "telephony.call.report").with_context(**context)

    def test_hours_and_weekdays_are_the_readers_own(self):
        """Z30: 23:30 on a Sunday in UTC is half past midnight on Monday in Brussels."""
        call = self.make_call(wait=5, talk=60, started_at=datetime(2026, 1, 4, 23, 30))
        for zone, hour, weekday in (
            ("UTC", "23", "7"),
            ("Europe/Brussels", "00", "1"),
            ("America/New_York", "18", "7"),
            ("Asia/Kolkata", "05", "1"),
            ("nowhere/at all", "23", "7"),
        ):
            with self.subTest(zone):
                row = self.report(tz=zone).browse(call.id)
                self.assertEqual((row.hour, row.weekday), (hour, weekday))
                self.env.invalidate_all()

    def test_measures(self):
        """Z30: calls, talk time, average wait and service level, with any grouping."""
        self.make_call(wait=10, talk=90, queue=self.queue)
        self.make_call(wait=30, talk=30, queue=self.queue, user_id=self.bob.id)
        self.make_call(wait=8, talk=60, direction="outgoing")
        domain = [("company_id", "=", self.company_a.id)]
        measures = [
            "call_count:sum",
            "talk_minutes:sum",
            "wait_seconds:avg",
            "service_level:avg",
        ]
        found = {
            user: tuple(values)
            for user, *values in self.report()._read_group(domain, ["user_id"], measures)
        }
        self.assertEqual(found[self.ana], (2, 2.5, 10, 100))
        self.assertEqual(found[self.bob], (1, 0.5, 30, 0))
        for group in (
            "user_id",
            "number_id",
            "queue_id",
            "outcome",
            "disposition_id",
            "hour",
            "weekday",
            "direction",
            "started_at:day",
        ):
            self.assertTrue(self.report()._read_group(domain, [group], measures))

    def test_everybody_counts_what_may_be_read(self):
        """Z30: agents count their own calls, supervisors those of the company, others none."""
        mine = self.make_call(wait=5, talk=60)
        his = self.make_call(wait=5, talk=60, user_id=self.bob.id)
        foreign = self.make_call(wait=5, talk=60, user_id=self.eva.id, account=self.account_b)
        made = mine | his | foreign

        def seen(user):
            return set(self.report(user).search([("id", "in", made.ids)]).ids)

        self.assertEqual(seen(self.ana), {mine.id})
        self.assertEqual(seen(self.bob), {his.id})
        self.assertEqual(seen(self.sue), {mine.id, his.id})
        self.assertEqual(seen(self.max), {mine.id, his.id})
        self.assertEqual(seen(self.eva), {foreign.id})
        for user in (self.ian, self.pia, self.public):
            with self.assertRaises(AccessError):
                self.report(user).search([])

    def test_filters_of_calls_and_figures_work_for_everybody(self):
        """Z30: agents and supervisors can use each filter of the lists."""
        self.make_call(wait=5, outcome="missed", user_id=self.ana.id)
        for model in ("telephony.call", "telephony.call.report"):
            for user in (self.ana, self.sue):
                calls = self.as_user(user, model)
                arch = etree.fromstring(calls.get_view(view_type="search")["arch"])
                filters = {node.get("name"): node.get("domain") for node in arch.iter("filter")}
                for name, domain in filters.items():
                    with self.subTest(f"{model} {user.login} {name}"):
                        calls.search_count(safe_eval(domain or "[]", {"uid": user.id}))
                missed = [("company_id", "=", self.company_a.id), *safe_eval(filters["missed"])]
                self.assertEqual(calls.search_count(missed), 1)

    def test_pivots_begin_with_the_number_of_calls(self):
        """Z30: a pivot without measures shows the count; another measure would hide it."""
        for model, first in (("telephony.call", []), ("telephony.call.report", ["call_count"])):
            pivot = etree.fromstring(self.env[model].get_view(view_type="pivot")["arch"])
            self.assertEqual(pivot.xpath("field[@type='measure']/@name")[:1], first, model)

    def test_row_opens_its_call(self):
        """Z30: a row of the report opens its call."""
        call = self.make_call(wait=5, talk=60)
        action = self.report().browse(call.id).action_open_call()
        self.assertEqual((action["res_model"], action["res_id"]), ("telephony.call", call.id))

    def test_days_of_the_board_and_the_report_are_the_same_calls(self):
        """Z24 Z30: board and report share one definition of a day."""
        self.make_call(wait=5, talk=60, queue=self.queue)
        self.make_call(wait=25, outcome="abandoned", queue=self.queue)
        [(average,)] = self.report()._read_group(
            [("queue_id", "=", self.queue.id)], [], ["service_level:avg"]
        )
        self.assertEqual(average, self.row(self.queue)["service_level"])


@tagged("post_install", "-at_install")
class TestDashboard(Figures):
    def dashboard(self, user=None, days=7):
        self.env.flush_all()
        return self.as_user(user or self.sue, "telephony.call.report").dashboard(days)

    def test_figures_of_the_period_and_of_the_one_before(self):
        """Z30: the last seven days are shown beside the seven days before them."""
        with freeze_time("2026-06-10 12:00:00"):
            now = fields.Datetime.now()
            self.make_call(wait=10, talk=90, queue=self.queue)
            self.make_call(
                wait=50, outcome="abandoned", queue=self.queue, started_at=now - timedelta(days=6)
            )
            self.make_call(wait=9, talk=30, direction="outgoing")
            self.make_call(wait=9, outcome="blocked")
            self.make_call(wait=20, talk=60, started_at=now - timedelta(days=8))
            self.make_call(wait=20, talk=60, started_at=now - timedelta(days=6, hours=23))
            self.make_call(wait=20, talk=60, started_at=now - timedelta(days=15))
            data = self.dashboard()
        self.assertEqual(data["start"], "2026-06-04 00:00:00")
        self.assertEqual(
            data["now"],
            {
                "calls": 4,
                "incoming": 3,
                "answered": 1,
                "missed": 1,
                "talk_minutes": 2,
                "average_wait": 30,
                "service_level": 50,
            },
        )
        self.assertEqual(
            data["before"],
            {
                "calls": 1,
                "incoming": 1,
                "answered": 1,
                "missed": 0,
                "talk_minutes": 1,
                "average_wait": 20,
                "service_level": False,
            },
        )

    def test_everybody_sees_figures_of_calls_that_may_be_read(self):
        """Z30: agents see figures of their own calls, supervisors those of the company."""
        self.make_call(wait=10, talk=90)
        self.make_call(wait=10, talk=90, user_id=self.bob.id)
        self.make_call(wait=10, talk=90, user_id=self.eva.id, account=self.account_b)
        for user, calls in ((self.ana, 1), (self.sue, 2), (self.eva, 1), (self.cleo, 0)):
            with self.subTest(user.login):
                data = self.dashboard(user)
                self.assertEqual(data["now"]["calls"], calls)
        for user in (self.ian, self.pia):
            with self.assertRaises(AccessError):
                self.dashboard(user)

    def test_period_is_one(self):
        """Z30: an invalid period is refused with a sentence."""
        for days in (0, -1, 4000, "many", None):
            with self.assertRaisesRegex(UserError, "Choose a period|request is not valid"):
                self.dashboard(days=days)
