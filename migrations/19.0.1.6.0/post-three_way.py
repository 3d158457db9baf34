"""From 19.0.1.6.0 on, a colleague who left a three-way call sees the call."""

from odoo import SUPERUSER_ID, api

#: The record rules as installed before, and from now on; of the calls and of their timeline.
OLD_RULE = (
    "['|', '|', '|', ('{0}user_id', '=', user.id), ('{0}recipient_ids', 'in', user.id), "
    "('{0}transfer_ids.user_id', '=', user.id), '&', ('{0}user_id', '=', False), "
    "'|', ('{0}offer_ids.agent_id.user_id', '=', user.id), "
    "'&', ('{0}outcome', 'in', ('missed', 'abandoned', 'voicemail', 'failed')), "
    "'|', ('{0}queue_id.agent_ids.user_id', '=', user.id), "
    "('{0}flow_id.step_ids.agent_ids.user_id', '=', user.id)]"
)
HANDED_OVER = "('{0}transfer_ids.user_id', '=', user.id), "
LEFT = "('{0}transfer_ids.left_user_id', '=', user.id), "
NEW_RULE = OLD_RULE.replace("['|', ", "['|', '|', ").replace(HANDED_OVER, HANDED_OVER + LEFT)


def migrate(cr, version):
    """Update the record rules, which an upgrade leaves alone, unless a user has changed them.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    for name, prefix in (
        ("telephony_call_rule_own", ""),
        ("telephony_call_timeline_rule_own", "call_id."),
    ):
        rule = env.ref(f"crm_telephony.{name}", raise_if_not_found=False)
        if rule and _squeeze(rule.domain_force) == _squeeze(OLD_RULE.format(prefix)):
            rule.domain_force = NEW_RULE.format(prefix)


def _squeeze(domain):
    return "".join((domain or "").split())
