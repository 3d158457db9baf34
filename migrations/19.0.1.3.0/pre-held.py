"""Rename the times of held calls, and the one deadline of each waiting call."""

from pathlib import Path

from odoo.modules.module import load_script

rename = load_script(str(Path(__file__).with_name("rename.py")), "crm_telephony_rename")


def migrate(cr, version):
    """Rename the times of held calls, and of agents who have to connect.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    rename.rename_field(cr, "telephony.call", "parked_at", "held_at")
    rename.rename_field(cr, "telephony.call", "connect_by", "deadline_at")
