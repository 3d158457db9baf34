"""Upgrades from each release to this one, with data in every table.

`released/*.zip` contains the installed files of each release: its Python, data, security and views.
The parts for browsers are left out (`git archive` of the release's commit, with the folders of the
older archive). They are kept here because a shallow clone has no history.

A renamed field, model or XML id belongs into one of the tables below; then every value and every
record must be found under the new name.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pytest

import places
from life import HERE, new_database, unpack

# Odoo installs the addon several times here, on a machine that may be busy.
pytestmark = pytest.mark.timeout(1800)
RELEASED = HERE / "released"
FIRST, SECOND = RELEASES = ("19.0.1.0.0", "19.0.1.1.0")

# === NAMES THAT DIFFER FROM AN OLD RELEASE === #

#: Old to new, as `{"telephony.old": "telephony.new"}`.
MODELS = {
    "telephony.recording.listening": "telephony.recording.access",
}
#: Old to new, with the present name of the model: `{"telephony.new.old": "telephony.new.new"}`.
FIELDS = {
    "res.company.telephony_delete_at_carrier": "res.company.telephony_delete_at_provider",
    "telephony.recording.access.last_part_at": "telephony.recording.access.last_range_at",
    "telephony.call.leg.leaving": "telephony.call.leg.is_leaving",
    "telephony.call.leg.confirmed": "telephony.call.leg.is_confirmed",
    "telephony.call.leg.dismissed": "telephony.call.leg.is_released",
    "telephony.call.leg.answer_told": "telephony.call.leg.is_answer_reported",
    "telephony.call.leg.sequence": "telephony.call.leg.event_sequence",
    "telephony.queue.order": "telephony.queue.ring_strategy",
    "telephony.flow.step.timeout_step_id": "telephony.flow.step.no_answer_step_id",
    "telephony.flow.step.timeout": "telephony.flow.step.ring_seconds",
    "telephony.flow.step.ring_order": "telephony.flow.step.ring_strategy",
    "telephony.call.parked_at": "telephony.call.held_at",
    "telephony.call.connect_by": "telephony.call.deadline_at",
    "telephony.call.callback_requested": "telephony.call.queue_callback_requested",
    "telephony.callback.paid_at": "telephony.callback.done_at",
    "telephony.callback.paid_call_id": "telephony.callback.done_call_id",
    "telephony.callback.seconds_to_pay": "telephony.callback.response_seconds",
    "telephony.callback.kept_percent": "telephony.callback.on_time_percent",
}
#: Old value to new one, by the old name of the field: `{"telephony.old.state": {"old": "new"}}`.
VALUES = {
    "telephony.transfer.state": {"merged": "conference"},
    "telephony.transfer.mode": {"add": "conference"},
    "telephony.queue.order": {"listed": "sequential"},
    "telephony.call.outcome": {"callback": "queue_callback"},
    "telephony.callback.kind": {"requested": "queue_callback"},
    "telephony.callback.state": {"paid": "done"},
    # Boxes mean that there is no limit.
    "telephony.queue.max_callers": {0: 10},
    "telephony.queue.max_wait": {0: 300},
    # The number is Belgian, and Twilio connects no emergency calls from Belgium.
    "telephony.number.emergency_enabled": {True: False},
    # A menu asks at least once.
    "telephony.flow.step.repeat": {0: 1},
}
#: Old to new, as `{"old_view_form": "new_view_form"}`.
IDENTIFIERS = {
    "model_telephony_agent_turn": "model_telephony_ring_strategy_mixin",
    "model_telephony_recording_listening": "model_telephony_recording_access",
    "access_telephony_recording_listening_user": "access_telephony_recording_access_user",
    "telephony_recording_listening_rule_all": "telephony_recording_access_rule_all",
    "telephony_recording_listening_rule_own": "telephony_recording_access_rule_own",
    "telephony_recording_listening_rule_company": "telephony_recording_access_rule_company",
    "field_telephony_call__parked_at": "field_telephony_call__held_at",
    "field_telephony_call__connect_by": "field_telephony_call__deadline_at",
    "ir_cron_call_back": "ir_cron_queue_callbacks",
    "selection__telephony_callback__state__paid": "selection__telephony_callback__state__done",
    "field_telephony_call__callback_requested": "field_telephony_call__queue_callback_requested",
    "field_telephony_callback__paid_at": "field_telephony_callback__done_at",
    "field_telephony_callback__paid_call_id": "field_telephony_callback__done_call_id",
    "field_telephony_callback__seconds_to_pay": "field_telephony_callback__response_seconds",
    "field_telephony_callback__kept_percent": "field_telephony_callback__on_time_percent",
}
#: Fields whose values are removed on purpose.
REMOVED = {
    # One of the standard sentences replaces it, in each language: telephony.sentence.
    "res.company.telephony_announcement",
    # The United States are the only region, see docs/decisions/0013-one-region.md.
    "telephony.account.region",
    # A row replaces them: telephony.queue.callback.
    "telephony.call.callback_of_id",
    "telephony.call.callback_attempt",
    "telephony.call.callback_at",
    # Its lines are rows: telephony.call.timeline.
    "telephony.call.trace",
    # A time replaces it: telephony.recording.deleted_at_provider.
    "telephony.recording.deleted_at_carrier",
    # The audio library has them: telephony.sound.
    "telephony.flow.step.audio",
    "telephony.flow.step.audio_name",
    "telephony.queue.music",
    "telephony.queue.music_name",
    # They are counted in the ledger of dialed legs.
    "telephony.caller.id.attempt_count",
    "telephony.caller.id.attempts_since",
}
#: A timeline as old releases wrote it: one of its calls lasted past midnight.
TIMELINE = """09:00:01 Call to Kept.
23:59:58 Ringing Kept User
and others.
00:00:10 Kept User answered.
not a line of ours
"""
#: Calls of a customer who waits for two queue callbacks: an earlier release could create both.
PLACES = """
    INSERT INTO telephony_call
    SELECT (jsonb_populate_record(call, jsonb_build_object(
               'uuid', 'place-' || place.id, 'note', NULL, 'message_id', NULL, 'trace', NULL,
               'provider_call_id', NULL, 'user_id', NULL, 'answered_at', NULL, 'duration', 0,
               'customer_number', '+32470111333', 'callback_at', NULL, 'callback_attempt', 1,
               'callback_id', NULL
           ) || to_jsonb(place))).*
      FROM telephony_call AS call, (VALUES
               (9001, 'incoming', 'ended', 'callback', NULL),
               (9002, 'incoming', 'ended', 'callback', NULL),
               (9003, 'outgoing', 'queued', NULL, 9001),
               (9004, 'outgoing', 'ended', 'no_answer', 9002),
               (9005, 'outgoing', 'queued', NULL, 9002)
           ) AS place(id, direction, state, outcome, callback_of_id)
"""
#: Fields whose values an upgrade may rewrite.
REWRITTEN = {"write_date", "write_uid"}


@pytest.fixture(scope="module")
def lives(addons, tmp_path_factory):
    """Return the upgraded databases by release, and a fresh one under None; created in parallel."""
    with (
        new_database(f"telephony_fresh_{os.getpid()}") as fresh,
        new_database(f"telephony_upgrade_0_{os.getpid()}") as first,
        new_database(f"telephony_upgrade_1_{os.getpid()}") as second,
        ThreadPoolExecutor(2) as pool,
    ):
        made = dict(zip(RELEASES, (first, second), strict=True))
        works = [
            pool.submit(age, life, release, addons, tmp_path_factory.mktemp(release))
            for release, life in made.items()
        ]
        works.append(
            pool.submit(fresh.odoo, "-i", places.ADDON, log="upgrade-fresh.log", path=addons)
        )
        for work in works:
            work.result()
        yield {**made, None: fresh}


def age(life, release, addons, folder):
    """Install a release, write records, and upgrade to the present code.

    :param Life life: the database
    :param str release: its version
    :param str addons: addons path of the present code
    :param Path folder: folder of the unpacked release
    """
    old = unpack(RELEASED / f"crm_telephony-{release}.zip", folder)
    log = f"upgrade-{release}"
    life.odoo("-i", places.ADDON, log=f"{log}-install.log", path=old)
    life.add_records(RELEASED / "fill.py", log=f"{log}-records.log", path=old)
    if release == FIRST:
        # Values that the first release allowed, and later ones write in another form.
        life.all("UPDATE telephony_queue SET max_callers = 0, max_wait = 0")
        life.all("UPDATE telephony_flow_step SET repeat = 0 WHERE kind = 'menu'")
        life.all("UPDATE telephony_recording SET deleted_at_carrier = TRUE")
        life.all("UPDATE telephony_call SET trace = %s", TIMELINE)
    else:
        # The first release had no queue callbacks.
        life.all(PLACES)
    life.before = (life.values(), life.identifiers())
    life.odoo("-u", places.ADDON, log=f"{log}-upgrade.log", path=addons)


@pytest.fixture(params=RELEASES)
def life(lives, request):
    """Return a database that was created by a release and upgraded to this one."""
    return lives[request.param]


@pytest.fixture
def first_life(lives):
    """Return the database that was created by the first release."""
    return lives[FIRST]


@pytest.fixture
def second_life(lives):
    """Return the database that was created by the second release."""
    return lives[SECOND]


def rename_field(name):
    """Return the present name of a field, as `telephony.call.note`."""
    model, _, field = name.rpartition(".")
    name = f"{MODELS.get(model, model)}.{field}"
    return FIELDS.get(name, name)


# === NOTHING IS LOST === #


def test_every_column_of_a_release_was_tried(life):
    """Every column has a value, because an empty one would prove nothing."""
    values, _identifiers = life.before
    empty = {name for name, rows in values.items() if name.startswith("telephony.") and not rows}
    assert empty == set()


def test_every_value_is_kept(life):
    """Each stored field keeps its value in an upgrade, under its present name."""
    values, _identifiers = life.before
    now, lost = life.values(), []
    for name, rows in values.items():
        if name in REMOVED or name.rpartition(".")[2] in REWRITTEN:
            continue
        found, changed = now.get(rename_field(name), {}), VALUES.get(name)
        lost += [
            (name, record, value, found.get(record))
            for record, value in rows.items()
            if found.get(record) != (changed.get(value, value) if changed else value)
        ]
    assert lost == []


def test_removed_fields_are_gone(life):
    assert REMOVED & life.values().keys() == set()


def test_every_identifier_names_the_same_record(life, lives):
    """Records with an XML id are kept, not recreated, and every id leads to a record."""
    _values, before = life.before
    now, wanted = life.identifiers(), lives[None].identifiers()
    changed = {
        name: (record, now.get(IDENTIFIERS.get(name, name)))
        for name, (model, record) in before.items()
        if IDENTIFIERS.get(name, name) in wanted
        and now.get(IDENTIFIERS.get(name, name)) != (MODELS.get(model, model), record)
    }
    assert changed == {}
    tables = {}
    for name, (model, record) in now.items():
        tables.setdefault(model, {})[record] = name
    dangling = [
        name
        for model, names in tables.items()
        for record, name in names.items()
        if record not in get_ids(life, model)
    ]
    assert dangling == []


def get_ids(life, model):
    """Return the identifiers of all records of a model."""
    table = {
        "ir.actions.act_window": "ir_act_window",
        "ir.actions.server": "ir_act_server",
        "ir.actions.client": "ir_act_client",
        "ir.actions.report": "ir_act_report_xml",
        "ir.actions.act_url": "ir_act_url",
    }.get(model, model.replace(".", "_"))
    return {record for [record] in life.all(f"SELECT id FROM {table}")}


def test_rows_of_other_addons_speak_of_present_models(life):
    present = {model for [model] in life.all("SELECT model FROM ir_model")}
    assert life.speakers() - present == set()


# === VALUES IN ANOTHER FORM === #


def test_version_is_the_new_one(life):
    version = life.one("SELECT latest_version FROM ir_module_module WHERE name = 'crm_telephony'")
    assert version not in RELEASES


def test_call_is_kept(life):
    [call] = life.all(
        "SELECT outcome, duration, note, customer_number, message_id IS NOT NULL,"
        " partner_id IS NOT NULL, user_id IS NOT NULL FROM telephony_call WHERE id < 9000"
    )
    assert call == ("answered", 120, "Wants desks.", "+32470111222", True, True, True)
    legs = life.all("SELECT role, status FROM telephony_call_leg ORDER BY id")
    assert legs == [("customer", "ended"), ("agent", "ended")]


def test_attempt_that_called_back_refers_to_a_row(second_life):
    [row] = second_life.all(
        "SELECT queue_callback.state, queue_callback.attempt_count > 0,"
        " queue_callback.origin_id = call.id, queue_callback.customer_number = call.customer_number"
        " FROM telephony_call AS call JOIN telephony_queue_callback AS queue_callback"
        " ON queue_callback.id = call.queue_callback_id WHERE call.id < 9000"
    )
    assert row == ("done", True, True, True)


def test_places_of_one_customer_are_one_queue_callback(second_life):
    """The customer is called once, and all attempts belong to the request that came first."""
    rows = second_life.all(
        "SELECT state, origin_id, closed_at IS NULL,"
        " (SELECT array_agg(id ORDER BY id) FROM telephony_call AS call"
        "   WHERE call.queue_callback_id = queue_callback.id)"
        " FROM telephony_queue_callback AS queue_callback WHERE customer_number = '+32470111333'"
    )
    assert rows == [("open", 9001, True, [9003, 9004, 9005])]


def test_lines_of_the_timeline_are_rows(first_life):
    """Each line keeps its words and its time, beyond midnight too."""
    rows = first_life.all(
        "SELECT at::text, code, values->>'text' FROM telephony_call_timeline ORDER BY id"
    )
    assert rows == [
        ("2026-11-20 09:00:01", "text", "Call to Kept."),
        ("2026-11-20 23:59:58", "text", "Ringing Kept User"),
        ("2026-11-20 23:59:58", "text", "and others."),
        ("2026-11-21 00:00:10", "text", "Kept User answered."),
        ("2026-11-21 00:00:10", "text", "not a line of ours"),
    ]


def test_people_and_flows_are_kept(first_life):
    [agent] = first_life.all(
        "SELECT call_via, phone_number, allow_caller_id, status FROM telephony_agent"
        " WHERE phone_number IS NOT NULL"
    )
    assert agent == ("phone", "+32470999999", True, "offline")
    steps = first_life.all(
        "SELECT name, kind, repeat FROM telephony_flow_step WHERE name LIKE 'Kept%' ORDER BY id"
    )
    assert steps == [("Kept Wait", "queue", 2), ("Kept Menu", "menu", 1)]
    assert first_life.one("SELECT count(*) FROM telephony_flow_key") == 1
    assert first_life.one("SELECT auth_token FROM telephony_account WHERE name = 'Kept'") == "kept"


def test_queue_without_limits_stays_without(first_life):
    [queue] = first_life.all(
        "SELECT limit_callers, limit_wait, max_callers, max_wait, service_level_goal"
        " FROM telephony_queue WHERE name = 'Kept'"
    )
    assert queue == (False, False, 10, 300, 80)


def test_files_of_steps_and_queues_are_in_the_library(life):
    """Each file is the sound of the same step or queue, with its name."""
    rows = life.all(
        "SELECT sound.id, sound.name, sound.kind, file.checksum"
        "  FROM telephony_sound AS sound JOIN ir_attachment AS file ON file.res_id = sound.id"
        "   AND file.res_model = 'telephony.sound' AND file.res_field = 'content'"
        # The upgrade adds the sound of the demonstration data.
        " WHERE sound.id NOT IN (SELECT res_id FROM ir_model_data WHERE model = 'telephony.sound')"
    )
    sounds = {sound: (name, kind, checksum) for sound, name, kind, checksum in rows}
    values, _identifiers = life.before
    files = values["telephony.flow.step.audio"] | values["telephony.queue.music"]
    assert len(sounds) == 2
    assert {checksum for _name, _kind, checksum in sounds.values()} == set(files.values())
    [step] = life.all(
        "SELECT flow.name || ' › ' || step.name, step.sound_id FROM telephony_flow_step AS step"
        " JOIN telephony_flow AS flow ON flow.id = step.flow_id WHERE step.sound_id IS NOT NULL"
    )
    [queue] = life.all(
        "SELECT name, music_sound_id FROM telephony_queue WHERE music_sound_id IS NOT NULL"
    )
    assert {(name, sounds[sound][0]) for name, sound in (step, queue)} == {
        (step[0], step[0]),
        (queue[0], queue[0]),
    }


def test_recording_is_kept_and_out_of_reach(first_life):
    """Its file belongs to a field from now on, so that it is not read without an access row."""
    [recording] = first_life.all(
        "SELECT recording.state, recording.deleted_at_provider IS NOT NULL, file.res_field,"
        " file.file_size FROM telephony_recording AS recording"
        " JOIN ir_attachment AS file ON file.id = recording.attachment_id"
    )
    assert recording == ("stored", True, "attachment_id", len(b"RIFF kept"))
    [heard] = first_life.all("SELECT heard_at, last_range_at FROM telephony_recording_access")
    assert heard[0] == heard[1]
    # An upgrade deletes nothing that was kept for ever.
    assert first_life.one("SELECT max(telephony_recording_days) FROM res_company") in (0, None)


def test_what_could_be_called_can_be_called(life):
    """An empty list of countries meant all of them; shared-cost numbers were blocked as premium."""
    rules = life.all(
        "SELECT DISTINCT telephony_country_policy, telephony_allow_shared_cost,"
        " coalesce(telephony_allow_unlisted, false) FROM res_company"
    )
    assert rules == [("all", False, False)]


def test_rights_are_those_of_this_release(life):
    """An upgrade does not overwrite rules, so scripts have extended the one that changed."""
    rule = life.one(
        "SELECT domain_force FROM ir_rule JOIN ir_model_data AS data ON data.res_id = ir_rule.id"
        " AND data.model = 'ir.rule' WHERE data.name = 'telephony_call_rule_own'"
    )
    assert "transfer_ids.user_id" in rule
    # Who left a three-way call sees it, too.
    assert "transfer_ids.left_user_id" in rule


def left_out():
    """Return the names of the demonstration's records that an upgrade does not create."""
    records = ElementTree.parse(HERE.parents[1] / "demo/telephony_demo.xml").iter("record")
    is_kept = {}
    for record in records:
        name = record.get("id")
        is_kept[name] = is_kept.get(name, False) or record.get("forcecreate") != "False"
    names = [name for name, kept in is_kept.items() if not kept]
    assert names
    # Odoo names the contact that it creates for a user.
    return {
        ("xml id", f"crm_telephony.{name}{end}") for name in names for end in ("", "_res_partner")
    }


def test_same_tables_as_a_new_installation(life, lives):
    """An upgraded database has exactly the columns, indexes and constraints of a new one."""
    wanted = lives[None].names()
    assert life.names() - wanted == set()
    assert wanted - life.names() - left_out() == set()
