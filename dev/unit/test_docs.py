"""Files, headings, methods and tests named in the documentation exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)")
TEST = re.compile(r"\b(test_[a-z0-9_]+(?=\.py|\.[A-Z]|`)|[a-z_]+\.test\.js)")
CODE = re.compile(r"`(?:[a-z.]+\.)?(_[a-z_]+[a-z])(?:\([^`]*\))?`")


def get_anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    broken = []
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in get_anchors(path)):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def test_every_method_that_is_named_exists():
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("models", "providers", "tools", "controllers", "wizard")
        for path in (ROOT / folder).rglob("*.py")
    )
    unknown = {
        f"{page.relative_to(ROOT)}: {name}"
        for page in PAGES
        for name in CODE.findall(page.read_text(encoding="utf-8"))
        # It may be the end of a name, as `_sudo`.
        if not re.search(rf"{name}\b", sources)
    }
    assert unknown == set()


def test_every_test_that_is_named_exists():
    folders = [ROOT / folder for folder in ("tests", "static/tests", "dev")]
    files = {path.name for folder in folders for path in folder.rglob("*test*")}
    named = {
        (page.name, name if name.endswith(".js") else f"{name}.py")
        for page in PAGES
        for name in TEST.findall(page.read_text(encoding="utf-8"))
    }
    assert {(page, name) for page, name in named if name not in files} == set()
