from odoo import _, api, fields, models


class CrmLead(models.Model):
    _inherit = "crm.lead"

    telephony_call_ids = fields.One2many("telephony.call", "lead_id",
                                         groups="crm_telephony.group_user")
    telephony_call_count = fields.Integer("Calls", compute="_compute_telephony_call_count",
                                          groups="crm_telephony.group_user")

    @api.model_create_multi
    def create(self, vals_list):
        """Link the lead to the call it is made for, if the page says so."""
        uuid = self.env.context.get("telephony_call")
        if not uuid:
            return super().create(vals_list)
        leads = super(CrmLead, self.with_context(telephony_call=False)).create(vals_list)
        self.env["telephony.call"]._link_created(uuid, leads[:1])
        return leads.with_env(self.env)

    def _compute_telephony_call_count(self):
        counts = dict(self.env["telephony.call"]._read_group(
            [("lead_id", "in", self.ids)], ["lead_id"], ["__count"]
        ))
        for lead in self:
            lead.telephony_call_count = counts.get(lead, 0)

    def action_view_telephony_calls(self):
        """Show the calls of a lead."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_telephony.telephony_call_action"
        )
        return {**action, "domain": [("lead_id", "=", self.id)], "context": {},
                "name": _("Calls of %(name)s", name=self.display_name)}

    def _merge_dependences(self, opportunities):
        super()._merge_dependences(opportunities)
        # sudo: telephony.call - nobody writes calls; these move with their opportunity
        self.env["telephony.call"].sudo().search(
            [("lead_id", "in", opportunities.ids)]
        ).write({"lead_id": self.id})
        # sudo: telephony.callback - what is owed moves with its opportunity, too
        self.env["telephony.callback"].sudo().search(
            [("lead_id", "in", opportunities.ids)]
        ).write({"lead_id": self.id})
