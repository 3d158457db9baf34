from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import formatLang

# Retention of dialed legs (days).
KEPT_DAYS = 7
# Maximum verification calls per hour: to one number, and by one user.
VERIFICATIONS_PER_NUMBER = 3
VERIFICATIONS_PER_USER = 10


class TelephonyDialedLeg(models.Model):
    """Ledger of dialed legs: one row per leg, whatever created it.

    The limit of calls per user and hour counts these rows, so that no leg bypasses it.
    """

    _name = "telephony.dialed.leg"
    _inherit = ["telephony.guard.mixin"]
    _description = "Dialed Leg"
    _order = "dialed_at desc, id desc"
    _rec_name = "kind"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade", immutable=True
    )
    user_id = fields.Many2one(
        "res.users",
        readonly=True,
        ondelete="cascade",
        help="Empty if a call flow forwarded the call.",
    )
    kind = fields.Selection(
        [
            ("call", "Phone Call"),
            ("phone", "Custom Phone"),
            ("guest", "Transfer"),
            ("queue_callback", "Callback"),
            ("verification", "Verification Call"),
            ("forward", "Forwarded Call"),
            ("test", "Test Call"),
        ],
        string="Type",
        required=True,
        readonly=True,
    )
    number = fields.Char(readonly=True, help="The number that was verified, with country code.")
    dialed_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)

    _user_index = models.Index("(user_id, dialed_at)")
    _number_index = models.Index("(number, dialed_at) WHERE number IS NOT NULL")

    @api.model
    def _count(self, company, user, kind, number=False):
        """Add a leg to the ledger. The only method that does.

        :param company: company whose account pays
        :param user: user for whom the leg is dialed, or an empty recordset
        :param str kind: one of the selection
        :param str number: E.164, for a verification call only
        :return: the row, as superuser
        """
        # sudo: telephony.dialed.leg - users have no write access
        return self.sudo().create(
            {
                "company_id": company.id,
                "user_id": user.id,
                "kind": kind,
                "number": number,
            }
        )

    @api.model
    def _count_within_hour(self, domain):
        since = fields.Datetime.now() - timedelta(hours=1)
        # sudo: telephony.dialed.leg - only the number of rows
        return self.sudo().search_count([*domain, ("dialed_at", ">", since)])

    @api.model
    def _get_limit_reached(self, company, user):
        """Return why no further leg may be dialed for a user now; empty when one is left.

        :param company: company whose rules apply
        :param user: user for whom the leg would be dialed
        :return: a whole sentence, or an empty text
        :rtype: str
        """
        # sudo: res.company - the rules are not confidential
        limit = company.sudo().telephony_calls_per_hour
        if (
            limit
            and self._count_within_hour(
                [("user_id", "=", user.id), ("company_id", "=", company.id)]
            )
            >= limit
        ):
            return self.env._(
                "You have reached your company's limit of %(count)s calls per hour. Try "
                "again later.",
                count=formatLang(self.env, limit, digits=0),
            )
        return ""

    @api.model
    def _count_verification(self, company, number):
        """Count a verification call of the current user before it is requested.

        A transaction of its own writes the row: no error may undo it after the telephone rings. Two
        verifications at the same moment see each other's row.

        :param company: company whose account pays
        :param str number: E.164
        :return: why the number must not be called, as a whole sentence; empty when it may
        :rtype: str
        """
        with self.env.registry.cursor() as cr:
            ledger = self.with_env(self.env(cr=cr))
            row_id = ledger._count(company, ledger.env.user, "verification", number).id
        # From now on other transactions see the row, and a new transaction sees theirs.
        with self.env.registry.cursor() as cr:
            # sudo: telephony.dialed.leg - the row created just now
            row_sudo = self.with_env(self.env(cr=cr)).sudo().browse(row_id)
            refusal = row_sudo._get_verification_limit_passed()
            if refusal:
                # The call is not requested, so it must not count.
                row_sudo.unlink()
        return refusal

    def _get_verification_limit_passed(self):
        verifications = [("kind", "=", "verification"), ("company_id", "=", self.company_id.id)]
        if (
            self._count_within_hour([*verifications, ("number", "=", self.number)])
            > VERIFICATIONS_PER_NUMBER
        ):
            return self.env._(
                "This number was called %(count)s times within an hour. Try again later.",
                count=VERIFICATIONS_PER_NUMBER,
            )
        if (
            self._count_within_hour([*verifications, ("user_id", "=", self.user_id.id)])
            > VERIFICATIONS_PER_USER
        ):
            return self.env._(
                "You have requested %(count)s verification calls within an hour. Try again later.",
                count=VERIFICATIONS_PER_USER,
            )
        return ""

    @api.autovacuum
    def _gc_old(self):
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.env.cr.execute(SQL("DELETE FROM telephony_dialed_leg WHERE dialed_at < %s", limit))


class TelephonyCallLeg(models.Model):
    """Entry of every leg to dial in the ledger, from its creation on."""

    _inherit = "telephony.call.leg"

    @api.model_create_multi
    def create(self, vals_list):
        legs = super().create(vals_list)
        for leg in legs.filtered(lambda leg: leg._is_dialed() and not leg.refusal):
            self.env["telephony.dialed.leg"]._count(
                leg.call_id.company_id, leg._get_payer(), leg._get_dialed_kind()
            )
        return legs

    def _is_dialed(self):
        """Return whether we dial this leg: it is neither a browser nor an incoming caller."""
        return (
            bool(self.number)
            and not self.provider_leg_id
            and (self.role != "customer" or self.call_id.direction == "outgoing")
        )

    def _get_payer(self):
        """Return the user for whom this leg is dialed."""
        if self.role == "customer":
            return self.call_id.user_id
        return self.user_id or self.transfer_id.user_id

    def _get_dialed_kind(self):
        if self.role == "customer":
            return "queue_callback" if self.call_id.queue_callback_id else "call"
        return "phone" if self.user_id else "guest"
