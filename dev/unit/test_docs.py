"""What the documentation names exists: files, headings, pictures, methods, tests and sentences."""

import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import polib
import pytest
from PIL import Image
from tools.markdown import get_anchor

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# The page of the release branch lies beside the addon there: dev/package_tests/test_release.py.
BRANCH = ROOT / "dev/branch"
PAGES = sorted(
    [*SHIPPED, *(page for page in (ROOT / "dev").rglob("*.md") if BRANCH not in page.parents)]
)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)")
ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>$', re.M)
TEST = re.compile(r"\b(test_[a-z0-9_]+(?=\.py|\.[A-Z]|`)|[a-z_]+\.test\.js)")
CODE = re.compile(r"`(?:[a-z.]+\.)?(_[a-z_]+[a-z])(?:\([^`]*\))?`")
BLOCK = re.compile(r"^```.*?^```$|^(?: {4}[^\n]*\n)+", re.M | re.S)
EMPHASIS = re.compile(r"(?<!\*)\*(?!\*)([^*]+)\*(?!\*)")
# Guides that use the words of the interface, with the language of these words.
GUIDES = {
    "docs/user_guide.md": "en_US",
    "docs/user_guide.zh_CN.md": "zh_CN",
    "docs/administration.md": "en_US",
    "docs/administration.zh_CN.md": "zh_CN",
}
MARK = "<!-- messages -->"
PLACEHOLDER = re.compile(r"%\(\w+\)[.\d]*[sdf]|%s")
# Words in emphasis that are not words of this addon's interface.
OTHER_WORDS = {
    # keys, formulas, and words that are explained or stressed
    *("+", "r", "b", "c", "at once", "regulatory bundle", "queue callback"),
    # Odoo's interface
    *("Settings", "Configuration"),
    # Twilio's console
    *("Account > Trust Hub > Customer Profiles", "Monitor", "Errors", "Voice", "Geo permissions"),
    *("high-risk special services", "toll fraud", "Voice Geographic Permissions"),
    # headings and pages in English
    *("Networks of the users", "Operations"),
}
PICTURES = ROOT / "static/description/guide"
LANGUAGES = ("en_US", "zh_CN")
MAX_PICTURE = 60_000  # bytes


@cache
def read(page):
    """Return the text of a page without its blocks of code."""
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


@cache
def get_anchors(page):
    """Return the anchors of a page: those of the headings, as GitHub makes them, and its own."""
    text = read(page)
    titles = re.findall(r"^#+ (.*)$", text, re.M)
    return {*map(get_anchor, titles), *ANCHOR.findall(text)}


@cache
def get_texts(language):
    """Return the texts of the interface in a language, by the English ones.

    What differs from case to case is an ellipsis, as in the guides.
    """
    name = "crm_telephony.pot" if language == "en_US" else f"{language}.po"
    return {
        normalize(entry.msgid): normalize(entry.msgstr or entry.msgid)
        for entry in polib.pofile(str(ROOT / "i18n" / name))
    }


@cache
def get_sources():
    """Return the files that contain texts of the interface."""
    return "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("models", "views", "wizard", "static/src")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".xml", ".js")
    )


def normalize(text):
    return PLACEHOLDER.sub("…", " ".join(text.split()))


def get_messages(page):
    """Return the first cells of the tables of messages of a page."""
    tables = page.read_text(encoding="utf-8").split(MARK)[1:]
    rows = [
        line
        for table in tables
        for line in re.match(r"\s*((?:\|.*\n?)+)", table)[1].splitlines()[2:]
    ]
    return [row.removeprefix("| ").split(" | ")[0] for row in rows]


def get_page_name(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=get_page_name)
def test_every_link_leads_somewhere(page):
    """Pages, anchors and pictures that a page links to exist."""
    broken = []
    for target, anchor in LINK.findall(read(page)):
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in get_anchors(path)):
            broken.append(f"{target}#{anchor}")
    assert broken == []


@pytest.mark.parametrize("page", SHIPPED, ids=get_page_name)
def test_every_picture_is_described(page):
    assert re.findall(r"!\[\s*\]\([^)]*\)", read(page)) == []


def test_every_method_that_is_named_exists():
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("models", "providers", "tools", "controllers", "wizard")
        for path in (ROOT / folder).rglob("*.py")
    )
    unknown = {
        f"{page.relative_to(ROOT)}: {name}"
        for page in SHIPPED
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
        for page in SHIPPED
        for name in TEST.findall(page.read_text(encoding="utf-8"))
    }
    assert {(page, name) for page, name in named if name not in files} == set()


@pytest.mark.parametrize("name", [name for name in GUIDES if MARK in (ROOT / name).read_text()])
def test_every_message_of_a_guide_is_shown_by_the_product(name):
    """A sentence that was reworded in the code is found in the guides."""
    messages = get_messages(ROOT / name)
    assert len(messages) > 15
    assert len(messages) == len(set(messages))
    texts = set(get_texts(GUIDES[name]).values())
    assert [message for message in messages if message not in texts] == []


@pytest.mark.parametrize("name", ["user_guide", "administration"])
def test_both_languages_of_a_guide_explain_the_same_messages(name):
    texts = get_texts("zh_CN")
    messages = get_messages(ROOT / f"docs/{name}.md")
    chinese = get_messages(ROOT / f"docs/{name}.zh_CN.md")
    assert [texts[message] for message in messages] == chinese


@pytest.mark.parametrize("name", ["user_guide", "administration"])
def test_both_languages_of_a_guide_have_the_same_sections(name):
    """The Chinese headings follow in the order of the English ones."""
    english, chinese = (
        re.findall(r"^(#+) (.*)$", read(ROOT / f"docs/{name}{suffix}.md"), re.M)
        for suffix in ("", ".zh_CN")
    )
    assert [level for level, _title in english] == [level for level, _title in chinese]


def test_the_chinese_administration_has_the_anchors_of_the_english_one():
    """A link from the settings, or from another page, works in both languages."""
    titles = re.findall(r"^##+ (.*)$", read(ROOT / "docs/administration.md"), re.M)
    chinese = read(ROOT / "docs/administration.zh_CN.md")
    assert [get_anchor(title) for title in titles] == ANCHOR.findall(chinese)


@pytest.mark.parametrize(("name", "language"), GUIDES.items())
def test_guides_use_the_words_of_the_interface(name, language):
    """What a guide puts in emphasis is a menu, a field, a button or a message."""
    texts = set(get_texts(language).values())
    # The template is written before a release, and may lack the newest English words.
    sources = get_sources() if language == "en_US" else ""
    words = {
        word
        for path in EMPHASIS.findall(read(ROOT / name).split(MARK)[0])
        for word in re.split(r" [→‣] ", " ".join(path.split()))
    }
    unknown = words - texts - OTHER_WORDS
    assert {
        word for word in unknown if f">{word}<" not in sources and f'"{word}"' not in sources
    } == set()


def test_pictures_of_the_guide_are_shown_in_both_languages():
    """Each picture exists in each language, and a guide of the language shows it."""
    for language in LANGUAGES:
        end = "md" if language == "en_US" else f"{language}.md"
        pages = [read(ROOT / "docs" / f"{name}.{end}") for name in ("user_guide", "administration")]
        shown = re.findall(rf"guide/{language}/(\w+\.png)", "\n".join(pages))
        files = sorted(path.name for path in (PICTURES / language).glob("*.png"))
        assert files == sorted(shown)
        assert len(files) == 13


@pytest.mark.parametrize("path", sorted(PICTURES.rglob("*.png")), ids=get_page_name)
def test_pictures_of_the_guide_are_small(path):
    assert path.stat().st_size < MAX_PICTURE
    with Image.open(path) as picture:
        assert picture.mode == "P"


def test_each_block_of_the_settings_leads_to_its_documentation():
    tree = ElementTree.parse(ROOT / "views/res_config_settings_views.xml")
    blocks = list(tree.iter("block"))
    assert blocks
    for block in blocks:
        links = [setting.get("documentation") for setting in block.iter("setting")]
        assert any(links), block.get("title")


def test_links_of_the_views_lead_to_a_page():
    """Addresses of `/telephony/docs/` name a page, and an anchor that each language has."""
    found = {
        match
        for folder in ("views", "wizard", "static/src", "models")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".xml", ".js", ".py")
        for match in re.findall(r'"/telephony/docs/([\w/.]+)#?([\w-]*)"', path.read_text())
    }
    assert len(found) > 5
    for name, anchor in found:
        files = [*(ROOT / "docs").glob(f"{name}.md"), *(ROOT / "docs").glob(f"{name}.*.md")]
        assert files, name
        assert not anchor or all(anchor in get_anchors(file) for file in files), f"{name}#{anchor}"
