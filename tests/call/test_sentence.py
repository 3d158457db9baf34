"""The table of standard sentences: its rows, own wordings, languages and rights."""

from unittest.mock import patch
from xml.etree import ElementTree

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import file_path, mute_logger

from odoo.addons.crm_telephony.tools.language import LONGEST_TEXT

from ..common import TelephonyHttpCase

ATTACKS = ("%(x)s", "%s", "%d", "%(position)d", "%(position)", "%(", "{}", "{position}", "%()s")


class SentenceCase(TelephonyHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.speech = cls.env["telephony.speech"]

    def open_table(self, user=None, lang=None):
        """Open the menu; return the rows."""
        rows = self.as_user(user or self.max, "telephony.sentence")
        rows.action_open(lang)
        return rows.search([])

    def row(self, code, lang="en_US"):
        """Return a row of the table, as the administrator."""
        return self.open_table().filtered(lambda row: row.code == code and row.lang == lang)

    def said(self, response):
        return [(step.text, step.language) for step in response if hasattr(step, "text")]

    def activate(self, *codes):
        for code in codes:
            self.env["res.lang"]._activate_lang(code)


@tagged("post_install", "-at_install")
class TestSentences(SentenceCase):
    def test_every_sentence_of_every_language_is_listed_once(self):
        self.activate("fr_FR", "pl_PL")
        rows = self.open_table()
        codes = set(self.speech._get_sentences()) - {"queue_announcement", "menu_example"}
        langs = {lang for lang, _name in self.env["res.lang"].get_installed()}
        self.assertGreater(len(codes), 15)
        self.assertEqual(
            sorted((row.code, row.lang) for row in rows),
            sorted((code, lang) for code in codes for lang in langs),
        )
        self.assertEqual(self.open_table(), rows)
        places = rows.filtered(lambda row: row.lang == "en_US").mapped("place")
        self.assertEqual(
            places, sorted(places, key=["call", "queue", "voicemail", "recording", "phone"].index)
        )
        self.activate("de_DE")
        new = self.open_table() - rows
        self.assertEqual(set(new.mapped("lang")), {"de_DE"})
        self.assertEqual(len(new), len(codes))

    def test_each_purpose_is_that_of_a_sentence(self):
        self.assertLess(
            set(self.env["telephony.sentence"]._get_purposes()), set(self.speech._get_sentences())
        )

    def test_row_has_the_name_of_its_sentence(self):
        self.assertEqual(self.row("thanks").display_name, "After the message")

    def test_opening_writes_nothing_twice(self):
        self.open_table()
        self.env.flush_all()
        rows = self.as_user(self.max, "telephony.sentence")
        before = self.env.cr.sql_log_count
        rows._add_missing(self.company_a)
        self.assertLess(self.env.cr.sql_log_count - before, 5)

    def test_row_of_a_second_administrator_is_kept(self):
        """Both have seen the empty table: the later one meets rows that exist."""
        row = self.row("thanks")
        row.text = "Bye."
        rows = self.as_user(self.max, "telephony.sentence")
        nothing = self.env["telephony.sentence"].browse()
        with patch.object(
            self.registry["telephony.sentence"], "search_fetch", lambda *args: nothing
        ):
            rows._add_missing(self.company_a)
        self.assertEqual(self.row("thanks"), row)
        self.assertEqual(row.text, "Bye.")

    def test_states_and_voices(self):
        self.activate("fr_FR", "pl_PL", "eu_ES", "ka_GE")
        for lang, state, voice in (
            ("en_US", "standard", "en-US"),
            ("fr_FR", "standard", "fr-FR"),
            ("pl_PL", "untranslated", "en-US"),
            ("eu_ES", "untranslated", "en-US"),
            ("ka_GE", "no_voice", "en-US"),
        ):
            with self.subTest(lang=lang):
                row = self.row("thanks", lang)
                self.assertEqual((row.state, row.voice), (state, voice))
        self.assertIn("Merci", self.row("thanks", "fr_FR").standard_text)
        self.assertIn("Thank you", self.row("thanks", "pl_PL").standard_text)
        own = self.row("thanks", "eu_ES")
        own.text = "Eskerrik asko."
        self.assertEqual((own.state, own.voice), ("own", "Google.eu-ES-Standard-B"))
        rows = self.as_user(self.max, "telephony.sentence")
        found = rows.search([("state", "in", ["untranslated", "no_voice"])])
        self.assertNotIn(own, found)
        self.assertEqual(set(found.mapped("lang")), {"pl_PL", "eu_ES", "ka_GE"})

    def test_languages_in_use_are_those_that_are_heard(self):
        self.activate("fr_FR", "pl_PL", "de_DE", "nl_NL")
        self.company_a.partner_id.lang = "de_DE"
        self.flow.language = "fr_FR"
        self.ana.lang = "nl_NL"
        rows = self.open_table()
        used = rows.search([("is_used", "in", [True])])
        self.assertEqual(set(used.mapped("lang")) - {"en_US"}, {"fr_FR", "de_DE", "nl_NL"})
        self.assertEqual(used, rows.filtered("is_used"))

    def test_own_wording_is_heard_in_its_language_only(self):
        self.activate("fr_FR")
        self.row("thanks", "fr_FR").text = "  Merci, à bientôt.  "
        say = self.speech._say
        self.assertEqual(
            self.said([say(self.account, "fr_FR", "thanks"), say(self.account, "", "thanks")]),
            [
                ("Merci, à bientôt.", "fr-FR"),
                ("Thank you for your message. Goodbye.", "en-US"),
            ],
        )
        self.row("thanks", "fr_FR").text = "   "
        self.assertEqual(
            self.said([say(self.account, "fr_FR", "thanks")]),
            [("Merci pour votre message. Au revoir.", "fr-FR")],
        )

    def test_own_wording_completes_a_language_without_translations(self):
        self.activate("pl_PL")
        self.flow.language = "pl_PL"
        self.row("thanks", "pl_PL").text = "Dziękujemy."
        call, _verbs = self.call_in()
        self.assertEqual(self.said(call._say_thanks()), [("Dziękujemy.", "pl-PL")])

    def test_flow_is_complete_with_own_wordings_of_what_it_says(self):
        """Sentences of queues do not matter to a flow without one."""
        self.activate("pl_PL")
        self.flow.language = "pl_PL"
        self.flow.step_ids.filtered(lambda step: step.kind == "queue").unlink()
        problem = "not translated into Polish"
        self.assertIn(problem, " ".join(self.flow._get_problems()))
        self.assertEqual(self.flow._to_editor()["unsayable"], "pl_PL")
        missing = self.flow._get_unsayable()
        self.assertIn("error", missing)
        self.assertNotIn("position", missing)
        self.assertNotIn("phone_offer", missing)
        for code in missing:
            self.row(code, "pl_PL").text = "Po polsku."
        self.assertNotIn(problem, " ".join(self.flow._get_problems()))
        self.assertIs(self.flow._to_editor()["unsayable"], False)

    def test_table_opens_at_the_language_of_a_flow(self):
        self.activate("pl_PL")
        action = self.as_user(self.max, "telephony.sentence").action_open("pl_PL")
        self.assertEqual(action["context"], {"search_default_lang": "pl_PL"})
        for lang in (1, [], {}, True):
            with self.subTest(lang=lang), self.assertRaises(UserError):
                self.as_user(self.max, "telephony.sentence").action_open(lang)

    def test_settings_lead_to_the_announcement(self):
        settings = self.as_user(self.max, "res.config.settings")
        action = settings.action_telephony_announcement()
        self.assertEqual(action["context"], {"search_default_code": "recorded"})
        self.assertTrue(self.env["telephony.sentence"].search_count([("code", "=", "recorded")]))

    # === PLACEHOLDERS === #

    def test_mistaken_placeholders_are_refused(self):
        position, thanks = self.row("position"), self.row("thanks")
        for text in ATTACKS:
            for row, reason in ((position, r"%\(position\)s"), (thanks, "no placeholders")):
                with (
                    self.subTest(text=text, code=row.code),
                    self.assertRaisesRegex(ValidationError, reason),
                    self.env.cr.savepoint(),
                ):
                    row.text = f"You are {text}."
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            thanks.text = "%(position)s"
        with self.assertRaisesRegex(ValidationError, "too long"), self.env.cr.savepoint():
            thanks.text = "x" * (LONGEST_TEXT + 1)

    def test_percent_signs_are_text(self):
        row = self.row("position")
        for text in (
            "100 %",
            "50% of %(position)s",
            "%",
            "%%",
            "Number %(position)s, %(position)s",
        ):
            with self.subTest(text=text):
                row.text = text
                say = self.speech._say(self.account, "en_US", "position", position=7)
                self.assertEqual(say.text, text.replace("%(position)s", "7"))

    def test_stored_text_that_no_longer_fits_falls_back(self):
        """Another release of an addon may drop a placeholder: the caller hears the standard."""
        for text in (*ATTACKS, "%(position)s"):
            row = self.row("thanks")
            self.env.cr.execute(
                "UPDATE telephony_sentence SET text = %s WHERE id = %s", (text, row.id)
            )
            self.env.invalidate_all()
            self.env.registry.clear_cache()
            with self.subTest(text=text):
                say = self.speech._say(self.account, "en_US", "thanks")
                standard = "Thank you for your message. Goodbye."
                expected = standard if text in ("%(x)s", "%(position)s") else text
                self.assertEqual(say.text, expected)

    def test_flow_in_a_deactivated_language_still_speaks(self):
        self.activate("fr_FR", "pl_PL")
        self.row("thanks", "pl_PL").text = "Dziękujemy."
        self.flow.language = "fr_FR"
        say = self.speech._say
        for code in ("fr_FR", "pl_PL"):
            self.env["res.lang"]._lang_get(code).active = False
        self.assertEqual(
            self.said([say(self.account, "fr_FR", "thanks"), say(self.account, "pl_PL", "thanks")]),
            [("Thank you for your message. Goodbye.", "en-US"), ("Dziękujemy.", "pl-PL")],
        )
        self.assertTrue(self.flow._get_unsayable())
        rows = self.env["telephony.sentence"].search([("lang", "=", "fr_FR")])
        self.assertEqual(set(rows.mapped("state")), {"untranslated"})

    def test_flow_in_a_deactivated_language_is_copied_and_checked(self):
        self.activate("fr_FR", "de_DE")
        german = self.flow.copy({"language": "de_DE"})
        self.flow.language = "fr_FR"
        self.env["res.lang"]._lang_get("fr_FR").active = False
        flows = self.as_user(self.max, "telephony.flow")
        copies = flows.browse((self.flow + german).ids).copy()
        self.assertEqual(copies.mapped("language"), ["en_US", "de_DE"])
        self.assertEqual(len(copies[0].step_ids), len(self.flow.step_ids))
        self.assertTrue(flows.browse(self.flow.id)._to_editor()["steps"])

    def test_calls_of_a_company_in_a_deactivated_language_are_kept(self):
        """Z30: a failing call, and a missed one, are logged in English."""
        self.activate("fr_FR")
        contact = self.company_a.partner_id
        contact.write({"lang": "fr_FR", "active": False})
        self.env["res.lang"]._lang_get("fr_FR").active = False
        calls = self.registry["telephony.call"]
        with (
            patch.object(calls, "_run_flow", side_effect=ValueError("broken addon")),
            mute_logger("odoo.addons.crm_telephony"),
        ):
            call, verbs = self.call_in()
        self.assertEqual([verb.tag for verb in verbs], ["Say", "Hangup"])
        self.assertEqual((call.state, call.outcome), ("ended", "failed"))
        self.assertIn("unexpected error", call.failure_reason)
        self.assertIn("Incoming call", call.message_id.body)

    def test_row_of_a_removed_language_is_kept_but_not_listed(self):
        self.activate("pl_PL")
        row = self.row("thanks", "pl_PL")
        row.text = "Dziękujemy."
        polish = self.env["res.lang"]._lang_get("pl_PL")
        polish.active = False
        rows = self.as_user(self.max, "telephony.sentence")
        self.assertNotIn(row, rows.search(rows.action_open()["domain"]))
        polish.active = True
        self.assertIn(row, rows.search(rows.action_open()["domain"]))
        self.assertEqual(row.text, "Dziękujemy.")

    def test_row_of_a_removed_addon_is_harmless(self):
        row = self.row("thanks")
        self.env.cr.execute(
            "UPDATE telephony_sentence SET code = 'gone', text = 'x' WHERE id = %s", (row.id,)
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.assertFalse(row.standard_text)
        rows = self.as_user(self.max, "telephony.sentence")
        self.assertNotIn(row, rows.search(rows.action_open()["domain"]))
        row.text = "%(anything)s"
        self.assertIn("Thank", self.speech._say(self.account, "en_US", "thanks").text)

    def test_markup_is_spoken_as_text(self):
        text = "Wait & <Hangup/><Say>injected</Say> \x07 ]]> “now”."
        self.row("no_one_available").text = text
        self.flow.step_ids.unlink()
        _call, verbs = self.call_in()
        self.assertEqual(self.names(verbs), ["Say", "Hangup"])
        self.assertEqual(verbs[0].text, text.replace("\x07", " "))
        rendered = self.account._render([self.speech._say(self.account, "", "no_one_available")])
        self.assertEqual(len(ElementTree.fromstring(rendered)), 1)

    # === WEBHOOKS === #

    def test_caller_of_a_queue_hears_the_own_wording(self):
        queue = self.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": self.company_a.id,
                "say_position": True,
                "agent_ids": [Command.set(self.agent_ana.ids)],
            }
        )
        self.ring.write({"kind": "queue", "queue_id": queue.id})
        self.row("position").text = "Place %(position)s."
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in()
        call.write(
            {"queue_id": queue.id, "queued_at": fields.Datetime.now(), "announced_at": False}
        )
        self.assertEqual(
            self.said(call._make_announcement(fields.Datetime.now())), [("Place 1.", "en-US")]
        )

    def test_own_wordings_need_no_query(self):
        self.row("thanks").text = "Bye."
        account = self.account
        self.speech._say(account, "en_US", "thanks")
        self.assertEqual(account.company_id, self.company_a)
        with self.assertQueryCount(0):
            self.assertEqual(self.speech._say(account, "en_US", "thanks").text, "Bye.")

    # === COMPANIES AND ROLES === #

    def test_wording_of_another_company_is_not_heard(self):
        self.row("thanks").text = "Bye from Alpha."
        self.assertIn("Thank you", self.speech._say(self.account_b, "en_US", "thanks").text)
        rows = self.as_user(self.max, "telephony.sentence")
        foreign = self.env["telephony.sentence"].create(
            {
                "company_id": self.company_b.id,
                "lang": "en_US",
                "code": "thanks",
                "place": "voicemail",
            }
        )
        self.assertNotIn(foreign, rows.search([]))
        with mute_logger("odoo.addons.base.models.ir_rule"), self.assertRaises(AccessError):
            rows.browse(foreign.id).text = "Mine now."

    def test_only_administrators_open_the_table(self):
        for user in (self.ana, self.sue, self.ian):
            with (
                self.subTest(user=user.login),
                mute_logger("odoo.addons.base.models.ir_model"),
                self.assertRaises(AccessError),
            ):
                self.open_table(user)

    def test_keys_of_a_row_cannot_be_changed(self):
        row = self.row("thanks")
        for values in ({"code": "error"}, {"lang": "fr_FR"}, {"company_id": self.company_b.id}):
            with self.subTest(values=values), self.assertRaises(UserError):
                row.write(values)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
            row.unlink()

    def test_company_is_deleted_with_its_rows(self):
        company = self.env["res.company"].create({"name": "Gamma"})
        self.env["telephony.sentence"]._add_missing(company)
        company.unlink()
        self.assertFalse(
            self.env["telephony.sentence"].search_count([("company_id", "=", company.id)])
        )

    # === UPGRADE === #

    def migrate(self):
        path = file_path("crm_telephony/migrations/19.0.1.6.0/post-sentences.py")
        load_script(path, "post-sentences").migrate(self.env.cr, "19.0.1.5.0")
        self.env.invalidate_all()

    def test_upgrade_keeps_the_announcement_in_each_language_in_which_it_was_spoken(self):
        self.activate("fr_FR", "de_DE")
        self.company_a.partner_id.lang = "de_DE"
        self.flow.language = "fr_FR"
        self.env.flush_all()
        self.migrate()  # the column is gone
        self.assertFalse(self.env["telephony.sentence"].search([("text", "!=", False)]))
        self.env.cr.execute("ALTER TABLE res_company ADD COLUMN telephony_announcement varchar")
        self.env.cr.execute(
            "UPDATE res_company SET telephony_announcement = %s WHERE id = %s",
            ("Nous enregistrons {tout}.", self.company_a.id),
        )
        self.migrate()
        rows = self.env["telephony.sentence"].search([("text", "!=", False)])
        self.assertLessEqual({"fr_FR", "de_DE"}, set(rows.mapped("lang")))
        self.assertEqual(rows.company_id, self.company_a)
        self.assertEqual(set(rows.mapped("code")), {"recorded"})
        call, _verbs = self.call_in()
        self.assertEqual(
            self.said(call._get_recording_announcement()), [("Nous enregistrons {tout}.", "fr-FR")]
        )
        rows.filtered(lambda row: row.lang == "fr_FR").text = "Autre."
        self.migrate()
        self.assertEqual(self.said(call._get_recording_announcement()), [("Autre.", "fr-FR")])
