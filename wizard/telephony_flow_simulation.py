from contextlib import closing

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.arguments import check_one
from ..providers.base import VoiceRequest
from ..providers.voice_response import Dial, Enqueue, Gather, HangUp, Play, Record, Reject, Say


class TelephonyFlowSimulation(models.TransientModel):
    """“What would a caller hear?” Simulation of a call with the engine that handles real calls.

    The simulated call runs on a cursor of its own that is closed without a commit: it rings no
    agent, sends no request and leaves no data.
    """

    _name = "telephony.flow.simulation"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Call Flow Simulation"

    flow_id = fields.Many2one("telephony.flow", required=True, ondelete="cascade")
    caller = fields.Char(
        default="+32470123456", help="With country code. Leave empty for a hidden number."
    )
    moment = fields.Datetime("At", required=True, default=fields.Datetime.now)
    keys = fields.Char(
        "Keys Pressed",
        help="Keys in the order they are pressed, e.g. 21. A space means no key. The last key "
        "can be pressed while waiting in a queue.",
    )
    result = fields.Text(readonly=True)

    @check_one
    def action_simulate(self):
        """Simulate a call through the flow, and record the result."""
        self.flow_id.check_access("read")
        self.result = "\n".join(
            self._simulate(self.flow_id.id, self.caller or "", self.moment, self.keys or "")
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test This Flow"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    @api.model
    def _simulate(self, flow_id, caller, moment, keys):
        """Return what a caller experiences in a flow, from a transaction that is rolled back.

        :param int flow_id: flow, already committed
        :param str caller: E.164, or empty
        :param datetime moment: time of the call (UTC, naive)
        :param str keys: keys that the caller presses
        :return: the course of the call, sentence by sentence
        :rtype: list(str)
        """
        # Closing rolls back and drops the hooks; the cursor as a context manager would commit.
        with closing(self.env.registry.cursor()) as cr:
            # sudo: telephony.call - the call is never committed
            env = self.env(cr=cr, su=True, context={**self.env.context, "telephony_moment": moment})
            return self._run(env, env["telephony.flow"].browse(flow_id), caller, keys)

    def _run(self, env, flow, caller, keys):
        account = flow.number_ids.account_id[:1] or env["telephony.account"].search(
            [("company_id", "=", flow.company_id.id)], limit=1
        )
        if not account:
            raise UserError(self.env._("Connect a Twilio account first."))
        number = flow.number_ids[:1] or env["telephony.number"].create(
            {
                "account_id": account.id,
                "name": flow.name,
                "number": "+3225559999",
            }
        )
        number.flow_id = flow
        response = env["telephony.call"]._process_incoming(
            account, VoiceRequest("simulation", caller, number.number)
        )
        call = env["telephony.call"].search(
            [("account_id", "=", account.id), ("provider_call_id", "=", "simulation")]
        )
        pressed = iter(keys)
        # The engine itself ends a call that runs in circles.
        while isinstance(response[0], Gather):
            digit = next(pressed, " ").strip()
            response = call._process_next(VoiceRequest(digits=digit))
        story = self._describe(call, response)
        digit = next(pressed, " ").strip()
        if digit and isinstance(response[0], Enqueue):
            # A key that requests a queue callback ends the wait; other keys change nothing.
            response = call._process_wait(VoiceRequest(digits=digit))
            story = self._describe(call, response) if HangUp() in response else story
        return call.timeline_ids.mapped("text") + story

    def _describe(self, call, response):
        """Return in words what the caller hears at the end."""
        for step in reversed(response):
            if isinstance(step, Say):
                return [self.env._("The caller hears: %(text)s", text=step.text)]
            if isinstance(step, Enqueue):
                return [self.env._("The caller waits.")]
            if isinstance(step, Record):
                return [self.env._("The caller speaks after the tone.")]
            if isinstance(step, Dial):
                return [self.env._("The caller is connected to %(number)s.", number=step.number)]
            if isinstance(step, Reject):
                return [self.env._("The caller hears that the call was rejected.")]
            if isinstance(step, Play):
                return [self.env._("The caller hears an audio file.")]
        return []
