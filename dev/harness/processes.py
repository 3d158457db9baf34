"""Programs that run beside the tests, each in a process group of its own."""

import ctypes
import os
import signal
import subprocess
import time

import requests

from .places import LOGS
from .polling import until

PR_SET_PDEATHSIG = 1


def _die_with_parent():
    """Make the kernel end the program when the tests are killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Program:
    """A server that is started, watched through its log, and stopped with all its children.

    :param str name: of the log file.
    :param list command: program and arguments.
    :param dict env: variables besides those of this process.
    """

    def __init__(self, name, command, env=None):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.name, self.log = name, LOGS / f"{name}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def wait_for(self, url, timeout=120):
        """Wait until an address answers with success.

        :raise AssertionError: if the program ends or does not answer in time.
        """

        def answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} has ended:\n{self.tail()}")
            try:
                return requests.get(url, timeout=10).ok
            except requests.RequestException:
                return False

        until(answers, f"{self.name} answers", timeout)

    def tail(self, lines=40):
        """Return the end of the log."""
        return "\n".join(self.read().splitlines()[-lines:])

    def read(self, start=0):
        """Return the log from a position (in bytes) on."""
        with self.log.open("rb") as file:
            file.seek(start)
            return file.read().decode("utf-8", "replace")

    def size(self):
        """Return the length of the log in bytes."""
        return self.log.stat().st_size

    def stop(self):
        """End the whole process group."""
        for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                break
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline and self.process.poll() is None:
                time.sleep(0.05)
            if self.process.poll() is not None:
                break
