from markupsafe import Markup

from odoo import api, fields, models


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
        return problems + self._get_loops()

    def _get_voice_problems(self):
        """Return a sentence if callers would not hear the language of this flow everywhere."""
        # sudo: telephony.account - only the languages of its provider
        account_sudo = self.env["telephony.account"].sudo()._get_of_company(self.company_id)
        if not account_sudo:
            return []
        name = dict(self.env["res.lang"].get_installed()).get(self.language, self.language)
        # The name is followed by that in the language itself.
        language = name.partition(" / ")[0]
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

    def _get_unsayable(self):
        """Return the codes of the standard sentences that callers of this flow hear in English.

        :rtype: list(str)
        """
        kinds = set(self.step_ids.mapped("kind"))
        # A call may be recorded, and end with an error, in any flow.
        places = {"call", "recording", *kinds}
        purposes = self.env["telephony.sentence"]._get_purposes()
        return [
            code
            for code in self.env["telephony.speech"]._get_untranslated(
                self.company_id, self.language
            )
            if code in purposes and purposes[code][0] in places
        ]

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
