from odoo import api, models


class TelephonyCustomerMixin(models.AbstractModel):
    """Form with the contact and the opportunity of a call: they belong to the same customer."""

    _name = "telephony.customer.mixin"
    _description = "Customer of a Call"

    @api.onchange("lead_id")
    def _onchange_lead_id(self):
        if self.lead_id.partner_id:
            self.partner_id = self.lead_id.partner_id

    @api.onchange("partner_id")
    def _onchange_partner_id(self):
        owner = self.lead_id.partner_id.commercial_partner_id
        if owner and owner != self.partner_id.commercial_partner_id:
            self.lead_id = False
