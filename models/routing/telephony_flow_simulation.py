from contextlib import closing
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...providers.base import VoiceRequest
from ...providers.voice_response import (
    Dial,
    Enqueue,
    Gather,
    HangUp,
    Leave,
    Play,
    Record,
    Reject,
    Say,
)
from ..arguments import check_arguments, is_text

# What a simulation pretends -> the context in which the engine runs.
SCENES = {
    "now": {},
    "answer": {"telephony_agent_state": "available"},
    "no_answer": {"telephony_agent_state": "available"},
    "offline": {"telephony_agent_state": "offline"},
    "full": {"telephony_agent_state": "available", "telephony_queues_full": True},
}
# The most responses of one simulated call. The engine itself ends a call that runs in circles.
MOST_RESPONSES = 200
LONGEST_KEYS = 100
LONG_AGO = timedelta(days=2)
# The numbers that the simulation calls if the flow has none: a range for fiction.
FICTIONAL_NUMBERS = [f"+120255501{line:02}" for line in range(100)]


class TelephonyFlowSimulation(models.AbstractModel):
    """“What would a caller hear?” Simulation of a call with the engine that handles real calls.

    The simulated call runs on a cursor of its own that is closed without a commit: it rings no
    agent, sends no request and leaves no data.
    """

    _name = "telephony.flow.simulation"
    _description = "Call Flow Simulation"

    # === RPC === #

    @api.model
    @check_arguments
    def try_flow(self, flow_id, values=None):
        """Return what a caller experiences in a flow, step by step.

        :param int flow_id: flow that the user may change
        :param dict values: `caller`, `moment`, `keys` and `scene`: `now`, `answer`, `no_answer`,
            `offline` or `full`
        :return: for each step `step_id`, `exit_name` (by which it was reached), `flow` (name of
            another flow) and `sentences`; the first one is the call before any step
        :rtype: list(dict)
        """
        flow = self.env["telephony.flow"]._get_drawn(flow_id, "write")
        values = values or {}
        caller, keys = (
            text if is_text(text) else ""
            for text in (values.get("caller") or "", values.get("keys") or "")
        )
        return self._simulate(
            flow.id,
            caller[:LONGEST_KEYS],
            self._read_moment(values.get("moment")),
            keys[:LONGEST_KEYS],
            values.get("scene"),
        )

    # === BUSINESS METHODS === #

    @api.model
    def _read_moment(self, text):
        """Return the moment that a page sends; now, if it is none."""
        try:
            moment = fields.Datetime.to_datetime(text)
        except (TypeError, ValueError):
            moment = None
        # Calendars cannot handle the last years of the calendar.
        is_usable = isinstance(moment, datetime) and 1970 < moment.year < 2200
        return moment if is_usable else fields.Datetime.now()

    @api.model
    def _simulate(self, flow_id, caller, moment, keys, scene="now"):
        """Return what a caller experiences in a flow, from a transaction that is rolled back.

        :param int flow_id: flow, already committed
        :param str caller: E.164, or empty
        :param datetime moment: time of the call (UTC, naive)
        :param str keys: keys that the caller presses
        :param str scene: what phone users and queues are like, see `SCENES`
        :return: the course of the call, see `try_flow`
        :rtype: list(dict)
        """
        scene = scene if scene in SCENES else "now"
        # Closing rolls back and drops the hooks; the cursor as a context manager would commit.
        with closing(self.env.registry.cursor()) as cr:
            context = {
                **self.env.context,
                **SCENES[scene],
                "telephony_moment": moment,
                "telephony_trace": [],
            }
            # sudo: telephony.call - the call is never committed
            env = self.env(cr=cr, su=True, context=context)
            return self._run(env, env["telephony.flow"].browse(flow_id), caller, keys, scene)

    def _run(self, env, flow, caller, keys, scene):
        account = flow.number_ids.account_id[:1] or env["telephony.account"].search(
            [("company_id", "=", flow.company_id.id)], limit=1
        )
        if not account:
            raise UserError(self.env._("Connect a Twilio account first."))
        has_number = bool(flow.number_ids)
        number = flow.number_ids[:1] or env["telephony.number"].create(
            {
                "account_id": account.id,
                "name": flow.name,
                "number": self._get_free_number(account),
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
        for _turn in range(MOST_RESPONSES):
            following = self._continue(call, response, pressed, scene)
            if following is None:
                break
            response = following
        story = self._describe(call, response)
        digit = next(pressed, " ").strip()
        if digit and isinstance(response[0], Enqueue):
            # A key that requests a queue callback ends the wait; other keys change nothing.
            response = call._process_wait(VoiceRequest(digits=digit))
            story = self._describe(call, response) if HangUp() in response else story
        parts = self._divide(flow, call.timeline_ids.mapped("text") + story, env)
        if not has_number:
            # The first sentence names the number that was called.
            del parts[0]["sentences"][:1]
        return parts

    def _get_free_number(self, account):
        """Return a fictional number that is not one of the account, as it may be in a trial.

        :param account: account of the simulated call
        :return: the number in E.164
        :rtype: str
        """
        numbers = account.env["telephony.number"].with_context(active_test=False)
        own = set(numbers.search([("account_id", "=", account.id)]).mapped("number"))
        return next(number for number in FICTIONAL_NUMBERS if number not in own)

    def _continue(self, call, response, pressed, scene):
        """Return the response after another one; None if the call waits or ends there."""
        if isinstance(response[0], Gather):
            return call._process_next(VoiceRequest(digits=next(pressed, " ").strip()))
        if scene == "no_answer" and isinstance(response[0], Dial):
            return call._process_next(VoiceRequest(dial_result="no-answer"))
        if scene == "no_answer" and isinstance(response[0], Enqueue):
            return self._end_wait(call)
        return None

    def _end_wait(self, call):
        """Return what a caller hears after a wait in which no agent has answered."""
        past = fields.Datetime.now() - LONG_AGO
        for _turn in range(MOST_RESPONSES):
            call._get_open_offers().write({"expires_at": past})
            if call.state == "queued":
                call.queued_at = past
            response = call._process_wait(VoiceRequest())
            if response == [Leave()]:
                return call._process_next(VoiceRequest())
        return None

    def _divide(self, flow, sentences, env):
        """Return the story of a call, divided by its steps; see `try_flow`."""
        parts = [{"step_id": False, "exit_name": False, "flow": False, "sentences": []}]
        begin = 0
        for step, exit_name, end in env.context["telephony_trace"]:
            parts[-1]["sentences"] = sentences[begin:end]
            begin = end
            parts.append(
                {
                    "step_id": step.id,
                    "exit_name": exit_name or False,
                    "flow": step.flow_id.name if step.flow_id != flow else False,
                    "sentences": [],
                }
            )
        parts[-1]["sentences"] = sentences[begin:]
        return parts

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
                sound = step.name or call.step_id._get_sounds()[:1].name
                return [self.env._("The caller hears the sound “%(sound)s”.", sound=sound)]
        return []
