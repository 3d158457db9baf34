from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.phone_number import (
    IMPOSSIBLE,
    NO_COUNTRY,
    PERSONAL,
    PREMIUM,
    SHARED_COST,
    UNLISTED,
    classify,
    is_emergency,
)


class TelephonyRuleError(UserError):
    """A rule forbids a call, but the user may make it with a reason.

    The web client recognizes the error by its name, and asks for the reason.
    """


class TelephonyCall(models.Model):
    """Rules on permitted calls. They are checked before anything rings."""

    _inherit = "telephony.call"

    override_reason = fields.Char(
        readonly=True,
        help="Why an administrator called despite a rule.",
    )

    def _check_emergency(self, typed):
        """Refuse emergency numbers, which must be called from a telephone at a known address.

        :param str typed: number as typed
        :raise UserError: the number is an emergency number
        """
        if is_emergency(typed, self.env.company.country_id.code):
            raise UserError(self._get_emergency_refusal())

    def _get_emergency_refusal(self):
        return self.env._(
            "Emergency numbers cannot be called from here because your location would be "
            "unknown. Use another phone."
        )

    # === GATE === #

    @api.model
    def _get_forbidden_destination(
        self, company, number, reason="", emergency_number=None, is_verification=False
    ):
        """Return why a company must not call a number; empty when it may.

        The one decision for every leg, however it begins. It is made when a number is entered and
        again when the leg is sent, because rules change.

        :param company: company whose rules apply
        :param str number: E.164, or the digits of an emergency service
        :param str reason: administrator's reason to override the company's rules
        :param emergency_number: our number for the call, if emergency services may be dialed with
            it
        :param bool is_verification: whether the call verifies a caller ID
        :return: a whole sentence, or an empty text
        :rtype: str
        """
        # sudo: res.company - the rules are not confidential
        company_sudo = company.sudo()
        if is_emergency(number, company_sudo.country_id.code):
            is_prepared = emergency_number and emergency_number.emergency_enabled
            return "" if is_prepared else self._get_emergency_refusal()
        # sudo: telephony.number - the company's own numbers
        if (
            self.env["telephony.number"]
            .sudo()
            .search_count([("number", "=", number), ("company_id", "=", company.id)], limit=1)
        ):
            return self.env._("This is a number of your own company.")
        destination = classify(number)
        if destination.kind == IMPOSSIBLE:
            return self.env._("This number does not exist. Check it and try again.")
        if reason:
            return ""
        return self._get_forbidden_country(company_sudo, destination) or (
            self._get_forbidden_kind(company_sudo, destination.kind, is_verification)
        )

    def _get_forbidden_country(self, company, destination):
        policy = company.telephony_country_policy
        if policy == "all":
            return ""
        countries = company.country_id if policy == "own" else company.telephony_country_ids
        if not countries:
            return (
                self.env._(
                    "Calls to other numbers are blocked because your company has no country. Ask "
                    "your administrator to set the company's country, or to select the allowed "
                    "countries in the Telephony settings."
                )
                if policy == "own"
                else self.env._(
                    "No country is allowed. Ask your administrator to select the allowed countries "
                    "in the Telephony settings."
                )
            )
        if destination.regions & set(countries.mapped("code")):
            return ""
        country = self.env["res.country"].search(
            [("code", "in", list(destination.regions))], limit=1
        )
        return self.env._(
            "Your company does not allow calls to %(country)s.",
            country=country.name or self.env._("this destination"),
        )

    def _get_forbidden_kind(self, company, kind, is_verification):
        if company.telephony_block_premium:
            if kind == PREMIUM:
                return self.env._("Your company does not allow calls to premium-rate numbers.")
            if kind == PERSONAL:
                return self.env._(
                    "Your company does not allow calls to personal numbers, which cost extra."
                )
            if kind == NO_COUNTRY:
                return self.env._(
                    "Your company does not allow calls to satellite and international service "
                    "numbers."
                )
        if kind == SHARED_COST and not company.telephony_allow_shared_cost and not is_verification:
            return self.env._("Your company does not allow calls to shared-cost numbers.")
        if kind == UNLISTED and not company.telephony_allow_unlisted:
            return self.env._(
                "This number is not in any known number range. Check it, or ask your "
                "administrator to allow unlisted numbers."
            )
        return ""

    # === CALLS OF PHONE USERS === #

    def _get_broken_rule(self, agent, number):
        """Return the company's rule that forbids a call; empty when the call is allowed.

        :param agent: calling agent
        :param str number: E.164
        :rtype: str
        """
        return self._get_forbidden_destination(agent.company_id, number) or (
            self.env["telephony.dialed.leg"]._get_limit_reached(agent.company_id, agent.user_id)
        )

    def _check_rules(self, agent, number, override_reason):
        """Refuse a call that a rule forbids, unless an administrator gives a reason.

        :raise UserError: a rule forbids it
        :raise TelephonyRuleError: a rule forbids it, but a reason overrides the rule
        :return: the reason to store with the call, or an empty text
        :rtype: str
        """
        # Prohibitions that no reason overrides.
        sentence = self._get_forbidden_destination(agent.company_id, number, reason="any")
        if sentence:
            raise UserError(sentence)
        sentence = self._get_broken_rule(agent, number)
        if not sentence:
            return ""
        if not self.env.user.has_group("crm_telephony.group_manager"):
            raise UserError(sentence)
        reason = (override_reason or "").strip()
        if not reason:
            raise TelephonyRuleError(
                self.env._(
                    "%(rule)s As an administrator, you can still call if you enter a reason.",
                    rule=sentence,
                )
            )
        return reason
