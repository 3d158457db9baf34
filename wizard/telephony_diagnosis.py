from odoo import api, fields, models

from ..models.arguments import check_one

CHECKS = [
    ("credentials", "Credentials"),
    ("token", "Auth Tokens"),
    ("key", "API Key"),
    ("application", "Application"),
    ("number", "Number"),
    ("emergency", "Emergency Calls"),
    ("address", "Public Address"),
    ("reachability", "Reachability"),
    ("signature", "Signature"),
    ("sound", "Sounds"),
    ("sdk", "Voice SDK"),
    ("refusal", "Refused Requests"),
    ("country", "Countries"),
    ("risk", "High-Risk Numbers"),
    ("balance", "Balance"),
    ("plan", "Calls at Once"),
    ("clock", "Clock"),
    ("phone", "Custom Phones"),
    ("rule", "Automation Rule"),
]
# Pages of the Twilio Console that remove a limit of the account.
CONSOLE = {
    "upgrade": "https://console.twilio.com/us1/billing/upgrade",
    "profile": "https://console.twilio.com/us1/account/trust-hub/customer-profiles",
}
# Errors come first.
STATES = ["error", "warning", "ok"]


class TelephonyDiagnosis(models.TransientModel):
    """Result of the checks between this Odoo and Twilio."""

    _name = "telephony.diagnosis"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Telephony Diagnosis"

    account_id = fields.Many2one(
        "telephony.account", required=True, readonly=True, ondelete="cascade"
    )
    checked_at = fields.Datetime(readonly=True, default=fields.Datetime.now)
    line_ids = fields.One2many("telephony.diagnosis.line", "diagnosis_id", readonly=True)
    error_count = fields.Integer(compute="_compute_counts")
    warning_count = fields.Integer(compute="_compute_counts")

    @api.depends("line_ids.state")
    def _compute_counts(self):
        for diagnosis in self:
            states = diagnosis.line_ids.mapped("state")
            diagnosis.error_count = states.count("error")
            diagnosis.warning_count = states.count("warning")

    @api.depends("account_id")
    def _compute_display_name(self):
        self.display_name = self.env._("Fix It")

    @api.private
    @api.model
    def action_open(self, account=None):
        """Check an account, and open the result.

        :param account: account to check, by default the current company's
        :rtype: dict
        """
        account = account or self.env["telephony.account"]._get_of_company(self.env.company)
        if not account:
            return self.env["ir.actions.act_window"]._for_xml_id(
                "crm_telephony.telephony_settings_action"
            )
        account.check_access("write")
        lines = self._check(account)
        diagnosis = self.create({"account_id": account.id, "line_ids": lines})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Fix It"),
            "res_model": self._name,
            "res_id": diagnosis.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "current",
        }

    @api.private
    @api.model
    def action_open_after_connection(self):
        """Check the account that was just connected, and open the result if something is wrong.

        :return: *Fix It*, or the action that reloads the page
        :rtype: dict
        """
        action = self.action_open()
        if self.browse(action.get("res_id")).error_count:
            return action
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_check_again(self):
        """Check again, and show the new result in place of this one."""
        for diagnosis in self:
            diagnosis.account_id.check_access("write")
            lines = self._check(diagnosis.account_id)
            diagnosis.write(
                {
                    "checked_at": fields.Datetime.now(),
                    "line_ids": [fields.Command.clear(), *lines],
                }
            )

    def _check(self, account):
        lines = sorted(account._diagnose(), key=lambda line: STATES.index(line["state"]))
        good = {line["check"] for line in lines if line["state"] == "ok"}
        if {"reachability", "signature"} <= good:
            account._save_reached()
        return [fields.Command.create(line) for line in lines]


class TelephonyDiagnosisLine(models.TransientModel):
    """Result of one check."""

    _name = "telephony.diagnosis.line"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Telephony Diagnosis Line"

    diagnosis_id = fields.Many2one("telephony.diagnosis", required=True, ondelete="cascade")
    check = fields.Selection(CHECKS, required=True)
    state = fields.Selection(
        [("ok", "Good"), ("warning", "Warning"), ("error", "Error")], required=True
    )
    sentence = fields.Char("Result", required=True)
    repair = fields.Selection(
        [
            ("credentials", "Enter the Auth Token"),
            ("token", "Drop the Refused Token"),
            ("key", "Create New Key"),
            ("connect", "Connect Again"),
            ("number", "Receive Calls Here"),
            ("archive", "Archive the Number"),
            ("flow", "Choose a Call Flow"),
            ("emergency", "Open the Number"),
            ("buy", "Buy a Number"),
            ("account", "Change the Address"),
            ("phone", "Show the Phone Users"),
            ("upgrade", "Upgrade the Account"),
            ("profile", "Open the Trust Hub"),
        ]
    )
    number_id = fields.Many2one("telephony.number", ondelete="cascade")

    @check_one
    def action_repair(self):
        """Repair the fault of this line, and check again."""
        account = self.diagnosis_id.account_id
        account.check_access("write")
        if self.repair == "credentials":
            return account.action_open_credentials()
        if self.repair in CONSOLE:
            return {"type": "ir.actions.act_url", "url": CONSOLE[self.repair], "target": "new"}
        if self.repair == "buy":
            return account.action_search_numbers()
        if self.repair == "account":
            return self._open(account)
        if self.repair in ("flow", "emergency"):
            return self._open(self.number_id)
        if self.repair == "phone":
            agents_sudo = account._get_agents_with_custom_phone()._filter_forbidden_phone()
            return {
                **self.env["ir.actions.act_window"]._for_xml_id(
                    "crm_telephony.telephony_agent_action"
                ),
                "domain": [("id", "in", agents_sudo.ids)],
            }
        if self.repair == "token":
            account._drop_refused_token()
        elif self.repair == "key":
            account._make_new_key()
        elif self.repair == "connect":
            account.action_connect()
        elif self.repair == "number":
            self.number_id.action_connect()
        elif self.repair == "archive":
            self.number_id.active = False
        # In a request of its own: the check waits for Twilio, and must not hold locks meanwhile.
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "crm_telephony.telephony_diagnosis_action_check_again"
            ),
            "context": {
                "active_model": self.diagnosis_id._name,
                "active_id": self.diagnosis_id.id,
                "active_ids": self.diagnosis_id.ids,
            },
        }

    def _open(self, record):
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "current",
        }
