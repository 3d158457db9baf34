from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.phone_validation.tools import phone_validation


class TelephonyNumber(models.Model):
    """A number that the company has at the carrier."""

    _name = "telephony.number"
    _description = "Telephone Number"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, help="As Sales or Support. Agents see it.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    number = fields.Char(required=True, help="With country code, as +3225550100.")
    account_id = fields.Many2one(
        "telephony.account", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    provider_number_id = fields.Char(readonly=True, copy=False)
    flow_id = fields.Many2one(
        "telephony.flow",
        "Incoming Calls",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        help="What happens when somebody calls this number. Without it, the caller hears that "
        "nobody is available.",
    )
    agent_ids = fields.Many2many(
        "telephony.agent",
        string="Phone Users",
        check_company=True,
        help="Those who may call out with this number.",
    )

    _number_unique = models.Constraint(
        "UNIQUE (account_id, number)", "This number is already listed in this account."
    )

    @api.constrains("number")
    def _check_number(self):
        for record in self:
            if phone_validation.phone_format(
                record.number, None, None, force_format="E164", raise_exception=False
            ) != record.number or not record.number.startswith("+"):
                raise ValidationError(_(
                    "The number “%(number)s” is not written with its country code, as "
                    "+3225550100.",
                    number=record.number,
                ))

    @api.depends("name", "number")
    def _compute_display_name(self):
        for record in self:
            record.display_name = f"{record.name} ({record.number})"

    def _to_client(self):
        """Return what the web client shows of these numbers.

        :rtype: list(dict)
        """
        return [
            {
                "id": record.id,
                "number": record.number,
                "number_display": record.env["telephony.call"]._format_number(record.number),
                "name": record.name,
            }
            for record in self
        ]
