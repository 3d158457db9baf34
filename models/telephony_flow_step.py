from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from .telephony_document import HangUp, Say


class TelephonyFlowStep(models.Model):
    """One step of a flow. `_enter` says what the caller hears, or by which exit the call leaves.

    An exit without a step of its own leads to a polite message and the end.
    """

    _name = "telephony.flow.step"
    _description = "Call Flow Step"
    _order = "sequence, id"
    _check_company_auto = True

    flow_id = fields.Many2one("telephony.flow", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="flow_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    kind = fields.Selection(
        [("ring", "Ring Phone Users"), ("message", "Say a Message and Hang Up")],
        required=True,
        default="ring",
    )
    # Ring
    agent_ids = fields.Many2many("telephony.agent", string="Phone Users", check_company=True)
    ring_order = fields.Selection(
        [("parallel", "All at Once"), ("sequential", "One after the Other")],
        "Order",
        required=True,
        default="parallel",
    )
    timeout = fields.Integer(
        "Seconds", default=20, help="How long each phone rings: 5 to 120 seconds."
    )
    # Message
    message = fields.Text(help="What the caller hears, in the language of the flow.")
    # Exits
    timeout_step_id = fields.Many2one(
        "telephony.flow.step",
        "If Nobody Answers",
        domain="[('flow_id', '=', flow_id), ('id', '!=', id)]",
        ondelete="set null",
    )
    not_available_step_id = fields.Many2one(
        "telephony.flow.step",
        "If Nobody Is Available",
        domain="[('flow_id', '=', flow_id), ('id', '!=', id)]",
        ondelete="set null",
    )

    _timeout_range = models.Constraint(
        "CHECK (kind != 'ring' OR timeout BETWEEN 5 AND 120)",
        "A phone rings for 5 to 120 seconds.",
    )

    @api.constrains("kind", "message")
    def _check_message(self):
        for step in self:
            if step.kind == "message" and not (step.message or "").strip():
                raise ValidationError(_("Write what the caller hears in “%(name)s”.",
                                        name=step.name))

    def _get_exit(self, name):
        """Return the step behind an exit.

        :param str name: `timeout` or `not_available`
        """
        return self[f"{name}_step_id"]

    def _enter(self, call):
        """Begin this step for a call. Note: `self.ensure_one()`

        :param call: the call, as superuser
        :return: a document, or the name of the exit by which the call leaves at once
        :rtype: list | str
        """
        self.ensure_one()
        return getattr(self, f"_enter_{self.kind}")(call)

    def _enter_ring(self, call):
        agents = self._get_next_agents(call)
        if not agents:
            call._add_trace(_("“%(step)s”: nobody is available.", step=self.name))
            return "not_available"
        call._offer_to(agents, self.timeout)
        return call._get_waiting_document()

    def _enter_message(self, call):
        call._add_trace(_("“%(step)s”: the caller hears a message.", step=self.name))
        return [Say(self.message, self.flow_id._get_speech_language()), HangUp()]

    def _get_next_agents(self, call):
        """Return whom to ring next: everybody at once, or the next one who was not rung yet."""
        available = self.agent_ids._get_available()
        if self.ring_order == "parallel":
            return available
        rung = call.offer_ids.filtered(
            lambda offer: offer.create_date >= (call.step_entered_at or call.create_date)
        ).agent_id
        return (available - rung)[:1]
