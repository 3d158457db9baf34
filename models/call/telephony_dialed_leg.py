from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

# How long dialed legs are listed, days.
KEPT_DAYS = 7
# Verification calls within an hour: to one number, and of one user.
VERIFICATIONS_PER_NUMBER = 3
VERIFICATIONS_PER_USER = 10


class TelephonyDialedLeg(models.Model):
    """The ledger of the legs that were dialed: one row each, whatever began it.

    The limit of calls per user and hour counts these rows, so that no way to begin a leg goes
    around it.
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
            ("call", "Call"),
            ("phone", "Custom Phone"),
            ("guest", "Transfer"),
            ("queue_callback", "Callback"),
            ("verification", "Verification Call"),
            ("forward", "Forwarded Call"),
        ],
        required=True,
        readonly=True,
    )
    number = fields.Char(readonly=True, help="The number that was verified, with country code.")
    dialed_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)

    _user_index = models.Index("(user_id, dialed_at)")
    _number_index = models.Index("(number, dialed_at) WHERE number IS NOT NULL")

    @api.model
    def _count(self, company, user, kind, number=False):
        """Write a leg into the ledger. The only place that does.

        :param company: whose account pays
        :param user: for whom it is dialed, or nobody
        :param str kind: one of the selection
        :param str number: E.164, of a verification call only
        :return: the row, as superuser
        """
        # sudo: telephony.dialed.leg - nobody writes it by hand
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
        # sudo: telephony.dialed.leg - only how many there are
        return self.sudo().search_count([*domain, ("dialed_at", ">", since)])

    @api.model
    def _get_limit_reached(self, company, user):
        """Return that a user may have no further leg dialed now; nothing when one is left.

        :param company: whose rules count
        :param user: for whom a leg would be dialed
        :return: a whole sentence
        :rtype: str
        """
        # sudo: res.company - the rules are no secret
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
                count=limit,
            )
        return ""

    @api.model
    def _count_verification(self, company, number):
        """Count a verification call of the current user, before it is asked for.

        It is counted in a transaction of its own, because no error may undo it once the telephone
        rings. Two that are counted at the same moment see each other.

        :param company: whose account pays
        :param str number: E.164
        :return: why the number must not be called, as a whole sentence; nothing when it may
        :rtype: str
        """
        with self.env.registry.cursor() as cr:
            ledger = self.with_env(self.env(cr=cr))
            row_id = ledger._count(company, ledger.env.user, "verification", number).id
        # From now on others see it, and a new transaction sees theirs.
        with self.env.registry.cursor() as cr:
            # sudo: telephony.dialed.leg - the row made just now
            row_sudo = self.with_env(self.env(cr=cr)).sudo().browse(row_id)
            refusal = row_sudo._get_verification_limit_passed()
            if refusal:
                # It is not asked for, so that it does not count.
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
    """Every leg that is to be dialed is in the ledger from the moment it exists."""

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
        """Return whether this leg is dialed by us: not a browser, and not an incoming caller."""
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
            return "queue_callback" if self.call_id.queue_callback_of_id else "call"
        return "phone" if self.user_id else "guest"
