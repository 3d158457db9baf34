"""The window of the softphone is moved, resized and remembered; calls are silenced."""

import pytest
from playwright.sync_api import expect

from harness.pages import Softphone
from harness.polling import stays, until

WINDOW = ".o_telephony_softphone"
SIZE = {"width": 1280, "height": 720}
EDGE, GAP = 8, 16


def _box(page):
    """Return the box of the window: x, y, width and height."""
    return page.locator(WINDOW).bounding_box()


def _drag(page, box_or_locator, right, down, *, at=(0.5, 0.5)):
    """Drag an element with the mouse."""
    box = box_or_locator.bounding_box()
    x, y = box["x"] + box["width"] * at[0], box["y"] + box["height"] * at[1]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2)
    page.mouse.move(x + right, y + down)
    page.mouse.up()


def _stored(world, person):
    """Return the place in the settings of the user."""
    [row] = world.admin.search(
        "res.users.settings", [("user_id", "=", person.rpc.uid)], ["telephony_window"]
    )
    return row["telephony_window"]


@pytest.fixture(autouse=True)
def first_place(world):
    """Begin and end with the window in its first place."""

    def reset():
        moved = [("telephony_window", "!=", False)]
        found = world.admin.search("res.users.settings", moved, ["id"])
        ids = [row["id"] for row in found]
        world.admin.call("res.users.settings", "write", ids, {"telephony_window": False})

    reset()
    yield
    reset()


def test_moved_resized_remembered_and_put_back(world, agent):
    """Z21: mouse and keyboard; the same place after a reload and in another browser."""
    person = agent("admin", viewport=SIZE).ready()
    page, phone = person.page, Softphone(person).open()
    first = _box(page)
    navbar = page.locator(".o_main_navbar").bounding_box()["height"]
    assert first["x"] + first["width"] == SIZE["width"] - GAP
    assert first["height"] == SIZE["height"] - navbar - 2 * GAP, "as high as the screen allows"

    # The title moves it, and no further than the edges of the screen.
    _drag(page, page.locator(".o_telephony_header"), -500, 0, at=(0.025, 0.5))
    assert _box(page) == {**first, "x": first["x"] - 500}
    _drag(page, page.locator(".o_telephony_grip"), -2000, -2000)
    assert _box(page)["x"] == EDGE and _box(page)["y"] == navbar + EDGE
    # The edges and the corners resize it.
    _drag(page, page.locator("[data-edges='bottom end']"), 100, -150)
    box = _box(page)
    assert (box["width"], box["height"]) == (first["width"] + 100, first["height"] - 150)
    assert (box["x"], box["y"]) == (EDGE, navbar + EDGE), "the other corner stays"
    until(lambda: (_stored(world, person) or {}).get("width") == box["width"], "it is stored")

    page.reload()
    phone.open()
    assert _box(page) == box
    page.set_viewport_size({"width": 700, "height": 500})
    until(lambda: _box(page)["y"] + _box(page)["height"] <= 500 - EDGE, "it stays on the screen")
    page.set_viewport_size(SIZE)
    until(lambda: _box(page) == box, "the larger screen has it as before")
    phone.minimize()
    phone.restore()
    assert _box(page) == box

    # Another browser of the same person.
    other = agent("admin", viewport=SIZE).ready()
    Softphone(other).open()
    assert _box(other.page) == box
    other.page.locator(".o_telephony_put_back").click()
    until(lambda: _box(other.page) == first, "the window is back in its place")
    until(lambda: not _stored(world, person), "that is stored as well")

    # The keyboard: the title moves it, with Shift it is resized; the command puts it back.
    grip = other.page.locator(".o_telephony_grip")
    grip.focus()
    grip.press("ArrowLeft")
    grip.press("Shift+ArrowDown")
    moved = _box(other.page)
    assert moved["x"] == first["x"] - 20 and moved["height"] == first["height"] - 20
    grip.dblclick()
    until(lambda: _box(other.page) == first, "a double click puts it back")
    until(lambda: not _stored(world, person), "and is stored")


def test_a_phone_shows_the_window_as_a_page(world, agent):
    """Z21: the window fills a small screen, and the bar keeps the same distance on both sides."""
    person = agent("admin", viewport={"width": 390, "height": 844}).ready()
    page, phone = person.page, Softphone(person).open()
    assert _box(page) == {"x": 0, "y": 0, "width": 390, "height": 844}
    expect(page.locator(".o_telephony_edge")).to_have_count(0)
    phone.minimize()
    bar = phone.bar.bounding_box()
    assert bar["x"] == 390 - bar["x"] - bar["width"], bar
    phone.restore()


def test_escape_returns_the_focus(world, agent):
    """Z01: after Escape, the icon of the phone has the focus."""
    person = agent("admin").ready()
    phone = Softphone(person).open()
    phone.input.press("Escape")
    expect(phone.window).to_have_count(0)
    expect(phone.systray).to_be_focused()
    phone.systray.press("Enter")
    expect(phone.window).to_be_visible()


def test_a_call_is_silenced(world, agent, customers):
    """Z17: the ring stops in each tab, the caller waits and is answered; the next call rings."""
    customer = customers("Hanne Wouters")
    admin = agent("admin").ready()
    phone = Softphone(admin)
    other = Softphone(admin, admin.new_tab())
    telephone = world.emulator.calls_us(customer.number)
    other.rings("Hanne Wouters")
    until(lambda: phone.plays_ring() or other.plays_ring(), "the ring is heard")
    other.page.locator(".o_telephony_silence").click()
    until(lambda: not (phone.plays_ring() or other.plays_ring()), "the ring stops in both tabs")
    for tab in (phone, other):
        expect(tab.card).to_have_attribute("data-small", "true")
    stays(lambda: not (phone.plays_ring() or other.plays_ring()), "it is silent", 1)
    for tab in (phone, other):
        tab.page.reload()
        tab.rings("Hanne Wouters")
        expect(tab.card).to_have_attribute("data-small", "true")
    stays(lambda: not (phone.plays_ring() or other.plays_ring()), "a reload changes nothing", 1)
    telephone.in_queue()
    assert not telephone.over
    phone.accept().is_talking()
    telephone.hears(admin.hz)
    phone.hang_up().has_ended("answered")
    phone.done()
    until(lambda: admin.state() == "available", "the agent is free again")

    second = customers("Ilse Yperman")
    telephone = world.emulator.calls_us(second.number)
    phone.rings("Ilse Yperman")
    until(lambda: phone.plays_ring() or other.plays_ring(), "the next call rings")
    phone.page.keyboard.press("Alt+Shift+B")
    until(lambda: not (phone.plays_ring() or other.plays_ring()), "the keyboard silences it, too")
    telephone.hang_up()
    phone.is_idle()
