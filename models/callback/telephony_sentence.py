from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

PURPOSES = {
    "queue_callback": ("queue", _lt("Promise of a callback")),
}


class TelephonySentence(models.Model):
    _inherit = "telephony.sentence"

    @api.model
    def _get_purposes(self):
        return {**super()._get_purposes(), **PURPOSES}
