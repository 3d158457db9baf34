"""Requests that arrive twice at once, and requests that are sent after the commit only."""

import threading
import time

from odoo import SUPERUSER_ID, fields
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import CallEvent, VoiceRequest

from ..common import CUSTOMER, ROOM, leg_sid
from .test_race import RaceCase

REQUESTS = "odoo.addons.crm_telephony.models.call.after_commit"


@tagged("post_install", "-at_install")
class TestRaceOfRequests(RaceCase):
    def dial(self):
        """Dial as the first agent and return the call's identifier."""
        user = self.ids["users"][0]
        return self.in_transaction(lambda env: env["telephony.call"].dial(CUSTOMER), user)["uuid"]

    def connect(self, env, uuid):
        """Connect the browser of the first agent to a call."""
        agent = env["telephony.agent"].search([("user_id", "=", self.ids["users"][0])])
        account = env["telephony.account"].browse(self.ids["account"])
        env["telephony.call"]._process_browser(
            account, VoiceRequest(leg_id=leg_sid(5), identity=agent.identity, call_uuid=uuid)
        )

    def test_voice_webhook_comes_twice_at_once(self):
        """A repeated first request of the provider gives one call and two equal answers."""
        account = self.ids["account"]

        def process(env):
            response = env["telephony.call"]._process_incoming(
                env["telephony.account"].browse(account),
                VoiceRequest(leg_id=leg_sid(3), caller=CUSTOMER, called="+3225550190"),
            )
            return repr(response)

        first, second = self.at_once((SUPERUSER_ID, process), (SUPERUSER_ID, process))
        self.assertEqual(first, second)

        def count(env):
            call = env["telephony.call"].search([("provider_call_id", "=", leg_sid(3))])
            return len(call), len(call.offer_ids), len(call.leg_ids)

        self.assertEqual(self.in_transaction(count), (1, 2, 1))

    def test_event_comes_twice_at_once(self):
        """A repeated webhook is applied once."""
        uuid = self.call_in()
        account = self.ids["account"]

        def end(env):
            account_sudo = env["telephony.account"].browse(account)
            env["telephony.call"]._process_event(
                account_sudo,
                account_sudo._parse_leg_event({"CallSid": leg_sid(1), "CallStatus": "completed"}),
            )

        results = self.at_once((SUPERUSER_ID, end), (SUPERUSER_ID, end))
        self.assertEqual(results, [None, None])

        def count(env):
            return env["telephony.call.event"].search_count(
                [("call_id.uuid", "=", uuid), ("key", "=", f"{leg_sid(1)}:completed")]
            )

        self.assertEqual(self.in_transaction(count), 1)

    def test_two_clicks_make_one_call(self):
        """Z16: a request sent twice at once gives one call."""
        user = self.ids["users"][0]
        results = self.at_once(
            *(
                (user, lambda env: env["telephony.call"].dial(CUSTOMER, request_uuid="click"))
                for _click in range(2)
            )
        )
        self.assertEqual(results[0]["uuid"], results[1]["uuid"])

    def test_two_different_clicks_make_one_call(self):
        """Z16: a user is never in two calls."""
        user = self.ids["users"][0]
        results = self.at_once(
            *(
                (
                    user,
                    lambda env, word=word: env["telephony.call"].dial(CUSTOMER, request_uuid=word),
                )
                for word in ("one", "two")
            )
        )
        self.assertEqual(sum(isinstance(result, dict) for result in results), 1, results)

    def test_two_pages_open_at_once(self):
        """Z01: two windows can request the first snapshot of a new agent at once."""

        def forget(env):
            env["telephony.agent"].search([("user_id", "=", self.ids["users"][0])]).unlink()

        self.in_transaction(forget)
        user = self.ids["users"][0]
        results = self.at_once(
            *(
                (user, lambda env: env["telephony.agent"].softphone_snapshot()["agent"]["id"])
                for _page in range(2)
            )
        )
        self.assertEqual(results[0], results[1])

    def test_request_leaves_after_the_commit(self):
        """A request to the provider follows the commit, and its result is written afterwards."""
        uuid, seen = self.dial(), []
        add_participant = self.provider.add_participant

        def ask(*args):
            # On a connection of its own, which sees committed data only.
            with self.registry.cursor() as cr:
                cr.execute(
                    """SELECT count(*) FROM telephony_call_leg leg
                                JOIN telephony_call call ON call.id = leg.call_id
                               WHERE call.uuid = %s AND leg.role = 'agent'""",
                    [uuid],
                )
                seen.append(cr.fetchone()[0])
            return add_participant(*args)

        self.provider.add_participant = ask

        def connect(env):
            self.connect(env, uuid)
            self.assertFalse(seen)

        self.in_transaction(connect)
        self.assertEqual(seen, [1])

        def check(env):
            call = env["telephony.call"].search([("uuid", "=", uuid)])
            return call._get_customer_leg().provider_leg_id

        self.assertTrue(self.in_transaction(check))

    def test_request_of_a_failed_transaction_does_not_leave(self):
        uuid = self.dial()

        def connect(env):
            self.connect(env, uuid)
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            self.in_transaction(connect)
        self.assertFalse(self.provider.requests)

    def test_failure_after_the_commit_is_only_logged(self):
        """A failure after the commit is left to the reconciliation and not shown to the user."""
        uuid = self.dial()
        self.provider.failures["add_participant"] = [ZeroDivisionError()]
        with self.assertLogs(REQUESTS, "ERROR"):
            self.in_transaction(lambda env: self.connect(env, uuid))
        self.assertEqual(self.read_call(uuid, "state"), ["new"])

    def test_leg_is_locked_before_its_call(self):
        """Z30: two webhooks of one leg never deadlock."""
        uuid = self.dial()
        self.in_transaction(lambda env: self.connect(env, uuid))

        def join(env):
            call = env["telephony.call"].search([("uuid", "=", uuid)])
            call._apply_event(
                CallEvent(
                    "join", provider_leg_id=leg_sid(5), conference_id=ROOM, at=fields.Datetime.now()
                )
            )

        self.assert_waits_for(
            ("SELECT id FROM telephony_call_leg WHERE provider_leg_id = %s", leg_sid(5)),
            ("SELECT id FROM telephony_call WHERE uuid = %s", uuid),
            join,
        )
        self.assertEqual(self.read_call(uuid, "provider_conference_id"), [ROOM])

    def test_call_is_locked_before_its_offers(self):
        """Z17: a late accept and the end of the ringing never deadlock.

        Measured with 500 simultaneous calls: a deadlock costs a second and a line in the log.
        """
        uuid = self.call_in()
        [call_id] = self.read_call(uuid, "id")
        self.in_transaction(
            lambda env: env.cr.execute(
                "UPDATE telephony_offer SET expires_at = offered_at WHERE call_id = %s", [call_id]
            )
        )

        def wait(env):
            env["telephony.call"].search([("uuid", "=", uuid)])._process_wait(VoiceRequest())

        self.assert_waits_for(
            ("SELECT id FROM telephony_call WHERE id = %s", call_id),
            ("SELECT id FROM telephony_offer WHERE call_id = %s", call_id),
            wait,
        )

        def read(env):
            return set(env["telephony.call"].browse(call_id).offer_ids.mapped("state"))

        self.assertEqual(self.in_transaction(read), {"expired"})

    def test_call_is_locked_before_its_offers_are_withdrawn(self):
        """Z17: the same promise for all other ends of the ringing."""
        user = self.ids["users"][0]

        def find(env, uuid):
            return env["telephony.call"].search([("uuid", "=", uuid)])

        def decline(env, uuid):
            env(user=user)["telephony.call"].decline(uuid)

        def refuse(env, uuid):
            find(env, uuid)._process_refused()

        def promise(env, uuid):
            find(env, uuid)._schedule_queue_callback()

        def set_offline(env, uuid):
            agents = find(env, uuid).offer_ids.agent_id
            agents.set_offline()
            agents._set_status("online")

        def dial(env, uuid):
            env(user=user)["telephony.call"].dial(CUSTOMER)

        for number, act in enumerate((decline, refuse, promise, set_offline, dial), 1):
            with self.subTest(act.__name__):
                uuid = self.call_in(leg_sid(number))
                [call_id] = self.read_call(uuid, "id")
                self.assert_waits_for(
                    ("SELECT id FROM telephony_call WHERE id = %s", call_id),
                    ("SELECT id FROM telephony_offer WHERE call_id = %s", call_id),
                    lambda env, act=act, uuid=uuid: act(env, uuid),
                )

    def test_what_rings_at_somebody_is_locked_before_its_offers(self):
        """Z17: two agents who pick up the caller ringing at the other never deadlock."""
        ada, ben = self.ids["users"]
        at_ada, at_ben = self.call_in(leg_sid(1)), self.call_in(leg_sid(2))

        def queue(env):
            calls = env["telephony.call"].search([("uuid", "in", (at_ada, at_ben))])
            line = env["telephony.queue"].create(
                {
                    "name": "Race",
                    "company_id": calls.company_id.id,
                }
            )
            calls.write({"state": "queued", "queue_id": line.id})
            [offer] = calls.offer_ids.filtered(lambda offer: offer.agent_id.user_id.id == ben)
            offer.copy({"call_id": calls.filtered(lambda call: call.uuid == at_ben).id})
            offer.unlink()

        self.in_transaction(queue)
        self.assert_waits_for(
            ("SELECT id FROM telephony_call WHERE uuid = %s", at_ada),
            ("SELECT id FROM telephony_offer WHERE state = %s", "offered"),
            lambda env: env(user=ada)["telephony.call"].pick_up(at_ben),
        )
        self.assertEqual(self.read_call(at_ben, "user_id")[0].id, ada)

    def assert_waits_for(self, first, second, function):
        """Run a function into a lock, and check that it holds no other lock yet.

        :param tuple first: query of the rows to lock first, and its value
        :param tuple second: query of the rows to lock afterwards, and its value
        """
        with self.registry.cursor() as busy:
            busy.execute(f"{first[0]} FOR UPDATE", first[1:])
            busy.execute("SELECT pg_backend_pid()")
            [pid] = busy.fetchone()
            thread = threading.Thread(target=self.in_transaction, args=(function,), daemon=True)
            thread.start()
            self.wait_until_blocked_by(pid)
            with self.registry.cursor() as other:
                other.execute(f"{second[0]} FOR UPDATE NOWAIT", second[1:])
                self.assertTrue(other.fetchone())
        thread.join(20)

    def wait_until_blocked_by(self, pid):
        """Wait until another transaction waits for a lock of that connection."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with self.registry.cursor() as cr:
                cr.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))",
                    [pid],
                )
                if cr.fetchone()[0]:
                    return
        self.fail("nobody waits for the lock")

    def test_lock_of_the_reconciliation(self):
        """The reconciliation skips a call that is locked by another transaction."""
        uuid = self.call_in()
        self.provider.legs[leg_sid(1)] = {"CallStatus": "completed"}
        with self.registry.cursor() as busy:
            busy.execute("SELECT id FROM telephony_call WHERE uuid = %s FOR UPDATE", [uuid])

            def age(env):
                env.cr.execute(
                    """UPDATE telephony_call_leg SET write_date = %s
                    WHERE provider_leg_id = %s""",
                    [fields.Datetime.subtract(fields.Datetime.now(), hours=1), leg_sid(1)],
                )

            self.in_transaction(age)
            self.in_transaction(lambda env: env["telephony.call"]._cron_reconcile())
            self.assertNotEqual(self.read_call(uuid, "state"), ["ended"])
        self.in_transaction(lambda env: env["telephony.call"]._cron_reconcile())
        self.assertEqual(self.read_call(uuid, "state"), ["ended"])
