from . import (
    test_admin_account,
    test_admin_diagnosis,
    test_admin_numbers,
    test_caller_id,
    test_edge,
    test_first_connection,
    test_health,
    test_leg_price,
    test_plan,
    test_provider,
    test_slow_provider,
)
