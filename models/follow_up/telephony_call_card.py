from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..arguments import check_arguments
from ..gate import door

ROWS = 3
ROUTE_LINES = 6


class TelephonyCall(models.Model):
    """The customer's card: possible contacts, recent history and open records."""

    _inherit = "telephony.call"

    # === RPC === #

    @api.model
    @check_arguments
    def get_card(self, uuid):
        """Return the card of the current user's own call, or of one that rings at the user.

        :param str uuid: the call
        :raise AccessError: the call belongs to another user
        :return: see `_get_card`
        :rtype: dict
        """
        return self.browse(self._get_mine_or_ringing_sudo(uuid).id)._get_card()

    @api.model
    @door()
    @check_arguments
    def choose_contact(self, uuid, partner_id):
        """Set which of several contacts with the same number is calling, even while it rings.

        :param str uuid: a call of the current user, or one that rings at the user
        :param int partner_id: a contact that has the customer's number
        :raise AccessError: the call belongs to another user, or the contact may not be read
        :raise UserError: the contact has another number
        :return: `call` and its `card`
        :rtype: dict
        """
        call_sudo = self._get_mine_or_ringing_sudo(uuid)
        partner = (
            self.env["res.partner"]
            ._telephony_find(call_sudo.customer_number, call_sudo.company_id)
            .filtered(lambda partner: partner.id == partner_id)
        )
        if not partner:
            raise UserError(self.env._("This contact does not have the number of the call."))
        lead = call_sudo._find_lead(partner, False, call_sudo.company_id)
        call_sudo.write({"partner_id": partner.id, "lead_id": lead.id})
        call_sudo._move_log()
        call_sudo._notify()
        return {
            "call": call_sudo._to_client_for_me(),
            "card": self.browse(call_sudo.id)._get_card(),
        }

    @api.model
    def _get_mine_or_ringing_sudo(self, uuid):
        call_sudo = self._find_sudo(uuid)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        is_ringing = not call_sudo.user_id and (agent_sudo in call_sudo._get_open_offers().agent_id)
        if not call_sudo or not (is_ringing or call_sudo.user_id == self.env.user):
            raise AccessError(self.env._("This is not your call."))
        return call_sudo

    # === CONTENT OF THE CARD === #

    def _get_card(self):
        """Return the details of the customer's card that the current user may read.

        Note: `self.ensure_one()`

        :rtype: dict
        """
        self.ensure_one()
        # sudo: telephony.call - it rings at this user, or is the user's own
        call_sudo = self.sudo()
        leads = self.env["crm.lead"]
        if call_sudo.partner_id and leads.has_access("read"):
            leads = leads.search(
                [
                    ("partner_id", "=", call_sudo.partner_id.id),
                    ("won_status", "=", "pending"),
                ],
                limit=ROWS,
            )
        return {
            "last_call": call_sudo._get_last_call(),
            "opportunities": [
                {"id": lead.id, "name": lead.name, "stage": lead.stage_id.name or False}
                for lead in leads
            ],
            "activities": self._get_card_activities(call_sudo.partner_id, leads),
            "matches": self._get_card_matches(call_sudo),
            "route": call_sudo._get_route(),
        }

    def _get_last_call(self):
        last = self.search(
            [
                ("id", "!=", self.id),
                ("customer_number", "=", self.customer_number),
                ("customer_number", "!=", False),
                ("state", "=", "ended"),
                ("company_id", "=", self.company_id.id),
            ],
            limit=1,
        )
        return (
            {
                "date": fields.Datetime.to_string(last.started_at),
                "user_name": last.user_id.name or False,
                "end_message": last._get_end_message(),
            }
            if last
            else False
        )

    def _get_card_matches(self, call_sudo):
        """Return the contacts with this number if there are several, the most recent first."""
        partners = self.env["res.partner"]._telephony_find(
            call_sudo.customer_number, call_sudo.company_id
        )
        if len(partners) < 2:
            return []
        return [
            {
                "id": partner.id,
                "name": partner.name or partner.display_name,
                "company_name": partner.commercial_company_name or False,
            }
            for partner in partners
        ]

    def _get_card_activities(self, partner_sudo, leads):
        """Return the open activities of the customer, the most urgent first."""
        partner = self.env["res.partner"].browse(partner_sudo.id)
        domain = Domain("res_model", "=", "crm.lead") & Domain("res_id", "in", leads.ids)
        if partner and partner.has_access("read"):
            domain |= Domain("res_model", "=", "res.partner") & Domain("res_id", "=", partner.id)
        activities = self.env["mail.activity"].search(domain, order="date_deadline", limit=ROWS)
        return [
            {
                "id": activity.id,
                "name": activity.summary or activity.activity_type_id.name,
                "icon": activity.activity_type_id.icon or "fa-tasks",
                "date": fields.Date.to_string(activity.date_deadline),
                "user_name": activity.user_id.name or False,
                "record": {
                    "model": activity.res_model,
                    "id": activity.res_id,
                    "name": activity.res_name,
                },
            }
            for activity in activities
        ]

    def _get_route(self):
        """Return the route of an incoming call so far, as sentences."""
        if self.direction != "incoming":
            return []
        return self.timeline_ids.mapped("text")[-ROUTE_LINES:]
