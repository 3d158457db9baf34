"""Typed texts are found by searches, and cannot forge lines in the log."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ...tools.printable import printable
from ..common import CUSTOMER, TelephonyCase


@tagged("post_install", "-at_install")
class TestText(TelephonyCase):
    def get_models(self):
        """Return the models of the addon with permanent records."""
        return [
            model
            for name, model in self.env.items()
            if name.startswith("telephony.") and not model._abstract and not model._transient
        ]

    def test_every_model_is_searched_by_text(self):
        """The text search works on every model."""
        for model in self.get_models():
            with self.subTest(model._name):
                model.name_search("x")
                for operator in ("ilike", "not ilike", "=", "in"):
                    value = ["x"] if operator == "in" else "x"
                    model.search([("display_name", operator, value)], limit=1)

    def test_every_link_to_a_model_is_searched_by_text(self):
        """A list can be filtered by the call of a row."""
        names = {model._name for model in self.get_models()}
        for model in self.env.values():
            if model._abstract:
                continue
            for name, field in model._fields.items():
                if field.type == "many2one" and field.store and field.comodel_name in names:
                    with self.subTest(model=model._name, field=name):
                        model.search([(name, "ilike", "x")], limit=1)

    def test_call_is_found_by_number_and_name(self):
        call = self.env["telephony.call"].create(
            {
                "account_id": self.account.id,
                "direction": "incoming",
                "state": "ended",
                "customer_number": CUSTOMER,
                "partner_id": self.partner.id,
            }
        )
        for text in (CUSTOMER[3:], "zoe peet", call.uuid):
            with self.subTest(text):
                found = [row_id for row_id, _name in call.name_search(text)]
                self.assertIn(call.id, found)
        self.assertNotIn(call.id, [row_id for row_id, _name in call.name_search("nobody")])

    def test_what_is_dialed_writes_no_line_into_the_log(self):
        """Typed texts in errors do not start a line of their own in the log."""
        for number in ("+1\n2026-11-28 CRITICAL x", "+1\r\x1b[31m\u2028\u202e", "9" * 10**6):
            with self.subTest(number[:20]), self.assertRaises(UserError) as caught:
                self.as_user(self.ana).dial(number)
            text = str(caught.exception)
            self.assertTrue(text.isprintable(), text[:200])
            self.assertLess(len(text), 200)

    def test_text_is_made_printable(self):
        self.assertEqual(printable("0470 12 34 56"), "0470 12 34 56")
        self.assertEqual(printable("a\nb\x00c\u2028d"), "a b c d")
        self.assertEqual(printable("1" * 41), "1" * 40 + "…")
        self.assertEqual((printable(None), printable(False)), ("", ""))
