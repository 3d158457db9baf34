"""Page objects of the agent's screen."""

import re

from playwright.sync_api import Error, expect

from .polling import until


class Softphone:
    """The softphone of one tab.

    :param AgentBrowser agent: the user of the softphone.
    :param page: the tab; the agent's first one by default.
    """

    def __init__(self, agent, page=None):
        self.agent, self.page = agent, page or agent.page
        find = self.page.locator
        self.systray = find(".o_telephony_systray")
        self.window = find(".o_telephony_softphone")
        self.bar = find(".o_telephony_bar")
        self.status = find(".o_telephony_status")
        self.input = find(".o_telephony_number_input")
        self.call_button = find(".o_telephony_call_button")
        self.call = find(".o_telephony_call")
        self.timer = find(".o_telephony_timer")
        self.mute = find(".o_telephony_mute")
        self.hang_up_button = find(".o_telephony_hang_up")
        self.note = find(".o_telephony_note")
        self.card = find(".o_telephony_incoming")
        self.accept_button = find(".o_telephony_accept")
        self.decline_button = find(".o_telephony_decline")
        self.rejoin_button = find(".o_telephony_rejoin")
        self.ended = find(".o_telephony_ended")
        self.error = find(".o_telephony_error")
        self.notice = find(".o_notification")

    # --- window --------------------------------------------------------------------------------

    def open(self):
        """Open the window from the systray, unless it is open, as after a reload."""
        expect(self.systray).to_be_visible()
        # Until the softphone is loaded, the icon does not know whether the window is open.
        expect(self.systray).not_to_have_attribute("data-presence", "connecting")
        if self.systray.get_attribute("aria-expanded") != "true":
            self.systray.click()
        expect(self.window).to_be_visible()
        expect(self.status).to_be_visible()  # the snapshot has arrived
        return self

    def minimize(self):
        """Minimize the window to a bar."""
        self.page.locator(".o_telephony_minimize").click()
        expect(self.window).to_have_count(0)
        expect(self.bar).to_be_visible()

    def restore(self):
        """Make the bar a window again."""
        self.page.locator(".o_telephony_expand").click()
        expect(self.window).to_be_visible()

    def show_recent(self):
        """Show the list of the last calls."""
        self.page.locator(".o_telephony_tab_recent").click()
        return self.page.locator(".o_telephony_recent_call")

    def done(self):
        """Leave the end view."""
        self.page.locator(".o_telephony_done").click()
        expect(self.ended).to_have_count(0)

    # --- calling -------------------------------------------------------------------------------

    def type_number(self, number):
        """Write a number into the field of the dial pad."""
        self.input.fill(number)
        return self

    def press(self, keys):
        """Click the keys of the visible keypad."""
        for key in keys:
            self.page.locator(f'.o_telephony_key[data-key="{key}"]').click()

    def dial(self, number):
        """Type a number and call it."""
        self.open().type_number(number)
        self.call_button.click()
        expect(self.call).to_be_visible()
        return self

    def is_talking(self):
        """Wait until both can talk."""
        expect(self.call).to_have_attribute("data-state", "in_progress")
        expect(self.call).to_have_attribute("data-voice", "connected")
        return self

    def accept(self):
        """Take the call that rings."""
        self.accept_button.click()
        expect(self.call).to_be_visible()
        return self

    def hang_up(self):
        """End the call."""
        self.hang_up_button.click()
        return self

    def has_ended(self, outcome=None):
        """Wait for the end view and return its text."""
        expect(self.ended).to_be_visible()
        expect(self.call).to_have_count(0)
        if outcome:
            expect(self.ended).to_have_attribute("data-outcome", outcome)
        return self.page.locator(".o_telephony_outcome").inner_text()

    def write_note(self, text):
        """Write a note and wait until it is saved automatically."""
        self.note.fill(text)
        # The element is always there, to keep its place.
        expect(self.page.locator(".o_telephony_note_status .fa-check")).to_be_visible()

    def is_idle(self):
        """Wait until the screen shows no ringing and no call."""
        expect(self.card).to_have_count(0)
        expect(self.call).to_have_count(0)

    def is_ringing_no_more(self):
        """Wait until no card is shown and no ring is heard."""
        expect(self.card).to_have_count(0)
        until(lambda: not self.plays_ring(), "the ring stops")

    # --- waiting -------------------------------------------------------------------------------

    def rings(self, name=None):
        """Wait for the card of an incoming call and return it."""
        expect(self.card).to_be_visible()
        if name:
            expect(self.card.locator(".o_telephony_name")).to_have_text(name)
        return self.card

    def says(self, text):
        """Wait for a message of the web client; it may be closed again by now."""

        def said():
            try:
                return self.page.evaluate("(text) => e2e.said(text)", text)
            except Error:
                return False  # the page is being reloaded

        until(said, f"“{text}” is shown")

    def dismiss_notices(self):
        """Close and forget the messages of earlier events."""

        def none_left():
            close = self.page.locator(".o_notification_close")
            close.evaluate_all("(buttons) => buttons.forEach((button) => button.click())")
            return not self.notice.count()

        until(none_left, "no message is shown")
        self.page.evaluate("e2e.forget()")

    def seconds(self):
        """Return the seconds of the timer."""
        total = 0
        for part in self.timer.first.inner_text().split(":"):
            total = total * 60 + int(part)
        return total

    def timer_runs(self):
        """Wait until the timer has advanced."""
        start = self.seconds()
        until(lambda: self.seconds() > start, "the timer goes on")

    def plays_ring(self):
        """Return whether this tab plays the ring."""
        return self.page.evaluate("e2e.plays('/ring.wav')")


def open_record(agent, model, record_id):
    """Open the form of a record in the agent's first tab."""
    path = {"res.partner": "contacts", "crm.lead": "crm"}.get(model)
    agent.open(
        f"/odoo/{path}/{record_id}" if path else f"/odoo/{model}/{record_id}", wait=".o_form_view"
    )
    return agent.page


def chatter(page):
    """Return the messages below a form, the newest first."""
    return page.locator(".o-mail-Message-body")


def go_to_app(agent, menu):
    """Change the app through the web client's own menu, without loading the page again.

    :param str menu: name as in the apps menu.
    """
    page = agent.page
    page.locator(".o_navbar_apps_menu button").click()
    page.locator(".o-dropdown--menu .o_app", has_text=re.compile(f"^\\s*{menu}\\s*$")).click()
    expect(page.locator(".o_menu_brand")).to_have_text(menu)
