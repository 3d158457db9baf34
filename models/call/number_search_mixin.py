import re

from odoo import api, models
from odoo.fields import Domain

from ...tools.phone_number import plain_number

LEAST_DIGITS, LEAST_NATIONAL = 3, 6
WRITTEN = re.compile(r"[+\d\s().,/–-]+")


class TelephonyNumberSearchMixin(models.AbstractModel):
    """Records found by the number of their customer, however it is written."""

    _name = "telephony.number.search.mixin"
    _description = "Telephony Number Search"

    @api.model
    def _search_display_name(self, operator, value):
        domain = Domain(super()._search_display_name(operator, value))
        if operator == "ilike" and isinstance(value, str):
            domain |= self._get_written_number_domain(plain_number(value))
        return domain

    @api.model
    def _get_written_number_domain(self, text):
        """Return the domain of the records whose number is, or contains, a typed one.

        :param str text: such as `0470 12 34`, `+32 (0)470` or `0032470`
        :rtype: Domain
        """
        # A zero in parentheses is not dialed from abroad.
        digits = re.sub(r"\D", "", text.replace("(0)", ""))
        if not WRITTEN.fullmatch(text) or len(digits) < LEAST_DIGITS:
            return Domain.FALSE
        domain = Domain.OR(
            Domain("customer_number", "=like", f"{prefix}%")
            for prefix in self.env["res.partner"]._telephony_get_prefixes(text, digits)
        )
        # Without its country code, the number may be of any country.
        national = digits.removeprefix("0")
        if not text.startswith(("+", "00")) and (
            national == digits or len(national) >= LEAST_NATIONAL
        ):
            domain |= Domain("customer_number", "like", national)
        return domain
