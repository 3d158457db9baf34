from odoo import api, fields, models
from odoo.exceptions import UserError

from ..arguments import check_arguments
from ..gate import door

ACTIVITY_TYPES = {
    "call": "mail.mail_activity_data_call",
    "task": "mail.mail_activity_data_todo",
}


class TelephonyCall(models.Model):
    """Follow-ups: activities planned after a call."""

    _inherit = "telephony.call"

    # === RPC === #

    @api.model
    @door()
    @check_arguments
    def schedule_follow_up(self, uuid, kind, values):
        """Schedule an activity after a call, on its opportunity or else on its contact.

        :param str uuid: a call of the current user
        :param str kind: `call` or `task`
        :param dict values: `date` (`YYYY-MM-DD`), `summary`, and optionally `note` and `user_id`
        :raise UserError: the call has no record, the date is invalid, or the user cannot do the
            activity
        :return: `activity_id`, and the `record` it is linked to
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        if kind not in ACTIVITY_TYPES:
            raise UserError(self.env._("A follow-up must be a call or a task."))
        record = call_sudo._get_follow_up_record()
        if not record:
            raise UserError(
                self.env._(
                    "This call is not linked to a contact or an opportunity yet. Link it first."
                )
            )
        try:
            date = fields.Date.to_date(values.get("date"))
        except (TypeError, ValueError):
            date = None
        if not date:
            raise UserError(self.env._("Choose the date of the follow-up."))
        assignee = self._get_assignee(values.get("user_id") or self.env.uid, record)
        # sudo: mail.activity - the user of the call may plan it, even if only the sales team may
        # edit the contact
        activity = record.sudo().activity_schedule(
            ACTIVITY_TYPES[kind],
            date_deadline=date,
            summary=(values.get("summary") or "").strip() or False,
            note=values.get("note") or False,
            user_id=assignee.id,
        )
        return {
            "activity_id": activity.id,
            "record": {
                "model": record._name,
                "id": record.id,
                "name": record.display_name,
            },
        }

    # === BUSINESS METHODS === #

    @api.model
    def _get_assignee(self, user_id, record):
        """Return the user who is assigned to a follow-up.

        :param int user_id: an internal user
        :param record: the record of the follow-up, which that user has to be able to read
        :raise UserError: no such user
        """
        domain = [("id", "=", user_id), ("share", "=", False)]
        user = self.env["res.users"].search(domain) if isinstance(user_id, int) else None
        if not user or not record.with_user(user).has_access("read"):
            raise UserError(self.env._("The follow-up cannot be assigned to this person."))
        return user

    def _get_follow_up_record(self):
        """Return the opportunity, or else the contact, if the current user may read it."""
        for record in (self.lead_id, self.partner_id):
            record = record.with_env(self.env(user=self.env.uid, su=False))
            if record and record.has_access("read"):
                return record
        return self.env["res.partner"]
