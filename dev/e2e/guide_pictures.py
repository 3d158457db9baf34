"""The pictures of the guides, in each of their languages. Run by dev/pictures, not by CI."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

import test_layout as layout
from harness.emulator import SUPPORT
from harness.pages import Softphone, open_record
from harness.people_pages import Preferences
from harness.places import REPO
from harness.screens import CANVAS, DIALOG, GALLERY, Screens

reads_in = layout.reads_in
FOLDER = REPO / "static/description/guide"
WINDOW, CARD = ".o_telephony_softphone", ".o_telephony_incoming"
ANNA, BRUNO, MOBILE = "+32470123456", "+33612345678", "+32470998877"
WORDS = {
    "en_US": ("My mobile", "Wants twenty desks by March.", "Send the offer"),
    "zh_CN": ("我的手机", "三月之前需要二十张办公桌。", "发送报价"),
}
#: Few are enough for the window, and make a small file.
COLORS = 128
FLOWS = {"en_US": "Office", "zh_CN": "办公室"}
#: The page behind the window distracts.
STYLE = ".o_action_manager { visibility: hidden; }"
MARGIN = 12  # pixels


@pytest.fixture
def no_caller_ids(world):
    """Remove caller IDs before and after the story."""

    def remove():
        found = world.admin.call("telephony.caller.id", "search", [("active", "in", [True, False])])
        world.admin.call("telephony.caller.id", "unlink", found)

    remove()
    yield
    remove()


class Camera:
    """Takes the pictures of one language.

    :param page: a tab of a browser.
    :param str language: of the page.
    """

    def __init__(self, page, language):
        self.page, self.folder = page, FOLDER / language
        self.folder.mkdir(parents=True, exist_ok=True)

    def take(self, name, selector):
        """Write the picture of a part of the page, with the menus above it."""
        part = self.page.locator(selector).first
        expect(part).to_be_visible()
        self.page.mouse.move(0, 0)
        box = part.bounding_box()
        clip = {
            "x": box["x"] - MARGIN,
            "y": box["y"] - MARGIN,
            "width": box["width"] + 2 * MARGIN,
            "height": box["height"] + 2 * MARGIN,
        }
        shot = self.page.screenshot(clip=clip, animations="disabled", caret="hide")
        with Image.open(io.BytesIO(shot)) as picture:
            # The coverage keeps rare colors, as those of flags.
            small = picture.convert("RGB").quantize(
                COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
            )
            small.save(self.folder / f"{name}.png", optimize=True)


@pytest.mark.parametrize("language", WORDS)
def test_pictures(world, agent, arrange, no_caller_ids, language):
    """Go through the guide in its order, and take a picture of each page."""
    mobile, note, follow_up = WORDS[language]
    rpc = arrange.language(language)
    arrange.agent(rpc, allow_caller_id=True)
    person = agent(
        "admin",
        rpc=rpc,
        locale=language.replace("_", "-"),
        viewport={"width": 1280, "height": 800},
    ).ready()
    page = open_record(person, "res.partner", world.admin.ref("crm_telephony.partner_anna"))
    phone, camera = Softphone(person), Camera(page, language)
    phone.dismiss_notices()
    page.add_style_tag(content=STYLE)

    phone.open().input.fill("Anna")
    expect(page.locator("[role=option]", has_text="Anna Peeters")).to_be_visible()
    camera.take("phone", WINDOW)
    phone.input.fill("")

    preferences = Preferences(phone).open()
    camera.take("preferences", WINDOW)
    preferences.new_caller_id(MOBILE, mobile)
    preferences.code()
    preferences.verification.scroll_into_view_if_needed()
    camera.take("caller_id", WINDOW)
    world.emulator.rings(MOBILE).reject()
    preferences.says("failed", "")
    page.locator(".o_telephony_verification_close").click()
    preferences.leave()
    page.locator(".o_telephony_close").click()

    customer = world.emulator.calls_us(ANNA)
    phone.rings("Anna Peeters")
    camera.take("incoming", CARD)
    phone.accept().is_talking()
    phone.write_note(note)
    phone.timer_runs()
    camera.take("call", WINDOW)
    page.locator(".o_telephony_tab_live").click()
    expect(page.locator(".o_telephony_live_row")).to_have_count(1)
    camera.take("conversations", WINDOW)
    customer.hang_up()
    phone.has_ended("answered")
    phone.dismiss_notices()
    camera.take("ended", WINDOW)
    page.locator(".o_telephony_follow_up_call").click()
    page.locator(".o_telephony_follow_up_summary").fill(follow_up)
    camera.take("follow_up", WINDOW)
    page.locator(".o_telephony_follow_up_cancel").click()
    phone.done()

    waiting = world.emulator.calls_us(BRUNO, to=SUPPORT)
    phone.rings("Bruno Lefèvre")
    phone.decline_button.click()
    page.locator(".o_telephony_tab_queue").click()
    page.locator(".o_telephony_queue_row .o_telephony_row_menu").click()
    expect(page.locator(".o_telephony_pick_up")).to_be_visible()
    camera.take("queue", WINDOW)
    waiting.hang_up()
    phone.is_idle()
    expect(phone.show_recent().first).to_be_visible()
    camera.take("recent", WINDOW)


@pytest.mark.parametrize("language", WORDS)
def test_pictures_of_pages(world, agent, arrange, language):
    """Take the pictures of the dialog *Log a Call*, and of call flows."""
    rpc = arrange.language(language)
    person = agent(
        "admin",
        rpc=rpc,
        locale=language.replace("_", "-"),
        viewport={"width": 1100, "height": 800},
    )
    camera = Camera(person.open(), language)
    screens = Screens(person)
    with screens.dialog("log-a-call"):
        camera.take("log_a_call", DIALOG)
    screens.show_gallery()
    camera.take("flow_templates", GALLERY)
    context = {"lang": language}
    [flow] = rpc.call("telephony.flow", "create", [{"name": FLOWS[language]}], context=context)
    rpc.call("telephony.flow", "action_template_hours", [flow], context=context)
    screens.show_drawing(flow)
    screens.show_settings()
    person.page.locator(".o_telephony_flow_fit").click()
    camera.take("flow", CANVAS)
