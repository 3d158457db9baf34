"""pytest plugin: measure the lines of the addon that the Odoo tests reach.

Coverage has to begin before Odoo imports the addon, and end after the last test. The report goes
to the terminal, and as `coverage.json` to the folder of logs.
"""

import coverage
import pytest

from places import ADDON, ADDONS, LOGS, REPO

#: Percent of lines that the tests have to reach.
WANTED = 90
_measured = coverage.Coverage(
    source=[str((ADDONS / ADDON).resolve())],
    data_file=None,
    config_file=str(REPO / "pyproject.toml"),
)
_measured.start()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    """Print the share of each file, the least first."""
    _measured.stop()
    _measured.json_report(outfile=str(LOGS / "coverage.json"))
    terminalreporter.section("lines reached")
    total = _measured.report(file=terminalreporter._tw)
    terminalreporter.line(f"Python: {total:.1f} % of the lines of the addon are reached")
    if total < WANTED:
        terminalreporter.line(f"wanted are {WANTED} %")
