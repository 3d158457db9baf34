"""Contacts: lookup by number, and search."""

# A model is defined before it is extended; the order is that of its overrides.
# isort: off
from . import (
    res_partner,
    res_partner_category,
    res_partner_search,
)
# isort: on
