"""Every installed or shipped file is pinned by its hash."""

import ast
import json
import re

import pytest
from packaging.version import Version

import places


def read(name):
    return (places.REPO / name).read_text(encoding="utf-8")


def get_pins(name):
    """Return the packages of a list, and their versions."""
    return set(re.findall(r"^([A-Za-z0-9_.-]+==[^\s;\\]+)", read(name), re.MULTILINE))


@pytest.mark.parametrize("name", ["", "-dev", "-oldest", "-tools"])
def test_every_python_package_is_locked_with_hashes(name):
    """Every Python package of the tools has a fixed version and a hash."""
    lock = f"dev/requirements{name}.lock"
    locked = {pin.lower().replace("_", "-") for pin in get_pins(lock)}
    wanted = {pin.lower().replace("_", "-") for pin in get_pins(f"dev/requirements{name}.txt")}
    assert wanted
    assert wanted <= locked
    entries = re.split(r"^(?=[A-Za-z0-9])", read(lock), flags=re.MULTILINE)[1:]
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in read(lock), "it names no host"


def test_oldest_packages_are_the_lowest_of_the_manifest():
    """The part "oldest" tests the lowest version that the manifest allows."""
    required = ast.literal_eval(read("__manifest__.py"))["external_dependencies"]["python"]
    lowest = {
        found[1]: Version(found[2])
        for name in required
        if (found := re.fullmatch(r"(\S+)>=(\S+)", name))
    }
    pins = (pin.split("==") for pin in get_pins("dev/requirements-oldest.lock"))
    assert {name: Version(version) for name, version in pins} == lowest


@pytest.mark.parametrize("folder", ["", "dev/judge/"])
def test_every_npm_package_is_locked_with_its_hash(folder):
    """Every npm package has a fixed version and a hash."""
    lock = json.loads(read(folder + "package-lock.json"))
    wanted = json.loads(read(folder + "package.json"))["dependencies"]
    assert lock["packages"][""]["dependencies"] == wanted
    packages = {name: values for name, values in lock["packages"].items() if name}
    assert len(packages) > len(wanted)
    assert all(values.get("integrity") for values in packages.values())
    assert not any("resolved" in values for values in packages.values())


def test_voice_sdk_is_the_file_of_the_pinned_package():
    """The Voice SDK in the repository is that of the npm package, whose hash is locked."""
    folder = places.REPO / "static/lib/twilio-voice-sdk"
    source = places.NODE_MODULES / "@twilio/voice-sdk"
    assert folder / "twilio.min.js" == places.SDK_FILE
    assert places.SDK_FILE.read_bytes() == (source / "dist/twilio.min.js").read_bytes()
    assert (folder / "LICENSE.md").read_bytes() == (source / "LICENSE.md").read_bytes()
