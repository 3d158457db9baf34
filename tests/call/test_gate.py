"""The gate: transactions that change one call wait for each other instead of failing.

Finding 4.3 of the house, F20 of the walk: ordinary calls lost four to five races each.
"""

import contextlib
import functools
import threading
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import DivisionByZero

from odoo import SUPERUSER_ID, api, fields
from odoo.fields import Command
from odoo.tests import TransactionCase, tagged
from odoo.tests.common import JsonRpcException
from odoo.tools import mute_logger

from odoo.addons.crm_telephony.models import gate
from odoo.addons.crm_telephony.providers.base import CallEvent, VoiceRequest

from ..common import CALLER_LEG, TelephonyHttpCase, leg_sid
from .test_race import RaceCase

# Seconds after which a test that hangs fails.
PATIENCE = 20


@tagged("post_install", "-at_install")
class TestGate(RaceCase):
    """Real transactions on real connections."""

    def setUp(self):
        super().setUp()
        self.call_in()

    def enter(self, env, **names):
        return gate.enter(env, account_id=self.ids["account"][0], legs=[CALLER_LEG], **names)

    def get_call(self, env):
        return env["telephony.call"].search([("account_id", "in", self.ids["account"])])

    def count_locks(self):
        """Return the number of the gate's locks that any session holds in this database."""
        with self.registry.cursor() as cr:
            cr.execute(
                """SELECT count(*) FROM pg_locks
                    WHERE locktype = 'advisory' AND classid IN %s AND database = (
                          SELECT oid FROM pg_database WHERE datname = current_database())""",
                [(gate.NAME, gate.CALL, gate.AGENT)],
            )
            return cr.fetchone()[0]

    def run_beside(self, holder, *waiters):
        """Run waiters while a holder is inside, which leaves as soon as all others wait.

        :param holder: function of an environment; it runs after the holder has entered
        :param waiters: functions of an environment, in transactions and threads of their own
        :return: the results of the waiters
        """
        inside, results = threading.Event(), {}

        def wait(number, function):
            inside.wait(PATIENCE)
            results[number] = self.in_transaction(function)

        threads = [
            threading.Thread(target=wait, args=one, daemon=True) for one in enumerate(waiters)
        ]
        for thread in threads:
            thread.start()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self.assertTrue(self.enter(env, routes=True))
            holder(env)
            env.flush_all()
            inside.set()
            self.wait_for_waiting(len(waiters))
            cr.commit()
        for thread in threads:
            thread.join(PATIENCE)
            self.assertFalse(thread.is_alive())
        return [results.get(number) for number in range(len(waiters))]

    def wait_for_waiting(self, count):
        with self.registry.cursor() as cr:
            for _turn in range(PATIENCE * 50):
                cr.execute(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                )
                if cr.fetchone()[0] >= count:
                    return
                cr.execute("SELECT pg_sleep(0.02)")
        self.fail("No transaction waits at the gate.")

    def test_transactions_that_change_one_call_wait_and_none_is_repeated(self):
        tries = []

        def change(env):
            tries.append(1)
            # The snapshot is taken by the first statement, before the wait.
            env.cr.execute("SELECT count(*) FROM telephony_call")
            self.enter(env)
            call = self.get_call(env)
            call._lock()
            call.note = f"{call.note}b"
            return call.note

        notes = self.run_beside(
            lambda env: self.get_call(env).write({"note": "a"}), change, change, change
        )
        self.assertEqual(sorted(notes), ["ab", "abb", "abbb"])
        self.assertEqual(len(tries), 3)
        self.assertEqual(self.count_locks(), 0)

    def test_report_that_overtakes_the_first_answer_waits_for_the_call(self):
        sid = leg_sid(7002)
        account = self.ids["account"][0]
        inside, seen = threading.Event(), []

        def report(env):
            inside.wait(PATIENCE)
            env.cr.execute("SELECT count(*) FROM telephony_call")
            gate.enter(env, account_id=account, legs=[sid], routes=True)
            leg = env["telephony.call.leg"].search([("provider_leg_id", "=", sid)])
            seen.append(len(leg.call_id))
            leg.call_id._lock()

        thread = threading.Thread(target=self.in_transaction, args=[report], daemon=True)
        thread.start()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self.assertTrue(gate.enter(env, account_id=account, legs=[sid], number="+3225550190"))
            env["telephony.call"]._process_incoming(
                env["telephony.account"].browse(account),
                VoiceRequest(leg_id=sid, caller="+32470111213", called="+3225550190"),
            )
            env.flush_all()
            inside.set()
            self.wait_for_waiting(1)
            cr.commit()
        thread.join(PATIENCE)
        self.assertEqual(seen, [1])

    def meet_early_end(self, sid, enters):
        """Process a first webhook while the report of the leg's end is inside.

        :param bool enters: whether the webhook enters the gate; it may also be late
        :return: the states of the call, one of each attempt
        """
        account = self.ids["account"][0]
        inside, seen = threading.Event(), []

        def answer(env):
            inside.wait(PATIENCE)
            env.cr.execute("SELECT count(*) FROM telephony_call")
            if enters:
                gate.enter(env, account_id=account, legs=[sid], number="+3225550190")
            env["telephony.call"]._process_incoming(
                env["telephony.account"].browse(account),
                VoiceRequest(leg_id=sid, caller="+32470111213", called="+3225550190"),
            )
            seen.append(env["telephony.call"].search([("provider_call_id", "=", sid)]).state)

        thread = threading.Thread(target=self.in_transaction, args=[answer], daemon=True)
        thread.start()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self.assertTrue(gate.enter(env, account_id=account, legs=[sid], routes=True, ends=True))
            env["telephony.call"]._process_report(
                env["telephony.account"].browse(account),
                CallEvent(
                    kind="leg",
                    key=f"{sid}:completed",
                    provider_leg_id=sid,
                    status="ended",
                    reason="completed",
                    at=fields.Datetime.now(),
                ),
            )
            env.flush_all()
            inside.set()
            (self.wait_for_waiting if enters else self.wait_for_row)(1)
            cr.commit()
        thread.join(PATIENCE)
        self.assertFalse(thread.is_alive())
        return seen

    def wait_for_row(self, count):
        with self.registry.cursor() as cr:
            for _turn in range(PATIENCE * 50):
                cr.execute(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"
                )
                if cr.fetchone()[0] >= count:
                    return
                cr.execute("SELECT pg_sleep(0.02)")
        self.fail("No transaction waits for a row.")

    def test_first_webhook_during_the_report_of_the_end_waits_for_it(self):
        self.assertEqual(self.meet_early_end(leg_sid(7011), enters=True), ["ended"])

    def test_first_webhook_outside_the_gate_learns_of_the_end(self):
        """PostgreSQL refuses the row that both record, and the webhook begins anew."""
        self.assertEqual(self.meet_early_end(leg_sid(7012), enters=False), ["ended"])

    def test_agents_found_while_waiting_are_locked_too(self):
        def change(env):
            self.enter(env)
            return gate.find_keys(env.cr, self.ids["account"][0], legs=[CALLER_LEG], routes=True)

        def decline(env):
            offers = self.get_call(env)._get_open_offers()
            offers._close("declined", "declined")

        [keys] = self.run_beside(decline, change)
        self.assertIn(gate.AGENT, {key for key, _id in keys})

    def test_agents_whose_offer_expires_meanwhile_are_locked(self):
        """Two callers wait for one agent: at the end of an offer, both may ring that agent."""
        self.call_in(leg_sid(7003))

        def find(seconds, env):
            env["telephony.offer"].search([("state", "=", "offered")]).write(
                {"expires_at": fields.Datetime.now() + timedelta(seconds=seconds)}
            )
            env.flush_all()
            keys = gate.find_keys(env.cr, self.ids["account"][0], legs=[leg_sid(7003)], routes=True)
            return gate.AGENT in {key for key, _id in keys}

        self.assertTrue(self.in_transaction(functools.partial(find, 1)))
        self.assertFalse(self.in_transaction(functools.partial(find, 20)))

    def test_opposite_orders_cannot_deadlock(self):
        other = leg_sid(7001)
        self.call_in(other)
        first, second = CALLER_LEG, other

        def change(legs, env):
            env.cr.execute("SELECT count(*) FROM telephony_call")
            gate.enter(env, account_id=self.ids["account"][0], legs=legs, routes=True)
            for leg in legs:
                call = env["telephony.call.leg"].search([("provider_leg_id", "=", leg)]).call_id
                call._lock()
                call.note = f"{call.note or ''}x"
                env.flush_all()

        results = self.at_once(
            (SUPERUSER_ID, functools.partial(change, [first, second])),
            (SUPERUSER_ID, functools.partial(change, [second, first])),
        )
        self.assertEqual(results, [None, None])
        self.in_transaction(
            lambda env: self.assertEqual(self.get_call(env).mapped("note"), ["xx", "xx"])
        )

    def test_error_inside_leaves_no_lock(self):
        for ending in ("rollback", "commit", "close"):
            with self.subTest(ending):
                cr = self.registry.cursor()
                env = api.Environment(cr, SUPERUSER_ID, {})
                self.assertTrue(self.enter(env, routes=True))
                self.assertTrue(self.count_locks())
                getattr(cr, ending)()
                self.assertEqual(self.count_locks(), 0)
                cr.close()

    def test_interrupted_wait_leaves_no_lock(self):
        class Interrupt(BaseException):
            pass

        begin, turns = gate._begin_anew, []

        def interrupt(env):
            turns.append(1)
            if len(turns) == 1:
                # The session holds the locks at this moment.
                raise Interrupt
            begin(env)

        with self.registry.cursor() as cr:
            with patch.object(gate, "_begin_anew", interrupt), self.assertRaises(Interrupt):
                self.enter(api.Environment(cr, SUPERUSER_ID, {}), routes=True)
            self.assertEqual(self.count_locks(), 0)

    def test_lock_that_takes_too_long_is_given_up(self):
        def late(env):
            with patch.object(gate, "WAIT_MS", 20):
                entered = self.enter(env, routes=True)
            # The transaction goes on.
            return entered, len(self.get_call(env))

        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self.assertTrue(self.enter(env))
            self.assertEqual(self.in_transaction(late), (False, 1))
            locks = self.count_locks()
        self.assertEqual(locks, 1)
        self.assertEqual(self.count_locks(), 0)

    def test_transaction_that_has_written_keeps_its_changes(self):
        def change(env):
            self.get_call(env).note = "kept"
            unflushed = self.enter(env)
            env.flush_all()
            return unflushed, self.enter(env)

        self.assertEqual(self.in_transaction(change), (False, False))
        self.in_transaction(lambda env: self.assertEqual(self.get_call(env).note, "kept"))

    def test_transaction_that_begins_again_keeps_its_locks_only(self):
        """What failed is undone even if PostgreSQL has aborted the transaction."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self.enter(env, routes=True)
            locks = self.count_locks()
            self.get_call(env).note = "undone"
            env.flush_all()
            with self.assertRaises(DivisionByZero), mute_logger("odoo.sql_db"):
                cr.execute("SELECT 1 / 0")
            gate.begin_again(env)
            self.assertGreater(locks, 0)
            self.assertEqual(self.count_locks(), locks)
            self.assertFalse(self.get_call(env).note)
        self.assertEqual(self.count_locks(), 0)

    def test_request_that_has_read_only_enters_without_a_question(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            with patch.object(gate, "_has_read_only", return_value=False) as ask:
                self.assertTrue(self.enter(env, has_read_only=True))
            ask.assert_not_called()

    def test_request_commits_what_its_authentication_wrote(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self.get_call(env).note = "kept"
            env.flush_all()
            self.assertTrue(self.enter(env, commits=True))
            self.assertTrue(self.count_locks())
            cr.rollback()
        self.assertEqual(self.count_locks(), 0)
        self.in_transaction(lambda env: self.assertEqual(self.get_call(env).note, "kept"))

    def test_change_without_the_gate_is_reported(self):
        """Guards the tests: a web request of a test fails with these lines."""

        def change(enters, env):
            if enters:
                self.assertTrue(self.enter(env, routes=True))
            call = self.get_call(env)
            call._apply_event(CallEvent("hung_up", at=fields.Datetime.now(), data={"by": "agent"}))
            return call.state

        outside = functools.partial(change, False)
        with self.assertLogs(gate.__name__, "DEBUG") as lines, self.registry.cursor() as cr:
            outside(api.Environment(cr, SUPERUSER_ID, {}))
            cr.rollback()
        self.assertIn("changed outside the gate", lines.output[0])
        with self.assertNoLogs(gate.__name__, "DEBUG"):
            self.in_transaction(functools.partial(change, True))

    def test_offer_without_the_gate_is_seen_by_the_end_of_its_call(self):
        """A caller who hangs up in the moment of the offer rings nowhere afterwards."""

        def wait(env):
            call, agents = self.get_call(env), env["telephony.agent"]
            agents = agents.search([("company_id", "in", self.ids["company"])])
            queue = env["telephony.queue"].create(
                {
                    "name": "Race",
                    "company_id": self.ids["company"][0],
                    "agent_ids": [Command.set(agents.ids)],
                }
            )
            call.offer_ids.unlink()
            call.step_id.write({"kind": "queue", "queue_id": queue.id})
            call.write({"state": "queued", "queue_id": queue.id})
            return queue.id

        def offer(env):
            env["telephony.queue"].browse(queue_id)._dispatch()
            return len(self.get_call(env)._get_open_offers())

        def end(env):
            env.cr.execute("SELECT count(*) FROM telephony_offer")
            if not offered:
                offered.append(self.in_transaction(offer))
            call = self.get_call(env)
            call._apply_event(CallEvent("hung_up", at=fields.Datetime.now(), data={"by": "agent"}))

        queue_id, offered = self.in_transaction(wait), []
        self.in_transaction(end)
        self.assertEqual(offered, [1])
        self.assertFalse(
            self.in_transaction(lambda env: len(self.get_call(env)._get_open_offers()))
        )

    def test_callers_who_ring_elsewhere_are_not_next(self):
        def find(env):
            agent = env["telephony.agent"].search([("user_id", "in", self.ids["users"])], limit=1)
            call = self.get_call(env)
            queue = env["telephony.queue"].create(
                {
                    "name": "Race",
                    "company_id": self.ids["company"][0],
                    "agent_ids": [Command.set(agent.ids)],
                }
            )
            call.write({"state": "queued", "queue_id": queue.id})
            env.flush_all()
            ringing = gate.find_waiting(env.cr, set(agent.ids))
            call.offer_ids.expires_at = fields.Datetime.now() + timedelta(seconds=1)
            env.flush_all()
            expiring = gate.find_waiting(env.cr, set(agent.ids))
            queue_id = queue.id
            call.write({"state": "ringing", "queue_id": False})
            env["telephony.queue"].browse(queue_id).unlink()
            return ringing, expiring == set(call.ids)

        self.assertEqual(self.in_transaction(find), (set(), True))

    def test_caller_who_was_not_foreseen_is_left_to_its_own_request(self):
        self.call_in(leg_sid(7005))

        def choose(enters, env):
            if enters:
                self.assertTrue(self.enter(env))
            return len(gate.choose_inside(self.get_call(env)))

        self.assertEqual(self.in_transaction(functools.partial(choose, False)), 2)
        self.assertEqual(self.in_transaction(functools.partial(choose, True)), 1)

    def test_new_call_is_inside(self):
        def change(env):
            call = self.get_call(env).copy({"uuid": "0" * 8, "provider_call_id": False})
            with self.assertNoLogs(gate.__name__, "DEBUG"):
                gate.assert_inside(call)
            call.unlink()

        self.in_transaction(change)

    def test_retry_enters_again(self):
        tries = []

        def change(env):
            tries.append(self.enter(env))
            if len(tries) == 1:
                env.cr.execute("SELECT 1 / 0")

        with (
            self.assertRaises(DivisionByZero),
            mute_logger("odoo.sql_db"),
            self.registry.cursor() as cr,
        ):
            change(api.Environment(cr, SUPERUSER_ID, {}))
        self.in_transaction(change)
        self.assertEqual(tries, [True, True])
        self.assertEqual(self.count_locks(), 0)


@tagged("post_install", "-at_install")
class TestDoors(TransactionCase):
    def test_every_remote_method_with_a_call_has_decided(self):
        """A method that names a call enters the gate, or only reads."""
        reading = {
            "action_create_record",
            "find_records",
            "get_card",
            "get_classification",
            "get_dispositions",
            "get_part",
            "rate_quality",
            "save_quality",
            "send_keys",
            "transfer_targets",
        }
        model = self.registry["telephony.call"]
        found = set()
        for name in dir(model):
            method = getattr(model, name, None)
            if name.startswith("_") or not callable(method):
                continue
            names = getattr(getattr(method, "__wrapped__", None), "__code__", None)
            if names and "uuid" in names.co_varnames[: names.co_argcount]:
                found.add((name, gate.get_door(model, name) is not None))
        self.assertTrue({("accept", True), ("hang_up", True)} <= found)
        self.assertEqual({name for name, is_door in found if not is_door}, reading)


@tagged("post_install", "-at_install")
class TestDispatch(TelephonyHttpCase):
    """What a request names at the door."""

    def setUp(self):
        super().setUp()
        self.go_online(self.agent_ana)
        self.call, _verbs = self.call_in()
        self.entered, enter = [], gate.enter

        def note_and_enter(env, **names):
            self.entered.append(names)
            return enter(env, **names)

        self.startPatcher(patch.object(gate, "enter", note_and_enter))

    def test_report_names_its_leg(self):
        self.tell_leg(self.call, CALLER_LEG, "completed", 3)
        [names] = self.entered
        self.assertEqual(names["legs"], [CALLER_LEG])
        self.assertEqual(names["account_id"], self.call.account_id.id)
        self.assertTrue(names["routes"])

    def test_wait_names_its_call(self):
        self.wait(self.call)
        [names] = self.entered
        self.assertEqual(names["uuid"], self.call.uuid)

    def test_click_names_its_call_and_user(self):
        self.authenticate(self.ana.login, self.ana.login)
        for arguments in ([[self.call.uuid], {}], [[], {"uuid": self.call.uuid}]):
            self.entered.clear()
            self.make_jsonrpc_request(
                "/web/dataset/call_kw/telephony.call/decline",
                {
                    "model": "telephony.call",
                    "method": "decline",
                    "args": arguments[0],
                    "kwargs": arguments[1],
                },
            )
            [names] = self.entered
            self.assertEqual((names["uuid"], names["user_id"]), (self.call.uuid, self.ana.id))

    def test_program_names_its_call_and_user(self):
        """Odoo's interface for programs leads to the same methods."""
        key = (
            self.env["res.users.apikeys"]
            .with_user(self.ana)
            ._generate("rpc", "Test", fields.Datetime.add(fields.Datetime.now(), days=1))
        )
        response = self.url_open(
            "/json/2/telephony.call/decline",
            json={"uuid": self.call.uuid},
            headers={"Authorization": f"bearer {key}"},
        )
        self.assertEqual(response.status_code, 200, response.text)
        [names] = self.entered
        self.assertEqual((names["uuid"], names["user_id"]), (self.call.uuid, self.ana.id))

    def test_button_and_form_name_their_agents(self):
        """A wrap-up that is over, or an archived agent, moves callers to other agents."""
        self.authenticate(self.sue.login, self.sue.login)
        ids = self.agent_ana.ids
        for kind, method, arguments in (
            ("button", "end_wrap_up", [ids]),
            ("kw", "web_save", [ids, {"call_waiting": True}]),
            ("kw", "action_archive", [ids]),
        ):
            with self.subTest(method):
                self.entered.clear()
                with contextlib.suppress(JsonRpcException), mute_logger("odoo.http"):
                    self.make_jsonrpc_request(
                        f"/web/dataset/call_{kind}/telephony.agent/{method}",
                        {
                            "model": "telephony.agent",
                            "method": method,
                            "args": arguments,
                            "kwargs": {"specification": {}} if method == "web_save" else {},
                        },
                    )
                [names] = self.entered
                self.assertEqual((names["agent_ids"], names["routes"]), (ids, True))

    def test_address_that_is_no_remote_method_enters_no_gate(self):
        """Parameters of a public page are not those of a click."""
        query = f"model=telephony.call&method=hang_up&args={self.call.uuid}&uuid={self.call.uuid}"
        for path in ("twilio/ping", "health", "sound/hold_music/5.wav"):
            with self.subTest(path):
                response = self.url_open(f"/telephony/{path}?{query}")
                self.assertNotEqual(response.status_code, 500)
                self.assertEqual(self.entered, [])

    def test_keys_are_those_of_the_call_and_its_agents(self):
        keys = gate.find_keys(self.env.cr, uuid=self.call.uuid, routes=True)
        self.assertEqual(
            keys & {(gate.CALL, self.call.id), (gate.AGENT, self.agent_ana.id)},
            {(gate.CALL, self.call.id), (gate.AGENT, self.agent_ana.id)},
        )
        self.assertEqual(
            gate.find_keys(self.env.cr, uuid=self.call.uuid), {(gate.CALL, self.call.id)}
        )

    def test_free_agents_are_locked_by_a_call_that_may_ring_them(self):
        self.go_online(self.agent_bob)
        free = (gate.AGENT, self.agent_bob.id)
        self.call.step_id.agent_ids |= self.agent_bob
        self.env.flush_all()
        names = {"uuid": self.call.uuid, "routes": True}
        self.assertIn(free, gate.find_keys(self.env.cr, **names))
        self.assertNotIn(free, gate.find_keys(self.env.cr, ends=True, **names))

    def test_agents_in_a_call_are_locked_only_by_a_step_without_a_free_agent(self):
        """Call waiting: a second call reserves an agent who may be hanging up at that moment."""
        self.as_user(self.ana).accept(self.call.uuid)
        self.call.step_id.agent_ids = self.agent_ana | self.agent_bob
        self.agent_bob._set_status("offline")
        names = {"account_id": self.account.id, "number": self.number.number, "routes": True}
        busy, other = (gate.AGENT, self.agent_ana.id), (gate.AGENT, self.agent_bob.id)

        def find():
            self.env.flush_all()
            return gate.find_keys(self.env.cr, **names)

        self.assertIn(busy, find())
        for spoil in (
            {"call_waiting": False},
            {"call_via": "phone", "phone_number": "+32470999888"},
        ):
            with self.subTest(spoil):
                before = self.agent_ana.sudo().read(list(spoil))[0]
                self.agent_ana.sudo().write(spoil)
                self.assertNotIn(busy, find())
                self.agent_ana.sudo().write({name: before[name] for name in spoil})
        self.go_online(self.agent_bob)
        found = find()
        self.assertIn(other, found)
        self.assertNotIn(busy, found)
        # A free agent without a page cannot be rung, so the second call may come.
        self.agent_bob.lease_ids.unlink()
        self.assertIn(busy, find())

    def test_sender_of_another_account_or_company_locks_nothing(self):
        """A tenant who knows the names of another one's call cannot make it wait."""
        recording = self.env["telephony.recording"].create(
            {
                "call_id": self.call.id,
                "account_id": self.account.id,
                "kind": "conversation",
                "recorded_at": self.call.started_at,
            }
        )
        self.ring.write({"kind": "queue", "queue_id": self.make_queue().id})
        self.env.flush_all()
        names = {
            "uuid": self.call.uuid,
            "leg_id": self.call.leg_ids.id,
            "recording_id": recording.id,
            "routes": True,
        }
        ours = {**names, "identity": self.agent_ana.sudo().identity}
        clicked = {**names, "agent_ids": self.agent_ana.ids, "queue_ids": self.ring.queue_id.ids}
        for kind, own, foreign in (
            ("webhook", self.account.id, self.account_b.id),
            ("click", self.company_a.ids, self.company_b.ids),
        ):
            scope = {"webhook": "account_id", "click": "company_ids"}[kind]
            sent = {"webhook": ours, "click": clicked}[kind]
            with self.subTest(kind):
                found = gate.find_keys(self.env.cr, **sent, **{scope: own})
                self.assertLessEqual(
                    {(gate.CALL, self.call.id), (gate.AGENT, self.agent_ana.id)}, found
                )
                self.assertFalse(gate.find_keys(self.env.cr, **sent, **{scope: foreign}))
        for name in ("uuid", "leg_id", "recording_id"):
            with self.subTest(name):
                own = gate.find_keys(self.env.cr, self.account.id, **{name: names[name]})
                self.assertEqual(own, {(gate.CALL, self.call.id)})

    def test_user_without_the_right_to_telephone_locks_nothing(self):
        arguments = ("telephony.call", "hang_up", [self.call.uuid], {})
        for user, is_inside in ((self.ana, True), (self.sue, True), (self.ian, False)):
            env = self.env(user=user.id, su=False)
            self.assertEqual(bool(gate.get_call_names(env, *arguments)), is_inside, user.login)
        many = list(range(1, 10_000))
        env = self.env(user=self.sue.id, su=False)
        names = gate.get_call_names(env, "telephony.agent", "set_offline", [many], {})
        self.assertEqual(len(names["agent_ids"]), gate.MOST_KEYS)

    def make_queue(self):
        """Return a queue of the company, with a free member."""
        return self.env["telephony.queue"].create(
            {
                "name": "Members",
                "company_id": self.company_a.id,
                "agent_ids": [Command.set(self.agent_bob.ids)],
            }
        )
