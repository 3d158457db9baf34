"""The account at the provider: numbers, caller IDs, health, requests."""

# A model is defined before it is extended; overrides follow this order.
# isort: off
from . import (
    telephony_account,
    telephony_account_diagnosis,
    telephony_account_health,
    telephony_account_numbers,
    telephony_account_setup,
    telephony_account_plan,
    telephony_account_disconnect,
    telephony_account_start,
    telephony_account_get_started,
    telephony_test_call,
    telephony_number,
    telephony_caller_id,
    telephony_leg_price,
)
# isort: on
