"""Fixtures: the archive, built once, and unpacked; a release, made in a clone."""

import os
import subprocess
import sys

import pytest

import life
import locked
import package
import places


def git(folder, *arguments, **options):
    """Return the output of a git command in a folder."""
    # The author of commits, and no configuration of the user.
    identity = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in {"NAME": "Tester", "EMAIL": "tester@example.test"}.items()
    }
    return subprocess.run(
        ["git", "-C", folder, *arguments],
        env={**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    ).stdout


def make_release(clone, *options):
    """Run dev/release in a clone, without its set-up.

    :return: the finished process, with its output.
    """
    return subprocess.run(
        [sys.executable, clone / "dev/lib/release.py", *options],
        env={**os.environ, "TELEPHONY_STATE": str(places.STATE), "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """Return the path of a freshly built archive."""
    return package.build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def unpacked(archive, tmp_path_factory):
    """Return the folder in which the archive is unpacked."""
    folder = tmp_path_factory.mktemp("addons")
    life.unpack(archive, folder)
    return folder


@pytest.fixture(scope="session")
def addons(unpacked):
    """Return Odoo's addons path with the unpacked archive instead of the repository."""
    return life.addons_path(unpacked)


@pytest.fixture(scope="session")
def clone(tmp_path_factory):
    """Return a clone of the repository, with the changes that are not committed yet."""
    folder = tmp_path_factory.mktemp("clone") / places.ADDON
    git(folder.parent, "clone", "-q", "--shared", places.REPO, folder)
    if changes := git(places.REPO, "diff", "--binary", "HEAD"):
        git(folder, "apply", "--index", "-", input=changes)
        git(folder, "commit", "-q", "-m", "[IMP] crm_telephony: change something")
    return folder


@pytest.fixture(scope="session")
def release(clone):
    """Return the folder with everything of a release."""
    done = make_release(clone)
    assert done.returncode == 0, done.stderr
    [folder] = (clone / "dist").iterdir()
    return folder


@pytest.fixture(scope="session")
def branch(release, tmp_path_factory):
    """Return a clone of the release branch."""
    folder = tmp_path_factory.mktemp("branch") / "telephony-addons"
    git(release, "clone", "-q", "--branch", "19.0", release / "branch.git", folder)
    return folder


@pytest.fixture(scope="session")
def wheel_folder(release, tmp_path_factory):
    """Return the folder into which pip has installed the wheel."""
    [wheel] = release.glob("*.whl")
    folder = tmp_path_factory.mktemp("wheel")
    line = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, wheel]
    subprocess.run([*line, "--disable-pip-version-check"], check=True)
    return folder


@pytest.fixture(scope="session")
def whool():
    """Return the folder with the locked version of whool."""
    return locked.install("tools")
