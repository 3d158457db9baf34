"""The carrier is slow or gone: nobody who waits for an answer of ours waits for it."""

import threading
import time
from types import SimpleNamespace
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.crm_telephony.models import telephony_account_request
from odoo.addons.crm_telephony.models.providers.base import ProviderError

from .common import leg_sid
from .test_race import RaceCase

WEBHOOK = "/telephony/twilio/status"
CLICK = "/web/dataset/call_kw/telephony.call/hang_up"


@tagged("post_install", "-at_install")
class TestSlowCarrier(RaceCase):
    """Finding 17: requests leave after the commit and keep no answer."""

    def setUp(self):
        super().setUp()
        self.answers = threading.Event()
        self.addCleanup(self.answers.set)
        self.carrier.end_leg = self.end_leg
        self.ended = []

    def end_leg(self, leg_id):
        self.ended.append(leg_id)
        if not self.answers.wait(20):
            raise ProviderError("Twilio did not answer in time.", unknown=True)

    def act(self, path, *leg_ids):
        """Hang legs up within a web request; return the seconds until its answer."""
        flow = self.ids["flow"]

        def send(env):
            for leg_id in leg_ids:
                env["telephony.account"]._after_commit(
                    env["telephony.flow"].browse(flow), "_send_test_request", leg_id
                )

        def send_request(records, leg_id):
            self.carrier.end_leg(leg_id)
            return "_process_test", (leg_id,)

        def process(records, leg_id):
            records.name = leg_id

        flows = self.registry["telephony.flow"]
        for name, method in (("_send_test_request", send_request), ("_process_test", process)):
            self.startPatcher(patch.object(flows, name, method, create=True))
        request = SimpleNamespace(httprequest=SimpleNamespace(path=path))
        begin = time.monotonic()
        with patch.object(telephony_account_request, "request", request):
            self.in_transaction(send)
        return time.monotonic() - begin

    def wait_for_senders(self):
        self.answers.set()
        for thread in threading.enumerate():
            if thread.name.startswith(telephony_account_request.THREAD):
                thread.join(20)

    def read_name(self):
        return self.in_transaction(
            lambda env: env["telephony.flow"].browse(self.ids["flow"]).name
        )

    def test_webhook_does_not_wait(self):
        """However many requests it causes; they are sent in their order, and have their results."""
        legs = [leg_sid(1), leg_sid(2)]
        self.assertLess(self.act(WEBHOOK, *legs), 1)
        self.assertEqual(self.read_name(), "Race")
        self.wait_for_senders()
        self.assertEqual(self.ended, legs)
        self.assertEqual(self.read_name(), leg_sid(2))

    def test_click_waits_only_a_little(self):
        with patch.object(telephony_account_request, "PATIENCE", 0.2):
            seconds = self.act(CLICK, leg_sid(1), leg_sid(2))
        self.assertTrue(0.2 <= seconds < 1, seconds)
        self.wait_for_senders()
        self.assertEqual(self.read_name(), leg_sid(2))

    def test_click_finds_its_requests_carried_out(self):
        """The next click of the same person must not overtake the first one."""
        self.answers.set()
        self.act(CLICK, leg_sid(1))
        self.assertEqual(self.read_name(), leg_sid(1))
