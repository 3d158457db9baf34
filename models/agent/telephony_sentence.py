from odoo import api, models


class TelephonySentence(models.Model):
    _inherit = "telephony.sentence"

    @api.model
    def _get_used_languages(self, company):
        # sudo: telephony.agent - only the languages of the phone users, who hear some sentences
        agents_sudo = self.env["telephony.agent"].sudo().search([("company_id", "=", company.id)])
        langs = agents_sudo.user_id.mapped("lang")
        return super()._get_used_languages(company) | set(filter(None, langs))
