"""Rename the fields of legs and recordings, and *carrier* to *provider*."""

from pathlib import Path

from odoo.modules.module import load_script

rename = load_script(str(Path(__file__).with_name("rename.py")), "crm_telephony_rename")

FIELDS = {
    "telephony.call.leg": {
        "sequence": "event_sequence",
        "answer_told": "is_answer_reported",
        "dismissed": "is_released",
        "confirmed": "is_confirmed",
        "leaving": "is_leaving",
    },
    "telephony.call": {"recording_told": "is_announcement_played"},
    "telephony.recording": {"listening_ids": "access_ids"},
    "telephony.recording.listening": {"last_part_at": "last_range_at"},
    "res.company": {"telephony_delete_at_carrier": "telephony_delete_at_provider"},
    "res.config.settings": {"telephony_delete_at_carrier": "telephony_delete_at_provider"},
}


def migrate(cr, version):
    """Rename fields of legs and recordings, and the access log of recordings.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    for model, names in FIELDS.items():
        for old, new in names.items():
            rename.rename_field(cr, model, old, new)
    rename.rename_model(cr, "telephony.recording.listening", "telephony.recording.access")
