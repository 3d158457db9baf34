"""An account uses the provider that its field names."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import register_provider
from odoo.addons.crm_telephony.providers.voice_response import HangUp

from ..common import FakeCarrier, FakeProvider, TelephonyCase


class Pigeon(FakeCarrier):
    """A provider with a language and an explanation of its own."""

    def render(self, response):
        return "coo"

    def explain(self, kind):
        return "The pigeon is tired."


@tagged("post_install", "-at_install")
class TestProvider(TelephonyCase):
    def setUp(self):
        super().setUp()
        self.pigeon = FakeProvider()
        register_provider("pigeon", Pigeon(self.pigeon))
        # An addon would use `selection_add`.
        field = self.env["telephony.account"]._fields["provider"]
        choices = {"twilio": "Twilio", "pigeon": "Carrier Pigeon"}
        self.startPatcher(patch.object(field, "_selection", choices))
        self.env.cr.execute(
            "UPDATE telephony_account SET provider = 'pigeon' WHERE id = %s", (self.account_b.id,)
        )
        self.account_b.invalidate_recordset()

    def test_requests_go_to_the_provider_of_the_account(self):
        self.account._get_client().end_leg("CA1")
        self.account_b._get_client().end_leg("CA2")
        self.assertEqual(self.provider.sent("end_leg"), [["CA1"]])
        self.assertEqual(self.pigeon.sent("end_leg"), [["CA2"]])

    def test_voice_responses_are_in_the_language_of_the_provider(self):
        self.assertIn("<Hangup", self.account._render([HangUp()]))
        self.assertEqual(self.account_b._render([HangUp()]), "coo")

    def test_provider_of_an_account_never_changes(self):
        with self.assertRaises(UserError):
            self.account_b.provider = "twilio"

    def test_new_account_uses_twilio(self):
        self.assertEqual(self.account.provider, "twilio")
