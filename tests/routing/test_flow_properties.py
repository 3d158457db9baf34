"""Generated flows: every one ends, speaks valid TwiML, and is simulated truthfully.

The documents are read by the emulator's own reader, which refuses the same as Twilio. Like
that reader these tests are for the repository; Odoo's own test loader does not know them.
"""

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.crm_telephony.models.routing import telephony_call
from odoo.addons.crm_telephony.models.routing.telephony_flow_step_check import EXITS, HASTY_EXITS

from ..common import CUSTOMER, TelephonyHttpCase, leg_sid

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "dev"))
from twilio_emulator.twiml.parser import parse
from twilio_emulator.twiml.schema import WAIT_VERBS

MOMENT = datetime(2026, 11, 23, 9, 0)
# Steps without waiting, in place of the real limit: a loop is found sooner.
STEPS = 12
REPEAT = 2
# Number of waits before a caller gives up.
WAITS = 4
# Each document ends with one of these verbs; otherwise the line is dead.
LAST = {"Hangup", "Redirect", "Enqueue", "Dial", "Reject"}
EXIT_FIELDS = (
    "next_step_id",
    "else_step_id",
    "no_answer_step_id",
    "full_step_id",
    "not_available_step_id",
)
KINDS = tuple(EXITS)


@dataclass(frozen=True)
class Step:
    """Plan of a step; a target is the index of another step, or None."""

    kind: str
    is_first_way: bool
    targets: tuple
    keys: tuple


@dataclass(frozen=True)
class Caller:
    """A generated caller and the caller's actions."""

    number: str
    keys: tuple
    is_agent_there: bool


TARGET = st.one_of(st.none(), st.integers(0, 4), st.integers(0, 4))
FLOW = st.lists(
    st.builds(
        Step,
        st.sampled_from(KINDS),
        st.booleans(),
        st.tuples(*[TARGET] * len(EXIT_FIELDS)),
        st.tuples(TARGET, TARGET),
    ),
    min_size=1,
    max_size=5,
)
CALLER = st.builds(
    Caller,
    st.sampled_from((CUSTOMER, "+33612345678", "anonymous")),
    st.lists(st.sampled_from(("1", "2", "9", "")), max_size=4).map(tuple),
    st.booleans(),
)


@tagged("post_install", "-at_install")
class TestAnyFlow(TelephonyHttpCase):
    share_size = 36

    def setUp(self):
        super().setUp()
        self.patch(telephony_call, "MAX_STEPS", STEPS)
        self.patch(self.registry["telephony.call"], "_get_moment", lambda call: MOMENT)
        self.calls = 0
        self.calendars = [self.make_hours(0, 24), self.make_hours(22, 23)]
        self.queue = self.env["telephony.queue"].create(
            {
                "name": "Line",
                "company_id": self.company_a.id,
                "callback_key": "1",
                "agent_ids": [Command.set(self.agent_ana.ids)],
                "say_wait": True,
                "announcement": "Please hold the line.",
                "max_wait": 60,
            }
        )

    # === GENERATING FLOWS === #

    def make_flows(self, plans):
        """Create flows from plans; a step with another target leads to the other flow."""
        flows = self.env["telephony.flow"].create(
            [
                {"name": f"Flow {index}", "company_id": self.company_a.id, "language": "en_US"}
                for index in range(len(plans))
            ]
        )
        for index, (flow, plan) in enumerate(zip(flows, plans, strict=True)):
            steps = self.env["telephony.flow.step"].create(
                [
                    {
                        "flow_id": flow.id,
                        "sequence": place,
                        "name": f"{index}.{place}",
                        "kind": step.kind,
                        **self.get_settings(step, flows[1 - index]),
                    }
                    for place, step in enumerate(plan)
                ]
            )
            for record, step in zip(steps, plan, strict=True):
                self.set_exits(record, step, steps)
        self.number.flow_id = flows[0]
        return flows[0]

    def get_settings(self, step, other):
        return {
            "agent_ids": [Command.set(self.agent_ana.ids)],
            "ring_strategy": "round_robin" if step.is_first_way else "parallel",
            "ring_seconds": 20,
            "queue_id": self.queue.id,
            "target_flow_id": other.id,
            "calendar_id": self.calendars[step.is_first_way].id,
            "condition_domain": "[('name', '=', 'Zoe Peeters')]",
            "forward_number": "+32470999999",
            "message": "Some words & more <words>.",
            "repeat": REPEAT,
        }

    def set_exits(self, record, step, steps):
        places = dict(enumerate(steps))
        record.write(
            {
                **{
                    field: target in places and places[target].id
                    for field, target in zip(EXIT_FIELDS, step.targets, strict=True)
                },
                "key_ids": [
                    Command.create(
                        {
                            "key": key,
                            "label": f"Key {key}",
                            "target_step_id": target in places and places[target].id,
                        }
                    )
                    for key, target in zip("12", step.keys, strict=True)
                ],
            }
        )

    # === FOLLOWING A FLOW === #

    def hear(self, route, allowed=None, **params):
        """Request the next document and check it with the emulator's reader."""
        response = self.post_webhook(route, params)
        self.assertEqual(response.status_code, 200)
        verbs = parse(response.content)
        self.assertTrue(verbs)
        names = {verb.name for verb in verbs}
        if allowed:
            self.assertLessEqual(names, allowed)
        else:
            self.assertIn(verbs[-1].name, LAST)
        return verbs

    def begin(self, caller):
        self.calls += 1
        sid = leg_sid(self.calls)
        verbs = self.hear(
            "voice", CallSid=sid, From=caller.number, To=self.number.number, CallStatus="ringing"
        )
        return self.env["telephony.call"].search([("provider_call_id", "=", sid)]), verbs

    def walk(self, call, verbs, keys):
        """Act as a caller who presses keys, until the caller waits or the line is dead."""
        turns = 0
        while True:
            turns += 1
            self.assertLessEqual(turns, 2 * STEPS * REPEAT)
            last, sid = verbs[-1], call.provider_call_id
            if verbs[0].name == "Gather":
                digit = next(keys, "")
                if digit:
                    verbs = self.hear(verbs[0].get("action"), CallSid=sid, Digits=digit)
                else:
                    verbs = self.hear(last.text, CallSid=sid)
            elif last.name == "Dial":
                verbs = self.hear(last.get("action"), CallSid=sid, DialCallStatus="no-answer")
            else:
                return verbs

    def wait_in_vain(self, call, verbs):
        """Wait as the flow requires; return the next document, or None after a queue callback."""
        [enqueue] = verbs
        sid = call.provider_call_id
        for _turn in range(6):
            inner = self.hear(
                enqueue.get("waitUrl"), allowed=WAIT_VERBS, CallSid=sid, QueueSid="QU" + "8" * 32
            )
            if inner[0].name == "Leave":
                return self.hear(
                    enqueue.get("action"), CallSid=sid, QueueResult="leave", QueueTime="60"
                )
            self.let_time_pass(30)
            self.env.cr.execute(
                SQL(
                    "UPDATE telephony_call SET queued_at = queued_at - interval '30 seconds' "
                    "WHERE id = %s",
                    call.id,
                )
            )
            self.env.invalidate_all()
        raise AssertionError("the caller waits for ever")

    def prepare(self, caller):
        self.agent_ana.write({"missed_offers": 0, "status": "offline"})
        if caller.is_agent_there:
            self.go_online(self.agent_ana)

    def get_story(self, call):
        return call.timeline_ids.mapped("text")

    def end(self, call):
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="60")
        self.assertEqual(call.state, "ended")

    # === PROPERTIES OF EVERY FLOW === #

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(FLOW, FLOW), CALLER)
    def test_every_call_ends_and_hears_valid_documents(self, plans, caller):
        """Z29: every flow leads the caller to an end, over any number of requests."""
        self.make_flows(plans)
        self.prepare(caller)
        call, verbs = self.begin(caller)
        keys = iter(caller.keys)
        for _turn in range(WAITS):
            verbs = self.walk(call, verbs, keys)
            if verbs[-1].name != "Enqueue":
                self.assertIn(verbs[-1].name, ("Hangup", "Reject"))
                break
            verbs = self.wait_in_vain(call, verbs)
        self.end(call)

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(FLOW, FLOW), CALLER)
    def test_simulation_tells_what_happens(self, plans, caller):
        """Z29: the simulation and the same call through the webhooks have one timeline."""
        flow = self.make_flows(plans)
        self.prepare(caller)
        number = "" if caller.number == "anonymous" else caller.number
        keys = "".join(key or " " for key in caller.keys)
        simulated = self.simulate_call(flow, number, MOMENT, keys)
        call, verbs = self.begin(caller)
        keys = iter(caller.keys)
        while verbs[0].name == "Gather":
            # The simulation ends at a forwarded call.
            digit = next(keys, "")
            params = {"Digits": digit} if digit else {}
            verbs = self.hear(verbs[0].get("action"), CallSid=call.provider_call_id, **params)
        digit = next(keys, "")
        if verbs[-1].name == "Enqueue" and digit:
            verbs = self.hear(
                verbs[-1].get("waitUrl"),
                allowed=WAIT_VERBS,
                CallSid=call.provider_call_id,
                Digits=digit,
            )
        story = self.get_story(call)
        self.assertEqual(simulated[: len(story)], story)
        self.assertEqual(len(simulated), len(story) + 1)
        spoken = [verb.text for verb in verbs if verb.name == "Say"]
        if verbs[-1].name == "Hangup" and verbs[-2].name == "Say":
            self.assertEqual(simulated[-1], f"The caller hears: {spoken[-1]}")
        self.end(call)

    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(FLOW, FLOW))
    def test_linter_and_drawing_cope_with_every_flow(self, plans):
        """Z29: check and drawing end in time, and every loop without a wait is reported."""
        flow = self.make_flows(plans)
        problems = flow._get_problems()
        self.assertTrue(all(problem.endswith((".", "!")) for problem in problems))
        drawing = flow.editor(flow.id)
        self.assertEqual({step["id"] for step in drawing["steps"]}, set(flow.step_ids.ids))
        # Each problem is shown once at least: with its steps, or with the flow.
        shown = [*drawing["problems"], *(p for step in drawing["steps"] for p in step["problems"])]
        self.assertEqual(set(shown), set(problems))
        loops = [problem for problem in problems if "the flow loops here" in problem]
        self.assertEqual(bool(loops), any(map(self.is_in_circle, flow.step_ids)))

    def is_in_circle(self, start):
        """Return whether a step is in a loop, by the plainest way: following every path."""
        todo, seen = [start], set()
        while todo:
            step = todo.pop()
            for name in HASTY_EXITS.get(step.kind, ()):
                target = step._get_exit(name)
                if target == start:
                    return True
                if target and target.id not in seen:
                    seen.add(target.id)
                    todo.append(target)
        return False
