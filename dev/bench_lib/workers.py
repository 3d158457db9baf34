"""Measure the signed webhooks per second of a prefork Odoo with 1, 2 and 4 workers."""

import itertools
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from bench_lib import client, pictures
from bench_lib.client import STATUS, VOICE, Client
from bench_lib.figures import Series
from bench_lib.report import figures_table, goal
from bench_lib.webhooks import LEG_STORY, Server
from bench_lib.world import NOBODY, RINGING, World, make_sid
from places import say

WORKERS = (1, 2, 4)
#: Simultaneous requests, at any number of workers.
CLIENTS = 8
WARM_UP = 2 * CLIENTS
#: Minimum gain of a second process on a second core: a fifth is lost to PostgreSQL, which works on
#: the same cores, and to the client.
GAIN = 1.3


class Crowd:
    """Clients that play stories of calls, each one request after the other.

    :param int port: of the server.
    :param str database: database of the calls.
    :param dict stock: `callers`, and `outgoing` legs that are just being dialed.
    """

    def __init__(self, port, database, stock, seed):
        self.port, self.database, self.stock = port, database, stock
        self.chance, self.lock = random.Random(seed), threading.Lock()
        self.series, self.incoming = Series(), {}
        self.local = threading.local()

    def run(self, count):
        """Play the stories and return the seconds they took.

        :param int count: number of incoming calls, and of outgoing ones.
        """
        legs = self.stock["outgoing"]
        stories = [lambda leg=leg: self._outgoing(leg) for leg in legs[: count + WARM_UP]]
        stories = list(
            itertools.chain.from_iterable(
                zip(stories, itertools.repeat(self._incoming), strict=False)
            )
        )
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda story: story(), stories[: 2 * WARM_UP]))
            self.series = Series()
            started = time.monotonic()
            list(pool.map(lambda story: story(), stories[2 * WARM_UP :]))
            return time.monotonic() - started

    def _post(self, path, form, expected=""):
        if not hasattr(self.local, "client"):
            self.local.client = Client(self.port)
        seconds = self.local.client.post(self.database, path, form, expected)
        with self.lock:
            self.series.add(seconds)

    def _incoming(self):
        with self.lock:
            contact_id, caller = self.chance.choice(self.stock["callers"])
            sid = make_sid()
            self.incoming[sid] = contact_id
        self._post(VOICE, client.incoming_call(sid, caller, NOBODY), "<Say")
        self._post(STATUS, client.call_status(sid, "completed", 0, caller, NOBODY, "inbound"))

    def _outgoing(self, sid):
        for sequence, word in enumerate(LEG_STORY):
            self._post(
                STATUS,
                client.call_status(sid, word, sequence, RINGING, "+32470123456", "outbound-api"),
            )


def measure(setting):
    """Measure each number of workers on fresh calls.

    :return dict: `series`: workers -> figures with `per_second` and `times_one`; `problems`.
    """
    rounds = setting.options.rounds
    result, problems = {}, []
    for workers in WORKERS:
        say(f"measuring the throughput with {workers} workers")
        stock = setting.prepare(*setting.big, setting.options.contacts, rounds + WARM_UP)
        name = setting.big[0]
        with Server([name], setting.port, setting.folder, workers, "bench-workers") as server:
            crowd = Crowd(server.port, name, stock, setting.options.seed)
            seconds = crowd.run(rounds)
            problems += server.problems()
        with setting.registries.cursor(name) as cursor:
            here = World(setting.registries.environment(cursor))
            expected = {
                "incoming": crowd.incoming,
                "messages": [],
                "outgoing": stock["outgoing"][: rounds + WARM_UP],
            }
            problems += [f"{workers} workers: {text}" for text in here.verify(expected)]
        one = crowd.series.summary()
        one["per_second"] = round(one["count"] / seconds, 1)
        one["times_one"] = round(one["per_second"] / result.get("1", one)["per_second"], 2)
        result[str(workers)] = one
    return {"series": result, "problems": problems}


def goals(result):
    """Return the goals of the throughput."""
    return [
        goal(
            "workers: throughput of 2, times that of 1",
            result["series"]["2"]["times_one"],
            ">=",
            GAIN,
            "the two cores are shared with PostgreSQL, the client that signs, and "
            "whatever else the machine does (see the load average)",
        ),
    ]


def markdown(result, _where):
    """Return the paragraphs of the throughput."""
    return [
        "## Throughput",
        (
            f"{CLIENTS} signed requests are under way at once: incoming calls that nobody can "
            "take, and the four reports of an outgoing leg, one after the other within each "
            "call. Odoo runs with `workers = N`; its master opens a connection for each request. "
            "Every call is looked at afterwards."
        ),
        figures_table(
            "Workers", result["series"], [("Times one", "times_one"), ("Per second", "per_second")]
        ),
        "![Throughput](workers.svg)",
    ]


def plots(result):
    """Return the picture of the throughput."""
    rows = [(f"{name} workers", one["per_second"]) for name, one in result["series"].items()]
    return {"workers.svg": pictures.bars("Signed webhooks a second", rows, "/s")}
