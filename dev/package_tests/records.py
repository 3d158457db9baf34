"""One record of every kind that users keep. Run by `odoo shell`, in every release of the addon.

The test itself writes records that only some releases know.
"""

from datetime import datetime

from odoo import Command

BEGIN, END = datetime(2026, 11, 20, 9), datetime(2026, 11, 20, 9, 2)
NUMBER = "+32470111222"


def main(env):
    """Write an account, an agent, a flow, a queue, and a call with its legs and a message."""
    # Its telephones are Belgian; the company is in the country of the demonstration data.
    if "telephony_country_policy" in env.company._fields:
        env.company.telephony_country_policy = "all"
    user = env["res.users"].create(
        {
            "name": "Kept User",
            "login": "kept",
            "group_ids": [Command.link(env.ref("crm_telephony.group_user").id)],
        }
    )
    agent = env["telephony.agent"].create(
        {
            "user_id": user.id,
            "call_via": "phone",
            "phone_number": "+32470999999",
            "allow_caller_id": True,
        }
    )
    account = env["telephony.account"].create(
        {
            "name": "Kept",
            "account_sid": "AC" + "1" * 32,
            "auth_token": "kept",
        }
    )
    number = env["telephony.number"].create(
        {
            "name": "Kept",
            "number": "+3225550199",
            "account_id": account.id,
            "flow_id": make_flow(env, agent).id,
            "agent_ids": [Command.set(agent.ids)],
        }
    )
    call = make_call(env, number, user)
    make_message(env, call)
    call._post_log()
    env.cr.commit()


def make_flow(env, agent):
    """Return a flow whose callers wait in a queue, with a menu."""
    queue = env["telephony.queue"].create(
        {
            "name": "Kept",
            "agent_ids": [Command.set(agent.ids)],
        }
    )
    flow = env["telephony.flow"].create({"name": "Kept"})
    step = env["telephony.flow.step"].create(
        {
            "flow_id": flow.id,
            "name": "Kept Wait",
            "kind": "queue",
            "queue_id": queue.id,
        }
    )
    env["telephony.flow.step"].create(
        {
            "flow_id": flow.id,
            "name": "Kept Menu",
            "kind": "menu",
            "message": "Press 1.",
            "key_ids": [Command.create({"key": "1", "label": "Wait", "target_step_id": step.id})],
        }
    )
    return flow


def make_call(env, number, user):
    """Return an ended conversation."""
    partner = env["res.partner"].create({"name": "Kept Caller", "phone": NUMBER})
    legs = [
        {"role": "customer", "label": "customer", "provider_leg_id": f"CA{1:032x}"},
        {"role": "agent", "label": "agent", "provider_leg_id": f"CA{2:032x}", "user_id": user.id},
    ]
    return env["telephony.call"].create(
        {
            "account_id": number.account_id.id,
            "number_id": number.id,
            "direction": "incoming",
            "from_number": NUMBER,
            "to_number": number.number,
            "customer_number": NUMBER,
            "partner_id": partner.id,
            "user_id": user.id,
            "state": "ended",
            "outcome": "answered",
            "started_at": BEGIN,
            "answered_at": BEGIN,
            "ended_at": END,
            "duration": 120,
            "note": "Wants desks.",
            "leg_ids": [
                Command.create(
                    {
                        "account_id": number.account_id.id,
                        "status": "ended",
                        "answered_at": BEGIN,
                        "ended_at": END,
                        **leg,
                    }
                )
                for leg in legs
            ],
        }
    )


def make_message(env, call):
    """Write a voicemail with its sound, and an access to it."""
    recording = env["telephony.recording"].create(
        {
            "call_id": call.id,
            "account_id": call.account_id.id,
            "kind": "voicemail",
            "state": "stored",
            "provider_recording_id": "RE" + "1" * 32,
            "recorded_at": END,
            "duration": 4,
        }
    )
    recording.attachment_id = env["ir.attachment"].create(
        {
            "name": "recording.wav",
            "raw": b"RIFF kept",
            "mimetype": "audio/wav",
            "res_model": "telephony.recording",
            "res_id": recording.id,
        }
    )
    # It had another name in the first releases.
    heard = "telephony.recording.access"
    if heard not in env:
        heard = "telephony.recording.listening"
    env[heard].create(
        {
            "recording_id": recording.id,
            "user_id": call.user_id.id,
            "heard_at": END,
        }
    )


main(env)  # noqa: F821  # given by the shell
