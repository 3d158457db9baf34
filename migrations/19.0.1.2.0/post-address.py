"""From 19.0.1.2.0 on, the public address known to Twilio is stored."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Use the configured address as the one that Twilio received.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    accounts = (
        env["telephony.account"]
        .with_context(active_test=False)
        .search([("state", "=", "connected"), ("connected_base_url", "=", False)])
    )
    for account in accounts:
        account.connected_base_url = account._get_configured_base_url()
