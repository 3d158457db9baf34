"""The price of a leg is read when the provider knows it."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import ProviderError

from ..common import TelephonyCase, leg_sid


@tagged("-at_install", "post_install")
class TestLegPrice(TelephonyCase):
    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.object(
                self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: float("inf")
            )
        )

    def end_leg(self, number, hours, **values):
        """Return a leg of a minute that ended some hours ago."""
        end = fields.Datetime.now() - timedelta(hours=hours)
        call = self.env["telephony.call"].create(
            {
                "account_id": self.account.id,
                "company_id": self.company_a.id,
                "direction": "incoming",
                "started_at": end - timedelta(minutes=1),
            }
        )
        return self.env["telephony.call.leg"].create(
            {
                "call_id": call.id,
                "account_id": self.account.id,
                "role": "customer",
                "label": "customer",
                "provider_leg_id": leg_sid(number),
                "status": "ended",
                "initiated_at": end - timedelta(minutes=1),
                "answered_at": end - timedelta(minutes=1),
                "ended_at": end,
                **values,
            }
        )

    def read_prices(self, **prices):
        self.provider.answers["list_prices"] = {
            leg_sid(int(name[1:])): price for name, price in prices.items()
        }
        self.env["telephony.call.leg"]._cron_read_prices()

    def test_price_is_read_an_hour_after_the_end(self):
        leg, recent = self.end_leg(1, hours=2), self.end_leg(2, hours=0)
        self.read_prices(_1=(0.0085, "USD"), _2=(0.0085, "USD"))
        self.assertEqual((leg.price, leg.price_currency), (0.0085, "USD"))
        self.assertFalse(recent.price_currency)

    def test_price_of_zero_is_known(self):
        leg = self.end_leg(1, hours=2)
        self.read_prices(_1=(0, "USD"))
        self.read_prices()
        self.assertEqual(leg.price_currency, "USD")
        self.assertEqual(len(self.provider.sent("list_prices")), 1)

    def test_unknown_price_is_asked_again_for_three_days(self):
        leg, old = self.end_leg(1, hours=2), self.end_leg(2, hours=73)
        self.read_prices()
        self.assertFalse(leg.price_currency)
        self.read_prices(_1=(0.017, "USD"), _2=(0.017, "USD"))
        self.assertEqual(leg.price, 0.017)
        self.assertFalse(old.price_currency)

    def test_unanswered_legs_are_not_asked_for(self):
        self.end_leg(1, hours=2, answered_at=False)
        self.end_leg(2, hours=2, provider_leg_id=False)
        self.read_prices()
        self.assertEqual(self.provider.sent("list_prices"), [])

    def test_one_request_covers_a_day(self):
        legs = self.end_leg(1, hours=50) | self.end_leg(2, hours=40) | self.end_leg(3, hours=2)
        self.read_prices(_1=(1, "USD"), _2=(2, "USD"), _3=(3, "USD"))
        self.assertEqual(legs.mapped("price"), [1, 2, 3])
        (first, last), _second = self.provider.sent("list_prices")
        self.assertLess(first, legs[0].initiated_at)
        self.assertGreater(last, legs[1].initiated_at)

    def test_failure_is_tried_again_later(self):
        leg = self.end_leg(1, hours=2)
        self.provider.failures["list_prices"] = [ProviderError("Down", "unreachable")]
        self.read_prices(_1=(0.0085, "USD"))
        self.assertFalse(leg.price_currency)
        self.read_prices(_1=(0.0085, "USD"))
        self.assertEqual(leg.price, 0.0085)

    def test_prices_are_shown_to_supervisors_only(self):
        leg = self.end_leg(1, hours=2)
        self.assertIn("price", leg.with_user(self.sue).fields_get())
        self.assertNotIn("price", leg.with_user(self.ana).fields_get())
