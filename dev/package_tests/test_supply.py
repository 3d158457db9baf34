"""Every installed or shipped file is pinned by its hash."""

import json
import re

import pytest

import places


def read(name):
    return (places.REPO / name).read_text(encoding="utf-8")


def get_pins(name):
    """Return the packages of a list, and their versions."""
    return set(re.findall(r"^([A-Za-z0-9_.-]+==[^\s;\\]+)", read(name), re.MULTILINE))


def test_every_python_package_is_locked_with_hashes():
    """Every Python package of the tools has a fixed version and a hash."""
    for name in ("dev/requirements", "dev/requirements-dev"):
        locked = {pin.lower().replace("_", "-") for pin in get_pins(f"{name}.lock")}
        assert {pin.lower().replace("_", "-") for pin in get_pins(f"{name}.txt")} <= locked
        entries = re.split(r"^(?=[A-Za-z0-9])", read(f"{name}.lock"), flags=re.MULTILINE)[1:]
        assert entries
        assert all("--hash=sha256:" in entry for entry in entries)


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


def test_locks_name_no_host():
    assert "://" not in read("dev/requirements.lock") + read("dev/requirements-dev.lock")


def test_voice_sdk_is_the_file_of_the_pinned_package():
    """The Voice SDK in the repository is that of the npm package, whose hash is locked."""
    folder = places.REPO / "static/lib/twilio-voice-sdk"
    source = places.NODE_MODULES / "@twilio/voice-sdk"
    assert folder / "twilio.min.js" == places.SDK_FILE
    assert places.SDK_FILE.read_bytes() == (source / "dist/twilio.min.js").read_bytes()
    assert (folder / "LICENSE.md").read_bytes() == (source / "LICENSE.md").read_bytes()
