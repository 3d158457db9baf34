"""Every text of the addon can be translated, is translated, and appears in the language."""

import ast
import logging
import re
from pathlib import Path

import polib

from odoo import fields
from odoo.fields import Command
from odoo.tests import TransactionCase, tagged
from odoo.tools import LazyTranslate
from odoo.tools.misc import file_path
from odoo.tools.translate import code_translations

from odoo.addons.crm_telephony.providers.base import ProviderError
from odoo.addons.crm_telephony.providers.voice_response import Say

from .common import TelephonyHttpCase

CHINESE = "zh_CN"
#: Languages with, at least, everything that callers hear and that the web client shows: by the name
#: of the file, the code that Odoo installs.
LANGUAGES = {
    "ar": "ar_001",
    "de": "de_DE",
    "es": "es_ES",
    "fr": "fr_FR",
    "it": "it_IT",
    "ja": "ja_JP",
    "nl": "nl_NL",
    "pt_BR": "pt_BR",
}
#: Placeholders, tags with their attributes, and the words that stand for values in a template.
MARKS = re.compile(r"%\(\w+\)[-+.\d]*[a-z]|%[sd]|</?\w[^>]*>|\{\{.*?\}\}|\$\{.*?\}")
ADDON = Path(file_path("crm_telephony/__manifest__.py")).parent

#: Letters of the languages that are not written in Latin ones, by the name of the file.
SCRIPTS = {
    "ar": "[\u0600-\u06ff]",
    "ja": "[\u3040-\u30ff\u4e00-\u9fff]",
    CHINESE: "[\u3040-\u30ff\u4e00-\u9fff]",
}

_lt = LazyTranslate(__name__)
#: Texts that are the same as in English, by the name of the file.
SAME = {
    name: set(texts.split("; "))
    for name, texts in {
        "ar": "UUID",
        "de": (
            "Administrator; Avatar; Browser; Code; Dashboard; Echo; Jitter; Jitter (ms); "
            "Lead; Mailbox; Name; Offline; Online; Pause; Position %(position)s; Problem; "
            "Revision; Status; Supervisor; Support; System; Team; UUID"
        ),
        "es": "Avatar; Error; Individual; Lead; Local; Supervisor; UUID",
        "fr": (
            "Application; Avatar; Code; Condition; Configuration; Consultation; Contact; "
            "Contacts; Date; Documentation; Extension; Image 128; Local; Menu; Message; "
            "Microphone; Microphone %s; Mobile; Mode; Note; Notifications; Pause; Position "
            "%(position)s; Signature; Silence (s); Supervision; Type; UUID; minutes"
        ),
        "it": (
            "Account; Avatar; Browser; Dashboard; Follow-up; Jitter; Jitter (ms); Lead; "
            "Menu; Record; UUID"
        ),
        "ja": "UUID",
        "nl": (
            "%(name)s is offline.; Account; Avatar; Browser; Code; Contact; Dashboard; "
            "Deadline; Echo; Flow; Jitter; Jitter (ms); Label; Lead; Menu; Model; Offline; "
            "Online; Open; Provider; Recent; Record; Status; Supervisor; Team; Type; UUID; "
            "Voicemail; Week"
        ),
        "pt_BR": "Avatar; Jitter; Jitter (ms); Lead; Local; Menu; Status; Supervisor; UUID",
    }.items()
}


def read_texts(name):
    """Return the entries of a file in i18n/ by their English text."""
    return {entry.msgid: entry for entry in polib.pofile(str(ADDON / "i18n" / name))}


@tagged("post_install", "-at_install")
class TestTranslationFiles(TransactionCase):
    """The files themselves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = read_texts("crm_telephony.pot")
        cls.chinese = read_texts(f"{CHINESE}.po")

    def test_every_text_is_translated(self):
        self.assertEqual(set(self.chinese), set(self.template))
        missing = [text for text, entry in self.chinese.items() if not entry.msgstr.strip()]
        self.assertEqual(missing, [])

    def test_translations_keep_placeholders_and_tags(self):
        for text, entry in self.chinese.items():
            with self.subTest(text=text):
                self.assertEqual(sorted(MARKS.findall(text)), sorted(MARKS.findall(entry.msgstr)))
                self.assertFalse(entry.fuzzy or entry.obsolete)

    def test_sentences_end_as_chinese_ones(self):
        for text, entry in self.chinese.items():
            if re.search(r"[a-z]\.$", text) and not text.startswith("e.g. "):
                with self.subTest(text=text):
                    self.assertRegex(entry.msgstr, r"[。？！]$")

    def test_words_are_written_in_the_script_of_the_language(self):
        """A text of a European language in the file of another script is found."""
        for name, letters in SCRIPTS.items():
            for text, entry in read_texts(f"{name}.po").items():
                words = re.search(r"[A-Za-z]{4}", MARKS.sub("", entry.msgstr))
                if words and entry.msgstr != text:
                    with self.subTest(language=name, text=text):
                        self.assertRegex(entry.msgstr, letters)

    def test_every_python_text_can_be_exported(self):
        """The export finds literals only: `_(variable)` would stay English for ever."""
        lazy = {("telephony_account_setup.py", "sentence"), ("telephony_call_timeline.py", "text")}
        lazy.add(("telephony_sentence.py", "label"))
        texts = set()
        for path in ADDON.glob("*/**/*.py"):
            if path.relative_to(ADDON).parts[0] not in ("models", "controllers", "wizard"):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name not in ("_", "_lt"):
                    continue
                if (path.name, ast.unparse(node.args[0])) in lazy:
                    continue
                with self.subTest(file=path.name, line=node.lineno):
                    self.assertIsInstance(ast.literal_eval(node.args[0]), str)
                    texts.add(node.args[0].value)
        self.assertGreater(len(texts), 100)
        self.assertEqual(sorted(texts - set(self.template)), [])


@tagged("post_install", "-at_install")
class TestLanguages(TelephonyHttpCase):
    """The eight languages that have at least what is spoken and what the web client shows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        english = cls.env["telephony.speech"].with_context(lang="en_US")
        translate = english.env._
        cls.spoken = {translate(text) for text in english._get_sentences().values()}
        client = "/crm_telephony/static/src/"
        cls.needed = cls.spoken | {
            text
            for text, entry in read_texts("crm_telephony.pot").items()
            if any(client in place for place, _line in entry.occurrences)
        }

    def activate(self, code):
        self.env["res.lang"]._activate_lang(code)

    def said(self, response):
        """Return the texts of a response with the languages of their voices."""
        return [(step.text, step.language) for step in response if hasattr(step, "text")]

    def test_needed_texts_are_translated(self):
        self.assertGreater(len(self.spoken), 15)
        self.assertGreater(len(self.needed), 400)
        for name in LANGUAGES:
            entries = read_texts(f"{name}.po")
            translated = {text for text, entry in entries.items() if entry.msgstr.strip()}
            with self.subTest(language=name):
                self.assertEqual(sorted(self.needed - translated), [])

    def test_translations_keep_placeholders_and_tags(self):
        for name in LANGUAGES:
            for text, entry in read_texts(f"{name}.po").items():
                with self.subTest(language=name, text=text):
                    self.assertFalse(entry.fuzzy or entry.obsolete)
                    self.assertEqual(
                        sorted(MARKS.findall(text)),
                        sorted(MARKS.findall(entry.msgstr or text)),
                    )

    def test_only_words_that_are_the_same_stay_english(self):
        """A text that was copied instead of translated is found; a sentence is never the same."""
        for name in LANGUAGES:
            same = {
                text
                for text, entry in read_texts(f"{name}.po").items()
                if entry.msgstr == text and re.search(r"[A-Za-z]{4}", MARKS.sub("", text))
            }
            with self.subTest(language=name):
                self.assertEqual(sorted(same - SAME[name]), [])
                self.assertFalse(same & self.spoken)

    def test_numbers_in_arabic_sentences_are_isolated(self):
        """The words around a number reverse its groups, unless Unicode isolates separate them.

        A name has them too: callers without one are shown with their number.
        """
        inserted = re.compile(r"(.?)(%\((?:name|names|number|numbers|target)\)s)(.?)")
        for text, entry in read_texts("ar.po").items():
            for before, mark, after in inserted.findall(entry.msgstr):
                with self.subTest(text=text):
                    isolated = (before, after) == ("\u2068", "\u2069")
                    self.assertEqual(isolated, text not in self.spoken, mark)

    def test_catalogues_are_loaded_by_odoo(self):
        """Odoo reads each file without a warning, and finds all of it."""
        module = self.env["ir.module.module"].search([("name", "=", "crm_telephony")])
        for name, code in LANGUAGES.items():
            self.activate(code)
            with self.subTest(language=name), self.assertNoLogs("odoo", logging.INFO + 1):
                module._update_translations(code)
                speech = self.env["telephony.speech"]
                self.assertEqual(speech._get_untranslated(self.company_a, code), [])
                entries = read_texts(f"{name}.po")
                web = code_translations.get_web_translations("crm_telephony", code)["messages"]
                shown = {message["id"]: message["string"] for message in web}
                text = "Your phone hung up."
                self.assertEqual(shown[text], entries[text].msgstr)

    def test_french_caller_hears_french(self):
        self.activate("fr_FR")
        self.flow.language = "fr_FR"
        self.ring.write({"kind": "voicemail", "message": False})
        self.ring.agent_ids = [Command.set(self.agent_ana.ids)]
        call, verbs = self.call_in()
        self.assertEqual(verbs[0].get("language"), "fr-FR")
        self.assertIn("Veuillez laisser un message", verbs[0].text)
        self.assertEqual(
            self.said(call._say_thanks()), [("Merci pour votre message. Au revoir.", "fr-FR")]
        )
        self.assertEqual(
            self.said(call._get_recording_announcement()),
            [("Cet appel est enregistré.", "fr-FR")],
        )

    def test_belgian_caller_hears_the_catalogue_of_french(self):
        self.activate("fr_BE")
        self.flow.language = "fr_BE"
        call, _verbs = self.call_in()
        self.assertEqual(
            self.said(call._say_thanks()), [("Merci pour votre message. Au revoir.", "fr-BE")]
        )

    def test_untranslated_sentences_have_an_english_voice(self):
        """English words are not spoken by a Polish voice; the administrator's own words are."""
        self.activate("pl_PL")
        self.flow.language = "pl_PL"
        queue = self.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": self.company_a.id,
                "announcement": "Proszę czekać.",
                "say_position": True,
                "agent_ids": [Command.set(self.agent_ana.ids)],
            }
        )
        self.ring.write({"kind": "queue", "queue_id": queue.id})
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in()
        call.write(
            {"queue_id": queue.id, "queued_at": fields.Datetime.now(), "announced_at": False}
        )
        self.assertEqual(
            self.said(call._make_announcement(fields.Datetime.now())),
            [("Proszę czekać.", "pl-PL"), ("You are number 1 in the queue.", "en-US")],
        )
        self.assertEqual(
            self.said(call._say_thanks()), [("Thank you for your message. Goodbye.", "en-US")]
        )

    def test_one_voice_speaks_without_a_break(self):
        join = self.env["telephony.speech"]._join
        self.assertEqual(join([]), [])
        self.assertEqual(
            join([Say("A.", "fr-FR"), Say("B.", "fr-FR"), Say("C.", "en-US"), Say("D.", "fr-FR")]),
            [Say("A. B.", "fr-FR"), Say("C.", "en-US"), Say("D.", "fr-FR")],
        )

    def test_check_reports_a_language_without_translations(self):
        expected = "Some standard sentences of this flow are not translated into Polish"
        for code in ("pl_PL", "en_GB", "es_MX", *LANGUAGES.values(), CHINESE):
            self.activate(code)
            self.flow.language = code
            with self.subTest(language=code):
                problems = " ".join(self.flow._get_problems())
                self.assertEqual(expected in problems, code == "pl_PL")
                self.assertEqual("standard sentences" in problems, code == "pl_PL")

    def test_one_missing_sentence_is_reported(self):
        """A catalogue of another addon, or an older one, may lack a single sentence."""
        self.activate("fr_FR")
        self.flow.language = "fr_FR"
        speech = self.env.registry["telephony.speech"]
        sentences = {**self.env["telephony.speech"]._get_sentences(), "new": _lt("Nothing yet.")}
        self.patch(speech, "_get_sentences", lambda self: sentences)
        self.assertNotIn("not translated", " ".join(self.flow._get_problems()))
        purposes = {**self.env["telephony.sentence"]._get_purposes(), "new": ("call", _lt("New"))}
        self.patch(self.env.registry["telephony.sentence"], "_get_purposes", lambda self: purposes)
        self.assertIn("not translated into French", " ".join(self.flow._get_problems()))

    def test_templates_speak_the_language_of_the_flow(self):
        """The administrator's own language does not matter to the caller."""
        self.activate("fr_FR")
        flow = self.env["telephony.flow"].create(
            {"name": "Menu", "company_id": self.company_a.id, "language": "fr_FR"}
        )
        flow.action_template_menu()
        [menu] = flow.step_ids.filtered(lambda step: step.kind == "menu")
        self.assertIn("appuyez sur 1", menu.message)
        self.assertIn("rester en ligne", flow.step_ids.queue_id.announcement)


@tagged("post_install", "-at_install")
class TestChinese(TelephonyHttpCase):
    """The texts that users see and hear when the language is installed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang(CHINESE)
        module = cls.env["ir.module.module"].search([("name", "=", "crm_telephony")])
        module._update_translations(CHINESE)

    def said(self, response):
        """Return the spoken texts of a response."""
        return [step.text for step in response if hasattr(step, "text")]

    def test_views_fields_and_menus_are_chinese(self):
        chinese = self.env(context={**self.env.context, "lang": CHINESE})
        menu = chinese.ref("crm_telephony.telephony_menu_root")
        self.assertEqual(menu.name, "电话")
        arch = chinese["telephony.account"].get_view(view_type="form")["arch"]
        self.assertIn("同步号码", arch)
        self.assertNotIn("Synchronize Numbers", arch)
        labels = chinese["telephony.agent"].fields_get(["call_via"])["call_via"]
        self.assertEqual(labels["string"], "打电话通过")
        self.assertEqual(dict(labels["selection"])["browser"], "浏览器")

    def test_errors_are_chinese(self):
        agent = self.agent_ana.with_context(lang=CHINESE)
        self.assertEqual(agent.env._("You are already in a call."), "您已在通话中。")
        error = self.account.with_context(lang=CHINESE)._explain(
            ProviderError("The number is taken.", "number_taken")
        )
        self.assertEqual(error, "此号码刚刚被他人购买。请选择其他号码。")

    def test_softphone_is_chinese(self):
        """Texts of templates and of scripts reach the browser."""
        self.authenticate(None, None)
        answer = self.url_open(
            f"/web/webclient/translations?mods=crm_telephony&lang={CHINESE}"
        ).json()
        messages = {
            message["id"]: message["string"]
            for message in answer["modules"]["crm_telephony"]["messages"]
        }
        self.assertEqual(messages["Make calls via"], "打电话通过")
        self.assertEqual(messages["Follow-up task"], "后续任务")
        self.assertEqual(messages["Calls in conversation"], "对话中的电话")

    def test_callers_hear_the_language_of_the_flow(self):
        """Z03: the flow's own texts are in its language, whatever language the office speaks."""
        self.flow.language = CHINESE
        self.ring.write({"kind": "voicemail", "message": False})
        self.ring.agent_ids = [Command.set(self.agent_ana.ids)]
        call, verbs = self.call_in()
        self.assertEqual(verbs[0].text, "目前无人可以接听。请在提示音后留言。")
        self.assertEqual(verbs[0].get("language"), "zh-CN")
        self.assertEqual(self.said(call._say_thanks()), ["感谢您的留言。再见。"])
        self.assertEqual(
            self.said(call._end_with_apology()), ["目前无人可以接听，请稍后再拨。再见。"]
        )

    def test_waiting_callers_hear_their_position_in_chinese(self):
        self.flow.language = CHINESE
        queue = self.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": self.company_a.id,
                "say_position": True,
                "agent_ids": [Command.set(self.agent_ana.ids)],
            }
        )
        self.ring.write({"kind": "queue", "queue_id": queue.id})
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in()
        call.write(
            {"queue_id": queue.id, "queued_at": fields.Datetime.now(), "announced_at": False}
        )
        self.assertIn(
            "您在队列中排第 1 位。", self.said(call._make_announcement(fields.Datetime.now()))
        )

    def test_custom_phone_speaks_the_language_of_its_user(self):
        """Z06: the custom phone speaks the agent's own language."""
        self.ana.lang = CHINESE
        self.agent_ana.write({"call_via": "phone", "phone_number": "+32470999888"})
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in()
        [question, _end] = call._ask_phone(call._get_agent_legs(), self.agent_ana)
        self.assertIn("来电。按 1 接听。", question.prompt[0].text)
