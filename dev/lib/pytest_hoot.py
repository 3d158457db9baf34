"""pytest plugin: run the Hoot tests whose names match, as `--hoot="silenced|note of"`.

A name is the path of a test: addon, file, groups and sentence. Each screen runs those made for it.
"""

import re
from urllib.parse import quote

import pytest

from places import ADDON

PASSED = re.compile(r"\[HOOT\].* Passed (\d+) tests", re.DOTALL)
#: The number of tests on each screen.
_passed = []


def pytest_addoption(parser):
    """Add the option."""
    parser.addoption("--hoot", metavar="REGEX", default="", help="the names of the tests to run")


def get_filter(names):
    """Return Hoot's own filter for our tests with these names.

    :param str names: a regular expression, in which case does not matter
    """
    return f"/^@{ADDON}/.*(?:{names})/i"


def pytest_collection_modifyitems(config, items):
    """Leave out the tests that run no Hoot tests."""
    others = [item for item in items if not hasattr(item.cls, "_run_hoot")]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


def pytest_collection_finish(session):
    """Select the tests by their names, and count them."""
    if not session.items:
        return
    from odoo.tests.common import ChromeBrowser

    wanted = get_filter(session.config.option.hoot)
    for cls in {item.cls for item in session.items}:
        cls._get_selection = lambda _self: f"filter={quote(wanted, safe='')}"
    handle = ChromeBrowser._handle_console

    def handle_and_count(self, *arguments, args=None, **options):
        words = " ".join(str(part.get("value", "")) for part in args or ())
        _passed.extend(map(int, PASSED.findall(words)))
        return handle(self, *arguments, args=args, **options)

    ChromeBrowser._handle_console = handle_and_count


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """Fail a run without a test: Hoot itself would call it a success."""
    if exitstatus == pytest.ExitCode.OK and not sum(_passed):
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


def pytest_terminal_summary(terminalreporter):
    """Print how many tests have passed."""
    terminalreporter.line(f"Hoot tests: {' + '.join(map(str, _passed)) or 0}")
