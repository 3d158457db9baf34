from . import (
    test_monitor,
)
