from . import (
    test_bad_input,
    test_card,
    test_correction,
    test_follow_up,
    test_logged_call,
)
