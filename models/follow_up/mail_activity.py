from datetime import timedelta

from odoo import Command, fields, models

# How long a follow-up takes in the calendar.
EVENT_MINUTES = 15


class MailActivity(models.Model):
    """Due calls: completed by a call, or by hand. Those with an hour stand in the calendar."""

    _inherit = "mail.activity"

    telephony_call_id = fields.Many2one(
        "telephony.call",
        "Done by Call",
        readonly=True,
        ondelete="set null",
        copy=False,
        index="btree_not_null",
        groups="crm_telephony.group_user",
    )
    telephony_message_id = fields.Many2one(
        "mail.message",
        readonly=True,
        ondelete="set null",
        copy=False,
        groups="crm_telephony.group_user",
    )

    def _action_done(self, feedback=False, attachment_ids=None):
        """Cancel the callback of an activity that is done without a conversation.

        Also cancel the calendar event, so that no reminder of a finished activity appears.
        """
        # sudo: calendar.event - the right to complete the activity includes its event
        self.sudo().filtered(lambda one: one.activity_category == "phonecall")._cancel_event()
        result = super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
        if not self.env.context.get("telephony_by_call"):
            # sudo: telephony.callback - the right to complete the activity includes its callback
            callbacks_sudo = (
                self.env["telephony.callback"]
                .sudo()
                .search([("activity_id", "in", self.ids), ("state", "=", "open")])
            )
            if callbacks_sudo:
                callbacks_sudo._cancel(
                    feedback
                    or self.env._("%(name)s marked the activity as done.", name=self.env.user.name)
                )
        return result

    def _schedule_telephony_event(self, start, alarm):
        """Put a follow-up into its user's calendar, at an hour. Note: `self.ensure_one()`

        An activity has a date only; the hour and the reminder are those of a calendar event.

        :param datetime start: naive, in UTC
        :param alarm: the reminder (`calendar.alarm`), possibly empty
        """
        self.ensure_one()
        user = self.user_id
        # As its user: the calendar sends no invitation to the one who plans an event.
        events = self.env["calendar.event"].with_user(user).sudo()
        env = events.with_context(lang=user.lang).env
        name = self.res_name or ""
        if self.activity_category == "phonecall":
            name = env._("Call %(name)s", name=name)
        event = events.with_context(
            no_mail_to_attendees=True, skip_contact_description=True
        ).create(
            {
                "name": self.summary or name,
                "start": start,
                "stop": start + timedelta(minutes=EVENT_MINUTES),
                "user_id": user.id,
                "partner_ids": [Command.set(user.partner_id.ids)],
                "alarm_ids": [Command.set(alarm.ids)],
            }
        )
        # Afterwards: the calendar plans an activity of its own for an event that has a document.
        event.write({"res_model_id": self.res_model_id.id, "res_id": self.res_id})
        self.calendar_event_id = event

    def _cancel_event(self):
        """Remove the future calendar events of these activities, and their reminders."""
        now = fields.Datetime.now()
        self.calendar_event_id.filtered(lambda event: event.start > now).active = False

    def _rewrite_feedback(self, feedback):
        """Update the feedback in the message about a due call. Note: `self.ensure_one()`

        :param str feedback: plain text
        """
        self.ensure_one()
        if self.feedback == feedback:
            return
        self.write({"feedback": feedback})
        message = self.telephony_message_id
        if message:
            message.body = self.env["ir.qweb"]._render(
                "mail.message_activity_done",
                {
                    "activity": self,
                    "feedback": feedback,
                    "display_assignee": self.user_id.partner_id != message.author_id,
                },
                minimal_qcontext=True,
            )
