"""Agents: rights, availability, leases and wrap-up."""

# A model is defined before it is extended; the order is that of its overrides.
# isort: off
from . import (
    res_users_settings,
    telephony_agent,
    telephony_agent_rpc,
    telephony_agent_lease,
    telephony_agent_access,
    telephony_agent_members,
    telephony_agent_wrap_up,
    telephony_call,
    telephony_call_timeline,
    telephony_sentence,
    telephony_transfer,
)
# isort: on
