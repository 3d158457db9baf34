from . import (
    test_card,
    test_follow_up,
)
