"""Sentences of callbacks in the timeline of a call."""

from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS = {
    "queue_callback_requested": _lt("The caller requested a callback."),
    "queue_callback_waiting": _lt(
        "Keeping a place in “%(queue)s” for a caller who requested a callback."
    ),
    "customer_reached": _lt("Someone has spoken with the customer in the meantime."),
    "queue_callback_canceled": _lt("The queue callback was canceled."),
    "queue_callback_expired": _lt("The customer could not be called back in time."),
}


class TelephonyCallTimeline(models.Model):
    _inherit = "telephony.call.timeline"

    @api.model
    def _get_texts(self):
        return {**super()._get_texts(), **TEXTS}
