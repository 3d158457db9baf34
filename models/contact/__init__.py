"""Contacts: lookup by number, and search."""

# A model is defined before it is extended; the order is that of its overrides.
# isort: off
from . import (
    telephony_contact_number,
    res_partner,
    res_partner_category,
    res_partner_number,
    res_partner_search,
)
# isort: on
