from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools.misc import format_datetime

from ...providers.base import CallEvent
from ...tools.phone_number import ORDINARY, classify
from ..gate import enter
from .telephony_queue_callback import OPEN_STATES


class TelephonyCall(models.Model):
    """The effects of an ended call on callbacks and on the due activities it was made for."""

    _inherit = "telephony.call"

    callback_id = fields.Many2one(
        "telephony.callback",
        readonly=True,
        ondelete="set null",
        copy=False,
        index="btree_not_null",
    )
    queue_callback_requested = fields.Boolean(readonly=True, copy=False)
    queue_callback_id = fields.Many2one(
        "telephony.queue.callback",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The queue callback that this call attempts.",
    )

    def _get_follow_ups(self):
        return [*super()._get_follow_ups(), self._update_callbacks, self._notify_missed]

    def _on_late_answer(self, is_news):
        super()._on_late_answer(is_news)
        self._update_callbacks()

    def _on_late_outcome(self):
        super()._on_late_outcome()
        self._update_callbacks()

    def _to_recent(self, env):
        """Add the open callback that the call has caused."""
        callback = self.callback_id
        is_open = callback.state == "open"
        return {
            **super()._to_recent(env),
            "callback": is_open
            and {
                "id": callback.id,
                "due_at": fields.Datetime.to_string(callback.due_at),
                "is_overdue": callback.is_overdue,
                "user": {"id": callback.user_id.id, "name": callback.user_id.name}
                if callback.user_id
                else False,
            },
        }

    def _notify_missed(self):
        """Notify the users who should have answered that a call was missed."""
        for call in self.filtered(
            lambda call: (
                call.direction == "incoming"
                and not call.answered_at
                and call.outcome != "queue_callback"
            )
        ):
            users = call.recipient_ids | call.offer_ids.agent_id.user_id
            if not users:
                users = call.flow_id.step_ids.agent_ids.user_id
            for user in users._filter_phone_users(call.company_id):
                [payload] = call.with_env(user._telephony_env(call.company_id))._to_client()
                user._bus_send("telephony/call_missed", payload)

    def _update_callbacks(self):
        """Update the callbacks after these calls ended; repeatable when more becomes known."""
        callbacks = self.env["telephony.callback"]
        kinds = {
            "missed": "missed",
            "abandoned": "abandoned",
            "voicemail": "voicemail",
            "failed": "missed",
        }
        for call in self:
            if call.outcome == "answered":
                if call.callback_id:
                    callbacks._withdraw(call)
                callbacks._resolve(call)
                call._complete_activity(call.activity_id)
            elif call.direction == "outgoing":
                if not call._get_customer_leg():
                    continue  # a canceled queue callback: the customer was not dialed
                callbacks_sudo = callbacks._register_attempt(call)
                for activity in callbacks_sudo.activity_id | call.activity_id:
                    call._log_attempt_on(activity)
            elif call.outcome in kinds:
                callbacks._register_call(call, kinds[call.outcome])

    def _complete_activity(self, activity):
        """Mark a due activity as done by this call, with its result. Note: `self.ensure_one()`

        Later changes, such as a disposition, are added by `_update_log`.

        :param activity: an activity of any user, done or not
        """
        self.ensure_one()
        # sudo: mail.activity - the conversation took place, whether or not the user may edit the
        # record
        activity_sudo = activity.sudo().filtered("active")
        if not activity_sudo:
            return
        user = self.user_id or activity_sudo.user_id or self.env.user
        activity_sudo = (
            activity_sudo.with_user(user)
            .sudo()
            .with_context(telephony_by_call=True, telephony_rules_later=True, lang=user.lang)
        )
        feedback = self.with_context(lang=user.lang)._get_activity_feedback()
        messages, _next_activities = activity_sudo._action_done(feedback=feedback)
        activity_sudo.exists().write(
            {
                "telephony_call_id": self.id,
                "telephony_message_id": messages[:1].id,
            }
        )

    def _log_attempt_on(self, activity):
        """Log an unanswered attempt on a due activity. Note: `self.ensure_one()`"""
        self.ensure_one()
        # sudo: mail.activity - the attempt took place, whether or not the user may edit the record
        activity_sudo = activity.sudo().filtered("active")
        user = activity_sudo.user_id
        if not activity_sudo:
            return
        call = self.with_context(lang=user.lang, tz=user.tz)
        outcome = dict(self._fields["outcome"]._description_selection(call.env))
        line = call.env._(
            "Attempted on %(moment)s: %(outcome)s",
            moment=format_datetime(call.env, self.ended_at, dt_format="short"),
            outcome=outcome.get(self.outcome, ""),
        )
        activity_sudo.note = (activity_sudo.note or Markup()) + Markup("<p>%s</p>") % line
        user._notify_telephony_activities()

    def _on_logged(self):
        """Resolve the callbacks of a customer with whom the user talked outside of Odoo."""
        super()._on_logged()
        if self.outcome == "answered":
            self.env["telephony.callback"]._resolve(self)

    def _on_linked(self):
        """Link the callback to the record of the call that caused it."""
        super()._on_linked()
        # sudo: telephony.callback - it follows the record of its call
        callback_sudo = self.callback_id.sudo()
        if callback_sudo.state == "open" and not callback_sudo.activity_id:
            callback_sudo.write({"partner_id": self.partner_id.id, "lead_id": self.lead_id.id})
            callback_sudo._update_activity()

    def _get_activity_feedback(self):
        """Return the feedback of a conversation: outcome, disposition, duration and summary."""
        outcome = dict(self._fields["outcome"]._description_selection(self.env))
        parts = [outcome.get(self.outcome, ""), self.disposition_id.name, self.duration_display]
        return "\n".join(filter(None, [" · ".join(filter(None, parts)), self.note]))

    def _update_log(self):
        """Also update the activities that these calls completed when a note or result is added."""
        super()._update_log()
        for call in self:
            # sudo: mail.activity - only activities completed by a call that the user may document
            done_sudo = (
                self.env["mail.activity"]
                .sudo()
                .with_context(active_test=False)
                .search([("telephony_call_id", "=", call.id)])
            )
            for activity_sudo in done_sudo:
                lang = call.user_id.lang
                activity_sudo.with_context(lang=lang)._rewrite_feedback(
                    call.with_context(lang=lang)._get_activity_feedback()
                )

    # ---------------------------------------------------------
    # QUEUE CALLBACKS
    # ---------------------------------------------------------

    # The calls of a queue callback: the caller's own one, and the attempts to call back.
    #
    # The caller's own call ends with the outcome `queue_callback`. Each attempt is an outgoing
    # call; see `telephony.queue.callback`.

    @api.ondelete(at_uninstall=False)
    def _unlink_cancel_queue_callbacks(self):
        self._cancel_queue_callbacks()

    def _get_phase_facts(self):
        is_waiting = self._is_queue_callback_waiting()
        return {**super()._get_phase_facts(), "is_queue_callback": is_waiting}

    def _to_client_one(self, env):
        return {
            **super()._to_client_one(env),
            "is_queue_callback": bool(self.queue_callback_id),
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
            # The number is forged: a callback would disturb, or pay for, anyone.
            or self.attestation == "failed"
        ):
            return super()._may_request_queue_callback()
        # Callers can present any number, so only ordinary numbers are called back, whatever else is
        # allowed.
        return classify(number).kind == ORDINARY and not self._get_forbidden_destination(
            self.company_id, number
        )

    def _wait_while_waiting(self, voice_request, now, is_first):
        if self.step_id.kind == "queue" and self._is_requesting_queue_callback(voice_request):
            return self._schedule_queue_callback()
        return super()._wait_while_waiting(voice_request, now, is_first)

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
            self.env["telephony.queue.callback"]._request(self)
            self._get_open_offers()._close("withdrawn", "withdrawn")
        return self._say_goodbye("queue_callback")

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
            queue_callbacks = self.env["telephony.queue.callback"]
            found = queue_callbacks.search([("origin_id", "=", self.id)])
            # That of an earlier call of this number may have been closed since the request.
            found = found or queue_callbacks._request(self)
            found.filtered(lambda one: one.origin_id == self)._begin()
        elif self.queue_callback_id:
            self.queue_callback_id._conclude(self)

    def _move_to(self, target, event):
        moved = super()._move_to(target, event)
        if moved and target == "in_progress":
            self.env["telephony.queue.callback"]._resolve(self)
        return moved

    def _on_late_leg(self, leg):
        was_answered = bool(self.answered_at)
        super()._on_late_leg(leg)
        if self.answered_at and not was_answered:
            self.env["telephony.queue.callback"]._resolve(self)

    def _cancel_queue_callbacks(self):
        """Cancel the queue callbacks that were requested in these calls."""
        # sudo: telephony.queue.callback - the caller of this method may delete the calls
        self.env["telephony.queue.callback"].sudo().search(
            [("origin_id", "in", self.ids)]
        )._cancel()

    def _register_callback(self):
        """Register a callback for the agents, because the queue callback failed."""
        self.env["telephony.callback"]._register_call(self, "queue_callback")

    def _end_queue_callback(self, reason):
        """End this attempt, whose customer was not dialed.

        :param str reason: the code for its timeline, if any
        """
        if reason:
            self._add_timeline(reason)
        self.outcome = "canceled"
        self._apply_event(CallEvent("hung_up", at=fields.Datetime.now(), data={"by": "system"}))

    # === DISPATCH === #

    def _on_agent_connected(self):
        self._start_queue_callback()
        super()._on_agent_connected()

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

    def _has_customer_leg(self):
        # The provider does not know a place in a queue.
        return super()._has_customer_leg() and not self._is_queue_callback_waiting()

    def _is_queue_callback_waiting(self):
        """Return whether this is a queue callback whose customer was not dialed yet."""
        return (
            bool(self.queue_callback_id) and self.state == "queued" and not self._get_customer_leg()
        )

    def _waits_in_queue(self):
        return bool(self.queue_callback_id and not self.answered_at) or super()._waits_in_queue()

    def _advance_queue_callbacks(self, now):
        """Expire offers and claims of queue callbacks, which no waiting customer's leg drives.

        :param datetime now: the current time
        """
        for call in self:
            call._get_open_offers()._expire(now)
            late = call.user_id and not call._seconds_until(call.deadline_at, now)
            if late and not call._get_agent_legs()._is_alive():
                call._release_claim()

    @api.model
    def _cron_dispatch_queue_callbacks(self):
        """Offer queue callbacks that are due, and end those that have expired."""
        domain = [("state", "in", OPEN_STATES)]
        expected = self.env["telephony.queue.callback"].search(domain)
        calls = expected.origin_id | expected.call_ids.filtered(lambda call: call.state != "ended")
        enter(self.env, call_ids=calls.ids, queue_ids=calls.queue_id.ids, routes=True)
        queue_callbacks = self.env["telephony.queue.callback"].search(domain)
        queue_callbacks._check(fields.Datetime.now())
        queue_callbacks.call_ids.filtered(lambda call: call.state == "queued").queue_id._dispatch()

    # === PRIVACY === #

    def _anonymize(self, user=None):
        self._cancel_queue_callbacks()
        super()._anonymize(user)

    @api.model
    def _anonymize_older(self, company, limit):
        self.env["telephony.callback"]._anonymize_older(company, limit)
        return super()._anonymize_older(company, limit)
