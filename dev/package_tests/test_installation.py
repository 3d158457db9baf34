"""Odoo installs the addon from every form, serves its files, and explains a wrong folder."""

import os
import re
import shutil
from contextlib import contextmanager

import pytest
import requests

import database
import places
from harness.places import free_ports
from harness.polling import until
from harness.processes import Program
from life import addons_path, new_database

# Odoo installs the addon several times here, on a machine that may be busy.
pytestmark = pytest.mark.timeout(1800)
INSTALL_SECONDS = 600
PAGE = (places.REPO / "docs/installation.md").read_text(encoding="utf-8")
SDK = "static/lib/twilio-voice-sdk/twilio.min.js"
#: Install the addon the way the Apps screen does it, and print the refusal.
_INSTALL = """
from odoo.exceptions import UserError

modules = env["ir.module.module"]
modules.update_list()
env.cr.commit()
try:
    modules.search([("name", "=", "telephony")]).button_immediate_install()
except UserError as error:
    print("refused:", error)
"""
#: Update the list of apps with each of some folders of addons, and print how Odoo refuses.
_LIST = """
from unittest.mock import patch

import odoo.addons

for folder in {folders}:
    with patch.object(odoo.addons, "__path__", [*odoo.addons.__path__, folder]):
        try:
            env["ir.module.module"].update_list()
        except FileNotFoundError as error:
            print("FileNotFoundError:", error)
"""


@pytest.fixture
def life():
    """Return a database without the addon."""
    with new_database(f"telephony_installation_{os.getpid()}") as made:
        yield made


@pytest.fixture
def paths(request, tmp_path):
    """Return Odoo's addons path and Python's import path for one form of the addon."""
    if request.param == "wheel":
        # In Python's path, as every package: Odoo finds it without an entry in its addons path.
        without = ",".join(addons_path(tmp_path).split(",")[:-1])
        return without, request.getfixturevalue("wheel_folder")
    folder = request.getfixturevalue(request.param)
    return addons_path(folder if request.param == "branch" else folder.parent), None


@contextmanager
def installing(life, path, python_path):
    """Start a server that installs the addon, and yield its address when it is ready."""
    port, gevent_port = free_ports(2)
    environment = places.odoo_environment()
    if python_path:
        environment["PYTHONPATH"] = os.pathsep.join([str(python_path), environment["PYTHONPATH"]])
    options = ["-i", places.ADDON, "--without-demo=1", "--max-cron-threads=0"]
    options += ["--http-port", str(port), "--gevent-port", str(gevent_port)]
    options += ["--db-filter", f"^{life.name}$"]
    server = Program(
        "package-installation",
        places.odoo_command(life.name, *options, addons_path=path),
        environment,
    )

    def is_ready():
        if server.process.poll() is not None:
            raise RuntimeError(f"Odoo has ended:\n{server.tail()}")
        # The first registry is of the installation itself.
        return "odoo.registry: Registry loaded" in server.read()

    try:
        until(is_ready, "the addon is installed", INSTALL_SECONDS)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


@pytest.mark.parametrize("paths", ["clone", "wheel", "branch"], indirect=True)
def test_odoo_installs_the_addon(paths, life):
    """Each form is complete: nothing in the log, the Voice SDK and the softphone are served.

    `test_life` installs the fourth one, the archive; its folder is that of the branch.
    """
    with installing(life, *paths) as address:
        assert life.state() == "installed"
        sdk = requests.get(f"{address}/{places.ADDON}/{SDK}", timeout=60)
        assert sdk.content == (places.REPO / SDK).read_bytes()
        bundle = f"{address}/web/bundle/{places.ADDON}.assets_softphone"
        files = requests.get(bundle, timeout=60).json()
        [script] = [file["src"] for file in files if file["type"] == "script"]
        softphone = requests.get(address + script, timeout=120)
        assert softphone.ok
        assert f'odoo.define("@{places.ADDON}/voice/voice_device"' in softphone.text.replace(
            "'", '"'
        )
    assert database.log_problems("package-installation.log") == []


def test_folder_with_another_name_is_explained(unpacked, life, tmp_path):
    """The folder "telephony": a sentence, and a database without a trace of the addon."""
    before = life.names()
    shutil.copytree(unpacked / places.ADDON, tmp_path / "telephony")
    log = database.run_shell(
        life.name, _INSTALL, log="package-folder.log", addons_path=addons_path(tmp_path)
    )
    sentence = 'The folder of the addon Telephony must be named "crm_telephony".'
    [refusal] = re.findall(r"^refused: (.*)$", log, re.M)
    assert refusal == (
        f'{sentence} Rename the folder "telephony", restart Odoo, and update the list of apps.'
    )
    assert sentence in PAGE
    assert life.one("SELECT state FROM ir_module_module WHERE name = 'telephony'") == "uninstalled"
    assert life.names() - before == {("xml id", "base.module_telephony")}


def test_folder_with_a_hyphen_stops_the_list_of_apps(unpacked, tmp_path):
    """Odoo refuses such a folder before it runs our code; docs/installation.md explains it."""
    names = ("crm_telephony-main", "odoo-crm-telephony")
    for name in names:
        shutil.copytree(unpacked / places.ADDON, tmp_path / name / name)
    with database.building():
        base = database.ensure_base()
    path = addons_path(tmp_path / names[0]).split(",")
    folders = [str(tmp_path / name) for name in names]
    log = database.run_shell(
        base,
        _LIST.format(folders=folders),
        log="package-hyphen.log",
        addons_path=",".join(path[:-1]),
    )
    sentences = [f"Invalid module name: {name}" for name in names]
    assert re.findall(r"^FileNotFoundError: (.*)$", log, re.M) == sentences
    assert f"FileNotFoundError: {sentences[0]}" in PAGE
