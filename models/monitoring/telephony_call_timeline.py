"""Sentences of monitoring in the timeline of a call."""

from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS = {
    "monitoring_listen": _lt("%(name)s started listening."),
    "monitoring_whisper": _lt("%(name)s started whispering to the phone user."),
    "monitoring_barge": _lt("%(name)s barged in."),
}


class TelephonyCallTimeline(models.Model):
    _inherit = "telephony.call.timeline"

    @api.model
    def _get_texts(self):
        return {**super()._get_texts(), **TEXTS}
