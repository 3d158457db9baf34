"""pytest plugin: skip Odoo's own tests that fail here with and without this addon."""

#: Name of a test -> reason why it is irrelevant to the addon.
LEFT_OUT = {
    # These compare HTML with that of another version of the parser: an outer <span> is added.
    "test_lead_merge_address_not_propagated": "HTML of another lxml",
    "test_lead_merge_address_propagated": "HTML of another lxml",
    "test_lead_merge_internals": "HTML of another lxml",
    "test_merge_method": "HTML of another lxml",
    "test_message_update_guest_as_owner": "HTML of another lxml",
    "test_message_update_public_channel": "HTML of another lxml",
    "test_merge_method_propagate_lost_reason": "HTML of another lxml",
    "test_qweb_regex_rendering": "HTML of another lxml",
    # These expect a database without demonstration data.
    "test_mail_template_acl": "demonstration data",
    "test_log_portal_group": "demonstration data",
    # Odoo itself skips this one where other addons are installed.
    "test_create_portal_user": "left out by Odoo",
    # These count every query of Odoo's own build; 554 of 552 without the addon, too.
    "test_assign_perf_no_duplicates": "counts queries",
    "test_assign_perf_populated": "counts queries",
}


def pytest_collection_modifyitems(config, items):
    """Skip the tests, and show the reason in the summary."""
    left_out = [item for item in items if item.name in LEFT_OUT]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item.name not in LEFT_OUT]
