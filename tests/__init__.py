from . import (
    test_admin_account,
    test_admin_diagnosis,
    test_admin_numbers,
    test_flow,
    test_incoming,
    test_queue,
    test_voicemail,
)
