from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..arguments import check_one


class TelephonyFlow(models.Model):
    """Flow templates."""

    _inherit = "telephony.flow"

    @check_one
    def action_template_ring(self):
        """Fill the flow: ring all agents, and record a voicemail if no agent answers."""
        return self._fill(self._template_ring)

    @check_one
    def action_template_hours(self):
        """Fill the flow: ring all agents in business hours, and record a voicemail otherwise."""
        return self._fill(self._template_hours)

    @check_one
    def action_template_menu(self):
        """Fill the flow: a menu of sales, whose agents are rung, and support, with a queue."""
        return self._fill(self._template_menu)

    def _fill(self, template):
        """Create the steps of a template. Note: `self.ensure_one()`

        :raise UserError: the flow has steps already, or the company has no agents
        """
        self.ensure_one()
        if self.step_ids:
            raise UserError(self.env._("This flow already has steps. Create a new flow instead."))
        agents = self.env["telephony.agent"].search([("company_id", "=", self.company_id.id)])
        if not agents:
            raise UserError(self.env._("Add a phone user first: there is no one to ring."))
        template(agents)
        return True

    def _make_step(self, sequence, name, kind, **values):
        return self.env["telephony.flow.step"].create(
            {
                "flow_id": self.id,
                "sequence": sequence,
                "name": name,
                "kind": kind,
                **values,
            }
        )

    def _make_mailbox(self, agents):
        return self._make_step(
            90, self.env._("Mailbox"), "voicemail", agent_ids=[Command.set(agents.ids)]
        )

    def _template_ring(self, agents):
        mailbox = self._make_mailbox(agents)
        return self._make_step(
            20,
            self.env._("Everyone"),
            "ring",
            agent_ids=[Command.set(agents.ids)],
            no_answer_step_id=mailbox.id,
            not_available_step_id=mailbox.id,
        )

    def _template_hours(self, agents):
        ring = self._template_ring(agents)
        self._make_step(
            10,
            self.env._("Office hours"),
            "hours",
            next_step_id=ring.id,
            calendar_id=self.company_id.resource_calendar_id.id,
            else_step_id=ring.no_answer_step_id.id,
        )

    def _template_menu(self, agents):
        texts = {
            code: self.env["telephony.speech"]._get_text(self.company_id, self.language, code)
            for code in ("queue_announcement", "menu_example")
        }
        ring = self._template_ring(agents)
        ring.write({"name": self.env._("Sales")})
        queue = self.env["telephony.queue"].create(
            {
                "name": self.env._("Support"),
                "company_id": self.company_id.id,
                "agent_ids": [Command.set(agents.ids)],
                "announcement": texts["queue_announcement"],
                "say_wait": True,
            }
        )
        mailbox = ring.no_answer_step_id
        support = self._make_step(
            30,
            self.env._("Support"),
            "queue",
            queue_id=queue.id,
            no_answer_step_id=mailbox.id,
            full_step_id=mailbox.id,
            not_available_step_id=mailbox.id,
        )
        self._make_step(
            10,
            self.env._("Menu"),
            "menu",
            no_answer_step_id=mailbox.id,
            message=texts["menu_example"],
            key_ids=[
                Command.create(
                    {"key": "1", "label": self.env._("Sales"), "target_step_id": ring.id}
                ),
                Command.create(
                    {"key": "2", "label": self.env._("Support"), "target_step_id": support.id}
                ),
            ],
        )
