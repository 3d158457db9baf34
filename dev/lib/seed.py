"""Prepare a fresh database for calls, through the methods of the addon's own screens.

Run by `odoo shell`, with `env` defined. Safe to run again: the emulator forgets everything when it
stops, so the account is connected anew at every start.
"""

import os

EMULATOR_PORT = os.environ.get("TELEPHONY_EMULATOR_PORT", "8090")
HTTP_PORT = os.environ.get("TELEPHONY_HTTP_PORT", "8069")
# In containers, Odoo and the emulator reach each other under other addresses than the browser.
ODOO_URL = os.environ.get("TELEPHONY_ODOO_URL", f"http://127.0.0.1:{HTTP_PORT}")
EMULATOR_URL = os.environ.get("TELEPHONY_EMULATOR_URL", f"http://127.0.0.1:{EMULATOR_PORT}")
# The emulator's well-known development account (dev/twilio_emulator/defaults.py).
ACCOUNT_SID = "AC" + "e" * 32
AUTH_TOKEN = "e" * 32
# Callers of this number wait in a queue; those of the other one ring at all agents.
SUPPORT = "+3225550101"


def main(env):
    env = env(context={**env.context, "lang": "en_US"})
    users = env.ref("base.user_admin") | env["res.users"].search([("login", "=", "demo")])
    company = env.ref("base.main_company")
    values = {
        "name": "Twilio emulator",
        "company_id": company.id,
        "account_sid": ACCOUNT_SID,
        "auth_token": AUTH_TOKEN,
        "webhook_base_url": ODOO_URL,
        "api_base_url": EMULATOR_URL,
        "voice_gateway": f"localhost:{EMULATOR_PORT}",
        "voice_sdk_url": f"http://localhost:{EMULATOR_PORT}/sdk/twilio.js",
        # Objects of the emulator from before its last stop are gone.
        "api_key_sid": False,
        "api_key_secret": False,
        "twiml_app_sid": False,
    }
    account = env["telephony.account"].search([("account_sid", "=", ACCOUNT_SID)])
    if account:
        account.write(values)
    else:
        account = env["telephony.account"].create(values)
        # The contacts of the demonstration live in several countries.
        company.telephony_country_policy = "all"
    account.action_connect()
    # The emulator runs on the same machine: nothing is left to prove.
    account._save_reached()
    agents = env["telephony.agent"]
    for user in users:
        agents |= agents.search(
            [("user_id", "=", user.id), ("company_id", "=", company.id)]
        ) or agents.create({"user_id": user.id, "company_id": company.id})
    flow = env.ref("crm_telephony.flow_ring", raise_if_not_found=False)
    for number in account.number_ids:
        if not number.agent_ids:
            number.agent_ids = agents
        if number.number == SUPPORT and number.flow_id in (env["telephony.flow"], flow):
            number.flow_id = find_support_flow(env, company, agents)
        if not number.flow_id and flow:
            number.flow_id = flow
    # A development database does not report to Odoo's server.
    report = env.ref("mail.ir_cron_module_update_notification", raise_if_not_found=False)
    if report:
        report.active = False
    env.cr.commit()


def find_support_flow(env, company, agents):
    """Return the flow with a queue for callers, created if missing."""
    found = env["telephony.flow"].search(
        [("name", "=", "Support"), ("company_id", "=", company.id)], limit=1
    )
    if found:
        return found
    queue = env["telephony.queue"].create(
        {
            "name": "Support",
            "company_id": company.id,
            "agent_ids": [(6, 0, agents.ids)],
            "announcement": "All our colleagues are in a call. Please hold the line.",
            "amber_seconds": 60,
            "red_seconds": 120,
        }
    )
    flow = env["telephony.flow"].create(
        {
            "name": "Support",
            "company_id": company.id,
            "language": "en_US",
        }
    )
    sorry = env["telephony.flow.step"].create(
        {
            "flow_id": flow.id,
            "sequence": 20,
            "name": "Sorry",
            "kind": "message",
            "message": "Nobody can take your call now. Please call again later. Good-bye.",
        }
    )
    env["telephony.flow.step"].create(
        {
            "flow_id": flow.id,
            "sequence": 10,
            "name": "Support team",
            "kind": "queue",
            "queue_id": queue.id,
            "no_answer_step_id": sorry.id,
            "full_step_id": sorry.id,
            "not_available_step_id": sorry.id,
        }
    )
    return flow


main(env)  # noqa: F821 - given by the shell
