"""Bad sound: the agent's warning and question, and the supervisor's report."""

import re

from playwright.sync_api import expect

from harness.agent_browser import SILENT
from harness.pages import Softphone

WARNING = "No sound from your microphone."
#: Milliseconds until the browser is sure that a microphone is silent.
NOTICED = 40_000


def test_silent_microphone_question_and_report(world, agent, customers):
    """Z18 Z20: the headset is off: a warning, one question afterwards, one line in the report."""
    customer = customers("Silke Baert")
    demo = agent("demo", hz=SILENT)
    demo.open()
    phone = Softphone(demo).dial(customer.number)
    telephone = world.emulator.rings(customer.number)
    telephone.answer()
    phone.is_talking()
    expect(phone.window).to_contain_text(WARNING, timeout=NOTICED)
    telephone.hang_up()
    phone.has_ended("answered")
    question = demo.page.locator(".o_telephony_sound_question")
    expect(question).to_contain_text("What was wrong?")
    question.locator("[data-issue=one_way]").click()
    expect(question).to_contain_text("Thank you for your feedback.")
    expect(question.locator(".o_telephony_sound_issue")).to_have_count(0)
    phone.done()
    _read_report(agent("admin"), customer)


def test_good_sound_asks_nothing(world, agent, customers):
    """Z20: after an ordinary call no question is asked."""
    customer = customers("Tine Goossens")
    demo = agent("demo")
    demo.open()
    phone = Softphone(demo).dial(customer.number)
    world.emulator.rings(customer.number).answer()
    phone.is_talking().timer_runs()
    phone.hang_up().has_ended("answered")
    expect(demo.page.locator(".o_telephony_sound_issue")).to_have_count(0)


def _read_report(supervisor, customer):
    """Check *Headset and Network*: first by agent, then call by call."""
    page = supervisor.open("/odoo/telephony-call-quality", wait=".o_pivot table")
    expect(page.locator("div.o_pivot")).to_contain_text("Marc Demo")
    expect(page.locator("div.o_pivot thead")).to_contain_text("Calls with a Silent Microphone")
    page.locator(".o_switch_view.o_list").click()
    row = page.locator(".o_data_row", has_text=customer.name)
    expect(row).to_contain_text("Marc Demo")
    expect(row.locator("td[name=issue]")).to_have_text("One-Way Audio")
    expect(row.locator("td[name=device]")).not_to_be_empty()
    expect(row.locator("td[name=silent_seconds]")).to_have_text(re.compile(r"^\d\d+$"))
