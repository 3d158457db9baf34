import logging
from datetime import timedelta

from odoo import api, fields, models

from ...providers.base import CallEvent, ProviderError
from ...tools.call_states import LEG_RANK

_logger = logging.getLogger(__name__)

# Seconds without news after which what the provider says about a leg counts: until then, its
# callbacks are on their way.
SETTLED_SECONDS = 15
# Seconds after which a leg that should have been made, and has no name at the provider, was not.
UNBORN_SECONDS = 30
# Seconds after a deadline when whoever should have asked at that moment does not ask any more.
LATE_SECONDS = 5
# Seconds between two looks that pages may cause.
NUDGE_SECONDS = 20
# Calls in doubt that are looked into at once; each may cost a request or two.
BATCH = 100
# What is wanted by our rows and is not so: each request, and when it is sent again. A process that
# dies between a commit and its request, an answer that is lost, and a refusal all look the same
# here. A new kind of request gets its line, here or below, and `test_nothing_stays_open` its story.
REPAIRS = {
    "_send_wait_request": ("_is_missing_in_queue", "_is_alone"),
    "_send_connect_request": ("_is_missing_in_room",),
    "_send_leave_queue_request": ("_is_rung_by_nobody",),
    "_send_hold_request": ("_is_held_wrongly",),
    "_send_announce_request": ("_is_announcement_missing",),
}
# Conditions about which the provider is asked who is in the conference, before anything is sent.
ASKED_FIRST = ("_is_missing_in_room", "_is_held_wrongly")
# The same of single legs, with what the request is given of the leg.
LEG_REPAIRS = {
    "_send_end_leg_request": ("_is_unwanted", "provider_leg_id"),
    "_send_monitor_request": ("_is_heard_wrongly", "id"),
}


class TelephonyCall(models.Model):
    """The safety net: nothing stays “in progress” for ever, no leg is paid for in vain.

    One question tells all living legs of an account. Only what differs from what is written here
    is looked into, so that a running call costs nothing.
    """

    _inherit = "telephony.call"

    # === CRON === #

    @api.model
    def _trigger_reconciliation(self):
        """Ask the provider soon if a leg or a verification is open, unless it was just asked.

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
        """Ask the provider who is on the telephone, and let its answers change the calls.

        A leg of a call that is over is hung up. A call without any living leg is ended.
        """
        self.env["telephony.caller.id"]._reconcile()
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
        # The provider is asked without a lock; its answers are applied to what is true then.
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
        """Return the calls that run, and those that have legs which may still cost money."""
        legs = self.env["telephony.call.leg"].search([("status", "!=", "ended")])
        return legs.call_id | self.search([("state", "!=", "ended")])

    @api.model
    def _end_ghosts(self, account, living):
        """Hang up what the provider still has, and what is said to be over here."""
        limit = fields.Datetime.now() - timedelta(seconds=SETTLED_SECONDS)
        for leg in self.env["telephony.call.leg"].search(
            [
                ("account_id", "=", account.id),
                ("provider_leg_id", "in", list(living)),
                ("status", "=", "ended"),
                ("write_date", "<", limit),
            ]
        ):
            _logger.warning("%s: a leg lives that was said to be over", leg.call_id.uuid)
            account._after_commit(leg.call_id, "_send_end_leg_request", leg.provider_leg_id)

    def _reconcile_one(self, living):
        """Reconcile one call; what goes wrong with it must not keep the others from it."""
        try:
            news = self._ask_provider(living)
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
            (not self._get_customer_leg()._is_alive() and not self._is_queue_callback_waiting())
            or bool(self._get_transfer())
            or any(offer.expires_at <= now for offer in self._get_open_offers())
            or bool(self._get_repairs(now))
            or bool(self._get_silent_recordings(now))
        )

    # === WHAT IS WANTED === #

    def _get_wanted_place(self):
        """Return where the customer should be now.

        Note: `self.ensure_one()`

        :return: `room`: the conference; `queue`: the waiting room; empty: elsewhere, at a telephone
            that still rings or in the flow, or it is not ours to say
        :rtype: str
        """
        self.ensure_one()
        if self.state not in ("queued", "ringing", "in_progress") or (
            self._get_customer_leg().status != "in_progress"
        ):
            return ""
        if self._is_anybody_there():
            return "room"
        is_left = self.state != "in_progress" or not self._get_agent_legs()._is_alive()
        return "queue" if is_left else ""

    def _is_quiet(self, now):
        """Return whether what was wanted last has had its time to become true."""
        moments = self.started_at, self.step_entered_at, self._get_customer_leg().moved_at
        return max(filter(None, moments)) < now - timedelta(seconds=SETTLED_SECONDS)

    def _get_repairs(self, now):
        """Return what is not as it is wanted.

        :param datetime now: this moment
        :return: the request to send again -> the condition that says so, see `REPAIRS`
        :rtype: dict
        """
        return {
            request: condition
            for request, conditions in REPAIRS.items()
            for condition in conditions
            if getattr(self, condition)(now)
        }

    def _is_missing_in_queue(self, now):
        """Return whether a customer who should wait is not in the waiting room."""
        return (
            self._get_wanted_place() == "queue"
            and not self._get_customer_leg().provider_queue_id
            and self._is_quiet(now)
        )

    def _is_alone(self, now):
        """Return whether the customer waits for somebody who did not come back in time."""
        return (
            self.state == "in_progress"
            and bool(self.deadline_at)
            and self.deadline_at < now - timedelta(seconds=LATE_SECONDS)
            and not (self._get_agent_legs() | self._get_consulted_legs())._is_alive()
        )

    def _is_missing_in_room(self, now):
        """Return whether a customer is still elsewhere although somebody is there to speak with."""
        return (
            self._get_wanted_place() == "room"
            and (self.state != "in_progress" or bool(self._get_customer_leg().provider_queue_id))
            and self._is_quiet(now)
        )

    def _is_rung_by_nobody(self, now):
        """Return whether a caller waits although the call rings nowhere any more."""
        limit = now - timedelta(seconds=SETTLED_SECONDS)
        return (
            self.state == "ringing"
            and bool(self._get_customer_leg().provider_queue_id)
            and not self.user_id
            and not (self._get_open_offers() or self._get_ringing_guest())
            and all(offer.write_date < limit for offer in self.offer_ids)
            and self._is_quiet(now)
        )

    def _is_held_wrongly(self, now):
        """Return whether a customer is on hold, or not, against what is wanted."""
        customer = self._get_customer_leg()
        return (
            self.state == "in_progress"
            and self._get_wanted_place() == "room"
            and bool(self.provider_conference_id)
            and not customer.provider_queue_id
            and customer.on_hold != self.hold_wanted
            and self._is_quiet(now)
        )

    def _is_announcement_missing(self, now):
        """Return whether people were perhaps not told that they are recorded."""
        announced_at = self.recording_announced_at
        return (
            self.state == "in_progress"
            and bool(self.provider_conference_id and announced_at)
            and not self.is_announcement_played
            and announced_at < now - timedelta(seconds=SETTLED_SECONDS)
        )

    def _get_silent_recordings(self, now):
        """Return the recordings of a running call that do not do what is wanted."""
        limit = now - timedelta(seconds=SETTLED_SECONDS)
        return self.recording_ids.filtered(
            lambda row: (
                row._is_live()
                and row.write_date < limit
                and (row.state == "starting" or row.state != (row._get_wanted_state() or row.state))
            )
        )

    # === QUESTIONS === #

    def _ask_provider(self, living):
        """Learn what became of every living leg. Nothing is written, so nobody has to wait.

        Note: `self.ensure_one()`

        :param dict living: see `_list_living`; legs that are not in it are asked about singly
        :return: leg -> an event; the provider's identifier of a leg whose birth it never told,
            or an empty text when it knows none; None when it could not be asked. For the call
            itself, if it matters: who is in the conference
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
        if any(condition in ASKED_FIRST for condition in self._get_repairs(now).values()):
            news[self] = self._ask_about_room()
        return news

    def _ask_about_room(self):
        """Look who is in the conference: see `list_room`; None when it could not be asked."""
        try:
            return self.account_id._get_client().list_room(self.uuid)
        except ProviderError:
            return None

    def _ask_about_unborn(self, leg):
        """A leg that was to be called, and never was: look whether the provider has it."""
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
        """Compare one call with what the provider knows. Note: `self.ensure_one()`

        :param dict news: see `_ask_provider`
        """
        self.ensure_one()
        for leg in self.leg_ids.filtered(lambda leg: leg in news and leg._is_alive()):
            event = news[leg]
            if isinstance(event, str):
                self._reconcile_unborn(leg, event)
            elif event and LEG_RANK[event.status] > LEG_RANK[leg.status]:
                self._apply_report(event)
            elif event:
                for request, name in leg._get_repairs(fields.Datetime.now()).items():
                    _logger.info("%s: %s of %s is sent again", self.uuid, request, leg.label)
                    self.account_id._after_commit(self, request, leg[name])
        if self._is_queue_callback_waiting():
            return  # the provider knows nothing of a place in a queue
        if self.state != "ended" and not self._get_customer_leg()._is_alive():
            self._end_by_system()
        elif self.state != "ended":
            self._run_overdue_timers(fields.Datetime.now())
            self._repair(fields.Datetime.now(), news.get(self))

    def _reconcile_unborn(self, leg, provider_leg_id):
        if leg.provider_leg_id:
            return  # its birth was told meanwhile
        if provider_leg_id:
            leg.provider_leg_id = provider_leg_id
            if leg._is_unwanted(fields.Datetime.now()):
                self.account_id._after_commit(self, "_send_end_leg_request", provider_leg_id)
            return
        event = CallEvent(
            "leg", leg_id=leg.id, status="ended", reason="failed", at=fields.Datetime.now()
        )
        if leg.role == "customer" or self.state == "ended":
            if self._isolate(self.uuid, leg._advance, event) is None:
                leg._advance_alone(event)
        else:
            # A telephone that was never rung: the call goes on, or ends, as if it had refused.
            self._apply_report(event)

    def _run_overdue_timers(self, now):
        """Do what the provider's own questions, or our own requests, should have done by now."""
        if self.state == "ringing" and self.direction == "incoming":
            self._expire_offers(now)
        self._check_consultation(now)

    def _repair(self, now, room):
        """Send again what was wanted, and is not so.

        :param datetime now: this moment
        :param dict room: see `list_room`; None when the provider was not, or could not be, asked
        """
        customer = self._get_customer_leg()
        if room and customer.provider_leg_id in room and self._get_wanted_place() == "room":
            self._accept_room(room[customer.provider_leg_id])
        for request, condition in self._get_repairs(now).items():
            if room is None and condition in ASKED_FIRST:
                continue
            _logger.info("%s: %s: sent again", self.uuid, condition.strip("_"))
            customer.moved_at = now
            self.account_id._after_commit(self, request, True)
        for recording in self._get_silent_recordings(now):
            if recording.state == "starting":
                self.account_id._after_commit(recording, "_send_start_request", True)
            else:
                recording._sync()

    def _accept_room(self, on_hold):
        """The customer is where others are, whatever we were told: write down what is true.

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
            self._sync_recording()
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
    """What the reconciliation asks itself about a leg."""

    _inherit = "telephony.call.leg"

    def _is_settled(self, now):
        """Tell whether nothing was heard of this leg for a while."""
        return self.write_date < now - timedelta(seconds=SETTLED_SECONDS)

    def _is_overdue(self, now):
        """Tell whether this leg should have a name at the provider by now."""
        if self.provider_leg_id or self.write_date > now - timedelta(seconds=UNBORN_SECONDS):
            return False
        # The customer is called once the phone user, whose own telephone rings, has answered.
        others = self.call_id._get_agent_legs() - self
        return bool(self.initiated_at) or not others._is_alive()

    def _get_repairs(self, now):
        """Return the requests about this leg to send again, see `LEG_REPAIRS`.

        :param datetime now: this moment
        :return: the request -> the field that it is given
        :rtype: dict
        """
        return {
            request: name
            for request, (condition, name) in LEG_REPAIRS.items()
            if getattr(self, condition)(now)
        }

    def _is_unwanted(self, now):
        """Return whether nobody needs this leg any more."""
        call = self.call_id
        is_rung_in_vain = (
            self.role in ("agent", "consulted")
            and not self.is_confirmed
            and (not call._is_wanted(self))
        )
        return call.state == "ended" or self.is_leaving or self.is_released or is_rung_in_vain

    def _is_heard_wrongly(self, now):
        """Return whether a supervisor is perhaps heard by others than the screens show."""
        if self.role != "supervisor" or self.status != "in_progress" or self.is_leaving:
            return False
        muted, coach = self.call_id._get_monitor_sound(self)
        return self._is_settled(now) and self.provider_sound != f"{muted} {coach}"

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
        return (
            not event
            or bool(self._get_repairs(now))
            or (LEG_RANK[event.status] > LEG_RANK[self.status])
        )
