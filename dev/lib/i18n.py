"""Export the addon's texts and update the translations. Called by dev/i18n."""

import ast
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

import database
import places
from package import git
from places import ADDON, CONF, LOGS, ODOO_BIN, PYTHON, REPO, say

DATABASE = "telephony_i18n"
FOLDER = REPO / "i18n"
TEMPLATE = FOLDER / f"{ADDON}.pot"
#: Folders without texts of the product.
WITHOUT_TEXTS = ("dev", "tests", "static/tests", "static/lib")
#: Languages with every text. The others have what callers hear and what the web client shows, and
#: every further text that has been translated.
COMPLETE = ("zh_CN",)
#: Part of the occurrences of the web client's texts, and files with the sentences that are spoken.
CLIENT = f"addons/{ADDON}/static/src/"
SPEECH = "models/*/telephony_speech.py"
#: Header fields that would change with every run.
DATES = ("POT-Creation-Date", "PO-Revision-Date")


def copy_addon(folder):
    """Copy the files with texts of the addon into a folder of addons.

    Odoo follows symbolic links in its search for texts. The state folder links to the repository,
    so a search in the repository itself would not end.
    """
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, names):
        source, target = REPO / name, folder / ADDON / name
        if source.is_file() and not name.startswith(tuple(f"{way}/" for way in WITHOUT_TEXTS)):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def export():
    """Return Odoo's template of the texts, without the parts that change with every run.

    :rtype: polib.POFile
    :raise BuildError: when Odoo fails.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_addon(folder / "addons")
        configuration = folder / "odoo.conf"
        addons = f"addons_path = {folder / 'addons'}"
        configuration.write_text(re.sub(r"(?m)^addons_path = .*$", addons, CONF.read_text()))
        line = [
            str(PYTHON),
            str(ODOO_BIN),
            "i18n",
            "export",
            "-c",
            str(configuration),
            "-d",
            DATABASE,
            "-l",
            "pot",
            "-o",
            str(folder / "new.pot"),
            ADDON,
        ]
        with open(LOGS / "i18n-export.log", "w", encoding="utf-8") as log:
            done = subprocess.run(
                line, env=places.odoo_environment(), stdout=log, stderr=log, check=False
            )
        if done.returncode:
            raise database.BuildError(f"the export failed: see {log.name}")
        template = polib.pofile(str(folder / "new.pot"))
    for date in DATES:
        template.metadata.pop(date, None)
    return template


def read_spoken():
    """Return the texts that are marked for translation in the files of spoken sentences.

    :rtype: set(str)
    """
    return {
        ast.literal_eval(node.args[0])
        for path in REPO.glob(SPEECH)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_lt"
    }


def choose(template):
    """Return the texts that every language needs: spoken sentences, and the web client's texts.

    :param polib.POFile template: all texts.
    :rtype: set(str)
    """
    return read_spoken() | {
        entry.msgid
        for entry in template
        if any(CLIENT in place for place, _line in entry.occurrences)
    }


def merge(template, path):
    """Update a file of translations to the template.

    :param polib.POFile template: all texts.
    :param Path path: the file, which is rewritten.
    :return int: number of texts without a translation.
    """
    translations = polib.pofile(str(path))
    order = {entry.msgid: number for number, entry in enumerate(template)}
    translations.merge(template)
    needed = set(order) if path.stem in COMPLETE else choose(template)
    for entry in list(translations):
        if entry.obsolete or not (entry.msgstr or entry.msgid in needed):
            translations.remove(entry)
    translations.sort(key=lambda entry: order[entry.msgid])
    for date in DATES:
        translations.metadata.pop(date, None)
    translations.save(str(path))
    return len(translations.untranslated_entries())


def main():
    """Export and merge. Return the exit code."""
    try:
        database.ensure_current(DATABASE, source=database.ensure_base(), log="i18n.log")
        template = export()
    except database.BuildError as error:
        print(f"\033[31merror:\033[0m {error}", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    template.save(str(TEMPLATE))
    say(f"{TEMPLATE.relative_to(REPO)}: {len(template)} texts")
    for path in sorted(FOLDER.glob("*.po")):
        say(f"{path.relative_to(REPO)}: {merge(template, path)} texts without a translation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
