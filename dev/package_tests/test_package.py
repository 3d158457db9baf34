"""The archive: its contents, and its completeness."""

import ast
import re
import sys
import zipfile

import package
import places
from life import Life

#: Permitted imports of the addon besides Python's own library: Odoo, the requirements of Odoo 19,
#: and those of the manifest (PyJWT comes with twilio).
KNOWN = {
    "odoo",
    "babel",
    "cryptography",
    "lxml",
    "passlib",
    "psycopg2",
    "requests",
    "werkzeug",
    "markupsafe",
    "pytz",
    "urllib3",
    "freezegun",
    "polib",
    "twilio",
    "phonenumbers",
    "jwt",
}
LOAD = """
from odoo.modules import Manifest
from odoo.tests.loader import get_test_modules

found = get_test_modules("crm_telephony")
folder = Manifest.for_addon("crm_telephony").path
assert all(module.__file__.startswith(folder) for module in found), found
print("loaded", len(found), "modules of tests")
"""


def imports(path, tree):
    """Return the imports of a module, as absolute names; `path` is relative to the addon."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package_names = path.parts[: len(path.parts) - node.level] if node.level else ()
            base = ["odoo", "addons", places.ADDON, *package_names] if node.level else []
            base += (node.module or "").split(".") if node.module else []
            found |= {".".join([*base, alias.name]) for alias in node.names}
    return found


def is_shipped(name, folder):
    """Return whether a dotted name of this addon is a module of it, or a name in one."""
    parts = name.split(".")[3:]
    places_of_module = (folder.joinpath(*parts), folder.joinpath(*parts[:-1]))
    return any(
        place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()
        for place in places_of_module
    )


def test_archive_holds_one_folder_without_tooling(archive):
    names = zipfile.ZipFile(archive).namelist()
    assert {name.split("/")[0] for name in names} == {"crm_telephony"}
    folders = {name.split("/")[1] for name in names}
    assert not folders & {"dev", ".ci", ".dev", ".git", ".gitignore", ".gitattributes", "dist"}
    assert {
        "__manifest__.py",
        "LICENSE",
        "CHANGELOG.md",
        "migrations",
        "models",
        "static",
        "tests",
    } <= folders


def test_archive_holds_the_voice_sdk_with_its_licence(archive):
    with zipfile.ZipFile(archive) as file:
        folder = "crm_telephony/static/lib/twilio-voice-sdk/"
        assert b"2.18.5" in file.read(folder + "twilio.min.js")
        assert b"Apache" in file.read(folder + "LICENSE.md")


def test_archive_is_the_same_every_time(archive, tmp_path):
    assert package.build(tmp_path).read_bytes() == archive.read_bytes()


def test_description_shows_only_what_is_shipped(unpacked):
    """The page of the app in Odoo's list refers only to pictures in the archive."""
    folder = unpacked / places.ADDON / "static/description"
    page = (folder / "index.html").read_text(encoding="utf-8")
    pictures = [part.split('"')[0] for part in page.split('src="')[1:]]
    assert pictures
    assert [name for name in pictures if not (folder / name).is_file()] == []
    assert (folder / "icon.png").is_file()


def test_changelog_tells_of_this_version(unpacked):
    folder = unpacked / places.ADDON
    manifest = ast.literal_eval((folder / "__manifest__.py").read_text(encoding="utf-8"))
    assert f"## [{manifest['version']}]" in (folder / "CHANGELOG.md").read_text(encoding="utf-8")


def test_modules_import_only_what_is_shipped(unpacked):
    """Every module of the archive can be imported, the tests included."""
    folder = unpacked / places.ADDON
    missing = set()
    for file in sorted(folder.rglob("*.py")):
        path = file.relative_to(folder)
        for name in imports(path, ast.parse(file.read_text(encoding="utf-8"))):
            top = name.split(".")[0]
            if name.startswith(f"odoo.addons.{places.ADDON}"):
                known = is_shipped(name, folder)
            else:
                known = top in KNOWN or top in sys.stdlib_module_names
            if not known:
                missing.add(f"{path} imports {name}")
    assert missing == set()


def test_odoo_loads_the_tests_of_the_archive(addons):
    """Odoo's own loader finds the tests, without any file of the repository."""
    name = "telephony_base"
    Life(name).shell(LOAD, log="package-tests.log", path=addons)
    log = (places.LOGS / "package-tests.log").read_text(encoding="utf-8")
    count = int(re.search(r"^loaded (\d+) modules of tests$", log, re.M)[1])
    assert count == len(list((places.REPO / "tests").rglob("test_*.py"))) - 1, (
        "all but one are shipped"
    )
