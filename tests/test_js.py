"""Run the web client's own tests (Hoot) in a real browser."""

from odoo.tests import HttpCase, no_retry, tagged

from odoo.addons.web.tests import test_js

SUITE = "@crm_telephony"
SUCCESS = "[HOOT] Test suite succeeded"
TIMEOUT = 300  # seconds, for all tests together


class TelephonyHootCase(HttpCase):
    """Opens the runner with a filter on this addon's tests only."""

    def _run_hoot(self, preset, extra=""):
        # Hoot knows suites by a hash of their name, which Odoo's own runner can compute.
        suite_id = test_js.HOOTCommon._generate_hash(None, SUITE)
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset={preset}&timeout=15000&id={suite_id}{extra}",
            "",
            "",
            login="admin",
            timeout=TIMEOUT,
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
