"""The bundles of the web client: what everybody loads is small, and no file is forgotten."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ast.literal_eval((ROOT / "__manifest__.py").read_text(encoding="utf-8"))
ADDON = "crm_telephony/"
EVERYBODY = "web.assets_backend"
LAZY = ("crm_telephony.assets_softphone", "crm_telephony.assets_client_actions")
#: Loaded by Odoo with its first graph.
GRAPHS = "web.assets_backend_lazy"
CODE = {".js", ".xml", ".scss"}
#: Bytes of our sources that users load who do not telephone.
LIMIT = 100 * 1024


def get_files(bundle):
    """Return the files of a bundle."""
    patterns = MANIFEST["assets"][bundle]
    removed = {path for one in patterns if isinstance(one, tuple) for path in find_files(one[1])}
    added = [path for one in patterns if isinstance(one, str) for path in find_files(one)]
    return [path for path in added if path not in removed]


def find_files(pattern):
    """Return the files of a pattern of the manifest."""
    return [path for path in ROOT.glob(pattern.removeprefix(ADDON)) if path.is_file()]


def test_users_who_do_not_telephone_load_little():
    size = sum(path.stat().st_size for path in get_files(EVERYBODY))
    assert 0 < size < LIMIT, f"{size / 1024:.1f} KiB in {EVERYBODY}"


def test_each_file_is_in_exactly_one_bundle():
    found = [path for bundle in (EVERYBODY, *LAZY, GRAPHS) for path in get_files(bundle)]
    wanted = [path for path in (ROOT / "static/src").rglob("*") if path.suffix in CODE]
    assert sorted(found) == sorted(wanted)


def test_tests_load_the_lazy_bundles():
    included = MANIFEST["assets"]["web.assets_unit_tests_setup"]
    assert included[: len(LAZY)] == [("include", bundle) for bundle in LAZY]
    # The bundles remove what Odoo loads with its first graph; the tests need it all the same.
    assert included[len(LAZY) :] == MANIFEST["assets"][GRAPHS]
