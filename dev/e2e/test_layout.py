"""Layout: light, dark, right to left, and on a narrow screen; accessible to all users."""

import re

import pytest
from playwright.sync_api import expect

from harness.emulator import SUPPORT
from harness.looks import barriers, cut_columns, faint_icons, misfits, picture
from harness.pages import Softphone, open_record
from harness.screens import Screens

NARROW = {"width": 360, "height": 740}
RTL = "he_IL"
CHINESE, ARABIC = "zh_CN", "ar_001"
#: Languages and screens whose controls are measured: short words, long ones, right to left.
LANGUAGES = ("en_US", CHINESE, "de_DE", ARABIC)
#: The one of them that is measured in the dark theme.
DARK = "de_DE"
SIZES = ((1280, 720), (1440, 900), (390, 844))
#: Up to this width (px), a card covers the window.
NARROWEST = 576
#: Inverted greys, as in addons that bring a dark theme to Odoo.
DARK_PALETTE = """
$o-webclient-color-scheme: dark; $o-brand-primary: #c3b8ea;
$o-white: #1b1f26; $o-black: #ffffff;
$color-contrast-light: #ffffff; $color-contrast-dark: #1b1f26;
$o-gray-100: #23272f; $o-gray-200: #2c313a; $o-gray-300: #3b414c; $o-gray-400: #565e6b;
$o-gray-500: #7b8493; $o-gray-600: #9ca4b1; $o-gray-700: #bcc3cd; $o-gray-800: #d8dde4;
$o-gray-900: #eef1f5; $o-view-background-color: #1b1f26; $link-color: #b9addf;
"""
#: Views whose screenshots the addon's description shows, and the names of the screenshots.
PUBLISHED = {
    "keypad": "keypad",
    "in_call": "call",
    "minimised": "minimised",
    "ended": "ended",
    "card": "incoming",
}
#: Tabs besides the keypad, which is checked during typing; the content of each tab.
OWN_TABS = {
    "contacts": ".o_telephony_contacts",
    "activities": ".o_telephony_activities",
}
WINDOW, CARD, BAR = ".o_telephony_softphone", ".o_telephony_incoming", ".o_telephony_bar"

#: What axe-core finds in the elements of Odoo's own views, and which ones these are.
OF_ODOO = {
    r"o_searchview|o_optional_columns|fa-filter|oi-group": "the search bar, the columns of a list",
    r"^image-alt: .*/web/image/": "avatars",
    r"^label: .*type=\"checkbox\"": "boolean fields, and the selection of rows",
    r"role=\"tab\"": "notebooks, and the sections of the settings",
    r"o_tag |o-autocomplete--input|o-dropdown|selectMenuAutocompleteOff": "relations, selections",
    r"o-mail-|^role-img-alt: .*(oi-search|fa-user-o)": "the chatter",
    r"^color-contrast: (?!.*o_telephony)": "the muted grey, badges and decorated rows",
}

# The selectors without an element that is on the screen, not covered, and with its whole text; the
# number of the elements that are, and how far the nearest one is from the screen's edge (px).
FIND_BLOCKED = """(selectors) => {
    const why = (element) => {
        const { left, top, right, bottom, width, height } = element.getBoundingClientRect();
        const { clientWidth, clientHeight } = document.documentElement;
        if (!width || !height) {
            return "has no size";
        }
        if (left < 0 || top < 0 || right > clientWidth + 0.5 || bottom > clientHeight + 0.5) {
            return `is outside: ${[left, top, right, bottom].map(Math.round)}`;
        }
        const points = [[0.5, 0.5], [0.15, 0.5], [0.85, 0.5], [0.5, 0.15], [0.5, 0.85]];
        for (const [x, y] of points) {
            const hit = document.elementFromPoint(left + width * x, top + height * y);
            // The pointer passes through a disabled button.
            if (!element.contains(hit) && !(element.disabled && hit?.contains(element))) {
                return `is covered by ${hit?.tagName}.${hit?.className}`;
            }
        }
        const parts = [element, ...element.querySelectorAll("*")];
        const cuts = (part) => getComputedStyle(part).overflowX !== "visible";
        if (parts.some((part) => cuts(part) && part.scrollWidth > part.clientWidth + 1)) {
            return "is cut";
        }
        return "";
    };
    const margin = (element) => {
        const { left, top, right, bottom } = element.getBoundingClientRect();
        const { clientWidth, clientHeight } = document.documentElement;
        return Math.min(left, top, clientWidth - right, clientHeight - bottom);
    };
    const blocked = [];
    const free = selectors.flatMap((selector) => {
        const elements = [...document.querySelectorAll(selector)];
        const found = elements.filter((element) => !why(element));
        if (!found.length) {
            blocked.push(`${selector} ${elements.length ? why(elements[0]) : "is missing"}`);
        }
        return found;
    });
    return [blocked, free.length, Math.round(Math.min(...free.map(margin)))];
}"""

# Parts beside the box of an element that no other part cuts, and buttons there in any case.
SPILLED = """(selector) => {
    const box = document.querySelector(selector);
    const { left, right } = box.getBoundingClientRect();
    const cuts = (part) => getComputedStyle(part).overflowX !== "visible";
    const isCut = (part) => part !== box && (cuts(part) || isCut(part.parentElement));
    return [...box.querySelectorAll("*")]
        .filter((part) => {
            const place = part.getBoundingClientRect();
            return place.width && (place.left < left - 1 || place.right > right + 1);
        })
        .filter((part) => part.tagName === "BUTTON" || !isCut(part.parentElement))
        .map((part) => `${part.tagName}.${part.className}`);
}"""

# The words that go on in the next line.
FIND_BROKEN = """(selector) => [...document.querySelectorAll(selector)].flatMap((label) =>
    [...label.textContent.matchAll(/[^ \u00ad-]+/g)].flatMap(({ 0: word, index }) => {
        const range = document.createRange();
        range.setStart(label.firstChild, index);
        range.setEnd(label.firstChild, index + word.length);
        const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
        return lines.size > 1 ? [`${word} is broken`] : [];
    })
)"""

# The numbers whose plus sign is not at their left.
FIND_REVERSED = """(selector) => [...document.querySelectorAll(selector)].flatMap((cell) => {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const node = texts.currentNode;
        const start = node.data.indexOf("+");
        if (start >= 0) {
            const left = (at) => {
                const range = document.createRange();
                range.setStart(node, at);
                range.setEnd(node, at + 1);
                return range.getBoundingClientRect().left;
            };
            return left(start) < left(start + 1) ? [] : [node.data];
        }
    }
    return [];
})"""

# The inputs that are too narrow for their value.
FIND_CUT_INPUTS = """(selector) => [...document.querySelectorAll(selector)]
    .filter((input) => input.clientWidth && input.scrollWidth > input.clientWidth + 1)
    .map((input) => `${input.value} is cut`)"""

# The sentences whose full stop is not at their right.
FIND_TURNED = """(selector) => [...document.querySelectorAll(selector)].flatMap((cell) => {
    const { firstChild: node } = cell;
    const left = (at) => {
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        return range.getBoundingClientRect().left;
    };
    return left(node.data.length - 2) < left(node.data.length - 1) ? [] : [node.data];
})"""

# The web client learns of a new size after a moment, and draws in the frame after it.
ADAPTED = """() => new Promise((resolve) => {
    setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(resolve)), 250);
})"""


@pytest.fixture
def anna(world):
    """Return the contact of the demo data, with an opportunity."""

    class Anna:
        number, name = "+32470123456", "Anna Peeters"
        id = world.admin.ref("crm_telephony.partner_anna")

    return Anna


@pytest.fixture
def right_to_left(arrange):
    """Make the administrator read from right to left during a story."""
    return arrange.language(RTL)


@pytest.fixture
def many_queues(world):
    """Create more queues than the list of transfer targets can show at once."""
    queues = [world.admin.create("telephony.queue", name=f"Desk {n:02}") for n in range(15)]
    yield
    world.admin.call("telephony.queue", "unlink", queues)


@pytest.mark.parametrize("letters", ["Wolfeschlegelsteinhausen" * 9, "van der Straeten " * 12])
@pytest.mark.parametrize("size", [(1280, 720), (390, 844)], ids=["desktop", "phone"])
def test_names_of_200_characters(world, agent, customers, size, letters):
    """Z17 Z20 Z21 Z24: card, call, bar, end window, Recent and queue fit any name."""
    customer = customers(letters[:200].strip(), company=letters[:180])
    admin = agent("admin", viewport=dict(zip(("width", "height"), size, strict=True))).ready()
    page, phone, problems = admin.page, Softphone(admin), []

    def look(stage, selector):
        expect(page.locator(selector).first).to_be_visible()
        picture(page, f"long-names-{stage}-{size[0]}-{letters[:3]}")
        spilled = page.evaluate(SPILLED, selector)
        problems.extend(f"{stage}: {part} is outside" for part in spilled)
        width, room = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        if width > room:
            problems.append(f"{stage}: the page is {width} px wide on a screen of {room}")

    caller = world.emulator.calls_us(customer.number)
    phone.rings()
    look("card", CARD)
    phone.accept().is_talking()
    look("call", WINDOW)
    phone.minimize()
    look("bar", BAR)
    phone.restore()
    caller.hang_up()
    phone.has_ended("answered")
    look("ended", WINDOW)
    phone.done()
    expect(phone.show_recent().first).to_be_visible()
    look("recent", WINDOW)
    waiting = world.emulator.calls_us(customer.number, to=SUPPORT)
    phone.dismiss_notices()
    page.locator(".o_telephony_tab_queue").click()
    expect(page.locator(".o_telephony_queue_row")).to_have_count(1)
    look("queue", WINDOW)
    waiting.hang_up()
    assert not problems, "\n".join(problems)


def walk(world, person, theme, anna, publish=False):
    """Go through a call and check each view of the softphone."""
    page, phone, problems = person.page, Softphone(person), []

    def look(stage, selector):
        expect(page.locator(selector).first).to_be_visible()
        picture(page, f"{theme}-{stage}", publish and PUBLISHED.get(stage))
        found = misfits(page, selector) + barriers(page, selector) + faint_icons(page, selector)
        problems.extend(f"{stage}: {problem}" for problem in found)

    phone.dismiss_notices()
    phone.open()
    for name, shown in OWN_TABS.items():
        page.locator(f".o_telephony_tab_{name}").click()
        expect(page.locator(shown).first).to_be_visible()
        look(name, WINDOW)
    page.locator(".o_telephony_tab_keypad").click()
    page.locator(".o_telephony_preferences_toggle").click()
    expect(page.locator(".o_telephony_preferences")).to_be_visible()
    look("preferences", WINDOW)
    page.locator(".o_telephony_open_set_up").click()
    for step in ("microphone", "echo", "connection"):
        expect(page.locator(".o_telephony_set_up")).to_have_attribute("data-step", step)
        look(f"set-up-{step}", WINDOW)
        if step != "connection":
            page.locator(".o_telephony_set_up_next").click()
    page.locator(".o_telephony_set_up_skip").click()
    phone.type_number("+32 470 12 34 56")
    page.locator(".o_telephony_key").first.focus()
    look("keypad", WINDOW)
    phone.input.fill("Anna")
    expect(page.locator("[role=option]", has_text="Anna Peeters")).to_be_visible()
    look("search", WINDOW)
    phone.type_number("+32 470 12 34 56").input.press("Enter")
    telephone = world.emulator.rings(anna.number)
    look("ringing", WINDOW)
    telephone.answer()
    phone.is_talking()
    phone.note.fill("Wants twenty desks by March.")
    expect(page.locator(".o_telephony_note_status .fa-check")).to_be_visible()
    phone.timer_runs()
    look("in_call", WINDOW)
    page.locator(".o_telephony_keypad_toggle").click()
    look("digits", WINDOW)
    page.locator(".o_telephony_keypad_toggle").click()
    page.locator(".o_telephony_transfer_toggle").click()
    look("transfer", ".o_telephony_transfer")
    page.locator(".o_telephony_transfer_close").click()
    waiting = world.emulator.calls_us("+33612345678", to=SUPPORT)
    page.locator(".o_telephony_tab_queue").click()
    expect(page.locator(".o_telephony_queue_row")).to_have_count(1)
    look("queue", WINDOW)
    page.locator(".o_telephony_tab_live").click()
    expect(page.locator(".o_telephony_live_row")).to_have_count(1)
    look("conversations", WINDOW)
    waiting.hang_up()
    expect(page.locator(".o_telephony_tab_queue .o_telephony_tab_count")).to_have_count(0)
    phone.dismiss_notices()
    page.locator(".o_telephony_tab_call").click()
    phone.minimize()
    look("minimised", BAR)
    if page.viewport_size["width"] < NARROWEST:
        left, right = page.locator(BAR).evaluate(
            "(bar) => { const { left, right } = bar.getBoundingClientRect();"
            " return [left, document.documentElement.clientWidth - right]; }"
        )
        if left != right:
            problems.append(f"minimised: {left} px before the bar, and {right} px after it")
    phone.restore()
    telephone.hang_up()
    phone.has_ended("answered")
    expect(page.locator(".o_telephony_disposition")).to_be_visible()
    look("ended", WINDOW)
    page.locator(".o_telephony_follow_up_call").click()
    expect(page.locator(".o_telephony_follow_up_summary")).to_be_focused()
    look("follow_up", WINDOW)
    phone.done()
    expect(phone.show_recent().first).to_be_visible()
    look("recent", WINDOW)
    page.locator(".o_telephony_close").click()

    caller = world.emulator.calls_us(anna.number)
    phone.rings("Anna Peeters")
    look("card", CARD)
    caller.hang_up()
    phone.is_idle()
    assert not problems, "\n".join(problems)


def _look_at_board(person, theme):
    """Check the supervisors' board and the dashboard, each as a whole."""
    problems = []
    for name in ("board", "dashboard"):
        selector = f".o_telephony_{name}"
        page = person.open(f"/odoo/telephony-{name}", wait=selector)
        expect(page.locator(".o_telephony_figure").first).to_be_visible()
        picture(page, f"{theme}-{name}")
        found = misfits(page, selector) + barriers(page, selector)
        problems.extend(f"{name}: {problem}" for problem in found)
    assert not problems, "\n".join(problems)


def test_light(world, agent, anna):
    """Z01 Z17 Z21: each view in the light theme."""
    person = agent("admin").ready()
    open_record(person, "res.partner", anna.id)
    walk(world, person, "light", anna, publish=True)
    _look_at_board(person, "light")


def test_demonstration(world, agent):
    """Z22 Z24 Z27 Z30: the demonstration data fills board, dashboard, lists and recordings."""
    person = agent("admin")
    page = person.open("/odoo/telephony-dashboard", wait=".o_telephony_graph canvas")
    calls = page.locator(".o_telephony_figure_value").first
    expect(calls).not_to_have_text("0")
    picture(page, "demo-dashboard", "dashboard")
    page = person.open("/odoo/telephony-board", wait=".o_telephony_figure")
    # The database may be of yesterday, so that the board of today is empty.
    expect(page.locator(".o_telephony_agent")).not_to_have_count(0)
    picture(page, "demo-board")
    for path in ("calls", "voicemails", "callbacks"):
        page = person.open(f"/odoo/telephony-{path}", wait=".o_list_view, .o_kanban_view")
        expect(page.locator(".o_data_row").first).to_be_visible()
        picture(page, f"demo-{path}")


@pytest.fixture
def dark_palette(world):
    """Add the colors of a dark theme: core compiles a dark style sheet, but has no colors."""
    attachment = world.admin.create(
        "ir.attachment",
        name="dark.scss",
        type="binary",
        mimetype="text/scss",
        url="/e2e/dark.scss",
        public=True,
        raw=DARK_PALETTE,
    )
    asset = world.admin.create(
        "ir.asset",
        name="Dark colours",
        bundle="web.assets_web_dark",
        directive="prepend",
        path="/e2e/dark.scss",
    )
    yield
    world.admin.call("ir.asset", "unlink", [asset])
    world.admin.call("ir.attachment", "unlink", [attachment])


def darken(world, person):
    """Show the pages of a browser with the dark style sheet."""
    person.context.add_cookies([{"name": "color_scheme", "value": "dark", "url": world.server.url}])
    person.context.route(
        "**/web.assets_web.min.css",
        lambda route: route.fulfill(
            response=route.fetch(
                url=f"{world.server.url}/web/assets/any/web.assets_web_dark.min.css",
                timeout=120_000,
            )
        ),
    )


def test_dark(world, agent, anna, dark_palette):
    """Z01 Z17 Z21: the same views with Odoo's dark style sheet."""
    person = agent("admin", color_scheme="dark")
    darken(world, person)
    person.ready()
    back = "(s) => getComputedStyle(document.querySelector(s)).backgroundColor"
    Softphone(person).open()
    shade = person.page.evaluate(back, WINDOW)
    assert max(int(part) for part in re.findall(r"\d+", shade)[:3]) < 80, f"{shade} is not dark"
    walk(world, person, "dark", anna)
    _look_at_board(person, "dark")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_page_is_accessible(world, agent, request, theme):
    """Z22 Z24 Z29 Z30: no page of any menu, and no form or dialog of the addon, has a barrier."""
    if theme == "dark":
        request.getfixturevalue("dark_palette")
        person = agent("admin", color_scheme="dark")
        darken(world, person)
    else:
        person = agent("admin")
    person.open()
    screens, problems = Screens(person), []
    assert screens.find_forgotten() == []
    for name, selector, has_fields in screens:
        picture(person.page, f"{theme}-page-{name}")
        problems += _find_barriers(person.page, name, selector, has_fields)
        problems += [f"{name}: {problem}" for problem in cut_columns(person.page)]
    assert not problems, "\n".join(problems)


def test_each_further_view_is_accessible(world, agent, arrange):
    """Z30: neither has any kanban, pivot or graph of a menu; the headers of a list are not cut."""
    person = agent("admin", rpc=arrange.language(DARK))
    person.open()
    names, problems = set(), []
    for name, selector in Screens(person).other_views():
        picture(person.page, f"light-page-{name}")
        problems += _find_barriers(person.page, name, selector, True)
        problems += [f"{name}: {problem}" for problem in cut_columns(person.page)]
        names.add(name)
    assert {"calls-kanban", "team-kanban", "callbacks-graph", "sentences-kanban"} <= names
    assert {"recordings-kanban", "voicemails-kanban"} <= names
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("code", LANGUAGES[1:])
def test_no_column_is_cut(world, agent, arrange, code):
    """Z18 Z29: long words fit the headers of all lists, and no number is turned around."""
    width, height = SIZES[0]
    person = agent("admin", rpc=arrange.language(code), viewport={"width": width, "height": height})
    person.open()
    page, problems = person.page, []
    for name, _selector, _has_fields in Screens(person):
        found = cut_columns(page)
        reversed_ = page.evaluate(FIND_REVERSED, ".o_data_cell")
        found += [f"{number} is reversed" for number in reversed_]
        found += page.evaluate(FIND_CUT_INPUTS, ".o_setting_box input[type=text]")
        problems += [f"{name}: {problem}" for problem in found]
    assert not problems, "\n".join(problems)


def _is_mirrored(page):
    """Check that the page is read from right to left, and its style sheets are mirrored.

    The window has logical coordinates, so that it follows the direction of the text alone.
    """
    expect(page.locator("body.o_rtl")).to_be_visible()
    middle, margin = page.evaluate(
        """(selector) => {
            const { left, right } = document.querySelector(selector).getBoundingClientRect();
            const icon = document.querySelector(`${selector} .me-2`);
            return [(left + right) / 2 / innerWidth, getComputedStyle(icon).marginLeft];
        }""",
        WINDOW,
    )
    assert middle < 0.5, "the window is at the end of the line, which is on the left"
    assert margin != "0px", "the space behind an icon is on its left"


def _find_barriers(page, name, selector, has_fields):
    """Return the barriers of a page, without those of Odoo's own fields."""
    found = barriers(page, selector)
    if has_fields:
        found = [p for p in found if not any(re.search(known, p) for known in OF_ODOO)]
    return [f"{name}: {problem}" for problem in found]


def test_right_to_left(world, agent, anna, right_to_left):
    """Z01 Z17 Z21: the same views in a language that is written from right to left."""
    person = agent("admin", rpc=right_to_left, locale="he-IL").ready()
    person.page.evaluate("document.fonts.ready")
    Softphone(person).open()
    _is_mirrored(person.page)
    walk(world, person, "rtl", anna)
    _look_at_board(person, "rtl")
    page = person.open("/odoo/telephony-calls", wait=".o_data_row")
    for name in ("customer_display", "customer_number"):
        reversed_ = page.evaluate(FIND_REVERSED, f".o_data_cell[name={name}]")
        assert reversed_ == [], f"{name}: {reversed_}"
    for name, _selector in Screens(person).other_views():
        reversed_ = page.evaluate(FIND_REVERSED, ".o_kanban_record span")
        assert reversed_ == [], f"{name}: {reversed_}"


def test_direction_of_numbers_and_sentences(world, agent, right_to_left):
    """Z29 Z30: for readers from right to left, numbers and English sentences keep their order."""
    person = agent("admin", rpc=right_to_left, locale="he-IL")
    calls = world.admin.search("telephony.call", [("direction", "=", "outgoing")], ["shown_as"])
    call = next(row for row in calls if row["shown_as"].startswith("+"))
    page = open_record(person, "telephony.call", call["id"])
    expect(page.locator("[name=shown_as]")).to_contain_text("+")
    assert page.evaluate(FIND_REVERSED, "[name=shown_as]") == []
    page = person.open("/odoo/telephony-sentences", wait=".o_data_row")
    sentence = page.locator(".o_data_cell[name=standard_text]", has_text="This call is recorded.")
    expect(sentence.first).to_be_visible()
    assert page.evaluate(FIND_TURNED, ".o_data_cell[name=standard_text]") == []


def test_zoomed_drawing_from_right_to_left(world, agent, right_to_left):
    """Z29: a drawing that is not as large as life stays in its frame."""
    person = agent("admin", rpc=right_to_left, locale="he-IL")
    page = person.open()
    [flow] = world.admin.call("telephony.flow", "search", [("step_ids", "!=", False)], limit=1)
    Screens(person).show_drawing(flow)
    page.locator(".o_telephony_flow_zoom_out").click()
    expect(page.locator(".o_telephony_flow_zoom")).not_to_have_text("100 %")
    plane = page.locator(".o_telephony_flow_plane").bounding_box()
    frame = page.locator(".o_telephony_flow_size").bounding_box()
    assert plane == pytest.approx(frame, abs=1)


def test_narrow(world, agent, anna):
    """Z01 Z17 Z21: the same views on a screen of 360 pixels."""
    person = agent("admin", viewport=NARROW).ready()
    walk(world, person, "narrow", anna)
    _look_at_board(person, "narrow")


class Controls:
    """Checks that the controls of the softphone can be pressed, at each stage of a call.

    :param page: a tab of an agent's browser.
    :param str language: of the page.
    """

    def __init__(self, page, language):
        self.page, self.language = page, language
        # Words do not make barriers, but colors do.
        self.looks_for_barriers = language in ("en_US", DARK)
        self.problems, self.places, self.measured = [], {}, {}

    def check(self, stage, *names, beside=(), still=False):
        """Note what is missing, outside the screen, covered, or cut, on a screen of each size.

        :param str stage: of the call.
        :param str names: controls that each screen shows.
        :param beside: controls that a narrow screen covers.
        :param bool still: whether no button may have moved since the first stage with *still*.
        """
        expect(self.page.locator(f".o_telephony_{names[0]}").first).to_be_visible()
        for size in SIZES:
            self._resize(size)
            picture(self.page, f"controls-{self.language}-{size[0]}-{stage}")
            wanted = [*names, *(beside if size[0] > NARROWEST else ())]
            selectors = [f".o_telephony_{name}" for name in wanted]
            found, *measured = self.page.evaluate(FIND_BLOCKED, selectors)
            self.measured.setdefault(stage, {})[size] = measured
            found += self.page.evaluate(FIND_BROKEN, ".o_telephony_action_label")
            places = self._find_places()
            if still and self.places.setdefault(size, places) != places:
                found.append("a button has moved")
            self.problems += [f"{stage}, {size[0]} px: {problem}" for problem in found]
        self._resize(SIZES[0])
        if self.looks_for_barriers:
            found = barriers(self.page, ", ".join((WINDOW, CARD)))
            self.problems += [f"{stage}: {problem}" for problem in found]

    def report(self):
        """Print what was measured, and fail with all problems."""
        print(f"\n{self.language}: controls, and the smallest distance from an edge (px)")
        print(f"{'':12}" + "".join(f"{f'{w}×{h}':>14}" for w, h in SIZES))
        for stage, cells in self.measured.items():
            texts = [f"{count} · {margin}" for count, margin in (cells[size] for size in SIZES)]
            print(f"{stage:12}" + "".join(f"{text:>14}" for text in texts))
        assert not self.problems, "\n".join(self.problems)

    def _resize(self, size):
        """Change the size of the screen, and wait until the page has adapted itself."""
        self.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        self.page.evaluate(ADAPTED)

    def _find_places(self):
        """Return the places of the buttons of the call."""
        return self.page.locator(".o_telephony_action, .o_telephony_hang_up").evaluate_all(
            "buttons => buttons.map((button) => {"
            " const { x, y } = button.getBoundingClientRect();"
            " return [Math.round(x), Math.round(y)]; })"
        )


@pytest.fixture
def reader(request, world, agent, arrange):
    """Return a factory of administrators who read in a language."""

    def make(code):
        width, height = SIZES[0]
        options = {"viewport": {"width": width, "height": height}}
        if code != DARK:
            return agent("admin", rpc=arrange.language(code), **options)
        request.getfixturevalue("dark_palette")
        person = agent("admin", rpc=arrange.language(code), color_scheme="dark", **options)
        darken(world, person)
        return person

    return make


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_control_is_free(world, anna, customers, arrange, numbers, reader, many_queues, code):
    """Z17 Z18 Z20 Z21: no control is cut or covered at any stage; those of a call stand still.

    Each stage is measured on screens of three sizes.
    """
    second = customers("Zoe Verstraeten")
    person = reader(code)
    arrange.write("telephony.number", arrange.number_id(), recording_mode="agent")
    page, phone = person.ready().page, Softphone(person)
    controls = Controls(page, code)
    press = lambda name: page.locator(f".o_telephony_{name}").click()  # noqa: E731
    phone.dismiss_notices()
    phone.open()
    if code == ARABIC:
        _is_mirrored(page)
    frame = ("status", "heading", "preferences_toggle", "minimize", "close")
    tabs = [f"tab_{name}" for name in ("recent", "contacts", "activities", "live", "queue")]
    phone.type_number("0470")
    expect(page.locator(".o_telephony_result").first).to_be_visible()
    controls.check("keypad", "call_button", "key", "erase", "result", "tab_keypad", *tabs, *frame)

    phone.dial(anna.number)
    actions = ("mute", "keypad_toggle", "hold", "transfer_toggle", "record")
    # The button that records has its place before the answer.
    controls.check("dialling", "hang_up", *actions, still=True)
    telephone = world.emulator.rings(anna.number)
    controls.check("ringing", "hang_up", *actions, still=True)
    telephone.answer()
    phone.is_talking()
    call = ("hang_up", *actions, "note", "open_record", "tab_call")
    controls.check("talking", *call, still=True)
    press("mute")
    press("hold")
    expect(page.locator(".o_telephony_hold_time")).to_be_visible()
    controls.check("held", *call, still=True)
    press("hold")
    expect(page.locator(".o_telephony_hold_time")).to_have_count(0)
    press("mute")
    press("record")
    expect(page.locator(".o_telephony_recording[data-state=recording]")).to_be_visible()
    controls.check("recorded", *call, "recording_stop", still=True)
    press("keypad_toggle")
    controls.check("digits", "in_call_keypad .o_telephony_key", *call[:-3], still=True)
    press("keypad_toggle")

    press("transfer_toggle")
    expect(page.locator(".o_telephony_target", has_text="Desk 14")).to_have_count(1)
    transfer = ("transfer_now", "ask_first", "add_third", "transfer_close", "hang_up")
    controls.check("transfer", *transfer, "target")
    number, _written = numbers()
    page.locator(".o_telephony_transfer_input").fill(number)
    expect(page.locator(".o_telephony_target")).to_have_count(1)
    page.locator(".o_telephony_target").click()
    press("ask_first")
    expect(page.locator(".o_telephony_strip[data-state=ringing]")).to_be_visible()
    controls.check("consulting", "cancel_transfer", "hang_up", "mute", "keypad_toggle", "note")
    world.emulator.rings(number).answer()
    expect(page.locator(".o_telephony_strip[data-state=talking]")).to_be_visible()
    controls.check("consulted", "complete", "merge", "cancel_transfer", "hang_up")
    press("cancel_transfer")
    expect(page.locator(".o_telephony_strip")).to_have_count(0)
    expect(page.locator(".o_telephony_hold[aria-pressed=false]")).to_be_enabled()

    other = world.emulator.calls_us(second.number)
    phone.rings("Zoe Verstraeten")
    buttons = ("accept", "decline", "card_size", "hang_up")
    controls.check("second", *buttons, beside=(*call, *frame[:4]))
    phone.accept_button.click()
    expect(page.locator(".o_telephony_held")).to_be_visible()
    phone.is_talking()
    controls.check("swap", "held_resume", "held_hang_up", *call[:-3], "note")
    other.hang_up()
    phone.has_ended("answered")
    controls.check("ended", "done", "held_resume", *frame[:4])
    page.locator(".o_telephony_held_hang_up").click()
    telephone.is_released()
    controls.report()


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_control_of_a_custom_phone_is_free(world, anna, numbers, arrange, reader, code):
    """Z06 Z24 Z27: the states of both phones, callers who wait and the wrap-up leave room."""
    company = world.admin.ref("base.main_company")
    arrange.write("res.company", company, telephony_wrap_up_seconds=600)
    number, _written = numbers()
    person = reader(code)
    values = {"call_via": "phone", "phone_number": number}
    person.rpc.call("telephony.agent", "save_preferences", values)
    page, phone = person.ready().page, Softphone(person)
    controls = Controls(page, f"{code}-custom")
    try:
        phone.dial(anna.number)
        mine = world.emulator.rings(number)
        controls.check("calling", "hang_up", "hold", "transfer_toggle")
        mine.answer()
        mine.hears_words("Gather")  # the question, in the agent's language
        mine.press("1")
        world.emulator.rings(anna.number).answer()
        expect(page.locator(".o_telephony_hold")).to_be_enabled()
        controls.check("talking", "hang_up", "hold", "transfer_toggle")
        waiting = world.emulator.calls_us("+33612345678", to=SUPPORT)
        page.locator(".o_telephony_tab_queue").click()
        expect(page.locator(".o_telephony_queue_row")).to_have_count(1)
        waits = ("queue_row .o_telephony_row_menu", "tab_queue", "tab_queue .o_telephony_tab_count")
        controls.check("queue", *waits)
        page.locator(".o_telephony_tab_live").click()
        expect(page.locator(".o_telephony_live_row")).to_have_count(1)
        controls.check("live", "live_row", "tab_live")
        waiting.hang_up()
        page.locator(".o_telephony_tab_call").click()
        phone.hang_up().has_ended("answered")
        after = ("done", "call_again", "note", "disposition", "classification_toggle")
        frame = ("wrap_up_extend", "status", "heading", "minimize", "close")
        controls.check("ended", *after, "follow_up_call", "follow_up_task", *frame)
        page.locator(".o_telephony_follow_up_call").click()
        expect(page.locator(".o_telephony_follow_up_summary")).to_be_focused()
        planning = ("summary", "soon", "quick", "date", "time", "user", "save", "cancel")
        controls.check("follow-up", *(f"follow_up_{name}" for name in planning), *after[:2])
        phone.done()
    finally:
        person.rpc.call("telephony.agent", "save_preferences", {"call_via": "browser"})
    caller = world.emulator.calls_us(anna.number)
    phone.rings("Anna Peeters")
    controls.check("incoming", "accept", "decline", "silence", "card_size")
    caller.hang_up()
    phone.is_idle()
    controls.report()


def test_records(world, agent, anna):
    """Z30: the list and the form of calls, and the contact with its button and chatter."""
    person = agent("admin").ready()
    phone = Softphone(person).dial("+32 470 12 34 56")
    world.emulator.rings(anna.number).answer()
    phone.is_talking().timer_runs()
    phone.hang_up().has_ended("answered")
    phone.done()
    person.page.locator(".o_telephony_close").click()

    page = person.open("/odoo/telephony-calls", wait=".o_list_view")
    row = page.locator(".o_data_row", has_text="Anna Peeters").first
    expect(row).to_contain_text("Answered")
    picture(page, "call_list", "call_list")
    row.locator("[name=started_at]").click()  # in its middle is a link that calls
    expect(page.locator(".o_form_view h1")).to_contain_text("Call to")
    picture(page, "call_form")
    page = open_record(person, "res.partner", anna.id)
    expect(page.locator("button[name=action_view_telephony_calls]")).to_be_visible()
    expect(page.locator(".o_telephony_phone_call").first).to_be_visible()
    expect(page.locator(".o-mail-Message").first).to_be_visible()
    expect(page.locator(".o_loading_indicator")).to_have_count(0)
    picture(page, "contact", "contact")
