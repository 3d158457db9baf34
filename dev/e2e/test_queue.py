"""A queue with its callers, its members, and the supervisor who watches them."""

import base64

from playwright.sync_api import expect

from harness.agent_browser import make_microphone
from harness.board_page import Board
from harness.looks import barriers, misfits, picture
from harness.pages import Softphone
from harness.polling import stays, until

#: Hz of the queue's own music.
MUSIC = 1100
HELLO = "Thank you for waiting. All our colleagues are in a call."
# Clicks at a given time; a faster page may have removed the button.
_PICK_UP_AT = """(moment) => setTimeout(
    () => document.querySelector(".o_telephony_pick_up")?.click(), moment - Date.now()
)"""


def make_queue(world, name, members, **values):
    """Return a queue with music of its own."""
    music = world.admin.create(
        "telephony.sound",
        name=f"Music of {name}",
        content=base64.b64encode(make_microphone(MUSIC).read_bytes()).decode(),
    )
    queue = world.admin.create(
        "telephony.queue",
        name=name,
        agent_ids=[(6, 0, members)],
        announcement=HELLO,
        music_sound_id=music,
        ring_seconds=120,
        **values,
    )
    world.arrangement.temporary("telephony.queue", queue)
    return queue


def open_menu_of(phone, caller):
    """Open the menu of a caller in the list of waiting callers."""
    phone.open()
    phone.page.locator(".o_telephony_tab_queue").click()
    row = phone.page.locator(".o_telephony_queue_row", has_text=caller.name)
    row.locator(".o_telephony_row_menu").click()
    expect(phone.page.locator(".o_telephony_pick_up")).to_be_visible()


def test_four_callers_two_members_and_a_supervisor(world, agent, customers, arrange):
    """Z22 Z23 Z24 Z25 Z26 Z29: music, a full queue, picking up the third caller, a race.

    The board is right at each step, and opens the calls behind its figures.
    """
    demo, carla = agent("demo").ready(), agent("carla", rpc=arrange.phone_user("Carla")).ready()
    members = [arrange.agent(demo.rpc), arrange.agent(carla.rpc)]
    queue = make_queue(world, "Four callers", members, max_callers=3)
    arrange.flow(
        {"name": "Wait", "kind": "queue", "queue_id": queue, "full_step_id": "Full"},
        {"name": "Full", "kind": "message", "message": "Too many people are waiting."},
    )
    board = Board(agent("admin"), "Four callers")
    first, second, third, fourth = people = [
        customers(f"{name} Maes") for name in ("Lies", "Koen", "Griet", "Bart")
    ]
    telephones = []
    for place, person in enumerate(people[:3], 1):
        telephones.append(world.emulator.calls_us(person.number))
        # It rings at both members first; the third caller has to wait for them.
        telephones[-1].hears_words("You are number 3 in the queue" if place == 3 else "ringback")
        board.shows(waiting=place)
    telephones[2].hears(MUSIC)
    board.row_shows(waiting=3)
    board.agent_is(demo, "ringing")
    board.agent_is(carla, "ringing")

    refused = world.emulator.calls_us(fourth.number)
    refused.hears_words("Too many people are waiting")
    refused.is_released()
    board.shows(waiting=3, missed=1)

    phone, other = Softphone(demo), Softphone(carla)
    open_menu_of(phone, third)
    phone.page.locator(".o_telephony_pick_up").click()
    phone.is_talking()
    telephones[2].hears(demo.hz)
    board.shows(waiting=2, talking=1, answered=1)
    expect(board.agent_is(demo, "in_call")).to_contain_text("Griet Maes")
    picture(board.page, "board-live", "board")
    phone.hang_up().has_ended("answered")
    phone.done()
    board.agent_is(demo, "ringing")

    for person in (phone, other):
        open_menu_of(person, first)
    # Late enough for both pages of a busy machine to know it in time.
    moment = phone.page.evaluate("Date.now() + 1500")
    for person in (phone, other):
        person.page.evaluate(_PICK_UP_AT, moment)
    telephones[0].in_conference()
    until(lambda: phone.call.count() + other.call.count() == 1, "exactly one has the caller")
    winner, loser = (phone, other) if phone.call.count() else (other, phone)
    winner.is_talking()
    telephones[0].hears(winner.agent.hz)
    loser.says("This call was already answered by")
    board.shows(waiting=1, talking=1, answered=2)
    telephones[1].hang_up()
    board.shows(waiting=0, talking=1, answered=2, missed=1, abandoned=1)
    board.row_shows(waiting=0, answered=2, missed=0, abandoned=1)
    winner.hang_up().has_ended("answered")
    board.shows(waiting=0, talking=0, answered=2, missed=1, abandoned=1)

    board.row.locator("[data-figure=abandoned]").click()
    expect(board.page.locator(".o_data_row")).to_have_count(1)
    expect(board.page.locator(".o_data_row")).to_contain_text(second.name)


def test_the_longest_wait_ends_in_the_mailbox(world, agent, customers, arrange):
    """Z03 Z24 Z29 Z30: after the maximum wait the caller leaves a message.

    The supervisor sees it and sets the member offline, who is notified.
    """
    one, two = customers("Rik Aerts"), customers("Ria Aerts")
    demo = agent("demo").ready()
    member = arrange.agent(demo.rpc)
    queue = make_queue(world, "Short wait", [member], max_wait=12, amber_seconds=1, red_seconds=2)
    arrange.flow(
        {"name": "Wait", "kind": "queue", "queue_id": queue, "no_answer_step_id": "Box"},
        {"name": "Box", "kind": "voicemail", "agent_ids": [(6, 0, [member])], "message": "Speak."},
    )
    phone, board = Softphone(demo), Board(agent("admin"), "Short wait")
    world.emulator.calls_us(one.number)
    phone.rings(one.name)
    phone.accept().is_talking()
    telephone = world.emulator.calls_us(two.number)
    telephone.hears_words(HELLO)
    expect(board.row.locator(".o_telephony_elapsed")).to_have_attribute("data-level", "too_long")
    expect(board.figure("longest")).to_have_attribute("data-tone", "danger")
    until(lambda: telephone.leg["trail"][-1]["verb"] == "Record", "the message is recorded")
    stays(lambda: not telephone.over, "the caller speaks", 3)
    telephone.press("#")
    telephone.is_released()
    board.shows(waiting=0, talking=1, answered=1, voicemail=1, abandoned=0)
    expect(board.row.locator("[data-figure=level]")).to_have_text("50%")

    line = board.agent_is(demo, "in_call")
    line.locator(".o_telephony_agent_menu").click()
    board.page.locator(".o_telephony_set_offline").click()
    board.page.locator(".modal .btn-primary").click()
    phone.says("Mitchell Admin set you offline")
    phone.is_talking().hang_up().has_ended("answered")
    board.agent_is(demo, "offline")
    board.shows(waiting=0, talking=0, answered=1, voicemail=1)


def test_board_and_dashboard_look_right(world, agent, arrange):
    """Z22 Z24 Z30: light, on a narrow screen, right to left, and on the wall; accessible."""
    member = arrange.agent_id(world.server.rpc("demo"))
    make_queue(world, "Looks", [member])
    problems = []

    def look(person, name, path, selector, wait):
        page = person.open(path, wait=wait)
        picture(page, name)
        problems.extend(misfits(page, selector) + barriers(page, selector))
        return page

    def look_at_all(person, name):
        look(
            person,
            f"dashboard-{name}",
            "/odoo/telephony-dashboard",
            ".o_telephony_dashboard",
            ".o_telephony_graph canvas, .o_telephony_dashboard_empty",
        )
        return look(
            person,
            f"board-{name}",
            "/odoo/telephony-board",
            ".o_telephony_board",
            ".o_telephony_figure",
        )

    page = look_at_all(agent("admin"), "light")
    page.keyboard.press("Alt+w")
    wall = page.locator(".o_telephony_wall")
    expect(wall).to_be_visible()
    picture(page, "board-wall")
    problems.extend(misfits(page, ".o_telephony_wall") + barriers(page, ".o_telephony_wall"))
    page.keyboard.press("Escape")
    expect(wall).to_have_count(0)
    look_at_all(agent("admin", viewport={"width": 360, "height": 740}), "narrow")
    assert not problems, "\n".join(problems)
