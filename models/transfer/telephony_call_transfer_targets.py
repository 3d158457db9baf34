from odoo import api, models
from odoo.exceptions import UserError

from ..arguments import check_arguments

CONTACTS = 5
# Characters that a typed phone number may contain.
NUMBER_CHARACTERS = set("0123456789+()-./ \u00a0")
# Minimum digits of a typed number to call.
SHORTEST_NUMBER = 3


class TelephonyCall(models.Model):
    """The possible targets of a transfer, and the path of a transferred call."""

    _inherit = "telephony.call"

    @api.model
    @check_arguments
    def transfer_targets(self, uuid, term=""):
        """Return the possible targets for a transfer of the current user's call.

        Available colleagues come first, then queues, then unavailable colleagues with the reason. A
        typed number and matching contacts follow.

        :param str uuid: a call of the current user
        :param str term: part of a name, or a number
        :return: dictionaries with `type`, `id` or `number`, `name`, `detail`, `state`, `waiting`,
            and `reason` why it is unavailable, or False
        :rtype: list(dict)
        """
        call_sudo = self._get_mine_sudo(uuid)
        term = (term or "").strip()
        colleagues = call_sudo._get_colleague_targets(term, self.env)
        return [
            *[line for line in colleagues if not line["reason"]],
            *call_sudo._get_queue_targets(term, self.env),
            *[line for line in colleagues if line["reason"]],
            *self._get_number_targets(term),
        ]

    def _get_colleague_targets(self, term, env):
        agents = self.env["telephony.agent"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("user_id", "!=", env.uid),
                *([("user_id.name", "ilike", term)] if term else []),
            ]
        )
        lines = [
            {
                "type": "agent",
                "id": agent.id,
                "name": agent.user_id.name,
                "user_id": agent.user_id.id,
                "state": agent.state,
                "detail": False,
                "reason": agent.with_env(env(su=True))._get_reason_not_to_transfer(env.user)
                or False,
            }
            for agent in agents
        ]
        return sorted(lines, key=lambda line: line["name"].lower())

    def _get_queue_targets(self, term, env):
        queues = self.env["telephony.queue"].search(
            [
                ("company_id", "=", self.company_id.id),
                *([("name", "ilike", term)] if term else []),
            ]
        )
        lines = [
            {
                "type": "queue",
                "id": queue.id,
                "name": queue.name,
                "detail": False,
                "waiting": queue.waiting_count,
                "reason": queue.with_env(env(su=True))._get_reason_not_to_transfer(env.user)
                or False,
            }
            for queue in queues
        ]
        return sorted(lines, key=lambda line: bool(line["reason"]))

    @api.model
    def _get_number_targets(self, term):
        digits = sum(char.isdigit() for char in term)
        if digits >= SHORTEST_NUMBER and set(term) <= NUMBER_CHARACTERS:
            return [self._get_typed_number(term)]
        if not term:
            return []
        return [
            {
                "type": "number",
                "number": contact["number"],
                "name": contact["name"],
                "detail": contact["number_display"],
                "reason": False,
            }
            for contact in self.env["res.partner"]._telephony_search(term, CONTACTS)
            if contact.get("number")
        ]

    @api.model
    def _get_typed_number(self, term):
        line = {"type": "number", "number": term, "name": term, "detail": False, "reason": False}
        try:
            normalized = self._normalize_dialed(term, None)
        except UserError as error:
            return {**line, "reason": str(error)}
        return {
            **line,
            "name": self._format_number(normalized),
            # Only rules without override: an administrator may give a reason for the others.
            "reason": self._get_forbidden_destination(self.env.company, normalized, reason="any")
            or False,
        }

    def _was_consulted(self, agent):
        """Return whether an agent was consulted in this call, rather than offered the call."""
        last = self.offer_ids.filtered(lambda offer: offer.agent_id == agent)[:1]
        return last.transfer_id.mode in ("warm", "conference")

    # === TRANSFER PATH === #

    def _get_live_transfer(self):
        """Return the open transfer or three-way call for the live lists, else False."""
        transfer = self._get_transfer()
        if not transfer:
            return False
        return {"mode": transfer.mode, "state": transfer.state, "name": transfer.target_name}

    def _get_served_by(self):
        """Return who had the customer, in order, and since when.

        :return: pairs of a name and a time
        :rtype: list(tuple)
        """
        done = self.transfer_ids.filtered(lambda transfer: transfer.state == "done")
        names = [transfer.user_id.name for transfer in done]
        last = self.user_id.name or done[-1:].target_name
        moments = [self.answered_at, *done.mapped("ended_at")]
        return list(zip([*names, last], moments, strict=True)) if self.answered_at else []

    def _get_transfer_path(self):
        """Return the path of a transferred call, such as `Sales 3:10 → Ana 4:02 → Bob`.

        :return: the path, or False if one agent had the call all the time
        :rtype: str | bool
        """
        served = self._get_served_by()
        if len(served) < 2:
            return False
        first = self.queue_id.name or self.flow_id.name or self.number_id.name or ""
        steps = [(first, self.started_at), *served]
        ends = [moment for _name, moment in steps[1:]] + [self.ended_at]
        parts = []
        for (name, start), end in zip(steps, ends, strict=True):
            seconds = max(0, int((end - start).total_seconds())) if end else 0
            parts.append(f"{name} {seconds // 60}:{seconds % 60:02d}" if end else name)
        return " → ".join(parts)
