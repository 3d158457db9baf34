"""All numbers of a contact: found by a caller's number and by typing, and indexed."""

from unittest.mock import patch

from odoo.tests import tagged

from ..common import CUSTOMER, TelephonyCase, TelephonyHttpCase

LANDLINE = "+3225550100"
OTHER = "+3225550199"
# Stands in for the field of an addon such as OCA's partner_mobile or partner_phone_secondary.
SECOND = "function"


class SecondNumber:
    """A second phone field on contacts."""

    def setUp(self):
        super().setUp()
        partners = self.registry["res.partner"]
        self.fields = ["phone", SECOND]
        self.patch(partners, "_phone_get_number_fields", lambda _self: list(self.fields))
        self.partner[SECOND] = "02 555 01 00"

    def find(self, number=LANDLINE, company=None):
        return self.env["res.partner"]._telephony_find(number, company or self.company_a)

    def index_again(self):
        with patch.object(self.registry["ir.cron"], "_commit_progress", return_value=9):
            self.env["res.partner"]._cron_telephony_index_numbers()


@tagged("post_install", "-at_install")
class TestContactNumbers(SecondNumber, TelephonyCase):
    def test_contact_is_found_by_each_number(self):
        """Z17: a contact is known by the landline, and still by the mobile."""
        self.assertEqual(self.find(), self.partner)
        self.assertEqual(self.find(CUSTOMER), self.partner)
        self.assertFalse(self.find("+3225550101"))

    def test_index_follows_the_contact(self):
        self.partner[SECOND] = "02 555 01 99"
        self.assertFalse(self.find())
        self.assertEqual(self.find(OTHER), self.partner)
        self.partner.country_id = self.france
        self.assertFalse(self.find(OTHER), "it is a number of another country now")
        self.partner.country_id = self.belgium
        self.partner.active = False
        self.assertFalse(self.find(OTHER))
        self.partner.active = True
        self.partner.phone = False
        self.assertEqual(self.find(OTHER), self.partner, "the only number is the first one now")
        self.assertFalse(self.partner.sudo().telephony_number_ids)
        self.partner.unlink()
        self.assertFalse(self.find(OTHER))

    def test_new_contact_and_equal_numbers(self):
        twin = self.env["res.partner"].create(
            {
                "name": "Yann",
                "phone": "+32 2 555 01 00",
                SECOND: "+32 2 555 01 00",
                "company_id": self.company_b.id,
            }
        )
        self.assertEqual(self.find(company=self.company_b), twin)
        self.assertEqual(self.find(), self.partner)
        twin.company_id = False
        self.assertEqual(self.find(), twin | self.partner)
        self.assertFalse(twin.sudo().telephony_number_ids, "the first number needs no row")

    def test_contact_is_searched_by_each_number(self):
        """Z16: the typed number comes first, and the others are offered, too."""
        self.partner.name = "Zoe Uniquely"

        def search(term, limit=8):
            return [
                (row["number"], row["number_label"])
                for row in self.as_user(self.ana).search_contacts(term, limit)
                if row["partner_id"] == self.partner.id
            ]

        label = self.env["res.partner"]._fields[SECOND].string
        mobile, landline = (CUSTOMER, "Phone"), (LANDLINE, label)
        for term in ("uniquely", "0470 12 34", "+32 470 12"):
            with self.subTest(term):
                self.assertEqual(search(term), [mobile, landline])
        for term in ("02 555 01", "+32 2 555", "0032 2555", "25550100", "5550100", "555-01.00"):
            with self.subTest(term):
                self.assertEqual(search(term), [landline, mobile])
        self.assertEqual(search("02 555 01", 1), [landline])
        self.partner.phone = False
        self.assertEqual(search("uniquely"), [(LANDLINE, False)], "one number needs no name")

    def test_numbers_of_unreadable_contacts_are_not_searched(self):
        self.partner.company_id = self.company_b
        self.assertEqual(self.as_user(self.ana).search_contacts("02 555 01"), [])

    def test_erasure_covers_each_number(self):
        wizard = self.env["telephony.erasure"].create({"partner_ids": self.partner.ids})
        self.assertEqual(set(wizard._get_numbers()), {CUSTOMER, LANDLINE})

    def test_look_up_is_one_query_of_indexes(self):
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(1):
            self.env["res.partner"].sudo()._telephony_find(LANDLINE, self.company_a)
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        for condition in ("number = '+32'", "number LIKE '+32%'", "number LIKE '%5550%'"):
            self.env.cr.execute(
                "EXPLAIN SELECT partner_id FROM telephony_contact_number WHERE " + condition
            )
            plan = "\n".join(line for [line] in self.env.cr.fetchall())
            with self.subTest(condition):
                self.assertRegex(plan, "Index")
                self.assertNotIn("Seq Scan", plan)


@tagged("post_install", "-at_install")
class TestIndexOfNumbers(SecondNumber, TelephonyCase):
    """An addon with a phone field is installed, or removed, when contacts exist already."""

    def test_field_added_later_is_indexed(self):
        rows = self.env["telephony.contact.number"]
        rows.search([]).unlink()
        self.assertFalse(self.find())
        self.assertFalse(self.env["res.partner"]._telephony_is_indexed())
        self.index_again()
        self.assertEqual(self.find(), self.partner)
        self.assertTrue(self.env["res.partner"]._telephony_is_indexed())
        rows.search([]).unlink()
        self.index_again()
        self.assertFalse(self.find(), "nothing has changed, so nothing is done")

    def test_field_removed_later_is_forgotten(self):
        self.index_again()
        self.fields = ["phone"]
        self.assertFalse(self.env["res.partner"]._telephony_is_indexed())
        self.index_again()
        self.assertFalse(self.find())
        self.assertFalse(self.env["telephony.contact.number"].search([]))

    def test_interrupted_run_continues(self):
        with (
            patch("odoo.addons.crm_telephony.models.contact.res_partner_number.INDEXED_AT_ONCE", 1),
            patch.object(self.registry["ir.cron"], "_commit_progress", return_value=0),
        ):
            self.env["res.partner"]._cron_telephony_index_numbers()
        self.assertFalse(self.env["res.partner"]._telephony_is_indexed())
        self.index_again()
        self.assertEqual(self.find(), self.partner)

    def test_registry_asks_for_the_index_only_if_fields_have_changed(self):
        cron = self.env.ref("crm_telephony.ir_cron_index_numbers")
        triggers = self.env["ir.cron.trigger"]
        domain = [("cron_id", "=", cron.id)]
        before = triggers.search_count(domain)
        self.index_again()
        self.env["res.partner"]._register_hook()
        self.assertEqual(triggers.search_count(domain), before)
        self.fields = [SECOND, "phone"]
        self.env["res.partner"]._register_hook()
        self.assertEqual(triggers.search_count(domain), before + 1)


@tagged("post_install", "-at_install")
class TestCallerWithSecondNumber(SecondNumber, TelephonyHttpCase):
    def test_caller_is_known_by_the_landline(self):
        """Z17: a call from the second number shows the contact and its opportunity."""
        call, _verbs = self.call_in(from_=LANDLINE)
        self.assertEqual((call.partner_id, call.lead_id), (self.partner, self.lead))
