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
        :raise UserError: there is no record to link it to, or the date is none
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
        except ValueError:
            date = None
        if not date:
            raise UserError(_("Choose the date of the follow-up."))
        activity = record.activity_schedule(
            ACTIVITY_TYPES[kind],
            date_deadline=date,
            summary=(values.get("summary") or "").strip() or False,
            note=values.get("note") or False,
            user_id=values.get("user_id") or self.env.uid,
        )
        return {
            "activity_id": activity.id,
            "record": {
                "model": record._name, "id": record.id, "name": record.display_name,
            },
        }

    @api.model
    def link_record(self, uuid, res_model, res_id):
        """Say which contact or opportunity a call belongs to; its line in the chatter moves along.

        :param str uuid: a call of the current user
        :param str res_model: `res.partner` or `crm.lead`
        :param int res_id: a record the user may read
        :raise UserError: it is something else
        :return: see `_to_client`
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        if res_model not in ("res.partner", "crm.lead"):
            raise UserError(_("A call belongs to a contact or an opportunity."))
        record = self.env[res_model].browse(res_id).exists()
        record.check_access("read")
        if not record:
            raise UserError(_("This record does not exist any more."))
        if res_model == "crm.lead":
            call_sudo.write({
                "lead_id": record.id,
                "partner_id": record.partner_id.id or call_sudo.partner_id.id,
            })
        else:
            call_sudo.write({"partner_id": record.id, "lead_id": False})
        call_sudo._move_log()
        call_sudo._notify()
        return call_sudo._to_client_for_me()

    # === BUSINESS METHODS === #

    def _get_dispositions(self):
        """Return the results that fit this call. Note: `self.ensure_one()`"""
        self.ensure_one()
        domain = [("company_id", "in", (self.company_id.id, False))]
        if self.state == "ended" and not self.answered_at:
            domain.append(("connected_only", "=", False))
        return self.env["telephony.disposition"].search(domain)

    def _get_follow_up_record(self):
        """Return the opportunity, or else the contact, as the current user may see it."""
        for record in (self.lead_id, self.partner_id):
            record = record.with_env(self.env(user=self.env.uid, su=False))
            if record and record.has_access("read"):
                return record
        return self.env["res.partner"]

    def _move_log(self):
        """Move the line in the chatter to the record the call belongs to now."""
        for call in self.filtered(lambda call: call.state == "ended"):
            call.message_id.unlink()
            call.message_id = False
            call._post_log()
