"""Fixtures: a folder for all runs, so that the emulator's own answers are measured once."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "lib"), str(HERE.parents[1])]

from harness.places import PYTHON, REPO  # noqa: E402
from live_lib.reference import MOBILE, RunningEmulator  # noqa: E402

ACCOUNT, TOKEN, NUMBER = "AC" + "b" * 32, "c0ffee" * 5 + "00", "+3225550123"


@dataclass
class Program:
    """``dev/live`` for the account of one emulator."""

    base: str
    folder: Path

    def start(self, *arguments, **environment):
        """Start the program without a person at the keyboard."""
        path = os.pathsep.join(map(str, (REPO / "dev", REPO / "dev/lib", REPO)))
        return subprocess.Popen(
            [
                str(PYTHON),
                "-m",
                "live_lib",
                "--port",
                "0",
                "--folder",
                str(self.folder),
                *arguments,
            ],
            env={
                **os.environ,
                "PYTHONPATH": path,
                "TWILIO_ACCOUNT_SID": ACCOUNT,
                "TWILIO_AUTH_TOKEN": TOKEN,
                "TELEPHONY_LIVE_NUMBER": NUMBER,
                "TELEPHONY_LIVE_MOBILE": MOBILE,
                "TELEPHONY_LIVE_SERVER": self.base,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments, **environment):
        """Run the program to its end and return code and output."""
        process = self.start(*arguments, **environment)
        try:
            output, _none = process.communicate(timeout=240)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, output


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Return the folder of state and reports."""
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="session")
def emulators():
    """Return the address of a running emulator with some options, as after its start."""
    running = {}
    account = (f"--account-sid={ACCOUNT}", f"--auth-token={TOKEN}", f"--number={NUMBER}")

    def get(options):
        if options not in running:
            running[options] = RunningEmulator("live-account", *account, *options)
            running[options].__enter__()
        requests.post(f"{running[options].url}/emulator/reset", timeout=20).raise_for_status()
        return running[options].url

    yield get
    for emulator in running.values():
        emulator.__exit__()


@pytest.fixture
def program(folder, emulators, request):
    """Return the program, in front of an emulator with the options of the test's parameter."""
    (folder / "state.json").unlink(missing_ok=True)
    return Program(emulators(getattr(request, "param", ())), folder)
