"""The standard sentences of the phone: what callers and agents' telephones hear by default."""

from odoo import api, models
from odoo.tools import LazyTranslate, frozendict, ormcache

from ...providers.voice_response import Say
from ...tools.language import to_language_tag
from ...tools.placeholders import fill, find_placeholders

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

        The wording of the account's company precedes ours. A sentence without a translation is
        spoken in English by an English voice: a French voice makes English words hard to
        understand. Other packages may return a sound instead.

        :param account: the account whose provider speaks
        :param str lang: code of the wanted language, or empty
        :param str code: a key of `_get_sentences`
        :param values: values of its placeholders
        :rtype: Say or Play
        """
        lang = self._choose_language(account, lang, code)
        text = self._get_text(account.company_id, lang, code)
        return Say(fill(text, values), to_language_tag(lang))

    @api.model
    def _choose_language(self, account, lang, code):
        """Return the language in which a standard sentence is spoken.

        :param account: the account whose provider speaks
        :param str lang: code of the wanted language, or empty
        :param str code: a key of `_get_sentences`
        :rtype: str
        """
        lang = account._get_spoken_lang(lang)
        return lang if self._is_sayable(account.company_id, lang, code) else ENGLISH

    @api.model
    def _doubt(self, company, lang, places):
        """Speak for a while what is a sound, because the provider could not play one of them.

        :param company: the company that speaks
        :param str lang: code of the wanted language, or empty
        :param places: keys of `telephony.sentence.place`
        :return: whether callers heard a sound there until now
        :rtype: bool
        """
        return False

    @api.model
    def _get_text(self, company, lang, code):
        """Return the text of a standard sentence, with its placeholders.

        :param company: the company that speaks
        :param str lang: code of an installed language
        :param str code: a key of `_get_sentences`
        :return: the company's own wording, or else the translation; English without one
        :rtype: str
        """
        own = self._get_own_wordings(company.id, lang).get(code)
        return own or self._translate(self._get_sentences()[code], lang)

    @api.model
    def _get_standard(self, lang, code):
        """Return the standard wording of a sentence, as it is heard without an own one.

        :param str lang: code of an installed language
        :param str code: a key of `_get_sentences`
        :return: the translation; English without one
        :rtype: str
        """
        return self._translate(self._get_sentences()[code], lang)

    @api.model
    @ormcache("company_id", "lang")
    def _get_own_wordings(self, company_id, lang):
        """Return a company's own wordings in a language.

        A wording with a placeholder that the sentence no longer has is left out: the caller hears
        the standard one.

        :param int company_id: the company that speaks
        :param str lang: code of an installed language
        :return: keyed by code
        :rtype: frozendict(str, str)
        """
        # sudo: telephony.sentence - what every caller hears
        rows_sudo = (
            self.env["telephony.sentence"]
            .sudo()
            .search_fetch(
                [("company_id", "=", company_id), ("lang", "=", lang), ("text", "!=", False)],
                ["code", "text"],
            )
        )
        return frozendict(
            (row_sudo.code, row_sudo.text)
            for row_sudo in rows_sudo
            if row_sudo.code in self._get_sentences()
            and set(find_placeholders(row_sudo.text)) <= set(self._get_placeholders(row_sudo.code))
        )

    @api.model
    def _get_placeholders(self, code):
        """Return the names of the placeholders of a standard sentence.

        :param str code: a key of `_get_sentences`
        :rtype: list(str)
        """
        return find_placeholders(self._get_standard(ENGLISH, code))

    @api.model
    def _join(self, sentences):
        """Return sentences with those that the same voice speaks in a row as one.

        :param sentences: the sentences, `Say` or `Play`
        :rtype: list(Say or Play)
        """
        joined = []
        for step in sentences:
            before = joined[-1] if joined else None
            if (
                isinstance(before, Say)
                and isinstance(step, Say)
                and before.language == step.language
            ):
                step = Say(f"{joined.pop().text} {step.text}", step.language)
            joined.append(step)
        return joined

    @api.model
    def _get_untranslated(self, company, lang):
        """Return the codes of the standard sentences that cannot be spoken in a language.

        :param company: the company that speaks
        :param str lang: code of an installed language
        :rtype: list(str)
        """
        return [code for code in self._get_sentences() if not self._is_sayable(company, lang, code)]

    def _is_sayable(self, company, lang, code):
        """Return whether the company has a wording in that language, its own or ours."""
        return code in self._get_own_wordings(company.id, lang) or self._is_translated(
            self._get_sentences()[code], lang
        )

    def _is_translated(self, sentence, lang):
        return lang.startswith("en") or (
            self._translate(sentence, lang) != self._translate(sentence, ENGLISH)
        )

    def _translate(self, sentence, lang):
        if not self.env["res.lang"]._get_data(code=lang):
            # The language of a flow was deactivated: Odoo refuses to translate into it.
            lang = ENGLISH
        # The sentence is marked for translation where its code is defined.
        translate = self.with_context(lang=lang).env._
        return translate(sentence)
