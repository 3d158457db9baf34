"""Cost of the softphone in the browser: start, panel, live lists, the keypad's search."""

import random
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

from playwright.sync_api import expect, sync_playwright

from bench_lib import pictures
from bench_lib.figures import Series, ratio
from bench_lib.report import figures_table, goal, table
from bench_lib.stage import SUPPORT, Stage
from harness.agent_browser import AgentBrowser, launch, new_context
from places import say

SCRIPT = Path(__file__).with_name("softphone.js")
# A list, because cards would be measured with eighty pictures.
PAGE, READY = "/odoo/contacts?view_type=list", ".o_data_row, .o_kanban_record"
WINDOW = ".o_telephony_softphone .o_telephony_status"
PHONE, OTHER = "phone user", "other user"
#: Rounds of a run, and of a quick one; rows of each live list; seconds and updates a second of it.
ROUNDS, QUICK, ROWS, UPDATING, PACE = 8, 3, 200, 10, 10
#: Text typed into the keypad; from the second key on, each key searches.
TERMS = ("Person 765", "Company 12", "0471 23 4", "+32 471 5")
#: The softphone's own wait after a key, milliseconds: `SEARCH_DELAY` in contact_search.js.
DEBOUNCE = 250
#: Maximum time of a task of the page, milliseconds.
TASK_MS = 50.0


def _start(browser, site, person, warm):
    """Open the web client. Return seconds and bytes of the cold, and of the warm start."""
    context = new_context(browser, site, person)
    page = context.new_page()
    session, received = context.new_cdp_session(page), []
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    found = []
    for _turn in range(1 + warm):
        received.clear()
        started = time.perf_counter()
        page.goto(PAGE, wait_until="domcontentloaded")
        page.wait_for_selector(READY, timeout=60_000)
        seconds = time.perf_counter() - started
        # Requests after the page can be used belong to the start, too.
        page.wait_for_timeout(1500)
        found.append((seconds, sum(received), len(received)))
    context.close()
    return found


def _measure_start(browser, site, people, rounds):
    result = {}
    for turn in range(rounds + 1):
        for kind, person in people.items():
            found = _start(browser, site, person, warm=1)
            if turn == 0:
                # The server has filled its caches.
                continue
            for cache, (seconds, size, requests) in zip(("cold", "warm"), found, strict=True):
                one = result.setdefault(cache, {}).setdefault(
                    kind, {"series": Series(), "bytes": size, "requests": requests}
                )
                one["series"].add(seconds)
                one["bytes"], one["requests"] = size, requests
    for kinds in result.values():
        kinds[PHONE]["times_other"] = ratio(kinds[PHONE]["series"], kinds[OTHER]["series"])
        for one in kinds.values():
            one.update(one.pop("series").summary())
    return result


def _measure_panel(agent, rounds):
    """Return the times of the first opening after a start, and of later ones."""
    first, later = Series(), Series()
    for _turn in range(rounds):
        page = agent.open()
        page.evaluate(SCRIPT.read_text())
        for series in (first, later, later, later):
            milliseconds = page.evaluate(
                "([a, b]) => bench.open(a, b)", [".o_telephony_systray", WINDOW]
            )
            series.add(milliseconds / 1000)
            page.locator(".o_telephony_softphone .o_telephony_close").click()
            page.locator(".o_telephony_softphone").wait_for(state="detached")
    return {"first time": first.summary(), "later": later.summary()}


class _Traffic(threading.Thread):
    """Calls that change all the time, as a busy day announces them to every page."""

    def __init__(self, stage, ids, seed):
        super().__init__(daemon=True)
        self.stage, self.ids, self.chance, self.told = stage, ids, random.Random(seed), 0

    def run(self):
        """Announce changes, evenly."""
        end = time.monotonic() + UPDATING
        while time.monotonic() < end:
            started = time.monotonic()
            with self.stage.env() as env:
                call = env["telephony.call"].browse(self.chance.choice(self.ids))
                leg = call._get_customer_leg()
                leg.on_hold = not leg.on_hold
                if self.chance.random() < 0.3:
                    # It moves to the end of its list.
                    call.started_at = datetime.now(timezone.utc).replace(tzinfo=None)
                call._notify_live()
            self.told += 1
            time.sleep(max(0, 1 / PACE - (time.monotonic() - started)))


def _make_live_calls(stage, people):
    """Write waiting calls, and calls in conversation. Return their identifiers by list."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    with stage.env() as env:
        line = env["telephony.queue"].create({"name": "Long line"})
        number = env["telephony.number"].search([("number", "=", SUPPORT)])

        def values(position, **more):
            caller, at = f"+32471{300000 + position:06d}", now - timedelta(seconds=position)
            return {
                "account_id": number.account_id.id,
                "direction": "incoming",
                "number_id": number.id,
                "from_number": caller,
                "to_number": number.number,
                "customer_number": caller,
                "started_at": at,
                "queue_id": line.id,
                "queued_at": at,
                **more,
                "leg_ids": [
                    (
                        0,
                        0,
                        {
                            "account_id": number.account_id.id,
                            "role": "customer",
                            "number": caller,
                            "label": "customer",
                            "provider_leg_id": f"CA{position:032x}",
                            "status": "in_progress",
                        },
                    )
                ],
            }

        calls = env["telephony.call"]
        waiting = calls.create([values(i, state="queued") for i in range(ROWS)])
        talking = calls.create(
            [
                values(
                    ROWS + i,
                    state="in_progress",
                    user_id=people[i % len(people)].user,
                    answered_at=now,
                )
                for i in range(ROWS)
            ]
        )
        return {"queue": waiting.ids, "live": talking.ids}


def _measure_lists(stage, agent, lists, seed):
    result = {}
    # A tab that has shown the window opens it by itself, and a click would close it again.
    page = agent.new_tab()
    page.evaluate(SCRIPT.read_text())
    page.evaluate("([a, b]) => bench.open(a, b)", [".o_telephony_systray", WINDOW])
    rows = {"queue": ".o_telephony_queue_row", "live": ".o_telephony_live_row"}
    for name, ids in lists.items():
        page.locator(f".o_telephony_tab_{name}").click()
        first = page.locator(rows[name]).first
        expect(first).to_have_attribute("aria-setsize", str(ROWS))
        page.wait_for_timeout(2000)
        page.evaluate("bench.watch()")
        page.wait_for_timeout(3000)
        quiet = page.evaluate("bench.tasks.length")
        page.evaluate("bench.watch()")
        traffic = _Traffic(stage, ids, seed)
        traffic.start()
        page.wait_for_timeout(UPDATING * 1000 + 1000)
        traffic.join(30)
        tasks = page.evaluate("bench.tasks")
        result[name] = {
            "rows": int(first.get_attribute("aria-setsize")),
            "drawn": page.locator(rows[name]).count(),
            "updates": traffic.told,
            "changes": page.evaluate("bench.changes"),
            "long_tasks": len(tasks),
            "longest_ms": round(max(tasks, default=0)),
            "long_tasks_before": quiet,
            "floor_ms": round(page.evaluate("bench.floor()"), 1),
        }
    return result


def _measure_keypad(agent, rounds):
    page = agent.open()
    page.evaluate(SCRIPT.read_text())
    page.evaluate("([a, b]) => bench.open(a, b)", [".o_telephony_systray", WINDOW])
    field = page.locator(".o_telephony_number_input")
    result = {}
    for _turn in range(min(rounds, 3)):
        for term in TERMS:
            field.fill("")
            field.press(term[0])
            for key in term[1:]:
                page.evaluate("bench.listen()")
                page.keyboard.press("Space" if key == " " else key)
                if key == " ":
                    # The same words: every search is a repeated one.
                    page.wait_for_timeout(DEBOUNCE + 300)
                    continue
                took = page.evaluate("bench.found()")
                for what, ms in (("shown", took["total"]), ("server", took["server"])):
                    result.setdefault(f"“{term}”: {what}", Series()).add(ms / 1000)
                    result.setdefault(f"all: {what}", Series()).add(ms / 1000)
    return {name: series.summary() for name, series in result.items()}


def _bundle_share(stage):
    """Return the bytes of scripts and templates in every page: ours, and all."""
    with stage.env() as env:
        bundle = env["ir.qweb"]._get_asset_bundle("web.assets_web", css=True, js=True)
        files = [(asset.url or "", len(asset.content.encode())) for asset in bundle.javascripts]
        files += [(asset.url or "", len(asset.content.encode())) for asset in bundle.templates]
    ours = sum(size for url, size in files if "/crm_telephony/" in url)
    return {"ours": ours, "all": sum(size for _url, size in files)}


def measure(setting):
    """Measure in a real browser, with one threaded server.

    :return dict: figures by measured quantity, and `problems`.
    """
    rounds = QUICK if setting.options.quick else ROUNDS
    with Stage(setting, pages=True) as stage, sync_playwright() as playwright:
        [port] = stage.ports(1)
        stage.connect(port)
        [person] = stage.make_people(1, "Phoning")
        [other] = stage.make_people(1, "Other", status=None)
        with stage.serve(port, log="bench-softphone") as server:
            browser = launch(playwright, 550)
            site = SimpleNamespace(url=f"http://localhost:{port}")
            say("measuring the web client's start, with a telephone and without")
            start = _measure_start(browser, site, {PHONE: person, OTHER: other}, rounds)
            agent = AgentBrowser(new_context(browser, site, person), site, person)
            say("measuring panel, keypad and live lists")
            panel = _measure_panel(agent, rounds)
            keypad = _measure_keypad(agent, rounds)
            # Not the user's own calls, which would take the place of the lists.
            calls = _make_live_calls(stage, stage.make_people(5, "Colleague"))
            lists = _measure_lists(stage, agent, calls, setting.options.seed)
            browser.close()
            problems = [f"softphone: {text}" for text in server.problems()]
            problems += [f"softphone: {text}" for text in agent.unexpected_errors()]
        return {
            "start": start,
            "bundle": _bundle_share(stage),
            "panel": panel,
            "lists": lists,
            "keypad": keypad,
            "problems": problems,
        }


def goals(result):
    """Return the goals of the softphone."""
    return [
        goal(
            f"softphone: tasks over {TASK_MS:g} ms while {one['rows']} rows change ({name})",
            one["long_tasks"],
            "==",
            0,
            f"the longest took {one['longest_ms']} ms, of which {one['floor_ms']} ms are what any "
            "element that comes costs in this page, an empty one, too; "
            f"{one['long_tasks_before']} in 3 s without any change",
        )
        for name, one in result["lists"].items()
    ]


def markdown(result, where):
    """Return the paragraphs of the softphone."""
    start, bundle = result["start"], result["bundle"]
    rows, added = [], []
    for cache, kinds in start.items():
        rows += [
            [
                f"{cache}, {kind}",
                one.get("times_other", ""),
                one["median_ms"],
                one["p95_ms"],
                f"{one['bytes'] / 1024:.0f}",
                one["requests"],
            ]
            for kind, one in kinds.items()
        ]
        more = kinds[PHONE]["bytes"] - kinds[OTHER]["bytes"]
        time_more = kinds[PHONE]["median_ms"] - kinds[OTHER]["median_ms"]
        added.append(f"{cache}: {more / 1024:+.1f} KiB and {time_more:+.0f} ms")
    return [
        "## Softphone",
        (
            "Headless Chromium, a list of contacts; from the address until the rows are there. "
            "Everything that was received until 1.5 s later is counted, as it came from Odoo, "
            "which does not compress (a proxy does). Cold is a profile without a cache."
        ),
        table(["Start", "Times other", "Median", "p95", "KiB", "Requests"], rows),
        (
            f"The telephone adds, for its users: {'; '.join(added)}. In the scripts of everybody's "
            f"page it has {bundle['ours'] / 1024:.0f} KiB of {bundle['all'] / 1024:.0f} KiB before "
            f"they are made smaller ({bundle['ours'] / bundle['all']:.1%})."
        ),
        figures_table("Panel opens", result["panel"]),
        table(
            [
                "Live list",
                "Rows",
                "In the page",
                "Updates",
                "Changes on the screen",
                "Tasks over 50 ms",
                "Longest",
                "One empty element, ms",
                "Before, in 3 s",
            ],
            [
                [
                    name,
                    one["rows"],
                    one["drawn"],
                    one["updates"],
                    one["changes"],
                    one["long_tasks"],
                    one["longest_ms"],
                    one["floor_ms"],
                    one["long_tasks_before"],
                ]
                for name, one in result["lists"].items()
            ],
        ),
        (
            f"The keypad searches {where['contacts']:,} contacts. *Shown* is from the key until "
            f"the list is on the screen, with the {DEBOUNCE} ms that the field waits for another "
            "key; *server* is the request alone."
        ),
        figures_table("Key", result["keypad"]),
        "![Keypad](keypad.svg)",
    ]


def plots(result):
    """Return the picture of the keypad's search."""
    rows = [(name, round(one["median_ms"])) for name, one in result["keypad"].items()]
    return {"keypad.svg": pictures.bars("Keypad: median for each key", rows, "ms")}
