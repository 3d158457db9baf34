"""The call itself: legs, events, states, control and reconciliation."""

# A model is defined before it is extended; overrides follow this order.
# isort: off
from . import (
    number_search_mixin,
    revision_mixin,
    telephony_call,
    telephony_call_control,
    telephony_call_crash,
    telephony_call_event,
    telephony_call_leg,
    telephony_call_outgoing,
    telephony_call_quality,
    telephony_call_reconcile,
    telephony_call_report,
    telephony_call_timeline,
    telephony_dialed_leg,
    telephony_speech,
    telephony_sentence,
    telephony_sentence_playback,
    telephony_linked_model,
)
# isort: on
