from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models

from ...tools.local_day import midnight
from ..call.telephony_call_report import MISSED_OUTCOMES

# Seconds after which the board is read again. A message may be lost, and some changes send none: a
# browser that disappears, a new day.
RECHECK_SECONDS = 60
FIGURES = (
    "answered",
    "missed",
    "abandoned",
    "voicemail",
    "level_count",
    "in_target_count",
    "wait_total",
    "wait_count",
)


class TelephonyQueue(models.Model):
    """The supervisors' board: the current calls, and the figures of today."""

    _inherit = "telephony.queue"

    # === RPC === #

    @api.model
    def board(self):
        """Return the data of the supervisors' board for the selected companies.

        Today begins at midnight in the user's time zone. The number of queries is constant,
        whatever the number of calls, queues and agents.

        :raise AccessError: the user is no supervisor
        :return: `now`, `recheck_at`, `total` and `queues` (figures), `agents` and their `states`,
            the `domains` of the calls behind the figures, and `is_started`: whether calls are
            possible, see `telephony.account.get_started`
        :rtype: dict
        """
        agents = self.env["telephony.agent"]
        agents._check_supervisor()
        now = fields.Datetime.now()
        today = midnight(self.env.tz)
        agents = agents.search([("company_id", "in", self.env.companies.ids)])
        talking = self._get_board_running()
        rows = self._get_board_rows(today)
        to_text = fields.Datetime.to_string
        return {
            "now": to_text(now),
            "recheck_at": to_text(now + timedelta(seconds=RECHECK_SECONDS)),
            "total": {
                **self._sum_board_rows(rows),
                "talking": len(talking.filtered(lambda call: call.state == "in_progress")),
            },
            "queues": rows,
            "agents": agents._to_board(
                # Of two calls, the one that is not held.
                {call.user_id: call for call in talking.sorted("held_at", reverse=True)},
                self._get_board_last_ends(today),
            ),
            "states": agents._get_board_states(),
            "domains": self._get_board_domains(today),
            "is_manager": self.env.user.has_group("crm_telephony.group_manager"),
            "is_started": self.env["telephony.account"]._is_started(),
        }

    # === FIGURES === #

    @api.model
    def _get_board_domains(self, today):
        """Return the domain of the calls behind each figure.

        :param datetime today: the beginning of today (UTC)
        :rtype: dict
        """
        companies = ("company_id", "in", self.env.companies.ids)
        incoming = [
            companies,
            ("direction", "=", "incoming"),
            ("started_at", ">=", fields.Datetime.to_string(today)),
        ]
        unanswered = [*incoming, ("answered_at", "=", False)]
        return {
            "waiting": [companies, ("state", "=", "queued"), ("user_id", "=", False)],
            "talking": [companies, ("state", "=", "in_progress")],
            "answered": [*incoming, ("answered_at", "!=", False)],
            "missed": [*unanswered, ("outcome", "in", MISSED_OUTCOMES)],
            "abandoned": [*unanswered, ("outcome", "=", "abandoned")],
            "voicemail": [*unanswered, ("outcome", "=", "voicemail")],
            # A field of the report, which decides which calls count for the service level.
            "level": [*incoming, ("level_count", "=", 1)],
        }

    @api.model
    def _get_board_rows(self, today):
        """Return one row for each queue, and one for the calls without a queue.

        :param datetime today: the beginning of today (UTC)
        :rtype: list(dict)
        """
        figures = self._get_board_figures(today)
        waiting = {
            queue: (count, since)
            for queue, count, since in self.env["telephony.call"]._read_group(
                self._get_board_domains(today)["waiting"],
                ["queue_id"],
                ["__count", "started_at:min"],
            )
        }
        queues = self.search([("company_id", "in", self.env.companies.ids)])
        # A queue may be archived although calls of today have waited in it.
        queues |= self.browse(queue.id for queue in figures.keys() | waiting.keys() if queue)
        rows = [queue._to_board(figures[queue], waiting.get(queue)) for queue in queues]
        nowhere = self.browse()
        if nowhere in figures or nowhere in waiting:
            rows.append(
                {
                    **nowhere._to_board(figures[nowhere], waiting.get(nowhere)),
                    "id": False,
                    "name": self.env._("No queue"),
                }
            )
        return [self._finish_board_row(row) for row in rows]

    @api.model
    def _get_board_figures(self, today):
        """Return the figures of today's incoming calls.

        :param datetime today: the beginning of today (UTC)
        :return: queue (possibly empty) -> figure -> number
        :rtype: dict
        """
        figures = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
        groups = self.env["telephony.call.report"]._read_group(
            [
                ("company_id", "in", self.env.companies.ids),
                ("direction", "=", "incoming"),
                ("started_at", ">=", today),
            ],
            ["queue_id", "outcome"],
            [
                "__count",
                "answered_count:sum",
                "level_count:sum",
                "in_target_count:sum",
                "wait_seconds:sum",
                "wait_seconds:count",
            ],
        )
        for queue, outcome, count, answered, level, in_target, waited, waits in groups:
            row = figures[queue]
            kind = "missed" if outcome in MISSED_OUTCOMES else outcome
            if kind in ("missed", "abandoned", "voicemail"):
                row[kind] += count - answered
            row["answered"] += answered
            row["level_count"] += level
            row["in_target_count"] += in_target
            row["wait_total"] += waited or 0
            row["wait_count"] += waits
        return figures

    def _get_board_head(self):
        """Return the queue data of a row; empty values for calls without a queue."""
        return {
            "id": self.id,
            "name": self.name,
            "target_seconds": self.service_level_seconds,
            "goal": self.service_level_goal if self.service_level_seconds else 0,
            "amber_seconds": self.amber_seconds,
            "red_seconds": self.red_seconds,
        }

    def _to_board(self, figures, waiting):
        """Return the row of one queue, or of the calls without one.

        :param dict figures: see `FIGURES`
        :param tuple waiting: the number of waiting callers and the start of the longest wait; or
            None
        """
        count, since = waiting or (0, False)
        return {
            **self._get_board_head(),
            **figures,
            "waiting": count,
            "waiting_since": fields.Datetime.to_string(since) or False,
        }

    @api.model
    def _sum_board_rows(self, rows):
        """Return the row with the total of all queues."""
        total = {name: sum(row[name] for row in rows) for name in (*FIGURES, "waiting")}
        total["waiting_since"] = min(
            (row["waiting_since"] for row in rows if row["waiting_since"]), default=False
        )
        return self._finish_board_row(total)

    @api.model
    def _finish_board_row(self, row):
        """Add the figures derived from the sums: service level (%) and average wait (seconds)."""
        levels, waits = row["level_count"], row["wait_count"]
        row["service_level"] = 100 * row["in_target_count"] / levels if levels else False
        row["average_wait"] = row["wait_total"] / waits if waits else False
        return row

    @api.model
    def _get_board_running(self):
        """Return the ongoing calls that have an agent."""
        return self.env["telephony.call"].search(
            [
                ("company_id", "in", self.env.companies.ids),
                ("state", "!=", "ended"),
                ("user_id", "!=", False),
            ],
            order="started_at",
        )

    @api.model
    def _get_board_last_ends(self, today):
        """Return when the agents who had a call today became available.

        :param datetime today: the beginning of today (UTC)
        :return: user -> time (UTC)
        :rtype: dict
        """
        return dict(
            self.env["telephony.call"]._read_group(
                [
                    ("company_id", "in", self.env.companies.ids),
                    ("state", "=", "ended"),
                    ("started_at", ">=", today),
                    ("user_id", "!=", False),
                ],
                ["user_id"],
                ["ended_at:max"],
            )
        )
