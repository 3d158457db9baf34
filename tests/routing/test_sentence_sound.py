"""A sound of the audio library in place of a standard sentence."""

from contextlib import contextmanager
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..call.test_phone import MOBILE, PHONE_LEG
from ..call.test_sentence import SentenceCase
from ..common import AGENT_LEG, BASE_URL, leg_sid
from .test_caller_sound import ADDRESS, OGG, CallerSoundCase
from .test_queue import QueueStories

FAILURE = {"ErrorCode": "13420", "ErrorUrl": f"{BASE_URL}/x"}
PLACEHOLDERS = {
    "position": "contains values",
    "wait_minutes": "contains values",
    "wait_over_minutes": "contains values",
    "offer_queue_callback": "contains values",
    "phone_call": "contains values",
    "phone_offer": "contains values",
    "phone_transfer": "contains values",
    "phone_queue_callback": "contains values",
    "error": "a sound may be the reason for the error",
}


class SentenceSoundCase(SentenceCase, CallerSoundCase):
    def setUp(self):
        super().setUp()
        self.sound, self.address = self.make_sound(), self.make_address(name="Radio")

    def choose(self, code, sound=None, lang="en_US"):
        """Choose a sound for a sentence, as the administrator."""
        row = self.row(code, lang)
        row.sound_id = sound or self.address
        return row

    def say(self, code, lang="en_US", account=None, **values):
        return self.speech._say(account or self.account, lang, code, **values)

    def assert_played(self, step, sound):
        self.assertEqual(getattr(step, "url", None), sound._get_public_url(self.account), step)

    def ask_fallback(self, leg, **params):
        return self.ask("fallback", {"CallSid": leg, **FAILURE, **params})

    @contextmanager
    def assert_doubted(self, *sounds):
        with self.assertLogs("odoo.addons.crm_telephony.models.routing", "WARNING"):
            yield
        for sound in sounds:
            self.assertTrue(sound._has_failed())

    def find_problems(self, part):
        return [text for text in self.flow._get_problems() if part in text]


@tagged("post_install", "-at_install")
class TestSentenceSounds(SentenceSoundCase):
    def test_sound_is_played_in_place_of_the_sentence(self):
        self.choose("no_one_available", self.sound)
        self.flow.step_ids.unlink()
        call, [play, hang_up] = self.call_in()
        self.assertEqual((play.tag, hang_up.tag), ("Play", "Hangup"))
        self.assertEqual(play.text, self.sound._get_public_url(self.account))
        self.assertEqual(self.fetch(play.text).headers["Content-Type"], "audio/wav")
        self.assertEqual(call.state, "routing")

    def test_sound_precedes_the_own_wording(self):
        row = self.choose("thanks")
        row.text = "Bye."
        self.assert_played(self.say("thanks"), self.address)
        row.sound_id = False
        self.assertEqual(self.say("thanks").text, "Bye.")

    def test_sound_is_heard_in_its_language_only(self):
        self.activate("fr_FR")
        self.choose("thanks", lang="fr_FR")
        self.assertIn("Thank you", self.say("thanks").text)
        self.assertIn("Thank you", self.say("thanks", "").text)
        self.assert_played(self.say("thanks", "fr_FR"), self.address)

    def test_sound_needs_neither_a_voice_nor_a_translation(self):
        self.activate("hr_HR", "pl_PL")
        for lang in ("hr_HR", "pl_PL"):
            with self.subTest(lang=lang):
                self.assertIn("Thank you", self.say("thanks", lang).text)
                row = self.choose("thanks", lang=lang)
                self.assertEqual(row.state, "sound")
                self.assert_played(self.say("thanks", lang), self.address)

    def test_english_sound_replaces_the_english_text_of_another_language(self):
        self.activate("hr_HR", "fr_FR")
        self.choose("thanks", self.sound)
        self.assert_played(self.say("thanks", "hr_HR"), self.sound)
        self.assertIn("Merci", self.say("thanks", "fr_FR").text)

    def test_sound_of_another_company_is_not_heard(self):
        self.choose("thanks")
        self.assertIn("Thank you", self.say("thanks", account=self.account_b).text)

    def test_sound_of_another_company_is_refused(self):
        foreign = self.make_sound(company_id=self.company_b.id)
        row = self.row("thanks").sudo()
        with self.assertRaisesRegex(UserError, "company"):
            row.sound_id = foreign

    def test_only_administrators_choose(self):
        row = self.row("thanks")
        for user in (self.ana, self.sue, self.ian, self.eva):
            with (
                self.subTest(user=user.login),
                mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule"),
                self.assertRaises(AccessError),
            ):
                self.as_user(user, row._name).browse(row.id).sound_id = self.sound
        seen = self.as_user(self.ana, "telephony.sound").browse(self.sound.id)
        with self.assertRaises(AccessError):
            seen.read(["sentence_count"])
        self.assertEqual(seen.read(["name"])[0]["name"], "Hello")

    def test_sentences_that_take_no_sound(self):
        """Those with values of the call, and the apology after an error."""
        for row in self.open_table().filtered(lambda row: row.lang == "en_US"):
            reason = PLACEHOLDERS.get(row.code)
            with self.subTest(code=row.code):
                self.assertEqual(row.takes_sound, not reason)
                if not reason:
                    row.sound_id = self.sound
                    continue
                with (
                    self.assertRaisesRegex(ValidationError, f"“{row.display_name}”.*{reason}"),
                    self.env.cr.savepoint(),
                ):
                    row.sound_id = self.sound

    def test_sound_of_a_sentence_that_has_values_now_is_not_played(self):
        """Another release of an addon may add a placeholder."""
        row = self.row("position")
        self.env.cr.execute(
            "UPDATE telephony_sentence SET sound_id = %s WHERE id = %s", (self.sound.id, row.id)
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.assertEqual(self.say("position", position=2).text, "You are number 2 in the queue.")
        self.assertNotEqual(row.state, "sound")

    def test_announcement_of_the_recording_needs_a_file(self):
        sentence = "Choose a sound with a file for “Announcement of the recording”"
        with self.assertRaisesRegex(ValidationError, sentence), self.env.cr.savepoint():
            self.choose("recorded")
        self.choose("recorded", self.sound)
        with self.assertRaisesRegex(ValidationError, sentence):
            self.sound.write({"kind": "url", "url": ADDRESS})

    def test_sound_of_a_sentence_is_kept(self):
        self.activate("fr_FR")
        self.choose("thanks", self.sound, "fr_FR")
        sound = self.as_user(self.max, "telephony.sound").browse(self.sound.id)
        with self.assertRaisesRegex(
            UserError, r"played by “After the message” \(standard sentence, French\)\. Choose"
        ):
            sound.unlink()
        self.assertEqual(sound.sentence_count, 1)
        action = sound.action_view_sentences()
        self.assertEqual(action["context"], {"search_default_sound_id": sound.id})
        self.row("thanks", "fr_FR").sound_id = False
        sound.unlink()

    def test_archived_sound_is_still_played(self):
        self.choose("thanks")
        self.address.active = False
        self.assert_played(self.say("thanks"), self.address)

    def test_status_and_search(self):
        row = self.choose("thanks")
        self.assertEqual(row.state, "sound")
        rows = self.as_user(self.max, "telephony.sentence")
        self.assertEqual(rows.search([("state", "in", ["sound"])]), row)
        row.text = "Bye."
        self.assertEqual(row.state, "sound")
        row.sound_id = False
        self.assertEqual(row.state, "own")

    def test_unused_sounds_need_no_query(self):
        self.say("thanks")
        self.assertEqual(self.account.company_id, self.company_a)
        with self.assertQueryCount(0):
            self.assertIn("Thank you", self.say("thanks").text)

    def test_sounds_of_other_sentences_need_no_query(self):
        self.choose("leave_message")
        self.say("thanks")
        self.assertEqual(self.account.company_id, self.company_a)
        with self.assertQueryCount(0):
            self.assertIn("Thank you", self.say("thanks").text)

    def test_playback_plays_the_sound(self):
        self.env["telephony.agent"].create(
            {"user_id": self.max.id, "company_id": self.company_a.id}
        )
        agent = self.max._get_telephony_agents(self.company_a).sudo()
        uuid = self.as_user(self.max, "telephony.sentence").play(self.choose("thanks").id)["uuid"]
        params = {"CallSid": AGENT_LEG, "From": f"client:{agent.identity}", "uuid": uuid}
        [play, hang_up] = self.ask("client", {**params, "To": "", "CallStatus": "ringing"})
        self.assertEqual((play.text, hang_up.tag), (ADDRESS, "Hangup"))
        # The provider cannot play it: the page hears what callers hear from now on.
        with self.assert_doubted(self.address):
            [say, hang_up] = self.ask_fallback(AGENT_LEG)
        self.assertEqual((say.text[:9], hang_up.tag), ("Thank you", "Hangup"))
        with mute_logger("odoo.addons.crm_telephony.controllers.twilio_webhook"):
            [say, _hang_up] = self.ask_fallback(AGENT_LEG)
        self.assertIn("an error has occurred", say.text)

    def test_simulation_names_the_sound(self):
        self.choose("no_one_available")
        self.flow.step_ids.unlink()
        story = self.simulate_call(self.flow, "", fields.Datetime.now())
        self.assertEqual(story[-1], "The caller hears the sound “Radio”.")

    # === CHECK OF THE FLOW === #

    def test_check_finds_a_language_without_the_sound(self):
        self.activate("fr_FR")
        self.flow.language = "fr_FR"
        self.choose("no_one_available")
        # Not heard in this flow: it has no voicemail, and agents' telephones belong to no flow.
        self.choose("thanks")
        self.choose("caller_hung_up")
        part = "have a sound in another language, but not in French: “No one is available”. "
        self.assertEqual(len(self.find_problems(part)), 1)
        self.assertEqual(self.flow._to_editor()["unsayable"], "fr_FR")
        self.choose("no_one_available", self.sound, "fr_FR")
        self.assertFalse(self.find_problems("have a sound in another language"))
        self.assertIs(self.flow._to_editor()["unsayable"], False)

    def test_sound_completes_a_language_without_translations(self):
        self.activate("pl_PL")
        self.flow.language = "pl_PL"
        self.assertIn("no_one_available", self.flow._get_unsayable())
        self.choose("no_one_available", lang="pl_PL")
        self.assertNotIn("no_one_available", self.flow._get_unsayable())

    def test_check_names_a_sound_that_cannot_be_played(self):
        self.choose("no_one_available")
        self.assertFalse(self.find_problems("Standard sentences:"))
        self.address.failed_at = fields.Datetime.now()
        self.assertEqual(len(self.find_problems("Twilio could not play the sound “Radio” on")), 1)
        self.choose("no_one_available", self.sound)
        self.env["ir.attachment"].search(
            [
                ("res_model", "=", "telephony.sound"),
                ("res_id", "=", self.sound.id),
                ("res_field", "=", "content"),
            ]
        ).raw = OGG
        self.sound.invalidate_recordset()
        self.sound._compute_file()
        self.assertEqual(len(self.find_problems("the sound “Hello” cannot be played on the")), 1)
        self.assertIn("No one is available", self.say("no_one_available").text)


@tagged("post_install", "-at_install")
class TestUnplayableSentences(SentenceSoundCase, QueueStories):
    """The caller hears the text of the sentence, and goes on; the next ones hear it at once."""

    def test_goodbye_is_spoken(self):
        """After the apology and the thanks, the call ends: no step begins anew."""
        box = {"kind": "voicemail", "agent_ids": [Command.set(self.agent_ana.ids)]}
        for index, (code, text) in enumerate(
            (("no_one_available", "No one is available"), ("thanks", "Thank you"))
        ):
            with self.subTest(code=code):
                self.address.failed_at = False
                row = self.choose(code)
                if code == "no_one_available":
                    self.ring.write({"kind": "ring", "not_available_step_id": False})
                else:
                    self.ring.write(box)
                call, verbs = self.call_in(sid=leg_sid(700 + index))
                if code == "thanks":
                    verbs = self.ask(
                        verbs[1].get("action"), {"CallSid": call.provider_call_id, "Digits": "#"}
                    )
                self.assertEqual(self.names(verbs), ["Play", "Hangup"])
                with self.assert_doubted(self.address):
                    verbs = self.ask_fallback(call.provider_call_id)
                self.assertEqual(self.names(verbs), ["Say", "Hangup"])
                self.assertIn(text, verbs[0].text)
                self.assertNotEqual(call.outcome, "failed")
                row.sound_id = False

    def test_request_for_a_message_is_spoken(self):
        self.ring.write({"kind": "voicemail", "agent_ids": [Command.set(self.agent_ana.ids)]})
        self.choose("leave_message")
        self.choose("wait_one_minute", self.sound)
        call, verbs = self.call_in()
        self.assertEqual(self.names(verbs), ["Play", "Record", "Hangup"])
        with self.assert_doubted(self.address):
            verbs = self.ask_fallback(call.provider_call_id)
        # Not heard in a mailbox.
        self.assertFalse(self.sound.failed_at)
        self.assertEqual(self.names(verbs), ["Say", "Record", "Hangup"])
        _call, [say, *_rest] = self.call_in(sid=leg_sid(8))
        self.assertIn("leave a message", say.text)
        self.address.failed_at -= timedelta(minutes=11)
        _call, [play, *_rest] = self.call_in(sid=leg_sid(9))
        self.assertEqual(play.text, ADDRESS)

    def test_english_sound_in_a_flow_of_another_language_is_spoken(self):
        self.activate("hr_HR")
        self.flow.language = "hr_HR"
        self.ring.write({"kind": "voicemail", "agent_ids": [Command.set(self.agent_ana.ids)]})
        self.choose("leave_message")
        call, [play, *_rest] = self.call_in()
        self.assertEqual(play.text, ADDRESS)
        with self.assert_doubted(self.address):
            [say, *_rest] = self.ask_fallback(call.provider_call_id)
        self.assertEqual(say.get("language"), "en-US")

    def test_waiting_caller_keeps_the_place(self):
        """The sentences of a queue: the sound is between the texts."""
        self.choose("wait_under_minute")
        self.queue.say_wait = True
        self.patch(self.registry["telephony.queue"], "_estimate_wait", lambda *args: 20)
        self.go_online(self.agent_ana)
        self.occupy(self.ana)
        for index, reaction in enumerate(("step", "fallback")):
            with self.subTest(reaction):
                self.address.failed_at = False
                call, _verbs = self.call_in(sid=leg_sid(750 + index))
                say, play, _music = self.wait(call)
                self.assertIn("You are number 1", say.text)
                self.assertEqual(play.text, ADDRESS)
                with self.assert_doubted(self.address):
                    if reaction == "step":
                        verbs = self.step(call, QueueResult="error")
                    else:
                        verbs = self.ask_fallback(call.provider_call_id)
                self.assertEqual(self.names(verbs), ["Enqueue"])
                self.assertEqual(call.state, "queued")
                self.tell_leg(call, call.provider_call_id, "completed")

    def test_promise_of_a_callback_is_spoken(self):
        self.choose("queue_callback")
        self.queue.callback_key = "1"
        self.go_online(self.agent_ana)
        self.occupy(self.ana)
        for index, reaction in enumerate(("step", "fallback")):
            with self.subTest(reaction):
                self.address.failed_at = False
                call, _verbs = self.call_in(sid=leg_sid(770 + index), from_=f"+3247055551{index}")
                self.wait(call)
                [play, _hang_up] = self.wait(call, Digits="1")
                self.assertEqual(play.text, ADDRESS)
                with self.assert_doubted(self.address):
                    if reaction == "step":
                        verbs = self.step(call, QueueResult="error")
                    else:
                        verbs = self.ask_fallback(call.provider_call_id)
                self.assertEqual(self.names(verbs), ["Say", "Hangup"])
                self.assertIn("We will call you back", verbs[0].text)
                self.tell_leg(call, call.provider_call_id, "completed", CallDuration="9")

    def test_announcement_of_the_recording_is_repeated(self):
        """The customer joins the conversation, and hears that it is recorded."""
        self.number.recording_mode = "always"
        self.company_a.telephony_announce_incoming = True
        self.choose("recorded", self.sound)
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).accept(call.uuid)
        self.connect_browser(call, self.agent_ana)
        query = {"call": call.uuid}
        verbs = self.ask("join", {"CallSid": call.provider_call_id}, query)
        self.assertEqual(self.names(verbs), ["Play", "Dial"])
        with self.assert_doubted(self.sound):
            verbs = self.ask_fallback(call.provider_call_id)
        self.assertEqual(self.names(verbs), ["Say", "Dial"])
        self.assertEqual(verbs[0].text, "This call is recorded.")
        self.assertEqual(call.state, "in_progress")
        [say] = self.ask("announce", {"CallSid": call.provider_call_id}, query)
        self.assertEqual(say.text, "This call is recorded.")

    def test_caller_gives_up_during_the_sound_of_the_announcement(self):
        """The caller joins the conference after the sound, which lasts five seconds."""
        self.number.recording_mode = "always"
        self.company_a.telephony_announce_incoming = True
        self.choose("recorded", self.sound)
        call = self.talk()
        self.customer(call).joined_at = False
        self.let_time_pass(7)
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="20")
        self.assertEqual((call.state, call.answered_at), ("ended", False))

    def test_telephone_of_an_agent_hears_the_text(self):
        self.agent_ana.write({"call_via": "phone", "phone_number": MOBILE})
        self.choose("caller_hung_up")
        call = self.dial(self.ana)
        self.run_after_commit()
        leg = call.leg_ids.filtered(lambda leg: leg.number == MOBILE)
        query = {"call": call.uuid, "leg": leg.id}
        self.ask("agent_phone", {"CallSid": PHONE_LEG}, query)
        with self.assert_doubted(self.address):
            verbs = self.ask_fallback(PHONE_LEG)
        self.assertEqual(self.names(verbs), ["Gather", "Hangup"])
        self.assertNotEqual(call.state, "ended")

    def test_call_me_now_speaks_what_cannot_be_played(self):
        self.env["telephony.agent"].create(
            {"user_id": self.max.id, "company_id": self.company_a.id, "number_ids": self.number.ids}
        )
        self.choose("test_greeting")
        tests = self.as_user(self.max, "telephony.test.call")
        uuid = tests.start(MOBILE)["uuid"]
        self.run_after_commit()
        params, query = {"CallSid": leg_sid(1001)}, {"test": uuid}
        [gather, _hang_up] = self.ask("call_me", params, query)
        self.assertEqual(self.names(gather), ["Play", "Play", "Say"])
        with self.assert_doubted(self.address):
            [gather, _hang_up] = self.ask("call_me", {**params, **FAILURE}, query)
        self.assertEqual(self.names(gather), ["Say", "Play", "Say"])
        [hang_up] = self.ask("call_me", {**params, **FAILURE}, query)
        self.assertEqual(hang_up.tag, "Hangup")
