"""Monitoring: supervisors listen to the calls of others, whisper and barge in."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_telephony.providers.base import ProviderError

from ..common import AGENT_LEG, CALLER_LEG, TelephonyHttpCase, leg_sid

SUPERVISOR_LEG = leg_sid(70)


@tagged("post_install", "-at_install")
class TestMonitor(TelephonyHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        agents = cls.env["telephony.agent"].create(
            [{"user_id": user.id, "company_id": cls.company_a.id} for user in (cls.sue, cls.max)]
        )
        cls.agent_sue, cls.agent_max = agents
        cls.sue_b = cls._make_user("sue_b", "crm_telephony.group_supervisor", cls.company_b)

    def start(self, mode="listen", user=None, agent=None, sid=SUPERVISOR_LEG):
        """Start monitoring of Ana's call; return the call and the noun `Conference`."""
        call = self.env["telephony.call"].search([("provider_call_id", "=", CALLER_LEG)])
        call = call or self.talk()
        self.as_user(user or self.sue).monitor(call.uuid, mode)
        [dial, _again] = self.connect_browser(call, agent or self.agent_sue, sid)
        self.run_after_commit()
        return call, dial.find("Conference")

    def legs(self, call):
        return call.leg_ids.filtered(lambda leg: leg.role == "supervisor")

    def seen_by_ana(self):
        """Return the supervisors that Ana's screen shows."""
        return [
            (row["name"], row["mode"])
            for row in self.notified(self.ana, "call_updated")[-1]["supervisors"]
        ]

    # === THE THREE WAYS === #

    def test_listen(self):
        """Z22: the supervisor is not heard, leaves without effect, and is visible to the agent."""
        call, room = self.start()
        self.assertEqual(room.text, call.uuid)
        self.assertEqual(room.get("muted"), "true")
        self.assertIsNone(room.get("coach"))
        self.assertEqual(room.get("endConferenceOnExit"), "false")
        self.assertEqual(room.get("beep"), "false")
        self.assertEqual(self.seen_by_ana(), [("Sue", "listen")])
        self.assertIn("Sue started listening.", call.timeline)
        self.assertEqual((call.state, call.user_id), ("in_progress", self.ana))

    def test_whisper_is_heard_by_the_phone_user_only(self):
        """Z22: the provider gets the only leg that may hear the supervisor."""
        _call, room = self.start("whisper")
        self.assertEqual(room.get("coach"), AGENT_LEG)
        self.assertIsNone(room.get("muted"))
        self.assertEqual(self.seen_by_ana(), [("Sue", "whisper")])

    def test_join_that_fails_is_tried_without_the_leg_to_coach(self):
        """The leg to coach has left meanwhile: the supervisor's call does not end."""
        call = self.talk()
        self.as_user(self.sue).monitor(call.uuid, "whisper")
        [_dial, again] = self.connect_browser(call, self.agent_sue, SUPERVISOR_LEG)
        self.tell_leg(call, AGENT_LEG, "completed")
        params = {
            "CallSid": SUPERVISOR_LEG,
            "From": f"client:{self.agent_sue.sudo().identity}",
            "To": "",
        }
        [dial, again] = self.ask(again.text, params)
        room = dial.find("Conference")
        self.assertEqual((room.get("coach"), room.get("muted")), (None, "true"))
        # A supervisor who has been in the conference does not come back by itself.
        self.tell_room(call, SUPERVISOR_LEG, "participant-join", 9)
        self.assertEqual(self.names(self.ask(again.text, params)), ["Hangup"])

    def test_barge(self):
        """Z22: agent and customer hear the supervisor."""
        _call, room = self.start("barge")
        self.assertIsNone(room.get("muted"))
        self.assertIsNone(room.get("coach"))

    def test_change_of_mode_is_one_request(self):
        """Z22: between two modes, no party hears words that are not meant for it."""
        call, _room = self.start()
        self.tell_room(call, SUPERVISOR_LEG, "participant-join", 9)
        for mode, muted, coach in (
            ("whisper", False, AGENT_LEG),
            ("barge", False, ""),
            ("listen", True, ""),
        ):
            answer = self.as_user(self.sue).set_monitor_mode(call.uuid, mode)
            self.run_after_commit()
            self.assertEqual(answer["mode"], mode)
            self.assertEqual(
                self.provider.sent("set_participant_sound")[-1],
                [call.provider_conference_id, SUPERVISOR_LEG, muted, coach],
            )
            self.assertEqual(self.seen_by_ana(), [("Sue", mode)])
        self.as_user(self.sue).set_monitor_mode(call.uuid, "listen")
        self.run_after_commit()
        self.assertEqual(len(self.provider.sent("set_participant_sound")), 3)

    def test_whisper_to_somebody_who_comes_back(self):
        """The whisper is inaudible while the agent reloads the page."""
        call, _room = self.start("whisper")
        self.tell_leg(call, AGENT_LEG, "completed")
        self.run_after_commit()
        self.assertEqual(self.provider.sent("set_participant_sound")[-1][2:], [True, ""])
        self.connect_browser(call, self.agent_ana, leg_sid(51))
        self.run_after_commit()
        self.assertEqual(self.provider.sent("set_participant_sound")[-1][2:], [False, leg_sid(51)])

    def test_mode_that_cannot_be_set_ends_the_listening(self):
        """Monitoring ends when its mode cannot be set, so that the screens stay true."""
        call, _room = self.start("whisper")
        self.provider.failures["set_participant_sound"] = [ProviderError("No.")]
        self.as_user(self.sue).set_monitor_mode(call.uuid, "listen")
        with self.assert_log("models.call.telephony_call", "WARNING", "set_participant_sound"):
            self.run_after_commit()
        self.assertEqual(self.provider.sent("end_leg"), [[SUPERVISOR_LEG]])

    # === COMING AND GOING === #

    def test_leaving_changes_nothing_else(self):
        """Z22: the conversation goes on, and the supervisor is free again."""
        call, _room = self.start()
        self.assertEqual(self.agent_sue.state, "in_call")
        self.as_user(self.sue).stop_monitoring(call.uuid)
        self.run_after_commit()
        self.assertEqual(self.provider.sent("end_leg"), [[SUPERVISOR_LEG]])
        self.assertEqual(self.seen_by_ana(), [("Sue", "listen")], "until the leg is gone")
        for _time in range(2):
            self.tell_leg(call, SUPERVISOR_LEG, "completed")
            self.assertEqual(self.seen_by_ana(), [])
        self.assertEqual(call.state, "in_progress")
        self.assertEqual(len(self.notified(self.sue, "monitoring_ended")), 1)
        self.agent_sue.invalidate_recordset(["state"])
        self.assertNotEqual(self.agent_sue.state, "in_call")

    def test_end_of_the_call_releases_the_supervisor(self):
        """Z20: any end of the call releases the supervisor."""
        call, _room = self.start()
        self.tell_leg(call, CALLER_LEG, "completed")
        self.run_after_commit()
        self.assertEqual(call.state, "ended")
        self.assertIn([SUPERVISOR_LEG], self.provider.sent("end_leg"))
        with self.assertRaisesRegex(UserError, "has ended"):
            self.as_user(self.max).monitor(call.uuid)

    def test_customer_who_goes_elsewhere_releases_the_supervisor(self):
        call, _room = self.start()
        self.tell_leg(call, AGENT_LEG, "completed")
        self.let_time_pass(40)
        self.step(call)
        self.run_after_commit()
        self.assertIn([SUPERVISOR_LEG], self.provider.sent("end_leg"))

    def test_whoever_listens_is_in_a_call(self):
        """Z26: a monitoring supervisor is offered no call and can make none."""
        self.ring.agent_ids |= self.agent_sue
        call, _room = self.start()
        self.go_online(self.agent_sue)
        other, _verbs = self.call_in(from_="+32470555501", sid=leg_sid(2))
        self.assertNotIn(self.agent_sue, other.offer_ids.agent_id)
        self.agent_sue.number_ids = self.number
        with self.assertRaisesRegex(UserError, "monitoring"):
            self.as_user(self.sue).dial("+32470555502")
        self.as_user(self.sue).stop_monitoring(call.uuid)
        self.assertEqual(self.as_user(self.sue).dial("+32470555502")["state"], "new")

    def test_browser_that_never_comes(self):
        """The permission to connect expires after some seconds and blocks no calls."""
        call = self.talk()
        self.as_user(self.sue).monitor(call.uuid)
        self.assertEqual(self.agent_sue.state, "in_call")
        self.let_time_pass(16)
        self.agent_sue.invalidate_recordset(["state"])
        self.assertNotEqual(self.agent_sue.state, "in_call")
        [hang_up] = self.connect_browser(call, self.agent_sue, SUPERVISOR_LEG)
        self.assertEqual(hang_up.tag, "Hangup")

    def test_page_that_was_reloaded_begins_again(self):
        """The old page's leg is hung up, and its end does not end the new one."""
        call, _room = self.start()
        old = self.legs(call)
        _call, room = self.start("barge", sid=leg_sid(71))
        self.assertEqual(room.get("participantLabel"), "supervisor-2")
        self.assertEqual(self.provider.sent("end_leg"), [[SUPERVISOR_LEG]])
        self.tell_leg(call, SUPERVISOR_LEG, "completed")
        self.assertEqual(self.notified(self.sue, "monitoring_ended")[-1]["leg_id"], old.id)
        self.assertEqual(self.seen_by_ana(), [("Sue", "barge")])
        self.assertEqual(self.agent_sue.state, "in_call")

    def test_two_supervisors(self):
        call, _room = self.start()
        self.start("barge", self.max, self.agent_max, leg_sid(71))
        self.assertEqual(self.seen_by_ana(), [("Sue", "listen"), ("Max", "barge")])
        self.tell_leg(call, SUPERVISOR_LEG, "completed")
        self.assertEqual(self.seen_by_ana(), [("Max", "barge")])

    # === REPEATED, FORGED, FOREIGN === #

    def test_repeated_question_and_second_browser(self):
        """A repeated request is answered alike; a second browser is refused."""
        call, room = self.start()
        [dial, _again] = self.connect_browser(call, self.agent_sue, SUPERVISOR_LEG)
        self.assertEqual(dial.find("Conference").attrib, room.attrib)
        [hang_up] = self.connect_browser(call, self.agent_sue, leg_sid(72))
        self.assertEqual(hang_up.tag, "Hangup")
        self.assertEqual(len(self.legs(call)), 1)

    def test_forged_identifier_opens_nothing(self):
        """A browser that connects without a request is refused, also a supervisor's."""
        call = self.talk()
        for agent in (self.agent_sue, self.agent_max, self.agent_bob, self.agent_eva):
            [hang_up] = self.connect_browser(call, agent, SUPERVISOR_LEG)
            self.assertEqual(hang_up.tag, "Hangup")
        self.as_user(self.sue).monitor(call.uuid)
        [hang_up] = self.connect_browser(call, self.agent_max, SUPERVISOR_LEG)
        self.assertEqual(hang_up.tag, "Hangup")
        self.sue.group_ids -= self.env.ref("crm_telephony.group_supervisor")
        [hang_up] = self.connect_browser(call, self.agent_sue, SUPERVISOR_LEG)
        self.assertEqual(hang_up.tag, "Hangup", "the right was taken away meanwhile")

    def test_who_may(self):
        """Z22: supervisors and administrators of the company monitor running calls of others."""
        call = self.talk()
        for user in (self.ana, self.bob, self.cleo, self.ian, self.pia, self.eva, self.sue_b):
            calls = self.as_user(user)
            for method, arguments in (
                ("monitor", ("listen",)),
                ("set_monitor_mode", ("whisper",)),
            ):
                with (
                    self.subTest(user=user.login, method=method),
                    self.assertRaises(AccessError),
                    mute_logger("odoo.addons.base.models.ir_model"),
                ):
                    getattr(calls, method)(call.uuid, *arguments)
        with self.assertRaisesRegex(UserError, "no longer monitoring"):
            self.as_user(self.sue).set_monitor_mode(call.uuid, "barge")
        with self.assertRaises(UserError):
            self.as_user(self.sue).monitor(call.uuid, "spy")
        for uuid in ("", False, "%", "nothing"):
            with self.assertRaises(AccessError):
                self.as_user(self.sue).monitor(uuid)
        self.assertFalse(self.legs(call))
        self.assertFalse(self.notified(self.sue, "monitoring_ended"))

    def test_not_the_own_call_and_not_in_a_call(self):
        """Z26: a supervisor has one conversation at a time."""
        call = self.talk()
        call.user_id = self.sue
        with self.assertRaisesRegex(UserError, "own"):
            self.as_user(self.sue).monitor(call.uuid)
        other = call.copy({"user_id": self.bob.id, "state": "in_progress"})
        with self.assertRaisesRegex(UserError, "already in a call"):
            self.as_user(self.sue).monitor(other.uuid)

    def test_other_company_of_the_same_supervisor(self):
        """The browser speaks with the current company's provider only."""
        call = self.talk()
        self.sue.company_ids |= self.company_b
        calls = self.env(
            user=self.sue.id,
            su=False,
            context={
                "allowed_company_ids": (self.company_b | self.company_a).ids,
            },
        )["telephony.call"]
        with self.assertRaisesRegex(UserError, "Switch to the company Alpha"):
            calls.monitor(call.uuid)

    def test_leg_that_was_to_be_hung_up_is_found(self):
        """The request was lost: the reconciliation hangs up the forgotten supervisor."""
        call, _room = self.start()
        self.provider.failures["end_leg"] = [ProviderError("Down.")]
        self.as_user(self.sue).stop_monitoring(call.uuid)
        with self.assert_log("models.call.telephony_call", "WARNING", "end_leg"):
            self.run_after_commit()
        self.provider.legs = {
            leg.provider_leg_id: {"CallStatus": "in-progress"} for leg in call.leg_ids
        }
        call._reconcile(call._ask_provider(self.account._list_living()))
        self.run_after_commit()
        self.assertEqual(self.provider.sent("end_leg"), [[SUPERVISOR_LEG]] * 2)
        self.assertEqual(call.state, "in_progress")
