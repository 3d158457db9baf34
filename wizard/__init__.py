from . import (
    base_module_uninstall,
    mixin,
    telephony_account_credentials,
    telephony_account_disconnect,
    telephony_agent_add,
    telephony_call_log,
    telephony_callback_cancel,
    telephony_diagnosis,
    telephony_erasure,
    telephony_number_release,
    telephony_number_search,
)
