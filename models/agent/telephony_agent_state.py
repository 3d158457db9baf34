from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.call_states import CONNECT_SECONDS
from ...tools.transfer_states import THERE_STATES


class Facts(NamedTuple):
    """What an agent's state depends on outside the agent's own row."""

    #: has an ongoing call, monitors one or is consulted in one
    is_in_call: bool = False
    #: has an open offer
    is_ringing: bool = False
    #: has an open page that receives calls
    is_reachable: bool = False
    #: may telephone in the company
    has_right: bool = False


class TelephonyAgent(models.Model):
    """The availability of an agent, and the reservation of an agent for a call."""

    _inherit = "telephony.agent"

    # === COMPUTE METHODS === #

    @api.depends_context("uid")
    def _compute_state(self):
        facts_of = self._get_facts()
        for agent in self:
            facts = facts_of.get(agent._origin.id, Facts())
            if facts.is_in_call:
                agent.state = "in_call"
            elif agent.status == "offline" or not facts.has_right:
                agent.state = "offline"
            elif not facts.is_reachable and not agent._has_own_phone():
                agent.state = "unreachable"
            elif agent._is_wrapping_up():
                agent.state = "wrap_up"
            else:
                agent.state = "ringing" if facts.is_ringing else "available"

    def _get_facts(self):
        """Return the facts behind the states of these agents, in one query because a caller waits.

        :rtype: dict(int, Facts)
        """
        if not self.ids:
            return {}
        self.flush_model(["user_id"])
        self.env["telephony.call"]._flush_assigned()
        self.env["telephony.offer"].flush_model(["agent_id", "state", "expires_at"])
        self.env["telephony.transfer"].flush_model(["agent_id", "mode", "state"])
        self.env["telephony.agent.lease"].flush_model(["agent_id", "expires_at"])
        self.env["telephony.call.leg"].flush_model(
            ["user_id", "role", "status", "is_leaving", "provider_leg_id", "initiated_at"]
        )
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """SELECT agent.id,
                      EXISTS (SELECT 1 FROM telephony_call AS call
                               WHERE call.user_id = agent.user_id AND call.state != 'ended')
                      OR EXISTS (SELECT 1 FROM telephony_call_leg AS leg
                                  WHERE leg.user_id = agent.user_id AND leg.role = 'supervisor'
                                    AND leg.status != 'ended' AND leg.is_leaving IS NOT TRUE AND (
                                        leg.provider_leg_id IS NOT NULL
                                        OR leg.initiated_at > %(connected_since)s))
                      OR EXISTS (SELECT 1 FROM telephony_transfer AS transfer
                                  WHERE transfer.agent_id = agent.id
                                    AND transfer.mode != 'blind'
                                    AND transfer.state IN %(there)s),
                      EXISTS (SELECT 1 FROM telephony_offer AS offer
                               WHERE offer.agent_id = agent.id AND offer.state = 'offered'
                                 AND offer.expires_at > %(now)s),
                      EXISTS (SELECT 1 FROM telephony_agent_lease AS lease
                               WHERE lease.agent_id = agent.id AND lease.expires_at > %(now)s),
                      %(right)s
                 FROM telephony_agent AS agent
                WHERE agent.id IN %(ids)s""",
                now=now,
                ids=tuple(self.ids),
                there=THERE_STATES,
                right=self._get_right(SQL("agent.user_id"), SQL("agent.company_id")),
                connected_since=now - timedelta(seconds=CONNECT_SECONDS),
            )
        )
        return {agent_id: Facts(*found) for agent_id, *found in self.env.cr.fetchall()}

    # === BUSINESS METHODS === #

    def _get_available(self):
        """Return the agents who can answer a call now, the longest idle first.

        An agent is idle since the end of the last conversation, or since going online after it. An
        unanswered call or a conversation that never began does not change the order.
        """
        # The state depends on rows of other tables, which this transaction may have changed.
        self.invalidate_recordset(["state"])
        return self.filtered(lambda agent: agent.state == "available").sorted(
            lambda agent: (
                max(agent.last_call_at or agent.status_since, agent.status_since),
                agent.sequence,
                agent.id,
            )
        )

    def _get_current_states(self):
        """Return the current states of these agents.

        :rtype: list(str)
        """
        # The state depends on rows of other tables, which this transaction may have changed.
        self.invalidate_recordset(["state"])
        return self.mapped("state")

    def _get_reachable(self):
        """Return the agents who have an open page that can show calls."""
        facts_of = self._get_facts()
        return self.filtered(
            lambda agent: facts_of[agent.id].is_reachable and facts_of[agent.id].has_right
        )

    def _get_open_offers(self):
        return self.env["telephony.offer"].search(
            [
                ("agent_id", "in", self.ids),
                ("state", "=", "offered"),
                ("expires_at", ">", fields.Datetime.now()),
            ]
        )

    def _mark_reserved(self):
        """Update the rows of agents who are about to be given a call.

        A concurrent reservation fails to serialize and is retried. The retry sees the first call in
        its fresh snapshot.
        """
        if not self:
            return
        self.flush_recordset()
        # Rows are locked in the order of their ids, so that two reservations of several agents
        # cannot deadlock. A write within the same second would change nothing, and the two would
        # not collide.
        self.env.cr.execute(
            SQL(
                """WITH agent AS (SELECT id FROM telephony_agent WHERE id IN %(ids)s ORDER BY id
                                 FOR NO KEY UPDATE)
             UPDATE telephony_agent SET reserved_at = clock_timestamp() AT TIME ZONE 'utc'
              WHERE id IN (SELECT id FROM agent)""",
                ids=tuple(self.ids),
            ),
            log_exceptions=False,
        )
        self.invalidate_recordset(["reserved_at"])

    def _is_consulted(self):
        """Return whether a colleague consults this agent in a call."""
        return bool(
            self.env["telephony.transfer"].search_count(
                [
                    ("agent_id", "=", self.id),
                    ("mode", "!=", "blind"),
                    ("state", "in", THERE_STATES),
                ],
                limit=1,
            )
        )

    def _reserve(self, call=None, holds_other=False):
        """Reserve this agent, so that no concurrent transaction gives the agent another call.

        Other calls stop ringing at the agent. The caller of this method routes them elsewhere
        (`_advance_if_unoffered`) after the agent has the call.

        Note: `self.ensure_one()`

        :param call: the call that the agent is about to take; it may keep ringing
        :param bool holds_other: whether the ongoing call is put on hold for it
        :raise UserError: the agent is in a call
        :return: the calls that stopped ringing at this agent
        """
        self.ensure_one()
        self._mark_reserved()
        self._check_free(holds_other)
        if self.env["telephony.call.leg"]._get_monitoring_of(self.user_id):
            raise UserError(self.env._("You are monitoring a call. Leave it first."))
        self._clear_wrap_up()
        others = self._get_open_offers().filtered(lambda offer: offer.call_id != call)
        others._close("withdrawn", "withdrawn")
        return others.call_id
