"""Odoo's phone blacklist: the agent is warned before a customer who opted out is called."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.crm_telephony.models.call.telephony_call_outgoing import TelephonyRuleError

from ..common import CUSTOMER, TelephonyHttpCase

OTHER_CUSTOMER = "+32471998877"


@tagged("post_install", "-at_install")
class TestBlacklist(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.env["phone.blacklist"].sudo()._add([CUSTOMER])

    def test_blacklisted_customer_is_called_with_a_reason_only(self):
        """The question is asked of any agent, and the reason is stored with the call."""
        for reason in (None, "", "  "):
            with self.subTest(reason), self.assertRaisesRegex(TelephonyRuleError, "blacklist"):
                self.dial(override_reason=reason)
        self.run_after_commit()
        self.assertFalse(self.provider.sent("add_participant"))
        call = self.dial(override_reason=" Asked us to call ")
        self.assertEqual(call.blacklist_reason, "Asked us to call")
        self.assertFalse(call.override_reason, "no rule of the company was overridden")
        call._anonymize()
        self.assertFalse(call.blacklist_reason)

    def test_question_is_asked_wherever_the_call_begins(self):
        """The number decides, however it is written and whatever record the call is about."""
        earlier = self.env["telephony.call"].create(
            {
                "account_id": self.account.id,
                "direction": "incoming",
                "state": "ended",
                "customer_number": CUSTOMER,
                "partner_id": self.partner.id,
                "user_id": self.ana.id,
            }
        )
        activity = self.lead.activity_schedule(
            "mail.mail_activity_data_call", user_id=self.ana.id, summary="Call"
        )
        callback = self.env["telephony.callback"]._create_for(earlier, "missed")
        for entry in (
            {"number": "0470/12.34.56"},
            {"number": "٠٤٧٠١٢٣٤٥٦"},
            *(
                {"number": CUSTOMER, "res_model": record._name, "res_id": record.id}
                for record in (self.partner, self.lead, earlier, callback)
            ),
            {"number": CUSTOMER, "activity_id": activity.id},
            {"number": CUSTOMER, "number_id": self.number.id},
        ):
            with self.subTest(entry), self.assertRaisesRegex(TelephonyRuleError, "blacklist"):
                self.dial(**entry)

    def test_question_is_asked_before_a_blacklisted_number_is_added_to_a_call(self):
        """A transfer asks in the same words as a call, and stores the reason."""
        self.env["phone.blacklist"].sudo()._add([OTHER_CUSTOMER])
        target = {"type": "number", "number": "0471 99 88 77"}
        with self.assertRaises(TelephonyRuleError) as asked:
            self.dial(number=OTHER_CUSTOMER)
        call = self.talk()
        self.provider.requests.clear()
        for mode in ("blind", "warm", "conference"):
            for reason in ({}, {"reason": None}, {"reason": "  "}):
                with self.subTest(mode, **reason), self.assertRaises(TelephonyRuleError) as refused:
                    self.as_user(self.ana).transfer(call.uuid, {**target, **reason}, mode)
                self.assertEqual(str(refused.exception), str(asked.exception))
        self.run_after_commit()
        self.assertFalse(self.provider.sent("add_participant"))
        self.as_user(self.ana).transfer(
            call.uuid, {**target, "reason": " Asked us to call "}, "warm"
        )
        self.run_after_commit()
        [[_room, values]] = self.provider.sent("add_participant")
        self.assertEqual(values["to"], OTHER_CUSTOMER)
        transfer = call.transfer_ids
        self.assertEqual(transfer.blacklist_reason, "Asked us to call")
        self.assertFalse(transfer.override_reason, "no rule of the company was overridden")
        call._anonymize()
        self.assertFalse(transfer.blacklist_reason)

    def test_number_that_left_the_blacklist_is_called_at_once(self):
        self.env["phone.blacklist"].sudo()._remove([CUSTOMER])
        self.assertFalse(self.dial().blacklist_reason)

    def test_reason_for_the_blacklist_overrides_no_rule(self):
        """A rule of the company refuses the call of an agent, whatever the reason."""
        self.company_a.write(
            {
                "telephony_country_policy": "listed",
                "telephony_country_ids": self.france.ids,
            }
        )
        with self.assertRaises(UserError) as caught:
            self.dial(override_reason="Asked us to call")
        self.assertNotIsInstance(caught.exception, TelephonyRuleError)
