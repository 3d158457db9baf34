from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

PURPOSES = {
    "thanks": ("voicemail", _lt("After the message")),
    "recorded": ("recording", _lt("Announcement of the recording")),
}


class TelephonySentence(models.Model):
    _inherit = "telephony.sentence"

    @api.model
    def _get_purposes(self):
        return {**super()._get_purposes(), **PURPOSES}
