"""Recordings and voicemails: when they are made, where they are stored, who may listen."""

# A model is defined before it is extended; the order is that of its overrides.
# isort: off
from . import (
    ir_attachment,
    telephony_account_recording,
    telephony_call,
    telephony_flow_step,
    telephony_number,
    telephony_recording,
    telephony_recording_archive,
    telephony_recording_access,
    telephony_recording_control,
    telephony_call_timeline,
    telephony_speech,
    telephony_sentence,
)
# isort: on
