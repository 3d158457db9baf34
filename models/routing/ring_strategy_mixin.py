from odoo import fields, models

from ..call.telephony_call_outgoing import MOST_PHONES


class TelephonyRingStrategyMixin(models.AbstractModel):
    """The ring strategy: which of several agents are rung next.

    The state is stored in rows only, so that several Odoo servers agree. Each choice updates the
    row. A concurrent choice fails to serialize, and is retried after it has seen the first one.
    """

    _name = "telephony.ring.strategy.mixin"
    _inherit = ["telephony.guard.mixin"]
    _description = "Round-Robin Order"

    last_agent_id = fields.Many2one(
        "telephony.agent",
        string="Last Phone User",
        readonly=True,
        copy=False,
        ondelete="set null",
        check_company=True,
        help="Phone user who received the last call in round-robin order.",
    )

    def _select_next_agents(self, strategy, listed, free):
        """Return the agents to whom a call is offered next.

        :param str strategy: `parallel`, `longest_idle` or `round_robin`; any other value follows
            the list
        :param listed: all agents, in the order of the list
        :param free: the agents who may be chosen, the longest idle first
        :return: all of `free` that can be rung for `parallel`, else at most one agent
        """
        self.ensure_one()
        if strategy == "parallel":
            # Only the first custom phones are rung; without an open page, the others hear nothing.
            silent = free.filtered(lambda agent: agent._has_own_phone())[MOST_PHONES:]
            return free - (silent - silent._get_reachable())
        if strategy == "longest_idle":
            return free[:1]
        if strategy == "round_robin":
            # Continue after the last agent, then from the beginning of the list.
            place = (
                listed.ids.index(self.last_agent_id.id) + 1 if (self.last_agent_id in listed) else 0
            )
            listed = listed[place:] | listed[:place]
        chosen = listed.filtered(lambda agent: agent in free)[:1]
        if strategy == "round_robin" and chosen:
            self.last_agent_id = chosen
        return chosen
