"""Flows: hours, menus, conditions, forwarding, blocked numbers, the check and the simulation."""

from datetime import datetime
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.models.call import after_commit

from ..common import CUSTOMER, TelephonyCase, TelephonyHttpCase, register_request

MONDAY_MORNING = datetime(2026, 11, 23, 9, 0)
SUNDAY_NIGHT = datetime(2026, 11, 22, 21, 10)


class FlowWorld:
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calendar = cls.make_hours(8, 18, days=range(5), tz="Europe/Brussels")
        cls.mailbox = cls.make_step(
            "Mailbox", "voicemail", agent_ids=[Command.set(cls.agent_ana.ids)]
        )
        cls.mobile = cls.make_step(
            "Mobile", "forward", forward_number="+32470999999", no_answer_step_id=cls.mailbox.id
        )
        cls.menu = cls.make_step(
            "Menu",
            "menu",
            message="Press 1 for sales, 2 for support.",
            no_answer_step_id=cls.mailbox.id,
            key_ids=[
                Command.create({"key": "1", "label": "Sales", "target_step_id": cls.ring.id}),
                Command.create({"key": "2", "label": "Support", "target_step_id": cls.mobile.id}),
            ],
        )
        cls.hours = cls.make_step(
            "Office hours",
            "hours",
            calendar_id=cls.calendar.id,
            sequence=0,
            next_step_id=cls.menu.id,
            else_step_id=cls.mailbox.id,
        )

    @classmethod
    def make_step(cls, name, kind, **values):
        return cls.env["telephony.flow.step"].create(
            {
                "flow_id": cls.flow.id,
                "sequence": 50,
                "name": name,
                "kind": kind,
                **values,
            }
        )

    def simulate(self, moment, keys="", caller=CUSTOMER):
        return self.simulate_call(self.flow, caller, moment, keys)


@tagged("post_install", "-at_install")
class TestFlowSimulation(FlowWorld, TelephonyCase):
    def test_open_hours_lead_to_the_menu(self):
        """Z29: during opening hours the caller gets a menu, whose key leads to a number."""
        story = self.simulate(MONDAY_MORNING, "2")
        self.assertIn("“Office hours”: Mon 10:00 is open.", story)
        self.assertIn("“Menu”: key 2, Support.", story)
        self.assertEqual(story[-1], "The caller is connected to +32470999999.")

    def test_closed_hours_lead_to_the_mailbox(self):
        """Z03 Z29: outside opening hours the caller may leave a message."""
        story = self.simulate(SUNDAY_NIGHT)
        self.assertIn("“Office hours”: Sun 22:10 is closed.", story)
        self.assertEqual(story[-1], "The caller speaks after the tone.")

    def test_holiday_is_closed(self):
        """Z29: a public holiday of the calendar closes the office."""
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.calendar.id,
                "company_id": self.company_a.id,
                "date_from": datetime(2026, 11, 22, 23, 0),
                "date_to": datetime(2026, 11, 23, 23, 0),
            }
        )
        self.assertIn("“Office hours”: Mon 10:00 is closed.", self.simulate(MONDAY_MORNING))

    def test_wrong_key_is_asked_again_then_the_exit(self):
        """Z29: a wrong key or no key leads to the exit after the second time."""
        story = self.simulate(MONDAY_MORNING, "7")
        self.assertIn("“Menu”: key 7 leads nowhere.", story)
        self.assertIn("“Menu”: no key pressed.", story)

    def test_condition_on_the_caller(self):
        """Z29: an ordinary domain on the caller decides."""
        condition = self.make_step(
            "Known in Belgium",
            "condition",
            sequence=-1,
            condition_model="res.partner",
            condition_domain="[('country_id.code', '=', 'BE')]",
            next_step_id=self.mobile.id,
            else_step_id=self.mailbox.id,
        )
        self.assertEqual(
            self.simulate(MONDAY_MORNING)[-1], "The caller is connected to +32470999999."
        )
        self.assertEqual(
            self.simulate(MONDAY_MORNING, caller="+33612345678")[-1],
            "The caller speaks after the tone.",
        )
        self.assertEqual(condition._get_exit("yes"), self.mobile)

    def test_simulation_leaves_nothing_behind(self):
        """Z29: a simulation rings no agent, sends no request and leaves no record."""
        self.go_online(self.agent_ana, self.agent_bob)
        self.notifications.clear()
        calls = self.env["telephony.call"].search_count([])
        story = self.simulate(MONDAY_MORNING, "1")
        self.assertEqual(story[-1], "The caller waits.")
        self.assertEqual(self.env["telephony.call"].search_count([]), calls)
        self.assertFalse(self.env["telephony.offer"].search([("state", "=", "offered")]))
        self.assertEqual(self.agent_ana.state, "available")

    def test_simulation_sends_nothing(self):
        """Issue 14: after a simulation, the user's transaction has nothing to send."""
        self.agent_ana.write({"call_via": "phone", "phone_number": "+32470999999"})
        self.go_online(self.agent_ana, self.agent_bob)
        cr, before = self.env.cr, self.env["bus.bus"].search_count([])
        cr.precommit.clear()
        cr.postcommit.clear()
        with (
            patch.object(after_commit, "register", register_request),
            self.unpatched("bus.bus", "_sendone"),
        ):
            self.assertEqual(self.simulate(MONDAY_MORNING, "1")[-1], "The caller waits.")
        cr.precommit.run()
        cr.postcommit.run()
        self.assertEqual(self.env["bus.bus"].search_count([]), before)
        self.assertEqual(self.provider.requests, [])

    def test_simulation_leaves_the_hooks_of_the_transaction_alone(self):
        """Issue 14: a simulated call changes neither the user's own hooks nor their data."""
        hooks, calls, ran = self.env.cr.postcommit, self.registry["telephony.call"], []
        process = calls._process_incoming

        def process_incoming(records, *args):
            simulated = records.env.cr.postcommit
            simulated.data.setdefault("test", {}).setdefault("of", []).append("simulation")
            simulated.add(lambda: ran.append("simulation"))
            return process(records, *args)

        hooks.clear()
        hooks.data["test"] = {"of": ["user"]}
        hooks.add(lambda: ran.append("user"))
        with patch.object(calls, "_process_incoming", process_incoming):
            self.simulate(SUNDAY_NIGHT)
        self.assertEqual(hooks.data["test"], {"of": ["user"]})
        hooks.run()
        self.assertEqual(ran, ["user"])

    def unpatched(self, model, name):
        """Undo a patch of `World` in a block."""
        cls = self.registry[model]

        def call(records, *args):
            return getattr(super(cls, records), name)(*args)

        return patch.object(cls, name, call)


@tagged("post_install", "-at_install")
class TestFlowLinter(FlowWorld, TelephonyCase):
    def problems(self):
        return " ".join(self.flow._get_problems())

    def test_good_flow_has_no_problem(self):
        """Z29: a flow without a fault has no problem."""
        self.closed_step.unlink()
        self.ring.not_available_step_id = self.mailbox
        self.assertEqual(self.problems(), "")

    def test_step_that_is_never_reached(self):
        """Z29: an unreachable step is reported."""
        self.make_step("Island", "message", message="Hello.")
        self.assertIn("“Island” is never reached.", self.problems())

    def test_hours_that_never_open(self):
        """Z29: hours without an open period are reported."""
        self.calendar.attendance_ids.unlink()
        self.assertIn("no open period", self.problems())

    def test_menu_without_keys_prompt_or_target(self):
        """Z29: a menu that cannot work is reported."""
        self.menu.message = False
        self.assertIn("no message announces the available keys", self.problems())
        self.menu.key_ids[0].target_step_id = False
        self.assertIn("key 1 leads nowhere", self.problems())
        self.menu.key_ids.unlink()
        self.assertIn("has no keys", self.problems())

    def test_groups_that_are_empty(self):
        """Z29: a ring step, queue or mailbox without agents is reported."""
        self.env["telephony.agent"].search([]).active = False
        self.assertIn("“Sellers” has no one to ring.", self.problems())
        self.assertIn("no one would receive the voicemails", self.problems())
        queue = self.env["telephony.queue"].create(
            {
                "name": "Q",
                "company_id": self.company_a.id,
            }
        )
        self.menu.write({"kind": "queue", "queue_id": queue.id})
        self.assertIn("the queue has no members", self.problems())

    def test_flow_without_steps(self):
        """Z29: the problem of an empty flow names the message that callers hear."""
        self.number.flow_id = False
        self.flow.step_ids.unlink()
        self.assertIn("has no step", self.problems())

    def test_problems_are_shown(self):
        """Z29: a problem is shown with its step, and names are no markup."""
        self.make_step("<b>Island</b>", "message", message="Hello.")
        self.assertIn("&lt;b&gt;Island", self.flow.problem_html)
        [island] = [
            step for step in self.flow.editor(self.flow.id)["steps"] if "Island" in step["name"]
        ]
        self.assertEqual(island["problems"], ["“<b>Island</b>” is never reached."])

    def test_bad_settings_are_refused(self):
        """Z29: a step that cannot work is not saved."""
        with self.assertRaises(ValidationError):
            self.make_step("Nowhere", "forward", forward_number="123")
        with self.assertRaises(ValidationError):
            self.make_step("Odd", "condition", condition_domain="[('nothing', '=', 1)]")
        with self.assertRaises(ValidationError):
            self.make_step("No hours", "hours")
        with self.assertRaises(ValidationError):
            self.make_step("No queue", "queue")
        with self.assertRaises(ValidationError):
            self.make_step("Silent", "message", message="  ")


@tagged("post_install", "-at_install")
class TestFlowLive(FlowWorld, TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.hours.unlink()
        self.menu.sequence = 0

    def test_menu_key_leads_on(self):
        """Z29: the pressed key forwards the caller, and the timeline shows it."""
        call, [gather, redirect] = self.call_in()
        self.assertEqual(gather.tag, "Gather")
        self.assertEqual(gather[0].text, "Press 1 for sales, 2 for support.")
        [dial] = self.ask(
            gather.get("action"),
            {
                "CallSid": call.provider_call_id,
                "Digits": "2",
            },
        )
        self.assertEqual((dial.tag, dial[0].text), ("Dial", "+32470999999"))
        self.assertEqual(dial.get("callerId"), self.number.number)
        self.assertIn("key 2, Support", call.timeline)
        self.assertEqual(redirect.text, gather.get("action"))

    def test_repeated_key_does_not_press_twice(self):
        """Z29: the key counts once when the provider repeats a request."""
        call, [gather, _redirect] = self.call_in()
        press = {"CallSid": call.provider_call_id, "Digits": "2"}
        first = self.ask(gather.get("action"), press)
        again = self.ask(gather.get("action"), press)
        self.assertEqual(first[0][0].text, again[0][0].text)
        self.assertEqual(call.timeline.count("key 2"), 1)

    def test_forwarded_call_that_was_answered(self):
        """Z29: a forwarded call that was answered is not missed."""
        call, [gather, _redirect] = self.call_in()
        [dial] = self.ask(
            gather.get("action"),
            {
                "CallSid": call.provider_call_id,
                "Digits": "2",
            },
        )
        [hang_up] = self.ask(
            dial.get("action"),
            {
                "CallSid": call.provider_call_id,
                "DialCallStatus": "completed",
            },
        )
        self.assertEqual(hang_up.tag, "Hangup")
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="30")
        self.assertEqual((call.state, call.outcome), ("ended", "answered"))

    def test_forwarded_call_that_was_not_answered(self):
        """Z29: the caller of an unanswered forwarded call may leave a message."""
        call, [gather, _redirect] = self.call_in()
        [dial] = self.ask(
            gather.get("action"),
            {
                "CallSid": call.provider_call_id,
                "Digits": "2",
            },
        )
        verbs = self.ask(
            dial.get("action"),
            {
                "CallSid": call.provider_call_id,
                "DialCallStatus": "no-answer",
            },
        )
        self.assertEqual(self.names(verbs), ["Say", "Record", "Hangup"])

    def test_blocked_caller_is_refused_unanswered(self):
        """Z29: a blocked call is logged, but costs nothing."""
        self.env["telephony.blocked.number"].create(
            {
                "number": "0470 12 34 56",
                "company_id": self.company_a.id,
            }
        )
        call, [reject] = self.call_in()
        self.assertEqual(reject.tag, "Reject")
        self.tell_leg(call, call.provider_call_id, "busy")
        self.assertEqual((call.state, call.outcome), ("ended", "blocked"))

    def test_reject_step(self):
        """Z03: a step can reject callers without charge."""
        self.menu.write({"kind": "reject"})
        _call, [reject] = self.call_in()
        self.assertEqual(reject.tag, "Reject")

    def test_salesperson_first(self):
        """Z29: the salesperson of the caller's opportunity is rung before the others."""
        self.ring.write({"sequence": -1, "owner_first": True})
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in()
        self.assertEqual(call.offer_ids.agent_id, self.agent_ana)


@tagged("post_install", "-at_install")
class TestFlowTemplates(TelephonyCase):
    def make_flow(self):
        return self.as_user(self.max, "telephony.flow").create({"name": "New"})

    def test_ready_made_flows_have_no_problem(self):
        """Z29: each ready-made flow works without changes."""
        for name in ("ring", "hours", "menu"):
            with self.subTest(template=name):
                flow = self.make_flow()
                getattr(flow, f"action_template_{name}")()
                self.assertTrue(flow.step_ids)
                self.assertEqual(flow._get_problems(), [])

    def test_templates_do_not_mix(self):
        """Z29: a template does not change a flow that has steps."""
        flow = self.make_flow()
        flow.action_template_ring()
        with self.assertRaisesRegex(UserError, "already has steps"):
            flow.action_template_menu()

    def test_nobody_to_ring(self):
        """Z29: without agents no template can be used, and the page explains it."""
        self.env["telephony.agent"].search([]).active = False
        with self.assertRaisesRegex(UserError, "Add a phone user first"):
            self.make_flow().action_template_ring()
