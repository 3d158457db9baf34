"""Signed webhooks over HTTP to a real Odoo server, in random order, against sms_twilio's own."""

import random
import re
import time
from collections import Counter, defaultdict

import run
from bench_lib import client, databases, old_calls
from bench_lib.client import STATUS, VOICE, Client
from bench_lib.figures import Series, ratio
from bench_lib.report import goal, table
from bench_lib.world import NOBODY, RINGING, World, make_sid
from places import ODOO_BIN, PYTHON, odoo_environment, say

#: Goals: milliseconds of an incoming call, times the baseline, times that with few contacts.
VOICE_MS, VOICE_TIMES, STATUS_TIMES, GROWTH = 25.0, 2.5, 1.5, 1.2
WARM_UP = 15
FLOOR = "sms_twilio status"
RINGS, GIVES_UP = "voice, rings", "status, caller gives up"
#: Compared acts: an incoming call and its end.
FEW, MANY_CALLS = "few contacts", "few contacts, many calls"
#: Twilio's words in the life of an outgoing leg, in their order.
LEG_STORY = ("initiated", "ringing", "in-progress", "completed")
# A request in the server's log: … "POST /path HTTP/1.1" 200 - <queries> <seconds in SQL> <other>
_LOG_LINE = re.compile(r'"POST (\S+) HTTP/1\.\d" 200 - (\d+) [\d.]+ [\d.]+')

# Warnings of Python are about the libraries of Odoo.
_PROBLEM = re.compile(
    r"^\S+ \S+ \d+ (?!WARNING \S+ py.warnings)((?:WARNING|ERROR|CRITICAL) .*)$", re.MULTILINE
)
# Two requests met, and Odoo retries the second one: in this way the first one wins.
_RETRIED = re.compile(
    r"^\S+ \S+ \d+ ERROR [^\n]*bad query:(?:[^\n]*\n(?!\d{4}-\d\d-))*?"
    r"ERROR: +could not (?:serialize access|obtain lock)[^\n]*$",
    re.MULTILINE,
)


class Server:
    """An Odoo server of its own.

    :param list names: the databases it serves.
    :param int port: of HTTP; the bus of a server with workers has the third port after it.
    :param Path folder: folder of the measured addon.
    :param int workers: processes that answer; 0: one process with threads.
    :param str log: name of the log file.
    :param int jobs: processes for scheduled jobs.
    """

    def __init__(self, names, port, folder, workers=0, log="bench-odoo", jobs=0):
        environment = odoo_environment()
        if workers:
            environment["TELEPHONY_LISTEN"] = str(port)
        self.program = run.Program(
            log,
            [
                str(PYTHON),
                str(ODOO_BIN),
                "server",
                *databases.options(",".join(names), folder),
                "--http-port",
                str(port),
                "--gevent-port",
                str(port + 3),
                "--max-cron-threads",
                str(jobs),
                "--db-filter",
                "",
                "--log-level",
                "info",
                "--workers",
                str(workers),
            ],
            environment,
        )
        self.port, self.bus_port = port, port + 3 if workers else port

    def __enter__(self):
        try:
            self.program.wait_ready(f"http://127.0.0.1:{self.port}/web/health")
            if self.bus_port != self.port:
                # A process of its own; the same one has no such page for several databases.
                self.program.wait_ready(f"http://127.0.0.1:{self.bus_port}/websocket/health")
        except BaseException:
            run.stop([self.program])
            raise
        return self

    def __exit__(self, *_error):
        run.stop([self.program])

    def processor_time(self):
        """Return the processor seconds of the server, without PostgreSQL."""
        # Linux's name of the clock of another process, see clock_getcpuclockid(3).
        return time.clock_gettime((~self.program.process.pid << 3) | 2)

    def queries(self):
        """Return the number of SQL queries of each POST so far, in their order."""
        log = self.program.log.read_text(encoding="utf-8")
        return [int(found[2]) for found in _LOG_LINE.finditer(log)]

    def lost_races(self):
        """Return the number of transactions that were repeated, by `models/retry.py` or by Odoo."""
        log = self.program.log.read_text(encoding="utf-8")
        return log.count("A lost race is repeated") + log.count("tries left, try again in")

    def problems(self):
        """Return the lines of the log that are a warning or worse."""
        log = _RETRIED.sub("", self.program.log.read_text(encoding="utf-8"))
        found = _PROBLEM.findall(log)
        return [f"{count} times in the log: {text}" for text, count in Counter(found).items()]


class Bench:
    """One run.

    :param Server server: serves every database named here.
    :param str big: the measured database.
    :param dict compared: the databases of an incoming call for comparison, by their contents.
    :param dict stock: records of the run: `callers` (of each database) as pairs of contact and
    number, `outgoing` legs, `messages`.
    """

    def __init__(self, server, big, compared, stock, seed):
        self.client = Client(server.port)
        self.server, self.big, self.compared, self.stock = server, big, compared, stock
        self.chance = random.Random(seed)
        self.log = []
        self.incoming = {name: {} for name in (big, *compared.values())}

    def run(self, rounds):
        """Measure. :return dict: name -> Series"""
        say(f"measuring the webhooks, {rounds} times each")
        for turn in range(WARM_UP + rounds):
            measured = turn >= WARM_UP
            acts = [
                lambda turn=turn: self._text_message(turn),
                lambda: self._ring(self.big, RINGS, GIVES_UP),
                *(
                    lambda what=what, name=name: self._ring(
                        name, f"{RINGS}, {what}", f"{GIVES_UP}, {what}"
                    )
                    for what, name in self.compared.items()
                ),
                lambda: self._nobody(self.big, "voice, nobody available"),
                lambda turn=turn: self._outgoing(turn),
            ]
            self.chance.shuffle(acts)
            start = len(self.log)
            for act in acts:
                act()
            if not measured:
                self.log[start:] = [(None, *rest) for _name, *rest in self.log[start:]]
        return self._series()

    def _series(self):
        result = defaultdict(Series)
        queries = self.server.queries()
        if len(queries) != len(self.log):
            raise client.WrongAnswer(f"{len(self.log)} requests, {len(queries)} in the log")
        for (name, seconds, processor), count in zip(self.log, queries, strict=True):
            if name:
                result[name].add(seconds, count, processor)
        return result

    def _post(self, name, database, path, form, expected=""):
        before = self.server.processor_time()
        seconds = self.client.post(database, path, form, expected)
        self.log.append((name, seconds, self.server.processor_time() - before))

    def _text_message(self, turn):
        uuid = self.stock["messages"][turn]
        form = client.message_status("SM" + uuid, "delivered", "+32470123456")
        self._post(FLOOR, self.big, f"/sms_twilio/status/{uuid}", form, "OK")

    def _call_in(self, name, database, number, expected):
        contact_id, caller = self.chance.choice(self.stock["callers"][database])
        sid = make_sid()
        self.incoming[database][sid] = contact_id
        self._post(name, database, VOICE, client.incoming_call(sid, caller, number), expected)
        return client.call_status(sid, "completed", 0, caller, number, "inbound")

    def _ring(self, database, name, end_name):
        end = self._call_in(name, database, RINGING, "<Enqueue")
        # The caller hangs up, so that the agent is free again.
        self._post(end_name, database, STATUS, end)

    def _nobody(self, database, name):
        self._post(None, database, STATUS, self._call_in(name, database, NOBODY, "<Say"))

    def _outgoing(self, turn):
        sid = self.stock["outgoing"][turn]
        for sequence, word in enumerate(LEG_STORY):
            form = client.call_status(sid, word, sequence, RINGING, "+32470123456", "outbound-api")
            self._post(f"status, {word}", self.big, STATUS, form)


def summarise(series):
    """Return the figures by name, each with its ratio to the baseline."""
    return {
        name: {**one.summary(), "times_floor": ratio(one, series[FLOOR])}
        for name, one in series.items()
    }


def measure(setting):
    """Measure over HTTP, with many contacts and few, without past calls and with many.

    :param setting: the run, see `bench_lib.setting`.
    :return dict: `series` (figures by name), `growth` (ratios), `calls` (their number), `problems`.
    """
    options, (big, first) = setting.options, setting.big
    others = {FEW: setting.small, MANY_CALLS: old_calls.ensure(setting)}
    stock = setting.prepare(big, first, options.contacts, options.rounds + WARM_UP)
    stock["callers"] = {big: stock["callers"]}
    for name, facts in others.values():
        stock["callers"][name] = setting.prepare(name, facts, setting.few, 0)["callers"]
    with Server(list(stock["callers"]), setting.port, setting.folder) as server:
        compared = {what: name for what, (name, _facts) in others.items()}
        bench = Bench(server, big, compared, stock, options.seed)
        series = bench.run(options.rounds)
        problems = server.problems()
    for name in bench.incoming:
        with setting.registries.cursor(name) as cursor:
            expected = {"incoming": bench.incoming[name], "outgoing": [], "messages": []}
            if name == big:
                expected.update(outgoing=stock["outgoing"], messages=stock["messages"])
            here = World(setting.registries.environment(cursor))
            problems += [f"{name}: {problem}" for problem in here.verify(expected)]
    growth = {
        "contacts": [ratio(series[name], series[f"{name}, {FEW}"]) for name in (RINGS, GIVES_UP)],
        "calls": [
            ratio(series[f"{name}, {MANY_CALLS}"], series[f"{name}, {FEW}"])
            for name in (RINGS, GIVES_UP)
        ],
    }
    return {
        "series": summarise(series),
        "growth": growth,
        "calls": options.calls,
        "problems": problems,
    }


def _cause(one):
    return (
        f"{one['processor_ms']} ms are work of Odoo's process, which makes "
        f"{one['queries_median']:g} SQL queries; undisturbed (p10) it takes {one['p10_ms']} ms"
    )


def goals(result):
    """Return the goals of the webhooks."""
    found, web = [], result["series"]
    for name in (RINGS, "voice, nobody available"):
        one, cause = web[name], _cause(web[name])
        found += [
            goal(f"{name}: median, ms", one["median_ms"], "<=", VOICE_MS, cause),
            goal(f"{name}: times the floor", one["times_floor"], "<=", VOICE_TIMES, cause),
        ]
    for name in (*(f"status, {word}" for word in LEG_STORY), GIVES_UP):
        one = web[name]
        found.append(
            goal(f"{name}: times the floor", one["times_floor"], "<=", STATUS_TIMES, _cause(one))
        )
    for what, ratios in result["growth"].items():
        for name, times in zip((RINGS, GIVES_UP), ratios, strict=True):
            found.append(
                goal(
                    f"{name}: times that with few {what}",
                    times,
                    "<=",
                    GROWTH,
                    f"some query grows with the {what}",
                )
            )
    return found


def markdown(result, where):
    """Return the paragraphs of the webhooks."""
    rows = sorted(result["series"].items(), key=lambda item: (item[0] != FLOOR, item[0]))
    return [
        "## Webhooks",
        (
            "Signed, over HTTP, one after the other, to one threaded Odoo server; the floor is "
            "Odoo core's signed `/sms_twilio/status` (a text message was delivered) in the same "
            "database. Odoo's threaded server closes each connection itself. SQL queries are "
            "those of the server's log; *Processor* is what Odoo's process used of a processor, "
            "PostgreSQL's part left out."
        ),
        table(
            [
                "Webhook",
                "Times floor",
                "Median",
                "p95",
                "p10",
                "Processor",
                "SQL queries",
                "Requests",
            ],
            [
                [
                    name,
                    one["times_floor"],
                    one["median_ms"],
                    one["p95_ms"],
                    one["p10_ms"],
                    one["processor_ms"],
                    f"{one['queries_median']:g}",
                    one["count"],
                ]
                for name, one in rows
            ],
        ),
        table(
            ["Growth", "Incoming call", "Caller gives up"],
            [
                [
                    f"{where['contacts']:,} contacts to {where['few_contacts']:,}",
                    *result["growth"]["contacts"],
                ],
                [f"{result['calls']:,} calls of the past to none", *result["growth"]["calls"]],
            ],
        ),
    ]
