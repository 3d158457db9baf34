"""Databases with the addon: created once, copied for tests, updated when the code changed.

A database is built under another name and renamed when it is complete. So an interrupted build
leaves nothing that looks ready.
"""

import ast
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from psycopg2 import sql

import places
from places import ADDON, DATA, LOGS, REPO, STAMPS, STATE, say

#: Folders whose files never change what is stored in a database.
NOT_INSTALLED = ("dev", "dist", "node_modules", "static/tests", "tests")
#: Initial modules of every database with the addon: its dependencies.
BASE_DATABASE = "telephony_base"
#: Further modules that the addon must work with: automation rules may be added by any
#: administrator.
ALONGSIDE = ("base_automation",)
#: Modules of the template of tests: the addon, too.
TEMPLATE = "telephony_template"
#: The log of its installation.
TEMPLATE_LOG = "template.log"
#: The database of single tests: a copy of the template that is updated, not rebuilt.
KEPT = "telephony_kept"
#: Assets of every page of the web client; the first page would wait for them.
_BUNDLES = """
bundle = env["ir.qweb"]._get_asset_bundle("web.assets_web", css=True, js=True)
bundle.js()
bundle.css()
env.cr.commit()
"""


@contextmanager
def building(demo=True):
    """Prevent two programs from building the same shared databases at the same time.

    :param bool demo: which ones: those with demonstration data, or those without.
    """
    with open(STATE / _variant("databases.lock", demo), "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class BuildError(Exception):
    """Odoo could not build a database; the message names its log."""


def execute(statement, *parameters, database="postgres"):
    """Run one SQL statement outside a transaction.

    :param statement: text or composed SQL.
    :param parameters: values for its placeholders.
    :return: the rows, or an empty list.
    """
    with closing(psycopg2.connect(dbname=database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []


def exists(name):
    """Return whether a database of that name exists."""
    return bool(execute("SELECT 1 FROM pg_database WHERE datname = %s", name))


def drop(name):
    """Remove a database with its files and close its open connections.

    Not WITH (FORCE): that fails while PostgreSQL vacuums the database, because this role may not
    end that process. Without it, PostgreSQL stops its own vacuum.
    """
    if exists(name):
        database = sql.Identifier(name)
        execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(database))
        execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND usename = current_user",
            name,
        )
        execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(database))
    shutil.rmtree(DATA / "filestore" / name, ignore_errors=True)


def rename(old, new):
    """Rename a database and its files."""
    execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
    )
    shutil.rmtree(DATA / "filestore" / new, ignore_errors=True)
    if (DATA / "filestore" / old).exists():
        (DATA / "filestore" / old).rename(DATA / "filestore" / new)


def copy(source, target):
    """Copy a database with its files (hard links: Odoo never changes a stored file).

    The database is copied by files, not by pages. In a copy by pages, PostgreSQL does not log the
    first numbers of each sequence. After a crash it would assign them again.
    """
    drop(target)
    execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
            sql.Identifier(target), sql.Identifier(source)
        )
    )
    if (DATA / "filestore" / source).exists():
        shutil.copytree(
            DATA / "filestore" / source, DATA / "filestore" / target, copy_function=os.link
        )


def _code_files():
    """Return the paths of the addon's files that affect a database, in a fixed order."""
    for folder, folders, files in os.walk(REPO):
        here = Path(folder).relative_to(REPO)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith((".", "__pycache__"))
            and (here / name).as_posix() not in NOT_INSTALLED
            and Path(folder, name).resolve() != STATE
        )
        for name in sorted(files):
            # The other files at the root configure tools.
            is_code = here.name or name.startswith("__")
            if is_code and not name.startswith(".") and not name.endswith((".md", ".pyc")):
                yield here / name


def code_hash():
    """Return a hash of the addon's files that affect an installation."""
    digest = hashlib.sha256()
    for path in _code_files():
        digest.update(f"{path}\0".encode() + (REPO / path).read_bytes())
    return digest.hexdigest()[:16]


def installed_hash():
    """Return a hash of everything that an update stores: data, and Python declarations.

    The bodies of functions and files for browsers are excluded.
    """
    digest = hashlib.sha256()
    for path in _code_files():
        if path.is_relative_to("static"):
            continue
        content = (REPO / path).read_bytes()
        if path.suffix == ".py" and not path.is_relative_to("migrations"):
            content = _declarations(content).encode()
        digest.update(f"{path}\0".encode() + content)
    return digest.hexdigest()[:16]


def _declarations(source):
    """Return a Python module without the bodies of its functions."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = [ast.Pass()]
    return ast.dump(tree)


def run_odoo(database, *arguments, log, on_line=None, addons_path=None):
    """Run Odoo with the given arguments until it ends.

    :param str log: name of the log file in the folder of logs.
    :param on_line: called with every line of the log.
    :raise BuildError: when Odoo fails or logs an error.
    """
    line = places.odoo_command(
        database, *arguments, "--stop-after-init", "--no-http", addons_path=addons_path
    )
    failed = False
    with (
        open(LOGS / log, "w", encoding="utf-8") as file,
        subprocess.Popen(
            line,
            env=places.odoo_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        try:
            for text in process.stdout:
                file.write(text)
                failed = failed or bool(re.match(r"\S+ \S+ \d+ (ERROR|CRITICAL) ", text))
                if on_line:
                    on_line(text)
        except BaseException:
            process.kill()
            raise
    if process.returncode or failed:
        raise BuildError(f"Odoo could not build the database {database}: see {LOGS / log}")


def run_shell(database, script, *, log, addons_path=None, environment=None):
    """Run a script in Odoo's shell, with `env` of the superuser.

    :param str log: name of the log file in the folder of logs.
    :param dict environment: variables besides the usual ones.
    :return str: its output, and Odoo's log.
    :raise BuildError: when the script fails.
    """
    done = subprocess.run(
        places.odoo_command(database, "--no-http", command="shell", addons_path=addons_path),
        env={**places.odoo_environment(), **(environment or {})},
        input=script,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    (LOGS / log).write_text(done.stdout, encoding="utf-8")
    # The shell continues after an error, and ends as if nothing had happened.
    if done.returncode or "Traceback" in done.stdout:
        raise BuildError(
            f"A script failed in the database {database}, see {LOGS / log}:\n{done.stdout[-3000:]}"
        )
    return done.stdout


def log_problems(log):
    """Return the lines of an Odoo log that are a warning or worse.

    :param str log: name of the log file in the folder of logs.
    """
    lines = (LOGS / log).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if re.match(r"\S+ \S+ \d+ (WARNING|ERROR|CRITICAL) ", line)]


def build(name, *, modules, source=None, log, on_line=None, addons_path=None, demo=True):
    """Create a database with modules, replacing one of that name.

    :param str name: name of the database.
    :param str modules: technical names, separated by commas.
    :param str source: database to start from, default: an empty one.
    :param bool demo: whether with demonstration data.
    :raise BuildError: when Odoo fails; then no database of that name exists.
    """
    temporary = f"{name}_new"
    drop(temporary)
    try:
        if source:
            copy(source, temporary)
        run_odoo(
            temporary,
            "-i",
            modules,
            "--with-demo" if demo else "--without-demo=1",
            log=log,
            on_line=on_line,
            addons_path=addons_path,
        )
    except BaseException:
        drop(temporary)
        raise
    drop(name)
    rename(temporary, name)


def stamp_of(name):
    """Return the file that stores the code hash of a database."""
    return STAMPS / f"database-{name}"


def _variant(name, demo):
    return name if demo else f"bare_{name}"


def ensure_base(demo=True, on_line=None):
    """Create the database with the addon's dependencies, once.

    :param bool demo: whether with demonstration data.
    :return str: its name.
    """
    manifest = (REPO / "__manifest__.py").read_text(encoding="utf-8")
    # The stories' database has neither: the addon must work without them, too.
    alongside = ALONGSIDE if demo else ()
    depends = ",".join([*ast.literal_eval(manifest)["depends"], *alongside])
    name = _variant(BASE_DATABASE, demo)
    stamp = stamp_of(name)
    if not (stamp.exists() and stamp.read_text() == depends and exists(name)):
        stamp.unlink(missing_ok=True)
        build(name, modules=depends, log=_variant("base.log", demo), on_line=on_line, demo=demo)
        stamp.write_text(depends)
    return name


def ensure_template(demo=True):
    """Create the template of tests, once for each state of the code.

    :param bool demo: whether with demonstration data.
    :return str: its name.
    """
    name = _variant(TEMPLATE, demo)
    made = ensure_current(
        name, source=ensure_base(demo), log=_variant(TEMPLATE_LOG, demo), update=False, demo=demo
    )
    if made != "current":
        run_shell(name, _BUNDLES, log=_variant("bundles.log", demo))
    return name


def ensure_kept(demo=True):
    """Create the database of single tests, or update it when its stored code has changed.

    :param bool demo: whether with demonstration data.
    :return str: its name.
    """
    name, code = _variant(KEPT, demo), installed_hash()
    stamp = stamp_of(name)
    if exists(name) and stamp.exists():
        if stamp.read_text() == code:
            return name
        try:
            run_odoo(name, *installation(name), log=f"{name}.log")
        except BuildError:
            # The database may be at fault, after a change of branches.
            say(f"{name} could not be updated (log: {LOGS}/{name}.log): making it anew")
            stamp.unlink()
    if not (exists(name) and stamp.exists()):
        copy(ensure_template(demo), name)
    stamp.write_text(code)
    return name


def is_kept_wanted():
    """Return whether tests may use a database that was only updated: a quick run."""
    return bool(os.environ.get("TELEPHONY_KEPT"))


def copy_for_tests(prefix, demo=True):
    """Create a database with the addon for the tests of this process.

    :param str prefix: beginning of its name.
    :param bool demo: whether with demonstration data.
    :return str: its name.
    """
    name = f"{_variant(prefix, demo)}_{os.getpid()}"
    with building(demo):
        copy(_ensure_source(demo), name)
    return name


def copy_with(prefix, modules):
    """Create a database with the addon and further modules for the tests of this process.

    The modules are installed once for each state of the code, in a copy of the usual database.

    :param str prefix: beginning of its name.
    :param modules: technical names.
    :return str: its name.
    """
    name = f"{prefix}_{'_'.join(modules)}_{os.getpid()}"
    with building():
        copy(_ensure_with(modules), name)
    return name


def _ensure_with(modules):
    source, code = _ensure_source(True), installed_hash()
    name = f"{source}_{'_'.join(modules)}"
    stamp = stamp_of(name)
    if not (stamp.exists() and stamp.read_text() == code and exists(name)):
        stamp.unlink(missing_ok=True)
        build(name, modules=",".join(modules), source=source, log=f"{name}.log")
        run_shell(name, _BUNDLES, log=f"{name}-bundles.log")
        stamp.write_text(code)
    return name


def prepare(demo=True):
    """Create or update the database that `copy_for_tests` copies.

    :param bool demo: whether with demonstration data.
    """
    with building(demo):
        _ensure_source(demo)


def _ensure_source(demo):
    return ensure_kept(demo) if is_kept_wanted() else ensure_template(demo)


def ensure_current(name, *, source=None, log, on_line=None, update=True, demo=True):
    """Create a database with the addon, or bring it to the present code.

    :param str name: name of the database.
    :param str source: database to start from when it has to be created.
    :param bool update: update an older one (True) or rebuild it (False).
    :param bool demo: whether with demonstration data, when it has to be created.
    :return str: "made", "updated" or "current".
    :raise BuildError: when Odoo fails.
    """
    stamp, code = stamp_of(name), code_hash()
    present = exists(name)
    if present and stamp.exists() and stamp.read_text() == code:
        return "current"
    if present and update:
        run_odoo(name, *installation(name), "--with-demo", log=log, on_line=on_line)
        result = "updated"
    else:
        stamp.unlink(missing_ok=True)
        build(name, modules=ADDON, source=source, log=log, on_line=on_line, demo=demo)
        result = "made"
    stamp.write_text(code)
    return result


def installation(name):
    """Return Odoo's options that bring a database's addon to the present code."""
    tables = execute("SELECT 1 FROM pg_tables WHERE tablename = 'ir_module_module'", database=name)
    state = tables and execute(
        "SELECT state FROM ir_module_module WHERE name = %s", ADDON, database=name
    )
    return ("-u" if state and state[0][0] != "uninstalled" else "-i", ADDON)
