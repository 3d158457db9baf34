"""Simultaneous requests in real transactions and threads have one winner."""

import contextlib
import logging
import threading
from unittest.mock import patch

from psycopg2.errors import DeadlockDetected

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.sql_db import Cursor
from odoo.tests import BaseCase, get_db_name, tagged

from odoo.addons.crm_telephony.models.call import after_commit as after_commit_module
from odoo.addons.crm_telephony.models.call.after_commit import after_commit
from odoo.addons.crm_telephony.providers.base import CallEvent, VoiceRequest

from ..common import BASE_URL, CALLER_LEG, CUSTOMER, FakeProvider, leg_sid, use_provider

TOKEN = "r" * 32


class RaceCase(BaseCase):
    """Works with committed data, because a transaction cannot see uncommitted rows of another one.

    Everything is deleted at the end.
    """

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.provider = FakeProvider()
        use_provider(self, self.provider)
        # Nothing of a test may run after its end.
        self.timers = self.startPatcher(patch.object(after_commit_module, "Timer"))
        # A lost race waits up to 32 seconds before its next try, which is not needed here.
        self.startPatcher(patch("odoo.service.model.time.sleep"))
        logging.getLogger("odoo.sql_db").addFilter(self.is_no_lost_race)
        self.addCleanup(logging.getLogger("odoo.sql_db").removeFilter, self.is_no_lost_race)
        self.ids = {}
        self.addCleanup(self.delete_world)
        self.in_transaction(self.make_world)

    @staticmethod
    def is_no_lost_race(record):
        # The code mutes its own lost races, but a logger cannot be muted for one thread alone.
        message = record.getMessage()
        lost = ("could not serialize", "callback_open_unique")
        return not any(words in message for words in lost)

    def in_transaction(self, function, uid=SUPERUSER_ID):
        """Run a function of an environment as Odoo runs a request, with retries of lost races."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, uid, {"allowed_company_ids": self.ids.get("company", [])})
            return retrying(lambda: function(env), env)

    def make_world(self, env):
        company = env["res.company"].create(
            {
                "name": "Race",
                "country_id": env.ref("base.be").id,
            }
        )
        users = (
            env["res.users"]
            .with_context(no_reset_password=True)
            .create(
                [
                    {
                        "name": name,
                        "login": f"race_{name}",
                        "company_id": company.id,
                        "company_ids": [Command.set(company.ids)],
                        "group_ids": [Command.link(env.ref("crm_telephony.group_user").id)],
                    }
                    for name in ("ada", "ben")
                ]
            )
        )
        account = env["telephony.account"].create(
            {
                "company_id": company.id,
                "account_sid": "AC" + "7" * 32,
                "auth_token": TOKEN,
                "state": "connected",
                "webhook_base_url": BASE_URL,
            }
        )
        agents = env["telephony.agent"].create(
            [{"user_id": user.id, "company_id": company.id, "status": "online"} for user in users]
        )
        for agent in agents:
            env["telephony.agent.lease"]._renew(agent, f"race-page-{agent.id}")
        flow = env["telephony.flow"].create(
            {
                "name": "Race",
                "company_id": company.id,
                "language": "en_US",
                "step_ids": [
                    Command.create(
                        {
                            "name": "Ring",
                            "kind": "ring",
                            "agent_ids": [Command.set(agents.ids)],
                        }
                    )
                ],
            }
        )
        number = env["telephony.number"].create(
            {
                "name": "Race",
                "number": "+3225550190",
                "account_id": account.id,
                "flow_id": flow.id,
                "agent_ids": [Command.set(agents.ids)],
            }
        )
        agents.number_ids = number
        self.ids.update(
            company=company.ids,
            users=users.ids,
            account=account.ids,
            flow=flow.ids,
            partners=(users.partner_id | company.partner_id).ids,
        )

    def delete_world(self):
        """Delete everything that was committed."""
        if not self.ids:
            return

        def delete(env):
            env["telephony.callback"].search([("company_id", "in", self.ids["company"])]).unlink()
            env["telephony.call"].search([("account_id", "in", self.ids["account"])]).unlink()
            env["telephony.account"].browse(self.ids["account"]).unlink()
            env["telephony.flow"].browse(self.ids["flow"]).unlink()
            env["telephony.queue"].search([("company_id", "in", self.ids["company"])]).unlink()
            env["telephony.agent"].with_context(active_test=False).search(
                [("user_id", "in", self.ids["users"])]
            ).unlink()
            env["res.users"].browse(self.ids["users"]).unlink()
            env.cr.execute("DELETE FROM bus_bus")
            company, partners = self.ids["company"], self.ids["partners"]
            env.flush_all()
            env.invalidate_all()
            self.ids = {}
            env["res.company"].browse(company).unlink()
            env["res.partner"].browse(partners).exists().unlink()

        self.in_transaction(delete)

    def at_once(self, *functions):
        """Run functions in threads whose transactions all begin before the first one ends.

        :return: their results, or the errors raised, in the order of the functions
        """
        barrier = threading.Barrier(len(functions), timeout=20)
        results = [None] * len(functions)

        def run(index, uid, function):
            first = [True]

            def act(env):
                # The snapshot is taken by the first statement.
                env.cr.execute("SELECT count(*) FROM telephony_call")
                if first:
                    first.clear()
                    barrier.wait()
                return function(env)

            try:
                results[index] = self.in_transaction(act, uid)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                results[index] = error

        threads = [
            threading.Thread(target=run, args=(index, uid, function), daemon=True)
            for index, (uid, function) in enumerate(functions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            self.assertFalse(thread.is_alive())
        return results

    def call_in(self, sid=CALLER_LEG):
        """Create an incoming call and return its identifier."""
        account = self.ids["account"]

        def process(env):
            calls = env["telephony.call"]
            calls._process_incoming(
                env["telephony.account"].browse(account),
                VoiceRequest(leg_id=sid, caller=CUSTOMER, called="+3225550190"),
            )
            return calls.search([("provider_call_id", "=", sid)]).uuid

        return self.in_transaction(process)

    def read_call(self, uuid, *names):
        def read(env):
            call = env["telephony.call"].search([("uuid", "=", uuid)])
            return [call[name].ids if name.endswith("_ids") else call[name] for name in names]

        return self.in_transaction(read)


@tagged("post_install", "-at_install")
class TestFirstLogin(RaceCase):
    def test_first_requests_of_a_page_create_one_agent_without_an_error(self):
        """The log of a new database contained `duplicate key` after the first login."""
        user = self.ids["users"][0]

        def is_mine(agent):
            return agent.user_id.id == user

        self.in_transaction(
            lambda env: env["telephony.agent"].search([]).filtered(is_mine).unlink()
        )
        company = self.ids["company"]

        def start(env):
            agents = env(context={"allowed_company_ids": company})["telephony.agent"]
            return agents.softphone_snapshot()["agent"]["id"]

        with self.assertNoLogs("odoo.sql_db", logging.ERROR):
            found = self.at_once(*[(user, start)] * 3)
        self.assertEqual(len(set(found)), 1, found)
        self.assertEqual(
            self.in_transaction(
                lambda env: env["telephony.agent"].search([]).filtered(is_mine).ids
            ),
            [found[0]],
        )


@tagged("post_install", "-at_install")
class TestVerificationCalls(RaceCase):
    """A counted verification call stays counted."""

    def setUp(self):
        super().setUp()
        self.provider.answers["start_verification"] = ("123456", None)

        def allow(env):
            env["telephony.agent"].search(
                [("user_id", "in", self.ids["users"])]
            ).allow_caller_id = True

        self.in_transaction(allow)

    def verify(self, env):
        env = env(context={"allowed_company_ids": self.ids["company"]})
        return env["telephony.caller.id"].start_verification("+32470999888", "Mine")

    def test_error_after_the_request_does_not_undo_the_count(self):
        """The telephone has rung, so the count stays even if the transaction fails."""
        user = self.ids["users"][0]
        with patch.object(self.registry["telephony.caller.id"], "_notify", lambda records: 1 / 0):
            for _attempt in range(3):
                with self.assertRaises(ZeroDivisionError):
                    self.in_transaction(self.verify, user)
        with self.assertRaisesRegex(UserError, "3 times"):
            self.in_transaction(self.verify, user)
        self.assertEqual(len(self.provider.sent("start_verification")), 3)

    def test_many_at_once_stay_within_the_limit(self):
        """Simultaneous verifications see each other before their requests are sent."""
        one, other = self.ids["users"]

        def expire(env):
            env["telephony.caller.id"].search(
                [("account_id", "in", self.ids["account"])]
            ).state = "expired"

        for _attempt in range(2):
            self.in_transaction(self.verify, one)
        self.in_transaction(expire)
        self.at_once((one, self.verify), (other, self.verify))
        self.assertLessEqual(len(self.provider.sent("start_verification")), 3)


@tagged("post_install", "-at_install")
class TestRace(RaceCase):
    def test_pages_are_told_before_the_provider(self):
        """A page sees the change before the request to the provider, which may take seconds."""
        uuid, told = self.call_in(), []

        def get_payloads(channels):
            told.append(len(self.provider.sent("end_leg")))
            return []

        def act(env):
            call = env["telephony.call"].search([("uuid", "=", uuid)])
            call._send_end_request()
            env["res.users"].browse(self.ids["users"][0])._bus_send("telephony/test", {})

        self.startPatcher(patch("odoo.addons.bus.models.bus.get_notify_payloads", get_payloads))
        self.in_transaction(act)
        self.assertEqual(told, [0])
        self.assertEqual(len(self.provider.sent("end_leg")), 1)

    def hang_up_at_once(self, ask, sid):
        """Report the end of a leg during the answer to its first request."""
        answered = threading.Event()

        def answer(env):
            ask(env)
            answered.set()

        def tell(env):
            answered.wait(20)
            env["telephony.call"]._process_event(
                env["telephony.account"].browse(self.ids["account"]),
                CallEvent(
                    "leg",
                    key=f"{sid}:completed",
                    provider_leg_id=sid,
                    status="ended",
                    reason="completed",
                    at=fields.Datetime.now(),
                ),
            )

        self.assertEqual(self.at_once((SUPERUSER_ID, answer), (SUPERUSER_ID, tell)), [None, None])

    def test_caller_hangs_up_at_once(self):
        """A report during the creation of the call waits, and the call stops ringing."""

        def ask(env):
            env["telephony.call"]._process_incoming(
                env["telephony.account"].browse(self.ids["account"]),
                VoiceRequest(leg_id=CALLER_LEG, caller=CUSTOMER, called="+3225550190"),
            )

        self.hang_up_at_once(ask, CALLER_LEG)

        def check(env):
            call = env["telephony.call"].search([("provider_call_id", "=", CALLER_LEG)])
            self.assertEqual((call.state, call.outcome), ("ended", "missed"))
            self.assertEqual(set(call.offer_ids.mapped("state")), {"withdrawn"})

        self.in_transaction(check)

    def test_browser_disconnects_at_once(self):
        """The same promise for the leg of a browser."""
        uuid, sid = self.call_in(), leg_sid(61)
        self.hang_up_at_once(self.connect(uuid, self.ids["users"][0], sid), sid)

        def check(env):
            leg = env["telephony.call.leg"].search([("provider_leg_id", "=", sid)])
            self.assertEqual(leg.status, "ended")

        self.in_transaction(check)

    def test_two_accept_the_same_call(self):
        """Z17: the first one wins; the other learns who it was."""
        uuid = self.call_in()
        results = self.at_once(
            *((user, lambda env: env["telephony.call"].accept(uuid)) for user in self.ids["users"])
        )
        self.assertEqual(sorted(result["accepted"] for result in results), [False, True])
        [loser] = [result for result in results if not result["accepted"]]
        self.assertRegex(loser["message"], "already answered by (ada|ben)")

        def check(env):
            call = env["telephony.call"].search([("uuid", "=", uuid)])
            self.assertIn(call.user_id.id, self.ids["users"])
            self.assertEqual(sorted(call.offer_ids.mapped("state")), ["accepted", "withdrawn"])

        self.in_transaction(check)

    def connect(self, uuid, user_id, sid):
        """Return a function that connects a user's browser, as its page does while it accepts."""
        account = self.ids["account"]

        def process(env):
            agent = env["telephony.agent"].search([("user_id", "=", user_id)])
            [verb] = env["telephony.call"]._process_browser(
                env["telephony.account"].browse(account),
                VoiceRequest(leg_id=sid, identity=agent.identity, call_uuid=uuid),
            )
            return type(verb).__name__

        return process

    def test_two_accept_and_connect_at_once(self):
        """Z17: of four requests the two of one user succeed, and the others are refused."""
        uuid = self.call_in()
        users = self.ids["users"]
        results = self.at_once(
            *((user, lambda env: env["telephony.call"].accept(uuid)) for user in users),
            *(
                (SUPERUSER_ID, self.connect(uuid, user, leg_sid(70 + index)))
                for index, user in enumerate(users)
            ),
        )
        clicks, verbs = [result["accepted"] for result in results[:2]], results[2:]
        self.assertEqual(sorted(clicks), [False, True], results)
        self.assertEqual(verbs, ["Conference" if won else "HangUp" for won in clicks])

        def check(env):
            call = env["telephony.call"].search([("uuid", "=", uuid)])
            self.assertEqual(call.user_id.id, users[clicks.index(True)])
            self.assertEqual(len(call._get_agent_legs()), 1)
            self.assertEqual(sorted(call.offer_ids.mapped("state")), ["accepted", "withdrawn"])

        self.in_transaction(check)

    def test_deleted_before_the_result_of_a_request(self):
        """The result of a request about a deleted record is dropped."""
        [flow] = self.in_transaction(
            lambda env: (
                env["telephony.flow"]
                .create(
                    {
                        "name": "Short-lived",
                        "company_id": self.ids["company"][0],
                    }
                )
                .ids
            )
        )
        told, flows = [], self.registry["telephony.flow"]

        @after_commit("name", repaired_by="write")
        def _send_test_request(record):
            self.in_transaction(lambda env: env["telephony.flow"].browse(flow).unlink())
            return record._on_test_done, ()

        def _on_test_done(record):
            told.append(record.name)

        def send(env):
            env["telephony.flow"].browse(flow)._send_test_request()

        with (
            patch.object(flows, "_send_test_request", _send_test_request, create=True),
            patch.object(flows, "_on_test_done", _on_test_done, create=True),
            self.assertNoLogs("odoo.addons.crm_telephony", "ERROR"),
        ):
            self.in_transaction(send)
        self.assertFalse(told)

    def test_one_accepts_two_calls(self):
        """Z26: a user who clicks in two windows gets one call."""
        uuids = [self.call_in(leg_sid(1)), self.call_in(leg_sid(2))]
        user = self.ids["users"][0]
        results = self.at_once(
            *((user, lambda env, uuid=uuid: env["telephony.call"].accept(uuid)) for uuid in uuids)
        )

        def count(env):
            return env["telephony.call"].search_count(
                [("user_id", "=", user), ("state", "!=", "ended")]
            )

        self.assertEqual(self.in_transaction(count), 1, results)

    def test_two_ends_register_one_callback(self):
        """Z29: two calls of one caller end at once, and one callback counts both."""
        for index in (1, 2):
            self.call_in(leg_sid(index))
        account = self.ids["account"]

        def end(env, sid):
            account_sudo = env["telephony.account"].browse(account)
            event = account_sudo._parse_leg_event({"CallSid": sid, "CallStatus": "completed"})
            env["telephony.call"]._process_event(account_sudo, event)

        results = self.at_once(
            *((SUPERUSER_ID, lambda env, sid=sid: end(env, sid)) for sid in map(leg_sid, (1, 2)))
        )
        self.assertEqual(results, [None, None])

        def read(env):
            callbacks = env["telephony.callback"].search(
                [("company_id", "in", self.ids["company"])]
            )
            return [
                (callback.count, callback.state, len(callback.call_ids)) for callback in callbacks
            ]

        self.assertEqual(self.in_transaction(read), [(2, "open", 2)])

    def test_two_requests_of_one_customer_are_called_back_once(self):
        """Issue 14: two calls of one customer request a queue callback, and end, at once."""
        uuids = [self.call_in(leg_sid(index)) for index in (1, 2)]
        account, company = self.ids["account"], self.ids["company"]

        def wait(env):
            queue = env["telephony.queue"].create({"name": "Race", "company_id": company[0]})
            env["telephony.call"].search([("uuid", "in", uuids)]).queue_id = queue

        def request(env, uuid):
            env["telephony.call"].search([("uuid", "=", uuid)])._schedule_queue_callback()

        def end(env, sid):
            account_sudo = env["telephony.account"].browse(account)
            event = account_sudo._parse_leg_event({"CallSid": sid, "CallStatus": "completed"})
            env["telephony.call"]._process_event(account_sudo, event)

        self.in_transaction(wait)
        results = self.at_once(
            *((SUPERUSER_ID, lambda env, uuid=uuid: request(env, uuid)) for uuid in uuids)
        )
        results += self.at_once(
            *((SUPERUSER_ID, lambda env, sid=sid: end(env, sid)) for sid in map(leg_sid, (1, 2)))
        )
        self.assertEqual(results, [None] * 4)

        def read(env):
            rows = env["telephony.queue.callback"].search([("company_id", "in", company)])
            return [(row.state, len(row.call_ids)) for row in rows]

        self.assertEqual(self.in_transaction(read), [("open", 1)])

    def test_accept_and_hang_up_of_the_caller(self):
        """Z17: in either order, no agent is connected with a caller who has hung up."""
        uuid = self.call_in()
        user, account = self.ids["users"][0], self.ids["account"]

        def end(env):
            account_sudo = env["telephony.account"].browse(account)
            event = account_sudo._parse_leg_event(
                {"CallSid": leg_sid(1), "CallStatus": "completed"}
            )
            env["telephony.call"]._process_event(account_sudo, event)

        accepted, _ended = self.at_once(
            (user, lambda env: env["telephony.call"].accept(uuid)), (SUPERUSER_ID, end)
        )
        self.assertEqual(self.read_call(uuid, "state"), ["ended"])
        self.assertIn(accepted["accepted"], (True, False))

        def count(env):
            return env["telephony.offer"].search_count(
                [("call_id.uuid", "=", uuid), ("state", "=", "offered")]
            )

        self.assertEqual(self.in_transaction(count), 0)

    def make_queue(self):
        """Create a caller in a queue without ringing agents and return the call's identifier."""

        def make(env):
            agents = env["telephony.agent"].search([("user_id", "in", self.ids["users"])])
            queue = env["telephony.queue"].create(
                {
                    "name": "Race",
                    "company_id": self.ids["company"][0],
                    "ring_strategy": "parallel",
                    "agent_ids": [Command.set(agents.ids)],
                }
            )
            env["telephony.flow.step"].search([("flow_id", "in", self.ids["flow"])]).write(
                {
                    "kind": "queue",
                    "queue_id": queue.id,
                }
            )

        self.in_transaction(make)
        uuid = self.call_in()

        def withdraw(env):
            env["telephony.offer"].search([("call_id.uuid", "=", uuid)]).state = "withdrawn"

        self.in_transaction(withdraw)
        return uuid

    def test_queue_deals_out_a_caller_who_is_picked_up_no_deadlock(self):
        """House 4.3: dispatch locked agent, then call; pick-up locked call, then agent.

        The caller and the agent waited for PostgreSQL's deadlock timer.
        """
        uuid, user = self.make_queue(), self.ids["users"][0]
        agents = self.registry["telephony.agent"]
        mark = agents._mark_reserved
        meeting = threading.Barrier(2, timeout=2)

        def mark_slowly(records):
            mark(records)
            # Both hold their changed rows, if the order of the locks allows it.
            with contextlib.suppress(threading.BrokenBarrierError):
                meeting.wait()

        def deal(env):
            env["telephony.queue"].search([("company_id", "in", self.ids["company"])])._dispatch()

        deadlocks = []
        with (
            patch.object(agents, "_mark_reserved", mark_slowly),
            patch.object(Cursor, "execute", self.make_watched_execute(deadlocks)),
        ):
            results = self.at_once(
                (SUPERUSER_ID, deal), (user, lambda env: env["telephony.call"].pick_up(uuid))
            )
        self.assertEqual(deadlocks, [])
        self.assertTrue(results[1]["accepted"], results)
        self.assertEqual(self.read_call(uuid, "user_id")[0].id, user)

    def test_two_offline_users_pick_up_the_same_caller(self):
        """Z25 Z26: the first one goes online with the call; the other one stays offline."""
        uuid = self.make_queue()

        def go_offline(env):
            env["telephony.agent"].search([("user_id", "in", self.ids["users"])]).write(
                {"status": "offline"}
            )

        self.in_transaction(go_offline)
        results = self.at_once(
            *(
                (user, lambda env: env["telephony.call"].pick_up(uuid, go_online=True))
                for user in self.ids["users"]
            )
        )
        self.assertEqual(sorted(result["accepted"] for result in results), [False, True])
        [loser] = [result for result in results if not result["accepted"]]
        self.assertRegex(loser["message"], "already answered by (ada|ben)")

        def check(env):
            winner = env["telephony.call"].search([("uuid", "=", uuid)]).user_id
            for agent in env["telephony.agent"].search([("user_id", "in", self.ids["users"])]):
                is_winner = agent.user_id == winner
                self.assertEqual(agent.status, "online" if is_winner else "offline")

        self.in_transaction(check)

    @staticmethod
    def make_watched_execute(deadlocks):
        """Return `Cursor.execute` that records deadlocks, whether they are logged or not."""
        execute = Cursor.execute

        def watched(cursor, *args, **kwargs):
            try:
                return execute(cursor, *args, **kwargs)
            except DeadlockDetected as error:
                deadlocks.append(str(error))
                raise

        return watched
