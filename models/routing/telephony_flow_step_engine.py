from datetime import timedelta

from pytz import UTC, timezone

from odoo import fields, models

from ...providers.base import CallEvent
from ...providers.voice_response import Dial, Gather, HangUp, Play, Record, Redirect, Reject, Say

# Seconds within which a caller has to press a key of a menu.
KEY_SECONDS = 5
# How a forwarded call ended without an answer -> the row in the timeline.
FORWARD_ENDS = {"busy": "forward_busy", "failed": "forward_failed"}


class TelephonyFlowStep(models.Model):
    """The behavior of each kind of step.

    `_enter` begins a step, `_resume` continues it when the caller comes back from it. Both return a
    voice response, or the exit by which the call leaves at once.
    """

    _inherit = "telephony.flow.step"

    def _enter(self, call):
        """Begin this step for a call. Note: `self.ensure_one()`

        :param call: the call, as superuser
        :return: a voice response, or the name of the exit by which the call leaves at once
        :rtype: list | str
        """
        self.ensure_one()
        return getattr(self, f"_enter_{self.kind}")(call)

    def _resume(self, call, voice_request):
        """Continue after the caller has come back from this step. Note: `self.ensure_one()`

        :param call: the call, as superuser
        :param VoiceRequest voice_request: request of the provider: a key, or the result of a
            forwarded call
        :return: a voice response, or the name of the exit by which the call leaves
        :rtype: list | str
        """
        self.ensure_one()
        resume = getattr(self, f"_resume_{self.kind}", None)
        return resume(call, voice_request) if resume else "no_answer"

    # === RING === #

    def _enter_ring(self, call):
        agents = self._choose_next_agents(call)
        if agents:
            call.env["telephony.offer"]._make(call, agents, self.ring_seconds)
        elif call._awaits_ringing_agents():
            call._add_timeline("step_awaits_agents", step=self.name)
        else:
            return self._leave_unoffered(call)
        return call._get_enqueue_response()

    def _resume_ring(self, call, voice_request):
        if call._awaits_ringing_agents():
            return call._get_enqueue_response()
        entered = call.step_entered_at or call.started_at
        if any(offer.offered_at >= entered for offer in call.offer_ids):
            return "no_answer"
        return self._leave_unoffered(call)

    def _leave_unoffered(self, call):
        call._add_timeline("step_no_agent", step=self.name)
        return "not_available"

    # === QUEUE === #

    def _resume_queue(self, call, voice_request):
        return call._get_enqueue_response() if call._may_wait_on() else "no_answer"

    def _enter_queue(self, call):
        queue = self.queue_id
        if not queue or not queue._has_reachable_agent():
            call._add_timeline("queue_no_agent", queue=queue.name)
            return "not_available"
        if queue._is_full():
            call._add_timeline("queue_full", queue=queue.name)
            return "full"
        now = fields.Datetime.now()
        call.write({"queue_id": queue.id, "queued_at": now, "announced_at": False})
        call._add_timeline("queue_waiting", queue=queue.name)
        call._apply_event(CallEvent("queued", at=now))
        call.queue_position = call._get_place()
        queue._dispatch()
        return call._get_enqueue_response()

    # === CONTINUATION IN ANOTHER FLOW === #

    def _enter_flow(self, call):
        flow = self.target_flow_id
        call.flow_id = flow
        code = "flow_continued" if flow.active else "flow_archived"
        call._add_timeline(code, step=self.name, flow=flow.name)
        return "begin"

    # === HOURS === #

    def _enter_hours(self, call):
        now = call._get_moment()
        calendar = self.calendar_id
        here = now.replace(tzinfo=UTC)
        intervals = calendar._work_intervals_batch(
            here - timedelta(minutes=1), here + timedelta(minutes=1)
        )[False]
        is_open = any(start <= here < stop for start, stop, _line in intervals)
        moment = here.astimezone(timezone(calendar.tz or "UTC")).replace(tzinfo=None)
        call._add_timeline(
            "hours_open" if is_open else "hours_closed",
            step=self.name,
            moment=moment.isoformat(timespec="minutes"),
        )
        return "yes" if is_open else "no"

    # === MENU === #

    def _enter_menu(self, call):
        call.menu_count = 0
        return self._ask(call)

    def _resume_menu(self, call, voice_request):
        digit = voice_request.digits
        key = self.key_ids.filtered(lambda key: key.key == digit)
        if key:
            call._add_timeline("menu_key", step=self.name, key=key.key, label=key.label)
            return f"key:{digit}"
        if digit:
            call._add_timeline("menu_key_unknown", step=self.name, key=digit)
        if call.menu_count < max(1, self.repeat):
            return self._ask(call)
        call._add_timeline("menu_no_key", step=self.name)
        return "no_answer"

    def _ask(self, call):
        call.menu_count += 1
        url = self._get_next_url(call)
        return [Gather(tuple(self._get_prompt(call)), KEY_SECONDS, url), Redirect(url)]

    # === FORWARD === #

    def _get_forward_refusal(self, call=None):
        """Return why this step must not forward a call; empty if it may.

        Note: `self.ensure_one()`

        :param call: the call to forward, if it exists already
        :return: the reason, as a whole sentence
        :rtype: str
        """
        self.ensure_one()
        calls = self.env["telephony.call"]
        refusal = calls._get_forbidden_destination(self.company_id, self.forward_number)
        if refusal or not call:
            return refusal
        if call.customer_number and call.customer_number == self.forward_number:
            return self.env._("This is the caller's own number.")
        # A call from one of our numbers that is just forwarding a call is that same call.
        if call.customer_number and calls.search_count(
            [
                ("number_id.number", "=", call.customer_number),
                ("state", "!=", "ended"),
                ("step_id.kind", "=", "forward"),
            ],
            limit=1,
        ):
            return self.env._("This call was already forwarded.")
        return ""

    def _enter_forward(self, call):
        if self._get_forward_refusal(call):
            reason = self.env["telephony.call.timeline"]._get_in_languages(
                self, lambda step: step._get_forward_refusal(call)
            )
            call._add_timeline("forward_refused", step=self.name, reason=reason)
            return "no_answer"
        self.env["telephony.dialed.leg"]._count(call.company_id, self.env["res.users"], "forward")
        call._add_timeline("forward_dialed", step=self.name, number=self.forward_number)
        return [
            Dial(
                self.forward_number,
                # Twilio accepts the number of the call's own caller without a proof.
                # https://www.twilio.com/docs/voice/twiml/dial#callerid
                (self.shows_caller and call.customer_number) or call.number_id.number,
                self.ring_seconds or 20,
                self._get_next_url(call),
                call._get_time_limit(),
            )
        ]

    def _resume_forward(self, call, voice_request):
        if voice_request.dial_result == "completed":
            if voice_request.dial_seconds is None:
                call._add_timeline("forward_answered", step=self.name)
            else:
                minutes, seconds = divmod(voice_request.dial_seconds, 60)
                call._add_timeline(
                    "forward_talked", step=self.name, duration=f"{minutes}:{seconds:02d}"
                )
            return [HangUp()]
        code = FORWARD_ENDS.get(voice_request.dial_result)
        if code:
            call._add_timeline(code, step=self.name, number=self.forward_number)
        else:
            call._add_timeline("forward_not_answered", step=self.name)
        return "no_answer"

    # === MESSAGE, REJECTION, VOICEMAIL === #

    def _resume_message(self, call, voice_request):
        return [HangUp()]

    def _resume_voicemail(self, call, voice_request):
        return call._say_thanks()

    def _enter_message(self, call):
        call._add_timeline("message_played", step=self.name)
        return [*self._get_prompt(call, "no_one_available"), HangUp()]

    def _enter_reject(self, call):
        call._add_timeline("call_rejected", step=self.name)
        if call.offer_ids:
            # The caller has waited, so the call is already answered and cannot be rejected.
            return [HangUp()]
        return [Reject()]

    def _enter_voicemail(self, call):
        call._add_timeline("voicemail", step=self.name)
        call.recipient_ids = self.agent_ids.user_id
        return [
            *self._get_prompt(call, "leave_message"),
            Record(
                self.max_seconds,
                self._get_next_url(call),
                call.account_id._get_webhook_url("recording", call=call.uuid),
            ),
            HangUp(),
        ]

    def _get_next_url(self, call):
        """Return the URL that is requested after this step; it contains the id of the step."""
        return call.account_id._get_webhook_url("step", call=call.uuid, at=self.id)

    def _get_sounds(self):
        """Return the sounds that callers hear in this step."""
        if self.kind == "queue":
            return self.queue_id.announcement_sound_id | self.queue_id.music_sound_id
        has_prompt = self.kind in ("message", "menu", "voicemail")
        return self.sound_id if has_prompt else self.sound_id.browse()

    def _get_prompt(self, call, standard=""):
        """Return the prompt: the sound, or else the text.

        :param call: the call, as superuser
        :param str standard: code of the standard sentence in place of a missing text
        :rtype: list
        """
        if self.sound_id._is_heard():
            return [Play(self.sound_id._get_public_url(call.account_id))]
        if self.message:
            return [Say(self.message, self.flow_id._get_speech_language())]
        return [call._say(self.flow_id.language, standard)] if standard else []

    def _choose_next_agents(self, call):
        """Return the agents to ring next: all at once, or the next one who was not rung yet."""
        rung = call.offer_ids.filtered(
            lambda offer: offer.offered_at >= (call.step_entered_at or call.started_at)
        ).agent_id
        if self.owner_first:
            owner = (call.lead_id.user_id or call.partner_id.user_id)._get_telephony_agents(
                call.company_id
            )
            first = (owner - call.offer_ids.agent_id)._get_available()
            if first:
                return first
            # The other agents are rung only after the salesperson.
            if self.ring_strategy == "parallel" and rung - owner:
                return rung.browse()
        elif self.ring_strategy == "parallel" and rung:
            return rung.browse()
        others = self.agent_ids - rung
        # Agents in a call come last, and only if no agent is available.
        able = call.offer_ids._get_willing(others._get_available() or others._get_interruptible())
        return self._select_next_agents(self.ring_strategy, self.agent_ids, able)
