import logging
from datetime import timedelta

from psycopg2.errors import LockNotAvailable

from odoo import api, fields, models
from odoo.tools import ormcache

from ...providers.base import CallEvent, ProviderError
from ...tools.call_states import LEG_RANK
from ..gate import enter_with
from .after_commit import get_repairs
from .telephony_call import SPARE_SECONDS

_logger = logging.getLogger(__name__)

# Seconds without an event after which the provider's status of a leg counts; until then its events
# may still be on their way.
SETTLED_SECONDS = 15
# Seconds between two answers that the provider does not know a leg, before it counts as gone. The
# provider's lists are late: https://www.twilio.com/docs/voice/api/call-resource
MISSING_SECONDS = 20
# Grace period (s) before a leg without a provider SID is considered failed.
CREATION_SECONDS = 30
# Grace period (s) after a deadline before the reconciliation acts on it.
LATE_SECONDS = 5
# Minimum interval (s) between two reconciliations that pages trigger.
TRIGGER_SECONDS = 20
# Doubtful calls per batch; each may cost a request or two.
BATCH = 100
# Conditions that require the list of the conference's participants before a request is sent.
ASKED_FIRST = ("_is_missing_in_room", "_is_hold_state_wrong")


class TelephonyCall(models.Model):
    """The safety net: no call stays “in progress” for ever, and no leg costs money in vain.

    One request lists all living legs of an account. Only differences from our rows are examined, so
    that an ongoing call costs nothing.
    """

    _inherit = "telephony.call"

    # === CRON === #

    @api.model
    def _trigger_reconciliation(self):
        """Schedule a reconciliation if a leg or a verification is open, and none ran just now.

        Pages call this with each proof that they are alive, because scheduled jobs run only once a
        minute.
        """
        now = fields.Datetime.now()
        lately = now - timedelta(seconds=TRIGGER_SECONDS)
        # sudo: ir.cron - read and triggered, not changed
        job_sudo = self.env.ref("crm_telephony.ir_cron_reconcile").sudo()
        if job_sudo.lastcall and job_sudo.lastcall > lately:
            return
        # sudo: telephony.call.leg - only whether there is any
        legs_sudo = self.env["telephony.call.leg"].sudo()
        # sudo: ir.cron.trigger - only whether there is any
        triggers_sudo = self.env["ir.cron.trigger"].sudo()
        # An older trigger was probably lost in a restart, so trigger again: a new process looks for
        # work only after a minute, unless it is triggered.
        # sudo: telephony.caller.id - only whether a number is being verified
        caller_ids_sudo = self.env["telephony.caller.id"].sudo()
        is_anything_open = caller_ids_sudo._get_watched() or legs_sudo.search_count(
            [("status", "!=", "ended")], limit=1
        )
        if is_anything_open and not (
            triggers_sudo.search_count(
                [("cron_id", "=", job_sudo.id), ("call_at", "<=", now), ("call_at", ">", lately)],
                limit=1,
            )
        ):
            job_sudo._trigger()

    @api.model
    def _cron_reconcile(self):
        """Update the calls from the provider's list of living legs.

        Living legs of ended calls are hung up. A call without a living leg is ended.
        """
        self.env["telephony.caller.id"]._reconcile()
        self.env["telephony.test.call"]._reconcile()
        calls = self._get_watched()
        self.env["ir.cron"]._commit_progress(remaining=len(calls))
        for account, calls_of_account in calls.grouped("account_id").items():
            try:
                calls_of_account._reconcile_account(account)
            except Exception:
                # A failing account must not block the others.
                _logger.exception("The reconciliation of account %s failed", account.id)
                self.env.cr.rollback()

    def _reconcile_account(self, account):
        """Compare these calls with one account's list of living legs.

        :param account: account of these calls
        """
        # The provider is queried without a lock; its answers are applied to the state at that time.
        living = account._list_living()
        self._commit_and_forget(0)
        now = fields.Datetime.now()
        if living is not None:
            account.asked_at = now
            self._end_ghosts(account, living)
        in_doubt = self.exists().filtered(lambda call: call._is_in_doubt(living, now))
        self._commit_and_forget(len(self) - len(in_doubt))
        for call in in_doubt[:BATCH]:
            call._reconcile_one(living)

    def _commit_and_forget(self, done):
        self.env["ir.cron"]._commit_progress(done)
        self.env.invalidate_all()

    @api.model
    def _get_watched(self):
        """Return the ongoing calls, and ended calls with legs that may still incur costs."""
        legs = self.env["telephony.call.leg"].search([("status", "!=", "ended")])
        return legs.call_id | self.search([("state", "!=", "ended")])

    @api.model
    def _end_ghosts(self, account, living):
        """Hang up legs that live at the provider although they ended here."""
        limit = fields.Datetime.now() - timedelta(seconds=SETTLED_SECONDS)
        for leg in self.env["telephony.call.leg"].search(
            [
                ("account_id", "=", account.id),
                ("provider_leg_id", "in", list(living)),
                ("status", "=", "ended"),
                ("write_date", "<", limit),
            ]
        ):
            _logger.warning(
                "%s: a leg lives at the provider although it ended here", leg.call_id.uuid
            )
            leg.call_id._send_end_leg_request(leg.id)

    def _reconcile_one(self, living):
        """Reconcile one call; its failure must not block the others."""
        try:
            news = self._ask_provider(living)
            self._commit_and_forget(0)
            enter_with(self)
            with self.env.cr.savepoint():
                # A call that another transaction is changing right now is not silent.
                if self.try_lock_for_update():
                    self._reconcile(news)
        except LockNotAvailable:
            # Expected: another transaction changes a row of the call, so the call is not silent.
            _logger.info("%s: is being changed, and reconciled at the next run", self.uuid)
        except Exception:
            _logger.exception("%s: the reconciliation failed", self.uuid)
        self._commit_and_forget(1)

    # === CALLS IN DOUBT === #

    def _is_in_doubt(self, living, now):
        """Return whether this call may differ from its rows. Note: `self.ensure_one()`

        :param dict living: see `_list_living`
        :param datetime now: current time
        :rtype: bool
        """
        if any(leg._is_in_doubt(living, now) for leg in self.leg_ids):
            return True
        if self.state == "ended":
            return False
        return (
            (self._has_customer_leg() and not self._get_customer_leg()._is_alive())
            or bool(self._get_due_timers(now))
            or bool(self._get_repairs(now))
            or bool(self._get_silent_recordings(now))
            or self._is_too_long(now)
            or self._is_conference_unknown(now)
        )

    def _is_conference_unknown(self, now):
        """Return whether the events that name the conference were lost."""
        return (
            self.state == "in_progress"
            and self._get_wanted_place() == "conference"
            and not self.provider_conference_id
            and self._is_quiet(now)
        )

    def _is_too_long(self, now):
        """Return whether the conversation has passed the limit at which the provider ends it.

        A customer who was moved has a new limit at the provider, and an agent may rejoin.
        """
        seconds = self._get_time_limit() + SPARE_SECONDS
        return (
            self.state == "in_progress"
            and bool(self.answered_at)
            and self.answered_at < now - timedelta(seconds=seconds)
        )

    def _has_customer_leg(self):
        """Return whether the provider must know a leg of the customer. Note: `self.ensure_one()`"""
        self.ensure_one()
        return True

    # === TIMERS === #

    def _get_due_timers(self, now):
        """Return the timers of the present phase that have run out, see `Phase.timers`.

        `_is_<timer>_due` returns whether a timer has run out, and `_on_<timer>_due` ends the phase.

        :param datetime now: the current time
        :rtype: list(str)
        """
        timers = self._get_phase().timers
        return [timer for timer in timers if getattr(self, f"_is_{timer}_due")(now)]

    def _is_late(self, now):
        """Return whether the time to connect or to rejoin is over, for a request on its way too."""
        limit = now - timedelta(seconds=LATE_SECONDS)
        return bool(self.deadline_at) and self.deadline_at < limit

    def _is_rejoin_due(self, now):
        """Return whether the customer waits for an agent who did not return in time."""
        parties = self._get_agent_legs() | self._get_consulted_legs()
        return self._is_late(now) and not parties._is_alive()

    def _on_rejoin_due(self, now):
        self._get_customer_leg().moved_at = now
        self._send_wait_request(True)

    # === EXPECTED STATE === #

    def _get_wanted_place(self):
        """Return where the customer should be now.

        Note: `self.ensure_one()`

        :return: `conference` or `queue`; empty: elsewhere (at a ringing telephone, in the flow), or
            not decided by us
        :rtype: str
        """
        self.ensure_one()
        if self._get_customer_leg().status != "in_progress":
            return ""
        place = self._get_phase().place
        is_left = self.state != "in_progress" or not self._get_agent_legs()._is_alive()
        return place if place == "conference" or (place == "queue" and is_left) else ""

    def _is_quiet(self, now):
        """Return whether the last request has had enough time to take effect."""
        moments = self.started_at, self.step_entered_at, self._get_customer_leg().moved_at
        return max(filter(None, moments)) < now - timedelta(seconds=SETTLED_SECONDS)

    def _get_repairs(self, now):
        """Return the requests whose effect is missing.

        :param datetime now: current time
        :return: request to send again -> the condition that requires it, see `Repair.missing`
        :rtype: dict
        """
        return {
            request: condition
            for request, repair in self._get_request_table().items()
            for condition in repair.missing
            if getattr(self, condition)(now)
        }

    @api.model
    @ormcache()
    def _get_request_table(self):
        """Return the requests about calls, and what repairs the loss of each one.

        :rtype: dict(str, Repair)
        """
        return get_repairs(type(self))

    def _is_missing_in_queue(self, now):
        """Return whether a customer who should be in the waiting room is not there."""
        return (
            self._get_wanted_place() == "queue"
            and not self._get_customer_leg().provider_queue_id
            and self._is_quiet(now)
        )

    def _is_missing_in_room(self, now):
        """Return whether a customer is still elsewhere although an agent is in the conference."""
        return (
            self._get_wanted_place() == "conference"
            and (self.state != "in_progress" or bool(self._get_customer_leg().provider_queue_id))
            and self._is_quiet(now)
        )

    def _is_hold_state_wrong(self, now):
        """Return whether the customer's hold state differs from the requested one."""
        customer = self._get_customer_leg()
        return (
            self.state == "in_progress"
            and self._get_wanted_place() == "conference"
            and not customer.provider_queue_id
            and customer.on_hold != self.hold_wanted
            and self._is_quiet(now)
        )

    def _is_announcement_missing(self, now):
        """Return whether the recording announcement was perhaps not played."""
        announced_at = self.recording_announced_at
        return (
            self.state == "in_progress"
            and bool(self.provider_conference_id and announced_at)
            and not self.is_announcement_played
            and announced_at < now - timedelta(seconds=SETTLED_SECONDS)
        )

    def _get_silent_recordings(self, now):
        """Return the recordings of an ongoing call that are not in their requested state."""
        limit = now - timedelta(seconds=SETTLED_SECONDS)
        return self.recording_ids.filtered(
            lambda row: (
                row._is_live()
                and row.write_date < limit
                and (row.state == "starting" or row.state != (row._get_wanted_state() or row.state))
            )
        )

    # === REQUESTS TO THE PROVIDER === #

    def _ask_provider(self, living):
        """Return the provider's status of every living leg. Nothing is written or locked.

        Note: `self.ensure_one()`

        :param dict living: see `_list_living`; legs missing in it are requested one by one
        :return: leg -> an event; or the SID of a leg whose creation was never reported (empty if
            the provider has no such leg); or None if the request failed. For the call itself, if
            needed: the participants of the conference. `conference`: its identifier, if unknown
        :rtype: dict
        """
        self.ensure_one()
        now, news = fields.Datetime.now(), {}
        for leg in self.leg_ids.filtered(lambda leg: leg._is_alive()):
            if not leg.provider_leg_id:
                news[leg] = self._find_missing_sid(leg)
            elif living is not None and leg.provider_leg_id in living:
                news[leg] = living[leg.provider_leg_id]
            elif living is not None and leg._is_settled(now):
                news[leg] = self._fetch_leg_status(leg)
        if any(condition in ASKED_FIRST for condition in self._get_repairs(now).values()):
            news[self] = self._list_participants()
        if self._is_conference_unknown(now):
            news["conference"] = self._fetch_conference()
        return news

    def _list_participants(self):
        """Return the participants of the conference (see `list_room`), None after a failure."""
        try:
            return self.account_id._get_client().list_room(self.uuid)
        except ProviderError:
            return None

    def _find_missing_sid(self, leg):
        """Return the SID of a leg that has none here: empty if not created, None if unknown."""
        if not leg._is_overdue(fields.Datetime.now()):
            return None
        if not leg.initiated_at:
            return ""
        try:
            return self.account_id._get_client().find_participant(self.uuid, leg.label) or ""
        except ProviderError:
            return None

    # === RESPONSES OF THE PROVIDER === #

    def _reconcile(self, news):
        """Apply the provider's status to one call. Note: `self.ensure_one()`

        :param dict news: see `_ask_provider`
        """
        self.ensure_one()
        for leg in self.leg_ids.filtered(lambda leg: leg in news and leg._is_alive()):
            event = news[leg]
            if isinstance(event, str):
                self._reconcile_missing_sid(leg, event)
            elif event and not leg._note_answer(event):
                continue
            elif event and LEG_RANK[event.status] > LEG_RANK[leg.status]:
                self._handle_report(event)
            elif event:
                for request in leg._get_repairs(fields.Datetime.now()):
                    _logger.info("%s: %s of %s is sent again", self.uuid, request, leg.label)
                    getattr(self, request)(leg.id)
        if not self._has_customer_leg():
            return
        if news.get("conference") and not self.provider_conference_id:
            _logger.info("%s: the conference was found by its name", self.uuid)
            self._save_conference(news["conference"])
            self._on_customer_joined()
        if self.state != "ended" and not self._get_customer_leg()._is_alive():
            self._end_by_system()
        elif self._is_too_long(fields.Datetime.now()):
            self._end_by_system(self._get_time_limit_message())
        elif self.state != "ended":
            self._run_due_timers(fields.Datetime.now())
            self._repair(fields.Datetime.now(), news.get(self))

    def _reconcile_missing_sid(self, leg, provider_leg_id):
        if leg.provider_leg_id:
            return  # its creation was reported meanwhile
        if provider_leg_id:
            leg.provider_leg_id = provider_leg_id
            if leg._is_unwanted(fields.Datetime.now()):
                self._send_end_leg_request(leg.id)
            return
        event = CallEvent(
            "leg", leg_id=leg.id, status="ended", reason="failed", at=fields.Datetime.now()
        )
        if leg.role == "customer" or self.state == "ended":
            if self._isolate(self.uuid, leg._advance, event) is None:
                leg._advance_alone(event)
        else:
            # A telephone that was never rung counts as a refusal: the call continues or ends.
            self._handle_report(event)

    def _run_due_timers(self, now):
        """End the phase if a webhook should have done so by now."""
        for timer in self._get_phase().timers:
            # An earlier timer may have ended the phase, or made this one due.
            if timer in self._get_due_timers(now):
                getattr(self, f"_on_{timer}_due")(now)

    def _repair(self, now, room):
        """Send the requests again whose effect is missing.

        :param datetime now: current time
        :param dict room: see `list_room`; None when the request was not made, or failed
        """
        customer = self._get_customer_leg()
        if room and customer.provider_leg_id in room and self._get_wanted_place() == "conference":
            self._save_customer_in_conference(room[customer.provider_leg_id])
        for request, condition in self._get_repairs(now).items():
            if room is None and condition in ASKED_FIRST:
                continue
            _logger.info("%s: %s: sent again", self.uuid, condition.strip("_"))
            customer.moved_at = now
            getattr(self, request)(True)
        for recording in self._get_silent_recordings(now):
            if recording.state == "starting":
                recording._send_start_request(True)
            else:
                recording._sync()

    def _save_customer_in_conference(self, on_hold):
        """Record that the customer is in the conference, even if no event reported it.

        :param bool on_hold: whether the provider has the customer on hold
        """
        customer = self._get_customer_leg()
        is_news = customer.on_hold != on_hold
        customer.write({"provider_queue_id": False, "on_hold": on_hold})
        customer._write_first()
        if self.state != "in_progress":
            self._apply_event(CallEvent("joined", at=fields.Datetime.now()))
        if is_news:
            customer.hold_at = fields.Datetime.now()
            self._on_interruption_changed()
            self._notify()

    def _end_by_system(self, reason=""):
        if not reason and not self.answered_at:
            reason = self.env._("The connection could not be established. Try again.")
        self._apply_event(
            CallEvent(
                "failed", reason=reason or False, at=fields.Datetime.now(), data={"by": "system"}
            )
        )


class TelephonyCallLeg(models.Model):
    """Checks of a leg for the reconciliation."""

    _inherit = "telephony.call.leg"

    def _is_settled(self, now):
        """Return whether this leg has been without an event for a while."""
        return self.write_date < now - timedelta(seconds=SETTLED_SECONDS)

    def _note_answer(self, event):
        """Save whether the provider knows this leg, and return whether its answer counts.

        A leg is gone when the provider does not know it twice, `MISSING_SECONDS` apart.

        :param CallEvent event: see `_fetch_leg_status`
        :rtype: bool
        """
        now = fields.Datetime.now()
        if not event.data.get("is_missing"):
            if self.missed_at:
                self.write({"missed_at": False})
            return True
        if not self.missed_at:
            self.write({"missed_at": now})
        return self.missed_at <= now - timedelta(seconds=MISSING_SECONDS)

    def _is_overdue(self, now):
        """Return whether the provider should have given this leg a SID by now."""
        if self.provider_leg_id or self.write_date > now - timedelta(seconds=CREATION_SECONDS):
            return False
        # The customer is dialed once the agent has answered on a telephone of their own.
        others = self.call_id._get_agent_legs() - self
        return bool(self.initiated_at) or not others._is_alive()

    def _get_repairs(self, now):
        """Return the requests about this leg to send again, see `Repair.leg_missing`.

        :param datetime now: current time
        :rtype: list(str)
        """
        return [
            request
            for request, repair in self.call_id._get_request_table().items()
            if repair.leg_missing and getattr(self, repair.leg_missing)(now)
        ]

    def _is_unwanted(self, now):
        """Return whether this leg has no purpose any more."""
        call = self.call_id
        is_rung_in_vain = (
            self.role in ("agent", "consulted")
            and not self.is_confirmed
            and (not call._is_wanted(self))
        )
        return call.state == "ended" or self.is_leaving or self.is_released or is_rung_in_vain

    def _is_in_doubt(self, living, now):
        """Return whether this leg may differ from its row.

        :param dict living: see `_list_living`
        :param datetime now: current time
        :rtype: bool
        """
        if not self._is_alive():
            return False
        if not self.provider_leg_id:
            return self._is_overdue(now)
        if living is None or not self._is_settled(now):
            return False
        event = living.get(self.provider_leg_id)
        return (
            not event
            or bool(self._get_repairs(now))
            or (LEG_RANK[event.status] > LEG_RANK[self.status])
        )
