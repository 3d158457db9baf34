"""Fixtures of the end-to-end stories: one emulator, one Odoo server, a browser for each agent."""

import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "lib")]

from harness import agent_browser, places  # noqa: E402
from harness.agent_browser import AgentBrowser, new_context  # noqa: E402
from harness.odoo_server import Numbers, OdooServer  # noqa: E402
from harness.people import Arrangement  # noqa: E402
from harness.server_fixtures import server_fixtures  # noqa: E402
from harness.sound_server import SoundServer  # noqa: E402

expect.set_options(timeout=25_000)
#: Hz of each agent's microphone.
MICROPHONES = {"admin": 550, "demo": 650}
_report_key = pytest.StashKey()
_lost_races_key = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep the outcome of the story for the fixtures."""
    report = yield
    if report.when == "call":
        item.stash[_report_key] = report.failed
    return report


def pytest_terminal_summary(terminalreporter, config):
    """Print the lost races: no call suffers from one, but the gate is there to prevent them."""
    races = config.stash.get(_lost_races_key, [])
    terminalreporter.write_line(f"Lost races of our transactions, repeated: {len(races)}")
    for story, entry in races:
        terminalreporter.write_line(f"{story}: {entry}")


@pytest.fixture(scope="session")
def sounds(tmp_path_factory):
    """Run a web server with sounds at https addresses, which the emulator can fetch."""
    server = SoundServer(tmp_path_factory.mktemp("sounds"))
    yield server
    server.stop()


emulator, server, admin, sessions, profiles = server_fixtures(
    OdooServer, list(MICROPHONES), log="e2e-emulator", scope="session"
)


@pytest.fixture(scope="session")
def playwright():
    """Run the browser driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browsers(playwright):
    """Start one Chromium process per microphone, when it is first needed."""
    running = {}

    def get(hz):
        if hz not in running:
            running[hz] = agent_browser.launch(playwright, hz)
        return running[hz]

    yield get
    for browser in running.values():
        browser.close()


@pytest.fixture(scope="session")
def numbers():
    """Return unused telephone numbers."""
    return Numbers()


@pytest.fixture
def world(request, server, emulator, admin, sessions):
    """Prepare a story's surroundings, and check for problems after it."""
    emulator.begin()
    for rpc in sessions.values():
        rpc.call("telephony.agent", "set_status", "offline")
    world = World(request.node.name, server, emulator, admin)
    start = server.program.size()
    yield world
    failed = request.node.stash.get(_report_key, False)
    if failed:
        world.keep_evidence()
    try:
        world.close_browsers()
        emulator.finish()
        server.settle(admin)
    finally:
        # An open page would report that its user was archived.
        world.arrangement.undo()
    races = request.config.stash.setdefault(_lost_races_key, [])
    races += [(request.node.name, entry) for entry in server.lost_races(start)]
    problems = (
        [f"{a.name}'s browser: {e}" for a in world.agents for e in a.unexpected_errors()]
        + [f"emulator: {e}" for e in emulator.problems()]
        + [f"Odoo: {e}" for e in server.problems(start) if not world.is_expected(e)]
    )
    assert not problems, "\n".join(problems)


class World:
    """The surroundings of one story."""

    def __init__(self, name, server, emulator, admin):
        self.name, self.server, self.emulator, self.admin = name, server, emulator, admin
        self.agents, self.fresh_profiles, self._expected = [], [], []
        self.arrangement = Arrangement(self)

    def expect_log(self, words):
        """Declare an error of Odoo's log that this story provokes."""
        self._expected.append(words)

    def is_expected(self, entry):
        """Return whether a story has declared this entry of the log."""
        return any(words in entry for words in self._expected)

    def keep_evidence(self):
        """Save screenshots and consoles of a failed story."""
        places.ARTIFACTS.mkdir(parents=True, exist_ok=True)
        for agent in self.agents:
            agent_browser.write_console(agent, self.name)
            for number, page in enumerate(agent.context.pages):
                path = places.ARTIFACTS / f"failed-{self.name}-{agent.name}-{number}.png"
                page.screenshot(path=path)

    def close_browsers(self):
        """Close all open browsers."""
        for agent in self.agents:
            agent.close()
        for context in self.fresh_profiles:
            context.close()


@pytest.fixture
def agent(world, browsers, profiles, sessions):
    """Return a factory of agents at their browsers: `agent("admin")`.

    With options the profile is new and unused. With `first_use` the softphone begins with the steps
    of the first use.
    """

    def make(login="admin", rpc=None, hz=None, first_use=False, **options):
        rpc = rpc or sessions[login]
        if not first_use:
            rpc.call("telephony.agent", "finish_set_up")
        tone = MICROPHONES.get(login, 750) if hz is None else hz
        if options:
            options.pop("fresh", None)
            context = new_context(browsers(tone), world.server, rpc, **options)
            world.fresh_profiles.append(context)
        else:
            context = profiles(rpc, tone)
        person = AgentBrowser(context, world.server, rpc, tone)
        world.agents.append(person)
        return person

    return make


class Customer:
    """A contact with a telephone number of its own."""

    def __init__(self, record_id, name, number, written, company):
        self.id, self.name, self.number, self.written = record_id, name, number, written
        self.company = company


@pytest.fixture
def customers(world, numbers):
    """Return a factory of contacts: `customers("Anna Peeters")`."""
    country = world.admin.ref("base.be")

    def make(name, company="Brabant Office Supplies"):
        number, written = numbers()
        parent = world.admin.create("res.partner", name=company, is_company=True)
        record_id = world.admin.create(
            "res.partner", name=name, phone=written, country_id=country, parent_id=parent
        )
        world.arrangement.temporary("res.partner", record_id, parent)
        return Customer(record_id, name, number, written, company)

    return make


@pytest.fixture
def arrange(world):
    """Return the set-up of a story; it is restored afterwards."""
    return world.arrangement
