from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_datetime


class TelephonyFlow(models.Model):
    """The problems of a flow."""

    _inherit = "telephony.flow"

    problem_html = fields.Html("Problems", compute="_compute_problem_html", sanitize=False)

    @api.depends_context("lang")
    def _compute_problem_html(self):
        for flow in self:
            problems = flow._get_problems()
            flow.problem_html = (
                Markup("<ul class='mb-0'>%s</ul>")
                % Markup().join(Markup("<li>%s</li>") % problem for problem in problems)
                if problems
                else False
            )

    def _get_problems(self):
        """Return the problems that would surprise a caller or the author of the flow.

        Note: `self.ensure_one()`

        :return: the problems, as whole sentences
        :rtype: list(str)
        """
        return [sentence for _steps, sentence in self._get_located_problems()]

    def _get_located_problems(self):
        """Return the problems, each with the steps that it is about.

        Note: `self.ensure_one()`

        :return: pairs of steps (empty: the whole flow) and a whole sentence
        :rtype: list(tuple)
        """
        self.ensure_one()
        nowhere = self.step_ids.browse()
        if not self.step_ids:
            sentence = self.env._("The flow has no steps: callers hear that no one is available.")
            return [(nowhere, sentence)]
        problems = []
        if not self.active and self.number_ids:
            sentence = self.env._(
                "The flow is archived, but it still handles calls to %(numbers)s.",
                numbers=", ".join(self.number_ids.mapped("display_name")),
            )
            problems.append((nowhere, sentence))
        reached = self._get_reached()
        for step in self.step_ids.sorted():
            if step not in reached:
                sentence = self.env._("“%(step)s” is never reached.", step=step.name)
                problems.append((step, sentence))
            problems += [(step, sentence) for sentence in step._get_problems()]
        problems += [(nowhere, sentence) for sentence in self._get_voice_problems()]
        problems += [(nowhere, sentence) for sentence in self._get_sentence_problems()]
        return problems + self._get_loops()

    def _get_voice_problems(self):
        """Return a sentence if callers would not hear the language of this flow everywhere."""
        # sudo: telephony.account - only the languages of its provider
        account_sudo = self.env["telephony.account"].sudo()._get_of_company(self.company_id)
        if not account_sudo:
            return []
        language = self._get_language_name()
        if account_sudo._get_spoken_lang(self.language) == self.language:
            return (
                [
                    self.env._(
                        "Some standard sentences of this flow are not translated into "
                        "%(language)s: callers will hear them in English. Write them in the table "
                        "of standard sentences.",
                        language=language,
                    )
                ]
                if self._get_unsayable()
                else []
            )
        steps = self.step_ids.sorted().filtered(lambda step: step._is_spoken())
        if not steps:
            return [
                self.env._(
                    "Twilio has no voice for %(language)s. The standard sentences of the phone, "
                    "e.g. the position in a queue, are spoken in English.",
                    language=language,
                )
            ]
        return [
            self.env._(
                "Twilio has no voice for %(language)s, so callers would hear an English voice. "
                "Upload a sound in place of the text of “%(steps)s”.",
                language=language,
                steps="”, “".join(steps.mapped("name")),
            )
        ]

    def _get_sentence_problems(self):
        """Yield what is wrong with the sounds of the standard sentences of this flow."""
        missing = self._get_soundless()
        if missing:
            names = dict(self.env["telephony.sentence"]._select_codes())
            yield self.env._(
                "These standard sentences have a sound in another language, but not in "
                "%(language)s: “%(sentences)s”. Callers of this flow hear a voice. Choose the "
                "sounds in the table of standard sentences.",
                language=self._get_language_name(),
                sentences="”, “".join(names[code] for code in missing),
            )
        speech = self.env["telephony.speech"]
        sounds = speech._get_sounds_of(self.company_id, self.language, self._get_places())
        for sound in sounds.filtered(lambda sound: not sound._is_playable()):
            yield self.env._(
                "Standard sentences: the sound “%(sound)s” cannot be played on the phone. Record "
                "or upload it again.",
                sound=sound.name,
            )
        for sound in sounds.filtered(lambda sound: sound._has_failed()):
            yield self.env._(
                "Standard sentences: Twilio could not play the sound “%(sound)s” on %(moment)s. "
                "Listen to it in the audio library.",
                sound=sound.name,
                moment=format_datetime(self.env, sound.failed_at),
            )

    def _get_language_name(self):
        name = dict(self.env["res.lang"].get_installed()).get(self.language, self.language)
        # The name is followed by that in the language itself.
        return name.partition(" / ")[0]

    def _get_places(self):
        """Return where callers of this flow hear standard sentences.

        :return: keys of `telephony.sentence.place`
        :rtype: set(str)
        """
        # A call may be recorded, and end with an error, in any flow.
        return {"call", "recording", *self.step_ids.mapped("kind")}

    def _get_unsayable(self):
        """Return the codes of the standard sentences that callers of this flow hear in English.

        :rtype: list(str)
        """
        speech = self.env["telephony.speech"]
        return self._filter_heard(speech._get_untranslated(self.company_id, self.language))

    def _get_soundless(self):
        """Return the codes of the standard sentences with sounds in other languages only.

        :rtype: list(str)
        """
        found = self.env["telephony.speech"]._get_sound_ids(self.company_id.id)
        codes = dict.fromkeys(code for _lang, code in found)
        return self._filter_heard(code for code in codes if (self.language, code) not in found)

    def _lacks_sentences(self):
        """Return whether the table of standard sentences has something to add for this flow."""
        return bool(self._get_unsayable() or self._get_soundless())

    def _filter_heard(self, codes):
        purposes, places = self.env["telephony.sentence"]._get_purposes(), self._get_places()
        return [code for code in codes if code in purposes and purposes[code][0] in places]

    def _get_loops(self):
        """Return the steps and a sentence for each loop that an idle caller would not leave."""
        found, known = [], set()
        for step in self.step_ids.sorted():
            loop = step._get_loop()
            if loop and frozenset(loop.ids) not in known:
                known.add(frozenset(loop.ids))
                sentence = self.env._(
                    "“%(steps)s”: if the caller does nothing, the flow loops here until the "
                    "call ends.",
                    steps="” → “".join(loop.mapped("name")),
                )
                found.append((loop, sentence))
        return found

    def _get_reached(self):
        """Return the steps that a call can reach."""
        reached = todo = self._get_first_step()
        while todo:
            found = todo.browse().union(
                *(target for step in todo for _name, _label, target in step._get_exits())
            )
            todo = found - reached
            reached |= todo
        return reached
