"""Rename ring strategies and the exit *no answer*."""

from pathlib import Path

from odoo.modules.module import load_script
from odoo.tools import sql

rename = load_script(str(Path(__file__).with_name("rename.py")), "crm_telephony_rename")

STEP, QUEUE = "telephony.flow.step", "telephony.queue"


def migrate(cr, version):
    """Rename the fields and values that describe how agents are rung.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    rename.rename_model(cr, "telephony.agent.turn", "telephony.ring.strategy.mixin")
    # Rename the longer name first: constraints are found by the beginning of their names.
    rename.rename_field(cr, STEP, "timeout_step_id", "no_answer_step_id")
    rename.rename_field(cr, STEP, "timeout", "ring_seconds")
    rename.rename_constraint(cr, STEP, "timeout_range", "ring_seconds_range")
    rename.rename_field(cr, STEP, "ring_order", "ring_strategy")
    rename.rename_field(cr, QUEUE, "order", "ring_strategy")
    if sql.column_exists(cr, "telephony_queue", "ring_strategy"):
        # Both values meant the order of the list.
        rename.rename_value(cr, QUEUE, "ring_strategy", "listed", "sequential")
