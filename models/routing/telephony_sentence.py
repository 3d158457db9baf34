from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import LazyTranslate

from ..arguments import check_one

_lt = LazyTranslate(__name__)

PURPOSES = {
    "no_one_available": ("call", _lt("No one is available")),
    "position": ("queue", _lt("Position in the queue")),
    "wait_under_minute": ("queue", _lt("Wait of less than a minute")),
    "wait_one_minute": ("queue", _lt("Wait of about a minute")),
    "wait_minutes": ("queue", _lt("Wait of several minutes")),
    "wait_over_minutes": ("queue", _lt("Wait of more than the longest estimate")),
    "offer_queue_callback": ("queue", _lt("Offer of a callback")),
    "leave_message": ("voicemail", _lt("Before the tone")),
}


class TelephonySentence(models.Model):
    """The sound of the audio library that callers hear in place of a standard sentence."""

    _inherit = "telephony.sentence"

    sound_id = fields.Many2one(
        "telephony.sound",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Played instead of the text. If Twilio cannot play it, callers hear the text.",
    )
    takes_sound = fields.Boolean(compute="_compute_takes_sound")
    state = fields.Selection(selection_add=[("sound", "Sound")])

    @api.constrains("sound_id")
    def _check_sound(self):
        for row in self.filtered("sound_id"):
            refusal = row._get_sound_refusal()
            if refusal:
                raise ValidationError(refusal)

    @api.depends("code")
    def _compute_takes_sound(self):
        for row in self:
            row.takes_sound = row._can_be_sound()

    @api.depends("sound_id")
    def _compute_standard_text(self):
        super()._compute_standard_text()
        for row in self:
            if row.sound_id and row.takes_sound:
                row.state = "sound"

    def _can_be_sound(self):
        """Return whether a sound can replace this sentence. Note: `self.ensure_one()`

        An apology for an error stays a text: a sound may have been the reason for the error.

        :rtype: bool
        """
        speech = self.env["telephony.speech"]
        is_known = self.code in speech._get_sentences()
        return is_known and self.code != "error" and not speech._get_placeholders(self.code)

    def _get_sound_refusal(self):
        """Return why the chosen sound cannot replace this sentence. Note: `self.ensure_one()`

        :return: a whole sentence; empty if it can
        :rtype: str
        """
        if self._can_be_sound() or self.code not in self.env["telephony.speech"]._get_sentences():
            return ""
        if self.code == "error":
            return self.env._(
                "“%(sentence)s” is always spoken, because a sound may be the reason for the error.",
                sentence=self.display_name,
            )
        return self.env._(
            "“%(sentence)s” cannot be a sound, because its text contains values of the call. Write "
            "your own wording instead.",
            sentence=self.display_name,
        )

    def write(self, vals):
        done = super().write(vals)
        if "sound_id" in vals:
            self.env.registry.clear_cache()
        return done

    @api.model
    def _get_purposes(self):
        return {**super()._get_purposes(), **PURPOSES}

    @api.model
    def _get_used_languages(self, company):
        # sudo: telephony.flow - only the languages of the flows
        flows_sudo = self.env["telephony.flow"].sudo().search([("company_id", "=", company.id)])
        return super()._get_used_languages(company) | set(flows_sudo.mapped("language"))


class TelephonySound(models.Model):
    """The standard sentences that a sound replaces."""

    _inherit = "telephony.sound"

    sentence_ids = fields.One2many(
        "telephony.sentence",
        "sound_id",
        "Standard Sentences",
        groups="crm_telephony.group_manager",
    )
    sentence_count = fields.Integer(
        "Sentences",
        compute="_compute_sentence_count",
        groups="crm_telephony.group_manager",
    )

    @api.constrains("kind")
    def _check_sentences(self):
        # sudo: telephony.sentence - only whether the sound can replace them
        self.sudo().sentence_ids._check_sound()

    @api.depends("sentence_ids")
    def _compute_sentence_count(self):
        for sound in self:
            sound.sentence_count = len(sound.sentence_ids)

    @check_one
    def action_view_sentences(self):
        """Open the standard sentences that this sound replaces."""
        self.check_access("write")
        return self.env["telephony.sentence"]._make_action(search_default_sound_id=self.id)

    def _get_uses(self):
        # sudo: telephony.sentence - only their names, also of those that are not listed
        rows_sudo = self.sudo().sentence_ids
        languages = dict(self.env["res.lang"].get_installed())
        return [
            *super()._get_uses(),
            *(
                self.env._(
                    "“%(sentence)s” (standard sentence, %(language)s)",
                    sentence=row_sudo.display_name,
                    language=languages.get(row_sudo.lang, row_sudo.lang).partition(" / ")[0],
                )
                for row_sudo in rows_sudo
            ),
        ]
