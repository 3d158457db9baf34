"""Page objects of an agent's preferences and an administrator's clicks."""

import re

from playwright.sync_api import expect


class Preferences:
    """The preferences in the softphone.

    :param Softphone phone: the softphone of one tab.
    """

    def __init__(self, phone):
        self.phone, self.page = phone, phone.page
        find = self.page.locator
        self.via_browser, self.via_phone = (
            find(".o_telephony_via_browser"),
            find(".o_telephony_via_phone"),
        )
        self.number = find(".o_telephony_phone_number")
        self.error = find(".o_telephony_preferences .o_telephony_field_error:not(:empty)")
        self.saved = find(".o_telephony_call_via .o_telephony_saved")
        self.caller_ids = find(".o_telephony_caller_ids")
        self.verification = find(".o_telephony_verification")

    def open(self):
        """Show the preferences."""
        self.phone.open()
        panel = self.page.locator(".o_telephony_preferences")
        if not panel.count():
            self.page.locator(".o_telephony_preferences_toggle").click()
        expect(panel).to_be_visible()
        return self

    def leave(self):
        """Return to the softphone."""
        self.page.locator(".o_telephony_preferences_toggle").click()
        expect(self.page.locator(".o_telephony_preferences")).to_have_count(0)

    def type_number(self, number):
        """Write the number of the custom phone and leave the field."""
        self.number.fill(number)
        self.number.press("Enter")
        return self

    def new_caller_id(self, number, name):
        """Ask for a caller ID to be verified."""
        self.page.locator(".o_telephony_new_caller_id").click()
        self.page.locator(".o_telephony_caller_id_number").fill(number)
        self.page.locator(".o_telephony_caller_id_name").fill(name)
        self.page.locator(".o_telephony_verify").click()
        return self

    def code(self):
        """Wait for the six digits on the screen and return them."""
        digits = self.page.locator(".o_telephony_code_digit")
        expect(digits).to_have_count(6)
        return "".join(digits.all_inner_texts())

    def says(self, state, words):
        """Wait until the verification shows its result, without a click."""
        expect(self.verification).to_have_attribute("data-state", state)
        message = self.page.locator(".o_telephony_verification_message")
        expect(message).to_contain_text(words)


def open_menu(page, *names):
    """Click through the menus of an app, and wait for the page of the last one.

    Until then, the rows of the page before are still there to be clicked.

    :param str names: first the menu of the bar, then the entry of its list.
    """
    first, *rest = names
    bar = page.locator(".o_menu_sections > *, .o_menu_sections_more .dropdown-item")
    bar.filter(has_text=re.compile(f"^\\s*{first}\\s*$")).first.click()
    for name in rest:
        entries = page.locator(".o-dropdown--menu .dropdown-item")
        entries.filter(has_text=re.compile(f"^\\s*{name}\\s*$")).first.click()
    expect(page.locator(".o_last_breadcrumb_item").first).to_contain_text(names[-1])


def press(page, name, within="body"):
    """Click the button with these words.

    :param str within: selector of the part of the page to look in.
    """
    buttons = page.locator(within).locator("button", has_text=re.compile(f"^\\s*{name}\\s*$"))
    buttons.locator("visible=true").first.click()


def open_settings(agent, wait="[id=telephony_account]"):
    """Open the settings of the telephone by mouse and return the page."""
    page = agent.open("/odoo/settings", wait=".o_form_view .settings_tab")
    page.locator(".settings_tab .tab", has_text="Telephony").click()
    page.locator(wait).wait_for()
    return page


def enter_credentials(page, button, **values):
    """Enter credentials in the settings, which ask for the administrator's password first.

    :param str button: the button of the settings.
    :param str values: of the dialog, by the name of the field.
    """
    press(page, button, "#telephony_account")
    page.locator(".modal .o_field_widget[name=password] input").fill("admin")
    press(page, "Confirm Password", ".modal")
    for name, value in values.items():
        page.locator(f".modal .o_field_widget[name={name}] input").fill(value)
    press(page, "Connect", ".modal")
