"""Make everything of a release in dist/<version>: archive, wheel, release branch, notes, checksums.

Called by dev/release.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import locked
import package
from package import git
from places import LOGS, PYTHON, REPO, say

SUMS, NOTES, BRANCH = "SHA256SUMS", "NOTES.md", "branch.git"


class Refused(Exception):
    """The release cannot be made; the message says why, and what to do."""


def get_notes(version):
    """Return the changelog's text about a version.

    :raise Refused: when there is none.
    """
    changelog = (REPO / "CHANGELOG.md").read_text(encoding="utf-8")
    title = rf"^## \[{re.escape(version)}\].*\n"
    found = re.search(rf"{title}((?:(?!^## ).*\n?)*)", changelog, re.M)
    if not found or not found[1].strip():
        raise Refused(
            f"CHANGELOG.md says nothing about {version}, the version in __manifest__.py: "
            f'add a section "## [{version}]"'
        )
    # A release page is elsewhere: relative links would lead nowhere there.
    return re.sub(r"\[([^]]+)\]\((?!https?:)[^)]+\)", r"\1", found[1].strip()) + "\n"


def check_tree():
    """Check that the files are those of the last commit.

    :raise Refused: when something is not committed.
    """
    if changed := git("status", "--porcelain").splitlines():
        raise Refused(
            f"{len(changed)} files are not as in the last commit, such as "
            f"{changed[0][3:]}: commit or remove them"
        )


def check_output(target):
    """Check that no release of this version has been made.

    :raise Refused: when the folder exists.
    """
    if target.exists():
        raise Refused(
            f"{target} exists already: raise the version in __manifest__.py, or remove the folder"
        )


def check_published(version, address):
    """Check that another repository does not have the version.

    :param str address: of the repository.
    :raise Refused: when it has its tag, or cannot be read.
    """
    line = ["git", "ls-remote", address, f"refs/tags/{version}"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"{address} cannot be read: {done.stderr.strip()}")
    if done.stdout:
        raise Refused(
            f"{address} has the tag {version} already: raise the version in __manifest__.py"
        )


def make_wheel(folder):
    """Build the wheel, as `pip wheel` in a clone does, with the locked version of whool.

    :param Path folder: destination.
    :raise Refused: when pip fails.
    """
    log = LOGS / "wheel.log"
    with open(log, "w", encoding="utf-8") as file:
        done = subprocess.run(
            [PYTHON, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", folder, REPO],
            env={**os.environ, "PYTHONPATH": str(locked.install("tools"))},
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise Refused(f"the wheel could not be built: see {log}")


def make_branch(target, version, onto=None):
    """Create a bare repository with the release branch, and a tag at its new commit.

    :param Path target: the repository.
    :param str version: of the addon.
    :param str onto: address of a repository whose branch is continued; without it, or without a
    branch there, the history begins here.
    :raise Refused: when git fails.
    """
    series = ".".join(version.split(".")[:2])
    environment = {**os.environ, **_get_identity()}

    def run(*arguments, **options):
        # The configuration of the user must not change the files.
        line = ["git", "-c", "core.autocrlf=false", f"--git-dir={target}", *arguments]
        done = subprocess.run(
            line, env=environment, capture_output=True, text=True, check=False, **options
        )
        if done.returncode:
            raise Refused(f"git could not make the release branch: {done.stderr.strip()}")
        return done.stdout

    subprocess.run(["git", "init", "-q", "--bare", "-b", series, target], check=True)
    if onto and run("ls-remote", onto, f"refs/heads/{series}"):
        run("fetch", "-q", onto, f"refs/heads/{series}:refs/heads/{series}")
    with tempfile.TemporaryDirectory() as folder:
        package.lay_out(Path(folder))
        tree = f"--work-tree={folder}"
        run("read-tree", "--empty")
        run(tree, "add", "--all", "--force", ".", cwd=folder)
        message = f"[ADD] crm_telephony: release {version}"
        run(tree, "commit", "-q", "--allow-empty", "--no-verify", "-m", message)
    run("tag", version)


def _get_identity():
    """Return the author and the time of the last commit: the same files give the same commit."""
    name, mail, time = git("log", "-1", "--format=%an%n%ae%n%ct").splitlines()
    return {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in {"NAME": name, "EMAIL": mail, "DATE": f"{time} +0000"}.items()
    }


def write_sums(folder):
    """Write the checksums of the files, for `sha256sum --check`."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
        if path.is_file()
    ]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def make(dist, onto=None):
    """Make a release.

    :param Path dist: folder of the releases.
    :param str onto: address of a repository whose release branch is continued.
    :return Path: the folder with everything.
    :raise Refused: when it cannot be made; then nothing is left.
    """
    version = package.get_manifest()["version"]
    target = dist / version
    notes = get_notes(version)
    check_tree()
    check_output(target)
    if onto:
        check_published(version, onto)
    dist.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dist, prefix=".new-") as name:
        folder = Path(name, version)
        package.build(folder)
        make_wheel(folder)
        (folder / NOTES).write_text(notes, encoding="utf-8")
        write_sums(folder)
        make_branch(folder / BRANCH, version, onto)
        folder.rename(target)
    return target


def main():
    """Make the release, and print how to publish it. Return the exit code."""
    parser = argparse.ArgumentParser(
        prog="dev/release", description="Make everything of a release in dist/<version>."
    )
    parser.add_argument(
        "--onto", metavar="ADDRESS", help="a repository whose release branch is continued"
    )
    options = parser.parse_args()
    try:
        target = make(REPO / "dist", options.onto)
    except (Refused, locked.InstallError) as error:
        print(f"\033[31merror:\033[0m {error}", file=sys.stderr)
        return 1
    for path in sorted(target.iterdir()):
        say(str(path.relative_to(REPO)))
    series = ".".join(target.name.split(".")[:2])
    address = options.onto or "ADDRESS"
    print(f"git -C {target / BRANCH} push {address} {series} {target.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
