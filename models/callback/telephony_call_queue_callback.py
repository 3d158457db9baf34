from datetime import timedelta

from odoo import api, fields, models

from ...providers.base import CallEvent
from ...providers.voice_response import HangUp, Say
from ...tools.phone_number import ORDINARY, classify
from ..gate import enter

# Maximum number of attempts of a queue callback, and the seconds between them.
ATTEMPTS = 3
RETRY_SECONDS = 600
# Hours after which a queue callback expires.
EXPIRY_HOURS = 24
# Outcomes after which a queue callback is retried.
RETRY_OUTCOMES = ("no_answer", "busy", "canceled")


class TelephonyCall(models.Model):
    """Queue callbacks: callers hang up, and are called when they reach the front of the queue.

    A queue callback consists of two calls. The caller's own call ends with the outcome
    `queue_callback`. An outgoing call then takes its place in the queue. It is offered to agents
    like a waiting caller. The customer is dialed after the agent has connected, as in any outgoing
    call. The place passes to the outgoing call only after the caller's leg has ended. The customer
    is therefore not dialed while still hearing the confirmation.
    """

    _inherit = "telephony.call"

    queue_callback_requested = fields.Boolean(readonly=True, copy=False)
    queue_callback_of_id = fields.Many2one(
        "telephony.call",
        "Original Call",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The call whose place in the queue this call took over.",
    )
    queue_callback_attempt = fields.Integer(readonly=True, copy=False)
    queue_callback_at = fields.Datetime("Callback Not Before", readonly=True, copy=False)

    def _get_phase_facts(self):
        is_waiting = self._is_queue_callback_waiting()
        return {**super()._get_phase_facts(), "is_queue_callback": is_waiting}

    def _to_client_one(self, env):
        return {
            **super()._to_client_one(env),
            "is_queue_callback": bool(self.queue_callback_of_id),
        }

    # === REQUEST OF THE CALLER === #

    def _may_request_queue_callback(self):
        """Return whether this caller is offered a queue callback.

        The queue has to allow it, and the number has to be known and callable.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        number = self.customer_number
        if (
            not self.queue_id.callback_key
            or not number
            or not self.number_id
            or (
                # A caller who was transferred to the queue continues that conversation.
                self.answered_at
            )
        ):
            return False
        # Callers can present any number, so only ordinary numbers are called back, whatever else is
        # allowed.
        return classify(number).kind == ORDINARY and not self._get_forbidden_destination(
            self.company_id, number
        )

    def _is_requesting_queue_callback(self, voice_request):
        """Return whether the waiting caller has pressed the key, even if it is reported again.

        :param VoiceRequest voice_request: request of the provider
        """
        return self.queue_callback_requested or (
            bool(voice_request.digits)
            and (
                voice_request.digits == self.queue_id.callback_key
                and self._may_request_queue_callback()
            )
        )

    def _schedule_queue_callback(self):
        """Register the request for a queue callback, confirm it, and hang up.

        :return: a voice response
        :rtype: list
        """
        if not self.queue_callback_requested:
            self._lock()
            self.queue_callback_requested = True
            self._add_timeline("queue_callback_requested")
            self._get_open_offers()._close("withdrawn", "withdrawn")
        text = self.with_context(lang=self.flow_id.language or "en_US").env._(
            "We will call you back on this number when it is your turn. Goodbye."
        )
        return [Say(text, self.flow_id._get_speech_language()), HangUp()]

    # === SCHEDULING === #

    def _get_end_values(self, event):
        values = super()._get_end_values(event)
        if self.queue_callback_requested and not values["answered_at"]:
            values["outcome"] = "queue_callback"
        return values

    def _get_conclusions(self):
        return [*super()._get_conclusions(), self._conclude_queue_callback]

    def _conclude_queue_callback(self):
        if self.outcome == "queue_callback":
            self._create_queue_callback(self, 1)
        elif self.queue_callback_of_id and not self.answered_at:
            self._retry_queue_callback()

    def _move_to(self, target, event):
        moved = super()._move_to(target, event)
        if moved and target == "in_progress":
            self._cancel_queue_callbacks(self.customer_number)
        return moved

    def _on_late_leg(self, leg):
        was_answered = bool(self.answered_at)
        super()._on_late_leg(leg)
        if self.answered_at and not was_answered:
            self._cancel_queue_callbacks(self.customer_number)

    def _create_queue_callback(self, origin, attempt):
        """Create the outgoing call that takes the caller's place in the queue.

        :param origin: the call in which the caller requested it
        :param int attempt: the number of this attempt, from 1
        """
        queue = origin.queue_id
        if not queue or self._get_queue_callbacks(origin.customer_number):
            return
        now = fields.Datetime.now()
        call = self.create(
            {
                "account_id": origin.account_id.id,
                "direction": "outgoing",
                "from_number": origin.number_id.number,
                "to_number": origin.customer_number,
                "customer_number": origin.customer_number,
                "number_id": origin.number_id.id,
                "partner_id": origin.partner_id.id,
                "lead_id": origin.lead_id.id,
                "flow_id": origin.flow_id.id,
                "queue_id": queue.id,
                "queued_at": origin.queued_at,
                # Keep the place in the queue and the waiting time.
                "started_at": origin.started_at,
                "queue_callback_of_id": origin.id,
                "queue_callback_attempt": attempt,
                "queue_callback_at": now + timedelta(seconds=RETRY_SECONDS)
                if attempt > 1
                else False,
            }
        )
        call._add_timeline("queue_callback_waiting", queue=queue.name)
        call._apply_event(CallEvent("routed", at=now))
        call._apply_event(CallEvent("queued", at=now))
        queue._dispatch()

    def _retry_queue_callback(self):
        """Retry an unanswered queue callback, or register a callback for the agents."""
        if (
            self.outcome in RETRY_OUTCOMES
            and self.ended_by != "system"
            and (self.queue_callback_attempt < ATTEMPTS)
        ):
            self._create_queue_callback(self.queue_callback_of_id, self.queue_callback_attempt + 1)
        elif self.outcome != "canceled" or self.ended_by != "system":
            self.queue_callback_of_id._register_callback()

    def _register_callback(self):
        """Register a callback for the agents, because the queue callback failed."""
        self.env["telephony.callback"]._register_call(self, "queue_callback")

    def _get_queue_callbacks(self, number):
        """Return the waiting queue callbacks of a number in this company."""
        return self.search(
            [
                ("customer_number", "=", number),
                ("customer_number", "!=", False),
                ("company_id", "=", self.company_id.id),
                ("queue_callback_of_id", "!=", False),
                ("state", "=", "queued"),
                ("user_id", "=", False),
            ]
        )

    def _cancel_queue_callbacks(self, number):
        """Cancel the queue callbacks of a customer who is in a conversation."""
        for call in self._get_queue_callbacks(number) - self:
            call._end_queue_callback("customer_reached")

    def _end_queue_callback(self, reason):
        """Cancel this queue callback.

        :param str reason: the code of its timeline
        """
        self._add_timeline(reason)
        self.outcome = "canceled"
        self._apply_event(CallEvent("hung_up", at=fields.Datetime.now(), data={"by": "system"}))

    # === DISPATCH === #

    def _start_queue_callback(self):
        """Turn the queue callback into an outgoing call, as the agent has connected."""
        if self._is_queue_callback_waiting():
            self.started_at = fields.Datetime.now()
            refusal = self.env["telephony.dialed.leg"]._get_limit_reached(
                self.company_id, self.user_id
            )
            self.leg_ids = [
                fields.Command.create(
                    {
                        "account_id": self.account_id.id,
                        "role": "customer",
                        "label": "customer",
                        "number": self.customer_number,
                        "refusal": refusal or False,
                    }
                )
            ]

    def _is_queue_callback_waiting(self):
        """Return whether this is a queue callback whose customer was not dialed yet."""
        return (
            bool(self.queue_callback_of_id)
            and self.state == "queued"
            and not (self._get_customer_leg())
        )

    def _advance_queue_callbacks(self, now):
        """Expire offers and claims of queue callbacks, which no waiting customer's leg drives.

        :param datetime now: the current time
        """
        for call in self:
            call._expire_offers(now)
            late = call.user_id and not call._seconds_until(call.deadline_at, now)
            if late and not call._get_agent_legs()._is_alive():
                call._release_claim()

    @api.model
    def _cron_dispatch_queue_callbacks(self):
        """Offer queue callbacks that are due, and end those that have expired."""
        now = fields.Datetime.now()
        domain = [("queue_callback_of_id", "!=", False), ("state", "=", "queued")]
        waiting = self.search(domain)
        enter(self.env, call_ids=waiting.ids, queue_ids=waiting.queue_id.ids, routes=True)
        queue_callbacks = self.search(domain)
        for call in queue_callbacks.filtered(
            lambda call: call._is_queue_callback_waiting() and not call.user_id
        ):
            if not call.queue_id or call.queued_at < now - timedelta(hours=EXPIRY_HOURS):
                call._end_queue_callback("queue_callback_expired")
                call.queue_callback_of_id._register_callback()
        queue_callbacks.queue_id._dispatch()
