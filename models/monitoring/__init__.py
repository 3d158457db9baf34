"""Monitoring: supervisors listen, whisper or barge in."""

# A model is defined before it is extended; the order is that of its overrides.
# isort: off
from . import (
    telephony_call,
    telephony_call_timeline,
)
# isort: on
