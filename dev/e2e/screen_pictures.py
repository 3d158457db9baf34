"""Pictures of every screen, in each look. Run by dev/pictures, not by CI.

They are for the eye: whether something is cut, below the fold, or hard to read. The stories of
test_layout.py measure the same screens.
"""

import pytest

import test_layout as layout
from harness.looks import picture
from harness.pages import open_record
from harness.screens import Screens

anna, dark_palette = layout.anna, layout.dark_palette
WIDE, PHONE = (1280, 720), (390, 844)
#: Language, size of the screen, and theme.
LOOKS = [
    ("en_US", WIDE, "light"),
    ("en_US", (1440, 900), "light"),
    ("en_US", WIDE, "dark"),
    ("en_US", PHONE, "light"),
    (layout.CHINESE, WIDE, "light"),
    (layout.CHINESE, PHONE, "light"),
    ("de_DE", WIDE, "light"),
    ("de_DE", PHONE, "light"),
    (layout.ARABIC, WIDE, "light"),
    (layout.ARABIC, PHONE, "light"),
]


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1][0]}-{look[2]}")
def look(request, world, agent, arrange):
    """Return an administrator's browser with this look, and the folder of its pictures."""
    language, size, theme = request.param
    options = {"color_scheme": theme, "locale": language.replace("_", "-")}
    if theme == "dark":
        request.getfixturevalue("dark_palette")
    person = agent(
        "admin",
        rpc=arrange.language(language),
        viewport=dict(zip(("width", "height"), size, strict=True)),
        **options,
    )
    if theme == "dark":
        layout.darken(world, person)
    return person, f"screens/{language}-{size[0]}-{theme}"


@pytest.mark.timeout(900)
def test_pages(look):
    """Take a picture of each page, form and dialog, and of each further view."""
    person, folder = look
    person.open()
    screens = Screens(person)
    for name, *_selector in screens:
        picture(person.page, f"{folder}/page-{name}")
    if person.page.viewport_size == dict(zip(("width", "height"), PHONE, strict=True)):
        return  # Odoo opens the view for phones, whichever is asked for
    for name, _selector in screens.other_views():
        picture(person.page, f"{folder}/page-{name}")


@pytest.mark.timeout(300)
def test_phone(world, look, anna):
    """Take a picture of each state of the phone window."""
    person, folder = look
    open_record(person.ready(), "res.partner", anna.id)
    layout.walk(world, person, f"{folder}/phone", anna)
