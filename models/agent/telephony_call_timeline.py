"""Sentences of agents in the timeline of a call."""

from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS = {
    "wrap_up_ended": _lt("%(supervisor)s ended the wrap-up of %(name)s."),
}


class TelephonyCallTimeline(models.Model):
    _inherit = "telephony.call.timeline"

    @api.model
    def _get_texts(self):
        return {**super()._get_texts(), **TEXTS}
