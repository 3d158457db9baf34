"""Conversations: recorded if they may be, kept safely, heard by those who may, deleted for sure."""

import io
import math
import wave
from array import array
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.models.providers.base import CallEvent, ProviderError

from .common import AGENT_LEG, CUSTOMER, ROOM, TelephonyHttpCase, leg_sid

RECORDING = "RE" + "5" * 32
DOWN = {"code": 20500, "unknown": True}


def make_sound(*tones, seconds=1):
    """Return a WAV file with a tone (Hz; 0: silence) in each channel."""
    samples = array("h", (
        round(12000 * math.sin(2 * math.pi * hz * index / 8000))
        for index in range(8000 * seconds) for hz in tones
    ))  # fmt: skip
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((len(tones), 2, 8000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return out.getvalue()


class RecordingCase(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.company_a.telephony_recording_mode = "agent"
        self.startPatcher(patch.object(
            self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: float("inf")
        ))
        self.sound = make_sound(900, 550)
        self.carrier.answers.update(start_recording=RECORDING, fetch_recording=self.sound)

    def wish(self, call, wanted, user=None):
        """Press the button of the recording; return what the softphone is told of it."""
        data = self.as_user(user or self.ana).set_recording(call.uuid, wanted)
        self.run_after_commit()
        return data["recording"]

    def tell_recording(self, call, status="completed", seconds=7, row=None, **params):
        row = row or call.recording_ids[:1]
        response = self.post_webhook("recording", {
            "RecordingSid": RECORDING, "RecordingStatus": status, "CallSid": call.provider_call_id,
            "RecordingDuration": str(seconds), "RecordingSource": "StartCallRecordingAPI",
            "RecordingUrl": "https://example.com/x", **params,
        }, {"call": call.uuid, "recording": row.id})  # fmt: skip
        self.assertEqual(response.status_code, 200)
        self.run_after_commit()

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
        """Let a recording be so many days older, and due."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE telephony_recording SET recorded_at = recorded_at - %s * interval '1 day',"
            " next_try_at = next_try_at - %s * interval '1 day',"
            " write_date = write_date - %s * interval '1 day' WHERE id = %s",
            (days, days, days, recording.id),
        )
        self.env.invalidate_all()

    def run_cron(self, name="fetch"):
        getattr(self.env["telephony.recording"], f"_cron_{name}")()
        self.run_after_commit()

    def sent_states(self):
        return [state for _leg, _sid, state in self.carrier.sent("set_recording_status")]


@tagged("post_install", "-at_install")
class TestRecordingControl(RecordingCase):
    """Starting, pausing, resuming, stopping."""

    def test_agent_decides(self):
        """Z29: nothing is recorded until the phone user wants it; then in two channels."""
        call = self.talk()
        self.assertFalse(call.recording_ids)
        data = self.wish(call, "recording")
        self.assertEqual((data["mode"], data["state"]), ("agent", "starting"))
        [[leg, url]] = self.carrier.sent("start_recording")
        self.assertEqual(leg, call.provider_call_id)
        self.assertIn(f"recording={call.recording_ids.id}", url)
        self.assertEqual(call.recording_ids.state, "recording")
        self.assertEqual(call.recording_ids.provider_recording_id, RECORDING)
        self.assertEqual(self.told(self.ana, "call_updated")[-1]["recording"]["state"], "recording")
        self.assertIn("Ana records the conversation.", call.trace)

    def test_a_second_click_starts_nothing(self):
        call = self.talk()
        self.wish(call, "recording")
        self.wish(call, "recording")
        self.assertEqual(len(self.carrier.sent("start_recording")), 1)
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
        self.carrier.answers["start_recording"] = "RE" + "6" * 32
        self.wish(call, "recording")
        states = call.recording_ids.sorted("id").mapped("state")
        self.assertEqual(states, ["pending", "recording"])

    def test_hold_pauses_and_resumes(self):
        """Z18: what is said while the customer is on hold is not recorded."""
        call = self.talk()
        self.tell_room(call, call.provider_call_id, "participant-join", 1)
        self.wish(call, "recording")
        self.tell_room(call, call.provider_call_id, "participant-hold", 2)
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "paused")
        self.assertTrue(self.told(self.ana, "call_updated")[-1]["recording"]["interrupted"])
        self.tell_room(call, call.provider_call_id, "participant-unhold", 3)
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "recording")
        # Who paused by hand stays paused when the customer comes back.
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
        """Two clicks whose requests are sent late: only what is wanted now is asked for."""
        call = self.talk()
        self.wish(call, "recording")
        self.as_user(self.ana).set_recording(call.uuid, "paused")
        self.as_user(self.ana).set_recording(call.uuid, "recording")
        self.as_user(self.ana).set_recording(call.uuid, "paused")
        self.run_after_commit()
        self.assertEqual(self.sent_states(), ["paused"])

    def test_nobody_is_recorded_while_the_agent_is_away(self):
        """Z20: an agent's page crashes; the customer hears music, and is not recorded."""
        call = self.talk()
        self.wish(call, "recording")
        self.tell_leg(call, AGENT_LEG, "completed")
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "paused")
        self.connect_browser(call, self.agent_ana, leg_sid(51))
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "recording")

    def test_a_pause_that_fails_is_told(self):
        """Whoever reads a card number has to know that it is still recorded."""
        call = self.talk()
        self.wish(call, "recording")
        self.carrier.failures["set_recording_status"] = [ProviderError("x", **DOWN)] * 3
        with self.assert_log("models.telephony_recording_live", "WARNING", "did not change"):
            self.wish(call, "paused")
        self.assertEqual(len(self.sent_states()), 3)
        data = self.told(self.ana, "call_updated")[-1]["recording"]
        self.assertEqual(data["state"], "recording")
        self.assertIn("still going on", data["problem"])
        # The job goes on trying.
        self.pass_days(call.recording_ids, 1)
        self.run_cron()
        self.assertEqual(call.recording_ids.state, "paused")
        self.assertFalse(call.recording_ids.problem)

    def test_a_lost_answer_starts_no_second_recording(self):
        call = self.talk()
        self.carrier.failures["start_recording"] = [ProviderError("x", **DOWN)]
        self.carrier.answers["find_recording"] = RECORDING
        self.wish(call, "recording")
        self.assertEqual(call.recording_ids.state, "recording")
        self.assertEqual(len(self.carrier.sent("start_recording")), 1)

    def test_a_start_that_fails_is_told_and_can_be_tried_again(self):
        call = self.talk()
        self.carrier.failures["start_recording"] = [ProviderError("x", code=20003)]
        with self.assert_log("models.telephony_recording_live", "WARNING", "was not started"):
            self.wish(call, "recording")
        data = self.told(self.ana, "call_updated")[-1]["recording"]
        self.assertEqual(data["state"], "off")
        self.assertTrue(data["problem"])
        self.wish(call, "recording")
        self.assertEqual(call._get_live_recording().state, "recording")

    def test_the_callback_may_be_faster_than_the_answer(self):
        call = self.talk()
        self.as_user(self.ana).set_recording(call.uuid, "recording")
        self.queued_requests.clear()
        self.tell_recording(call, "in-progress")
        self.assertEqual(call.recording_ids.state, "recording")
        call.recording_ids._process_started(RECORDING)
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


@tagged("post_install", "-at_install")
class TestRecordingRules(RecordingCase):
    """Which conversations are recorded."""

    def test_matrix_of_modes(self):
        """Z29: the number's mode counts, else the company's."""
        for company in ("off", "agent", "always"):
            for number in (False, "off", "agent", "always"):
                self.company_a.telephony_recording_mode = company
                self.number.recording_mode = number
                call = self.dial()
                with self.subTest(company=company, number=number):
                    self.assertEqual(call._get_recording_mode(), number or company)
                self.as_user(self.ana).hang_up(call.uuid)

    def test_off(self):
        self.number.recording_mode = "off"
        call = self.talk()
        with self.assertRaisesRegex(UserError, "switched off"):
            self.as_user(self.ana).set_recording(call.uuid, "recording")
        self.assertEqual(call._get_recording_data()["mode"], "off")

    def test_always(self):
        """Z29: recorded from the first word; the phone user may pause, and not stop."""
        self.number.recording_mode = "always"
        call = self.talk()
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "recording")
        with self.assertRaisesRegex(UserError, "Every call"):
            self.as_user(self.ana).set_recording(call.uuid, "stopped")
        self.wish(call, "paused")
        self.assertEqual(call.recording_ids.state, "paused")

    def test_always_outgoing(self):
        """Z16: an outgoing call is recorded once the customer has answered."""
        self.company_a.telephony_recording_mode = "always"
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        leg = self.customer(call)
        self.tell_leg(call, leg.provider_leg_id, "ringing", 1)
        self.assertFalse(call.recording_ids)
        self.tell_leg(call, leg.provider_leg_id, "in-progress", 2)
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "recording")
        self.assertEqual(self.carrier.sent("start_recording")[0][0], leg.provider_leg_id)

    def test_voicemail_after_a_recorded_conversation(self):
        """The agent does not come back: the recording ends, the message is another one."""
        self.ring.not_available_step_id = self.env["telephony.flow.step"].create({
            "flow_id": self.flow.id, "sequence": 9, "name": "Box", "kind": "voicemail",
            "agent_ids": [Command.set(self.agent_ana.ids)],
        })  # fmt: skip
        call = self.talk()
        self.wish(call, "recording")
        self.tell_leg(call, AGENT_LEG, "completed")
        self.run_after_commit()
        self.let_time_pass(60)
        verbs = self.step(call)
        self.run_after_commit()
        self.assertEqual(self.names(verbs)[-2:], ["Record", "Hangup"])
        self.assertEqual(self.sent_states(), ["paused", "stopped"])
        row = call.recording_ids
        self.tell_recording(call, row=row)
        self.tell_recording(call, row=self.env["telephony.recording"], RecordingSid="RE" + "7" * 32,
                            RecordingSource="RecordVerb")  # fmt: skip
        self.assertEqual(
            sorted(call.recording_ids.mapped("kind")), ["conversation", "voicemail"]
        )
        self.assertEqual(set(call.recording_ids.mapped("state")), {"stored"})

    def tag(self, partner):
        partner.category_id = self.env.ref("crm_telephony.partner_category_do_not_record")

    def test_do_not_record(self):
        """The tag wins over everything: on the contact, and on its company."""
        self.company_a.telephony_recording_mode = "always"
        company = self.env["res.partner"].create({"name": "Shy", "is_company": True})
        for partner in (self.partner, company):
            self.partner.parent_id = company
            (self.partner | company).category_id = False
            self.tag(partner)
            with self.subTest(partner.name):
                call = self.dial()
                self.assertEqual(
                    call._get_recording_data()["reason"], "This contact must not be recorded."
                )
                call._apply_event(self.answered())
                self.assertFalse(call.recording_ids)
                self.assertIn("must not be recorded", call.trace)
                self.number.recording_mode = "agent"
                with self.assertRaisesRegex(UserError, "must not be recorded"):
                    self.as_user(self.ana).set_recording(call.uuid, "recording")
                self.number.recording_mode = False
                self.as_user(self.ana).hang_up(call.uuid)
        self.run_after_commit()
        self.assertFalse(self.carrier.sent("start_recording"))

    def answered(self):
        return CallEvent("joined", at=fields.Datetime.now())

    def test_do_not_record_that_is_learnt_later(self):
        """The caller turns out to be somebody who must not be recorded: it ends, nothing stays."""
        self.partner.phone = False
        call = self.talk()
        self.wish(call, "recording")
        self.tag(self.partner)
        self.as_user(self.ana).link_record(call.uuid, "res.partner", self.partner.id)
        self.run_after_commit()
        self.assertEqual(self.sent_states(), ["stopped"])
        self.tell_recording(call)
        self.assertEqual(call.recording_ids.state, "failed")
        self.assertIn("must not be recorded", call.recording_ids.problem)
        self.assertFalse(self.carrier.sent("fetch_recording"))
        self.assertEqual(self.carrier.sent("delete_recording"), [[RECORDING]])

    def test_the_tag_cannot_be_deleted(self):
        tag = self.env.ref("crm_telephony.partner_category_do_not_record")
        with self.assertRaises(UserError):
            tag.unlink()
        tag.active = False
        self.tag(self.partner)
        self.assertTrue(self.partner._telephony_must_not_be_recorded())

    def test_emergency_numbers_are_never_recorded(self):
        self.company_a.telephony_recording_mode = "always"
        call = self.dial()
        for number in ("112", "+112", "101"):
            call.customer_number = number
            with self.subTest(number):
                self.assertIn("emergency", call._get_recording_ban())
        call.customer_number = CUSTOMER
        self.assertFalse(call._get_recording_ban())

    def test_nowhere_to_keep_it(self):
        """Z29: without room, or without the account, the switch stays off and says why."""
        call = self.talk()
        with patch("os.access", return_value=False):
            self.assertIn("no room", call._get_recording_data()["reason"])
            with self.assertRaisesRegex(UserError, "no room"):
                self.as_user(self.ana).set_recording(call.uuid, "recording")
        self.account.state = "draft"
        with self.assertRaisesRegex(UserError, "not connected"):
            self.as_user(self.ana).set_recording(call.uuid, "recording")
        settings = self.env["res.config.settings"].with_company(self.company_a).new({
            "company_id": self.company_a.id, "telephony_recording_mode": "always",
        })  # fmt: skip
        warning = settings._onchange_telephony_recording_mode()
        self.assertIn("not connected", warning["warning"]["message"])
        self.assertEqual(settings.telephony_recording_mode, "off")

    # === ANNOUNCEMENT === #

    def test_callers_are_told_before_they_are_connected(self):
        """Z29: in the language of the flow, once."""
        self.number.recording_mode = "always"
        self.company_a.telephony_announce_incoming = True
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).accept(call.uuid)
        self.connect_browser(call, self.agent_ana)
        say, dial = self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        self.assertEqual((say.tag, say.text, dial.tag), ("Say", "This call is recorded.", "Dial"))
        self.assertTrue(call._get_recording_data()["announcing"])
        self.tell_room(call, call.provider_call_id, "participant-join", 1)
        self.assertFalse(self.told(self.ana, "call_updated")[-1]["recording"]["announcing"])
        self.run_after_commit()
        self.assertFalse(self.carrier.sent("announce"))
        # The carrier asks again: nobody hears it twice.
        verbs = self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        self.assertEqual(self.names(verbs), ["Dial"])

    def test_no_announcement_for_who_is_not_recorded(self):
        self.company_a.write({
            "telephony_announce_incoming": True, "telephony_recording_mode": "always",
        })  # fmt: skip
        self.tag(self.partner)
        call = self.talk()
        self.assertFalse(call.recording_announced_at)

    def test_those_who_are_called_are_told_in_the_conversation(self):
        """Z29: the carrier plays it to both, as soon as the customer is there."""
        self.company_a.write({
            "telephony_recording_mode": "always", "telephony_announce_outgoing": True,
            "telephony_announcement": "We record.",
        })  # fmt: skip
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        leg = self.customer(call)
        self.tell_room(call, AGENT_LEG, "participant-join", 1)
        self.tell_leg(call, leg.provider_leg_id, "in-progress", 2)
        self.run_after_commit()
        self.assertFalse(self.carrier.sent("announce"))
        self.tell_room(call, leg.provider_leg_id, "participant-join", 2)
        self.tell_room(call, leg.provider_leg_id, "participant-join", 3)
        self.run_after_commit()
        [[room, url]] = self.carrier.sent("announce")
        self.assertEqual(room, ROOM)
        [say] = self.ask(url, {"CallSid": leg.provider_leg_id})
        self.assertEqual(say.text, "We record.")

    def test_it_is_announced_when_the_agent_starts(self):
        self.company_a.telephony_announce_incoming = True
        call = self.talk()
        self.tell_room(call, call.provider_call_id, "participant-join", 1)
        self.wish(call, "recording")
        self.assertEqual(len(self.carrier.sent("announce")), 1)

    # === REPORTS THAT COME TWICE, LATE OR NEVER === #

    def test_repeated_and_late_reports(self):
        call = self.talk()
        self.wish(call, "recording")
        row = call.recording_ids
        self.tell_recording(call, "in-progress")
        self.hang_up(call)
        self.tell_recording(call)
        self.tell_recording(call)
        self.tell_recording(call, "in-progress")
        self.assertEqual(call.recording_ids, row)
        self.assertEqual((row.state, row.duration, row.channels), ("stored", 7, 2))
        self.assertEqual(len(self.carrier.sent("fetch_recording")), 1)

    def test_a_report_that_never_comes(self):
        """The job finds what nobody told: a known recording, and an unknown one."""
        for known in (True, False):
            with self.subTest(known=known):
                self.carrier.answers["start_recording"] = "RE" + str(int(known)) * 32
                self.carrier.answers["find_recording"] = "RE" + "9" * 32
                call = self.talk(user=self.ana) if known else self.dial()
                if not known:
                    call._apply_event(self.answered())
                self.as_user(self.ana).set_recording(call.uuid, "recording")
                if not known:
                    self.queued_requests.clear()
                self.run_after_commit()
                self.as_user(self.ana).hang_up(call.uuid)
                self.pass_days(call.recording_ids, 1)
                self.run_cron()
                self.assertEqual(call.recording_ids.state, "stored")
                self.assertEqual(call.recording_ids.duration, 1)

    def test_nothing_was_recorded(self):
        for status, seconds in (("absent", 0), ("completed", 0), ("failed", 3)):
            with self.subTest(status):
                call = self.dial()
                call._apply_event(self.answered())
                self.carrier.answers["start_recording"] = "RE" + f"{call.id:032x}"
                self.wish(call, "recording")
                self.customer(call).provider_leg_id = leg_sid(call.id + 5000)
                call.provider_call_id = leg_sid(call.id + 5000)
                self.hang_up(call)
                self.tell_recording(
                    call, status, seconds, RecordingSid=self.carrier.answers["start_recording"]
                )
                self.assertEqual(call.recording_ids.state, "failed")
                self.assertEqual(call.recording_ids.problem, "Nothing was recorded.")
                self.assertTrue(call.recording_ids.deleted_at_provider)
                self.tell_recording(
                    call, "in-progress", RecordingSid=self.carrier.answers["start_recording"]
                )
                self.assertEqual(call.recording_ids.state, "failed", "a late report")
        self.assertFalse(self.carrier.sent("fetch_recording"))

    def test_silence_is_said(self):
        self.carrier.answers["fetch_recording"] = make_sound(0, 0)
        recording = self.record()
        self.assertEqual(recording.state, "stored")
        self.assertEqual(recording.problem, "Nothing can be heard in it.")


@tagged("post_install", "-at_install")
class TestRecordingLife(RecordingCase):
    """After the call: stored, heard, deleted."""

    def test_stored_and_deleted_at_the_carrier(self):
        recording = self.record()
        self.assertEqual(recording.attachment_id.raw, self.sound)
        self.assertEqual((recording.channels, recording.duration), (2, 7))
        self.assertEqual([len(peaks) for peaks in recording.peaks], [160, 160])
        self.assertTrue(recording.deleted_at_provider)
        self.assertEqual(self.carrier.sent("fetch_recording"), [[RECORDING, 2]])
        self.assertEqual(self.carrier.sent("delete_recording"), [[RECORDING]])

    def test_line_in_the_chatter(self):
        """Z30: the call's line leads to the player; it goes with the sound."""
        recording = self.record()
        message = recording.call_id.message_id
        self.assertIn(f'data-oe-id="{recording.id}"', message.body)
        self.assertIn("Play the recording", message.body)
        self.assertFalse(message.attachment_ids)
        self.as_user(self.max, "telephony.recording").browse(recording.id).action_delete_sound()
        self.assertNotIn("Play the recording", message.body)

    def test_kept_at_the_carrier_if_the_company_wants(self):
        self.company_a.telephony_delete_at_carrier = False
        recording = self.record()
        self.assertEqual(recording.state, "stored")
        self.pass_days(recording, 1)
        self.run_cron()
        self.assertFalse(self.carrier.sent("delete_recording"))

    def test_a_download_that_fails_is_repeated_and_never_lost(self):
        self.carrier.failures["fetch_recording"] = [ProviderError("x", **DOWN) for _try in range(3)]
        recording = self.record()
        self.assertEqual((recording.state, recording.tries), ("pending", 1))
        self.assertEqual(recording.problem, "Twilio did not answer.")
        self.run_cron()
        self.assertEqual(recording.tries, 1, "it is too early to try again")
        for _day in range(3):
            self.pass_days(recording, 20)
            self.run_cron()
        self.assertEqual((recording.state, recording.tries), ("stored", 0))
        self.assertFalse(recording.problem)

    def test_what_the_carrier_lost_is_given_up(self):
        self.carrier.failures["fetch_recording"] = [
            ProviderError("x", code=404, gone=True) for _try in range(2)
        ]
        recording = self.record()
        self.assertEqual(recording.state, "pending")
        self.pass_days(recording, 2)
        self.run_cron()
        self.assertEqual(recording.state, "failed")
        self.assertIn("does not have it", recording.problem)

    def test_a_file_that_cannot_be_written_deletes_nothing(self):
        """Odoo only logs a full disk: the carrier's copy goes when ours can be read back."""
        store = self.registry["ir.attachment"]
        with patch.object(store, "_file_read", return_value=b""), \
                self.assert_log("models.telephony_recording_keep", "ERROR", "not be stored"):
            recording = self.record()
        self.assertEqual(recording.state, "pending")
        self.assertIn("cannot be stored", recording.problem)
        self.assertFalse(self.carrier.sent("delete_recording"))

    def test_retention(self):
        """Older ones are deleted on both sides, and the line proves it."""
        self.company_a.telephony_recording_days = 30
        self.company_a.telephony_delete_at_carrier = False
        recording = self.record()
        attachment = recording.attachment_id
        self.assertSeconds(recording.keep_until, 30 * 86400, 60)
        self.pass_days(recording, 29)
        self.run_cron("delete")
        self.assertEqual(recording.state, "stored")
        self.pass_days(recording, 2)
        self.carrier.failures["delete_recording"] = [ProviderError("x", code=20500)]
        with self.assert_log("models.telephony_recording_keep", "WARNING", "was not deleted"):
            self.run_cron("delete")
        self.assertEqual((recording.state, recording.url), ("deleted", False))
        self.assertFalse(attachment.exists())
        self.assertTrue(recording.deleted_at)
        self.assertFalse(recording.deleted_at_provider)
        self.assertIn("has not deleted its copy", recording.problem)
        undeleted = self.env["telephony.recording"].search([("is_undeleted", "in", [True])])
        self.assertIn(recording, undeleted)
        # It is repeated; that Twilio does not know it any more is a proof, too.
        self.carrier.failures["delete_recording"] = [ProviderError("x", code=20404, gone=True)]
        self.pass_days(recording, 1)
        self.run_cron()
        self.assertTrue(recording.deleted_at_provider)
        self.assertFalse(recording.problem)
        self.assertFalse(self.env["telephony.recording"].search([("is_undeleted", "in", [True])])
                         & recording)

    def test_retention_of_the_other_company(self):
        self.company_b.telephony_recording_days = 1
        recording = self.record()
        self.pass_days(recording, 400)
        self.run_cron("delete")
        self.assertEqual(recording.state, "stored")

    def test_legal_hold(self):
        """A supervisor keeps evidence: neither the retention nor anybody deletes it."""
        self.company_a.telephony_recording_days = 30
        recording = self.record()
        with self.assertRaises(AccessError):
            self.as_user(self.ana, "telephony.recording").browse(recording.id).action_hold()
        self.as_user(self.sue, "telephony.recording").browse(recording.id).action_hold()
        self.assertEqual(recording.legal_hold_by_id, self.sue)
        self.assertFalse(recording.keep_until)
        self.pass_days(recording, 100)
        self.run_cron("delete")
        self.assertEqual(recording.state, "stored")
        mine = self.as_user(self.max, "telephony.recording").browse(recording.id)
        with self.assertRaises(UserError):
            mine.action_delete_sound()
        with self.assertRaises(UserError):
            mine.unlink()
        with self.assertRaises(UserError):
            self.as_user(self.max).browse(recording.call_id.id).unlink()
        mine.action_release()
        self.run_cron("delete")
        self.assertEqual(recording.state, "deleted")

    def test_deleting_by_hand(self):
        recording = self.record()
        for user in (self.ana, self.sue, self.bob, self.eva):
            records = self.as_user(user, "telephony.recording").browse(recording.id)
            with self.subTest(user.name), self.assertRaises(AccessError):
                records.action_delete_sound()
        attachment = recording.attachment_id
        self.as_user(self.max, "telephony.recording").browse(recording.id).action_delete_sound()
        self.assertEqual((recording.state, recording.deleted_by_id), ("deleted", self.max))
        self.assertFalse(attachment.exists())

    def test_deleting_a_call_deletes_the_sound(self):
        recording = self.record()
        attachment = recording.attachment_id
        self.as_user(self.max).browse(recording.call_id.id).unlink()
        self.assertFalse(recording.exists())
        self.assertFalse(attachment.exists())

    def test_a_call_whose_recording_is_at_twilio_is_kept(self):
        self.company_a.telephony_delete_at_carrier = False
        recording = self.record()
        with self.assertRaisesRegex(UserError, "still at Twilio"):
            self.as_user(self.max).browse(recording.call_id.id).unlink()

    # === WHO HEARS IT === #

    def test_every_role_tries_every_address(self):
        """Z30: the phone user of the call, supervisors and administrators of its company."""
        recording = self.record()
        sound = recording.attachment_id
        self.assertEqual(sound.res_field, "attachment_id")
        for user, allowed in (
            (self.ana, True), (self.sue, True), (self.max, True), (self.bob, False),
            (self.cleo, False), (self.ian, False), (self.pia, False), (self.eva, False),
        ):  # fmt: skip
            self.authenticate(user.login, user.login)
            with self.subTest(user=user.name):
                answer = self.url_open(f"/telephony/recording/{recording.id}")
                self.assertEqual(answer.status_code, 200 if allowed else 404)
                # Nobody reaches the file itself, past the log.
                for path in (
                    f"/web/content/{sound.id}", f"/web/content/ir.attachment/{sound.id}/raw",
                    f"/web/content/ir.attachment/{sound.id}/datas?download=1",
                    f"/web/content/telephony.recording/{recording.id}/attachment_id",
                    f"/web/image/{sound.id}",
                ):  # fmt: skip
                    answer = self.url_open(path, allow_redirects=False)
                    self.assertNotIn(self.sound[44:80], answer.content, path)
                    self.assertNotEqual(answer.content, self.sound, path)
                with self.assertRaises(AccessError):
                    self.as_user(user, "ir.attachment").browse(sound.id).read(["raw", "datas"])
        self.authenticate(None, None)
        for path in (f"/telephony/recording/{recording.id}", f"/web/content/{sound.id}"):
            answer = self.url_open(path, allow_redirects=False)
            self.assertNotIn(self.sound[44:80], answer.content)
        self.env.invalidate_all()
        self.assertEqual(recording.listening_ids.user_id, self.ana | self.sue | self.max)

    def test_parts_and_log(self):
        """A player asks for many parts: one listening. Another day it is another one."""
        recording = self.record()
        self.authenticate(self.sue.login, self.sue.login)
        url = f"/telephony/recording/{recording.id}"
        for start, end in ((0, 99), (100, 199), (0, 9)):
            part = self.url_open(url, headers={"Range": f"bytes={start}-{end}"})
            self.assertEqual((part.status_code, part.content),
                             (206, self.sound[start:end + 1]))
            self.assertIn(f"bytes {start}-{end}/", part.headers["Content-Range"])
        self.env.invalidate_all()
        self.assertEqual(len(recording.listening_ids), 1)
        self.env.cr.execute(
            "UPDATE telephony_recording_listening SET last_part_at = now() - interval '1 day'"
        )
        self.url_open(url)
        self.env.invalidate_all()
        self.assertEqual(recording.listening_ids.user_id, self.sue)
        self.assertEqual(len(recording.listening_ids), 2)

    def test_who_sees_who_listened(self):
        recording = self.record()
        recording.listening_ids._note(recording, self.sue)
        for user, seen in ((self.ana, 1), (self.sue, 1), (self.max, 1), (self.bob, 0),
                           (self.eva, 0)):
            with self.subTest(user.name):
                found = self.as_user(user, "telephony.recording.listening").search([])
                self.assertEqual(len(found & recording.listening_ids), seen)

    def test_other_company(self):
        recording = self.record()
        records = self.as_user(self.eva, "telephony.recording")
        self.assertFalse(records.search([("id", "=", recording.id)]))
        for method in ("action_hold", "action_release", "action_delete_sound",
                       "_open_for_listening"):  # fmt: skip
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(records.browse(recording.id), method)()

    def test_nobody_writes(self):
        recording = self.record()
        for user in (self.ana, self.sue, self.max):
            records = self.as_user(user, "telephony.recording").browse(recording.id)
            for name, value in (("legal_hold", True), ("state", "deleted"), ("note", "x"),
                                ("deleted_at_provider", fields.Datetime.now())):
                with self.subTest(user=user.name, field=name), self.assertRaises(AccessError):
                    records.write({name: value})
