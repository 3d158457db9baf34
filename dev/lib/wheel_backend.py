"""Build backend of pyproject.toml: whool, in the files of a release branch.

whool packages everything that git knows, the tools of `dev`, too, and names the addon as the folder
of the clone. So it works in a temporary folder with the right name and the shipped files only.
"""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import whool.buildapi

import package
from places import ADDON


@contextmanager
def _in_release_tree():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        package.lay_out(folder)
        # The temporary folder may be in a clone: whool would ask its git for the list of files.
        settings = {
            "GIT_CEILING_DIRECTORIES": str(folder),
            "SOURCE_DATE_EPOCH": str(package.get_time()),
        }
        before = Path.cwd()
        with patch.dict(os.environ, settings):
            os.chdir(folder / ADDON)
            try:
                yield
            finally:
                os.chdir(before)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Build the wheel.

    :param str wheel_directory: destination.
    :return str: its file name.
    """
    target = Path(wheel_directory).resolve()
    with _in_release_tree():
        return whool.buildapi.build_wheel(str(target), config_settings)


def build_sdist(sdist_directory, config_settings=None):
    """Build the source archive, of which whool alone builds the same wheel.

    :param str sdist_directory: destination.
    :return str: its file name.
    """
    target = Path(sdist_directory).resolve()
    with _in_release_tree():
        return whool.buildapi.build_sdist(str(target), config_settings)
