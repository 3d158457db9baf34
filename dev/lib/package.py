"""The installable forms of the addon, from one list of files. Called by dev/package.

`shipped_files` is the list: the files known to git, without those marked "export-ignore" in
.gitattributes. The archive, the wheel (`wheel_backend`) and the release branch (`release`) contain
these.
"""

import ast
import shutil
import subprocess
import sys
import zipfile
from datetime import datetime, timezone
from pathlib import Path

from places import ADDON, REPO, say

#: Files of a release branch besides the addon's.
BRANCH = REPO / "dev/branch"


def git(*arguments, **options):
    """Return the output of a git command."""
    return subprocess.run(
        ["git", "-C", str(REPO), *arguments], capture_output=True, text=True, check=True, **options
    ).stdout


def get_manifest():
    """Return the addon's manifest."""
    return ast.literal_eval((REPO / "__manifest__.py").read_text(encoding="utf-8"))


def get_time():
    """Return the time of the last commit, in seconds: that of every file in the packages."""
    return int(git("log", "-1", "--format=%ct"))


def shipped_files():
    """Return the paths of all files of the archive, relative to the repository."""
    if not (REPO / ".git").exists():
        sys.exit(
            "error: the list of the addon's files is read from git, and this folder is no clone: "
            "please clone the repository, or use a release"
        )
    names = [name for name in git("ls-files", "-z").split("\0") if name]
    fields = git(
        "check-attr", "-z", "--stdin", "export-ignore", input="\0".join(names) + "\0"
    ).split("\0")
    left_out = {
        name for name, value in zip(fields[::3], fields[2::3], strict=False) if value == "set"
    }
    files = (Path(name) for name in names if name not in left_out)
    return sorted(path for path in files if (REPO / path).is_file())


def unpack(target):
    """Copy the files of the archive to a folder.

    :param Path target: the addon's folder; it must not exist yet.
    """
    for path in shipped_files():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPO / path, target / path)


def lay_out(folder):
    """Write the files of a release branch: the addon in a folder, and what installers read.

    :param Path folder: destination.
    """
    unpack(folder / ADDON)
    shutil.copytree(BRANCH, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    required = get_manifest()["external_dependencies"]["python"]
    (folder / "requirements.txt").write_text("".join(f"{name}\n" for name in required))


def build(folder):
    """Write the archive.

    :param Path folder: destination.
    :return Path: the archive. The same files give the same bytes.
    """
    target = folder / f"{ADDON}-{get_manifest()['version']}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.fromtimestamp(get_time(), timezone.utc)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in shipped_files():
            entry = zipfile.ZipInfo(f"{ADDON}/{path}", stamp.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, (REPO / path).read_bytes())
    return target


if __name__ == "__main__":
    built = build(REPO / "dist")
    say(f"{built.relative_to(REPO)}: {built.stat().st_size / 1e6:.1f} MB")
    print(built)
