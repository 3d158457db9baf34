"""Emergency services: refused, unless an administrator has prepared a number for them."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import TelephonyHttpCase

ADDRESS = "Rue de la Loi 16, 1000 Brussels, Belgium"


@tagged("post_install", "-at_install")
class TestEmergency(TelephonyHttpCase):
    def prepare(self, number=None):
        """Allow emergency calls with a number, as an administrator."""
        numbers = self.as_user(self.max, "telephony.number")
        with self.assert_log("models.account.telephony_number", "WARNING", "decides on"):
            numbers.browse((number or self.number).id).write(
                {
                    "emergency_enabled": True,
                    "emergency_address": ADDRESS,
                }
            )

    def test_refused_by_default(self):
        """Z15: by default emergency calls are refused, because help would be sent elsewhere."""
        for number in ("112", "1 1 2", "100", "+112"):
            with self.subTest(number), self.assertRaisesRegex(UserError, "location would be"):
                self.dial(number=number)

    def test_with_a_prepared_number(self):
        """Z15: it shows the prepared number, whatever is chosen; no rule or limit stops it."""
        other = self.number.copy({"number": "+3225550188", "name": "Reception"})
        self.agent_ana.number_ids = self.number | other
        self.prepare(other)
        self.agent_ana.allow_caller_id = True
        caller_ids = self.env["telephony.caller.id"].create(
            [
                {
                    "name": name,
                    "number": number,
                    "account_id": self.account.id,
                    "agent_id": self.agent_ana.id,
                    "state": "verified",
                }
                for name, number in (("One", "+32470000001"), ("Two", "+32470000002"))
            ]
        )
        self.company_a.write(
            {
                "telephony_country_policy": "listed",
                "telephony_country_ids": [(6, 0, self.france.ids)],
                "telephony_calls_per_hour": 1,
                "telephony_recording_mode": "always",
            }
        )
        self.env["telephony.call"].sudo().create(
            {
                "account_id": self.account.id,
                "direction": "outgoing",
                "state": "ended",
                "user_id": self.ana.id,
            }
        )
        choices = self.as_user(self.ana, "telephony.caller.id").get_choices("112")
        self.assertEqual(choices["choices"], [])
        with self.assert_log("models.call.telephony_call_outgoing", "WARNING", "emergency"):
            call = self.dial(number="1-1-2", caller_id_id=caller_ids[0].id)
        self.assertEqual(
            (call.customer_number, call.number_id, call.from_number, call.caller_id_id),
            ("112", other, other.number, caller_ids.browse()),
        )
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        [[_room, values]] = self.provider.sent("add_participant")
        self.assertEqual((values["from"], values["to"]), (other.number, "112"))
        self.tell_leg(
            call, self.customer(call).provider_leg_id, "in-progress", 2, self.customer(call)
        )
        self.run_after_commit()
        self.assertEqual(call.state, "in_progress")
        self.assertFalse(call.recording_ids)
        self.assertIn("never recorded", call._get_recording_ban())

    def test_only_whoever_has_the_number(self):
        """Z15: a number prepared for others, or not connected any more, has no effect."""
        self.prepare()
        self.agent_bob.number_ids = False
        self.agent_bob.number_ids = self.number.copy({"number": "+3225550189"})
        with self.assertRaisesRegex(UserError, "location would be unknown"):
            self.dial(self.bob, number="112")
        self.number.active = False
        self.agent_ana.number_ids |= self.agent_bob.number_ids
        with self.assertRaisesRegex(UserError, "location would be unknown"):
            self.dial(number="112")

    def test_other_calls_are_as_before(self):
        """Z15: a prepared number changes nothing for ordinary calls."""
        self.prepare()
        self.company_a.write(
            {
                "telephony_country_policy": "listed",
                "telephony_country_ids": [Command.set(self.france.ids)],
            }
        )
        with self.assertRaisesRegex(UserError, "does not allow calls to Belgium"):
            self.dial()

    def test_the_address_is_needed(self):
        """Z29: an address is required, and the deciding user stays readable."""
        with self.assertRaisesRegex(ValidationError, "Help is sent to this address"):
            self.number.write({"emergency_enabled": True, "emergency_address": "  "})
        self.prepare()
        self.assertEqual(self.number.emergency_changed_by_id, self.max)
        self.assertTrue(self.number.emergency_changed_at)
        with self.assertRaises(ValidationError):
            self.number.emergency_address = False
        self.assertFalse(self.number.copy({"number": "+3225550187"}).emergency_enabled)

    def test_only_administrators_decide(self):
        """Z29: agents, supervisors and other companies cannot decide."""
        for user in (self.ana, self.sue, self.eva, self.ian, self.pia):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.as_user(user, "telephony.number").browse(self.number.id).write(
                    {"emergency_enabled": True, "emergency_address": ADDRESS}
                )
