from odoo import api, fields, models

from ..models.arguments import check_one


class TelephonyAccountDisconnect(models.TransientModel):
    """Confirmation before an account is disconnected, and its numbers are handed back."""

    _name = "telephony.account.disconnect"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Disconnect Telephony Account"

    account_id = fields.Many2one(
        "telephony.account", required=True, readonly=True, ondelete="cascade"
    )
    line_ids = fields.One2many("telephony.account.disconnect.line", "disconnect_id", readonly=True)
    caller_id_count = fields.Integer("Verified Caller IDs", compute="_compute_remaining")
    recording_count = fields.Integer("Recordings Still at Twilio", compute="_compute_remaining")

    @api.depends("account_id")
    def _compute_remaining(self):
        for wizard in self:
            account = [("account_id", "=", wizard.account_id.id)]
            # sudo: telephony.caller.id - only how many numbers stay verified
            caller_ids_sudo = self.env["telephony.caller.id"].sudo()
            wizard.caller_id_count = caller_ids_sudo.search_count(
                [*account, ("state", "=", "verified")]
            )
            # sudo: telephony.recording - only how many are still at Twilio
            recordings_sudo = self.env["telephony.recording"].sudo()
            wizard.recording_count = recordings_sudo.search_count(
                [
                    *account,
                    ("provider_recording_id", "!=", False),
                    ("deleted_at_provider", "=", False),
                ]
            )

    @api.depends("account_id")
    def _compute_display_name(self):
        self.display_name = self.env._("Disconnect")

    @api.private
    @api.model
    def action_open(self, account):
        """Read what leads here at Twilio, and open the confirmation.

        :param account: account to disconnect
        :raise UserError: Twilio refused, or could not be reached
        :rtype: dict
        """
        lines = [fields.Command.create(line) for line in self._get_lines(account)]
        wizard = self.create({"account_id": account.id, "line_ids": lines})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Disconnect and Hand Back"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
        }

    def _get_lines(self, account):
        """Return what leads here at Twilio, and what becomes of it.

        :rtype: list(dict)
        """
        numbers, has_application, has_key = account._list_links()
        # sudo: telephony.account - identifiers of our objects at Twilio
        account_sudo = account.sudo()
        lines = [
            {"name": values["number"], "sentence": self._get_sentence(account, values["restored"])}
            for values in numbers
        ]
        if has_application:
            lines.append(
                {
                    "name": self.env._("TwiML Application"),
                    "detail": account_sudo.twiml_app_sid,
                    "sentence": self.env._("Is deleted. Browsers can no longer make calls."),
                }
            )
        if has_key:
            lines.append(
                {
                    "name": self.env._("API Key"),
                    "detail": account_sudo.api_key_sid,
                    "sentence": self.env._("Is deleted."),
                }
            )
        return lines

    def _get_sentence(self, account, settings):
        """Return where the calls to a number go after it was handed back.

        :param dict settings: the settings that it gets back
        :rtype: str
        """
        target = account._get_provider().get_call_target(settings)
        if target:
            return self.env._("Calls go to %(target)s again.", target=target)
        return self.env._("Its address is cleared: calls to this number are no longer answered.")

    @check_one
    def action_disconnect(self):
        """Hand back the numbers, delete the application and the key, and forget the credentials.

        :raise UserError: Twilio refused, or could not be reached; or calls are running
        """
        account = self.account_id
        account.check_access("write")
        numbers, cleared = account._hand_back()
        sentences = [self.env._("The account is disconnected.")]
        if numbers:
            sentences.append(self.env._("Numbers handed back: %(count)s.", count=len(numbers)))
        if cleared:
            sentences.append(
                self.env._(
                    "Twilio refused the former settings of %(numbers)s, so their address was "
                    "cleared.",
                    numbers=", ".join(cleared),
                )
            )
        return account._notify(" ".join(sentences))


class TelephonyAccountDisconnectLine(models.TransientModel):
    """One thing at Twilio that leads here."""

    _name = "telephony.account.disconnect.line"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Telephony Link"

    disconnect_id = fields.Many2one(
        "telephony.account.disconnect", required=True, ondelete="cascade"
    )
    name = fields.Char("At Twilio", required=True)
    detail = fields.Char("Twilio SID")
    sentence = fields.Char("After Disconnecting", required=True)
