"""Transfers: blind, after a consultation, and three-way calls."""

# A model is defined before it is extended; the order is that of its overrides.
# isort: off
from . import (
    telephony_transfer,
    telephony_call,
    telephony_call_timeline,
)
# isort: on
