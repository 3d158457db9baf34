from . import (
    test_contact_search,
    test_privacy,
)
