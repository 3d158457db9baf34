"""Signed webhooks over HTTP to a real Odoo server, in random order, against sms_twilio's own."""

import random
import re
import time
from collections import Counter, defaultdict

import run
from places import PYTHON, odoo_environment, say

from bench_lib import client, databases
from bench_lib.client import STATUS, VOICE, Client
from bench_lib.figures import Series, ratio
from bench_lib.world import NOBODY, RINGING, make_sid

WARM_UP = 15
FLOOR = "sms_twilio status"
#: Twilio's words in the life of a leg that is called, in their order.
LEG_STORY = ("initiated", "ringing", "in-progress", "completed")
# A request in the server's log: … "POST /path HTTP/1.1" 200 - <queries> <seconds in SQL> <other>
_LOG_LINE = re.compile(r'"POST (\S+) HTTP/1\.\d" 200 - (\d+) [\d.]+ [\d.]+')


class Server:
    """An Odoo server of its own for all databases of a run, threaded, without scheduled jobs."""

    def __init__(self, names, port, folder):
        self.program = run.Program(
            "bench-odoo",
            [str(PYTHON), "-m", "odoo", "server", *databases.options(",".join(names), folder),
             "--http-port", str(port), "--gevent-port", str(port + 3), "--max-cron-threads", "0",
             "--db-filter", "", "--log-level", "info"],
            odoo_environment(),
        )  # fmt: skip
        self.port = port

    def __enter__(self):
        try:
            self.program.wait_ready(f"http://127.0.0.1:{self.port}/web/health")
        except BaseException:
            run.stop([self.program])
            raise
        return self

    def __exit__(self, *_error):
        run.stop([self.program])

    def processor_time(self):
        """Return how many seconds the server's processor has worked, PostgreSQL's part left out."""
        # Linux's name of the clock of another process, see clock_getcpuclockid(3).
        return time.clock_gettime((~self.program.process.pid << 3) | 2)

    def queries(self):
        """Return the number of SQL queries of each POST so far, in their order."""
        log = self.program.log.read_text(encoding="utf-8")
        return [int(found[2]) for found in _LOG_LINE.finditer(log)]

    def problems(self):
        """Return the lines of the log that are a warning or worse."""
        log = self.program.log.read_text(encoding="utf-8")
        found = re.findall(r"^\S+ \S+ \d+ ((?:WARNING|ERROR|CRITICAL) .*)$", log, re.MULTILINE)
        return [f"{count} times in the log: {text}" for text, count in Counter(found).items()]


class Bench:
    """One run.

    :param Server server: it serves every database named here.
    :param str big: the database in which everything is measured.
    :param str small: the one in which the incoming call is measured for comparison.
    :param dict stock: what was written for the run: `callers` (of `big`, `small`) as pairs of
        contact and number, `outgoing` legs, `messages`.
    """

    def __init__(self, server, big, small, stock, seed):
        self.client = Client(server.port)
        self.server, self.big, self.small, self.stock = server, big, small, stock
        self.chance = random.Random(seed)
        self.log = []
        self.incoming = {big: {}, small: {}}

    def run(self, rounds):
        """Measure. :return dict: name -> Series"""
        say(f"measuring the webhooks, {rounds} times each")
        for turn in range(WARM_UP + rounds):
            measured = turn >= WARM_UP
            acts = [
                lambda turn=turn: self._text_message(turn),
                lambda: self._ring(self.big, "voice, rings", "status, caller gives up"),
                lambda: self._ring(self.small, "voice, rings, few contacts", None),
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
        # The caller gives up, so that the phone user is free again.
        self._post(end_name, database, STATUS, end)

    def _nobody(self, database, name):
        self._post(None, database, STATUS, self._call_in(name, database, NOBODY, "<Say"))

    def _outgoing(self, turn):
        sid = self.stock["outgoing"][turn]
        for sequence, word in enumerate(LEG_STORY):
            form = client.call_status(sid, word, sequence, RINGING, "+32470123456", "outbound-api")
            self._post(f"status, {word}", self.big, STATUS, form)


def summarise(series):
    """Return the figures by name, each with its ratio to the floor."""
    return {
        name: {**one.summary(), "times_floor": ratio(one, series[FLOOR])}
        for name, one in series.items()
    }
