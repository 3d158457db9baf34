"""Rename callbacks (open, done, canceled) and queue callbacks (a caller keeps the place)."""

from pathlib import Path

from odoo.modules.module import load_script

rename = load_script(str(Path(__file__).with_name("rename.py")), "crm_telephony_rename")

CALL, CALLBACK = "telephony.call", "telephony.callback"
FIELDS = {
    CALL: {
        "callback_requested": "queue_callback_requested",
    },
    CALLBACK: {
        "paid_at": "done_at",
        "paid_call_id": "done_call_id",
        "seconds_to_pay": "response_seconds",
        "kept_percent": "on_time_percent",
    },
}
VALUES = (
    (CALL, "outcome", "callback", "queue_callback"),
    ("telephony.call.report", "outcome", "callback", "queue_callback"),
    ("telephony.dialed.leg", "kind", "callback", "queue_callback"),
    (CALLBACK, "kind", "requested", "queue_callback"),
    (CALLBACK, "state", "paid", "done"),
)
JOB = ("ir_cron_call_back", "ir_cron_queue_callbacks")
METHOD = ("model._cron_call_back()", "model._cron_dispatch_queue_callbacks()")


def migrate(cr, version):
    """Rename the fields and values of callbacks, and the job of queue callbacks.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    for model, names in FIELDS.items():
        for old, new in names.items():
            rename.rename_field(cr, model, old, new)
    for model, field, old, new in VALUES:
        rename.rename_value(cr, model, field, old, new)
    # An upgrade does not overwrite jobs.
    rename.rename_xmlids(cr, *JOB)
    cr.execute("UPDATE ir_act_server SET code = %s WHERE code = %s", METHOD[::-1])
