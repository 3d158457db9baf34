from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..arguments import check_arguments
from .telephony_call import REJOIN_SECONDS

# Seconds after which it is looked whether the one a customer waits for is still there.
HELD_CHECK_SECONDS = 60


class TelephonyCall(models.Model):
    """A conversation that is held, while its phone user speaks in another one.

    The customer leaves the conference for the waiting room and hears music; the phone user's leg
    ends, and a new one is made when the call is resumed. So nobody is ever connected twice.
    """

    _inherit = "telephony.call"

    held_at = fields.Datetime(readonly=True, copy=False)

    # === RPC === #

    @api.model
    @check_arguments
    def resume(self, uuid):
        """Go on with a call that was held; the one that runs meanwhile is held.

        :param str uuid: the call
        :raise AccessError: it is not the current user's
        :raise UserError: the other call cannot be put on hold now
        :return: see `_to_client`; the browser has to rejoin
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        ongoing_sudo = self._lock_with_calls_of(agent_sudo)
        # Two pages that do this at once, or that answer another call, meet here.
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
        call_sudo._add_trace(self.env._("%(name)s resumed the call.", name=self.env.user.name))
        call_sudo._notify()
        return call_sudo._to_client_for_me()

    # === BUSINESS METHODS === #

    @api.model
    def _get_ongoing_of(self, user):
        """Return the running calls of a user, in any company, as superuser."""
        # sudo: telephony.call - only to decide whether the user can have another one
        return self.sudo().search([("user_id", "=", user.id), ("state", "!=", "ended")])

    def _lock_with_calls_of(self, agent):
        """Lock these calls, those that a phone user has, and those that ring there.

        They come before what rings and before the phone user's own row, as in everything that
        happens to them: two who take the call that rings at the other never wait for each other.

        :return: the running calls of the phone user
        """
        ongoing = self._get_ongoing_of(agent.user_id)
        (self | ongoing | agent._get_open_offers().call_id)._lock()
        return ongoing

    def _can_be_held(self):
        """Tell whether the customer can wait on hold, while the phone user has another call.

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
        """Let the customer wait with music until the call is resumed.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        now = fields.Datetime.now()
        # The customer hears music first, and is then alone.
        self._wait_again()
        self._release_agent_legs()
        self.write(
            {
                "held_at": now,
                "deadline_at": now + timedelta(seconds=HELD_CHECK_SECONDS),
            }
        )
        self._add_trace(
            self.env._(
                "%(name)s answered another call. The customer is on hold.", name=self.user_id.name
            )
        )
        self._sync_recording()
        self._notify()

    def _hold_other_calls(self):
        """Its phone user has this call now: put the conversation before it on hold.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        others = self._get_ongoing_of(self.user_id) - self
        for other in others.filtered(lambda call: not call.held_at):
            other._hold_for_other_call()

    def _leave_held(self):
        """The call is held no more: its phone user has some seconds to come back."""
        self.write(
            {
                "held_at": False,
                "deadline_at": fields.Datetime.now() + timedelta(seconds=REJOIN_SECONDS),
            }
        )

    def _advance_held_call(self, now):
        """Let a customer who is held wait on, as long as the phone user is there.

        :param datetime now: UTC, of the one who asks
        """
        if not self.held_at:
            return
        if self._get_agent()._get_reachable():
            self.deadline_at = now + timedelta(seconds=HELD_CHECK_SECONDS)
            return
        self._add_trace(
            self.env._(
                "%(name)s was disconnected. The customer is on hold.", name=self.user_id.name
            )
        )
        self._leave_held()
        self._notify()
