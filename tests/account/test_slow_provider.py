"""A slow or unreachable provider delays no answer of Odoo."""

import threading
import time
from types import SimpleNamespace
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.http import _request_stack
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_telephony.models.call import after_commit
from odoo.addons.crm_telephony.providers.base import ProviderError
from odoo.addons.crm_telephony.providers.twilio import client

from ..call.test_race import RaceCase
from ..common import LOGGER, TelephonyCase, leg_sid
from ..twilio_rest import number
from .test_admin_account import AdminWorld

WEBHOOK = "/telephony/twilio/status"
CLICK = "/web/dataset/call_kw/telephony.call/hang_up"


@tagged("post_install", "-at_install")
class TestSlowProvider(RaceCase):
    """A slow provider delays no webhook."""

    def setUp(self):
        super().setUp()
        self.answers = threading.Event()
        self.addCleanup(self.answers.set)
        self.provider.end_leg = self.end_leg
        self.ended = []

    def end_leg(self, leg_id):
        self.ended.append(leg_id)
        if not self.answers.wait(20):
            raise ProviderError("Twilio did not respond in time", "unknown")

    def act(self, path, *leg_ids):
        """Hang up legs within a web request and return the seconds until its answer."""
        flow = self.ids["flow"]

        def send(env):
            for leg_id in leg_ids:
                env["telephony.flow"].browse(flow)._send_test_request(leg_id)

        @after_commit.after_commit("name", repaired_by="write")
        def _send_test_request(records, leg_id):
            self.provider.end_leg(leg_id)
            return records._on_test_done, (leg_id,)

        def _on_test_done(records, leg_id):
            records.name = leg_id

        flows = self.registry["telephony.flow"]
        for method in (_send_test_request, _on_test_done):
            self.startPatcher(patch.object(flows, method.__name__, method, create=True))
        request = SimpleNamespace(httprequest=SimpleNamespace(path=path, environ={}))
        begin = time.monotonic()
        with patch.object(after_commit, "request", request):
            self.in_transaction(send)
        return time.monotonic() - begin

    def wait_for_senders(self):
        self.answers.set()
        for thread in threading.enumerate():
            if thread.name.startswith(after_commit.THREAD):
                thread.join(20)

    def read_name(self):
        return self.in_transaction(lambda env: env["telephony.flow"].browse(self.ids["flow"]).name)

    def test_webhook_does_not_wait(self):
        """A webhook is answered first; its requests are sent in order, with their results."""
        legs = [leg_sid(1), leg_sid(2)]
        self.assertLess(self.act(WEBHOOK, *legs), 1)
        self.assertEqual(self.read_name(), "Race")
        self.wait_for_senders()
        self.assertEqual(self.ended, legs)
        self.assertEqual(self.read_name(), leg_sid(2))

    def test_click_waits_only_a_little(self):
        with patch.object(after_commit, "PATIENCE", 0.2):
            seconds = self.act(CLICK, leg_sid(1), leg_sid(2))
        self.assertTrue(0.2 <= seconds < 1, seconds)
        self.wait_for_senders()
        self.assertEqual(self.read_name(), leg_sid(2))

    def test_click_finds_its_requests_carried_out(self):
        """The next click of a user does not overtake the requests of the first one."""
        self.answers.set()
        self.act(CLICK, leg_sid(1))
        self.assertEqual(self.read_name(), leg_sid(1))


@tagged("post_install", "-at_install")
class TestSlowClick(AdminWorld, TelephonyCase):
    """A click with a chain of requests takes six seconds at most; the next click continues it."""

    NUMBERS = 12

    def setUp(self):
        super().setUp()
        self.twilio.add(*(number(f"{n:x}", f"+322555019{n:x}") for n in range(self.NUMBERS)))
        clock = SimpleNamespace(
            monotonic=lambda: 1000 + self.twilio.clock, time=time.time, sleep=self.fail
        )
        for module in (client, after_commit):
            self.startPatcher(patch.object(module, "time", clock))
        self.confirm_identity()

    def begin_request(self):
        _request_stack().httprequest.environ.clear()

    def click(self, method, *args):
        """Click as a new request, which takes six seconds at most.

        :return: the error shown to the user, if any
        """
        self.begin_request()
        begin, message = self.twilio.clock, ""
        try:
            with mute_logger(f"{LOGGER}.models.account.telephony_account_setup"):
                method(*args)
        except UserError as error:
            message = error.args[0]
        self.assertLessEqual(self.twilio.clock - begin, after_commit.CLICK_BUDGET)
        return message

    def click_until_it_is_done(self, method, *args):
        """Click until it succeeds and return the number of clicks."""
        for count in range(1, 20):
            message = self.click(method, *args)
            if not message:
                return count
            self.assertIn("Click again to continue", message)
        return self.fail("The clicks never came to an end.")

    def test_connection_of_many_numbers_is_continued_by_the_next_click(self):
        self.twilio.latency = 1
        wizard = self.open_credentials()
        token = wizard.sudo().secret

        def connect():
            # A refused attempt clears the fields.
            wizard.sudo().secret = token
            wizard.action_connect()

        self.assertGreater(self.click_until_it_is_done(connect), 1)
        self.assertEqual(len(self.twilio.applications), 1)
        self.assertEqual(len(self.twilio.keys), 1)
        account = self.as_adam("telephony.account")._get_of_company(self.company_c)
        self.assertEqual(len(account.number_ids), self.NUMBERS)
        self.assertEqual(
            {values["voice_url"] for values in self.twilio.numbers.values()},
            {account._get_addresses("voice")["voice_url"]},
        )

    def test_synchronization_is_continued_by_the_next_click(self):
        account = self.connect()
        for values in self.twilio.numbers.values():
            values["voice_url"] = "https://elsewhere.example"
        self.twilio.latency = 1.5
        self.assertGreater(self.click_until_it_is_done(account.action_synchronize_numbers), 1)

    def test_diagnosis_says_what_was_not_checked(self):
        account = self.connect()
        self.patch(type(account), "_ask_own_server", lambda account, question: ("unreachable", ""))
        self.twilio.latency = 1.5
        lines = []
        self.assertFalse(self.click(lambda: lines.extend(account._diagnose())))
        late = [line for line in lines if "not checked" in line["sentence"]]
        self.assertTrue(late)
        self.assertEqual({line["state"] for line in late}, {"warning"})

    def test_purchase_and_release_that_took_too_long_are_finished_by_the_next_click(self):
        """When the time runs out, the next click finishes the purchase or the release."""
        account = self.connect()
        self.twilio.latency = 5.5
        self.twilio.failures["POST IncomingPhoneNumbers.json"] = "lost"
        self.assertIn("was lost", self.click(account._buy_number, "+3225550777"))
        self.twilio.failures["POST IncomingPhoneNumbers.json"] = (400, 21422)
        self.twilio.latency = 1
        self.assertFalse(self.click(account._buy_number, "+3225550777"))
        bought = account.number_ids.filtered(lambda row: row.number == "+3225550777")
        self.twilio.failures["DELETE IncomingPhoneNumbers"] = "lost"
        self.assertTrue(self.click(account._release_number, bought))
        self.assertFalse(self.click(account._release_number, bought))
        self.assertFalse(bought.active)

    def test_transaction_that_runs_again_has_no_new_time(self):
        account = self.connect()
        self.twilio.latency = 1
        self.begin_request()
        self.assertEqual(account._get_deadline(), 1000 + self.twilio.clock + 6)
        account._get_admin().fetch_account_name()
        self.assertEqual(account._get_deadline(), 1000 + self.twilio.clock + 5)
        _request_stack().httprequest.path = WEBHOOK
        self.begin_request()
        self.assertEqual(account._get_deadline(), 1000 + self.twilio.clock + 2)
