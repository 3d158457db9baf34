"""The addon of docs/integrate.md: built from the page, installed, and tested by Odoo."""

import os
import re
import socket
from pathlib import Path

import pytest

import database
import places

PAGE = places.REPO / "docs/integrate.md"
NAME = "crm_telephony_example"
HERE = Path(__file__).resolve().parent
#: The name of a file, or the code of something, and the snippet.
SNIPPET = re.compile(r"^(?:`([\w./]+)`|(Code of the \w+)):\n\n```\w+\n(.*?)^```$", re.M | re.S)
#: The JavaScript of the page, which the tests of the web client run.
SCRIPTS = places.REPO / "static/tests/integrate"


def get_snippets():
    """Return the snippets of the page by the names of their files or purposes."""
    found = SNIPPET.findall(PAGE.read_text(encoding="utf-8"))
    return {name or purpose: code for name, purpose, code in found}


@pytest.fixture
def example(tmp_path):
    """Return a folder with the addon, and the tests of what the page promises."""
    folder = tmp_path / NAME
    for name, code in get_snippets().items():
        if "." in name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(code, encoding="utf-8")
    (folder / "tests").mkdir()
    (folder / "tests/__init__.py").write_text("from . import test_example\n")
    tests = (HERE / "example_tests.py").read_text(encoding="utf-8")
    for purpose in ("rule", "program"):
        tests += f"CODE_OF_THE_{purpose.upper()} = {get_snippets()[f'Code of the {purpose}']!r}\n"
    (folder / "tests/test_example.py").write_text(tests, encoding="utf-8")
    return tmp_path


def test_every_snippet_is_tested():
    """No block of code of the page is left out, and no script differs from the one that is run."""
    snippets = get_snippets()
    assert len(snippets) == PAGE.read_text(encoding="utf-8").count("```") / 2
    scripts = {name: code for name, code in snippets.items() if name.endswith(".js")}
    assert scripts == {
        f"static/src/{path.name}": path.read_text(encoding="utf-8")
        for path in SCRIPTS.glob("*.js")
        if path.name not in ("examples.js", "integrate.test.js")
    }


@pytest.mark.timeout(900)
def test_addon_of_the_page_works(example):
    """The addon is installed without a warning, and its tests succeed."""
    name, log = f"telephony_example_{os.getpid()}", "package-example.log"
    with database.building():
        database.copy(database.ensure_template(), name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        database.run_odoo(
            name,
            *("-i", NAME, f"--test-tags=/{NAME}", f"--http-port={port}", "--max-cron-threads=0"),
            log=log,
            addons_path=f"{get_addons_path()},{example}",
        )
        assert database.log_problems(log) == []
        text = (places.LOGS / log).read_text(encoding="utf-8")
        count = len(re.findall(r"^    def test_", (HERE / "example_tests.py").read_text(), re.M))
        assert re.search(rf"0 failed, 0 error\(s\) of {count} tests", text)
    finally:
        database.drop(name)


def get_addons_path():
    return re.search(r"^addons_path = (.*)$", places.CONF.read_text(), re.M)[1]
