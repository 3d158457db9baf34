"""Measure the time from *Answer* to mutual sound, and from *Call* to ringing."""

import time
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import expect, sync_playwright

from bench_lib import pictures
from bench_lib.delay import Network
from bench_lib.figures import Series
from bench_lib.nginx import Nginx
from bench_lib.report import figures_table, goal
from bench_lib.stage import SALES, Stage
from harness.agent_browser import AgentBrowser, launch, new_context
from harness.emulator import CUSTOMER
from harness.pages import Softphone
from harness.polling import NotYet, until
from places import LOGS, say

SCRIPT = Path(__file__).with_name("answer.js")
MICROPHONE = 550
#: The goal, milliseconds; rounds of a run, and of a quick one.
LIMIT_MS, ROUNDS, QUICK = 1000.0, 20, 6
PATIENCE = 40.0
BOTH = "both hear each other"
ANSWER_STEPS = (
    "accepted by Odoo",
    "browser reaches the carrier",
    "Odoo lets the browser in",
    "Odoo asks for the caller",
    "caller is fetched",
    "caller's next step known",
    BOTH,
)
CALL_STEPS = (
    "call written by Odoo",
    "browser reaches the carrier",
    "Odoo lets the browser in",
    "Odoo asks for the customer",
    "the telephone rings",
)


class Acts:
    """One agent at a browser, behind a slow network.

    :param Stage stage: the surroundings.
    :param Softphone phone: the softphone on the page.
    """

    def __init__(self, stage, phone):
        self.stage, self.emulator = stage, stage.emulator
        self.phone, self.page, self.script = phone, phone.page, SCRIPT.read_text()
        self.number = 0

    def _next_number(self):
        self.number += 1
        return f"+32471{200000 + self.number:06d}"

    def _watch(self, button, rpc, hz):
        # A function would be called at once.
        self.page.evaluate(f"{self.script}; undefined")
        self.page.evaluate(
            "(values) => window.benchWatch(values)", {"button": button, "rpc": rpc, "hz": hz}
        )
        self.since = time.time()

    def _moments(self, *names):
        def there():
            moments = self.page.evaluate("window.benchMoments")
            return moments if all(name in moments for name in names) else None

        found = until(there, f"the page knows when it {names}", PATIENCE)
        return {name: at / 1000 for name, at in found.items()}

    def _log(self, name):
        """Return requests since the beginning as address, begin and end."""
        found = []
        for entry in self.emulator.get(name):
            at, length = datetime.fromisoformat(entry["at"]).timestamp(), entry["duration"]
            # A request is logged when it comes, a webhook when it is answered.
            begin = at if name == "requests" else at - length
            if begin > self.since - 0.05:
                found.append((entry.get("url") or entry["path"], begin, begin + length))
        return found

    def _find(self, name, *words):
        """Wait until a request is over; return its begin and end."""
        # The telephone may ring before the answer to the webhook has come back.
        return until(
            lambda: next(
                (
                    (begin, end)
                    for url, begin, end in self._log(name)
                    if any(word in url for word in words)
                ),
                None,
            ),
            f"{name}: {words[0]}",
            PATIENCE,
        )

    def answer(self):
        """Answer a call. Return the times, the click first."""
        telephone = self.emulator.calls_us(self._next_number(), SALES, CUSTOMER)
        self.phone.rings()
        telephone.in_queue()
        time.sleep(0.5)
        self._watch(".o_telephony_accept", "/telephony.call/accept", CUSTOMER)
        self.phone.accept_button.click()

        def heard():
            peaks = self.emulator.get(f"calls/{telephone.sid}")["hears"]["peaks"]
            return time.time() if any(abs(hz - MICROPHONE) < 20 for hz in peaks) else None

        customer = until(heard, "the customer hears the phone user", PATIENCE)
        page = self._moments("click", "answered", "heard")
        client = self._find("webhooks", "/twilio/client")
        update = self._find("requests", "/Members/")
        join = self._find("webhooks", "/twilio/join")
        self._end(telephone)
        return [
            page["click"],
            page["answered"],
            *client,
            *update,
            join[1],
            max(customer, page["heard"]),
        ]

    def call(self):
        """Place a call. Return the times, the click first."""
        number = self._next_number()
        self.phone.open().type_number(number)
        self._watch(".o_telephony_call_button", "/telephony.call/dial", 0)
        self.phone.call_button.click()

        def ringing():
            legs = self.emulator.live(to=number, kind="pstn", status="ringing")
            return (time.time(), legs[0]["sid"]) if legs else None

        at, sid = until(ringing, "the customer's telephone rings", PATIENCE)
        page = self._moments("click", "answered")
        client = self._find("webhooks", "/twilio/client")
        request = self._find("requests", "/Participants")
        self.emulator.post(f"calls/{sid}/reject", status="busy")
        self._end(None)
        return [page["click"], page["answered"], *client, request[0], at]

    def _end(self, telephone):
        if telephone:
            telephone.hang_up()
        self.phone.has_ended()
        self.phone.done()
        until(lambda: not self.emulator.get("calls?live=1"), "nobody is on the telephone")
        # Late effects of a call's end must not affect the next one.
        time.sleep(0.5)


def _measure_acts(acts, rounds, problems):
    """Repeat each act several times, in turns; the first time of each is kept apart."""
    kinds = {"answer": (acts.answer, ANSWER_STEPS), "call": (acts.call, CALL_STEPS)}
    result = {}
    for turn in range(rounds + 1):
        for kind, (act, steps) in kinds.items():
            try:
                moments = act()
            except (NotYet, BrowserError, AssertionError) as error:
                problems.append(f"{kind}, round {turn}: {error!r:.300}")
                # The page may show any view now.
                return result
            into = result.setdefault(kind, {"first_ms": None, "total": Series(), "steps": {}})
            if turn == 0:
                into["first_ms"] = round((moments[-1] - moments[0]) * 1000)
                continue
            into["total"].add(moments[-1] - moments[0])
            for step, start, end in zip(steps, moments, moments[1:], strict=False):
                # Parallel steps may end in another order.
                into["steps"].setdefault(step, Series()).add(max(0.0, end - start))
    return result


def measure(setting):
    """Measure with a real browser, behind the slow network.

    :return dict: `answer` and `call`: figures of the whole and of each step; `problems`.
    """
    delay, problems = setting.options.delay, []
    rounds = QUICK if setting.options.quick else ROUNDS
    with Stage(setting, pages=True) as stage, sync_playwright() as playwright:
        server_port, proxy, *outside = stage.ports(5)
        page, hook, provider = outside
        targets = {page: proxy, hook: proxy, provider: stage.emulator.port}
        with Network(delay, targets):
            stage.connect(hook, provider)
            [person] = stage.make_people(1, "Answering")
            stage.route(SALES, kind="ring", agent_ids=[(6, 0, [person.agent])], ring_seconds=60)
            with (
                stage.serve(server_port, log="bench-answer") as server,
                Nginx({proxy: [server]}),
            ):
                expect.set_options(timeout=PATIENCE * 1000)
                say(f"measuring how long answering and calling take, {rounds} times each")
                browser = launch(playwright, MICROPHONE)
                site = SimpleNamespace(url=f"http://localhost:{page}")
                agent = AgentBrowser(new_context(browser, site, person), site, person, MICROPHONE)
                agent.open()
                phone = Softphone(agent).open()
                result = _measure_acts(Acts(stage, phone), rounds, problems)
                if problems:
                    agent.page.screenshot(path=LOGS / "bench-answer.png")
                browser.close()
                problems += [f"answer: {text}" for text in server.problems()]
    for one in result.values():
        one["total"] = one["total"].summary() if one["total"].times else None
        one["steps"] = {name: series.summary() for name, series in one["steps"].items()}
    return {"acts": result, "delay_ms": delay, "problems": problems}


def _slowest(act):
    name = max(act["steps"], key=lambda step: act["steps"][step]["median_ms"])
    return f"the longest step is “{name}” with {act['steps'][name]['median_ms']:.0f} ms"


def goals(result):
    """Return the goals of answering and calling."""
    names = {
        "answer": "answer: click until both hear each other, median, ms",
        "call": "call: click until it rings there, median, ms",
    }
    return [
        goal(names[kind], act["total"]["median_ms"], "<=", LIMIT_MS, _slowest(act))
        for kind, act in result["acts"].items()
        if act["total"]
    ]


def markdown(result, _where):
    """Return the paragraphs of answering and calling."""
    parts = [
        "## Answering and calling",
        (
            "A real browser with the Voice SDK and sound, behind a network that delays every "
            f"byte by {result['delay_ms']:g} ms in each direction (a round trip is twice that): a "
            "relay of our own between browser and nginx, browser and carrier (signalling), Odoo "
            "and carrier (REST), carrier and nginx (webhooks). A new connection costs a round "
            "trip more, as TCP's handshake does; browsers keep theirs, the carrier makes one for "
            "each webhook. There is no TLS. Sound goes directly. The carrier is the emulator, "
            "whose own work and whose meters (half a second of sound, looked at every 0.1 s) are "
            "counted in; a real carrier's are not known. The first time, which loads the SDK, is "
            "apart. Steps follow one another; each is from the end of the one before."
        ),
    ]
    titles = {"answer": "Answer", "call": "Call"}
    for kind, act in result["acts"].items():
        if act["total"]:
            rows = {**act["steps"], "**all**": act["total"]}
            parts += [
                figures_table(titles[kind], rows),
                f"The first time: {act['first_ms']} ms.",
                f"![{titles[kind]}]({kind}.svg)",
            ]
    return parts


def plots(result):
    """Return the pictures of the steps."""
    pictured = {}
    for kind, act in result["acts"].items():
        at, rows = 0.0, []
        for name, one in act["steps"].items():
            rows.append((name, round(at), round(at + one["median_ms"])))
            at += one["median_ms"]
        title = f"{kind.title()}: medians of the steps"
        pictured[f"{kind}.svg"] = pictures.bars(title, rows, "ms", LIMIT_MS)
    return pictured
