"""pytest plugin: restrict Odoo's own lint tests (`test_lint`) to this addon.

They check every installed addon, including Odoo's, which takes many minutes and is irrelevant to
this one.
"""

import sys
from unittest.mock import patch

import pytest

from places import ADDON


class _Config:
    """Odoo's configuration, with this addon as the only one to lint."""

    def __init__(self, config, path):
        self._config, self.root_path = config, path

    def __getattr__(self, name):
        return getattr(self._config, name)

    def __getitem__(self, name):
        return self._config[name]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Restrict the test to one addon."""
    from odoo.modules import Manifest

    manifest = Manifest.for_addon(ADDON)
    tools = sys.modules.get("odoo.addons.test_lint.tests.test_pylint")
    eslint = sys.modules.get("odoo.addons.test_lint.tests.test_eslint")
    manifests = sys.modules.get("odoo.addons.test_lint.tests.test_manifests")
    run_eslint = eslint.TestESLint._test_eslint

    def run_with_files(test, modules, configuration):
        # The stricter rules are for other addons; without files ESLint would search for theirs.
        if modules:
            run_eslint(test, modules, configuration)

    with (
        patch.object(eslint.TestESLint, "_test_eslint", run_with_files),
        patch.object(Manifest, "all_addon_manifests", staticmethod(lambda: [manifest])),
        patch.object(eslint, "get_modules", lambda: [ADDON]),
        # Odoo reads this key (`_update_exclusions`), but none of its own community addons has it.
        patch.object(manifests, "MANIFEST_KEYS", {*manifests.MANIFEST_KEYS, "excludes"}),
        # In pytest's folder of tests an addon is named as a module of Python: `calendar`.
        patch.object(sys, "path", [p for p in sys.path if not p.endswith("odoo/addons")]),
        patch.object(tools.tools, "config", _Config(tools.tools.config, manifest.path)),
    ):
        return (yield)
