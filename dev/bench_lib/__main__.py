"""Options, and the order of things. Run by dev/bench."""

import argparse
import os
import random
import signal
import sys
import time

import database
import run
from places import LOGS, say

from bench_lib import client, contacts, databases, lookup, report, webhooks, world

PORT = int(os.environ.get("TELEPHONY_BENCH_PORT") or 8669)
FEW_CONTACTS = 1000


def parse_options():
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="dev/bench", description="Measure, and report.")
    parser.add_argument("--contacts", type=int, default=1_000_000, help="default: a million")
    parser.add_argument("--rounds", type=int, default=250, help="of webhooks, default: 250")
    parser.add_argument("--quick", action="store_true", help="60 rounds")
    parser.add_argument("--fresh", action="store_true", help="make the databases anew")
    parser.add_argument("--revision", help="measure this commit in place of the working tree")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of numbers")
    parser.add_argument("--strict", action="store_true", help="a missed goal is an error")
    options = parser.parse_args()
    if options.contacts < 2000 or options.contacts > 8_000_000:
        parser.error("--contacts: 2,000 to 8,000,000")
    if options.quick:
        options.rounds = min(options.rounds, 60)
    return options


class Registries:
    """Odoo in this process, for what is not measured over HTTP."""

    def __init__(self, names, folder):
        from odoo.tools import config

        config.parse_config([
            *databases.options(",".join(names), folder), "--log-level", "warn",
            "--logfile", str(LOGS / "bench-orm.log"), "--max-cron-threads", "0",
        ], setup_logging=True)  # fmt: skip

    def cursor(self, name):
        """Open a transaction on a database."""
        from odoo.modules.registry import Registry

        return Registry(name).cursor()

    def environment(self, cursor):
        """Return an environment of the superuser."""
        from odoo import SUPERUSER_ID, api

        return api.Environment(cursor, SUPERUSER_ID, {})


def prepare(registries, name, first, count, rounds, seed):
    """Check a database and write what a run needs.

    :return dict: `callers`, and, when there are rounds, `outgoing` and `messages`.
    """
    world.clear(name)
    with registries.cursor(name) as cursor:
        env = registries.environment(cursor)
        contacts.check(env, first, count)
        here = world.World(env)
        here.build()
        chosen = random.Random(seed).sample(range(count), min(count, 900))
        people = env["res.partner"].browse([first["contacts"] + i for i in chosen])
        stock = {"callers": [(person.id, person.phone_sanitized) for person in people]}
        if rounds:
            some = people[:rounds]
            stock["outgoing"] = here.make_outgoing_calls(some)
            stock["messages"] = here.make_text_messages(some)
    return stock


def measure_webhooks(registries, big, small, options, folder):
    """Measure over HTTP.

    :param big: name, first identifiers and number of contacts of the database of interest.
    :param small: the same of the one for comparison.
    :param Path folder: where the measured addon is.
    :return tuple: figures by name, growth, problems.
    """
    rounds = options.rounds + webhooks.WARM_UP
    stock = prepare(registries, *big, rounds, options.seed)
    few = prepare(registries, *small, 0, options.seed)
    stock["callers"] = {big[0]: stock["callers"], small[0]: few["callers"]}
    with webhooks.Server([big[0], small[0]], PORT, folder) as server:
        bench = webhooks.Bench(server, big[0], small[0], stock, options.seed)
        series = bench.run(options.rounds)
        problems = server.problems()
    for name in (big[0], small[0]):
        with registries.cursor(name) as cursor:
            expected = {"incoming": bench.incoming[name], "outgoing": [], "messages": []}
            if name == big[0]:
                expected.update(outgoing=stock["outgoing"], messages=stock["messages"])
            here = world.World(registries.environment(cursor))
            problems += [f"{name}: {problem}" for problem in here.verify(expected)]
    growth = round(
        series["voice, rings"].median / series["voice, rings, few contacts"].median, 2
    )  # fmt: skip
    return webhooks.summarise(series), growth, problems


def main():
    """Measure everything. Return the exit code."""
    options = parse_options()
    started = time.monotonic()
    databases.ensure_oca()
    code = databases.ensure_code(options.revision)
    small_name, small_first = databases.ensure(FEW_CONTACTS, code, options.fresh)
    name, first = databases.ensure(options.contacts, code, options.fresh)
    result = {"circumstances": report.circumstances(options.contacts, FEW_CONTACTS, code[1])}
    registries = Registries([name, small_name], code[0])
    world.clear(name)
    with registries.cursor(name) as cursor:
        env = registries.environment(cursor)
        contacts.check(env, first, options.contacts)
        result["look_up"] = lookup.measure(env, first, options.contacts, options.seed)
        cursor.rollback()
    result["webhooks"], result["growth"], result["problems"] = measure_webhooks(
        registries, (name, first, options.contacts), (small_name, small_first, FEW_CONTACTS),
        options, code[0],
    )  # fmt: skip
    result["circumstances"]["load_average_after"] = [round(load, 2) for load in os.getloadavg()]
    result["goals"] = report.judge(result)
    text, *paths = report.save(result)
    print(text)
    for path in paths:
        say(f"report: {path}")
    say(f"measured in {time.monotonic() - started:.0f} s")
    missed = [goal for goal in result["goals"] if not goal["reached"]]
    recall = [goal for goal in missed if "recall" in goal["what"]]
    return 1 if result["problems"] or recall or (options.strict and missed) else 0


def interrupt(_number, _frame):
    """Let a signal end the programs that were started."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupt)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except (
        client.WrongAnswer, contacts.WrongContacts, database.BuildError, run.StartError
    ) as error:  # fmt: skip
        print(f"\033[31merror:\033[0m {error}", file=sys.stderr)
        sys.exit(1)
