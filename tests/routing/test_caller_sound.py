"""What callers hear: sounds that Twilio plays, languages that it speaks, keys that it reports."""

import base64
import io
import wave
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import file_open, mute_logger

from odoo.addons.crm_telephony.controllers.sound import LONGEST, SOUNDS
from odoo.addons.crm_telephony.tools.language import LONGEST_TEXT

from ..common import BASE_URL, CUSTOMER, TelephonyHttpCase

# The beginning of an MP3 file: a tag, and the header of a frame.
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x64" + bytes(400)
OGG = b"OggS" + bytes(400)
ADDRESS = "https://sounds.example.com/hello.mp3"


def make_wav(seconds=1, width=2):
    """Return a silent WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, width, 8000, 0, "NONE", ""))
        file.writeframes(bytes(8000 * width * seconds))
    return out.getvalue()


def encode(content):
    return base64.b64encode(content)


class CallerSoundCase(TelephonyHttpCase):
    def make_sound(self, **values):
        """Return a sound of the audio library: a file, or the address that is given."""
        return self.env["telephony.sound"].create(
            {
                "name": "Hello",
                "company_id": self.company_a.id,
                **({} if "url" in values else {"content": encode(make_wav(5))}),
                **values,
            }
        )

    def make_address(self, **values):
        return self.make_sound(**{"kind": "url", "url": ADDRESS, **values})

    def set_message(self, **values):
        self.ring.write({"kind": "message", **values})

    def fetch(self, url):
        self.assertTrue(url.startswith(BASE_URL), url)
        return self.url_open(url.removeprefix(BASE_URL))


@tagged("post_install", "-at_install")
class TestSounds(CallerSoundCase):
    def test_own_sounds_have_a_type_that_twilio_plays(self):
        """Nothing for Twilio is below `/static/`, which a proxy may deliver with any type."""
        for name in SOUNDS:
            response = self.fetch(self.account._get_sound_url(name))
            self.assertEqual(response.status_code, 200)
            self.assertEqual(response.headers["Content-Type"], "audio/wav")
            with file_open(f"crm_telephony/static/src/audio/{name}.wav", "rb") as file:
                self.assertEqual(response.content, file.read())
        for name in ("ring", "dtmf1", "x", "..%2fring"):
            self.assertEqual(self.url_open(f"/telephony/sound/{name}.wav").status_code, 404)

    def test_caller_hears_no_static_file(self):
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in()
        for verbs in self.hear_ringing(call):
            for play in filter(lambda verb: verb.tag == "Play", verbs):
                self.assertIn("/telephony/sound/", play.text)
                self.assertEqual(self.fetch(play.text).headers["Content-Type"], "audio/wav")

    def test_uploaded_sound_has_its_type(self):
        for content, kind in ((make_wav(), "audio/wav"), (MP3, "audio/mpeg")):
            with self.subTest(kind):
                self.set_message(sound_id=self.make_sound(content=encode(content)).id)
                _call, [play, _hang_up] = self.call_in(sid=f"CA{len(content):032x}")
                response = self.fetch(play.text)
                self.assertEqual(response.headers["Content-Type"], kind)
                self.assertEqual(response.content, content)
        for guess in ("x", "é"):
            url = f"{play.text.removeprefix(BASE_URL)}{guess}"
            self.assertEqual(self.url_open(url).status_code, 404)

    def test_address_leads_to_files_of_the_library_only(self):
        """The token of another attachment, even one of a sound, gives no access here."""
        sound = self.make_sound()
        for values in (
            {"res_model": "res.partner", "res_id": self.partner.id, "res_field": "content"},
            {"res_model": sound._name, "res_id": sound.id},
        ):
            attachment = self.env["ir.attachment"].create(
                {"name": "secret.wav", "raw": make_wav(), **values}
            )
            [token] = attachment.generate_access_token()
            path = f"/telephony/sound/{attachment.id}/{token}"
            for url in (path, f"{path}/5.wav"):
                with self.subTest(url=url, values=values):
                    self.assertEqual(self.url_open(url).status_code, 404)

    def test_file_that_is_no_sound_has_no_type_of_one(self):
        sound = self.make_sound()
        url = sound._get_public_url(self.account)
        self.env["ir.attachment"].search(
            [
                ("res_model", "=", sound._name),
                ("res_id", "=", sound.id),
                ("res_field", "=", "content"),
            ]
        ).raw = OGG
        self.assertEqual(self.fetch(url).headers["Content-Type"], "application/octet-stream")

    def test_length_of_music_has_limits(self):
        """A short one would be asked for again at once; a long one would keep a process busy."""
        wav = self.make_sound()._get_public_url(self.account)
        for url in (f"{BASE_URL}/telephony/sound/hold_music", wav):
            for asked, seconds in ((0, 1), (7, 7), (100_000, LONGEST)):
                with self.subTest(url=url, asked=asked):
                    size = int(self.fetch(f"{url}/{asked}.wav").headers["Content-Length"])
                    self.assertAlmostEqual(size / 16000, seconds, delta=0.1)

    def test_flow_check_finds_an_old_sound(self):
        """A sound uploaded before such files were converted is reported, and not played."""
        sound = self.make_sound()
        self.set_message(sound_id=sound.id, message="We are closed.")
        self.env["ir.attachment"].search(
            [
                ("res_model", "=", sound._name),
                ("res_id", "=", sound.id),
                ("res_field", "=", "content"),
            ]
        ).raw = OGG
        sound.invalidate_recordset()
        sound._compute_file()
        self.assertIn(
            "“Sellers”: the sound “Hello” cannot be played on the phone. Record or upload it "
            "again.",
            self.flow._get_problems(),
        )
        _call, [say, _hang_up] = self.call_in()
        self.assertEqual(say.text, "We are closed.")

    def test_hold_music_survives_a_crash(self):
        """A crash of the hold music ends neither the music nor the conversation."""
        call = self.talk()
        with (
            patch.object(type(call), "_advance_hold", side_effect=ValueError("no")),
            mute_logger("odoo.addons.crm_telephony.controllers.twilio_webhook"),
        ):
            verbs = self.ask("wait", {"CallSid": call.provider_call_id}, self.hold_query(call.uuid))
        self.assertEqual(self.names(verbs), ["Play", "Redirect"])
        self.assertEqual(self.fetch(verbs[0].text).headers["Content-Type"], "audio/wav")
        self.assertIn(f"call={call.uuid}", verbs[1].text)
        self.assertEqual(call.state, "in_progress")
        verbs = self.ask("wait", {"CallSid": call.provider_call_id}, self.hold_query("unknown"))
        self.assertEqual(self.names(verbs), ["Play"])

    def hold_query(self, uuid):
        return {"call": uuid, "hold": 1}


@tagged("post_install", "-at_install")
class TestAccountOfWebhook(CallerSoundCase):
    """The account is named by the signed URL, and by the posted fields only if it is not."""

    def setUp(self):
        super().setUp()
        self.call = self.talk()
        self.query = {"call": self.call.uuid, "hold": 1}

    def post(self, **query):
        params = {"CallSid": self.call.provider_call_id, "AccountSid": None}
        return self.post_webhook("wait", params, {**self.query, **query})

    def test_hold_and_announcement_without_the_posted_account(self):
        """Twilio documents no AccountSid for them: without it the hold music would be refused."""
        url = self.account._get_webhook_url("wait", **self.query)
        self.assertIn(f"&account={self.account.id}", url)
        for route in (url, self.account._get_webhook_url("announce", call=self.call.uuid)):
            params = {"CallSid": self.call.provider_call_id, "AccountSid": None}
            self.assertEqual(
                [verb.tag for verb in self.ask(route, params)],
                [{True: "Play"}.get("wait" in route, "Say")],
            )

    def test_no_other_account_and_none_at_all(self):
        self.assertEqual(self.post(account=self.account.id).status_code, 200)
        for account in ("", "0", "x", "9" * 30, self.account.id + 99, self.account_b.id):
            with self.subTest(account), mute_logger("odoo.addons.crm_telephony.models.ir_http"):
                self.assertEqual(self.post(account=account).status_code, 403)

    @mute_logger("odoo.addons.crm_telephony.models.ir_http")
    def test_two_different_names_are_refused(self):
        params = {"CallSid": self.call.provider_call_id}
        query = {**self.query, "account": self.account_b.id}
        self.assertEqual(self.post_webhook("wait", params, query).status_code, 403)


@tagged("post_install", "-at_install")
class TestLanguages(CallerSoundCase):
    def set_language(self, code):
        self.env["res.lang"]._activate_lang(code)
        self.flow.language = code

    def find_problem(self):
        return [problem for problem in self.flow._get_problems() if "no voice" in problem]

    def test_latin_american_spanish(self):
        self.set_language("es_AR")
        self.set_message(message="Buenos días.")
        _call, [say, _hang_up] = self.call_in()
        self.assertEqual((say.get("language"), say.text), ("es-MX", "Buenos días."))
        self.assertFalse(self.find_problem())

    def test_croatian_has_no_voice(self):
        """The check says so; a sound is played; our own sentences are spoken in English."""
        self.set_language("hr_HR")
        self.set_message(message="Dobar dan.")
        [problem] = self.find_problem()
        self.assertIn("Twilio has no voice for Croatian", problem)
        self.assertIn("Upload a sound in place of the text of “Sellers”, “", problem)
        self.flow.step_ids.sound_id = self.make_sound()
        [problem] = self.find_problem()
        self.assertIn("spoken in English", problem)
        _call, [play, _hang_up] = self.call_in()
        self.assertEqual(play.tag, "Play")
        self.ring.write({"kind": "ring", "not_available_step_id": False})
        _call, [say, _hang_up] = self.call_in(sid="CA" + "9" * 32)
        self.assertEqual(say.get("language"), "en-US")
        self.assertIn("No one is available", say.text)

    def test_text_is_as_long_as_can_be_spoken(self):
        text = "Dobrý den. " * (LONGEST_TEXT // 11)
        self.set_message(message=text)
        _call, verbs = self.call_in()
        self.assertEqual(set(self.names(verbs)), {"Say", "Hangup"})
        with self.assertRaisesRegex(
            ValidationError, "too long to be spoken: it may have at most 5,000 characters"
        ):
            self.ring.message = "x" * (LONGEST_TEXT + 1)
        queue = self.env["telephony.queue"].create(
            {"name": "Support", "company_id": self.company_a.id}
        )
        with self.assertRaisesRegex(
            ValidationError, "too long to be spoken: it may have at most 5,000 characters"
        ):
            queue.announcement = "x" * (LONGEST_TEXT + 1)
        with self.assertRaisesRegex(
            ValidationError, "too long to be spoken: it may have at most 5,000 characters"
        ):
            self.env["telephony.sentence"].create(
                {
                    "company_id": self.company_a.id,
                    "lang": "en_US",
                    "code": "recorded",
                    "place": "recording",
                    "text": "x" * (LONGEST_TEXT + 1),
                }
            )


@tagged("post_install", "-at_install")
class TestKeysAndForwards(CallerSoundCase):
    def test_hash_is_a_key_like_any_other(self):
        """By default, Twilio ends a Gather at `#` without reporting the key."""
        self.ring.write(
            {
                "kind": "menu",
                "message": "Press the hash key.",
                "key_ids": [
                    Command.create(
                        {"key": "#", "label": "Hash", "target_step_id": self.no_answer_step.id}
                    )
                ],
            }
        )
        call, [gather, _redirect] = self.call_in()
        self.assertEqual(gather.get("finishOnKey"), "")
        [say, _hang_up] = self.ask(
            gather.get("action"), {"CallSid": call.provider_call_id, "Digits": "#"}
        )
        self.assertEqual(say.text, self.no_answer_step.message)

    def test_end_of_a_forward_is_in_the_timeline(self):
        self.company_a.telephony_country_policy = "all"
        self.ring.write({"kind": "forward", "forward_number": "+32470999999"})
        for index, (status, sentence) in enumerate(
            (
                ("busy", "“Sellers”: +32 470 99 99 99 is busy."),
                ("failed", "could not connect the call to"),
                ("no-answer", "“Sellers”: no answer."),
            )
        ):
            call, [dial] = self.call_in(sid=f"CA{index + 90:032x}", from_=f"{CUSTOMER[:-1]}{index}")
            self.ask(
                dial.get("action"),
                {"CallSid": call.provider_call_id, "DialCallStatus": status},
            )
            self.assertIn(sentence, call.timeline.replace("+32470999999", "+32 470 99 99 99"))

    def test_check_warns_of_a_forward_abroad(self):
        self.company_a.telephony_country_policy = "all"
        self.ring.write({"kind": "forward", "forward_number": "+32470999999"})
        self.assertFalse([text for text in self.flow._get_problems() if "country" in text])
        self.ring.forward_number = "+33612345678"
        [problem] = [text for text in self.flow._get_problems() if "another country" in text]
        self.assertIn(self.number.display_name, problem)
