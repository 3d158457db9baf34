"""What happened in a call: rows that are only ever added.

A row has a code and the values of its sentence. The sentence is written when it is read, in the
language of the reader. Adding a row does not change the row of the call, so two transactions that
report on one call never conflict.
"""

from odoo import api, fields, models
from odoo.tools import LazyTranslate, ormcache

_lt = LazyTranslate(__name__)

#: The code of a row that contains its sentence itself, as those of older releases.
LITERAL = "text"
TEXTS = {
    "call_started": _lt("%(name)s started the call."),
    "agent_declined": _lt("%(name)s declined."),
    "customer_not_reached": _lt("The customer was not reached. %(reason)s"),
    "call_resumed": _lt("%(name)s resumed the call."),
    "held_for_other_call": _lt("%(name)s answered another call. The customer is on hold."),
    "agent_lost": _lt("%(name)s was disconnected. The customer is on hold."),
    "agent_given_up": _lt("%(name)s did not reconnect."),
    "phone_ringing": _lt("Ringing the phone of %(name)s."),
    "phone_not_called": _lt("The phone of %(name)s was not called. %(reason)s"),
    "phone_not_answered": _lt("The phone of %(name)s was not answered."),
}


class TelephonyCallTimeline(models.Model):
    """One step of a call, as shown in its timeline."""

    _name = "telephony.call.timeline"
    _inherit = ["telephony.guard.mixin"]
    _description = "Call Timeline"
    _order = "id"
    _rec_name = "code"
    _log_access = False

    call_id = fields.Many2one(
        "telephony.call",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
        immutable=True,
    )
    at = fields.Datetime(
        "Time", required=True, readonly=True, immutable=True, default=fields.Datetime.now
    )
    code = fields.Char(required=True, readonly=True, immutable=True)
    values = fields.Json(readonly=True, immutable=True)
    text = fields.Char("Event", compute="_compute_text")

    # === COMPUTE METHODS === #

    @api.depends("code", "values")
    @api.depends_context("lang")
    def _compute_text(self):
        for row in self:
            row.text = self._render(row.code, row.values or {})

    # === SENTENCES === #

    @api.model
    def _get_texts(self):
        """Return the sentence of each code, marked for translation.

        Each package and each other addon adds its own codes.

        :return: keyed by code; a placeholder for each value
        :rtype: dict(str, LazyGettext)
        """
        return TEXTS

    @api.model
    @ormcache()
    def _get_all_texts(self):
        """Return the sentences of all installed addons, which only change with them."""
        return self._get_texts()

    @api.model
    def _render(self, code, values):
        """Return the sentence of a code in the language of the environment.

        :param str code: a key of `_get_texts`
        :param dict values: values of its placeholders
        :rtype: str
        """
        if code == LITERAL:
            return values["text"]
        text = self._get_all_texts().get(code)
        if text is None:
            # The addon that wrote the row is no longer installed.
            return code
        written = {name: self._render_value(name, value) for name, value in values.items()}
        try:
            # The text is marked for translation where its code is defined.
            translate = self.env._
            return translate(text) % written
        except (KeyError, TypeError, ValueError):
            # A translation with a damaged placeholder must not hide the timeline.
            translate = self.with_context(lang="en_US").env._
            return translate(text) % written

    @api.model
    def _render_value(self, name, value):
        """Return a value as it is shown in a sentence.

        :param str name: the placeholder
        :param value: the stored value: a text, a number, or the result of `_get_in_languages`
        :rtype: str
        """
        if isinstance(value, dict):
            return value.get(self.env.lang) or value.get("en_US") or next(iter(value.values()), "")
        return value

    @api.model
    def _get_in_languages(self, records, get_sentence):
        """Return a sentence that is a value of another one, in each installed language.

        :param records: the records that explain themselves
        :param get_sentence: function of these records that returns the sentence
        :return: keyed by language, as in a translated field
        :rtype: dict(str, str)
        """
        return {
            lang: get_sentence(records.with_context(lang=lang))
            for lang, _name in self.env["res.lang"].get_installed()
        }
