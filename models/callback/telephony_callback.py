from datetime import timedelta
from functools import partial

from psycopg2 import IntegrityError
from pytz import UTC

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, ValidationError
from odoo.tools import SQL, mute_logger

# Working hours within which a caller has to be called back.
DUE_HOURS = 2
# The stronger kind is shown: a caller who requested a callback was promised a call.
KIND_RANK = {"missed": 0, "abandoned": 0, "voicemail": 1, "queue_callback": 2}


class TelephonyCallback(models.Model):
    """A callback owed to a caller; at most one is open per caller and number of the company.

    An unanswered call creates it. Any later conversation with that number, in either direction,
    resolves it. Further unanswered calls update the same callback and its activity.
    """

    _name = "telephony.callback"
    _inherit = ["telephony.guard.mixin", "telephony.number.search.mixin"]
    _description = "Callback"
    _order = "state desc, due_at, id"
    _rec_name = "customer_display"
    _rec_names_search = ["customer_number", "partner_id.name", "lead_id.name"]

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade", index=True, immutable=True
    )
    customer_number = fields.Char("Number", required=True, readonly=True, index=True)
    number_id = fields.Many2one(
        "telephony.number",
        "Company Number",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Contact",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
    )
    lead_id = fields.Many2one(
        "crm.lead",
        "Opportunity",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
    )
    kind = fields.Selection(
        [
            ("missed", "Missed"),
            ("abandoned", "Abandoned"),
            ("voicemail", "Voicemail"),
            ("queue_callback", "Callback Requested"),
        ],
        "Reason",
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [("open", "Pending"), ("done", "Done"), ("canceled", "Canceled")],
        required=True,
        default="open",
        readonly=True,
        index=True,
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        ondelete="set null",
        index="btree_not_null",
        domain="[('telephony_agent_ids.company_id', '=', company_id)]",
    )
    member_ids = fields.Many2many(
        "res.users",
        string="Eligible Phone Users",
        readonly=True,
        help="Phone users the call rang for, or would have rung for.",
    )
    call_ids = fields.One2many("telephony.call", "callback_id", "Calls", readonly=True)
    count = fields.Integer("Call Count", required=True, default=1, readonly=True)
    first_at = fields.Datetime("First Call", required=True, readonly=True)
    last_at = fields.Datetime("Last Call", required=True, readonly=True)
    due_at = fields.Datetime("Call Back By", required=True, readonly=True, index=True)
    attempt_count = fields.Integer("Callback Attempts", readonly=True)
    last_attempt_at = fields.Datetime("Last Attempt", readonly=True)
    done_at = fields.Datetime("Done On", readonly=True)
    done_call_id = fields.Many2one(
        "telephony.call", "Resolving Call", readonly=True, ondelete="set null"
    )
    cancel_reason = fields.Char("Cancellation Reason", readonly=True)
    activity_id = fields.Many2one(
        "mail.activity", readonly=True, ondelete="set null", index="btree_not_null"
    )
    response_seconds = fields.Integer(
        "Time to Callback (Seconds)", compute="_compute_performance", store=True, aggregator="avg"
    )
    on_time_percent = fields.Float(
        "Called Back on Time (%)",
        compute="_compute_performance",
        store=True,
        aggregator="avg",
        help="Share of callers called back on time, among those who were called back or are "
        "overdue.",
    )
    is_overdue = fields.Boolean("Overdue", compute="_compute_is_overdue")
    anonymized_at = fields.Datetime("Anonymized On", readonly=True, copy=False)
    customer_display = fields.Char("Caller", compute="_compute_customer_display")
    number_display = fields.Char("Phone", compute="_compute_customer_display")
    count_display = fields.Char("Times Called", compute="_compute_count_display")

    _open_unique = models.UniqueIndex(
        "(company_id, number_id, customer_number) WHERE state = 'open'"
    )
    _open_index = models.Index("(user_id, due_at) WHERE state = 'open'")

    @api.constrains("user_id")
    def _check_responsible(self):
        for callback in self:
            # sudo: telephony.agent - only whether one exists
            users = self.sudo()._get_agent_users(callback.company_id)
            if callback.user_id and callback.user_id not in users:
                raise ValidationError(
                    self.env._(
                        "%(user)s is not a phone user of %(company)s and cannot make callbacks.",
                        user=callback.user_id.name,
                        company=callback.company_id.name,
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("state", "first_at", "done_at", "due_at")
    def _compute_performance(self):
        for callback in self:
            is_done = callback.state == "done" and callback.done_at
            callback.response_seconds = (
                int((callback.done_at - callback.first_at).total_seconds()) if is_done else 0
            )
            callback.on_time_percent = 100 if is_done and callback.done_at <= callback.due_at else 0

    @api.depends("state", "due_at")
    def _compute_is_overdue(self):
        now = fields.Datetime.now()
        for callback in self:
            callback.is_overdue = callback.state == "open" and callback.due_at < now

    @api.depends("partner_id", "lead_id", "customer_number", "anonymized_at")
    def _compute_customer_display(self):
        calls = self.env["telephony.call"]
        for callback in self:
            # sudo: telephony.callback - the right to read a callback includes the name of its
            # caller
            callback_sudo = callback.sudo()
            callback.number_display = calls._format_number(callback.customer_number)
            callback.customer_display = (
                callback_sudo.partner_id.display_name
                or callback_sudo.lead_id.contact_name
                or callback_sudo.lead_id.partner_name
                or callback.number_display
                or (callback.anonymized_at and self.env._("Anonymized"))
            )

    @api.depends("count")
    def _compute_count_display(self):
        for callback in self:
            callback.count_display = f"×{callback.count}"

    def _read_group_select(self, aggregate_spec, query):
        """Exclude callbacks that cannot be judged yet from the averages.

        Counting them as 0 would distort the average.
        """
        column = partial(self._field_to_sql, self._table, query=query)
        if aggregate_spec == "response_seconds:avg":
            return SQL(
                "AVG(%s) FILTER (WHERE %s = 'done')", column("response_seconds"), column("state")
            )
        if aggregate_spec == "on_time_percent:avg":
            return SQL(
                "AVG(%s) FILTER (WHERE %s = 'done' OR %s = 'open' AND %s < %s)",
                column("on_time_percent"),
                column("state"),
                column("state"),
                column("due_at"),
                fields.Datetime.now(),
            )
        return super()._read_group_select(aggregate_spec, query)

    # === CRUD METHODS === #

    def write(self, vals):
        if not self.env.su and vals.keys() - {"user_id"}:
            raise AccessError(
                self.env._("You can only change the person responsible for a callback.")
            )
        result = super().write(vals)
        if "user_id" in vals:
            for callback in self:
                # sudo: telephony.callback - the activity follows the responsible user
                callback.sudo()._update_activity()
        return result

    # === BUSINESS METHODS === #

    @api.model
    def _register_call(self, call, kind):
        """Register an unanswered call in the open callback of its caller and number.

        It may be called again for the same call, also with a stronger kind. Hidden and blocked
        callers get no callback, nor do callers who were spoken with since.

        :param call: the call that was not answered, or whose caller requested a callback
        :param str kind: `missed`, `abandoned`, `voicemail` or `queue_callback`
        :raise ConcurrencyError: a concurrent transaction creates the same callback; the request is
            retried
        :return: the open callback as superuser, or an empty recordset
        """
        call.ensure_one()
        # sudo: telephony.callback - written by the course of calls, not by users
        callbacks_sudo, call_sudo = self.sudo(), call.sudo()
        if call_sudo.callback_id:
            callback_sudo = call_sudo.callback_id
            if callback_sudo.state == "open" and KIND_RANK[kind] > KIND_RANK[callback_sudo.kind]:
                callback_sudo.kind = kind
                callback_sudo._update_activity()
            return callback_sudo.filtered(lambda callback: callback.state == "open")
        if not call_sudo.customer_number or callbacks_sudo._is_exempt(call_sudo):
            return callbacks_sudo.browse()
        callback_sudo = callbacks_sudo.search(
            [
                ("company_id", "=", call_sudo.company_id.id),
                ("number_id", "=", call_sudo.number_id.id),
                ("customer_number", "=", call_sudo.customer_number),
                ("state", "=", "open"),
            ],
            limit=1,
        )
        if callback_sudo:
            callback_sudo._count_call(call_sudo, kind)
        else:
            callback_sudo = callbacks_sudo._create_for(call_sudo, kind)
        call_sudo.callback_id = callback_sudo
        callback_sudo._update_activity()
        return callback_sudo

    @api.model
    def _resolve(self, call):
        """Resolve every open callback of the number of a conversation, in either direction.

        :param call: an answered call, ended or ongoing
        :return: the callbacks that were resolved, as superuser
        """
        call.ensure_one()
        # sudo: telephony.callback - written by the course of calls, not by users
        callbacks_sudo, call_sudo = self.sudo(), call.sudo()
        if not call_sudo.customer_number:
            return callbacks_sudo.browse()
        ended_at = call_sudo.ended_at or fields.Datetime.now()
        # Reports may arrive late: a call after this conversation needs a new callback.
        callbacks_sudo = callbacks_sudo.search(
            [
                ("company_id", "=", call_sudo.company_id.id),
                ("customer_number", "=", call_sudo.customer_number),
                ("state", "=", "open"),
                ("last_at", "<=", ended_at),
            ]
        )
        spoken_at = call_sudo.answered_at or ended_at
        for callback_sudo in callbacks_sudo:
            callback_sudo.write(
                {
                    "state": "done",
                    "done_at": max(spoken_at, callback_sudo.first_at),
                    "done_call_id": call_sudo.id,
                }
            )
            callback_sudo._complete_activity(call_sudo)
        return callbacks_sudo

    @api.model
    def _withdraw(self, call):
        """Remove a call from its callback, because it proves to have been answered.

        :param call: an incoming call
        """
        # sudo: telephony.callback - written by the course of calls, not by users
        call_sudo = call.sudo()
        callback_sudo = call_sudo.callback_id
        call_sudo.callback_id = False
        if callback_sudo.state != "open":
            return
        if callback_sudo.count > 1:
            callback_sudo.count -= 1
            callback_sudo._update_activity()
        else:
            callback_sudo.activity_id.unlink()
            callback_sudo.unlink()

    def _cancel(self, reason):
        """Cancel callbacks, and remove their activities.

        :param str reason: why the caller is not called back
        """
        # sudo: telephony.callback - each caller of this method checks who may do it
        callbacks_sudo = self.sudo().filtered(lambda callback: callback.state == "open")
        callbacks_sudo.write({"state": "canceled", "cancel_reason": reason})
        callbacks_sudo._drop_activity()

    # === PRIVACY === #

    def _anonymize(self, reason):
        """Cancel open callbacks, and remove the identity of their callers.

        :param str reason: why the caller is not called back
        """
        self._cancel(reason)
        # Done activities are archived. Their feedback names the caller.
        self.activity_id.unlink()
        self.write(
            {
                "customer_number": "",
                "partner_id": False,
                "lead_id": False,
                "anonymized_at": fields.Datetime.now(),
            }
        )
        self.filtered(lambda callback: callback.cancel_reason != reason).cancel_reason = False

    @api.model
    def _anonymize_older(self, company, limit):
        """Anonymize the callbacks whose last call is older than the company's retention."""
        self.search(
            [
                ("company_id", "=", company.id),
                ("anonymized_at", "=", False),
                ("last_at", "<", limit),
            ]
        )._anonymize(self.env._("The retention period for calls has expired."))

    # === HELPERS === #

    def _is_exempt(self, call):
        """Return whether a call needs no callback: blocked, or followed by a conversation."""
        if self.env["telephony.blocked.number"]._is_blocked(call.customer_number, call.company_id):
            return True
        return bool(
            self.env["telephony.call"]
            .sudo()
            .search_count(
                [
                    ("customer_number", "=", call.customer_number),
                    ("company_id", "=", call.company_id.id),
                    ("outcome", "=", "answered"),
                    ("ended_at", ">", call.ended_at or fields.Datetime.now()),
                    ("id", "!=", call.id),
                ],
                limit=1,
            )
        )

    def _create_for(self, call, kind):
        values = {
            "company_id": call.company_id.id,
            "customer_number": call.customer_number,
            "number_id": call.number_id.id,
            "partner_id": call.partner_id.id,
            "lead_id": call.lead_id.id,
            "kind": kind,
            "user_id": self._choose_responsible(call).id,
            "member_ids": [fields.Command.set(self._get_members(call).ids)],
            "first_at": call.started_at,
            "last_at": call.started_at,
            "due_at": self._get_due(call),
        }
        try:
            with mute_logger("odoo.sql_db"):
                return self.create(values)
        except IntegrityError as error:
            # Another call of this caller has just ended. The request is retried in a fresh
            # snapshot, so no savepoint is needed.
            raise ConcurrencyError("The callback was created by a concurrent request.") from error

    def _count_call(self, call, kind):
        """Add an unanswered call to an open callback. Note: `self.ensure_one()`"""
        self.ensure_one()
        values = {
            "count": self.count + 1,
            "first_at": min(self.first_at, call.started_at),
            "last_at": max(self.last_at, call.started_at),
            "member_ids": [fields.Command.link(user.id) for user in self._get_members(call)],
        }
        if KIND_RANK[kind] >= KIND_RANK[self.kind]:
            values["kind"] = kind
        if not self.partner_id and not self.lead_id:
            values.update(partner_id=call.partner_id.id, lead_id=call.lead_id.id)
        if self.user_id not in self._get_agent_users(call.company_id):
            values["user_id"] = self._choose_responsible(call).id
        self.write(values)

    @api.model
    def _get_due(self, call):
        """Return by when a caller has to be called back: some working hours after the call.

        The working hours are those of the flow, or else of the company.
        """
        moment = call.ended_at or fields.Datetime.now()
        hours = call.flow_id.step_ids.filtered(lambda step: step.kind == "hours").sorted()[:1]
        calendar = hours.calendar_id or call.company_id.resource_calendar_id
        due = calendar and calendar.plan_hours(
            DUE_HOURS, moment.replace(tzinfo=UTC), compute_leaves=True
        )
        if not due:
            return moment + timedelta(hours=DUE_HOURS)
        return due.astimezone(UTC).replace(tzinfo=None, microsecond=0)

    @api.model
    def _get_agent_users(self, company):
        return self.env["telephony.agent"].search([("company_id", "=", company.id)]).user_id

    @api.model
    def _get_members(self, call):
        """Return the users who could have answered.

        These are the first non-empty group of: recipients of the voicemail, rung agents, members of
        the queue, agents of the flow.
        """
        return (
            call.recipient_ids
            or call.offer_ids.agent_id.user_id
            or call.queue_id.agent_ids.user_id
            or call.flow_id.step_ids.agent_ids.user_id
        )

    @api.model
    def _choose_responsible(self, call):
        """Return the user who has to call back.

        This is the salesperson of the opportunity, or of the contact or its company, if an agent.
        Otherwise it is the user with the fewest open callbacks among those who could have answered.
        A tie goes to the user whose latest callback is the oldest. Without a candidate the callback
        stays unassigned, and all agents see it.
        """
        users = self._get_agent_users(call.company_id)
        for owner in (
            call.lead_id.user_id,
            call.partner_id.user_id,
            call.partner_id.commercial_partner_id.user_id,
        ):
            if owner in users:
                return owner
        candidates = self._get_members(call) & users
        if len(candidates) < 2:
            return candidates
        domain = [("company_id", "=", call.company_id.id), ("user_id", "in", candidates.ids)]
        load, latest = {}, {}
        for user, state, count, last_id in self._read_group(
            domain, ["user_id", "state"], ["__count", "id:max"]
        ):
            latest[user] = max(last_id, latest.get(user, 0))
            if state == "open":
                load[user] = count
        return candidates.sorted(lambda user: (load.get(user, 0), latest.get(user, 0), user.id))[:1]
