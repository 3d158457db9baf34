"""Voicemails: recorded, fetched, heard with permission only, deleted at the provider."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import ProviderError

from ..common import TelephonyHttpCase

RECORDING = "RE" + "3" * 32
SOUND = b"RIFF0000WAVEfmt the sound of a message"


@tagged("post_install", "-at_install")
class TestVoicemail(TelephonyHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ring.write(
            {
                "kind": "voicemail",
                "message": "Please speak.",
                "agent_ids": [Command.set(cls.agent_ana.ids)],
            }
        )

    def setUp(self):
        super().setUp()
        self.provider.answers["fetch_recording"] = SOUND

    def tell_recording(self, call, status="completed", seconds=7):
        response = self.post_webhook(
            "recording",
            {
                "RecordingSid": RECORDING,
                "RecordingStatus": status,
                "CallSid": call.provider_call_id,
                "RecordingDuration": str(seconds),
                "RecordingUrl": "https://example.com/x",
            },
            {"call": call.uuid},
        )
        self.assertEqual(response.status_code, 200)

    def leave_message(self, order="end first"):
        call, verbs = self.call_in()
        self.assertEqual(self.names(verbs), ["Say", "Record", "Hangup"])
        if order == "end first":
            self.tell_leg(call, call.provider_call_id, "completed", CallDuration="9")
            self.tell_recording(call)
        else:
            self.tell_recording(call)
            self.tell_leg(call, call.provider_call_id, "completed", CallDuration="9")
        self.run_job("telephony.recording", "_cron_fetch")
        return call

    def test_message_is_kept_and_the_providers_copy_deleted(self):
        """Z03: an unanswered caller's message is kept here only."""
        call = self.leave_message()
        self.assertEqual((call.state, call.outcome), ("ended", "voicemail"))
        recording = call.recording_ids
        self.assertEqual(recording.attachment_id.raw, SOUND)
        self.assertTrue(recording.deleted_at_provider)
        self.assertEqual(self.provider.sent("delete_recording"), [[RECORDING]])
        [told] = self.notified(self.ana, "voicemail_received")
        self.assertEqual((told["recording_id"], told["duration"]), (recording.id, 7))

    def test_the_recording_may_be_told_before_the_end(self):
        """Z03: the order of the provider's reports does not matter."""
        call = self.leave_message("recording first")
        self.assertEqual((call.state, call.outcome), ("ended", "voicemail"))

    def test_a_repeated_report_makes_one_recording(self):
        """Z03: a repeated report creates one recording."""
        call = self.leave_message()
        self.tell_recording(call)
        self.assertEqual(len(call.recording_ids), 1)

    def test_silence_is_no_message(self):
        """Z03: a caller who hangs up at once has a missed call, but no voicemail."""
        call, _verbs = self.call_in()
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="2")
        self.tell_recording(call, seconds=1)
        self.run_after_commit()
        self.assertEqual((call.outcome, call.recording_ids.state), ("missed", "failed"))
        self.assertEqual(self.provider.sent("delete_recording"), [[RECORDING]])

    def test_the_caller_is_thanked(self):
        """Z03: after the message the caller hears a good-bye."""
        _call, verbs = self.call_in()
        [say, hang_up] = self.ask(
            verbs[1].get("action"),
            {
                "CallSid": _call.provider_call_id,
                "Digits": "#",
            },
        )
        self.assertEqual(
            (say.text, hang_up.tag),
            (
                "Thank you for your message. Goodbye.",
                "Hangup",
            ),
        )

    def test_a_recording_that_is_not_there_yet_is_fetched_later(self):
        """Z03: when the file comes after the report, the cron fetches it."""
        self.provider.failures["fetch_recording"] = [ProviderError("no", "not_found")]
        call = self.leave_message()
        self.assertEqual(call.recording_ids.state, "pending")
        self.let_time_pass(0)
        self.env.cr.execute(
            "UPDATE telephony_recording SET next_try_at = next_try_at - interval '5 minutes'"
        )
        self.env.invalidate_all()
        self.run_job("telephony.recording", "_cron_fetch")
        self.assertEqual(call.recording_ids.state, "stored")

    def test_who_may_hear_it(self):
        """Z03: the responsible agent and supervisors hear it; it is invisible to others."""
        recording = self.leave_message().recording_ids
        for user, allowed in (
            (self.ana, True),
            (self.sue, True),
            (self.bob, False),
            (self.ian, False),
            (self.pia, False),
            (self.eva, False),
        ):
            with self.subTest(user=user.name):
                records = self.as_user(user, "telephony.recording").browse(recording.id)
                self.assertEqual(records.has_access("read"), allowed)

    def test_streaming_checks_the_right_and_notes_the_listener(self):
        """Z03: the sound is streamed with permission only, and every access is recorded."""
        recording = self.leave_message().recording_ids
        url = f"/telephony/recording/{recording.id}"
        self.authenticate(None, None)
        self.assertNotEqual(self.url_open(url, allow_redirects=False).status_code, 200)
        self.authenticate(self.bob.login, self.bob.login)
        self.assertEqual(self.url_open(url).status_code, 404)
        self.authenticate(self.ana.login, self.ana.login)
        answer = self.url_open(url)
        self.assertEqual((answer.status_code, answer.content), (200, SOUND))
        part = self.url_open(url, headers={"Range": "bytes=0-3"})
        self.assertEqual((part.status_code, part.content), (206, SOUND[:4]))
        self.env.invalidate_all()
        self.assertEqual(recording.access_ids.user_id, self.ana)
        self.assertEqual(self.url_open("/telephony/recording/999999").status_code, 404)

    def test_the_attachment_is_not_an_open_door(self):
        """Z03: the file itself is as closed as the recording."""
        recording = self.leave_message().recording_ids
        attachment = self.as_user(self.bob, "ir.attachment").browse(recording.attachment_id.id)
        with self.assertRaises(AccessError):
            attachment.read(["raw"])

    def test_missed_calls_are_told(self):
        """Z03: the agents who should have answered are notified."""
        call, _verbs = self.call_in()
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="2")
        [told] = self.notified(self.ana, "call_missed")
        self.assertEqual(told["uuid"], call.uuid)
