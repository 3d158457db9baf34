"""What the ten commonest acts cost: clicks, keys, texts, and the seconds of machines."""

import time

from playwright.sync_api import expect

from harness.pages import Softphone, open_record
from harness.places import ARTIFACTS
from harness.polling import until
from test_queue import make_queue

#: Clicks, keys and texts of each act; more of them fail the story.
LIMITS = {
    "Call a contact from its form": (1, 0, 0),
    "Call from the keypad by name": (1, 2, 1),
    "Answer a call": (1, 0, 0),
    "Hold and resume": (2, 0, 0),
    "Transfer after a question to the colleague": (4, 0, 0),
    "Summary, follow-up call tomorrow, Done": (4, 0, 2),
    "Answer a caller who waits in a queue": (2, 0, 0),
    "Call back a missed call from Recent": (3, 0, 0),
    "Log a call by hand from a contact": (4, 0, 2),
    "Correct the summary of a call": (4, 0, 1),
}


class Hand:
    """Does what a user does with the mouse and the keyboard, and counts it."""

    def __init__(self):
        self.rows = {}

    def begin(self, page):
        """Start an act in a page."""
        self.page, self._since = page, time.monotonic()
        self.clicks = self.keys = self.texts = 0

    def click(self, selector, **options):
        """Click an element of the page."""
        self.page.locator(selector, **options).first.click()
        self.clicks += 1

    def press(self, key):
        """Press a key."""
        self.page.keyboard.press(key)
        self.keys += 1

    def write(self, text):
        """Write a text where the focus is."""
        self.page.keyboard.type(text)
        self.texts += 1

    def pause(self, seconds):
        """Leave out the seconds of another user."""
        self._since += seconds

    def end(self, name):
        """Finish an act: its result is on the screen."""
        seconds = time.monotonic() - self._since
        self.rows[name] = (self.clicks, self.keys, self.texts, seconds)

    def table(self):
        """Return the acts as a table of Markdown."""
        lines = ["| Act | Clicks | Keys | Texts | Seconds |", "| --- | ---: | ---: | ---: | ---: |"]
        for name, (clicks, keys, texts, seconds) in self.rows.items():
            lines.append(f"| {name} | {clicks} | {keys or ''} | {texts or ''} | {seconds:.1f} |")
        return "\n".join(lines) + "\n"


def test_commonest_acts(world, agent, customers, arrange):
    """Z15 Z16 Z17 Z18 Z19 Z25 Z27: none of the ten acts needs more clicks than it did."""
    hand, customer = Hand(), customers("Ten Acts")
    demo, colleague = agent("demo").ready(), agent("admin")
    page, phone = demo.page, Softphone(demo)
    queue = make_queue(world, "Ten acts", [arrange.agent(demo.rpc)])
    arrange.flow({"name": "Wait", "kind": "queue", "queue_id": queue})

    open_record(demo, "res.partner", customer.id)
    expect(phone.systray).not_to_have_attribute("data-presence", "connecting")
    hand.begin(page)
    hand.click(".o_form_view .o_telephony_phone_call")
    telephone = world.emulator.rings(customer.number)
    hand.end("Call a contact from its form")
    telephone.answer()
    phone.is_talking()

    hand.begin(page)
    hand.click(".o_telephony_hold")
    expect(page.locator(".o_telephony_hold_time")).to_be_visible()
    hand.click(".o_telephony_hold")
    expect(page.locator(".o_telephony_hold_time")).to_have_count(0)
    expect(page.locator(".o_telephony_hold[aria-pressed=false]")).to_be_enabled()
    hand.end("Hold and resume")
    telephone.hang_up()
    phone.has_ended("answered")

    hand.begin(page)
    hand.click(".o_telephony_note")
    hand.write("Wants twenty desks by March.")
    hand.click(".o_telephony_follow_up_call")
    expect(page.locator(".o_telephony_follow_up_summary")).to_be_focused()
    hand.write("Ask whether oak is fine")
    hand.click(".o_telephony_follow_up_save")
    expect(page.locator(".o_telephony_follow_up_saved")).to_have_count(1)
    hand.click(".o_telephony_done")
    expect(phone.ended).to_have_count(0)
    hand.end("Summary, follow-up call tomorrow, Done")
    page.locator(".o_telephony_close").click()

    hand.begin(page)
    hand.click(".o_telephony_systray")
    expect(phone.input).to_be_focused()
    hand.write("Ten Acts")
    expect(page.locator("[role=option]", has_text="Ten Acts")).to_be_visible()
    hand.press("Enter")  # chooses the name
    expect(phone.call_button).to_be_focused()
    hand.press("Enter")
    telephone = world.emulator.rings(customer.number)
    hand.end("Call from the keypad by name")
    telephone.answer()
    phone.is_talking()
    colleague.ready()
    second = Softphone(colleague)
    until(lambda: colleague.state() == "available", "the colleague is available")
    hand.begin(page)
    hand.click(".o_telephony_transfer_toggle")
    hand.click(".o_telephony_target", has_text="Mitchell Admin")
    hand.click(".o_telephony_ask_first")
    second.rings()
    between = time.monotonic()
    second.accept().is_talking()
    hand.pause(time.monotonic() - between)
    expect(page.locator(".o_telephony_complete")).to_be_enabled()
    hand.click(".o_telephony_complete")
    expect(page.locator(".o_telephony_call")).to_have_count(0)
    hand.end("Transfer after a question to the colleague")
    telephone.hang_up()
    second.has_ended()
    second.done()
    colleague.set_status("offline")
    phone.done()

    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Ten Acts")
    hand.begin(page)
    hand.click(".o_telephony_accept")
    phone.is_talking()
    hand.end("Answer a call")
    telephone.hang_up()
    phone.has_ended()
    phone.done()

    page.locator(".o_telephony_close").click()
    demo.set_status("offline")
    calls = len(world.server.find_calls(world.admin, customer.number))
    missed = world.emulator.calls_us(customer.number)
    until(
        lambda: len(world.server.find_calls(world.admin, customer.number)) > calls,
        "the call has arrived",
    )
    missed.hang_up()
    until(
        lambda: world.server.find_calls(world.admin, customer.number)[0]["state"] == "ended",
        "the call is missed",
    )
    hand.begin(page)
    hand.click(".o_telephony_systray")
    hand.click(".o_telephony_tab_recent")
    hand.click(".o_telephony_recent_call .o_telephony_call_again")
    telephone = world.emulator.rings(customer.number)
    hand.end("Call back a missed call from Recent")
    telephone.answer()
    phone.is_talking()
    phone.hang_up().has_ended("answered")
    phone.done()

    demo.set_status("online")
    until(lambda: demo.state() == "available", "the agent is online")
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Ten Acts")
    phone.decline_button.click()
    expect(phone.card).to_have_count(0)
    hand.begin(page)
    hand.click(".o_telephony_tab_queue")
    hand.click(".o_telephony_row_answer")
    phone.is_talking()
    hand.end("Answer a caller who waits in a queue")
    telephone.hang_up()
    phone.has_ended()
    phone.done()
    page.locator(".o_telephony_close").click()

    open_record(demo, "res.partner", customer.id)
    hand.begin(page)
    hand.click("button[name=action_view_telephony_calls]")
    hand.click(".o_control_panel button", has_text="Log a Call")
    expect(page.locator(".modal [name=minutes] input")).to_be_focused()
    hand.write("4:30")
    hand.click(".modal [name=note] textarea")
    hand.write("He called my mobile.")
    hand.click(".modal button[name=action_log]")
    expect(page.locator(".modal")).to_have_count(0)
    hand.end("Log a call by hand from a contact")

    open_record(demo, "res.partner", customer.id)
    hand.begin(page)
    hand.click("button[name=action_view_telephony_calls]")
    hand.click(".o_data_row [name=started_at]")
    hand.click(".o_form_view [name=note] textarea")
    hand.write("Corrected: ")
    hand.click(".o_form_button_save")
    expect(page.locator(".o_form_button_save")).not_to_be_visible()
    hand.end("Correct the summary of a call")

    hand.rows = {name: hand.rows[name] for name in LIMITS}
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    (ARTIFACTS / "common_acts.md").write_text(hand.table())
    assert {name: row[:3] for name, row in hand.rows.items()} == LIMITS
