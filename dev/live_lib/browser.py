"""A browser without a window that makes calls with the Voice SDK."""

import requests
from playwright.sync_api import sync_playwright
from providers.twilio.token import make_token

from harness.agent_browser import launch
from harness.places import NODE_MODULES
from harness.polling import until

from .listener import HERE


class CallingBrowser:
    """A page with the Voice SDK, and the application and key that it needs.

    :param account: the account.
    :param listener: the listener that serves the page.
    :param phone: names the host of the signalling.
    """

    def __init__(self, account, listener, phone):
        self.account, self.listener, self.phone = account, listener, phone
        self._playwright = self._browser = self._page = self._token = None

    @property
    def chromium(self):
        """Return the running browser, which is started when it is first needed."""
        if not self._browser:
            self._playwright = sync_playwright().start()
            self._browser = launch(self._playwright, hz=550)
        return self._browser

    def _open(self):
        sdk = NODE_MODULES / "@twilio/voice-sdk/dist/twilio.min.js"
        script = requests.get(self.phone.sdk, timeout=20).content if self.phone.sdk else None
        self.listener.files["sdk.js"] = (script or sdk.read_bytes(), "text/javascript")
        self.listener.files["page"] = ((HERE / "page.html").read_bytes(), "text/html")
        client = self.account.client
        application = client.applications.create(
            friendly_name="crm_telephony live", voice_url=self.listener.url("client")
        )
        self.account.must_remove("application", application.sid)
        key = client.new_keys.create(friendly_name="crm_telephony live")
        self.account.must_remove("key", key.sid)
        self._token = make_token(self.account.sid, key.sid, key.secret, "live", application.sid)
        self._page = self.chromium.new_page()
        self._page.goto(f"http://127.0.0.1:{self.listener.port}/live/page")

    def call(self, twiml):
        """Start a call whose first document is given, and return its number in the page."""
        if not self._page:
            self._open()
        self.listener.answers["client"] = twiml
        return self._page.evaluate("([t, h]) => call(t, h)", [self._token, self.phone.host])

    def events(self, index):
        """Return what happened to a call: ``accept``, ``disconnect``, ``error 31005`` …"""
        return self._page.evaluate("(i) => calls[i].events", index)

    def until(self, index, *names, seconds):
        """Wait until one of some events happened and return all of them."""

        def happened():
            events = self.events(index)
            return events if any(e.split()[0] in names for e in events) else None

        return until(happened, f"the browser's call: {', '.join(names)}", seconds)

    def press(self, index, digits):
        """Press keys during a call."""
        self._page.evaluate("([i, d]) => calls[i].call.sendDigits(d)", [index, digits])

    def hang_up(self):
        """End all calls."""
        if self._page:
            self._page.evaluate("hangUp()")

    def close(self):
        """End the browser."""
        if self._browser:
            self._browser.close()
        if self._playwright:
            self._playwright.stop()
        self._playwright = self._browser = self._page = None
