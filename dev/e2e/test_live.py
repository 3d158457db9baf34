"""The conversations of ``dev/live`` through Odoo, with the emulator in place of the account."""

from harness.emulator import SALES
from live_lib.account import Account
from live_lib.conversations import STEPS, Conversations
from live_lib.listener import Listener
from live_lib.phones import EmulatedPhone
from live_lib.shapes import Shapes
from twilio_emulator import defaults

_POINT = """
account = env["telephony.account"].search([("account_sid", "=", "{}")])
account.webhook_base_url = "{}"
account.action_connect()
env.cr.commit()
"""


def test_conversations_are_held_and_their_webhooks_read(
    world, agent, customers, browsers, arrange, sessions
):
    customer = customers("Lena Martens")
    admin = agent("admin")
    arrange.agent(sessions["admin"], allow_caller_id=True)
    arrange.write("telephony.number", arrange.number_id(), recording_mode="agent")
    shapes = Shapes()
    listener = Listener("", 0, shapes, world.server.url)
    listener.auth_tokens.append(defaults.AUTH_TOKEN)
    world.server.shell(_POINT.format(defaults.ACCOUNT_SID, listener.public))
    account = Account(
        defaults.ACCOUNT_SID, defaults.AUTH_TOKEN, SALES, world.emulator.url, shapes, []
    )
    phone = EmulatedPhone(world.emulator.url, customer.number)
    rpc = world.server.rpc("admin")
    talks = Conversations(rpc, browsers(admin.hz), phone, account, listener)
    try:
        results = {name: talks.hold(name) for name, _how in STEPS}
    finally:
        talks.close()
        account.remove_all()
        world.server.shell(
            _POINT.format(defaults.ACCOUNT_SID, f"http://127.0.0.1:{world.server.http_port}")
        )
        listener.close()
    assert results == {name: "held" for name, _how in STEPS}
    assert not listener.unsigned
    kinds = {kind.removeprefix("webhook ").split()[0] for kind in shapes.kinds}
    assert kinds >= {"document", "status", "conference", "recording", "verification", "queue"}
