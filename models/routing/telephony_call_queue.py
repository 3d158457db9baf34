from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...providers.voice_response import Gather, Leave, Play, Redirect, Say
from ..arguments import check_arguments
from ..gate import door
from .telephony_call_incoming import LONGEST_RINGBACK
from .telephony_offer import REMINDER_SECONDS

# Seconds after the music during which a key still counts; the minimum of the provider.
KEY_SECONDS = 1
# Seconds of music between two checks, for a customer on hold outside the queue.
MUSIC_SECONDS = 5
# Maximum wait, in minutes, that is announced exactly.
MAX_WAIT_MINUTES = 30


class TelephonyCall(models.Model):
    """Callers who wait in a queue, and how agents pick them up."""

    _inherit = "telephony.call"

    queue_id = fields.Many2one(
        "telephony.queue",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
    )
    queued_at = fields.Datetime(readonly=True)
    queue_position = fields.Integer("Initial Position", readonly=True)
    announced_at = fields.Datetime(readonly=True)

    _waiting_index = models.Index("(queue_id, started_at) WHERE state = 'queued'")

    # === WAITING === #

    def _apply_queued(self, event):
        return "queued"

    def _wait_in_queue(self, now, is_first):
        """Return what a caller in a queue hears until the next decision.

        :param datetime now: the current time
        :param bool is_first: whether the caller has heard nothing in this queue yet
        :return: a voice response
        :rtype: list
        """
        queue = self.queue_id
        open_offers = self._expire_offers(now)
        left = (
            self._seconds_until(self.queued_at + timedelta(seconds=queue.max_wait), now)
            if queue.limit_wait
            else None
        )
        if left == 0 and not open_offers:
            self._add_timeline("queue_wait_over", queue=queue.name)
            return [Leave()]
        queue._dispatch()
        open_offers = self._get_open_offers()
        decisions = [LONGEST_RINGBACK if open_offers else queue.announcement_interval]
        decisions += [self._seconds_until(offer.expires_at, now) for offer in open_offers]
        decisions += queue.agent_ids._get_wrap_up_seconds(now)
        decisions += filter(None, (offer._get_ban_seconds() for offer in self.offer_ids))
        if left:
            decisions.append(left)
        if open_offers and open_offers._get_age(now) < REMINDER_SECONDS:
            decisions.append(REMINDER_SECONDS)
        seconds = max(1, min(decisions))
        if not self._may_request_queue_callback():
            return self._make_queue_sound(now, seconds, open_offers, is_first)
        # The key counts at any time; Twilio listens for a second after the sound.
        sound = self._make_queue_sound(now, max(1, seconds - KEY_SECONDS), open_offers, is_first)
        url = self.account_id._get_webhook_url("wait", call=self.uuid)
        return [Gather(tuple(sound), KEY_SECONDS, url)]

    def _make_queue_sound(self, now, seconds, offers, is_first):
        """Return what a caller in a queue hears for the given time.

        While the call rings at an agent, the caller hears ringback: an announcement that all agents
        are busy would be wrong.

        :param datetime now: the current time
        :param int seconds: the duration of the sound, without the announcement
        :param offers: the open offers
        :param bool is_first: whether the caller has heard nothing in this queue yet
        :return: a voice response
        :rtype: list
        """
        if offers:
            return self._get_offer_ringback(offers, now, is_first, seconds)
        return [*self._make_announcement(now), Play(self._get_music_url(seconds))]

    def _may_wait_on(self):
        """Return whether the caller has not reached the maximum wait of the queue."""
        queue = self.queue_id
        return (
            not queue.limit_wait
            or self._seconds_until(
                self.queued_at + timedelta(seconds=queue.max_wait), fields.Datetime.now()
            )
            > 0
        )

    def _is_queue_wait_due(self, now):
        """Return whether a caller waits in the queue beyond its maximum, and rings nowhere."""
        return (
            self._waits_in_queue()
            and not self._get_open_offers()
            and not self._may_wait_on()
            and self._is_quiet(now)
        )

    def _on_queue_wait_due(self, now):
        self._get_customer_leg().moved_at = now
        self._send_leave_queue_request()

    def _process_refused(self):
        """Return the response to a caller refused by the provider's full queue.

        The phase determines it: `_refuse_while_<phase>` returns it.

        Note: `self.ensure_one()`

        :return: a voice response
        :rtype: list
        """
        self.ensure_one()
        self._lock()
        return self._advance_refused()

    def _advance_refused(self):
        advance = getattr(self, f"_refuse_while_{self._get_phase().name}", self._advance_customer)
        return advance()

    def _refuse_while_agent_lost(self):
        now = fields.Datetime.now()
        self._advance_held_call(now)
        seconds = self._seconds_until(self.deadline_at, now)
        if not seconds:
            return self._leave_agent_lost()
        # The agent is about to rejoin: the music plays outside the queue.
        url = self.account_id._get_webhook_url("step", call=self.uuid)
        return [Play(self._get_music_url(min(seconds, MUSIC_SECONDS))), Redirect(url)]

    def _refuse_while_held(self):
        return self._refuse_while_agent_lost()

    def _refuse_while_in_flow(self):
        # The provider repeats the request because our response was lost; the call has moved on.
        result = self.step_id._enter(self) if self.step_id else self._end_with_apology()
        return self._run_flow(result) if isinstance(result, str) else result

    def _refuse_while_claimed(self):
        seconds = self._seconds_until(self.deadline_at, fields.Datetime.now())
        if seconds:
            # The agent has accepted, and connects within seconds.
            self._add_timeline("provider_queue_full")
            url = self.account_id._get_webhook_url("step", call=self.uuid)
            return [*self._get_ringback(seconds), Redirect(url)]
        self._release_claim()
        return self._advance_refused()

    def _refuse_while_offering(self):
        if self.step_id.kind not in ("ring", "queue"):
            return self._refuse_while_in_flow()
        self._add_timeline("provider_queue_full")
        self._get_open_offers()._close("withdrawn", "withdrawn")
        return self._run_flow("full" if self.step_id.kind == "queue" else "not_available")

    def _refuse_while_waiting(self):
        return self._refuse_while_offering()

    def _refuse_while_awaiting_agents(self):
        return self._refuse_while_offering()

    def _make_announcement(self, now):
        """Return the announcement that is due to a waiting caller, with the position."""
        queue = self.queue_id
        due = (
            not self.announced_at
            or (now - self.announced_at).total_seconds() >= queue.announcement_interval
        )
        if not due:
            return []
        self.announced_at = now
        call = self.with_context(lang=self.flow_id.language or "en_US")
        sentences = [call.queue_id.announcement or "", *call._get_place_sentences()]
        if self._may_request_queue_callback():
            sentences.append(
                call.env._(
                    "To be called back without losing your place in the queue, press %(key)s.",
                    key=queue.callback_key,
                )
            )
        text = " ".join(sentence for sentence in sentences if sentence)
        return [Say(text, self.flow_id._get_speech_language())] if text else []

    def _get_place(self):
        """Return this caller's position in the queue, from 1. Note: `self.ensure_one()`"""
        waiting = self.queue_id._get_waiting().ids
        return waiting.index(self.id) + 1 if self.id in waiting else len(waiting) + 1

    def _get_place_sentences(self):
        """Yield the position and the estimated wait, in the language of the context."""
        queue = self.queue_id
        if not queue.say_position and not queue.say_wait:
            return
        position = self._get_place()
        if queue.say_position:
            yield self.env._("You are number %(position)s in the queue.", position=position)
        seconds = queue._estimate_wait(position) if queue.say_wait else None
        if seconds is None:
            return
        minutes = round(seconds / 60)
        if seconds < 60:
            yield self.env._("Your estimated wait is less than a minute.")
        elif minutes == 1:
            yield self.env._("Your estimated wait is about one minute.")
        elif minutes <= MAX_WAIT_MINUTES:
            yield self.env._("Your estimated wait is about %(minutes)s minutes.", minutes=minutes)
        else:
            yield self.env._(
                "Your estimated wait is more than %(minutes)s minutes.", minutes=MAX_WAIT_MINUTES
            )

    def _get_music_url(self, seconds):
        base = f"{self.account_id._get_base_url()}/telephony/sound"
        if self.queue_id.music:
            sound, token = self.account_id._share_sound(self.queue_id, "music")
            return f"{base}/{sound}/{token}/{seconds}.wav"
        return f"{base}/hold_music/{seconds}.wav"

    # === RPC === #

    @api.model
    @door(routes=True)
    @check_arguments
    def pick_up(self, uuid):
        """Pick up a chosen caller from a queue.

        :param str uuid: the call
        :raise UserError: the user is in a call, or offline
        :return: `accepted`, and the `call`, or the `message` with the reason
        :rtype: dict
        """
        call_sudo = self._find_sudo(uuid)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        if not call_sudo or not call_sudo.queue_id:
            raise AccessError(self.env._("This call is not waiting in a queue."))
        if call_sudo._is_taken_by(agent_sudo):
            return call_sudo._to_accepted()
        if not call_sudo.user_id:
            if call_sudo.state == "ended":
                return call_sudo._to_refused(self.env._("The caller hung up."))
            if call_sudo.state != "queued":
                # It may ring at other agents by now, whom the flow has chosen.
                return call_sudo._to_refused(self.env._("This caller is no longer in the queue."))
            reason = agent_sudo._get_reason_not_to_pick_up()
            if reason:
                raise UserError(reason)
        return call_sudo._take(agent_sudo)

    # === LIVE LISTS === #

    @api.model
    def live_calls(self):
        """Return the conversations of the user's companies, which every agent may see.

        :return: see `_to_live`
        :rtype: list(dict)
        """
        # A transferred call rings again, but keeps its place in this list.
        return self._get_live(
            [("state", "in", ("in_progress", "ringing")), ("answered_at", "!=", False)]
        )

    @api.model
    def queued_calls(self):
        """Return the callers who wait in the queues of the user's companies.

        :return: see `_to_live`
        :rtype: list(dict)
        """
        return self._get_live([("state", "=", "queued"), ("user_id", "=", False)])

    @api.model
    def _get_live(self, domain):
        agents = self.env["telephony.agent"]
        agents._ensure_own_agent()
        companies = agents._get_my_companies()
        # sudo: telephony.call - every agent may see number and name of ongoing calls
        calls_sudo = self.sudo().search(
            [*domain, ("company_id", "in", companies.ids)], order="started_at, id"
        )
        return [call_sudo._to_live() for call_sudo in calls_sudo]

    def _to_live(self):
        """Return the row of the live lists: number and name, and nothing more.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        to_text = fields.Datetime.to_string
        queue = self.queue_id
        return {
            "id": self.id,
            "uuid": self.uuid,
            "revision": self._get_revision(),
            # The bus sends it to all agents of the company, whatever companies a page shows.
            "company_id": self.company_id.id,
            "list": self._get_live_list(),
            "direction": self.direction,
            "is_queue_callback": bool(self.queue_callback_id),
            "customer_name": self.partner_id.name or self.lead_id.contact_name or False,
            "customer_number": self._format_number(self.customer_number) or False,
            "our_number": self.number_id.name or False,
            "our_number_display": self._format_number(self.number_id.number) or False,
            "user": {"id": self.user_id.id, "name": self.user_id.name} if self.user_id else False,
            "queue": {
                "id": queue.id,
                "name": queue.name,
                "amber_seconds": queue.amber_seconds,
                "red_seconds": queue.red_seconds,
            }
            if queue
            else False,
            "started_at": to_text(self.started_at),
            "answered_at": to_text(self.answered_at) or False,
            "on_hold": self._get_customer_leg().on_hold or bool(self.held_at),
            "transfer": self._get_live_transfer(),
        }

    def _get_live_list(self):
        """Return the live list that shows this call: `conversation`, `queue`, or False."""
        if self.state == "in_progress" or (self.state == "ringing" and self.answered_at):
            return "conversation"
        return "queue" if self.state == "queued" and not self.user_id else False

    def _notify(self):
        self._notify_live()
        super()._notify()

    def _notify_live(self):
        """Send the rows of the live lists to all agents of the company."""
        for call in self:
            # An answered call was on a list, and may have to be removed from it.
            if call.state == "ended" or call._get_live_list() or call.queue_id or call.answered_at:
                self.env["bus.bus"]._sendone(
                    (call.company_id, "telephony"), "telephony/live_updated", call._to_live()
                )
