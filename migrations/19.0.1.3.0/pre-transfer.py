"""Rename the mode and the state of three-way calls to `conference`."""

from pathlib import Path

from odoo.modules.module import load_script

rename = load_script(str(Path(__file__).with_name("rename.py")), "crm_telephony_rename")


def migrate(cr, version):
    """Rename the mode and the state of three-way calls.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    rename.rename_value(cr, "telephony.transfer", "mode", "add", "conference")
    rename.rename_value(cr, "telephony.transfer", "state", "merged", "conference")
