"""A recording is started until it is: Twilio refuses now and then to record a fresh call."""

from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.crm_telephony.models.recording import telephony_recording_control as control
from odoo.addons.crm_telephony.providers.base import ProviderError

from .test_recording import RECORDING, RecordingCase

LOG = "models.recording.telephony_recording_control"
TRIES = len(control.START_DELAYS)
# Refusals that another attempt may overcome.
TRANSIENT = ("not_found", "busy", "rate_limited", "unavailable", "unknown", "unreachable")


@tagged("post_install", "-at_install")
class TestRecordingStart(RecordingCase):
    def setUp(self):
        super().setUp()
        self.number.recording_mode = "always"
        self.pauses = []

        def remember(records, name, seconds):
            self.pauses.append(seconds)
            self.later = getattr(records, name)

        self.startPatcher(patch.object(control, "run_later", remember))

    def refuse(self, *kinds):
        self.provider.failures["start_recording"] = [ProviderError("x", kind) for kind in kinds]

    def talk_recorded(self):
        call = self.talk()
        self.run_after_commit()
        return call

    def start_again(self):
        self.later()
        self.run_after_commit()

    def use_up(self):
        """Repeat the start as often as it is repeated quickly."""
        with self.assert_log(LOG, "WARNING", "was not started"):
            for _attempt in range(TRIES):
                self.start_again()

    def test_refused_twice_and_begun(self):
        """The customer's leg was just answered: the third request is accepted."""
        self.refuse("not_found", "not_found")
        call = self.talk_recorded()
        recording = call.recording_ids
        self.assertEqual(recording.state, "starting")
        self.start_again()
        self.start_again()
        self.assertEqual(recording.state, "recording")
        self.assertEqual(recording.provider_recording_id, RECORDING)
        self.assertEqual(self.pauses, list(control.START_DELAYS[:2]))
        self.assertEqual(len(self.provider.sent("start_recording")), 3)
        self.assertFalse(recording.problem or recording.tries)
        self.assertNotIn("not started", call.timeline)

    def test_every_passing_refusal_is_repeated(self):
        for kind in TRANSIENT:
            self.refuse(kind)
            with self.subTest(kind):
                call = self.dial()
                call.state = "in_progress"
                recording = self.env["telephony.recording"].create(
                    {
                        "call_id": call.id,
                        "account_id": self.account.id,
                        "kind": "conversation",
                        "state": "starting",
                        "recorded_at": call.started_at,
                    }
                )
                recording._send_start_request()
                self.run_after_commit()
                self.assertEqual((recording.state, recording.tries), ("starting", 1))
            self.as_user(self.ana).hang_up(call.uuid)

    def test_always_is_never_silent(self):
        """The refusal is on the card and in the timeline, and the job repeats the start."""
        self.refuse(*["not_found"] * (TRIES + 2))
        call = self.talk_recorded()
        self.use_up()
        recording = call.recording_ids
        self.assertEqual(recording.state, "starting")
        self.assertIn("Twilio is not ready to record this call yet.", recording.problem)
        data = self.notified(self.ana, "call_updated")[-1]["recording"]
        self.assertEqual((data["state"], data["problem"]), ("starting", recording.problem))
        self.assertIn("has not started yet and is tried again. Twilio is not", call.timeline)
        self.assertSeconds(recording.next_try_at, control.START_INTERVAL)
        with self.assert_log(LOG, "WARNING", "was not started"):
            self.pass_days(recording, 1)
            self.run_cron()
            self.run_after_commit()
        self.assertEqual(call.timeline.count("tried again"), 1)
        self.assertSeconds(recording.next_try_at, control.START_INTERVAL)
        self.pass_days(recording, 1)
        self.run_cron()
        self.run_after_commit()
        self.assertEqual((recording.state, recording.problem), ("recording", False))

    def test_only_the_end_of_the_call_ends_the_attempts(self):
        self.refuse(*["not_found"] * (TRIES + 1))
        call = self.talk_recorded()
        self.use_up()
        self.hang_up(call)
        self.run_after_commit()
        recording = call.recording_ids
        self.assertEqual(recording.state, "failed")
        self.assertIn("did not start the recording before the call ended", recording.problem)
        self.assertIn("The call was not recorded", call.timeline)

    def test_final_refusal_is_told_with_its_reason(self):
        self.refuse("unauthorized")
        with self.assert_log(LOG, "WARNING", "was not started"):
            call = self.talk_recorded()
        self.assertEqual(call.recording_ids.state, "failed")
        self.assertFalse(self.pauses)
        self.assertIn("The recording could not be started. Twilio refused", call.timeline)

    def test_no_attempt_after_the_call(self):
        self.refuse("not_found")
        call = self.talk_recorded()
        self.hang_up(call)
        self.start_again()
        self.assertEqual(len(self.provider.sent("start_recording")), 1)
        self.assertEqual(call.recording_ids.state, "failed")
