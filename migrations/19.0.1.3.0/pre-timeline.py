"""Rename the timeline of a call in exports and expressions. Its lines become rows afterwards."""

from pathlib import Path

from odoo.modules.module import load_script

rename = load_script(str(Path(__file__).with_name("rename.py")), "crm_telephony_rename")


def migrate(cr, version):
    """Rename the timeline.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    rename.rename_field(cr, "telephony.call", "trace", "timeline")
