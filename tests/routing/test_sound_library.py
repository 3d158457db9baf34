"""The audio library: who may change it, and which sounds it takes."""

import base64
import itertools
from datetime import timedelta
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import file_path
from odoo.tools.safe_eval import safe_eval

from odoo.addons.crm_telephony.models.routing import telephony_sound

from ..common import BASE_URL, leg_sid
from .test_caller_sound import ADDRESS, MP3, OGG, CallerSoundCase, encode, make_wav
from .test_queue import QueueStories


@tagged("post_install", "-at_install")
class TestSoundLibrary(CallerSoundCase):
    def test_manager_changes_the_library_and_others_read_it(self):
        sounds = self.as_user(self.max, "telephony.sound")
        sound = sounds.create({"name": "Hello", "content": encode(make_wav())})
        self.assertEqual(sound.company_id, self.company_a)
        sound.name = "Welcome"
        for user in (self.ana, self.sue):
            seen = sound.with_user(user)
            self.assertEqual(seen.name, "Welcome")
            for change in (
                lambda seen=seen: seen.write({"name": "No"}),
                lambda seen=seen: seen.copy(),
                lambda seen=seen: seen.unlink(),
            ):
                with self.assertRaises(AccessError):
                    change()
        for user in (self.ian, self.pia, self.public):
            with self.assertRaises(AccessError):
                sound.with_user(user).read(["name"])
        sound.unlink()

    def test_sound_of_another_company_is_invisible(self):
        sound = self.make_sound()
        seen = self.as_user(self.eva, "telephony.sound").browse(sound.id)
        self.assertFalse(seen.search([("id", "=", sound.id)]))
        for read in (lambda: seen.name, lambda: seen.content, lambda: seen.write({"name": "No"})):
            with self.assertRaises(AccessError):
                read()
        with self.assertRaisesRegex(UserError, "cannot be changed after creation"):
            sound.company_id = self.company_b

    def test_length_is_that_of_the_file(self):
        sound = self.make_sound(content=encode(make_wav(75)))
        self.assertEqual(
            (sound.seconds, sound.duration_display, sound.can_be_cut), (75, "1:15", True)
        )
        # The form reads the size of a file in place of it.
        sound.with_context(bin_size=True).content_name = "hello.wav"
        sound.content = encode(make_wav(1, width=1))
        self.assertEqual(
            (sound.seconds, sound.duration_display, sound.can_be_cut), (1, "0:01", True)
        )
        sound.content = encode(MP3)
        self.assertFalse(sound.can_be_cut)
        sound.write({"kind": "url", "url": ADDRESS})
        self.assertEqual(
            (sound.seconds, sound.duration_display, sound.can_be_cut), (0, False, False)
        )

    def test_sound_without_a_sound_is_refused(self):
        for values in (
            {"content": False},
            {"content": b""},
            {"kind": "url", "url": False},
            {"kind": "url", "url": ""},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.make_sound(**values)
        sound = self.make_sound()
        with self.assertRaisesRegex(ValidationError, "Record or upload the sound “Hello”"):
            sound.content = False
        with self.assertRaisesRegex(ValidationError, "Enter the web address of “Hello”"):
            sound.kind = "url"

    def test_what_is_no_sound_is_refused(self):
        for content in (b"bm8gc291bmQ=", "no base64", "=", encode(b"RIFF" + bytes(100))):
            with (
                self.subTest(content),
                self.assertRaisesRegex(ValidationError, "cannot be played on the phone"),
            ):
                self.make_sound(content=content)

    def test_huge_file_is_refused(self):
        with patch.object(telephony_sound, "MOST_BYTES", 1024**2):
            self.make_sound(content=encode(make_wav(60)))
            with self.assertRaisesRegex(ValidationError, "at most 1 MB. Upload it as MP3"):
                self.make_sound(content=encode(make_wav(66)))

    def test_other_kinds_are_converted(self):
        """An upload of another kind becomes WAV, if the library for it is installed."""
        with patch.object(telephony_sound, "convert", lambda content: make_wav()):
            sound = self.make_sound(content=encode(OGG), content_name="Welcome.ogg")
        self.assertEqual(base64.b64decode(sound.content), make_wav())
        self.assertEqual(sound.content_name, "Welcome.wav")

    def test_other_kinds_are_refused_without_the_library(self):
        with (
            patch.object(telephony_sound, "convert", lambda content: b""),
            self.assertRaisesRegex(ValidationError, "Upload an MP3 file or a WAV file"),
        ):
            self.make_sound(content=encode(OGG))

    def test_address_that_twilio_cannot_reach_is_refused(self):
        for url in (
            "http://sounds.example.com/hello.mp3",
            "javascript:alert(1)",
            "https://localhost/hello.mp3",
            "https://10.0.0.1/hello.mp3",
        ):
            with (
                self.subTest(url),
                self.assertRaisesRegex(ValidationError, "as https://…, on a host that Twilio"),
            ):
                self.make_address(url=url)

    def test_new_sound_is_named_after_its_file(self):
        sound = self.env["telephony.sound"].new(
            {"content": encode(make_wav(2)), "content_name": "Good morning.wav"}
        )
        sound._onchange_content_name()
        self.assertEqual((sound.name, sound.duration_display), ("Good morning", "0:02"))
        sound.content_name = "Good evening.wav"
        sound._onchange_content_name()
        self.assertEqual(sound.name, "Good morning")

    def test_address_of_a_sound_is_the_web_address_or_cannot_be_guessed(self):
        self.assertEqual(self.make_address()._get_public_url(self.account), ADDRESS)
        url = self.make_sound()._get_public_url(self.account)
        self.assertRegex(url, r"/telephony/sound/\d+/[0-9a-f-]{36}$")

    def test_sound_in_use_is_kept(self):
        """The sentence names what plays the sound, removed steps and archived queues included."""
        sound = self.make_sound()
        self.set_message(sound_id=sound.id)
        queues = self.env["telephony.queue"].create(
            [
                {"name": name, "company_id": self.company_a.id, field: sound.id}
                for name, field in (
                    ("Support", "music_sound_id"),
                    ("Returns", "announcement_sound_id"),
                )
            ]
        )
        queues[1].active = self.ring.active = False
        with self.assertRaisesRegex(
            UserError, "“Hello” is played by “Sales › Sellers”, “Support”, “Returns”. Choose"
        ):
            sound.unlink()
        self.ring.active = True
        self.env.invalidate_all()
        self.assertEqual((sound.flow_count, sound.queue_count), (1, 1))
        seen = self.as_user(self.max, "telephony.sound").browse(sound.id)
        for action, used in (
            (seen.action_view_flows(), self.flow),
            (seen.action_view_queues(), queues[0]),
        ):
            self.assertEqual(self.env[action["res_model"]].search(action["domain"]), used)
        sound.active = False
        _call, [play, _hang_up] = self.call_in()
        self.assertEqual(play.tag, "Play")
        queues.write({"music_sound_id": False, "announcement_sound_id": False})
        self.ring.write({"sound_id": False, "message": "Closed."})
        sound.unlink()

    def test_sound_of_another_company_is_refused(self):
        foreign = self.make_sound(company_id=self.company_b.id)
        with self.assertRaises(UserError):
            self.set_message(sound_id=foreign.id)
        for field in ("music_sound_id", "announcement_sound_id"):
            with self.assertRaises(UserError):
                self.env["telephony.queue"].create(
                    {"name": "Support", "company_id": self.company_a.id, field: foreign.id}
                )

    def test_sound_that_is_created_in_place_belongs_to_the_company_of_the_record(self):
        self.max.company_ids += self.company_b
        sounds = self.as_user(self.max, "telephony.sound").with_context(
            allowed_company_ids=[self.company_a.id, self.company_b.id]
        )
        for model, names in (
            ("telephony.flow.step", ["sound_id"]),
            ("telephony.queue", ["music_sound_id", "announcement_sound_id"]),
            ("telephony.sentence", ["sound_id"]),
        ):
            form = etree.fromstring(sounds.env[model].get_view(view_type="form")["arch"])
            for name in names:
                with self.subTest(model=model, name=name):
                    [field] = form.xpath(f"//field[@name='{name}']")
                    context = safe_eval(field.get("context"), {"company_id": self.company_b.id})
                    values = {"name": "Hello", "content": encode(make_wav())}
                    sound = sounds.with_context(**context).create(values)
                    self.assertEqual(sound.company_id, self.company_b)

    def test_short_music_is_refused(self):
        queue = self.env["telephony.queue"].create(
            {"name": "Support", "company_id": self.company_a.id}
        )
        with self.assertRaisesRegex(ValidationError, "music must last at least 5 seconds"):
            queue.music_sound_id = self.make_sound(content=encode(MP3))
        # It is repeated in one file.
        queue.music_sound_id = self.make_sound(content=encode(make_wav(1)))
        with self.assertRaisesRegex(ValidationError, "music must last at least 5 seconds"):
            queue.music_sound_id.content = encode(MP3)

    def test_files_of_steps_and_queues_move_to_the_library(self):
        queue = self.env["telephony.queue"].create(
            {"name": "Support", "company_id": self.company_a.id}
        )
        self.set_message(message="Closed.")
        attachments = self.env["ir.attachment"].create(
            [
                {
                    "name": field,
                    "raw": content,
                    "res_model": record._name,
                    "res_id": record.id,
                    "res_field": field,
                    "access_token": f"token-{field}",
                }
                for record, field, content in (
                    (self.ring, "audio", MP3),
                    (queue, "music", make_wav(7)),
                )
            ]
        )
        self.env.flush_all()
        path = file_path("crm_telephony/migrations/19.0.1.6.0/post-sounds.py")
        for _time in range(2):
            load_script(path, "post-sounds").migrate(self.env.cr, "19.0.1.5.0")
        self.env.invalidate_all()
        sounds = self.ring.sound_id | queue.music_sound_id
        self.assertEqual(sounds.mapped("name"), ["Sales › Sellers", "Support"])
        self.assertEqual(sounds.company_id, self.company_a)
        self.assertEqual(sounds.mapped("can_be_cut"), [False, True])
        self.assertEqual(sounds[1].seconds, 7)
        self.assertEqual(attachments.mapped("res_id"), sounds.ids)
        _call, [play, _hang_up] = self.call_in()
        self.assertTrue(play.text.endswith(f"/{attachments[0].id}/token-audio"), play.text)
        self.assertEqual(self.fetch(play.text).content, MP3)


@tagged("post_install", "-at_install")
class TestHeardSounds(CallerSoundCase, QueueStories):
    """What callers hear in steps and in queues: a text, a file, or a web address."""

    def setUp(self):
        super().setUp()
        self.sound, self.address = self.make_sound(), self.make_address(name="Radio")
        self.legs = itertools.count(500)

    def ask_fallback(self, call, **params):
        return self.ask("fallback", {"CallSid": call.provider_call_id, **params})

    def enter_queue(self, **values):
        """Return a caller who waits for the only member, who talks."""
        self.queue.write(values)
        self.go_online(self.agent_ana)
        self.occupy(self.ana)
        return self.call_in(sid=leg_sid(next(self.legs)))[0]

    def hear_music(self, call, seconds):
        """Move the beginning of the music, and the announcement before, into the past."""
        for name in ("music_at", "announced_at"):
            call[name] -= timedelta(seconds=seconds)

    # === STEPS === #

    def test_step_plays_its_sound_instead_of_the_text(self):
        for sound in (self.sound, self.address):
            for kind, tags in (
                ("message", ["Play", "Hangup"]),
                ("voicemail", ["Play", "Record", "Hangup"]),
                ("menu", ["Gather", "Redirect"]),
            ):
                with self.subTest(sound=sound.name, kind=kind):
                    self.ring.write({"kind": kind, "message": "Text.", "sound_id": sound.id})
                    index = 10 * sound.id + len(kind)
                    _call, verbs = self.call_in(sid=leg_sid(index))
                    self.assertEqual(self.names(verbs), tags)
                    play = verbs[0][0] if kind == "menu" else verbs[0]
                    self.assertEqual(play.tag, "Play")
                    self.assertEqual(play.text == ADDRESS, sound == self.address)
                    self.assertNotIn("Text.", [verb.text for verb in verbs])

    def test_text_replaces_a_sound_that_twilio_cannot_play(self):
        """The document with the sound fails, and its caller goes on in the same step."""
        self.ring.write({"kind": "message", "message": "Closed.", "sound_id": self.address.id})
        call, _verbs = self.call_in()
        with self.assertLogs("odoo.addons.crm_telephony.models.routing", "WARNING"):
            [say, hang_up] = self.ask_fallback(call, ErrorCode="13420", ErrorUrl=f"{BASE_URL}/x")
        self.assertEqual((say.text, hang_up.tag), ("Closed.", "Hangup"))
        self.assertFalse(call.outcome)
        [problem] = [text for text in self.flow._get_problems() if "could not play" in text]
        self.assertIn("“Sellers”: Twilio could not play the sound “Radio” on", problem)
        # The next caller hears the text at once, and the sound again after a while.
        _call, [say, _hang_up] = self.call_in(sid=leg_sid(8))
        self.assertEqual(say.text, "Closed.")
        self.address.failed_at -= timedelta(minutes=11)
        _call, [play, _hang_up] = self.call_in(sid=leg_sid(9))
        self.assertEqual(play.text, ADDRESS)
        self.address.failed_at -= timedelta(days=1)
        self.assertFalse([text for text in self.flow._get_problems() if "could not play" in text])

    def test_sound_that_is_replaced_is_heard_at_once(self):
        self.address.failed_at = fields.Datetime.now()
        self.assertFalse(self.address._is_heard())
        seen = self.as_user(self.max, "telephony.sound").browse(self.address.id)
        seen.url = f"{ADDRESS}?new"
        self.assertTrue(self.address._is_heard())
        with self.assertRaisesRegex(AccessError, "managed by the system"):
            seen.failed_at = False

    def test_caller_without_a_text_hears_a_standard_sentence(self):
        self.address.failed_at = fields.Datetime.now()
        for kind, sentence in (("message", "No one is available"), ("voicemail", "message")):
            self.ring.write({"kind": kind, "message": False, "sound_id": self.address.id})
            _call, [say, *_rest] = self.call_in(sid=leg_sid(len(kind)))
            self.assertIn(sentence, say.text)
        self.ring.kind = "menu"
        _call, [gather, _redirect] = self.call_in(sid=leg_sid(3))
        self.assertEqual(len(gather), 0)

    def test_check_asks_for_a_text_beside_an_address(self):
        self.ring.write({"kind": "message", "message": " ", "sound_id": self.address.id})
        sentence = (
            "“Sellers”: enter a text, too. Callers hear it if Twilio cannot play the sound “Radio”."
        )
        self.assertIn(sentence, self.flow._get_problems())
        self.ring.sound_id = self.sound
        self.assertNotIn(sentence, self.flow._get_problems())

    def test_other_error_of_a_document_ends_the_call(self):
        """Twilio names its own document, or the step plays no sound."""
        url = self.account._get_webhook_url("voice")
        for sound, code in ((self.address, "11200"), (self.sound.browse(), "12300")):
            values = {"kind": "message", "message": "Closed.", "sound_id": sound.id}
            self.ring.write(values)
            call, _verbs = self.call_in(sid=leg_sid(int(code)))
            with self.assertLogs("odoo.addons.crm_telephony.controllers", "ERROR"):
                [say, _hang_up] = self.ask_fallback(call, ErrorCode=code, ErrorUrl=url)
            self.assertIn("an error has occurred", say.text)
            self.assertEqual(call.outcome, "failed")
        self.assertFalse(self.address.failed_at)

    def test_simulation_names_the_sound(self):
        self.ring.write({"kind": "message", "message": "Closed.", "sound_id": self.sound.id})
        story = self.simulate_call(self.flow, "", fields.Datetime.now())
        self.assertEqual(story[-1], "The caller hears the sound “Hello”.")

    # === QUEUES === #

    def test_music_of_a_queue_is_cut(self):
        call = self.enter_queue(music_sound_id=self.sound.id)
        [say, play] = self.wait(call)
        self.assertEqual(self.heard_seconds([play]), self.queue.announcement_interval)
        self.assertIn("Please hold the line.", say.text)
        self.assertAlmostEqual(
            len(self.fetch(play.text).content),
            self.queue.announcement_interval * 16000,
            delta=200,
        )

    def test_music_that_cannot_be_cut_is_played_to_its_end(self):
        """The announcement falls between two plays."""
        frame = MP3[10:14] + bytes(413)
        mp3 = self.make_sound(content=encode(MP3[:10] + frame * 250))
        self.assertGreater(mp3.seconds, 5)
        for music in (mp3, self.address):
            with self.subTest(music.kind):
                call = self.enter_queue(music_sound_id=music.id)
                [say, play] = self.wait(call)
                self.assertEqual(say.text[:12], "Please hold ")
                self.assertEqual(play.text, music._get_public_url(self.account))
                self.hear_music(call, 15)
                [play] = self.wait(call)
                self.assertEqual(play.text, music._get_public_url(self.account))
                self.hear_music(call, 20)
                self.assertEqual(self.names(self.wait(call)), ["Say", "Play"])
                # A decision that is due in a moment does not wait for the end.
                self.hear_music(call, 20)
                call.queued_at = fields.Datetime.now() - timedelta(seconds=117)
                *_announcement, play = self.wait(call)
                self.assertLessEqual(self.heard_seconds([play]), 3)
                self.tell_leg(call, call.provider_call_id, "completed")

    def test_music_that_twilio_skips_is_replaced(self):
        """Else Twilio would request the next sound at once, again and again."""
        call = self.enter_queue(music_sound_id=self.address.id)
        self.wait(call)
        with self.assertLogs("odoo.addons.crm_telephony.models.routing", "WARNING"):
            [play] = self.wait(call)
        self.assertIn("/telephony/sound/hold_music/", play.text)
        call.announced_at -= timedelta(seconds=40)
        self.assertIn("/hold_music/", self.wait(call)[-1].text)

    def test_key_in_the_music_is_no_failure(self):
        call = self.enter_queue(music_sound_id=self.address.id, callback_key="1")
        [gather] = self.wait(call)
        self.assertEqual(gather[-1].text, ADDRESS)
        [gather] = self.wait(call, Digits="5")
        self.assertEqual(gather[-1].text, ADDRESS)

    def test_caller_keeps_the_place_after_music_that_cannot_be_played(self):
        """Twilio takes the caller out of the queue with an error, or asks the fallback address."""
        for index, reaction in enumerate(("step", "fallback")):
            with self.subTest(reaction):
                self.address.failed_at = False
                call = self.enter_queue(music_sound_id=self.address.id)
                joined = call.queued_at
                self.wait(call)
                with self.assertLogs("odoo.addons.crm_telephony.models.routing", "WARNING"):
                    if reaction == "step":
                        verbs = self.step(call, QueueResult="error")
                    else:
                        verbs = self.ask_fallback(call, ErrorCode="12300", ErrorUrl=ADDRESS)
                self.assertEqual(self.names(verbs), ["Enqueue"])
                self.assertEqual((call.state, call.queued_at), ("queued", joined))
                self.assertIn("/hold_music/", self.wait(call, QueueSid=f"QU{index:032x}")[-1].text)
                if reaction == "step":
                    # Nothing is left that the sound could explain: as a full queue.
                    [say, _hang_up] = self.step(call, QueueResult="error")
                    self.assertEqual(say.text, "Everybody is busy.")
                self.tell_leg(call, call.provider_call_id, "completed")

    def test_announcement_is_a_sound_and_the_place_is_spoken(self):
        for sound in (self.sound, self.address):
            call = self.enter_queue(announcement_sound_id=sound.id)
            [play, say, music] = self.wait(call)
            self.assertEqual(play.text, sound._get_public_url(self.account))
            self.assertEqual(say.text, "You are number 1 in the queue.")
            self.assertIn("/hold_music/", music.text)
            self.tell_leg(call, call.provider_call_id, "completed")
        self.address.failed_at = fields.Datetime.now()
        call = self.enter_queue()
        [say, _music] = self.wait(call)
        self.assertEqual(say.text, "Please hold the line. You are number 1 in the queue.")

    def test_check_names_the_sounds_of_a_queue(self):
        self.queue.music_sound_id = self.address
        self.address.failed_at = fields.Datetime.now()
        self.assertTrue(
            [text for text in self.flow._get_problems() if "could not play the sound" in text]
        )

    def test_sounds_of_a_step_follow_a_copy_and_an_undo(self):
        self.ring.write({"kind": "message", "message": "Closed.", "sound_id": self.sound.id})
        flows = self.as_user(self.max, "telephony.flow")
        change = flows.copy_step(self.flow.id, self.ring.id)
        twin = self.ring.browse(change["step_id"])
        self.assertEqual(twin.sound_id, self.sound)
        before = self.ring._to_rows()
        self.ring.sound_id = False
        rows = {
            name: {str(key): {"sound_id": row["sound_id"]} for key, row in values.items()}
            for name, values in (("before", self.ring._to_rows()), ("after", before))
        }
        flows.restore_steps(self.flow.id, rows)
        self.assertEqual(self.ring.sound_id, self.sound)
        copied = self.flow.copy()
        self.assertIn(self.sound, copied.step_ids.sound_id)
