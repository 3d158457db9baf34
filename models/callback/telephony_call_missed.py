from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools.misc import format_datetime


class TelephonyCall(models.Model):
    """What the end of a call does to what was owed, and to the activities it was made for."""

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
    def _get_dialled_activity(self, activity_id):
        """Return the due call that a call is made for, if the user may do it."""
        activity = self.env["mail.activity"]
        if activity_id:
            activity = activity.browse(activity_id).exists()
        is_due = activity.active and activity.activity_category == "phonecall"
        return activity if is_due and activity.has_access("write") else activity.browse()

    def _update_callbacks(self):
        """Draw the conclusions from the end of calls; may be done again when more is known."""
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
                    continue  # a place in a queue that was given up: nobody was called
                callbacks_sudo = callbacks._register_attempt(call)
                for activity in callbacks_sudo.activity_id | call.activity_id:
                    call._log_attempt_on(activity)
            elif call.outcome in kinds:
                callbacks._register_call(call, kinds[call.outcome])

    def _complete_activity(self, activity):
        """Mark a due call as done by this one, with what came of it. Note: `self.ensure_one()`

        What is said about the call later, as its result, is written into it later.

        :param activity: of anybody, done or not
        """
        self.ensure_one()
        # sudo: mail.activity - the conversation took place, whoever may change the record
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
        """Write into a due call that it was tried. Note: `self.ensure_one()`"""
        self.ensure_one()
        # sudo: mail.activity - the attempt took place, whoever may change the record
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
        """Let what is owed belong to the record of the call that made it owed."""
        super()._link(record)
        # sudo: telephony.callback - it belongs where its call belongs
        callback_sudo = self.callback_id.sudo()
        if callback_sudo.state == "open" and not callback_sudo.activity_id:
            callback_sudo.write({"partner_id": self.partner_id.id, "lead_id": self.lead_id.id})
            callback_sudo._update_activity()

    def _get_activity_feedback(self):
        """Write what came of a conversation: its outcome, result, length and summary."""
        outcome = dict(self._fields["outcome"]._description_selection(self.env))
        parts = [outcome.get(self.outcome, ""), self.disposition_id.name, self.duration_display]
        return "\n".join(filter(None, [" · ".join(filter(None, parts)), self.note]))

    def _update_log(self):
        """Write what is said about calls later into the activities that they completed, too."""
        super()._update_log()
        for call in self:
            # sudo: mail.activity - of the call whose user says something about it
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
