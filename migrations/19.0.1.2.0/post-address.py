"""The public address that Twilio knows is stored from 19.0.1.2.0 on."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Take the configured address for the one that Twilio received.

    :param cr: cursor of the upgrade
    :param str version: installed before it
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    accounts = (
        env["telephony.account"]
        .with_context(active_test=False)
        .search([("state", "=", "connected"), ("connected_base_url", "=", False)])
    )
    for account in accounts:
        account.connected_base_url = account._get_configured_base_url()
