"""Compare our lookup of a caller with Odoo's own search and the published addon's."""

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

from bench_lib import contacts, databases, world
from bench_lib.contacts import CONTACTS_PER_LEAD, WRITINGS
from bench_lib.figures import Series, ratio
from bench_lib.report import goal, table
from places import say

#: Maximum time of a lookup, milliseconds.
LOOKUP_MS = 1.0
#: Numbers for each writing.
NUMBERS = 300
WARM_UP = 30
OURS, CORE, OCA = "crm_telephony", "Odoo core", "voip_oca"


class _LookedUp:
    """Stands in for the call that voip_oca would create, to record the contact found."""

    def __init__(self, values):
        self.partner_id = values["partner_id"]

    def format_call(self):
        return [self.partner_id] if self.partner_id else []


@dataclass
class Finder:
    """A lookup in one of the databases.

    :param env: an environment of the superuser, as in a webhook.
    :param int first: the first identifier of the contacts.
    :param find: takes a number, and returns identifiers of contacts.
    """

    env: Any
    first: int
    find: Callable


def finders(env, first, oca_env, oca_first):
    """Return the lookups by name.

    :param env: of the database with this addon.
    :param dict first: its first identifiers of contacts and leads.
    :param oca_env: of the database with the published addon.
    :param dict oca_first: its first identifiers.
    """
    partners, company = env["res.partner"], env.ref("base.main_company")

    def core(number):
        return partners.search([("phone_mobile_search", "=", number)], limit=5).ids

    def oca(number):
        # The request of its softphone at an incoming call; the call itself is not written.
        return oca_env["voip.call"].create_call({"phone_number": number, "type_call": "incoming"})

    return {
        OURS: Finder(
            env, first["contacts"], lambda number: partners._telephony_find(number, company).ids
        ),
        CORE: Finder(env, first["contacts"], core),
        OCA: Finder(oca_env, oca_first["contacts"], oca),
    }


def measure(setting):
    """Measure the lookup in the big database.

    :param setting: the run, see `bench_lib.setting`.
    :return dict: see `measure_in`.
    """
    options, (name, first) = setting.options, setting.big
    oca_name, oca_first = databases.ensure_oca(options.contacts, setting.code, options.fresh)
    world.clear(name)
    with (
        setting.registries.cursor(name) as cursor,
        setting.registries.cursor(oca_name) as oca_cursor,
    ):
        env = setting.registries.environment(cursor)
        oca_env = setting.registries.environment(oca_cursor)
        contacts.check(env, first, options.contacts)
        contacts.check(oca_env, oca_first, options.contacts)
        find = finders(env, first, oca_env, oca_first)
        result = measure_in(env, first, find, options.contacts, options.seed)
        cursor.rollback()
        oca_cursor.rollback()
    return result


def goals(result):
    """Return the goals of the lookup."""
    ours = {writing: result[writing][OURS] for writing in WRITINGS}
    slowest = max(ours, key=lambda writing: ours[writing]["median_ms"])
    return [
        goal(
            "look-up: recall in every writing",
            min(one["recall"] for one in ours.values()),
            ">=",
            1.0,
            "some contacts are stored with a number that is not in E.164",
        ),
        goal(
            "look-up: slowest median, ms",
            ours[slowest]["median_ms"],
            "<=",
            LOOKUP_MS,
            f"numbers written as {slowest}; undisturbed (p10) it takes "
            f"{ours[slowest]['p10_ms']} ms",
        ),
        goal(
            "leads: recall",
            result["leads"]["recall"],
            ">=",
            1.0,
            "some leads are stored with a number that is not in E.164",
        ),
        goal(
            "leads: median, ms",
            result["leads"]["median_ms"],
            "<=",
            LOOKUP_MS,
            f"undisturbed (p10) it takes {result['leads']['p10_ms']} ms",
        ),
    ]


def markdown(result, _where):
    """Return the paragraphs of the lookup."""
    return [
        "## Caller look-up",
        (
            "Callers arrive in E.164; contacts are stored in three writings. Ours is "
            "`res.partner._telephony_find`, Odoo core's a search for `phone_mobile_search`, "
            "voip_oca's what its `create_call` does to find the contact (the call itself is not "
            "written), in a database of its own with the same contacts. Recall is the share of "
            "callers whose contact is found."
        ),
        table(
            ["Stored", "Look-up", "Times ours", "Recall", "Median", "p95", "p10", "Numbers"],
            [
                [
                    writing,
                    name,
                    one["times_ours"],
                    f"{one['recall']:.1%}",
                    one["median_ms"],
                    one["p95_ms"],
                    one["p10_ms"],
                    one["count"],
                ]
                for writing in WRITINGS
                for name, one in result[writing].items()
            ],
        ),
        "Callers who are only in a lead: median {median_ms}, p95 {p95_ms}, recall {recall:.1%}, "
        "{count} numbers.".format(**result["leads"]),
    ]


def measure_in(env, first, find, count, seed):
    """Look up numbers of every writing.

    :param env: an environment of the superuser.
    :param dict first: the first identifiers of contacts and leads.
    :param dict find: result of `finders`.
    :param int count: number of contacts.
    :param int seed: of the choice of numbers.
    :return dict: writing -> name of the lookup -> figures; `leads` -> figures of ours.
    """
    say("measuring the caller look-up")
    call_class = find[OCA].env.registry["voip.call"]
    with mock.patch.object(call_class, "create", lambda _self, values: _LookedUp(values)):
        result = {
            writing: _measure_writing(
                env, first, find, count, position, random.Random(seed + position)
            )
            for position, writing in enumerate(WRITINGS)
        }
    result["leads"] = _measure_leads(env, first, count, random.Random(seed))
    return result


def _sample(rows, how_many, chance):
    rows = list(rows)
    return chance.sample(rows, min(how_many, len(rows)))


def _timed(env, find, number):
    env.invalidate_all()
    started = time.perf_counter()
    found = find(number)
    return time.perf_counter() - started, found


def _measure_writing(env, first, find, count, position, chance):
    rows = _sample((i for i in range(count) if i // 4 % 3 == position), NUMBERS + WARM_UP, chance)
    people = env["res.partner"].browse([first["contacts"] + i for i in rows])
    # From the numbering plan, not from a stored field that a lookup reads.
    numbers = [
        (row, contact._phone_format(fname="phone"))
        for row, contact in zip(rows, people, strict=True)
    ]
    series = {name: Series() for name in find}
    right = dict.fromkeys(find, 0)
    warm_up = min(WARM_UP, len(numbers) // 4)
    orders = itertools.cycle(itertools.permutations(find))
    for turn, (row, number) in enumerate(numbers):
        for name in next(orders):
            finder = find[name]
            seconds, found = _timed(finder.env, finder.find, number)
            if turn >= warm_up:
                series[name].add(seconds)
                right[name] += finder.first + row in found
    measured = len(numbers) - warm_up
    return {
        name: {
            **series[name].summary(),
            "recall": round(right[name] / measured, 4),
            "times_ours": ratio(series[name], series[OURS]),
        }
        for name in find
    }


def _measure_leads(env, first, count, chance):
    """Look up callers without a contact, whose number is in a lead."""
    rows = _sample(range(1, count // CONTACTS_PER_LEAD, 2), NUMBERS + WARM_UP, chance)
    leads = env["crm.lead"].browse([first["leads"] + j for j in rows])
    numbers = [(lead.id, lead._phone_format(fname="phone")) for lead in leads]
    nobody, company = env["res.partner"], env.ref("base.main_company")
    series, right = Series(), 0

    def find(number):
        return env["crm.lead"]._telephony_find(nobody, number, company).ids

    warm_up = min(WARM_UP, len(numbers) // 4)
    for turn, (lead_id, number) in enumerate(numbers):
        seconds, found = _timed(env, find, number)
        if turn >= warm_up:
            series.add(seconds)
            right += lead_id in found
    return {**series.summary(), "recall": round(right / (len(numbers) - warm_up), 4)}
