"""Rules of recording: modes, forbidden contacts, announcements, reports in any order."""

from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import CallEvent

from ..common import AGENT_LEG, CUSTOMER, ROOM, leg_sid
from .test_recording import RECORDING, RecordingCase, make_sound


@tagged("post_install", "-at_install")
class TestRecordingRules(RecordingCase):
    """Conversations that are recorded, and those that are not."""

    def test_matrix_of_modes(self):
        """Z29: the number's mode counts, else the company's."""
        for company in ("off", "agent", "always"):
            for number in (False, "off", "agent", "always"):
                self.company_a.telephony_recording_mode = company
                self.number.recording_mode = number
                call = self.dial()
                with self.subTest(company=company, number=number):
                    self.assertEqual(call._get_recording_mode(), number or company)
                    # The softphone shows the button before it has the call.
                    [data] = self.number._to_client()
                    self.assertEqual(data["recording_mode"], number or company)
                self.as_user(self.ana).hang_up(call.uuid)

    def test_off(self):
        self.number.recording_mode = "off"
        call = self.talk()
        with self.assertRaisesRegex(UserError, "is disabled"):
            self.as_user(self.ana).set_recording(call.uuid, "recording")
        self.assertEqual(call._get_recording_data()["mode"], "off")

    def test_always(self):
        """Z29: recorded from the first word; the agent may pause, but not stop."""
        self.number.recording_mode = "always"
        call = self.talk()
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "recording")
        with self.assertRaisesRegex(UserError, "must be recorded"):
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
        self.assertEqual(self.provider.sent("start_recording")[0][0], leg.provider_leg_id)

    def test_voicemail_after_a_recorded_conversation(self):
        """The conversation's recording ends, and the voicemail is a separate one."""
        self.ring.not_available_step_id = self.env["telephony.flow.step"].create(
            {
                "flow_id": self.flow.id,
                "sequence": 9,
                "name": "Box",
                "kind": "voicemail",
                "agent_ids": [Command.set(self.agent_ana.ids)],
            }
        )
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
        self.tell_recording(
            call,
            row=self.env["telephony.recording"],
            RecordingSid="RE" + "7" * 32,
            RecordingSource="RecordVerb",
        )
        self.assertEqual(sorted(call.recording_ids.mapped("kind")), ["conversation", "voicemail"])
        self.assertEqual(set(call.recording_ids.mapped("state")), {"stored"})

    def tag(self, partner):
        partner.category_id = self.env.ref("crm_telephony.partner_category_do_not_record")

    def test_do_not_record(self):
        """The tag takes precedence, on the contact and on its company."""
        self.company_a.telephony_recording_mode = "always"
        company = self.env["res.partner"].create({"name": "Shy", "is_company": True})
        for partner in (self.partner, company):
            self.partner.parent_id = company
            (self.partner | company).category_id = False
            self.tag(partner)
            with self.subTest(partner.name):
                call = self.dial()
                self.assertEqual(
                    call._get_recording_data()["reason"],
                    "Calls with this contact must not be recorded.",
                )
                call._apply_event(self.answered())
                self.assertFalse(call.recording_ids)
                self.assertIn("must not be recorded", call.timeline)
                self.number.recording_mode = "agent"
                with self.assertRaisesRegex(UserError, "must not be recorded"):
                    self.as_user(self.ana).set_recording(call.uuid, "recording")
                self.number.recording_mode = False
                self.as_user(self.ana).hang_up(call.uuid)
        self.run_after_commit()
        self.assertFalse(self.provider.sent("start_recording"))

    def answered(self):
        return CallEvent("joined", at=fields.Datetime.now())

    def test_do_not_record_that_is_learnt_later(self):
        """A caller identified late as not to be recorded: the recording ends and is deleted."""
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
        self.assertFalse(self.provider.sent("fetch_recording"))
        self.assertEqual(self.provider.sent("delete_recording"), [[RECORDING]])

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
        """Z29: without storage or account, the switch stays off and gives the reason."""
        call = self.talk()
        with patch("os.access", return_value=False):
            self.assertIn("no disk space left", call._get_recording_data()["reason"])
            with self.assertRaisesRegex(UserError, "no disk space left"):
                self.as_user(self.ana).set_recording(call.uuid, "recording")
        self.account.state = "draft"
        with self.assertRaisesRegex(UserError, "not connected"):
            self.as_user(self.ana).set_recording(call.uuid, "recording")
        settings = (
            self.env["res.config.settings"]
            .with_company(self.company_a)
            .new(
                {
                    "company_id": self.company_a.id,
                    "telephony_recording_mode": "always",
                }
            )
        )
        warning = settings._onchange_telephony_recording_mode()
        self.assertIn("not connected", warning["warning"]["message"])
        self.assertEqual(settings.telephony_recording_mode, "off")

    # === ANNOUNCEMENT === #

    def test_callers_are_told_before_they_are_connected(self):
        """Z29: callers hear the announcement once, in the language of the flow."""
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
        self.assertFalse(self.notified(self.ana, "call_updated")[-1]["recording"]["announcing"])
        self.run_after_commit()
        self.assertFalse(self.provider.sent("announce"))
        # The provider repeats its request: the announcement is not repeated.
        verbs = self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        self.assertEqual(self.names(verbs), ["Dial"])

    def test_no_announcement_for_who_is_not_recorded(self):
        self.company_a.write(
            {
                "telephony_announce_incoming": True,
                "telephony_recording_mode": "always",
            }
        )
        self.tag(self.partner)
        call = self.talk()
        self.assertFalse(call.recording_announced_at)

    def test_those_who_are_called_are_told_in_the_conversation(self):
        """Z29: on outgoing calls both hear the announcement as soon as the customer answers."""
        self.company_a.write(
            {
                "telephony_recording_mode": "always",
                "telephony_announce_outgoing": True,
            }
        )
        self.env["telephony.sentence"].create(
            {
                "company_id": self.company_a.id,
                "lang": "en_US",
                "code": "recorded",
                "place": "recording",
                "text": "We record.",
            }
        )
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        leg = self.customer(call)
        self.tell_room(call, AGENT_LEG, "participant-join", 1)
        self.tell_leg(call, leg.provider_leg_id, "in-progress", 2)
        self.run_after_commit()
        self.assertFalse(self.provider.sent("announce"))
        self.tell_room(call, leg.provider_leg_id, "participant-join", 2)
        self.tell_room(call, leg.provider_leg_id, "participant-join", 3)
        self.run_after_commit()
        [[room, url]] = self.provider.sent("announce")
        self.assertEqual(room, ROOM)
        [say] = self.ask(url, {"CallSid": leg.provider_leg_id})
        self.assertEqual(say.text, "We record.")

    def test_it_is_announced_when_the_agent_starts(self):
        self.company_a.telephony_announce_incoming = True
        call = self.talk()
        self.tell_room(call, call.provider_call_id, "participant-join", 1)
        self.wish(call, "recording")
        self.assertEqual(len(self.provider.sent("announce")), 1)

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
        self.assertEqual(len(self.provider.sent("fetch_recording")), 1)

    def test_a_report_that_never_comes(self):
        """The job finds a known and an unknown recording whose reports were lost."""
        for known in (True, False):
            with self.subTest(known=known):
                self.provider.answers["start_recording"] = "RE" + str(int(known)) * 32
                self.provider.answers["find_recording"] = "RE" + "9" * 32
                call = self.talk(user=self.ana) if known else self.dial()
                if not known:
                    call._apply_event(self.answered())
                self.as_user(self.ana).set_recording(call.uuid, "recording")
                if not known:
                    self.queued_requests.clear()
                self.run_after_commit()
                self.as_user(self.ana).hang_up(call.uuid)
                self.pass_days(call.recording_ids, 1)
                self.run_cron()  # finds it
                self.run_cron()  # fetches it
                self.assertEqual(call.recording_ids.state, "stored")
                self.assertEqual(call.recording_ids.duration, 1)

    def test_nothing_was_recorded(self):
        for status, seconds in (("absent", 0), ("completed", 0), ("failed", 3)):
            with self.subTest(status):
                call = self.dial()
                call._apply_event(self.answered())
                self.provider.answers["start_recording"] = "RE" + f"{call.id:032x}"
                self.wish(call, "recording")
                self.customer(call).provider_leg_id = leg_sid(call.id + 5000)
                call.provider_call_id = leg_sid(call.id + 5000)
                self.hang_up(call)
                self.tell_recording(
                    call, status, seconds, RecordingSid=self.provider.answers["start_recording"]
                )
                self.assertEqual(call.recording_ids.state, "failed")
                self.assertEqual(call.recording_ids.problem, "Nothing was recorded.")
                self.assertTrue(call.recording_ids.deleted_at_provider)
                self.tell_recording(
                    call, "in-progress", RecordingSid=self.provider.answers["start_recording"]
                )
                self.assertEqual(call.recording_ids.state, "failed", "a late report")
        self.assertFalse(self.provider.sent("fetch_recording"))

    def test_silence_is_said(self):
        self.provider.answers["fetch_recording"] = make_sound(0, 0)
        recording = self.record()
        self.assertEqual(recording.state, "stored")
        self.assertEqual(recording.problem, "The recording is silent.")
