from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Command

from ..arguments import check_arguments

USER = "crm_telephony.group_user"
MANAGER = "crm_telephony.group_manager"
SYSTEM = "base.group_system"
# Lines that need a system administrator.
FOR_SYSTEM = {"account", "address"}


class TelephonyAccount(models.Model):
    """The first hour: what a company still needs before it can make and receive calls.

    The lines are computed from the records whenever they are shown. An answered incoming call
    proves all of them, so they do not come back afterwards.
    """

    _inherit = "telephony.account"

    reached_base_url = fields.Char(
        "Proven Address",
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Public address at which Fix It or Twilio has reached this database.",
    )

    # === RPC === #

    @api.model
    def get_started(self):
        """Return what the current company still needs before it can make and receive calls.

        :return: `lines`: list of `name`, `title`, `sentence`, `is_done`, and `button`, a label, or
            `False` for a user who may not change it; `is_done`; `ask`: whom to ask, or `False`;
            `can_test`: whether *Call Me Now* can ring the user's telephone
        :rtype: dict
        :raise AccessError: the user neither telephones nor administers the database
        """
        account_sudo = self._get_started_account()
        lines = account_sudo._get_started_lines()
        open_lines = [line for line in lines if not line["is_done"]]
        foreign = {line["name"] for line in open_lines if not line["is_mine"]}
        for line in lines:
            del line["is_mine"]
        return {
            "lines": lines,
            "is_done": not open_lines or account_sudo._is_proven(),
            "ask": self._get_sentence_to_ask(SYSTEM if foreign & FOR_SYSTEM else MANAGER)
            if foreign
            else False,
            "can_test": bool(account_sudo._get_voice_numbers()) and self._may_configure(),
        }

    @api.model
    @check_arguments
    def action_get_started(self, name):
        """Do what the button of a line says, or open the page on which it is done.

        :param str name: name of the line, see `get_started`
        :return: an action; `False` when it is done, or the user may not do it
        :raise AccessError: the user neither telephones nor administers the database
        """
        account_sudo = self._get_started_account()
        is_open = any(
            line["name"] == name and line["button"] and not line["is_done"]
            for line in account_sudo._get_started_lines()
        )
        if not is_open:
            # It was done meanwhile: the page reads the lines again.
            return False
        account = account_sudo.sudo(False)
        if name == "account":
            return account.action_open_credentials()
        if name == "address":
            return account.action_diagnose()
        if name == "number" and not account_sudo.number_ids:
            return account.action_search_numbers()
        if name == "me" and self._is_phone_user():
            account._assign_current_user()
            return False
        connected = account_sudo._get_connected_numbers().sudo(False)
        if name == "flow" and connected and not account_sudo._has_flow():
            account._make_first_flow(connected)
            return False
        return self.env["ir.actions.act_window"]._for_xml_id(
            "crm_telephony.telephony_agent_action"
            if name == "me"
            else "crm_telephony.telephony_number_action"
        )

    # === BUSINESS METHODS === #

    @api.model
    def _get_started_account(self):
        """Return the current company's account as superuser, possibly empty.

        :raise AccessError: the user neither telephones nor administers the database
        """
        if not (self.env.user.has_group(USER) or self.env.user.has_group(SYSTEM)):
            raise AccessError(self.env._("You are not a phone user. Ask your phone administrator."))
        # sudo: telephony.account - only what is missing is returned, and no secret
        return self.sudo()._get_of_company(self.env.company)

    @api.model
    def _may_configure(self):
        """Return whether the current user may assign numbers and choose call flows here."""
        return self.env.user.has_group(MANAGER) and self._is_phone_user()

    @api.model
    def _is_started(self):
        """Return whether nothing is missing in the current company."""
        account_sudo = self._get_started_account()
        return account_sudo._is_proven() or all(
            line["is_done"] for line in account_sudo._get_started_lines()
        )

    def _is_proven(self):
        """Return whether an incoming call was answered: then everything works."""
        return self.state == "connected" and bool(
            self.env["telephony.call"].search_count(
                [
                    ("company_id", "=", self.company_id.id),
                    ("direction", "=", "incoming"),
                    ("answered_at", "!=", False),
                ],
                limit=1,
            )
        )

    def _save_reached(self):
        """Record that a request has reached this database at the public address."""
        base_url = self._get_base_url()
        # sudo: telephony.account - an address, not a secret
        account_sudo = self.sudo()
        if account_sudo.reached_base_url != base_url:
            account_sudo.reached_base_url = base_url

    @api.model
    def _get_sentence_to_ask(self, group):
        """Return the sentence that names an administrator.

        :param str group: group of the administrator
        :rtype: str
        """
        # sudo: res.users - the name of one administrator of the user's own company
        users_sudo = self.env["res.users"].sudo()
        administrator_sudo = users_sudo.search(
            [
                ("all_group_ids", "in", self.env.ref(group).ids),
                ("company_ids", "in", self.env.company.ids),
                ("id", "!=", self.env.uid),
            ],
            order="id",
            limit=1,
        )
        if not administrator_sudo:
            return self.env._("Ask your phone administrator.")
        return self.env._("Ask your administrator, %(name)s.", name=administrator_sudo.name)

    # === LINES === #

    def _get_started_lines(self):
        """Return the lines of `get_started`, in order; `is_mine` is whether the user may help."""
        is_connected = self.state == "connected"
        is_proven = self._is_proven()
        is_reached = is_proven or self._is_reached()
        is_system = self.env.user.has_group(SYSTEM)
        is_manager = self._may_configure()
        numbers = self._get_voice_numbers()
        mine = self._get_assigned_numbers()
        flows = self._get_connected_numbers().flow_id
        return [
            {
                "name": "account",
                "title": self.env._("Twilio account"),
                "is_done": is_connected,
                "sentence": "" if is_connected else self.env._("Enter the keys of your account."),
                "is_mine": is_system,
                "button": is_system and self.env._("Connect"),
            },
            {
                "name": "address",
                "title": self.env._("Public address"),
                "is_done": is_reached,
                "sentence": "" if is_reached else self._get_address_sentence(is_system),
                "is_mine": is_system,
                "button": is_system and is_connected and self.env._("Fix It"),
            },
            {
                "name": "number",
                "title": self.env._("Phone number"),
                "is_done": bool(numbers),
                "sentence": ", ".join(numbers.mapped("display_name"))
                or self.env._("You need a number that can make and receive calls."),
                "is_mine": is_system if not self.number_ids else is_manager,
                "button": self._get_number_button(is_system, is_manager),
            },
            {
                "name": "me",
                "title": self.env._("Your number")
                if self._is_phone_user()
                else self.env._("Phone user with a number"),
                "is_done": bool(mine),
                "sentence": ", ".join(mine.mapped("display_name"))
                or self.env._("Numbers are assigned to those who call with them."),
                "is_mine": is_manager,
                "button": is_manager
                and bool(numbers)
                and (
                    self.env._("Assign to Me")
                    if self._is_phone_user()
                    else self.env._("Phone Users")
                ),
            },
            {
                "name": "flow",
                "title": self.env._("Incoming calls"),
                "is_done": is_proven or bool(flows),
                "sentence": ", ".join(flows.mapped("name"))
                or self.env._("A call flow decides what happens when a customer calls."),
                "is_mine": is_manager,
                "button": is_manager and bool(numbers) and self._get_flow_button(),
            },
        ]

    def _get_number_button(self, is_system, is_manager):
        if self.number_ids:
            return is_manager and self.env._("Numbers")
        return is_system and self.state == "connected" and self.env._("Buy a Number")

    def _get_flow_button(self):
        if not self._get_connected_numbers():
            return self.env._("Numbers")
        if self._has_flow():
            return self.env._("Choose a Call Flow")
        return self.env._("Ring Everyone")

    def _is_reached(self):
        """Return whether a request has reached this database at the present public address."""
        return (
            self.state == "connected"
            and not self._is_address_outdated()
            and self.reached_base_url == self._get_base_url()
        )

    def _get_address_sentence(self, is_system):
        """Return why it is not certain that Twilio reaches this database."""
        if self.state != "connected":
            return self.env._("It is checked after the account is connected.")
        if self._is_address_outdated():
            return self.env._("The public address has changed. Connect again.")
        line = self._diagnose_configured_address()
        if is_system and line["state"] != "ok":
            return line["sentence"]
        return self.env._("No request of Twilio has arrived yet.")

    def _get_voice_numbers(self):
        """Return the numbers with which calls can be made."""
        return self.number_ids.filtered(
            lambda number: number.has_voice and self.state == "connected"
        )

    def _get_connected_numbers(self):
        """Return the numbers whose calls arrive in this database."""
        return self._get_voice_numbers().filtered("is_connected")

    @api.model
    def _is_phone_user(self):
        return self.env["telephony.agent"]._may_telephone(self.env.user, self.env.company)

    def _get_assigned_numbers(self):
        """Return the user's own numbers; of a user who does not telephone, those of all."""
        numbers = self._get_voice_numbers().filtered("agent_ids")
        if not self._is_phone_user():
            return numbers
        return numbers.filtered(lambda number: self.env.user in number.agent_ids.user_id)

    def _has_flow(self):
        flows = self.env["telephony.flow"].with_context(active_test=False)
        return bool(flows.search_count([("company_id", "=", self.env.company.id)], limit=1))

    def _assign_current_user(self):
        """Assign the numbers that no one uses to the current user, or else all numbers."""
        numbers = self.number_ids.filtered("has_voice")
        agents = self.env["telephony.agent"]
        # sudo: telephony.agent - the agent is taken without the superuser's rights
        agent = agents._ensure_own_agent(self.company_id).sudo(False)
        free = numbers.filtered(lambda number: not number.agent_ids)
        (free or numbers).agent_ids = [Command.link(agent.id)]
