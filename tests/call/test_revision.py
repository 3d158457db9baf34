"""Payloads of a call have a revision, and a page can request missed changes."""

from odoo import SUPERUSER_ID, api
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import CallEvent

from ..common import AGENT_LEG, CALLER_LEG, TelephonyHttpCase
from .test_race import RaceCase


@tagged("post_install", "-at_install")
class TestRevision(TelephonyHttpCase):
    def changes(self, user, **known):
        return self.as_user(user, "telephony.agent").softphone_changes(known)

    def test_every_payload_has_the_revision_of_its_content(self):
        """Finding: an old message overwrote a newer one. Each content has a revision of its own."""
        call = self.talk()
        for on_hold, sequence in ((True, 50), (False, 51)):
            self.tell_room(
                call, CALLER_LEG, "participant-hold" if on_hold else "participant-unhold", sequence
            )
        self.as_user(self.ana).transfer(
            call.uuid, {"type": "agent", "id": self.agent_bob.id}, "warm"
        )
        self.as_user(self.ana).cancel_transfer(call.uuid)
        self.tell_leg(call, CALLER_LEG, "completed")
        told = self.notified(self.ana, "call_updated")
        self.assertGreater(len(told), 5)
        revisions = [payload["revision"] for payload in told]
        self.assertEqual(revisions, sorted(revisions))
        contents = {}
        for payload in told:
            content = {key: payload[key] for key in payload if key != "duration"}
            self.assertEqual(contents.setdefault(payload["revision"], content), content)
        self.assertEqual(revisions[-1], call._get_revision())

    def test_revision_is_in_whatever_a_page_is_told(self):
        self.go_online(self.agent_ana, self.agent_bob)
        call, _verbs = self.call_in_and_wait()
        offer = self.notified(self.ana, "offer_made")[-1]
        self.assertEqual(offer["call"]["revision"], call._get_revision())
        answer = self.as_user(self.ana).accept(call.uuid)
        self.assertEqual(answer["call"]["revision"], call._get_revision())
        self.assertEqual(self.notified(self.ana, "offer_closed")[-1]["offer_id"], offer["id"])
        self.connect_browser(call, self.agent_ana, AGENT_LEG)
        self.ask("join", {"CallSid": CALLER_LEG}, {"call": call.uuid})
        revision = call._get_revision()
        snapshot = self.as_user(self.ana, "telephony.agent").softphone_snapshot()
        self.assertEqual([data["revision"] for data in snapshot["calls"]], [revision])
        live = [
            payload
            for _channel, kind, payload in self.notifications
            if kind == "telephony/live_updated"
        ]
        self.assertEqual(live[-1]["revision"], revision)
        [row] = self.as_user(self.bob).live_calls()
        self.assertEqual(row["revision"], revision)
        left = self.as_user(self.ana).transfer(
            call.uuid, {"type": "agent", "id": self.agent_bob.id}, "blind"
        )
        self.assertGreater(left["revision"], revision)
        self.assertGreater(self.notified(self.ana, "call_left")[-1]["revision"], revision)

    def test_recording_raises_the_revision_without_the_row_of_the_call(self):
        self.company_a.telephony_recording_mode = "agent"
        call = self.talk()
        self.as_user(self.ana).set_recording(call.uuid, "recording")
        [recording] = call.recording_ids
        stored, before = call.revision, call._get_revision()
        recording.write({"state": "recording"})
        self.assertEqual(call.revision, stored)
        self.assertGreater(call._get_revision(), before)
        before = call._get_revision()
        recording.sudo().unlink()
        self.assertGreater(call._get_revision(), before)

    def test_whatever_changes_the_phase_raises_the_revision(self):
        """A page decides by the phase: one revision never stands for two phases."""
        call = self.talk()
        self.as_user(self.ana).transfer(
            call.uuid, {"type": "agent", "id": self.agent_bob.id}, "warm"
        )
        [agent_leg] = call._get_agent_legs()
        for record, values in (
            (call.transfer_ids, {"mode": "conference"}),
            (agent_leg, {"role": "consulted"}),
            (call, {"step_id": self.ring.id}),
        ):
            before = call._get_revision()
            record.sudo().write(values)
            self.assertGreater(call._get_revision(), before, values)

    def test_phone_users_own_row_has_a_revision(self):
        before = self.agent_ana._to_client()["revision"]
        self.as_user(self.ana, "telephony.agent").set_status("online")
        told = self.notified(self.ana, "agent_updated")[-1]
        self.assertGreater(told["revision"], before)
        self.agent_ana._mark_reserved()
        self.assertEqual(self.agent_ana._to_client()["revision"], told["revision"])

    # === REQUESTING AGAIN === #

    def test_page_that_knows_all_is_told_nothing(self):
        call = self.talk()
        changes = self.changes(self.ana, calls={call.uuid: call._get_revision()}, offers=[])
        self.assertEqual(changes.pop("agent")["state"], "in_call")
        self.assertEqual(changes, {"calls": [], "left": [], "offers": [], "closed": []})

    def test_lost_begin_is_told(self):
        self.go_online(self.agent_ana)
        call, _verbs = self.call_in_and_wait()
        changes = self.changes(self.ana, calls={}, offers=[])
        self.assertEqual([offer["call"]["uuid"] for offer in changes["offers"]], [call.uuid])
        self.as_user(self.ana).accept(call.uuid)
        closed = [offer["id"] for offer in changes["offers"]]
        changes = self.changes(self.ana, calls={}, offers=closed)
        self.assertEqual([data["uuid"] for data in changes["calls"]], [call.uuid])
        self.assertEqual(changes["closed"], closed)

    def test_lost_news_and_lost_end_are_told(self):
        call = self.talk()
        known = {call.uuid: call._get_revision() - 1}
        [data] = self.changes(self.ana, calls=known)["calls"]
        self.assertEqual((data["state"], data["revision"]), ("in_progress", call._get_revision()))
        call._apply_event(CallEvent("hung_up", at=call.answered_at, data={"by": "customer"}))
        [data] = self.changes(self.ana, calls=known)["calls"]
        self.assertEqual((data["state"], data["outcome"]), ("ended", "answered"))

    def test_call_that_is_the_users_no_more_is_told_without_its_content(self):
        call = self.talk()
        known = {call.uuid: call._get_revision(), "no such call": 3}
        self.as_user(self.ana).transfer(
            call.uuid, {"type": "agent", "id": self.agent_bob.id}, "blind"
        )
        changes = self.changes(self.ana, calls=known)
        self.assertEqual(changes["calls"], [])
        self.assertEqual(
            changes["left"],
            sorted(
                [
                    {"uuid": call.uuid, "revision": call._get_revision()},
                    {"uuid": "no such call", "revision": False},
                ],
                key=lambda left: left["uuid"],
            ),
        )

    def test_call_of_another_person_is_not_told(self):
        call = self.talk()
        changes = self.changes(self.cleo, calls={call.uuid: 0})
        self.assertEqual(changes["calls"], [])
        self.assertEqual([set(left) for left in changes["left"]], [{"uuid", "revision"}])
        call._apply_event(CallEvent("hung_up", at=call.answered_at, data={"by": "customer"}))
        self.assertEqual(self.changes(self.cleo, calls={call.uuid: 0})["calls"], [])

    def test_renewal_of_the_lease_tells_what_was_missed(self):
        call = self.talk()
        agents = self.as_user(self.ana, "telephony.agent")
        lease = agents.renew_lease("page-of-ana", None, {"calls": {call.uuid: 0}, "offers": []})
        self.assertEqual([data["uuid"] for data in lease["changes"]["calls"]], [call.uuid])
        self.assertEqual(lease["changes"]["agent"]["state"], "in_call")
        self.assertNotIn("changes", agents.renew_lease("page-of-ana"))

    def test_nonsense_from_a_browser_is_no_error(self):
        agents = self.as_user(self.ana, "telephony.agent")
        for known in (
            None,
            {"calls": [1], "offers": {}},
            {"calls": {"a\0b": 1, "\ud800": 2}},
            {"calls": {"x": []}, "offers": ["x"]},
            {"calls": {"x": None}, "offers": [[1], None, True, 2**40]},
            {"calls": {5: 5}},
        ):
            with self.subTest(known=known):
                self.assertEqual(agents.softphone_changes(known)["closed"], [])


@tagged("post_install", "-at_install")
class TestOvertaken(RaceCase):
    """The bus numbers its messages before the commit: a later commit may have a lower number."""

    def change_call(self, env, uuid):
        """Send a change of the call to the bus, which numbers it, without a commit."""
        call = env["telephony.call"].search([("uuid", "=", uuid)])
        call.answered_at = "2026-11-01 12:00:00"
        call._notify_participants()
        env.cr.precommit.run()

    def ask(self, method, *args):
        """Call a method as the page of the first agent."""
        return self.in_transaction(
            lambda env: getattr(env["telephony.agent"], method)(*args), self.ids["users"][0]
        )

    def test_message_that_the_bus_skips_is_found_by_asking(self):
        uuid = self.call_in()
        user_id = self.ids["users"][0]
        self.in_transaction(lambda env: env["telephony.call"].accept(uuid), user_id)
        with self.registry.cursor() as late_cr:
            late_env = api.Environment(late_cr, SUPERUSER_ID, {})
            self.change_call(late_env, uuid)
            late_cr.execute("SELECT max(id) FROM bus_bus")
            [lower] = late_cr.fetchone()
            # Another transaction sends a message meanwhile, and commits first.
            self.in_transaction(
                lambda env: env["res.users"].browse(user_id)._bus_send("telephony/test", {})
            )
            snapshot = self.ask("softphone_snapshot")
            late_cr.commit()
        self.assertGreater(snapshot["bus_id"], lower)
        [shown] = snapshot["calls"]
        self.assertFalse(shown["answered_at"])

        def poll(env):
            partner = env["res.users"].browse(user_id).partner_id
            return env["bus.bus"]._poll([partner], last=snapshot["bus_id"])

        # A socket that connects now continues after the highest number, and misses the message.
        self.assertEqual(self.in_transaction(poll), [])
        known = {"calls": {uuid: shown["revision"]}, "offers": []}
        [call] = self.ask("softphone_changes", known)["calls"]
        self.assertEqual(call["answered_at"], "2026-11-01 12:00:00")
        self.assertGreater(call["revision"], shown["revision"])

    def test_two_at_once_never_give_one_revision_to_two_contents(self):
        uuid = self.call_in()

        def write(outcome):
            def act(env):
                call = env["telephony.call"].search([("uuid", "=", uuid)])
                call.outcome = outcome
                env.flush_all()
                return call.revision

            return SUPERUSER_ID, act

        [before] = self.read_call(uuid, "revision")
        revisions = self.at_once(write("missed"), write("failed"))
        self.assertEqual(sorted(revisions), [before + 1, before + 2])
