import re

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.arguments import check_one

# Characters that may be searched for.
# https://www.twilio.com/docs/phone-numbers/api/availablephonenumberlocal-resource
SHORTEST, LONGEST = 2, 16
GAP = re.compile(r"\w\*+\w")


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
    contains = fields.Char(
        help="2 to 16 digits that the number must contain. Use * before or after them for any "
        "single digit."
    )
    needs_bundle = fields.Boolean(readonly=True)
    needs_address = fields.Boolean(readonly=True)
    bundle_id = fields.Many2one(
        "telephony.number.search.proof",
        "Regulatory Bundle",
        domain="[('search_id', '=', id), ('kind', '=', 'bundle')]",
        help="Approved proof of identity for numbers of this country and type.",
    )
    address_id = fields.Many2one(
        "telephony.number.search.proof",
        domain="[('search_id', '=', id), ('kind', '=', 'address')]",
        help="Address in your Twilio account under which the number is used.",
    )
    proof_ids = fields.One2many("telephony.number.search.proof", "search_id", readonly=True)
    missing_proof = fields.Char(compute="_compute_missing_proof")
    has_bundle = fields.Boolean(compute="_compute_missing_proof")
    has_address = fields.Boolean(compute="_compute_missing_proof")
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
        if 0 < len(contains) < SHORTEST:
            raise UserError(self.env._("Enter at least two digits, or none."))
        if len(contains) > LONGEST:
            raise UserError(self.env._("Enter 16 digits at most."))
        if GAP.search(contains):
            raise UserError(
                self.env._("Use * only before or after the digits, because Twilio finds no gaps.")
            )
        country, kind = self.country_id.code, self.kind
        found, prices, proofs = self.account_id._search_numbers(country, kind, contains)
        amount, currency = prices.get(kind, (None, ""))
        self.line_ids.unlink()
        self._write_proofs(proofs, any(offer["needs_address"] for offer in found))
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

    def _write_proofs(self, proofs, needs_address):
        """Write what the account has of the required proofs; a single one is chosen.

        :param dict proofs: see `ProviderAdmin.fetch_proofs`; empty if it is not known
        """
        self.proof_ids.unlink()
        proof_ids = self.proof_ids.create(
            [
                {"search_id": self.id, "kind": kind, "sid": sid, "name": name}
                for kind, found in (
                    ("bundle", proofs.get("bundles", {})),
                    ("address", proofs.get("addresses", {})),
                )
                for sid, name in found.items()
            ]
        )
        bundles = proof_ids.filtered(lambda proof: proof.kind == "bundle")
        addresses = proof_ids - bundles
        self.write(
            {
                "needs_bundle": proofs.get("needs_bundle", False),
                "needs_address": needs_address,
                "bundle_id": bundles.id if len(bundles) == 1 else False,
                "address_id": addresses.id if len(addresses) == 1 else False,
            }
        )

    @api.depends("needs_bundle", "needs_address", "proof_ids", "country_id")
    @api.depends_context("lang")
    def _compute_missing_proof(self):
        for search in self:
            kinds = search.proof_ids.mapped("kind")
            search.missing_proof = False
            search.has_bundle, search.has_address = "bundle" in kinds, "address" in kinds
            if search.needs_bundle and not search.has_bundle:
                search.missing_proof = self.env._(
                    "These numbers cannot be bought here: this country (%(country)s) requires a "
                    "regulatory bundle, and your Twilio account has no approved one for this type. "
                    "Submit one in the Twilio Console, under Phone Numbers > Regulatory "
                    "Compliance, and search again when it is approved. Or buy the number there, "
                    "then synchronize your numbers.",
                    country=search.country_id.name,
                )
            elif search.needs_address and not search.has_address:
                search.missing_proof = self.env._(
                    "The numbers that need an address cannot be bought here, because your Twilio "
                    "account has none in this country (%(country)s). Add one in the Twilio "
                    "Console, under Phone Numbers > Regulatory Compliance > Addresses, and search "
                    "again.",
                    country=search.country_id.name,
                )


class TelephonyNumberSearchProof(models.TransientModel):
    """A proof of identity, or an address, in the Twilio account."""

    _name = "telephony.number.search.proof"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Proof for a Phone Number"

    search_id = fields.Many2one("telephony.number.search", required=True, ondelete="cascade")
    kind = fields.Selection(
        [("bundle", "Regulatory Bundle"), ("address", "Address")], required=True
    )
    name = fields.Char(required=True)
    sid = fields.Char("Twilio SID", required=True)


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
    def action_choose(self):
        """Show what will be bought, and its price, before the purchase."""
        return {
            **self.search_id._reopen(),
            "res_model": self._name,
            "res_id": self.id,
        }

    @check_one
    def action_back(self):
        """Return to the numbers that were found."""
        return self.search_id._reopen()

    @check_one
    def action_buy(self):
        """Buy this number, and open it."""
        self.search_id.account_id.check_access("write")
        search = self.search_id
        if search.needs_bundle and not search.bundle_id:
            raise UserError(
                search.missing_proof
                or self.env._("Choose the regulatory bundle for this number first.")
            )
        if self.needs_address and not search.address_id:
            raise UserError(
                search.missing_proof or self.env._("Choose the address for this number first.")
            )
        number = search.account_id._buy_number(
            self.number,
            search.bundle_id.sid if search.needs_bundle else "",
            search.address_id.sid if self.needs_address else "",
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": "telephony.number",
            "res_id": number.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "current",
        }
