"""*Call Me Now*: every report may come twice, late, out of order, or never."""

from itertools import permutations
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import ProviderError

from ..common import BASE_URL, TelephonyHttpCase, leg_sid

MOBILE = "+32471222333"
LEG = leg_sid(1001)


@tagged("-at_install", "post_install")
class TestTestCall(TelephonyHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent_max = cls.env["telephony.agent"].create(
            {"user_id": cls.max.id, "company_id": cls.company_a.id, "number_ids": cls.number.ids}
        )
        cls.tests = cls.env["telephony.test.call"].sudo()

    def as_max(self):
        return self.as_user(self.max, "telephony.test.call")

    def start(self, number=MOBILE, send=True):
        """Click *Call Me*; return the row."""
        answer = self.as_max().start(number)
        if send:
            self.run_after_commit()
        return self.tests.search([("uuid", "=", answer["uuid"])])

    def report(self, test, status, leg=LEG, **params):
        response = self.post_webhook(
            "call_me_status", {"CallSid": leg, "CallStatus": status, **params}, {"test": test.uuid}
        )
        self.assertEqual(response.status_code, 200)

    def answer(self, test, leg=LEG, **params):
        """Ask for the voice response, as an answered telephone does."""
        return self.ask("call_me", {"CallSid": leg, **params}, {"test": test.uuid})

    def test_whole_way_ends_with_a_tick(self):
        test = self.start()
        [values] = self.provider.sent("call_phone")[0]
        self.assertEqual((values["from"], values["to"]), (self.number.number, MOBILE))
        self.assertIn(f"/telephony/twilio/call_me?test={test.uuid}", values["url"])
        self.assertLessEqual(values["time_limit"], 60)
        self.report(test, "ringing")
        verbs = self.answer(test)
        self.assertEqual(self.names(verbs), ["Gather", "Hangup"])
        self.assertEqual(self.names(verbs[0]), ["Say", "Play", "Say"])
        self.assertIn("/telephony/sound/hold_music/", verbs[0][1].text)
        verbs = self.answer(test, Digits="1")
        self.assertEqual(self.names(verbs), ["Say", "Hangup"])
        self.report(test, "completed")
        states = [payload["state"] for payload in self.notified(self.max, "call_me_updated")]
        self.assertEqual(states, ["ringing", "answered", "done"])
        self.assertEqual(test.state, "done")
        self.assertEqual(self.account.sudo().reached_base_url, BASE_URL)

    def test_it_is_in_no_list_and_no_figure_but_in_the_ledger(self):
        before = self.env["telephony.call"].search_count([])
        legs = self.env["telephony.dialed.leg"].search_count([])
        test = self.start()
        self.answer(test)
        self.answer(test, Digits="1")
        self.assertEqual(self.env["telephony.call"].search_count([]), before)
        new = self.env["telephony.dialed.leg"].search([], limit=1)
        self.assertEqual(self.env["telephony.dialed.leg"].search_count([]), legs + 1)
        self.assertEqual(
            (new.kind, new.user_id, new.company_id), ("test", self.max, self.company_a)
        )

    def test_reports_in_any_order_and_twice_never_go_back(self):
        acts = {
            "ringing": lambda test: self.report(test, "ringing"),
            "answered": self.answer,
            "pressed": lambda test: self.answer(test, Digits="1"),
        }
        for order in permutations(acts):
            with self.subTest(order):
                test = self.start()
                leg = test.provider_leg_id
                test.provider_leg_id = LEG
                for name in order:
                    acts[name](test)
                    acts[name](test)
                for name in order:
                    acts[name](test)
                self.report(test, "completed")
                self.assertEqual(test.state, "done")
                test.provider_leg_id = leg

    def test_failures_are_explained_in_words(self):
        for params, words in (
            ({"CallStatus": "busy"}, "busy"),
            ({"CallStatus": "no-answer"}, "not answered"),
            ({"CallStatus": "failed", "SipResponseCode": "404"}, "not in service"),
            ({"CallStatus": "failed", "SipResponseCode": "603"}, "declined"),
            ({"CallStatus": "failed"}, "cannot be reached"),
            ({"CallStatus": "canceled"}, "ended before"),
            ({"CallStatus": "completed"}, "did not reach Odoo"),
        ):
            with self.subTest(params):
                test = self.start()
                leg = test.provider_leg_id
                self.report(test, params["CallStatus"], leg, **params)
                self.assertEqual(test.state, "failed")
                self.assertIn(words, test.message)
                self.assertIn(words, self.notified(self.max, "call_me_updated")[-1]["message"])

    def test_mailbox_that_answers_is_no_success(self):
        test = self.start()
        self.answer(test)
        self.report(test, "completed")
        self.assertEqual(test.state, "failed")
        self.assertIn("key 1 was not pressed", test.message)

    def test_trial_account_that_waits_for_a_key_is_explained(self):
        self.account.sudo().plan = "trial"
        test = self.start()
        self.report(test, "completed")
        self.assertIn("trial account", test.message)

    def test_answer_that_twilio_cannot_use_is_a_failure(self):
        test = self.start()
        self.assertEqual(self.names(self.answer(test, ErrorCode="12300")), ["Hangup"])
        self.assertEqual(test.state, "failed")
        self.assertIn("12300", test.message)

    def test_refusal_of_twilio_is_explained(self):
        self.provider.failures["call_phone"] = [ProviderError("No.", "number_unverified")]
        with self.assert_log("models.account.telephony_test_call", "WARNING", "number_unverified"):
            test = self.start()
        self.assertEqual(test.state, "failed")
        self.assertIn("verified", test.message)

    def test_lost_answer_to_the_request_may_ring_all_the_same(self):
        self.provider.failures["call_phone"] = [ProviderError("No.", "unknown")]
        with self.assert_log("models.account.telephony_test_call", "WARNING", "unknown"):
            test = self.start()
        self.assertEqual(test.state, "calling")
        self.report(test, "ringing")
        self.assertEqual((test.state, test.provider_leg_id), ("ringing", LEG))

    def test_two_clicks_ring_once(self):
        first = self.start()
        self.assertEqual(self.start("+32471999888"), first)
        self.assertEqual(len(self.provider.sent("call_phone")), 1)
        self.assertEqual(self.as_max().prepare()["test"]["uuid"], first.uuid)

    def test_reloaded_page_finds_the_call_and_the_number(self):
        self.assertEqual(self.as_max().prepare()["test"], False)
        test = self.start()
        self.assertEqual(self.agent_max.sudo().phone_number, MOBILE)
        self.assertEqual(self.as_max().prepare()["test"]["state"], "calling")
        self.report(test, "busy")
        self.assertEqual(self.as_max().prepare(), {"number": MOBILE, "test": False})

    def test_number_of_the_preferences_is_kept(self):
        self.agent_max.sudo().phone_number = "+32471000000"
        self.start()
        self.assertEqual(self.agent_max.sudo().phone_number, "+32471000000")

    def test_closed_window_hangs_up(self):
        test = self.start()
        self.as_max().hang_up(test.uuid)
        self.run_after_commit()
        self.assertEqual(self.provider.sent("end_leg"), [[test.provider_leg_id]])
        self.assertEqual(self.names(self.answer(test, test.provider_leg_id)), ["Hangup"])
        self.report(test, "completed", test.provider_leg_id)
        self.assertEqual(test.state, "canceled")
        self.as_max().hang_up(test.uuid)
        self.assertFalse(self.queued_requests)

    def test_window_closed_before_twilio_answered_hangs_up_too(self):
        answer = self.as_max().start(MOBILE)
        [request] = self.queued_requests
        test = self.tests.search([("uuid", "=", answer["uuid"])])
        result = test._on_test_call_done
        self.queued_requests.clear()
        self.as_max().hang_up(test.uuid)
        self.run_after_commit()
        self.assertFalse(self.provider.sent("end_leg"))
        result(LEG)
        self.run_after_commit()
        self.assertEqual(self.provider.sent("end_leg"), [[LEG]])
        # A request that was not sent yet rings no telephone.
        self.queued_requests.append(request)
        test.provider_leg_id = False
        self.run_after_commit()
        self.assertFalse(self.provider.sent("call_phone"))

    def expire(self, test):
        test.expires_at = fields.Datetime.subtract(fields.Datetime.now(), seconds=1)
        self.env.flush_all()

    def test_lost_reports_are_asked_for(self):
        test = self.start()
        self.provider.legs[test.provider_leg_id] = {"CallStatus": "busy"}
        self.as_max().check(test.uuid)
        self.assertFalse(self.queued_requests, "there was news a moment ago")
        with patch.object(self.registry["telephony.test.call"], "_is_quiet", lambda _self: True):
            self.as_max().check(test.uuid)
        self.run_after_commit()
        self.assertEqual(test.state, "failed")
        self.assertIn("busy", test.message)

    def test_silence_ends_after_a_minute(self):
        """Neither a report nor an answer of Twilio: the page and the job end the test."""
        for close in (
            lambda test: self.as_max().check(test.uuid),
            lambda test: self.tests._reconcile(),
        ):
            test = self.start()
            self.provider.legs[test.provider_leg_id] = {"CallStatus": "in-progress"}
            self.expire(test)
            close(test)
            self.run_after_commit()
            self.assertEqual(test.state, "failed")
            self.assertIn([test.provider_leg_id], self.provider.sent("end_leg"))

    def test_request_that_was_never_sent_is_closed(self):
        """The process died between the commit and the request."""
        test = self.start(send=False)
        self.queued_requests.clear()
        self.expire(test)
        self.tests._reconcile()
        self.run_after_commit()
        self.assertIn("did not respond", test.message)
        self.assertTrue(self.start() - test, "another attempt is possible")

    def test_late_answer_after_the_minute_hears_nothing(self):
        test = self.start()
        self.expire(test)
        self.assertEqual(self.names(self.answer(test, test.provider_leg_id)), ["Hangup"])
        self.assertEqual(test.state, "failed")

    def test_the_gate_is_asked_when_entered_and_when_sent(self):
        for number, words in (
            ("112", "Emergency"),
            ("0", "not a valid phone number"),
            ("", "not a valid phone number"),
            (self.number.number, "number of your own company"),
        ):
            with self.subTest(number), self.assertRaisesRegex(UserError, words):
                self.as_max().start(number)
        self.company_a.telephony_country_policy = "own"
        with self.assertRaisesRegex(UserError, "does not allow calls to France"):
            self.as_max().start("+33155500190")
        test = self.start(send=False)
        self.company_a.telephony_country_policy = "listed"
        self.company_a.telephony_country_ids = self.france
        self.run_after_commit()
        self.assertFalse(self.provider.sent("call_phone"))
        self.assertEqual(test.state, "failed")
        self.assertIn("does not allow calls to Belgium", test.message)

    def test_limit_per_hour_counts_it(self):
        self.company_a.telephony_calls_per_hour = 1
        self.report(self.start(), "busy", leg_sid(1001))
        with self.assertRaisesRegex(UserError, "limit of 1 calls per hour"):
            self.as_max().start(MOBILE)

    def test_only_administrators_and_only_their_own(self):
        test = self.start()
        for user in (self.ana, self.sue, self.ian, self.eva):
            tests = self.as_user(user, "telephony.test.call")
            if user != self.eva:
                for act in (tests.prepare, lambda tests=tests: tests.start(MOBILE)):
                    with self.subTest(user.login), self.assertRaises(AccessError):
                        act()
            for act in (tests.check, tests.hang_up):
                with self.subTest(user.login), self.assertRaises(AccessError):
                    act(test.uuid)
        self.assertEqual(test.state, "calling")
        # The private number is visible to its owner only, and no user writes it.
        other = self._make_user("mia", "crm_telephony.group_manager")
        self.assertFalse(self.as_user(other, "telephony.test.call").search([]))
        own = self.as_max().search([])
        self.assertEqual(own.sudo(), test)
        with self.assertRaises(AccessError):
            own.write({"state": "done"})

    def test_webhook_of_another_leg_or_account_changes_nothing(self):
        test = self.start()
        self.assertEqual(self.names(self.answer(test, leg_sid(7))), ["Hangup"])
        self.report(test, "busy", leg_sid(7))
        self.assertEqual(self.names(self.ask("call_me", {"CallSid": LEG})), ["Hangup"])
        response = self.post_webhook(
            "call_me_status",
            {
                "CallSid": test.provider_leg_id,
                "CallStatus": "busy",
                "AccountSid": self.account_b.sudo().account_sid,
            },
            {"test": test.uuid},
            sign="b" * 32,
        )
        self.assertEqual(response.status_code, 200)
        self.assertEqual(test.state, "calling")

    def test_sentences_are_in_the_language_of_the_company(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.company_a.partner_id.lang = "zh_CN"
        test = self.start()
        with patch.object(self.registry["telephony.speech"], "_is_translated", lambda *args: True):
            verbs = self.answer(test)[0]
        languages = {verb.get("language") for verb in verbs if verb.tag == "Say"}
        self.assertEqual(len(languages), 1)
        self.assertNotIn("en-US", languages)
