"""The promise of a queue callback is kept, or left to people, whatever happens meanwhile."""

from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import leg_sid
from .test_queue_callback import CUSTOMER_LEG, NUMBER, QueueCallbackStories


@tagged("post_install", "-at_install")
class TestPromise(QueueCallbackStories):
    """Issue 14, point 5: the promise is a row of its own, and each attempt is a call."""

    def get_promise(self):
        return self.env["telephony.queue.callback"].search([("customer_number", "=", NUMBER)])

    def get_owed(self):
        """Return the callback that is left to people."""
        return self.env["telephony.callback"].search(
            [("customer_number", "=", NUMBER), ("state", "=", "open")]
        )

    def run_job(self):
        self.env["telephony.call"].sudo()._cron_dispatch_queue_callbacks()

    def test_queue_deleted_during_the_confirmation_leaves_a_callback(self):
        self.occupy()
        call = self.call_in_number(1)
        self.press(call)
        call.queue_id = False
        self.hang_up(call)
        self.assertEqual(call.outcome, "queue_callback")
        self.assertFalse(self.get_queue_callbacks())
        self.assertEqual(self.get_owed().kind, "queue_callback")

    def test_call_whose_conclusion_failed_is_called_back(self):
        """Another addon's code may fail at the end of the caller's call: the job repairs it."""
        self.occupy()
        call = self.call_in_number(1)
        self.press(call)
        call.write(
            {"state": "ended", "outcome": "queue_callback", "ended_at": fields.Datetime.now()}
        )
        self.run_job()
        self.assertEqual(self.get_queue_callbacks().state, "queued")

    def test_attempt_ended_by_the_system_leaves_a_callback(self):
        queue_callback = self.request_queue_callback()
        self.accept_queue_callback(queue_callback)
        queue_callback._end_by_system()
        self.assertEqual(queue_callback.state, "ended")
        self.assertEqual(len(self.get_queue_callbacks()), 1)
        self.assertEqual(self.get_owed().kind, "queue_callback")

    def test_number_blocked_meanwhile_is_not_called(self):
        self.occupy()
        queue_callback = self.request_queue_callback()
        self.env["telephony.blocked.number"].create(
            {"number": NUMBER, "company_id": self.company_a.id}
        )
        self.assertEqual((queue_callback.state, queue_callback.outcome), ("ended", "canceled"))
        self.assertFalse(self.get_owed())
        self.assertEqual(self.get_promise().state, "canceled")

    def test_one_promise_is_open_for_a_number(self):
        """Two calls of one number may end at once: PostgreSQL refuses the second promise."""
        self.occupy()
        promise = self.request_queue_callback().queue_callback_id
        again, _verbs = self.call_in(sid=leg_sid(2), from_=NUMBER)
        with (
            self.assertRaises(IntegrityError),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            promise.create({"origin_id": again.id, "expires_at": promise.expires_at})

    def test_second_request_outlives_the_first_promise(self):
        """The promise of an earlier call is closed while the same caller hears a confirmation."""
        self.occupy()
        first = self.request_queue_callback().queue_callback_id
        again, _verbs = self.call_in(sid=leg_sid(2), from_=NUMBER)
        self.press(again)
        first._cancel()
        self.hang_up(again)
        self.assertEqual(self.get_promise().mapped("state"), ["open", "canceled"])
        self.assertEqual(self.get_promise()[0].origin_id, again)

    def test_states_follow_the_attempts(self):
        other = self.occupy()
        call = self.call_in_number(1)
        self.press(call)
        promise = self.get_promise()
        self.assertEqual((promise.state, promise.attempt_count), ("requested", 0))
        self.hang_up(call)
        self.assertEqual((promise.state, promise.attempt_count), ("open", 1))
        self.assertEqual(promise.expires_at, call.queued_at + timedelta(hours=24))
        self.as_user(self.ana).hang_up(other.uuid)
        attempt = promise.call_ids
        self.accept_queue_callback(attempt)
        self.assertEqual(promise.state, "open")
        self.tell_leg(attempt, CUSTOMER_LEG, "in-progress", sequence=2, leg=self.customer(attempt))
        self.assertEqual(promise.state, "done")
        self.assertTrue(promise.closed_at)
        self.as_user(self.ana).hang_up(attempt.uuid)
        self.assertEqual((promise.state, promise.call_ids), ("done", attempt))

    def test_claim_without_queue_and_agent_is_released_and_left_to_people(self):
        """The queue is deleted while an agent who accepted does not connect."""
        queue_callback = self.request_queue_callback()
        self.as_user(self.ana).accept(queue_callback.uuid)
        (queue_callback | queue_callback.queue_callback_id.origin_id).queue_id = False
        self.let_time_pass(16)
        self.run_job()
        self.assertEqual((queue_callback.state, queue_callback.user_id.id), ("ended", False))
        self.assertTrue(self.get_owed())

    def test_attempt_deleted_by_an_administrator_leaves_a_callback(self):
        self.occupy()
        queue_callback = self.request_queue_callback()
        queue_callback.unlink()
        self.run_job()
        self.assertEqual(self.get_promise().state, "failed")
        self.assertTrue(self.get_owed())

    def test_deleted_call_is_not_called_back(self):
        self.occupy()
        queue_callback = self.request_queue_callback()
        queue_callback.queue_callback_id.origin_id.unlink()
        self.assertFalse(self.get_promise())
        self.assertEqual((queue_callback.state, queue_callback.outcome), ("ended", "canceled"))

    def test_erased_caller_is_not_called_back(self):
        self.occupy()
        queue_callback = self.request_queue_callback()
        promise = queue_callback.queue_callback_id
        wizard = self.as_user(self.max, "telephony.erasure").create({"number": NUMBER})
        wizard.action_erase()
        self.assertEqual((queue_callback.state, promise.state), ("ended", "canceled"))
        self.assertFalse(promise.customer_number)
        self.assertEqual(promise.customer_display, "Anonymized")
        self.assertFalse(queue_callback.customer_number)

    def test_phone_users_see_what_is_pending_and_supervisors_all(self):
        self.occupy()
        promise = self.request_queue_callback().queue_callback_id

        def is_found(user):
            return bool(self.as_user(user, promise._name).search([("id", "=", promise.id)]))

        users = (self.cleo, self.sue, self.eva)
        self.assertEqual([is_found(user) for user in users], [True, True, False])
        promise._cancel()
        self.assertEqual([is_found(user) for user in users], [False, True, False])
