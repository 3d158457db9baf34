import logging

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.phone_validation.tools import phone_validation

from ...tools.printable import printable
from ..arguments import check_one
from ..res_company import RECORDING_MODES

_logger = logging.getLogger(__name__)


class TelephonyNumber(models.Model):
    """A number of the company at the provider."""

    _name = "telephony.number"
    _inherit = ["telephony.guard.mixin"]
    _description = "Phone Number"
    _order = "sequence, id"
    _rec_names_search = ["name", "number"]

    name = fields.Char(required=True, help="E.g. Sales or Support. Shown to phone users.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    number = fields.Char(required=True, help="With country code, e.g. +3225550100.")
    account_id = fields.Many2one(
        "telephony.account", required=True, ondelete="cascade", index=True, immutable=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    provider_number_id = fields.Char("Twilio SID", readonly=True, copy=False)
    is_connected = fields.Boolean(
        "Connected",
        readonly=True,
        copy=False,
        help="Whether calls to this number arrive in this database.",
    )
    flow_id = fields.Many2one(
        "telephony.flow",
        "Call Flow",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Handles calls to this number. Without a call flow, callers hear that no one is "
        "available.",
    )
    agent_ids = fields.Many2many(
        "telephony.agent",
        string="Phone Users",
        check_company=True,
        help="Phone users who can make calls with this number.",
    )

    recording_mode = fields.Selection(
        RECORDING_MODES,
        "Record Calls",
        help="Leave empty to use the company's setting.",
    )
    emergency_enabled = fields.Boolean(
        "Emergency Calls",
        copy=False,
        help="Phone users with this number can call emergency services with it, regardless of "
        "the calling rules.",
    )
    emergency_address = fields.Text(
        "Registered Address",
        copy=False,
        help="Address registered at Twilio for this number. Help is sent to this address.",
    )
    emergency_changed_by_id = fields.Many2one(
        "res.users", "Changed By", readonly=True, copy=False, ondelete="set null"
    )
    emergency_changed_at = fields.Datetime("Changed On", readonly=True, copy=False)

    _number_unique = models.Constraint(
        "UNIQUE (account_id, number)", "This number is already listed in this account."
    )

    @api.constrains("number")
    def _check_number(self):
        for record in self:
            if phone_validation.phone_format(
                record.number, None, None, force_format="E164", raise_exception=False
            ) != record.number or not record.number.startswith("+"):
                raise ValidationError(
                    self.env._(
                        "The number “%(number)s” must include its country code, e.g. +3225550100.",
                        number=printable(record.number),
                    )
                )

    @api.depends("name", "number")
    def _compute_display_name(self):
        for record in self:
            record.display_name = (
                record.number
                if record.name == record.number
                else f"{record.name} ({record.number})"
            )

    # === ACTIONS === #

    def action_connect(self):
        """Connect these numbers, so that their calls arrive here instead of at a previous address.

        :raise UserError: a number does not exist at Twilio, or Twilio refused
        """
        self.check_access("write")
        for number in self:
            if not number.provider_number_id:
                raise UserError(
                    self.env._(
                        "%(number)s is not in the Twilio account. Synchronize the numbers first.",
                        number=number.display_name,
                    )
                )
            number.account_id._connect_number(number)

    def action_synchronize(self):
        """Synchronize the numbers of the company's account."""
        self.check_access("write")
        account = self._get_account_to_manage()
        return account.action_synchronize_numbers()

    def action_search(self):
        """Open the search for a number to buy."""
        return self._get_account_to_manage().action_search_numbers()

    @check_one
    def action_open_release(self):
        """Open the confirmation for the release of this number."""
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Release Number"),
            "res_model": "telephony.number.release",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_number_id": self.id, "dialog_size": "medium"},
        }

    # === BUSINESS METHODS === #

    def _get_account_to_manage(self):
        account = self.env["telephony.account"]._get_of_company(self.env.company)
        if not account:
            raise UserError(self.env._("Connect a Twilio account in the settings first."))
        return account

    def _release(self):
        """Release this number. Note: `self.ensure_one()`

        :return: the action that opens the list of the remaining numbers
        :rtype: dict
        """
        self.ensure_one()
        self.account_id.check_access("write")
        self.account_id._release_number(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_telephony.telephony_number_action"
        )
        return {**action, "target": "main"}

    def _write_changed(self, vals):
        """Write only changed values, so that a synchronization touches few rows."""
        # sudo: telephony.number - data of Twilio about numbers of an account that the user may
        # change
        for number in self.sudo():
            changed = {name: value for name, value in vals.items() if number[name] != value}
            if changed:
                number.write(changed)

    def _to_client(self):
        """Return the payloads of these numbers for the web client.

        :rtype: list(dict)
        """
        return [
            {
                "id": record.id,
                "number": record.number,
                "number_display": record.env["telephony.call"]._format_number(record.number),
                "name": record.name,
            }
            for record in self
        ]

    # ---------------------------------------------------------
    # EMERGENCY CALLS
    # ---------------------------------------------------------

    # Permission to call emergency services with a number.
    #
    # https://www.twilio.com/docs/voice/tutorials/emergency-calling-for-programmable-voice

    @api.constrains("emergency_enabled", "emergency_address")
    def _check_emergency_address(self):
        for number in self:
            if number.emergency_enabled and not (number.emergency_address or "").strip():
                raise ValidationError(
                    self.env._(
                        "Enter the address registered at Twilio for this number. Help is sent to "
                        "this address."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        numbers = super().create(vals_list)
        numbers.filtered("emergency_enabled")._note_emergency_decision()
        return numbers

    def write(self, vals):
        result = super().write(vals)
        if {"emergency_enabled", "emergency_address"} & vals.keys():
            self._note_emergency_decision()
        return result

    def _note_emergency_decision(self):
        """Record the user who decided on emergency calls with these numbers."""
        # sudo: telephony.number - users have no write access to these two fields
        self.sudo().write(
            {
                "emergency_changed_by_id": self.env.uid,
                "emergency_changed_at": fields.Datetime.now(),
            }
        )
        for number in self:
            _logger.warning(
                "User %s decides on emergency calls with number %s: %s.",
                self.env.uid,
                number.id,
                number.emergency_enabled,
            )
