"""Nothing is lost: whatever fails during a call, the call is kept, with its callback."""

from unittest.mock import patch

from odoo.tests import tagged

from ..common import BASE_URL, CUSTOMER, LOGGER, TelephonyHttpCase, leg_sid

CONTROLLER = f"{LOGGER}.controllers.twilio_webhook"
CRASH = f"{LOGGER}.models.call.telephony_call_crash"
MODELS = f"{LOGGER}.models"


def fail(*args, **kwargs):
    raise ZeroDivisionError


def fail_at_the_end(method):
    """Return a method that fails, or, if it writes values, fails to write the end."""

    def replacement(records, *args, **kwargs):
        if not args or "state" in args[0]:
            raise ZeroDivisionError
        return method(records, *args, **kwargs)

    return replacement


@tagged("post_install", "-at_install")
class TestNothingLost(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.go_online(self.agent_ana)
        self.env["res.lang"]._activate_lang("zh_CN")
        self.calls = self.registry["telephony.call"]

    def assert_apology(self, verbs, text="We are sorry", language="en-US"):
        say, hangup = verbs
        self.assertEqual((say.get("language"), hangup.tag), (language, "Hangup"))
        self.assertIn(text, say.text)

    def assert_kept(self, call):
        """Check that a call is kept as failed, and that its caller has a callback."""
        self.assertEqual((call.state, call.outcome, call.ended_by), ("ended", "failed", "system"))
        self.assertTrue(call.failure_reason)
        self.assertEqual((call.customer_number, call.number_id), (CUSTOMER, self.number))
        self.assertTrue(call.ended_at)
        callback = call.callback_id
        self.assertEqual((callback.state, callback.kind), ("open", "missed"))
        self.assertEqual(callback.customer_number, CUSTOMER)
        self.assertEqual(len(callback.activity_id), 1)
        self.assertIn(call.uuid, [data["uuid"] for data in self.notified(self.ana, "call_missed")])

    # === FIRST REQUEST === #

    def test_failure_of_the_flow_keeps_the_call(self):
        """D8: the first webhook fails, and the caller is in the list of missed calls."""
        self.patch(self.calls, "_run_flow", fail)
        with self.assertLogs(CONTROLLER, "ERROR"):
            call, verbs = self.call_in()
        self.assert_apology(verbs)
        self.assert_kept(call)
        self.assertEqual((call.partner_id, call.flow_id), (self.partner, self.flow))
        # The caller hears the apology before the leg ends.
        self.run_after_commit()
        self.assertFalse(self.provider.sent("end_leg"))

    def test_apology_is_spoken_in_the_language_of_the_flow(self):
        self.flow.language = "zh_CN"
        self.patch(self.calls, "_run_flow", fail)
        with self.assertLogs(CONTROLLER, "ERROR"):
            _call, verbs = self.call_in()
        self.assert_apology(verbs, "很抱歉", "zh-CN")

    def test_apology_without_a_flow_is_spoken_in_the_language_of_the_company(self):
        self.number.flow_id = False
        self.company_a.partner_id.lang = "zh_CN"
        self.patch(self.calls, "_run_flow", fail)
        with self.assertLogs(CONTROLLER, "ERROR"):
            call, verbs = self.call_in()
        self.assert_apology(verbs, "很抱歉", "zh-CN")
        self.assertEqual(call.failure_reason, "通话因意外错误而结束。")

    def test_failure_of_another_addon_at_the_creation_keeps_the_call(self):
        """D8: a call is kept although another addon forbids its creation."""
        for method in ("create", "_prepare_incoming_values"):
            with self.subTest(method), patch.object(self.calls, method, fail):
                sid = leg_sid(len(method))
                with self.assertLogs(CONTROLLER, "ERROR"), self.assertLogs(CRASH, "ERROR") as log:
                    call, verbs = self.call_in(sid=sid)
                self.assertIn(sid, log.output[0])
                self.assert_apology(verbs)
                self.assert_kept(call)
                self.assertEqual(self.customer(call).provider_leg_id, sid)
                self.assertTrue(call.uuid)

    def test_repeated_question_after_a_failure_hangs_up(self):
        with patch.object(self.calls, "_run_flow", fail), self.assertLogs(CONTROLLER, "ERROR"):
            call, _verbs = self.call_in()
        again, verbs = self.call_in()
        self.assertEqual((again, self.names(verbs)), (call, ["Hangup"]))

    def test_failure_of_every_way_is_still_spoken_and_logged(self):
        self.patch(self.calls, "create", fail)
        self.patch(self.calls, "_insert_incoming", fail)
        with self.assertLogs(CONTROLLER, "ERROR"), self.assertLogs(CRASH, "ERROR") as log:
            call, verbs = self.call_in()
        self.assert_apology(verbs)
        self.assertFalse(call)
        self.assertIn("could not be kept", log.output[-1])

    def test_failure_of_the_database_keeps_the_call(self):
        """A failed statement does not abort the transaction."""

        def fail_in_database(call):
            call.env.cr.execute("SELECT 1 FROM no_such_table")

        self.patch(self.calls, "_run_flow", fail_in_database)
        with self.assertLogs(CONTROLLER, "ERROR"), self.assertLogs("odoo.sql_db", "ERROR"):
            call, verbs = self.call_in()
        self.assert_apology(verbs)
        self.assert_kept(call)

    # === LATER REQUESTS === #

    def test_failure_of_a_later_question_keeps_the_call(self):
        for route, method in (
            ("wait", "_process_wait"),
            ("step", "_process_next"),
            ("join", "_process_next"),
        ):
            with self.subTest(route), patch.object(self.calls, method, fail):
                sid = leg_sid(len(route))
                call, _verbs = self.call_in(sid=sid)
                with self.assertLogs(CONTROLLER, "ERROR") as log:
                    verbs = self.ask(route, {"CallSid": sid}, {"call": call.uuid})
                self.assertIn(call.uuid, log.output[0])
                self.assert_apology(verbs)
                self.assert_kept(call)

    def test_failure_of_a_conclusion_costs_neither_the_end_nor_the_others(self):
        """The state is written, although the follow-up work of the end fails."""
        for number, name in enumerate(
            (
                "_end_offers",
                "_end_legs",
                "_post_log",
                "_begin_wrap_up",
                "_free_agents",
                "_sync_recording",
                "_release_supervisors",
                "_on_ended",
                "write",
            )
        ):
            call, _verbs = self.call_in(sid=leg_sid(100 + number))
            with (
                self.subTest(name),
                patch.object(self.calls, "_process_wait", fail),
                patch.object(self.calls, name, fail_at_the_end(getattr(self.calls, name))),
                self.assertLogs(CONTROLLER, "ERROR"),
                self.assertLogs(MODELS, "ERROR") as log,
            ):
                verbs = self.wait(call)
                self.assertIn(call.uuid, log.output[0])
                self.assert_apology(verbs)
                self.assert_kept(call)

    def test_failure_of_what_is_owed_costs_neither_the_end_nor_the_news(self):
        call, _verbs = self.call_in()
        self.patch(self.calls, "_process_wait", fail)
        self.patch(self.calls, "_update_callbacks", fail)
        with self.assertLogs(CONTROLLER, "ERROR"), self.assertLogs(MODELS, "ERROR"):
            self.assert_apology(self.wait(call))
        self.assertEqual((call.state, call.outcome), ("ended", "failed"))
        self.assertTrue(self.notified(self.ana, "call_missed"))

    def test_report_of_the_end_is_written_though_its_conclusions_fail(self):
        """An end is written at once, because the provider does not repeat its report."""
        call, _verbs = self.call_in()
        self.patch(self.calls, "_post_log", fail)
        with self.assertLogs(MODELS, "ERROR"):
            self.tell_leg(call, call.provider_call_id, "completed", CallDuration="7")
        self.assertEqual((call.state, call.outcome, call.ended_by), ("ended", "missed", "customer"))
        self.assertEqual(self.customer(call).status, "ended")
        self.assertEqual(call.callback_id.state, "open")

    def fail_with_legs(self, story):
        """Run a story for each way in which another addon fails at the end of a leg.

        :param story: function that returns its call
        """
        legs = self.registry["telephony.call.leg"]

        def make_failing(method):
            def replacement(record, argument, *args, **kwargs):
                if getattr(argument, "status", None) == "ended" or (
                    isinstance(argument, dict) and argument.get("status") == "ended"
                ):
                    raise ZeroDivisionError
                return method(record, argument, *args, **kwargs)

            return replacement

        for model, name in (
            (legs, "write"),
            (legs, "_advance"),
            (self.calls, "_apply_event"),
            (self.calls, "_apply_leg"),
        ):
            with (
                self.subTest(name),
                self.env.cr.savepoint() as savepoint,
                patch.object(model, name, make_failing(getattr(model, name))),
                self.assertLogs(MODELS, "ERROR") as log,
            ):
                self.notifications.clear()
                call = story()
                self.assertIn(call.uuid, log.output[0])
                savepoint.rollback()
            self.queued_requests.clear()
            self.env.invalidate_all()

    def assert_missed(self, call):
        self.assertEqual(self.customer(call).status, "ended")
        self.assertEqual((call.state, call.outcome, call.ended_by), ("ended", "missed", "customer"))
        self.assertEqual((call.callback_id.state, call.callback_id.kind), ("open", "missed"))
        self.assertIn(call.uuid, [data["uuid"] for data in self.notified(self.ana, "call_missed")])

    def test_report_of_the_end_that_another_addon_fails_with_ends_the_call(self):
        """A status report that fails in foreign code still ends the leg."""

        def story():
            call, _verbs = self.call_in()
            self.tell_leg(call, call.provider_call_id, "completed", CallDuration="7")
            self.assert_missed(call)
            return call

        self.fail_with_legs(story)

    def test_report_of_the_end_that_never_came_is_found_though_another_addon_fails(self):
        """The reconciliation ends the call although foreign code fails."""
        self.startPatcher(
            patch.object(
                self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: float("inf")
            )
        )

        def story():
            call, _verbs = self.call_in()
            self.provider.legs[call.provider_call_id] = {
                "CallStatus": "completed",
                "CallDuration": "7",
            }
            self.let_time_pass(60)
            self.env["telephony.call"].sudo()._cron_reconcile()
            self.env.invalidate_all()
            self.assert_missed(call)
            return call

        self.fail_with_legs(story)

    def test_end_of_the_only_agent_that_another_addon_fails_with_keeps_the_customer(self):
        """The customer waits for the agent, as after any lost connection."""

        def story():
            call = self.talk()
            self.tell_leg(call, leg_sid(50), "completed", CallDuration="60")
            self.assertEqual(call._get_agent_legs().mapped("status"), ["ended"])
            self.assertTrue(call.deadline_at)
            self.assertEqual(self.names(self.step(call)), ["Enqueue"])
            return call

        self.fail_with_legs(story)

    # === BESIDE A CONVERSATION === #

    def test_failure_of_hold_music_and_announcement_goes_on_with_the_conversation(self):
        """A failure of music or announcement neither hangs up (error 13238) nor ends the call."""
        call = self.talk()
        self.patch(self.calls, "_advance_hold", fail)
        self.patch(self.calls, "_get_recording_announcement", fail)
        for route, query, names in (
            ("wait", {"hold": "1"}, ["Play", "Redirect"]),
            ("announce", {}, []),
        ):
            with self.subTest(route), self.assertLogs(CONTROLLER, "ERROR"):
                verbs = self.ask(
                    route, {"CallSid": call.provider_call_id}, {"call": call.uuid, **query}
                )
                self.assertEqual(self.names(verbs), names)
                self.assertEqual(call.state, "in_progress")

    # === THE FALLBACK === #

    def fall_back(self, **params):
        with self.assertLogs(CONTROLLER, "ERROR"):
            return self.ask(
                "fallback",
                {
                    "ErrorCode": "11200",
                    "ErrorUrl": BASE_URL,
                    "From": CUSTOMER,
                    "To": self.number.number,
                    **params,
                },
            )

    def test_fallback_keeps_a_running_call(self):
        """When Twilio cannot use an answer, the call is failed and its caller has a callback."""
        self.flow.language = "zh_CN"
        call, _verbs = self.call_in()
        verbs = self.fall_back(CallSid=call.provider_call_id)
        self.assert_apology(verbs, "很抱歉", "zh-CN")
        self.assert_kept(call)
        self.assertIn("11200", call.failure_reason)

    def test_fallback_keeps_a_call_that_never_arrived(self):
        """When Twilio cannot reach Odoo at first, the fallback creates the unknown call."""
        self.assert_apology(self.fall_back(CallSid=leg_sid(7)))
        call = self.env["telephony.call"].search([("provider_call_id", "=", leg_sid(7))])
        self.assert_kept(call)

    def test_fallback_of_a_browser_or_another_number_writes_nothing(self):
        before = self.env["telephony.call"].search_count([])
        self.assert_apology(self.fall_back(CallSid=leg_sid(7), From="client:somebody"))
        self.assert_apology(self.fall_back(CallSid=leg_sid(7), To="+3225550199"))
        self.assertEqual(self.env["telephony.call"].search_count([]), before)

    def test_fallback_without_a_leg_ends_no_call(self):
        """An empty identifier does not match legs without an identifier."""
        call = self.dial()
        self.assertFalse(self.customer(call).provider_leg_id)
        for params in ({}, {"CallSid": ""}):
            self.assert_apology(self.fall_back(**params))
        self.assertNotEqual(call.state, "ended")
