"""Run the web client's own tests (Hoot) in a real browser."""

from unittest.mock import patch

from odoo.tests import HttpCase, no_retry, tagged
from odoo.tests.common import ChromeBrowser, ChromeBrowserException

from odoo.addons.web.tests import test_js

SUITE = "@crm_telephony"
SUCCESS = "[HOOT] Test suite succeeded"
TEST_TIMEOUT = 15_000  # milliseconds, for each test
STALLED = 120  # seconds without the end of a test


class TelephonyHootCase(HttpCase):
    """Opens the runner with a filter on this addon's tests only.

    A limit for all tests together would depend on the machine: it would be too short on a busy one.
    """

    # The bundles of the page are made one after the other, and each waits for those before it.
    test_cursor_lock_timeout = STALLED

    def setUp(self):
        super().setUp()
        handle, wait = ChromeBrowser._handle_console, ChromeBrowser._wait_code_ok
        ended = []

        def handle_and_count(browser, *args, **kwargs):
            ended.append(1)
            return handle(browser, *args, **kwargs)

        def wait_while_tests_end(browser, *args, **kwargs):
            while True:
                before = len(ended)
                try:
                    return wait(browser, *args, **kwargs)
                except ChromeBrowserException:
                    if browser._result.done() or len(ended) == before:
                        raise

        for name, method in (
            ("_handle_console", handle_and_count),
            ("_wait_code_ok", wait_while_tests_end),
        ):
            self.startPatcher(patch.object(ChromeBrowser, name, method))

    def _get_selection(self):
        """Return the parameter of Hoot's address that selects the tests."""
        # Hoot knows suites by a hash of their name, which Odoo's own runner can compute.
        return f"id={test_js.HOOTCommon._generate_hash(None, SUITE)}"

    def _run_hoot(self, preset, extra=""):
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset={preset}&timeout={TEST_TIMEOUT}"
            f"&{self._get_selection()}{extra}",
            "",
            "",
            login="admin",
            timeout=STALLED,
            success_signal=SUCCESS,
            error_checker=test_js.unit_test_error_checker,
        )


@tagged("post_install", "-at_install", "telephony_js")
class TestDesktop(TelephonyHootCase):
    @no_retry
    def test_hoot_desktop(self):
        """Z01 Z02 Z05 Z13 Z15 Z16 Z17 Z18 Z19 Z20 Z21 Z30: the softphone with a fake voice."""
        self._run_hoot("desktop")


@tagged("post_install", "-at_install", "telephony_js")
class TestMobile(TelephonyHootCase):
    browser_size = "375x667"
    touch_enabled = True

    @no_retry
    def test_hoot_mobile(self):
        """Z01 Z15 Z17: the same on a touch screen of 375 pixels."""
        self._run_hoot("mobile", "&tag=-headless")


@tagged("post_install", "-at_install", "telephony_js")
class TestTour(HttpCase):
    def test_tour_of_the_phone(self):
        """Each step of the tour finds its element, even before an account is connected."""
        self.start_tour("/odoo", "crm_telephony_tour", login="admin")
