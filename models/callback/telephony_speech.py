"""Standard sentences of queue callbacks."""

from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

SENTENCES = {
    "queue_callback": _lt("We will call you back on this number when it is your turn. Goodbye."),
}


class TelephonySpeech(models.AbstractModel):
    _inherit = "telephony.speech"

    @api.model
    def _get_sentences(self):
        return {**super()._get_sentences(), **SENTENCES}
