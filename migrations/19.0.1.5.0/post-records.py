"""From 19.0.1.5.0 on, users correct own calls, and see those missed while they were offline."""

from odoo import SUPERUSER_ID, api

#: The record rules as installed before, and from now on; of the calls and of their timeline.
OFFERED = "('{0}offer_ids.agent_id.user_id', '=', user.id)"
OLD_RULE = (
    "['|', '|', '|', ('{0}user_id', '=', user.id), ('{0}recipient_ids', 'in', user.id), "
    "('{0}transfer_ids.user_id', '=', user.id), '&', ('{0}user_id', '=', False), " + OFFERED + "]"
)
NEW_RULE = OLD_RULE.replace(
    OFFERED,
    "'|', " + OFFERED + ", "
    "'&', ('{0}outcome', 'in', ('missed', 'abandoned', 'voicemail', 'failed')), "
    "'|', ('{0}queue_id.agent_ids.user_id', '=', user.id), "
    "('{0}flow_id.step_ids.agent_ids.user_id', '=', user.id)",
)
OLD_NAME = "{}: own calls, and those that rang here unanswered"
NEW_NAME = "{}: own calls, and unanswered ones that rang or would have rung here"
#: The rule of the first release, which migration 19.0.1.1.0 extended in another order.
OLD_ORDER = (
    "['|', '|', ('transfer_ids.user_id', '=', user.id), "
    "'|', ('user_id', '=', user.id), ('recipient_ids', 'in', user.id), "
    "'&', ('user_id', '=', False), ('offer_ids.agent_id.user_id', '=', user.id)]"
)


def migrate(cr, version):
    """Update the record rules, which an upgrade leaves alone, unless a user has changed them.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    for name, kind, prefix in (
        ("telephony_call_rule_own", "Call", ""),
        ("telephony_call_timeline_rule_own", "Timeline", "call_id."),
    ):
        rule = env.ref(f"crm_telephony.{name}", raise_if_not_found=False)
        if not rule:
            continue
        known = {_squeeze(OLD_RULE.format(prefix)), _squeeze(OLD_ORDER)}
        if _squeeze(rule.domain_force) in known:
            rule.domain_force = NEW_RULE.format(prefix)
        if rule.name == OLD_NAME.format(kind):
            rule.name = NEW_NAME.format(kind)
        if not prefix:
            # Agents may write to calls now, but only to their own ones, by a rule of its own.
            rule.write({"perm_write": False, "perm_create": False, "perm_unlink": False})


def _squeeze(domain):
    return "".join((domain or "").split())
