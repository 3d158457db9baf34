"""Admission: who may be let into the conference of a call is said by its phase alone."""

from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import VoiceRequest
from odoo.addons.crm_telephony.providers.voice_response import Conference
from odoo.addons.crm_telephony.tools.call_phases import PHASES, ROLES

from ..common import CUSTOMER, TelephonyCase, leg_sid

BROWSER_LEG = leg_sid(90)
TRANSFERS = {
    "blind": ("blind", "ringing"),
    "returning": ("blind", "returning"),
    "consultation": ("warm", "talking"),
    "conference": ("conference", "conference"),
}


@tagged("post_install", "-at_install")
class TestAdmission(TelephonyCase):
    """House 4.2: each phase × each role of a browser that asks to be let in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent_sue = cls.env["telephony.agent"].create(
            {"user_id": cls.sue.id, "company_id": cls.company_a.id}
        )
        cls.queue = cls.env["telephony.queue"].create(
            {"name": "Line", "company_id": cls.company_a.id}
        )
        cls.askers = {
            "agent": cls.agent_ana,
            "offered": cls.agent_bob,
            "consulted": cls.agent_cleo,
            "supervisor": cls.agent_sue,
        }

    def make(self, phase, role):
        """Return a call in a phase to which an agent asks to be let in with a role.

        :param Phase phase: phase of the call
        :param str role: one of `ROLES`
        :return: the call; None when a call in this phase has no such party
        """
        facts = phase.when
        now = fields.Datetime.now()
        is_consulted = role == "consulted" and not facts.get("transfer")
        transfer = "consultation" if is_consulted else facts.get("transfer")
        is_queue_callback = bool(facts.get("is_queue_callback"))
        call = (
            self.env["telephony.call"]
            .sudo()
            .create(
                {
                    "account_id": self.account.id,
                    "number_id": self.number.id,
                    "customer_number": CUSTOMER,
                    "direction": "outgoing"
                    if is_queue_callback
                    else facts.get("direction", "incoming"),
                    "state": phase.states[0],
                    "user_id": self.ana.id if role == "agent" or facts.get("is_claimed") else False,
                    "deadline_at": now + timedelta(seconds=15),
                    "queue_id": self.queue.id,
                    "queued_at": now,
                    "step_id": self.ring.id if facts.get("step") else False,
                    "answered_at": now if phase.states == ("in_progress",) else False,
                    "held_at": now if facts.get("is_held") else False,
                    "queue_callback_id": self.make_queue_callback().id
                    if is_queue_callback
                    else False,
                    "leg_ids": [
                        Command.create(self.get_leg("customer", CUSTOMER))
                        for _customer in range(not is_queue_callback)
                    ],
                }
            )
        )
        if facts.get("is_connected"):
            call.leg_ids = [Command.create(self.get_leg("agent", self.ana.id, sid=leg_sid(80)))]
        if transfer:
            mode, state = TRANSFERS[transfer]
            call.transfer_ids = [
                Command.create(
                    {
                        "user_id": self.ana.id,
                        "mode": mode,
                        "kind": "agent",
                        "agent_id": self.agent_cleo.id,
                        "state": state,
                        "started_at": now,
                    }
                )
            ]
        if role == "offered":
            call.offer_ids = [
                Command.create(
                    {
                        "agent_id": self.agent_bob.id,
                        "expires_at": now + timedelta(seconds=20),
                        "transfer_id": call.transfer_ids.id,
                    }
                )
            ]
        if role == "supervisor":
            leg = self.get_leg("supervisor", self.sue.id, status="new")
            call.leg_ids = [Command.create({**leg, "monitor_mode": "listen"})]
        self.env.flush_all()
        is_possible = (
            call._get_phase() == phase and call._get_role_of(self.askers[role].sudo()) == role
        )
        return call if is_possible else None

    def make_queue_callback(self):
        """Return the queue callback of a caller who hung up."""
        origin = self.dial(self.bob)
        origin.state = "ended"
        return self.env["telephony.queue.callback"].create(
            {"origin_id": origin.id, "state": "open", "expires_at": fields.Datetime.now()}
        )

    def get_leg(self, role, party, sid=False, status="in_progress"):
        return {
            "account_id": self.account.id,
            "role": role,
            "label": f"{role}-1",
            "user_id": party if isinstance(party, int) else False,
            "provider_leg_id": sid or (leg_sid(81) if role == "customer" else False),
            "status": status,
            "initiated_at": fields.Datetime.now(),
        }

    def connect(self, call, agent):
        """Return whether the browser of an agent is admitted to the conference."""
        # A supervisor's response has a verb for the end of the conference, too.
        verb, *_next = (
            self.env["telephony.call"]
            .sudo()
            ._process_browser(
                self.account,
                VoiceRequest(
                    leg_id=BROWSER_LEG, call_uuid=call.uuid, identity=agent.sudo().identity
                ),
            )
        )
        return isinstance(verb, Conference)

    def test_each_role_in_each_phase_is_admitted_as_the_table_says(self):
        """A browser gets into the conference in exactly the phases that admit its role."""
        self.go_online(*self.askers.values())
        tried = set()
        for phase in PHASES:
            for role in ROLES:
                with (
                    self.subTest(phase=phase.name, role=role),
                    self.env.cr.savepoint() as savepoint,
                ):
                    call = self.make(phase, role)
                    if call:
                        tried.add((phase.name, role))
                        is_admitted = self.connect(call, self.askers[role])
                        self.assertEqual(is_admitted, role in phase.admits)
                        self.assertEqual(is_admitted, bool(self.find_browser_leg()))
                    self.env.flush_all()
                    savepoint.rollback()
                self.env.invalidate_all()
        admitted = {(phase.name, role) for phase in PHASES for role in phase.admits}
        self.assertLessEqual(admitted, tried)
        # Every phase was attacked by a browser with an offer and by that of a supervisor.
        self.assertLessEqual({(phase.name, "offered") for phase in PHASES}, tried)
        self.assertLessEqual({(phase.name, "supervisor") for phase in PHASES}, tried)

    def test_agent_without_a_part_in_any_phase_is_refused(self):
        """A colleague with the right to telephone and nothing else stays outside."""
        for phase in PHASES:
            with self.subTest(phase=phase.name), self.env.cr.savepoint() as savepoint:
                call = self.make(phase, "supervisor")
                self.assertFalse(self.connect(call, self.agent_bob))
                self.env.flush_all()
                savepoint.rollback()
            self.env.invalidate_all()

    def find_browser_leg(self):
        return self.env["telephony.call.leg"].search([("provider_leg_id", "=", BROWSER_LEG)])
