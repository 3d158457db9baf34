"""Agents: status, reachability, preferences and the snapshot for the softphone."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import VoiceRequest

from ..common import CUSTOMER, TelephonyCase

PAGE = "page-00000001"


@tagged("post_install", "-at_install")
class TestAgent(TelephonyCase):
    def agents(self, user=None):
        return self.as_user(user or self.ana, "telephony.agent")

    def expire_leases(self, agent):
        agent.lease_ids.sudo().expires_at = fields.Datetime.now() - timedelta(seconds=1)
        self.env.flush_all()
        self.env.invalidate_all()

    # === STATUS === #

    def test_status(self):
        """Z02: online and offline are reported to every browser of the user."""
        self.assertEqual(self.agent_ana.status, "offline")
        data = self.agents().set_status("online")
        self.assertEqual(data["status"], "online")
        self.assertEqual(self.notified(self.ana, "agent_updated")[-1]["status"], "online")
        since = self.agent_ana.status_since
        told = len(self.notified(self.ana))
        self.agents().set_status("online")
        self.assertEqual((self.agent_ana.status_since, len(self.notified(self.ana))), (since, told))
        self.assertEqual(self.agents().set_status("offline")["status"], "offline")
        for wrong in ("busy", "", None, "Online"):
            with self.subTest(wrong), self.assertRaises(UserError):
                self.agents().set_status(wrong)

    def test_state(self):
        """Z02: the status alone does not make an agent reachable."""
        self.assertEqual(self.agent_ana.state, "offline")
        self.agents().set_status("online")
        self.assertEqual(self.agent_ana.state, "unreachable")
        self.agents().renew_lease(PAGE)
        self.env.invalidate_all()
        self.assertEqual(self.agent_ana.state, "available")
        call = self.dial()
        self.env.invalidate_all()
        self.assertEqual(self.agent_ana.state, "in_call")
        self.agents().set_status("offline")
        self.assertEqual(self.agent_ana.state, "in_call")
        self.as_user(self.ana).hang_up(call.uuid)
        self.env.invalidate_all()
        self.assertEqual(self.agent_ana.state, "offline")

    def test_ringing(self):
        self.go_online(self.agent_ana, self.agent_bob)
        self.env["telephony.call"].sudo()._process_incoming(
            self.account, VoiceRequest(leg_id="CA1", caller=CUSTOMER, called=self.number.number)
        )
        self.env.invalidate_all()
        self.assertEqual((self.agent_ana.state, self.agent_bob.state), ("ringing", "ringing"))
        self.assertEqual(self.notified(self.ana, "agent_updated")[-1]["state"], "ringing")
        self.let_time_pass(21)
        self.assertEqual(self.agent_ana.state, "available")

    # === LEASES === #

    def test_lease_ends_by_itself(self):
        """Z01: a page that sends no heartbeat is not rung any more."""
        self.agents().set_status("online")
        result = self.agents().renew_lease(PAGE)
        self.assertTrue(result["reachable"])
        self.assertEqual(result["status"], "online")
        self.assertSeconds(fields.Datetime.to_datetime(result["expires_at"]), 100, 5)
        self.expire_leases(self.agent_ana)
        self.assertEqual(self.agent_ana.state, "unreachable")

    def test_page_has_to_bring_back_what_the_bus_delivered(self):
        """Z01: requests prove that the page reaches us; the echoed word proves the way back."""
        self.agents().set_status("online")
        self.agents().renew_lease(PAGE)
        word = self.notified(self.ana, "lease")[-1]["word"]
        self.expire_leases(self.agent_ana)
        self.assertFalse(self.agents().renew_lease(PAGE)["reachable"])
        self.assertFalse(self.agents().renew_lease(PAGE, "wrong")["reachable"])
        self.assertFalse(self.agents().renew_lease(PAGE, word)["reachable"])
        word = self.notified(self.ana, "lease")[-1]["word"]
        self.assertTrue(self.agents().renew_lease(PAGE, word)["reachable"])
        self.assertEqual(self.notified(self.ana, "agent_updated")[-1]["state"], "available")

    def test_several_pages(self):
        """Z01: an agent with one open page stays reachable."""
        self.agents().set_status("online")
        self.agents().renew_lease(PAGE)
        self.agents().renew_lease("page-00000002")
        self.agents().release_lease(PAGE)
        self.env.invalidate_all()
        self.assertEqual(self.agent_ana.state, "available")
        # A user cannot close another user's page.
        self.agents(self.bob).release_lease("page-00000002")
        self.env.invalidate_all()
        self.assertEqual(self.agent_ana.state, "available")
        self.agents().release_lease("page-00000002")
        self.env.invalidate_all()
        self.assertEqual(self.agent_ana.state, "unreachable")
        self.agents().release_lease("page-00000002")

    def test_identifier_of_a_page(self):
        for wrong in ("", None, "short", "x" * 65):
            with self.subTest(wrong), self.assertRaises(UserError):
                self.agents().renew_lease(wrong)

    def test_old_leases_are_deleted(self):
        self.agents().renew_lease(PAGE)
        self.agent_ana.lease_ids.sudo().expires_at = fields.Datetime.now() - timedelta(hours=2)
        self.env["telephony.agent.lease"].sudo()._gc_expired()
        self.assertFalse(self.agent_ana.lease_ids)

    # === PREFERENCES === #

    def test_custom_phone(self):
        """Z06, Z07: a custom phone needs a number, which is read as a local one and checked."""
        with self.assertRaisesRegex(ValidationError, "Enter the phone number"):
            self.agents().save_preferences({"call_via": "phone", "phone_number": False})
        for wrong in ("12", "+123", "hello"):
            with self.subTest(wrong), self.assertRaisesRegex(ValidationError, "not a valid phone"):
                self.agents().save_preferences({"call_via": "phone", "phone_number": wrong})
        data = self.agents().save_preferences(
            {"call_via": "phone", "phone_number": "0470 99 88 77"}
        )
        self.assertEqual((data["call_via"], data["phone_number"]), ("phone", "+32470998877"))
        self.assertEqual(self.notified(self.ana, "agent_updated")[-1]["call_via"], "phone")

    def test_preferences_change_nothing_else(self):
        """Z04: only the user's own preferences change, whatever a client sends."""
        before = self.agent_ana.read()[0]
        self.agents().save_preferences(
            {
                "user_id": self.bob.id,
                "company_id": self.company_b.id,
                "status": "online",
                "identity": "u_1",
                "number_ids": [Command.clear()],
                "allow_caller_id": True,
                "active": False,
                "missed_offers": 9,
            }
        )
        self.env.invalidate_all()
        after = self.agent_ana.read()[0]
        for name in (
            "user_id",
            "company_id",
            "status",
            "identity",
            "number_ids",
            "active",
            "allow_caller_id",
            "missed_offers",
        ):
            self.assertEqual(after[name], before[name], name)

    def test_default_number(self):
        """Z04: the default number is one of those assigned by the administrator."""
        data = self.agents().save_preferences({"default_number_id": self.number.id})
        self.assertEqual(data["default_number_id"], self.number.id)
        for wrong in (self.number_b.id, 999999):
            with self.subTest(wrong), self.assertRaisesRegex(UserError, "not assigned to you"):
                self.agents().save_preferences({"default_number_id": wrong})

    # === SNAPSHOT === #

    def test_snapshot(self):
        """Z01: one answer contains everything the softphone shows."""
        call = self.dial()
        snapshot = self.agents().softphone_snapshot()
        self.assertEqual(snapshot["agent"]["state"], "in_call")
        self.assertTrue(snapshot["can_call"])
        self.assertFalse(snapshot["cannot_call_reason"])
        self.assertEqual(snapshot["country"], {"code": "BE", "phone_code": 32})
        [number] = snapshot["numbers"]
        self.assertEqual(
            (number["number"], number["number_display"]), ("+3225550180", "+32 2 555 01 80")
        )
        [data] = snapshot["calls"]
        self.assertEqual(data["uuid"], call.uuid)
        self.assertEqual(
            data["record"], {"model": "crm.lead", "id": self.lead.id, "name": "A big order"}
        )
        self.assertEqual(data["customer"]["number_display"], "+32 470 12 34 56")
        self.assertFalse(snapshot["offers"] or snapshot["recent"])
        self.as_user(self.ana).hang_up(call.uuid)
        snapshot = self.agents().softphone_snapshot()
        self.assertFalse(snapshot["calls"])
        self.assertEqual([data["uuid"] for data in snapshot["recent"]], [call.uuid])

    def test_snapshot_hides_records_that_may_not_be_read(self):
        """Z17: name and number of the customer are shown, records only to permitted users."""
        call = self.dial()
        call.user_id = self.cleo
        [data] = self.agents(self.cleo).softphone_snapshot()["calls"]
        self.assertEqual(data["customer"]["name"], "Zoe Peeters")
        self.assertNotEqual(data["record"] and data["record"]["model"], "crm.lead")

    def test_snapshot_of_several_companies(self):
        """Z01: one agent per company; the user's own call is visible from each."""
        self.ana.company_ids += self.company_b
        agent_b = self.env["telephony.agent"].create(
            {
                "user_id": self.ana.id,
                "company_id": self.company_b.id,
                "number_ids": [Command.set(self.number_b.ids)],
            }
        )
        call = self.dial()

        def snapshot(companies):
            return self.env(
                user=self.ana.id, su=False, context={"allowed_company_ids": companies.ids}
            )["telephony.agent"].softphone_snapshot()

        in_b = snapshot(self.company_b)
        self.assertEqual(in_b["agent"]["id"], agent_b.id)
        self.assertEqual([number["id"] for number in in_b["numbers"]], self.number_b.ids)
        self.assertEqual(in_b["country"]["code"], "FR")
        self.assertEqual(in_b["agent"]["state"], "in_call")
        both = snapshot(self.company_b | self.company_a)
        self.assertEqual([data["uuid"] for data in both["calls"]], [call.uuid])

    def test_new_phone_user_needs_no_preparation(self):
        """Z01: a user with the right gets an agent with the first snapshot."""
        snapshot = self.agents(self.sue).softphone_snapshot()
        self.assertEqual(snapshot["agent"]["status"], "offline")
        self.assertFalse(snapshot["can_call"])
        agent = self.env["telephony.agent"].search([("user_id", "=", self.sue.id)])
        self.assertEqual(len(agent), 1)
        self.assertRegex(agent.sudo().identity, r"^u_[0-9a-f]{32}$")
        self.agents(self.sue).softphone_snapshot()
        self.assertEqual(
            self.env["telephony.agent"].search_count([("user_id", "=", self.sue.id)]), 1
        )

    def test_texts_are_in_the_users_language(self):
        """Z01: texts are in the reader's own language, not in that of the acting user."""
        self.env["res.lang"]._activate_lang("fr_FR")
        self.bob.lang = "fr_FR"
        call = self.dial(self.bob)
        update = self.notified(self.bob, "call_updated")[-1]
        self.assertEqual(update["uuid"], call.uuid)

    # === FORMER AGENTS === #

    def test_deactivated_user_is_offline(self):
        """Z02: a deactivated user is offline and is not rung."""
        self.go_online(self.agent_bob)
        self.bob.active = False
        self.env.invalidate_all()
        self.assertEqual(self.agent_bob.status, "offline")
        self.assertNotIn(self.agent_bob, (self.agent_ana | self.agent_bob)._get_available())

    def test_archived_phone_user_is_offline(self):
        self.go_online(self.agent_bob)
        self.agent_bob.active = False
        self.assertEqual(self.agent_bob.status, "offline")
        self.agent_bob.active = True
        self.assertEqual(self.agent_bob.status, "offline")

    def test_two_calls_in_a_row_without_an_answer(self):
        """Z02: two unanswered calls in a row set an absent agent offline, with a notice."""
        self.go_online(self.agent_ana)
        for turn in (1, 2):
            self.env["telephony.call"].sudo()._process_incoming(
                self.account,
                VoiceRequest(leg_id=f"CA{turn}", caller=CUSTOMER, called=self.number.number),
            )
            call = self.env["telephony.call"].search([("provider_call_id", "=", f"CA{turn}")])
            self.let_time_pass(21)
            call._process_wait(VoiceRequest())
            call._apply_event(
                self.account._parse_leg_event({"CallSid": f"CA{turn}", "CallStatus": "completed"})
            )
        self.assertEqual(self.agent_ana.status, "offline")
        self.assertTrue(self.notified(self.ana, "set_offline"))

    def test_longest_idle_first(self):
        """Z29: the agent who has been idle longest is rung first."""
        self.go_online(self.agent_ana, self.agent_bob)
        self.agent_ana.status_since = "2026-01-02 00:00:00"
        self.agent_bob.status_since = "2026-01-01 00:00:00"
        both = self.agent_ana | self.agent_bob
        self.assertEqual(list(both._get_available()), [self.agent_bob, self.agent_ana])

    def test_administrator_changes_a_phone_user_pages_are_told(self):
        """The revision belongs to the addon; the administrator is the author of the change."""
        agent = self.as_user(self.max, "telephony.agent").browse(self.agent_ana.id)
        before = self.agent_ana.revision
        agent.write({"call_via": "phone", "phone_number": "+32475111222"})
        self.assertGreater(self.agent_ana.revision, before)
        agent.active = False
        self.assertEqual(self.agent_ana.status, "offline")
