"""The table of the standard sentences: a row for each company, language and sentence."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, LazyTranslate
from odoo.tools.misc import formatLang

from ...tools.language import LONGEST_TEXT, to_language_tag
from ...tools.placeholders import find_mistaken
from ...tools.printable import printable
from ..arguments import check_arguments

_lt = LazyTranslate(__name__)

# For each code: where it is heard, and when.
PURPOSES = {
    "error": ("call", _lt("After a technical error")),
    "phone_call": ("phone", _lt("Before an outgoing call")),
    "phone_offer": ("phone", _lt("Incoming call")),
    "phone_transfer": ("phone", _lt("Transfer from a colleague")),
    "phone_queue_callback": ("phone", _lt("Queue callback")),
    "caller_hung_up": ("phone", _lt("The caller hung up")),
    "already_answered": ("phone", _lt("A colleague answered first")),
    "test_greeting": ("phone", _lt("Call Me Now: greeting")),
    "test_key": ("phone", _lt("Call Me Now: key to press")),
    "test_thanks": ("phone", _lt("Call Me Now: end")),
}


class TelephonySentence(models.Model):
    """A standard sentence in one language, and the company's own wording of it.

    The sentences themselves are in `telephony.speech`. The rows are added when the table is opened,
    so that it lists the languages and sentences that are installed then.
    """

    _name = "telephony.sentence"
    _inherit = ["telephony.guard.mixin"]
    _description = "Standard Sentence"
    _order = "company_id, lang, sequence, id"
    _rec_name = "code"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, immutable=True, ondelete="cascade"
    )
    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        "Language",
        required=True,
        readonly=True,
        immutable=True,
    )
    code = fields.Selection(
        lambda self: self._select_codes(),
        "Sentence",
        required=True,
        readonly=True,
        immutable=True,
    )
    place = fields.Selection(
        [
            ("call", "Calls"),
            ("queue", "Queues"),
            ("voicemail", "Voicemail"),
            ("recording", "Recording"),
            ("phone", "Custom Phones"),
        ],
        "Heard In",
        required=True,
        readonly=True,
    )
    sequence = fields.Integer(readonly=True)
    text = fields.Text(
        "Own Wording", help="Spoken in place of the standard wording. Leave empty to use it."
    )
    standard_text = fields.Text("Standard Wording", compute="_compute_standard_text")
    voice = fields.Char(compute="_compute_standard_text")
    state = fields.Selection(
        [
            ("standard", "Standard"),
            ("own", "Own Wording"),
            ("untranslated", "Not Translated"),
            ("no_voice", "No Voice"),
        ],
        "Status",
        compute="_compute_standard_text",
        search="_search_state",
        help="Not Translated: callers hear English until you write the sentence in this language.\n"
        "No Voice: Twilio does not speak this language. Callers hear English.",
    )
    is_used = fields.Boolean(
        "Language in Use", compute="_compute_is_used", search="_search_is_used"
    )

    _code_unique = models.Constraint(
        "UNIQUE (company_id, lang, code)", "This sentence is already in the table."
    )

    @api.constrains("text")
    def _check_text(self):
        speech = self.env["telephony.speech"]
        for row in self.filtered("text"):
            if row.code not in speech._get_sentences():
                # Of an addon that was uninstalled: it is not spoken.
                continue
            if len(row.text) > LONGEST_TEXT:
                raise ValidationError(
                    self.env._(
                        "The sentence is too long to be spoken: it may have at most %(count)s "
                        "characters.",
                        count=formatLang(self.env, LONGEST_TEXT, digits=0),
                    )
                )
            names = speech._get_placeholders(row.code)
            mistaken = find_mistaken(row.text, names)
            if not mistaken:
                continue
            # The placeholder as it is written, e.g. %(name)s.
            values = {
                "part": printable(mistaken[0]),
                "allowed": ", ".join(f"%({n})s" for n in names),
            }
            raise ValidationError(
                self.env._(
                    "“%(part)s” would be read out: it is no placeholder of this sentence. You can "
                    "use %(allowed)s.",
                    **values,
                )
                if names
                else self.env._(
                    "“%(part)s” would be read out: this sentence has no placeholders.",
                    part=values["part"],
                )
            )

    # === COMPUTE METHODS === #

    @api.model
    def _get_purposes(self):
        """Return where and when each standard sentence is heard.

        Each package and each other addon adds its own codes. A code without a purpose is a draft
        for texts of steps and queues, and not in the table.

        :return: keyed by code of `telephony.speech`: a key of `place`, and a short description,
            marked for translation
        :rtype: dict(str, tuple(str, LazyGettext))
        """
        return PURPOSES

    @api.model
    def _get_sequences(self):
        """Return the position of each sentence in the table: by place, then as defined.

        :return: keyed by code
        :rtype: dict(str, int)
        """
        places = [place for place, _name in self._fields["place"].selection]
        purposes = self._get_purposes()
        codes = sorted(purposes, key=lambda code: places.index(purposes[code][0]))
        return {code: sequence for sequence, code in enumerate(codes)}

    @api.model
    def _select_codes(self):
        # The description is marked for translation where its code is defined.
        translate = self.env._
        return [(code, translate(label)) for code, (_place, label) in self._get_purposes().items()]

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_display_name(self):
        names = dict(self._select_codes())
        for row in self:
            row.display_name = names.get(row.code, row.code)

    @api.depends("text", "lang", "code", "company_id")
    def _compute_standard_text(self):
        speech = self.env["telephony.speech"]
        # sudo: telephony.account - only the voices of its provider
        accounts_sudo = self.env["telephony.account"].sudo()
        found = {
            company: accounts_sudo._get_of_company(company) for company in self.mapped("company_id")
        }
        for row in self:
            if row.code not in speech._get_sentences():
                # Of an addon that was uninstalled.
                row.standard_text, row.voice, row.state = False, False, "standard"
                continue
            account_sudo = found[row.company_id]
            spoken = account_sudo._get_spoken_lang(row.lang) if account_sudo else row.lang
            if spoken != row.lang:
                row.state = "no_voice"
            elif row.text:
                row.state = "own"
            elif speech._is_sayable(row.company_id, row.lang, row.code):
                row.state = "standard"
            else:
                row.state = "untranslated"
                spoken = "en_US"
            row.standard_text = speech._get_standard(spoken, row.code)
            row.voice = bool(account_sudo) and account_sudo._get_provider().find_voice(
                to_language_tag(spoken)
            )

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        rows = self.search_fetch([], ["state"])
        return [("id", "in", rows.filtered(lambda row: row.state in value).ids)]

    def _compute_is_used(self):
        used = {company: self._get_used_languages(company) for company in self.mapped("company_id")}
        for row in self:
            row.is_used = row.lang in used[row.company_id]

    def _search_is_used(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain("lang", "in", self._get_used_languages(company))
            for company in self.env.companies
        )

    @api.model
    def _get_used_languages(self, company):
        """Return the languages in which a company speaks.

        :param company: the company that speaks
        :rtype: set(str)
        """
        # sudo: res.partner - only the language of the company
        return {company.sudo().partner_id.lang or "en_US"}

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create([self._strip(vals) for vals in vals_list])
        self.env.registry.clear_cache()
        return rows

    def write(self, vals):
        done = super().write(self._strip(vals))
        if "text" in vals:
            self.env.registry.clear_cache()
        return done

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @staticmethod
    def _strip(vals):
        """Return the values with a text of spaces as no text."""
        if "text" not in vals:
            return vals
        return {**vals, "text": (vals["text"] or "").strip() or False}

    # === ACTIONS === #

    @api.model
    @check_arguments
    def action_open(self, lang=None):
        """Open the table, with a row for each sentence and installed language.

        :param str lang: code of the only language that is shown at first
        :rtype: dict
        """
        self.check_access("write")
        self._add_missing(self.env.companies)
        return self._make_action(**({"search_default_lang": lang} if lang else {}))

    @api.model
    def _make_action(self, **context):
        """Return the action that opens the table.

        :param context: values for the search, in place of the usual filters
        :rtype: dict
        """
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_telephony.telephony_sentence_action"
        )
        # Without the rows of languages and addons that are no longer installed.
        action["domain"] = [
            ("lang", "in", self._get_languages()),
            ("code", "in", list(self._get_purposes())),
        ]
        if context:
            action["context"] = context
        return action

    @api.model
    def _get_languages(self):
        return [lang for lang, _name in self.env["res.lang"].get_installed()]

    @api.model
    def _add_missing(self, companies):
        """Add the rows of new companies, languages and sentences.

        :param companies: companies of the table
        """
        purposes = self._get_purposes()
        # sudo: telephony.sentence - rows without a text say nothing new
        rows_sudo = self.sudo().search_fetch(
            [("company_id", "in", companies.ids)], ["company_id", "lang", "code"]
        )
        known = {(row_sudo.company_id.id, row_sudo.lang, row_sudo.code) for row_sudo in rows_sudo}
        missing = [
            SQL("(%s, %s, %s, %s, %s)", company_id, lang, code, purposes[code][0], sequence)
            for company_id in companies.ids
            for lang in self._get_languages()
            for code, sequence in self._get_sequences().items()
            if (company_id, lang, code) not in known
        ]
        if missing:
            # Another administrator may open the table at the same time.
            self.env.cr.execute(
                SQL(
                    """INSERT INTO telephony_sentence (company_id, lang, code, place, sequence)
                        VALUES %s ON CONFLICT (company_id, lang, code) DO NOTHING""",
                    SQL(", ").join(missing),
                ),
                log_exceptions=False,
            )
            self.invalidate_model()
