from odoo import fields, models


class TelephonyRingStrategyMixin(models.AbstractModel):
    """Whose turn it is among several phone users.

    Nothing is remembered but in rows, so that several Odoo servers agree. Whoever chooses changes
    the row; two who choose in the same moment fail to serialize, and the second one chooses again
    after having seen the first one's choice.
    """

    _name = "telephony.ring.strategy.mixin"
    _inherit = ["telephony.guard.mixin"]
    _description = "Round-Robin Order"

    last_agent_id = fields.Many2one(
        "telephony.agent",
        readonly=True,
        copy=False,
        ondelete="set null",
        check_company=True,
        help="Phone user who received the last call in round-robin order.",
    )

    def _select_next_agents(self, strategy, listed, free):
        """Decide whom a call is offered to next.

        :param str strategy: `parallel`, `longest_idle`, `round_robin`; anything else: as listed
        :param listed: all phone users, in the order of their list
        :param free: those who may be chosen, the longest idle first
        :return: all of them (`parallel`), or one
        """
        self.ensure_one()
        if strategy == "parallel":
            return free
        if strategy == "longest_idle":
            return free[:1]
        if strategy == "round_robin":
            # Those behind the last one come first, then the list from its beginning.
            place = (
                listed.ids.index(self.last_agent_id.id) + 1 if (self.last_agent_id in listed) else 0
            )
            listed = listed[place:] | listed[:place]
        chosen = listed.filtered(lambda agent: agent in free)[:1]
        if strategy == "round_robin" and chosen:
            self.last_agent_id = chosen
        return chosen
