from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.local_day import midnight
from ..arguments import check_arguments, check_one

# An abandonment within these seconds does not count as waiting.
SHORT_ABANDON_SECONDS = 5
# Outcomes of incoming calls that count as missed: the caller reached no agent, and did not leave a
# queue by choice.
MISSED_OUTCOMES = ("missed", "failed", "declined", "busy", "no_answer", "canceled")
# Maximum period (days) of the dashboard.
LONGEST_PERIOD = 366


class TelephonyCallReport(models.Model):
    """Figures of calls: one row per call, for pivots, graphs, board and dashboard.

    The one definition of what is counted. It is a query and no database view, because hours and
    weekdays depend on the reader's time zone.

    *Service level*: the share of callers answered within the queue's target time. It counts callers
    of a queue whose wait is over. Callers who hang up in the first seconds are left out. So are
    queue callbacks, because their wait continues.
    """

    _name = "telephony.call.report"
    _description = "Calls Analysis"
    _auto = False
    _order = "started_at desc, id desc"
    _rec_name = "call_id"
    _depends = {
        "telephony.call": [
            "company_id",
            "direction",
            "state",
            "outcome",
            "user_id",
            "number_id",
            "queue_id",
            "partner_id",
            "disposition_id",
            "purpose_id",
            "is_logged",
            "customer_number",
            "started_at",
            "queued_at",
            "answered_at",
            "ended_at",
            "duration",
        ],
        "telephony.queue": ["service_level_seconds"],
    }

    call_id = fields.Many2one("telephony.call", "Phone Call", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    direction = fields.Selection(
        [("incoming", "Incoming"), ("outgoing", "Outgoing")], readonly=True
    )
    state = fields.Selection(
        lambda self: self.env["telephony.call"]._fields["state"].selection, readonly=True
    )
    outcome = fields.Selection(
        lambda self: self.env["telephony.call"]._fields["outcome"]._description_selection(self.env),
        readonly=True,
    )
    user_id = fields.Many2one("res.users", "Phone User", readonly=True)
    number_id = fields.Many2one("telephony.number", "Company Number", readonly=True)
    queue_id = fields.Many2one("telephony.queue", readonly=True)
    partner_id = fields.Many2one("res.partner", "Contact", readonly=True)
    disposition_id = fields.Many2one("telephony.disposition", "Result", readonly=True)
    purpose_id = fields.Many2one("telephony.call.purpose", readonly=True)
    is_logged = fields.Boolean("Logged by Hand", readonly=True)
    customer_number = fields.Char("Number", readonly=True)
    started_at = fields.Datetime(readonly=True)
    answered_at = fields.Datetime(readonly=True)
    hour = fields.Selection(
        [(f"{hour:02d}", f"{hour:02d}:00") for hour in range(24)], "Hour of Day", readonly=True
    )
    weekday = fields.Selection(
        [
            ("1", "Monday"),
            ("2", "Tuesday"),
            ("3", "Wednesday"),
            ("4", "Thursday"),
            ("5", "Friday"),
            ("6", "Saturday"),
            ("7", "Sunday"),
        ],
        "Day of the Week",
        readonly=True,
    )
    call_count = fields.Integer("Calls", readonly=True, aggregator="sum")
    answered_count = fields.Integer("Answered Calls", readonly=True, aggregator="sum")
    talk_minutes = fields.Float(
        "Talk Time (Minutes)", readonly=True, aggregator="sum", digits=(16, 1)
    )
    wait_seconds = fields.Float(
        "Average Wait (Seconds)",
        readonly=True,
        aggregator="avg",
        digits=(16, 1),
        help="From the start of an incoming call until it was answered or ended.",
    )
    level_count = fields.Integer(
        "Calls Counted in Service Level",
        readonly=True,
        aggregator="sum",
        help="Callers who have left the queue, except those who hung up within 5 seconds or "
        "requested a callback.",
    )
    in_target_count = fields.Integer(
        "Answered on Time",
        readonly=True,
        aggregator="sum",
        help="Callers answered within the queue's target answer time.",
    )
    service_level = fields.Float(
        "Service Level (%)",
        readonly=True,
        aggregator="avg",
        digits=(16, 1),
        help="Share of callers answered within the queue's target answer time. Callers who hung "
        "up within 5 seconds or requested a callback are excluded.",
    )

    @property
    def _table_query(self):
        local = SQL("timezone(%s, timezone('UTC', call.started_at))", self.env.tz.zone)
        in_target = self._sql_in_target()
        counts = self._sql_counts_for_level()
        return SQL(
            """SELECT call.id, call.id AS call_id, call.company_id, call.direction, call.state,
                      call.outcome, call.user_id, call.number_id, call.queue_id, call.partner_id,
                      call.disposition_id, call.purpose_id, call.is_logged,
                      call.customer_number, call.started_at,
                      call.answered_at,
                      to_char(%(local)s, 'HH24') AS hour,
                      to_char(%(local)s, 'ID') AS weekday,
                      1 AS call_count,
                      CASE WHEN call.answered_at IS NULL THEN 0 ELSE 1 END AS answered_count,
                      CASE WHEN call.state = 'ended' THEN call.duration / 60.0 END AS talk_minutes,
                      CASE WHEN call.direction = 'incoming'
                            AND call.outcome IS DISTINCT FROM 'blocked'
                            AND call.is_logged IS NOT TRUE
                           THEN EXTRACT(EPOCH FROM COALESCE(call.answered_at, call.ended_at)
                                                   - call.started_at)
                            END AS wait_seconds,
                      CASE WHEN %(counts)s THEN 1 ELSE 0 END AS level_count,
                      CASE WHEN %(counts)s AND %(in_target)s THEN 1 ELSE 0 END AS in_target_count,
                      CASE WHEN %(counts)s
                           THEN CASE WHEN %(in_target)s THEN 100.0 ELSE 0.0 END
                            END AS service_level
                 FROM telephony_call AS call
            LEFT JOIN telephony_queue AS queue ON queue.id = call.queue_id""",
            local=local,
            counts=counts,
            in_target=in_target,
        )

    def _sql_in_target(self):
        """Return the SQL condition that a caller was answered within the queue's target."""
        return SQL(
            """(call.answered_at IS NOT NULL AND call.answered_at
                <= call.queued_at + queue.service_level_seconds * interval '1 second')"""
        )

    def _sql_counts_for_level(self):
        """Return the SQL condition that a call is part of the service level."""
        return SQL(
            """(call.direction = 'incoming'
                AND call.queued_at IS NOT NULL AND queue.service_level_seconds > 0
                AND call.outcome IS DISTINCT FROM 'queue_callback'
                AND COALESCE(call.answered_at, call.ended_at) IS NOT NULL
                AND NOT (call.outcome IS NOT DISTINCT FROM 'abandoned'
                         AND call.ended_at < call.queued_at + %s * interval '1 second'))""",
            SHORT_ABANDON_SECONDS,
        )

    # === RPC === #

    @api.model
    @check_arguments
    def dashboard(self, days):
        """Return the figures of the last days, and of the equally long period before.

        An agent gets the figures of their own calls, a supervisor those of the company.

        :param int days: number of days, today included
        :raise UserError: the number of days is invalid
        :return: `start` (UTC), and `now` and `before`: `calls`, `incoming`, `answered`, `missed`,
            `talk_minutes`, `average_wait` (seconds), `service_level` (%); False if there is nothing
            to count
        :rtype: dict
        """
        if not isinstance(days, int) or not 1 <= days <= LONGEST_PERIOD:
            raise UserError(
                self.env._("Choose a period of 1 to %(days)s days.", days=LONGEST_PERIOD)
            )
        start = midnight(self.env.tz, 1 - days)
        end = fields.Datetime.now()
        return {
            "start": fields.Datetime.to_string(start),
            "now": self._get_dashboard_figures(start, end),
            # Both periods end at the same time of day: half a day must not be compared with a whole
            # one.
            "before": self._get_dashboard_figures(
                midnight(self.env.tz, 1 - 2 * days), end - timedelta(days=days)
            ),
            "is_supervisor": self.env.user.has_group("crm_telephony.group_supervisor"),
        }

    @api.model
    def _get_dashboard_figures(self, start, end):
        """Return the figures of a period, over the calls that the user may read.

        :param datetime start: start of the period (UTC)
        :param datetime end: end of the period (UTC)
        :rtype: dict
        """
        groups = self._read_group(
            [
                ("company_id", "in", self.env.companies.ids),
                ("started_at", ">=", start),
                ("started_at", "<=", end),
            ],
            ["direction", "outcome"],
            [
                "__count",
                "answered_count:sum",
                "talk_minutes:sum",
                "wait_seconds:sum",
                "wait_seconds:count",
                "level_count:sum",
                "in_target_count:sum",
            ],
        )
        figures = dict.fromkeys(("calls", "incoming", "answered", "missed", "talk_minutes"), 0)
        waited = waits = levels = in_target = 0
        for direction, outcome, count, answered, talked, wait, wait_count, level, target in groups:
            figures["calls"] += count
            figures["talk_minutes"] += talked or 0
            if direction == "incoming":
                figures["incoming"] += count
                figures["answered"] += answered
                if outcome in (*MISSED_OUTCOMES, "abandoned", "voicemail"):
                    figures["missed"] += count - answered
                waited, waits = waited + (wait or 0), waits + wait_count
                levels, in_target = levels + level, in_target + target
        return {
            **figures,
            "average_wait": waited / waits if waits else False,
            "service_level": 100 * in_target / levels if levels else False,
        }

    # === ACTIONS === #

    @check_one
    def action_open_call(self):
        """Open the call of a row."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Call"),
            "res_model": "telephony.call",
            "res_id": self.call_id.id,
            "view_mode": "form",
        }
