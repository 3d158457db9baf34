"""The announced wait, and queues without limits."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..common import leg_sid
from .test_queue import QueueStories


@tagged("post_install", "-at_install")
class TestEstimatedWait(QueueStories):
    def answered(self, seconds, position=1, hours_ago=1, count=1, **values):
        """Create answered calls of callers who joined at a place and waited for a time."""
        moment = fields.Datetime.now() - timedelta(hours=hours_ago)
        return (
            self.env["telephony.call"]
            .sudo()
            .create(
                [
                    {
                        "account_id": self.account.id,
                        "direction": "incoming",
                        "queue_id": self.queue.id,
                        "queue_position": position,
                        "started_at": moment - timedelta(seconds=seconds),
                        "queued_at": moment - timedelta(seconds=seconds),
                        "answered_at": moment,
                        "state": "ended",
                        "outcome": "answered",
                        **values,
                    }
                    for _index in range(count)
                ]
            )
        )

    def said(self, index=1):
        """Return the announcement that the next caller hears."""
        self.go_online(self.agent_ana, self.agent_bob)
        self.occupy(self.ana, self.bob)
        self.queue.say_wait = True
        call = self.call_in_number(index)
        return next((verb.text for verb in self.wait(call) if verb.tag == "Say"), "")

    def test_each_length_has_its_sentence(self):
        """Z24: sentences for less than a minute, one, several, and the maximum."""
        cases = {
            40: "Your estimated wait is less than a minute.",
            80: "Your estimated wait is about one minute.",
            200: "Your estimated wait is about 3 minutes.",
            7200: "Your estimated wait is more than 30 minutes.",
        }
        for index, (seconds, sentence) in enumerate(cases.items(), 1):
            with self.subTest(seconds=seconds):
                calls = self.answered(seconds, count=3)
                self.queue.max_callers = 10
                self.queue.say_position = False
                self.assertEqual(self.said(index), f"Please hold the line. {sentence}")
                self.env["telephony.call"].search([("state", "=", "queued")]).write(
                    {
                        "state": "ended",
                    }
                )
                calls.unlink()

    def test_place_counts(self):
        """Z24: the third caller waits three times as long as the first one."""
        self.answered(240, position=2, count=3)
        self.assertEqual(self.queue._estimate_wait(1), 120)
        self.assertEqual(self.queue._estimate_wait(3), 360)
        self.assertIn("number 1 in the queue. Your estimated wait is about 2", self.said(1))
        self.assertIn("number 2 in the queue. Your estimated wait is about 4", self.said(2))

    def test_said_in_the_language_of_the_flow(self):
        """Z24: the caller's language counts, not that of the queue's author."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.flow.language = "zh_CN"
        self.answered(200, count=3)
        call = self.env["telephony.call"].with_context(lang="zh_CN")
        self.assertTrue(call.env._("Your estimated wait is about %(minutes)s minutes.", minutes=3))
        self.go_online(self.agent_ana)
        self.occupy(self.ana)
        self.queue.say_wait = True
        [say, *_rest] = self.wait(self.call_in_number(1))
        self.assertEqual(say.get("language"), "zh-CN")

    def test_not_said_when_it_cannot_be_estimated(self):
        """Z24: no estimate from too few, too old, foreign or unanswered calls."""
        self.answered(200, count=2)
        self.answered(200, count=5, hours_ago=3)
        self.answered(200, count=5, queue_id=False)
        self.answered(200, count=5, answered_at=False)
        # A queue callback is not a wait in the line.
        self.answered(200, count=5, position=0)
        self.assertIsNone(self.queue._estimate_wait(1))
        self.assertNotIn("probably", self.said())

    def test_not_said_unless_it_is_wanted(self):
        """Z24: the wait is announced only if the queue's setting says so."""
        self.answered(200, count=3)
        self.go_online(self.agent_ana)
        self.occupy(self.ana)
        [say, *_rest] = self.wait(self.call_in_number(1))
        self.assertNotIn("probably", say.text)

    def test_place_at_first_is_kept(self):
        """Z24: real waits are counted with the place at which the caller joined."""
        self.go_online(self.agent_ana)
        calls = [self.call_in_number(index) for index in (1, 2)]
        self.assertEqual([call.queue_position for call in calls], [1, 2])

    def test_queue_without_limits(self):
        """Z29: without a tick, the number of callers is unlimited, and the wait is an hour."""
        self.queue.write(
            {"limit_callers": False, "limit_wait": False, "max_callers": 1, "max_wait": 1}
        )
        self.go_online(self.agent_ana)
        first = self.call_in_number(1)
        second, [enqueue] = self.call_in(sid=leg_sid(2), from_="+33612345678")
        self.assertEqual(enqueue.tag, "Enqueue")
        first.queued_at -= timedelta(minutes=50)
        self.let_time_pass(3000)
        self.assertNotEqual(self.wait(first)[0].tag, "Leave")
        self.assertEqual(self.step(first)[0].tag, "Enqueue")
        first.queued_at -= timedelta(minutes=11)
        self.let_time_pass(660)
        self.assertEqual(self.wait(first)[0].tag, "Leave")
        self.assertEqual(second.state, "queued")
