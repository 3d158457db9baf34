from odoo import api, fields, models
from odoo.tools import SQL

from ..arguments import check_one


class CrmLead(models.Model):
    _inherit = "crm.lead"

    telephony_call_ids = fields.One2many(
        "telephony.call", "lead_id", groups="crm_telephony.group_user"
    )

    def _compute_telephony_call_count(self):
        counts = dict(
            self.env["telephony.call"]._read_group(
                [("lead_id", "in", self.ids)], ["lead_id"], ["__count"]
            )
        )
        for lead in self:
            lead.telephony_call_count = counts.get(lead, 0)

    def _get_telephony_call_domain(self):
        """Return the domain of the calls of these leads."""
        return [("lead_id", "in", self.ids)]

    @check_one
    def action_view_telephony_calls(self):
        """Return the action that shows the calls of a lead."""
        return self._get_telephony_calls_action(telephony_lead_id=self.id)

    @api.model
    def _telephony_find(self, partner, number, company):
        """Return the only open lead or opportunity of a caller; empty if there are several.

        :param partner: the contact, possibly empty
        :param str number: E.164, possibly empty
        :param company: the company of the call
        """
        owners = []
        if partner:
            owners.append(SQL("partner_id = %s", partner.id))
        if number:
            # A lead of another contact is not this caller's.
            no_other = SQL("AND partner_id IS NULL") if partner else SQL()
            owners.append(SQL("phone_sanitized = %s %s", number, no_other))
        # sudo: crm.lead - the link does not depend on who takes the call
        leads_sudo = self.sudo()._telephony_find_open(owners, company)
        return leads_sudo if len(leads_sudo) == 1 else leads_sudo.browse()

    @api.model
    def _telephony_find_open(self, owners, company):
        """Return open leads: at most as many as distinguish one from several.

        :param owners: conditions on the columns of a lead (`SQL`); the first one that any open
            lead satisfies counts
        :param company: the company; leads of other companies are excluded
        """
        if not owners:
            return self.browse()
        self.flush_model(["active", "company_id", "partner_id", "phone_sanitized", "won_status"])
        # Raw SQL for the same reason as in `res.partner._telephony_find`.
        parts = (
            SQL(
                """(SELECT %s AS place, id FROM crm_lead
                     WHERE active AND won_status = 'pending'
                       AND (company_id = %s OR company_id IS NULL) AND %s LIMIT 2)""",
                place,
                company.id,
                owner,
            )
            for place, owner in enumerate(owners)
        )
        found = self.env.execute_query(SQL(" UNION ALL ").join(parts))
        first = min((place for place, _id in found), default=None)
        return self.browse([lead for place, lead in found if place == first])

    def _merge_dependences(self, opportunities):
        super()._merge_dependences(opportunities)
        # sudo: telephony.call - users cannot write calls; these follow their opportunity
        self.env["telephony.call"].sudo().search([("lead_id", "in", opportunities.ids)]).write(
            {"lead_id": self.id}
        )
        # sudo: telephony.callback - callbacks follow their opportunity, too
        self.env["telephony.callback"].sudo().search([("lead_id", "in", opportunities.ids)]).write(
            {"lead_id": self.id}
        )
