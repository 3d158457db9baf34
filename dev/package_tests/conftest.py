"""Fixtures of the archive's tests: the archive, built once, and unpacked."""

import pytest

import life
import package


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
