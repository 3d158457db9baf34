"""From 19.0.1.4.0 on, emergency calls need a number of a country in which Twilio connects them."""

import logging

from odoo import SUPERUSER_ID, api

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    """Disable emergency calls with numbers that Twilio does not connect to emergency services.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    numbers = env["telephony.number"].with_context(active_test=False)
    enabled = numbers.search([("emergency_enabled", "=", True)])
    refused = enabled.filtered(lambda number: not number.is_emergency_possible)
    if refused:
        _logger.info(
            "Twilio connects no emergency calls from these telephony numbers: %s. They are "
            "disabled for emergency calls.",
            refused.ids,
        )
        # The user who decided before stays readable.
        cr.execute(
            "UPDATE telephony_number SET emergency_enabled = FALSE WHERE id IN %s",
            [tuple(refused.ids)],
        )
        refused.invalidate_recordset(["emergency_enabled"])
