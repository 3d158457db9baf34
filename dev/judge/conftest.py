"""The judge: Prism's core in a process of Node.js, installed into the state folder when needed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1])]

from places import OPENAPI_DIR, STATE  # noqa: E402

FOLDER = STATE / "judge"
#: Document of Twilio -> pattern of the paths that the addon may use.
DOCUMENTS = {
    "twilio_api_v2010.json": r"/Accounts/\{(Sid|AccountSid)\}(\.json$|/(Calls|Conferences|Queues"
    r"|OutgoingCallerIds|IncomingPhoneNumbers|AvailablePhoneNumbers|Applications|Recordings|Keys"
    r"|Addresses|Balance)\b)",
    "twilio_voice_v1.json": "DialingPermissions",
    "twilio_pricing_v1.json": "/v1/PhoneNumbers/",
    "twilio_trusthub_v1.json": "/v1/CustomerProfiles",
    "twilio_numbers_v2.json": "/v2/RegulatoryCompliance/",
    "twilio_monitor_v1.json": "/v1/Alerts",
}


def install():
    """Install Prism's core, unless the wanted version is there."""
    lock, kept = HERE / "package-lock.json", FOLDER / "package-lock.json"
    if kept.exists() and kept.read_bytes() == lock.read_bytes():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", FOLDER)
    new = FOLDER / "new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, new)
    subprocess.run(
        ["npm", "ci", "--prefix", str(new), "--ignore-scripts", "--no-audit", "--no-fund"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    shutil.rmtree(FOLDER / "node_modules", ignore_errors=True)
    (new / "node_modules").rename(FOLDER / "node_modules")
    shutil.rmtree(new)
    shutil.copy(lock, kept)


class Judge:
    """Judges requests, one after the other."""

    def __init__(self):
        documents = [f"{OPENAPI_DIR / name}={paths}" for name, paths in DOCUMENTS.items()]
        self.process = subprocess.Popen(
            ["node", str(HERE / "judge.js"), str(FOLDER / "node_modules"), *documents],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, request):
        """Return violations, status and data for a request of the package `requests`."""
        entry = {"method": request.method.lower(), "url": request.url, "body": request.body or ""}
        entry["headers"] = {n.lower(): str(v) for n, v in request.headers.items()}
        if not request.body:
            del entry["body"]
        self.process.stdin.write(json.dumps(entry) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def judge():
    """Run the judge."""
    install()
    judge = Judge()
    yield judge
    judge.close()
