"""A busy day of a small call center in which everything fails, and the promises afterwards."""

import os
import threading
import time
from datetime import datetime, timezone

import psycopg2
import pytest
import requests

import stack
import truth
from harness.emulator import Emulator
from people import Agent, Crowd, Pages, Trouble

#: Seconds of trouble, and of quiet after which everything has to be right.
SECONDS = float(os.environ.get("TELEPHONY_TORTURE") or 25)
LONG = SECONDS > 60
QUIET = 60
SEEDS = [int(seed) for seed in (os.environ.get("TELEPHONY_SEED") or "19").split(",")]
#: Calls, answered ones among them, without which a run would prove nothing. A slow machine gets
#: more time to make them, up to this multiple of the usual.
CALLS, ANSWERED, PATIENCE = int(SECONDS / 2), 3, 4
#: Events so far.
COUNTS = """
SELECT count(*) AS calls, count(*) FILTER (WHERE outcome = 'answered') AS answered,
       count(DISTINCT outcome) AS outcomes FROM telephony_call
"""
AGENTS, CALLERS = (6, 8) if LONG else (4, 5)
#: The reconciliation believes the provider about a leg after the time of its webhooks, and pages
#: trigger it every half minute. The short form moves the clock instead of waiting. A webhook that
#: locks a call at this moment loses a race to it, which the long form does not have.
SILENCE = """
UPDATE telephony_call_leg SET write_date = write_date - interval '40 s' WHERE status != 'ended';
UPDATE telephony_call SET write_date = write_date - interval '40 s' WHERE state != 'ended'
"""


class Torture:
    """One run.

    :param server: Odoo.
    :param emulator: the telephone network.
    :param datetime began: time since which the reconciliation must have run.
    """

    def __init__(self, server, emulator, seed, began):
        self.began = began
        self.server, self.emulator, self.seed, self.long = server, emulator, seed, LONG
        self.database = stack.Database(server.database)
        self.quiet, self.problems, self.people = threading.Event(), [], []
        self.agents = []
        self.pages = Pages(self, [])

    def prepare(self):
        """Create the agents; their pages stay open, so their leases do not expire."""
        self.emulator.post("settings", cps=0, tone=0, answer_delay=0.05, auto_answer=None)
        admin = self.server.rpc("admin")
        rights = ("crm_telephony.group_user", "sales_team.group_sale_salesman")
        groups = [admin.ref(name) for name in rights]
        numbers = admin.call("telephony.number", "search", [])
        agents = []
        for position in range(AGENTS):
            login = f"agent{position}"
            user_id = admin.create(
                "res.users",
                name=f"Agent {position}",
                login=login,
                password=login,
                group_ids=[(6, 0, groups)],
            )
            agents.append(
                admin.create("telephony.agent", user_id=user_id, number_ids=[(6, 0, numbers)])
            )
            self.people.append(Agent(self, self.server.rpc(login)))
        for model, domain in (
            ("telephony.flow.step", [("kind", "=", "ring")]),
            ("telephony.queue", []),
        ):
            ids = admin.call(model, "search", domain)
            admin.call(model, "write", ids, {"agent_ids": [(6, 0, agents)]})
        self.database.execute(
            """INSERT INTO telephony_agent_lease (agent_id, client_uuid, expires_at)
               SELECT id, 'page-of-' || id, now() AT TIME ZONE 'UTC' + interval '1 day'
                 FROM telephony_agent WHERE id = ANY(%s)""",
            agents,
        )
        # One of them has a custom phone, which the crowd answers.
        admin.call(
            "telephony.agent",
            "write",
            agents[:1],
            {
                "call_via": "phone",
                "phone_number": "+32471330001",
                "press_to_accept": False,
            },
        )
        self.agents, self.admin = agents, admin
        self.pages = Pages(self, [self.server.rpc(person.rpc.login) for person in self.people])

    def run(self, *others):
        """Run all threads for a while and check meanwhile what must always be true."""
        self.people += others
        if LONG:
            self.began = get_moment()
        for person in (*self.people, self.pages):
            person.start()
        started, enough = time.monotonic(), False
        while not self.problems:
            passed = time.monotonic() - started
            if passed > SECONDS and (enough or passed > SECONDS * PATIENCE):
                break
            self.quiet.wait(0.5)
            try:
                self.problems += truth.always(self.database, self.emulator)
                enough = self.has_proved()
            except psycopg2.OperationalError:
                # The database is unreachable at the moment, also for this thread.
                continue
        self.quiet.set()
        for person in self.people:
            person.join(90)
        self.emulator.post("faults")
        stack.wait_until_answering(self.server)

    def has_proved(self):
        """Return whether enough has happened."""
        [counts] = self.database.execute(COUNTS)
        return (
            counts["calls"] > CALLS
            and counts["answered"] >= ANSWERED
            and ({"kill -9", "no database"} <= set(self.people[-1].acts))
        )

    def has_reconciled(self):
        """Return whether the reconciliation is enabled and has run since the beginning.

        In the long form only Odoo starts it; 25 seconds of killed workers may leave no time for it.
        """
        return bool(self.database.execute(truth.RECONCILED, self.began))

    def close(self):
        """End all threads that have not ended already."""
        self.quiet.set()
        self.pages.closed.set()
        for person in (*self.people, self.pages):
            if person.is_alive():
                person.join(90)

    def settle(self, what, check):
        """Wait until all is right, for a minute at most.

        :param check: function that returns sentences about faults.
        :return float: seconds it took.
        """
        started, wrong = time.monotonic(), ["not looked at yet"]
        while wrong and time.monotonic() - started < QUIET:
            # It may have been about to end at its last answer.
            self.server.revive()
            self.look_after_the_silent()
            wrong = check()
            self.problems += truth.always(self.database, self.emulator)
        assert not wrong, f"{what}, after {QUIET} seconds of quiet: " + "\n".join(
            [*wrong[:12], *self.problems[:12]]
        )
        return time.monotonic() - started

    def look_after_the_silent(self):
        """Run the reconciliation now, as it does each minute."""
        if LONG:
            time.sleep(0.5)
            return
        self.database.execute(SILENCE)
        try:
            cron = self.admin.ref("crm_telephony.ir_cron_reconcile")
            self.admin.call("ir.cron", "method_direct_trigger", [cron])
        except (RuntimeError, requests.RequestException):
            # It is running already, or a process is still being replaced.
            return

    def report(self, *lines):
        """Print the events of the run."""
        [counts] = self.database.execute(COUNTS)
        print(f"\nseed {self.seed}, {SECONDS:.0f} s of trouble: {counts}")
        for person in (*self.people, self.pages):
            print(f"  {person.name}: {dict(sorted(person.acts.items()))}")
        for line in lines:
            print(f"  {line}")


def get_moment():
    """Return the time as Odoo writes it."""
    return datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)


@pytest.fixture
def emulator():
    """Run the telephone network."""
    emulator = Emulator("torture-emulator")
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture(params=SEEDS, ids=lambda seed: f"seed-{seed}")
def torture(emulator, request):
    """Return a run with a fresh server, its database, and the participants."""
    began = get_moment()
    server = stack.Server(emulator.port)
    server.start()
    run = Torture(server, emulator, request.param, began)
    try:
        run.prepare()
        yield run
    finally:
        run.close()
        server.stop()


def test_nothing_is_lost_and_nothing_goes_on(torture):
    """B.16: killed workers, a lost database, webhooks that come twice, late or never.

    After at most a minute of quiet the database is right, and no leg costs money in vain.
    """
    pace = 12 if LONG else 3
    faults = stack.FAULTS + (stack.LONG_FAULTS if LONG else ())
    trouble = Trouble(torture, faults, pace)
    torture.run(Crowd(torture, CALLERS), trouble)
    agreed = torture.settle(
        "database and network disagree",
        lambda: truth.in_the_end(torture.database, torture.emulator),
    )
    for leg in torture.emulator.get("calls?live=1"):
        torture.emulator.post(f"calls/{leg['sid']}/hangup")
    ended = torture.settle(
        "not everything has ended",
        lambda: (
            [str(leg) for leg in torture.emulator.get("calls?live=1")]
            + [str(row) for row in torture.database.execute(truth.RUNNING)]
        ),
    )
    assert torture.has_reconciled(), "the reconciliation has not run: are the jobs switched off?"
    torture.report(f"truth after {agreed:.1f} s of quiet, everything ended after {ended:.1f} s")
    assert not torture.problems, "\n".join(torture.problems[:12])
    outside = torture.server.outside()
    assert not outside, "changed outside the gate: " + "\n".join(outside[:3])
    assert torture.has_proved(), "not enough has happened"
