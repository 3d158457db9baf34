"""Python packages outside the environment: each lock file has a folder of its own.

A program finds them when the folder is the first of its import path.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from places import LOGS, PYTHON, REPO, STATE, say

FOLDER = STATE / "cache" / "locked"


class InstallError(Exception):
    """The packages could not be installed; the message names the log."""


def get_lock(name):
    """Return the path of a lock file."""
    return REPO / f"dev/requirements-{name}.lock"


def install(name):
    """Return the folder with the packages of a lock file, and install them at the first use.

    :param str name: the part of the lock file's name behind "requirements-".
    :rtype: Path
    :raise InstallError: when pip fails.
    """
    lock = get_lock(name)
    folder = FOLDER / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    say(f"installing the packages of {lock.relative_to(REPO)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for older in FOLDER.glob(f"{name}-*"):
        shutil.rmtree(older)
    with tempfile.TemporaryDirectory(dir=FOLDER) as temporary:
        target = Path(temporary) / "new"
        _pip_install(lock, target, LOGS / f"pip-{name}.log")
        target.rename(folder)
    return folder


def _pip_install(lock, target, log):
    line = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--target", target]
    line += ["--no-deps", "--require-hashes", "-r", lock]
    with open(log, "w", encoding="utf-8") as file:
        done = subprocess.run(line, stdout=file, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise InstallError(
            f"pip could not install {lock.relative_to(REPO)} (log: {log}): is there a network?"
        )
