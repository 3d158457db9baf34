from odoo import api, fields, models
from odoo.tools.misc import format_datetime

from ..arguments import check_one


class TelephonyCallback(models.Model):
    """The activity that reminds the responsible user of a callback: one, kept up to date.

    It is linked to the opportunity, or else to the contact. A callback without either has no
    activity. The list of callbacks and the softphone's due calls show it all the same.
    """

    _inherit = "telephony.callback"

    def _update_activity(self):
        """Create or update the activity of an open callback. Note: `self.ensure_one()`"""
        self.ensure_one()
        if self.state != "open":
            return
        if not self.user_id:
            self._drop_activity()
            return
        before = self.activity_id.user_id
        callback = self.with_context(
            lang=self.user_id.lang,
            tz=self.user_id.tz,
            mail_activity_quick_update=True,
            telephony_rules_later=True,
        )
        values = {"summary": callback._get_activity_summary(), "user_id": self.user_id.id}
        if self.activity_id.active:
            callback.activity_id.write(values)
        else:
            record = callback._get_activity_record()
            if record:
                activity = record.activity_schedule(
                    "mail.mail_activity_data_call",
                    date_deadline=fields.Datetime.context_timestamp(callback, self.due_at).date(),
                    **values,
                )
                self.write({"activity_id": activity.id})
        (before | self.user_id)._notify_telephony_activities()

    def _get_activity_record(self):
        """Return the record of the activity, if the responsible user may read it."""
        if not self.user_id._filter_phone_users(self.company_id):
            return self.env["res.partner"]
        env = self.user_id._telephony_env(self.company_id)
        for record in (self.lead_id, self.partner_id):
            if record and record.with_env(env).has_access("read"):
                return record
        return self.env["res.partner"]

    def _get_activity_summary(self):
        summary = {
            "missed": self.env._("Call back: missed call"),
            "abandoned": self.env._("Call back: abandoned call"),
            "voicemail": self.env._("Call back: voicemail"),
            "queue_callback": self.env._("Call back: callback requested"),
        }[self.kind]
        if self.count == 1:
            return summary
        return self.env._(
            "%(summary)s (×%(count)s, last at %(moment)s)",
            summary=summary,
            count=self.count,
            moment=format_datetime(self.env, self.last_at, dt_format="short"),
        )

    def _complete_activity(self, call):
        """Mark the activity as done by a conversation. Note: `self.ensure_one()`"""
        self.ensure_one()
        call._complete_activity(self.activity_id)
        self.user_id._notify_telephony_activities()

    def _drop_activity(self):
        """Remove the activities of closed callbacks."""
        users = self.user_id | self.activity_id.user_id
        # Done activities stay in the history of the record.
        self.activity_id.filtered("active").unlink()
        users._notify_telephony_activities()

    @api.model
    def _register_attempt(self, call):
        """Register an unanswered attempt to call back.

        :param call: an outgoing call that has ended
        :return: the callbacks, as superuser
        """
        # sudo: telephony.callback - written by the course of calls, not by users
        callbacks_sudo = self.sudo().search(
            [
                ("company_id", "=", call.company_id.id),
                ("customer_number", "=", call.customer_number),
                ("state", "=", "open"),
            ]
        )
        for callback_sudo in callbacks_sudo:
            callback_sudo.write(
                {
                    "attempt_count": callback_sudo.attempt_count + 1,
                    "last_attempt_at": call.ended_at,
                }
            )
        return callbacks_sudo

    # === ACTIONS === #

    def action_take(self):
        """Assign these callbacks to the current user."""
        self.check_access("read")
        # sudo: telephony.callback - the right to read a callback includes taking it
        self.sudo().filtered(lambda callback: callback.state == "open").write(
            {"user_id": self.env.uid}
        )
        return True

    @check_one
    def action_open_record(self):
        """Open the opportunity or the contact of a callback."""
        record = self.lead_id or self.partner_id
        return record._get_records_action(context={}) if record else False

    @check_one
    def action_open_cancel(self):
        """Open the dialog that asks for the reason of a cancellation."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Do Not Call Back"),
            "res_model": "telephony.callback.cancel",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_callback_id": self.id, "dialog_size": "medium"},
        }
