"""Who is calling? Our look-up, Odoo's own search and the published addon's, on the same numbers."""

import itertools
import random
import time
from unittest import mock

from places import say

from bench_lib.contacts import CONTACTS_PER_LEAD, WRITINGS
from bench_lib.figures import Series, ratio

#: Numbers for each writing.
NUMBERS = 300
WARM_UP = 30
OURS, CORE, OCA = "crm_telephony", "Odoo core", "voip_oca"


class _LookedUp:
    """Stands in for the call that voip_oca would create, to see whom it found."""

    def __init__(self, values):
        self.partner_id = values["partner_id"]

    def format_call(self):
        return [self.partner_id] if self.partner_id else []


def finders(env):
    """Return the look-ups by name: each takes a number and returns identifiers of contacts.

    :param env: an environment of the superuser, as in a webhook.
    """
    partners, company = env["res.partner"], env.ref("base.main_company")

    def core(number):
        return partners.search([("phone_mobile_search", "=", number)], limit=5).ids

    def oca(number):
        # What its softphone asks for at an incoming call; the call itself is not written.
        return env["voip.call"].create_call({"phone_number": number, "type_call": "incoming"})

    return {
        OURS: lambda number: partners._telephony_find(number, company).ids,
        CORE: core,
        OCA: oca,
    }


def measure(env, first, count, seed):
    """Look up numbers of every writing.

    :param env: an environment of the superuser.
    :param dict first: the first identifiers of contacts and leads.
    :param int count: how many contacts there are.
    :param int seed: of the choice of numbers.
    :return dict: writing -> name of the look-up -> figures; `leads` -> figures of ours.
    """
    say("measuring the caller look-up")
    call_class = env.registry["voip.call"]
    with mock.patch.object(call_class, "create", lambda _self, values: _LookedUp(values)):
        result = {
            writing: _measure_writing(env, first, count, position, random.Random(seed + position))
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


def _measure_writing(env, first, count, position, chance):
    rows = _sample(
        (i for i in range(count) if i // 4 % 3 == position), NUMBERS + WARM_UP, chance
    )  # fmt: skip
    contacts = env["res.partner"].browse([first["contacts"] + i for i in rows])
    # From the plan of numbering, not from a stored field that a look-up reads.
    numbers = [(contact.id, contact._phone_format(fname="phone")) for contact in contacts]
    find = finders(env)
    series = {name: Series() for name in find}
    right = dict.fromkeys(find, 0)
    warm_up = min(WARM_UP, len(numbers) // 4)
    orders = itertools.cycle(itertools.permutations(find))
    for turn, (contact_id, number) in enumerate(numbers):
        for name in next(orders):
            seconds, found = _timed(env, find[name], number)
            if turn >= warm_up:
                series[name].add(seconds)
                right[name] += contact_id in found
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
    """Look up callers who are no contact, but have left their number in a lead."""
    rows = _sample(range(1, count // CONTACTS_PER_LEAD, 2), NUMBERS + WARM_UP, chance)
    leads = env["crm.lead"].browse([first["leads"] + j for j in rows])
    numbers = [(lead.id, lead._phone_format(fname="phone")) for lead in leads]
    nobody, company = env["res.partner"], env.ref("base.main_company")
    series, right = Series(), 0

    def find(number):
        return env["telephony.call"]._find_lead(nobody, number, company).ids

    warm_up = min(WARM_UP, len(numbers) // 4)
    for turn, (lead_id, number) in enumerate(numbers):
        seconds, found = _timed(env, find, number)
        if turn >= warm_up:
            series.add(seconds)
            right += lead_id in found
    return {**series.summary(), "recall": round(right / (len(numbers) - warm_up), 4)}
