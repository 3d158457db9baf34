from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.arguments import check_one


class TelephonyNumberSearch(models.TransientModel):
    """Search for a number to buy."""

    _name = "telephony.number.search"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Search Phone Numbers"

    account_id = fields.Many2one(
        "telephony.account", required=True, readonly=True, ondelete="cascade"
    )
    country_id = fields.Many2one(
        "res.country", required=True, default=lambda self: self.env.company.country_id
    )
    kind = fields.Selection(
        [("local", "Local"), ("mobile", "Mobile"), ("toll_free", "Toll-free")],
        string="Type",
        required=True,
        default="local",
    )
    contains = fields.Char(help="Digits that the number must contain. Use * for any single digit.")
    is_searched = fields.Boolean(readonly=True)
    line_ids = fields.One2many("telephony.number.search.line", "search_id", readonly=True)

    @api.private
    @api.model
    def action_open(self, account):
        """Return the action that opens the search.

        :param account: account that buys the number
        :rtype: dict
        """
        return self.create({"account_id": account.id})._reopen()

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Buy a Number"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
        }

    @check_one
    def action_search(self):
        """Search Twilio for available numbers."""
        self.account_id.check_access("write")
        contains = "".join(c for c in self.contains or "" if c.isalnum() or c == "*")
        if len(contains) == 1:
            raise UserError(self.env._("Enter at least two digits, or none."))
        country, kind = self.country_id.code, self.kind
        found, prices = self.account_id._search_numbers(country, kind, contains)
        amount, currency = prices.get(kind, (None, ""))
        self.line_ids.unlink()
        self.line_ids.create(
            [
                {
                    "search_id": self.id,
                    "number": offer["number"],
                    "place": ", ".join(filter(None, (offer["locality"], offer["region"]))),
                    "needs_address": offer["needs_address"],
                    "is_price_known": amount is not None,
                    "price": amount or 0.0,
                    "currency": currency,
                }
                for offer in found
            ]
        )
        self.is_searched = True
        return self._reopen()


class TelephonyNumberSearchLine(models.TransientModel):
    """An available number."""

    _name = "telephony.number.search.line"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Available Phone Number"

    search_id = fields.Many2one("telephony.number.search", required=True, ondelete="cascade")
    number = fields.Char("Number to Buy", required=True)
    number_display = fields.Char("Number", compute="_compute_displays")
    place = fields.Char("Locality")
    needs_address = fields.Boolean(
        "Address Needed", help="Twilio requires a validated address before you can buy this number."
    )
    is_price_known = fields.Boolean("Known Price")
    price = fields.Float("Monthly Price")
    currency = fields.Char()
    price_display = fields.Char("Price", compute="_compute_displays")

    @api.depends("number", "price", "currency", "is_price_known")
    def _compute_displays(self):
        for line in self:
            line.number_display = self.env["telephony.call"]._format_number(line.number)
            line.price_display = (
                self.env._(
                    "%(amount).2f %(currency)s a month", amount=line.price, currency=line.currency
                )
                if line.is_price_known
                else self.env._("Unknown price")
            )

    @check_one
    def action_buy(self):
        """Buy this number, and open it."""
        self.search_id.account_id.check_access("write")
        number = self.search_id.account_id._buy_number(self.number)
        return {
            "type": "ir.actions.act_window",
            "res_model": "telephony.number",
            "res_id": number.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "current",
        }
