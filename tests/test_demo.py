"""The demonstration data: a working month, relative to the day of the installation."""

from collections import Counter
from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.tests import tagged

from odoo.addons.crm_telephony.tools.wav import read_sound

from .common import TelephonyCase

WEDNESDAY = datetime(2026, 11, 25, 14, 30)
SUNDAY_NIGHT = datetime(2026, 11, 22, 22, 10)


@tagged("post_install", "-at_install")
class TestDemo(TelephonyCase):
    """`dev/unit/test_demo_month.py` tries the plan at unusual moments."""

    share_size = 4

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_a.resource_calendar_id.tz = "Europe/Brussels"
        cls.sue.tz = "Europe/Brussels"
        queue = cls.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": cls.company_a.id,
                "agent_ids": [(6, 0, (cls.agent_ana | cls.agent_cleo).ids)],
            }
        )
        mailbox, waiting = cls.env["telephony.flow.step"].create(
            [
                {
                    "flow_id": cls.flow.id,
                    "name": "Mailbox",
                    "kind": "voicemail",
                    "agent_ids": [(6, 0, cls.agent_ana.ids)],
                },
                {
                    "flow_id": cls.flow.id,
                    "name": "Wait",
                    "kind": "queue",
                    "queue_id": queue.id,
                },
            ]
        )
        cls.steps = (cls.ring.id, mailbox.id, waiting.id)
        cls.env.flush_all()
        cls.env.cr.precommit.run()
        cls.env.cr.execute("SELECT COALESCE(max(id), 0) FROM bus_bus")
        [cls.last_message] = cls.env.cr.fetchone()
        cls.dialed = cls.env["telephony.dialed.leg"].search_count([])
        cls.mails = cls.env["mail.mail"].search_count([])
        cls.calls = cls.generate(WEDNESDAY)
        cls.env.flush_all()
        cls.env.cr.precommit.run()

    @classmethod
    def generate(cls, now):
        """Generate a month for the company of these tests."""
        with freeze_time(now):
            return cls.env["telephony.demo"]._generate(*cls.steps)

    def test_all_calls_have_ended_and_nothing_is_later_than_now(self):
        calls = self.calls
        self.assertTrue(130 <= len(calls) <= 220, len(calls))
        self.assertEqual({call._get_phase().name for call in calls}, {"ended"})
        self.assertGreater(min(calls.mapped("started_at")), WEDNESDAY - timedelta(days=31))
        moments = [
            *calls.mapped("ended_at"),
            *calls.leg_ids.mapped("ended_at"),
            *calls.timeline_ids.mapped("at"),
            *calls.recording_ids.mapped("recorded_at"),
            *calls.recording_ids.access_ids.mapped("heard_at"),
            *calls.message_id.mapped("date"),
            *calls.quality_ids.mapped("measured_at"),
            *calls.callback_id.filtered("done_at").mapped("done_at"),
        ]
        self.assertLessEqual(max(moments), WEDNESDAY)

    def test_second_generation_adds_nothing(self):
        count = self.env["telephony.call"].search_count([])
        self.assertFalse(self.generate(WEDNESDAY))
        self.assertEqual(self.env["telephony.call"].search_count([]), count)

    def test_figures_agree_with_each_other(self):
        for call in self.calls:
            self.assertLessEqual(call.started_at, call.ended_at)
            self.assertEqual(set(call.leg_ids.mapped("status")), {"ended"})
            self.assertEqual(call._get_customer_leg().ended_at, call.ended_at)
            self.assertLessEqual(max(call.leg_ids.mapped("ended_at")), call.ended_at)
            self.assertEqual(call.timeline_ids.mapped("at"), sorted(call.timeline_ids.mapped("at")))
            self.assertNotIn("%(", call.timeline)
            start = call.answered_at or call.ended_at
            self.assertEqual(call.wait_duration, (start - call.started_at).total_seconds())
            self.assertNotIn("offered", call.offer_ids.mapped("state"))
            if call.outcome != "answered":
                self.assertFalse(call.answered_at or call.duration or call.transfer_ids)
                continue
            self.assertEqual(call.duration, (call.ended_at - call.answered_at).total_seconds())
            self.assertEqual(call.leg_ids[-1].user_id, call.user_id)
            accepted = call.offer_ids.filtered(lambda offer: offer.state == "accepted")
            self.assertEqual(len(accepted), call.direction == "incoming")
            self.assertEqual(len(call._get_served_by()), 1 + len(call.transfer_ids))

    def test_everything_has_something_to_show(self):
        calls = self.calls
        outcomes = Counter(calls.mapped("outcome"))
        for outcome in (
            *("answered", "missed", "abandoned", "voicemail", "busy", "no_answer"),
            *("queue_callback", "failed"),
        ):
            self.assertTrue(outcomes[outcome], outcome)
        self.assertEqual(set(calls.mapped("direction")), {"incoming", "outgoing"})
        self.assertEqual(calls.user_id, self.ana | self.bob | self.cleo)
        self.assertGreater(len(calls.disposition_id), 3)
        self.assertTrue(any(calls.mapped("note")))
        self.assertTrue(calls.transfer_ids)
        self.assertTrue(calls.quality_ids.filtered("bad"))
        self.assertTrue(calls.queue_callback_id.filtered(lambda one: one.state == "done"))
        states = Counter(calls.callback_id.mapped("state"))
        self.assertTrue(states["open"] and states["done"] and states["canceled"], states)
        kinds = Counter(calls.recording_ids.mapped("kind"))
        self.assertTrue(kinds["voicemail"] and kinds["conversation"], kinds)

    def test_board_and_dashboard_show_figures(self):
        self._check_figures(WEDNESDAY)

    def test_board_shows_figures_on_a_sunday_night(self):
        self.calls.account_id.sudo().account_sid = "AC" + "0" * 32
        self.generate(SUNDAY_NIGHT)
        self.env.flush_all()
        self._check_figures(SUNDAY_NIGHT)

    def _check_figures(self, now):
        with freeze_time(now):
            board = self.as_user(self.sue, "telephony.queue").board()["total"]
            report = self.as_user(self.sue, "telephony.call.report").dashboard(30)
        for figure in ("answered", "missed", "abandoned", "voicemail", "service_level"):
            self.assertTrue(board[figure], figure)
        self.assertEqual((board["waiting"], board["talking"]), (0, 0))
        for figure in ("calls", "answered", "missed", "talk_minutes", "service_level"):
            self.assertTrue(report["now"][figure], figure)

    def test_recordings_have_a_sound(self):
        for recording in self.calls.recording_ids:
            self.assertTrue(recording.url)
            with recording.sudo().attachment_id._open_content() as file:
                sound = read_sound(file)
            self.assertFalse(sound.is_silent)
            self.assertEqual((sound.channels, sound.peaks), (recording.channels, recording.peaks))
            self.assertAlmostEqual(sound.seconds, recording.duration, delta=1)

    def test_nothing_leaves_the_database_and_no_page_rings(self):
        """No request, no mail; pages only learn that the list of due calls has changed.

        Nor do the calls count for the hourly limit of calls.
        """
        self.assertEqual(self.env["telephony.dialed.leg"].search_count([]), self.dialed)
        self.assertFalse(self.provider.requests)
        self.assertEqual(self.env["mail.mail"].search_count([]), self.mails)
        messages = self.env["bus.bus"].search([("id", ">", self.last_message)]).mapped("message")
        for message in messages:
            self.assertRegex(message, "telephony/activities_changed|mail.activity/updated")

    def test_account_of_the_demonstration_is_no_connection(self):
        """It is archived: the company is not connected by it, and nothing is handed back."""
        account = self.calls.account_id
        self.assertFalse(account.active)
        self.assertEqual(account.state, "draft")
        self.assertNotEqual(self.env["telephony.account"]._get_of_company(self.company_a), account)
        self.assertFalse(account.sudo()._get_links())

    def test_chatter_has_the_calls_at_their_time(self):
        logged = self.calls.filtered("message_id")
        for call in logged:
            self.assertEqual(call.message_id.date, call.ended_at)
            self.assertIn(call.message_id.model, ("res.partner", "crm.lead"))
        if self.env.ref("base.res_partner_2", raise_if_not_found=False):
            self.assertTrue(logged)
