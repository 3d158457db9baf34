"""The tools that run single tests, and the emulator as an independent program."""

import ast
import re
import textwrap

import pytest

import database
import places
import pytest_hoot
import test as runner

EMULATOR = places.REPO / "dev/twilio_emulator"


def declarations(source):
    """Return the declarations of a Python module that affect an update of a database."""
    return database._declarations(textwrap.dedent(source))


MODULE = """
    class Call(models.Model):
        _name = "telephony.call"
        state = fields.Char(help="Where it is")

        @api.depends("state")
        def _compute_name(self):
            self.name = self.state
"""


def test_other_method_body_keeps_database():
    assert declarations(MODULE) == declarations(MODULE.replace("= self.state", "= 'a'"))


@pytest.mark.parametrize(("old", "new"), [("Char", "Text"), ("Where", "What"), ('("state")', "()")])
def test_other_declaration_updates_database(old, new):
    assert declarations(MODULE) != declarations(MODULE.replace(old, new))


def test_options_without_path_run_the_whole_part():
    assert runner.with_default(["-k", "call"], "default") == ["-k", "call", "default"]


def test_word_that_is_also_a_folder_is_no_path(monkeypatch):
    monkeypatch.chdir(places.REPO)
    assert runner.with_default(["-k", "docs"], "default") == ["-k", "docs", "default"]


def test_path_replaces_the_whole_part(monkeypatch):
    monkeypatch.chdir(places.REPO)
    path = f"{places.ADDONS}/tests/routing/test_flow.py::TestFlow::test_menu"
    options = ["tests/routing/test_flow.py::TestFlow::test_menu", "-x"]
    assert runner.with_default(options, "default", root=places.ADDONS) == [path, "-x"]
    # Plain tests run in another folder than the user's.
    file = str(places.REPO / "dev/unit/test_tools.py")
    assert runner.with_default([file], "default") == [file]


def test_words_for_hoot_are_no_words_for_pytest():
    hoot = ["-p", "pytest_hoot", "--hoot=note of"]
    assert runner.hoot_options(["-x", "-k", "note of", "-s"]) == ["-x", *hoot, "-s"]
    assert runner.hoot_options(["-s"]) == ["-s"]


@pytest.mark.parametrize(("names", "is_found"), [("silenced|other", True), ("other", False)])
def test_hoot_finds_its_tests_by_words_of_their_name(names, is_found):
    [pattern] = re.findall("^/(.*)/i$", pytest_hoot.get_filter(names))
    name = "@crm_telephony/features/call/A Silenced call waits"
    assert bool(re.search(pattern, name, re.I)) is is_found
    assert not re.search(pattern, name.replace("@crm_telephony", "@mail"), re.I)


def test_options_belong_to_one_part():
    assert runner.split(["odoo", "--", "-k", "call"]) == (["odoo"], ["-k", "call"])
    assert runner.split(["unit", "odoo"]) == (["unit", "odoo"], [])
    for wrong in (
        ["--", "-k", "call"],
        ["unit", "odoo", "--", "-x"],
        ["lint", "--", "-x"],
        ["odoo", "--"],
    ):
        with pytest.raises(SystemExit):
            runner.split(wrong)


def test_installed_emulator_is_complete():
    """The distribution of the emulator has all its packages, and requires all their imports."""
    project = (EMULATOR / "pyproject.toml").read_text(encoding="utf-8")
    listed = set(re.findall(r'^    "(twilio_emulator[.\w]*)",$', project, re.MULTILINE))
    required = {name.lower() for name in re.findall(r'^    "([\w-]+)>=', project, re.MULTILINE)}
    packages, imported = set(), set()
    for path in EMULATOR.rglob("*.py"):
        inside = path.relative_to(EMULATOR)
        if inside.parts[0] in ("tests", "build"):
            continue
        packages.add(".".join(["twilio_emulator", *inside.parts[:-1]]))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    foreign = imported - runner.sys.stdlib_module_names
    names = {"jwt": "pyjwt", "openapi_core": "openapi-core"}
    assert listed == packages
    assert {names.get(name, name) for name in foreign} == required
