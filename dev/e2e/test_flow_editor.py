"""The drawing of a call flow: built from nothing, by mouse and by keyboard."""

import collections
import json
import time

import pytest
from playwright.sync_api import expect

from harness.emulator import SALES
from harness.looks import barriers
from harness.pages import open_record

#: What axe-core finds in Odoo's own fields of the settings: outside the drawing.
DRAWING = ".o_telephony_flow_bar, .o_telephony_flow_scroller"
#: The drawing with the settings, without the fields, which are Odoo's.
EDITOR = {"include": [[".o_telephony_flow_editor"]], "exclude": [[".o_field_widget"]]}


class Drawing:
    """The drawing of one flow.

    :param page: the page of an administrator.
    """

    def __init__(self, page):
        self.page = page
        # Those of another step are replaced when they are loaded.
        self.panel = page.locator(".o_telephony_flow_panel:not([inert])")
        self.menu = page.locator(".o_telephony_flow_menu")

    def step(self, kind):
        """Return the only step of a kind, with its exits."""
        return self.page.locator(f".o_telephony_flow_step[data-kind={kind}]")

    def node(self, kind):
        """Return the box of the only step of a kind."""
        return self.step(kind).locator(".o_telephony_flow_node")

    def exit(self, kind, name):
        """Return an exit of the only step of a kind."""
        return self.step(kind).locator(f".o_telephony_flow_exit[data-exit='{name}']")

    def choose(self, item):
        """Choose an action or a kind of step in the open menu."""
        self.menu.locator(f"[data-id={item}]").click()

    def add(self, kind, origin=None, name=None):
        """Add a step behind an open exit, by mouse."""
        if origin is None:
            self.page.locator(".o_telephony_flow_editor .o_telephony_flow_add").click()
        elif name == "key":
            self.exit(origin, name).click()
        else:
            self.step(origin).locator(f".o_telephony_flow_add[data-exit={name}]").click()
        self.choose(kind)

    def connect(self, origin, name, target):
        """Lead an open exit to a step that exists, by mouse."""
        self.exit(origin, name).click()
        self.choose("connect")
        self.node(target).click()
        expect(self.page.locator(".o_telephony_flow_connecting")).to_have_count(0)
        expect(self.exit(origin, name)).not_to_have_attribute("data-form", "open")

    def pick(self, field, text):
        """Choose a record in the settings."""
        self.panel.locator(f"[name={field}] input").fill(text)
        option = self.page.locator(".o-autocomplete--dropdown-item", has_text=text)
        option.filter(has_not_text="Create").click()

    def save(self):
        """Save the settings."""
        self.panel.locator(".o_telephony_flow_save").click()
        expect(self.panel.locator(".o_telephony_flow_save")).to_have_count(0)


@pytest.fixture
def drawing(world, agent, arrange):
    """Return the drawing of a new, empty flow, and its identifier."""
    flow_id = world.admin.create("telephony.flow", name=f"Story {world.name}")
    person = agent("admin")
    open_record(person, "telephony.flow", flow_id)
    expect(person.page.locator(".o_telephony_flow_editor .o_telephony_flow_add")).to_be_visible()
    return Drawing(person.page), flow_id


def _shape(world, flow_id):
    """Return kind -> exit -> kind of the step behind it."""
    steps = world.admin.call("telephony.flow", "editor", flow_id)["steps"]
    kinds = {step["id"]: step["kind"] for step in steps}
    return {
        step["kind"]: {exit_["name"]: kinds.get(exit_["target"]) for exit_ in step["exits"]}
        for step in steps
    }


WANTED = {
    "hours": {"yes": "menu", "no": "voicemail"},
    "menu": {"key:1": "ring", "key:2": "queue", "no_answer": "voicemail"},
    "ring": {"no_answer": "voicemail", "not_available": "voicemail"},
    "queue": {"no_answer": "voicemail", "full": "voicemail", "not_available": "voicemail"},
    "voicemail": {},
}


def test_flow_is_built_by_mouse(world, drawing, arrange):
    """Z29: office hours, menu with two keys, team, queue and voicemail, within three minutes."""
    draw, flow_id = drawing
    queue = f"Queue {world.name}"
    members = [(6, 0, [arrange.agent(world.admin)])]
    world.admin.create("telephony.queue", name=queue, agent_ids=members)
    begin = time.monotonic()
    draw.add("hours")
    draw.add("menu", "hours", "yes")
    expect(draw.node("menu")).to_be_visible()
    draw.panel.locator("[name=message] textarea").fill("For sales, press 1. For help, press 2.")
    draw.add("ring", "menu", "key")
    expect(draw.exit("menu", "key:1")).to_be_visible()
    # A queue cannot be guessed: its settings are asked for first.
    draw.add("queue", "menu", "key")
    draw.pick("queue_id", queue)
    draw.save()
    expect(draw.exit("menu", "key:2")).to_be_visible()
    draw.add("voicemail", "hours", "no")
    expect(draw.node("voicemail")).to_be_visible()
    draw.panel.locator(".o_telephony_flow_close").click()
    draw.page.locator(".o_telephony_flow_fit").click()
    for origin, exits in WANTED.items():
        for name, target in exits.items():
            if target == "voicemail" and (origin, name) != ("hours", "no"):
                draw.connect(origin, name, target)
    assert time.monotonic() - begin < 180
    assert _shape(world, flow_id) == WANTED
    expect(draw.page.locator(".o_telephony_flow_node.o_faulty")).to_have_count(0)
    expect(draw.page.locator(".o_notification_manager .o_notification")).to_have_count(0)
    assert barriers(draw.page, DRAWING) == []

    # Each change is undone, one after the other, and repeated.
    undo, redo = (draw.page.locator(f".o_telephony_flow_{name}") for name in ("undo", "redo"))
    undo.click()
    expect(draw.exit("queue", "not_available")).to_have_attribute("data-form", "open")
    redo.click()
    expect(draw.exit("queue", "not_available")).to_have_attribute("data-form", "link")
    assert _shape(world, flow_id) == WANTED


def test_flow_is_built_by_keyboard(world, drawing):
    """Z29: the same kinds of steps, without a mouse; the focus stays in the drawing."""
    draw, flow_id = drawing
    press = draw.page.keyboard.press

    def add(kind, position):
        """Choose the kind at a position of the open list."""
        expect(draw.menu.locator("[role=menuitem]").first).to_be_focused()
        for _count in range(position):
            press("ArrowDown")
        press("Enter")
        expect(draw.node(kind)).to_be_focused()

    draw.page.locator(".o_telephony_flow_editor .o_telephony_flow_add").focus()
    press("Enter")
    add("hours", 0)
    press("+")
    add("menu", 1)
    press("+")  # the exit without a key
    add("ring", 3)
    press("+")
    add("voicemail", 7)
    press("ArrowUp")
    expect(draw.node("ring")).to_be_focused()
    press("ArrowUp")
    expect(draw.node("menu")).to_be_focused()
    # The settings, and back.
    press("Enter")
    expect(draw.panel.locator("[name=name] input")).to_be_focused()
    press("Control+a")
    draw.page.keyboard.type("Welcome")
    press("Escape")
    expect(draw.node("menu")).to_be_focused()
    expect(draw.node("menu")).to_contain_text("Welcome")
    press("Control+z")
    expect(draw.node("menu")).not_to_contain_text("Welcome")
    expect(draw.node("menu")).to_be_focused()
    press("Control+y")
    expect(draw.node("menu")).to_contain_text("Welcome")
    # Ring is removed: what led there leads to the mailbox behind it.
    press("ArrowDown")
    expect(draw.node("ring")).to_be_focused()
    press("Delete")
    expect(draw.page.locator(".modal .btn-primary")).to_be_focused()
    press("Enter")
    expect(draw.node("ring")).to_have_count(0)
    expect(draw.node("voicemail")).to_be_focused()
    assert _shape(world, flow_id) == {
        "hours": {"yes": "menu", "no": None},
        "menu": {"no_answer": "voicemail"},
        "voicemail": {},
    }


def test_two_administrators_change_one_flow(world, agent, arrange, drawing):
    """Z29: the second sees the change at once, is told by whom, and loses nothing."""
    draw, flow_id = drawing
    draw.add("message")
    expect(draw.panel.locator("[name=message] textarea")).to_be_visible()
    [step] = world.admin.search("telephony.flow.step", [("flow_id", "=", flow_id)], ["id"])
    draw.panel.locator("[name=message] textarea").fill("Written by me.")
    other = arrange.phone_user("Mia")
    manager = world.admin.ref("crm_telephony.group_manager")
    arrange.write("res.users", other.uid, group_ids=[(4, manager)])
    other.call("telephony.flow.step", "write", [step["id"]], {"name": "Renamed by Mia"})
    expect(draw.page.locator(".o_telephony_flow_changed")).to_contain_text("Mia")
    expect(draw.node("message")).to_contain_text("Renamed by Mia")
    expect(draw.panel.locator(".o_telephony_flow_outdated")).to_be_visible()
    draw.save()
    expect(draw.panel.locator("[name=name] input")).to_have_value("Renamed by Mia")
    values = world.admin.search(
        "telephony.flow.step", [("id", "=", step["id"])], ["name", "message"]
    )
    assert values == [{"id": step["id"], "name": "Renamed by Mia", "message": "Written by me."}]


def test_drawing_ends_with_the_screen(drawing):
    """Z29: the page does not scroll beside the drawing."""
    draw, _flow_id = drawing
    draw.page.set_viewport_size({"width": 1280, "height": 720})
    expect(draw.page.locator(".o_telephony_flow_editor")).to_be_in_viewport(ratio=1)
    below = "(content) => content.scrollHeight - content.clientHeight"
    assert draw.page.locator(".o_telephony_flow_view .o_content").first.evaluate(below) <= 0


def test_settings_that_cannot_be_loaded_are_tried_again(world, drawing):
    """Z29: when settings cannot be read, those of another step do not stay beside the drawing."""
    draw, flow_id = drawing
    draw.add("menu")
    expect(draw.panel.locator("[name=name] input")).to_have_value("Menu")
    # Not opened before: Odoo would show what it has read then.
    world.admin.create(
        "telephony.flow.step", flow_id=flow_id, kind="message", name="Hello", message="Hello."
    )
    data = {"name": "odoo.exceptions.UserError", "message": "No, not now.", "debug": ""}
    error = {"code": 0, "message": "Odoo Server Error", "data": data}
    read = "**/telephony.flow.step/web_read"
    draw.page.route(read, lambda route: route.fulfill(json={"jsonrpc": "2.0", "error": error}))
    draw.node("message").click()
    problem = draw.panel.locator(".o_telephony_flow_unloaded")
    expect(problem).to_contain_text("No, not now.")
    expect(draw.page.locator(".o_telephony_flow_panel")).to_have_count(1)
    expect(draw.page.locator(".o_telephony_flow_panel [name=name] input")).to_have_count(0)
    assert barriers(draw.page, ".o_telephony_flow_editor") == []
    draw.page.unroute(read)
    problem.locator("button").click()
    expect(draw.panel.locator("[name=message] textarea")).to_be_visible()
    expect(problem).to_have_count(0)


def test_test_call_is_drawn(world, agent, arrange, drawing):
    """Z29: what happens if no one answers is numbered in the drawing, and told beside it."""
    draw, _flow_id = drawing
    draw.add("ring")
    draw.add("voicemail", "ring", "no_answer")
    expect(draw.node("voicemail")).to_be_visible()
    draw.page.locator(".o_telephony_flow_test").click()
    # The moment is that of the browser, whatever the user's preferences say.
    zone = draw.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    expect(draw.panel).to_contain_text(f"Time zone: {zone}.")
    draw.page.locator("#o_telephony_flow_scene").select_option("no_answer")
    draw.page.locator(".o_telephony_flow_run").click()
    course = draw.page.locator(".o_telephony_flow_course")
    expect(course).to_contain_text("did not answer")
    expect(course).to_contain_text("The caller speaks after the tone.")
    expect(draw.node("ring").locator(".o_telephony_flow_turn")).to_have_text("1")
    expect(draw.node("voicemail").locator(".o_telephony_flow_turn")).to_have_text("2")
    draw.page.locator("#o_telephony_flow_scene").select_option("offline")
    draw.page.locator(".o_telephony_flow_run").click()
    expect(course).to_contain_text("No one available. The caller heard a message.")
    assert barriers(draw.page, ".o_telephony_flow_editor") == []


def test_caller_stays_in_a_removed_step(world, drawing, arrange, customers):
    """Z29: a step is removed while a caller is in it, and the drawing says so."""
    draw, flow_id = drawing
    draw.add("menu")
    expect(draw.node("menu")).to_be_visible()
    draw.panel.locator("[name=message] textarea").fill("Press one, please.")
    draw.save()
    draw.add("message", "menu", "key")
    expect(draw.exit("menu", "key:1")).to_be_visible()
    draw.panel.locator("[name=message] textarea").fill("This is the message.")
    draw.save()
    arrange.write("telephony.number", arrange.number_id(SALES), flow_id=flow_id)
    customer = customers("Karl Caller")
    telephone = world.emulator.calls_us(customer.number)
    telephone.hears_words("Press one, please.")
    # The figure arrives by itself.
    expect(draw.node("menu").locator(".o_telephony_flow_callers")).to_contain_text("1")
    expect(draw.node("menu").locator(".o_telephony_flow_today")).to_contain_text("1")
    draw.node("menu").click()
    draw.panel.locator(".o_telephony_flow_remove").click()
    dialog = draw.page.locator(".modal")
    expect(dialog).to_contain_text("A caller is in this step now, and continues as before.")
    dialog.locator(".btn-primary").click()
    expect(draw.node("menu")).to_have_count(0)
    telephone.press("1")
    telephone.hears_words("This is the message.")
    telephone.is_released()


def test_settings_of_every_kind_have_no_barrier(world, drawing, arrange):
    """Z29: the drawing and the settings beside it, for each kind of step."""
    draw, flow_id = drawing
    members = [(6, 0, [arrange.agent(world.admin)])]
    [calendar] = world.admin.call("resource.calendar", "search", [], limit=1)
    queue = world.admin.create("telephony.queue", name=f"Q {world.name}", agent_ids=members)
    other = world.admin.create("telephony.flow", name=f"Other {world.name}")
    kinds = {
        "hours": {"calendar_id": calendar},
        "menu": {"message": "Press one.", "key_ids": [(0, 0, {"key": "1", "label": "One"})]},
        "condition": {"condition_model": "res.partner"},
        "ring": {"agent_ids": members, "recording_mode": "always"},
        "queue": {"queue_id": queue, "recording_mode": "off"},
        "flow": {"target_flow_id": other},
        "forward": {"forward_number": "+32470123456"},
        "voicemail": {"agent_ids": members},
        "message": {"message": "Hello."},
        "reject": {},
    }
    for sequence, (kind, values) in enumerate(kinds.items()):
        world.admin.create(
            "telephony.flow.step",
            flow_id=flow_id,
            kind=kind,
            name=f"The {kind}",
            sequence=sequence,
            **values,
        )
    draw.page.locator(".o_telephony_flow_fit").click()
    expect(draw.page.locator(".o_telephony_flow_node")).to_have_count(len(kinds))
    found = {}
    for kind in kinds:
        draw.node(kind).dispatch_event("click")
        expect(draw.panel.locator("[name=name] input")).to_have_value(f"The {kind}")
        found[kind] = barriers(draw.page, EDITOR)
    assert found == {kind: [] for kind in kinds}
    # What is recorded has a mark with a text.
    mark = draw.node("ring").locator(".o_telephony_flow_mark")
    expect(mark).to_have_attribute("aria-label", "Calls are always recorded")


def test_numbers_are_assigned_in_the_flow(world, drawing, arrange):
    """Z29: the number of the story gets this flow, and the drawing says so."""
    draw, flow_id = drawing
    number_id = arrange.number_id(SALES)
    [number] = world.admin.search("telephony.number", [("id", "=", number_id)], ["flow_id"])
    # Only to restore it afterwards.
    arrange.write("telephony.number", number_id, flow_id=number["flow_id"][0])
    expect(draw.page.locator(".o_telephony_flow_start")).to_contain_text("No number uses this flow")
    [number] = world.admin.search("telephony.number", [("id", "=", number_id)], ["name"])
    draw.page.locator(".o_telephony_flow_head [name=number_ids] input").fill(number["name"])
    option = draw.page.locator(".o-autocomplete--dropdown-item", has_text=number["name"])
    option.first.click()
    expect(draw.page.locator(".o_telephony_flow_head .o_tag")).to_have_count(1)
    draw.page.locator(".o_form_button_save").click()
    expect(draw.page.locator(".o_telephony_flow_start")).to_contain_text(number["name"])
    [number] = world.admin.search("telephony.number", [("id", "=", number_id)], ["flow_id"])
    assert number["flow_id"][0] == flow_id


#: Steps of a large flow.
MANY = 200
#: Milliseconds of the processor in one task of the browser, and elements that it styles anew. On an
#: idle machine an act takes less than 50 ms; the number of elements does not depend on the machine.
LONGEST, MOST_STYLED = 75, 2000


def _make_large_flow(world, flow_id):
    """Fill a flow: a menu leads to menus, whose keys lead to messages and to menus of their own."""

    def make(kind, targets=(), **values):
        keys = [
            (0, 0, {"key": key, "label": f"Choice {key}", "target_step_id": target})
            for key, target in zip("123456789", targets, strict=False)
        ]
        return world.admin.create(
            "telephony.flow.step", flow_id=flow_id, kind=kind, key_ids=keys, **values
        )

    def fill(size, sequence):
        """Return the first of some steps."""
        if size == 1:
            return make("message", name=f"Message {sequence}", message="Hello.", sequence=sequence)
        share, rest = divmod(size - 1, 9)
        sizes = [share + (number < rest) for number in range(9)]
        targets, last = [], sequence
        for part in filter(None, sizes):
            targets.append(fill(part, last + 1))
            last += part
        values = {"name": f"Menu {sequence}", "message": "Choose.", "sequence": sequence}
        return make("menu", targets, **values)

    fill(MANY, 0)


class Tasks:
    """What the browser does in the tasks of one act.

    :param page: the page in which the act is done.
    """

    _CATEGORIES = ("toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline")

    def __init__(self, page):
        self.page = page
        self.longest, self.most_styled = 0, 0

    def __enter__(self):
        self.page.context.browser.start_tracing(page=self.page, categories=self._CATEGORIES)
        return self

    def __exit__(self, *_error):
        events = json.loads(self.page.context.browser.stop_tracing())["traceEvents"]
        spans = [event for event in events if event.get("ph") == "X"]
        # The page's thread is the one that styled most.
        styles = [span for span in spans if span["name"] == "UpdateLayoutTree"]
        threads = collections.Counter()
        for style in styles:
            threads[style["pid"], style["tid"]] += style["args"].get("elementCount", 0)
        [(thread, _count)] = threads.most_common(1)
        # Playwright's own questions to the page are tasks, too.
        questions = [
            span["ts"]
            for span in spans
            if "DevToolsSession" in str(span["args"].get("chrome_mojo_event_info"))
            and (span["pid"], span["tid"]) == thread
        ]
        for task in spans:
            if task["name"] == "RunTask" and (task["pid"], task["tid"]) == thread:
                begin, end = task["ts"], task["ts"] + task["dur"]
                if any(begin <= question < end for question in questions):
                    continue
                styled = sum(
                    style["args"].get("elementCount", 0)
                    for style in styles
                    if (style["pid"], style["tid"]) == thread and begin <= style["ts"] < end
                )
                self.longest = max(self.longest, task.get("tdur", 0) / 1000)
                self.most_styled = max(self.most_styled, styled)


def test_large_flow_stays_fluent(world, drawing):
    """Z29: with 200 steps, no act makes the browser work for long, nor style every step."""
    draw, flow_id = drawing
    _make_large_flow(world, flow_id)
    draw.page.reload()
    nodes = draw.page.locator(".o_telephony_flow_node")
    expect(nodes).to_have_count(MANY)
    message = draw.page.locator(".o_telephony_flow_step[data-kind=message]").first
    menu = draw.page.locator(".o_telephony_flow_step[data-kind=menu]").first
    ready = draw.panel.locator("[name=message] textarea")
    keys = draw.panel.locator("[name=key_ids] .o_list_renderer")
    undo = draw.page.locator(".o_telephony_flow_undo")
    found = {}

    def measure(name):
        found[name] = Tasks(draw.page)
        return found[name]

    # The page itself is loaded when the browser has nothing else to do.
    draw.page.wait_for_selector(".o_telephony_systray")
    draw.page.evaluate("() => new Promise((done) => requestIdleCallback(() => done()))")
    # Odoo compiles the form of a step, and the list in that of a menu, at their first use.
    with measure("open the first step"):
        message.locator(".o_telephony_flow_node").click()
        expect(ready).to_be_visible()
    with measure("open the first menu"):
        menu.locator(".o_telephony_flow_node").click()
        draw.page.wait_for_selector(".o_telephony_flow_panel:not([inert]) .o_list_renderer")
    draw.panel.locator(".o_telephony_flow_close").click()
    expect(draw.panel).to_have_count(0)
    with measure("zoom"):
        draw.page.locator(".o_telephony_flow_zoom_out").click()
        expect(draw.page.locator(".o_telephony_flow_zoom")).to_have_text("90 %")
    with measure("open a menu"):
        menu.locator(".o_telephony_flow_node").click()
        draw.page.wait_for_selector(".o_telephony_flow_panel:not([inert]) .o_list_renderer")
    with measure("select"):
        message.locator(".o_telephony_flow_node").click()
        expect(keys).to_have_count(0)
        expect(ready).to_be_visible()
    with measure("copy"):
        draw.panel.locator(".o_telephony_flow_copy").click()
        draw.page.wait_for_function(
            """count => document.getElementsByClassName("o_telephony_flow_node").length === count
                && document.querySelector(".o_telephony_flow_panel:not([inert]) textarea")""",
            arg=MANY + 1,
        )
    with measure("rename"):
        draw.panel.locator("[name=name] input").fill("Renamed")
        draw.save()
        expect(nodes.filter(has_text="Renamed")).to_have_count(1)
    with measure("undo"):
        undo.click()
        expect(nodes.filter(has_text="Renamed")).to_have_count(0)
    with measure("undo the copy"):
        undo.click()
        expect(nodes).to_have_count(MANY)
        expect(draw.panel).to_have_count(0)
    print({name: (round(tasks.longest), tasks.most_styled) for name, tasks in found.items()})
    assert {name: round(t.longest) for name, t in found.items() if t.longest > LONGEST} == {}
    assert {name: t.most_styled for name, t in found.items() if t.most_styled > MOST_STYLED} == {}
