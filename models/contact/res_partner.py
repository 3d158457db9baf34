from odoo import api, fields, models
from odoo.modules.db import FunctionStatus
from odoo.tools import SQL, sql

from ...tools.phone_number import get_extension, get_region
from ..arguments import check_one

MATCHES = 5
# Maximum number of contacts sharing one number, fetched before access rules are applied.
SHARE_NUMBER = 100


class ResPartner(models.Model):
    _inherit = "res.partner"

    # The index keeps the lookup of a caller fast, whatever the number of contacts.
    phone_sanitized = fields.Char(index="btree_not_null")

    def init(self):
        """Create the trigram index that finds part of a name among a million contacts."""
        if self.env.registry.has_trigram:
            name = "complete_name"
            if self.env.registry.has_unaccent == FunctionStatus.INDEXABLE:
                name = self.env.registry.unaccent(name)
            sql.create_index(
                self.env.cr,
                "res_partner_telephony_name_trgm",
                self._table,
                [f"{name} gin_trgm_ops"],
                "gin",
            )

    def _get_telephony_call_domain(self):
        """Return the domain of the calls of a contact and of its company's people."""
        return [("partner_id", "child_of", self.ids)]

    @check_one
    def action_view_telephony_calls(self):
        """Return the action that shows the calls of a contact."""
        return self._get_telephony_calls_action(telephony_partner_id=self.id)

    def _telephony_must_not_be_recorded(self):
        """Return whether a contact, or its company, has the tag *Do not record*."""
        tag = self.env["res.partner.category"]._telephony_do_not_record()
        # sudo: res.partner - the tag applies whichever user is in the call
        partners_sudo = self.sudo().with_context(active_test=False)
        related_sudo = partners_sudo | partners_sudo.parent_id | partners_sudo.commercial_partner_id
        return bool(tag & related_sudo.category_id)

    @api.model
    def _telephony_find(self, number, company):
        """Return the contacts of a number: the last called first, then the last changed.

        :param str number: E.164; an empty one, as of a hidden caller, matches no contact
        :param company: the company; contacts of other companies are excluded
        """
        return self._telephony_find_all(number, company)._telephony_choose(company)

    @api.model
    def _telephony_find_all(self, number, company):
        """Return the contacts of a number, whether or not the user may read them.

        :param str number: E.164, possibly empty
        :param company: the company; contacts of other companies are excluded
        """
        if not number:
            return self.browse()
        self.flush_model(["active", "company_id", "phone_sanitized", "write_date"])
        # The ORM needs several times as long to build the query as PostgreSQL to answer it.
        found = self.env.execute_query(
            SQL(
                """SELECT id FROM (
                    SELECT id, write_date FROM res_partner
                     WHERE active AND phone_sanitized = %(number)s
                       AND (company_id = %(company)s OR company_id IS NULL)
                    UNION
                    SELECT partner.id, partner.write_date
                      FROM telephony_contact_number further
                      JOIN res_partner partner ON partner.id = further.partner_id
                     WHERE partner.active AND further.number = %(number)s
                       AND (partner.company_id = %(company)s OR partner.company_id IS NULL)
                ) found
                ORDER BY write_date DESC, id DESC LIMIT %(limit)s""",
                number=number,
                company=company.id,
                limit=SHARE_NUMBER,
            )
        )
        return self.browse([row[0] for row in found])

    def _telephony_choose(self, company):
        """Return the first of these contacts that the user may read: the last called first.

        :param company: the company of the calls
        """
        partners = self._filtered_access("read")[:MATCHES]
        if len(partners) < 2:
            return partners
        # sudo: telephony.call - only used to sort the contacts
        contacted = dict(
            self.env["telephony.call"]
            .sudo()
            ._read_group(
                [("partner_id", "in", partners.ids), ("company_id", "=", company.id)],
                ["partner_id"],
                ["started_at:max"],
            )
        )
        never = fields.Datetime.from_string("1970-01-01 00:00:00")
        return partners.sorted(lambda partner: contacted.get(partner.sudo(), never), reverse=True)

    def _telephony_get_extension(self, fname, number):
        """Return the extension behind a number of a contact as `dial` reads it: `;ext=5`.

        :param str fname: name of the number's field
        :param str number: E.164
        :return: as in RFC 3966, or an empty text
        :rtype: str
        """
        extension = get_extension(self[fname], get_region(number))
        return f";ext={extension}" if extension else ""

    def _telephony_to_client(self, digits=""):
        """Return the data of these contacts for the softphone, one row for each number.

        :param str digits: typed digits; numbers that contain them come first
        :rtype: list(dict)
        """
        calls = self.env["telephony.call"]
        names = self._telephony_get_number_fields()
        labels = {name: self._fields[name]._description_string(self.env) for name in names}
        typed = digits.lstrip("0")
        rows = []
        for partner in self:
            numbers = partner._telephony_get_numbers()
            if not numbers:
                written = next(filter(None, (partner[name] for name in names)), False)
                numbers = {written: names[0]}
            for number in sorted(numbers, key=lambda number: typed not in (number or "")):
                is_valid = number == partner.phone_sanitized or len(names) > 1
                if is_valid:
                    number += partner._telephony_get_extension(numbers[number], number)
                rows.append(
                    {
                        "partner_id": partner.id,
                        "name": partner.name or partner.display_name,
                        "company_name": partner.commercial_company_name or False,
                        "number": number,
                        "number_display": (is_valid and calls._format_number(number)) or number,
                        # One of several numbers needs a name.
                        "number_label": len(numbers) > 1 and labels[numbers[number]],
                        "country_code": get_region(number) or False,
                        "avatar_url": f"/web/image/res.partner/{partner.id}/avatar_128",
                    }
                )
        return rows
