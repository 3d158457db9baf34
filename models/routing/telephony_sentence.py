from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

PURPOSES = {
    "no_one_available": ("call", _lt("No one is available")),
    "position": ("queue", _lt("Position in the queue")),
    "wait_under_minute": ("queue", _lt("Wait of less than a minute")),
    "wait_one_minute": ("queue", _lt("Wait of about a minute")),
    "wait_minutes": ("queue", _lt("Wait of several minutes")),
    "wait_over_minutes": ("queue", _lt("Wait of more than the longest estimate")),
    "offer_queue_callback": ("queue", _lt("Offer of a callback")),
    "leave_message": ("voicemail", _lt("Before the tone")),
}


class TelephonySentence(models.Model):
    _inherit = "telephony.sentence"

    @api.model
    def _get_purposes(self):
        return {**super()._get_purposes(), **PURPOSES}

    @api.model
    def _get_used_languages(self, company):
        # sudo: telephony.flow - only the languages of the flows
        flows_sudo = self.env["telephony.flow"].sudo().search([("company_id", "=", company.id)])
        return super()._get_used_languages(company) | set(flows_sudo.mapped("language"))
