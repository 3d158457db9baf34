from odoo import api, fields, models
from odoo.exceptions import ValidationError


class TelephonyBlockedNumber(models.Model):
    """A number whose calls are rejected before they are answered, at no cost."""

    _name = "telephony.blocked.number"
    _inherit = ["telephony.guard.mixin"]
    _description = "Blocked Number"
    _order = "create_date desc"
    _rec_name = "number"

    number = fields.Char(required=True, index=True, help="With country code, e.g. +32470123456.")
    reason = fields.Char()
    company_id = fields.Many2one(
        "res.company", required=True, immutable=True, default=lambda self: self.env.company
    )

    _number_unique = models.Constraint(
        "UNIQUE (company_id, number)", "This number is already blocked."
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["number"] = self._normalize(vals.get("number"))
        blocked = super().create(vals_list)
        blocked._cancel_callbacks()
        return blocked

    def write(self, vals):
        if "number" in vals:
            vals = {**vals, "number": self._normalize(vals["number"])}
        return super().write(vals)

    def _cancel_callbacks(self):
        """Cancel the callbacks of the numbers that are blocked from now on."""
        for number in self:
            # sudo: telephony.callback - the right to block a caller includes canceling the callback
            self.env["telephony.callback"].sudo().search(
                [
                    ("company_id", "=", number.company_id.id),
                    ("state", "=", "open"),
                    ("customer_number", "=", number.number),
                ]
            )._cancel(self.env._("The number was blocked."))
            # sudo: telephony.queue.callback - as above
            self.env["telephony.queue.callback"].sudo()._get_open(
                number.company_id, number.number
            )._cancel()

    def _normalize(self, number):
        normalized = self.env["telephony.call"]._normalize(number, self.env.company.country_id)
        if not normalized:
            raise ValidationError(
                self.env._("Enter the number with its country code, e.g. +32470123456.")
            )
        return normalized

    @api.model
    def _is_blocked(self, number, company):
        """Return whether the calls of a number are rejected.

        :param str number: E.164, empty for a hidden caller
        :param company: the company of the block list
        :rtype: bool
        """
        return bool(number) and bool(
            self.search_count([("company_id", "=", company.id), ("number", "=", number)], limit=1)
        )
