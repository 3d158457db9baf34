from . import (
    test_card,
    test_correction,
    test_follow_up,
    test_logged_call,
)
