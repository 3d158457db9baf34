"""The addon's life in a database: installed, upgraded, uninstalled, and installed again."""

import os

import pytest

import places
from life import HERE, new_database

# Odoo installs the addon several times here, on a machine that may be busy.
pytestmark = pytest.mark.timeout(1800)
#: Remaining data of Odoo's own: the list of apps knows the addon from then on.
KNOWN_NAMES = {("xml id", "base.module_crm_telephony")}
#: Run by `odoo shell` after an upgrade: see own_changes.py.
OWN_CHANGES_WORK = """
call = env["telephony.call"].search([("note", "=", "Wants desks.")])
assert call.x_budget == 500
assert 'name="x_budget"' in call.get_view(view_type="form")["arch"]
runs = env["telephony.rule.run"].search([("rule_name", "=", "Budget rule")])
call.write({"x_budget": 2000})
assert env["telephony.rule.run"].search([("rule_name", "=", "Budget rule")]) - runs
"""


@pytest.fixture(scope="module")
def life():
    """Return a database without the addon."""
    with new_database(f"telephony_package_{os.getpid()}") as made:
        yield made


def chatter(life):
    """Return the messages in the chatter of the records' contact."""
    return life.all(
        "SELECT message.body FROM mail_message AS message JOIN res_partner AS partner"
        " ON message.model = 'res.partner' AND message.res_id = partner.id"
        " WHERE partner.name = 'Kept Caller' ORDER BY message.id"
    )


def test_install_upgrade_uninstall_reinstall(addons, life):
    """The log has nothing above INFO, and an uninstallation leaves the database as it was.

    Fields, views and automation rules of the customer survive an upgrade.
    """
    before = life.names()
    contacts = life.one("SELECT count(*) FROM res_partner")
    users = life.one("SELECT count(*) FROM res_users")
    life.odoo("-i", places.ADDON, "--with-demo", log="package-install.log", path=addons)
    assert life.state() == "installed"
    life.add_records(HERE / "own_changes.py", log="package-records.log", path=addons)
    messages = chatter(life)
    assert any("Wants desks." in body for [body] in messages)

    life.odoo("-u", places.ADDON, log="package-upgrade.log", path=addons)
    assert life.state() == "installed"
    assert life.one("SELECT count(*) FROM telephony_call WHERE note = 'Wants desks.'") == 1
    life.shell(OWN_CHANGES_WORK, log="package-own-changes.log", path=addons)

    life.uninstall(log="package-uninstall.log", path=addons)
    assert life.state() == "uninstalled"
    assert life.names() - before - KNOWN_NAMES == set()
    assert before - life.names() == set()
    assert life.leftovers() == {}
    # Contacts stay, those of the demonstration data included, with their messages.
    assert life.one("SELECT count(*) FROM res_partner") >= contacts
    assert life.one("SELECT count(*) FROM res_users") == users + 1, "one is of the records"
    assert life.one("SELECT phone FROM res_partner WHERE name = 'Kept Caller'") == "+32470111222"
    assert chatter(life) == messages, "what was said stays with the contact"

    # Odoo still starts without the addon's files.
    without = ",".join(addons.split(",")[:-1])
    life.odoo(log="package-after.log", path=without or None)

    life.odoo("-i", places.ADDON, log="package-again.log", path=addons)
    assert life.state() == "installed"
    assert life.one("SELECT count(*) FROM telephony_call WHERE note = 'Wants desks.'") == 0
