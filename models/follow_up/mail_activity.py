from odoo import fields, models


class MailActivity(models.Model):
    """Due calls: completed by a call, or by hand."""

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
        """Cancel the callback of an activity that is done without a conversation."""
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
