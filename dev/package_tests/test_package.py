"""The archive: what is in it, and its life in a database with data."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import database
import package
import places

DATABASE = f"telephony_package_{os.getpid()}"
UNINSTALL = """
env["ir.module.module"].search([("name", "=", "crm_telephony")]).button_immediate_uninstall()
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Return the path of a freshly built archive."""
    return package.build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def addons(archive, tmp_path_factory):
    """Return Odoo's addons path with the unpacked archive instead of the repository."""
    folder = tmp_path_factory.mktemp("addons")
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    configured = re.search(r"^addons_path = (.*)$", places.CONF.read_text(), re.M)[1]
    others = [path for path in configured.split(",") if path != str(places.ADDONS)]
    return ",".join([*others, str(folder)])


@pytest.fixture(scope="module")
def data():
    """Make a database with contacts and leads, without the addon; remove it in the end."""
    with database.building():
        database.copy(database.BASE_DATABASE, DATABASE)
    yield DATABASE
    database.drop(DATABASE)


def one(statement):
    """Return the first value of a query on the database."""
    return database.execute(statement, database=DATABASE)[0][0]


def counts():
    """Return how many rows the tables of other addons hold."""
    tables = ("res_partner", "crm_lead", "res_users", "mail_message", "res_groups", "ir_ui_menu")
    return {table: one(f"SELECT count(*) FROM {table}") for table in tables}


def test_archive_holds_one_folder_without_tooling(archive):
    names = zipfile.ZipFile(archive).namelist()
    assert {name.split("/")[0] for name in names} == {"crm_telephony"}
    folders = {name.split("/")[1] for name in names}
    assert not folders & {"dev", ".ci", ".dev", ".git", ".gitignore", ".gitattributes", "dist"}
    assert {"__manifest__.py", "LICENSE", "models", "static", "tests"} <= folders


def test_archive_holds_the_voice_sdk_with_its_licence(archive):
    with zipfile.ZipFile(archive) as file:
        folder = "crm_telephony/static/lib/twilio-voice-sdk/"
        assert b"2.18.5" in file.read(folder + "twilio.min.js")
        assert b"Apache" in file.read(folder + "LICENSE.md")


def test_archive_is_the_same_every_time(archive, tmp_path):
    assert package.build(tmp_path).read_bytes() == archive.read_bytes()


def test_install_and_uninstall_leave_the_data_and_no_warning(addons, data):
    before = counts()
    database.run_odoo(
        data, "-i", places.ADDON, "--with-demo", log="package-install.log", addons_path=addons
    )
    assert database.log_problems("package-install.log") == []
    assert one("SELECT state FROM ir_module_module WHERE name = 'crm_telephony'") == "installed"
    assert one("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'telephony%'") > 0

    uninstall(addons)

    assert database.log_problems("package-uninstall.log") == []
    assert one("SELECT state FROM ir_module_module WHERE name = 'crm_telephony'") == "uninstalled"
    assert one("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'telephony%'") == 0
    assert one("SELECT count(*) FROM ir_model_data WHERE module = 'crm_telephony'") == 0
    assert (
        one("SELECT count(*) FROM information_schema.columns WHERE column_name LIKE '%telephony%'")
        == 0
    )
    after = counts()
    # The demonstration data of the addon may add contacts, which belong to the users from then on.
    assert all(after[table] >= before[table] for table in before)
    assert after["res_groups"] == before["res_groups"]
    assert after["ir_ui_menu"] == before["ir_ui_menu"]

    # Odoo still starts, without the addon at hand.
    without = ",".join(addons.split(",")[:-1])
    database.run_odoo(data, log="package-after.log", addons_path=without or None)
    assert database.log_problems("package-after.log") == []


def uninstall(addons):
    """Uninstall the addon the way the Apps screen does it."""
    log = places.LOGS / "package-uninstall.log"
    with log.open("w", encoding="utf-8") as output:
        subprocess.run(
            places.odoo_command(DATABASE, "--no-http", command="shell", addons_path=addons),
            env=places.odoo_environment(),
            input=UNINSTALL,
            text=True,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=True,
        )
