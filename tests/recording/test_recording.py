"""Recording of conversations: started, paused, resumed and stopped by the agent."""

import io
import math
import wave
from array import array

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import ProviderError

from ..common import AGENT_LEG, TelephonyHttpCase, leg_sid

RECORDING = "RE" + "5" * 32


def make_sound(*tones, seconds=1):
    """Return a WAV file with a tone (Hz; 0: silence) in each channel."""
    samples = array(
        "h",
        (
            round(12000 * math.sin(2 * math.pi * hz * index / 8000))
            for index in range(8000 * seconds)
            for hz in tones
        ),
    )
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((len(tones), 2, 8000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return out.getvalue()


class RecordingCase(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.company_a.telephony_recording_mode = "agent"
        self.sound = make_sound(900, 550)
        self.provider.answers.update(start_recording=RECORDING, fetch_recording=self.sound)

    def wish(self, call, wanted, user=None):
        """Press the recording button and return its state in the softphone."""
        data = self.as_user(user or self.ana).set_recording(call.uuid, wanted)
        self.run_after_commit()
        return data["recording"]

    def tell_recording(self, call, status="completed", seconds=7, row=None, **params):
        row = row or call.recording_ids[:1]
        response = self.post_webhook(
            "recording",
            {
                "RecordingSid": RECORDING,
                "RecordingStatus": status,
                "CallSid": call.provider_call_id,
                "RecordingDuration": str(seconds),
                "RecordingSource": "StartCallRecordingAPI",
                "RecordingUrl": "https://example.com/x",
                **params,
            },
            {"call": call.uuid, "recording": row.id},
        )
        self.assertEqual(response.status_code, 200)
        self.run_after_commit()
        self.run_cron()

    def hang_up(self, call):
        self.as_user(self.ana).hang_up(call.uuid)
        self.run_after_commit()
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="9")

    def record(self):
        """Return the stored recording of a whole conversation."""
        call = self.talk()
        self.wish(call, "recording")
        self.hang_up(call)
        self.tell_recording(call)
        return call.recording_ids

    def pass_days(self, recording, days):
        """Make a recording some days older, and due."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE telephony_recording SET recorded_at = recorded_at - %s * interval '1 day',"
            " next_try_at = next_try_at - %s * interval '1 day',"
            " write_date = write_date - %s * interval '1 day' WHERE id = %s",
            (days, days, days, recording.id),
        )
        self.env.invalidate_all()

    def run_cron(self, name="fetch"):
        self.run_job("telephony.recording", f"_cron_{name}")

    def sent_states(self):
        return [state for _leg, _sid, state in self.provider.sent("set_recording_status")]


@tagged("post_install", "-at_install")
class TestRecordingControl(RecordingCase):
    """Starting, pausing, resuming and stopping."""

    def test_agent_decides(self):
        """Z29: recording starts only at the agent's request, in two channels."""
        call = self.talk()
        self.assertFalse(call.recording_ids)
        data = self.wish(call, "recording")
        self.assertEqual((data["mode"], data["state"]), ("agent", "starting"))
        [[leg, url]] = self.provider.sent("start_recording")
        self.assertEqual(leg, call.provider_call_id)
        self.assertIn(f"recording={call.recording_ids.id}", url)
        self.assertEqual(call.recording_ids.state, "recording")
        self.assertEqual(call.recording_ids.provider_recording_id, RECORDING)
        self.assertEqual(
            self.notified(self.ana, "call_updated")[-1]["recording"]["state"], "recording"
        )
        self.assertIn("Ana started recording.", call.timeline)

    def test_a_second_click_starts_nothing(self):
        call = self.talk()
        self.wish(call, "recording")
        self.wish(call, "recording")
        self.assertEqual(len(self.provider.sent("start_recording")), 1)
        self.assertEqual(len(call.recording_ids), 1)

    def test_pause_resume_stop(self):
        call = self.talk()
        self.wish(call, "recording")
        self.wish(call, "paused")
        self.assertEqual(call.recording_ids.state, "paused")
        self.wish(call, "recording")
        self.assertEqual(call.recording_ids.state, "recording")
        self.wish(call, "stopped")
        self.assertEqual(call.recording_ids.state, "pending")
        self.assertEqual(self.sent_states(), ["paused", "recording", "stopped"])
        # A new one may begin in the same call.
        self.provider.answers["start_recording"] = "RE" + "6" * 32
        self.wish(call, "recording")
        states = call.recording_ids.sorted("id").mapped("state")
        self.assertEqual(states, ["pending", "recording"])

    def test_hold_pauses_and_resumes(self):
        """Z18: the recording pauses while the customer is on hold."""
        call = self.talk()
        self.tell_room(call, call.provider_call_id, "participant-join", 1)
        self.wish(call, "recording")
        self.tell_room(call, call.provider_call_id, "participant-hold", 2)
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "paused")
        self.assertTrue(self.notified(self.ana, "call_updated")[-1]["recording"]["interrupted"])
        self.tell_room(call, call.provider_call_id, "participant-unhold", 3)
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "recording")
        # A recording paused by hand stays paused when the customer comes back.
        self.wish(call, "paused")
        self.tell_room(call, call.provider_call_id, "participant-hold", 4)
        self.tell_room(call, call.provider_call_id, "participant-unhold", 5)
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "paused")
        self.assertEqual(self.sent_states(), ["paused", "recording", "paused"])

    def test_hold_while_the_recording_starts(self):
        """The answer to the first request comes after the customer was put on hold."""
        call = self.talk()
        self.as_user(self.ana).set_recording(call.uuid, "recording")
        starting = list(self.queued_requests)
        self.queued_requests.clear()
        self.tell_room(call, call.provider_call_id, "participant-hold", 2)
        self.assertFalse(self.queued_requests)
        self.queued_requests.extend(starting)
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "paused")

    def test_the_last_wish_wins(self):
        """Of two clicks with late requests, only the last wish is sent."""
        call = self.talk()
        self.wish(call, "recording")
        self.as_user(self.ana).set_recording(call.uuid, "paused")
        self.as_user(self.ana).set_recording(call.uuid, "recording")
        self.as_user(self.ana).set_recording(call.uuid, "paused")
        self.run_after_commit()
        self.assertEqual(self.sent_states(), ["paused"])

    def test_nobody_is_recorded_while_the_agent_is_away(self):
        """Z20: a customer who hears music after the agent's page crashed is not recorded."""
        call = self.talk()
        self.wish(call, "recording")
        self.tell_leg(call, AGENT_LEG, "completed")
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "paused")
        self.connect_browser(call, self.agent_ana, leg_sid(51))
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "recording")

    def test_a_pause_that_fails_is_told(self):
        """A failed pause is shown, because a card number would still be recorded."""
        call = self.talk()
        self.wish(call, "recording")
        self.provider.failures["set_recording_status"] = [ProviderError("x", "unknown")] * 3
        with self.assert_log(
            "models.recording.telephony_recording_control", "WARNING", "did not change"
        ):
            self.wish(call, "paused")
        self.assertEqual(len(self.sent_states()), 3)
        data = self.notified(self.ana, "call_updated")[-1]["recording"]
        self.assertEqual(data["state"], "recording")
        self.assertIn("still being recorded", data["problem"])
        # The job keeps trying.
        self.pass_days(call.recording_ids, 1)
        self.run_cron()
        self.assertEqual(call.recording_ids.state, "paused")
        self.assertFalse(call.recording_ids.problem)

    def test_a_lost_answer_starts_no_second_recording(self):
        call = self.talk()
        self.provider.failures["start_recording"] = [ProviderError("x", "unknown")]
        self.provider.answers["find_recording"] = RECORDING
        self.wish(call, "recording")
        self.assertEqual(call.recording_ids.state, "recording")
        self.assertEqual(len(self.provider.sent("start_recording")), 1)

    def test_a_start_that_fails_is_told_and_can_be_tried_again(self):
        call = self.talk()
        self.provider.failures["start_recording"] = [ProviderError("x", "unauthorized")]
        with self.assert_log(
            "models.recording.telephony_recording_control", "WARNING", "was not started"
        ):
            self.wish(call, "recording")
        data = self.notified(self.ana, "call_updated")[-1]["recording"]
        self.assertEqual(data["state"], "off")
        self.assertTrue(data["problem"])
        self.wish(call, "recording")
        self.assertEqual(call._get_live_recording().state, "recording")

    def test_the_event_may_be_faster_than_the_answer(self):
        call = self.talk()
        self.as_user(self.ana).set_recording(call.uuid, "recording")
        self.queued_requests.clear()
        self.tell_recording(call, "in-progress")
        self.assertEqual(call.recording_ids.state, "recording")
        call.recording_ids._on_start_done(RECORDING)
        self.assertEqual(len(call.recording_ids), 1)

    def test_who_may_press_the_button(self):
        call = self.talk()
        for user in (self.bob, self.sue, self.max, self.eva, self.ian, self.pia):
            with self.subTest(user.name), self.assertRaises(AccessError):
                self.as_user(user).set_recording(call.uuid, "recording")
        with self.assertRaises(UserError):
            self.as_user(self.ana).set_recording(call.uuid, "paused")
        with self.assertRaises(UserError):
            self.as_user(self.ana).set_recording(call.uuid, "loud")
        self.hang_up(call)
        with self.assertRaises(UserError):
            self.as_user(self.ana).set_recording(call.uuid, "recording")
        self.assertFalse(call.recording_ids)
