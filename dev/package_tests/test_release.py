"""A release: what dev/release makes, and what it refuses."""

import ast
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from email.parser import HeaderParser

import pytest

import package
import places
from conftest import git, make_release

VERSION = package.get_manifest()["version"]
SHIPPED = {path.as_posix() for path in package.shipped_files()}
IN_WHEEL = f"odoo/addons/{places.ADDON}/"


@pytest.fixture
def other_clone(clone, tmp_path):
    """Return a clone that a test may change."""
    git(tmp_path, "clone", "-q", "--shared", clone, "other")
    return tmp_path / "other"


def read_files(folder):
    """Return the contents of the files of a folder by their paths."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def read_zip(file, prefix):
    """Return the contents of the files in a folder of an archive."""
    with zipfile.ZipFile(file) as opened:
        return {
            name.removeprefix(prefix): opened.read(name)
            for name in opened.namelist()
            if name.startswith(prefix)
        }


def get_refusal(clone, *options):
    """Return the sentence with which dev/release refuses; it must leave nothing."""
    before = set(clone.glob("dist/*"))
    done = make_release(clone, *options)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert set(clone.glob("dist/*")) == before
    return done.stderr.splitlines()[-1]


def test_release_contains_every_form(release):
    assert {path.name for path in release.iterdir()} == {
        f"crm_telephony-{VERSION}.zip",
        f"odoo_addon_crm_telephony-{VERSION}-py3-none-any.whl",
        "branch.git",
        "NOTES.md",
        "SHA256SUMS",
    }


def test_forms_contain_the_same_files(release, branch, clone):
    """Archive, wheel and branch contain the shipped files, from one list, and nothing else."""
    [archive], [wheel] = release.glob("*.zip"), release.glob("*.whl")
    wanted = {name: (clone / name).read_bytes() for name in SHIPPED}
    assert "static/lib/twilio-voice-sdk/twilio.min.js" in wanted
    assert not [name for name in wanted if name.startswith(("dev/", ".", "pyproject.toml"))]
    assert read_zip(archive, "crm_telephony/") == wanted
    assert read_zip(wheel, IN_WHEEL) == wanted
    on_branch = read_files(branch / "crm_telephony")
    assert on_branch.pop("pyproject.toml")
    assert on_branch == wanted


def test_wheel_has_the_version_and_the_requirements_of_the_manifest(release):
    [wheel] = release.glob("*.whl")
    information = f"odoo_addon_crm_telephony-{VERSION}.dist-info/"
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if not name.startswith((IN_WHEEL, information))] == []
    text = read_zip(wheel, information)["METADATA"].decode("utf-8")
    metadata = HeaderParser().parsestr(text)
    assert metadata["Name"] == "odoo-addon-crm_telephony"
    assert metadata["Version"] == VERSION
    required = package.get_manifest()["external_dependencies"]["python"]
    # Not Odoo: pip would look for it, and replace what it requires.
    assert set(metadata.get_all("Requires-Dist")) == set(required)


def test_branch_has_what_installers_read_beside_the_addon(branch):
    names = {path.name for path in branch.iterdir()}
    assert names == {".git", "README.md", "crm_telephony", "requirements.txt"}
    required = package.get_manifest()["external_dependencies"]["python"]
    assert (branch / "requirements.txt").read_text().split() == required
    # pip reads it, and this Python has what it asks for.
    line = [sys.executable, "-m", "pip", "install", "--no-index", "--dry-run", "-q"]
    subprocess.run([*line, "-r", branch / "requirements.txt"], check=True)
    page = (branch / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page)
    assert links
    assert [link for link in links if not (branch / link).is_file()] == []
    assert git(branch, "tag", "--points-at", "HEAD").split() == [VERSION]


def test_whool_alone_builds_the_same_wheel_on_the_branch(branch, release, whool, tmp_path):
    """`pip install git+…@19.0#subdirectory=crm_telephony` works, and has the same files."""
    line = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*line, "-w", tmp_path, branch / "crm_telephony"],
        env={**os.environ, "PYTHONPATH": str(whool)},
        check=True,
    )
    [built], [wheel] = tmp_path.glob("*.whl"), release.glob("*.whl")
    assert built.name == wheel.name
    assert read_zip(built, "odoo/") == read_zip(wheel, "odoo/")


def test_sums_are_those_of_the_files(release):
    lines = (release / "SHA256SUMS").read_text().splitlines()
    sums = {name: total for total, name in map(str.split, lines)}
    assert sums == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in release.iterdir()
        if path.is_file() and path.name != "SHA256SUMS"
    }


def test_notes_are_the_section_of_this_version(release, clone):
    notes = (release / "NOTES.md").read_text(encoding="utf-8")
    changelog = (clone / "CHANGELOG.md").read_text(encoding="utf-8")
    section = changelog.split(f"## [{VERSION}]", 1)[1].split("\n## ", 1)[0]
    assert notes.splitlines()[0] == section.strip().splitlines()[0]
    assert len(notes.splitlines()) == len(section.strip().splitlines())
    assert re.findall(r"\]\((?!https?:)", notes) == [], "no link leads into the repository"


def test_same_commit_gives_the_same_release(release, other_clone):
    """A release can be made again, to check the published files."""
    assert make_release(other_clone).returncode == 0
    again = other_clone / "dist" / VERSION
    assert (again / "SHA256SUMS").read_text() == (release / "SHA256SUMS").read_text()
    heads = {git(folder / "branch.git", "rev-parse", "19.0") for folder in (again, release)}
    assert len(heads) == 1


def test_next_release_continues_the_branch(release, other_clone):
    change_version(other_clone, f"{VERSION}.1", "- Something.")
    assert make_release(other_clone, "--onto", str(release / "branch.git")).returncode == 0
    made = other_clone / "dist" / f"{VERSION}.1" / "branch.git"
    assert git(made, "rev-parse", "19.0~1") == git(release / "branch.git", "rev-parse", "19.0")
    changed = git(made, "diff", "--name-only", "19.0~1", "19.0").split()
    assert changed == ["crm_telephony/CHANGELOG.md", "crm_telephony/__manifest__.py"]


def test_published_version_is_refused(release, other_clone):
    refusal = get_refusal(other_clone, "--onto", str(release / "branch.git"))
    assert f"has the tag {VERSION} already: raise the version" in refusal


def test_uncommitted_file_is_refused(other_clone):
    (other_clone / "models/new.py").touch()
    assert "1 files are not as in the last commit, such as models/new.py" in get_refusal(
        other_clone
    )


@pytest.mark.parametrize("text", [None, "", "\n\n"])
def test_version_without_changelog_is_refused(other_clone, text):
    change_version(other_clone, "19.0.9.9.9", text)
    assert "CHANGELOG.md says nothing about 19.0.9.9.9" in get_refusal(other_clone)


def test_existing_output_is_refused(other_clone):
    (other_clone / "dist" / VERSION).mkdir(parents=True)
    assert f"{VERSION} exists already: raise the version" in get_refusal(other_clone)


def test_wheel_without_git_is_refused(other_clone, whool, tmp_path):
    """A copy without git has no list of files; a wheel of everything would contain the tools."""
    (other_clone / ".git").rename(tmp_path / "git")
    line = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*line, "-w", tmp_path / "dist", other_clone],
        env={**os.environ, "PYTHONPATH": str(whool)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "this folder is no clone: please clone the repository" in done.stdout + done.stderr


def change_version(clone, version, text):
    """Commit another version in a clone.

    :param str text: of its section in the changelog; None: without a section.
    """
    manifest = clone / "__manifest__.py"
    content = manifest.read_text(encoding="utf-8").replace(VERSION, version)
    assert ast.literal_eval(content)["version"] == version
    manifest.write_text(content, encoding="utf-8")
    if text is not None:
        changelog = clone / "CHANGELOG.md"
        section = f"## [{version}]\n{text}\n## [{VERSION}]"
        changelog.write_text(
            changelog.read_text(encoding="utf-8").replace(f"## [{VERSION}]", section),
            encoding="utf-8",
        )
    git(clone, "commit", "-q", "-a", "-m", "[IMP] crm_telephony: raise the version")
