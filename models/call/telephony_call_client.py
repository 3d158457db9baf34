from odoo import api, fields, models

from ...tools.phone_number import get_timezone
from ...tools.transfer_states import THERE_STATES
from ..arguments import check_arguments

RECENT_COUNT = 20
SEARCH_LIMIT = 50


class TelephonyCall(models.Model):
    """Payloads of calls for the web client."""

    _inherit = "telephony.call"

    def _to_client(self):
        """Return the payloads of these calls for the softphone, in the user's language.

        Readers of the call see the customer's number and name. Other data of a record is included
        only if the user may read it.

        :rtype: list(dict)
        """
        # sudo: telephony.call - every caller of this method has checked the recipient
        return [
            call_sudo._to_client_one(call_sudo.env.user._telephony_env(call_sudo.company_id))
            for call_sudo in self.sudo()
        ]

    def _to_client_for_me(self):
        """Return the payload of one call for the current user. Note: `self.ensure_one()`"""
        return self.with_user(self.env.user)._to_client()[0]

    def _to_client_one(self, env):
        """Return the payload of one call. Other packages add their keys.

        :param env: the recipient's own, which applies its access rights
        :rtype: dict
        """
        user = env.user
        customer = self._get_customer_leg()
        legs = self._get_legs_for(user)
        agent_connected = self.state != "ended" and legs._is_connected()
        to_text = fields.Datetime.to_string
        return {
            "uuid": self.uuid,
            "id": self.id,
            "revision": self._get_revision(),
            # The bus delivers to the user, whichever company the page shows.
            "company_id": self.company_id.id,
            "direction": self.direction,
            "state": self.state,
            "outcome": self.outcome or False,
            "end_message": self._get_end_message(),
            "customer": self._get_customer_data(env),
            "our_number": {
                "id": self.number_id.id,
                "number": self.number_id.number or False,
                "number_display": self._format_number(self.number_id.number),
                "name": self.number_id.name or False,
            },
            "caller_id": {
                "id": self.caller_id_id.id,
                "name": self.caller_id_id.name,
                "number_display": self._format_number(self.caller_id_id.number),
            }
            if self.caller_id_id
            else False,
            "record": self._get_record_data(env),
            "user": {"id": self.user_id.id, "name": self.user_id.name} if self.user_id else False,
            "created_at": to_text(self.started_at),
            "answered_at": to_text(self.answered_at) or False,
            "ended_at": to_text(self.ended_at) or False,
            "duration": self.duration,
            "customer_state": customer.status or "new",
            "on_hold": customer.on_hold or bool(self.held_at),
            "on_hold_since": to_text(
                self.held_at or (customer.on_hold and customer.hold_at) or None
            )
            or False,
            # The agent is in another call and resumes this one later.
            "is_held": bool(self.held_at),
            "role": "agent",
            "via": self.via or "browser",
            "agent_state": legs[-1:].status or "new",
            "agent_connected": agent_connected,
            "can_rejoin": bool(
                self.state == "in_progress"
                and self.user_id == user
                and not agent_connected
                and not self.held_at
            ),
            "note": self.note or "",
        }

    def _get_legs_for(self, _user):
        """Return the legs of the party whose connection a user's page shows."""
        return self._get_agent_legs()

    def _get_customer_data(self, env):
        partner = self.partner_id
        readable = bool(partner) and partner.with_env(env).has_access("read")
        region = self._get_region(self.customer_number)
        return {
            "number": self.customer_number or False,
            "number_display": self._format_number(self.customer_number)
            or self.env._("Hidden number"),
            "name": partner.name
            or partner.display_name
            or self.lead_id.contact_name
            or self.lead_id.partner_name
            or False,
            "company_name": partner.commercial_company_name or self.lead_id.partner_name or False,
            "partner_id": partner.id if readable else False,
            "country_code": region or False,
            "timezone": get_timezone(self.customer_number) or False,
            "avatar_url": f"/web/image/res.partner/{partner.id}/avatar_128" if readable else False,
        }

    def _get_record_data(self, env):
        for record in (self.lead_id, self.partner_id):
            if record and record.with_env(env).has_access("read"):
                return {"model": record._name, "id": record.id, "name": record.display_name}
        return False

    def _get_end_message(self):
        """Return a whole sentence for the agent about how the call ended."""
        if self.state != "ended":
            return False
        if self.failure_reason:
            return self.failure_reason
        return {
            "answered": self.env._("The call has ended."),
            "missed": self.env._("The caller hung up."),
            "abandoned": self.env._("The caller hung up."),
            "voicemail": self.env._("The caller left a voicemail."),
            "busy": self.env._("The line is busy."),
            "no_answer": self.env._("No answer."),
            "declined": self.env._("The call was declined."),
            "canceled": self.env._("The call was canceled."),
            "blocked": self.env._("The call was blocked."),
            "queue_callback": self.env._("The caller requested a callback."),
            "failed": self.env._("The call failed. Check the number and try again."),
        }.get(self.outcome, self.env._("The call has ended."))

    @api.model
    def _get_region(self, number):
        return self.env["res.partner"]._telephony_region(number)

    @api.model
    def _get_running_of(self, user):
        # sudo: telephony.call - the user's own calls
        return self.with_env(self.env(su=False)).browse(
            self.sudo()
            .search(
                [
                    "|",
                    ("user_id", "=", user.id),
                    (
                        "transfer_ids",
                        "any",
                        [
                            ("agent_id.user_id", "=", user.id),
                            ("mode", "!=", "blind"),
                            ("state", "in", THERE_STATES),
                        ],
                    ),
                    ("state", "!=", "ended"),
                    ("company_id", "in", self.env["telephony.agent"]._get_my_companies().ids),
                ]
            )
            .ids
        )

    @api.model
    def _get_recent_of(self, user):
        # sudo: telephony.call - the user's own calls, and calls that rang at the user
        return self.browse(
            self.sudo().search(self._get_recent_domain(user), limit=RECENT_COUNT).ids
        )

    @api.model
    def _get_recent_domain(self, user):
        """Return the domain of the ended calls that a user had, transferred or missed."""
        return [
            "|",
            "|",
            ("user_id", "=", user.id),
            ("transfer_ids.user_id", "=", user.id),
            "&",
            ("user_id", "=", False),
            ("offer_ids.agent_id.user_id", "=", user.id),
            ("state", "=", "ended"),
            ("company_id", "in", self.env["telephony.agent"]._get_my_companies().ids),
        ]

    @api.model
    def _get_changes_of(self, user, known, is_whole=False):
        """Return the changes to a user's calls since a page last loaded them.

        :param user: the current user
        :param dict known: uuid -> revision of the running calls that the page shows
        :param bool is_whole: also return the running calls whose revision is current
        :return: `calls` that run or have ended, with changes that the page does not show (see
            `_to_client`); and `left`: `uuid` and `revision` of calls that are no longer the user's
        :rtype: dict
        """
        # sudo: telephony.call - the revisions of the user's own calls
        running_sudo = self._get_running_of(user).sudo()
        changed = running_sudo.filtered(
            lambda call: is_whole or known.get(call.uuid) != call._get_revision()
        )
        missing = known.keys() - set(running_sudo.mapped("uuid"))
        others_sudo = ended_sudo = self.sudo().browse()
        if missing:
            # sudo: telephony.call - of another user's call, only the revision is returned
            others_sudo = self.sudo().search(
                [
                    ("uuid", "in", list(missing)),
                    ("company_id", "in", self.env["telephony.agent"]._get_my_companies().ids),
                ]
            )
            ended_sudo = others_sudo.filtered_domain(self._get_recent_domain(user))
        revisions = {call.uuid: call._get_revision() for call in others_sudo - ended_sudo}
        return {
            "calls": self.browse((changed | ended_sudo).ids)._to_client(),
            "left": [
                # A deleted call has no revision.
                {"uuid": uuid, "revision": revisions.get(uuid, False)}
                for uuid in sorted(missing - set(ended_sudo.mapped("uuid")))
            ],
        }

    # === RPC === #

    @api.model
    @check_arguments
    def search_contacts(self, term, limit=8):
        """Search contacts that can be called, by name or number.

        :param str term: part of a name or of a number
        :param int limit: 50 at most
        :rtype: list(dict)
        """
        self.env["telephony.agent"]._ensure_own_agent()
        # The browser's value is untrusted: an invalid limit must not disable the limit.
        limit = min(max(limit, 1), SEARCH_LIMIT) if isinstance(limit, int) else SEARCH_LIMIT
        return self.env["res.partner"]._telephony_search(term, limit)
