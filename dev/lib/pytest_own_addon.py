"""pytest plugin: Odoo's own lint tests (`test_lint`) look at this addon only.

They walk through every addon there is, Odoo's included, which takes many minutes and tells nothing
about this one.
"""

import sys
from unittest.mock import patch

import pytest

from places import ADDON


class _Config:
    """Odoo's configuration, in which the addon is all there is to lint."""

    def __init__(self, config, path):
        self._config, self.root_path = config, path

    def __getattr__(self, name):
        return getattr(self._config, name)

    def __getitem__(self, name):
        return self._config[name]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Let the test see one addon."""
    from odoo.modules import Manifest

    manifest = Manifest.for_addon(ADDON)
    tools = sys.modules.get("odoo.addons.test_lint.tests.test_pylint")
    eslint = sys.modules.get("odoo.addons.test_lint.tests.test_eslint")
    run_eslint = eslint.TestESLint._test_eslint

    def run_with_files(test, modules, configuration):
        # The stricter rules are for other addons; without files ESLint would look for theirs.
        if modules:
            run_eslint(test, modules, configuration)

    with (
        patch.object(eslint.TestESLint, "_test_eslint", run_with_files),
        patch.object(Manifest, "all_addon_manifests", staticmethod(lambda: [manifest])),
        patch.object(eslint, "get_modules", lambda: [ADDON]),
        # Where pytest finds the tests there is an addon named as a module of Python: `calendar`.
        patch.object(sys, "path", [p for p in sys.path if not p.endswith("odoo/addons")]),
        patch.object(tools.tools, "config", _Config(tools.tools.config, manifest.path)),
    ):
        return (yield)
