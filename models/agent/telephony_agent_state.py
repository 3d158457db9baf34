from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.call_states import CONNECT_SECONDS
from ...tools.transfer_states import THERE_STATES


class TelephonyAgent(models.Model):
    """Whether a phone user can have a call: what it follows from, and reserving somebody."""

    _inherit = "telephony.agent"

    # === COMPUTE METHODS === #

    @api.depends_context("uid")
    def _compute_state(self):
        facts = self._get_facts()
        for agent in self:
            in_call, ringing, reachable, wrapping_up, has_right = facts.get(
                agent._origin.id, (False, False, False, False, False)
            )
            if in_call:
                agent.state = "in_call"
            elif agent.status == "offline" or not has_right:
                agent.state = "offline"
            elif not reachable and not agent._has_own_phone():
                agent.state = "unreachable"
            elif wrapping_up:
                agent.state = "wrap_up"
            else:
                agent.state = "ringing" if ringing else "available"

    def _get_facts(self):
        """Look up what these agents' states follow from; in one query, because a caller waits.

        :return: identifier -> has a running call, is being rung, has an open browser, wraps up,
            may telephone
        :rtype: dict
        """
        if not self.ids:
            return {}
        self.flush_model(["user_id", "wrap_up_call_id", "wrap_up_until"])
        self.env["telephony.call"].flush_model(["user_id", "state", "disposition_id"])
        self.env["telephony.disposition"].flush_model(["active", "company_id"])
        self.env["res.company"].flush_model(["telephony_disposition_required"])
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
                      EXISTS (SELECT 1 FROM telephony_call AS past
                                JOIN res_company AS company ON company.id = agent.company_id
                               WHERE past.id = agent.wrap_up_call_id
                                 AND (agent.wrap_up_until > %(now)s
                                   -- A result that has to be given beats the time.
                                   OR company.telephony_disposition_required
                                  AND past.disposition_id IS NULL
                                  AND EXISTS (SELECT 1 FROM telephony_disposition AS choice
                                               WHERE choice.active
                                                 AND (choice.company_id IS NULL
                                                   OR choice.company_id = company.id)))),
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
        return {agent_id: found for agent_id, *found in self.env.cr.fetchall()}

    # === BUSINESS METHODS === #

    def _get_available(self):
        """Keep those who can answer a call now, the longest idle first.

        Idle since: the end of the last conversation, or having gone online after it. A call that
        was not answered, or a conversation that never began, leaves everybody in place.
        """
        # The state hangs on rows of other tables, which this transaction may have changed.
        self.invalidate_recordset(["state"])
        return self.filtered(lambda agent: agent.state == "available").sorted(
            lambda agent: (
                max(agent.last_call_at or agent.status_since, agent.status_since),
                agent.sequence,
                agent.id,
            )
        )

    def _get_current_states(self):
        """Return the states these agents are in now.

        :rtype: list(str)
        """
        # The state hangs on rows of other tables, which this transaction may have changed.
        self.invalidate_recordset(["state"])
        return self.mapped("state")

    def _get_reachable(self):
        """Keep those whom an open page shows calls."""
        facts = self._get_facts()
        return self.filtered(lambda agent: facts[agent.id][2] and facts[agent.id][4])

    def _get_open_offers(self):
        return self.env["telephony.offer"].search(
            [
                ("agent_id", "in", self.ids),
                ("state", "=", "offered"),
                ("expires_at", ">", fields.Datetime.now()),
            ]
        )

    def _mark_reserved(self):
        """Change the rows of those who are about to be given a call.

        Whoever does the same at once fails to serialize and is tried again on a fresh snapshot,
        where the first one's call is seen.
        """
        if not self:
            return
        self.flush_recordset()
        # The rows are locked in the order of their identifiers: two who mark several phone users
        # never wait for each other. A write of the same second would change nothing, and two would
        # not meet.
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
        """Tell whether a colleague has asked this agent into a call."""
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
        """Make sure that nobody else gives this agent a call in the same moment.

        Other calls stop ringing at the agent; the caller of this method lets them go on elsewhere
        (`_advance_if_unoffered`) once the agent has the call.

        Note: `self.ensure_one()`

        :param call: the call that the agent is about to take, which may go on ringing
        :param bool holds_other: whether a running conversation is put on hold for it
        :raise UserError: the agent is in a call
        :return: the calls that have stopped ringing here
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
