from lxml import etree

from odoo import api, fields, models


class MailThread(models.AbstractModel):
    """Records that calls are linked to: creation during a call, and the buttons of their forms.

    Every chatter has these methods, because the models may be installed later than this addon. They
    do nothing for a model that is not one of `telephony.linked.model`.
    """

    _inherit = "mail.thread"

    telephony_call_count = fields.Integer(
        "Calls", compute="_compute_telephony_call_count", groups="crm_telephony.group_user"
    )
    telephony_number = fields.Char(
        "Number to Call",
        compute="_compute_telephony_number",
        groups="crm_telephony.group_user",
        help="The number of the customer, for a record without a number of its own.",
    )

    # === COMPUTE METHODS === #

    def _compute_telephony_call_count(self):
        calls = self.env["telephony.call"]
        for record in self:
            record.telephony_call_count = calls.search_count(record._get_telephony_call_domain())

    def _compute_telephony_number(self):
        calls = self.env["telephony.call"]
        for record in self:
            record.telephony_number = calls._get_due_number(record)[1]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Link the record to the call for which the page creates it."""
        uuid = self.env.context.get("telephony_call")
        if not uuid or self._name not in self.env["telephony.linked.model"]._get_installed():
            return super().create(vals_list)
        records = super(MailThread, self.with_context(telephony_call=False)).create(vals_list)
        self.env["telephony.call"]._link_created(uuid, records[:1])
        return records.with_env(self.env)

    def unlink(self):
        """Unlink the calls, whose reference no database constraint guards."""
        linked = self.env["telephony.linked.model"]
        if self._name in linked._get_others():
            linked._unlink_calls([self._name], [("res_id", "in", self.ids)])
        return super().unlink()

    # === VIEWS === #

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Add the button that shows the calls of a record, and the one that calls its customer."""
        arch, view = super()._get_view(view_id, view_type, **options)
        linked = self.env["telephony.linked.model"]._get_others().get(self._name)
        if linked and view_type == "form":
            for box in arch.xpath("//div[@name='button_box']")[:1]:
                box.append(self._get_telephony_button())
            # A number in the form has a call button of its own.
            for header in arch.xpath("/form/header | /form/sheet/header")[: not linked.phone_field]:
                group = {"groups": "crm_telephony.group_user"}
                field = {"name": "telephony_number", "invisible": "1"}
                etree.SubElement(header, "field", {**field, **group})
                etree.SubElement(header, "widget", {"name": "telephony_call_record", **group})
        return arch, view

    @api.model
    def _get_telephony_button(self):
        # A method of every chatter would be public for all of them.
        action = self.env["ir.model.data"]._xmlid_to_res_id(
            "crm_telephony.telephony_call_action_linked"
        )
        button = etree.Element(
            "button",
            {
                "name": str(action),
                "type": "action",
                "class": "oe_stat_button",
                "icon": "fa-phone",
                "groups": "crm_telephony.group_user",
            },
        )
        count = {"name": "telephony_call_count", "widget": "statinfo"}
        count["string"] = self.env._("Calls")
        etree.SubElement(button, "field", count)
        return button

    # === ACTIONS === #

    def _get_telephony_calls_action(self, **defaults):
        """Return the action that shows the calls of a record. Note: `self.ensure_one()`

        :param defaults: the context of a call that is logged by hand there
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_telephony.telephony_call_action"
        )
        return {
            **action,
            "domain": self._get_telephony_call_domain(),
            "context": defaults,
            "name": self.env._("Calls of %(name)s", name=self.display_name),
        }

    # === HOOKS === #

    def _get_telephony_call_domain(self):
        """Return the domain of the calls that are linked to these records."""
        return [("res_model", "=", self._name), ("res_id", "in", self.ids)]
