"""Hundreds of calls at once for minutes: losses, delay of the screens, memory.

TELEPHONY_BENCH_CALLS (60; the full size is 500) calls are under way at any time, for
TELEPHONY_BENCH_SECONDS (40; 300): a fifth of them wait, a tenth talk with agents, the others
were forwarded.
"""

import itertools
import os
import threading
import time
from collections import defaultdict

import psutil

import database
from bench_lib import load_truth, pictures
from bench_lib.figures import Series
from bench_lib.load_people import FORWARDED, TALK, Agent, Callers
from bench_lib.report import figures_table, goal
from bench_lib.stage import NAME, SALES, SUPPORT, Stage
from places import LOGS, say

CALLS = int(os.environ.get("TELEPHONY_BENCH_CALLS") or 60)
SECONDS = int(os.environ.get("TELEPHONY_BENCH_SECONDS") or 40)
#: Odoo's documentation: twice as many as there are cores, and one.
WORKERS = 2 * (os.cpu_count() or 1) + 1
#: Maximum callers of a number who begin in one second. A forwarded call lasts four minutes, so with
#: fewer the load would not grow to its size.
BEGIN = max(2, CALLS // 250)
#: Goals: milliseconds until a screen is updated, and growth of the memory.
SCREEN_MS, GROWTH = 500.0, 1.1
#: Maximum seconds of the beginning and of the end; and calls that end in one second of it.
BEGINNING, END, ENDING = 300, 120, 5
#: Seconds after which the database must be right, even after lost reports.
TRUTH = 60
FORWARDED_TO = "+32471999999"
#: Maximum number of wrong calls in the report.
SHOWN = 12
_BUS = """
SELECT id, extract(epoch FROM create_date AT TIME ZONE 'UTC'),
       message LIKE '%%"telephony/live_updated"%%'
  FROM bus_bus WHERE id > %s ORDER BY id
"""


class Memory(threading.Thread):
    """Samples the memory and the load of a server every few seconds."""

    def __init__(self, pid):
        super().__init__(daemon=True, name="memory")
        self.pid, self.samples, self.closing = pid, [], threading.Event()

    def run(self):
        """Sample until it is closed."""
        started = time.monotonic()
        while not self.closing.wait(2):
            family = psutil.Process(self.pid)
            total = 0
            for process in (family, *family.children(recursive=True)):
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    # A worker has just been replaced.
                    continue
            self.samples.append((time.monotonic() - started, total / 1024**2))

    def thirds(self):
        """Return the mean of the first and of the last third, MiB."""
        third = max(1, len(self.samples) // 3)
        mean = [
            sum(value for _at, value in part) / len(part)
            for part in (self.samples[:third], self.samples[-third:])
            if part
        ]
        return mean or [0, 0]


class Load:
    """One run of the load.

    :param Stage stage: the surroundings.
    :param Server server: the server under load.
    """

    def __init__(self, stage, server, seed):
        self.stage, self.server = stage, server
        [[self.first]] = database.execute("SELECT coalesce(max(id), 0) FROM bus_bus", database=NAME)
        people = stage.make_people(max(2, CALLS // 10), "Loaded")
        agents = [person.agent for person in people]
        with stage.env() as env:
            line = env["telephony.queue"].create(
                {
                    "name": "Bench",
                    "agent_ids": [(6, 0, agents)],
                    "limit_callers": False,
                    "limit_wait": False,
                }
            )
            queue_id = line.id
        stage.route(SUPPORT, kind="queue", queue_id=queue_id)
        stage.route(SALES, kind="forward", forward_number=FORWARDED_TO)
        self.agents = [
            Agent(stage, person, server, self.first, seed + number)
            for number, person in enumerate(people)
        ]
        waiting = CALLS // 5
        self.callers = Callers(stage, waiting, CALLS - waiting - len(people), seed, BEGIN)
        self.memory = Memory(server.program.process.pid)

    def run(self):
        """Begin, hold the load, end. Return the seconds of each phase."""
        marks = [time.monotonic()]
        for thread in (*self.agents, self.callers):
            thread.start()
        while time.monotonic() - marks[0] < BEGINNING and not self._is_full():
            time.sleep(1)
        marks.append(time.monotonic())
        self.memory.start()
        time.sleep(SECONDS)
        self.memory.closing.set()
        live = self.stage.emulator.get("calls?live=1")
        self.legs = len(live)
        self.peak = sum(leg["direction"] == "inbound" and leg["kind"] == "pstn" for leg in live)
        marks.append(time.monotonic())
        self._end()
        marks.append(time.monotonic())
        return [round(end - start) for start, end in itertools.pairwise(marks)]

    def _is_full(self):
        talking = sum(agent.answered > 0 for agent in self.agents)
        callers = self.callers
        return (
            len(callers.ends) >= callers.forwarded
            and talking >= len(self.agents) * 0.8
            and callers.most >= callers.waiting
        )

    def _end(self):
        self.callers.closing = True
        self.callers.join(30)
        for leg in self.stage.emulator.get("calls?live=1"):
            if leg["kind"] == "pstn" and leg["direction"] == "inbound":
                self.stage.emulator.post(f"calls/{leg['sid']}/hangup")
                # Customers do not all hang up in one moment.
                time.sleep(1 / ENDING)
        for agent in self.agents:
            agent.closing = True
        deadline, before = time.monotonic() + END, -1
        while time.monotonic() < deadline:
            now = len(self.stage.journal.read_bytes())
            if not self.stage.emulator.get("calls?live=1") and now == before:
                break
            before = now
            time.sleep(3)
        for agent in self.agents:
            agent.join(30)
            agent.screen.close()

    def truth(self):
        """Return the faults in the database, and the seconds of quiet that repaired the rest."""
        legs, started = self.stage.emulator.get("calls"), time.monotonic()
        while True:
            wrong = load_truth.wrong_calls(legs, load_truth.read_journal(self.stage.journal))
            quiet = time.monotonic() - started
            if not wrong or quiet > TRUTH:
                return wrong, round(quiet, 1)
            time.sleep(1)

    def screens(self):
        """Return the delays of the messages, and sentences about lost ones."""
        sent = {row[0]: row[1:] for row in database.execute(_BUS, self.first, database=NAME)}
        late = defaultdict(Series)
        for_all = {number for number, (_at, is_live) in sent.items() if is_live}
        problems = []
        for agent in self.agents:
            arrived = {number for number, _kind, _at in agent.screen.arrivals}
            missing = len(for_all - arrived)
            if missing or agent.screen.error:
                problems.append(
                    f"{agent.name}: {missing} of {len(for_all)} messages never arrived "
                    f"({agent.screen.error})"
                )
            for number, kind, at in agent.screen.arrivals:
                if number in sent:
                    late[kind].add(at - float(sent[number][0]))
                    late["all"].add(at - float(sent[number][0]))
        return late, problems


def measure(setting):
    """Put the load on a server with several workers.

    :return dict: figures, and `problems`.
    """
    say(f"{CALLS} calls at once, for {SECONDS} s")
    journal = LOGS / "bench-journal.jsonl"
    with Stage(setting, sound="no", journal=journal) as stage:
        stage.journal = journal
        stage.emulator.post("settings", cps=0, answer_delay=0, tone=0, auto_answer=1.0)
        [port] = stage.ports(1)
        stage.connect(port)
        with stage.serve(port, WORKERS, "bench-load", jobs=1) as server:
            load = Load(stage, server, setting.options.seed)
            times = load.run()
            return _figures(load, times, server, *load.truth())


def _figures(load, times, server, wrong, quiet):
    journal = load_truth.read_journal(load.stage.journal)
    legs = load.stage.emulator.get("calls")
    late, problems = load.screens()
    lost = load_truth.lost_events(journal)
    wrong += [
        f"a leg is still alive: {leg['from']} -> {leg['to']} {leg['status']}"
        for leg in legs
        if leg["ended"] is None
    ]
    people = [problem for one in (*load.agents, load.callers) for problem in one.problems]
    web, asked = defaultdict(Series), Series()
    for entry in journal:
        web[entry["kind"]].add(entry["duration"])
    for agent in load.agents:
        for seconds in agent.times:
            asked.add(seconds)
    memory = load.memory.thirds()
    span = sum(times)
    return {
        "calls": load.callers.begun,
        "at_once": load.peak,
        "legs": load.legs,
        "workers": WORKERS,
        "waiting": load.callers.most,
        "agents": len(load.agents),
        "seconds": times,
        "answered": sum(agent.answered for agent in load.agents),
        "webhooks": len(journal),
        "webhooks_per_second": round(len(journal) / span, 1),
        "messages_per_second": round(len(late["all"].times) / span, 1),
        "load": [round(one, 2) for one in os.getloadavg()],
        "lost": len(lost),
        "lost_races": server.lost_races(),
        "wrong": len(wrong) + len(problems),
        "quiet": quiet,
        "screens": {kind: one.summary() for kind, one in late.items()},
        "web": {kind: one.summary() for kind, one in web.items()},
        "asked": asked.summary() if asked.times else None,
        "memory_mib": [round(value) for value in memory],
        "memory_growth": round(memory[1] / memory[0], 3) if memory[0] else 0,
        "memory_line": [(round(at, 1), round(value, 1)) for at, value in load.memory.samples],
        "share_of_screens": pictures.shares(late["all"].times),
        "problems": [
            *(f"load: lost: {key}" for key in lost[:SHOWN]),
            *(f"load: {text}" for text in (*wrong[:SHOWN], *problems[:SHOWN], *people[:SHOWN])),
            *(f"load: {text}" for text in load_truth.failed_webhooks(journal)),
            *(f"load: {text}" for text in server.problems()),
        ],
    }


def goals(result):
    """Return the goals of the load."""
    screens, size = result["screens"].get("all", {"p95_ms": 0}), f"{result['at_once']} calls"
    return [
        goal(
            "load: calls at once",
            result["at_once"],
            ">=",
            round(CALLS * 0.95),
            f"calls begin and end at a few a second, and the webhooks of a beginning take "
            f"{result['web']['twiml']['median_ms']:.0f} ms here",
        ),
        goal(
            f"load: lost events, with {size} at once",
            result["lost"],
            "==",
            0,
            "see what is wrong, at the end",
        ),
        goal(
            "load: transactions repeated after a lost race",
            result["lost_races"],
            "==",
            0,
            "a transaction changed a call without entering the gate, or a lock took too long",
        ),
        goal("load: wrong final states", result["wrong"], "==", 0, "see what is wrong, at the end"),
        goal(
            "load: from the webhook to the screen, p95, ms",
            screens["p95_ms"],
            "<=",
            SCREEN_MS,
            f"the webhooks alone take {result['web']['twiml']['p95_ms']:.0f} ms (p95) at a load "
            f"of {result['load'][0]:g} on this machine, and Odoo's one process for the bus asks "
            f"the database once for each of {result['agents']} websockets",
        ),
        goal(
            "load: memory, last third times the first",
            result["memory_growth"],
            "<=",
            GROWTH,
            "caches of the workers were still being filled in the first third",
        ),
    ]


def markdown(result, _where):
    """Return the paragraphs of the load."""
    begin, hold, end = result["seconds"]
    return [
        "## Load",
        (
            f"{result['calls']} calls, {result['calls'] / (begin + hold):.1f} begin in a second; "
            f"conversations last {TALK[0]:g} to {TALK[1]:g} s, forwarded ones {FORWARDED[0]:g} to "
            f"{FORWARDED[1]:g} s. {result['at_once']} at once ({result['legs']} legs) at the "
            f"end of {hold} s (after {begin} s to begin, before {end} s to end): up to "
            f"{result['waiting']} wait, {result['agents']} phone users took "
            f"{result['answered']}, the others were forwarded. Odoo runs with {result['workers']} "
            "workers and the process for the bus, on the same machine as PostgreSQL, the "
            "emulator (without sound) and all who call. "
            f"{result['webhooks']} webhooks, {result['webhooks_per_second']:g} a second; "
            f"{result['messages_per_second']:g} messages reach screens in a second."
        ),
        (
            "*To the screen* is from the begin of the transaction that sends a message (so most "
            "of the webhook is in it) until a websocket client has it, subscribed as a page is. "
            f"{result['lost_races']} transactions were repeated because they lost a race. "
            "Every report the emulator sent is looked for in the diary of events, every call is "
            "compared with the emulator's account, and every message of the live lists must have "
            f"reached every screen. The database told the truth {result['quiet']:g} s after the "
            f"end (at most {TRUTH} s are given: a report that did not come is asked for once a "
            "minute)."
        ),
        figures_table("To the screen", result["screens"]),
        figures_table("Webhooks by kind", result["web"]),
        *(
            [figures_table("Requests of the pages", {"all": result["asked"]})]
            if result["asked"]
            else []
        ),
        (
            "Memory of Odoo's processes (resident, shared pages counted in each): "
            f"{result['memory_mib'][0]} MiB in the first third, {result['memory_mib'][1]} MiB in "
            "the last."
        ),
        "![To the screen](load-screens.svg)\n![Memory](load-memory.svg)",
    ]


def plots(result):
    """Return the pictures of the load."""
    return {
        "load-screens.svg": pictures.lines(
            "Messages that were on the screen", {"share": result["share_of_screens"]}, "ms", "%"
        ),
        "load-memory.svg": pictures.lines(
            "Memory of Odoo under load", {"resident": result["memory_line"]}, "s", "MiB"
        ),
    }
