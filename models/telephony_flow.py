from odoo import fields, models


class TelephonyFlow(models.Model):
    """What happens to an incoming call, step by step."""

    _name = "telephony.flow"
    _description = "Call Flow"
    _order = "name"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    language = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        required=True,
        default=lambda self: self.env.lang or "en_US",
        help="The language in which callers are spoken to.",
    )
    step_ids = fields.One2many("telephony.flow.step", "flow_id", "Steps", copy=True)
    number_ids = fields.One2many("telephony.number", "flow_id", "Numbers")

    def _get_first_step(self):
        return self.step_ids.sorted()[:1]

    def _get_speech_language(self):
        """Return the language of spoken texts in the carrier's form, as `en-US`."""
        return (self.language or "en_US").split("@")[0].replace("_", "-")
