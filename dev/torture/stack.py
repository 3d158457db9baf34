"""The programs under torture: Odoo with two workers, PostgreSQL, the emulator; their failures."""

import configparser
import os
import signal
import subprocess
from contextlib import closing, contextmanager, suppress

import psutil
import psycopg2
import requests

from harness.odoo_server import REPORT_OUTSIDE, OdooServer, find_outside
from harness.places import REPO, STATE
from harness.polling import until
from harness.processes import Program

#: Faults of webhooks and requests, one kind at a time. Seconds are real ones.
FAULTS = (
    [{"kind": "duplicate", "probability": 0.5, "seconds": 2}],
    [{"kind": "shuffle", "probability": 0.7, "seconds": 3}],
    [{"kind": "drop", "probability": 0.25}],
    [{"kind": "delay", "probability": 0.3, "seconds": 6}],
    [{"kind": "429", "probability": 0.3}],
    [{"kind": "5xx", "probability": 0.3}],
    [{"kind": "lost", "probability": 0.3}],
    [{"kind": "timeout", "probability": 0.1, "seconds": 8}],
    # Requests that move parties are silently lost: transfers, waits, holds, telephones.
    [
        {"kind": "timeout", "path": path, "method": "POST", "probability": 0.5, "seconds": 6}
        for path in (r"/Calls/CA", r"/Calls\.json", r"/Members/", r"/Participants")
    ],
    [
        {"kind": "drop", "probability": 0.1},
        {"kind": "duplicate", "probability": 0.2},
        {"kind": "shuffle", "probability": 0.3, "seconds": 2},
        {"kind": "lost", "probability": 0.1},
        {"kind": "5xx", "probability": 0.1},
    ],
)
#: A start takes some seconds, or minutes on a busy machine.
START_SECONDS = 300
#: Faults for long runs only.
LONG_FAULTS = (
    [{"kind": "delay", "probability": 0.3, "seconds": 100}],
    [{"kind": "drop", "probability": 1.0}],
)


class Database:
    """Database queries beside Odoo, which may be in trouble at the moment."""

    def __init__(self, name):
        config = configparser.ConfigParser()
        config.read(STATE / "odoo.conf")
        self.own_host = config["options"]["db_host"]
        self.options = {
            "host": os.environ.get("PGHOST") or self.own_host,
            "port": config["options"].get("db_port", "5432"),
            "user": config["options"].get("db_user", "odoo"),
        }
        self.name = name

    def execute(self, statement, *parameters, database=None):
        """Run a statement of its own and return rows as dictionaries."""
        with closing(psycopg2.connect(dbname=database or self.name, **self.options)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                if not cursor.description:
                    return []
                names = [column.name for column in cursor.description]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def cut_connections(self):
        """End all connections at once, as a restart of PostgreSQL does."""
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            self.name,
            database="postgres",
        )

    def crash(self):
        """Crash and restart PostgreSQL, unless other programs use it, too.

        :return bool: whether it crashed.
        """
        others = self.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname NOT IN (%s, 'postgres') LIMIT 1",
            self.name,
            database="postgres",
        )
        if others or self.options["host"] != self.own_host:
            return False
        script = f"source '{REPO}/dev/lib/common.sh'; postgres_crash"
        return not subprocess.run(["bash", "-c", script], check=False).returncode

    @contextmanager
    def unreachable(self):
        """Simulate an outage: end all connections and refuse new ones for a while."""
        self.execute(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS false', database="postgres")
        try:
            self.cut_connections()
            yield
        finally:
            self.execute(
                f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS true', database="postgres"
            )


class Server(OdooServer):
    """Odoo as in production: several processes, with one of their own for the jobs."""

    log_name = "torture-odoo"
    #: All jobs run as in production: the reconciliation is tortured most.
    jobs = ""

    def start(self):
        """Start the server, connect it with the emulator, and wait until it answers."""
        self.starts, self.programs = 0, []
        # As in PostgreSQL's default, committed data survives a crash. The development cluster gives
        # that up for speed.
        Database(self.database).execute(
            f'ALTER DATABASE "{self.database}" SET synchronous_commit = on', database="postgres"
        )
        self.launch()
        try:
            self._seed()
            wait_until_answering(self)
        except BaseException:
            self.stop()
            raise

    def launch(self):
        """Start the program."""
        self.starts += 1
        self.program = Program(
            f"{self.log_name}-{self.starts}",
            [
                str(REPO / "dev/odoo"),
                "-d",
                self.database,
                "--workers",
                "2",
                "--http-port",
                str(self.http_port),
                "--gevent-port",
                str(self.gevent_port),
                "--db-filter",
                f"^{self.database}$",
                "--max-cron-threads",
                "1",
                *REPORT_OUTSIDE,
            ],
        )
        self.programs.append(self.program)

    def outside(self):
        """Return the log entries about changes of calls outside the gate, of all starts."""
        return [entry for program in self.programs for entry in find_outside(program.read())]

    def revive(self):
        """Start the program again if it has ended, as a service manager does.

        Odoo's master process ends when it checks its registries while PostgreSQL is down.
        """
        if self.program.process.poll() is not None:
            self.launch()

    def workers(self):
        """Return the processes that answer requests, or run jobs.

        :return list: process identifiers; with the one for jobs, without the one for the bus.
        """
        family = psutil.Process(self.program.process.pid).children(recursive=True)
        found = []
        for process in family:
            try:
                if "gevent" not in process.cmdline():
                    found.append(process.pid)
            except psutil.Error:
                # It has just ended.
                continue
        return found

    def kill_all(self):
        """Kill the master and all its processes without a warning, as when memory runs out."""
        master = psutil.Process(self.program.process.pid)
        for process in [*master.children(recursive=True), master]:
            with suppress(psutil.Error):
                process.kill()
        self.program.process.wait()

    def kill_a_worker(self, random):
        """Kill one process without a warning; the master starts another one.

        :param random: random generator for the choice.
        """
        for pid in random.sample(workers := self.workers(), min(1, len(workers))):
            os.kill(pid, signal.SIGKILL)


def wait_until_answering(server):
    """Wait until Odoo serves pages, starting it again if it has ended."""

    def answers():
        server.revive()
        try:
            return requests.get(f"{server.url}/web/health?db_server_status=1", timeout=5).ok
        except requests.RequestException:
            return False

    until(answers, "Odoo answers", START_SECONDS)
