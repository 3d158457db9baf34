from odoo import api, fields, models

DUE_COUNT = 80


class TelephonyCall(models.Model):
    """The calls an agent has to make: due activities, and callbacks to unknown callers."""

    _inherit = "telephony.call"

    @api.model
    def due_calls(self):
        """Return the calls that the current user has to make, the most urgent first.

        :return: dictionaries with `key`, `activity_id`, `callback_id`, `record`, `name`, `number`,
            `number_display`, `summary`, `deadline` (`YYYY-MM-DD`) and whether it `is_today` for the
            user, `state` (`overdue`, `today` or `planned`), `tried_at`, and the `reason` why it
            cannot be called
        :rtype: list(dict)
        """
        self.env["telephony.agent"]._ensure_own_agent()
        activities = self.env["mail.activity"].search(
            [
                ("user_id", "=", self.env.uid),
                ("activity_type_id.category", "=", "phonecall"),
                ("res_model", "!=", False),
            ],
            order="date_deadline, id",
            limit=DUE_COUNT,
        )
        callbacks = self.env["telephony.callback"].search(
            [
                ("user_id", "=", self.env.uid),
                ("state", "=", "open"),
                ("company_id", "in", self.env["telephony.agent"]._get_my_companies().ids),
            ],
            limit=DUE_COUNT,
        )
        of_activity = {
            callback.activity_id.id: callback for callback in callbacks if callback.activity_id
        }
        # sudo: telephony.call - only the last attempts at the user's own due calls, by any user
        tried = dict(
            self.sudo()._read_group(
                [("activity_id", "in", activities.ids)], ["activity_id"], ["started_at:max"]
            )
        )
        rows = [
            self._get_due_activity(
                activity, of_activity.get(activity.id, callbacks.browse()), tried
            )
            for activity in activities
        ] + [self._get_due_callback(callback) for callback in callbacks if not callback.activity_id]
        rank = {"overdue": 0, "today": 1, "planned": 2}
        return sorted(rows, key=lambda row: (rank[row["state"]], row["deadline"]))

    @api.model
    def _get_due_activity(self, activity, callback, tried):
        """Return the due-call entry of an activity.

        :param callback: the callback of the activity, possibly empty
        :param dict tried: activity -> time of the last attempt
        """
        record = self.env[activity.res_model].browse(activity.res_id)
        readable = record if record.exists() and record.has_access("read") else None
        owner, number = (
            (None, callback.customer_number) if callback else self._get_due_number(readable)
        )
        tried_at = max(filter(None, (tried.get(activity), callback.last_attempt_at)), default=None)
        return {
            "key": f"activity-{activity.id}",
            "activity_id": activity.id,
            "callback_id": callback.id,
            "record": {
                "model": record._name,
                "id": record.id,
                "name": readable.display_name,
            }
            if readable
            else False,
            "name": self._get_due_name(readable, owner) or activity.res_name or "",
            "summary": activity.summary or False,
            "deadline": fields.Date.to_string(activity.date_deadline),
            "is_today": activity.date_deadline == fields.Date.context_today(activity),
            "state": "overdue" if callback.is_overdue else activity.state,
            **self._get_due_number_data(number, tried_at),
        }

    @api.model
    def _get_due_callback(self, callback):
        """Return the due-call entry of a callback without contact and opportunity."""
        today = fields.Date.context_today(callback)
        deadline = fields.Datetime.context_timestamp(callback, callback.due_at).date()
        state = "today" if deadline <= today else "planned"
        return {
            "key": f"callback-{callback.id}",
            "activity_id": False,
            "callback_id": callback.id,
            "record": {
                "model": callback._name,
                "id": callback.id,
                "name": callback.customer_display,
            },
            "name": callback.customer_display,
            "summary": callback._get_activity_summary(),
            "deadline": fields.Date.to_string(deadline),
            "is_today": deadline == today,
            "state": "overdue" if callback.is_overdue else state,
            **self._get_due_number_data(callback.customer_number, callback.last_attempt_at),
        }

    @api.model
    def _get_due_number_data(self, number, tried_at):
        sanitized = self._normalize(number, self.env.company.country_id)
        return {
            "number": number or False,
            "number_display": self._format_number(sanitized) or number or False,
            "tried_at": fields.Datetime.to_string(tried_at) if tried_at else False,
            "reason": False if number else self.env._("This record has no phone number."),
        }

    @api.model
    def _get_due_number(self, record):
        """Return who to call about a record, and the number: its own, or else its contact's.

        :param record: a readable record, or None
        """
        if record is None:
            return None, False
        partner = record.partner_id if "partner_id" in record._fields else None
        for owner in (record, partner):
            if not owner or not owner.has_access("read"):
                continue
            names = (
                owner._phone_get_number_fields()
                if hasattr(owner, "_phone_get_number_fields")
                else ["phone"]
            )
            for name in names:
                if name in owner._fields and owner[name]:
                    return owner, owner[name]
        return None, False

    @api.model
    def _get_due_name(self, record, owner):
        """Return the best known name of the person to call."""
        if record is None:
            return ""
        if record._name == "crm.lead":
            return record.partner_id.name or record.contact_name or record.partner_name
        if owner and owner._name == "res.partner":
            return owner.name or owner.display_name
        return record.display_name
