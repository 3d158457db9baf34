"""The Odoo server under test and its RPC client."""

import itertools
import re
import time

import requests

import database

from .places import REPO, free_ports
from .polling import until
from .processes import Program

#: A record of Odoo's log begins with date, time, process and level.
_RECORD = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ \d+ (?P<level>[A-Z]+) (?P<rest>.*)$")
#: Two requests met, and Odoo retries the second one: in this way the first one wins.
_RETRIED = re.compile(r"could not serialize access|could not obtain lock")
#: See `assert_inside` in `models/gate.py`.
_OUTSIDE = "changed outside the gate"
#: Odoo's options for reports of what changes a call outside the gate, see `find_outside`.
REPORT_OUTSIDE = ("--log-handler", "odoo.addons.crm_telephony.models.gate:DEBUG")
#: See `models/retry.py`, and Odoo's option for the way to the statement that lost.
_LOST_RACE = "A lost race is repeated"
_REPORT_LOST_RACES = ("--log-handler", "odoo.addons.crm_telephony.models.retry:DEBUG")
_ids = itertools.count(1)
#: The only scheduled job; a story that needs another one starts it.
_JOBS = """
fetch = env.ref("crm_telephony.ir_cron_fetch_recordings")
(env["ir.cron"].search([]) - fetch).active = False
env.cr.commit()
"""
#: Prefix of the databases.
DATABASES = "telephony_e2e"


class Rpc:
    """A user's session with the server.

    :param str url: address of the server.
    :param str database: name of the database.
    :param str login: login, and at the same time the password.
    """

    def __init__(self, url, database, login):
        self.url, self.login = url, login
        self.http = requests.Session()
        answer = self._post(
            "/web/session/authenticate", {"db": database, "login": login, "password": login}
        )
        assert answer.get("uid"), f"{login} cannot log in"
        self.uid, self.session_id = answer["uid"], self.http.cookies["session_id"]

    def _post(self, path, params):
        body = {"jsonrpc": "2.0", "method": "call", "id": next(_ids), "params": params}
        answer = self.http.post(self.url + path, json=body, timeout=60).json()
        if "error" in answer:
            data = answer["error"].get("data", {})
            raise RuntimeError(f"{path}: {data.get('message')}\n{data.get('debug', '')}")
        return answer["result"]

    def call(self, model, method, *args, **kwargs):
        """Call a method of a model.

        :raise RuntimeError: with the server's message, if it refuses.
        """
        return self._post(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs},
        )

    def search(self, model, domain, fields, **kwargs):
        """Return records as dictionaries."""
        return self.call(model, "search_read", domain, fields, **kwargs)

    def create(self, model, **values):
        """Return the identifier of a new record."""
        return self.call(model, "create", values)

    def ref(self, xml_id):
        """Return the identifier of a record by its external name."""
        module, name = xml_id.split(".")
        [row] = self.search(
            "ir.model.data", [("module", "=", module), ("name", "=", name)], ["res_id"]
        )
        return row["res_id"]


def prepare_company(rpc):
    """Give the main company what the stories rely on.

    The company is Belgian, as its numbers are, so that numbers need no country code. Agents are
    free at once after a call, except in the story about wrap-up.

    :param Rpc rpc: the administrator's session.
    """
    rpc.call(
        "res.company",
        "write",
        [rpc.ref("base.main_company")],
        {
            "country_id": rpc.ref("base.be"),
            "telephony_wrap_up_seconds": 0,
            # All stories together are more calls than one user makes.
            "telephony_calls_per_hour": 0,
        },
    )


class OdooServer:
    """A server of its own on a fresh database.

    :param int emulator_port: port of the emulated provider.
    """

    log_name = "e2e-odoo"
    #: Set-up of the database's jobs, in Odoo's shell.
    jobs = _JOBS

    def __init__(self, emulator_port):
        self.http_port, self.gevent_port = free_ports(2)
        self.url = f"http://localhost:{self.http_port}"
        self.emulator_port = emulator_port
        self.database = self._make_database()
        self.program, self.seeded = None, False

    def start(self):
        """Start the server, wait until it answers, and connect it with the emulator."""
        self.program = Program(
            self.log_name,
            [
                str(REPO / "dev/odoo"),
                "-d",
                self.database,
                "--http-port",
                str(self.http_port),
                "--gevent-port",
                str(self.gevent_port),
                "--db-filter",
                f"^{self.database}$",
                "--max-cron-threads",
                "1",
                *REPORT_OUTSIDE,
                *_REPORT_LOST_RACES,
            ],
        )
        try:
            self._seed()
            self.program.wait_for(f"{self.url}/web/health?db_server_status=1")
        except BaseException:
            self.stop()
            raise

    def _make_database(self):
        return database.copy_for_tests(DATABASES)

    def _seed(self):
        database.run_shell(
            self.database,
            self.jobs + (REPO / "dev/lib/seed.py").read_text(),
            log="e2e-seed.log",
            environment={
                "TELEPHONY_HTTP_PORT": str(self.http_port),
                "TELEPHONY_EMULATOR_PORT": str(self.emulator_port),
            },
        )

    def shell(self, script):
        """Run a script with `env` in Odoo's shell, for values that browsers may not write."""
        database.run_shell(self.database, script, log="e2e-shell.log")

    def stop(self):
        """Stop the server and remove its database."""
        if self.program:
            self.program.stop()
        database.drop(self.database)

    def rpc(self, login):
        """Return a new session of a user."""
        return Rpc(self.url, self.database, login)

    def problems(self, start):
        """Return the entries of the log, from a position on, that must not occur.

        These are errors, warnings with a traceback, and changes of calls outside the gate.

        :param int start: position in bytes.
        """
        log = self.program.read(start)
        found = find_outside(log)
        for head, lines in _records(log):
            text = "\n".join(lines)
            traceback = "Traceback (most recent call last)" in text
            bad = head in ("ERROR", "CRITICAL") or (head == "WARNING" and traceback)
            if bad and not _RETRIED.search(text):
                found.append(text[-4000:])
        return found

    def lost_races(self, start):
        """Return the entries of the log, from a position on, about races that were repeated.

        :param int start: position in bytes.
        """
        entries = ("\n".join(lines) for _level, lines in _records(self.program.read(start)))
        return [text for text in entries if _LOST_RACE in text]

    # --- calls -------------------------------------------------------------------------------

    CALL_FIELDS = (
        "uuid",
        "direction",
        "state",
        "outcome",
        "ended_by",
        "duration",
        "customer_number",
        "partner_id",
        "lead_id",
        "user_id",
        "answered_at",
        "ended_at",
        "started_at",
        "note",
        "message_id",
        "timeline",
        "failure_reason",
        "provider_call_id",
    )

    def find_calls(self, rpc, number):
        """Return the calls with a customer's number, the newest first."""
        return rpc.search(
            "telephony.call",
            [("customer_number", "=", number)],
            list(self.CALL_FIELDS),
            order="id desc",
        )

    def ended_call(self, rpc, number):
        """Wait until the one call with a customer's number has ended; return it."""

        def ended():
            calls = self.find_calls(rpc, number)
            assert len(calls) == 1, f"{len(calls)} calls"
            assert calls[0]["state"] == "ended", calls[0]
            return calls[0]

        return until(ended, f"the call with {number} has ended")

    def legs(self, rpc, call):
        """Return the legs of a call."""
        return rpc.search(
            "telephony.call.leg",
            [("call_id", "=", call["id"])],
            ["role", "status", "end_reason", "answered_at", "ended_at"],
            order="id",
        )

    def settle(self, rpc):
        """Wait until no call is running."""
        until(
            lambda: not rpc.call("telephony.call", "search_count", [("state", "!=", "ended")]),
            "no call is running",
        )


class EmptyServer(OdooServer):
    """A server on a database without demonstration data, in which nothing is set up."""

    log_name = "e2e-odoo-empty"

    def _make_database(self):
        return database.copy_for_tests(DATABASES, demo=False)

    def _seed(self):
        """Leave everything but the jobs to the administrator."""
        self.shell(self.jobs)


class AppsServer(OdooServer):
    """A server on a database with further apps, whose records calls can be linked to.

    :param int emulator_port: port of the emulated provider.
    :param apps: technical names.
    """

    log_name = "e2e-odoo-apps"

    def __init__(self, emulator_port, *apps):
        self._apps = apps
        super().__init__(emulator_port)

    def _make_database(self):
        return database.copy_with(DATABASES, self._apps)


class TwinServer(OdooServer):
    """A second server beside another one, on the same database.

    :param OdooServer server: the other one.
    """

    log_name = "e2e-odoo-twin"

    def __init__(self, server):
        self._server = server
        super().__init__(server.emulator_port)

    def _make_database(self):
        return self._server.database

    def _seed(self):
        """Do nothing: the other server has set up the database."""

    def stop(self):
        """Stop the server; the database belongs to the other one."""
        if self.program:
            self.program.stop()


def find_outside(log):
    """Return the entries of Odoo's log about changes of calls outside the gate."""
    entries = ("\n".join(lines) for _level, lines in _records(log))
    return [text[-4000:] for text in entries if _OUTSIDE in text]


def _records(text):
    """Split a log into pairs of level and lines."""
    level, lines = "", []
    for line in text.splitlines():
        match = _RECORD.match(line)
        if match:
            if lines:
                yield level, lines
            level, lines = match["level"], []
        lines.append(line)
    if lines:
        yield level, lines


class Numbers:
    """Telephone numbers that are unused in this run."""

    def __init__(self):
        self._next = itertools.count(int(time.time()) % 80000 + 10000)

    def __call__(self):
        """Return a Belgian mobile number in E.164 and in national writing."""
        digits = f"{next(self._next):06d}"
        return f"+32471{digits}", f"0471 {digits[:2]} {digits[2:4]} {digits[4:]}"
