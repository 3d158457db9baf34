"""The bench's databases: created once for each number of contacts, and kept."""

import io
import json
import shutil
import subprocess
import tarfile

import database
from bench_lib import contacts
from places import ADDON, ADDONS, CONF, LOGS, ODOO_HOME, PYTHON, REPO, STAMPS, STATE, say

PREFIX = "telephony_bench"
#: The published addon for the comparison of the lookup.
OCA_PACKAGE = "odoo-addon-voip-oca"
OCA_VERSION = "19.0.1.0.2"
OCA_FOLDER = STATE / "bench" / "oca"
OCA_ADDON = "voip_oca"
#: The baseline of the webhooks.
BASELINE = "sms_twilio"


def ensure_oca_files():
    """Install the published addon into a folder of its own, unless it is there."""
    stamp = STAMPS / "bench-oca"
    if stamp.exists() and stamp.read_text() == OCA_VERSION and OCA_FOLDER.is_dir():
        return
    say(f"installing {OCA_PACKAGE} {OCA_VERSION} to compare with")
    shutil.rmtree(OCA_FOLDER, ignore_errors=True)
    # Its only requirement is Odoo itself, which is here already.
    with open(LOGS / "bench-pip.log", "w", encoding="utf-8") as log:
        subprocess.run(
            [
                PYTHON,
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-deps",
                "--target",
                OCA_FOLDER,
                f"{OCA_PACKAGE}=={OCA_VERSION}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            check=True,
        )
    stamp.write_text(OCA_VERSION)


def ensure_code(revision=None):
    """Choose the measured code of the addon.

    :param str revision: a commit of git; without it, the working tree.
    :return tuple: its folder of addons, and an identifier of the code.
    """
    if not revision:
        return ADDONS, database.code_hash()
    git = ["git", "-C", str(REPO)]
    commit = subprocess.run(
        [*git, "rev-parse", "--verify", f"{revision}^{{commit}}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    folder = STATE / "bench" / f"code-{commit[:12]}"
    if not (folder / ADDON).is_dir():
        for older in folder.parent.glob("code-*"):
            shutil.rmtree(older)
        archive = subprocess.run([*git, "archive", commit], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder / ADDON, filter="data")
    return folder, commit


def addons_path(folder):
    """Return Odoo's folders of addons, with the published one."""
    folders = [folder, OCA_FOLDER / "odoo" / "addons"]
    if not (ODOO_HOME / "odoo/addons/web").is_dir():
        folders.insert(0, ODOO_HOME / "addons")
    return ",".join(map(str, folders))


def options(name, folder):
    """Return Odoo's options for one of these databases.

    :param Path folder: folder of the measured addon.
    """
    return ["-c", str(CONF), "-d", name, f"--addons-path={addons_path(folder)}"]


def ensure(count, code, fresh=False):
    """Create the database with that many contacts, or update it to the measured code.

    :param int count: contacts.
    :param tuple code: result of `ensure_code`.
    :param bool fresh: create it anew in any case.
    :return tuple: its name, and the first identifiers of contacts and leads.
    """

    def make(name):
        _ensure_source(*code)
        database.copy(PREFIX, name)
        return contacts.fill(name, count)

    return keep(f"{PREFIX}_{count}", make, code, fresh)


def ensure_oca(count, code, fresh=False):
    """Create the database of the published addon, with the same contacts.

    The two addons exclude each other, so they cannot be in one database.

    :param int count: contacts.
    :param tuple code: result of `ensure_code`, for the folders of addons.
    :param bool fresh: create it anew in any case.
    :return tuple: its name, and the first identifiers of contacts and leads.
    """

    def make(name):
        database.build(
            name,
            modules=OCA_ADDON,
            source=database.ensure_base(),
            log=f"{PREFIX}_oca.log",
            addons_path=addons_path(code[0]),
        )
        return contacts.fill(name, count)

    return keep(f"{PREFIX}_oca_{count}", make, (code[0], OCA_VERSION), fresh, addon=OCA_ADDON)


def keep(name, make, code, fresh=False, addon=ADDON):
    """Create a database once, and update it to the measured code.

    :param str name: the database.
    :param make: creates one with the given name; returns data to store about it.
    :param tuple code: result of `ensure_code`.
    :param bool fresh: create it anew in any case.
    :param str addon: the measured addon.
    :return tuple: its name, and the result of `make`.
    """
    state_file, stamp = STAMPS / f"{name}.json", database.stamp_of(name)
    folder, code_id = code
    if not fresh and database.exists(name) and state_file.exists():
        if stamp.exists() and stamp.read_text() == code_id:
            return name, json.loads(state_file.read_text())
        say(f"the code changed: updating database '{name}'")
        try:
            database.run_odoo(name, "-u", addon, log=f"{name}.log", addons_path=addons_path(folder))
        except database.BuildError as error:
            say(f"{error}: making it anew")
        else:
            stamp.write_text(code_id)
            return name, json.loads(state_file.read_text())
    state_file.unlink(missing_ok=True)
    say(f"making database '{name}'")
    temporary = f"{name}_new"
    try:
        facts = make(temporary)
        database.drop(name)
        database.rename(temporary, name)
    except BaseException:
        database.drop(temporary)
        raise
    stamp.write_text(code_id)
    state_file.write_text(json.dumps(facts))
    return name, facts


def _ensure_source(folder, code_id):
    """Create the database from which the others are copied."""
    stamp = database.stamp_of(PREFIX)
    if database.exists(PREFIX) and stamp.exists() and stamp.read_text() == code_id:
        return
    say("installing the addon and the baseline (a minute)")
    base = database.ensure_base()
    stamp.unlink(missing_ok=True)
    database.build(
        PREFIX,
        modules=f"{ADDON},{BASELINE}",
        source=base,
        log=f"{PREFIX}.log",
        addons_path=addons_path(folder),
    )
    stamp.write_text(code_id)
