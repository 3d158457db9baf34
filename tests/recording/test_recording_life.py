"""The life of a recording: stored safely, heard with permission only, deleted for certain."""

import io
import os
import tracemalloc
from unittest.mock import patch

from psycopg2.errors import ForeignKeyViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_telephony.models.recording import (
    telephony_recording_archive as telephony_recording_keep,
)
from odoo.addons.crm_telephony.models.recording.ir_attachment import FOLDER
from odoo.addons.crm_telephony.providers.base import ProviderError
from odoo.addons.crm_telephony.tools.wav import Loop

from .test_recording import RECORDING, RecordingCase, make_sound


@tagged("post_install", "-at_install")
class TestRecordingLife(RecordingCase):
    """After the call: stored, heard and deleted."""

    def test_stored_and_deleted_at_the_provider(self):
        recording = self.record()
        self.assertEqual(recording.attachment_id.raw, self.sound)
        self.assertEqual((recording.channels, recording.duration), (2, 7))
        self.assertEqual([len(peaks) for peaks in recording.peaks], [160, 160])
        self.assertTrue(recording.deleted_at_provider)
        self.assertEqual(self.provider.sent("fetch_recording"), [[RECORDING, 2]])
        self.assertEqual(self.provider.sent("delete_recording"), [[RECORDING]])

    def test_line_in_the_chatter(self):
        """Z30: the call's line links to the player; the link disappears with the recording."""
        recording = self.record()
        message = recording.call_id.message_id
        self.assertIn(f'data-oe-id="{recording.id}"', message.body)
        self.assertIn("Play the recording", message.body)
        self.assertFalse(message.attachment_ids)
        self.as_user(self.max, "telephony.recording").browse(recording.id).action_delete_sound()
        self.assertNotIn("Play the recording", message.body)

    def test_kept_at_the_provider_if_the_company_wants(self):
        self.company_a.telephony_delete_at_provider = False
        recording = self.record()
        self.assertEqual(recording.state, "stored")
        self.pass_days(recording, 1)
        self.run_cron()
        self.assertFalse(self.provider.sent("delete_recording"))

    def test_a_download_that_fails_is_repeated_and_never_lost(self):
        self.provider.failures["fetch_recording"] = [
            ProviderError("x", "unknown") for _try in range(3)
        ]
        recording = self.record()
        self.assertEqual((recording.state, recording.tries), ("pending", 1))
        self.assertEqual(recording.problem, "Twilio did not respond.")
        self.run_cron()
        self.assertEqual(recording.tries, 1, "it is too early to try again")
        for _day in range(3):
            self.pass_days(recording, 20)
            self.run_cron()
        self.assertEqual((recording.state, recording.tries), ("stored", 0))
        self.assertFalse(recording.problem)

    def test_what_the_provider_lost_is_given_up(self):
        self.provider.failures["fetch_recording"] = [
            ProviderError("x", "not_found") for _try in range(2)
        ]
        recording = self.record()
        self.assertEqual(recording.state, "pending")
        self.pass_days(recording, 2)
        self.run_cron()
        self.assertEqual(recording.state, "failed")
        self.assertIn("no longer exists at Twilio", recording.problem)

    def test_a_file_that_cannot_be_written_deletes_nothing(self):
        """Odoo only logs a full disk: the provider's copy is deleted after ours was read back."""
        store = self.registry["ir.attachment"]
        self.provider.answers["fetch_recording"] = make_sound(321, 123)
        with (
            patch.object(store, "_file_write", return_value="x"),
            self.assert_log(
                "models.recording.telephony_recording_archive", "ERROR", "not be stored"
            ),
        ):
            recording = self.record()
        self.assertEqual(recording.state, "pending")
        self.assertIn("cannot be stored", recording.problem)
        self.assertFalse(self.provider.sent("delete_recording"))

    def test_report_wakes_the_job(self):
        """Recordings are fetched by the job, not by the webhook."""
        call = self.talk()
        self.wish(call, "recording")
        self.hang_up(call)
        job = self.env.ref("crm_telephony.ir_cron_fetch_recordings")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", job.id)])
        with patch.object(type(self), "run_cron"):
            self.tell_recording(call)
        self.assertFalse(self.provider.sent("fetch_recording"))
        woken = self.env["ir.cron.trigger"].search([("cron_id", "=", job.id)]) - triggers
        self.assertEqual(len(woken), 1)
        self.assertSeconds(woken.call_at, 0)

    def make_pending(self, count):
        """Return recordings that wait for their download, as after an outage of hours."""
        call = self.talk()
        return self.env["telephony.recording"].create(
            [
                {
                    "call_id": call.id,
                    "account_id": call.account_id.id,
                    "kind": "conversation",
                    "recorded_at": fields.Datetime.now(),
                    "provider_recording_id": f"RE{index:032x}",
                    "next_try_at": fields.Datetime.subtract(fields.Datetime.now(), minutes=index),
                }
                for index in range(count)
            ]
        )

    def test_after_an_outage_everything_is_fetched_by_one_run(self):
        """One run fetches everything; thousands took days when it was 20 every five minutes."""
        recordings = self.make_pending(60)
        self.provider.failures["fetch_recording"] = [ProviderError("x", "not_found"), None]
        self.run_cron()
        states = recordings.sorted("next_try_at").mapped("state")
        self.assertEqual(sorted(states), ["pending"] + ["stored"] * 59)
        # The oldest one came first, and its failure stopped none of the others.
        self.assertEqual(recordings[-1].state, "pending")

    def test_provider_that_is_gone_costs_no_try(self):
        """A recording not requested from an unreachable provider has not failed."""
        recordings = self.make_pending(3)
        self.provider.failures["fetch_recording"] = [
            ProviderError("x", "paused") for _each in recordings
        ]
        self.run_cron()
        self.assertEqual(set(recordings.mapped("tries")), {0})
        self.assertGreater(min(recordings.mapped("next_try_at")), fields.Datetime.now())

    def test_job_stops_when_its_time_is_up_and_goes_on_soon(self):
        recordings = self.make_pending(3)
        noted = []

        def commit(cron, processed=0, *, remaining=None):
            noted.append(remaining)
            return 0

        with patch.object(self.registry["ir.cron"], "_commit_progress", commit):
            self.env["telephony.recording"]._cron_fetch()
        self.assertEqual(noted, [None, 2])
        self.assertEqual(
            [model for model, ids, *_rest in self.queued_requests if ids == recordings[-1].ids],
            ["telephony.recording"],
        )

    def test_long_recording_is_not_held_in_memory(self):
        """A recording of 58 MB is stored within 10 MB of memory."""
        [recording] = self.make_pending(1)
        sound = Loop(io.BytesIO(self.sound), 1800)
        self.provider.answers["fetch_recording"] = sound.play()
        self.env.flush_all()
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        self.run_cron()
        peak = tracemalloc.get_traced_memory()[1]
        self.assertEqual((recording.state, recording.duration), ("stored", 1800))
        self.assertEqual(recording.attachment_id.file_size, sound.size)
        self.assertLess(peak, 10_000_000)

    def test_files_in_the_database_have_a_limit(self):
        """Files in Odoo's database take memory, so their size is limited."""
        self.env["ir.config_parameter"].sudo().set_param("ir_attachment.location", "db")
        recording, other = self.make_pending(2)
        with patch.object(telephony_recording_keep, "MEMORY_LIMIT", 1000):
            self.run_cron()
        self.assertEqual((other.state, other.tries), ("pending", 1))
        self.assertIn("too large for the database", other.problem)
        self.assertFalse(self.provider.sent("delete_recording"))
        self.pass_days(recording, 1)
        self.run_cron()
        self.assertEqual(recording.state, "stored")
        self.assertEqual(recording.attachment_id.db_datas, self.sound)
        self.assertFalse(recording.attachment_id.store_fname)

    def test_file_that_did_not_arrive_leaves_nothing_behind(self):
        """Neither a broken download nor a killed process leaves a file behind."""
        attachments = self.env["ir.attachment"]
        folder = os.path.join(attachments._filestore(), FOLDER)
        before = set(os.listdir(folder)) if os.path.isdir(folder) else set()

        def break_off():
            yield self.sound
            raise ProviderError("x", "unknown")

        [recording] = self.make_pending(1)
        self.provider.answers["fetch_recording"] = break_off()
        self.run_cron()
        self.assertEqual((recording.state, recording.tries), ("pending", 1))
        self.assertFalse(set(os.listdir(folder)) - before)
        killed, running = (os.path.join(folder, name) for name in ("killed", "running"))
        for path in (killed, running):
            with open(path, "xb"):
                self.addCleanup(lambda path=path: os.path.exists(path) and os.unlink(path))
        os.utime(killed, (0, 0))
        attachments._gc_arriving_files()
        self.assertFalse(os.path.exists(killed))
        self.assertTrue(os.path.exists(running))

    def test_retention(self):
        """Older recordings are deleted on both sides, and the line proves it."""
        self.company_a.telephony_recording_days = 30
        self.company_a.telephony_delete_at_provider = False
        recording = self.record()
        attachment = recording.attachment_id
        self.assertSeconds(recording.keep_until, 30 * 86400, 60)
        self.pass_days(recording, 29)
        self.run_cron("delete")
        self.assertEqual(recording.state, "stored")
        self.pass_days(recording, 2)
        self.provider.failures["delete_recording"] = [ProviderError("x")]
        with self.assert_log(
            "models.recording.telephony_recording_archive", "WARNING", "was not deleted"
        ):
            self.run_cron("delete")
        self.assertEqual((recording.state, recording.url), ("deleted", False))
        self.assertFalse(attachment.exists())
        self.assertTrue(recording.deleted_at)
        self.assertFalse(recording.deleted_at_provider)
        self.assertIn("has not deleted its copy", recording.problem)
        undeleted = self.env["telephony.recording"].search([("is_undeleted", "in", [True])])
        self.assertIn(recording, undeleted)
        # The deletion is repeated; “unknown at Twilio” is a proof, too.
        self.provider.failures["delete_recording"] = [ProviderError("x", "not_found")]
        self.pass_days(recording, 1)
        self.run_cron()
        self.assertTrue(recording.deleted_at_provider)
        self.assertFalse(recording.problem)
        self.assertFalse(
            self.env["telephony.recording"].search([("is_undeleted", "in", [True])]) & recording
        )

    def test_retention_of_the_other_company(self):
        self.company_b.telephony_recording_days = 1
        recording = self.record()
        self.pass_days(recording, 400)
        self.run_cron("delete")
        self.assertEqual(recording.state, "stored")

    def test_legal_hold(self):
        """A recording under legal hold is deleted neither by retention nor by a user."""
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
        self.company_a.telephony_delete_at_provider = False
        recording = self.record()
        with self.assertRaisesRegex(UserError, "still exists at Twilio"):
            self.as_user(self.max).browse(recording.call_id.id).unlink()

    # === ACCESS === #

    def test_every_role_tries_every_address(self):
        """Z30: the call's agent, supervisors and administrators of its company may listen."""
        recording = self.record()
        sound = recording.attachment_id
        self.assertEqual(sound.res_field, "attachment_id")
        for user, allowed in (
            (self.ana, True),
            (self.sue, True),
            (self.max, True),
            (self.bob, False),
            (self.cleo, False),
            (self.ian, False),
            (self.pia, False),
            (self.eva, False),
        ):
            self.authenticate(user.login, user.login)
            with self.subTest(user=user.name):
                answer = self.url_open(f"/telephony/recording/{recording.id}")
                self.assertEqual(answer.status_code, 200 if allowed else 404)
                # The file itself is unreachable, so that the log cannot be bypassed.
                for path in (
                    f"/web/content/{sound.id}",
                    f"/web/content/ir.attachment/{sound.id}/raw",
                    f"/web/content/ir.attachment/{sound.id}/datas?download=1",
                    f"/web/content/telephony.recording/{recording.id}/attachment_id",
                    f"/web/image/{sound.id}",
                ):
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
        self.assertEqual(recording.access_ids.user_id, self.ana | self.sue | self.max)

    def test_parts_and_log(self):
        """Many range requests of a player count as one access; another day is another one."""
        recording = self.record()
        self.authenticate(self.sue.login, self.sue.login)
        url = f"/telephony/recording/{recording.id}"
        for start, end in ((0, 99), (100, 199), (0, 9)):
            part = self.url_open(url, headers={"Range": f"bytes={start}-{end}"})
            self.assertEqual((part.status_code, part.content), (206, self.sound[start : end + 1]))
            self.assertIn(f"bytes {start}-{end}/", part.headers["Content-Range"])
        self.env.invalidate_all()
        self.assertEqual(len(recording.access_ids), 1)
        self.env.cr.execute(
            "UPDATE telephony_recording_access SET last_range_at = now() - interval '1 day'"
        )
        self.url_open(url)
        self.env.invalidate_all()
        self.assertEqual(recording.access_ids.user_id, self.sue)
        self.assertEqual(len(recording.access_ids), 2)

    def test_system_administrator_asks_for_the_file(self):
        """Every access is recorded, also of system administrators."""
        recording = self.record()
        sound = recording.attachment_id
        boss = self._make_user("boss", "base.group_system,crm_telephony.group_manager")
        self.authenticate(boss.login, boss.login)
        for path in (
            f"/web/content/{sound.id}",
            f"/web/content/ir.attachment/{sound.id}/raw",
            f"/web/content/{sound.id}?download=true&unique=1",
        ):
            answer = self.url_open(path, allow_redirects=False)
            self.assertNotEqual(answer.status_code, 200, path)
            self.assertNotIn(self.sound[44:80], answer.content, path)
        files = self.as_user(boss, "ir.attachment")
        mine = files.browse(sound.id)
        for act in (
            lambda: mine.read(["raw"]),
            mine.generate_access_token,
            mine.copy,
            lambda: mine.write({"public": True}),
            mine.unlink,
            lambda: files.create(
                {
                    "name": "x",
                    "res_model": "telephony.recording",
                    "res_id": recording.id,
                }
            ),
        ):
            with self.assertRaises(AccessError):
                act()
        self.assertFalse(files.search([("res_model", "=", "telephony.recording")]))
        self.assertFalse(recording.access_ids)
        self.url_open(f"/telephony/recording/{recording.id}")
        self.env.invalidate_all()
        self.assertEqual(recording.access_ids.user_id, boss)

    def test_only_what_is_heard_is_written_down(self):
        """HEAD requests and embedded images are not recorded as access."""
        recording = self.record()
        self.authenticate(self.sue.login, self.sue.login)
        url = f"/telephony/recording/{recording.id}"
        answer = self.url_open(url, method="HEAD")
        self.assertEqual((answer.status_code, answer.content), (200, b""))
        for use in ("image", "script", "style", "iframe", "object", "track"):
            answer = self.url_open(url, headers={"Sec-Fetch-Dest": use})
            self.assertEqual(answer.status_code, 404, use)
        self.env.invalidate_all()
        self.assertFalse(recording.access_ids)
        for use in ("audio", "document", "empty"):
            answer = self.url_open(url, headers={"Sec-Fetch-Dest": use})
            self.assertEqual(answer.content, self.sound, use)
        self.env.invalidate_all()
        self.assertEqual(recording.access_ids.user_id, self.sue)

    @mute_logger("odoo.sql_db")
    def test_whoever_is_named_by_a_proof_cannot_be_deleted(self):
        """Users who are named by a proof can be archived, not deleted."""
        recording = self.record()
        gus = self._make_user("gus", "crm_telephony.group_manager")

        def transfer():
            return self.env["telephony.transfer"].create(
                {
                    "call_id": recording.call_id.id,
                    "user_id": gus.id,
                    "mode": "blind",
                    "kind": "number",
                    "number": "+32470999888",
                    "state": "done",
                }
            )

        for act in (
            lambda: recording.access_ids._note(recording, gus),
            lambda: recording.write({"legal_hold_by_id": gus.id}),
            lambda: recording.write({"deleted_by_id": gus.id}),
            transfer,
        ):
            with self.assertRaises(ForeignKeyViolation), self.env.cr.savepoint():
                act()
                self.env.flush_all()
                gus.unlink()
        recording.access_ids._note(recording, gus)
        gus.active = False
        self.assertEqual(recording.access_ids.user_id, gus)

    def test_who_sees_who_listened(self):
        recording = self.record()
        recording.access_ids._note(recording, self.sue)
        for user, seen in (
            (self.ana, 1),
            (self.sue, 1),
            (self.max, 1),
            (self.bob, 0),
            (self.eva, 0),
        ):
            with self.subTest(user.name):
                found = self.as_user(user, "telephony.recording.access").search([])
                self.assertEqual(len(found & recording.access_ids), seen)

    def test_other_company(self):
        recording = self.record()
        records = self.as_user(self.eva, "telephony.recording")
        self.assertFalse(records.search([("id", "=", recording.id)]))
        for method in (
            "action_hold",
            "action_release",
            "action_delete_sound",
            "_open_for_listening",
        ):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(records.browse(recording.id), method)()

    def test_nobody_writes(self):
        recording = self.record()
        for user in (self.ana, self.sue, self.max):
            records = self.as_user(user, "telephony.recording").browse(recording.id)
            for name, value in (
                ("legal_hold", True),
                ("state", "deleted"),
                ("note", "x"),
                ("deleted_at_provider", fields.Datetime.now()),
            ):
                with self.subTest(user=user.name, field=name), self.assertRaises(AccessError):
                    records.write({name: value})
