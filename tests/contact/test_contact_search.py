"""Contacts are found by a partly typed name or number."""

from odoo.tests import tagged

from ..common import CUSTOMER, TelephonyCase


@tagged("post_install", "-at_install")
class TestContactSearch(TelephonyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.partner"].create(
            [
                {"name": "Xandra Quist", "phone": "+32 471 98 76 54", "country_id": cls.belgium.id},
                {"name": "Xeno Quist", "phone": "0471 98 76 55", "country_id": cls.belgium.id},
                {"name": "Xavi Quist", "phone": "06 98 76 54 32", "country_id": cls.france.id},
                {"name": "Xaver Quist", "country_id": cls.belgium.id},
            ]
        )

    def find(self, term, limit=8):
        """Return the names of the contacts found."""
        found = self.as_user(self.ana).search_contacts(term, limit)
        return [contact["name"] for contact in found]

    def test_by_name(self):
        """Z16: names match in any writing, in order, and only contacts that can be called."""
        names = ["Xandra Quist", "Xavi Quist", "Xeno Quist"]
        for term in ("quist", "QUIS", " quist "):
            with self.subTest(term):
                self.assertEqual(self.find(term), names)
        self.assertEqual(self.find("quist", 2), names[:2])
        self.assertEqual(self.find("xandra q"), names[:1])
        self.assertEqual(self.find("qui_t"), [], "what is typed is no pattern")

    def test_short_names(self):
        """Z16: a short pattern matches the beginning of a word only, whatever surrounds it."""
        self.env["res.partner"].create(
            [
                {"name": "Ynes D'Zotto", "phone": "+32 471 98 76 01"},
                {"name": "Yz, Zb. Éza", "phone": "+32 471 98 76 02"},
            ]
        )
        for term in ("éz", "ÉZ", "Yz,", "Yz, Z", "zb. é"):
            with self.subTest(term):
                self.assertEqual(self.find(term), ["Yz, Zb. Éza"])
        self.assertEqual(self.find("d'z"), ["Ynes D'Zotto"])
        for term in ("y_", "y", "y.", "tt"):
            with self.subTest(term):
                self.assertNotIn("Ynes D'Zotto", self.find(term))

    def test_ideographs(self):
        """Z16: one character of a Chinese or Japanese name matches at any position."""
        self.env["res.partner"].create(
            [
                {"name": name, "phone": f"+86 138 0013 80{number:02}"}
                for number, name in enumerate(("欧阳鑫", "深圳鑫淼公司", "鑫 Lee", "田中ゆかり"))
            ]
        )
        for term, names in (
            ("鑫", {"欧阳鑫", "深圳鑫淼公司", "鑫 Lee"}),
            ("鑫淼", {"深圳鑫淼公司"}),
            ("淼鑫", set()),
            ("深淼", set()),
            ("鑫淼公", {"深圳鑫淼公司"}),
            ("鑫 l", {"鑫 Lee"}),
            ("鑫 Lee", {"鑫 Lee"}),
            ("ゆか", {"田中ゆかり"}),
            ("鑫%", set()),
        ):
            with self.subTest(term):
                self.assertEqual(set(self.find(term)), names)

    def test_by_number(self):
        """Z16: with the country code in both writings, without it, and from the middle."""
        arabic = ("+٣٢ ٤٧١ ٩٨", "٠٤٧١ ٩٨", "\u200e+32 471 98")
        for term in ("+32 471 98", "0032 47198", "0471 98", "0471-98.7", *arabic):
            with self.subTest(term):
                self.assertEqual(self.find(term), ["Xandra Quist", "Xeno Quist"])
        self.assertEqual(self.find("+336987"), ["Xavi Quist"])
        self.assertEqual(self.find("069876"), ["Xavi Quist"])
        self.assertEqual(set(self.find("9876")), {"Xandra Quist", "Xavi Quist", "Xeno Quist"})
        self.assertEqual(self.find("98765", 1), ["Xandra Quist"])

    def test_nothing(self):
        """Z16: a pattern that is too short or unknown finds nothing."""
        for term in ("", "x", "+", "04", "+99912345", "00", "0099", "%%%"):
            with self.subTest(term):
                self.assertEqual(self.find(term), [])


@tagged("post_install", "-at_install")
class TestWhoseNumber(TelephonyCase):
    def test_contacts(self):
        """Z17: active contacts of the company and shared ones, the last changed first."""
        partners = self.env["res.partner"]
        common, foreign, archived = partners.create(
            [
                {"name": "Common", "phone": CUSTOMER, "company_id": False},
                {"name": "Foreign", "phone": CUSTOMER, "company_id": self.company_b.id},
                {"name": "Archived", "phone": CUSTOMER, "active": False},
            ]
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET write_date = now() + interval '1 day' WHERE id = %s",
            [self.partner.id],
        )
        found = partners._telephony_find(CUSTOMER, self.company_a)
        self.assertEqual(found.ids, (self.partner + common).ids)
        self.assertEqual(
            set(partners._telephony_find(CUSTOMER, self.company_b)),
            set(common + foreign) | (set() if self.partner.company_id else {self.partner}),
        )
        archived.active, common.phone = True, "+32470000001"
        self.assertEqual(
            set(partners._telephony_find(CUSTOMER, self.company_a)),
            {self.partner, archived},
            "what is not yet written is seen, too",
        )

    def test_contacts_that_may_be_read(self):
        """Z17: a user who may not see some contacts of a number sees the others."""
        partners = self.env["res.partner"]
        partners.create([{"name": f"Hidden {n}", "phone": CUSTOMER} for n in range(7)])
        self.env["ir.rule"].create(
            {
                "name": "Some are hidden",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": "[('name', 'not like', 'Hidden')]",
            }
        )
        self.assertEqual(len(partners._telephony_find(CUSTOMER, self.company_a)), 5)
        mine = self.as_user(self.ana).env["res.partner"]
        self.assertEqual(mine._telephony_find(CUSTOMER, self.company_a), self.partner)

    def test_leads(self):
        """Z30: the company's only open lead, of the contact or, without one, of the number."""

        def find(partner=self.env["res.partner"], company=self.company_a):
            return self.env["crm.lead"]._telephony_find(partner, CUSTOMER, company)

        self.lead.unlink()
        mine, foreign, lost, archived = self.env["crm.lead"].create(
            [
                {"name": "Mine", "phone": CUSTOMER, "company_id": self.company_a.id},
                {"name": "Foreign", "phone": CUSTOMER, "company_id": self.company_b.id},
                {"name": "Lost", "phone": CUSTOMER, "company_id": self.company_a.id},
                {"name": "Archived", "phone": CUSTOMER, "company_id": False},
            ]
        )
        lost.action_set_lost()
        archived.active = False
        self.assertEqual(find(), mine)
        self.assertEqual(find(company=self.company_b), foreign)
        self.assertEqual(find(self.partner), mine, "it may be this contact's: it has no other")
        twin = self.partner.copy()
        mine.partner_id = twin
        self.assertFalse(find(self.partner), "it is someone else's")
        self.assertEqual(find(twin), mine)
        archived.active = True
        self.assertFalse(find(), "there are two")
