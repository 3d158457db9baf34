from odoo import _, api, fields, models
from odoo.exceptions import UserError

ACTIVITY_TYPES = {
    "call": "mail.mail_activity_data_call",
    "task": "mail.mail_activity_data_todo",
}


class TelephonyCall(models.Model):
    """What comes after a call: its result, and the next step."""

    _inherit = "telephony.call"

    disposition_id = fields.Many2one(
        "telephony.disposition", "Result", readonly=True, ondelete="restrict",
        index="btree_not_null",
    )

    # === RPC === #

    @api.model
    def wrap_up(self, uuid, values):
        """Keep what the user says about a call at its end.

        :param str uuid: a call of the current user
        :param dict values: of `disposition_id`, `note`
        :raise UserError: the result does not exist, or does not fit the call
        :return: see `_to_client`
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        if values.get("note") is not None:
            self.save_note(uuid, values["note"])
        if "disposition_id" in values:
            chosen = call_sudo._get_dispositions().filtered(
                lambda disposition: disposition.id == values["disposition_id"]
            )
            if values["disposition_id"] and not chosen:
                raise UserError(_("This result does not fit the call."))
            call_sudo.disposition_id = chosen
            call_sudo._update_log()
        return call_sudo._to_client_for_me()

    @api.model
    def get_dispositions(self, uuid):
        """Return the results the user may choose from after a call.

        :param str uuid: a call of the current user
        :return: dictionaries with `id` and `name`
        :rtype: list(dict)
        """
        call_sudo = self._get_mine_sudo(uuid)
        return [
            {"id": disposition.id, "name": disposition.name}
            for disposition in call_sudo._get_dispositions().with_context(lang=self.env.lang)
        ]

    @api.model
    def schedule_follow_up(self, uuid, kind, values):
        """Plan the next step after a call, on its opportunity, or else on its contact.

        :param str uuid: a call of the current user
        :param str kind: `call` or `task`
        :param dict values: `date` (`YYYY-MM-DD`), `summary`, and optionally `note` and `user_id`
        :raise UserError: there is no record to link it to, the date is none, or the person
            cannot do it
        :return: `activity_id`, and the `record` it is linked to
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        if kind not in ACTIVITY_TYPES:
            raise UserError(_("A follow-up is a call or a task."))
        record = call_sudo._get_follow_up_record()
        if not record:
            raise UserError(_(
                "This call is not linked to a contact or an opportunity yet. Link it first."
            ))
        try:
            date = fields.Date.to_date(values.get("date"))
        except (TypeError, ValueError):
            date = None
        if not date:
            raise UserError(_("Choose the date of the follow-up."))
        assignee = self._get_assignee(values.get("user_id") or self.env.uid, record)
        # sudo: mail.activity - who has spoken with the customer may plan the next step, also
        # where only the sales team may change the contact
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
                "model": record._name, "id": record.id, "name": record.display_name,
            },
        }

    # === BUSINESS METHODS === #

    def _get_dispositions(self):
        """Return the results that fit this call. Note: `self.ensure_one()`"""
        self.ensure_one()
        domain = [("company_id", "in", (self.company_id.id, False))]
        if self.state == "ended" and not self.answered_at:
            domain.append(("connected_only", "=", False))
        return self.env["telephony.disposition"].search(domain)

    @api.model
    def _get_assignee(self, user_id, record):
        """Return the colleague who is to do a follow-up.

        :param int user_id: an internal user
        :param record: what it is about, which that user has to be able to read
        :raise UserError: nobody of that kind
        """
        domain = [("id", "=", user_id), ("share", "=", False)]
        user = self.env["res.users"].search(domain) if isinstance(user_id, int) else None
        if not user or not record.with_user(user).has_access("read"):
            raise UserError(_("The follow-up cannot be given to this person."))
        return user

    def _get_follow_up_record(self):
        """Return the opportunity, or else the contact, as the current user may see it."""
        for record in (self.lead_id, self.partner_id):
            record = record.with_env(self.env(user=self.env.uid, su=False))
            if record and record.has_access("read"):
                return record
        return self.env["res.partner"]
