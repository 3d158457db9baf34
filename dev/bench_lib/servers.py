"""Two Odoo servers behind nginx on one PostgreSQL: doubled throughput, without duplicates."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import requests

import database
from bench_lib import client, nginx, pictures
from bench_lib.client import STATUS, Client
from bench_lib.load_people import Screen
from bench_lib.report import figures_table, goal
from bench_lib.stage import NAME, SUPPORT, Stage
from bench_lib.workers import WARM_UP, Crowd
from bench_lib.world import RINGING, World
from harness.crowd import all_at_once
from harness.emulator import Telephone
from harness.polling import NotYet, until
from places import say

#: Agents who pick up the same caller; callers; callers in a quick run; reports sent twice.
RACERS, RACES, QUICK, TWICE = 50, 5, 2, 40
#: Minimum gain of a second server, as of a second worker.
GAIN = 1.3
_POST = re.compile(r'"POST /telephony/twilio/')


def _scale(setting, sites):
    """Return figures of one server and of two, and the faults in the database."""
    rounds, result, problems = setting.options.rounds, {}, []
    for name, port in sites.items():
        say(f"measuring the throughput of {name} behind nginx")
        stock = setting.prepare(
            NAME, setting.big[1], setting.options.contacts, rounds + WARM_UP + TWICE
        )
        crowd = Crowd(port, NAME, stock, setting.options.seed)
        seconds = crowd.run(rounds)
        one = crowd.series.summary()
        one["per_second"] = round(one["count"] / seconds, 1)
        result[name] = one
        with setting.registries.cursor(NAME) as cursor:
            expected = {
                "incoming": crowd.incoming,
                "messages": [],
                "outgoing": stock["outgoing"][: rounds + WARM_UP],
            }
            here = World(setting.registries.environment(cursor))
            problems += [f"servers, {name}: {text}" for text in here.verify(expected)]
        legs = stock["outgoing"][rounds + WARM_UP :]
    first, second = result.values()
    for one in (first, second):
        one["times_one"] = round(one["per_second"] / first["per_second"], 2)
    return result, problems, _tell_twice(port, legs)


def _tell_twice(port, legs):
    """Send every report to both servers at once. Return the number not processed exactly once."""

    def tell(report):
        sid, word, sequence = report
        form = client.call_status(sid, word, sequence, RINGING, "+32470123456", "outbound-api")
        Client(port).post(NAME, STATUS, form, "")

    [[last]] = database.execute("SELECT max(id) FROM mail_message", database=NAME)
    with ThreadPoolExecutor(8) as pool:
        for sequence, word in enumerate(("in-progress", "completed")):
            reports = [(leg, word, sequence) for leg in legs for _time in range(2)]
            list(pool.map(tell, reports))
    [[events]] = database.execute(_EVENTS, [f"{sid}:" for sid in legs], database=NAME)
    logged = database.execute(_LOGGED, last, legs, database=NAME)
    return {
        "reports": 2 * len(legs),
        "told": 4 * len(legs),
        "events": events,
        "calls": len(legs),
        "logged_once": sum(count == 1 for _uuid, count in logged),
        "not_once": [[uuid, count] for uuid, count in logged if count != 1],
    }


_EVENTS = """
SELECT count(*) FROM telephony_call_event WHERE left(key, strpos(key, ':')) = ANY(%s)
"""
# Each call has a contact of its own here. The activity of a callback that it resolves has a line,
# too.
_LOGGED = """
SELECT c.uuid, count(m.id)
  FROM telephony_call c
  JOIN telephony_call_leg l ON l.call_id = c.id
  LEFT JOIN mail_message m ON m.id > %s AND m.mail_activity_type_id IS NULL AND (
       m.model = 'res.partner' AND m.res_id = c.partner_id
       OR m.model = 'crm.lead' AND m.res_id = c.lead_id
  )
 WHERE l.provider_leg_id = ANY(%s)
 GROUP BY c.uuid
"""


class Race:
    """Fifty agents and one caller.

    :param Stage stage: the surroundings.
    :param int port: of nginx.
    """

    def __init__(self, stage, port):
        self.stage, self.url = stage, f"http://127.0.0.1:{port}"
        self.people = stage.make_people(RACERS, "Racing")
        with stage.env() as env:
            # Without an available agent, the caller would not wait.
            line = env["telephony.queue"].create(
                {
                    "name": "Race",
                    "ring_seconds": 120,
                    "agent_ids": [(6, 0, [self.people[-1].agent])],
                }
            )
            queue_id = line.id
        stage.route(SUPPORT, kind="queue", queue_id=queue_id)
        self.seen = []
        [[last]] = database.execute("SELECT coalesce(max(id), 0) FROM bus_bus", database=NAME)
        # One page is enough: it is at one of the two servers, and the webhooks at both.
        self.screen = Screen(self.people[0], port, last, self._on_message)
        self.screen.start()

    def _on_message(self, kind, payload):
        if kind == "telephony/live_updated":
            self.seen.append((payload["uuid"], payload["list"]))

    def _pick_up(self, person, uuid):
        params = {"model": "telephony.call", "method": "pick_up", "args": [uuid], "kwargs": {}}
        answer = requests.post(
            f"{self.url}/web/dataset/call_kw/telephony.call/pick_up",
            json={"jsonrpc": "2.0", "method": "call", "id": 1, "params": params},
            cookies={"session_id": person.session_id},
            timeout=120,
        ).json()
        return answer.get("result") or {"error": answer["error"]["data"]["message"]}

    def run(self, number):
        """Put one caller into the queue for all agents. Return winners, seconds, errors."""
        emulator = self.stage.emulator
        body = {"from": f"+32471{400000 + number:06d}", "to": SUPPORT, "tone": 0}
        caller = Telephone(emulator, emulator.post("calls", **body)["sid"])
        caller.in_queue(60)
        [[uuid]] = until(
            lambda: database.execute(
                "SELECT uuid FROM telephony_call WHERE provider_call_id = %s AND state = 'queued'",
                caller.sid,
                database=NAME,
            ),
            "the caller waits",
            60,
        )
        started = time.monotonic()
        results = all_at_once(self.people, lambda person: self._pick_up(person, uuid))
        seconds = time.monotonic() - started
        until(lambda: (uuid, "queue") in self.seen, "the page knows of the caller", 60)
        caller.hang_up()
        until(lambda: (uuid, False) in self.seen, "the page knows of the end", 60)
        errors = [result["error"] for result in results if "error" in result]
        return sum(bool(result.get("accepted")) for result in results), seconds, errors


def _race(stage, port, rounds):
    problems, winners, times = [], [], []
    race = Race(stage, port)
    say(f"{RACERS} people pick up the same caller, {rounds} times")
    for number in range(rounds):
        try:
            won, seconds, errors = race.run(number)
        except NotYet as error:
            problems.append(f"servers, race {number}: {error}")
            break
        winners.append(won)
        times.append(round(seconds, 2))
        problems += [f"servers, race {number}: {error}" for error in set(errors)]
    race.screen.close()
    return {"winners": winners, "seconds": times}, problems


def measure(setting):
    """Measure one server and two behind nginx; each has one worker.

    :return dict: `scale`, `twice`, `race`, `shares` (requests of each server), `problems`.
    """
    rounds = QUICK if setting.options.quick else RACES
    with Stage(setting, sound="no") as stage:
        one, two, *ports = stage.ports(4)
        stage.connect(two)
        with (
            stage.serve(ports[0], 1, "bench-server-1") as first,
            stage.serve(ports[1], 1, "bench-server-2") as second,
            nginx.Nginx({one: [first], two: [first, second]}),
        ):
            scale, problems, twice = _scale(setting, {"one server": one, "two servers": two})
            # The previous measurement has made the provider unreachable.
            stage.connect(two)
            race, more = _race(stage, two, rounds)
            logs = [server.program.log.read_text() for server in (first, second)]
            for server in (first, second):
                problems += [f"servers: {text}" for text in server.problems()]
    return {
        "scale": scale,
        "twice": twice,
        "race": race,
        "problems": problems + more,
        "shares": [len(_POST.findall(log)) for log in logs],
    }


def goals(result):
    """Return the goals of two servers."""
    race, twice = result["race"], result["twice"]
    return [
        goal(
            "servers: throughput of two, times that of one",
            result["scale"]["two servers"]["times_one"],
            ">=",
            GAIN,
            "both servers share two cores with PostgreSQL, nginx and the client that signs",
        ),
        goal(
            f"servers: races of {RACERS} with one winner",
            race["winners"].count(1),
            ">=",
            len(race["winners"]) or 1,
            "see what is wrong, at the end",
        ),
        goal(
            "servers: reports told twice at once and not processed once",
            abs(twice["events"] - twice["reports"]) + twice["calls"] - twice["logged_once"],
            "==",
            0,
            f"{twice['events']} of {twice['reports']} are in the diary, and "
            f"{twice['logged_once']} of {twice['calls']} calls have one line in the chatter, not "
            f"{twice['not_once'][:3]}",
        ),
    ]


def markdown(result, _where):
    """Return the paragraphs of two servers."""
    twice, race = result["twice"], result["race"]
    return [
        "## Two servers",
        (
            "Two Odoo servers with one worker each behind nginx, as in docs/operations.md, on "
            "one PostgreSQL and one machine. The same stories of calls as for the throughput of "
            f"workers. The servers answered {' and '.join(map(str, result['shares']))} webhooks."
        ),
        figures_table(
            "nginx and", result["scale"], [("Times one", "times_one"), ("Per second", "per_second")]
        ),
        (
            f"{twice['reports']} reports of {twice['calls']} calls were told twice at the same "
            f"moment: {twice['events']} are in the diary, {twice['logged_once']} calls were logged "
            "once in the chatter."
        ),
        (
            f"{RACERS} people reached for one caller, {len(race['winners'])} times; winners: "
            f"{', '.join(map(str, race['winners']))}; seconds until the last one had the answer: "
            f"{', '.join(map(str, race['seconds']))}. A page at one server was told of every "
            "caller, whichever server had the webhook."
        ),
        "![Two servers](servers.svg)",
    ]


def plots(result):
    """Return the picture of two servers."""
    rows = [(name, one["per_second"]) for name, one in result["scale"].items()]
    title = "Signed webhooks a second through nginx"
    return {"servers.svg": pictures.bars(title, rows, "/s")}
