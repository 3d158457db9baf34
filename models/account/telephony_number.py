import logging

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.phone_validation.tools import phone_validation

from ...tools.phone_number import (
    SHORTEST,
    get_digits,
    get_region,
    is_emergency_in,
    is_outside_areas,
)
from ...tools.printable import printable
from ..arguments import check_one
from ..res_company import RECORDING_MODES

_logger = logging.getLogger(__name__)

# Fields that decide which numbers the page of a phone user shows, and how.
SHOWN_FIELDS = {"active", "agent_ids", "flow_id", "has_voice", "name", "number", "sequence"}


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
    number_display = fields.Char("Phone", compute="_compute_display_name")
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
    # Settings at the provider before this database took the number, to hand it back.
    former_settings = fields.Json(readonly=True, copy=False, groups="base.group_system")
    has_voice = fields.Boolean(
        "Voice",
        default=True,
        readonly=True,
        copy=False,
        help="Whether this number can make and receive calls. Some numbers of Twilio are for "
        "messages only.",
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

    guideline_url = fields.Char(
        compute="_compute_guideline_url",
        help="Twilio's rules for outgoing calls with a toll-free or national number.",
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
    emergency_note = fields.Char(compute="_compute_emergency_rule")
    is_emergency_possible = fields.Boolean(compute="_compute_emergency_rule")
    needs_emergency_address = fields.Boolean(compute="_compute_emergency_rule")
    emergency_address = fields.Text(
        "Registered Address",
        copy=False,
        help="Address registered at Twilio for this number. Help is sent to this address.",
    )
    emergency_address_state = fields.Selection(
        [
            ("registered", "Registered"),
            ("pending", "Being Registered"),
            ("failed", "Registration Failed"),
            ("unregistered", "Not Registered"),
        ],
        "Address at Twilio",
        readonly=True,
        copy=False,
        help="Whether Twilio has registered the address of this number for emergency calls. "
        "Synchronize the numbers to update it.",
    )
    emergency_active = fields.Boolean(
        "Emergency Calling at Twilio",
        readonly=True,
        copy=False,
        help="Whether emergency calling is active for this number in the Twilio account.",
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
            record.number_display = self.env["telephony.call"]._format_number(record.number)
            record.display_name = (
                record.number_display
                if record.name == record.number
                else f"{record.name} ({record.number_display})"
            )

    @api.depends("number", "account_id")
    def _compute_guideline_url(self):
        """Show the provider's rules for numbers that some countries refuse as a caller ID."""
        for record in self:
            region = get_region(record.number)
            # sudo: telephony.account - only its provider
            account_sudo = record.account_id.sudo()
            record.guideline_url = (
                account_sudo._get_provider().get_guideline_url(region)
                if account_sudo and region and is_outside_areas(record.number)
                else False
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

    def _get_emergency_rule(self):
        """Return the provider's rule for emergency calls with this number, or None.

        Note: `self.ensure_one()`

        :rtype: EmergencyRule | None
        """
        self.ensure_one()
        # sudo: telephony.account - only its provider
        provider = self.account_id.sudo()._get_provider()
        return provider.get_emergency_rules().get(get_region(self.number))

    def _reaches_emergency(self, typed):
        """Return whether the provider connects typed digits with an emergency service.

        Only the emergency numbers of the number's own country are possible.

        Note: `self.ensure_one()`

        :param str typed: digits as typed
        :rtype: bool
        """
        digits = get_digits(typed)
        if not 0 < len(digits) < SHORTEST:
            return False
        rule = self._get_emergency_rule()
        return bool(rule) and (
            digits == rule.test_number or is_emergency_in(digits, get_region(self.number))
        )

    def _get_country_names(self, codes):
        countries = self.env["res.country"].search([("code", "in", list(codes))])
        return ", ".join(countries.mapped("name"))

    @api.depends("number", "account_id")
    @api.depends_context("lang")
    def _compute_emergency_rule(self):
        for number in self:
            rule = number.account_id and number._get_emergency_rule()
            number.is_emergency_possible = bool(rule)
            number.needs_emergency_address = bool(rule and rule.needs_address)
            number.emergency_note = number._get_emergency_note(rule)

    def _get_emergency_note(self, rule):
        country = self._get_country_names([get_region(self.number)]) or self.number
        if not rule:
            return self.env._(
                "Twilio connects no emergency calls from numbers of this country (%(country)s). In "
                "an emergency, phone users must use another phone.",
                country=country,
            )
        if not rule.needs_address:
            return self.env._(
                "Only the emergency numbers of the number's own country (%(country)s) can be "
                "called. Twilio transmits no address: callers must say where help is needed.",
                country=country,
            )
        note = self.env._(
            "Only the emergency numbers of the number's own country (%(country)s) can be called. "
            "Register the address of this number in the Twilio Console first, then synchronize "
            "the numbers. Help is sent to this address. In the United States and Canada, an "
            "emergency call without a registered address costs 75 US dollars, and a national call "
            "center asks for the location.",
            country=country,
        )
        if not rule.test_number:
            return note
        return self.env._(
            "%(note)s Call %(number)s to test it: a voice reads out the registered address.",
            note=note,
            number=rule.test_number,
        )

    @api.constrains("emergency_enabled", "number")
    def _check_emergency_rule(self):
        # A registration that is lost later does not block a call in an emergency; see the
        # diagnosis.
        for number in self.filtered("emergency_enabled"):
            rule = number._get_emergency_rule()
            if not rule:
                rules = self.account_id._get_provider().get_emergency_rules()
                raise ValidationError(
                    self.env._(
                        "Emergency calls are not possible with %(number)s. Twilio connects them "
                        "only from numbers of these countries: %(countries)s.",
                        number=number.display_name,
                        countries=self._get_country_names(rules),
                    )
                )
            if rule.needs_address and number.emergency_address_state != "registered":
                raise ValidationError(
                    self.env._(
                        "Twilio has not registered an emergency address for %(number)s. Register "
                        "it in the Twilio Console, then synchronize the numbers and try again.",
                        number=number.display_name,
                    )
                )

    @api.constrains("emergency_enabled", "emergency_address")
    def _check_emergency_address(self):
        for number in self.filtered("emergency_enabled"):
            rule = number._get_emergency_rule()
            is_needed = rule and rule.needs_address
            if is_needed and not (number.emergency_address or "").strip():
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
        numbers._get_all_agents()._notify_rights()
        return numbers

    def write(self, vals):
        is_shown = bool(SHOWN_FIELDS & vals.keys())
        agents = self._get_all_agents() if is_shown else self.env["telephony.agent"]
        result = super().write(vals)
        if is_shown:
            (agents | self._get_all_agents())._notify_rights()
        if {"emergency_enabled", "emergency_address"} & vals.keys():
            self._note_emergency_decision()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_notify_agents(self):
        self._get_all_agents()._notify_rights()

    def _get_all_agents(self):
        """Return the agents of these numbers, whether or not the current user may see them."""
        # sudo: telephony.number - only to notify their pages, which read what they may read
        return self.sudo().agent_ids

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
