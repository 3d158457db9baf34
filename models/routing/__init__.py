"""Routing of incoming calls: flows, queues, offers and blocked numbers."""

# A model is defined before it is extended; the order is that of its overrides.
# isort: off
from . import (
    ring_strategy_mixin,
    telephony_blocked_number,
    telephony_call,
    telephony_sound,
    telephony_flow,
    telephony_flow_check,
    telephony_flow_step,
    telephony_flow_step_check,
    telephony_flow_step_condition,
    telephony_flow_step_engine,
    telephony_flow_template,
    telephony_offer,
    telephony_queue,
    telephony_flow_editor,
    telephony_flow_simulation,
    telephony_queue_board,
    telephony_call_timeline,
    telephony_speech,
    telephony_sentence,
)
# isort: on
