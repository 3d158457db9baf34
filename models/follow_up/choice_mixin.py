from odoo import api, fields, models


class TelephonyChoiceMixin(models.AbstractModel):
    """What a user chooses about a call, from a list that administrators keep."""

    _name = "telephony.choice.mixin"
    _inherit = ["telephony.guard.mixin"]
    _description = "Choice About a Call"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", immutable=True, help="Leave empty to use it in all companies."
    )

    @api.model
    def _get_choices_domain(self, company):
        """Return the domain of what can be chosen for the calls of a company.

        An archived record cannot be chosen, whatever the context shows.
        """
        return [("active", "=", True), ("company_id", "in", (company.id, False))]
