"""The standard sentences of the phone: what callers and agents' telephones hear by default."""

from odoo import api, models
from odoo.tools import LazyTranslate

from ...providers.voice_response import Say
from ...tools.language import to_language_tag

_lt = LazyTranslate(__name__)

ENGLISH = "en_US"
SENTENCES = {
    "error": _lt("We are sorry, an error has occurred. Please call again later."),
    "phone_call": _lt("Press 1 to call %(name)s."),
    "phone_offer": _lt("Call from %(name)s. Press 1 to accept."),
    "phone_transfer": _lt(
        "%(user)s is transferring a call with %(name)s to you. Press 1 to accept."
    ),
    "phone_queue_callback": _lt("%(name)s requested a callback. Press 1 to call now."),
    "caller_hung_up": _lt("The caller hung up."),
    "already_answered": _lt("This call was already answered."),
    "test_greeting": _lt(
        "This is your telephone in Odoo. Your account works. You will now hear music."
    ),
    "test_key": _lt("If you heard music, press 1."),
    "test_thanks": _lt("Thank you. Everything works. Goodbye."),
}


class TelephonySpeech(models.AbstractModel):
    """The standard sentences, each with its translation and the voice that speaks it."""

    _name = "telephony.speech"
    _description = "Standard Sentences of the Phone"

    @api.model
    def _get_sentences(self):
        """Return the standard sentence of each code, marked for translation.

        Each package and each other addon adds its own codes.

        :return: keyed by code; a placeholder for each value
        :rtype: dict(str, LazyGettext)
        """
        return SENTENCES

    @api.model
    def _say(self, account, lang, code, **values):
        """Return a standard sentence with a voice of its language.

        A sentence without a translation is spoken in English by an English voice: a French voice
        makes English words hard to understand.

        :param account: the account whose provider speaks
        :param str lang: code of the wanted language, or empty
        :param str code: a key of `_get_sentences`
        :param values: values of its placeholders
        :rtype: Say
        """
        sentence = self._get_sentences()[code]
        lang = account._get_spoken_lang(lang)
        if not self._is_translated(sentence, lang):
            lang = ENGLISH
        return Say(self._translate(sentence, lang) % values, to_language_tag(lang))

    @api.model
    def _get_text(self, lang, code):
        """Return a standard sentence without placeholders, which an administrator may change.

        :param str lang: code of an installed language
        :param str code: a key of `_get_sentences`
        :return: the translation; English without one
        :rtype: str
        """
        return self._translate(self._get_sentences()[code], lang)

    @api.model
    def _join(self, sentences):
        """Return sentences with those that the same voice speaks in a row as one.

        :param sentences: the sentences, `Say`
        :rtype: list(Say)
        """
        joined = []
        for say in sentences:
            if joined and joined[-1].language == say.language:
                say = Say(f"{joined.pop().text} {say.text}", say.language)
            joined.append(say)
        return joined

    @api.model
    def _get_untranslated(self, lang):
        """Return the codes of the standard sentences without a translation into a language.

        :param str lang: code of an installed language
        :rtype: list(str)
        """
        return [
            code
            for code, sentence in self._get_sentences().items()
            if not self._is_translated(sentence, lang)
        ]

    def _is_translated(self, sentence, lang):
        return lang.startswith("en") or (
            self._translate(sentence, lang) != self._translate(sentence, ENGLISH)
        )

    def _translate(self, sentence, lang):
        # The sentence is marked for translation where its code is defined.
        translate = self.with_context(lang=lang).env._
        return translate(sentence)
