"""The recording that a step of a call flow sets for the conversations that begin in it."""

from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..callback.test_queue_callback import NUMBER, QueueCallbackStories
from ..common import leg_sid
from ..transfer.test_transfer import TransferStories
from .test_recording import RecordingCase

MODES = (False, "off", "agent", "always")


def add_ring_step(flow, agents, **values):
    """Return a further step of a flow, which rings phone users."""
    return flow.env["telephony.flow.step"].create(
        {
            "flow_id": flow.id,
            "sequence": 9,
            "name": "Second",
            "kind": "ring",
            "agent_ids": [Command.set(agents.ids)],
            **values,
        }
    )


@tagged("post_install", "-at_install")
class TestRecordingByStep(RecordingCase):
    def test_matrix_of_step_and_number(self):
        """Z29: the step's mode counts, else the number's, else the company's."""
        self.go_online(self.agent_ana, self.agent_bob)
        index = 100
        for company in ("off", "always"):
            for number in MODES:
                for step in MODES:
                    self.company_a.telephony_recording_mode = company
                    self.number.recording_mode = number
                    self.ring.recording_mode = step
                    index += 1
                    call, _verbs = self.call_in(sid=leg_sid(index))
                    with self.subTest(company=company, number=number, step=step):
                        self.assertEqual(call._get_recording_mode(), step or number or company)
                    self.tell_leg(call, call.provider_call_id, "completed", CallDuration="1")

    def test_recorded_step_of_an_unrecorded_number(self):
        """Z29: the conversation is announced, recorded, and its recording cannot be stopped."""
        self.number.recording_mode = "off"
        self.ring.recording_mode = "always"
        self.company_a.telephony_announce_incoming = True
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        self.as_user(self.ana).accept(call.uuid)
        self.connect_browser(call, self.agent_ana)
        say, dial = self.ask("join", {"CallSid": call.provider_call_id}, {"call": call.uuid})
        self.assertEqual((say.text, dial.tag), ("This call is recorded.", "Dial"))
        self.run_after_commit()
        self.assertEqual(call.recording_ids.state, "recording")
        self.assertEqual(call._get_recording_data()["mode"], "always")
        with self.assertRaisesRegex(UserError, "must be recorded"):
            self.as_user(self.ana).set_recording(call.uuid, "stopped")
        self.assertIn("Recording: always, as set in “Sellers”.", call.timeline)

    def test_unrecorded_step_of_a_recorded_number(self):
        """Z29: neither announcement nor recording, and the phone user cannot start one."""
        self.number.recording_mode = "always"
        self.ring.recording_mode = "off"
        self.company_a.telephony_announce_incoming = True
        call = self.talk()
        self.assertFalse(call.recording_ids)
        self.assertFalse(call.recording_announced_at)
        with self.assertRaisesRegex(UserError, "disabled for this call"):
            self.as_user(self.ana).set_recording(call.uuid, "recording")

    def test_step_lets_the_phone_user_decide(self):
        self.number.recording_mode = "always"
        self.ring.recording_mode = "agent"
        call = self.talk()
        self.assertFalse(call.recording_ids)
        self.wish(call, "recording")
        self.assertEqual(call.recording_ids.state, "recording")
        self.wish(call, "stopped")
        self.assertEqual(call.recording_ids.state, "pending")

    def test_step_records_nothing_that_is_forbidden(self):
        """Z29: contacts that must not be recorded, a full disk and a lost account rank above."""
        self.ring.recording_mode = "always"
        self.company_a.telephony_announce_incoming = True
        tag = self.env.ref("crm_telephony.partner_category_do_not_record")
        self.partner.category_id = tag
        call = self.talk()
        self.assertFalse(call.recording_ids)
        self.assertFalse(call.recording_announced_at)
        self.assertIn("must not be recorded", call.timeline)
        self.hang_up(call)
        self.partner.category_id = False
        call, _verbs = self.call_in(sid=leg_sid(77))
        with patch("os.access", return_value=False):
            self.talk(call, sid=leg_sid(78))
        self.assertFalse(call.recording_ids)
        self.assertIn("no disk space left", call.timeline)

    def test_change_of_the_step_leaves_callers_alone(self):
        """A caller who is in the step already was routed with its former setting."""
        self.ring.recording_mode = "always"
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        self.ring.recording_mode = "off"
        self.assertEqual(call._get_recording_mode(), "always")

    def test_only_steps_with_a_conversation_set_it(self):
        """A step that was turned into another kind does not keep recording."""
        self.ring.write({"kind": "message", "message": "Hello.", "recording_mode": "always"})
        call, _verbs = self.call_in()
        self.assertFalse(call.recording_mode)
        self.assertNotIn("Recording:", call.timeline)

    def test_second_conversation_follows_its_own_step(self):
        """Z29: the agent is lost, the caller reaches another step, which records differently."""
        index = 500
        for first, second in (("always", "off"), ("off", "always"), ("always", "always")):
            with self.subTest(first=first, second=second):
                self.provider.answers["start_recording"] = f"RE{index + 1:032x}"
                self.ring.recording_mode = first
                self.ring.not_available_step_id = add_ring_step(
                    self.flow, self.agent_bob, recording_mode=second
                )
                index += 10
                self.go_online(self.agent_ana, self.agent_bob)
                call, _verbs = self.call_in(sid=leg_sid(index))
                self.wait(call)
                self.talk(call, sid=leg_sid(index + 1))
                self.assertEqual(len(call.recording_ids), first == "always")
                self.lose_agent(call)
                self.provider.answers["start_recording"] = f"RE{index + 2:032x}"
                self.talk(call, self.agent_bob, self.bob, sid=leg_sid(index + 2))
                self.assertEqual(call._get_recording_mode(), second)
                count = (first == "always") + (second == "always")
                self.assertEqual(len(call.recording_ids), count)
                self.as_user(self.bob).hang_up(call.uuid)
                self.run_after_commit()
                self.tell_leg(call, call.provider_call_id, "completed", CallDuration="9")

    def lose_agent(self, call):
        """Lose the agent's leg until the caller leaves by the exit of the flow."""
        leg = call._get_agent_legs().filtered(lambda leg: leg._is_alive())
        self.tell_leg(call, leg.provider_leg_id, "completed", leg=leg)
        self.run_after_commit()
        self.let_time_pass(60)
        self.step(call)
        self.run_after_commit()
        self.go_online(self.agent_bob)
        self.wait(call)

    def test_simulation_says_it(self):
        """Z29: *Test This Flow* says which conversations are recorded."""
        sentence = "Recording: off, as set in “Sellers”."
        self.go_online(self.agent_ana)
        moment = fields.Datetime.now()
        self.assertNotIn(sentence, self.simulate_call(self.flow, NUMBER, moment))
        self.ring.recording_mode = "off"
        self.assertIn(sentence, self.simulate_call(self.flow, NUMBER, moment))

    def test_drawing_shows_it(self):
        """The drawing has a mark with a text, and an undo restores the setting."""
        flows = self.as_user(self.max, "telephony.flow")

        def shown():
            [step] = [
                row for row in flows.editor(self.flow.id)["steps"] if row["id"] == self.ring.id
            ]
            return step

        self.assertEqual(shown()["marks"], [])
        for mode, icon in (("off", "fa-microphone-slash"), ("always", "fa-circle")):
            self.ring.recording_mode = mode
            [mark] = shown()["marks"]
            self.assertEqual(mark["icon"], icon)
        before = {str(self.ring.id): {"recording_mode": "always"}}
        after = {str(self.ring.id): {"recording_mode": False}}
        flows.restore_steps(self.flow.id, {"before": before, "after": after})
        self.assertFalse(self.ring.recording_mode)


@tagged("post_install", "-at_install")
class TestRecordingByStepTransfer(TransferStories):
    def test_transfer_keeps_it(self):
        """Z29: a colleague and a queue to whom the call is handed over change nothing."""
        self.number.recording_mode = "off"
        self.ring.recording_mode = "always"
        queue = self.env["telephony.queue"].create(
            {
                "name": "Support",
                "company_id": self.company_a.id,
                "agent_ids": [Command.set(self.agent_bob.ids)],
            }
        )
        # A step of the flow leads to the queue, too, with a setting of its own.
        add_ring_step(
            self.flow, self.agent_bob, kind="queue", queue_id=queue.id, recording_mode="off"
        )
        call = self.begin()
        self.assertEqual(len(call.recording_ids), 1)
        self.transfer(call, target={"type": "queue", "id": queue.id})
        self.step(call)
        self.wait(call)
        self.arrive(call, self.bob, self.agent_bob)
        self.assertEqual((call.state, call.user_id), ("in_progress", self.bob))
        self.assertEqual(call._get_recording_mode(), "always")

    def test_outgoing_call_follows_its_number(self):
        self.ring.recording_mode = "always"
        self.number.recording_mode = "off"
        self.assertEqual(self.dial()._get_recording_mode(), "off")


@tagged("post_install", "-at_install")
class TestRecordingByStepQueueCallback(QueueCallbackStories):
    def test_queue_callback_keeps_it(self):
        """Z24 Z29: the call that keeps the place is recorded like the one that began it."""
        self.number.recording_mode = "off"
        self.ring.recording_mode = "always"
        self.occupy()
        queue_callback = self.request_queue_callback()
        self.assertEqual(queue_callback._get_recording_mode(), "always")
        self.ring.recording_mode = "off"
        self.assertEqual(queue_callback._get_recording_mode(), "always")
