"""No request waits without an end for a call that another transaction does not release."""

import logging
import threading
import time
from unittest.mock import patch

from psycopg2.errors import LockNotAvailable

from odoo import SUPERUSER_ID, api
from odoo.tests import tagged
from odoo.tests.common import JsonRpcException

from odoo.addons.crm_telephony.models import gate
from odoo.addons.crm_telephony.models.retry import Busy, run_again_at_once

from ..common import CALLER_LEG, TelephonyHttpCase, leg_sid
from .test_race import RaceCase

IR_HTTP = "odoo.addons.crm_telephony.models.ir_http"
# Seconds after which a holder leaves, and until when all waiters must have given up.
HELD, IN_TIME = 6, 4


@tagged("post_install", "-at_install")
class TestFlood(RaceCase):
    """Real transactions on real connections."""

    def setUp(self):
        super().setUp()
        self.call_in()
        self.startPatcher(patch.object(gate, "WAIT_MS", 300))
        self.startPatcher(patch.object(gate, "ROW_MS", 100))

    def change(self, seconds):
        """Change the call like a request; add how long that took, and what came of it."""
        start = time.monotonic()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            deadline = gate.get_deadline()

            def enter_and_lock():
                gate.enter(
                    env,
                    account_id=self.ids["account"][0],
                    legs=[CALLER_LEG],
                    routes=True,
                    deadline=deadline,
                )
                env["telephony.call"].search([("account_id", "in", self.ids["account"])])._lock()

            try:
                run_again_at_once(enter_and_lock, env, lambda: deadline)
                outcome = "changed"
            except Busy:
                outcome = "busy"
        seconds.append((time.monotonic() - start, outcome))

    def flood(self, hold, size=8):
        """Send equal requests while a transaction holds the call.

        :param hold: function of an environment that locks
        :return: the requests' pairs of seconds and outcome
        """
        seconds, over = [], threading.Event()
        with self.registry.cursor() as cr:
            hold(api.Environment(cr, SUPERUSER_ID, {}))
            threads = [
                threading.Thread(target=self.change, args=[seconds], daemon=True)
                for _request in range(size)
            ]
            for thread in threads:
                thread.start()
            release = threading.Timer(HELD, over.set)
            release.start()
            while any(thread.is_alive() for thread in threads) and not over.is_set():
                time.sleep(0.05)
            release.cancel()
            cr.rollback()
        for thread in threads:
            thread.join(HELD)
        return seconds

    def assert_gave_up(self, seconds, size=8):
        self.assertEqual([outcome for _time, outcome in seconds], ["busy"] * size)
        self.assertLess(max(seconds)[0], IN_TIME)

    def test_call_that_is_not_released_blocks_no_request(self):
        def hold(env):
            names = {"account_id": self.ids["account"][0], "legs": [CALLER_LEG]}
            self.assertTrue(gate.enter(env, routes=True, **names))
            env["telephony.call"].search([("account_id", "in", self.ids["account"])])._lock()

        self.assert_gave_up(self.flood(hold))

    def test_row_held_outside_the_gate_blocks_no_request(self):
        def hold(env):
            env["telephony.call"].search([("account_id", "in", self.ids["account"])])._lock()

        self.assert_gave_up(self.flood(hold))

    def test_all_turns_share_one_time(self):
        """A larger set of locks does not begin a new wait."""
        with self.registry.cursor() as cr:
            names = {"account_id": self.ids["account"][0], "legs": [CALLER_LEG]}
            self.assertTrue(gate.enter(api.Environment(cr, SUPERUSER_ID, {}), **names))

            def late(env):
                start = time.monotonic()
                return gate.enter(env, deadline=start - 1, **names), time.monotonic() - start

            is_inside, seconds = self.in_transaction(late)
        self.assertFalse(is_inside)
        self.assertLess(seconds, 0.2)

    def test_request_that_waited_too_long_is_not_reported_as_outside(self):
        uuid = self.call_in()
        names = {"account_id": self.ids["account"][0], "uuid": uuid}

        def change(env, deadline=None):
            call = env["telephony.call"].search([("uuid", "=", uuid)])
            with self.assertLogs(gate.__name__, logging.DEBUG) as log:
                if deadline:
                    gate.enter(env, deadline=deadline, **names)
                gate.assert_inside(call)
            return [line for line in log.output if "outside the gate" in line]

        with self.registry.cursor() as cr:
            self.assertTrue(gate.enter(api.Environment(cr, SUPERUSER_ID, {}), **names))
            self.assertFalse(self.in_transaction(lambda env: change(env, time.monotonic() - 1)))
        self.assertTrue(self.in_transaction(change))

    def test_call_that_appears_before_the_lock_is_locked_too(self):
        """A look that no wait followed can be outdated as well."""
        sid, names = leg_sid(7003), {"account_id": self.ids["account"][0]}
        lock, turns = gate._lock, []

        def lock_later(*args):
            turns.append(1)
            if len(turns) == 1:
                self.call_in(sid)
            return lock(*args)

        def look(env):
            with patch.object(gate, "_lock", lock_later):
                self.assertTrue(gate.enter(env, legs=[sid], **names))
            found = gate.find_keys(env.cr, legs=[sid], **names)
            return found, env.cr.postrollback.data[gate.INSIDE]

        found, inside = self.in_transaction(look)
        self.assertIn(gate.CALL, {key for key, _id in found})
        self.assertLessEqual(found, inside)
        self.assertEqual(len(turns), 2)


@tagged("post_install", "-at_install")
class TestBusy(TelephonyHttpCase):
    """What the sender of a request hears whose call was locked for too long."""

    def setUp(self):
        super().setUp()
        self.go_online(self.agent_ana)
        self.call, _verbs = self.call_in()

    def be_busy(self, name):
        """Make a method of the call wait for too long, until the returned patch stops."""

        def wait(*_args):
            raise LockNotAvailable

        busy = patch.multiple(self.registry["telephony.call"], **{name: wait})
        late = patch.object(gate, "WAIT_MS", 0)
        for one in (busy, late):
            self.startPatcher(one)
        return busy

    def test_voice_webhook_is_asked_again_with_all_it_said(self):
        busy = self.be_busy("_process_next")
        query = {"call": self.call.uuid, "at": self.ring.id}
        with self.assertLogs(IR_HTTP, "WARNING"):
            pause, redirect = self.ask("step", {"CallSid": CALLER_LEG, "Digits": "*1"}, query)
        self.assertEqual((pause.tag, pause.get("length")), ("Pause", "1"))
        busy.stop()
        heard = []

        def listen(_call, request):
            heard.append(request)
            return []

        with patch.object(self.registry["telephony.call"], "_process_next", listen):
            self.assertEqual(self.ask(redirect.text, {"CallSid": CALLER_LEG}), [])
        self.assertEqual(
            (heard[0].digits, heard[0].step_id, heard[0].leg_id), ("*1", self.ring.id, CALLER_LEG)
        )

    def test_every_voice_webhook_is_asked_again(self):
        self.be_busy("_process_incoming")
        with self.assertLogs(IR_HTTP, "WARNING"):
            verbs = self.ask("voice", {"CallSid": leg_sid(8001), "To": self.number.number})
        self.assertEqual(self.names(verbs), ["Pause", "Redirect"])

    def test_report_that_is_refused_is_learned_by_the_reconciliation(self):
        busy = self.be_busy("_apply_event")
        with self.assertLogs(IR_HTTP, "WARNING"):
            response = self.post_webhook(
                "status", {"CallSid": CALLER_LEG, "CallStatus": "completed"}
            )
        self.assertEqual(response.status_code, 503)
        self.assertNotEqual(self.call.state, "ended")
        busy.stop()
        self.let_time_pass(3600)
        self.provider.legs[CALLER_LEG] = {"CallStatus": "completed"}
        self.run_job("telephony.call", "_cron_reconcile")
        self.assertEqual(self.call.state, "ended")

    def test_click_is_answered_with_a_sentence(self):
        self.be_busy("_find_sudo")
        self.authenticate(self.ana.login, self.ana.login)
        # Odoo logs the sentence of each error that it shows.
        with (
            self.assertLogs(IR_HTTP, "WARNING"),
            self.assertLogs("odoo.http", "WARNING") as shown,
            self.assertRaises(JsonRpcException),
        ):
            self.make_jsonrpc_request(
                "/web/dataset/call_kw/telephony.call/decline",
                {
                    "model": "telephony.call",
                    "method": "decline",
                    "args": [self.call.uuid],
                    "kwargs": {},
                },
            )
        self.assertIn("Nothing was changed", shown.output[0])
