"""Options and sequence of the bench. Run by dev/bench."""

import argparse
import os
import signal
import sys
import time

import database
import run
from bench_lib import (
    answer,
    client,
    contacts,
    load,
    lookup,
    report,
    servers,
    softphone,
    webhooks,
    workers,
)
from bench_lib.setting import PORT, Setting
from places import say

#: The parts of the bench, in the order of the report.
ITEMS = {
    "lookup": lookup,
    "webhooks": webhooks,
    "workers": workers,
    "load": load,
    "answer": answer,
    "softphone": softphone,
    "servers": servers,
}


def parse_options():
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="dev/bench", description="Measure, and report.")
    parser.add_argument("items", nargs="*", metavar="item", help=f"default: {' '.join(ITEMS)}")
    parser.add_argument("--contacts", type=int, default=1_000_000, help="default: a million")
    parser.add_argument("--calls", type=int, help="of the past, default: as many as contacts")
    parser.add_argument("--rounds", type=int, default=250, help="of webhooks, default: 250")
    parser.add_argument("--quick", action="store_true", help="60 rounds")
    parser.add_argument("--fresh", action="store_true", help="make the databases anew")
    parser.add_argument("--revision", help="measure this commit in place of the working tree")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of numbers")
    parser.add_argument("--delay", type=float, default=50, help="ms of the network, default: 50")
    parser.add_argument("--strict", action="store_true", help="a missed goal is an error")
    options = parser.parse_args()
    if options.contacts < 2000 or options.contacts > 8_000_000:
        parser.error("--contacts: 2,000 to 8,000,000")
    options.calls = options.calls or options.contacts
    if options.calls < 1000 or options.calls > 8_000_000:
        parser.error("--calls: 1,000 to 8,000,000")
    unknown = set(options.items) - set(ITEMS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    options.items = [name for name in ITEMS if name in options.items or not options.items]
    if options.quick:
        options.rounds = min(options.rounds, 60)
    return options


def main():
    """Measure the chosen parts. Return the exit code."""
    options = parse_options()
    started = time.monotonic()
    setting = Setting(options, PORT)
    where = report.circumstances(options.contacts, setting.few, setting.code[1])
    result = {"circumstances": where, "goals": [], "items": {}, "problems": []}
    sections, plots = [], {}
    for name in options.items:
        item = ITEMS[name]
        figures = item.measure(setting)
        result["problems"] += figures.pop("problems", [])
        result["items"][name] = figures
        result["goals"] += item.goals(figures)
        sections += item.markdown(figures, where)
        if hasattr(item, "plots"):
            plots.update(item.plots(figures))
        where["load_average_after"] = [round(one, 2) for one in os.getloadavg()]
        # After each part, so that an interrupted run leaves its figures.
        text, *paths = report.save(result, sections, plots)
    print(text)
    for path in paths:
        say(f"report: {path}")
    say(f"measured in {time.monotonic() - started:.0f} s")
    missed = [one for one in result["goals"] if not one["reached"]]
    recall = [one for one in missed if "recall" in one["what"]]
    return 1 if result["problems"] or recall or (options.strict and missed) else 0


def interrupt(_number, _frame):
    """Convert a signal to an end of the started programs."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupt)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except (
        client.WrongAnswer,
        contacts.WrongContacts,
        database.BuildError,
        run.StartError,
    ) as error:
        print(f"\033[31merror:\033[0m {error}", file=sys.stderr)
        sys.exit(1)
