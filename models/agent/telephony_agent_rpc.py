import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, UserError
from odoo.tools import SQL

from ...tools.phone_number import get_region
from ..arguments import check_arguments, is_id, is_text
from ..gate import door, enter
from .telephony_agent_lease import LEASE_SECONDS

# Maximum number of calls and offers that a page may report as shown.
MAX_KNOWN = 50
# First half of the key of the lock for a user's first agent. The second half is the user's id.
NEW_AGENT = 1886153572

_logger = logging.getLogger(__name__)


class TelephonyAgent(models.Model):
    """The RPC methods of an agent's own page and of the board, and why an action is unavailable."""

    _inherit = "telephony.agent"

    offline_by_id = fields.Many2one(
        "res.users",
        "Set Offline By",
        readonly=True,
        copy=False,
        ondelete="set null",
        help="The supervisor who set this phone user offline.",
    )

    # === RPC === #

    @api.model
    def _ensure_own_agent(self, company=None):
        """Return the current user's agent in a company, creating it if it is missing.

        :param company: the company, such as that of a call; the current one by default
        :raise AccessError: the user may not telephone in this company
        :return: the agent, as superuser
        """
        company = company or self.env.company
        # sudo: telephony.agent - only ever the current user's own row
        agents_sudo = self.sudo()
        agents_sudo._check_right(company)
        agent_sudo = agents_sudo._find_of(self.env.user, company)
        if not agent_sudo:
            self._wait_for_first_agent(company)
            agent_sudo = agents_sudo.create({"user_id": self.env.uid, "company_id": company.id})
        return agent_sudo

    @api.model
    def _wait_for_first_agent(self, company):
        """Wait until no concurrent request creates the current user's agent.

        A new user's page sends several requests at once, which all find no agent.

        :raise ConcurrencyError: another request has created it: this one is repeated
        """
        self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, %s)", NEW_AGENT, self.env.uid))
        # The snapshot of this transaction is older than the wait.
        with self.env.registry.cursor() as cr:
            cr.execute(
                SQL(
                    "SELECT FROM telephony_agent WHERE user_id = %s AND company_id = %s",
                    self.env.uid,
                    company.id,
                )
            )
            if cr.rowcount:
                raise ConcurrencyError("The agent was created by a concurrent request.")

    @api.model
    @check_arguments
    def softphone_snapshot(self, known=None):
        """Return the complete current state of the softphone.

        :param dict known: what the page shows, see `softphone_changes`
        :return: the result of `softphone_changes`, with all ongoing calls and offers; see
            `_to_client`, `telephony.call._to_client`, `telephony.offer._to_client`
        :rtype: dict
        """
        agent_sudo = self._ensure_own_agent()
        calls = self.env["telephony.call"]
        reason = agent_sudo._get_reason_not_to_call()
        country = self.env.company.country_id
        return {
            # sudo: bus.bus - a counter; most messages up to it are older than this response
            "bus_id": self.env["bus.bus"].sudo()._bus_last_id(),
            **agent_sudo._get_changes(known, is_whole=True),
            "can_call": not reason,
            "cannot_call_reason": reason or False,
            "numbers": agent_sudo._get_numbers()._to_client(),
            "caller_ids": agent_sudo._get_caller_ids()._to_client(),
            "allow_caller_id": agent_sudo.allow_caller_id,
            "my_caller_ids": agent_sudo.caller_id_ids._to_client()
            if agent_sudo.allow_caller_id
            else [],
            "country": {"code": country.code or False, "phone_code": country.phone_code or 0},
            "recent": calls._get_recent_of(self.env.user)._to_client(),
            "client_lease_seconds": LEASE_SECONDS,
            "is_supervisor": self.env.user.has_group("crm_telephony.group_supervisor"),
            # Only an administrator is shown what is left to do, and only they pay for the question.
            "is_started": not self.env.user.has_group("crm_telephony.group_manager")
            or (not reason and self.env["telephony.account"]._is_started()),
            # sudo: res.users.settings - the current user's own row
            "is_first_use": not self.env.user.sudo().res_users_settings_ids.telephony_is_set_up,
        }

    @api.model
    @check_arguments
    def softphone_changes(self, known=None):
        """Return the differences between the server and what the page shows, at almost no cost.

        A page calls it when a change that it shows should have been confirmed by now.

        :param dict known: what the page shows: `calls` (uuid -> revision of the ongoing ones) and
            `offers` (ids of those that ring)
        :return: `agent`; `calls` and `left`, see `telephony.call._get_changes_of`; `offers` that
            ring and are not shown; `closed`: ids of offers that no longer ring
        :rtype: dict
        """
        return self._ensure_own_agent()._get_changes(known)

    @api.model
    @door(routes=True)
    @check_arguments
    def set_status(self, status):
        """Set the current user online or offline. An ongoing call continues.

        :param str status: `online` or `offline`
        :rtype: dict
        """
        if status not in ("online", "offline"):
            raise UserError(self.env._("Invalid status: choose Online or Offline."))
        agent_sudo = self._ensure_own_agent()
        agent_sudo._set_status(status)
        return agent_sudo._to_client()

    @api.model
    @door()
    @check_arguments
    def save_preferences(self, values):
        """Update how the current user makes calls.

        :param dict values: values for `call_via`, `phone_number`, `default_number_id` (which
            customers see from then on), `shows_number`, `press_to_accept`, `call_waiting`
        :raise ValidationError: the custom phone number is missing or invalid
        :rtype: dict
        """
        agent_sudo = self._ensure_own_agent()
        allowed = {
            "call_via",
            "phone_number",
            "default_number_id",
            "shows_number",
            "press_to_accept",
            "call_waiting",
        }
        vals = {name: value for name, value in values.items() if name in allowed}
        if vals.get("call_via", "browser") not in ("browser", "phone"):
            raise UserError(
                self.env._("Invalid choice: make calls via the browser or a custom phone.")
            )
        if vals.get("default_number_id") and vals["default_number_id"] not in (
            agent_sudo._get_numbers().ids
        ):
            raise UserError(self.env._("This number is not assigned to you. Choose another one."))
        if vals.get("default_number_id"):
            vals.setdefault("shows_number", True)
        agent_sudo.write(vals)
        agent_sudo._notify_change()
        return agent_sudo._to_client()

    @api.model
    def finish_set_up(self):
        """Remember that the current user has tried the telephone, or skipped it.

        The softphone no longer opens with the steps of the first use.
        """
        self._ensure_own_agent()
        settings_sudo = self.env["res.users.settings"]._find_or_create_for_user(self.env.user)
        settings_sudo.telephony_is_set_up = True
        return True

    @api.model
    @door()
    @check_arguments
    def renew_lease(self, client_uuid, echo=None, known=None):
        """Prove that this browser is alive, and that the bus reaches it.

        :param str client_uuid: identifier chosen by the page
        :param str echo: the challenge of the last `telephony/lease` message that the page received
        :param dict known: what the page shows, see `softphone_changes`
        :return: `expires_at`, `status`, `reachable`, `now` (the server's clock); and `changes`, see
            `softphone_changes`, if `known` was given
        :rtype: dict
        """
        agent_sudo = self._ensure_own_agent()
        if not 8 <= len(client_uuid or "") <= 64:
            raise UserError(self.env._("The page identifier is not valid. Reload the page."))
        is_wrap_up_over = agent_sudo.wrap_up_call_id and not agent_sudo._is_wrapping_up()
        if agent_sudo.state == "unreachable" or is_wrap_up_over:
            # Waiting callers may be offered, unlike at most other times.
            enter(self.env, user_id=self.env.uid, routes=True)
        was_unreachable = agent_sudo.state == "unreachable"
        expires_at = agent_sudo.lease_ids._renew(agent_sudo, client_uuid, echo)
        agent_sudo.invalidate_recordset(["state", "lease_ids"])
        agent_sudo._finish_wrap_up()
        if was_unreachable:
            agent_sudo._notify_change()
            agent_sudo._offer_waiting_calls()
        self.env["telephony.call"]._trigger_reconciliation()
        return {
            "expires_at": fields.Datetime.to_string(expires_at),
            "status": agent_sudo.status,
            "reachable": expires_at > fields.Datetime.now(),
            "now": fields.Datetime.to_string(fields.Datetime.now()),
            **({} if known is None else {"changes": agent_sudo._get_changes(known)}),
        }

    @api.model
    @door()
    @check_arguments
    def release_lease(self, client_uuid):
        """Delete the lease of a browser that is being closed.

        :param str client_uuid: identifier chosen by the page
        """
        agent_sudo = self._ensure_own_agent()
        agent_sudo.lease_ids._release(agent_sudo, client_uuid)
        return True

    # === BUSINESS METHODS === #

    def _get_changes(self, known, is_whole=False):
        """Return the differences from what a page shows. Note: `self.ensure_one()`

        :param dict known: see `softphone_changes`
        :param bool is_whole: also return what the page shows already
        :return: see `softphone_changes`
        :rtype: dict
        """
        self.ensure_one()
        # A browser may send anything: invalid values are ignored.
        calls, offer_ids = (known or {}).get("calls"), (known or {}).get("offers")
        calls = list(calls.items())[:MAX_KNOWN] if isinstance(calls, dict) else []
        revisions = {uuid: revision for uuid, revision in calls if is_text(uuid)}
        offer_ids = offer_ids[:MAX_KNOWN] if isinstance(offer_ids, list) else []
        offer_ids = {offer_id for offer_id in offer_ids if is_id(offer_id)}
        offers = self._get_open_offers()
        return {
            "agent": self._to_client(),
            **self.env["telephony.call"]._get_changes_of(self.env.user, revisions, is_whole),
            "offers": offers.filtered(
                lambda offer: is_whole or offer.id not in offer_ids
            )._to_client(),
            "closed": sorted(offer_ids - set(offers.ids)),
        }

    def _to_client(self, state=None):
        """Return the agent's own data for the softphone. Note: `self.ensure_one()`

        :param str state: the agent's state if it is known; read by default
        """
        self.ensure_one()
        calls = self.env["telephony.call"]
        return {
            "id": self.id,
            "revision": self.revision,
            # Bus messages reach the user whatever company a page shows.
            "company_id": self.company_id.id,
            "status": self.status,
            "call_via": self.call_via,
            "phone_number": self.phone_number or False,
            "phone_number_display": calls._format_number(self.phone_number) or False,
            "phone_country_code": get_region(self.phone_number) or False,
            "press_to_accept": self.press_to_accept,
            "call_waiting": self.call_waiting,
            "default_number_id": self._get_default_number().id,
            "shows_number": self.shows_number,
            "state": state or self.state,
            "wrap_up": self._wrap_up_to_client(),
        }

    def _get_reason_not_to_pick_up(self, goes_online=False):
        """Return why this agent cannot pick up a caller from a queue; empty if possible.

        :param bool goes_online: whether the agent goes online with that call
        :rtype: str
        """
        self.ensure_one()
        if goes_online and self.state == "offline":
            return ""
        return {
            "in_call": self.env._("You are already in a call."),
            "offline": self.env._("You are offline. Go online to answer callers in the queue."),
            "unreachable": self.env._(
                "Your browser cannot receive calls right now. Reload the page."
            ),
        }.get(self.state, "")

    def _get_reason_not_to_transfer(self, user):
        """Return why a call cannot be transferred to this agent; empty if possible.

        :param user: the user who transfers
        :rtype: str
        """
        self.ensure_one()
        name = self.user_id.name
        if self.user_id == user:
            return self.env._("You cannot transfer a call to yourself.")
        if self.state == "available":
            return ""
        return {
            "offline": self.env._("%(name)s is offline.", name=name),
            "unreachable": self.env._("%(name)s cannot be reached right now.", name=name),
            "ringing": self.env._("Someone else is already calling %(name)s.", name=name),
            "in_call": self.env._("%(name)s is in a call.", name=name),
            "wrap_up": self.env._("%(name)s is still wrapping up the last call.", name=name),
        }.get(self.state, self.env._("%(name)s cannot take a call right now.", name=name))

    def _get_reason_not_to_call(self):
        """Return why this agent cannot make calls at all; empty if possible.

        :rtype: str
        """
        self.ensure_one()
        accounts = self.env["telephony.account"]
        if not self._get_account():
            if self.env.user.has_group("base.group_system"):
                return self.env._(
                    "Telephony is not connected to Twilio yet. Click “Connect” under Telephony > "
                    "Configuration > Settings."
                )
            return self.env._(
                "Telephony is not connected to Twilio yet. %(ask)s",
                ask=accounts._get_sentence_to_ask("base.group_system"),
            )
        if not self._get_numbers():
            if self.env.user.has_group("crm_telephony.group_manager"):
                return self.env._(
                    "No phone number is assigned to you. Add yourself to the phone users of a "
                    "number under Telephony > Configuration > Numbers."
                )
            return self.env._(
                "No phone number is assigned to you. %(ask)s",
                ask=accounts._get_sentence_to_ask("crm_telephony.group_manager"),
            )
        return ""

    # ---------------------------------------------------------
    # BOARD
    # ---------------------------------------------------------

    # Agents on the supervisors' board.

    # === RPC === #

    @door(routes=True)
    def set_offline(self):
        """Set agents offline as their supervisor. Ongoing calls continue.

        Calls that ring at these agents are offered elsewhere. The agents are notified of who set
        them offline.

        :raise AccessError: the current user supervises no agents
        """
        self._check_supervisor()
        self.check_access("read")
        # sudo: telephony.agent - a supervisor may set every visible agent offline
        agents_sudo = self.sudo().filtered(lambda agent: agent.status == "online")
        agents_sudo._get_open_offers().call_id._lock()
        for agent_sudo in agents_sudo:
            offers_sudo = agent_sudo._get_open_offers()
            offers_sudo._close("withdrawn", "withdrawn", notify=False)
            agent_sudo._set_status("offline")
            agent_sudo.offline_by_id = self.env.user
            agent_sudo._notify_set_offline(self.env.user)
            offers_sudo.call_id._advance_if_unoffered()
            _logger.info(
                "User %s set the agent of user %s offline.", self.env.uid, agent_sudo.user_id.id
            )
        return True

    def _notify_set_offline(self, supervisor):
        """Notify an agent which supervisor set them offline. Note: `self.ensure_one()`"""
        self.ensure_one()
        if self.user_id == supervisor:
            return
        env = self.with_context(lang=self.user_id.lang).env
        self.user_id._bus_send(
            "telephony/set_offline",
            {
                "message": env._(
                    "%(name)s set you offline. Go back online when you can take calls.",
                    name=supervisor.name,
                )
            },
        )

    # === BOARD === #

    @api.model
    def _check_supervisor(self):
        """Check that the current user supervises agents.

        :raise AccessError: the current user supervises no agents
        """
        if not self.env.user.has_group("crm_telephony.group_supervisor"):
            raise AccessError(self.env._("Only Telephony supervisors can do this."))

    @api.model
    def _get_board_states(self):
        """Return the agent states with the labels that the board shows.

        :rtype: list(dict)
        """
        names = self._fields["state"]._description_selection(self.env)
        return [{"id": state, "name": name} for state, name in names]

    def _to_board(self, calls, last_ends):
        """Return the board rows of these agents.

        :param dict calls: user -> the ongoing call of that user
        :param dict last_ends: user -> end of that user's last call
        :rtype: list(dict)
        """
        to_text = fields.Datetime.to_string
        rows = []
        for agent in self:
            user = agent.user_id
            call = calls.get(user, self.env["telephony.call"])
            idle_since = max(filter(None, [agent.status_since, last_ends.get(user)]), default=False)
            since = {
                "in_call": call.answered_at or call.started_at,
                "wrap_up": agent.wrap_up_started_at,
                "offline": agent.status_since,
            }.get(agent.state, idle_since)
            rows.append(
                {
                    "id": agent.id,
                    "user_id": user.id,
                    "name": user.name,
                    "state": agent.state,
                    "status": agent.status,
                    "since": to_text(since) or False,
                    "customer": bool(call) and call.customer_display,
                    "company": agent.company_id.name,
                }
            )
        return rows
