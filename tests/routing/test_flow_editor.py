"""The drawing of a flow: each change that it makes, and what happens to callers meanwhile."""

from functools import partial

from psycopg2.errors import ForeignKeyViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..common import TelephonyCase, TelephonyHttpCase

KINDS = {
    "hours",
    "menu",
    "condition",
    "ring",
    "queue",
    "flow",
    "forward",
    "voicemail",
    "message",
    "reject",
}


class EditorWorld:
    def setUp(self):
        super().setUp()
        self.editor = self.as_user(self.max, "telephony.flow")
        self.flow = self.editor.create({"name": "Drawn"})

    def add(self, kind, step=None, exit_name="start"):
        """Return a new step of a kind behind an exit."""
        answer = self.editor.add_step(self.flow.id, kind, step and step.id, exit_name)
        return self.flow.step_ids.browse(answer["step_id"])

    def undo(self, before, answer):
        """Return the answer to the undoing of a change, as the page requests it."""
        rows = {step["id"]: step["values"] for step in before["steps"]}
        now = {step["id"]: step["values"] for step in answer["flow"]["steps"]}
        gone = {"active": False}
        values = {"before": {}, "after": {}}
        for step_id in answer["touched"]:
            old, new = rows.get(step_id, gone), now.get(step_id, gone)
            for name in gone if gone in (old, new) else new:
                if old[name] != new[name]:
                    values["before"].setdefault(str(step_id), {})[name] = new[name]
                    values["after"].setdefault(str(step_id), {})[name] = old[name]
        return self.editor.restore_steps(self.flow.id, values)

    def shape(self):
        """Return the drawing: name of each step -> label of an exit -> name of a step."""
        steps = self.editor.editor(self.flow.id)["steps"]
        names = {step["id"]: step["name"] for step in steps}
        return {
            step["name"]: {exit_["label"]: names.get(exit_["target"]) for exit_ in step["exits"]}
            for step in steps
        }


@tagged("post_install", "-at_install")
class TestFlowEditor(EditorWorld, TelephonyCase):
    def test_a_flow_is_built_from_its_first_step_down(self):
        """Issue 17: hours, menu with two keys, team, queue and voicemail, each behind an exit."""
        self.env["telephony.queue"].create(
            {
                "name": "Line",
                "company_id": self.company_a.id,
                "agent_ids": [Command.set(self.agent_ana.ids)],
            }
        )
        hours = self.add("hours")
        menu = self.add("menu", hours, "yes")
        mailbox = self.add("voicemail", hours, "no")
        ring = self.add("ring", menu, "key")
        queue = self.add("queue", menu, "key")
        for step, name in ((ring, "no_answer"), (queue, "full"), (menu, "no_answer")):
            self.editor.connect_step(self.flow.id, step.id, name, mailbox.id)
        self.assertEqual(self.flow._get_first_step(), hours)
        self.assertEqual(
            self.shape(),
            {
                "Business Hours": {"Open": "Menu", "Closed": "Voicemail"},
                "Menu": {
                    "1 · Ring Phone Users": "Ring Phone Users",
                    "2 · Queue": "Queue",
                    "No key pressed": "Voicemail",
                },
                "Ring Phone Users": {"Not answered": "Voicemail", "No one available": None},
                "Queue": {
                    "Not answered": None,
                    "Queue full": "Voicemail",
                    "No one available": None,
                },
                "Voicemail": {},
            },
        )

    def test_each_kind_can_be_added_or_asks_for_its_settings(self):
        """Issue 17: a kind asks for a setting that only a person can choose, and stores nothing."""
        known = {kind["kind"] for kind in self.editor.editor(self.flow.id)["kinds"]}
        self.assertEqual(known, KINDS)
        asked = set()
        for kind in sorted(KINDS):
            count = len(self.flow.step_ids)
            answer = self.editor.add_step(self.flow.id, kind)
            if "defaults" in answer:
                asked.add(kind)
                self.assertEqual(answer["defaults"]["default_kind"], kind)
                self.assertEqual(len(self.flow.step_ids), count)
            else:
                self.assertEqual(len(self.flow.step_ids), count + 1)
        self.assertEqual(asked, {"flow", "forward", "queue"})

    def test_a_step_is_inserted_between_two(self):
        """Issue 17: what was behind the exit is behind the new step."""
        hours = self.add("hours")
        self.add("voicemail", hours, "yes")
        self.add("ring", hours, "yes")
        shape = self.shape()
        self.assertEqual(shape["Business Hours"]["Open"], "Ring Phone Users")
        self.assertEqual(shape["Ring Phone Users"]["Not answered"], "Voicemail")
        self.add("message")
        self.add("condition")
        self.assertEqual(self.flow._get_first_step().kind, "condition")
        self.assertEqual(self.shape()["Caller Condition"]["If met"], "Play Message and Hang Up")

    def test_keys_are_given_out_in_order(self):
        """Issue 17: a new key is the next free one, in the drawing and in the form."""
        menu = self.add("menu")
        for _count in range(12):
            self.add("message", menu, "key")
        self.assertEqual(sorted(menu.key_ids.mapped("key")), sorted("1234567890*#"))
        with self.assertRaisesRegex(UserError, "All keys of “Menu” are used"):
            self.add("message", menu, "key")
        other = self.add("menu")
        with Form(other.with_user(self.max)) as form:
            for label in ("Sales", "Support"):
                with form.key_ids.new() as line:
                    line.label = label
        self.assertEqual(other.key_ids.mapped("key"), ["1", "2"])

    def test_names_are_unique(self):
        """Issue 17: two steps of a kind can be told apart."""
        names = [self.add("message").name for _count in range(3)]
        title = "Play Message and Hang Up"
        self.assertEqual(names, [title, f"{title} 2", f"{title} 3"])

    def test_a_copy_has_the_settings_keys_and_targets(self):
        """Issue 17: a copied step leads where the original leads."""
        menu = self.add("menu")
        self.add("message", menu, "key")
        menu.message = "Press one."
        answer = self.editor.copy_step(self.flow.id, menu.id)
        twin = menu.browse(answer["step_id"])
        self.assertEqual(twin.message, "Press one.")
        self.assertEqual(twin.key_ids.target_step_id, menu.key_ids.target_step_id)
        self.assertEqual(self.flow._get_first_step(), menu)

    def test_a_removed_step_is_bridged_and_the_removal_undone(self):
        """Issue 17: exits follow the removed step's own exit; undo brings everything back."""
        hours = self.add("hours")
        ring = self.add("ring", hours, "yes")
        mailbox = self.add("voicemail", ring, "no_answer")
        before, shape = self.editor.editor(self.flow.id), self.shape()
        answer = self.editor.remove_step(self.flow.id, ring.id, mailbox.id)
        self.assertEqual(self.shape()["Business Hours"]["Open"], "Voicemail")
        self.assertNotIn(ring, self.flow.step_ids)
        self.undo(before, answer)
        self.assertEqual(self.shape(), shape)

    def test_a_removed_first_step_is_followed_by_its_target(self):
        """Issue 17: a call begins at the step behind the removed one."""
        hours = self.add("hours")
        ring = self.add("ring", hours, "no")
        self.add("message", hours, "yes")
        self.editor.remove_step(self.flow.id, hours.id, ring.id)
        self.assertEqual(self.flow._get_first_step(), ring)

    def test_every_change_can_be_undone_and_repeated(self):
        """Issue 17: adding, connecting, a new key and a copy."""
        hours = self.add("hours")
        menu = self.add("menu", hours, "yes")
        changes = (
            lambda: self.editor.add_step(self.flow.id, "message", hours.id, "no"),
            lambda: self.editor.add_step(self.flow.id, "reject", menu.id, "key"),
            lambda: self.editor.connect_step(self.flow.id, hours.id, "no", menu.id),
            lambda: self.editor.connect_step(self.flow.id, hours.id, "yes", False),
            lambda: self.editor.connect_step(self.flow.id, False, "start", menu.id),
            lambda: self.editor.copy_step(self.flow.id, menu.id),
        )
        for change in changes:
            before, shape = self.editor.editor(self.flow.id), self.shape()
            answer = change()
            changed, first = self.shape(), self.flow._get_first_step()
            self.assertTrue(changed != shape or first != hours)
            undone = self.undo(before, answer)
            self.assertEqual(self.shape(), shape)
            self.undo(answer["flow"], undone)
            self.assertEqual(self.shape(), changed)
            self.assertEqual(self.flow._get_first_step(), first)

    def test_an_undo_does_not_overwrite_the_change_of_another(self):
        """Issue 17: two administrators edit one flow: the later change is kept, and explained."""
        menu, hours = self.add("menu"), self.add("hours")
        before = self.editor.editor(self.flow.id)
        answer = self.editor.connect_step(self.flow.id, menu.id, "no_answer", hours.id)
        other = self.add("message")
        menu.no_answer_step_id = other
        with self.assertRaisesRegex(UserError, "“Menu” has been changed since"):
            self.undo(before, answer)
        self.assertEqual(menu.no_answer_step_id, other)

    def test_each_change_is_announced_once_to_the_administrators(self):
        """Issue 17: open drawings read the flow again, also after a change in a form."""
        menu = self.add("menu")
        for change in (
            lambda: self.add("message", menu, "key"),
            lambda: menu.write({"name": "Hello"}),
            menu.unlink,
        ):
            self.env.cr.precommit.data.pop("telephony_flows_drawn", None)
            self.notifications.clear()
            change()
            found = [
                (channel, message)
                for channel, kind, message in self.notifications
                if kind == "telephony/flow_changed"
            ]
            self.assertEqual(len(found), 1)
            [(channel, message)] = found
            self.assertEqual(channel, ("res.company", self.company_a.id))
            self.assertEqual(message["flow_id"], self.flow.id)

    def test_the_answer_to_a_change_says_which_message_it_needs_no_more(self):
        """Issue 17: the page that made a change need not read it again."""
        self.notifications.clear()
        menu = self.add("menu")
        [message] = [
            message
            for _channel, kind, message in self.notifications
            if kind == "telephony/flow_changed"
        ]
        self.assertEqual(self.editor.editor(self.flow.id)["stamp"], message["stamp"])
        menu.flush_recordset()
        earlier = message["stamp"].replace(message["stamp"][:4], "1999")
        self.env.cr.execute("UPDATE telephony_flow_step SET write_date = %s", [earlier])
        self.env.invalidate_all()
        self.assertEqual(self.editor.editor(self.flow.id)["stamp"], earlier)
        # A removed step is not drawn any more, but its removal is a change, too.
        answer = self.editor.remove_step(self.flow.id, menu.id)
        self.assertEqual(answer["flow"]["stamp"], message["stamp"])

    def test_a_step_of_another_flow_is_no_target(self):
        """Issue 17: steps are named by the flow that the user may change."""
        other = self.editor.create({"name": "Other"})
        step = self.flow.step_ids.create(
            {"flow_id": other.id, "name": "There", "kind": "message", "message": "x"}
        )
        mine = self.add("menu")
        for change in (
            lambda: self.editor.connect_step(self.flow.id, mine.id, "no_answer", step.id),
            lambda: self.editor.connect_step(self.flow.id, step.id, "no_answer", mine.id),
            lambda: self.editor.copy_step(self.flow.id, step.id),
            lambda: self.editor.remove_step(self.flow.id, step.id),
            lambda: self.editor.restore_steps(
                self.flow.id, {"before": {}, "after": {str(step.id): {"name": "Mine"}}}
            ),
        ):
            with self.assertRaises(UserError):
                change()
        self.assertEqual(step.name, "There")

    def test_only_administrators_of_the_company_draw(self):
        """Issue 17: phone users may look at a flow; others, and other companies, may not."""
        menu = self.add("menu")
        reader = self.as_user(self.ana, "telephony.flow")
        self.assertFalse(reader.editor(self.flow.id)["can_edit"])
        strangers = self.as_user(self.eva, "telephony.flow")
        with self.assertRaises(AccessError):
            strangers.editor(self.flow.id)
        for flows in (reader, strangers):
            for change in (
                lambda flows=flows: flows.add_step(self.flow.id, "menu"),
                lambda flows=flows: flows.connect_step(self.flow.id, menu.id, "no_answer", False),
                lambda flows=flows: flows.copy_step(self.flow.id, menu.id),
                lambda flows=flows: flows.live_steps(self.flow.id),
                lambda flows=flows: flows.remove_step(self.flow.id, menu.id),
                lambda flows=flows: flows.restore_steps(self.flow.id, {"before": {}, "after": {}}),
            ):
                with self.assertRaises(AccessError):
                    change()

    def test_senseless_requests_are_refused_in_words(self):
        """Issue 17: whatever a page sends is refused with a sentence."""
        menu = self.add("menu")
        for values in (
            {},
            {"before": [], "after": {}},
            {"before": {}, "after": {"x": {}}},
            {"before": {}, "after": {str(menu.id): {"keys": [1]}}},
            {"before": {}, "after": {str(menu.id): {"agent_ids": 5}}},
            {"before": {}, "after": {"999999999": {}}},
        ):
            with self.subTest(values), self.assertRaises(UserError), self.env.cr.savepoint():
                self.editor.restore_steps(self.flow.id, values)
        for exit_name in ("full", "write", "key:1", "kind"):
            with self.subTest(exit_name), self.assertRaises(UserError):
                self.editor.connect_step(self.flow.id, menu.id, exit_name, False)

    def test_the_form_of_a_step_is_the_one_that_addons_extend(self):
        """Issue 17: the panel shows the step form inside the form of the flow."""
        view = self.env["ir.ui.view"].create(
            {
                "name": "extension",
                "model": "telephony.flow",
                "inherit_id": self.env.ref("crm_telephony.telephony_flow_view_form").id,
                "arch": "<xpath expr=\"//field[@name='step_ids']/form//field[@name='message']/..\" "
                'position="before"><group name="extended"/></xpath>',
            }
        )
        self.assertTrue(view)
        arch = self.as_user(self.max, "telephony.flow.step").get_view(view_type="form")["arch"]
        self.assertTrue(arch.startswith("<form"))
        self.assertIn('name="extended"', arch)
        self.assertIn('name="forward_number"', arch)


@tagged("post_install", "-at_install")
class TestRemovedStep(TelephonyHttpCase):
    def remove(self, step):
        editor = self.as_user(self.max, "telephony.flow")
        self.assertEqual(editor.live_steps(self.flow.id)["steps"][str(step.id)]["now"], 1)
        editor.remove_step(self.flow.id, step.id)
        self.env.flush_all()

    def test_a_caller_stays_in_a_removed_step(self):
        """Issue 17: a step is removed while it rings: the caller leaves by its exits, as before."""
        self.ring.no_answer_step_id = self.closed_step
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.remove(self.ring)
        self.let_time_pass(60)
        self.wait(call)
        verbs = self.step(call)
        # The flow begins with another step now, which the call does not enter.
        self.assertEqual(self.flow._get_first_step(), self.no_answer_step)
        self.assertEqual(verbs[0].text, "We are closed.")

    def test_a_removed_step_is_deleted_when_its_last_caller_has_left(self):
        """Issue 17: removed steps do not remain for ever, nor go while a caller is in them."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.remove(self.ring)
        self.env.cr.execute(
            "UPDATE telephony_flow_step SET write_date = write_date - interval '2 days'"
        )
        self.env.invalidate_all()
        self.ring._gc_removed()
        self.assertTrue(self.ring.exists())
        self.tell_leg(call, call.provider_call_id, "completed", sequence=9)
        self.ring._gc_removed()
        self.assertFalse(self.ring.exists())
        self.assertTrue(self.no_answer_step.exists())

    def test_a_removed_step_lets_go_of_what_it_names(self):
        """A queue, a calendar and a flow can be deleted although a removed step names them."""
        queue = self.env["telephony.queue"].create({"name": "Q", "company_id": self.company_a.id})
        calendar = self.env["resource.calendar"].create({"name": "Days"})
        flow = self.env["telephony.flow"].create({"name": "F", "company_id": self.company_a.id})
        for named, values in (
            (queue, {"kind": "queue", "queue_id": queue.id}),
            (calendar, {"kind": "hours", "calendar_id": calendar.id}),
            (flow, {"kind": "flow", "target_flow_id": flow.id}),
        ):
            with self.subTest(named._name):
                step = self.env["telephony.flow.step"].create(
                    {"flow_id": self.flow.id, "sequence": 9, "name": "Gone", **values}
                )
                self.assert_kept(named)
                self.as_user(self.max, "telephony.flow").remove_step(self.flow.id, step.id)
                self.env.flush_all()
                named.unlink()
                self.assertFalse(named.exists() or step.exists())

    def assert_kept(self, record):
        with (
            self.assertRaises(ForeignKeyViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            record.unlink()

    def test_a_removed_step_with_a_caller_keeps_its_queue(self):
        queue = self.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": self.company_a.id,
                "agent_ids": [Command.set(self.agent_ana.ids)],
            }
        )
        self.ring.write({"kind": "queue", "queue_id": queue.id})
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.remove(self.ring)
        self.assert_kept(queue)
        self.tell_leg(call, call.provider_call_id, "completed", sequence=9)
        queue.unlink()
        self.assertFalse(queue.exists())


@tagged("post_install", "-at_install")
class TestLiveSteps(TelephonyHttpCase):
    def count(self):
        """Return the figures of the drawing: name of a step -> now and today."""
        flows = self.as_user(self.max, "telephony.flow")
        steps = flows.live_steps(self.flow.id)["steps"]
        return {
            step.name: (steps[str(step.id)]["now"], steps[str(step.id)]["today"])
            for step in self.flow.step_ids
        }

    def test_each_step_counts_its_callers(self):
        """Issue 17: a step shows who is in it now, and how many calls passed it today."""
        self.assertEqual(self.count(), {"Sellers": (0, 0), "Later": (0, 0), "Closed": (0, 0)})
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.assertEqual(self.count()["Sellers"], (1, 1))
        self.let_time_pass(60)
        self.wait(call)
        self.notifications.clear()
        self.step(call)
        self.assertEqual(self.count(), {"Sellers": (0, 1), "Later": (1, 1), "Closed": (0, 0)})
        passed = [
            (target, message)
            for target, kind, message in self.notifications
            if kind == "telephony/flow_passed"
        ]
        company = ("res.company", self.company_a.id)
        self.assertEqual(passed, [(company, {"flow_id": self.flow.id})])
        self.tell_leg(call, call.provider_call_id, "completed", sequence=9)
        self.assertEqual(self.count(), {"Sellers": (0, 1), "Later": (0, 1), "Closed": (0, 0)})

    def test_callers_who_leave_are_announced_to_administrators(self):
        """Issue 17: the figures go down without the messages that only phone users receive."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        self.assertEqual(self.announced(lambda: self.as_user(self.ana).accept(call.uuid)), 1)
        self.assertEqual(self.count()["Sellers"], (0, 1))
        self.assertEqual(self.announced(call._release_claim), 1)
        self.assertEqual(self.count()["Sellers"], (1, 1))
        end = partial(self.tell_leg, call, call.provider_call_id, "completed", sequence=9)
        self.assertEqual(self.announced(end), 1)
        self.assertEqual(self.count()["Sellers"], (0, 1))

    def announced(self, act):
        """Return how many times administrators are asked to count the callers again."""
        self.env.cr.precommit.data.pop("telephony_flows_passed", None)
        self.notifications.clear()
        act()
        return [kind for _channel, kind, _message in self.notifications].count(
            "telephony/flow_passed"
        )

    def test_a_simulation_is_not_counted(self):
        """Issue 17: a test of the flow changes no figure."""
        self.simulate_call(self.flow, "+32470123456", None)
        self.assertEqual(self.count()["Sellers"], (0, 0))

    def test_a_call_of_yesterday_is_not_counted(self):
        """Issue 17: the figures are those of today."""
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        call.started_at = "2020-01-01 10:00:00"
        self.assertEqual(self.count()["Sellers"], (1, 0))


@tagged("post_install", "-at_install")
class TestTryFlow(TelephonyCase):
    def try_flow(self, **values):
        """Return the names of the steps that a simulated call enters, and its last sentence."""
        simulation = self.as_user(self.max, "telephony.flow.simulation")
        with self.shared_cursor():
            parts = simulation.try_flow(self.flow.id, values)
        names = {step.id: step.name for step in self.flow.step_ids}
        return [names[part["step_id"]] for part in parts[1:]], parts[-1]["sentences"][-1]

    def test_what_phone_users_do_decides(self):
        """Issue 17: nobody answers, everybody is offline, somebody is available: three ways."""
        waits = (["Sellers"], "The caller waits.")
        later = (["Sellers", "Later"], "The caller hears: Everybody is busy.")
        closed = (["Sellers", "Closed"], "The caller hears: We are closed.")
        self.assertEqual(self.try_flow(scene="answer"), waits)
        self.assertEqual(self.try_flow(scene="no_answer"), later)
        self.assertEqual(self.try_flow(scene="offline"), closed)
        # As they are: offline, then available.
        self.assertEqual(self.try_flow(scene="now"), closed)
        self.go_online(self.agent_ana, self.agent_bob)
        self.assertEqual(self.try_flow(), waits)
        self.assertEqual(self.try_flow(scene="offline"), closed)
        self.assertEqual(self.agent_ana.state, "available")

    def test_agents_who_ring_one_after_the_other_are_all_tried(self):
        """Issue 17: no one answers although several are rung in order."""
        self.ring.ring_strategy = "sequential"
        simulation = self.as_user(self.max, "telephony.flow.simulation")
        with self.shared_cursor():
            parts = simulation.try_flow(self.flow.id, {"scene": "no_answer"})
        silent = [text for text in parts[1]["sentences"] if "did not answer" in text]
        self.assertEqual(len(silent), 2)
        self.assertEqual(parts[2]["exit_name"], "no_answer")

    def test_full_and_endless_queues(self):
        """Issue 17: a queue is full, and a wait in it ends."""
        queue = self.env["telephony.queue"].create(
            {
                "name": "Line",
                "company_id": self.company_a.id,
                "agent_ids": [Command.set(self.agent_ana.ids)],
            }
        )
        self.ring.write(
            {"kind": "queue", "queue_id": queue.id, "full_step_id": self.closed_step.id}
        )
        self.assertEqual(self.try_flow(scene="full")[0], ["Sellers", "Closed"])
        self.assertEqual(self.try_flow(scene="no_answer")[0], ["Sellers", "Later"])
        self.assertEqual(self.try_flow(scene="answer")[1], "The caller waits.")
        self.assertFalse(queue._is_full())

    def test_flow_without_number_is_tried_although_the_account_has_fictional_ones(self):
        """A trial account may have a number of the range that the simulation calls."""
        self.flow.number_ids.flow_id = False
        for number in ("+12025550100", "+12025550101"):
            self.env["telephony.number"].create(
                {
                    "account_id": self.account.id,
                    "name": "Fiction",
                    "number": number,
                    "active": number.endswith("0"),
                }
            )
        self.assertEqual(self.try_flow(scene="answer"), (["Sellers"], "The caller waits."))

    def test_only_administrators_try(self):
        """Issue 17: phone users and other companies cannot simulate a flow."""
        for user in (self.ana, self.eva):
            with self.assertRaises(AccessError):
                self.as_user(user, "telephony.flow.simulation").try_flow(self.flow.id)

    def test_senseless_values_are_replaced_or_refused(self):
        """Issue 17: whatever a page sends, the test of the flow runs, or says why it does not."""
        for values in (
            {"moment": "x", "scene": "x"},
            {"moment": "9999-12-31 00:00:00", "caller": "nonsense", "keys": "9" * 500},
        ):
            with self.subTest(values):
                self.assertEqual(self.try_flow(**values)[0][0], "Sellers")
        for values in ({"keys": 5}, {"caller": ["x"]}, {"moment": {}}):
            with self.subTest(values):
                try:
                    self.assertEqual(self.try_flow(**values)[0][0], "Sellers")
                except UserError as error:
                    self.assertIn("not valid", str(error))
