import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..gate import door

_logger = logging.getLogger(__name__)


class TelephonyAgent(models.Model):
    """Agents on the supervisors' board."""

    _inherit = "telephony.agent"

    offline_by_id = fields.Many2one(
        "res.users",
        "Set Offline By",
        readonly=True,
        copy=False,
        ondelete="set null",
        help="The supervisor who set this phone user offline.",
    )

    # === RPC === #

    @door(routes=True)
    def set_offline(self):
        """Set agents offline as their supervisor. Ongoing calls continue.

        Calls that ring at these agents are offered elsewhere. The agents are notified of who set
        them offline.

        :raise AccessError: the current user supervises no agents
        """
        self._check_supervisor()
        self.check_access("read")
        # sudo: telephony.agent - a supervisor may set every visible agent offline
        agents_sudo = self.sudo().filtered(lambda agent: agent.status == "online")
        agents_sudo._get_open_offers().call_id._lock()
        for agent_sudo in agents_sudo:
            offers_sudo = agent_sudo._get_open_offers()
            offers_sudo._close("withdrawn", "withdrawn", notify=False)
            agent_sudo._set_status("offline")
            agent_sudo.offline_by_id = self.env.user
            agent_sudo._notify_set_offline(self.env.user)
            offers_sudo.call_id._advance_if_unoffered()
            _logger.info(
                "User %s set the agent of user %s offline.", self.env.uid, agent_sudo.user_id.id
            )
        return True

    def _notify_set_offline(self, supervisor):
        """Notify an agent which supervisor set them offline. Note: `self.ensure_one()`"""
        self.ensure_one()
        if self.user_id == supervisor:
            return
        env = self.with_context(lang=self.user_id.lang).env
        self.user_id._bus_send(
            "telephony/set_offline",
            {
                "message": env._(
                    "%(name)s set you offline. Go back online when you can take calls.",
                    name=supervisor.name,
                )
            },
        )

    # === BOARD === #

    @api.model
    def _check_supervisor(self):
        """Check that the current user supervises agents.

        :raise AccessError: the current user supervises no agents
        """
        if not self.env.user.has_group("crm_telephony.group_supervisor"):
            raise AccessError(self.env._("Only Telephony supervisors can do this."))

    @api.model
    def _get_board_states(self):
        """Return the agent states with the labels that the board shows.

        :rtype: list(dict)
        """
        names = self._fields["state"]._description_selection(self.env)
        return [{"id": state, "name": name} for state, name in names]

    def _to_board(self, calls, last_ends):
        """Return the board rows of these agents.

        :param dict calls: user -> the ongoing call of that user
        :param dict last_ends: user -> end of that user's last call
        :rtype: list(dict)
        """
        to_text = fields.Datetime.to_string
        rows = []
        for agent in self:
            user = agent.user_id
            call = calls.get(user, self.env["telephony.call"])
            idle_since = max(filter(None, [agent.status_since, last_ends.get(user)]), default=False)
            since = {
                "in_call": call.answered_at or call.started_at,
                "wrap_up": agent.wrap_up_started_at,
                "offline": agent.status_since,
            }.get(agent.state, idle_since)
            rows.append(
                {
                    "id": agent.id,
                    "user_id": user.id,
                    "name": user.name,
                    "state": agent.state,
                    "status": agent.status,
                    "since": to_text(since) or False,
                    "customer": bool(call) and call.customer_display,
                    "company": agent.company_id.name,
                }
            )
        return rows
