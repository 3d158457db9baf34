from odoo import api, fields, models

from ...providers.base import ProviderError
from ...tools.call_states import CONNECT_SECONDS

# Calls that an account may have at once: a trial account, and by customer profile.
# https://support.twilio.com/hc/en-us/articles/223180028
TRIAL_CALLS = 5
PROFILE_CALLS = {"none": 2, "individual": 3}
# Seconds to connect for an agent of a trial account, who hears a message first.
TRIAL_CONNECT_SECONDS = 60


class TelephonyAccount(models.Model):
    """What limits the calls of an account: whether it is a trial, and its customer profile.

    A conversation takes two calls: one of the customer, and one of the browser or custom phone.
    """

    _inherit = "telephony.account"

    plan = fields.Selection(
        [("trial", "Trial"), ("full", "Upgraded")],
        readonly=True,
        copy=False,
        help="Type of the Twilio account, as of the last connection or check.",
    )
    customer_profile = fields.Selection(
        [("none", "None"), ("individual", "Individual"), ("business", "Business")],
        readonly=True,
        copy=False,
        help="Approved primary customer profile in the Trust Hub of the Twilio Console, as of the "
        "last connection or check.",
    )

    plan_message = fields.Char("Limits", compute="_compute_plan_message")

    # === COMPUTE METHODS === #

    @api.depends("plan", "customer_profile")
    @api.depends_context("lang")
    def _compute_plan_message(self):
        for account in self:
            account.plan_message = account.plan and account._describe_plan()[1]

    # === CRUD METHODS === #

    def _forget_credentials(self):
        self.write({"plan": False, "customer_profile": False})
        super()._forget_credentials()

    # === PLAN === #

    def _read_plan(self, client):
        """Return the fields of this model as the provider knows them; none if it gives no answer.

        :param ProviderAdmin client: client of the account
        :rtype: dict
        """
        try:
            plan, profile = client.fetch_plan()
        except ProviderError:
            # An account works without this knowledge, and *Fix It* reports the error.
            return {}
        return {"plan": plan, "customer_profile": profile or False}

    def _save_plan(self, plan, profile):
        vals = {"plan": plan, "customer_profile": profile or False}
        if any(self[name] != value for name, value in vals.items()):
            # sudo: telephony.account - what the provider has just answered
            self.sudo().write(vals)

    def _describe_plan(self):
        """Return what the plan allows: a state of a diagnosis, and the sentence for it.

        :rtype: tuple(str, str)
        """
        self.ensure_one()
        if self.plan == "trial":
            return "warning", self.env._(
                "This is a Twilio trial account. Only verified numbers can call and be called; "
                "each party first hears a message and presses a key; a call ends after ten "
                "minutes. Five calls at once are possible, which is two conversations: a "
                "conversation takes two calls, a transfer or monitoring one more. Upgrade the "
                "account in the Twilio Console, and have a business profile approved in its Trust "
                "Hub."
            )
        if self.customer_profile == "none":
            return "warning", self.env._(
                "No customer profile is approved in the Trust Hub of the Twilio Console. An "
                "account upgraded since 3 February 2026 then carries two calls at once, which is "
                "one conversation without transfer or monitoring; further callers hear the busy "
                "tone, and numbers that begin with +1 cannot be called. Have a business profile "
                "approved."
            )
        if self.customer_profile == "individual":
            return "warning", self.env._(
                "An individual profile is approved in the Trust Hub of the Twilio Console. An "
                "account upgraded since 3 February 2026 then carries three calls at once, which is "
                "one conversation with a transfer or monitoring: a conversation takes two calls. "
                "Have a business profile approved to remove this limit."
            )
        if self.customer_profile == "business":
            return "ok", self.env._(
                "A business profile is approved, so the number of calls at once is not limited."
            )
        return "warning", self.env._(
            "This is a subaccount: the customer profile of its main account determines how many "
            "calls are possible at once. Check it in the Trust Hub of the Twilio Console. Without "
            "a business profile, one conversation is possible at once."
        )

    def _notify_connected(self, sentences, sdk_problem):
        """Return the notification after connecting; limits and problems stay on the screen.

        :param list(str) sentences: see `_set_up_first_calls`
        :param str | None sdk_problem: see `_explain_voice_sdk`
        """
        is_limited = self.plan and self.customer_profile != "business"
        sentences = [
            self.env._("The account is connected. %(limits)s", limits=self.plan_message)
            if is_limited
            else self.env._("The account is connected."),
            *sentences,
            sdk_problem,
        ]
        action = self._notify("\n".join(filter(None, sentences)))
        # In a request of its own: the check waits for Twilio, and must not hold locks meanwhile.
        action["params"]["next"] = self.env["ir.actions.actions"]._for_xml_id(
            "crm_telephony.telephony_diagnosis_action_after_connection"
        )
        if is_limited or sdk_problem:
            action["params"].update(type="warning", sticky=True)
        return action

    def _diagnose_plan(self, client):
        self._save_plan(*client.fetch_plan())
        state, sentence = self._describe_plan()
        repair = False
        if state != "ok":
            repair = "upgrade" if self.plan == "trial" else "profile"
        return [self._line("plan", state, sentence, repair)]

    # === CALLS AT ONCE === #

    def _get_calls_at_once(self):
        """Return how many calls this account may have at once; None without a known limit."""
        self.ensure_one()
        return TRIAL_CALLS if self.plan == "trial" else PROFILE_CALLS.get(self.customer_profile)

    def _is_at_limit(self):
        """Return whether this account has as many calls as it may have at once.

        More calls than allowed show that the account is not limited: it was upgraded before.

        Note: `self.ensure_one()`
        """
        limit = self._get_calls_at_once()
        return bool(limit) and len(self._get_living_legs(limit + 1)) == limit

    def _get_living_legs(self, most=None):
        """Return the legs of this account that live at the provider, as superuser.

        :param int most: maximum number of legs
        """
        # sudo: telephony.call.leg - to count the calls of the account
        legs_sudo = self.env["telephony.call.leg"].sudo()
        domain = [("status", "!=", "ended"), ("provider_leg_id", "!=", False)]
        return legs_sudo.search([("account_id", "=", self.id), *domain], limit=most)

    def _explain_limit(self, env):
        """Return why no further leg can be connected now, as a whole sentence.

        :param env: environment of the reader
        :rtype: str
        """
        return env._(
            "Your Twilio account carries only %(count)s calls at once, and each conversation takes "
            "two. Wait until another call has ended.",
            count=self._get_calls_at_once(),
        )

    def _get_connect_seconds(self):
        """Return how many seconds an agent who has accepted may take to connect."""
        self.ensure_one()
        return TRIAL_CONNECT_SECONDS if self.plan == "trial" else CONNECT_SECONDS
