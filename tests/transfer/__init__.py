from . import (
    test_consult,
    test_transfer,
)
