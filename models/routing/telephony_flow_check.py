from markupsafe import Markup

from odoo import api, fields, models


class TelephonyFlow(models.Model):
    """The problems of a flow, and its diagram."""

    _inherit = "telephony.flow"

    problem_html = fields.Html("Problems", compute="_compute_problem_html", sanitize=False)
    overview_html = fields.Html("Overview", compute="_compute_overview_html", sanitize=False)

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

    @api.depends_context("lang")
    def _compute_overview_html(self):
        for flow in self:
            flow.overview_html = flow._draw(flow._get_first_step(), set()) or False

    def _draw(self, step, seen):
        """Return a step and its exits as a nested list, with each step expanded once."""
        if not step:
            return Markup()
        kinds = dict(step._fields["kind"]._description_selection(self.env))
        line = Markup("<strong>%s</strong> <span class='text-muted'>%s</span>") % (
            step.name,
            kinds[step.kind],
        )
        if step.kind == "flow":
            line += Markup(" <em>→ %s</em>") % step.target_flow_id.name
        if step in seen:
            return Markup("%s <em>↺</em>") % line
        seen.add(step)
        rows = Markup().join(
            Markup("<li class='mb-1'><span class='badge text-bg-light me-1'>%s</span> %s</li>")
            % (label, self._draw(target, seen) or self.env._("Default message, then hang up"))
            for label, target in step._get_exits_with_labels()
        )
        return line + (Markup("<ul class='mb-0'>%s</ul>") % rows if rows else Markup())

    def _get_problems(self):
        """Return the problems that would surprise a caller or the author of the flow.

        Note: `self.ensure_one()`

        :return: the problems, as whole sentences
        :rtype: list(str)
        """
        self.ensure_one()
        if not self.step_ids:
            return [self.env._("The flow has no steps: callers hear that no one is available.")]
        problems = []
        if not self.active and self.number_ids:
            problems.append(
                self.env._(
                    "The flow is archived, but it still handles calls to %(numbers)s.",
                    numbers=", ".join(self.number_ids.mapped("display_name")),
                )
            )
        reached = self._get_reached()
        for step in self.step_ids.sorted():
            if step not in reached:
                problems.append(self.env._("“%(step)s” is never reached.", step=step.name))
            problems += step._get_problems()
        return [*problems, *self._get_voice_problems(), *self._get_loops()]

    def _get_voice_problems(self):
        """Return a sentence if callers would not hear the language of this flow everywhere."""
        # sudo: telephony.account - only the languages of its provider
        account_sudo = self.env["telephony.account"].sudo()._get_of_company(self.company_id)
        if not account_sudo:
            return []
        has_voice = account_sudo._get_spoken_lang(self.language) == self.language
        if has_voice and not self.env["telephony.speech"]._get_untranslated(self.language):
            return []
        name = dict(self.env["res.lang"].get_installed()).get(self.language, self.language)
        # The name is followed by that in the language itself.
        language = name.partition(" / ")[0]
        if has_voice:
            return [
                self.env._(
                    "The standard sentences are not translated into %(language)s: callers will "
                    "hear them in English. Write your own sentences in the steps, or upload "
                    "sounds.",
                    language=language,
                )
            ]
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

    def _get_loops(self):
        """Return a sentence for each loop that an idle caller would not leave."""
        found, known = [], set()
        for step in self.step_ids.sorted():
            loop = step._get_loop()
            if loop and frozenset(loop.ids) not in known:
                known.add(frozenset(loop.ids))
                found.append(
                    self.env._(
                        "“%(steps)s”: if the caller does nothing, the flow loops here until the "
                        "call ends.",
                        steps="” → “".join(loop.mapped("name")),
                    )
                )
        return found

    def _get_reached(self):
        """Return the steps that a call can reach."""
        reached = todo = self._get_first_step()
        while todo:
            found = todo.browse().union(
                *(target for step in todo for _label, target in step._get_exits_with_labels())
            )
            todo = found - reached
            reached |= todo
        return reached
