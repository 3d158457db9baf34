import logging
from datetime import timedelta

from odoo import _, api, fields, models

from .providers.base import ProviderError
from .telephony_call_state import CallEvent

_logger = logging.getLogger(__name__)

# Seconds without news after which the carrier is asked what became of a call.
SILENT_SECONDS = 60
BATCH = 100


class TelephonyCall(models.Model):
    """The safety net: nothing stays “in progress” for ever, no leg is paid for in vain."""

    _inherit = "telephony.call"

    @api.model
    def _cron_reconcile(self):
        """Ask the carrier about legs that have been silent, and let its answers change the calls.

        A leg of a call that is over is hung up. A call without any living leg is ended.
        """
        limit = fields.Datetime.now() - timedelta(seconds=SILENT_SECONDS)
        legs = self.env["telephony.call.leg"].search([
            ("status", "!=", "ended"), ("write_date", "<", limit)
        ], limit=BATCH)
        calls = legs.call_id | self.search([
            ("state", "!=", "ended"), ("write_date", "<", limit)
        ], limit=BATCH)
        self.env["ir.cron"]._commit_progress(remaining=len(calls))
        for call in calls:
            try:
                news = call._ask_carrier()
                # The carrier was asked without a lock: its answers are applied to what is true now.
                self.env["ir.cron"]._commit_progress()
                self.env.invalidate_all()
                with self.env.cr.savepoint():
                    # Somebody else may work on the call right now: then it is not silent.
                    if call.try_lock_for_update():
                        call._reconcile(news)
            except Exception:
                # One call that cannot be reconciled must not keep the others from it.
                _logger.exception("%s: the reconciliation failed", call.uuid)
            self.env["ir.cron"]._commit_progress(1)

    def _ask_carrier(self):
        """Ask the carrier about every living leg. Nothing is written, so nobody has to wait.

        Note: `self.ensure_one()`

        :return: leg -> an event; the carrier's identifier of a leg whose birth it never told,
            or an empty text when it knows none; None when it could not be asked
        :rtype: dict
        """
        self.ensure_one()
        return {
            leg: self._ask_about(leg) if leg.provider_leg_id else self._ask_about_unborn(leg)
            for leg in self.leg_ids if leg._is_alive()
        }

    def _ask_about_unborn(self, leg):
        """A leg that was to be called, and never was: look whether the carrier has it."""
        if not leg.initiated_at:
            return ""
        try:
            return self.account_id._get_client().find_participant(self.uuid, leg.label) or ""
        except ProviderError:
            return None

    def _reconcile(self, news):
        """Compare one call with what the carrier knows. Note: `self.ensure_one()`

        :param dict news: see `_ask_carrier`
        """
        self.ensure_one()
        for leg in self.leg_ids.filtered(lambda leg: leg in news and leg._is_alive()):
            if isinstance(news[leg], str):
                self._reconcile_unborn(leg, news[leg])
                continue
            event = news[leg]
            if event and event.status != leg.status:
                self._apply_event(event)
            elif event and (self.state == "ended" or leg.leaving):
                _logger.info("%s: a leg that nobody needs is hung up", self.uuid)
                self.account_id._after_commit(
                    self, "_send_end_leg_request", leg.provider_leg_id
                )
            # Not asked again before it was silent for as long again.
            leg.write_date = fields.Datetime.now()
        if self._is_kept_place():
            return  # the carrier knows nothing of a place in a queue
        if self.state != "ended" and not self._get_customer_leg()._is_alive():
            self._end_by_system()
        elif self.state == "ringing" and self.direction == "incoming":
            self._expire_offers(fields.Datetime.now())
        self._check_consultation(fields.Datetime.now())

    def _reconcile_unborn(self, leg, provider_leg_id):
        if leg.provider_leg_id:
            return  # its birth was told meanwhile
        if provider_leg_id:
            leg.provider_leg_id = provider_leg_id
            if self.state == "ended":
                self.account_id._after_commit(self, "_send_end_leg_request", provider_leg_id)
            return
        leg._advance(CallEvent("leg", status="ended", reason="failed", at=fields.Datetime.now()))

    def _end_by_system(self):
        reason = False if self.answered_at else _("The connection was never made. Try again.")
        self._apply_event(CallEvent(
            "failed", reason=reason, at=fields.Datetime.now(), data={"by": "system"}
        ))
