"""Standard sentences of flows and queues."""

from odoo import api, models
from odoo.tools import LazyTranslate, frozendict, ormcache

from ...providers.voice_response import Play
from ..call.telephony_speech import ENGLISH

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

    @api.model
    def _say(self, account, lang, code, **values):
        """Return the sound that a company has chosen for a standard sentence, or else the text.

        A sound needs neither a translation nor a voice. So it is played in the wanted language,
        even if the text would be spoken in English.
        """
        if self._get_sound_ids(account.company_id.id):
            langs = (lang or ENGLISH, self._choose_language(account, lang, code))
            for sound in self._find_sounds(account.company_id, langs, code):
                if sound._is_heard():
                    url = sound._get_public_url(account)
                    return Play(url, name=sound.name, seconds=sound.seconds)
        return super()._say(account, lang, code, **values)

    @api.model
    @ormcache("company_id")
    def _get_sound_ids(self, company_id):
        """Return the sounds that a company has chosen for standard sentences.

        :param int company_id: the company that speaks
        :return: for each language and code, the id of its sound
        :rtype: frozendict(tuple(str, str), int)
        """
        # sudo: telephony.sentence - what every caller hears
        rows_sudo = (
            self.env["telephony.sentence"]
            .sudo()
            .search_fetch(
                [("company_id", "=", company_id), ("sound_id", "!=", False)],
                ["lang", "code", "sound_id"],
            )
        )
        return frozendict(
            ((row_sudo.lang, row_sudo.code), row_sudo.sound_id.id)
            for row_sudo in rows_sudo
            if row_sudo.takes_sound
        )

    @api.model
    def _find_sounds(self, company, langs, code):
        """Return the sounds of a standard sentence, those of the first language first.

        :param company: the company that speaks
        :param langs: codes of languages
        :param str code: a key of `_get_sentences`
        :rtype: telephony.sound
        """
        found = self._get_sound_ids(company.id)
        ids = dict.fromkeys(found[lang, code] for lang in langs if (lang, code) in found)
        # sudo: telephony.sound - what every caller hears
        return self.env["telephony.sound"].sudo().browse(ids)

    @api.model
    def _get_sounds_of(self, company, lang, places):
        """Return the sounds of the standard sentences that are heard in some places.

        :param company: the company that speaks
        :param str lang: code of the wanted language, or empty
        :param places: keys of `telephony.sentence.place`
        :rtype: telephony.sound
        """
        purposes = self.env["telephony.sentence"]._get_purposes()
        codes = {code for _lang, code in self._get_sound_ids(company.id)}
        # Without a sound, the sentence may be heard in English.
        langs = (lang or ENGLISH, ENGLISH)
        # sudo: telephony.sound - what every caller hears
        return (
            self.env["telephony.sound"]
            .sudo()
            .union(
                *(
                    self._find_sounds(company, langs, code)
                    for code in codes
                    if code in purposes and purposes[code][0] in places
                )
            )
        )

    @api.model
    def _doubt(self, company, lang, places):
        is_doubted = super()._doubt(company, lang, places)
        return bool(self._get_sounds_of(company, lang, places)._doubt()) or is_doubted

    @api.model
    def _get_untranslated(self, company, lang):
        found = self._get_sound_ids(company.id)
        codes = super()._get_untranslated(company, lang)
        return [code for code in codes if (lang, code) not in found]
