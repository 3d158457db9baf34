from datetime import UTC, datetime, timedelta

from odoo import _, models

# The exits of each kind of step that lead to other steps.
EXITS = {
    "hours": ["yes", "no"],
    "condition": ["yes", "no"],
    "menu": ["timeout"],
    "ring": ["timeout", "not_available"],
    "queue": ["timeout", "full", "not_available"],
    "forward": ["timeout"],
    "voicemail": [],
    "message": [],
    "reject": [],
}


class TelephonyFlowStep(models.Model):
    """What is wrong with a step."""

    _inherit = "telephony.flow.step"

    def _get_exits_with_labels(self):
        """Return the exits of this step: what to call each, and the step behind it."""
        labels = {
            "timeout": _("Key missing") if self.kind == "menu" else _("Not answered"),
            "not_available": _("Nobody available"),
            "full": _("Full"),
            "yes": _("Open") if self.kind == "hours" else _("If so"),
            "no": _("Closed") if self.kind == "hours" else _("If not"),
        }
        exits = [(f"{key.key} · {key.label}", key.target_step_id) for key in self.key_ids
                 if self.kind == "menu"]
        return exits + [(labels[name], self._get_exit(name)) for name in EXITS[self.kind]]

    def _get_problems(self):
        """Find what is wrong with this step. Note: `self.ensure_one()`

        :return: whole sentences
        :rtype: list(str)
        """
        self.ensure_one()
        check = getattr(self, f"_check_problems_{self.kind}", None)
        return list(check()) if check else []

    def _check_problems_hours(self):
        begin = datetime.now(UTC)
        week = self.calendar_id._work_intervals_batch(begin, begin + timedelta(days=14))[False]
        if not any(True for _interval in week):
            yield _("“%(step)s”: the hours have no open period in the next two weeks.",
                    step=self.name)

    def _check_problems_menu(self):
        if not self.key_ids:
            yield _("“%(step)s” has no keys.", step=self.name)
        if not self.audio and not (self.message or "").strip():
            yield _("“%(step)s”: the caller is not told which keys there are.", step=self.name)
        for key in self.key_ids.filtered(lambda key: not key.target_step_id):
            yield _("“%(step)s”: key %(key)s leads nowhere.", step=self.name, key=key.key)

    def _check_problems_ring(self):
        if not self.agent_ids.filtered("active"):
            yield _("“%(step)s” rings nobody.", step=self.name)

    def _check_problems_queue(self):
        if not self.queue_id.active:
            yield _("“%(step)s”: the queue is archived.", step=self.name)
        if not self.queue_id.agent_ids.filtered("active"):
            yield _("“%(step)s”: the queue has no members.", step=self.name)

    def _check_problems_voicemail(self):
        if not self.agent_ids.filtered("active"):
            yield _("“%(step)s”: nobody would hear the messages.", step=self.name)
