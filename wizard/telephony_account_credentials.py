from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.base.models.res_users import check_identity

from ..models.arguments import check_one

# Fields that the account and this dialog share.
SHARED = (
    "account_sid",
    "webhook_base_url",
    "edge",
    "api_base_url",
    "voice_gateway",
    "voice_sdk_url",
)


class TelephonyAccountCredentials(models.TransientModel):
    """Dialog for the secrets, opened after a password check.

    The typed secret is moved to a field that no user can read, and wiped after use.
    """

    _name = "telephony.account.credentials"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Telephony Account Credentials"
    _transient_max_hours = 0.2

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    account_id = fields.Many2one("telephony.account", readonly=True)
    account_sid = fields.Char("Account SID")
    has_auth_token = fields.Boolean(related="account_id.has_auth_token")
    auth_token = fields.Char(compute="_compute_auth_token", inverse="_inverse_auth_token")
    secret = fields.Char(groups=fields.NO_ACCESS, copy=False)
    secondary_auth_token = fields.Char(
        compute="_compute_auth_token",
        inverse="_inverse_secondary_auth_token",
        help="The secondary auth token of the Twilio Console. Odoo accepts both tokens, so that no "
        "call is lost when you promote it.",
    )
    secondary_secret = fields.Char(groups=fields.NO_ACCESS, copy=False)
    webhook_base_url = fields.Char(
        "Public Address",
        help="Address at which Twilio can reach this database. Leave empty to use the database's "
        "base URL.",
    )
    default_base_url = fields.Char("Default Base URL", compute="_compute_default_base_url")
    edge = fields.Char(
        help="Location of Twilio to which browsers connect, e.g. dublin. Leave empty to use the "
        "nearest one."
    )
    api_base_url = fields.Char("API Base URL")
    voice_gateway = fields.Char()
    voice_sdk_url = fields.Char("Voice SDK URL")

    # === COMPUTE METHODS === #

    def _compute_auth_token(self):
        self.auth_token = self.secondary_auth_token = False

    def _inverse_auth_token(self):
        for wizard in self.filtered("auth_token"):
            # sudo: telephony.account.credentials - written here, readable by no user
            wizard.sudo().secret = wizard.auth_token.strip()
        # Not even the response to the request that wrote the secret contains it.
        self.invalidate_recordset(["auth_token"])

    def _inverse_secondary_auth_token(self):
        for wizard in self.filtered("secondary_auth_token"):
            # sudo: telephony.account.credentials - written here, readable by no user
            wizard.sudo().secondary_secret = wizard.secondary_auth_token.strip()
        self.invalidate_recordset(["secondary_auth_token"])

    def _compute_default_base_url(self):
        for wizard in self:
            wizard.default_base_url = wizard.get_base_url()

    # === ACTIONS === #

    @api.private
    @api.model
    def action_open(self, account):
        """Return the action that opens the dialog.

        :param account: account of the credentials; empty for a company without one
        :rtype: dict
        """
        vals = {"company_id": (account.company_id or self.env.company).id}
        if account:
            vals.update({"account_id": account.id, **{name: account[name] for name in SHARED}})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Connect to Twilio"),
            "res_model": self._name,
            "res_id": self.create(vals).id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "medium"},
        }

    @check_identity
    @check_one
    def action_connect(self):
        """Check the credentials with Twilio, and store them if they are valid.

        :raise UserError: Twilio refused them, or could not be reached
        """
        accounts = self.env["telephony.account"]
        accounts.check_access("write")
        # sudo: telephony.account.credentials - passed to the account, and wiped
        token, secondary_token = self.sudo().secret, self.sudo().secondary_secret
        vals = {name: self[name] for name in SHARED}
        vals["account_sid"] = (vals["account_sid"] or "").strip()
        account = self._find_account(vals["account_sid"])
        is_stored = account.has_auth_token and account.account_sid == vals["account_sid"]
        if not token and not (secondary_token and is_stored):
            raise UserError(self.env._("Enter the auth token of the Twilio account."))
        draft = accounts.new(
            vals
            if account.account_sid == vals["account_sid"]
            else {
                **vals,
                "twiml_app_sid": False,
                "api_key_sid": False,
                "api_key_secret": False,
            },
            origin=account,
        )
        try:
            draft._check_account_sid()
            draft._check_addresses()
            draft._check_edge()
            connection = draft._send_connection_request(token, secondary_token)
            sdk_problem = draft._explain_voice_sdk(*draft._fetch_voice_sdk())
        except Exception:
            self._forget_secret()
            raise
        if account:
            account.write(vals)
        else:
            account = accounts.create({**vals, "company_id": self.company_id.id})
        sentences = account._save_connection(*connection)
        self.sudo().write({"secret": False, "secondary_secret": False})
        return account._notify_connected(sentences, sdk_problem)

    def _forget_secret(self):
        """Wipe a refused secret in a transaction that the error does not roll back."""
        with self.env.registry.cursor() as cr:
            # A row written by this same request disappears with the error.
            cr.execute(
                SQL(
                    """UPDATE telephony_account_credentials
                          SET secret = NULL, secondary_secret = NULL
                        WHERE id IN (
                       SELECT id FROM telephony_account_credentials
                        WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED
                   )""",
                    self.id,
                )
            )

    def _find_account(self, account_sid):
        """Return the account to change: the opened one, or the company's."""
        accounts = self.env["telephony.account"]
        return (
            self.account_id
            or accounts.search(
                [("company_id", "=", self.company_id.id), ("account_sid", "=", account_sid)],
                limit=1,
            )
            or accounts._get_of_company(self.company_id)
        )
