"""The audio library: recorded in the browser, heard by callers; sounds at web addresses."""

import pytest
from playwright.sync_api import expect

from harness.looks import barriers, misfits, picture
from harness.pages import Softphone, open_record
from harness.sound_server import SOUNDS

HELLO = "All our colleagues are in a call."
HELLO_PATH, MUSIC_PATH = SOUNDS
# A name that no server answers for.
ADDRESS = "https://nowhere.example.com/hello.mp3"


@pytest.fixture
def library(world):
    """Return the name of a sound of this story."""
    return f"Greeting {world.name}"


def record(form, seconds=4):
    """Begin to record, and wait until the recording has a length."""
    form.locator(".o_telephony_sound_record").click()
    expect(form.locator(".o_telephony_sound_time")).to_contain_text(f"0:0{seconds}")


def _record(person, name, seconds=4):
    """Record a sound with the person's microphone, and store it."""
    page = person.open(
        "/odoo/action-crm_telephony.telephony_sound_action/new", wait=".o_telephony_sound_record"
    )
    page.locator(".o_field_widget[name=name] input").fill(name)
    record(page, seconds)
    picture(page, "sound-recording")
    page.locator(".o_telephony_sound_stop").click()
    play = page.locator(".o_telephony_sound_button")
    expect(play).to_be_focused()
    page.keyboard.press("Enter")
    expect(play).to_have_attribute("aria-label", "Pause the sound")
    expect(play).to_have_attribute("aria-label", "Play the sound", timeout=15_000)
    _save(page)
    expect(page.locator(".o_field_widget[name=duration_display]")).to_have_text("0:05")
    return page


def _save(page):
    page.locator(".o_form_button_save").click()
    expect(page.locator(".o_form_button_save").locator("visible=true")).to_have_count(0)


def create_in_place(page, name, scope="body"):
    """Create the sound that a field names, from the field's menu."""
    page.locator(f"{scope} input").fill(name)
    page.locator(".o-autocomplete--dropdown-item", has_text="Create and edit").click()
    form = page.locator(".modal")
    expect(form.locator("[name=name] input")).to_have_value(name)
    record(form)
    form.locator(".o_telephony_sound_stop").click()
    expect(form.locator(".o_telephony_sound_button")).to_be_visible()
    picture(page, "sound-in-place")
    form.locator(".o_form_button_save").click()
    expect(form).to_have_count(0)
    expect(page.locator(f"{scope} input")).to_have_value(name)


def _choose(page, field, name):
    """Choose a sound by typing its name."""
    page.locator(f".o_field_widget[name={field}] input").fill(name)
    option = page.locator(".o-autocomplete--dropdown-item", has_text=name)
    option.filter(has_not_text="Create").click()


def _make_queue(world, arrange, demo, **values):
    members = [(6, 0, [arrange.agent(demo.rpc)])]
    return world.admin.create(
        "telephony.queue", name=f"Queue {world.name}", agent_ids=members, ring_seconds=60, **values
    )


def _occupy(world, demo, customer):
    """Have a member talk with the first caller of the queue."""
    phone = Softphone(demo)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings(customer.name)
    phone.accept().is_talking()
    return phone, telephone


def test_greeting_is_recorded_and_heard(world, agent, arrange, customers, library):
    """Z29: recorded by the microphone, played in a step and as the announcement of a queue."""
    admin, demo = agent("admin"), agent("demo").ready()
    page = _record(admin, library)
    picture(page, "sound-form")
    problems = misfits(page, ".o_form_view") + barriers(page, ".o_telephony_sound_file")
    queue = _make_queue(world, arrange, demo)
    open_record(admin, "telephony.queue", queue)
    _choose(page, "announcement_sound_id", library)
    _save(page)
    [sound] = world.admin.search("telephony.sound", [("name", "=", library)], ["id"])

    arrange.flow({"name": "Bye", "kind": "message", "sound_id": sound["id"]})
    telephone = world.emulator.calls_us(customers("Lut Nys").number)
    telephone.hears(admin.hz)
    telephone.is_released()

    arrange.flow({"name": "Wait", "kind": "queue", "queue_id": queue})
    phone, _first = _occupy(world, demo, customers("Jef Nys"))
    second = world.emulator.calls_us(customers("Ine Nys").number)
    second.hears(admin.hz)
    second.hears_words("You are number 1 in the queue")
    second.hang_up()
    phone.hang_up().has_ended("answered")
    phone.done()

    open_record(admin, "telephony.sound", sound["id"])
    page.locator(".oe_stat_button", has_text="Queues").click()
    expect(page.locator(".o_list_view .o_data_row, .o_form_view .oe_title")).to_have_count(1)
    assert not problems, "\n".join(problems)


def test_sound_is_created_in_place(world, agent, arrange, customers, library):
    """Z29: in the settings of a step, and in a queue."""
    admin = agent("admin")
    members = [(6, 0, [arrange.agent(admin.rpc)])]
    steps = arrange.flow(
        {"name": "Bye", "kind": "message", "message": "Bye."},
        {"name": "Team", "kind": "ring", "agent_ids": members},
    )
    [step] = world.admin.search("telephony.flow.step", [("id", "=", steps["Bye"])], ["flow_id"])
    page = open_record(admin, "telephony.flow", step["flow_id"][0])
    page.locator(".o_telephony_flow_step[data-kind=message] .o_telephony_flow_node").click()
    create_in_place(page, f"{library} 1", ".o_telephony_flow_panel [name=sound_id]")
    page.locator(".o_telephony_flow_save").click()
    expect(page.locator(".o_telephony_flow_save")).to_have_count(0)
    telephone = world.emulator.calls_us(customers("Jan Nys").number)
    telephone.hears(admin.hz)
    telephone.is_released()

    queue = world.admin.create("telephony.queue", name=f"Queue {world.name}", agent_ids=members)
    open_record(admin, "telephony.queue", queue)
    for field in ("music_sound_id", "announcement_sound_id"):
        create_in_place(page, f"{library} {field}", f".o_field_widget[name={field}]")
    _save(page)
    [values] = world.admin.search(
        "telephony.queue", [("id", "=", queue)], ["music_sound_id", "announcement_sound_id"]
    )
    assert values["music_sound_id"][1] == f"{library} music_sound_id"
    assert values["announcement_sound_id"][1] == f"{library} announcement_sound_id"


def test_address_is_heard(world, agent, arrange, customers, library, sounds):
    """Z29: sounds at https addresses, in a step, as music and as an announcement."""
    ids = {
        path: world.admin.create(
            "telephony.sound", name=f"{library} {path}", kind="url", url=sounds.url(path)
        )
        for path in SOUNDS
    }
    demo = agent("demo").ready()
    arrange.flow({"name": "Bye", "kind": "message", "message": "Bye.", "sound_id": ids[HELLO_PATH]})
    telephone = world.emulator.calls_us(customers("Ann Put").number)
    telephone.hears(SOUNDS[HELLO_PATH])
    telephone.is_released()

    queue = _make_queue(
        world,
        arrange,
        demo,
        announcement_sound_id=ids[HELLO_PATH],
        music_sound_id=ids[MUSIC_PATH],
    )
    arrange.flow({"name": "Wait", "kind": "queue", "queue_id": queue})
    phone, _first = _occupy(world, demo, customers("Bob Put"))
    waiting = world.emulator.calls_us(customers("Eva Put").number)
    waiting.hears(SOUNDS[HELLO_PATH])
    waiting.hears_words("You are number 1 in the queue")
    waiting.hears(SOUNDS[MUSIC_PATH])
    waiting.hang_up()
    phone.hang_up().has_ended("answered")
    # Only the provider has asked for them, never Odoo.
    assert set(sounds.asked) == {(path, "TwilioProxy/1.1") for path in SOUNDS}


def test_address_out_of_reach(world, agent, arrange, customers, library):
    """Z29: callers hear the text and the default music; the check of the flow names the sound."""
    world.emulator.expected_errors += [ADDRESS, "11205"]
    sounds = [
        world.admin.create("telephony.sound", name=f"{library} {n}", kind="url", url=ADDRESS)
        for n in (1, 2)
    ]
    admin, demo = agent("admin"), agent("demo").ready()
    steps = arrange.flow(
        {"name": "Closed", "kind": "message", "message": "We are closed.", "sound_id": sounds[0]}
    )
    telephone = world.emulator.calls_us(customers("Mia Put").number)
    telephone.hears_words("We are closed.", timeout=60)
    telephone.is_released()
    step_domain = [("id", "=", steps["Closed"])]
    [step] = world.admin.search("telephony.flow.step", step_domain, ["flow_id"])
    page = open_record(admin, "telephony.flow", step["flow_id"][0])
    expect(page.locator(".o_telephony_flow_node.o_faulty")).to_have_count(1)

    queue = _make_queue(world, arrange, demo, music_sound_id=sounds[1], announcement=HELLO)
    arrange.flow({"name": "Wait", "kind": "queue", "queue_id": queue})
    phone, _first = _occupy(world, demo, customers("Rik Put"))
    waiting = world.emulator.calls_us(customers("Els Put").number)
    waiting.hears_words("hold_music", timeout=60)
    waiting.in_queue()
    waiting.hang_up()
    phone.hang_up().has_ended("answered")
