from . import (
    test_incoming,
)
