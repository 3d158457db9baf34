"""pytest plugin: make the records of the Odoo tests once, not once for each class.

The classes change them in transactions that are never committed. The database belongs to this run,
and is removed after it.
"""

import pytest


@pytest.fixture(scope="session", autouse=True)
def world(load_registry, request):
    """Make the records, and commit them."""
    parents = {parent for item in request.session.items for parent in item.cls.__mro__}
    for parent in parents:
        if "make_for_all" in vars(parent):
            from odoo.modules.registry import Registry
            from odoo.tests import get_db_name

            with Registry(get_db_name()).cursor() as cr:
                parent.make_for_all(cr)
