from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..arguments import check_arguments


class TelephonyCall(models.Model):
    """What the phone user says about a call at its end, and the time there is for it."""

    _inherit = "telephony.call"

    disposition_id = fields.Many2one(
        "telephony.disposition",
        "Result",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
    )

    # === RPC === #

    @api.model
    @check_arguments
    def wrap_up(self, uuid, values):
        """Keep what the user says about a call at its end, and end or extend the wrap-up.

        :param str uuid: a call of the current user
        :param dict values: of `note`, `disposition_id`, `extend` (as much time again, once) and
            `done` (calls may reach the user again)
        :raise UserError: the result does not exist, does not fit the call, or is missing; or the
            wrap-up cannot be extended
        :return: see `_to_client`; and `agent`, see `telephony.agent._to_client`
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid)
        if values.get("note") is not None:
            self.save_note(uuid, values["note"])
        if "disposition_id" in values:
            call_sudo._set_disposition(values["disposition_id"])
        if values.get("done"):
            call_sudo._check_disposition()
        call_sudo._get_agent()._change_wrap_up(call_sudo, values)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent()
        return {**call_sudo._to_client_for_me(), "agent": agent_sudo._to_client()}

    @api.model
    @check_arguments
    def get_dispositions(self, uuid):
        """Return the results the user may choose from after a call.

        :param str uuid: a call of the current user
        :return: dictionaries with `id` and `name`
        :rtype: list(dict)
        """
        call_sudo = self._get_mine_sudo(uuid)
        return [
            {"id": disposition.id, "name": disposition.name}
            for disposition in call_sudo._get_dispositions().with_context(lang=self.env.lang)
        ]

    # === BUSINESS METHODS === #

    def _set_disposition(self, disposition_id):
        """Keep the result that was chosen. Note: `self.ensure_one()`

        :param int disposition_id: one of those that fit the call, or False
        :raise UserError: it does not fit, or the company wants one
        """
        self.ensure_one()
        chosen = self._get_dispositions().filtered(lambda choice: choice.id == disposition_id)
        if disposition_id and not chosen:
            raise UserError(self.env._("This result cannot be used for this call."))
        self.disposition_id = chosen
        self._check_disposition()
        self._update_log()

    def _needs_disposition(self):
        """Tell whether the company wants a result of this call. Note: `self.ensure_one()`"""
        self.ensure_one()
        # sudo: res.company - its rules are no secret
        required = self.company_id.sudo().telephony_disposition_required
        return bool(required and self.state == "ended" and self.answered_at and self.user_id)

    def _is_disposition_missing(self):
        """Tell whether a result has to be chosen, and can be. Note: `self.ensure_one()`"""
        self.ensure_one()
        return bool(
            self._needs_disposition() and not self.disposition_id and self._get_dispositions()
        )

    def _check_disposition(self):
        """Refuse to be done with a call whose result is missing.

        :raise UserError: the company wants a result
        """
        if self._is_disposition_missing():
            raise UserError(
                self.env._("Choose a result first. Your company requires one after every call.")
            )

    def _begin_wrap_up(self):
        """Give the one who has had this conversation time to write down what came of it."""
        if self.answered_at and self.user_id:
            self._get_agent()._begin_wrap_up(self)

    def _begin_late_wrap_up(self):
        """Learn after the end that there was a conversation: there is time for it all the same,
        unless the one who had it went on meanwhile.
        """
        agent = self._get_agent()
        seconds = self.company_id.telephony_wrap_up_seconds
        limit = fields.Datetime.now() - timedelta(seconds=seconds)
        if self.ended_at > limit and not agent.wrap_up_call_id:
            self._begin_wrap_up()
            agent._notify_change()

    def _get_dispositions(self):
        """Return the results that fit this call. Note: `self.ensure_one()`"""
        self.ensure_one()
        domain = [("company_id", "in", (self.company_id.id, False))]
        if self.state == "ended" and not self.answered_at:
            domain.append(("connected_only", "=", False))
        return self.env["telephony.disposition"].search(domain)
