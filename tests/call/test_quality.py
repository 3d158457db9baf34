"""Sound quality: reports of browsers, their readers, and the question after a bad call."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import AGENT_LEG, CALLER_LEG, TelephonyHttpCase, leg_sid

REPORT = {
    "rtt": 512.25,
    "jitter": 41,
    "packet_loss": 7.5,
    "mos": 2.8,
    "silent_seconds": 12,
    "device": "Headset (USB)",
    "bad_network": True,
}


@tagged("post_install", "-at_install")
class TestQuality(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.call = self.talk()

    def save(self, user=None, leg=AGENT_LEG, uuid=None, **values):
        calls = self.as_user(user or self.ana)
        return calls.save_quality(uuid or self.call.uuid, leg, values or REPORT)

    @property
    def rows(self):
        return self.call.quality_ids

    def test_worst_values_are_kept_once(self):
        """Z30: the leg keeps the worst values of repeated, late and partial reports."""
        self.assertTrue(self.save())
        self.assertTrue(self.save(rtt=80, mos=4.1, jitter=60.5))
        self.assertTrue(self.save())
        [row] = self.rows
        self.assertEqual((row.rtt, row.jitter, row.mos, row.packet_loss), (512.25, 60.5, 2.8, 7.5))
        self.assertEqual((row.silent_seconds, row.device), (12, "Headset (USB)"))
        self.assertEqual((row.user_id, row.company_id), (self.ana, self.company_a))
        self.assertEqual((row.bad, row.bad_network, row.silent_microphone), (1, 1, 0))

    def test_after_the_end_and_for_a_second_leg(self):
        """A closed page reports after the end, and a rejoined agent has two legs."""
        self.tell_leg(self.call, AGENT_LEG, "completed")
        self.connect_browser(self.call, self.agent_ana, leg_sid(51))
        self.tell_leg(self.call, CALLER_LEG, "completed")
        self.assertEqual(self.call.state, "ended")
        self.save()
        self.assertFalse(self.save(leg=leg_sid(51), rtt=20, jitter=1))
        self.assertEqual(self.rows.mapped("bad"), [0, 1])

    def test_what_cannot_be_true_is_left_out(self):
        for name, values in {
            "rtt": (-1, 1e9, float("nan"), float("inf"), "500", True, None, [1]),
            "packet_loss": (-0.1, 100.1, "7"),
            "mos": (0, 5.5, -2, "4"),
            "silent_seconds": (-5, 90000, {}),
            "bad_network": (1, "yes", None),
            "device": (7, "a\nb", ["x"]),
        }.items():
            for value in values:
                with self.subTest(name=name, value=value):
                    self.save(**{name: value})
                    self.assertFalse(self.rows[name])
        self.assertFalse(self.rows.bad)
        self.save(device="x" * 500, unknown="x", user_id=self.bob.id)
        self.assertEqual((len(self.rows.device), self.rows.user_id), (100, self.ana))
        calls = self.as_user(self.ana)
        with self.assertRaisesRegex(UserError, "not valid"):
            calls.save_quality(self.call.uuid, AGENT_LEG, "no report")

    def test_only_the_own_leg(self):
        """A browser can report only about its own leg."""
        for user in (self.bob, self.sue, self.max, self.ian, self.pia, self.eva):
            with (
                self.subTest(user.login),
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_model"),
            ):
                self.save(user)
        for leg in (CALLER_LEG, "", None, False, leg_sid(99)):
            with self.subTest(leg=leg), self.assertRaises(AccessError):
                self.save(leg=leg)
        with self.assertRaises(AccessError):
            self.save(uuid="nothing")
        self.assertFalse(self.rows)

    def test_question_after_a_bad_call_only(self):
        """After a bad call, only its agent is asked, once."""
        self.assertFalse(self.save(rtt=20))
        with self.assertRaises(UserError):
            self.as_user(self.ana).rate_quality(self.call.uuid, "echo")
        self.assertTrue(self.save(silent_microphone=True))
        with self.assertRaises(UserError):
            self.as_user(self.ana).rate_quality(self.call.uuid, "rubbish")
        with self.assertRaises(UserError):
            self.as_user(self.bob).rate_quality(self.call.uuid, "echo")
        self.as_user(self.ana).rate_quality(self.call.uuid, "one_way")
        self.assertEqual(self.rows.issue, "one_way")
        self.assertFalse(self.save(silent_microphone=True), "it is asked once")

    def test_supervisor_is_not_asked(self):
        self.env["telephony.agent"].create(
            {"user_id": self.sue.id, "company_id": self.company_a.id}
        )
        self.as_user(self.sue).monitor(self.call.uuid)
        agent = self.sue.telephony_agent_ids
        self.connect_browser(self.call, agent, leg_sid(70))
        self.assertFalse(self.save(self.sue, leg_sid(70)))

    def test_who_reads_the_report(self):
        """Z30: supervisors of the company read the report, by agent and week."""
        self.save()
        for user in (self.sue, self.max):
            [[name, week, bad, count]] = self.as_user(user, "telephony.call.quality")._read_group(
                [("call_id", "=", self.call.id)],
                ["user_id", "measured_at:week"],
                ["bad:sum", "__count"],
            )
            self.assertEqual((name, bad, count), (self.ana, 1, 1))
            self.assertTrue(week)
        for user in (self.ana, self.ian, self.pia):
            with (
                self.subTest(user.login),
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_model"),
            ):
                self.as_user(user, "telephony.call.quality").search([])
        self.assertFalse(self.as_user(self.eva, "telephony.call.quality").search([]) & self.rows)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
            self.rows.with_user(self.max).write({"rtt": 1})

    def test_time_on_hold_is_told(self):
        """Z18: the start of the hold is part of the payload."""
        self.tell_room(
            self.call,
            CALLER_LEG,
            "participant-hold",
            5,
            Timestamp="Mon, 02 Mar 2026 09:00:00 +0000",
        )
        told = self.notified(self.ana, "call_updated")[-1]
        self.assertEqual((told["on_hold"], told["on_hold_since"]), (True, "2026-03-02 09:00:00"))
        self.tell_room(self.call, CALLER_LEG, "participant-unhold", 6)
        self.assertFalse(self.notified(self.ana, "call_updated")[-1]["on_hold_since"])
