from . import (
    test_contact_number,
    test_contact_search,
    test_privacy,
)
