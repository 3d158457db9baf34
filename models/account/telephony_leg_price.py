import logging
from datetime import timedelta

from odoo import api, fields, models

from ...providers.base import ProviderError

_logger = logging.getLogger(__name__)

# Hours after the end of a leg: when its price is first asked, and when it is given up.
FIRST_HOURS, LAST_HOURS = 1, 72
# Hours of legs in one request.
SPAN_HOURS = 24
# The provider's time of the beginning of a leg may differ from ours by this much.
MARGIN = timedelta(minutes=5)


class TelephonyCallLeg(models.Model):
    """The price of a leg, which the provider knows only some time after its end.

    It is the price of the connection alone. Conferences, recordings and speech are billed apart.
    https://www.twilio.com/docs/voice/api/call-resource#call-properties
    """

    _inherit = "telephony.call.leg"

    price = fields.Float(
        digits=(16, 5),
        readonly=True,
        groups="crm_telephony.group_supervisor",
        help="What Twilio charges for this leg, known about an hour after its end. Conferences, "
        "recordings and speech are charged separately.",
    )
    # Empty as long as the price is unknown: a price may be 0.
    price_currency = fields.Char(
        "Currency",
        readonly=True,
        groups="crm_telephony.group_supervisor",
        help="Currency of the Twilio account, such as USD.",
    )

    _unpriced_index = models.Index(
        "(account_id, ended_at) WHERE price_currency IS NULL AND answered_at IS NOT NULL"
    )

    @api.model
    def _cron_read_prices(self):
        """Read the prices of ended legs. Unknown ones are asked for again for three days."""
        now = fields.Datetime.now()
        for account in self.env["telephony.account"].search([("state", "=", "connected")]):
            legs = self._get_unpriced(account, now)
            while legs:
                since = legs[0]._get_beginning()
                until = since + timedelta(hours=SPAN_HOURS)
                batch = self.browse(leg.id for leg in legs if leg._get_beginning() < until)
                legs -= batch
                # The request must not be part of a transaction.
                self.env["ir.cron"]._commit_progress()
                try:
                    prices = account._get_client().list_prices(since - MARGIN, until + MARGIN)
                except ProviderError as error:
                    _logger.info(
                        "Account %s: the prices cannot be read yet: %s", account.id, error.label
                    )
                    break
                batch._save_prices(prices)
                if not self.env["ir.cron"]._commit_progress(len(batch)):
                    return

    @api.model
    def _get_unpriced(self, account, now):
        """Return the legs of an account whose price is not known yet, the oldest first.

        Twilio charges only for answered legs.

        :param datetime now: current time
        """
        return self.search(
            [
                ("account_id", "=", account.id),
                ("provider_leg_id", "!=", False),
                ("answered_at", "!=", False),
                ("price_currency", "=", False),
                ("ended_at", "<=", now - timedelta(hours=FIRST_HOURS)),
                ("ended_at", ">", now - timedelta(hours=LAST_HOURS)),
            ]
        ).sorted(lambda leg: leg._get_beginning())

    def _get_beginning(self):
        return self.initiated_at or self.create_date

    def _save_prices(self, prices):
        """Write the prices of these legs.

        :param dict prices: see `ProviderClient.list_prices`
        """
        for leg in self:
            if leg.provider_leg_id in prices:
                leg.price, leg.price_currency = prices[leg.provider_leg_id]
