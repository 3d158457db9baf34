"""The database of a run: a copy of a template that is installed once per state of the addon."""

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager

from .places import DATA, REPO, STATE
from .processes import run

PREFIX = "telephony_e2e"
_IGNORED = {"dev", "tests", ".git", ".ci", "__pycache__", STATE.name, "node_modules"}
#: What every page of the web client loads; the first page would wait for it.
_BUNDLES = """
bundle = env["ir.qweb"]._get_asset_bundle("web.assets_web", css=True, js=True)
bundle.js()
bundle.css()
env.cr.commit()
"""


def psql(sql, database="postgres"):
    """Run SQL in the private cluster and return its output."""
    command = [str(REPO / "dev/psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]
    return run(command).strip()


def odoo(*args, **options):
    """Run Odoo's command line to its end."""
    return run([str(REPO / "dev/odoo"), *args], **options)


def exists(name):
    """Return whether the cluster has that database."""
    return psql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'").endswith("1")


def drop(name):
    """Remove a database with its files, if it is there."""
    psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    shutil.rmtree(DATA / "filestore" / name, ignore_errors=True)


def copy(source, target):
    """Copy a database; its files are hard links, because Odoo never changes one in place.

    A copy by files, as in dev/lib/database.py: the torture crashes PostgreSQL.
    """
    drop(target)
    psql(f'CREATE DATABASE "{target}" TEMPLATE "{source}" STRATEGY file_copy')
    store = DATA / "filestore" / source
    if store.exists():
        shutil.copytree(store, DATA / "filestore" / target, copy_function=os.link)


def fingerprint():
    """Return a hash of all files of the addon that a database depends on."""
    digest = hashlib.sha256()
    for root, names, files in os.walk(REPO):
        names[:] = sorted(set(names) - _IGNORED)
        for name in sorted(files):
            path = os.path.join(root, name)
            if name.endswith((".md", ".pyc", ".png")) or "/static/tests/" in path:
                continue
            digest.update(os.path.relpath(path, REPO).encode())
            with open(path, "rb") as file:
                digest.update(file.read())
    return digest.hexdigest()[:12]


@contextmanager
def _lock():
    with (STATE / "e2e.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(name, build):
    """Build a database under another name first, so that a broken one is never used."""
    if not exists(name):
        draft = f"{name}_draft"
        drop(draft)
        build(draft)
        psql(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')
        store = DATA / "filestore"
        shutil.rmtree(store / name, ignore_errors=True)
        if (store / draft).exists():
            (store / draft).rename(store / name)


def _options(name, demo):
    data = "--with-demo" if demo else "--without-demo=1"
    return ("-d", name, data, "--stop-after-init", "--no-http")


def _build_base(name, demo):
    odoo(*_options(name, demo), "-i", "crm", log="e2e-base")


def _build_template(base, name, demo):
    copy(base, name)
    odoo(*_options(name, demo), "-i", "crm_telephony", log="e2e-template")
    odoo("shell", "-d", name, "--no-http", stdin=_BUNDLES, log="e2e-bundles")


def make_database(demo=True):
    """Return the name of a fresh database with the addon.

    Odoo's own part is installed once, the addon's part once per state of its files.

    :param bool demo: whether with demonstration data.
    """
    stamp = STATE / "stamps" / "odoo"
    odoo_version = hashlib.sha256(stamp.read_bytes() if stamp.exists() else b"").hexdigest()[:6]
    prefix = PREFIX if demo else f"{PREFIX}_bare"
    base = f"{prefix}_base_{odoo_version}"
    template = f"{prefix}_template_{fingerprint()}"
    name = f"{prefix}_{os.getpid()}"
    with _lock():
        _make(base, lambda draft: _build_base(draft, demo))
        old = psql(f"SELECT datname FROM pg_database WHERE datname LIKE '{prefix}_template_%'")
        for other in old.splitlines():
            if other.startswith(prefix) and other != template:
                drop(other)
        _make(template, lambda draft: _build_template(base, draft, demo))
        copy(template, name)
    return name
