from . import (
    test_agent,
    test_board,
    test_declined,
    test_members,
    test_preferences,
    test_right,
    test_wrap_up,
)
