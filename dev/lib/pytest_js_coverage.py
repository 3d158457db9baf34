"""pytest plugin: measure the lines of JavaScript that the Hoot tests reach.

Chromium counts (V8's precise coverage, through its DevTools) while Odoo's own runner is open. The
page requests the bundle in its readable form, in which every file keeps its lines. The report goes
to the terminal, and as `coverage-js.json` to the folder of logs.
"""

import json
from collections import defaultdict

import pytest

import js_lines
from places import ADDON, LOGS, REPO

#: Percent of lines that the tests have to reach.
WANTED = 90
PREFIX = f"/{ADDON}/static/src/"
#: The browser is slower while it counts.
PATIENCE = 4
#: Seconds for an answer that describes the whole web client.
ANSWER = 180
#: Address of a file -> numbers of lines with code, and of those that have run.
_code, _reached = defaultdict(set), defaultdict(set)


def pytest_collection_finish(session):
    """Count in every browser that a test opens."""
    if not session.items:
        return
    from odoo.tests import common

    browser, case = common.ChromeBrowser, common.HttpCase
    navigate, wait, run = browser.navigate_to, browser._wait_code_ok, case.browser_js

    def navigate_and_count(self, url, wait_stop=False):
        self._websocket_request("Profiler.enable")
        self._websocket_request(
            "Profiler.startPreciseCoverage", params={"callCount": True, "detailed": True}
        )
        return navigate(self, url, wait_stop)

    def wait_and_read(self, *arguments, **options):
        try:
            return wait(self, *arguments, **options)
        finally:
            _read(self)

    def run_readable(self, url, *arguments, timeout=60, **options):
        url = url.replace("?", "?debug=assets&", 1)
        return run(self, url, *arguments, timeout=timeout * PATIENCE, **options)

    browser.navigate_to, browser._wait_code_ok = navigate_and_count, wait_and_read
    case.browser_js = run_readable


def _read(browser):
    """Add the counts of one browser."""
    counted = browser._websocket_request("Profiler.takePreciseCoverage", timeout=ANSWER)
    browser._websocket_request("Debugger.enable", timeout=ANSWER)
    for script in counted["result"]:
        if "/web/assets/" not in script["url"]:
            continue
        source = browser._websocket_request(
            "Debugger.getScriptSource", params={"scriptId": script["scriptId"]}, timeout=ANSWER
        )["scriptSource"]
        files = js_lines.parts(source, PREFIX)
        changes = js_lines.unreached(script["functions"]) if files else None
        for name, span in files.items():
            code, reached = js_lines.lines(source, span, changes)
            _code[name] |= code
            _reached[name] |= reached


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    """Print the share of each file, the least first, and one figure for all."""
    files = {f"/{ADDON}/{path.relative_to(REPO)}" for path in (REPO / "static/src").rglob("*.js")}
    rows = sorted((100 * len(_reached[name]) / max(len(_code[name]), 1), name) for name in files)
    report = {
        name: {"lines": len(_code[name]), "missing": sorted(_code[name] - _reached[name])}
        for _share, name in rows
    }
    (LOGS / "coverage-js.json").write_text(json.dumps(report, indent=1))
    terminalreporter.section("lines of JavaScript reached")
    for share, name in rows:
        if share < 100:
            missing = " ".join(map(str, report[name]["missing"][:20]))
            terminalreporter.line(f"{share:6.1f} %  {name.removeprefix(PREFIX)}  {missing}")
    lines = sum(len(found) for found in _code.values())
    total = 100 * sum(len(found) for found in _reached.values()) / max(lines, 1)
    terminalreporter.line(f"JavaScript: {total:.1f} % of {lines} lines of the addon are reached")
    if total < WANTED:
        terminalreporter.line(f"wanted are {WANTED} %")
