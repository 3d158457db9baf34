"""Make a fresh database ready to call, through the addon's own screens' methods.

Run by `odoo shell`, with `env` defined. Safe to run again: the emulator forgets everything when it
stops, so the account is connected anew at every start.
"""

import os

EMULATOR_PORT = os.environ.get("TELEPHONY_EMULATOR_PORT", "8090")
HTTP_PORT = os.environ.get("TELEPHONY_HTTP_PORT", "8069")
# The emulator's well-known development account (dev/twilio_emulator/defaults.py).
ACCOUNT_SID = "AC" + "e" * 32
AUTH_TOKEN = "e" * 32


def main(env):
    env = env(context={**env.context, "lang": "en_US"})
    users = env.ref("base.user_admin") | env["res.users"].search([("login", "=", "demo")])
    company = env.ref("base.main_company")
    values = {
        "name": "Twilio emulator",
        "company_id": company.id,
        "account_sid": ACCOUNT_SID,
        "auth_token": AUTH_TOKEN,
        "webhook_base_url": f"http://127.0.0.1:{HTTP_PORT}",
        "api_base_url": f"http://127.0.0.1:{EMULATOR_PORT}",
        "voice_gateway": f"localhost:{EMULATOR_PORT}",
        "voice_sdk_url": f"http://localhost:{EMULATOR_PORT}/sdk/twilio.js",
        # What the emulator made before it was stopped is gone.
        "api_key_sid": False,
        "api_key_secret": False,
        "twiml_app_sid": False,
    }
    account = env["telephony.account"].search([("account_sid", "=", ACCOUNT_SID)])
    if account:
        account.write(values)
    else:
        account = env["telephony.account"].create(values)
    account.action_connect()
    agents = env["telephony.agent"]
    for user in users:
        agents |= agents.search(
            [("user_id", "=", user.id), ("company_id", "=", company.id)]
        ) or agents.create({"user_id": user.id, "company_id": company.id})
    flow = env.ref("crm_telephony.flow_ring", raise_if_not_found=False)
    for number in account.number_ids:
        if not number.agent_ids:
            number.agent_ids = agents
        if not number.flow_id and flow:
            number.flow_id = flow
    env.cr.commit()


main(env)  # noqa: F821 - given by the shell
