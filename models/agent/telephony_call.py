from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..arguments import check_arguments
from ..gate import door


class TelephonyCall(models.Model):
    """The summary and disposition that the agent gives a call, and the wrap-up for them."""

    _inherit = "telephony.call"

    disposition_id = fields.Many2one(
        "telephony.disposition",
        "Result",
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
        tracking=True,
    )

    # === RPC === #

    @api.model
    @door(routes=True)
    @check_arguments
    def wrap_up(self, uuid, values):
        """Save the summary and disposition of a call, and end or extend the wrap-up.

        :param str uuid: a call that the current user has, or has handed over
        :param dict values: any of `note`, `disposition_id`, `purpose_id` and `tag_ids` (of an own
            call only), `extend` (by the original duration, once) and `done` (calls may reach the
            user again)
        :raise UserError: a chosen record does not exist, does not fit the call, or is missing; or
            the wrap-up cannot be extended
        :return: see `_to_client`; and `agent`, see `telephony.agent._to_client`
        :rtype: dict
        """
        call_sudo, part_sudo = self._get_part_sudo(uuid)
        if values.get("note") is not None:
            self.save_note(uuid, values["note"])
        if "disposition_id" in values:
            part_sudo._set_disposition(values["disposition_id"])
        if not values.keys().isdisjoint(("purpose_id", "tag_ids")):
            call_sudo._classify(values)
        if values.get("done"):
            part_sudo._check_disposition()
        agents_sudo = self.env.user.sudo()._get_telephony_agents(call_sudo.company_id)
        agents_sudo._change_wrap_up(call_sudo, values)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent()
        return {**call_sudo._to_part(part_sudo), "agent": agent_sudo._to_client()}

    @api.model
    @check_arguments
    def get_dispositions(self, uuid):
        """Return the dispositions from which the user may choose after a call.

        :param str uuid: a call that the current user has, or has handed over
        :return: dictionaries with `id` and `name`
        :rtype: list(dict)
        """
        call_sudo, _part_sudo = self._get_part_sudo(uuid)
        return [
            {"id": disposition.id, "name": disposition.name}
            for disposition in call_sudo._get_dispositions().with_context(lang=self.env.lang)
        ]

    # === BUSINESS METHODS === #

    def _to_client_one(self, env):
        disposition = self.disposition_id
        return {
            **super()._to_client_one(env),
            "disposition": {"id": disposition.id, "name": disposition.name}
            if disposition
            else False,
        }

    def _set_disposition(self, disposition_id):
        """Set the chosen disposition. Note: `self.ensure_one()`

        :param int disposition_id: a disposition that fits the call, or False
        :raise UserError: the disposition does not fit, or it is empty although the company requires
            one
        """
        self.ensure_one()
        chosen = self._get_dispositions().filtered(lambda choice: choice.id == disposition_id)
        if disposition_id and not chosen:
            raise UserError(self.env._("This result cannot be used for this call."))
        self.disposition_id = chosen
        self._check_disposition()
        self._update_log()

    def _on_logged(self):
        self._check_disposition()
        super()._on_logged()

    def _check_correction(self, vals):
        vals = super()._check_correction(vals)
        for call in self if "disposition_id" in vals else ():
            chosen = call.disposition_id.browse(vals["disposition_id"] or [])
            # An archived disposition stays, but cannot be chosen.
            if chosen and chosen not in call._get_dispositions() | call.disposition_id:
                raise UserError(self.env._("This result cannot be used for this call."))
            if not chosen and call._needs_disposition() and call._get_dispositions():
                raise UserError(
                    self.env._("Choose a result first. Your company requires one after every call.")
                )
        return vals

    def _needs_disposition(self):
        """Return whether this call requires a disposition. Note: `self.ensure_one()`"""
        self.ensure_one()
        # sudo: res.company - a setting that is not secret
        required = self.company_id.sudo().telephony_disposition_required
        return bool(required and self.state == "ended" and self.answered_at and self.user_id)

    def _is_disposition_missing(self):
        """Return whether a disposition is required and can be chosen. Note: `self.ensure_one()`"""
        self.ensure_one()
        return bool(
            self._needs_disposition() and not self.disposition_id and self._get_dispositions()
        )

    def _check_disposition(self):
        """Check that a required disposition is set before the call is closed.

        :raise UserError: the company requires a disposition
        """
        if self._is_disposition_missing():
            raise UserError(
                self.env._("Choose a result first. Your company requires one after every call.")
            )

    def _get_follow_ups(self):
        return [*super()._get_follow_ups(), self._begin_wrap_up]

    def _on_late_answer(self, is_news):
        super()._on_late_answer(is_news)
        if is_news:
            self._begin_late_wrap_up()

    def _begin_wrap_up(self):
        """Start the wrap-up of the agent who had this conversation."""
        if self.answered_at and self.user_id:
            self._get_agent()._begin_wrap_up(self)

    def _begin_late_wrap_up(self):
        """Start the wrap-up when a conversation becomes known only after its end.

        It is skipped if its agent has taken another call meanwhile.
        """
        agent = self._get_agent()
        seconds = self.company_id.telephony_wrap_up_seconds
        limit = fields.Datetime.now() - timedelta(seconds=seconds)
        if self.ended_at > limit and not agent.wrap_up_call_id:
            self._begin_wrap_up()
            agent._notify_change()

    def _get_dispositions(self):
        """Return the dispositions that fit this call. Note: `self.ensure_one()`"""
        self.ensure_one()
        domain = self.disposition_id._get_choices_domain(self.company_id)
        if self.state == "ended" and not self.answered_at:
            domain.append(("connected_only", "=", False))
        return self.env["telephony.disposition"].search(domain)

    @api.ondelete(at_uninstall=False)
    def _unlink_wrap_up(self):
        # sudo: telephony.agent - the right to delete a call includes the end of its wrap-up,
        # which its user could no longer finish
        for agent_sudo in self.env["telephony.agent"].sudo()._get_wrapping_up(self):
            agent_sudo._end_wrap_up("timer")

    # === PRIVACY === #

    def _get_unfinished(self):
        # sudo: telephony.agent - only whether the call is in wrap-up
        agents_sudo = self.env["telephony.agent"].sudo()._get_wrapping_up(self)
        return super()._get_unfinished() | agents_sudo.wrap_up_call_id
