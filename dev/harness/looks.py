"""Screenshots, and checks of the layout."""

import os

from PIL import Image

from .places import ARTIFACTS, NODE_MODULES, SCREENSHOTS

_OUTSIDE = """(selector) => {
    const root = document.querySelector(selector);
    const width = document.documentElement.clientWidth;
    const found = [];
    // A long name ends with three dots; the box of its text goes on behind them.
    const isShortened = (el) => {
        while (el !== root && (el = el.parentElement)) {
            if (getComputedStyle(el).textOverflow === "ellipsis") {
                return true;
            }
        }
        return false;
    };
    for (const el of [root, ...root.querySelectorAll("*")]) {
        const box = el.getBoundingClientRect();
        const isOutside = box.left < -0.5 || box.right > width + 0.5;
        if (box.width && isOutside && !isShortened(el)) {
            found.push(`${el.tagName}.${el.className} ${box.left}–${box.right} of ${width}`);
        }
    }
    return found;
}"""

_CUT_COLUMNS = """() => {
    const isCut = (cell) => [cell, ...cell.querySelectorAll("*")].some(
        (part) =>
            getComputedStyle(part).overflowX !== "visible" &&
            part.scrollWidth > part.clientWidth + 1
    );
    const headers = [...document.querySelectorAll("thead th[data-name]")].filter(isCut);
    const numbers = [...document.querySelectorAll(".o_data_cell")].filter((cell) =>
        /^\\+[\\d ]+$/.test(cell.textContent.trim())
    );
    const tables = [...document.querySelectorAll(".o_telephony_board_queues")];
    return [
        ...tables.filter((part) => part.scrollWidth > part.clientWidth + 1).map(
            () => "the table of the board is cut"
        ),
        ...headers.map((cell) => `the header ${cell.textContent} is cut`),
        ...numbers.filter(isCut).map((cell) => `the number ${cell.textContent} is cut`),
    ];
}"""


def picture(page, name, publish=None):
    """Save a screenshot of the page among the artefacts.

    :param str name: of the file.
    :param str publish: name in the addon's description, written when
    TELEPHONY_UPDATE_SCREENSHOTS is 1.
    """
    path = ARTIFACTS / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    if publish:
        page.wait_for_function("[...document.images].every((image) => image.complete)")
    page.screenshot(path=path, animations="disabled")
    if publish and os.environ.get("TELEPHONY_UPDATE_SCREENSHOTS") == "1":
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            # A page has few colors: a third of the size, and no visible difference.
            small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
            small.save(SCREENSHOTS / f"{publish}.png", optimize=True)


def misfits(page, selector):
    """Return elements that make the page scroll sideways, and parts outside the screen."""
    width, room = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    found = page.evaluate(_OUTSIDE, selector)
    if width > room:
        found.append(f"the page is {width} px wide on a screen of {room}")
    return found


def _load_axe(page):
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.add_script_tag(path=NODE_MODULES / "axe-core/axe.min.js")


def barriers(page, selector):
    """Return the barriers that axe-core rates serious or critical, one for each element."""
    _load_axe(page)
    return page.evaluate(
        """async (selector) => {
            const { violations } = await axe.run(selector, { resultTypes: ["violations"] });
            return violations
                .filter(({ impact }) => ["serious", "critical"].includes(impact))
                .flatMap(({ id, help, nodes }) =>
                    nodes.map((node) => {
                        const why = node.any[0]?.message || "";
                        return `${id}: ${help}: ${node.html.slice(0, 160)} ${why}`;
                    }));
        }""",
        selector,
    )


def faint_icons(page, selector):
    """Return the icons of less contrast than 3:1, without those that are switched off.

    The rules of axe-core know texts only, so that its functions are called.
    """
    _load_axe(page)
    return page.evaluate(
        """(selector) => {
            axe.setup(document.documentElement);
            const { color } = axe.commons;
            const off = ":disabled, .opacity-50";
            const icons = [...document.querySelectorAll(selector)].flatMap((part) => [
                ...part.querySelectorAll(".fa, .oi"),
            ]);
            const found = icons
                .filter((icon) => icon.getClientRects().length && !icon.closest(off))
                .flatMap((icon) => {
                    const back = color.getBackgroundColor(icon, []);
                    const fore = back && color.getForegroundColor(icon, false, back);
                    const contrast = fore ? color.getContrast(back, fore) : Infinity;
                    return contrast < 3 ? [`${icon.className} has ${contrast.toFixed(1)}:1`] : [];
                });
            axe.teardown();
            return found;
        }""",
        selector,
    )


def cut_columns(page):
    """Return the headers and numbers of lists, and the table of the board, that are cut."""
    return page.evaluate(_CUT_COLUMNS)
