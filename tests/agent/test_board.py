"""The supervisors' board: its figures and its access rights."""

import logging
from datetime import datetime, timedelta

import pytz
from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_telephony.tools.local_day import midnight

from ..common import TelephonyCase
from ..routing.test_queue import QueueStories

# More than a board needs; the fault looked for is one more query per call or agent.
BOARD_QUERIES = 30


class Figures(TelephonyCase):
    """Ended calls, written as the telephone would have written them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.queue, cls.other_queue = cls.env["telephony.queue"].create(
            [
                {
                    "name": name,
                    "company_id": cls.company_a.id,
                    "service_level_seconds": 20,
                    "agent_ids": [Command.set((cls.agent_ana | cls.agent_bob).ids)],
                }
                for name in ("Support", "Orders")
            ]
        )
        cls.queue_b = cls.env["telephony.queue"].create(
            {
                "name": "Aide",
                "company_id": cls.company_b.id,
            }
        )

    def make_call(self, wait=None, talk=None, outcome=None, queue=None, account=None, **values):
        """Create a call of this minute.

        :param int wait: seconds until it was answered or ended; None: it is ongoing
        :param int talk: seconds of conversation, if it was answered
        """
        start = values.pop("started_at", fields.Datetime.now())
        vals = {
            "account_id": (account or self.account).id,
            "direction": "incoming",
            "started_at": start,
            "customer_number": "+32470555501",
            "state": "ended",
            **values,
        }
        if queue:
            vals.update(queue_id=queue.id, queued_at=start)
        if talk is not None:
            answered_at = start + timedelta(seconds=wait)
            vals.update(
                answered_at=answered_at,
                ended_at=answered_at + timedelta(seconds=talk),
                duration=talk,
                outcome="answered",
                user_id=values.get("user_id", self.ana.id),
            )
        elif wait is not None:
            vals.update(ended_at=start + timedelta(seconds=wait), outcome=outcome or "missed")
        return self.env["telephony.call"].sudo().create(vals)

    def board(self, user=None):
        self.env.flush_all()
        return self.as_user(user or self.sue, "telephony.queue").board()

    def row(self, queue, user=None):
        [row] = [row for row in self.board(user)["queues"] if row["id"] == queue.id]
        return row


@tagged("post_install", "-at_install")
class TestBoardFigures(Figures):
    def test_today_is_counted_by_queue_and_in_total(self):
        """Z30: today's answered, missed, abandoned calls and voicemails, by queue and in total."""
        self.make_call(wait=5, talk=60, queue=self.queue)
        self.make_call(wait=35, talk=10, queue=self.queue)
        self.make_call(wait=30, outcome="abandoned", queue=self.queue)
        self.make_call(wait=90, outcome="voicemail", queue=self.other_queue)
        self.make_call(wait=20, outcome="missed")
        self.make_call(wait=1, outcome="failed")
        self.make_call(wait=0, outcome="blocked")
        self.make_call(wait=9, talk=9, direction="outgoing")
        data = self.board()
        total, support = data["total"], self.row(self.queue)
        self.assertEqual(
            [total[name] for name in ("answered", "missed", "abandoned", "voicemail")], [2, 2, 1, 1]
        )
        self.assertEqual(
            [support[name] for name in ("answered", "missed", "abandoned", "voicemail")],
            [2, 0, 1, 0],
        )
        self.assertAlmostEqual(support["average_wait"], (5 + 35 + 30) / 3)
        [nowhere] = [row for row in data["queues"] if not row["id"]]
        self.assertEqual((nowhere["name"], nowhere["missed"]), ("No queue", 2))

    def test_figures_are_the_calls_behind_them(self):
        """Z30: the list behind a figure has exactly as many calls as the figure."""
        for queue in (self.queue, self.other_queue, None):
            self.make_call(wait=5, talk=60, queue=queue)
            self.make_call(wait=30, outcome="abandoned", queue=queue)
            self.make_call(wait=30, outcome="voicemail", queue=queue)
            self.make_call(wait=30, outcome="declined", queue=queue)
            self.make_call(state="queued", queue=queue)
            self.make_call(
                state="in_progress",
                queue=queue,
                user_id=self.bob.id,
                answered_at=fields.Datetime.now(),
            )
        self.make_call(wait=9, outcome="missed", started_at=datetime(2020, 1, 1))
        data = self.board()
        for name, domain in data["domains"].items():
            model = "telephony.call.report" if name == "level" else "telephony.call"
            with self.subTest(name):
                calls = self.as_user(self.sue, model)
                shown = data["total"]["level_count" if name == "level" else name]
                self.assertTrue(shown)
                self.assertEqual(calls.search_count(domain), shown)
                for row in data["queues"]:
                    if name in row:
                        mine = [*domain, ("queue_id", "=", row["id"])]
                        self.assertEqual(calls.search_count(mine), row[name])

    def test_service_level_by_its_definition(self):
        """Z30: share answered within the target, of calls whose wait is over; no short abandons."""
        self.make_call(wait=20, talk=60, queue=self.queue)
        self.make_call(wait=21, talk=60, queue=self.queue)
        self.make_call(wait=4, outcome="abandoned", queue=self.queue)
        self.make_call(wait=5, outcome="abandoned", queue=self.queue)
        self.make_call(wait=300, outcome="voicemail", queue=self.queue)
        self.make_call(state="queued", queue=self.queue)
        self.make_call(wait=3, talk=60)
        row = self.row(self.queue)
        self.assertEqual((row["in_target_count"], row["level_count"]), (1, 4))
        self.assertEqual(row["service_level"], 25)
        self.assertEqual(self.row(self.other_queue)["service_level"], False)
        self.make_call(wait=3, talk=1, queue=self.other_queue)
        self.assertEqual(self.board()["total"]["service_level"], 40)
        self.queue.service_level_seconds = 0
        self.assertEqual(self.row(self.queue)["service_level"], False)

    def test_service_level_counts_from_the_queue_not_from_the_menu(self):
        """Z30: the time in a menu does not count as waiting in the queue."""
        start = fields.Datetime.now()
        call = self.make_call(wait=60, talk=60, queue=self.queue, started_at=start)
        call.queued_at = start + timedelta(seconds=45)
        self.assertEqual(self.row(self.queue)["service_level"], 100)

    def test_waiting_and_the_longest_wait(self):
        """Z24: the number of waiting callers, the longest wait and the ongoing conversations."""
        now = fields.Datetime.now()
        self.make_call(state="queued", queue=self.queue, started_at=now - timedelta(seconds=30))
        self.make_call(state="queued", queue=self.queue, started_at=now - timedelta(seconds=90))
        self.make_call(state="queued", queue=self.other_queue, user_id=self.bob.id)
        row = self.row(self.queue)
        since = fields.Datetime.to_string(now - timedelta(seconds=90))
        self.assertEqual((row["waiting"], row["waiting_since"]), (2, since))
        total = self.board()["total"]
        self.assertEqual((total["waiting"], total["waiting_since"]), (2, since))
        self.assertEqual(self.row(self.other_queue)["waiting"], 0)

    def test_archived_queue_of_today_stays_on_the_board(self):
        """Z30: an archived queue of today stays, so that the totals equal the sum of the lines."""
        self.make_call(wait=5, talk=60, queue=self.queue)
        self.queue.active = False
        self.assertEqual(self.row(self.queue)["answered"], 1)
        self.other_queue.active = False
        self.assertNotIn(self.other_queue.id, [row["id"] for row in self.board()["queues"]])

    def test_today_begins_at_midnight_where_the_user_is(self):
        """Z30: 23:30 UTC yesterday is today in Brussels, but not in London."""
        with freeze_time("2026-06-10 06:00:00"):
            self.make_call(wait=5, talk=60, started_at=datetime(2026, 6, 9, 22, 30))
            for zone, answered in (
                ("Europe/Brussels", 1),
                ("UTC", 0),
                ("America/New_York", 0),
                ("Asia/Tokyo", 1),
            ):
                self.sue.tz = zone
                with self.subTest(zone):
                    self.assertEqual(self.board()["total"]["answered"], answered)

    def test_day_of_changed_clocks_has_its_own_length(self):
        """Z30: the day on which summer time ends lasts 25 hours."""
        brussels = pytz.timezone("Europe/Brussels")
        with freeze_time("2026-10-25 12:00:00"):
            today, tomorrow = midnight(brussels), midnight(brussels, 1)
        self.assertEqual(today, datetime(2026, 10, 24, 22))
        self.assertEqual(tomorrow - today, timedelta(hours=25))

    def test_queries_do_not_grow_with_calls_and_people(self):
        """Z22: the board takes the same number of queries, however many calls and agents."""

        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.as_user(self.sue, "telephony.queue").board()
            return self.env.cr.sql_log_count - before

        self.make_call(wait=5, talk=60, queue=self.queue)
        self.make_call(
            state="in_progress", user_id=self.bob.id, queue=self.queue, partner_id=self.partner.id
        )
        self.go_online(self.agent_ana, self.agent_bob)
        count()
        few = count()
        users = [self._make_user(f"extra{n}", "crm_telephony.group_user") for n in range(10)]
        agents = self.env["telephony.agent"].create(
            [{"user_id": user.id, "company_id": self.company_a.id} for user in users]
        )
        self.go_online(*agents)
        for number, user in enumerate(users):
            queue = self.queue.copy({"name": f"Queue {number}"})
            partner = self.partner.copy({"name": f"Customer {number}"})
            self.make_call(wait=5, talk=60, queue=queue, user_id=user.id)
            self.make_call(state="queued", queue=queue)
            self.make_call(state="in_progress", queue=queue, user_id=user.id, partner_id=partner.id)
        count()  # fill the cache
        self.assertEqual(count(), few)
        self.assertLess(few, BOARD_QUERIES)

    def test_target_and_goal_are_sensible(self):
        """Z29: a percentage is within 0 and 100, and a target is not negative."""
        for values in ({"service_level_goal": 101}, {"service_level_seconds": -1}):
            with (
                self.subTest(values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.queue.write(values)
                self.env.flush_all()


@tagged("post_install", "-at_install")
class TestBoardAgents(QueueStories):
    def agents(self, user=None):
        self.env.invalidate_all()
        data = self.as_user(user or self.sue, "telephony.queue").board()
        return {row["name"]: row for row in data["agents"]}

    def test_states_of_the_phone_users(self):
        """Z02 Z22: each agent's state, its start, and the customer of the conversation."""
        self.assertEqual(self.agents()["Ana"]["state"], "offline")
        self.company_a.telephony_wrap_up_seconds = 60
        self.agent_ana.status = "online"
        self.assertEqual(self.agents()["Ana"]["state"], "unreachable")
        self.go_online(self.agent_ana)
        self.assertEqual(self.agents()["Ana"]["state"], "available")
        call = self.call_in_number(1)
        self.assertEqual(self.agents()["Ana"]["state"], "ringing")
        self.talk(call)
        row = self.agents()["Ana"]
        self.assertEqual((row["state"], row["customer"]), ("in_call", call.customer_display))
        self.assertEqual(row["since"], fields.Datetime.to_string(call.answered_at))
        self.as_user(self.ana).hang_up(call.uuid)
        row = self.agents()["Ana"]
        self.assertEqual((row["state"], row["customer"]), ("wrap_up", False))
        since = fields.Datetime.to_string(self.agent_ana.wrap_up_started_at)
        self.assertEqual(row["since"], since)
        self.as_user(self.sue, "telephony.agent").browse(self.agent_ana.id).end_wrap_up()
        row = self.agents()["Ana"]
        ended_at = fields.Datetime.to_string(call.ended_at)
        self.assertEqual((row["state"], row["since"]), ("available", ended_at))

    def test_board_follows_a_queue(self):
        """Z24 Z25: the figures at each step of two callers' way."""

        def figures():
            self.env.invalidate_all()
            data = self.as_user(self.sue, "telephony.queue").board()
            names = ("waiting", "answered", "abandoned", "talking")
            return tuple(data["total"][name] for name in names)

        self.go_online(self.agent_ana)
        first, second = self.call_in_number(1), self.call_in_number(2)
        self.assertEqual(figures(), (2, 0, 0, 0))
        self.talk(first)
        self.assertEqual(figures(), (1, 1, 0, 1))
        second.queued_at -= timedelta(seconds=9)
        self.tell_leg(second, second.provider_call_id, "completed")
        self.assertEqual(figures(), (0, 1, 1, 1))
        self.as_user(self.ana).hang_up(first.uuid)
        self.assertEqual(figures(), (0, 1, 1, 0))

    def test_board_is_read_again_after_a_minute(self):
        """Z02: a message may be lost, and the loss of a page is not reported at all."""
        data = self.as_user(self.sue, "telephony.queue").board()
        self.assertSeconds(fields.Datetime.to_datetime(data["recheck_at"]), 60)

    def test_supervisor_sets_a_phone_user_offline(self):
        """Z02: the agent is set offline and informed by whom, and the act is on record."""
        self.go_online(self.agent_ana)
        agent = self.as_user(self.sue, "telephony.agent").browse(self.agent_ana.id)
        with self.assert_log("models.agent.telephony_agent_rpc", logging.INFO, "offline"):
            agent.set_offline()
        self.assertEqual(self.agent_ana.status, "offline")
        self.assertEqual(self.agent_ana.offline_by_id, self.sue)
        [notice] = self.notified(self.ana, "set_offline")
        self.assertEqual(
            notice["message"],
            "Sue set you offline. Go back online when you can take calls.",
        )
        agent.set_offline()
        self.assertEqual(len(self.notified(self.ana, "set_offline")), 1)
        self.as_user(self.ana, "telephony.agent").set_status("online")
        self.assertFalse(self.agent_ana.offline_by_id)

    def test_what_rings_at_somebody_set_offline_rings_at_the_next(self):
        """Z24: the caller does not ring at an agent who was set offline."""
        self.go_online(self.agent_ana, self.agent_bob)
        call = self.call_in_number(1)
        first = call.offer_ids.agent_id
        self.as_user(self.sue, "telephony.agent").browse(first.id).set_offline()
        second = (self.agent_ana | self.agent_bob) - first
        self.assertEqual(call._get_open_offers().agent_id, second)
        self.assertEqual(self.notified(first.user_id, "offer_closed")[-1]["uuid"], call.uuid)

    def test_running_call_of_somebody_set_offline_goes_on(self):
        """Z02: the ongoing conversation is not affected."""
        self.go_online(self.agent_ana)
        call = self.talk(self.call_in_number(1))
        self.as_user(self.sue, "telephony.agent").browse(self.agent_ana.id).set_offline()
        self.assertEqual(call.state, "in_progress")
        self.assertEqual(self.agents()["Ana"]["state"], "in_call")
        self.assertEqual(self.agents()["Ana"]["status"], "offline")


@tagged("post_install", "-at_install")
class TestBoardRights(Figures):
    def test_board_is_for_supervisors(self):
        """Z22: the server refuses agents and others."""
        for user in (self.ana, self.ian, self.pia, self.public):
            with self.subTest(user.login):
                with self.assertRaises(AccessError):
                    self.as_user(user, "telephony.queue").board()
                with self.assertRaises(AccessError):
                    self.as_user(user, "telephony.agent").browse(self.agent_bob.id).set_offline()
        for user in (self.sue, self.max):
            self.assertIn("total", self.board(user))

    def test_companies_do_not_see_each_other(self):
        """Z22: calls, queues and agents of another company are invisible."""
        self.make_call(wait=5, talk=60, queue=self.queue)
        self.make_call(wait=5, outcome="abandoned", queue=self.queue_b, account=self.account_b)
        mine, theirs = self.board(self.sue), self.board(self.eva)
        self.assertEqual((mine["total"]["answered"], mine["total"]["abandoned"]), (1, 0))
        self.assertEqual((theirs["total"]["answered"], theirs["total"]["abandoned"]), (0, 1))
        self.assertEqual([row["name"] for row in theirs["queues"]], ["Aide"])
        self.assertEqual([row["name"] for row in theirs["agents"]], ["Eva"])
        with self.assertRaises(AccessError):
            self.as_user(self.eva, "telephony.agent").browse(self.agent_ana.id).set_offline()
        self.sue.company_ids |= self.company_b
        both = (
            self.as_user(self.sue, "telephony.queue")
            .with_context(allowed_company_ids=[self.company_a.id, self.company_b.id])
            .board()
        )
        self.assertEqual((both["total"]["answered"], both["total"]["abandoned"]), (1, 1))
