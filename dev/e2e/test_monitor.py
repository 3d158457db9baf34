"""A supervisor listens to another agent's conversation, whispers, barges in, and leaves."""

from playwright.sync_api import expect

from harness.emulator import CUSTOMER, TOLERANCE, Telephone
from harness.looks import barriers, misfits, picture
from harness.pages import Softphone
from harness.polling import stays, until

WINDOW = ".o_telephony_softphone"


def _both_legs(world):
    """Return the legs of agent and supervisor; a browser is connected before it has joined."""
    legs = world.emulator.agent_legs()
    return legs if len(legs) == 2 and all(leg["conference"] for leg in legs) else []


def _has(party, tone):
    """Return whether a tone is among the sounds that reach a party; a busy machine drops some."""
    return any(abs(peak - tone) < TOLERANCE for peak in party.leg["hears"]["peaks"])


def _hears(party, *tones):
    """Return whether a party hears exactly these tones (Hz)."""
    peaks = party.leg["hears"]["peaks"]
    return len(peaks) == len(tones) and all(
        any(abs(peak - tone) < TOLERANCE for peak in peaks) for tone in tones
    )


def _choose(page, mode, words):
    """Change the mode and wait until the panel shows the hearing parties."""
    page.locator(f".o_telephony_monitor_mode[data-mode={mode}]").click()
    expect(page.locator(".o_telephony_monitor_state")).to_have_text(words)


def test_listen_whisper_barge(world, agent, customers):
    """Z22 Z23: the customer never hears the whisper; the agent sees every mode."""
    customer = customers("Paula Verhaegen")
    seller, supervisor = agent("demo").ready(), agent("admin")
    phone = Softphone(seller)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings(customer.name)
    phone.accept().is_talking()
    telephone.hears(seller.hz)

    supervisor.open()
    watching = Softphone(supervisor).open()
    page, seen = supervisor.page, seller.page.locator(".o_telephony_supervisor")
    page.locator(".o_telephony_tab_live").click()
    page.locator(".o_telephony_live_row .o_telephony_row_menu").click()
    picture(page, "monitor-menu")
    page.locator(".o_telephony_monitor_start[data-mode=listen]").click()
    panel = page.locator(".o_telephony_monitor")
    expect(panel).to_have_attribute("data-voice", "connected")
    expect(seen).to_have_text("Mitchell Admin is listening to this call.")
    legs = until(lambda: _both_legs(world), "both browsers are in the conference")
    [own] = [leg["sid"] for leg in legs if leg["conference"]["label"].startswith("agent")]
    [other] = [leg["sid"] for leg in legs if leg["sid"] != own]
    desk, ear = (Telephone(world.emulator, sid) for sid in (own, other))
    until(lambda: _hears(ear, seller.hz, CUSTOMER), "the supervisor hears both")
    until(
        lambda: (
            abs(supervisor.heard() - seller.hz) < TOLERANCE
            or abs(supervisor.heard() - CUSTOMER) < TOLERANCE
        ),
        "the supervisor's browser, too",
    )
    until(lambda: _hears(telephone, seller.hz) and _hears(desk, CUSTOMER), "they hear each other")
    stays(
        lambda: not (_has(telephone, supervisor.hz) or _has(desk, supervisor.hz)),
        "nobody hears who listens",
        1.0,
    )
    assert supervisor.state() == "in_call"
    found = misfits(page, WINDOW) + barriers(page, WINDOW)
    picture(page, "monitor-listen")

    _choose(page, "whisper", "Only Marc Demo can hear you.")
    expect(seen).to_have_attribute("data-mode", "whisper")
    until(lambda: _hears(desk, CUSTOMER, supervisor.hz), "the phone user hears the whisper")
    stays(lambda: not _has(telephone, supervisor.hz), "the customer does not hear the whisper", 1.5)
    world.emulator.post(f"calls/{telephone.sid}/tone", tone=0)
    seller.hears(supervisor.hz)
    world.emulator.post(f"calls/{telephone.sid}/tone", tone=CUSTOMER)
    picture(seller.page, "monitor-seen")
    found += misfits(seller.page, ".o_telephony_sound_notices") + barriers(seller.page, WINDOW)

    _choose(page, "barge", "Everyone can hear you.")
    until(lambda: _hears(telephone, seller.hz, supervisor.hz), "the customer hears both")
    until(lambda: _hears(desk, CUSTOMER, supervisor.hz), "the phone user hears both")
    _choose(page, "listen", "No one can hear you.")
    until(lambda: _hears(telephone, seller.hz) and _hears(desk, CUSTOMER), "silent again")

    page.locator(".o_telephony_monitor_leave").click()
    expect(panel).to_have_count(0)
    expect(seen).to_have_count(0)
    ear.is_released()
    phone.is_talking()
    telephone.hears(seller.hz)
    # The end of the conversation ends the monitoring.
    page.locator(".o_telephony_tab_live").click()
    page.locator(".o_telephony_live_row .o_telephony_row_menu").click()
    page.locator(".o_telephony_monitor_start[data-mode=listen]").click()
    expect(panel).to_have_attribute("data-voice", "connected")
    telephone.hang_up()
    phone.has_ended("answered")
    expect(panel).to_have_count(0)
    watching.is_idle()
    until(lambda: not world.emulator.agent_legs(), "nobody is left in the conference")
    assert not found, "\n".join(found)
