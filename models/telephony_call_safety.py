from datetime import timedelta

from odoo import _, fields, models
from odoo.exceptions import UserError

from .telephony_destination import classify, is_emergency


class TelephonyRuleError(UserError):
    """A rule forbids a call that its caller may make all the same, with a reason.

    The web client knows it by its name, and asks for the reason.
    """


class TelephonyCall(models.Model):
    """Rules about who may call where. They are checked before anything rings."""

    _inherit = "telephony.call"

    override_reason = fields.Char(
        "Reason for the Exception", readonly=True,
        help="Why an administrator called in spite of a rule.",
    )

    def _check_emergency(self, typed):
        """Refuse emergency numbers: they must be called from a telephone whose place is known.

        :param str typed: as typed
        :raise UserError: it is an emergency number
        """
        if is_emergency(typed, self.env.company.country_id.code):
            raise UserError(_(
                "Emergency numbers cannot be called from here, because nobody would know where "
                "you are. Use another telephone."
            ))

    def _get_forbidden_destination(self, company, number):
        """Say why a company does not allow calls to a number; nothing when it does.

        :param company: whose rules count
        :param str number: E.164
        :rtype: str
        """
        # sudo: res.company - the rules are no secret
        company = company.sudo()
        region, expensive = classify(number)
        allowed = company.telephony_country_ids.mapped("code")
        if allowed and region not in allowed:
            country = self.env["res.country"].search([("code", "=", region)], limit=1)
            return _("Your company does not allow calls to %(country)s.",
                     country=country.name or _("this destination"))
        if expensive and company.telephony_block_premium:
            return _("This is a premium number, and your company does not allow calls to those.")
        return ""

    def _get_broken_rule(self, agent, number):
        """Say which rule of the company forbids a call; nothing when it may be made.

        :param agent: who calls
        :param str number: E.164
        :rtype: str
        """
        sentence = self._get_forbidden_destination(agent.company_id, number)
        if sentence:
            return sentence
        # sudo: res.company - the rules are no secret
        limit = agent.company_id.sudo().telephony_calls_per_hour
        if limit and self.sudo().search_count([
            ("user_id", "=", agent.user_id.id),
            ("direction", "=", "outgoing"),
            ("started_at", ">", fields.Datetime.now() - timedelta(hours=1)),
        ], limit=limit) >= limit:
            return _("You have made %(count)s calls within an hour, which is the limit of your "
                     "company. Wait a little.", count=limit)
        return ""

    def _check_rules(self, agent, number, override_reason):
        """Refuse a call that a rule forbids, unless an administrator gives a reason.

        :raise UserError: a rule forbids it
        :raise TelephonyRuleError: a rule forbids it, but a reason would do
        :return: the reason to keep with the call, or an empty text
        :rtype: str
        """
        sentence = self._get_broken_rule(agent, number)
        if not sentence:
            return ""
        if not self.env.user.has_group("crm_telephony.group_manager"):
            raise UserError(sentence)
        reason = (override_reason or "").strip()
        if not reason:
            raise TelephonyRuleError(_(
                "%(rule)s As an administrator you may call all the same, with a reason.",
                rule=sentence,
            ))
        return reason
