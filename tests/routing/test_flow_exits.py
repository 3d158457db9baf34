"""Every exit of every step kind, by webhook; other flows, loops and a full provider."""

from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_telephony.models.routing.telephony_call import MAX_STEPS
from odoo.addons.crm_telephony.models.routing.telephony_flow_step_check import EXITS

from ..common import TelephonyCase, TelephonyHttpCase, leg_sid
from .test_caller_sound import encode, make_wav

# The target of each exit of the first step in these tests.
HEARD = {
    name: f"The exit {name}." for name in ("yes", "no", "no_answer", "not_available", "full", "key")
}
FIELDS = {
    "yes": "next_step_id",
    "no": "else_step_id",
    "no_answer": "no_answer_step_id",
    "not_available": "not_available_step_id",
    "full": "full_step_id",
}


class ExitWorld:
    """The number's first step has a message behind each exit, which says the exit's name."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.targets = {
            name: cls.make_step(f"After {name}", "message", message=text)
            for name, text in HEARD.items()
        }
        cls.ring.write({field: cls.targets[name].id for name, field in FIELDS.items()})
        cls.queue = cls.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": cls.company_a.id,
                "agent_ids": [Command.set(cls.agent_ana.ids)],
            }
        )

    @classmethod
    def make_step(cls, name, kind, flow=None, **values):
        return cls.env["telephony.flow.step"].create(
            {
                "flow_id": (flow or cls.flow).id,
                "sequence": 50,
                "name": name,
                "kind": kind,
                **values,
            }
        )

    @classmethod
    def make_flow(cls, name, **values):
        return cls.env["telephony.flow"].create(
            {
                "name": name,
                "company_id": cls.company_a.id,
                "language": "en_US",
                **values,
            }
        )


@tagged("post_install", "-at_install")
class TestEveryExit(ExitWorld, TelephonyHttpCase):
    def assert_exit(self, name, verbs):
        """Check that the caller took an exit: its message is heard, then the call ends."""
        self.assertEqual([verb.tag for verb in verbs], ["Say", "Hangup"])
        self.assertEqual(verbs[0].text, HEARD[name])

    def set_up(self, kind, **values):
        self.ring.write({"kind": kind, **values})

    def test_hours(self):
        """Z29: exits *open* and *closed*."""
        now = fields.Datetime.now()
        hour = now.hour + now.minute / 60
        # One half of the day contains the present time, the other one does not.
        halves = [(0, 12), (12, 24)]
        now_half = halves[hour >= 12]
        self.set_up("hours", calendar_id=self.make_hours(*now_half).id)
        self.assert_exit("yes", self.call_in(sid=leg_sid(1))[1])
        self.ring.calendar_id = self.make_hours(*halves[hour < 12])
        self.assert_exit("no", self.call_in(sid=leg_sid(2))[1])

    def test_condition(self):
        """Z29: exits for callers who meet the condition, or do not."""
        self.set_up("condition", condition_domain="[('name', '=', 'Zoe Peeters')]")
        self.assert_exit("yes", self.call_in(sid=leg_sid(1))[1])
        self.assert_exit("no", self.call_in(sid=leg_sid(2), from_="+33612345678")[1])

    def test_menu(self):
        """Z29: exits for a key, a wrong key and no key."""
        self.set_up(
            "menu",
            message="Press 4.",
            repeat=2,
            key_ids=[
                Command.create(
                    {
                        "key": "4",
                        "label": "Four",
                        "target_step_id": self.targets["key"].id,
                    }
                )
            ],
        )
        call, [gather, redirect] = self.call_in(sid=leg_sid(1))
        caller = {"CallSid": call.provider_call_id}
        self.assert_exit("key", self.ask(gather.get("action"), {**caller, "Digits": "4"}))
        call, [gather, redirect] = self.call_in(sid=leg_sid(2))
        caller = {"CallSid": call.provider_call_id}
        verbs = self.ask(gather.get("action"), {**caller, "Digits": "5"})
        self.assertEqual(self.names(verbs), ["Gather", "Redirect"])
        self.assert_exit("no_answer", self.ask(redirect.text, caller))

    def test_ring(self):
        """Z17 Z29: exits for no available agent and for no answer."""
        self.assert_exit("not_available", self.call_in(sid=leg_sid(1))[1])
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait(sid=leg_sid(2))
        self.let_time_pass(21)
        self.assertEqual(self.wait(call)[0].tag, "Leave")
        self.assert_exit("no_answer", self.step(call))
        self.assertEqual(call.state, "routing")

    def test_ring_that_all_decline(self):
        """Z17: the last decline continues the flow at once."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).decline(call.uuid)
        self.run_after_commit()
        self.assert_exit("no_answer", self.step(call, QueueResult="leave"))

    def test_queue(self):
        """Z24 Z29: exits for no available agent, a full queue and a wait that is too long."""
        self.set_up("queue", queue_id=self.queue.id)
        self.assert_exit("not_available", self.call_in(sid=leg_sid(1))[1])
        self.go_online(self.agent_ana)
        self.queue.max_callers = 1
        call, _verbs = self.call_in(sid=leg_sid(2))
        self.wait(call)
        self.assert_exit("full", self.call_in(sid=leg_sid(3), from_="+33612345678")[1])
        self.let_time_pass(400)
        call.queued_at -= timedelta(seconds=400)
        self.assertEqual(self.wait(call)[0].tag, "Leave")
        self.assert_exit("no_answer", self.step(call))

    def test_caller_who_has_left_the_queue_stands_in_no_list(self):
        """Z24: a caller who hears a message after the queue is neither listed nor offered."""
        self.set_up("queue", queue_id=self.queue.id)
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in()
        call.queued_at -= timedelta(seconds=400)
        self.let_time_pass(400)
        self.wait(call)
        self.step(call)
        self.assertEqual(self.as_user(self.ana).queued_calls(), [])
        self.assertFalse(self.queue._get_waiting())
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="400")
        self.assertEqual((call.state, call.outcome), ("ended", "missed"))

    def test_queue_that_is_full_at_the_provider(self):
        """Z29: the provider's limit works as ours does; the ringing at the agent ends."""
        self.set_up("queue", queue_id=self.queue.id)
        self.go_online(self.agent_ana)
        for index, result in enumerate(("queue-full", "error", "system-error"), 1):
            with self.subTest(result):
                call, [enqueue] = self.call_in(sid=leg_sid(index))
                self.assertEqual(enqueue.tag, "Enqueue")
                verbs = self.ask(
                    enqueue.get("action"),
                    {
                        "CallSid": leg_sid(index),
                        "QueueResult": result,
                        "QueueTime": "0",
                    },
                )
                self.assert_exit("full", verbs)
                self.assertEqual(set(call.offer_ids.mapped("state")), {"withdrawn"})
                self.assertIn("Twilio's waiting queue is full.", call.timeline)
                # The answer was lost, and the provider repeats its request.
                again = self.ask(
                    enqueue.get("action"),
                    {
                        "CallSid": leg_sid(index),
                        "QueueResult": result,
                        "QueueTime": "0",
                    },
                )
                self.assert_exit("full", again)
                self.tell_leg(call, leg_sid(index), "completed", CallDuration="1")

    def test_ring_that_the_provider_refuses(self):
        """Z29: a caller who cannot wait takes the exit for no available agent."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in()
        self.assert_exit("not_available", self.step(call, QueueResult="queue-full"))

    def test_refused_by_the_provider_while_somebody_is_on_the_way(self):
        """Z17: a caller waits for an accepting agent without the provider's queue."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in()
        self.as_user(self.ana).accept(call.uuid)
        *_sounds, redirect = self.step(call, QueueResult="queue-full")
        self.assertEqual(redirect.tag, "Redirect")
        self.connect_browser(call, self.agent_ana)
        [dial] = self.ask(redirect.text, {"CallSid": call.provider_call_id})
        self.assertEqual(dial.tag, "Dial")
        self.assertEqual(call.state, "in_progress")

    def test_forward(self):
        """Z29: exits for a forwarded call that is answered, or not."""
        self.set_up("forward", forward_number="+32470999999")
        for index, status, names in (
            (1, "completed", ["Hangup"]),
            (2, "no-answer", ["Say", "Hangup"]),
            (3, "busy", ["Say", "Hangup"]),
            (4, "failed", ["Say", "Hangup"]),
        ):
            _call, [dial] = self.call_in(sid=leg_sid(index))
            verbs = self.ask(
                dial.get("action"),
                {
                    "CallSid": leg_sid(index),
                    "DialCallStatus": status,
                },
            )
            self.assertEqual(self.names(verbs), names)
            if status != "completed":
                self.assert_exit("no_answer", verbs)

    def test_ends(self):
        """Z03 Z29: voicemail, message and rejection lead to the end only."""
        self.set_up("voicemail", agent_ids=[Command.set(self.agent_ana.ids)])
        _call, [_say, record, _hang_up] = self.call_in(sid=leg_sid(1))
        verbs = self.ask(
            record.get("action"),
            {
                "CallSid": leg_sid(1),
                "RecordingSid": "RE" + "1" * 32,
            },
        )
        self.assertEqual(self.names(verbs)[-1], "Hangup")
        self.set_up("message", message="Good-bye.")
        self.assertEqual(self.names(self.call_in(sid=leg_sid(2))[1]), ["Say", "Hangup"])
        self.set_up("reject")
        self.assertEqual(self.names(self.call_in(sid=leg_sid(3))[1]), ["Reject"])

    def test_no_exit_is_forgotten(self):
        """Z29: every exit has a test."""
        self.assertEqual({name for names in EXITS.values() for name in names}, set(FIELDS))
        kinds = {kind for kind, _label in self.ring._fields["kind"].selection}
        tested = {
            "hours",
            "condition",
            "menu",
            "ring",
            "queue",
            "forward",
            "voicemail",
            "message",
            "reject",
            "flow",
        }
        self.assertEqual((kinds, set(EXITS)), (tested, tested))

    def test_another_flow(self):
        """Z29: the call continues at the other flow's first step, in that flow's language."""
        self.env["res.lang"]._activate_lang("fr_FR")
        other = self.make_flow("French", language="fr_FR")
        self.make_step("Bonjour", "message", flow=other, message="Fermé.")
        self.set_up("flow", target_flow_id=other.id)
        call, [say, _hang_up] = self.call_in()
        self.assertEqual((say.text, say.get("language")), ("Fermé.", "fr-FR"))
        self.assertEqual(call.flow_id, other)
        self.assertIn("“Sellers”: continuing in “French”.", call.timeline)

    def test_sound_of_a_flow_without_a_number(self):
        """Z29: a flow that is only entered from other flows plays its sound, too."""
        other = self.make_flow("Sounds")
        jingle = self.env["telephony.sound"].create(
            {
                "name": "Jingle",
                "content": encode(make_wav()),
                "company_id": self.company_a.id,
            }
        )
        self.make_step("Jingle", "message", flow=other, sound_id=jingle.id)
        self.set_up("flow", target_flow_id=other.id)
        _call, [play, _hang_up] = self.call_in()
        self.assertRegex(play.text, r"^https://crm\.example\.test/telephony/sound/\d+/.")

    def test_another_flow_that_is_archived(self):
        """Z29: the caller hears a polite message, and the timeline gives the reason."""
        other = self.make_flow("Old", active=False)
        self.make_step("Hello", "message", flow=other, message="Never heard.")
        self.set_up("flow", target_flow_id=other.id)
        call, [say, _hang_up] = self.call_in()
        self.assertIn("No one is available", say.text)
        self.assertIn("the flow “Old” is archived", call.timeline)

    def test_flows_in_a_circle_come_to_an_end(self):
        """Z29: two flows that lead to each other end with a polite message."""
        other = self.make_flow("Other")
        self.make_step("Back", "flow", flow=other, target_flow_id=self.flow.id)
        self.set_up("flow", target_flow_id=other.id)
        call, [say, _hang_up] = self.call_in()
        self.assertIn("No one is available", say.text)
        self.assertIn(f"was ended after {MAX_STEPS} steps", call.timeline)

    def test_silent_caller_in_a_circle_of_menus(self):
        """Z29: a caller who presses no key is not asked for ever, over any number of requests."""
        menu = self.make_step(
            "Second", "menu", message="?", repeat=1, no_answer_step_id=self.ring.id
        )
        self.set_up("menu", message="!", repeat=1, no_answer_step_id=menu.id)
        call, verbs = self.call_in()
        turns = 0
        while verbs[-1].tag == "Redirect":
            turns += 1
            self.assertLessEqual(turns, MAX_STEPS)
            verbs = self.ask(verbs[-1].text, {"CallSid": call.provider_call_id})
        self.assertEqual(turns, MAX_STEPS)
        self.assertEqual(verbs[-1].tag, "Hangup")

    def test_waiting_begins_to_count_again(self):
        """Z29: a waiting caller may go round while agents ring."""
        self.ring.no_answer_step_id = self.ring
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        for _turn in range(2):
            self.let_time_pass(21)
            self.agent_ana.write({"status": "online", "missed_offers": 0})
            self.assertEqual(self.wait(call)[0].tag, "Leave")
            self.assertEqual(self.step(call)[0].tag, "Enqueue")
            self.assertEqual(call.step_count, 1)
            self.assertNotEqual(self.wait(call)[0].tag, "Leave")
            self.assertEqual(call.step_count, 0)


@tagged("post_install", "-at_install")
class TestLinterOfFlows(ExitWorld, TelephonyCase):
    def problems(self, flow=None):
        return (flow or self.flow)._get_problems()

    def test_archived_flow_behind_an_exit_and_a_key(self):
        """Z29: a step and a key that lead to an archived flow are reported."""
        other = self.make_flow("Old", active=False)
        go_on = self.make_step("Go on", "flow", target_flow_id=other.id)
        self.ring.write(
            {
                "kind": "menu",
                "message": "?",
                "key_ids": [
                    Command.create(
                        {
                            "key": "3",
                            "label": "Old",
                            "target_step_id": go_on.id,
                        }
                    )
                ],
            }
        )
        self.assertIn("“Go on” leads to the flow “Old”, which is archived.", self.problems())
        self.assertIn(
            "“Sellers”: key 3 leads to the flow “Old”, which is archived.", self.problems()
        )

    def test_flow_without_a_step_behind_an_exit(self):
        """Z29: an empty flow behind a step is reported."""
        self.ring.write({"kind": "flow", "target_flow_id": self.make_flow("Empty").id})
        self.assertIn("“Sellers” leads to the flow “Empty”, which has no steps.", self.problems())

    def test_archived_flow_that_is_used(self):
        """Z29: a number continues to use its flow after the flow was archived."""
        self.flow.active = False
        self.assertIn(
            "The flow is archived, but it still handles calls to Sales (+3225550180).".replace(
                "Sales (+3225550180)", self.number.display_name
            ),
            self.problems(),
        )

    def test_archived_queue(self):
        """Z29: an archived queue is reported."""
        self.queue.active = False
        self.ring.write({"kind": "queue", "queue_id": self.queue.id})
        self.assertIn("“Sellers”: the queue is archived.", self.problems())

    def circles(self, flow=None):
        return [problem for problem in self.problems(flow) if "loops" in problem]

    def test_circle_of_one_flow(self):
        """Z29: hours and a condition that lead to each other are reported once."""
        condition = self.make_step("Known", "condition", else_step_id=self.ring.id)
        self.ring.write(
            {
                "kind": "hours",
                "calendar_id": self.make_hours(8, 12).id,
                "else_step_id": condition.id,
            }
        )
        [circle] = self.circles()
        self.assertIn("“Sellers” → “Known”: if the caller does nothing, the flow loops", circle)

    def test_circle_of_two_flows(self):
        """Z29: a loop through another flow is reported in both."""
        other = self.make_flow("Other")
        self.make_step("Back", "flow", flow=other, target_flow_id=self.flow.id)
        self.ring.write({"kind": "flow", "target_flow_id": other.id})
        self.assertEqual(len(self.circles()), 1)
        self.assertIn("“Back” → “Sellers”", self.circles(other)[0])

    def test_keys_and_waiting_make_no_circle(self):
        """Z29: “press 0 to hear this again” and ringing again after a wait are no faults."""
        menu = self.make_step(
            "Menu",
            "menu",
            message="?",
            key_ids=[
                Command.create(
                    {
                        "key": "0",
                        "label": "Again",
                        "target_step_id": self.ring.id,
                    }
                )
            ],
        )
        self.ring.no_answer_step_id = menu
        self.assertEqual(self.circles(), [])

    def test_bad_settings_are_refused(self):
        """Z29: a step that cannot work is not saved, and 0 is not a valid limit."""
        with self.assertRaises(ValidationError):
            self.ring.kind = "flow"
        for values in ({"max_callers": 0}, {"max_wait": 0}):
            with (
                self.subTest(values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.queue.write(values)

    def test_drawing_names_the_other_flow(self):
        """Z29: the drawing of a flow ends where another flow begins."""
        other = self.make_flow("<Other>")
        self.make_step("Far away", "message", flow=other, message="x")
        self.ring.write({"kind": "flow", "target_flow_id": other.id})
        drawn = {step["name"]: step for step in self.flow.editor(self.flow.id)["steps"]}
        self.assertEqual(drawn[self.ring.name]["summary"], "<Other>")
        self.assertNotIn("Far away", drawn)

    def test_simulation_crosses_flows(self):
        """Z29: the simulation covers both flows."""
        other = self.make_flow("Other")
        self.make_step("Hello", "message", flow=other, message="We are closed today.")
        self.ring.write({"kind": "flow", "target_flow_id": other.id})
        story = self.simulate_call(self.flow, "+32470123456", fields.Datetime.now())
        self.assertIn("“Sellers”: continuing in “Other”.", story)
        self.assertEqual(story[-1], "The caller hears: We are closed today.")
