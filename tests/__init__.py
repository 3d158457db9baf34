from . import (
    test_admin_account,
    test_admin_diagnosis,
    test_admin_numbers,
    test_caller_id,
    test_flow,
    test_follow_up,
    test_incoming,
    test_outgoing,
    test_permutations,
    test_phone,
    test_queue,
    test_voicemail,
)
