from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..arguments import check_arguments, is_text
from ..gate import door

FOUND = 6


class TelephonyCall(models.Model):
    """The contact or opportunity of a call, as linked by the user."""

    _inherit = "telephony.call"

    # === RPC === #

    @api.model
    @check_arguments
    def find_records(self, uuid, term=""):
        """Return the contacts and open opportunities that a call may be linked to.

        :param str uuid: a call of the current user
        :param str term: part of a name; if empty, records with the customer's number are returned
        :return: dictionaries with `model`, `id`, `name` and `detail`; only readable records
        :rtype: list(dict)
        """
        call_sudo = self._get_mine_sudo(uuid)
        companies = Domain("company_id", "in", (call_sudo.company_id.id, False))
        term = (term or "").strip()
        if term:
            partners = self.env["res.partner"].search(
                companies & Domain("complete_name", "ilike", term), limit=FOUND
            )
            about = Domain("name", "ilike", term) | Domain("partner_id.name", "ilike", term)
        else:
            number = call_sudo.customer_number
            partners = self.env["res.partner"]._telephony_find(number, call_sudo.company_id)
            about = Domain("partner_id", "in", (partners | call_sudo.partner_id).ids)
            if number:
                about |= Domain("phone_sanitized", "=", number)
        leads = self.env["crm.lead"]
        if leads.has_access("read"):
            leads = leads.search(
                companies & Domain("won_status", "=", "pending") & about, limit=FOUND
            )
        return [
            {
                "model": partner._name,
                "id": partner.id,
                "name": partner.name or partner.display_name,
                "detail": partner.parent_name or partner.phone or False,
            }
            for partner in partners
        ] + [
            {
                "model": lead._name,
                "id": lead.id,
                "name": lead.name,
                "detail": lead.stage_id.name or False,
            }
            for lead in leads
        ]

    @api.model
    @door()
    @check_arguments
    def link_record(self, uuid, res_model, res_id):
        """Link a call, and its log note in the chatter, to a contact or an opportunity.

        :param str uuid: a call of the current user
        :param str res_model: `res.partner` or `crm.lead`
        :param int res_id: a record the user may read
        :raise UserError: the record is neither
        :return: see `_to_client`
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        if res_model not in ("res.partner", "crm.lead"):
            raise UserError(
                self.env._("A call can only be linked to a contact, a lead or an opportunity.")
            )
        record = self.env[res_model].browse(res_id).exists()
        if not record:
            raise UserError(self.env._("This record no longer exists."))
        record.check_access("read")
        if not self._is_of_company(record, call_sudo.company_id):
            raise UserError(
                self.env._(
                    "“%(record)s” belongs to a different company than the call.",
                    record=record.display_name,
                )
            )
        call_sudo._link(record)
        return call_sudo._to_client_for_me()

    # === BUSINESS METHODS === #

    def _link(self, record):
        """Link the call to a contact or an opportunity. Note: `self.ensure_one()`"""
        self.ensure_one()
        if record._name == "crm.lead":
            self.write(
                {
                    "lead_id": record.id,
                    "partner_id": record.partner_id.id or self.partner_id.id,
                }
            )
        else:
            self.write({"partner_id": record.id, "lead_id": False})
        self._move_log()
        # The contact may have the tag *Do not record*.
        self._on_interruption_changed()
        self._notify()

    @api.model
    def _link_created(self, uuid, record):
        """Link a call of an unknown customer to the record just created for it.

        :param str uuid: the uuid sent by the page; anything but an own call is ignored
        :param record: a new contact or opportunity
        """
        if not is_text(uuid):
            return
        call_sudo = self._find_sudo(uuid)
        offered_sudo = call_sudo._get_open_offers().agent_id.user_id
        is_mine = self.env.user in (call_sudo.user_id or offered_sudo)
        if (
            is_mine
            and not call_sudo.partner_id
            and not call_sudo.lead_id
            and self._is_of_company(record, call_sudo.company_id)
        ):
            call_sudo._link(record)

    @api.model
    def _is_of_company(self, record, company):
        """Return whether a call of a company may be linked to a record.

        :param record: a contact or an opportunity, possibly empty
        :param company: the company of the call
        :rtype: bool
        """
        # sudo: res.partner, crm.lead - only the company is compared
        record_sudo = record.sudo()
        return (
            record_sudo.filtered_domain(record_sudo._check_company_domain(company)) == record_sudo
        )

    def _move_log(self):
        """Move the log note in the chatter to the record that the call is linked to now."""
        for call in self.filtered(lambda call: call.state == "ended"):
            call.message_id.unlink()
            call.message_id = False
            call._post_log()
