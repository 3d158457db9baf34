"""pytest plugin for Odoo's tests: skipped tests and logged errors are failures.

Odoo's own runner counts an unexpected ERROR in the log as a failure; pytest-odoo does not read the
log, and it skips tests that need the HTTP server unless it is requested.
"""

import logging

import pytest


def pytest_addoption(parser, pluginmanager):
    """Load pytest-odoo, which the configuration keeps out of the plain Python tests."""
    pluginmanager.consider_pluginarg("odoo")


class _ErrorCollector(logging.Handler):
    """Keeps records of level ERROR and above.

    Note: ``mute_logger`` and ``assertLogs`` stop the propagation, so expected records do not
    arrive here.
    """

    def __init__(self):
        super().__init__(logging.ERROR)
        self.records = []

    def emit(self, record):
        self.records.append(record)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fail a test that makes Odoo log an error."""
    collector = _ErrorCollector()
    root = logging.getLogger()
    root.addHandler(collector)
    try:
        result = yield
    finally:
        root.removeHandler(collector)
    errors = [record for record in collector.records if record.name.startswith(("odoo", "py.warn"))]
    if errors:
        text = "\n".join(f"{record.name}: {record.getMessage()}" for record in errors)
        pytest.fail(f"Odoo logged errors:\n{text}", pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Turn a skipped test into a failed one."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed: {report.longrepr}"
    return report
