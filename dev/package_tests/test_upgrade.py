"""From the first release to this one, with data in it.

`released/crm_telephony-19.0.1.0.0.zip` is what the first complete state of the addon installs: its
Python, data, security and views, without the parts that only a browser needs. It is kept here
because a shallow clone has no history.
"""

import os

import places
import pytest
from life import HERE, new_database, unpack

# Odoo installs the addon several times here, on a machine that may be busy.
pytestmark = pytest.mark.timeout(1800)
FIRST = HERE / "released/crm_telephony-19.0.1.0.0.zip"


@pytest.fixture(scope="module")
def life(addons, tmp_path_factory):
    """Return a database that was made by the first release and upgraded to this one."""
    old = unpack(FIRST, tmp_path_factory.mktemp("first"))
    with new_database(f"telephony_upgrade_{os.getpid()}") as made:
        made.odoo("-i", places.ADDON, log="upgrade-install.log", path=old)
        made.add_records(log="upgrade-records.log", path=old)
        # What the first release allowed, and this one writes in another way.
        made.all("UPDATE telephony_queue SET max_callers = 0, max_wait = 0")
        made.all("UPDATE telephony_flow_step SET repeat = 0 WHERE kind = 'menu'")
        made.all("UPDATE telephony_recording SET deleted_at_carrier = TRUE")
        made.odoo("-u", places.ADDON, log="upgrade-upgrade.log", path=addons)
        yield made


def test_version_is_the_new_one(life):
    version = life.one("SELECT latest_version FROM ir_module_module WHERE name = 'crm_telephony'")
    assert version != "19.0.1.0.0"


def test_call_is_kept(life):
    [call] = life.all(
        "SELECT outcome, duration, note, customer_number, message_id IS NOT NULL,"
        " partner_id IS NOT NULL, user_id IS NOT NULL FROM telephony_call"
    )
    assert call == ("answered", 120, "Wants desks.", "+32470111222", True, True, True)
    legs = life.all("SELECT role, status FROM telephony_call_leg ORDER BY id")
    assert legs == [("customer", "ended"), ("agent", "ended")]


def test_people_and_flows_are_kept(life):
    [agent] = life.all(
        "SELECT call_via, phone_number, allow_caller_id, status FROM telephony_agent"
        " WHERE phone_number IS NOT NULL"
    )
    assert agent == ("phone", "+32470999999", True, "offline")
    steps = life.all(
        "SELECT name, kind, repeat FROM telephony_flow_step WHERE name LIKE 'Kept%' ORDER BY id"
    )
    assert steps == [("Kept Wait", "queue", 2), ("Kept Menu", "menu", 1)]
    assert life.one("SELECT count(*) FROM telephony_flow_key") == 1
    assert life.one("SELECT auth_token FROM telephony_account WHERE name = 'Kept'") == "kept"


def test_queue_without_limits_stays_without(life):
    [queue] = life.all(
        "SELECT limit_callers, limit_wait, max_callers, max_wait, service_level_goal"
        " FROM telephony_queue WHERE name = 'Kept'"
    )
    assert queue == (False, False, 10, 300, 80)


def test_recording_is_kept_and_out_of_reach(life):
    """Its file belongs to a field from now on, so that nobody reads it past the list of hearers."""
    [recording] = life.all(
        "SELECT recording.state, recording.deleted_at_provider IS NOT NULL, file.res_field,"
        " file.file_size FROM telephony_recording AS recording"
        " JOIN ir_attachment AS file ON file.id = recording.attachment_id"
    )
    assert recording == ("stored", True, "attachment_id", len(b"RIFF kept"))
    [heard] = life.all("SELECT heard_at, last_part_at FROM telephony_recording_listening")
    assert heard[0] == heard[1]
    # Nothing that was kept for ever is deleted because of an upgrade.
    assert life.one("SELECT max(telephony_recording_days) FROM res_company") in (0, None)


def test_what_could_be_called_can_be_called(life):
    """An empty list of countries meant all of them; shared-cost numbers were blocked as premium."""
    rules = life.all(
        "SELECT DISTINCT telephony_country_policy, telephony_allow_shared_cost,"
        " coalesce(telephony_allow_unlisted, false) FROM res_company"
    )
    assert rules == [("all", False, False)]


def test_rights_are_those_of_this_release(life):
    """Rules are not overwritten by an upgrade, so a script has extended the one that changed."""
    rule = life.one(
        "SELECT domain_force FROM ir_rule JOIN ir_model_data AS data ON data.res_id = ir_rule.id"
        " AND data.model = 'ir.rule' WHERE data.name = 'telephony_call_rule_own'"
    )
    assert "transfer_ids.user_id" in rule


def test_same_tables_as_a_new_installation(life, addons):
    """An upgraded database has the columns, indexes and constraints of a new one, and no more."""
    with new_database(f"telephony_fresh_{os.getpid()}") as fresh:
        fresh.odoo("-i", places.ADDON, log="upgrade-fresh.log", path=addons)
        wanted = fresh.names()
    assert life.names() - wanted == set()
    assert wanted - life.names() == set()
