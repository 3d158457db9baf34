from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..arguments import check_arguments
from .telephony_call import REJOIN_SECONDS

# Seconds after which it is looked whether the one a customer waits for is still there.
PARKED_SECONDS = 60


class TelephonyCall(models.Model):
    """A conversation that is put aside, while its phone user speaks in another one.

    The customer leaves the conference for the waiting room and hears music; the phone user's leg
    ends, and a new one is made when the call is taken back. So nobody is ever connected twice.
    """

    _inherit = "telephony.call"

    parked_at = fields.Datetime("Held At", readonly=True, copy=False)

    # === RPC === #

    @api.model
    @check_arguments
    def take_back(self, uuid):
        """Go on with a call that was put aside; the one that runs meanwhile is put aside.

        :param str uuid: the call
        :raise AccessError: it is not the current user's
        :raise UserError: the other call cannot be put on hold now
        :return: see `_to_client`; the browser has to rejoin
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        agent_sudo = self.env["telephony.agent"]._get_mine(call_sudo.company_id)
        held_sudo = self._lock_with_those_of(agent_sudo)
        # Two pages that do this at once, or that answer another call, meet here.
        agent_sudo._mark_reserved()
        if call_sudo.state != "in_progress" or not call_sudo.parked_at:
            return call_sudo._to_client_for_me()
        for other_sudo in (held_sudo - call_sudo).filtered(lambda call: not call.parked_at):
            if not other_sudo._can_be_put_aside():
                raise UserError(
                    self.env._(
                        "Your current call cannot be put on hold right now. End it, or finish the "
                        "transfer or consultation first."
                    )
                )
            other_sudo._put_aside()
        call_sudo._expect_back()
        call_sudo._add_trace(self.env._("%(name)s resumed the call.", name=self.env.user.name))
        call_sudo._notify()
        return call_sudo._to_client_for_me()

    # === BUSINESS METHODS === #

    @api.model
    def _get_held_by(self, user):
        """Return the running calls of a user, in any company, as superuser."""
        # sudo: telephony.call - only to decide whether the user can have another one
        return self.sudo().search([("user_id", "=", user.id), ("state", "!=", "ended")])

    def _lock_with_those_of(self, agent):
        """Lock these calls, those that a phone user has, and those that ring there.

        They come before what rings and before the phone user's own row, as in everything that
        happens to them: two who take the call that rings at the other never wait for each other.

        :return: the running calls of the phone user
        """
        held = self._get_held_by(agent.user_id)
        (self | held | agent._get_open_offers().call_id)._lock()
        return held

    def _can_be_put_aside(self):
        """Tell whether the customer can wait on hold, while the phone user has another call.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        return bool(self.parked_at) or (
            self.state == "in_progress"
            and self.via != "phone"
            and self._get_customer_leg()._is_connected()
            and not self._get_transfer()
        )

    def _put_aside(self):
        """Let the customer wait with music until the call is taken back.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        now = fields.Datetime.now()
        # The customer hears music first, and is then alone.
        self._wait_again()
        self._dismiss_agent_legs()
        self.write(
            {
                "parked_at": now,
                "connect_by": now + timedelta(seconds=PARKED_SECONDS),
            }
        )
        self._add_trace(
            self.env._(
                "%(name)s answered another call. The customer is on hold.", name=self.user_id.name
            )
        )
        self._sync_recording()
        self._notify()

    def _put_others_aside(self):
        """Its phone user has this call now: put the conversation before it on hold.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        others = self._get_held_by(self.user_id) - self
        for other in others.filtered(lambda call: not call.parked_at):
            other._put_aside()

    def _expect_back(self):
        """The call is put aside no more: its phone user has some seconds to come back."""
        self.write(
            {
                "parked_at": False,
                "connect_by": fields.Datetime.now() + timedelta(seconds=REJOIN_SECONDS),
            }
        )

    def _look_after_parked(self, now):
        """Let a customer who is put aside wait on, as long as the phone user is there.

        :param datetime now: UTC, of the one who asks
        """
        if not self.parked_at:
            return
        if self._get_speakers()._get_reachable():
            self.connect_by = now + timedelta(seconds=PARKED_SECONDS)
            return
        self._add_trace(
            self.env._(
                "%(name)s was disconnected. The customer is on hold.", name=self.user_id.name
            )
        )
        self._expect_back()
        self._notify()
