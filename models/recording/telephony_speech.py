"""Standard sentences of recordings and voicemails."""

from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

SENTENCES = {
    "recorded": _lt("This call is recorded."),
    "thanks": _lt("Thank you for your message. Goodbye."),
}


class TelephonySpeech(models.AbstractModel):
    _inherit = "telephony.speech"

    @api.model
    def _get_sentences(self):
        return {**super()._get_sentences(), **SENTENCES}
