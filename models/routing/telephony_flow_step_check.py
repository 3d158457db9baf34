from datetime import datetime, timedelta

from pytz import UTC

from odoo import models
from odoo.tools import format_datetime

from ...tools.phone_number import classify
from ..call.telephony_call_outgoing import MOST_PHONES

# The exits of each kind of step to other steps.
EXITS = {
    "hours": ["yes", "no"],
    "condition": ["yes", "no"],
    "menu": ["no_answer"],
    "ring": ["no_answer", "not_available"],
    "queue": ["no_answer", "full", "not_available"],
    "flow": [],
    "forward": ["no_answer"],
    "voicemail": [],
    "message": [],
    "reject": [],
}
# The exits that a caller takes without waiting for an agent or pressing a key.
HASTY_EXITS = {
    "hours": ["yes", "no"],
    "condition": ["yes", "no"],
    "menu": ["no_answer"],
    "ring": ["not_available"],
    "queue": ["full", "not_available"],
    "flow": ["begin"],
    "forward": ["no_answer"],
}


class TelephonyFlowStep(models.Model):
    """The problems of a step."""

    _inherit = "telephony.flow.step"

    def _get_exits(self):
        """Return the exits of this step to other steps, the keys of a menu first.

        :return: for each exit its name (see `_get_exit`), its label, and the step behind it
        :rtype: list(tuple)
        """
        labels = {
            "no_answer": self.env._("No key pressed")
            if self.kind == "menu"
            else self.env._("Not answered"),
            "not_available": self.env._("No one available"),
            "full": self.env._("Queue full"),
            "yes": self.env._("Open") if self.kind == "hours" else self.env._("If met"),
            "no": self.env._("Closed") if self.kind == "hours" else self.env._("If not met"),
        }
        labels |= {f"key:{key.key}": f"{key.key} · {key.label}" for key in self.key_ids}
        names = [f"key:{key.key}" for key in self.key_ids if self.kind == "menu"]
        names += EXITS.get(self.kind, ())
        return [(name, labels.get(name, name), self._get_exit(name)) for name in names]

    def _get_loop(self):
        """Return the loop by which an idle caller comes back to this step.

        Note: `self.ensure_one()`

        :return: the steps of the loop, this one first; empty if there is none
        """
        self.ensure_one()
        ways, seen = [self], self.browse()
        while ways:
            way = ways.pop(0)
            for name in HASTY_EXITS.get(way[-1].kind, ()):
                target = way[-1]._get_exit(name)
                if target == self:
                    return way
                if target and target not in seen:
                    seen |= target
                    ways.append(way | target)
        return self.browse()

    def _get_problems(self):
        """Return the problems of this step. Note: `self.ensure_one()`

        :return: the problems, as whole sentences
        :rtype: list(str)
        """
        self.ensure_one()
        check = getattr(self, f"_check_problems_{self.kind}", None)
        return [*(check() if check else ()), *self._check_problems_of_sounds()]

    def _check_problems_of_sounds(self):
        needs_text = self.kind in ("message", "menu") and not (self.message or "").strip()
        for sound in self._get_sounds():
            if not sound._is_playable():
                yield self.env._(
                    "“%(step)s”: the sound “%(sound)s” cannot be played on the phone. Record or "
                    "upload it again.",
                    step=self.name,
                    sound=sound.name,
                )
            if sound._has_failed():
                yield self.env._(
                    "“%(step)s”: Twilio could not play the sound “%(sound)s” on %(moment)s. Listen "
                    "to it in the audio library.",
                    step=self.name,
                    sound=sound.name,
                    moment=format_datetime(self.env, sound.failed_at),
                )
            if sound.kind == "url" and needs_text:
                yield self.env._(
                    "“%(step)s”: enter a text, too. Callers hear it if Twilio cannot play the "
                    "sound “%(sound)s”.",
                    step=self.name,
                    sound=sound.name,
                )

    def _is_spoken(self):
        """Return whether callers hear a text of this step. Note: `self.ensure_one()`"""
        self.ensure_one()
        return not self.sound_id and (
            self.kind == "voicemail" or (self.kind in ("message", "menu") and bool(self.message))
        )

    def _check_problems_hours(self):
        begin = datetime.now(UTC)
        week = self.calendar_id._work_intervals_batch(begin, begin + timedelta(days=14))[False]
        if not any(True for _interval in week):
            yield self.env._(
                "“%(step)s”: the business hours have no open period in the next two weeks.",
                step=self.name,
            )

    def _check_problems_menu(self):
        if not self.key_ids:
            yield self.env._("“%(step)s” has no keys.", step=self.name)
        if not self.sound_id and not (self.message or "").strip():
            yield self.env._("“%(step)s”: no message announces the available keys.", step=self.name)
        for key in self.key_ids:
            target = key.target_step_id
            if not target:
                yield self.env._(
                    "“%(step)s”: key %(key)s leads nowhere.", step=self.name, key=key.key
                )
            elif target.kind == "flow" and not target.target_flow_id.active:
                yield self.env._(
                    "“%(step)s”: key %(key)s leads to the flow “%(flow)s”, which is archived.",
                    step=self.name,
                    key=key.key,
                    flow=target.target_flow_id.name,
                )

    def _check_problems_flow(self):
        flow = self.target_flow_id
        if not flow.active:
            yield self.env._(
                "“%(step)s” leads to the flow “%(flow)s”, which is archived.",
                step=self.name,
                flow=flow.name,
            )
        elif not flow.step_ids:
            yield self.env._(
                "“%(step)s” leads to the flow “%(flow)s”, which has no steps.",
                step=self.name,
                flow=flow.name,
            )

    def _check_problems_ring(self):
        if not self.agent_ids.filtered("active"):
            yield self.env._("“%(step)s” has no one to ring.", step=self.name)
        yield from self._check_custom_phones(self.agent_ids, self.ring_strategy)

    def _check_problems_queue(self):
        if not self.queue_id.active:
            yield self.env._("“%(step)s”: the queue is archived.", step=self.name)
        if not self.queue_id.agent_ids.filtered("active"):
            yield self.env._("“%(step)s”: the queue has no members.", step=self.name)
        yield from self._check_custom_phones(self.queue_id.agent_ids, self.queue_id.ring_strategy)

    def _check_custom_phones(self, agents, strategy):
        """Yield what is to be known about several custom phones that ring for one call."""
        count = len(agents.filtered(lambda agent: agent.active and agent._has_own_phone()))
        if strategy != "parallel" or count < 2:
            return
        if count > MOST_PHONES:
            yield self.env._(
                "“%(step)s”: of %(count)s custom phones, only %(most)s ring, one after the other, "
                "a second apart. The other phone users are rung in their browsers only.",
                step=self.name,
                count=count,
                most=MOST_PHONES,
            )
        else:
            yield self.env._(
                "“%(step)s”: %(count)s custom phones ring one after the other, a second apart.",
                step=self.name,
                count=count,
            )

    def _check_problems_forward(self):
        refusal = self._get_forward_refusal()
        if refusal:
            yield self.env._(
                "“%(step)s” cannot forward calls. %(reason)s", step=self.name, reason=refusal
            )
        target = classify(self.forward_number).regions
        for number in self.flow_id.number_ids:
            # https://www.twilio.com/docs/voice/trusted-calling-with-shakenstir
            if target and not target & classify(number.number).regions:
                yield self.env._(
                    "“%(step)s” forwards calls to another country than that of %(number)s. Twilio "
                    "or another carrier may block such calls. Test it by calling the number.",
                    step=self.name,
                    number=number.display_name,
                )

    def _check_problems_voicemail(self):
        if not self.agent_ids.filtered("active"):
            yield self.env._("“%(step)s”: no one would receive the voicemails.", step=self.name)
