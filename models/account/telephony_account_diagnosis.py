import secrets
from urllib.parse import urlsplit

from odoo import api, models
from odoo.tools import format_datetime, hmac
from odoo.tools.misc import formatLang

from ...providers.base import ProviderError
from ...tools.printable import printable

# Balance, in the account's currency, below which a warning is shown.
LOW_BALANCE = 10
# Seconds. Twilio refuses access tokens when the clocks differ by more.
CLOCK_TOLERANCE = 60
# Maximum countries to check besides the company's own: those of most contacts.
CONTACT_COUNTRIES = 4
# Countries that a sentence names.
LISTED_COUNTRIES = 5


class TelephonyAccount(models.Model):
    """Checks of everything between this Odoo and Twilio, one line each.

    A line is a dictionary: `check` (see `telephony.diagnosis.line`), `state` (`ok`, `warning`,
    `error`), `sentence`, and for a fault with a remedy `repair` and `number_id`.
    """

    _inherit = "telephony.account"

    def _diagnose(self):
        """Run all checks. No row is changed, except for what the account's plan is.

        :return: lines, in the order of the checks
        :rtype: list(dict)
        """
        self.ensure_one()
        # First, because its timeout is short, and Twilio may use up the rest of the click's time.
        own_lines = self._diagnose_own_server()
        client, line = self._diagnose_credentials()
        lines = [line]
        if line["state"] == "ok":
            for check, method in (
                ("token", self._diagnose_tokens),
                ("key", self._diagnose_key),
                ("application", self._diagnose_application),
                ("number", self._diagnose_numbers),
                ("country", self._diagnose_countries),
                ("risk", self._diagnose_risks),
                ("balance", self._diagnose_balance),
                # Last, because it writes: no lock is held while Twilio answers.
                ("plan", self._diagnose_plan),
            ):
                try:
                    lines += method(client)
                except ProviderError as error:
                    lines.append(
                        self._line(
                            check,
                            "warning",
                            self.env._(
                                "This was not checked, because Twilio answered the other "
                                "questions too slowly. Check again in a moment."
                            ),
                        )
                        if error.kind == "late"
                        else self._line(check, "error", self._explain(error))
                    )
            lines.append(self._diagnose_clock(client))
        lines += [self._diagnose_address(), *own_lines]
        return [
            *lines,
            self._diagnose_refusals(lines),
            *self._diagnose_custom_phones(),
            *self._diagnose_rules(),
        ]

    @api.model
    def _line(self, check, state, sentence, repair=False, number=None):
        return {
            "check": check,
            "state": state,
            "sentence": sentence,
            "repair": repair,
            "number_id": number.id if number else False,
        }

    # === RESOURCES AT TWILIO === #

    def _diagnose_credentials(self):
        if not self.has_auth_token:
            return None, self._line(
                "credentials", "error", self.env._("The auth token is missing."), "credentials"
            )
        client = self._get_admin()
        try:
            client.fetch_account_name()
        except ProviderError as error:
            return None, self._line(
                "credentials",
                "error",
                self._explain(error),
                "credentials" if error.kind == "unauthorized" else False,
            )
        return client, self._line(
            "credentials", "ok", self.env._("Twilio accepts the credentials.")
        )

    def _diagnose_tokens(self, _client):
        """Report which of two auth tokens Twilio accepts, while there are two."""
        # sudo: telephony.account - the tokens are compared and stay on the server
        account_sudo = self.sudo()
        if not account_sudo.secondary_auth_token:
            return []
        accepted = self._find_accepted_tokens()
        if len(accepted) == 2:
            return [
                self._line(
                    "token",
                    "ok",
                    self.env._(
                        "Twilio still uses the old auth token, and Odoo accepts both. Promote the "
                        "secondary token in the Twilio Console when you are ready."
                    ),
                )
            ]
        sentence = (
            self.env._(
                "Twilio uses the new auth token now and refuses the old one. Drop the old token."
            )
            if account_sudo.secondary_auth_token in accepted
            else self.env._(
                "Twilio uses the old auth token and refuses the secondary one, which was deleted "
                "at Twilio or replaced by another. Drop the secondary token."
            )
        )
        return [self._line("token", "warning", sentence, "token")]

    def _diagnose_key(self, client):
        # sudo: telephony.account - the key is tested and stays on the server
        account_sudo = self.sudo()
        sid, secret = account_sudo.api_key_sid, account_sudo.api_key_secret
        if not (sid and secret):
            return [
                self._line("key", "error", self.env._("There is no API key. Create one."), "key")
            ]
        if not client.has_api_key(sid):
            return [
                self._line(
                    "key",
                    "error",
                    self.env._("The API key was deleted at Twilio. Create a new one."),
                    "key",
                )
            ]
        try:
            self._get_admin(username=sid, password=secret).list_numbers()
        except ProviderError as error:
            if error.kind != "unauthorized":
                raise
            text = self.env._("Twilio does not accept the API key secret. Create a new key.")
            return [self._line("key", "error", text, "key")]
        return [self._line("key", "ok", self.env._("Browsers can authenticate with Twilio."))]

    def _diagnose_application(self, client):
        sid = self.sudo().twiml_app_sid  # sudo: telephony.account - an identifier, not a secret
        try:
            addresses = client.fetch_application(sid) if sid else None
        except ProviderError as error:
            if not error.gone:
                raise
            addresses = None
        if not addresses:
            sentence = self.env._(
                "The TwiML application for browser calls does not exist at Twilio. Connect again."
            )
        elif addresses != self._get_addresses("client"):
            sentence = self.env._(
                "The TwiML application for browser calls points to another address. Connect again."
            )
        else:
            return [
                self._line(
                    "application", "ok", self.env._("Calls from the browser reach this database.")
                )
            ]
        return [self._line("application", "error", sentence, "connect")]

    def _diagnose_numbers(self, client):
        found = {values["number"]: values for values in client.list_numbers()}
        addresses = self._get_addresses("voice")
        lines = [
            self._diagnose_number(number, found.get(number.number), addresses)
            for number in self.number_ids
        ]
        lines += [
            self._diagnose_emergency_address(number, found[number.number])
            for number in self.number_ids.filtered("needs_emergency_address")
            if number.emergency_enabled and number.number in found
        ]
        return lines or [
            self._line(
                "number",
                "warning",
                self.env._(
                    "There is no number yet, so no one can call you. Synchronize "
                    "your numbers or buy one."
                ),
                "buy",
            )
        ]

    def _diagnose_number(self, number, values, addresses):
        name = number.display_name
        if not values:
            return self._line(
                "number",
                "error",
                self.env._("%(number)s is no longer in the Twilio account.", number=name),
                "archive",
                number,
            )
        if not values["has_voice"]:
            return self._line(
                "number",
                "warning" if number.flow_id or number.agent_ids else "ok",
                self.env._(
                    "%(number)s cannot make or receive calls: Twilio offers it for messages only.",
                    number=name,
                ),
                number=number,
            )
        if not number.is_connected:
            return self._line(
                "number",
                "warning",
                self.env._(
                    "Calls to %(number)s go elsewhere. The number was never set up to receive "
                    "calls here.",
                    number=name,
                ),
                "number",
                number,
            )
        if self._leads_elsewhere(values, addresses):
            return self._line(
                "number",
                "error",
                self.env._(
                    "Calls to %(number)s do not arrive here: the number points to another "
                    "address at Twilio.",
                    number=name,
                ),
                "number",
                number,
            )
        if not number.flow_id:
            return self._line(
                "number",
                "warning",
                self.env._(
                    "Calls to %(number)s arrive here, but no call flow handles them. Choose a call "
                    "flow for the number.",
                    number=name,
                ),
                "flow",
                number,
            )
        return self._line(
            "number",
            "ok",
            self.env._("Calls to %(number)s arrive here.", number=name),
            number=number,
        )

    def _diagnose_emergency_address(self, number, values):
        """Report a number that may call emergency services without a registered address."""
        if values["emergency_address_state"] == "registered":
            return self._line(
                "emergency",
                "ok",
                self.env._(
                    "The emergency address of %(number)s is registered at Twilio.",
                    number=number.display_name,
                ),
                number=number,
            )
        return self._line(
            "emergency",
            "error",
            self.env._(
                "Emergency calls are enabled for %(number)s, but its address is not registered at "
                "Twilio any more. Register it in the Twilio Console, or disable emergency calls.",
                number=number.display_name,
            ),
            "emergency",
            number,
        )

    def _diagnose_countries(self, client):
        own = self.company_id.country_id
        if not own:
            return [
                self._line(
                    "country",
                    "warning",
                    self.env._("The company has no country. Set the company's country."),
                )
            ]
        groups = self.env["res.partner"]._read_group(
            [("phone", "!=", False), ("country_id", "!=", False)],
            ["country_id"],
            ["__count"],
            limit=CONTACT_COUNTRIES + 1,
            order="__count DESC",
        )
        others = [country for country, _count in groups if country != own][:CONTACT_COUNTRIES]
        closed = [country for country in (own, *others) if not self._may_call(client, country.code)]
        names = ", ".join(country.name for country in closed)
        if own in closed:
            return [
                self._line(
                    "country",
                    "error",
                    self.env._(
                        "Calls to these countries are disabled in the Twilio Console, under "
                        "Voice > Geo permissions: %(countries)s.",
                        countries=names,
                    ),
                )
            ]
        if closed:
            return [
                self._line(
                    "country",
                    "warning",
                    self.env._(
                        "You have contacts in countries that your Twilio account cannot call: "
                        "%(countries)s. Enable them in the Twilio Console, under Voice > Geo "
                        "permissions.",
                        countries=names,
                    ),
                )
            ]
        return [
            self._line(
                "country",
                "ok",
                self.env._(
                    "Calls to your own country and to the countries of your contacts are enabled."
                ),
            )
        ]

    def _may_call(self, client, country_code):
        try:
            return client.may_call_country(country_code)
        except ProviderError as error:
            if error.gone:
                # Twilio does not list this country, so it has no disabled destinations.
                return True
            raise

    def _diagnose_risks(self, client):
        """Report countries whose most expensive numbers could be called with this account."""
        risks, lines = client.list_risks(), []
        if risks["special"]:
            lines.append(
                self._line(
                    "risk",
                    "warning",
                    self.env._(
                        "High-risk special services numbers, e.g. premium-rate numbers, can be "
                        "called with your Twilio account in: %(countries)s. Disable them in the "
                        "Twilio Console, under Voice > Geo permissions, unless you need them.",
                        countries=self._name_countries(risks["special"]),
                    ),
                )
            )
        if risks["toll_fraud"]:
            lines.append(
                self._line(
                    "risk",
                    "warning",
                    self.env._(
                        "Numbers that are often used for toll fraud can be called with your Twilio "
                        "account in: %(countries)s. Disable them in the Twilio Console, under "
                        "Voice > Geo permissions, unless you need them.",
                        countries=self._name_countries(risks["toll_fraud"]),
                    ),
                )
            )
        return lines or [
            self._line(
                "risk", "ok", self.env._("No high-risk numbers can be called with your account.")
            )
        ]

    @api.model
    def _name_countries(self, codes):
        """Return the names of some countries, and how many others there are."""
        names = self.env["res.country"].search([("code", "in", codes)]).mapped("name")
        # Twilio has one entry for several countries, and entries for no country.
        names = names or codes
        if len(names) <= LISTED_COUNTRIES:
            return ", ".join(names)
        return self.env._(
            "%(countries)s and %(count)d more",
            countries=", ".join(names[:LISTED_COUNTRIES]),
            count=len(names) - LISTED_COUNTRIES,
        )

    def _diagnose_balance(self, client):
        balance = client.fetch_balance()
        if not balance:
            return [self._line("balance", "ok", self._get_subaccount_sentence())]
        amount, currency = balance
        text = f"{amount:.2f} {currency}"
        if amount <= 0 and client.is_suspended():
            return [
                self._line(
                    "balance",
                    "error",
                    self.env._(
                        "The balance is used up (%(amount)s), and Twilio has suspended the "
                        "account. Add funds in the Twilio Console.",
                        amount=text,
                    ),
                )
            ]
        if amount <= 0:
            return [
                self._line(
                    "balance",
                    "warning",
                    self.env._(
                        "The balance is %(amount)s. Add funds in the Twilio Console, unless Twilio "
                        "sends you invoices.",
                        amount=text,
                    ),
                )
            ]
        if amount < LOW_BALANCE:
            return [
                self._line(
                    "balance", "warning", self.env._("The balance is low: %(amount)s.", amount=text)
                )
            ]
        return [self._line("balance", "ok", self.env._("Balance: %(amount)s.", amount=text))]

    def _diagnose_clock(self, client):
        difference = client.get_clock_difference()
        if difference is None:
            return self._line(
                "clock", "warning", self.env._("Twilio's response did not include the time.")
            )
        if abs(difference) > CLOCK_TOLERANCE:
            return self._line(
                "clock",
                "error",
                self.env._(
                    "This server's clock is off by %(seconds)s seconds, so Twilio refuses its "
                    "tokens. Enable time synchronization (NTP) on the server.",
                    seconds=formatLang(self.env, abs(difference), digits=0),
                ),
            )
        return self._line("clock", "ok", self.env._("This server's clock is accurate."))

    # === PUBLIC ADDRESS === #

    def _diagnose_address(self):
        line = self._diagnose_configured_address()
        if not self._is_address_outdated():
            return line
        addresses = {"old": self._get_base_url(), "new": self._get_configured_base_url()}
        if line["state"] == "ok":
            return self._line(
                "address",
                "warning",
                self.env._(
                    "Twilio still uses %(old)s. The public address is now %(new)s. Connect again.",
                    **addresses,
                ),
                "connect",
            )
        # Connecting would give Twilio an address that it cannot reach.
        return self._line(
            "address",
            "warning",
            self.env._(
                "Twilio still uses %(old)s. The public address changed to %(new)s, which Twilio "
                "cannot reach. Enter the correct address.",
                **addresses,
            ),
            "account",
        )

    def _diagnose_configured_address(self):
        base = self._get_configured_base_url()
        parts = urlsplit(base)
        host = parts.hostname or ""
        # sudo: telephony.account - an address, not a secret
        state = "warning" if self.sudo().api_base_url else "error"
        if host in ("localhost", "::1") or host.startswith("127.") or "." not in host:
            return self._line(
                "address",
                state,
                self.env._(
                    "The address %(address)s is not reachable from the internet. Enter a public "
                    "address.",
                    address=base,
                ),
                "account",
            )
        if parts.scheme != "https":
            return self._line(
                "address",
                state,
                self.env._(
                    "The address %(address)s is not encrypted. It must start with https://, which "
                    "browsers also require to use the microphone.",
                    address=base,
                ),
                "account",
            )
        if "_" in host:
            return self._line(
                "address",
                "error",
                self.env._(
                    "Twilio does not accept host names with an underscore: %(address)s.",
                    address=base,
                ),
                "account",
            )
        return self._line(
            "address", "ok", self.env._("Twilio reaches Odoo at %(address)s.", address=base)
        )

    def _diagnose_own_server(self):
        question = secrets.token_urlsafe(24)
        status, answer = self._ask_own_server(question)
        if status == 200 and answer == self._answer_ping(question):
            return [
                self._line("reachability", "ok", self.env._("The address leads to this database.")),
                self._diagnose_signature(),
                self._diagnose_sound(),
                self._diagnose_voice_sdk(),
            ]
        state = "warning" if status == "timeout" else "error"
        return [self._line("reachability", state, self._explain_answer(status), "account")]

    def _explain_answer(self, status):
        if status == "timeout":
            return self.env._(
                "The address did not respond within two seconds. With a single worker "
                "process, Odoo cannot send a request to itself: use at least two workers."
            )
        if status == "certificate":
            return self.env._(
                "The TLS certificate of this address is not valid, so Twilio refuses to "
                "connect. Renew it."
            )
        if status == "unreachable":
            return self.env._(
                "No server answers at this address: the host name or the port is wrong, or "
                "a firewall blocks it."
            )
        if status == 200:
            return self.env._(
                "Another server or database answers at this address. Check the public address."
            )
        if status in (301, 302, 303, 307, 308):
            return self.env._(
                "The address redirects to another one. Twilio follows it without the data of the "
                "call. Enter the final address."
            )
        return self.env._(
            "The address responds with error %(status)s. If this server hosts several databases, "
            "the host name must select one of them (dbfilter).",
            status=status,
        )

    def _diagnose_signature(self):
        if not self.has_auth_token:
            return self._line(
                "signature", "error", self.env._("The auth token is missing."), "credentials"
            )
        status, _answer = self._post_signed_webhook()
        if status == 200:
            return self._line(
                "signature", "ok", self.env._("Requests signed by Twilio are accepted.")
            )
        if status == 403:
            return self._line(
                "signature",
                "error",
                self.env._(
                    "A correctly signed request was refused. A proxy in front of Odoo changes the "
                    "path or the body of requests. Configure it to forward them unchanged."
                ),
            )
        return self._line("signature", "error", self._explain_answer(status))

    def _diagnose_sound(self):
        status, kind, is_playable = self._fetch_own_sound()
        if status != 200:
            state = "warning" if status == "timeout" else "error"
            return self._line("sound", state, self._explain_answer(status))
        if not is_playable:
            return self._line(
                "sound",
                "error",
                self.env._(
                    "Callers hear an error message, because a proxy in front of Odoo delivers "
                    "sounds with the content type “%(type)s”, which Twilio does not play. "
                    "Configure the proxy to forward the responses of /telephony/sound/ unchanged.",
                    type=printable(kind or "?", 100),
                ),
            )
        return self._line("sound", "ok", self.env._("Twilio can play the ringback and the music."))

    def _diagnose_voice_sdk(self):
        """Report whether browsers can load the program that makes calls."""
        url, status, is_program = self._fetch_voice_sdk()
        problem = self._explain_voice_sdk(url, status, is_program)
        if problem:
            return self._line("sdk", "error", problem)
        if status != 200:
            state = "warning" if status == "timeout" else "error"
            return self._line("sdk", state, self._explain_answer(status))
        return self._line("sdk", "ok", self.env._("Browsers can load the Voice SDK."))

    def _diagnose_refusals(self, lines):
        """Report recently refused requests, with the cause that the other lines suggest.

        :param list(dict) lines: results of the other checks
        """
        if not self._was_refused_lately():
            return self._line(
                "refusal", "ok", self.env._("No request from Twilio was refused recently.")
            )
        found = {line["check"]: line for line in lines if line["state"] != "ok"}
        moment = format_datetime(self.env, self.last_refused_at)
        if "credentials" in found:
            return self._line(
                "refusal",
                "error",
                self.env._(
                    "Requests for this account were refused, most recently at %(moment)s. The auth "
                    "token was probably changed at Twilio. Enter the new one.",
                    moment=moment,
                ),
                "credentials",
            )
        if {"address", "application"} & found.keys():
            return self._line(
                "refusal",
                "error",
                self.env._(
                    "Requests for this account were refused, most recently at %(moment)s. Twilio "
                    "probably uses a different address than the configured one. Connect again.",
                    moment=moment,
                ),
                found.get("address", found.get("application"))["repair"],
            )
        if "signature" in found:
            return self._line(
                "refusal",
                "error",
                self.env._(
                    "Requests for this account were refused, most recently at %(moment)s. A "
                    "proxy in front of Odoo probably modifies them.",
                    moment=moment,
                ),
            )
        return self._line(
            "refusal",
            "warning",
            self.env._(
                "Requests for this account were refused because of an invalid signature, most "
                "recently at %(moment)s. Requests from Twilio are accepted now: either the cause "
                "is fixed, or the refused requests did not come from Twilio.",
                moment=moment,
            ),
        )

    # === CUSTOM PHONES === #

    def _diagnose_custom_phones(self):
        """Report the agents whose custom phone must no longer be called."""
        agents_sudo = self._get_agents_with_custom_phone()
        if not agents_sudo:
            return []
        forbidden_sudo = agents_sudo._filter_forbidden_phone()
        if not forbidden_sudo:
            return [
                self._line(
                    "phone", "ok", self.env._("All custom phones of phone users may be called.")
                )
            ]
        is_used = "phone" in forbidden_sudo.mapped("call_via")
        return [
            self._line(
                "phone",
                "error" if is_used else "warning",
                self.env._(
                    "The calling rules no longer allow calls to the custom phones of these phone "
                    "users: %(users)s. Change the phone numbers or the calling rules.",
                    users=", ".join(forbidden_sudo.mapped("user_id.name")),
                ),
                "phone",
            )
        ]

    def _get_agents_with_custom_phone(self):
        # sudo: telephony.agent - administrators of the account check its company's phones
        return (
            self.env["telephony.agent"]
            .sudo()
            .search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("phone_number", "!=", False),
                ]
            )
        )

    # === AUTOMATION RULES === #

    @api.model
    def _diagnose_rules(self):
        """Report the automation rules that fail on events of the telephone."""
        return [
            self._line(
                "rule",
                "error",
                self.env._(
                    "The automation rule “%(rule)s” fails: %(error)s. Calls continue without it. "
                    "Fix the rule or archive it.",
                    rule=run.rule_name,
                    error=printable(run.error, 200),
                ),
            )
            for run in self.env["telephony.rule.run"]._get_failures()
        ]

    @api.model
    def _answer_ping(self, question):
        """Return an answer that only this database can compute.

        :param str question: any text
        :rtype: str
        """
        # sudo: ir.config_parameter - the database's secret is hashed, not shown
        return hmac(self.sudo().env, "telephony-ping", question)
