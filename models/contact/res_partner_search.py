import re
from contextlib import contextmanager

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, sql
from odoo.tools.sql import escape_psql

from odoo.addons.phone_validation.models.mail_thread_phone import PHONE_REGEX_PATTERN

from ...tools.phone_number import get_digits, plain_number

# Minimum digits of a number, and letters of a name, to search for contacts.
LEAST_DIGITS, LEAST_LETTERS = 3, 2
# Minimum letters for which Odoo's trigram index finds a part in the middle of a word.
INDEXED_LETTERS = 3
# Chinese, Japanese and Korean: no spaces, and one or two characters are a whole name.
IDEOGRAPH = r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]"
IDEOGRAPHS_INDEX = "res_partner_telephony_ideographs"
# Maximum number of matching contacts that are sorted.
CANDIDATES = 100
# The share of all names above which an index scan returns too many rows.
FREQUENT = 0.15


@contextmanager
def _by_index(cr):
    """Make PostgreSQL collect the matches of an index, rather than scan the table or sort all."""
    cr.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    yield
    cr.execute("RESET enable_seqscan; RESET enable_indexscan")


def _has_ideographs(name):
    return SQL("%s ~ %s", name, IDEOGRAPH)


def _in_letters(name):
    """Return the name with each ideograph as a separate word, as in the index."""
    return SQL("regexp_replace(%s, %s, ' \\1 ', 'g')", name, f"({IDEOGRAPH})")


class ResPartner(models.Model):
    """Contact search while typing, as fast among a million contacts as among ten.

    Every query stops when it has enough results. Odoo's own search for part of a number would
    collect every contact with the same country code.
    """

    _inherit = "res.partner"

    @api.model
    def _telephony_search(self, term, limit):
        """Return the callable contacts that match a name or a number.

        :param str term: the text typed so far
        :param int limit: the maximum number of rows
        :return: see `_telephony_to_client`
        :rtype: list(dict)
        """
        term = (term or "").strip()
        digits = get_digits(term)
        if digits and not any(char.isalpha() for char in term):
            found = self._telephony_search_number(plain_number(term), digits, limit)
        else:
            found, digits = self._telephony_search_name(term, limit), ""
        return found._telephony_to_client(digits)[:limit]

    def init(self):
        """Index names with ideographs character by character; other names are not in this index."""
        if self.env.registry.has_trigram:
            sql.create_index(
                self.env.cr,
                IDEOGRAPHS_INDEX,
                self._table,
                [SQL("(%s) gin_trgm_ops", _in_letters(SQL("complete_name")))],
                "gin",
                where=_has_ideographs(SQL("complete_name")),
            )

    def _telephony_search_name(self, term, limit):
        """Return the contacts whose name contains the term, or has a word that begins with it.

        A short term matches only the beginning of words: the trigram index cannot find it
        elsewhere, and a full table scan would be needed.
        """
        can_be_called = self._telephony_get_callable_domain()
        words = re.findall(r"[^\W_]+", term)
        # The term is text, not a pattern.
        escaped = escape_psql(term)
        in_order = False
        if max(map(len, words), default=0) >= INDEXED_LETTERS:
            named = Domain("complete_name", "ilike", escaped)
            in_order = self._telephony_is_frequent(escaped)
        elif re.search(IDEOGRAPH, term):
            named = self._telephony_get_ideographs_domain(term)
        elif sum(map(len, words)) >= LEAST_LETTERS:
            # Two letters begin so many words that the planner has reliable statistics for them.
            in_order = len(words) == 1
            beginning = words[0] if in_order else escaped
            named = Domain.OR(
                Domain("complete_name", "=ilike", f"{before}{beginning}%") for before in ("", "% ")
            )
        else:
            return self.browse()
        if in_order:
            return self.search(can_be_called & named, limit=limit)
        return self._telephony_search_by_index(can_be_called & named, limit)

    def _telephony_is_frequent(self, pattern):
        """Return whether the pattern is so frequent that an ordered scan beats the index."""
        unaccent = self.env.registry.unaccent
        self.env.cr.execute(
            SQL(
                "SELECT avg((%s ILIKE %s)::int) > %s FROM res_partner TABLESAMPLE SYSTEM (0.1)",
                unaccent(SQL("complete_name")),
                unaccent(SQL("%s", f"%{pattern}%")),
                FREQUENT,
            )
        )
        return bool(self.env.cr.fetchone()[0])

    def _telephony_search_number(self, term, digits, limit):
        """Return contacts whose number begins with the digits, then those that contain them."""
        found = self.browse()
        if len(digits) < LEAST_DIGITS:
            return found
        can_be_called = self._telephony_get_callable_domain()
        prefixes = self._telephony_get_prefixes(term, digits)
        for prefix in prefixes:
            if len(found) < limit:
                found |= self.search(
                    can_be_called & Domain("phone_sanitized", "=like", f"{prefix}%"),
                    limit=limit,
                    order="phone_sanitized, id",
                )
                found |= self._telephony_search_further(f"{prefix}%", limit)
        if len(found) < limit and not term.startswith(("+", "00")):
            written = self._telephony_get_written_domain(digits)
            found |= self._telephony_search_by_index(can_be_called & written, limit)
            found |= self._telephony_search_further(f"%{digits.lstrip('0')}%", limit)
        return found[:limit]

    def _telephony_search_further(self, pattern, limit):
        """Return the contacts one of whose further numbers matches a pattern.

        :param str pattern: of an E.164 number, for SQL's `LIKE`
        """
        if len(self._telephony_get_number_fields()) < 2:
            return self.browse()
        query = SQL("SELECT partner_id FROM telephony_contact_number WHERE number LIKE %s", pattern)
        if pattern.startswith("%"):
            with _by_index(self.env.cr):
                found = self.env.execute_query(SQL("%s LIMIT %s", query, CANDIDATES))
        else:
            found = self.env.execute_query(
                SQL("%s ORDER BY number, id LIMIT %s", query, CANDIDATES)
            )
        return self.search([("id", "in", [row[0] for row in found])], limit=limit)

    def _telephony_search_by_index(self, domain, limit):
        """Return the first contacts by name that an index finds for a domain.

        The planner cannot know how frequent a part of a name or number is. It would scan the whole
        table for the first matches, or sort all of them.
        """
        query = self._search(domain, limit=CANDIDATES)
        self.env.flush_query(query.select())
        with _by_index(self.env.cr):
            found = query.get_result_ids()
        return self.search([("id", "in", found)], limit=limit)

    @api.model
    def _telephony_get_prefixes(self, term, digits):
        """Return the E.164 prefixes of a number as typed in the company's country.

        :param str term: the text typed so far, such as `0476 93` or `+32 476`
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
        # Most countries drop the leading zero, some keep it.
        return list(dict.fromkeys([f"+{code}{digits.removeprefix('0')}", f"+{code}{digits}"]))

    @api.model
    def _telephony_get_ideographs_domain(self, term):
        """Return the domain of contacts whose name contains the term, using the ideograph index."""

        def to_sql(model, alias, query):
            name = model._field_to_sql(alias, "complete_name", query)
            spaced = escape_psql(re.sub(IDEOGRAPH, r" \g<0> ", term))
            return SQL(
                "%s AND %s ILIKE %s", _has_ideographs(name), _in_letters(name), f"%{spaced}%"
            )

        return Domain.custom(to_sql=to_sql)

    @api.model
    def _telephony_get_written_domain(self, digits):
        """Return the domain of contacts with a number that, as entered, contains the digits.

        The expression matches the one that Odoo indexes (`mail.thread.phone`).
        """
        names = [name for name in self._phone_get_number_fields() if self._fields[name].store]

        def to_sql(model, alias, query):
            conditions = (
                SQL(
                    "regexp_replace((%s::text), %s::text, ''::text, 'g'::text) LIKE %s",
                    model._field_to_sql(alias, name, query),
                    PHONE_REGEX_PATTERN,
                    f"%{digits}%",
                )
                for name in names
            )
            return SQL("(%s)", SQL(" OR ").join(conditions))

        return Domain.custom(to_sql=to_sql)
