"""A second caller during a conversation: shown quietly, answered, swapped, and not lost."""

from playwright.sync_api import expect

from harness.looks import barriers, misfits, picture
from harness.pages import Softphone
from harness.polling import stays, until

MUSIC = "hold_music"
#: Hz of the second caller.
SECOND = 1300


def _hears_only(telephone, hz, others):
    """Wait until a party hears one tone and none of others."""
    telephone.hears(hz)

    def others_are_silent():
        peaks = telephone.leg["hears"]["peaks"]
        assert all(abs(peak - other) > 12 for peak in peaks for other in others), peaks
        return True

    until(others_are_silent, "nobody else is heard")


def _talk_and_be_called(world, agent, customers, first, second):
    """Talk with one customer while another one calls; return the objects of the story."""
    one, two = customers(first), customers(second)
    demo = agent("demo").ready()
    phone = Softphone(demo)
    telephone = world.emulator.calls_us(one.number)
    phone.rings(first)
    phone.accept().is_talking()
    telephone.hears(demo.hz)
    other = world.emulator.calls_us(two.number, tone=SECOND)
    phone.rings(second)
    return demo, phone, telephone, other


def test_hold_and_answer_swap_and_end(world, agent, customers):
    """Z17 Z18 Z20: the second call makes no sound.

    Either customer hears music while the agent talks with the other one.
    """
    demo, phone, first, second = _talk_and_be_called(
        world, agent, customers, "Lotte Aerts", "Milan Baert"
    )
    page = demo.page
    expect(phone.card).to_have_attribute("data-quiet", "true")
    stays(lambda: not phone.plays_ring(), "nothing rings", 1)
    first.hears(demo.hz)
    phone.write_note("wants oak")
    picture(page, "second-call-card")
    assert not misfits(page, ".o_telephony_incoming")
    assert not barriers(page, ".o_telephony_incoming")

    expect(phone.accept_button).to_have_text("Hold and answer")
    phone.accept_button.click()
    held = page.locator(".o_telephony_held")
    expect(held).to_contain_text("Lotte Aerts")
    expect(phone.call.locator(".o_telephony_name")).to_have_text("Milan Baert")
    phone.is_talking()
    second.hears(demo.hz)
    demo.hears(SECOND)
    first.hears_words(MUSIC)
    assert len(world.emulator.agent_legs()) == 1
    picture(page, "second-call-held")
    assert not barriers(page, ".o_telephony_softphone")

    page.keyboard.press("Alt+Shift+K")
    expect(held).to_contain_text("Milan Baert")
    expect(phone.call.locator(".o_telephony_name")).to_have_text("Lotte Aerts")
    phone.is_talking()
    expect(phone.note).to_have_value("wants oak")
    _hears_only(first, demo.hz, [SECOND])
    demo.hears(900)
    second.hears_words(MUSIC)

    held.locator(".o_telephony_held_resume").click()
    expect(phone.call.locator(".o_telephony_name")).to_have_text("Milan Baert")
    phone.is_talking()
    second.hears(demo.hz)
    second.hang_up()
    phone.has_ended("answered")
    expect(held).to_contain_text("Lotte Aerts")
    picture(page, "second-call-ended")
    held.locator(".o_telephony_held_resume").click()
    phone.is_talking()
    first.hears(demo.hz)
    phone.hang_up().has_ended("answered")
    first.is_released()
    expect(held).to_have_count(0)
    until(lambda: demo.state() == "available", "free again")


def test_the_one_on_hold_gives_up(world, agent, customers):
    """Z20 Z27: the other conversation continues; the first call's end view comes after it."""
    demo, phone, first, second = _talk_and_be_called(
        world, agent, customers, "Nora Cools", "Oscar Daems"
    )
    phone.accept_button.click()
    phone.is_talking()
    second.hears(demo.hz)
    first.hears_words(MUSIC)
    first.hang_up()
    phone.says("The call on hold with Nora Cools has ended.")
    expect(demo.page.locator(".o_telephony_held")).to_have_count(0)
    phone.is_talking()
    second.hears(demo.hz)
    phone.hang_up().has_ended("answered")
    name = phone.ended.locator(".o_telephony_name").first
    expect(name).to_have_text("Oscar Daems")
    demo.page.locator(".o_telephony_done").click()
    expect(name).to_have_text("Nora Cools")
    phone.done()


def test_a_reload_with_one_on_hold(world, agent, customers):
    """Z21: after a reload the page has the conversation and the held call."""
    demo, phone, first, second = _talk_and_be_called(
        world, agent, customers, "Pauline Engels", "Quinten Faes"
    )
    phone.accept_button.click()
    phone.is_talking()
    second.hears(demo.hz)
    first.hears_words(MUSIC)
    demo.page.reload()
    held = demo.page.locator(".o_telephony_held")
    expect(held).to_contain_text("Pauline Engels")
    phone.is_talking()
    second.hears(demo.hz)
    held.locator(".o_telephony_held_hang_up").click()
    first.is_released()
    phone.hang_up().has_ended("answered")
    second.is_released()


def test_who_does_not_want_a_second_call(world, agent, customers):
    """Z04: with the preference switched off, the second caller does not wait."""
    one, two = customers("Rik Geens"), customers("Saar Hermans")
    demo = agent("demo").ready()
    phone = Softphone(demo).open()
    demo.page.locator(".o_telephony_preferences_toggle").click()
    box = demo.page.locator(".o_telephony_call_waiting")
    expect(box).to_be_checked()
    box.click()
    expect(demo.page.locator(".o_telephony_saved .fa-check")).to_be_visible()
    try:
        world.emulator.calls_us(one.number)
        phone.rings("Rik Geens")
        phone.accept().is_talking()
        other = world.emulator.calls_us(two.number)
        other.hears_words("All our colleagues are busy")
        assert not phone.card.count()
        phone.hang_up().has_ended("answered")
    finally:
        demo.rpc.call("telephony.agent", "save_preferences", {"call_waiting": True})
