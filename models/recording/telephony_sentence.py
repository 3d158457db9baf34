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

    def _get_sound_refusal(self):
        # The provider reports no failure of an announcement during the conversation.
        if self.code == "recorded" and self.sound_id.kind == "url":
            return self.env._(
                "Choose a sound with a file for “%(sentence)s”: it must also be heard when another "
                "server is out of reach.",
                sentence=self.display_name,
            )
        return super()._get_sound_refusal()
