from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..gate import door, enter

BATCH = 100


class TelephonyAgent(models.Model):
    """Wrap-up: the time after a conversation in which its agent documents it.

    No call is offered meanwhile. Its end depends on `wrap_up_until` and on the disposition of the
    call (see `_is_wrapping_up`). The row is cleared by the next check, or by an explicit end.
    """

    _inherit = "telephony.agent"

    wrap_up_call_id = fields.Many2one(
        "telephony.call",
        "Wrapping Up",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        groups="crm_telephony.group_supervisor",
    )
    wrap_up_started_at = fields.Datetime("Wrap-up Started At", readonly=True, copy=False)
    wrap_up_until = fields.Datetime("Wrap-up Until", readonly=True, copy=False)
    wrap_up_extended = fields.Boolean("Wrap-up Extended", readonly=True, copy=False)

    # === RPC === #

    @api.model
    @door(routes=True)
    def check_wrap_up(self):
        """End the current user's wrap-up if its time, which the page counts down, is over.

        :return: see `_to_client`
        :rtype: dict
        """
        agent_sudo = self._ensure_own_agent()
        agent_sudo.user_id.telephony_agent_ids._finish_wrap_up()
        return agent_sudo._to_client()

    @door(routes=True)
    def end_wrap_up(self):
        """End the wrap-up of these agents as their supervisor, so that they receive calls again.

        :raise AccessError: the user is no supervisor, or the agents belong to another company
        """
        self.check_access("read")
        if not self.env.user.has_group("crm_telephony.group_supervisor"):
            raise AccessError(self.env._("Only supervisors can end another user's wrap-up."))
        # sudo: telephony.agent - the user was just checked to be a supervisor of the company
        for agent_sudo in self.sudo().filtered("wrap_up_call_id"):
            agent_sudo.wrap_up_call_id._add_timeline(
                "wrap_up_ended", supervisor=self.env.user.name, name=agent_sudo.user_id.name
            )
            agent_sudo._end_wrap_up("supervisor", by=self.env.user)
        return True

    # === BUSINESS METHODS === #

    def _begin_wrap_up(self, call):
        """Start the wrap-up of a conversation for these agents.

        :param call: the conversation that ended for them
        """
        self.invalidate_recordset(["state"])
        for agent in self.filtered(lambda agent: agent.state != "in_call"):
            seconds = agent.company_id.telephony_wrap_up_seconds
            if seconds or call._is_disposition_missing():
                agent._wrap_up(call, seconds)
            else:
                agent._wrap_up_earlier(call)

    def _wrap_up(self, call, seconds):
        """Start a wrap-up of the given number of seconds.

        Note: `self.ensure_one()`
        """
        now = fields.Datetime.now()
        self.write(
            {
                "wrap_up_call_id": call.id,
                "wrap_up_started_at": now,
                "wrap_up_until": now + timedelta(seconds=seconds),
                "wrap_up_extended": False,
            }
        )
        self._plan_end_of_wrap_up()

    def _wrap_up_earlier(self, call):
        """Start the wrap-up of a conversation that ended while another one continued.

        One of the two was on hold, so the agent had no time for the disposition. Note:
        `self.ensure_one()`
        """
        if not self.company_id.telephony_disposition_required or not call.answered_at:
            return
        others = self.env["telephony.call"].search(
            [
                ("user_id", "=", self.user_id.id),
                ("company_id", "=", self.company_id.id),
                ("state", "=", "ended"),
                ("ended_at", ">=", call.answered_at),
                ("disposition_id", "=", False),
                ("id", "!=", call.id),
            ],
            order="ended_at, id",
        )
        without_result = others.filtered(lambda other: other._is_disposition_missing())
        if without_result:
            self._wrap_up(without_result[0], 0)

    def _plan_end_of_wrap_up(self):
        # The page usually reports the end of the wrap-up, but it may be closed by then.
        # Unlike `env.ref`, this needs no query.
        cron = self.env["ir.model.data"]._xmlid_to_res_id("crm_telephony.ir_cron_end_wrap_ups")
        self.env["ir.cron"].browse(cron)._trigger(self.wrap_up_until)

    @api.model
    def _get_wrapping_up(self, calls):
        """Return the agents who are wrapping up one of some calls."""
        return self.search([("wrap_up_call_id", "in", calls.ids)])

    def _change_wrap_up(self, call, values):
        """Apply the agent's own changes to the wrap-up of a call.

        :param call: a call of these agents' user
        :param dict values: see `telephony.call.wrap_up`
        :raise UserError: it cannot be extended
        """
        running = self.filtered(lambda agent: agent.wrap_up_call_id == call)
        if values.get("extend"):
            if not running:
                raise UserError(self.env._("The wrap-up is already over."))
            running._extend_wrap_up()
        if "disposition_id" in values:
            # A late disposition ends a wrap-up whose time is over.
            running._finish_wrap_up()
            running.filtered("wrap_up_call_id")._notify_change()
        if values.get("done"):
            # The agent may be wrapping up another call by now; that wrap-up continues.
            for agent in running.filtered(lambda agent: agent.wrap_up_call_id == call):
                agent._end_wrap_up("done")

    def _extend_wrap_up(self):
        """Extend the wrap-up by its original duration, once. Note: `self.ensure_one()`

        :raise UserError: the wrap-up is over, or was extended already
        """
        self.ensure_one()
        seconds = self.company_id.telephony_wrap_up_seconds
        if not self._is_wrapping_up() or not seconds:
            raise UserError(self.env._("The wrap-up is already over."))
        if self.wrap_up_extended:
            raise UserError(self.env._("You can extend the wrap-up only once."))
        until = max(self.wrap_up_until, fields.Datetime.now())
        self.write(
            {
                "wrap_up_until": until + timedelta(seconds=seconds),
                "wrap_up_extended": True,
            }
        )
        self._plan_end_of_wrap_up()
        self._notify_change()

    def _is_wrapping_up(self):
        """Return whether the agent is still in wrap-up. Note: `self.ensure_one()`

        A required disposition that is missing outlasts the time.
        """
        self.ensure_one()
        call = self.wrap_up_call_id
        return bool(call) and (
            self.wrap_up_until > fields.Datetime.now() or call._is_disposition_missing()
        )

    def _finish_wrap_up(self):
        """End the wrap-ups whose time is over and whose disposition is not missing."""
        for agent in self.filtered("wrap_up_call_id"):
            if not agent._is_wrapping_up():
                agent._end_wrap_up("timer")

    def _clear_wrap_up(self):
        """Clear the wrap-up, such as when the agent takes another call."""
        self.filtered("wrap_up_call_id").write(
            {
                "wrap_up_call_id": False,
                "wrap_up_started_at": False,
                "wrap_up_until": False,
                "wrap_up_extended": False,
            }
        )

    def _end_wrap_up(self, reason, by=None):
        """End the wrap-up and make the agent available. Note: `self.ensure_one()`

        :param str reason: `done`, `timer` or `supervisor`
        :param by: the supervisor who ends the wrap-up of another user
        """
        self.ensure_one()
        user = self.user_id
        env = self.with_context(lang=user.lang).env
        user._bus_send(
            "telephony/wrap_up_ended",
            {
                "uuid": self.wrap_up_call_id.uuid,
                "reason": reason,
                "message": env._(
                    "%(name)s ended your wrap-up. You can receive calls again.", name=by.name
                )
                if by and by != user
                else False,
            },
        )
        call = self.wrap_up_call_id
        self._clear_wrap_up()
        if reason != "supervisor":
            self._wrap_up_earlier(call)
        self._notify_change()
        if not self.wrap_up_call_id:
            self._offer_waiting_calls()

    def _get_wrap_up_seconds(self, now):
        """Return the remaining seconds of the wrap-ups of these agents.

        :param datetime now: the current time
        :rtype: list(int)
        """
        return [
            int((agent.wrap_up_until - now).total_seconds())
            for agent in self
            if agent.wrap_up_until and agent.wrap_up_until > now
        ]

    def _wrap_up_to_client(self):
        """Return the wrap-up data of the end window. Note: `self.ensure_one()`

        :rtype: dict | bool
        """
        self.ensure_one()
        if not self._is_wrapping_up():
            return False
        to_text = fields.Datetime.to_string
        seconds = self.company_id.telephony_wrap_up_seconds
        return {
            "uuid": self.wrap_up_call_id.uuid,
            "started_at": to_text(self.wrap_up_started_at),
            "until": to_text(self.wrap_up_until),
            "extension": 0 if self.wrap_up_extended else seconds,
            "is_disposition_missing": self.wrap_up_call_id._is_disposition_missing(),
        }

    # === CRON === #

    @api.model
    def _cron_end_wrap_ups(self):
        """End expired wrap-ups that no page reports."""
        agents = self.search(
            [("wrap_up_call_id", "!=", False), ("wrap_up_until", "<=", fields.Datetime.now())],
            limit=BATCH,
        )
        self.env["ir.cron"]._commit_progress(remaining=len(agents))
        for agent in agents:
            enter(self.env, agent_ids=agent.ids, routes=True)
            # A concurrent transaction that holds the row handles it.
            if agent.try_lock_for_update():
                agent._finish_wrap_up()
            self.env["ir.cron"]._commit_progress(1)
