import re

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.sql import escape_psql

from odoo.addons.phone_validation.models.mail_thread_phone import PHONE_REGEX_PATTERN

# Digits of a number, and letters of a name, from which on contacts are looked for.
LEAST_DIGITS, LEAST_LETTERS = 3, 2
# How many of the contacts that match are brought into order.
CANDIDATES = 100


class ResPartner(models.Model):
    """Contacts that are found while somebody types, among a million as quickly as among ten.

    Every query ends as soon as it has enough. None of them collects all contacts whose number
    begins with a country's code, as Odoo's own search for a part of a number does.
    """

    _inherit = "res.partner"

    @api.model
    def _telephony_search(self, term, limit):
        """Search contacts that can be called, by name or number.

        :param str term: what was typed so far
        :param int limit: how many contacts at most
        :return: see `_telephony_to_client`
        :rtype: list(dict)
        """
        term = (term or "").strip()
        digits = "".join(char for char in term if char.isdigit())
        if digits and not any(char.isalpha() for char in term):
            found = self._telephony_search_number(term, digits, limit)
        else:
            found = self._telephony_search_name(term, limit)
        return found._telephony_to_client()

    def _telephony_search_name(self, term, limit):
        if len(term) < LEAST_LETTERS:
            return self.browse()
        can_be_called = Domain("phone", "!=", False)
        is_indexed = re.search(r"[^\W_]{3}", term)
        is_short = len(term) == LEAST_LETTERS and term.isalnum() and term.isascii()
        # Nobody types a pattern.
        term = escape_psql(term)
        anywhere = can_be_called & Domain("complete_name", "ilike", term)
        if is_indexed:
            return self._telephony_search_by_index(anywhere, limit)
        if is_short:
            # Too short for the index; the beginnings of words are many, and soon found in order.
            anywhere = can_be_called & (
                Domain("complete_name", "=ilike", f"{term}%")
                | Domain("complete_name", "=ilike", f"% {term}%")
            )
        # Chinese has no spaces: there two letters are looked for in the middle, too.
        return self.search(anywhere, limit=limit)

    def _telephony_search_number(self, term, digits, limit):
        """Return contacts whose number begins so, then those in whose number this is written."""
        found = self.browse()
        if len(digits) < LEAST_DIGITS:
            return found
        can_be_called = Domain("phone", "!=", False)
        prefixes = self._telephony_get_prefixes(term, digits)
        for prefix in prefixes:
            if len(found) < limit:
                found |= self.search(
                    can_be_called & Domain("phone_sanitized", "=like", f"{prefix}%"),
                    limit=limit, order="phone_sanitized, id",
                )  # fmt: skip
        if len(found) < limit and not term.startswith(("+", "00")):
            written = self._telephony_get_written_domain(digits)
            found |= self._telephony_search_by_index(can_be_called & written, limit)
        return found[:limit]

    def _telephony_search_by_index(self, domain, limit):
        """Return the first by name of some contacts that an index finds.

        The database cannot know how frequent a part of a name or number is: it would read the
        whole table in the hope of the first ones, or bring all of them into order.
        """
        query = self._search(domain, limit=CANDIDATES)
        self.env.flush_query(query.select())
        self.env.cr.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        found = query.get_result_ids()
        self.env.cr.execute("RESET enable_seqscan; RESET enable_indexscan")
        return self.search([("id", "in", found)], limit=limit)

    @api.model
    def _telephony_get_prefixes(self, term, digits):
        """Return how the E.164 number begins that is being typed, in the writings of here.

        :param str term: what was typed, as `0476 93` or `+32 476`
        :param str digits: its digits
        :rtype: list(str)
        """
        if term.startswith("+"):
            return [f"+{digits}"]
        if digits.startswith("00"):
            return [f"+{digits[2:]}"] if len(digits) > LEAST_DIGITS else []
        code = self.env.company.country_id.phone_code
        if not code:
            return []
        # Most countries leave the first zero out, some keep it.
        return list(dict.fromkeys([f"+{code}{digits.removeprefix('0')}", f"+{code}{digits}"]))

    @api.model
    def _telephony_get_written_domain(self, digits):
        """Return the contacts in whose telephone, as it is written, these digits stand.

        The expression is the one that Odoo has made an index for (`mail.thread.phone`).
        """

        def to_sql(model, alias, query):
            return SQL(
                "regexp_replace((%s::text), %s::text, ''::text, 'g'::text) LIKE %s",
                model._field_to_sql(alias, "phone", query), PHONE_REGEX_PATTERN, f"%{digits}%",
            )  # fmt: skip

        return Domain.custom(to_sql=to_sql)
