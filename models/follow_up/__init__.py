"""After a call: log, linked records, corrections, follow-ups, purposes and dispositions."""

# A model is defined before it is extended; the order is that of its overrides.
# isort: off
from . import (
    choice_mixin,
    customer_mixin,
    mail_thread,
    ir_model,
    crm_lead,
    mail_activity,
    telephony_call,
    telephony_call_purpose,
    telephony_call_tag,
    telephony_disposition,
)
# isort: on
