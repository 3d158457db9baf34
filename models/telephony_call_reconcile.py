import logging
from datetime import timedelta

from odoo import _, api, fields, models

from .providers.base import ProviderError
from .telephony_call_state import LEG_RANK, CallEvent

_logger = logging.getLogger(__name__)

# Seconds without news after which what the carrier says about a leg counts: until then, its
# callbacks are on their way.
SETTLED_SECONDS = 15
# Seconds after which a leg that should have been made, and has no name at the carrier, was not.
UNBORN_SECONDS = 30
# Seconds after a deadline when whoever should have asked at that moment does not ask any more.
LATE_SECONDS = 5
# Seconds between two looks that pages may cause.
NUDGE_SECONDS = 20
# Calls in doubt that are looked into at once; each may cost a request or two.
BATCH = 100


class TelephonyCall(models.Model):
    """The safety net: nothing stays “in progress” for ever, no leg is paid for in vain.

    One question tells all living legs of an account. Only what differs from what is written here
    is looked into, so that a running call costs nothing.
    """

    _inherit = "telephony.call"

    # === CRON === #

    @api.model
    def _nudge_reconciliation(self):
        """Have the carrier asked soon, if somebody is on the telephone and it was not just asked.

        Pages call this whenever they prove that they are alive, because jobs of their own accord
        run once a minute only.
        """
        now = fields.Datetime.now()
        lately = now - timedelta(seconds=NUDGE_SECONDS)
        # sudo: ir.cron - read and woken, not changed
        job_sudo = self.env.ref("crm_telephony.ir_cron_reconcile").sudo()
        if job_sudo.lastcall and job_sudo.lastcall > lately:
            return
        # sudo: telephony.call.leg - only whether there is any
        legs_sudo = self.env["telephony.call.leg"].sudo()
        # sudo: ir.cron.trigger - only whether there is any
        triggers_sudo = self.env["ir.cron.trigger"].sudo()
        # Who was woken longer ago, and has not come, was perhaps killed, and is waited for in vain:
        # a new process does not look for work before a minute is over, unless it is woken.
        if legs_sudo.search_count([("status", "!=", "ended")], limit=1) and not (
            triggers_sudo.search_count([
                ("cron_id", "=", job_sudo.id), ("call_at", "<=", now), ("call_at", ">", lately)
            ], limit=1)
        ):  # fmt: skip
            job_sudo._trigger()

    @api.model
    def _cron_reconcile(self):
        """Ask the carrier who is on the telephone, and let its answers change the calls.

        A leg of a call that is over is hung up. A call without any living leg is ended.
        """
        calls = self._get_watched()
        self.env["ir.cron"]._commit_progress(remaining=len(calls))
        for account, calls_of_account in calls.grouped("account_id").items():
            try:
                calls_of_account._reconcile_account(account)
            except Exception:
                # An account that cannot be looked after must not keep the others from it.
                _logger.exception("The reconciliation of account %s failed", account.id)
                self.env.cr.rollback()

    def _reconcile_account(self, account):
        """Compare these calls with what one account tells.

        :param account: theirs
        """
        # The carrier is asked without a lock; its answers are applied to what is true then.
        living = account._list_living()
        self._commit_and_forget(0)
        now = fields.Datetime.now()
        if living is not None:
            account.asked_at = now
            self._end_ghosts(account, living)
        in_doubt = self.exists().filtered(lambda call: call._is_in_doubt(living, now))
        self._commit_and_forget(len(self) - len(in_doubt))
        for call in in_doubt[:BATCH]:
            call._look_into(living)

    def _commit_and_forget(self, done):
        self.env["ir.cron"]._commit_progress(done)
        self.env.invalidate_all()

    @api.model
    def _get_watched(self):
        """Return the calls that run, and those that have legs which may still cost money."""
        legs = self.env["telephony.call.leg"].search([("status", "!=", "ended")])
        return legs.call_id | self.search([("state", "!=", "ended")])

    @api.model
    def _end_ghosts(self, account, living):
        """Hang up what the carrier still has, and what is said to be over here."""
        limit = fields.Datetime.now() - timedelta(seconds=SETTLED_SECONDS)
        for leg in self.env["telephony.call.leg"].search([
            ("account_id", "=", account.id), ("provider_leg_id", "in", list(living)),
            ("status", "=", "ended"), ("write_date", "<", limit),
        ]):  # fmt: skip
            _logger.warning("%s: a leg lives that was said to be over", leg.call_id.uuid)
            account._after_commit(leg.call_id, "_send_end_leg_request", leg.provider_leg_id)

    def _look_into(self, living):
        """Reconcile one call; what goes wrong with it must not keep the others from it."""
        try:
            news = self._ask_carrier(living)
            self._commit_and_forget(0)
            with self.env.cr.savepoint():
                # Somebody else may work on the call right now: then it is not silent.
                if self.try_lock_for_update():
                    self._reconcile(news)
        except Exception:
            _logger.exception("%s: the reconciliation failed", self.uuid)
        self._commit_and_forget(1)

    # === WHAT IS IN DOUBT === #

    def _is_in_doubt(self, living, now):
        """Tell whether this call may not be what is written here. Note: `self.ensure_one()`

        :param dict living: see `_list_living`
        :param datetime now: this moment
        :rtype: bool
        """
        if any(leg._is_in_doubt(living, now) for leg in self.leg_ids):
            return True
        if self.state == "ended":
            return False
        return (
            not self._get_customer_leg()._is_alive() and not self._is_kept_place()
            or bool(self._get_transfer())
            or self._is_alone(now)
            or self._is_kept_waiting()
            or any(offer.expires_at <= now for offer in self._get_open_offers())
        )

    def _is_alone(self, now):
        """Tell whether the customer waits for somebody who did not come back in time."""
        return (
            self.state == "in_progress"
            and bool(self.connect_by)
            and self.connect_by < now - timedelta(seconds=LATE_SECONDS)
            and not (self._get_agent_legs() | self._get_consulted_legs())._is_alive()
        )

    def _is_kept_waiting(self):
        """Tell whether a caller is still in a queue although somebody is there to speak with."""
        return (
            self.direction == "incoming"
            and self.state in ("queued", "ringing")
            and self._is_anybody_there()
        )

    # === QUESTIONS === #

    def _ask_carrier(self, living):
        """Learn what became of every living leg. Nothing is written, so nobody has to wait.

        Note: `self.ensure_one()`

        :param dict living: see `_list_living`; legs that are not in it are asked about singly
        :return: leg -> an event; the carrier's identifier of a leg whose birth it never told,
            or an empty text when it knows none; None when it could not be asked
        :rtype: dict
        """
        self.ensure_one()
        now, news = fields.Datetime.now(), {}
        for leg in self.leg_ids.filtered(lambda leg: leg._is_alive()):
            if not leg.provider_leg_id:
                news[leg] = self._ask_about_unborn(leg)
            elif living is not None and leg.provider_leg_id in living:
                news[leg] = living[leg.provider_leg_id]
            elif living is not None and leg._is_settled(now):
                news[leg] = self._ask_about(leg)
        return news

    def _ask_about_unborn(self, leg):
        """A leg that was to be called, and never was: look whether the carrier has it."""
        if not leg._is_overdue(fields.Datetime.now()):
            return None
        if not leg.initiated_at:
            return ""
        try:
            return self.account_id._get_client().find_participant(self.uuid, leg.label) or ""
        except ProviderError:
            return None

    # === ANSWERS === #

    def _reconcile(self, news):
        """Compare one call with what the carrier knows. Note: `self.ensure_one()`

        :param dict news: see `_ask_carrier`
        """
        self.ensure_one()
        for leg in self.leg_ids.filtered(lambda leg: leg in news and leg._is_alive()):
            event = news[leg]
            if isinstance(event, str):
                self._reconcile_unborn(leg, event)
            elif event and LEG_RANK[event.status] > LEG_RANK[leg.status]:
                self._apply_event(event)
            elif event and leg._is_unwanted():
                _logger.info("%s: a leg that nobody needs is hung up", self.uuid)
                self.account_id._after_commit(
                    self, "_send_end_leg_request", leg.provider_leg_id
                )
        if self._is_kept_place():
            return  # the carrier knows nothing of a place in a queue
        if self.state != "ended" and not self._get_customer_leg()._is_alive():
            self._end_by_system()
        else:
            self._look_at_the_clocks(fields.Datetime.now())

    def _reconcile_unborn(self, leg, provider_leg_id):
        if leg.provider_leg_id:
            return  # its birth was told meanwhile
        if provider_leg_id:
            leg.provider_leg_id = provider_leg_id
            if leg._is_unwanted():
                self.account_id._after_commit(self, "_send_end_leg_request", provider_leg_id)
            return
        leg._advance(CallEvent("leg", status="ended", reason="failed", at=fields.Datetime.now()))

    def _look_at_the_clocks(self, now):
        """Do what the carrier's own questions, or our own requests, should have done by now."""
        if self.state == "ringing" and self.direction == "incoming":
            self._expire_offers(now)
        self._check_consultation(now)
        if self._is_alone(now):
            _logger.info("%s: the customer is alone, and goes on", self.uuid)
            self.account_id._after_commit(self, "_send_park_request")
        elif self._is_kept_waiting():
            self.account_id._after_commit(self, "_send_connect_request")

    def _end_by_system(self):
        reason = False if self.answered_at else _("The connection was never made. Try again.")
        self._apply_event(CallEvent(
            "failed", reason=reason, at=fields.Datetime.now(), data={"by": "system"}
        ))


class TelephonyCallLeg(models.Model):
    """What the reconciliation asks itself about a leg."""

    _inherit = "telephony.call.leg"

    def _is_settled(self, now):
        """Tell whether nothing was heard of this leg for a while."""
        return self.write_date < now - timedelta(seconds=SETTLED_SECONDS)

    def _is_overdue(self, now):
        """Tell whether this leg should have a name at the carrier by now."""
        if self.provider_leg_id or self.write_date > now - timedelta(seconds=UNBORN_SECONDS):
            return False
        # The customer is called once the phone user, whose own telephone rings, has answered.
        return bool(self.initiated_at) or not self.call_id._get_agent_legs()._is_alive()

    def _is_unwanted(self):
        """Tell whether nobody needs this leg any more."""
        return self.call_id.state == "ended" or self.leaving or self.dismissed

    def _is_in_doubt(self, living, now):
        """Tell whether this leg may not be what is written here.

        :param dict living: see `_list_living`
        :param datetime now: this moment
        :rtype: bool
        """
        if not self._is_alive():
            return False
        if not self.provider_leg_id:
            return self._is_overdue(now)
        if living is None or not self._is_settled(now):
            return False
        event = living.get(self.provider_leg_id)
        return not event or self._is_unwanted() or (
            LEG_RANK[event.status] > LEG_RANK[self.status]
        )
