"""Callbacks owed to callers, and queue callbacks requested by them."""

# A model is defined before it is extended; the order is that of its overrides.
# isort: off
from . import (
    telephony_callback,
    telephony_callback_activity,
    telephony_queue_callback,
    telephony_call,
    telephony_call_timeline,
    telephony_speech,
    telephony_sentence,
)
# isort: on
