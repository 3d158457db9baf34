"""Start the emulator and Odoo, keep them running, stop them together. Called by dev/run."""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import database
import places
from places import DATABASE, EMULATOR_PORT, HTTP_PORT, LOGS, REPO, say

READY_SECONDS = 180
STOP_SECONDS = 15
PR_SET_PDEATHSIG = 1


class StartError(Exception):
    """A program did not become ready; the message is for the user at the terminal."""


def _die_with_parent():
    # A killed dev/run (SIGKILL) cannot stop its programs itself: the kernel does it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Program:
    """One process in a process group of its own, with a log file."""

    def __init__(self, name, command, environment):
        self.name = name
        self.log = LOGS / f"{name}.log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # there are no threads
            )

    def wait_ready(self, url):
        """Wait until the address answers.

        :param str url: answers 200 when the program is ready.
        :raise StartError: when the program ends or takes too long.
        """
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise StartError(f"{self.name} did not start:\n{self.tail()}")
            try:
                with urllib.request.urlopen(url, timeout=READY_SECONDS):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise StartError(f"{self.name} is not ready after {READY_SECONDS} s:\n{self.tail()}")

    def tail(self):
        """Return the end of the log."""
        return "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-20:])

    def signal(self, number):
        """Send a signal to every remaining process of the group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def stop(programs):
    """Stop all programs: first by request, then by force."""
    for program in programs:
        program.signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for program in programs:
        try:
            program.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            say(f"{program.name} does not stop and is killed")
        # Also the processes that a program left behind in its group.
        program.signal(signal.SIGKILL)


def show_progress(line):
    """Show on one line of the terminal the module that Odoo is loading."""
    found = re.search(r"Loading module (\w+) \((\d+)/(\d+)\)", line)
    if found and sys.stderr.isatty():
        print(f"\r\033[K    {found[2]}/{found[3]} {found[1]}", end="", file=sys.stderr, flush=True)
    elif "Modules loaded." in line and sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def prepare_database():
    """Create or update the database."""
    if not database.exists(DATABASE):
        say(f"installing the addon with demonstration data into database '{DATABASE}' (a minute)")
    elif not database.stamp_of(DATABASE).exists() or (
        database.stamp_of(DATABASE).read_text() != database.code_hash()
    ):
        say(f"the code changed: updating database '{DATABASE}'")
    database.ensure_current(DATABASE, log="install.log", on_line=show_progress)


def seed():
    """Connect the addon to the emulator and make the demonstration users agents."""
    script = REPO / "dev/lib/seed.py"
    if not script.exists():
        return
    say("connecting the addon to the emulator")
    with open(script, encoding="utf-8") as source, open(LOGS / "seed.log", "w") as log:
        done = subprocess.run(
            places.odoo_command(DATABASE, "--no-http", command="shell"),
            env=places.odoo_environment(),
            stdin=source,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        end = (LOGS / "seed.log").read_text().splitlines()[-15:]
        raise StartError("connecting failed:\n" + "\n".join(end))


def watch(programs):
    """Wait until a program ends by itself and return it."""
    while True:
        for program in programs:
            if program.process.poll() is not None:
                return program
        time.sleep(0.5)


def _interrupt(_number, _frame):
    # A second signal must not interrupt the stopping.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    """Run until interrupted. Return the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    programs = []
    try:
        say("starting the Twilio emulator")
        emulator = Program(
            "emulator", places.emulator_command(EMULATOR_PORT), places.emulator_environment()
        )
        programs.append(emulator)
        prepare_database()
        emulator.wait_ready(f"http://127.0.0.1:{EMULATOR_PORT}/emulator/health")
        seed()
        say("starting Odoo")
        only = f"^{re.escape(DATABASE)}$"
        server = places.odoo_command(DATABASE, "--db-filter", only, "--http-port", str(HTTP_PORT))
        odoo = Program("odoo", server, places.odoo_environment())
        programs.append(odoo)
        odoo.wait_ready(f"http://127.0.0.1:{HTTP_PORT}/web/health")
        # The first page makes Odoo load the registry.
        odoo.wait_ready(f"http://127.0.0.1:{HTTP_PORT}/web/login")
        print(
            f"""
  Ready.

  Odoo                      http://localhost:{HTTP_PORT}
                            login admin, password admin; in another browser: demo, demo
  Telephone of a customer   http://localhost:{EMULATOR_PORT}
  Logs                      {LOGS}

  Ctrl-C stops everything.
""",
            flush=True,
        )
        ended = watch(programs)
        raise StartError(f"{ended.name} ended by itself:\n{ended.tail()}")
    except KeyboardInterrupt:
        say("stopping")
        return 0
    except (StartError, database.BuildError) as error:
        print(f"\033[31merror:\033[0m {error}", file=sys.stderr)
        return 1
    finally:
        stop(programs)


if __name__ == "__main__":
    sys.exit(main())
