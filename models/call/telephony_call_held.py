from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..arguments import check_arguments
from ..gate import door
from .telephony_call import REJOIN_SECONDS

# Interval (s) at which we check that the agent of a held call can still be reached.
HELD_CHECK_SECONDS = 60


class TelephonyCall(models.Model):
    """A call that is held while its agent is in another one.

    The customer leaves the conference for the waiting room and hears music. The agent's leg ends;
    resuming the call creates a new one. So an agent is never connected twice.
    """

    _inherit = "telephony.call"

    held_at = fields.Datetime(readonly=True, copy=False)

    # === RPC === #

    @api.model
    @door(routes=True)
    @check_arguments
    def resume(self, uuid):
        """Resume a held call; the ongoing call is held in its place.

        :param str uuid: the call
        :raise AccessError: the call belongs to another user
        :raise UserError: the ongoing call cannot be put on hold now
        :return: see `_to_client`; the browser has to rejoin
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        ongoing_sudo = self._lock_with_calls_of(agent_sudo)
        # Two pages that resume or accept calls at the same moment serialize on this row.
        agent_sudo._mark_reserved()
        if call_sudo.state != "in_progress" or not call_sudo.held_at:
            return call_sudo._to_client_for_me()
        for other_sudo in (ongoing_sudo - call_sudo).filtered(lambda call: not call.held_at):
            if not other_sudo._can_be_held():
                raise UserError(
                    self.env._(
                        "Your current call cannot be put on hold right now. End it, or finish the "
                        "transfer or consultation first."
                    )
                )
            other_sudo._hold_for_other_call()
        call_sudo._leave_held()
        call_sudo._add_timeline("call_resumed", name=self.env.user.name)
        call_sudo._notify()
        return call_sudo._to_client_for_me()

    # === BUSINESS METHODS === #

    @api.model
    def _get_ongoing_of(self, user):
        """Return the ongoing calls of a user in any company, as superuser."""
        # sudo: telephony.call - only to decide whether the user can have another call
        return self.sudo().search([("user_id", "=", user.id), ("state", "!=", "ended")])

    def _lock_with_calls_of(self, agent):
        """Lock these calls, the agent's ongoing calls, and the calls that ring at the agent.

        Calls are locked before offers and before the agent's row, as everywhere. So two agents who
        pick up each other's ringing calls cannot deadlock.

        :return: the agent's ongoing calls
        """
        ongoing = self._get_ongoing_of(agent.user_id)
        (self | ongoing | agent._get_open_offers().call_id)._lock()
        return ongoing

    def _can_be_held(self):
        """Return whether the customer can wait on hold while the agent is in another call.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        return bool(self.held_at) or (
            self.state == "in_progress"
            and self.via != "phone"
            and self._get_customer_leg()._is_connected()
            and not self._get_transfer()
        )

    def _hold_for_other_call(self):
        """Put the customer on hold with music until the call is resumed.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        now = fields.Datetime.now()
        # The customer hears music before the agent's leg ends.
        self._wait_again()
        self._release_agent_legs()
        self.write(
            {
                "held_at": now,
                "deadline_at": now + timedelta(seconds=HELD_CHECK_SECONDS),
            }
        )
        self._add_timeline("held_for_other_call", name=self.user_id.name)
        self._on_interruption_changed()
        self._notify()

    def _hold_other_calls(self):
        """Hold the previous call of this call's agent.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        others = self._get_ongoing_of(self.user_id) - self
        for other in others.filtered(lambda call: not call.held_at):
            other._hold_for_other_call()

    def _leave_held(self):
        """End the held state: the agent has some seconds to rejoin."""
        self.write(
            {
                "held_at": False,
                "deadline_at": fields.Datetime.now() + timedelta(seconds=REJOIN_SECONDS),
            }
        )

    def _advance_held_call(self, now):
        """Keep the customer on hold as long as the agent can be reached.

        :param datetime now: current time (UTC) of the transaction
        """
        if not self.held_at:
            return
        if self._get_agent()._get_reachable():
            self.deadline_at = now + timedelta(seconds=HELD_CHECK_SECONDS)
            return
        self._add_timeline("agent_lost", name=self.user_id.name)
        self._leave_held()
        self._notify()
