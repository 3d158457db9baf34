"""Emergency services: refused, unless an administrator has prepared a number for them."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import LOGGER, TelephonyHttpCase

# Loggers of decisions about emergency calls, and of such calls.
DECISIONS = (
    f"{LOGGER}.models.account.telephony_number",
    f"{LOGGER}.models.call.telephony_call_outgoing",
)
ADDRESS = "10 Downing Street, London"
# Belgium is none of the countries in which Twilio connects emergency calls.
FRENCH, BRITISH, AMERICAN = "+33142345678", "+442079460100", "+12025550100"


@tagged("post_install", "-at_install")
class TestEmergency(TelephonyHttpCase):
    def prepare(self, number=None, e164=FRENCH):
        """Allow emergency calls with a number of another country, as an administrator."""
        (number or self.number).sudo().write(
            {"number": e164, "emergency_address_state": "registered"}
        )
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
        for number in ("112", "1 1 2", "100", "+112", "١١٢", "٩١١", "９９９"):
            with self.subTest(number), self.assertRaisesRegex(UserError, "location would be"):
                self.dial(number=number)

    def test_digits_of_another_script_are_dialed_as_common_ones(self):
        """Z15: Twilio connects `112`, but knows no Arabic digits."""
        self.prepare()
        with self.assert_log("models.call.telephony_call_outgoing", "WARNING", "emergency"):
            call = self.dial(number="١١٢")
        self.assertEqual((call.customer_number, call.number_id), ("112", self.number))

    def test_with_a_prepared_number(self):
        """Z15: it shows the prepared number, whatever is chosen; no rule or limit stops it."""
        other = self.number.copy({"number": "+33142345679", "name": "Reception"})
        self.agent_ana.number_ids = self.number | other
        self.prepare(other, "+33142345679")
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
                "telephony_longest_call": 5,
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
        self.assertEqual([one["id"] for one in choices["numbers"]], [other.id])
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
        self.assertEqual(values["time_limit"], 86400)
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
        self.number.write({"number": BRITISH, "emergency_address_state": "registered"})
        with self.assertRaisesRegex(ValidationError, "Help is sent to this address"):
            self.number.write({"emergency_enabled": True, "emergency_address": "  "})
        self.prepare(e164=BRITISH)
        self.assertEqual(self.number.emergency_changed_by_id, self.max)
        self.assertTrue(self.number.emergency_changed_at)
        with self.assertRaises(ValidationError):
            self.number.emergency_address = False
        self.assertFalse(self.number.copy({"number": "+3225550187"}).emergency_enabled)

    @mute_logger(*DECISIONS)
    def test_country_without_emergency_calls(self):
        """No box promises help that Twilio does not send for."""
        self.assertFalse(self.number.is_emergency_possible)
        self.assertIn("no emergency calls from numbers of this country (Belgium)", self.note)
        with self.assertRaisesRegex(ValidationError, "only from numbers of these countries: .*Fra"):
            self.number.emergency_enabled = True
        with self.assertRaises(ValidationError):
            self.prepare()
            self.number.number = "+3225550100"

    @property
    def note(self):
        return self.number.emergency_note

    @mute_logger(*DECISIONS)
    def test_address_must_be_registered_where_twilio_registers_it(self):
        self.number.number = AMERICAN
        self.assertTrue(self.number.needs_emergency_address)
        self.assertIn("Call 933 to test it", self.note)
        for state in (False, "unregistered", "pending", "failed"):
            self.number.emergency_address_state = state
            with self.subTest(state), self.assertRaisesRegex(ValidationError, "not registered an"):
                self.number.write({"emergency_enabled": True, "emergency_address": ADDRESS})
        self.number.number = FRENCH
        self.assertFalse(self.number.needs_emergency_address)
        self.assertIn("Twilio transmits no address", self.note)
        self.number.emergency_enabled = True

    @mute_logger(*DECISIONS)
    def test_lost_registration_does_not_refuse_a_call_for_help(self):
        self.prepare(e164=AMERICAN)
        self.number.emergency_address_state = "unregistered"
        self.assertEqual(self.dial(number="911").customer_number, "911")

    @mute_logger(*DECISIONS)
    def test_only_the_emergency_numbers_of_the_own_country(self):
        """A Belgian company with a number of another country: what that country answers, rings."""
        for e164, country, reached, refused in (
            (FRENCH, "France", ["15", "1 1 2"], ["999", "101"]),
            (AMERICAN, "United States", ["911", "933"], ["999", "100"]),
            (BRITISH, "United Kingdom", ["999", "112"], ["911", "101"]),
        ):
            self.number.emergency_enabled = False
            self.prepare(e164=e164)
            find = self.agent_ana._get_emergency_number
            for typed in reached:
                digits = typed.replace(" ", "")
                with self.subTest(e164=e164, typed=typed):
                    self.assertEqual(find(typed), self.number)
                    self.assertFalse(self.get_refusal(digits))
            for typed in refused:
                with self.subTest(e164=e164, typed=typed):
                    self.assertFalse(find(typed))
                    self.assertIn("only the emergency services", self.get_refusal(typed))
                    with self.assertRaisesRegex(UserError, f"can be called: {country}"):
                        self.dial(number=typed)

    def get_refusal(self, digits):
        return self.env["telephony.call"]._get_forbidden_destination(
            self.company_a, digits, emergency_number=self.number
        )

    @mute_logger(*DECISIONS)
    def test_emergency_service_of_another_country_is_not_recorded(self):
        self.prepare()
        self.company_a.telephony_recording_mode = "always"
        self.assertIn("never recorded", self.dial(number="15")._get_recording_ban())

    def test_only_administrators_decide(self):
        """Z29: agents, supervisors and other companies cannot decide."""
        for user in (self.ana, self.sue, self.eva, self.ian, self.pia):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.as_user(user, "telephony.number").browse(self.number.id).write(
                    {"emergency_enabled": True, "emergency_address": ADDRESS}
                )
