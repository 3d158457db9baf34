"""An agent's browser: one Chromium process with a microphone that plays one tone."""

import itertools
import math
import os
import re
import struct
import wave
from pathlib import Path

from .places import LOGS, STATE
from .polling import until

CHROMIUM = "/usr/bin/chromium"
ARGS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)
INIT_SCRIPT = Path(__file__).with_name("init_script.js")
TOLERANCE = 15.0  # Hz
#: In place of a frequency: a microphone that is switched off and sends zeros.
SILENT = -1
LOAD = 60_000  # ms
#: First page of a tab. It has few elements, because each change costs the browser the style of
#: all. Discuss would take the keyboard focus away after a while.
_START, _STARTED = "/odoo/action-base.action_partner_category_form", ".o_data_row"
_NAVBAR = ".o_main_navbar"
_WIDE = {"width": 1280, "height": 800}


def make_microphone(hz):
    """Return a sound file with one second of a tone that repeats without a click.

    :param int hz: frequency, or `SILENT`.
    """
    path = STATE / "cache" / f"microphone-{hz}.wav"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        rate, loudness = 48000, 0 if hz == SILENT else 12000
        frames = (round(loudness * math.sin(2 * math.pi * hz * i / rate)) for i in range(rate))
        # Another run may look for the file meanwhile, and must find it whole.
        part = path.with_suffix(f".{os.getpid()}")
        with wave.open(str(part), "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", ""))
            file.writeframes(b"".join(struct.pack("<h", frame) for frame in frames))
        part.replace(path)
    return path


def launch(playwright, hz=None):
    """Start a browser.

    :param int hz: tone of its microphone; None for a browser that asks for permission, which is
    never given in a test.
    """
    args = list(ARGS)
    if hz:
        args += [
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={make_microphone(hz)}",
        ]
    return playwright.chromium.launch(executable_path=CHROMIUM, args=args, headless=True)


def new_context(browser, server, rpc, **options):
    """Return a browser's profile with a logged-in user.

    :param browser: the Chromium process.
    :param OdooServer server: the user's server.
    :param Rpc rpc: the user's session.
    :param dict options: of Playwright's `new_context`.
    """
    options = {"viewport": _WIDE, "locale": "en-US", **options}
    context = browser.new_context(base_url=server.url, **options)
    context.set_default_timeout(25_000)
    context.set_default_navigation_timeout(LOAD)
    context.add_init_script(path=INIT_SCRIPT)
    context.add_cookies([{"name": "session_id", "value": rpc.session_id, "url": server.url}])
    return context


class AgentBrowser:
    """One agent at one computer during one story; `page` is the first tab.

    :param context: the browser's profile.
    :param OdooServer server: the agent's server.
    :param Rpc rpc: the agent's session.
    :param int hz: tone of the microphone.
    """

    def __init__(self, context, server, rpc, hz=0):
        self.context, self.server, self.rpc, self.hz = context, server, rpc, hz
        self.name = rpc.login
        self.console, self.errors, self.requested = [], [], []
        self._expected = []
        self.context.on("page", self._watch)
        self.page = None

    def _watch(self, page):
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("request", lambda request: self.requested.append(request.url))
        # Without a handler, Playwright would wait at the question of a page that is left.
        page.on("dialog", lambda dialog: dialog.accept())

    def _on_console(self, message):
        line = f"{message.type}: {message.text} ({message.location.get('url', '')})"
        self.console.append(line)
        if message.type == "error":
            self.errors.append(line)

    def expect_error(self, pattern):
        """Declare a console error that this story provokes."""
        self._expected.append(re.compile(pattern))

    def unexpected_errors(self):
        """Return the errors that were not declared."""
        return [e for e in self.errors if not any(p.search(e) for p in self._expected)]

    # --- tabs ----------------------------------------------------------------------------------

    def open(self, path=_START, wait=None):
        """Open a page of the web client in the first tab and wait until it is usable."""
        if not self.page or self.page.is_closed():
            self.page = self.context.new_page()
        return self.go(self.page, path, wait or (_STARTED if path == _START else _NAVBAR))

    def new_tab(self, path=_START):
        """Open another tab."""
        return self.go(self.context.new_page(), path)

    def go(self, page, path, wait=_NAVBAR):
        """Navigate one tab as if the address had been typed."""
        page.goto(path, wait_until="domcontentloaded")
        page.wait_for_selector(wait, timeout=LOAD)
        return page

    def set_status(self, status):
        """Go online or offline without the screen."""
        self.rpc.call("telephony.agent", "set_status", status)

    def state(self):
        """Return the agent's state as the server sees it."""
        return self.rpc.call("telephony.agent", "softphone_snapshot")["agent"]["state"]

    def ready(self):
        """Go online with an open page whose lease is known to the server."""
        self.set_status("online")
        self.open()
        until(lambda: self.state() == "available", f"{self.name} can be called")
        return self

    # --- sound ---------------------------------------------------------------------------------

    def heard(self, page=None):
        """Return the strongest frequency (Hz) that reaches the tab, 0 for silence."""
        return (page or self.page).evaluate("e2e.heard().hz")

    def hears(self, hz, page=None, timeout=25.0):
        """Wait until a tone is heard in the tab."""
        until(
            lambda: abs(self.heard(page) - hz) < TOLERANCE or _fail(self.heard(page)),
            f"{self.name} hears {hz} Hz",
            timeout,
        )

    def close(self):
        """Close all tabs."""
        for page in self.context.pages:
            page.close()
        self.context.remove_listener("page", self._watch)


def _fail(value):
    raise AssertionError(f"{value:.0f} Hz")


_numbers = itertools.count(1)


def write_console(agent, name):
    """Save a browser's console with the other logs."""
    path = LOGS / f"e2e-console-{name}-{agent.name}-{next(_numbers)}.log"
    path.write_text("\n".join(agent.console))
