"""The documentation, shown by Odoo itself: the pages of `docs` that come with this addon."""

from pathlib import Path

from markupsafe import Markup

from odoo.http import Controller, request, route

from odoo.addons.crm_telephony.tools import markdown

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = "/telephony/docs/"
# The pages of the menu.
MENU = ("user_guide", "administration", "operations", "integrate")
# A page shows its own pictures and styles, and runs nothing.
POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"


def get_pages():
    """Return the files of the pages by their names, as `user_guide.zh_CN`."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return {get_name(file): file for file in files}


def get_name(file):
    """Return the name of a page: its path without `docs` and `.md`."""
    return file.relative_to(ROOT).with_suffix("").as_posix().removeprefix("docs/")


class Documentation(Controller):
    @route("/telephony/docs/<path:name>", type="http", auth="user", methods=["GET"])
    def page(self, name, **params):
        """Show a page, in the user's language if it is translated.

        :param str name: of the page, as `user_guide`; with `.md` at its end, of exactly one file.
        """
        pages = get_pages()
        file = pages.get(name.removesuffix(".md"))
        if not name.endswith(".md"):
            file = pages.get(f"{name}.{request.env.user.lang}", file)
        if file is None:
            raise request.not_found()
        text = file.read_text(encoding="utf-8")
        values = {
            "title": markdown.get_title(text),
            "language": "zh-CN" if file.name.endswith(".zh_CN.md") else "en",
            "menu": self._get_menu(pages),
            # All text of the page is escaped.
            "body": Markup(markdown.render(text, lambda target: self._resolve(file, target))),
        }
        return request.render(
            "crm_telephony.documentation_page",
            values,
            headers={"Content-Security-Policy": POLICY},
        )

    def _get_menu(self, pages):
        """Return the addresses and titles of the most important pages."""
        lang = request.env.user.lang
        files = [pages.get(f"{name}.{lang}", pages.get(name)) for name in MENU]
        return [
            (self._get_address(file), markdown.get_title(file.read_text(encoding="utf-8")))
            for file in files
            if file
        ]

    def _get_address(self, file):
        return f"{ADDRESS}{get_name(file)}.md"

    def _resolve(self, file, target):
        """Return the address of a link: another page, a file in `static`, or a web page.

        :param Path file: the page with the link.
        :param str target: as it is written.
        :return str: empty if the file is not part of this installation.
        """
        if target.startswith(("https://", "http://", "#")):
            return target
        path, sharp, anchor = target.partition("#")
        found = (file.parent / path).resolve()
        if not found.is_file() or not found.is_relative_to(ROOT):
            return ""
        if found.suffix == ".md" and get_name(found) in get_pages():
            return f"{self._get_address(found)}{sharp}{anchor}"
        if found.is_relative_to(ROOT / "static"):
            return f"/crm_telephony/{found.relative_to(ROOT).as_posix()}"
        return ""
