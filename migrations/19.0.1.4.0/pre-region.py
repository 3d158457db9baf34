"""From 19.0.1.4.0 on, an account belongs to the region US1 (docs/decisions/0013-one-region.md)."""

import logging

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    """Name the accounts whose secrets may be those of another region. The field is removed.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    cr.execute(
        "SELECT id, region FROM telephony_account WHERE region IS NOT NULL AND region != 'us1'"
    )
    for account_id, region in cr.fetchall():
        _logger.info(
            "Telephony account %s named the Twilio region %s, which is no longer supported. Enter "
            "the auth token of the region US1.",
            account_id,
            region,
        )
