from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools.misc import format_datetime


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
    activity_id = fields.Many2one(
        "mail.activity",
        "Due Activity",
        readonly=True,
        ondelete="set null",
        copy=False,
        index="btree_not_null",
        help="The due activity this call was made for.",
    )

    @api.model
    def _get_dialed_activity(self, activity_id):
        """Return the due activity that a call is made for, if the user may complete it."""
        activity = self.env["mail.activity"]
        if activity_id:
            activity = activity.browse(activity_id).exists()
        is_due = activity.active and activity.activity_category == "phonecall"
        return activity if is_due and activity.has_access("write") else activity.browse()

    def _get_follow_ups(self):
        return [*super()._get_follow_ups(), self._update_callbacks, self._notify_missed]

    def _on_late_answer(self, is_news):
        super()._on_late_answer(is_news)
        self._update_callbacks()

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

    def _link(self, record):
        """Link the callback to the record of the call that caused it."""
        super()._link(record)
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
