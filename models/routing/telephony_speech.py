"""Standard sentences of flows and queues."""

from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

SENTENCES = {
    "no_one_available": _lt(
        "No one is available to take your call right now. Please call again later. Goodbye."
    ),
    "leave_message": _lt(
        "No one is available to take your call right now. Please leave a message after the tone."
    ),
    "queue_announcement": _lt("All our agents are busy. Please stay on the line."),
    "menu_example": _lt("For sales, press 1. For support, press 2."),
    "position": _lt("You are number %(position)s in the queue."),
    "wait_under_minute": _lt("Your estimated wait is less than a minute."),
    "wait_one_minute": _lt("Your estimated wait is about one minute."),
    "wait_minutes": _lt("Your estimated wait is about %(minutes)s minutes."),
    "wait_over_minutes": _lt("Your estimated wait is more than %(minutes)s minutes."),
    "offer_queue_callback": _lt(
        "To be called back without losing your place in the queue, press %(key)s."
    ),
}


class TelephonySpeech(models.AbstractModel):
    _inherit = "telephony.speech"

    @api.model
    def _get_sentences(self):
        return {**super()._get_sentences(), **SENTENCES}
