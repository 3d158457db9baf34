from odoo import api, fields, models
from odoo.exceptions import UserError


class ResConfigSettings(models.TransientModel):
    """The company's telephone in the settings.

    The values are written to the company's account, which is created if missing. Secrets are not
    among them: they have a window of their own.
    """

    _inherit = "res.config.settings"

    telephony_account_id = fields.Many2one(
        "telephony.account", compute="_compute_telephony_account_id"
    )
    telephony_state = fields.Selection(related="telephony_account_id.state")
    telephony_has_auth_token = fields.Boolean(related="telephony_account_id.has_auth_token")
    telephony_api_key_sid = fields.Char(related="telephony_account_id.api_key_sid")
    telephony_is_started = fields.Boolean(
        "Telephony Is Ready", compute="_compute_telephony_is_started"
    )
    telephony_number_count = fields.Integer(compute="_compute_telephony_counts")
    telephony_agent_count = fields.Integer(compute="_compute_telephony_counts")
    telephony_flow_count = fields.Integer(compute="_compute_telephony_counts")
    telephony_account_sid = fields.Char("Twilio Account SID")
    telephony_webhook_base_url = fields.Char("Telephony Public Address")
    telephony_default_base_url = fields.Char(
        "Telephony Default Base URL", compute="_compute_telephony_account_id"
    )
    telephony_country_policy = fields.Selection(
        related="company_id.telephony_country_policy", readonly=False
    )
    telephony_country_id = fields.Many2one(related="company_id.country_id")
    telephony_country_ids = fields.Many2many(
        related="company_id.telephony_country_ids", readonly=False
    )
    telephony_block_premium = fields.Boolean(
        related="company_id.telephony_block_premium", readonly=False
    )
    telephony_allow_shared_cost = fields.Boolean(
        related="company_id.telephony_allow_shared_cost", readonly=False
    )
    telephony_allow_unlisted = fields.Boolean(
        related="company_id.telephony_allow_unlisted", readonly=False
    )
    telephony_calls_per_hour = fields.Integer(
        related="company_id.telephony_calls_per_hour", readonly=False
    )
    telephony_longest_call = fields.Integer(
        related="company_id.telephony_longest_call", readonly=False
    )
    telephony_share_insights = fields.Boolean(
        related="company_id.telephony_share_insights", readonly=False
    )
    telephony_wrap_up_seconds = fields.Integer(
        related="company_id.telephony_wrap_up_seconds", readonly=False
    )
    telephony_disposition_required = fields.Boolean(
        related="company_id.telephony_disposition_required", readonly=False
    )

    telephony_recording_mode = fields.Selection(
        related="company_id.telephony_recording_mode", readonly=False
    )
    telephony_announce_incoming = fields.Boolean(
        related="company_id.telephony_announce_incoming", readonly=False
    )
    telephony_announce_outgoing = fields.Boolean(
        related="company_id.telephony_announce_outgoing", readonly=False
    )
    telephony_recording_days = fields.Integer(
        related="company_id.telephony_recording_days", readonly=False
    )
    telephony_call_days = fields.Integer(related="company_id.telephony_call_days", readonly=False)
    telephony_delete_at_provider = fields.Boolean(
        related="company_id.telephony_delete_at_provider", readonly=False
    )
    telephony_recording_problem = fields.Char(compute="_compute_telephony_recording_problem")

    # === COMPUTE METHODS === #

    @api.depends("company_id")
    def _compute_telephony_account_id(self):
        accounts = self.env["telephony.account"]
        for settings in self:
            settings.telephony_account_id = accounts._get_of_company(settings.company_id)
            settings.telephony_default_base_url = settings.get_base_url()

    @api.depends("company_id")
    def _compute_telephony_is_started(self):
        self.telephony_is_started = self.env["telephony.account"]._is_started()

    @api.depends("company_id")
    def _compute_telephony_counts(self):
        for settings in self:
            domain = [("company_id", "=", settings.company_id.id)]
            for name in ("number", "agent", "flow"):
                settings[f"telephony_{name}_count"] = self.env[f"telephony.{name}"].search_count(
                    domain
                )

    @api.depends("company_id")
    def _compute_telephony_recording_problem(self):
        for settings in self:
            account = self.env["telephony.account"]._get_of_company(settings.company_id)
            settings.telephony_recording_problem = account._get_recording_problem()

    @api.onchange("telephony_recording_mode")
    def _onchange_telephony_recording_mode(self):
        """Keep recording off while there is no storage for recordings."""
        if self.telephony_recording_mode == "off" or not self.telephony_recording_problem:
            return None
        self.telephony_recording_mode = "off"
        return {
            "warning": {
                "title": self.env._("Recording remains off"),
                "message": self.telephony_recording_problem,
            }
        }

    # === CRUD METHODS === #

    @api.model
    def get_values(self):
        account = self.env["telephony.account"]._get_of_company(self.env.company)
        return {
            **super().get_values(),
            "telephony_account_sid": account.account_sid,
            "telephony_webhook_base_url": account.webhook_base_url,
        }

    def set_values(self):
        super().set_values()
        account = self.telephony_account_id
        vals = {
            "account_sid": (self.telephony_account_sid or "").strip(),
            "webhook_base_url": (self.telephony_webhook_base_url or "").strip() or False,
        }
        if not vals["account_sid"]:
            # Emptying a field does not delete an account.
            return
        if not account:
            account.create({**vals, "company_id": self.company_id.id})
            return
        changed = {name: value for name, value in vals.items() if account[name] != value}
        if changed:
            account.write(changed)

    # === ACTIONS === #

    def _get_telephony_account(self):
        account = self.env["telephony.account"]._get_of_company(self.env.company)
        if not account:
            raise UserError(self.env._("Connect a Twilio account first."))
        return account

    def action_telephony_announcement(self):
        """Open the announcement of recordings in the table of standard sentences."""
        self.env["telephony.sentence"].action_open()
        return self.env["telephony.sentence"]._make_action(search_default_code="recorded")

    def action_telephony_credentials(self):
        """Open the window for the secrets."""
        account = self.env["telephony.account"]._get_of_company(self.env.company)
        return account.action_open_credentials()

    def action_telephony_connect(self):
        """Connect again with the stored secrets."""
        return self._get_telephony_account().action_connect()

    def action_telephony_synchronize(self):
        """Synchronize the numbers of the account."""
        return self._get_telephony_account().action_synchronize_numbers()

    def action_telephony_balance(self):
        """Show the account's balance."""
        return self._get_telephony_account().action_show_balance()

    def action_telephony_diagnose(self):
        """Check everything between this Odoo and Twilio."""
        return self._get_telephony_account().action_diagnose()

    def action_telephony_buy(self):
        """Open the search for a number to buy."""
        return self._get_telephony_account().action_search_numbers()
