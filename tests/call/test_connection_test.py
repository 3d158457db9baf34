"""The test of a browser's connection: it reaches no one, and becomes no call."""

from odoo.tests import tagged

from ..common import AGENT_LEG, TelephonyHttpCase


@tagged("post_install", "-at_install")
class TestConnectionTest(TelephonyHttpCase):
    def ask_test(self, agent=None, **params):
        """Ask for the test as a browser; its page chooses the parameters."""
        identity = agent.sudo().identity if agent else "u_unknown"
        return self.ask(
            "client",
            {
                "CallSid": AGENT_LEG,
                "From": f"client:{identity}",
                "To": "",
                "test": "1",
                "Direction": "inbound",
                "CallStatus": "ringing",
                **params,
            },
        )

    def test_phone_user_hears_music_and_there_is_no_call(self):
        calls = self.env["telephony.call"].search_count([])
        answer = self.ask_test(self.agent_ana)
        self.assertEqual([verb.tag for verb in answer], ["Play", "Hangup"])
        self.assertIn("/telephony/sound/hold_music/10.wav", answer[0].text)
        self.assertEqual(self.env["telephony.call"].search_count([]), calls)
        self.assertFalse(self.queued_requests)

    def test_end_of_the_test_is_no_surprise(self):
        """No warning about an unknown leg: the log of a test without faults is clean."""
        self.ask_test(self.agent_ana)
        with self.assertNoLogs("odoo.addons.crm_telephony", "WARNING"):
            response = self.post_webhook(
                "status", {"CallSid": AGENT_LEG, "CallStatus": "completed", "CallDuration": "10"}
            )
        self.assertEqual((response.status_code, response.text), (200, ""))

    def test_user_without_the_right_is_refused(self):
        self.agent_ana.active = False
        for agent in (self.agent_ana, self.agent_eva, None):
            self.assertEqual([verb.tag for verb in self.ask_test(agent)], ["Hangup"])

    def test_test_enters_no_call(self):
        """The parameters of a page are not believed: a test with a call's name is a test."""
        call = self.dial(self.ana)
        answer = self.ask_test(self.agent_bob, uuid=call.uuid)
        self.assertEqual([verb.tag for verb in answer], ["Play", "Hangup"])
        self.assertFalse(call.leg_ids.filtered("provider_leg_id"))

    def test_telephone_cannot_ask_for_the_test(self):
        answer = self.ask_test(self.agent_ana, From="+32470123456")
        self.assertEqual([verb.tag for verb in answer], ["Hangup"])
