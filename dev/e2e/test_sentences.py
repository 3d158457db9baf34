"""An administrator changes what callers hear, hears it in the page, and then a caller hears it."""

from playwright.sync_api import expect

from harness.looks import barriers, misfits, picture
from harness.pages import go_to_app, open_record
from harness.people_pages import open_menu
from harness.polling import until
from test_audio_library import create_in_place

WORDING = "There are some people before you. Your place is %(position)s."


def play(row):
    """Play the sentence of a row to its end."""
    button = row.locator(".o_telephony_play_sentence")
    button.click()
    expect(button).to_have_attribute("aria-label", "Stop", timeout=20_000)
    expect(button).to_have_attribute("aria-label", "Play the sentence", timeout=60_000)
    expect(row.locator(".o_telephony_play_error")).to_have_count(0)


def test_own_wording_is_played_in_the_page_and_heard_by_a_caller(world, agent, customers, arrange):
    """The number, the voice and the way to the provider are those of a call."""
    admin = agent("admin")
    queue = arrange.rpc.create(
        "telephony.queue",
        name="Own words",
        agent_ids=[(6, 0, [arrange.agent(admin.rpc)])],
        say_position=True,
    )
    arrange.flow({"name": "Wait", "kind": "queue", "queue_id": queue})
    calls = arrange.rpc.call("telephony.call", "search_count", [])
    page = admin.open()
    go_to_app(admin, "Telephony")
    open_menu(page, "Configuration", "Standard Sentences")
    row = page.locator(".o_data_row", has_text="Position in the queue").first
    expect(row).to_contain_text("You are number %(position)s in the queue.")
    picture(page, "sentences")
    assert not misfits(page, ".o_list_view")
    assert not barriers(page, ".o_telephony_play_sentence")
    [sentence] = arrange.rpc.search(
        "telephony.sentence", [("code", "=", "position"), ("lang", "=", "en_US")], ["id"]
    )
    arrange.write("telephony.sentence", sentence["id"], text=False)
    row.locator("td[name=text]").click()
    row.locator("td[name=text] textarea").fill("Your place is %(place)s.")
    row.locator(".o_telephony_play_sentence").click()
    expect(page.locator(".modal")).to_contain_text("You can use %(position)s.")
    page.locator(".modal .modal-footer button").first.click()
    row.locator("td[name=text] textarea").fill(WORDING)
    play(row)
    expect(row.locator("td[name=state]")).to_have_text("Own Wording")
    said = "There are some people before you. Your place is 3."
    until(lambda: said in str(world.emulator.get("calls")), "the page heard it")
    assert arrange.rpc.call("telephony.call", "search_count", []) == calls
    admin.ready()
    # The first caller rings at the only member, so the second one has to wait.
    first = world.emulator.calls_us(customers("First Caller").number)
    first.hears_words("ringback")
    second = world.emulator.calls_us(customers("Second Caller").number)
    second.hears_words("Your place is 2.")
    second.hang_up()
    first.hang_up()


def test_sound_is_heard_in_place_of_a_sentence(world, agent, customers, arrange):
    """The administrator records it in the row, hears it in the page, and a caller hears it."""
    admin, name = agent("admin"), f"Nobody {world.name}"
    [sentence] = _find_sentence(arrange, "no_one_available")
    arrange.write("telephony.sentence", sentence["id"], sound_id=False)
    arrange.flow(
        {"name": "Team", "kind": "ring", "agent_ids": [(6, 0, [arrange.agent(admin.rpc)])]}
    )
    page = admin.open()
    go_to_app(admin, "Telephony")
    open_menu(page, "Configuration", "Standard Sentences")
    row = page.locator(".o_data_row", has_text="No one is available").first
    row.locator("td[name=sound_id]").click()
    create_in_place(page, name, ".o_selected_row td[name=sound_id]")
    play(row)
    expect(row.locator("td[name=state]")).to_have_text("Sound")
    expect(row.locator("td[name=sound_id] input")).to_have_value(name)
    picture(page, "sentence-sound")
    assert not misfits(page, ".o_list_view")
    assert not barriers(page, ".o_telephony_play_sentence")
    telephone = world.emulator.calls_us(customers("Caller of Nobody").number)
    telephone.hears(admin.hz)
    telephone.is_released()

    # With values of the call, the sentence is always spoken.
    position = page.locator(".o_data_row", has_text="Position in the queue").first
    position.locator("td[name=sound_id]").click()
    expect(position.locator("td[name=sound_id] input")).to_have_count(0)
    [sound] = arrange.rpc.search("telephony.sound", [("name", "=", name)], ["id"])
    open_record(admin, "telephony.sound", sound["id"])
    picture(page, "sentence-sound-form")
    page.locator(".o_cp_action_menus .dropdown-toggle").click()
    page.locator(".o-dropdown-item", has_text="Delete").click()
    page.locator(".modal .modal-footer .btn-primary").click()
    expect(page.locator(".modal")).to_contain_text("(standard sentence, English (US))")
    picture(page, "sentence-sound-delete")
    page.locator(".modal .modal-footer button").first.click()
    page.locator(".oe_stat_button", has_text="Sentences").click()
    expect(page.locator(".o_data_row")).to_have_count(1)


def _find_sentence(arrange, code):
    """Return the row of a sentence in English; the table has been opened before."""
    arrange.rpc.call("telephony.sentence", "action_open")
    domain = [("code", "=", code), ("lang", "=", "en_US")]
    return arrange.rpc.search("telephony.sentence", domain, ["id"])
