from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.tools import mute_logger

from ...providers.base import CallEvent

# Maximum number of attempts of a queue callback, and the seconds between them.
ATTEMPTS = 3
RETRY_SECONDS = 600
# Hours after which a queue callback expires.
EXPIRY_HOURS = 24
# Outcomes after which a queue callback is retried.
RETRY_OUTCOMES = ("no_answer", "busy", "canceled")
OPEN_STATES = ("requested", "open")


class TelephonyQueueCallback(models.Model):
    """A caller who was promised a call instead of waiting; at most one is open per number.

    The row is written before the promise is spoken, and is open until the customer was reached or
    the promise is left to people. Each attempt to keep it is an outgoing call in the caller's place
    of the queue. It is offered to agents like a waiting caller. The customer is dialed after the
    agent has connected, as in any outgoing call. The first attempt begins after the caller's leg
    has ended, so that the customer is not dialed while still hearing the confirmation.

    Whose place it is, is a fact of the caller's call, which the row refers to.
    """

    _name = "telephony.queue.callback"
    _inherit = ["telephony.guard.mixin", "telephony.number.search.mixin"]
    _description = "Queue Callback"
    _order = "id desc"
    _rec_name = "customer_display"
    _rec_names_search = ["customer_number", "partner_id.name"]

    origin_id = fields.Many2one(
        "telephony.call",
        "Original Call",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
        immutable=True,
        help="The call in which the caller requested the callback, and whose place in the queue "
        "it keeps.",
    )
    company_id = fields.Many2one(
        related="origin_id.company_id", store=True, precompute=True, index=True
    )
    customer_number = fields.Char(
        "Number", related="origin_id.customer_number", store=True, precompute=True
    )
    customer_display = fields.Char("Caller", related="origin_id.customer_display")
    number_display = fields.Char(related="origin_id.number_display")
    partner_id = fields.Many2one(string="Contact", related="origin_id.partner_id")
    lead_id = fields.Many2one(related="origin_id.lead_id")
    queue_id = fields.Many2one(related="origin_id.queue_id")
    number_id = fields.Many2one(string="Company Number", related="origin_id.number_id")
    started_at = fields.Datetime("Waiting Since", related="origin_id.started_at")
    state = fields.Selection(
        [
            ("requested", "Requested"),
            ("open", "Pending"),
            ("done", "Done"),
            ("canceled", "Canceled"),
            ("failed", "Not Reached"),
        ],
        "Status",
        required=True,
        default="requested",
        readonly=True,
        index=True,
    )
    requested_at = fields.Datetime(
        "Requested On", required=True, readonly=True, default=fields.Datetime.now
    )
    expires_at = fields.Datetime(
        "Call Back By",
        required=True,
        readonly=True,
        help="After this time, the queue callback becomes a callback for the phone users.",
    )
    attempt_count = fields.Integer("Attempts", readonly=True)
    retry_at = fields.Datetime("Callback Not Before", readonly=True, index="btree_not_null")
    closed_at = fields.Datetime("Completed On", readonly=True)
    call_ids = fields.One2many("telephony.call", "queue_callback_id", "Calls", readonly=True)

    _open_unique = models.UniqueIndex(
        "(company_id, customer_number) WHERE state IN ('requested', 'open')"
    )

    # === REQUEST OF THE CALLER === #

    @api.model
    def _request(self, call):
        """Register the request of a waiting caller, unless one of this number is open.

        :param call: the call whose place is kept
        :raise ConcurrencyError: another call of this number does the same; the request is retried
        :return: the open queue callback of the number
        """
        call.ensure_one()
        found = self._get_open(call.company_id, call.customer_number)
        if found:
            return found
        expires_at = (call.queued_at or fields.Datetime.now()) + timedelta(hours=EXPIRY_HOURS)
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                return self.create({"origin_id": call.id, "expires_at": expires_at})
        except IntegrityError as error:
            raise ConcurrencyError(
                "The queue callback was created by a concurrent request."
            ) from error

    @api.model
    def _get_open(self, company, number):
        """Return the open queue callback of a number in a company."""
        return self.search(
            [
                ("company_id", "=", company.id),
                ("customer_number", "=", number),
                ("customer_number", "!=", False),
                ("state", "in", OPEN_STATES),
            ]
        )

    # === ATTEMPTS === #

    def _begin(self):
        """Take the place of callers who have hung up."""
        for queue_callback in self.filtered(lambda one: one.state == "requested"):
            if queue_callback.origin_id.answered_at:
                queue_callback._close("canceled", "customer_reached")
            elif queue_callback.queue_id:
                queue_callback.state = "open"
                queue_callback._attempt()
            else:
                queue_callback._fail()

    def _attempt(self):
        """Create the outgoing call that takes the caller's place in the queue.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        now = fields.Datetime.now()
        origin = self.origin_id
        self.attempt_count += 1
        self.retry_at = now + timedelta(seconds=RETRY_SECONDS) if self.attempt_count > 1 else False
        call = self.env["telephony.call"].create(
            {
                "account_id": origin.account_id.id,
                "direction": "outgoing",
                "from_number": origin.number_id.number,
                "to_number": origin.customer_number,
                "customer_number": origin.customer_number,
                "number_id": origin.number_id.id,
                "partner_id": origin.partner_id.id,
                "lead_id": origin.lead_id.id,
                "flow_id": origin.flow_id.id,
                "queue_id": origin.queue_id.id,
                "queued_at": origin.queued_at,
                "recording_mode": origin.recording_mode,
                # Keep the place in the queue and the waiting time.
                "started_at": origin.started_at,
                "queue_callback_id": self.id,
            }
        )
        call._add_timeline("queue_callback_waiting", queue=origin.queue_id.name)
        call._apply_event(CallEvent("routed", at=now))
        call._apply_event(CallEvent("queued", at=now))
        origin.queue_id._dispatch()

    def _conclude(self, call):
        """Retry after an unanswered attempt, or leave the promise to people.

        Note: `self.ensure_one()`

        :param call: the attempt, which has ended
        """
        self.ensure_one()
        if self.state != "open" or call.answered_at:
            return
        if (
            call.outcome in RETRY_OUTCOMES
            and call.ended_by != "system"
            and self.attempt_count < ATTEMPTS
            and self.queue_id
        ):
            self._attempt()
        else:
            self._fail()

    # === ENDS === #

    @api.model
    def _resolve(self, call):
        """Close the queue callbacks of a customer who is in a conversation.

        :param call: an answered call, in either direction
        """
        kept = call.queue_callback_id
        kept.filtered(lambda one: one.state != "done")._close("done", "customer_reached", call)
        found = self._get_open(call.company_id, call.customer_number) - kept
        found._close("canceled", "customer_reached", call)

    def _fail(self, reason=None):
        """Leave the promise to people: register a callback.

        :param str reason: the code for the timeline of the waiting attempt
        """
        self._close("failed", reason)
        for queue_callback in self:
            queue_callback.origin_id._register_callback()

    def _cancel(self):
        """Cancel open queue callbacks."""
        self.filtered(lambda one: one.state in OPEN_STATES)._close(
            "canceled", "queue_callback_canceled"
        )

    def _close(self, state, reason=None, answered=None):
        """Close queue callbacks, and end the attempts whose customer was not dialed.

        :param str state: `done`, `canceled` or `failed`
        :param str reason: the code for the timeline of these attempts
        :param answered: the call in which the customer was reached, if any
        """
        # First, so that the end of an attempt begins no further one.
        self.write({"state": state, "retry_at": False, "closed_at": fields.Datetime.now()})
        for call in self.call_ids.filtered(
            lambda call: call._is_queue_callback_waiting() and not call.user_id
        ):
            if call != answered:
                call._end_queue_callback(reason)

    # === CRON === #

    def _check(self, now):
        """Begin, expire or fail open queue callbacks that no other event drives any more.

        :param datetime now: the current time
        """
        for queue_callback in self.filtered(lambda one: one.state in OPEN_STATES):
            ongoing = queue_callback.call_ids.filtered(lambda call: call.state != "ended")
            waiting = ongoing.filtered(lambda call: call._is_queue_callback_waiting())
            waiting._advance_queue_callbacks(now)
            if queue_callback.state == "requested":
                if queue_callback.origin_id.state == "ended":
                    # The conclusion of the caller's call has failed.
                    queue_callback._begin()
            elif not ongoing:
                # The conclusion of the last attempt has failed, or its call was deleted.
                queue_callback._fail()
            elif ongoing != waiting or waiting.user_id:
                continue  # an agent is calling
            elif queue_callback.expires_at <= now or not waiting.queue_id:
                queue_callback._fail("queue_callback_expired")
