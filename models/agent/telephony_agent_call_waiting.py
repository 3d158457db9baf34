from odoo import fields, models
from odoo.exceptions import UserError


class TelephonyAgent(models.Model):
    """Call waiting: a second call for an agent in a call, offered only when no agent is free."""

    _inherit = "telephony.agent"

    call_waiting = fields.Boolean(
        default=True,
        help="During a call, shows a second call without ringing when no one else is available. "
        "Answering it puts the first customer on hold.",
    )

    def _get_interruptible(self):
        """Return the agents who can put their ongoing call on hold for another one.

        This requires the browser: a telephone has its own way to show a second call. An agent has
        at most one ongoing call and one more offer.
        """
        candidates = self.filtered(
            lambda agent: (
                agent.call_waiting and agent.status == "online" and not agent._has_own_phone()
            )
        )
        facts_of = candidates._get_facts()
        return candidates.filtered(lambda agent: agent._is_interruptible(facts_of[agent.id]))

    def _is_interruptible(self, facts):
        self.ensure_one()
        if not (facts.is_in_call and facts.is_reachable and facts.has_right) or facts.is_ringing:
            return False
        calls = self.env["telephony.call"]._get_ongoing_of(self.user_id)
        return (
            len(calls) == 1
            and calls.company_id == self.company_id
            and calls._can_be_held()
            # An agent who lost the audio rejoins that customer first.
            and bool(calls.held_at or not calls.deadline_at)
            and not self._is_with_colleagues()
        )

    def _is_with_colleagues(self):
        """Return whether this agent takes part in a colleague's call."""
        self.ensure_one()
        return bool(
            self._is_consulted() or self.env["telephony.call.leg"]._get_monitoring_of(self.user_id)
        )

    def _check_free(self, holds_other=False):
        """Check that this agent can be given another call. Note: `self.ensure_one()`

        :param bool holds_other: whether the ongoing call would be put on hold
        :raise UserError: the ongoing call of the agent cannot be put on hold for this one
        """
        self.ensure_one()
        calls = self.env["telephony.call"]._get_ongoing_of(self.user_id)
        speaking = calls.filtered(lambda call: not call.held_at)
        if self._is_consulted() or (speaking and not holds_other):
            raise UserError(self.env._("You are already in a call."))
        if calls and not holds_other:
            raise UserError(self.env._("A customer is on hold. Resume or end that call first."))
        if speaking and len(calls) > 1:
            raise UserError(
                self.env._(
                    "You already have an active call and a call on hold. End one of them first."
                )
            )
        if speaking and not speaking._can_be_held():
            raise UserError(
                self.env._(
                    "Your current call cannot be put on hold right now. End it, or finish the "
                    "transfer or consultation first."
                )
            )
