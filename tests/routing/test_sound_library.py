"""The audio library: who may change it, and which sounds it takes."""

import base64
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.crm_telephony.models.routing import telephony_sound

from ..common import TelephonyCase
from .test_caller_sound import MP3, OGG, encode, make_wav

ADDRESS = "https://sounds.example.com/hello.mp3"


class SoundCase(TelephonyCase):
    def make_sound(self, **values):
        return self.env["telephony.sound"].create(
            {
                "name": "Hello",
                "company_id": self.company_a.id,
                **({} if "url" in values else {"content": encode(make_wav(3))}),
                **values,
            }
        )

    def make_address(self, **values):
        return self.make_sound(**{"kind": "url", "url": ADDRESS, **values})


@tagged("post_install", "-at_install")
class TestSoundLibrary(SoundCase):
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
